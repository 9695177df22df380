"""The feedback world: what generators that learn from music do to the music they learn from.

`simulate` starts from the last window of a corpus and runs scenarios
forward; `check_laws` runs the same step through every limiting case whose
answer is known; `forecast_past` scores the world without generators against what
really happened; `judge_simulated` gives each simulated claim its verdict.
"""

from __future__ import annotations

from .experiment import learning_curve, simulate, sweep
from .fitting import WorldInput, world_input
from .foundation import Foundation
from .grammar import CategoricalFamily, GaussianFamily
from .hindcast import Hindcast, forecast_past
from .laws import check_laws
from .ngrams import NgramFamily
from .quantities import QUANTITIES
from .scenario import Scenario, list_scenarios, load_scenario
from .verdicts import judge_simulated, load_simulated_claims
from .works import Works
from .world import World, step

__all__ = [
    "QUANTITIES",
    "CategoricalFamily",
    "Foundation",
    "GaussianFamily",
    "Hindcast",
    "NgramFamily",
    "Scenario",
    "Works",
    "World",
    "WorldInput",
    "check_laws",
    "forecast_past",
    "judge_simulated",
    "learning_curve",
    "list_scenarios",
    "load_scenario",
    "load_simulated_claims",
    "simulate",
    "step",
    "sweep",
    "world_input",
]
