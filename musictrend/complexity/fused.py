"""Measures of many tracks in one pass over their chords, without an event table.

What the registry's functions say stays the definition: numbers that belong to one chord (its size, its
roughness) are asked of them once for every distinct chord, and `tests/complexity/test_scale.py` holds every
measure named here against its own function. `score_table` scores through this what it can and through the
functions what it cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musictrend.complexity.measure import Measure, evaluate, get_measure
from musictrend.complexity.reference import ReferenceModel, reference_model
from musictrend.harmony.events import number_events
from musictrend.harmony.key import SCALES
from musictrend.harmony.table import ChordTable, LabelTable, is_repeated

__all__ = ["FUSED", "ChordTypes"]

# Means over a track's events of a number that belongs to the event.
EVENT_MEANS = (
    "cardinality", "nontriad_share", "extended_share", "dominant_seventh_share", "minor_seventh_share", "sus_share",
    "roughness", "harmonicity", "tiv_dissonance",
)  # fmt: skip
PASSES = (("types_rarefied",), ("type_entropy", "lz76"), ("surprisal",), ("fifths_spread",), ("chromatic_share",))
FUSED = frozenset(EVENT_MEANS).union(*PASSES)
MAX_QUALITIES = 300  # more make the table of surprises too large; then the measure's own function is taken


class ChordTypes:
    """The distinct events of a corpus at a vocabulary, with every number that belongs to one of them.

    Parameters
    ----------
    labels : LabelTable
    vocabulary : str
    measures : sequence of Measure
        Those wanted; the ones not in ``FUSED`` are left alone.
    window : int
    reference : ReferenceModel, optional
    longest : int
        Chords of the longest track.
    """

    def __init__(
        self,
        labels: LabelTable,
        vocabulary: str,
        measures: Sequence[Measure],
        window: int,
        reference: ReferenceModel | None,
        longest: int,
    ) -> None:
        self.window = window
        self.code_of_label = number_events(labels, vocabulary)
        n_codes = int(self.code_of_label.max(initial=-1)) + 1
        kept, first = np.unique(self.code_of_label, return_index=True)
        one_each = ChordTable.from_codes([""] * n_codes, np.arange(n_codes + 1), labels, first[kept >= 0])
        events = one_each.events(vocabulary)  # every distinct event once, a track of its own
        self.root = events.root.astype(np.int64)
        qualities, self.quality = np.unique(events.bitmap, return_inverse=True)
        self.n_qualities = len(qualities)
        names = {m.name for m in measures}
        if self.n_qualities > MAX_QUALITIES:
            names.discard("surprisal")
        self.means = [name for name in EVENT_MEANS if name in names]
        self.names = [name for name in (*self.means, *(n for group in PASSES for n in group)) if name in names]
        self.wanted = np.array([bool(names & set(group)) for group in PASSES])
        worth = [evaluate(get_measure(name), events, {"window": window}) for name in self.means]
        self.worth = np.ascontiguousarray(np.array(worth).reshape(len(worth), n_codes).T)
        member = (events.chroma.astype(np.int64)[:, None] >> np.arange(12)) & 1
        angle = 2 * np.pi * ((np.arange(12) * 7) % 12) / 12  # pitch class p is step 7p of the circle of fifths
        self.notes = member.sum(axis=1).astype(np.float64)
        self.x, self.y = member @ np.cos(angle), member @ np.sin(angle)
        self.outside = np.zeros((2, 12, n_codes), dtype=np.int8)
        for row, mode in enumerate(("major", "minor")):
            for tonic in range(12):
                scale = np.zeros(12, dtype=bool)
                scale[[(tonic + step) % 12 for step in SCALES[mode]]] = True
                self.outside[row, tonic] = member[:, ~scale].sum(axis=1)
        self.bits = np.zeros((1, 1))
        if self.wanted[2]:
            grammar = (reference or reference_model())[vocabulary]
            token = (np.arange(13)[:, None] * 4096 + qualities.astype(np.int64)).ravel()
            self.bits = grammar.measure_bits(token[:, None], token[None, : 12 * self.n_qualities])
        self.log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, max(longest, 1) + 1)))])
        share = np.arange(1, window + 1) / window
        self.share_bits = np.concatenate([[0.0], -share * np.log2(share)])

    def score(self, chords: ChordTable) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Number of events and scores of every track.

        Returns
        -------
        n_events : int64 array, shape (n,)
        values : dict of measure to float64 array, shape (n,)
        """
        from musictrend.complexity import fused_kernels

        n = chords.n_tracks
        n_events = np.zeros(n, dtype=np.int64)
        means = np.empty((len(self.means), n))
        found = {name: np.empty(n) for group in PASSES for name in group}
        key_tonic, step = _column(chords.key_tonic)
        key_mode, mode_step = _column(chords.key_mode)
        if step != mode_step:
            key_tonic, key_mode, step = _writable(chords.key_tonic), _writable(chords.key_mode), 1
        duration, duration_step = _column(chords.duration)
        fused_kernels.score_rows(
            _writable(chords.label), chords.offsets, self.code_of_label, self.root, self.quality, self.n_qualities,
            self.worth, self.notes, self.x, self.y, self.bits, self.outside, key_tonic, key_mode, step,
            duration, duration_step, self.window, self.log_factorial, self.share_bits, self.wanted, n_events, means,
            found["types_rarefied"], found["type_entropy"], found["lz76"], found["surprisal"],
            found["fifths_spread"], found["chromatic_share"],
        )  # fmt: skip
        found |= dict(zip(self.means, means, strict=True))
        return n_events, {name: found[name] for name in self.names}


def _column(column: np.ndarray) -> tuple[np.ndarray, int]:
    """A column as it lies in memory, and the step from row to row: 0 where one value stands for all."""
    return (np.array(column[:1]), 0) if is_repeated(column) else (_writable(column), 1)


def _writable(column: np.ndarray) -> Any:
    """The column itself, or a copy where it may only be read: a kernel is compiled for one kind of array."""
    return np.require(column, requirements=["C", "W"])
