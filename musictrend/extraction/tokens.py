"""Whole tables of chord strings at once: from the bytes of a CSV to a `ChordTable`, each distinct symbol read once.

`tokenize_table` gives what the reader and `SymbolReader` give row by row, many times faster: a kernel goes over
the bytes in blocks of bounded size, numbers the symbols with a hash table, and each number is read through the
dialect's grammar once. Rows that are out of the ordinary (bar lines, doubled quotes, letters that are not
ASCII, symbols that cannot be read) are read by the reader itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import MAX_FIELD, MAX_LINE, iter_blocks, resolve_inside
from musictrend.corpus.problem import Problem
from musictrend.corpus.readers.chordonomicon import iter_records, read_columns, split_record
from musictrend.corpus.readers.chordstrings import parse_chord_string
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.extraction.annotation import SymbolReader
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import read_symbol
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable, LabelTable

__all__ = ["TokenizedTable", "is_whole_table", "read_whole_table", "tokenize_table"]

BLOCK = 2**20  # bytes read at a time
WHOLE_FROM = 2000  # rows; of fewer only those wanted are read, without the kernel
MAX_SYMBOLS = 2**20  # a table with more different words than that holds no chords


@dataclass(frozen=True)
class TokenizedTable:
    """Every row of a table of chord strings.

    Attributes
    ----------
    chords : ChordTable, n rows
        In the order of the file; rows that failed have no chords.
    begin : int64 array, shape (n,)
        Byte at which each row begins.
    failures : dict of row number to ReaderError
    problems : list of Problem
        One for each unreadable symbol of each row, with its count and first place.
    problem_rows : list of int
        The row of each problem.
    cells : dict of column name to list of str, n
        Further columns, as asked for; ``""`` in rows that failed.
    """

    chords: ChordTable
    begin: np.ndarray
    failures: dict[int, ReaderError]
    problems: list[Problem]
    problem_rows: list[int]
    cells: dict[str, list[str]] = field(default_factory=dict)


def tokenize_table(
    path: Path,
    *,
    dialect: str = "chordonomicon",
    prefix: str = "",
    columns: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> TokenizedTable:
    r"""Read a CSV with a column ``chords`` of chord strings such as ``<verse_1> C G/B Amin F``.

    Memory is bounded by the result (four bytes a chord and the ids), whatever the size of the file.

    Parameters
    ----------
    path : Path
        Quoted cells may hold commas, doubled quotes and line ends; columns may come in any order.
    dialect : str
    prefix : str
        Put before the ids of the column ``id``; a row without one is ``line-N``.
    columns : sequence of str
        Further columns whose text is wanted; those that the table does not have are empty.
    progress : callable, optional
        Called with the number of rows done, block by block.

    Returns
    -------
    table : TokenizedTable

    Raises
    ------
    ReaderError
        Without a column ``chords``.
    UnsafeFileError
        At a line longer, or more different symbols, than any table of chords has.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "songs.csv"
    >>> _ = file.write_text('id,chords\n7,<intro_1> C Fsmin\n8,"C, H7 G"\n')
    >>> table = tokenize_table(file)
    >>> table.chords.track_ids, table.chords.labels.text, table.chords.label.tolist()
    (('7', '8'), ('C:maj', 'F#:min', 'X', 'G:maj'), [0, 1, 0, 2, 3])
    >>> table.problems[0].reason
    "1 of 3 symbols cannot be read: 'H7'"
    """
    return _Tokenizer(Path(path), dialect, prefix, columns).run(progress)


def is_whole_table(reader: str, tracks: Sequence[Track]) -> bool:
    """Whether tracks are so many rows of one table of chord strings that it is quicker to read all of it."""
    return (
        reader == "chordonomicon"
        and len(tracks) >= WHOLE_FROM
        and not any(t.chords for t in tracks)
        and (len({(t.path, t.reader, t.key, t.source_kind) for t in tracks}) == 1)
    )


def read_whole_table(
    corpus: str, root: Path, tracks: Sequence[Track]
) -> tuple[ChordTable, dict[str, str], list[Problem]]:
    """The chords of tracks that are rows of one table, in their order.

    Returns
    -------
    chords : ChordTable
        Ids have ``corpus/`` before them; tracks that failed have no chords.
    reasons : dict
        Track id to why it failed.
    problems : list of Problem
    """
    name = tracks[0].path
    found = tokenize_table(resolve_inside(root, name), prefix=f"{corpus}/")
    begin = np.array([int(track.part) for track in tracks], dtype=np.int64)
    row = np.minimum(np.searchsorted(found.begin, begin), max(len(found.begin) - 1, 0))
    ids = [f"{corpus}/{track.track_id}" for track in tracks]
    lost = {
        i
        for i, (track_id, number) in enumerate(zip(ids, row.tolist(), strict=True))
        if not len(found.begin) or found.begin[number] != begin[i] or found.chords.track_ids[number] != track_id
    }
    kept = [number for i, number in enumerate(row.tolist()) if i not in lost]
    chords = found.chords.select(kept)
    reasons: dict[str, str] = {}
    problems = []
    for i, (track_id, number) in enumerate(zip(ids, row.tolist(), strict=True)):
        error = found.failures.get(number)
        if i in lost:
            plain = tracks[i].track_id
            error = ReaderError(
                f"row {plain} is not where it was when the corpus was listed", hint="the file changed: list it again"
            )
        if error is not None:
            reasons[track_id] = error.reason
            problems.append(Problem("chords", track_id, name, error.place, error.reason, error.hint))
    if lost:
        blank = ChordTable.from_sequences([ChordSequence((), track_id=ids[i]) for i in sorted(lost)])
        chords = ChordTable.concatenate([chords, blank])
        place = {track_id: i for i, track_id in enumerate(chords.track_ids)}
        chords = chords.select([place[track_id] for track_id in ids])
    wanted = set(kept)
    told = [p for p, number in zip(found.problems, found.problem_rows, strict=True) if number in wanted]
    return chords, reasons, problems + told


class _Tokenizer:
    """The state of one pass over a file."""

    def __init__(self, path: Path, dialect: str, prefix: str, columns: Sequence[str]) -> None:
        self.path, self.dialect, self.prefix = path, dialect, prefix
        rows = iter_records(path)
        self.names = read_columns(next(rows, None))
        self.first = next(rows, None)  # the row that the kernel begins at
        self.place = {name: i for i, name in enumerate(self.names)}  # of two columns of a name the last counts
        wanted = [name for name in dict.fromkeys(("id", *columns)) if name in self.place]
        self.slots = {name: i for i, name in enumerate(wanted)}
        self.cells: dict[str, list[str]] = {name: [] for name in dict.fromkeys(("id", *columns))}
        self.symbols = SymbolReader()
        self.problem_rows: list[int] = []
        self.failures: dict[int, ReaderError] = {}
        self.codes: dict[str, int] = {}  # label -> row of the label table
        self.chords: list[Chord] = []
        self.label_of_symbol = np.zeros(0, dtype=np.int32)  # -1 for one that cannot be read
        self.parts: list[np.ndarray] = []
        self.lengths: list[np.ndarray] = []
        self.begin: list[np.ndarray] = []
        self.ids: list[str] = []
        self.in_order = True  # labels are numbered as they are met in the table

    def run(self, progress: Callable[[int], None] | None) -> TokenizedTable:
        from musictrend.extraction import token_kernels as kernels

        for block in self._blocks() if self.first else ():
            self._take_block(block, kernels)
            if progress is not None:
                progress(len(self.ids))
        lengths = np.concatenate([np.zeros(1, np.int64), *self.lengths])
        label = np.empty(int(lengths.sum()), dtype=np.int32)
        at = 0
        self.parts.reverse()
        while self.parts:
            part = self.parts.pop()  # not twice in memory
            label[at : at + len(part)] = part
            at += len(part)
        used = self.chords
        if not self.in_order:
            order = np.full(len(self.chords), -1, dtype=np.int32)
            n = kernels.find_first_use(label, order)
            kernels.renumber(label, order)
            used = [self.chords[i] for i in np.argsort(np.where(order < 0, len(order), order), kind="stable")[:n]]
        table = ChordTable.from_codes(self.ids, np.cumsum(lengths), LabelTable.from_chords(used), label)
        begin = np.concatenate([np.zeros(0, np.int64), *self.begin])
        return TokenizedTable(table, begin, self.failures, self.symbols.problems, self.problem_rows, self.cells)

    def _blocks(self) -> Iterator[dict[str, Any]]:
        """What the kernel says of one block of whole rows after the other."""
        from musictrend.extraction import token_kernels as kernels

        assert self.first is not None
        words = np.zeros((2 * MAX_LINE + BLOCK) // 8, dtype="<u8")
        data = words.view(np.uint8)
        n_rows = max(BLOCK // 16, 16)
        row_begin, row_end, row_line, row_codes = (np.empty(n_rows, dtype=np.int64) for _ in range(4))
        row_mark = np.empty(n_rows, dtype=np.uint8)
        spans = np.zeros((len(self.slots) or 1, n_rows, 2), dtype=np.int64)
        codes = np.empty(len(data) // 2 + 1, dtype=np.int32)
        slot_of = np.array([self.slots.get(n, -1) if self.place[n] == i else -1 for i, n in enumerate(self.names)])
        table = _SymbolTable(2**15)
        blocks = iter_blocks(self.path, BLOCK, offset=self.first[0])
        base, line, size, n_symbols = self.first[0], self.first[1], 0, 0
        ended = False
        while size or not ended:
            if not ended and size <= MAX_LINE:
                block = next(blocks, b"")
                ended = not block
                data[size : size + len(block)] = np.frombuffer(block, dtype=np.uint8)
                size += len(block)
            used, n, n_symbols, line, why = kernels.tokenize_rows(
                data, words, size, ended, len(self.names), self.place["chords"], slot_of, MAX_LINE, MAX_FIELD, CLASSES,
                table.low, table.high, table.code, table.symbol_low, table.symbol_high, n_symbols, line,
                codes, row_begin, row_end, row_line, row_codes, row_mark, spans,
            )  # fmt: skip
            self._learn(table, n_symbols)
            if n:
                yield {
                    "data": data, "base": base, "begin": row_begin[:n], "end": row_end[:n], "line": row_line[:n],
                    "codes": codes[: row_codes[n - 1]], "stop": row_codes[:n], "mark": row_mark[:n],
                    "spans": spans[:, :n],
                }  # fmt: skip
            if why == kernels.TOO_LONG:
                raise UnsafeFileError(
                    f"a line of more than {MAX_LINE:,} characters",
                    place=f"byte {base + used}",
                    hint="is this the right file?",
                )
            if why == kernels.FULL:
                table = table.grown(n_symbols, kernels)
            data[: size - used] = data[used:size].copy()
            base, size = base + used, size - used

    def _learn(self, table: _SymbolTable, n: int) -> None:
        """Read the symbols that are new through the dialect."""
        known = len(self.label_of_symbol)
        if n == known:
            return
        new = np.full(n - known, -1, dtype=np.int32)
        for i in range(known, n):
            chord, problem = read_symbol(table.text(i), self.dialect)
            if not problem:
                new[i - known] = self._code(chord)
        self.label_of_symbol = np.concatenate([self.label_of_symbol, new])

    def _code(self, chord: Chord) -> int:
        code = self.codes.setdefault(chord.label, len(self.chords))
        if code == len(self.chords):
            self.chords.append(chord)
        return code

    def _take_block(self, block: dict[str, Any], kernels: Any) -> None:
        """Labels, ids and cells of a block's rows."""
        stop, mark = block["stop"], block["mark"]
        lengths = np.diff(stop, prepend=0)
        label = self.label_of_symbol[block["codes"]]
        unread = np.flatnonzero(label < 0)
        if len(unread):
            mark[np.searchsorted(stop, unread, side="right")] |= kernels.ODD
        first_row = len(self.ids)
        for name in self.cells:
            self.cells[name] += self._texts(block, name, kernels)
        ids = list(map(str.strip, self.cells["id"][first_row:]))
        if not all(ids):
            ids = [text or f"line-{line}" for text, line in zip(ids, block["line"].tolist(), strict=True)]
        self.ids += [self.prefix + text for text in ids] if self.prefix else ids
        odd = np.flatnonzero(mark)
        inserted: list[np.ndarray] = []
        if len(odd):
            self.in_order = False
            keep = np.repeat((mark == 0), lengths)
            label, lengths = label[keep], np.where(mark == 0, lengths, 0)
            places = np.cumsum(lengths)[odd]  # rows out of the ordinary have nothing there yet
            inserted = [self._read_odd(block, int(row), first_row) for row in odd]
            lengths[odd] = [len(codes) for codes in inserted]
            label = np.insert(label, np.repeat(places, lengths[odd]), np.concatenate(inserted))
        for row in np.flatnonzero((lengths == 0) & (mark == 0)).tolist():
            self._fail(
                first_row + row, ReaderError("no chords in the row", place=f"row {self._plain_id(first_row + row)}")
            )
        small = len(self.chords) < 2**15
        self.parts.append(label.astype(np.int16 if small else np.int32))
        self.lengths.append(lengths)
        self.begin.append(block["begin"] + block["base"])

    def _texts(self, block: dict[str, Any], name: str, kernels: Any) -> list[str]:
        """A column's text in every row of a block, ``""`` for rows that are read apart."""
        n = len(block["mark"])
        if name not in self.slots:
            return [""] * n
        spans = block["spans"][self.slots[name]]
        spans[block["mark"] != 0] = 0
        out = np.empty(int((spans[:, 1] - spans[:, 0]).sum()) + n, dtype=np.uint8)
        used = kernels.join_cells(block["data"], spans, out)
        text = out[:used].tobytes().decode("ascii")
        texts = text.split("\n")[:-1]
        if len(texts) != n:  # line ends inside cells
            data = block["data"]
            texts = [bytes(data[a:b]).decode("ascii") for a, b in spans.tolist()]
        return texts

    def _plain_id(self, row: int) -> str:
        return self.ids[row].removeprefix(self.prefix)

    def _fail(self, row: int, error: ReaderError) -> None:
        self.failures[row] = error

    def _read_odd(self, block: dict[str, Any], row: int, first_row: int) -> np.ndarray:
        """Codes of a row that the reader itself must read."""
        number = first_row + row
        data = bytes(block["data"][block["begin"][row] : block["end"][row]])
        line = int(block["line"][row])
        cells, problem = split_record(data)
        found = dict(zip(self.names, cells, strict=False))
        track_id = found.get("id", "").strip() or f"line-{line}"
        self.ids[number] = f"{self.prefix}{track_id}"
        for name in self.cells:
            self.cells[name][number] = found.get(name, "")
        none = np.zeros(0, dtype=np.int32)
        if len(cells) != len(self.names):
            reason = f"line {line}: {problem or f'{len(cells)} cells, the header has {len(self.names)}'}"
            self._fail(number, ReaderError(reason))
            return none
        try:
            symbols, sections = parse_chord_string(found["chords"])
            if not symbols:
                raise ReaderError("no chords in the row", place=f"row {track_id}")
            annotation = Annotation(self.ids[number], symbols, self.dialect, places=sections)
            sequence = self.symbols.read(annotation, self.path.name)
            self.problem_rows += [number] * (len(self.symbols.problems) - len(self.problem_rows))
        except (ReaderError, *MALFORMED) as error:
            self._fail(number, as_reader_error(error))
            return none
        code_of = {s: self._code(c) for s, c in dict(zip(symbols, sequence.chords, strict=True)).items()}
        return np.array([code_of[symbol] for symbol in symbols], dtype=np.int32)


class _SymbolTable:
    """The kernel's hash table of symbols, and the symbols in the order of their codes."""

    def __init__(self, size: int) -> None:
        self.low, self.high = (np.zeros(size, dtype=np.uint64) for _ in range(2))
        self.code = np.full(size, -1, dtype=np.int64)
        self.symbol_low, self.symbol_high = (np.zeros(size // 2 + 1, dtype=np.uint64) for _ in range(2))

    def text(self, code: int) -> str:
        """The symbol of a code."""
        pair = int(self.symbol_low[code]) | int(self.symbol_high[code]) << 64
        return pair.to_bytes(16, "little").rstrip(b"\0").decode("ascii")

    def grown(self, n: int, kernels: Any) -> _SymbolTable:
        """Four times as large."""
        if n >= MAX_SYMBOLS:
            raise UnsafeFileError(f"more than {n:,} different symbols", hint="is this a table of chords?")
        larger = _SymbolTable(4 * len(self.code))
        larger.symbol_low[:n], larger.symbol_high[:n] = self.symbol_low[:n], self.symbol_high[:n]
        kernels.rebuild_table(larger.symbol_low, larger.symbol_high, n, larger.low, larger.high, larger.code)
        return larger


def _byte_classes() -> np.ndarray:
    """Class of each byte inside a cell of chords, as the kernel numbers them: uint8 array, shape (256,)."""
    classes = np.full(256, 8, dtype=np.uint8)  # to be read by Python
    for byte in range(33, 127):
        classes[byte] = 0 if chr(byte).isalnum() else 1
    classes[[ord(c) for c in "|;%>"]] = 8
    for text, number in ((" \t\v\f", 2), ("<", 3), ("\r", 4), ("\n", 5), (",", 6), ('"', 7)):
        classes[[ord(c) for c in text]] = number
    return classes


CLASSES = _byte_classes()
