"""Curves and changepoints: what they show, and that they show nothing where there is nothing."""

import numpy as np
import pytest
import ruptures

from musictrend.trends import TrendOptions
from musictrend.trends.changepoints import estimate_changepoints, find_breaks
from musictrend.trends.curves import choose_bandwidth, estimate_curves, smooth_locally
from musictrend.trends.groups import fit_groups, list_groups
from musictrend.trends.panel import build_panel
from musictrend.trends.trials import make_world

OPTIONS = TrendOptions(methods=("cluster_ols",))


def fitted(world):
    panel = build_panel(world.scores(), world.tracks, OPTIONS)
    return panel, fit_groups(panel, list_groups(panel, OPTIONS), OPTIONS)


def test_bands_hold_a_gentle_curve_at_about_the_nominal_rate():
    world = make_world("uneven_artists", 0.0, 200)
    year = world.tracks["year"].to_numpy(float)
    order = np.argsort(world.tracks["artist_id"].to_numpy(), kind="stable")
    artist = world.tracks["artist_id"].astype("category").cat.codes.to_numpy()[order]
    truth = np.sin((year - 1955) / 65 * np.pi)[order, None]
    at = np.arange(1958.0, 2018)
    bandwidth = choose_bandwidth(year, 60)
    values = world.values[order] + truth
    estimate, low, high = smooth_locally(year[order], values, np.ones(len(year)), artist, at, bandwidth)
    held = (low <= np.sin((at - 1955) / 65 * np.pi)[:, None]) & (high >= np.sin((at - 1955) / 65 * np.pi)[:, None])
    assert 0.88 <= np.nanmean(held) <= 0.99


def test_a_straight_line_stays_straight_up_to_its_ends():
    year = np.repeat(np.arange(1960.0, 2000), 5)
    estimate, *_ = smooth_locally(year, 0.5 * year[:, None], np.ones(200), np.arange(200), np.arange(1960.0, 2000), 6)
    assert estimate[:, 0] == pytest.approx(0.5 * np.arange(1960.0, 2000))


def test_curves_stay_inside_the_observed_years_and_count_their_tracks():
    world = make_world("plain", 0.1, 2)
    panel, fits = fitted(world)
    curves = estimate_curves(panel, fits, OPTIONS)
    assert curves["year"].between(world.tracks["year"].min(), world.tracks["year"].max()).all()
    assert ((curves["low"] <= curves["estimate"]) & (curves["estimate"] <= curves["high"])).all()
    one = curves.query("level == 'segment' and method == 'local_linear' and measure == 'draw0000'").set_index("year")
    counts = world.tracks["year"].value_counts()
    assert (one["n"] == counts.reindex(one.index).fillna(0)).all()


def test_no_band_of_a_share_leaves_0_to_1():
    world = make_world("plain", 0.1, 2)
    scores = world.scores()
    scores = scores[scores["measure"] == scores["measure"].iloc[0]]
    widest = {}
    for name in ("nontriad_share", "a measure of one's own"):
        panel = build_panel(scores.assign(measure=name), world.tracks, OPTIONS)
        curves = estimate_curves(panel, fit_groups(panel, list_groups(panel, OPTIONS), OPTIONS), OPTIONS)
        widest[name] = curves["low"].min(), curves["high"].max()
        assert ((curves["low"] <= curves["estimate"]) & (curves["estimate"] <= curves["high"])).all()
    inside = curves["estimate"].min(), curves["estimate"].max()  # values about 0: some lie below any share
    assert widest["nontriad_share"] == (min(inside[0], 0.0), min(widest["a measure of one's own"][1], 1.0))
    assert widest["a measure of one's own"][0] < inside[0]


def test_no_curve_is_drawn_across_a_gap_without_music():
    year = np.r_[np.repeat(np.arange(1950.0, 1960), 6), np.repeat(np.arange(2010.0, 2020), 6)]
    at = np.arange(1950.0, 2020)
    estimate, *_ = smooth_locally(year, np.ones((120, 1)), np.ones(120), np.arange(120), at, 3)
    assert np.isnan(estimate[(at > 1975) & (at < 1995), 0]).all()
    assert np.isfinite(estimate[at < 1960, 0]).all()


def test_a_drifting_genre_mix_bends_the_pooled_curve_and_no_other():
    panel, fits = fitted(make_world("genre_drift", 0.0, 20))
    curves = estimate_curves(panel, fits, OPTIONS).query("level == 'segment' and 1965 <= year <= 2010")
    ends = curves[curves["year"].isin([1965, 2010])].groupby(["method", "year"])["estimate"].mean()
    assert ends["local_linear_pooled", 2010] - ends["local_linear_pooled", 1965] < -0.8
    assert abs(ends["local_linear", 2010] - ends["local_linear", 1965]) < 0.25


def test_label_noise_widens_the_band():
    year = np.repeat(np.arange(1960.0, 2000), 5)
    values = np.random.default_rng(0).normal(size=(200, 1))
    given = (year, values, np.ones(200), np.arange(200), np.array([1980.0]), 6.0)
    _, low, high = smooth_locally(*given)
    _, low_noisy, high_noisy = smooth_locally(*given, noise=np.full((200, 1), 2.0))
    assert (high_noisy - low_noisy)[0, 0] > 1.5 * (high - low)[0, 0]


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_a_steady_trend_with_autocorrelated_noise_has_no_changepoint(rho):
    rng = np.random.default_rng(0)
    year, found = np.arange(1955.0, 2015), 0
    for _ in range(150):
        noise = np.zeros(60)
        for t in range(1, 60):
            noise[t] = rho * noise[t - 1] + rng.normal()
        breaks = find_breaks(year, 0.05 * (year - 1955) + noise, np.ones(60), rng, n_simulated=199, max_breaks=1)
        found += breaks[0].significant
    assert found / 150 <= 0.10


@pytest.mark.parametrize("seed", range(5))
def test_a_clear_step_is_found_where_ruptures_finds_it(seed):
    rng = np.random.default_rng(seed)
    year = np.arange(1955.0, 2015)
    values = 2.0 * (year >= 1984) + rng.normal(0, 0.4, 60)
    found = find_breaks(year, values, np.ones(60), rng, n_simulated=199)
    theirs = ruptures.Binseg(model="l2", min_size=8, jump=1).fit(values[:, None]).predict(n_bkps=1)[0]
    assert found[0].significant
    assert found[0].year == pytest.approx(year[theirs], abs=1)
    assert found[0].jump == pytest.approx(2.0, abs=0.7)


def test_changepoints_of_a_planted_break_and_of_none():
    world = make_world("plain", 0.0, 1)
    scores = world.scores().assign(measure="composite")
    year = world.tracks["year"].to_numpy()
    stepped = scores.assign(value=scores["value"] * 0.4 + 2.0 * (year >= 1990))
    tables = []
    for given in (stepped, scores, stepped):
        panel = build_panel(given, world.tracks, OPTIONS)
        fits = fit_groups(panel, list_groups(panel, OPTIONS), OPTIONS)
        tables.append(estimate_changepoints(panel, fits, OPTIONS, seed=1))
    step = tables[0].query("level == 'segment'").iloc[0]
    assert step["low"] <= 1990 <= step["high"] and abs(step["year"] - 1990) <= 3
    assert not len(tables[1].query("q < 0.05"))
    assert tables[0].equals(tables[2])  # same seed, same table


def test_a_shift_of_the_genre_mix_is_no_changepoint():
    """Half of the genres vanish in 1985: each genre goes on as before, and so does the segment."""
    world = make_world("genre_drift", 0.0, 1)
    level = world.tracks["genres"].str[0].str[-1].astype(int)
    rich = level >= 2
    year = world.tracks["year"].to_numpy()
    keep = np.where(rich, year < 1985, year >= 1985)
    tracks = world.tracks[keep].assign(genres=[["rich"] if r else ["plain"] for r in rich[keep]])
    scores = world.scores().assign(measure="composite")
    panel = build_panel(scores[keep], tracks, OPTIONS)
    fits = fit_groups(panel, list_groups(panel, OPTIONS), OPTIONS)
    found = estimate_changepoints(panel, fits, OPTIONS).query("level == 'segment' and 1980 <= year <= 1990")
    assert not len(found)
