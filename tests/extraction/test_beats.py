"""Beats and bars: arithmetic on planted beats, and clicks that trackers find."""

from __future__ import annotations

import numpy as np
import pytest

from musictrend.extraction.beats import NO_BEATS, Beats, LibrosaTracker, MadmomTracker, choose_tracker
from musictrend.extraction.engines import madmom
from musictrend.extraction.metre import place_beats

needs_madmom = pytest.mark.skipif(bool(madmom.find_problem()), reason=f"madmom: {madmom.find_problem()}")


def clicks(sample_rate, beat=0.5, seconds=10.0):
    """A waltz of clicks: the first of three is louder and lower, over a bass note."""
    y = np.zeros(int(seconds * sample_rate), np.float32)
    t = np.arange(int(0.08 * sample_rate)) / sample_rate
    for number, onset in enumerate(np.arange(0.25, seconds - 0.2, beat)):
        first = number % 3 == 0
        tone = np.sin(2 * np.pi * (110 if first else 1500) * t) * np.exp(-t * 40) * (1.0 if first else 0.35)
        start = int(onset * sample_rate)
        y[start : start + len(t)] += tone.astype(np.float32)
    return y


def test_bars_are_counted_between_downbeats_and_beyond_them():
    beats = Beats(1.0 + 0.5 * np.arange(8), np.array([3, 1, 2, 3, 1, 2, 3, 1]), "planted")
    np.testing.assert_allclose(beats.downbeats, [1.5, 3.0, 4.5])
    np.testing.assert_allclose(beats.bars(np.array([1.5, 0.0, 3.0]), np.array([4.5, 1.5, 6.0])), [2, 1, 2])


def test_bars_are_not_known_without_two_downbeats():
    assert np.isnan(Beats(np.arange(4.0), np.zeros(4, int), "librosa").bars(np.zeros(1), np.ones(1))).all()
    assert np.isnan(NO_BEATS.bars(np.zeros(2), np.ones(2))).all()


def test_stretches_join_without_counting_a_beat_twice():
    whole = Beats(np.arange(0, 20, 0.5), np.tile([1, 2, 3, 4], 10), "planted")
    late = Beats(np.arange(0, 12, 0.5), np.tile([1, 2, 3, 4], 6), "planted")
    joined = Beats.join([whole.cut(0.0, 0.0, 14.0), late.cut(8.0, 14.0, 20.0)])
    np.testing.assert_allclose(joined.times, whole.times)
    np.testing.assert_array_equal(joined.positions, whole.positions)


def test_librosa_finds_the_beats_of_clicks():
    found = LibrosaTracker().track(clicks(22050))
    assert len(found) > 8 and set(found.positions) == {0}
    step = np.median(np.diff(found.times))
    assert min(abs(step - k * 0.5) for k in (0.5, 1, 2)) < 0.03


@needs_madmom
def test_madmom_counts_beats_in_bars_of_three():
    found = MadmomTracker().track(clicks(44100))
    assert np.median(np.diff(found.times)) == pytest.approx(0.5, abs=0.02)
    planted = 0.25 + 0.5 * np.arange(19)
    assert np.mean([np.abs(planted - t).min() < 0.06 for t in found.times]) > 0.8
    assert found.positions.max() == 3


@needs_madmom
@pytest.mark.parametrize("chunk", [3000, 33])
def test_madmoms_recurrent_networks_give_its_own_activations(monkeypatch, chunk):
    from musictrend.extraction.engines import madmom_beats
    from musictrend.extraction.engines.madmom_beats import hear_beats

    monkeypatch.setattr(madmom_beats, "CHUNK", chunk)
    y = clicks(44100, seconds=1.0)
    theirs = madmom.import_madmom("madmom.features.downbeats").RNNDownBeatProcessor()(madmom._as_signal(y))
    np.testing.assert_allclose(hear_beats(y), theirs, atol=2e-6)


@needs_madmom
def test_beats_are_placed_where_madmoms_own_network_places_them():
    downbeats = madmom.import_madmom("madmom.features.downbeats")
    theirs = downbeats.DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=100)
    rng = np.random.default_rng(4)
    for beat, bar in ((47, 3), (60, 4), (95, 4)):
        heard = rng.uniform(0.001, 0.08, (900, 2))
        heard[13::beat, 0] = rng.uniform(0.3, 0.8, len(heard[13::beat]))
        heard[13 :: beat * bar, 1] = rng.uniform(0.3, 0.9, len(heard[13 :: beat * bar]))
        heard /= np.maximum(1, heard.sum(1, keepdims=True) / 0.95)
        expected = theirs(heard)
        times, positions = place_beats(heard)
        np.testing.assert_allclose(times, expected[:, 0])
        np.testing.assert_array_equal(positions, expected[:, 1])


def test_silence_has_no_beats():
    times, positions = place_beats(np.full((500, 2), 0.001))
    assert len(times) == len(positions) == 0


def test_commercial_use_takes_librosas_beats():
    assert choose_tracker(commercial=True).name == "librosa"


def test_sound_shorter_than_a_second_has_no_beats():
    assert len(LibrosaTracker().track(np.zeros(1000, np.float32))) == 0
