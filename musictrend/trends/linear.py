"""A straight line through one group's values: weighted least squares with artists as clusters.

The design matrix holds one column for each source (corpus, kind of year, kind of source, engine), so that a
slope is always a slope *within* sources; a column for the logarithm of the number of events, because longer
transcriptions look more complex; and decades. All measures that share the same tracks share one design and
are solved together.

Standard errors are CR2 (Bell & McCaffrey 2002): the residuals of each artist are inflated by that artist's
own leverage before they are summed. Degrees of freedom are Satterthwaite's under independent errors, so
that a group in which a few artists carry the whole trend gets the wide interval it deserves. With Gram
matrices ``G_i = X_i' W X_i`` and ``(X' W X)^-1 = L L'`` both need only the eigenvalues of the small
matrices ``L' G_i L``; nothing of size ``n x n`` is formed.

References
----------
.. [1] Bell & McCaffrey (2002). Bias reduction in standard errors for linear regression with
   multi-stage samples. Survey Methodology 28.
.. [2] Pustejovsky & Tipton (2018). Small-sample methods for cluster-robust variance estimation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

# Above this many columns CR2 leaves out the leverage of the source terms: many artists share it then.
MAX_LEVERAGE_COLUMNS = 8
_TINY = 1e-9


@dataclass(frozen=True)
class Line:
    """Slopes of several measures, with what is needed to judge and to combine them.

    Attributes
    ----------
    slope, se, df : ndarray, shape=(n_measures,)
        Slope in the measure's unit per decade, its standard error, its degrees of freedom.
    low, high, p : ndarray, shape=(n_measures,)
        95% interval and two-sided p of "no slope".
    """

    slope: np.ndarray
    se: np.ndarray
    df: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray

    @classmethod
    def from_se(cls, slope: np.ndarray, se: np.ndarray, df: np.ndarray) -> Line:
        """Intervals and p values from Student's t.

        Examples
        --------
        >>> line = Line.from_se(np.array([2.0]), np.array([1.0]), np.array([np.inf]))
        >>> [round(float(x[0]), 3) for x in (line.low, line.high, line.p)]
        [0.04, 3.96, 0.046]
        """
        slope, se = np.asarray(slope, float), np.asarray(se, float)
        df = np.broadcast_to(np.asarray(df, float), slope.shape).copy()
        half = quantile_t(0.975, df) * se
        return cls(slope, se, df, slope - half, slope + half, two_sided_p(slope, se, df))


@dataclass(frozen=True)
class Design:
    """The tracks of one group that have a value, sorted by artist, and the columns that explain them.

    Attributes
    ----------
    decade : ndarray, shape=(n,)
        Year in decades; any origin.
    weight : ndarray, shape=(n,)
        Positive.
    cluster : ndarray of int, shape=(n,)
        Artist codes, ascending.
    source : ndarray of int, shape=(n,)
        Codes of what must never be compared across: corpus, kind of year, kind of source, engine.
    length : ndarray, shape=(n,), or None
        Logarithm of the number of events; None leaves the length term out.
    """

    decade: np.ndarray
    weight: np.ndarray
    cluster: np.ndarray
    source: np.ndarray
    length: np.ndarray | None = None
    _cache: dict = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each artist's rows begin."""
        return np.flatnonzero(np.r_[True, self.cluster[1:] != self.cluster[:-1]])

    @property
    def cluster_ids(self) -> np.ndarray:
        """Artist codes, one an artist."""
        return self.cluster[self.starts]

    @cached_property
    def columns(self) -> np.ndarray:
        """Source terms, length, decade (last); each column that says nothing new is dropped."""
        _, code = np.unique(self.source, return_inverse=True)
        terms = [(code[:, None] == np.arange(code.max() + 1)).astype(float)]
        if self.length is not None:
            centred = self.length - np.average(self.length, weights=self.weight)
            rest = _within(centred, code, self.weight)
            if self.weight @ rest**2 > _TINY * self.weight.sum():
                terms.append(centred[:, None])
        centred = self.decade - np.average(self.decade, weights=self.weight)
        return np.column_stack([*terms, centred])  # (n, p)

    @cached_property
    def decade_left(self) -> np.ndarray:
        """Decades with every other column's share taken out."""
        others, decade = self.columns[:, :-1], self.columns[:, -1]
        root = np.sqrt(self.weight)[:, None]
        coefficient, *_ = np.linalg.lstsq(others * root, decade * root[:, 0], rcond=None)
        return decade - others @ coefficient

    @property
    def is_identified(self) -> bool:
        """Whether years vary inside at least one source, beyond what length explains."""
        if len(self.decade) <= self.columns.shape[1]:
            return False
        return bool(self.weight @ self.decade_left**2 > 1e-6 * self.weight.sum())

    @cached_property
    def slope_weights(self) -> np.ndarray:
        """What each track contributes: slope = slope_weights @ values."""
        weighted = self.weight * self.decade_left
        return weighted / (weighted @ self.decade_left)

    @cached_property
    def bread(self) -> np.ndarray:
        """(X' W X)^-1, shape (p, p)."""
        return np.linalg.pinv((self.columns * self.weight[:, None]).T @ self.columns, hermitian=True)

    @cached_property
    def leverage(self) -> tuple[np.ndarray, float]:
        """CR2 multiplier of each track's residual times root weight, and degrees of freedom."""
        return measure_leverage(self.columns * np.sqrt(self.weight)[:, None], self.starts)


def measure_leverage(columns: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, float]:
    """What each row's residual adds to the error of the last coefficient, by CR2, and its degrees of freedom.

    Parameters
    ----------
    columns : ndarray, shape=(n, p)
        Design matrix whose rows are independent and of equal variance under the working model.
    starts : ndarray of int, shape=(n_clusters,)
        First row of each cluster.

    Returns
    -------
    multiplier : ndarray, shape=(n,)
        Summed within clusters times residuals, squared and summed over clusters: the CR2 variance.
    df : float
        Satterthwaite's degrees of freedom under the working model (Bell & McCaffrey 2002).
    """
    if columns.shape[1] > MAX_LEVERAGE_COLUMNS:
        others = columns[:, :-1]
        coefficient, *_ = np.linalg.lstsq(others, columns[:, -1], rcond=None)
        columns = (columns[:, -1] - others @ coefficient)[:, None]
    value, vector = np.linalg.eigh(np.linalg.pinv(columns.T @ columns, hermitian=True))
    half = vector * np.sqrt(np.clip(value, 0, None))  # half @ half.T == (X'X)^-1
    scaled = columns @ half  # (n, p)
    gram = np.add.reduceat(scaled[:, :, None] * scaled[:, None, :], starts, axis=0)  # (clusters, p, p)
    share, axes = np.linalg.eigh(gram)
    share = np.clip(share, 0, 1)
    open_ = share < 1 - _TINY  # a cluster alone in a direction leaves no residual there
    inverse_root = np.where(open_, 1 / np.sqrt(np.where(open_, 1 - share, 1)), 0)
    along = np.einsum("gpk,p->gk", axes, half[-1])
    coefficient = np.einsum("gpk,gk->gp", axes, inverse_root * along)  # (clusters, p)
    sizes = np.diff(np.r_[starts, len(columns)])
    multiplier = np.einsum("np,np->n", scaled, np.repeat(coefficient, sizes, axis=0))
    own = np.sum(along**2 * share * inverse_root**2, axis=1)
    shared = np.einsum("gpk,gk->gp", axes, share * inverse_root * along)
    squared = np.sum(shared**2, axis=1)
    trace = own.sum() - squared.sum()
    norm = np.sum(own**2) - 2 * own @ squared + np.sum((shared.T @ shared) ** 2)
    return multiplier, float(trace**2 / norm) if norm > 0 and trace > 0 else float("nan")


def fit_cluster_ols(design: Design, values: np.ndarray) -> tuple[Line, np.ndarray]:
    """Slopes per decade by weighted least squares, with artist-cluster CR2 errors.

    Parameters
    ----------
    design : Design, n tracks
    values : ndarray, shape=(n, n_measures)
        No missing values.

    Returns
    -------
    line : Line
    influence : ndarray, shape=(n_artists, n_measures)
        What each artist adds to the error of each slope; the squares sum to ``line.se ** 2``. Two slopes
        that rest on the same artists covary by the sum of the products.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> decade = np.repeat(np.arange(5.0), 40)
    >>> design = Design(decade, np.ones(200), np.arange(200), np.zeros(200, int))
    >>> line, influence = fit_cluster_ols(design, (0.5 * decade + rng.normal(size=200))[:, None])
    >>> bool(line.low[0] < 0.5 < line.high[0]), influence.shape
    (True, (200, 1))
    """
    weighted = values * design.weight[:, None]
    coefficient = design.bread @ (design.columns.T @ weighted)  # (p, m)
    residual = values - design.columns @ coefficient
    multiplier, df = design.leverage
    scaled = multiplier * np.sqrt(design.weight)
    influence = np.add.reduceat(scaled[:, None] * residual, design.starts, axis=0)
    se = np.sqrt(np.sum(influence**2, axis=0))
    return Line.from_se(design.slope_weights @ values, se, np.full(values.shape[1], df)), influence


def adjust_values(design: Design, values: np.ndarray) -> np.ndarray:
    """Values with source and length terms taken out, at the group's mean source and length.

    What is left is decade, artist and noise: the series that curves, annual medians and changepoints read.
    """
    coefficient = design.bread @ (design.columns.T @ (values * design.weight[:, None]))
    nuisance = design.columns[:, :-1] @ coefficient[:-1]
    return values - nuisance + np.average(nuisance, axis=0, weights=design.weight)


def two_sided_p(estimate: np.ndarray, se: np.ndarray, df: np.ndarray) -> np.ndarray:
    """P of an estimate at least as far from 0, by Student's t (normal where df is infinite)."""
    estimate, se, df = np.broadcast_arrays(*(np.asarray(x, float) for x in (estimate, se, df)))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(estimate) / se
    # A constant measure has slope 0 and error 0: nothing speaks against "no slope".
    t = np.where((se == 0) & (estimate == 0), 0.0, t)
    return 2 * stdtr(np.where(np.isinf(df), 1e12, df), -t)


def quantile_t(probability: float, df: np.ndarray) -> np.ndarray:
    """Student's t quantile; infinite degrees of freedom give the normal's."""
    df = np.asarray(df, float)
    return stdtrit(np.where(np.isinf(df), 1e12, df), probability)


def adjust_fdr(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg q of each p; missing p stay missing and are not counted.

    Examples
    --------
    >>> adjust_fdr(np.array([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if len(known):
        order = known[np.argsort(p[known], kind="stable")]
        scaled = p[order] * len(known) / np.arange(1, len(known) + 1)
        q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return q


def _within(values: np.ndarray, code: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Deviations from the weighted mean of each source."""
    total = np.bincount(code, weight)
    return values - (np.bincount(code, weight * values) / total)[code]
