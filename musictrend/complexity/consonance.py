"""Consonance of one chord: roughness, harmonicity, and Harrison and Pearce's composite of both and of habit.

References
----------
.. [1] Harrison, Pearce (2020). Simultaneous consonance in music perception and composition. Psych. Rev.
127:216.
.. [2] Hutchinson, Knopoff (1978). The acoustic component of Western consonance. Interface 7:1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

__all__ = ["measure_consonance", "measure_harmonicity", "measure_roughness", "tone_spectrum"]


def measure_roughness(pitches: np.ndarray | Sequence[float], harmonics: int = 11) -> float:
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


BINS = 1200  # cents in an octave


@cache
def tone_spectrum() -> np.ndarray:
    """Pitch-class spectrum of one tone at 0: 12 harmonics of weight n^-.75, smeared by 6.83 cents; float64 array,
    shape (1200,).
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
    template = tone_spectrum()
    # One sum and one transform a chord: the result does not depend on what else is computed.
    spectrum = np.sum([np.roll(template, 100 * int(pc)) for pc in sorted(set(pitch_classes))], axis=0)
    product = np.fft.irfft(np.fft.rfft(spectrum) * np.conj(np.fft.rfft(template)), BINS)
    likeness = np.maximum(product, 0) / np.sqrt((spectrum**2).sum() * (template**2).sum())
    share = likeness / likeness.sum()
    positive = share[share > 0]
    return float((positive * np.log2(positive * BINS)).sum())


# Harrison and Pearce (2020), table of regression coefficients; the source's software has them in full.
INTERCEPT, PER_NOTE = 0.628434666589357, 0.422267698605598
ROUGHNESS, HARMONICITY, SURPRISE = -1.62001025973261, 1.77992362857478, -0.0892234643584134


def measure_consonance(
    pitches: np.ndarray | Sequence[int], probability: float | None = None, *, chord_size: bool = False
) -> float:
    """Consonance of some pitches after Harrison and Pearce: smooth, harmonic and common chords are consonant.

    .62843 - 1.62001 roughness + 1.77992 harmonicity - .08922 (-ln p), p how common the chord type is.

    Parameters
    ----------
    pitches : array, shape (p,)
        MIDI numbers.
    probability : float, optional
        Share of the chord's type in a corpus; the term is left out when absent.
    chord_size : bool
        Add .42227 for each note. The authors leave it out by default: it fits one set of ratings.

    Returns
    -------
    consonance : float

    References
    ----------
    .. [1] Harrison, Pearce (2020). Psych. Rev. 127:216.

    Examples
    --------
    >>> round(measure_consonance([60, 64, 67]), 3), round(measure_consonance([60, 64, 67, 70]), 3)
    (2.102, 1.571)
    """
    pitch_classes = [int(pitch) % 12 for pitch in pitches]
    value = INTERCEPT + ROUGHNESS * measure_roughness(pitches) + HARMONICITY * measure_harmonicity(pitch_classes)
    if probability is not None:
        value += SURPRISE * -np.log(probability)
    return float(value + PER_NOTE * len(pitches) * chord_size)
