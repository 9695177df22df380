"""Syntax: how far a song can be compressed, by itself and beside shuffles of itself.

References
----------
.. [1] Lempel, Ziv (1976). On the complexity of finite sequences. IEEE Trans. Inf. Theory 22:75.
.. [2] Kaspar, Schuster (1987). Easily calculable measure for the complexity of spatiotemporal patterns. Phys.
Rev. A 36:842.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, remember
from musictrend.complexity.shuffles import contrast_shuffles

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["compression_z", "lz76", "lz76_normalised"]


def lz76(events: EventTable) -> np.ndarray:
    """Lempel-Ziv complexity: phrases needed to build the row by copying from its past, times log2(n)/n.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    complexity : float64 array, shape (n,), bits an event
        NaN with fewer than two events.

    References
    ----------
    .. [1] Lempel, Ziv (1976). IEEE Trans. Inf. Theory 22:75; Kaspar, Schuster (1987). Phys. Rev. A 36:842.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["A", "B"] * 4)
    >>> lz76(seq.to_table().events("majmin")).tolist()     # 3 log2(8) / 8
    [1.125]
    """

    def measure() -> np.ndarray:
        from musictrend.complexity import sequence_kernels

        types = count_types(events)
        out = np.empty(events.n_tracks)
        sequence_kernels.measure_phrases(types.rank, events.offsets, out)
        return out

    return remember(events, "lz76", measure)


def lz76_normalised(events: EventTable) -> np.ndarray:
    """Lempel-Ziv complexity beside a random row of as many chord types: phrases times log_K(n)/n, K the types.

    Near 1 when the row's K chords come as if drawn at random (above it in rows as short as a window); less when
    stretches return. Fewer than two types count as two.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    complexity : float64 array, shape (n,)
        NaN with fewer than two events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["A", "B", "C", "D"] * 4)
    >>> lz76_normalised(seq.to_table().events("majmin")).tolist()     # 5 phrases, log4(16) / 16
    [0.625]
    """
    return lz76(events) / np.log2(np.maximum(count_types(events).n_types, 2))


def compression_z(events: EventTable) -> np.ndarray:
    """Compressed size of the row beside shuffles of it, in standard deviations of the shuffles' sizes.

    Size is the number of Lempel-Ziv phrases. The chords and how often each occurs are the same in all, so that
    vocabulary plays no part: far below 0 where the order repeats itself, about 0 where order is left to chance.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    z : float64 array, shape (n,), standard deviations
        0 where no shuffle differs from the row; NaN with fewer than two events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 7).to_table().events("majmin")
    >>> bool(compression_z(loop)[0] < -4)
    True
    """
    return contrast_shuffles(events).z("phrases")


register(Measure(
    "lz76", lz76, "syntax", "bits/event", 0, np.inf, True, "root", windowed=True, core=True,
    title="Resistance to compression",
    description="How many pieces are needed to build the sequence by copying from its own past.",
    citation="Lempel & Ziv (1976)",
    formula="c log2(n)/n, c the phrases of the Lempel-Ziv (1976) history of n = 30 chords",
    blind_to="Whether it is many chords or their order that resists: a larger vocabulary alone raises it.",
    example="A B A B A B A B: 3 phrases, 1.125 bits a chord",
))  # fmt: skip
register(Measure(
    "lz76_normalised", lz76_normalised, "syntax", "none", 0, np.inf, True, "root", windowed=True,
    title="Resistance to compression, vocabulary apart",
    description="How many pieces are needed to build the sequence, beside a random one of as many chord types.",
    citation="Lempel & Ziv (1976); Kaspar & Schuster (1987)",
    formula="c log_K(n)/n, c the Lempel-Ziv phrases of n = 30 chords, K the different chords among them",
    blind_to="How evenly the chords are used. A window in which no chord returns is no longer than its types, and "
    "scores 1 like a random one.",
    example="A B C D four times over: 5 phrases, 0.625",
))  # fmt: skip
register(Measure(
    "compression_z", compression_z, "syntax", "SD", -np.inf, np.inf, True, "root", windowed=True,
    title="Repetition beyond chance",
    description="How much better the song's order can be compressed than the same chords shuffled (far below 0: "
    "loops; about 0: no more repetition than chance).",
    citation="Lempel & Ziv (1976); musictrend",
    formula="(c - mean of c over 20 shuffles) / SD of c over the shuffles, c the Lempel-Ziv phrases of 30 chords",
    blind_to="Vocabulary, on purpose. Shuffles may repeat a chord at once, which events never do; 20 shuffles "
    "leave the scale uncertain by a sixth.",
    example="A loop of four chords over 30: -8.6; chords in random order: about 0",
))  # fmt: skip
