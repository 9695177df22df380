"""Compiled kernels are kept between processes, and an edited one is never mistaken for the old."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import musictrend

PROGRAM = """
import numpy as np
from musictrend.complexity.kernels import measure_runs, rank_types
out = np.empty(1)
rank = np.array([0, 1, 2, 3] * 8, dtype=np.int32)
measure_runs(rank, np.array([4]), np.array([0, 32]), 30, 0.72, out)
print(out[0])
print(sum(measure_runs.stats.cache_hits.values()))
"""


def run(package: Path, cache: Path) -> list[float]:
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "MUSICTREND_CACHE": str(cache)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, cwd=cache)
    assert done.returncode == 0, done.stderr
    return [float(line) for line in done.stdout.split()]


def test_an_edited_callee_changes_the_number(tmp_path):
    package = tmp_path / "copy" / "musictrend"
    source = Path(musictrend.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "cache"
    cache.mkdir()
    assert run(package, cache) == [6.4, 0]
    assert run(package, cache) == [6.4, 1]  # the second process finds it compiled
    folders = set((cache / "numba").iterdir())
    assert len(folders) == 1

    # The factor counter moves to another file and is edited there: its caller's file keeps size and date.
    kernels = package / "complexity" / "kernels.py"
    text = kernels.read_text()
    start, stop = text.index("@kernel\ndef count_factors"), text.index("@kernel\ndef measure_runs")
    head = "from musictrend.compilation import kernel\nimport numpy as np\n\n\n"
    other = package / "complexity" / "other_kernels.py"
    other.write_text(head + text[start:stop])
    imported = "from musictrend.complexity.other_kernels import count_factors\n\n\n"
    kernels.write_text(text[:start] + imported + text[stop:])
    assert run(package, cache)[0] == 6.4
    before = kernels.stat()
    other.write_text(other.read_text().replace("return factors + partial", "return 2 * (factors + partial)"))
    assert run(package, cache)[0] == 3.2
    assert kernels.stat().st_mtime_ns == before.st_mtime_ns
    assert len(set((cache / "numba").iterdir())) == 3


def test_other_libraries_keep_their_own_numba_cache(tmp_path):
    import numba

    from musictrend.complexity import kernels  # noqa: F401

    assert "musictrend" not in str(numba.config.CACHE_DIR) or not numba.config.CACHE_DIR


def test_importing_the_measures_does_not_load_numba():
    program = "import sys, musictrend.complexity; print('numba' in sys.modules, 'pandas' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(musictrend.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
