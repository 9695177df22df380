"""What the bars of a MusicXML part say about the order in which they sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from musictrend.corpus.readers._metre import BarMark
from musictrend.corpus.readers._xml import tag_of

__all__ = ["mark_words", "read_marks"]

_DA_CAPO = re.compile(r"\bd\.?\s*c\.?(?=\W|al|$)|da\s*capo", re.IGNORECASE)
_DAL_SEGNO = re.compile(r"\bd\.?\s*s\.?(?=\W|al|$)|dal\s*segno", re.IGNORECASE)
_TO_CODA = re.compile(r"\bto\s+(?:the\s+)?coda\b", re.IGNORECASE)
_FINE = re.compile(r"\W*fine\W*", re.IGNORECASE)


def read_marks(measures: Sequence[Any]) -> list[BarMark]:
    """Repeats, endings, signs and jumps of a part: one mark for each ``<measure>``."""
    marks: list[BarMark] = []
    signs: list[BarMark] = []  # bars with a coda sign
    endings: tuple[int, ...] = ()
    for measure in measures:
        mark = BarMark()
        closes = False
        for child in measure:
            name = tag_of(child)
            if name == "barline":
                endings, ended = _read_barline(child, mark, endings, signs)
                closes |= ended
            elif name == "direction":
                _read_direction(child, mark, signs)
            elif name == "sound":
                _read_sound(child, mark)
        mark.endings = endings
        # A bracket that ends with this bar holds for it and not for the next.
        if closes:
            endings = ()
        marks.append(mark)
    # Two coda signs: leave at the first, arrive at the last.
    if signs and not any(mark.coda for mark in marks):
        signs[-1].coda = len(signs) > 1 or any(mark.to_coda for mark in marks)
        for mark in signs[:-1]:
            mark.to_coda = True
    return marks


def _read_barline(
    element: Any, mark: BarMark, endings: tuple[int, ...], signs: list[BarMark]
) -> tuple[tuple[int, ...], bool]:
    """The bracket below which the bar stands after this barline, and whether one ends here."""
    closes = False
    for child in element:
        name = tag_of(child)
        if name == "repeat" and child.get("direction") == "forward":
            mark.repeat_start = True
        elif name == "repeat":
            times = child.get("times", "")
            mark.repeat_end = int(times) if times.isascii() and times.isdigit() and 2 <= int(times[:4]) <= 16 else 2
        elif name == "ending" and child.get("type") == "start":
            endings = tuple(int(n) for n in re.findall(r"\d{1,2}", child.get("number", "")[:80]))
        elif name == "ending":
            closes |= child.get("type") in ("stop", "discontinue")
        elif name == "segno":
            mark.segno = True
        elif name == "coda":
            signs.append(mark)
    _read_sound(element, mark)
    return endings, closes


def _read_direction(element: Any, mark: BarMark, signs: list[BarMark]) -> None:
    """Signs, and words that mean a jump."""
    for child in element.iter():
        name, words = tag_of(child), (child.text or "").strip()
        if name == "segno":
            mark.segno = True
        elif name == "coda":
            signs.append(mark)
        elif name == "sound":
            _read_sound(child, mark)
        elif name == "words" and words:
            mark_words(words, mark)


def mark_words(words: str, mark: BarMark) -> None:
    """Words that mean a jump: D.C. al Fine, dal segno, To Coda."""
    if _DA_CAPO.search(words):
        mark.jump = "dacapo"
    elif _DAL_SEGNO.search(words):
        mark.jump = "dalsegno"
    elif _TO_CODA.search(words):
        mark.to_coda = True
    elif _FINE.fullmatch(words):
        mark.fine = True


def _read_sound(element: Any, mark: BarMark) -> None:
    """Playback marks, which are plainer than signs and words."""
    if element.get("dacapo") == "yes":
        mark.jump = "dacapo"
    if element.get("dalsegno"):
        mark.jump = "dalsegno"
    mark.segno = mark.segno or bool(element.get("segno"))
    mark.to_coda = mark.to_coda or bool(element.get("tocoda"))
    mark.coda = mark.coda or bool(element.get("coda"))
    mark.fine = mark.fine or bool(element.get("fine"))
