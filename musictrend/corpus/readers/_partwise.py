"""Notes of a MusicXML score, read with lxml: no entities, no network, no DTD.

Ties are joined, grace and cue notes left out, transposing instruments brought
to sounding pitch, repeats read once as written or unfolded on request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.notes import LONGEST, UNSPELLED, Notes, beat_length, collect_notes, join_ties
from musictrend.corpus.readers._metre import WrittenBar, unfold_by_marks
from musictrend.corpus.readers._musicxml_marks import read_marks
from musictrend.corpus.readers._xml import refuse_entities, strip_namespaces, to_number
from musictrend.corpus.readers.musicxml import load_score, read_labels
from musictrend.errors import ReaderError

__all__ = ["notes_from_musicxml"]

ON_LINE = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
# Written note types in quarter notes, for files that leave <duration> or <divisions> out.
TYPES = {
    "maxima": 32.0, "long": 16.0, "breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5,
    "16th": 0.25, "32nd": 0.125, "64th": 0.0625, "128th": 0.03125, "256th": 0.015625,
}  # fmt: skip


@dataclass(slots=True)
class _Part:
    """State while a part is read, and what was found."""

    divisions: float = 0.0  # to a quarter note; 0 before any is written
    transpose: int = 0
    moved_fifths: int = 0  # the same on the line of fifths
    nominal: float = 0.0
    beat: float = 1.0
    # bar, onset in bar, duration, MIDI number, whether a tie starts here, place on the line of fifths
    notes: list[tuple[int, float, float, int, bool, int]] = field(default_factory=list)
    fifths: list[tuple[int, float, int]] = field(default_factory=list)
    tempos: list[tuple[int, float, float]] = field(default_factory=list)


def notes_from_musicxml(path: Path, *, unfold: bool = False) -> Notes:
    """Notes of a score; unfolded, its repeats, endings and jumps are played out.

    Raises
    ------
    ReaderError
        When the file is no score, has no notes, or has lengths that cannot be.
    """
    root, trouble = load_score(path)
    refuse_entities(root)
    if root.tag.startswith("{"):
        strip_namespaces(root)
    measures = _measures_by_part(root)
    bars: list[WrittenBar] = []
    parts = [_read_part(part, bars, keep=unfold) for part in measures]
    starts = np.concatenate([[0.0], np.cumsum([bar.length for bar in bars])])
    tables = [np.empty((0, 5))]
    for number, part in enumerate(parts):
        joined = np.array(join_ties(part.notes, starts.tolist()), dtype=float).reshape(-1, 4)
        part.notes = []
        tables.append(np.column_stack([joined, np.full(len(joined), number)]))
    fifths = next((part.fifths for part in parts if part.fifths), [])
    title, composer, date = read_labels(root)
    notes = collect_notes(
        np.concatenate(tables),
        starts,
        [bar.beat for bar in bars],
        [(float(starts[bar] + at), value) for bar, at, value in fifths],
        title=title,
        composer=composer,
        date=date,
        tempos=sorted((starts[bar] + at, speed) for part in parts for bar, at, speed in part.tempos),
        warnings=[("score", trouble)] if trouble else [],
    )
    return unfold_by_marks(notes, [read_marks(part) for part in measures]) if unfold else notes


def _measures_by_part(root: Any) -> list[list[Any]]:
    """Measures of every part; a timewise score is turned round."""
    if root.tag == "score-partwise":
        return [part.findall("measure") for part in root.iterfind("part")]
    parts: dict[str, list[Any]] = {}
    for measure in root.iterfind("measure"):
        for part in measure.iterfind("part"):
            parts.setdefault(part.get("id", ""), []).append(part)
    return list(parts.values())


def _read_part(measures: list[Any], bars: list[WrittenBar], *, keep: bool) -> _Part:
    """Notes and key signatures of one part; ``bars`` grows and is filled; what has been read is let go unless kept."""
    part = _Part()
    for number, measure in enumerate(measures):
        if number == len(bars):
            bars.append(WrittenBar())
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
            elif tag == "direction" or tag == "sound":
                sound = element if tag == "sound" else element.find("sound")
                if sound is not None and (speed := to_number(sound.get("tempo"))) > 0:
                    part.tempos.append((number, now, speed))
        bar = bars[number]
        bar.written = max(bar.written, furthest)
        bar.sounding = max(bar.sounding, max((n[1] + n[2] for n in part.notes[known:]), default=0.0))
        if part.nominal:
            bar.nominal, bar.beat = max(bar.nominal, part.nominal), part.beat
        if not keep:
            measure.clear()
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
            duration = to_number(child.text, -1.0)
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
            written = (element.findtext("duration") or "").strip()[:20]
            raise ReaderError(f"a note of {length:g} quarter notes: its <duration> is {written!r}",
                              place=f"bar {bar + 1}", hint="export the score again")  # fmt: skip
    at = before if chord else now
    if pitch is not None and not silent:
        step, alter, octave = "", 0.0, 4.0
        for child in pitch:
            tag, text = child.tag, child.text
            if tag == "step":
                step = (text or "").strip()
            elif tag == "octave":
                octave = to_number(text, 4.0)
            elif tag == "alter":
                alter = to_number(text)
        if step in STEPS:
            # Quarter tones are rounded to the nearest key of a piano.
            shift = round(alter)
            midi = int(12 * (octave + 1)) + STEPS[step] + shift + part.transpose
            fifth = ON_LINE[step] + 7 * shift + part.moved_fifths if -5 < shift < 5 else UNSPELLED
            part.notes.append((bar, at, length, midi, tied, fifth))
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
        normal, actual = (to_number(ratio.findtext(f"{kind}-notes"), 1.0) for kind in ("normal", "actual"))
        length *= normal / (actual or 1.0)
    return length


def _moved(element: Any, part: _Part, bar: int) -> float:
    """Quarter notes of a ``<backup>`` or ``<forward>``."""
    length = to_number(element.findtext("duration"), -1.0) / (part.divisions or 1.0)
    if not part.divisions or not 0 <= length <= LONGEST:
        raise ReaderError(
            f"<{element.tag}> by no length that can be", place=f"bar {bar + 1}", hint="export the score again"
        )
    return length


def _read_attributes(element: Any, part: _Part, bar: int, now: float) -> None:
    part.divisions = max(to_number(element.findtext("divisions"), part.divisions), 0.0)
    moved = element.find("transpose")
    if moved is not None:
        octaves = to_number(moved.findtext("octave-change"))
        chromatic, diatonic = to_number(moved.findtext("chromatic")), to_number(moved.findtext("diatonic"))
        part.transpose = int(chromatic + 12 * octaves)
        by_name = int(7 * chromatic - 12 * diatonic)
        # Some files leave the steps out, or write 0.
        part.moved_fifths = by_name if abs(by_name) <= 7 else int(7 * chromatic + 6) % 12 - 6
    fifths = element.find("key/fifths")
    if fifths is not None:
        # The signature as it sounds: a transposing part's own is turned back.
        value = int(to_number(fifths.text)) + (7 * part.transpose + 6) % 12 - 6
        part.fifths.append((bar, now, (value + 6) % 12 - 6 if abs(value) > 7 else value))
    time = element.find("time")
    if time is None:
        return
    counts = [sum(to_number(b) for b in (e.text or "").split("+")) for e in time.iterfind("beats")]
    units = [to_number(e.text) for e in time.iterfind("beat-type")]
    pairs = [(c, u) for c, u in zip(counts, units, strict=False) if 0 < c < 200 and 0 < u <= 128]
    part.nominal = sum(4.0 * c / u for c, u in pairs)  # none for senza misura
    if pairs:
        part.beat = beat_length(*pairs[0])
