"""Chord qualities: the table ``qualities.csv`` and the arithmetic of degrees.

Conventions
-----------
A *degree* is Harte's: a number 1-13 of the major scale with flats or sharps
(``b3``, ``#11``, ``bb7``). A *bitmap* is a 12-bit integer relative to the
root: bit ``i`` is set when the pitch class ``i`` semitones above the root
sounds. The grammar of every dialect is derived from this one table.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from musictrend.errors import ChordLabelError

__all__ = ["Quality", "bitmap_from_degrees", "list_qualities", "parse_degree", "quality_from_bitmap"]

MAJOR_SCALE = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11, 8: 12, 9: 14, 10: 16, 11: 17, 12: 19, 13: 21}
_DEGREE = re.compile(r"([b#]*)(1[0-3]|[1-9])")


@dataclass(frozen=True, slots=True)
class Quality:
    """One row of ``qualities.csv``: a chord quality a musician can name."""

    name: str
    degrees: tuple[str, ...]
    written: str
    title: str
    bitmap: int


def parse_degree(text: str) -> int:
    """Semitones above the root of a Harte degree, 0 to 11.

    Examples
    --------
    >>> parse_degree("b7"), parse_degree("#11"), parse_degree("bb7")
    (10, 6, 9)
    """
    match = _DEGREE.fullmatch(text)
    if match is None:
        raise ChordLabelError(f"degree {text!r} must be 1 to 13 with flats or sharps before it, such as b3 or #11")
    shift = match[1].count("#") - match[1].count("b")
    return (MAJOR_SCALE[int(match[2])] + shift) % 12


def bitmap_from_degrees(degrees: tuple[str, ...] | list[str]) -> int:
    """Root-relative 12-bit bitmap of some degrees.

    Examples
    --------
    >>> bin(bitmap_from_degrees(["1", "3", "5"]))
    '0b10010001'
    """
    bitmap = 0
    for degree in degrees:
        bitmap |= 1 << parse_degree(degree)
    return bitmap


@cache
def list_qualities() -> dict[str, Quality]:
    """Every named quality, by name, in the order of ``qualities.csv``.

    Examples
    --------
    >>> list_qualities()["hdim7"].degrees
    ('1', 'b3', 'b5', 'b7')
    """
    table = {}
    path = resources.files("musictrend.harmony") / "qualities.csv"
    for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        degrees = tuple(row["degrees"].split())
        table[row["quality"]] = Quality(
            row["quality"], degrees, row["written"], row["name"], bitmap_from_degrees(degrees)
        )
    return table


def _spell_interval(semitones: int, bitmap: int) -> str:
    """Degree name of an added note, given what else sounds."""
    third = bitmap & ((1 << 3) | (1 << 4))
    has = lambda i: bool(bitmap & (1 << i))  # noqa: E731
    names = {
        0: "1",
        1: "b9",
        2: "9" if third else "2",
        3: "#9" if has(4) else "b3",
        4: "3",
        5: "11" if third else "4",
        6: "#11" if has(7) else "b5",
        7: "5",
        8: "b13" if has(7) else "#5",
        9: "13" if has(10) or has(11) else "6",
        10: "b7",
        11: "7",
    }
    return names[semitones]


@cache
def quality_from_bitmap(bitmap: int) -> str:
    """Harte quality of a bitmap: a shorthand, one with added degrees, or a list.

    The largest named quality whose notes all sound is taken, and what is left
    over is added in parentheses; ``quality_from_bitmap(b) `` read back gives ``b``.

    Examples
    --------
    >>> quality_from_bitmap(0b10010001), quality_from_bitmap(0b010010011001)
    ('maj', '7(#9)')
    """
    if not 0 < bitmap < 4096 or not bitmap & 1:
        raise ChordLabelError(f"bitmap={bitmap} must be 1 to 4095 with the root (bit 0) set")
    inside = [q for q in list_qualities().values() if q.bitmap & ~bitmap == 0]
    base = max(inside, key=lambda q: q.bitmap.bit_count())  # ties: first in the table
    rest = bitmap & ~base.bitmap
    if not rest:
        return base.written
    added = [_spell_interval(i, bitmap) for i in range(12) if rest & (1 << i)]
    added.sort(key=lambda d: (int(d.lstrip("b#")), d))
    if base.name == "1":
        return f"({','.join(added)})"
    stem, _, inner = base.written.partition("(")
    inner = inner.rstrip(")")
    return f"{stem}({','.join(filter(None, [inner, *added]))})"
