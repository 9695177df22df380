"""Genres side by side, and what pooling them would hide: Simpson's paradox said in a sentence with both
figures.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from musictrend.report.blocks import Figure, Grid, Heading, Points, Prose
from musictrend.report.plates import (
    file_name,
    make_bar,
    make_curves,
    make_forest,
    make_series,
    share_range,
    slope_axis,
    trend_table,
)
from musictrend.report.sections.section import Section, say_missing
from musictrend.report.selection import (
    choose_vocabulary,
    list_measures,
    list_segments,
    order_rows,
    speak,
)
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    MeasureWords,
    capital,
    clean,
    count_noun,
    describe_change,
    describe_option,
    say_direction,
)

FORESTS, ROWS, PANELS, PARADOXES = 3, 40, 12, 8


def _build(tables: RunTables) -> list[Any]:
    trends = tables.trends[tables.trends["level"] == "genre"]
    if trends.empty:
        return [
            say_missing(
                tables,
                "trends.parquet" if tables.trends.empty else "trends.parquet (level genre)",
                "No genre has a slope of its own.",
            )
        ]
    blocks: list[Any] = _say_paradoxes(tables)
    measures = [name for name in list_measures(tables) if (trends["measure"] == name).any()]
    for measure in measures[:FORESTS]:
        figure = _draw_genres(tables, measure)
        if figure is not None:
            blocks.append(figure)
    figures = _draw_panels(tables, measures)
    if figures:
        blocks.append(Heading("One plot a genre"))
        blocks.append(Grid(tuple(figures)))
    rows = pd.concat([_primary_rows(tables, measure) for measure in measures])
    shown = rows.head(240)
    note = "" if len(shown) == len(rows) else f" The first {len(shown)} of {len(rows)} rows; all are in trends.parquet."
    blocks.append(
        trend_table(
            tables,
            shown,
            "genre-slopes",
            f"Slopes inside genres.{note}",
            tables.mark_of("genre", list(rows["group"])),
            folded=f"Slopes of all genres ({count_noun(len(shown), 'row')})",
        )
    )
    return blocks


def find_paradoxes(tables: RunTables) -> list[tuple[bool, str]]:
    """Return each group and measure for which the pooled slope and the slope inside genres disagree.

    They disagree when their intervals lie on opposite sides of zero (``True``: Simpson's paradox proper),
    when
    only one of them excludes zero and the other does not hold its estimate, or when the two do not meet.

    Returns
    -------
    found : list of (bool, str)
        Reversals first; the sentence has both figures.
    """
    found = []
    rows = tables.trends[tables.trends["level"].isin(["segment", "corpus"])]
    rows = order_rows(tables, rows[rows["pooling"].isin(["pooled", "equal_genre"])])
    by_cell = dict(list(rows.groupby(["measure", "level", "group"], sort=False)))
    groups = sorted({key[1:] for key in by_cell}, key=lambda item: (item[0] != "segment", item))
    segments = list_segments(tables)
    for measure in list_measures(tables):
        words, vocabulary = speak(tables, measure), choose_vocabulary(tables, measure)
        for level, group in groups:
            part = by_cell.get((measure, level, group))
            if part is None or (level == "corpus" and group in segments):
                continue
            part = part[part["vocabulary"] == vocabulary]
            for _, same in part.groupby("method", sort=False):
                pooled, inside = same[same["pooling"] == "pooled"], same[same["pooling"] == "equal_genre"]
                if len(pooled) and len(inside):
                    first, second = pooled.iloc[0], inside.iloc[0]
                    if _disagree(first, second):
                        reverse = {say_direction(row["low"], row["high"]) for row in (first, second)} == {
                            "rose",
                            "fell",
                        }
                        name = f"all of {group}" if level == "corpus" else str(group)
                        found.append((reverse, level, _say_paradox(name, words, first, second)))
                    break  # the first method that has both speaks
    found.sort(key=lambda item: (not item[0], item[1] != "segment"))
    return [(reverse, sentence) for reverse, _, sentence in found]


def _say_paradoxes(tables: RunTables) -> list[Any]:
    """Return what pooling would hide, with both figures for each measure."""
    found = find_paradoxes(tables)
    if not found:
        if (tables.trends["pooling"] == "pooled").any():
            return [
                Prose(
                    "Pooled slopes and slopes inside genres tell the same story for every measure here.",
                    "note",
                )
            ]
        return []
    reversals = sum(1 for reversal, _ in found if reversal)
    paradox = f" In {count_noun(reversals, 'case')} the sign turns over: Simpson's paradox." if reversals else ""
    shown = [sentence for _, sentence in found[:PARADOXES]]
    more = f" {len(found) - PARADOXES} more are in trends.parquet." if len(found) > PARADOXES else ""
    return [
        Prose(
            "Pooling all tracks tells another story than the genres do one by one, because the mix of "
            f"genres changed over the years.{paradox} Claims rest on the slopes inside genres.{more}",
            "warning",
        ),
        Points(tuple(shown)),
    ]


def _disagree(pooled: pd.Series, inside: pd.Series) -> bool:
    """Say whether pooling changes the story."""
    first, second = (say_direction(row["low"], row["high"]) for row in (pooled, inside))
    if "no interval" in (first, second):
        return False
    if {first, second} == {"rose", "fell"}:
        return True
    apart = pooled["low"] > inside["high"] or inside["low"] > pooled["high"]
    if first == second:
        return bool(apart)
    clear, vague = (pooled, inside) if first != "no clear change" else (inside, pooled)
    return bool(apart or not vague["low"] <= clear["slope_per_decade"] <= vague["high"])


def _say_paradox(group: str, words: MeasureWords, pooled: pd.Series, inside: pd.Series) -> str:
    """Return the sentence, with both figures."""
    verbs = {"rose": "rises", "fell": "falls", "no clear change": "shows no clear change"}
    (first, first_figures), (second, second_figures) = [
        (
            verbs[say_direction(row["low"], row["high"])],
            "{}, 95% interval {}".format(*describe_change(row["slope_per_decade"], row["low"], row["high"], words)),
        )
        for row in (pooled, inside)
    ]
    tracks = "" if pd.isna(pooled["n_tracks"]) else f" ({count_noun(pooled['n_tracks'], 'track')})"
    but = "it also" if first == second else "it"
    return (
        f"{capital(clean(group, 40))}, {words.label}{tracks}: pooled it {first} ({first_figures}); "
        f"inside its genres {but} {second} ({second_figures})."
    )


def _primary_rows(tables: RunTables, measure: str) -> pd.DataFrame:
    """Return one row a genre (and corpus, where a genre is in several): the primary method, steepest rise
    first.
    """
    rows = tables.trends
    rows = rows[(rows["level"] == "genre") & (rows["measure"] == measure) & rows["slope_per_decade"].notna()]
    rows = order_rows(tables, rows[rows["vocabulary"] == choose_vocabulary(tables, measure)])
    rows = rows.drop_duplicates(["group", "corpus"])
    # Where a genre has a slope over all corpora, that one stands for it; those inside each corpus are in the file.
    whole = set(rows[rows["corpus"] == "all"]["group"])
    rows = rows[(rows["corpus"] == "all") | ~rows["group"].isin(whole)]
    return rows.sort_values(["slope_per_decade", "group"], ascending=[False, True], kind="stable")


def _draw_genres(tables: RunTables, measure: str) -> Figure | None:
    """Return the slopes of all genres as one forest."""
    rows = _primary_rows(tables, measure)
    if rows.empty:
        return None
    total = len(rows)
    if total > ROWS:
        rows = rows.loc[rows["n_tracks"].fillna(0).nlargest(ROWS).index]
        rows = rows.sort_values(["slope_per_decade", "group"], ascending=[False, True], kind="stable")
    words = speak(tables, measure)
    twice = rows["group"].duplicated(keep=False)
    factor = 100.0 if words.is_share else 1.0
    bars = []
    for (_, row), several in zip(rows.iterrows(), twice, strict=True):
        segment = tables.genre_segment.get(str(row["group"]), "other")
        name = f"{row['group']} ({row['corpus']})" if several and not pd.isna(row["corpus"]) else str(row["group"])
        side = f" \N{MIDDLE DOT} {segment}" if segment in ("pop", "niche") and segment != name else ""
        bars.append(make_bar(row, clean(name, 30) + side, segment, factor=factor))
    steepest = "; ".join(f"{bar.label} {bar.estimate:.3g}" for bar in (bars[0], bars[-1]))
    cut = "" if total == len(rows) else f" The {ROWS} genres with most tracks of {total}."
    mark = tables.mark_of("genre", [str(name) for name in rows["group"]])
    return make_forest(
        file_name("genres", measure),
        bars,
        f"{capital(words.label)}, {slope_axis(words)}",
        f"Slope of {words.label} inside each of {len(bars)} genres, with 95% intervals. Ends: {steepest}.",
        f"{capital(words.label)}: slope inside each genre, {describe_option(choose_vocabulary(tables, measure))}.{cut}",
        f"trends.parquet: measure {measure}, level genre",
        mark,
    )


def _draw_panels(tables: RunTables, measures: list[str]) -> list[Figure]:
    """Return one small plot a genre for the first measure, on one scale of years, largest genres first."""
    if not measures:
        return []
    rows = _primary_rows(tables, measures[0]).drop_duplicates("group")
    rows = rows.sort_values(["n_tracks", "group"], ascending=[False, True], kind="stable").head(PANELS)
    curves = tables.curves[(tables.curves["level"] == "genre") & tables.curves["group"].isin(rows["group"])]
    if curves.empty:
        return []
    years = (float(curves["year"].min()), float(curves["year"].max()))
    series = [make_series(tables, "genre", str(name), measures[0]) for name in rows["group"]]
    values = share_range([one for one in series if one is not None])
    figures = []
    for name in rows["group"]:
        words = speak(tables, measures[0])
        title = f"{clean(name, 30)}: {words.label}"
        figure = make_curves(
            tables,
            "genre",
            [str(name)],
            measures[0],
            title=title,
            years=years if years[0] < years[1] else None,
            values=values,
        )
        figures += [figure] if figure is not None else []
    return figures


SECTION = Section("genres", "Genres side by side", _build)
