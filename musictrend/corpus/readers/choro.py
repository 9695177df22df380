"""The Choro Songbook Corpus: chord charts written as phrases, and parts made of phrases.

::

    P1: Cm7(9) | Fm Fm/Eb |
    P2[3/4]: D7(9)(#11) Db7(9)(#11) Cm7(9) |
    PartA: $P1 $P1 $P2
    PartB[Em]: $P3
    S[Cm, 2/4]: $PartA $PartB $PartA

``S`` is the piece, with its key and metre; a name in it that begins with ``$``
stands for what is defined above, ``$P0*3`` three times. Of two definitions with
one name the last is taken, with a warning. Brackets give a key, a metre or both to a
definition and all that it stands for. The chords of a bar share its time
equally; ``.`` and an empty bar let the chord before go on; ``NC`` is silence.

The archive of transcriptions has neither composers nor years. The corpus' own
table ``choro.tsv`` has, and is used where it lies beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import iter_rows, read_head_text, read_text
from musictrend.corpus.readers._bars import BarWriter, parse_metre, share_equally
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

_DEFINITION = re.compile(r"\s*(\w+)\s*(?:\[([^\]]*)\])?\s*:(.*)")
_FILE = re.compile(r"(?:(\d)_)?(.+?)(?:_[A-Z]{2,3})?")  # volume, title, initials of who transcribed it
_NAME = re.compile(r"\$(\w+)(?:\*(\d{1,2}))?")
_SONG = re.compile(r"^S[ \t]*\[[^\]\n]+\][ \t]*:.*\$", re.M)
MAX_DEPTH = 20  # of definitions in definitions; the corpus has 3

Definition = tuple[int, str, str]  # line, brackets, body


class Choro(Reader):
    """Reader of the folder ``transcriptions``."""

    name = "choro"
    title = "Choro Songbook Corpus (DCML)"
    licence = "CC BY-NC-SA 4.0"
    citation = (
        "Moss, Souza, Rohrmeier (2020). Harmony and form in Brazilian Choro: a corpus-driven approach to "
        "musical style analysis. Journal of New Music Research 49(5). doi:10.1080/09298215.2020.1797109"
    )
    url = "https://github.com/DCMLab/choro"
    year_kind = "composition"
    transcription = "lead sheet"
    dialect = "cifra"
    shared_suffixes = (".txt",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether an ``S[...]:`` line names what is to be played."""
        return _SONG.search(head) is not None

    def recognises(self, root: Path) -> bool:
        """Whether ``transcriptions`` (or ``data/transcriptions``) holds texts with an ``S[...]:`` line."""
        folder = _folder(root)
        first = next(iter(sorted(folder.glob("*.txt"))), None) if folder else None
        if first is None:
            return False
        return self.recognises_file(first, read_head_text(first))

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a file, in the order of file names."""
        folder = _folder(root)
        table = _metadata(root)
        for path in sorted(folder.glob("*.txt")) if folder else ():
            row = table.get(path.stem, {})
            match = _FILE.fullmatch(path.stem)
            genre = row.get("sub_genre", "").strip().lower()
            yield Track(
                track_id=path.stem,
                path=path.relative_to(root).as_posix(),
                title=row.get("title") or (match[2].replace("_", " ") if match else path.stem),
                artist=row.get("composer", ""),
                year=parse_year(row.get("year")),
                genres=("choro", genre) if genre not in {"", "nan", "choro"} else ("choro",),
            )

    def read_file(self, path: Path) -> list[Annotation]:
        """The piece with its definitions written out, in quarter notes."""
        warnings: list[tuple[str, str]] = []
        definitions = _definitions(read_text(path), warnings)
        if "S" not in definitions:
            raise ReaderError('no line "S[key, metre]: ..." that says how the piece goes')
        writer = BarWriter()
        _write(definitions, "S", writer, None, None, ())
        return [writer.annotate(path.stem, self.dialect, warnings=warnings)]


def _folder(root: Path) -> Path | None:
    return next((f for f in (root / "transcriptions", root / "data" / "transcriptions") if f.is_dir()), None)


@lru_cache(maxsize=1)
def _metadata_of(path: str, stamp: tuple[int, int]) -> dict[str, dict[str, str]]:
    """Rows of the corpus' table by file name; the first of each piece."""
    found: dict[str, dict[str, str]] = {}
    for row in iter_rows(Path(path)):
        found.setdefault(Path(row.get("filename", "")).stem, row)
    return found


def _metadata(root: Path) -> dict[str, dict[str, str]]:
    for name in ("choro.tsv", "data/choro.tsv", "choro.csv", "data/choro.csv"):
        path = root / name
        if path.is_file():
            stat = path.stat()
            return _metadata_of(str(path), (stat.st_mtime_ns, stat.st_size))
    return {}


def _definitions(text: str, warnings: list[tuple[str, str]]) -> dict[str, Definition]:
    """Definitions by name; a line without one continues the line before."""
    found: dict[str, Definition] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _DEFINITION.fullmatch(line):
            name = match[1]
            if name in found:
                warnings.append(
                    (f"line {number}", f"{name} is defined in line {found[name][0]} too: this one is taken")
                )
            found[name] = (number, match[2] or "", match[3])
        elif line.strip():
            if not name:
                raise ReaderError(f"{line.strip()[:40]!r} belongs to no definition", place=f"line {number}")
            first, brackets, body = found[name]
            found[name] = (first, brackets, f"{body} {line}")
    return found


def _write(
    definitions: dict[str, Definition],
    name: str,
    writer: BarWriter,
    key: Key | None,
    quarters: float | None,
    above: tuple[str, ...],
) -> None:
    """Write the bars that a definition stands for; brackets inside win over those around."""
    line, brackets, body = definitions[name]
    place = f"line {line}"
    for label in filter(None, (part.strip() for part in brackets.split(","))):
        if (metre := parse_metre(label)) is not None:
            quarters = metre
            continue
        try:
            key = Key.parse(label)
        except ValueError:
            raise ReaderError(f"{label[:40]!r} is neither a key nor a metre", place=place) from None
    names = _NAME.findall(body)
    if names:
        if rest := _NAME.sub("", body).replace("|", "").strip():
            raise ReaderError(f"{name} mixes names and chords: {rest[:40]!r}", place=place)
        if len(above) >= MAX_DEPTH:
            raise ReaderError(f"definitions nested more than {MAX_DEPTH} deep", place=place)
        for inner, times in names:
            if inner not in definitions:
                raise ReaderError(f"${inner} is not defined", place=place, hint="mend the name or add the phrase")
            if inner == name or inner in above:
                raise ReaderError(f"${inner} is defined by itself", place=place)
            for _ in range(int(times or 1)):
                _write(definitions, inner, writer, key, quarters, (*above, name))
        return
    bars = body.split("|")
    if not bars[-1].strip():
        bars.pop()
    if not bars:
        raise ReaderError(f"{name} holds no bar", place=place)
    for number, bar in enumerate(bars, 1):
        slots = share_equally([None if symbol == "." else symbol for symbol in bar.split()])
        writer.write(slots, quarters=quarters, key=key, place=f"{place}, bar {number}")


READER = Choro()
