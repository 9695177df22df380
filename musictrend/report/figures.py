"""The pictures of the page as matplotlib figures, for a notebook or a paper.

matplotlib is imported when a figure is asked for, without pyplot: nothing global is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musictrend.errors import ParameterError
from musictrend.report.words import describe_measure, describe_option, format_count, is_missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "pop": "#0b5a9d",
    "niche": "#b3420a",
    "other": "#2b6a4b",
    "human": "#0b5a9d",
    "generator": "#74398a",
}
_CYCLE = ("#0b5a9d", "#b3420a", "#2b6a4b", "#74398a", "#7a5200", "#5c5b55")
_MARKERS = {"pop": "s", "niche": "o", "other": "D"}


def plot_trend(
    curves: pd.DataFrame,
    measure: str | None = None,
    *,
    groups: Sequence[str] | None = None,
    vocabulary: str | None = None,
    title: str = "",
    synthetic: bool = False,
) -> Figure:
    """Plot curves by year with 95% bands, and the tracks behind each decade under them.

    Parameters
    ----------
    curves : DataFrame
        Rows of ``curves.parquet``: ``group, measure, vocabulary, method, year, estimate, low, high, n``.
    measure : str, optional
        By default the first measure of the table.
    groups : sequence of str, optional
        By default all groups, six at most.
    vocabulary : str, optional
        By default the first that the measure has.
    title : str
    synthetic : bool
        Writes SYNTHETIC across the figure.

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        When no row matches.
    """
    name = measure or (str(curves["measure"].iloc[0]) if len(curves) else "")
    rows = curves[curves["measure"] == name]
    if vocabulary is None and len(rows):
        vocabulary = rows["vocabulary"].iloc[0]
    rows = rows[rows["vocabulary"] == vocabulary] if not is_missing(vocabulary) else rows
    wanted = list(groups) if groups is not None else sorted(rows["group"].dropna().unique(), key=_group_key)[:6]
    rows = rows[rows["group"].isin(wanted)]
    if rows.empty:
        raise ParameterError(f"measure={name!r}, groups={wanted!r}: curves has no such rows; give names that it has")
    rows = rows[rows["method"] == rows["method"].iloc[0]] if rows["method"].notna().any() else rows
    words = describe_measure(name)
    figure, axes = _new_figure(7.4, 4.6)
    factor = 100 if words.is_share else 1
    for place, group in enumerate(wanted):
        part = rows[rows["group"] == group].sort_values("year")
        if part.empty:
            continue
        colour = COLOURS.get(group, _CYCLE[place % len(_CYCLE)])
        year, line, low, high = (part[key].to_numpy(dtype=float) for key in ("year", "estimate", "low", "high"))
        axes.fill_between(year, low * factor, high * factor, color=colour, alpha=0.17, linewidth=0)
        axes.plot(year, line * factor, color=colour, linewidth=2, gid=f"line-{place}")
        axes.annotate(
            str(group),
            (year[-1], line[-1] * factor),
            (6, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
            parse_math=False,
        )
        decades = part["n"].groupby(part["year"] // 10 * 10).sum()
        for decade, count in decades.items():
            axes.annotate(
                format_count(count),
                (float(decade) + 4.5, 0),
                (0, -32 - 12 * place),
                annotation_clip=False,  # type: ignore[arg-type]
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                color=colour,
                ha="center",
                fontsize=8,
            )
    axes.annotate(
        "tracks",
        (0, 0),
        (-34, -32),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=8,
        color="#5c5b55",
    )
    unit = "% of chords" if words.is_share else words.unit
    axes.set_ylabel(f"{words.label}{f' ({unit})' if unit else ''}")
    axes.set_title(title or f"{words.label}, {describe_option(vocabulary)}, 95% bands", loc="left", parse_math=False)
    return _finish(figure, axes, synthetic)


def plot_contrast(
    table: pd.DataFrame, *, bound: float | None = 0.10, title: str = "", synthetic: bool = False
) -> Figure:
    """Plot contrasts (pop minus niche) as intervals around zero, in SD a decade.

    Parameters
    ----------
    table : DataFrame
        Rows of ``contrasts.parquet``; intervals come from ``low_sd, high_sd`` where they are there, else from
        ``low, high`` scaled as the difference is.
    bound : float, optional
        Shades differences too small to matter; ``None`` for no shade.
    title : str
    synthetic : bool

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        When the table has no row with a difference.
    """
    rows = table[table["difference_per_decade"].notna()].reset_index(drop=True)
    if rows.empty:
        raise ParameterError("table has no contrast: no row with a difference_per_decade")
    scale = (rows["difference_sd_per_decade"] / rows["difference_per_decade"]).replace([np.inf, -np.inf], np.nan)
    low = rows["low_sd"] if "low_sd" in rows else rows["low"] * scale
    high = rows["high_sd"] if "high_sd" in rows else rows["high"] * scale
    one = rows["measure"].nunique() == 1
    labels = [
        " · ".join(describe_option(row[key]) for key in ("method", "pooling", "vocabulary"))
        if one
        else f"{describe_measure(str(row['measure'])).label} · {describe_option(row['vocabulary'])}"
        for _, row in rows.iterrows()
    ]
    name = describe_measure(str(rows["measure"].iloc[0])).label if one else "all measures"
    figure, axes = _new_figure(7.4, 1.3 + 0.28 * len(rows))
    _draw_intervals(
        axes, labels, rows["difference_sd_per_decade"], low, high, ["#33332f"] * len(rows), ["o"] * len(rows)
    )
    if bound is not None:
        axes.axvspan(-bound, bound, color="#ecebe3", zorder=0)
    axes.set_xlabel("SD a decade, pop minus niche")
    axes.set_title(title or f"Pop minus niche: {name}", loc="left", parse_math=False)
    return _finish(figure, axes, synthetic)


def plot_genres(trends: pd.DataFrame, measure: str, *, title: str = "", synthetic: bool = False) -> Figure:
    """Plot the slope inside each genre with its 95% interval, steepest rise on top.

    Parameters
    ----------
    trends : DataFrame
        Rows of ``trends.parquet``; those of level ``genre`` and of the first method and vocabulary are drawn.
    measure : str
    title : str
    synthetic : bool

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        When no genre has a slope of the measure.
    """
    rows = trends[(trends["level"] == "genre") & (trends["measure"] == measure) & trends["slope_per_decade"].notna()]
    if rows.empty:
        raise ParameterError(f"measure={measure!r}: trends has no genre with a slope of it")
    rows = rows[(rows["method"] == rows["method"].iloc[0]) & (rows["vocabulary"] == rows["vocabulary"].iloc[0])]
    rows = rows.sort_values(["slope_per_decade", "group"], ascending=[False, True], kind="stable")
    segments = rows["segment"] if "segment" in rows else pd.Series("", index=rows.index)
    words = describe_measure(measure)
    factor = 100 if words.is_share else 1
    figure, axes = _new_figure(7.4, 1.3 + 0.28 * len(rows))
    _draw_intervals(
        axes,
        [f"{group} (n {format_count(n)})" for group, n in zip(rows["group"], rows["n_tracks"], strict=True)],
        rows["slope_per_decade"] * factor,
        rows["low"] * factor,
        rows["high"] * factor,
        [COLOURS.get(str(name), "#33332f") for name in segments],
        [_MARKERS.get(str(name), "o") for name in segments],
    )
    axes.set_xlabel(f"{'percentage points' if words.is_share else words.unit or 'change'} a decade")
    axes.set_title(title or f"{words.label} inside genres", loc="left", parse_math=False)
    return _finish(figure, axes, synthetic)


def plot_fan(
    simulation: pd.DataFrame,
    quantity: str,
    *,
    scenario: str | None = None,
    segment: str = "pop",
    title: str = "",
    synthetic: bool = False,
) -> Figure:
    """Plot what a simulated quantity does over seeds: median, half of the runs, nine in ten.

    Parameters
    ----------
    simulation : DataFrame
        Rows of ``simulation.parquet``.
    quantity : str
    scenario : str, optional
        By default the first one.
    segment : str
    title : str
    synthetic : bool

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        When no row matches.
    """
    rows = simulation[(simulation["quantity"] == quantity) & (simulation["segment"] == segment)]
    name = scenario or (str(rows["scenario"].iloc[0]) if len(rows) else "")
    rows = rows[rows["scenario"] == name]
    if rows.empty:
        raise ParameterError(
            f"quantity={quantity!r}, scenario={name!r}, segment={segment!r}: simulation has no such rows"
        )
    figure, axes = _new_figure(7.4, 4.2)
    for place, (origin, part) in enumerate(rows.groupby("origin", sort=True)):
        colour = COLOURS.get(str(origin), _CYCLE[place % len(_CYCLE)])
        bands = part.groupby("year")["value"].quantile(np.array([0.05, 0.25, 0.5, 0.75, 0.95])).unstack().sort_index()
        year = bands.index.to_numpy(dtype=float)
        for low, high, alpha in ((0.05, 0.95, 0.14), (0.25, 0.75, 0.24)):
            axes.fill_between(
                year,
                bands[low].to_numpy(float),
                bands[high].to_numpy(float),
                color=colour,
                alpha=alpha,
                linewidth=0,
            )
        middle = bands[0.5].to_numpy(float)
        axes.plot(year, middle, color=colour, linestyle=(0, (5, 3)), linewidth=2)
        axes.annotate(
            str(origin), (year[-1], middle[-1]), (6, 0), textcoords="offset points", color=colour, va="center"
        )
    runs = len(rows[["run", "seed"]].drop_duplicates())
    axes.set_ylabel(describe_measure(quantity).label)
    axes.set_title(title or f"Simulated: {name}, {segment}, {runs} runs", loc="left", parse_math=False)
    return _finish(figure, axes, synthetic)


def plot_reliability(bins: pd.DataFrame, *, title: str = "", synthetic: bool = False) -> Figure:
    """Plot how often chords are right against how sure they were said to be, a panel a group.

    On the diagonal a confidence means what it says; below it too much was claimed. Markers are as large as the share
    of time that they stand for.

    Parameters
    ----------
    bins : DataFrame
        ``confidence, right, share`` (0 to 1), and ``group`` where there are several, such as audio engines.
    title : str
    synthetic : bool

    Returns
    -------
    figure : matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        When the table is empty.
    """
    from matplotlib.figure import Figure as _Figure

    if bins.empty:
        raise ParameterError("bins is empty: no chord has a confidence")
    rows = bins if "group" in bins else bins.assign(group="")
    groups = list(dict.fromkeys(rows["group"]))
    columns = min(len(groups), 3)
    deep = -(-len(groups) // columns)
    figure = _Figure(figsize=(max(2.9 * columns, 3.8), 3.1 * deep + 0.5), layout="constrained")
    panels = figure.subplots(deep, columns, squeeze=False, sharex=True, sharey=True)
    for place, group in enumerate(groups):
        axes, part = panels.flat[place], rows[rows["group"] == group].sort_values("confidence")
        said, right, share = (part[key].to_numpy(dtype=float) for key in ("confidence", "right", "share"))
        colour = _CYCLE[place % len(_CYCLE)]
        axes.plot([0, 1], [0, 1], color="#8c8a80", linewidth=1, linestyle=(0, (4, 3)))
        much = share >= 0.01 * share.sum()  # a handful of chords is a dot and no way of the line
        axes.plot(said[much], right[much], color=colour, linewidth=2)
        axes.scatter(said, right, s=12 + 260 * share, color=colour, edgecolor="white", linewidth=0.8, zorder=3)
        gap = float((share * np.abs(said - right)).sum() / share.sum())
        axes.set_title(f"{group + ', ' if group else ''}ECE {gap:.3f}", loc="left", fontsize=10, parse_math=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e9e7df")
        axes.set_axisbelow(True)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
        axes.set_xticks([0.2, 0.4, 0.6, 0.8])
        axes.set_yticks([0.2, 0.4, 0.6, 0.8])
        _finish(figure, axes, synthetic)
        for text in axes.texts:
            text.set_fontsize(22)
    for axes in panels.flat[len(groups) :]:
        axes.set_visible(False)
    for place in range(len(groups)):
        if place + columns >= len(groups):  # the lowest of its column
            panels.flat[place].set_xlabel("confidence")
            panels.flat[place].tick_params(labelbottom=True)
    for axes in panels[:, 0]:
        axes.set_ylabel("share of time right")
    figure.suptitle(title or "What confidences are worth", x=0.01, ha="left", fontsize=11)
    return figure


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Save a figure so that the same figure gives the same bytes: text stays text, no date is written.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        The ending decides the format (``.svg``, ``.pdf``, ``.png``).

    Returns
    -------
    path : Path
    """
    import matplotlib

    target = Path(path)
    metadata: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(target.suffix, {})
    with matplotlib.rc_context({"svg.hashsalt": "musictrend", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(target, metadata=metadata, dpi=200)
    return target


def _new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure in the style of the page."""
    from matplotlib.figure import Figure as _Figure

    figure = _Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e9e7df")
    axes.set_axisbelow(True)
    return figure, axes


def _draw_intervals(
    axes: Axes,
    labels: Sequence[str],
    middle: pd.Series,
    low: pd.Series,
    high: pd.Series,
    colours: Sequence[str],
    markers: Sequence[str],
) -> None:
    """Draw one interval a row, the first on top."""
    for place, (centre, first, last, colour, marker) in enumerate(
        zip(middle, low, high, colours, markers, strict=True)
    ):
        axes.plot([first, last], [place, place], color=colour, linewidth=2)
        axes.plot([centre], [place], color=colour, marker=marker)
    axes.axvline(0, color="#1d1d1b", linewidth=1)
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#e9e7df")


def _finish(figure: Figure, axes: Axes, synthetic: bool) -> Figure:
    """Write SYNTHETIC across a figure made from planted data."""
    if synthetic:
        axes.text(
            0.5,
            0.5,
            "SYNTHETIC",
            transform=axes.transAxes,
            fontsize=44,
            fontweight="bold",
            alpha=0.12,
            rotation=14,
            ha="center",
            va="center",
        )
    return figure


def _group_key(name: object) -> tuple[int, str]:
    """Order groups: pop, niche, other, then by name."""
    order = ("pop", "niche", "other")
    return (order.index(str(name)) if str(name) in order else len(order), str(name))
