"""A straight line with a random intercept for each artist, by restricted maximum likelihood.

With one random intercept the covariance of an artist's values is ``s2 (W^-1 + r 11')``, whose inverse is
``W - k W 11' W`` with ``k = r / (1 + r sum(w))``. The likelihood therefore has one free parameter, the
ratio ``r`` of artist to residual variance, and needs only sums per artist; artists of equal total weight
share them. A grid over the intraclass correlation ``r / (1 + r)`` and a golden-section search, run for all
measures at once, find it.

An artist's intercept takes up part of what a new generation brings: trends made by turnover of artists come
out too small, by a fifth where artists have five songs within ten years (world ``cohorts`` of `trials`), by
more where few artists have many. That is why claims rest on `linear` and this model is one of their
robustness checks.

The slope is the restricted maximum likelihood one; its standard error is not the model's but CR2 around it,
as in `linear`, after the model's own whitening. Shares pile up at 0 and 1, and artists drift each in their
own direction: the model-based error would be too small then.

References
----------
.. [1] Laird & Ware (1982). Random-effects models for longitudinal data. Biometrics 38.
"""

from __future__ import annotations

import numpy as np

from musictrend.trends.linear import Design, Line, measure_leverage

# Errors are computed at the intraclass correlation rounded to this step, so that measures can share the work.
_CORRELATION_STEP = 0.05
_GOLDEN = (np.sqrt(5) - 1) / 2


def fit_mixed(design: Design, values: np.ndarray) -> tuple[Line, np.ndarray]:
    """Slopes per decade of a random-intercept model, REML, and each measure's intraclass correlation.

    Parameters
    ----------
    design : Design, n tracks
    values : ndarray, shape=(n, n_measures)
        No missing values.

    Returns
    -------
    line : Line
        Errors are CR2 around the model, degrees of freedom Satterthwaite's.
    correlation : ndarray, shape=(n_measures,), in [0, 1)
        Share of the variance around the line that lies between artists.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> artist = np.repeat(np.arange(60), 5)
    >>> decade = rng.uniform(0, 6, 300)
    >>> values = 0.3 * decade + rng.normal(size=60)[artist] + rng.normal(size=300)
    >>> design = Design(decade, np.ones(300), artist, np.zeros(300, int))
    >>> line, correlation = fit_mixed(design, values[:, None])
    >>> bool(line.low[0] < 0.3 < line.high[0]), round(float(correlation[0]), 1)
    (True, 0.5)
    """
    sums = _ArtistSums(design, values)
    grid = np.linspace(0, 0.96, 25)
    deviance = np.stack([sums.deviance(np.full(values.shape[1], c)) for c in grid])  # (grid, m)
    best = np.argmin(deviance, axis=0)
    low, high = grid[np.maximum(best - 1, 0)], np.append(grid, 0.9999)[best + 1]
    for _ in range(16):  # 0.08 * 0.618**16 < 1e-4
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        better_left = sums.deviance(left) <= sums.deviance(right)
        high, low = np.where(better_left, right, high), np.where(better_left, low, left)
    correlation = (low + high) / 2
    correlation = np.where(sums.deviance(np.zeros_like(correlation)) <= sums.deviance(correlation), 0, correlation)
    slope, _ = sums.solve(correlation)
    se, df = np.empty_like(slope), np.empty_like(slope)
    rounded = np.round(correlation / _CORRELATION_STEP) * _CORRELATION_STEP
    for step in np.unique(rounded):
        here = rounded == step
        columns = _whiten(design, design.columns, min(step, 0.99))
        outcome = _whiten(design, values[:, here], min(step, 0.99))
        coefficient = np.linalg.pinv(columns.T @ columns, hermitian=True) @ (columns.T @ outcome)
        multiplier, df[here] = measure_leverage(columns, design.starts)
        influence = np.add.reduceat(multiplier[:, None] * (outcome - columns @ coefficient), design.starts, axis=0)
        se[here] = np.sqrt(np.sum(influence**2, axis=0))
    return Line.from_se(slope, se, df), correlation


def fit_model_based(design: Design, values: np.ndarray, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and the model's own standard error at given intraclass correlations, as other packages print."""
    return _ArtistSums(design, values).solve(correlation)


def _whiten(design: Design, values: np.ndarray, correlation: float) -> np.ndarray:
    """Columns whose rows are independent and of equal variance under the model."""
    root = np.sqrt(design.weight)[:, None]
    scaled = values * root
    total = np.add.reduceat(design.weight, design.starts)
    shrink = (1 - 1 / np.sqrt(1 + correlation / (1 - correlation) * total)) / total
    sums = np.add.reduceat(scaled * root, design.starts, axis=0) * shrink[:, None]
    sizes = np.diff(np.r_[design.starts, len(design.cluster)])
    return scaled - root * np.repeat(sums, sizes, axis=0)


class _ArtistSums:
    """Sums over tracks, and over artists of equal weight, that the likelihood needs."""

    def __init__(self, design: Design, values: np.ndarray) -> None:
        # Orthonormal columns keep the small systems well conditioned; dependent ones vanish.
        root = np.sqrt(design.weight)[:, None]
        left, size, right = np.linalg.svd(design.columns * root, full_matrices=False)
        keep = size > size[0] * 1e-10
        x = left[:, keep] / root  # (n, p), x' W x = 1
        self.target = right[keep, -1] / size[keep]  # slope = target @ coefficient
        centre = np.average(values, axis=0, weights=design.weight)
        scale = np.std(values, axis=0)
        self.scale = np.where(scale > 0, scale, 1)
        y = (values - centre) / self.scale
        self.n, self.p = x.shape
        weighted = y * design.weight[:, None]
        self.xy, self.yy = x.T @ weighted, np.sum(weighted * y, axis=0)
        total = np.add.reduceat(design.weight, design.starts)
        sx = np.add.reduceat(x * design.weight[:, None], design.starts, axis=0)
        sy = np.add.reduceat(weighted, design.starts, axis=0)
        self.total, which, self.count = np.unique(np.round(total, 10), return_inverse=True, return_counts=True)
        order = np.argsort(which, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(which[order]) > 0])
        sx, sy = sx[order], sy[order]
        self.sxx = np.add.reduceat(sx[:, :, None] * sx[:, None, :], starts, axis=0)  # (u, p, p)
        self.sxy = np.add.reduceat(sx[:, :, None] * sy[:, None, :], starts, axis=0)  # (u, p, m)
        self.syy = np.add.reduceat(sy**2, starts, axis=0)  # (u, m)

    def _system(self, correlation: np.ndarray) -> tuple[np.ndarray, ...]:
        """Generalised normal equations of each measure at its own correlation."""
        ratio = correlation / (1 - correlation)  # (m,)
        shrink = ratio[:, None] / (1 + ratio[:, None] * self.total)  # (m, u)
        xx = np.eye(self.p) - np.tensordot(shrink, self.sxx, axes=1)  # (m, p, p)
        xy = self.xy.T - np.einsum("mu,upm->mp", shrink, self.sxy)
        yy = self.yy - np.einsum("mu,um->m", shrink, self.syy)
        coefficient = np.linalg.solve(xx, xy[:, :, None])[:, :, 0]
        rss = np.maximum(yy - np.sum(xy * coefficient, axis=1), 1e-14 * (1 + self.yy))
        return ratio, xx, coefficient, rss

    def deviance(self, correlation: np.ndarray) -> np.ndarray:
        """-2 log restricted likelihood, up to a constant."""
        ratio, xx, _, rss = self._system(correlation)
        spread = np.log1p(ratio[:, None] * self.total) @ self.count
        return (self.n - self.p) * np.log(rss) + np.linalg.slogdet(xx)[1] + spread

    def solve(self, correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope and model-based standard error."""
        _, xx, coefficient, rss = self._system(correlation)
        unit = np.broadcast_to(self.target, coefficient.shape)[:, :, None]
        variance = np.sum(self.target * np.linalg.solve(xx, unit)[:, :, 0], axis=1) * rss / (self.n - self.p)
        return coefficient @ self.target * self.scale, np.sqrt(variance) * self.scale
