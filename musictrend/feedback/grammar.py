"""Generators: what learns a corpus of chords and writes new ones; the simple ones.

Three families, one interface: ``family.fit(works, weights)`` gives a model,
``model.sample(plan, rng)`` writes tokens and ``model.cross_entropy(works)``
says in bits an event how badly the model expects what it is shown.

- `ngrams.NgramFamily`: interpolated n-grams with Witten-Bell escape. The
  world's generator and, at temperature 1, the style of its human artists.
- `CategoricalFamily`: one distribution over tokens. Shumailov (2024) and
  Seddik (2024) state their laws for it.
- `GaussianFamily`: mean and variance by maximum likelihood, for real-valued
  songs (Shumailov 2024, Alemohammad 2023).

What a family learns is kept as counts that can be added up, so that a
generator which accumulates need not read its whole corpus again each year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.feedback.form import Plan
from musictrend.feedback.works import Works


def sharpen(probabilities: np.ndarray, temperature: float = 1.0, top_p: float = 1.0) -> np.ndarray:
    """Distributions as a generator samples them: ``p**(1/T)``, then the nucleus.

    Parameters
    ----------
    probabilities : array, shape=(..., n_tokens)
        Each last axis sums to 1.
    temperature : float >= 0
        Below 1 favours the likely; 0 leaves the likeliest token alone.
    top_p : float in (0, 1]
        Keep the fewest tokens, likeliest first, that together reach this mass.

    Returns
    -------
    sharpened : array, same shape, last axis sums to 1

    Examples
    --------
    >>> sharpen(np.array([0.5, 0.3, 0.2]), temperature=0.0)
    array([1., 0., 0.])
    >>> sharpen(np.array([0.5, 0.3, 0.2]), top_p=0.8)
    array([0.625, 0.375, 0.   ])
    """
    p = np.asarray(probabilities, dtype=float)
    if temperature == 0:
        sharp = np.zeros_like(p)
        np.put_along_axis(sharp, p.argmax(axis=-1, keepdims=True), 1.0, axis=-1)
        return sharp
    if temperature != 1:
        p = (p / p.max(axis=-1, keepdims=True)) ** (1.0 / temperature)
        p /= p.sum(axis=-1, keepdims=True)
    if top_p < 1:
        order = np.argsort(-p, axis=-1, kind="stable")
        ranked = np.take_along_axis(p, order, axis=-1)
        before = np.cumsum(ranked, axis=-1) - ranked
        keep = np.zeros(p.shape, dtype=bool)
        np.put_along_axis(keep, order, before < top_p - 1e-12, axis=-1)
        p = np.where(keep, p, 0.0)
        p /= p.sum(axis=-1, keepdims=True)
    return p


class Family:
    """What the three families share."""

    def fit(self, works: Works, weights: np.ndarray | None = None):
        """Learn from songs, each counted `weights` times (once by default)."""
        return self.model(self.count(works, weights))

    def count(self, works: Works, weights: np.ndarray | None = None):
        """What the family remembers of a corpus; two of them can be added."""
        raise NotImplementedError

    def model(self, counts):
        """The model that follows from counts."""
        raise NotImplementedError


# ---------------------------------------------------------------- one distribution
@dataclass(frozen=True)
class CategoricalFamily(Family):
    """One distribution over tokens, the same at every place of every song.

    Parameters
    ----------
    n_tokens : int
    add : float >= 0
        Pseudo-count given to every token; 0 is maximum likelihood.
    temperature, top_p : float
        How the fitted model is sampled, see `sharpen`.
    """

    n_tokens: int
    add: float = 0.0
    temperature: float = 1.0
    top_p: float = 1.0

    def count(self, works, weights=None):
        """Token counts, shape=(n_tokens,)."""
        if weights is None:
            return np.bincount(works.tokens, minlength=self.n_tokens).astype(float)
        return np.bincount(works.tokens, weights=np.repeat(weights, works.lengths), minlength=self.n_tokens)

    def model(self, counts):
        """Normalised counts."""
        p = counts + self.add
        return CategoricalModel(p / p.sum(), self.temperature, self.top_p)


class CategoricalModel:
    """A fitted distribution over tokens."""

    def __init__(self, probabilities: np.ndarray, temperature: float = 1.0, top_p: float = 1.0):
        self.probabilities = probabilities
        p = probabilities if temperature == 1 and top_p == 1 else sharpen(probabilities, temperature, top_p)
        self._cumulative = np.cumsum(p)

    def sample(self, plan: Plan | int, rng: np.random.Generator) -> np.ndarray:
        """Tokens for every event of the plan (or for so many single events)."""
        n = plan if isinstance(plan, int) else int(plan.length.sum())
        u = rng.random(n) * self._cumulative[-1]
        return np.searchsorted(self._cumulative, u, side="right").astype(np.int32)

    def cross_entropy(self, works: Works) -> float:
        """Bits an event; infinite when something unseen occurs and `add` was 0."""
        with np.errstate(divide="ignore"):
            return float(-np.log2(self.probabilities[works.tokens]).mean())


# ---------------------------------------------------------------- real numbers
@dataclass(frozen=True)
class GaussianFamily(Family):
    """Maximum-likelihood normal distribution for songs of one real number."""

    def count(self, works, weights=None):
        """Number, sum and sum of squares of the values, shape=(3,)."""
        x = works.tokens
        w = np.ones(len(x)) if weights is None else np.repeat(weights, works.lengths)
        return np.array([w.sum(), (w * x).sum(), (w * x * x).sum()])

    def model(self, counts):
        """Mean and variance; the variance divides by n (maximum likelihood)."""
        n, total, squares = counts
        mean = total / n
        return GaussianModel(mean, max(squares / n - mean * mean, 0.0))


@dataclass(frozen=True)
class GaussianModel:
    """A fitted normal distribution."""

    mean: float
    variance: float

    def sample(self, plan: Plan | int, rng: np.random.Generator) -> np.ndarray:
        """One value an event."""
        n = plan if isinstance(plan, int) else int(plan.length.sum())
        return rng.normal(self.mean, np.sqrt(self.variance), n)

    def cross_entropy(self, works: Works) -> float:
        """Mean negative log density, bits."""
        z2 = (works.tokens - self.mean) ** 2 / self.variance
        return float(0.5 * np.mean(z2 + np.log(2 * np.pi * self.variance)) / np.log(2))
