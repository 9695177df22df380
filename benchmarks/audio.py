"""Audio engines against reference chords: accuracy, speed, memory, and whether confidence can be believed.

    python benchmarks/audio.py FOLDER                         every engine that is present, and madmom as shipped
    python benchmarks/audio.py FOLDER --engines librosa --beats
    python benchmarks/audio.py FOLDER --reliability           the reliability diagram of each engine, as numbers

FOLDER holds NAME.ogg (or .wav, .flac, .mp3) and NAME.lab. Each engine runs in a process of its own, on one core,
without the cache. *x real time* is seconds of audio for a second of processor time, decoding of the file and of the
chords included, start-up (imports, compilation, graphs: told beside) left out. *MB* is the peak of resident memory.
Scores are mir_eval's, duration-weighted over the set, with 95% intervals from resampled pieces. *AUROC*: how well
the confidence of a segment tells whether it is right over most of its time, at the finest vocabulary that the engine
carries; *ECE*: expected calibration error, duration-weighted, ten bins. A folder with a ``meta.json`` that names
arrangements was rendered, and its figures are labelled synthetic audio.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".ogg", ".wav", ".flac", ".mp3")
SCORES = ("root", "majmin", "sevenths", "mirex", "seg")
SHIPPED = {"madmom as shipped": "deep chroma", "madmom-cnn as shipped": "convolutional"}
BOOTSTRAPS = 2000
BINS = 10


def find_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Recordings with a .lab beside them, by name."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [(p, p.with_suffix(".lab")) for p in files if p.with_suffix(".lab").is_file()]


def run_engine(name: str, files: list[Path], beats: bool) -> dict[str, Any]:
    """Chords of some recordings by one engine, and what they took; in a fresh process."""
    begun = time.process_time()
    hear = _shipped(name) if name in SHIPPED else _engine(name, beats)
    noise = np.random.default_rng(0).standard_normal(3 * 44100).astype(np.float32) * 0.1
    with tempfile.TemporaryDirectory() as folder:
        import soundfile

        warm = Path(folder) / "warm.wav"
        soundfile.write(warm, noise, 44100)
        hear(warm)
    start_up = time.process_time() - begun
    rows, seconds, spent = [], 0.0, 0.0
    for path in files:
        before = time.process_time()
        row = hear(path)
        spent += time.process_time() - before
        seconds += row["seconds"]
        rows.append(row)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return {"rows": rows, "speed": seconds / spent, "start_up": start_up, "memory": peak, "seconds": seconds}


def _engine(name: str, beats: bool) -> Any:
    from musictrend.extraction.audio import recognise_audio

    def hear(path: Path) -> dict[str, Any]:
        found = recognise_audio(path, name, beats=beats, cached=False)
        seq = found.sequence
        return {
            "seconds": found.seconds,
            "labels": seq.labels,
            "onsets": seq.onsets.tolist(),
            "durations": seq.durations.tolist(),
            "confidence": seq.confidence.tolist(),
        }

    return hear


def _shipped(name: str) -> Any:
    """Madmom's own processors from samples to labels; madmom itself resamples with ffmpeg, here soxr does."""
    from musictrend.extraction.engines.madmom import SAMPLE_RATE, import_madmom
    from musictrend.extraction.sound import open_sound

    chords, chroma = import_madmom("madmom.features.chords"), import_madmom("madmom.audio.chroma")
    signal = import_madmom("madmom.audio.signal")
    if SHIPPED[name] == "deep chroma":
        steps = [chroma.DeepChromaProcessor(), chords.DeepChromaChordRecognitionProcessor()]
    else:
        steps = [chords.CNNChordFeatureProcessor(), chords.CRFChordRecognitionProcessor()]

    def hear(path: Path) -> dict[str, Any]:
        with open_sound(path) as sound:
            samples = np.concatenate(list(sound.iter_samples(SAMPLE_RATE)))
        data: Any = signal.Signal(samples, sample_rate=SAMPLE_RATE)
        for step in steps:
            data = step(data)
        seconds = len(samples) / SAMPLE_RATE
        onsets = np.array([float(row[0]) for row in data])
        return {
            "seconds": seconds,
            "labels": [str(row[2]) for row in data],
            "onsets": onsets.tolist(),
            "durations": np.diff(onsets, append=seconds).tolist(),
            "confidence": [float("nan")] * len(onsets),
        }

    return hear


def as_table(rows: list[dict[str, Any]], files: list[Path]):
    """Chords of all pieces as one table."""
    from musictrend.harmony import Chord, ChordSequence, ChordTable

    return ChordTable.from_sequences(
        [
            ChordSequence(
                tuple(map(Chord, row["labels"])), row["onsets"], row["durations"], "seconds",
                confidence=row["confidence"], track_id=path.stem,
            )
            for row, path in zip(rows, files)
        ]
    )  # fmt: skip


def bootstrap(per_track: Any, score: str, seed: int = 0) -> tuple[float, float]:
    """95% interval of a duration-weighted mean over pieces, pieces resampled."""
    values, weights = per_track[score].to_numpy(float), per_track["duration"].to_numpy(float)
    weights = np.where(np.isnan(values), 0, weights)
    values = np.nan_to_num(values)
    draws = np.random.default_rng(seed).integers(0, len(values), (BOOTSTRAPS, len(values)))
    means = (values * weights)[draws].sum(1) / weights[draws].sum(1)
    return tuple(np.quantile(means, (0.025, 0.975)))


def judge_segments(rows: list[dict[str, Any]], references: list[Any], vocabulary: str) -> np.ndarray:
    """Of every segment of an estimate: confidence, share of its time that is right, seconds; shape (n, 3)."""
    out = []
    for row, reference in zip(rows, references):
        told = [_reduced(c, vocabulary) for c in reference.chords]
        for label, onset, length, sure in zip(row["labels"], row["onsets"], row["durations"], row["confidence"]):
            from musictrend.harmony import Chord

            heard = _reduced(Chord(label), vocabulary)
            low = np.maximum(reference.onsets, onset)
            high = np.minimum(reference.offsets, onset + length)
            shared = np.maximum(high - low, 0)
            right = np.array([chord == heard for chord in told], dtype=float)
            if shared.sum() > 0.05:
                out.append((sure, float((shared * right).sum() / shared.sum()), shared.sum()))
    return np.array(out)


def _reduced(chord: Any, vocabulary: str) -> Any:
    """A chord as root and what its quality is in a vocabulary; None for no chord."""
    from musictrend.harmony.reduction import reduce_bitmap

    return (chord.root, reduce_bitmap(chord.bitmap, vocabulary)) if chord.is_chord else None


def auroc(confidence: np.ndarray, right: np.ndarray) -> float:
    """Probability that a right segment has a higher confidence than a wrong one."""
    from scipy.stats import rankdata

    n_right = int(right.sum())
    if n_right in (0, len(right)):
        return float("nan")
    ranks = rankdata(confidence)
    return float((ranks[right].sum() - n_right * (n_right + 1) / 2) / (n_right * (len(right) - n_right)))


def reliability(segments: np.ndarray) -> list[tuple[float, float, float]]:
    """Ten bins of confidence: mean confidence, share of time right, share of all time."""
    confidence, right, length = segments.T
    bins = np.clip((confidence * BINS).astype(int), 0, BINS - 1)
    rows = []
    for b in range(BINS):
        inside = bins == b
        if inside.any():
            weight = length[inside]
            mean = lambda values, weight=weight: float((values * weight).sum() / weight.sum())
            rows.append((mean(confidence[inside]), mean(right[inside]), float(weight.sum() / length.sum())))
    return rows


def measure_engine(name: str, folder: Path, beats: bool) -> dict[str, Any]:
    """`run_engine` in a fresh process with one thread."""
    threads = {
        f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "ARROW")
    }
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out.json"
        words = [sys.executable, __file__, str(folder), "--worker", name, "--out", str(out)] + ["--beats"] * beats
        subprocess.run(words, check=True, env=os.environ | threads)
        return json.loads(out.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="*", help="names; every one that is present, and madmom as shipped, without")
    parser.add_argument("--beats", action="store_true", help="find beats and snap changes to them")
    parser.add_argument("--reliability", action="store_true", help="print the reliability diagram")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    pairs = find_pairs(given.folder)
    if not pairs:
        parser.error(f"no recording with a .lab beside it in {given.folder}")
    files = [audio for audio, _ in pairs]
    if given.worker:
        given.out.write_text(json.dumps(run_engine(given.worker, files, given.beats)))
        return
    from musictrend.extraction import extract
    from musictrend.extraction.engines import list_engines
    from musictrend.harmony import ChordTable
    from musictrend.validation.evaluation import compare_chords

    references = [extract(lab) for _, lab in pairs]
    table = ChordTable.from_sequences(references)
    engines = list_engines()
    names = given.engines
    if not names:
        names = [name for name, engine in engines.items() if engine.present()]
        names += list(SHIPPED) if "madmom" in names else []
    synthetic = " SYNTHETIC AUDIO." if (given.folder / "meta.json").is_file() else ""
    minutes = sum(r.offsets[-1] for r in references) / 60
    print(f"{len(pairs)} recordings, {minutes:.1f} min.{synthetic} One core, processor time. Beats: {given.beats}.")
    head = ["engine", *(f"{s} %" for s in SCORES), "x real time", "start-up s", "MB", "AUROC", "ECE"]
    print(" | ".join(head))
    heard: dict[str, dict[str, Any]] = {}
    for name in names:
        found = heard[name] = measure_engine(name, given.folder, given.beats)
        estimate = as_table(found["rows"], files)
        total, per_track, _ = compare_chords(table, estimate)
        cells = []
        for score in SCORES:
            low, high = bootstrap(per_track, score)
            cells.append(f"{100 * total[score]:.1f} ({100 * low:.0f} to {100 * high:.0f})")
        sure = ["", ""]
        if name in engines:
            segments = judge_segments(found["rows"], references, engines[name].carries)
            bins = found["bins"] = reliability(segments)
            ece = sum(share * abs(said - true) for said, true, share in bins)
            sure = [f"{auroc(segments[:, 0], segments[:, 1] > 0.5):.3f}", f"{ece:.3f}"]
        print(
            " | ".join(
                [name, *cells, f"{found['speed']:.1f}", f"{found['start_up']:.1f}", f"{found['memory']:.0f}", *sure]
            ),
            flush=True,
        )
    for name in SHIPPED:
        ours = name.removesuffix(" as shipped")
        if name in heard and ours in heard and not given.beats:
            same = [
                a["labels"] == [c.label for c in _spelt(b["labels"])]
                and np.allclose(a["onsets"], b["onsets"], atol=1e-6)
                for a, b in zip(heard[ours]["rows"], heard[name]["rows"])
            ]
            print(f"{ours}: chords and times equal to madmom's own on {sum(same)} of {len(same)} recordings")
    if given.reliability:
        for name, found in heard.items():
            for said, true, share in found.get("bins", []):
                print(f"{name}: says {said:.2f}, right {true:.2f} of the time ({100 * share:.0f}% of all time)")


def _spelt(labels: list[str]) -> list[Any]:
    """Labels spelt as the house spells roots."""
    from musictrend.harmony import Chord

    return [Chord(label).transpose(0) for label in labels]


if __name__ == "__main__":
    main()
