"""The iRb corpus of jazz lead sheets (Broze and Shanahan), as a table of chords.

Read from ``irb_chords.tsv`` or from parkR's ``irb.rda``: one row a chord in
the order it is played, repeats and endings already written out. Durations are
beats of the written metre: quarter notes, and dotted quarters in 6/8 (Litha,
where every bar of the tune lasts 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers._metre import quarters_in_bar
from musictrend.corpus.readers._table import Table, find_table, load_table
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.key import Key

__all__ = ["READER", "IrbReader", "parse_key", "row_durations"]


def parse_key(text: str) -> Key | None:
    """Key written as ``F-maj``, ``C-min`` or ``D-dor``; None for what names no major or minor key.

    Examples
    --------
    >>> parse_key("Eb-min"), parse_key("D-chrom"), parse_key("")
    (Key('Eb:minor'), None, None)
    """
    tonic, _, mode = text.strip().partition("-")
    mode = {"dor": "dorian", "mix": "mixolydian", "phry": "phrygian", "lyd": "lydian", "aeol": "aeolian"}.get(
        mode, mode
    )
    if not mode:
        return None
    try:
        return Key.parse(f"{tonic} {mode}")
    except ChordLabelError:
        return None


def row_durations(table: Table, start: int, stop: int, column: str = "duration") -> list[float]:
    """Durations of some rows; `ReaderError` names the first that is no positive number."""
    durations = []
    for row, text in enumerate(table.column(column)[start:stop], start):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < 10_000:
            raise ReaderError(
                f"{column} {text[:40]!r} is no length in beats", place=table.place(row), hint="mend that row"
            )
        durations.append(value)
    return durations


class IrbReader(Reader):
    """iRb: one row a chord, one run of rows a tune."""

    name = "irb"
    title = "iRb jazz standards"
    licence = "as shipped in parkR (MIT); the corpus is by Broze and Shanahan"
    citation = (
        "Broze, Y. & Shanahan, D. (2013). Diachronic changes in jazz harmony: a cognitive perspective. "
        "Music Perception 31(1), 32-45."
    )
    url = "https://github.com/klausfrieler/parkR"
    year_kind = "composition"
    transcription = "lead sheet"
    dialect = "irb"

    def recognises(self, root: Path) -> bool:
        """Whether ``irb_chords.tsv`` or ``irb.rda`` is there."""
        return bool(self._file(root))

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file is the corpus' table."""
        return path.name == self._file(path.parent)

    @staticmethod
    def _file(root: Path) -> str:
        return find_table(root, "irb_chords") or find_table(root, "irb", (".rda", ".csv", ".tsv"))

    def _table(self, root: Path) -> Table:
        name = self._file(root)
        if not name:
            raise ReaderError("neither irb_chords.tsv nor irb.rda", hint="musictrend corpus fetch irb")
        table = load_table(root, name)
        table.require("chord", "id")
        return table

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every tune, in file order."""
        table, name = self._table(root), self._file(root)
        titles, composers = table.column("title"), table.column("composer")
        dates, keys = table.column("date"), table.column("key")
        seen: set[str] = set()
        for (part,), start, stop in table.runs("id"):
            trouble = ""
            if not part:
                trouble = f"{stop - start} rows without id from {table.place(start)} on"
            elif part in seen:
                trouble = f"id {part!r} comes back at {table.place(start)}: rows of a tune must stand together"
            seen.add(part)
            yield Track(
                track_id=part if not trouble else f"{part or 'rows'}@{table.places[start]}",
                path=name,
                part=part,
                title=titles[start],
                artist=composers[start],
                year=parse_year(dates[start]),
                genres=("Jazz",),
                key=parse_key(keys[start]),
                status="failed" if trouble else "ok",
                reason=trouble,
            )

    def read(self, root: Path, tracks: Sequence[Track]) -> Iterator[Annotation]:
        """Read the table once and cut it into tunes."""
        table = self._table(root)
        runs: dict[str, tuple[int, int]] = {}
        for (part,), start, stop in table.runs("id"):
            runs.setdefault(part, (start, stop))
        for track in tracks:
            yield guarded(track.track_id, lambda track=track: self._cut(table, runs, track))

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Chords of one tune."""
        annotation = next(iter(self.read(root, [track])))
        if annotation.problem:
            raise annotation.problem
        return annotation

    def _cut(self, table: Table, runs: dict[str, tuple[int, int]], track: Track) -> Annotation:
        if track.part not in runs:
            raise ReaderError(f"no rows with id {track.part!r} in {table.name}", hint="list the corpus again")
        start, stop = runs[track.part]
        durations = row_durations(table, start, stop)
        metre = table.column("time")[start]
        per_bar = quarters_in_bar(metre)
        beat = 1.5 if metre.strip() in ("6/8", "9/8", "12/8") else 1.0
        durations = [beat * d for d in durations]
        return Annotation(
            track.track_id,
            symbols=table.columns["chord"][start:stop],
            dialect=self.dialect,
            durations=durations,
            onsets=[0.0, *_running_sum(durations)[:-1]],
            unit="quarters",
            bars=None if per_bar != per_bar else [d / per_bar for d in durations],
            keys=track.key,
            places=[table.place(row) for row in range(start, stop)],
            title=track.title,
            artist=track.artist,
        )


def _running_sum(values: Sequence[float]) -> list[float]:
    total, sums = 0.0, []
    for value in values:
        total += value
        sums.append(total)
    return sums


READER = IrbReader()
