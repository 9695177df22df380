"""One step: who copies whom, what is scraped, who is heard."""

import numpy as np
import pytest

from musictrend.feedback import CategoricalFamily, Foundation, NgramFamily, Scenario, Works, World, step
from musictrend.feedback.artists import (
    choose_parents,
    innovate,
    lengthen_or_shorten,
    merge_repeats,
    mutate,
    splice,
)
from musictrend.feedback.experiment import thin_foundation
from musictrend.feedback.recommender import allocate_plays
from musictrend.feedback.trial import OFF
from musictrend.feedback.works import GENERATOR, HUMAN, NICHE, POP

SMALL = Scenario(name="small", human_works=60, steps=4)


def run(foundation, scenario, seed=0, family=None):
    world = World.begin(thin_foundation(foundation, scenario, seed), scenario, seed, family)
    for _ in range(scenario.steps):
        step(world)
    return world


def test_the_neutral_step_is_wright_fisher_copying():
    """Each copy's parent is any song of the generation before with equal chance: counts are multinomial."""
    tokens = np.repeat([0, 1, 2], [50, 30, 20])
    counts = []
    for seed in range(400):
        base, scenario = (
            Foundation(Works.of_single_tokens(tokens), 3),
            OFF.replace(human_works=100, copying=1.0),
        )
        world = World.begin(base, scenario, seed, CategoricalFamily(3))
        counts.append(np.bincount(step(world).released.tokens, minlength=3))
    counts = np.array(counts)
    p = np.array([0.5, 0.3, 0.2])
    assert np.abs(counts.mean(axis=0) - 100 * p).max() < 4 * np.sqrt(25 / 400)
    assert counts.var(axis=0) == pytest.approx(100 * p * (1 - p), rel=0.3)


def test_without_generators_nothing_is_generated_and_nothing_trained(foundation):
    world = run(foundation, SMALL.replace(generator_share=0.0))
    assert (world.shelf.origin == HUMAN).all()
    assert world.model is None


def test_the_share_is_one_of_supply(foundation):
    world = run(foundation, SMALL.replace(generator_share=0.4))
    assert np.mean(world.released.origin == GENERATOR) == pytest.approx(0.4)


def test_supply_ramps_up(foundation):
    scenario = SMALL.replace(generator_share=0.5, ramp_steps=4)
    world = World.begin(thin_foundation(foundation, scenario, 0), scenario, 0)
    shares = [np.mean(step(world).released.origin == GENERATOR) for _ in range(4)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.125, abs=0.02)
    assert shares[-1] == 0.5


def test_what_is_heard_adds_up_and_does_not_grow_with_supply(foundation):
    for share in (0.0, 0.6):
        world = run(foundation, SMALL.replace(generator_share=share))
        assert world.recent.sum() == SMALL.plays_per_work * SMALL.human_works


def test_people_write_the_same_whatever_generators_train_on_until_they_hear_them(foundation):
    """Common random numbers: the first step of people is one and the same in all scenarios."""
    first = [
        step(World.begin(thin_foundation(foundation, SMALL, 5), SMALL.replace(data_mode=mode), 5)).released
        for mode in ("replace", "accumulate", "frozen")
    ]
    human = [songs.take(songs.origin == HUMAN).tokens for songs in first]
    assert (human[0] == human[1]).all()
    assert (human[0] == human[2]).all()


@pytest.mark.parametrize("mode", ["accumulate", "window", "replace"])
def test_training_data_are_what_the_mode_says(mode):
    tokens = np.zeros(10, dtype=np.int32)
    scenario = OFF.replace(generator_works=10, data_mode=mode, window=2, steps=4)
    world = run(Foundation(Works.of_single_tokens(tokens), 2), scenario, family=CategoricalFamily(2))
    assert world.counts.sum() == {"accumulate": 40, "window": 20, "replace": 10}[mode]


def test_a_fixed_budget_affords_as_many_songs_as_there_were_at_first(foundation):
    scenario = SMALL.replace(data_mode="accumulate_fixed_budget", generator_share=0.5)
    world = run(foundation, scenario)
    assert len(world._batches[0]) > len(world.foundation.works)
    assert world.model is not None


def test_a_frozen_generator_never_learns_again(foundation):
    scenario = SMALL.replace(data_mode="frozen")
    world = World.begin(thin_foundation(foundation, scenario, 0), scenario, 0)
    model = step(world).model
    step(world)
    assert world.model is model


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_training_corpus_is_held_to_its_share_of_fresh_human_songs(foundation, share):
    world = run(foundation, SMALL.replace(fresh_human=share))
    works, weights = world.corpus
    mass = works.lengths * (1 if weights is None else weights)
    assert mass[works.origin == HUMAN].sum() / mass.sum() == pytest.approx(share)


def test_scraping_by_plays_prefers_what_is_heard(foundation):
    world = run(foundation, SMALL.replace(scrape_exponent=1.0))
    works, weights = world.corpus
    assert np.corrcoef(weights, works.plays)[0, 1] > 0.99


def test_dedup_lowers_the_share_of_duplicates_in_training():
    rng = np.random.default_rng(0)
    songs = Works.build(rng.integers(0, 40, 400), np.arange(0, 401, 20))
    doubled = songs.take(np.repeat(np.arange(20), 3))
    scenario = OFF.replace(generator_works=5)
    sizes = {}
    for dedup in (False, True):
        base, family = Foundation(doubled, 40), NgramFamily(40, order=2)
        sizes[dedup] = len(run(base, scenario.replace(dedup=dedup, steps=1), family=family).corpus[0])
    assert sizes == {False: 60, True: 20}


def test_a_filter_takes_generated_songs_out(foundation):
    loose, strict = (run(foundation, SMALL.replace(filter_tpr=tpr)) for tpr in (0.0, 1.0))
    assert (loose.corpus[0].origin == GENERATOR).any()
    assert (strict.corpus[0].origin == HUMAN).all()


def test_people_who_earn_less_write_less(foundation):
    stay = run(foundation, SMALL.replace(generator_share=0.7, human_exit=0.0))
    leave = run(foundation, SMALL.replace(generator_share=0.7, human_exit=1.0, obstinate=0.2))
    count = lambda world: int((world.released.origin == HUMAN).sum())  # noqa: E731
    assert 0.2 * count(stay) <= count(leave) < count(stay)


def test_a_platform_that_holds_generated_songs_back_is_obeyed(foundation):
    free, held = (run(foundation, SMALL.replace(generator_exposure=e, exploration=0.0)) for e in (1.0, 0.02))
    share = lambda world: world.recent[world.shelf.origin == GENERATOR].sum() / world.recent.sum()  # noqa: E731
    assert share(held) < 0.05 < share(free)


def test_songs_leave_the_shelf(foundation):
    world = run(foundation, SMALL.replace(shelf=2, steps=6))
    assert set(world.shelf.born.tolist()) == {5, 6}


def test_niche_songs_stay_in_their_styles_and_pop_in_pop(foundation):
    works = run(foundation, SMALL).released
    assert (works.segment == foundation.group_segment[works.group]).all()
    assert {POP, NICHE} == set(works.segment.tolist())


def test_supply_without_training_on_it_moves_attention_and_not_the_generator(foundation):
    """science.md 3.2: supply share without training on it changes discoverability only."""
    little, much = (run(foundation, SMALL.replace(data_mode="frozen", generator_share=s)) for s in (0.2, 0.7))
    heldout = foundation.heldout
    assert little.model.cross_entropy(heldout) == much.model.cross_entropy(heldout)
    heard = [world.recent[world.shelf.origin == HUMAN].sum() for world in (little, much)]
    assert heard[1] < heard[0]


# ------------------------------------------------------------------ artists and listeners
def novel(old, rng):
    return np.full(len(old), 77, dtype=old.dtype)


def test_a_mutated_chord_is_replaced_wherever_it_occurs():
    works = Works.build([1, 2, 1, 2, 3, 1], [0, 6])
    for seed in range(20):
        changed = mutate(works, 0.5, novel, np.random.default_rng(seed)).tokens
        for chord in (1, 2, 3):
            assert len(set(changed[works.tokens == chord].tolist())) == 1


def test_an_innovation_is_one_chord_of_a_song():
    works = Works.build([1, 2, 1, 3], [0, 4])
    changed = innovate(works, 1.0, novel, np.random.default_rng(0)).tokens
    assert len(set(works.tokens[changed == 77].tolist())) == 1
    assert innovate(works, 0.0, novel, np.random.default_rng(0)) is works


def test_spliced_songs_begin_as_one_parent_and_end_as_the_other():
    child = splice(Works.build([1, 2, 3, 4], [0, 4]), Works.build([5, 6, 7, 8, 9], [0, 5]))
    assert child.tokens.tolist() == [1, 2, 7, 8, 9]


def test_repeats_are_merged_within_songs_only():
    merged = merge_repeats(Works.build([1, 1, 2, 2, 2, 3], [0, 4, 6]))
    assert merged.tokens.tolist() == [1, 2, 2, 3]
    assert merged.lengths.tolist() == [2, 2]


def test_one_event_comes_and_one_goes_and_no_new_chord_with_it():
    works = Works.build(np.tile(np.arange(20), 5), np.arange(0, 101, 20))
    changed = lengthen_or_shorten(works, 1.0, 64, np.random.default_rng(0))
    assert changed.lengths.tolist() == [20] * 5
    assert set(changed.tokens.tolist()) <= set(range(20))
    assert (changed.tokens != works.tokens).any()


def test_conformity_favours_what_many_play():
    chart = Works.of_single_tokens(np.repeat([0, 1], [70, 30]))
    shares = []
    for b in (0.5, 1.0, 2.0):
        parents = choose_parents(chart, np.ones(100), b, 20_000, np.random.default_rng(0))
        shares.append(np.mean(chart.tokens[parents] == 0))
    expected = [0.7**b / (0.7**b + 0.3**b) for b in (0.5, 1.0, 2.0)]
    assert shares == pytest.approx(expected, abs=0.02)


def test_songs_without_plays_are_no_parents():
    chart, plays = Works.of_single_tokens([1, 2, 3]), np.array([0.0, 5.0, 0.0])
    for b in (1.0, 1.5):
        assert set(choose_parents(chart, plays, b, 50, np.random.default_rng(0))) == {1}


def test_plays_go_by_appeal_where_popularity_does_not_count():
    gained = allocate_plays(np.zeros(2), np.array([3.0, 1.0]), 40_000, np.random.default_rng(0), exposure=0.0)
    assert gained[0] / gained.sum() == pytest.approx(0.75, abs=0.01)


def test_exploration_reaches_what_nobody_likes():
    appeal = np.array([1.0, 0.0])
    gained = allocate_plays(np.zeros(2), appeal, 10_000, np.random.default_rng(0), exploration=0.2)
    assert gained[1] / gained.sum() == pytest.approx(0.1, abs=0.02)


def test_a_world_is_the_same_for_the_same_seed(foundation):
    one, two, other = run(foundation, SMALL, 1), run(foundation, SMALL, 1), run(foundation, SMALL, 2)
    assert np.array_equal(one.released.tokens, two.released.tokens)
    assert not np.array_equal(one.released.tokens, other.released.tokens)


def test_more_copying_makes_more_duplicates(foundation):
    from musictrend.feedback.quantities import Observer

    rates = []
    for copying in (0.0, 1.0):
        scenario = SMALL.replace(copying=copying, generator_share=0.0, mutation=0.0, recombination=0.0)
        base = thin_foundation(foundation, scenario, 0)
        world, observer = World.begin(base, scenario, 0), Observer(base, scenario)
        observer.observe(world)
        step(world)
        rows = {(s, o, q): v for s, o, q, v in observer.observe(world)}
        rates.append(rows[("pop", "human", "duplicate_rate")])
    assert rates[1] == 1.0
    assert rates[0] < 0.6


def test_founding_songs_are_thinned_to_the_world(foundation):
    scenario = SMALL.replace(human_works=5, shelf=4)
    thin = thin_foundation(foundation, scenario, 0)
    assert len(thin.works) == 20
    assert thin.source is foundation.source
    assert thin_foundation(foundation, SMALL.replace(human_works=10_000), 0) is foundation
