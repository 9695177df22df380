"""Who gets heard: plays by popularity, taste and a little chance.

An urn (Polya): exposure grows with plays. Salganik, Dodds and Watts (2006)
found that a stronger social signal makes markets more unequal and less
predictable; Chaney, Stewart and Engelhardt (2018) that recommenders which learn from
recommended clicks homogenise. Simplified: one public, no personal taste.
"""

from __future__ import annotations

import numpy as np


def allocate_plays(
    plays: np.ndarray,
    appeal: np.ndarray,
    n_plays: int,
    rng: np.random.Generator,
    *,
    exposure: float = 1.0,
    exploration: float = 0.0,
    unit: float = 1.0,
    rounds: int = 4,
) -> np.ndarray:
    """Plays that each song gains in one step.

    A play goes to song i with probability
    ``(1 - e) w_i / sum(w) + e / n``, ``w_i = (1 + plays_i/unit)**exposure * appeal_i``.
    The weights are renewed `rounds` times; with ``rounds == n_plays``, appeal
    1 and exposure 1 it is Polya's urn that starts with one ball of each
    colour.

    Parameters
    ----------
    plays : array, shape=(n_works,)
        Plays before.
    appeal : array >= 0, shape=(n_works,)
        Taste and the platform's favour, not popularity.
    n_plays : int
    exposure, exploration, unit, rounds
        See `Scenario` (`unit` is plays_per_work); ``rounds=0`` gives all songs the same share.

    Returns
    -------
    gained : float array, shape=(n_works,)
        Sums to `n_plays`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> float(allocate_plays(np.zeros(3), np.ones(3), 30, rng).sum())
    30.0
    """
    n = len(plays)
    if n == 0:
        return np.zeros(0)
    if rounds == 0:
        return np.full(n, n_plays / n)
    gained = np.zeros(n)
    share, more = divmod(n_plays, rounds)
    for k in range(rounds):
        batch = share + (k < more)
        if batch == 0:
            break
        weight = (1.0 + (plays + gained) / unit) if exposure else np.ones(n)
        if exposure not in (0, 1):
            weight = (weight / weight.max()) ** exposure
        weight = weight * appeal
        total = weight.sum()
        p = (1 - exploration) * weight / total + exploration / n if total > 0 else np.full(n, 1 / n)
        gained += rng.multinomial(batch, p / p.sum())
    return gained


def gini(plays: np.ndarray) -> float:
    """Gini coefficient: 0 all alike, towards 1 when one song has everything.

    Examples
    --------
    >>> gini(np.array([1.0, 1.0, 1.0, 1.0]))
    0.0
    >>> gini(np.array([0.0, 0.0, 0.0, 1.0]))
    0.75
    """
    x = np.sort(np.asarray(plays, dtype=float))
    n, total = len(x), x.sum()
    if n == 0 or total == 0:
        return float("nan")
    return float(2 * (np.arange(1, n + 1) * x).sum() / (n * total) - (n + 1) / n)
