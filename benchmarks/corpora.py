"""Analyse every public corpus of a folder alone, and all of them together; print what was read and what it took.

    python benchmarks/corpora.py FOLDER [--only NAME ...] [--seeds 4] [--jobs 2] [--keep DIR]

FOLDER holds the unpacked datasets, each recognised by its layout. Each run is a process of its own, from labels to
page; memory is the peak of its largest process.
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

from musictrend.corpus.readers import recognise_folder


def analyse(folders: list[Path], out: Path, seeds: int, jobs: int) -> dict[str, object]:
    """Run ``musictrend analyze`` and measure it as a process."""
    command = [sys.executable, "-m", "musictrend", "analyze", *map(str, folders), "-o", str(out), "--force",
               "--seeds", str(seeds), "--jobs", str(jobs), "--quiet", "--json"]  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, errors = process.communicate()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    row: dict[str, object] = {
        "exit": process.returncode,
        "seconds": time.monotonic() - began,
        "peak_mb": used.ru_maxrss / 1024,
    }
    if (out / "chords.parquet").is_file():
        row |= describe_run(out)
    elif errors:
        row["error"] = errors.decode(errors="replace").strip().splitlines()[-1]
    return row


def describe_run(out: Path) -> dict[str, object]:
    """Tracks by status, chords, and how many of them could not be read."""
    import pandas as pd

    tracks = pd.read_parquet(out / "tracks.parquet")
    status = tracks["status"].value_counts()
    reasons = tracks.loc[tracks["status"] == "failed", "reason"].value_counts().head(3)
    claims = json.loads((out / "claims.json").read_text()) if (out / "claims.json").is_file() else []
    return {
        "tracks": int(status.get("ok", 0) + status.get("failed", 0)),
        "read": int(status.get("ok", 0)),
        "excluded": int(status.get("excluded", 0)),
        "chords": int(tracks["n_chords"].sum()),
        "unread": int(tracks["n_unread"].sum()),
        "tested": sum(claim["verdict"] != "not_testable" for claim in claims),
        "why": "; ".join(f"{reason} ({count})" for reason, count in reasons.items()),
    }


def main() -> None:
    """Print a row a corpus, then one for all together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="names of folders; all without")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="keep the runs here")
    parser.add_argument("--together", action="store_true", help="only all together")
    given = parser.parse_args()
    folders = [p for p in sorted(given.folder.iterdir()) if p.is_dir() and recognise_folder(p) is not None]
    folders = [p for p in folders if not given.only or p.name in given.only]
    keep = given.keep or Path(tempfile.mkdtemp())
    jobs = [([p], p.name) for p in folders] if not given.together else []
    if len(folders) > 1 and not given.only:
        jobs.append((folders, "all_together"))
    print(
        f"{'corpus':24}{'exit':>5}{'tracks':>8}{'read':>8}{'%':>8}{'chords':>9}{'X':>6}{'claims':>7}{'s':>8}{'MB':>7}"
    )
    for chosen, name in jobs:
        if os.fork() == 0:  # a process of its own for each, so that the peak is that run's
            row = analyse(chosen, keep / name, given.seeds, given.jobs)
            n, read = int(row.get("tracks", 0)), int(row.get("read", 0))  # type: ignore[call-overload]
            print(
                f"{name:24}{row['exit']:>5}{n:>8,}{read:>8,}{100 * read / max(n, 1):>8.2f}{row.get('chords', 0):>9,}"
                f"{row.get('unread', 0):>6}{row.get('tested', 0):>7}{row['seconds']:>8.1f}{row['peak_mb']:>7.0f}  "
                f"{row.get('why') or row.get('error', '')}",
                flush=True,
            )
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main()
