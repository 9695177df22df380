"""Keys told from chords: of the whole, and local ones where the music modulates."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend import load_corpus
from musictrend.extraction import extract_corpus, keys, keys_path
from musictrend.extraction.keys import estimate_keys, estimate_local_keys, fill_keys, load_model
from musictrend.extraction.keys_evidence import list_events, turn_weights
from musictrend.extraction.keys_path import decode_keys, emissions, lay_out, posteriors
from musictrend.harmony import ChordSequence, ChordTable
from musictrend.harmony.table import NO_KEY

LOOP = ["C", "A:min", "F", "G:7"]
UP_A_TONE = LOOP * 5 + ["A:7"] + ["D", "B:min", "G", "A:7"] * 5 + ["D"]
SYMBOLS = st.sampled_from(
    ["C", "D:min", "E:7", "F:maj7", "G:7", "A:min", "Bb", "B:dim", "F#:hdim7", "Ab:7", "N", "D:sus4"]
)


def table_of(*songs):
    return ChordTable.from_sequences([ChordSequence.from_labels(s, track_id=str(i)) for i, s in enumerate(songs)])


@settings(max_examples=25)
@given(st.lists(SYMBOLS, min_size=1, max_size=30), st.integers(1, 11))
def test_transposing_every_chord_transposes_every_key(labels, semitones):
    song = ChordSequence.from_labels(labels)
    here, there = song.to_table(), song.transpose(semitones).to_table()
    for estimate in (estimate_keys, estimate_local_keys):
        tonic, mode, confidence = estimate(here)
        moved, same, also = estimate(there)
        assert np.array_equal(np.where(tonic < 0, -1, (tonic + semitones) % 12), moved)
        assert np.array_equal(mode, same)
        np.testing.assert_allclose(confidence, also, atol=1e-3)


def test_a_cadence_tells_major_from_its_relative_minor():
    tonic, mode, confidence = estimate_keys(
        table_of(["C", "F", "G:7", "C"] * 4, ["A:min", "D:min", "E:7", "A:min"] * 4)
    )
    assert list(zip(tonic.tolist(), mode.tolist(), strict=True)) == [(0, 0), (9, 1)]
    assert (confidence > 0.8).all()


def test_a_track_without_chords_has_no_key():
    tonic, mode, confidence = estimate_keys(table_of([], ["N", "N"], ["C", "G:7", "C"]))
    assert tonic.tolist() == [NO_KEY, NO_KEY, 0] and mode.tolist() == [NO_KEY, NO_KEY, 0]
    assert np.isnan(confidence).tolist() == [True, True, False]
    local = estimate_local_keys(table_of([], ["N", "N"], ["C", "G:7", "C"]))[0]
    assert local.tolist() == [NO_KEY, NO_KEY, 0, 0, 0]


def test_a_loop_keeps_one_key():
    tonic, mode, _ = estimate_local_keys(table_of(LOOP * 20))
    assert set(tonic) == {0} and set(mode) == {0}


def test_the_last_verse_a_tone_higher_is_in_another_key():
    tonic, mode, confidence = estimate_local_keys(table_of(UP_A_TONE))
    assert (tonic[0], tonic[-1]) == (0, 2) and set(mode) == {0}
    assert np.flatnonzero(np.diff(tonic)).tolist() in ([19], [20])  # its dominant belongs to either
    assert ((confidence > 0) & (confidence <= 1)).all()


def test_silence_is_in_the_key_of_the_chord_before_it_and_at_the_start_of_the_chord_after_it():
    tonic, _, _ = estimate_local_keys(
        table_of(["C", "F", "G:7", "C"], ["N", *UP_A_TONE[:20], "N", *UP_A_TONE[21:], "N"])
    )
    assert tonic[:4].tolist() == [0] * 4
    assert (tonic[4], tonic[25], tonic[-1]) == (0, 0, 2)


def test_written_keys_win_even_where_one_chord_alone_has_one():
    sung = ChordSequence.from_labels(LOOP * 4, track_id="none")
    written = ChordSequence(sung.chords, keys=[None, *ChordSequence.from_labels(["E"], key="E:minor").keys, *[None] * 14],
                            track_id="some")  # fmt: skip
    filled, estimated = fill_keys(ChordTable.from_sequences([written, sung]))
    assert estimated.tolist() == [False, True]
    assert filled.key_tonic[:16].tolist() == [NO_KEY, 4, *[NO_KEY] * 14]
    assert set(filled.key_tonic[16:]) == {0} and set(filled.key_mode[16:]) == {0}


def test_filling_gives_the_local_keys():
    table = table_of(UP_A_TONE, LOOP * 3, [], ["N"])
    tonic, mode, _ = estimate_local_keys(table)
    filled, estimated = fill_keys(table)
    assert np.array_equal(filled.key_tonic, tonic) and np.array_equal(filled.key_mode, mode)
    assert estimated.tolist() == [True, True, False, True]


def test_keys_do_not_depend_on_how_tracks_are_cut_into_chunks(monkeypatch):
    table = table_of(UP_A_TONE, [], LOOP, LOOP * 9, ["N"], UP_A_TONE[::-1])
    whole = [estimate_keys(table), estimate_local_keys(table)]
    monkeypatch.setattr(keys, "CHUNK", 1)
    for before, after in zip(whole, [estimate_keys(table), estimate_local_keys(table)], strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def every_path(found, change):
    """Weight of every path through the first three keys, from the first event to the last: brute force."""
    n = len(found)
    paths = np.array(list(product(range(3), repeat=n)))
    weight = found[np.arange(n), paths].sum(axis=1) + sum(change[paths[:, t], paths[:, t + 1]] for t in range(n - 1))
    return paths, weight


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_posteriors_and_the_likeliest_path_are_those_of_all_paths(seed):
    random = np.random.default_rng(seed)
    lengths = np.array([3, 0, 4])
    found = random.normal(size=(7, 24)) * 2
    change = np.log(random.dirichlet(np.ones(24), size=24))
    allowed = np.zeros((7, 24), dtype=bool)
    allowed[:, :3] = True
    _, probability, changes = posteriors(found, change, lengths, allowed)
    inside = np.where(allowed, found, -1e9)
    best = keys_path._viterbi(inside, change, lay_out(lengths)[1])
    for rows in (slice(0, 3), slice(3, 7)):
        paths, weight = every_path(found[rows], change)
        share = np.exp(weight - weight.max())
        share /= share.sum()
        expected = np.stack([(paths == k).T @ share for k in range(3)], axis=1)
        np.testing.assert_allclose(probability[rows, :3], expected, atol=1e-9)
        assert best[rows].tolist() == paths[weight.argmax()].tolist()
    assert changes.sum() == pytest.approx(2 + 3)


@settings(max_examples=20)
@given(st.lists(st.lists(SYMBOLS, min_size=1, max_size=40), min_size=1, max_size=5), st.floats(0, 0.3))
def test_tracks_passed_over_have_no_path_that_is_likelier_than_home(songs, bonus):
    events = list_events(table_of(*songs))
    if not len(events.track):
        return
    chain = replace(load_model().chain, home=bonus)
    home = np.arange(len(songs)) % 24
    path = decode_keys(events, home, chain)
    found = emissions(events, chain)
    found[np.arange(len(found)), home[events.track]] += chain.home
    best = keys_path._viterbi(found, chain.change.astype(np.float32), lay_out(events.lengths)[1])
    for track in range(len(songs)):
        rows = events.track == track
        modulates = len(set(best[rows])) > 1
        assert path[rows].tolist() == (best[rows].tolist() if modulates else [home[track]] * rows.sum())


def test_a_weight_above_the_tonic_speaks_for_the_key_a_fifth_below_what_sounds_on_its_fifth():
    dominant = np.zeros((2, 12, 1))
    dominant[1, 7] = 1.0
    assert turn_weights(dominant)[4].argmax() == 12 + 9  # E is the fifth of A minor


def test_songs_that_keep_one_tonic_seldom_get_a_modulation(real_corpus):
    songs = extract_corpus(load_corpus(real_corpus("mcgill_billboard")))
    tonic, _, _ = estimate_local_keys(songs)
    rows = [slice(a, b) for a, b in zip(songs.offsets[:-1], songs.offsets[1:], strict=True)]
    single = [r for r in rows if len(set(songs.key_tonic[r])) == 1]
    assert len(single) > 400
    assert np.mean([len(set(tonic[r])) > 1 for r in single]) < 0.05


def test_local_keys_are_right_longer_than_one_key_in_pieces_that_taught_nothing(real_corpus):
    folder = real_corpus("when_in_rome")
    lines = [line.split("\t") for line in (folder / "pieces.tsv").read_text(encoding="utf-8").splitlines()]
    unseen = {piece for piece, _, licence in lines[1:] if licence != "CC BY-SA"}
    pieces = extract_corpus(load_corpus(folder))
    pieces = pieces.select([i for i, name in enumerate(pieces.track_ids) if name.partition("/")[2] in unseen])
    assert pieces.n_tracks > 60
    track = np.repeat(np.arange(pieces.n_tracks), pieces.lengths)
    whole, whole_mode, _ = estimate_keys(pieces)
    tonic, mode, _ = estimate_local_keys(pieces)
    right = lambda t, m: np.average((t == pieces.key_tonic) & (m == pieces.key_mode), weights=pieces.duration)  # noqa: E731
    assert right(tonic, mode) > right(whole[track], whole_mode[track]) + 0.1
    assert right(tonic, mode) > 0.7
