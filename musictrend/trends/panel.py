"""Tracks by scores, as arrays: what every estimator of this package reads.

A `Panel` holds one row a track (sorted by track_id, so the order of the input never matters) and one column
a *cell*, that is a measure at a vocabulary. Tracks enter by default when their status is ``ok``, they are
nobody's duplicate and they have a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from musictrend.errors import ParameterError
from musictrend.trends.imputation import Imputations, read_draws
from musictrend.trends.options import TrendOptions

_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Panel:
    """Arrays over tracks (n), cells (c) and track-genre pairs (g).

    Attributes
    ----------
    track_id : ndarray of object, shape=(n,)
    year : ndarray, shape=(n,)
    weight : ndarray, shape=(n,)
    artist, corpus, source : ndarray of int, shape=(n,)
        Codes. `source` tells apart corpus, kind of year, kind of source, engine and transcription policy; a track without an
        artist is a cluster of its own.
    segment : ndarray of object, shape=(n,)
    genre_row, genre : ndarray of int, shape=(g,)
        Track and genre of each pair.
    corpora, genres : list of str
        What the codes mean.
    cells : DataFrame, c rows
        measure, vocabulary, facet.
    value, label_variance, n_events : ndarray, shape=(n, c)
        `label_variance` is the variance that uncertain chords give a value, from its 95% interval; 0 where
        exact, and where there are draws: these carry what tracks share, and the scatter of the values the rest.
    draws : Imputations, optional
        Draws of tracks whose chords come from a calibrated engine; `value` is their mean.
    """

    track_id: np.ndarray
    year: np.ndarray
    weight: np.ndarray
    artist: np.ndarray
    corpus: np.ndarray
    source: np.ndarray
    segment: np.ndarray
    genre_row: np.ndarray
    genre: np.ndarray
    corpora: list[str]
    genres: list[str]
    cells: pd.DataFrame
    value: np.ndarray
    label_variance: np.ndarray
    n_events: np.ndarray
    draws: Imputations | None = None

    @property
    def n_artists(self) -> int:
        """How many artist codes there are."""
        return int(self.artist.max()) + 1 if len(self.artist) else 0

    @property
    def n_genres(self) -> np.ndarray:
        """How many genres each track carries, shape (n,)."""
        return np.bincount(self.genre_row, minlength=len(self.year))

    def keep_cells(self, keep: np.ndarray) -> Panel:
        """The same tracks with fewer cells."""
        return replace(
            self, cells=self.cells.loc[keep].reset_index(drop=True), value=self.value[:, keep],
            label_variance=self.label_variance[:, keep], n_events=self.n_events[:, keep],
            draws=None if self.draws is None else self.draws.keep_cells(keep),
        )  # fmt: skip

    def deviations(self, rows: np.ndarray, cells: np.ndarray) -> np.ndarray | None:
        """How far each draw of some tracks lies from their value, shape (n_draws, rows, cells); None for none."""
        return None if self.draws is None else self.draws.deviations(rows, cells)

    def drop_short(self, min_events: int) -> Panel:
        """The same panel with values of tracks below so many events missing."""
        if min_events <= 0:
            return self
        return replace(self, value=np.where(self.n_events >= min_events, self.value, np.nan))


def build_panel(
    scores: pd.DataFrame | None,
    tracks: pd.DataFrame,
    options: TrendOptions | None = None,
    *,
    with_duplicates: bool = False,
    draws: pd.DataFrame | None = None,
) -> Panel:
    """Arrays from the tidy tables.

    Parameters
    ----------
    scores : DataFrame or None
        ``track_id, measure, vocabulary, value`` and, where known, ``facet, low, high, n_events``.
    tracks : DataFrame
        ``track_id, year`` and, where known, the other columns of tracks.parquet.
    options : TrendOptions, optional
    with_duplicates : bool
        Whether songs that another track already stands for count too.
    draws : DataFrame, optional
        ``track_id, measure, vocabulary, draw_00, ...``: the rows of draws.parquet.

    Raises
    ------
    ParameterError
        A column is missing, a track or a score occurs twice.

    Examples
    --------
    >>> tracks = pd.DataFrame({
    ...     "track_id": ["b", "a"], "year": [1970, 1980], "genres": [["rock"], ["jazz", "rock"]]})
    >>> scores = pd.DataFrame({
    ...     "track_id": ["a", "b"], "measure": "mtld", "vocabulary": "full", "value": [2.0, 1.0]})
    >>> panel = build_panel(scores, tracks)
    >>> panel.track_id.tolist(), panel.value.ravel().tolist(), panel.genres, panel.n_genres.tolist()
    (['a', 'b'], [2.0, 1.0], ['jazz', 'rock'], [2, 1])
    """
    options = options or TrendOptions()
    _require(tracks, "tracks", ("track_id", "year"))
    tracks = (
        usable_tracks(tracks, with_duplicates=with_duplicates)
        .sort_values("track_id", kind="stable")
        .reset_index(drop=True)
    )
    ids = pd.Index(tracks["track_id"].astype(str))
    if not ids.is_unique:
        twice = ids[ids.duplicated()][0]
        raise ParameterError(f"tracks: track_id {twice!r} occurs more than once; each track is one row")
    n = len(tracks)
    corpus, corpora = _codes(_text(tracks, "corpus"))
    source, _ = _codes(_joined(tracks, ("corpus", "year_kind", "source_kind", "engine", "transcription")))
    row, genre, genres = _genre_pairs(tracks)
    cells, value, variance, events = _score_arrays(scores, ids)
    imputed = read_draws(draws, ids, cells, np.isfinite(value))
    if imputed is not None:
        drawn = np.flatnonzero(imputed.place >= 0)
        mean = imputed.values.mean(axis=0)[imputed.place[drawn]]  # NaN where a cell is not drawn
        value[drawn] = np.where(np.isfinite(mean), mean, value[drawn])
        variance[drawn] = np.where(np.isfinite(mean), 0.0, variance[drawn])
    panel = Panel(
        track_id=ids.to_numpy(dtype=object), year=tracks["year"].to_numpy(float),
        weight=_weights(tracks, options),
        artist=_artists(tracks, ids), corpus=corpus, source=source,
        segment=_text(tracks, "segment").to_numpy(object) if n else np.empty(0, object),
        genre_row=row, genre=genre, corpora=corpora, genres=genres,
        cells=cells, value=value, label_variance=variance, n_events=events, draws=imputed,
    )  # fmt: skip
    return panel.drop_short(options.min_events)


def usable_tracks(tracks: pd.DataFrame, *, with_duplicates: bool = False) -> pd.DataFrame:
    """Tracks that count: status ok, nobody's duplicate, year known."""
    keep = pd.to_numeric(tracks["year"], errors="coerce").notna()
    if "status" in tracks:
        keep &= tracks["status"].isna() | (tracks["status"] == "ok")
    if "duplicate_of" in tracks and not with_duplicates:
        keep &= tracks["duplicate_of"].isna() | (tracks["duplicate_of"].astype(str) == "")
    return tracks[keep.to_numpy(bool)]


def reference_sd(reference: pd.DataFrame | Mapping | None, cells: pd.DataFrame) -> np.ndarray:
    """Within-genre SD of each cell in the frozen reference sample; NaN where it has none.

    A mapping has keys (measure, vocabulary); a table has columns measure, vocabulary, sd. A trend is never
    put in units of its own run's SD: a corpus that spreads more would then seem to move less.
    """
    if reference is None:
        return np.full(len(cells), np.nan)
    if isinstance(reference, pd.DataFrame):
        if reference.empty:
            return np.full(len(cells), np.nan)
        _require(reference, "reference", ("measure", "vocabulary", "sd"))
        keys = zip(reference["measure"].astype(str), reference["vocabulary"].astype(str), strict=True)
        reference = dict(zip(keys, reference["sd"].astype(float), strict=True))
    sd = np.array([reference.get((m, v), np.nan) for m, v in zip(cells["measure"], cells["vocabulary"], strict=True)])
    sd = sd.astype(float)
    return np.where(sd > 0, sd, np.nan)


def _require(frame: pd.DataFrame, what: str, names: tuple[str, ...]) -> None:
    """Raise when a column is missing."""
    missing = [n for n in names if n not in frame]
    if missing:
        raise ParameterError(f"{what} has no column {missing[0]!r}; it needs {', '.join(names)}")


def _text(tracks: pd.DataFrame, name: str) -> pd.Series:
    """A column as text, '' where missing."""
    if name not in tracks:
        return pd.Series("", index=tracks.index, dtype="object")
    return tracks[name].astype("object").where(tracks[name].notna(), "").astype(str)


def _joined(tracks: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """Several columns as one text."""
    joined = _text(tracks, names[0])
    for name in names[1:]:
        joined = joined + "\x1f" + _text(tracks, name)
    return joined


def _codes(text: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes in the order of the sorted names."""
    codes, names = pd.factorize(text.astype("object"), sort=True)
    return codes.astype(np.int64), [str(n) for n in names]


def _artists(tracks: pd.DataFrame, ids: pd.Index) -> np.ndarray:
    """Artist codes; without an artist the song, without a song the track is the cluster."""
    key = "artist" + _text(tracks, "artist_id")
    song = _text(tracks, "song_id")
    alone = ("song" + song).where(song != "", "track" + pd.Series(ids, index=tracks.index, dtype="object"))
    return _codes(key.where(key != "artist", alone))[0]


def _weights(tracks: pd.DataFrame, options: TrendOptions) -> np.ndarray:
    """Weights of the tracks; missing or impossible ones count 1."""
    name = options.weighting
    if name == "equal" or name not in tracks:
        return np.ones(len(tracks))
    weight = pd.to_numeric(tracks[name], errors="coerce").to_numpy(float)
    return np.where(np.isfinite(weight) & (weight > 0), weight, 1.0)


def _genre_pairs(tracks: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(track row, genre code) of every genre a track carries, each once."""
    if "genres" not in tracks:
        return np.empty(0, np.int64), np.empty(0, np.int64), []
    pairs = [(row, genre) for row, given in enumerate(tracks["genres"]) for genre in sorted(set(split_genres(given)))]
    row = np.array([p[0] for p in pairs], np.int64)
    code, names = _codes(pd.Series([p[1] for p in pairs], dtype="object"))
    return row, code, names


def split_genres(given: Any) -> list[str]:
    """Genres of one track, from a list or from text split by semicolons.

    >>> split_genres("rock; jazz"), split_genres(None), split_genres(["mpb"])
    (['rock', 'jazz'], [], ['mpb'])
    """
    if isinstance(given, str):
        given = given.split(";")
    if given is None or isinstance(given, float):
        return []
    try:
        return [g.strip() for g in given if isinstance(g, str) and g.strip()]
    except TypeError:  # pandas.NA
        return []


def _score_arrays(
    scores: pd.DataFrame | None, ids: pd.Index
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray]:
    """Cells, and values, label variance and events by track and cell."""
    names = ("track_id", "measure", "vocabulary", "value")
    if scores is None or len(scores) == 0:
        none = np.empty((len(ids), 0))
        cells = pd.DataFrame({"measure": [], "vocabulary": [], "facet": []}, dtype="object")
        return cells, none, none.copy(), none.copy()
    _require(scores, "scores", names)
    row = _lookup(scores["track_id"], ids)
    measure, measures = _factor(scores["measure"])
    vocabulary, vocabularies = _factor(scores["vocabulary"])
    flat, used = pd.factorize(measure * len(vocabularies) + vocabulary, sort=True)
    known = row >= 0
    count = np.bincount(row[known] * len(used) + flat[known])
    if count.size and count.max() > 1:
        where = int(np.argmax(count))
        cell = used[where % len(used)]
        raise ParameterError(
            f"scores: track {ids[where // len(used)]!r} has {count.max()} values of "
            f"{measures[cell // len(vocabularies)]!r} at {vocabularies[cell % len(vocabularies)]!r}; "
            "one is accepted"
        )
    cells = pd.DataFrame(
        {
            "measure": [measures[u // len(vocabularies)] for u in used],
            "vocabulary": [vocabularies[u % len(vocabularies)] for u in used],
        },
        dtype="object",
    )
    facet = scores["facet"].astype("object") if "facet" in scores else pd.Series("", index=scores.index)
    first = np.full(len(used), -1)
    first[flat[::-1]] = np.arange(len(flat))[::-1]
    cells["facet"] = [str(f) for f in facet.to_numpy(object)[first]]

    def spread(name: str, fill: float) -> np.ndarray:
        array = np.full((len(ids), len(used)), fill)
        if name in scores:
            array[row[known], flat[known]] = pd.to_numeric(scores[name], errors="coerce").to_numpy(float)[known]
        return array

    value = spread("value", np.nan)
    value[~np.isfinite(value)] = np.nan
    half = (spread("high", np.nan) - spread("low", np.nan)) / 2
    variance = np.where(np.isfinite(half) & (half > 0), half / _NORMAL_95, 0.0) ** 2
    return cells, value, variance, spread("n_events", np.nan)


def _factor(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes of a text or dictionary column, names sorted; missing is ''."""
    code, found = pd.factorize(column)
    names = ["" if missing else str(n) for n, missing in zip(found, pd.isna(found), strict=True)]
    if (code < 0).any():
        code, names = np.where(code < 0, len(names), code), [*names, ""]
    ordered, back = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    return back[code], ordered.tolist()


def _lookup(column: pd.Series, ids: pd.Index) -> np.ndarray:
    """Row of each score's track, -1 where that track does not count."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        by_code = ids.get_indexer(column.cat.categories.astype(str))
        codes = column.cat.codes.to_numpy()
        return np.where(codes >= 0, by_code[codes], -1)
    code, names = pd.factorize(column)
    by_code = ids.get_indexer(pd.Index(names).astype(str))
    return np.where(code >= 0, by_code[code], -1)
