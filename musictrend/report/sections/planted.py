"""Planted against recovered: what the recipe put into a synthetic corpus, and what the analysis found
again.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from musictrend.report.blocks import Cell, Prose, Table
from musictrend.report.charts import LOOKS, SHAPES, Bar
from musictrend.report.plates import make_forest, number_cell
from musictrend.report.sections.section import Section
from musictrend.report.selection import choose_vocabulary, count_sides, order_rows, sd_factor, speak
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    capital,
    clean,
    count_decimals,
    count_noun,
    describe_option,
    format_count,
    format_interval,
    is_missing,
)

ROWS = 60


def _build(tables: RunTables) -> list[Any] | None:
    if not tables.planted:
        return None
    found = [(item, *find_recovered(tables, item)) for item in tables.planted[:ROWS]]
    inside = sum(1 for item, row, values in found if row is not None and _holds(item, values))
    recovered = sum(1 for _, row, _ in found if row is not None)
    text = (
        f"{inside} of {count_noun(recovered, 'planted value')} with an estimate lie inside their 95% "
        f"intervals (about {round(0.95 * recovered)} are expected)."
    )
    if recovered < len(found):
        text += f" For {len(found) - recovered} no row of the run gives an estimate; the table names them."
    blocks: list[Any] = [Prose(text, "lead")]
    blocks += _draw(tables, found)
    body = tuple(_row(tables, item, row, values) for item, row, values in found)
    blocks.append(
        Table(
            "planted",
            "Planted against recovered, primary method.",
            (
                "What",
                "Group",
                "Measure",
                "Vocabulary",
                "#Planted",
                "#Recovered",
                "#95% interval",
                "Unit",
                "Inside",
                "#Tracks",
                "Method",
            ),
            body,
            "planted.json, trends.parquet, contrasts.parquet",
            "",
            tables.mark or "SYNTHETIC",
        )
    )
    return blocks


def find_recovered(tables: RunTables, item: dict[str, Any]) -> tuple[pd.Series | None, tuple[float, float, float]]:
    """Return the row that estimates a planted value, and its estimate and interval in the planted unit."""
    group, measure = str(item.get("group", "")), str(item.get("measure", ""))
    what = f"{item.get('what', '')} {group}".lower()
    contrast = "contrast" in what or "difference" in what or "minus" in what or ("pop" in group and "niche" in group)
    if contrast:
        rows, value = tables.contrasts, "difference"
    else:
        rows, value = tables.trends[tables.trends["group"] == group], "slope"
        if item.get("level"):
            rows = rows[rows["level"] == item["level"]]
    rows = rows[(rows["measure"] == measure) & rows[f"{value}_per_decade"].notna()]
    vocabulary = item.get("vocabulary") or choose_vocabulary(tables, measure)
    rows = rows[rows["vocabulary"] == vocabulary] if vocabulary else rows
    for column in ("method", "pooling", "corpus"):
        if item.get(column) and column in rows:
            rows = rows[rows[column] == item[column]]
    own = str(item.get("source_corpus", ""))
    if own and "corpus" in rows and (rows["corpus"] == own).any():
        rows = rows[rows["corpus"] == own]
    rows = order_rows(tables, rows)
    if rows.empty:
        return None, (float("nan"),) * 3
    row = rows.iloc[0]
    in_sd = "sd" in str(item.get("unit", "")).lower() and not speak(tables, measure).is_sd
    factor = sd_factor(row, f"{value}_per_decade", f"{value}_sd_per_decade", rows) if in_sd else 1.0
    return row, tuple(float(row[column]) * factor for column in (f"{value}_per_decade", "low", "high"))  # type: ignore[return-value]


def _holds(item: dict[str, Any], values: tuple[float, float, float]) -> bool:
    """Say whether the interval holds the planted value."""
    planted = item.get("planted")
    return not is_missing(planted) and values[1] <= float(planted) <= values[2]  # type: ignore[arg-type]


def _draw(tables: RunTables, found: list[tuple[dict[str, Any], Any, Any]]) -> list[Any]:
    """Return one forest a measure: the interval and, as an upright stroke, the planted value."""
    figures = []
    measures = sorted({str(item.get("measure")) for item, row, _ in found if row is not None})
    for measure in measures[:4]:
        words = speak(tables, measure)
        factor = 100 if words.is_share else 1
        bars = []
        for item, row, values in found:
            if row is None or item.get("measure") != measure or is_missing(item.get("planted")):
                continue
            group = str(item.get("group", ""))
            segment = group if group in SHAPES else tables.genre_segment.get(group, "other")
            behind = _count_behind(tables, row)
            bars.append(
                Bar(
                    clean(group, 30),
                    values[0] * factor,
                    values[1] * factor,
                    values[2] * factor,
                    n=f"n {behind}" if behind else "",
                    look=LOOKS.get(segment, "plain"),
                    shape=SHAPES.get(segment, "circle"),
                    planted=float(item["planted"]) * factor,
                )
            )
        if bars:
            unit = "percentage points" if words.is_share else words.unit
            held = sum(bar.low <= bar.planted <= bar.high for bar in bars if bar.planted is not None)
            figures.append(
                make_forest(
                    f"planted_{measure}",
                    bars,
                    f"{capital(words.label)}, {unit} a decade".replace("  ", " "),
                    f"Planted and recovered slopes of {words.label}: {held} of {len(bars)} planted values inside.",
                    f"{capital(words.label)}: upright stroke, the planted slope; dot and bar, what was recovered.",
                    "planted.json, trends.parquet",
                    tables.mark or "SYNTHETIC",
                )
            )
    return figures


def _row(tables: RunTables, item: dict[str, Any], row: pd.Series | None, values: tuple[float, float, float]) -> Any:
    """Return a planted value as a row of cells."""
    measure = str(item.get("measure", ""))
    words = speak(tables, measure)
    share = words.is_share and "sd" not in str(item.get("unit", "")).lower()
    factor = 100 if share else 1
    planted = None if is_missing(item.get("planted")) else float(item["planted"]) * factor
    scaled = [value * factor for value in values]
    decimals = count_decimals(*scaled)
    verdict = "no estimate" if row is None else "yes" if _holds(item, values) else "no"
    count = Cell("\N{EN DASH}" if row is None else _count_behind(tables, row) or "not stated")
    return (
        Cell(clean(item.get("what"), 60)),
        Cell(clean(item.get("group"), 40)),
        Cell(words.label),
        Cell(describe_option(item.get("vocabulary"))),
        number_cell(planted, decimals, sign=True),
        number_cell(scaled[0], decimals, sign=True),
        Cell(format_interval(scaled[1], scaled[2], decimals)),
        Cell("pp a decade" if share else clean(item.get("unit"), 40)),
        Cell(verdict, strong=verdict == "no"),
        count,
        Cell("" if row is None else ", ".join(_list_method(row))),
    )


def _count_behind(tables: RunTables, row: pd.Series) -> str:
    """Return the tracks behind a slope, or on both sides of a contrast."""
    if "identification" in row:
        return " + ".join(format_count(side) for side in count_sides(tables, row) if side is not None)
    return "" if is_missing(row.get("n_tracks")) else format_count(row["n_tracks"])


def _list_method(row: pd.Series) -> list[str]:
    """Return the method and pooling of a row in words."""
    return [describe_option(row[column]) for column in ("method", "pooling") if not is_missing(row[column])]


SECTION = Section("planted", "Planted against recovered", _build)
