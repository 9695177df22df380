"""iReal Pro links: ``irealb://`` and ``irealbook://``, alone, in text, or in an exported HTML page.

A link holds one song or a whole playlist, percent-encoded, its fields parted by ``=``:

- ``irealb``: title, composer, nothing, style, key, transposition, music, groove, tempo, repeats;
  the music begins with ``1r34LbKcu7`` and is scrambled. Songs are parted by ``===``.
- ``irealbook``: title, composer, style, key, ``n``, chart.

The fields are counted from the music, because an empty field next to the
separator makes ``===`` of its own. How a chart is read stands in `_ireal_chart`.
The style is the genre; there are no years.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_head, read_text, resolve_inside
from musictrend.corpus.readers._ireal_chart import read_chart
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

PREFIX = "1r34LbKcu7"
BLOCK = 50
# A link ends where the quotes around it do, else with its line.
_LINK = re.compile(
    r"""(?:"(irealb(?:ook)?)://([^"]*)"|'(irealb(?:ook)?)://([^'\n]*)'|(irealb(?:ook)?)://([^\n"]*))""", re.I
)
_SUFFIXES = (".html", ".htm", ".txt", ".irealb", ".irealbook", ".ireal")


@dataclass(frozen=True, slots=True)
class Song:
    """One song of a link, its chart unscrambled."""

    title: str
    composer: str
    style: str
    key: str
    chart: str

    @property
    def artist(self) -> str:
        """The composer; two names stand last name first in the format."""
        names = self.composer.split()
        return f"{names[1]} {names[0]}" if len(names) == 2 and "," not in self.composer else self.composer


def unscramble(music: str) -> str:
    """Undo the scrambling of ``irealb`` music.

    Blocks of 50 characters have their first five and their 11th to 24th
    characters exchanged with those at the mirror places; a rest of up to 51
    characters is left as it is. Then three abbreviations are written out.

    Examples
    --------
    >>> unscramble("[T44C^7XyQ|A-7LZD-7XyQKcl Z")
    '[T44C^7   |A-7 |D-7   | x Z'
    """
    text = music.removeprefix(PREFIX)
    blocks = []
    while len(text) > BLOCK + 1:
        blocks.append(_mirror(text[:BLOCK]))
        text = text[BLOCK:]
    plain = "".join([*blocks, text])
    return plain.replace("Kcl", "| x").replace("LZ", " |").replace("XyQ", "   ")


def _mirror(block: str) -> str:
    """Exchange the scrambled places of a block; doing it twice changes nothing."""
    signs = list(block)
    for i in (*range(5), *range(10, 24)):
        signs[i], signs[-1 - i] = block[-1 - i], block[i]
    return "".join(signs)


def parse_links(text: str) -> list[Song]:
    """Every song of every link in a text, in order.

    Raises
    ------
    ReaderError
        When there is no link, or none with a song in it.

    Examples
    --------
    >>> song = parse_links("irealbook://So%20Much=Doe%20Jane=Ballad=D-=n=[T44D-7   |E-7 A7 Z")[0]
    >>> song.title, song.artist, song.chart
    ('So Much', 'Jane Doe', '[T44D-7   |E-7 A7 Z')
    """
    songs: list[Song] = []
    found = False
    for link in _LINK.finditer(text):
        found = True
        scheme, body = next((link[i].lower(), link[i + 1]) for i in (1, 3, 5) if link[i])
        fields = unquote(html.unescape(body) if "&" in body and "%" in body else body, errors="replace").split("=")
        songs += _scrambled(fields) if scheme == "irealb" else _plain(fields)
    if not found:
        raise ReaderError("no irealb:// or irealbook:// link in it", hint="export the playlist from iReal Pro as HTML")
    if not songs:
        raise ReaderError("a link without a song in it", hint="export the playlist from iReal Pro again")
    return songs


def _scrambled(fields: list[str]) -> Iterator[Song]:
    for i, text in enumerate(fields):
        if text.startswith(PREFIX):
            title, composer, _, style, key = (f.strip() for f in _before(fields, i - 1, 5))
            yield Song(title, composer, style, key, unscramble(text))


def _plain(fields: list[str]) -> Iterator[Song]:
    for i, text in enumerate(fields[:-1]):
        if text.strip() == "n" and i >= 4:
            title, composer, style, key = (f.strip() for f in _before(fields, i, 4))
            yield Song(title, composer, style, key, fields[i + 1])


def _before(fields: list[str], stop: int, count: int) -> list[str]:
    """The fields before a place, filled up with empty ones where a link is cut short."""
    found = fields[max(0, stop - count) : max(0, stop)]
    return [""] * (count - len(found)) + found


@lru_cache(maxsize=2)
def _parsed(path: str, stamp: tuple[int, int]) -> list[Song]:
    return parse_links(read_text(Path(path)))


def _songs(path: Path) -> list[Song]:
    stat = path.stat()
    return _parsed(str(path), (stat.st_mtime_ns, stat.st_size))


class IReal(Reader):
    """Reader of iReal Pro links and of folders of exported playlists."""

    name = "ireal"
    title = "iReal Pro playlists"
    licence = "as the playlist's author says; chord charts of the forums state none"
    citation = "iReal Pro custom chord chart protocol, Technimo."
    url = "https://www.irealpro.com/ireal-pro-file-format"
    transcription = "lead sheet"
    dialect = "ireal"
    suffixes = (".html", ".htm", ".irealb", ".irealbook", ".ireal")
    shared_suffixes = (".txt",)
    holds_many = True

    def recognises(self, root: Path) -> bool:
        """Whether the folder's own pages and texts (the first few) all hold iReal links."""
        files = self._files(root)[:5]
        return bool(files) and all(_holds_link(path) for path in files)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a text holds an iReal link."""
        return re.search(r"irealb(ook)?://", head) is not None

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a song, in the order of files and in them; a file without songs is one failed track."""
        for path in self._files(root):
            try:
                songs = _songs(resolve_inside(root, path.name))
            except ReaderError as error:
                yield Track(track_id=path.stem, path=path.name, status="failed", reason=error.reason)
                continue
            for number, song in enumerate(songs):
                yield Track(
                    track_id=f"{path.stem}/{number + 1:04d} {song.title}",
                    path=path.name,
                    part=str(number),
                    title=song.title,
                    artist=song.artist,
                    genres=tuple(filter(None, [song.style])),
                    key=_key(song)[0],
                )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """One song, found by its place in the file or by its title."""
        songs = _songs(resolve_inside(root, track.path))
        chosen = next((s for i, s in enumerate(songs) if track.part in (str(i), s.title)), None)
        if not track.part:
            chosen = songs[0]
        if chosen is None:
            raise ReaderError(f"song {track.part!r} is not among the {len(songs)} of {track.path}")
        return _annotate(track.track_id, chosen)

    def read_file(self, path: Path) -> list[Annotation]:
        """Every song of a file; one that cannot be read carries its problem."""
        found = []
        for song in _songs(path):
            try:
                found.append(_annotate(song.title or path.stem, song))
            except ReaderError as error:
                found.append(Annotation.failed(song.title or path.stem, error))
        return found

    @staticmethod
    def _files(root: Path) -> list[Path]:
        return sorted(p for p in root.glob("*") if p.suffix.lower() in _SUFFIXES and p.is_file() and p.stem != "README")


def _holds_link(path: Path) -> bool:
    return re.search(rb"irealb(ook)?://", read_head(path, 2**18)) is not None


def _key(song: Song) -> tuple[Key | None, str]:
    if not song.key:
        return None, ""
    try:
        return Key.parse(song.key), ""
    except ValueError as error:
        return None, str(error)


def _annotate(track_id: str, song: Song) -> Annotation:
    key, problem = _key(song)
    genres = tuple(filter(None, [song.style]))
    annotation = read_chart(track_id, song.chart, key, title=song.title, artist=song.artist, genres=genres)
    if problem:
        annotation.warnings.append(("key", problem))
    return annotation


READER = IReal()
