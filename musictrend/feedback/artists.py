"""How people write: pop copies its chart, niche artists go by their style.

Pop: parents are chosen by chart weight (Bentley 2007; conformity after
Youngblood 2019), spliced and mutated. Niche: songs come from the genre's
founding style or its style of the last years, which drifts because it is
relearned from what was written; innovation and crossover add to it.
Simplified: artists have no names, careers or memory beyond this.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musictrend.feedback.works import Works, gather

SHORTEST = 16  # events; deletions never make a song shorter


def choose_parents(chart: Works, plays: np.ndarray, conformity: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Chart songs that `n` writers start from.

    A song is chosen with weight ``f**b``, f being the plays of all songs
    equal to it together; equal songs share that weight by their plays. With
    b = 1 that is neutral copying, each play a lot in the draw.

    Parameters
    ----------
    chart : Works
    plays : array, shape=(len(chart),)
        Recent plays; songs without any are never chosen.
    conformity : float
        b.

    Returns
    -------
    parents : int array, shape=(n,)
    """
    weight = plays
    if conformity != 1:
        _, cluster = np.unique(chart.fingerprints(), return_inverse=True)
        together = np.bincount(cluster, weights=plays)[cluster]
        weight = np.where(plays > 0, plays * np.maximum(together, 1e-300) ** (conformity - 1), 0.0)
    cumulative = np.cumsum(weight)
    return np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")


def splice(first: Works, second: Works) -> Works:
    """Songs that begin as in `first` and end as in `second`, cut in the middle of each."""
    head = first.lengths // 2
    skip = second.lengths // 2
    tail = second.lengths - skip
    n = len(first)
    starts = np.empty(2 * n, dtype=np.int64)
    starts[0::2], starts[1::2] = first.offsets[:-1], len(first.tokens) + second.offsets[:-1] + skip
    lengths = np.empty(2 * n, dtype=np.int64)
    lengths[0::2], lengths[1::2] = head, tail
    tokens = gather(np.concatenate([first.tokens, second.tokens]), starts, lengths)
    return _with_tokens(first, tokens, head + tail)


def mutate(works: Works, rate: float, novel: Callable, rng: np.random.Generator) -> Works:
    """Replace each distinct chord of a song with probability `rate`, wherever it occurs.

    Replacing it everywhere keeps loops loops: a song does not grow richer by being handed on.

    Parameters
    ----------
    novel : callable(tokens, rng) -> tokens
        What takes the place of the given chords.
    """
    if rate == 0 or len(works.tokens) == 0:
        return works
    wide = int(works.tokens.max()) + 1
    keys, inverse = np.unique(works.song_of_event() * wide + works.tokens, return_inverse=True)
    old = (keys % wide).astype(works.tokens.dtype)
    hit = np.flatnonzero(rng.random(len(keys)) < rate)
    new = old.copy()
    new[hit] = novel(old[hit], rng)
    return _with_tokens(works, new[inverse], works.lengths)


def innovate(works: Works, rate: float, novel: Callable, rng: np.random.Generator) -> Works:
    """In a share `rate` of songs, replace one chord wherever it occurs."""
    u, where = rng.random(len(works)), rng.random(len(works))
    hit = (u < rate) & (works.lengths > 0)
    if not hit.any():
        return works
    place = works.offsets[:-1] + (where * works.lengths).astype(np.int64)
    old = works.tokens[np.minimum(place, len(works.tokens) - 1)]
    new = novel(old, rng)
    song = works.song_of_event()
    change = hit[song] & (works.tokens == old[song])
    return _with_tokens(works, np.where(change, new[song], works.tokens), works.lengths)


def lengthen_or_shorten(works: Works, rate: float, longest: int, rng: np.random.Generator) -> Works:
    """With probability `rate` each, one event is taken out, and one of the song's chords put in once more."""
    n, lengths = len(works), works.lengths
    u, where = rng.random((2, n)), rng.random((3, n))
    leave = (u[0] < rate) & (lengths > SHORTEST)
    enter = (u[1] < rate) & (lengths >= SHORTEST) & (lengths < longest)
    if not (leave | enter).any():
        return works
    out, doubled, model = works.offsets[:-1] + (where * lengths).astype(np.int64)
    times = np.ones(len(works.tokens), dtype=np.int64)
    times[out[leave]] -= 1
    times[doubled[enter]] += 1
    tokens = np.repeat(works.tokens, times)
    tokens[(np.cumsum(times) - 1)[doubled[enter]]] = works.tokens[model[enter]]
    song = np.repeat(works.song_of_event(), times)
    return _with_tokens(works, tokens, np.bincount(song, minlength=n))


def merge_repeats(works: Works) -> Works:
    """Songs without a chord that follows itself."""
    if len(works.tokens) == len(works):
        return works
    keep = works.tokens != works.previous(-1)
    if keep.all():
        return works
    lengths = np.bincount(works.song_of_event()[keep], minlength=len(works))
    return _with_tokens(works, works.tokens[keep], lengths)


def _with_tokens(works: Works, tokens: np.ndarray, lengths: np.ndarray) -> Works:
    """The same songs with other events."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Works(tokens, offsets, works.group, works.segment, works.origin, works.born, works.plays)
