"""Keys from chords alone, where none is written: one for the whole, and local ones where the music modulates.

A conditional logit over 24 keys weighs what sounds, when, and what it moves to,
each with a learned weight above the tonic (`keys_evidence`). Where the chords say
that there is a modulation, a chain over local keys follows it (`keys_path`);
otherwise the one key stands. The key of the whole is the one that lasts longest. Weights were learned from songs
and pieces whose keys people wrote down (``tools/train_keys.py``; make-up,
licences and figures in ``data/models/keys.json``; ``benchmarks/keys.py`` prints figures).

Key changes that are estimated are fewer than those that analysts write: a short
or weak one is not told from chromatic harmony.

References
----------
.. [1] McFadden (1974). Conditional logit analysis of qualitative choice behavior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np

from musictrend.extraction.keys_evidence import KEYS, KeyEvents, list_events, song_evidence, turn_weights
from musictrend.extraction.keys_path import Chain, decode_keys, emissions, posteriors
from musictrend.harmony.table import NO_KEY, ChordTable

__all__ = ["KeyModel", "estimate_keys", "estimate_local_keys", "fill_keys", "follow_keys", "key_probabilities"]

CHUNK = 150_000  # rows worked on at once: about 100 MB
LOOSE = 2 / 3  # of the home bonus, while it is still asked which key lasts longest
TEMPERATURE = 1.5  # evidence is divided by it before it becomes odds


@dataclass(frozen=True, eq=False)
class KeyModel:
    """Weights of the key of the whole and of local keys.

    Attributes
    ----------
    places : float array, shape (2, 12, 52)
        By mode, semitones above the tonic, and kind of evidence.
    moves : float array, shape (2, 12, 192)
    chain : Chain
    """

    places: np.ndarray
    moves: np.ndarray
    chain: Chain


@cache
def load_model() -> KeyModel:
    """The weights that ship."""
    path = resources.files("musictrend") / "data" / "models" / "keys.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        part = {name: stored[name].astype(np.float64) for name in stored.files}
    chain = Chain(part["chain_chord"], part["chain_length"], part["chain_move"], part["chain_change"],
                  float(part["chain_home"]), part["chain_trust"])  # fmt: skip
    return KeyModel(part["places"], part["moves"], chain)


def key_probabilities(chords: ChordTable, events: KeyEvents, model: KeyModel) -> np.ndarray:
    """Probability of each key for each track as a whole.

    Returns
    -------
    probability : float64 array, shape (n_tracks, 24)
        Key ``tonic + 12`` in minor; rows sum to 1.
    """
    places, track, move, value = song_evidence(chords, events)
    score = (places.reshape(len(places), -1) @ turn_weights(model.places).astype(np.float32)).astype(np.float64)
    if len(track):
        said = turn_weights(model.moves).astype(np.float32)[move] * value[:, None]
        first = np.flatnonzero(np.diff(track, prepend=-1))
        score[track[first]] += np.add.reduceat(said, first, axis=0)
    score -= score.max(axis=1, keepdims=True)
    probability = np.exp(score)
    return probability / probability.sum(axis=1, keepdims=True)


def follow_keys(events: KeyEvents, probability: np.ndarray, chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The key that lasts longest in each track, and the key of each event.

    Parameters
    ----------
    probability : float array, shape (n_tracks, 24)
        From `key_probabilities`.

    Returns
    -------
    home : int64 array, shape (n_tracks,)
    path : int64 array, shape (m,)
        The home key throughout where a track does not modulate.
    """
    home = probability.argmax(axis=1)
    rough = decode_keys(events, home, replace(chain, home=LOOSE * chain.home))
    moved = np.bincount(events.track[rough != home[events.track]], minlength=events.n_tracks) > 0
    if not moved.any():
        return home, rough
    rows = np.flatnonzero(moved[events.track])
    slot = events.track[rows] * KEYS + rough[rows]
    time = np.bincount(slot, weights=events.weight[rows], minlength=events.n_tracks * KEYS).reshape(-1, KEYS)
    home = np.where(moved, time.argmax(axis=1), home)
    path = home[events.track]
    # What does not leave home for a small bonus does not for a large one.
    some = replace(events, **{name: getattr(events, name)[rows] for name in ("track", "cell", "weight", "move")})
    path[rows] = decode_keys(some, home, chain)
    return home, path


def estimate_keys(chords: ChordTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The key of each track as a whole, from its chords.

    The one that lasts longest, where a track modulates.

    Returns
    -------
    tonic, mode : int8 array, shape (n_tracks,)
        0-11; 0 major, 1 minor; -1 for a track without chords.
    confidence : float array, shape (n_tracks,)
        Probability of that key.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> tonic, mode, _ = estimate_keys(ChordSequence.from_labels(["A:min", "D:min", "E:7", "A:min"] * 4).to_table())
    >>> int(tonic[0]), int(mode[0])
    (9, 1)
    """
    tonic = np.full(chords.n_tracks, NO_KEY, dtype=np.int8)
    mode, confidence = tonic.copy(), np.full(chords.n_tracks, np.nan)
    for start, stop in chords.cut_points(CHUNK):
        part = chords.cut(start, stop)
        events = list_events(part)
        probability = key_probabilities(part, events, load_model())
        has = np.flatnonzero(events.lengths > 0)
        best = follow_keys(events, probability, load_model().chain)[0][has]
        tonic[start + has], mode[start + has] = best % 12, best // 12
        confidence[start + has] = probability[has, best]
    return tonic, mode, confidence


def estimate_local_keys(chords: ChordTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The key that each chord is in, modulations followed.

    A track that does not modulate has the key of `estimate_keys` throughout. N and X
    are in the key of the chord before them.

    Returns
    -------
    tonic, mode : int8 array, shape (n_chords,)
        -1 in a track without chords.
    confidence : float32 array, shape (n_chords,)
        Probability of that key; NaN where there is none.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> song = ["C", "F", "G:7", "C"] * 5 + ["D", "G", "A:7", "D"] * 5
    >>> tonic, _, _ = estimate_local_keys(ChordSequence.from_labels(song).to_table())
    >>> int(tonic[0]), int(tonic[-1])
    (0, 2)
    """
    model = load_model()
    chain = model.chain
    tonic = np.full(chords.n_chords, NO_KEY, dtype=np.int8)
    mode, confidence = tonic.copy(), np.full(chords.n_chords, np.nan, dtype=np.float32)
    for start, stop in chords.cut_points(CHUNK):
        part = chords.cut(start, stop)
        events = list_events(part)
        whole = key_probabilities(part, events, model)
        home, path = follow_keys(events, whole, chain)
        certain = path_confidence(events, whole, home, path, chain)
        rows = slice(int(chords.offsets[start]), int(chords.offsets[start]) + part.n_chords)
        event = _event_of_rows(events, part)
        known = event >= 0
        tonic[rows][known], mode[rows][known] = path[event[known]] % 12, path[event[known]] // 12
        confidence[rows][known] = certain[event[known]]
    return tonic, mode, confidence


def path_confidence(
    events: KeyEvents, whole: np.ndarray, home: np.ndarray, path: np.ndarray, chain: Chain
) -> np.ndarray:
    """Probability that each event's key on the path is right: float array, shape (m,)."""
    return 1 / (1 + np.exp(-confidence_evidence(events, whole, home, path, chain) @ chain.trust))


def confidence_evidence(
    events: KeyEvents, whole: np.ndarray, home: np.ndarray, path: np.ndarray, chain: Chain
) -> np.ndarray:
    """What the confidence of a path's keys is told from; neighbours do not speak independently, so it is learned.

    Parameters
    ----------
    whole : float array, shape (n_tracks, 24)
        From `key_probabilities`.
    home, path : int array, shape (n_tracks,) and (m,)
        From `follow_keys`.

    Returns
    -------
    evidence : float array, shape (m, 6)
        1; log odds of the key by the chain; log odds of the home key by the whole; whether the track modulates, and
        then whether the event is at home, and the log odds of the home key again.
    """
    of_home = _log_odds(whole[np.arange(len(home)), home])[events.track]
    home = home[events.track]
    rows = np.arange(len(path))
    found = emissions(events, chain).astype(np.float64)
    found[rows, home] += chain.home
    _, probability, _ = posteriors(found / TEMPERATURE, chain.change, events.lengths)
    away = (np.bincount(events.track[path != home], minlength=events.n_tracks) > 0)[events.track]
    of_key = _log_odds(probability[rows, path])
    return np.stack([np.ones(len(path)), of_key, of_home, away, away & (path == home), away * of_home], axis=1)


def _log_odds(probability: np.ndarray) -> np.ndarray:
    inside = np.clip(probability, 1e-4, 1 - 1e-4)
    return np.log(inside / (1 - inside))


def fill_keys(chords: ChordTable) -> tuple[ChordTable, np.ndarray]:
    """Give tracks without any written key those estimated from their chords; written keys win.

    Local keys where the chords say that there is a modulation, otherwise one key for the whole track.
    A few hundred thousand chords are worked on at a time, so that memory is bounded.

    Returns
    -------
    chords : ChordTable
    estimated : bool array, shape (n_tracks,)
        Which tracks got estimated keys.
    """
    without = (chords.lengths > 0) & ~_has_key(chords)
    if not without.any():
        return chords, without
    model = load_model()
    key_tonic, key_mode = chords.key_tonic.copy(), chords.key_mode.copy()
    for start, stop in chords.cut_points(CHUNK):
        wanted = without[start:stop]
        if not wanted.any():
            continue
        part = chords.cut(start, stop)
        events = list_events(part)
        _, path = follow_keys(events, key_probabilities(part, events, model), model.chain)
        event = _event_of_rows(events, part)
        fill = np.flatnonzero(np.repeat(wanted, part.lengths) & (event >= 0))
        rows = int(chords.offsets[start]) + fill
        key_tonic[rows], key_mode[rows] = path[event[fill]] % 12, path[event[fill]] // 12
    return chords.with_columns(key_tonic=key_tonic, key_mode=key_mode), without


def _has_key(chords: ChordTable) -> np.ndarray:
    """Tracks with a written key at some chord: bool array, shape (n_tracks,)."""
    found = np.zeros(chords.n_tracks, dtype=bool)
    filled = np.flatnonzero(chords.lengths > 0)
    if len(filled):
        found[filled] = np.maximum.reduceat(chords.key_tonic, chords.offsets[filled]) >= 0
    return found


def _event_of_rows(events: KeyEvents, part: ChordTable) -> np.ndarray:
    """Event whose key each row takes: its own, for N and X that before or, at the start, the track's first; else -1."""
    row = np.where(events.of_row >= 0, np.arange(len(events.of_row)), -1)
    before = np.maximum.accumulate(row) if len(row) else row
    event = np.where(before >= 0, events.of_row[before], -1)
    track = np.repeat(np.arange(part.n_tracks), part.lengths)
    first = np.cumsum(events.lengths) - events.lengths
    foreign = event < first[track]  # the sounding row before belongs to another track
    return np.where(foreign, np.where(events.lengths[track] > 0, first[track], -1), event)
