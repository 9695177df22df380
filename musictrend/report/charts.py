"""The pictures of the page, drawn by hand as SVG: curves with bands, intervals in rows, fans.

Each drawing names its series beside the line, writes how many tracks stand behind each stretch of years, and
takes a width, so that a page can carry a wide and a narrow version of the same figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup

from musictrend.report.canvas import Canvas, Scale, choose_ticks, choose_years, format_tick, spread_labels
from musictrend.report.words import count_decimals, format_count, format_interval, format_number, is_missing

LOOKS = {"pop": "pop", "niche": "niche", "other": "other", "human": "pop", "generator": "gen"}
SHAPES = {"pop": "square", "niche": "circle", "other": "diamond"}


@dataclass(frozen=True)
class Series:
    """A line through years with its band and its denominators.

    ``years`` rises; ``low`` and ``high`` may hold NaN where there is no band; ``n`` counts tracks at each
    year.
    """

    name: str
    look: str
    years: np.ndarray
    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray


@dataclass(frozen=True)
class Fan:
    """What simulated years look like over seeds: median, half of them, nine in ten."""

    name: str
    look: str
    years: np.ndarray
    median: np.ndarray
    low50: np.ndarray
    high50: np.ndarray
    low90: np.ndarray
    high90: np.ndarray


@dataclass(frozen=True)
class Bar:
    """One row of a forest: a name, an interval, and how many stand behind it."""

    label: str
    estimate: float
    low: float
    high: float
    n: str = ""
    look: str = "plain"
    shape: str = "circle"
    planted: float | None = None
    strong: bool = False


@dataclass(frozen=True)
class Frame:
    """Where the plot stands in its picture, and the words around it."""

    width: int
    height: int
    axis: str
    percent: bool = False
    mark: str = ""
    years: tuple[float, float] | None = None
    changes: tuple[tuple[str, float, float, float], ...] = field(default_factory=tuple)
    values: tuple[float, float] | None = None
    right: float | None = None


def draw_curves(series: Sequence[Series], frame: Frame, label: str) -> Markup:
    """Draw curves with their bands, and below them the number of tracks in each stretch of years.

    Parameters
    ----------
    series : sequence of Series
        At most four read well.
    frame : Frame
        Size, axis words, years shown, changepoints (look, year, low, high).
    label : str
        What the picture shows, for those who cannot see it.

    Returns
    -------
    svg : Markup
    """
    canvas = Canvas(frame.width, frame.height)
    left, right, top = 46, 12 + 6.8 * max((len(one.name) for one in series), default=0), 26
    bottom = frame.height - 24 - 15 * len(series) - 4
    x = Scale(*_year_range([one.years for one in series], frame.years), left, frame.width - right)
    low, high = frame.values or _value_range(
        [one.estimate for one in series], [one.low for one in series], [one.high for one in series]
    )
    y = Scale(low, high, bottom, top)
    _draw_axes(canvas, frame, x, y)
    canvas.watermark(frame.mark, (left + x.stop) / 2, (top + bottom) / 2 + 10, _mark_size(frame))
    for one in series:
        _draw_band(canvas, x, y, one.years, one.low, one.high, f"band {one.look}")
    for one in series:
        _draw_line(canvas, x, y, one.years, one.estimate, f"line {one.look}")
    ends = [y(one.estimate[np.isfinite(one.estimate)][-1]) for one in series]
    for one, end, place in zip(series, ends, spread_labels(ends, 13, top + 4, bottom), strict=True):
        last = float(one.years[np.isfinite(one.estimate)][-1])
        if abs(end - place) > 3:
            canvas.line(x(last) + 2, end, x(last) + 7, place, f"thin {one.look}")
        canvas.text(x(last) + 8, place + 4, one.name, f"name {one.look}")
    for order, (look, year, first, last) in enumerate(frame.changes):
        height = top - 2 + 5 * order
        canvas.line(x(first), height, x(last), height, f"interval {look}")
        canvas.marker(x(year), height, "triangle", f"dot {look}", 3.4)
    _draw_strip(canvas, series, x, bottom + 22)
    return canvas.to_svg(label)


def draw_forest(
    bars: Sequence[Bar],
    width: int,
    axis: str,
    label: str,
    *,
    mark: str = "",
    bound: float | None = None,
    percent: bool = False,
    margin: str = "tracks",
) -> Markup:
    """Draw one interval a row around zero; ``bound`` shades the changes too small to matter, ``margin`` says what
    stands behind the numbers of a row.

    Below 480 units of width the name stands over its interval instead of beside it.
    """
    slim = width < 480
    decimals = count_decimals(*[100 * value if percent else value for value in _typical_interval(bars)])
    numbers = [_say_bar(bar, decimals, percent) for bar in bars]
    names = [len(bar.label) * (7.0 if bar.strong else 6.3) for bar in bars]
    # A name and its numbers share a line over their interval where there is room, else they have one each.
    widest = max((name + 5.8 * len(text) for name, text in zip(names, numbers, strict=True)), default=0)
    deep = slim and widest > width - 30
    row = 52 if deep else 36 if slim else 23
    left = 10 if slim else min(max(max(names, default=50) + 14, 90), 250)
    right = 14 if slim else max(24 + 5.8 * max((len(text) for text in numbers), default=0), 190)
    top = 30
    bottom = top + row * len(bars) + 4
    canvas = Canvas(width, int(bottom + 34))
    known = [value for bar in bars for value in (bar.low, bar.high, bar.estimate, bar.planted)]
    values = [0.0, *(float(value) for value in known if value is not None and np.isfinite(value))]
    values += [] if bound is None else [-bound, bound]
    low, high = min(values), max(values)
    room = 0.04 * (high - low or 1.0)
    x = Scale(low - room, high + room, left, width - right)
    if bound is not None:
        canvas.rect(x(-bound), top - 4, x(bound) - x(-bound), bottom - top + 4, "bound")
    ticks = choose_ticks(x.low, x.high, 4 if slim else 6)
    for tick in ticks:
        canvas.line(x(tick), top - 4, x(tick), bottom, "grid" if tick else "zero")
        step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
        canvas.text(x(tick), bottom + 15, format_tick(tick, step, percent), "tick", "middle")
    canvas.watermark(mark, (left + width - right) / 2, (top + bottom) / 2 + 8, min(46, 0.13 * (width - left - right)))
    canvas.text(4, 14, axis, "axis")
    for place, bar in enumerate(bars):
        middle = top + row * place + row / 2
        name = f"halo{' strong' if bar.strong else ''}"
        if deep:
            canvas.text(left, middle - 12, bar.label, name, limit=54)
            canvas.text(left, middle + 3, numbers[place], "num halo")
            middle += 14
        elif slim:
            canvas.text(left, middle - 6, bar.label, name, limit=44)
            canvas.text(width - 8, middle - 6, numbers[place], "num halo", "end")
            middle += 8
        else:
            canvas.text(left - 10, middle + 4, bar.label, name, "end", 40)
            canvas.text(width - right + 12, middle + 4, numbers[place], "num")
        if _finite(bar.low) and _finite(bar.high):
            canvas.line(x(bar.low), middle, x(bar.high), middle, f"interval {bar.look}")
        if _finite(bar.estimate):
            canvas.marker(x(bar.estimate), middle, bar.shape, f"dot {bar.look}")
        if bar.planted is not None and _finite(bar.planted):
            canvas.line(x(bar.planted), middle - 8, x(bar.planted), middle + 8, "planted")
    if any(bar.n for bar in bars) and not slim:
        canvas.text(width - right + 12, 14, f"estimate (95% interval), {margin}", "tick")
    return canvas.to_svg(label)


def draw_fan(past: Sequence[Series], fans: Sequence[Fan], frame: Frame, label: str) -> Markup:
    """Draw an observed past and, on tinted ground with broken lines, the simulated years that follow it."""
    canvas = Canvas(frame.width, frame.height)
    left, top, bottom = 46, 26, frame.height - 24
    names = [one.name for one in past] + [fan.name for fan in fans]
    years = [one.years for one in past] + [fan.years for fan in fans]
    right = frame.right or 12 + 6.8 * max((len(name) for name in names), default=0)
    x = Scale(*_year_range(years, frame.years), left, frame.width - right)
    lows = [one.low for one in past] + [one.low90 for one in fans]
    highs = [one.high for one in past] + [one.high90 for one in fans]
    low, high = frame.values or _value_range([one.estimate for one in past] + [one.median for one in fans], lows, highs)
    y = Scale(low, high, bottom, top)
    start = min((float(one.years[0]) for one in fans if len(one.years)), default=x.high)
    canvas.rect(x(start), top - 6, x.stop - x(start), bottom - top + 6, "future")
    _draw_axes(canvas, frame, x, y)
    canvas.line(x(start), top - 6, x(start), bottom, "now")
    near_end = x.stop - x(start) < 56
    canvas.text(x(start) + (-4 if near_end else 4), top + 4, "simulated", "simulated", "end" if near_end else "start")
    canvas.watermark(frame.mark, (left + x.stop) / 2, (top + bottom) / 2 + 10, _mark_size(frame))
    for one in past:
        _draw_band(canvas, x, y, one.years, one.low, one.high, f"band {one.look}")
        _draw_line(canvas, x, y, one.years, one.estimate, f"line {one.look}")
    for fan in fans:
        _draw_band(canvas, x, y, fan.years, fan.low90, fan.high90, f"fan90 {fan.look}")
        _draw_band(canvas, x, y, fan.years, fan.low50, fan.high50, f"fan50 {fan.look}")
    for fan in fans:
        _draw_line(canvas, x, y, fan.years, fan.median, f"median {fan.look}")
    named = [fan for fan in fans if np.isfinite(fan.median).any()]
    ends = [y(fan.median[np.isfinite(fan.median)][-1]) for fan in named]
    for fan, place in zip(named, spread_labels(ends, 13, top + 4, bottom), strict=True):
        last = float(fan.years[np.isfinite(fan.median)][-1])
        canvas.text(x(last) + 6, place + 4, fan.name, f"name {fan.look}")
    return canvas.to_svg(label)


def _draw_axes(canvas: Canvas, frame: Frame, x: Scale, y: Scale) -> None:
    """Draw horizontal grid lines with numbers, years below, and the axis words above."""
    ticks = choose_ticks(y.low, y.high, 5 if frame.height < 300 else 7)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    for tick in ticks:
        canvas.line(x.start, y(tick), x.stop, y(tick), "grid")
        canvas.text(x.start - 6, y(tick) + 3.5, format_tick(tick, step, frame.percent), "tick", "end")
    for year in choose_years(int(x.low), int(x.high), int((x.stop - x.start) / 42)):
        canvas.line(x(year), y.start, x(year), y.start + 4, "axisline")
        canvas.text(x(year), y.start + 16, year, "tick", "middle")
    canvas.line(x.start, y.start, x.stop, y.start, "axisline")
    canvas.text(4, 13, frame.axis, "axis", limit=int(frame.width / 6))


def _draw_strip(canvas: Canvas, series: Sequence[Series], x: Scale, top: float) -> None:
    """Write under the years how many tracks each series has there."""
    span = x.high - x.low
    width = next((size for size in (10, 20, 50, 100, 200, 500) if size / (span or 1) * (x.stop - x.start) >= 27), 500)
    for order, one in enumerate(series):
        height = top + 15 * order + 9
        canvas.text(4, height, "tracks" if order == 0 else "", "tick")
        bins = np.floor(one.years / width) * width
        for first in np.unique(bins):
            inside = bins == first
            begin, end = x(max(first, x.low)), x(min(first + width, x.high))
            if end - begin < 12:  # a sliver of a decade at an edge
                continue
            canvas.text(
                (begin + end) / 2,
                height,
                format_count(np.nansum(one.n[inside])),
                f"count {one.look}",
                "middle",
            )


def _draw_band(
    canvas: Canvas, x: Scale, y: Scale, years: np.ndarray, low: np.ndarray, high: np.ndarray, look: str
) -> None:
    """Fill between two lines, broken where either is missing."""
    for run in _unbroken(np.isfinite(low) & np.isfinite(high)):
        up = [(x(year), y(value)) for year, value in zip(years[run], high[run], strict=True)]
        down = [(x(year), y(value)) for year, value in zip(years[run], low[run], strict=True)]
        canvas.path(up + down[::-1], look, closed=True)


def _draw_line(canvas: Canvas, x: Scale, y: Scale, years: np.ndarray, values: np.ndarray, look: str) -> None:
    """Draw a line, broken where a value is missing; a lone point becomes a dot."""
    for run in _unbroken(np.isfinite(values)):
        points = [(x(year), y(value)) for year, value in zip(years[run], values[run], strict=True)]
        if len(points) == 1:
            canvas.marker(*points[0], "circle", look.replace("line", "dot").replace("median", "dot"), 2.2)
        canvas.path(points, look)


def _unbroken(good: np.ndarray) -> list[np.ndarray]:
    """Return runs of neighbouring indices where ``good`` holds."""
    places = np.flatnonzero(good)
    return [] if not len(places) else np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)


def _year_range(years: Sequence[np.ndarray], given: tuple[float, float] | None) -> tuple[float, float]:
    """Return the first and last year shown."""
    if given is not None:
        return given
    known = np.concatenate([np.asarray(one, dtype=float) for one in years]) if years else np.array([0.0, 1.0])
    first, last = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (first - 1, last + 1) if first == last else (first, last)


def _value_range(
    middles: Sequence[np.ndarray], lows: Sequence[np.ndarray], highs: Sequence[np.ndarray]
) -> tuple[float, float]:
    """Return a range that holds the lines whole and the bands up to as much again."""
    middle = np.concatenate([*middles, np.array([])])
    middle = middle[np.isfinite(middle)]
    if not len(middle):
        return 0.0, 1.0
    first, last = float(middle.min()), float(middle.max())
    edges = [np.concatenate([*side, np.array([])]) for side in (lows, highs)]
    low, high = (side[np.isfinite(side)] for side in edges)
    # The ends of a band flare where years are thin: one in twenty of its edges may leave the picture.
    low_edge = float(np.quantile(low, 0.05)) if len(low) else first
    high_edge = float(np.quantile(high, 0.95)) if len(high) else last
    low_edge, high_edge = min(low_edge, first), max(high_edge, last)
    room = 0.05 * (high_edge - low_edge or 0.02 * abs(last) or 1.0)
    return low_edge - room, high_edge + room


def _typical_interval(bars: Sequence[Bar]) -> tuple[float, float]:
    """Return an interval of median width, which sets the decimals for all rows."""
    widths = [bar.high - bar.low for bar in bars if _finite(bar.low) and _finite(bar.high)]
    half = float(np.median(widths)) / 2 if widths else 0.1
    return -half, half


def _say_bar(bar: Bar, decimals: int, percent: bool) -> str:
    """Return a row's numbers: estimate, interval, tracks."""
    factor = 100 if percent else 1
    scaled = [value * factor if _finite(value) else None for value in (bar.estimate, bar.low, bar.high)]
    text = f"{format_number(scaled[0], decimals, sign=True)} ({format_interval(scaled[1], scaled[2], decimals)})"
    return f"{text}  {bar.n}" if bar.n else text


def _mark_size(frame: Frame) -> float:
    """Return the letter size at which a watermark spans the plot."""
    return min(58.0, 0.105 * frame.width)


def _finite(value: float | None) -> bool:
    """Say whether a number can be drawn."""
    return not is_missing(value) and bool(np.isfinite(value))  # type: ignore[arg-type]
