"""Groups of tracks, and the slopes of all measures in each of them.

A group is a segment, a genre, a genre inside a segment, or a corpus, over all corpora or inside one. A
track with several genres counts in each with an equal part of its weight. Groups that hold the same tracks
with the same weights are fitted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from musictrend.trends.imputation import fit_draws
from musictrend.trends.linear import Design, Line, adjust_values, fit_cluster_ols
from musictrend.trends.mixed import fit_mixed
from musictrend.trends.nonparametric import fit_theil_sen
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel
from musictrend.trends.tables import COVERAGE_COLUMNS, conform, sort_rows, stack_blocks

ALL = "all"  # the corpus name of a group that spans several corpora


@dataclass(frozen=True)
class Group:
    """Tracks that get one line: rows of the panel and their weights."""

    level: str  # "segment", "genre", "corpus"; "part" is a genre inside a segment
    name: str
    corpus: str
    segment: str
    rows: np.ndarray = field(repr=False)
    weight: np.ndarray = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the group in tables."""
        return self.level, self.name, self.corpus, self.segment


@dataclass
class GroupFit:
    """Slopes of every cell of a panel in one group; NaN where there is none.

    Attributes
    ----------
    lines : dict of str to Line
        One a method, arrays over cells.
    artist_ids : ndarray of int, shape=(n_artists,)
    influence : ndarray, shape=(n_artists, n_cells)
        Error that each artist adds to each slope, squares summing to 1. Times a method's standard error it
        gives the covariance of two groups' slopes that rest on the same artists.
    label_variance : ndarray, shape=(n_cells,)
        Part of the slope's variance that uncertain chords add, each track by itself.
    shared : dict of str to ndarray, shape=(n_draws, n_cells)
        One a method: error that the calibration of engines adds, draw by draw (see `imputation`); its squares
        sum to a part of the line's squared standard error, and `influence` shares out the rest.
    """

    group: Group
    lines: dict[str, Line]
    artist_ids: np.ndarray
    influence: np.ndarray
    label_variance: np.ndarray
    shared: dict[str, np.ndarray]
    correlation: np.ndarray
    n_tracks: np.ndarray
    n_artists: np.ndarray
    n_decades: np.ndarray
    first_year: np.ndarray
    last_year: np.ndarray
    n_sources: np.ndarray
    top_artist_share: np.ndarray
    reason: np.ndarray
    parts: tuple[tuple[str, str, str, str], ...] = ()  # keys of a segment's genres

    @property
    def estimated(self) -> np.ndarray:
        """Which cells have a slope."""
        return self.reason == ""


def list_groups(panel: Panel, options: TrendOptions) -> list[Group]:
    """Every group of a panel, however small, in the order of its keys."""
    groups: list[Group] = []
    n = len(panel.year)
    scopes = [ALL, *panel.corpora] if len(panel.corpora) > 1 else panel.corpora[:1]
    sides = named_sides(panel, options)
    for scope in scopes:
        inside = np.ones(n, bool) if scope == ALL else panel.corpus == panel.corpora.index(scope)
        if scope != ALL:
            rows = np.flatnonzero(inside)
            groups.append(Group("corpus", scope, scope, "", rows, panel.weight[rows]))
        for name, share in _genre_members(panel, np.where(inside, 1.0, 0.0)):
            rows = np.flatnonzero(share)
            groups.append(Group("genre", name, scope, "", rows, (panel.weight * share)[rows]))
        for side, member, allowed in sides:
            share = np.where(inside, member, 0.0)
            rows = np.flatnonzero(share)
            if not len(rows):
                continue
            groups.append(Group("segment", side, scope, side, rows, (panel.weight * share)[rows]))
            for name, part in _genre_members(panel, np.where(share > 0, 1.0, 0.0), allowed):
                rows = np.flatnonzero(part)
                groups.append(Group("part", name, scope, side, rows, (panel.weight * part)[rows]))
    return groups


def named_sides(panel: Panel, options: TrendOptions) -> list[tuple[str, np.ndarray, set[str] | None]]:
    """(name, membership in [0, 1] of each track, genres that count) of pop, niche and every other segment."""
    sides: list[tuple[str, np.ndarray, set[str] | None]] = []
    taken = set()
    for name, given in (("pop", options.pop), ("niche", options.niche)):
        names = (given,) if isinstance(given, str) else tuple(given)
        if len(names) == 1 and names[0] in set(panel.segment):
            sides.append((name, (panel.segment == names[0]).astype(float), None))
            taken.add(names[0])
        else:
            codes = [i for i, g in enumerate(panel.genres) if g in names]
            hits = np.bincount(panel.genre_row[np.isin(panel.genre, codes)], minlength=len(panel.year))
            sides.append((name, hits / np.maximum(panel.n_genres, 1), set(names)))
    for name in sorted(set(panel.segment) - taken - {"", "pop", "niche"}):
        sides.append((name, (panel.segment == name).astype(float), None))
    return sides


def _genre_members(
    panel: Panel, inside: np.ndarray, allowed: set[str] | None = None
) -> Iterator[tuple[str, np.ndarray]]:
    """(genre, share of each track) of the genres that occur among these tracks."""
    share = inside[panel.genre_row] / np.maximum(panel.n_genres, 1)[panel.genre_row]
    order = np.argsort(panel.genre, kind="stable")
    edges = np.searchsorted(panel.genre[order], np.arange(len(panel.genres) + 1))
    for code, name in enumerate(panel.genres):
        pairs = order[edges[code] : edges[code + 1]]
        member = np.zeros(len(panel.year))
        member[panel.genre_row[pairs]] = share[pairs]
        if member.any() and (allowed is None or name in allowed):
            yield name, member


def fit_groups(
    panel: Panel,
    groups: list[Group],
    options: TrendOptions,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[tuple[str, str, str, str], GroupFit]:
    """Slopes of every cell in every group; equal groups share one fit.

    Results do not depend on `jobs`: each group is fitted alone, and they come back in the order given.
    """
    distinct: dict[bytes, Group] = {}
    fingerprint = {}
    for group in groups:
        mark = group.rows.tobytes() + group.weight.tobytes()
        fingerprint[group.key] = mark
        distinct.setdefault(mark, group)
    done: dict[bytes, GroupFit] = {}

    def fit(item: tuple[bytes, Group]) -> tuple[bytes, GroupFit]:
        return item[0], fit_group(panel, item[1], options)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for mark, fitted in pool.map(fit, distinct.items()):
            done[mark] = fitted
            if progress is not None:
                progress(len(done), len(distinct))
    # A segment is made of its genres inside it, a corpus of the genres as they are.
    parts: dict[tuple[str, str, str], list] = {}
    for group in groups:
        whole = {"part": "segment", "genre": "corpus"}.get(group.level)
        if whole:
            parts.setdefault((whole, group.segment, group.corpus), []).append(group.key)
    return {g.key: _renamed(done[fingerprint[g.key]], g, parts.get((g.level, g.segment, g.corpus), [])) for g in groups}


def fit_group(panel: Panel, group: Group, options: TrendOptions) -> GroupFit:
    """Slopes of every cell in one group, by every method of the options."""
    order = np.argsort(panel.artist[group.rows], kind="stable")
    rows, weight = group.rows[order], group.weight[order]
    n_cells = len(panel.cells)
    artist_ids = np.unique(panel.artist[rows])
    lines = {m: _missing_line(n_cells) for m in options.methods}
    numbers: dict[str, Any] = {
        k: np.zeros(n_cells) for k in ("n_tracks", "n_artists", "n_decades", "n_sources", "top_artist_share")
    }
    numbers |= {k: np.full(n_cells, np.nan) for k in ("first_year", "last_year", "correlation")}
    influence = np.zeros((len(artist_ids), n_cells))
    label_variance = np.zeros(n_cells)
    n_draws = 0 if panel.draws is None else len(panel.draws)
    shared = {m: np.zeros((n_draws, n_cells)) for m in options.methods}
    reason = np.full(n_cells, "no track has a value of this measure", dtype=object)
    for cells, present in batch_cells(panel, rows):
        at, w = rows[present], weight[present]
        counted = count_group(panel, at, w)
        for name, number in counted.items():
            numbers[name][cells] = number
        why = lack_of(counted, options)
        design = design_of(panel, at, w, cells[0], options)
        if not why and not design.is_identified:
            why = "years do not vary within any one source"
        reason[cells] = why
        if why:
            continue
        # A constant measure becomes exactly 0, so that its slope and error are too.
        values = panel.value[np.ix_(at, cells)]
        values = values - values[0]
        ols, by_artist = fit_cluster_ols(design, values)
        noise = design.slope_weights**2 @ panel.label_variance[np.ix_(at, cells)]
        label_variance[cells] = noise
        norm = np.sqrt(np.sum(by_artist**2, axis=0))
        place = np.searchsorted(artist_ids, design.cluster_ids)
        influence[np.ix_(place, cells)] = by_artist / np.where(norm > 0, norm, 1)
        drawn = panel.deviations(at, cells)
        for method in options.methods:
            if method == "mixed":
                line, numbers["correlation"][cells] = fit_mixed(design, values)
            elif method == "theil_sen":
                line = fit_theil_sen(design, values)
            else:
                line = ols
            if drawn is not None:
                line, shared[method][:, cells] = fit_draws(_fitter(method, design), values, drawn)
            _fill(lines[method], cells, widen(line, noise))
    return GroupFit(group, lines, artist_ids, influence, label_variance, shared, reason=reason, **numbers)


def _fitter(method: str, design: Design) -> Callable[[np.ndarray], Line]:
    """Values to lines by a method."""
    if method == "mixed":
        return lambda values: fit_mixed(design, values)[0]
    if method == "theil_sen":
        return lambda values: fit_theil_sen(design, values)
    return lambda values: fit_cluster_ols(design, values)[0]


def batch_cells(panel: Panel, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cells that share their tracks and their numbers of events, with the mask of those tracks."""
    if not len(rows):
        return
    finite = np.isfinite(panel.value[rows])
    events = panel.n_events[rows]
    batches: dict[bytes, list[int]] = {}
    for cell in np.flatnonzero(finite.any(axis=0)):
        mark = np.packbits(finite[:, cell]).tobytes() + events[:, cell].tobytes()
        batches.setdefault(mark, []).append(int(cell))
    for members in batches.values():
        cells = np.array(members)
        yield cells, finite[:, cells[0]]


def design_of(panel: Panel, rows: np.ndarray, weight: np.ndarray, cell: int, options: TrendOptions) -> Design:
    """Design matrix of some tracks, sorted by artist, at one cell's numbers of events."""
    length = None
    if options.length_term:
        events = panel.n_events[rows, cell]
        known = np.isfinite(events) & (events > 0)
        if known.any():
            logs = np.log(np.where(known, events, 1))
            length = np.where(known, logs, np.average(logs[known], weights=weight[known]))
    return Design(panel.year[rows] / 10, weight, panel.artist[rows], panel.source[rows], length)


def count_group(panel: Panel, rows: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Tracks, artists, decades, years and sources, and the largest artist's share of the weight."""
    year = panel.year[rows]
    by_artist = np.bincount(panel.artist[rows], weight)
    return {
        "n_tracks": len(rows),
        "n_artists": int(np.count_nonzero(by_artist)),
        "n_decades": len(np.unique(year // 10)),
        "first_year": year.min() if len(rows) else np.nan,
        "last_year": year.max() if len(rows) else np.nan,
        "n_sources": len(np.unique(panel.source[rows])),
        "top_artist_share": by_artist.max() / weight.sum() if len(rows) else np.nan,
    }


def lack_of(counted: dict[str, float], options: TrendOptions) -> str:
    """Why a group gets no slope, in words; '' when it does."""
    n, artists, decades = (int(counted[k]) for k in ("n_tracks", "n_artists", "n_decades"))
    if n == 0:
        return "no track has a value of this measure"
    span = int(counted["last_year"] - counted["first_year"])
    if span == 0:
        what = "the only track is" if n == 1 else f"all {n} tracks are"
        return f"single date: {what} from {int(counted['first_year'])}"
    if decades < options.min_decades or span < options.min_span:
        years = f"{int(counted['first_year'])}-{int(counted['last_year'])}"
        return f"fewer than {options.min_decades} decades: {years}"
    if n < options.min_tracks:
        return f"too few tracks: {n} of {options.min_tracks}"
    if artists < options.min_artists:
        return f"too few artists: {artists} of {options.min_artists}"
    return ""


def widen(line: Line, variance: np.ndarray) -> Line:
    """The same slopes with the variance of uncertain chords added to their error."""
    if not np.any(variance > 0):
        return line
    se = np.sqrt(line.se**2 + variance)
    wider = Line.from_se(line.slope, se, line.df)
    # Sen's interval need not be symmetric: each side grows in quadrature.
    reach = 1.959963984540054**2 * variance
    low = line.slope - np.sqrt((line.slope - line.low) ** 2 + reach)
    high = line.slope + np.sqrt((line.high - line.slope) ** 2 + reach)
    return Line(line.slope, se, line.df, low, high, np.maximum(wider.p, line.p))


def tabulate_coverage(panel: Panel, fits: dict[tuple[str, str, str, str], GroupFit]) -> pd.DataFrame:
    """One row a group, measure and vocabulary: what there is, and why there is no slope if there is none."""
    names = {c: panel.cells[c].to_numpy(object) for c in ("measure", "vocabulary")}
    counts = (
        "n_tracks",
        "n_artists",
        "n_decades",
        "first_year",
        "last_year",
        "n_sources",
        "top_artist_share",
    )
    blocks: list[dict[str, object]] = []
    for (level, name, corpus, segment), fit in fits.items():
        words = {"level": level, "group": name, "corpus": corpus, "segment": segment}
        numbers = {c: getattr(fit, c) for c in (*counts, "reason", "estimated")}
        if len(panel.cells):
            blocks.append({**words, **names, **numbers})
    table = conform(stack_blocks(blocks), COVERAGE_COLUMNS)
    return sort_rows(table, ["level", "group", "corpus", "segment", "measure", "vocabulary"])


def adjusted_values(
    panel: Panel, rows: np.ndarray, weight: np.ndarray, cells: np.ndarray, options: TrendOptions
) -> np.ndarray:
    """Values of some tracks (sorted by artist) with source and length terms taken out."""
    return adjust_values(design_of(panel, rows, weight, cells[0], options), panel.value[np.ix_(rows, cells)])


def _renamed(fit: GroupFit, group: Group, parts: list) -> GroupFit:
    """The same fit under another group's name."""
    return replace(fit, group=group, parts=tuple(parts))


def _missing_line(n: int) -> Line:
    """A line of NaN."""
    return Line(*(np.full(n, np.nan) for _ in range(6)))


def _fill(target: Line, cells: np.ndarray, line: Line) -> None:
    """Write the slopes of some cells into the line of all."""
    for name in ("slope", "se", "df", "low", "high", "p"):
        getattr(target, name)[cells] = getattr(line, name)
