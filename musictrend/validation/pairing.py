"""Which track of one side belongs to which of the other, and the chords of both.

A side is a file; a corpus, whose tracks have ids; a run or the folder that
``musictrend extract CORPUS -o FOLDER`` wrote; or a plain folder of files, which
are known by their names.
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from musictrend.corpus.folder import list_files
from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers import recognise_folder
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.errors import CorpusError, NothingUsableError, ParameterError, ReaderError
from musictrend.execution import Progress, map_tasks
from musictrend.extraction.batches import extract_corpora
from musictrend.extraction.file import extract_with_engine, holds_one_piece
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.origin import Origin
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import NO_KEY, ChordTable

__all__ = ["Failure", "Pairs", "read_pairs", "without_keys"]

REFERENCE, ESTIMATE = "reference", "estimate"
KINDS = ("annotation", "score", "audio")
SHORT = 0.75  # of the reference's time; a fade or a coda is less than the rest
FEW = 32  # files of symbols or notes that are read sooner than a worker starts
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """A track that was not compared, on which side the cause lies, and the next move."""

    track_id: str
    side: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.track_id} ({self.side}): {self.reason}" + (f"; {self.hint}" if self.hint else "")


@dataclass(eq=False)
class Pairs:
    """Tracks that both sides have, in one order, and what is not compared.

    Attributes
    ----------
    reference, estimate : ChordTable, n tracks each
    written : bool array, shape (n,)
        Whether the reference's key is written there, rather than estimated from its chords.
    estimated : bool array, shape (n,)
        Whether the estimate's key was estimated from its chords.
    matched_by : str
        ``files`` (two files), ``track_id``, or what of the files' names is equal: ``path``, ``name``, ``folder``.
    failures : list of Failure
    """

    reference: ChordTable
    estimate: ChordTable
    written: np.ndarray
    estimated: np.ndarray
    matched_by: str
    failures: list[Failure] = field(default_factory=list)


@dataclass(eq=False)
class Read:
    """Chords of one side, with the keys that are written; why tracks have none."""

    chords: ChordTable
    reasons: dict[str, tuple[str, str]] = field(default_factory=dict)  # track id to reason and hint


class Side(ABC):
    """One side of an evaluation: what its tracks can be called, and their chords."""

    @abstractmethod
    def names(self) -> dict[str, dict[str, str]]:
        """Ways to call the tracks: way to name to the side's own id; the best way comes first."""

    @abstractmethod
    def read(self, ids: list[str], *, quiet: bool, jobs: int = 1, executor: str = "local") -> Read:
        """Chords of some tracks, in that order."""


def read_pairs(
    reference: str | Path, estimate: str | Path, *, quiet: bool = True, jobs: int = 1, executor: str = "local"
) -> Pairs:
    """Read both sides, with ``jobs`` worker processes, and bring them into one order.

    Raises
    ------
    ReaderError
        When one of two files cannot be read, or they have no common unit of time.
    ParameterError
        For a file beside a folder or corpus.
    NothingUsableError
        When no track can be compared.
    """
    paths = Path(reference), Path(estimate)
    alone = [holds_one_piece(path) for path in paths]
    if all(alone):
        one, other = (replace(_read_file(path), track_id=paths[0].stem).to_table() for path in paths)
        if failure := _cannot_align(one, other, 0, paths[0].stem):
            raise ReaderError(f"{failure.side}: {failure.reason}", hint=failure.hint)
        return _with_keys(one, other, "files", [])
    if any(alone):
        piece, many = paths if alone[0] else paths[::-1]
        if absent := next((path for path in (piece, many) if not path.exists()), None):
            raise ReaderError(f"no file at {absent}", hint="check the path")
        raise ParameterError(f"{piece} is one piece and {many} a collection: give two files, or two folders or corpora")
    sides = _open_side(reference), _open_side(estimate)
    way, names, failures = _match(*sides)
    if not names:
        raise NothingUsableError(
            f"nothing in common: {_some(sides[0])} in {reference}, {_some(sides[1])} in {estimate}; files are matched "
            "by name without suffix, corpora and runs by track_id"
        )
    told, heard = (
        side.read([pair[i] for pair in names.values()], quiet=quiet, jobs=jobs, executor=executor)
        for i, side in enumerate(sides)
    )
    usable, broken = [], []
    for i, (name, own) in enumerate(names.items()):
        bad = [Failure(name, kind, *side.reasons[own[k]])
               for k, (kind, side) in enumerate(((REFERENCE, told), (ESTIMATE, heard))) if own[k] in side.reasons]  # fmt: skip
        bad = bad or list(filter(None, [_cannot_align(told.chords, heard.chords, i, name)]))
        broken += bad
        if not bad:
            usable.append(i)
    if not usable:
        raise NothingUsableError(
            f"none of the {len(names)} tracks on both sides can be compared; the first: {broken[0]}"
        )
    ids = tuple(list(names)[i] for i in usable)
    one, other = (replace(side.chords.select(usable), track_ids=ids) for side in (told, heard))
    return _with_keys(one, other, way, sorted(failures + broken, key=lambda f: (f.track_id, f.side)))


def _read_file(path: Path) -> ChordSequence:
    """Chords of a file with the keys that are written there."""
    return extract_with_engine(path, Origin(), written_keys=True)[0]


def _try_file(path: Path) -> tuple[ChordSequence, tuple[str, str] | None]:
    """Chords of a file, or none with the reason and the next move."""
    try:
        return _read_file(path), None
    except (ReaderError, *MALFORMED) as caught:
        error = as_reader_error(caught)
        return ChordSequence(()), (error.reason + (f" ({error.place})" if error.place else ""), error.hint)


def _with_keys(told: ChordTable, heard: ChordTable, way: str, failures: list[Failure]) -> Pairs:
    """Keys where none are written are estimated, and that is said."""
    _warn_of_lengths(told, heard)
    (told, guessed), (heard, estimated) = fill_keys(told), fill_keys(heard)
    return Pairs(told, heard, ~guessed & _has_key(told), estimated, way, failures)


def _warn_of_lengths(told: ChordTable, heard: ChordTable) -> None:
    """Say so where the estimate ends long before the reference: often one side plays repeats out."""
    ends = []
    for table in (told, heard):
        end = np.zeros(table.n_tracks)
        track = np.repeat(np.arange(table.n_tracks), table.lengths)
        np.maximum.at(end, track, np.nan_to_num(table.onset + table.duration))
        ends.append(end)
    short = np.flatnonzero(ends[1] < SHORT * ends[0])
    if len(short):
        i = int(short[0])
        repeats = (
            ": are repeats played out on one side alone? DCML's harmonies folder is read as written, its corpus not"
        )
        LOG.warning(
            "%d of %d estimates cover less than %d%% of their reference's time, such as %s (%.6g of %.6g %s)%s",
            len(short), told.n_tracks, round(100 * SHORT), told.track_ids[i], ends[1][i], ends[0][i], told.units[i],
            "" if told.units[i] == "seconds" else repeats,
        )  # fmt: skip


def _has_key(table: ChordTable) -> np.ndarray:
    track = np.repeat(np.arange(table.n_tracks), table.lengths)
    return np.bincount(track, weights=table.key_tonic >= 0, minlength=table.n_tracks) > 0


def _cannot_align(told: ChordTable, heard: ChordTable, i: int, name: str) -> Failure | None:
    """Why a pair has no common time, or None."""
    units = told.units[i], heard.units[i]
    for kind, table, unit in ((REFERENCE, told, units[0]), (ESTIMATE, heard, units[1])):
        rows = slice(int(table.offsets[i]), int(table.offsets[i + 1]))
        if rows.start == rows.stop:
            return Failure(name, kind, "no chords in it")
        if unit == "order":
            return Failure(name, kind, "only the order of its chords is known, no times",
                           "chords are compared over time, never by position: give seconds, quarters or bars")  # fmt: skip
        if not np.nansum(np.where(np.isfinite(table.onset[rows]), table.duration[rows], 0)) > 0:
            return Failure(name, kind, "its chords have no onsets and durations")
    if units[0] != units[1]:
        return Failure(name, ESTIMATE, f"its times are in {units[1]}, the reference's in {units[0]}",
                       "both sides must be written in one unit")  # fmt: skip
    return None


def _match(told: Side, heard: Side) -> tuple[str, dict[str, tuple[str, str]], list[Failure]]:
    """How tracks are matched: the way, name to both sides' own ids, and the tracks of one side alone."""
    ways = told.names(), heard.names()
    by_files = isinstance(told, _Folder) or isinstance(heard, _Folder)
    best, most = ("", ""), 0
    for way, mine in ways[0].items():
        for other, theirs in ways[1].items():
            # One file a folder is called by it: 0037/salami_chords.txt is 0037.lab.
            fits = way == other or "track_id" in (way, other) or {way, other} == {"folder", "path"}
            fits = fits if by_files else way == other == "track_id"
            if fits and len(mine.keys() & theirs.keys()) > most:
                best, most = (way, other), len(mine.keys() & theirs.keys())
    if not most:
        return "", {}, []
    mine, theirs = ways[0][best[0]], ways[1][best[1]]
    alone = [Failure(name, ESTIMATE, "missing: the reference alone has it") for name in mine.keys() - theirs.keys()]
    alone += [Failure(name, REFERENCE, "missing: the estimate alone has it") for name in theirs.keys() - mine.keys()]
    common = {name: (mine[name], theirs[name]) for name in sorted(mine.keys() & theirs.keys())}
    way = best[0] if best[0] == best[1] else "track_id" if "track_id" in best else "folder"
    return way, common, alone


def _some(side: Side) -> str:
    names = sorted(next(iter(side.names().values())))
    return f"{len(names)} tracks such as {names[0]!r}" if names else "no tracks"


def _open_side(spec: str | Path) -> Side:
    path = Path(spec)
    if (path / "chords.parquet").is_file():
        return _Table(path / "chords.parquet")
    if path.suffix.lower() == ".parquet" and path.is_file() and _is_chord_table(path):
        return _Table(path)
    plain = path.is_dir() and not any((path / name).is_file() for name in ("corpus.toml", "tracks.csv"))
    return _Folder(path) if plain and recognise_folder(path) is None else _Collection(spec)


class _Folder(Side):
    """A plain folder of files, one piece each, known by their names without suffix."""

    def __init__(self, root: Path) -> None:
        self.root = root
        found = {path: reader.source_kind for path, reader in list_files(root)}
        for place, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            tables = [Path(place) / name for name in names if name.lower().endswith(".csv")]
            found |= {path: KINDS[0] for path in tables if holds_one_piece(path)}
        self.files = {path.relative_to(root).as_posix(): kind for path, kind in found.items() if holds_one_piece(path)}
        if not self.files:
            raise NothingUsableError(
                f"{root}: no file that a reader takes; musictrend corpus list --readers shows the formats"
            )

    def names(self) -> dict[str, dict[str, str]]:
        ways = {
            "path": lambda file: file.with_suffix("").as_posix().removesuffix(".harmonies"),
            "name": lambda file: file.stem.removesuffix(".harmonies"),
            "folder": lambda file: file.parent.as_posix(),
        }
        return {way: self._call(name) for way, name in ways.items()}

    def _call(self, name) -> dict[str, str]:
        """Names that belong to one file; of several, to what was written down rather than to score or sound."""
        files: dict[str, list[str]] = {}
        for file in sorted(self.files):
            files.setdefault(name(Path(file)), []).append(file)
        best = {
            n: [f for f in fs if self.files[f] == min((self.files[x] for x in fs), key=KINDS.index)]
            for n, fs in files.items()
        }
        return {n: fs[0] for n, fs in best.items() if len(fs) == 1 and n != "."}  # the root itself names nothing

    def read(self, ids: list[str], *, quiet: bool, jobs: int = 1, executor: str = "local") -> Read:
        with Progress(f"chords of {self.root.name}", len(ids), quiet=quiet) as progress:
            few = 1 if any(self.files[file] == KINDS[2] for file in ids) else FEW
            jobs = max(1, min(jobs, len(ids) // few))
            found = map_tasks(_try_file, [self.root / file for file in ids], jobs=jobs, executor=executor, describe=str,
                              on_result=lambda number, result: progress.advance())  # fmt: skip
        reasons = {file: why for file, (_, why) in zip(ids, found, strict=True) if why is not None}
        sequences = (replace(sequence, track_id=file) for file, (sequence, _) in zip(ids, found, strict=True))
        return Read(ChordTable.from_sequences(sequences), reasons)


class _Collection(Side):
    """A corpus, known by its track ids."""

    def __init__(self, spec: str | Path) -> None:
        self.corpus = load_corpus(spec)

    def names(self) -> dict[str, dict[str, str]]:
        ids = {track.track_id: track.track_id for track in self.corpus.entries}
        return {"track_id": ids} | _file_names({t.track_id: t.path for t in self.corpus.entries})

    def read(self, ids: list[str], *, quiet: bool, jobs: int = 1, executor: str = "local") -> Read:
        by_id = {track.track_id: track for track in self.corpus.entries}
        wanted = [by_id[i] for i in ids]
        part = replace(self.corpus, entries=wanted)
        found = extract_corpora([part], jobs=jobs, executor=executor, quiet=quiet)
        prefix = f"{self.corpus.name}/"
        hints = {p.track_id: p.hint for p in found.problems}
        reasons = {i.removeprefix(prefix): (reason, hints.get(i, "")) for i, reason in found.reasons.items()}
        reasons |= {t.track_id: (t.reason or t.status, "") for t in wanted if t.status != "ok"}
        return Read(without_keys(found.chords, found.key_estimated), reasons)


class _Table(Side):
    """The chords of a run, known by track ids without the corpus' name before them."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from musictrend.harmony.arrow import chords_from_arrow

        try:
            self.chords = chords_from_arrow(pq.read_table(path))
            beside = path.with_name("tracks.parquet")
            tracks = pq.read_table(beside).to_pylist() if beside.is_file() else []
        except (pa.ArrowException, KeyError, OSError, ValueError) as error:
            raise CorpusError(f"{path}: not a table of chords: {str(error).splitlines()[0]}") from None
        estimated = {row["track_id"] for row in tracks if row.get("key_estimated")}
        self.chords = without_keys(self.chords, np.array([i in estimated for i in self.chords.track_ids], dtype=bool))
        self.place = {track_id: i for i, track_id in enumerate(self.chords.track_ids)}
        if len(set(self.chords.track_ids)) < self.chords.n_tracks:
            raise CorpusError(f"{path}: the rows of a track do not stand together; sort it by track_id and position")
        self.files = {row["track_id"]: row.get("path") or "" for row in tracks}
        failed = {row["track_id"]: row.get("reason") or "failed" for row in tracks if row.get("status") == "failed"}
        self.failed = {track_id: reason for track_id, reason in failed.items() if track_id not in self.place}

    def names(self) -> dict[str, dict[str, str]]:
        ids = [*self.place, *self.failed]
        short = {i.partition("/")[2] or i: i for i in ids}
        ids_of = short if len(short) == len(ids) else {i: i for i in ids}
        return {"track_id": ids_of} | _file_names({i: self.files.get(i, "") for i in ids})

    def read(self, ids: list[str], *, quiet: bool, jobs: int = 1, executor: str = "local") -> Read:
        here = [i for i in ids if i in self.place]
        chords = self.chords.select([self.place[i] for i in here])
        if len(here) < len(ids):
            blank = ChordTable.from_sequences([ChordSequence((), track_id=i) for i in ids if i not in self.place])
            chords = ChordTable.concatenate([chords, blank])
            order = {track_id: i for i, track_id in enumerate(chords.track_ids)}
            chords = chords.select([order[i] for i in ids])
        return Read(chords, {i: (self.failed[i], "") for i in ids if i in self.failed})


def _file_names(paths: dict[str, str]) -> dict[str, dict[str, str]]:
    """Tracks by the names of their files, where a file is one track."""
    ways = {
        "path": lambda path: path.with_suffix("").as_posix().removesuffix(".harmonies"),
        "name": lambda path: path.stem.removesuffix(".harmonies"),
    }
    found: dict[str, dict[str, str]] = {}
    for way, call in ways.items():
        names = [call(Path(path)) if path else "" for path in paths.values()]
        once = Counter(names)
        found[way] = {name: i for name, i in zip(names, paths, strict=True) if name and once[name] == 1}
    return found


def _is_chord_table(path: Path) -> bool:
    import pyarrow.parquet as pq

    return {"track_id", "label", "onset", "duration"} <= set(pq.read_schema(path).names)


def without_keys(chords: ChordTable, tracks: np.ndarray | None) -> ChordTable:
    """The table without the keys of some tracks."""
    if tracks is None or not tracks.any():
        return chords
    gone = np.repeat(tracks, chords.lengths)
    return replace(
        chords,
        key_tonic=np.where(gone, NO_KEY, chords.key_tonic).astype(np.int8),
        key_mode=np.where(gone, NO_KEY, chords.key_mode).astype(np.int8),
    )
