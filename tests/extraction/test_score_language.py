"""Which network listens, and where the beats of a song without bars lie."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.notes import UNSPELLED, Notes, collect_notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.extraction.score import estimate_chords
from musictrend.extraction.score_frames import Frames, frame_notes
from musictrend.extraction.score_grid import feel_pulse, find_phase, lay_on_grid
from musictrend.extraction.score_language import HABITS, LONG, describe_habits, tell_language
from musictrend.extraction.score_net import load_net

LOOP = ((48, (60, 64, 67)), (45, (57, 60, 64)), (41, (57, 60, 65)), (43, (59, 62, 67)))


def play_loop(times=8, late=0.0):
    """Four chords of a bar, broken over a bass."""
    rows = []
    for bar in range(4 * times):
        bass, tones = LOOP[bar % 4]
        rows += [(late + bar * 4, 4, bass)]
        rows += [(late + bar * 4 + k / 2, 0.5, tones[k % 3]) for k in range(8)]
    return collect_notes(rows, np.arange(0, 16 * times + 1, 2.0), np.ones(8 * times), [])


def without_names(notes: Notes) -> Notes:
    """What MIDI would keep of a score."""
    return replace(notes, fifth=np.full(len(notes), UNSPELLED, dtype=np.int8), fifths=[])


@pytest.mark.parametrize("late", [0.07, 0.2, 0.25, 0.48])
def test_a_song_that_starts_between_beats_has_the_chords_of_one_that_starts_on_them_only_later(late):
    there = estimate_chords(play_loop(late=late))
    new = np.flatnonzero(np.diff([chord.root for chord in there.chords], prepend=-1))
    assert [there.chords[i].root for i in new] == [0, 9, 5, 7] * 8
    assert np.allclose(there.onsets[new[1:]], np.arange(1, 32) * 4 + late, atol=0.0101)
    assert there.onsets[0] == pytest.approx(0, abs=0.5)
    assert there.offsets[-1] == pytest.approx(128 + late)
    assert (there.durations > 0).all()


@given(st.floats(-0.24, 0.24), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_phase_of_notes_is_found_whatever_else_they_play(phase, seed):
    rng = np.random.default_rng(seed)
    onsets = np.sort(np.concatenate([np.arange(64) / 2, rng.integers(0, 128, 40) / 4])) + 1 + phase
    notes = Notes(onsets, np.full(len(onsets), 0.5), np.full(len(onsets), 60), np.array([0.0, 40.0]), np.ones(1))
    assert find_phase(notes) == pytest.approx(phase if abs(phase) > 0.0101 else 0, abs=0.0101)


def test_triplets_and_free_time_are_left_where_they_are():
    triplets = np.arange(48) / 3
    free = np.cumsum(np.random.default_rng(3).exponential(0.4, 400))
    for onsets in (triplets, free):
        notes = Notes(onsets, np.full(len(onsets), 0.3), np.full(len(onsets), 60), np.array([0.0, 16.0]), np.ones(1))
        assert lay_on_grid(notes) == (notes, 0.0)


def test_notes_that_have_names_stay_in_their_bars():
    late = play_loop(late=0.2)
    named = replace(late, fifth=np.zeros(len(late), dtype=np.int8))
    assert lay_on_grid(named) == (named, 0.0)
    moved, delay = lay_on_grid(late)
    assert delay in (pytest.approx(-0.2), pytest.approx(0.3))
    assert np.allclose(moved.onset_quarter * 2, np.round(moved.onset_quarter * 2), atol=0.01)
    assert np.allclose(moved.bar_onset_quarter - late.bar_onset_quarter, delay)


def test_a_pulse_is_felt_where_bars_and_chords_begin():
    pulse = feel_pulse(frame_notes(play_loop())).plain
    for channel in (1, 3):  # notes begun and harmony turned, a bar apart
        by_place = pulse[:, channel].reshape(-1, 8).mean(axis=0)
        assert by_place.argmax() == 0
        assert by_place[0] > 0.5
        assert pulse[:, channel].reshape(-1, 8).argmax(axis=1).max() == 0
    assert (pulse[:, 5:7] == 0).all()


def test_habits_are_the_same_in_every_key_and_without_names():
    here, there = (
        describe_habits(frame_notes(n)) for n in (play_loop(), replace(play_loop(), pitch=play_loop().pitch + 5))
    )
    assert np.allclose(here, there)
    frames = frame_notes(play_loop())
    assert np.array_equal(describe_habits(frames), describe_habits(frames.bare()))
    assert len(here) == len(HABITS)


def test_origin_decides_where_habits_are_silent_and_short_pieces_have_none():
    frames = frame_notes(play_loop())
    silent, loud = np.zeros(len(HABITS) + 1), np.append(np.zeros(len(HABITS)), 9.0)
    assert tell_language(frames, silent, False, 0.0) == "art"
    assert tell_language(frames, silent, False, 0.1) == "pop"
    assert tell_language(frames, silent, True, 0.0) == "art"
    assert tell_language(frames, loud, True, 0.0) == "pop"
    short = Frames(frames.pitch[: LONG - 1], frames.plain[: LONG - 1], frames.bass[: LONG - 1])
    assert tell_language(short, loud, False, 0.0) == "art"


def test_nothing_that_sounds_has_no_habits():
    silence = Frames(np.zeros((8, 12, 10), np.float32), np.zeros((8, 10), np.float32), np.full(8, -1))
    assert np.array_equal(describe_habits(silence), np.zeros(len(HABITS)))


# --- people's music: nothing was learned from these pieces ---

SONGS = ("057", "087", "152", "240", "361", "473", "549", "707", "751", "878")
SCORES = (
    "Piano_Sonatas/Mozart,_Wolfgang_Amadeus/K309/2",
    "Piano_Sonatas/Mozart,_Wolfgang_Amadeus/K333/3",
)


def test_songs_go_to_pop_and_sonatas_to_art_even_without_their_spelling(real_corpus):
    pop, rome = real_corpus("pop909"), real_corpus("when_in_rome")
    weights = load_net("pop").extra["language"]
    heard = []
    for song in SONGS:
        notes, delay = lay_on_grid(read_notes(pop / song / f"{song}.mid"))
        heard.append(tell_language(frame_notes(notes), weights, False, delay))
    assert heard.count("pop") >= 9
    for score in SCORES:
        notes = read_notes(rome / score / "score.mxl")
        assert tell_language(frame_notes(notes), weights, True, 0.0) == "art"
        bare = without_names(notes)
        assert lay_on_grid(bare)[1] == 0
        assert tell_language(frame_notes(bare), weights, False, 0.0) == "art"


def test_unseen_songs_agree_with_their_chords(real_corpus):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
    from score_pairs import _pop_chords, part_of
    from scores import POP, compare_pop

    right = np.zeros((len(POP), 2))
    for song in SONGS[:5]:
        assert part_of(f"POP909 {song}") == 7  # of the validation part
        folder = real_corpus("pop909") / song
        notes = read_notes(folder / f"{song}.mid")
        right += compare_pop(_pop_chords(folder, notes), estimate_chords(notes))
    share = dict(zip(POP, right[:, 0] / right[:, 1], strict=True))
    assert share["majmin"] > 0.88
    assert share["sevenths"] > 0.80
