"""Measures of a single song, for all songs at once: variety at fixed length, surprise, chord content."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from musictrend.feedback.works import Works

if TYPE_CHECKING:
    from musictrend.feedback.foundation import Foundation

WINDOW = 30


def score_works(works: Works, foundation: Foundation) -> dict[str, np.ndarray]:
    """The measures that every single song has; NaN where it is too short.

    Returns
    -------
    values : dict of name to float array, shape=(n_works,)
    """
    values = {
        "types_rarefied": rarefy_types(works, WINDOW),
        "type_entropy": window_entropy(works, WINDOW),
        "founding_surprisal": mean_surprisal(works, foundation.surprise),
    }
    if foundation.bitmaps is not None:
        size = np.bitwise_count(foundation.bitmaps.astype(np.uint16)).astype(float)
        values["cardinality"] = _mean_by_song(works, size[works.tokens])
        values["nontriad_share"] = _mean_by_song(works, size[works.tokens] >= 4)
    return values


def rarefy_types(works: Works, m: int = WINDOW) -> np.ndarray:
    """Expected number of distinct chords among `m` events drawn from each song (Hurlbert 1971).

    Examples
    --------
    >>> counts = [0] * 10 + [1] * 5 + [2] * 3 + [3] + [4]
    >>> [round(float(rarefy_types(Works.build(counts, [0, 20]), m)[0]), 4) for m in (5, 10)]
    [2.8909, 3.8785]
    """
    n = works.lengths
    song, count = _count_types(works)
    table = _log_factorials(int(n.max(initial=1)) + 1)
    total = n[song]
    enough = (total >= m) & (total - count >= m)
    at = lambda x: table[np.maximum(x, 0)]  # noqa: E731
    absent = np.where(enough, np.exp(at(total - count) + at(total - m) - at(total - count - m) - at(total)), 0.0)
    expected = np.bincount(song, weights=1 - absent, minlength=len(works))
    return np.where(n >= m, expected, np.nan)


def window_entropy(works: Works, window: int = WINDOW) -> np.ndarray:
    """Mean over non-overlapping windows of the Miller-Madow entropy of chords, bits.

    Examples
    --------
    >>> round(float(window_entropy(Works.build([0, 1] * 15, [0, 30]))[0]), 4)
    1.024
    """
    per_song = works.lengths // window
    owner = np.repeat(np.arange(len(works)), per_song)
    if len(owner) == 0:
        return np.full(len(works), np.nan)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(per_song) - per_song, per_song)
    rows = works.tokens[(works.offsets[:-1][owner] + place * window)[:, None] + np.arange(window)]
    rows = np.sort(rows, axis=1)
    edge = np.ones((len(owner), window + 1), dtype=bool)
    edge[:, 1:-1] = rows[:, 1:] != rows[:, :-1]
    row, column = np.nonzero(edge)
    count = np.diff(column)
    inside = np.diff(row) == 0
    row, count = row[:-1][inside], count[inside]
    p = count / window
    entropy = np.bincount(row, weights=-p * np.log2(p), minlength=len(owner))
    entropy += (np.bincount(row, minlength=len(owner)) - 1) / (2 * window * np.log(2))
    total = np.bincount(owner, weights=entropy, minlength=len(works))
    return np.where(per_song > 0, total / np.maximum(per_song, 1), np.nan)


def mean_surprisal(works: Works, surprise: np.ndarray) -> np.ndarray:
    """Mean bits a transition of each song, by a frozen table (see `Foundation.surprise`)."""
    return _mean_by_song(works, surprise[works.previous(len(surprise) - 1), works.tokens])


def _count_types(works: Works) -> tuple[np.ndarray, np.ndarray]:
    """Song and count of each distinct chord of each song."""
    wide = int(works.tokens.max(initial=0)) + 1
    keys, count = np.unique(works.song_of_event() * wide + works.tokens, return_counts=True)
    return keys // wide, count


def _mean_by_song(works: Works, values: np.ndarray) -> np.ndarray:
    """Mean over the events of each song."""
    return np.bincount(works.song_of_event(), weights=values, minlength=len(works)) / np.maximum(works.lengths, 1)


@cache
def _log_factorials(n: int) -> np.ndarray:
    """Natural log of k! for k = 0 ... n."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
