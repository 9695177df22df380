"""Figures and tables of the page, assembled from rows of the run: every one names its file and its
denominators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from musictrend.report.blocks import Cell, Figure, Table
from musictrend.report.charts import LOOKS, SHAPES, Bar, Frame, Series, draw_curves, draw_forest
from musictrend.report.selection import choose_vocabulary, sd_factor, select_curve, speak
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    MeasureWords,
    capital,
    clean,
    count_decimals,
    describe_option,
    format_count,
    format_interval,
    format_number,
    format_p,
    is_missing,
    join_words,
)

WIDE, NARROW, PANEL = 760, 372, 372


def make_series(
    tables: RunTables, level: str, group: str, measure: str, name: str = "", look: str = ""
) -> Series | None:
    """Return one group's curve, ready to draw; nothing where the run has none."""
    rows = select_curve(tables, level, group, measure, choose_vocabulary(tables, measure))
    if rows.empty:
        return None
    segment = group if level == "segment" else tables.genre_segment.get(group, "other")
    columns = [rows[column].to_numpy(dtype=float) for column in ("year", "estimate", "low", "high", "n")]
    return Series(clean(name or group, 18), look or LOOKS.get(segment, "other"), *columns)


def make_curves(
    tables: RunTables,
    level: str,
    groups: Sequence[str],
    measure: str,
    *,
    wide: bool = False,
    title: str = "",
    years: tuple[float, float] | None = None,
    values: tuple[float, float] | None = None,
) -> Figure | None:
    """Return a figure of one measure's curves, with a band and the number of tracks under each."""
    alone = bool(title)  # the title names the only series
    found = [(group, make_series(tables, level, group, measure)) for group in groups]
    series = [one for _, one in found if one is not None]
    shown = [group for group, one in found if one is not None]
    if not series:
        return None
    words = speak(tables, measure)
    vocabulary = choose_vocabulary(tables, measure)
    mark = tables.mark_of(level, shown)
    changes = _find_changes(tables, level, shown, measure, vocabulary)
    ends = "; ".join(_say_ends(one, words) for one in series)
    series = [replace(one, name="") for one in series] if alone else series
    label = f"{words.label} by year, {join_words(shown)}, with 95% bands. {ends}."
    axis = title or axis_words(words)
    frame = Frame(WIDE, 380, axis, words.is_share, mark, years, changes, values)
    panel = Frame(PANEL, 236 + 15 * len(series), axis, words.is_share, mark, years, changes, values)
    caption = f"{capital(words.label)}. Vocabulary: {describe_option(vocabulary)}." if wide else ""
    figure = Figure(
        name=file_name("curve", level, *(shown if level == "genre" else []), measure),
        alt=label,
        caption=caption.strip(),
        wide=draw_curves(series, frame if wide else panel, label),
        narrow=draw_curves(series, panel, label) if wide else None,
        source=f"curves.parquet: {measure}, {vocabulary}, {level}",
        mark=mark,
    )
    return figure


def make_forest(
    name: str,
    bars: Sequence[Bar],
    axis: str,
    alt: str,
    caption: str,
    source: str,
    mark: str,
    bound: float | None = None,
    percent: bool = False,
    margin: str = "tracks",
) -> Figure:
    """Return a figure of intervals in rows, in a wide and a narrow version."""

    def draw(width: int) -> Markup:
        return draw_forest(bars, width, axis, alt, mark=mark, bound=bound, percent=percent, margin=margin)

    return Figure(name, alt, caption, draw(WIDE), draw(NARROW), source, mark)


def make_bar(row: pd.Series, label: str, look: str, value: str = "slope_per_decade", factor: float = 1.0) -> Bar:
    """Return a row of trends or contrasts as a bar, its numbers multiplied by ``factor``."""
    tracks = row.get("n_tracks")
    return Bar(
        label=label,
        estimate=float(row[value]) * factor,
        low=float(row["low"]) * factor,
        high=float(row["high"]) * factor,
        n="" if is_missing(tracks) else f"n {format_count(tracks)}",
        look=LOOKS.get(look, "plain"),
        shape=SHAPES.get(look, "circle"),
    )


def trend_table(tables: RunTables, rows: pd.DataFrame, name: str, caption: str, mark: str, folded: str = "") -> Table:
    """Return slopes as a table: natural units, SD units, interval, p, q and both denominators."""
    body = []
    for _, row in rows.iterrows():
        words = speak(tables, str(row["measure"]))
        factor = 100 if words.is_share else 1
        scaled = [row[column] * factor for column in ("slope_per_decade", "low", "high")]
        decimals = count_decimals(*scaled)
        slope_sd = row["slope_sd_per_decade"]
        body.append(
            (
                Cell(clean(row["group"], 40)),
                Cell(label_with_unit(words)),
                Cell(describe_option(row["vocabulary"])),
                Cell(describe_option(row["method"])),
                Cell(describe_option(row["pooling"])),
                number_cell(scaled[0], decimals, sign=True, strong=bool(row["low"] > 0 or row["high"] < 0)),
                Cell(format_interval(scaled[1], scaled[2], decimals), _sortable(scaled[1])),
                number_cell(slope_sd, 2, sign=True),
                Cell(format_p(row["p"]), _sortable(row["p"])),
                Cell(format_p(row["q"]), _sortable(row["q"])),
                count_cell(row["n_tracks"]),
                count_cell(row["n_artists"]),
            )
        )
    return drop_constant(
        Table(
            name,
            caption,
            (
                "Group",
                "Measure",
                "Vocabulary",
                "Method",
                "Pooling",
                "#Slope a decade",
                "#95% interval",
                "#SD a decade",
                "#p",
                "#q",
                "#Tracks",
                "#Artists",
            ),
            tuple(body),
            "trends.parquet",
            "Bold: the interval excludes zero. pp: percentage points.",
            mark,
            folded,
        )
    )


def drop_constant(table: Table) -> Table:
    """Return the table without its columns of options that are the same in every row; the caption names
    them.
    """
    options = ("Vocabulary", "Method", "Pooling", "Identified")
    fixed = {
        place: _cell_text(table.rows[0][place])
        for place, column in enumerate(table.columns)
        if column in options and len(table.rows) > 1 and len({_cell_text(row[place]) for row in table.rows}) == 1
    }
    if not fixed:
        return table
    said = [f"{table.columns[place].lower()} {text}" for place, text in fixed.items() if text != "not stated"]
    caption = f"{table.caption.rstrip('.')}: {', '.join(said)}." if said else table.caption
    return replace(
        table,
        caption=caption,
        columns=tuple(column for place, column in enumerate(table.columns) if place not in fixed),
        rows=tuple(tuple(cell for place, cell in enumerate(row) if place not in fixed) for row in table.rows),
    )


def drop_empty(table: Table) -> Table:
    """Return the table without the columns in which no row says anything."""
    kept = [place for place in range(len(table.columns)) if any(_cell_text(row[place]) for row in table.rows)]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in table.rows),
    )


def number_cell(value: object, decimals: int | None = None, sign: bool = False, strong: bool = False) -> Cell:
    """Return a number as a cell that sorts."""
    return Cell(format_number(value, decimals, sign), _sortable(value), strong=strong)


def count_cell(value: object) -> Cell:
    """Return a count as a cell that sorts."""
    return Cell(format_count(value), _sortable(value))


def axis_words(words: MeasureWords) -> str:
    """Return an axis title: the measure and its unit."""
    unit = "%" if words.is_share else words.unit
    return f"{capital(words.label)}{f' ({unit})' if unit else ''}"


def label_with_unit(words: MeasureWords) -> str:
    """Return a measure with the unit of its slopes, for a table."""
    unit = "pp" if words.is_share else words.unit
    return f"{words.label} ({unit})" if unit else words.label


def slope_axis(words: MeasureWords) -> str:
    """Return the axis title of slopes."""
    unit = "percentage points" if words.is_share else words.unit or "unit of the measure"
    return f"{unit} a decade"


def contrast_in_sd(row: pd.Series, table: pd.DataFrame) -> tuple[float, float, float]:
    """Return a contrast and its interval in SD a decade, NaN where the scale is unknown."""
    if not is_missing(row.get("low_sd")) and not is_missing(row["difference_sd_per_decade"]):
        return tuple(float(row[column]) for column in ("difference_sd_per_decade", "low_sd", "high_sd"))  # type: ignore[return-value]
    scale = sd_factor(row, "difference_per_decade", "difference_sd_per_decade", table)
    return tuple(float(row[column]) * scale for column in ("difference_per_decade", "low", "high"))  # type: ignore[return-value]


def file_name(*parts: str) -> str:
    """Return a plain file name made of words, whatever strangers called their genres."""
    kept = ["".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in part) for part in parts]
    return "_".join(part.strip("-")[:40] or "x" for part in kept)


def share_range(series: Sequence[Series]) -> tuple[float, float] | None:
    """Return the values that several plots share: all lines whole, and the bands as far as most of them
    reach.
    """
    if not series:
        return None
    lines = np.concatenate([one.estimate[np.isfinite(one.estimate)] for one in series])
    lows, highs = (np.concatenate([getattr(one, side) for one in series]) for side in ("low", "high"))
    lows, highs = lows[np.isfinite(lows)], highs[np.isfinite(highs)]
    low = min(lines.min(), float(np.quantile(lows, 0.1)) if len(lows) else lines.min())
    high = max(lines.max(), float(np.quantile(highs, 0.9)) if len(highs) else lines.max())
    room = 0.05 * (high - low or 1.0)
    return low - room, high + room


def cut_rows(rows: pd.DataFrame, limit: int, where: str) -> tuple[pd.DataFrame, str]:
    """Return at most ``limit`` rows and the words that say where the others are."""
    if len(rows) <= limit:
        return rows, ""
    return rows.head(limit), f"{limit} of {format_count(len(rows))} rows; all of them are in {where}."


def shade_counts(values: np.ndarray) -> Callable[[float], int]:
    """Return a function that gives each count its step of a five-step heat scale (0 for none)."""
    most = float(np.nanmax(values)) if values.size and np.isfinite(values).any() else 0.0
    return lambda value: 0 if not value or most <= 0 else max(1, min(5, int(np.ceil(5 * np.sqrt(value / most)))))


def _find_changes(
    tables: RunTables, level: str, groups: Sequence[str], measure: str, vocabulary: str | None
) -> tuple[tuple[str, float, float, float], ...]:
    """Return the changepoints of the groups shown: look, year and interval; four at most."""
    rows = tables.changepoints
    rows = rows[(rows["level"] == level) & rows["group"].isin(groups) & (rows["measure"] == measure)]
    rows = rows[rows["year"].notna()]
    if vocabulary is not None:
        rows = rows[rows["vocabulary"] == vocabulary]
    if len(rows):
        rows = rows[rows["method"] == rows["method"].iloc[0]]
    found = []
    for _, row in rows.sort_values(["group", "year"], kind="stable").head(4).iterrows():
        segment = row["group"] if level == "segment" else tables.genre_segment.get(row["group"], "other")
        low = row["year"] if is_missing(row["low"]) else row["low"]
        high = row["year"] if is_missing(row["high"]) else row["high"]
        found.append((LOOKS.get(segment, "other"), float(row["year"]), float(low), float(high)))
    return tuple(found)


def _say_ends(series: Series, words: MeasureWords) -> str:
    """Return where a curve starts and ends, in words."""
    good = np.flatnonzero(np.isfinite(series.estimate))
    first, last = int(good[0]), int(good[-1])
    factor = 100 if words.is_share else 1
    unit = "%" if words.is_share else f" {words.unit}".rstrip()
    values = [series.estimate[place] * factor for place in (first, last)]
    decimals = count_decimals(*values)
    return (
        f"{series.name}: {format_number(values[0], decimals)}{unit} in {int(series.years[first])}, "
        f"{format_number(values[1], decimals)}{unit} in {int(series.years[last])}, "
        f"{format_count(np.nansum(series.n))} tracks"
    )


def _cell_text(cell: Cell | str) -> str:
    """Return what a cell says."""
    return cell if isinstance(cell, str) else cell.text


def _sortable(value: object) -> float | None:
    """Return what a cell sorts by."""
    return None if is_missing(value) else float(value)  # type: ignore[arg-type]
