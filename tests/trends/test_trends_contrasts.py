"""Pop against niche: which comparisons a corpus allows, and how corpora are put together."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from musictrend.trends import TrendOptions, contrast, estimate_trends, power_table
from musictrend.trends.contrasts import combine_corpora, equivalence_p

OPTIONS = {"methods": ("mixed", "cluster_ols"), "min_events": 0}


def make_side(corpus, segment, slope, n=400, artists=100, seed=0, genre=None, level=0.0):
    rng = np.random.default_rng(seed)
    artist = rng.integers(0, artists, n)
    year = rng.integers(1955, 2020, n)
    value = slope * (year - 1985) / 10 + level + 0.7 * rng.normal(size=artists)[artist] + 0.7 * rng.normal(size=n)
    return pd.DataFrame({
        "track_id": [f"{corpus}-{segment}-{i}" for i in range(n)], "corpus": corpus, "segment": segment,
        "artist_id": [f"{corpus}-{segment}-{a}" for a in artist], "genres": [[genre or segment]] * n,
        "value": value, "year": year, "year_kind": "release", "source_kind": "annotation",
        "duplicate_of": None, "status": "ok", "weight": 1.0,
    })  # fmt: skip


def split(*sides):
    tracks = pd.concat(sides, ignore_index=True)
    scores = tracks[["track_id", "value"]].assign(measure="composite", vocabulary="sevenths")
    return scores, tracks.drop(columns="value")


def one(found):
    return found.primary().iloc[0]


def test_both_sides_in_one_corpus_are_compared_within_it():
    found = contrast(*split(make_side("a", "pop", -0.3), make_side("a", "niche", 0.1, seed=1)), **OPTIONS)
    row = one(found)
    assert row["identification"] == "within_corpus"
    assert row["low"] < -0.4 < row["high"]
    assert row["n_pop"] == row["n_niche"] == 400


def test_a_third_corpus_of_one_side_does_not_touch_the_comparison_within():
    inside = (make_side("a", "pop", -0.3), make_side("a", "niche", 0.1, seed=1))
    alone = one(contrast(*split(*inside), **OPTIONS))
    more = one(contrast(*split(*inside, make_side("b", "niche", 2.0, seed=2)), **OPTIONS))
    assert more["difference_per_decade"] == pytest.approx(alone["difference_per_decade"])
    assert more["corpora"] == "a"


def test_sides_from_different_corpora_are_only_between_corpora():
    scores, tracks = split(make_side("a", "pop", -0.3), make_side("b", "niche", 0.1, seed=1))
    assert one(contrast(scores, tracks, **OPTIONS))["identification"] == "between_corpora"
    row = power_table(tracks).query("kind == 'contrast'").iloc[0]
    assert not row["testable"] and row["reason"].startswith("between corpora")


def test_songs_that_two_corpora_share_take_out_their_drift():
    """Corpus b writes ever richer chords for the same songs: 0.25 a decade that is no music."""
    pop, niche = make_side("a", "pop", -0.3), make_side("b", "niche", 0.1 + 0.25, seed=1)
    again = pop.sample(120, random_state=0)
    again = again.assign(
        corpus="b", duplicate_of=again["track_id"], track_id="b-" + again["track_id"], segment="other",
        value=again["value"] + 0.25 * (again["year"] - 1985) / 10 + 1.5
        + 0.3 * np.random.default_rng(5).normal(size=120),
    )  # fmt: skip
    row = one(contrast(*split(pop, niche, again), **OPTIONS))
    assert row["identification"] == "overlap"
    assert row["low"] < -0.4 < row["high"] < 0
    without = one(contrast(*split(pop, niche), **OPTIONS))
    assert without["high"] < -0.5  # the drift passes for a contrast


@pytest.mark.parametrize("side", ["pop", "niche"])
def test_a_corpus_of_one_side_has_trends_and_no_contrast(side):
    scores, tracks = split(make_side("a", side, -0.3))
    found = contrast(scores, tracks)
    assert not len(found.table) and "one side only" in found.reason and "one side only" in found.summary()
    tables = estimate_trends(scores, tracks)
    assert len(tables.trends) and not len(tables.contrasts)


def test_artists_on_both_sides_are_counted_once():
    """The same artists' leanings cancel in the difference: its error is below that of independent sides."""
    pop, niche = make_side("a", "pop", -0.3), make_side("a", "niche", 0.0, seed=1)
    rng = np.random.default_rng(2)
    shared = {f"s{i}": e for i, e in enumerate(rng.normal(0, 3, 100))}
    for side in (pop, niche):
        side["artist_id"] = [f"s{i}" for i in np.clip((side["year"] - 1955) * 100 // 65, 0, 99)]
        side["value"] += side["artist_id"].map(shared)
    row = one(contrast(*split(pop, niche), methods=("cluster_ols",), poolings=("pooled",)))
    trends = contrast(*split(pop, niche), methods=("cluster_ols",), poolings=("pooled",)).trends
    independent = np.sqrt(np.sum(trends.query("level == 'segment'")["se"] ** 2))
    assert row["se"] < 0.5 * independent


@pytest.mark.parametrize("seed", [1, 2])  # corpora that differ: statsmodels lets tau2 fall below 0, we do not
def test_random_effects_mean_agrees_with_statsmodels(seed):
    rng = np.random.default_rng(seed)
    effect, se = rng.normal(0.2, 0.3, 6), rng.uniform(0.05, 0.2, 6)
    mean, error, _, tau, count = combine_corpora(effect[:, None], se[:, None], np.full((6, 1), 100.0))
    theirs = combine_effects(effect, se**2, method_re="dl", use_t=False)
    assert mean[0] == pytest.approx(theirs.mean_effect_re)
    assert tau[0] ** 2 == pytest.approx(theirs.tau2)
    assert error[0] >= theirs.sd_eff_w_re - 1e-12
    assert count[0] == 6


def test_three_corpora_that_disagree_give_a_wider_interval_than_three_that_agree():
    def corpora(*differences):
        sides = [make_side(f"c{i}", "niche", 0.0, seed=i) for i in range(3)]
        sides += [make_side(f"c{i}", "pop", d, seed=i + 10) for i, d in enumerate(differences)]
        return one(contrast(*split(*sides), **OPTIONS))

    agree, differ = corpora(-0.3, -0.3, -0.3), corpora(-0.9, -0.3, 0.3)
    assert agree["n_corpora"] == 3
    assert differ["tau"] > 0.3
    assert differ["high"] - differ["low"] > 3 * (agree["high"] - agree["low"])


def test_mixed_kinds_of_year_never_meet_inside_a_slope():
    """Releases come 20 years after composition: pooled by year, the two kinds would look like a trend."""
    early, late = make_side("a", "pop", 0.0, level=0.0), make_side("a", "pop", 0.0, seed=1, level=3.0)
    late = late.assign(year_kind="composition", year=late["year"] - 20, track_id="late-" + late["track_id"])
    scores, tracks = split(early, late)
    row = estimate_trends(scores, tracks, TrendOptions(methods=("mixed",))).trends.query("level == 'segment'").iloc[0]
    assert row["low"] < 0 < row["high"]
    assert row["n_sources"] == 2


def test_equivalence_is_two_one_sided_tests():
    se, df = np.array([0.02, 0.02, 0.2]), np.full(3, np.inf)
    p = equivalence_p(np.array([0.0, 0.095, 0.0]), se, df, np.array([0.1, 0.1, 0.1]))
    assert p[0] < 1e-5 and p[1] > 0.3 and p[2] > 0.3


def test_a_method_that_has_no_line_in_either_side_has_no_contrast():
    few = [make_side("a", side, slope, n=6, artists=500, seed=i) for i, (side, slope) in enumerate(SIDES_OF_FEW)]
    tables = estimate_trends(*split(*few), TrendOptions(min_tracks=6, min_artists=6))
    by_method = tables.contrasts.groupby("method")["difference_per_decade"]
    assert set(by_method.groups) >= {"cluster_ols"}
    assert not (tables.contrasts["n_pop"] == 0).any()
    assert np.isfinite(tables.contrasts["difference_per_decade"]).all()


SIDES_OF_FEW = (("pop", -0.3), ("niche", 0.3))
