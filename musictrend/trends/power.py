"""What a corpus can tell before anything is scored: the smallest slope or contrast it would find.

Trends of pure noise are estimated on the corpus as it stands: values with SD 1 inside a group, 30% of whose
variance lies between artists (Billboard's measures lie between 20% and 40%). The error of those slopes,
through the very estimator that the run will use, gives the minimal detectable effect (80% power at p < .05:
2.8 standard errors), in SD per decade. Once there are scores, their own errors replace the assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from musictrend.trends.contrasts import tabulate_contrasts
from musictrend.trends.estimation import tabulate_trends
from musictrend.trends.groups import fit_groups, list_groups, tabulate_coverage
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import Panel, build_panel, usable_tracks
from musictrend.trends.tables import POWER_COLUMNS, conform, sort_rows

RESIDUAL_SD, ARTIST_SHARE, N_DRAWS = 1.0, 0.3, 40
_MOVES = (
    ("single date", "give each track its own year, or add music of other decades"),
    ("fewer than", "add music of other decades"),
    ("too few tracks", "add tracks, or merge small genres with [genres] in corpus.toml"),
    ("too few artists", "add artists, or fill the artist column"),
    ("years do not vary", "within each source the years must differ: add other years from the same source"),
    ("no track", "see the problems: nothing could be scored here"),
    ("one side only", "name the other side under [segments] in corpus.toml, or add a corpus that holds both"),
    ("between corpora", "add a corpus that holds both sides, or songs that both corpora share"),
)


def power_table(
    tracks: pd.DataFrame,
    scores: pd.DataFrame | None = None,
    options: TrendOptions | None = None,
    reference: pd.DataFrame | Mapping | None = None,
) -> pd.DataFrame:
    """Which slopes and contrasts a corpus can carry, and how small a trend each would find.

    Parameters
    ----------
    tracks : DataFrame
        Columns of tracks.parquet; before anything is scored these are all that is needed.
    scores : DataFrame, optional
        Tidy scores; with `reference` they replace the assumed SD and artist share.
    options : TrendOptions, optional
    reference : DataFrame or mapping, optional

    Returns
    -------
    power : DataFrame
        One row a segment, genre and corpus (kind ``slope``) and one for the contrast: tracks, artists,
        decades, ``mdes_sd`` (SD per decade), whether it is testable, and if not, why and what to do next.
        ``basis`` is ``assumed`` or ``scores`` (median over the measures at the main vocabulary).

    Examples
    --------
    >>> tracks = pd.DataFrame({
    ...     "track_id": [f"t{i}" for i in range(300)], "corpus": "c", "segment": "pop",
    ...     "artist_id": [f"a{i % 100}" for i in range(300)], "year": 1960 + np.arange(300) % 40})
    >>> power = power_table(tracks)
    >>> power[["kind", "group", "testable"]].values.tolist()
    [['contrast', 'pop-niche', False], ['slope', 'c', True], ['slope', 'pop', True]]
    >>> power["reason"][0]
    'one side only: no track of niche'
    """
    options = (options or TrendOptions()).varied(methods=("mixed",), poolings=("equal_genre", "pooled"))
    panel, basis = None, "assumed"
    if scores is not None and len(scores) and reference is not None:
        panel = build_panel(scores, tracks, options)
        panel = panel.keep_cells((panel.cells["vocabulary"] == options.main_vocabulary).to_numpy())
        basis = "scores"
    if panel is None or not len(panel.cells):
        panel, basis = _noise_panel(tracks, options), "assumed"
        options = options.varied(length_term=False)
        reference = {(m, v): RESIDUAL_SD for m, v in panel.cells[["measure", "vocabulary"]].to_numpy()}
    groups = list_groups(panel, options)
    fits = fit_groups(panel, groups, options)
    trends = tabulate_trends(panel, fits, options, reference)
    rows = []
    coverage = tabulate_coverage(panel, fits)
    for (level, name, corpus), part in coverage[coverage["level"] != "part"].groupby(
        ["level", "group", "corpus"], sort=True
    ):
        best = part.sort_values("n_tracks", ascending=False, kind="stable").iloc[0]
        pooling = "equal_genre" if level == "segment" else "pooled"
        here = trends[(trends["level"] == level) & (trends["group"] == name) & (trends["corpus"] == corpus)
                      & (trends["pooling"] == pooling)]  # fmt: skip
        reason = "" if len(here) else (best["reason"] or "no genre is large enough to be followed on its own")
        rows.append({
            **best[["level", "group", "corpus", "n_tracks", "n_artists", "n_decades"]],
            **best[["first_year", "last_year"]],
            "kind": "slope",
            "mdes_sd": _typical(here["mdes"] / here["slope_per_decade"] * here["slope_sd_per_decade"]),
            "testable": bool(len(here)), "reason": reason,
        })  # fmt: skip
    rows.append(_contrast_row(panel, fits, tracks, options, reference))
    table = pd.DataFrame(rows).assign(basis=basis)
    table["next_move"] = [_next_move(r) for r in table["reason"]]
    return sort_rows(conform(table, POWER_COLUMNS), ["kind", "level", "group", "corpus"])


def _contrast_row(panel: Panel, fits: Mapping, tracks: pd.DataFrame, options: TrendOptions, reference: Any) -> dict:
    """The row of pop against niche."""
    row: dict[str, object] = {"kind": "contrast", "level": "segment", "group": "pop-niche", "corpus": ""}
    contrasts = tabulate_contrasts(panel, fits, options.varied(poolings=("equal_genre",)), reference)
    absent = missing_sides(fits)
    if absent:
        return row | {
            "testable": False,
            "reason": "one side only: no track of " + " and none of ".join(absent),
        }
    if not len(contrasts):
        return row | {
            "testable": False,
            "reason": "one side only: no slope on " + ", ".join(_without_slope(fits)),
        }
    first = contrasts.iloc[0]
    between = (contrasts["identification"] == "between_corpora").all()
    return row | {
        "corpus": first["corpora"], "identification": first["identification"],
        "n_tracks": first["n_pop"] + first["n_niche"],
        "n_artists": first["n_pop_artists"] + first["n_niche_artists"],
        "mdes_sd": _typical(contrasts["mdes_sd"]), "testable": not between,
        "reason": "between corpora: no corpus holds both pop and niche" if between else "",
    }  # fmt: skip


def missing_sides(fits: Mapping) -> list[str]:
    """Which of pop and niche no usable track belongs to."""
    present = {name for level, name, _, _ in fits if level == "segment"}
    return [side for side in ("pop", "niche") if side not in present]


def _without_slope(fits: Mapping) -> list[str]:
    """Sides whose slope cannot be estimated."""
    able = {key[1] for key, fit in fits.items() if key[0] == "segment" and fit.estimated.any()}
    return [side for side in ("pop", "niche") if side not in able] or ["pop or niche, within genres"]


def _noise_panel(tracks: pd.DataFrame, options: TrendOptions) -> Panel:
    """The corpus with noise for scores: `N_DRAWS` measures, artists' share as stated."""
    used = usable_tracks(tracks).sort_values("track_id", kind="stable")
    empty = build_panel(None, used, options)
    n = len(used)
    if not n:
        return empty
    rng = np.random.default_rng(0)
    artists = rng.standard_normal((empty.n_artists, N_DRAWS))[empty.artist] * np.sqrt(ARTIST_SHARE)
    values = artists + rng.standard_normal((n, N_DRAWS)) * np.sqrt(1 - ARTIST_SHARE)
    scores = pd.DataFrame({
        "track_id": np.repeat(empty.track_id, N_DRAWS),
        "measure": np.tile([f"noise{i:02d}" for i in range(N_DRAWS)], n),
        "vocabulary": "", "value": values.reshape(-1) * RESIDUAL_SD,
    })  # fmt: skip
    return build_panel(scores, used, options)


def _typical(mdes: pd.Series) -> float:
    """Median over measures; NaN when there is none."""
    return float(mdes.abs().median()) if mdes.notna().any() else float("nan")


def _next_move(reason: str) -> str:
    """What to do about a reason."""
    return next((move for start, move in _MOVES if str(reason).startswith(start)), "")
