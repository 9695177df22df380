"""From scores and tracks to the tables of the trends stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from musictrend.trends.changepoints import estimate_changepoints
from musictrend.trends.contrasts import (
    MDES_FACTOR,
    Fits,
    Overlap,
    combine_genres,
    measure_overlap,
    tabulate_contrasts,
)
from musictrend.trends.curves import estimate_curves
from musictrend.trends.groups import fit_groups, list_groups, tabulate_coverage
from musictrend.trends.linear import Line, adjust_fdr
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel, build_panel, reference_sd, usable_tracks
from musictrend.trends.tables import TREND_COLUMNS, TrendTables, conform, sort_rows, stack_blocks

Progress = Callable[[int, int], None]
_TREND_KEYS = ["level", "group", "corpus", "measure", "vocabulary", "method", "pooling"]


def estimate_trends(
    scores: pd.DataFrame | None,
    tracks: pd.DataFrame,
    options: TrendOptions | Mapping | None = None,
    reference: pd.DataFrame | Mapping | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
    draws: pd.DataFrame | None = None,
) -> TrendTables:
    """Slopes, curves, contrasts and changepoints of a whole run.

    Each slope is a line within sources (corpus, kind of year, kind of source, engine), at equal length, with
    artists as clusters.

    Coverage, over the twelve worlds of `trials` (drifting sources, genres and lengths, few or uneven artists,
    shares, uncertain chords, careers, generations, fashions, two corpora; 1,500 corpora each): 95% intervals
    of ``cluster_ols`` hold the planted slope in 94 to 96 of 100, and flat corpora give a trend in 4 to 6 of
    100; ``theil_sen`` 94 to 98 and 2 to 6; ``mixed`` 94 to 96 and 4 to 7, but 92 where the trend is a
    turnover of artists. Pooled over drifting genres every method is wrong nearly always. Print the figures
    with ``python benchmarks/trend_coverage.py --corpora 6 --draws 250``.

    Tracks whose chords come from a calibrated engine come with `draws`: lines, curves and contrasts join them by
    Rubin's rules, so that the error which these tracks share stays in the interval (see `imputation`); changepoints
    read the draws' mean. Where a track has an interval and no draws, the variance of its chords is added to that of
    the slope though part of it already shows in the scatter of the values: intervals are then a little too wide
    rather than too narrow.

    Parameters
    ----------
    scores : DataFrame or None
        Tidy scores: track_id, measure, facet, vocabulary, value, low, high, n_events.
    tracks : DataFrame
        Columns of tracks.parquet; only track_id and year are indispensable.
    options : TrendOptions or mapping, optional
    reference : DataFrame (measure, vocabulary, sd) or mapping, optional
        The frozen reference sample. Without it columns in SD units are missing.
    seed : int
        For the resampling of changepoints; slopes, contrasts and curves draw nothing.
    jobs : int
        Threads; results do not depend on it.
    progress : callable, optional
        Called with (steps done, steps in all).
    draws : DataFrame, optional
        The rows of draws.parquet: ``track_id, measure, vocabulary, draw_00, ...``.

    Returns
    -------
    tables : TrendTables
        Empty tables where nothing can be estimated; `coverage` then says why.
    """
    options = options if isinstance(options, TrendOptions) else TrendOptions.from_mapping(options)
    panel = build_panel(scores, tracks, options, draws=draws)
    options = options.for_years(panel.year)
    groups = list_groups(panel, options)
    extra = 2

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(done, total + extra)

    fits = fit_groups(panel, groups, options, jobs=jobs, progress=tell)
    overlap = find_overlap(scores, tracks, panel, fits, options, draws)
    trends = tabulate_trends(panel, fits, options, reference)
    contrasts = tabulate_contrasts(panel, fits, options, reference, overlap)
    curves = estimate_curves(panel, fits, options, jobs=jobs)
    tell(len(groups) + 1, len(groups))
    changepoints = estimate_changepoints(panel, fits, options, seed=seed, jobs=jobs)
    tell(len(groups) + 2, len(groups))
    return TrendTables(trends, curves, contrasts, changepoints, tabulate_coverage(panel, fits))


def estimate_slopes(
    scores: pd.DataFrame | None,
    tracks: pd.DataFrame,
    options: TrendOptions | Mapping | None = None,
    reference: pd.DataFrame | Mapping | None = None,
    draws: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Slopes of every segment, genre and corpus: the table trends.parquet.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> n = 400
    >>> tracks = pd.DataFrame({
    ...     "track_id": [f"t{i}" for i in range(n)], "corpus": "c", "segment": "pop",
    ...     "artist_id": [f"a{i % 80}" for i in range(n)], "year": 1960 + np.arange(n) % 50})
    >>> scores = pd.DataFrame({
    ...     "track_id": tracks["track_id"], "measure": "mtld", "vocabulary": "sevenths",
    ...     "value": 0.2 * (tracks["year"] / 10) + rng.normal(size=n)})
    >>> table = estimate_slopes(scores, tracks, {"methods": ["cluster_ols"], "poolings": ["pooled"]})
    >>> table[["level", "group", "n_tracks", "n_artists"]].values.tolist()
    [['corpus', 'c', 400, 80], ['segment', 'pop', 400, 80]]
    >>> bool((table["low"] < 0.2).all() and (table["high"] > 0.2).all())
    True
    """
    options = options if isinstance(options, TrendOptions) else TrendOptions.from_mapping(options)
    panel = build_panel(scores, tracks, options, draws=draws)
    return tabulate_trends(panel, fit_groups(panel, list_groups(panel, options), options), options, reference)


def tabulate_trends(
    panel: Panel, fits: Fits, options: TrendOptions, reference: pd.DataFrame | Mapping | None = None
) -> pd.DataFrame:
    """One row a group, measure, vocabulary, method and pooling."""
    sd = reference_sd(reference, panel.cells)
    names: dict[str, Any] = {c: panel.cells[c].to_numpy(object) for c in ("measure", "vocabulary", "facet")}
    blocks: list[dict[str, object]] = []
    for (level, name, corpus, segment), fit in fits.items():
        if level == "part" or not fit.estimated.any():
            continue
        for method in options.methods:
            for pooling in options.poolings if level != "genre" else ("pooled",):
                line, pooled = fit.lines[method], pooling == "pooled"
                numbers: dict[str, Any] = {"n_tracks": fit.n_tracks, "n_artists": fit.n_artists}
                sums = None if pooled else combine_genres(panel, fits, fit.group.key, method, pooling)
                if sums is not None:
                    line = Line.from_se(sums.slope, sums.se, sums.df)
                    numbers = {
                        "n_tracks": sums.n_tracks,
                        "n_artists": sums.n_artists,
                        "n_genres": sums.n_groups,
                    }
                columns: dict[str, Any] = names | numbers | {
                    "slope_per_decade": line.slope, "slope_sd_per_decade": line.slope / sd, "low": line.low,
                    "high": line.high, "low_sd": line.low / sd, "high_sd": line.high / sd, "p": line.p,
                    "se": line.se, "df": line.df, "mdes": MDES_FACTOR * line.se,
                    "n_decades": fit.n_decades, "first_year": fit.first_year, "last_year": fit.last_year,
                    "n_sources": fit.n_sources,
                    "label_error_share": np.where(
                        pooled, _share(fit.label_variance + np.sum(fit.shared[method] ** 2, axis=0), line.se), np.nan
                    ),
                    "artist_correlation": np.where(pooled and method == "mixed", fit.correlation, np.nan),
                }  # fmt: skip
                there = np.isfinite(line.slope)
                if there.any():
                    words = {
                        "level": level,
                        "group": name,
                        "corpus": corpus,
                        "segment": segment,
                        "method": method,
                    }
                    blocks.append({k: v[there] for k, v in columns.items()} | words | {"pooling": pooling})
    table = stack_blocks(blocks)
    if table is None:
        return conform(None, TREND_COLUMNS)
    single = (table["corpus"] != "all") & (table["level"] != "corpus")
    family = [table["level"], table["vocabulary"], table["method"], table["pooling"], single]
    table["q"] = table["p"].groupby(family).transform(lambda p: adjust_fdr(p.to_numpy()))
    return sort_rows(conform(table, TREND_COLUMNS), _TREND_KEYS)


def find_overlap(
    scores: pd.DataFrame | None,
    tracks: pd.DataFrame,
    panel: Panel,
    fits: Fits,
    options: TrendOptions,
    draws: pd.DataFrame | None = None,
) -> Overlap | None:
    """The pop and niche corpora that share most songs; None where one corpus holds both sides."""
    held = {side: [c for c in panel.corpora if _has_slope(fits, side, c)] for side in ("pop", "niche")}
    if scores is None or not held["pop"] or not held["niche"] or set(held["pop"]) & set(held["niche"]):
        return None
    links = usable_tracks(tracks, with_duplicates=True)
    song = links["track_id"].astype(str)
    for name in ("duplicate_of", "song_id"):
        if name in links:
            given = links[name].astype("object").where(links[name].notna(), "").astype(str)
            song = given.where(given != "", song)
    shared = song.groupby(song).transform("size") > 1
    if not shared.any():
        return None
    keep = links["track_id"].astype(str)[shared]
    ids = scores["track_id"].astype(str)
    wide = build_panel(scores[ids.isin(set(keep)).to_numpy()], links[shared.to_numpy()], options,
                       with_duplicates=True, draws=draws)  # fmt: skip
    if len(wide.cells) == 0:
        return None
    aligned = _align_cells(wide, panel)
    by_id = pd.Series(song.to_numpy(object), index=links["track_id"].astype(str))
    songs = pd.DataFrame({"row": np.arange(len(wide.track_id)), "song": by_id[wide.track_id].to_numpy()})
    best: Overlap | None = None
    for first in held["pop"]:
        for second in held["niche"]:
            if first in wide.corpora and second in wide.corpora:
                found = measure_overlap(aligned, songs, first, second, options)
                if found is not None and (best is None or found.n_songs > best.n_songs):
                    best = found
    return best


def _align_cells(panel: Panel, like: Panel) -> Panel:
    """The panel with the cells of another, in their order; cells it lacks are missing."""
    place = {key: i for i, key in enumerate(zip(panel.cells["measure"], panel.cells["vocabulary"], strict=True))}
    at = [place.get(key, -1) for key in zip(like.cells["measure"], like.cells["vocabulary"], strict=True)]
    padded = panel.keep_cells(np.maximum(at, 0))
    padded.value[:, np.array(at) < 0] = np.nan
    return padded


def _has_slope(fits: Fits, segment: str, corpus: str) -> bool:
    """Whether a segment has any slope in a corpus."""
    fit = fits.get(("segment", segment, corpus, segment))
    return fit is not None and bool(fit.estimated.any())


def _share(part: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Part of a variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(se > 0, part / se**2, 0.0)
