"""Opening files from strangers: bounded, inside the corpus folder, one clear line when not.

Readers open files through these functions alone, so that path tricks, bombs
and endless lines are refused in one place.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from musictrend.errors import ReaderError, UnsafeFileError

__all__ = [
    "iter_blocks",
    "iter_lines",
    "iter_rows",
    "read_bytes",
    "read_head",
    "read_head_text",
    "read_json",
    "read_text",
    "read_zip_member",
    "resolve_inside",
]

MAX_BYTES = 512 * 2**20  # a text file larger than this holds no chords that anyone wrote
MAX_LINE = 4 * 2**20  # characters; Chordonomicon's longest row is under 20,000
MAX_FIELD = 1 * 2**20
MAX_ZIP_RATIO = 200  # MusicXML packs about 20 to 1


def resolve_inside(root: Path, relative: str) -> Path:
    """Path of a corpus' file, refusing any that leaves the corpus folder.

    Raises
    ------
    UnsafeFileError
        For absolute paths, ``..`` and links that lead outside.
    ReaderError
        When there is no such file.
    """
    if "\0" in relative or len(relative) > 4096:
        raise UnsafeFileError(f"path {relative[:80]!r} is no path", hint="mend it in the manifest")
    pure = PurePosixPath(relative.replace("\\", "/"))
    windows_drive = len(relative) > 1 and relative[1] == ":"
    if pure.is_absolute() or windows_drive or ".." in pure.parts:
        raise UnsafeFileError(
            f"path {relative[:200]!r} leaves the corpus folder",
            hint="paths in a manifest are relative to its folder",
        )
    path = root.joinpath(*pure.parts)
    base = root.resolve()
    try:
        inside = path.resolve().is_relative_to(base)
        path.is_file()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name too long or not encodable
        raise ReaderError(f"path {relative[:80]!r} leads to no file", hint="mend it in the manifest") from None
    if not inside:
        raise UnsafeFileError(
            f"path {relative[:200]!r} leads outside the corpus folder through a link",
            hint="copy the file into the corpus",
        )
    if not path.is_file():
        raise ReaderError(f"no file at {relative[:200]!r}", hint="mend the path in the manifest or add the file")
    return path


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """Content of a file of bounded size."""
    if not path.is_file():
        raise ReaderError("not a regular file", hint="devices, pipes and folders are not read")
    size = path.stat().st_size
    if size > limit:
        raise UnsafeFileError(f"{size:,} bytes: at most {limit:,} are read", hint="is this the right file?")
    if size == 0:
        raise ReaderError("empty file", hint="the file has no content; fetch or export it again")
    return path.read_bytes()


def read_head(path: Path, size: int) -> bytes:
    """The first bytes of a file, to recognise it by."""
    if not path.is_file():
        raise ReaderError("not a regular file", hint="devices, pipes and folders are not read")
    with path.open("rb") as file:
        return file.read(size)


def read_head_text(path: Path, size: int = 2**16) -> str:
    """The first characters of a file, to recognise it by; ``""`` where there is nothing to read."""
    try:
        data = read_head(path, size)
    except (ReaderError, OSError):
        return ""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")


def iter_lines(path: Path, *, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Lines of a file of any size from a byte on, each with the byte it begins at; memory stays bounded.

    Raises
    ------
    UnsafeFileError
        At a line longer than any that holds chords.
    """
    if not path.is_file():
        raise ReaderError("not a regular file", hint="devices, pipes and folders are not read")
    with path.open("rb") as file:
        file.seek(offset)
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise UnsafeFileError(
                    f"a line of more than {MAX_LINE:,} characters",
                    place=f"byte {offset}",
                    hint="is this the right file?",
                )
            yield offset, line
            offset += len(line)


def iter_blocks(path: Path, size: int, *, offset: int = 0) -> Iterator[bytes]:
    """Content of a file of any size from a byte on, in blocks of at most ``size`` bytes."""
    if not path.is_file():
        raise ReaderError("not a regular file", hint="devices, pipes and folders are not read")
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while block := file.read(size):
            yield block


def read_text(path: Path, *, encoding: str | None = None, limit: int = MAX_BYTES, lenient: bool = False) -> str:
    """Text of a file: UTF-8 (with or without BOM), UTF-16 with BOM, or the encoding given.

    Lenient, bytes that cannot be decoded become lone surrogates and NUL bytes stay: the caller drops the rows
    that have them.

    Raises
    ------
    ReaderError
        When the bytes are not in that encoding, or the file is empty.
    UnsafeFileError
        When the file or one of its lines is too long to be what it says.
    """
    return decode_text(read_bytes(path, limit=limit), encoding=encoding, lenient=lenient)


def decode_text(data: bytes, *, encoding: str | None = None, lenient: bool = False) -> str:
    """Decode bytes as `read_text` does."""
    if encoding is None:
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding, "surrogateescape" if lenient and encoding == "utf-8-sig" else "strict")
    except LookupError:
        raise ReaderError(
            f"no encoding {encoding!r}", hint="corpus.toml takes Python's names: utf-8, latin-1"
        ) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ReaderError(
            f"not {encoding.removesuffix('-sig').upper()}: byte 0x{data[error.start]:02x} cannot be decoded",
            place=f"line {line}",
            hint="save the file as UTF-8, or set encoding in corpus.toml",
        ) from None
    if "\0" in text and not lenient:
        raise ReaderError("binary data where text was expected", hint="is this the right file?")
    start = 0
    while len(text) - start > MAX_LINE:
        stop = text.find("\n", start)
        if stop < 0 or stop - start > MAX_LINE:
            line = text.count("\n", 0, start) + 1
            raise UnsafeFileError(
                f"a line of more than {MAX_LINE:,} characters",
                place=f"line {line}",
                hint="is this the right file?",
            )
        start = stop + 1
    return text


def iter_rows(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, lenient: bool = False
) -> Iterator[dict[str, str]]:
    """Rows of a CSV or TSV file as dicts of text; the delimiter is told from the header line.

    A row with too few cells has ``""`` in the others; the key ``"__line__"`` holds its line number.
    Lenient, a row that cannot be trusted has its reason under ``"__problem__"`` and the table goes on.
    """
    text = read_text(path, encoding=encoding, lenient=lenient)
    head = text[: text.find("\n")] if "\n" in text else text
    if delimiter is None:
        delimiter = max(("\t", ",", ";"), key=head.count)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    first, last = 1, 1  # lines of the row before
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            if not lenient or reader.line_num > last + 1:
                raise ReaderError(f"not a table: {error}", place=f"line {last + 1}") from None
            row = {"__problem__": str(error)}
        if row is None:
            break
        first, last = last + 1, reader.line_num
        extra: list[str] | None = row.pop(None, None)  # type: ignore
        if lenient and (reason := _distrust(row, extra)):
            row["__problem__"] = reason
        yield {k: v or "" for k, v in row.items()} | {"__line__": str(last)}
    if lenient and last > first and text.count('"') % 2:
        raise ReaderError("a quote that is never closed", place=f"line {first}", hint="the rows below it are lost")


def _distrust(row: dict[str, str], extra: list[str] | None) -> str:
    """Why the cells of a row cannot be trusted; ``""`` when they can."""
    if any(extra or ()):
        return f"{len(row) + len(extra or ())} cells where the header has {len(row)}: is a comma not quoted?"
    cells = "".join(filter(None, row.values()))
    if "\0" in cells:
        return "binary data where text was expected"
    if not cells.isascii() and any("\udc80" <= c <= "\udcff" for c in cells):
        byte = next(ord(c) - 0xDC00 for c in cells if "\udc80" <= c <= "\udcff")
        return f"not UTF-8: byte 0x{byte:02x} cannot be decoded (save as UTF-8, or set encoding in corpus.toml)"
    return ""


def read_json(path: Path, *, limit: int = MAX_BYTES) -> Any:
    """Content of a JSON file; malformed or too deep is a `ReaderError`."""
    try:
        return json.loads(read_text(path, limit=limit))
    except json.JSONDecodeError as error:
        raise ReaderError(f"not JSON: {error.msg}", place=f"line {error.lineno}", hint="fetch the file again") from None
    except RecursionError:
        raise UnsafeFileError("JSON nested too deep", hint="is this the right file?") from None
    except ValueError:  # a number of thousands of digits
        raise ReaderError("not JSON: a number that is too long to be one", hint="is this the right file?") from None


def read_zip_member(path: Path, member: str | None = None, *, suffixes: tuple[str, ...] = (), limit: int) -> bytes:
    """One member of a zip archive, of bounded size whatever its header claims.

    Parameters
    ----------
    path : Path
    member : str, optional
        Its name; without it the first with one of the suffixes.
    limit : int
        Bytes after unpacking.
    """
    if not path.is_file():
        raise ReaderError("not a regular file")
    if path.stat().st_size == 0:
        raise ReaderError("empty file", hint="the file has no content; fetch or export it again")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if member is None:
                found = [
                    n for n in names if n.lower().endswith(suffixes) and not n.startswith(("META-INF", "__MACOSX"))
                ]
                if not found:
                    raise ReaderError(f"no {' or '.join(suffixes)} inside the archive")
                member = found[0]
            info = archive.getinfo(member)
            if info.file_size > limit or info.file_size > MAX_ZIP_RATIO * max(info.compress_size, 1024):
                raise UnsafeFileError(
                    f"archive member {member!r} unpacks to {info.file_size:,} bytes: refused",
                    hint="a zip bomb?",
                )
            with archive.open(info) as file:
                data = file.read(limit + 1)
            if len(data) > limit:
                raise UnsafeFileError(f"archive member {member!r} is larger than it says: refused", hint="a zip bomb?")
            return data
    except KeyError:
        raise ReaderError(f"no {member!r} inside the archive") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ReaderError(f"broken or truncated archive: {error}", hint="fetch the file again") from None
    except Exception as error:  # zlib.error has no common base with the others
        if type(error).__name__ == "error":
            raise ReaderError(f"broken or truncated archive: {error}", hint="fetch the file again") from None
        raise
