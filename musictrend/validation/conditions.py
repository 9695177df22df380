"""What an engine's response depends on that a calibration cannot hold fixed: the renderer, the chain, the repertoire.

A record's line is the mean over the songs it was learned from. Music that sounds otherwise, from other instruments,
studios or decades, is heard by the same engine with another line: all of its songs are off together, and no number of
songs averages that away. So songs of a calibration come from several *conditions* (the same chords by several renderers;
recording chains of several eras; several repertoires), and what is learned is how far lines differ between them, beyond
chance: the covariance of a and b over conditions. A corpus is one more condition; what is unknown of its line
is drawn once for each of its sources and once for each of its eras, never for a track.

Conditions are few, so that this covariance is itself uncertain: draws have the variance of Student's t with one degree
of freedom less than there are conditions, and the line at their middle is itself the mean of so many.

References
----------
.. [1] DerSimonian, Laird (1986). Meta-analysis in clinical trials. Controlled Clinical Trials 7.
.. [2] Gelman (2006). Prior distributions for variance parameters in hierarchical models. Bayesian Analysis 1.
.. [3] Higgins, Thompson, Spiegelhalter (2009). A re-evaluation of random-effects meta-analysis. J. R. Statist. Soc. A 172.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from musictrend.cache import hash_bytes

__all__ = [
    "ERA_EDGES",
    "MIN_CONDITIONS",
    "MIN_TAKES",
    "Spread",
    "draw_shifts",
    "measure_spread",
    "name_eras",
    "spread_variance",
]

MIN_CONDITIONS = 4  # fewer say nothing of how far others may lie
MIN_TAKES = 5  # songs without which a condition has no line of its own
MIN_SLOPED = 10  # songs of each condition without which these differ in level alone, as slopes cannot be told
RESAMPLES = 300
ERA_EDGES = (1600, 1750, 1820, 1900, 1925, 1950, 1965, 1985, 2000)
"""Years in which music, or what records it, began to sound otherwise: styles up to 1900; then acoustic and electric
recording, tape, many tracks, digital, lossy codecs."""

Spread = tuple[float, ...]
"""aa, ab and bb over conditions, and degrees of freedom; ``()`` where nothing is known."""


def name_eras(years: Sequence[float | None]) -> list[str]:
    """The era of each year, ``""`` where there is none.

    Examples
    --------
    >>> name_eras([1962, 1964, 1991, None])
    ['1950-1964', '1950-1964', '1985-1999', '']
    """
    names = []
    for year in years:
        if year is None or year != year:
            names.append("")
            continue
        i = bisect_right(ERA_EDGES, year)
        low = str(ERA_EDGES[i - 1]) if i else ""
        high = str(ERA_EDGES[i] - 1) if i < len(ERA_EDGES) else ""
        names.append(f"{low}-{high}")
    return names


def measure_spread(
    along: np.ndarray, left: np.ndarray, w: np.ndarray, f: np.ndarray, group: np.ndarray, condition: np.ndarray,
    *, sloped: bool = True, number: int = 0, seed: int = 0,
) -> Spread:  # fmt: skip
    """Covariance of the lines of conditions, beyond what chance makes of as many songs.

    Parameters
    ----------
    along, left : float arrays, shape (n,)
        Truth less its centre, and what the common line leaves of estimate minus truth.
    w, f : float arrays, shape (n,)
        Expected share of errors, and the factor of the line that follows from it.
    group : int array, shape (n,)
        Songs of one group are resampled together: the same chords in several conditions share their chance.
    condition : int array, shape (n,)
        -1 for a song of none.
    sloped : bool
        Whether slopes differ too. Repertoires lie at other truths each: their levels alone are told, where they lie.
    number, seed : int

    Returns
    -------
    spread : tuple (aa, ab, bb, df)
        Or ``()`` with fewer than `MIN_CONDITIONS` of `MIN_TAKES` songs.

    Examples
    --------
    Six conditions whose lines differ in level by 0.1 (standard deviation):

    >>> rng = np.random.default_rng(0)
    >>> condition = np.repeat(np.arange(6), 50)
    >>> along, level = rng.normal(0, 0.3, 300), np.array([-0.12, 0.12, -0.06, 0.06, -0.1, 0.1])
    >>> left = level[condition] + rng.normal(0, 0.05, 300)
    >>> aa, ab, bb, df = measure_spread(along, left, np.ones(300), np.ones(300), np.arange(300), condition)
    >>> round(aa**0.5, 1), bb < 0.002, df
    (0.1, True, 5.0)
    """
    size = np.bincount(condition[condition >= 0])
    enough = np.flatnonzero(size >= MIN_TAKES)
    k = len(enough)
    if k < MIN_CONDITIONS:
        return ()
    place = np.full(int(condition.max()) + 1, -1)
    place[enough] = np.arange(k)
    at = np.where(condition >= 0, place[condition], -1)
    rows = np.flatnonzero(at >= 0)
    x, d, p, at = along[rows], (left / f)[rows], (f**2 / w)[rows], at[rows]
    scale = float(np.std(x)) or 1.0
    told = sloped and size[enough].min() >= MIN_SLOPED
    x = x / scale if told else np.zeros(len(x))  # in SD: a and b then move a song alike
    own = group[rows].copy()
    for c in range(k):  # of one group alone nothing would be resampled: its songs stand for themselves
        mine = at == c
        if np.ptp(own[mine]) == 0:
            own[mine] = own.max() + 1 + np.arange(mine.sum())
    _, own = np.unique(own, return_inverse=True)
    n_groups = int(own.max()) + 1
    terms = np.stack([p, p * x, p * d, p * x * x, p * x * d])  # (5, n)
    sums = np.zeros((n_groups, k, 5))
    np.add.at(sums, (own, at), terms.T)
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=RESAMPLES).astype(float)
    lines = _fit_lines(sums.sum(axis=0))  # (k, 2)
    again = _fit_lines((counts @ sums.reshape(n_groups, -1)).reshape(RESAMPLES, k, 5))
    again = again[np.isfinite(again).all(axis=(1, 2))]
    if not np.isfinite(lines).all() or len(again) < RESAMPLES // 3:
        return ()
    apart = again - again.mean(axis=1, keepdims=True)  # what conditions share is the line's own error
    apart = apart - apart.mean(axis=0)
    chance = np.einsum("rki,rkj->ij", apart, apart) / (len(apart) - 1) / (k - 1)
    root = np.linalg.cholesky(chance + 1e-12 * max(np.trace(chance), 1e-12) * np.eye(2))
    whole = np.linalg.solve(root, np.linalg.solve(root, np.cov(lines.T)).T)  # in units of chance
    ratio, vector = np.linalg.eigh(whole)
    axes = root @ vector
    square = (axes * _believe_excess(ratio, k - 1)) @ axes.T
    return float(square[0, 0]), float(square[0, 1] / scale), float(square[1, 1] / scale**2), float(k - 1)


def add_spreads(one: Spread, other: Spread, share: float = 1.0) -> Spread:
    """What two kinds of conditions do together, of the other a share; degrees of freedom of the fewer.

    Examples
    --------
    >>> add_spreads((0.2, 0.0, 0.1, 7.0), (0.2, 0.0, 0.0, 4.0), 0.5), add_spreads((), (0.2, 0.0, 0.0, 4.0))
    ((0.3, 0.0, 0.1, 4.0), (0.2, 0.0, 0.0, 4.0))
    """
    if not other:
        return one
    sums = one[:3] if one else (0.0, 0.0, 0.0)
    parts = [a + share * b for a, b in zip(sums, other[:3], strict=True)]
    return parts[0], parts[1], parts[2], min(one[3], other[3]) if one else other[3]


def spread_variance(spread: Spread) -> np.ndarray:
    """Covariance of a and b of one more condition about the line: matrix of shape (2, 2).

    That of Student's t, and of the mean of the conditions that the line was learned from.
    """
    if not spread:
        return np.zeros((2, 2))
    aa, ab, bb, df = spread
    heavy = df / (df - 2) if df > 2 else 3.0
    return np.array([[aa, ab], [ab, bb]]) * heavy * (1 + 1 / (df + 1))


def draw_shifts(spread: Spread, n_draws: int, *names: str, seed: int = 0) -> np.ndarray:
    """Draws of how far one condition's line is off, shape (n_draws, 2): means 0, covariance `spread_variance`.

    Parameters
    ----------
    spread : Spread
    n_draws : int
    names : str
        What the condition is: engine, measure, vocabulary, source, era. Equal names, equal draws.
    seed : int
    """
    if not spread:
        return np.zeros((n_draws, 2))
    number = int(hash_bytes("condition", *names)[:15], 16)
    normal = np.random.default_rng(np.random.SeedSequence([seed, number])).standard_normal((n_draws, 2))
    normal -= normal.mean(axis=0)
    if n_draws > 2:  # else they cannot have any covariance asked for
        normal = normal @ np.linalg.inv(np.linalg.cholesky(normal.T @ normal / (n_draws - 1))).T
    value, vector = np.linalg.eigh(spread_variance(spread))
    return normal @ (vector * np.sqrt(np.maximum(value, 0))).T


def _believe_excess(ratio: np.ndarray, df: int) -> np.ndarray:
    """Variance between conditions in units of chance, from the variance that was seen in these units.

    What was seen less chance may be nothing, or less, by luck among few; that is no proof that conditions do not
    differ. Half of the weight of what is then likely, all standard deviations being equally so beforehand, lies below.
    """
    sd = np.linspace(0.0, 1.0, 2001)[None] * 4 * np.sqrt(np.maximum(ratio, 1.0))[:, None]
    total = 1 + sd**2
    weight = -0.5 * df * (np.log(total) + np.maximum(ratio, 0.0)[:, None] / total)
    weight = np.exp(weight - weight.max(axis=1, keepdims=True)).cumsum(axis=1)
    at = (weight < 0.5 * weight[:, -1:]).sum(axis=1)
    return sd[np.arange(len(ratio)), at] ** 2


def _fit_lines(sums: np.ndarray) -> np.ndarray:
    """Least squares of each condition, shape (..., k, 2), from sums of shape (..., k, 5)."""
    p, px, pd, pxx, pxd = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mx, md = px / p, pd / p
        vx = pxx / p - mx**2
        b = np.where(vx > 0.05, (pxd / p - mx * md) / vx, 0.0)  # songs all alike tell a level, and no slope
        return np.stack([md - b * mx, b], axis=-1)
