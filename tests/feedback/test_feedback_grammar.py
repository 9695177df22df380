"""Generators: probabilities add up, samples follow them, sharpening does what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.feedback import CategoricalFamily, GaussianFamily, NgramFamily, Works
from musictrend.feedback.form import Form, Plan
from musictrend.feedback.grammar import sharpen

K = 7


def make_songs(seed=0, n=40, length=20, groups=2):
    """Songs from a biased random walk; no chord follows itself."""
    rng = np.random.default_rng(seed)
    tokens = np.empty((n, length), dtype=np.int32)
    tokens[:, 0] = rng.integers(0, K, n)
    for t in range(1, length):
        tokens[:, t] = (tokens[:, t - 1] + 1 + (rng.random(n) ** 2 * (K - 1)).astype(int)) % K
    return Works.build(tokens.ravel(), np.arange(0, n * length + 1, length), group=np.arange(n) % groups)


def contexts_of(model, group=0):
    wide, order = K + 1, model.family.order
    return np.arange(wide ** (order - 1)) + group * wide ** (order - 1)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("groups", [1, 2])
def test_probabilities_of_what_may_follow_add_up_to_one(order, groups):
    model = NgramFamily(K, groups, order).fit(make_songs(groups=groups))
    rows = model.distributions(contexts_of(model, groups - 1))
    assert np.allclose(rows.sum(axis=1), 1)
    assert rows.min() >= 0


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_event_probabilities_are_those_of_the_distributions(order):
    works = make_songs()
    model = NgramFamily(K, 2, order).fit(make_songs(seed=1))
    context = works.group[works.song_of_event()].astype(np.int64)
    for before in reversed(model.family._history(works)):
        context = context * (K + 1) + before
    rows = model.distributions(context)
    assert np.allclose(model.probabilities(works), rows[np.arange(len(rows)), works.tokens])


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_written_chords_follow_the_sharpened_distribution(order, temperature):
    model = NgramFamily(K, 2, order, temperature).fit(make_songs())
    n = 60_000
    plan = Plan(np.ones(n, dtype=np.int32), np.full(n, 1), np.zeros(n, dtype=int), np.zeros(n))
    if order > 1:  # look at the second chord as well
        plan.length = np.full(n, 2)
    written = model.sample(plan, np.random.default_rng(0)).reshape(n, -1)
    wide = K + 1
    start = 1
    for _ in range(order - 1):
        start = start * wide + K
    first = sharpen(model.distributions(np.array([start]))[0], temperature)
    assert np.abs(np.bincount(written[:, 0], minlength=K) / n - first).max() < 0.01
    if order > 1:
        chord = int(first.argmax())
        context = start // wide ** (order - 1)
        for token in [K] * (order - 2) + [chord]:
            context = context * wide + token
        second = sharpen(model.distributions(np.array([context]))[0], temperature)
        after = written[written[:, 0] == chord, 1]
        assert np.abs(np.bincount(after, minlength=K) / len(after) - second).max() < 0.02


def test_whole_distributions_and_the_mixture_write_alike():
    works, n = make_songs(), 4000
    plan = Plan(np.arange(n) % 2, np.full(n, 12), np.full(n, 4), np.full(n, 0.3))
    loose = NgramFamily(K, 2, 3, 0.8, top_p=1.0).fit(works)
    nucleus = NgramFamily(K, 2, 3, 0.8, top_p=1 - 1e-9).fit(works)
    shares = []
    for model in (loose, nucleus):
        tokens = model.sample(plan, np.random.default_rng(3)).reshape(n, 12)
        pairs = tokens[:, 5] * K + tokens[:, 6]
        shares.append(np.bincount(pairs, minlength=K * K) / n)
    assert np.abs(shares[0] - shares[1]).max() < 0.03


def test_at_temperature_zero_every_song_is_the_likeliest_one():
    model = NgramFamily(K, 1, 2, temperature=0.0).fit(make_songs(groups=1))
    n = 5
    plan = Plan(np.zeros(n, dtype=int), np.full(n, 6), np.zeros(n, dtype=int), np.zeros(n))
    written = model.sample(plan, np.random.default_rng(0)).reshape(n, 6)
    expected, last = [], K
    for _ in range(6):
        last = int(model.distributions(np.array([last]))[0].argmax())
        expected.append(last)
    assert (written == expected).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=8), st.floats(0.05, 0.999))
def test_a_nucleus_keeps_the_fewest_tokens_that_reach_its_mass(weights, top_p):
    p = np.array(weights) / sum(weights)
    kept = sharpen(p, top_p=top_p) > 0
    assert p[kept].sum() >= top_p - 1e-9
    assert p[kept].sum() - p[kept].min() < top_p
    assert p[kept].min() >= p[~kept].max(initial=0) - 1e-12


def test_no_chord_follows_itself_unless_allowed():
    works = make_songs()
    plan = Plan(np.arange(200) % 2, np.full(200, 30), np.full(200, 3), np.full(200, 0.5))
    written = NgramFamily(K, 2, 3).fit(works).sample(plan, np.random.default_rng(0)).reshape(200, 30)
    assert (written[:, 1:] != written[:, :-1]).all()


def test_counts_of_two_halves_add_up_to_the_counts_of_the_whole():
    works, family = make_songs(), NgramFamily(K, 2, 3)
    halves = family.count(works.take(np.arange(20))) + family.count(works.take(np.arange(20, 40)))
    whole = family.count(works)
    assert (halves.keys == whole.keys).all()
    assert np.allclose(halves.counts, whole.counts)


def test_a_song_of_weight_two_counts_like_two_songs():
    works, family = make_songs(n=10), NgramFamily(K, 2, 3)
    weighted = family.fit(works, np.r_[2.0, np.ones(9)])
    doubled = family.fit(works.take(np.r_[0, np.arange(10)]))
    assert np.isclose(weighted.cross_entropy(works), doubled.cross_entropy(works))


def test_renaming_the_chords_leaves_cross_entropy_alone():
    train, test, family = make_songs(0), make_songs(1), NgramFamily(K, 2, 3)
    names = np.random.default_rng(0).permutation(K)
    renamed = [Works.build(names[w.tokens], w.offsets, group=w.group) for w in (train, test)]
    assert np.isclose(family.fit(train).cross_entropy(test), family.fit(renamed[0]).cross_entropy(renamed[1]))


def test_a_deterministic_loop_costs_almost_nothing_and_noise_costs_all():
    loop = Works.build(np.tile([0, 1, 2, 3], 100), np.arange(0, 401, 20))
    assert NgramFamily(4, 1, 3).fit(loop).cross_entropy(loop) < 0.2
    noise = Works.of_single_tokens(np.random.default_rng(0).integers(0, 8, 80_000))
    assert abs(CategoricalFamily(8).fit(noise).cross_entropy(noise) - 3) < 0.01


def test_a_gaussian_learns_mean_and_maximum_likelihood_variance():
    works = Works.of_single_tokens(np.array([1.0, 2.0, 6.0]))
    model = GaussianFamily().fit(works)
    assert model.mean == pytest.approx(3.0)
    assert model.variance == pytest.approx(14 / 3)


def test_songs_of_a_style_are_as_varied_as_the_songs_it_was_learned_from(foundation):
    from musictrend.feedback.songs import rarefy_types

    rng = np.random.default_rng(5)
    for group in range(foundation.n_groups):
        mine = foundation.works.take(foundation.works.group == group)
        plan = foundation.plan(np.full(300, group), rng)
        offsets = np.concatenate([[0], np.cumsum(plan.length)])
        written = Works.build(foundation.source.sample(plan, rng), offsets)
        assert np.nanmean(rarefy_types(written)) == pytest.approx(np.nanmean(rarefy_types(mine)), rel=0.08)


def test_a_loop_of_four_is_found_as_a_loop_of_four():
    form = Form(Works.build(np.tile([0, 1, 2, 3], 8), [0, 32]))
    assert form.plan.period.tolist() == [4]
    assert form.plan.repeat.tolist() == [1.0]
