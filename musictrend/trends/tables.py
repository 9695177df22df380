"""The tables that the trends stage writes: names, order and types of their columns (design.md, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_WORDS = """level group corpus segment measure vocabulary facet method pooling identification pop niche
    corpora reason target weighting kind next_move basis"""
_NUMBERS = """year first_year last_year n n_tracks n_artists n_decades n_genres n_sources n_pop n_niche
    n_pop_artists n_niche_artists n_corpora min_events"""
_KINDS = dict.fromkeys(_WORDS.split(), "str") | dict.fromkeys(_NUMBERS.split(), "Int64")
_KINDS |= {"equivalent": "boolean", "estimated": "bool", "length_term": "bool", "testable": "bool"}


def typed_columns(contract: str, beyond: str = "", **exceptions: str) -> dict[str, str]:
    """Columns with their types, those of the contract first: text, counts that may be missing, else floats.

    >>> typed_columns("group n_tracks", "se")
    {'group': 'str', 'n_tracks': 'Int64', 'se': 'float64'}
    """
    names = [*contract.split(), *beyond.split()]
    return {name: exceptions.get(name, _KINDS.get(name, "float64")) for name in names}


TREND_COLUMNS = typed_columns(
    """level group corpus measure vocabulary method pooling slope_per_decade slope_sd_per_decade low high p q
    n_tracks n_artists""",
    """facet segment low_sd high_sd se df mdes n_decades n_genres n_sources first_year last_year
    label_error_share artist_correlation""",
)
CURVE_COLUMNS = typed_columns(
    "level group measure vocabulary method year estimate low high n",
    "corpus bandwidth",
)
CONTRAST_COLUMNS = typed_columns(
    """measure vocabulary method pooling identification difference_per_decade difference_sd_per_decade
    low high p q equivalent mdes""",
    """facet pop niche low_sd high_sd mdes_sd se df p_equivalence pop_slope niche_slope n_pop n_niche
    n_pop_artists n_niche_artists n_corpora tau corpora""",
)
CHANGEPOINT_COLUMNS = typed_columns(
    "level group measure vocabulary method year low high p",
    "q corpus jump",
    low="Int64",
    high="Int64",
)
COVERAGE_COLUMNS = typed_columns(
    """level group corpus segment measure vocabulary n_tracks n_artists n_decades first_year last_year
    estimated reason n_sources top_artist_share"""
)
SPECIFICATION_COLUMNS = typed_columns(
    """target group measure vocabulary method pooling min_events length_term weighting identification estimate
    estimate_sd low high low_sd high_sd p p_equivalence"""
)
POWER_COLUMNS = typed_columns(
    """kind level group corpus identification n_tracks n_artists n_decades first_year last_year mdes_sd
    testable reason next_move basis"""
)


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
        column: Any = frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="object")
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
