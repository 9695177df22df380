"""Which contrasts a corpus can carry: handed to lower layers that may not import trends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["power_of"]


def power_of(tracks: pd.DataFrame, scores: pd.DataFrame | None = None) -> pd.DataFrame:
    """Slopes and contrasts that tracks can carry, with the smallest trend each would see (80% power)."""
    from musictrend.complexity import reference_sample
    from musictrend.trends import power_table

    return power_table(tracks, scores, reference=reference_sample() if scores is not None else None)
