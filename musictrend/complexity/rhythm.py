"""Harmonic rhythm: how fast chords change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import sum_by_track

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["changes_per_bar", "changes_per_second"]


def _rate(events: EventTable, length: np.ndarray) -> np.ndarray:
    """Events over the time they take, where that is known."""
    known = np.isfinite(length) & (length >= 0)
    track = events.track[known]
    time = sum_by_track(length[known], track, events.n_tracks)
    count = np.bincount(track, minlength=events.n_tracks)
    return np.where(time > 0, count / np.where(time > 0, time, 1), np.nan)


def changes_per_bar(events: EventTable) -> np.ndarray:
    """Chords to the bar, over the bars in which chords sound.

    Equal neighbours are one chord. NaN where bars are not known.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = ChordSequence((Chord("C"), Chord("F"), Chord("G")), unit="bars", durations=[2, 1, 1])
    >>> changes_per_bar(seq.to_table().events("majmin")).tolist()
    [0.75]
    """
    return _rate(events, np.asarray(events.bars, dtype=np.float64))


def changes_per_second(events: EventTable) -> np.ndarray:
    """Chords to the second, over the time in which chords sound; NaN for tracks not timed in seconds.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = ChordSequence((Chord("C"), Chord("F")), unit="seconds", durations=[3.0, 1.0])
    >>> changes_per_second(seq.to_table().events("majmin")).tolist()
    [0.5]
    """
    in_seconds = np.array([unit == "seconds" for unit in events.units], dtype=bool)
    return np.where(in_seconds, _rate(events, events.duration), np.nan)


register(Measure(
    "changes_per_bar", changes_per_bar, "rhythm", "chords/bar", 0, np.inf, True, "root", needs_bars=True,
    core=True,
    title="Chords to the bar",
    description="How many chords sound in a bar.",
    citation="musif (Llorens et al. 2023): chords over measures",
))  # fmt: skip
register(Measure(
    "changes_per_second", changes_per_second, "rhythm", "chords/s", 0, np.inf, True, "root",
    needs_seconds=True,
    title="Chords to the second",
    description="How many chords sound in a second; follows tempo too.",
    citation="musif (Llorens et al. 2023): chords over measures",
))  # fmt: skip
