"""How right estimated chords are, and what their errors do to measures of complexity."""

from musictrend.validation.evaluation import SCORES, Evaluation, compare_chords, evaluate

__all__ = ["SCORES", "Evaluation", "compare_chords", "evaluate"]
