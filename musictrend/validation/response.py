"""How a measure of complexity responds to an engine's errors, and what follows for the truth behind an estimate.

An engine bends a measure towards what its errors look like: songs with many sevenths lose some, songs with none
gain a few. For shares this is exact: with false positives at rate alpha and sensitivity beta the expected
estimate is ``alpha + (beta - alpha) * truth``, and solving for the truth undoes it (Rogan & Gladen 1978). We fit
the same line to every measure, growing with how many errors the engine expects in a song::

    estimate - truth = w**power (a + b (truth - centre)) + noise,   var noise = w sd**2

``w`` is the song's expected share of errors, one less the mean confidence of its chords, over the mean of the
calibration's songs; an engine without confidences has w = 1. A sure song is hardly corrected, a doubtful one much:
recordings of an older chain, which are heard with less confidence, are corrected more. The power is below 1 where
errors crowd: of two wrong chords the second adds less to what is wrong already. It is told by the songs, and leans to
1 where they say little.

A reference is no truth either: analysts differ in taste, and where windows of thirty events begin is chance. Least
squares would take that for the engine's doing and stretch differences between songs too far; between works of When
in Rome slopes are nearer 1 than between songs of one work. So the slope is told by a song's neighbours, works of the
same opus or artist that share neither's chance (an instrumental variable), held between least squares and Deming's
line. Without neighbours it lies a quarter of the way.

The line says what an engine makes of a truth, not what truth is likely behind an estimate: it does not pull
songs towards the mean of the calibration's songs, so that a calibration learned on one repertoire does not make
another look like it, and a trend keeps its size. Songs are resampled in groups (opuses, artists), and the spread of
the line over the resamples is the error that all songs of the engine share. How far lines differ between renderers, recording
chains or repertoires (`conditions`) is the error that all songs of a source, or of its era, share.

References
----------
.. [1] Rogan, Gladen (1978). Estimating prevalence from the results of a screening test. Am. J. Epidemiology 107.
.. [2] Carroll, Ruppert, Stefanski, Crainiceanu (2006). Measurement Error in Nonlinear Models, 2nd ed.
.. [3] Wald (1940). The fitting of straight lines if both variables are subject to error. Ann. Math. Stat. 11.
.. [4] Field, Welsh (2007). Bootstrapping clustered data. J. Royal Statistical Society B 69.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musictrend.cache import hash_bytes
from musictrend.validation.bias import correlate_songs
from musictrend.validation.conditions import Spread, add_spreads, draw_shifts, measure_spread, spread_variance

__all__ = ["MAX_SHIFT", "MIN_CORRELATION", "MIN_GROUPS", "MIN_RESPONSE", "MIN_SONGS", "Response", "fit_response"]

MIN_SONGS, MIN_GROUPS = 20, 5
MIN_CORRELATION = 0.5  # of estimate and truth over songs; below it an engine cannot carry a measure
MIN_RESPONSE = 0.25  # of a difference between songs that is left in the estimate; nothing is divided by less
MAX_SHIFT = 1.0  # SD of songs; a measure whose level differs more between conditions of one engine is not carried
RESAMPLES = 1000
POWERS, POWER_SD = np.linspace(0.3, 1.5, 13), 0.5  # what the power may be, and how far it strays from 1 unasked
MIN_PAIRED, MIN_LIKENESS = 10, 0.2  # groups of several songs, and how alike these are, for neighbours to tell a slope


@dataclass(frozen=True)
class Response:
    """The line of one measure at one vocabulary.

    Attributes
    ----------
    measure, vocabulary : str
    centre : float
        Mean truth of the calibration's songs.
    a, b : float
        Bias at the centre, and how it changes with the truth, for a song of average confidence.
    power : float
        How the bias grows with a song's doubt.
    covariance : tuple of 6 floats
        Of a, b and power over resampled groups of songs: aa, ab, ap, bb, bp, pp.
    sd : float
        Of what is left in a song of average confidence.
    correlation : float
        Of estimate and truth over songs, inside repertoires.
    bias : float
        Mean of estimate minus truth.
    n_songs : int
    n_groups : float
        Groups of songs that effectively carry the line: (sum of sizes)**2 over the sum of their squares.
    why : str
        Why the engine cannot carry the measure; ``""`` when it can.
    source, era : tuple (aa, ab, bb, df)
        How lines differ between renderers (or repertoires), and between recording chains: `measure_spread`. ``()``
        where nothing is known of it.

    Examples
    --------
    An engine that halves the distance of every song from 0.2:

    >>> halved = Response("nontriad_share", "sevenths", 0.2, 0.0, -0.5, 1.0, (0,) * 6, 0.01, 0.9, 0.0, 50, 50, "")
    >>> halved.correct(np.array([0.2, 0.3, 0.15]), np.ones(3)).round(2).tolist()
    [0.2, 0.4, 0.1]
    """

    measure: str
    vocabulary: str
    centre: float
    a: float
    b: float
    power: float
    covariance: tuple[float, ...]
    sd: float
    correlation: float
    bias: float
    n_songs: int
    n_groups: float
    why: str = ""
    source: Spread = ()
    era: Spread = ()

    @property
    def carried(self) -> bool:
        """Whether the engine can carry the measure."""
        return not self.why

    @property
    def df(self) -> float:
        """Degrees of freedom of the line: effective groups less its two coefficients."""
        return max(self.n_groups - 2.0, 3.0)

    def correct(self, estimate: np.ndarray, w: np.ndarray, line: Sequence[float] | None = None) -> np.ndarray:
        """The truth behind estimates, w of each song; no difference between songs is stretched more than fourfold."""
        a, b, power = (self.a, self.b, self.power) if line is None else line
        f = w**power
        return self.centre + (estimate - self.centre - f * a) / np.maximum(1 + f * b, MIN_RESPONSE)

    def variances(self, corrected: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance of corrected values: each song's own, and what all songs of the engine, or of a source, share."""
        f = w**self.power
        left = np.maximum(1 + f * self.b, MIN_RESPONSE)
        along = corrected - self.centre
        pull = np.stack([np.ones_like(along), along, np.log(w) * (self.a + self.b * along)]) * f / left  # (3, n)
        square = self._square()
        square[:2, :2] += spread_variance(self.source) + spread_variance(self.era)
        return self.sd**2 * w / left**2, np.einsum("in,ij,jn->n", pull, square, pull)

    def draw_lines(self, engine: str, n_draws: int, seed: int = 0) -> np.ndarray:
        """Draws of (a, b, power), shape (n_draws, 3): their mean is the line, their covariance that of Student's t."""
        number = int(hash_bytes("calibration", engine, self.measure, self.vocabulary)[:15], 16)
        normal = np.random.default_rng(np.random.SeedSequence([seed, number])).standard_normal((n_draws, 3))
        normal -= normal.mean(axis=0)
        if n_draws > 3:  # else they cannot have any covariance asked for
            normal = normal @ np.linalg.inv(np.linalg.cholesky(normal.T @ normal / (n_draws - 1))).T
        value, vector = np.linalg.eigh(self._square())
        root = vector * np.sqrt(np.maximum(value, 0))
        return np.array([self.a, self.b, self.power]) + normal @ root.T * np.sqrt(self.df / (self.df - 2))

    def shift_songs(
        self, corrected: np.ndarray, w: np.ndarray, engine: str, sources: np.ndarray, eras: np.ndarray, n_draws: int,
        seed: int = 0,
    ) -> np.ndarray:  # fmt: skip
        """Draws of what conditions do to corrected values, shape (n_draws, n): one a source, and one an era of a source.

        Parameters
        ----------
        corrected, w : float arrays, shape (n,)
        engine : str
        sources, eras : arrays of str, shape (n,)
        n_draws : int
        seed : int
        """
        f = w**self.power
        factor = -f / np.maximum(1 + f * self.b, MIN_RESPONSE)
        along = corrected - self.centre
        moved = np.zeros((n_draws, len(corrected)))
        both = np.array([f"{source}\x1f{era}" for source, era in zip(sources, eras, strict=True)], dtype=object)
        for spread, names in ((self.source, sources), (self.era, both)):
            for name in set(names) if spread else ():
                rows = np.flatnonzero(names == name)
                shift = draw_shifts(spread, n_draws, engine, self.measure, self.vocabulary, str(name), seed=seed)
                moved[:, rows] += factor[rows] * (shift[:, :1] + shift[:, 1:] * along[rows])
        return moved

    def _square(self) -> np.ndarray:
        """The covariance as a matrix."""
        square = np.zeros((3, 3))
        square[np.triu_indices(3)] = self.covariance
        return square + np.triu(square, 1).T


def fit_response(
    measure: str, vocabulary: str, truth: np.ndarray, estimate: np.ndarray, w: np.ndarray, group: np.ndarray, *,
    outside: str = "", stratum: np.ndarray | None = None, conditions: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
) -> Response:  # fmt: skip
    """Fit the line of one measure, and its error over resampled groups of songs.

    Parameters
    ----------
    measure, vocabulary : str
    truth, estimate : float arrays, shape (n,)
        NaN where a song has no value on that side.
    w : float array, shape (n,)
        Expected share of errors, 1 on average.
    group : int array, shape (n,)
        Songs of one group are not independent.
    outside : str
        Why the engine cannot tell this vocabulary at all, where it cannot.
    stratum : int array, shape (n,), optional
        Repertoires: estimate and truth must correlate inside them, not by what sets one apart from another.
    conditions : mapping of str to int array, shape (n,), optional
        ``source`` and ``era`` of each song, -1 where it has none, and its ``repertoire``: of what this says one half of
        the variance is a source's and one half an era's.
    seed : int

    Returns
    -------
    response : Response
        With NaN and a ``why`` where there are too few songs, or one side does not vary.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.uniform(0, 1, 200)
    >>> estimate = 0.1 + 0.6 * truth + rng.normal(0, 0.05, 200)
    >>> found = fit_response("nontriad_share", "sevenths", truth, estimate, np.ones(200), np.arange(200))
    >>> round(found.b, 1), found.carried
    (-0.4, True)
    """
    known = np.isfinite(truth) & np.isfinite(estimate) & np.isfinite(w)
    x, z, w = truth[known], estimate[known], w[known]
    _, group = np.unique(group[known], return_inverse=True)
    n = len(x)
    sizes = np.bincount(group).astype(float) if n else np.zeros(0)
    n_groups = round(float(sizes.sum() ** 2 / np.sum(sizes**2)), 1) if n else 0.0
    bias = float(np.mean(z - x)) if n else np.nan
    within = np.zeros(n, dtype=np.int64) if stratum is None else stratum[known]
    correlation = correlate_songs(_centre(x, within), _centre(z, within))
    blank = Response(measure, vocabulary, *(np.nan,) * 4, (np.nan,) * 6, np.nan, correlation, bias, n, n_groups)
    why = outside or _lack(n, n_groups, x, z, correlation)
    if n < 3 or not np.isfinite(correlation):
        return _because(blank, why or "it does not vary")
    centre = float(np.average(x, weights=w))
    sums = np.stack([_sum_groups(x - centre, z - x, w, w**power, group) for power in POWERS])  # (powers, groups, k)
    a, b, power = (float(c[0]) for c in _solve_lines(sums.sum(axis=1)[:, None], n))
    f = w**power
    left = (z - x) - f * (a + b * (x - centre))
    sd = float(np.sqrt(np.sum(left**2 / w) / max(n - 2, 1)))
    number = int(hash_bytes("response", measure, vocabulary)[:15], 16)
    square = n_groups / max(n_groups - 1, 1) * _resample(sums, n, number, seed)
    covariance = tuple(float(c) for c in square[np.triu_indices(3)])
    spreads = {}
    for level, names in (conditions or {}).items():
        _, code = np.unique(names[known], return_inverse=True)
        code = np.where(names[known] < 0, -1, code)
        spreads[level] = measure_spread(
            x - centre, left, w, f, group, code, sloped=level != "repertoire", number=number, seed=seed
        )
    if spreads.get("repertoire"):
        for level in ("source", "era"):
            spreads[level] = add_spreads(spreads.get(level, ()), spreads["repertoire"], 0.5)
    unknown = [level for level in ("source", "era", "repertoire") if not spreads.get(level, True)]
    if unknown and not why:
        why = f"too few songs to tell how far another {' or '.join(unknown)} shifts it"
    found = Response(measure, vocabulary, centre, a, b, power, covariance, sd, correlation, bias, n, n_groups,
                     "", spreads.get("source", ()), spreads.get("era", ()))  # fmt: skip
    return _because(found, why or _stray(found, float(np.std(x))))


def _stray(found: Response, sd: float) -> str:
    """Why a measure cannot be carried whose line is known too little, or is another in every condition."""
    apart = spread_variance(found.source) + spread_variance(found.era)
    left = 1 + found.b
    least = left - 2 * np.sqrt(found.covariance[3])
    if not least >= MIN_RESPONSE:
        return f"of a difference between songs {left:.2f} is left in the estimate, and perhaps only {max(least, 0):.2f}"
    shift = float(np.sqrt(apart[0, 0])) / left / sd
    if not shift <= MAX_SHIFT:
        return f"from one renderer or repertoire to another the engine shifts it by {shift:.2f} SD of songs"
    return ""


def _sum_groups(x: np.ndarray, error: np.ndarray, w: np.ndarray, f: np.ndarray, group: np.ndarray) -> np.ndarray:
    """What the line needs of each group: sums over its songs, and over those that have a neighbour in it."""
    d, p = error / f, f**2 / w  # error = f (a + b x) + noise of variance w
    n = np.bincount(group)
    total = np.bincount(group, weights=x)
    paired = n[group] > 1
    h = np.where(paired, (total[group] - x) / np.maximum(n[group] - 1, 1), 0.0)  # mean of the group's other songs
    q = np.where(paired, p, 0.0)
    terms = (p, p * x, p * d, p * x * x, p * x * d, p * d * d, q, q * h, q * x, q * d, q * h * x, q * h * d, q * h * h)
    return np.column_stack([*(np.bincount(group, weights=term) for term in terms), n > 1])


def _solve_lines(sums: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines (a, b, power), one for each column of sums, shape (powers, lines, k), at the power that fits best.

    Least squares takes the reference for the truth, Deming's line takes it for as uncertain as the estimate. The
    slope lies between: where the means of a song's neighbours say, which share neither's chance, else a quarter of the way.
    """
    p, px, pd, pxx, pxd, pdd, q, qh, qx, qd, qhx, qhd, qhh, n_paired = np.moveaxis(sums, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mx, md = px / p, pd / p
        vx, vd, c = pxx / p - mx**2, pdd / p - md**2, pxd / p - mx * md
        least = c / vx
        misfit = n * np.log(np.maximum(p * (vd - least * c), 1e-300)) + ((POWERS - 1) / POWER_SD)[:, None] ** 2
        vz, cz = vx + 2 * c + vd, vx + c  # of the estimate at w = 1
        deming = (vz - vx + np.sqrt((vz - vx) ** 2 + 4 * cz**2)) / (2 * cz) - 1
        pull = qhx - qh * qx / q
        by_neighbours = (qhd - qh * qd / q) / pull
        strong = pull / np.sqrt((qhh - qh**2 / q) * vx * q)  # correlation of songs with their neighbours
        told = (n_paired >= MIN_PAIRED) & (strong > MIN_LIKENESS) & np.isfinite(by_neighbours)
    deming = np.where(np.isfinite(deming) & (deming > least), deming, least)
    b = np.where(told, np.clip(by_neighbours, least, deming), 0.75 * least + 0.25 * deming)
    best = np.argmin(np.where(np.isfinite(misfit), misfit, np.inf), axis=0)
    line = np.arange(len(best))
    return (md - b * mx)[best, line], b[best, line], POWERS[best]


def _resample(sums: np.ndarray, n: int, number: int, seed: int) -> np.ndarray:
    """Covariance of (a, b, power) over resampled groups."""
    n_groups = sums.shape[1]
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=RESAMPLES).astype(float)
    lines = np.column_stack(_solve_lines(counts @ sums, n))
    lines = lines[np.isfinite(lines).all(axis=1)]
    return np.cov(lines.T) if len(lines) > RESAMPLES // 2 else np.full((3, 3), np.nan)


def _lack(n: int, n_groups: float, x: np.ndarray, z: np.ndarray, correlation: float) -> str:
    """Why a measure cannot be carried; '' where nothing speaks against it yet."""
    if n < MIN_SONGS:
        return f"only {n} songs to calibrate with"
    if n_groups < MIN_GROUPS:
        return f"the songs come from effectively {n_groups:.1f} groups only"
    if not np.isfinite(correlation):
        return "the engine never tells songs apart by it" if np.ptp(z) < 1e-9 else "it does not vary in the reference"
    if correlation < MIN_CORRELATION:
        return f"estimate and reference correlate by only {correlation:.2f} over songs"
    return ""


def _centre(values: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Values less the mean of their stratum."""
    total = np.bincount(stratum, weights=values)
    return values - (total / np.maximum(np.bincount(stratum), 1))[stratum]


def _because(response: Response, why: str) -> Response:
    return replace(response, why=why)
