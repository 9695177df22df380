"""What the chords of a song say about its key, as numbers that turn with the music.

A chord is a *cell*: its root and one of seven families. Evidence comes in two
kinds, both with absolute roots, so that a transposed song has the same numbers
in other places:

*places*
    How much of the song lies on each cell: by time, by its square root (a
    dominant that sounds but seldom still counts), the first and the last chord,
    what sounds where a group of four or eight bars begins, the longest chord;
    then how much of it each pitch class sounds, and is in the bass.
*moves*
    The square root of each move's share among the changes of chord: the root
    moved to, the interval, and the third of both chords.

A weight is learned for each of them *above the tonic*, in major and in minor;
`turn_weights` lays the weights out for all 24 keys, so that one product of
matrices scores every key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from musictrend.harmony.table import ChordTable

__all__ = [
    "FAMILIES",
    "INNER_MOVES",
    "INNER_PLACES",
    "KEYS",
    "KeyEvents",
    "list_events",
    "song_evidence",
    "turn_weights",
]

FAMILIES = ("major", "minor", "dominant", "minor seventh", "major seventh", "diminished", "other")
KEYS = 24  # tonic + 12 in minor
CELLS = 12 * len(FAMILIES)
COARSE = np.array([0, 1, 2, 1, 0, 3, 0])  # of a family: major, minor, dominant, diminished
INNER_MOVES = 4 * 4 * 12  # third of both chords and the interval between them, for each root moved to
_ON_CELLS = ("time", "root of time", "first", "last", "four bars", "eight bars", "longest")
INNER_PLACES = 7 * len(_ON_CELLS) + 3  # and pitch classes: in the bass, sounding, root of sounding
DOWNBEAT = 0.1  # of a bar; written bars do not add up more exactly


@cache
def _family_of_bitmap() -> np.ndarray:
    """Family of each 12-bit quality: shape (4096,)."""
    bits = np.arange(4096)
    has = lambda i: bits >> i & 1 == 1  # noqa: E731
    family = np.full(4096, 6)
    family[has(4)] = 0
    family[has(3) & ~has(4)] = 1
    family[has(4) & has(10)] = 2
    family[has(3) & ~has(4) & has(10)] = 3
    family[has(4) & has(11)] = 4
    family[has(3) & ~has(4) & has(6) & ~has(7)] = 5
    return family


@dataclass(frozen=True, eq=False)
class KeyEvents:
    """Sounding chords of n tracks, equal neighbours (by cell) as one event.

    Attributes
    ----------
    n_tracks : int
    track, cell : int64 array, shape (m,)
        Track number, and ``root * 7 + family``.
    weight : float64 array, shape (m,)
        How long each sounds, in the track's unit.
    move : int64 array, shape (m,)
        ``root * 192`` + families and interval of the change that leads to an event; -1 for the first of a track.
    of_row : int64 array, shape (rows of the table,)
        Event that each row of the table is part of; -1 for N and X.
    """

    n_tracks: int
    track: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    move: np.ndarray
    of_row: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Events of each track: int64 array, shape (n_tracks,)."""
        return np.bincount(self.track, minlength=self.n_tracks)

    @property
    def relative_length(self) -> np.ndarray:
        """Square root of how long each event is beside its track's mean, within bounds: shape (m,)."""
        counts = np.maximum(self.lengths, 1)
        mean = np.bincount(self.track, weights=self.weight, minlength=self.n_tracks) / counts
        return np.sqrt(np.clip(self.weight / mean[self.track], 0.1, 6.0))


def list_events(chords: ChordTable) -> KeyEvents:
    """The chords of a table as events of the key model.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> events = list_events(ChordSequence.from_labels(["C", "C:maj", "N", "G:7", "C"]).to_table())
    >>> events.cell.tolist(), events.weight.tolist(), events.of_row.tolist()
    ([0, 51, 0], [2.0, 1.0, 1.0], [0, 0, -1, 1, 2])
    """
    labels = chords.labels
    sounding = labels.is_chord[chords.label] if len(labels) else np.zeros(chords.n_chords, dtype=bool)
    rows = np.flatnonzero(sounding)
    label = chords.label[rows]
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)[rows]
    cell_of_label = np.maximum(labels.root, 0).astype(np.int64) * 7 + _family_of_bitmap()[labels.bitmap]
    cell = cell_of_label[label] if len(label) else np.zeros(0, np.int64)
    new = np.ones(len(cell), dtype=bool)  # N and X between equal chords do not part them
    new[1:] = (cell[1:] != cell[:-1]) | (track[1:] != track[:-1])
    event = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    weight = np.bincount(event, weights=_weight(chords, rows), minlength=len(first)) if len(first) else np.zeros(0)
    of_row = np.full(chords.n_chords, -1, dtype=np.int64)
    of_row[rows] = event
    cell, track = cell[first], track[first]
    move = np.full(len(cell), -1, dtype=np.int64)
    at = np.flatnonzero(track[1:] == track[:-1])
    root, coarse = cell // 7, COARSE[cell % 7]
    kind = (coarse[at] * 4 + coarse[at + 1]) * 12 + (root[at + 1] - root[at]) % 12
    move[at + 1] = root[at + 1] * INNER_MOVES + kind
    return KeyEvents(chords.n_tracks, track, cell, weight, move, of_row)


def _weight(chords: ChordTable, rows: np.ndarray) -> np.ndarray:
    """How long rows sound; what has no length counts as one."""
    return np.maximum(np.nan_to_num(chords.duration[rows], nan=1.0), 1e-6)


def song_evidence(chords: ChordTable, events: KeyEvents) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What each track as a whole says about its key.

    Returns
    -------
    places : float32 array, shape (n_tracks, 12, 52)
        By absolute root or pitch class.
    move_track, move : int64 array, shape (k,)
        Distinct moves of each track, sorted by track.
    move_value : float32 array, shape (k,)
        Square root of each one's share.
    """
    n = chords.n_tracks
    rows = np.flatnonzero(events.of_row >= 0)
    event = events.of_row[rows]
    track, cell = events.track[event], events.cell[event]
    weight = _weight(chords, rows)
    total = np.maximum(np.bincount(track, weights=weight, minlength=n), 1e-12)
    places = np.zeros((n, 12, INNER_PLACES), dtype=np.float32)

    def share(kind: str, track: np.ndarray, cell: np.ndarray, weight: np.ndarray) -> None:
        """Fill one kind of place: what sounds on each cell, as a share."""
        value = np.bincount(track * CELLS + cell, weights=weight, minlength=n * CELLS).reshape(n, CELLS)
        value = value / np.maximum(value.sum(axis=1, keepdims=True), 1e-12)
        at = 7 * _ON_CELLS.index(kind)
        places[:, :, at : at + 7] = value.reshape(n, 12, 7)

    share("time", track, cell, weight)
    places[:, :, 7:14] = np.sqrt(places[:, :, :7])
    starts = np.flatnonzero(np.diff(events.track, prepend=-1))
    ends = np.append(starts[1:], len(events.track)) - 1 if len(starts) else starts
    share("first", events.track[starts], events.cell[starts], np.ones(len(starts)))
    share("last", events.track[ends], events.cell[ends], np.ones(len(ends)))
    first = np.flatnonzero(np.diff(track, prepend=-1))
    bars = chords.bars[rows].astype(np.float64)
    begin = np.cumsum(np.nan_to_num(bars)) - np.nan_to_num(bars)
    begin -= np.repeat(begin[first], np.diff(np.append(first, len(track))))  # bars since the track's first chord
    for kind, group in (("four bars", 4), ("eight bars", 8)):
        on = np.isfinite(bars) & (np.abs((begin + 0.02) % group) < DOWNBEAT)
        share(kind, track[on], cell[on], np.ones(on.sum()))
    longest = np.zeros(n)
    np.maximum.at(longest, events.track, events.weight)
    long = events.weight >= 0.999 * longest[events.track]
    share("longest", events.track[long], events.cell[long], np.ones(long.sum()))
    label = chords.label[rows]
    part = weight / total[track]
    if len(label):
        bass = chords.labels.bass.astype(np.int64)[label]
        places[:, :, -3] = np.bincount(track * 12 + bass, weights=part, minlength=n * 12).reshape(n, 12)
        sounds = (chords.labels.chroma[:, None].astype(np.int64) >> np.arange(12) & 1).astype(np.float32)
        heard = sounds[label] * part[:, None].astype(np.float32)
        places[track[first], :, -2] = np.add.reduceat(heard, first, axis=0)
        places[:, :, -1] = np.sqrt(places[:, :, -2])
    moved = np.flatnonzero(events.move >= 0)
    changes = np.bincount(events.track[moved], minlength=n)
    slot = events.track[moved] * (12 * INNER_MOVES) + events.move[moved]
    distinct, count = np.unique(slot, return_counts=True)
    move_track, move = np.divmod(distinct, 12 * INNER_MOVES)
    return places, move_track, move, np.sqrt(count / changes[move_track]).astype(np.float32)


def turn_weights(weights: np.ndarray) -> np.ndarray:
    """Weights above the tonic, laid out for every key.

    Parameters
    ----------
    weights : float array, shape (2, 12, d)
        By mode, semitones above the tonic, and kind.

    Returns
    -------
    table : float array, shape (12 * d, 24)
        By absolute root and kind; key ``tonic + 12 * mode``.

    Examples
    --------
    >>> tonic_chord = np.zeros((2, 12, 1)); tonic_chord[0, 0] = 1.0
    >>> turn_weights(tonic_chord)[7].argmax()          # what sounds on G speaks for G major
    np.int64(7)
    """
    modes, twelve, d = weights.shape
    table = np.empty((twelve, d, modes, twelve), dtype=weights.dtype)
    for tonic in range(12):
        table[:, :, :, tonic] = np.roll(weights, tonic, axis=1).transpose(1, 2, 0)
    return table.reshape(twelve * d, KEYS)
