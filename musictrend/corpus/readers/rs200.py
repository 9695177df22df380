"""RS200: Roman numerals of 200 rock songs by two analysts, de Clercq and Temperley.

Each song is analysed twice, from the same recording: two tracks of one title
and artist, told apart by ``part`` and ``split`` (``Temperley`` comes first,
so that one analyst speaks for the song where one row a song is kept). The text
grammar is read by `readers._rockgrammar`; ``.tim`` files give the second at
which each bar begins. The tonic alone is written: the mode is that of the
chords on it, see `readers._tonics`. Where only CoCoPops' ``.hum`` files are
there, their ``**harte`` spines are read, one for each analyst.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import iter_rows, read_text, resolve_inside
from musictrend.corpus.readers._humdrum import read_rows
from musictrend.corpus.readers._rockgrammar import expand_rules, parse_bars
from musictrend.corpus.readers._tonics import harte_third, keys_from_tonics
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ReaderError
from musictrend.harmony.pitch import parse_pitch_class

__all__ = ["READER", "RS200Reader", "parse_hum", "parse_rock"]

SAMPLE = "RollingStone_Sample.tsv"
# As packed for tests, in the CoCoPops repository, and in the authors' own archives.
FOLDERS = (
    "original",
    "Resources/OriginalData/IndividualFiles",
    "rs200_harmony_exp",
    "rs200_harmony",
    "rs200_harmony_clt",
)
HUM_FOLDERS = ("humdrum", "Data")
TIME_FOLDERS = ("timing_data", "rs200_timing")
ANALYSTS = {"Temperley": "Temperley", "dt": "Temperley", "deClercq": "deClercq", "tdc": "deClercq"}
HUM_SPINES = ("Temperley", "deClercq")
_TONIC = re.compile(r"\[[A-G][b#]*\]")
# Comments, names of rules and uses of them, marks, bar lines, rests and dots.
_NO_NUMERAL = re.compile(
    r"%.*|^[ \t]*[A-Za-z][\w']*[ \t]*:|\$\S+|\[[^\]\n]*\]|\|(?:\*\d+)?|(?<!\S)[R.](?:\*\d+)?(?!\S)", re.M
)
_NUMERAL = re.compile(r"[b#]*(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?![A-Za-z]{3})")
_FILE = re.compile(r"(?P<song>.+)_(?P<analyst>Temperley|deClercq|dt|tdc)\.(?:txt|har)")


def parse_rock(text: str, track_id: str = "", times: list[float] | None = None) -> Annotation:
    """Chords of one analysis in the rock corpus' grammar.

    Parameters
    ----------
    text : str
    track_id : str
    times : list of float, optional
        Second at which each bar begins, and, where known, at which the last ends.

    Returns
    -------
    annotation : Annotation
        Dialect ``rs200``, in seconds where ``times`` cover every bar, else in bars.

    Raises
    ------
    ReaderError
        When the rules do not spell a song.

    Examples
    --------
    >>> song = parse_rock("[A] i | | bVI V/V |", times=[0.5, 2.5, 4.5, 6.5])
    >>> song.symbols, song.bars, song.durations, song.keys[0]
    (['i', 'bVI', 'V/V'], [2.0, 0.5, 0.5], [4.0, 1.0, 1.0], Key('A:minor'))
    """
    bars, warnings = parse_bars(expand_rules(text))
    song = Annotation(track_id, dialect="rs200", unit="bars", warnings=warnings)
    onsets: list[float] = []
    lengths: list[float] = []
    places: list[str] = []
    tonics: list[str] = []
    tonic = ""
    for number, bar in enumerate(bars):
        share = 1 / max(len(bar.chords), 1)
        for i, (token, home) in enumerate(bar.chords or [(".", tonic)]):
            tonic = home
            if token == "." and song.symbols:
                lengths[-1] += share
                continue
            song.symbols.append("R" if token == "." else token)  # nothing sounds before the first chord
            onsets.append(number + i * share)
            lengths.append(share)
            places.append(f"bar {number + 1}")
            tonics.append(tonic)
    if not any(symbol != "R" for symbol in song.symbols):
        raise ReaderError("no chord in this file", hint="expected: [C] I | IV V | ...")
    thirds = [_tonic_third(symbol) for symbol in song.symbols]
    song.keys, song.bars, song.places = keys_from_tonics(tonics, thirds, lengths), lengths, places
    song.onsets, song.durations = onsets, lengths
    if times is not None:
        _put_seconds(song, onsets, lengths, times, len(bars))
    return song


def _tonic_third(numeral: str) -> int:
    """Third over the tonic: 1 for ``I``, -1 for ``i``, 0 for any other numeral."""
    match = re.match(r"(I|i)(?![IViv])", numeral)
    if match is None or "/" in numeral or "s4" in numeral:
        return 0
    return 1 if match[1] == "I" else -1


def _put_seconds(song: Annotation, onsets: list[float], lengths: list[float], times: list[float], n_bars: int) -> None:
    """Turn bar positions into seconds; leave bars where the times do not cover them."""
    grid = list(times[: n_bars + 1])
    steps = [after - before for before, after in zip(grid, grid[1:], strict=False)]
    if len(grid) < max(n_bars, 2) or min(steps) <= 0:
        song.warnings.append(("", f"times of {len(times)} bars do not cover {n_bars} bars: seconds left out"))
        return
    if len(grid) == n_bars:
        grid.append(grid[-1] + statistics.median(steps))

    def second(position: float) -> float:
        bar = min(int(position + 1e-9), n_bars - 1)
        return grid[bar] + (position - bar) * (grid[bar + 1] - grid[bar])

    starts = [second(onset) for onset in onsets]
    ends = [second(onset + length) for onset, length in zip(onsets, lengths, strict=True)]
    song.unit, song.onsets = "seconds", starts
    song.durations = [max(end - start, 0.0) for start, end in zip(starts, ends, strict=True)]


def parse_times(text: str) -> list[float]:
    r"""Seconds of the bar lines in a ``.tim`` text; rows without both numbers are passed over.

    Examples
    --------
    >>> parse_times("0.4\t0\n3.8\t1\n\t2\n")
    [0.4, 3.8]
    """
    times = []
    for line in text.splitlines():
        cells = line.split()
        try:
            if len(cells) == 2 and math.isfinite(float(cells[0])) and float(cells[1]) >= 0:
                times.append(float(cells[0]))
        except ValueError:
            continue
    return times


def parse_hum(text: str, analyst: str, track_id: str = "") -> Annotation:
    """Chords of one analyst in a CoCoPops/RollingStone ``.hum`` text.

    The first ``**harte`` spine is Temperley's, the second de Clercq's: so it
    is in 151 of the 152 analyses that are there in both forms. The comments
    below the spines name them the other way round, but they are the same three
    words in every file, also over melodies that the other one wrote down.
    Key marks are tonics alone (``*E:`` over E minor).
    """
    song = Annotation(track_id, dialect="humdrum_harte", unit="bars")
    nth = HUM_SPINES.index(analyst)
    lengths: list[float] = []
    places: list[str] = []
    tonics: list[str] = []
    bar: list[tuple[float, str, str, str]] = []  # whole notes, symbol, place, tonic
    step, tonic, number, spines = 1.0, "", "1", 0

    def close() -> None:
        whole = sum(length for length, *_ in bar)
        for length, symbol, place, home in bar:
            if symbol != ".":
                song.symbols.append(symbol)
                lengths.append(length / whole)
                places.append(place)
                tonics.append(home)
            elif lengths:
                lengths[-1] += length / whole
        bar.clear()

    for row in read_rows(text):
        spines = max(spines, len(row.spines.get("harte", ())))
        if row.kind == "barline":
            close()
            number = re.sub(r"\D", "", row.first("harte", nth)) or number
        elif row.kind == "interpretation":
            mark = row.first("harte", nth)
            if match := re.fullmatch(r"\*([A-Ga-g])([#-]*):", mark):
                tonic = match[1].upper() + match[2].replace("-", "b")
            elif match := re.fullmatch(r"\*tb(\d+)(\.?)", mark):
                step = 1 / max(int(match[1]), 1) * (1.5 if match[2] else 1)
        elif row.kind == "data":
            symbol = "N" if row.first("harm", nth) == "r" else row.first("harte", nth)
            bar.append((step, symbol, f"line {row.line}, bar {number}", tonic))
    close()
    if spines <= nth:
        raise ReaderError(f"no **harte spine of {analyst}", hint="two are expected, Temperley's first")
    if not song.symbols:
        raise ReaderError(f"no chord of {analyst} in this file")
    thirds = [
        harte_third(symbol.replace("-", "b"), parse_pitch_class(home)) if home else 0
        for symbol, home in zip(song.symbols, tonics, strict=True)
    ]
    song.keys = keys_from_tonics(tonics, thirds, lengths)
    song.bars, song.places, song.durations = lengths, places, lengths
    return song


class RS200Reader(Reader):
    """One analysis is one track; the second analyst's is a track of the same song."""

    name = "rs200"
    title = "RS200: Rolling Stone corpus of rock harmony"
    licence = "CC BY 4.0"
    citation = (
        "de Clercq, Temperley (2011). A corpus analysis of rock harmony. Popular Music 30(1), 47-70; "
        "Temperley, de Clercq (2013). Statistical analysis of harmony and melody in rock music. "
        "Journal of New Music Research 42(3), 187-204."
    )
    url = "http://rockcorpus.midside.com"
    year_kind = "release"
    transcription = "analysis"
    dialect = "rs200"
    suffixes = (".har",)
    shared_suffixes = (".txt", ".hum")
    holds_many = True

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a ``.hum`` has two ``**harte`` spines; whether other text is numerals in bars under a tonic mark."""
        if path.suffix.lower() == ".hum":
            spines = next((line for line in head.splitlines() if line.startswith("**")), "").split("\t")
            return spines.count("**harte") == len(HUM_SPINES)
        if _TONIC.search(head) is None or "|" not in head:
            return False
        words = _NO_NUMERAL.sub(" ", head).split()
        numerals = sum(_NUMERAL.match(word) is not None for word in words)
        return 0.9 * len(words) <= numerals > 0

    def recognises(self, root: Path) -> bool:
        """The sample's table beside analyses, or the authors' own folders of them."""
        if (root / SAMPLE).is_file():
            return any((root / name).is_dir() for name in (*FOLDERS, *HUM_FOLDERS))
        return any((root / name).is_dir() for name in FOLDERS if name.startswith("rs200"))

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every analysis, by song, Temperley's before de Clercq's."""
        sample = list(iter_rows(root / SAMPLE, delimiter="\t")) if (root / SAMPLE).is_file() else []
        by_name = {row.get("Filename", ""): row for row in sample}
        # Jimi Hendrix stands with and without his Experience: title and year of a file name still find him.
        by_song = {row.get("Filename", "").partition("_")[2]: row for row in sample}
        for (song, analyst), path in sorted(_find_files(root).items()):
            row = by_name.get(song) or by_song.get(song.partition("_")[2], {})
            artist, title, year = _split_name(song)
            rank = row.get("Rolling Stone Rank", "").strip()
            yield Track(
                track_id=f"{song}_{analyst}",
                path=path,
                part=analyst,
                split=analyst,
                title=row.get("Title", "").strip() or title,
                artist=row.get("Artist", "").strip() or artist,
                year=parse_year(row.get("Release Year", "").strip() or year),
                year_kind=self.year_kind,
                genres=("Rock",),
                exposure={"rolling_stone_rank": float(rank)} if rank.isdigit() else {},
                transcription=self.transcription,
                reader=self.name,
            )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The chords of one analysis, with bars, keys, and seconds where a ``.tim`` file is there."""
        path = resolve_inside(root, track.path)
        if path.suffix.lower() == ".hum":
            # A piece of a single file bears the song's name before the analyst's.
            analyst = track.part.rpartition("_")[2] or HUM_SPINES[0]
            return parse_hum(read_text(path), analyst, track.track_id)
        return parse_rock(read_text(path), track.track_id, _times(path, root))

    def read_file(self, path: Path) -> list[Annotation]:
        """The analysis of a text, in seconds where its ``.tim`` is near; of a ``.hum``, both, Temperley's first."""
        text = read_text(path)
        match = _FILE.fullmatch(path.name)
        song = _song(path)
        if path.suffix.lower() == ".hum":
            found = [parse_hum(text, analyst, f"{song}_{analyst}") for analyst in HUM_SPINES]
        else:
            name = f"{song}_{ANALYSTS[match['analyst']]}" if match else song
            found = [parse_rock(text, name, _times(path, path.parent.parent))]
        for annotation in found:
            annotation.artist, annotation.title, annotation.year = _split_name(song)
        return found


def _song(path: Path) -> str:
    """Name of the song that a file is an analysis of."""
    match = _FILE.fullmatch(path.name)
    return match["song"] if match else path.stem.removesuffix(".lyrics")


def _times(path: Path, root: Path) -> list[float] | None:
    """Seconds of the bars, from the ``.tim`` beside an analysis or in the corpus' folder of them."""
    folders = (path.parent, *(root / name for name in TIME_FOLDERS))
    timing = next((found for folder in folders if (found := folder / f"{_song(path)}.tim").is_file()), None)
    return parse_times(read_text(timing)) if timing is not None else None


def _find_files(root: Path) -> dict[tuple[str, str], str]:
    """(song, analyst) -> path; the authors' text wins over Humdrum made from it."""
    found: dict[tuple[str, str], str] = {}
    for folder in FOLDERS:
        if (root / folder).is_dir():
            for path in sorted((root / folder).iterdir()):
                if match := _FILE.fullmatch(path.name):
                    found.setdefault((match["song"], ANALYSTS[match["analyst"]]), path.relative_to(root).as_posix())
    if not found:
        for folder in HUM_FOLDERS:
            if (root / folder).is_dir():
                for path in sorted((root / folder).glob("*.hum")):
                    song = path.name.removesuffix(".hum").removesuffix(".lyrics")
                    for analyst in HUM_SPINES:
                        found.setdefault((song, analyst), path.relative_to(root).as_posix())
    return found


def _split_name(song: str) -> tuple[str, str, str]:
    """Artist, title and year of a file name; the authors' own names are the title alone."""
    parts = song.split("_")
    if len(parts) == 3 and re.fullmatch(r"\d{4}", parts[2]):
        artist, title = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", part) for part in parts[:2])
        return artist, title, parts[2]
    return "", song.replace("_", " "), ""


READER = RS200Reader()
