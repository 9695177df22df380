"""Errors that tracks of one engine share: Rubin's rules in lines, contrasts, curves and claims."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from musictrend.trends import contrast, estimate_slopes, estimate_trends
from musictrend.trends.panel import build_panel
from musictrend.validation.response import fit_response

PLAIN = {"methods": ["cluster_ols"], "poolings": ["pooled"], "length_term": False}
N_DRAWS = 20


def make_tracks(n: int, seed: int = 0, segments: tuple[str, ...] = ("pop",)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    segment = np.array(segments)[np.arange(n) % len(segments)]
    return pd.DataFrame({
        "track_id": [f"t{i:04d}" for i in range(n)], "corpus": "c", "segment": segment,
        "genres": [[s] for s in segment], "artist_id": [f"a{i // 2}" for i in range(n)],
        "year": rng.integers(1960, 2020, n),
    })  # fmt: skip


def make_scores(tracks: pd.DataFrame, value: np.ndarray, measure: str = "mtld") -> pd.DataFrame:
    return pd.DataFrame({"track_id": tracks["track_id"], "measure": measure, "vocabulary": "sevenths",
                         "facet": "vocabulary", "value": value, "low": np.nan, "high": np.nan, "n_events": 60})  # fmt: skip


def make_draws(scores: pd.DataFrame, shifts: np.ndarray, rows: np.ndarray | None = None) -> pd.DataFrame:
    """Draws of some scores, each shifted by shifts of shape (n_draws,) or (n_draws, n)."""
    moved = scores["value"].to_numpy() + np.broadcast_to(
        np.asarray(shifts).reshape(len(shifts), -1), (len(shifts), len(scores))
    )
    table = scores[["track_id", "measure", "vocabulary"]].assign(
        **{f"draw_{m:02d}": row for m, row in enumerate(moved)}
    )
    return table if rows is None else table[rows]


def corpus_row(slopes: pd.DataFrame) -> pd.Series:
    return slopes[slopes["level"] == "corpus"].iloc[0]


def test_a_slope_of_draws_is_rubins():
    rng = np.random.default_rng(0)
    tracks = make_tracks(120)
    decade = tracks["year"].to_numpy() / 10
    scores = make_scores(tracks, rng.normal(size=120))
    tilt = rng.normal(0, 0.1, N_DRAWS)
    draws = make_draws(scores, tilt[:, None] * (decade - decade.mean()))
    found = corpus_row(estimate_slopes(scores, tracks, PLAIN, draws=draws))
    each = [
        corpus_row(estimate_slopes(scores.assign(value=draws[f"draw_{m:02d}"].to_numpy()), tracks, PLAIN))
        for m in range(N_DRAWS)
    ]
    slopes, errors = (np.array([row[c] for row in each]) for c in ("slope_per_decade", "se"))
    within, between = np.mean(errors**2), (1 + 1 / N_DRAWS) * np.var(slopes, ddof=1)
    assert found["slope_per_decade"] == pytest.approx(slopes.mean())
    assert found["se"] ** 2 == pytest.approx(within + between)
    df = (within + between) ** 2 / (within**2 / np.mean([row["df"] for row in each]) + between**2 / (N_DRAWS - 1))
    assert found["df"] == pytest.approx(df)
    assert found["label_error_share"] == pytest.approx(between / (within + between))


def test_an_error_that_all_new_tracks_share_does_not_average_away():
    """Old songs were written down, new ones heard by an engine whose bias is known to 0.3 only."""
    rng = np.random.default_rng(1)
    widths = []
    for n in (200, 2000):
        tracks = make_tracks(n, seed=n)
        new = (tracks["year"] >= 1990).to_numpy()
        scores = make_scores(tracks, rng.normal(size=n))
        shift = rng.normal(size=N_DRAWS)
        shift = 0.3 * (shift - shift.mean()) / shift.std(ddof=1)
        draws = make_draws(scores, shift, new)
        with_draws = corpus_row(estimate_slopes(scores, tracks, PLAIN, draws=draws))
        without = corpus_row(estimate_slopes(scores, tracks, PLAIN))
        decade = tracks["year"].to_numpy() / 10
        step = np.polyfit(decade, new.astype(float), 1)[0]  # slope that a shift of all new tracks makes
        assert with_draws["se"] ** 2 - without["se"] ** 2 == pytest.approx(
            (1 + 1 / N_DRAWS) * (0.3 * step) ** 2, rel=0.02
        )
        widths.append(with_draws["se"])
    assert widths[1] > 0.8 * 0.3 * step


def test_an_error_that_both_sides_share_cancels_in_their_difference():
    rng = np.random.default_rng(2)
    tracks = make_tracks(600, segments=("pop", "niche"))
    decade = tracks["year"].to_numpy() / 10
    scores = make_scores(tracks, rng.normal(size=600))
    tilt = rng.normal(0, 0.2, N_DRAWS)
    draws = make_draws(scores, tilt[:, None] * (decade - decade.mean()))
    alone = contrast(scores, tracks, methods=["cluster_ols"]).primary().iloc[0]
    both = contrast(scores, tracks, methods=["cluster_ols"], draws=draws).primary().iloc[0]
    assert both["se"] == pytest.approx(alone["se"], rel=1e-6)
    pop = (tracks["segment"] == "pop").to_numpy()
    one = contrast(scores, tracks, methods=["cluster_ols"], draws=draws[pop]).primary().iloc[0]
    assert one["se"] ** 2 == pytest.approx(alone["se"] ** 2 + (1 + 1 / N_DRAWS) * np.var(tilt, ddof=1), rel=1e-3)
    assert one["df"] < alone["df"] or one["high"] - one["low"] > alone["high"] - alone["low"]


@pytest.mark.parametrize("method", ["mixed", "theil_sen", "cluster_ols"])
def test_every_method_widens_by_the_shared_error(method):
    rng = np.random.default_rng(3)
    tracks = make_tracks(300)
    decade = tracks["year"].to_numpy() / 10
    scores = make_scores(tracks, rng.normal(size=300))
    tilt = rng.normal(0, 0.3, N_DRAWS)
    draws = make_draws(scores, tilt[:, None] * (decade - decade.mean()))
    options = PLAIN | {"methods": [method]}
    with_draws, without = (corpus_row(estimate_slopes(scores, tracks, options, draws=d)) for d in (draws, None))
    added = with_draws["se"] ** 2 - without["se"] ** 2
    assert added == pytest.approx((1 + 1 / N_DRAWS) * np.var(tilt, ddof=1), rel=0.25)
    assert with_draws["low"] < without["low"] and with_draws["high"] > without["high"]


def test_curves_widen_where_the_shared_error_lies():
    rng = np.random.default_rng(4)
    tracks = make_tracks(400)
    new = (tracks["year"] >= 1990).to_numpy()
    scores = make_scores(tracks, rng.normal(size=400))
    draws = make_draws(scores, rng.normal(0, 0.8, N_DRAWS), new)
    bands = [
        estimate_trends(scores, tracks, PLAIN, draws=d).curves.query("level == 'corpus' and method == 'local_linear'").set_index("year")
        for d in (draws, None)
    ]  # fmt: skip
    ratio = (bands[0]["high"] - bands[0]["low"]) / (bands[1]["high"] - bands[1]["low"])
    assert ratio[2015] > 1.5 * ratio[1962] and ratio.min() > 0.999


def test_a_track_with_draws_counts_its_interval_once():
    tracks = make_tracks(20)
    scores = make_scores(tracks, np.zeros(20)).assign(low=-1.0, high=1.0)
    panel = build_panel(scores, tracks, draws=make_draws(scores, np.array([0.5, 1.5]), np.arange(20) < 5))
    assert (panel.label_variance[:5] == 0).all() and (panel.label_variance[5:] > 0).all()
    assert (panel.value[:5] == 1.0).all() and (panel.value[5:] == 0).all()


def test_the_order_of_scores_and_draws_changes_nothing():
    rng = np.random.default_rng(5)
    tracks = make_tracks(100)
    scores = make_scores(tracks, rng.normal(size=100))
    draws = make_draws(scores, rng.normal(0, 0.3, (N_DRAWS, 100)))
    one = estimate_slopes(scores, tracks, PLAIN, draws=draws)
    other = estimate_slopes(scores.sample(frac=1, random_state=0), tracks.sample(frac=1, random_state=1), PLAIN,
                            draws=draws.sample(frac=1, random_state=2))  # fmt: skip
    pd.testing.assert_frame_equal(one, other)


def test_old_annotations_and_new_estimates_of_flat_music_give_a_trend_at_the_nominal_rate_only_when_calibrated():
    """Each measure is a corpus of its own: an engine that bends it, 60 songs to calibrate with, no trend."""
    rng = np.random.default_rng(6)
    n, corpora, w = 300, 150, np.ones(300)
    tracks = make_tracks(n)
    new = (tracks["year"] >= 1990).to_numpy()
    raw, draws = [], []
    for i in range(corpora):
        hear = lambda truth: 0.3 + 0.6 * truth + rng.normal(0, 0.4, len(truth))  # noqa: E731
        known, truth = rng.normal(size=60), rng.normal(size=n)
        line = fit_response(f"m{i}", "sevenths", known, hear(known), np.ones(60), np.arange(60))
        value = np.where(new, hear(truth), truth)
        scores = make_scores(tracks, value, f"m{i}")
        raw.append(scores)
        moved = np.array([line.correct(value, w, drawn) for drawn in line.draw_lines("ear", N_DRAWS)])
        draws.append(make_draws(scores, moved - value, new))
    scores, draws = pd.concat(raw, ignore_index=True), pd.concat(draws, ignore_index=True)
    naive = estimate_slopes(scores, tracks, PLAIN).query("level == 'corpus'")
    calibrated = estimate_slopes(scores, tracks, PLAIN, draws=draws).query("level == 'corpus'")
    assert (naive["p"] < 0.05).mean() > 0.5
    assert (calibrated["p"] < 0.05).mean() < 0.09
    assert abs(calibrated["slope_per_decade"].mean()) < 0.2 * abs(naive["slope_per_decade"].mean())
