"""All tracks at once gives what each track gives alone, whatever the batch, its order, the threads or the
key."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from songs import JAZZ, PLAIN, random_song, random_table, song

from musictrend.complexity import get_measure, score, score_corpus, score_table, select_measures
from musictrend.complexity import scoring as scoring_module
from musictrend.errors import ParameterError
from musictrend.harmony import ChordTable

ALL = [measure.name for measure in select_measures("all")]
VOCABULARIES = ("root", "majmin", "triads", "sevenths", "full")


def same(a: dict, b: dict) -> None:
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=str(key))


def test_one_song_is_its_row_in_a_batch_of_many():
    table = random_table(1, 40)
    batch = score_table(table, "all", VOCABULARIES).values
    for track in (0, 7, 23, 39):
        alone = score_table(table.select([track]), "all", VOCABULARIES).values
        same(alone, {key: value[[track]] for key, value in batch.items()})


def test_the_order_of_a_batch_changes_nothing():
    table = random_table(2, 30)
    order = np.random.default_rng(0).permutation(30)
    plain = score_table(table, "all", VOCABULARIES).values
    turned = score_table(table.select(order), "all", VOCABULARIES).values
    same({key: value[order] for key, value in plain.items()}, turned)


def test_threads_and_chunks_change_nothing(monkeypatch):
    table = random_table(3, 30)
    whole = score_table(table, "all", VOCABULARIES).values
    monkeypatch.setattr(scoring_module, "CHUNK", 300)
    same(whole, score_table(table, "all", VOCABULARIES).values)
    same(whole, score_table(table, "all", VOCABULARIES, jobs=2).values)
    monkeypatch.setattr(scoring_module, "CHUNK", 1)  # every track a chunk of its own
    same(whole, score_table(table, "all", VOCABULARIES, jobs=3).values)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), semitones=st.integers(1, 11))
def test_transposition_leaves_every_measure_alone(seed, semitones):
    sequence = random_song(np.random.default_rng(seed), 70)
    if seed % 2:  # in quarter notes, else in seconds
        sequence = replace(sequence, unit="quarters")
    both = ChordTable.from_sequences([sequence, sequence.transpose(semitones)])
    for key, value in score_table(both, "all", VOCABULARIES).values.items():
        np.testing.assert_allclose(value[0], value[1], rtol=1e-9, atol=1e-7, err_msg=str(key))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_value_keeps_its_range(seed):
    sequence = random_song(np.random.default_rng(seed), int(np.random.default_rng(seed).integers(0, 70)))
    for (name, vocabulary), value in score_table(sequence.to_table(), "all", VOCABULARIES).values.items():
        measure = get_measure(name)
        if np.isfinite(value[0]):
            assert measure.low - 1e-12 <= value[0] <= measure.high + 1e-12, (name, vocabulary)


def test_the_tidy_table_has_the_columns_and_order_of_the_contract():
    table = ChordTable.from_sequences([song(PLAIN, track_id="b"), song(JAZZ[:8], track_id="a")])
    frame = score_corpus(table, "all")
    expected = ["track_id", "measure", "facet", "vocabulary", "value", "low", "high", "n_events"]
    assert list(frame.columns[: len(expected)]) == expected
    assert frame["track_id"].drop_duplicates().tolist() == ["b", "a"]
    for _, rows in frame.groupby("track_id", sort=False):
        keys = list(zip(rows["measure"].astype(str), rows["vocabulary"].astype(str), strict=True))
        assert keys == sorted(keys)
    assert not frame.duplicated(["track_id", "measure", "vocabulary"]).any()
    short = frame[(frame["track_id"] == "a") & (frame["measure"] == "type_entropy")]
    assert short["value"].isna().all() and (short["n_events"] == 8).any()
    assert "extended_share" not in set(frame.loc[frame["vocabulary"] != "full", "measure"])


def test_the_tidy_table_says_what_the_arrays_say():
    table = random_table(4, 12)
    scores = score_table(table, "core")
    frame = scores.to_frame()
    for (name, vocabulary), value in scores.values.items():
        rows = frame[(frame["measure"] == name) & (frame["vocabulary"] == vocabulary)]
        assert rows["track_id"].tolist() == list(table.track_ids)
        np.testing.assert_array_equal(rows["value"].to_numpy(), value)
        np.testing.assert_array_equal(rows["n_events"].to_numpy(), scores.n_events[vocabulary])


def test_score_gives_a_series_in_the_order_asked_for():
    found = score(song(JAZZ), ["type_entropy", "fifths_spread", "extended_share"])
    assert isinstance(found, pd.Series)
    assert found.index.tolist() == ["type_entropy", "fifths_spread", "extended_share"]
    assert found.notna().all()  # extended_share at full, the others at sevenths
    table = song(JAZZ).to_table()
    assert found["extended_share"] == score_table(table, ["extended_share"], ["full"])["extended_share", "full"][0]
    assert np.isnan(score(song(JAZZ), ["extended_share"], vocabulary="sevenths")["extended_share"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: score_table(t, ["beauty"]), "measure='beauty' is not known"),
        (lambda t: score_table(t, "core", ["majmin7"]), "vocabulary='majmin7' must be 'root', 'majmin'"),
        (lambda t: score_table(t, "core", jobs=0), "jobs=0 must be 1 or more"),
        (lambda t: score_table(t, ["lz76"], window=1), "window=1 must be a whole number of events"),
        (lambda t: score(t), "score takes one track, got 2"),
        (lambda t: score_table(t, []), "measures is empty"),
        (lambda t: score_table(t, ["lz76"], ["full"])["lz76", "root"], "was not scored"),
    ],
)
def test_wrong_parameters_are_named_with_what_is_accepted(call, words):
    table = ChordTable.from_sequences([song(PLAIN), song(JAZZ)])
    with pytest.raises(ParameterError, match=words):
        call(table)


def test_scoring_one_song_with_everything_is_quick():
    import time

    sequence = song(JAZZ * 2)
    score(sequence, "all")
    began = time.perf_counter()
    score(sequence, "all")
    assert time.perf_counter() - began < 0.5  # 50 ms is the aim; a busy machine is granted ten times that


def test_progress_counts_every_track_of_every_vocabulary_once(monkeypatch):
    monkeypatch.setattr(scoring_module, "CHUNK", 300)
    for jobs in (1, 2):
        told = []
        score_table(
            random_table(4, 60), "core", VOCABULARIES, jobs=jobs, progress=lambda *now, told=told: told.append(now)
        )
        done = [now[0] for now in told]
        assert len(done) > len(VOCABULARIES) and done == sorted(set(done))
        assert told[-1] == (60 * len(VOCABULARIES),) * 2
