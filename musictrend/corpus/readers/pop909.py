"""POP909: chords of 909 Chinese pop songs, as found in piano arrangements and their recordings.

A song's folder has ``chord_midi.txt`` (start, end, Harte label; from the
arrangement), ``chord_audio.txt`` (from the recording; read where the first is
absent), ``key_audio.txt`` (start, end, ``Gb:maj``) and ``beat_midi.txt``: time,
and two columns that mark every second (third, in triple time) and every fourth
(sixth) beat as a strong one. Bars have four beats, in triple time three. All of
these were made by programs, chords and keys included; there are no years.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text, read_zip_member, resolve_inside
from musictrend.corpus.readers.lab import parse_lab
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.key import Key

__all__ = ["READER", "POP909Reader"]

INDEX = "index.xlsx"
CHORDS = ("chord_midi.txt", "chord_audio.txt")
# Other files of a song's folder, and what each holds.
NO_CHORDS = {
    "key_audio.txt": "the keys of a song, as POP909 has them",
    "beat_midi.txt": "the beats of a song, as POP909 has them",
    "beat_audio.txt": "the beats of a song, as POP909 has them",
}
INNER = "POP909"  # where the repository keeps the songs
MAX_SHEET = 64 * 2**20
_ROW = re.compile(r"<row\b.*?</row>", re.S)
_CELL = re.compile(r'<c r="([A-Z]+)\d+"[^>]*?(?:/>|>(.*?)</c>)', re.S)
_TEXT = re.compile(r"<(?:t|v)\b[^>]*>(.*?)</(?:t|v)>", re.S)


class POP909Reader(Reader):
    """One folder is one track; titles and artists come from ``index.xlsx`` where it is there."""

    name = "pop909"
    title = "POP909"
    licence = "MIT"
    citation = (
        "Wang, Chen, Jiang, Zhang, Xu, Dai, Bin, Xia (2020). POP909: A pop-song dataset for music "
        "arrangement generation. ISMIR."
    )
    url = "https://github.com/music-x-lab/POP909-Dataset"
    year_kind = ""
    transcription = "estimated from the arrangement by a program"
    dialect = "harte"
    shared_suffixes = (".txt",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file has one of the names in a song's folder, and rows that begin with a time."""
        return path.name in (*CHORDS, *NO_CHORDS) and re.match(r"\s*\d+(\.\d+)?\s+\d", head) is not None

    def recognises(self, root: Path) -> bool:
        """Three-digit folders with a ``chord_midi.txt`` or ``chord_audio.txt`` and beats beside it."""
        first = next(_songs(root), None)
        return first is not None and any((first / f"beat_{kind}.txt").is_file() for kind in ("midi", "audio"))

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every song folder, by number."""
        index = _read_index(root)
        for folder in _songs(root):
            title, artist = index.get(folder.name, ("", ""))
            name = next(name for name in CHORDS if (folder / name).is_file())
            yield Track(
                track_id=folder.name,
                path=(folder / name).relative_to(root).as_posix(),
                title=title,
                artist=artist,
                genres=("Mandopop",),
                transcription=self.transcription,
                reader=self.name,
            )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The chords of one song in seconds, with keys, and bars where the MIDI beats are there."""
        return self._read_song(resolve_inside(root, track.path), track.track_id)

    def read_file(self, path: Path) -> list[Annotation]:
        """The chords of one file, with the keys and beats that lie beside it."""
        if path.name in NO_CHORDS:
            raise ReaderError(
                f"{NO_CHORDS[path.name]}, and no chords", hint=f"its chords are in {' or '.join(CHORDS)} beside it"
            )
        folder = path.parent.name
        return [self._read_song(path, folder if re.fullmatch(r"\d{3}", folder) else path.stem)]

    @staticmethod
    def _read_song(path: Path, track_id: str) -> Annotation:
        song = parse_lab(read_text(path), track_id)
        onsets, durations = list(song.onsets or ()), list(song.durations or ())
        if (keys := path.parent / "key_audio.txt").is_file():
            song.keys = _keys_at(read_text(keys), onsets, durations, song)
        beats = path.parent / ("beat_midi.txt" if path.name == CHORDS[0] else "beat_audio.txt")
        if beats.is_file():
            downbeats = _downbeats(read_text(beats))
            if len(downbeats) > 1:
                ends = [_bar_at(downbeats, onset + length) for onset, length in zip(onsets, durations, strict=True)]
                song.bars = [end - _bar_at(downbeats, onset) for onset, end in zip(onsets, ends, strict=True)]
        return song


def _songs(root: Path) -> Iterator[Path]:
    """Folders of songs, by number, at the top or one folder down."""
    for top in (root, root / INNER):
        if top.is_dir():
            folders = sorted(path for path in top.iterdir() if re.fullmatch(r"\d{3}", path.name))
            yield from (path for path in folders if any((path / name).is_file() for name in CHORDS))


def _read_index(root: Path) -> dict[str, tuple[str, str]]:
    """Song number -> (title, artist) of ``index.xlsx``; empty when it is absent or of another make."""
    path = next((folder / INDEX for folder in (root, root / INNER) if (folder / INDEX).is_file()), None)
    return _parse_index(path, path.stat().st_mtime) if path is not None else {}


@lru_cache(maxsize=1)
def _parse_index(path: Path, _stamp: float) -> dict[str, tuple[str, str]]:
    """Rows of the sheet: inline strings, song_id, name, artist first."""
    from html import unescape

    try:
        sheet = read_zip_member(path, "xl/worksheets/sheet1.xml", limit=MAX_SHEET).decode("utf-8")
    except (ReaderError, UnicodeDecodeError):
        return {}
    rows = []
    for row in _ROW.findall(sheet):
        cells = {column: unescape("".join(_TEXT.findall(content))).strip() for column, content in _CELL.findall(row)}
        rows.append(cells)
    if not rows:
        return {}
    columns = {name: letter for letter, name in rows[0].items()}
    if not {"song_id", "name", "artist"} <= columns.keys():
        return {}
    return {
        row.get(columns["song_id"], "").zfill(3): (
            row.get(columns["name"], ""),
            row.get(columns["artist"], ""),
        )
        for row in rows[1:]
    }


def _keys_at(text: str, onsets: list[float], durations: list[float], song: Annotation) -> list[Key | None]:
    """Key at the middle of each chord; before the first and after the last key, the nearest."""
    starts: list[float] = []
    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split()
        if not cells:
            continue
        try:
            start, name = float(cells[0]), Key.parse(cells[2])
        except (ValueError, IndexError, ChordLabelError):
            song.warnings.append((f"key_audio.txt line {number}", f"{line.strip()[:40]!r} is no key line: left out"))
            continue
        starts.append(start)
        keys.append(name)
    if not keys:
        return [None] * len(onsets)
    middles = (onset + length / 2 for onset, length in zip(onsets, durations, strict=True))
    return [keys[max(bisect.bisect_right(starts, middle) - 1, 0)] for middle in middles]


def _downbeats(text: str) -> list[float]:
    """Times at which bars begin: of four beats, in triple time three."""
    rows: list[list[float]] = []
    for line in text.splitlines():
        try:
            rows.append([float(cell) for cell in line.split()])
        except ValueError:
            return []
    if not rows or any(len(row) != len(rows[0]) or len(row) < 2 for row in rows):
        return []
    if len(rows[0]) == 2:  # beat_audio.txt counts beats: 1 begins a bar
        return [row[0] for row in rows if row[1] == 1]
    strong, stronger = ([i for i, row in enumerate(rows) if row[column] == 1] for column in (1, 2))
    gaps = Counter(after - before for before, after in zip(strong, strong[1:], strict=False))
    triple = bool(gaps) and gaps.most_common(1)[0][0] == 3
    return [rows[i][0] for i in (strong if triple else stronger)]


def _bar_at(downbeats: list[float], time: float) -> float:
    """Position in bars; before the first and after the last bar, at the nearest bar's pace."""
    i = min(max(bisect.bisect_right(downbeats, time) - 1, 0), len(downbeats) - 2)
    return i + (time - downbeats[i]) / (downbeats[i + 1] - downbeats[i])


READER = POP909Reader()
