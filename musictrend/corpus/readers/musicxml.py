"""MusicXML and MXL lead sheets: the chord symbols of ``<harmony>`` elements.

Strangers' files meet a parser that expands no entity, opens no DTD and no
network, and takes no huge trees; what is not well-formed is read as far as it
goes, with a warning. Repeats, endings, da capo and dal segno are unfolded
into the sounding order. Several symbols over one note without offsets share
its time equally: MusicXML would have all but the last last no time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers._metre import BarMark, count_bars, mend_endings, unroll_bars
from musictrend.corpus.readers._musicxml_marks import read_marks
from musictrend.corpus.readers._xml import parse_xml, read_packed, read_score_head, refuse_entities, tag_of
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import NoSymbolsError, ReaderError
from musictrend.harmony.dialects.musicxml import write_harmony
from musictrend.harmony.key import Key

__all__ = ["READER", "MusicXMLReader", "load_score", "read_labels", "read_lead_sheet"]

# Names of a <miscellaneous-field> that hold the year of composition.
DATES = ("date", "year", "composition-date", "creationdate-composition")
FIFTHS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
# Steps on the circle of fifths from the major key of a signature to the tonic of a mode.
MODE_SHIFT = {
    "major": 0, "ionian": 0, "mixolydian": 1, "dorian": 2, "minor": 3, "aeolian": 3, "phrygian": 4,
    "locrian": 5, "lydian": -1,
}  # fmt: skip


@dataclass(slots=True)
class _Bar:
    number: str
    line: int
    length: float = 0.0  # quarter notes that are written
    nominal: float = 4.0  # by the time signature
    harmonies: list[tuple[float, str, Key | None]] = field(default_factory=list)
    mark: BarMark = field(default_factory=BarMark)


def load_score(path: Path) -> tuple[Any, str]:
    """Root element of a MusicXML or MXL file and what was wrong with it (``""``).

    Raises
    ------
    ReaderError
        When there is no score in the file.
    """
    root, trouble = parse_xml(read_packed(path))
    name = tag_of(root)
    if name not in ("score-partwise", "score-timewise"):
        raise ReaderError(f"not MusicXML: its root element is <{name[:40]}>", hint="is this the right file?")
    return root, trouble


def read_lead_sheet(path: Path, track_id: str = "") -> Annotation:
    """Chord symbols of a score: quarter-note onsets, bars, and the key where its mode is written.

    Raises
    ------
    ReaderError
        When the file is no score or has no chord symbol.
    """
    try:
        root, trouble = load_score(path)
    except ReaderError as error:
        if "<mei>" in error.reason:
            raise NoSymbolsError(error.reason, hint="its notes may be read") from None
        raise
    parts = _measures_by_part(root)
    counts = [sum(1 for m in measures for _ in _children(m, "harmony")) for measures in parts]
    if not any(counts):
        refuse_entities(root)
        if trouble:
            raise NoSymbolsError(f"broken XML, and no chord symbol before the break: {trouble}", hint="export it again")
        raise NoSymbolsError(
            f"no chord symbols (<harmony>) in {len(parts)} part{'s' * (len(parts) != 1)}",
            hint="a score without chord symbols needs a reader of notes",
        )
    warnings = [("score", trouble)] if trouble else []
    bars = _read_part(parts[counts.index(max(counts))], warnings)
    marks = [bar.mark for bar in bars]
    if mended := mend_endings(marks):
        warnings.append(
            ("score", f"{mended} ending bracket{'s' * (mended > 1)} set right: not drawn to the repeat sign")
        )
    order, odd = unroll_bars(marks)
    if odd:
        warnings.append(("score", odd))
    annotation = _lay_out([bars[i] for i in order])
    if all("kind=none" in symbol.split()[:2] for symbol in annotation.symbols):
        # Roman numerals and other analyses are written as chord symbols without kind; some programs give all the root C.
        raise NoSymbolsError(
            f"{len(annotation.symbols)} <harmony> elements and no chord symbol among them",
            hint="a score without chord symbols needs a reader of notes",
        )
    annotation.track_id, annotation.warnings = track_id, warnings
    annotation.title, annotation.artist, annotation.year = read_labels(root)
    return annotation


def read_labels(root: Any) -> tuple[str, str, str]:
    """Title, composer (else whoever created it) and date of composition as a score says them."""
    creators = [c for c in root.iterfind("{*}identification/{*}creator") if (c.text or "").strip()]
    creators.sort(key=lambda c: c.get("type") != "composer")
    fields = root.iterfind("{*}identification/{*}miscellaneous/{*}miscellaneous-field")
    date = next(((f.text or "").strip() for f in fields if (f.get("name") or "").lower() in DATES), "")
    # Movements of one work share its title: they are no duplicates.
    names = [_text(root, "work/work-title"), _text(root, "movement-number"), _text(root, "movement-title")]
    title = ", ".join(dict.fromkeys(filter(None, names if names[0] else names[2:])))
    return title, creators[0].text.strip() if creators else "", date


def _children(element: Any, name: str) -> Iterable[Any]:
    return (child for child in element if tag_of(child) == name)


def _text(element: Any, path: str) -> str:
    found = element.find("/".join("{*}" + step for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _number(text: str | None, default: float = 0.0) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if abs(value) < 1e9 else default


def _measures_by_part(root: Any) -> list[list[Any]]:
    """Measures of every part; a timewise score is turned round."""
    if tag_of(root) == "score-partwise":
        return [list(_children(part, "measure")) for part in _children(root, "part")]
    parts: dict[str, list[Any]] = {}
    for measure in _children(root, "measure"):
        for part in _children(measure, "part"):
            part.set("number", measure.get("number", ""))
            parts.setdefault(part.get("id", ""), []).append(part)
    return list(parts.values())


@dataclass(slots=True)
class _State:
    divisions: float = 1.0
    nominal: float = 4.0
    key: Key | None = None


def _read_part(measures: list[Any], warnings: list[tuple[str, str]]) -> list[_Bar]:
    state = _State()
    bars = [_read_measure(m, state, warnings) for m in measures]
    for bar, mark in zip(bars, read_marks(measures), strict=True):
        bar.mark = mark
    return bars


def _read_measure(measure: Any, state: _State, warnings: list[tuple[str, str]]) -> _Bar:
    bar = _Bar(measure.get("number", "?"), measure.sourceline or 0)
    time = 0.0
    waiting: list[tuple[float, str]] = []  # harmonies whose note has not come yet
    for child in measure:
        name = tag_of(child)
        if name == "attributes":
            _read_attributes(child, state)
        elif name == "harmony":
            offset = _number(_text(child, "offset")) / state.divisions
            waiting.append((max(time + offset, 0.0), _read_harmony(child)))
        elif name in ("note", "forward", "backup"):
            length = _number(_text(child, "duration")) / state.divisions
            if name == "note" and (child.find("{*}chord") is not None or child.find("{*}grace") is not None):
                continue
            if name == "backup":
                time = max(time - length, 0.0)
                continue
            _place(bar, waiting, time + length, state.key)
            time += length
            bar.length = max(bar.length, time)
    bar.nominal = state.nominal
    if bar.length == 0:
        bar.length = state.nominal
    _place(bar, waiting, max(bar.length, time + 0.25), state.key)
    if any(h[0] >= bar.length for h in bar.harmonies):
        warnings.append((f"bar {bar.number}", "a chord symbol stands beyond the end of its bar"))
        bar.harmonies = [(min(at, bar.length - 1e-3), symbol, key) for at, symbol, key in bar.harmonies]
    bar.harmonies.sort(key=lambda h: h[0])
    return bar


def _place(bar: _Bar, waiting: list[tuple[float, str]], until: float, key: Key | None) -> None:
    """Symbols written at one point share the time up to the next point."""
    together = Counter(at for at, _ in waiting)
    points = sorted({*together, until})
    seen: Counter = Counter()
    for at, symbol in waiting:
        end = next((p for p in points if p > at), until)
        bar.harmonies.append((at + max(end - at, 0.0) * seen[at] / together[at], symbol, key))
        seen[at] += 1
    waiting.clear()


def _read_attributes(element: Any, state: _State) -> None:
    state.divisions = max(_number(_text(element, "divisions"), state.divisions), 1e-6)
    for time in _children(element, "time"):
        beats = sum(_number(b) for b in _text(time, "beats").split("+"))
        unit = _number(_text(time, "beat-type"))
        if 0 < beats < 200 and unit > 0:
            state.nominal = 4 * beats / unit
    for key in _children(element, "key"):
        fifths, mode = _number(_text(key, "fifths"), 99), _text(key, "mode").lower()
        state.key = None
        if abs(fifths) <= 7 and mode in MODE_SHIFT:
            place = int(fifths) + 7 + MODE_SHIFT[mode]
            tonic = FIFTHS[place] if 0 <= place < len(FIFTHS) else FIFTHS[place - 12 if place > 7 else place + 12]
            state.key = Key.parse(f"{tonic} {mode}")


def _note_name(element: Any, kind: str) -> str | None:
    """``root`` or ``bass`` of a harmony as a note name."""
    step = _text(element, f"{kind}/{kind}-step").upper()
    if step not in ("A", "B", "C", "D", "E", "F", "G"):
        return None
    alter = int(round(_number(_text(element, f"{kind}/{kind}-alter"))))
    return step + ("#" * alter if alter > 0 else "b" * -alter) if abs(alter) <= 2 else None


def _read_harmony(element: Any) -> str:
    """The element as one line in the dialect ``musicxml``; what that cannot say fails there."""
    kinds = list(_children(element, "kind"))
    kind = (kinds[0].text or "").strip() if kinds else ""
    text = (kinds[0].get("text") or "").strip() if kinds else ""
    if len(kinds) > 1:
        return f"kind=polychord text={text}"
    degrees = []
    for degree in _children(element, "degree"):
        value, alter = _number(_text(degree, "degree-value")), _number(_text(degree, "degree-alter"))
        degrees.append((int(value), int(round(alter)), _text(degree, "degree-type")))
    return write_harmony(
        _note_name(element, "root"),
        "".join(kind.split()),
        degrees,
        _note_name(element, "bass"),
        int(_number(_text(element, "inversion"))),
        # What is printed matters only where the kind says nothing.
        " ".join(text.split()) if kind in ("", "other") else "",
    )


def _lay_out(bars: list[_Bar]) -> Annotation:
    """The bars one after the other."""
    starts, nominals, onsets, symbols, keys, places = [], [], [], [], [], []
    now = 0.0
    for bar in bars:
        starts.append(now)
        nominals.append(bar.nominal)
        for at, symbol, key in bar.harmonies:
            onsets.append(round(now + at, 6))
            symbols.append(symbol)
            keys.append(key)
            places.append(f"bar {bar.number}")
        now += bar.length
    if not symbols:
        raise ReaderError("no chord symbol stands in a bar that is played", hint="look at the repeats of the score")
    durations = [round(b - a, 6) for a, b in zip(onsets, [*onsets[1:], now], strict=True)]
    return Annotation(
        "",
        symbols=symbols,
        dialect="musicxml",
        onsets=onsets,
        durations=durations,
        unit="quarters",
        bars=count_bars(starts, nominals, onsets, durations),
        keys=keys if any(keys) else None,
        places=places,
    )


class MusicXMLReader(Reader):
    """MusicXML (``.musicxml``, ``.xml``, packed ``.mxl``) with chord symbols."""

    name = "musicxml"
    title = "MusicXML chord symbols"
    citation = "W3C Music Notation Community Group. MusicXML 4.0."
    url = "https://www.w3.org/2021/06/musicxml40/"
    transcription = "lead sheet"
    dialect = "musicxml"
    suffixes = (".musicxml", ".mxl", ".xml")

    holds_labels = True

    def read_file(self, path: Path) -> list[Annotation]:
        """The chord symbols of one score."""
        return [read_lead_sheet(path, path.stem)]

    def read_labels(self, path: Path) -> list[Annotation]:
        """Title, composer and year of one score, from what stands before its music."""
        title, composer, date = read_labels(read_score_head(path))
        return [Annotation(path.stem, title=title, artist=composer, year=date)]


READER = MusicXMLReader()
