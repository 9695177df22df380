"""Beats and downbeats of a recording: where changes of chord may snap to, and how long a chord is in bars.

madmom counts beats within bars; librosa finds beats alone, so that without
madmom, and where its models may not be used, no duration in bars is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from musictrend.extraction.engines import madmom

__all__ = ["NO_BEATS", "Beats", "LibrosaTracker", "MadmomTracker", "Tracker", "choose_tracker"]


@dataclass(frozen=True)
class Beats:
    """Beats of one recording.

    Attributes
    ----------
    times : array, shape (n_beats,), seconds, rising
    positions : int array, shape (n_beats,)
        Position in the bar from 1 (the downbeat); 0 where bars are not known.
    tracker : str
        Who found them.
    """

    times: np.ndarray
    positions: np.ndarray
    tracker: str = ""

    def __len__(self) -> int:
        return len(self.times)

    @property
    def downbeats(self) -> np.ndarray:
        """Times of the first beats of bars; empty where bars are not known."""
        return self.times[self.positions == 1]

    def cut(self, shift: float, low: float, high: float) -> Beats:
        """Beats moved by ``shift`` seconds, and of those the ones from ``low`` to before ``high``."""
        times = self.times + shift
        keep = (times >= low) & (times < high)
        return Beats(times[keep], self.positions[keep], self.tracker)

    @staticmethod
    def join(parts: Iterable[Beats]) -> Beats:
        """Beats of stretches that follow each other."""
        parts = list(parts)
        tracker = next((p.tracker for p in parts if p.tracker), "")
        if not parts:
            return NO_BEATS
        return Beats(np.concatenate([p.times for p in parts]), np.concatenate([p.positions for p in parts]), tracker)

    def bars(self, onsets: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """How many bars lie between onsets and offsets, fractions too; NaN where bars are not known.

        Time runs evenly from downbeat to downbeat, and before the first and after the last
        as in the nearest bar.

        Examples
        --------
        >>> beats = Beats(np.arange(8) * 0.5, np.array([1, 2, 3, 4] * 2), "madmom")
        >>> beats.bars(np.array([0.0, 1.0]), np.array([1.0, 4.0])).tolist()
        [0.5, 1.5]
        """
        downbeats = self.downbeats
        if len(downbeats) < 2:
            return np.full(len(onsets), np.nan)
        steps = np.diff(downbeats)
        number = np.arange(len(downbeats), dtype=float)

        def place(times: np.ndarray) -> np.ndarray:
            inside = np.interp(times, downbeats, number)
            before = np.minimum(times - downbeats[0], 0) / steps[0]
            after = np.maximum(times - downbeats[-1], 0) / steps[-1]
            return inside + before + after

        return place(np.asarray(offsets)) - place(np.asarray(onsets))


NO_BEATS = Beats(np.zeros(0), np.zeros(0, dtype=int))


class Tracker(Protocol):
    """What finds beats in samples."""

    name: str
    licence_code: str
    licence_weights: str
    commercial: bool
    sample_rate: int

    def version(self) -> str:
        """Version of what gives the numbers."""

    def track(self, y: np.ndarray, *, threads: int = 1) -> Beats:
        """Beats of one stretch of mono samples at `sample_rate`."""


class MadmomTracker:
    """Beats and downbeats by madmom's recurrent networks (CC BY-NC-SA 4.0)."""

    name = "madmom"
    licence_code, licence_weights = "BSD-3-Clause", "CC BY-NC-SA 4.0"
    commercial = False
    sample_rate = 44100

    def version(self) -> str:
        """Version of the installed package: models come with it."""
        return f"madmom {madmom.find_version()}"

    def track(self, y: np.ndarray, *, threads: int = 1) -> Beats:
        """Beats with their positions in bars of three or four."""
        from musictrend.extraction.engines.madmom_beats import hear_beats
        from musictrend.extraction.metre import place_beats

        if len(y) < self.sample_rate:
            return NO_BEATS
        times, positions = place_beats(hear_beats(y, threads=threads))
        return Beats(times, positions, self.name)


class LibrosaTracker:
    """Beats by librosa's onset strength and dynamic programming; bars are not known."""

    name = "librosa"
    licence_code, licence_weights = "ISC", "none"
    commercial = True
    sample_rate = 22050

    def version(self) -> str:
        """Version of librosa."""
        from importlib.metadata import version

        return f"librosa {version('librosa')}"

    def track(self, y: np.ndarray, *, threads: int = 1) -> Beats:
        """Beats without positions."""
        import librosa

        if len(y) < self.sample_rate:
            return NO_BEATS
        _, times = librosa.beat.beat_track(y=y, sr=self.sample_rate, units="time", trim=False)
        times = np.asarray(times, dtype=float)
        return Beats(times, np.zeros(len(times), dtype=int), self.name)


def choose_tracker(*, commercial: bool = False) -> Tracker:
    """Madmom's tracker where it is present and may be used, else librosa's."""
    if not commercial and not madmom.find_problem():
        return MadmomTracker()
    return LibrosaTracker()
