"""The Jazz Chord Progressions Corpus of Carey Bunks: lead sheets as plain text, written out in full.

One tune a file below ``SongDB``: ``Title = ``, ``ComposedBy = ``, ``DBKeySig = ``,
``TimeSig = 4 4``, ``Bars = 32``, then bars that each end in ``|``. The chords of
a bar share its beats equally; repeats and endings are already unfolded. ``NC``
is silence.

``DBKeySig`` is a key *signature* (Summertime, in D minor, has C), so it gives no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text, resolve_inside
from musictrend.corpus.readers._bars import BarWriter, parse_metre, share_equally
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError

_HEADER = re.compile(r"\s*([A-Za-z]+)\s*=\s*(.*?)\s*")
_FIELDS = re.compile(r"^[ \t]*(\w*Title|ComposedBy|DBKeySig|TimeSig|Bars)[ \t]*=", re.M)


class JazzBunks(Reader):
    """Reader of the folder ``SongDB``."""

    name = "jazz_bunks"
    title = "Jazz Chord Progressions Corpus (Bunks)"
    licence = "not stated"
    citation = (
        "Bunks, Weyde, Dixon, Di Giorgi (2023). Modeling harmonic similarity for jazz using co-occurrence "
        "vectors and the membrane area. ISMIR."
    )
    url = "https://github.com/carey-bunks/Jazz-Chord-Progressions-Corpus"
    transcription = "lead sheet"
    dialect = "leadsheet"
    shared_suffixes = (".txt",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether at least two of the corpus' own fields come before lines of bars."""
        return len(set(_FIELDS.findall(head))) > 1 and "|" in head

    def recognises(self, root: Path) -> bool:
        """Whether there is a folder ``SongDB`` with folders named ``Songs[...]``."""
        return (root / "SongDB").is_dir() and any(p.is_dir() for p in (root / "SongDB").glob("Songs[[]*"))

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a file, in the order of file names."""
        used: set[str] = set()
        for path in sorted((root / "SongDB").rglob("*.txt"), key=lambda p: (p.name, p.parent.name)):
            # A name may stand in two folders.
            track_id = path.stem if path.stem not in used else f"{path.parent.name}/{path.stem}"
            used.add(track_id)
            relative = path.relative_to(root).as_posix()
            where = {"track_id": track_id, "path": relative, "genres": ("jazz",)}
            try:
                head, _ = _split(read_text(resolve_inside(root, relative)))
            except ReaderError as error:
                yield Track(**where, status="failed", reason=error.reason)  # type: ignore[arg-type]
                continue
            yield Track(**where, title=_title(head, path), artist=head.get("ComposedBy", ""))  # type: ignore[arg-type]

    def read_file(self, path: Path) -> list[Annotation]:
        """The tune, in quarter notes."""
        head, lines = _split(read_text(path))
        writer = BarWriter(parse_metre(head.get("TimeSig", "")))
        warnings: list[tuple[str, str]] = []
        for number, line in lines:
            *bars, tail = line.split("|")
            if tail.strip():
                warnings.append((f"line {number}", "the last bar does not end in |"))
                bars.append(tail)
            for bar in bars:
                place = f"line {number}, bar {writer.n_bars + 1}"
                writer.write(share_equally(bar.split()) if bar.strip() else [], place=place)
        stated = head.get("Bars", "")
        if stated.isdecimal() and int(stated) != writer.n_bars:
            warnings.append(("", f"{writer.n_bars} bars are written, Bars = {stated}"))
        title, artist = _title(head, path), head.get("ComposedBy", "")
        return [writer.annotate(path.stem, self.dialect, title=title, artist=artist, warnings=warnings)]


def _split(text: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Header fields, and the lines of bars with their numbers."""
    head: dict[str, str] = {}
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if "|" not in line and (match := _HEADER.fullmatch(line)):
            head[match[1]] = match[2]
        elif line.strip():
            lines.append((number, line))
    if not head:
        raise ReaderError('no "Title = " or other header', hint="compare with the corpus' own files")
    return head, lines


def _title(head: dict[str, str], path: Path) -> str:
    # One file of the corpus has "mpTitle".
    return head.get("Title") or next((v for k, v in head.items() if k.endswith("Title")), path.stem)


READER = JazzBunks()
