"""The house's synthesiser: chords become sound that holds them, the same for the same seed."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from musictrend.errors import ParameterError
from musictrend.extraction.rendering import (
    STYLES,
    Palette,
    arrange,
    draw_progression,
    draw_song,
    place_chords,
    render,
)
from musictrend.extraction.rendering.arrangement import BANDS, draw_style
from musictrend.extraction.rendering.instrument import INSTRUMENTS, build_instrument
from musictrend.extraction.rendering.recordings import compose_recordings, write_recordings
from musictrend.harmony import Chord

SR = 22050


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_plays_the_pitch_it_is_asked_for(name):
    rng = np.random.default_rng(5)
    instrument = build_instrument(name, rng)
    frequency = 55.0 if "bass" in name else 220.0
    tone = instrument.tone(frequency, 1.5, SR, rng)
    assert np.isfinite(tone).all() and 0.1 < np.abs(tone).max() < 20
    spectrum = np.abs(np.fft.rfft(tone[: SR // 2 * 2] * np.hanning(SR)))
    # Energy lies on multiples of the pitch (an octave below too, for drawbars), within a fifth of a semitone.
    peaks = np.argsort(spectrum)[-3:].astype(float)
    partial = np.maximum(np.round(peaks / (frequency / 2)), 1) * frequency / 2
    assert np.all(np.abs(peaks - partial) <= np.maximum(0.012 * partial, 1.5)), peaks


def test_same_seed_same_samples_and_another_seed_others():
    chords = place_chords([Chord("C"), Chord("G:7")], beat=0.25)
    first = render(chords, "jazz", beat=0.25, seed=3)
    np.testing.assert_array_equal(first, render(chords, "jazz", beat=0.25, seed=3))
    assert np.abs(first - render(chords, "jazz", beat=0.25, seed=4)).max() > 0.01


def test_nobody_plays_where_there_is_no_chord():
    y = render(place_chords([Chord("C")], beat=0.25, lead=1.0), "rock", beat=0.25)
    assert np.abs(y[: int(0.99 * SR)]).max() < 1e-6
    assert np.abs(y[SR:]).max() == pytest.approx(0.9, abs=1e-4)


@pytest.mark.parametrize("style", STYLES)
def test_players_play_the_chord_and_its_bass_lies_lowest(style):
    chord = Chord("D:min7/b3")
    notes = arrange(place_chords([chord], beat=0.5), style, np.random.default_rng(0), beat=0.5)
    players = {name for name, _ in STYLES[style].chords}
    sung = [n for n in notes if n.part in players]
    assert {n.midi % 12 for n in sung} >= set(chord.pitch_classes) - {chord.bass}
    assert {n.midi % 12 for n in sung} <= set(chord.pitch_classes)
    first = min((n for n in notes if n.onset < 0.1), key=lambda n: n.midi)
    assert first.midi % 12 == chord.bass


def test_a_palette_is_what_is_drawn():
    rng = np.random.default_rng(2)
    plain = [c for _ in range(20) for c in draw_progression(rng, 40, Palette(0, 0, 0, 0, 0))]
    assert {c.quality for c in plain} <= {"maj", "min", "dim"} and all(c.bass == c.root for c in plain)
    rich = [c for _ in range(60) for c in draw_progression(rng, 40, Palette(0.5, 0.2, 0, 0.3, 0))]
    share = np.mean([len(c.pitch_classes) > 3 for c in rich])
    assert 0.6 < share < 0.8
    assert 0.2 < np.mean([c.bass != c.root for c in rich]) < 0.4


def test_the_two_bands_share_no_player_of_chords():
    assert not set(BANDS["learning"]) & set(BANDS["calibration"])
    for band, names in BANDS.items():
        drawn = {name for i in range(200) for name, _ in draw_style(np.random.default_rng(i), band).chords}
        assert drawn == set(names)
    a, b = draw_song(9, band="learning"), draw_song(9, band="calibration")
    assert a.chords.labels != b.chords.labels


def test_half_a_minute_sounds_in_two_seconds_of_work():
    song = draw_song(11, seconds=30, era="1970s")
    began = time.process_time()
    y = song.sound()
    assert time.process_time() - began < 4  # usually a tenth of that; other work may share the core
    assert len(y) == pytest.approx(song.chords.offsets[-1] * SR, abs=2) and np.abs(y).max() <= 0.9001


def test_what_cannot_be_played_is_said():
    order = place_chords([Chord("C")], beat=0.5)
    with pytest.raises(ParameterError, match="style='polka' must be one of 'piano'"):
        render(order, "polka")
    from musictrend.harmony import ChordSequence

    with pytest.raises(ParameterError, match="sound needs seconds"):
        render(ChordSequence.from_labels(["C"]), "piano")


def test_recordings_of_the_demo_have_the_planted_shares_and_enough_events():
    songs = compose_recordings()
    shares = {"pop": [], "jazz": []}
    for _, genre, _, chords, _, share in songs:
        sounding = [c for c in chords.chords if c.is_chord]
        assert len(sounding) >= 36 and all(a != b for a, b in zip(sounding, sounding[1:]))
        assert np.mean([len(c.pitch_classes) == 4 for c in sounding]) == pytest.approx(share)
        assert 30 <= chords.offsets[-1] <= 45
        shares[genre].append(share)
    assert (np.diff(shares["pop"]) < 0).all() and (np.diff(shares["jazz"]) > 0).all()


def test_recordings_are_a_corpus_that_says_synthetic_and_are_not_made_twice(tmp_path, monkeypatch):
    from musictrend.corpus.manifest import load_corpus
    from musictrend.extraction.rendering import recordings

    made = []

    def play(chords, style, **options):
        made.append(style)
        return np.full(2205, 0.1, dtype=np.float32)

    monkeypatch.setattr(recordings, "render", play)
    folder = write_recordings(tmp_path / "recordings")
    assert write_recordings(folder) == folder and len(made) == 12
    corpus = load_corpus(folder)
    assert "SYNTHETIC" in corpus.title and corpus.synthetic
    tracks = corpus.tracks
    assert len(tracks) == 12 and set(tracks["source_kind"]) == {"audio"} and set(tracks["segment"]) == {"pop", "niche"}
    planted = json.loads((folder / "planted.json").read_text())
    slopes = {row["group"]: row["planted"] for row in planted if row["what"] == "slope"}
    assert slopes == {"pop": pytest.approx(-0.1, abs=0.005), "jazz": pytest.approx(0.1, abs=0.005)}
    (folder / "audio" / "pop-1960.flac").unlink()
    write_recordings(folder)
    assert len(made) == 24
