"""The network of a song's chord changes: chords are nodes, changes are directed edges.

All quantities depend on the number of chords and of changes, so they are taken in windows of equal length, and
each stands beside its excess over shuffles of the same window, in which chords are as frequent but their order
is left to chance.

References
----------
.. [1] Latora, Marchiori (2001). Efficient behavior of small-world networks. Phys. Rev. Lett. 87:198701.
.. [2] Di Marco, Loru, Galeazzi, Cinelli, Quattrociocchi (2025). arXiv 2501.07557.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, remember
from musictrend.complexity.shuffles import contrast_shuffles

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "graph_density",
    "graph_density_excess",
    "graph_efficiency",
    "graph_efficiency_excess",
    "graph_node_entropy",
    "graph_node_entropy_excess",
    "graph_reciprocity",
    "graph_reciprocity_excess",
]


def _graphs(events: EventTable) -> np.ndarray:
    """Density, reciprocity, node entropy and efficiency of each row: float64 array, shape (n, 4)."""

    def measure() -> np.ndarray:
        from musictrend.complexity import network_kernels

        types = count_types(events)
        out = np.empty((events.n_tracks, 4))
        joined = np.ascontiguousarray(events.joined)
        network_kernels.measure_graphs(types.rank, joined, types.n_types, events.offsets, out)
        return out

    return remember(events, "graphs", measure)


def graph_density(events: EventTable) -> np.ndarray:
    """Share of all possible chord changes that occur: edges over N(N - 1) for N chords.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    density : float64 array, shape (n,), from 0 to 1
        NaN with fewer than two chords.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")
    >>> graph_density(loop).round(4).tolist()
    [0.3333]
    """
    return _graphs(events)[:, 0]


def graph_reciprocity(events: EventTable) -> np.ndarray:
    """Share of chord changes that also occur the other way round.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    reciprocity : float64 array, shape (n,), from 0 to 1
        1 in a shuttle between two chords, 0 in a loop of three or more.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> graph_reciprocity(ChordSequence.from_labels(["C", "G", "C"]).to_table().events("majmin")).tolist()
    [1.0]
    """
    return _graphs(events)[:, 1]


def graph_node_entropy(events: EventTable) -> np.ndarray:
    """Mean over chords of the entropy of what follows each of them.

    Every chord that is followed by another counts the same, however often it is played.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        0 in a loop.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> graph_node_entropy(ChordSequence.from_labels(["C", "G", "C", "F", "C"]).to_table().events("majmin")).round(4)
    array([0.3333])
    """
    return _graphs(events)[:, 2]


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
    return _graphs(events)[:, 3]


def graph_density_excess(events: EventTable) -> np.ndarray:
    """`graph_density` minus its mean over shuffles of the same chords: below 0 where changes are habits.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 7).to_table().events("majmin")
    >>> bool(graph_density_excess(loop)[0] < -0.3)
    True
    """
    return contrast_shuffles(events).excess("density")


def graph_reciprocity_excess(events: EventTable) -> np.ndarray:
    """`graph_reciprocity` minus its mean over shuffles of the same chords: below 0 where changes have a direction.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 7).to_table().events("majmin")
    >>> bool(graph_reciprocity_excess(loop)[0] < -0.3)
    True
    """
    return contrast_shuffles(events).excess("reciprocity")


def graph_node_entropy_excess(events: EventTable) -> np.ndarray:
    """`graph_node_entropy` minus its mean over shuffles of the same chords: below 0 where a chord tells the next.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 7).to_table().events("majmin")
    >>> bool(graph_node_entropy_excess(loop)[0] < -1)
    True
    """
    return contrast_shuffles(events).excess("node_entropy")


def graph_efficiency_excess(events: EventTable) -> np.ndarray:
    """`graph_efficiency` minus its mean over shuffles of the same chords: below 0 where few ways are used.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 7).to_table().events("majmin")
    >>> bool(graph_efficiency_excess(loop)[0] < -0.1)
    True
    """
    return contrast_shuffles(events).excess("efficiency")


_CITATION = "Di Marco et al. (2025), arXiv 2501.07557"
_FEWER = "Falls as the vocabulary grows, for 29 changes cannot fill a large table; read it beside types_rarefied."
_CHANCE = "How often each chord is used. 20 shuffles leave noise of about a fifth of their SD in a window."

# In windows of equal length a larger vocabulary means fewer of its possible changes, and longer ways round.
register(Measure(
    "graph_density", graph_density, "syntax", "share", 0, 1, False, "root", windowed=True,
    title="Fullness of the chord network",
    description="Share of all possible changes between the window's chords that are really used.",
    citation=_CITATION,
    formula="E / (N (N - 1)), N chords, E different changes",
    blind_to=_FEWER,
    example="A loop of four chords: 1/3; two chords in turn: 1",
))  # fmt: skip
register(Measure(
    "graph_density_excess", graph_density_excess, "syntax", "none", -1, 1, True, "root", windowed=True,
    title="Fullness of the network beyond chance",
    description="How many more of the possible changes are used than if the same chords came in random order.",
    citation=_CITATION,
    formula="graph_density minus its mean over 20 shuffles of the window",
    blind_to=_CHANCE,
    example="A loop of four chords: -0.6; chords in random order: about 0",
))  # fmt: skip
register(Measure(
    "graph_reciprocity", graph_reciprocity, "syntax", "share", 0, 1, False, "root", windowed=True,
    title="Going back and forth",
    description="Share of chord changes that also occur in the other direction.",
    citation=_CITATION,
    formula="share of changes a→b for which b→a occurs too",
    blind_to="Loops: three chords in a circle never go back, and are no richer for it.",
    example="C G C G: 1; C G Am F in a loop: 0",
))  # fmt: skip
register(Measure(
    "graph_reciprocity_excess", graph_reciprocity_excess, "syntax", "none", -1, 1, False, "root", windowed=True,
    title="Going back and forth beyond chance",
    description="How much more often changes go both ways than if the same chords came in random order.",
    citation=_CITATION,
    formula="graph_reciprocity minus its mean over 20 shuffles of the window",
    blind_to=_CHANCE,
    example="A loop of four chords: -0.9; a song that swings round its tonic: above 0",
))  # fmt: skip
register(Measure(
    "graph_node_entropy", graph_node_entropy, "syntax", "bits", 0, np.inf, True, "root", windowed=True,
    title="Ways out of a chord",
    description="How many ways lead on from a chord, on average over the chords of the window.",
    citation=_CITATION,
    formula="mean over chords a of -Σ P(b|a) log2 P(b|a)",
    blind_to="A window in which every chord is new has one way out of each, and scores 0 like a loop.",
    example="A loop: 0; C G C F C: 0.33",
))  # fmt: skip
register(Measure(
    "graph_node_entropy_excess", graph_node_entropy_excess, "syntax", "bits", -np.inf, np.inf, True, "root",
    windowed=True,
    title="Ways out of a chord beyond chance",
    description="How much freer the next chord is than if the same chords came in random order (mostly below 0).",
    citation=_CITATION,
    formula="graph_node_entropy minus its mean over 20 shuffles of the window",
    blind_to=_CHANCE,
    example="A loop of four chords: -1.4; chords in random order: about 0",
))  # fmt: skip
register(Measure(
    "graph_efficiency", graph_efficiency, "syntax", "none", 0, 1, False, "root", windowed=True,
    title="Directness of the chord network",
    description="How few steps lead from any chord of a window to any other: falls as the vocabulary grows.",
    citation="Latora & Marchiori (2001), Phys. Rev. Lett. 87:198701",
    formula="mean of 1/d(a, b) over ordered pairs of chords, d the fewest changes from a to b",
    blind_to=_FEWER,
    example="A loop of four chords: 0.6111",
))  # fmt: skip
register(Measure(
    "graph_efficiency_excess", graph_efficiency_excess, "syntax", "none", -1, 1, True, "root", windowed=True,
    title="Directness of the network beyond chance",
    description="How much shorter the ways between chords are than if the same chords came in random order.",
    citation="Latora & Marchiori (2001), Phys. Rev. Lett. 87:198701",
    formula="graph_efficiency minus its mean over 20 shuffles of the window",
    blind_to=_CHANCE,
    example="A loop of four chords: -0.36; chords in random order: about 0",
))  # fmt: skip
