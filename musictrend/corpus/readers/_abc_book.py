"""An ABC file as a book of tunes: each begins with a line ``X:`` and its number.

Fields before the first tune hold for all of them. Numbers are names: a book that
was put together from others has some twice, and these get a second number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.files import read_text
from musictrend.errors import ReaderError

__all__ = ["WrittenTune", "find_tune", "split_book"]

MAX_BOOK = 64 * 2**20  # bytes; the largest collections have some 10 MB
MAX_TUNE = 2**20  # the longest tunes have some 10,000
_TUNE = re.compile(r"(?m)^X:")
_FIELD = re.compile(r"(?m)^([TCRO]):[ \t]*(.*?)[ \t]*(?:%.*)?\r?$")
_OF_ALL = re.compile(r"(?m)^[LMCR]:.*$")  # fields of a file's head that change a tune


@dataclass(frozen=True, slots=True)
class WrittenTune:
    """One tune of a file, as written.

    Attributes
    ----------
    part : str
        Its number (``X:``), with a second one in brackets where the book has it twice.
    head : str
        Fields that hold for all tunes of the file.
    text : str
        From its ``X:`` to the next one.
    line : int
        Where it begins in the file.
    of : int
        How many tunes are in the file.
    """

    part: str
    head: str
    text: str
    line: int
    of: int = 1

    def say_which(self, asked: str) -> list[tuple[str, str]]:
        """A warning that one of several was taken, where none was asked for."""
        if asked or self.of == 1:
            return []
        return [("file", f"it holds {self.of} tunes: the first, X:{self.part}, is read; 'part' says another")]

    @property
    def fields(self) -> dict[str, str]:
        """Title, composer, rhythm and origin by their letters; the first of each."""
        found: dict[str, str] = {}
        for name, value in _FIELD.findall(self.text.partition("\nK:")[0]) + _FIELD.findall(self.head):
            if value:
                found.setdefault(name, value)
        return found


def split_book(path: Path) -> tuple[WrittenTune, ...]:
    """The tunes of a file in their order.

    Raises
    ------
    ReaderError
        When no line begins with ``X:``.
    """
    stat = path.stat()
    return _split(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)  # a corpus asks for one tune after the other
def _split(path: str, modified: int, size: int) -> tuple[WrittenTune, ...]:
    text = read_text(Path(path), limit=MAX_BOOK, lenient=True)
    starts = [match.start() for match in _TUNE.finditer(text)]
    if not starts:
        raise ReaderError("no ABC tune: no line begins with X:", hint="is this the right file?")
    head = "\n".join(_OF_ALL.findall(text[: starts[0]]))
    tunes: list[WrittenTune] = []
    seen: dict[str, int] = {}
    line, before = 1, 0
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        line += text.count("\n", before, start)
        before = start
        number = re.match(r"X:\s*([\w.-]{1,20})", text[start : start + 40])
        name = number[1] if number else f"at line {line}"
        seen[name] = seen.get(name, 0) + 1
        part = name if seen[name] == 1 else f"{name}({seen[name]})"
        tunes.append(WrittenTune(part, head, text[start:stop], line, len(starts)))
    return tuple(tunes)


def find_tune(path: Path, part: str = "") -> WrittenTune:
    """One tune of a file, by its number or its title; the first without either.

    Raises
    ------
    ReaderError
        When it is not there, or longer than any tune.
    """
    tunes = split_book(path)
    found = next((t for t in tunes if part in ("", t.part)), None)
    found = found or next((t for t in tunes if part == t.fields.get("T")), None)
    if found is None:
        raise ReaderError(f"no tune X:{part} among the {len(tunes)} of {path.name}",
                          hint=f"they are {', '.join(t.part for t in tunes[:8])}{' ...' * (len(tunes) > 8)}")  # fmt: skip
    if len(found.text) > MAX_TUNE:
        raise ReaderError(f"a tune of {len(found.text):,} characters: at most {MAX_TUNE:,} are read",
                          place=f"line {found.line}", hint="is this the right file?")  # fmt: skip
    return found
