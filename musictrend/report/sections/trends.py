"""Trends: pop against niche over the years, for the composite, its facets and the main measures."""

from __future__ import annotations

from typing import Any

import pandas as pd

from musictrend.report.blocks import Cell, Grid, Heading, Prose, Table
from musictrend.report.plates import count_cell, cut_rows, make_curves, trend_table
from musictrend.report.sections.section import Section, say_missing
from musictrend.report.selection import (
    choose_vocabulary,
    explain_no_contrast,
    list_measures,
    list_segments,
    order_rows,
    rank,
    select_curve,
    speak,
)
from musictrend.report.tables import RunTables
from musictrend.report.words import clean, describe_option, format_p, is_missing

PANELS, LONG = 12, 200


def _build(tables: RunTables) -> list[Any]:
    blocks: list[Any] = []
    level, groups = choose_groups(tables)
    measures = list_measures(tables)
    if groups and explain_no_contrast(tables):
        blocks.append(Prose(explain_no_contrast(tables), "note"))
    figures = [
        figure
        for place, measure in enumerate(measures)
        if (figure := make_curves(tables, level, groups, measure, wide=place == 0)) is not None
    ]
    if not figures:
        blocks.append(say_missing(tables, "curves.parquet", "There is no curve to draw."))
    else:
        blocks.append(
            Prose(
                "Lines: the estimate by year. Bands: 95% intervals. Under each plot: how many tracks "
                "stand behind each stretch of years. Triangles with bars over a plot: changepoints and their "
                "intervals."
            )
        )
        if _leaves_range(tables, level, groups):
            blocks.append(Prose(ADJUSTED, "note"))
        blocks.append(figures[0])
        if figures[1:]:
            blocks.append(Heading("Facets and main measures"))
            blocks.append(Grid(tuple(figures[1 : PANELS + 1])))
        if len(figures) > PANELS + 1:
            blocks.append(Prose(f"{len(figures) - PANELS - 1} more measures have curves in curves.parquet.", "note"))
    blocks += _list_slopes(tables, level, groups, measures)
    changes = _list_changes(tables)
    return blocks + changes


ADJUSTED = (
    "The lines are brought to the same mix of sources and lengths. Where corpora hardly overlap in years this carries "
    "them beyond what was observed, for shares even below 0% or above 100%: read their course, not their level."
)


def _leaves_range(tables: RunTables, level: str, groups: list[str]) -> bool:
    """Say whether a line of a share leaves 0 to 1."""
    for measure in list_measures(tables)[: PANELS + 1]:
        if speak(tables, measure).is_share:
            for group in groups:
                curve = select_curve(tables, level, group, measure, choose_vocabulary(tables, measure))
                if len(curve) and (curve["estimate"].min() < 0 or curve["estimate"].max() > 1):
                    return True
    return False


def choose_groups(tables: RunTables) -> tuple[str, list[str]]:
    """Return the groups that are drawn together: the segments, or else the corpora."""
    drawn = tables.curves if len(tables.curves) else tables.trends
    segments = [
        name for name in list_segments(tables) if ((drawn["level"] == "segment") & (drawn["group"] == name)).any()
    ]
    known = sorted({str(name) for name in drawn[drawn["level"] == "segment"]["group"].dropna().unique()})
    segments += [name for name in known if name not in segments]
    if segments:
        return "segment", segments[:4]
    corpora = sorted({str(name) for name in drawn[drawn["level"] == "corpus"]["group"].dropna().unique()})
    return "corpus", corpora[:4]


def _list_slopes(tables: RunTables, level: str, groups: list[str], measures: list[str]) -> list[Any]:
    """Return the slopes: one row a group and measure by the primary method, and all specifications folded
    away.
    """
    rows = tables.trends[(tables.trends["level"] == level) & tables.trends["group"].isin(groups)]
    if rows.empty:
        return [say_missing(tables, "trends.parquet", "There is no slope to list.")]
    order = rows.assign(
        _measure=rank(rows["measure"], measures), _group=rank(rows["group"], groups), _place=range(len(rows))
    )
    vocabularies = {measure: choose_vocabulary(tables, measure) for measure in measures}
    primary = order[order["vocabulary"] == order["measure"].map(vocabularies)]
    primary = (
        order_rows(tables, primary)
        .drop_duplicates(["group", "measure"])
        .sort_values(["_measure", "_group"], kind="stable")
    )
    mark = tables.mark_of(level, groups)
    main = primary[primary["_measure"] < PANELS + 1]
    blocks: list[Any] = [
        Heading("Slopes"),
        trend_table(tables, main, "slopes", "Slopes of the main measures, primary method.", mark),
    ]
    if len(primary) > len(main):
        title = "Slopes of all measures, primary method"
        shown = primary.head(LONG)
        folded = f"{title} ({len(shown)} rows)"
        blocks.append(trend_table(tables, shown, "slopes-measures", f"{title}.", mark, folded))
    every = order_rows(tables, order).sort_values(["_measure", "_group"], kind="stable")
    if len(every) > len(primary):
        every, note = cut_rows(every, LONG, "trends.parquet")
        blocks.append(
            trend_table(
                tables,
                every,
                "slopes-all",
                "Slopes by every method, pooling and vocabulary.",
                mark,
                folded=f"Every method, pooling and vocabulary ({len(every)} rows)",
            )
        )
        blocks += [Prose(note, "note")] if note else []
    return blocks


def _list_changes(tables: RunTables) -> list[Any]:
    """Return the changepoints as a table, folded away."""
    rows = tables.changepoints[tables.changepoints["year"].notna()]
    if rows.empty:
        return [say_missing(tables, "changepoints.parquet", "No changepoint is stated.")]
    rows, note = cut_rows(
        rows.sort_values(["p", "measure", "group", "year"], kind="stable"), 60, "changepoints.parquet"
    )
    body = tuple(_change_row(tables, row) for _, row in rows.iterrows())
    table = Table(
        "changepoints",
        "Changepoints: years in which a series takes another course.",
        ("Group", "Measure", "Vocabulary", "Method", "#Year", "#95% interval", "#p"),
        body,
        "changepoints.parquet",
        note,
        tables.mark,
        folded=f"Changepoints ({len(body)})",
    )
    return [table]


def _change_row(tables: RunTables, row: pd.Series) -> tuple[Cell, ...]:
    """Return a changepoint as a row of cells."""
    interval = "\N{EN DASH}" if is_missing(row["low"]) else f"{int(row['low'])} to {int(row['high'])}"
    return (
        Cell(clean(row["group"], 40)),
        Cell(speak(tables, str(row["measure"])).label),
        Cell(describe_option(row["vocabulary"])),
        Cell(describe_option(row["method"])),
        count_cell(row["year"]),
        Cell(interval),
        Cell(format_p(row["p"]), None if is_missing(row["p"]) else float(row["p"])),
    )


SECTION = Section("trends", "Trends", _build)
