"""Readers: one file a format. They alone open files, and return what is written there."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ParameterError

__all__ = ["Reader", "get_reader", "list_readers", "reader_for_file", "recognise_folder"]


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


def reader_for_file(path: Path) -> Reader | None:
    """The reader whose suffix a file has; the longest suffix wins."""
    name = path.name.lower()
    found = [(len(s), r) for r in list_readers().values() for s in r.suffixes if name.endswith(s)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def recognise_folder(root: Path) -> Reader | None:
    """The dataset whose layout a folder has."""
    return next((reader for reader in list_readers().values() if reader.recognises(root)), None)
