"""RomanText: Roman-numeral analyses as people type them.

A line is a bar: ``m4 b1 I b3 V65/V``; a key stands before its figures
(``G:`` major, ``g:`` minor). What is resolved here, by the format's paper [1]_:

- bars that are not written go on with the chord before;
- ``m9-12 = m1-4`` copies bars, read in the key reached;
- ``||:`` and ``:||`` are played twice, ``m8a`` in the first pass and ``m8b`` in the second
  (without the repeat sign nobody says from where: both are taken as written);
- ``m5var1`` (another reading) and ``Note:`` lines are left out;
- two figures on one beat (a pivot chord, ``I || D: IV``) are one chord, heard in the new key;
- beats are those of the metre: dotted quarters in 6/8, eighths in ``slow 6/8``.

References
----------
.. [1] Tymoczko, Gotham, Cuthbert, Ariza (2019). The RomanText format. ISMIR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text
from musictrend.corpus.readers._metre import BarMark, count_bars, unroll_bars
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ChordLabelError, ReaderError, UnsafeFileError
from musictrend.harmony.key import Key

__all__ = ["READER", "RomanTextReader", "beat_length", "parse_analysis"]

MAX_BARS = 20_000
_BAR = re.compile(r"m(\d{1,6})([a-z]?)(?![a-z]*\d)(?:-(?:m)?(\d{1,6})([a-z]?))?(?=\s|=|$)")
_VARIANT = re.compile(r"m\d+[a-z]?var", re.IGNORECASE)
_COPY = re.compile(r"=\s*m?(\d{1,6})([a-z]?)(?:-(?:m)?(\d{1,6})([a-z]?))?\s*$")
_BEAT = re.compile(r"[bt](\d{1,3}(?:\.\d+)?)")
_KEY = re.compile(r";?([A-Ga-g])((?:b|-)*|#*)[:;]")
_HEADER = re.compile(r"([A-Za-z][A-Za-z /]*?)\s*:\s*(.*)")
_METRE = re.compile(r"(slow|fast)?\s*(\d+/\d+|C\|?|cut)", re.IGNORECASE)
BARLINES = {"|", "||", "||:", ":||", ":||:", "|:", ":|", "|]"}


@dataclass(slots=True)
class _Bar:
    number: int
    letter: str
    metre: str
    line: int
    # (beat, figure or None, key text that stands before it)
    events: list[tuple[Fraction, str, str]] = field(default_factory=list)
    last_key: str = ""  # a key mark after the last figure
    mark: BarMark = field(default_factory=BarMark)


def beat_length(metre: str) -> tuple[Fraction, Fraction]:
    """Quarter notes in a beat and in a bar; compound metres beat in threes unless ``slow``.

    Examples
    --------
    >>> [str(x) for x in beat_length("6/8")], [str(x) for x in beat_length("slow 6/8")]
    (['3/2', '3'], ['1/2', '3'])
    """
    match = _METRE.fullmatch(metre.strip())
    if match is None:
        raise ReaderError(f"time signature {metre[:40]!r} cannot be read", hint="such as 3/4, 6/8, slow 6/8 or C")
    text = {"c": "4/4", "c|": "2/2", "cut": "2/2"}.get(match[2].lower(), match[2])
    upper, lower = (int(x) for x in text.split("/"))
    if not (0 < upper < 100 and 0 < lower <= 64):
        raise ReaderError(f"time signature {metre[:40]!r} is impossible")
    unit = Fraction(4, lower)
    compound = upper % 3 == 0 and (upper > 3 or lower >= 8) and (match[1] or "").lower() != "slow"
    return unit * (3 if compound else 1), unit * upper


def _parse_beat(text: str) -> Fraction:
    """A beat from 1; ``2.33`` and ``2.66`` mean thirds."""
    whole, _, decimals = text.partition(".")
    if not decimals:
        return Fraction(int(whole))
    part = Fraction(f"0.{decimals}")
    near = part.limit_denominator(12)
    # Two printed decimals stand for the simplest fraction they round from.
    return int(whole) + (near if abs(near - part) <= Fraction(1, 90) else part)


def parse_analysis(text: str, track_id: str = "") -> Annotation:
    """Chords of a RomanText analysis: figures, quarter-note onsets, bars, and the key at every figure.

    Raises
    ------
    ReaderError
        When there is no bar with a figure.
    """
    headers, bars, warnings = _parse_lines(text)
    if not any(bar.events for bar in bars):
        raise ReaderError("no bar with a Roman numeral (m1 I b3 V)", hint="is this a RomanText analysis?")
    _mark_endings(bars)
    order, trouble = unroll_bars([bar.mark for bar in bars])
    if trouble:
        warnings.append((f"line {bars[0].line}", trouble))
    annotation = _lay_out([bars[i] for i in order], track_id, warnings)
    annotation.title = headers.get("title", "") or headers.get("piece", "")
    annotation.artist = headers.get("composer", "")
    annotation.year = headers.get("date", "") or headers.get("year", "")
    return annotation


def _parse_lines(text: str) -> tuple[dict[str, str], list[_Bar], list[tuple[str, str]]]:
    headers: dict[str, str] = {}
    bars: list[_Bar] = []
    warnings: list[tuple[str, str]] = []
    metre = "4/4"
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        place = f"line {number}"
        if not line or _VARIANT.match(line):
            continue
        if match := _BAR.match(line):
            new = _parse_bar_line(line, match, bars, metre, number, warnings)
            if len(bars) + len(new) > MAX_BARS:
                raise UnsafeFileError(f"more than {MAX_BARS:,} bars", place=place, hint="is this the right file?")
            bars.extend(new)
        elif match := _HEADER.fullmatch(line):
            name, value = match[1].lower(), match[2].strip()
            if name.replace(" ", "") == "timesignature":
                try:
                    beat_length(value)
                    metre = value
                except ReaderError as error:
                    warnings.append((place, f"{error}; {metre} goes on"))
            else:
                headers.setdefault(name, value)
        elif re.match(r"m\d", line):
            warnings.append((place, f"bar {line[:30]!r} cannot be read"))
    return headers, bars, warnings


def _parse_bar_line(
    line: str, match: re.Match, bars: list[_Bar], metre: str, number: int, warnings: list[tuple[str, str]]
) -> list[_Bar]:
    """The bars of one line: one, or a run of copies."""
    first, letter, last = int(match[1]), match[2], int(match[3] or match[1])
    rest = line[match.end() :].strip()
    barlines = [word for word in rest.split() if word in BARLINES]
    body = " ".join(word for word in rest.split() if word not in BARLINES)
    copy = _COPY.match(body)
    if copy is None:
        if last != first:
            warnings.append((f"line {number}", f"{match[0]} is a run of bars without '='; taken as bar {first}"))
        new = [_parse_bar(rest, _Bar(first, letter, metre, number), warnings)]
    else:
        new = _copy_bars(first, letter, last, copy, bars, metre, number, warnings)
    if new:
        if any(b in ("||:", "|:", ":||:") and rest.startswith(b) for b in barlines) or rest.startswith(("||:", "|:")):
            new[0].mark.repeat_start = True
        if any(b in (":||", ":|") or (b == ":||:" and not rest.startswith(b)) for b in barlines):
            new[-1].mark.repeat_end = 2
    return new


def _mark_endings(bars: list[_Bar]) -> None:
    """Bars ``a`` belong to the first pass, ``b`` to the second, where a repeat sign ends the first."""
    for letter, run in groupby(range(len(bars)), key=lambda i: bool(bars[i].letter)):
        group = [bars[i] for i in run]
        if letter and any(bar.letter == "a" and bar.mark.repeat_end for bar in group):
            for bar in group:
                bar.mark.endings = (ord(bar.letter) - ord("a") + 1,)


def _copy_bars(first, letter, last, copy, bars, metre, number, warnings) -> list[_Bar]:
    """Bars ``first`` to ``last`` as those written earlier; what is unwritten there stays so here."""
    source, source_last = int(copy[1]), int(copy[3] or copy[1])
    if source_last - source != last - first:
        warnings.append((f"line {number}", f"copy of {source_last - source + 1} bars into {last - first + 1}"))
    found = [b for b in bars if source <= b.number <= source_last and (not copy[2] or b.letter == copy[2])]
    if not found:
        warnings.append((f"line {number}", f"bars m{source}-{source_last} to copy are not written before"))
    new = []
    for bar in found:
        target = bar.number - source + first
        if target > last:
            break
        keep = letter if letter or not bar.letter else bar.letter
        new.append(_Bar(target, keep, metre, number, list(bar.events), bar.last_key))
    if found and found[0].number > source:
        # The first copied bar went on with the chord before it, which here may be another.
        before = [e for b in bars if b.number < source for e in b.events]
        if before:
            beat, figure, _ = before[-1]
            new.insert(0, _Bar(first, letter, metre, number, [(Fraction(1), figure, "")]))
    return new


def _parse_bar(rest: str, bar: _Bar, warnings: list[tuple[str, str]]) -> _Bar:
    beat, key = Fraction(1), ""
    for word in rest.split():
        if word in BARLINES or word == "=":
            continue
        if match := _BEAT.fullmatch(word):
            beat = _parse_beat(match[1])
            if beat < 1:
                warnings.append((f"line {bar.line}", f"beat {word} is before the bar; taken as its first"))
                beat = Fraction(1)
        elif match := _KEY.fullmatch(word):
            key = match[1] + match[2].replace("-", "b")
        elif word.endswith(":"):
            key = word  # no key that can be read: what follows has none
        elif match := re.fullmatch(r";?([A-Ga-g][b#-]*)[:;](\S+)", word):
            # "G:I" without the blank
            bar.events.append((beat, match[2], match[1].replace("-", "b")))
            key = ""
        else:
            bar.events.append((beat, word, key))
            key = ""
    bar.last_key = key
    return bar


def _lay_out(bars: list[_Bar], track_id: str, warnings: list[tuple[str, str]]) -> Annotation:
    """Put the bars one after the other; bars that are not written sound on."""
    starts: list[Fraction] = []
    nominals: list[Fraction] = []
    events: list[list] = []  # onset, figure, key, place
    now, key, previous = Fraction(0), None, None
    for bar in bars:
        beat, length = beat_length(bar.metre)
        # Unwritten bars between two written ones; a jump back (a repeat) has none.
        gap = bar.number - previous - 1 if previous is not None and bar.number > previous else 0
        if gap > MAX_BARS:
            raise UnsafeFileError(f"{gap:,} bars are not written", place=f"line {bar.line}", hint="mend the bar number")
        for _ in range(gap):
            starts.append(now)
            nominals.append(length)
            now += length
        starts.append(now)
        nominals.append(length)
        for position, figure, mark in bar.events:
            key = _read_key(mark, key, bar.line, warnings)
            onset = now + (position - 1) * beat
            if position - 1 >= length / beat:
                warnings.append((f"line {bar.line}", f"beat {float(position):g} is beyond the bar of {bar.metre}"))
                onset = now + length - beat / 2
            if events and events[-1][0] >= onset:
                if events[-1][0] > onset:
                    warnings.append((f"line {bar.line}", f"{figure} comes after a later beat"))
                    continue
                events.pop()  # a pivot: one chord, heard in the new key
            events.append([onset, figure, key, f"line {bar.line}"])
        key = _read_key(bar.last_key, key, bar.line, warnings)
        now += length
        previous = bar.number
    first = events[0][0]
    onsets = [float(e[0] - first) for e in events]
    ends = [*onsets[1:], float(now - first)]
    durations = [end - onset for onset, end in zip(onsets, ends, strict=True)]
    return Annotation(
        track_id,
        symbols=[e[1] for e in events],
        dialect="romantext",
        onsets=onsets,
        durations=durations,
        unit="quarters",
        bars=count_bars([float(s - first) for s in starts], [float(n) for n in nominals], onsets, durations),
        keys=[e[2] for e in events],
        places=[e[3] for e in events],
        warnings=warnings,
    )


def _read_key(mark: str, key: Key | None, line: int, warnings: list[tuple[str, str]]) -> Key | None:
    """The key after a key mark; a lower-case tonic is minor, a mark that cannot be read leaves none."""
    if not mark:
        return key
    try:
        return Key.parse(mark)
    except ChordLabelError:
        warnings.append((f"line {line}", f"key {mark!r} cannot be read; the figures after it have none"))
        return None


class RomanTextReader(Reader):
    """RomanText analyses (``.rntxt``); a whole folder of When in Rome has a reader of its own."""

    name = "romantext"
    title = "RomanText"
    citation = "Tymoczko, D., Gotham, M., Cuthbert, M. S. & Ariza, C. (2019). The RomanText format. ISMIR."
    url = "https://github.com/MarkGotham/When-in-Rome"
    transcription = "analysis"
    dialect = "romantext"
    holds_labels = True
    suffixes = (".rntxt", ".rtxt", "analysis.txt")
    shared_suffixes = (".txt",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether lines such as ``m1 b1 C: I`` stand in a text."""
        return re.search(r"^m\d+\w*\s+(?:b\d\S*\s+|\|\|?:?\s+)*[A-Ga-g][b#-]*:\s", head, re.M) is not None

    def read_file(self, path: Path) -> list[Annotation]:
        """The analysis in one file."""
        return [parse_analysis(read_text(path), path.stem)]


READER = RomanTextReader()
