"""Chords in files of their own: ``.lab``, ``.jams`` and ``.csv`` written, ``.csv`` read back.

A ``.csv`` has the columns of ``chords.parquet`` and three more: ``roman``, ``bars`` and ``engine`` (what made the chords;
empty where people did), so that what is read back scores as what was written.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from musictrend.cache import atomic_path
from musictrend.corpus.files import iter_rows
from musictrend.errors import ParameterError, ReaderError
from musictrend.harmony.dialects import read_symbol
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence

__all__ = ["chord_rows", "read_chord_csv", "write_chords"]

CSV_COLUMNS = (
    "track_id", "position", "onset", "duration", "unit", "label", "root", "quality", "bass", "pitch_classes",
    "key_tonic", "key_mode", "confidence", "roman", "bars", "engine",
)  # fmt: skip
ANNOTATION = "annotation"  # what made the chords that people wrote


def chord_rows(sequence: ChordSequence) -> list[dict[str, Any]]:
    """Chords as rows with the columns of ``chords.parquet`` and Roman numerals; absent values are None."""
    rows = []
    figures = sequence.figures
    for i, chord in enumerate(sequence.chords):
        key = sequence.keys[i]  # type: ignore[index]
        confidence = float(sequence.confidence[i])  # type: ignore[index]
        rows.append(
            {
                "track_id": sequence.track_id,
                "position": i,
                "onset": float(sequence.onsets[i]),  # type: ignore[index]
                "duration": float(sequence.durations[i]),  # type: ignore[index]
                "unit": sequence.unit,
                "label": chord.label,
                "root": chord.root,
                "quality": chord.quality,
                "bass": chord.bass,
                "pitch_classes": list(chord.pitch_classes),
                "key_tonic": key.tonic if key else None,
                "key_mode": key.mode if key else None,
                "confidence": None if confidence != confidence else confidence,
                "roman": figures[i] or None,
            }
        )
    return rows


def write_chords(sequence: ChordSequence, path: str | Path, *, engine: str = "") -> None:
    """Write chords as ``.lab`` (start, end, Harte label), ``.jams`` or ``.csv``, by the name of the file.

    A ``.lab`` says neither its unit nor keys nor confidences; the others do.

    Parameters
    ----------
    sequence : ChordSequence
    path : str or Path
    engine : str
        What estimated the chords, for a ``.csv``; empty where people wrote them.

    Raises
    ------
    ParameterError
        For another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    rows = chord_rows(sequence)
    if suffix == ".csv":
        bars = [None if b != b else float(b) for b in sequence.bars]
        more = {"engine": None if engine == ANNOTATION else engine or None}
        with atomic_path(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row, length in zip(rows, bars, strict=True):
                notes = " ".join(map(str, row["pitch_classes"]))
                writer.writerow(row | more | {"pitch_classes": notes, "bars": length})
        return
    if suffix == ".lab":
        lines = [f"{r['onset']:.6f}\t{r['onset'] + r['duration']:.6f}\t{r['label']}" for r in rows]
        text = "\n".join(lines) + "\n"
    elif suffix == ".jams":
        text = json.dumps(_as_jams(sequence, rows), indent=1) + "\n"
    else:
        raise ParameterError(
            f"{path}: chords are written to .lab, .jams or .csv, not {suffix or 'a name without suffix'}"
        )
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def _as_jams(sequence: ChordSequence, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Chords and keys as a JAMS document; its sandbox says the unit of time, which JAMS has no word for."""
    said = {"sandbox": {"unit": sequence.unit}, "annotation_metadata": {"annotation_tools": "musictrend"}}
    chords = [
        {"time": r["onset"], "duration": r["duration"], "value": r["label"], "confidence": r["confidence"]}
        for r in rows
    ]
    keys = []
    for key, group in groupby(zip(sequence.keys, rows, strict=True), key=lambda pair: pair[0]):
        stretch = [row for _, row in group]
        if key is not None:
            onset, last = stretch[0]["onset"], stretch[-1]
            length = last["onset"] + last["duration"] - onset
            keys.append({"time": onset, "duration": length, "value": str(key), "confidence": None})
    annotations = [{"namespace": "chord", "data": chords, **said}]
    if keys:
        annotations.append({"namespace": "key_mode", "data": keys, **said})
    end = rows[-1]["onset"] + rows[-1]["duration"] if rows else 0.0
    metadata = {"title": sequence.track_id, "duration": end, "jams_version": "0.3.4"}
    return {"annotations": annotations, "file_metadata": metadata, "sandbox": {}}


def read_chord_csv(path: Path, odd: list[tuple[str, str]]) -> list[tuple[ChordSequence, str]]:
    """Tracks of a ``.csv`` with the columns of ``chords.parquet``, and what made each; only ``label`` is indispensable.

    What was odd and survived is appended to ``odd``: place and reason. A label that cannot be read is X.
    """
    if not path.is_file():
        raise ReaderError(f"no file at {path}", hint="check the path")
    rows = list(iter_rows(path))
    if not rows or "label" not in rows[0]:
        raise ReaderError(
            f"{path}: no column 'label': not a table of chords",
            hint="write one with: musictrend extract FILE -o OUT.csv",
        )
    labels = {row["label"]: row["__line__"] for row in reversed(rows)}
    unread = {label: reason for label in labels if (reason := read_symbol(label, "harte")[1])}
    if len(unread) == len(labels):
        label, reason = next(reversed(unread.items()))
        raise ReaderError(
            f"{path}: not one of its labels is a chord; {label!r}: {reason}", place=f"line {labels[label]}"
        )
    tracks: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        tracks.setdefault(row.get("track_id") or path.stem, []).append(row)
    return [(_read_track(path, name, part, odd), part[0].get("engine") or ANNOTATION) for name, part in tracks.items()]


def _read_track(path: Path, name: str, rows: list[dict[str, str]], odd: list[tuple[str, str]]) -> ChordSequence:
    """One track of the table."""
    chords = []
    for row in rows:
        chord, reason = read_symbol(row["label"], "harte")
        if reason:
            odd.append((f"line {row['__line__']}", f"{row['label']!r} is X: {reason}"))
        chords.append(chord)
    try:
        columns = {column: _numbers(rows, column, odd) for column in ("onset", "duration", "bars", "confidence")}
        keys = tuple(
            Key(int(float(r["key_tonic"])), r["key_mode"]) if r.get("key_tonic") and r.get("key_mode") else None
            for r in rows
        )
        unit = rows[0].get("unit") or "order"
        return ChordSequence(
            tuple(chords),
            columns["onset"],
            columns["duration"],
            unit,
            columns["bars"],
            keys,
            columns["confidence"],
            name,
        )
    except ValueError as error:
        raise ReaderError(f"{path}: {error}", hint="musictrend extract FILE -o OUT.csv writes such a table") from None


def _numbers(rows: Iterable[dict[str, str]], column: str, odd: list[tuple[str, str]]) -> list[float] | None:
    """A column of numbers; times must be there for all chords or none."""
    texts = [(row.get(column) or "", row["__line__"]) for row in rows]
    missing = [line for text, line in texts if not text]
    if len(missing) == len(texts):
        return None
    if missing and column in ("onset", "duration"):
        odd.append((f"line {missing[0]}", f"no {column}: none of {len(texts)} is believed"))
        return None
    return [float(text) if text else float("nan") for text, _ in texts]
