"""Learn the weights of `musictrend.extraction.keys` and print how well they do on songs held out.

    python tools/train_keys.py FOLDER [--write]

FOLDER holds the unpacked public corpora. Learned from corpora whose licence allows it: McGill Billboard (CC0; tonics,
no modes: the mode is summed over), iRb (MIT), RS200 (CC BY 4.0, first analyst). Cross-validated by song in ten folds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from musictrend import load_corpus
from musictrend.extraction import batches
from musictrend.extraction.batches import extract_corpora
from musictrend.extraction.keys import key_features, key_probabilities

CORPORA = {"mcgill_billboard": "CC0", "irb": "MIT", "rs200": "CC BY 4.0"}
PENALTY = 0.05
MODES_UNKNOWN = {"mcgill_billboard"}
TARGET = Path(__file__).resolve().parents[1] / "musictrend" / "data" / "models" / "keys.json"


def load(folder: Path) -> dict[str, np.ndarray]:
    """Features, tonic and mode of the first written key of each track, one row a song."""
    parts: dict[str, list] = {"features": [], "tonic": [], "mode": [], "corpus": [], "song": []}
    # Only written keys teach: nothing is estimated while learning.
    batches.fill_keys = lambda table: (table, np.zeros(table.n_tracks, bool))
    for name in CORPORA:
        corpus = load_corpus(folder / name)
        chords = extract_corpora([corpus]).chords
        features = key_features(chords)
        tracks = corpus.tracks
        for i in range(chords.n_tracks):
            rows = slice(int(chords.offsets[i]), int(chords.offsets[i + 1]))
            tonics = chords.key_tonic[rows]
            if len(tonics) < 8 or tonics.max() < 0 or tracks["duplicate_of"].notna().iloc[i]:
                continue
            known = tonics[tonics >= 0]
            weight = chords.duration[rows][tonics >= 0]
            tonic = int(np.bincount(known, weights=weight, minlength=12).argmax())
            modes = chords.key_mode[rows][tonics == tonic]
            parts["features"].append(features[i])
            parts["tonic"].append(tonic)
            parts["mode"].append(-1 if name in MODES_UNKNOWN else int(modes[0]))
            parts["corpus"].append(name)
            parts["song"].append(tracks["song_id"].iloc[i] or tracks["track_id"].iloc[i])
    return {k: np.array(v) for k, v in parts.items()}


def fit(data: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Weights by penalised maximum likelihood; each corpus counts as much as the square root of its size."""
    features, tonic, mode = data["features"][rows], data["tonic"][rows], data["mode"][rows]
    n = len(features)
    turned = np.stack([np.roll(features, -t, axis=2) for t in range(12)], axis=1).reshape(n, 12, -1)  # (n, 12, d)
    names, counts = np.unique(data["corpus"][rows], return_counts=True)
    balance = np.array([1 / np.sqrt(counts[names == c][0]) for c in data["corpus"][rows]])
    balance *= n / balance.sum()
    target = np.zeros((n, 2, 12), dtype=bool)
    for i in range(n):
        target[i, [0, 1] if mode[i] < 0 else [mode[i]], tonic[i]] = True

    def loss(flat: np.ndarray):
        weights = flat.reshape(2, -1)
        scores = np.einsum("ntd,md->nmt", turned, weights)
        top = scores.max(axis=(1, 2), keepdims=True)
        each = np.exp(scores - top)
        every, right = each.sum(axis=(1, 2)), (each * target).sum(axis=(1, 2))
        value = -(balance * (np.log(right) - np.log(every))).sum() + PENALTY * (flat**2).sum()
        slope = balance[:, None, None] * (each / every[:, None, None] - each * target / right[:, None, None])
        return value, np.einsum("nmt,ntd->md", slope, turned).ravel() + 2 * PENALTY * flat

    # Start with what every textbook says, so that major and minor are not swapped where modes are unknown.
    start = np.zeros((2, 3, 12, 7))
    start[0, :, 0, [0, 2, 4]] = 1.0
    start[1, :, 0, [1, 3]] = 1.0
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return found.x.reshape(2, 3, 12, 7)


def main() -> int:
    """Cross-validate, print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    data = load(chosen.folder)
    songs = np.unique(data["song"])
    fold_of = dict(zip(songs, np.random.default_rng(0).permutation(len(songs)) % 10, strict=True))
    fold = np.array([fold_of[s] for s in data["song"]])
    tonic, mode = np.empty(len(fold), int), np.empty(len(fold), int)
    for k in range(10):
        weights = fit(data, np.flatnonzero(fold != k))
        held = np.flatnonzero(fold == k)
        best = key_probabilities(data["features"][held], weights).reshape(len(held), 24).argmax(axis=1)
        tonic[held], mode[held] = best % 12, best // 12
    figures = {}
    for name in CORPORA:
        rows = data["corpus"] == name
        good = tonic[rows] == data["tonic"][rows]
        figures[name] = {"n": int(rows.sum()), "tonic": round(float(good.mean()), 4)}
        if name not in MODES_UNKNOWN:
            figures[name]["key"] = round(float((good & (mode[rows] == data["mode"][rows])).mean()), 4)
        print(name, figures[name])
    if chosen.write:
        card = {
            "what": "weights (mode, place, root above tonic, family) of the conditional logit of musictrend.extraction.keys",
            "learned_from": CORPORA,
            "cross_validated": figures,
            "limits": "one key a piece; learned on popular song and jazz; modes of Billboard songs were not written",
            "penalty": PENALTY,
            "weights": np.round(fit(data, np.arange(len(fold))), 4).tolist(),
        }
        TARGET.write_text(json.dumps(card) + "\n", encoding="utf-8")
        print(f"written: {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
