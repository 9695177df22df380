"""MusicXML and MXL lead sheets: the chord symbols of ``<harmony>`` elements.

Strangers' files meet a parser that expands no entity, opens no DTD and no
network, and takes no huge trees; what is not well-formed is read as far as it
goes, with a warning. Repeats, endings, da capo and dal segno are unfolded
into the sounding order. Several symbols over one note without offsets share
its time equally: MusicXML would have all but the last last no time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_bytes, read_zip_member
from musictrend.corpus.readers._metre import BarMark, count_bars, mend_endings, unroll_bars
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import NoSymbolsError, ReaderError
from musictrend.harmony.dialects.musicxml import write_harmony
from musictrend.harmony.key import Key

__all__ = ["READER", "MusicXMLReader", "load_score", "read_lead_sheet"]

MAX_SCORE = 64 * 2**20  # bytes; a Mahler symphony is about 40 MB
FIFTHS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
# Steps on the circle of fifths from the major key of a signature to the tonic of a mode.
MODE_SHIFT = {
    "major": 0, "ionian": 0, "mixolydian": 1, "dorian": 2, "minor": 3, "aeolian": 3, "phrygian": 4,
    "locrian": 5, "lydian": -1,
}  # fmt: skip
_DA_CAPO = re.compile(r"\bd\.?\s*c\.?(?=\W|al|$)|da\s*capo", re.IGNORECASE)
_DAL_SEGNO = re.compile(r"\bd\.?\s*s\.?(?=\W|al|$)|dal\s*segno", re.IGNORECASE)
_TO_CODA = re.compile(r"\bto\s+(?:the\s+)?coda\b", re.IGNORECASE)
_FINE = re.compile(r"\W*fine\W*", re.IGNORECASE)


@dataclass(slots=True)
class _Bar:
    number: str
    line: int
    length: float = 0.0  # quarter notes that are written
    nominal: float = 4.0  # by the time signature
    harmonies: list[tuple[float, str, Key | None]] = field(default_factory=list)
    mark: BarMark = field(default_factory=BarMark)
    coda_signs: int = 0


def load_score(path: Path) -> tuple[Any, str]:
    """Root element of a MusicXML or MXL file and what was wrong with it (``""``).

    Raises
    ------
    ReaderError
        When there is no score in the file.
    """
    data = _read_score_bytes(path)
    from lxml import etree

    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    trouble = ""
    try:
        root = etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as error:
        trouble = f"not well-formed at line {error.lineno}: {error.msg}"[:200]
        try:
            root = etree.fromstring(data, etree.XMLParser(recover=True, **options))
        except etree.XMLSyntaxError:
            root = None  # nothing of it is XML
    except ValueError as error:
        raise ReaderError(f"not XML: {error}", hint="is this the right file?") from None
    if root is None:
        raise ReaderError(f"no XML in the file ({trouble})", hint="is this the right file?")
    name = _tag(root)
    if name not in ("score-partwise", "score-timewise"):
        raise ReaderError(f"not MusicXML: its root element is <{name[:40]}>", hint="is this the right file?")
    return root, trouble


def _read_score_bytes(path: Path) -> bytes:
    """The score: plain, or inside an MXL archive whatever the file is called."""
    with path.open("rb") as file:
        packed = file.read(2) == b"PK"
    if not packed and path.suffix.lower() != ".mxl":
        return read_bytes(path, limit=MAX_SCORE)
    try:
        container = read_zip_member(path, "META-INF/container.xml", limit=2**20)
        found = re.search(rb"""<rootfile\b[^>]*?full-path\s*=\s*(["'])(.*?)\1""", container, re.DOTALL)
        if found:
            return read_zip_member(path, found[2].decode("utf-8", "replace"), limit=MAX_SCORE)
    except ReaderError as error:
        if "inside the archive" not in error.reason:
            raise
    # No container, or one that points nowhere: the first score there is.
    return read_zip_member(path, suffixes=(".xml", ".musicxml"), limit=MAX_SCORE)


def read_lead_sheet(path: Path, track_id: str = "") -> Annotation:
    """Chord symbols of a score: quarter-note onsets, bars, and the key where its mode is written.

    Raises
    ------
    ReaderError
        When the file is no score or has no chord symbol.
    """
    root, trouble = load_score(path)
    parts = _measures_by_part(root)
    counts = [sum(1 for m in measures for _ in _children(m, "harmony")) for measures in parts]
    if not any(counts):
        if trouble:
            raise ReaderError(f"broken XML, and no chord symbol before the break: {trouble}", hint="export it again")
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
    if all(symbol.split()[:1] == ["kind=none"] for symbol in annotation.symbols):
        # Roman numerals and other analyses are written as chord symbols without root or kind.
        raise NoSymbolsError(
            f"{len(annotation.symbols)} <harmony> elements and no chord symbol among them",
            hint="a score without chord symbols needs a reader of notes",
        )
    annotation.track_id, annotation.warnings = track_id, warnings
    annotation.title = _text(root, "work/work-title") or _text(root, "movement-title")
    creators = [c for c in root.iterfind("{*}identification/{*}creator") if (c.text or "").strip()]
    creators.sort(key=lambda c: c.get("type") != "composer")
    annotation.artist = creators[0].text.strip() if creators else ""
    return annotation


def _tag(element: Any) -> str:
    """Name without namespace; comments and processing instructions have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Any, name: str) -> Iterable[Any]:
    return (child for child in element if _tag(child) == name)


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
    if _tag(root) == "score-partwise":
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
    endings: tuple[int, ...] = ()


def _read_part(measures: list[Any], warnings: list[tuple[str, str]]) -> list[_Bar]:
    state = _State()
    bars = [_read_measure(m, state, warnings) for m in measures]
    # Two coda signs: leave at the first, arrive at the last.
    signs = [bar for bar in bars if bar.coda_signs]
    if signs and not any(bar.mark.coda for bar in bars):
        signs[-1].mark.coda = len(signs) > 1 or any(bar.mark.to_coda for bar in bars)
        for bar in signs[:-1]:
            bar.mark.to_coda = True
    return bars


def _read_measure(measure: Any, state: _State, warnings: list[tuple[str, str]]) -> _Bar:
    bar = _Bar(measure.get("number", "?"), measure.sourceline or 0)
    time = 0.0
    waiting: list[tuple[float, str]] = []  # harmonies whose note has not come yet
    for child in measure:
        name = _tag(child)
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
        elif name == "barline":
            _read_barline(child, bar, state)
        elif name == "direction":
            _read_direction(child, bar)
        elif name == "sound":
            _read_sound(child, bar)
    bar.nominal = state.nominal
    if bar.length == 0:
        bar.length = state.nominal
    _place(bar, waiting, max(bar.length, time + 0.25), state.key)
    if any(h[0] >= bar.length for h in bar.harmonies):
        warnings.append((f"bar {bar.number}", "a chord symbol stands beyond the end of its bar"))
        bar.harmonies = [(min(at, bar.length - 1e-3), symbol, key) for at, symbol, key in bar.harmonies]
    bar.harmonies.sort(key=lambda h: h[0])
    if state.endings:
        bar.mark.endings = state.endings
    # A bracket that ends with this bar holds for it and not for the next.
    if any(_tag(e) == "ending" and e.get("type") in ("stop", "discontinue") for e in measure.iter()):
        state.endings = ()
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


def _read_barline(element: Any, bar: _Bar, state: _State) -> None:
    for child in element:
        name = _tag(child)
        if name == "repeat" and child.get("direction") == "forward":
            bar.mark.repeat_start = True
        elif name == "repeat":
            times = int(_number(child.get("times"), 2))
            bar.mark.repeat_end = times if 2 <= times <= 16 else 2
        elif name == "ending" and child.get("type") == "start":
            passes = tuple(int(n) for n in re.findall(r"\d{1,2}", child.get("number", "")))
            state.endings = passes
        elif name == "segno":
            bar.mark.segno = True
        elif name == "coda":
            bar.coda_signs += 1
    _read_sound(element, bar)


def _read_direction(element: Any, bar: _Bar) -> None:
    """Signs, and words that mean a jump."""
    for child in element.iter():
        name, words = _tag(child), (child.text or "").strip()
        if name == "segno":
            bar.mark.segno = True
        elif name == "coda":
            bar.coda_signs += 1
        elif name == "sound":
            _read_sound(child, bar)
        elif name == "words" and words:
            if _DA_CAPO.search(words):
                bar.mark.jump = "dacapo"
            elif _DAL_SEGNO.search(words):
                bar.mark.jump = "dalsegno"
            elif _TO_CODA.search(words):
                bar.mark.to_coda = True
            elif _FINE.fullmatch(words):
                bar.mark.fine = True


def _read_sound(element: Any, bar: _Bar) -> None:
    """Playback marks, which are plainer than signs and words."""
    if element.get("dacapo") == "yes":
        bar.mark.jump = "dacapo"
    if element.get("dalsegno"):
        bar.mark.jump = "dalsegno"
    bar.mark.segno = bar.mark.segno or bool(element.get("segno"))
    bar.mark.to_coda = bar.mark.to_coda or bool(element.get("tocoda"))
    bar.mark.coda = bar.mark.coda or bool(element.get("coda"))
    bar.mark.fine = bar.mark.fine or bool(element.get("fine"))


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

    def read_file(self, path: Path) -> list[Annotation]:
        """The chord symbols of one score."""
        return [read_lead_sheet(path, path.stem)]


READER = MusicXMLReader()
