"""One file to its chords, and chords to a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from musictrend.cache import atomic_path
from musictrend.corpus.files import iter_rows, read_head
from musictrend.corpus.readers import list_readers, reader_for_file
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.corpus.readers.scores import reads_notes
from musictrend.errors import NoSymbolsError, ParameterError, ReaderError
from musictrend.extraction.annotation import SymbolReader
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.origin import NOTES, Origin
from musictrend.extraction.score import extract_score
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence

__all__ = ["extract", "extract_with_engine", "holds_one_piece", "write_chords"]

CSV_COLUMNS = (
    "track_id", "position", "onset", "duration", "unit", "label", "root", "quality", "bass", "pitch_classes",
    "key_tonic", "key_mode", "confidence", "roman",
)  # fmt: skip


def holds_one_piece(path: Path) -> bool:
    """Whether a path is one file of chords or notes, rather than a corpus: a folder, a name, or a table of tracks."""
    suffix = path.suffix.lower()
    if not path.is_file() or suffix in (".tsv", ".parquet"):
        return False
    if suffix != ".csv":
        return True
    head = read_head(path, 100_000).decode("utf-8", "replace").partition("\n")[0].lower()
    return "label" in [name.strip(' "\r\ufeff') for name in head.split(",")]


def extract(
    path: str | Path,
    *,
    part: str | None = None,
    source: str = "auto",
    engine: str = "auto",
    commercial: bool = False,
) -> ChordSequence:
    """The chords of one file: as written, else estimated from its notes, or from its sound.

    Parameters
    ----------
    path : str or Path
        A chord file, score or recording of any format with a reader.
    part : str, optional
        Which piece, for files that hold several; the first without.
    source : str
        For scores: ``"symbols"`` as written, ``"notes"`` to estimate from the notes though symbols are written,
        ``"auto"`` to estimate only where none are.
    engine : str
        For recordings: a name of `list_engines`, or ``"auto"`` for the best present.
    commercial : bool
        Never an engine whose weights forbid commercial use.

    Raises
    ------
    ReaderError
        When no reader takes the file, or it cannot be read.
    ParameterError
        When the engine is not known, absent, or forbidden.
    """
    return extract_with_engine(Path(path), Origin(source, engine, commercial), part=part)[0]


def with_keys(sequence: ChordSequence) -> ChordSequence:
    """The same with keys estimated from its chords where none is written: as every track of a corpus gets them."""
    if any(key is not None for key in sequence.keys):
        return sequence
    table, estimated = fill_keys(sequence.to_table())
    return table.sequence(0) if estimated[0] else sequence


def extract_with_engine(
    path: Path, origin: Origin, *, part: str | None = None, written_keys: bool = False
) -> tuple[ChordSequence, str]:
    """The chords of one file and what made them: ``annotation``, ``notes`` or the name of an audio engine.

    With ``written_keys`` no key is estimated where none is written.
    """
    sequence, made_by = _read_one(path, origin, part)
    return sequence if written_keys else with_keys(sequence), made_by


def _read_one(path: Path, origin: Origin, part: str | None) -> tuple[ChordSequence, str]:
    if not path.is_file():
        raise ReaderError(f"no file at {path}", hint="check the path")
    if path.suffix.lower() == ".csv":
        return read_chord_csv(path), "annotation"
    reader = reader_for_file(path)
    if reader is None:
        known = sorted({s for r in list_readers().values() for s in r.suffixes})
        raise ReaderError(
            f"{path}: no reader takes {path.suffix or 'a file without suffix'}", hint="readers take " + " ".join(known)
        )
    if reader.source_kind == "audio":
        origin = origin.chosen()  # an engine that is not there is no fault of the file
    try:
        if reader.source_kind == "audio":
            return origin.recognise(path, path.stem).sequence, origin.engine
        if reader.source_kind == "score" and origin.source == "symbols":
            raise ReaderError(f"{path}: this format holds notes and no chord symbols", hint="leave --from at auto")
        if reader.source_kind == "score" or (origin.source == "notes" and reads_notes(path)):
            return extract_score(path, path.stem), NOTES
        try:
            annotations = reader.read_file(path)
        except NoSymbolsError:
            if origin.source == "symbols":
                raise
            return extract_score(path, path.stem), NOTES
    except MALFORMED as error:
        raise as_reader_error(error) from None
    if part is not None:
        annotations = [a for a in annotations if part in (a.track_id, a.title)]
    if not annotations:
        raise ReaderError(f"{path}: no piece {part!r} in it" if part else f"{path}: no piece in it")
    return SymbolReader().read(annotations[0], str(path)), "annotation"


def chord_rows(sequence: ChordSequence) -> list[dict]:
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


def write_chords(sequence: ChordSequence, path: str | Path) -> None:
    """Write chords as ``.lab`` (start, end, Harte label), ``.jams`` or ``.csv``, by the name of the file.

    Raises
    ------
    ParameterError
        For another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    rows = chord_rows(sequence)
    if suffix == ".lab":
        lines = [f"{r['onset']:.6f}\t{r['onset'] + r['duration']:.6f}\t{r['label']}" for r in rows]
        text = "\n".join(lines) + "\n"
    elif suffix == ".jams":
        data = [
            {"time": r["onset"], "duration": r["duration"], "value": r["label"], "confidence": r["confidence"]}
            for r in rows
        ]
        annotation = {
            "namespace": "chord",
            "data": data,
            "sandbox": {"unit": sequence.unit},
            "annotation_metadata": {"annotation_tools": "musictrend"},
        }
        end = rows[-1]["onset"] + rows[-1]["duration"] if rows else 0.0
        metadata = {"title": sequence.track_id, "duration": end, "jams_version": "0.3.4"}
        text = json.dumps({"annotations": [annotation], "file_metadata": metadata, "sandbox": {}}, indent=1) + "\n"
    elif suffix == ".csv":
        with atomic_path(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow(row | {"pitch_classes": " ".join(map(str, row["pitch_classes"]))})
        return
    else:
        raise ParameterError(
            f"{path}: chords are written to .lab, .jams or .csv, not {suffix or 'a name without suffix'}"
        )
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")


def read_chord_csv(path: Path) -> ChordSequence:
    """Read a ``.csv`` with the columns of ``chords.parquet``; only ``label`` is indispensable."""
    rows = list(iter_rows(path))
    if not rows or "label" not in rows[0]:
        raise ReaderError(
            f"{path}: no column 'label': not a table of chords",
            hint="write one with: musictrend extract FILE -o OUT.csv",
        )
    first = rows[0].get("track_id") or path.stem
    rows = [r for r in rows if (r.get("track_id") or path.stem) == first]
    number = lambda name: [float(r[name]) for r in rows] if all(r.get(name) for r in rows) else None  # noqa: E731
    try:
        chords = tuple(Chord(r["label"]) for r in rows)
        keys = tuple(
            Key(int(r["key_tonic"]), r["key_mode"]) if r.get("key_tonic") and r.get("key_mode") else None for r in rows
        )
        onsets, durations, confidence = number("onset"), number("duration"), number("confidence")
    except ValueError as error:
        raise ReaderError(f"{path}: {error}", hint="musictrend extract FILE -o OUT.csv writes such a table") from None
    return ChordSequence(chords, onsets, durations, rows[0].get("unit") or "order", None, keys, confidence, first)
