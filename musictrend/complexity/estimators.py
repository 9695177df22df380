"""Estimators of entropy from small samples: what rare types that were missed would add.

A short sample misses rare types, so the plain entropy of its shares (*maximum likelihood*) is too low. The
estimators guess how much is missing, each in its own way; all depend on the counts alone.

References
----------
.. [1] Miller (1955). Note on the bias of information estimates.
.. [2] Chao, Shen (2003). Nonparametric estimation of Shannon's index of diversity. Env. Ecol. Stat. 10:429.
.. [3] Grassberger (2003). Entropy estimates from insufficient samplings. arXiv physics/0307138.
.. [4] Nemenman, Shafee, Bialek (2002). Entropy and inference, revisited. NIPS 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np

from musictrend.errors import ParameterError

__all__ = ["ESTIMATORS", "estimate_entropy"]

# Each takes ``histogram`` (u, m + 1), how many types occur 0, 1, ..., m times, and returns nats, shape (u,).


def _sizes(histogram: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts 0 to m; sample size and number of types of each row."""
    counts = np.arange(histogram.shape[1])
    return counts, (histogram * counts).sum(axis=1), histogram[:, 1:].sum(axis=1)


def _add_up(histogram: np.ndarray, term: Callable[[int], np.ndarray | float]) -> np.ndarray:
    """Sum over types of a term that depends on their count; in one order, whatever rows come with a row."""
    total = np.zeros(len(histogram))
    for k in range(1, histogram.shape[1]):
        total += histogram[:, k] * term(k)
    return total


def _maximum_likelihood(histogram: np.ndarray, alphabet: int) -> np.ndarray:
    """-sum p ln p of the shares p as they are."""
    _, n, _ = _sizes(histogram)
    return -_add_up(histogram, lambda k: k / n * np.log(k / n))


def _miller_madow(histogram: np.ndarray, alphabet: int) -> np.ndarray:
    """Maximum likelihood and (K - 1)/2n, K the types seen."""
    _, n, types = _sizes(histogram)
    return _maximum_likelihood(histogram, alphabet) + (types - 1) / (2 * n)


def _chao_shen(histogram: np.ndarray, alphabet: int) -> np.ndarray:
    """Shares are shrunk by Good's coverage C = 1 - f1/n, and each weighs by the chance of having been seen."""
    _, n, _ = _sizes(histogram)
    coverage = 1 - np.minimum(histogram[:, 1], n - 1) / n  # stays above 0; a lone event has 1

    def term(k: int) -> np.ndarray:
        share = coverage * k / n
        return share * np.log(share) / (1 - np.maximum(1 - share, 0) ** n)

    return -_add_up(histogram, term)


@cache
def _grassberger_terms(m: int) -> np.ndarray:
    """Terms k G(k) for k = 0 to m, G(k) = psi(k) + (-1)^k/2 [psi((k + 1)/2) - psi(k/2)]."""
    from scipy.special import digamma

    k = np.arange(1, m + 1)
    g = digamma(k) + 0.5 * (-1.0) ** k * (digamma((k + 1) / 2) - digamma(k / 2))
    return np.concatenate([[0.0], k * g])


def _grassberger(histogram: np.ndarray, alphabet: int) -> np.ndarray:
    """Less biased for small counts: ln n - (1/n) sum n_i G(n_i)."""
    _, n, _ = _sizes(histogram)
    terms = _grassberger_terms(histogram.shape[1] - 1)
    return np.log(n) - _add_up(histogram, lambda k: terms[k]) / n


NODES = np.arange(-22, 22.001, 0.125)  # ln beta; the integrand dies away like |ln beta| beyond


@lru_cache(maxsize=64)
def _nsb_tables(m: int, n: int, alphabet: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each node: ln weight apart from the counts, ln Gamma(k + b)/Gamma(b) and (k + b) psi(k + b + 1)."""
    from scipy.special import digamma, gammaln, polygamma

    beta = np.exp(NODES)
    total = alphabet * beta
    k = np.arange(m + 1)[:, None]
    # The prior is flat in the entropy expected at beta; d ln beta adds one more beta.
    slope = alphabet * polygamma(1, total + 1) - polygamma(1, beta + 1)
    weight = np.log(np.maximum(slope, 1e-300)) + NODES + gammaln(total) - gammaln(n + total)
    # ln Gamma(k + b) - ln Gamma(b) as a sum of logarithms: exact where b is large.
    rising = np.concatenate([np.zeros((1, len(beta))), np.cumsum(np.log(np.arange(m)[:, None] + beta), axis=0)])
    return weight, rising, (k + beta) * digamma(k + beta + 1)


def _nsb(histogram: np.ndarray, alphabet: int) -> np.ndarray:
    """Posterior mean of the entropy under a mixture of Dirichlet priors that is flat in entropy.

    Integrated over ln beta by the trapezoid rule, which is exact to many digits for an integrand that is smooth
    and dies away at both ends.
    """
    from scipy.special import digamma

    _, sizes, types = _sizes(histogram)
    out = np.empty(len(histogram))
    beta = np.exp(NODES)
    for n in np.unique(sizes):
        rows = sizes == n
        found, m = histogram[rows], histogram.shape[1] - 1
        weight, rising, expected = _nsb_tables(m, int(n), alphabet)
        log_weight = np.repeat(weight[None], rows.sum(), axis=0)
        mean = np.maximum(alphabet - types[rows], 0)[:, None] * expected[0]
        for k in range(1, m + 1):  # one count at a time: a row's sum does not depend on what rows come with it
            log_weight += found[:, k, None] * rising[k]
            mean += found[:, k, None] * expected[k]
        mean = digamma(n + alphabet * beta + 1) - mean / (n + alphabet * beta)
        share = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        out[rows] = (share * mean).sum(axis=1) / share.sum(axis=1)
    return out


ESTIMATORS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "ml": _maximum_likelihood,
    "miller_madow": _miller_madow,
    "chao_shen": _chao_shen,
    "grassberger": _grassberger,
    "nsb": _nsb,
}


def estimate_entropy(counts: Sequence[int] | np.ndarray, method: str = "nsb", alphabet: int | None = None) -> float:
    """Entropy of the distribution that some counts were drawn from.

    Parameters
    ----------
    counts : sequence of int
        How often each type was met.
    method : str
        ``"ml"`` (plain shares), ``"miller_madow"``, ``"chao_shen"``, ``"grassberger"`` or ``"nsb"``.
    alphabet : int, optional
        How many types there are, met or not; only NSB asks. Those met when absent.

    Returns
    -------
    entropy : float, bits

    Raises
    ------
    ParameterError
        For another method, negative counts, none at all, or an alphabet too small.

    Examples
    --------
    >>> counts = [4, 2, 3, 2, 4, 2, 1, 1]
    >>> [round(estimate_entropy(counts, m) * 0.693147181, 4) for m in ("ml", "chao_shen", "grassberger")]
    [1.9684, 2.2011, 2.1446]
    """
    if method not in ESTIMATORS:
        raise ParameterError(f"method={method!r} must be one of {', '.join(map(repr, ESTIMATORS))}")
    found = np.asarray(counts, dtype=np.int64)
    if found.ndim != 1 or (found < 0).any() or not found.sum():
        raise ParameterError(f"counts={counts!r} must be whole numbers of 0 or more, one of them above 0")
    found = found[found > 0]
    size = len(found) if alphabet is None else alphabet
    if size < len(found):
        raise ParameterError(f"alphabet={alphabet} is smaller than the {len(found)} types that were met")
    histogram = np.bincount(found)[None]
    if method == "nsb" and size == 1:
        return 0.0
    return float(ESTIMATORS[method](histogram, size)[0] / np.log(2))
