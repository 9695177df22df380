"""Running many tasks: on local cores or on a Dask cluster, with progress and the same results either way.

Results come back in the order of the tasks, whatever finished first; chunk
bounds are the caller's and never depend on the number of workers. Workers are
``forkserver`` (``spawn`` where absent), never ``fork``: forking after numba or
OpenMP hangs. A dead worker is an error that names its task.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from musictrend.errors import MissingExtraError, ParameterError, WorkerError

__all__ = ["Progress", "free_memory", "map_tasks", "usable_cores"]

logger = logging.getLogger(__name__)
Task = TypeVar("Task")
Result = TypeVar("Result")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ARROW_NUM_THREADS",
)


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


class Progress:
    """A progress bar with rate and time left on a terminal, a log line every ten seconds elsewhere.

    Parameters
    ----------
    stage : str
        What is being done (``"chords"``).
    total : int
        0 where nobody knows: then only count and rate are told.
    unit : str
        What is counted (``"tracks"``).
    quiet : bool
        Neither bar nor log lines.
    """

    def __init__(self, stage: str, total: int, unit: str = "tracks", *, quiet: bool = False) -> None:
        self.stage, self.total, self.unit, self.quiet = stage, total, unit, quiet
        self.done = 0
        self._began = self._said = time.monotonic()
        self._bar: Any = None
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total or None, desc=stage, unit=f" {unit}", file=sys.stderr, leave=False)

    def advance(self, count: int = 1) -> None:
        """Count some more as done."""
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
            return
        now = time.monotonic()
        if not self.quiet and now - self._said >= 10:
            self._said = now
            logger.info("%s", self.describe(now - self._began))

    def describe(self, seconds: float) -> str:
        """What was done in some seconds, at which rate, and the time left where the total is known.

        Examples
        --------
        >>> progress = Progress("scores", 1000, quiet=True)
        >>> progress.advance(250)
        >>> progress.describe(10)
        'scores: 250 of 1,000 tracks, 25.0/s, 30 s left'
        """
        rate = self.done / max(seconds, 1e-9)
        if not self.total:
            return f"{self.stage}: {self.done:,} {self.unit}, {rate:.1f}/s"
        left = f", {max(self.total - self.done, 0) / rate:.0f} s left" if rate else ""
        return f"{self.stage}: {self.done:,} of {self.total:,} {self.unit}, {rate:.1f}/s{left}"

    def close(self) -> None:
        """Take the bar away and log what the stage took."""
        if self._bar is not None:
            self._bar.close()
        seconds = time.monotonic() - self._began
        if not self.quiet and self.done:
            logger.info("%s: %s %s in %.1f s", self.stage, f"{self.done:,}", self.unit, seconds)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_memory() -> float:
    """Bytes of memory that new processes may take; infinite where nobody says."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            free = next(float(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        try:
            free = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2
        except (AttributeError, ValueError, OSError):  # Windows has no sysconf
            return math.inf
    try:  # a container may be given less than the machine has
        limit, used = (
            float(Path(f"/sys/fs/cgroup/memory.{name}").read_text(encoding="ascii")) for name in ("max", "current")
        )
        return min(free, limit - used)
    except (OSError, ValueError):
        return free


def _pin_threads() -> None:
    """One thread each in a worker, and Ctrl-C is the parent's matter; runs before numpy is imported there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _THREAD_VARIABLES:
        os.environ[name] = "1"


def _context() -> multiprocessing.context.BaseContext:
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


def _outcome(function: Callable[[Task], Result], task: Task) -> tuple[bool, Any]:
    try:
        return True, function(task)
    except Exception as error:
        return False, error


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    jobs: int = 1,
    executor: str = "local",
    describe: Callable[[Task], str] = repr,
    on_result: Callable[[int, Result], None] | None = None,
) -> list[Result]:
    """Apply a function to every task; results in the order of the tasks.

    Parameters
    ----------
    function : callable
        A module-level function of one task (it travels to other processes).
    tasks : sequence
    jobs : int >= 1
        Worker processes; 1 runs here.
    executor : str
        ``"local"``, ``"dask"`` (a cluster on this machine) or ``"tcp://host:port"`` of a Dask scheduler.
    describe : callable
        A few words on a task, for the error when its worker dies.
    on_result : callable, optional
        Called here with task number and result as each finishes, in no fixed order.

    Raises
    ------
    WorkerError
        When a worker died; names the task.

    Examples
    --------
    >>> map_tasks(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    if jobs < 1:
        raise ParameterError(f"jobs={jobs} must be 1 or more")
    tell = on_result or (lambda number, result: None)
    if executor != "local":
        return _map_dask(function, tasks, executor, jobs, tell)
    if jobs == 1 or len(tasks) <= 1:
        results = []
        for number, task in enumerate(tasks):
            results.append(function(task))
            tell(number, results[-1])
        return results
    found: dict[int, Any] = {}
    pending = dict(enumerate(tasks))
    try:
        for number, (good, value) in _run_pool(function, pending, min(jobs, len(tasks))):
            if not good:
                raise value
            found[number] = value
            tell(number, value)
    except BrokenProcessPool:
        # Which task killed its worker? Each one left is tried alone; the guilty one breaks its pool again.
        for number in [n for n in pending if n not in found]:
            try:
                for _, (good, value) in _run_pool(function, {number: pending[number]}, 1):
                    if not good:
                        raise value
                    found[number] = value
                    tell(number, value)
            except BrokenProcessPool:
                raise WorkerError(
                    f"a worker process died at {describe(pending[number])}: out of memory, or a crash in a library; "
                    "try --jobs 1, or take that track out"
                ) from None
    return [found[number] for number in range(len(tasks))]


def _run_pool(
    function: Callable[[Task], Result], tasks: dict[int, Task], jobs: int
) -> Iterator[tuple[int, tuple[bool, Any]]]:
    pool = ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_pin_threads)
    try:
        waiting: dict[Future, int] = {}
        queue: Iterable[tuple[int, Task]] = iter(tasks.items())
        exhausted = False
        while waiting or not exhausted:
            while not exhausted and len(waiting) < 2 * jobs:  # bounded: tasks may be large
                item = next(queue, None)  # type: ignore[call-overload]
                if item is None:
                    exhausted = True
                else:
                    waiting[pool.submit(_outcome, function, item[1])] = item[0]
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    except BaseException:  # interrupted, or a task failed: nobody waits for the others
        for worker in list((pool._processes or {}).values()):
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _map_dask(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    executor: str,
    jobs: int,
    tell: Callable[[int, Result], None],
) -> list[Result]:
    if executor != "dask" and not executor.startswith(("tcp://", "tls://")):
        raise ParameterError(f"executor={executor!r} must be 'local', 'dask' or 'tcp://host:port'")
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise MissingExtraError(
            f"executor={executor!r} needs Dask, which is not installed: pip install 'musictrend[cluster]'"
        ) from None
    if executor == "dask":
        cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster)
    else:
        cluster, client = None, Client(executor)
    try:
        results: list[Any] = [None] * len(tasks)
        waiting = iter(enumerate(tasks))
        number_of: dict[Any, int] = {}

        def submit(number: int, task: Task) -> Any:
            # Its data goes to a worker first: a graph that holds it would be sent through the scheduler.
            future = client.submit(function, client.scatter(task, hash=False), pure=False)
            number_of[future.key] = number
            return future

        ahead = 2 * max(len(client.scheduler_info()["workers"]), 1)  # so much data is on its way at a time
        running = as_completed([submit(number, task) for number, task in islice(waiting, ahead)])
        for future in running:
            number = number_of[future.key]
            results[number] = future.result()
            tell(number, results[number])
            for after in islice(waiting, 1):
                running.add(submit(*after))
        return results
    finally:
        client.close()
        if cluster is not None:
            cluster.close()
