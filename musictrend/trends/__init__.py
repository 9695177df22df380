"""Trends over decades, pop against niche, and verdicts on registered claims.

`panel` turns the tidy tables into arrays; `groups` lists segments, genres and corpora and fits each with
the estimators of `linear` (cluster-robust lines), `mixed` (random artist intercepts) and `nonparametric`
(Theil-Sen); `contrasts` combines genres into segments and takes pop minus niche; `curves` and
`changepoints` look at the course; `robustness` asks every question in every registered way; `claims` gives
verdicts; `power` says what a corpus could tell. `estimate_trends` runs the stage. Everything sees
DataFrames only.
"""

from musictrend.trends.claims import judge_claims, load_claims
from musictrend.trends.comparison import Contrast, contrast
from musictrend.trends.estimation import estimate_slopes, estimate_trends
from musictrend.trends.options import TrendOptions
from musictrend.trends.power import power_table
from musictrend.trends.robustness import list_simpson_traps, run_specifications
from musictrend.trends.tables import TrendTables

__all__ = [
    "Contrast",
    "TrendOptions",
    "TrendTables",
    "contrast",
    "estimate_slopes",
    "estimate_trends",
    "judge_claims",
    "list_simpson_traps",
    "load_claims",
    "power_table",
    "run_specifications",
]
