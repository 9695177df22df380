"""Syntax: prediction by partial matching, of a song from itself, from the frozen reference, and from both.

A listener has two memories: all the music heard before (long-term) and this song so far (short-term). Each
predicts the next chord from the longest context it knows, mixed with shorter ones; together they are the
geometric mean of both, the surer one weighing more.

References
----------
.. [1] Bunton (1996). On-line stochastic processes in data compression. University of Washington. (PPM)
.. [2] Pearce (2005). The construction and evaluation of statistical models of melodic structure. City
University. (IDyOM)
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import count_types, mean_by_track, remember, sum_by_track
from musictrend.complexity.reference import ReferenceModel, count_alphabet, reference_model
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "ESCAPES",
    "predict_ppm",
    "predictive_entropy",
    "predictive_entropy_ppm",
    "surprisal_ppm",
    "surprisal_ppm_both",
    "surprisal_ppm_long",
    "surprisal_sd",
]

ORDER_BOUND = 10  # longest context of PPM, in chords
BIAS = 7.0  # how much the surer memory is believed; IDyOM's default
ESCAPES = ("A", "B", "C", "D", "AX")


def predict_ppm(
    symbols: Sequence[Hashable],
    *,
    order_bound: int = ORDER_BOUND,
    escape: str = "C",
    exclusion: bool = True,
    update_exclusion: bool = True,
    shortest_deterministic: bool = True,
    alphabet: int | None = None,
    entropy: bool = False,
) -> np.ndarray:
    """Information content of each symbol of a sequence under PPM that learns as it goes.

    Interpolated smoothing: P_o(x) = lam c(x)/C + (1 - lam) P_{o-1}(x), C the sum of the counts c. With d the
    distinct continuations of the context and s those met once, escape method A has lam = C/(C + 1), C has
    C/(C + d), AX has C/(C + s + 1); B takes 1 off every count first, D 1/2, and lam = C/(C + d) and
    C/(C + d/2). Below order 0 stands 1/(K + 1 - seen), K the size of the alphabet.

    Parameters
    ----------
    symbols : sequence, n symbols
    order_bound : int
        Longest context.
    escape : str
        ``"A"``, ``"B"``, ``"C"``, ``"D"`` or ``"AX"``.
    exclusion : bool
        Symbols met in a longer context leave the count C of shorter ones.
    update_exclusion : bool
        A shorter context counts only what was new to the longer one.
    shortest_deterministic : bool
        Start from the shortest context with a single continuation, where it is shorter than the longest
        match.
    alphabet : int, optional
        Number of symbols there are; those of the sequence when absent.
    entropy : bool
        Return the entropy of each prediction in place of the surprise it met with.

    Returns
    -------
    bits : float64 array, shape (n,)

    Raises
    ------
    ParameterError
        For another escape method, a negative bound, or an alphabet smaller than what occurs.

    References
    ----------
    .. [1] Bunton (1996); Pearce (2005), chapter 6. Harrison's package ``ppm`` agrees.

    Examples
    --------
    >>> predict_ppm("abracadabra").round(2).tolist()
    [2.32, 3.32, 3.17, 2.0, 3.91, 1.91, 3.58, 2.0, 2.2, 1.32, 1.22]
    """
    from musictrend.complexity import sequence_kernels

    if escape not in ESCAPES:
        raise ParameterError(f"escape={escape!r} must be one of {', '.join(map(repr, ESCAPES))}")
    if order_bound < 0:
        raise ParameterError(f"order_bound={order_bound} must be 0 or more")
    numbers: dict[Hashable, int] = {}
    rank = np.array([numbers.setdefault(symbol, len(numbers)) for symbol in symbols], dtype=np.int32)
    size = len(numbers) if alphabet is None else alphabet
    if size < len(numbers):
        raise ParameterError(f"alphabet={alphabet} is smaller than the {len(numbers)} symbols of the sequence")
    bits, spread = np.empty(len(rank)), np.empty(len(rank))
    sequence_kernels.predict_symbols(
        rank, len(numbers), size, order_bound, ESCAPES.index(escape), exclusion, update_exclusion,
        shortest_deterministic, bits, spread,
    )  # fmt: skip
    return spread if entropy else bits


def _predict(events: EventTable) -> tuple[np.ndarray, np.ndarray]:
    """Mean bits and mean entropy of each row under short-term PPM."""

    def predict() -> tuple[np.ndarray, np.ndarray]:
        from musictrend.complexity import sequence_kernels

        types = count_types(events)
        bits, spread = np.empty(events.n_tracks), np.empty(events.n_tracks)
        sequence_kernels.predict_rows(types.rank, types.n_types, events.offsets, ORDER_BOUND, bits, spread)
        return bits, spread

    return remember(events, "ppm", predict)


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
    return _predict(events)[0]


def predictive_entropy_ppm(events: EventTable) -> np.ndarray:
    """Mean uncertainty about the next chord of one who remembers the song so far: entropy of PPM's predictions.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G"] * 15).to_table().events("majmin")
    >>> predictive_entropy_ppm(loop).round(3).tolist()
    [0.582]
    """
    return _predict(events)[1]


def _long(events: EventTable, reference: ReferenceModel | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joined events, bits of each under the long-term model, and entropy of each prediction."""

    def measure() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        grammar = (reference or reference_model())[events.vocabulary]
        target = np.flatnonzero(events.joined)
        node = grammar.find_contexts(events)[target]
        interval = (events.root[target].astype(np.int64) - events.root[target - 1]) % 12
        column = grammar.columns[interval * 4096 + events.bitmap[target]]
        return target, -grammar.long_shares[node, column] / np.log(2), grammar.long_entropy[node]

    return remember(events, ("long-term", reference), measure)


def surprisal_ppm_long(events: EventTable, reference: ReferenceModel | None = None) -> np.ndarray:
    """Mean surprise of each chord to a long memory of many songs: the frozen reference, up to three changes back.

    PPM (escape C, interpolated, all counts) over tokens of root interval and quality; what it knows was counted
    beforehand and does not grow while the song is read. Chords without a neighbour before them are not counted.

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
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 3).to_table().events("majmin")
    >>> odd = ChordSequence.from_labels(["C", "F#", "A:min", "Db"] * 3).to_table().events("majmin")
    >>> bool(surprisal_ppm_long(loop)[0] + 2 < surprisal_ppm_long(odd)[0])
    True
    """
    target, bits, _ = _long(events, reference)
    return mean_by_track(bits, events.track[target], events.n_tracks)


def predictive_entropy(events: EventTable, reference: ReferenceModel | None = None) -> np.ndarray:
    """Mean uncertainty of the long memory about the next chord: entropy of its predictions.

    High where the song moves through contexts after which much can follow, whatever then does.

    Parameters
    ----------
    events : EventTable, n tracks
    reference : ReferenceModel, optional

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        NaN without transitions.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 3).to_table().events("majmin")
    >>> bool(0 < predictive_entropy(loop)[0] < np.log2(24))
    True
    """
    target, _, spread = _long(events, reference)
    return mean_by_track(spread, events.track[target], events.n_tracks)


def surprisal_sd(events: EventTable, reference: ReferenceModel | None = None) -> np.ndarray:
    """How much surprise varies within the song: standard deviation of each chord's bits to the long memory.

    Parameters
    ----------
    events : EventTable, n tracks
    reference : ReferenceModel, optional

    Returns
    -------
    sd : float64 array, shape (n,), bits
        With n - 1 below; NaN with fewer than two transitions.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G", "C", "G", "C", "F#", "C", "G"])
    >>> bool(surprisal_sd(seq.to_table().events("majmin"))[0] > 1)
    True
    """
    target, bits, _ = _long(events, reference)
    track = events.track[target]
    count = np.bincount(track, minlength=events.n_tracks)
    mean = sum_by_track(bits, track, events.n_tracks) / np.maximum(count, 1)
    apart = sum_by_track((bits - mean[track]) ** 2, track, events.n_tracks)
    return np.where(count > 1, np.sqrt(apart / np.maximum(count - 1, 1)), np.nan)


def surprisal_ppm_both(events: EventTable, reference: ReferenceModel | None = None, bias: float = BIAS) -> np.ndarray:
    """Mean surprise of each chord to a listener with both memories, of many songs and of this one.

    The two distributions over all chords of the vocabulary are multiplied, each to the power of its weight
    (entropy to the power of -``bias``, weights summing to 1), and normalised: IDyOM's ``both``.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)
    reference : ReferenceModel, optional
    bias : float
        0 weighs both the same; 7 is IDyOM's default.

    Returns
    -------
    surprisal : float64 array, shape (n,), bits an event
        NaN without transitions.

    References
    ----------
    .. [1] Pearce, Conklin, Wiggins (2005). Methods for combining statistical models of music. CMMR.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> odd_loop = ChordSequence.from_labels(["C", "F#", "A:min", "Db"] * 7).to_table().events("majmin")
    >>> bool(surprisal_ppm_both(odd_loop)[0] < surprisal_ppm_long(odd_loop)[0])         # what is odd is learnt
    True
    """
    from musictrend.complexity import sequence_kernels

    grammar = (reference or reference_model())[events.vocabulary]
    types = count_types(events)
    out = np.empty(events.n_tracks)
    joined, root, bitmap = (np.ascontiguousarray(column) for column in (events.joined, events.root, events.bitmap))
    sequence_kernels.predict_jointly(
        types.rank, types.n_types, events.offsets, joined, root, bitmap, grammar.find_contexts(events),
        grammar.columns, grammar.long_shares, grammar.long_entropy, count_alphabet(events.vocabulary), ORDER_BOUND,
        float(bias), out,
    )  # fmt: skip
    return out


register(Measure(
    "surprisal_ppm", surprisal_ppm, "syntax", "bits/event", 0, np.inf, True, "root", windowed=True,
    title="Surprise given the song so far",
    description="How unexpected each chord is to one who remembers the song so far: high where little "
    "repeats.",
    citation="Pearce (2005); Bunton (1996)",
    formula="mean of -log2 P(chord | song so far), P by PPM (escape C, exclusion, contexts up to 10 chords)",
    blind_to="Style: a strange loop is as easy to learn as a common one. Chords not yet heard in the window share "
    "what is left.",
    example="A B C A D A E A B C A: 2.45 bits a chord; two chords in turn over 30: 0.33",
))  # fmt: skip
register(Measure(
    "surprisal_ppm_long", surprisal_ppm_long, "syntax", "bits/event", 0, np.inf, True, "root",
    options=("reference",),
    title="Surprise given all songs heard",
    description="How unexpected each chord is to one who has heard many songs and knows what tends to follow "
    "three chord changes.",
    citation="Pearce (2005); Bunton (1996)",
    formula="mean of -log2 P(chord | up to 3 changes before it), P by PPM over the frozen reference's counts",
    blind_to="Repetition in the song itself; key and rhythm. It hears with the ears of its reference: "
    "popular song and jazz.",
    example="C G Am F in a loop: 0.85 bits a chord; C F# Am Db in a loop: 6.9 (majmin)",
))  # fmt: skip
register(Measure(
    "surprisal_ppm_both", surprisal_ppm_both, "syntax", "bits/event", 0, np.inf, True, "root", windowed=True,
    options=("reference",),
    title="Surprise given all songs and this one",
    description="How unexpected each chord is to a listener who knows many songs and remembers this one.",
    citation="Pearce (2005); Pearce, Conklin & Wiggins (2005)",
    formula="mean of -log2 P, P ∝ P_long^w · P_short^(1-w), w/(1-w) = (H_short/H_long)^7 at each chord",
    blind_to="Everything beyond the window: what an earlier verse taught is forgotten.",
    example="C G Am F in a loop over 30: 0.61 bits a chord; C F# Am Db in a loop: 1.48, most of it in the first round",
))  # fmt: skip
register(Measure(
    "predictive_entropy", predictive_entropy, "syntax", "bits", 0, np.inf, True, "root", options=("reference",),
    title="Openness of what may follow",
    description="How uncertain one who has heard many songs is about each next chord, before it sounds.",
    citation="Hansen & Pearce (2014), Frontiers in Psychology 5:1052; Pearce (2005)",
    formula="mean of -Σ P(x) log2 P(x) over the long memory's prediction of each chord",
    blind_to="What really follows: a shock after a safe context does not count.",
    example="C G Am F in a loop: 1.83 bits, of log2 24 = 4.58 at most (majmin)",
))  # fmt: skip
register(Measure(
    "predictive_entropy_ppm", predictive_entropy_ppm, "syntax", "bits", 0, np.inf, True, "root", windowed=True,
    title="Openness given the song so far",
    description="How uncertain one who remembers only this song is about each next chord.",
    citation="Hansen & Pearce (2014), Frontiers in Psychology 5:1052; Pearce (2005)",
    formula="mean of -Σ P(x) log2 P(x) over short-term PPM's prediction of each chord",
    blind_to="Style. The alphabet is the window's own chords, so it grows with their number.",
    example="Two chords in turn over 30: 0.58; 24 chords none of which returns: 4.34",
))  # fmt: skip
register(Measure(
    "surprisal_sd", surprisal_sd, "syntax", "bits", 0, np.inf, True, "root", options=("reference",),
    title="Ups and downs of surprise",
    description="How much surprise varies from chord to chord: safe stretches broken by shocks are high.",
    citation="Gold et al. (2019), J. Neuroscience 39:9397; Pearce (2005)",
    formula="standard deviation over the song of -log2 P(chord), P as in surprisal_ppm_long",
    blind_to="The order of safe and surprising chords; a song that surprises all the time is as low as one that "
    "never does.",
    example="C G C G C F# C G: 3.12 bits (majmin)",
))  # fmt: skip
