"""Scores: notes rather than chord symbols.

MusicXML, kern, MEI, ABC and MIDI (by symusic) have readers of our own; Capella,
Noteworthy and MuseData go through music21. What a file is, its content decides before its
suffix. Where one of our readers gives up on how a file is written, music21 has
a try, and the notes carry a warning that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_head, read_text
from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.reader import MALFORMED, Reader, as_reader_error
from musictrend.errors import OddNotationError, ReaderError

__all__ = ["READER", "ScoreReader", "read_notes", "reads_notes"]

MUSICXML = (".mxl", ".musicxml", ".xml")
KERN = (".krn", ".kern")
ABC = (".abc",)
MEI = (".mei",)
MIDI = (".mid", ".midi", ".kar", ".rmi")
CAPELLA = (".capx",)
# Formats that music21 alone reads, by its name for them.
OTHERS = {".nwctxt": "noteworthytext", ".musedata": "musedata"}
FORMATS = {"musicxml": MUSICXML, "humdrum": KERN, "abc": ABC, "mei": MEI, "midi": MIDI, "capella": CAPELLA}


def reads_notes(path: Path) -> bool:
    """Whether a file's suffix is one whose notes can be read, with or without chord symbols beside them."""
    return path.name.lower().endswith(MUSICXML + ABC + ScoreReader.suffixes)


def read_notes(path: Path, *, part: str = "", unfold: bool = False) -> Notes:
    """Notes of one score.

    Parameters
    ----------
    path : Path
    part : str
        Which piece of a file that holds several (an ABC tune book); the first without.
    unfold : bool
        Play repeats, endings, da capo and dal segno out; as written without. MIDI has none.

    Returns
    -------
    notes : Notes
        ``warnings`` says what was odd, and where music21 had to stand in.

    Raises
    ------
    ReaderError
        When no reader takes the file, or it cannot be read.
    """
    kind = _tell_format(path)
    try:
        return _own_reader(kind, part)(path, unfold)
    except OSError:
        raise
    except (OddNotationError, *MALFORMED) as error:
        trouble = as_reader_error(error)
    from musictrend.corpus.readers._music21 import notes_with_music21

    try:
        notes = notes_with_music21(_safe_content(path, kind), kind, unfold=unfold)
    except ReaderError:
        raise trouble from None
    warning = ("score", f"read by music21, where our reader gave up: {trouble.reason}")
    return replace(notes, warnings=[warning, *notes.warnings])


def _tell_format(path: Path) -> str:
    """Format of a score by its first bytes, else by its suffix; the names are music21's."""
    suffix = path.suffix.lower()
    head = read_head(path, 4096)
    if head.startswith(b"MThd") or (head.startswith(b"RIFF") and head[8:12] == b"RMID"):
        return "midi"
    text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "ignore").lstrip()
    if text.startswith("<") and suffix in MUSICXML + MEI and re.search(r"<(\w+:)?(mei|score-\w+)\b", text):
        return "mei" if re.search(r"<(\w+:)?mei\b", text) else "musicxml"
    if text.startswith(("**kern", "!!!")) and suffix not in OTHERS:
        return "humdrum"
    for kind, suffixes in FORMATS.items():
        if suffix in suffixes:
            return kind
    if suffix in OTHERS:
        return OTHERS[suffix]
    what = f"a {suffix} file" if suffix else "a file without suffix"
    raise ReaderError(f"no reader takes the notes of {what}", hint="export it as MusicXML")


def _own_reader(kind: str, part: str) -> Callable[[Path, bool], Notes]:
    """The first reader of a format; modules load when they are needed."""
    if kind == "musicxml":
        from musictrend.corpus.readers._partwise import notes_from_musicxml

        return lambda path, unfold: notes_from_musicxml(path, unfold=unfold)
    if kind == "humdrum":
        from musictrend.corpus.readers._kern import notes_from_kern

        return lambda path, unfold: notes_from_kern(path, unfold=unfold)
    if kind == "mei":
        from musictrend.corpus.readers._mei import notes_from_mei

        return lambda path, unfold: notes_from_mei(path, unfold=unfold)
    if kind == "midi":
        from musictrend.corpus.readers._midi import notes_from_midi

        return lambda path, unfold: notes_from_midi(path)
    if kind == "abc":
        from musictrend.corpus.readers._abc import notes_from_abc

        return lambda path, unfold: notes_from_abc(path, part=part, unfold=unfold)
    from musictrend.corpus.readers._music21 import notes_with_music21

    return lambda path, unfold: notes_with_music21(_safe_content(path, kind), kind, unfold=unfold)


def _safe_content(path: Path, kind: str) -> str | bytes:
    """What music21 is given: text, MIDI bytes, or XML as our own parser understood it, without DTD and entities."""
    if kind == "midi":
        from musictrend.corpus.readers._midi import read_midi_bytes

        return read_midi_bytes(path)
    if kind not in ("musicxml", "mei", "capella"):
        return read_text(path, lenient=True)
    from lxml import etree

    from musictrend.corpus.readers._xml import parse_xml, read_packed, refuse_entities

    root, _ = parse_xml(read_packed(path))
    refuse_entities(root)
    # music21 raises at words of songs and at Roman numerals written as harmony; no note hangs on them.
    etree.strip_elements(root, "{*}lyric", "{*}harmony", "{*}verse", "{*}harm", with_tail=False)
    return etree.tostring(root, encoding="unicode")


class ScoreReader(Reader):
    """Notes of kern, MEI, MIDI and rarer scores: chords are estimated. For MusicXML see ``musicxml``, ABC ``abc_tunes``."""

    name = "scores"
    title = "Scores: Humdrum kern, MEI, MIDI, Capella, Noteworthy, MuseData"
    url = "https://www.w3.org/2021/06/musicxml40/"
    transcription = "estimated from notes"
    suffixes = KERN + MEI + MIDI + CAPELLA + tuple(OTHERS)
    source_kind = "score"
    holds_labels = True

    def read_labels(self, path: Path) -> list[Annotation]:
        """Title, composer and year as the file says them."""
        kind = _tell_format(path)
        if kind == "humdrum":
            from musictrend.corpus.readers._kern import read_kern_labels

            title, composer, date = read_kern_labels(path)
            # "First Section" by one composer is many pieces, no duplicates.
            title = f"{title} ({path.stem})" if title else ""
        elif kind == "mei":
            from musictrend.corpus.readers._mei import read_mei_labels

            title, composer, date = read_mei_labels(path)
        elif kind == "midi":
            from musictrend.corpus.readers._midi import read_midi_bytes, read_midi_title

            title, composer, date = read_midi_title(read_midi_bytes(path)), "", ""
        else:
            title = composer = date = ""
        return [Annotation(path.stem, title=title, artist=composer, year=date)]


READER = ScoreReader()
