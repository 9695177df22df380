"""Curves over the years: a local line at each year, with a band that respects artists.

Values are first brought to the group's mean source and length (`linear.adjust_values`). The curve of a
segment or a corpus is drawn twice: as ``local_linear``, with the genres' levels taken out too, so that a
drifting genre mix does not bend it, and as ``local_linear_pooled`` with all tracks as they come. The band
is the 95% interval at each year taken alone, from the cluster-robust variance of the smoother, which is
linear in the values: residuals are summed artist by artist, and Student's t uses the number of artists that
effectively carry that year. It says nothing about years without music: nothing is drawn outside the
observed years, nor where no track lies within reach of the kernel.

References
----------
.. [1] Fan & Gijbels (1996). Local Polynomial Modelling and Its Applications.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from musictrend.complexity import list_measures
from musictrend.trends.groups import GroupFit, adjusted_values, batch_cells, design_of
from musictrend.trends.linear import adjust_values, quantile_t
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel
from musictrend.trends.tables import CURVE_COLUMNS, conform, sort_rows, stack_blocks

MIN_BANDWIDTH, MAX_BANDWIDTH = 3.0, 15.0
_KEYS = ["level", "group", "corpus", "measure", "vocabulary", "method", "year"]


def estimate_curves(
    panel: Panel, fits: Mapping[tuple[str, str, str, str], GroupFit], options: TrendOptions, *, jobs: int = 1
) -> pd.DataFrame:
    """Curves of every segment, genre and corpus that has slopes: the table curves.parquet.

    Parameters
    ----------
    panel : Panel
    fits : mapping of group key to GroupFit
        Groups and cells without a slope get no curve.
    options : TrendOptions
        `curve_measures` limits the measures.
    jobs : int
        Threads; results do not depend on it.

    Returns
    -------
    curves : DataFrame
        One row a group, measure, vocabulary, method and year between the group's first and last; `n` is the
        number of tracks of that very year.
    """
    tasks = []
    for (level, _, corpus, _), fit in fits.items():
        # Inside one corpus of several, genres have slopes but no curves of their own.
        if level == "part" or (level == "genre" and corpus != "all" and len(panel.corpora) > 1):
            continue
        tasks.append((fit, "local_linear"))
        if level != "genre":
            tasks.append((fit, "local_linear_pooled"))
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        found = list(pool.map(lambda task: _curve_blocks(panel, task[0], task[1], options), tasks))
    table = stack_blocks([block for blocks in found for block in blocks])
    if table is not None:
        table = _stay_possible(table[table["estimate"].notna()])
    return sort_rows(conform(table, CURVE_COLUMNS), _KEYS)


def _stay_possible(table: pd.DataFrame) -> pd.DataFrame:
    """Bands cut at what a measure can be: no share is below 0 or above 1."""
    known = list_measures().set_index("measure")
    least = table["measure"].map(known["low"]).astype(float).fillna(-np.inf)
    most = table["measure"].map(known["high"]).astype(float).fillna(np.inf)
    return table.assign(
        low=np.maximum(table["low"], np.minimum(least, table["estimate"])),
        high=np.minimum(table["high"], np.maximum(most, table["estimate"])),
    )


def choose_bandwidth(year: np.ndarray, n_artists: int) -> float:
    """Standard deviation of the kernel in years: Silverman's rule on the years, artists as the sample size.

    At most 15 years, or a tenth of the span where that is longer: centuries with few composers need a longer view.

    >>> choose_bandwidth(np.arange(1950, 2020), 200)
    7.4
    """
    spread = float(np.std(year))
    return float(
        np.clip(1.06 * spread * max(n_artists, 2) ** -0.2, MIN_BANDWIDTH, max(MAX_BANDWIDTH, np.ptp(year) / 10))
    )


def smooth_locally(
    year: np.ndarray,
    values: np.ndarray,
    weight: np.ndarray,
    cluster: np.ndarray,
    at: np.ndarray,
    bandwidth: float,
    noise: np.ndarray | None = None,
    drawn: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local-linear estimate of each measure at each year, with its 95% band.

    Parameters
    ----------
    year, weight : ndarray, shape=(n,)
    values : ndarray, shape=(n, n_measures)
    cluster : ndarray of int, shape=(n,)
        Artists, ascending.
    at : ndarray, shape=(n_years,)
    bandwidth : float
        SD of the Gaussian kernel, cut at 3 SD.
    noise : ndarray, shape=(n, n_measures), optional
        Variance that uncertain chords give each value.
    drawn : ndarray, shape=(n_draws, n, n_measures), optional
        Deviations of draws from the values, for the error that tracks of one engine share.

    Returns
    -------
    estimate, low, high : ndarray, shape=(n_years, n_measures)
        NaN where fewer than three artists are within reach.

    Examples
    --------
    >>> year = np.repeat(np.arange(1960.0, 1990), 4)
    >>> values, weight, artist = 2 * year[:, None], np.ones(120), np.arange(120)
    >>> estimate, low, high = smooth_locally(year, values, weight, artist, np.array([1975.0]), 5.0)
    >>> round(float(estimate[0, 0]), 6)
    3950.0
    """
    years, code = np.unique(year, return_inverse=True)
    kernel = _local_weights(years, np.bincount(code, weight), at, bandwidth)  # (at, years): estimate = kernel @ sums
    totals = np.stack([np.bincount(code, weight * v) for v in values.T], axis=1)  # (years, m)
    estimate = kernel @ totals
    fitted = _local_weights(years, np.bincount(code, weight), years, bandwidth) @ totals
    residual = weight[:, None] * (values - fitted[code])
    _, artist = np.unique(cluster, return_inverse=True)
    cell, at_cell = np.unique(artist * len(years) + code, return_inverse=True)
    owner, when = cell // len(years), cell % len(years)  # one entry an artist and year
    starts = np.flatnonzero(np.r_[True, np.diff(owner) > 0])
    reach = kernel.T[when]  # (entries, at)
    mass = np.bincount(at_cell, weight)
    pull = np.add.reduceat(np.abs(reach) * mass[:, None], starts, axis=0)  # artists' share of each year's estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = pull.sum(axis=0) ** 2 / np.sum(pull**2, axis=0)
    variance = np.empty_like(estimate)
    for i in range(values.shape[1]):
        sums = np.bincount(at_cell, residual[:, i])
        variance[:, i] = np.sum(np.add.reduceat(reach * sums[:, None], starts, axis=0) ** 2, axis=0)
    df = np.maximum(effective - 2, 1)
    variance *= (effective / df)[:, None]
    if noise is not None and np.any(noise > 0):
        spread = np.stack([np.bincount(code, weight**2 * v) for v in noise.T], axis=1)
        variance += kernel**2 @ spread
    if drawn is not None:
        n_draws = len(drawn)
        pull = kernel[:, code] * weight  # (at, n)
        moved = np.einsum("an,dnm->dam", pull, drawn, optimize=True)
        variance += (1 + 1 / n_draws) / (n_draws - 1) * np.sum((moved - moved.mean(axis=0)) ** 2, axis=0)
    half = quantile_t(0.975, df)[:, None] * np.sqrt(variance)
    absent = ~(effective >= 3)
    estimate[absent] = np.nan
    return estimate, estimate - half, estimate + half


def remove_genre_levels(panel: Panel, rows: np.ndarray, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at the group's mean genre mix: genre levels are estimated beside a smooth course of years.

    The course is a cubic of the year, so that a genre's level is not confused with its decades.
    """
    member = np.zeros((len(rows), len(panel.genres)))
    place = np.full(len(panel.year), -1)
    place[rows] = np.arange(len(rows))
    pair = place[panel.genre_row] >= 0
    member[place[panel.genre_row[pair]], panel.genre[pair]] = 1
    total = member.sum(axis=1, keepdims=True)
    member = member[:, member.any(axis=0)] / np.maximum(total, 1)
    if member.shape[1] < 2:
        return values
    year = panel.year[rows]
    scaled = (year - year.mean()) / max(np.std(year), 1)
    design = np.column_stack([member, total[:, 0] == 0, scaled[:, None] ** np.arange(4)])
    root = np.sqrt(weight)[:, None]
    coefficient, *_ = np.linalg.lstsq(design * root, values * root, rcond=None)
    levels = design[:, :-4] @ coefficient[:-4]
    return values - levels + np.average(levels, axis=0, weights=weight)


def _curve_blocks(panel: Panel, fit: GroupFit, method: str, options: TrendOptions) -> list[dict[str, object]]:
    """Curves of all cells of one group."""
    group = fit.group
    order = np.argsort(panel.artist[group.rows], kind="stable")
    rows, weight = group.rows[order], group.weight[order]
    wanted = fit.estimated.copy()
    if options.curve_measures is not None:
        wanted &= panel.cells["measure"].isin(options.curve_measures).to_numpy()
    blocks: list[dict[str, object]] = []
    for cells, present in batch_cells(panel, rows):
        cells = cells[wanted[cells]]
        if not len(cells):
            continue
        used, w = rows[present], weight[present]
        values = adjusted_values(panel, used, w, cells, options)
        drawn = panel.deviations(used, cells)
        if drawn is not None:
            design = design_of(panel, used, w, cells[0], options)
            drawn = np.stack([adjust_values(design, part) for part in drawn])
        if group.level != "genre" and method == "local_linear":
            values = remove_genre_levels(panel, used, w, values)
            if drawn is not None:
                drawn = np.stack([remove_genre_levels(panel, used, w, part) for part in drawn])
        year = panel.year[used]
        at = np.arange(year.min(), year.max() + 1)
        artists = panel.artist[used]
        bandwidth = choose_bandwidth(year, len(np.unique(artists)))
        noise = panel.label_variance[np.ix_(used, cells)]
        estimate, low, high = smooth_locally(year, values, w, artists, at, bandwidth, noise, drawn)
        counts = np.bincount((year - at[0]).astype(int), minlength=len(at))
        blocks.append({
            "measure": np.tile(panel.cells["measure"].to_numpy(object)[cells], len(at)),
            "vocabulary": np.tile(panel.cells["vocabulary"].to_numpy(object)[cells], len(at)),
            "year": np.repeat(at, len(cells)), "n": np.repeat(counts, len(cells)),
            "estimate": estimate.reshape(-1), "low": low.reshape(-1), "high": high.reshape(-1),
            "bandwidth": bandwidth, "level": group.level, "group": group.name, "corpus": group.corpus,
            "method": method,
        })  # fmt: skip
    return blocks


def _local_weights(years: np.ndarray, mass: np.ndarray, at: np.ndarray, bandwidth: float) -> np.ndarray:
    """Weights (at x years) that turn yearly sums of values into local-linear estimates; NaN out of reach."""
    gap = years[None] - at[:, None]
    kernel = np.where(np.abs(gap) <= 3 * bandwidth, np.exp(-0.5 * (gap / bandwidth) ** 2), 0)
    s0, s1, s2 = ((kernel * gap**k) @ mass for k in range(3))
    determinant = s0 * s2 - s1**2
    flat = determinant <= 1e-9 * np.maximum(s0, 1e-300) ** 2  # one year alone within reach: its mean
    with np.errstate(divide="ignore", invalid="ignore"):
        line = kernel * (s2[:, None] - s1[:, None] * gap) / determinant[:, None]
        mean = kernel / s0[:, None]
    return np.where(flat[:, None], mean, line)
