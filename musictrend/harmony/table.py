"""The one ragged table of a corpus' harmony.

``ChordTable``
    Flat columns over all chords of all tracks (``label`` code, ``onset``,
    ``duration``, ``bars``, ``key_tonic``, ``key_mode``, ``confidence``), with
    ``offsets`` that say where each track starts, and a small table of the
    *distinct* labels. It maps to Arrow without copying; one song is the case of
    one row.

`EventTable` (``events.py``) is the same at a vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.sequence import UNITS, ChordSequence

if TYPE_CHECKING:
    from musictrend.harmony.events import EventTable

__all__ = ["ChordTable", "LabelTable", "is_repeated", "repeat_value"]

NO_KEY = -1
MODES = ("major", "minor")
BLOCK = 20_000  # tracks gathered at a time


@dataclass(frozen=True)
class LabelTable:
    """The distinct labels of a corpus, one row each.

    Attributes
    ----------
    text : tuple of str, k labels
        In Harte's syntax.
    root, bass : int8 array, shape (k,)
        Pitch class, -1 for N and X.
    bitmap : int16 array, shape (k,)
        Root-relative quality, 0 for N and X.
    chroma : int16 array, shape (k,)
        Absolute set of everything that sounds, 0 for N and X.
    """

    text: tuple[str, ...]
    root: np.ndarray
    bass: np.ndarray
    bitmap: np.ndarray
    chroma: np.ndarray

    @classmethod
    def from_chords(cls, chords: Sequence[Chord]) -> LabelTable:
        """One row per chord given, in that order."""
        none = lambda value: -1 if value is None else value  # noqa: E731
        return cls(
            tuple(chord.label for chord in chords),
            np.array([none(c.root) for c in chords], dtype=np.int8),
            np.array([none(c.bass) for c in chords], dtype=np.int8),
            np.array([c.bitmap for c in chords], dtype=np.int16),
            np.array([c.chroma for c in chords], dtype=np.int16),
        )

    def __len__(self) -> int:
        return len(self.text)

    @property
    def is_chord(self) -> np.ndarray:
        """Which labels are chords (neither N nor X): bool array, shape (k,)."""
        return self.bitmap > 0

    @property
    def quality(self) -> list[str]:
        """Harte quality of each label; ``""`` for N and X."""
        from musictrend.harmony.quality import quality_from_bitmap

        return [quality_from_bitmap(int(b)) if b > 0 else "" for b in self.bitmap]


@dataclass(frozen=True)
class ChordTable:
    """A corpus' chords as one ragged table.

    A column that is the same everywhere takes no memory (`repeat_value`), and neither do the positions that
    stand for onsets where only the order is known (`from_codes`).

    Attributes
    ----------
    track_ids : tuple of str, n tracks
    offsets : int64 array, shape (n + 1,)
        Track ``i`` holds rows ``offsets[i]:offsets[i + 1]``.
    labels : LabelTable
    label : int32 array, shape (m,)
        Row of ``labels``.
    onset, duration : float64 array, shape (m,)
        In the track's unit; for unit ``order`` onset is the position and duration is 1.
    bars : float32 array, shape (m,)
        Duration in bars; NaN where bars are not known.
    key_tonic, key_mode : int8 array, shape (m,)
        0-11 and 0 major, 1 minor; -1 where no key is known.
    confidence : float32 array, shape (m,)
        Probability that the label is right; NaN where nobody says.
    units : tuple of str, n tracks
        ``seconds``, ``quarters``, ``bars`` or ``order``.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> table = ChordTable.from_sequences([ChordSequence.from_labels(["C", "F", "G:7", "C"], track_id="a")])
    >>> table.n_tracks, table.n_chords, table.labels.text
    (1, 4, ('C:maj', 'F:maj', 'G:7'))
    """

    track_ids: tuple[str, ...]
    offsets: np.ndarray
    labels: LabelTable
    label: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    bars: np.ndarray
    key_tonic: np.ndarray
    key_mode: np.ndarray
    confidence: np.ndarray
    units: tuple[str, ...]

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(self.track_ids)

    @property
    def n_chords(self) -> int:
        """Number of rows over all tracks."""
        return len(self.label)

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each track: int64 array, shape (n,)."""
        return np.diff(self.offsets)

    @classmethod
    def from_sequences(cls, sequences: Iterable[ChordSequence]) -> ChordTable:
        """Build a table from chord sequences, in their order."""
        codes: dict[str, int] = {}
        chords: list[Chord] = []
        ids, units, lengths = [], [], []
        columns: dict[str, list] = {name: [] for name in COLUMNS}
        for sequence in sequences:
            ids.append(sequence.track_id)
            units.append(sequence.unit)
            lengths.append(len(sequence))
            for chord in sequence.chords:
                code = codes.get(chord.label)
                if code is None:
                    code = codes[chord.label] = len(chords)
                    chords.append(chord)
                columns["label"].append(code)
            columns["onset"].extend(sequence.onsets)
            columns["duration"].extend(sequence.durations)
            columns["bars"].extend(sequence.bars)
            columns["key_tonic"].extend(NO_KEY if key is None else key.tonic for key in sequence.keys)
            columns["key_mode"].extend(NO_KEY if key is None else MODES.index(key.mode) for key in sequence.keys)
            columns["confidence"].extend(sequence.confidence)
        arrays = {name: np.array(columns[name], dtype=dtype) for name, dtype in COLUMNS.items()}
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        return cls(tuple(ids), offsets, LabelTable.from_chords(chords), units=tuple(units), **arrays)

    @classmethod
    def from_codes(
        cls, track_ids: Sequence[str], offsets: np.ndarray, labels: LabelTable, label: np.ndarray
    ) -> ChordTable:
        """Tracks of which nothing but the order of their chords is known: one number in memory for each chord.

        Examples
        --------
        >>> labels = LabelTable.from_chords([Chord("C"), Chord("G")])
        >>> table = ChordTable.from_codes(["a"], np.array([0, 3]), labels, np.array([0, 1, 0]))
        >>> table.onset.tolist(), table.duration.tolist(), table.units
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], ('order',))
        """
        empty = {"duration": 1.0, "bars": np.nan, "key_tonic": NO_KEY, "key_mode": NO_KEY, "confidence": np.nan}
        return cls(
            tuple(track_ids),
            np.asarray(offsets, dtype=np.int64),
            labels,
            label=np.asarray(label, dtype=np.int32),
            onset=None,  # type: ignore[arg-type]
            units=("order",) * len(track_ids),
            **{name: repeat_value(np.asarray(value, COLUMNS[name]), len(label)) for name, value in empty.items()},
        )

    def with_columns(self, **columns: Any) -> ChordTable:
        """The table with other columns in place of its own; the rest is shared."""
        own = {f.name: self.__dict__[f.name] for f in fields(self)}
        return type(self)(**{**own, **columns})

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process: of a column that is the same everywhere, one value."""
        own = {f.name: self.__dict__[f.name] for f in fields(self)}
        lean = {name: own[name][:1].copy() for name in COLUMNS if own[name] is not None and is_repeated(own[name])}
        return own | lean

    def __setstate__(self, state: dict[str, Any]) -> None:
        n = len(state["label"])
        whole = {name: state[name] for name in COLUMNS}
        lean = {name: repeat_value(c[0], n) for name, c in whole.items() if c is not None and len(c) == 1 < n}
        self.__dict__.update(state | lean)

    def cut(self, start: int, stop: int) -> ChordTable:
        """Tracks ``start`` to ``stop`` (not included) as a table of their own; columns are views."""
        rows = slice(int(self.offsets[start]), int(self.offsets[stop]))
        kept = {name: self.__dict__[name] for name in COLUMNS}
        return self.with_columns(
            track_ids=self.track_ids[start:stop],
            offsets=self.offsets[start : stop + 1] - self.offsets[start],
            units=self.units[start:stop],
            **{name: column if column is None else column[rows] for name, column in kept.items()},
        )

    def cut_points(self, rows: int) -> Iterator[tuple[int, int]]:
        """Track numbers at which to cut, so that the parts hold about so many rows; they depend on the table alone."""
        start = 0
        while start < self.n_tracks:
            stop = int(np.searchsorted(self.offsets, self.offsets[start] + rows, side="right")) - 1
            stop = min(max(stop, start + 1), self.n_tracks)
            yield start, stop
            start = stop

    def compact(self) -> ChordTable:
        """The same table; columns that are the same everywhere, and onsets that are positions, take no memory."""
        if not self.n_chords:
            return self
        leaner: dict[str, np.ndarray | None] = {}
        for name in ("duration", "bars", "key_tonic", "key_mode", "confidence"):
            column = getattr(self, name)
            if not is_repeated(column) and np.array_equal(column[:1].repeat(2), column[[0, -1]], equal_nan=True):
                if (column == column[0]).all() or (column != column).all():
                    leaner[name] = repeat_value(column[0], len(column))
        onset = self.__dict__["onset"]
        if onset is not None and (onset == number_places(self.offsets)).all():
            leaner["onset"] = None
        return self.with_columns(**leaner) if leaner else self

    @classmethod
    def concatenate(cls, tables: Sequence[ChordTable]) -> ChordTable:
        """Join tables; labels are merged by their text, tracks keep their order."""
        if not tables:
            return cls.from_sequences([])
        if len(tables) == 1:
            return tables[0]
        texts: dict[str, int] = {}
        rows: list[tuple[LabelTable, int]] = []
        label_parts = []
        for table in tables:
            recode = np.empty(len(table.labels), dtype=np.int32)
            for i, text in enumerate(table.labels.text):
                if text not in texts:
                    texts[text] = len(rows)
                    rows.append((table.labels, i))
                recode[i] = texts[text]
            same = (recode == np.arange(len(recode))).all()  # the first table, and those with its labels
            label_parts.append(table.label if same else recode[table.label])
        pick = lambda name: np.array(
            [getattr(t, name)[i] for t, i in rows], dtype=getattr(tables[0].labels, name).dtype
        )  # noqa: E731
        labels = LabelTable(tuple(texts), pick("root"), pick("bass"), pick("bitmap"), pick("chroma"))
        lengths = np.concatenate([table.lengths for table in tables])
        return cls(
            tuple(i for table in tables for i in table.track_ids),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            labels,
            label=np.concatenate(label_parts).astype(np.int32, copy=False),
            units=tuple(u for table in tables for u in table.units),
            **{name: _join([t.__dict__[name] for t in tables], tables) for name in COLUMNS if name != "label"},  # type: ignore[arg-type]
        )

    def select(self, tracks: Sequence[int] | np.ndarray) -> ChordTable:
        """The tracks with these row numbers, in that order; labels stay as they are."""
        tracks = np.asarray(tracks, dtype=np.int64)
        lengths = self.lengths[tracks]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        shift = self.offsets[tracks] - offsets[:-1]

        def pick(column: np.ndarray | None) -> np.ndarray | None:
            if column is None or is_repeated(column):
                return column if column is None else repeat_value(column[0], int(offsets[-1]))
            out = np.empty(offsets[-1], dtype=column.dtype)
            for a in range(0, len(tracks), BLOCK):  # row numbers of all tracks at once would outweigh the table
                b = min(a + BLOCK, len(tracks))
                rows = np.arange(offsets[a], offsets[b]) + np.repeat(shift[a:b], lengths[a:b])
                out[offsets[a] : offsets[b]] = column[rows]
            return out

        return self.with_columns(
            track_ids=tuple(self.track_ids[i] for i in tracks),
            offsets=offsets,
            units=tuple(self.units[i] for i in tracks),
            **{name: pick(self.__dict__[name]) for name in COLUMNS},
        )

    def sequence(self, track: int) -> ChordSequence:
        """One track as a `ChordSequence`."""
        from musictrend.harmony.key import Key

        rows = slice(int(self.offsets[track]), int(self.offsets[track + 1]))
        chords = {int(code): Chord(self.labels.text[code]) for code in np.unique(self.label[rows])}
        keys = [
            None if tonic < 0 else Key(int(tonic), MODES[mode])
            for tonic, mode in zip(self.key_tonic[rows], self.key_mode[rows], strict=True)
        ]
        return ChordSequence(
            tuple(chords[int(code)] for code in self.label[rows]),
            self.onset[rows],
            self.duration[rows],
            unit=self.units[track],
            bars=self.bars[rows],
            keys=tuple(keys),
            confidence=self.confidence[rows],
            track_id=self.track_ids[track],
        )

    def __iter__(self) -> Iterator[ChordSequence]:
        return (self.sequence(i) for i in range(self.n_tracks))

    def events(self, vocabulary: str = "sevenths") -> EventTable:
        """Reduce to a vocabulary, merge equal neighbours, take out N and X.

        Examples
        --------
        >>> from musictrend.harmony import ChordSequence
        >>> table = ChordSequence.from_labels(["C:maj", "C:maj7", "N", "C:9", "C:7"]).to_table()
        >>> table.events("majmin").n_events.tolist(), table.events("sevenths").n_events.tolist()
        ([2], [3])
        """
        from musictrend.harmony.events import make_events

        return make_events(self, vocabulary)


def number_places(offsets: np.ndarray) -> np.ndarray:
    """Place of each row in its track, from 0: int32 array."""
    step = np.ones(int(offsets[-1]), dtype=np.int32)
    filled = np.flatnonzero(np.diff(offsets))
    start = offsets[filled]
    if len(start):
        step[start[0]] = 0
        step[start[1:]] = 1 - np.diff(start)  # back to 0 at the start of each track
    return np.cumsum(step, dtype=np.int32, out=step)


def repeat_value(value: Any, n: int) -> np.ndarray:
    """A column of n times the same value, which takes the memory of one."""
    return np.broadcast_to(np.asarray(value), (n,))


def is_repeated(column: np.ndarray) -> bool:
    """Whether a column was made by `repeat_value` (one of equal values need not be)."""
    return len(column) > 0 and column.strides == (0,)


def _join(columns: list[np.ndarray | None], tables: Sequence[ChordTable]) -> np.ndarray | None:
    """One column after the other; what is the same in all of them stays free of memory."""
    filled = [c for c, t in zip(columns, tables, strict=True) if t.n_chords]
    if all(c is None for c in filled or columns):
        return None
    whole = [t.onset if c is None else c for c, t in zip(columns, tables, strict=True)]
    if filled and all(c is not None and is_repeated(c) for c in filled):
        first = filled[0][0]  # type: ignore[index]
        if all(c[0] == first or (c[0] != c[0] and first != first) for c in filled):  # type: ignore[index]
            return repeat_value(first, sum(map(len, whole)))
    return np.concatenate(whole)


class _Onsets:
    """Column ``onset``: kept as given, or, given as None, made from ``offsets`` whenever it is read."""

    def __get__(self, table: ChordTable, owner: type | None = None) -> np.ndarray:
        kept = table.__dict__["onset"]
        return number_places(table.offsets).astype(np.float64) if kept is None else kept

    def __set__(self, table: ChordTable, onset: np.ndarray | None) -> None:
        table.__dict__["onset"] = onset


# Past the dataclass, for which it would be a default.
type.__setattr__(ChordTable, "onset", _Onsets())

# Flat columns of a ChordTable and their types.
COLUMNS = {
    "label": np.int32,
    "onset": np.float64,
    "duration": np.float64,
    "bars": np.float32,
    "key_tonic": np.int8,
    "key_mode": np.int8,
    "confidence": np.float32,
}

assert set(COLUMNS) < {f.name for f in fields(ChordTable)}


def check_unit(unit: str) -> str:
    """Return the unit, or raise `ParameterError` naming those accepted."""
    if unit not in UNITS:
        raise ParameterError(f"unit={unit!r} must be one of {', '.join(map(repr, UNITS))}")
    return unit
