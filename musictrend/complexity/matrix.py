"""Scores in memory, one array per measure and vocabulary, and the two forms they are written in.

*Tidy*, one row for each track, measure and vocabulary, is what everybody reads. *Wide*, one row a track and a
column ``measure:vocabulary`` for each, is how scores of very many tracks lie on disk: the tidy form of a
million tracks would have a hundred million rows, so it is made for the measures that are asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW, get_measure
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["WIDE_FROM", "ScoreMatrix", "is_wide", "read_scores", "summarise_scores"]

WIDE_FROM = 100_000  # tracks; more are written wide
ROW_GROUP = 100_000  # tracks
MAX_ROWS = 50_000_000  # of a tidy table: about 3 GB
SCHEMA_VERSION = "1"


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

    def select(
        self, measures: Collection[str] | None = None, vocabularies: Collection[str] | None = None
    ) -> ScoreMatrix:
        """The scores of some measures and vocabularies; all of them where None."""
        values = {
            (name, vocabulary): value
            for (name, vocabulary), value in self.values.items()
            if (measures is None or name in measures) and (vocabularies is None or vocabulary in vocabularies)
        }
        return ScoreMatrix(self.track_ids, values, self.n_events, self.window)

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

    def to_arrow(self) -> pa.Table:
        """Wide table: ``track_id``, a column ``measure:vocabulary`` for each, ``n_events:vocabulary``."""
        import pyarrow as pa

        columns = {"track_id": pa.array(self.track_ids, pa.string())}
        columns |= {
            f"{name}:{vocabulary}": pa.array(self.values[name, vocabulary]) for name, vocabulary in sorted(self.values)
        }
        columns |= {f"n_events:{v}": pa.array(count.astype(np.int32)) for v, count in sorted(self.n_events.items())}
        meaning = {"schema_version": SCHEMA_VERSION, "form": "wide", "window": str(self.window)}
        return pa.table(columns).replace_schema_metadata(meaning)

    def write(self, path: Path) -> None:
        """Write the wide form, row group by row group.

        Examples
        --------
        >>> import tempfile
        >>> scores = ScoreMatrix(("a", "b"), {("lz76", "majmin"): np.array([1.0, np.nan])}, {"majmin": np.array([40, 9])})
        >>> path = Path(tempfile.mkdtemp()) / "scores.parquet"
        >>> scores.write(path)
        >>> read_scores(path)[["track_id", "measure", "value", "n_events"]].values.tolist()
        [['a', 'lz76', 1.0, 40], ['b', 'lz76', nan, 9]]
        """
        import pyarrow.parquet as pq

        from musictrend.cache import atomic_path

        table = self.to_arrow()
        # Scores hardly repeat: a dictionary of them only takes time.
        options = {"compression": "zstd", "use_dictionary": False, "store_schema": False}
        with atomic_path(path) as part, pq.ParquetWriter(part, table.schema, **options) as file:
            for start in range(0, max(table.num_rows, 1), ROW_GROUP):
                file.write_table(table.slice(start, ROW_GROUP))
            file.add_key_value_metadata({key.decode(): text for key, text in table.schema.metadata.items()})

    @classmethod
    def from_arrow(cls, table: pa.Table) -> ScoreMatrix:
        """Back from what `to_arrow` made, or from some of its columns."""
        values: dict[tuple[str, str], np.ndarray] = {}
        n_events: dict[str, np.ndarray] = {}
        for column in table.column_names:
            name, _, vocabulary = column.partition(":")
            if name == "n_events":
                n_events[vocabulary] = table.column(column).to_numpy().astype(np.int64)
            elif vocabulary:
                values[name, vocabulary] = table.column(column).to_numpy()
        window = int((table.schema.metadata or {}).get(b"window", WINDOW))
        return cls(tuple(table.column("track_id").to_pylist()), values, n_events, window)


def read_scores(
    path: Path, measures: Collection[str] | None = None, vocabularies: Collection[str] | None = None
) -> pd.DataFrame:
    """Tidy scores from a ``scores.parquet`` of either form; only what is asked for is read.

    Parameters
    ----------
    path : Path
    measures, vocabularies : collection of str, optional
        All of them where None.

    Returns
    -------
    scores : DataFrame
        As `ScoreMatrix.to_frame` gives it.

    Raises
    ------
    ParameterError
        When a tidy table of what is asked for would not fit: ask for less.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        if "measure" in names:  # tidy
            frame = file.read().to_pandas()
            if measures is not None:
                frame = frame[frame["measure"].isin(list(measures))]
            if vocabularies is not None:
                frame = frame[frame["vocabulary"].isin(list(vocabularies))]
            return frame.reset_index(drop=True) if isinstance(frame, pd.DataFrame) else frame
        wanted = [name for name in names if ":" not in name or _is_wanted(name, measures, vocabularies)]
        rows = file.metadata.num_rows * sum(":" in name and not name.startswith("n_events:") for name in wanted)
        if rows > MAX_ROWS:
            raise ParameterError(
                f"{path.name}: {rows:,} rows of scores, at most {MAX_ROWS:,} are made at once; ask for fewer measures or "
                "vocabularies, such as measures=['surprisal'] or --measures core --vocabulary sevenths"
            )
        return ScoreMatrix.from_arrow(file.read(columns=wanted)).to_frame()


def is_wide(path: Path) -> bool:
    """Whether a ``scores.parquet`` is in the wide form."""
    import pyarrow.parquet as pq

    return "measure" not in pq.read_schema(path).names


def summarise_scores(path: Path) -> pd.DataFrame:
    """What a wide ``scores.parquet`` holds: one row for each measure and vocabulary, read one by one.

    Returns
    -------
    summary : DataFrame
        Columns ``measure, facet, vocabulary, n_tracks`` (with a value), ``mean, sd, low, median, high``; low and high
        hold the middle 90% of tracks.
    """
    import pandas as pd
    import pyarrow.parquet as pq

    rows = []
    with pq.ParquetFile(path) as file:
        columns = [name for name in file.schema_arrow.names if ":" in name and not name.startswith("n_events:")]
        for column in columns:
            name, _, vocabulary = column.partition(":")
            value = file.read(columns=[column]).column(0).to_numpy()
            value = value[~np.isnan(value)]
            low, median, high = np.quantile(value, [0.05, 0.5, 0.95]) if len(value) else [np.nan] * 3
            rows.append({
                "measure": name, "facet": get_measure(name).facet, "vocabulary": vocabulary, "n_tracks": len(value),
                "mean": value.mean() if len(value) else np.nan, "sd": value.std() if len(value) else np.nan,
                "low": low, "median": median, "high": high,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _is_wanted(column: str, measures: Collection[str] | None, vocabularies: Collection[str] | None) -> bool:
    name, _, vocabulary = column.partition(":")
    known = measures is None or name in measures or name == "n_events"
    return known and (vocabularies is None or vocabulary in vocabularies)
