"""Notes of Humdrum ``**kern`` scores.

Time is told from the tokens themselves: a row sounds where the first of the
notes before it ends. Repeats are read once as written or unfolded on request,
grace notes left out.

References
----------
.. [1] Huron (1995). The Humdrum Toolkit: Reference Manual, section 2: the kern representation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from musictrend.corpus.files import read_text
from musictrend.corpus.notes import Notes, beat_length, collect_notes, line_of_fifths, unfold_notes
from musictrend.corpus.readers._humdrum import parse_recip, read_references, read_rows
from musictrend.corpus.readers._metre import BarMark, unfold_by_marks
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["notes_from_kern", "read_kern_labels"]

MAX_KERN = 16 * 2**20
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_LENGTH = re.compile(r"\d+(?:%\d+)?\.*")
_PITCH = re.compile(r"([a-gA-G])\1*(#+|-+)?")
_METRE = re.compile(r"\*M(\d+)(?:\+\d+)*/(\d+)(?:%\d+)?")
_TEMPO = re.compile(r"\*MM\[?(\d+(?:\.\d+)?)\]?$")
_Note = tuple[Fraction, int | None, bool, bool, int]
_SIGNATURE = re.compile(r"\*k\[([a-gA-G#\-nX]*)\]")


@dataclass(slots=True)
class _Score:
    """What has been read so far."""

    now: Fraction = Fraction(0)
    ends: set[Fraction] = field(default_factory=set)  # where the notes that sound now will end
    bars: list[float] = field(default_factory=lambda: [0.0])
    beats: list[float] = field(default_factory=list)
    beat: float = 1.0
    marks: list[BarMark] = field(default_factory=lambda: [BarMark()])  # one more than beats: of the bar that is open
    fifths: list[tuple[float, int]] = field(default_factory=list)
    tempos: list[tuple[float, float]] = field(default_factory=list)
    rows: list[tuple[float, float, int, int, int]] = field(default_factory=list)
    # Notes that are tied on, by pitch and where they end: (column, index), several where voices meet in unison.
    held: dict[tuple[int, Fraction], list[tuple[int, int]]] = field(default_factory=dict)
    sections: dict[str, float] = field(default_factory=dict)  # *>A: where a section begins
    expansion: list[str] = field(default_factory=list)  # *>[A,A,B]: in which order they sound

    def close_bar(self, at: float) -> None:
        if at > self.bars[-1]:
            self.bars.append(at)
            self.beats.append(self.beat)
            self.marks.append(BarMark())


def notes_from_kern(path: Path, *, unfold: bool = False) -> Notes:
    """Notes of a kern score; unfolded, in the order of its expansion list, else with its repeats.

    Raises
    ------
    ReaderError
        When it is no Humdrum file, or has no kern spine with notes.
    """
    text = _read_humdrum(path)
    score = _Score()
    seen = False
    names: list[str] = []
    columns: list[int] = []
    for row in read_rows(text):
        tokens = row.spines.get("kern", [])
        seen |= "kern" in row.spines
        following = min(score.ends, default=score.now)
        if row.kind == "interpretation":
            for token in tokens[:1]:
                _read_interpretation(token, float(following), score)
        elif row.kind == "barline" and tokens:
            _read_barline(tokens[0], float(following), score)
        elif row.kind == "data":
            if row.names is not names:
                names = row.names
                own = [o for name, o in zip(names, row.origins, strict=True) if name == "kern"]
                columns = [int(o) if o else 0 for o in own]
            sounding = [(note, c) for token, c in zip(tokens, columns, strict=True) for note in _read_token(token)]
            if sounding:  # nothing, or grace notes alone, take no time
                score.now = following
                _take_notes(sounding, score)
    if not seen:
        raise ReaderError("no **kern spine", hint="is this a Humdrum score?")
    score.close_bar(float(max(score.ends, default=score.now)))
    title, composer, date = _labels(text)
    notes = collect_notes(
        score.rows,
        score.bars,
        score.beats,
        score.fifths,
        title,
        composer,
        date=date,
        tempos=score.tempos,
    )
    if not unfold:
        return notes
    order = _expand(score)
    return unfold_notes(notes, order) if order else unfold_by_marks(notes, [score.marks])


def _read_interpretation(token: str, at: float, score: _Score) -> None:
    if metre := _METRE.match(token):
        score.beat = beat_length(int(metre[1]), int(metre[2]) or 1)
    elif signature := _SIGNATURE.match(token):
        score.fifths.append((at, signature[1].count("#") - signature[1].count("-")))
    elif speed := _TEMPO.match(token):
        score.tempos.append((at, float(speed[1])))
    elif token.startswith("*>["):
        if not score.expansion:
            score.expansion = [name.strip() for name in token[3:].rstrip("]").split(",")]
    elif token.startswith("*>") and "[" not in token:
        score.sections.setdefault(token[2:].strip(), at)


def _read_barline(token: str, at: float, score: _Score) -> None:
    if (":|" in token or ":!" in token) and (at > score.bars[-1] or score.beats):
        ended = score.marks[-1] if at > score.bars[-1] else score.marks[-2]
        ended.repeat_end = 2
    score.close_bar(at)
    if "|:" in token or "!:" in token:
        score.marks[-1].repeat_start = True


def _take_notes(sounding: list[tuple[_Note, int]], score: _Score) -> None:
    """The notes of one record; what is tied lengthens the note that is held."""
    now, rows = score.now, score.rows
    for (length, pitch, begins, stops, fifth), column in sounding:
        end = now + length
        score.ends.add(end)
        if pitch is None:
            continue
        waiting = score.held.get((pitch, now)) if stops else None
        if not waiting:
            index = len(rows)
            rows.append((float(now), float(length), pitch, fifth, column))
        else:
            mine = next((i for i, (own, _) in enumerate(waiting) if own == column), 0)
            index = waiting.pop(mine)[1]
            rows[index] = (rows[index][0], float(end) - rows[index][0], *rows[index][2:])
        if begins:
            score.held.setdefault((pitch, end), []).append((column, index))
    score.ends = {end for end in score.ends if end > now}


def _expand(score: _Score) -> list[int]:
    """Bars in the order of the expansion list; none where it names a section that is not there."""
    names = score.expansion
    if not names or len(names) > 1000 or any(name not in score.sections for name in names):
        return []
    begins = sorted(set(score.sections.values()))
    starts = np.searchsorted(np.asarray(score.bars) + 1e-6, begins).tolist()
    stops = dict(zip(begins, [*starts[1:], len(score.beats)], strict=True))
    first = dict(zip(begins, starts, strict=True))
    return [bar for name in names for bar in range(first[score.sections[name]], stops[score.sections[name]])]


def read_kern_labels(path: Path) -> tuple[str, str, str]:
    """Title, composer and date of a file, its music unread."""
    return _labels(_read_humdrum(path))


def _labels(text: str) -> tuple[str, str, str]:
    """``OPR`` and ``OTL``, ``COM``, ``ODT`` or else ``PDT``, with or without number and language (``COM1``)."""
    about = read_references(text)
    found = [next((v for k, v in about.items() if k[:3] == name and v), "") for name in ("OTL", "COM", "ODT", "PDT")]
    # Movements of one work share its title: they are no duplicates.
    numbers = [f"{word} {about[name]}" for name, word in (("ONM", "no."), ("OMV", "mvt")) if about.get(name)]
    return ", ".join(filter(None, [about.get("OPR", ""), found[0], *numbers])), found[1], found[2] or found[3]


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


@lru_cache(maxsize=100_000)
def _read_token(token: str) -> tuple[_Note, ...]:
    """Length, pitch (None for a rest), whether a tie starts and stops, place on the line of fifths, of each note of a token."""
    if token == ".":
        return ()
    found: list[_Note] = []
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
            found.append((quarters, None, False, False, 0))
            continue
        count = len(pitch[0]) - len(pitch[2] or "")
        octave = 3 + count if pitch[1].islower() else 4 - count
        shift = (pitch[2] or "").count("#") - (pitch[2] or "").count("-")
        midi = 12 * (octave + 1) + STEPS[pitch[1].lower()] + shift
        fifth = line_of_fifths(pitch[1].upper(), shift)
        found.append((quarters, midi, "[" in note or "_" in note, "]" in note or "_" in note, fifth))
    return tuple(found)
