"""Recording chains: what each does to sound, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from musictrend.errors import ParameterError
from musictrend.extraction.engines.chroma import extract_chroma
from musictrend.extraction.rendering import ERAS, place_chords, record, render
from musictrend.extraction.rendering.eras import Chain
from musictrend.harmony import Chord

SR = 22050


@pytest.fixture(scope="module")
def music():
    chords = place_chords([Chord("C"), Chord("A:min"), Chord("F"), Chord("G:7")], beat=0.4)
    return render(chords, "ballad", beat=0.4, seed=1)


def share_above(y, frequency):
    """Energy above a frequency as a share of all."""
    power = np.abs(np.fft.rfft(y)) ** 2
    return power[np.fft.rfftfreq(len(y), 1 / SR) > frequency].sum() / power.sum()


@pytest.mark.parametrize("era", ERAS)
def test_a_chain_keeps_length_and_chords_and_is_the_same_for_the_same_seed(music, era):
    worn = record(music, era, sr=SR, seed=2)
    assert worn.shape == music.shape and worn.dtype == np.float32 and np.isfinite(worn).all()
    assert np.abs(worn).max() <= 0.9001
    np.testing.assert_array_equal(worn, record(music, era, sr=SR, seed=2))
    before, after = extract_chroma(music)[0][:, 1].mean(0), extract_chroma(worn)[0][:, 1].mean(0)
    assert np.corrcoef(before, after)[0, 1] > 0.85


def test_older_chains_pass_less_treble_and_add_more_noise(music):
    quiet = np.concatenate([music * 0, music, music * 0])
    worn = {era: record(quiet, era, sr=SR, seed=2) for era in ERAS}
    noise = {era: np.sqrt(np.mean(y[: len(music) // 2] ** 2)) / np.sqrt(np.mean(y**2)) for era, y in worn.items()}
    assert noise["1950s"] > 3 * noise["1970s"] > 3 * noise["1990s"]
    hiss = np.random.default_rng(0).normal(0, 0.1, SR).astype(np.float32)
    assert share_above(record(hiss, "1950s", sr=SR), 7000) < 0.1 * share_above(record(hiss, "1990s", sr=SR), 7000)


def test_wow_bends_a_steady_tone_and_a_wrong_speed_shifts_it():
    time = np.arange(8 * SR) / SR
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    width = lambda y: (np.abs(np.fft.rfft(y * np.hanning(len(y)))) > 0.02 * len(y) / 4).sum()  # noqa: E731
    assert width(record(tone, Chain(20, 11000, wow=1.0), sr=SR)) > 5 * width(tone)
    shifted = record(tone, Chain(20, 11000, speed=40.0), sr=SR, seed=4)
    peak = np.abs(np.fft.rfft(shifted[: 2 * SR] * np.hanning(2 * SR))).argmax() / 2
    cents = 1200 * np.log2(peak / 440)
    assert 5 < abs(cents) < 120


def test_a_wrong_speed_does_not_let_chords_drift_from_their_times():
    time = np.arange(12 * SR) / SR
    clicks = np.zeros(len(time), np.float32)
    places = (np.arange(0.5, 11, 1) * SR).astype(int)  # a splice falls on even seconds
    clicks[places] = 1
    worn = record(clicks, Chain(20, 11000, speed=40.0), sr=SR, seed=4)
    found = [np.abs(worn[k - SR // 4 : k + SR // 4]).argmax() - SR // 4 for k in places]
    assert np.abs(found).max() < 0.04 * SR


def test_compression_evens_out_and_a_codec_loses_the_quiet_bins(music):
    loud = np.concatenate([music, 0.1 * music])
    half = len(music)
    ratio = lambda y: np.sqrt(np.mean(y[:half] ** 2) / np.mean(y[half:] ** 2))  # noqa: E731
    assert ratio(record(loud, Chain(20, 11000, pressed=0.85), sr=SR)) < 0.5 * ratio(loud)
    worn = record(music, Chain(20, 11000, lossy=0.8), sr=SR)
    difference = worn - record(music, Chain(20, 11000), sr=SR)
    assert 0.001 < np.sqrt(np.mean(difference**2) / np.mean(music**2)) < 0.3


def test_an_unknown_era_is_refused_with_those_there_are():
    with pytest.raises(ParameterError, match="era='2050s' must be one of '1950s'"):
        record(np.zeros(10), "2050s", sr=SR)
    assert len(record(np.zeros(0), "1950s", sr=SR)) == 0
