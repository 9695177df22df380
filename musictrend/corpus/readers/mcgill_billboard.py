"""McGill Billboard: chords of US chart songs 1958-1991, with bars, tonics and times.

``salami_chords.txt`` is a header (``# title``, ``# artist``, ``# metre``,
``# tonic``; the last two may change inside) and timed lines of bars::

    22.346  B, verse, | A:min | (2/4) C:maj | F:maj . . G:maj | x2, (voice

A line's time is shared out evenly over its beats; a bar may name its own metre
in brackets; chords of a bar last equally long, ``.`` prolongs the chord before
it, ``x2`` plays the bars of the line twice. ``*`` (bars too irregular to
write), ``&pause`` (a fermata) and lines without bars (silence) are symbols of
their own, for the dialect to read as ``X`` and ``N``. Only the tonic is
written: the mode is that of the chords on it, see `readers._tonics`.

Layouts that are read: ``salami_chords/ID``, ``lab/ID/full.lab``,
``mirex/ID/majmin7.lab`` beside the index (as on GitHub), and the official
archives unpacked (``McGill-Billboard/ID``). A slot's salami file wins, then its
``full.lab`` (no bars, no keys), then the richest reduced MIREX vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import iter_rows, read_text, resolve_inside
from musictrend.corpus.genres import split_genres
from musictrend.corpus.readers._tonics import harte_third, keys_from_tonics
from musictrend.corpus.readers.lab import parse_lab
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.pitch import parse_pitch_class

__all__ = ["READER", "McGillBillboardReader", "parse_salami"]

INDEX = "billboard-2.0-index.csv"
TAGS = "billboard_genre_tags.csv"
# Richest first: which file of a slot is read.
FILES = (
    "salami_chords.txt",
    "full.lab",
    "majmin7inv.lab",
    "majmin7.lab",
    "majmininv.lab",
    "majminInv.lab",
    "majmin.lab",
)
FOLDERS = ("salami_chords", "annotations", "lab", "mirex")
ARCHIVE = "McGill-Billboard"  # top folder of the official archives
MOST_REPEATS = 500  # the longest written is x71
MOST_SYMBOLS = 100_000
_REPEAT = re.compile(r"(?:^|[\s,])x(\d+)\b")
_METRE = re.compile(r"\((\d+)/(\d+)\)")
# ID3 leaves genre codes and empty words behind: none of these names one.
_NO_GENRE = re.compile(r"\(?\d+\)?|other|unknown|misc|default|genre|none|charts|user defined|okänd|n/?a", re.I)


def parse_salami(text: str, track_id: str = "") -> Annotation:
    r"""Chords of one ``salami_chords.txt`` with bars, keys and seconds.

    Parameters
    ----------
    text : str
    track_id : str

    Returns
    -------
    annotation : Annotation
        In seconds, dialect ``mcgill``; ``bars`` counts written bars, 0 in silence.

    Raises
    ------
    ReaderError
        When no timed line of bars is there, or times run backwards.

    Examples
    --------
    >>> song = parse_salami("# metre: 4/4\n# tonic: C\n0.0\tA, | C:maj . . G:7 | x2\n4.0\tend")
    >>> song.symbols, song.durations, song.bars
    (['C:maj', 'G:7', 'C:maj', 'G:7'], [1.5, 0.5, 1.5, 0.5], [0.75, 0.25, 0.75, 0.25])
    """
    song = _Salami(track_id)
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            song.read_header(line, number)
        elif line.strip():
            song.read_line(line, number)
    return song.finish()


class _Salami:
    """One salami file while it is being read."""

    def __init__(self, track_id: str) -> None:
        self.annotation = Annotation(track_id, dialect="mcgill", unit="seconds")
        self.metre = 4.0  # quarter notes in a bar
        self.tonic = ""
        self.tonics: list[str] = []
        self.onsets: list[float] = []
        self.durations: list[float] = []
        self.bars: list[float] = []
        self.places: list[str] = []
        # The line that waits for the next one to say when it ends: (start, place, bars, repeats).
        self.waiting: tuple[float, str, list[list[tuple[str, float, float]]], int] | None = None
        self.pending_tonic = ""

    def read_header(self, line: str, number: int) -> None:
        """Take a ``# key: value`` line in."""
        name, _, value = line.lstrip("# ").partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "title":
            self.annotation.title = value
        elif name == "artist":
            self.annotation.artist = value
        elif name == "metre":
            match = _METRE.fullmatch(f"({value})")
            if match is None or not int(match[1]) or not int(match[2]):
                self.annotation.warnings.append(
                    (f"line {number}", f"metre {value[:20]!r} is no fraction: kept the last")
                )
            else:
                self.metre = 4 * int(match[1]) / int(match[2])
        elif name == "tonic":
            try:
                parse_pitch_class(value)
                self.tonic = value
            except ChordLabelError:
                self.annotation.warnings.append((f"line {number}", f"tonic {value[:20]!r} is no note name: no key"))
                self.tonic = ""

    def read_line(self, line: str, number: int) -> None:
        """Take a timed line in and give the one before it its length."""
        place = f"line {number}"
        clock, _, rest = line.strip().partition("\t")
        if not rest and " " in clock:
            clock, _, rest = clock.partition(" ")
        try:
            start = float(clock)
        except ValueError:
            raise ReaderError(
                f"{line.strip()[:60]!r} does not start with a time",
                place=place,
                hint="expected: seconds, tab, bars",
            ) from None
        self._close(start, place)
        first, last = rest.find("|"), rest.rfind("|")
        if first == last:
            bars: list[list[tuple[str, float, float]]] = []
        else:
            bars = [self._bar(cell) for cell in rest[first + 1 : last].split("|")]
        repeat = _REPEAT.search(rest[last + 1 :]) if bars else None
        repeats = int(repeat[1]) if repeat else 1
        if not 0 < repeats <= MOST_REPEATS:
            raise ReaderError(f"line is to be played {repeats} times", place=place, hint=f"at most {MOST_REPEATS}")
        self.waiting = None if rest.strip() == "end" else (start, place, bars, repeats)
        self.pending_tonic = self.tonic

    def _bar(self, cell: str) -> list[tuple[str, float, float]]:
        """(symbol, quarter notes, bars) of what one bar holds; ``.`` prolongs the symbol before it."""
        length = self.metre
        if match := _METRE.search(cell):
            length = 4 * int(match[1]) / max(int(match[2]), 1)
            cell = cell[: match.start()] + cell[match.end() :]
        tokens = cell.split() or ["."]
        share = 1 / len(tokens)
        return [(token, length * share, share) for token in tokens]

    def _close(self, end: float, place: str) -> None:
        """Give the waiting line its time now that the next line has begun."""
        if self.waiting is None:
            return
        start, written_at, bars, repeats = self.waiting
        if end < start:
            raise ReaderError(f"time runs backwards from {start:g} to {end:g} s", place=place)
        if not bars:
            self._put("N", start, end - start, 0.0, written_at)
            return
        quarters = sum(length for bar in bars for _, length, _ in bar) * repeats
        if quarters <= 0:
            raise ReaderError("bars of no length", place=written_at)
        if len(self.onsets) + sum(map(len, bars)) * repeats > MOST_SYMBOLS:
            raise ReaderError(f"more than {MOST_SYMBOLS:,} chords", place=written_at, hint="is this the right file?")
        rate = (end - start) / quarters  # seconds a quarter note
        now = start
        for _ in range(repeats):
            for number, bar in enumerate(bars, start=1):
                for symbol, length, share in bar:
                    if symbol != ".":
                        self._put(symbol, now, length * rate, share, f"{written_at} bar {number}")
                    elif self.onsets:
                        self.durations[-1] += length * rate
                        self.bars[-1] += share
                    else:
                        self.annotation.warnings.append((written_at, "'.' prolongs no chord: left out"))
                    now += length * rate

    def _put(self, symbol: str, onset: float, duration: float, bars: float, place: str) -> None:
        self.annotation.symbols.append(symbol)
        self.onsets.append(onset)
        self.durations.append(duration)
        self.bars.append(bars)
        self.places.append(place)
        self.tonics.append(self.pending_tonic)

    def finish(self) -> Annotation:
        """The annotation; a last line that nothing ends lasts as long a bar as the one before."""
        song = self.annotation
        if self.waiting is not None:
            start, place, bars, repeats = self.waiting
            if bars and sum(self.bars) > 0:
                sounding = sum(d for d, b in zip(self.durations, self.bars, strict=True) if b)
                song.warnings.append((place, "no line ends this one: its length is that of the bars before it"))
                self._close(start + sounding / sum(self.bars) * len(bars) * repeats, place)
            elif bars:
                raise ReaderError("no time says when the last line ends", place=place, hint="an 'end' line is missing")
        if not any(self.bars):
            raise ReaderError("no timed line of bars in this file", hint="expected: seconds, tab, | A:min | C:maj |")
        song.onsets, song.durations, song.bars, song.places = (
            self.onsets,
            self.durations,
            self.bars,
            self.places,
        )
        pitches = {name: parse_pitch_class(name) for name in set(self.tonics) if name}
        thirds = [
            harte_third(symbol, pitches[name]) if name else 0
            for symbol, name in zip(song.symbols, self.tonics, strict=True)
        ]
        song.keys = keys_from_tonics(self.tonics, thirds, self.durations)
        return song


def _genres_of_tag(text: str) -> tuple[str, ...]:
    """Genres of a free-text tag, without ID3 codes and empty words."""
    return tuple(name for name in split_genres(text) if not _NO_GENRE.fullmatch(name))


class McGillBillboardReader(Reader):
    """One chart slot is one track; a song may fill several slots.

    Years are chart years. ``exposure`` holds ``peak_rank`` (1 is the top),
    ``weeks`` on the chart and ``actual_rank`` of the slot; ``popularity`` is
    101 minus the peak rank.
    """

    name = "mcgill_billboard"
    title = "McGill Billboard 2.0"
    licence = "CC0"
    citation = (
        "Burgoyne, Wild, Fujinaga (2011). An expert ground truth set for audio chord recognition and "
        "music analysis. ISMIR, 633-638."
    )
    url = "https://ddmal.music.mcgill.ca/research/The_McGill_Billboard_Project_(Chord_Analysis_Dataset)/"
    year_kind = "chart"
    transcription = "full transcription"
    dialect = "mcgill"
    suffixes = ("salami_chords.txt",)
    shared_suffixes = (".txt",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a text begins with the header of the corpus' own files."""
        return all(re.search(rf"^#\s*{field}:", head, re.M) for field in ("title", "metre", "tonic"))

    def recognises(self, root: Path) -> bool:
        """The index beside one of the folders, or the official archive's folder of four-digit slots."""
        if (root / INDEX).is_file():
            return any((root / name).is_dir() for name in (*FOLDERS, ARCHIVE))
        return next(iter(_slots(root / ARCHIVE)), None) is not None

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Slots of the index that hold a song, then slots with a file and no row in the index."""
        files = _find_files(root)
        tags = _read_tags(root)
        seen = set()
        if (root / INDEX).is_file():
            for row in iter_rows(root / INDEX):
                if not row.get("title", "").strip():
                    continue  # a slot of the sampling scheme for which no song was transcribed
                slot = row.get("id", "").strip().zfill(4)
                if slot in seen:
                    yield Track(
                        track_id=f"{slot}-{row['__line__']}",
                        title=row["title"],
                        status="failed",
                        reason=f"slot {slot} stands twice in {INDEX} (line {row['__line__']})",
                    )
                    continue
                seen.add(slot)
                yield self._track(slot, files.get(slot, ""), row, tags.get(slot, ()))
        for slot in sorted(files.keys() - seen):
            yield self._track(slot, files[slot], {}, tags.get(slot, ()))

    def _track(self, slot: str, path: str, row: dict[str, str], genres: tuple[str, ...]) -> Track:
        exposure = {
            ours: float(row[theirs])
            for ours, theirs in (
                ("peak_rank", "peak_rank"),
                ("weeks", "weeks_on_chart"),
                ("actual_rank", "actual_rank"),
            )
            if re.fullmatch(r"\d+(\.\d+)?", row.get(theirs, "").strip())
        }
        return Track(
            track_id=slot,
            path=path,
            title=row.get("title", "").strip(),
            artist=row.get("artist", "").strip(),
            year=parse_year(row.get("chart_date")),
            year_kind=self.year_kind,
            genres=genres,
            popularity=101 - exposure["peak_rank"] if "peak_rank" in exposure else None,
            exposure=exposure,
            transcription=self.transcription,
            reader=self.name,
            status="ok" if path else "failed",
            reason="" if path else f"slot {slot} is in {INDEX}, but no chord file of it is there",
        )

    def read_file(self, path: Path) -> list[Annotation]:
        """Chords of one song; its folder names it."""
        return [parse_salami(read_text(path), path.parent.name)]

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The chords of one slot: salami text with bars and keys, or a ``.lab`` in seconds alone."""
        if not track.path:
            raise ReaderError(track.reason or "no chord file of this slot", hint="fetch the annotations again")
        text = read_text(resolve_inside(root, track.path))
        if track.path.endswith(".lab"):
            return parse_lab(text, track.track_id)
        return parse_salami(text, track.track_id)


def _slots(folder: Path) -> Iterator[Path]:
    """Folders of slots below a folder: those named by digits alone."""
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.name.isdigit() and path.is_dir())


def _find_files(root: Path) -> dict[str, str]:
    """Slot -> path of its richest chord file, below the root."""
    found: dict[str, tuple[int, str]] = {}
    for top in (root, *(root / name for name in FOLDERS)):
        for folder in (top, top / ARCHIVE):
            for slot in _slots(folder):
                for rank, name in enumerate(FILES):
                    if (slot / name).is_file():
                        number = slot.name.zfill(4)
                        if number not in found or rank < found[number][0]:
                            found[number] = rank, (slot / name).relative_to(root).as_posix()
                        break
    return {slot: path for slot, (_, path) in found.items()}


def _read_tags(root: Path) -> dict[str, tuple[str, ...]]:
    """Slot -> genres of the optional table of tags."""
    if not (root / TAGS).is_file():
        return {}
    return {row.get("id", "").zfill(4): _genres_of_tag(row.get("genre_tag", "")) for row in iter_rows(root / TAGS)}


READER = McGillBillboardReader()
