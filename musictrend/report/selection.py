"""Which rows speak first: the primary method, pooling and vocabulary, and the measures in order of worth.

The preferences are fixed here, before any result is looked at; every other row is in the tables of the run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from musictrend.report.tables import RunTables
from musictrend.report.words import FACETS, HEADLINE, MeasureWords, describe_measure, is_missing

METHODS = ("cluster_ols", "mixed", "theil_sen")
POOLINGS = ("equal_genre", "standardised", "pooled")
VOCABULARIES = ("sevenths", "full", "triads", "majmin", "root")
SEGMENTS = ("pop", "niche", "other")


def rank(values: pd.Series, order: Sequence[str]) -> pd.Series:
    """Return each value's place in an order of preference; unknown values come last."""
    places = {name: place for place, name in enumerate(order)}
    return values.map(lambda value: places.get(value, len(order))).astype("int64")


def order_methods(tables: RunTables) -> tuple[str, ...]:
    """Return the methods, the one that the run's claims rest on first."""
    stated = [str(claim["method"]) for claim in tables.claims if claim.get("method")]
    first = max(sorted(set(stated)), key=stated.count) if stated else METHODS[0]
    return (first, *(name for name in METHODS if name != first))


def order_rows(tables: RunTables, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the primary specification first, of equal ones that over all corpora, or with most
    tracks.
    """
    keys = pd.DataFrame(index=rows.index)
    orders = (
        ("method", order_methods(tables)),
        ("pooling", POOLINGS),
        ("vocabulary", VOCABULARIES),
        ("corpus", ("all",)),
    )
    for column, order in orders:
        if column in rows:
            keys[column] = rank(rows[column], order)
    if "n_tracks" in rows:
        keys["n_tracks"] = -rows["n_tracks"].fillna(0)
    return (
        rows.loc[keys.sort_values([str(name) for name in keys], kind="stable").index]
        if len(rows) and len(keys.columns)
        else rows
    )


def choose_vocabulary(tables: RunTables, measure: str) -> str | None:
    """Return the vocabulary that speaks for a measure: the run's own choice, else the finest that all share.

    A contrast or trend at that vocabulary must exist; ``None`` when the measure has no rows at all.
    """
    known = tables.vocabularies.get(measure, [])
    present = {name for names in known for name in names}
    config = tables.run.get("config") if isinstance(tables.run.get("config"), dict) else {}
    for key in ("primary_vocabulary", "main_vocabulary", "vocabulary"):
        stated = config.get(key)  # type: ignore[union-attr]
        if isinstance(stated, str) and stated in present:
            return stated
    for names in known:  # the table that decides first: a contrast outranks a trend
        for name in (*VOCABULARIES, *names):
            if name in names:
                return name
    return None


def list_measures(tables: RunTables) -> list[str]:
    """Return every measure that has a trend, a curve or a contrast: headline ones first, then by facet."""
    names: set[str] = set()
    for table in (tables.trends, tables.curves, tables.contrasts):
        names.update(str(value) for value in table["measure"].dropna().unique())
    first = [name for name in HEADLINE if name in names]
    places = {facet: place for place, facet in enumerate(FACETS)}
    rest = sorted(names.difference(first), key=lambda name: (places.get(speak(tables, name).facet, len(FACETS)), name))
    return first + rest


def speak(tables: RunTables, measure: str) -> MeasureWords:
    """Return how a measure is spoken in this run."""
    return describe_measure(measure, tables.measures)


def list_segments(tables: RunTables) -> list[str]:
    """Return the segments that usable tracks have: pop, niche, other, then any others by name."""
    present = {str(value) for value in tables.usable["segment"].dropna().unique()}
    return [name for name in SEGMENTS if name in present] + sorted(present.difference(SEGMENTS))


def select_trend(
    tables: RunTables, level: str, group: str, measure: str, *, pooling: str | None = None
) -> pd.Series | None:
    """Return the primary trend of a group, or nothing."""
    rows = tables.trends
    rows = rows[(rows["level"] == level) & (rows["group"] == group) & (rows["measure"] == measure)]
    if pooling is not None:
        rows = rows[rows["pooling"] == pooling]
    rows = rows[rows["vocabulary"] == choose_vocabulary(tables, measure)]
    rows = order_rows(tables, rows[rows["slope_per_decade"].notna()])
    return rows.iloc[0] if len(rows) else None


def select_contrast(tables: RunTables, measure: str) -> pd.Series | None:
    """Return the primary contrast of a measure (pop minus niche), or nothing."""
    rows = tables.contrasts
    rows = rows[(rows["measure"] == measure) & (rows["vocabulary"] == choose_vocabulary(tables, measure))]
    rows = order_rows(tables, rows[rows["difference_per_decade"].notna()])
    return rows.iloc[0] if len(rows) else None


def select_curve(tables: RunTables, level: str, group: str, measure: str, vocabulary: str | None) -> pd.DataFrame:
    """Return one group's curve by year: of several (by method or corpus) the one with most tracks behind
    it.
    """
    rows = tables.curves_by_group.get((level, group, measure), tables.curves.iloc[:0])
    if vocabulary is not None:
        rows = rows[rows["vocabulary"] == vocabulary]
    rows = rows[rows["estimate"].notna() & rows["year"].notna()]
    if rows.empty:
        return rows
    corpus = rows["corpus"].astype("object").fillna("") if "corpus" in rows else pd.Series("", index=rows.index)
    keys = [rows["method"].astype("object").fillna(""), corpus]
    sizes = rows["n"].fillna(0).groupby(keys, sort=True).sum()
    method, name = sizes.index[int(np.argmax(sizes.to_numpy()))]  # equal ones: the first by name
    rows = rows[(keys[0] == method) & (keys[1] == name)]
    return rows.sort_values("year").drop_duplicates("year")


def count_sides(tables: RunTables, row: pd.Series) -> tuple[float | None, float | None]:
    """Return how many pop and niche tracks a contrast rests on: as its row states, else as the two trends
    do.
    """
    counts = []
    for side in ("pop", "niche"):
        count = row.get(f"n_{side}")
        if is_missing(count):
            trends = tables.trends
            same = (trends["level"] == "segment") & (trends["group"] == side)
            for column in ("measure", "vocabulary", "method"):
                same &= trends[column] == row[column]
            known = trends[same.fillna(False)]["n_tracks"].dropna()
            count = known.max() if len(known) else None
        counts.append(None if is_missing(count) else float(count))  # type: ignore[arg-type]
    return counts[0], counts[1]


def sd_factor(row: pd.Series, value: str, value_sd: str, table: pd.DataFrame) -> float:
    """Return SD units per unit of the measure, from the row or from another of the same measure and
    vocabulary.
    """
    same = table[(table["measure"] == row["measure"]) & (table["vocabulary"] == row["vocabulary"])]
    for candidate in (pd.DataFrame([row]), same):
        known = candidate[candidate[value].abs() > 1e-12]
        ratio = (known[value_sd] / known[value]).replace([np.inf, -np.inf], np.nan).dropna()
        ratio = ratio[ratio > 0]
        if len(ratio):
            return float(ratio.iloc[0])
    return float("nan")


def read_bound(tables: RunTables) -> float:
    """Return the equivalence bound in SD a decade that the run states, else the registered 0.10."""
    config = tables.run.get("config") if isinstance(tables.run.get("config"), dict) else {}
    for source in (config, tables.run):
        for key in ("sesoi", "sesoi_sd", "sesoi_sd_per_decade", "equivalence", "equivalence_bound"):
            value = source.get(key)  # type: ignore[union-attr]
            if isinstance(value, (int, float)) and not is_missing(value) and value > 0:
                return float(value)
    return 0.10


def explain_no_contrast(tables: RunTables) -> str:
    """Return why there is no contrast of pop against niche; empty when there is one."""
    if len(tables.contrasts):
        return ""
    segments = list_segments(tables)
    if not segments:
        return "No usable track carries a segment, so there is nothing to contrast."
    missing = [name for name in ("pop", "niche") if name not in segments]
    counts = ", ".join(f"{int((tables.usable['segment'] == name).sum())} {name}" for name in segments)
    if missing:
        sides = " and no ".join(missing)
        return (
            f"There is no contrast: by the corpus' own rule its tracks are {counts}, so it has no {sides} "
            "side. A corpus of one side alone has trends, never a contrast."
        )
    reason = tables.missing.get("contrasts.parquet")
    return f"There is no contrast in this run ({counts}): " + (
        f"contrasts.parquet: {reason}." if reason else "contrasts.parquet holds no rows."
    )
