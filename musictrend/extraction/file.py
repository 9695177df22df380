"""One file to its chords, whatever it holds."""

from __future__ import annotations

import logging
from pathlib import Path

from musictrend.corpus.files import read_head_text
from musictrend.corpus.readers import get_reader, reader_for_file, refuse_file
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.corpus.readers.scores import reads_notes
from musictrend.errors import NoSymbolsError, ReaderError
from musictrend.extraction.annotation import SymbolReader
from musictrend.extraction.chord_files import ANNOTATION, read_chord_csv
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.origin import NOTES, Origin
from musictrend.extraction.score import extract_score
from musictrend.harmony.sequence import ChordSequence

__all__ = ["extract", "extract_with_engine", "holds_one_piece", "may_hold_many", "tell_oddities"]

logger = logging.getLogger(__name__)
FEW = 5  # oddities of a file that are told one by one


def holds_one_piece(path: Path) -> bool:
    """Whether a path is one file of chords or notes, rather than a corpus: a folder, a name, or a table of tracks."""
    suffix = path.suffix.lower()
    if not path.exists():  # a file that is not there, unless it may be the name of a corpus
        return bool(suffix) or len(path.parts) > 1
    if not path.is_file() or suffix in (".parquet", ".rda", ".rdata"):
        return False
    if suffix not in (".csv", ".tsv") or path.stat().st_size == 0:
        return True
    head = read_head_text(path).partition("\n")[0].lower()
    columns = [name.strip(' "\r') for name in head.split("," if suffix == ".csv" else "\t")]
    if suffix == ".tsv":
        return {"globalkey", "localkey"} <= set(columns)  # an analysis of DCML
    return "label" in columns and "title" not in columns  # a record's label is no chord


def tell_oddities(path: Path, odd: list[tuple[str, str]]) -> None:
    """Log what was odd in a file and survived: the first few lines, and how many more."""
    for place, reason in odd[:FEW]:
        logger.warning("%s: %s", " ".join(filter(None, [path.name, place])), reason)
    if len(odd) > FEW:
        logger.warning("%s: and %d more of the kind", path.name, len(odd) - FEW)


def may_hold_many(path: Path) -> bool:
    """Whether a file's format may hold several pieces: a tune book, a playlist."""
    reader = reader_for_file(path)
    return reader is not None and reader.holds_many


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
    path: Path,
    origin: Origin,
    *,
    part: str | None = None,
    written_keys: bool = False,
    odd: list[tuple[str, str]] | None = None,
) -> tuple[ChordSequence, str]:
    """The chords of one file and what made them: ``annotation``, ``notes`` or the name of an audio engine.

    With ``written_keys`` no key is estimated where none is written. What was odd in the file and survived is appended
    to ``odd``: place and reason.
    """
    sequence, made_by = _read_one(path, origin, part, [] if odd is None else odd)
    return sequence if written_keys else with_keys(sequence), made_by


def _read_one(path: Path, origin: Origin, part: str | None, odd: list[tuple[str, str]]) -> tuple[ChordSequence, str]:
    if not path.is_file():
        raise ReaderError(f"no file at {path}", hint="check the path")
    if path.suffix.lower() == ".csv":
        return _choose(read_chord_csv(path, odd), path, part, odd)
    reader = get_reader("dcml") if path.suffix.lower() == ".tsv" else reader_for_file(path)
    if reader is None:
        raise refuse_file(path)
    if reader.source_kind == "audio":
        if origin.source != "auto":
            raise ReaderError(f"{path}: a recording holds no {origin.source}", hint="leave --from at auto")
        origin = origin.chosen()  # an engine that is not there is no fault of the file
    try:
        if reader.source_kind == "audio":
            return origin.recognise(path, path.stem).sequence, origin.engine
        if reader.source_kind == "score" and origin.source == "symbols":
            raise ReaderError(f"{path}: this format holds notes and no chord symbols", hint="leave --from at auto")
        if reader.source_kind == "score" or (origin.source == "notes" and reads_notes(path)):
            return _notes_alone(path, part, origin, odd), NOTES
        try:
            annotations = reader.read_file(path)
        except NoSymbolsError:
            if origin.source == "symbols":
                raise
            return _from_notes(path, part, odd), NOTES
    except MALFORMED as error:
        raise as_reader_error(error) from None
    if part is not None:
        annotations = [a for a in annotations if part in (a.track_id, a.title)]
    if not annotations:
        raise ReaderError(f"{path}: no piece {part!r} in it" if part else f"{path}: no piece in it")
    if part is None and len(annotations) > 1:
        name = annotations[0].title or annotations[0].track_id
        odd.append(("", f"it holds {len(annotations)} pieces: {name!r}, the first, is read; --part chooses another"))
    chosen = annotations[0]
    if isinstance(chosen.problem, NoSymbolsError) and origin.source == "auto":
        return _from_notes(path, chosen.track_id, odd), NOTES
    symbols = SymbolReader()
    sequence = symbols.read(chosen, str(path))
    odd += [(problem.place, problem.reason) for problem in symbols.problems]
    return sequence, ANNOTATION


def _choose(
    tracks: list[tuple[ChordSequence, str]], path: Path, part: str | None, odd: list[tuple[str, str]]
) -> tuple[ChordSequence, str]:
    """The track of a table that was asked for, else its first."""
    names = [sequence.track_id for sequence, _ in tracks]
    if part is not None and part not in names:
        raise ReaderError(f"{path}: no track {part!r} in it", hint=f"it holds {len(names)}, such as {names[0]!r}")
    if part is None and len(tracks) > 1:
        odd.append(("", f"it holds {len(tracks)} tracks: {names[0]!r}, the first, is read; --part chooses another"))
    return tracks[names.index(part) if part is not None else 0]


def _notes_alone(path: Path, part: str | None, origin: Origin, odd: list[tuple[str, str]]) -> ChordSequence:
    """Chords from notes that were asked for; a lead sheet's melody has none, and its symbols do."""
    try:
        return _from_notes(path, part, odd)
    except ReaderError as error:
        if origin.source == "notes" and error.reason.startswith("monophonic"):
            hint = "a melody has no chords to hear; chord symbols beside it are read without --from notes"
            raise ReaderError(error.reason, place=error.place, hint=hint) from None
        raise


def _from_notes(path: Path, part: str | None, odd: list[tuple[str, str]]) -> ChordSequence:
    """Chords estimated from the notes of one piece."""
    return extract_score(path, part or path.stem, part=part or "", warnings=odd)
