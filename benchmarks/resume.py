"""Kill a run at random moments with SIGKILL, run the same command again, and compare with a run left alone.

    python benchmarks/resume.py                                   the planted corpus, 3 kills
    python benchmarks/resume.py CORPUS... --kills 5 --seed 1      others; what follows -- goes to musictrend analyze

Moments are drawn uniformly from the time the undisturbed run took; the whole
process group dies, workers too. Every file must come out byte for byte the
same, ``run.json`` apart from its timings.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def start(corpora: list[str], out: Path, extra: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-c", "from musictrend.cli import main; main()", "analyze", *corpora, "-o", str(out),
               "--quiet", "--allow-failures", *extra]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)


def stages_done(out: Path) -> list[str]:
    try:
        return list(json.loads((out / "run.json").read_text())["stages"])
    except (OSError, ValueError):
        return []


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run; of its record all but timings, of its log nothing."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    found.pop("log.txt")
    record = json.loads(found["run.json"])
    record.pop("timings")
    for stamp in record["stages"].values():
        stamp.pop("seconds")
    found["run.json"] = json.dumps(record, sort_keys=True).encode()
    return found


def main() -> int:
    own, _, extra = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="*", default=["planted"])
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args(own.split())
    chance = random.Random(chosen.seed)
    folder = Path(tempfile.mkdtemp(prefix="musictrend-resume-"))
    out, reference = folder / "run", folder / "undisturbed"
    began = time.monotonic()
    if start(chosen.corpora, out, extra.split()).wait():
        return 1
    seconds = time.monotonic() - began
    out.rename(reference)
    print(f"seed {chosen.seed}; undisturbed: {seconds:.1f} s, stages {', '.join(stages_done(reference))}")
    for number in range(1, chosen.kills + 1):
        moment = chance.uniform(0.02, 0.98) * seconds
        process = start(chosen.corpora, out, extra.split())
        try:
            process.wait(timeout=moment)
            print(f"kill {number}: too late, it was done within {moment:.1f} s")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            print(f"kill {number}: after {moment:.1f} s, stages done: {', '.join(stages_done(out)) or 'none'}")
        began = time.monotonic()
        code = start(chosen.corpora, out, extra.split()).wait()
        mine, theirs = contents(out), contents(reference)
        differ = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        print(f"  run again: exit {code} after {time.monotonic() - began:.1f} s; {len(theirs)} files, "
              f"{'all equal byte for byte' if not differ else 'DIFFERENT: ' + ', '.join(differ)}")  # fmt: skip
        if code or differ:
            return 1
        shutil.rmtree(out)
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
