"""Being at work in a run folder: alone in it, and with a log of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from musictrend.errors import RunError

__all__ = ["at_work", "lock_folder"]


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder; nothing is left in it, whatever ends the process.

    Raises
    ------
    RunError
        When another process is at work in it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise RunError(
            f"{folder}: another musictrend is at work in it; wait for it, or choose another folder"
        ) from None
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Alone in a run folder, log lines of musictrend going to its ``log.txt`` too."""
    with lock_folder(folder):
        handler = logging.FileHandler(folder / "log.txt", encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        parent = logging.getLogger("musictrend")
        level = parent.level
        parent.addHandler(handler)
        parent.setLevel(logging.INFO)
        try:
            yield
        finally:
            parent.removeHandler(handler)
            parent.setLevel(level)
            handler.close()
