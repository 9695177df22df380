"""Scores of a file, a corpus, or the tracks of a run: what ``musictrend score`` gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from musictrend.complexity import score_table, select_measures
from musictrend.errors import ParameterError
from musictrend.extraction.file import extract, holds_one_piece
from musictrend.run import analysis
from musictrend.run.folder import Run
from musictrend.run.options import Options
from musictrend.run.work import at_work

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_source"]


def score_source(
    source: str,
    out: Path | None = None,
    *,
    measures: str | tuple[str, ...] = "all",
    vocabularies: tuple[str, ...] = (),
    window: int = 30,
    seed: int = 0,
    jobs: int = 1,
    executor: str = "local",
    quiet: bool = True,
) -> pd.DataFrame:
    """Scores in the tidy form of ``scores.parquet``.

    Parameters
    ----------
    source : str
        A run folder (its scores stage is done again and kept), a chord file, or a corpus (scored into ``out``).
    """
    options = Options(measures=measures, window=window, seed=seed, jobs=jobs, executor=executor, quiet=quiet)
    select_measures(measures)
    if vocabularies:
        options = replace(options, vocabularies=vocabularies)
    path = Path(source)
    if (path / "run.json").is_file():
        run = Run.open(path)
        kept = analysis.options_of(run)
        options = replace(kept, measures=measures, window=window, jobs=jobs, quiet=quiet,
                          vocabularies=vocabularies or kept.vocabularies)  # fmt: skip
        run.require("chords")
        with at_work(run.folder):
            analysis.do_scores(run, options, again=True)
            analysis.keep_options(run, options)
        return run.scores()
    if holds_one_piece(path):
        table = extract(path).to_table()
        return score_table(table, options.measures, options.vocabularies, window=window, jobs=1).to_frame()
    if out is None:
        raise ParameterError("a corpus needs -o RUN, the folder its scores are kept in")
    run = analysis.start_run([source], out, options)
    with at_work(run.folder):
        analysis.do_scores(run, options)
    return run.scores()
