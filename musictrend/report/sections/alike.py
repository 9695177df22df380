"""Between songs: whether the songs of a decade sound more alike, which no score of single songs can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from musictrend.report.blocks import Cell, Figure, Grid, Prose, Table
from musictrend.report.charts import LOOKS, Frame, Series, draw_curves
from musictrend.report.plates import PANEL, count_cell, cut_rows, file_name, number_cell
from musictrend.report.sections.section import Section
from musictrend.report.tables import RunTables
from musictrend.report.words import clean, describe_option, is_missing, join_words

WORDS = {
    # measure: label, decimals, whether it is a share
    "pair_distance": ("distance of two songs (0 to 1)", 3, False),
    "effective_songs": ("effective songs among 20", 1, False),
    "centroid_distance": ("distance to the mean song (0 to 1)", 3, False),
    "top_ten_share": ("songs that use one of the ten commonest progressions", 0, True),
}
INTRODUCTION = (
    "Does everything sound the same? That is a claim about sets of songs. Each song is the chord changes of its first "
    "window, key left out; a decade's songs are compared two by two, always as many and one an artist, so "
    "that a decade with more songs does not look more varied. Distances and effective songs fall, and the share of "
    "the commonest progressions rises, when songs grow alike."
)


def _build(tables: RunTables) -> list[Any] | None:
    rows = tables.diversity[tables.diversity["span"] == 10]
    if rows.empty:
        return None
    years = tables.diversity.loc[tables.diversity["span"] == 1, ["level", "group", "corpus", "year"]].drop_duplicates()
    level = "segment" if (rows["level"] == "segment").any() else "corpus"
    drawn = rows[rows["level"] == level]
    figures = [figure for measure in WORDS if (figure := _draw(tables, drawn, level, measure)) is not None]
    blocks: list[Any] = [Prose(INTRODUCTION)]
    if figures:
        blocks.append(Grid(tuple(figures)))
    else:
        blocks.append(Prose("No group has two decades with 30 artists each: there is no line to draw.", "note"))
    if len(years):
        blocks.append(
            Prose(f"Single years with 30 artists or more ({len(years)} cells) are in diversity.parquet.", "note")
        )
    blocks.append(_tabulate(tables, rows))
    return blocks


def _draw(tables: RunTables, rows: pd.DataFrame, level: str, measure: str) -> Figure | None:
    """Return one measure's lines by decade: a line a group and corpus, at most four."""
    rows = rows[rows["measure"] == measure]
    several = rows["corpus"].nunique() > 1 and level == "segment"
    series: list[Series] = []
    groups: list[str] = []
    sizes = rows.groupby(["group", "corpus"])["n_tracks"].sum().sort_values(ascending=False, kind="stable")
    for group, corpus in list(sizes.index):
        line = rows[(rows["group"] == group) & (rows["corpus"] == corpus)].sort_values("year")
        if len(line) < 2 or len(series) == 4:
            continue
        name = f"{group}, {corpus}" if several else str(group)
        columns = [line[c].to_numpy(float) for c in ("value", "low", "high", "n_tracks")]
        look = LOOKS.get(str(group), "other") if level == "segment" else "other"
        series.append(Series(clean(name, 18), look, line["year"].to_numpy(float) + 5, *columns))
        groups.append(str(group))
    if not series:
        return None
    label, decimals, is_share = WORDS[measure]
    mark = tables.mark_of(level, groups)
    ends = "; ".join(
        f"{one.name}: {_say(one.estimate[0], decimals, is_share)} in the {int(one.years[0]) - 5}s, "
        f"{_say(one.estimate[-1], decimals, is_share)} in the {int(one.years[-1]) - 5}s"
        for one in series
    )
    alt = f"{label} by decade, {join_words([one.name for one in series])}, with 95% bands. {ends}."
    frame = Frame(PANEL, 236 + 15 * len(series), label, is_share, mark)
    return Figure(
        file_name("alike", level, measure), alt, "", draw_curves(series, frame, alt),
        source=f"diversity.parquet: {measure}, {level}", mark=mark,
    )  # fmt: skip


def _tabulate(tables: RunTables, rows: pd.DataFrame) -> Table:
    """Return every cell as a row, folded away."""
    keys = ["level", "group", "corpus", "year", "vocabulary"]
    wide = rows.pivot_table(index=[*keys, "n_tracks", "n_artists"], columns="measure", values="value", observed=True)
    wide, note = cut_rows(wide.reset_index().sort_values(keys, kind="stable"), 200, "diversity.parquet")
    body = tuple(
        (
            Cell(clean(row["group"], 40)),
            Cell(clean(row["corpus"], 40)),
            Cell(f"{int(row['year'])}s", float(row["year"])),
            *(_cell(row.get(measure), decimals, is_share) for measure, (_, decimals, is_share) in WORDS.items()),
            count_cell(row["n_tracks"]),
            count_cell(row["n_artists"]),
        )
        for _, row in wide.iterrows()
    )
    vocabulary = describe_option(rows["vocabulary"].iloc[0])
    return Table(
        "alike",
        f"Diversity between songs by decade, in sets of 20 songs. Vocabulary: {vocabulary}.",
        ("Group", "Corpus", "Decade", "#Pair distance", "#Effective songs", "#Centroid distance", "#Top ten", "#Songs",
         "#Artists"),
        body,
        "diversity.parquet",
        note,
        tables.mark,
        folded=f"Every group and decade ({len(body)} rows)",
    )  # fmt: skip


def _cell(value: object, decimals: int, is_share: bool) -> Cell:
    if is_missing(value):
        return number_cell(np.nan)
    return Cell(_say(float(value), decimals, is_share), float(value))  # type: ignore[arg-type]


def _say(value: float, decimals: int, is_share: bool) -> str:
    return f"{100 * value:.0f}%" if is_share else f"{value:.{decimals}f}"


SECTION = Section("alike", "Between songs", _build)
