"""Planted trends come back, flat corpora stay flat: the figures of benchmarks/trend_coverage.py, in small."""

import numpy as np
import pytest

from musictrend.trends import TrendOptions
from musictrend.trends.trials import WORLDS, make_world, run_trials

DRAWS = 200
# 200 draws of a 95% interval: standard error .015; a corpus' own oddities add as much again.
NOMINAL = (0.90, 0.99)


@pytest.fixture(scope="module")
def flat():
    return {world: run_trials(world, 0.0, DRAWS).set_index(["method", "pooling"]) for world in WORLDS}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("method", ["mixed", "cluster_ols", "theil_sen"])
@pytest.mark.parametrize("pooling", ["equal_genre", "standardised"])
def test_flat_corpora_give_a_trend_at_no_more_than_the_nominal_rate(flat, world, method, pooling):
    assert flat[world].loc[(method, pooling), "found"] <= 0.10


@pytest.mark.parametrize("world", ["plain", "source_drift", "genre_drift", "uneven_artists", "label_error", "contrast"])
def test_planted_slopes_lie_inside_their_intervals_at_the_nominal_rate(world):
    table = run_trials(world, 0.2, DRAWS, options=TrendOptions(poolings=("equal_genre", "standardised")))
    assert table["coverage"].between(*NOMINAL).all(), table
    assert (table["bias"].abs() < 0.02).all()


def test_turnover_of_artists_is_a_trend_that_the_mixed_model_shrinks():
    """Why claims rest on cluster_ols: a repertoire also changes by new artists who never change."""
    table = run_trials("cohorts", 0.2, DRAWS).set_index(["method", "pooling"])
    for method in ("cluster_ols", "theil_sen"):
        assert NOMINAL[0] <= table.loc[(method, "equal_genre"), "coverage"]
        assert abs(table.loc[(method, "equal_genre"), "bias"]) < 0.02
    assert table.loc[("mixed", "equal_genre"), "bias"] < -0.02
    assert TrendOptions().methods[0] == "cluster_ols"


def test_a_planted_slope_is_found_where_there_is_one():
    table = run_trials("plain", 0.25, DRAWS).set_index(["method", "pooling"])
    assert table.loc[("cluster_ols", "equal_genre"), "found"] > 0.9


def test_a_drifting_genre_mix_fools_the_pooled_slope_and_no_other(flat):
    """Simpson's trap: pooled falls, within genres and at the fixed mix nothing moves."""
    table = flat["genre_drift"]
    assert table.loc[("cluster_ols", "pooled"), "found"] > 0.95
    assert table.loc[("cluster_ols", "pooled"), "bias"] < -0.2
    for pooling in ("equal_genre", "standardised"):
        assert abs(table.loc[("cluster_ols", pooling), "bias"]) < 0.02


def test_without_the_source_term_the_drifting_sources_would_fool_us():
    """The world is a real trap: forgetting which source a track has makes a trend of it."""
    world = make_world("source_drift", 0.0, 50)
    from musictrend.trends.groups import fit_groups, list_groups
    from musictrend.trends.panel import build_panel

    options = TrendOptions(methods=("cluster_ols",), poolings=("pooled",))
    panel = build_panel(world.scores(), world.tracks.assign(source_kind="annotation"), options)
    fits = fit_groups(panel, list_groups(panel, options), options)
    assert np.mean(fits["segment", "pop", "planted", "pop"].lines["cluster_ols"].p < 0.05) > 0.9


def test_label_error_widens_the_interval(flat):
    assert (
        flat["label_error"].loc[("mixed", "equal_genre"), "width"]
        > flat["plain"].loc[("mixed", "equal_genre"), "width"]
    )
