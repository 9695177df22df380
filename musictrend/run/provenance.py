"""Where a run's numbers come from: versions, corpora, licences."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from musictrend.corpus.manifest import Corpus

__all__ = ["describe_corpora", "describe_machine", "package_versions"]

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "matplotlib", "ruptures", "lxml", "rdata")


def package_versions() -> dict[str, str]:
    """Versions of what numbers depend on, looked up without importing it."""
    from musictrend import __version__

    versions = {"musictrend": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


def describe_machine() -> str:
    """Kind of machine, without its name."""
    return f"{platform.system()} {platform.machine()}"


def describe_corpora(corpora: Sequence[Corpus]) -> list[dict[str, Any]]:
    """What is to be said of each corpus wherever its numbers go."""
    return [
        {
            "name": corpus.name,
            "title": corpus.title,
            "reader": corpus.reader,
            "licence": corpus.licence,
            "citation": corpus.citation,
            "year_kind": corpus.year_kind,
            "transcription": corpus.transcription,
            "segments": corpus.rule.describe(),
            "n_tracks": len(corpus.entries),
            "synthetic": corpus.synthetic,
            "note": corpus.note,
        }
        for corpus in corpora
    ]
