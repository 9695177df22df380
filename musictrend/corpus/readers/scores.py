"""Scores: notes rather than chord symbols. MusicXML and kern by our own readers, ABC through music21."""

from __future__ import annotations

from pathlib import Path

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ReaderError

__all__ = ["READER", "ScoreReader", "read_notes"]

MUSICXML = (".mxl", ".musicxml", ".xml")
KERN = (".krn",)
ABC = (".abc",)


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
    if suffix in KERN:
        from musictrend.corpus.readers._kern import notes_from_kern

        return notes_from_kern(path)
    if suffix in ABC:
        from musictrend.corpus.readers._music21 import notes_from_abc

        return notes_from_abc(path)
    what = f"a {suffix} file" if suffix else "a file without suffix"
    raise ReaderError(f"no reader takes the notes of {what}", hint="export it as MusicXML")


class ScoreReader(Reader):
    """Notes of kern and ABC scores; chords are estimated from them. For MusicXML see the reader ``musicxml``."""

    name = "scores"
    title = "Scores: MusicXML, Humdrum kern, ABC"
    url = "https://www.w3.org/2021/06/musicxml40/"
    transcription = "estimated from notes"
    suffixes = KERN + ABC
    source_kind = "score"


READER = ScoreReader()
