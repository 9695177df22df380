"""The one ragged table of a corpus' harmony, and the events measures run over.

``ChordTable``
    Flat columns over all chords of all tracks (``label`` code, ``onset``,
    ``duration``, ``bars``, ``key_tonic``, ``key_mode``, ``confidence``), with
    ``offsets`` that say where each track starts, and a small table of the
    *distinct* labels. It maps to Arrow without copying; one song is the case of
    one row.

``EventTable``
    The same at a vocabulary: reduced, equal neighbours merged, N and X taken
    out (chords on the two sides of what was taken out are not merged).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.reduction import check_vocabulary, reduce_bitmap
from musictrend.harmony.sequence import UNITS, ChordSequence

__all__ = ["ChordTable", "EventTable", "LabelTable"]

NO_KEY = -1
MODES = ("major", "minor")


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
    def concatenate(cls, tables: Sequence[ChordTable]) -> ChordTable:
        """Join tables; labels are merged by their text, tracks keep their order."""
        if not tables:
            return cls.from_sequences([])
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
            label_parts.append(recode[table.label] if len(recode) else table.label)
        pick = lambda name: np.array(
            [getattr(t, name)[i] for t, i in rows], dtype=getattr(tables[0].labels, name).dtype
        )  # noqa: E731
        labels = LabelTable(tuple(texts), pick("root"), pick("bass"), pick("bitmap"), pick("chroma"))
        lengths = np.concatenate([table.lengths for table in tables])
        return cls(
            tuple(i for table in tables for i in table.track_ids),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            labels,
            label=np.concatenate(label_parts).astype(np.int32),
            units=tuple(u for table in tables for u in table.units),
            **{name: np.concatenate([getattr(table, name) for table in tables]) for name in COLUMNS if name != "label"},
        )

    def select(self, tracks: Sequence[int] | np.ndarray) -> ChordTable:
        """The tracks with these row numbers, in that order; labels stay as they are."""
        tracks = np.asarray(tracks, dtype=np.int64)
        lengths = self.lengths[tracks]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths) + np.repeat(self.offsets[tracks], lengths)
        return replace(
            self,
            track_ids=tuple(self.track_ids[i] for i in tracks),
            offsets=offsets,
            units=tuple(self.units[i] for i in tracks),
            **{name: getattr(self, name)[rows] for name in COLUMNS},
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
        check_vocabulary(vocabulary)
        reduced = reduce_bitmap(self.labels.bitmap, vocabulary)  # (k,)
        full = vocabulary == "full"
        bass = self.labels.bass if full else self.labels.root
        turned = reduced.astype(np.int32) << np.maximum(self.labels.root, 0)
        chroma = np.where(reduced > 0, (turned | turned >> 12) & 4095, 0).astype(np.int16)
        if full:
            chroma = self.labels.chroma
        # One code per distinct event; -1 stands for N and X.
        packed = np.where(
            reduced > 0, (reduced.astype(np.int64) * 12 + self.labels.root) * 12 + np.maximum(bass, 0), -1
        )
        distinct, code_of_label = np.unique(packed, return_inverse=True)
        if len(distinct) and distinct[0] == -1:
            code_of_label = code_of_label - 1
        code = code_of_label.astype(np.int32)[self.label] if len(packed) else self.label
        track = np.repeat(np.arange(self.n_tracks), self.lengths)
        starts = np.ones(len(code), dtype=bool)
        if len(code) > 1:
            starts[1:] = (code[1:] != code[:-1]) | (track[1:] != track[:-1])
        group = np.cumsum(starts) - 1  # run of equal neighbours each row belongs to
        first = np.flatnonzero(starts)
        sounding = code[first] >= 0
        total = lambda x: np.bincount(group, weights=x, minlength=len(first)) if len(first) else np.zeros(0)  # noqa: E731
        weight = np.nan_to_num(self.duration)
        confidence = total(np.nan_to_num(self.confidence) * weight) / np.maximum(total(weight), 1e-12)
        confidence[total(np.isnan(self.confidence).astype(float)) > 0] = np.nan
        keep = first[sounding]
        # An event is joined to the one before it when nothing was taken out between them.
        joined = np.zeros(len(keep), dtype=bool)
        if len(keep) > 1:
            place = np.flatnonzero(sounding)
            joined[1:] = (np.diff(place) == 1) & (track[keep][1:] == track[keep][:-1])
        n_events = np.bincount(track[keep], minlength=self.n_tracks) if len(keep) else np.zeros(self.n_tracks, int)
        label = self.label[keep]
        return EventTable(
            vocabulary=vocabulary,
            track_ids=self.track_ids,
            units=self.units,
            offsets=np.concatenate([[0], np.cumsum(n_events)]).astype(np.int64),
            code=code[keep],
            root=self.labels.root[label] if len(label) else np.zeros(0, np.int8),
            bass=bass[label] if len(label) else np.zeros(0, np.int8),
            bitmap=reduced[label] if len(label) else np.zeros(0, np.int16),
            chroma=chroma[label] if len(label) else np.zeros(0, np.int16),
            joined=joined,
            duration=total(weight)[sounding],
            bars=total(self.bars.astype(float))[sounding],
            key_tonic=self.key_tonic[keep],
            key_mode=self.key_mode[keep],
            confidence=confidence[sounding].astype(np.float32),
        )


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
