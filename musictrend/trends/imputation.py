"""Errors that many tracks share, carried by draws: Rubin's rules for every line of the package.

An engine that hears too few sevenths does so in all of its tracks at once. How far is known from a calibration,
and only so exactly; were that error given to each track by itself it would average away over a thousand tracks.
So the scores of such tracks come as M *draws*, each a complete corpus under one draw of the calibration. A line is
fitted to each. The mean of the M slopes is the slope, and its variance ``T = W + (1 + 1/M) B`` joins W, the mean
variance within draws (songs, artists, and what chance did to each track's chords: that already shows in the scatter
of its score), and B, the variance of the slopes between draws.

Groups that share an engine share its error. The deviations of the M slopes are kept beside each line like the
contribution of one more artist each (`shared`, squares summing to ``(1 + 1/M) B``), so that means over genres,
and the difference of pop and niche, add them draw by draw: what is common cancels in a difference.

References
----------
.. [1] Rubin (1987). Multiple Imputation for Nonresponse in Surveys. Wiley.
.. [2] Barnard, Rubin (1999). Small-sample degrees of freedom with multiple imputation. Biometrika 86.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from musictrend.trends.linear import Line, quantile_t

DRAW = "draw_"
"""How the columns of a table of draws begin: ``draw_00``, ``draw_01``, ..."""
MAX_CELLS = 4_000_000  # numbers fitted at once

Fitter = Callable[[np.ndarray], Line]


@dataclass(frozen=True)
class Imputations:
    """Draws of the values of some tracks.

    Attributes
    ----------
    place : ndarray of int, shape=(n,)
        Row of `values` for each track of the panel, -1 for a track without draws.
    values : ndarray, shape=(n_draws, k, c)
        NaN where a cell is not drawn.
    """

    place: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def keep_cells(self, keep: np.ndarray) -> Imputations:
        """The same with fewer cells."""
        return Imputations(self.place, self.values[:, :, keep])

    def deviations(self, rows: np.ndarray, cells: np.ndarray) -> np.ndarray | None:
        """Draws minus their mean, shape (n_draws, rows, cells), 0 where a value is exact; None where all are."""
        at = self.place[rows]
        drawn = np.flatnonzero(at >= 0)
        if not len(drawn):
            return None
        part = self.values[:, at[drawn]][:, :, cells]
        part = np.where(np.isfinite(part), part, 0.0)
        part = part - part.mean(axis=0)
        if not part.any():
            return None
        found = np.zeros((len(self), len(rows), len(cells)))
        found[:, drawn] = part
        return found


def draw_names(draws: pd.DataFrame) -> list[str]:
    """Columns of a table of draws that hold draws, in order.

    >>> draw_names(pd.DataFrame(columns=["track_id", "measure", "vocabulary", "draw_00", "draw_01"]))
    ['draw_00', 'draw_01']
    """
    return sorted(name for name in draws.columns if str(name).startswith(DRAW))


def pool_lines(lines: Line, n_draws: int) -> tuple[Line, np.ndarray]:
    """One line a cell from the lines of its draws, by Rubin's rules.

    Parameters
    ----------
    lines : Line
        Lines of every draw: arrays of shape (n_draws * n_cells,), draws outermost.
    n_draws : int
        At least 2.

    Returns
    -------
    line : Line
        Shape (n_cells,). Degrees of freedom after Satterthwaite: ``T**2 / (W**2 / df + ((1+1/M)B)**2 / (M-1))``,
        which is Rubin's formula where those within draws are infinite.
    shared : ndarray, shape=(n_draws, n_cells)
        Deviations of the draws' slopes, scaled so that their squares sum to (1 + 1/M) B.

    Examples
    --------
    Slopes 1, 2 and 3 with standard error 1: W = 1, B = 1, T = 1 + 4/3.

    >>> lines = Line.from_se(np.array([1.0, 2.0, 3.0]), np.ones(3), np.full(3, np.inf))
    >>> line, shared = pool_lines(lines, 3)
    >>> [round(float(x[0]), 4) for x in (line.slope, line.se**2, line.df)]
    [2.0, 2.3333, 6.125]
    """
    slope, se, df, low, high, p = (
        np.asarray(getattr(lines, name)).reshape(n_draws, -1) for name in ("slope", "se", "df", "low", "high", "p")
    )
    mean, within = slope.mean(axis=0), np.mean(se**2, axis=0)
    shared = (slope - mean) * np.sqrt((1 + 1 / n_draws) / (n_draws - 1))
    between = np.sum(shared**2, axis=0)
    total = within + between
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = total**2 / (within**2 / df.mean(axis=0) + between**2 / (n_draws - 1))
    freedom = np.where(between > 0, freedom, df.mean(axis=0))
    line = Line.from_se(mean, np.sqrt(total), freedom)
    # Sen's interval need not be symmetric: each side grows in quadrature.
    left, right = mean - low.mean(axis=0), high.mean(axis=0) - mean
    skewed = np.abs(left - right) > 1e-9 * (left + right)
    reach = quantile_t(0.975, freedom) ** 2 * between
    line = Line(
        mean, line.se, freedom,
        np.where(skewed, mean - np.sqrt(left**2 + reach), line.low),
        np.where(skewed, mean + np.sqrt(right**2 + reach), line.high),
        np.where(skewed, np.maximum(line.p, np.median(p, axis=0)), line.p),
    )  # fmt: skip
    return line, shared


def fit_draws(fit: Fitter, values: np.ndarray, deviations: np.ndarray) -> tuple[Line, np.ndarray]:
    """Fit every draw of some cells and pool them.

    Parameters
    ----------
    fit : callable
        Values of shape (n, any) to a `Line` of that many slopes.
    values : ndarray, shape=(n, n_cells)
    deviations : ndarray, shape=(n_draws, n, n_cells)
    """
    n_draws, n, n_cells = deviations.shape
    step = max(1, MAX_CELLS // max(n * n_cells, 1))
    parts: list[Line] = []
    for start in range(0, n_draws, step):
        block = values + deviations[start : start + step]  # (step, n, cells)
        parts.append(fit(block.transpose(1, 0, 2).reshape(n, -1)))
    names = ("slope", "se", "df", "low", "high", "p")
    return pool_lines(Line(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)), n_draws)


def read_draws(draws: pd.DataFrame | None, ids: pd.Index, cells: pd.DataFrame, keep: np.ndarray) -> Imputations | None:
    """Draws of a tidy table as arrays; None where no track of the panel has any.

    Parameters
    ----------
    draws : DataFrame or None
        ``track_id, measure, vocabulary`` and a column a draw.
    ids : Index of track ids, n of them
    cells : DataFrame, c rows
        measure, vocabulary.
    keep : ndarray of bool, shape=(n, c)
        Cells that have a value: a draw without one is left out.
    """
    if draws is None or not len(draws) or not len(cells):
        return None
    names = draw_names(draws)
    if len(names) < 2:
        return None
    index = {key: i for i, key in enumerate(zip(cells["measure"], cells["vocabulary"], strict=True))}
    pairs = pd.MultiIndex.from_arrays([draws["measure"].astype(str), draws["vocabulary"].astype(str)])
    code, distinct = pd.factorize(pairs)
    cell = np.array([index.get(key, -1) for key in distinct], dtype=np.int64)[code]
    row = ids.get_indexer(pd.Index(draws["track_id"].astype(str)))
    known = (row >= 0) & (cell >= 0)
    known[known] &= keep[row[known], cell[known]]
    if not known.any():
        return None
    rows = np.unique(row[known])
    place = np.full(len(ids), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    values = np.full((len(names), len(rows), len(cells)), np.nan)
    for i, name in enumerate(names):
        values[i, place[row[known]], cell[known]] = draws[name].to_numpy(float)[known]
    values[:, ~np.isfinite(values).all(axis=0)] = np.nan  # a draw that is missing once is missing
    return Imputations(place, values)
