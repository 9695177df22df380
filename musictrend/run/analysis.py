"""The main job: corpora in, a page out, stage by stage, each resumable and each to be done again alone."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictrend.cache import hash_bytes
from musictrend.corpus.duplicates import mark_equal_recordings
from musictrend.corpus.manifest import Corpus, load_corpus, manifest_problems, track_table
from musictrend.corpus.problem import Problem
from musictrend.errors import CorpusError, NothingUsableError, ParameterError, RunError
from musictrend.execution import Progress
from musictrend.run.folder import SCHEMA_VERSION, STAGES, Run, remove_run
from musictrend.run.options import Options, settle_options
from musictrend.run.provenance import describe_corpora, describe_engines, describe_machine, package_versions
from musictrend.run.work import at_work, lock_folder

if TYPE_CHECKING:
    from musictrend.report import RunTables
    from musictrend.validation.uncertainty import UncertainScores

__all__ = ["analyze", "check_choices", "do_report", "do_scores", "do_simulation", "do_trends", "start_run"]

logger = logging.getLogger(__name__)


def analyze(
    corpora: str | Path | Corpus | Sequence[str | Path | Corpus],
    out: str | Path,
    *,
    options: Options | None = None,
    force: bool = False,
    **choices: Any,
) -> Run:
    """From labelled music to a page: tracks, chords, scores, trends, simulation, report.

    Stages that were done from the same inputs and options are not done again,
    so that a run that was killed goes on where it stopped.

    Parameters
    ----------
    corpora : str, Path, Corpus, or a sequence of them
        What ``CORPUS`` may be on the command line.
    out : str or Path
        The run folder; made when absent, resumed when it is a run.
    options : Options, optional
    force : bool
        Throw away what is in ``out`` when it is not this run.
    **choices
        Fields of `Options`, such as ``seed=1``.

    Returns
    -------
    run : Run

    Raises
    ------
    CorpusError, RunError, ParameterError
    NothingUsableError
        When not one track of the input can be used.
    """
    options = _options(options, choices)
    if isinstance(corpora, str | Path | Corpus):
        corpora = [corpora]
    check_choices(options)
    run = start_run(corpora, Path(out), options, force=force)
    with at_work(run.folder):
        do_scores(run, options)
        do_trends(run, options)
        do_simulation(run, options)
        do_report(run, options)
        _keep_timings(run)
    return run


def start_run(
    corpora: Sequence[str | Path | Corpus],
    out: Path,
    options: Options,
    *,
    force: bool = False,
    stages: Sequence[str] = STAGES,
) -> Run:
    """The first two stages, tracks and chords, and everything that ``run.json`` says of the run.

    ``stages`` are those that the caller goes on to do: what others were done with stays in ``run.json``.

    Raises
    ------
    RunError
        When the folder holds something else, or one of ``stages`` done with other options, and not ``force``.
    """
    loaded = _load(corpora)
    run = _claim_folder(out, loaded, force)
    config = settle_options(run, options, stages, force=force)
    run.record.update(
        {
            "schema_version": SCHEMA_VERSION,
            "version": package_versions()["musictrend"],
            "packages": package_versions(),
            "machine": describe_machine(),
            "command": _command(),
            "config": config,
            "seed": config["seed"],
            "corpora": describe_corpora(loaded),
            "places": {c.name: _place(c) for c in loaded},
            "inputs": {c.name: _corpus_hash(c) for c in loaded},
            "synthetic": all(c.synthetic for c in loaded),
            "synthetic_corpora": [c.name for c in loaded if c.synthetic],
            "engines": run.record.get("engines", []),
        }
    )
    with at_work(run.folder):
        run.clean(kept_batches=True)
        _do_tracks(run, loaded)
        _do_chords(run, loaded, options)
    return run


def _options(options: Options | None, choices: dict[str, Any]) -> Options:
    try:
        if options is None:
            return Options(**choices)
    except TypeError as error:
        raise ParameterError(f"{error}; options are {', '.join(Options.__dataclass_fields__)}") from None
    if choices:
        raise ParameterError("give either options or single choices, not both")
    return options


def check_choices(options: Options) -> None:
    """Refuse at once what a late stage would refuse after hours."""
    from musictrend.complexity import select_measures
    from musictrend.feedback import load_scenario
    from musictrend.trends import TrendOptions, load_claims

    select_measures(options.measures)
    for scenario in options.scenarios:
        load_scenario(scenario)
    load_claims(options.claims or None)
    TrendOptions.from_mapping(options.trends)


def _load(specs: Sequence[str | Path | Corpus]) -> list[Corpus]:
    if not specs:
        raise ParameterError("no corpus given; name a folder, a table or a corpus of the catalogue")
    loaded: list[Corpus] = []
    for spec in specs:
        corpus = spec if isinstance(spec, Corpus) else load_corpus(spec)
        names = {c.name for c in loaded}
        if corpus.name in names:
            number = 2
            while f"{corpus.name}-{number}" in names:
                number += 1
            corpus.name = f"{corpus.name}-{number}"
        loaded.append(corpus)
    # As their track ids are sorted, so that no table depends on the order of the command line.
    return sorted(loaded, key=lambda c: f"{c.name}/")


def _claim_folder(out: Path, corpora: list[Corpus], force: bool) -> Run:
    """The run of a folder: new, or resumed when it holds the same corpora.

    ``--force`` takes away what an earlier run made, never what somebody else put there.
    """
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; -o takes a folder")
    for corpus in corpora:
        if out.is_dir() and out.samefile(corpus.root):
            raise RunError(f"{out} is the corpus itself; choose another folder for the run")
    if out.is_dir() and any(out.iterdir()):
        is_run = (out / "run.json").is_file()
        try:
            same = is_run and _same_corpora(Run(out), corpora)
        except RunError:
            if not force:
                raise
            same = False
        if not same and not force:
            what = "a run of other corpora" if is_run else "not empty and no run"
            raise RunError(f"{out} is {what}; choose another folder, or overwrite it with --force")
        if not same:
            with lock_folder(out):
                remove_run(out)
    return Run(out)


def _same_corpora(run: Run, corpora: list[Corpus]) -> bool:
    """Whether a run holds these corpora: by name, and by place (they may have been mended) or content (moved)."""
    names = [c.get("name") for c in run.record.get("corpora", [])]
    if not names:
        return True
    places, inputs = run.record.get("places", {}), run.record.get("inputs", {})
    return names == [c.name for c in corpora] and all(
        places.get(c.name) == _place(c) or inputs.get(c.name) == _corpus_hash(c) for c in corpora
    )


def _place(corpus: Corpus) -> str:
    """A hash of where a corpus lies: to know it again without writing the path down."""
    return hash_bytes(str(corpus.root.resolve()))


def _command() -> list[str]:
    """The command line without the machine's paths."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv and sys.argv[0] else []


def _corpus_hash(corpus: Corpus) -> str:
    return hash_bytes(
        corpus.name, corpus.reader, repr(corpus.entries), repr(corpus.rule), corpus.year_kind, corpus.transcription
    )


def _do_tracks(run: Run, corpora: list[Corpus]) -> None:
    fingerprint = run.fingerprint("tracks", [_corpus_hash(c) for c in corpora])
    if run.is_done("tracks", fingerprint):
        return
    with run.stage("tracks", fingerprint) as problems:
        table = track_table(corpora)
        run.write("tracks", table)
        for corpus in corpora:
            problems += manifest_problems(corpus)
        planted = _planted(corpora)
        if planted:
            run.write_json("planted.json", planted)


def _planted(corpora: list[Corpus]) -> list[dict[str, Any]]:
    """What was planted in synthetic corpora, where they say so in ``planted.json``."""
    rows: list[dict[str, Any]] = []
    for corpus in corpora:
        path = corpus.root / "planted.json"
        if corpus.synthetic and path.is_file():
            try:
                rows += [row | {"source_corpus": corpus.name} for row in json.loads(path.read_text(encoding="utf-8"))]
            except (ValueError, TypeError) as error:
                raise CorpusError(f"{path}: not a list of planted values: {error}") from None
    return rows


def _do_chords(run: Run, corpora: list[Corpus], options: Options) -> None:
    import numpy as np

    from musictrend.extraction.batches import batch_hashes, extract_corpora
    from musictrend.extraction.origin import FROM_NOTES, NOTES, Origin
    from musictrend.harmony.arrow import iter_arrow

    origin = Origin(options.source, options.engine, options.commercial).resolved(corpora)
    fingerprint = run.fingerprint("chords", batch_hashes(corpora, origin))
    if run.is_done("chords", fingerprint):
        return
    with run.stage("chords", fingerprint) as problems:
        keep = run.work / "chords"
        keep.mkdir(parents=True, exist_ok=True)
        result = extract_corpora(
            corpora, jobs=options.jobs, executor=options.executor, keep=keep, origin=origin, quiet=options.quiet
        )
        problems += result.problems
        run.write_rows("chords", iter_arrow(result.chords))
        table = track_table(corpora)
        table["n_chords"] = np.asarray(result.chords.lengths, dtype="int32")
        table["key_estimated"] = result.key_estimated
        table["engine"] = [result.engines.get(track_id, "") for track_id in table["track_id"]]
        noted = table["engine"] == NOTES
        table.loc[noted, ["source_kind", "transcription"]] = ["score", FROM_NOTES]
        run.record["engines"] = describe_engines(sorted(set(result.engines.values())), commercial=options.commercial)
        problems += mark_equal_recordings(table, result.contents)
        reasons = table["track_id"].map(result.reasons)
        table.loc[reasons.notna(), "status"] = "failed"
        table.loc[reasons.notna(), "reason"] = reasons[reasons.notna()]
        _count_unread(table, result.chords)
        usable = int((table["status"] == "ok").sum())
        if not usable:
            first = next(iter(result.reasons.values()), "see problems.csv")
            run.write_problems("chords", problems)
            raise NothingUsableError(f"none of {len(table)} tracks can be used; the first: {first}")
        run.write("tracks", table)
        shutil.rmtree(run.work, ignore_errors=True)


def _count_unread(table: Any, chords: Any) -> None:
    """Column ``n_unread``: chords of each track that are X."""
    import numpy as np

    unknown = np.array([text == "X" for text in chords.labels.text], dtype=bool)
    rows = unknown[chords.label] if len(unknown) else np.zeros(0, bool)
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)
    table["n_unread"] = np.bincount(track, weights=rows, minlength=chords.n_tracks).astype("int32")


def do_scores(run: Run, options: Options, *, again: bool = False) -> None:
    """The scores stage: every measure of every track, at each vocabulary, with the errors of estimated chords."""
    from musictrend.complexity import list_measures, score_table
    from musictrend.complexity.matrix import WIDE_FROM
    from musictrend.validation.conditions import name_eras
    from musictrend.validation.uncertainty import carry_errors

    fingerprint = run.fingerprint("scores", options.measures, options.vocabularies, options.window, options.seed)
    if run.is_done("scores", fingerprint) and not again:
        return
    with run.stage("scores", fingerprint) as problems:
        chords = run.chords()
        with Progress("scores", 0, "tracks x vocabularies", quiet=options.quiet) as progress:
            matrix = score_table(
                chords, options.measures, options.vocabularies, window=options.window, jobs=options.jobs,
                executor=options.executor, progress=_follow(progress),
            )  # fmt: skip
        tracks = run.tracks.set_index("track_id").reindex(chords.track_ids)
        known = tracks["engine"].fillna("")
        run.path("draws.parquet").unlink(missing_ok=True)
        if chords.n_tracks > WIDE_FROM and not any(known):  # nothing estimated: no errors to carry, and no tidy form
            matrix.write(run.path("scores.parquet"))
            run.record["calibration"] = {}
        else:
            versions = {row["name"]: str(row.get("version", "")) for row in run.record.get("engines", [])}
            found = carry_errors(
                matrix, chords, list(known), versions=versions, sources=list(tracks["corpus"].fillna("")),
                eras=name_eras(tracks["year"].astype("float64").tolist()), seed=options.seed, jobs=options.jobs,
            )  # fmt: skip
            run.write("scores", found.frame)
            if len(found.draws):
                run.write("draws", found.draws)
            problems += _left_out(found)
            run.record["calibration"] = found.used
        run.write_json("measures.json", list_measures().to_dict("records"))


def _left_out(found: UncertainScores) -> list[Problem]:
    """What engines cannot carry, and what their calibration was not learned for."""
    rows = [
        Problem("scores", place=f"{one.engine}: {one.measure} at {', '.join(one.vocabularies)}",
                reason=f"left out in {one.n_tracks} tracks: {one.why}",
                hint="such scores are missing; raw keeps them")
        for one in found.left
    ]  # fmt: skip
    return rows + [Problem("scores", place=engine, reason=f"calibration: {said['warning']}", hint="learn it again")
                   for engine, said in found.used.items() if "warning" in said]  # fmt: skip


def do_trends(run: Run, options: Options, *, again: bool = False) -> None:
    """The trends stage: slopes, curves, contrasts, changepoints, and the observed claims."""
    from musictrend.complexity import reference_sample, score_diversity
    from musictrend.trends import TrendOptions, estimate_trends, judge_claims, load_claims

    fingerprint = run.fingerprint("trends", options.trends, options.seed, _claims_text(options))
    if run.is_done("trends", fingerprint) and not again:
        return
    with run.stage("trends", fingerprint):
        scores, tracks, draws = run.scores(), run.tracks, run.draws()
        chosen, reference = TrendOptions.from_mapping(options.trends), reference_sample()
        with Progress("trends", 0, "fits", quiet=options.quiet) as progress:
            tables = estimate_trends(
                scores, tracks, chosen, reference, seed=options.seed, jobs=options.jobs,
                progress=_follow(progress), draws=draws,
            )  # fmt: skip
        for name in ("trends", "curves", "contrasts", "changepoints", "coverage"):
            run.write(name, getattr(tables, name))
        run.write("diversity", score_diversity(run.chords(), tracks, window=options.window, seed=options.seed))
        usable = tracks.loc[(tracks["status"] == "ok") & tracks["duplicate_of"].isna(), "year"]
        run.record["sesoi_sd_per_decade"] = chosen.for_years(usable.dropna()).sesoi
        specs = load_claims(options.claims or None)
        judged = judge_claims(
            tables, specs, scores=scores, tracks=tracks, options=chosen, reference=reference, jobs=options.jobs,
            draws=draws,
        )  # fmt: skip
        run.write_claims("observed", judged)


def do_simulation(run: Run, options: Options, *, again: bool = False) -> None:
    """The simulation stage: feedback from the last observed window on, the hindcast, and the simulated claims."""
    import pandas as pd

    from musictrend.feedback import forecast_past, judge_simulated, list_judged_worlds, simulate, world_input
    from musictrend.feedback.experiment import COLUMNS

    fingerprint = run.fingerprint(
        "simulation", options.scenarios, _scenario_texts(options), options.n_seeds, options.seed
    )
    if run.is_done("simulation", fingerprint) and not again:
        return
    shared: dict[str, Any] = {"jobs": options.jobs, "executor": options.executor}
    with run.stage("simulation", fingerprint) as problems:
        chords, tracks = run.chords(), run.tracks
        try:
            start = world_input(chords, tracks)
            start.foundation()
        except NothingUsableError as error:
            problems.append(Problem("simulation", reason=str(error), hint="the rest of the page stands"))
            kinds = {"seed": "int64", "step": "int64", "year": "int16", "value": "float64"}
            run.write("simulation", pd.DataFrame({c: pd.Series(dtype=kinds.get(c, "str")) for c in COLUMNS}))
            run.write_claims("simulated", judge_simulated(chords, tracks))
            run.path("hindcast.parquet").unlink(missing_ok=True)
            return
        seeds = range(options.seed, options.seed + options.n_seeds)
        with Progress("feedback", len(options.scenarios) * len(seeds), "worlds", quiet=options.quiet) as progress:
            run.write("simulation", simulate(start, scenario=list(options.scenarios), seeds=seeds,
                                             progress=progress, **shared))  # fmt: skip
        with Progress("hindcast", 10, "worlds", quiet=options.quiet) as progress:
            past = forecast_past(start, seeds=range(options.seed, options.seed + 10), progress=progress, **shared)
        run.write("hindcast", past.table)
        if past.status != "scored":
            problems.append(
                Problem("simulation", reason=f"no hindcast: {past.why}", hint="read the fans as arithmetic")
            )
        n_worlds = 3 * len(list_judged_worlds())
        with Progress("simulated claims", n_worlds, "worlds", quiet=options.quiet) as progress:
            judged = judge_simulated(start, seeds=range(options.seed, options.seed + 3), progress=progress, **shared)
        run.write_claims("simulated", judged)


def _scenario_texts(options: Options) -> list[str]:
    """What scenario files hold: a changed file is a changed run."""
    return [Path(name).read_text(encoding="utf-8") for name in options.scenarios if Path(name).is_file()]


def do_report(run: Run, options: Options, *, again: bool = False, other: Run | None = None) -> RunTables | None:
    """The report stage: one page that explains it all, and sets an ``other`` run beside this one if there is one.

    Returns what the page was made from; None where it stands already.
    """
    from musictrend.report import compare_tables, read_tables, write_report

    beside = [] if other is None else [other.record.get("files", {})]
    fingerprint = run.fingerprint("report", options.title, *beside)
    if run.is_done("report", fingerprint) and not again:
        return None
    run.record.pop("timings", None)  # the page is the same however long it took
    with run.stage("report", fingerprint):
        run.path("comparison.parquet").unlink(missing_ok=True)
        tables = read_tables(run.folder)
        if other is not None:
            tables = replace(tables, beside=read_tables(other.folder))
            run.write("comparison", compare_tables(tables).rows)
        write_report(tables, run.path("report.html"), title=options.title or None)
    return tables


def _follow(progress: Progress):
    """A callback ``(done, total)`` that moves a progress bar."""

    def tell(done: int, total: int) -> None:
        progress.total = total
        if progress._bar is not None:
            progress._bar.total = total
        progress.advance(done - progress.done)

    return tell


def _claims_text(options: Options) -> str:
    """The claims as written: a changed claim is judged again."""
    if not options.claims:
        return (resources.files("musictrend") / "data" / "claims.toml").read_text(encoding="utf-8")
    path = Path(options.claims)
    if not path.is_file():
        raise ParameterError(f"--claims {path}: no such file")
    return path.read_text(encoding="utf-8")


def _keep_timings(run: Run) -> None:
    seconds = {row["stage"]: row["seconds"] for row in run.status()}
    run.record["timings"] = seconds
    run.save()
    logger.info("stages took %s", ", ".join(f"{k} {v} s" for k, v in seconds.items()))


def options_of(run: Run) -> Options:
    """The options a run was made with, from its ``run.json``."""
    config = dict(run.record.get("config", {}))
    known = {name: value for name, value in config.items() if name in Options.__dataclass_fields__}
    for name in ("vocabularies", "scenarios"):
        if name in known:
            known[name] = tuple(known[name])
    if isinstance(known.get("measures"), list):
        known["measures"] = tuple(known["measures"])
    return Options(**known)


def keep_options(run: Run, options: Options) -> None:
    """Say in ``run.json`` what a stage that was done again was done with."""
    run.record["config"] = options.resolved()
    run.record["seed"] = options.seed
    _keep_timings(run)
