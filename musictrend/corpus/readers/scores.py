"""Scores: notes rather than chord symbols. MusicXML by our own reader, kern and ABC through music21."""

from __future__ import annotations

from pathlib import Path

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ReaderError

__all__ = ["READER", "read_notes"]

MUSICXML = (".mxl", ".musicxml", ".xml")
MUSIC21 = (".krn", ".abc")


def read_notes(path: Path) -> Notes:
    """Notes of one score.

    Raises
    ------
    ReaderError
        When no reader takes the file, or it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in MUSICXML:
        from musictrend.corpus.readers._partwise import notes_from_musicxml

        return notes_from_musicxml(path)
    if suffix in MUSIC21:
        from musictrend.corpus.readers._music21 import notes_from_music21

        return notes_from_music21(path)
    raise ReaderError(f"no reader takes the notes of a {suffix or 'nameless'} file", hint="export it as MusicXML")


class ScoreReader(Reader):
    """Notes of MusicXML, kern and ABC scores; chords are estimated from them."""

    name = "scores"
    title = "Scores: MusicXML, Humdrum kern, ABC"
    url = "https://www.w3.org/2021/06/musicxml40/"
    transcription = "estimated from notes"
    suffixes = MUSIC21
    source_kind = "score"


READER = ScoreReader()
