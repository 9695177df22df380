"""The same question asked in every registered way: how far an answer depends on how it was asked.

A *specification* is one choice of vocabulary, method, pooling of genres, least number of events, length
term and weighting. The grid holds every combination that the data can carry; none is picked after looking
at results. ``pooled`` specifications never vote on a change within genres: a drifting genre mix would vote
with them. They answer only claims that are registered as pooled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from musictrend.trends.contrasts import equivalence_p, tabulate_contrasts
from musictrend.trends.groups import fit_groups, list_groups
from musictrend.trends.options import POOLINGS, TrendOptions
from musictrend.trends.panel import build_panel
from musictrend.trends.tables import SPECIFICATION_COLUMNS, conform, sort_rows

MIN_EVENTS = (0, 16, 30)
_KEYS = [
    "target",
    "group",
    "measure",
    "vocabulary",
    "method",
    "pooling",
    "min_events",
    "length_term",
    "weighting",
]


def run_specifications(
    scores: pd.DataFrame | None,
    tracks: pd.DataFrame,
    measures: Sequence[str],
    options: TrendOptions | None = None,
    reference: pd.DataFrame | Mapping | None = None,
    *,
    jobs: int = 1,
    draws: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Segment slopes and contrasts of some measures under every registered specification.

    Parameters
    ----------
    scores, tracks, options, reference, draws
        As for `estimate_trends`.
    measures : sequence of str
        Only these, at every vocabulary they have.
    jobs : int
        Threads.

    Returns
    -------
    specifications : DataFrame
        One row a target (``segment``, ``genre``, ``corpus``, ``contrast``), group, measure and
        specification, with estimate and 95% interval in the measure's unit and in reference SD. A choice
        that changes nothing (no track is that short; all weights are 1) is listed once.
    """
    from musictrend.trends.estimation import tabulate_trends  # estimation is built on the same parts

    options = (options or TrendOptions()).varied(poolings=POOLINGS)
    if scores is None or not len(scores):
        return conform(None, SPECIFICATION_COLUMNS)
    scores = scores[scores["measure"].isin(list(measures)).to_numpy()]
    if draws is not None and len(draws):
        draws = draws[draws["measure"].isin(list(measures)).to_numpy()]
    weightings = ["weight"] + [w for w in ("equal", "slots") if _differs(tracks, w)]
    frames = []
    for weighting, length_term in product(weightings, (True, False)):
        whole = build_panel(scores, tracks, options.varied(weighting=weighting, min_events=0), draws=draws)
        seen: list[np.ndarray] = []
        for least in MIN_EVENTS:
            varied = options.varied(weighting=weighting, length_term=length_term, min_events=least)
            panel = whole.drop_short(least)
            present = np.isfinite(panel.value)
            fresh = np.array([not any(np.array_equal(p[:, c], present[:, c]) for p in seen)
                              for c in range(present.shape[1])], bool)  # fmt: skip
            seen.append(present)
            if not fresh.any():
                continue
            panel = panel.keep_cells(fresh)
            fits = fit_groups(panel, list_groups(panel, varied), varied, jobs=jobs)
            slopes = tabulate_trends(panel, fits, varied, reference)
            # A group of all corpora stands for the segment; inside one of several it is another question.
            slopes = slopes[(slopes["corpus"] == "all") | (slopes["level"] == "corpus") | (len(panel.corpora) == 1)]
            frames.append(_slope_rows(slopes, varied))
            frames.append(_contrast_rows(tabulate_contrasts(panel, fits, varied, reference), varied))
    table = conform(pd.concat(frames, ignore_index=True) if frames else None, SPECIFICATION_COLUMNS)
    return sort_rows(table, _KEYS)


def decide(direction: str, estimate: float, low: float, high: float, p_equivalence: float) -> str:
    """What one estimate says of a claim: supported, contradicted, equivalent or inconclusive.

    Equivalence goes first: a change that is surely smaller than matters does not support a claim, however
    sure it is that it is not zero.

    Parameters
    ----------
    direction : {'fall', 'rise', 'change'}
    estimate, low, high : float
        Slope or difference and its 95% interval.
    p_equivalence : float
        P of the two one-sided tests; NaN when there is no reference SD.

    Examples
    --------
    >>> decide("fall", -0.2, -0.3, -0.1, 0.9), decide("rise", -0.2, -0.3, -0.1, 0.9)
    ('supported', 'contradicted')
    >>> decide("fall", -0.02, -0.03, -0.01, 0.001), decide("fall", -0.2, -0.5, 0.1, 0.9)
    ('equivalent', 'inconclusive')
    """
    if p_equivalence < 0.05:
        return "equivalent"
    if not (low > 0 or high < 0):
        return "inconclusive"
    if direction == "change":
        return "supported"
    return "supported" if (estimate < 0) == (direction == "fall") else "contradicted"


def share_agreeing(decisions: Sequence[str], main: str) -> float:
    """Share of specifications that decide like the main one; NaN when there are none.

    >>> share_agreeing(["supported", "supported", "inconclusive", "supported"], "supported")
    0.75
    """
    return float(np.mean([d == main for d in decisions])) if len(decisions) else float("nan")


def list_simpson_traps(trends: pd.DataFrame) -> pd.DataFrame:
    """Segments and corpora whose pooled slope and within-genre slope tell different stories.

    Parameters
    ----------
    trends : DataFrame
        As from `estimate_trends`.

    Returns
    -------
    traps : DataFrame
        level, group, corpus, measure, vocabulary, method, pooled, pooled_low, pooled_high, within,
        within_low, within_high: the pooled interval excludes 0, and the within-genre interval
        (``equal_genre``) includes 0 or lies on the other side.
    """
    keys = ["level", "group", "corpus", "measure", "vocabulary", "method"]
    rows = trends[trends["level"].isin(["segment", "corpus"])]
    columns = ["slope_per_decade", "low", "high"]
    sides = []
    for pooling, name in (("pooled", "pooled"), ("equal_genre", "within")):
        side = rows.loc[rows["pooling"] == pooling, [*keys, *columns]]
        sides.append(side.rename(columns={"slope_per_decade": name, "low": f"{name}_low", "high": f"{name}_high"}))
    both = sides[0].merge(sides[1], on=keys)
    clear = (both["pooled_low"] > 0) | (both["pooled_high"] < 0)
    same = np.where(both["pooled"] > 0, both["within_low"] > 0, both["within_high"] < 0)
    return both[clear & ~same].reset_index(drop=True)


def _differs(tracks: pd.DataFrame, weighting: str) -> bool:
    """Whether weighing so differs from the default."""
    if weighting == "slots":
        return "slots" in tracks
    weight = pd.to_numeric(tracks["weight"], errors="coerce").dropna() if "weight" in tracks else pd.Series([1.0])
    return weight.nunique() > 1


def _slope_rows(slopes: pd.DataFrame, options: TrendOptions) -> pd.DataFrame:
    """Specification rows of slopes."""
    sd = (slopes["slope_per_decade"] / slopes["slope_sd_per_decade"]).abs()
    estimate, se, df = (slopes[c].to_numpy(float) for c in ("slope_per_decade", "se", "df"))
    p = equivalence_p(estimate, se, df, (options.sesoi * sd).to_numpy(float))
    return _labelled(slopes, options).assign(
        target=slopes["level"], estimate=slopes["slope_per_decade"],
        estimate_sd=slopes["slope_sd_per_decade"], p_equivalence=p, identification="",
    )  # fmt: skip


def _contrast_rows(contrasts: pd.DataFrame, options: TrendOptions) -> pd.DataFrame:
    """Specification rows of contrasts."""
    return _labelled(contrasts, options).assign(
        target="contrast", group="pop-niche", estimate=contrasts["difference_per_decade"],
        estimate_sd=contrasts["difference_sd_per_decade"],
    )  # fmt: skip


def _labelled(table: pd.DataFrame, options: TrendOptions) -> pd.DataFrame:
    """A table with its specification beside it."""
    return table.assign(min_events=options.min_events, length_term=options.length_term, weighting=options.weighting)
