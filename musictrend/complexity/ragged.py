"""Arithmetic over the ragged event table that several measures share: slices, windows, counts, means,
transitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.errors import ParameterError

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "Transitions",
    "TypeCounts",
    "check_window",
    "count_types",
    "cut_windows",
    "find_transitions",
    "mean_by_track",
    "relative_sets",
    "remember",
    "remember_value",
    "slice_tracks",
    "sum_by_track",
]

EVENT_COLUMNS = (
    "code", "root", "bass", "bitmap", "chroma", "joined", "duration", "bars", "key_tonic", "key_mode",
    "confidence",
)  # fmt: skip


def remember(events: EventTable, key: Any, make: Callable[[], Any]) -> Any:
    """What ``make`` returns, computed once per event table and key.

    Several measures need the same intermediate (type counts, transitions, windows); it lives as long as the
    table.
    """
    store = events.__dict__.setdefault("_remembered", {})  # past the frozen dataclass on purpose: not a field
    if key not in store:
        store[key] = make()
    return store[key]


def slice_tracks(events: EventTable, start: int, stop: int) -> EventTable:
    """Tracks ``start`` to ``stop`` (not included) as an event table of their own; columns are views."""
    rows = slice(int(events.offsets[start]), int(events.offsets[stop]))
    return replace(
        events,
        track_ids=events.track_ids[start:stop],
        units=events.units[start:stop],
        offsets=events.offsets[start : stop + 1] - events.offsets[start],
        **{name: getattr(events, name)[rows] for name in EVENT_COLUMNS},
    )


def remember_value(events: EventTable, measure: str, options: Mapping[str, Any], value: np.ndarray) -> None:
    """Remember a measure's value that was computed elsewhere, as `evaluate` would."""
    remember(events, ("value", measure, options["window"], options["reference"]), lambda: value)


def check_window(window: int) -> int:
    """Return the window, or raise `ParameterError`."""
    if not isinstance(window, (int, np.integer)) or window < 2:
        raise ParameterError(f"window={window!r} must be a whole number of events, 2 or more; 30 is the default")
    return int(window)


def cut_windows(events: EventTable, window: int) -> tuple[EventTable, np.ndarray]:
    """Cut every track into consecutive windows of equal length, each a row of its own.

    Windows start at the first event and do not overlap; what is left over at the end is dropped, so a track
    shorter than ``window`` has none.

    Returns
    -------
    windows : EventTable, w rows
    owner : int64 array, shape (w,)
        Track of each window.
    """
    check_window(window)

    def cut() -> tuple[EventTable, np.ndarray]:
        per_track = events.n_events // window
        owner = np.repeat(np.arange(events.n_tracks), per_track)
        first = np.concatenate([[0], np.cumsum(per_track)])[:-1]
        place = np.arange(len(owner)) - first[owner]  # 0, 1, ... within each track
        starts = events.offsets[:-1][owner] + place * window
        rows = (starts[:, None] + np.arange(window)).ravel()
        columns = {name: getattr(events, name)[rows] for name in EVENT_COLUMNS}
        columns["joined"][::window] = False
        windows = replace(
            events,
            track_ids=("",) * len(owner),
            units=("order",) * len(owner),
            offsets=np.arange(len(owner) + 1, dtype=np.int64) * window,
            **columns,
        )
        return windows, owner

    return remember(events, ("windows", window), cut)


def sum_by_track(values: np.ndarray, track: np.ndarray, n_tracks: int) -> np.ndarray:
    """Sum of values in each track, in their order: float64 array, shape (n_tracks,)."""
    return np.bincount(track, weights=values, minlength=n_tracks).astype(np.float64)


def mean_by_track(values: np.ndarray, track: np.ndarray, n_tracks: int) -> np.ndarray:
    """Mean of the values that are not NaN in each track; NaN where there are none."""
    there = ~np.isnan(values)
    if not there.all():
        values, track = values[there], track[there]
    count = np.bincount(track, minlength=n_tracks)
    total = sum_by_track(values, track, n_tracks)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class TypeCounts:
    """How often each distinct event occurs in each row.

    Attributes
    ----------
    rank : int32 array, shape (m,)
        Of each event: its type's number in its own row, in the order of first appearance.
    n_types : int64 array, shape (n,)
    count : int64 array, shape (sum of n_types,)
    row : int64 array, like ``count``
    """

    rank: np.ndarray
    n_types: np.ndarray
    count: np.ndarray
    row: np.ndarray


def count_types(events: EventTable) -> TypeCounts:
    """Count the distinct events of every row."""

    def count() -> TypeCounts:
        from musictrend.complexity import kernels

        rank = np.zeros(len(events.code), dtype=np.int32)
        n_types = np.zeros(events.n_tracks, dtype=np.int64)
        n_codes = int(events.code.max()) + 1 if len(events.code) else 0
        kernels.rank_types(np.ascontiguousarray(events.code), events.offsets, n_codes, rank, n_types)
        first = np.concatenate([[0], np.cumsum(n_types)])
        counts = np.bincount(first[events.track] + rank, minlength=first[-1])
        return TypeCounts(rank, n_types, counts, np.repeat(np.arange(events.n_tracks), n_types))

    return remember(events, "types", count)


def relative_sets(chroma: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Pitch-class sets turned so that ``low`` is bit 0: int64 array like them."""
    wide = chroma.astype(np.int64)
    return (wide >> low | wide << (12 - low)) & 4095


@dataclass(frozen=True)
class Transitions:
    """Steps from one event to its neighbour, and their distinct kinds up to transposition.

    Attributes
    ----------
    source, target : int64 array, shape (t,)
        Rows of the event table.
    track : int64 array, shape (t,)
    kind : int64 array, shape (t,)
        Row of the three arrays that follow, shape (k,) each.
    source_set, target_set : int64
        What sounds, relative to each chord's own root.
    interval : int64
        Root interval upward, 0-11.
    """

    source: np.ndarray
    target: np.ndarray
    track: np.ndarray
    kind: np.ndarray
    source_set: np.ndarray
    interval: np.ndarray
    target_set: np.ndarray


def find_transitions(events: EventTable) -> Transitions:
    """Transitions of all tracks: where an event is joined to the one before it."""

    def find() -> Transitions:
        target = np.flatnonzero(events.joined)
        source = target - 1
        sets = relative_sets(events.chroma, np.maximum(events.root, 0))
        present, index = np.unique(sets, return_inverse=True)
        interval = (events.root[target].astype(np.int64) - events.root[source]) % 12
        key = (index[source] * 12 + interval) * max(len(present), 1) + index[target]
        size = max(len(present), 1) ** 2 * 12
        if size <= max(4_000_000, 4 * len(key)):  # a table of marks is quicker than a sort
            marks = np.zeros(size, dtype=bool)
            marks[key] = True
            kinds = np.flatnonzero(marks)
            place = np.zeros(size, dtype=np.int32)
            place[kinds] = np.arange(len(kinds))
            kind = place[key].astype(np.int64)
        else:
            kinds, kind = np.unique(key, return_inverse=True)
        rest, target_index = np.divmod(kinds, max(len(present), 1))
        source_index, step = np.divmod(rest, 12)
        none = np.zeros(0, dtype=np.int64)
        return Transitions(
            source,
            target,
            events.track[target],
            kind,
            present[source_index] if len(kinds) else none,
            step,
            present[target_index] if len(kinds) else none,
        )

    return remember(events, "transitions", find)
