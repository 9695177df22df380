"""OpenEWLD: public-domain lead sheets, MXL files listed in a SQLite database.

A row of ``works`` is a track; rows may share a score file (568 rows, 502
files), and are found to be duplicates by title and author. Genres are those
Discogs gives to recordings found under the title, commonest first, styles
after them: often a genre of a much later cover. The mode of a key signature is
as written, and "major" is what the notation program puts there unasked: of 324
files one says minor, while nine marked major end on the relative minor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import resolve_inside
from musictrend.corpus.readers.musicxml import read_lead_sheet
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["READER", "OpenEwldReader"]

DATABASES = ("OpenEWLD.db", "EWLD.db")
SQLITE_HEADER = b"SQLite format 3\x00"
MAX_DATABASE = 256 * 2**20


class OpenEwldReader(Reader):
    """OpenEWLD: a track is a work, its artist the authors."""

    name = "openewld"
    title = "OpenEWLD lead sheets"
    licence = "public-domain scores; database: see its README"
    citation = (
        "Simonetta, F., Carnovalini, F., Orio, N. & Rodà, A. (2018). Symbolic music similarity through a "
        "graph-based representation. Audio Mostly."
    )
    url = "https://github.com/00sapo/OpenEWLD"
    year_kind = "performance"
    transcription = "lead sheet"
    dialect = "musicxml"

    def recognises(self, root: Path) -> bool:
        """Whether the database is there."""
        return bool(self._database(root))

    @staticmethod
    def _database(root: Path) -> str:
        return next((name for name in DATABASES if (root / name).is_file()), "")

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every work, in the order of its number."""
        with closing(_connect(root, self._database(root))) as database:
            try:
                authors = _gather(database, "SELECT id, author FROM work_author ORDER BY id, author")
                genres = _gather(database, "SELECT id, genre FROM work_genres ORDER BY id, occurrences DESC, genre")
                styles = _gather(database, "SELECT id, style FROM work_style ORDER BY id, occurrences DESC, style")
                rows = database.execute(
                    "SELECT id, CAST(title AS TEXT), CAST(first_performance_date AS TEXT), path_leadsheet "
                    "FROM works ORDER BY id"
                ).fetchall()
            except sqlite3.DatabaseError as error:
                raise ReaderError(f"{self._database(root)}: {error}", hint="fetch the database again") from None
        for number, title, date, path in rows:
            trouble = ""
            if not path:
                trouble = "the database names no score file"
            else:
                try:
                    resolve_inside(root, str(path))
                except ReaderError as error:
                    trouble = error.reason
            yield Track(
                track_id=str(number),
                path=str(path or ""),
                title=title or "",
                artist="; ".join(authors.get(number, [])),
                year=parse_year(date),
                genres=tuple(dict.fromkeys(genres.get(number, []) + styles.get(number, []))),
                status="failed" if trouble else "ok",
                reason=trouble,
            )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Chord symbols of the work's score."""
        annotation = read_lead_sheet(resolve_inside(root, track.path), track.track_id)
        annotation.title, annotation.artist = track.title, track.artist
        return annotation


def _connect(root: Path, name: str) -> sqlite3.Connection:
    """Open the database for reading alone."""
    path = resolve_inside(root, name or DATABASES[0])
    if path.stat().st_size > MAX_DATABASE:
        raise UnsafeFileError(f"{name} has {path.stat().st_size:,} bytes: refused", hint="is this the right file?")
    with path.open("rb") as file:
        if file.read(len(SQLITE_HEADER)) != SQLITE_HEADER:
            raise ReaderError(f"{name} is no SQLite database", hint="fetch it again")
    # immutable: no journal is looked for and none is written beside it
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _gather(database: sqlite3.Connection, query: str) -> dict[int, list[str]]:
    """Texts by number, in the order of the query."""
    found: dict[int, list[str]] = {}
    for number, text in database.execute(query):
        found.setdefault(number, []).append(str(text))
    return found


READER = OpenEwldReader()
