"""musictrend: trends in harmonic complexity that carry their own error.

Takes audio and symbolic music labelled by genre and year, extracts chords,
scores their complexity, contrasts pop with niche genres over decades,
simulates generative feedback, and explains it in one page.

Public names load on first use: importing this package imports nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# public name -> module it lives in
_PUBLIC = {
    "Chord": "musictrend.harmony",
    "ChordSequence": "musictrend.harmony",
    "ChordTable": "musictrend.harmony",
    "Key": "musictrend.harmony",
    "MusictrendError": "musictrend.errors",
    "Options": "musictrend.run",
    "Run": "musictrend.run",
    "Scenario": "musictrend.feedback",
    "analyze": "musictrend.run",
    "check_laws": "musictrend.feedback",
    "contrast": "musictrend.trends",
    "estimate_trends": "musictrend.trends",
    "evaluate": "musictrend.validation",
    "extract": "musictrend.extraction",
    "extract_corpus": "musictrend.extraction",
    "list_measures": "musictrend.complexity",
    "load_corpus": "musictrend.corpus",
    "score": "musictrend.complexity",
    "score_corpus": "musictrend.complexity",
    "simulate": "musictrend.feedback",
    "write_report": "musictrend.report",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'musictrend' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
