"""The catalogue: corpora known by name, packaged or fetched.

A name is looked for in ``./corpora``, then in the package. A *packaged* corpus
has its data beside its ``corpus.toml``; a *recipe* only says where the data
are, and `fetch_corpus` brings them into the cache.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from musictrend.cache import cache_folder
from musictrend.errors import CorpusError, UnsafeFileError

__all__ = ["Recipe", "RemoteFile", "fetch_corpus", "find_recipe", "list_recipes", "read_recipe"]

SOURCE_HOST = "https://raw.githubusercontent.com"
MAX_UNPACKED = 4 * 2**30
MAX_MEMBERS = 200_000


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
        known = ("repository", "commit", "path", "bytes", "sha256", "to", "unpack")
        files = []
        for row in self.settings.get("files", []):
            row = {key: value for key, value in row.items() if key in known}
            row.setdefault("to", PurePosixPath(row["path"]).name)
            files.append(RemoteFile(**row))
        return files

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
        """Whether the data have been fetched whole."""
        return (self.fetched / ".complete").is_file()


def read_recipe(folder: Path) -> Recipe:
    """Read the ``corpus.toml`` of a folder.

    Raises
    ------
    CorpusError
        When it is not TOML, or has no name.
    """
    path = folder / "corpus.toml"
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not TOML: {error}") from None
    name = str(settings.get("name") or folder.name)
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise CorpusError(f"{path}: name = {name!r} must be a plain word without slashes")
    return Recipe(name, folder, settings)


def _shelves() -> Iterator[Path]:
    """Folders that hold corpora: the working folder's, then the package's."""
    yield Path("corpora")
    package = Path(__file__).resolve().parents[1]
    for shelf in (package / "data" / "corpora", package.parent / "corpora"):
        if shelf.is_dir():
            yield shelf
            return


def list_recipes() -> dict[str, Recipe]:
    """Every corpus of the catalogue by name; the working folder's come before the package's."""
    found: dict[str, Recipe] = {}
    for shelf in _shelves():
        for path in sorted(shelf.glob("*/corpus.toml")):
            recipe = read_recipe(path.parent)
            found.setdefault(path.parent.name, recipe)
    return found


def find_recipe(name: str) -> Recipe | None:
    """The corpus of that name, or None."""
    return list_recipes().get(name)


def recipe_for_reader(reader: str) -> Recipe | None:
    """The catalogue's recipe for the dataset that a reader reads."""
    return next((r for r in list_recipes().values() if r.settings.get("reader") == reader and not r.is_packaged), None)


def fetch_corpus(
    name: str, *, mirror: str | None = None, tell: Callable[[str], None] = lambda line: None
) -> Path:
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
    (target / ".complete").write_text(recipe.name)
    return target


def _retrieve(file: RemoteFile, target: Path, mirror: str | None) -> Path:
    import pooch

    destination = target / file.to
    if not destination.resolve().is_relative_to(target.resolve()):
        raise UnsafeFileError(f"{file.to!r} leaves the corpus folder")
    destination.parent.mkdir(parents=True, exist_ok=True)
    local = Path(mirror) / file.repository / file.commit / file.path if mirror and "://" not in mirror else None
    try:
        if local is not None:
            if not local.is_file():
                raise CorpusError(f"the mirror has no {local}")
            shutil.copyfile(local, destination)
            if pooch.file_hash(str(destination)) != file.sha256:
                destination.unlink()
                raise CorpusError(f"{local}: sha256 differs from the pin; the mirror holds another version")
            return destination
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


def _unpack(path: Path, target: Path) -> None:
    """Unpack an archive inside its folder: no paths out, no links, no devices, bounded size."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
                _check_size(path, len(infos), sum(info.file_size for info in infos))
                for info in infos:
                    if PurePosixPath(info.filename).is_absolute() or ".." in PurePosixPath(info.filename).parts:
                        raise UnsafeFileError(f"{path.name}: member {info.filename!r} leaves the folder")
                archive.extractall(target)
        else:
            with tarfile.open(path) as tar:
                members = tar.getmembers()
                _check_size(path, len(members), sum(member.size for member in members))
                tar.extractall(target, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise CorpusError(f"{path.name}: broken archive: {error}; delete it and fetch again") from None


def _check_size(path: Path, members: int, total: int) -> None:
    if members > MAX_MEMBERS or total > MAX_UNPACKED:
        raise UnsafeFileError(f"{path.name}: unpacks to {members:,} files, {total:,} bytes: refused")
