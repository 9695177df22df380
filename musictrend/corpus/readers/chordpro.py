"""ChordPro: lyrics with ``[Am]`` above them, and directives in braces.

Only the order of the chords is known. What the notation itself repeats is
written out: ``{chorus}`` is the latest chorus again, ``[^]`` the next chord of the
first section of that sort. Read as labels: ``{title}``, ``{artist}`` (else ``{composer}``), ``{year}``,
``{key}`` (each from where it stands), ``{meta: name value}``, ``{genre}``. Left out: comments,
tablature, chord diagrams (``{define}``, ``{chord}``), embedded ABC, LilyPond and pictures,
``[*remarks]`` and headings such as ``[Verse 2]``. ``{new_song}`` begins another song.

References
----------
.. [1] ChordPro 6 file format, https://www.chordpro.org/chordpro/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

_DIRECTIVE = re.compile(r"\s*\{\s*([\w-]+)\s*(?::|\s)?\s*(.*?)\s*\}\s*")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_SHORT = {
    "t": "title", "st": "subtitle", "soc": "start_of_chorus", "eoc": "end_of_chorus", "sot": "start_of_tab",
    "eot": "end_of_tab", "sov": "start_of_verse", "eov": "end_of_verse", "sob": "start_of_bridge",
    "eob": "end_of_bridge", "sog": "start_of_grid", "eog": "end_of_grid", "ns": "new_song",
}  # fmt: skip
_FOREIGN = {"tab", "abc", "ly", "svg", "textblock", "musicxml"}  # sections that hold no ChordPro
_HEADING = re.compile(
    r"(pre-?|post-?)?(intro|verse|chorus|refrain|bridge|outro|ending|coda|solo|interlude|instrumental|break|tag|hook|"
    r"vamp|riff|turnaround|repeat|fade|capo)\b.*",
    re.I,
)
_GRID_SIGN = re.compile(r"[|:.%/\-~*\s\d]*")
MAX_CHORDS = 100_000


@dataclass(slots=True)
class _Song:
    """What has been read of one song."""

    number: int
    labels: dict[str, str] = field(default_factory=dict)
    symbols: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    keys: list[Key | None] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    key: Key | None = None
    section: str = ""
    begun: int = 0  # where in symbols the section begins
    chorus: list[str] = field(default_factory=list)
    firsts: dict[str, list[str]] = field(default_factory=dict)  # chords of the first section of each sort

    def add(self, symbol: str, line: int) -> None:
        """One more chord."""
        if len(self.symbols) >= MAX_CHORDS:
            raise ReaderError(f"more than {MAX_CHORDS:,} chords in a song", place=f"line {line}")
        self.symbols.append(symbol)
        self.keys.append(self.key)
        self.places.append(f"line {line}" + (f", {self.section}" if self.section else ""))

    def begin(self, section: str) -> None:
        """A section begins."""
        self.end()
        self.section, self.begun = section, len(self.symbols)

    def end(self) -> None:
        """The section ends; its chords are kept for ``{chorus}`` and ``[^]``."""
        chords = self.symbols[self.begun :]
        if self.section and chords:
            self.firsts.setdefault(self.section, chords)
            if self.section == "chorus":
                self.chorus = chords
        self.section = ""


class ChordPro(Reader):
    """Reader of ChordPro files."""

    name = "chordpro"
    title = "ChordPro"
    citation = "ChordPro 6 file format, chordpro.org."
    url = "https://www.chordpro.org/chordpro/"
    transcription = "user chart"
    dialect = "leadsheet"
    holds_many = True
    holds_labels = True
    suffixes = (".cho", ".chopro", ".chordpro", ".crd", ".pro", ".chord")

    def read_file(self, path: Path) -> list[Annotation]:
        """Every song of a file that has chords."""
        songs = [song for song in _songs(read_text(path)) if song.symbols]
        if not songs:
            raise ReaderError("no chords in brackets", hint="ChordPro writes [Am] in the lyrics")
        return [_annotate(song, path.stem, self.dialect) for song in songs]


def _songs(text: str) -> Iterator[_Song]:
    song = _Song(1)
    foreign = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        if match := _DIRECTIVE.fullmatch(line):
            name, value = match[1].lower(), match[2]
            name = _SHORT.get(name, name)
            if foreign:
                foreign = "" if name == f"end_of_{foreign}" else foreign
            elif name == "new_song":
                song.end()
                yield song
                song = _Song(song.number + 1)
            elif name.removeprefix("start_of_") in _FOREIGN:
                foreign = name.removeprefix("start_of_")
            else:
                _direct(song, name, value, number)
        elif foreign:
            continue
        elif song.section == "grid":
            _read_grid(song, line, number)
        else:
            _read_lyrics(song, line, number)
    song.end()
    yield song


def _direct(song: _Song, name: str, value: str, line: int) -> None:
    """Obey one directive."""
    if name == "meta":
        name, _, value = value.partition(" ")
        name, value = name.lower(), value.strip()
    if name.startswith("start_of_"):
        song.begin(name.removeprefix("start_of_"))
    elif name.startswith("end_of_"):
        song.end()
    elif name == "chorus":
        for symbol in song.chorus:
            song.add(symbol, line)
        if not song.chorus:
            song.warnings.append((f"line {line}", "{chorus} before there is a chorus"))
    elif name == "key":
        try:
            song.key = Key.parse(value)
        except ValueError as error:
            song.warnings.append((f"line {line}", str(error)))
    elif name in {"title", "artist", "composer", "year", "genre", "copyright"} and value:
        song.labels.setdefault(name, value)


def _read_lyrics(song: _Song, line: str, number: int) -> None:
    for text in _BRACKETS.findall(line):
        text = text.strip()
        if text == "^":
            memory = song.firsts.get(song.section, [])
            place = len(song.symbols) - song.begun
            if place < len(memory):
                song.add(memory[place], number)
            else:
                song.warnings.append((f"line {number}", "[^] has no chord to recall"))
            continue
        if text.startswith("*") or _HEADING.fullmatch(text):
            continue
        for symbol in text.split():
            symbol = symbol[1:-1] if symbol.startswith("(") and symbol.endswith(")") else symbol
            if re.search(r"[A-Za-z]", symbol):
                song.add(symbol, number)


def _read_grid(song: _Song, line: str, number: int) -> None:
    """A line of a chord grid: ``| C . | F / % |`` with margins of text outside the bars."""
    first, last = line.find("|"), line.rfind("|")
    for symbol in line[first : last + 1].split() if first >= 0 else ():
        symbol = symbol.strip("|:")
        if not _GRID_SIGN.fullmatch(symbol):
            for single in symbol.split("~"):  # two chords in one cell
                song.add(single, number)


def _annotate(song: _Song, stem: str, dialect: str) -> Annotation:
    labels = song.labels
    title = labels.get("title", "")
    return Annotation(
        title or (stem if song.number == 1 else f"{stem} {song.number}"),
        song.symbols,
        dialect,
        places=song.places,
        keys=song.keys if any(song.keys) else None,
        title=title,
        artist=labels.get("artist") or labels.get("composer", ""),
        year=labels.get("year", ""),
        genres=tuple(filter(None, (g.strip() for g in labels.get("genre", "").split(";")))),
        warnings=song.warnings,
    )


READER = ChordPro()
