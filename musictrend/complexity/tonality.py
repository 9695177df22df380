"""Tonality: how far a song strays from one key.

All but `fifths_spread` read the local key of each chord and are absent where no chord has one. A corpus that
states one key for a whole song has no key changes by construction: `key_change_rate` is then 0, which says
little.

References
----------
.. [1] Weiss, Mueller (2014). Quantifying and visualizing tonal complexity. CIM.
.. [2] Gauvin (2015). "The times they were a-changin'". Empirical Musicology Review 10:215.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import Measure, register
from musictrend.complexity.ragged import find_transitions, mean_by_track, sum_by_track
from musictrend.harmony.key import SCALES

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "applied_share",
    "chromatic_share",
    "fifths_spread",
    "flat_side_share",
    "key_change_rate",
    "scale_sets",
]

_ALL = np.arange(4096)
_SIZE = np.bitwise_count(_ALL).astype(np.float64)


def _fifths_vectors() -> tuple[np.ndarray, np.ndarray]:
    """Sum of unit vectors on the circle of fifths for each pitch-class set: (4096,) cosines, (4096,)
    sines.
    """
    angle = 2 * np.pi * ((np.arange(12) * 7) % 12) / 12  # pitch class p is step 7p of the circle
    member = (_ALL[:, None] >> np.arange(12)) & 1
    return member @ np.cos(angle), member @ np.sin(angle)


_COSINE, _SINE = _fifths_vectors()


def scale_sets() -> np.ndarray:
    """Pitch-class set of each key's scale: int64 array, shape (2, 12), by mode (0 major) and tonic."""
    sets = np.zeros((2, 12), dtype=np.int64)
    for row, mode in enumerate(("major", "minor")):
        for tonic in range(12):
            sets[row, tonic] = sum(1 << (tonic + step) % 12 for step in SCALES[mode])
    return sets


_SCALES = scale_sets()


def fifths_spread(events: EventTable) -> np.ndarray:
    """How widely the pitch classes of a song lie around the circle of fifths.

    sqrt(1 - |sum c_q e^(2 pi i q/12)|) of the song's pitch-class histogram in fifths order; every chord adds
    each of its notes once, whatever its length, so that corpora with and without durations compare. Needs no
    key.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    spread : float64 array, shape (n,), from 0 (one note) to 1 (all around)
        A fifth has .1846, a major triad .5967, a diatonic scale .6833, a diminished seventh 1.

    References
    ----------
    .. [1] Weiss, Mueller (2014). CIM.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> fifths_spread(ChordSequence.from_labels(["C"]).to_table().events("triads")).round(4).tolist()
    [0.5967]
    """
    n, track = events.n_tracks, events.track
    notes = sum_by_track(_SIZE[events.chroma], track, n)
    x = sum_by_track(_COSINE[events.chroma], track, n)
    y = sum_by_track(_SINE[events.chroma], track, n)
    length = np.hypot(x, y) / np.maximum(notes, 1)
    return np.where(notes > 0, np.sqrt(np.clip(1 - length, 0, 1)), np.nan)


def _keyed(events: EventTable) -> np.ndarray:
    """Which events have a local key."""
    return (events.key_tonic >= 0) & (events.key_mode >= 0)


def _degree(events: EventTable) -> np.ndarray:
    """Root above the tonic in semitones, where there is a key: int64 array, shape (m,)."""
    return (events.root.astype(np.int64) - events.key_tonic) % 12


def chromatic_share(events: EventTable) -> np.ndarray:
    """Share of the sounding notes that lie outside the scale of the local key, weighted by duration.

    The minor scale is the union of natural and harmonic minor. Each note of a chord counts for as long as the
    chord sounds; where only the order is known, all chords are equally long.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN where no event has a key.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "D", "G", "C"], key="C:major")       # F# is one note of twelve
    >>> chromatic_share(seq.to_table().events("triads")).round(4).tolist()
    [0.0833]
    """
    keyed = np.flatnonzero(_keyed(events))
    chroma = events.chroma[keyed].astype(np.int64)
    outside = chroma & ~_SCALES[events.key_mode[keyed], events.key_tonic[keyed]]
    weight = np.nan_to_num(events.duration[keyed])
    track = events.track[keyed]
    total = sum_by_track(weight * _SIZE[chroma], track, events.n_tracks)
    found = sum_by_track(weight * _SIZE[outside], track, events.n_tracks)
    return np.where(total > 0, found / np.where(total > 0, total, 1), np.nan)


def flat_side_share(events: EventTable) -> np.ndarray:
    """Share of chords on the flat side (roots bIII, bVI, bVII) among chords in major keys.

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN where no event is in a major key.

    References
    ----------
    .. [1] Gauvin (2015). Empirical Musicology Review 10:215.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "Bb", "F", "C"], key="C:major")
    >>> flat_side_share(seq.to_table().events("majmin")).tolist()
    [0.25]
    """
    major = np.flatnonzero(_keyed(events) & (events.key_mode == 0))
    degree = _degree(events)[major]
    flat = (degree == 3) | (degree == 8) | (degree == 10)
    return mean_by_track(flat.astype(np.float64), events.track[major], events.n_tracks)


def applied_share(events: EventTable) -> np.ndarray:
    """Share of chord changes that resolve an applied dominant.

    A change counts when its first chord contains root, major third and minor seventh, the next root lies a
    fifth below, and the first root is not the fifth degree of the local key (its own dominant). Changes are
    between neighbours, N and X apart, whose first chord has a key.

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN where no change starts in a key.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "D:7", "G:7", "C"], key="C:major")
    >>> seq = seq   # D7-G is applied, G7-C is not
    >>> applied_share(seq.to_table().events("sevenths")).round(4).tolist()
    [0.3333]
    """
    steps = find_transitions(events)
    dominant = (steps.source_set & 0b10000010001) == 0b10000010001  # {0, 4, 10}
    falls = steps.interval == 5
    resolves = (dominant & falls)[steps.kind]
    keyed = _keyed(events)[steps.source]
    applied = resolves & (_degree(events)[steps.source] != 7)
    return mean_by_track(applied[keyed].astype(np.float64), steps.track[keyed], events.n_tracks)


def key_change_rate(events: EventTable) -> np.ndarray:
    """Changes of the local key (tonic or mode) for every 100 chords that have one.

    Returns
    -------
    rate : float64 array, shape (n,), from 0 to 100
        NaN where no event has a key.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence, Key
    >>> keys = (Key(0, "major"), Key(0, "major"), Key(7, "major"), Key(7, "major"))
    >>> seq = ChordSequence(tuple(map(Chord, ["C", "D", "G", "D"])), keys=keys)
    >>> key_change_rate(seq.to_table().events("majmin")).tolist()
    [25.0]
    """
    keyed = np.flatnonzero(_keyed(events))
    track = events.track[keyed]
    key = events.key_mode[keyed].astype(np.int64) * 12 + events.key_tonic[keyed]
    changed = np.zeros(len(keyed))
    changed[1:] = (key[1:] != key[:-1]) & (track[1:] == track[:-1])
    return 100 * mean_by_track(changed, track, events.n_tracks)


register(Measure(
    "fifths_spread", fifths_spread, "tonality", "none", 0, 1, True, "majmin", core=True,
    title="Spread on the circle of fifths",
    description="How widely the song's notes lie around the circle of fifths; needs no key.",
    citation="Weiss & Mueller (2014), CIM",
))  # fmt: skip
register(Measure(
    "chromatic_share", chromatic_share, "tonality", "share", 0, 1, True, "majmin", needs_key=True, core=True,
    needs_durations=True,
    title="Notes outside the key",
    description="Share of the sounding notes outside the scale of the local key.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
))  # fmt: skip
register(Measure(
    "flat_side_share", flat_side_share, "tonality", "share", 0, 1, True, "root", needs_key=True,
    title="Flat-side chords",
    description="Share of chords on bIII, bVI or bVII among chords in major keys.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
))  # fmt: skip
register(Measure(
    "applied_share", applied_share, "tonality", "share", 0, 1, True, "sevenths", needs_key=True,
    title="Applied dominants",
    description="Share of chord changes in which a dominant seventh resolves to something other than "
    "the tonic.",
    citation="Rohrmeier (2011), J. Mathematics and Music 5:35",
))  # fmt: skip
register(Measure(
    "key_change_rate", key_change_rate, "tonality", "per 100 chords", 0, 100, True, "root", needs_key=True,
    title="Key changes",
    description="Changes of the local key for every hundred chords.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
))  # fmt: skip
