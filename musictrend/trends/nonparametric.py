"""Slopes that trust no distribution: Theil-Sen on annual medians, with Mann-Kendall's test.

Each year counts once, whatever its number of songs, and one strange song moves nothing. The series of
medians may be autocorrelated, which makes Mann-Kendall find trends in noise; its variance is corrected
after Hamed and Rao, and the same variance sets the width of Sen's interval, so that interval and p agree.

Annual medians are not independent for a second reason: an artist's songs lie within a few neighbouring
years, so a remarkable artist lifts a whole stretch. With artist effects of half the variance the published
test calls a flat corpus a trend in 20 to 35 of 100 cases. The variance is therefore also raised to the
*design effect* of artists: how much larger the error of a line through annual means is when summed by
artist than when summed by year.

References
----------
.. [1] Sen (1968). Estimates of the regression coefficient based on Kendall's tau. JASA 63.
.. [2] Hamed & Rao (1998). A modified Mann-Kendall trend test for autocorrelated data. J. Hydrology 204.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from musictrend.trends.linear import Design, Line, adjust_values, quantile_t, two_sided_p

# Below this many years the normal approximation of Mann-Kendall's statistic is too coarse to report.
MIN_YEARS = 8


def fit_theil_sen(design: Design, values: np.ndarray) -> Line:
    """Theil-Sen slope per decade of annual medians, source and length terms taken out first.

    Parameters
    ----------
    design : Design, n tracks
    values : ndarray, shape=(n, n_measures)

    Returns
    -------
    line : Line
        ``se`` is the half width of Sen's interval over the t quantile; all NaN with fewer than 8 years.
    """
    adjusted = adjust_values(design, values)
    decades, medians = annual_medians(design.decade, adjusted, design.weight)
    m = values.shape[1]
    df = design.leverage[1]
    if len(decades) < MIN_YEARS:
        return Line(*(np.full(m, np.nan) for _ in range(6)))
    effect = artist_effect(design, adjusted)
    slope, low, high, p, se, _ = sen_interval(decades, medians, inflation=effect, df=df)
    return Line(slope, se, np.full(m, df), low, high, p)


def artist_effect(design: Design, adjusted: np.ndarray) -> np.ndarray:
    """Design effect of artists on a line through annual means, at least 1, shape (n_measures,)."""
    times, code = np.unique(design.decade, return_inverse=True)
    centred = times - times.mean()
    pull = centred / (centred @ centred)  # slope = pull @ annual means
    per_track = (pull / np.bincount(code, design.weight))[code] * design.weight
    means = np.stack([np.bincount(code, per_track * v) for v in adjusted.T])
    slope = means.sum(axis=1)
    level = np.average(adjusted - design.decade[:, None] * slope, axis=0, weights=design.weight)
    contribution = per_track[:, None] * (adjusted - design.decade[:, None] * slope - level)
    by_artist = np.add.reduceat(contribution, design.starts, axis=0)
    by_year = np.stack([np.bincount(code, c) for c in contribution.T], axis=1)
    n_artists, n_years = len(by_artist), len(times)
    size = np.add.reduceat(np.abs(per_track), design.starts)
    effective = size.sum() ** 2 / np.sum(size**2)  # a few artists may carry the line
    artist = np.sum(by_artist**2, axis=0) * effective / max(effective - 2, 1)
    year = np.sum(by_year**2, axis=0) * n_years / max(n_years - 2, 1)
    return (
        np.maximum(np.where(year > 0, artist / np.where(year > 0, year, 1), 1), 1)
        if n_artists > 2
        else np.ones(len(year))
    )


def annual_medians(time: np.ndarray, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted median of each measure at each distinct time.

    Returns
    -------
    times : ndarray, shape=(n_times,)
    medians : ndarray, shape=(n_times, n_measures)
        Where the weights split evenly, the middle of the two neighbours.

    Examples
    --------
    >>> time, values = np.array([0, 0, 0, 1, 1]), np.array([[1.0], [5.0], [2.0], [3.0], [4.0]])
    >>> annual_medians(time, values, np.ones(5))[1].ravel()
    array([2. , 3.5])
    """
    times, code = np.unique(time, return_inverse=True)
    medians = np.empty((len(times), values.shape[1]))
    total = np.bincount(code, weight)
    ends = np.cumsum(np.bincount(code))
    before = np.r_[0, np.cumsum(total)[:-1]]
    for column in range(values.shape[1]):
        order = np.lexsort((values[:, column], code))
        ordered = values[order, column]
        running = np.cumsum(weight[order]) - before[code[order]]
        tolerance = 1e-9 * total
        lower = _first_at_least(running, code[order], total / 2 - tolerance)
        upper = np.minimum(_first_at_least(running, code[order], total / 2 + tolerance), ends - 1)
        medians[:, column] = (ordered[lower] + ordered[upper]) / 2
    return times, medians


def sen_interval(
    time: np.ndarray,
    values: np.ndarray,
    *,
    inflation: np.ndarray | float = 1.0,
    df: float = np.inf,
    correct_down: bool = False,
) -> tuple[np.ndarray, ...]:
    """Theil-Sen slope with Sen's 95% interval and Mann-Kendall p, both after Hamed and Rao.

    Parameters
    ----------
    time : ndarray, shape=(n,)
        Ascending and distinct.
    values : ndarray, shape=(n, n_measures)
    inflation : ndarray, shape=(n_measures,), or float
        Least factor by which the variance of Mann-Kendall's statistic is raised; the larger of this and
        Hamed and Rao's counts.
    df : float
        Degrees of freedom of Student's t for interval and p.
    correct_down : bool
        Whether negative autocorrelation may narrow the interval, as in the published test. By default it
        may not.

    Returns
    -------
    slope, low, high, p, se, tau : ndarray, shape=(n_measures,)

    Examples
    --------
    >>> slope, low, high, p, se, tau = sen_interval(np.arange(20.0), np.arange(20.0)[:, None] ** 1.1)
    >>> bool(low[0] < slope[0] < high[0]), float(tau[0]), bool(p[0] < 0.001)
    (True, 1.0, True)
    """
    n, m = values.shape
    first, second = np.triu_indices(n, 1)
    rise = values[second] - values[first]  # (pairs, m)
    slopes = np.sort(rise / (time[second] - time[first])[:, None], axis=0)
    pairs = len(slopes)
    slope = np.median(slopes, axis=0)
    s = np.sign(rise).sum(axis=0)
    variance = (n * (n - 1) * (2 * n + 5) - _tie_terms(values)) / 18
    factor = hamed_rao_factor(time, values, slope)
    variance = variance * (factor if correct_down else np.maximum(np.maximum(factor, inflation), 1))
    spread = np.sqrt(np.maximum(variance, 0))
    quantile = float(quantile_t(0.975, np.array(df)))
    low_rank = np.clip(np.floor((pairs - quantile * spread) / 2), 0, pairs - 1).astype(int)
    high_rank = np.clip(np.ceil((pairs + quantile * spread) / 2), 0, pairs - 1).astype(int)
    column = np.arange(m)
    low, high = slopes[low_rank, column], slopes[high_rank, column]
    flat = spread == 0  # all values equal
    z = np.where(flat, 0, (s - np.sign(s)) / np.where(flat, 1, spread))
    p = two_sided_p(z, np.ones(m), np.full(m, df))
    return slope, low, high, p, (high - low) / (2 * quantile), s / pairs


def hamed_rao_factor(time: np.ndarray, values: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """How much autocorrelation multiplies the variance of Mann-Kendall's statistic; 1 for none.

    Only lags whose rank autocorrelation lies outside its 95% limits count [2]_.
    """
    n = len(values)
    ranks = rankdata(values - slope * time[:, None], axis=0)
    ranks = ranks - ranks.mean(axis=0)
    power = np.sum(ranks**2, axis=0)
    spectrum = np.abs(np.fft.rfft(ranks, 2 * n, axis=0)) ** 2
    products = np.fft.irfft(spectrum, 2 * n, axis=0)[1:n]  # lags 1..n-1
    autocorrelation = products / np.where(power > 0, power, 1)
    lag = np.arange(1, n)[:, None]
    counted = np.abs(autocorrelation) > ndtri(0.975) / np.sqrt(n)
    sums = np.sum((n - lag) * (n - lag - 1) * (n - lag - 2) * autocorrelation * counted, axis=0)
    return 1 + 2 / (n * (n - 1) * (n - 2)) * sums


def _tie_terms(values: np.ndarray) -> np.ndarray:
    """Sum of t(t-1)(2t+5) over groups of t equal values, by column."""
    terms = np.zeros(values.shape[1])
    ordered = np.sort(values, axis=0)
    for column in np.flatnonzero((np.diff(ordered, axis=0) == 0).any(axis=0)):
        _, t = np.unique(ordered[:, column], return_counts=True)
        terms[column] = np.sum(t * (t - 1) * (2 * t + 5))
    return terms


def _first_at_least(running: np.ndarray, code: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Index of the first row of each group whose running weight reaches the target."""
    reached = running >= target[code]
    position = np.where(reached, np.arange(len(code)), len(code))
    starts = np.flatnonzero(np.r_[True, np.diff(code) > 0])
    return np.minimum(np.minimum.reduceat(position, starts), len(code) - 1)
