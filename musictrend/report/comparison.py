"""Two runs side by side: what sets them apart, and whether their slopes differ by more than chance.

Slopes are compared at one specification that both runs have. Runs of different tracks are independent: the
errors of two slopes add up. Runs of (nearly) the same tracks are not: there each track's two scores are
subtracted, and the slope of that difference is estimated as the trends stage does it, artists as clusters and the
errors of estimated chords draw by draw. Families of tests are corrected as in the trends stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musictrend.errors import ParameterError
from musictrend.report.selection import (
    POOLINGS,
    VOCABULARIES,
    choose_vocabulary,
    list_measures,
    order_methods,
    rank,
    read_bound,
)
from musictrend.report.tables import RunTables
from musictrend.report.words import clean

LEVELS = {"contrast": "equal_genre", "segment": "equal_genre", "genre": "pooled", "corpus": "equal_genre"}
"""Levels that are compared, with the pooling that speaks first; ``contrast`` is pop minus niche."""
WHOLE = "all tracks"
PAIRED_FROM = 0.9
"""Share of the tracks of either run that both must hold before tracks are compared one by one."""
ALPHA = 0.05
_SPEC = ["level", "group", "measure", "vocabulary", "method", "pooling"]


@dataclass(frozen=True)
class Sharing:
    """What two runs have in common: usable tracks of each, and how many of them (and artists) are in both."""

    n_this: int
    n_other: int
    n_tracks: int
    n_artists: int
    corpora: tuple[str, ...]
    engines: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether the runs hold nearly the same tracks, so that tracks can be compared one by one."""
        return self.n_tracks > 0 and self.n_tracks >= PAIRED_FROM * max(self.n_this, self.n_other)


@dataclass(frozen=True)
class Comparison:
    """Two runs compared.

    Attributes
    ----------
    name : str
        What the other run is called.
    settings : list of (str, str, str)
        What differs, here, there.
    sharing : Sharing
    rows : DataFrame
        One row a level, group and measure: both slopes, their difference (this minus other) with interval, p, q;
        ``clear_this``, ``clear_other``: whether a slope stands in its own run, all of its family counted.
    only_this, only_other : dict
        ``genres`` and ``measures`` that one run has a slope of and the other not.
    paired : bool
        Whether differences were taken track by track.
    bound : float
        The equivalence bound in SD a decade: the smaller of the two runs'.
    rescaled : bool
        Whether the two runs' SD units differ.
    """

    name: str
    settings: list[tuple[str, str, str]]
    sharing: Sharing
    rows: pd.DataFrame
    only_this: dict[str, list[str]]
    only_other: dict[str, list[str]]
    paired: bool
    bound: float
    rescaled: bool


def compare_runs(this: RunTables, other: RunTables) -> Comparison:
    """Compare two runs: settings, tracks, and slopes by group and measure.

    Parameters
    ----------
    this, other : RunTables
        ``this`` decides method and vocabulary where both runs have several.

    Returns
    -------
    comparison : Comparison
        ``rows`` has level, group, measure, vocabulary, method, pooling; estimate, low, high, n of each run
        (``_this``, ``_other``; the measure's unit a decade); difference, low, high and the same in SD (``_sd``);
        p, q (Benjamini-Hochberg within level, vocabulary, method and pooling), n_shared, and finding: ``differ``
        (q < 0.05), ``equivalent`` (inside the bound), ``same`` (to the last digit) or ``inconclusive``.

    Examples
    --------
    >>> from musictrend.report.tables import with_columns
    >>> def run(slope):
    ...     trends = [{"level": "genre", "group": "jazz", "corpus": "c", "measure": "mtld", "vocabulary": "full",
    ...                "method": "cluster_ols", "pooling": "pooled", "slope_per_decade": slope, "low": slope - 0.2,
    ...                "high": slope + 0.2, "slope_sd_per_decade": slope, "n_tracks": 90}]
    ...     return RunTables(with_columns(pd.DataFrame({"track_id": []}), "tracks"), trends=pd.DataFrame(trends))
    >>> rows = compare_runs(run(0.8), run(0.3)).rows
    >>> rows[["group", "difference", "finding"]].values.tolist()
    [['jazz', 0.5, 'differ']]
    """
    sharing = _share(this, other)
    bound = min(read_bound(this), read_bound(other))
    both = _collect(this).merge(_collect(other), on=_SPEC, suffixes=("_this", "_other"))
    rows = _choose(this, both)
    paired = _pair(this, other, rows) if sharing.is_same and len(rows) else None
    rows = _differ(rows, paired, bound)
    rows["n_shared"] = _count_shared(this, other, rows)
    factors = rows["sd_factor_this"] / rows["sd_factor_other"]
    place = rank(rows["measure"], list_measures(this)), rank(rows["level"], list(LEVELS))
    rows = rows.assign(_m=place[0], _l=place[1]).sort_values(["_m", "_l", "group"], kind="stable")
    return Comparison(
        name=_name(this, other),
        settings=list_settings(this, other),
        sharing=sharing,
        rows=rows.drop(columns=["_m", "_l"]).reset_index(drop=True),
        only_this=_list_only(this, other),
        only_other=_list_only(other, this),
        paired=paired is not None,
        bound=bound,
        rescaled=bool((np.abs(factors.dropna() - 1) > 1e-6).any()),
    )


def compare_tables(tables: RunTables) -> Comparison:
    """Compare a run with the one that stands beside it; worked out once."""
    if tables.beside is None:
        raise ParameterError("no run stands beside this one; name it with compare, or --compare RUN")
    if "comparison" not in tables.memory:
        tables.memory["comparison"] = compare_runs(tables, tables.beside)
    return tables.memory["comparison"]


def list_settings(this: RunTables, other: RunTables) -> list[tuple[str, str, str]]:
    """What differs between two runs beside their numbers: name, here, there."""
    pairs = zip(_describe(this).items(), _describe(other).items(), strict=True)
    found = [(name, here, there) for (name, here), (_, there) in pairs if here != there]
    corpora = [{str(c.get("name")): c for c in _dicts(one.run.get("corpora"))} for one in (this, other)]
    for corpus in sorted(set(corpora[0]) & set(corpora[1])):
        for key, words in (("segments", "segments"), ("transcription", "transcription"), ("reader", "reader")):
            here, there = (str(side[corpus].get(key) or "not stated") for side in corpora)
            found += [(f"{words} of {corpus}", here, there)] if here != there else []
    for name, here, there in _zip_named(this.run.get("inputs"), other.run.get("inputs")):
        found.append((f"listing of {name}", f"hash {here[:8]}", f"hash {there[:8]}"))
    for name, here, there in _zip_named(*(_flat(one.run.get("config")) for one in (this, other))):
        told = name in ("seed", "title") or (name == "engine" and any(row[0] == "engines" for row in found))
        found += [] if told else [(f"option {name}", here or "none", there or "none")]
    versions = _zip_named(this.run.get("packages"), other.run.get("packages"))
    versions = [row for row in versions if row[0] != "musictrend"]
    if versions:
        here, there = (", ".join(f"{row[0]} {row[side]}" for row in versions) for side in (1, 2))
        found.append(("packages", here, there))
    return [(clean(name, 80), clean(here, 300), clean(there, 300)) for name, here, there in found]


def _describe(tables: RunTables) -> dict[str, str]:
    """What can be said of a run in a line each."""
    tracks, run = tables.usable, tables.run
    years = tracks["year"].dropna()
    engines, calibrated = _dicts(run.get("engines")), _flat_dates(run.get("calibration"))
    return {
        "musictrend": str(run.get("version") or "not stated"),
        "seed": str(run.get("seed", "not stated")),
        "corpora": ", ".join(sorted(map(str, tracks["corpus"].dropna().unique()))) or "none",
        "tracks that count": str(len(tracks)),
        "artists": str(tracks["artist_id"].nunique()),
        "years": f"{int(years.min())} to {int(years.max())}" if len(years) else "none",
        "years are those of": ", ".join(sorted(map(str, tracks["year_kind"].dropna().unique()))) or "not stated",
        "chords come from": ", ".join(sorted(map(str, tracks["source_kind"].dropna().unique()))) or "not stated",
        "engines": ", ".join(f"{e.get('name')} ({e.get('version', 'no version')})" for e in engines)
        or "none: chords as written",
        "calibration": calibrated or "none",
        "too small to matter": f"{read_bound(tables):.2f} SD a decade",
        "music": {"": "real", "SYNTHETIC": "SYNTHETIC"}.get(tables.mark, "part SYNTHETIC"),
    }  # fmt: skip


def _flat_dates(value: Any) -> str:
    """Calibrations by engine and date."""
    rows = sorted(value.items()) if isinstance(value, dict) else []
    return ", ".join(f"{name} of {said.get('date', 'no date')}" for name, said in rows if isinstance(said, dict))


def _flat(value: Any, before: str = "") -> dict[str, str]:
    """Options as text by name; those inside options with a dot."""
    if not isinstance(value, dict):
        return {}
    found: dict[str, str] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            found |= _flat(item, f"{before}{name}.")
        else:
            found[before + str(name)] = ", ".join(map(str, item)) if isinstance(item, list | tuple) else str(item)
    return found


def _zip_named(here: Any, there: Any) -> list[tuple[str, str, str]]:
    """Values that differ between two mappings, by names that both have."""
    sides = [side if isinstance(side, dict) else {} for side in (here, there)]
    pairs = [(str(name), str(sides[0][name]), str(sides[1][name])) for name in sides[0] if name in sides[1]]
    return sorted(pair for pair in pairs if pair[1] != pair[2])


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _name(this: RunTables, other: RunTables) -> str:
    """What to call the other run: its corpora where they differ, else its folder."""
    names = [sorted(map(str, one.usable["corpus"].dropna().unique())) for one in (this, other)]
    if names[0] != names[1] and 0 < len(names[1]) <= 3:
        return clean(", ".join(names[1]), 60)
    return clean(other.folder.name if other.folder is not None else "the other run", 60)


def _keys(tables: RunTables) -> tuple[pd.Series, pd.Series]:
    """Usable tracks by id, with their song where it is known."""
    tracks = tables.usable
    song = tracks["song_id"] if "song_id" in tracks else pd.Series("", index=tracks.index)
    ids = tracks["corpus"].astype(str) + "\0" + tracks["track_id"].astype(str)
    return ids, song.astype("object").where(song.notna(), "").astype(str)


def _match(this: RunTables, other: RunTables) -> pd.DataFrame:
    """Tracks of both runs, by id or else by song: ``track_id`` here, ``track_id_other`` there; each once."""
    (ids, songs), (other_ids, other_songs) = _keys(this), _keys(other)
    by_id = dict(zip(other_ids, other.usable["track_id"].astype(str), strict=True))
    named = (other_songs != "") & ~other_songs.duplicated(keep=False)
    by_song = dict(zip(other_songs[named], other.usable["track_id"].astype(str)[named], strict=True))
    rows = [
        (track_id, by_id.get(key) or (by_song.get(song) if song else None))
        for track_id, key, song in zip(this.usable["track_id"].astype(str), ids, songs, strict=True)
    ]
    found = pd.DataFrame(rows, columns=["track_id", "track_id_other"]).dropna()
    return found.drop_duplicates("track_id_other").reset_index(drop=True)


def _share(this: RunTables, other: RunTables) -> Sharing:
    """What the runs have in common."""

    def names(tables: RunTables, column: str) -> set[str]:
        return {str(x) for x in tables.usable[column].dropna().unique() if str(x) and not str(x).startswith("unknown:")}

    engines = [{str(e.get("name")) for e in _dicts(one.run.get("engines"))} for one in (this, other)]
    return Sharing(
        len(this.usable),
        len(other.usable),
        len(_match(this, other)),
        len(names(this, "artist_id") & names(other, "artist_id")),
        tuple(sorted(names(this, "corpus") & names(other, "corpus"))),
        tuple(sorted(engines[0] & engines[1])),
    )


def _collect(tables: RunTables) -> pd.DataFrame:
    """Slopes and contrasts of a run that can be compared: one row a specification of each group as a whole."""
    trends = tables.trends[tables.trends["slope_per_decade"].notna() & tables.trends["level"].isin(list(LEVELS))]
    whole = trends["corpus"].astype("object").fillna("").astype(str) == "all"
    key = trends["level"].astype(str) + "\0" + trends["group"].astype(str)
    single = key.map(trends["corpus"].astype("object").fillna("").groupby(key).nunique()) == 1
    of_corpus = trends["level"] == "corpus"
    alone = trends.loc[of_corpus, "group"].nunique() == 1
    trends = trends[(whole | single) & (~of_corpus | alone)].copy()
    trends.loc[trends["level"] == "corpus", "group"] = WHOLE
    trends["pooling"] = trends["pooling"].astype("object").where(trends["pooling"].notna(), "pooled")
    slopes = _numbers(trends, "slope_per_decade", "slope_sd_per_decade")
    rows = tables.contrasts[tables.contrasts["difference_per_decade"].notna()].copy()
    rows["level"], rows["group"] = "contrast", "pop minus niche"
    if {"n_pop", "n_niche"} <= set(rows):
        rows["n_tracks"] = pd.to_numeric(rows["n_pop"]) + pd.to_numeric(rows["n_niche"])
    parts = [slopes, _numbers(rows, "difference_per_decade", "difference_sd_per_decade")]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    keep = (table["pooling"] == table["level"].map(LEVELS)) | (table["level"] == "contrast")
    # One genre alone has no mix to hold fixed: where the pooling that speaks first is missing, pooled stands for it.
    spare = (table["pooling"] == "pooled") & ~table["level"].isin(table.loc[keep, "level"].unique())
    return table[keep | spare].drop_duplicates(_SPEC)


def _numbers(rows: pd.DataFrame, value: str, value_sd: str) -> pd.DataFrame:
    """Rows with their estimate, error and scale; an error that is not stated comes from the interval."""

    def number(name: str) -> np.ndarray:
        return (
            pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=float)
            if name in rows
            else np.full(len(rows), np.nan)
        )

    estimate, low, high, se, df = (number(name) for name in (value, "low", "high", "se", "df"))
    stated = np.isfinite(se)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = number(value_sd) / estimate
    factor = pd.Series(np.where(np.isfinite(factor) & (factor > 0), factor, np.nan), index=rows.index)
    # A slope of 0 does not tell its scale; another of its measure and vocabulary does.
    factor = factor.fillna(factor.groupby([rows["measure"], rows["vocabulary"]]).transform("first"))
    return rows.reindex(columns=_SPEC).assign(
        estimate=estimate, low=low, high=high,
        se=np.where(stated, se, (high - low) / (2 * 1.959964)), df=np.where(stated & ~np.isnan(df), df, np.inf),
        sd_factor=factor, n_tracks=number("n_tracks"),
        clear=np.where(np.isfinite(number("q")), number("q") < ALPHA, (low > 0) | (high < 0)),
    )  # fmt: skip


def _choose(this: RunTables, both: pd.DataFrame) -> pd.DataFrame:
    """The first specification of each group and measure, by the order that this run's page goes by."""
    spoken = {measure: choose_vocabulary(this, measure) for measure in both["measure"].unique()}
    keys = pd.DataFrame(
        {
            "spoken": (both["vocabulary"] != both["measure"].map(spoken)).astype(int),
            "vocabulary": rank(both["vocabulary"], VOCABULARIES),
            "method": rank(both["method"], order_methods(this)),
            "pooling": rank(both["pooling"], POOLINGS),
        }
    )
    order = keys.sort_values(list(keys.columns), kind="stable").index
    return both.loc[order].drop_duplicates(["level", "group", "measure"]).reset_index(drop=True)


def _pair(this: RunTables, other: RunTables, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Slopes of what each track scores here minus there; None where the scores are not at hand."""
    from musictrend.trends import contrast, estimate_slopes

    matched = _match(this, other)
    measures = sorted(rows["measure"].unique())
    sides = []
    for tables, column in ((this, "track_id"), (other, "track_id_other")):
        tables.hold_scores(measures)
        held = [tables.memory[name] for name in measures if len(tables.memory[name])]
        if not held:
            return None
        scores = pd.concat(held, ignore_index=True).astype({"track_id": str, "measure": str, "vocabulary": str})
        scores = scores.merge(matched.assign(track_id=matched[column], key=matched["track_id"]), on="track_id")
        draws = tables.select_draws(measures)
        if draws is not None:
            draws = draws.merge(matched.assign(track_id=matched[column], key=matched["track_id"]), on="track_id")
        sides.append((scores, draws))
    (here, here_draws), (there, there_draws) = sides
    on = ["key", "measure", "vocabulary"]
    wanted = rows[["measure", "vocabulary"]].drop_duplicates()
    scores = here.merge(there, on=on, suffixes=("", "_other")).merge(wanted, on=["measure", "vocabulary"])
    draws = _subtract_draws(scores, here_draws, there_draws)
    scores = scores.assign(track_id=scores["key"], value=scores["value"] - scores["value_other"])
    tracks = this.usable[this.usable["track_id"].astype(str).isin(matched["track_id"])]
    config = this.run.get("config")
    stated = config.get("trends") if isinstance(config, dict) else None
    options = {**(stated or {}), "methods": tuple(dict.fromkeys(rows["method"].dropna()))}
    columns = ["track_id", "measure", "vocabulary", "value", "n_events"]
    slopes = estimate_slopes(scores[columns], tracks, options, draws=draws)
    found = [slopes]
    if (rows["level"] == "contrast").any():
        found.append(contrast(scores[columns], tracks, vocabulary=None, draws=draws, **options).table)
    tables_ = RunTables(
        this.tracks, trends=found[0], contrasts=found[-1] if len(found) > 1 else this.contrasts.iloc[:0]
    )
    return _collect(tables_)


def _subtract_draws(scores: pd.DataFrame, here: pd.DataFrame | None, there: pd.DataFrame | None) -> pd.DataFrame | None:
    """Draws of the difference: a side without draws stands at its value."""
    sides = [side for side in (here, there) if side is not None]
    if not sides:
        return None
    names = sorted(set.intersection(*({str(c) for c in side if str(c).startswith("draw_")} for side in sides)))
    on = ["key", "measure", "vocabulary"]
    total = np.zeros((len(scores), len(names)))
    known = np.zeros(len(scores), dtype=bool)
    for side, value, sign in ((here, "value", 1), (there, "value_other", -1)):
        own = np.full(total.shape, np.nan)
        if side is not None:
            own = scores[on].merge(side[[*on, *names]].drop_duplicates(on), on=on, how="left")[names].to_numpy(float)
        drawn = np.isfinite(own).all(axis=1)
        known |= drawn
        total += sign * np.where(drawn[:, None], own, scores[value].to_numpy(float)[:, None])
    table = pd.concat([scores[on].rename(columns={"key": "track_id"}), pd.DataFrame(total, columns=names)], axis=1)
    return table[known].reset_index(drop=True)


def _differ(rows: pd.DataFrame, paired: pd.DataFrame | None, bound: float) -> pd.DataFrame:
    """Differences with interval, p, q and finding."""
    from musictrend.trends.contrasts import equivalence_p
    from musictrend.trends.linear import adjust_fdr, quantile_t, two_sided_p

    rows = rows.copy()
    a, b, sa, sb, fa, fb = (
        rows[f"{name}_{side}"].to_numpy(float) for name in ("estimate", "se", "df") for side in ("this", "other")
    )
    same = np.isclose(a, b, rtol=1e-9, atol=1e-12) & np.isclose(sa, sb, rtol=1e-9, atol=1e-12)
    estimate, se = a - b, np.hypot(sa, sb)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(np.isinf(fa) & np.isinf(fb), np.inf, se**4 / (sa**4 / fa + sb**4 / fb))
    if paired is not None:
        own = rows[_SPEC].merge(paired, on=_SPEC, how="left")
        estimate, se, df = (own[name].to_numpy(float) for name in ("estimate", "se", "df"))
        estimate, se, df = np.where(same, 0.0, estimate), np.where(same, 0.0, se), np.where(same, np.inf, df)
    half = quantile_t(0.975, df) * se
    scale = rows["sd_factor_this"].fillna(rows["sd_factor_other"]).to_numpy(float)
    rows["difference"], rows["low"], rows["high"] = estimate, estimate - half, estimate + half
    for name in ("difference", "low", "high"):
        rows[f"{name}_sd"] = rows[name] * scale
    rows["p"] = two_sided_p(estimate, se, df)
    # Families as the trends stage has them; all rows that are compared count, shown or not.
    family = [rows[name].astype("object").fillna("") for name in ("level", "vocabulary", "method", "pooling")]
    rows["q"] = rows["p"].groupby(family).transform(lambda p: adjust_fdr(p.to_numpy()))
    small = equivalence_p(estimate * scale, np.where(se > 0, se * scale, np.nan), df, np.full(len(rows), bound)) < ALPHA
    apart = (rows["q"] < ALPHA).to_numpy()
    rows["finding"] = np.select([same, small, apart], ["same", "equivalent", "differ"], "inconclusive")
    rows.loc[rows["difference"].isna(), "finding"] = "inconclusive"
    return rows


def _count_shared(this: RunTables, other: RunTables, rows: pd.DataFrame) -> list[int]:
    """How many tracks of each row's group here are in the other run too."""
    shared = set(_match(this, other)["track_id"])
    tracks = this.usable[this.usable["track_id"].astype(str).isin(shared)]
    genres = this.by_genre[this.by_genre["track_id"].astype(str).isin(shared)]
    counts = {("genre", str(k)): int(n) for k, n in genres.groupby("genre")["track_id"].nunique().items()}
    counts |= {("segment", str(k)): int(n) for k, n in tracks.groupby("segment")["track_id"].nunique().items()}
    counts["corpus", WHOLE] = len(tracks)
    counts["contrast", "pop minus niche"] = int(tracks["segment"].isin(["pop", "niche"]).sum())
    return [counts.get((str(level), str(group)), 0) for level, group in zip(rows["level"], rows["group"], strict=True)]


def _list_only(this: RunTables, other: RunTables) -> dict[str, list[str]]:
    """Genres and measures that this run has a slope of and the other has not."""

    def names(tables: RunTables, column: str) -> set[str]:
        rows = tables.trends[tables.trends["slope_per_decade"].notna()]
        rows = rows[rows["level"] == "genre"] if column == "group" else rows
        return {str(value) for value in rows[column].dropna().unique()}

    measures = names(this, "measure") - names(other, "measure")
    return {
        "genres": sorted(names(this, "group") - names(other, "group")),
        "measures": [name for name in list_measures(this) if name in measures],
    }
