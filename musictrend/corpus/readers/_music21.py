"""Notes of what only music21 reads: ABC in several voices. Slow (3 s to load, seconds a score).

Most ABC files are tune books, one line of melody after the other. Those are
told from their text, before music21 is loaded.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from musictrend.corpus.files import read_text
from musictrend.corpus.notes import Notes, collect_notes
from musictrend.errors import ReaderError

__all__ = ["notes_from_abc"]

MAX_ABC = 4 * 2**20
_TUNE = re.compile(r"(?m)^X:")
_VOICE = re.compile(r"(?m)^V:\s*(\S+)|\[V:\s*([^\]\s]+)")
_FIELD = re.compile(r'(?m)^(?:[A-Za-z+]:|%).*$|"[^"\n]*"|!\w[^!\n]{0,80}!|\[[A-Za-z]:[^\]\n]{0,80}\]|%.*$')
# Notes together: [CEG], or a second layer of a bar after &.
_TOGETHER = re.compile(r"\[[\^_=]{0,2}[A-Ga-g][^\]|:a-gA-G]{0,16}[A-Ga-g][^\]|:]{0,64}\]|&")


def notes_from_abc(path: Path) -> Notes:
    """Notes of an ABC score through music21; whatever it raises is one clear line.

    Raises
    ------
    ReaderError
        For a book of several tunes, for a single line of melody, and where music21 fails.
    """
    text = read_text(path, limit=MAX_ABC)
    tunes = _TUNE.split(text)[1:]
    if not tunes:
        raise ReaderError("no ABC tune: no line begins with X:", hint="is this the right file?")
    together = sum(map(_has_parts, tunes))
    if 2 * together < len(tunes) or not together:  # a tune with a double stop or two leaves a tune book what it is
        book = f"a book of {len(tunes)} tunes of one voice" if len(tunes) > 1 else "one voice without chords"
        raise ReaderError(f"monophonic: {book}", hint="chords are estimated from polyphonic scores only")
    if len(tunes) > 1:
        raise ReaderError(f"{len(tunes)} pieces in one ABC file: one is read", hint="write each to a file of its own")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import music21

        try:
            score: Any = music21.converter.parse(path, format="abc", forceSource=True, storePickle=False)
            flat = score.stripTies().flatten()
            rows = [
                (float(element.offset), float(element.quarterLength), pitch.midi)
                for element in flat.notes
                if not element.duration.isGrace
                for pitch in element.pitches
            ]
            part = (list(score.parts) or [score])[0]
            bars = sorted({float(m.offset) for m in part.getElementsByClass("Measure")})
            beats = [
                (float(t.offset), float(t.beatDuration.quarterLength))
                for t in part.flatten().getElementsByClass("TimeSignature")
            ]
            signatures = part.flatten().getElementsByClass("KeySignature")
            fifths = [(float(k.offset), int(k.sharps)) for k in signatures]
            title = score.metadata.title or "" if score.metadata else ""
            composer = score.metadata.composer or "" if score.metadata else ""
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ReaderError(f"music21 cannot read it: {reason}", hint="export it as MusicXML") from None
    end = max((onset + length for onset, length, _ in rows), default=0.0)
    starts = sorted({0.0, *bars, end})
    lengths = [next((beat for at, beat in reversed(beats) if at <= start), 1.0) for start in starts[:-1]]
    return collect_notes(rows, starts, lengths, fifths, title, composer)


def _has_parts(text: str) -> bool:
    """Whether anything in an ABC text can sound together: voices, layers or chords of notes."""
    if len({a or b for a, b in _VOICE.findall(text)}) > 1:
        return True
    return _TOGETHER.search(_FIELD.sub("", text)) is not None
