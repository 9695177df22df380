"""The frozen reference that surprisal is measured against: which chord usually follows which.

A *token* is the root interval from the chord before and the quality after reduction (the bass is left out);
the model predicts a token from the one before it, mixing bigrams, unigrams and the uniform distribution by
Witten and Bell's rule; its long memory (`context_tree`) adds contexts of two and three tokens. Counts are
weighted so that every genre and era of the sample weighs the same, and an n-gram met in fewer than three songs
gives its mass to the coarser level: nothing of a single song can be read from the file.

The model is frozen: surprisal of a song never depends on the corpus it came with. Songs that the model was
made from are a little less surprising to it than they would be otherwise. What it was made of is told by
``reference_model().make_up``.

References
----------
.. [1] Witten, Bell (1991). The zero-frequency problem. IEEE Trans. Inf. Theory 37:1085. (method C,
interpolated)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.complexity.context_tree import TOKENS, ContextTree, grow_tree
from musictrend.errors import ParameterError
from musictrend.harmony.reduction import VOCABULARIES, reduce_bitmap

if TYPE_CHECKING:
    from musictrend.harmony.table import EventTable

__all__ = [
    "ChordGrammar",
    "ReferenceModel",
    "build_grammar",
    "count_alphabet",
    "reference_model",
    "token_keys",
]

START = 12  # stands for the interval of an event without a neighbour before it
MIN_SONGS = 3
MODEL_FILE = "reference_chords.npz"


@cache
def count_alphabet(vocabulary: str) -> int:
    """Tokens that a vocabulary can make: 12 intervals times its qualities.

    Examples
    --------
    >>> count_alphabet("root"), count_alphabet("majmin"), count_alphabet("sevenths")
    (12, 24, 168)
    """
    reduced = np.unique(reduce_bitmap(np.arange(4096), vocabulary))
    return 12 * int((reduced > 0).sum())


def token_keys(events: EventTable) -> np.ndarray:
    """Token of each event as one number, interval x 4096 + quality: int64 array, shape (m,)."""
    root = events.root.astype(np.int64)
    interval = np.full(len(root), START, dtype=np.int64)
    target = np.flatnonzero(events.joined)
    interval[target] = (root[target] - root[target - 1]) % 12
    return interval * 4096 + events.bitmap


@dataclass(frozen=True, eq=False)
class ChordGrammar:
    """Interpolated bigram model of tokens at one vocabulary.

    Attributes
    ----------
    vocabulary : str
    token : int64 array, shape (v,), sorted
        Tokens met in at least three songs.
    weight : float64 array, shape (v,)
        Weighted count of each.
    total, distinct : float
        Weighted count and number of all tokens, pruned ones too.
    context : int64 array, shape (c,), sorted
    context_total, context_distinct : float64 array, shape (c,)
        Weighted count and number of continuations of each context, pruned ones too.
    pair_context, pair_token : int32 array, shape (e,)
        Bigrams met in at least three songs, as rows of ``context`` and ``token``.
    pair_weight : float64 array, shape (e,)
    tree : ContextTree
        Contexts of two and three tokens; empty where none were counted.
    """

    vocabulary: str
    token: np.ndarray
    weight: np.ndarray
    total: float
    distinct: float
    context: np.ndarray
    context_total: np.ndarray
    context_distinct: np.ndarray
    pair_context: np.ndarray
    pair_token: np.ndarray
    pair_weight: np.ndarray
    tree: ContextTree = field(default_factory=ContextTree.empty)

    @cached_property
    def probability(self) -> np.ndarray:
        """P(token | context): float64 array, shape (c + 1, v + 1); the last row and column stand for unknown
        ones.

        A row sums to 1 over the whole alphabet when its last column is taken once for each token not listed.
        """
        uniform = 1 / count_alphabet(self.vocabulary)
        spare = self.total - self.weight.sum() + self.distinct
        alone = (np.append(self.weight, 0.0) + spare * uniform) / (self.total + self.distinct)  # (v + 1,)
        kept = np.bincount(self.pair_context, weights=self.pair_weight, minlength=len(self.context))
        size = self.context_total + self.context_distinct
        backoff = np.append((self.context_total - kept + self.context_distinct) / size, 1.0)  # (c + 1,)
        table = backoff[:, None] * alone
        table[self.pair_context, self.pair_token] += self.pair_weight / size[self.pair_context]
        return table

    @cached_property
    def bits(self) -> np.ndarray:
        """Information content -log2 P: float64 array, shape (c + 1, v + 1)."""
        return -np.log2(self.probability)

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Row of each possible context and column of each possible token: (13 * 4096,) int32 each."""
        rows = np.full(TOKENS, len(self.context), dtype=np.int32)
        rows[self.context] = np.arange(len(self.context))
        columns = np.full(TOKENS, len(self.token), dtype=np.int32)
        columns[self.token] = np.arange(len(self.token))
        return rows, columns

    def measure_bits(self, context: np.ndarray, token: np.ndarray) -> np.ndarray:
        """Bits of surprise of each token after its context (`token_keys`): float64 array, same shape."""
        rows, columns = self._rows
        return self.bits[rows[context], columns[token]]

    @property
    def columns(self) -> np.ndarray:
        """Column of each possible token in the tables: int32 array; the last stands for tokens not listed."""
        return self._rows[1]

    @cached_property
    def long_shares(self) -> np.ndarray:
        """Logarithm of P(token | context) with the long memory: float64 array, shape (c + 1 + m, v + 1)."""
        return np.log(self.tree.extend(self.probability))

    @cached_property
    def long_entropy(self) -> np.ndarray:
        """Entropy of each context's prediction with the long memory: float64 array, shape (c + 1 + m,), bits."""
        bits = -self.long_shares / np.log(2)
        expected = np.exp(self.long_shares) * bits
        return expected[:, :-1].sum(axis=1) + (count_alphabet(self.vocabulary) - len(self.token)) * expected[:, -1]

    @cached_property
    def type_surprise(self) -> np.ndarray:
        """-ln of the share of each chord type, whatever its root: float64 array, shape (4096,) by bitmap.

        Types not listed get an equal part of what pruned tokens weigh, at least one song's.
        """
        listed = np.bincount(self.token % 4096, weights=self.weight, minlength=4096)
        unlisted = max(count_alphabet(self.vocabulary) // 12 - int((listed > 0).sum()), 1)
        spare = max(self.total - self.weight.sum(), 1.0)
        mass = np.where(listed > 0, listed, spare / unlisted)
        return -np.log(mass / (listed.sum() + spare))

    def find_contexts(self, events: EventTable) -> np.ndarray:
        """Row of ``long_shares`` that predicts each joined event: int64 array, shape (m,); the unknown one where
        not joined.
        """
        key = token_keys(events)
        target = np.flatnonzero(events.joined)
        found = np.full(len(key), len(self.context), dtype=np.int64)
        first = self._rows[0][key[target - 1]]
        found[target] = self.tree.find(first, len(self.context), key, events.joined, target)
        return found


@dataclass(frozen=True, eq=False)
class ReferenceModel:
    """One grammar for each vocabulary, and what they were made of.

    Attributes
    ----------
    grammars : mapping of str to ChordGrammar
    make_up : dict
        Corpora with their licences, tracks for each genre and era, date.
    """

    grammars: Mapping[str, ChordGrammar]
    make_up: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, vocabulary: str) -> ChordGrammar:
        if vocabulary not in self.grammars:
            known = ", ".join(map(repr, self.grammars)) or "none"
            raise ParameterError(f"vocabulary={vocabulary!r} is not in this reference model, which has {known}")
        return self.grammars[vocabulary]

    def write(self, path: str | Path) -> None:
        """Write the counts to an ``.npz`` and the make-up to a ``.json`` beside it."""
        from musictrend.cache import atomic_path

        path = Path(path)
        arrays = {}
        for vocabulary, grammar in self.grammars.items():
            for name in _ARRAYS:
                arrays[f"{vocabulary}.{name}"] = np.asarray(getattr(grammar, name)).astype(_STORED[name])
            for name, kind in _TREE.items():
                arrays[f"{vocabulary}.tree.{name}"] = np.asarray(getattr(grammar.tree, name)).astype(kind)
        with atomic_path(path) as part, open(part, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        with atomic_path(path.with_suffix(".json")) as part:
            text = json.dumps(self.make_up, indent=1, ensure_ascii=False, sort_keys=True)
            part.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> ReferenceModel:
        """Read a model that `write` wrote; pickled objects are refused."""
        path = Path(path)
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        beside = path.with_suffix(".json")
        make_up = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        grammars = {}
        for vocabulary in VOCABULARIES:
            if f"{vocabulary}.token" in arrays:
                parts: dict[str, Any] = {name: _widen(arrays[f"{vocabulary}.{name}"]) for name in _ARRAYS}
                parts |= {name: float(parts[name]) for name in ("total", "distinct")}
                for name in ("token", "context"):
                    parts[name] = parts[name].astype(np.int64)
                tree = [_widen(arrays[f"{vocabulary}.tree.{name}"]) for name in _TREE]
                grammars[vocabulary] = ChordGrammar(vocabulary, **parts, tree=ContextTree(*tree))
        return cls(grammars, make_up)


_STORED = {
    "token": np.int32, "weight": np.float32, "total": np.float32, "distinct": np.float32,
    "context": np.int32, "context_total": np.float32, "context_distinct": np.float32,
    "pair_context": np.int32, "pair_token": np.int32, "pair_weight": np.float32,
}  # fmt: skip
_ARRAYS = tuple(_STORED)
_TREE = {
    "parent": np.int32, "oldest": np.int32, "total": np.float32, "distinct": np.float32,
    "pair_context": np.int32, "pair_token": np.int32, "pair_weight": np.float32,
}  # fmt: skip


def _widen(array: np.ndarray) -> np.ndarray:
    """Stored single precision as double."""
    return array.astype(np.float64) if array.dtype == np.float32 else array


def build_grammar(
    events: EventTable, track_weight: np.ndarray | None = None, min_songs: int = MIN_SONGS, longest: int = 1
) -> ChordGrammar:
    """Count which token follows which.

    Parameters
    ----------
    events : EventTable, n tracks
    track_weight : float array, shape (n,), optional
        Weight of each of a track's events; scaled so that the sum over all transitions is their number.
    min_songs : int
        An n-gram met in fewer tracks is left to the coarser level.
    longest : int
        Longest context in tokens, 1 to 3.

    Returns
    -------
    grammar : ChordGrammar

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> loop = ChordSequence.from_labels(["C", "G"] * 9).to_table().events("root")
    >>> grammar = build_grammar(loop, min_songs=1)
    >>> grammar.probability.shape                 # after a start, a fifth up, a fifth down, or unknown
    (4, 3)
    """
    key = token_keys(events)
    target = np.flatnonzero(events.joined)
    track = events.track[target]
    weight = np.ones(events.n_tracks) if track_weight is None else np.asarray(track_weight, dtype=np.float64)
    if weight.shape != (events.n_tracks,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ParameterError(f"track_weight must be {events.n_tracks} numbers of 0 or more, one a track")
    mass = weight[track]
    mass = mass * (len(mass) / mass.sum()) if mass.sum() > 0 else mass

    def group(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distinct keys, their weighted counts, and the number of tracks each was met in."""
        distinct, place = np.unique(keys, return_inverse=True)
        met = np.unique(place * np.int64(max(events.n_tracks, 1)) + track) // max(events.n_tracks, 1)
        return distinct, np.bincount(place, mass, len(distinct)), np.bincount(met, minlength=len(distinct))

    token, count, songs = group(key[target])
    kept = songs >= min_songs
    pairs, pair_count, pair_songs = group(key[target - 1] * TOKENS + key[target])
    context, place = np.unique(pairs // TOKENS, return_inverse=True)
    context_total = np.bincount(place, pair_count, len(context))
    context_distinct = np.bincount(place, minlength=len(context)).astype(np.float64)
    pair_kept = (pair_songs >= min_songs) & np.isin(pairs % TOKENS, token[kept])
    used = np.zeros(len(context), dtype=bool)
    used[place[pair_kept]] = True  # a context none of whose continuations is kept says nothing
    renumber = np.cumsum(used) - 1
    tree = ContextTree.empty()
    if longest > 1:
        rows = np.full(TOKENS, used.sum(), dtype=np.int64)
        rows[context[used]] = np.arange(used.sum())
        first = rows[key[target - 1]]
        tree = grow_tree(events, key, mass, first, int(used.sum()), token[kept], min_songs, longest)
    return ChordGrammar(
        events.vocabulary,
        token[kept],
        count[kept],
        float(count.sum()),
        float(len(token)),
        context[used],
        context_total[used],
        context_distinct[used],
        renumber[place[pair_kept]].astype(np.int32),
        np.searchsorted(token[kept], pairs[pair_kept] % TOKENS).astype(np.int32),
        pair_count[pair_kept],
        tree,
    )


@cache
def reference_model() -> ReferenceModel:
    """The reference model that ships with musictrend.

    Examples
    --------
    >>> sorted(reference_model().grammars)
    ['full', 'majmin', 'root', 'sevenths', 'triads']
    """
    with resources.as_file(resources.files("musictrend.data") / "models" / MODEL_FILE) as path:
        if not path.is_file():
            raise ParameterError(
                f"the reference model data/models/{MODEL_FILE} is not installed: reinstall musictrend, "
                "or build it with tools/build_reference.py"
            )
        return ReferenceModel.read(path)
