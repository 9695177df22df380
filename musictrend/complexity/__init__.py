"""How complex harmony is: measures, the registry that describes them, and scoring of whole corpora.

Every measure is one function over an `EventTable` (all tracks at once, one song is the case of one row) and
one row of the registry: what it says to a musician, its range and direction, what it needs, where it comes
from. Values are NaN where a measure is absent, never 0. numba loads on first use.
"""

# Importing a module registers its measures.
from musictrend.complexity import (  # noqa: F401
    chord_types,
    compression,
    distance,
    entropy,
    network,
    pitch_space,
    prediction,
    repetition,
    rhythm,
    spiral,
    syntax,
    tonality,
    vertical,
)
from musictrend.complexity.diversity import score_diversity
from musictrend.complexity.era import score_local_surprisal
from musictrend.complexity.estimators import estimate_entropy
from musictrend.complexity.explanation import explain_scores
from musictrend.complexity.factor import check_composite, list_factor_checks, reference_factor
from musictrend.complexity.matrix import ScoreMatrix, read_scores
from musictrend.complexity.measure import Measure, get_measure, list_measures, register, select_measures
from musictrend.complexity.prediction import predict_ppm
from musictrend.complexity.reference import ReferenceModel, build_grammar, reference_model
from musictrend.complexity.scoring import score, score_corpus, score_table
from musictrend.complexity.standard import composite, describe_reference, reference_sample, standardise

__all__ = [
    "Measure",
    "ReferenceModel",
    "ScoreMatrix",
    "build_grammar",
    "check_composite",
    "composite",
    "describe_reference",
    "estimate_entropy",
    "explain_scores",
    "get_measure",
    "list_factor_checks",
    "list_measures",
    "predict_ppm",
    "read_scores",
    "reference_factor",
    "reference_model",
    "reference_sample",
    "register",
    "score",
    "score_corpus",
    "score_diversity",
    "score_local_surprisal",
    "score_table",
    "select_measures",
    "standardise",
]
