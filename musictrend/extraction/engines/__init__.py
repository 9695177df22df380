"""Audio engines: each turns sound into chord scores on frames; one file an engine.

`Engine` is what they share, `list_engines` which there are, `choose_engine`
which one a job gets.
"""

from musictrend.extraction.engines.engine import (
    Activations,
    Calibration,
    Engine,
    choose_engine,
    describe_engines,
    get_engine,
    list_engines,
)

__all__ = [
    "Activations",
    "Calibration",
    "Engine",
    "choose_engine",
    "describe_engines",
    "get_engine",
    "list_engines",
]
