"""From what the network hears in frames to chords and keys in time: the likeliest path of each.

A chord lasts until the network hears a new one begin. A key lasts until the network or the chords speak for another,
each chord for the keys that it is at home in, and near keys follow each other more readily than distant ones. The key
that the piece as a whole speaks for is its home: it has the better claim to every chord, so that a path leaves it for
good reasons alone, and a piece is expected to change key about as often whether it is long or short. The bass is a
third path, over the tones of the chord. What belongs to a key and which key follows which was counted in the analyses
that the network learned from. (The way back, chords told by keys, was tried and left out: the network hears both over
the same context, and roots became worse by 0.3 points of the time.)

References
----------
.. [1] Rabiner (1989). A tutorial on hidden Markov models. Proceedings of the IEEE 77(2).
.. [2] Raphael, Stoddard (2004). Functional harmonic analysis using probabilistic models. Computer Music Journal 28(3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.extraction.score_net import QUALITIES, Heard
from musictrend.harmony.quality import list_qualities

__all__ = ["BITMAPS", "Decoded", "Habits", "decode", "follow"]

N_QUALITIES = len(QUALITIES)
NOTHING = 12 * N_QUALITIES  # the state without a chord
BITMAPS = np.array([list_qualities()[name].bitmap for name in QUALITIES])
# Set on validation and development pieces: how loudly a frame's chord and its chord's beginning speak, the price in
# nats of a bass that moves within a chord; then for keys a frame's key, the chord's place in the key, and home.
CHORD_WEIGHT, BEGIN_WEIGHT, BASS_PRICE = 2.0, 0.4, 0.4
KEY_WEIGHT, PLACE_WEIGHT, HOME_WEIGHT = 0.1, 0.5, 0.4
HOME_REACH = 256  # chords to each side that speak for the home key: a file may hold several movements
KEY_CHANGES = 2.0  # changes of key expected in a piece
RAREST, OFTENEST = 0.002, 0.02  # bounds of the chance that a key ends with a chord


@dataclass(frozen=True, eq=False)
class Habits:
    """What was counted in analyses.

    Attributes
    ----------
    place : float array, shape (2, 12, N_QUALITIES)
        Log share of each chord in a key of each mode, roots from the tonic.
    keys : float array, shape (2, 12, 2)
        Log chance of the next key once the key changes: mode, semitones up to the new tonic, its mode.
    begin : float
        How loudly the beginning of a chord speaks.
    """

    place: np.ndarray
    keys: np.ndarray
    begin: float = BEGIN_WEIGHT

    def places(self) -> np.ndarray:
        """Log share of every chord in every key: shape (24, 145); what is no chord belongs everywhere."""
        turned = np.zeros((12, 2, 12, N_QUALITIES))
        for tonic in range(12):
            turned[tonic] = np.roll(self.place, tonic, axis=1)
        flat = turned.reshape(24, -1)
        return np.concatenate([flat, np.full((24, 1), flat.max())], axis=1)

    def key_moves(self, n_chords: int) -> np.ndarray:
        """Log chance of each key after each, at the end of one of so many chords: shape (24, 24)."""
        ends = min(max(KEY_CHANGES / n_chords, RAREST), OFTENEST)
        moves = np.zeros((12, 2, 12, 2))
        for tonic in range(12):
            moves[tonic] = np.roll(self.keys, tonic, axis=1)
        square = moves.reshape(24, 24) + np.log(ends)
        np.fill_diagonal(square, np.log1p(-ends))
        return square


@dataclass(frozen=True, eq=False)
class Decoded:
    """State of each frame: chord (144 is none), key (tonic times 2, plus 1 for minor) and bass; shapes (n,)."""

    chord: np.ndarray
    key: np.ndarray
    bass: np.ndarray


def follow(emission: np.ndarray, stay: np.ndarray, go: np.ndarray) -> np.ndarray:
    """The likeliest path when every state may follow every other.

    Parameters
    ----------
    emission : float array, shape (n, s)
        Log likelihood of each state.
    stay, go : float arrays, shape (n,)
        Log chance to stay in a state, and to begin any one, at the start of each frame.

    Returns
    -------
    path : int array, shape (n,)

    Examples
    --------
    >>> heard = np.log([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]])
    >>> follow(heard, np.zeros(3), np.full(3, -1.0)).tolist()
    [0, 0, 0]
    """
    n = len(emission)
    best = emission[0].astype(np.float64)
    begun = np.zeros(emission.shape, dtype=bool)
    leader = np.zeros(n, dtype=np.int64)
    for t in range(1, n):
        leader[t] = top = best.argmax()
        fresh = best[top] + go[t]
        best += stay[t]
        np.less(best, fresh, out=begun[t])
        np.maximum(best, fresh, out=best)
        best += emission[t]
    path = np.empty(n, dtype=np.int64)
    now = path[-1] = int(best.argmax())
    for t in range(n - 1, 0, -1):
        if begun[t, now]:
            now = int(leader[t])
        path[t - 1] = now
    return path


def _follow_keys(emission: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The likeliest keys by Viterbi: shape (m,)."""
    m = len(emission)
    best = emission[0]
    source = np.zeros((m, 24), dtype=np.int64)
    everyone = np.arange(24)
    for t in range(1, m):
        both = best[:, None] + moves
        source[t] = both.argmax(axis=0)
        best = both[source[t], everyone] + emission[t]
    path = np.empty(m, dtype=np.int64)
    path[-1] = best.argmax()
    for t in range(m - 1, 0, -1):
        path[t - 1] = source[t, path[t]]
    return path


def _find_home(by_chord: np.ndarray) -> np.ndarray:
    """The key that the music around each chord speaks for most: shape (m,)."""
    sums = np.concatenate([np.zeros((1, 24)), np.cumsum(by_chord, axis=0)])
    chord = np.arange(len(by_chord))
    after, before = np.minimum(chord + HOME_REACH + 1, len(by_chord)), np.maximum(chord - HOME_REACH, 0)
    return (sums[after] - sums[before]).argmax(axis=1)


def decode(heard: Heard, habits: Habits) -> Decoded:
    """Chords, keys and bass of each frame.

    Parameters
    ----------
    heard : Heard, n frames, at least 1
    habits : Habits
    """
    begins = heard.change.astype(np.float64)
    go, stay = (-habits.begin * np.logaddexp(0, sign * begins) for sign in (-1, 1))
    chord = follow(CHORD_WEIGHT * heard.chord.astype(np.float64), stay, go)
    starts = np.flatnonzero(np.diff(chord, prepend=-1))
    by_chord = KEY_WEIGHT * np.add.reduceat(heard.key.astype(np.float64), starts, axis=0)
    by_chord += PLACE_WEIGHT * habits.places()[:, chord[starts]].T
    by_chord[np.arange(len(starts)), _find_home(by_chord)] += HOME_WEIGHT
    key = _follow_keys(by_chord, habits.key_moves(len(starts)))
    key = np.repeat(key, np.diff(np.append(starts, len(chord))))
    return Decoded(chord, key, _follow_bass(heard, chord))


def _follow_bass(heard: Heard, chord: np.ndarray) -> np.ndarray:
    """The chord tone in the bass: shape (n,), -1 where there is no chord."""
    tones = np.zeros((NOTHING + 1, 12), dtype=bool)
    for state in range(NOTHING):
        root, quality = divmod(state, N_QUALITIES)
        tones[state] = [BITMAPS[quality] >> (p - root) % 12 & 1 for p in range(12)]
    tones[NOTHING] = True
    emission = np.where(tones[chord], heard.bass, -30.0)
    fresh = np.diff(chord, prepend=-1) != 0
    price = np.where(fresh, 0.0, -BASS_PRICE)
    return np.where(chord == NOTHING, -1, follow(emission, np.zeros(len(chord)), price))
