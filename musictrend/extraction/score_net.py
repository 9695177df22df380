"""A small network in plain numpy that hears chords and keys in frames of a score, alike in every key.

Layers work on (frame, pitch class, channel). *Mixing* over the circle of pitch classes has one weight for each
interval, so turning the input turns the output: nothing is learned twice for two keys. *Time* is a convolution of
three frames, 1, 2, 4 ... 64 frames apart, the same for all pitch classes. The heads name root with quality, bass,
key, and whether a chord begins. Trained by ``tools/train_scores.py``; the weights lie in ``data/models/score_*.npz``.

References
----------
.. [1] Cohen, Welling (2016). Group equivariant convolutional networks. ICML.
.. [2] Micchi, Gotham, Giraud (2020). Not all roads lead to Rome: pitch representation and model architecture for
   automatic harmonic analysis. TISMIR 3(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from musictrend.cache import hash_bytes
from musictrend.extraction.score_frames import Frames

__all__ = ["QUALITIES", "Heard", "Net", "load_net", "tell_version"]

# The qualities that the network can name, in the order of its channels.
QUALITIES = ("maj", "min", "7", "dim", "dim7", "hdim7", "min7", "maj7", "aug", "sus4", "sus2", "minmaj7")
EXTRA = ("place", "keys", "begin", "calibration", "language")  # not of the network itself: see score_decoding, score
CHUNK = 4096  # frames at a time: memory stays bounded however long the score


@dataclass(frozen=True, eq=False)
class Heard:
    """Log probabilities of each frame, and the chance that a chord begins with it.

    Attributes
    ----------
    chord : float32 array, shape (n, 145)
        Root times 12 plus quality; last, no chord.
    key : float32 array, shape (n, 24)
        Tonic times 2, plus 1 for minor.
    bass : float32 array, shape (n, 12)
    change : float32 array, shape (n,)
        Log odds.
    """

    chord: np.ndarray
    key: np.ndarray
    bass: np.ndarray
    change: np.ndarray


def turn_weights(weight: np.ndarray) -> np.ndarray:
    """Weights by interval, shape (12, i, o), as one matrix from every to every pitch class: (12 i, 12 o)."""
    interval = (np.arange(12)[None, :] - np.arange(12)[:, None]) % 12
    return np.ascontiguousarray(weight[interval].transpose(0, 2, 1, 3).reshape(12 * weight.shape[1], -1))


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Scores as log probabilities along the last axis."""
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


class Net:
    """Weights laid out for use.

    Parameters
    ----------
    weights : mapping of name to array
        As `tools/train_scores.py` writes them.
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        w = {name: np.asarray(weights[name], dtype=np.float32) for name in weights if name not in EXTRA}
        self.extra = {name: np.asarray(weights[name], dtype=np.float64) for name in EXTRA if name in weights}
        self.dilations = [int(d) for d in w["dilations"]]
        self.width = w["inp.b"].shape[0]
        self.margin = sum(self.dilations)
        self._w = w
        self._turned = {name[:-2]: turn_weights(w[name]) for name in w if name.endswith(".w")}
        self._tiled = {name: np.tile(w[name], 12) for name in w if w[name].ndim == 1 and len(w[name]) == self.width}

    def hear(self, frames: Frames) -> Heard:
        """What sounds in each frame."""
        n = len(frames)
        parts = []
        for a in range(0, n, CHUNK):
            low, high = max(a - self.margin, 0), min(a + CHUNK + self.margin, n)
            parts.append([x[a - low : min(a + CHUNK, n) - low] for x in self._forward(frames, low, high)])
        chord, key, bass, change = (np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts, strict=True))
        return Heard(log_softmax(chord), log_softmax(key), log_softmax(bass), change)

    def _forward(self, frames: Frames, low: int, high: int) -> tuple[np.ndarray, ...]:
        w, n, c = self._w, high - low, self.width
        x = frames.pitch[low:high].reshape(n, -1) @ self._turned["inp"] + self._tiled["inp.b"]
        x += np.tile(frames.plain[low:high] @ w["pl.weight"].T + w["pl.bias"], 12)  # (n, 12 c)
        np.maximum(x, 0, out=x)
        for i, apart in enumerate(self.dilations):
            name = f"blocks.{i}."
            h = self._normalise(x, name + "n")
            time = w[name + "t.weight"].T  # (3 c, c): before, now, after
            y = h.reshape(-1, c) @ time[c : 2 * c]
            y = y.reshape(n, 12 * c)
            if n > apart:
                y[apart:] += (h[:-apart].reshape(-1, c) @ time[:c]).reshape(-1, 12 * c)
                y[:-apart] += (h[apart:].reshape(-1, c) @ time[2 * c :]).reshape(-1, 12 * c)
            y += self._tiled[name + "t.bias"]
            np.maximum(y, 0, out=y)
            x += y @ self._turned[name + "m"]
            x += self._tiled[name + "m.b"]
        x = self._normalise(x, "n") @ self._turned["mix"] + self._tiled["mix.b"]
        np.maximum(x, 0, out=x)
        x = x.reshape(n, 12, c)
        out = x @ w["out.weight"].T + w["out.bias"]  # (n, 12, qualities + 3)
        plain = x.mean(axis=1) @ w["pool.weight"].T + w["pool.bias"]
        k = len(QUALITIES)
        chord = np.concatenate([out[:, :, :k].reshape(n, -1), plain[:, :1]], axis=1)
        return chord, out[:, :, k : k + 2].reshape(n, 24), out[:, :, k + 2], plain[:, 1]

    def _normalise(self, x: np.ndarray, name: str) -> np.ndarray:
        """Each frame to mean 0 and variance 1 over pitch classes and channels together."""
        h = x - x.mean(axis=1, keepdims=True)
        h *= 1 / np.sqrt(np.einsum("ij,ij->i", h, h) / h.shape[1] + 1e-5)[:, None]
        h *= self._tiled[name + ".g"]
        h += self._tiled[name + ".b"]
        return h


@cache
def load_net(name: str) -> Net:
    """A trained network of the package: ``art`` or ``pop``."""
    path = resources.files("musictrend") / "data" / "models" / f"score_{name}.npz"
    with resources.as_file(path) as file, np.load(file, allow_pickle=False) as weights:
        return Net({key: weights[key] for key in weights.files})


@cache
def tell_version() -> str:
    """Which networks these are: by what is in their files, whatever the version of the package."""
    folder = resources.files("musictrend") / "data" / "models"
    return f"musictrend score nets {hash_bytes(*((folder / f'score_{name}.npz').read_bytes() for name in ('art', 'pop')))[:12]}"
