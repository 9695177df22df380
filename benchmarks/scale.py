"""How far do parsing and scoring go? A table in Chordonomicon's shape, and what each step takes of time and memory.

    python benchmarks/scale.py [--songs 680000] [--growth] [--stages read,tokenize,core,...] [--folder DIR]

The table is made here (Chordonomicon itself is not in the repository): its columns, section marks and quoting;
a Zipf vocabulary of the symbols its dialect reads; songs of repeated sections and loops in a key. Every stage
is a process of its own: CPU seconds (user and system, imports counted) and peak memory are that process'.
Kernels are compiled before, and what compiling takes is printed apart. ``--growth`` does the main stages at half
and at three times the number of songs too, which are the same rows over again.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = 2000  # songs that slow ways are timed on
SYMBOL_ZIPF = 1.35


# The table
# ----------------------------------------------------------------------------------------------------


def list_symbols() -> list[str]:
    """Symbols of the dialect, the commonest first: plain triads on white keys, then richer chords and slashes."""
    from musictrend.harmony import read_symbol
    from musictrend.harmony.dialects.chordonomicon import ROOTS

    roots = ["G", "C", "D", "A", "F", "E", "B", "Bb", "Fs", "Eb", "Cs", "Ab", "Gs", "Ds", "As", "Db", "Gb"]
    roots += [root for root in ROOTS if root not in roots]
    qualities = ["", "min", "7", "min7", "maj7", "sus4", "sus2", "no3d", "9", "min9", "dim", "add9", "7sus4", "aug", "maj9",
                 "dim7", "min11", "6", "13", "11", "7b9", "minadd9", "maj7sus2", "7s9", "min13", "maj13", "b7", "add11", "dimb7",
                 "augmaj7", "7sus2", "maj11", "min9b", "13b9", "9b", "min7b9"]  # fmt: skip
    ranked = [(i + 1) * (j + 1) ** 1.6 for i in range(len(roots)) for j in range(len(qualities))]
    names = [root + quality for root in roots for quality in qualities]
    slash = [(3.0 * (i + 2) * (j + 1) ** 2 * (k + 1), f"{root}{quality}/{low}")
             for i, root in enumerate(roots) for j, quality in enumerate(qualities[:5]) for k, low in enumerate(roots[:12])
             if low != root]  # fmt: skip
    both = sorted([*zip(ranked, names, strict=True), *slash])
    return [name for _, name in both if not read_symbol(name, "chordonomicon")[1]]


def make_table(path: Path, n_songs: int, seed: int = 0) -> dict[str, int]:
    """Write the table; returns what is in it."""
    import numpy as np

    from musictrend.harmony import read_symbol

    symbols = list_symbols()
    root = np.array([read_symbol(s, "chordonomicon")[0].root for s in symbols])
    weight = 1 / np.arange(1, len(symbols) + 1) ** SYMBOL_ZIPF
    scale = {0, 2, 4, 5, 7, 9, 11}
    home = np.array([[1.0 if (r - tonic) % 12 in scale else 0.04 for r in root] for tonic in range(12)])
    fifth = np.array([[1.0, 0.1, 0.5, 0.3, 0.5, 0.9, 0.1, 0.9, 0.3, 0.6, 0.3, 0.1][d] for d in range(12)])
    heard = np.cumsum(home * weight * fifth[(root - np.arange(12)[:, None]) % 12], axis=1)
    heard /= heard[:, -1:]
    genres = ["pop", "rock", "country", "alternative", "pop rock", "punk", "metal", "rap", "soul", "jazz", "reggae",
              "electronic"]  # fmt: skip
    texts = np.array(symbols)
    chance = np.random.default_rng(seed)
    n_tokens = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "id,chords,release_date,genres,decade,rock_genre,artist_id,main_genre,spotify_song_id,spotify_artist_id\n"
        )
        for first in range(0, n_songs, 10_000):
            n = min(10_000, n_songs - first)
            tonic = chance.choice(12, n, p=np.array([16, 3, 13, 4, 9, 8, 3, 17, 4, 11, 6, 6]) / 100)
            size = chance.choice([2, 3, 4, 4, 4, 4, 5, 6, 8, 8, 12], (n, 3))
            draws = chance.random((n, 3, 12))
            pool = np.empty((n, 3, 12), dtype=np.int64)
            for key in range(12):
                pool[tonic == key] = np.searchsorted(heard[key], draws[tonic == key])
            words = texts[np.minimum(pool, len(symbols) - 1)]
            numbers = chance.integers(0, 1 << 30, (n, 8)).tolist()
            slip = chance.random((n, 4)).tolist()
            sizes = size.tolist()
            for i, song in enumerate(words.tolist()):
                a, b, c, d, e, f, g, h = numbers[i]
                loops = [song[k][: sizes[i][k]] for k in range(3)]
                parts = []
                form = ["intro_1"] if a % 3 else []
                form += ["verse_1", "chorus_1", "verse_2", "chorus_2"][: 2 + b % 3]
                form += ["bridge_1", "chorus_3"][: b % 5] if a % 2 else []
                form += ["outro_1"] if b % 7 == 0 else []
                for number, name in enumerate(form):
                    loop = loops[1 if name[0] == "c" else 2 if name[0] == "b" else 0]
                    times = (2 if len(loop) > 4 else 3) + (c >> number & 1)
                    played = loop * times
                    if d >> number & 3 == 0:  # the last time round ends elsewhere
                        played[-1] = loops[2][0]
                    parts.append(f"<{name}> {' '.join(played)}")
                    n_tokens += len(played)
                chords = " ".join(parts)
                if slip[i][0] < 0.0005:
                    chords += " NC?" if c & 1 else " Xmin"
                    n_tokens += 1
                year = 1955 + (e % 69)
                known = f"{year}-{1 + f % 12:02}-{1 + g % 28:02}" if slip[i][1] < 0.6 else ""
                genre = genres[min(h % 23, h % 17, 11)] if slip[i][2] < 0.5 else ""
                several = f"'{genre}' 'classic {genre}'" if genre and slip[i][3] > 0.005 else ""
                if slip[i][3] <= 0.005:
                    several = '"\'soul\', ""rock \'n\' roll"""'
                row = first + i + 1
                file.write(
                    f"{row},{chords},{known},{several},{f'{year // 10 * 10}.0' if known else ''},,artist_{f % 90_000},{genre},"
                    f"{a:010x}{b:012x},{c:010x}{d:012x}\n"
                )
    return {"songs": n_songs, "tokens": n_tokens, "bytes": path.stat().st_size, "symbols": len(symbols)}


# The stages, each run in a process of its own
# ----------------------------------------------------------------------------------------------------


def do_imports(path: Path) -> dict:
    """What a Python with our numeric libraries takes before it does anything."""
    import musictrend.complexity  # noqa: F401
    from musictrend.extraction import token_kernels  # noqa: F401

    return {"songs": 0}


def do_read(path: Path) -> dict:
    """Merely reading the file, in blocks."""
    total = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 22):
            total += len(block)
    return {"bytes": total}


def do_tokenize(path: Path) -> dict:
    """CSV to `ChordTable`."""
    from musictrend.extraction.tokens import tokenize_table

    found = tokenize_table(path)
    return {"songs": found.chords.n_tracks, "tokens": found.chords.n_chords, "failed": len(found.failures)}


def do_core(path: Path, jobs: int = 1, keys: bool = False, write: bool = False, measures: str = "core",
            vocabularies: tuple[str, ...] = ("sevenths",), executor: str = "local") -> dict:  # fmt: skip
    """CSV to scores in memory; with Parquet written too where asked."""
    from musictrend.complexity import score_table
    from musictrend.extraction.tokens import tokenize_table

    clock = time.process_time
    began = clock()
    chords = tokenize_table(path).chords
    tokenized = clock() - began
    if keys:
        from musictrend.extraction.keys import fill_keys

        chords, _ = fill_keys(chords)
    began = clock()
    scores = score_table(chords, measures, vocabularies, jobs=jobs)
    scored = clock() - began
    import numpy as np

    there = [name for (name, _), value in scores.values.items() if np.isfinite(value).any()]
    told = {"songs": chords.n_tracks, "tokens": chords.n_chords, "tokenize_s": round(tokenized, 2), "score_s": round(scored, 2),
            "measures": len(there), "names": sorted(set(there))}  # fmt: skip
    if write:
        began = clock()
        target = path.with_suffix(".scores.parquet")
        scores.write(target)
        told |= {"parquet_s": round(clock() - began, 2), "parquet_bytes": target.stat().st_size}
        target.unlink()
    return told


def _sample_rows(path: Path) -> list[str]:
    """The chords of the first songs, as text."""
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [row[1] for _, row in zip(range(SAMPLE), rows, strict=False)]


def do_naive(path: Path) -> dict:
    """The same parsing and seven measures in plain Python, on a sample."""
    import math
    from collections import Counter

    from musictrend.harmony import read_symbol
    from musictrend.harmony.reduction import reduce_bitmap

    began = time.process_time()
    known: dict[str, tuple] = {}
    for text in _sample_rows(path):
        events: list[tuple] = []
        before = None
        for word in text.split():
            if word.startswith("<"):
                continue
            if word not in known:
                chord = read_symbol(word, "chordonomicon")[0]
                known[word] = (int(reduce_bitmap(chord.bitmap, "sevenths")), chord.root)
            event = known[word]
            if event[0] and event != before:
                events.append(event)
            before = event
        if not events:
            continue
        n = len(events)
        counts = Counter(events)
        _ = -sum(c / n * math.log2(c / n) for c in counts.values())
        _ = sum(bits.bit_count() for bits, _ in events) / n
        _ = sum(bits.bit_count() >= 4 for bits, _ in events) / n
        _ = sum(bits & 0b10000010001 == 0b10000010001 for bits, _ in events) / n
        _ = len(counts)
        steps = Counter(zip(events, events[1:], strict=False))
        _ = sum(steps.values())
        _ = 1 / sum((c / n) ** 2 for c in counts.values())
    return {"sample": SAMPLE, "sample_s": time.process_time() - began}


def do_polars(path: Path) -> dict:
    """Polars: read, split, drop marks and repeats, count types: entropy and number of symbols as written."""
    import polars as pl

    songs = pl.scan_csv(path).select("id", pl.col("chords").str.split(" ")).explode("chords")
    songs = songs.filter(~pl.col("chords").str.starts_with("<"))
    counts = songs.group_by("id", "chords").len()
    share = pl.col("len") / pl.col("len").sum()
    found = counts.group_by("id").agg((-(share * share.log(2)).sum()).alias("entropy"), pl.len().alias("types"))
    return {"songs": found.collect(engine="streaming").height}


def do_duckdb(path: Path) -> dict:
    """DuckDB: the same, in SQL."""
    import duckdb

    base = duckdb.connect()
    base.execute("SET threads=1")
    rows = base.execute(
        f"""WITH words AS (SELECT id, unnest(string_split(chords, ' ')) AS word FROM read_csv('{path}', header=true)),
        counts AS (SELECT id, word, count(*) AS n FROM words WHERE word NOT LIKE '<%' GROUP BY id, word),
        totals AS (SELECT id, sum(n) AS total, count(*) AS types FROM counts GROUP BY id)
        SELECT count(*) FROM (SELECT id, -sum(n / total * log2(n / total)) AS entropy, any_value(types)
        FROM counts JOIN totals USING (id) GROUP BY id)"""
    ).fetchone()
    return {"songs": rows[0]}


def do_dask(path: Path) -> dict:
    """Two Dask workers on this machine and two threads here give the same scores, bit for bit."""
    import numpy as np

    from musictrend.complexity import score_table
    from musictrend.extraction.tokens import tokenize_table

    chords = tokenize_table(path).chords
    here = score_table(chords, "core", ["sevenths"], jobs=2)
    there = score_table(chords, "core", ["sevenths"], jobs=2, executor="dask")
    same = all(np.array_equal(here.values[key], there.values[key], equal_nan=True) for key in here.values)
    return {"songs": chords.n_tracks, "equal": same and here.values.keys() == there.values.keys()}


STAGES = {
    "imports": (do_imports, {}, "imports alone"),
    "read": (do_read, {}, "merely reading the file"),
    "tokenize": (do_tokenize, {}, "CSV to ChordTable"),
    "core": (do_core, {}, "CSV to core scores"),
    "core2": (do_core, {"jobs": 2}, "the same, 2 threads"),
    "core+keys": (do_core, {"keys": True}, "with keys estimated"),
    "core+parquet": (do_core, {"write": True}, "with Parquet written"),
    "everything": (do_core, {"jobs": 2, "keys": True, "measures": "all", "write": True}, "all measures, PPM too"),
    "naive": (do_naive, {}, "plain Python, 7 measures"),
    "polars": (do_polars, {}, "polars, 2 measures"),
    "duckdb": (do_duckdb, {}, "duckdb, 2 measures"),
    "dask": (do_dask, {}, "2 Dask workers"),
}
ALWAYS = ("imports", "read", "tokenize", "core", "core2", "core+keys", "core+parquet", "everything", "naive", "polars",
          "duckdb", "dask")  # fmt: skip


def repeat_rows(source: Path, target: Path, n_songs: int) -> None:
    """A table of so many rows, those of another one over and over."""
    left = n_songs
    with target.open("wb") as out:
        with source.open("rb") as rows:
            out.write(next(rows))
        while left > 0:
            with source.open("rb") as rows:
                next(rows)
                for row in rows:
                    out.write(row)
                    left -= 1
                    if left == 0:
                        break


def make_apart(path: Path, n_songs: int) -> dict[str, int]:
    """`make_table` in a process of its own."""
    command = [sys.executable, __file__, "--make", str(n_songs), "--file", str(path)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def run_stage(name: str, path: Path, **variables: str) -> dict:
    """Run a stage in a fresh process; its figures, with CPU seconds and peak memory."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", **variables}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, __file__, "--stage", name, "--file", str(path)], stdout=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    out = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    figures = (
        json.loads(out.splitlines()[-1]) if process.returncode == 0 and out.strip() else {"failed": process.returncode}
    )
    figures["wall_s"] = time.perf_counter() - began
    figures["cpu_s"] = usage.ru_utime + usage.ru_stime
    figures["peak_mb"] = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return figures


def show(name: str, told: dict, n_songs: int) -> None:
    """One line for a stage."""
    cpu = told["cpu_s"]
    note = ""
    if name in ("naive",) and "sample_s" in told:
        whole = told["sample_s"] / told["sample"] * n_songs
        note = f"{told['sample']} songs in {told['sample_s']:.2f} s: {whole:,.0f} s for all of them (extrapolated)"
    elif told.get("failed") and "songs" not in told:
        note = f"failed with exit code {told['failed']}"
    else:
        parts = []
        if told.get("songs"):
            parts.append(f"{told['songs'] / cpu:,.0f} songs/CPU s")
        if told.get("tokens"):
            parts.append(f"{told['tokens'] / 1e6:,.1f} M tokens")
        for key in ("tokenize_s", "score_s", "parquet_s"):
            if key in told:
                parts.append(f"{key.removesuffix('_s')} {told[key]:.2f} CPU s")
        if "parquet_bytes" in told:
            parts.append(f"{told['parquet_bytes'] / 1e6:,.0f} MB")
        if "measures" in told:
            parts.append(f"{told['measures']} measures with values")
        if "equal" in told:
            parts.append("equal" if told["equal"] else "NOT EQUAL")
        note = ", ".join(parts)
    print(
        f"{name:13} {STAGES[name][2]:26} {cpu:8.2f} CPU s {told['wall_s']:8.2f} s {told['peak_mb']:7,.0f} MB  {note}",
        flush=True,
    )


def cold_compile(folder: Path) -> None:
    """What compiling every kernel takes, in a cache of its own."""
    small = folder / "small.csv"
    make_apart(small, 50)
    cache = tempfile.mkdtemp(dir=folder)
    for words in ("cold", "warm"):
        for stage in ("core", "everything"):
            told = run_stage(stage, small, MUSICTREND_CACHE=cache)
            print(f"{words} start, {stage:10} on 50 songs {told['cpu_s']:8.2f} CPU s {told['wall_s']:8.2f} s"
                  f"{' FAILED' if 'songs' not in told else ''}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--songs", type=int, default=680_000)
    parser.add_argument("--stages", default=",".join(ALWAYS), help="some of: " + ", ".join(ALWAYS))
    parser.add_argument("--growth", action="store_true", help="tokenize and core at other sizes too")
    parser.add_argument("--folder", type=Path, help="where the table is made and kept; a temporary folder when absent")
    parser.add_argument("--no-compile", action="store_true", help="do not time compiling")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        print(json.dumps(make_table(options.file, options.make)))
        return
    if options.stage:
        function, arguments, _ = STAGES[options.stage]
        print(json.dumps(function(options.file, **arguments)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not options.no_compile:
            cold_compile(folder)
        base = folder / f"songs_{options.songs}.csv"
        sizes = [options.songs] + ([options.songs // 2, 3 * options.songs] if options.growth else [])
        for n_songs in sizes:
            path = folder / f"songs_{n_songs}.csv"
            began = time.perf_counter()
            if n_songs != options.songs:
                print(f"\n{n_songs:,} songs, the same rows taken {n_songs / options.songs:g} times")
                repeat_rows(base, path, n_songs)
            elif not path.is_file():
                # In another process: what this one holds would count in the memory of those that it starts.
                made = make_apart(path, n_songs)
                print(f"\nmade {made['songs']:,} songs, {made['tokens']:,} chord tokens of {made['symbols']:,} symbols, "
                      f"{made['bytes'] / 1e6:,.0f} MB in {time.perf_counter() - began:.0f} s")  # fmt: skip
            chosen = options.stages.split(",") if n_songs == options.songs else ["read", "tokenize", "core"]
            for name in chosen:
                if name in ("polars", "duckdb", "dask"):
                    package = "distributed" if name == "dask" else name
                    if importlib.util.find_spec(package) is None:
                        print(f"{name:13} skipped: {package} is not installed")
                        continue
                show(name, run_stage(name, path), n_songs)
            if n_songs != options.songs:
                path.unlink()


if __name__ == "__main__":
    main()
