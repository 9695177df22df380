"""Form: how much of a song returns, as loops and as longer sections.

All three read chords as symbols: what returns must return exactly, in the same key and at the vocabulary's
resolution. They stand with rhythm, for they tell how harmony is laid out in time and not what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW, Measure, register
from musictrend.complexity.ragged import count_types, cut_windows, mean_by_track

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["loop_share", "repetition_share", "section_repetition"]

BLOCK = 4  # chords in a block that returns
SECTION = 8  # chords in a block that tells a section from a loop
LONGEST_LOOP = 8  # chords in a loop


def _share_repeated(events: EventTable, length: int, skip_loops: bool) -> np.ndarray:
    """Share of each row's events inside blocks that occur twice."""
    from musictrend.complexity import repetition_kernels

    out = np.empty(events.n_tracks)
    repetition_kernels.share_repeated(count_types(events).rank, events.offsets, length, skip_loops, out)
    return out


def repetition_share(events: EventTable) -> np.ndarray:
    """Share of chords that lie inside a block of four that occurs more than once in the stretch.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G", "A:min", "F", "D", "C", "G", "A:min", "F", "E"])
    >>> repetition_share(seq.to_table().events("majmin")).tolist()
    [0.8]
    """
    return _share_repeated(events, BLOCK, False)


def loop_share(events: EventTable) -> np.ndarray:
    """Longest stretch that goes round in a loop of up to eight chords, as a share of the window.

    The loop must come round twice at least.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        0 where nothing loops; NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G", "F", "C", "G", "F", "D", "E", "A", "B"])
    >>> loop_share(seq.to_table().events("majmin")).tolist()
    [0.6]
    """
    from musictrend.complexity import repetition_kernels

    out = np.empty(events.n_tracks)
    repetition_kernels.share_looped(count_types(events).rank, events.offsets, LONGEST_LOOP, out)
    return out


def section_repetition(events: EventTable, window: int = WINDOW) -> np.ndarray:
    """Share of chords in sections that return: blocks of eight or more with something else before they come back.

    Taken in stretches of two windows, for a section is longer than a loop. A block that comes back at once is a
    loop going round and does not count by itself: between its two places lies at least one other block of eight.

    Parameters
    ----------
    events : EventTable, n tracks
    window : int
        Half the length of a stretch; shorter tracks are absent (NaN).

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> verse = ["C", "A:min", "F", "G", "E:min", "D:min", "G", "F"]
    >>> bridge = ["Ab", "Bb", "Eb", "Db", "F#", "B", "E", "A"]
    >>> seq = ChordSequence.from_labels(verse + bridge + verse)
    >>> section_repetition(seq.to_table().events("majmin"), window=12).round(4).tolist()
    [0.6667]
    """
    stretches, owner = cut_windows(events, 2 * window)
    return mean_by_track(_share_repeated(stretches, SECTION, True), owner, events.n_tracks)


_EXACT = "Varied repeats: one changed chord, or a new key, is no repeat. Wrong labels lower it."

register(Measure(
    "repetition_share", repetition_share, "rhythm", "share", 0, 1, False, "root", windowed=True,
    title="Chords heard before",
    description="Share of chords inside a run of four that occurs again within 30 chords.",
    citation="musictrend; compare Parada-Cabaleiro et al. (2024), Sci. Rep. 14:5531 (repeated lines)",
    formula="events inside blocks of 4 that occur twice or more in the window / 30",
    blind_to=_EXACT,
    example="C G Am F D C G Am F E: 0.8; any loop: 1",
))  # fmt: skip
register(Measure(
    "loop_share", loop_share, "rhythm", "share", 0, 1, False, "root", windowed=True,
    title="Longest loop",
    description="How much of 30 chords is one loop of up to eight chords going round.",
    citation="musictrend; loops as in Tagg (2014), Everyday Tonality II",
    formula="longest run in which chord t = chord t - p, p of 2 to 8, counted from its first round, over two "
    "rounds at least / 30",
    blind_to=_EXACT + " Longer loops than eight.",
    example="C G F C G F D E A B: 0.6",
))  # fmt: skip
register(Measure(
    "section_repetition", section_repetition, "rhythm", "share", 0, 1, False, "root", options=("window",),
    length_rule="window",
    title="Sections that return",
    description="Share of chords, in stretches of 60, that belong to a passage of eight or more which comes back "
    "after something else.",
    citation="musictrend; compare Burgoyne, Wild & Fujinaga (2011), ISMIR",
    formula="events inside blocks of 8 that occur again 16 or more chords away in the stretch / 60; a stretch is "
    "two windows",
    blind_to=_EXACT + " Songs of fewer than 60 chords have no value. A loop that goes on for 24 chords counts as "
    "sections that return.",
    example="Verse, bridge, verse of eight different chords each: 0.6667",
))  # fmt: skip
