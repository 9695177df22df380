"""chorrrds: chord charts of Brazilian songs from Cifra Club, one row a chord.

Read from ``all.csv``/``all.rda`` (date, music, popul, chord, key, artist) and
``genre.csv``/``genre.rda`` (artist, genre). Only the order of chords is known.

Two columns are not what their names say. ``key`` is a key signature without
mode: songs that end on a minor chord end on the *relative* minor of it 17
times as often as on its own (746 against 44 of 7,382), so no key is passed on
and keys are estimated from the chords. ``date`` is an album's release date,
re-issues included, and is missing for about one song in four.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers._table import Table, find_table, load_table
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ReaderError

__all__ = ["READER", "ChorrrdsReader"]


class ChorrrdsReader(Reader):
    """chorrrds: a track is a run of rows with one artist and one song."""

    name = "chorrrds"
    title = "chorrrds: chords of Brazilian songs"
    licence = "MIT (package data; charts by users of Cifra Club)"
    citation = "Wundervald, B. & Trecenti, J. chorrrds: music chords analysis. R package."
    url = "https://github.com/r-music/chorrrds"
    year_kind = "release"
    transcription = "user chart"
    dialect = "cifra"

    def recognises(self, root: Path) -> bool:
        """Whether ``all.csv`` or ``all.rda`` is there, and the header of the CSV is chorrrds'."""
        name = find_table(root, "all", (".csv", ".rda"))
        if name.endswith(".csv"):
            with (root / name).open("rb") as file:
                head = file.readline(500)
            return b"music" in head and b"popul" in head and b"chord" in head
        return bool(name) and bool(find_table(root, "genre", (".csv", ".rda")))

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file is one of the corpus' tables."""
        return path.stem in ("all", "genre") and self.recognises(path.parent)

    def _table(self, root: Path) -> Table:
        name = find_table(root, "all", (".csv", ".rda"))
        if not name:
            raise ReaderError("neither all.csv nor all.rda", hint="musictrend corpus fetch chorrrds")
        table = load_table(root, name)
        table.require("artist", "music", "chord")
        return table

    @staticmethod
    def _genres(root: Path) -> dict[str, str]:
        name = find_table(root, "genre", (".csv", ".rda"))
        if not name:
            return {}
        table = load_table(root, name)
        table.require("artist", "genre")
        return {a.strip(): g.strip() for a, g in zip(table.columns["artist"], table.columns["genre"], strict=True)}

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every song, in file order; the id is the chart's address on Cifra Club, artist before song."""
        table, genres = self._table(root), self._genres(root)
        dates, popularity = table.column("date"), table.column("popul")
        seen: set[tuple[str, ...]] = set()
        versions: dict[str, int] = {}
        for cells, start, stop in table.runs("artist", "music"):
            artist, song = cells[0].strip(), cells[1].strip()
            trouble = ""
            if not artist or not song:
                trouble = f"{stop - start} rows without artist or song from {table.place(start)} on"
            elif cells in seen:
                trouble = f"{song!r} comes back at {table.place(start)}: rows of a song must stand together"
            seen.add(cells)
            # A second chart of the same song differs in blanks alone.
            version = versions[song] = versions.get(song, 0) + 1
            track_id = song if version == 1 else f"{song} ({version})"
            yield Track(
                track_id=f"{song or 'rows'}@{table.places[start]}" if trouble else track_id,
                path=table.name,
                part=f"{cells[0]}\t{cells[1]}",
                title=song.removeprefix(artist).strip() or song,
                artist=artist,
                year=parse_year(dates[start]),
                genres=(genres[artist],) if genres.get(artist) else (),
                popularity=_number(popularity[start]),
                status="failed" if trouble else "ok",
                reason=trouble,
            )

    def read(self, root: Path, tracks: Sequence[Track]) -> Iterator[Annotation]:
        """Read the table once and cut it into songs."""
        table = self._table(root)
        runs: dict[str, tuple[int, int]] = {}
        for cells, start, stop in table.runs("artist", "music"):
            runs.setdefault("\t".join(cells), (start, stop))
        for track in tracks:
            yield guarded(track.track_id, lambda track=track: self._cut(table, runs, track))

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Chords of one song."""
        annotation = next(iter(self.read(root, [track])))
        if annotation.problem:
            raise annotation.problem
        return annotation

    def _cut(self, table: Table, runs: dict[str, tuple[int, int]], track: Track) -> Annotation:
        if track.part not in runs:
            raise ReaderError(f"no rows for {track.track_id!r} in {table.name}", hint="list the corpus again")
        start, stop = runs[track.part]
        chords = [(row, text.strip()) for row, text in enumerate(table.columns["chord"][start:stop], start)]
        written = [(row, text) for row, text in chords if text]
        if not written:
            raise ReaderError("no row of the song has a chord", place=table.place(start))
        blank = len(chords) - len(written)
        return Annotation(
            track.track_id,
            symbols=[text for _, text in written],
            dialect=self.dialect,
            places=[table.place(row) for row, _ in written],
            title=track.title,
            artist=track.artist,
            warnings=[(table.place(start), f"{blank} rows without a chord")] if blank else [],
        )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value else None


READER = ChorrrdsReader()
