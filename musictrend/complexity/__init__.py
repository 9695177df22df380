"""How complex harmony is: measures, the registry that describes them, and scoring of whole corpora.

Every measure is one function over an `EventTable` (all tracks at once, one song is the case of one row) and
one row of the registry: what it says to a musician, its range and direction, what it needs, where it comes
from. Values are NaN where a measure is absent, never 0. numba loads on first use.
"""

# Importing a module registers its measures.
from musictrend.complexity import chord_types, distance, network, rhythm, syntax, tonality, vertical  # noqa: F401
from musictrend.complexity.measure import Measure, get_measure, list_measures, register, select_measures
from musictrend.complexity.reference import ReferenceModel, build_grammar, reference_model
from musictrend.complexity.scoring import ScoreMatrix, score, score_corpus, score_table
from musictrend.complexity.standard import composite, describe_reference, reference_sample, standardise
from musictrend.complexity.syntax import predict_ppm

__all__ = [
    "Measure",
    "ReferenceModel",
    "ScoreMatrix",
    "build_grammar",
    "composite",
    "describe_reference",
    "get_measure",
    "list_measures",
    "predict_ppm",
    "reference_model",
    "reference_sample",
    "register",
    "score",
    "score_corpus",
    "score_table",
    "select_measures",
    "standardise",
]
