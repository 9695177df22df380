"""Harte ``.lab``: one chord a line, ``start end label``, times in seconds.

The format of Isophonics, McGill Billboard and the MIREX chord task; the
reduced MIREX vocabularies (``majmin``, ``majmin7``) are written the same way.
"""

from __future__ import annotations

import math
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ReaderError

__all__ = ["READER", "LabReader", "parse_lab"]

LONGEST = 24 * 3600.0  # seconds; HTK labels count 100 ns units and would say weeks
OVERLAP = 0.05  # seconds by which a chord may start before the one ahead of it ends


def parse_lab(text: str, track_id: str = "") -> Annotation:
    r"""Chords of one ``.lab`` text: lines of start, end and label, parted by blanks.

    Blank lines and lines starting with ``#`` are passed over; chords of no
    length are left out with a warning, gaps and small overlaps are kept.

    Parameters
    ----------
    text : str
    track_id : str

    Returns
    -------
    annotation : Annotation
        In seconds, dialect ``harte``.

    Raises
    ------
    ReaderError
        At the first line that is no such row, or whose times run backwards.

    References
    ----------
    .. [1] Harte, Sandler, Abdallah, Gomez (2005). Symbolic representation of
       musical chords. ISMIR.

    Examples
    --------
    >>> song = parse_lab("0.0 1.5 C:maj\n1.5 4.0 G:7")
    >>> song.symbols, song.durations
    (['C:maj', 'G:7'], [1.5, 2.5])
    """
    chords = Annotation(track_id, dialect="harte", unit="seconds")
    onsets: list[float] = []
    durations: list[float] = []
    places: list[str] = []
    end = 0.0
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split(None, 2)
        if not cells or cells[0].startswith("#"):
            continue
        place = f"line {number}"
        try:
            start, stop, label = float(cells[0]), float(cells[1]), cells[2].strip()
        except (ValueError, IndexError):
            raise ReaderError(
                f"{line.strip()[:60]!r} is no chord line",
                place=place,
                hint="expected: start end label, in seconds",
            ) from None
        if not (math.isfinite(start) and math.isfinite(stop)) or start < 0 or stop < start:
            raise ReaderError(f"times {cells[0]} to {cells[1]} run backwards or nowhere", place=place)
        if stop > LONGEST:
            raise ReaderError(
                f"chord ends at {stop:,.0f} s: no music lasts that long",
                place=place,
                hint="HTK labels count 100 ns units; divide their times by 10,000,000",
            )
        if start < end - OVERLAP:
            chords.warnings.append((place, f"chord starts at {start:g} s, before the last one ends at {end:g} s"))
        if stop == start:
            chords.warnings.append((place, f"chord {label!r} lasts 0 s: left out"))
            continue
        chords.symbols.append(label)
        onsets.append(start)
        durations.append(stop - start)
        places.append(place)
        end = stop
    if not chords.symbols:
        raise ReaderError("no chord in this file", hint="expected lines of: start end label, in seconds")
    chords.onsets, chords.durations, chords.places = onsets, durations, places
    return chords


class LabReader(Reader):
    """One ``.lab`` file is one track."""

    name = "lab"
    title = "Harte chord labels with times (.lab)"
    citation = "Harte, Sandler, Abdallah, Gomez (2005). Symbolic representation of musical chords. ISMIR."
    url = "https://ismir2005.ismir.net/proceedings/1080.pdf"
    transcription = "full transcription"
    dialect = "harte"
    suffixes = (".lab",)

    def read_file(self, path: Path) -> list[Annotation]:
        """The chords of a ``.lab`` file, in seconds."""
        return [parse_lab(read_text(path), path.stem)]


READER = LabReader()
