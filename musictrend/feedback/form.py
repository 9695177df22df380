"""The form of a song: how long it is, and how much of it is its own repetition.

Pop songs go round in loops. An n-gram grammar alone wanders, and its songs
would seem richer than any real one. So a song is written to a plan: at each
event it repeats, with the song's own probability, what was heard one period
earlier, and otherwise asks the grammar. How much it repeats is scaled, style
by style, until songs of the founding style have as many distinct chords as
the founding songs. Plans are drawn from those of the founding songs and do
not evolve (a simplification: no trend of the simulation can come from the
form).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from musictrend.feedback.works import Works

LONGEST_PERIOD = 16


@dataclass
class Plan:
    """What is settled about songs before their chords are written.

    Attributes
    ----------
    group : int array, shape=(n_works,)
    length : int array, events
    period : int array, events; 0 where nothing repeats
    repeat : float array in [0, 1]
        Probability that an event repeats the one a period earlier.
    """

    group: np.ndarray
    length: np.ndarray
    period: np.ndarray
    repeat: np.ndarray

    @classmethod
    def of_single_tokens(cls, n: int) -> Plan:
        """`n` songs of one event each."""
        zeros = np.zeros(n, dtype=np.int32)
        return cls(zeros, np.ones(n, dtype=np.int32), zeros, np.zeros(n))

    def __len__(self) -> int:
        return len(self.group)


class Form:
    """The plans of the founding songs, to be drawn from.

    Parameters
    ----------
    works : Works
    max_events : int
        Songs are planned no longer than this.
    """

    def __init__(self, works: Works, max_events: int = 64):
        self.plan = Plan(
            np.asarray(works.group),
            np.minimum(works.lengths, max_events).astype(np.int32),
            *measure_repetition(works),
        )
        order = np.argsort(self.plan.group, kind="stable")
        self._order = order
        self._bounds = np.searchsorted(self.plan.group[order], np.arange(self.plan.group.max(initial=0) + 2))

    def draw(self, groups: np.ndarray, rng: np.random.Generator) -> Plan:
        """A plan for each entry of `groups`, drawn from the founding songs of that group."""
        groups = np.asarray(groups)
        low, high = self._bounds[groups], self._bounds[groups + 1]
        pick = self._order[np.minimum(low + (rng.random(len(groups)) * (high - low)).astype(np.int64), high - 1)]
        return Plan(groups, self.plan.length[pick], self.plan.period[pick], self.plan.repeat[pick])

    def calibrate(self, model, count_types: Callable[[Works], np.ndarray], target: np.ndarray, n: int = 100) -> None:
        """Scale how much songs repeat, group by group, until a grammar writes songs as varied as real ones.

        A rate r becomes ``1 - (1 - r) * c``, with c between 0 and 2 found by
        bisection on songs written with fixed random numbers.

        Parameters
        ----------
        model : NgramModel
        count_types : callable(Works) -> array, shape=(n_works,)
            Variety of a song; NaN where it has none.
        target : array, shape=(n_groups,)
            Mean variety of the founding songs; NaN leaves a group as it is.
        n : int
            Songs written for each group.
        """
        groups = np.repeat(np.flatnonzero(~np.isnan(target)), n)
        if len(groups) == 0:
            return
        plan = self.draw(groups, np.random.default_rng(1))
        loose, raw = 1 - plan.repeat, np.zeros(len(target))
        low, high = np.zeros(len(target)), np.full(len(target), 2.0)
        for _ in range(8):
            raw = (low + high) / 2
            plan.repeat = np.clip(1 - loose * raw[groups], 0.0, 1.0)
            tokens = model.sample(plan, np.random.default_rng(2))
            variety = count_types(Works.build(tokens, np.concatenate([[0], np.cumsum(plan.length)])))
            there = ~np.isnan(variety)
            total = np.bincount(groups[there], weights=variety[there], minlength=len(target))
            mean = total / np.maximum(np.bincount(groups[there], minlength=len(target)), 1)
            rich = mean > target
            high, low = np.where(rich, raw, high), np.where(rich, low, raw)
        scale = np.where(np.isnan(target), 1.0, raw)
        self.plan.repeat = np.clip(1 - (1 - self.plan.repeat) * scale[self.plan.group], 0.0, 1.0)


def measure_repetition(works: Works) -> tuple[np.ndarray, np.ndarray]:
    """Period and repeat rate of each song.

    The period is the lag (2 to 16 events) at which most events equal the one
    before them by that lag; the rate is that share beyond what chance gives,
    ``(match - chance) / (1 - chance)`` with chance the sum of squared chord
    shares of the song.

    Returns
    -------
    period : int array, shape=(n_works,)
        0 where no lag beats chance.
    repeat : float array in [0, 1], shape=(n_works,)

    Examples
    --------
    >>> works = Works.build([0, 1, 2, 3] * 8, [0, 32])
    >>> period, repeat = measure_repetition(works)
    >>> int(period[0]), float(repeat[0])
    (4, 1.0)
    """
    n = len(works)
    lengths = works.lengths
    song = works.song_of_event()
    place = np.arange(len(song)) - works.offsets[:-1][song]
    width = int(works.tokens.max(initial=0)) + 1
    _, counts_of = np.unique(song * width + works.tokens, return_counts=True)
    keys = np.unique(song * width + works.tokens)
    chance = np.bincount(keys // width, weights=counts_of.astype(float) ** 2, minlength=n)
    chance = chance / np.maximum(lengths, 1) ** 2
    best, period = np.zeros(n), np.zeros(n, dtype=np.int32)
    for lag in range(2, LONGEST_PERIOD + 1):
        equal = (works.tokens[lag:] == works.tokens[:-lag]) & (place[lag:] >= lag)
        room = lengths >= 2 * lag
        match = np.bincount(song[lag:], weights=equal, minlength=n) / np.maximum(lengths - lag, 1)
        better = room & (match > best + 1e-12)
        best, period = np.where(better, match, best), np.where(better, lag, period)
    repeat = np.clip((best - chance) / np.maximum(1 - chance, 1e-12), 0.0, 1.0)
    return np.where(repeat > 0, period, 0).astype(np.int32), repeat
