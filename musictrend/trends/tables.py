"""The tables that the trends stage writes: names, order and types of their columns (design.md, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

# "str" is pandas' string type, "Int64" and "boolean" may be missing; everything else is float64.
TREND_COLUMNS: dict[str, str] = {
    "level": "str", "group": "str", "corpus": "str", "measure": "str", "vocabulary": "str", "method": "str",
    "pooling": "str", "slope_per_decade": "float64", "slope_sd_per_decade": "float64", "low": "float64",
    "high": "float64", "p": "float64", "q": "float64", "n_tracks": "Int64", "n_artists": "Int64",
    # beyond the contract
    "facet": "str", "segment": "str", "low_sd": "float64", "high_sd": "float64", "se": "float64", "df": "float64",
    "mdes": "float64", "n_decades": "Int64", "n_genres": "Int64", "n_sources": "Int64",
    "first_year": "Int64", "last_year": "Int64", "label_error_share": "float64", "artist_correlation": "float64",
}  # fmt: skip
CURVE_COLUMNS: dict[str, str] = {
    "level": "str", "group": "str", "measure": "str", "vocabulary": "str", "method": "str", "year": "Int64",
    "estimate": "float64", "low": "float64", "high": "float64", "n": "Int64",
    "corpus": "str", "bandwidth": "float64",
}  # fmt: skip
CONTRAST_COLUMNS: dict[str, str] = {
    "measure": "str", "vocabulary": "str", "method": "str", "pooling": "str", "identification": "str",
    "difference_per_decade": "float64", "difference_sd_per_decade": "float64", "low": "float64", "high": "float64",
    "p": "float64", "q": "float64", "equivalent": "boolean", "mdes": "float64",
    "facet": "str", "pop": "str", "niche": "str", "low_sd": "float64", "high_sd": "float64", "mdes_sd": "float64",
    "se": "float64", "df": "float64", "p_equivalence": "float64", "pop_slope": "float64", "niche_slope": "float64",
    "n_pop": "Int64", "n_niche": "Int64", "n_pop_artists": "Int64", "n_niche_artists": "Int64",
    "n_corpora": "Int64", "tau": "float64", "corpora": "str",
}  # fmt: skip
CHANGEPOINT_COLUMNS: dict[str, str] = {
    "level": "str", "group": "str", "measure": "str", "vocabulary": "str", "method": "str", "year": "Int64",
    "low": "Int64", "high": "Int64", "p": "float64",
    "q": "float64", "corpus": "str", "jump": "float64",
}  # fmt: skip
COVERAGE_COLUMNS: dict[str, str] = {
    "level": "str", "group": "str", "corpus": "str", "segment": "str", "measure": "str", "vocabulary": "str",
    "n_tracks": "Int64", "n_artists": "Int64", "n_decades": "Int64", "first_year": "Int64", "last_year": "Int64",
    "estimated": "bool", "reason": "str", "n_sources": "Int64", "top_artist_share": "float64",
}  # fmt: skip
SPECIFICATION_COLUMNS: dict[str, str] = {
    "target": "str", "group": "str", "measure": "str", "vocabulary": "str", "method": "str", "pooling": "str",
    "min_events": "Int64", "length_term": "bool", "weighting": "str", "identification": "str",
    "estimate": "float64", "estimate_sd": "float64", "low": "float64", "high": "float64",
    "low_sd": "float64", "high_sd": "float64", "p": "float64", "p_equivalence": "float64",
}  # fmt: skip


@dataclass
class TrendTables:
    """What the trends stage found.

    Attributes
    ----------
    trends, curves, contrasts, changepoints : DataFrame
        The tables of design.md, section 5.
    coverage : DataFrame
        One row a group, measure and vocabulary: how many tracks, artists and decades there are, whether a
        slope could be estimated, and if not, why.
    """

    trends: pd.DataFrame
    curves: pd.DataFrame
    contrasts: pd.DataFrame
    changepoints: pd.DataFrame
    coverage: pd.DataFrame

    @classmethod
    def empty(cls) -> TrendTables:
        """Five tables without rows, columns and types in place."""
        return cls(*(conform(None, c) for c in _ALL))


_ALL = (TREND_COLUMNS, CURVE_COLUMNS, CONTRAST_COLUMNS, CHANGEPOINT_COLUMNS, COVERAGE_COLUMNS)


def conform(rows: pd.DataFrame | Mapping | list | None, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table with exactly these columns, in this order and of these types; what is absent is missing.

    Examples
    --------
    >>> conform([{"b": 1}], {"a": "float64", "b": "Int64"}).dtypes.astype(str).tolist()
    ['float64', 'Int64']
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame([] if rows is None else rows)
    parts = {}
    for name, kind in columns.items():
        column = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
        if kind == "float64":
            column = pd.to_numeric(column, errors="coerce").astype("float64")
        elif kind == "bool":
            column = column.fillna(False).astype("bool")
        elif kind == "Int64":
            column = pd.to_numeric(column, errors="coerce").round().astype("Int64")
        else:
            column = column.astype(kind)
        parts[name] = column
    return pd.DataFrame(parts, columns=list(columns)).reset_index(drop=True)


def stack_blocks(blocks: list[dict[str, object]]) -> pd.DataFrame | None:
    """One frame from blocks of columns (arrays of one length, or scalars); None when there are no blocks.

    Many small frames cost pandas far more than the statistics in them: columns are joined as arrays.
    """
    if not blocks:
        return None
    sizes = [max(np.size(v) for v in block.values() if isinstance(v, np.ndarray)) for block in blocks]
    names = dict.fromkeys(name for block in blocks for name in block)
    return pd.DataFrame({
        name: np.concatenate([_broadcast(block.get(name), n) for block, n in zip(blocks, sizes, strict=True)])
        for name in names
    })  # fmt: skip


def _broadcast(value: object, n: int) -> np.ndarray:
    """A column of n rows from an array or a scalar; None is missing."""
    if isinstance(value, np.ndarray):
        return value
    if value is None:
        return np.full(n, np.nan)
    return np.full(n, value, dtype=object if isinstance(value, str) else None)


def sort_rows(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows in the order of their keys, so that equal runs give equal files."""
    return frame.sort_values(keys, kind="stable", na_position="last").reset_index(drop=True)
