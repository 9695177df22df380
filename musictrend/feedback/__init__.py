"""The feedback world: what generators that learn from music do to the music they learn from.

`simulate` starts from the last window of a corpus and runs scenarios
forward; `check_laws` runs the same step through every limiting case whose
answer is known; `forecast_past` scores the world without generators against what
really happened; `judge_simulated` gives each simulated claim its verdict.
"""

from __future__ import annotations

from musictrend.feedback.experiment import learning_curve, simulate, sweep
from musictrend.feedback.fitting import WorldInput, world_input
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.grammar import CategoricalFamily, GaussianFamily
from musictrend.feedback.hindcast import Hindcast, forecast_past
from musictrend.feedback.laws import check_laws
from musictrend.feedback.ngrams import NgramFamily
from musictrend.feedback.quantities import QUANTITIES
from musictrend.feedback.scenario import Scenario, list_scenarios, load_scenario
from musictrend.feedback.verdicts import judge_simulated, list_judged_worlds, load_simulated_claims
from musictrend.feedback.works import Works
from musictrend.feedback.world import World, step

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
    "list_judged_worlds",
    "list_scenarios",
    "load_scenario",
    "load_simulated_claims",
    "simulate",
    "step",
    "sweep",
    "world_input",
]
