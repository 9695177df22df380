"""``laws``: the feedback world's limiting cases."""

from __future__ import annotations

import typer

from musictrend.cli import common
from musictrend.cli.common import Here, Json, OneProcess, Quiet, Seed


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(laws)


def laws(
    seed: Seed = 0, jobs: OneProcess = 0, executor: Here = "local", as_json: Json = False, quiet: Quiet = False
) -> None:
    """Run the feedback world's limiting cases: expected, simulated, tolerance, held.

    Try: musictrend laws
    """
    from musictrend.feedback import check_laws

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    table = check_laws(seed=seed)
    common.emit(table.to_dict("records")) if as_json else common.emit_rows(table)
    if not bool(table["held"].all()):
        raise typer.Exit(common.FAILED)
