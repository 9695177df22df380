"""The key of a piece from its chords alone, where none is written.

A conditional logit over the 24 keys: each chord votes for a key by its root
above the tonic and its family, weighted by how long it sounds; the first and
the last chord vote again. Weights were learned from songs whose tonics people
wrote down (``tools/train_keys.py``; make-up and figures in ``data/models/keys.json``).

References
----------
.. [1] McFadden (1974). Conditional logit analysis of qualitative choice behavior.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources

import numpy as np

from musictrend.harmony.table import NO_KEY, ChordTable

__all__ = ["FAMILIES", "estimate_keys", "fill_keys", "key_features", "key_probabilities"]

FAMILIES = ("major", "minor", "dominant", "minor seventh", "major seventh", "diminished", "other")


@cache
def _family_of_bitmap() -> np.ndarray:
    """Family of each 12-bit quality: shape (4096,)."""
    bits = np.arange(4096)
    has = lambda i: bits >> i & 1 == 1  # noqa: E731
    family = np.full(4096, 6)
    family[has(4)] = 0
    family[has(3) & ~has(4)] = 1
    family[has(4) & has(10)] = 2
    family[has(3) & ~has(4) & has(10)] = 3
    family[has(4) & has(11)] = 4
    family[has(3) & ~has(4) & has(6) & ~has(7)] = 5
    return family


def key_features(chords: ChordTable) -> np.ndarray:
    """How much of each track lies on each root and family, whole, first and last.

    Returns
    -------
    features : float array, shape (n_tracks, 3, 12, 7)
        Absolute roots; the whole sums to 1, first and last have a single 1. All 0 for a track without chords.
    """
    family = _family_of_bitmap()[chords.labels.bitmap]
    root = chords.labels.root.astype(np.int64)
    label = chords.label
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)
    sounding = chords.labels.is_chord[label] if len(chords.labels) else np.zeros(0, bool)
    label, track = label[sounding], track[sounding]
    weight = np.maximum(np.nan_to_num(chords.duration[sounding], nan=1.0), 1e-6)
    cell = (root[label] * 7 + family[label]) if len(label) else np.zeros(0, np.int64)
    features = np.zeros((chords.n_tracks, 3, 84))
    np.add.at(features[:, 0], (track, cell), weight)
    total = features[:, 0].sum(axis=1, keepdims=True)
    features[:, 0] /= np.maximum(total, 1e-12)
    if len(track):
        first = np.flatnonzero(np.diff(track, prepend=-1))
        last = np.append(first[1:] - 1, len(track) - 1)
        features[track[first], 1, cell[first]] = 1
        features[track[last], 2, cell[last]] = 1
    return features.reshape(-1, 3, 12, 7)


def key_probabilities(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability of each key.

    Parameters
    ----------
    features : float array, shape (n, 3, 12, 7)
    weights : float array, shape (2, 3, 12, 7)
        By mode, place, root above the tonic, and family.

    Returns
    -------
    probability : float array, shape (n, 2, 12)
        By mode and tonic; rows of a track sum to 1.
    """
    scores = np.empty((len(features), 2, 12))
    for tonic in range(12):
        turned = np.roll(features, -tonic, axis=2)
        scores[:, :, tonic] = np.einsum("npkf,mpkf->nm", turned, weights)
    scores -= scores.max(axis=(1, 2), keepdims=True)
    probability = np.exp(scores)
    return probability / probability.sum(axis=(1, 2), keepdims=True)


@cache
def _weights() -> np.ndarray:
    path = resources.files("musictrend") / "data" / "models" / "keys.json"
    return np.array(json.loads(path.read_text(encoding="utf-8"))["weights"])


def estimate_keys(chords: ChordTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The key of each track from its chords.

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
    features = key_features(chords)
    probability = key_probabilities(features, _weights()).reshape(len(features), 24)
    best = probability.argmax(axis=1) if len(features) else np.zeros(0, np.int64)
    empty = features[:, 0].sum(axis=(1, 2)) == 0
    tonic = np.where(empty, NO_KEY, best % 12).astype(np.int8)
    mode = np.where(empty, NO_KEY, best // 12).astype(np.int8)
    return tonic, mode, np.where(empty, np.nan, probability.max(axis=1, initial=0.0))


def fill_keys(chords: ChordTable) -> tuple[ChordTable, np.ndarray]:
    """Give tracks without any written key the one estimated from their chords; written keys win.

    Returns
    -------
    chords : ChordTable
    estimated : bool array, shape (n_tracks,)
        Which tracks got an estimated key.
    """
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)
    written = np.bincount(track, weights=chords.key_tonic >= 0, minlength=chords.n_tracks) > 0
    without = ~written & (chords.lengths > 0)
    if not without.any():
        return chords, without
    tonic, mode, _ = estimate_keys(chords)
    rows = without[track]
    key_tonic = np.where(rows, tonic[track], chords.key_tonic).astype(np.int8)
    key_mode = np.where(rows, mode[track], chords.key_mode).astype(np.int8)
    return replace(chords, key_tonic=key_tonic, key_mode=key_mode), without
