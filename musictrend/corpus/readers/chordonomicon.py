"""Chordonomicon: chord charts of 680,000 songs as users wrote them, one row each of a CSV of 264 MB.

Columns of ``chordonomicon_v2.csv``: id, chords, release_date, genres, decade, rock_genre,
artist_id, main_genre, spotify_song_id, spotify_artist_id; earlier versions have s_artist for
artist_id, and parts. Only ``id`` and ``chords`` are needed. The file is read row by row and never held
whole: a track's ``part`` is the byte at which its row begins.

Genres are the row's ``main_genre``, else the list in ``genres``. The year is that of
``release_date`` on Spotify, often a re-issue's, else the decade. Titles are not in the data;
``spotify:track:ID`` stands for one, so that a recording that is there twice is found.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import MAX_FIELD, MAX_LINE, iter_lines, read_head_text, resolve_inside
from musictrend.corpus.readers.chordstrings import parse_chord_string
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year
from musictrend.errors import ReaderError

FILES = ("chordonomicon_v2.csv", "chordonomicon.csv")
_MISSING = {"", "nan", "none", "null", "<na>"}
__all__ = ["READER", "Chordonomicon", "iter_records", "read_columns", "split_record"]

Row = tuple[int, int, list[str], str]  # byte and line at which it begins, cells, what is wrong with it


class Chordonomicon(Reader):
    """Reader of ``chordonomicon_v2.csv``."""

    name = "chordonomicon"
    title = "Chordonomicon"
    licence = "CC BY-NC 4.0"
    citation = (
        "Kantarelis, Thomas, Lyberatos, Dervakos, Stamou (2024). CHORDONOMICON: a dataset of 666,000 songs "
        "and their chord progressions. arXiv:2410.22046"
    )
    url = "https://huggingface.co/datasets/ailsntua/Chordonomicon"
    year_kind = "release"
    transcription = "user chart"
    dialect = "chordonomicon"
    suffixes = FILES
    holds_many = True

    def recognises(self, root: Path) -> bool:
        """Whether the CSV lies in the folder."""
        return any(self.recognises_file(root / name, read_head_text(root / name)) for name in FILES)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file has Chordonomicon's name and columns."""
        columns = head.partition("\n")[0].strip().split(",")
        return path.name in FILES and {"id", "chords", "main_genre", "rock_genre"} <= set(columns)

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a row, in the file's order."""
        path = next((root / name for name in FILES if (root / name).is_file()), None)
        if path is None:
            raise ReaderError(
                f"no {FILES[0]} in the folder", hint="corpora/chordonomicon/README.md tells where to get it"
            )
        genres: dict[str, tuple[str, ...]] = {}
        years: dict[str, Year] = {}
        rows = iter_records(path)
        columns = read_columns(next(rows, None))
        for offset, line, cells, problem in rows:
            row = dict(zip(columns, cells, strict=False))
            track_id = row.get("id", "").strip() or f"line-{line}"
            where = {"track_id": track_id, "path": path.name, "part": str(offset)}
            if len(cells) != len(columns):
                reason = f"line {line}: {problem or f'{len(cells)} cells, the header has {len(columns)}'}"
                yield Track(**where, status="failed", reason=reason)  # type: ignore[arg-type]
                continue
            label, date = _genre_text(row), _year_text(row)
            # 680,000 tracks share some thousand genre lists and dates.
            if label not in genres:
                genres[label] = _split_genres(label)
            if date not in years:
                years[date] = parse_year(date)
            song = _text(row, "spotify_song_id")
            yield Track(
                **where,  # type: ignore[arg-type]
                title=_text(row, "title") or (f"spotify:track:{song}" if song else ""),
                artist=_text(row, "artist_id") or _text(row, "s_artist"),
                year=years[date],
                genres=genres[label],
            )

    def read(self, root: Path, tracks: Sequence[Track]) -> Iterator[Annotation]:
        """Chords of these tracks; the file is opened once and read forward."""
        tables: dict[str, _Table] = {}
        for track in tracks:
            yield guarded(track.track_id, partial(_read_row, root, track, tables))

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Chords of one track."""
        return _read_row(root, track, {})


class _Table:
    """The CSV, opened where the next row is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns = read_columns(next(iter_records(path), None))
        self._rows: Iterator[Row] = iter(())

    def row(self, offset: int) -> dict[str, str]:
        """The row that begins at a byte."""
        found = next(self._rows, None)
        if found is None or found[0] != offset:
            self._rows = iter_records(self.path, offset)
            found = next(self._rows, None)
        return dict(zip(self.columns, found[2], strict=False)) if found else {}


class _Lines:
    """Lines of a file, each with the byte it begins at; those looked at too early can be given back."""

    def __init__(self, lines: Iterator[tuple[int, bytes]]) -> None:
        self._lines = lines
        self._back: deque[tuple[int, bytes]] = deque()

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        return self._back.popleft() if self._back else next(self._lines)

    def give_back(self, lines: list[tuple[int, bytes]]) -> None:
        self._back.extendleft(reversed(lines))


def iter_records(path: Path, offset: int = 0) -> Iterator[Row]:
    """Rows of the CSV from a byte on: quoted cells may hold commas, doubled quotes and line ends.

    A line that is no row, such as one whose quote is never closed, has no cells but what is wrong with it; the
    next line begins a new row.
    """
    lines = _Lines(iter_lines(path, offset=offset))
    number = 0
    for begun, line in lines:
        number += 1
        if not line.strip():
            continue
        first = number
        data = line.removeprefix(codecs.BOM_UTF8) if begun == 0 else line
        cells, problem = split_record(data)
        if problem and b'"' in data:
            rest = _take_rest(data, lines)
            if rest:
                number += len(rest)
                cells, problem = split_record(data + b"".join(rest))
        yield begun, first, cells, problem


def split_record(data: bytes) -> tuple[list[str], str]:
    """Cells of one row of a CSV, and what is wrong with it.

    Examples
    --------
    >>> split_record(b'1,"C, G ""live"" F",1971')
    (['1', 'C, G "live" F', '1971'], '')
    >>> split_record(b'1,"C G')
    ([], 'not a row of a CSV: unexpected end of data')
    """
    csv.field_size_limit(MAX_FIELD)
    # Byte by byte, so that the bounds of cells do not depend on what the bytes mean.
    lines = data.decode("latin-1").split("\n")
    try:
        cells = next(csv.reader([line + "\n" for line in lines[:-1]] + [lines[-1]], strict=True))
    except (csv.Error, StopIteration) as error:
        return [], f"not a row of a CSV: {error}"
    if data.isascii():
        return cells, ""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [], f"not UTF-8: byte 0x{data[error.start]:02x} cannot be decoded"
    return [cell.encode("latin-1").decode("utf-8") for cell in cells], ""


def _take_rest(data: bytes, lines: _Lines) -> list[bytes]:
    """The lines that a row with an open quote goes on over; none when they do not make it a row."""
    taken: list[tuple[int, bytes]] = []

    def feed() -> Iterator[str]:
        yield data.decode("latin-1")
        total = len(data)
        for begun, line in lines:
            taken.append((begun, line))
            total += len(line)
            if total > MAX_LINE:
                return
            yield line.decode("latin-1")

    try:
        next(csv.reader(feed(), strict=True))
    except (csv.Error, StopIteration):
        lines.give_back(taken)
        return []
    return [line for _, line in taken]


def read_columns(header: Row | None) -> list[str]:
    """Names of the columns, from the first row."""
    columns = [name.strip() for name in header[2]] if header else []
    if "chords" not in columns:
        raise ReaderError(
            f"no column 'chords' (it has {', '.join(columns)[:200] or 'none'})",
            hint="is this the right file?",
        )
    return columns


def _read_row(root: Path, track: Track, tables: dict[str, _Table]) -> Annotation:
    if track.path not in tables:
        tables[track.path] = _Table(resolve_inside(root, track.path))
    row = tables[track.path].row(int(track.part))
    if "chords" not in row or row.get("id", track.track_id).strip() not in {track.track_id, ""}:
        raise ReaderError(
            f"row {track.track_id} is not where it was when the corpus was listed",
            hint="the file changed: list it again",
        )
    symbols, sections = parse_chord_string(row["chords"])
    if not symbols:
        raise ReaderError("no chords in the row", place=f"row {track.track_id}")
    return Annotation(track.track_id, symbols, "chordonomicon", places=sections)


def _text(row: dict[str, str], name: str) -> str:
    text = row.get(name, "").strip()
    return "" if text.lower() in _MISSING else text


def _genre_text(row: dict[str, str]) -> str:
    return _text(row, "main_genre") or _text(row, "genres")


def _split_genres(text: str) -> tuple[str, ...]:
    """Genres of ``'hard rock' 'glam metal'``, of a Python list of them, or of one alone."""
    quoted = re.findall(r"'([^']+)'|\"([^\"]+)\"", text)
    found = [a or b for a, b in quoted] or [text]
    return tuple(dict.fromkeys(g.strip().lower() for g in found if g.strip(" ,[]")))


def _year_text(row: dict[str, str]) -> str:
    """The release date, else the decade as ``1970s``."""
    if date := _text(row, "release_date"):
        return date
    decade = _text(row, "decade").removesuffix(".0")
    return f"{decade}s" if decade else ""


READER = Chordonomicon()
