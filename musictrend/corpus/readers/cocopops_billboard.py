"""CoCoPops/Billboard: McGill Billboard as Humdrum, corrected, with bars, keys and times.

Spines: ``**harm`` (Roman numerals behind a ``**recip`` duration), ``**harte``
(Harte labels with ``-`` for flats: what is read here), ``**timestamp``
(seconds), and more in ``.hum`` and ``.varms.hum`` files. Key marks are
``*E-:`` for major and ``*e-:`` for minor. Rests with a fermata (``1r;``) are
silences outside the bars; the last of them says when the recording ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import iter_rows, read_text, resolve_inside
from musictrend.corpus.readers._humdrum import parse_recip, read_references, read_rows
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

__all__ = ["READER", "CoCoPopsBillboardReader", "parse_harm"]

SAMPLE = "Billboard_Sample.tsv"
FOLDERS = ("humdrum", "Data")  # as packed for tests, and as in the repository
# One song may come with and without melody and ratings: the plainest file that is there is read.
SUFFIXES = (".harm", ".hum", ".varms.hum")
_DURATION = re.compile(r"[\d.%]+")
_KEY = re.compile(r"\*([A-Ga-g][#-]*):")
_METRE = re.compile(r"\*M(\d+)/(\d+)")


def parse_harm(text: str, track_id: str = "") -> Annotation:
    r"""Chords of one Humdrum text of CoCoPops/Billboard.

    Parameters
    ----------
    text : str
    track_id : str

    Returns
    -------
    annotation : Annotation
        In seconds where ``**timestamp`` is there, else in bars; dialect ``humdrum_harte``.

    Raises
    ------
    ReaderError
        Without a ``**harte`` spine, or where time runs backwards.

    Examples
    --------
    >>> text = "**harm\t**harte\t**timestamp\n*M4/4\t*M4/4\t*\n*a:\t*a:\t*\n=1\t=1\t=1\n"
    >>> song = parse_harm(text + "1i\tA:min\t0.5\n1r;\tN\t2.5\n*-\t*-\t*-")
    >>> song.symbols, song.durations, song.bars, song.keys
    (['A:min'], [2.0], [1.0], [Key('A:minor')])
    """
    song = Annotation(track_id, dialect="humdrum_harte", unit="seconds")
    references = read_references(text)
    song.title, song.artist = references.get("OTL", ""), references.get("COC", "")
    onsets: list[float | None] = []
    bars: list[float] = []
    places: list[str] = []
    keys: list[Key | None] = []
    key: Key | None = None
    metre = 1.0  # whole notes in a bar
    bar = "0"
    harte = False
    for row in read_rows(text):
        harte = harte or "harte" in row.spines
        if row.kind == "barline":
            bar = re.sub(r"\D", "", row.first("harte")) or bar
        elif row.kind == "interpretation":
            mark = row.first("harte")
            if match := _KEY.fullmatch(mark):
                key = Key.parse(match[1].replace("-", "b"))
            elif match := _METRE.fullmatch(mark):
                metre = int(match[1]) / max(int(match[2]), 1) or metre
        elif row.kind == "data" and row.first("harte") != ".":
            numeral = row.first("harm")
            silent = "r" in numeral and ";" in numeral
            written = _DURATION.match(numeral)
            length = parse_recip(written[0]) if written and not silent else None
            song.symbols.append(row.first("harte"))
            onsets.append(_seconds(row.first("timestamp"), row.line))
            bars.append(float(length) / metre if length else 0.0)
            places.append(f"line {row.line}, bar {bar}")
            keys.append(key)
    if not harte:
        raise ReaderError("no **harte spine", hint="CoCoPops files have **harm, **harte and **timestamp")
    if not song.symbols:
        raise ReaderError("no chord in the **harte spine", hint="the file may be cut short; fetch it again")
    song.bars, song.places, song.keys = bars, places, keys
    _put_times(song, onsets, bars)
    return song


def _seconds(token: str, line: int) -> float | None:
    """A timestamp; None where there is none."""
    if token in {".", "*", ""}:
        return None
    try:
        return float(token)
    except ValueError:
        raise ReaderError(f"timestamp {token[:20]!r} is no number", place=f"line {line}") from None


def _put_times(song: Annotation, onsets: list[float | None], bars: list[float]) -> None:
    """Durations from one timestamp to the next; the silence that ends the recording is its last time."""
    if any(onset is None for onset in onsets):
        song.unit, song.onsets, song.durations = "bars", None, bars
        return
    times = [onset for onset in onsets if onset is not None]
    for before, after, place in zip(times, times[1:], list(song.places or ())[1:], strict=False):
        if after < before:
            raise ReaderError(f"time runs backwards from {before:g} to {after:g} s", place=place)
    durations = [after - before for before, after in zip(times, times[1:], strict=False)]
    if len(times) > 1 and bars[-1] == 0:
        for column in (song.symbols, song.bars, song.places, song.keys):
            del column[-1]  # type: ignore[union-attr, arg-type]
        times.pop()
    else:
        barred = sum(bars[:-1])
        durations.append(sum(durations) / barred * bars[-1] if barred else 1.0)
        song.warnings.append((str((song.places or [""])[-1]), "no time says when the last chord ends: by its bars"))
    song.onsets, song.durations = times, durations


class CoCoPopsBillboardReader(Reader):
    """One song is one track; its year is that of its first chart date."""

    name = "cocopops_billboard"
    title = "CoCoPops: Billboard subset"
    licence = "none stated; derived from McGill Billboard, CC0"
    citation = (
        "Arthur, Condit-Schultz (2023). The Coordinated Corpus of Popular Musics (CoCoPops): A meta-corpus "
        "of melodic and harmonic transcriptions. ISMIR; Burgoyne, Wild, Fujinaga (2011). ISMIR, 633-638."
    )
    url = "https://github.com/Computational-Cognitive-Musicology-Lab/CoCoPops"
    year_kind = "chart"
    transcription = "full transcription"
    dialect = "humdrum_harte"
    suffixes = (".harm",)
    shared_suffixes = (".hum",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a ``.hum`` has one ``**harte`` spine; two are those of RS200."""
        spines = next((line for line in head.splitlines() if line.startswith("**")), "").split("\t")
        return spines.count("**harte") == 1

    def recognises(self, root: Path) -> bool:
        """The sample's table beside a folder of ``.harm`` files."""
        return (root / SAMPLE).is_file() and any((root / name).is_dir() for name in FOLDERS)

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every song that has a file, by file name."""
        sample = {}
        if (root / SAMPLE).is_file():
            sample = {row.get("Filename", ""): row for row in iter_rows(root / SAMPLE, delimiter="\t")}
        for stem, path in sorted(_find_files(root).items()):
            row = sample.get(stem, {})
            artist, _, title = stem.rpartition("_")[0].partition("_")
            exposure = {
                name: best
                for name, best in (
                    ("peak_rank", _extreme(row.get("Peak Position", ""), min)),
                    ("weeks", _extreme(row.get("Weeks on Chart", ""), max)),
                    ("actual_rank", _extreme(row.get("Actual Rank", ""), min)),
                )
                if best is not None
            }
            yield Track(
                track_id=stem,
                path=path,
                title=row.get("Title", "") or _words(title),
                artist=row.get("Artist", "") or _words(artist),
                year=_first_chart_year(row.get("Chart Date", ""), stem),
                year_kind=self.year_kind,
                popularity=101 - exposure["peak_rank"] if "peak_rank" in exposure else None,
                exposure=exposure,
                transcription=self.transcription,
                reader=self.name,
            )

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The chords of one song."""
        return parse_harm(read_text(resolve_inside(root, track.path)), track.track_id)

    def read_file(self, path: Path) -> list[Annotation]:
        """The chords of one ``.harm`` file; title, artist and year from a name such as Artist_Title_1971."""
        song = parse_harm(read_text(path), path.stem)
        parts = path.stem.split("_")
        if len(parts) == 3 and parts[2].isdigit():
            song.artist, song.title = song.artist or _words(parts[0]), song.title or _words(parts[1])
            song.year = parts[2]
        return [song]


def _find_files(root: Path) -> dict[str, str]:
    """Song -> path of its plainest file, below the root."""
    found: dict[str, tuple[int, str]] = {}
    for folder in FOLDERS:
        if not (root / folder).is_dir():
            continue
        for path in sorted((root / folder).iterdir()):
            for rank in (2, 0, 1):  # .varms.hum ends in .hum too
                if path.name.endswith(SUFFIXES[rank]):
                    stem = path.name.removesuffix(SUFFIXES[rank])
                    if stem not in found or rank < found[stem][0]:
                        found[stem] = rank, path.relative_to(root).as_posix()
                    break
    return {stem: path for stem, (_, path) in found.items()}


def _extreme(text: str, best) -> float | None:
    """Best of several values parted by commas (a song sampled for several chart slots)."""
    values = [float(value) for value in text.split(",") if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value)]
    return best(values) if values else None


def _first_chart_year(dates: str, stem: str) -> Year:
    """Year of the earliest chart date; the file name's where the table has none."""
    years = [year for date in dates.split(",") if (year := parse_year(date)).value is not None]
    return min(years, key=lambda year: year.value or 0) if years else parse_year(stem.rpartition("_")[2])


def _words(name: str) -> str:
    """``"TellItLikeItIs"`` as words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)


READER = CoCoPopsBillboardReader()
