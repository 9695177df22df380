"""How right estimated chords are, what their errors do to measures of complexity, and how scores carry them."""

from musictrend.validation.calibration import Calibration, find_calibration, learn_calibration, load_calibration
from musictrend.validation.evaluation import SCORES, Evaluation, compare_chords, evaluate
from musictrend.validation.reliability import measure_reliability
from musictrend.validation.uncertainty import carry_errors

__all__ = [
    "SCORES",
    "Calibration",
    "Evaluation",
    "carry_errors",
    "compare_chords",
    "evaluate",
    "find_calibration",
    "learn_calibration",
    "load_calibration",
    "measure_reliability",
]
