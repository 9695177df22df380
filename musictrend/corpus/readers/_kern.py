"""Notes of Humdrum ``**kern`` scores.

Time is told from the tokens themselves: a row sounds where the first of the
notes before it ends. Repeats are read once as written, grace notes left out.

References
----------
.. [1] Huron (1995). The Humdrum Toolkit: Reference Manual, section 2: the kern representation.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from pathlib import Path

from musictrend.corpus.files import read_text
from musictrend.corpus.notes import Notes, beat_length, collect_notes
from musictrend.corpus.readers._humdrum import parse_recip, read_references, read_rows
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["notes_from_kern"]

MAX_KERN = 16 * 2**20
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_LENGTH = re.compile(r"\d+(?:%\d+)?\.*")
_PITCH = re.compile(r"([a-gA-G])\1*(#+|-+)?")
_METRE = re.compile(r"\*M(\d+)(?:\+\d+)*/(\d+)(?:%\d+)?")
_SIGNATURE = re.compile(r"\*k\[([a-gA-G#\-nX]*)\]")


def notes_from_kern(path: Path) -> Notes:
    """Notes of a kern score.

    Raises
    ------
    ReaderError
        When it is no Humdrum file, or has no kern spine with notes.
    """
    text = _read_humdrum(path)
    references = read_references(text)
    now = Fraction(0)
    ends: set[Fraction] = set()  # where the notes that sound now will end
    bars: list[float] = [0.0]
    beats: list[float] = []
    beat = 1.0
    fifths: list[tuple[float, int]] = []
    rows: list[tuple[float, float, int]] = []
    held: dict[tuple[int, Fraction], int] = {}
    seen = False
    for row in read_rows(text):
        tokens = row.spines.get("kern", [])
        seen |= "kern" in row.spines
        following = min(ends, default=now)
        if row.kind == "interpretation":
            for token in tokens[:1]:
                if metre := _METRE.match(token):
                    beat = beat_length(int(metre[1]), int(metre[2]) or 1)
                elif signature := _SIGNATURE.match(token):
                    fifths.append((float(following), signature[1].count("#") - signature[1].count("-")))
        elif row.kind == "barline" and tokens:
            if float(following) > bars[-1]:
                bars.append(float(following))
                beats.append(beat)
        elif row.kind == "data":
            sounding = [found for token in tokens for found in _read_token(token)]
            if not sounding:
                continue  # nothing, or grace notes alone
            now = following
            for length, pitch, begins, stops in sounding:
                end = now + length
                ends.add(end)
                if pitch is None:
                    continue
                index = held.pop((pitch, now), None) if stops else None
                if index is None:
                    index = len(rows)
                    rows.append((float(now), float(length), pitch))
                else:
                    rows[index] = (rows[index][0], float(end) - rows[index][0], pitch)
                if begins:
                    held[pitch, end] = index
            ends = {end for end in ends if end > now}
    if not seen:
        raise ReaderError("no **kern spine", hint="is this a Humdrum score?")
    last = float(max(ends, default=now))
    if last > bars[-1]:
        bars.append(last)
        beats.append(beat)
    return collect_notes(rows, bars, beats, fifths, references.get("OTL", ""), references.get("COM", ""))


def _read_humdrum(path: Path) -> str:
    """Text of a Humdrum file; old ones hold Latin-1 in their comments, and notes in ASCII either way."""
    try:
        return read_text(path, limit=MAX_KERN)
    except UnsafeFileError:
        raise
    except ReaderError as error:
        if not error.reason.startswith("not UTF-8"):
            raise
        return read_text(path, limit=MAX_KERN, encoding="latin-1")


@cache
def _read_token(token: str) -> tuple[tuple[Fraction, int | None, bool, bool], ...]:
    """Length in quarter notes, pitch (None for a rest), whether a tie starts and stops, of each note of a token."""
    if token == ".":
        return ()
    found: list[tuple[Fraction, int | None, bool, bool]] = []
    length = None
    for note in token.split(" "):
        if "q" in note or "Q" in note:
            continue  # grace notes take no time
        written = _LENGTH.search(note)
        length = parse_recip(written[0]) if written else length  # a chord's notes may leave it to the first
        if length is None:
            continue
        quarters = 4 * length
        pitch = None if "r" in note else _PITCH.search(note)
        if pitch is None:
            found.append((quarters, None, False, False))
            continue
        count = len(pitch[0]) - len(pitch[2] or "")
        octave = 3 + count if pitch[1].islower() else 4 - count
        shift = (pitch[2] or "").count("#") - (pitch[2] or "").count("-")
        midi = 12 * (octave + 1) + STEPS[pitch[1].lower()] + shift
        found.append((quarters, midi, "[" in note or "_" in note, "]" in note or "_" in note))
    return tuple(found)
