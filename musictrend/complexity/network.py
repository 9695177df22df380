"""The network of a song's chord changes: chords are nodes, changes are directed edges.

References
----------
.. [1] Latora, Marchiori (2001). Efficient behavior of small-world networks. Phys. Rev. Lett. 87:198701.
.. [2] Di Marco, Loru, Galeazzi, Cinelli, Quattrociocchi (2025). arXiv 2501.07557.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["graph_efficiency"]


def graph_efficiency(events: EventTable) -> np.ndarray:
    """Global efficiency of the transition graph: mean of 1/distance over all ordered pairs of chords.

    1 when every chord is followed directly by every other one; a loop of four has .6111. Unweighted and
    directed; depends on the number of chords, so read it beside `types_rarefied`.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    efficiency : float64 array, shape (n,), from 0 to 1
        NaN with fewer than two chords.

    References
    ----------
    .. [1] Latora, Marchiori (2001). Phys. Rev. Lett. 87:198701.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")
    >>> graph_efficiency(loop).round(4).tolist()
    [0.6111]
    """
    from musictrend.complexity import kernels

    types = count_types(events)
    out = np.empty(events.n_tracks)
    kernels.measure_efficiency(types.rank, np.ascontiguousarray(events.joined), types.n_types, events.offsets, out)
    return out


# In windows of equal length a larger vocabulary means longer ways round: the measure falls with complexity.
register(Measure(
    "graph_efficiency", graph_efficiency, "syntax", "none", 0, 1, False, "root", windowed=True,
    title="Directness of the chord network",
    description="How few steps lead from any chord of a window to any other: falls as the vocabulary grows.",
    citation="Latora & Marchiori (2001), Phys. Rev. Lett. 87:198701",
))  # fmt: skip
