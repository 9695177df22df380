"""Does one thing stand behind the composite? A one-factor fit of its four facets, and McDonald's omega.

A mean of four facets is worth reporting when they vary together. The check asks it of the frozen reference
sample (shipped as correlations, ``reference_factor.csv``) and of any table of scores: how strongly each facet
loads on one common factor, what share of the composite's variance that factor explains (omega), and how far the
fit is from the correlations. It is published beside the composite, never instead of the facets.

References
----------
.. [1] McDonald (1999). Test theory: a unified treatment. Erlbaum. (omega)
.. [2] Jöreskog (1967). Some contributions to maximum likelihood factor analysis. Psychometrika 32:443.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.matrix import ScoreMatrix
from musictrend.complexity.measure import WINDOW
from musictrend.complexity.standard import COMPOSITE_FACETS, standardise
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FACET_NAMES", "FactorCheck", "check_composite", "fit_one_factor", "list_factor_checks", "reference_factor"]

FACET_NAMES = ("vocabulary", "syntax", "tonality", "vertical")
FACTOR_FILE = "reference_factor.csv"
FEWEST = 20  # tracks with all four facets
SCOPES = ("all", "within genres")


@dataclass(frozen=True, eq=False)
class FactorCheck:
    """One common factor of some variables, fitted by maximum likelihood.

    Attributes
    ----------
    names : tuple of str, p variables
    correlation : float64 array, shape (p, p)
    loading : float64 array, shape (p,), from -1 to 1
        Correlation of each variable with the factor; their sum is positive.
    n_tracks : int
    """

    names: tuple[str, ...]
    correlation: np.ndarray
    loading: np.ndarray
    n_tracks: int

    @property
    def uniqueness(self) -> np.ndarray:
        """Share of each variable's variance that the factor leaves: float64 array, shape (p,)."""
        return 1 - self.loading**2

    @property
    def omega(self) -> float:
        """McDonald's omega: share of the variance of the variables' mean that is the factor's, 0 to 1.

        .7 and more is what is commonly asked of a scale.
        """
        common = self.loading.sum() ** 2
        return float(common / (common + self.uniqueness.sum()))

    @property
    def alpha(self) -> float:
        """Cronbach's alpha, which takes all loadings to be equal."""
        p = len(self.names)
        return float(p / (p - 1) * (1 - p / self.correlation.sum()))

    @property
    def srmr(self) -> float:
        """Standardised root mean square residual: how far fitted correlations are from those found; .08 is close."""
        i, j = np.triu_indices(len(self.names), 1)
        apart = self.correlation[i, j] - self.loading[i] * self.loading[j]
        return float(np.sqrt((apart**2).mean()))

    @property
    def discrepancy(self) -> tuple[float, int]:
        """Likelihood-ratio statistic of the fit and its degrees of freedom."""
        p = len(self.names)
        fitted = np.outer(self.loading, self.loading) + np.diag(self.uniqueness)
        sign, log_fitted = np.linalg.slogdet(fitted)
        _, log_found = np.linalg.slogdet(self.correlation)
        f = log_fitted - log_found + np.trace(np.linalg.solve(fitted, self.correlation)) - p
        return float(max(f, 0.0) * (self.n_tracks - 1)), p * (p - 1) // 2 - p

    @property
    def cfi(self) -> float:
        """Comparative fit index against variables that have nothing in common: 1 is perfect, .95 close."""
        p = len(self.names)
        statistic, df = self.discrepancy
        null = max(-(self.n_tracks - 1) * np.linalg.slogdet(self.correlation)[1] - p * (p - 1) / 2, 0.0)
        own = max(statistic - df, 0.0)
        return 1.0 if own == 0 else float(1 - own / max(null, own))

    @property
    def rmsea(self) -> float:
        """Root mean square error of approximation: .06 is close."""
        statistic, df = self.discrepancy
        return float(np.sqrt(max(statistic - df, 0.0) / (df * (self.n_tracks - 1))))

    def to_row(self) -> dict[str, float | int]:
        """Loadings and figures of merit, one name each."""
        statistic, df = self.discrepancy
        return {
            "n_tracks": self.n_tracks,
            **{f"loading_{name}": float(value) for name, value in zip(self.names, self.loading, strict=True)},
            "omega": self.omega, "alpha": self.alpha, "srmr": self.srmr, "cfi": self.cfi, "rmsea": self.rmsea,
            "chi_square": statistic, "df": df,
        }  # fmt: skip


def fit_one_factor(correlation: np.ndarray, n_tracks: int, names: Sequence[str] = FACET_NAMES) -> FactorCheck:
    """Fit one common factor to a correlation matrix by maximum likelihood.

    Parameters
    ----------
    correlation : array, shape (p, p), p of 3 or more
    n_tracks : int
        Cases behind it.
    names : sequence of str, p names

    Returns
    -------
    check : FactorCheck

    Raises
    ------
    ParameterError
        When the matrix is no correlation matrix of that many variables.

    References
    ----------
    .. [1] Jöreskog (1967). Psychometrika 32:443.

    Examples
    --------
    >>> loading = np.array([0.9, 0.8, 0.7, 0.6])
    >>> correlation = np.outer(loading, loading) + np.diag(1 - loading**2)
    >>> check = fit_one_factor(correlation, 500)
    >>> check.loading.round(3).tolist(), round(check.omega, 4)
    ([0.9, 0.8, 0.7, 0.6], 0.8411)
    """
    from scipy.optimize import minimize

    found = np.asarray(correlation, dtype=np.float64)
    p = len(names)
    if p < 3 or found.shape != (p, p) or not np.allclose(found, found.T) or not np.allclose(np.diag(found), 1):
        raise ParameterError(f"correlation must be a symmetric matrix of {max(p, 3)} variables with 1 on its diagonal")
    if not np.isfinite(found).all() or np.linalg.eigvalsh(found)[0] <= 0:
        raise ParameterError("correlation is singular: two variables say the same, or one does not vary")

    def misfit(log_unique: np.ndarray) -> tuple[float, np.ndarray]:
        """Discrepancy once the loadings are the best for these unique variances; its gradient."""
        scale = np.exp(-log_unique / 2)
        values, vectors = np.linalg.eigh(found * np.outer(scale, scale))
        rest = values[:-1]
        slope = vectors[:, :-1] ** 2 @ (1 - rest)
        return float((rest - np.log(rest) - 1).sum()), slope

    start = np.log(np.clip(1 / np.diag(np.linalg.inv(found)), 0.01, 0.99))
    best = minimize(misfit, start, jac=True, method="L-BFGS-B", bounds=[(np.log(0.005), 0.0)] * p,
                    options={"ftol": 1e-15, "gtol": 1e-10})  # fmt: skip
    scale = np.exp(-best.x / 2)
    values, vectors = np.linalg.eigh(found * np.outer(scale, scale))
    loading = vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0)) / scale
    loading = np.clip(loading if loading.sum() >= 0 else -loading, -1, 1)
    return FactorCheck(tuple(names), found, loading, int(n_tracks))


def correlate_facets(z: Mapping[str, np.ndarray], vocabulary: str, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Facets of the composite from scores of its measures: float64 array (n, 4), and which rows have all four."""
    facets = np.stack(
        [
            sum(standardise(np.asarray(z[name]), name, vocabulary, window) for name in names) / len(names)
            for names in COMPOSITE_FACETS
        ],
        axis=1,
    )
    return facets, np.isfinite(facets).all(axis=1)


def check_composite(
    scores: ScoreMatrix | pd.DataFrame, vocabulary: str = "sevenths", window: int = WINDOW
) -> FactorCheck:
    """Check on a table of scores whether one factor stands behind the composite's four facets.

    Parameters
    ----------
    scores : ScoreMatrix, or DataFrame with columns ``track_id, measure, vocabulary, value``
        Must hold the composite's measures: `types_rarefied`, `surprisal`, `fifths_spread`, `chromatic_share`,
        `roughness`.
    vocabulary : str
    window : int
        That of the scores, whose reference means and SDs are used: 30 or 16.

    Returns
    -------
    check : FactorCheck
        Over the tracks that have all four facets.

    Raises
    ------
    ParameterError
        When a measure is missing, fewer than 20 tracks have all facets, or a facet does not vary.

    Examples
    --------
    >>> from musictrend.complexity import score_table
    >>> from musictrend.harmony import ChordSequence, ChordTable
    >>> rng = np.random.default_rng(0)
    >>> plain, rich = ["C", "F", "G", "A:min"], ["C:maj7", "A:7", "D:min7", "G:7", "Eb:dim7", "F#:hdim7", "Bb:7"]
    >>> songs = [
    ...     ChordSequence.from_labels(rng.choice(plain + rich[: i % 8], 60), key="C:major", track_id=str(i))
    ...     for i in range(60)
    ... ]
    >>> check = check_composite(score_table(ChordTable.from_sequences(songs), "core", ["sevenths"]))
    >>> check.n_tracks, bool(check.omega > 0.9)
    (60, True)
    """
    names = [name for facet in COMPOSITE_FACETS for name in facet]
    if isinstance(scores, ScoreMatrix):
        z: dict[str, np.ndarray] = {name: scores[name, vocabulary] for name in names}
    else:
        rows = scores[(scores["vocabulary"] == vocabulary) & scores["measure"].isin(names)]
        wide = rows.pivot_table(index="track_id", columns="measure", values="value", observed=True, dropna=False)
        missing = [name for name in names if name not in wide.columns]
        if missing:
            raise ParameterError(
                f"scores hold no {missing[0]!r} at vocabulary {vocabulary!r}: score the core set first"
            )
        z = {name: wide[name].to_numpy(dtype=np.float64) for name in names}
    facets, whole = correlate_facets(z, vocabulary, window)
    if whole.sum() < FEWEST:
        raise ParameterError(
            f"only {whole.sum()} tracks have all four facets at vocabulary {vocabulary!r}; a factor check needs {FEWEST}"
        )
    if (facets[whole].std(axis=0) == 0).any():
        still = FACET_NAMES[int(np.argmin(facets[whole].std(axis=0)))]
        raise ParameterError(f"facet {still!r} is the same in all tracks: nothing can vary with it")
    return fit_one_factor(np.corrcoef(facets[whole].T), int(whole.sum()))


@cache
def _stored_rows() -> dict[tuple[str, str, int], dict[str, str]]:
    """Rows of the shipped correlations, by scope, vocabulary and window."""
    path = resources.files("musictrend.data") / "reference" / FACTOR_FILE
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {(row["scope"], row["vocabulary"], int(row["window"])): row for row in rows}


def reference_factor(vocabulary: str = "sevenths", window: int = WINDOW, scope: str = "all") -> FactorCheck:
    """The factor check on the frozen reference sample.

    Parameters
    ----------
    vocabulary : str
        ``triads``, ``sevenths`` or ``full``.
    window : int
        30 or 16.
    scope : str
        ``"all"``: correlations over the balanced sample, genre differences included. ``"within genres"``: of
        songs with others of their genre.

    Returns
    -------
    check : FactorCheck

    Raises
    ------
    ParameterError
        When the sample has no such row.

    Examples
    --------
    >>> bool(reference_factor("sevenths").omega > reference_factor("sevenths", scope="within genres").omega)
    True
    """
    rows = _stored_rows()
    if (scope, vocabulary, window) not in rows:
        raise ParameterError(
            f"scope={scope!r}, vocabulary={vocabulary!r}, window={window!r} is not among the reference's factor checks; "
            f"it has scopes {', '.join(map(repr, SCOPES))}, vocabularies triads, sevenths, full and windows 30, 16"
        )
    row = rows[scope, vocabulary, window]
    correlation = np.eye(len(FACET_NAMES))
    for i, j in zip(*np.triu_indices(len(FACET_NAMES), 1), strict=True):
        correlation[i, j] = correlation[j, i] = float(row[f"{FACET_NAMES[i]}_{FACET_NAMES[j]}"])
    return fit_one_factor(correlation, int(row["n_tracks"]))


def list_factor_checks(scores: ScoreMatrix | pd.DataFrame | None = None, window: int = WINDOW) -> pd.DataFrame:
    """Factor checks as a table: the reference sample's, and those of a table of scores where one is given.

    Parameters
    ----------
    scores : ScoreMatrix or DataFrame, optional
    window : int
        Of the scores.

    Returns
    -------
    checks : DataFrame
        Columns ``sample, vocabulary, window, n_tracks, loading_vocabulary, loading_syntax, loading_tonality,
        loading_vertical, omega, alpha, srmr, cfi, rmsea, chi_square, df``.

    Examples
    --------
    >>> list_factor_checks()["sample"].unique().tolist()
    ['reference, all', 'reference, within genres']
    """
    import pandas as pd

    rows = []
    for scope, vocabulary, size in _stored_rows():
        check = reference_factor(vocabulary, size, scope)
        rows.append({"sample": f"reference, {scope}", "vocabulary": vocabulary, "window": size, **check.to_row()})
    for vocabulary in ("triads", "sevenths", "full") if scores is not None else ():
        try:
            check = check_composite(scores, vocabulary, window)  # type: ignore[arg-type]
        except ParameterError:
            continue  # not scored at this vocabulary, or too few tracks
        rows.append({"sample": "scores", "vocabulary": vocabulary, "window": window, **check.to_row()})
    return pd.DataFrame(rows)
