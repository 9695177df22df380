"""The tables of the run: columns, order, degenerate input, and what must not change a number."""

import numpy as np
import pandas as pd
import pytest

from musictrend.errors import ParameterError
from musictrend.trends import (
    TrendOptions,
    TrendTables,
    contrast,
    estimate_slopes,
    estimate_trends,
    judge_claims,
    power_table,
)

TABLES = ("trends", "curves", "contrasts", "changepoints", "coverage")
CONTRACT = {
    "trends": "level group corpus measure vocabulary method pooling slope_per_decade slope_sd_per_decade "
    "low high p q n_tracks n_artists",
    "curves": "level group measure vocabulary method year estimate low high n",
    "contrasts": "measure vocabulary method pooling identification difference_per_decade "
    "difference_sd_per_decade low high p q equivalent mdes",
    "changepoints": "level group measure vocabulary method year low high p",
}
REFERENCE = pd.DataFrame({
    "measure": ["composite", "mtld"], "vocabulary": "sevenths", "mean": 0.0, "sd": [2.0, 0.5],
})  # fmt: skip


def make_corpus(n=800, artists=160, seed=0, corpora=("one",), genres=4, pop_slope=-0.3, niche_slope=0.0):
    """Scores and tracks of a corpus whose first genre is pop."""
    rng = np.random.default_rng(seed)
    artist = rng.integers(0, artists, n)
    genre = artist % genres
    year = rng.integers(1955, 2020, n)
    tracks = pd.DataFrame({
        "track_id": [f"t{i:04d}" for i in range(n)], "corpus": rng.choice(corpora, n),
        "artist_id": [f"a{a:03d}" for a in artist], "year": pd.array(year, dtype="Int16"),
        "year_kind": "release",
        "source_kind": "annotation", "engine": pd.NA, "genres": [[f"g{g}"] for g in genre],
        "segment": np.where(genre == 0, "pop", "niche"), "weight": 1.0, "duplicate_of": pd.NA, "status": "ok",
    })  # fmt: skip
    slope = np.where(genre == 0, pop_slope, niche_slope)
    frames = [
        pd.DataFrame({
            "track_id": tracks["track_id"], "measure": measure, "facet": "composite",
            "vocabulary": vocabulary,
            "value": slope * (year - 1985) / 10
            + 0.7 * (rng.normal(size=artists)[artist] + rng.normal(size=n)),
            "low": np.nan, "high": np.nan, "n_events": rng.integers(20, 200, n),
        })
        for measure in ("composite", "mtld") for vocabulary in ("triads", "sevenths")
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True), tracks


@pytest.fixture(scope="module")
def corpus():
    return make_corpus()


@pytest.fixture(scope="module")
def tables(corpus):
    return estimate_trends(*corpus, reference=REFERENCE)


@pytest.mark.parametrize("name", CONTRACT)
def test_tables_begin_with_the_columns_of_the_contract(tables, name):
    expected = CONTRACT[name].split()
    assert list(getattr(tables, name).columns[: len(expected)]) == expected


@pytest.mark.parametrize("name", TABLES)
def test_empty_tables_have_the_columns_and_types_of_full_ones(tables, name):
    pd.testing.assert_series_equal(getattr(TrendTables.empty(), name).dtypes, getattr(tables, name).dtypes)


def test_all_methods_and_poolings_are_there_once(tables):
    keys = ["level", "group", "corpus", "measure", "vocabulary", "method", "pooling"]
    assert not tables.trends.duplicated(keys).any()
    genre = tables.trends[(tables.trends["level"] == "genre")]
    assert set(genre["pooling"]) == {"pooled"}
    pop = tables.trends[(tables.trends["group"] == "pop") & (tables.trends["measure"] == "composite")]
    assert len(pop) == 2 * 3 * 3
    assert not tables.contrasts.duplicated(["measure", "vocabulary", "method", "pooling"]).any()


def test_order_of_rows_and_number_of_threads_change_nothing(corpus, tables):
    scores, tracks = corpus
    shuffled = estimate_trends(
        scores.sample(frac=1, random_state=1),
        tracks.sample(frac=1, random_state=2),
        reference=REFERENCE,
        jobs=2,
    )
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(shuffled, name), getattr(tables, name), check_exact=True)


def test_dictionary_columns_give_the_same_tables(corpus, tables):
    scores, tracks = corpus
    coded = scores.assign(**{c: scores[c].astype("category") for c in ("track_id", "measure", "facet", "vocabulary")})
    pd.testing.assert_frame_equal(estimate_slopes(coded, tracks, reference=REFERENCE), tables.trends)


def test_sd_units_come_from_the_reference_alone(corpus):
    scores, tracks = corpus
    options = TrendOptions(methods=("cluster_ols",))
    with_reference = estimate_trends(scores, tracks, options, REFERENCE)
    row = with_reference.trends.query("measure == 'composite' and vocabulary == 'sevenths'").iloc[0]
    assert row["slope_sd_per_decade"] == pytest.approx(row["slope_per_decade"] / 2.0)
    # the reference has no triads: missing, never this run's own spread
    assert with_reference.trends.query("vocabulary == 'triads'")["slope_sd_per_decade"].isna().all()
    assert with_reference.contrasts.query("vocabulary == 'triads'")["equivalent"].isna().all()
    without = estimate_trends(scores, tracks, options, None)
    assert without.trends["slope_sd_per_decade"].isna().all()
    assert without.trends["slope_per_decade"].notna().all()


def test_q_is_never_below_p_and_mdes_is_2_8_errors(tables):
    assert (tables.trends["q"] >= tables.trends["p"] - 1e-12).all()
    assert (tables.contrasts["q"] >= tables.contrasts["p"] - 1e-12).all()
    assert np.allclose(tables.contrasts["mdes"], 2.8 * tables.contrasts["se"])


def test_two_genres_share_a_track_equally():
    scores, tracks = make_corpus()
    both = tracks.assign(genres=[["g1", "g2"] if g == ["g1"] else g for g in tracks["genres"]])
    options = TrendOptions(methods=("cluster_ols",), poolings=("equal_genre",))
    slopes = estimate_slopes(scores, both, options)
    counts = slopes.query("measure == 'mtld' and vocabulary == 'triads' and level == 'genre'").set_index("group")
    alone, second = (tracks["genres"].map(lambda g, w=w: g == [w]).sum() for w in ("g1", "g2"))
    assert counts.loc["g1", "n_tracks"] == alone
    assert counts.loc["g2", "n_tracks"] == alone + second
    niche = slopes.query("measure == 'mtld' and vocabulary == 'triads' and group == 'niche'").iloc[0]
    assert niche["n_tracks"] == (tracks["segment"] == "niche").sum()  # each track counted once


def test_failed_duplicate_and_undated_tracks_do_not_count(corpus, tables):
    scores, tracks = corpus
    extra = tracks.head(30).assign(track_id=[f"x{i}" for i in range(30)])
    extra.loc[extra.index[:10], "status"] = "failed"
    extra.loc[extra.index[10:20], "duplicate_of"] = "t0001"
    extra.loc[extra.index[20:], "year"] = pd.NA
    noise = scores[scores["track_id"].isin(tracks["track_id"].head(30))]
    noise = noise.assign(track_id=noise["track_id"].str.replace("t00", "x").str.replace("x0", "x"), value=1e6)
    assert set(noise["track_id"]) == set(extra["track_id"])
    more = estimate_slopes(pd.concat([scores, noise]), pd.concat([tracks, extra]), reference=REFERENCE)
    pd.testing.assert_frame_equal(more, tables.trends)


DEGENERATE = {
    "no scores": lambda s, t: (s.head(0), t),
    "no score table": lambda s, t: (None, t),
    "no tracks": lambda s, t: (s, t.head(0)),
    "one track": lambda s, t: (s, t.head(1)),
    "single date": lambda s, t: (s, t.assign(year=1970)),
    "no years": lambda s, t: (s, t.assign(year=pd.array([pd.NA] * len(t), dtype="Int16"))),
    "all failed": lambda s, t: (s, t.assign(status="failed")),
    "one artist": lambda s, t: (s, t.assign(artist_id="a")),
    "all values missing": lambda s, t: (s.assign(value=np.nan), t),
    "infinite values": lambda s, t: (s.assign(value=np.inf), t),
    "a year a source": lambda s, t: (s, t.assign(corpus=t["year"].astype(str))),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_input_gives_empty_tables_and_untestable_claims(corpus, case):
    scores, tracks = DEGENERATE[case](*corpus)
    found = estimate_trends(scores, tracks, reference=REFERENCE)
    assert not len(found.trends.query("level == 'segment'")) and not len(found.contrasts)
    for name in TABLES[:4]:
        assert list(getattr(found, name).columns) == list(getattr(TrendTables.empty(), name).columns)
    judged = judge_claims(found, scores=scores, tracks=tracks, reference=REFERENCE)
    assert judged and {c["verdict"] for c in judged} == {"not_testable"}
    assert all(c["why"] and c["estimate"] is None for c in judged)
    assert not power_table(tracks).query("kind == 'contrast'")["testable"].any() or case in (
        "no scores", "no score table", "all values missing", "infinite values",
    )  # fmt: skip


@pytest.mark.parametrize("change", [
    lambda s, t: (s.assign(value=0.25), t),  # a constant measure
    lambda s, t: (s.assign(n_events=np.nan), t),
    lambda s, t: (s.drop(columns=["n_events", "facet", "low", "high"]), t),
    lambda s, t: (s, t[["track_id", "corpus", "artist_id", "year", "genres", "segment"]]),
    lambda s, t: (s, t.assign(artist_id=pd.NA)),
    lambda s, t: (s, t.assign(genres=None)),
    lambda s, t: (s, t.assign(genres=t["genres"].map(";".join))),
    lambda s, t: (s, t.assign(genres=t["genres"].map(np.array))),
])  # fmt: skip
def test_thin_but_usable_input_gives_a_contrast(corpus, change):
    found = estimate_trends(*change(*corpus), reference=REFERENCE)
    assert len(found.contrasts)
    assert found.contrasts[["low", "high", "p"]].notna().all(axis=None)


def test_a_constant_measure_is_flat_and_certain(corpus):
    scores, tracks = corpus
    slopes = estimate_slopes(scores.assign(value=0.25), tracks)
    assert np.allclose(slopes["slope_per_decade"], 0)
    assert (slopes["p"] > 0.99).all()


@pytest.mark.parametrize(("change", "words"), [
    (lambda s, t: (s.drop(columns="value"), t), "no column 'value'"),
    (lambda s, t: (s, t.drop(columns="year")), "no column 'year'"),
    (lambda s, t: (s, pd.concat([t, t.head(1)])), "'t0000' occurs more than once"),
    (lambda s, t: (pd.concat([s, s.head(1)]), t), "'t0000' has 2 values of 'composite' at 'triads'"),
])  # fmt: skip
def test_impossible_input_is_named(corpus, change, words):
    with pytest.raises(ParameterError, match=words):
        estimate_slopes(*change(*corpus))


@pytest.mark.parametrize("given", [
    {"methods": ("ols",)}, {"methods": ()}, {"poolings": "pooled"}, {"weighting": "plays"}, {"min_tracks": 0},
    {"sesoi": -1.0}, {"metod": ("mixed",)},
])  # fmt: skip
def test_impossible_options_are_named(given):
    with pytest.raises(ParameterError, match=next(iter(given))):
        TrendOptions.from_mapping(given)


def test_contrast_of_named_genres_and_its_summary(corpus):
    scores, tracks = corpus
    found = contrast(scores, tracks, pop="g0", niche=["g1", "g3"], reference=REFERENCE, methods=("mixed",))
    row = found.primary().query("measure == 'composite'").iloc[0]
    assert row["low"] < -0.3 < row["high"]
    assert (row["pop"], row["niche"]) == ("g0", "g1;g3")
    assert "composite: -0." in found.summary()
    with pytest.raises(ParameterError, match="vocabulary='full' is not in the scores"):
        contrast(scores, tracks, vocabulary="full")
    with pytest.raises(ParameterError, match="measure 'nope'"):
        contrast(scores, tracks, measures=["nope"])
