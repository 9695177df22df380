"""Slopes of segments made of genres, and the contrast of pop against niche.

A segment's slope is the mean of the slopes of its genres, each estimated inside the genre, so that a genre
mix that drifts over the decades cannot make a trend (Simpson's paradox). The contrast is the slope of pop
minus that of niche. Slopes that share artists covary; the error of every mean and difference is summed
artist by artist.

How pop and niche can be compared at all is their *identification*:

``within_corpus``
    Some corpus holds both sides: the difference is formed inside each such corpus and combined over corpora
    by a random-effects mean (DerSimonian & Laird 1986).
``overlap``
    Pop comes from one corpus, niche from another, and both transcribe enough of the same songs. How the two
    transcriptions of one song drift apart over the years is measured on these songs and taken out; its
    error stays in.
``between_corpora``
    Neither. Whatever differs between the corpora may look like a contrast; it never supports or contradicts
    a claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from musictrend.trends.groups import ALL, GroupFit
from musictrend.trends.linear import Design, adjust_fdr, fit_cluster_ols, quantile_t, two_sided_p
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel, reference_sd
from musictrend.trends.tables import CONTRAST_COLUMNS, conform, sort_rows

MDES_FACTOR = 2.8  # z(.975) + z(.80): smallest slope found with 80% power
MIN_OVERLAP_SONGS = 20
"""Songs that two corpora must share before their difference is trusted."""

Fits = Mapping[tuple[str, str, str, str], GroupFit]


@dataclass
class Combination:
    """A weighted sum of group slopes, over cells."""

    slope: np.ndarray
    se: np.ndarray
    df: np.ndarray
    error: np.ndarray  # (artists of the panel, then draws; cells): squares sum to se ** 2
    n_tracks: np.ndarray
    n_artists: np.ndarray
    n_groups: np.ndarray


def combine_genres(
    panel: Panel, fits: Fits, key: tuple[str, str, str, str], method: str, pooling: str
) -> Combination | None:
    """Slope of a segment or a corpus, made of the slopes of its genres; None when it has no tracks.

    Where fewer than half of the tracks carry a genre there is no genre mix to hold fixed, and the whole
    counts as one genre.
    """
    whole = fits.get(key)
    if whole is None:
        return None
    parts = [fits[part] for part in whole.parts]
    labelled = np.unique(np.concatenate([f.group.rows for f in parts])) if parts else np.empty(0)
    if pooling == "pooled" or 2 * len(labelled) < len(whole.group.rows):
        return weigh_groups(panel, [whole], np.where(whole.estimated, 1.0, 0.0)[None], method)
    usable = np.array([f.estimated & np.isfinite(f.lines[method].slope) for f in parts], float)
    size = np.ones(len(parts)) if pooling == "equal_genre" else np.array([f.group.weight.sum() for f in parts])
    share = usable * size[:, None]
    total = share.sum(axis=0)
    return weigh_groups(panel, parts, share / np.where(total > 0, total, 1), method)


def weigh_groups(panel: Panel, fits: list[GroupFit], share: np.ndarray, method: str) -> Combination:
    """Sum of slopes times `share` (groups x cells), with the error summed artist by artist, and draw by draw."""
    n_cells = share.shape[1]
    n_draws = 0 if panel.draws is None else len(panel.draws)
    slope, error = np.zeros(n_cells), np.zeros((panel.n_artists + n_draws, n_cells))
    spread, spread_df = np.zeros(n_cells), np.zeros(n_cells)
    counted = np.zeros((len(fits), n_cells), bool)
    for i, (fit, weight) in enumerate(zip(fits, share, strict=True)):
        line = fit.lines[method]
        counted[i] = used = (weight != 0) & np.isfinite(line.slope)
        term = np.where(used, weight, 0.0)
        slope += np.where(used, term * line.slope, 0.0)
        drawn = np.where(used, term * fit.shared[method], 0.0)
        error[panel.n_artists :] += drawn
        common = np.sum(drawn**2, axis=0)
        whole = np.where(used, term * line.se, 0.0) ** 2
        own = np.maximum(whole - common, 0.0)
        error[fit.artist_ids] += fit.influence * (np.sign(term) * np.sqrt(own))
        spread += own
        spread_df += np.maximum(whole**2 / np.where(used, line.df, np.inf) - common**2 / max(n_draws - 1, 1), 0.0)
    between = np.sum(error[panel.n_artists :] ** 2, axis=0)
    spread += between
    spread_df += between**2 / max(n_draws - 1, 1)
    se = np.sqrt(np.sum(error**2, axis=0))
    none = ~counted.any(axis=0)  # no group has a line by this method
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(spread_df > 0, spread**2 / spread_df, np.inf)
    tracks, artists = _count_union(panel, fits, counted)
    slope, se, df = (np.where(none, np.nan, x) for x in (slope, se, df))
    return Combination(slope, se, df, error, tracks, artists, np.sum(share != 0, axis=0))


def _count_union(panel: Panel, fits: list[GroupFit], counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tracks and artists of the groups that count in each cell, each once."""
    if len(fits) == 1:
        return np.where(counted[0], fits[0].n_tracks, 0), np.where(counted[0], fits[0].n_artists, 0)
    tracks = np.zeros((len(panel.year), counted.shape[1]), bool)
    for fit, used in zip(fits, counted, strict=True):
        tracks[fit.group.rows] |= used & np.isfinite(panel.value[fit.group.rows])
    row, cell = np.nonzero(tracks)
    artists = np.zeros((panel.n_artists, counted.shape[1]), bool)
    artists[panel.artist[row], cell] = True
    return tracks.sum(axis=0).astype(float), artists.sum(axis=0).astype(float)


def combine_corpora(
    difference: np.ndarray, se: np.ndarray, df: np.ndarray, errors: list[np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Random-effects mean over corpora (rows) of each cell; missing corpora are NaN.

    Artists that several corpora hold would make these agree by themselves: with `errors` (one array of
    artists x cells a corpus, squares summing to ``se ** 2``) the error of the mean is summed artist by
    artist.

    With three corpora or more the interval widens with their disagreement (Hartung & Knapp, never below the
    plain one) and uses one degree of freedom less than there are corpora; two corpora cannot tell how much
    corpora differ, so only their own errors count.

    Returns
    -------
    mean, se, df, tau, count : ndarray, shape=(n_cells,)
        `tau` is the SD of the true difference between corpora.

    Examples
    --------
    >>> difference, se, df = np.array([[1.0], [1.2], [0.8]]), np.full((3, 1), 0.5), np.full((3, 1), 50.0)
    >>> mean, se, df, tau, count = combine_corpora(difference, se, df)
    >>> float(mean[0].round(3)), float(tau[0]), int(count[0])
    (1.0, 0.0, 3)
    """
    here = np.isfinite(difference) & np.isfinite(se)
    se = np.maximum(se, 1e-12)  # a constant measure has no error
    count = here.sum(axis=0)
    precision = np.where(here, 1 / np.where(here, se, 1) ** 2, 0.0)
    value = np.where(here, difference, 0.0)
    total = precision.sum(axis=0)
    safe = np.where(total > 0, total, 1)
    fixed = (precision * value).sum(axis=0) / safe
    q = (precision * (value - fixed) ** 2).sum(axis=0)
    spread = total - (precision**2).sum(axis=0) / safe
    tau2 = np.where(count > 1, np.maximum(0, (q - (count - 1)) / np.where(spread > 0, spread, 1)), 0.0)
    weight = np.where(here, 1 / (np.where(here, se, 1) ** 2 + tau2), 0.0)
    total = np.where(weight.sum(axis=0) > 0, weight.sum(axis=0), 1)
    mean = (weight * value).sum(axis=0) / total
    share = weight / total
    if errors is None:
        variance = 1 / total
    else:
        joint = sum(s * e for s, e in zip(share, errors, strict=True))
        variance = np.sum(joint**2, axis=0) + tau2 * np.sum(share**2, axis=0)
    stretch = (weight * (value - mean) ** 2).sum(axis=0) / np.maximum(count - 1, 1)
    variance = np.where(count >= 3, variance * np.maximum(stretch, 1), variance)
    own = np.where(here, (weight * np.where(here, se, 0)) ** 2, 0.0)
    portion = own / np.maximum(own.sum(axis=0), 1e-300)
    with np.errstate(divide="ignore"):
        own_df = 1 / (portion**2 / np.where(here, df, np.inf)).sum(axis=0)
    out_df = np.where(count >= 3, np.minimum(count - 1, own_df), own_df)
    empty = count == 0
    mean, se, out_df, tau = (np.where(empty, np.nan, x) for x in (mean, np.sqrt(variance), out_df, np.sqrt(tau2)))
    return mean, se, out_df, tau, count


@dataclass(frozen=True)
class Overlap:
    """Drift between two corpora's versions of the same songs: slope, error and df of (first minus second)."""

    first: str
    second: str
    n_songs: int
    slope: np.ndarray
    se: np.ndarray
    df: np.ndarray


def measure_overlap(
    panel: Panel, songs: pd.DataFrame, first: str, second: str, options: TrendOptions
) -> Overlap | None:
    """How two corpora's scores of shared songs drift apart per decade; None below 20 songs in 2 decades.

    `panel` must hold duplicates too (it is what links the corpora); `songs` has columns row and song.
    """
    code = [panel.corpora.index(first), panel.corpora.index(second)]
    at = panel.corpus[songs["row"].to_numpy()]
    sides = [songs[at == c].drop_duplicates("song").set_index("song")["row"] for c in code]
    shared = sides[0].index.intersection(sides[1].index).sort_values()
    if len(shared) < MIN_OVERLAP_SONGS:
        return None
    a, b = sides[0][shared].to_numpy(), sides[1][shared].to_numpy()
    order = np.argsort(panel.artist[a], kind="stable")
    a, b = a[order], b[order]
    difference = panel.value[a] - panel.value[b]
    n_cells = len(panel.cells)
    slope, se, df = (np.full(n_cells, np.nan) for _ in range(3))
    for cell in range(n_cells):
        rows = np.flatnonzero(np.isfinite(difference[:, cell]))
        year = panel.year[a[rows]]
        if len(rows) < MIN_OVERLAP_SONGS or len(np.unique(year // 10)) < 2 or np.ptp(year) < options.min_span:
            continue
        design = Design(year / 10, np.ones(len(rows)), panel.artist[a[rows]], np.zeros(len(rows), int))
        if len(design.starts) >= options.min_artists and design.is_identified:
            line, _ = fit_cluster_ols(design, difference[rows][:, [cell]])
            slope[cell], se[cell], df[cell] = line.slope[0], line.se[0], line.df[0]
    return Overlap(first, second, len(shared), slope, se, df) if np.isfinite(slope).any() else None


def tabulate_contrasts(
    panel: Panel,
    fits: Fits,
    options: TrendOptions,
    reference: Mapping | pd.DataFrame | None = None,
    overlap: Overlap | None = None,
) -> pd.DataFrame:
    """Pop minus niche for every cell, method and pooling: contrasts.parquet."""
    sd = reference_sd(reference, panel.cells)
    frames = []
    for method in options.methods:
        for pooling in options.poolings:
            frame = _contrast_rows(panel, fits, method, pooling, overlap)
            if frame is not None:
                frames.append(_judge_rows(frame.assign(method=method, pooling=pooling), sd, options))
    if not frames:
        return conform(None, CONTRAST_COLUMNS)
    table = pd.concat(frames, ignore_index=True)
    table = table[table["difference_per_decade"].notna() & table["se"].notna()].copy()
    table["pop"], table["niche"] = (_name(x) for x in (options.pop, options.niche))
    # Families as tested: poolings apart, so that the misleading pooled rows cannot help the others.
    table["q"] = table.groupby(["vocabulary", "method", "pooling"])["p"].transform(lambda p: adjust_fdr(p.to_numpy()))
    return sort_rows(conform(table, CONTRAST_COLUMNS), ["measure", "vocabulary", "method", "pooling"])


def _contrast_rows(panel: Panel, fits: Fits, method: str, pooling: str, overlap: Overlap | None) -> pd.DataFrame | None:
    """Estimates of one method and pooling by the best identification of each cell."""
    scope = ALL if len(panel.corpora) > 1 else (panel.corpora or [""])[0]

    def side(name: str, corpus: str) -> Combination | None:
        return combine_genres(panel, fits, ("segment", name, corpus, name), method, pooling)

    pairs: dict[str, tuple[Combination, Combination]] = {}
    for corpus in dict.fromkeys([*panel.corpora, scope]):
        pop, niche = side("pop", corpus), side("niche", corpus)
        if pop is not None and niche is not None:
            pairs[corpus] = pop, niche
    if scope not in pairs:
        return None
    n_cells = len(panel.cells)
    both = [c for c in panel.corpora if c in pairs]
    stacked = [_difference(*pairs[c]) for c in both] or [(np.full(n_cells, np.nan),) * 3]
    table = np.array(stacked)  # (corpora, 3, cells)
    errors = [np.nan_to_num(pairs[c][0].error - pairs[c][1].error) for c in both] or None
    mean, se, df, tau, count = combine_corpora(table[:, 0], table[:, 1], table[:, 2], errors)
    kind = np.where(np.isfinite(mean), "within_corpus", "").astype(object)
    held = np.isfinite(table[:, 0])
    names = np.array(
        [";".join(c for c, h in zip(both, held[:, i], strict=False) if h) for i in range(n_cells)],
        dtype=object,
    )
    pop_slope, niche_slope, numbers = _side_means(pairs, both, held, n_cells)
    if overlap is not None:
        pop, niche = side("pop", overlap.first), side("niche", overlap.second)
        if pop is not None and niche is not None:
            d, e, f = _difference(pop, niche)
            d, e2 = d - overlap.slope, e**2 + overlap.se**2
            f = e2**2 / (e**4 / f + overlap.se**4 / overlap.df)
            use = (kind == "") & np.isfinite(d)
            mean, se, df = np.where(use, d, mean), np.where(use, np.sqrt(e2), se), np.where(use, f, df)
            kind[use], names[use] = "overlap", f"{overlap.first};{overlap.second}"
            _take((pop, niche), use, pop_slope, niche_slope, numbers)
    d, e, f = _difference(*pairs[scope])
    use = (kind == "") & np.isfinite(d)
    mean, se, df = np.where(use, d, mean), np.where(use, e, se), np.where(use, f, df)
    kind[use], names[use] = "between_corpora", ";".join(panel.corpora)
    _take(pairs[scope], use, pop_slope, niche_slope, numbers)
    return panel.cells[["measure", "vocabulary", "facet"]].assign(
        identification=kind, difference_per_decade=mean, se=se, df=df,
        pop_slope=pop_slope, niche_slope=niche_slope,
        n_corpora=np.where(kind == "within_corpus", count, [len(n.split(";")) for n in names]),
        tau=np.where((kind == "within_corpus") & (count > 1), tau, np.nan), corpora=names, **numbers,
    )  # fmt: skip


def _difference(pop: Combination, niche: Combination) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Difference of two segments, its error with shared artists counted once, and its degrees of freedom."""
    se = np.sqrt(np.sum((pop.error - niche.error) ** 2, axis=0))
    slope = pop.slope - niche.slope
    with np.errstate(divide="ignore", invalid="ignore"):
        split = pop.se**2 + niche.se**2
        df = split**2 / (pop.se**4 / pop.df + niche.se**4 / niche.df)
    df = np.where(np.isfinite(df), df, np.inf)
    return slope, np.where(np.isfinite(slope), se, np.nan), np.where(np.isfinite(slope), df, np.nan)


def _side_means(
    pairs: dict[str, tuple[Combination, Combination]], both: list[str], held: np.ndarray, n_cells: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Slopes of the two sides (plain mean over the corpora used) and their counts."""
    slopes, numbers = [np.full(n_cells, np.nan), np.full(n_cells, np.nan)], {}
    for which, name in enumerate(("pop", "niche")):
        tracks, artists = np.zeros(n_cells), np.zeros(n_cells)
        total, used = np.zeros(n_cells), np.zeros(n_cells)
        for i, corpus in enumerate(both):
            side = pairs[corpus][which]
            use = held[i]
            total += np.where(use, side.slope, 0)
            used += use
            tracks += np.where(use, side.n_tracks, 0)
            artists += np.where(use, side.n_artists, 0)
        slopes[which] = np.where(used > 0, total / np.maximum(used, 1), np.nan)
        numbers[f"n_{name}"], numbers[f"n_{name}_artists"] = tracks, artists
    return slopes[0], slopes[1], numbers


def _take(pair: tuple, use: np.ndarray, pop_slope: np.ndarray, niche_slope: np.ndarray, numbers: dict) -> None:
    """Write two sides' slopes and counts where `use` holds."""
    for name, side, slope in (("pop", pair[0], pop_slope), ("niche", pair[1], niche_slope)):
        slope[use] = side.slope[use]
        numbers[f"n_{name}"][use] = side.n_tracks[use]
        numbers[f"n_{name}_artists"][use] = side.n_artists[use]


def _judge_rows(frame: pd.DataFrame, sd: np.ndarray, options: TrendOptions) -> pd.DataFrame:
    """Intervals, p, equivalence and power; SD units from the frozen reference alone."""
    d, se, df = (frame[c].to_numpy(float) for c in ("difference_per_decade", "se", "df"))
    half = quantile_t(0.975, df) * se
    p_equivalence = equivalence_p(d, se, df, options.sesoi * sd)
    equivalent = pd.array(p_equivalence < 0.05, dtype="boolean")
    equivalent[np.isnan(p_equivalence)] = pd.NA
    return frame.assign(
        low=d - half, high=d + half, p=two_sided_p(d, se, df),
        p_equivalence=p_equivalence, equivalent=equivalent,
        mdes=MDES_FACTOR * se, mdes_sd=MDES_FACTOR * se / sd, difference_sd_per_decade=d / sd,
        low_sd=(d - half) / sd, high_sd=(d + half) / sd,
    )  # fmt: skip


def equivalence_p(estimate: np.ndarray, se: np.ndarray, df: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """P of two one-sided tests: small when the truth lies within ``-bound`` and ``bound``.

    Examples
    --------
    >>> equivalence_p(np.array([0.0]), np.array([0.01]), np.array([np.inf]), np.array([0.1])).round(3)
    array([0.])
    """
    df = np.where(np.isinf(df), 1e12, df)
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = (estimate + bound) / se, (estimate - bound) / se
    return np.maximum(stdtr(df, -below), stdtr(df, above))


def _name(side: str | tuple[str, ...]) -> str:
    """A side's name as text."""
    return side if isinstance(side, str) else ";".join(side)
