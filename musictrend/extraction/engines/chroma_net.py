"""Chords from chroma: a small net that sees every root the same way.

For each of the twelve roots it looks at bass and treble chroma from that root
up, now and around, and says how well each quality fits; a transposed song gives
transposed answers, exactly. Weights are learned by ``tools/train_chroma.py``.

References
----------
.. [1] Zaheer et al. (2017). Deep Sets. NeurIPS: every root also sees the mean over all roots.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities

__all__ = ["POOL", "QUALITIES", "WINDOWS", "ChromaNet", "gather_context", "load_net", "pool_chroma", "states"]

POOL = 2  # chroma frames to one frame of the net: 93 ms
QUALITIES = ("maj", "min", "7", "maj7", "min7", "dim", "aug", "sus4", "sus2", "dim7", "hdim7", "minmaj7")
# Stretches of time, in frames before and after the present one, over which chroma is averaged.
WINDOWS = ((0, 1), (-1, 0), (1, 2), (-3, -1), (2, 4), (-8, -3), (4, 9), (-24, -8), (9, 25), (-80, 81))


@cache
def states() -> tuple[Chord, ...]:
    """What the columns of `ChromaNet.score` are: twelve roots of every quality, then no chord.

    Examples
    --------
    >>> states()[0].label, states()[13].label, states()[-1].label
    ('C:maj', 'Db:min', 'N')
    """
    known = list_qualities()
    chords = [Chord.from_parts(root, bitmap=known[name].bitmap) for name in QUALITIES for root in range(12)]
    return (*chords, Chord.NO_CHORD)


def pool_chroma(chroma: np.ndarray) -> np.ndarray:
    """Chroma at the rate of the net, its loudest notes pressed: shape (n_frames, 24)."""
    n = -(-len(chroma) // POOL)
    full = np.zeros((n * POOL, 24), dtype=np.float32)
    full[: len(chroma)] = chroma.reshape(-1, 24)
    return np.log1p(full.reshape(n, POOL, 24).mean(axis=1))


def gather_context(frames: np.ndarray) -> np.ndarray:
    """Means over the `WINDOWS` around every frame; beyond the ends there is silence.

    Returns
    -------
    context : float32 array, shape (n_frames, n_windows * 2, 12)
    """
    n = len(frames)
    total = np.concatenate([np.zeros((1, 24)), np.cumsum(frames, axis=0, dtype=np.float64)])
    at = np.arange(n)
    parts = []
    for start, stop in WINDOWS:
        low, high = np.clip(at + start, 0, n), np.clip(at + stop, 0, n)
        # The widest window is the song's own average, as far as it goes.
        width = np.maximum(high - low, 1)[:, None] if stop - start > 100 else stop - start
        parts.append(((total[high] - total[low]) / width).reshape(n, 2, 12))
    return np.concatenate(parts, axis=1).astype(np.float32)


@dataclass(frozen=True)
class ChromaNet:
    """Weights of the net.

    Attributes
    ----------
    first : array, shape (n_windows * 24, n_hidden)
    first_bias, second_bias : array, shape (n_hidden,)
    second, pooled : array, shape (n_hidden, n_hidden)
        What a root makes of its own first layer and of the mean over all roots.
    last : array, shape (n_hidden, n_qualities)
    last_bias : array, shape (n_qualities,)
    none : array, shape (2 * n_hidden,)
        No chord, from mean and maximum over the roots.
    none_bias : array, shape (1,)
    transitions : array, shape (n_states, n_states)
        Log probability of going from chord to chord in one frame.
    """

    first: np.ndarray
    first_bias: np.ndarray
    second: np.ndarray
    pooled: np.ndarray
    second_bias: np.ndarray
    last: np.ndarray
    last_bias: np.ndarray
    none: np.ndarray
    none_bias: np.ndarray
    transitions: np.ndarray

    def score(self, frames: np.ndarray) -> np.ndarray:
        """Log posteriors of every state.

        Parameters
        ----------
        frames : array, shape (n_frames, 24)
            From `pool_chroma`.

        Returns
        -------
        scores : float32 array, shape (n_frames, n_states)
        """
        context = gather_context(frames)
        out = np.empty((len(frames), 12 * len(QUALITIES) + 1), dtype=np.float32)
        for start in range(0, len(frames), 512):
            out[start : start + 512] = self._score(context[start : start + 512])
        return out

    def _score(self, context: np.ndarray) -> np.ndarray:
        n = len(context)
        seen = context[:, :, _rotations()]  # (n, windows * 2, root, step)
        seen = seen.transpose(0, 2, 1, 3).reshape(n * 12, -1)
        hidden = np.maximum(seen @ self.first + self.first_bias, 0).reshape(n, 12, -1)
        shared = hidden.mean(axis=1) @ self.pooled + self.second_bias
        hidden = np.maximum(hidden @ self.second + shared[:, None], 0)  # (n, root, hidden)
        chords = (hidden @ self.last + self.last_bias).transpose(0, 2, 1).reshape(n, -1)
        both = np.concatenate([hidden.mean(axis=1), hidden.max(axis=1)], axis=1)
        scores = np.concatenate([chords, (both @ self.none + self.none_bias)[:, None]], axis=1)
        scores -= scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _rotations() -> np.ndarray:
    """Pitch class of each step above each root: shape (12, 12)."""
    return (np.arange(12)[:, None] + np.arange(12)) % 12


@cache
def load_net() -> ChromaNet:
    """The net that comes with the package."""
    data = (resources.files("musictrend") / "data" / "models" / "chroma.npz").read_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        return ChromaNet(**{name: kept[name].astype(np.float32) for name in kept.files})
