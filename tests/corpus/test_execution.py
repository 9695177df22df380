"""Many tasks, however many workers: the same results, and an error that names its task."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from musictrend.cache import atomic_path, hash_bytes, hash_file
from musictrend.errors import MissingExtraError, ParameterError, ReaderError, WorkerError
from musictrend.execution import Progress, map_tasks


def square(number: int) -> int:
    time.sleep(0.01 * (number % 3))
    return number * number


def die(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number


def refuse(number: int) -> int:
    if number == 2:
        raise ReaderError("a word", place="line 7", hint="mend it")
    return number


def threads(_: int) -> str:
    return os.environ.get("OMP_NUM_THREADS", "")


def test_results_come_in_the_order_of_the_tasks_for_any_number_of_workers():
    told = []
    expected = [n * n for n in range(12)]
    assert map_tasks(square, range(12), jobs=1) == expected
    assert map_tasks(square, range(12), jobs=2, on_result=lambda n, r: told.append((n, r))) == expected
    assert sorted(told) == list(enumerate(expected))
    assert map_tasks(square, [], jobs=2) == []


def test_a_dead_worker_is_an_error_that_names_its_task():
    with pytest.raises(WorkerError, match="task number 3"):
        map_tasks(die, range(6), jobs=2, describe=lambda n: f"task number {n}")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_a_task_comes_through_whole(jobs):
    with pytest.raises(ReaderError) as caught:
        map_tasks(refuse, range(4), jobs=jobs)
    assert (caught.value.reason, caught.value.place, caught.value.hint) == ("a word", "line 7", "mend it")


def test_workers_have_one_thread_each():
    assert map_tasks(threads, range(2), jobs=2) == ["1", "1"]


def test_executors_and_workers_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="'local', 'dask' or"):
        map_tasks(square, [1], executor="cloud")
    with pytest.raises(ParameterError, match="jobs=0"):
        map_tasks(square, [1], jobs=0)


def test_dask_gives_the_same_or_says_what_to_install():
    try:
        import distributed  # noqa: F401
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"musictrend\[cluster\]"):
            map_tasks(square, [1], executor="dask")
    else:
        assert map_tasks(square, range(5), executor="dask") == [n * n for n in range(5)]


def test_progress_tells_rate_and_time_left_only_where_the_total_is_known():
    known, unknown = Progress("scores", 1000, quiet=True), Progress("hindcast", 0, "worlds", quiet=True)
    known.advance(250)
    unknown.advance(6)
    assert known.describe(10) == "scores: 250 of 1,000 tracks, 25.0/s, 30 s left"
    assert unknown.describe(10) == "hindcast: 6 worlds, 0.6/s"
    assert Progress("a", 5, quiet=True).describe(3) == "a: 0 of 5 tracks, 0.0/s"
    known.advance(2000)
    assert "0 s left" in known.describe(10)


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(KeyError), atomic_path(target) as part:
        part.write_text("half")
        raise KeyError
    assert target.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_process_that_is_killed_leaves_the_file_as_it_was(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    code = f"""
import os
from musictrend.cache import atomic_path
with atomic_path({str(target)!r}) as part:
    part.write_text("half")
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert target.read_text() == "before"


def test_hashes_are_stable_and_keep_parts_apart(tmp_path):
    assert hash_bytes("a", "b") == hash_bytes(b"a", b"b")
    assert len({hash_bytes("a", "b"), hash_bytes("ab"), hash_bytes("b", "a"), hash_bytes("a", "b", "")}) == 4
    (tmp_path / "a").write_bytes(b"x" * (2**20 + 1))
    (tmp_path / "b").write_bytes(b"x" * (2**20 + 1))
    assert hash_file(tmp_path / "a") == hash_file(tmp_path / "b") != hash_bytes(b"x")
