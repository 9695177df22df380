"""Pop minus niche, by every method, pooling and vocabulary: does the answer hang on a choice?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from musictrend.report.blocks import Cell, Figure, Prose, Table
from musictrend.report.charts import Bar
from musictrend.report.plates import (
    contrast_in_sd,
    count_cell,
    cut_rows,
    drop_constant,
    file_name,
    label_with_unit,
    make_forest,
    number_cell,
)
from musictrend.report.sections.section import Section
from musictrend.report.selection import (
    count_sides,
    explain_no_contrast,
    list_measures,
    order_rows,
    read_bound,
    select_contrast,
    speak,
)
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    capital,
    count_decimals,
    count_noun,
    describe_option,
    format_interval,
    format_number,
    format_p,
    format_percent,
    is_missing,
    say_direction,
)

SPECIFICATIONS, ROWS = 36, 200


def _build(tables: RunTables) -> list[Any]:
    if tables.contrasts.empty:
        return [Prose(explain_no_contrast(tables), "missing")]
    measures = [name for name in list_measures(tables) if (tables.contrasts["measure"] == name).any()]
    bound = read_bound(tables)
    blocks: list[Any] = [
        Prose(
            "Every row is the slope of pop minus the slope of niche. Left of zero, pop lost ground to "
            f"niche. The shaded strip holds differences below {format_number(bound, 2)} SD a decade, "
            "fixed beforehand as too small to matter."
        )
    ]
    if (tables.contrasts["identification"] == "between_corpora").all():
        blocks.append(
            Prose(
                "Pop and niche come from different corpora throughout, so a difference between them may "
                "be a difference between collections. Such a contrast alone never supports or "
                "contradicts a claim.",
                "warning",
            )
        )
    everywhere = _draw_measures(tables, measures, bound)
    blocks += [everywhere] if everywhere else []
    specifications = _draw_specifications(tables, measures[0], bound)
    blocks += [Prose(_say_agreement(tables, measures[0])), specifications] if specifications else []
    return [*blocks, _tabulate(tables, measures)]


def _draw_measures(tables: RunTables, measures: list[str], bound: float) -> Figure | None:
    """Return all measures at their primary specification, in SD units."""
    bars = []
    for measure in measures[:SPECIFICATIONS]:
        row = select_contrast(tables, measure)
        if row is not None:
            values = contrast_in_sd(row, tables.contrasts)
            if not is_missing(values[0]):
                bars.append(
                    Bar(
                        speak(tables, measure).label,
                        *values,
                        n=say_sides(tables, row),
                        strong=measure == "composite",
                    )
                )
    if not bars:
        return None
    clear = [bar.label for bar in bars if bar.low > 0 or bar.high < 0]
    return make_forest(
        "contrast_measures",
        bars,
        "SD a decade, pop minus niche",
        f"Pop minus niche for {len(bars)} measures in SD a decade, with 95% intervals; "
        f"{len(clear)} exclude zero{': ' + ', '.join(clear) if clear else ''}.",
        "Pop minus niche by measure, primary specification of each, SD units of the frozen reference.",
        "contrasts.parquet: difference_sd_per_decade",
        tables.mark_of("segment", ["pop", "niche"]),
        bound,
    )


def _draw_specifications(tables: RunTables, measure: str, bound: float) -> Figure | None:
    """Return one measure at every specification, from the steepest fall to the steepest rise."""
    rows = tables.contrasts[tables.contrasts["measure"] == measure]
    rows = rows[rows["difference_per_decade"].notna()].sort_values(
        ["difference_sd_per_decade", "method", "pooling", "vocabulary"], kind="stable"
    )
    if len(rows) < 2:
        return None
    primary = select_contrast(tables, measure)
    bars = []
    for _, row in rows.head(SPECIFICATIONS).iterrows():
        label = " \N{MIDDLE DOT} ".join(_short(row[column]) for column in ("method", "pooling", "vocabulary"))
        values = contrast_in_sd(row, tables.contrasts)
        bars.append(
            Bar(
                label,
                *values,
                n=say_sides(tables, row),
                strong=primary is not None and row.name == primary.name,
            )
        )
    words = speak(tables, measure)
    return make_forest(
        file_name("specifications", measure),
        bars,
        "SD a decade, pop minus niche",
        f"Pop minus niche in {words.label} by {len(bars)} specifications, from {bars[0].estimate:.2f} to "
        f"{bars[-1].estimate:.2f} SD a decade.",
        f"{capital(words.label)}: every specification. Bold: the primary one.",
        f"contrasts.parquet: measure {measure}",
        tables.mark_of("segment", ["pop", "niche"]),
        bound,
    )


def say_sides(tables: RunTables, row: pd.Series) -> str:
    """Return the tracks on both sides, for the margin of a figure."""
    pop, niche = count_sides(tables, row)
    return "" if pop is None or niche is None else f"n {int(pop)}+{int(niche)}"


def _say_agreement(tables: RunTables, measure: str) -> str:
    """Return how many specifications agree with the primary one, in a sentence."""
    rows = tables.contrasts[tables.contrasts["measure"] == measure]
    rows = rows[rows["difference_per_decade"].notna()]
    primary = select_contrast(tables, measure)
    words = speak(tables, measure)
    if primary is None:
        return ""
    directions = [say_direction(low, high) for low, high in zip(rows["low"], rows["high"], strict=True)]
    counts = {word: directions.count(word) for word in ("fell", "rose", "no clear change")}
    same = int(((rows["difference_per_decade"] > 0) == (primary["difference_per_decade"] > 0)).sum())
    return (
        f"Of {count_noun(len(rows), 'specification')} of {words.label}, "
        f"{format_percent(same / len(rows))} have the primary one's sign; in {counts['fell']} pop clearly "
        f"lost ground to niche, in {counts['rose']} it clearly gained, in {counts['no clear change']} the "
        "interval holds zero."
    )


def _tabulate(tables: RunTables, measures: list[str]) -> Table:
    """Return the contrasts as a table: the primary row of each measure first, then all others."""
    rows = tables.contrasts.assign(
        _measure=tables.contrasts["measure"].map({name: i for i, name in enumerate(measures)})
    )
    rows = order_rows(tables, rows).sort_values("_measure", kind="stable")
    rows, note = cut_rows(rows, ROWS, "contrasts.parquet")
    body = []
    for _, row in rows.iterrows():
        words = speak(tables, str(row["measure"]))
        factor = 100 if words.is_share else 1
        scaled = [row[column] * factor for column in ("difference_per_decade", "low", "high")]
        decimals = count_decimals(*scaled)
        equivalent = "not stated" if is_missing(row["equivalent"]) else "yes" if row["equivalent"] else "no"
        body.append(
            (
                Cell(label_with_unit(words)),
                Cell(describe_option(row["vocabulary"])),
                Cell(describe_option(row["method"])),
                Cell(describe_option(row["pooling"])),
                number_cell(scaled[0], decimals, sign=True, strong=bool(row["low"] > 0 or row["high"] < 0)),
                Cell(
                    format_interval(scaled[1], scaled[2], decimals),
                    None if is_missing(scaled[1]) else scaled[1],
                ),
                number_cell(row["difference_sd_per_decade"], 2, sign=True),
                Cell(format_p(row["p"]), None if is_missing(row["p"]) else float(row["p"])),
                Cell(format_p(row["q"]), None if is_missing(row["q"]) else float(row["q"])),
                Cell(equivalent),
                number_cell(None if is_missing(row["mdes"]) else row["mdes"] * factor, decimals),
                *(count_cell(count) for count in count_sides(tables, row)),
                Cell(describe_option(row["identification"])),
            )
        )
    return drop_constant(
        Table(
            "contrasts",
            "Pop minus niche, by measure, vocabulary, method and pooling.",
            (
                "Measure",
                "Vocabulary",
                "Method",
                "Pooling",
                "#Difference a decade",
                "#95% interval",
                "#SD a decade",
                "#p",
                "#q",
                "Equivalent",
                "#Smallest seen",
                "#Pop tracks",
                "#Niche tracks",
                "Identified",
            ),
            tuple(body),
            "contrasts.parquet",
            "Bold: the interval excludes zero. Smallest seen: the difference found with 80% power. pp: "
            "percentage points. " + note,
            tables.mark_of("segment", ["pop", "niche"]),
            folded=f"All contrasts ({count_noun(len(body), 'row')})",
        )
    )


def _short(value: object) -> str:
    """Return an option in a word or two, for the margin of a figure."""
    short = {
        "mixed": "mixed",
        "cluster_ols": "OLS",
        "theil_sen": "Theil\N{EN DASH}Sen",
        "equal_genre": "equal genres",
        "standardised": "fixed mix",
        "majmin": "maj/min",
    }
    return "" if is_missing(value) else short.get(str(value), str(value).replace("_", " "))


SECTION = Section("contrasts", "Pop minus niche", _build)
