"""The frozen reference sample: what is usual for each measure, and the composite that stands on it.

``reference_sample.csv`` holds, for each measure, vocabulary and window, the mean over a sample balanced by
genre and era and the standard deviation *within* genres. Units of SD anywhere in musictrend are these, never
a run's own, so that a run of other songs changes no figure.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.complexity.measure import WINDOW, Measure, evaluate, register
from musictrend.complexity.reference import ReferenceModel

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.table import EventTable

__all__ = ["composite", "describe_reference", "reference_sample", "standardise"]

SAMPLE_FILE = "reference_sample.csv"
# Facets of the composite; the z-scores of one facet's measures are averaged first.
COMPOSITE_FACETS = (("types_rarefied",), ("surprisal",), ("fifths_spread", "chromatic_share"), ("roughness",))


@cache
def _sample_rows() -> dict[tuple[str, str, int], tuple[float, float]]:
    """Mean and SD by measure, vocabulary and window."""
    import csv

    path = resources.files("musictrend.data") / "reference" / SAMPLE_FILE
    if not path.is_file():
        return {}
    return {
        (row["measure"], row["vocabulary"], int(row["window"])): (float(row["mean"]), float(row["sd"]))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    }


def reference_sample() -> pd.DataFrame:
    """The frozen reference sample, one row for each measure, vocabulary and window.

    Returns
    -------
    sample : DataFrame
        Columns ``measure, vocabulary, window, mean, sd, n_tracks, n_genres``; ``sd`` is within genres.

    Examples
    --------
    >>> sample = reference_sample().set_index(["measure", "vocabulary", "window"])
    >>> bool(sample.loc[("types_rarefied", "sevenths", 30), "sd"] > 0)
    True
    """
    import pandas as pd

    with resources.as_file(resources.files("musictrend.data") / "reference" / SAMPLE_FILE) as path:
        return pd.read_csv(path)


def describe_reference() -> dict[str, Any]:
    """What the reference sample was made of: corpora, licences, tracks for each genre and era, date."""
    path = resources.files("musictrend.data") / "reference" / SAMPLE_FILE.replace(".csv", ".json")
    return json.loads(path.read_text(encoding="utf-8"))


def standardise(values: np.ndarray, measure: str, vocabulary: str, window: int = WINDOW) -> np.ndarray:
    """Values in standard deviations of the frozen reference sample, from its mean.

    Parameters
    ----------
    values : float array
    measure, vocabulary : str
    window : int
        The sample has 30 and 16.

    Returns
    -------
    z : float64 array, like ``values``
        NaN where the sample has no such row.

    Examples
    --------
    >>> z = standardise(np.array([5.0, 10.0]), "types_rarefied", "sevenths")
    >>> bool(z[0] < z[1])
    True
    """
    mean, sd = _sample_rows().get((measure, vocabulary, window), (np.nan, np.nan))
    return (np.asarray(values, dtype=np.float64) - mean) / (sd if sd > 0 else np.nan)


def composite(events: EventTable, window: int = WINDOW, reference: ReferenceModel | None = None) -> np.ndarray:
    """Mean of four facets, each in standard deviations of the frozen reference sample.

    Vocabulary (`types_rarefied`), syntax (`surprisal`), tonality (mean of `fifths_spread` and
    `chromatic_share`) and vertical (`roughness`). 0 is usual for the reference sample. Never read it without
    its facets; rhythm stands beside it.

    Parameters
    ----------
    events : EventTable, n tracks
    window : int
    reference : ReferenceModel, optional

    Returns
    -------
    composite : float64 array, shape (n,), standard deviations
        NaN where one of its parts is missing: fewer than 30 events, or no keys.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> seq = ChordSequence.from_labels(["C", "F", "G", "C", "F"] * 8, key="C:major")
    >>> plain = seq.to_table().events("sevenths")
    >>> bool(composite(plain)[0] < 0)
    True
    """
    options = {"window": window, "reference": reference}
    facets = [
        sum(standardise(evaluate(name, events, options), name, events.vocabulary, window) for name in names)
        / len(names)
        for names in COMPOSITE_FACETS
    ]
    return np.asarray(sum(facets) / len(facets))


register(Measure(
    "composite", composite, "composite", "SD", -np.inf, np.inf, True, "triads", needs_key=True, core=True,
    needs_durations=True, options=("window", "reference"),
    title="Composite",
    description="Mean of vocabulary, syntax, tonality and vertical facets, in SDs of a frozen reference "
    "sample.",
    citation="musictrend; facets after Di Giorgi et al. (2017) and Harrison & Pearce (2020)",
    length_rule="parts",
    formula="¼ [z(types_rarefied) + z(surprisal) + ½ z(fifths_spread) + ½ z(chromatic_share) + z(roughness)], z on the "
    "frozen reference sample",
    blind_to="Which facet moved: opposite moves cancel, so read it beside the four. Rhythm is not in it.",
    example="Three chords in a loop: below 0; a standard in sevenths: above 1",
))  # fmt: skip
