"""Shared fixtures: a cache of its own for every test run, and the real corpora where they are at hand."""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no defect, and a run in CI is one that can be had again.
settings.register_profile("musictrend", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("musictrend")

REPOSITORY = Path(__file__).resolve().parents[1]
# Every folder may have a conftest.py; collected for doctests they would be modules of one name.
collect_ignore_glob = ["*/conftest.py"]


def _data_folder() -> Path | None:
    """Archives of real corpora: $MUSICTREND_TEST_DATA, else shared/data beside the checkout."""
    named = os.environ.get("MUSICTREND_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if named and not folder.is_dir():
        raise RuntimeError(f"MUSICTREND_TEST_DATA={named!r} is no folder")
    return folder if folder.is_dir() else None


def unpack_corpus(name: str) -> Path:
    """Folder of a real corpus, unpacked once per version of its archive; skips where absent."""
    data = _data_folder()
    if data is None:
        pytest.skip("real corpora are not at hand (set MUSICTREND_TEST_DATA to their folder)")
    archive = data / f"{name}.tar.xz"
    if not archive.is_file():
        pytest.fail(f"{archive.name} is missing from {data}: the folder of real corpora is incomplete")
    stat = archive.stat()
    cache = Path(tempfile.gettempdir()) / f"musictrend-test-data-{os.getuid() if hasattr(os, 'getuid') else 0}"
    target = cache / f"{name}-{stat.st_size}-{int(stat.st_mtime)}"
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=cache))
        with tarfile.open(archive) as tar:
            tar.extractall(part, filter="data")
        try:
            part.rename(target)
        except OSError:  # another worker was first
            pass
    return target / name


@pytest.fixture(scope="session")
def real_corpus():
    """Function from the name of a real corpus to its folder; skips with a reason where there is none."""
    return unpack_corpus


@pytest.fixture(scope="session")
def real_file():
    """Function from a file name beside the archives (``sources.csv``) to its path."""

    def find(name: str) -> Path:
        data = _data_folder()
        if data is None:
            pytest.skip("real corpora are not at hand (set MUSICTREND_TEST_DATA to their folder)")
        path = data / name
        if not path.is_file():
            pytest.fail(f"{name} is missing from {data}: the folder of real corpora is incomplete")
        return path

    return find


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Tests neither read nor write the user's cache, but share compiled kernels between sessions."""
    if "MUSICTREND_CACHE" not in os.environ:
        shared = Path(tempfile.gettempdir()) / f"musictrend-test-cache-{os.getuid() if hasattr(os, 'getuid') else 0}"
        os.environ["MUSICTREND_CACHE"] = str(shared)
    yield
