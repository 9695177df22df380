"""The librosa engine: chroma that knows its tuning, a net that sees every root alike."""

from __future__ import annotations

import numpy as np
import pytest

from musictrend.extraction.engines import get_engine
from musictrend.extraction.engines.chroma import HOP, SAMPLE_RATE, estimate_tuning, extract_chroma, log_spectrum
from musictrend.extraction.engines.chroma_net import QUALITIES, load_net, pool_chroma, states
from musictrend.extraction.rendering import draw_song, place_chords, render
from musictrend.harmony import Chord

ENGINE = get_engine("librosa")
POP = [Chord(label) for label in ("C", "G", "A:min", "F")]


def hear(y, chords) -> list[Chord]:
    """What the engine says of each chord, over the time it sounds."""
    heard = ENGINE.hear(y)
    found = []
    for onset, end in zip(chords.onsets, chords.offsets):
        rows = slice(int(onset / heard.hop) + 2, max(int(end / heard.hop) - 1, int(onset / heard.hop) + 3))
        found.append(heard.chords[int(heard.scores[rows].mean(axis=0).argmax())])
    return found


@pytest.mark.parametrize("style", ["piano", "soul"])
def test_a_pop_progression_comes_back_in_two_timbres(style):
    chords = place_chords(POP * 3, beat=0.5)
    found = hear(render(chords, style, seed=7), chords)
    assert np.mean([a == b for a, b in zip(found, chords.chords)]) >= 0.9


@pytest.mark.parametrize("cents", [-30, 30, 45])
def test_a_recording_out_of_tune_is_heard_right(cents):
    chords = place_chords(POP * 2, beat=0.5)
    y = render(chords, "ballad", seed=8, detune=cents)
    assert estimate_tuning(log_spectrum(y)) * 100 == pytest.approx(cents, abs=8)
    found = hear(y, chords)
    assert np.mean([a == b for a, b in zip(found, chords.chords)]) >= 0.85


def test_sevenths_are_told_from_triads():
    chords = place_chords(
        [Chord(x) for x in ("D:min7", "G:7", "C:maj7", "A:min", "F", "B:hdim7", "E:7", "A:min7")], beat=0.5
    )
    found = hear(render(chords, "ballad", seed=3), chords)
    assert sum(a == b for a, b in zip(found, chords.chords)) >= 6


@pytest.mark.parametrize("semitones", [3, -4])
def test_music_played_higher_is_heard_higher(semitones):
    song = draw_song(640_000, seconds=20, era="")
    moved = song.chords.transpose(semitones)
    low, high = (hear(render(c, song.style, beat=song.beat, seed=5), c) for c in (song.chords, moved))
    assert np.mean([a.transpose(semitones) == b for a, b in zip(low, high)]) >= 0.8


def test_the_net_turns_with_its_chroma_exactly():
    frames = np.random.default_rng(0).gamma(1.0, 0.5, (40, 24)).astype(np.float32)
    turned = np.roll(frames.reshape(40, 2, 12), 5, axis=2).reshape(40, 24)
    net = load_net()
    low, high = net.score(frames), net.score(turned)
    by_root = lambda scores: scores[:, :-1].reshape(40, len(QUALITIES), 12)  # noqa: E731
    np.testing.assert_allclose(np.roll(by_root(low), 5, axis=2), by_root(high), atol=2e-4)
    np.testing.assert_allclose(low[:, -1], high[:, -1], atol=2e-4)
    np.testing.assert_allclose(np.exp(low).sum(axis=1), 1, atol=1e-4)


def test_silence_is_no_chord_and_so_is_less_than_a_frame():
    for n in (1, 100, 5 * SAMPLE_RATE):
        heard = ENGINE.hear(np.zeros(n, dtype=np.float32))
        assert len(heard.scores) >= 1 and np.isfinite(heard.scores).all()
        assert all(heard.chords[i] == Chord.NO_CHORD for i in heard.scores.argmax(axis=1))


def test_noise_and_clipping_give_finite_scores():
    noise = np.random.default_rng(1).normal(0, 0.3, 3 * SAMPLE_RATE).astype(np.float32)
    for y in (noise, np.sign(noise), np.ones(SAMPLE_RATE, np.float32)):
        assert np.isfinite(ENGINE.hear(y).scores).all()


def test_a_pure_octave_of_partials_is_one_note_and_not_its_overtones():
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    y = sum(0.7**k * np.sin(2 * np.pi * 261.63 * (k + 1) * time) for k in range(8))
    treble = extract_chroma(y)[0][10:30, 1].mean(axis=0)
    # The third partial is a G, the fifth an E: they belong to the C.
    assert treble[0] > 4 * max(treble[7], treble[4])


def test_chroma_follows_its_frames():
    chords = place_chords([Chord("C"), Chord("F#")], beat=0.5)
    chroma, _ = extract_chroma(render(chords, "piano", seed=1))
    assert len(chroma) == int(np.ceil(4 * SAMPLE_RATE / HOP)) + (4 * SAMPLE_RATE % HOP == 0)
    early, late = chroma[: len(chroma) // 2 - 5, 1].mean(0), chroma[len(chroma) // 2 + 5 :, 1].mean(0)
    assert early[0] > 5 * early[6] and late[6] > 5 * late[0]
    assert pool_chroma(chroma).shape == (-(-len(chroma) // 2), 24)


def test_transitions_are_probabilities_and_turn_with_the_root():
    net = load_net()
    chance = np.exp(net.transitions.astype(np.float64))
    np.testing.assert_allclose(chance.sum(axis=1), 1, atol=2e-2)
    assert len(states()) == len(chance) == 145
    # The way from C to G is the way from D to A.
    assert chance[0, 7] == pytest.approx(chance[2, 9], rel=1e-3)


def test_the_demo_recordings_let_their_planted_trend_be_heard():
    from musictrend.extraction.decoding import decode
    from musictrend.extraction.rendering import record
    from musictrend.extraction.rendering.recordings import CHAINS, STYLES, YEARS, compose_recordings

    shares = {}
    for name, genre, year, chords, beat, planted in compose_recordings():
        if year in (1960, 2010):
            y = render(chords, STYLES[genre][YEARS.index(year)], beat=beat, seed=1)
            y = record(y, CHAINS[year], sr=SAMPLE_RATE, seed=1)
            heard = [c for c in decode(ENGINE.hear(y)).chords if c.is_chord]
            assert len(heard) >= 30
            shares[name] = np.mean([len(c.pitch_classes) > 3 for c in heard])
            assert shares[name] == pytest.approx(planted, abs=0.2)
    assert shares["pop-1960"] > shares["pop-2010"] + 0.2
    assert shares["jazz-1960"] < shares["jazz-2010"] - 0.2


def test_songs_held_out_are_not_learned_from(monkeypatch, tmp_path):
    """Folds part songs, not frames: no frame of a song held out is among those learned from."""
    import importlib.util
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "tools" / "train_chroma.py"
    spec = importlib.util.spec_from_file_location("train_chroma", path)
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "train_chroma", tool)  # dataclasses look their module up
    spec.loader.exec_module(tool)
    names = [f"song {i}" for i in range(20)]
    seen = []
    for out in tool.part_songs(len(names), 6):
        rest = set(range(len(names))) - out
        assert out and not out & rest
        seen += sorted(out)
    assert sorted(seen) == list(range(20))
