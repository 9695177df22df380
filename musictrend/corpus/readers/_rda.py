"""Data frames of R's ``.rda`` files as columns of text.

The package `rdata` parses the values; nothing in the file is executed and
pickles are never touched. What is added here is a bound on every size, one
object for equal strings, and text straight from the parsed columns: chorrrds'
2.5 million strings take 5 s instead of a minute.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import warnings
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from musictrend.corpus.files import read_bytes
from musictrend.errors import MissingExtraError, ReaderError, UnsafeFileError

__all__ = ["read_frames"]

MAX_BYTES = 512 * 2**20  # unpacked; chorrrds, the largest here, is about 60 MB
MAX_ROWS = 20_000_000
EPOCH = date(1970, 1, 1)


def read_frames(path: Path) -> dict[str, dict[str, list[str]]]:
    """Every data frame of the file: name -> column -> cells, no value being empty text.

    Raises
    ------
    ReaderError
        When the file is damaged or holds no data frame.
    UnsafeFileError
        When it unpacks to more than anybody wrote.
    """
    plain = _unpack(read_bytes(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown R classes stay plain vectors, which is what is wanted
            content = _parse(plain)
        frames = {name: _read_frame(value) for name, value in _pairs(content)}
    except (ImportError, ReaderError):
        raise
    except RecursionError:
        raise UnsafeFileError("R file nested too deep", hint="is this the right file?") from None
    except Exception as error:  # rdata has no base exception of its own
        reason = f"not an R data file: {type(error).__name__}: {error}".splitlines()[0][:200]
        raise ReaderError(reason, hint="fetch the file again") from None
    frames = {name: columns for name, columns in frames.items() if columns}
    if not frames:
        raise ReaderError("no data frame in the R file", hint="is this the right file?")
    return frames


def _unpack(data: bytes) -> bytes:
    """R packs with gzip, bzip2 or xz; unpack to a bounded size."""
    openers: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
    opener = openers.get(data[:2])
    if opener is None:
        return data
    try:
        with opener(io.BytesIO(data)) as file:
            plain = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise ReaderError(f"broken or truncated R file: {error}", hint="fetch the file again") from None
    if len(plain) > MAX_BYTES:
        raise UnsafeFileError(f"R file unpacks to more than {MAX_BYTES:,} bytes: refused", hint="a bomb?")
    return plain


def _parse(plain: bytes) -> Any:
    """Tree of R objects."""
    try:
        from rdata import parser
    except ImportError:
        raise MissingExtraError("reading .rda files needs the package rdata: pip install rdata") from None
    constructors = {name: _bounded(make) for name, make in parser.DEFAULT_ALTREP_MAP.items()}
    try:
        from rdata.parser._xdr import ParserXDR
    except ImportError:  # a later rdata: slower, but right
        return parser.parse_data(plain, extension=".rda", altrep_constructor_dict=constructors).object
    if not plain.startswith((b"RDX2\nX\n", b"RDX3\nX\n")):
        return parser.parse_data(plain, extension=".rda", altrep_constructor_dict=constructors).object

    class SharingParser(ParserXDR):
        """One object for equal strings: a table repeats few words often."""

        shared: dict[bytes, Any] = {}

        def parse_R_object(self, reference_list=None, bytecode_rep_list=None, info_int=None):
            if info_int is None:
                start = self.file.tell()
                head = self.file.read(8)
                # CHARSXP (type 9) without attributes: flags, length, bytes.
                if len(head) == 8 and head[3] == 9 and not head[2] & 2:
                    length = int.from_bytes(head[4:], "big", signed=True)
                    key = head + self.file.read(max(length, 0))
                    found = self.shared.get(key)
                    if found is not None:
                        return found
                    self.file.seek(start)
                    found = self.shared[key] = super().parse_R_object(reference_list, bytecode_rep_list)
                    return found
                self.file.seek(start)
            return super().parse_R_object(reference_list, bytecode_rep_list, info_int)

    reader = SharingParser(memoryview(plain)[7:], expand_altrep=True, altrep_constructor_dict=constructors)
    if not isinstance(getattr(reader, "file", None), io.BytesIO):
        return parser.parse_data(plain, extension=".rda", altrep_constructor_dict=constructors).object
    reader.shared = {}
    return reader.parse_all().object


def _bounded(make: Any) -> Any:
    """Refuse compact sequences (1:n in twenty bytes) that no table has."""

    def construct(state: Any) -> Any:
        if state.info.type.name in ("INT", "REAL") and len(state.value) == 3 and not 0 <= state.value[0] <= MAX_ROWS:
            raise UnsafeFileError(f"R file with a sequence of {state.value[0]} numbers: refused", hint="a bomb?")
        return make(state)

    return construct


def _pairs(node: Any) -> list[tuple[str, Any]]:
    """Names and values of a pairlist."""
    found = []
    while node is not None and isinstance(node.value, tuple) and len(node.value) == 2:
        if node.tag is not None:
            tag = node.tag.referenced_object or node.tag
            found.append((_text(tag.value), node.value[0]))
        node = node.value[1]
    return found


def _attributes(node: Any) -> list[tuple[str, Any]]:
    return _pairs(node.attributes) if node.attributes is not None else []


def _classes(attributes: dict[str, Any]) -> set[str]:
    """R classes of an object."""
    return {_text(c) for c in attributes["class"].value} if "class" in attributes else set()


def _text(char: Any) -> str:
    """Text of an R string; NA is empty."""
    if char is None or char.value is None:
        return ""
    data = char.value
    return data if isinstance(data, str) else data.decode("latin-1" if char.info.gp & 4 else "utf-8", "replace")


def _read_frame(node: Any) -> dict[str, list[str]]:
    """Columns of a data frame; empty for what is none."""
    attributes = dict(_attributes(node))
    if "data.frame" not in _classes(attributes) or not isinstance(node.value, list):
        return {}
    names = [_text(c) for c in attributes["names"].value]
    columns = {name: _read_column(value) for name, value in zip(names, node.value, strict=True)}
    rows = max((len(c) for c in columns.values()), default=0)
    # Columns that are no plain vector (lists in cells, nested frames) have no cells and are left out.
    return {name: cells for name, cells in columns.items() if len(cells) == rows} if rows <= MAX_ROWS else {}


def _read_column(node: Any) -> list[str]:
    """Cells as text: strings, factors by their levels, dates as ISO, numbers as Python writes them."""
    attributes = dict(_attributes(node))
    classes = _classes(attributes)
    if node.value is None or not hasattr(node.value, "__len__"):
        return []
    if node.info.type.name == "STR":
        known: dict[int, str] = {}
        cells = []
        for char in node.value:
            text = known.get(id(char))
            if text is None:
                text = known[id(char)] = _text(char)
            cells.append(text)
        return cells
    if node.info.type.name not in ("INT", "REAL", "LGL"):
        return []
    values = node.value.tolist()
    if "levels" in attributes:
        levels = [_text(c) for c in attributes["levels"].value]
        return [levels[v - 1] if isinstance(v, int) and 0 < v <= len(levels) else "" for v in values]
    if "Date" in classes:
        return [(EPOCH + timedelta(days=int(v))).isoformat() if _is_number(v) and abs(v) < 5e5 else "" for v in values]
    return ["" if not _is_number(v) else str(v) for v in values]


def _is_number(value: Any) -> bool:
    return value is not None and value == value
