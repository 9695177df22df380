"""Scores of a file, a corpus, or the tracks of a run: what ``musictrend score`` gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from musictrend.complexity import score_table, select_measures
from musictrend.complexity.matrix import is_wide, summarise_scores
from musictrend.errors import ParameterError
from musictrend.extraction.file import extract, extract_with_engine, holds_one_piece
from musictrend.extraction.origin import Origin
from musictrend.run import analysis
from musictrend.run.folder import Run
from musictrend.run.options import Options
from musictrend.run.work import at_work

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["explain_source", "score_source"]


def score_source(
    source: str,
    out: Path | None = None,
    *,
    measures: str | tuple[str, ...] = "all",
    vocabularies: tuple[str, ...] = (),
    window: int = 30,
    source_kind: str = "auto",
    engine: str = "auto",
    commercial: bool = False,
    seed: int = 0,
    jobs: int = 1,
    executor: str = "local",
    quiet: bool = True,
) -> pd.DataFrame:
    """Scores in the tidy form of ``scores.parquet``; of more than 100,000 tracks a row for each measure, not each track.

    Parameters
    ----------
    source : str
        A run folder (its scores stage is done again and kept), a chord file, score or recording, or a corpus (scored
        into ``out``).
    source_kind, engine, commercial :
        Where chords come from, as in `extract`.
    """
    options = Options(
        measures=measures, window=window, source=source_kind, engine=engine, commercial=commercial, seed=seed, jobs=jobs,
        executor=executor, quiet=quiet,
    )  # fmt: skip
    select_measures(measures)
    if vocabularies:
        options = replace(options, vocabularies=vocabularies)
    path = Path(source)
    if (path / "run.json").is_file():
        run = Run.open(path)
        kept = analysis.options_of(run)
        options = replace(kept, measures=measures, window=window, jobs=jobs, executor=executor, quiet=quiet,
                          vocabularies=vocabularies or kept.vocabularies)  # fmt: skip
        run.require("chords")
        with at_work(run.folder):
            analysis.do_scores(run, options, again=True)
            analysis.keep_options(run, options)
        return _scores_of(run)
    if holds_one_piece(path):
        from musictrend.validation.uncertainty import carry_errors

        sequence, made_by = extract_with_engine(path, Origin(source_kind, engine, commercial))
        table = sequence.to_table()
        matrix = score_table(table, options.measures, options.vocabularies, window=window, jobs=1)
        return carry_errors(matrix, table, ["" if made_by == "annotation" else made_by], seed=seed).frame
    if out is None:
        raise ParameterError("a corpus needs -o RUN, the folder its scores are kept in")
    run = analysis.start_run([source], out, options)
    with at_work(run.folder):
        analysis.do_scores(run, options)
    return _scores_of(run)


def _scores_of(run: Run) -> pd.DataFrame:
    """The run's scores; of so many tracks that they are kept wide, a summary."""
    path = run.path("scores.parquet")
    return summarise_scores(path) if is_wide(path) else run.scores()


def explain_source(
    source: str,
    tracks: tuple[str, ...] = (),
    *,
    measures: str | tuple[str, ...] = "core",
    vocabularies: tuple[str, ...] = (),
    window: int = 30,
) -> pd.DataFrame:
    """Which chords drove the scores of a file, or of named tracks of a run.

    Parameters
    ----------
    source : str
        A chord file, score or recording; or a run folder.
    tracks : tuple of str
        Ids of tracks of the run, as in its tables.

    Returns
    -------
    explanation : DataFrame
        As `explain_scores` returns it.
    """
    from musictrend.complexity import explain_scores

    path = Path(source)
    chosen = vocabularies or Options.vocabularies
    if holds_one_piece(path):
        return explain_scores(extract(path), measures, chosen, window=window)
    if not (path / "run.json").is_file():
        raise ParameterError("--explain takes a file, or a run and --track ID")
    run = Run.open(path)
    run.require("chords")
    chords = run.chords()
    place = {track_id: i for i, track_id in enumerate(chords.track_ids)}
    unknown = [track_id for track_id in tracks if track_id not in place]
    if unknown or not tracks:
        what = f"no track {unknown[0]!r} in {path}" if unknown else "which tracks of the run? name them with --track ID"
        raise ParameterError(f"{what}; ids are those of {run.path('tracks.parquet')}, such as {chords.track_ids[0]!r}")
    return explain_scores(chords.select([place[i] for i in tracks]), measures, chosen, window=window)
