"""Tonality: steps from chord to chord in tonal pitch space, where distance depends on the key.

References
----------
.. [1] Lerdahl (2001). Tonal pitch space. Oxford University Press.
.. [2] de Haas, Wiering, Veltkamp (2013). A geometrical distance measure for determining the similarity of
musical harmony. Int. J. Multimedia Information Retrieval 2:189.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import find_transitions, mean_by_track, relative_sets, remember
from musictrend.complexity.tonality import scale_sets

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["tps_distance", "tps_steps", "tpsd_distance", "tpsd_steps"]

# Place of each scale degree on the diatonic circle of fifths I V II VI III VII IV, by semitones above the
# tonic; 7 is outside the scale. In minor both sevenths are degree VII.
_CIRCLE = np.array([
    [0, 7, 2, 7, 4, 6, 7, 1, 7, 3, 7, 5],
    [0, 7, 2, 4, 7, 6, 7, 1, 3, 7, 5, 5],
])  # fmt: skip
_SCALES = scale_sets()
_SIZE = np.bitwise_count(np.arange(4096)).astype(np.int64)


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
    outside the scale, on the chromatic circle
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
    track, kind, source, target = _keyed_kinds(events)
    total = sum(tps_steps(source, target)).astype(np.float64)  # type: ignore[union-attr]
    return mean_by_track(total[kind], track, events.n_tracks)


def tpsd_distance(events: EventTable) -> np.ndarray:
    """Mean distance from chord to chord as in de Haas's Tonal Pitch Step Distance: the same both ways.

    C to G7 in C 5.5, D to D minor in D 1.5. Changes of key do not count.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    distance : float64 array, shape (n,)
        NaN where no transition has keys at both ends.

    References
    ----------
    .. [1] de Haas, Wiering, Veltkamp (2013). Int. J. Multimedia Information Retrieval 2:189.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G:7"], key="C:major")
    >>> tpsd_distance(seq.to_table().events("sevenths")).tolist()
    [5.5]
    """
    track, kind, source, target = _keyed_kinds(events)
    source = (*source[:2], *target[2:])  # both chords in the second one's key
    return mean_by_track(tpsd_steps(source, target)[kind], track, events.n_tracks)


def _keyed_kinds(events: EventTable) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Transitions with keys at both ends: track and kind of each; the two chords of each kind, as in `tps_steps`.

    A kind is a transition up to transposition, its keys included; the first key's tonic is 0.
    """

    def find() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        steps = find_transitions(events)
        tonic, mode = events.key_tonic, events.key_mode
        keyed = np.flatnonzero((tonic[steps.source] >= 0) & (tonic[steps.target] >= 0))
        a, b = steps.source[keyed], steps.target[keyed]
        degree = (events.root[a].astype(np.int64) - tonic[a]) % 12
        moved = (tonic[b].astype(np.int64) - tonic[a]) % 12
        packed = (((steps.kind[keyed] * 12 + degree) * 12 + moved) * 2 + mode[a]) * 2 + mode[b]
        kinds, kind = _number(packed, len(steps.interval) * 576)
        rest, modes = np.divmod(kinds, 4)
        rest, moved = np.divmod(rest, 12)
        of, degree = np.divmod(rest, 12)
        second = (degree + steps.interval[of]) % 12
        source = (degree, relative_sets(steps.source_set[of], (12 - degree) % 12), np.zeros_like(degree), modes >> 1)
        target = (second, relative_sets(steps.target_set[of], (12 - second) % 12), moved, modes & 1)
        return steps.track[keyed], kind, source, target

    return remember(events, "keyed transitions", find)


def _number(values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values below ``size``, sorted, and the place of each value among them."""
    if size > max(4_000_000, 4 * len(values)):
        return np.unique(values, return_inverse=True)
    marks = np.zeros(size, dtype=bool)  # a table of marks is quicker than a sort
    marks[values] = True
    distinct = np.flatnonzero(marks)
    place = np.zeros(size, dtype=np.int32)
    place[distinct] = np.arange(len(distinct))
    return distinct, place[values]


register(Measure(
    "tps_distance", tps_distance, "tonality", "steps", 0, np.inf, True, "majmin", needs_key=True,
    title="Steps in tonal pitch space",
    description="Mean distance from chord to chord in Lerdahl's tonal pitch space.",
    citation="Lerdahl (2001)",
    formula="mean of i + j + k: key steps on the circle of fifths, root steps on the diatonic one, notes of the "
    "second chord's basic space that the first one's lacks",
    blind_to="What lies between neighbours: a long way round in small steps is short. A wrong key moves every step.",
    example="From I in C: V 5, IV 5, vi 7, ii 8; I of C to I of G 7",
))  # fmt: skip
register(Measure(
    "tpsd_distance", tpsd_distance, "tonality", "steps", 0, np.inf, True, "majmin", needs_key=True,
    title="Steps in tonal pitch space, both ways",
    description="Mean distance from chord to chord after de Haas: the same there and back, within one key.",
    citation="de Haas, Wiering & Veltkamp (2013), IJMIR 2:189",
    formula="mean of j + half the number of places in which the two chords' basic spaces differ",
    blind_to="Changes of key; what lies between neighbours.",
    example="C to G7 in C: 5.5; D to D minor in D: 1.5",
))  # fmt: skip
