"""A new corpus: a ``corpus.toml`` with every setting explained, and a ``tracks.csv`` of what is there."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from musictrend.cache import atomic_path
from musictrend.corpus.readers import reader_for_file
from musictrend.errors import CorpusError

__all__ = ["init_corpus"]

TEMPLATE = """\
# A corpus of musictrend. Every setting but name may be left out.
name = "{name}"
title = "{name}"
licence = ""                 # of the data; shown wherever its numbers go
citation = ""
year_kind = "release"        # chart, composition, recording, release or performance: what its years mean
transcription = ""           # full transcription, lead sheet, user chart or analysis
tracks = "tracks.csv"        # track_id, path or chords, year, genre; title, artist, popularity, key, split where known

[columns]                    # renaming: ours = "theirs"
# year = "Release Year"

[segments]                   # which genres are the mainstream; or by = "exposure" (see docs/corpora.md)
pop = ["pop"]
"*" = "niche"                # every other genre; "other" takes no side

[genres]                     # synonyms: "canonical" = ["variant", ...]
# "hip hop" = ["hip-hop", "rap"]
"""
COLUMNS = ("track_id", "path", "title", "artist", "year", "genre")


def init_corpus(folder: Path, *, force: bool = False) -> list[Path]:
    """Write ``corpus.toml`` and, when absent, a ``tracks.csv`` that lists the files found.

    Year and genre are left for a person to fill in where paths do not tell.

    Raises
    ------
    CorpusError
        When there is a ``corpus.toml`` already and not ``force``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings, tracks = folder / "corpus.toml", folder / "tracks.csv"
    if settings.exists() and not force:
        raise CorpusError(f"{settings} is there already; overwrite it with --force")
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", folder.resolve().name).strip("_") or "corpus"
    with atomic_path(settings) as part:
        part.write_text(TEMPLATE.format(name=name), encoding="utf-8")
    written = [settings]
    if not tracks.exists():
        files = [
            p for p in sorted(folder.rglob("*")) if p.is_file() and p not in (settings, tracks) and reader_for_file(p)
        ]
        with atomic_path(tracks) as part, open(part, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for path in files:
                relative = path.relative_to(folder).as_posix()
                year = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", relative)
                writer.writerow({"track_id": relative, "path": relative, "title": path.stem, "artist": "",
                                 "year": year[1] if year else "", "genre": ""})  # fmt: skip
        written.append(tracks)
    return written
