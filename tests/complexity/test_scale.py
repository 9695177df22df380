"""One pass over the chords gives what each measure's own function gives, and size changes no number."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from songs import random_table

from musictrend.complexity import get_measure, matrix, read_scores, score_table, select_measures
from musictrend.complexity import scoring as scoring_module
from musictrend.complexity.fused import FUSED, ChordTypes
from musictrend.complexity.matrix import is_wide, summarise_scores
from musictrend.complexity.measure import evaluate
from musictrend.errors import ParameterError
from musictrend.harmony import Chord, ChordSequence, ChordTable, LabelTable
from musictrend.harmony.reduction import VOCABULARIES, is_at_least
from musictrend.harmony.table import is_repeated


def order_table(seed: int, n_tracks: int) -> ChordTable:
    """Songs of which only the order of chords is known, as a tokenizer gives them."""
    chance = np.random.default_rng(seed)
    labels = ["C", "G:7", "A:min", "F:maj7/3", "N", "D:min7", "X", "E:9", "Bb:sus4", "F#:dim7", "C:5", "A:min9"]
    lengths = chance.integers(0, 130, n_tracks)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    code = chance.integers(0, len(labels), offsets[-1])
    table = LabelTable.from_chords([Chord(label) for label in labels])
    return ChordTable.from_codes([f"t{i}" for i in range(n_tracks)], offsets, table, code)


@given(seed=st.integers(0, 1000), vocabulary=st.sampled_from(VOCABULARIES), window=st.sampled_from([2, 7, 30, 64, 65]))
@settings(max_examples=60)
def test_one_pass_gives_what_every_measure_gives_by_itself(seed, vocabulary, window):
    table = random_table(seed, 12) if seed % 2 else order_table(seed, 12)
    measures = [get_measure(name) for name in FUSED if is_at_least(vocabulary, get_measure(name).coarsest)]
    types = ChordTypes(table.labels, vocabulary, measures, window, None, int(table.lengths.max(initial=0)))
    n_events, found = types.score(table)
    events = table.events(vocabulary)
    assert n_events.tolist() == events.n_events.tolist()
    assert set(found) == {measure.name for measure in measures}
    for measure in measures:
        own = evaluate(measure, events, {"window": window})
        np.testing.assert_allclose(found[measure.name], own, rtol=1e-11, atol=1e-12, err_msg=measure.name)


def test_what_a_corpus_cannot_carry_is_absent_as_the_functions_say():
    table = order_table(5, 20)
    scores = score_table(table, "all", ["sevenths"]).values
    events = table.events("sevenths")
    for measure in select_measures("all"):
        if is_at_least("sevenths", measure.coarsest):
            own = evaluate(measure, events, {})
            np.testing.assert_allclose(
                scores[measure.name, "sevenths"], own, rtol=1e-9, atol=1e-12, err_msg=measure.name
            )


def test_a_bad_window_is_refused():
    with pytest.raises(ParameterError, match="window=1"):
        score_table(order_table(0, 2), ["lz76"], ["majmin"], window=1)


def test_columns_that_say_nothing_take_no_memory_and_read_the_same():
    lean = order_table(7, 15)
    rows = ChordTable.from_sequences([lean.sequence(i) for i in range(lean.n_tracks)])
    for column in ("duration", "bars", "key_tonic", "key_mode", "confidence"):
        assert is_repeated(getattr(lean, column)), column
    for name in ("offsets", "onset", "duration", "bars", "key_tonic", "key_mode", "confidence"):
        ours, theirs = getattr(lean, name), getattr(rows, name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs, name)
    parts = [lean.cut(0, 4), lean.cut(4, 4), lean.cut(4, 15)]
    joined = ChordTable.concatenate(parts)
    picked = joined.select([14, 0, 3])
    assert is_repeated(joined.duration) and is_repeated(picked.confidence)
    np.testing.assert_array_equal(joined.onset, rows.onset)
    np.testing.assert_array_equal(picked.onset, rows.select([14, 0, 3]).onset)
    assert picked.sequence(1).labels == rows.sequence(0).labels
    sent = pickle.dumps(lean)
    back = pickle.loads(sent)
    assert len(sent) < 7 * lean.n_chords and is_repeated(back.bars)
    np.testing.assert_array_equal(back.onset, rows.onset)
    np.testing.assert_array_equal(back.duration, rows.duration)
    mixed = ChordTable.concatenate([lean, random_table(1, 3)])
    np.testing.assert_array_equal(mixed.onset[: lean.n_chords], lean.onset)
    assert len(mixed.duration) == len(mixed.onset) == mixed.n_chords


def test_a_table_goes_through_parquet_in_pieces(tmp_path):
    import pyarrow.parquet as pq

    from musictrend.harmony.arrow import chords_from_arrow, chords_to_arrow, iter_arrow, read_chords

    lean = order_table(8, 29)
    keyed = random_table(4, 20)
    both = ChordTable.concatenate([lean, keyed.with_columns(track_ids=tuple(f"s{i}" for i in range(20)))])
    for table in (lean, both):
        ids = list(table.track_ids)
        path = tmp_path / "chords.parquet"
        with pq.ParquetWriter(path, chords_to_arrow(table).schema, store_schema=False) as file:
            for part in iter_arrow(table, 300):
                file.write_table(part)
        whole = chords_from_arrow(pq.read_table(path), ids)
        for rows in (7, 100, 10**6):  # also pieces that end inside a track
            back = read_chords(path, ids, rows)
            assert (back.track_ids, back.units) == (table.track_ids, whole.units)
            for name in ("offsets", "onset", "duration", "bars", "key_tonic", "key_mode", "confidence"):
                np.testing.assert_array_equal(getattr(back, name), getattr(whole, name), name)
            assert [s.labels for s in back] == [s.labels for s in table]
    assert is_repeated(read_chords(path, ids[:29], 10**6).confidence)


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_two_dask_workers_give_the_same_table(scheduler, monkeypatch):
    table = random_table(11, 60)
    here = score_table(table, "core", ["majmin", "sevenths"], jobs=2)
    monkeypatch.setattr(scoring_module, "PART", 500)
    told = []
    there = score_table(
        table,
        "core",
        ["majmin", "sevenths"],
        executor=scheduler,
        progress=lambda done, total: told.append((done, total)),
    )
    assert len(told) > 3 and told[-1] == (120, 120)
    assert there.values.keys() == here.values.keys()
    pd.testing.assert_frame_equal(there.to_frame(), here.to_frame(), check_exact=True)


def test_wide_scores_are_read_as_the_tidy_table_they_stand_for(tmp_path, monkeypatch):
    scores = score_table(order_table(3, 25), "core", ["majmin", "sevenths"])
    path = tmp_path / "scores.parquet"
    scores.write(path)
    tidy = scores.to_frame()
    pd.testing.assert_frame_equal(read_scores(path), tidy, check_exact=True)
    some = read_scores(path, measures=["lz76", "surprisal"], vocabularies=["majmin"])
    expected = tidy[tidy["measure"].isin(["lz76", "surprisal"]) & (tidy["vocabulary"] == "majmin")]
    assert some["track_id"].tolist() == expected["track_id"].tolist()
    np.testing.assert_array_equal(some["value"], expected["value"])
    np.testing.assert_array_equal(some["n_events"], expected["n_events"])
    summary = summarise_scores(path).set_index(["measure", "vocabulary"])
    assert summary.loc[("lz76", "majmin"), "n_tracks"] == np.isfinite(scores["lz76", "majmin"]).sum()
    assert summary.loc[("surprisal", "sevenths"), "median"] == pytest.approx(
        np.nanmedian(scores["surprisal", "sevenths"])
    )
    assert is_wide(path)
    monkeypatch.setattr(matrix, "MAX_ROWS", 100)
    assert len(read_scores(path, ["lz76"])) == 50
    with pytest.raises(ParameterError, match="ask for fewer measures"):
        read_scores(path)
    assert list(scores.select(["lz76"], ["majmin"]).values) == [("lz76", "majmin")]


def test_no_tracks_have_no_scores():
    empty = ChordTable.from_sequences([])
    assert len(score_table(empty, "core", ["sevenths"]).to_frame()) == 0
    silent = ChordSequence((), track_id="silent").to_table()
    assert np.isnan(score_table(silent, ["lz76"], ["majmin"])["lz76", "majmin"]).all()
