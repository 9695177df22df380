"""A `ChordTable` as an Arrow table with the columns of ``chords.parquet``, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musictrend.harmony.chord import Chord
from musictrend.harmony.table import MODES, ChordTable, LabelTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "chords_from_arrow", "chords_to_arrow", "iter_arrow", "read_chords"]

SCHEMA_VERSION = "1"
CHUNK = 2_000_000  # rows made or read at a time
COLUMNS = ["track_id", "onset", "duration", "unit", "label", "key_tonic", "key_mode", "confidence", "bars"]


def chords_to_arrow(table: ChordTable) -> pa.Table:
    """One row a chord, with the columns of ``chords.parquet`` (design.md section 5) and ``bars``.

    Root, bass and key_tonic are nullable; label, quality and unit are dictionary columns.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> rows = chords_to_arrow(ChordSequence.from_labels(["C", "N"]).to_table())
    >>> rows.column("root").to_pylist(), rows.column("pitch_classes").to_pylist()
    ([0, None], [[0, 4, 7], []])
    """
    import pyarrow as pa

    labels = table.labels
    pitch_classes = [[i for i in range(12) if chroma >> i & 1] for chroma in labels.chroma.tolist()]

    def dictionary(codes: np.ndarray, values: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(values, pa.string()))

    def nullable(values: np.ndarray) -> pa.Array:
        return pa.array(values, pa.int8(), mask=values < 0)

    per_track = np.repeat(np.arange(table.n_tracks, dtype=np.int32), table.lengths)
    units = sorted(set(table.units))
    unit_codes = np.array([units.index(u) for u in table.units], dtype=np.int32)
    qualities = labels.quality
    names = sorted(set(qualities))
    quality_codes = np.array([names.index(q) for q in qualities], dtype=np.int32)
    code = table.label
    columns = {
        "track_id": dictionary(per_track, list(table.track_ids)),
        "position": pa.array(np.arange(table.n_chords) - table.offsets[per_track], pa.int32()),
        "onset": pa.array(table.onset),
        "duration": pa.array(table.duration),
        "unit": dictionary(unit_codes[per_track] if len(units) else per_track, units),
        "label": dictionary(code, list(labels.text)),
        "root": nullable(labels.root[code] if len(labels) else np.zeros(0, np.int8)),
        "quality": dictionary(quality_codes[code] if len(labels) else code, names),
        "bass": nullable(labels.bass[code] if len(labels) else np.zeros(0, np.int8)),
        "pitch_classes": pa.array(pitch_classes, pa.list_(pa.int8())).take(pa.array(code)),
        "key_tonic": nullable(table.key_tonic),
        "key_mode": pa.DictionaryArray.from_arrays(
            pa.array(np.maximum(table.key_mode, 0).astype(np.int32), mask=table.key_mode < 0), pa.array(list(MODES))
        ),
        "confidence": pa.array(table.confidence, from_pandas=True),
        "bars": pa.array(table.bars, from_pandas=True),
    }
    return pa.table(columns).replace_schema_metadata({"schema_version": SCHEMA_VERSION})


def iter_arrow(table: ChordTable, rows: int = CHUNK) -> Iterator[pa.Table]:
    """`chords_to_arrow` of some tracks after the other, about so many rows each: a large corpus need not be there twice."""
    for start, stop in table.cut_points(rows):
        yield chords_to_arrow(table.cut(start, stop))
    if not table.n_tracks:
        yield chords_to_arrow(table)


def read_chords(path: Path, track_ids: Sequence[str] | None = None, rows: int = CHUNK) -> ChordTable:
    """The chords of a ``chords.parquet``, read in pieces: columns that say nothing take no memory.

    Parameters
    ----------
    path : Path
    track_ids : sequence of str, optional
        As for `chords_from_arrow`.
    rows : int
        Read at a time.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    pieces: list[ChordTable] = []
    with pq.ParquetFile(path, read_dictionary=["track_id", "unit", "label", "key_mode"]) as file:
        rest = file.schema_arrow.empty_table().select([c for c in COLUMNS if c in file.schema_arrow.names])
        for batch in file.iter_batches(batch_size=rows, columns=rest.column_names):
            # What was left of the batch before has the beginning of this one's first track.
            whole = (
                pa.concat_tables([rest, pa.Table.from_batches([batch])])
                if rest.num_rows
                else pa.Table.from_batches([batch])
            )
            ids = whole.column("track_id").unify_dictionaries().combine_chunks()
            codes = (ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()).indices.to_numpy()
            last = int(np.flatnonzero(np.diff(codes, prepend=-1))[-1]) if len(codes) else 0
            if last:
                pieces.append(chords_from_arrow(whole.slice(0, last)).compact())
            rest = whole.slice(last)
        pieces.append(chords_from_arrow(rest).compact())
    return _align(ChordTable.concatenate(pieces), track_ids)


def chords_from_arrow(rows: pa.Table, track_ids: Sequence[str] | None = None) -> ChordTable:
    """Read back what `chords_to_arrow` made, or any table with its columns, sorted by track.

    Parameters
    ----------
    rows : pyarrow.Table
    track_ids : list of str, optional
        Tracks in the order wanted, also those without chords; by default those that occur.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def decoded(name: str) -> pa.Array:
        column = rows.column(name).unify_dictionaries().combine_chunks()
        return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()

    def numbers(name: str, dtype: type, missing: float) -> np.ndarray:
        if name not in rows.column_names:
            return np.full(rows.num_rows, missing, dtype=dtype)
        column = rows.column(name).combine_chunks()
        return pc.fill_null(column, pa.scalar(missing, column.type)).to_numpy(zero_copy_only=False).astype(dtype)

    tracks = decoded("track_id")
    row_track = tracks.indices.to_numpy(zero_copy_only=False)
    names = tracks.dictionary.to_pylist()
    starts = np.flatnonzero(np.diff(row_track, prepend=-1))
    present = [names[row_track[i]] for i in starts]
    label = decoded("label")
    texts = label.dictionary.to_pylist()
    chords = [Chord(text) for text in texts]
    units_column = decoded("unit")
    unit_names = units_column.dictionary.to_pylist()
    unit_rows = units_column.indices.to_numpy(zero_copy_only=False)
    modes = [-1 if m is None else MODES.index(m) for m in decoded("key_mode").dictionary.to_pylist()]
    mode_codes = decoded("key_mode").indices
    mode_rows = pc.fill_null(mode_codes, pa.scalar(-1, mode_codes.type)).to_numpy(zero_copy_only=False)
    mode = np.array([*modes, -1], dtype=np.int8)[mode_rows]
    table = ChordTable(
        tuple(present),
        np.append(starts, rows.num_rows).astype(np.int64),
        LabelTable.from_chords(chords),
        label=label.indices.to_numpy(zero_copy_only=False).astype(np.int32),
        onset=numbers("onset", np.float64, np.nan),
        duration=numbers("duration", np.float64, np.nan),
        bars=numbers("bars", np.float32, np.nan),
        key_tonic=numbers("key_tonic", np.int8, -1),
        key_mode=mode,
        confidence=numbers("confidence", np.float32, np.nan),
        units=tuple(unit_names[unit_rows[i]] for i in starts),
    )
    return _align(table, track_ids)


def _align(table: ChordTable, track_ids: Sequence[str] | None) -> ChordTable:
    """The tracks wanted, in that order, also those without chords."""
    if track_ids is None or tuple(track_ids) == table.track_ids:
        return table
    place = {track_id: i for i, track_id in enumerate(table.track_ids)}
    lengths = table.lengths
    wanted = [place.get(track_id, -1) for track_id in track_ids]
    there = [i for i in wanted if i >= 0]
    chosen = table if there == list(range(table.n_tracks)) else table.select(there)
    counts = np.array([lengths[i] if i >= 0 else 0 for i in wanted], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    units = tuple(table.units[i] if i >= 0 else "order" for i in wanted)
    return chosen.with_columns(track_ids=tuple(track_ids), offsets=offsets, units=units)
