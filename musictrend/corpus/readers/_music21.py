"""Notes through music21: Capella, Noteworthy and MuseData, and what our own readers give up on.

Slow (3 s to load, a second or more a score), so size and time are bounded. music21 is
handed text or bytes that have been looked at, never a path: it opens no
archive, keeps no pickle, and reads no pickle that somebody left.
"""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from musictrend.corpus.notes import UNSPELLED, Notes, collect_notes, join_ties, line_of_fifths
from musictrend.corpus.readers._metre import BarMark, unfold_by_marks
from musictrend.errors import ReaderError

__all__ = ["notes_with_music21"]

MAX_BYTES = 2**20  # of text or MIDI
MAX_SECONDS = 60.0  # some of its parsers take time by the square of what they are given


class _Late(BaseException):
    """The time is up; no Exception, so that nobody in between takes it for one of his own."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Break off what takes longer, where the system can: in the main thread, on anything but Windows."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def notes_with_music21(data: str | bytes, kind: str, *, unfold: bool = False) -> Notes:
    """Notes of a score that music21 parses.

    Parameters
    ----------
    data : str or bytes
        Content of the file; XML that `musictrend.corpus.readers._xml.parse_xml` let pass.
    kind : str
        Format by music21's name: ``humdrum``, ``musicxml``, ``mei``, ``midi``, ``noteworthytext``, ...
    unfold : bool
        Play repeats and endings out.

    Raises
    ------
    ReaderError
        Where music21 fails, whatever it raises, or takes more than a minute; for several pieces in one file.
    """
    if len(data) > MAX_BYTES:
        raise ReaderError(f"{len(data):,} bytes: music21 is given at most {MAX_BYTES:,}", hint="export it as MusicXML")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import music21

        try:
            with _time_limit(MAX_SECONDS):
                score = _parse(music21, data, kind)
                if isinstance(score, music21.stream.Opus):
                    found = f"{len(score.scores)} pieces in one file: one is read"
                    raise ReaderError(found, hint="write each to a file of its own")
                notes, marks = _take(music21, score)
        except ReaderError:
            raise
        except _Late:
            raise ReaderError(f"music21 takes more than {MAX_SECONDS:g} s", hint="export it as MusicXML") from None
        except Exception as error:  # it raises whatever Python has
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ReaderError(f"music21 cannot read it: {reason}", hint="export it as MusicXML") from None
    return unfold_by_marks(notes, marks) if unfold else notes


def _parse(music21: Any, data: str | bytes, kind: str) -> Any:
    """A music21 stream; two of its converters take paths alone, so what is inside them is called."""
    if kind == "capella":
        importer = music21.capella.fromCapellaXML.CapellaImporter()
        importer.parseXMLText(data)
        return importer.partScoreFromSystemScore(importer.systemScoreFromScore(importer.mainDom))
    if kind == "noteworthytext":
        return music21.noteworthy.translate.NoteworthyTranslator().parseString(data)
    return music21.converter.parseData(data, format=kind)


def _take(music21: Any, score: Any) -> tuple[Notes, list[list[BarMark]]]:
    """Notes, bars and marks of a parsed score."""
    score = score.toSoundingPitch() or score
    rows: list[tuple] = []
    parts = list(score.getElementsByClass("Part")) or [score]
    flats = [part.flatten() for part in parts]
    for number, flat in enumerate(flats):
        if any(instrument.midiChannel == 9 for instrument in flat.getElementsByClass("Instrument")):
            continue  # the drums of a MIDI file
        found = []
        for element in flat.notes:
            if element.duration.isGrace or isinstance(element, music21.harmony.Harmony):
                continue
            onset, length = float(element.offset), float(element.quarterLength)
            members = element.notes if element.isChord else [element]
            for note in members:
                if getattr(note, "pitch", None) is None:
                    continue  # percussion
                tied = any(t is not None and t.type in ("start", "continue") for t in (note.tie, element.tie))
                pitch = note.pitch
                alter = round(pitch.alter)
                fifth = line_of_fifths(pitch.step, alter) if not pitch.spellingIsInferred else UNSPELLED
                found.append((0, onset, length, round(pitch.ps), tied, fifth))
        rows += [(*note, number) for note in join_ties(found, [0.0])]
    measured = [list(part.getElementsByClass("Measure")) for part in parts]
    longest = max(measured, key=len)
    end = max((row[0] + row[1] for row in rows), default=0.0)
    starts = sorted({0.0, *(float(m.offset) for m in longest if float(m.offset) < end)})
    first = flats[0]
    beats = [(float(t.offset), float(t.beatDuration.quarterLength)) for t in first.getElementsByClass("TimeSignature")]
    speeds = [(float(t.offset), t.getQuarterBPM()) for flat in flats for t in flat.getElementsByClass("MetronomeMark")]
    about = score.metadata
    date = str(about.dateCreated or "") if about else ""
    notes = collect_notes(
        rows,
        [*starts, max(end, starts[-1])],
        [next((beat for at, beat in reversed(beats) if at <= start + 1e-6), 1.0) for start in starts],
        [(float(k.offset), int(k.sharps)) for k in first.getElementsByClass("KeySignature")],
        title=(about.title or about.movementName or "") if about else "",
        composer=(about.composer or "") if about else "",
        date=date.replace("/--/--", ""),
        tempos=sorted((at, float(speed)) for at, speed in speeds if speed),
    )
    return notes, [[_mark(music21, measure) for measure in measures] for measures in measured]


def _mark(music21: Any, measure: Any) -> BarMark:
    """What a measure says about the order of bars."""
    mark = BarMark()
    for line in (measure.leftBarline, measure.rightBarline):
        if not isinstance(line, music21.bar.Repeat):
            continue
        if line.direction == "start":
            mark.repeat_start = True
        else:
            mark.repeat_end = min(max(line.times or 2, 2), 16)
    for bracket in measure.getSpannerSites(music21.spanner.RepeatBracket):
        mark.endings = tuple(bracket.numberRange)
    for sign in measure.getElementsByClass(music21.repeat.RepeatMark):
        name = type(sign).__name__
        mark.segno |= name == "Segno"
        mark.coda |= name == "Coda"
        mark.fine |= name == "Fine"
        mark.jump = mark.jump or ("dacapo" if name.startswith("DaCapo") else "")
        mark.jump = mark.jump or ("dalsegno" if name.startswith("DalSegno") else "")
    return mark
