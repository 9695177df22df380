"""Two sides of chords on one time line: the pieces over which neither changes.

The rules are those of mir_eval, so that figures compare: the estimate is
cropped to the time the reference covers, and padded with ``N`` where it does
not reach; inside a side, silence between two chords belongs to the chord before
it. A chord that overlaps the next one ends where that one begins. All tracks
are aligned at once.

References
----------
.. [1] Raffel et al. (2014). mir_eval: a transparent implementation of common MIR metrics. ISMIR.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.table import ChordTable

__all__ = ["Alignment", "Intervals", "align_chords"]

PADDING = -1  # row of the N that an estimate is padded with
SAME_TIME = 1e-9  # the end of a chord and the start of the next, written with rounding, are one time


@dataclass(frozen=True, eq=False)
class Intervals:
    """When each chord of a side sounds, sorted by track and time, never overlapping.

    Attributes
    ----------
    track, row : int64 array, shape (k,)
        Track number, and row of the chord in its table (-1 for padding).
    start, end : float64 array, shape (k,)
    """

    track: np.ndarray
    row: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def take(self, which: np.ndarray) -> Intervals:
        """Some of the intervals, by number or mask."""
        return Intervals(self.track[which], self.row[which], self.start[which], self.end[which])

    def merge(self, code: np.ndarray) -> Intervals:
        """Neighbours of one track with equal codes, shape (k,), as one interval."""
        first = np.ones(len(code), dtype=bool)
        first[1:] = (code[1:] != code[:-1]) | (self.track[1:] != self.track[:-1])
        starts = np.flatnonzero(first)
        last = np.append(starts[1:], len(code)) - 1 if len(code) else starts
        return replace(self.take(starts), end=self.end[last])


@dataclass(frozen=True, eq=False)
class Alignment:
    """Both sides of n tracks on one time line.

    Attributes
    ----------
    track : int64 array, shape (m,)
        Track of each piece.
    duration : float64 array, shape (m,)
    reference_row, estimate_row : int64 array, shape (m,)
        Which row of its table sounds in a piece; -1 where the estimate is padded with ``N``.
    reference, estimate : Intervals
        The chords that the pieces were cut from, the estimate cropped and padded.
    n_tracks : int
    """

    track: np.ndarray
    duration: np.ndarray
    reference_row: np.ndarray
    estimate_row: np.ndarray
    reference: Intervals
    estimate: Intervals
    n_tracks: int

    @property
    def durations(self) -> np.ndarray:
        """Time that the reference of each track covers: float64 array, shape (n_tracks,)."""
        return np.bincount(self.track, weights=self.duration, minlength=self.n_tracks)


def align_chords(reference: ChordTable, estimate: ChordTable) -> Alignment:
    """Cut the time of each track into pieces over which neither side changes.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each pair in one unit that is a time.

    Raises
    ------
    ParameterError
        When the tables differ in their number of tracks.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = lambda labels, lengths: ChordSequence(
    ...     tuple(map(Chord, labels)), durations=lengths, unit="seconds").to_table()
    >>> pieces = align_chords(seq(["C", "G"], [2.0, 2.0]), seq(["C", "A:min"], [1.0, 2.0]))
    >>> pieces.duration.tolist(), pieces.reference_row.tolist(), pieces.estimate_row.tolist()
    ([1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1], [0, 1, 1, -1])
    """
    if reference.n_tracks != estimate.n_tracks:
        raise ParameterError(
            f"{reference.n_tracks} reference tracks for {estimate.n_tracks} estimated ones: they must be the same"
        )
    n = reference.n_tracks
    told = _intervals(reference)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, told.track, told.start)
    np.maximum.at(high, told.track, told.end)
    guessed = _fit(_intervals(estimate), low, high)
    sides = (told, guessed)
    track = np.concatenate([side.track for side in sides for _ in range(2)])
    time = np.concatenate([np.concatenate([side.start, side.end]) for side in sides])
    at, edge_track, edge = _distinct_times(track, time)
    inside = np.flatnonzero(edge_track[1:] == edge_track[:-1])
    k = len(told.track)
    return Alignment(
        edge_track[inside],
        np.diff(edge)[inside],
        told.row[_last_begun(at[:k], len(edge))[inside]],
        guessed.row[_last_begun(at[2 * k : 2 * k + len(guessed.track)], len(edge))[inside]],
        told,
        guessed,
        n,
    )


def longest_pieces(whole: Intervals, cuts: Intervals) -> np.ndarray:
    """Longest stretch of each interval that no boundary of ``cuts`` parts: shape (k,)."""
    k = len(whole.track)
    track = np.concatenate([whole.track, whole.track, cuts.track, cuts.track])
    at, edge_track, edge = _distinct_times(track, np.concatenate([whole.start, whole.end, cuts.start, cuts.end]))
    owner = _last_begun(at[:k], len(edge))[:-1]
    length = np.diff(edge)
    inside = (owner >= 0) & (edge_track[1:] == edge_track[:-1])
    inside[inside] &= edge[:-1][inside] < whole.end[owner[inside]]
    inside[inside] &= edge_track[:-1][inside] == whole.track[owner[inside]]
    longest = np.zeros(k)
    np.maximum.at(longest, owner[inside], length[inside])
    return longest


def _intervals(table: ChordTable) -> Intervals:
    """Chords with a place in time and a length, sorted; overlaps end at the next start."""
    track = np.repeat(np.arange(table.n_tracks), table.lengths)
    rows = np.flatnonzero(np.isfinite(table.onset) & (table.duration > 0))
    rows = rows[np.lexsort((rows, table.onset[rows], track[rows]))]
    start = table.onset[rows]
    found = Intervals(track[rows], rows, start, start + table.duration[rows])
    if len(rows) > 1:
        follows = np.append(found.track[1:] == found.track[:-1], False)
        after = np.append(start[1:], np.inf)
        np.copyto(found.end, after, where=follows & (found.end > after - SAME_TIME))
    return found.take(found.end > found.start)


def _fit(side: Intervals, low: np.ndarray, high: np.ndarray) -> Intervals:
    """A side cropped to the span of each track, and padded with N where it does not reach."""
    side = replace(side, start=np.maximum(side.start, low[side.track]), end=np.minimum(side.end, high[side.track]))
    side = side.take(side.end > side.start)
    first, last = high.copy(), np.full(len(low), -np.inf)
    np.minimum.at(first, side.track, side.start)
    np.maximum.at(last, side.track, side.end)
    before = np.flatnonzero(low < first)
    after = np.flatnonzero(np.isfinite(last) & (last < high))
    track = np.concatenate([side.track, before, after])
    row = np.concatenate([side.row, np.full(len(before) + len(after), PADDING)])
    start = np.concatenate([side.start, low[before], last[after]])
    end = np.concatenate([side.end, first[before], high[after]])
    return Intervals(track, row, start, end).take(np.lexsort((start, track)))


def _distinct_times(track: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place of each time among the distinct ones of its track, and these, sorted: track and time."""
    order = np.lexsort((time, track))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(track[order]) != 0) | (np.diff(time[order]) != 0)
    at = np.empty(len(order), dtype=np.int64)
    at[order] = np.cumsum(new) - 1
    return at, track[order][new], time[order][new]


def _last_begun(starts: np.ndarray, n: int) -> np.ndarray:
    """Number of the interval that began last at each of n places; -1 before the first."""
    begun = np.full(n, -1, dtype=np.int64)
    begun[starts] = np.arange(len(starts))
    return np.maximum.accumulate(begun)
