"""What is measured of a step: numbers by segment and origin.

Diversity is counted, at fixed length: 30 events of a song, 1,000 transitions
of a group. The generator's own probabilities are used for one quantity
alone, `heldout_cross_entropy`, so that collapse is not measured with its own
ruler. Songs enter with their first 64 events.
"""

from __future__ import annotations

import numpy as np

from musictrend.feedback.foundation import Foundation
from musictrend.feedback.recommender import gini
from musictrend.feedback.songs import score_works
from musictrend.feedback.works import GENERATOR, ORIGINS, SEGMENTS, NgramMemory, Works, hash_ngrams
from musictrend.feedback.world import World

POOLED_EVENTS = 1000
MEMORISATION_EVERY = 10

# quantity: (per song or per group, what it is)
QUANTITIES = {
    "types_rarefied": ("song", "expected distinct chords among 30 of a song"),
    "type_entropy": ("song", "Miller-Madow entropy of chords in windows of 30, bits"),
    "cardinality": ("song", "mean number of pitch classes of a chord"),
    "nontriad_share": ("song", "share of chords with four or more pitch classes"),
    "founding_surprisal": ("song", "bits a transition by a frozen bigram of the founding human corpus"),
    "tail_mass": ("group", "share of transitions that were among the rarest tenth of the founding corpus"),
    "tail_types": (
        "group",
        "distinct transitions among 1,000 that were among the rarest tenth of the founding corpus",
    ),
    "novel_mass": ("group", "share of transitions that the founding corpus does not have"),
    "transition_hill1": ("group", "exponential of the entropy of transitions, in 1,000 events"),
    "transition_hill2": ("group", "inverse Simpson concentration of transitions, in 1,000 events"),
    "transition_entropy": ("group", "entropy of a chord given the one before, in 1,000 events, bits"),
    "duplicate_rate": ("group", "share of new songs that mostly repeat earlier ones (runs of 8 chords)"),
    "longest_shared": (
        "group",
        "longest run of chords that a generated song shares with last scrape, mean over songs",
    ),
    "heldout_cross_entropy": ("group", "bits a chord of the fixed held-out human songs costs the generator"),
    "supply_share": ("group", "share of new songs"),
    "share_of_plays": ("group", "share of plays in this step, of new songs and older ones"),
    "discoverability": (
        "group",
        "plays of a new song in its first year, relative to listening per human song",
    ),
    "chart_entry": (
        "group",
        "share of new songs that reach this year's chart (as many places as a tenth of what people "
        "alone would have on the shelf)",
    ),
    "gini_plays": ("group", "Gini coefficient of this step's plays among the songs on the shelf"),
    "n_works": ("group", "new songs"),
}


def measure_transitions(works: Works, foundation: Foundation) -> dict[str, float]:
    """Diversity of the transitions of a group of songs, in a fixed number of events.

    Songs are shuffled the same way every time and their first 1,000
    transitions taken; diversity is missing where there are fewer.
    """
    works = works.take(np.random.default_rng(0).permutation(len(works)))
    before = works.previous(foundation.n_tokens).astype(np.int64)
    inside = before < foundation.n_tokens
    last, now = before[inside], works.tokens[inside].astype(np.int64)
    if len(now) == 0:
        return {}
    rarity = foundation.rarity[last, now]
    values = {"tail_mass": float(np.mean(rarity == 1)), "novel_mass": float(np.mean(rarity == 2))}
    if len(now) >= POOLED_EVENTS:
        last, now = last[:POOLED_EVENTS], now[:POOLED_EVENTS]
        kinds, counts = np.unique(last * foundation.n_tokens + now, return_counts=True)
        p = counts / POOLED_EVENTS
        q = np.unique(last, return_counts=True)[1] / POOLED_EVENTS
        joint = -float(np.sum(p * np.log2(p)))
        values |= {
            "tail_types": float((foundation.rarity.ravel()[kinds] == 1).sum()),
            "transition_hill1": 2**joint,
            "transition_hill2": float(1 / np.sum(p * p)),
            "transition_entropy": joint + float(np.sum(q * np.log2(q))),
        }
    return values


def longest_shared_run(works: Works, corpus: Works, lengths=(2, 3, 4, 6, 8, 12, 16, 24, 32)) -> np.ndarray:
    """Longest run of chords that each song shares with a corpus, among some lengths.

    Returns
    -------
    longest : int array, shape=(n_works,)
        0 where not even the shortest run is shared.

    Examples
    --------
    >>> corpus = Works.build([1, 2, 3, 4, 5, 6, 7], [0, 7])
    >>> longest_shared_run(Works.build([9, 3, 4, 5, 6, 9, 1], [0, 7]), corpus).tolist()
    [4]
    """
    longest = np.zeros(len(works), dtype=np.int64)
    for n in lengths:
        mine, song = hash_ngrams(works, n)
        whole = works.lengths[song] >= n
        mine, song = mine[whole], song[whole]
        if len(mine) == 0:
            break
        theirs = hash_ngrams(corpus, n)[0]  # runs of shorter songs are no run of n and match none
        distinct, place = np.unique(mine, return_inverse=True)
        at = np.minimum(np.searchsorted(distinct, theirs), len(distinct) - 1)
        shared = np.zeros(len(distinct), dtype=bool)
        shared[at[distinct[at] == theirs]] = True
        longest[song[shared[place]]] = n
    return longest


class Observer:
    """Measures a world after each step and remembers what it has heard.

    Parameters
    ----------
    foundation : Foundation
    scenario : Scenario
    brief : bool
        Leave out what takes long and no claim rests on (duplicates, shared runs), and the held-out songs
        except in the last three steps.
    """

    def __init__(self, foundation: Foundation, scenario, brief: bool = False):
        self.foundation, self.brief, self._late = foundation, brief, scenario.steps - 2
        self._overlap = scenario.dedup_overlap
        self._heard = None if brief else NgramMemory(scenario.dedup_run)
        self._seats = max(1, round(0.1 * scenario.human_works * scenario.shelf))

    def observe(self, world: World) -> list[tuple[str, str, str, float]]:
        """Rows (segment, origin, quantity, value) for the songs of the last step."""
        works = world.released
        rows: list[tuple[str, str, str, float]] = []
        if len(works) == 0:
            return rows
        scores = score_works(works, self.foundation)
        duplicate = None if self._heard is None else self._heard.overlap(works) >= self._overlap
        charted, new = self._chart(world)
        plays = world.recent.sum()
        for s, segment in enumerate(SEGMENTS):
            for o, origin in enumerate(ORIGINS):
                shelf = (world.shelf.segment == s) & (world.shelf.origin == o)
                mine = (works.segment == s) & (works.origin == o)
                values: dict[str, float] = {}
                if shelf.any() and world.step:  # before the first step plays are an assumption
                    values["share_of_plays"] = float(world.recent[shelf].sum() / plays)
                    values["gini_plays"] = gini(world.recent[shelf])
                if mine.any():
                    group = works.take(mine)
                    values |= {name: _mean_there(value[mine]) for name, value in scores.items()}
                    values |= measure_transitions(group, self.foundation)
                    values["n_works"] = float(len(group))
                    values["supply_share"] = len(group) / len(works)
                    if duplicate is not None:
                        values["duplicate_rate"] = float(duplicate[mine].mean())
                    if world.step:
                        values["discoverability"] = float(
                            world.recent[shelf & new].mean() / world.scenario.plays_per_work
                        )
                        values["chart_entry"] = float((charted & shelf & new).sum() / mine.sum())
                if o == GENERATOR and mine.any():
                    values |= self._examine_generator(world, works.take(mine), s)
                rows += [(segment, origin, name, value) for name, value in values.items() if value == value]
        return rows

    def _chart(self, world: World) -> tuple[np.ndarray, np.ndarray]:
        """Which songs of the shelf are on the chart, and which are new."""
        new = world.shelf.born == world.step
        charted = np.zeros(len(new), dtype=bool)
        order = np.lexsort((-np.arange(len(new)), -world.recent))  # of equals the newer first
        charted[order[: self._seats]] = True
        return charted & (world.recent > 0), new

    def _examine_generator(self, world: World, songs: Works, segment: int) -> dict[str, float]:
        """How well the generator knows people, and how much it repeats them."""
        values = {}
        heldout = self.foundation.heldout
        due = not self.brief or world.step >= self._late
        if due and heldout is not None and (heldout.segment == segment).any():
            values["heldout_cross_entropy"] = world.model.cross_entropy(heldout.take(heldout.segment == segment))
        if not self.brief and (world.step == 1 or world.step % MEMORISATION_EVERY == 0):
            sample = songs.take(np.arange(min(50, len(songs))))
            values["longest_shared"] = float(longest_shared_run(sample, world.corpus[0]).mean())
        return values


def _mean_there(values: np.ndarray) -> float:
    """Mean of what is there; NaN where nothing is."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
