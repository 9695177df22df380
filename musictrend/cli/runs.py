"""``trend``, ``simulate``, ``report``, ``run``: a run's stages again, alone, and its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from musictrend.cli import common
from musictrend.cli.common import DryRun, Executor, Force, Here, Jobs, Json, NoSeed, OneProcess, Quiet

run_app = typer.Typer(
    help="A run folder: status, verify, clean.\n\nTry: musictrend run status runs/planted",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(trend)
    app.command()(simulate)
    app.command()(report)
    app.add_typer(run_app, name="run")


def trend(
    source: Annotated[str, typer.Argument(metavar="RUN|TABLE")],
    claims: Annotated[str, typer.Option("--claims", help="File with claims instead of the packaged ones.")] = "",
    power: Annotated[bool, typer.Option("--power", help="Which slopes and contrasts the tracks can carry.")] = False,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="By default the run's own.")] = None,
    jobs: Jobs = 0,
    executor: Here = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Estimate trends again from a run's scores, or from a table of scores with year and segment.

    Try: musictrend trend runs/planted --power
    """
    from musictrend.run.stages import plan_stage, rerun_trends, trends_of_table

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    table, cores = Path(source), common.resolve_jobs(jobs)
    if dry_run and not table.is_file():
        common.emit_plan(plan_stage(table, "trends", seed=seed), as_json=as_json)
        return
    if dry_run:
        common.emit_plan([{"reads": str(table), "writes": "nothing", "seed": seed or 0}], as_json=as_json)
        return
    if table.is_file():
        document = trends_of_table(table, claims=claims, power=power, seed=seed or 0, jobs=cores)
    else:
        document = rerun_trends(table, claims=claims, power=power, seed=seed, jobs=cores, quiet=quiet)
    if as_json:
        common.emit(document)
        return
    for name in ("claims", "contrasts", "trends", "power"):
        if document.get(name):
            print(f"{name}:")
            common.emit_rows(document[name][:200])


def simulate(
    run: Annotated[Path, typer.Argument(metavar="RUN")],
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Packaged scenario or a TOML file; may be given again.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=2, help="Runs of each scenario.")] = 20,
    sweep: Annotated[list[str] | None, typer.Option("--sweep", help="PARAMETER=V1,V2,...; may be given again.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="By default the run's own.")] = None,
    jobs: Jobs = 0,
    executor: Executor = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run generative feedback forward from the last observed decade.

    Try: musictrend simulate runs/planted --scenario replace --sweep generator_share=0,0.2,0.4
    """
    from musictrend.run.stages import plan_stage, rerun_simulation

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    if dry_run:
        plan = plan_stage(
            run, "simulation", scenarios=tuple(scenario or ()), n_seeds=seeds, sweep=tuple(sweep or ()), seed=seed
        )
        common.emit_plan(plan, as_json=as_json)
        return
    document = rerun_simulation(
        run, scenarios=tuple(scenario or ()), n_seeds=seeds, sweep=tuple(sweep or ()), seed=seed,
        jobs=common.resolve_jobs(jobs), executor=executor, quiet=quiet,
    )  # fmt: skip
    if as_json:
        common.emit(document)
    else:
        common.emit_rows(document["claims"] or document["last_step"])


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN")],
    compare: Annotated[
        Path | None,
        typer.Option("--compare", metavar="RUN", help="Another run to set beside it: what differs, and their slopes."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Stands over the page; by default the corpora.")] = "",
    format: Annotated[str, typer.Option("--format", help="html, md or figures.")] = "html",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="By default report.html in the run.")] = None,
    force: Force = False,
    seed: NoSeed = 0,
    jobs: OneProcess = 0,
    executor: Here = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the page again, a summary in Markdown, or the figures as files.

    With --compare a section sets another run beside this one: what was done otherwise, which tracks
    both hold, their slopes by genre and measure, and by how much these differ.

    Try: musictrend report runs/planted --format md
    Try: musictrend report runs/madmom --compare runs/librosa
    """
    from musictrend.run.stages import place_report, rerun_report

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    if dry_run:
        written = place_report(run, format=format, out=out, compare=compare)
        common.emit_plan([{"run": str(run), "compare": str(compare or ""), "writes": str(written)}], as_json=as_json)
        return
    if out is not None and out.resolve().parent != run.resolve():
        common.refuse_to_overwrite(out, force=force)
    document = rerun_report(run, title=title, format=format, out=out, compare=compare)
    common.emit(document) if as_json else print(document["written"])


@run_app.command()
def status(run: Annotated[Path, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Say which stages are done.

    Try: musictrend run status runs/planted
    """
    from musictrend.run.folder import Run

    rows = Run.open(run).status()
    common.emit(rows) if as_json else common.emit_rows(rows)


@run_app.command()
def verify(run: Annotated[Path, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Say whether the tables are as the run made them.

    Try: musictrend run verify runs/planted
    """
    from musictrend.run.folder import Run

    wrong = Run.open(run).verify()
    common.emit({"altered": wrong}) if as_json else print("\n".join(wrong) or "every table is as the run made it")
    if wrong:
        raise typer.Exit(common.FAILED)


@run_app.command()
def clean(run: Annotated[Path, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Take half-done work away; tables and page stay.

    Try: musictrend run clean runs/planted
    """
    from musictrend.run.folder import Run

    gone = Run.open(run).clean()
    common.emit({"removed": gone}) if as_json else print(
        "\n".join(f"removed {name}" for name in gone) or "nothing to remove"
    )
