"""Vocabulary: how many chords a song uses, how evenly, and how rich each of them is.

Counts of types grow with a song's length, so they are rarefied to a fixed number of events, or taken in
windows of equal length; shares and means are over all of a track's events, unweighted. What a chord contains
is what sounds above its root, the bass included where the vocabulary has one (``full``).

References
----------
.. [1] Hurlbert (1971). The nonconcept of species diversity. Ecology 52:577. (rarefaction)
.. [2] Miller (1955). Note on the bias of information estimates. (entropy)
.. [3] Hill (1973). Diversity and evenness. Ecology 54:427.
.. [4] McCarthy, Jarvis (2010). MTLD, vocd-D, and HD-D. Behavior Research Methods 42:381.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW, Measure, register
from musictrend.complexity.ragged import count_types, mean_by_track, relative_sets, remember, sum_by_track

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "cardinality",
    "dominant_seventh_share",
    "extended_share",
    "hill2",
    "minor_seventh_share",
    "mtld",
    "nontriad_share",
    "sus_share",
    "type_entropy",
    "types_rarefied",
]

MTLD_THRESHOLD = 0.72  # McCarthy and Jarvis (2010)


def types_rarefied(events: EventTable, window: int = WINDOW) -> np.ndarray:
    """Expected number of distinct chords among ``window`` events drawn from the track without replacement.

    1 when one chord is all there is, ``window`` when no chord ever returns; a song twice as long with the
    same habits has the same value.

    Parameters
    ----------
    events : EventTable, n tracks
    window : int
        Events drawn; NaN for tracks with fewer.

    Returns
    -------
    types : float64 array, shape (n,), from 1 to ``window``

    References
    ----------
    .. [1] Hurlbert (1971). Ecology 52:577.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 20).to_table().events("majmin")
    >>> types_rarefied(loop).round(3).tolist()
    [4.0]
    """
    types = count_types(events)
    n = events.n_events
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, max(int(n.max(initial=0)), 1) + 1)))])
    size, count = n[types.row], types.count
    others = size - count  # a type is missed when all that is drawn comes from these
    possible = (others >= window) & (size >= window)
    missed = np.zeros(len(count))
    o, s = others[possible], size[possible]
    missed[possible] = np.exp(
        log_factorial[o] - log_factorial[o - window] - log_factorial[s] + log_factorial[s - window]
    )
    return np.where(n >= window, sum_by_track(1 - missed, types.row, events.n_tracks), np.nan)


def type_entropy(events: EventTable) -> np.ndarray:
    """Entropy of the chords used, with Miller and Madow's correction (K-1)/2n for what a short sample misses.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    entropy : float64 array, shape (n,), bits
        0 when one chord is all there is; NaN without events.

    References
    ----------
    .. [1] Miller (1955). Note on the bias of information estimates.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")
    >>> type_entropy(loop).round(4).tolist()                    # 2 bits, and (4 - 1) / (2 x 8 x ln 2)
    [2.2705]
    """
    types = count_types(events)
    n = events.n_events
    share = types.count / n[types.row]
    plain = sum_by_track(-share * np.log2(share), types.row, events.n_tracks)
    return np.where(n > 0, plain + (types.n_types - 1) / (2 * np.maximum(n, 1) * np.log(2)), np.nan)


def hill2(events: EventTable) -> np.ndarray:
    """Effective number of chords (Hill number of order 2): 1 over the chance that two events are the same
    chord.

    Parameters
    ----------
    events : EventTable, n rows (scored in windows of 30 events, whose mean is the track's value)

    Returns
    -------
    number : float64 array, shape (n,), 1 or more

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G", "A:min", "F"] * 2).to_table().events("majmin")
    >>> hill2(loop).tolist()
    [4.0]
    """
    types = count_types(events)
    n = events.n_events
    share = types.count / n[types.row]
    together = sum_by_track(share**2, types.row, events.n_tracks)
    return np.where(n > 0, 1 / np.where(n > 0, together, 1), np.nan)


def mtld(events: EventTable, window: int = WINDOW) -> np.ndarray:
    """Mean number of events before the share of different chords falls below .72 (MTLD).

    Read forward and backward; the unfinished run at the end counts in part, (1 - types/tokens) / (1 - .72). A
    song in which no chord returns ends no run: its value is its length, a lower bound.

    Parameters
    ----------
    events : EventTable, n tracks
    window : int
        Fewest events: a run cannot be longer than the song, so shorter tracks are absent (NaN).

    Returns
    -------
    length : float64 array, shape (n,), events

    References
    ----------
    .. [1] McCarthy, Jarvis (2010). Behavior Research Methods 42:381.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> mtld(ChordSequence.from_labels(["C", "G", "A:min", "F"] * 8).to_table().events("majmin")).tolist()
    [6.4]
    """
    from musictrend.complexity import kernels

    types = count_types(events)
    out = np.empty(events.n_tracks)
    kernels.measure_runs(types.rank, types.n_types, events.offsets, window, MTLD_THRESHOLD, out)
    return out


def _sets(events: EventTable) -> np.ndarray:
    """What sounds in each event, relative to its root: int64 array, shape (m,)."""
    return remember(events, "sets", lambda: relative_sets(events.chroma, np.maximum(events.root, 0)))


def _share(events: EventTable, holds: np.ndarray) -> np.ndarray:
    """Share of each track's events for which a condition on the set holds: ``holds`` has shape (4096,)."""
    return mean_by_track(holds[_sets(events)].astype(np.float64), events.track, events.n_tracks)


_ALL = np.arange(4096)
_SIZE = np.bitwise_count(_ALL)


def _has(*steps: int) -> np.ndarray:
    """Which of the 4096 sets contain all of these semitones above the root."""
    mask = sum(1 << step for step in steps)
    return (_ALL & mask) == mask


_DOMINANT_SEVENTH = _has(0, 4, 10)
_MINOR_SEVENTH = _has(0, 3, 10) & ~(_has(6) & ~_has(7))
_SUSPENDED = (_has(2) | _has(5)) & ~_has(3) & ~_has(4)


def cardinality(events: EventTable) -> np.ndarray:
    """Mean number of pitch classes in a chord: 3 for a song of triads.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> cardinality(ChordSequence.from_labels(["C", "G:7", "C", "G:9"]).to_table().events("full")).tolist()
    [3.75]
    """
    return mean_by_track(_SIZE[_sets(events)].astype(np.float64), events.track, events.n_tracks)


def nontriad_share(events: EventTable) -> np.ndarray:
    """Share of chords with four or more pitch classes; three-note sus chords and power chords do not count.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "G:7", "C:sus4", "F:5"])
    >>> nontriad_share(seq.to_table().events("full")).tolist()
    [0.25]
    """
    return _share(events, _SIZE >= 4)


def extended_share(events: EventTable) -> np.ndarray:
    """Share of chords with five or more pitch classes: ninths and beyond.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> extended_share(ChordSequence.from_labels(["C", "G:9"]).to_table().events("full")).tolist()
    [0.5]
    """
    return _share(events, _SIZE >= 5)


def dominant_seventh_share(events: EventTable) -> np.ndarray:
    """Share of chords that contain root, major third and minor seventh.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> dominant_seventh_share(ChordSequence.from_labels(["C", "G:9"]).to_table().events("sevenths")).tolist()
    [0.5]
    """
    return _share(events, _DOMINANT_SEVENTH)


def minor_seventh_share(events: EventTable) -> np.ndarray:
    """Share of chords that contain root, minor third and minor seventh, half-diminished ones left out.

    A chord with a diminished fifth and no perfect one does not count.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["D:min7", "B:hdim7"])
    >>> minor_seventh_share(seq.to_table().events("full")).tolist()
    [0.5]
    """
    return _share(events, _MINOR_SEVENTH)


def sus_share(events: EventTable) -> np.ndarray:
    """Share of chords with a second or a fourth and no third.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> sus_share(ChordSequence.from_labels(["G:sus4", "G"]).to_table().events("triads")).tolist()
    [0.5]
    """
    return _share(events, _SUSPENDED)


register(Measure(
    "types_rarefied", types_rarefied, "vocabulary", "chords", 1, np.inf, True, "root", core=True,
    options=("window",),
    title="Different chords in 30",
    description="How many different chords one expects among 30 chords drawn from the song.",
    citation="Hurlbert (1971), Ecology 52:577",
    length_rule="rarefaction",
    formula="Σ_i [1 - C(n - n_i, 30)/C(n, 30)], n_i how often chord i occurs among n",
    blind_to="Order: any shuffle scores the same. Wrong labels look like new chords and raise it.",
    example="A loop of four chords, however long: 4",
))  # fmt: skip
register(Measure(
    "type_entropy", type_entropy, "vocabulary", "bits", 0, np.inf, True, "root", windowed=True, core=True,
    title="Evenness of chord use",
    description="Entropy of the chords in windows of 30, corrected for small samples: high when many "
    "are used evenly.",
    citation="Miller (1955)",
    formula="-Σ p log2 p + (K - 1)/(2 n ln 2), p the share of each of K chords in the window, n = 30",
    blind_to="Order: any shuffle scores the same. Wrong labels look like new chords and raise it. "
    "Still too low where most chords occur once.",
    example="A loop of four chords over 8: 2.27; counts 4 4 3 2 2 2 1 1: 2.1526 nats",
))  # fmt: skip
register(Measure(
    "hill2", hill2, "vocabulary", "chords", 1, np.inf, True, "root", windowed=True,
    title="Effective number of chords",
    description="As many equally common chords would give the same chance that two chords are equal.",
    citation="Hill (1973), Ecology 54:427",
    formula="1 / Σ p², p the share of each chord in the window",
    blind_to="Order: any shuffle scores the same. Wrong labels look like new chords and raise it. "
    "Rare chords hardly count.",
    example="A loop of four chords: 4",
))  # fmt: skip
register(Measure(
    "mtld", mtld, "vocabulary", "events", 1, np.inf, True, "root", options=("window",),
    title="Chords before repetition sets in",
    description="Mean number of chords before fewer than 72% of them are different.",
    citation="McCarthy & Jarvis (2010), Behavior Research Methods 42:381",
    length_rule="run",
    formula="chords / runs, a run ending when different chords / chords falls below .72; mean of both directions",
    blind_to="What the chords are and how rich they are. A song in which nothing returns has its own length.",
    example="C G Am F eight times: 6.4",
))  # fmt: skip
register(Measure(
    "cardinality", cardinality, "vocabulary", "pitch classes", 1, 12, True, "sevenths", core=True,
    title="Notes in a chord",
    description="Mean number of different notes in a chord.",
    citation="Huron (1994), Music Perception 11:289",
    formula="mean over chords of the number of different notes",
    blind_to="Which notes: a major sixth chord and a dominant seventh are alike. Transcribers who write triads.",
    example="C G7 C G9: 3.75",
))  # fmt: skip
register(Measure(
    "nontriad_share", nontriad_share, "vocabulary", "share", 0, 1, True, "sevenths", core=True,
    title="Chords beyond triads",
    description="Share of chords with four or more different notes.",
    citation="Broze & Shanahan (2013), Music Perception 31:32",
    formula="chords with 4 or more different notes / chords",
    blind_to="How rich beyond four notes. Transcribers who write triads, engines that miss sevenths (17 to 20 points).",
    example="C G7 Csus4 F5: 0.25",
))  # fmt: skip
register(Measure(
    "extended_share", extended_share, "vocabulary", "share", 0, 1, True, "full", core=True,
    title="Extended chords",
    description="Share of chords with five or more different notes: ninths and beyond.",
    citation="Broze & Shanahan (2013), Music Perception 31:32",
    formula="chords with 5 or more different notes / chords",
    blind_to="Altered sevenths of four notes. Lead sheets write more extensions than are played, tabs fewer.",
    example="C G9: 0.5",
))  # fmt: skip
register(Measure(
    "dominant_seventh_share", dominant_seventh_share, "vocabulary", "share", 0, 1, True, "sevenths",
    core=True,
    title="Dominant sevenths",
    description="Share of chords with a major third and a minor seventh.",
    citation="Mauch et al. (2015), R. Soc. Open Sci. 2:150081",
    formula="chords that contain {0, 4, 10} above the root / chords",
    blind_to="Function: a blues tonic and a dominant are alike.",
    example="C G9: 0.5",
))  # fmt: skip
register(Measure(
    "minor_seventh_share", minor_seventh_share, "vocabulary", "share", 0, 1, True, "sevenths", core=True,
    title="Minor sevenths",
    description="Share of chords with a minor third and a minor seventh, half-diminished chords left out.",
    citation="Mauch et al. (2015), R. Soc. Open Sci. 2:150081",
    formula="chords that contain {0, 3, 10} above the root, without a diminished fifth unless a perfect one "
    "sounds too / chords",
    blind_to="Function; C6 written as Am7/C.",
    example="Dm7 Bm7b5: 0.5",
))  # fmt: skip
register(Measure(
    "sus_share", sus_share, "vocabulary", "share", 0, 1, True, "triads",
    title="Suspended chords",
    description="Share of chords with a second or fourth in place of the third.",
    citation="musictrend",
    formula="chords with a second or fourth and no third / chords",
    blind_to="Whether the fourth resolves. Engines hear many suspensions as triads.",
    example="Gsus4 G: 0.5",
))  # fmt: skip
