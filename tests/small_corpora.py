"""Small corpora for tests: written by a seeded recipe, in well under a second."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from musictrend.run import Options

REPOSITORY = Path(__file__).resolve().parents[1]
PLANTED = REPOSITORY / "corpora" / "planted"
ROOTS = ("C", "D", "E", "F", "G", "A", "B")
COLUMNS = ("track_id", "path", "title", "artist", "year", "genre", "key", "chords")
SETTINGS = """\
name = "{name}"
year_kind = "release"
transcription = "full transcription"
tracks = "tracks.csv"

[segments]
pop = ["pop"]
niche = ["jazz", "folk"]
"""


def make_rows(n: int = 72, *, seed: int = 0, first: int = 1960, last: int = 2019, events: int = 40) -> list[dict]:
    """Rows of a manifest with chords in them: three genres, artists with several songs, years spread evenly."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        genre = ("pop", "jazz", "folk")[i % 3]
        year = first + (last - first) * i // max(n - 1, 1)
        sevenths = {"pop": 0.3 - 0.04 * (year - first) / 10, "jazz": 0.6, "folk": 0.1}[genre]
        roots, before = [], -1
        for _ in range(events):
            before = int(rng.choice([r for r in range(7) if r != before]))
            roots.append(before)
        kinds = np.where(
            rng.random(events) < sevenths, rng.choice(["7", "min7", "maj7"], events), rng.choice(["maj", "min"], events)
        )
        rows.append({
            "track_id": f"{genre}-{i:03d}", "path": "", "title": f"Song {i}", "artist": f"{genre} artist {i // 3 % 12}",
            "year": str(year), "genre": genre, "key": "C:major",
            "chords": " ".join(f"{ROOTS[r]}:{k}" for r, k in zip(roots, kinds, strict=True)),
        })  # fmt: skip
    return rows


def write_corpus(folder: Path, rows: list[dict] | None = None, settings: str = SETTINGS, name: str = "small") -> Path:
    """A corpus folder of these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.toml").write_text(settings.format(name=name), encoding="utf-8")
    rows = make_rows() if rows is None else rows
    columns = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
    with open(folder / "tracks.csv", "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: row.get(name, "") for name in columns} for row in rows)
    return folder


SCENARIO = """\
description = "A world small enough for a test."
steps = 5
human_works = 60
generator_share = 0.3
data_mode = "replace"
"""


def write_scenario(folder: Path) -> Path:
    """A scenario that runs in a moment."""
    path = folder / "tiny.toml"
    path.write_text(SCENARIO)
    return path


# A run of few measures and small worlds.
FEW = Options(
    n_seeds=2, scenarios=(str(write_scenario(Path(tempfile.mkdtemp()))),), vocabularies=("sevenths",),
    measures=("types_rarefied", "type_entropy", "dominant_seventh_share", "surprisal"),
)  # fmt: skip


@contextmanager
def small_worlds() -> Iterator[None]:
    """Fewer and smaller worlds behind the hindcast and the simulated claims, so that a whole run takes seconds.

    Nothing else is changed: the stages, their files and their order are the real ones.
    """
    from musictrend import feedback
    from musictrend.feedback import verdicts

    load, past = verdicts.load_simulated_claims, feedback.forecast_past
    whole = load()
    one = {name: values[:1] for name, values in whole.box.items()}
    small = replace(whole, claims=whole.claims[:1], box=one, world=whole.world | {"steps": 4, "human_works": 60})
    verdicts.load_simulated_claims = lambda: small
    feedback.forecast_past = lambda *a, **k: past(*a, **k | {"seeds": range(2), "human_works": 30})
    try:
        yield
    finally:
        verdicts.load_simulated_claims, feedback.forecast_past = load, past


QUICK = """
from small_corpora import small_worlds
from musictrend.cli import main
with small_worlds():
    main()
"""
PATHS = os.pathsep.join((str(REPOSITORY), str(REPOSITORY / "tests")))


def start_command(*arguments: str | Path, quick: bool = True, **options) -> subprocess.Popen:
    """Start ``musictrend`` in a process group of its own; quick with small worlds."""
    call = ["-c", QUICK if quick else "from musictrend.cli import main; main()"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
    environment = os.environ | {"PYTHONPATH": PATHS, "COLUMNS": "200"} | options.pop("env", {})
    return subprocess.Popen(
        [sys.executable, *call, *map(str, arguments)], env=environment, start_new_session=True, **options
    )


def run_command(
    *arguments: str | Path, quick: bool = True, timeout: float = 120, **options
) -> subprocess.CompletedProcess:
    """Run ``musictrend`` to its end; what it said is text."""
    process = start_command(*arguments, quick=quick, **options)
    out, err = process.communicate(timeout=timeout)
    decode = lambda data: (data or b"").decode("utf-8", "replace")  # noqa: E731
    return subprocess.CompletedProcess(arguments, process.returncode, decode(out), decode(err))
