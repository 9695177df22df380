"""The events that measures run over: a corpus' chords at a vocabulary.

``EventTable``
    Chords reduced to the vocabulary, equal neighbours merged, N and X taken out (chords on the two sides of
    what was taken out are not merged).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from musictrend.harmony.reduction import check_vocabulary, reduce_bitmap
from musictrend.harmony.table import ChordTable, LabelTable, is_repeated, repeat_value

__all__ = ["EventTable", "make_events", "number_events"]


@dataclass(frozen=True)
class EventTable:
    """The events of all tracks at one vocabulary: what every measure reads.

    Attributes
    ----------
    vocabulary : str
    track_ids, units : tuple of str, n tracks
    offsets : int64 array, shape (n + 1,)
    code : int32 array, shape (m,)
        Equal for equal events of this table, from 0.
    root, bass : int8 array, shape (m,)
        Absolute pitch classes; bass is the root below vocabulary ``full``.
    bitmap : int16 array, shape (m,)
        Root-relative quality after reduction.
    chroma : int16 array, shape (m,)
        Absolute set that sounds (with the bass at ``full`` alone).
    joined : bool array, shape (m,)
        Whether the event before it in the same track is its neighbour: False
        at the start of a track and after N or X. Transitions exist where True.
    duration : float64 array, shape (m,)
        In the track's unit.
    bars : float64 array, shape (m,)
        In bars; NaN where not known.
    key_tonic, key_mode : int8 array, shape (m,)
        -1 where not known; 0 major, 1 minor.
    confidence : float32 array, shape (m,)
        Duration-weighted; NaN where nobody says.
    """

    vocabulary: str
    track_ids: tuple[str, ...]
    units: tuple[str, ...]
    offsets: np.ndarray
    code: np.ndarray
    root: np.ndarray
    bass: np.ndarray
    bitmap: np.ndarray
    chroma: np.ndarray
    joined: np.ndarray
    duration: np.ndarray
    bars: np.ndarray
    key_tonic: np.ndarray
    key_mode: np.ndarray
    confidence: np.ndarray

    @classmethod
    def deferred(cls, chords: ChordTable, vocabulary: str) -> EventTable:
        """A table whose columns are made when the first of them is read: many measures need none."""
        table = object.__new__(cls)
        known = {"vocabulary": check_vocabulary(vocabulary), "track_ids": chords.track_ids, "units": chords.units}
        table.__dict__.update(known, _chords=chords)
        return table

    def __getattr__(self, name: str) -> Any:
        """Columns of a deferred table."""
        chords = self.__dict__.get("_chords")
        if chords is None or name not in self.__dataclass_fields__:
            raise AttributeError(f"EventTable has no attribute {name!r}")
        self.__dict__.update(make_events(chords, self.vocabulary).__dict__, _chords=None)
        return self.__dict__[name]

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(self.track_ids)

    @property
    def n_events(self) -> np.ndarray:
        """Events of each track: int64 array, shape (n,)."""
        return np.diff(self.offsets)

    @property
    def track(self) -> np.ndarray:
        """Track number of each event: int64 array, shape (m,)."""
        return np.repeat(np.arange(self.n_tracks), self.n_events)


def make_events(chords: ChordTable, vocabulary: str) -> EventTable:
    """What `ChordTable.events` returns."""
    reduced = reduce_bitmap(chords.labels.bitmap, vocabulary)  # (k,)
    full = vocabulary == "full"
    bass = chords.labels.bass if full else chords.labels.root
    turned = reduced.astype(np.int32) << np.maximum(chords.labels.root, 0)
    chroma = np.where(reduced > 0, (turned | turned >> 12) & 4095, 0).astype(np.int16)
    if full:
        chroma = chords.labels.chroma
    code_of_label = number_events(chords.labels, vocabulary)
    n = chords.n_chords
    code = code_of_label[chords.label] if len(code_of_label) else chords.label
    starts = np.ones(n, dtype=bool)
    starts[1:] = code[1:] != code[:-1]
    starts[chords.offsets[:-1][chords.lengths > 0]] = True
    first = np.flatnonzero(starts)  # of each run of equal neighbours
    sounding = code[first] >= 0
    keep = first[sounding]
    lengths = np.diff(first, append=n)

    def total(column: np.ndarray) -> np.ndarray:
        """Sum over each run."""
        if is_repeated(column):
            return column[0].astype(np.float64) * lengths
        return np.add.reduceat(column.astype(np.float64, copy=False), first) if n else np.zeros(0)

    weight = chords.duration if is_repeated(chords.duration) else np.nan_to_num(chords.duration)
    duration = total(weight)
    if is_repeated(chords.confidence) and np.isnan(chords.confidence[0]):
        confidence = repeat_value(np.float32(np.nan), len(keep))
    else:
        confidence = total(np.nan_to_num(chords.confidence) * weight) / np.maximum(duration, 1e-12)
        confidence[total(np.isnan(chords.confidence).astype(float)) > 0] = np.nan
        confidence = confidence[sounding].astype(np.float32)
    # An event is joined to the one before it when nothing was taken out between them.
    offsets = np.searchsorted(keep, chords.offsets)
    joined = np.zeros(len(keep), dtype=bool)
    joined[1:] = np.diff(np.flatnonzero(sounding)) == 1
    joined[offsets[:-1][np.diff(offsets) > 0]] = False
    label = chords.label[keep]
    take = lambda column: (  # noqa: E731
        repeat_value(column[0], len(keep)) if is_repeated(column) and len(keep) else column[keep]
    )
    return EventTable(
        vocabulary=vocabulary,
        track_ids=chords.track_ids,
        units=chords.units,
        offsets=offsets.astype(np.int64),
        code=code[keep],
        root=chords.labels.root[label] if len(label) else np.zeros(0, np.int8),
        bass=bass[label] if len(label) else np.zeros(0, np.int8),
        bitmap=reduced[label] if len(label) else np.zeros(0, np.int16),
        chroma=chroma[label] if len(label) else np.zeros(0, np.int16),
        joined=joined,
        duration=duration[sounding],
        bars=(
            repeat_value(np.float64(np.nan), len(keep))
            if is_repeated(chords.bars) and np.isnan(chords.bars[0])
            else total(chords.bars)[sounding]
        ),
        key_tonic=take(chords.key_tonic),
        key_mode=take(chords.key_mode),
        confidence=confidence,
    )


def number_events(labels: LabelTable, vocabulary: str) -> np.ndarray:
    """Code of each label at a vocabulary: int32 array, shape (k,).

    Equal for labels that are the same event there, from 0; -1 for N, X and what the vocabulary does not hold.
    """
    reduced = reduce_bitmap(labels.bitmap, check_vocabulary(vocabulary)).astype(np.int64)
    bass = labels.bass if vocabulary == "full" else labels.root
    packed = np.where(reduced > 0, (reduced * 12 + labels.root) * 12 + np.maximum(bass, 0), -1)
    distinct, code = np.unique(packed, return_inverse=True)
    if len(distinct) and distinct[0] == -1:
        code = code - 1
    return code.astype(np.int32)
