"""``demo`` and ``analyze``: the whole way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from musictrend.cli import common
from musictrend.cli.common import Commercial, DryRun, Engine, Executor, From, Jobs, Json, Quiet, Seed

Out = Annotated[Path, typer.Option("--out", "-o", help="Run folder; an existing run is resumed.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is in the folder.")]
AllowFailures = Annotated[bool, typer.Option("--allow-failures", help="End in 0 though some tracks failed.")]
Vocabulary = Annotated[
    list[str] | None, typer.Option("--vocabulary", help="root, majmin, triads, sevenths or full; may be given again.")
]
Measures = Annotated[str, typer.Option("--measures", help="core, standard, all, or names with commas.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(demo)
    app.command()(analyze)


def demo(
    out: Out = Path("demo"),
    seed: Seed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    force: Force = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go the whole way on the packaged corpora, offline.

    Three runs: SYNTHETIC pop and niche genres with planted trends, real scores of
    art music, and a dozen SYNTHETIC recordings whose chords an engine has to hear.

    Try: musictrend demo -o demo
    """
    from musictrend.run.demo import CORPORA, expected_failures, packaged, run_demo

    common.check_executor(executor)
    if dry_run:
        common.show_plan([packaged(name) for name in CORPORA], as_json=as_json)
        return
    common.log_to(quiet=quiet)
    began = time.monotonic()
    runs = run_demo(out, seed=seed, jobs=common.resolve_jobs(jobs), executor=executor, force=force, quiet=quiet)
    _show(runs, as_json, time.monotonic() - began)
    for name, run in runs.items():
        common.finish(run, allow_failures=False, expected=expected_failures(name))


def analyze(
    corpora: Annotated[
        list[str], typer.Argument(metavar="CORPUS...", help="Folders, tables, or names of the catalogue.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder; an existing run is resumed.")],
    source: From = "auto",
    engine: Engine = "auto",
    commercial: Commercial = False,
    seed: Seed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    measures: Measures = "standard",
    vocabulary: Vocabulary = None,
    window: Annotated[int, typer.Option("--window", help="Events in a window.", min=4)] = 30,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Packaged scenario or a TOML file; may be given again.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Runs of each scenario.", min=2)] = 20,
    claims: Annotated[str, typer.Option("--claims", help="File with claims instead of the packaged ones.")] = "",
    title: Annotated[str, typer.Option("--title", help="Title of the page.")] = "",
    force: Force = False,
    allow_failures: AllowFailures = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go from labelled music to a page: chords, complexity, trends, feedback, report.

    Try: musictrend analyze planted -o runs/planted
    """
    from musictrend.run.analysis import analyze as run_analysis
    from musictrend.run.analysis import check_choices
    from musictrend.run.options import Options

    options = Options(
        seed=seed, measures=split_measures(measures), window=window, n_seeds=seeds, claims=claims, title=title,
        vocabularies=tuple(vocabulary) if vocabulary else Options.vocabularies,
        scenarios=tuple(scenario) if scenario else Options.scenarios,
        source=source, engine=engine, commercial=commercial,
        jobs=common.resolve_jobs(jobs), executor=executor, quiet=quiet,
    )  # fmt: skip
    if dry_run:
        check_choices(options)
        common.show_plan(list(corpora), as_json=as_json)
        return
    common.log_to(quiet=quiet)
    began = time.monotonic()
    run = run_analysis(list(corpora), out, options=options, force=force)
    _show({"run": run}, as_json, time.monotonic() - began)
    common.finish(run, allow_failures=allow_failures)


def split_measures(text: str) -> str | tuple[str, ...]:
    """``core``, ``standard``, ``all``, or names separated by commas."""
    return (
        text if text in ("core", "standard", "all") else tuple(name.strip() for name in text.split(",") if name.strip())
    )


def _show(runs: dict, as_json: bool, seconds: float) -> None:
    documents = {name: _document(run) for name, run in runs.items()}
    if as_json:
        common.emit(documents["run"] if list(documents) == ["run"] else documents)
        return
    for name, document in documents.items():
        if name != "run":
            print(f"{name}:")
        counts = ", ".join(f"{count} {status}" for status, count in document["tracks"].items())
        print(f"  tracks: {counts}")
        testable = [claim for claim in document["claims"] if claim["verdict"] != "not_testable"]
        for claim in testable:
            print(f"  {claim['verdict']:<13} {claim['sentence']}")
        if len(testable) < len(document["claims"]):
            print(f"  not testable  {len(document['claims']) - len(testable)} claims; the page says why")
        print(f"  page: {document['report']}")
    print(f"done in {seconds:.1f} s")


def _document(run) -> dict:
    tracks = run.read("tracks")
    return {
        "run": str(run.folder),
        "report": str(run.path("report.html")),
        "tracks": {str(k): int(v) for k, v in tracks["status"].value_counts().sort_index().items()},
        "problems": len(run.problems()),
        "claims": run.claims(),
        "timings": run.record.get("timings", {}),
    }
