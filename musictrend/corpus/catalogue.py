"""The catalogue: corpora known by name, packaged or fetched.

A name is looked for in ``./corpora``, then in the package. A *packaged* corpus
has its data beside its ``corpus.toml``; a *recipe* only says where the data
are, and `fetch_corpus` brings them into the cache.
"""

from __future__ import annotations

import difflib
import lzma
import os
import re
import shutil
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from musictrend.cache import atomic_path, cache_folder, hash_bytes
from musictrend.corpus.problem import clean_text
from musictrend.corpus.readers.reader import YEAR_KINDS
from musictrend.errors import CorpusError, UnsafeFileError

__all__ = ["Recipe", "RemoteFile", "fetch_corpus", "find_recipe", "list_recipes", "read_recipe", "unknown_settings"]

SOURCE_HOST = "https://raw.githubusercontent.com"
MAX_UNPACKED = 4 * 2**30
MAX_MEMBERS = 200_000


# Settings of a corpus.toml and what each holds.
SETTINGS: dict[str, type] = {
    "name": str, "title": str, "licence": str, "citation": str, "year_kind": str, "transcription": str, "note": str,
    "reader": str, "root": str, "tracks": str, "encoding": str, "dialect": str, "pattern": str, "synthetic": bool,
    "expected_failures": list, "columns": dict, "segments": dict, "genres": dict, "files": list,
}  # fmt: skip
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a [table]", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a public corpus, pinned to a revision, a size and a hash."""

    repository: str
    commit: str
    path: str
    bytes: int
    sha256: str
    to: str
    unpack: bool = False

    def url(self, mirror: str | None = None) -> str:
        """Address of the file, at its source or below a mirror of the same layout."""
        return f"{(mirror or SOURCE_HOST).rstrip('/')}/{self.repository}/{self.commit}/{self.path}"


@dataclass(frozen=True)
class Recipe:
    """A ``corpus.toml``: what a corpus is, and where its data are."""

    name: str
    folder: Path
    settings: dict[str, Any]

    @property
    def files(self) -> list[RemoteFile]:
        """What `fetch_corpus` brings."""
        return [_read_pin(self.folder / "corpus.toml", row) for row in self.settings.get("files", [])]

    @property
    def fetched(self) -> Path:
        """Where fetched data are kept: in the cache."""
        return cache_folder("corpora") / self.name

    @property
    def is_packaged(self) -> bool:
        """Whether the data lie beside the ``corpus.toml``."""
        tracks = self.settings.get("tracks", "tracks.csv")
        return (self.folder / tracks).is_file()

    @property
    def is_fetched(self) -> bool:
        """Whether the data have been fetched whole, at the revision that is pinned now."""
        mark = self.fetched / ".complete"
        return mark.is_file() and mark.read_text(encoding="utf-8") == self.pins

    @property
    def pins(self) -> str:
        """Hash of what is pinned."""
        return hash_bytes(repr(self.files))


def read_recipe(folder: Path) -> Recipe:
    """Read the ``corpus.toml`` of a folder.

    Raises
    ------
    CorpusError
        When it is not TOML, its name is none, or a setting is of another kind than it must be.
    """
    path = folder / "corpus.toml"
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CorpusError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise CorpusError(f"{path}: cannot be opened: {error.strerror}") from None
    _check_settings(path, settings)
    name = settings.get("name") or clean_text(folder.resolve().name)
    if not re.fullmatch(r"[^./\\=+@-][^/\\]{0,99}", name) or not name.isprintable():
        raise CorpusError(f"{path}: name = {name[:100]!r} must be a plain word without slashes")
    return Recipe(name, folder, settings)


def _check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Refuse a setting of another kind than it must be."""
    for name, kind in SETTINGS.items():
        if name in settings and type(settings[name]) is not kind:
            raise CorpusError(f"{path}: {name} = {str(settings[name])[:60]!r} must be {_KINDS[kind]}")
    for table in ("columns", "genres"):
        for name, value in settings.get(table, {}).items():
            words = value if table == "genres" and isinstance(value, list) else [value]
            if not all(isinstance(word, str) for word in words):
                raise CorpusError(f"{path}: [{table}] {name} = {str(value)[:60]!r} must be text")
    kinds = (*YEAR_KINDS, "unknown")
    if settings.get("year_kind", "unknown") not in kinds:
        raise CorpusError(f"{path}: year_kind = {settings['year_kind'][:60]!r} must be one of {', '.join(kinds)}")


def unknown_settings(settings: dict[str, Any]) -> list[str]:
    """What a ``corpus.toml`` holds that nobody reads, each in a few words with close names."""
    found = []
    for name in sorted(set(settings) - set(SETTINGS)):
        close = difflib.get_close_matches(name, SETTINGS, n=2)
        found.append(f"no setting {name[:60]!r}" + (f"; close: {', '.join(close)}" if close else ""))
    return found


def _read_pin(path: Path, row: Any) -> RemoteFile:
    """One of ``[[files]]``; whatever could lead out of the folders it names is refused."""
    kinds = {"repository": str, "commit": str, "path": str, "bytes": int, "sha256": str}
    for name, kind in kinds.items():
        if not isinstance(row, dict) or type(row.get(name)) is not kind:
            raise CorpusError(f"{path}: [[files]] needs {name}, {_KINDS[kind]}")
    to = str(row.get("to", PurePosixPath(row["path"]).name))
    for name in (row["repository"], row["commit"], row["path"], to):
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0] or not name.isprintable():
            raise UnsafeFileError(f"{path}: [[files]]: {name[:100]!r} leaves the corpus folder")
    if re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) is None:
        raise CorpusError(f"{path}: [[files]]: sha256 = {row['sha256'][:70]!r} must be 64 hexadecimal digits")
    return RemoteFile(
        row["repository"], row["commit"], row["path"], row["bytes"], row["sha256"], to, row.get("unpack") is True
    )


def _shelves(packaged: bool = False) -> Iterator[Path]:
    """Folders that hold corpora: the working folder's, then the package's."""
    if not packaged:
        yield Path("corpora")
    package = Path(__file__).resolve().parents[1]
    for shelf in (package / "data" / "corpora", package.parent / "corpora"):
        if shelf.is_dir():
            yield shelf
            return


def list_recipes(*, packaged: bool = False) -> dict[str, Recipe]:
    """Every corpus of the catalogue by name; the working folder's come before the package's, unless only that is wanted.

    A ``corpus.toml`` that cannot be read is left out here: it must not hide the others.
    """
    found: dict[str, Recipe] = {}
    for shelf in _shelves(packaged):
        for path in sorted(shelf.glob("*/corpus.toml")):
            if path.parent.name not in found:
                with suppress(CorpusError):
                    found[path.parent.name] = read_recipe(path.parent)
    return found


def find_recipe(name: str, *, packaged: bool = False) -> Recipe | None:
    """The corpus of that name, or None; `CorpusError` when its ``corpus.toml`` cannot be read."""
    for shelf in _shelves(packaged):
        if name in {path.parent.name for path in shelf.glob("*/corpus.toml")}:
            return read_recipe(shelf / name)
    return None


def recipe_for_reader(reader: str) -> Recipe | None:
    """The catalogue's recipe for the dataset that a reader reads."""
    return next((r for r in list_recipes().values() if r.settings.get("reader") == reader and not r.is_packaged), None)


def fetch_corpus(name: str, *, mirror: str | None = None, tell: Callable[[str], None] = lambda line: None) -> Path:
    """Download what the catalogue lists for a corpus, verified, into the cache.

    Resumable: files that are there with the right hash are not fetched again.

    Parameters
    ----------
    name : str
    mirror : str, optional
        Address or folder of a local copy with the layout ``repository/commit/path``;
        ``MUSICTREND_MIRROR`` when set.
    tell : callable
        Called with one line on licence and on each file.

    Returns
    -------
    folder : Path

    Raises
    ------
    CorpusError
        For a name that is not in the catalogue, a recipe without pins, or a download that fails.
    """
    recipe = find_recipe(name)
    if recipe is None:
        raise CorpusError(f"no corpus {name!r}; the catalogue has {', '.join(sorted(list_recipes()))}")
    if recipe.is_packaged:
        return recipe.folder
    if not recipe.files:
        raise CorpusError(
            f"{name} has no pinned download; its README tells where to get it, then: musictrend analyze FOLDER"
        )
    mirror = mirror or os.environ.get("MUSICTREND_MIRROR")
    settings = recipe.settings
    tell(f"{settings.get('title', name)}: licence {settings.get('licence', 'not stated')}")
    target = recipe.fetched
    target.mkdir(parents=True, exist_ok=True)
    for file in recipe.files:
        tell(f"{file.to}: {file.bytes:,} bytes from {file.repository}")
        path = _retrieve(file, target, mirror)
        if file.unpack:
            _unpack(path, target)
    (target / ".complete").write_text(recipe.pins, encoding="utf-8")
    return target


def _retrieve(file: RemoteFile, target: Path, mirror: str | None) -> Path:
    import pooch

    destination = target / file.to
    if destination == target or not destination.resolve().is_relative_to(target.resolve()):
        raise UnsafeFileError(f"{file.to!r} leaves the corpus folder")
    if destination.is_file() and pooch.file_hash(str(destination)) == file.sha256:
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        if mirror and (local := _local_folder(mirror)) is not None:
            _copy(file, local / file.repository / file.commit / file.path, destination)
        else:
            pooch.retrieve(
                file.url(mirror),
                known_hash=f"sha256:{file.sha256}",
                path=destination.parent,
                fname=destination.name,
            )
    except (OSError, ValueError) as error:
        raise CorpusError(
            f"{file.url(mirror)} could not be fetched: {str(error).splitlines()[0]}; "
            "try again (what is there is kept), or give a local copy with --mirror"
        ) from None
    return destination


def _local_folder(mirror: str) -> Path | None:
    """The folder that a mirror is, or None where it is an address on the network."""
    if mirror.startswith("file://"):
        return Path(url2pathname(urlsplit(mirror).path))
    return None if "://" in mirror else Path(mirror)


def _copy(file: RemoteFile, source: Path, destination: Path) -> None:
    """Bring a file from a local mirror: whole and as pinned, or not at all."""
    import pooch

    if not source.is_file():
        raise CorpusError(f"the mirror has no {source}")
    if source.stat().st_size != file.bytes:
        raise CorpusError(
            f"{source}: {source.stat().st_size:,} bytes, {file.bytes:,} are pinned; the mirror holds another version"
        )
    with atomic_path(destination) as part:
        shutil.copyfile(source, part)
        if pooch.file_hash(str(part)) != file.sha256:
            raise CorpusError(f"{source}: sha256 differs from the pin; the mirror holds another version")


def _unpack(path: Path, target: Path) -> None:
    """Unpack an archive inside its folder: no paths out, no links out, no devices, bounded size."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
                _check_size(path, len(infos), sum(info.file_size for info in infos))
                for info in infos:
                    if PurePosixPath(info.filename).is_absolute() or ".." in PurePosixPath(info.filename).parts:
                        raise UnsafeFileError(f"{path.name}: member {info.filename[:200]!r} leaves the folder")
                archive.extractall(target)
        else:
            with tarfile.open(path) as tar:
                total = 0
                for number, member in enumerate(tar, 1):  # sizes stand before contents: a bomb is told unopened
                    total += member.size
                    _check_size(path, number, total)
                tar.extractall(target, filter="data")
    except tarfile.FilterError as error:
        raise UnsafeFileError(
            f"{path.name}: member {error.tarinfo.name[:200]!r} leaves the folder or is a device: refused"
        ) from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        path.unlink(missing_ok=True)
        raise CorpusError(f"{path.name}: broken archive: {error}; fetch again") from None


def _check_size(path: Path, members: int, total: int) -> None:
    if members > MAX_MEMBERS or total > MAX_UNPACKED:
        raise UnsafeFileError(f"{path.name}: unpacks to {members:,} files, {total:,} bytes: refused")
