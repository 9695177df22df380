"""Drawing from sharpened n-grams: a mixture of few continuations and what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.feedback.form import Plan

if TYPE_CHECKING:
    from musictrend.feedback.ngrams import NgramModel


class Sampler:
    """Draws from sharpened n-grams without writing out their distributions.

    With W(x) = p(x)**(1/T), a context of weight w over a lower level p' has
    W(x) = (1-w)**(1/T) W'(x) + extra(x), and extra is 0 wherever the context
    has no count. So a draw either falls on one of its few continuations or
    is passed down; only the lowest level is a dense table.
    """

    def __init__(self, model: NgramModel):
        self.model, family = model, model.family
        power = 1.0 / family.temperature
        codes = np.arange(family.n_tokens + 1 if family.order > 1 else family.n_groups)
        rows = model._base_rows(codes)
        self.kept, self.grouped = model._levels[0][0]
        model._levels[0][1].mix_rows(codes, rows)
        sharp = rows**power
        self.mass = sharp.sum(axis=1)  # of the dense level
        cumulative = np.cumsum(sharp, axis=1)
        self.dense = cumulative / cumulative[:, -1:]
        self._flat: tuple[np.ndarray, ...] | None = None
        # per level: how it cuts contexts, its counts, running sum of extra, that sum before each context,
        # share of each context's mass that lies in extra, that mass
        self.sparse: list[tuple] = []
        for number in range(1, len(model._levels)):
            (kept, grouped), level = model._levels[number]
            contexts = level.keys // family.n_tokens
            lower = self._probability_below(number, kept, contexts, level.keys % family.n_tokens, rows)
            place = np.repeat(np.arange(len(level.contexts)), level.stop - level.start)
            low = (1 - level.weight[place]) * lower
            extra = (level.weight[place] * level.counts / level.total[place] + low) ** power - low**power
            extra = np.maximum(extra, 0.0)
            base = (1 - level.weight) ** power * self._mass_below(kept, level.contexts)
            on_top = np.add.reduceat(extra, level.start)
            cumulative, total = np.cumsum(extra), base + on_top
            before = np.append(0.0, cumulative)[level.start]
            self.sparse.append((kept, grouped, level, cumulative, before, on_top / total, total))

    def _probability_below(self, number, kept, contexts, tokens, rows):
        """Probability of tokens at the levels under `number`, in contexts that keep `kept` chords."""
        p = rows[self._cut(contexts, kept, self.kept, self.grouped), tokens]
        for (k, grouped), level in self.model._levels[1:number]:
            p = level.mix_probability(self._cut(contexts, kept, k, grouped), tokens, p)
        return p

    def _mass_below(self, kept, contexts):
        """Sum of W over all tokens at the levels built so far."""
        mass = self.mass[self._cut(contexts, kept, self.kept, self.grouped)]
        for k, grouped, level, _, _, _, total in self.sparse:
            at, known = level.find(self._cut(contexts, kept, k, grouped))
            mass = np.where(known, total[at], mass)
        return mass

    def _cut(self, contexts, held, kept, grouped):
        """Contexts with `held` chords as a level sees them that keeps `kept`."""
        wide = self.model.family.n_tokens + 1
        history = contexts % wide**kept
        return contexts // wide**held * wide**kept + history if grouped else history

    def write(self, plan: Plan, context: np.ndarray, draw: np.ndarray, loop: np.ndarray) -> np.ndarray:
        """Tokens of all songs of a plan, from uniform numbers."""
        from musictrend.feedback import sampling_kernels

        family = self.model.family
        out = np.empty(len(draw), dtype=np.int32)
        first = np.cumsum(plan.length, dtype=np.int64) - plan.length
        write_songs: Any = sampling_kernels.write_songs
        write_songs(
            plan.length.astype(np.int64),
            first,
            plan.period.astype(np.int64),
            plan.repeat.astype(np.float64),
            context,
            draw,
            loop,
            family.repeats,
            family.n_tokens,
            family.order,
            *self._packed(),
            self.kept,
            self.dense,
            out,
        )
        return out

    def _packed(self) -> tuple[np.ndarray, ...]:
        """The sparse levels one after the other."""
        if self._flat is None:

            def joined(parts, dtype):
                parts = list(parts)
                return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)

            levels = [row[2] for row in self.sparse]
            contexts = np.cumsum([0, *(len(level.contexts) for level in levels)])
            entries = np.cumsum([0, *(len(level.keys) for level in levels)])
            n_tokens = self.model.family.n_tokens
            self._flat = (
                np.array([row[0] for row in self.sparse], dtype=np.int64),
                np.array([row[1] for row in self.sparse], dtype=bool),
                contexts.astype(np.int64),
                joined((level.contexts for level in levels), np.int64),
                joined((level.start + e for level, e in zip(levels, entries, strict=False)), np.int64),
                joined((level.stop + e for level, e in zip(levels, entries, strict=False)), np.int64),
                joined((row[4] for row in self.sparse), np.float64),
                joined((row[5] for row in self.sparse), np.float64),
                joined((row[5] * row[6] for row in self.sparse), np.float64),
                joined((level.keys % n_tokens for level in levels), np.int32),
                joined((row[3] for row in self.sparse), np.float64),
            )
        return self._flat
