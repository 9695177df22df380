"""Notes of an MEI score in common Western notation, read with lxml.

What is resolved: tuplets in tuplets, ties however written, grace and cue notes
(left out), keys and accidentals where the sounding pitch is not spelled out,
transposing staves, repeated bars (``mRpt``), editors' choices (the first
reading: lemma, correction, regularisation), movements one after the other.

References
----------
.. [1] Music Encoding Initiative. Guidelines 5.0: common Western music notation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.notes import (
    LONGEST,
    UNSPELLED,
    Notes,
    beat_length,
    collect_notes,
    join_ties,
    line_of_fifths,
    unfold_notes,
)
from musictrend.corpus.readers._metre import BarMark, WrittenBar, unfold_by_marks
from musictrend.corpus.readers._musicxml_marks import mark_words
from musictrend.corpus.readers._xml import parse_xml, read_packed, refuse_entities, strip_namespaces, to_number
from musictrend.errors import OddNotationError, ReaderError

__all__ = ["notes_from_mei", "read_mei_labels"]

ID = "{http://www.w3.org/XML/1998/namespace}id"
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SHARPS = "fcgdaeb"  # in the order of key signatures; flats come in the opposite one
LENGTHS = {"maxima": 32.0, "long": 16.0, "breve": 8.0} | {str(2**k): 4.0 / 2**k for k in range(12)}
# Quarter tones are rounded towards the natural.
ALTERS = {
    "s": 1, "f": -1, "n": 0, "ss": 2, "x": 2, "ff": -2, "xs": 3, "sx": 3, "ts": 3, "tf": -3, "ns": 1, "nf": -1,
    "su": 1, "sd": 0, "fu": 0, "fd": -1, "nu": 0, "nd": 0,
}  # fmt: skip
# Containers whose first or best child alone is read, and those that are walked through.
CHOICES = {"choice": ("corr", "reg", "expan"), "app": ("lem",), "subst": ("add",)}
PASSED = {
    "beam", "bTrem", "lem", "rdg", "corr", "reg", "orig", "sic", "expan", "abbr", "add", "supplied", "unclear",
    "damage", "restore", "ligature", "oStaff", "oLayer",
}  # fmt: skip
SILENT = {"rest", "space"}
MAX_EXPANSION = 200  # sections one after the other
MAX_REPEATED = 500  # bars that one multiRest stands for


@dataclass(slots=True)
class _Staff:
    """What holds on a staff until it is changed."""

    transpose: int = 0
    moved_fifths: int = 0
    signature: int = 0
    percussion: bool = False
    ppq: float = 0.0  # ticks to a quarter note, where sounding lengths are written in ticks
    notes: list[tuple] = field(default_factory=list)  # as join_ties takes them
    last: list[tuple] = field(default_factory=list)  # of the bar before, for mRpt
    fifths: list[tuple[int, float, int]] = field(default_factory=list)

    def sign(self, bar: int, at: float, fifths: int) -> None:
        """A key signature as written, kept as it sounds."""
        self.signature = fifths
        if self.fifths and self.fifths[-1][:2] == (bar, at):
            self.fifths.pop()
        if not self.fifths or self.fifths[-1][2] != fifths + self.moved_fifths:
            self.fifths.append((bar, at, fifths + self.moved_fifths))


@dataclass(slots=True)
class _Score:
    staves: dict[str, _Staff] = field(default_factory=dict)
    bars: list[WrittenBar] = field(default_factory=list)
    marks: list[BarMark] = field(default_factory=list)
    tempos: list[tuple[int, float, float]] = field(default_factory=list)
    tied: set[str] = field(default_factory=set)  # ids of notes at which a tie starts
    spans: dict[str, tuple[str, float]] = field(default_factory=dict)  # tupletSpan: first id to last id and ratio
    nominal: float = 0.0
    beat: float = 1.0
    sections: dict[str, range] = field(default_factory=dict)  # bars of sections and endings by their ids
    expansions: list[list[str]] = field(default_factory=list)  # in which order they sound
    ppq: float = 0.0
    spelled: bool = False  # sounding accidentals are written out


def notes_from_mei(path: Path, *, unfold: bool = False) -> Notes:
    """Notes of an MEI score; unfolded, its repeats and endings are played out.

    Raises
    ------
    ReaderError
        When it is no MEI, has no notes, or has lengths that cannot be.
    """
    root, trouble = parse_xml(read_packed(path))
    refuse_entities(root)
    strip_namespaces(root)
    if root.tag not in ("mei", "music"):
        raise ReaderError(f"not MEI: its root element is <{str(root.tag)[:40]}>", hint="is this the right file?")
    title, composer, date = _labels(root)
    score = _Score()
    for tie in root.iter("tie"):
        score.tied.add((tie.get("startid") or "").lstrip("#"))
    for span in root.iter("tupletSpan"):
        first, last = ((span.get(name) or "").lstrip("#") for name in ("startid", "endid"))
        score.spans[first] = (last, _ratio(span))
    score.spelled = any(True for e in root.iter("note", "accid") if e.get("accid.ges"))
    for movement in root.iter("score"):
        for child in movement:
            _walk_section(child, score, ())
    if not score.bars:
        hint = "mensural notation, neumes and parts without a score are not read"
        raise OddNotationError("no <measure> in a <score>", hint=hint)
    starts = np.concatenate([[0.0], np.cumsum([bar.length for bar in score.bars])])
    staves = list(score.staves.values())
    rows = [(*note, i) for i, staff in enumerate(staves) for note in join_ties(staff.notes, starts.tolist())]
    signatures = next((staff.fifths for staff in staves if staff.fifths and not staff.percussion), [])
    notes = collect_notes(
        rows,
        starts,
        [bar.beat for bar in score.bars],
        [(float(starts[bar] + at), value) for bar, at, value in signatures],
        title=title,
        composer=composer,
        date=date,
        tempos=sorted((float(starts[bar] + at), speed) for bar, at, speed in score.tempos),
        warnings=[("score", trouble)] if trouble else [],
    )
    if not unfold:
        return notes
    # One list for the whole says it all; lists for parts of it leave the bars between to their marks.
    order = score.expansions[0] if len(score.expansions) == 1 else []
    if 0 < len(order) <= MAX_EXPANSION and all(name in score.sections for name in order):
        return unfold_notes(notes, [bar for name in order for bar in score.sections[name]])
    return unfold_by_marks(notes, [score.marks])


# --- head ---


def read_mei_labels(path: Path) -> tuple[str, str, str]:
    """Title, composer and date of a file, its music unread."""
    root, _ = parse_xml(read_packed(path))
    refuse_entities(root)
    strip_namespaces(root)
    return _labels(root)


def _labels(root: Any) -> tuple[str, str, str]:
    return _words(root.find(".//fileDesc/titleStmt/title")), _composer(root), _date(root)


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())[:300] if element is not None else ""


def _composer(root: Any) -> str:
    for path in (".//fileDesc/titleStmt", ".//work"):
        for statement in root.iterfind(path):
            for element in statement.iter("composer", "persName"):
                if element.tag == "composer" or element.get("role") in ("composer", "cmp"):
                    return _words(element)
    return ""


def _date(root: Any) -> str:
    element = root.find(".//work//creation/date")
    if element is None:
        return ""
    ends = [element.get(name) or "" for name in ("notbefore", "notafter")]
    return element.get("isodate") or "-".join(e[:4] for e in ends if e) or _words(element)


# --- sections and definitions ---


def _walk_section(element: Any, score: _Score, endings: tuple[int, ...]) -> None:
    """A child of a score or section, in the order of the document."""
    tag = element.tag
    if tag == "measure":
        _read_measure(element, score, endings)
    elif tag in ("scoreDef", "staffGrp"):
        for each in element.iter("staffDef"):
            score.staves.setdefault(each.get("n", ""), _Staff())
        _read_definition(element, score, None)
        for child in element:
            _walk_section(child, score, endings)
    elif tag == "staffDef":
        staff = score.staves.setdefault(element.get("n", ""), _Staff())
        _read_definition(element, score, staff)
    elif tag in ("section", "ending") or tag in PASSED:
        if tag == "ending":
            digits = "".join(c if c.isdecimal() else " " for c in (element.get("n") or element.get("label") or "")[:40])
            endings = tuple(int(n[:2]) for n in digits.split()) or (1,)
        first = len(score.bars)
        for child in element:
            _walk_section(child, score, endings)
        score.sections[element.get(ID) or ""] = range(first, len(score.bars))
    elif tag == "expansion":
        score.expansions.append([name.lstrip("#") for name in (element.get("plist") or "").split()])
    elif tag in CHOICES:
        _walk_section(_chosen(element), score, endings)


def _chosen(element: Any) -> Any:
    """The reading that sounds: the lemma or correction, else the first."""
    children = [child for child in element if isinstance(child.tag, str)]
    wanted = [child for child in children if child.tag in CHOICES[element.tag]]
    return (wanted or children or [element.makeelement("space")])[0]


def _read_definition(element: Any, score: _Score, staff: _Staff | None) -> None:
    """Metre, key and transposition of a ``scoreDef`` or ``staffDef``."""
    of = lambda name: next(iter(element.iterchildren(name)), None)  # noqa: E731
    metre = of("meterSig")
    count = (metre.get("count") if metre is not None else None) or element.get("meter.count") or ""
    unit = to_number((metre.get("unit") if metre is not None else None) or element.get("meter.unit"), 4.0)
    beats = sum(to_number(n) for n in count.split("+"))
    if 0 < beats < 200 and 0 < unit <= 128:
        score.nominal, score.beat = 4.0 * beats / unit, beat_length(beats, unit)
    elif metre is not None and metre.get("sym") or element.get("meter.sym"):
        score.nominal, score.beat = 4.0, 2.0 if "cut" in str(element.get("meter.sym")) else 1.0
    if staff is None:
        if (speed := _speed(element)) > 0:
            score.tempos.append((len(score.bars), 0.0, speed))
    else:
        staff.ppq = to_number(element.get("ppq"), staff.ppq or score.ppq)
    if staff is None:
        score.ppq = to_number(element.get("ppq"), score.ppq)
    elif element.get("trans.semi"):
        _transpose(staff, element, len(score.bars))
    key = of("keySig")
    written = (key.get("sig") if key is not None else None) or element.get("keysig") or element.get("key.sig")
    if written and (fifths := _signature(written)) is not None:
        for each in [staff] if staff else score.staves.values():
            each.sign(len(score.bars), 0.0, fifths)
    if staff and any(e.get("clef.shape", e.get("shape")) == "perc" for e in (element, *element.iterchildren("clef"))):
        staff.percussion = True


def _transpose(staff: _Staff, element: Any, bar: int) -> None:
    semitones = int(to_number(element.get("trans.semi")))
    by_name = 7 * semitones - 12 * int(to_number(element.get("trans.diat")))
    staff.transpose = semitones
    staff.moved_fifths = by_name if abs(by_name) <= 7 else (7 * semitones + 6) % 12 - 6
    if staff.fifths and staff.fifths[-1][0] == bar:  # its signature came before its transposition
        staff.sign(bar, 0.0, staff.signature)


def _signature(text: str) -> int | None:
    """Sharps of a written signature: ``3f`` -> -3; None for a mixed one."""
    text = text.strip()
    if text in ("0", "0n"):
        return 0
    if len(text) == 2 and text[0] in "1234567" and text[1] in "sf":
        return int(text[0]) * (1 if text[1] == "s" else -1)
    return None


def _speed(element: Any) -> float:
    beats = to_number(element.get("midi.bpm"))
    micros = to_number(element.get("midi.mspb"))
    return beats if beats > 0 else 6e7 / micros if micros > 0 else 0.0


# --- bars ---


def _read_measure(measure: Any, score: _Score, endings: tuple[int, ...]) -> None:
    number = len(score.bars)
    bar = WrittenBar(nominal=score.nominal, beat=score.beat)
    mark = BarMark(endings=endings)
    score.bars.append(bar)
    score.marks.append(mark)
    left, right = measure.get("left", ""), measure.get("right", "")
    mark.repeat_start = left == "rptstart"
    mark.repeat_end = 2 if right in ("rptend", "rptboth") else 0
    if left in ("rptend", "rptboth") and number:
        score.marks[-2].repeat_end = 2
    if number and left != "rptstart" and _starts_after(score, measure):
        mark.repeat_start = True
    for child in measure.iterchildren():
        for staff in _inside(child, "staff"):
            _read_staff(staff, score, number, bar)
        if child.tag in ("dir", "repeatMark", "tempo"):
            mark_words(_words(child), mark)
            function = child.get("func")
            mark.segno |= function == "segno"
            mark.coda |= function == "coda"
            mark.fine |= function == "fine"
            mark.jump = {"daCapo": "dacapo", "dalSegno": "dalsegno"}.get(function, mark.jump)
            if (speed := _speed(child)) > 0:
                at = max(to_number(child.get("tstamp"), 1.0) - 1.0, 0.0)
                score.tempos.append((number, at, speed))
    if measure.get("metcon") == "false" and bar.written:
        bar.nominal = min(bar.nominal, bar.written) or bar.written


def _starts_after(score: _Score, measure: Any) -> bool:
    """Whether the bar before says that a repeat starts at its end."""
    before = measure.getprevious()
    while before is not None and before.tag != "measure":
        before = before.getprevious()
    return before is not None and before.get("right") in ("rptstart", "rptboth")


def _inside(element: Any, tag: str) -> Iterator[Any]:
    """The staves of a bar or layers of a staff, below whatever editors have put around them."""
    if element.tag == tag:
        yield element
    elif element.tag in CHOICES:
        yield from _inside(_chosen(element), tag)
    elif element.tag in PASSED:
        for child in element:
            yield from _inside(child, tag)


def _read_staff(element: Any, score: _Score, number: int, bar: WrittenBar) -> None:
    staff = score.staves.setdefault(element.get("n", ""), _Staff())
    known = len(staff.notes)
    for layer in (found for child in element for found in _inside(child, "layer")):
        reader = _Layer(score, staff, number, bar)
        reader.walk(layer, 1.0)
        bar.written = max(bar.written, reader.now)
    found = staff.notes[known:]
    bar.sounding = max(bar.sounding, max((n[1] + n[2] for n in found), default=0.0))
    staff.last = found


class _Layer:
    """One voice in one bar, walked from left to right."""

    def __init__(self, score: _Score, staff: _Staff, number: int, bar: WrittenBar) -> None:
        self.score, self.staff, self.number, self.bar = score, staff, number, bar
        self.now = 0.0
        self.altered: dict[tuple[str, str], int] = {}  # accidentals written earlier in the bar
        self.span: tuple[str, float] = ("", 1.0)

    def walk(self, element: Any, ratio: float) -> None:
        for child in element.iterchildren():
            tag = child.tag
            if tag == "note" or tag == "chord":
                self.strike(child, ratio)
            elif tag in SILENT:
                self.now += self.length(child, ratio)
            elif tag in PASSED or tag == "layer":
                self.walk(child, ratio)
            elif tag == "tuplet":
                self.walk(child, ratio * _ratio(child))
            elif tag == "fTrem":
                # Two notes in turn: each is written with the length of both.
                self.walk(child, ratio / 2)
            elif tag in CHOICES:
                chosen = _chosen(child)
                if chosen.tag in PASSED:
                    self.walk(chosen, ratio)
            elif tag == "mRest" or tag == "mSpace":
                pass  # as long as the others in the bar make it
            elif tag == "multiRest":
                count = min(max(to_number(child.get("num"), 1.0), 1.0), MAX_REPEATED)
                self.now += count * (self.score.nominal or 4.0)
                self.bar.nominal = max(self.bar.nominal, self.now)
            elif tag == "mRpt":
                for _, at, length, midi, _, fifth in list(self.staff.last):
                    self.staff.notes.append((self.number, at, length, midi, False, fifth))
                self.now += self.score.nominal or 4.0
            elif tag in ("beatRpt", "halfmRpt"):
                self.now += self.score.beat if tag == "beatRpt" else (self.score.nominal or 4.0) / 2
            elif tag in ("keySig", "staffDef", "scoreDef", "clef"):
                self.change(child)

    def change(self, element: Any) -> None:
        """A key that changes inside a bar."""
        written = element.get("sig") or element.get("keysig") or element.get("key.sig") or ""
        if (fifths := _signature(written)) is not None:
            self.staff.sign(self.number, self.now, fifths)

    def length(self, element: Any, ratio: float, inherited: Any = None) -> float:
        """Quarter notes of an event."""
        of = lambda name: element.get(name) or (inherited.get(name) if inherited is not None else None)  # noqa: E731
        written = LENGTHS.get(of("dur") or of("dur.ges") or "")
        ticks = to_number(of("dur.ppq"), -1.0)
        sounding = ticks / self.staff.ppq if self.staff.ppq > 0 and ticks >= 0 else None
        if written is None and sounding is None:
            place = f"bar {self.number + 1}"
            kind = str(of("dur") or "")[:20]
            if not kind:
                raise ReaderError(f"a <{element.tag}> without dur", place=place, hint="export the score again")
            raise OddNotationError(
                f"a <{element.tag}> of dur={kind!r}", place=place, hint="mensural notation is not read"
            )
        dots = int(to_number(of("dots"))) or sum(1 for _ in element.iterchildren("dot"))
        if element.get(ID) in self.score.spans:
            self.span = self.score.spans[element.get(ID)]
        length = (written or 0.0) * (2 - 0.5 ** min(max(dots, 0), 8)) * ratio * self.span[1]
        # Ticks are what sounds, but cannot say every triplet to the last digit.
        if sounding is not None and abs(sounding - length) > 0.02:
            length = sounding
        if self.span[0] and element.get(ID) == self.span[0]:
            self.span = ("", 1.0)
        if not 0 <= length <= LONGEST:
            raise ReaderError(f"a note of {length:g} quarter notes", place=f"bar {self.number + 1}",
                              hint="are its tuplets right?")  # fmt: skip
        return length

    def strike(self, element: Any, ratio: float) -> None:
        """A note or chord."""
        if element.get("grace"):
            return
        members = [element] if element.tag == "note" else list(element.iter("note"))
        if not members or all(note.get("grace") for note in members):
            return
        first = members[0]
        length = self.length(element, ratio, first)
        silent = self.staff.percussion or element.get("cue") == "true"
        held = element.get("tie") in ("i", "m") or element.get(ID) in self.score.tied
        for note in members:
            name, octave = (note.get("pname") or "").lower(), to_number(note.get("oct"), 99)
            if silent or name not in STEPS or octave == 99 or note.get("grace") or note.get("cue") == "true":
                continue
            alter = self.accidental(note, name)
            midi = int(12 * (octave + 1)) + STEPS[name] + alter + self.staff.transpose
            fifth = line_of_fifths(name.upper(), alter)
            tied = held or note.get("tie") in ("i", "m") or note.get(ID) in self.score.tied
            fifth = fifth + self.staff.moved_fifths if fifth != UNSPELLED else fifth
            self.staff.notes.append((self.number, self.now, length, midi, tied, fifth))
        self.now += length

    def accidental(self, note: Any, name: str) -> int:
        """Semitones by which a note is altered as it sounds: written out, written earlier in the bar, or by the key."""
        signs = list(note.iter("accid"))
        for each in (note, *signs):
            if each.get("accid.ges"):
                return ALTERS.get(each.get("accid.ges"), 0)
        place = (name, note.get("oct") or "")
        for each in (note, *signs):
            if each.get("accid") in ALTERS:
                self.altered[place] = ALTERS[each.get("accid")]
                return self.altered[place]
        if self.score.spelled:
            return 0
        if place in self.altered:
            return self.altered[place]
        signature = self.staff.signature
        if signature > 0:
            return int(name in SHARPS[:signature])
        return -int(name in SHARPS[::-1][:-signature]) if signature else 0


def _ratio(element: Any) -> float:
    """By how much a tuplet shortens its notes."""
    actual, normal = to_number(element.get("num"), 3.0), to_number(element.get("numbase"), 2.0)
    return normal / actual if actual > 0 and normal > 0 else 1.0
