"""Tonality: chords as clouds of points on Chew's spiral array.

A note is a point on a helix that rises by a fifth a quarter turn; notes of one key lie close together. A chord is
a cloud of points and has a centre of effect, the mean of its notes. Chords are spelled from their qualities, and
a second root as near to the first on the line of fifths as it can be (a tritone upward), so that transposition
changes nothing.

References
----------
.. [1] Chew (2000). Towards a mathematical model of tonality. MIT. (spiral array)
.. [2] Herremans, Chew (2016). Tension ribbons: quantifying and visualising tonal tension. TENOR.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.distance import mean_by_kind
from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import find_transitions, mean_by_track, relative_sets

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["line_distance", "spiral_diameter", "spiral_momentum", "spiral_strain"]

_ALL = np.arange(4096)
_SIZE = np.bitwise_count(_ALL).astype(np.float64)
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
    place = _nearest(steps.interval)  # of the second root: -5 to 6 steps
    second = line[steps.target_set]
    second = np.where(place >= 0, second << np.maximum(place, 0), second >> np.maximum(-place, 0))
    cloud = line[steps.source_set] | second
    widest = np.zeros(len(cloud))
    for apart in range(1, 40):
        widest = np.where(cloud & cloud >> apart, np.maximum(widest, line_distance(apart)), widest)
    return mean_by_kind(events, widest)


def _nearest(interval: np.ndarray) -> np.ndarray:
    """Steps on the line of fifths to the nearest note so many semitones up: -5 to 6."""
    return (interval * 7 + 5) % 12 - 5


def _point(steps: np.ndarray) -> np.ndarray:
    """Place on the array of notes so many steps from C on the line of fifths: float64 array, shape (..., 3)."""
    steps = np.asarray(steps, dtype=np.float64)
    angle = steps * np.pi / 2
    return np.stack([np.sin(angle), np.cos(angle), steps * _RISE], axis=-1)


@cache
def _centres() -> np.ndarray:
    """Centre of effect of every set over a root on C, mean of its notes: float64 array, shape (4096, 3)."""
    line = _spell_sets()
    total = np.zeros((4096, 3))
    for place in range(2 * _ZERO + 1):  # one note at a time, so that sums have one order
        total += (line >> place & 1)[:, None] * _point(np.array(place - _ZERO))
    return total / np.maximum(_SIZE, 1)[:, None]


def _moved(centre: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Centres turned and lifted so that C becomes the note so many steps along the line of fifths."""
    angle = steps * np.pi / 2
    x, y, z = centre[:, 0], centre[:, 1], centre[:, 2]
    cos, sin = np.round(np.cos(angle)), np.round(np.sin(angle))  # quarter turns
    return np.stack([x * cos + y * sin, y * cos - x * sin, z + steps * _RISE], axis=1)


def _length(vectors: np.ndarray) -> np.ndarray:
    """Euclidean length of each row."""
    return np.sqrt((vectors**2).sum(axis=1))


def spiral_momentum(events: EventTable) -> np.ndarray:
    """Mean move of the centre of effect from chord to chord on the spiral array.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    momentum : float64 array, shape (n,)
        NaN without transitions.

    References
    ----------
    .. [1] Herremans, Chew (2016). Tension ribbons. TENOR.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> spiral_momentum(ChordSequence.from_labels(["C", "G"]).to_table().events("triads")).round(4).tolist()
    [1.1155]
    """
    steps = find_transitions(events)
    centre = _centres()
    second = _moved(centre[steps.target_set], _nearest(steps.interval))
    return mean_by_kind(events, _length(second - centre[steps.source_set]))


# Tonic, dominant and subdominant; root, fifth and third of a chord. Chew's figures sum to .999.
WEIGHTS = np.array([0.516, 0.315, 0.168]) / 0.999
MIXED = 0.75  # share of the major dominant, and of the minor subdominant, in a minor key


@cache
def _key_centres() -> np.ndarray:
    """Centre of effect of C major and C minor, after Chew: float64 array, shape (2, 3)."""

    def chord(root: int, third: int) -> np.ndarray:
        """Weighted centre of a triad; places on the line of fifths."""
        return (WEIGHTS[:, None] * _point(np.array([root, root + 1, root + third]))).sum(axis=0)

    major = np.stack([chord(0, 4), chord(1, 4), chord(-1, 4)])
    minor = np.stack(
        [
            chord(0, -3),
            MIXED * chord(1, 4) + (1 - MIXED) * chord(1, -3),
            MIXED * chord(-1, -3) + (1 - MIXED) * chord(-1, 4),
        ]
    )
    return np.stack([(WEIGHTS[:, None] * key).sum(axis=0) for key in (major, minor)])


def spiral_strain(events: EventTable) -> np.ndarray:
    """Mean distance of each chord's centre of effect from that of the local key (tensile strain).

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    strain : float64 array, shape (n,)
        NaN where no event has a key.

    References
    ----------
    .. [1] Chew (2000); Herremans, Chew (2016). Tension ribbons. TENOR.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> home = ChordSequence.from_labels(["C", "F", "G"], key="C:major").to_table().events("majmin")
    >>> away = ChordSequence.from_labels(["C", "Ab", "Db"], key="C:major").to_table().events("majmin")
    >>> bool(spiral_strain(home)[0] < spiral_strain(away)[0])
    True
    """
    keyed = np.flatnonzero((events.key_tonic >= 0) & (events.key_mode >= 0))
    degree = (events.root[keyed].astype(np.int64) - events.key_tonic[keyed]) % 12
    sets = relative_sets(events.chroma[keyed], np.maximum(events.root[keyed], 0))
    packed = (sets * 12 + degree) * 2 + events.key_mode[keyed]
    found = np.flatnonzero(np.bincount(packed, minlength=4096 * 24))
    rest, mode = np.divmod(found, 2)
    of, above = np.divmod(rest, 12)
    strain = np.zeros(4096 * 24)
    strain[found] = _length(_moved(_centres()[of], _nearest(above)) - _key_centres()[mode])
    return mean_by_track(strain[packed], events.track[keyed], events.n_tracks)


_SPELLING = "Spelling is guessed from chord types and nearest roots, not read."

register(Measure(
    "spiral_diameter", spiral_diameter, "tonality", "none", 0, np.inf, True, "majmin",
    title="Width on the spiral array",
    description="Mean diameter of neighbouring chords' notes on the spiral array.",
    citation="Chew (2000); Herremans & Chew (2016)",
    formula="mean over changes of the largest distance of two notes of both chords, "
    "P(k) = (sin kπ/2, cos kπ/2, k √(2/15)), k steps on the line of fifths",
    blind_to="All notes but the two farthest apart. " + _SPELLING,
    example="C to Am: 2.1292; a dominant seventh alone: 2.9665",
))  # fmt: skip
register(Measure(
    "spiral_momentum", spiral_momentum, "tonality", "none", 0, np.inf, True, "majmin",
    title="Moves on the spiral array",
    description="How far the centre of the notes moves from chord to chord.",
    citation="Herremans & Chew (2016)",
    formula="mean over changes of |c(b) - c(a)|, c the mean place of a chord's notes on the spiral array",
    blind_to="How wide each chord is; where the way leads in the end. " + _SPELLING,
    example="C to G: 1.1155",
))  # fmt: skip
register(Measure(
    "spiral_strain", spiral_strain, "tonality", "none", 0, np.inf, True, "majmin", needs_key=True,
    title="Distance from the key on the spiral array",
    description="How far chords lie from the centre of their key, on average.",
    citation="Chew (2000); Herremans & Chew (2016)",
    formula="mean over chords of |c(chord) - c(key)|, the key's centre .516 tonic + .315 dominant + .168 "
    "subdominant",
    blind_to="The order of chords. A wrong key looks like tension. " + _SPELLING,
    example="In C major: C 0.41, G 0.94, Ab 1.32, Db 1.88",
))  # fmt: skip
