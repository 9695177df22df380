"""An iReal Pro chart: its signs, its bars, and the order in which the bars sound.

A chart is a string of signs without separators. Every chord, blank, slash and
repeat sign takes a *cell*; a bar's cells share its time (in 3/4 the usual four
cells are the beats 1, 2, 3, 3). Bar lines are ``| [ ] { } Z``. The other signs:

``T34`` metre; ``*A`` section; ``N1`` ending; ``S`` segno; ``Q`` coda; ``f``
fermata; ``U`` end; ``Y`` space between lines; ``s l`` small and large print;
``,`` nothing; ``<...>`` text, which may be an order (``D.C. al Coda``, ``Fine``,
``3x``); ``(...)`` an alternative chord printed above; ``x`` the bar before again;
``r`` the two bars before again (the blank bar after it is the second of them);
``n`` no chord; ``p`` the chord before goes on; ``W/E`` the chord before over E.

One chorus is read, as written: ``{ }`` twice or as often as its text or its
endings say, D.C. and D.S. once (after them repeats are not taken, and the last or
the named ending is), the coda where it stands. How often the app plays the whole
chart is a matter of practice, not of the piece.

References
----------
.. [1] iReal Pro custom chord chart protocol, irealpro.com/ireal-pro-file-format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers._bars import MAX_BARS, BarWriter, Slot
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.harmony.key import Key

_SIGN = re.compile(
    r"""(?P<metre>T\d\d) | (?P<section>\*[A-Za-z]) | (?P<ending>N\d) | <(?P<text>[^>]*)>
    | (?P<alternative>\([^()]*\))
    | (?P<chord> [A-G][b\#]? (?:sus|alt|add|/9|[-+^0-9ohø\#b])* (?:\*[^*|\[\]{}]*\*)? (?:/[A-G][b\#]?)?
               | W(?:/[A-G][b\#]?)? )
    | (?P<cell>[\s xrnp]) | (?P<line>[|\[\]{}Z]) | (?P<mark>[SQfUYsl,])""",
    re.X,
)
_JUMP = re.compile(r"D\.?\s?([CS])\.?(?:\s*al\s*(coda|fine|(\d)\s?(?:st|nd|rd|th)?\s*end\w*))?", re.I)
_TIMES = re.compile(r"\b(\d{1,2})\s?x\b", re.I)
METRES = {"12": (12, 8)}  # T12 is 12/8; every other is numerator and denominator


@dataclass(slots=True)
class Bar:
    """One written bar: a sign or None for each cell, and what is written about its place in the form."""

    number: int = 0
    cells: list[str | None] = field(default_factory=list)
    metre: tuple[int, int] = (4, 4)
    section: str = ""
    opens: bool = False  # {
    closes: bool = False  # }
    ends: bool = False  # a double bar line after it
    ending: int = 0
    segno: bool = False
    coda: str = ""  # "before" or "after" its chords
    times: int = 0
    jump: str = ""  # C or S
    target: str = ""  # coda, fine, or the number of an ending
    fine: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing sounds anew in it."""
        return not any(self.cells)


def read_bars(chart: str, warnings: list[tuple[str, str]]) -> list[Bar]:
    """Bars as written, with ``x`` and ``r`` replaced by the bars they stand for."""
    bars: list[Bar] = []
    bar = Bar(metre=(4, 4))
    inside = False  # between bar lines: blanks outside only fill the line
    second: Bar | None = None  # of the two bars that r repeats

    def finish() -> None:
        nonlocal bar, second
        if bar.cells and (inside or not bar.is_blank):
            if len(bars) >= MAX_BARS:
                raise UnsafeFileError(f"a chart of more than {MAX_BARS:,} bars", hint="is this the right file?")
            if second is not None:
                if bar.is_blank:
                    bar.cells = second.cells
                else:
                    bars.append(replace(second, number=len(bars) + 1))
                second = None
            elif "r" in bar.cells or "x" in bar.cells:
                back = 2 if "r" in bar.cells else 1
                if len(bars) < back:
                    raise ReaderError("a repeat sign before there is a bar to repeat", place=f"bar {len(bars) + 1}")
                if back == 2:
                    second = _copy(bars[-1])
                bar.cells = bars[-back].cells
            bar.number = len(bars) + 1
            bars.append(bar)
            bar = Bar(metre=bar.metre, section=bar.section)
        else:
            bar.cells = []

    at = 0
    while at < len(chart):
        match = _SIGN.match(chart, at)
        if match is None:
            if len(warnings) < 5:
                warnings.append((f"bar {len(bars) + 1}", f"sign {chart[at]!r} is not in the format: left out"))
            at += 1
            continue
        at = match.end()
        kind, sign = match.lastgroup, match[0]
        if kind == "chord":
            bar.cells.append(sign)
        elif kind == "cell":
            bar.cells.append(None if sign in " p" or sign.isspace() else sign)
        elif kind == "line":
            finish()
            if sign in "]}Z" and bars:
                bars[-1].closes |= sign == "}"
                bars[-1].ends |= sign != "}"
            inside = sign in "|[{"
            bar.opens |= sign == "{"
        elif kind == "metre":
            bar.metre = METRES.get(sign[1:], (int(sign[1]), int(sign[2])))
        elif kind == "section":
            bar.section = sign[1:]
        elif kind == "ending":
            bar.ending = int(sign[1])
        elif kind == "text":
            _obey(match["text"], bar if inside or bar.cells or not bars else bars[-1])
        elif sign == "S":
            bar.segno = True
        elif sign == "Q":
            bar.coda = "before" if bar.is_blank else "after"
    inside = inside and not bar.is_blank
    finish()
    if second is not None:
        bars.append(replace(second, number=len(bars) + 1))
    return bars


def _copy(bar: Bar) -> Bar:
    """A bar's chords and metre without its place in the form."""
    return Bar(cells=bar.cells, metre=bar.metre, section=bar.section)


def _obey(text: str, bar: Bar) -> None:
    """Put an order written as text into its bar; other text says nothing about the form."""
    if match := _JUMP.search(text):
        bar.jump, bar.target = match[1].upper(), (match[3] or match[2] or "").lower()
    elif re.match(r"(\*\d\d)?\s*fine\b", text, re.I):
        bar.fine = True
    elif match := _TIMES.search(text):
        bar.times = int(match[1])


def play(bars: list[Bar]) -> Iterator[Bar]:
    """Bars in the order they sound in one chorus."""
    i, start, turn, jump = 0, 0, 1, None
    while i < len(bars):
        bar = bars[i]
        if bar.opens and i != start:
            start, turn = i, 1
        turns = 1 if jump else _turns(bars, start)
        if bar.ending:
            wanted = _wanted(bars, start, turn, turns, jump)
            if wanted and bar.ending != wanted:
                i = _skip_ending(bars, i, wanted)
                continue
        if jump and jump.target == "coda" and bar.coda:
            coda = max(k for k, b in enumerate(bars) if b.coda)
            if coda > i:
                if bar.coda == "after":
                    yield bar
                i, start, turn = coda, coda, 1
                jump = replace(jump, target="")
                continue
        yield bar
        if jump and (bar.fine if jump.target == "fine" else jump.target.isdecimal() and _ends_ending(bars, i, jump)):
            return
        if bar.closes and turn < turns:
            turn, i = turn + 1, start
            continue
        if bar.closes:
            start, turn = i + 1, 1
        i += 1
        if bar.jump and jump is None and (bar.target or any(b.fine for b in bars)):
            jump = replace(bar, target=bar.target or "fine")
            segno = next((k for k, b in enumerate(bars) if b.segno), 0)
            i = start = segno if bar.jump == "S" else 0
            turn = 1


def _turns(bars: list[Bar], start: int) -> int:
    """How often the repeat that begins at a bar is played."""
    stop = next((k for k in range(start, len(bars)) if bars[k].closes or bars[k].opens and k > start), None)
    if stop is None or not bars[stop].closes:
        return 1
    times = max(bar.times for bar in bars[start : stop + 1])
    return max(2, times, _last_ending(bars, start))


def _last_ending(bars: list[Bar], start: int) -> int:
    """Highest ending of the repeat that begins at a bar; 0 without endings.

    An ending belongs to it when it begins right after the ``}`` of the one before.
    """
    last = 0
    for k in range(start, len(bars)):
        if bars[k].opens and k > start:
            break
        if bars[k].ending > last and (not last or bars[k - 1].closes):
            last = bars[k].ending
    return last


def _wanted(bars: list[Bar], start: int, turn: int, turns: int, jump: Bar | None) -> int:
    """Number of the ending to take in this turn; 0 for whichever comes."""
    last = _last_ending(bars, start)
    if jump:
        return int(jump.target) if jump.target.isdecimal() else last
    if turns == 1:
        return 0
    if turn < turns:
        return min(turn, max(last - 1, 1))
    return last if last > 1 else turn  # the last turn passes over a first ending that stands alone


def _skip_ending(bars: list[Bar], i: int, wanted: int) -> int:
    """Where to go on when the ending at a bar is not the one to take."""
    for k in range(i + 1, len(bars)):
        if bars[k].ending == wanted:
            return k
    # A first ending alone: go on after its end.
    return next((k + 1 for k in range(i, len(bars)) if bars[k].closes or bars[k].ends), len(bars))


def _ends_ending(bars: list[Bar], i: int, jump: Bar) -> bool:
    """Whether the ending named in ``D.C. al 2nd End.`` is over after this bar."""
    begun = max((k for k in range(i + 1) if bars[k].ending), default=-1)
    return begun >= 0 and bars[begun].ending == int(jump.target) and (bars[i].ends or bars[i].closes)


def read_chart(track_id: str, chart: str, key: Key | None, **labels: str | tuple[str, ...]) -> Annotation:
    """Chords of a chart in their sounding order, in quarter notes."""
    warnings: list[tuple[str, str]] = []
    writer = BarWriter()
    chord = ""  # the latest with a root, without its bass
    for bar in play(read_bars(chart, warnings)):
        slots: list[Slot] = []
        beats, unit = bar.metre
        for at, sign in zip(_positions(bar), bar.cells, strict=True):
            if sign is None or sign == "W":
                continue
            if sign.startswith("W/"):
                slots.append((at, f"{chord}{sign[1:]}" if chord else None))
                continue
            if sign != "n":
                chord = re.sub(r"/[A-G][b#]?$", "", sign)
            slots.append((at, sign))
        place = f"bar {bar.number}" + (f" ({bar.section})" if bar.section else "")
        writer.write(slots, quarters=beats * 4 / unit, key=key, place=place)
    return writer.annotate(track_id, "ireal", warnings=warnings, **labels)


def _positions(bar: Bar) -> list[float]:
    """Where in the bar its cells are, from 0 to 1."""
    n = len(bar.cells)
    if n == 4 and bar.metre[0] == 3 and not (bar.cells[2] and bar.cells[3]):
        return [0.0, 1 / 3, 2 / 3, 2 / 3]
    return [cell / n for cell in range(n)]
