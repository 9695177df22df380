"""A corpus' chords into a folder: ``chords.parquet``, ``tracks.parquet``, ``problems.csv``, and nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from musictrend.run import analysis
from musictrend.run.options import Options

__all__ = ["extract_to_folder"]


def extract_to_folder(
    source: str,
    out: Path,
    *,
    notes_or_symbols: str = "auto",
    engine: str = "auto",
    commercial: bool = False,
    force: bool = False,
    seed: int = 0,
    jobs: int = 1,
    executor: str = "local",
    quiet: bool = True,
) -> dict[str, Any]:
    """Do the first two stages of a run; `analyze` on the same folder goes on from there.

    Nothing in them is random: ``seed`` is noted in ``run.json`` for those that follow.

    Returns
    -------
    counts : dict
        n_tracks, n_failed, n_chords.
    """
    options = Options(
        source=notes_or_symbols,
        engine=engine,
        commercial=commercial,
        seed=seed,
        jobs=jobs,
        executor=executor,
        quiet=quiet,
    )
    run = analysis.start_run([source], out, options, force=force, stages=("tracks", "chords"))
    tracks = run.read("tracks")
    return {
        "run": str(run.folder),
        "n_tracks": len(tracks),
        "n_failed": int((tracks["status"] == "failed").sum()),
        "n_chords": int(tracks["n_chords"].sum()),
    }
