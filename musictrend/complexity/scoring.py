"""From chords to scores: every measure, every vocabulary, all tracks at once.

Tracks go through in chunks whose bounds depend on the data alone, and every track's value depends on that
track alone, so the number of threads changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.fused import ChordTypes
from musictrend.complexity.matrix import ScoreMatrix
from musictrend.complexity.measure import WINDOW, Measure, evaluate, get_measure, select_measures
from musictrend.complexity.ragged import check_window, remember_value
from musictrend.complexity.reference import ReferenceModel
from musictrend.complexity.standard import COMPOSITE_FACETS
from musictrend.errors import ParameterError
from musictrend.execution import map_tasks
from musictrend.harmony.events import EventTable
from musictrend.harmony.reduction import VOCABULARIES, check_vocabulary, is_at_least
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable, is_repeated

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULT_VOCABULARIES", "ScoreMatrix", "score", "score_corpus", "score_table"]

DEFAULT_VOCABULARIES = ("majmin", "sevenths", "full")
CHUNK = 250_000  # chords in a chunk
PART = 8_000_000  # chords in a worker's task, 32 MB


def _load_kernels(measures: Sequence[Measure]) -> None:
    """Import kernels here, so that threads do not compile the same function side by side."""
    warm = ChordSequence.from_labels(["C", "G:7", "A:min", "F"], key="C:major").to_table()
    _Scorer(warm, "full", measures, 2, None).score(warm)


class _Scorer:
    """Scores tracks of a corpus at one vocabulary, any number of them at a time."""

    def __init__(
        self,
        chords: ChordTable,
        vocabulary: str,
        measures: Sequence[Measure],
        window: int,
        reference: ReferenceModel | None,
    ) -> None:
        self.vocabulary = vocabulary
        self.options = {"window": check_window(window), "reference": reference}
        self.measures = [m for m in measures if is_at_least(vocabulary, m.coarsest)]
        needed = self.measures
        if any(m.name == "composite" for m in needed):  # its parts are scored on the way
            needed = [*needed, *map(get_measure, set(chain(*COMPOSITE_FACETS)))]
        longest = int(chords.lengths.max(initial=0))
        self.types = ChordTypes(chords.labels, vocabulary, needed, window, reference, longest)

    def score(self, chords: ChordTable) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Number of events and scores of every track of a table with the corpus' labels."""
        events = EventTable.deferred(chords, self.vocabulary)
        n_events, known = self.types.score(chords)
        for name, value in known.items():
            remember_value(events, name, self.options, value)
        absent = _absent_needs(chords)
        values = {}
        for measure in self.measures:
            if any(getattr(measure, need) for need in absent):
                values[measure.name] = np.full(chords.n_tracks, np.nan)
            else:
                values[measure.name] = evaluate(measure, events, self.options)
        return n_events, values


def _absent_needs(chords: ChordTable) -> list[str]:
    """Needs of measures (`Measure.needs_key` and so on) that no chord of a table meets."""
    units = set(chords.units)
    absent = [f"needs_{unit}" for unit in ("seconds", "quarters") if unit not in units]
    if is_repeated(chords.key_tonic) and chords.key_tonic[0] < 0:
        absent.append("needs_key")
    if is_repeated(chords.bars) and np.isnan(chords.bars[0]):
        absent.append("needs_bars")
    return [need for need in absent if need in Measure.__dataclass_fields__]


@dataclass(frozen=True)
class _Part:
    """Some tracks, and what to score of them: a task for a worker of a cluster."""

    chords: ChordTable
    measures: tuple[str, ...]
    vocabularies: tuple[str, ...]
    window: int
    reference: ReferenceModel | None


def _score_part(part: _Part) -> ScoreMatrix:
    return score_table(
        part.chords, part.measures, part.vocabularies, window=part.window, reference=part.reference, jobs=1
    )


def _score_parts(
    chords: ChordTable,
    chosen: Sequence[Measure],
    vocabularies: tuple[str, ...],
    window: int,
    reference: ReferenceModel | None,
    jobs: int,
    executor: str,
    progress: Callable[[int, int], None] | None,
) -> ScoreMatrix:
    """Score on a Dask cluster; the same numbers, for a track's scores depend on that track alone."""
    names = tuple(m.name for m in chosen)
    bounds = list(chords.cut_points(PART))
    done = 0

    def count(number: int, _: ScoreMatrix) -> None:
        nonlocal done
        done += len(vocabularies) * (bounds[number][1] - bounds[number][0])
        if progress is not None:
            progress(done, len(vocabularies) * chords.n_tracks)

    found = map_tasks(
        _score_part,
        [_Part(chords.cut(*b), names, vocabularies, window, reference) for b in bounds],
        jobs=jobs, executor=executor, on_result=count,
        describe=lambda part: f"{part.chords.track_ids[0]} to {part.chords.track_ids[-1]}",
    )  # fmt: skip
    join = lambda arrays: np.concatenate(arrays)  # noqa: E731
    return ScoreMatrix(
        chords.track_ids,
        {key: join([part.values[key] for part in found]) for key in found[0].values},
        {key: join([part.n_events[key] for part in found]) for key in found[0].n_events},
        window,
    )


def score_table(
    chords: ChordTable,
    measures: str | Iterable[str] | None = "core",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    *,
    window: int = WINDOW,
    reference: ReferenceModel | None = None,
    jobs: int = 1,
    executor: str = "local",
    progress: Callable[[int, int], None] | None = None,
) -> ScoreMatrix:
    """Score every track of a table.

    Parameters
    ----------
    chords : ChordTable, n tracks
    measures : str or iterable of str
        ``"core"``, ``"all"``, or names.
    vocabularies : sequence of str
    window : int
        Events in a window, and events rarefied to.
    reference : ReferenceModel, optional
        For surprisal; the one that ships with musictrend when absent.
    jobs : int
        Threads, or workers of the cluster. The scores do not depend on it.
    executor : str
        ``"local"`` for threads here, ``"dask"`` or ``"tcp://host:port"`` for a cluster.
    progress : callable, optional
        Called with (tracks done, tracks in all), a track once for each vocabulary.

    Returns
    -------
    scores : ScoreMatrix

    Raises
    ------
    ParameterError
        For a measure or vocabulary that is not known.

    Examples
    --------
    >>> table = ChordSequence.from_labels(["C", "F", "G:7", "C"] * 10).to_table()
    >>> scores = score_table(table, ["cardinality", "types_rarefied"], ["majmin", "sevenths"])
    >>> sorted(scores.values)                             # majmin knows no fourth note
    [('cardinality', 'sevenths'), ('types_rarefied', 'majmin'), ('types_rarefied', 'sevenths')]
    """
    chosen = select_measures(measures)
    if isinstance(vocabularies, str):
        vocabularies = (vocabularies,)
    wanted = {check_vocabulary(vocabulary) for vocabulary in vocabularies}
    if jobs < 1:
        raise ParameterError(f"jobs={jobs} must be 1 or more")
    ordered = tuple(v for v in VOCABULARIES if v in wanted)
    if executor != "local" and chords.n_tracks:
        return _score_parts(chords, chosen, ordered, window, reference, jobs, executor, progress)
    if jobs > 1:
        _load_kernels(chosen)
    values: dict[tuple[str, str], np.ndarray] = {}
    n_events: dict[str, np.ndarray] = {}
    done = 0  # tracks, once for each vocabulary
    chunks = list(chords.cut_points(CHUNK))
    for vocabulary in ordered:
        scorer = _Scorer(chords, vocabulary, chosen, window, reference)
        n_events[vocabulary] = np.zeros(chords.n_tracks, dtype=np.int64)
        for measure in scorer.measures:
            values[measure.name, vocabulary] = np.full(chords.n_tracks, np.nan)

        def work(bounds: tuple[int, int], scorer=scorer, vocabulary=vocabulary) -> None:
            rows = slice(*bounds)
            n_events[vocabulary][rows], found = scorer.score(chords.cut(*bounds))
            for name, value in found.items():
                values[name, vocabulary][rows] = value

        with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as pool:
            for bounds, _ in zip(chunks, pool.map(work, chunks) if pool else map(work, chunks), strict=True):
                done += bounds[1] - bounds[0]
                if progress is not None:
                    progress(done, len(wanted) * chords.n_tracks)
    return ScoreMatrix(chords.track_ids, values, n_events, window)


def score_corpus(
    chords: ChordTable,
    measures: str | Iterable[str] | None = "core",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    *,
    window: int = WINDOW,
    reference: ReferenceModel | None = None,
    jobs: int = 1,
) -> pd.DataFrame:
    """Score every track of a corpus: `score_table` as a tidy table.

    Returns
    -------
    scores : DataFrame
        Columns ``track_id, measure, facet, vocabulary, value, low, high, n_events``.

    Examples
    --------
    >>> table = ChordSequence.from_labels(["C", "F", "G:7", "C"], track_id="song").to_table()
    >>> frame = score_corpus(table, ["dominant_seventh_share"], ["sevenths"])
    >>> frame[["track_id", "measure", "value"]].values.tolist()
    [['song', 'dominant_seventh_share', 0.25]]
    """
    return score_table(chords, measures, vocabularies, window=window, reference=reference, jobs=jobs).to_frame()


def score(
    chords: ChordSequence | ChordTable,
    measures: str | Iterable[str] | None = None,
    *,
    vocabulary: str | None = None,
    window: int = WINDOW,
    reference: ReferenceModel | None = None,
) -> pd.Series:
    """Score one song, its chords taken at their word.

    Of chords that an engine estimated, ``musictrend score`` and a run give values corrected for that engine's known
    errors, with their interval (`musictrend.validation.carry_errors`); here nobody says who made them.

    Parameters
    ----------
    chords : ChordSequence, or ChordTable of one track
    measures : str or iterable of str, optional
        ``"core"`` (the default), ``"all"``, or names.
    vocabulary : str, optional
        Absent: ``sevenths``, and for a measure that means nothing there the coarsest at which it does.
    window : int
        Events in a window; a shorter song has no windowed value (NaN).
    reference : ReferenceModel, optional

    Returns
    -------
    scores : Series
        One value per measure; in the order asked for.

    Raises
    ------
    ParameterError
        For a measure or vocabulary that is not known, or a table of more than one track.

    Examples
    --------
    >>> seq = ChordSequence.from_labels(["C", "A:min", "F", "G:7"] * 8)
    >>> score(seq, ["type_entropy", "fifths_spread"]).round(3).to_dict()
    {'type_entropy': 2.069, 'fifths_spread': 0.667}
    """
    import pandas as pd

    table = chords.to_table() if isinstance(chords, ChordSequence) else chords
    if table.n_tracks != 1:
        raise ParameterError(f"score takes one track, got {table.n_tracks}; score_corpus takes many")
    chosen = select_measures(measures)
    if measures is not None and not isinstance(measures, str):
        chosen = [get_measure(name) for name in dict.fromkeys(measures)]  # as asked for
    used = {m.name: vocabulary or ("sevenths" if is_at_least("sevenths", m.coarsest) else m.coarsest) for m in chosen}
    found: dict[str, float] = {}
    for each in set(used.values()):
        of_each = [m for m in chosen if used[m.name] == each]
        _, values = _Scorer(table, each, of_each, window, reference).score(table)
        found |= {m.name: float(values[m.name][0]) if m.name in values else np.nan for m in of_each}
    found = {m.name: found[m.name] for m in chosen}
    return pd.Series(found, name=table.track_ids[0], dtype="float64")
