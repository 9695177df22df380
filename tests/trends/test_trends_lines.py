"""The estimators of one line, against other packages and against the formulas written out."""

import numpy as np
import pandas as pd
import pymannkendall
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.trends.linear import Design, adjust_fdr, adjust_values, fit_cluster_ols
from musictrend.trends.mixed import fit_mixed, fit_model_based
from musictrend.trends.nonparametric import annual_medians, hamed_rao_factor, sen_interval


def make_design(seed=0, n=150, artists=25, sources=2, weighted=True):
    rng = np.random.default_rng(seed)
    artist = np.sort(rng.integers(0, artists, n))
    decade = rng.uniform(0, 6, n)
    source = rng.integers(0, sources, n)
    length = rng.normal(4, 0.5, n)
    weight = rng.choice([0.5, 1.0, 2.0], n) if weighted else np.ones(n)
    effect = rng.normal(size=artists)[artist]
    values = 0.3 * decade + 0.8 * source + 0.4 * length + effect + rng.normal(size=n)
    return Design(decade, weight, artist, source, length), np.column_stack([values, rng.normal(size=n)])


def write_out_cr2(design, y):
    """CR2 and Satterthwaite's df by their definition, with n x n matrices."""
    x = design.columns * np.sqrt(design.weight)[:, None]
    z = y * np.sqrt(design.weight)
    bread = np.linalg.inv(x.T @ x)
    hat = x @ bread @ x.T
    residual = z - hat @ z
    n = len(z)
    c = bread[-1]
    variance, vectors = 0.0, []
    for artist in np.unique(design.cluster):
        rows = np.flatnonzero(design.cluster == artist)
        block = np.eye(len(rows)) - hat[np.ix_(rows, rows)]
        value, vector = np.linalg.eigh(block)
        adjust = vector @ np.diag(value**-0.5) @ vector.T
        weights = adjust @ x[rows] @ c
        variance += (weights @ residual[rows]) ** 2
        vectors.append((np.eye(n) - hat)[:, rows] @ weights)
    g = np.stack(vectors)
    gram = g @ g.T
    return np.sqrt(variance), np.trace(gram) ** 2 / np.sum(gram**2)


@pytest.mark.parametrize("seed", range(4))
def test_cr2_and_satterthwaite_equal_their_definition(seed):
    design, values = make_design(seed, n=90, artists=12)
    line, influence = fit_cluster_ols(design, values)
    for i in range(2):
        se, df = write_out_cr2(design, values[:, i])
        assert line.se[i] == pytest.approx(se, rel=1e-8)
        assert line.df[i] == pytest.approx(df, rel=1e-8)
    assert np.allclose(np.sum(influence**2, axis=0), line.se**2)


def test_slope_and_error_agree_with_statsmodels_wls():
    design, values = make_design(3, n=2000, artists=400)
    line, _ = fit_cluster_ols(design, values)
    fit = sm.WLS(values[:, 0], design.columns, weights=design.weight).fit(
        cov_type="cluster", cov_kwds={"groups": design.cluster}
    )
    assert line.slope[0] == pytest.approx(fit.params[-1], rel=1e-9)
    assert line.se[0] == pytest.approx(fit.bse[-1], rel=0.02)  # CR2 against CR1: equal up to leverage


@pytest.mark.parametrize("seed", range(3))
def test_mixed_slope_agrees_with_statsmodels_mixedlm(seed):
    design, values = make_design(seed, n=400, artists=60, weighted=False)
    line, correlation = fit_mixed(design, values)
    fit = sm.MixedLM(values[:, 0], design.columns, groups=design.cluster).fit(reml=True)
    p = design.columns.shape[1]
    artist = float(np.asarray(fit.cov_re).item())
    assert line.slope[0] == pytest.approx(fit.params[p - 1], rel=1e-3)
    assert correlation[0] == pytest.approx(artist / (artist + fit.scale), abs=2e-3)
    _, model_se = fit_model_based(design, values, correlation)
    assert model_se[0] == pytest.approx(fit.bse[p - 1], rel=1e-2)  # theirs from the joint Hessian
    assert line.se[0] == pytest.approx(model_se[0], rel=0.35)  # robust error around a true model


def test_mixed_without_repeated_artists_is_the_plain_line():
    rng = np.random.default_rng(0)
    decade = rng.uniform(0, 6, 100)
    values = (0.2 * decade + rng.normal(size=100))[:, None]
    design = Design(decade, np.ones(100), np.arange(100), np.zeros(100, int))
    mixed, _ = fit_mixed(design, values)
    plain, _ = fit_cluster_ols(design, values)
    assert mixed.slope[0] == pytest.approx(plain.slope[0], rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(-5, 5), st.floats(-100, 100), st.integers(0, 1000))
def test_adding_a_line_adds_its_slope_and_leaves_the_error_alone(slope, level, seed):
    design, values = make_design(seed)
    before, _ = fit_cluster_ols(design, values)
    after, _ = fit_cluster_ols(design, values + level + slope * design.decade[:, None])
    assert after.slope == pytest.approx(before.slope + slope, abs=1e-7)
    assert after.se == pytest.approx(before.se, abs=1e-7)


def test_a_level_between_sources_moves_no_slope():
    design, values = make_design(1)
    moved = values + 100.0 * design.source[:, None]
    for fit in (fit_cluster_ols, fit_mixed):
        assert fit(design, moved)[0].slope == pytest.approx(fit(design, values)[0].slope, abs=1e-5)


def test_years_that_vary_only_between_sources_identify_nothing():
    source = np.repeat([0, 1], 40)
    design = Design(196.0 + 2 * source, np.ones(80), np.arange(80), source)
    assert not design.is_identified


def test_adjusted_values_lose_source_and_length_but_keep_the_trend():
    rng = np.random.default_rng(0)
    n = 500
    decade, source, length = rng.uniform(0, 6, n), rng.integers(0, 3, n), rng.normal(4, 0.5, n)
    design = Design(decade, np.ones(n), np.arange(n), source, length)
    values = (0.5 * decade + 3.0 * source - 2.0 * length)[:, None]
    adjusted = adjust_values(design, values)[:, 0]
    assert np.ptp(adjusted - 0.5 * decade) < 1e-8
    assert adjusted.mean() == pytest.approx(values.mean())


def test_sen_slope_agrees_with_scipy_and_mann_kendall_with_pymannkendall():
    rng = np.random.default_rng(0)
    time = np.arange(50.0)
    values = 0.02 * time[:, None] + rng.normal(size=(50, 12))
    values[:, 6:] = np.round(values[:, 6:], 1)  # ties
    slope, low, high, p, _, tau = sen_interval(time, values, correct_down=True)
    for i in range(12):
        theirs = scipy.stats.theilslopes(values[:, i], time, 0.95)
        assert slope[i] == pytest.approx(theirs.slope)
        test = pymannkendall.hamed_rao_modification_test(values[:, i])
        assert p[i] == pytest.approx(test.p, rel=0.1, abs=1e-3)
        assert tau[i] == pytest.approx(test.Tau)


def test_sen_interval_is_scipys_where_nothing_is_autocorrelated():
    rng = np.random.default_rng(3)
    time = np.arange(40.0)
    values = 0.05 * time[:, None] + rng.normal(size=(40, 200))
    plain = np.isclose(hamed_rao_factor(time, values, sen_interval(time, values)[0]), 1)
    assert plain.sum() >= 10
    _, low, high, *_ = sen_interval(time, values[:, plain])
    for i, column in enumerate(values[:, plain].T):
        theirs = scipy.stats.theilslopes(column, time, 0.95)
        assert (low[i], high[i]) == pytest.approx((theirs.low_slope, theirs.high_slope), abs=2e-3)


def test_one_strange_year_moves_no_sen_slope():
    time = np.arange(30.0)
    strange = 0.1 * time[:, None]
    strange[-1] = 1e6
    assert sen_interval(time, strange)[0][0] == pytest.approx(0.1)


def test_annual_medians_are_pandas_medians_when_weights_are_equal():
    rng = np.random.default_rng(0)
    time = rng.integers(1960, 1980, 300).astype(float)
    values = rng.normal(size=(300, 2))
    times, medians = annual_medians(time, values, np.ones(300))
    expected = pd.DataFrame(values).groupby(time).median()
    assert np.array_equal(times, expected.index)
    assert medians == pytest.approx(expected.to_numpy())


def test_fdr_agrees_with_scipy():
    p = np.random.default_rng(0).uniform(size=40) ** 2
    assert adjust_fdr(p) == pytest.approx(scipy.stats.false_discovery_control(p))
