"""Vocabulary: entropy of the chords used, by five estimators, and effective numbers of chords.

The plain entropy of a window's shares is too low; `estimators` says how much is missing. All depends on the
counts alone, so that windows with the same counts are computed once.

References
----------
.. [1] Hill (1973). Diversity and evenness. Ecology 54:427.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.estimators import ESTIMATORS
from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, remember
from musictrend.complexity.reference import count_alphabet

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "hill0",
    "hill1",
    "quality_entropy",
    "type_entropy_chao_shen",
    "type_entropy_grassberger",
    "type_entropy_ml",
    "type_entropy_nsb",
]


def _histograms(events: EventTable) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of counts of counts, shape (u, m + 1), and which of them each row with events has."""

    def collect() -> tuple[np.ndarray, np.ndarray]:
        types = count_types(events)
        rows = np.flatnonzero(events.n_events > 0)
        width = int(types.count.max(initial=0)) + 1
        place = np.zeros(events.n_tracks, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        table = np.bincount(place[types.row] * width + types.count, minlength=len(rows) * width)
        table = table.reshape(len(rows), width)
        # Rows are told apart by 64 bits each; whole rows would be slow to sort.
        salt = np.random.default_rng(0).integers(1, 2**62, width, dtype=np.uint64)
        mark = (table.astype(np.uint64) * salt).sum(axis=1, dtype=np.uint64)
        _, first, which = np.unique(mark, return_index=True, return_inverse=True)
        return table[first], which

    return remember(events, "histograms", collect)


def _estimate(events: EventTable, method: str) -> np.ndarray:
    """Entropy of each row's events in bits; NaN without events."""
    table, which = _histograms(events)
    out = np.full(events.n_tracks, np.nan)
    if len(table):
        out[events.n_events > 0] = (ESTIMATORS[method](table, _count_chords(events.vocabulary)) / np.log(2))[which]
    return out


@cache
def _count_chords(vocabulary: str) -> int:
    """Chords that an event can be: what NSB spreads the unseen mass over. At ``full``, those of qualities.csv."""
    from musictrend.harmony.quality import list_qualities

    return 12 * len(list_qualities()) if vocabulary == "full" else count_alphabet(vocabulary)


def type_entropy_ml(events: EventTable) -> np.ndarray:
    """Entropy of the chords used, from their shares as they are: too low in short rows, and equally in all.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")
    >>> type_entropy_ml(loop).tolist()
    [2.0]
    """
    return _estimate(events, "ml")


def type_entropy_chao_shen(events: EventTable) -> np.ndarray:
    """Entropy of the chords used, Chao and Shen's estimate: chords met once tell how many were missed.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 4).to_table().events("majmin")
    >>> type_entropy_chao_shen(loop).round(3).tolist()
    [2.02]
    """
    return _estimate(events, "chao_shen")


def type_entropy_grassberger(events: EventTable) -> np.ndarray:
    """Entropy of the chords used, Grassberger's estimate of 2003: nearly without bias for small counts.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without events; may fall below 0 by a little where nearly all events are one chord.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 4).to_table().events("majmin")
    >>> type_entropy_grassberger(loop).round(3).tolist()
    [1.986]
    """
    return _estimate(events, "grassberger")


def type_entropy_nsb(events: EventTable) -> np.ndarray:
    """Entropy of the chords used, by Nemenman, Shafee and Bialek: what to believe when all entropies are likely.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 4).to_table().events("majmin")
    >>> bool(2 < type_entropy_nsb(loop)[0] < 2.5)
    True
    """
    return _estimate(events, "nsb")


def hill0(events: EventTable) -> np.ndarray:
    """Number of different chords in a stretch of equal length (Hill number of order 0).

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    number : float64 array, shape (n,), 1 or more
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> hill0(ChordSequence.from_labels(["C", "G", "A:min", "G"]).to_table().events("majmin")).tolist()
    [3.0]
    """
    return np.where(events.n_events > 0, count_types(events).n_types.astype(np.float64), np.nan)


def hill1(events: EventTable) -> np.ndarray:
    """Effective number of chords (Hill number of order 1): as many equally common ones have the same entropy.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    number : float64 array, shape (n,), 1 or more
        NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> hill1(ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")).round(9).tolist()
    [4.0]
    """
    return 2 ** type_entropy_ml(events)


def quality_entropy(events: EventTable) -> np.ndarray:
    """Entropy of chord types (major, minor, dominant seventh, ...) whatever their roots, after Miller and Madow.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        0 when all chords are of one type; NaN without events.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "D:min7", "G:7", "C"])
    >>> quality_entropy(seq.to_table().events("sevenths")).round(4).tolist()      # 1.5 and (3 - 1) / (8 ln 2)
    [1.8607]
    """
    from musictrend.complexity import kernels

    n = events.n_events
    rank = np.zeros(len(events.code), dtype=np.int32)
    n_types = np.zeros(events.n_tracks, dtype=np.int64)
    kernels.rank_types(events.bitmap.astype(np.int32), events.offsets, 4096, rank, n_types)
    first = np.concatenate([[0], np.cumsum(n_types)])
    count = np.bincount(first[events.track] + rank, minlength=first[-1])
    row = np.repeat(np.arange(events.n_tracks), n_types)
    share = count / n[row]
    plain = np.bincount(row, -share * np.log2(share), events.n_tracks)
    return np.where(n > 0, plain + (n_types - 1) / (2 * np.maximum(n, 1) * np.log(2)), np.nan)


_NOISE = "Order: any shuffle scores the same. Wrong labels look like new chords and raise it."

register(Measure(
    "type_entropy_ml", type_entropy_ml, "vocabulary", "bits", 0, np.inf, True, "root", windowed=True,
    title="Evenness of chord use, uncorrected",
    description="Entropy of the chords in windows of 30, from their shares as they are.",
    citation="Shannon (1948)",
    formula="-Σ p log2 p, p the share of each chord in the window",
    blind_to=_NOISE + " Too low by (K - 1)/2n at least; equal windows make songs comparable all the same.",
    example="A loop of four chords: 2; counts 4 4 3 2 2 2 1 1: 1.9684 nats",
))  # fmt: skip
register(Measure(
    "type_entropy_chao_shen", type_entropy_chao_shen, "vocabulary", "bits", 0, np.inf, True, "root", windowed=True,
    title="Evenness of chord use (Chao-Shen)",
    description="Entropy of the chords in windows of 30, corrected by how many chords are met only once.",
    citation="Chao & Shen (2003), Env. Ecol. Stat. 10:429",
    formula="-Σ C p ln(C p) / (1 - (1 - C p)^n), C = 1 - f1/n, f1 the chords met once",
    blind_to=_NOISE + " Where nearly every chord is met once it is large and unsure.",
    example="counts 4 4 3 2 2 2 1 1: 2.2011 nats",
))  # fmt: skip
register(Measure(
    "type_entropy_grassberger", type_entropy_grassberger, "vocabulary", "bits", -0.1, np.inf, True, "root",
    windowed=True,
    title="Evenness of chord use (Grassberger)",
    description="Entropy of the chords in windows of 30, corrected count by count.",
    citation="Grassberger (2003), arXiv physics/0307138",
    formula="ln n - (1/n) Σ n_i G(n_i), G(k) = ψ(k) + ½(-1)^k [ψ((k+1)/2) - ψ(k/2)]",
    blind_to=_NOISE,
    example="counts 4 4 3 2 2 2 1 1: 2.1446 nats",
))  # fmt: skip
register(Measure(
    "type_entropy_nsb", type_entropy_nsb, "vocabulary", "bits", 0, np.inf, True, "root", windowed=True,
    title="Evenness of chord use (NSB)",
    description="Entropy of the chords in windows of 30 that one should expect when no entropy is more likely "
    "than another beforehand.",
    citation="Nemenman, Shafee & Bialek (2002), NIPS 14",
    formula="∫ E[H | counts, β] P(β | counts) dβ, Dirichlet priors β mixed so that H is flat beforehand; "
    "alphabet: all chords of the vocabulary",
    blind_to=_NOISE + " It depends on how many chords are thought possible, so never compare vocabularies.",
    example="A loop of four chords over 28: 2.14 (majmin)",
))  # fmt: skip
register(Measure(
    "hill0", hill0, "vocabulary", "chords", 1, np.inf, True, "root", windowed=True,
    title="Different chords in a stretch",
    description="How many different chords occur in a stretch of 30.",
    citation="Hill (1973), Ecology 54:427",
    formula="number of different chords in the window",
    blind_to=_NOISE + " A chord touched once counts like one played all the time. Less than types_rarefied where "
    "sections have chords of their own.",
    example="A loop of four chords: 4",
))  # fmt: skip
register(Measure(
    "hill1", hill1, "vocabulary", "chords", 1, np.inf, True, "root", windowed=True,
    title="Effective number of chords, by entropy",
    description="How many equally common chords would be as varied as those in a stretch of 30.",
    citation="Hill (1973), Ecology 54:427",
    formula="exp(H), H the plain entropy of the window's chords in nats",
    blind_to=_NOISE,
    example="A loop of four chords: 4; one chord half of the time and two for the rest: 2.83",
))  # fmt: skip
register(Measure(
    "quality_entropy", quality_entropy, "vocabulary", "bits", 0, np.inf, True, "majmin", windowed=True,
    title="Variety of chord types",
    description="How varied the chord types are (major, minor, dominant seventh ...), whatever their roots.",
    citation="Miller (1955); Shannon (1948)",
    formula="-Σ p log2 p + (K - 1)/(2 n ln 2), p the share of each chord type in the window, K the types",
    blind_to="Roots: a song on one root with many colours scores high. Nearly nothing is left of it at majmin.",
    example="C Dm7 G7 C: 1.86; triads of one kind: 0",
))  # fmt: skip
