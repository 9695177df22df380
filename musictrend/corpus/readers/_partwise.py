"""Notes of a MusicXML score, read with lxml: no entities, no network, no DTD.

Ties are joined, grace and cue notes left out, transposing instruments brought
to sounding pitch, repeats read once as written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.files import read_bytes, read_zip_member
from musictrend.corpus.notes import Notes
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["notes_from_musicxml", "parse_score"]

MAX_XML = 256 * 2**20
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def parse_score(path: Path) -> Any:
    """Root element of a ``.musicxml``, ``.xml`` or ``.mxl`` file, whatever an attacker put into it."""
    from lxml import etree

    packed = path.suffix.lower() == ".mxl"
    data = read_zip_member(path, suffixes=(".xml", ".musicxml"), limit=MAX_XML) if packed else read_bytes(path, limit=MAX_XML)
    if b"<!ENTITY" in data[: 1 << 20]:
        raise UnsafeFileError("XML entities in a score: refused", hint="an XML bomb?")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    root = etree.fromstring(data, parser)
    if root is None:
        raise ReaderError("not XML", hint="export the score again")
    return root


def notes_from_musicxml(path: Path) -> Notes:
    """Notes of a score. Raises `ReaderError` when it is none or has no notes."""
    root = parse_score(path)
    if root.tag != "score-partwise":
        raise ReaderError(f"<{root.tag}> where <score-partwise> was expected", hint="export as part-wise MusicXML")
    parts = root.findall("part")
    bars: dict[int, float] = {}  # length of each bar: the longest that any part writes
    beats: dict[int, float] = {}
    read = [_read_part(part, bars, beats) for part in parts]
    n_bars = max(bars, default=-1) + 1
    starts = np.concatenate([[0.0], np.cumsum([bars.get(i, 0.0) for i in range(n_bars)])])
    onset, length, pitch = [], [], []
    fifths: list[tuple[float, int]] = []
    for notes, signatures in read:
        for bar, at, duration, midi in _join_ties(notes, starts):
            onset.append(starts[bar] + at)
            length.append(duration)
            pitch.append(midi)
        fifths = fifths or [(float(starts[bar] + at), value) for bar, at, value in signatures]
    if not onset:
        raise ReaderError("a score without notes")
    order = np.lexsort((pitch, onset))
    return Notes(
        np.array(onset)[order],
        np.array(length)[order],
        np.array(pitch, dtype=np.int16)[order],
        starts,
        np.array([beats.get(i, 1.0) for i in range(n_bars)]),
        fifths,
        title=_text(root, "work/work-title") or _text(root, "movement-title"),
        composer=_text(root, "identification/creator[@type='composer']"),
    )


def _text(root: Any, path: str) -> str:
    found = root.find(path)
    return (found.text or "").strip() if found is not None else ""


def _number(element: Any, name: str, missing: float) -> float:
    found = element.find(name)
    try:
        return float(found.text) if found is not None and found.text else missing
    except ValueError:
        return missing


def _read_part(part: Any, bars: dict[int, float], beats: dict[int, float]):
    """Notes as [bar, onset in bar, duration, midi, tie start, tie stop] and key signatures of one part."""
    divisions, transpose, beat, nominal = 1.0, 0, 1.0, 0.0
    notes: list[list] = []
    signatures: list[tuple[int, float, int]] = []
    for bar, measure in enumerate(part.iterfind("measure")):
        now = furthest = before = 0.0
        for element in measure:
            tag = element.tag
            if tag == "note":
                if element.find("grace") is not None:
                    continue
                duration = _number(element, "duration", 0.0) / divisions
                if duration < 0 or duration > 1024:
                    raise ReaderError(f"a note of {duration:g} quarter notes", place=f"bar {bar + 1}")
                chord = element.find("chord") is not None
                at = before if chord else now
                written = element.find("pitch")
                if written is not None and element.find("cue") is None:
                    step = STEPS.get((written.findtext("step") or "").strip())
                    if step is not None:
                        midi = int(12 * (_number(written, "octave", 4) + 1) + step + _number(written, "alter", 0))
                        ties = {t.get("type") for t in element.iterfind("tie")}
                        notes.append([bar, at, duration, midi + transpose, "start" in ties, "stop" in ties])
                if not chord:
                    before, now = now, now + duration
            elif tag == "backup":
                now = max(0.0, now - _number(element, "duration", 0.0) / divisions)
            elif tag == "forward":
                now += _number(element, "duration", 0.0) / divisions
            elif tag == "attributes":
                divisions = _number(element, "divisions", divisions) or 1.0
                moved = element.find("transpose")
                if moved is not None:
                    transpose = int(_number(moved, "chromatic", 0) + 12 * _number(moved, "octave-change", 0))
                key = element.find("key")
                if key is not None and key.find("fifths") is not None:
                    # The signature as it sounds: a transposing part's own is turned back.
                    signatures.append((bar, now, int(_number(key, "fifths", 0)) + (-5 * transpose + 6) % 12 - 6 if transpose else int(_number(key, "fifths", 0))))
                time = element.find("time")
                if time is not None:
                    count, unit = _number(time, "beats", 4), _number(time, "beat-type", 4) or 4
                    compound = unit >= 8 and count % 3 == 0 and count > 3
                    beat, nominal = (12.0 if compound else 4.0) / unit, 4.0 * count / unit
            furthest = max(furthest, now)
        if nominal < furthest < 1.5 * nominal:  # overfull by rounding or a slip of the pen, not a cadenza
            furthest = nominal
        bars[bar] = max(bars.get(bar, 0.0), furthest)
        beats.setdefault(bar, beat)
    return notes, signatures


def _join_ties(notes: list[list], starts: np.ndarray):
    """Notes with tied ones joined: a note that stops a tie lengthens the one of its pitch that it continues."""
    open_: dict[int, list] = {}
    joined: list[list] = []
    for bar, at, duration, midi, begins, ends in notes:
        held = open_.get(midi)
        if ends and held is not None and abs(starts[held[0]] + held[1] + held[2] - starts[bar] - at) < 1e-3:
            held[2] += duration
        else:
            held = [bar, at, duration, midi]
            joined.append(held)
        if begins:
            open_[midi] = held
        else:
            open_.pop(midi, None)
    return [note for note in joined if note[2] > 0]
