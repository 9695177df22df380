"""A corpus: tracks with their labels, the rule from genres to segments, and where everything is.

`load_corpus` takes what ``CORPUS`` may be on the command line: a folder with a
``corpus.toml``, a name of the catalogue, a public dataset's own folder, a
table file, or a folder of chord files with labels in paths or a ``tracks.csv``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictrend.corpus.catalogue import Recipe, find_recipe, list_recipes, read_recipe, recipe_for_reader
from musictrend.corpus.files import iter_rows
from musictrend.corpus.genres import SegmentRule, split_genres
from musictrend.corpus.problem import Problem
from musictrend.corpus.readers import get_reader, reader_for_file, recognise_folder
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import CorpusError, ReaderError
from musictrend.harmony.key import Key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Corpus", "load_corpus"]

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
# What a folder of files is labelled by when its corpus.toml does not say: tried in order, the first that fits all.
PATTERNS = (
    "{genre}/{year}/{artist} - {title}",
    "{genre}/{year}/{title}",
    "{year}/{genre}/{artist} - {title}",
    "{year}/{genre}/{title}",
    "{genre}/{artist} - {title} ({year})",
    "{genre}/{artist} - {year} - {title}",
)
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
        if path.is_dir():
            corpus = _from_folder(path)
        elif path.is_file():
            corpus = _from_file(path)
        else:
            corpus = _from_catalogue(str(spec))
    except ReaderError as error:
        where = f"{spec}:{error.place}" if error.place else str(spec)
        raise CorpusError(f"{where}: {error.reason}" + (f"; {error.hint}" if error.hint else "")) from None
    if name:
        corpus.name = name
    corpus.entries = list(_unique(corpus))
    if not corpus.entries:
        raise CorpusError(f"{spec}: no tracks in it; see what is expected with: musictrend corpus init --help")
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
        return _from_recipe(Recipe(str(settings.get("name", reader.name)), root, settings | {"reader": reader.name}), root)
    return _from_recipe(Recipe(root.resolve().name or "corpus", root, {}), root)


def _from_file(path: Path) -> Corpus:
    suffix = path.suffix.lower()
    root = path.parent
    reader = reader_for_file(path)
    if suffix in TABLE_SUFFIXES and reader is not None and _dataset_file(path):
        return _from_folder(root)
    if suffix in TABLE_SUFFIXES:
        recipe = Recipe(path.stem, root, {"tracks": path.name})
        return _from_recipe(recipe, root)
    if reader is None:
        raise CorpusError(f"{path}: no reader takes {suffix or 'a file without suffix'}; a table is .csv, .tsv or .parquet")
    entries = [
        Track(track_id=a.track_id, path=path.name, part=a.track_id, title=a.title, artist=a.artist,
              year=parse_year(a.year), genres=a.genres, reader=reader.name)
        for a in reader.read_file(path)
    ]  # fmt: skip
    return Corpus(path.stem, root, reader.name, year_kind=reader.year_kind or "unknown", entries=entries,
                  transcription=reader.transcription)  # fmt: skip


def _dataset_file(path: Path) -> bool:
    """Whether a table file is a dataset of its own (Chordonomicon's CSV), told by its reader."""
    reader = reader_for_file(path)
    return reader is not None and getattr(reader, "recognises_file", lambda p: False)(path)


def _from_recipe(recipe: Recipe, root: Path) -> Corpus:
    settings = recipe.settings
    problems: list[Problem] = []
    reader_name = str(settings.get("reader", ""))
    reader = get_reader(reader_name) if reader_name else None
    manifest = root / str(settings.get("tracks", "tracks.csv"))
    corpus = Corpus(
        recipe.name,
        root,
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
    )
    if settings.get("tracks") or manifest.is_file():
        if not manifest.is_file():
            raise CorpusError(f"{root}: corpus.toml names tracks = {manifest.name!r}, which is not there")
        corpus.entries = list(_rows_to_tracks(manifest, settings, corpus))
    elif reader is not None:
        corpus.entries = list(reader.list_tracks(root))
    else:
        corpus.entries = list(_tracks_of_folder(root, settings, corpus))
    return corpus


def _table_rows(path: Path, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if path.suffix.lower() != ".parquet":
        yield from iter_rows(path, encoding=settings.get("encoding"))
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
    renamed = {str(old): str(new) for new, old in settings.get("columns", {}).items()}
    first = True
    for row in _table_rows(path, settings):
        line = str(row.pop("__line__"))
        place = line if line.startswith("row") else f"line {line}"
        row = {renamed.get(k, k).strip().lower(): v for k, v in row.items() if k is not None}
        if first:
            _check_columns(path, row, corpus)
            first = False
        yield _row_to_track(row, place, path, corpus)
    if first:
        raise CorpusError(f"{path}: no rows below the header")


def _check_columns(path: Path, row: Mapping[str, Any], corpus: Corpus) -> None:
    have = ", ".join(row) or "none"
    if "chords" not in row and "path" not in row:
        raise CorpusError(
            f"{path}: no column 'chords' or 'path' (it has {have}); rename one under [columns] in corpus.toml, "
            "for example chords = \"Progression\""
        )
    for column in ("year", "genre"):
        if column not in row and not (column == "genre" and "genres" in row):
            corpus.problems.append(
                Problem("tracks", path=path.name, reason=f"no column {column!r} (it has {have})",
                        hint=f"add it, or rename one under [columns]; without it no track has a {column}")  # fmt: skip
            )


def _row_to_track(row: dict[str, Any], place: str, path: Path, corpus: Corpus) -> Track:
    text = {k: "" if v is None else ";".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in row.items()}
    get = lambda *names: next((text[n].strip() for n in names if text.get(n, "").strip()), "")  # noqa: E731
    track_id = get("track_id", "id") or place.replace(" ", "-")
    year = parse_year(row.get("year") if not isinstance(row.get("year"), str) else get("year"))
    if year.value is None and year.reason != "no year":
        corpus.problems.append(
            Problem("tracks", track_id, path.name, place, year.reason, "the track stays, without a year")
        )
    key = None
    if get("key"):
        try:
            key = Key.parse(get("key"))
        except ValueError as error:
            corpus.problems.append(Problem("tracks", track_id, path.name, place, str(error), "the track stays, without a key"))
    popularity = None
    if get("popularity"):
        try:
            popularity = float(get("popularity"))
        except ValueError:
            corpus.problems.append(Problem("tracks", track_id, path.name, place, f"popularity {get('popularity')[:40]!r} is no number"))
    exposure = {}
    for name in ("peak_rank", "weeks"):
        if get(name):
            try:
                exposure[name] = float(get(name))
            except ValueError:
                corpus.problems.append(Problem("tracks", track_id, path.name, place, f"{name} {get(name)[:40]!r} is no number"))
    status, reason = "ok", ""
    if not get("chords") and not get("path"):
        status, reason = "failed", f"{path.name} {place}: neither chords nor a path"
    return Track(
        track_id=track_id, path=get("path"), chords=get("chords"), title=get("title"), artist=get("artist"),
        part=get("part"), year=year, year_kind=get("year_kind"), genres=split_genres(get("genre", "genres")),
        popularity=popularity, exposure=exposure, key=key, split=get("split"), transcription=get("transcription"),
        reader=get("reader"), status=status, reason=reason,
        source_kind=get("source_kind") or "annotation",
    )  # fmt: skip


def _tracks_of_folder(root: Path, settings: Mapping[str, Any], corpus: Corpus) -> Iterator[Track]:
    """Tracks of a folder of chord files, labelled by their paths."""
    files = [(p, reader_for_file(p)) for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    chosen = [(p, r) for p, r in files if r is not None]
    if not chosen:
        raise CorpusError(
            f"{root}: not a corpus: no corpus.toml, no tracks.csv, no dataset that is recognised, and no file that a "
            "reader takes"
        )
    relative = [p.relative_to(root).with_suffix("").as_posix() for p, _ in chosen]
    patterns = [str(settings["pattern"])] if "pattern" in settings else list(PATTERNS)
    matcher = next((m for m in map(compile_pattern, patterns) if all(map(m.fullmatch, relative))), None)
    if matcher is None and "pattern" in settings:
        matcher = compile_pattern(patterns[0])  # the corpus' own: files that do not fit are listed
    if matcher is None:
        corpus.problems.append(
            Problem("tracks", path=str(root), reason="no year and genre: the paths fit no known pattern",
                    hint="write pattern = \"{genre}/{year}/{title}\" in a corpus.toml, or a tracks.csv")  # fmt: skip
        )
    for (path, reader), name in zip(chosen, relative, strict=True):
        found = matcher.fullmatch(name) if matcher else None
        labels = found.groupdict() if found else {}
        if matcher is not None and found is None:
            corpus.problems.append(
                Problem("tracks", name, name, "", f"the path does not fit the pattern {patterns[0]!r}", "rename the file or mend the pattern")
            )
        yield Track(
            track_id=path.relative_to(root).as_posix(), path=path.relative_to(root).as_posix(),
            title=labels.get("title", path.stem), artist=labels.get("artist", ""), year=parse_year(labels.get("year")),
            genres=split_genres(labels.get("genre", "")), reader=reader.name, transcription=reader.transcription,
            source_kind=reader.source_kind,
        )  # fmt: skip


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A path pattern such as ``{genre}/{year}/{title}`` as a regular expression.

    Examples
    --------
    >>> compile_pattern("{genre}/{year}/{title}").fullmatch("jazz/1959/So What")["year"]
    '1959'
    """
    fields = {"genre": r"[^/]+", "year": r"[~\d][\d.~?s-]{3,12}", "title": r"[^/]+", "artist": r"[^/]+?", "any": r"[^/]+"}
    parts = re.split(r"\{(\w+)\}", pattern)
    expression = ""
    for i, part in enumerate(parts):
        if i % 2 == 0:
            expression += re.escape(part)
        elif part not in fields:
            raise CorpusError(f"pattern {pattern!r}: {{{part}}} must be one of {', '.join('{%s}' % f for f in fields)}")
        else:
            expression += f"(?P<{part}>{fields[part]})" if part != "any" else fields[part]
    return re.compile(expression)


def _unique(corpus: Corpus) -> Iterator[Track]:
    """Tracks with ids that are used once; the second use is a failed track with an id of its own."""
    seen: Counter[str] = Counter()
    for track in corpus.entries:
        seen[track.track_id] += 1
        count = seen[track.track_id]
        if count > 1:
            reason = f"track_id {track.track_id!r} is used {'again' if count == 2 else f'{count} times'}"
            track = replace(track, track_id=f"{track.track_id}#{count}", status="failed", reason=reason)
        yield track


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
                    "reason": track.reason,
                    "n_chords": 0,
                    "song_id": track.song_id,
                    "path": track.path,
                    "part": track.part,
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


def mark_duplicates(table: pd.DataFrame) -> None:
    """One row a song inside a corpus: the earliest year is kept, the others name it in ``duplicate_of``.

    Songs are equal by title and artist. Of several rows of one year the first
    stays. Rows that failed already are left alone.
    """
    usable = table[(table["song_id"] != "") & (table["status"] == "ok")]
    order = usable.assign(_year=usable["year"].astype("float64").fillna(1e9))
    order = order.sort_values(["corpus", "song_id", "_year"], kind="stable")
    first = order.groupby(["corpus", "song_id"], sort=False)["track_id"].transform("first")
    again = order.index[first.to_numpy() != order["track_id"].to_numpy()]
    table.loc[again, "duplicate_of"] = first.loc[again]
