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

from musictrend.complexity.consonance import (
    HARMONICITY,
    INTERCEPT,
    ROUGHNESS,
    SURPRISE,
    measure_harmonicity,
    measure_roughness,
)
from musictrend.complexity.distance import TIV_WEIGHTS, tonal_interval_vectors
from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import mean_by_track, relative_sets
from musictrend.complexity.reference import ReferenceModel, reference_model

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["consonance", "harmonicity", "roughness", "tiv_dissonance", "tiv_dissonances"]

MIDDLE_C = 60  # MIDI pitch on which chords are built


def _mean_over_events(events: EventTable, of_set: Callable[[int], float]) -> np.ndarray:
    """Mean over a track's events of a number that belongs to the set above the bass."""
    sets = relative_sets(events.chroma, np.maximum(events.bass, 0))
    table = np.full(4096, np.nan)
    for present in np.flatnonzero(np.bincount(sets, minlength=4096)):
        table[present] = of_set(int(present))
    return mean_by_track(table[sets], events.track, events.n_tracks)


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
def tiv_dissonances(weights: str = "symbolic") -> np.ndarray:
    """Dissonance 1 - |T|/|w| of every pitch-class set's tonal interval vector: float64 array, shape (4096,).

    Parameters
    ----------
    weights : str
        ``"symbolic"`` or ``"audio"``, as in `tonal_interval_vectors`.

    Examples
    --------
    >>> tiv_dissonances()[[0b10010001, 0b1001001]].round(4).tolist()           # major, diminished
    [0.3804, 0.4327]
    """
    vectors = tonal_interval_vectors(weights)
    length = np.sqrt((vectors.real**2 + vectors.imag**2).sum(axis=1))
    return 1 - length / np.sqrt((TIV_WEIGHTS[weights] ** 2).sum())


def _dissonance_of_set(chord: int) -> float:
    return float(tiv_dissonances()[chord])


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


def consonance(events: EventTable, reference: ReferenceModel | None = None) -> np.ndarray:
    """Mean consonance of a song's chords after Harrison and Pearce: smooth, harmonic and common.

    Chords are in close position from C4 above their bass. How common a chord type is, is read from the frozen
    reference (unmet types share the mass of those pruned); the authors counted popular song. Chord size is left
    out, as they advise.

    Parameters
    ----------
    events : EventTable, n tracks
    reference : ReferenceModel, optional
        The one that ships with musictrend when absent.

    Returns
    -------
    consonance : float64 array, shape (n,)
        Falls as chords grow more complex.

    References
    ----------
    .. [1] Harrison, Pearce (2020). Psych. Rev. 127:216.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> triads, sevenths = (
    ...     consonance(ChordSequence.from_labels(labels).to_table().events("sevenths"))[0]
    ...     for labels in (["C", "F"], ["C:7", "F:maj7"])
    ... )
    >>> bool(triads > sevenths)
    True
    """
    grammar = (reference or reference_model())[events.vocabulary]
    habit = SURPRISE * grammar.type_surprise[events.bitmap]

    def sound(chord: int) -> float:
        return INTERCEPT + ROUGHNESS * _roughness_of_set(chord) + HARMONICITY * _harmonicity_of_set(chord)

    return _mean_over_events(events, sound) + mean_by_track(habit, events.track, events.n_tracks)


_ALONE = "What came before and the voicing: every chord stands in close position above its bass."

register(Measure(
    "roughness", roughness, "vertical", "none", 0, np.inf, True, "triads", core=True,
    title="Roughness",
    description="How much the partials of each chord beat against each other, on average.",
    citation="Hutchinson & Knopoff (1978); Harrison & Pearce (2020)",
    formula="mean over chords of Σ a_i a_j g(y_ij) / Σ a², 11 harmonics a note, y the distance of partials in "
    "critical bands",
    blind_to=_ALONE + " Register: all chords are built on C4.",
    example="Major triad 0.1202, minor 0.1301, dominant seventh 0.2215, diminished seventh 0.2624",
))  # fmt: skip
register(Measure(
    "harmonicity", harmonicity, "vertical", "bits", 0, np.inf, False, "triads",
    title="Harmonicity",
    description="How nearly each chord resembles the harmonics of a single tone: falls with complexity.",
    citation="Harrison & Pearce (2020), Psych. Rev. 127:216",
    formula="mean over chords of the KL divergence (bits) from uniform of the likeness to one tone's harmonics "
    "at every pitch class",
    blind_to=_ALONE + " Major and minor are alike.",
    example="One note 1.5603, major or minor triad 0.9373, dominant seventh 0.7310",
))  # fmt: skip
register(Measure(
    "tiv_dissonance", tiv_dissonance, "vertical", "none", 0, 1, True, "triads", core=True,
    title="Dissonance",
    description="How evenly each chord's notes cancel out in tonal interval space.",
    citation="Bernardes et al. (2016), J. New Music Research 45:281",
    formula="mean over chords of 1 - |T|/|w|, T the tonal interval vector, w its weights",
    blind_to=_ALONE + " Major and minor are alike.",
    example="Major or minor triad 0.3804, dominant seventh 0.5168, all twelve notes 1",
))  # fmt: skip
register(Measure(
    "consonance", consonance, "vertical", "none", -np.inf, np.inf, False, "triads", options=("reference",),
    title="Consonance",
    description="How consonant chords sound on average: smooth, like one harmonic tone, and of common types. Falls "
    "with complexity.",
    citation="Harrison & Pearce (2020), Psych. Rev. 127:216",
    formula="mean over chords of .628 - 1.620 roughness + 1.780 harmonicity + .0892 ln p, p the share of the chord "
    "type in the frozen reference",
    blind_to=_ALONE + " Fitted to single chords heard alone by Western listeners.",
    example="Without the habit term: major triad 2.102, dominant seventh 1.571",
))  # fmt: skip
