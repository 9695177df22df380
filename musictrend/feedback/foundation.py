"""What people had written before the first step: the yardstick of a simulation.

Everything that is measured "against the human corpus" is measured against
this one and stays fixed: the style that artists fall back on, the surprisal
table, which transitions were rare, and the songs held out to test the
generator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from musictrend.feedback.form import Form, Plan
from musictrend.feedback.ngrams import NgramFamily
from musictrend.feedback.songs import mean_surprisal, rarefy_types
from musictrend.feedback.works import SEGMENTS, Works

RARE_MASS = 0.1


@dataclass
class Foundation:
    """Founding songs and all that is derived from them.

    Use `found` for a corpus; the limiting cases fill in only what they need.

    Attributes
    ----------
    works : Works
        What the first generator learns from and the first chart is made of.
    n_tokens : int
    group_share : float array, shape=(n_groups,)
        Share of each style in what people write.
    group_segment : int8 array, shape=(n_groups,)
    source : model, optional
        Founding style; ``sample(plan, rng)``.
    form : Form, optional
        Without one every song is a single event.
    novel : callable(tokens, rng) -> tokens
        What a mutation puts in place of a chord.
    surprise : array, shape=(n_tokens + 1, n_tokens), optional
        Bits of each transition in a frozen bigram of the founding corpus;
        the last row stands for the beginning of a song.
    typical : float array, shape=(2, 2)
        Mean and standard deviation over founding songs of mean surprisal, by segment.
    rarity : int8 array, same shape as surprise, optional
        0 common; 1 rare (the rarest transitions that make up a tenth of all); 2 never seen.
    heldout : Works, optional
        Human songs, by artists that no generator ever learns from.
    bitmaps : int array, shape=(n_tokens,), optional
        Root-relative pitch classes of each token, bit k for k semitones.
    years_heard : float
        Plays of a founding song before the first step, in years of average plays.
    """

    works: Works
    n_tokens: int
    group_share: np.ndarray = field(default_factory=lambda: np.ones(1))
    group_segment: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=np.int8))
    source: Any = None
    form: Any = None
    novel: Any = None
    surprise: Any = None
    typical: np.ndarray = field(default_factory=lambda: np.array([[0.0, 1.0], [0.0, 1.0]]))
    rarity: Any = None
    heldout: Works | None = None
    bitmaps: np.ndarray | None = None
    years_heard: float = 1.0

    @classmethod
    def found(
        cls,
        works: Works,
        heldout: Works | None,
        n_tokens: int,
        bitmaps: np.ndarray | None = None,
        *,
        order: int = 3,
        max_events: int = 64,
    ) -> Foundation:
        """Derive everything from founding songs.

        Parameters
        ----------
        works, heldout : Works
            Group codes without gaps; a group lies in one segment.
        n_tokens : int
            Tokens are ``quality * 12 + root``.
        bitmaps : int array, shape=(n_tokens,), optional
        """
        n_groups = int(works.group.max()) + 1
        n_in_group = np.bincount(works.group, minlength=n_groups)
        segment = np.zeros(n_groups, dtype=np.int8)
        segment[works.group] = works.segment
        scorer = NgramFamily(n_tokens, n_groups=1, order=2)
        pooled = Works.build(works.tokens, works.offsets)
        surprise = -np.log2(np.maximum(scorer.fit(pooled).distributions(np.arange(n_tokens + 1)), 1e-12))
        transitions = np.bincount(
            works.previous(n_tokens).astype(np.int64) * n_tokens + works.tokens,
            minlength=(n_tokens + 1) * n_tokens,
        )
        mean = mean_surprisal(works, surprise)
        source, form = NgramFamily(n_tokens, n_groups, order).fit(works), Form(works, max_events)
        form.calibrate(source, rarefy_types, _mean_by_group(rarefy_types(works), works.group, n_groups))
        return cls(
            works=works,
            n_tokens=n_tokens,
            group_share=n_in_group / n_in_group.sum(),
            group_segment=segment,
            source=source,
            form=form,
            novel=partial(_novel_chord, np.cumsum(np.sqrt(np.bincount(works.tokens, minlength=n_tokens)))),
            surprise=surprise,
            typical=_describe_segments(mean, works.segment),
            rarity=_rate_rarity(transitions).reshape(surprise.shape),
            heldout=heldout,
            bitmaps=bitmaps,
        )

    @property
    def n_groups(self) -> int:
        """Number of styles."""
        return len(self.group_share)

    def plan(self, groups: np.ndarray, rng: np.random.Generator) -> Plan:
        """Plans for new songs in these styles."""
        if self.form is None:
            plan = Plan.of_single_tokens(len(groups))
            plan.group = np.asarray(groups)
            return plan
        return self.form.draw(groups, rng)

    def share_out(self, n: int, segment: int | None, rng: np.random.Generator) -> np.ndarray:
        """Styles of `n` new songs, in proportion to the founding corpus."""
        share = self.group_share
        if len(share) == 1:
            return np.zeros(n if segment in (None, self.group_segment[0]) else 0, dtype=np.int32)
        if segment is not None:
            share = np.where(self.group_segment == segment, share, 0.0)
        total = np.cumsum(share)
        if n == 0 or total[-1] == 0:
            return np.zeros(0, dtype=np.int32)
        at = (np.arange(n) + rng.random()) / n * total[-1]  # stratified: no noise in the mix
        return np.searchsorted(total, at, side="right").clip(0, len(share) - 1).astype(np.int32)

    def judge_quality(self, works: Works) -> np.ndarray:
        """Taste: inverted U over mean surprisal (Gold et al. 2019), 1 at a typical song of the segment."""
        mean, sd = self.typical[works.segment].T
        return np.exp(-0.5 * ((mean_surprisal(works, self.surprise) - mean) / sd) ** 2)


def _describe_segments(values: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Mean and standard deviation by segment; those of all songs for a segment without songs."""
    rows = []
    for s in range(len(SEGMENTS)):
        mine = values[segment == s] if (segment == s).any() else values
        rows.append((mine.mean(), max(mine.std(), 1e-6)))
    return np.array(rows)


def _mean_by_group(values: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Mean of what is there in each group; NaN where nothing is."""
    there = ~np.isnan(values)
    n = np.bincount(group[there], minlength=n_groups)
    return np.where(
        n > 0, np.bincount(group[there], weights=values[there], minlength=n_groups) / np.maximum(n, 1), np.nan
    )


def _rate_rarity(transitions: np.ndarray) -> np.ndarray:
    """2 for what never occurs, 1 for the rarest that together make up a tenth, 0 otherwise."""
    order = np.argsort(transitions, kind="stable")
    reached = np.cumsum(transitions[order])
    rarity = np.zeros(len(transitions), dtype=np.int8)
    rarity[order[reached <= RARE_MASS * reached[-1]]] = 1
    rarity[transitions == 0] = 2
    return rarity


def _novel_chord(palette: np.ndarray, old: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another chord (half of the time), or the same kind of chord on another root.

    Drawn from the square root of founding frequencies, so that rare chords
    come up more often than they used to.
    """
    drawn = np.searchsorted(palette, rng.random(len(old)) * palette[-1], side="right")
    moved = old // 12 * 12 + drawn % 12
    return np.where(rng.random(len(old)) < 0.5, drawn, moved).astype(old.dtype)
