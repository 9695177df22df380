"""Tonality: how far it is from each chord to the next, in four spaces.

Means over transitions between neighbours (not across N or X). Three of the four depend only on the kind of
transition up to transposition, so each kind is measured once, whatever the number of songs.

References
----------
.. [1] Lerdahl (2001). Tonal pitch space. Oxford University Press.
.. [2] Chew (2000). Towards a mathematical model of tonality. MIT. (spiral array)
.. [3] Bernardes et al. (2016). J. New Music Research 45:281. (tonal interval vectors)
.. [4] Tymoczko (2006). The geometry of musical chords. Science 313:72.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import find_transitions, mean_by_track, relative_sets
from musictrend.complexity.tonality import scale_sets

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "TIV_WEIGHTS",
    "line_distance",
    "spiral_diameter",
    "tiv_distance",
    "tonal_interval_vectors",
    "tps_distance",
    "tps_steps",
    "tpsd_steps",
    "voice_leading",
    "voice_leading_steps",
]

_ALL = np.arange(4096)


def _by_track(events: EventTable, of_kind: np.ndarray) -> np.ndarray:
    """Mean over each track's transitions of a number that belongs to their kind."""
    steps = find_transitions(events)
    return mean_by_track(of_kind[steps.kind], steps.track, events.n_tracks)


# Tonal pitch space
# ------------------------------------------------------------------------------------------------

# Place of each scale degree on the diatonic circle of fifths I V II VI III VII IV, by semitones above the
# tonic; 7 is outside the scale. In minor both sevenths are degree VII.
_CIRCLE = np.array([
    [0, 7, 2, 7, 4, 6, 7, 1, 7, 3, 7, 5],
    [0, 7, 2, 4, 7, 6, 7, 1, 3, 7, 5, 5],
])  # fmt: skip
_SCALES = scale_sets()
_SIZE = np.bitwise_count(_ALL).astype(np.int64)


def _fifths_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Steps on the circle of fifths between pitch classes, 0 to 6."""
    steps = ((a - b) * 7) % 12
    return np.minimum(steps, 12 - steps)


def _basic_space(root: np.ndarray, chroma: np.ndarray, tonic: np.ndarray, mode: np.ndarray) -> list[np.ndarray]:
    """Levels of Lerdahl's basic space: scale, chord, fifth, root; each a set that contains the next chord
    tones.
    """
    relative = relative_sets(chroma, root)
    # The chord's own fifth: perfect, else diminished, else augmented; a chord without any has the perfect one
    # in mind.
    perfect, diminished, augmented = (relative >> step & 1 for step in (7, 6, 8))
    fifth = np.where(perfect, 7, np.where(diminished, 6, np.where(augmented, 8, 7)))
    one = np.int64(1)
    return [_SCALES[mode, tonic] | chroma, chroma, one << root | one << (root + fifth) % 12, one << root]


def tps_steps(
    source: tuple[np.ndarray, ...], target: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parts of Lerdahl's chord distance delta = i + j + k.

    Parameters
    ----------
    source, target : tuple of int64 arrays, shape (t,) each
        Root, chroma, key tonic and key mode (0 major, 1 minor) of the two chords.

    Returns
    -------
    i : steps between the keys on the circle of fifths (a minor key stands where its relative major does)
    j : steps between the roots on the diatonic circle of fifths of the target's key; where a root lies
    outside
        the scale, on the chromatic circle
    k : pitch classes in the levels of the target's basic space that are not in the same level of the source's

    Examples
    --------
    >>> one = lambda *parts: tuple(np.array([part]) for part in parts)
    >>> tonic, dominant = one(0, 0b10010001, 0, 0), one(7, 0b100010000100, 0, 0)
    >>> [int(part[0]) for part in tps_steps(tonic, dominant)]
    [0, 1, 4]
    """
    (root_a, _, tonic_a, mode_a), (root_b, _, tonic_b, mode_b) = source, target
    i = _fifths_apart(tonic_a + 3 * mode_a, tonic_b + 3 * mode_b)
    place_a = _CIRCLE[mode_b, (root_a - tonic_b) % 12]
    place_b = _CIRCLE[mode_b, (root_b - tonic_b) % 12]
    around = np.abs(place_a - place_b)
    diatonic = (place_a < 7) & (place_b < 7)
    j = np.where(diatonic, np.minimum(around, 7 - around), _fifths_apart(root_a, root_b))
    levels = zip(_basic_space(*source), _basic_space(*target), strict=True)
    k = sum(_SIZE[there & ~here] for here, there in levels)
    return i, j, np.asarray(k)


def tpsd_steps(source: tuple[np.ndarray, ...], target: tuple[np.ndarray, ...]) -> np.ndarray:
    """Chord distance of de Haas's TPSD: root steps j, and half the pitch classes by which the basic spaces
    differ.

    Symmetric where Lerdahl's is not; one key for both chords (the target's counts for j).

    Parameters
    ----------
    source, target : tuple of int64 arrays, shape (t,) each
        As in `tps_steps`.

    Returns
    -------
    distance : float64 array, shape (t,)

    References
    ----------
    .. [1] de Haas, Wiering, Veltkamp (2013). A geometrical distance measure for determining the similarity of
       musical harmony. Int. J. Multimedia Information Retrieval 2:189.

    Examples
    --------
    >>> one = lambda *parts: tuple(np.array([part]) for part in parts)
    >>> tpsd_steps(one(0, 0b10010001, 0, 0), one(7, 0b100010100100, 0, 0)).tolist()      # C to G7 in C
    [5.5]
    """
    _, j, _ = tps_steps(source, target)
    levels = zip(_basic_space(*source), _basic_space(*target), strict=True)
    return j + sum(_SIZE[here ^ there] for here, there in levels) / 2


def tps_distance(events: EventTable) -> np.ndarray:
    """Mean distance from chord to chord in Lerdahl's tonal pitch space.

    From I in C: V 5, IV 5, vi 7, iii 7, ii 8, vii0 8; to I of G 7. Chromatic roots (no rule of Lerdahl's
    covers them) go round the chromatic circle of fifths.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    distance : float64 array, shape (n,)
        NaN where no transition has keys at both ends.

    References
    ----------
    .. [1] Lerdahl (2001). Tonal pitch space, chapter 2.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "A:min"], key="C:major")
    >>> tps_distance(seq.to_table().events("triads")).tolist()
    [7.0]
    """
    steps = find_transitions(events)
    keyed = (events.key_tonic[steps.source] >= 0) & (events.key_tonic[steps.target] >= 0)
    ends = []
    for rows in (steps.source[keyed], steps.target[keyed]):
        columns = (events.root, events.chroma, events.key_tonic, events.key_mode)
        ends.append(tuple(column[rows].astype(np.int64) for column in columns))
    total = sum(tps_steps(*ends)).astype(np.float64)  # type: ignore[union-attr]
    return mean_by_track(total, steps.track[keyed], events.n_tracks)


# Spiral array
# -----------------------------------------------------------------------------------------------------

_RISE = np.sqrt(2 / 15)  # Chew's h: a fifth and a major third are equally far
_ZERO = 24  # bit of the line of fifths on which the first chord's root lies


def line_distance(steps: np.ndarray | int) -> np.ndarray:
    """Distance of two notes on the spiral array, by their steps apart on the line of fifths.

    Examples
    --------
    >>> line_distance(np.array([1, 4, 3])).round(4).tolist()            # fifth, major third, minor third
    [1.4606, 1.4606, 1.7889]
    """
    d = np.asarray(steps, dtype=np.float64)
    return np.sqrt(2 - 2 * np.cos(d * np.pi / 2) + (d * _RISE) ** 2)


@cache
def _spell_sets() -> np.ndarray:
    """Line of fifths of each root-relative set, as bits with the root at 0 steps = bit 24: int64, shape
    (4096,).

    Spelled as its chord symbol would be: b9, b3 (#9 beside a major third), b5 without a fifth and #11 with
    one, #5 over a major third without a fifth and b13 otherwise, the diminished seventh as bb7.
    """
    has = [(_ALL >> step & 1).astype(bool) for step in range(12)]
    steps = [
        np.full(4096, 0),
        np.full(4096, -5),
        np.full(4096, 2),
        np.where(has[4], 9, -3),
        np.full(4096, 4),
        np.full(4096, -1),
        np.where(has[7], 6, -6),
        np.full(4096, 1),
        np.where(has[4] & ~has[7], 8, -4),
        np.where(has[3] & has[6] & ~has[4] & ~has[7] & ~has[10], -9, 3),
        np.full(4096, -2),
        np.full(4096, 5),
    ]
    line = np.zeros(4096, dtype=np.int64)
    for present, place in zip(has, steps, strict=True):
        line |= np.where(present, np.int64(1) << (_ZERO + place), 0)
    return line


def spiral_diameter(events: EventTable) -> np.ndarray:
    """Mean diameter of two neighbouring chords' notes on Chew's spiral array.

    The two chords of a transition are one cloud; its diameter is the largest distance of two of its notes.
    Chords are spelled from their qualities, and the second root as near to the first on the line of fifths as
    it can be (a tritone upward), so that no key is needed and transposition changes nothing.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    diameter : float64 array, shape (n,)
        NaN without transitions.

    References
    ----------
    .. [1] Chew (2000); Herremans, Chew (2016). Tension ribbons. TENOR.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "A:min"])
    >>> spiral_diameter(seq.to_table().events("triads")).round(4).tolist()
    [2.1292]
    """
    steps = find_transitions(events)
    line = _spell_sets()
    place = (steps.interval * 7 + 5) % 12 - 5  # of the second root: -5 to 6 steps
    second = line[steps.target_set]
    second = np.where(place >= 0, second << np.maximum(place, 0), second >> np.maximum(-place, 0))
    cloud = line[steps.source_set] | second
    widest = np.zeros(len(cloud))
    for apart in range(1, 40):
        widest = np.where(cloud & cloud >> apart, np.maximum(widest, line_distance(apart)), widest)
    return _by_track(events, widest)


# Tonal interval vectors
# -------------------------------------------------------------------------------------------

TIV_WEIGHTS = np.array([2.0, 11.0, 17.0, 16.0, 19.0, 7.0])  # symbolic music; science.md 1.3


@cache
def tonal_interval_vectors() -> np.ndarray:
    """Weighted Fourier coefficients 1 to 6 of every pitch-class set: complex128 array, shape (4096, 6).

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
    return TIV_WEIGHTS * vectors / np.maximum(member.sum(1), 1)[:, None]


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
    return _by_track(events, np.sqrt((apart.real**2 + apart.imag**2).sum(axis=1)))


# Voice leading
# ----------------------------------------------------------------------------------------------------


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
    return _by_track(events, out)


register(Measure(
    "tps_distance", tps_distance, "tonality", "steps", 0, np.inf, True, "majmin", needs_key=True,
    title="Steps in tonal pitch space",
    description="Mean distance from chord to chord in Lerdahl's tonal pitch space.",
    citation="Lerdahl (2001)",
))  # fmt: skip
register(Measure(
    "spiral_diameter", spiral_diameter, "tonality", "none", 0, np.inf, True, "majmin",
    title="Width on the spiral array",
    description="Mean diameter of neighbouring chords' notes on the spiral array.",
    citation="Chew (2000); Herremans & Chew (2016)",
))  # fmt: skip
register(Measure(
    "tiv_distance", tiv_distance, "tonality", "none", 0, np.inf, True, "majmin",
    title="Steps in tonal interval space",
    description="Mean distance from chord to chord as tonal interval vectors; smaller between rich chords.",
    citation="Bernardes et al. (2016), J. New Music Research 45:281",
))  # fmt: skip
register(Measure(
    "voice_leading", voice_leading, "tonality", "semitones", 0, np.inf, True, "majmin",
    title="Moves of the voices",
    description="Mean number of semitones by which voices must move from chord to chord.",
    citation="Tymoczko (2006), Science 313:72",
))  # fmt: skip
