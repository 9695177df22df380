"""Scores of a file, a corpus, or the tracks of a run: what ``musictrend score`` gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from musictrend.complexity import score_table, select_measures
from musictrend.complexity.matrix import is_wide, summarise_scores
from musictrend.complexity.measure import WINDOW
from musictrend.corpus.manifest import load_corpus
from musictrend.errors import ParameterError, RunError
from musictrend.extraction.chord_files import ANNOTATION, read_chord_csv
from musictrend.extraction.file import extract_with_engine, holds_one_piece, tell_oddities, with_keys
from musictrend.extraction.origin import Origin
from musictrend.harmony.reduction import VOCABULARIES
from musictrend.harmony.table import ChordTable
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
    measures: str | tuple[str, ...] | None = None,
    vocabularies: tuple[str, ...] = (),
    window: int | None = None,
    source_kind: str = "auto",
    engine: str = "auto",
    commercial: bool = False,
    force: bool = False,
    seed: int = 0,
    jobs: int = 1,
    executor: str = "local",
    quiet: bool = True,
) -> pd.DataFrame:
    """Scores in the tidy form of ``scores.parquet``; of more than 100,000 tracks a row for each measure, not each track.

    Parameters
    ----------
    source : str
        A chord file, score or recording; a corpus (scored into ``out``); or a run folder: what it has is read, and
        what it lacks is scored and kept beside the rest.
    measures, vocabularies, window :
        By default all measures at each vocabulary in windows of 30 events; of a run, what it was scored with.
    source_kind, engine, commercial :
        Where chords come from, as in `extract`.
    force : bool
        Overwrite what is in ``out``, and scores of a run with another window.
    """
    path = Path(source)
    if (path / "run.json").is_file():
        return _score_run(Run.open(path), measures, vocabularies, window, force, jobs, executor, quiet)
    options = Options(
        measures=measures or "all", window=window or WINDOW, source=source_kind, engine=engine, commercial=commercial,
        seed=seed, jobs=jobs, executor=executor, quiet=quiet,
    )  # fmt: skip
    select_measures(options.measures)
    if vocabularies:
        options = replace(options, vocabularies=vocabularies)
    if holds_one_piece(path):
        if out is not None:
            raise ParameterError("scores of a file are printed: -o is the run folder of a corpus")
        chords, made_by = _read_pieces(path, options)
        return _score_pieces(chords, made_by, options)
    if out is None:
        load_corpus(source)  # what is not there is told as such
        raise ParameterError("a corpus needs -o RUN, the folder its scores are kept in")
    run = analysis.start_run([source], out, options, force=force, stages=("tracks", "chords", "scores"))
    with at_work(run.folder):
        analysis.do_scores(run, options)
    return _scores_of(run)


def _score_run(
    run: Run,
    measures: str | tuple[str, ...] | None,
    vocabularies: tuple[str, ...],
    window: int | None,
    force: bool,
    jobs: int,
    executor: str,
    quiet: bool,
) -> pd.DataFrame:
    """What was asked for of a run's scores; what it lacks is added, so that nothing it has is lost."""
    kept = analysis.options_of(run)
    run.require("chords")
    asked = {m.name for m in select_measures(kept.measures if measures is None else measures)}
    there = {m.name for m in select_measures(kept.measures)} if run.has_outputs("scores") else set()
    other = window not in (None, kept.window)
    wanted = tuple(v for v in VOCABULARIES if v in {*(vocabularies or kept.vocabularies)})
    if other and there and not force:
        raise RunError(
            f"{run.folder} is scored in windows of {kept.window} events; --force scores it again in windows of {window}"
        )
    if other or not asked <= there or not set(wanted) <= set(kept.vocabularies):
        options = replace(
            kept, measures=kept.measures if asked <= there else tuple(sorted(asked | there)),
            vocabularies=tuple(v for v in VOCABULARIES if v in {*wanted, *kept.vocabularies}),
            window=window or kept.window, jobs=jobs, executor=executor, quiet=quiet,
        )  # fmt: skip
        with at_work(run.folder):
            analysis.do_scores(run, options, again=True)
            analysis.keep_options(run, options)
    table = _scores_of(run)
    return table[table["measure"].isin(asked) & table["vocabulary"].isin(wanted)].reset_index(drop=True)


def _read_pieces(path: Path, options: Options) -> tuple[ChordTable, list[str]]:
    """The chords of a file, one piece or a table of several, and what made each: empty where people did."""
    odd: list[tuple[str, str]] = []
    if path.suffix.lower() == ".csv":
        pieces = [(with_keys(sequence), made_by) for sequence, made_by in read_chord_csv(path, odd)]
    else:
        pieces = [extract_with_engine(path, Origin(options.source, options.engine, options.commercial), odd=odd)]
    tell_oddities(path, odd)
    names = ["" if made_by == ANNOTATION else made_by for _, made_by in pieces]
    return ChordTable.from_sequences(sequence for sequence, _ in pieces), names


def _score_pieces(chords: ChordTable, made_by: list[str], options: Options) -> pd.DataFrame:
    """Scores with the errors of estimated chords."""
    from musictrend.validation.uncertainty import carry_errors

    matrix = score_table(chords, options.measures, options.vocabularies, window=options.window, jobs=1)
    return carry_errors(matrix, chords, made_by, seed=options.seed).frame


def _scores_of(run: Run) -> pd.DataFrame:
    """The run's scores; of so many tracks that they are kept wide, a summary."""
    path = run.path("scores.parquet")
    return summarise_scores(path) if is_wide(path) else run.scores()


def explain_source(
    source: str,
    tracks: tuple[str, ...] = (),
    *,
    measures: str | tuple[str, ...] | None = None,
    vocabularies: tuple[str, ...] = (),
    window: int | None = None,
    source_kind: str = "auto",
    engine: str = "auto",
    commercial: bool = False,
) -> pd.DataFrame:
    """Which chords drove the scores of a file, or of named tracks of a run.

    Parameters
    ----------
    source : str
        A chord file, score or recording; or a run folder.
    tracks : tuple of str
        Ids of tracks of the run, as in its tables.
    measures, vocabularies, window, source_kind, engine, commercial :
        As in `score_source`.

    Returns
    -------
    explanation : DataFrame
        As `explain_scores` returns it, of every measure that has a value: what an engine cannot carry, and what the
        track is too short for, has none.
    """
    from musictrend.complexity import explain_scores

    path = Path(source)
    options = Options(
        measures=measures or "all", window=window or WINDOW, source=source_kind, engine=engine, commercial=commercial,
        vocabularies=vocabularies or Options.vocabularies,
    )  # fmt: skip
    if holds_one_piece(path):
        chords, made_by = _read_pieces(path, options)
    elif (path / "run.json").is_file():
        run = Run.open(path)
        run.require("chords")
        chords = _choose_tracks(run, tracks)
        engines = run.tracks.set_index("track_id")["engine"].fillna("")
        made_by = [str(engines[track_id]) for track_id in chords.track_ids]
        kept = analysis.options_of(run)
        options = replace(options, window=window or kept.window, vocabularies=vocabularies or kept.vocabularies)
    else:
        raise ParameterError("--explain takes a file, or a run and --track ID")
    found = explain_scores(chords, options.measures, options.vocabularies, window=options.window)
    explained = replace(options, measures=tuple(found["measure"].unique()) or options.measures)
    scores = _score_pieces(chords, made_by, explained).dropna(subset="value")
    keys = ["track_id", "measure", "vocabulary"]
    return found.merge(scores[keys].drop_duplicates(), on=keys, how="inner")


def _choose_tracks(run: Run, tracks: tuple[str, ...]) -> ChordTable:
    """The chords of some tracks of a run."""
    chords = run.chords()
    place = {track_id: i for i, track_id in enumerate(chords.track_ids)}
    unknown = [track_id for track_id in tracks if track_id not in place]
    if unknown or not tracks:
        what = (
            f"no track {unknown[0]!r} in {run.folder}"
            if unknown
            else "which tracks of the run? name them with --track ID"
        )
        raise ParameterError(f"{what}; ids are those of {run.path('tracks.parquet')}, such as {chords.track_ids[0]!r}")
    return chords.select([place[i] for i in tracks])
