"""Laws of refitting and copying: cases 1 to 5 and 7 of science.md 3.2."""

from __future__ import annotations

from math import pi, sin, sqrt

import numpy as np

from musictrend.feedback.grammar import CategoricalFamily, CategoricalModel, GaussianFamily
from musictrend.feedback.trial import (
    OFF,
    above,
    at_least,
    below,
    equal,
    heterozygosity,
    law,
    list_seeds,
    make_base,
    run_steps,
    zipf,
)
from musictrend.feedback.world import World, step


# ------------------------------------------------------------------ 1, 2, 3: refitting a distribution
@law(1, "replace")
def _replace(seed):
    n, k, replicates = 100, 20, 300
    tokens = np.random.default_rng(seed).choice(k, n, p=zipf(k))
    scenario, family, start = OFF.replace(generator_works=n), CategoricalFamily(k), heterozygosity(tokens)
    rare = np.flatnonzero(np.bincount(tokens, minlength=k) == 3)
    at = {10: [], 20: [], 60: []}
    for s in list_seeds(seed, replicates):
        world = World.begin(make_base(tokens, k), scenario, s, family)
        for t in range(1, 61):
            step(world)
            if t in at:
                at[t].append(world.released.tokens)
    many = f"n={n}, K={k}, {replicates} replicates"
    yield equal(
        "Het_t = Het_0 (1 - 1/n)^t (Wright-Fisher)",
        f"t=60, {many}",
        (1 - 1 / n) ** 60,
        [heterozygosity(x) / start for x in at[60]],
    )
    yield equal(
        "S_m = 1 - (1 - 1/n)^m (1 - S_0) (Seddik 2024)",
        f"m=20, {many}",
        1 - (1 - 1 / n) ** 20 * start,
        [1 - heterozygosity(x) for x in at[20]],
    )
    if len(rare):
        yield at_least(
            "a token counted c times is alive after k steps with at least 1 - exp(-c/k) (Suresh 2024)",
            f"c=3, k=10, {many}",
            1 - np.exp(-0.3),
            [np.isin(rare, x).mean() for x in at[10]],
        )


@law(2, "accumulate")
def _accumulate(seed):
    n, k, steps, replicates = 20, 20, 50, 300
    tokens = np.random.default_rng(seed).choice(k, n, p=zipf(k))
    scenario = OFF.replace(generator_works=n, data_mode="accumulate")
    ratios = []
    for s in list_seeds(seed, replicates):
        p = run_steps(make_base(tokens, k), scenario, s, CategoricalFamily(k), steps).model.probabilities
        ratios.append((1 - (p * p).sum()) / heterozygosity(tokens))
    limit = sin(pi / sqrt(n)) / (pi / sqrt(n)) / (1 - 1 / n)
    expected = np.prod(1 - 1 / (n * np.arange(2, steps + 1) ** 2.0))
    yield equal(
        "Het_inf/Het_1 = [sin(pi/sqrt n)/(pi/sqrt n)]/(1 - 1/n)",
        f"n={n}, {replicates} replicates; after {steps} batches {expected:.5f}, in the limit {limit:.5f}",
        limit,
        ratios,
        bias=abs(expected - limit),
    )


@law(3, "fresh")
def _fresh(seed):
    k = 20
    p = zipf(k)
    # chains forget at the slower of 2f + 1/n (variety) and f (which tokens lead); each runs longer than that
    for n, f, steps, burn in ((50, 0.02, 700, 150), (50, 0.10, 300, 50), (200, 0.005, 1300, 400)):
        human = round(f * n)
        scenario = OFF.replace(human_works=human, generator_works=n - human)
        means = []
        for s in list_seeds(seed, 10):
            tokens = np.random.default_rng(s).choice(k, n, p=p)
            world = World.begin(make_base(tokens, k, source=CategoricalModel(p)), scenario, s, CategoricalFamily(k))
            kept = []
            for t in range(steps):
                step(world)
                if t >= burn:
                    kept.append(heterozygosity(world.released.tokens))
            means.append(np.mean(kept))
        expected = 1 - 1 / (n * (1 - (1 - f) ** 2) + (1 - f))
        yield equal(
            "Het_inf/Het* = 1 - 1/(n(1-(1-f)^2) + (1-f))",
            f"n={n}, f={f}, 10 chains of {steps} steps",
            expected,
            np.array(means) / (1 - (p * p).sum()),
        )


# ------------------------------------------------------------------ 4, 7: copying
@law(4, "infinite_alleles")
def _infinite_alleles(seed):
    n, mu, steps, burn = 50, 0.02, 1500, 200
    scenario = OFF.replace(human_works=n, copying=1.0, mutation=mu)
    novel = lambda old, rng: rng.integers(0, 1 << 31, len(old))  # noqa: E731
    means = []
    for s in list_seeds(seed, 4):
        world = World.begin(make_base(np.arange(n), n, novel=novel), scenario, s, CategoricalFamily(n))
        kept = []
        for t in range(steps):
            step(world)
            if t >= burn:
                kept.append(1 - heterozygosity(world.released.tokens) * n / (n - 1))
        means += [np.mean(block) for block in np.array_split(kept, 8)]
    expected = (1 - mu) ** 2 / (n - (n - 1) * (1 - mu) ** 2)
    yield equal(
        "pair identity F = (1-mu)^2/(N - (N-1)(1-mu)^2)",
        f"N={n}, mu={mu}, 4 chains of {steps} steps",
        expected,
        means,
    )


@law(7, "conformity")
def _conformity(seed):
    n, k, t, replicates = 100, 20, 40, 100
    tokens = np.random.default_rng(seed).choice(k, n, p=zipf(k))
    neutral = (1 - 1 / n) ** t
    for b, judge in ((1.0, equal), (1.3, below), (0.7, above)):
        scenario = OFF.replace(human_works=n, copying=1.0, conformity=b)
        ratios = [
            heterozygosity(run_steps(make_base(tokens, k), scenario, s, CategoricalFamily(k), t).released.tokens)
            / heterozygosity(tokens)
            for s in list_seeds(seed, replicates)
        ]
        statement = {
            1.0: "b = 1 is neutral: (1 - 1/N)^t",
            1.3: "b > 1 fixes faster",
            0.7: "b < 1 keeps variety",
        }[b]
        yield judge(statement, f"b={b}, N={n}, t={t}, {replicates} replicates", neutral, ratios)


# ------------------------------------------------------------------ 5: real numbers
@law(5, "gaussian")
def _gaussian(seed):
    n, t, replicates = 20, 20, 500
    family, scenario = GaussianFamily(), OFF.replace(generator_works=n)
    variance, mean, drift = [], [], []
    for s in list_seeds(seed, replicates):
        x = np.random.default_rng((s, 1)).normal(size=n)
        model = run_steps(make_base(x, 0), scenario, s, family, t).model
        variance.append(model.variance)
        mean.append(model.mean)
        drift.append(np.log(model.variance) / t)
    many = f"n={n}, t={t}, {replicates} replicates"
    from scipy.special import digamma

    yield equal("E var_t = (1 - 1/n)^t", many, (1 - 1 / n) ** t, variance)
    yield equal("Var(mean_t) = 1 - (1 - 1/n)^t", many, 1 - (1 - 1 / n) ** t, np.square(mean))
    yield equal(
        "drift of E ln var per step: psi((n-1)/2) + ln(2/n)",
        many,
        digamma((n - 1) / 2) + np.log(2 / n),
        drift,
    )
    n, t, replicates = 10, 40, 500
    scenario = OFF.replace(generator_works=n, data_mode="accumulate")
    pooled = []
    for s in list_seeds(seed, replicates):
        x = np.random.default_rng((s, 2)).normal(size=n)
        pooled.append(run_steps(make_base(x, 0), scenario, s, family, t).model.variance)
    limit = sin(pi / sqrt(n)) / (pi / sqrt(n))
    expected = np.prod(1 - 1 / (n * np.arange(1, t + 1) ** 2.0))
    yield equal(
        "accumulate: var -> sin(pi/sqrt n)/(pi/sqrt n)",
        f"n={n}, {replicates} replicates; after {t} batches {expected:.4f}",
        limit,
        pooled,
        bias=abs(expected - limit),
    )
