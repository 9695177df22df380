"""Years at which a series breaks, beyond a steady trend and beyond what autocorrelation alone would show.

Annual means of a group (source, length and, in segments and corpora, genre levels taken out) are compared
with one straight line. A break splits it into two lines, free in level and slope; the candidate with the
largest drop of the weighted residual sum counts. Its p is the share of series simulated from the unbroken
line with first-order autocorrelated noise (Davison & Hinkley 1997, bootstrap test; the autocorrelation is
corrected for its small-sample bias) whose best break drops as much. Pieces are split again (binary
segmentation) as long as the break is significant and BIC improves. The interval of a year is where the best
break falls when whole artists are resampled.

Breaks are few by construction: a steady decline has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd

from musictrend.trends.curves import remove_genre_levels
from musictrend.trends.groups import GroupFit, adjusted_values, batch_cells
from musictrend.trends.linear import adjust_fdr
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel
from musictrend.trends.tables import CHANGEPOINT_COLUMNS, conform, sort_rows

MAIN_MEASURES = (
    "composite", "types_rarefied", "type_entropy", "surprisal", "fifths_spread", "roughness",
    "dominant_seventh_share", "minor_seventh_share", "nontriad_share", "extended_share",
)  # fmt: skip
MIN_PIECE = 8  # years with music on either side of a break
MIN_TRACKS_PER_YEAR = 2
N_SIMULATED, N_RESAMPLED = 999, 200
METHOD = "binseg_line"


@dataclass(frozen=True)
class Break:
    """One break of a series: the first year of the new regime, its p, and the jump there."""

    year: float
    p: float
    jump: float
    first: int
    last: int  # the piece that was split: indices into the series' years
    significant: bool


def estimate_changepoints(
    panel: Panel,
    fits: Mapping[tuple[str, str, str, str], GroupFit],
    options: TrendOptions,
    *,
    seed: int = 0,
    jobs: int = 1,
) -> pd.DataFrame:
    """Breaks of segments, genres and corpora for the main measures: the table changepoints.parquet.

    Parameters
    ----------
    panel : Panel
    fits : mapping of group key to GroupFit
    options : TrendOptions
        `changepoint_measures` and `main_vocabulary` say which cells are looked at.
    seed : int
        Each group and measure draws from its own stream.
    jobs : int
        Threads; results do not depend on it.

    Returns
    -------
    changepoints : DataFrame
        Breaks with p < .05. `year` is the first of the new regime, `low` and `high` its 95% interval, `q`
        counts every series that was looked at, `jump` is the step at the break in the measure's unit.
    """
    measures = MAIN_MEASURES if options.changepoint_measures is None else options.changepoint_measures
    wanted = panel.cells["measure"].isin(measures) & panel.cells["vocabulary"].isin([options.main_vocabulary, ""])
    tasks = []
    for (level, _, corpus, _), fit in fits.items():
        inner = corpus != "all" and len(panel.corpora) > 1 and level != "corpus"
        if level != "part" and not inner and (fit.estimated & wanted.to_numpy()).any():
            tasks.append(fit)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        found = list(pool.map(lambda fit: _group_breaks(panel, fit, wanted.to_numpy(), options, seed), tasks))
    rows = [row for group in found for row in group]
    if not rows:
        return conform(None, CHANGEPOINT_COLUMNS)
    table = pd.DataFrame(rows)
    table["q"] = adjust_fdr(table["p"].to_numpy(float))
    table = table[table["significant"]]
    return sort_rows(conform(table, CHANGEPOINT_COLUMNS), ["level", "group", "corpus", "measure", "vocabulary", "year"])


def find_breaks(
    year: np.ndarray,
    mean: np.ndarray,
    weight: np.ndarray,
    rng: np.random.Generator,
    *,
    max_breaks: int = 3,
    n_simulated: int = N_SIMULATED,
) -> list[Break]:
    """Breaks of one annual series, the strongest first.

    Parameters
    ----------
    year, mean, weight : ndarray, shape=(n_years,)
        Weights are inverse to the variance of the means (tracks per year).
    rng : Generator
    max_breaks : int
    n_simulated : int
        Series drawn from the unbroken null.

    Returns
    -------
    breaks : list of Break
        The first is always there when the series has 16 years or more, significant or not.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> year = np.arange(1950.0, 2010)
    >>> mean = 2.0 * (year >= 1980) + rng.normal(0, 0.3, 60)
    >>> found = find_breaks(year, mean, np.ones(60), rng, n_simulated=199)
    >>> [(b.year, b.significant) for b in found][:1]
    [(1980.0, True)]
    """
    breaks: list[Break] = []
    pieces = [(0, len(year))]
    while pieces and sum(b.significant for b in breaks) < max_breaks:
        first, last = pieces.pop(0)
        found = _test_piece(year[first:last], mean[first:last], weight[first:last], rng, n_simulated)
        if found is None:
            continue
        at, p, jump, improves = found
        significant = p < 0.05 and improves
        breaks.append(Break(float(year[first + at]), p, jump, first, last, significant))
        if significant:
            pieces += [(first, first + at), (first + at, last)]
    return breaks


def _test_piece(
    year: np.ndarray, mean: np.ndarray, weight: np.ndarray, rng: np.random.Generator, n_simulated: int
) -> tuple[int, float, float, bool] | None:
    """Best break of one piece: index, p, jump, and whether BIC improves."""
    n = len(year)
    if n < 2 * MIN_PIECE:
        return None
    root = np.sqrt(weight / weight.mean())
    search = _Search(year, root)
    gain, at, rss = search.best(mean[:, None] * root[:, None])
    if not rss[0] > 1e-12 * np.sum((mean * root) ** 2):
        return None
    residual = (mean - search.line(mean)) * root
    rho = np.clip(residual[1:] @ residual[:-1] / (residual @ residual), -0.5, 0.95)
    rho = np.clip(rho + (1 + 3 * rho) / n + 2 / n, 0.0, 0.95)  # Kendall's bias; a fitted line costs about 2/n more
    scale = np.sqrt(1 - rho**2)
    shocks = rng.standard_normal((n, n_simulated))
    noise = np.empty_like(shocks)
    noise[0] = shocks[0]
    for t in range(1, n):
        noise[t] = rho * noise[t - 1] + scale * shocks[t]
    null_gain, _, null_rss = search.best(noise)
    statistic, null = gain[0] / rss[0], null_gain / null_rss
    p = (1 + np.count_nonzero(null >= statistic)) / (1 + n_simulated)
    # A break costs three parameters: where, level, slope.
    improves = n * np.log(rss[0]) + 3 * np.log(n) < n * np.log(rss[0] + gain[0])
    index = int(at[0])
    return index, float(p), search.jump(mean, index), bool(improves)


class _Search:
    """Weighted least squares of one line and of every pair of lines over the same years."""

    def __init__(self, year: np.ndarray, root: np.ndarray) -> None:
        n = len(year)
        self.time = (year - year.mean()) / max(np.ptp(year), 1)
        self.root = root
        self.one = np.linalg.qr(np.column_stack([np.ones(n), self.time]) * root[:, None])[0]
        self.candidates = np.arange(MIN_PIECE, n - MIN_PIECE + 1)
        after = np.arange(n)[None, :] >= self.candidates[:, None]  # (c, n)
        parts = np.stack([~after, ~after * self.time, after, after * self.time], axis=2) * root[None, :, None]
        self.two = np.linalg.qr(parts)[0]  # (c, n, 4)

    def best(self, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Largest drop of the residual sum, where, and what is left; one a column."""
        whole = np.sum(scaled**2, axis=0)
        unbroken = whole - np.sum((self.one.T @ scaled) ** 2, axis=0)
        projected = np.sum(np.matmul(self.two.transpose(0, 2, 1), scaled) ** 2, axis=1)  # (c, columns)
        place = np.argmax(projected, axis=0)
        left = np.maximum(whole - projected.max(axis=0), 1e-14 * (whole + 1e-300))
        return np.maximum(unbroken - left, 0), self.candidates[place], left

    def line(self, mean: np.ndarray) -> np.ndarray:
        """The unbroken line."""
        return self.one @ (self.one.T @ (mean * self.root)) / self.root

    def jump(self, mean: np.ndarray, index: int) -> float:
        """Step between the two lines at the first year of the second."""
        sides = []
        for side in (slice(0, index), slice(index, None)):
            x = np.column_stack([np.ones(len(self.time[side])), self.time[side] - self.time[index]])
            r = self.root[side]
            sides.append(np.linalg.lstsq(x * r[:, None], mean[side] * r, rcond=None)[0][0])
        return float(sides[1] - sides[0])


def _group_breaks(
    panel: Panel, fit: GroupFit, wanted: np.ndarray, options: TrendOptions, seed: int
) -> list[dict[str, object]]:
    """Rows of one group."""
    group = fit.group
    order = np.argsort(panel.artist[group.rows], kind="stable")
    rows, weight = group.rows[order], group.weight[order]
    out: list[dict[str, object]] = []
    for cells, present in batch_cells(panel, rows):
        cells = cells[(fit.estimated & wanted)[cells]]
        if not len(cells):
            continue
        used, w = rows[present], weight[present]
        values = adjusted_values(panel, used, w, cells, options)
        if group.level != "genre":  # else every shift of the genre mix would be a break
            values = remove_genre_levels(panel, used, w, values)
        years, code, counts = np.unique(panel.year[used], return_inverse=True, return_counts=True)
        full = counts >= MIN_TRACKS_PER_YEAR
        for column, cell in enumerate(cells):
            measure, vocabulary = panel.cells["measure"][cell], panel.cells["vocabulary"][cell]
            rng = np.random.default_rng(_stream(seed, *group.key, measure, vocabulary))
            total = np.bincount(code, w)
            mean = np.bincount(code, w * values[:, column]) / total
            found = find_breaks(years[full], mean[full], total[full], rng)
            for b in found:
                low, high = (np.nan, np.nan)
                if b.significant:
                    piece = years[full][b.first : b.last]
                    low, high = _year_interval(piece, panel.artist[used], years[code], w, values[:, column], rng)
                out.append({
                    "level": group.level, "group": group.name, "corpus": group.corpus, "measure": measure,
                    "vocabulary": vocabulary, "method": METHOD, "year": b.year, "p": b.p, "jump": b.jump,
                    "low": min(low, b.year), "high": max(high, b.year), "significant": b.significant,
                })  # fmt: skip
    return out


def _year_interval(
    piece: np.ndarray, artist: np.ndarray, year: np.ndarray, weight: np.ndarray, value: np.ndarray,
    rng: np.random.Generator,
) -> tuple[float, float]:  # fmt: skip
    """Where the best break of a piece falls in 95 of 100 resamples of whole artists."""
    inside = np.isin(year, piece)
    place = np.searchsorted(piece, year[inside])
    _, code = np.unique(artist[inside], return_inverse=True)
    n_artists = code.max() + 1
    # Poisson weights resample artists independently of each other and of the order of rows.
    drawn = rng.poisson(1.0, (N_RESAMPLED, n_artists)).astype(float)
    w, v = weight[inside], value[inside]
    n = len(piece)
    mass, total = np.zeros((n, N_RESAMPLED)), np.zeros((n, N_RESAMPLED))
    for b in range(N_RESAMPLED):
        lot = drawn[b, code] * w
        mass[:, b], total[:, b] = np.bincount(place, lot, n), np.bincount(place, lot * v, n)
    base = np.bincount(place, w, n)
    mean = np.where(mass > 0, total / np.where(mass > 0, mass, 1), (np.bincount(place, w * v, n) / base)[:, None])
    root = np.sqrt(base / base.mean())
    _, at, _ = _Search(piece, root).best(mean * root[:, None])
    low, high = np.quantile(piece[at], [0.025, 0.975])
    return float(np.floor(low)), float(np.ceil(high))


def _stream(seed: int, *words: str) -> np.random.SeedSequence:
    """A random stream of its own for each cell, whatever the order of work."""
    digest = blake2b("\x1f".join(("changepoints", *words)).encode(), digest_size=8).digest()
    return np.random.SeedSequence([seed, int.from_bytes(digest, "little")])
