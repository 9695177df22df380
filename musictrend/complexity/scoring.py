"""From chords to scores: every measure, every vocabulary, all tracks at once.

Tracks go through in chunks whose bounds depend on the data alone, and every track's value depends on that
track alone, so the number of threads changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW, Measure, evaluate, get_measure, select_measures
from musictrend.complexity.ragged import slice_tracks
from musictrend.complexity.reference import ReferenceModel
from musictrend.errors import ParameterError
from musictrend.harmony.reduction import VOCABULARIES, check_vocabulary, is_at_least
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.table import EventTable

__all__ = ["DEFAULT_VOCABULARIES", "ScoreMatrix", "score", "score_corpus", "score_table"]

DEFAULT_VOCABULARIES = ("majmin", "sevenths", "full")
CHUNK = 250_000  # events in a chunk


@dataclass(frozen=True, eq=False)
class ScoreMatrix:
    """Scores of many tracks: one float array per measure and vocabulary.

    Attributes
    ----------
    track_ids : tuple of str, n tracks
    values : dict of (measure, vocabulary) to float64 array, shape (n,)
        NaN where a track has no value. A measure that means nothing at a vocabulary has no entry there.
    n_events : dict of vocabulary to int64 array, shape (n,)
    window : int
    """

    track_ids: tuple[str, ...]
    values: dict[tuple[str, str], np.ndarray]
    n_events: dict[str, np.ndarray]
    window: int = WINDOW

    def __getitem__(self, key: tuple[str, str]) -> np.ndarray:
        if key not in self.values:
            raise ParameterError(f"{key!r} was not scored; scored are {sorted(self.values)}")
        return self.values[key]

    def to_frame(self) -> pd.DataFrame:
        """Tidy table, one row for each track, measure and vocabulary, sorted by them (tracks as they came).

        Returns
        -------
        scores : DataFrame
            Columns ``track_id, measure, facet, vocabulary, value, low, high, n_events``. ``value`` is NaN
            where the track has none (too short, no key); a measure has no rows below its coarsest vocabulary.
            ``low`` and ``high`` are NaN: how sure the labels are is not carried into single scores yet.
        """
        import pandas as pd

        keys = sorted(self.values)
        n, k = len(self.track_ids), len(keys)
        names = [name for name, _ in keys]
        facets = [get_measure(name).facet for name in names]
        vocabularies = [vocabulary for _, vocabulary in keys]
        value = np.array([self.values[key] for key in keys]).reshape(k, n).T.ravel()
        counts = np.array([self.n_events[v] for v in vocabularies], dtype=np.int64).reshape(k, n).T.ravel()

        def repeat(texts: list[str]) -> pd.Categorical:
            levels = sorted(set(texts))
            codes = np.tile(np.array([levels.index(text) for text in texts], dtype=np.int16), n)
            return pd.Categorical.from_codes(codes, categories=pd.Index(levels, dtype="str"))

        ids = pd.Index(np.asarray(self.track_ids, dtype=object), dtype="str").repeat(k)
        return pd.DataFrame({
            "track_id": ids,
            "measure": repeat(names),
            "facet": repeat(facets),
            "vocabulary": repeat(vocabularies),
            "value": value,
            "low": np.full(n * k, np.nan),
            "high": np.full(n * k, np.nan),
            "n_events": counts,
        })  # fmt: skip


def _cut_chunks(events: EventTable) -> Iterator[tuple[int, int]]:
    """Track numbers at which to cut, so that a chunk holds about ``CHUNK`` events."""
    start = 0
    while start < events.n_tracks:
        stop = int(np.searchsorted(events.offsets, events.offsets[start] + CHUNK, side="right")) - 1
        stop = min(max(stop, start + 1), events.n_tracks)
        yield start, stop
        start = stop


def _load_kernels(measures: Sequence[Measure]) -> None:
    """Import kernels here, so that threads do not compile the same function side by side."""
    from musictrend.complexity import kernels, sequence_kernels  # noqa: F401

    warm = ChordSequence.from_labels(["C", "G:7", "A:min", "F"], key="C:major").to_table()
    for measure in measures:
        evaluate(measure, warm.events("full"), {"window": 2})


def score_table(
    chords: ChordTable,
    measures: str | Iterable[str] | None = "core",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    *,
    window: int = WINDOW,
    reference: ReferenceModel | None = None,
    jobs: int = 1,
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
        Threads. The scores do not depend on it.

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
    if jobs > 1:
        _load_kernels(chosen)
    options = {"window": window, "reference": reference}
    values: dict[tuple[str, str], np.ndarray] = {}
    n_events: dict[str, np.ndarray] = {}
    done = 0  # tracks, once for each vocabulary
    for vocabulary in (v for v in VOCABULARIES if v in wanted):
        events = chords.events(vocabulary)
        n_events[vocabulary] = events.n_events
        meaningful = [m for m in chosen if is_at_least(vocabulary, m.coarsest)]
        for measure in meaningful:
            values[measure.name, vocabulary] = np.full(events.n_tracks, np.nan)

        def work(bounds: tuple[int, int], events=events, meaningful=meaningful, vocabulary=vocabulary) -> None:
            chunk = slice_tracks(events, *bounds)
            for measure in meaningful:
                values[measure.name, vocabulary][slice(*bounds)] = evaluate(measure, chunk, options)

        chunks = list(_cut_chunks(events))
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
    """Score one song.

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
    tables: dict[str, EventTable] = {}
    found = {}
    for measure in chosen:
        used = vocabulary or ("sevenths" if is_at_least("sevenths", measure.coarsest) else measure.coarsest)
        if used not in tables:
            tables[used] = table.events(used)
        found[measure.name] = float(evaluate(measure, tables[used], {"window": window, "reference": reference})[0])
    return pd.Series(found, name=table.track_ids[0], dtype="float64")
