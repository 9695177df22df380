"""Corpora whose trends are known, to see how often the intervals tell the truth.

Each trial world fixes a corpus (artists with careers, genres, sources, song lengths) and draws many sets of
values for it; every draw is one measure, so that one pass of the very estimator that runs use judges
hundreds of corpora.

====================== =====================================================================================
``plain``              60 artists of 5 songs, artist effects half of the variance
``few_artists``        12 artists of 5 songs
``uneven_artists``     60 artists whose numbers of songs follow Zipf's law
``source_drift``       two sources, 1.5 SD apart, the second replaces the first over the decades
``genre_drift``        four genres, 1 SD apart each, the complex ones fade (Simpson's trap)
``length_drift``       songs grow longer, longer songs look more complex; flat at equal length
``shares``             shares out of the song's events: bounded, often exactly 0
``label_error``        uncertain chords: noise of a known variance on each value
``career_drift``       each artist drifts in a direction of their own
``cohorts``            the trend is turnover: no artist changes, each new generation differs from the last
``year_shocks``        fashions: whole years lie off the line, 0.2 SD, independent from year to year
``contrast``           pop against three niche genres, two corpora 1 SD apart
====================== =====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from musictrend.errors import ParameterError
from musictrend.trends.contrasts import tabulate_contrasts
from musictrend.trends.estimation import tabulate_trends
from musictrend.trends.groups import fit_groups, list_groups
from musictrend.trends.options import TrendOptions
from musictrend.trends.panel import build_panel


@dataclass(frozen=True)
class World:
    """A corpus with many draws of one value, and the slope it was given."""

    tracks: pd.DataFrame
    values: np.ndarray = field(repr=False)  # (n_tracks, n_draws)
    truth: float
    n_events: np.ndarray = field(repr=False)
    label_sd: float = 0.0
    target: str = "segment"

    def scores(self) -> pd.DataFrame:
        """The draws as tidy scores, one measure each."""
        n, draws = self.values.shape
        value = self.values.reshape(-1)
        names = pd.Index([f"draw{i:04d}" for i in range(draws)])
        return pd.DataFrame({
            "track_id": np.repeat(self.tracks["track_id"].to_numpy(object), draws),
            "measure": pd.Categorical.from_codes(np.tile(np.arange(draws), n), names),
            "vocabulary": "sevenths", "facet": "none", "value": value,
            "low": value - 1.959964 * self.label_sd, "high": value + 1.959964 * self.label_sd,
            "n_events": np.repeat(self.n_events, draws),
        })  # fmt: skip


WORLDS = (
    "plain", "few_artists", "uneven_artists", "source_drift", "genre_drift", "length_drift", "shares",
    "label_error", "career_drift", "cohorts", "year_shocks", "contrast",
)  # fmt: skip


def make_world(name: str, slope: float = 0.0, draws: int = 200, seed: int = 0) -> World:
    """One trial world.

    Parameters
    ----------
    name : str
        One of `WORLDS`.
    slope : float
        Planted slope per decade (for ``contrast``: pop minus niche); values have SD 1 around it.
    draws : int
    seed : int

    Examples
    --------
    >>> world = make_world("plain", slope=0.1, draws=3)
    >>> world.values.shape, world.tracks["artist_id"].nunique()
    ((300, 3), 60)
    """
    if name not in WORLDS:
        raise ParameterError(f"world {name!r} must be one of {', '.join(WORLDS)}")
    rng = np.random.default_rng([seed, WORLDS.index(name)])
    sizes = np.full(12 if name == "few_artists" else 60, 5)
    if name == "uneven_artists":
        sizes = np.maximum(1, np.round(70 / np.arange(1, 61) ** 0.8)).astype(int)
    if name in ("genre_drift", "contrast"):
        sizes = np.full(200, 4)
    artist = np.repeat(np.arange(len(sizes)), sizes)
    n = len(artist)
    career = rng.uniform(1958, 2017, len(sizes))
    year = np.clip(np.round(career[artist] + rng.normal(0, 5, n)), 1955, 2020).astype(int)
    decade = (year - 1988) / 10
    n_events = np.round(np.exp(rng.normal(4.3, 0.5, n) + (0.15 * decade if name == "length_drift" else 0))).clip(16)
    tracks = pd.DataFrame({
        "track_id": [f"t{i:05d}" for i in range(n)], "corpus": "planted",
        "artist_id": [f"a{a:03d}" for a in artist],
        "year": year, "year_kind": "release", "source_kind": "annotation", "engine": "", "segment": "pop",
        "genres": [["pop"]] * n, "weight": 1.0, "duplicate_of": pd.NA, "status": "ok",
    })  # fmt: skip
    noise = np.sqrt(0.5) * (rng.standard_normal((len(sizes), draws))[artist] + rng.standard_normal((n, draws)))
    values = slope * decade[:, None] + noise
    label_sd, target = 0.0, "segment"
    if name == "source_drift":
        second = rng.uniform(size=n) < (year - 1955) / 65
        tracks["source_kind"] = np.where(second, "audio", "annotation")
        values += 1.5 * second[:, None]
    elif name == "genre_drift":
        level = _fading_genres(rng, career)[artist]
        tracks["genres"] = [[f"style{g}"] for g in level]
        values += 1.0 * level[:, None]
    elif name == "length_drift":
        values += 0.8 * np.log(n_events)[:, None]
    elif name == "shares":
        rate = 1 / (1 + np.exp(2.5 - 0.8 * noise / np.sqrt(0.5)))  # about 0.13 on average
        values = (
            rng.binomial(n_events.astype(int)[:, None], np.clip(rate + slope * decade[:, None], 0, 1))
            / n_events[:, None]
        )
    elif name == "label_error":
        label_sd = 0.5
        values += label_sd * rng.standard_normal((n, draws))
    elif name == "career_drift":
        within = (year - career[artist])[:, None] / 10
        values += 0.6 * rng.standard_normal((len(sizes), draws))[artist] * within
    elif name == "cohorts":
        # The slope of the repertoire: what songs of a year have in common with their artists' generation.
        generation = (career[artist] - 1988) / 10
        values = noise + _scaled_to(slope, generation, decade)[:, None]
    elif name == "year_shocks":
        values += 0.2 * rng.standard_normal((70, draws))[year - 1955]
    elif name == "contrast":
        target = "contrast"
        genre = np.arange(len(sizes)) % 4
        side = genre == 0
        tracks["segment"] = np.where(side[artist], "pop", "niche")
        tracks["genres"] = [[f"style{g}"] for g in genre[artist]]
        second = rng.uniform(size=n) < (year - 1955) / 65
        tracks["corpus"] = np.where(second, "second", "first")
        values = (
            noise
            + 1.0 * second[:, None]
            + 0.5 * genre[artist][:, None]
            + slope * decade[:, None] * side[artist][:, None]
        )
    return World(tracks, values, slope, n_events, label_sd, target)


def run_trials(
    name: str, slope: float = 0.0, draws: int = 200, seed: int = 0, options: TrendOptions | None = None
) -> pd.DataFrame:
    """How often intervals of a world hold the truth, and how often they exclude 0.

    Returns
    -------
    trials : DataFrame
        One row a method and pooling: world, truth, draws, ``coverage`` (share of 95% intervals that hold
        the truth), ``found`` (share with p < .05: false positives where the truth is 0), ``bias``,
        ``width`` (mean interval).

    Examples
    --------
    >>> table = run_trials("plain", slope=0.1, draws=100)
    >>> bool(table["coverage"].between(0.85, 1).all())
    True
    """
    options = options or TrendOptions()
    world = make_world(name, slope, draws, seed)
    panel = build_panel(world.scores(), world.tracks, options)
    fits = fit_groups(panel, list_groups(panel, options), options)
    if world.target == "contrast":
        table, value = tabulate_contrasts(panel, fits, options), "difference_per_decade"
    else:
        table, value = tabulate_trends(panel, fits, options), "slope_per_decade"
        table = table[table["level"] == "segment"]
    hit = (table["low"] <= world.truth) & (table["high"] >= world.truth)
    table = table.assign(coverage=hit, found=table["p"] < 0.05, bias=table[value] - world.truth,
                         width=table["high"] - table["low"])  # fmt: skip
    means = table.groupby(["method", "pooling"])[["coverage", "found", "bias", "width"]].mean().reset_index()
    means.insert(0, "world", name)
    means.insert(1, "truth", world.truth)
    return means.assign(draws=draws)


def _scaled_to(slope: float, levels: np.ndarray, decade: np.ndarray) -> np.ndarray:
    """Levels stretched until their own slope over the decades is `slope`."""
    return levels * slope / np.polyfit(decade, levels, 1)[0]


def _fading_genres(rng: np.random.Generator, career: np.ndarray) -> np.ndarray:
    """Genre of each artist: 3 is common early and rare late, 0 the other way round."""
    place = (career - 1955) / 65
    odds = np.exp(2.0 * (0.5 - place)[:, None] * (np.arange(4) - 1.5))
    edges = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    return np.sum(rng.uniform(size=len(career))[:, None] > edges[:, :3], axis=1)
