"""Plain chord strings: ``C G/B Amin F``, with ``<verse_1>`` marks, or in bars ``| C | Am F |``.

A ``.chords`` or ``.txt`` file of one song, or the ``chords`` column of a table. Of ``.txt`` it is the last
resort, after every reader that knows its own: nine words in ten must look like chord symbols.
Files may begin with lines such as ``title: ...``, ``artist:``, ``year:``, ``genre:``,
``key:``; lines that begin with ``# `` are comments. Only the order is known, unless
every line has bar lines: then the chords of a bar share it equally, ``.`` and ``/``
let a chord go on, and ``%`` is the bar before again.

The dialect is told by signs that only one of them has: ``C:maj7`` is Harte's,
``#`` and everything undecided is lead-sheet spelling, ``Fsmin``, ``A/Cs``, ``Bno3d``
and section marks are Chordonomicon's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text
from musictrend.corpus.readers._bars import BarWriter, share_equally
from musictrend.corpus.readers.lab import parse_lab
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony.dialects import read_symbol
from musictrend.harmony.key import Key

__all__ = ["READER", "ChordStrings", "parse_chord_string", "tell_dialect"]

_MARK = re.compile(r"<([^<>]*)>")
_HEADER = re.compile(r"\s*(title|artist|year|genre|genres|key)\s*[:=]\s*(.*?)\s*", re.I)
# Bar lines, and commas and semicolons that part symbols (not those inside C:(3,5)).
_SEPARATOR = re.compile(r"\|+|[,;](?=\s|$)")
_PUNCTUATION = re.compile(r"\||[,;](?:\s|$)|(?:^|\s)[^A-Za-z0-9\s]")
_NO_SYMBOL = re.compile(r"[^A-Za-z0-9]+")
_CHORDONOMICON = re.compile(r"(?:^|/)[A-G]s(?!us)|no3d")
# A root with what may follow one; Cmaj7#11 and C^9(no3) are, Cheese and Bars are not.
_PLAUSIBLE = re.compile(
    r"""\(?[A-H](?:[#b♯♭x]|s(?!us))*+
    (?:maj|min|mi|ma|dim|aug|sus|add|omit|no|alt|hdim|dom|Maj|Min|Dim|Aug|Sus|Add|MAJ|M|m|h|o|j|d|s|b|x|\d
    |[-#♯♭+^°ºøØΔ△∆:;()\[\],*.!?'"’]|[/\\][A-Ha-h]?)*+|N|X|n|N\.?C\.?""",
    re.X,
)
# What other formats write, and no chord string: "Title = ...", "P1: ...", "S[Cm, 2/4]: ...".
_ASSIGNMENT = re.compile(r"\s*([A-Za-z]\w*)[ \t]*(?:\[[^\]]*\][ \t]*:|[ \t]*:(?=\s|$)|=)")
# Share of the words that must look like chord symbols; the others are kept as X. A column is chords by its name.
SHARE_OF_FILE, SHARE_OF_COLUMN = 0.9, 0.5


def parse_chord_string(text: str) -> tuple[list[str], list[str]]:
    """Symbols of a chord string, and the section that each stands in.

    Parameters
    ----------
    text : str
        Symbols parted by blanks; marks in angle brackets; bar lines, commas between
        symbols and signs without a letter or figure are left out; ``%`` is the symbol before again.

    Returns
    -------
    symbols : list of str, n
        As written.
    sections : list of str, n
        The mark before each symbol, ``""`` before the first mark.

    Examples
    --------
    >>> parse_chord_string("C <verse_1> F G/B <chorus_1> Amin")
    (['C', 'F', 'G/B', 'Amin'], ['', 'verse_1', 'verse_1', 'chorus_1'])
    >>> parse_chord_string("| C | % | F, G |")[0]
    ['C', 'C', 'F', 'G']
    """
    symbols: list[str] = []
    sections: list[str] = []
    pieces = _MARK.split(text)  # text, mark, text, mark, ...
    for i in range(0, len(pieces), 2):
        if _PUNCTUATION.search(pieces[i]):
            found = _resolve(_SEPARATOR.sub(" ", pieces[i]).split(), symbols[-1:])
        else:
            found = pieces[i].split()
        symbols += found
        sections += [pieces[i - 1].strip() if i else ""] * len(found)
    return symbols, sections


def _resolve(found: list[str], before: list[str]) -> list[str]:
    """Without signs that are no symbols; ``%`` becomes the symbol before."""
    out = list(before)
    for symbol in found:
        if symbol == "%" and out:
            out.append(out[-1])
        elif not _NO_SYMBOL.fullmatch(symbol):
            out.append(symbol)
    return out[len(before) :]


def tell_dialect(symbols: Iterable[str], *, marked: bool = False) -> str:
    """The dialect of chord symbols, by signs that only one of them has.

    Parameters
    ----------
    symbols : iterable of str
    marked : bool
        Whether the text had section marks such as ``<verse_1>``.

    Examples
    --------
    >>> tell_dialect(["C", "A:min"]), tell_dialect(["Fsmin", "A/Cs"]), tell_dialect(["F#m", "Csus4"])
    ('harte', 'chordonomicon', 'leadsheet')
    """
    distinct = set(symbols)
    if any(re.match(r"[A-G][b#]*:", symbol) for symbol in distinct):
        return "harte"
    if any("#" in symbol for symbol in distinct):
        return "leadsheet"
    if marked or any(_CHORDONOMICON.search(symbol) for symbol in distinct):
        return "chordonomicon"
    return "leadsheet"


class ChordStrings(Reader):
    """Reader of plain chord strings."""

    name = "chordstrings"
    title = "Plain chord strings"
    citation = "Kantarelis et al. (2024). Chordonomicon. arXiv:2410.22046 (the spelling and the marks)."
    url = "https://github.com/spyroskantarelis/chordonomicon"
    transcription = "user chart"
    dialect = "chordonomicon"
    holds_labels = True
    suffixes = (".chords", ".txt")

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The track's own ``chords``, else its file."""
        if track.chords:
            annotation = read_lines(track.track_id, [("", track.chords)], SHARE_OF_COLUMN)
        else:
            annotation = super().read_track(root, track)
        annotation.keys = annotation.keys or track.key
        return annotation

    def read_file(self, path: Path) -> list[Annotation]:
        """The song of a file."""
        lines: list[tuple[str, str]] = []
        head: dict[str, str] = {}
        text = read_text(path)
        if re.search(r"irealb(ook)?://", text[:100_000]):
            raise ReaderError("an iReal Pro link, not chord symbols", hint='set reader = "ireal" in corpus.toml')
        if re.match(r"\s*[\d.]+[ \t]+[\d.]+[ \t]+\S+[ \t]*(\r?\n|$)", text):
            return [parse_lab(text, path.stem)]  # timed rows under another suffix, as POP909 has them
        for number, line in enumerate(text.splitlines(), 1):
            match = _HEADER.fullmatch(line)
            if match and not lines:
                head[match[1].lower().removesuffix("s")] = match[2]
            elif line.strip() and not re.match(r"\s*#(\s|$)", line):
                if match := _ASSIGNMENT.match(line):
                    raise ReaderError(
                        f"{match[0].strip()!r} begins a line: chord strings hold chords alone",
                        place=f"line {number}",
                        hint="title, artist, year, genre and key may stand first; a section is written <verse>",
                    )
                lines.append((f"line {number}", line))
        annotation = read_lines(path.stem, lines)
        annotation.title, annotation.artist, annotation.year = (
            head.get(name, "") for name in ("title", "artist", "year")
        )
        annotation.genres = tuple(filter(None, (g.strip() for g in head.get("genre", "").split(";"))))
        if head.get("key"):
            try:
                annotation.keys = Key.parse(head["key"])
            except ValueError as error:
                annotation.warnings.append(("key", str(error)))
        return [annotation]


def read_lines(track_id: str, lines: list[tuple[str, str]], share: float = SHARE_OF_FILE) -> Annotation:
    """Chords of some lines, each with its place; in bars when every line that has chords has bar lines."""
    parsed = [(place, line, *parse_chord_string(line)) for place, line in lines]
    everything = [symbol for _, _, symbols, _ in parsed for symbol in symbols]
    if not everything:
        raise ReaderError("no chord symbols in it", hint="write them with blanks between, such as: C G/B Amin F")
    dialect = tell_dialect(everything, marked=any(_MARK.search(line) for _, line in lines))
    odd = [
        (place, symbol)
        for place, _, symbols, _ in parsed
        for symbol in symbols
        if not (_PLAUSIBLE.fullmatch(symbol) or _reads(symbol, dialect))
    ]
    if len(everything) - len(odd) < share * len(everything):
        raise ReaderError(
            f"{len(odd)} of {len(everything)} words look like no chord symbol, such as {odd[0][1][:40]!r}",
            place=odd[0][0],
            hint="is this the right file?",
        )
    if all("|" in line for _, line, symbols, _ in parsed if symbols):
        return _read_bars(track_id, lines, dialect)
    places: list[str] = []
    section = ""
    for place, line, _, sections in parsed:
        for mark in sections:
            section = mark or section
            places.append(", ".join(filter(None, [place, section])))
        if marks := _MARK.findall(line):
            section = marks[-1].strip()
    return Annotation(track_id, everything, dialect, places=places)


@lru_cache(maxsize=4096)
def _reads(symbol: str, dialect: str) -> bool:
    """Whether a word can be read as a chord symbol."""
    return not read_symbol(symbol, dialect)[1]


def _read_bars(track_id: str, lines: list[tuple[str, str]], dialect: str) -> Annotation:
    writer = BarWriter()
    before: list[str | None] = []
    for place, line in lines:
        bars = _MARK.sub(" ", line).split("|")
        # Nothing stands outside the first and the last bar line; || is one line.
        bars = [bar for i, bar in enumerate(bars) if bar.strip() or (0 < i < len(bars) - 1 and bar)]
        for bar in bars:
            words = [w.strip(",;:") for w in bar.split()]
            if words == ["%"]:
                symbols = before
            else:
                symbols = [None if _NO_SYMBOL.fullmatch(word) else word for word in words if word]
            writer.write(share_equally(symbols), place=", ".join(filter(None, [place, f"bar {writer.n_bars + 1}"])))
            before = symbols
    return writer.annotate(track_id, dialect)


READER = ChordStrings()
