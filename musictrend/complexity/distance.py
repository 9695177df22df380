"""Tonality: how far it is from each chord to the next, by its notes alone.

Means over transitions between neighbours (not across N or X). Each distance depends only on the kind of
transition up to transposition, so each kind is measured once, whatever the number of songs.

References
----------
.. [1] Bernardes et al. (2016). J. New Music Research 45:281. (tonal interval vectors)
.. [2] Tymoczko (2006). The geometry of musical chords. Science 313:72.
.. [3] Milne, Sethares, Laney, Sharp (2011). Modelling the similarity of pitch collections with expectation
tensors. J. Mathematics and Music 5:1. (spectral pitch-class distance)
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.consonance import tone_spectrum
from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import find_transitions, mean_by_track, relative_sets

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "TIV_WEIGHTS",
    "mean_by_kind",
    "spectral_distance",
    "spectral_distances",
    "tiv_distance",
    "tonal_interval_vectors",
    "voice_leading",
    "voice_leading_steps",
]

_ALL = np.arange(4096)


def mean_by_kind(events: EventTable, of_kind: np.ndarray) -> np.ndarray:
    """Mean over each track's transitions of a number that belongs to their kind (`find_transitions`)."""
    steps = find_transitions(events)
    return mean_by_track(of_kind[steps.kind], steps.track, events.n_tracks)


# Bernardes et al. (2016), by the kind of music that the vectors are made from.
TIV_WEIGHTS = {
    "symbolic": np.array([2.0, 11.0, 17.0, 16.0, 19.0, 7.0]),
    "audio": np.array([3.0, 8.0, 11.5, 15.0, 14.5, 7.5]),
}


@cache
def tonal_interval_vectors(weights: str = "symbolic") -> np.ndarray:
    """Weighted Fourier coefficients 1 to 6 of every pitch-class set: complex128 array, shape (4096, 6).

    Parameters
    ----------
    weights : str
        ``"symbolic"``, as the measures use, or ``"audio"``, fitted to chroma of sound. By the latter a diminished
        triad is less dissonant than a major one.

    Examples
    --------
    >>> bool(abs(tonal_interval_vectors()[0b10010001]).max() < 19)
    True
    """
    member = ((_ALL[:, None] >> np.arange(12)) & 1).astype(np.float64)  # (4096, 12)
    wave = np.exp(-2j * np.pi * np.outer(np.arange(12), np.arange(1, 7)) / 12)  # (12, 6)
    # Added in one order for every set, so that the result does not depend on a matrix library.
    vectors = np.zeros((4096, 6), dtype=np.complex128)
    for pitch_class in range(12):
        vectors += member[:, pitch_class, None] * wave[pitch_class]
    return TIV_WEIGHTS[weights] * vectors / np.maximum(member.sum(1), 1)[:, None]


def tiv_distance(events: EventTable) -> np.ndarray:
    """Mean Euclidean distance of neighbouring chords as tonal interval vectors.

    C to A minor 17.17, to G 25.55, to F# 35.23. Chords of more notes have shorter vectors, so that rich
    chords lie closer together: read it beside `cardinality`, and compare at one vocabulary.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    distance : float64 array, shape (n,)
        NaN without transitions.

    References
    ----------
    .. [1] Bernardes et al. (2016). J. New Music Research 45:281.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> tiv_distance(ChordSequence.from_labels(["C", "A:min"]).to_table().events("triads")).round(2).tolist()
    [17.17]
    """
    steps = find_transitions(events)
    vectors = tonal_interval_vectors()
    turned = relative_sets(steps.target_set, (12 - steps.interval) % 12)  # relative to the first root
    apart = vectors[steps.source_set] - vectors[turned]
    return mean_by_kind(events, np.sqrt((apart.real**2 + apart.imag**2).sum(axis=1)))


def voice_leading_steps(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least sum of semitones by which voices move from one pitch-class set to another.

    Every note of both chords is used; a voice may share its note with another.

    Parameters
    ----------
    source, target : int array, shape (t,)
        12-bit sets.

    Returns
    -------
    semitones : float64 array, shape (t,)

    Examples
    --------
    >>> voice_leading_steps(np.array([0b10010001]), np.array([0b001000010001])).tolist()       # C to A minor
    [2.0]
    """
    from musictrend.complexity import kernels

    source = np.ascontiguousarray(source, dtype=np.int64)
    out = np.empty(len(source))
    kernels.lead_voices(source, np.zeros_like(source), np.ascontiguousarray(target, dtype=np.int64), out)
    return out


def voice_leading(events: EventTable) -> np.ndarray:
    """Mean size of the smallest voice leading from chord to chord, in semitones.

    C to E minor 1, to A minor 2, to G 3, to F# 6. Grows with the number of notes, as more voices move.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    semitones : float64 array, shape (n,)
        NaN without transitions.

    References
    ----------
    .. [1] Tymoczko (2006). Science 313:72.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> voice_leading(ChordSequence.from_labels(["G:7", "C"]).to_table().events("sevenths")).tolist()
    [4.0]
    """
    from musictrend.complexity import kernels

    steps = find_transitions(events)
    out = np.empty(len(steps.interval))
    kernels.lead_voices(steps.source_set, steps.interval, steps.target_set, out)
    return mean_by_kind(events, out)


@cache
def _spectral_overlaps() -> np.ndarray:
    """Inner product of two tones' pitch-class spectra by their distance in semitones: float64 array, shape (12,)."""
    spectrum = tone_spectrum()
    return np.array([float((spectrum * np.roll(spectrum, 100 * steps)).sum()) for steps in range(12)])


def spectral_distances(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Spectral pitch-class distance: 1 - cosine of the spectra of two pitch-class sets.

    Each note is a tone of 12 harmonics, folded into one octave and smeared by 6.83 cents.

    Parameters
    ----------
    source, target : int array, shape (t,)
        12-bit sets.

    Returns
    -------
    distance : float64 array, shape (t,), from 0 to 1

    References
    ----------
    .. [1] Milne, Sethares, Laney, Sharp (2011). J. Mathematics and Music 5:1.

    Examples
    --------
    >>> c_major = np.full(3, 0b10010001)
    >>> spectral_distances(c_major, np.array([0b1000010001, 0b100010010000, 0b10001000010])).round(3).tolist()
    [0.242, 0.26, 0.948]
    """
    overlaps = _spectral_overlaps()

    def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Inner product of the spectra of two sets."""
        pairs = (np.bitwise_count(a & relative_sets(b, np.full(len(b), steps))) for steps in range(12))
        return sum(count * overlaps[steps] for steps, count in enumerate(pairs))  # type: ignore[return-value]

    a, b = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
    return np.clip(1 - overlap(a, b) / np.sqrt(overlap(a, a) * overlap(b, b)), 0, 1)


def spectral_distance(events: EventTable) -> np.ndarray:
    """Mean spectral pitch-class distance from chord to chord: how few partials they share.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    distance : float64 array, shape (n,), from 0 to 1
        NaN without transitions.

    References
    ----------
    .. [1] Milne, Sethares, Laney, Sharp (2011). J. Mathematics and Music 5:1.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> spectral_distance(ChordSequence.from_labels(["C", "G"]).to_table().events("triads")).round(4).tolist()
    [0.4155]
    """
    steps = find_transitions(events)
    turned = relative_sets(steps.target_set, (12 - steps.interval) % 12)  # relative to the first root
    return mean_by_kind(events, spectral_distances(steps.source_set, turned))


_LOCAL = "What lies between neighbours: a long way round in small steps is short. Key and function."

register(Measure(
    "tiv_distance", tiv_distance, "tonality", "none", 0, np.inf, True, "majmin",
    title="Steps in tonal interval space",
    description="Mean distance from chord to chord as tonal interval vectors; smaller between rich chords.",
    citation="Bernardes et al. (2016), J. New Music Research 45:281",
    formula="mean of |T(a) - T(b)|, T(k) = w_k DFT_k(notes)/number of notes, k = 1 to 6, w = 2 11 17 16 19 7",
    blind_to="Chords of more notes have shorter vectors, so jazz (20.1) lies below pop (23.7): read it beside "
    "cardinality. " + _LOCAL,
    example="From C: Am 17.17, G 25.55, F# 35.23",
))  # fmt: skip
register(Measure(
    "voice_leading", voice_leading, "tonality", "semitones", 0, np.inf, True, "majmin",
    title="Moves of the voices",
    description="Mean number of semitones by which voices must move from chord to chord.",
    citation="Tymoczko (2006), Science 313:72",
    formula="mean over changes of the least Σ |semitones| over all ways to lead every note to some note",
    blind_to="Grows with the number of notes, as more voices move. " + _LOCAL,
    example="From C: Em 1, Am 2, G 3, F# 6; G7 to C: 4",
))  # fmt: skip
register(Measure(
    "spectral_distance", spectral_distance, "tonality", "none", 0, 1, True, "majmin",
    title="Steps in sound",
    description="How few of their overtones neighbouring chords share, on average.",
    citation="Milne et al. (2011), J. Mathematics and Music 5:1",
    formula="mean of 1 - cos(S(a), S(b)), S a chord's spectrum folded into an octave: 12 harmonics of weight "
    "n^-0.75 a note, smeared by 6.83 cents",
    blind_to="Chords of more notes share more, so rich chords lie closer together. " + _LOCAL,
    example="From C: Am 0.2416, G 0.4155, F# 0.948",
))  # fmt: skip
