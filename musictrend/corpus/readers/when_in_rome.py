"""When in Rome: Roman-numeral analyses of art music, ``GENRE/COMPOSER/SET/PIECE/analysis.txt``.

The folder says the genre and the composer, the analysis the rest. Hardly any
analysis has a date; those that have none keep a missing year.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text, resolve_inside
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.readers.romantext import parse_analysis
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year
from musictrend.errors import ReaderError

__all__ = ["READER", "WhenInRomeReader"]

# Folders of the corpus that hold pieces by composer, GENRE/COMPOSER/...
GENRES = (
    "Early_Choral", "Etudes_and_Preludes", "Keyboard_Other", "OpenScore-LiederCorpus", "Orchestral",
    "Piano_Sonatas", "Quartets", "Variations_and_Grounds",
)  # fmt: skip
_DATE = re.compile(r"(?mi)^(?:date|year|composed)\s*:\s*(.+)$")


class WhenInRomeReader(Reader):
    """When in Rome: a track is a folder with an ``analysis.txt``."""

    name = "when_in_rome"
    title = "When in Rome"
    licence = "CC BY-SA 4.0; analyses converted from DCML corpora CC BY-NC-SA 4.0 (pieces.tsv says which)"
    citation = (
        "Gotham, M., Micchi, G., Nápoles López, N. & Sailor, M. (2023). When in Rome: a meta-corpus of "
        "functional harmony. TISMIR 6(1)."
    )
    url = "https://github.com/MarkGotham/When-in-Rome"
    year_kind = "composition"
    transcription = "analysis"
    dialect = "romantext"

    def recognises(self, root: Path) -> bool:
        """Whether at least two of the corpus' genre folders are there (below ``Corpus`` in the original)."""
        base = self._base(root)
        return sum((base / genre).is_dir() for genre in GENRES) >= 2

    @staticmethod
    def _base(root: Path) -> Path:
        return root / "Corpus" if (root / "Corpus").is_dir() else root

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every analysis, in the order of the paths."""
        base = self._base(root)
        found = []
        for folder, subfolders, files in os.walk(base):
            subfolders.sort()
            if "analysis.txt" in files:
                found.append(Path(folder).relative_to(base))
        for piece in sorted(found, key=lambda p: p.parts):
            parts = [part.replace("_", " ").strip() for part in piece.parts]
            path = (base / piece / "analysis.txt").relative_to(root).as_posix()
            genre, composer = parts[0], parts[1] if len(parts) > 2 else ""
            yield Track(
                track_id=piece.as_posix(),
                path=path,
                title=", ".join(p for p in parts[2:] if p) or parts[-1],
                artist=composer,
                year=_read_year(root, path),
                genres=(genre,),
            )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Figures of one piece."""
        annotation = parse_analysis(read_text(resolve_inside(root, track.path)), track.track_id)
        annotation.title, annotation.artist = track.title, track.artist
        return annotation


def _read_year(root: Path, path: str) -> Year:
    """A date in the head of an analysis, where somebody wrote one."""
    try:
        head = read_text(resolve_inside(root, path))[:2000]
    except ReaderError:
        return parse_year(None)  # what is wrong with the file is said when it is read
    match = _DATE.search(head)
    return parse_year(match[1].strip() if match else None)


READER = WhenInRomeReader()
