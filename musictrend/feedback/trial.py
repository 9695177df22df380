"""What a law is tried with: a world with everything switched off, replicates, and rows of the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from musictrend.feedback.form import Plan
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.grammar import Family
from musictrend.feedback.scenario import Scenario
from musictrend.feedback.works import Works
from musictrend.feedback.world import World, step

SE = 4.0
OFF = Scenario(
    name="law",
    human_works=0,
    generator_works=0,
    generator_share=0.0,
    copying=0.0,
    mutation=0.0,
    recombination=0.0,
    innovation=0.0,
    crossover=0.0,
    niche_drift=0.0,
    taste=0.0,
    exposure=0.0,
    exploration=0.0,
    rounds=0,
    shelf=1,
    temperature=1.0,
    plays_per_work=1.0,
)


@dataclass(frozen=True)
class Law:
    """A limiting case: its number in science.md 3.2, and what yields its rows for a seed."""

    case: int
    run: Callable[[int], Iterator[tuple]]


LAWS: dict[str, Law] = {}


def law(case: int, name: str):
    """Register a law under its number in science.md 3.2."""

    def register(function):
        LAWS[name] = Law(case, function)
        return function

    return register


def zipf(k: int, exponent: float = 1.0) -> np.ndarray:
    """Zipf's law over `k` tokens."""
    p = np.arange(1, k + 1) ** -exponent
    return p / p.sum()


def heterozygosity(tokens: np.ndarray) -> float:
    """1 - sum p**2 of the tokens' relative frequencies."""
    n = np.unique(tokens, return_counts=True)[1]
    return 1 - float((n * n).sum()) / len(tokens) ** 2


def make_base(tokens: np.ndarray, n_tokens: int, **parts) -> Foundation:
    """A foundation of songs of one token each."""
    return Foundation(Works.of_single_tokens(tokens), n_tokens, **parts)


def run_steps(foundation: Foundation, scenario: Scenario, seed: int, family: Family, steps: int) -> World:
    """The world after some steps."""
    world = World.begin(foundation, scenario, seed, family)
    for _ in range(steps):
        step(world)
    return world


def mean_and_error(values) -> tuple[float, float]:
    """Mean and standard error of replicates."""
    values = np.asarray(values, dtype=float)
    return float(values.mean()), float(values.std(ddof=1) / sqrt(len(values)))


def equal(statement, parameters, expected, values, bias=0.0):
    """A row whose mean must meet the formula."""
    mean, se = mean_and_error(values)
    tolerance = SE * se + bias
    return (
        statement,
        parameters,
        "=",
        float(expected),
        mean,
        tolerance,
        bool(abs(mean - expected) <= tolerance),
    )


def below(statement, parameters, bound, values):
    """A row whose mean must lie under the bound by four standard errors."""
    mean, se = mean_and_error(values)
    return statement, parameters, "<", float(bound), mean, SE * se, bool(mean < bound - SE * se)


def above(statement, parameters, bound, values):
    """A row whose mean must lie above the bound by four standard errors."""
    mean, se = mean_and_error(values)
    return statement, parameters, ">", float(bound), mean, SE * se, bool(mean > bound + SE * se)


def at_least(statement, parameters, bound, values):
    """A row whose mean may not lie under the bound by more than four standard errors."""
    mean, se = mean_and_error(values)
    return statement, parameters, ">=", float(bound), mean, SE * se, bool(mean >= bound - SE * se)


def list_seeds(seed: int, n: int) -> range:
    """Seeds of replicates, different for different seeds."""
    return range(seed * 100_003, seed * 100_003 + n)


class LongForm:
    """Songs of one length without repetition."""

    def __init__(self, length: int):
        self.length = length

    def draw(self, groups, rng):
        """One plan a group."""
        n = len(groups)
        return Plan(np.asarray(groups), np.full(n, self.length), np.zeros(n, dtype=np.int32), np.zeros(n))
