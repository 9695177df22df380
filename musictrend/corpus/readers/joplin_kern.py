"""Scott Joplin's piano works as Humdrum ``**kern``: notes, from which chords are estimated.

The year is that of composition (``!!!ODT``), which nothing can have later than
its publication (``!!!PDT``); of a work without the first, that of publication.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from musictrend.corpus.files import read_text
from musictrend.corpus.readers._humdrum import read_references
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year
from musictrend.errors import ReaderError

__all__ = ["READER", "JoplinKernReader"]

# Any three of these in one folder are Joplin's.
KNOWN = ("bethena", "elite", "entertainer", "gladiolus", "mapleleaf", "newrag", "originalrags", "peacherine", "solace")
MAX_KERN = 2**21


class JoplinKernReader(Reader):
    """One ``.krn`` file of the folder ``kern`` is one track."""

    name = "joplin_kern"
    title = "Scott Joplin's piano works (kern)"
    licence = "CC BY-NC-SA 4.0"
    citation = "Sapp, C. S. (2004-2021). A digital edition of Scott Joplin's music. github.com/craigsapp/joplin."
    url = "https://github.com/craigsapp/joplin"
    year_kind = "composition"
    transcription = "estimated from notes"
    source_kind = "score"

    def recognises(self, root: Path) -> bool:
        """A folder ``kern`` with at least three of the best known rags."""
        return sum((root / "kern" / f"{name}.krn").is_file() for name in KNOWN) >= 3

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every score, by the name of its file."""
        for path in sorted((root / "kern").glob("*.krn")):
            name = path.relative_to(root).as_posix()
            try:
                about = read_references(read_text(path, limit=MAX_KERN, lenient=True))
            except ReaderError as error:
                yield Track(track_id=path.stem, path=name, status="failed", reason=error.reason, source_kind="score")
                continue
            composers = [about[key] for key in ("COM", "COM1", "COM2", "COM3") if about.get(key)]
            yield Track(
                track_id=path.stem,
                path=name,
                title=about.get("OTL", path.stem),
                artist=" & ".join(composers) or about.get("COA", ""),
                year=read_year(about.get("ODT", ""), about.get("PDT", "")),
                genres=("Ragtime",),
                transcription=self.transcription,
                source_kind="score",
                reader=self.name,
            )


def read_year(composed: str, published: str) -> Year:
    """Year of composition, at the latest that of publication; a guess is narrowed by it.

    Examples
    --------
    >>> read_year("~1903", "1905")
    Year(value=1903, low=1898, high=1905, reason='')
    >>> read_year("", "1909///").value
    1909
    """
    year, printed = parse_year(composed or None), parse_year(published or None)
    if year.value is None:
        return printed
    latest = printed.value
    if latest is None or year.low is None or latest < year.low:
        return year
    return replace(year, value=min(year.value, latest), high=latest if year.high is None else min(year.high, latest))


READER = JoplinKernReader()
