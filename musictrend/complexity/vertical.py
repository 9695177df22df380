"""Vertical consonance: how rough, how harmonic, how dissonant each chord is by itself.

A quantity of a chord is computed once for its set of notes above the bass and looked up for every event.
Chords are taken in close position above their bass (the root below vocabulary ``full``), from C4, so that
transposition changes nothing.

References
----------
.. [1] Harrison, Pearce (2020). Simultaneous consonance in music perception and composition. Psych. Rev.
127:216.
.. [2] Hutchinson, Knopoff (1978). The acoustic component of Western consonance. Interface 7:1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.distance import TIV_WEIGHTS, tonal_interval_vectors
from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import mean_by_track, relative_sets

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["harmonicity", "measure_harmonicity", "measure_roughness", "roughness", "tiv_dissonance"]

MIDDLE_C = 60  # MIDI pitch on which chords are built


def _mean_over_events(events: EventTable, of_set: Callable[[int], float]) -> np.ndarray:
    """Mean over a track's events of a number that belongs to the set above the bass."""
    sets = relative_sets(events.chroma, np.maximum(events.bass, 0))
    table = np.full(4096, np.nan)
    for present in np.flatnonzero(np.bincount(sets, minlength=4096)):
        table[present] = of_set(int(present))
    return mean_by_track(table[sets], events.track, events.n_tracks)


def measure_roughness(pitches: np.ndarray | list[float], harmonics: int = 11) -> float:
    """Roughness of some pitches sounding together, after Hutchinson and Knopoff.

    Each pitch is a tone of 11 harmonics with amplitudes 1/n; partials that coincide add their powers. 0 for a
    pure tone; rises as partials come within a critical band of each other.

    Parameters
    ----------
    pitches : array, shape (p,)
        MIDI numbers.

    Returns
    -------
    roughness : float, 0 or more

    References
    ----------
    .. [1] Hutchinson, Knopoff (1978). Interface 7:1; as in Harrison, Pearce (2020).

    Examples
    --------
    >>> round(measure_roughness([60, 64, 67]), 7), round(measure_roughness([60, 63, 67]), 7)
    (0.1202426, 0.130083)
    """
    number = np.arange(1, harmonics + 1)
    partial = (np.asarray(pitches, dtype=np.float64)[:, None] + 12 * np.log2(number)).ravel()
    power = np.tile(1 / number**2, len(pitches))
    place, index = np.unique(np.round(partial, 6), return_inverse=True)
    amplitude = np.sqrt(np.bincount(index, weights=power))
    frequency = 440 * 2 ** ((place - 69) / 12)
    i, j = np.triu_indices(len(place), 1)
    apart = np.abs(frequency[i] - frequency[j])
    y = apart / (1.72 * ((frequency[i] + frequency[j]) / 2) ** 0.65)  # in critical bandwidths
    g = np.where(y > 1.2, 0.0, ((y / 0.25) * np.exp(1 - y / 0.25)) ** 2)
    return float((amplitude[i] * amplitude[j] * g).sum() / (amplitude**2).sum())


@cache
def _roughness_of_set(chord: int) -> float:
    return measure_roughness([MIDDLE_C + step for step in range(12) if chord >> step & 1])


def roughness(events: EventTable) -> np.ndarray:
    """Mean roughness of a song's chords (Hutchinson and Knopoff), in close position from C4.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    roughness : float64 array, shape (n,)
        Major triad .1202, minor .1301, dominant seventh .2215, diminished seventh .2624.

    References
    ----------
    .. [1] Hutchinson, Knopoff (1978); Harrison, Pearce (2020).

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> roughness(ChordSequence.from_labels(["C", "F"]).to_table().events("triads")).round(4).tolist()
    [0.1202]
    """
    return _mean_over_events(events, _roughness_of_set)


BINS = 1200  # cents in an octave


@cache
def _template() -> np.ndarray:
    """Pitch-class spectrum of one tone at 0: 12 harmonics of weight n^-.75, smeared by 6.83 cents; shape
    (1200,).
    """
    cents = np.arange(BINS)
    spectrum = np.zeros(BINS)
    for number in range(1, 13):
        # To the nearest bin, as in the source.
        apart = np.abs(cents - np.round(BINS * np.log2(number)) % BINS)
        apart = np.minimum(apart, BINS - apart)
        spectrum += number**-0.75 * np.exp(-0.5 * (apart / 6.83) ** 2) / (6.83 * np.sqrt(2 * np.pi))
    return spectrum


def measure_harmonicity(pitch_classes: list[int] | tuple[int, ...]) -> float:
    """How nearly some pitch classes fuse into one harmonic spectrum.

    The chord's spectrum is compared with one tone's at every pitch class; the more the likeness is
    concentrated (KL divergence from uniform), the more harmonic the chord.

    Parameters
    ----------
    pitch_classes : sequence of int, 0-11

    Returns
    -------
    harmonicity : float, bits

    References
    ----------
    .. [1] Harrison, Pearce (2018, 2020), after Milne (2013).

    Examples
    --------
    >>> round(measure_harmonicity([0]), 5), round(measure_harmonicity([0, 4, 7]), 5)
    (1.56026, 0.93731)
    """
    template = _template()
    # One sum and one transform a chord: the result does not depend on what else is computed.
    spectrum = np.sum([np.roll(template, 100 * int(pc)) for pc in sorted(set(pitch_classes))], axis=0)
    product = np.fft.irfft(np.fft.rfft(spectrum) * np.conj(np.fft.rfft(template)), BINS)
    likeness = np.maximum(product, 0) / np.sqrt((spectrum**2).sum() * (template**2).sum())
    share = likeness / likeness.sum()
    positive = share[share > 0]
    return float((positive * np.log2(positive * BINS)).sum())


@cache
def _harmonicity_of_set(chord: int) -> float:
    return measure_harmonicity([step for step in range(12) if chord >> step & 1])


def harmonicity(events: EventTable) -> np.ndarray:
    """Mean harmonicity of a song's chords: falls as chords grow more complex.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    harmonicity : float64 array, shape (n,), bits
        Major and minor triad .937, dominant seventh .731, diminished seventh .568.

    References
    ----------
    .. [1] Harrison, Pearce (2020). Psych. Rev. 127:216.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> harmonicity(ChordSequence.from_labels(["C", "A:min"]).to_table().events("triads")).round(4).tolist()
    [0.9373]
    """
    return _mean_over_events(events, _harmonicity_of_set)


@cache
def _dissonance_table() -> np.ndarray:
    """TIV dissonance 1 - |T|/|w| of every set: float64 array, shape (4096,)."""
    vectors = tonal_interval_vectors()
    length = np.sqrt((vectors.real**2 + vectors.imag**2).sum(axis=1))
    return 1 - length / np.sqrt((TIV_WEIGHTS**2).sum())


def _dissonance_of_set(chord: int) -> float:
    return float(_dissonance_table()[chord])


def tiv_dissonance(events: EventTable) -> np.ndarray:
    """Mean dissonance of a song's chords as tonal interval vectors, 1 - |T|/|w|.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    dissonance : float64 array, shape (n,), from 0 to 1
        Major and minor triad .3804, dominant seventh .5168, twelve tones 1.

    References
    ----------
    .. [1] Bernardes et al. (2016). J. New Music Research 45:281.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> tiv_dissonance(ChordSequence.from_labels(["C", "F"]).to_table().events("triads")).round(4).tolist()
    [0.3804]
    """
    return _mean_over_events(events, _dissonance_of_set)


register(Measure(
    "roughness", roughness, "vertical", "none", 0, np.inf, True, "triads", core=True,
    title="Roughness",
    description="How much the partials of each chord beat against each other, on average.",
    citation="Hutchinson & Knopoff (1978); Harrison & Pearce (2020)",
))  # fmt: skip
register(Measure(
    "harmonicity", harmonicity, "vertical", "bits", 0, np.inf, False, "triads",
    title="Harmonicity",
    description="How nearly each chord resembles the harmonics of a single tone: falls with complexity.",
    citation="Harrison & Pearce (2020), Psych. Rev. 127:216",
))  # fmt: skip
register(Measure(
    "tiv_dissonance", tiv_dissonance, "vertical", "none", 0, 1, True, "triads", core=True,
    title="Dissonance",
    description="How evenly each chord's notes cancel out in tonal interval space.",
    citation="Bernardes et al. (2016), J. New Music Research 45:281",
))  # fmt: skip
