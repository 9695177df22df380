"""A corpus' chords, in batches: bounded memory, any number of workers, resumable.

Batch bounds depend on the tracks alone, never on the number of workers, and
each batch is kept under the hash of what it was made from, so that a killed
run goes on where it stopped.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from musictrend.cache import atomic_path, hash_bytes, hash_file, hash_package
from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import MAX_BYTES, resolve_inside
from musictrend.corpus.manifest import Corpus
from musictrend.corpus.problem import Problem
from musictrend.corpus.readers import get_reader, reader_for_file
from musictrend.corpus.readers.chordstrings import READER as CHORD_STRINGS
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error, guarded
from musictrend.corpus.readers.scores import reads_notes
from musictrend.corpus.track import Track
from musictrend.errors import NoSymbolsError, ReaderError
from musictrend.execution import Progress, map_tasks
from musictrend.extraction.annotation import SymbolReader
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.origin import NOTES, Origin
from musictrend.extraction.score import extract_score
from musictrend.extraction.tokens import is_whole_table, read_whole_table
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable

__all__ = ["Extracted", "extract_corpora", "extract_corpus"]

BATCH = 250  # chord files
# Chords from a score's notes take as long as this many chord files; a recording is a batch of its own.
WORK = {"annotation": 1, "score": 16, "audio": BATCH}
FEW = 1500  # chord files; starting workers takes longer than reading so few


@dataclass(frozen=True)
class Extracted:
    """What became of some tracks: their chords, which failed and why, and what was odd.

    Attributes
    ----------
    chords : ChordTable
        Every track in its order, those that failed with no chords.
    reasons : dict
        Track id to why it failed.
    problems : list of Problem
    key_estimated : bool array, shape (n_tracks,), optional
        Which tracks have a key estimated from their chords because none is written.
    engines : dict
        Track id to what estimated its chords: ``notes``, or the name of an audio engine. Tracks whose symbols
        somebody wrote are not in it.
    contents : dict
        Track id of each recording to a hash of its sound: equal for the same sound in another file.
    """

    chords: ChordTable
    reasons: dict[str, str]
    problems: list[Problem]
    key_estimated: np.ndarray | None = None
    engines: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """Some tracks of one corpus, and where the result of reading them is kept."""

    corpus: str
    root: str
    reader: str
    tracks: tuple[Track, ...]
    keep: str = ""
    dialect: str = ""
    origin: Origin = Origin()


def extract_corpus(
    corpus: Corpus,
    *,
    jobs: int = 1,
    engine: str = "auto",
    source: str = "auto",
    commercial: bool = False,
    quiet: bool = True,
) -> ChordTable:
    """The chords of a corpus; tracks that cannot be read have none.

    Parameters
    ----------
    corpus : Corpus
    jobs : int
        Worker processes. The table does not depend on it.
    engine : str
        For recordings: a name of `list_engines`, or ``"auto"`` for the best present.
    source : str
        For scores: ``"symbols"`` as written, ``"notes"`` to estimate from the notes though symbols are written,
        ``"auto"`` to estimate only where none are.
    commercial : bool
        Never an engine whose weights forbid commercial use.

    Returns
    -------
    chords : ChordTable
        One row a track, in the corpus' order; ids have ``corpus/`` before them.
    """
    origin = Origin(source, engine, commercial).resolved([corpus])
    return extract_corpora([corpus], jobs=jobs, origin=origin, quiet=quiet).chords


def extract_corpora(
    corpora: list[Corpus],
    *,
    jobs: int = 1,
    executor: str = "local",
    keep: Path | None = None,
    origin: Origin | None = None,
    quiet: bool = True,
) -> Extracted:
    """The chords of some corpora, their failures and problems.

    Parameters
    ----------
    corpora : list of Corpus
    keep : Path, optional
        Folder where finished batches are kept until the whole is done.
    origin : Origin, optional
        Whether chords come from symbols, notes or sound, and by which engine.
    """
    origin = origin or Origin().resolved(corpora)
    batches = _cut(corpora, keep, origin)
    total = sum(len(batch.tracks) for batch in batches)
    workers = _workers(batches, jobs, executor)
    with Progress("chords", total, quiet=quiet) as progress:
        if workers > 1:
            _hear_one(batches)
        results = map_tasks(
            _read_batch,
            batches,
            jobs=workers,
            executor=executor,
            describe=lambda b: f"{b.corpus}/{b.tracks[0].track_id} to {b.tracks[-1].track_id}",
            on_result=lambda number, result: progress.advance(len(batches[number].tracks)),
        )
    table = ChordTable.concatenate([r.chords for r in results])
    # Tracks that the manifest gave up already have a row without chords.
    ids = [f"{c.name}/{t.track_id}" for c in corpora for t in c.entries]
    if len(ids) != table.n_tracks:
        place = {track_id: i for i, track_id in enumerate(table.track_ids)}
        empty = {f"{c.name}/{t.track_id}" for c in corpora for t in c.entries if t.status != "ok"}
        blank = ChordTable.from_sequences([ChordSequence((), track_id=i) for i in ids if i in empty])
        table = ChordTable.concatenate([table, blank])
        place = {track_id: i for i, track_id in enumerate(table.track_ids)}
        table = table.select([place[i] for i in ids])
    table, estimated = fill_keys(table)
    reasons = {k: v for r in results for k, v in r.reasons.items()}
    engines = {k: v for r in results for k, v in r.engines.items()}
    contents = {k: v for r in results for k, v in r.contents.items()}
    return Extracted(table, reasons, [p for r in results for p in r.problems], estimated, engines, contents)


def batch_hashes(corpora: list[Corpus], origin: Origin | None = None) -> list[str]:
    """Hashes of everything the chords of some corpora are made from, files included."""
    return [_batch_hash(batch) for batch in _cut(corpora, None, origin or Origin().resolved(corpora))]


def _workers(batches: list[Batch], jobs: int, executor: str) -> int:
    """Workers that are worth starting, and that memory holds where an audio engine is at work."""
    work = sum(_work(t, b.origin) for b in batches for t in b.tracks)
    if executor == "local" and work <= FEW:
        return 1
    if any(t.source_kind == "audio" for b in batches for t in b.tracks):
        return batches[0].origin.limit_workers(jobs)
    return jobs


def _hear_one(batches: list[Batch]) -> None:
    """Hear one recording before workers start, so that they find librosa's functions compiled.

    librosa keeps what numba compiles beside itself, and two processes that write there at once leave a file that crashes
    whoever loads it. The answer is in the cache of recordings, so nothing is done twice.
    """
    first = next((b for b in batches if any(t.source_kind == "audio" for t in b.tracks)), None)
    if first is not None:
        _read_tracks(first)


def _cut(corpora: list[Corpus], keep: Path | None, origin: Origin) -> list[Batch]:
    batches = []
    for corpus in corpora:
        whole = [t for t in corpus.entries if t.status == "ok"]
        work = [0, *accumulate(_work(t, origin) for t in whole)]
        at_once = is_whole_table(corpus.reader, whole)
        start = 0
        while start < len(whole):
            stop = len(whole) if at_once else max(start + 1, bisect_right(work, work[start] + BATCH) - 1)
            batches.append(
                Batch(
                    corpus.name,
                    str(corpus.root),
                    corpus.reader,
                    tuple(whole[start:stop]),
                    str(keep or ""),
                    corpus.dialect,
                    origin,
                )  # fmt: skip
            )
            start = stop
    return batches


def _work(track: Track, origin: Origin) -> int:
    """How long a track's chords take, in chord files."""
    return WORK["score" if origin.source == "notes" and track.source_kind != "audio" else track.source_kind]


def _read_batch(batch: Batch) -> Extracted:
    """Read a batch, or find it where an earlier run kept it."""
    if is_whole_table(batch.reader, batch.tracks):  # read again in less time than it takes to keep it
        return Extracted(*read_whole_table(batch.corpus, Path(batch.root), batch.tracks))
    if not batch.keep:
        return _read_tracks(batch)
    import pyarrow as pa
    import pyarrow.parquet as pq

    from musictrend.harmony.arrow import chords_from_arrow, chords_to_arrow

    stem = Path(batch.keep) / _batch_hash(batch)
    rows, notes = stem.with_suffix(".parquet"), stem.with_suffix(".json")
    if rows.is_file() and notes.is_file():
        try:
            kept = json.loads(notes.read_text(encoding="utf-8"))
            table = chords_from_arrow(pq.read_table(rows), kept["track_ids"])
            problems = [Problem(**p) for p in kept["problems"]]
            return Extracted(table, kept["reasons"], problems, engines=kept["engines"], contents=kept["contents"])
        except (OSError, ValueError, KeyError, pa.ArrowException):
            pass  # half a batch: read it again
    result = _read_tracks(batch)
    with atomic_path(rows) as part:
        pq.write_table(chords_to_arrow(result.chords), part)
    with atomic_path(notes) as part:
        kept = {
            "track_ids": list(result.chords.track_ids),
            "reasons": result.reasons,
            "problems": [asdict(p) for p in result.problems],
            "engines": result.engines,
            "contents": result.contents,
        }
        part.write_text(json.dumps(kept), encoding="utf-8")
    # As read back, so that resumed and undisturbed runs hold the very same table.
    table = chords_from_arrow(pq.read_table(rows), kept["track_ids"])
    return Extracted(table, result.reasons, result.problems, engines=result.engines, contents=result.contents)


def _batch_hash(batch: Batch) -> str:
    """Hash of everything a batch is made from: the tracks' labels and the content of their files."""
    root = Path(batch.root)
    seen: dict[str, str] = {}
    for track in batch.tracks:
        if track.path and track.path not in seen:
            try:
                path = resolve_inside(root, track.path)
                stat = path.stat()
                seen[track.path] = _content_hash(str(path), stat.st_size, stat.st_mtime_ns)
            except (ReaderError, OSError) as error:
                seen[track.path] = f"unreadable: {error}"
    return hash_bytes(
        hash_package(), batch.corpus, batch.reader, batch.dialect, repr(batch.origin), repr(batch.tracks),
        json.dumps(seen, sort_keys=True),
    )  # fmt: skip


@lru_cache(maxsize=50_000)
def _content_hash(path: str, size: int, modified: int) -> str:
    """Hash of a file's content, once a process for each state of the file; of a huge one its size and time."""
    if size > MAX_BYTES:
        return f"{size} bytes at {modified}"
    return hash_file(Path(path))


def _read_tracks(batch: Batch) -> Extracted:
    root = Path(batch.root)
    symbols = SymbolReader()
    sequences: list[ChordSequence] = []
    reasons: dict[str, str] = {}
    problems: list[Problem] = []
    engines: dict[str, str] = {}
    contents: dict[str, str] = {}
    origin = batch.origin
    for track, annotation in zip(batch.tracks, _annotations(batch, root), strict=True):
        track_id = f"{batch.corpus}/{track.track_id}"
        try:
            if track.source_kind == "audio":
                path = resolve_inside(root, track.path)
                heard = origin.recognise(path, track_id)
                sequences.append(heard.sequence)
                engines[track_id] = origin.engine
                contents[track_id] = heard.content
                problems += [
                    Problem("chords", track_id, track.path, "", w, "the track goes on") for w in heard.warnings
                ]
            elif annotation is None and origin.source == "symbols":
                raise ReaderError("chord symbols are asked for, and this format holds notes alone", hint="--from auto")
            elif annotation is None or (isinstance(annotation.problem, NoSymbolsError) and origin.source == "auto"):
                warnings: list[tuple[str, str]] = []
                path = resolve_inside(root, track.path)
                sequences.append(extract_score(path, track_id, part=track.part, warnings=warnings))
                engines[track_id] = NOTES
                problems += [
                    Problem("chords", track_id, track.path, place, reason, "the track goes on")
                    for place, reason in warnings
                ]
            else:
                annotation.track_id = track_id
                sequences.append(symbols.read(annotation, track.path, track.key))
        except (ReaderError, *MALFORMED) as caught:
            error = as_reader_error(caught)
            sequences.append(ChordSequence((), track_id=track_id))
            reasons[track_id] = error.reason
            problems.append(Problem("chords", track_id, track.path, error.place, error.reason, error.hint))
    table = ChordTable.from_sequences(sequences)
    return Extracted(table, reasons, problems + symbols.problems, engines=engines, contents=contents)


def _annotations(batch: Batch, root: Path) -> list[Annotation | None]:
    """Annotations of a batch in its order, None for notes and sound; tracks of one reader are read together."""
    found: dict[str, Annotation | None] = {}
    groups: dict[str, list[Track]] = {}
    for track in batch.tracks:
        if track.source_kind != "annotation" or (batch.origin.source == "notes" and holds_notes(track)):
            found[track.track_id] = None
        elif track.chords:
            found[track.track_id] = guarded(track.track_id, lambda track=track: _inline(batch, track))
        else:
            groups.setdefault(_reader_name(batch, root, track), []).append(track)
    for name, tracks in groups.items():
        if not name:
            for track in tracks:
                found[track.track_id] = guarded(track.track_id, lambda track=track: _refuse(root, track))
            continue
        found |= _read_together(name, root, tracks)
    return [found[track.track_id] for track in batch.tracks]


def holds_notes(track: Track) -> bool:
    """Whether a track's file holds notes, with or without chord symbols beside them."""
    return bool(track.path) and not track.chords and reads_notes(Path(track.path))


def _refuse(root: Path, track: Track) -> Annotation:
    """Say why a track that has no reader cannot be read: perhaps its path is none."""
    path = resolve_inside(root, track.path)
    raise ReaderError(
        f"no reader takes {path.suffix or 'a file without suffix'}",
        hint="musictrend corpus list --readers shows the formats",
    )


def _read_together(name: str, root: Path, tracks: list[Track]) -> dict[str, Annotation]:
    """Annotations of one reader's tracks; where the reader cannot begin at all, each of them says why."""
    annotations = iter(get_reader(name).read(root, tracks))
    found: dict[str, Annotation] = {}
    trouble = ReaderError("its reader gave nothing")
    for track in tracks:
        annotation = guarded(track.track_id, lambda: next(annotations, None))
        if annotation is None:  # the reader broke off at a track before
            annotation = Annotation.failed(track.track_id, trouble)
        trouble = annotation.problem or trouble
        found[track.track_id] = annotation
    return found


def _reader_name(batch: Batch, root: Path, track: Track) -> str:
    if track.reader or batch.reader:
        return track.reader or batch.reader
    reader = reader_for_file(root / track.path)
    return reader.name if reader else ""


def _inline(batch: Batch, track: Track) -> Annotation:
    """Chords written in the manifest: in the corpus' stated dialect, else told from the symbols."""
    annotation = CHORD_STRINGS.read_track(Path(batch.root), track)
    annotation.dialect = batch.dialect or annotation.dialect
    return annotation
