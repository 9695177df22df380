"""Syntax: how predictable it is which chord comes next.

Against one frozen model of chord sequences (`surprisal`), and from the song's own table of transitions
(`conditional_entropy`, `block_entropy`). Files beside this one have models with a longer memory (`prediction`),
compression (`compression`) and the network of transitions (`network`).

References
----------
.. [1] Pearce (2005). The construction and evaluation of statistical models of melodic structure. City
University.
.. [2] Shannon (1948). A mathematical theory of communication. Bell System Technical Journal 27:379.
.. [3] Parmer, Ahn (2019). Evolution of the informational complexity of contemporary Western music. ISMIR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, mean_by_track, sum_by_track
from musictrend.complexity.reference import ReferenceModel, reference_model, token_keys
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["block_entropy", "conditional_entropy", "surprisal"]


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


def block_entropy(events: EventTable, length: int = 2) -> np.ndarray:
    """Entropy of blocks of neighbouring chords, from their shares as they are.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)
    length : int
        Chords in a block; blocks overlap, and none leads across N or X.

    Returns
    -------
    entropy : float64 array, shape (n,), bits a block
        log2(L) in a loop of L different chords, however long the blocks; NaN without blocks.

    References
    ----------
    .. [1] Shannon (1948). Bell System Technical Journal 27:379.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 4 + ["C"]).to_table().events("majmin")
    >>> block_entropy(loop).tolist(), block_entropy(loop, 1).round(2).tolist()
    ([2.0], [2.0])
    """
    if length < 1:
        raise ParameterError(f"length={length} must be 1 chord or more")
    types = count_types(events)
    whole = np.ones(len(events.code), dtype=bool)
    for back in range(length - 1):  # each of the block's last chords follows its neighbour
        whole[back:] &= events.joined[: max(len(whole) - back, 0)]
        whole[:back] = False
    last = np.flatnonzero(whole)
    row = events.track[last]
    width = np.int64(types.n_types.max(initial=1))
    block = row
    for back in range(length):
        _, block = np.unique(block * width + types.rank[last - back], return_inverse=True)
    count = np.bincount(block)
    first = np.zeros(len(count), dtype=np.int64)
    first[block] = row
    n = np.bincount(row, minlength=events.n_tracks)
    share = count / np.maximum(n[first], 1)
    total = sum_by_track(-share * np.log2(share), first, events.n_tracks)
    return np.where(n > 0, total, np.nan)


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


register(Measure(
    "conditional_entropy", conditional_entropy, "syntax", "bits", 0, np.inf, True, "root", windowed=True,
    title="Uncertainty of the next chord",
    description="Entropy of the next chord given this one, from the song's own changes; undersampled "
    "in one song.",
    citation="Parmer & Ahn (2019), ISMIR",
    formula="-Σ P(a) Σ P(b|a) log2 P(b|a), from the window's own changes",
    blind_to="Style: it grows with the number of chords seen and hardly tells jazz from pop, for 29 changes "
    "cannot fill a table. A window of new chords only scores 0. Kept to replicate earlier work.",
    example="abracadabra: 0.6; any loop: 0",
))  # fmt: skip
register(Measure(
    "surprisal", surprisal, "syntax", "bits/event", 0, np.inf, True, "root", core=True,
    options=("reference",),
    title="Surprise to a common listener",
    description="How unexpected each chord is after the one before it, to one frozen model balanced "
    "by genre and era.",
    citation="Pearce (2005); Witten & Bell (1991)",
    formula="mean of -log2 P(interval of roots, chord type | the same of the chord before), P of the frozen "
    "reference",
    blind_to="Anything more than one change back, key and rhythm. It hears with the ears of its reference: "
    "popular song and jazz.",
    example="C F G C: 2.24 bits a chord; C F# Gm D#: 6.19 (majmin)",
))  # fmt: skip
register(Measure(
    "block_entropy", block_entropy, "syntax", "bits", 0, np.inf, True, "root", windowed=True,
    title="Variety of chord pairs",
    description="How varied the moves from one chord to the next are: entropy of neighbouring pairs.",
    citation="Shannon (1948)",
    formula="-Σ p log2 p, p the share of each pair of neighbouring chords in the window",
    blind_to="Pairs that come once in a window of 30 weigh as if they were habits; at most log2 29 = 4.86 bits.",
    example="A loop of four chords: 2",
))  # fmt: skip
