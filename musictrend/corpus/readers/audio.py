"""Recordings: what their tags say of themselves. Chords are estimated from the sound, by an engine.

Tags are read by mutagen, which looks at headers alone: title, artist, year
and genre of ID3 (MP3, AIFF, WAV), Vorbis comments (FLAC, Ogg, Opus) and MP4
atoms. An original release date wins over the date of a re-issue.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_head
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ReaderError

# Tag names of ID3, Vorbis comments and MP4, in the order in which they are believed.
TAGS = {
    "title": ("title", "TIT2", "\xa9nam"),
    "artist": ("artist", "TPE1", "\xa9ART", "albumartist", "TPE2", "aART"),
    "year": ("originaldate", "originalyear", "TDOR", "TORY", "date", "year", "TDRC", "TDRL", "TYER", "\xa9day"),
    "genre": ("genre", "TCON", "\xa9gen"),
}
LONGEST_TAG = 500  # characters; a tag that is longer holds no name


class AudioReader(Reader):
    """Recordings of any format that soundfile or audioread opens."""

    name = "audio"
    title = "Recordings: WAV, FLAC, Ogg, Opus, MP3, AIFF, M4A"
    url = "https://mutagen.readthedocs.io/"
    year_kind = "release"
    transcription = "estimated from audio"
    suffixes = (
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".m4a", ".aac", ".wma",
        ".caf", ".w64", ".rf64", ".mp2",
    )  # fmt: skip
    source_kind = "audio"
    holds_labels = True

    def read_file(self, path: Path) -> list[Annotation]:
        """One annotation without symbols: what the tags say. A file without tags says nothing."""
        read_head(path, 1)
        found = {name: _first(_tags(path), keys) for name, keys in TAGS.items()}
        genres = tuple(g.strip() for g in re.split(r"[;/\0]", found["genre"]) if g.strip())
        return [
            Annotation(
                path.stem,
                title=found["title"],
                artist=found["artist"],
                year=found["year"],
                genres=genres,
                unit="seconds",
            )
        ]


def _tags(path: Path) -> dict[str, Any]:
    """The tags of a file by name; none where there are none or they are broken, since the sound may be whole."""
    import mutagen

    try:
        file = mutagen.File(path)
    except (mutagen.MutagenError, OSError, ValueError, LookupError, TypeError):
        return {}
    except RecursionError:
        raise ReaderError("tags nested too deep to be read", hint="write them anew") from None
    return dict(file.tags) if file is not None and file.tags else {}


def _first(tags: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The first of some tags that is there, as text; several values are joined by a semicolon."""
    for key in keys:
        value = tags.get(key)
        if value is None:
            continue
        parts = getattr(value, "text", value)  # an ID3 frame holds a list of texts
        parts = parts if isinstance(parts, list | tuple) else [parts]
        text = ";".join(str(part) for part in parts if str(part).strip())
        if text and len(text) <= LONGEST_TAG:
            return text
    return ""


READER = AudioReader()
