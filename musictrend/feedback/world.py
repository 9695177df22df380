"""The feedback world: its state and the one step that every scenario and every law runs.

A step is a year. (1) People write; (2) what was released last year is
scraped, weighted, deduplicated and filtered; (3) the generator is trained;
(4) it writes; (5) the recommender hands out plays; (6) the chart and what
people earn follow from them.

Each mechanism draws from its own random stream, made from the seed, the step
and its name: two scenarios with one seed share their chance as far as they
do the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from musictrend.feedback.artists import (
    choose_parents,
    innovate,
    lengthen_or_shorten,
    merge_repeats,
    mutate,
    splice,
)
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.grammar import Family
from musictrend.feedback.ngrams import NgramFamily
from musictrend.feedback.recommender import allocate_plays
from musictrend.feedback.scenario import Scenario
from musictrend.feedback.songs import mean_surprisal
from musictrend.feedback.works import GENERATOR, HUMAN, NICHE, POP, NgramMemory, Works


@dataclass
class World:
    """State between two steps.

    Attributes
    ----------
    scenario : Scenario
    foundation : Foundation
    family : Family
        What kind of generator is trained.
    seed : int
    step : int
        0 before the first step.
    released : Works
        Songs that appeared in the last step, with their first year's plays;
        before the first step the founding songs.
    shelf : Works
        All songs that can be recommended, with lifetime plays.
    recent : float array, shape=(len(shelf),)
        Plays of the last step: the chart.
    quality : float array, shape=(len(shelf),)
        How much people like each song, before popularity.
    model : fitted model or None
    corpus : (Works, weights or None) or None
        What the last scrape added to the training data.
    counts : optional
        What the generator knows, as counts of its family (not with a fixed budget).
    human_income : float
        Human share of plays in the last step.
    """

    scenario: Scenario
    foundation: Foundation
    family: Family
    seed: int
    released: Works
    shelf: Works
    recent: np.ndarray
    quality: np.ndarray
    step: int = 0
    model: Any = None
    corpus: Any = None
    counts: Any = None
    human_income: float = 1.0
    _batches: list = field(default_factory=list)
    _styles: list = field(default_factory=list)
    _heard: NgramMemory | None = None

    @classmethod
    def begin(cls, foundation: Foundation, scenario: Scenario, seed: int = 0, family: Family | None = None) -> World:
        """The world before its first step.

        Parameters
        ----------
        family : Family, optional
            The scenario's n-gram generator when left out.
        """
        if family is None:
            family = NgramFamily(
                foundation.n_tokens, foundation.n_groups, scenario.order, scenario.temperature, scenario.top_p
            )
        works = foundation.works
        works = Works(
            works.tokens,
            works.offsets,
            works.group,
            works.segment,
            works.origin,
            works.born,
            np.full(len(works), foundation.years_heard * scenario.plays_per_work),
        )
        quality = judge_quality(foundation, scenario, works)
        return cls(scenario, foundation, family, seed, works, works, np.ones(len(works)), quality)

    def stream(self, name: str) -> np.random.Generator:
        """Random numbers for one mechanism in this step."""
        number = _STREAMS.get(name)
        if number is None:
            number = _STREAMS[name] = int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big")
        return np.random.default_rng(np.random.SeedSequence((self.seed, self.step, number)))


_STREAMS: dict[str, int] = {}


def step(world: World) -> World:
    """Run one generation; changes `world` and gives it back.

    Used by every scenario and by every limiting case in `laws`.
    """
    world.step += 1
    human = write_human_songs(world)
    if _needs_training(world):
        world.corpus = build_corpus(world)
        train(world)
    generated = write_generated_songs(world)
    release(world, human, generated)
    return world


# ------------------------------------------------------------------ (1) people
def write_human_songs(world: World) -> Works | None:
    """What people write in this step; fewer when they earn less and `human_exit` is above 0."""
    s, base = world.scenario, world.foundation
    n = s.human_works
    if s.human_exit:
        n = round(n * (s.obstinate + (1 - s.obstinate) * world.human_income**s.human_exit))
    if n == 0:
        return None
    pop_share = s.pop_share if s.pop_share is not None else base.group_share[base.group_segment == POP].sum()
    n_pop = round(n * pop_share)
    rng = world.stream("styles")
    groups = np.concatenate([base.share_out(n_pop, POP, rng), base.share_out(n - n_pop, NICHE, rng)])
    pop = base.group_segment[groups] == POP
    u = rng.random(len(groups))
    charted = np.flatnonzero((world.shelf.segment == POP) & (world.recent > 0))
    copied = pop & (u < s.copying) & (len(charted) > 0)
    drifting = ~pop & (u < s.niche_drift)
    own = _write_in_style(world, groups[~copied & ~drifting], base.source, "own style")
    parts = [own.take(own.segment == POP)]
    if copied.any():
        parts.append(_copy_chart(world, charted, int(copied.sum())))
    niche_parts = [own.take(own.segment == NICHE)]
    if drifting.any():
        niche_parts.append(_write_in_style(world, groups[drifting], _current_style(world), "current style"))
    niche = Works.concatenate(niche_parts)
    if len(niche):
        parts.append(_vary_niche(world, niche, charted))
    return merge_repeats(Works.concatenate(parts))


def _copy_chart(world: World, charted: np.ndarray, n: int) -> Works:
    """Pop songs that start from songs on the chart: chosen, recombined, mutated."""
    s, base, rng = world.scenario, world.foundation, world.stream("parents")
    chart, plays = world.shelf.take(charted), world.recent[charted]
    songs = chart.take(choose_parents(chart, plays, s.conformity, n, rng))
    mixed = rng.random(n) < s.recombination
    if mixed.any():
        others = chart.take(choose_parents(chart, plays, s.conformity, int(mixed.sum()), rng))
        songs = Works.concatenate([songs.take(~mixed), splice(songs.take(mixed), others)])
    if s.mutation:
        rng = world.stream("mutation")
        songs = mutate(songs, s.mutation, base.novel, rng)
        if base.form is not None:
            songs = lengthen_or_shorten(songs, s.mutation, s.max_events, rng)
    return Works(
        songs.tokens,
        songs.offsets,
        songs.group,
        np.full(n, POP, np.int8),
        np.full(n, HUMAN, np.int8),
        np.full(n, world.step, np.int16),
        np.zeros(n),
    )


def _vary_niche(world: World, songs: Works, charted: np.ndarray) -> Works:
    """Crossover from the pop chart, and innovation."""
    s, base = world.scenario, world.foundation
    if s.crossover and len(charted):
        rng = world.stream("crossover")
        crossed = rng.random(len(songs)) < s.crossover
        if crossed.any():
            chart = world.shelf.take(charted)
            others = chart.take(choose_parents(chart, world.recent[charted], 1.0, int(crossed.sum()), rng))
            songs = Works.concatenate([songs.take(~crossed), splice(songs.take(crossed), others)])
    return innovate(songs, s.innovation, base.novel, world.stream("innovation")) if s.innovation else songs


def _current_style(world: World):
    """Niche style of the last `shelf` steps, relearned from human songs."""
    base = world.foundation
    family = NgramFamily(base.n_tokens, base.n_groups, 3)
    human = world.released.take((world.released.segment == NICHE) & (world.released.origin == HUMAN))
    if len(human):
        world._styles = [*world._styles[-(world.scenario.shelf - 1) :], family.count(human)]
    if not world._styles:
        return base.source
    counts = world._styles[0]
    for more in world._styles[1:]:
        counts = counts + more
    return family.model(counts)


def _write_in_style(world: World, groups: np.ndarray, model, stream: str) -> Works:
    """Human songs written from a model."""
    base, rng = world.foundation, world.stream(stream)
    plan = base.plan(groups, rng)
    tokens = model.sample(plan, rng) if len(groups) else np.zeros(0, dtype=world.shelf.tokens.dtype)
    offsets = np.concatenate([[0], np.cumsum(plan.length)])
    return Works.build(tokens, offsets, groups, base.group_segment[groups], HUMAN, world.step)


# ------------------------------------------------------------------ (2) the training corpus
def build_corpus(world: World) -> tuple[Works, np.ndarray | None]:
    """What the scrape of last year's releases adds: songs and their weights (None: all 1)."""
    s, works = world.scenario, world.released
    if s.dedup:
        if world._heard is None:
            world._heard = NgramMemory(s.dedup_run)
        works = works.take(world._heard.overlap(works) < s.dedup_overlap)
    if s.filter_tpr or s.filter_fpr:
        works = works.take(~_filtered(world, works))
    weights = (1 + works.plays) ** s.scrape_exponent if s.scrape_exponent else None
    generated = works.origin == GENERATOR
    if s.fresh_human is not None and generated.any() and not generated.all():
        if s.fresh_human in (0, 1):
            keep = generated == (s.fresh_human == 0)
            return works.take(keep), None if weights is None else weights[keep]
        weights = np.ones(len(works)) if weights is None else weights
        mass = weights * works.lengths
        odds = s.fresh_human / (1 - s.fresh_human)
        weights = np.where(generated, weights, weights * odds * mass[generated].sum() / mass[~generated].sum())
        weights *= len(weights) / weights.sum()
    return works, weights


def _filtered(world: World, works: Works) -> np.ndarray:
    """Songs that the provenance filter takes for generated.

    A share `filter_tpr` of generated and `filter_fpr` of human songs; with
    `filter_bias` b, the first ``b * filter_fpr`` of human songs by surprisal
    are hit for certain and the rest at random.
    """
    s = world.scenario
    u = world.stream("filter").random(len(works))
    generated = works.origin == GENERATOR
    chance = np.where(generated, s.filter_tpr, s.filter_fpr)
    human = np.flatnonzero(~generated)
    if s.filter_bias and s.filter_fpr and len(human):
        score = mean_surprisal(works, world.foundation.surprise)[human]
        sure = round(s.filter_bias * s.filter_fpr * len(human))
        strangest = human[np.argsort(-score, kind="stable")[:sure]]
        rest = max(len(human) - sure, 1)
        chance[human] = (s.filter_fpr * len(human) - sure) / rest
        chance[strangest] = 1.0
    return u < chance


# ------------------------------------------------------------------ (3) training
def _needs_training(world: World) -> bool:
    """Whether a generator learns in this step."""
    s = world.scenario
    if s.generator_works == 0 or (s.generator_works is None and s.generator_share == 0):
        return False
    return s.data_mode != "frozen" or world.model is None


def train(world: World) -> None:
    """Fit the generator to what `data_mode` lets it see; keeps the old model if that is nothing."""
    s, (works, weights) = world.scenario, world.corpus
    if s.data_mode == "accumulate_fixed_budget":
        budget = len(world.foundation.works)
        world._batches = [Works.concatenate([*world._batches, works])]
        pool = world._batches[0]
        # every song ever released has the same chance to be afforded
        chosen = world.stream("budget").permutation(len(pool))[:budget]
        if len(chosen):
            world.model = world.family.fit(pool.take(np.sort(chosen)))
        return
    if len(works.tokens) == 0:
        return
    counts = world.family.count(works, weights)
    if s.data_mode == "accumulate":
        counts = counts if world.counts is None else world.counts + counts
    elif s.data_mode == "window":
        world._batches = [*world._batches[-(s.window - 1) :], counts] if s.window > 1 else [counts]
        for older in world._batches[:-1]:
            counts = counts + older
    world.counts = counts
    world.model = world.family.model(counts)


# ------------------------------------------------------------------ (4) the generator
def write_generated_songs(world: World) -> Works | None:
    """Songs of the generator, prompted in the styles of the founding corpus."""
    s = world.scenario
    n = s.generator_works
    if n is None:
        share = s.generator_share * (min(1.0, world.step / s.ramp_steps) if s.ramp_steps else 1.0)
        n = round(s.human_works * share / (1 - share))
    if n == 0 or world.model is None:
        return None
    base, rng = world.foundation, world.stream("generator")
    groups = base.share_out(n, None, rng)
    plan = base.plan(groups, rng)
    tokens = world.model.sample(plan, rng)
    offsets = np.concatenate([[0], np.cumsum(plan.length)])
    songs = Works.build(tokens, offsets, groups, base.group_segment[groups], GENERATOR, world.step)
    return songs if base.form is None else merge_repeats(songs)


# ------------------------------------------------------------------ (5, 6) plays, chart, income
def judge_quality(foundation: Foundation, scenario: Scenario, works: Works) -> np.ndarray:
    """Appeal of songs to listeners: taste to the power the scenario gives it."""
    if scenario.taste == 0 or scenario.rounds == 0:
        return np.ones(len(works))
    return foundation.judge_quality(works) ** scenario.taste


def release(world: World, human: Works | None, generated: Works | None) -> None:
    """Put the new songs on the shelf and let listeners hear what is there."""
    s, base = world.scenario, world.foundation
    new = [songs for songs in (human, generated) if songs is not None]
    stays = world.shelf.born > world.step - s.shelf
    kept = world.shelf.take(stays)
    shelf = Works.concatenate([kept, *new])
    world.quality = np.concatenate([world.quality[stays], *(judge_quality(base, s, songs) for songs in new)])
    if len(shelf) == 0:
        world.released = world.shelf = shelf
        world.recent = shelf.plays
        return
    if s.rounds == 0:
        gained = np.full(len(shelf), s.plays_per_work)
    else:
        appeal = world.quality
        if s.generator_exposure != 1:
            appeal = np.where(shelf.origin == GENERATOR, appeal * s.generator_exposure, appeal)
        listening = round(s.plays_per_work * (s.human_works or len(shelf)))
        gained = allocate_plays(
            shelf.plays,
            appeal,
            listening,
            world.stream("listeners"),
            exposure=s.exposure,
            exploration=s.exploration,
            unit=s.plays_per_work,
            rounds=s.rounds,
        )
    shelf = Works(
        shelf.tokens,
        shelf.offsets,
        shelf.group,
        shelf.segment,
        shelf.origin,
        shelf.born,
        shelf.plays + gained,
    )
    world.shelf, world.recent = shelf, gained
    total = gained.sum()
    world.human_income = float(gained[shelf.origin == HUMAN].sum() / total) if total else 1.0
    fresh = np.arange(len(shelf)) >= len(kept)
    world.released = shelf.take(fresh) if fresh.any() else shelf.take(np.zeros(0, dtype=np.int64))
