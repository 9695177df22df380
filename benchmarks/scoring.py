"""How fast are the measures? Tracks a second, for each measure and vocabulary, on songs of 60 chords.

    python benchmarks/scoring.py [--tracks 12000] [--chords 60] [--jobs 1] [--cold]

The songs are made here: short loops of common chords, varied now and then, so that vocabulary and repetition
are realistic. ``--cold`` uses a fresh cache and prints what compiling the kernels takes.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time

import numpy as np

ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES = (
    "maj", "min", "7", "maj7", "min7", "9", "sus4", "hdim7", "dim7", "maj6", "13",
    "min9", "aug", "7(b9)", "min6", "5"
)  # fmt: skip
SHARES = np.array([40, 22, 12, 5, 7, 2, 2, 1.5, 1, 1.5, 1, 1, 0.7, 1, 0.7, 1.6])


def make_table(n_tracks: int, n_chords: int, seed: int = 0):
    """Songs that repeat loops of 3 to 9 chords and change about one chord in eight."""
    from musictrend.harmony import Chord, ChordTable, LabelTable

    generator = np.random.default_rng(seed)
    labels = [Chord(f"{root}:{quality}") for root in ROOTS for quality in QUALITIES]
    labels += [Chord(f"{root}:maj/3") for root in ROOTS]
    table = LabelTable.from_chords(labels)
    share = np.concatenate([np.tile(SHARES, 12), np.full(12, 1.5)])
    pool = generator.choice(len(labels), p=share / share.sum(), size=(n_tracks, 9)).astype(np.int32)
    length = generator.integers(3, 10, n_tracks)
    place = np.arange(n_chords) % length[:, None]
    label = np.take_along_axis(pool, place, axis=1)
    changed = generator.random(label.shape) < 0.125
    label[changed] = generator.choice(len(labels), p=share / share.sum(), size=changed.sum())
    m = n_tracks * n_chords
    return ChordTable(
        track_ids=tuple(f"t{i:07}" for i in range(n_tracks)),
        offsets=np.arange(n_tracks + 1, dtype=np.int64) * n_chords,
        labels=table,
        label=label.ravel(),
        onset=np.tile(np.arange(n_chords) * 2.0, n_tracks),
        duration=np.full(m, 2.0),
        bars=np.ones(m, dtype=np.float32),
        key_tonic=np.repeat(table.root[pool[:, 0]], n_chords),
        key_mode=np.zeros(m, dtype=np.int8),
        confidence=np.full(m, np.nan, dtype=np.float32),
        units=("seconds",) * n_tracks,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tracks", type=int, default=12_000)
    parser.add_argument("--chords", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="compile the kernels anew")
    options = parser.parse_args()
    if options.cold:
        os.environ["MUSICTREND_CACHE"] = tempfile.mkdtemp()

    clock = time.perf_counter
    began = clock()
    from musictrend.complexity import score_table, select_measures

    print(f"import               {clock() - began:8.2f} s")
    small = make_table(50, options.chords)
    began = clock()
    score_table(small, "all")
    print(f"first call, {'cold' if options.cold else 'warm'}     {clock() - began:8.2f} s")

    table = make_table(options.tracks, options.chords)
    print(f"\n{options.tracks} tracks x {options.chords} chords, {options.jobs} thread(s)")
    vocabularies = ("majmin", "sevenths", "full")
    for names in ("core", "all"):
        began, cpu = clock(), time.process_time()
        scores = score_table(table, names, vocabularies, jobs=options.jobs)
        wall = clock() - began
        print(f"{names:20} {wall:8.2f} s  {time.process_time() - cpu:6.2f} CPU s  x 3 vocabularies", end="")
        print(f"  {options.tracks / wall:10,.0f} tracks/s")
    began = clock()
    rows = len(scores.to_frame())
    print(f"tidy table           {clock() - began:8.2f} s  {rows:,} rows")

    one = table.select([0])
    began = clock()
    for _ in range(20):
        score_table(one, "all", vocabularies)
    print(f"one song, all        {(clock() - began) / 20 * 1000:8.1f} ms")

    print("\nmeasure                  s at sevenths (full where that is coarsest)   tracks/s")
    for measure in select_measures("all"):
        vocabulary = "full" if measure.coarsest == "full" else "sevenths"
        began = clock()
        score_table(table, [measure.name], [vocabulary])
        wall = clock() - began
        print(f"{measure.name:24} {wall:8.3f}  {options.tracks / wall:12,.0f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\npeak memory {peak / (2**20 if sys.platform == 'darwin' else 2**10):,.0f} MB")


if __name__ == "__main__":
    main()
