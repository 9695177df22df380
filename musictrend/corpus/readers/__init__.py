"""Readers: one file a format. They alone open files, and return what is written there."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from musictrend.corpus.files import read_head_text
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ParameterError, ReaderError

__all__ = ["Reader", "get_reader", "list_readers", "reader_for_file", "recognise_folder", "refuse_file"]


@cache
def list_readers() -> dict[str, Reader]:
    """Every reader by name: one for each file of this folder that has a ``READER``."""
    readers = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "reader":
            reader = getattr(import_module(f"{__name__}.{module.name}"), "READER", None)
            if reader is not None:
                readers[reader.name] = reader
    return readers


def get_reader(name: str) -> Reader:
    """The reader of that name; `ParameterError` names those there are."""
    readers = list_readers()
    if name not in readers:
        raise ParameterError(f"reader={name!r} must be one of {', '.join(sorted(readers))}")
    return readers[name]


def reader_for_file(path: Path, *, head: str | None = None) -> Reader | None:
    """The reader of a file, by its suffix, and by what it begins with where formats share the suffix.

    The longest suffix wins. Among those of one length a reader that recognises the file goes before one that takes
    all of that suffix: plain chord strings are the last resort for ``.txt``.

    Parameters
    ----------
    path : Path
    head : str, optional
        The text it begins with; read from the file where it is not given.
    """
    name = path.name.lower()
    found = [(len(s), 0, r) for r in list_readers().values() for s in r.suffixes if name.endswith(s)]
    sharing = [(len(s), 1, r) for r in list_readers().values() for s in r.shared_suffixes if name.endswith(s)]
    longest = max((length for length, _, _ in found), default=0)
    if any(length >= longest for length, _, _ in sharing):
        text = read_head_text(path) if head is None else head
        found += [match for match in sharing if match[0] >= longest and match[2].recognises_file(path, text)]
    return max(found, key=lambda match: match[:2])[2] if found else None


def refuse_file(path: Path) -> ReaderError:
    """The error to raise for a file that has no reader."""
    suffix = path.suffix.lower()
    if any(path.name.lower().endswith(s) for r in list_readers().values() for s in r.shared_suffixes):
        titles = sorted(r.title for r in list_readers().values() if suffix in r.shared_suffixes)
        return ReaderError(
            f"{path}: no reader recognises what is in this {suffix}", hint=f"read are: {'; '.join(titles)}"
        )
    known = sorted({s for r in list_readers().values() for s in r.suffixes + r.shared_suffixes})
    return ReaderError(
        f"{path}: no reader takes {suffix or 'a file without suffix'}", hint="readers take " + " ".join(known)
    )


def recognise_folder(root: Path) -> Reader | None:
    """The dataset whose layout a folder has."""
    return next((reader for reader in list_readers().values() if reader.recognises(root)), None)
