"""Notes of a MusicXML score, read with lxml: no entities, no network, no DTD.

Ties are joined, grace and cue notes left out, transposing instruments brought
to sounding pitch, repeats read once as written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.notes import LONGEST, Notes, beat_length, collect_notes
from musictrend.corpus.readers.musicxml import load_score
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["notes_from_musicxml"]

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Written note types in quarter notes, for files that leave <duration> or <divisions> out.
TYPES = {
    "maxima": 32.0, "long": 16.0, "breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5,
    "16th": 0.25, "32nd": 0.125, "64th": 0.0625, "128th": 0.03125, "256th": 0.015625,
}  # fmt: skip


@dataclass(slots=True)
class _Bar:
    """One bar of the score, all parts together."""

    written: float = 0.0  # the longest that any part writes, rests and all
    sounding: float = 0.0  # where the last note of any part ends
    nominal: float = 0.0  # by the time signature; 0 where there is none
    beat: float = 1.0

    @property
    def length(self) -> float:
        """Quarter notes: a bar that is short in every part is short, one that rests alone overfill is not long."""
        if not self.written or not self.nominal:
            return self.written or self.nominal
        # Overfull by rounding or a slip of the pen; a cadenza is longer than that.
        return self.sounding if self.sounding >= 1.5 * self.nominal else min(self.written, self.nominal)


@dataclass(slots=True)
class _Part:
    """State while a part is read, and what was found."""

    divisions: float = 0.0  # to a quarter note; 0 before any is written
    transpose: int = 0
    nominal: float = 0.0
    beat: float = 1.0
    # bar, onset in bar, duration, MIDI number, whether a tie starts here
    notes: list[tuple[int, float, float, int, bool]] = field(default_factory=list)
    fifths: list[tuple[int, float, int]] = field(default_factory=list)


def notes_from_musicxml(path: Path) -> Notes:
    """Notes of a score.

    Raises
    ------
    ReaderError
        When the file is no score, has no notes, or has lengths that cannot be.
    """
    root, _ = load_score(path)
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None and any(True for _ in doctype.iterentities()):
        raise UnsafeFileError("a score that declares XML entities: refused", hint="an XML bomb?")
    _strip_namespaces(root)
    bars: list[_Bar] = []
    parts = [_read_part(measures, bars) for measures in _measures_by_part(root)]
    starts = np.concatenate([[0.0], np.cumsum([bar.length for bar in bars])])
    rows = [note for part in parts for note in _join_ties(part.notes, starts.tolist())]
    fifths = next((part.fifths for part in parts if part.fifths), [])
    return collect_notes(
        rows,
        starts,
        [bar.beat for bar in bars],
        [(float(starts[bar] + at), value) for bar, at, value in fifths],
        title=_text(root, "work/work-title") or _text(root, "movement-title"),
        composer=_text(root, "identification/creator[@type='composer']"),
    )


def _strip_namespaces(root: Any) -> None:
    if not root.tag.startswith("{"):
        return
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]


def _measures_by_part(root: Any) -> list[list[Any]]:
    """Measures of every part; a timewise score is turned round."""
    if root.tag == "score-partwise":
        return [part.findall("measure") for part in root.iterfind("part")]
    parts: dict[str, list[Any]] = {}
    for measure in root.iterfind("measure"):
        for part in measure.iterfind("part"):
            parts.setdefault(part.get("id", ""), []).append(part)
    return list(parts.values())


def _text(root: Any, path: str) -> str:
    found = root.find(path)
    return (found.text or "").strip() if found is not None else ""


def _number(text: str | None, missing: float = 0.0) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return missing
    return value if abs(value) < 1e9 else missing


def _read_part(measures: list[Any], bars: list[_Bar]) -> _Part:
    """Notes and key signatures of one part; ``bars`` grows and is filled."""
    part = _Part()
    for number, measure in enumerate(measures):
        if number == len(bars):
            bars.append(_Bar())
        now = furthest = before = 0.0
        known = len(part.notes)
        for element in measure:
            tag = element.tag
            if tag == "note":
                ends, now, before = _read_note(element, part, number, now, before)
                if ends > furthest:
                    furthest = ends
            elif tag == "backup":
                now = max(0.0, now - _moved(element, part, number))
            elif tag == "forward":
                now += _moved(element, part, number)
                furthest = max(furthest, now)
            elif tag == "attributes":
                _read_attributes(element, part, number, now)
        bar = bars[number]
        bar.written = max(bar.written, furthest)
        bar.sounding = max(bar.sounding, max((n[1] + n[2] for n in part.notes[known:]), default=0.0))
        if part.nominal:
            bar.nominal, bar.beat = max(bar.nominal, part.nominal), part.beat
    return part


def _read_note(element: Any, part: _Part, bar: int, now: float, before: float) -> tuple[float, float, float]:
    """Take a note; where it ends, where the next starts, and where a chord's next note would."""
    pitch = None
    duration: float | None = None
    chord = silent = tied = False
    for child in element:
        tag = child.tag
        if tag == "pitch":
            pitch = child
        elif tag == "duration":
            duration = _number(child.text, -1.0)
        elif tag == "chord":
            chord = True
        elif tag == "tie":
            tied |= child.get("type") == "start"
        elif tag == "grace":
            return now, now, before
        elif tag == "cue":
            silent = True
    if duration is None or not part.divisions:
        length = _typed_length(element, bar)
    else:
        length = duration / part.divisions
        if not 0 <= length <= LONGEST:
            raise ReaderError(
                f"a note of {length:g} quarter notes", place=f"bar {bar + 1}", hint="export the score again"
            )
    at = before if chord else now
    if pitch is not None and not silent:
        step, alter, octave = "", 0.0, 4.0
        for child in pitch:
            tag, text = child.tag, child.text
            if tag == "step":
                step = (text or "").strip()
            elif tag == "octave":
                octave = _number(text, 4.0)
            elif tag == "alter":
                alter = _number(text)
        if step in STEPS:
            # Quarter tones are rounded to the nearest key of a piano.
            midi = int(12 * (octave + 1)) + STEPS[step] + round(alter) + part.transpose
            part.notes.append((bar, at, length, midi, tied))
    if chord:
        return at + length, now, before
    return now + length, now + length, now


def _typed_length(note: Any, bar: int) -> float:
    """Length of a note by its written type, in quarter notes."""
    kind = (note.findtext("type") or "").strip()
    if kind not in TYPES:
        raise ReaderError(
            "a note without length: neither <duration> with <divisions> nor a <type>",
            place=f"bar {bar + 1}",
            hint="export the score again",
        )
    length = TYPES[kind] * (2 - 0.5 ** len(note.findall("dot")))
    ratio = note.find("time-modification")
    if ratio is not None:
        normal, actual = (_number(ratio.findtext(f"{kind}-notes"), 1.0) for kind in ("normal", "actual"))
        length *= normal / (actual or 1.0)
    return length


def _moved(element: Any, part: _Part, bar: int) -> float:
    """Quarter notes of a ``<backup>`` or ``<forward>``."""
    length = _number(element.findtext("duration"), -1.0) / (part.divisions or 1.0)
    if not part.divisions or not 0 <= length <= LONGEST:
        raise ReaderError(
            f"<{element.tag}> by no length that can be", place=f"bar {bar + 1}", hint="export the score again"
        )
    return length


def _read_attributes(element: Any, part: _Part, bar: int, now: float) -> None:
    part.divisions = max(_number(element.findtext("divisions"), part.divisions), 0.0)
    moved = element.find("transpose")
    if moved is not None:
        octaves = _number(moved.findtext("octave-change"))
        part.transpose = int(_number(moved.findtext("chromatic")) + 12 * octaves)
    fifths = element.find("key/fifths")
    if fifths is not None:
        # The signature as it sounds: a transposing part's own is turned back.
        value = int(_number(fifths.text)) + (7 * part.transpose + 6) % 12 - 6
        part.fifths.append((bar, now, (value + 6) % 12 - 6 if abs(value) > 7 else value))
    time = element.find("time")
    if time is None:
        return
    counts = [sum(_number(b) for b in (e.text or "").split("+")) for e in time.iterfind("beats")]
    units = [_number(e.text) for e in time.iterfind("beat-type")]
    pairs = [(c, u) for c, u in zip(counts, units, strict=False) if 0 < c < 200 and 0 < u <= 128]
    part.nominal = sum(4.0 * c / u for c, u in pairs)  # none for senza misura
    if pairs:
        part.beat = beat_length(*pairs[0])


def _join_ties(notes: list[tuple], starts: list[float]) -> list[tuple[float, float, int]]:
    """Onset, duration and pitch, tied notes joined: a note lengthens the one that is tied to where it begins.

    Some files leave the end of a tie unmarked, so its beginning alone decides.
    """
    open_: dict[tuple[int, int], list[int]] = {}  # notes that are held, by pitch and where they end: indices
    rows: list[tuple[float, float, int]] = []
    for bar, at, duration, midi, tied in notes:
        onset = starts[bar] + at
        waiting = open_.get((midi, round(onset * 1000)))
        if waiting:
            held = waiting.pop(0)
            first = rows[held][0]
            rows[held] = (first, onset + duration - first, midi)
        else:
            held = len(rows)
            rows.append((onset, duration, midi))
        if tied:
            open_.setdefault((midi, round((onset + duration) * 1000)), []).append(held)
    return rows
