"""Local keys as a path: which key each chord is in, and where the music modulates.

A chain over the 24 keys of each track's events. A chord speaks for a key by its
own cell, by its length and by the move that led to it; a key lasts, and some
modulations are likelier than others. All of that was learned together as a
conditional random field. The key of the whole song (`musictrend.extraction.keys`) is its *home*: every
chord in the home key gets a bonus, so that a path leaves home for good reasons alone.

References
----------
.. [1] Lafferty, McCallum, Pereira (2001). Conditional random fields. ICML.
.. [2] Rabiner (1989). A tutorial on hidden Markov models. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.extraction.keys_evidence import INNER_MOVES, KEYS, KeyEvents, turn_weights

__all__ = ["Chain", "decode_keys", "emissions", "lay_out", "posteriors", "relation_of_keys"]


@dataclass(frozen=True, eq=False)
class Chain:
    """What the chain of local keys has learned.

    Attributes
    ----------
    chord, length : float array, shape (2, 12, 7)
        How much a chord speaks for a key, and how much more when it is long.
    move : float array, shape (2, 12, 192)
        How much the move to a chord does.
    change : float array, shape (24, 24)
        Log probability of the next chord's key, from row to column.
    home : float
        Bonus of the home key at each chord.
    trust : float array, shape (6,)
        Logistic weights that make a confidence of what `musictrend.extraction.keys.confidence_evidence` lists.
    """

    chord: np.ndarray
    length: np.ndarray
    move: np.ndarray
    change: np.ndarray
    home: float
    trust: np.ndarray


def relation_of_keys() -> np.ndarray:
    """Number of the relation of two keys by both modes and the interval, 0 to 47: int array, shape (24, 24)."""
    key = np.arange(KEYS)
    mode, tonic = key // 12, key % 12
    return (mode[:, None] * 2 + mode) * 12 + (tonic - tonic[:, None]) % 12


def emissions(events: KeyEvents, chain: Chain) -> np.ndarray:
    """How much each event speaks for each key: float32 array, shape (m, 24)."""
    chord, length = (turn_weights(part).astype(np.float32) for part in (chain.chord, chain.length))
    found = chord[events.cell]
    found += events.relative_length.astype(np.float32)[:, None] * length[events.cell]
    moves = np.zeros((12 * INNER_MOVES + 1, KEYS), dtype=np.float32)  # its last row is for no move
    moves[:-1] = turn_weights(chain.move)
    found += moves[events.move]
    return found


def lay_out(lengths: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Events step by step, over all tracks together.

    Returns
    -------
    order : int array, shape (n_tracks,)
        Tracks from the longest to the shortest.
    steps : list of int array
        Number of the t-th event of each track that has one, in that order.
    """
    order = np.argsort(-lengths, kind="stable")
    starts = (np.cumsum(lengths) - lengths)[order]
    longest_first = -lengths[order]
    longest = int(lengths.max(initial=0))
    alive = np.searchsorted(longest_first, -np.arange(longest), side="left")
    return order, [starts[:k] + t for t, k in enumerate(alive)]


def decode_keys(events: KeyEvents, home: np.ndarray, chain: Chain) -> np.ndarray:
    """The likeliest key of each event.

    Parameters
    ----------
    events : KeyEvents, m events
    home : int array, shape (n_tracks,)
        Key of the whole, 0-23.

    Returns
    -------
    path : int64 array, shape (m,)
        The home key throughout where the likeliest path does not modulate.
    """
    if not len(events.track):
        return np.zeros(0, dtype=np.int64)
    at_home = home[events.track]
    found = emissions(events, chain)
    found[np.arange(len(found)), at_home] += chain.home
    path = at_home.astype(np.int64)
    may = _may_leave(events, found, home, chain)
    number = np.flatnonzero(may[events.track])
    if not len(number):
        return path
    _, steps = lay_out(np.where(may, events.lengths, 0))  # these number the events that are left
    best = _viterbi(found[number], chain.change.astype(np.float32), steps)
    track = events.track[number]
    changes = np.flatnonzero((best[1:] != best[:-1]) & (track[1:] == track[:-1]))
    modulates = np.bincount(track[changes], minlength=events.n_tracks) > 0
    path[number] = np.where(modulates[track], best, path[number])
    return path


def _may_leave(events: KeyEvents, found: np.ndarray, home: np.ndarray, chain: Chain) -> np.ndarray:
    """Tracks where some path through another key could be likelier than home throughout: shape (n_tracks,).

    Exact: every stay away needs one change at least, and gains no more than its best stretch in one key.
    """
    change = chain.change
    stay = np.diag(change)
    apart = change[~np.eye(KEYS, dtype=bool)].max()
    h = home[events.track]
    gain = found - found[np.arange(len(found)), h][:, None]
    gain += (stay[None, :] - stay[h][:, None]).astype(np.float32)
    price = stay[home] - apart - np.abs(stay.max() - stay.min())
    order, steps = lay_out(events.lengths)
    run = np.zeros((len(order), KEYS), dtype=np.float32)
    best = np.zeros(len(order), dtype=np.float32)
    for rows in steps:
        k = len(rows)
        part = run[:k]
        part += gain[rows]
        np.maximum(part, 0, out=part)
        np.maximum(best[:k], part.max(axis=1), out=best[:k])
    may = np.zeros(events.n_tracks, dtype=bool)
    may[order] = best > price[order]
    return may


def _viterbi(found: np.ndarray, change: np.ndarray, steps: list[np.ndarray]) -> np.ndarray:
    """The likeliest path of every track at once: int64 array, shape (m,)."""
    back = np.zeros(found.shape, dtype=np.int8)
    ends = np.zeros(len(found), dtype=np.int64)
    score = found[steps[0]].copy()
    for t, rows in enumerate(steps):
        if t:
            k = len(rows)
            came = score[:k, :, None] + change  # (k, from, to)
            source = came.argmax(axis=1)
            back[rows] = source
            score[:k] = np.take_along_axis(came, source[:, None, :], axis=1)[:, 0] + found[rows]
        ends[rows] = score[: len(rows)].argmax(axis=1)
    path = ends
    for t in range(len(steps) - 1, 0, -1):
        rows = steps[t]
        path[steps[t - 1][: len(rows)]] = back[rows, path[rows]]
    return path


def posteriors(
    found: np.ndarray,
    change: np.ndarray,
    lengths: np.ndarray,
    allowed: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of every key at each event, by the forward-backward algorithm.

    Parameters
    ----------
    found : float array, shape (m, 24)
        From `emissions`, with what home adds.
    change : float array, shape (24, 24)
        Log probabilities.
    lengths : int array, shape (n_tracks,)
    allowed : bool array, shape (m, 24), optional
        Which keys a path may be in at each event; by default all.
    weight : float array, shape (n_tracks,), optional
        How much each track counts in ``changes``; by default 1.

    Returns
    -------
    likelihood : float array, shape (n_tracks,)
        Log of the summed weight of all paths; 0 for a track without events.
    probability : float array, shape (m, 24)
    changes : float array, shape (24, 24)
        Expected number of each step from key to key, over all tracks.
    """
    order, steps = lay_out(lengths)
    moves = np.exp(change)
    top = found.max(axis=1, keepdims=True)
    speaks = np.exp(found - top)
    if allowed is not None:
        speaks *= allowed
    forward = np.zeros(speaks.shape)
    scale = np.ones(len(found))
    likelihood = np.zeros(len(lengths))
    for t, rows in enumerate(steps):
        came = forward[steps[t - 1][: len(rows)]] @ moves if t else np.full((len(rows), KEYS), 1 / KEYS)
        came *= speaks[rows]
        scale[rows] = np.maximum(came.sum(axis=1), 1e-300)
        forward[rows] = came / scale[rows, None]
        likelihood[order[: len(rows)]] += np.log(scale[rows]) + top[rows, 0]
    backward = np.ones(speaks.shape)
    changes = np.zeros((KEYS, KEYS))
    counts = (np.ones(len(lengths)) if weight is None else weight)[order]
    for t in range(len(steps) - 1, 0, -1):
        rows = steps[t]
        message = speaks[rows] * backward[rows] / scale[rows, None]
        before = steps[t - 1][: len(rows)]
        backward[before] = message @ moves.T
        changes += (forward[before] * counts[: len(rows), None]).T @ message
    return likelihood, forward * backward, changes * moves
