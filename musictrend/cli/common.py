"""What every command shares: options, output, logging, exit codes."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "AllowFailures", "Commercial", "DryRun", "Engine", "Executor", "Force", "From", "Here", "Jobs", "Json", "NoSeed",
    "OneProcess", "Quiet", "Seed",
    "check_executor", "emit", "emit_plan", "emit_rows", "finish", "log_to", "refuse_to_overwrite", "resolve_jobs", "show_plan",
]  # fmt: skip

Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random; same seed, same numbers.", min=0)]
NoSeed = Annotated[int, typer.Option("--seed", help="Taken as everywhere; nothing here is random.", min=0)]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", help="Worker processes; 0 for every usable core. No number depends on it.", min=0)
]
OneProcess = Annotated[int, typer.Option("--jobs", "-j", help="Taken as everywhere; this is one process.", min=0)]
Executor = Annotated[str, typer.Option("--executor", help="local, dask, or tcp://host:port of a Dask scheduler.")]
Here = Annotated[str, typer.Option("--executor", help="Taken as everywhere; this is done here, whatever it says.")]
From = Annotated[
    str, typer.Option("--from", help="symbols as written, notes to estimate though symbols are written, or auto.")
]
Engine = Annotated[str, typer.Option("--engine", help="For recordings: a name of musictrend engines, or auto.")]
Commercial = Annotated[bool, typer.Option("--commercial", help="Never an engine whose weights forbid commercial use.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]
AllowFailures = Annotated[bool, typer.Option("--allow-failures", help="End in 0 though some tracks failed.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and stop.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no log lines.")]

OK, FAILED, USAGE, SOME_FAILED, NOTHING_USABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def resolve_jobs(jobs: int) -> int:
    """Workers to use: 0 is every usable core."""
    from musictrend.execution import usable_cores

    return jobs or usable_cores()


def check_executor(executor: str) -> None:
    """Refuse a name that is no executor, before any work."""
    from musictrend.errors import ParameterError

    if executor not in ("local", "dask") and not executor.startswith(("tcp://", "tls://")):
        raise ParameterError(f"executor={executor!r} must be 'local', 'dask' or 'tcp://host:port'")


def log_to(*, quiet: bool = False) -> None:
    """Send ``musictrend.*`` log lines to standard error, unless quiet."""
    logger = logging.getLogger("musictrend")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not quiet:
        to_terminal = logging.StreamHandler(sys.stderr)
        to_terminal.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(to_terminal)


def refuse_to_overwrite(path: Path, *, force: bool) -> None:
    """Leave a file that is there alone, unless forced."""
    from musictrend.errors import RunError

    if path.exists() and not force:
        raise RunError(f"{path} is there already; choose another name, or overwrite it with --force")


def emit(value: Any) -> None:
    """One JSON document on standard output; numbers that are not finite become null."""
    from musictrend.run.folder import to_plain

    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(to_plain(value), ensure_ascii=not unicode, indent=1, default=str))


def emit_rows(table: Any, columns: list[str] | None = None) -> None:
    """A DataFrame or rows as an aligned text table on standard output."""
    import pandas as pd

    frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(table)
    if columns:
        frame = frame[[c for c in columns if c in frame]]
    if len(frame) == 0:
        print("nothing")
        return
    with pd.option_context("display.max_colwidth", 70, "display.width", 240):
        print(frame.to_string(index=False, max_rows=None, float_format=lambda v: f"{v:.4g}"))


def emit_plan(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """What a command would do, a row each."""
    emit(rows) if as_json else emit_rows(rows)


def show_plan(corpora: list[Any], *, as_json: bool) -> None:
    """What a run would read: one row a corpus, given loaded or as on the command line."""
    from musictrend.corpus.check import describe_corpora
    from musictrend.corpus.manifest import Corpus, load_corpus

    table = describe_corpora([c if isinstance(c, Corpus) else load_corpus(c) for c in corpora])
    emit(table.to_dict("records")) if as_json else emit_rows(table)


def finish(run: Any, *, allow_failures: bool, expected: set[str] | None = None) -> None:
    """End with 3 when tracks failed, unless that was allowed or just those were expected."""
    tracks = run.read("tracks")
    failed = set(tracks.loc[tracks["status"] == "failed", "track_id"])
    if expected is not None and failed == expected:
        return
    if failed and not allow_failures:
        print(
            f"{len(failed)} of {len(tracks)} tracks failed; {run.path('problems.csv')} says why and what to do "
            "(--allow-failures ends in 0)",
            file=sys.stderr,
        )
        raise typer.Exit(SOME_FAILED)
