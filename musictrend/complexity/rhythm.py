"""Harmonic rhythm: how fast chords change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import sum_by_track

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["changes_per_bar", "changes_per_beat", "changes_per_second"]


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


def _in_unit(events: EventTable, unit: str) -> np.ndarray:
    """Events over time for tracks timed in that unit; NaN for others."""
    timed = np.array([own == unit for own in events.units], dtype=bool)
    if not timed.any():
        return np.full(events.n_tracks, np.nan)
    return np.where(timed, _rate(events, events.duration), np.nan)


def changes_per_beat(events: EventTable) -> np.ndarray:
    """Chords to the beat, over the time in which chords sound; a beat is a quarter note.

    NaN for tracks not timed in quarter notes.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = ChordSequence((Chord("C"), Chord("F")), unit="quarters", durations=[3.0, 1.0])
    >>> changes_per_beat(seq.to_table().events("majmin")).tolist()
    [0.5]
    """
    return _in_unit(events, "quarters")


def changes_per_second(events: EventTable) -> np.ndarray:
    """Chords to the second, over the time in which chords sound; NaN for tracks not timed in seconds.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = ChordSequence((Chord("C"), Chord("F")), unit="seconds", durations=[3.0, 1.0])
    >>> changes_per_second(seq.to_table().events("majmin")).tolist()
    [0.5]
    """
    return _in_unit(events, "seconds")


register(Measure(
    "changes_per_bar", changes_per_bar, "rhythm", "chords/bar", 0, np.inf, True, "root", needs_bars=True,
    core=True, length_rule="rate",
    title="Chords to the bar",
    description="How many chords sound in a bar.",
    citation="musif (Llorens et al. 2023): chords over measures",
    formula="chords / bars in which chords sound; equal neighbours are one chord",
    blind_to="What the chords are; bars differ in length between metres and notations.",
    example="C for two bars, F and G for one each: 0.75",
))  # fmt: skip
register(Measure(
    "changes_per_second", changes_per_second, "rhythm", "chords/s", 0, np.inf, True, "root",
    needs_seconds=True, length_rule="rate",
    title="Chords to the second",
    description="How many chords sound in a second; follows tempo too.",
    citation="musif (Llorens et al. 2023): chords over measures",
    formula="chords / seconds in which chords sound; equal neighbours are one chord",
    blind_to="Whether harmony or tempo is fast. Estimated chords flicker and raise it.",
    example="C for three seconds, F for one: 0.5",
))  # fmt: skip
register(Measure(
    "changes_per_beat", changes_per_beat, "rhythm", "chords/beat", 0, np.inf, True, "root",
    needs_quarters=True, length_rule="rate",
    title="Chords to the beat",
    description="How many chords sound in a quarter note.",
    citation="musif (Llorens et al. 2023): chords over measures",
    formula="chords / quarter notes in which chords sound; equal neighbours are one chord",
    blind_to="What the chords are; a beat that is no quarter note (6/8, alla breve).",
    example="C for three quarters, F for one: 0.5",
))  # fmt: skip
