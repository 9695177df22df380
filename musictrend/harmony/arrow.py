"""A `ChordTable` as an Arrow table with the columns of ``chords.parquet``, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.harmony.chord import Chord
from musictrend.harmony.table import MODES, ChordTable, LabelTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "chords_from_arrow", "chords_to_arrow"]

SCHEMA_VERSION = "1"


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


def chords_from_arrow(rows: pa.Table, track_ids: list[str] | None = None) -> ChordTable:
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
        column = rows.column(name).combine_chunks()
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
    if track_ids is None or list(track_ids) == present:
        return table
    place = {track_id: i for i, track_id in enumerate(present)}
    empty = ChordTable.from_sequences([])
    lengths = table.lengths
    wanted = [place.get(track_id, -1) for track_id in track_ids]
    chosen = table.select([i for i in wanted if i >= 0]) if present else empty
    counts = np.array([lengths[i] if i >= 0 else 0 for i in wanted], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    units = tuple(table.units[i] if i >= 0 else "order" for i in wanted)
    from dataclasses import replace

    return replace(chosen, track_ids=tuple(track_ids), offsets=offsets, units=units)
