"""Syntax: how predictable it is which chord comes next.

Measured three ways: against one frozen model of chord sequences (`surprisal`), against the song's own past
(`surprisal_ppm`, `lz76`), and from the song's own transition table (`conditional_entropy`).

References
----------
.. [1] Pearce (2005). The construction and evaluation of statistical models of melodic structure. City
University.
.. [2] Bunton (1996). On-line stochastic processes in data compression. University of Washington. (PPM)
.. [3] Lempel, Ziv (1976). On the complexity of finite sequences. IEEE Trans. Inf. Theory 22:75.
.. [4] Parmer, Ahn (2019). Evolution of the informational complexity of contemporary Western music. ISMIR.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, mean_by_track, sum_by_track
from musictrend.complexity.reference import ReferenceModel, reference_model, token_keys

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["conditional_entropy", "lz76", "predict_ppm", "surprisal", "surprisal_ppm"]

ORDER_BOUND = 10  # longest context of PPM, in chords


def conditional_entropy(events: EventTable) -> np.ndarray:
    """Entropy of the next chord given this one, from the song's own transitions.

    0 in a loop that never varies. Undersampled inside one song, whatever its style; kept to replicate earlier
    work.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without transitions.

    References
    ----------
    .. [1] Parmer, Ahn (2019). ISMIR.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G", "F"] * 5)
    >>> conditional_entropy(seq.to_table().events("majmin")).tolist()
    [0.0]
    """
    types = count_types(events)
    target = np.flatnonzero(events.joined)
    if not len(target):
        return np.full(events.n_tracks, np.nan)
    first = np.concatenate([[0], np.cumsum(types.n_types)])[:-1]
    row = events.track[target]
    source = first[row] + types.rank[target - 1]  # types of all rows in one numbering
    width = np.int64(types.n_types.max())
    pair, count = np.unique(source * width + types.rank[target], return_counts=True)
    start = pair // width
    from_start = np.bincount(start, weights=count)  # transitions that leave each type
    bits = -count * np.log2(count / from_start[start])
    steps = np.bincount(row, minlength=events.n_tracks)
    total = sum_by_track(bits, types.row[start], events.n_tracks)
    return np.where(steps > 0, total / np.maximum(steps, 1), np.nan)


def surprisal(events: EventTable, reference: ReferenceModel | None = None) -> np.ndarray:
    """Mean surprise of each chord to a frozen model of chord sequences.

    The model knows the root interval from the chord before and the quality, so it is blind to key and
    transposition. It predicts a chord from its predecessor; chords without one (the first, and those after N
    or X) are not counted.

    Parameters
    ----------
    events : EventTable, n tracks
    reference : ReferenceModel, optional
        The one that ships with musictrend when absent.

    Returns
    -------
    surprisal : float64 array, shape (n,), bits an event
        NaN without transitions.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> plain = ChordSequence.from_labels(["C", "F", "G", "C"]).to_table().events("majmin")
    >>> strange = ChordSequence.from_labels(["C", "F#", "G:min", "D#"]).to_table().events("majmin")
    >>> bool(surprisal(plain)[0] < surprisal(strange)[0])
    True
    """
    grammar = (reference or reference_model())[events.vocabulary]
    target = np.flatnonzero(events.joined)
    key = token_keys(events)
    bits = grammar.measure_bits(key[target - 1], key[target])
    return mean_by_track(bits, events.track[target], events.n_tracks)


def surprisal_ppm(events: EventTable) -> np.ndarray:
    """Mean surprise of each chord given all that the song has played so far (PPM, short-term).

    Prediction by partial matching learns the row as it goes, from contexts of up to ten chords; the alphabet
    is the row's own chords, so what it rises with is the lack of repetition. Row = window of 30 events.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    surprisal : float64 array, shape (n,), bits an event

    See Also
    --------
    predict_ppm : the same for one sequence of any symbols, bits of each.

    References
    ----------
    .. [1] Pearce (2005). City University. Harrison's package ``ppm`` agrees.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(list("ABCADAEABCA"))
    >>> surprisal_ppm(seq.to_table().events("majmin")).round(3).tolist()
    [2.451]
    """
    from musictrend.complexity import sequence_kernels

    types = count_types(events)
    out = np.empty(events.n_tracks)
    sequence_kernels.predict_rows(types.rank, types.n_types, events.offsets, ORDER_BOUND, out)
    return out


def predict_ppm(
    symbols: Sequence[Hashable],
    *,
    order_bound: int = ORDER_BOUND,
    exclusion: bool = True,
    update_exclusion: bool = True,
    shortest_deterministic: bool = True,
) -> np.ndarray:
    """Information content of each symbol of a sequence under PPM that learns as it goes.

    Interpolated smoothing with escape method C: P_o(x) = lam c(x)/C + (1 - lam) P_{o-1}(x), lam = C/(C + d),
    with d the distinct continuations of the context. Below order 0 stands 1/(K + 1 - seen), K the number of
    distinct symbols.

    Parameters
    ----------
    symbols : sequence
    order_bound : int
        Longest context.
    exclusion : bool
        Symbols met in a longer context leave the count C of shorter ones.
    update_exclusion : bool
        A shorter context counts only what was new to the longer one.
    shortest_deterministic : bool
        Start from the shortest context with a single continuation, where it is shorter than the longest
        match.

    Returns
    -------
    bits : float64 array, shape (n,)

    References
    ----------
    .. [1] Bunton (1996); Pearce (2005), chapter 6.

    Examples
    --------
    >>> predict_ppm("abracadabra").round(2).tolist()
    [2.32, 3.32, 3.17, 2.0, 3.91, 1.91, 3.58, 2.0, 2.2, 1.32, 1.22]
    """
    from musictrend.complexity import sequence_kernels

    numbers: dict[Hashable, int] = {}
    rank = np.array([numbers.setdefault(symbol, len(numbers)) for symbol in symbols], dtype=np.int32)
    bits = np.empty(len(rank))
    sequence_kernels.predict_symbols(
        rank, len(numbers), order_bound, exclusion, update_exclusion, shortest_deterministic, bits
    )
    return bits


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
    from musictrend.complexity import sequence_kernels

    types = count_types(events)
    out = np.empty(events.n_tracks)
    sequence_kernels.measure_phrases(types.rank, events.offsets, out)
    return out


register(Measure(
    "conditional_entropy", conditional_entropy, "syntax", "bits", 0, np.inf, True, "root", windowed=True,
    title="Uncertainty of the next chord",
    description="Entropy of the next chord given this one, from the song's own changes; undersampled "
    "in one song.",
    citation="Parmer & Ahn (2019), ISMIR",
))  # fmt: skip
register(Measure(
    "surprisal", surprisal, "syntax", "bits/event", 0, np.inf, True, "root", core=True,
    options=("reference",),
    title="Surprise to a common listener",
    description="How unexpected each chord is after the one before it, to one frozen model balanced "
    "by genre and era.",
    citation="Pearce (2005); Witten & Bell (1991)",
))  # fmt: skip
register(Measure(
    "surprisal_ppm", surprisal_ppm, "syntax", "bits/event", 0, np.inf, True, "root", windowed=True,
    title="Surprise given the song so far",
    description="How unexpected each chord is to one who remembers the song so far: high where little "
    "repeats.",
    citation="Pearce (2005); Bunton (1996)",
))  # fmt: skip
register(Measure(
    "lz76", lz76, "syntax", "bits/event", 0, np.inf, True, "root", windowed=True, core=True,
    title="Resistance to compression",
    description="How many pieces are needed to build the sequence by copying from its own past.",
    citation="Lempel & Ziv (1976)",
))  # fmt: skip
