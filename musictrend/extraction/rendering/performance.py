"""From notes to sound: every player's instrument, the drums, the room, the balance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musictrend.extraction.rendering.arrangement import Arrangement, Note, arrange, find_style
from musictrend.extraction.rendering.drums import PATTERNS, build_kit
from musictrend.extraction.rendering.instrument import Instrument, build_instrument
from musictrend.harmony.sequence import ChordSequence

__all__ = ["SAMPLE_RATE", "perform", "render"]

SAMPLE_RATE = 22050
LONGEST = 3.0  # seconds that a tone is made for; a longer note is let go then


def render(
    chords: ChordSequence,
    style: Arrangement | str = "piano",
    *,
    beat: float = 0.5,
    seed: int | np.random.SeedSequence = 0,
    sr: int = SAMPLE_RATE,
    detune: float = 0.0,
) -> np.ndarray:
    """Chords as sound.

    Parameters
    ----------
    chords : ChordSequence
        In seconds; nobody plays at ``N``.
    style : Arrangement or str
        Who plays: one of ``STYLES``, or drawn with ``draw_style``.
    beat : float, seconds
    seed : int or SeedSequence
        Same seed, same samples.
    sr : int
        Samples a second.
    detune : float, cents
        How far the players' A lies above 440 Hz.

    Returns
    -------
    y : float32 array, shape (n_samples,)
        Mono, as long as the chords, peak 0.9.

    Examples
    --------
    >>> from musictrend.harmony import Chord
    >>> seq = ChordSequence([Chord("C")], [0.0], [2.0], unit="seconds")
    >>> render(seq, "piano").shape
    (44100,)
    """
    rng = np.random.default_rng(seed)
    style = find_style(style)
    notes = arrange(chords, style, rng, beat=beat)
    seconds = float(chords.offsets[-1]) if len(chords) else 0.0
    sounding = [(a, b) for c, a, b in zip(chords.chords, chords.onsets, chords.offsets) if c.is_chord]
    hits = _beat_drums(style.drums, sounding, beat, rng)
    return perform(notes, seconds, rng, sr=sr, hits=hits, detune=detune)


def perform(
    notes: Sequence[Note],
    seconds: float,
    rng: np.random.Generator,
    *,
    sr: int = SAMPLE_RATE,
    hits: Sequence[tuple[str, float, float]] = (),
    detune: float = 0.0,
) -> np.ndarray:
    """Notes as sound: instruments, balance and room drawn by chance.

    Parameters
    ----------
    notes : sequence of Note
    seconds : float
        Length of the result.
    rng : numpy Generator
    hits : sequence of (drum, onset, level)
    detune : float, cents

    Returns
    -------
    y : float32 array, shape (n_samples,)
    """
    n = int(round(seconds * sr))
    y = np.zeros(n + int(LONGEST * sr), dtype=np.float32)
    for part in sorted({note.part for note in notes}):
        instrument = build_instrument(part, rng)
        track = np.zeros_like(y)
        tones: dict[int, np.ndarray] = {}
        for note in notes:
            if note.part == part:
                if note.midi not in tones:
                    frequency = 440.0 * 2 ** ((note.midi - 69 + detune / 100) / 12)
                    tones[note.midi] = instrument.tone(frequency, LONGEST, sr, rng)
                _add(track, tones[note.midi], note, instrument, sr)
        loudness = np.sqrt(np.mean(track**2)) + 1e-9
        y += track * np.float32(rng.uniform(0.5, 1.0) / loudness)
    if hits:
        kit = build_kit(rng, sr)
        track = np.zeros_like(y)
        for drum, onset, level in hits:
            start = int(onset * sr)
            stop = min(start + len(kit[drum]), len(track))
            track[start:stop] += np.float32(level) * kit[drum][: stop - start]
        y += track * np.float32(rng.uniform(0.2, 0.9) / (np.sqrt(np.mean(track**2)) + 1e-9))
    y = _room(y, rng, sr)[:n]
    peak = np.abs(y).max(initial=0.0)
    return (y * np.float32(0.9 / peak)).astype(np.float32) if peak > 0 else y


def _add(track: np.ndarray, tone: np.ndarray, note: Note, instrument: Instrument, sr: int) -> None:
    """Put one note into its player's track, let go at its end."""
    start, held = int(note.onset * sr), max(int(note.duration * sr), 16)
    fade = int(instrument.release * sr)
    sound = tone[: held + fade].copy()
    if len(sound) > held:
        sound[held:] *= np.linspace(1, 0, len(sound) - held, dtype=np.float32) ** 2
    stop = min(start + len(sound), len(track))
    track[start:stop] += np.float32(note.level) * sound[: stop - start]


def _beat_drums(
    pattern: str, sounding: list[tuple[float, float]], beat: float, rng: np.random.Generator
) -> list[tuple[str, float, float]]:
    if not pattern or not sounding:
        return []
    start, end, hits = sounding[0][0], sounding[-1][1], []
    balance = {"kick": 1.0, "snare": float(rng.uniform(0.3, 0.8)), "hat": float(rng.uniform(0.1, 0.4))}
    for bar in np.arange(start, end, 4 * beat):
        for drum, places in PATTERNS[pattern].items():
            for place in places:
                if bar + place * beat < end:
                    hits.append((drum, float(bar + place * beat), balance[drum] * float(rng.uniform(0.7, 1.0))))
    return hits


def _room(y: np.ndarray, rng: np.random.Generator, sr: int) -> np.ndarray:
    """Early echoes and a tail of noise that dies away, more or less of it."""
    from scipy.signal import fftconvolve

    wet, tail = rng.uniform(0.0, 0.35), rng.uniform(0.15, 0.7)
    time = np.arange(int(1.5 * tail * sr)) / sr
    response = rng.normal(size=len(time)) * np.exp(-6.9 * time / (1.5 * tail))
    response /= np.sqrt(np.sum(response**2)) + 1e-9
    return y + np.float32(wet) * fftconvolve(y, response.astype(np.float32))[: len(y)]
