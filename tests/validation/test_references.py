"""Keys and Roman numerals are scored against analyses as they lie on disk: DCML, RomanText, Billboard."""

from __future__ import annotations

import logging
import shutil

import pytest

from musictrend.errors import ReaderError
from musictrend.extraction.file import extract, holds_one_piece
from musictrend.validation import evaluate
from musictrend.validation.pairing import read_pairs

MOZART = "Piano_Sonatas/Mozart,_Wolfgang_Amadeus/K279/1"
KEYS = ("root", "key", "roman")


@pytest.fixture
def mozart(real_corpus, tmp_path):
    """K. 279, first movement: notes, an analysis in RomanText, and DCML's own."""
    rome = real_corpus("when_in_rome") / MOZART
    dcml = real_corpus("dcml") / "mozart_piano_sonatas"
    return rome / "score.mxl", rome / "analysis.txt", dcml / "harmonies" / "K279-1.harmonies.tsv"


def test_one_file_of_dcml_is_a_reference_for_one_score(mozart):
    score, analysis, harmonies = mozart
    assert holds_one_piece(harmonies) and not holds_one_piece(harmonies.parents[1] / "metadata.tsv")
    found = evaluate(harmonies, score, measures=["nontriad_share"])
    assert (found.matched_by, found.unit, found.n_keys, found.n_keys_estimated) == ("files", "quarters", 1, 0)
    assert all(found.total[name] > 0.5 for name in KEYS)
    # The analysis of When in Rome was converted from DCML's: what is written is the same.
    again = evaluate(analysis, harmonies, measures=["nontriad_share"]).total
    assert [again[name] for name in (*KEYS, "roman_inversion")] == [1.0] * 4


def test_numerals_written_as_harmony_are_no_chord_symbols_of_the_score(mozart):
    assert set(extract(mozart[0]).labels) != {"N"}


def test_folders_of_analyses_and_scores_meet_by_name_or_folder(mozart, tmp_path):
    score, analysis, harmonies = mozart
    for name in ("scores", "dcml", "rome/K279-1"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(score, tmp_path / "scores" / "K279-1.mxl")
    shutil.copy(harmonies, tmp_path / "dcml")
    shutil.copy(analysis, tmp_path / "rome" / "K279-1")
    for reference, way in (("dcml", "path"), ("rome", "folder")):
        pairs = read_pairs(tmp_path / reference, tmp_path / "scores")
        assert (pairs.matched_by, pairs.reference.track_ids) == (way, ("K279-1",))
        assert pairs.written.all() and not pairs.failures


def test_repeats_played_out_on_one_side_alone_are_told(mozart, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("musictrend"), "propagate", True)  # the command line turns it off
    score, _, harmonies = mozart
    shutil.copy(score, tmp_path / "K279-1.mxl")
    with caplog.at_level(logging.WARNING, "musictrend"):
        read_pairs(harmonies.parents[1], tmp_path)
    assert "1 of 1 estimates cover less than 75% of their reference's time" in caplog.text
    assert "399 of 800 quarters" in caplog.text


def test_first_endings_are_counted_as_they_are_written(tmp_path):
    rows = ["mc\tmc_onset\tquarterbeats\tquarterbeats_all_endings\tduration_qb\ttimesig\tglobalkey\tlocalkey\tchord",
            "1\t0\t0\t0\t4\t4/4\tC\tI\tI", "2\t0\t\t4\t4\t4/4\tC\tI\tV", "3\t0\t4\t8\t4\t4/4\tC\tI\tI"]  # fmt: skip
    (tmp_path / "a.harmonies.tsv").write_text("\n".join(rows), encoding="utf-8")
    assert extract(tmp_path / "a.harmonies.tsv").onsets.tolist() == [0, 4, 8]
    (tmp_path / "b.tsv").write_text("globalkey\tlocalkey\nC\tI\n", encoding="utf-8")
    with pytest.raises(ReaderError, match="neither a label nor a chord column"):
        extract(tmp_path / "b.tsv")


def test_one_song_of_billboard_is_a_reference_with_its_tonic(real_corpus):
    root = real_corpus("mcgill_billboard")
    found = evaluate(
        root / "salami_chords/0037/salami_chords.txt", root / "lab/0037/full.lab", measures=["nontriad_share"]
    )
    assert found.unit == "seconds" and found.n_keys == found.n_keys_estimated == 1
    assert found.total["tonic"] == 1.0 and found.total["roman"] > 0.95
