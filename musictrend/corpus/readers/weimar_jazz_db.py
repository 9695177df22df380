"""The Weimar Jazz Database: the changes that soloists played over.

Read from ``wjd_meta`` (a row a solo), as CSV or ``.rda``. The chords of choice
are the *one written chorus* of its column ``chord_changes``: it does not grow
with the length of the solo, it is what a lead sheet writes, and both forms of
the dataset have it. ``wjd_chord_db`` is the same text cut into rows, but shares
every bar evenly (33 of 305 solos differ) and is read only where the text is
missing; ``wjd_beats`` (the chorus again and again, in seconds) where both are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers._metre import quarters_in_bar
from musictrend.corpus.readers._table import Table, find_table, load_table
from musictrend.corpus.readers.irb import parse_key, row_durations
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.corpus.year import parse_year
from musictrend.errors import ReaderError

__all__ = ["READER", "WeimarJazzReader", "split_changes"]

# A chord inside a bar of chord_changes and the blanks after it: one beat, and one more for each blank.
# What starts like no chord is kept as it is, to be counted as unread.
_CHORD = re.compile(r"(NC|[A-G](?:(?!NC|[A-G])[^\s|]|(?<=/)[A-G])*|[^\s|A-GN]+|N)( *)")


def split_changes(text: str) -> list[list[tuple[str, int]]]:
    """Bars of a ``chord_changes`` text: chords and how many beats each lasts.

    Examples
    --------
    >>> split_changes("A1: ||Dbj7   |F-7 Bb7 |F7/ANC  ||")
    [[('Dbj7', 4)], [('F-7', 2), ('Bb7', 2)], [('F7/A', 1), ('NC', 3)]]
    """
    bars = []
    for line in text.splitlines():
        body = line.partition(":")[2] or line
        for bar in body.split("|"):
            chords = [(match[1], 1 + len(match[2])) for match in _CHORD.finditer(bar)]
            if chords:
                bars.append(chords)
    return bars


class WeimarJazzReader(Reader):
    """Weimar Jazz Database: a track is a solo, the artist its performer."""

    name = "weimar_jazz_db"
    title = "Weimar Jazz Database"
    licence = "ODbL 1.0 (database); jazzodata and parkR: MIT"
    citation = (
        "Pfleiderer, M., Frieler, K., Abesser, J., Zaddach, W.-G. & Burkhart, B. (eds.) (2017). "
        "Inside the Jazzomat. Schott Campus."
    )
    url = "https://jazzomat.hfm-weimar.de"
    year_kind = "recording"
    transcription = "lead sheet"
    dialect = "weimar"

    def recognises(self, root: Path) -> bool:
        """Whether ``wjd_meta`` is there as CSV or ``.rda``."""
        return bool(find_table(root, "wjd_meta"))

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file is one of the corpus' tables."""
        return path.stem in ("wjd_meta", "wjd_chord_db", "wjd_beats") and self.recognises(path.parent)

    def _meta(self, root: Path) -> Table:
        name = find_table(root, "wjd_meta")
        if not name:
            raise ReaderError("neither wjd_meta.csv nor wjd_meta.rda", hint="musictrend corpus fetch weimar_jazz_db")
        table = load_table(root, name)
        table.require("id", "performer")
        return table

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every solo, in file order."""
        meta = self._meta(root)
        other = find_table(root, "wjd_chord_db") or find_table(root, "wjd_beats") or meta.name
        changes = meta.column("chord_changes")
        titles, additions = meta.column("title"), meta.column("titleaddon")
        seen: set[str] = set()
        for row, part in enumerate(meta.columns["id"]):
            trouble = "" if part else f"no id at {meta.place(row)}"
            if part in seen:
                trouble = f"id {part!r} is there twice, again at {meta.place(row)}"
            seen.add(part)
            yield Track(
                track_id=f"{part or 'row'}@{meta.places[row]}" if trouble else part.removesuffix("_FINAL.sv"),
                path=meta.name if changes[row].strip() else other,
                part=part,
                title=" ".join(f"{titles[row]} {additions[row]}".split()),
                artist=meta.columns["performer"][row],
                year=parse_year(meta.column("recordingyear")[row]),
                genres=(meta.column("style")[row],) if meta.column("style")[row] else (),
                key=parse_key(meta.column("key")[row]),
                status="failed" if trouble else "ok",
                reason=trouble,
            )

    def read(self, root: Path, tracks: Sequence[Track]) -> Iterator[Annotation]:
        """Read the tables once and cut them into solos."""
        meta = self._meta(root)
        rows = {part: row for row, part in reversed(list(enumerate(meta.columns["id"])))}
        tables: dict[str, tuple[Table, dict[str, tuple[int, int]]]] = {}
        for track in tracks:
            if track.path != meta.name and track.path not in tables:
                table = load_table(root, track.path)
                tables[track.path] = table, {part: (a, b) for (part,), a, b in table.runs("id")}
            yield guarded(track.track_id, lambda track=track: self._cut(meta, rows, tables, track))

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Chords of one solo."""
        annotation = next(iter(self.read(root, [track])))
        if annotation.problem:
            raise annotation.problem
        return annotation

    def _cut(self, meta: Table, rows: dict[str, int], tables: dict, track: Track) -> Annotation:
        if track.part not in rows:
            raise ReaderError(f"no solo {track.part!r} in {meta.name}", hint="list the corpus again")
        row = rows[track.part]
        signature = meta.column("signature")[row].partition(" ")[0]
        if track.path == meta.name:
            annotation = _from_changes(meta, row, signature)
        else:
            table, runs = tables[track.path]
            if track.part not in runs:
                raise ReaderError(f"no chords of {track.part!r} in {table.name}", hint="fetch the file again")
            start, stop = runs[track.part]
            if "chord_change" in table.columns:
                annotation = _from_beats(table, start, stop)
            else:
                annotation = _from_chorus(table, start, stop, signature)
        annotation.track_id, annotation.dialect = track.track_id, self.dialect
        annotation.title, annotation.artist, annotation.keys = track.title, track.artist, track.key
        return annotation


def _in_bars(symbols: list[str], bars: list[float], signature: str, places: list[str]) -> Annotation:
    """Quarter notes where the metre is written, else bars."""
    per_bar = quarters_in_bar(signature)
    known = per_bar == per_bar
    durations = [b * per_bar for b in bars] if known else bars
    return Annotation(
        "",
        symbols=symbols,
        durations=durations,
        unit="quarters" if known else "bars",
        bars=bars,
        places=places,
    )


def _from_chorus(table: Table, start: int, stop: int, signature: str) -> Annotation:
    """The same from ``wjd_chord_db``, whose "beats" are quarters of a bar in every metre."""
    table.require("original", "duration", "bar_number")
    beats = row_durations(table, start, stop)
    numbers = table.columns["bar_number"][start:stop]
    total: dict[str, float] = {}
    for number, beat in zip(numbers, beats, strict=True):
        total[number] = total.get(number, 0.0) + beat
    bars = [beat / total[number] for number, beat in zip(numbers, beats, strict=True)]
    places = [table.place(row) for row in range(start, stop)]
    return _in_bars(table.columns["original"][start:stop], bars, signature, places)


def _from_changes(meta: Table, row: int, signature: str) -> Annotation:
    """One written chorus from the text of the metadata."""
    written = split_changes(meta.column("chord_changes")[row])
    if not written:
        raise ReaderError("no chord changes are written", place=meta.place(row))
    bars = [beats / sum(b for _, b in bar) for bar in written for _, beats in bar]
    places = [f"bar {number}" for number, bar in enumerate(written, 1) for _ in bar]
    return _in_bars([chord for bar in written for chord, _ in bar], bars, signature, places)


def _from_beats(table: Table, start: int, stop: int) -> Annotation:
    """The solo as played, in seconds: a row a beat, a chord where it changes."""
    table.require("onset", "duration", "chord", "bar", "period")
    onsets = [float(x) for x in table.columns["onset"][start:stop]]
    lengths = row_durations(table, start, stop)
    chords, numbers = table.columns["chord"][start:stop], table.columns["bar"][start:stop]
    periods = table.columns["period"][start:stop]
    begins = [i for i, c in enumerate(chords) if c and (i == 0 or c != chords[i - 1])]
    ends = [*begins[1:], len(chords)]
    if not begins:
        raise ReaderError("no beat has a chord", place=table.place(start))
    last = onsets[-1] + lengths[-1]
    beats_in_bar = {n: float(p) for n, p in zip(numbers, periods, strict=True)}
    return Annotation(
        "",
        symbols=[chords[i] for i in begins],
        onsets=[onsets[i] for i in begins],
        durations=[(onsets[j] if j < len(onsets) else last) - onsets[i] for i, j in zip(begins, ends, strict=True)],
        unit="seconds",
        bars=[sum(1 / beats_in_bar[numbers[b]] for b in range(i, j)) for i, j in zip(begins, ends, strict=True)],
        places=[table.place(start + i) for i in begins],
    )


READER = WeimarJazzReader()
