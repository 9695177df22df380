"""One question from Python: did pop and niche go different ways?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from musictrend.errors import ParameterError
from musictrend.trends.contrasts import tabulate_contrasts
from musictrend.trends.estimation import find_overlap, tabulate_trends
from musictrend.trends.groups import fit_groups, list_groups
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import build_panel, usable_tracks
from musictrend.trends.tables import CONTRAST_COLUMNS, TREND_COLUMNS, conform


@dataclass(frozen=True)
class Contrast:
    """Pop minus niche, per decade, for each measure.

    Attributes
    ----------
    table : DataFrame
        Rows of contrasts.parquet: one a measure, vocabulary, method and pooling.
    trends : DataFrame
        The slopes of the two sides.
    reason : str
        Why there is no contrast; '' when there is one.
    """

    table: pd.DataFrame
    trends: pd.DataFrame = field(repr=False)
    reason: str = ""

    def summary(self) -> str:
        """One line a measure, by the first method and within genres."""
        if self.reason:
            return f"no contrast: {self.reason}"
        lines = []
        for row in self.primary().to_dict("records"):
            in_sd = row["difference_sd_per_decade"]
            sd = "" if pd.isna(in_sd) else f" = {in_sd:+.3f} SD"
            same = ", equivalent" if row["equivalent"] is True else ""
            lines.append(
                f"{row['measure']}: {row['difference_per_decade']:+.4g} per decade{sd} "
                f"(95% {row['low']:.4g} to {row['high']:.4g}, q {row['q']:.3f}{same}); "
                f"{row['pop']} {row['pop_slope']:+.4g}, {row['niche']} {row['niche_slope']:+.4g}; "
                f"{row['identification']}"
            )
        return "\n".join(lines)

    def primary(self) -> pd.DataFrame:
        """The rows that speak first: first method, ``equal_genre``."""
        if not len(self.table):
            return self.table
        method = next(m for m in TrendOptions().methods if (self.table["method"] == m).any())
        rows = self.table[self.table["method"] == method]
        pooling = next(p for p in ("equal_genre", "standardised", "pooled") if (rows["pooling"] == p).any())
        return rows[rows["pooling"] == pooling].reset_index(drop=True)

    def plot(self, **options: Any) -> Any:
        """Differences with their intervals, as a matplotlib figure (needs the report layer)."""
        from musictrend.report.figures import plot_contrast

        return plot_contrast(self.table, **options)


def contrast(
    scores: pd.DataFrame,
    tracks: pd.DataFrame,
    pop: str | Sequence[str] = "pop",
    niche: str | Sequence[str] = "niche",
    vocabulary: str | None = "sevenths",
    measures: Sequence[str] | None = None,
    reference: pd.DataFrame | Mapping | None = None,
    seed: int = 0,
    draws: pd.DataFrame | None = None,
    **options: Any,
) -> Contrast:
    """Contrast of two sides over decades: slope of pop minus mean slope of the niche genres.

    Parameters
    ----------
    scores : DataFrame
        Tidy scores: track_id, measure, vocabulary, value and, where known, low, high, n_events, facet.
    tracks : DataFrame
        Columns of tracks.parquet.
    pop, niche : str or sequence of str
        A segment, or genres: ``contrast(..., pop="Sertanejo", niche=["MPB", "Samba"])``.
    vocabulary : str or None
        None: every vocabulary.
    measures : sequence of str, optional
        Every measure by default.
    reference : DataFrame (measure, vocabulary, sd) or mapping, optional
        Frozen reference sample for SD units and equivalence.
    seed : int
        Accepted for symmetry with the other stages; nothing here is drawn at random.
    draws : DataFrame, optional
        The rows of draws.parquet, where chords come from a calibrated engine.
    **options
        Fields of `TrendOptions`: methods, poolings, min_tracks, length_term, ...

    Returns
    -------
    contrast : Contrast
        With an empty table and a `reason` when a side is missing.

    Raises
    ------
    ParameterError
        No score of this vocabulary or of these measures.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> n = 800
    >>> segment = np.where(np.arange(n) % 2, "pop", "niche")
    >>> tracks = pd.DataFrame({
    ...     "track_id": [f"t{i}" for i in range(n)], "corpus": "c", "segment": segment,
    ...     "artist_id": [f"a{i % 200}" for i in range(n)], "year": 1960 + np.arange(n) // 2 % 50})
    >>> value = np.where(segment == "pop", -0.3, 0.1) * tracks["year"] / 10 + rng.normal(size=n)
    >>> scores = pd.DataFrame({
    ...     "track_id": tracks["track_id"], "measure": "mtld", "vocabulary": "sevenths", "value": value})
    >>> found = contrast(scores, tracks)
    >>> row = found.primary().iloc[0]
    >>> bool(row["low"] < -0.4 < row["high"]), row["identification"]
    (True, 'within_corpus')
    """
    chosen = scores
    if vocabulary is not None:
        known = sorted(scores["vocabulary"].dropna().astype(str).unique())
        if vocabulary not in known:
            raise ParameterError(f"vocabulary={vocabulary!r} is not in the scores; there: {', '.join(known) or 'none'}")
        chosen = chosen[(chosen["vocabulary"] == vocabulary).to_numpy()]
    if measures is not None:
        known = sorted(chosen["measure"].dropna().astype(str).unique())
        for name in measures:
            if name not in known:
                raise ParameterError(f"measure {name!r} is not in the scores; there: {', '.join(known) or 'none'}")
        chosen = chosen[chosen["measure"].isin(list(measures)).to_numpy()]
    settings = TrendOptions.from_mapping(options).varied(pop=_side(pop), niche=_side(niche))
    panel = build_panel(chosen, tracks, settings, draws=draws)
    groups = [g for g in list_groups(panel, settings) if g.segment in ("pop", "niche")]
    fits = fit_groups(panel, groups, settings)
    table = tabulate_contrasts(
        panel, fits, settings, reference, find_overlap(chosen, tracks, panel, fits, settings, draws)
    )
    reason = "" if len(table) else explain_missing(fits, tracks)
    return Contrast(
        conform(table, CONTRAST_COLUMNS),
        conform(tabulate_trends(panel, fits, settings, reference), TREND_COLUMNS),
        reason,
    )


def explain_missing(fits: Mapping, tracks: pd.DataFrame) -> str:
    """Why pop and niche cannot be contrasted, in words."""
    if not len(usable_tracks(tracks)):
        return "no usable track has a year"
    missing = [s for s in ("pop", "niche") if not any(k[0] == "segment" and k[1] == s for k in fits)]
    if missing:
        return f"one side only: no usable track of {' or '.join(missing)}"
    for (level, name, _, _), fit in fits.items():
        if level == "segment" and not fit.estimated.any():
            return f"{name}: {max(fit.reason, key=len, default='no score')}"
    return "no genre is large enough on both sides to be followed on its own"


def _side(given: str | Sequence[str]) -> str | tuple[str, ...]:
    """A side as the options hold it."""
    return given if isinstance(given, str) else tuple(given)
