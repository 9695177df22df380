"""One factor behind the composite: planted factors come back, shipped figures are those of the sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from songs import random_table

from musictrend.complexity import score_table
from musictrend.complexity.factor import (
    FACET_NAMES,
    check_composite,
    fit_one_factor,
    list_factor_checks,
    reference_factor,
)
from musictrend.complexity.standard import COMPOSITE_FACETS
from musictrend.errors import ParameterError


@pytest.mark.parametrize("loading", [(0.9, 0.8, 0.7, 0.6), (0.95, 0.3, 0.5, 0.2), (0.7, -0.6, 0.5, 0.4)], ids=str)
def test_planted_loadings_come_back(loading):
    loading = np.array(loading)
    check = fit_one_factor(np.outer(loading, loading) + np.diag(1 - loading**2), 300)
    np.testing.assert_allclose(check.loading, loading, atol=1e-4)
    assert check.srmr < 1e-4 and check.cfi > 0.999 and check.rmsea < 1e-3
    share = loading.sum() ** 2 / (loading.sum() ** 2 + (1 - loading**2).sum())
    assert check.omega == pytest.approx(share, abs=1e-4)


def test_loadings_are_found_in_a_sample_and_omega_is_the_share_of_the_mean_that_the_factor_explains():
    generator = np.random.default_rng(0)
    loading = np.array([0.8, 0.7, 0.6, 0.5])
    factor = generator.normal(size=20_000)
    cases = factor[:, None] * loading + generator.normal(size=(20_000, 4)) * np.sqrt(1 - loading**2)
    check = fit_one_factor(np.corrcoef(cases.T), len(cases))
    np.testing.assert_allclose(check.loading, loading, atol=0.03)
    assert check.omega == pytest.approx(np.corrcoef(cases.mean(axis=1), factor)[0, 1] ** 2, abs=0.02)
    assert check.alpha <= check.omega + 0.01


def test_the_fit_agrees_with_statsmodels():
    factor = pytest.importorskip("statsmodels.multivariate.factor")
    correlation = reference_factor("full").correlation
    theirs = factor.Factor(corr=correlation, n_factor=1, method="ml", nobs=500).fit()
    np.testing.assert_allclose(
        np.abs(theirs.loadings[:, 0]), np.abs(fit_one_factor(correlation, 500).loading), atol=2e-3
    )


def test_two_factors_are_not_mistaken_for_one():
    correlation = np.array([[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, 0.8], [0, 0, 0.8, 1]]) + 0.05 * (1 - np.eye(4))
    check = fit_one_factor(correlation, 500)
    assert check.cfi < 0.7 and check.srmr > 0.2 and check.omega < 0.7


def test_a_table_of_scores_is_checked_and_tells_what_it_lacks():
    table = random_table(5, 80)
    scores = score_table(table, [name for facet in COMPOSITE_FACETS for name in facet], ["sevenths", "full"])
    check = check_composite(scores)
    whole = np.isfinite([scores[name, "sevenths"] for facet in COMPOSITE_FACETS for name in facet]).all(axis=0)
    assert check.n_tracks == whole.sum() and check.names == FACET_NAMES
    np.testing.assert_allclose(check_composite(scores.to_frame()).correlation, check.correlation)
    with pytest.raises(ParameterError, match="only 2 tracks have all four facets"):
        check_composite(score_table(random_table(1, 2), "core", ["sevenths"]))
    with pytest.raises(ParameterError, match="scores hold no 'types_rarefied' at vocabulary 'triads'"):
        check_composite(scores.to_frame(), "triads")
    with pytest.raises(ParameterError, match="correlation is singular"):
        fit_one_factor(np.ones((4, 4)), 50)
    with pytest.raises(ParameterError, match="is not among the reference's factor checks"):
        reference_factor("majmin")


def test_the_composite_rests_on_one_factor_in_the_reference_sample():
    check = reference_factor("sevenths")
    assert check.omega > 0.85 and check.cfi > 0.99 and check.srmr < 0.02
    assert (check.loading > 0.7).all()
    within = reference_factor("sevenths", scope="within genres")
    assert 0.7 < within.omega < check.omega  # genres differ on all facets at once


def test_factor_checks_are_rows_that_a_command_can_print():
    table = list_factor_checks(score_table(random_table(5, 80), "core", ["sevenths"]))
    assert isinstance(table, pd.DataFrame)
    assert table["sample"].unique().tolist() == ["reference, all", "reference, within genres", "scores"]
    assert table[[f"loading_{name}" for name in FACET_NAMES]].abs().le(1).all().all()
    assert table["omega"].between(0, 1).all()
