"""A corpus: tracks with their labels, the rule from genres to segments, and where everything is.

`load_corpus` takes what ``CORPUS`` may be on the command line: a folder with a
``corpus.toml``, a name of the catalogue, a public dataset's own folder, a
table file, or a folder of chord files with labels in paths or a ``tracks.csv``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictrend.corpus.catalogue import (
    Recipe,
    find_recipe,
    list_recipes,
    read_recipe,
    recipe_for_reader,
    unknown_settings,
)
from musictrend.corpus.duplicates import mark_duplicates
from musictrend.corpus.files import iter_rows, read_head_text, resolve_inside
from musictrend.corpus.folder import list_pieces, scan_folder
from musictrend.corpus.genres import SegmentRule, split_genres
from musictrend.corpus.problem import Problem, clean_text
from musictrend.corpus.readers import get_reader, list_readers, reader_for_file, recognise_folder, refuse_file
from musictrend.corpus.readers.reader import YEAR_KINDS
from musictrend.corpus.track import SOURCE_KINDS, Track
from musictrend.corpus.year import parse_year
from musictrend.errors import CorpusError, NothingUsableError, ParameterError, ReaderError
from musictrend.harmony.dialects import list_dialects
from musictrend.harmony.key import Key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Corpus", "load_corpus"]

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
R_SUFFIXES = (".rda", ".rdata")  # tables of datasets alone
# Columns of a manifest that are read, and the one that [segments] measures exposure by; others are left alone.
TEXTS = (
    "track_id", "id", "path", "part", "chords", "title", "artist", "year", "year_kind", "genre", "genres", "key",
    "split", "source_kind", "transcription", "reader",
)  # fmt: skip
NUMBERS = ("popularity", "peak_rank", "weeks")
TRACK_COLUMNS = (
    "track_id", "corpus", "title", "artist", "artist_id", "year", "year_low", "year_high", "year_kind",
    "genres", "segment", "popularity", "weight", "duplicate_of", "source_kind", "engine", "status", "reason",
    "n_chords", "song_id", "path", "part", "transcription", "split",
)  # fmt: skip


@dataclass
class Corpus:
    """A labelled collection.

    Attributes
    ----------
    name, title, licence, citation : str
    root : Path
        Folder that the tracks' paths are below.
    reader : str
        Which reader opens its files, unless a track names its own.
    year_kind : str
        What its years mean: ``chart``, ``composition``, ``recording``, ``release``, ``performance`` or ``unknown``.
    transcription : str
        How chords came to be written: ``full transcription``, ``lead sheet``, ``user chart``, ``analysis``.
    rule : SegmentRule
    entries : list of Track
        In a stable order; ids are unique.
    problems : list of Problem
        What was wrong with the manifest.
    synthetic : bool
        Whether the music was planted rather than made by people.
    dialect : str
        Grammar of chords written in the manifest itself; told from the symbols when empty.
    """

    name: str
    root: Path
    reader: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    year_kind: str = "unknown"
    transcription: str = ""
    rule: SegmentRule = field(default_factory=SegmentRule)
    entries: list[Track] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    synthetic: bool = False
    note: str = ""
    dialect: str = ""

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def tracks(self) -> pd.DataFrame:
        """Tracks with the columns of ``tracks.parquet``, in the order of the manifest."""
        return track_table([self])


def load_corpus(spec: str | Path, *, name: str | None = None) -> Corpus:
    """Load a corpus' labels; the chords are not opened yet.

    Parameters
    ----------
    spec : str or Path
        A folder, a table file, or a name of the catalogue.
    name : str, optional
        What to call it; by default what it calls itself.

    Raises
    ------
    CorpusError
        When there is no such corpus, or its manifest cannot be used; the message says what to do next.

    Examples
    --------
    >>> corpus = load_corpus("planted")
    >>> corpus.synthetic, corpus.year_kind
    (True, 'release')
    """
    path = Path(spec)
    try:
        if str(spec) and path.is_dir():
            corpus = _from_folder(path)
        elif path.is_file():
            corpus = _from_file(path)
        else:
            corpus = _from_catalogue(str(spec))
    except ReaderError as error:
        where = f"{spec}:{error.place}" if error.place else str(spec)
        raise CorpusError(f"{where}: {error.reason}" + (f"; {error.hint}" if error.hint else "")) from None
    except OSError as error:
        raise CorpusError(f"{error.filename or spec}: cannot be opened: {error.strerror}") from None
    if name:
        corpus.name = name
    # The first use of an id is the good one; then the order of the manifest must not matter any more.
    corpus.entries = sorted(_unique(corpus), key=lambda track: track.track_id)
    if not corpus.entries:
        raise NothingUsableError(f"{spec}: no tracks in it; see what is expected with: musictrend corpus init --help")
    return corpus


def _from_catalogue(name: str) -> Corpus:
    recipe = find_recipe(name)
    if recipe is None:
        known = ", ".join(sorted(list_recipes()))
        raise CorpusError(f"no folder, file or corpus {name!r}; the catalogue has {known}")
    if recipe.is_packaged:
        return _from_recipe(recipe, recipe.folder)
    if recipe.is_fetched:
        return _from_recipe(recipe, recipe.fetched)
    move = f"musictrend corpus fetch {name}" if recipe.files else f"{recipe.folder / 'README.md'} tells where to get it"
    raise CorpusError(f"{name}: its data are not here; {move}")


def _from_folder(root: Path) -> Corpus:
    if (root / "corpus.toml").is_file():
        recipe = read_recipe(root)
        if not recipe.is_packaged and recipe.is_fetched and recognise_folder(root) is None and recipe.files:
            return _from_recipe(recipe, recipe.fetched)
        return _from_recipe(recipe, root)
    reader = recognise_folder(root)
    if reader is not None:
        known = recipe_for_reader(reader.name)
        settings = dict(known.settings) if known else {}
        return _from_recipe(
            Recipe(str(settings.get("name", reader.name)), root, settings | {"reader": reader.name}), root
        )
    return _from_recipe(Recipe(clean_text(root.resolve().name).lstrip(".") or "corpus", root, {}), root)


def _from_file(path: Path) -> Corpus:
    suffix = path.suffix.lower()
    root = path.parent
    reader = reader_for_file(path)
    if suffix in (*TABLE_SUFFIXES, *R_SUFFIXES) and _dataset_file(path):
        return _from_folder(root)
    if suffix in TABLE_SUFFIXES:
        return _from_recipe(Recipe(clean_text(path.stem), root, {}), root, manifest=path)
    if reader is None:
        raise CorpusError(f"{refuse_file(path).reason}; a table is .csv, .tsv or .parquet")
    entries = list_pieces(root, path, reader, always=True)
    return Corpus(clean_text(path.stem), root, reader.name, year_kind=reader.year_kind or "unknown", entries=entries,
                  transcription=reader.transcription)  # fmt: skip


def _dataset_file(path: Path) -> bool:
    """Whether a table file is that of a dataset (Chordonomicon's, iRb's), told by the dataset's reader."""
    reader = reader_for_file(path) or recognise_folder(path.parent)
    return reader is not None and reader.recognises_file(path, read_head_text(path))


def _from_recipe(recipe: Recipe, root: Path, *, manifest: Path | None = None) -> Corpus:
    settings = recipe.settings
    problems = [Problem("tracks", path="corpus.toml", reason=odd, hint="it changes nothing as it stands")
                for odd in unknown_settings(settings)]  # fmt: skip
    reader_name = str(settings.get("reader", ""))
    reader = get_reader(reader_name) if reader_name else None
    if manifest is None and (settings.get("tracks") or (root / "tracks.csv").is_file()):
        manifest = resolve_inside(root, str(settings.get("tracks", "tracks.csv")))
    corpus = Corpus(
        recipe.name,
        _package_folder(str(settings["root"]), recipe) if "root" in settings else root,
        reader_name,
        title=str(settings.get("title", recipe.name)),
        licence=str(settings.get("licence", reader.licence if reader else "")),
        citation=str(settings.get("citation", reader.citation if reader else "")),
        year_kind=str(settings.get("year_kind") or (reader.year_kind if reader else "") or "unknown"),
        transcription=str(settings.get("transcription") or (reader.transcription if reader else "")),
        rule=SegmentRule.from_toml(settings.get("segments"), settings.get("genres")),
        problems=problems,
        synthetic=bool(settings.get("synthetic", False)),
        note=str(settings.get("note", "")),
        dialect=_dialect(settings),
    )
    if manifest is not None:
        corpus.entries = list(_rows_to_tracks(manifest, settings, corpus))
    elif reader is not None:
        corpus.entries = list(reader.list_tracks(root))
    else:
        corpus.entries = list(scan_folder(root, problems, str(settings.get("pattern", ""))))
    return corpus


def _dialect(settings: Mapping[str, Any]) -> str:
    dialect = str(settings.get("dialect", ""))
    if dialect and dialect not in list_dialects():
        raise ParameterError(f"dialect={dialect!r} in corpus.toml must be one of {', '.join(list_dialects())}")
    return dialect


def _package_folder(setting: str, recipe: Recipe) -> Path:
    """Folder inside an installed package, as in ``root = "package:music21/corpus"``; the package is not imported."""
    kind, _, place = setting.partition(":")
    name, *below = place.split("/")
    if kind != "package" or not name.isidentifier() or any(part in ("", ".", "..") for part in below):
        raise CorpusError(
            f"{recipe.folder / 'corpus.toml'}: root = {setting!r} must be 'package:NAME/FOLDER', a folder inside an "
            "installed Python package; without root, paths are below the corpus folder"
        )
    spec = find_spec(name)  # looks for a top-level package without running it
    if spec is None or not spec.submodule_search_locations:
        raise CorpusError(
            f"{recipe.name}: its files are in the Python package {name!r}, which is not installed; pip install {name}"
        )
    folder = Path(next(iter(spec.submodule_search_locations))).joinpath(*below)
    if not folder.is_dir():
        raise CorpusError(
            f"{recipe.name}: the installed {name} has no folder {'/'.join(below)!r} (some distributions leave it out); "
            f"pip install --force-reinstall {name}"
        )
    return folder


def _table_rows(path: Path, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() != ".parquet":
        yield from iter_rows(path, encoding=settings.get("encoding"), lenient=True)
        return
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, ValueError) as error:
        raise ReaderError(f"not a Parquet file: {str(error).splitlines()[0]}") from None
    for number, row in enumerate(table.to_pylist(), 1):
        yield {key: value for key, value in row.items()} | {"__line__": f"row {number}"}


def _rows_to_tracks(path: Path, settings: Mapping[str, Any], corpus: Corpus) -> Iterator[Track]:
    """Rows of a manifest as tracks; columns may be renamed by ``[columns]``."""
    if path.stat().st_size == 0:
        raise NothingUsableError(f"{path}: empty file: not one track in it")
    renamed = {str(old): str(new) for new, old in settings.get("columns", {}).items()}
    names: dict[str, str] = {}
    empty = True
    for row in _table_rows(path, settings):
        line = str(row.pop("__line__"))
        place = line if line.startswith("row") else f"line {line}"
        problem = row.pop("__problem__", "")
        if row and not names:
            names = _check_columns(path, list(row), renamed, corpus)
        empty = False
        yield _row_to_track({new: row[old] for new, old in names.items() if old in row}, problem, place, path, corpus)
    if empty:
        raise NothingUsableError(f"{path}: no rows below the header: not one track in it")


def _check_columns(path: Path, columns: list[str], renamed: Mapping[str, str], corpus: Corpus) -> dict[str, str]:
    """Our name of each column that is used -> the table's; a column that ``[columns]`` names wins over one called so."""
    ordered = sorted(columns, key=lambda column: column in renamed)
    found = {renamed.get(c, c).strip().lower(): c for c in ordered}
    have = ", ".join(c[:40] for c in columns[:12]) + (f" and {len(columns) - 12:,} more" if len(columns) > 12 else "")
    if "chords" not in found and "path" not in found:
        raise CorpusError(
            f"{path}: no column 'chords' or 'path' (it has {have or 'none'}); rename one under [columns] in corpus.toml, "
            'for example chords = "Progression"'
        )
    for old in sorted(set(renamed) - set(columns)):
        corpus.problems.append(
            Problem(
                "tracks",
                path=path.name,
                reason=f"no column {old!r}, which [columns] names (it has {have})",
                hint="mend its spelling in corpus.toml",
            )  # fmt: skip
        )
    for column in ("year", "genre"):
        if column not in found and not (column == "genre" and "genres" in found):
            corpus.problems.append(
                Problem(
                    "tracks",
                    path=path.name,
                    reason=f"no column {column!r} (it has {have})",
                    hint=f"add it, or rename one under [columns]; without it no track has a {column}",
                )  # fmt: skip
            )
    return {new: old for new, old in found.items() if new in (*TEXTS, *NUMBERS, corpus.rule.measure)}


def _row_to_track(row: dict[str, Any], problem: str, place: str, path: Path, corpus: Corpus) -> Track:
    text = {name: _cell(value) for name, value in row.items()}
    get = lambda *names: next((text[n].strip() for n in names if text.get(n, "").strip()), "")  # noqa: E731
    track_id = get("track_id", "id") or place.replace(" ", "-")
    year = parse_year(row.get("year") if not isinstance(row.get("year"), str) else get("year"))
    tell = lambda reason, hint: corpus.problems.append(Problem("tracks", track_id, path.name, place, reason, hint))  # noqa: E731
    if year.value is None and year.reason != "no year":
        tell(year.reason, "the track stays, without a year")
    key = None
    if get("key"):
        try:
            key = Key.parse(get("key"))
        except ValueError as error:
            tell(str(error), "the track stays, without a key")
    numbers = {}
    for name in dict.fromkeys((*NUMBERS, corpus.rule.measure)):
        if get(name):
            try:
                numbers[name] = _finite_number(get(name))
            except ValueError:
                tell(f"{name} {get(name)[:40]!r} is no number", f"the track stays, without {name}")
    for name, accepted in (("year_kind", (*YEAR_KINDS, "unknown")), ("source_kind", SOURCE_KINDS)):
        if get(name) and get(name) not in accepted:
            tell(f"{name} {get(name)[:40]!r} must be one of {', '.join(accepted)}", "the corpus' own is taken")
            text[name] = ""
    broken_cell = next(
        (k for k in ("track_id", "title", "artist", "year", "genre", "path") if "\n" in text.get(k, "")), ""
    )
    if broken_cell:
        tell(f"a line break inside {broken_cell}", "is a quote above it never closed? rows may have been lost")
    status, reason = "ok", ""
    if problem:
        status, reason = "failed", f"{path.name} {place}: {problem}"
    elif not get("chords") and not get("path"):
        status, reason = "failed", f"{path.name} {place}: neither chords nor a path"
    elif get("reader") and get("reader") not in list_readers():
        status, reason = "failed", f"{path.name} {place}: no reader {get('reader')[:40]!r}"
    source_kind = get("source_kind")
    if not source_kind and get("path") and not get("chords"):
        reader = list_readers().get(get("reader") or corpus.reader) or reader_for_file(Path(get("path")), head="")
        source_kind = reader.source_kind if reader else ""
    return Track(
        track_id=track_id, path=get("path"), chords=get("chords"), title=get("title"), artist=get("artist"),
        part=get("part"), year=year, year_kind=get("year_kind"), genres=split_genres(get("genre", "genres")),
        popularity=numbers.pop("popularity", None), exposure=numbers, key=key, split=get("split"),
        transcription=get("transcription"), reader=get("reader"), status=status, reason=reason,
        source_kind=source_kind or "annotation",
    )  # fmt: skip


def _cell(value: Any) -> str:
    """A cell of a table as text."""
    if isinstance(value, list):
        return ";".join(_cell(v) for v in value if v is not None)
    return "" if value is None else str(value)


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _unique(corpus: Corpus) -> Iterator[Track]:
    """Tracks with ids that are used once; the second use is a failed track with an id of its own."""
    seen: Counter[str] = Counter()
    for track in corpus.entries:
        track_id, title, artist = (clean_text(text) for text in (track.track_id, track.title, track.artist))
        seen[track_id] += 1
        count = seen[track_id]
        if count > 1:
            reason = f"track_id {track_id!r} is used {'again' if count == 2 else f'{count} times'}"
            track = replace(track, track_id=f"{track_id}#{count}", status="failed", reason=reason)
        elif (track_id, title, artist) != (track.track_id, track.title, track.artist):
            track = replace(track, track_id=track_id, title=title, artist=artist)
        yield track


def manifest_problems(corpus: Corpus) -> list[Problem]:
    """What was wrong with a corpus' labels, with ids as in ``tracks.parquet``; rows that failed come last."""
    name = lambda track_id: f"{corpus.name}/{clean_text(track_id)}" if track_id else ""  # noqa: E731
    found = [replace(problem, track_id=name(problem.track_id)) for problem in corpus.problems]
    return found + [
        Problem("tracks", name(track.track_id), track.path, "", track.reason, "mend the row; the rest goes on")
        for track in corpus.entries
        if track.status == "failed"
    ]


def track_table(corpora: Iterable[Corpus]) -> pd.DataFrame:
    """Tracks of some corpora with the columns of ``tracks.parquet``; ids get ``corpus/`` before them."""
    import pandas as pd

    rows = []
    for corpus in corpora:
        for track in corpus.entries:
            rows.append(
                {
                    "track_id": f"{corpus.name}/{track.track_id}",
                    "corpus": corpus.name,
                    "title": track.title,
                    "artist": track.artist,
                    "artist_id": track.artist_id if track.artist else f"unknown:{corpus.name}/{track.track_id}",
                    "year": track.year.value,
                    "year_low": track.year.low,
                    "year_high": track.year.high,
                    "year_kind": track.year_kind or corpus.year_kind,
                    "genres": list(corpus.rule.canonical(track.genres)),
                    "segment": corpus.rule.assign(track),
                    "popularity": track.popularity,
                    "weight": 1.0,
                    "duplicate_of": None,
                    "source_kind": track.source_kind,
                    "engine": "",
                    "status": track.status,
                    "reason": clean_text(track.reason),
                    "n_chords": 0,
                    "song_id": track.song_id,
                    "path": clean_text(track.path),
                    "part": clean_text(track.part),
                    "transcription": track.transcription or corpus.transcription,
                    "split": track.split,
                }
            )
    table = pd.DataFrame(rows, columns=list(TRACK_COLUMNS))
    for column in ("year", "year_low", "year_high"):
        table[column] = table[column].astype("Int16")
    table["popularity"] = table["popularity"].astype("float64")
    table["duplicate_of"] = table["duplicate_of"].astype("str")
    table["n_chords"] = table["n_chords"].astype("int32")
    mark_duplicates(table)
    return table
