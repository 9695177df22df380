"""What generative feedback would do: simulated fans joined to the observed past, and how good a hindcast
was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from musictrend.report.blocks import Badge, Cell, Figure, Fold, Grid, Heading, Points, Prose, Table
from musictrend.report.charts import LOOKS, Fan, Frame, Series, draw_fan
from musictrend.report.plates import (
    PANEL,
    axis_words,
    count_cell,
    cut_rows,
    file_name,
    make_series,
    number_cell,
)
from musictrend.report.sections.section import Section, say_missing
from musictrend.report.selection import SEGMENTS, rank, speak
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    HEADLINE,
    capital,
    clean,
    count_decimals,
    count_noun,
    describe_verdict,
    format_interval,
    format_number,
    format_percent,
    is_missing,
    join_words,
)

QUANTITIES, OPEN, SCENARIOS = 6, 2, 6
NO_HINDCAST = "No hindcast score of this quantity is in the run: read the fans as arithmetic, not as a forecast."
WORLD = (
    "tail_mass",
    "transition_hill1",
    "duplicate_rate",
    "discoverability",
    "share_of_plays",
    "heldout_cross_entropy",
    "founding_surprisal",
    "transition_entropy",
    "novel_mass",
    "gini_plays",
    "supply_share",
)
"""Quantities of the world that are no measures of a track, in the order in which they are worth showing."""

BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)


def _build(tables: RunTables) -> list[Any]:
    badge = Badge(
        "Simulated",
        "Nothing below has happened. It follows from stated rules, run forward from the last years.",
    )
    if tables.simulation.empty:
        return [badge, say_missing(tables, "simulation.parquet", "No feedback world was run.")]
    rows = tables.simulation[tables.simulation["value"].notna() & tables.simulation["year"].notna()]
    quantities = list_quantities(rows)
    scenarios = list_scenarios(rows)
    seeds = rows.groupby("scenario")[["run", "seed"]].apply(lambda part: len(part.drop_duplicates()))
    runs = f"{int(seeds.min())}" if seeds.min() == seeds.max() else f"{int(seeds.min())} to {int(seeds.max())}"
    blocks: list[Any] = [
        badge,
        Prose(
            f"{count_noun(len(scenarios), 'scenario')}, {runs} runs of each. Solid: what was observed. "
            "Broken, on tinted ground: the median of the simulated runs, with half of them in the darker "
            "band and nine in ten in the paler one. A simulated claim has no p-value: it holds in a "
            "share of the parameter box."
        ),
        Prose(
            "The observed line holds source and genre mix fixed, the simulated one counts the world's songs "
            "as they come: the two need not meet, and only changes compare.",
            "note",
        ),
    ]
    blocks += _say_hindcast(tables)
    claims = _say_claims(tables)
    blocks += [Points(tuple(claims))] if claims else []
    for place, quantity in enumerate(quantities[:QUANTITIES]):
        figures = _draw_quantity(tables, rows[rows["quantity"] == quantity], quantity, scenarios[:SCENARIOS])
        title = axis_words(speak(tables, quantity))
        shown = [Prose(hindcast_score(tables, quantity) or NO_HINDCAST, "note"), Grid(tuple(figures))]
        if figures:
            blocks += [Heading(title), *shown] if place < OPEN else [Fold(title, tuple(shown))]
    left = len(quantities) - QUANTITIES
    more = [f"{left} more quantities"] if left > 0 else []
    more += [f"{len(scenarios) - SCENARIOS} more scenarios"] if len(scenarios) > SCENARIOS else []
    if more:
        blocks.append(Prose(f"{capital(join_words(more))} are in the table and in simulation.parquet.", "note"))
    return [*blocks, _tabulate(tables, rows, quantities)]


def list_scenarios(rows: pd.DataFrame) -> list[str]:
    """Return the scenarios: those without a generator first, then by name."""
    names = {str(name) for name in rows["scenario"].dropna().unique()}
    peopled = {str(name) for name in rows[rows["origin"] == "generator"]["scenario"].dropna().unique()}
    return sorted(names, key=lambda name: (name in peopled, name))


def _name_scenario(name: object) -> str:
    """Return a scenario's name as words."""
    return clean(str(name).replace("_", " "), 40)


def list_quantities(rows: pd.DataFrame) -> list[str]:
    """Return the quantities in order of worth: headline measures, then what is the world's own, then the
    rest.
    """
    names = {str(name) for name in rows["quantity"].dropna().unique()}
    first = [name for name in (*HEADLINE[:4], *WORLD, *HEADLINE[4:]) if name in names]
    return first + sorted(names.difference(first))


def make_fan(rows: pd.DataFrame, name: str, look: str) -> Fan:
    """Return median, 50% and 90% of the runs by year."""
    bands = rows.groupby("year")["value"].quantile(np.array(BANDS)).unstack().sort_index()
    columns = [bands[band].to_numpy(dtype=float) for band in BANDS]
    return Fan(
        name,
        look,
        bands.index.to_numpy(dtype=float),
        columns[2],
        columns[1],
        columns[3],
        columns[0],
        columns[4],
    )


def _draw_quantity(tables: RunTables, rows: pd.DataFrame, quantity: str, scenarios: list[str]) -> list[Figure]:
    """Return one plot a scenario and segment, on one scale of years and values."""
    segments = [name for name in SEGMENTS if (rows["segment"] == name).any()]
    segments += sorted({str(name) for name in rows["segment"].dropna().unique()}.difference(segments))
    pasts = {segment: _past(tables, quantity, segment) for segment in segments}
    plots = []
    for scenario in scenarios:
        for segment in segments:
            part = rows[(rows["scenario"] == scenario) & (rows["segment"] == segment)]
            origins = [name for name in ("human", "generator") if (part["origin"] == name).any()]
            origins += sorted({str(name) for name in part["origin"].dropna().unique()}.difference(origins))
            fans = [
                make_fan(
                    part[part["origin"] == origin],
                    clean(origin, 14),
                    "gen" if origin == "generator" else LOOKS.get(segment, "other"),
                )
                for origin in origins
            ]
            if fans:
                plots.append((scenario, segment, fans))
    if not plots:
        return []
    years, values = _shared_range([fan for _, _, fans in plots for fan in fans], [one for one in pasts.values() if one])
    words = speak(tables, quantity)
    figures = []
    for scenario, segment, fans in plots:
        past = pasts[segment]
        label = (
            f"Simulated {words.label}, scenario {_name_scenario(scenario)}, {segment}. "
            + " ".join(_say_fan(fan) for fan in fans)
            + (" The observed past is joined on the left." if past else " No observed past of this quantity.")
        )
        title = f"{_name_scenario(scenario)} \N{MIDDLE DOT} {clean(segment, 12)}"
        frame = Frame(PANEL, 238, title, words.is_share, tables.mark, years, values=values, right=82)
        figures.append(
            Figure(
                file_name("fan", quantity, scenario, segment),
                label,
                "",
                draw_fan([past] if past else [], fans, frame, label),
                None,
                f"simulation.parquet: {quantity}",
                tables.mark,
            )
        )
    return figures


def _past(tables: RunTables, quantity: str, segment: str) -> Series | None:
    """Return the observed curve of a quantity that is a measure, the last 40 years of it at most."""
    series = make_series(tables, "segment", segment, quantity)
    if series is None:
        return None
    keep = series.years >= series.years.max() - 40
    columns = [getattr(series, name)[keep] for name in ("years", "estimate", "low", "high", "n")]
    return Series("", series.look, *columns)


def _shared_range(fans: list[Fan], pasts: list[Series]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the years and values that all plots of a quantity share."""
    years = np.concatenate([fan.years for fan in fans] + [one.years for one in pasts])
    values = np.concatenate([np.concatenate([fan.low90, fan.high90]) for fan in fans] + [one.estimate for one in pasts])
    values = values[np.isfinite(values)]
    room = 0.06 * (values.max() - values.min() or 1.0)
    span = (float(years.min()), float(years.max()))
    return (span if span[0] < span[1] else (span[0] - 1, span[1] + 1)), (
        values.min() - room,
        values.max() + room,
    )


def _say_fan(fan: Fan) -> str:
    """Return where a fan starts and ends."""
    decimals = count_decimals(fan.low90[-1], fan.high90[-1])
    return (
        f"{fan.name}: {format_number(fan.median[0], decimals)} in {int(fan.years[0])}, "
        f"{format_number(fan.median[-1], decimals)} (90% "
        f"{format_interval(fan.low90[-1], fan.high90[-1], decimals)}) "
        f"in {int(fan.years[-1])}."
    )


def hindcast_score(tables: RunTables, quantity: str) -> str:
    """Return a quantity's hindcast score in words, segment by segment; empty where there is none.

    Reads the columns ``quantity, segment, observed, predicted, covered, bias, no_change_bias`` as far as
    they are
    there.
    """
    rows = tables.hindcast
    if "quantity" not in rows or not (rows["quantity"] == quantity).any():
        return ""
    words = speak(tables, quantity)
    factor, unit = (100, " percentage points") if words.is_share else (1, f" {words.unit}".rstrip())
    said = []
    for segment, part in rows[rows["quantity"] == quantity].groupby("segment", dropna=False, sort=True):
        parts = []
        if "covered" in part:
            parts.append(
                f"{int(part['covered'].fillna(False).astype(bool).sum())} of "
                f"{count_noun(len(part), 'decade mean')} "
                "inside the 95% interval"
            )
        if "bias" in part and part["bias"].notna().any():
            bias = float(part["bias"].mean()) * factor
            parts.append(f"mean error {format_number(bias, sign=True)}{unit}")
        if "no_change_bias" in part and "bias" in part:
            better = int((part["bias"].abs() < part["no_change_bias"].abs()).sum())
            parts.append(f"nearer than a forecast of no change in {better} of {len(part)}")
        if parts:
            said.append(f"{clean(segment, 20)}: {', '.join(parts)}")
    return f"Hindcast, {'; '.join(said)}." if said else ""


def _say_hindcast(tables: RunTables) -> list[Any]:
    """Return what a hindcast is, or that there is none."""
    if tables.hindcast.empty:
        return [
            Prose(
                "No hindcast is in this run (hindcast.parquet): how well this world would have foretold "
                "the known past is not shown, so nothing here is a forecast.",
                "warning",
            )
        ]
    text = (
        "Hindcast: the world was fitted before a cut-off year, run forward without generators, and scored "
        "against what really happened."
    )
    rows = tables.hindcast
    if "covered" in rows:
        inside = int(rows["covered"].fillna(False).astype(bool).sum())
        means = count_noun(len(rows), "observed decade mean")
        text += f" Over all quantities {inside} of {means} lie inside the 95% interval."
    if {"bias", "no_change_bias"} <= set(rows.columns):
        better = int((rows["bias"].abs() < rows["no_change_bias"].abs()).sum())
        text += f" In {better} of {len(rows)} the world came nearer than a forecast of no change."
    return [Prose(text, "note")]


def _say_claims(tables: RunTables) -> list[str]:
    """Return each simulated claim as a share of the parameter box."""
    said = []
    for claim in tables.claims:
        if claim.get("kind") == "simulated":
            share = claim.get("robustness")
            held = "a share that is not stated" if is_missing(share) else format_percent(share)
            said.append(
                f"{describe_verdict(claim.get('verdict')).word}: {clean(claim.get('sentence'), 300)} "
                f"Holds in {held} of the parameter box."
            )
    return said


def _tabulate(tables: RunTables, rows: pd.DataFrame, quantities: list[str]) -> Table:
    """Return the first and last simulated year of every scenario, segment, origin and quantity."""
    keys = ["quantity", "scenario", "segment", "origin"]
    first = rows.groupby(keys, dropna=False)["year"].transform("min")
    last = rows.groupby(keys, dropna=False)["year"].transform("max")
    start = rows[rows["year"] == first].groupby(keys, dropna=False)["value"].median()
    end = (
        rows[rows["year"] == last].groupby(keys, dropna=False)["value"].quantile(np.array([0.05, 0.5, 0.95])).unstack()
    )
    table = end.assign(start=start, n=rows[rows["year"] == last].groupby(keys, dropna=False).size()).reset_index()
    table = table.assign(_order=rank(table["quantity"], quantities)).sort_values(["_order", *keys[1:]], kind="stable")
    table, note = cut_rows(table, 160, "simulation.parquet")
    body = []
    for _, row in table.iterrows():
        decimals = count_decimals(row[0.05], row[0.95])
        body.append(
            (
                Cell(speak(tables, str(row["quantity"])).label),
                Cell(_name_scenario(row["scenario"])),
                Cell(clean(row["segment"], 20)),
                Cell(clean(row["origin"], 20)),
                number_cell(row["start"], decimals),
                number_cell(row[0.5], decimals),
                Cell(format_interval(row[0.05], row[0.95], decimals), float(row[0.05])),
                number_cell(row[0.5] - row["start"], decimals, sign=True),
                count_cell(row["n"]),
            )
        )
    years = f"{int(rows['year'].min())} and {int(rows['year'].max())}"
    return Table(
        "simulation",
        f"Simulated: first and last year ({years}) by scenario.",
        (
            "Quantity",
            "Scenario",
            "Segment",
            "Origin",
            "#First median",
            "#Last median",
            "#90% of runs",
            "#Change",
            "#Runs",
        ),
        tuple(body),
        "simulation.parquet",
        note,
        tables.mark,
        folded=f"Simulated start and end ({count_noun(len(body), 'row')})",
    )


SECTION = Section("feedback", "Generative feedback", _build)
