"""Interpolated n-grams with a style: the world's generator and its human artists.

Exact probabilities, counts that add up, and songs written by a compiled
loop (`sampling_kernels`) from sharpened distributions that are never
written out (`sampler`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.feedback.form import Plan
from musictrend.feedback.grammar import Family, sharpen
from musictrend.feedback.levels import Level, sum_by_key
from musictrend.feedback.sampler import Sampler
from musictrend.feedback.works import Works


@dataclass
class NgramCounts:
    """Weighted counts of (context, token) at the longest context; sorted keys."""

    keys: np.ndarray
    counts: np.ndarray

    def __add__(self, other: NgramCounts) -> NgramCounts:
        return NgramCounts(
            *sum_by_key(np.concatenate([self.keys, other.keys]), np.concatenate([self.counts, other.counts]))
        )


@dataclass(frozen=True)
class NgramFamily(Family):
    """Interpolated n-grams with a style: the group of the song.

    The distribution of the next chord mixes, from general to particular: all
    tokens equally; how common the chord is; what follows the last chord in
    any group; what follows it in the song's own group; what follows the last
    two there; and so on up to ``order - 1`` chords. A context seen C times with d
    different continuations weighs C/(C + d) against what is below it (Witten
    and Bell 1991). Length and repetition come from the `Plan`.

    Parameters
    ----------
    n_tokens : int
    n_groups : int
    order : int >= 1
        A song's chord depends on ``order - 1`` chords before it.
    temperature, top_p : float
        How the fitted model is sampled, see `sharpen`; `cross_entropy` is
        that of the model as learned (temperature 1).
    repeats : bool
        Whether a chord may follow itself. Merged chord sequences never do.
    """

    n_tokens: int
    n_groups: int = 1
    order: int = 3
    temperature: float = 1.0
    top_p: float = 1.0
    repeats: bool = False

    def count(self, works, weights=None):
        """Counts at the longest context."""
        context = works.group[works.song_of_event()].astype(np.int64)
        for before in reversed(self._history(works)):
            context = context * (self.n_tokens + 1) + before
        keys = context * self.n_tokens + works.tokens
        if weights is None:
            keys, counts = np.unique(keys, return_counts=True)
            return NgramCounts(keys, counts.astype(float))
        return NgramCounts(*sum_by_key(keys, np.repeat(np.asarray(weights, float), works.lengths)))

    def model(self, counts):
        """Levels from general to particular, all derived from the longest context."""
        return NgramModel(self, counts)

    def _history(self, works: Works) -> list[np.ndarray]:
        """Tokens 1, 2, ... order - 1 before each event; n_tokens before the start."""
        starts = works.offsets[:-1][works.lengths > 0]
        history, last = [], works.tokens.astype(np.int64)
        for _ in range(self.order - 1):
            before = np.empty_like(last)
            before[1:] = last[:-1]
            before[starts] = self.n_tokens
            history.append(before)
            last = before
        return history


class NgramModel:
    """A fitted n-gram grammar; see `NgramFamily`."""

    def __init__(self, family: NgramFamily, counts: NgramCounts):
        self.family = family
        n_tokens, wide = family.n_tokens, family.n_tokens + 1
        # each entry: (how a full context is cut down to this level's, counts)
        self._levels: list[tuple[tuple[int, bool], Level]] = []
        keys, values = counts.keys, counts.counts
        for kept in range(family.order - 1, -1, -1):
            self._levels.append(((kept, True), Level(keys, values, n_tokens)))
            if kept:
                keys, values = sum_by_key(self._shorten(keys, kept), values)
        if family.n_groups > 1 and family.order > 1:
            # what follows the last chord in any group stands below what follows it in this one
            (_, _), last = self._levels[-2]
            pooled = sum_by_key(last.keys % (wide * n_tokens), last.counts)
            self._levels.insert(len(self._levels) - 1, ((1, False), Level(*pooled, n_tokens)))
        unigram = np.bincount((keys % n_tokens), weights=values, minlength=n_tokens)
        weight = unigram.sum() / (unigram.sum() + np.count_nonzero(unigram))
        self.base = weight * unigram / max(unigram.sum(), 1e-300) + (1 - weight) / n_tokens
        if family.order > 1:
            self._levels.pop()  # the group's unigram: taken over by the pooled one
        self._levels.reverse()  # general first
        for (kept, grouped), level in self._levels:
            level.index((family.n_groups if grouped else 1) * wide**kept)
        self._sampler: Sampler | None = None

    def _shorten(self, keys: np.ndarray, kept: int) -> np.ndarray:
        """Keys with `kept` tokens of history as keys with one less (the oldest dropped)."""
        wide = self.family.n_tokens + 1
        below = wide ** (kept - 1) * self.family.n_tokens
        return keys // (below * wide) * below + keys % below

    def _cut(self, contexts: np.ndarray, kept: int, grouped: bool) -> np.ndarray:
        """Full contexts as a level sees them."""
        wide = self.family.n_tokens + 1
        history = contexts % wide**kept
        return contexts // wide ** (self.family.order - 1) * wide**kept + history if grouped else history

    def _base_rows(self, contexts: np.ndarray) -> np.ndarray:
        """How common each chord is, the last one left out where chords cannot repeat."""
        rows = np.tile(self.base, (len(contexts), 1))
        if not self.family.repeats and self.family.order > 1:
            last = contexts % (self.family.n_tokens + 1)
            inside = np.flatnonzero(last < self.family.n_tokens)
            rows[inside, last[inside]] = 0.0
            rows /= rows.sum(axis=1, keepdims=True)
        return rows

    def distributions(self, contexts: np.ndarray) -> np.ndarray:
        """Distribution of the next chord after each context.

        Parameters
        ----------
        contexts : int array, shape=(n_contexts,)
            Codes ``((group * W + oldest) * W + ...) * W + last`` with W = n_tokens + 1
            and n_tokens standing for "before the first chord".

        Returns
        -------
        rows : array, shape=(n_contexts, n_tokens)
            Each row sums to 1.
        """
        contexts = np.asarray(contexts, dtype=np.int64)
        rows = self._base_rows(contexts)
        for (kept, grouped), level in self._levels:
            level.mix_rows(self._cut(contexts, kept, grouped), rows)
        return rows

    def probabilities(self, works: Works) -> np.ndarray:
        """Probability of each event of `works`, shape=(n_events,)."""
        tokens = works.tokens.astype(np.int64)
        history = self.family._history(works)
        contexts = works.group[works.song_of_event()].astype(np.int64)
        for before in reversed(history):
            contexts = contexts * (self.family.n_tokens + 1) + before
        p = self.base[tokens]
        if history and not self.family.repeats:
            last = history[0]
            taken = np.append(self.base, 0.0)[last]
            p = np.where(tokens == last, 0.0, p / (1 - taken))
        for (kept, grouped), level in self._levels:
            p = level.mix_probability(self._cut(contexts, kept, grouped), tokens, p)
        return p

    def cross_entropy(self, works: Works) -> float:
        """Bits an event that `works` cost this model, at temperature 1.

        Form is left out: a chord that repeats the loop is paid for like any other.
        """
        with np.errstate(divide="ignore"):
            return float(-np.log2(self.probabilities(works)).mean())

    def sample(self, plan: Plan | int, rng: np.random.Generator) -> np.ndarray:
        """Write the songs of a plan.

        Returns
        -------
        tokens : int32 array, shape=(plan.length.sum(),)
            Song after song, in the order of the plan.
        """
        plan = Plan.of_single_tokens(plan) if isinstance(plan, int) else plan
        n_events, family = int(plan.length.sum()), self.family
        draw, loop = rng.random(n_events), rng.random(n_events)
        context = plan.group.astype(np.int64)
        for _ in range(family.order - 1):
            context = context * (family.n_tokens + 1) + family.n_tokens
        if family.temperature == 0 or family.top_p < 1:
            return self._write_by_rows(plan, context, draw, loop)
        if self._sampler is None:
            self._sampler = Sampler(self)
        return self._sampler.write(plan, context, draw, loop)

    def _write_by_rows(self, plan: Plan, context: np.ndarray, draw: np.ndarray, loop: np.ndarray) -> np.ndarray:
        """The same from whole distributions, all songs at once, event by event: what a nucleus needs."""
        family, wide = self.family, self.family.n_tokens + 1
        span = wide ** (family.order - 1)
        first = np.cumsum(plan.length) - plan.length
        out = np.full(len(draw) + 1, family.n_tokens, dtype=np.int64)  # the last cell stands before every song
        for t in range(int(plan.length.max(initial=0))):
            song = np.flatnonzero(plan.length > t)
            at, period = first[song] + t, plan.period[song]
            echo = (period > 0) & (t >= period) & (loop[at] < plan.repeat[song])
            heard = out[np.where(echo, at - period, -1)]
            if not family.repeats and t:
                echo &= heard != out[at - 1]
            codes, row = np.unique(context[song], return_inverse=True)
            p = np.cumsum(sharpen(self.distributions(codes), family.temperature, family.top_p), axis=1)
            fresh = (p[row] <= draw[at, None] * p[row, -1:]).sum(axis=1)
            out[at] = np.where(echo, heard, np.minimum(fresh, family.n_tokens - 1))
            if family.order > 1:
                old = context[song]
                context[song] = old // span * span + old % (span // wide) * wide + out[at]
        return out[:-1].astype(np.int32)

    def __getstate__(self):
        """Without the sampler: it is cheap to make again."""
        return {**self.__dict__, "_sampler": None}
