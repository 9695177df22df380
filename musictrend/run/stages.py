"""One stage of a run again, alone: what ``trend``, ``simulate`` and ``report`` do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from musictrend.errors import ParameterError, RunError
from musictrend.run import analysis
from musictrend.run.folder import Run
from musictrend.run.power import power_of
from musictrend.run.work import at_work

__all__ = ["rerun_report", "rerun_simulation", "rerun_trends", "trends_of_table"]


def rerun_trends(
    folder: Path, *, claims: str = "", power: bool = False, seed: int | None = None, jobs: int = 1, quiet: bool = True
) -> dict[str, Any]:
    """Do the trends stage of a run again, and return its tables as plain rows.

    With ``power`` only says what the run's tracks can carry; nothing is written.
    """
    run = Run.open(folder)
    if power:
        return {"power": power_of(run.tracks, run.scores()).to_dict("records")}
    options = analysis.options_of(run)
    options = replace(options, jobs=jobs, quiet=quiet, claims=claims or options.claims,
                      seed=options.seed if seed is None else seed)  # fmt: skip
    analysis.check_choices(options)
    run.require("scores")
    with at_work(run.folder):
        analysis.do_trends(run, options, again=True)
        analysis.do_report(run, options)
        analysis.keep_options(run, options)
    return {
        "claims": [c for c in run.claims() if c["kind"] == "observed"],
        "contrasts": run.read("contrasts").to_dict("records"),
        "trends": run.read("trends").to_dict("records"),
    }


def trends_of_table(
    path: Path, *, claims: str = "", power: bool = False, seed: int = 0, jobs: int = 1
) -> dict[str, Any]:
    """Trends from one table that holds both scores and labels; nothing is written.

    Parameters
    ----------
    path : Path
        ``.csv`` or ``.parquet`` with track_id, measure, vocabulary, value and year; and, where known, n_events,
        genres or genre, segment, artist_id or artist, corpus.
    """
    import pandas as pd

    from musictrend.complexity import reference_sample
    from musictrend.trends import estimate_trends, judge_claims, load_claims

    table = pd.read_parquet(path) if path.suffix.lower() == ".parquet" else pd.read_csv(path)
    needed = {"track_id", "measure", "value", "year"}
    if not needed <= set(table.columns):
        missing = ", ".join(sorted(needed - set(table.columns)))
        raise RunError(f"{path}: no column {missing}; a table of scores has track_id, measure, vocabulary, value, year")
    table = table.assign(
        vocabulary=table.get("vocabulary", "full"),
        facet=table.get("facet", ""),
        n_events=table.get("n_events", 0),
        low=table["low"] if "low" in table else float("nan"),
        high=table["high"] if "high" in table else float("nan"),
    )
    labels = table.drop_duplicates("track_id").copy()
    if "genres" not in labels and "genre" in labels:
        labels["genres"] = labels["genre"].fillna("").astype(str)
    if "artist_id" not in labels:
        labels["artist_id"] = labels["artist"] if "artist" in labels else labels["track_id"]
    for name, value in {"corpus": path.stem, "segment": "other", "genres": "", "status": "ok"}.items():
        if name not in labels:
            labels[name] = value
    labels["genres"] = [
        g if isinstance(g, list) else [x.strip() for x in str(g).split(";") if x.strip()] for g in labels["genres"]
    ]
    if power:
        return {"power": power_of(labels).to_dict("records")}
    columns = ["track_id", "measure", "facet", "vocabulary", "value", "low", "high", "n_events"]
    scores = table[columns]
    reference = reference_sample()
    tables = estimate_trends(scores, labels, None, reference, seed=seed, jobs=jobs)
    judged = judge_claims(tables, load_claims(claims or None), scores=scores, tracks=labels, reference=reference)
    return {
        "claims": judged,
        "contrasts": tables.contrasts.to_dict("records"),
        "trends": tables.trends.to_dict("records"),
    }


def rerun_simulation(
    folder: Path,
    *,
    scenarios: tuple[str, ...] = (),
    n_seeds: int = 20,
    sweep: tuple[str, ...] = (),
    seed: int | None = None,
    jobs: int = 1,
    executor: str = "local",
    quiet: bool = True,
) -> dict[str, Any]:
    """Do the simulation stage of a run again; with ``sweep`` run a product of parameters beside it.

    A sweep is written to ``sweep.parquet`` and leaves the run's own simulation as it is.
    """
    run = Run.open(folder)
    options = analysis.options_of(run)
    options = replace(options, jobs=jobs, executor=executor, quiet=quiet, n_seeds=n_seeds, scenarios=scenarios or options.scenarios,
                      seed=options.seed if seed is None else seed)  # fmt: skip
    analysis.check_choices(options)
    run.require("chords")
    if sweep:
        from musictrend.feedback import sweep as run_sweep

        grid = dict(_parse_sweep(text) for text in sweep)
        table = run_sweep(
            run.chords(), run.tracks, options.scenarios[0], grid, range(options.seed, options.seed + n_seeds), jobs=jobs,
            executor=executor,
        )  # fmt: skip
        run.write("sweep", table)
    else:
        with at_work(run.folder):
            analysis.do_simulation(run, options, again=True)
            analysis.do_report(run, options)
            analysis.keep_options(run, options)
        table = run.read("simulation")
    last = table[table["step"] == table["step"].max()]
    means = last.groupby(["scenario", "segment", "origin", "quantity"])["value"].mean().reset_index()
    return {
        "claims": [] if sweep else [c for c in run.claims() if c["kind"] == "simulated"],
        "last_step": means.to_dict("records"),
    }


def _parse_sweep(text: str) -> tuple[str, list[Any]]:
    name, _, values = text.partition("=")
    if not name or not values:
        raise ParameterError(f"--sweep {text!r} must be PARAMETER=V1,V2,..., for example generator_share=0,0.2,0.4")
    parsed: list[Any] = []
    for value in values.split(","):
        try:
            parsed.append(int(value) if value.strip().lstrip("-").isdigit() else float(value))
        except ValueError:
            parsed.append(value.strip())
    return name.strip(), parsed


def rerun_report(folder: Path, *, title: str = "", format: str = "html", out: Path | None = None) -> Path:
    """Write the page of a run again, or its summary or figures."""
    from musictrend.report import write_report

    run = Run.open(folder)
    run.require("trends")
    if format == "html" and out is None:
        options = analysis.options_of(run)
        options = replace(options, title=title or options.title)
        with at_work(run.folder):
            analysis.do_report(run, options, again=True)
            analysis.keep_options(run, options)
        return run.path("report.html")
    names = {"html": "report.html", "md": "report.md", "figures": "figures"}
    if format not in names:
        raise ParameterError(f"--format {format!r} must be 'html', 'md' or 'figures'")
    target = out or run.path(names[format])
    write_report(run.folder, target, title=title or None, format=format)
    return target
