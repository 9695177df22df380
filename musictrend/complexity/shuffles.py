"""Each row beside shuffles of itself: what the order of its chords contributes, its vocabulary held fixed.

The shuffles of a row are drawn by a generator that is seeded with the row's pattern of repetition, so that
transposition, the corpus it came in and the order of tracks change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.ragged import count_types, remember

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["SHUFFLES", "ShuffleContrast", "contrast_shuffles"]

SHUFFLES = 20
NAMES = ("density", "reciprocity", "node_entropy", "efficiency", "phrases")


@dataclass(frozen=True, eq=False)
class ShuffleContrast:
    """Quantities of each row and of its shuffles.

    Attributes
    ----------
    own, mean, sd : float64 array, shape (n, 5)
        Density, reciprocity, node entropy and efficiency of the transition graph, and Lempel-Ziv phrases: of the
        row, and their mean and standard deviation over its shuffles.
    """

    own: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    def excess(self, name: str) -> np.ndarray:
        """The row's value minus the mean of its shuffles: float64 array, shape (n,)."""
        at = NAMES.index(name)
        return self.own[:, at] - self.mean[:, at]

    def z(self, name: str) -> np.ndarray:
        """The excess in standard deviations of the shuffles: float64 array, shape (n,).

        0 where the row and all its shuffles are alike; NaN where only the shuffles are.
        """
        excess, sd = self.excess(name), self.sd[:, NAMES.index(name)]
        varies = sd > 0
        return np.where(varies, excess / np.where(varies, sd, 1), np.where(excess == 0, 0.0, np.nan))


def contrast_shuffles(events: EventTable, n_shuffles: int = SHUFFLES) -> ShuffleContrast:
    """Compare every row with shuffles of its events.

    Parameters
    ----------
    events : EventTable, n rows
    n_shuffles : int

    Returns
    -------
    contrast : ShuffleContrast

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 8).to_table().events("majmin")
    >>> contrast = contrast_shuffles(loop)
    >>> bool(contrast.own[0, 4] == 5), bool(contrast.mean[0, 4] > 9)            # phrases
    (True, True)
    """

    def compare() -> ShuffleContrast:
        from musictrend.complexity import network_kernels

        types = count_types(events)
        own, mean, sd = (np.empty((events.n_tracks, len(NAMES))) for _ in range(3))
        network_kernels.compare_shuffles(
            types.rank, np.ascontiguousarray(events.joined), types.n_types, events.offsets, n_shuffles, own, mean, sd
        )
        return ShuffleContrast(own, mean, sd)

    return remember(events, ("shuffles", n_shuffles), compare)
