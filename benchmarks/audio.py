"""Audio engines against reference chords: accuracy, speed, memory, and whether confidence can be believed.

    python benchmarks/audio.py FOLDER                         every engine that is present, and madmom as shipped
    python benchmarks/audio.py FOLDER --engines librosa --no-beats
    python benchmarks/audio.py FOLDER --plot reliability.png  the reliability diagram of each engine, drawn
    python benchmarks/audio.py FOLDER --reliability           the same as numbers
    python benchmarks/audio.py FOLDER --workers 2             how much faster two workers are than one; needs idle cores

FOLDER holds NAME.ogg (or .wav, .flac, .mp3) and NAME.lab. Each engine runs in a process of its own, on one core,
without the cache. *x real time* is seconds of audio for a second of processor time, decoding of the file and of the
chords included, start-up (imports, compilation, graphs: told beside) left out; *with beats* the same when beats are
found too and changes snap to them. *MB* is the peak of resident memory, beats included. Scores are mir_eval's, of the
chords without beats, duration-weighted over the set, with 95% intervals from resampled pieces. *AUROC*: how well the
confidence of a segment tells whether it is right over most of its time, at the finest vocabulary that the engine
carries; *ECE*: expected calibration error, duration-weighted, ten bins.

*As shipped* is madmom's own Python classes from samples to labels, on the very samples that our engines get. A
recording counts as equal when there are as many chords, each with the same label, and every change falls on the same
frame (a tenth of a second); beats do not come into it.

A folder with a ``meta.json`` that names arrangements was rendered, and its figures are labelled synthetic audio.
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
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".ogg", ".wav", ".flac", ".mp3")
SCORES = ("root", "majmin", "triads", "sevenths", "mirex", "seg")
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
    hear = _shipped(name) if name in SHIPPED else _engine(name, False)
    warm_up(hear)
    found = {"start_up": time.process_time() - begun, **_hear_all(hear, files)}
    if beats and name not in SHIPPED:
        snapped = _engine(name, True)
        warm_up(snapped)
        found["speed_with_beats"] = _hear_all(snapped, files)["speed"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"memory": peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)}


def warm_up(hear: Any) -> None:
    """Let an engine hear three seconds of noise: imports, compilation and graphs are not what is timed."""
    import soundfile

    noise = np.random.default_rng(0).standard_normal(3 * 44100).astype(np.float32) * 0.1
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(Path(folder) / "warm.wav", noise, 44100)
        hear(Path(folder) / "warm.wav")


def _hear_all(hear: Any, files: list[Path]) -> dict[str, Any]:
    """Rows of all files, and seconds of audio for a second of processor time."""
    rows, spent = [], 0.0
    for path in files:
        before = time.process_time()
        rows.append(hear(path))
        spent += time.process_time() - before
    return {"rows": rows, "speed": sum(row["seconds"] for row in rows) / spent}


@cache
def _warm_engine(name: str) -> Any:
    """An engine of a worker, ready."""
    hear = _engine(name, True)
    warm_up(hear)
    return hear


def _hear_timed(task: tuple[str, str]) -> tuple[float, float, float]:
    """What a worker does with one file: when it began and ended by the clock on the wall, and seconds of audio."""
    name, path = task
    hear = _warm_engine(name)
    begun = time.time()
    seconds = hear(Path(path))["seconds"]
    return begun, time.time(), seconds


def run_workers(name: str, files: list[Path], workers: int) -> float:
    """Seconds of audio for a second on the wall, as the house runs its workers; their start-up left out."""
    from musictrend.execution import map_tasks

    times = map_tasks(_hear_timed, [(name, str(path)) for path in files], jobs=workers)
    begun, ended, seconds = zip(*times)
    return sum(seconds) / (max(ended) - min(begun))


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


def in_fresh_process(folder: Path, *words: str) -> Any:
    """What this script gives when asked in a new process with one thread."""
    threads = {
        f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "ARROW")
    }
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out.json"
        whole = [sys.executable, __file__, str(folder), *words, "--out", str(out)]
        subprocess.run(whole, check=True, env=os.environ | threads)
        return json.loads(out.read_text())


def compare_with_shipped(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], files: list[Path]) -> list[str]:
    """What differs, a line a file in which anything does."""
    lines = []
    for a, b, path in zip(ours, theirs, files):
        told = _spelt(b["labels"])
        if len(a["labels"]) != len(told):
            lines.append(f"  {path.stem}: {len(a['labels'])} chords, madmom {len(told)}")
        elif a["labels"] != told:
            lines.append(f"  {path.stem}: {sum(x != y for x, y in zip(a['labels'], told))} labels differ")
        elif not np.allclose(a["onsets"], b["onsets"], rtol=0, atol=1e-6):
            lines.append(
                f"  {path.stem}: changes differ by up to {np.abs(np.subtract(a['onsets'], b['onsets'])).max():.3f} s"
            )
    return lines


def parse_words() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engines", nargs="*", help="names; every one that is present, and madmom as shipped, without")
    parser.add_argument("--no-beats", action="store_true", help="leave the speed with beats out")
    parser.add_argument("--reliability", action="store_true", help="print the reliability diagrams")
    parser.add_argument("--plot", type=Path, help="draw the reliability diagrams into a file (.png, .svg, .pdf)")
    parser.add_argument("--workers", type=int, help="only compare the speed of so many workers with that of one")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not find_pairs(given.folder):
        parser.error(f"no recording with a .lab beside it in {given.folder}")
    return given


def choose_names(given: argparse.Namespace) -> list[str]:
    """Engines asked for; every one that is present without."""
    from musictrend.extraction.engines import list_engines

    names = [name for name, engine in list_engines().items() if engine.present()]
    return given.engines or names + [shipped for shipped in SHIPPED if "madmom" in names and not given.workers]


def main() -> None:
    given = parse_words()
    pairs = find_pairs(given.folder)
    files = [audio for audio, _ in pairs]
    even = files[: max(len(files) // 2 * 2, 1)]
    if given.worker:
        if given.workers:
            answer: Any = run_workers(given.worker, even, given.workers)
        else:
            answer = run_engine(given.worker, files, not given.no_beats)
        given.out.write_text(json.dumps(answer))
        return
    synthetic = (given.folder / "meta.json").is_file()
    label = " SYNTHETIC AUDIO." if synthetic else ""
    names = choose_names(given)
    if given.workers:
        print(f"{len(even)} recordings.{label} Seconds of audio a second on the wall, beats found, start-up left out.")
        for name in names:
            one, many = (
                in_fresh_process(given.folder, "--worker", name, "--workers", str(n)) for n in (1, given.workers)
            )
            print(
                f"{name}: one worker {one:.1f}, {given.workers} workers {many:.1f}: {many / one:.2f} times", flush=True
            )
        return
    print_table(given, names, pairs, label)


def print_table(given: argparse.Namespace, names: list[str], pairs: list[tuple[Path, Path]], label: str) -> None:
    """The table, what equals madmom as shipped, and the reliability diagrams."""
    from musictrend.extraction import extract
    from musictrend.extraction.engines import list_engines
    from musictrend.harmony import ChordTable
    from musictrend.validation.evaluation import compare_chords

    files, engines = [audio for audio, _ in pairs], list_engines()
    references = [extract(lab) for _, lab in pairs]
    table = ChordTable.from_sequences(references)
    minutes = sum(r.offsets[-1] for r in references) / 60
    print(f"{len(pairs)} recordings, {minutes:.1f} min.{label} One core, processor time.")
    head = ["engine", *(f"{s} %" for s in SCORES), "x real time", "with beats", "start-up s", "MB", "AUROC", "ECE"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    heard: dict[str, dict[str, Any]] = {}
    diagrams: dict[str, list[tuple[float, float, float]]] = {}
    for name in names:
        words = ["--worker", name] + ["--no-beats"] * given.no_beats
        found = heard[name] = in_fresh_process(given.folder, *words)
        total, per_track, _ = compare_chords(table, as_table(found["rows"], files))
        cells = []
        for score in SCORES:
            low, high = bootstrap(per_track, score)
            cells.append(f"{100 * total[score]:.1f} ({100 * low:.0f} to {100 * high:.0f})")
        sure = ["", ""]
        if name in engines:
            segments = judge_segments(found["rows"], references, engines[name].carries)
            diagrams[name] = reliability(segments)
            ece = sum(share * abs(said - true) for said, true, share in diagrams[name])
            sure = [f"{auroc(segments[:, 0], segments[:, 1] > 0.5):.3f}", f"{ece:.3f}"]
        beats = f"{found['speed_with_beats']:.1f}" if "speed_with_beats" in found else ""
        cells += [f"{found['speed']:.1f}", beats, f"{found['start_up']:.1f}", f"{found['memory']:.0f}", *sure]
        print(f"| {' | '.join([name, *cells])} |", flush=True)
    for name in SHIPPED:
        ours = name.removesuffix(" as shipped")
        if name in heard and ours in heard:
            lines = compare_with_shipped(heard[ours]["rows"], heard[name]["rows"], files)
            print(f"{ours}: equal to madmom's own output, label by label and frame by frame, in "
                  f"{len(files) - len(lines)} of {len(files)} recordings", *lines, sep="\n")  # fmt: skip
    if given.reliability:
        for name, bins in diagrams.items():
            for said, true, share in bins:
                print(f"{name}: says {said:.2f}, right {true:.2f} of the time ({100 * share:.0f}% of all time)")
    if given.plot:
        draw_diagrams(diagrams, given.plot, bool(label))
        print(f"reliability drawn in {given.plot}")


def draw_diagrams(diagrams: dict[str, list[tuple[float, float, float]]], path: Path, synthetic: bool) -> None:
    """Draw the reliability diagram of each engine."""
    import pandas as pd

    from musictrend.report import plot_reliability, save_figure

    rows = [(name, *point) for name, bins in diagrams.items() for point in bins]
    table = pd.DataFrame(rows, columns=["group", "confidence", "right", "share"])
    save_figure(plot_reliability(table, title="What audio engines' confidences are worth", synthetic=synthetic), path)


def _spelt(labels: list[str]) -> list[str]:
    """Labels spelt as the house spells roots."""
    from musictrend.harmony import Chord

    return [Chord(label).transpose(0).label for label in labels]


if __name__ == "__main__":
    main()
