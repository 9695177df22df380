"""Do songs sound more alike? Diversity of sets of songs, which no measure of single songs can tell.

A song is its first window of events as a distribution over chord changes, key
left out: (quality, interval of the roots, quality). Four figures describe a
set, each from 0 or 1 upwards, each higher for a more diverse set but the last:

``pair_distance``
    Mean Jensen-Shannon distance of two songs: 0 equal, 1 not one change in common.
``effective_songs``
    Effective number of songs (Leinster and Cobbold, order 2, similarity 1 - distance): 1 when all are equal, the
    size of the set when none has anything in common.
``centroid_distance``
    Mean Jensen-Shannon distance of a song to the mean of the others.
``top_ten_share``
    Share of songs in which one of the set's ten commonest progressions (four chords, key left out) occurs.

All of them depend on how many songs there are and on how many one artist
made, so every set is rarefied: means over random subsets of equal size, one
song an artist.

References
----------
.. [1] Lin (1991). Divergence measures based on the Shannon entropy. IEEE Trans. Information Theory 37(1).
.. [2] Leinster, Cobbold (2012). Measuring diversity: the importance of species similarity. Ecology 93(3).
.. [3] Hoeffding (1948). A class of statistics with asymptotically normal distribution. Ann. Math. Statist. 19(3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.events import EventTable
    from musictrend.harmony.table import ChordTable

__all__ = ["DIVERSITY_MEASURES", "score_diversity"]

DIVERSITY_MEASURES = ("pair_distance", "effective_songs", "centroid_distance", "top_ten_share")
SONGS = 20  # songs in a rarefied set
SPARE = 1.5  # times as many artists as songs in a set
DRAWS = 100  # random subsets of a cell
SPANS = (10, 1)  # years of a cell: decades, and single years where there are songs enough
PROGRESSION = 4  # chords
COLUMNS = (
    "level",
    "group",
    "corpus",
    "span",
    "year",
    "measure",
    "vocabulary",
    "value",
    "low",
    "high",
    "n_tracks",
    "n_artists",
)


@dataclass(frozen=True, eq=False)
class _Songs:
    """Songs as sparse distributions over changes, and as sets of progressions; both ragged, symbols ascending."""

    rows: np.ndarray  # (s,) track numbers
    offsets: np.ndarray  # (s + 1,)
    symbols: np.ndarray
    shares: np.ndarray
    word_offsets: np.ndarray  # (s + 1,)
    words: np.ndarray


def score_diversity(
    chords: ChordTable,
    tracks: pd.DataFrame,
    vocabulary: str = "sevenths",
    *,
    spans: tuple[int, ...] = SPANS,
    songs: int = SONGS,
    window: int = WINDOW,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Diversity between the songs of each segment, genre and corpus, by decade and by year.

    Parameters
    ----------
    chords : ChordTable
    tracks : DataFrame
        ``track_id, corpus, year, genres, segment, artist_id, status, duplicate_of`` as in ``tracks.parquet``.
    vocabulary : str
    spans : tuple of int
        Years of a cell, each of which the songs are parted by; a cell begins in a year that its span divides.
    songs : int
        Songs in a rarefied set; a cell with fewer than 1.5 times as many artists has no row.
    window : int
        Events of each song that count, from its start; shorter songs are left out.
    draws : int
        Random subsets of each cell.
    seed : int

    Returns
    -------
    diversity : DataFrame
        ``level`` (``segment``, ``genre``, ``corpus``), ``group, corpus``, ``span`` (years of the cell), ``year`` (its
        first), ``measure, vocabulary, value``, the 95% interval ``low, high`` over which artists were sampled,
        ``n_tracks, n_artists``. Corpora are never mixed.

    Raises
    ------
    ParameterError
        A span below 1 year, fewer than 2 songs in a set, or fewer than 2 subsets.
    """
    import pandas as pd

    if songs < 2 or draws < 2:
        raise ParameterError(f"songs={songs} and draws={draws} must be 2 or more")
    if not spans or min(spans) < 1 or len(set(spans)) < len(spans):
        raise ParameterError(f"spans={spans} must be distinct numbers of years, 1 or more")
    read = _describe_songs(chords.events(vocabulary), window)
    place = {track_id: i for i, track_id in enumerate(chords.track_ids)}
    song_of = np.full(chords.n_tracks, -1)
    song_of[read.rows] = np.arange(len(read.rows))
    usable = tracks[(tracks["status"] == "ok") & tracks["duplicate_of"].isna() & tracks["year"].notna()]
    song = np.array([song_of[place[i]] if i in place else -1 for i in usable["track_id"]], dtype=np.int64)
    usable = usable.assign(_song=song)[song >= 0]
    rows = []
    for key, cell in _cells(usable, spans):
        artists = pd.factorize(cell["artist_id"])[0]
        n_artists = int(artists.max()) + 1
        if n_artists < SPARE * songs:
            continue  # its subsets would be nearly the same: nothing to tell an interval from
        sets = _draw_sets(cell["_song"].to_numpy(), artists, songs, draws, _stream(seed, *map(str, key)))
        values = _measure(read, sets)  # (draws, 4)
        mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
        # A mean over all subsets is a U-statistic: its variance is m/n of one subset's; what is seen between the
        # subsets of one cell is 1 - m/n of that, for they overlap.
        part = songs / n_artists
        half = 1.96 * spread * np.sqrt(part / (1 - part))
        for i, measure in enumerate(DIVERSITY_MEASURES):
            rows.append(
                (*key, measure, vocabulary, mean[i], mean[i] - half[i], mean[i] + half[i], len(cell), n_artists)
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = dict.fromkeys(("value", "low", "high"), "float64") | dict.fromkeys(("span", "year"), "int16")
    table = table.astype(kinds | dict.fromkeys(("n_tracks", "n_artists"), "int32"))
    return table.sort_values(list(COLUMNS[:7]), kind="stable", ignore_index=True)


def _cells(
    tracks: pd.DataFrame, spans: tuple[int, ...]
) -> Iterator[tuple[tuple[str, str, str, int, int], pd.DataFrame]]:
    """Tracks of each segment, genre and corpus by span and its first year, in a stable order."""
    import pandas as pd

    genres = (
        tracks.assign(group=pd.Series([list(g) for g in tracks["genres"]], index=tracks.index))
        .explode("group")
        .dropna(subset=["group"])
    )
    levels = {
        "segment": tracks[tracks["segment"].isin(["pop", "niche"])].assign(group=lambda t: t["segment"]),
        "genre": genres[genres["group"] != ""],
        "corpus": tracks.assign(group=tracks["corpus"]),
    }
    for level, members in levels.items():
        for span in spans:
            first = (members["year"].astype("int64") // span * span).rename("first")
            for key, cell in members.groupby([members["group"], members["corpus"], first], sort=True, observed=True):
                group, corpus, year = key  # type: ignore[misc]
                yield (level, str(group), str(corpus), span, int(year)), cell.sort_values("track_id", kind="stable")  # type: ignore[call-overload]


def _stream(seed: int, *cell: str) -> np.random.Generator:
    """Random numbers of one cell, the same whatever other cells there are."""
    from musictrend.cache import hash_bytes

    return np.random.default_rng(np.random.SeedSequence([seed, int(hash_bytes("diversity", *cell)[:15], 16)]))


def _draw_sets(song: np.ndarray, artist: np.ndarray, size: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Random subsets of songs, one an artist: int64 array, shape (draws, size)."""
    order = np.argsort(artist, kind="stable")
    counts = np.bincount(artist)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sets = np.empty((draws, size), np.int64)
    for r in range(draws):
        chosen = random.choice(len(counts), size, replace=False)
        sets[r] = song[order[first[chosen] + random.integers(0, counts[chosen])]]
    return sets


def _measure(read: _Songs, sets: np.ndarray) -> np.ndarray:
    """Diversity of each set: shape (sets, 4)."""
    from musictrend.complexity.diversity_kernels import measure_sets

    out = np.empty((len(sets), 4))
    n_symbols = int(read.symbols.max(initial=-1)) + 1
    n_words = int(read.words.max(initial=-1)) + 1
    measure_sets(
        read.offsets, read.symbols, read.shares, read.word_offsets, read.words, n_symbols, n_words, sets, 10, out
    )  # fmt: skip
    return out


def _describe_songs(events: EventTable, window: int) -> _Songs:
    """The first window of every track that has one, key left out."""
    long_enough = np.flatnonzero(events.n_events >= window)
    index = events.offsets[long_enough][:, None] + np.arange(window)  # (s, window)
    quality, root = events.bitmap[index].astype(np.int64), events.root[index].astype(np.int64)
    joined = events.joined[index][:, 1:]
    change = (np.diff(root, axis=1) % 12) << 12 | quality[:, 1:]  # interval and what follows
    first = quality[:, :-1] << 16 | change  # (s, window - 1)
    ends = window - PROGRESSION + 1
    word = quality[:, :ends].astype(object) if PROGRESSION > 4 else quality[:, :ends]
    whole = np.ones((len(long_enough), ends), bool)
    for k in range(PROGRESSION - 1):
        word = word << 16 | change[:, k : k + ends]
        whole &= joined[:, k : k + ends]
    offsets, symbols, counts = _count(first, joined)
    word_offsets, words, _ = _count(word, whole)
    total = np.add.reduceat(np.append(counts, 0.0), offsets[:-1]) if len(offsets) > 1 else np.zeros(0)
    per_song = np.diff(offsets)
    shares = counts / np.repeat(np.where(per_song > 0, total, 1.0), per_song)
    keep = per_song > 0  # a song of islands between N has no change
    if not keep.all():
        rows = np.repeat(keep, per_song)
        word_rows = np.repeat(keep, np.diff(word_offsets))
        symbols, shares, words = symbols[rows], shares[rows], words[word_rows]
        offsets = np.concatenate([[0], np.cumsum(per_song[keep])])
        word_offsets = np.concatenate([[0], np.cumsum(np.diff(word_offsets)[keep])])
    return _Songs(long_enough[keep], offsets, symbols, shares, word_offsets, words)


def _count(values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct values of each row, as codes that ascend, with their counts: offsets, codes, counts."""
    distinct, codes = np.unique(values, return_inverse=True)
    codes = codes.reshape(values.shape)
    row = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
    cells, counts = np.unique((row * np.int64(len(distinct) + 1) + codes)[valid], return_counts=True)
    row_of, code_of = np.divmod(cells, len(distinct) + 1)
    offsets = np.searchsorted(row_of, np.arange(len(values) + 1))
    return offsets.astype(np.int64), code_of.astype(np.int64), counts.astype(float)
