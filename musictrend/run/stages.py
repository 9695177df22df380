"""One stage of a run again, alone: what ``trend``, ``simulate`` and ``report`` do."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from musictrend.errors import ParameterError, RunError
from musictrend.run import analysis
from musictrend.run.folder import NEEDS, OUTPUTS, Run
from musictrend.run.power import power_of
from musictrend.run.work import at_work

__all__ = ["place_report", "plan_stage", "rerun_report", "rerun_simulation", "rerun_trends", "trends_of_table"]


def plan_stage(
    folder: Path,
    stage: str,
    *,
    scenarios: tuple[str, ...] = (),
    n_seeds: int = 0,
    sweep: tuple[str, ...] = (),
    seed: int | None = None,
) -> list[dict[str, Any]]:
    """What doing ``trends`` or ``simulation`` of a run again would do: one row a stage, nothing is written."""
    run = Run.open(folder)
    run.require(*NEEDS[stage])
    options = analysis.options_of(run)
    chosen = replace(options, scenarios=scenarios or options.scenarios, n_seeds=n_seeds or options.n_seeds,
                     seed=options.seed if seed is None else seed)  # fmt: skip
    analysis.check_choices(chosen)
    shared = {"run": str(run.folder), "tracks": len(run.tracks), "seed": chosen.seed}
    if sweep:
        grid = dict(_parse_sweep(text) for text in sweep)
        worlds = chosen.n_seeds * math.prod(map(len, grid.values()))
        return [{"stage": "sweep", "files": "sweep.parquet", **shared, "worlds": worlds}]
    row: dict[str, Any] = {"stage": stage, "files": " ".join(OUTPUTS[stage]), **shared}
    if stage == "simulation":
        row["worlds"] = chosen.n_seeds * len(chosen.scenarios)
    return [row, {"stage": "report", "files": " ".join(OUTPUTS["report"]), **shared}]


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


def place_report(folder: Path, *, format: str = "html", out: Path | None = None, compare: Path | None = None) -> Path:
    """Where a report goes; `RunError` when a run is not far enough for one."""
    names = {"html": "report.html", "md": "report.md", "figures": "figures"}
    if format not in names:
        raise ParameterError(f"--format {format!r} must be 'html', 'md' or 'figures'")
    Run.open(folder).require("trends")
    if compare is not None and not (other := Run.open(compare)).path("trends.parquet").is_file():
        other.require("trends")  # a run of an older version, which lacks newer tables, may stand beside this one
    return out or Path(folder) / names[format]


def rerun_report(
    folder: Path, *, title: str = "", format: str = "html", out: Path | None = None, compare: Path | None = None
) -> dict[str, Any]:
    """Write the page of a run again, or its summary or figures; with ``compare`` another run stands beside it.

    Without ``out`` the page is ``report.html`` of the run, and the numbers of the comparison are its
    ``comparison.parquet``; both are the plain page's again when the report is next written without ``compare``.

    Returns
    -------
    document : dict
        ``written``, and with ``compare`` also ``comparison``: the other run, what differs, and the slopes as rows.
    """
    from musictrend.report import compare_tables, read_tables, write_report

    target = place_report(folder, format=format, out=out, compare=compare)
    run, other = Run.open(folder), None if compare is None else Run.open(compare)
    if target == run.path("report.html"):
        options = analysis.options_of(run)
        options = replace(options, title=title or options.title)
        with at_work(run.folder):
            tables = analysis.do_report(run, options, again=True, other=other)
            analysis.keep_options(run, options)
    else:
        tables = read_tables(run.folder)
        if other is not None:
            tables = replace(tables, beside=read_tables(other.folder))
        write_report(tables, target, title=title or None, format=format)
    if other is None or tables is None:
        return {"written": str(target)}
    found = compare_tables(tables)
    return {
        "written": str(target),
        "comparison": {
            "other": str(other.folder),
            "paired": found.paired,
            "sharing": asdict(found.sharing),
            "settings": [{"name": name, "this": here, "other": there} for name, here, there in found.settings],
            "only_this": found.only_this,
            "only_other": found.only_other,
            "rows": found.rows.to_dict("records"),
        },
    }
