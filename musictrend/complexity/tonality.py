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
from musictrend.complexity.ragged import find_transitions, mean_by_track, relative_sets, sum_by_track
from musictrend.harmony.key import SCALES

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "applied_share",
    "borrowed_share",
    "chromatic_share",
    "fifths_spread",
    "flat_side_share",
    "key_change_rate",
    "mode_change_rate",
    "nondiatonic_root_share",
    "scale_sets",
    "tritone_substitution_share",
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
    >>> applied_share(seq.to_table().events("sevenths")).round(4).tolist()       # D7-G7 is applied, G7-C is not
    [0.3333]
    """
    steps = find_transitions(events)
    dominant = (steps.source_set & 0b10000010001) == 0b10000010001  # {0, 4, 10}
    falls = steps.interval == 5
    resolves = (dominant & falls)[steps.kind]
    keyed = _keyed(events)[steps.source]
    applied = resolves & (_degree(events)[steps.source] != 7)
    return mean_by_track(applied[keyed].astype(np.float64), steps.track[keyed], events.n_tracks)


def tritone_substitution_share(events: EventTable) -> np.ndarray:
    """Share of chord changes in which a dominant seventh falls by a semitone: the tritone substitute resolves.

    A change counts when its first chord contains root, major third and minor seventh and the next root lies a
    semitone below (Db7 to C). Needs no key, so a German sixth that falls to the dominant counts too.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN without transitions.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["D:min7", "Db:7", "C:maj7"])
    >>> tritone_substitution_share(seq.to_table().events("sevenths")).tolist()
    [0.5]
    """
    steps = find_transitions(events)
    slides = ((steps.source_set & 0b10000010001) == 0b10000010001) & (steps.interval == 11)
    return mean_by_track(slides[steps.kind].astype(np.float64), steps.track, events.n_tracks)


def _in_parallel_minor() -> np.ndarray:
    """Which sets, relative to the tonic, lie in the minor scale of a major key but not in its own."""
    major, minor = _SCALES[0, 0], _SCALES[1, 0]
    return ((_ALL & ~minor) == 0) & ((_ALL & ~major) != 0)


_BORROWED = _in_parallel_minor()


def borrowed_share(events: EventTable) -> np.ndarray:
    """Share of chords in major keys that are borrowed from the minor key on the same tonic (modal mixture).

    All notes of a borrowed chord lie in the minor scale (natural or harmonic) and not all in the major one:
    i, iv, bIII, bVI, bVII, ii with a diminished fifth, the diminished seventh on vii.

    Parameters
    ----------
    events : EventTable, n tracks

    Returns
    -------
    share : float64 array, shape (n,), from 0 to 1
        NaN where no event is in a major key.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "F:min", "Ab", "D"], key="C:major")           # iv, bVI; II is chromatic
    >>> borrowed_share(seq.to_table().events("majmin")).tolist()
    [0.5]
    """
    major = np.flatnonzero(_keyed(events) & (events.key_mode == 0))
    above = relative_sets(events.chroma[major], np.maximum(events.key_tonic[major], 0))
    return mean_by_track(_BORROWED[above].astype(np.float64), events.track[major], events.n_tracks)


def nondiatonic_root_share(events: EventTable) -> np.ndarray:
    """Share of chords whose root lies outside the scale of the local key.

    The minor scale is the union of natural and harmonic minor.

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
    >>> seq = ChordSequence.from_labels(["C", "Bb", "D", "G"], key="C:major")
    >>> nondiatonic_root_share(seq.to_table().events("root")).tolist()
    [0.25]
    """
    keyed = np.flatnonzero(_keyed(events))
    scale = _SCALES[events.key_mode[keyed], events.key_tonic[keyed]]
    outside = (scale >> np.maximum(events.root[keyed], 0).astype(np.int64) & 1) == 0
    return mean_by_track(outside.astype(np.float64), events.track[keyed], events.n_tracks)


def _change_rate(events: EventTable, key: np.ndarray) -> np.ndarray:
    """Changes of a number that belongs to the local key, for every 100 events that have one."""
    keyed = np.flatnonzero(_keyed(events))
    track, key = events.track[keyed], key[keyed]
    changed = np.zeros(len(keyed))
    changed[1:] = (key[1:] != key[:-1]) & (track[1:] == track[:-1])
    return 100 * mean_by_track(changed, track, events.n_tracks)


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
    return _change_rate(events, events.key_mode.astype(np.int64) * 12 + events.key_tonic)


def mode_change_rate(events: EventTable) -> np.ndarray:
    """Changes between major and minor keys for every 100 chords that have a key.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence, Key
    >>> keys = (Key(0, "major"), Key(0, "major"), Key(0, "minor"), Key(3, "major"))
    >>> seq = ChordSequence(tuple(map(Chord, ["C", "G", "C:min", "Eb"])), keys=keys)
    >>> mode_change_rate(seq.to_table().events("majmin")).tolist()
    [50.0]
    """
    return _change_rate(events, events.key_mode.astype(np.int64))


_KEYS = "It believes the key it is given: a wrong one shifts it for the whole passage."

register(Measure(
    "fifths_spread", fifths_spread, "tonality", "none", 0, 1, True, "majmin", core=True,
    title="Spread on the circle of fifths",
    description="How widely the song's notes lie around the circle of fifths; needs no key.",
    citation="Weiss & Mueller (2014), CIM",
    formula="√(1 - |Σ c_q e^(2πiq/12)|), c the share of each pitch class, q its place on the circle of fifths",
    blind_to="Order, key and chord type; it saturates: whole-tone and chromatic music both have 1.",
    example="One note 0, a fifth 0.1846, a major triad 0.5967, a diatonic scale 0.6833",
))  # fmt: skip
register(Measure(
    "chromatic_share", chromatic_share, "tonality", "share", 0, 1, True, "majmin", needs_key=True, core=True,
    needs_durations=True,
    title="Notes outside the key",
    description="Share of the sounding notes outside the scale of the local key.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
    formula="Σ duration x notes outside the scale / Σ duration x notes; minor: natural and harmonic together",
    blind_to=_KEYS + " A quick key change that is not marked counts as chromatic.",
    example="C D G C in C major: one note (F sharp) of twelve, 0.0833",
))  # fmt: skip
register(Measure(
    "flat_side_share", flat_side_share, "tonality", "share", 0, 1, True, "root", needs_key=True,
    title="Flat-side chords",
    description="Share of chords on bIII, bVI or bVII among chords in major keys.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
    formula="chords on bIII, bVI, bVII / chords, where the key is major",
    blind_to=_KEYS + " Minor keys; chord types; sharp-side colour.",
    example="C Bb F C in C major: 0.25",
))  # fmt: skip
register(Measure(
    "applied_share", applied_share, "tonality", "share", 0, 1, True, "sevenths", needs_key=True,
    title="Applied dominants",
    description="Share of chord changes in which a dominant seventh resolves to something other than "
    "the tonic.",
    citation="Rohrmeier (2011), J. Mathematics and Music 5:35",
    formula="changes X7 → a fifth below, X not the fifth degree of the key / changes that start in a key",
    blind_to=_KEYS + " Applied dominants without a seventh, deceptive and delayed resolutions.",
    example="C D7 G7 C in C major: D7-G7 is one of three changes",
))  # fmt: skip
register(Measure(
    "key_change_rate", key_change_rate, "tonality", "per 100 chords", 0, 100, True, "root", needs_key=True,
    title="Key changes",
    description="Changes of the local key for every hundred chords.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
    formula="100 x changes of tonic or mode / chords with a key",
    blind_to="How far the new key is. A corpus that states one key a song has 0 by construction; estimated keys "
    "change more often the more chromatic the song.",
    example="Two chords in C, two in G: 25",
))  # fmt: skip
register(Measure(
    "tritone_substitution_share", tritone_substitution_share, "tonality", "share", 0, 1, True, "sevenths",
    title="Tritone substitutes",
    description="Share of chord changes in which a dominant seventh falls by a semitone.",
    citation="Levine (1995), The Jazz Theory Book; Rohrmeier (2011), J. Mathematics and Music 5:35",
    formula="changes X7 → root a semitone below / all changes",
    blind_to="Function: a German sixth falling to V and chords slid down in parallel count alike.",
    example="Dm7 Db7 Cmaj7: 0.5",
))  # fmt: skip
register(Measure(
    "borrowed_share", borrowed_share, "tonality", "share", 0, 1, True, "majmin", needs_key=True,
    title="Borrowed chords",
    description="Share of chords in major keys that come from the minor key on the same tonic: iv, bVI, bVII ...",
    citation="Gauvin (2015), Empirical Musicology Review 10:215; Temperley (2018), The Musical Language of Rock",
    formula="chords all of whose notes lie in the parallel minor scale and not all in the major one / chords, "
    "where the key is major",
    blind_to=_KEYS + " Minor keys; a bVII that a rock musician would call mixolydian.",
    example="C Fm Ab D in C major: 0.5",
))  # fmt: skip
register(Measure(
    "nondiatonic_root_share", nondiatonic_root_share, "tonality", "share", 0, 1, True, "root", needs_key=True,
    title="Roots outside the key",
    description="Share of chords whose root is not a note of the key.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
    formula="chords with a root outside the scale / chords with a key; minor: natural and harmonic together",
    blind_to=_KEYS + " Chromatic notes over a diatonic root (II in major).",
    example="C Bb D G in C major: 0.25",
))  # fmt: skip
register(Measure(
    "mode_change_rate", mode_change_rate, "tonality", "per 100 chords", 0, 100, True, "root", needs_key=True,
    title="Changes between major and minor",
    description="Changes of the local key from major to minor or back, for every hundred chords.",
    citation="Gauvin (2015), Empirical Musicology Review 10:215",
    formula="100 x changes of mode / chords with a key",
    blind_to="Keys of one mode however far apart; a song whose source states one key.",
    example="C G in C major, Cm in C minor, Eb in E flat major: 50",
))  # fmt: skip
