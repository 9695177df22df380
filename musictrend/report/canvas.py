"""A small SVG canvas: scales, ticks and escaped text; colours are CSS classes, so light, dark and print all
read.

Nothing here depends on time, chance or the machine: the same calls give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from markupsafe import Markup

from musictrend.report.words import MINUS, clean


@dataclass(frozen=True)
class Scale:
    """A linear map from data to picture."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the place of a value, kept inside the picture."""
        span = self.high - self.low or 1.0
        share = min(max((float(value) - self.low) / span, 0.0), 1.0)
        return self.start + share * (self.stop - self.start)


class Canvas:
    """Collect shapes, then hand out one SVG with a title for those who cannot see it."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        """Draw a straight line."""
        self._parts.append(f'<line class="{look}" x1="{_at(x1)}" y1="{_at(y1)}" x2="{_at(x2)}" y2="{_at(y2)}"/>')

    def rect(self, x: float, y: float, width: float, height: float, look: str) -> None:
        """Draw a rectangle."""
        self._parts.append(
            f'<rect class="{look}" x="{_at(x)}" y="{_at(y)}" '
            f'width="{_at(max(width, 0))}" height="{_at(max(height, 0))}"/>'
        )

    def path(self, points: Sequence[tuple[float, float]], look: str, closed: bool = False) -> None:
        """Draw a polyline; nothing for fewer than two points."""
        if len(points) > 1:
            steps = "L".join(f"{_at(x)} {_at(y)}" for x, y in points)
            self._parts.append(f'<path class="{look}" d="M{steps}{"Z" if closed else ""}"/>')

    def marker(self, x: float, y: float, shape: str, look: str, size: float = 4.2) -> None:
        """Draw a marker: ``circle``, ``square``, ``diamond`` or ``triangle``, all of about one area."""
        if shape == "circle":
            self._parts.append(f'<circle class="{look}" cx="{_at(x)}" cy="{_at(y)}" r="{_at(size)}"/>')
            return
        if shape == "square":
            half = size * 0.9
            corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
        elif shape == "diamond":
            far = size * 1.3
            corners = [(0, -far), (far, 0), (0, far), (-far, 0)]
        else:
            far = size * 1.25
            corners = [(0, -far), (far, far * 0.8), (-far, far * 0.8)]
        self.path([(x + dx, y + dy) for dx, dy in corners], look, closed=True)

    def text(self, x: float, y: float, words: object, look: str = "", anchor: str = "start", limit: int = 80) -> None:
        """Write text; the words may come from strangers."""
        classes = f' class="{look}"' if look else ""
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(f'<text{classes}{side} x="{_at(x)}" y="{_at(y)}">{escape(clean(words, limit))}</text>')

    def watermark(self, mark: str, x: float, y: float, size: float) -> None:
        """Write a word across the picture, pale and large, that no crop of the plot leaves out."""
        if mark:
            self._parts.append(
                f'<text class="wm" text-anchor="middle" font-size="{_at(size)}" x="{_at(x)}" y="{_at(y)}" '
                f'transform="rotate(-14 {_at(x)} {_at(y)})">{escape(mark)}</text>'
            )

    def to_svg(self, label: str) -> Markup:
        """Return the SVG for a page; ``label`` says what it shows."""
        words = escape(clean(label, 600))
        return Markup(
            f'<svg role="img" aria-label="{words}" viewBox="0 0 {self.width} {self.height}" '
            f'xmlns="http://www.w3.org/2000/svg"><title>{words}</title>{"".join(self._parts)}</svg>'
        )


def stand_alone(svg: str) -> str:
    """Return a page's SVG as a file of its own: the colours travel with it."""
    style = (files("musictrend.report") / "templates" / "figure.css").read_text(encoding="utf-8")
    head, rest = svg.split("><title>", 1)
    _, _, width, height = head.split('viewBox="')[1].split('"')[0].split()
    head = head.replace("<svg ", f'<svg class="figure" width="{width}" height="{height}" ', 1)
    ground = f'<rect class="ground" width="{width}" height="{height}"/>'
    title, rest = rest.split("</title>", 1)
    body = f"{head}><title>{title}</title><style>{style}</style>{ground}{rest}"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def choose_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers that cover the range.

    >>> choose_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    step = 10 ** math.floor(math.log10(span / count))
    step *= next((factor for factor in (1, 2, 5, 10) if span / (step * factor) <= count), 10)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def choose_years(low: int, high: int, room: int) -> list[int]:
    """Return round years, as many as there is room for."""
    for step in (5, 10, 20, 25, 50, 100, 200, 500):
        years = [year for year in range(-(-low // step) * step, high + 1, step)]
        if len(years) <= max(room, 2):
            return years
    return [low, high]


def format_tick(value: float, step: float, percent: bool = False) -> str:
    """Return a tick's number with no more decimals than its step asks for."""
    factor = 100 if percent else 1
    decimals = max(0, -math.floor(math.log10(abs(step * factor)) + 1e-9)) if step else 0
    text = f"{value * factor:.{min(decimals, 6)}f}"
    text = text.lstrip("-") if float(text) == 0 else text
    return text.replace("-", MINUS) + ("%" if percent else "")


def spread_labels(places: Iterable[float], gap: float, low: float, high: float) -> list[float]:
    """Return label places that keep their order and stand at least ``gap`` apart.

    >>> spread_labels([10, 12], 10, 0, 100)
    [10.0, 20.0]
    """
    wanted = list(places)
    order = sorted(range(len(wanted)), key=lambda item: wanted[item])
    placed = [0.0] * len(wanted)
    floor = low
    for item in order:
        placed[item] = max(float(wanted[item]), floor)
        floor = placed[item] + gap
    ceiling = high
    for item in reversed(order):
        placed[item] = min(placed[item], ceiling)
        ceiling = placed[item] - gap
    return placed


def _at(value: float) -> str:
    """Return a coordinate to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")
