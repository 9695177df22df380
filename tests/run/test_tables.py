"""Every table of a run has the columns, types and order that outside programs rely on (design.md, section 5)."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from musictrend.corpus.problem import PROBLEM_COLUMNS

COLUMNS = {
    "tracks": "track_id corpus title artist artist_id year year_low year_high year_kind genres segment popularity weight "
    "duplicate_of source_kind engine status reason n_chords",
    "chords": "track_id position onset duration unit label root quality bass pitch_classes key_tonic key_mode confidence",
    "scores": "track_id measure facet vocabulary value low high n_events",
    "trends": "level group corpus measure vocabulary method pooling slope_per_decade slope_sd_per_decade low high p q "
    "n_tracks n_artists",
    "curves": "level group measure vocabulary method year estimate low high n",
    "contrasts": "measure vocabulary method pooling identification difference_per_decade difference_sd_per_decade low high "
    "p q equivalent mdes",
    "changepoints": "level group measure vocabulary method year low high p",
    "simulation": "scenario run seed step year segment origin quantity value",
}  # fmt: skip
KEYS = {
    "tracks": ["track_id"],
    "chords": ["track_id", "position"],
    "scores": ["track_id", "measure", "vocabulary"],
    "trends": ["level", "group", "corpus", "measure", "vocabulary", "method", "pooling"],
    "curves": ["level", "group", "corpus", "measure", "vocabulary", "method", "year"],
    "contrasts": ["measure", "vocabulary", "method", "pooling", "identification"],
    "changepoints": ["level", "group", "corpus", "measure", "vocabulary", "method", "year"],
    "simulation": ["scenario", "run", "seed", "step", "year", "segment", "origin", "quantity"],
}
CLAIM_FIELDS = {"id", "kind", "sentence", "verdict", "estimate", "low", "high", "why", "robustness"}
VERDICTS = {"supported", "contradicted", "equivalent", "mixed", "inconclusive", "not_testable"}


@pytest.fixture(params=list(COLUMNS))
def table(request, finished):
    return request.param, pq.read_table(finished.path(f"{request.param}.parquet"))


def test_a_table_has_its_columns_first_and_in_order(table):
    name, rows = table
    wanted = COLUMNS[name].split()
    assert rows.column_names[: len(wanted)] == wanted


def test_a_table_says_its_schema_version(table, finished):
    name, rows = table
    metadata = pq.read_schema(finished.path(f"{name}.parquet")).metadata
    assert metadata[b"schema_version"].decode() == finished.record["schema_version"] == "1"


def test_types_are_those_of_the_contract(table):
    name, rows = table
    for field in rows.schema:
        if field.name in ("track_id", "corpus", "group", "title", "artist", "segment", "scenario"):
            assert pa.types.is_string(field.type), (name, field)
        if field.name in ("year", "year_low", "year_high"):
            assert field.type == pa.int16() and field.nullable, (name, field)
        if field.name in ("root", "bass", "key_tonic"):
            assert field.type == pa.int8() and field.nullable, (name, field)
        if field.name == "genres":
            assert field.type == pa.list_(pa.string()), (name, field)
        if field.name in ("value", "low", "high", "p", "q", "estimate") and name not in ("changepoints",):
            assert pa.types.is_floating(field.type), (name, field)


def test_rows_are_sorted_by_their_keys_and_each_key_is_there_once(table):
    name, rows = table
    frame = rows.to_pandas()
    keys = [key for key in KEYS[name] if key in frame]
    frame = frame[keys].astype({key: "str" for key in keys if frame[key].dtype == "category"})
    assert not frame.duplicated().any()
    assert frame.equals(frame.sort_values(keys, kind="stable"))


def test_no_table_is_empty(table):
    assert table[1].num_rows > 0 or table[0] == "changepoints"


def test_every_track_is_there_with_what_became_of_it(finished):
    tracks = finished.tracks.set_index("track_id")
    assert len(tracks) == 153
    assert tracks["status"].value_counts().to_dict() == {"ok": 150, "failed": 3}
    assert (tracks.loc[tracks["status"] == "failed", "reason"] != "").all()
    assert (tracks.loc[tracks["status"] == "ok", "n_chords"] >= 40).all()
    assert tracks["duplicate_of"].dropna().tolist() == ["small/pop-000"]
    assert tracks.loc["small/jazz-010", "segment"] == "niche" and pd.isna(tracks.loc["small/jazz-010", "year"])


def test_chords_are_numbered_within_their_track_and_agree_with_their_labels(finished):
    chords = finished.read("chords")
    assert (chords["position"] == chords.groupby("track_id").cumcount()).all()
    row = chords[chords["label"] == "A:min"].iloc[0]
    assert (row["root"], row["bass"], list(row["pitch_classes"]), row["quality"]) == (9, 9, [0, 4, 9], "min")
    unread = chords[chords["label"] == "X"].iloc[0]
    assert pd.isna(unread["root"]) and pd.isna(unread["bass"]) and len(unread["pitch_classes"]) == 0
    assert set(chords["unit"]) == {"order"}
    assert set(chords["key_mode"]) == {"major"}


def test_scores_are_there_for_every_track_that_has_chords_and_no_other(finished):
    scores, tracks = finished.scores(), finished.tracks
    scored = set(scores.loc[scores["value"].notna(), "track_id"])
    assert scored == set(tracks.loc[tracks["status"] == "ok", "track_id"])
    assert not (scores["n_events"] < 0).any()


def test_claims_are_complete(finished):
    claims = json.loads(finished.path("claims.json").read_text())
    assert {claim["kind"] for claim in claims} == {"observed", "simulated"}
    assert len({claim["id"] for claim in claims}) == len(claims)
    for claim in claims:
        assert claim.keys() >= CLAIM_FIELDS
        assert claim["verdict"] in VERDICTS
        assert (claim["estimate"] is None) or claim["low"] <= claim["estimate"] <= claim["high"], claim["id"]
        assert claim["why"]


def test_problems_are_a_table_of_one_line_each(finished):
    text = finished.path("problems.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert tuple(rows[0]) == PROBLEM_COLUMNS
    assert len(rows) == text.count("\n") - 1 == 5
    assert {row["track_id"] for row in rows} == {
        f"small/{name}" for name in ("bad-nothing", "bad-path", "bad-words", "jazz-010", "jazz-013")
    }
    assert all(row["reason"] and row["hint"] and row["stage"] in ("tracks", "chords") for row in rows)


def test_no_cell_of_the_problems_is_a_formula(own_run):
    from musictrend.corpus.problem import Problem

    strange = Problem("chords", "=1+1", "@SUM(A1)", "-2", "+3\nnext\x00line", "fine - really")
    for _ in range(2):  # what was written before is read and written again
        own_run.write_problems("chords", [strange])
        own_run.write_problems("report", [])
    rows = list(csv.reader(own_run.path("problems.csv").read_text().splitlines()))
    assert ["chords", "'=1+1", "'@SUM(A1)", "'-2", "'+3 next line", "fine - really"] in rows


def test_the_run_says_where_its_numbers_come_from(finished):
    record = json.loads(finished.path("run.json").read_text())
    for name in (
        "schema_version",
        "version",
        "command",
        "config",
        "seed",
        "inputs",
        "packages",
        "engines",
        "timings",
        "corpora",
    ):
        assert name in record, name
    assert record["config"]["n_seeds"] == 2 and record["config"]["vocabularies"] == ["sevenths"]
    assert set(record["timings"]) == {"tracks", "chords", "scores", "trends", "simulation", "report"}
    assert record["corpora"][0]["n_tracks"] == 153
    assert str(finished.folder) not in finished.path("run.json").read_text()


def test_a_strange_title_is_escaped_on_the_page(finished):
    page = finished.path("report.html").read_text()
    assert "<script>alert('x')" not in page
    assert 'src="http' not in page and 'href="http' not in page.replace('href="https://doi.org', "")


def test_nothing_half_done_stays_behind(finished):
    assert not finished.work.exists()
    assert not list(finished.folder.glob(".*"))
