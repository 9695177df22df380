"""What a reader returns for a score: its notes in time, with bars and written keys."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Notes"]


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
        Key signatures as written: sharps positive.
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
