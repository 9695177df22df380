"""Pieces of music as the feedback world sees them: rows of tokens with an origin.

A `Works` is a ragged table. Song i is ``tokens[offsets[i]:offsets[i + 1]]``;
every other column has one entry a song. Tokens are integers below the size
of the vocabulary, or real numbers for the Gaussian law. Nothing here loops
over songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

HUMAN, GENERATOR = 0, 1
POP, NICHE = 0, 1
SEGMENTS = ("pop", "niche")
ORIGINS = ("human", "generator")


@dataclass
class Works:
    """Songs, in the order in which they were written.

    Attributes
    ----------
    tokens : array, shape=(n_events,)
    offsets : int64 array, shape=(n_works + 1,)
    group : int array, shape=(n_works,)
        Style of the song: what a genre is to an artist and a prompt to a
        generator. Which segment a group belongs to is the foundation's
        knowledge; `segment` repeats it here.
    segment : int8 array, 0 pop and 1 niche
    origin : int8 array, 0 human and 1 generator
    born : int16 array
        Step in which the song appeared.
    plays : float array
        Plays received so far.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    group: np.ndarray
    segment: np.ndarray
    origin: np.ndarray
    born: np.ndarray
    plays: np.ndarray

    @classmethod
    def build(cls, tokens, offsets, group=0, segment=0, origin=HUMAN, born=0, plays=0.0) -> Works:
        """Songs from flat tokens; columns given as one value hold for all of them.

        Examples
        --------
        >>> Works.build([1, 2, 3, 1], [0, 3, 4]).lengths
        array([3, 1])
        """
        offsets = np.asarray(offsets, dtype=np.int64)
        n = len(offsets) - 1

        def column(value, dtype):
            value = np.asarray(value, dtype=dtype)
            return value if value.ndim else np.full(n, value, dtype=dtype)

        return cls(
            np.asarray(tokens),
            offsets,
            column(group, np.int32),
            column(segment, np.int8),
            column(origin, np.int8),
            column(born, np.int16),
            column(plays, np.float64),
        )

    @classmethod
    def of_single_tokens(cls, tokens, **columns) -> Works:
        """One song a token: what the limiting cases are made of."""
        tokens = np.asarray(tokens)
        return cls.build(tokens, np.arange(len(tokens) + 1), **columns)

    @classmethod
    def concatenate(cls, parts: Sequence[Works]) -> Works:
        """All songs of `parts`, one after the other."""
        parts = list(parts)
        filled = [part for part in parts if len(part)] or parts[:1]
        if len(filled) == 1:
            return filled[0]
        lengths = np.concatenate([part.lengths for part in filled])
        columns = {
            f.name: np.concatenate([getattr(part, f.name) for part in filled])
            for f in fields(cls)
            if f.name != "offsets"
        }
        return cls(offsets=np.concatenate([[0], np.cumsum(lengths)]), **columns)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Number of events of each song, shape=(n_works,)."""
        return np.diff(self.offsets)

    def song_of_event(self) -> np.ndarray:
        """Index of the song of each event, shape=(n_events,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, index: np.ndarray) -> Works:
        """The songs at `index` (integers or a mask), in that order."""
        index = np.asarray(index)
        if index.dtype == bool:
            if index.all():
                return self
            index = np.flatnonzero(index)
        lengths = self.lengths[index]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        if len(self.tokens) == len(self):  # songs of one event each
            tokens = self.tokens[index]
        else:
            tokens = gather(self.tokens, self.offsets[index], lengths)
        return Works(
            tokens,
            offsets,
            self.group[index],
            self.segment[index],
            self.origin[index],
            self.born[index],
            self.plays[index],
        )

    def previous(self, fill: int) -> np.ndarray:
        """Token before each event; `fill` at the start of a song."""
        before = np.empty_like(self.tokens)
        before[1:] = self.tokens[:-1]
        before[self.offsets[:-1][self.lengths > 0]] = fill
        return before

    def fingerprints(self) -> np.ndarray:
        """One 64-bit number a song, equal for equal token sequences.

        Real-valued songs are told apart by their bits.
        """
        if len(self.tokens) == 0:
            return np.zeros(len(self), dtype=np.uint64)
        if len(self.tokens) == len(self) and self.tokens.dtype.kind in "iu":
            return self.tokens.astype(np.uint64)
        position = np.arange(len(self.tokens)) - np.repeat(self.offsets[:-1], self.lengths)
        mixed = _scramble(_as_bits(self.tokens) + _scramble(position.astype(np.uint64)))
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
        return _scramble(total[self.offsets[1:]] - total[self.offsets[:-1]] + self.lengths.astype(np.uint64))


def gather(tokens: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Runs of `tokens` that begin at `starts`, one after the other.

    Examples
    --------
    >>> gather(np.array([10, 11, 12, 13]), np.array([2, 0]), np.array([2, 1]))
    array([12, 13, 10])
    """
    before = np.cumsum(lengths) - lengths
    return tokens[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))]


def hash_ngrams(works: Works, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hash of every run of `n` events, and the song it lies in.

    A song shorter than `n` gives one hash, that of the whole song, so that
    short songs can be recognised too.

    Returns
    -------
    hashes : uint64 array, shape=(n_ngrams,)
    song : int array, shape=(n_ngrams,)
        Non-decreasing.
    """
    lengths = works.lengths
    width = np.minimum(lengths, n)
    per_song = np.where(lengths > 0, lengths - width + 1, 0)
    song = np.repeat(np.arange(len(works)), per_song)
    starts = np.repeat(works.offsets[:-1] - (np.cumsum(per_song) - per_song), per_song) + np.arange(len(song))
    with np.errstate(over="ignore"):
        # sum of token * base**place; dividing by base**start makes equal runs equal wherever they stand
        powers, inverses = _powers(len(works.tokens))
        terms = _scramble(_as_bits(works.tokens) + np.uint64(1)) * powers
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)])
        hashes = (total[starts + width[song]] - total[starts]) * inverses[starts]
    return _scramble(hashes), song


class NgramMemory:
    """Which runs of chords have been heard before.

    A Bloom filter with two probes: it never forgets a run it was shown, and
    takes an unknown one for known in less than 1% of cases up to 800,000
    runs. Songs are judged by the share of their runs that are known, which
    that error cannot move much.

    Parameters
    ----------
    n : int
        Length of a run.
    bits : int
        Log2 of the number of cells.
    """

    def __init__(self, n: int = 8, bits: int = 24):
        self.n = n
        self._mask = np.uint64((1 << bits) - 1)
        self._shift = np.uint64(64 - bits)
        self._cells = np.zeros(1 << bits, dtype=bool)

    def overlap(self, works: Works) -> np.ndarray:
        """Share of each song's runs that were known, and then remember them all.

        A run counts as known when it was shown in an earlier call or in an
        earlier song of this one.

        Returns
        -------
        overlap : float array in [0, 1], shape=(n_works,)
        """
        if len(works) == 0:
            return np.zeros(0)
        hashes, song = hash_ngrams(works, self.n)
        one, two = hashes & self._mask, hashes >> self._shift
        known = self._cells[one] & self._cells[two]
        _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        known |= song[first][inverse] < song  # heard in an earlier song
        self._cells[one] = True
        self._cells[two] = True
        total = np.bincount(song, minlength=len(works))
        return np.bincount(song, weights=known, minlength=len(works)) / np.maximum(total, 1)


_POWERS = np.ones((2, 1), dtype=np.uint64)


def _powers(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Powers of the hash's base and of its inverse modulo 2**64; kept, and made longer when needed."""
    global _POWERS
    if _POWERS.shape[1] < n:
        base = 0x9E3779B97F4A7C15
        steps = np.array([[base], [pow(base, -1, 1 << 64)]], dtype=np.uint64)
        factors = np.repeat(steps, 2 * n, axis=1)
        factors[:, 0] = 1
        _POWERS = np.cumprod(factors, axis=1, dtype=np.uint64)
    return _POWERS[0, :n], _POWERS[1, :n]


def _as_bits(tokens: np.ndarray) -> np.ndarray:
    """Tokens as unsigned 64-bit numbers, equal exactly when the tokens are."""
    if tokens.dtype.kind == "f":
        return tokens.astype(np.float64).view(np.uint64)
    return tokens.astype(np.uint64)


def _scramble(x: np.ndarray) -> np.ndarray:
    """Mix the bits of 64-bit numbers (finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
