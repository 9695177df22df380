"""Counts of contexts and continuations, at one length of context."""

from __future__ import annotations

import numpy as np


class Level:
    """Counts of one length of context, ready to be looked up."""

    def __init__(self, keys: np.ndarray, counts: np.ndarray, n_tokens: int):
        self.keys, self.counts, self.n_tokens = keys, counts, n_tokens
        contexts = keys // n_tokens
        self.start = np.flatnonzero(np.concatenate([[True], contexts[1:] != contexts[:-1]]))
        self.contexts = contexts[self.start]
        self.total = np.add.reduceat(counts, self.start)
        self.stop = np.append(self.start[1:], len(keys))
        distinct = self.stop - self.start
        self.weight = self.total / (self.total + distinct)  # Witten-Bell
        self._place: np.ndarray | None = None

    def find(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Position of each context and whether it is there."""
        if self._place is not None:
            at = self._place[contexts]
            return at, at >= 0
        at = np.minimum(np.searchsorted(self.contexts, contexts), len(self.contexts) - 1)
        return at, self.contexts[at] == contexts

    def index(self, n_contexts: int) -> None:
        """Make `find` a table look-up where there are few possible contexts."""
        if n_contexts <= 1 << 20:
            self._place = np.full(n_contexts, -1, dtype=np.int64)
            self._place[self.contexts] = np.arange(len(self.contexts))

    def mix_probability(self, contexts, tokens, lower):
        """`lower` mixed with this level's relative frequencies, one value an event."""
        at, known = self.find(contexts)
        keys = contexts * self.n_tokens + tokens
        entry = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        count = np.where(self.keys[entry] == keys, self.counts[entry], 0.0)
        weight = np.where(known, self.weight[at], 0.0)
        return weight * count / self.total[at] + (1 - weight) * lower

    def mix_rows(self, contexts, rows):
        """The same for whole distributions, shape=(n_contexts, n_tokens), in place."""
        at, known = self.find(contexts)
        index = np.flatnonzero(known)
        at = at[index]
        rows[index] *= (1 - self.weight[at])[:, None]
        width = self.stop[at] - self.start[at]
        row = np.repeat(index, width)
        first = np.repeat(np.cumsum(width) - width, width)
        entry = np.repeat(self.start[at], width) + np.arange(len(row)) - first
        share = np.repeat(self.weight[at] / self.total[at], width)
        rows[row, self.keys[entry] % self.n_tokens] += share * self.counts[entry]


def sum_by_key(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, sorted, and the sum of their values."""
    if len(keys) == 0:
        return keys, values
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(values, first)
