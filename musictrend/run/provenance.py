"""Where a run's numbers come from: versions, corpora, licences."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from musictrend.corpus.manifest import Corpus

__all__ = ["describe_corpora", "describe_engines", "describe_machine", "package_versions"]

PACKAGES = (
    "numpy", "scipy", "pandas", "pyarrow", "numba", "matplotlib", "ruptures", "lxml", "rdata", "librosa", "onnxruntime",
    "symusic", "music21",
)  # fmt: skip


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


def describe_engines(names: Sequence[str], *, commercial: bool = False) -> list[dict[str, Any]]:
    """What estimated chords and beats, with its version and the licences of its code and weights.

    Parameters
    ----------
    names : sequence of str
        ``notes`` for chords from the notes of scores, else names of audio engines.
    commercial : bool
        Whether what forbids commercial use was ruled out; beats may come from elsewhere than chords.
    """
    from musictrend.extraction.origin import NOTES

    rows: list[dict[str, Any]] = []
    for name in names:
        if name == NOTES:
            from musictrend.extraction.score_net import tell_version

            rows.append({"name": name, "version": tell_version(), "licence_code": "MIT", "licence_weights": "CC BY-SA 4.0",
                         "commercial": True})  # fmt: skip
            continue
        from musictrend.extraction.engines import get_engine

        engine = get_engine(name)
        rows.append({"name": name, "version": engine.version(), "licence_code": engine.licence_code,
                     "licence_weights": engine.licence_weights, "commercial": engine.commercial})  # fmt: skip
    if any(name != NOTES for name in names):
        from musictrend.extraction.beats import choose_tracker

        tracker = choose_tracker(commercial=commercial)
        rows.append({"name": f"beats by {tracker.name}", "version": tracker.version(), "licence_code": tracker.licence_code,
                     "licence_weights": tracker.licence_weights, "commercial": tracker.commercial})  # fmt: skip
    return rows
