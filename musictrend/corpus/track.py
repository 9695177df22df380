"""One piece of music with a year, genres and a source."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from musictrend.cache import hash_bytes
from musictrend.corpus.year import Year
from musictrend.harmony.key import Key

__all__ = ["Track", "normalise_name"]

SOURCE_KINDS = ("annotation", "score", "audio")
STATUSES = ("ok", "failed", "excluded")


@lru_cache(maxsize=2**14)  # an artist has many songs
def normalise_name(text: str) -> str:
    """A title or artist without case, accents, articles and punctuation, to find the same song again.

    Examples
    --------
    >>> normalise_name("The Beatles"), normalise_name("Beyoncé feat. Jay-Z"), normalise_name("Ellington, Duke")
    ('beatles', 'beyonce', 'duke ellington')
    """
    # Accents go, other scripts stay: a Chinese title must not become the empty name.
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = text.lower()
    plain = re.sub(r"\s+(feat\.?|featuring|ft\.?)\s.*$", "", plain)
    plain = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", plain)
    if match := re.fullmatch(r"\s*([\w.' -]+),\s*([\w.' -]+)\s*", plain):
        plain = f"{match[2]} {match[1]}"
    plain = re.sub(r"&", " and ", plain)
    words = re.sub(r"[\W_]+", " ", re.sub(r"['’‘`]", "", plain)).split()
    if len(words) > 1 and words[0] in {"the", "a", "an"}:
        words = words[1:]
    return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One piece of music: who, when, which genres, and where it is written down.

    Attributes
    ----------
    track_id : str
        Unique in its corpus; a run puts ``corpus/`` before it.
    path : str
        File below the corpus folder, with forward slashes; ``""`` for inline chords.
    part : str
        Which piece inside that file, for files that hold several (a table, an iReal playlist).
    chords : str
        Chords written in the manifest itself.
    year : Year
    genres : tuple of str
        As the corpus writes them; synonyms are resolved by the manifest.
    popularity : float or None
        Higher is more popular, in the corpus' own unit.
    exposure : dict
        Further measures of exposure the corpus has (``peak_rank``, ``weeks``).
    reader : str
        Which reader opens ``path``; the corpus' own when empty.
    status, reason : str
        ``failed`` when already the manifest says that this row is broken.
    """

    track_id: str
    path: str = ""
    part: str = ""
    chords: str = ""
    title: str = ""
    artist: str = ""
    year: Year = field(default_factory=Year)
    year_kind: str = ""
    genres: tuple[str, ...] = ()
    popularity: float | None = None
    exposure: dict[str, float] = field(default_factory=dict)
    key: Key | None = None
    split: str = ""
    source_kind: str = "annotation"
    transcription: str = ""
    reader: str = ""
    status: str = "ok"
    reason: str = ""

    @property
    def artist_id(self) -> str:
        """Equal for the same artist however spelled; a track without artist is its own."""
        return normalise_name(self.artist) or f"unknown:{self.track_id}"

    @property
    def song_id(self) -> str:
        """Equal for the same song of the same artist in any corpus; ``""`` without title."""
        title = normalise_name(self.title)
        artist = normalise_name(self.artist)
        return hash_bytes(title, artist)[:16] if title and artist else ""
