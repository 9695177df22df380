"""Longer memory for the frozen reference: contexts of two and three tokens, hung below those of one.

`reference` predicts a chord from the one before it. Here the last two and three chord changes speak too: each
longer context corrects what its own shorter one (without the oldest token) predicts. A context whose every
continuation was met in fewer than three songs is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = ["LONGEST", "TOKENS", "ContextTree", "grow_tree"]

LONGEST = 3  # tokens; a fourth made held-out songs no more predictable
TOKENS = 13 * 4096  # numbers that a token can be


@dataclass(frozen=True, eq=False)
class ContextTree:
    """Contexts longer than one token.

    Contexts are numbered: 0 to c - 1 are the grammar's contexts of one token, c stands for an unknown one,
    and c + 1 + i is row i here.

    Attributes
    ----------
    parent : int32 array, shape (m,)
        Number of the context without its oldest token; rows are sorted by it and by ``oldest``.
    oldest : int32 array, shape (m,)
        That token.
    total, distinct : float64 array, shape (m,)
        Weighted count and number of continuations, pruned ones too.
    pair_context, pair_token : int32 array, shape (e,)
        Continuations met in enough songs, as rows of this tree and of the grammar's tokens.
    pair_weight : float64 array, shape (e,)
    """

    parent: np.ndarray
    oldest: np.ndarray
    total: np.ndarray
    distinct: np.ndarray
    pair_context: np.ndarray
    pair_token: np.ndarray
    pair_weight: np.ndarray

    @classmethod
    def empty(cls) -> ContextTree:
        """A tree without contexts: the grammar's own are all there is."""
        none, number = np.zeros(0, dtype=np.int32), np.zeros(0)
        return cls(none, none, number, number, none, none, number)

    def __len__(self) -> int:
        return len(self.parent)

    def extend(self, probability: np.ndarray) -> np.ndarray:
        """P(token | context) of every context: the grammar's rows, then this tree's; shape (c + 1 + m, v + 1).

        PPM's escape method C, interpolated: (count + (pruned + distinct) P(token | parent)) / (total + distinct).
        """
        start, m = len(probability), len(self)
        table = np.concatenate([probability, np.zeros((m, probability.shape[1]))])
        kept = np.bincount(self.pair_context, weights=self.pair_weight, minlength=m)
        size = self.total + self.distinct
        backoff = (self.total - kept + self.distinct) / size
        done = 0
        while done < m:  # one length of context at a time: parents stand before
            stop = int(np.searchsorted(self.parent, start + done))
            table[start + done : start + stop] = backoff[done:stop, None] * table[self.parent[done:stop]]
            pairs = slice(*np.searchsorted(self.pair_context, [done, stop]))
            of = self.pair_context[pairs]
            table[start + of, self.pair_token[pairs]] += self.pair_weight[pairs] / size[of]
            done = stop
        return table

    def find(
        self, first: np.ndarray, n_contexts: int, key: np.ndarray, joined: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Number of the longest known context before each target: int64 array, shape (t,).

        Parameters
        ----------
        first : int array, shape (t,)
            Number of each target's context of one token.
        n_contexts : int
            Contexts of one token, c.
        key, joined : arrays, shape (m,)
            Tokens of all events, and whether each follows its neighbour.
        target : int64 array, shape (t,)
            Events that are predicted.
        """
        node = first.astype(np.int64)
        stored = self.parent.astype(np.int64) * TOKENS + self.oldest
        alive = np.flatnonzero(node < n_contexts) if len(self) else np.zeros(0, dtype=np.int64)
        for back in range(2, LONGEST + 1):
            alive = alive[joined[target[alive] - back + 1]]
            wanted = node[alive] * TOKENS + key[target[alive] - back]
            place = np.minimum(np.searchsorted(stored, wanted), max(len(stored) - 1, 0))
            known = stored[place] == wanted
            alive = alive[known]
            node[alive] = place[known] + n_contexts + 1
        return node


def grow_tree(
    events: EventTable,
    key: np.ndarray,
    mass: np.ndarray,
    first: np.ndarray,
    n_contexts: int,
    token: np.ndarray,
    min_songs: int,
    longest: int = LONGEST,
) -> ContextTree:
    """Count what follows contexts of two to ``longest`` tokens.

    Parameters
    ----------
    events : EventTable
    key : int64 array, shape (m,)
        Token of each event.
    mass : float64 array, shape (t,)
        Weight of each transition.
    first : int array, shape (t,)
        Number of its context of one token; ``n_contexts`` where that is not kept.
    n_contexts : int
    token : int64 array, sorted
        The grammar's tokens.
    min_songs, longest : int

    Returns
    -------
    tree : ContextTree
    """
    target = np.flatnonzero(events.joined)
    track = events.track[target]
    node = first.astype(np.int64)
    alive = np.flatnonzero(node < n_contexts)
    parts: list[list[np.ndarray]] = []
    grown = 0
    for back in range(2, longest + 1):
        alive = alive[events.joined[target[alive] - back + 1]]
        contexts, place = np.unique(node[alive] * TOKENS + key[target[alive] - back], return_inverse=True)
        pairs, which = np.unique(place * TOKENS + key[target[alive]], return_inverse=True)
        count = np.bincount(which, mass[alive], len(pairs))
        met = np.unique(which * np.int64(events.n_tracks) + track[alive]) // max(events.n_tracks, 1)
        of, then = np.divmod(pairs, TOKENS)
        total = np.bincount(of, count, len(contexts))
        distinct = np.bincount(of, minlength=len(contexts)).astype(np.float64)
        kept = (np.bincount(met, minlength=len(pairs)) >= min_songs) & np.isin(then, token)
        used = np.zeros(len(contexts), dtype=bool)
        used[of[kept]] = True
        number = grown + np.cumsum(used) - 1  # row of the tree
        parts.append([
            contexts[used] // TOKENS, contexts[used] % TOKENS, total[used], distinct[used],
            number[of[kept]], np.searchsorted(token, then[kept]), count[kept],
        ])  # fmt: skip
        alive, place = alive[used[place]], place[used[place]]
        node[alive] = number[place] + n_contexts + 1
        grown += int(used.sum())
    if not parts:
        return ContextTree.empty()
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    types = (np.int32, np.int32, np.float64, np.float64, np.int32, np.int32, np.float64)
    return ContextTree(*(column.astype(kind) for column, kind in zip(columns, types, strict=True)))
