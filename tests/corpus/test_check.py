"""What will happen with a corpus, said before hours of work, each problem with the next move."""

from __future__ import annotations

import json

import pytest
from small_corpora import SETTINGS, make_rows, write_corpus

from musictrend.corpus.check import check_corpus, count_cells, describe_corpora
from musictrend.corpus.manifest import load_corpus
from musictrend.extraction import extract_corpora
from musictrend.run.folder import to_plain
from musictrend.run.power import power_of


def report_on(folder, rows, *, settings=SETTINGS, opened=True, power=None):
    corpus = load_corpus(write_corpus(folder, rows, settings))
    return check_corpus(corpus, extracted=extract_corpora([corpus]) if opened else None, power=power)


def test_a_good_corpus_has_no_problems_but_says_what_it_can_carry(tmp_path):
    rows = make_rows(180)
    report = report_on(tmp_path, rows, power=power_of)
    assert report.problems == []
    assert report.n_tracks == 180
    assert report.facts["segments_found"] == {"pop": 60, "niche": 120, "other": 0}
    assert report.facts["symbols"] == 180 * 40 and report.facts["symbols_unread"] == 0
    assert report.contrasts and all(row["mdes_sd"] > 0 for row in report.contrasts if row["testable"])
    assert any(row["testable"] for row in report.contrasts)
    assert report.cells["n_tracks"].sum() == 180
    assert set(report.cells["decade"]) == set(range(1960, 2020, 10))


def test_everything_odd_is_counted_and_has_a_next_move(tmp_path):
    rows = make_rows(90)
    rows[0]["year"] = ""
    rows[1]["year"] = "0"
    rows[2]["genre"] = "folkk"
    rows[3]["chords"] = "C:maj blub G:7 A:min"
    rows[4]["chords"] = "neither of these words is one"
    rows[5]["path"], rows[5]["chords"] = "gone.lab", ""
    rows[6]["title"], rows[6]["artist"] = rows[9]["title"], rows[9]["artist"]
    rows[7]["track_id"] = rows[8]["track_id"]
    report = report_on(tmp_path, rows)
    assert report.facts["without_year"] == 2
    assert report.facts["unreadable"] == 2
    assert report.facts["duplicates"] == 1
    assert report.facts["failed"] == 1
    assert report.facts["symbols_unread"] == 1
    assert all(problem.reason and problem.hint for problem in report.problems)
    told = "\n".join(map(str, report.problems))
    for words in ("year 0 is no year", "'folkk'", "close: folk", "'blub'", "gone.lab", "is used again"):
        assert words in told, words


def test_a_check_of_labels_alone_opens_no_file(tmp_path, monkeypatch):
    rows = make_rows(9)
    rows[0]["path"], rows[0]["chords"] = "gone.lab", ""
    assert "unreadable" not in report_on(tmp_path, rows, opened=False).facts


def test_one_side_alone_is_said_to_carry_no_contrast(tmp_path):
    rows = [row for row in make_rows(90) if row["genre"] != "pop"]
    assert any("one side of pop and niche" in p.reason for p in report_on(tmp_path, rows).problems)


def test_a_genre_too_small_for_a_slope_is_told(tmp_path):
    assert any("'jazz' has 4 tracks" in p.reason for p in report_on(tmp_path, make_rows(12)).problems)


def test_years_that_span_no_two_decades_are_told(tmp_path):
    problems = report_on(tmp_path, make_rows(90, first=1990, last=1995)).problems
    assert any("span 1990-1995 only" in p.reason for p in problems)


@pytest.mark.parametrize("change", [{}, {"year": ""}, {"genre": ""}, {"chords": "blub"}])
def test_a_report_is_plain_data(tmp_path, change):
    rows = [row | change for row in make_rows(6)]
    document = json.loads(json.dumps(to_plain(report_on(tmp_path, rows, power=power_of).to_dict()), allow_nan=False))
    assert document["n_tracks"] == 6
    assert all(cell["decade"] is None or cell["decade"] % 10 == 0 for cell in document["cells"])


def test_cells_count_a_track_in_each_of_its_genres(tmp_path):
    rows = make_rows(3)
    rows[0]["genre"], rows[1]["genre"] = "pop; jazz", ""
    cells = count_cells(load_corpus(write_corpus(tmp_path, rows)).tracks)
    assert sorted(cells["genre"]) == ["", "folk", "jazz", "pop"]
    assert cells["n_tracks"].tolist() == [1, 1, 1, 1]


def test_a_description_says_what_is_in_a_corpus(tmp_path):
    row = describe_corpora([load_corpus(write_corpus(tmp_path, make_rows(30)))]).iloc[0]
    assert (row["corpus"], row["n_tracks"], row["first_year"], row["last_year"]) == ("small", 30, 1960, 2019)
    assert row["genres"] == "folk 10, jazz 10, pop 10"
    assert row["source_kinds"] == "annotation 30"
    assert "pop is pop" in row["segments"]
