"""What a reader returns for a score: its notes in time, with bars and written keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from musictrend.errors import ReaderError

__all__ = ["Notes", "beat_length", "collect_notes"]

LONGEST = 1024.0  # quarter notes; a maxima in a slow metre has 32
MAX_NOTES = 2_000_000


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a score, tied notes joined, grace notes left out, at sounding pitch.

    Attributes
    ----------
    onset_quarter, duration_quarter : float64 array, shape (n,)
        In quarter notes from the start, sorted by onset.
    pitch : int16 array, shape (n,)
        MIDI number, 60 is middle C.
    bar_onset_quarter : float64 array, shape (b + 1,)
        Where each bar starts, and where the last one ends.
    beat_quarter : float64 array, shape (b,)
        Length of a beat in each bar.
    fifths : list of (onset_quarter, int)
        Key signatures as they sound: sharps positive.
    title, composer : str
    """

    onset_quarter: np.ndarray
    duration_quarter: np.ndarray
    pitch: np.ndarray
    bar_onset_quarter: np.ndarray
    beat_quarter: np.ndarray
    fifths: list[tuple[float, int]] = field(default_factory=list)
    title: str = ""
    composer: str = ""

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def polyphony(self) -> float:
        """Mean number of notes that sound together while any does."""
        if not len(self):
            return 0.0
        edges = np.concatenate([self.onset_quarter, self.onset_quarter + self.duration_quarter])
        steps = np.concatenate([np.ones(len(self)), -np.ones(len(self))])
        order = np.argsort(edges, kind="stable")
        sounding = np.cumsum(steps[order])[:-1]
        spans = np.diff(edges[order])
        busy = spans[sounding > 0].sum()
        return float((sounding * spans).sum() / busy) if busy > 0 else 0.0


def beat_length(count: float, unit: float) -> float:
    """Length of a beat in quarter notes: three eighths in 6/8, else what stands below.

    Examples
    --------
    >>> beat_length(4, 4), beat_length(6, 8), beat_length(3, 8), beat_length(4, 2)
    (1.0, 1.5, 0.5, 2.0)
    """
    compound = unit >= 8 and count % 3 == 0 and count > 3
    return (12.0 if compound else 4.0) / unit


def collect_notes(
    rows: Sequence[tuple[float, float, int]],
    bars: Sequence[float] | np.ndarray,
    beats: Sequence[float] | np.ndarray,
    fifths: list[tuple[float, int]],
    title: str = "",
    composer: str = "",
) -> Notes:
    """Sort and check the notes of a score.

    Parameters
    ----------
    rows : sequence of (onset_quarter, duration_quarter, pitch)
        In any order; notes without length are left out.
    bars, beats : float arrays, shapes (b + 1,) and (b,)
    fifths : list of (onset_quarter, int)

    Raises
    ------
    ReaderError
        Without notes, and for lengths and pitches that no instrument has.
    """
    if len(rows) > MAX_NOTES:
        raise ReaderError(f"{len(rows):,} notes: at most {MAX_NOTES:,} are read", hint="is this one piece?")
    onset, length, pitch = np.array(rows, dtype=float).reshape(-1, 3).T
    if not np.isfinite(onset).all() or not np.isfinite(length).all():
        raise ReaderError("notes at times that are not finite numbers")
    keep = length > 1e-6
    onset, length, pitch = onset[keep], length[keep], pitch[keep]
    if not len(onset):
        raise ReaderError("a score without notes", hint="rests, grace notes and percussion alone?")
    if length.max() > LONGEST:
        at = int(np.searchsorted(bars, onset[length.argmax()] + 1e-6))
        hint = "are its divisions right?"
        raise ReaderError(f"a note of {length.max():g} quarter notes", place=f"bar {at}", hint=hint)
    if pitch.min() < 0 or pitch.max() > 127:
        odd = pitch.min() if pitch.min() < 0 else pitch.max()
        raise ReaderError(f"a pitch of MIDI number {odd:g}: 0 to 127 are read", hint="is its octave right?")
    order = np.lexsort((pitch, onset))
    return Notes(
        onset[order],
        length[order],
        pitch[order].astype(np.int16),
        np.asarray(bars, dtype=float),
        np.maximum(np.asarray(beats, dtype=float), 0.25),
        fifths,
        title,
        composer,
    )
