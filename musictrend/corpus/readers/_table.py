"""Tables of text, one row a chord: CSV, TSV and R's ``.rda``, all as columns of strings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.files import MAX_FIELD, read_text, resolve_inside
from musictrend.corpus.readers._rda import read_frames
from musictrend.errors import ReaderError

__all__ = ["Table", "find_table", "load_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text with the place of each row (``"line 17"``, ``"row 17"``)."""

    columns: dict[str, list[str]]
    places: Sequence[int]
    place_word: str
    name: str

    def __len__(self) -> int:
        return len(self.places)

    def place(self, row: int) -> str:
        """Where a row stands in its file."""
        return f"{self.place_word} {self.places[row]}"

    def column(self, name: str) -> list[str]:
        """A column, or empty text for a column that is not there."""
        return self.columns.get(name) or [""] * len(self)

    def require(self, *names: str) -> None:
        """Raise `ReaderError` naming the columns that are missing and those there are."""
        absent = [n for n in names if n not in self.columns]
        if absent:
            raise ReaderError(
                f"{self.name} has no column {', '.join(map(repr, absent))}; it has {', '.join(self.columns)[:200]}",
                place="line 1",
                hint="fetch the file again, or rename its columns as the README of the corpus says",
            )

    def runs(self, *names: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """Neighbouring rows with equal cells in these columns: (cells, first row, row after the last)."""
        cells = list(zip(*(self.column(n) for n in names), strict=True))
        start = 0
        for row in range(1, len(cells) + 1):
            if row == len(cells) or cells[row] != cells[start]:
                yield cells[start], start, row
                start = row


def find_table(root: Path, stem: str, suffixes: Sequence[str] = (".csv", ".tsv", ".rda")) -> str:
    """Name of the file that holds a table, in whichever form it is there; ``""`` when absent."""
    return next((stem + s for s in suffixes if (root / (stem + s)).is_file()), "")


def load_table(root: Path, name: str) -> Table:
    """Read a table file of a corpus; the most recent ones are kept per process.

    Raises
    ------
    ReaderError
        When the file is empty, damaged or no table.
    """
    path = resolve_inside(root, name)
    state = path.stat()
    return _load(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _load(path: Path, mtime: int, size: int) -> Table:
    return _read_r(path) if path.suffix.lower() in (".rda", ".rdata") else _read_delimited(path)


def _read_delimited(path: Path) -> Table:
    text = read_text(path)
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(("\t", ",", ";"), key=head.count)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    places, rows = [], []
    try:
        names = next(reader, [])
        width = len(names)
        for row in reader:
            if row:
                places.append(reader.line_num)
                # Short rows are padded, cells beyond the header dropped.
                rows.append(row if len(row) == width else (row + [""] * width)[:width])
    except csv.Error as error:
        raise ReaderError(f"not a table: {error}", place=f"line {reader.line_num}") from None
    columns = [list(c) for c in zip(*rows, strict=True)] if rows else [[] for _ in names]
    return Table(dict(zip(names, columns, strict=True)), places, "line", path.name)


def _read_r(path: Path) -> Table:
    """The longest data frame of an ``.rda`` file."""
    frames = read_frames(path)
    columns = max(frames.values(), key=lambda c: len(next(iter(c.values()))))
    return Table(columns, range(1, len(next(iter(columns.values()))) + 1), "row", path.name)
