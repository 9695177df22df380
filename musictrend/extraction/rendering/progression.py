"""Chord progressions drawn by chance, and chords laid out in time.

A song is a few sections of four or eight chords that come back. Roots walk by
fourths, seconds and thirds within a key, now and then outside it; how many
chords have sevenths, extensions, suspensions or another bass is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.sequence import ChordSequence

__all__ = ["Palette", "draw_progression", "place_chords"]

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
TRIADS = {
    "major": ("maj", "min", "min", "maj", "maj", "min", "dim"),
    "minor": ("min", "dim", "maj", "min", "min", "maj", "maj"),
}
WEIGHTS = {"major": (6, 2, 1.5, 4, 4, 3, 0.4), "minor": (6, 0.7, 3, 3, 2.5, 4, 4)}
STEPS = np.array([0.2, 1.2, 1.2, 2.5, 2.0, 1.2, 1.2])  # steps up the scale from one root to the next
SEVENTHS = {"maj": ("maj7", "7"), "min": ("min7",), "dim": ("hdim7", "dim7"), "aug": ("aug7",)}
EXTENDED = {"maj": ("maj9", "9", "13", "maj6", "add9"), "min": ("min9", "min6", "min11")}


@dataclass(frozen=True)
class Palette:
    """How colourful a song is: shares of its chords, each between 0 and 1.

    Attributes
    ----------
    sevenths, extended : float
        Share of chords with a seventh, or with more than that (sixths and ninths too).
    suspended : float
    inverted : float
        Share of chords over their third or fifth.
    altered : float
        Share of chords whose triad or root is not that of the key.
    """

    sevenths: float = 0.2
    extended: float = 0.0
    suspended: float = 0.03
    inverted: float = 0.05
    altered: float = 0.08


def draw_progression(rng: np.random.Generator, n_chords: int, palette: Palette | None = None) -> list[Chord]:
    """Chords of one song; no two neighbours are equal.

    Parameters
    ----------
    rng : numpy Generator
    n_chords : int
    palette : Palette, optional

    Examples
    --------
    >>> chords = draw_progression(np.random.default_rng(1), 8, Palette(sevenths=0, altered=0))
    >>> len(chords), all(a != b for a, b in zip(chords, chords[1:]))
    (8, True)
    """
    if n_chords < 1:
        raise ParameterError(f"n_chords={n_chords} must be at least 1")
    palette = palette or Palette()
    mode = "major" if rng.random() < 0.6 else "minor"
    tonic = int(rng.integers(12))
    sections = [_draw_section(rng, tonic, mode, int(rng.choice([4, 4, 4, 6, 8])), palette) for _ in range(3)]
    chords: list[Chord] = []
    while len(chords) < n_chords:
        for chord in sections[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]:
            if not chords or chord != chords[-1]:
                chords.append(chord)
    return chords[:n_chords]


def _draw_section(rng: np.random.Generator, tonic: int, mode: str, n: int, palette: Palette) -> list[Chord]:
    degree = int(rng.choice(7, p=np.array(WEIGHTS[mode]) / sum(WEIGHTS[mode])))
    chords: list[Chord] = []
    while len(chords) < n:
        chord = _draw_chord(rng, tonic, mode, degree, palette)
        if not chords or chord != chords[-1]:
            chords.append(chord)
        odds = np.array(WEIGHTS[mode]) * STEPS[(np.arange(7) - degree) % 7]
        degree = int(rng.choice(7, p=odds / odds.sum()))
    return chords


def _draw_chord(rng: np.random.Generator, tonic: int, mode: str, degree: int, palette: Palette) -> Chord:
    root, triad = tonic + SCALES[mode][degree], TRIADS[mode][degree]
    if rng.random() < palette.altered:
        root += int(rng.choice([0, 0, -1, 1]))
        triad = str(rng.choice(["maj", "min", "dim", "aug"], p=[0.4, 0.3, 0.15, 0.15]))
    quality, u = triad, rng.random()
    if u < palette.extended:
        quality = str(rng.choice(EXTENDED.get(triad, (triad,))))
    elif u < palette.extended + palette.sevenths:
        pool = SEVENTHS[triad]
        dominant = triad == "maj" and (degree == 4 if mode == "major" else degree == 6)
        quality = "7" if dominant and rng.random() < 0.85 else str(rng.choice(pool))
    elif u < palette.extended + palette.sevenths + palette.suspended:
        quality = str(rng.choice(["sus4", "sus2"], p=[0.7, 0.3]))
    bitmap, bass = list_qualities()[quality].bitmap, root
    if rng.random() < palette.inverted:
        over = [i for i in (3, 4, 5, 7) if bitmap >> i & 1]
        bass = root + int(rng.choice(over)) if over else root
    return Chord.from_parts(root % 12, bitmap=bitmap, bass=bass % 12)


def place_chords(
    chords: Sequence[Chord],
    *,
    beat: float,
    beats: Sequence[float] | np.ndarray | float = 4,
    lead: float = 0.0,
    tail: float = 0.0,
) -> ChordSequence:
    """Chords laid out in time, with silence (``N``) before and after where asked.

    Parameters
    ----------
    chords : sequence of Chord
    beat : float, seconds
    beats : float, or array of one for each chord
        Length of each chord in beats.
    lead, tail : float, seconds

    Examples
    --------
    >>> place_chords([Chord("C"), Chord("F")], beat=0.5, lead=1.0).onsets
    array([0., 1., 3.])
    """
    lengths = np.broadcast_to(np.asarray(beats, dtype=float), len(chords)) * beat
    rows = [(Chord.NO_CHORD, lead)] * (lead > 0) + list(zip(chords, lengths)) + [(Chord.NO_CHORD, tail)] * (tail > 0)
    durations = np.array([length for _, length in rows])
    onsets = np.cumsum(durations) - durations
    return ChordSequence([chord for chord, _ in rows], onsets, durations, unit="seconds")
