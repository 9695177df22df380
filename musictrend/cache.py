"""Where musictrend keeps what it can make again, and files written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

__all__ = ["atomic_path", "cache_folder", "hash_bytes", "hash_file", "hash_package"]


def cache_folder(*parts: str) -> Path:
    """Folder of the cache, made when absent.

    ``MUSICTREND_CACHE`` when set, else the platform's cache folder.

    Parameters
    ----------
    *parts : str
        Folder below it.
    """
    root = os.environ.get("MUSICTREND_CACHE")
    if root:
        base = Path(root)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "musictrend" / "Cache"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "musictrend"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "musictrend"
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hash_bytes(*chunks: bytes | str) -> str:
    """Stable hash (blake2b, 32 hex digits) of some bytes or texts, kept apart from each other.

    Examples
    --------
    >>> hash_bytes("ab", "c") == hash_bytes("a", "bc")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for chunk in chunks:
        data = chunk.encode() if isinstance(chunk, str) else chunk
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Stable hash of a file's content, read in pieces."""
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@cache
def hash_package() -> str:
    """Hash of musictrend itself, code and models: what is kept from another version is not taken for this one's."""
    root = Path(__file__).parent
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.suffix not in (".pyc", ".nbi", ".nbc"))
    return hash_bytes(*(part for p in files for part in (p.relative_to(root).as_posix(), p.read_bytes())))


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Write to a neighbour, then rename: the file is there whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic_path(target) as part:
    ...     _ = part.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        mask = os.umask(0)
        os.umask(mask)
        part.chmod(0o666 & ~mask)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
