"""Verdicts: each of the six can be reached, each says why, and none is reached for the wrong reason."""

import json

import numpy as np
import pandas as pd
import pytest

from musictrend.errors import ParameterError
from musictrend.trends import (
    TrendOptions,
    estimate_trends,
    judge_claims,
    list_simpson_traps,
    load_claims,
    power_table,
    run_specifications,
)
from musictrend.trends.claims import VERDICTS
from musictrend.trends.trials import make_world

POP = {
    "id": "pop", "kind": "observed", "sentence": "Pop fell.", "measure": "composite", "direction": "fall",
    "vocabulary": "sevenths", "level": "segment", "group": "pop", "sesoi": 0.10,
}  # fmt: skip
GAP = {**POP, "id": "gap", "level": "contrast"}


def make_corpus(pop_slope, niche_slope=0.0, n=1200, artists=240, seed=0, triads_slope=None, corpora=("one",)):
    rng = np.random.default_rng(seed)
    artist = rng.integers(0, artists, n)
    genre = artist % 4
    year = rng.integers(1955, 2020, n)
    tracks = pd.DataFrame({
        "track_id": [f"t{i:04d}" for i in range(n)], "artist_id": [f"a{a:03d}" for a in artist], "year": year,
        "corpus": corpora[0], "genres": [[f"g{g}"] for g in genre], "duplicate_of": None, "status": "ok",
        "segment": np.where(genre == 0, "pop", "niche"), "year_kind": "release", "weight": 1.0,
        "source_kind": "annotation",
    })  # fmt: skip
    if len(corpora) == 2:
        tracks["corpus"] = np.where(genre == 0, *corpora)
    frames = []
    for vocabulary, pop in (
        ("sevenths", pop_slope),
        ("triads", pop_slope if triads_slope is None else triads_slope),
    ):
        value = np.where(genre == 0, pop, niche_slope) * (year - 1985) / 10
        value = value + 0.5 * rng.normal(size=artists)[artist] + 0.5 * rng.normal(size=n)
        frames.append(pd.DataFrame({
            "track_id": tracks["track_id"], "measure": "composite", "facet": "composite", "value": value,
            "vocabulary": vocabulary, "n_events": rng.integers(10, 200, n),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True), tracks


def judge(scores, tracks, *claims, sd=1.0, **options):
    options = TrendOptions(**options)
    reference = {("composite", v): sd for v in ("sevenths", "triads")} if sd else None
    tables = estimate_trends(scores, tracks, options, reference)
    return judge_claims(tables, claims, scores=scores, tracks=tracks, options=options, reference=reference)


@pytest.mark.parametrize(("slope", "direction", "verdict"), [
    (-0.3, "fall", "supported"), (-0.3, "rise", "contradicted"), (-0.3, "change", "supported"),
    (0.0, "fall", "equivalent"),
])  # fmt: skip
def test_planted_slopes_get_the_verdict_they_deserve(slope, direction, verdict):
    found = judge(*make_corpus(slope), {**POP, "direction": direction}, {**GAP, "direction": direction})
    assert [c["verdict"] for c in found] == [verdict, verdict]
    for claim in found:
        assert claim["robustness"] >= 0.5
        assert claim["low"] < slope < claim["high"]
        assert "95% interval" in claim["why"] and "specifications decide alike" in claim["why"]
    json.dumps(found, allow_nan=False)


def test_too_few_songs_for_an_answer_are_inconclusive():
    found = judge(*make_corpus(0.0, n=200, artists=60), POP, sd=0.3)[0]
    assert found["verdict"] == "inconclusive" and "would have been found" in found["why"]


def test_vocabularies_that_disagree_are_mixed():
    found = judge(*make_corpus(-0.3, triads_slope=0.3), POP)[0]
    assert found["verdict"] == "mixed"
    assert "disagree" in found["why"] and set(found["specifications"]) == {"contradicted", "supported"}


def test_without_a_reference_nothing_is_called_equivalent():
    found = judge(*make_corpus(0.0), POP, sd=None)[0]
    assert found["verdict"] == "inconclusive" and found["estimate_sd"] is None


@pytest.mark.parametrize(("change", "words"), [
    (lambda s, t: (s, t[t["segment"] == "pop"]), "one side only: no usable track belongs to niche"),
    (lambda s, t: (s, t.assign(corpus=np.where(t["segment"] == "pop", "a", "b"))), "no corpus holds both"),
    (lambda s, t: (s, t.assign(year=1962)), "single date: all"),
    (lambda s, t: (s, t.assign(year=1960 + t["year"] % 9)), "fewer than 2 decades"),
    (lambda s, t: (s.assign(value=np.nan), t), "no track has a value"),
    (lambda s, t: (s.assign(measure="mtld"), t), "composite was not scored"),
    (lambda s, t: (s[s["vocabulary"] == "triads"], t), "no value at the vocabulary sevenths"),
    (lambda s, t: (s, t.groupby("segment").head(20)), "too few tracks: 20 of 30"),
    (lambda s, t: (s, t.assign(artist_id=t["artist_id"].str[-1:])), "too few artists"),
    (lambda s, t: (s, t.assign(genres=[[f"x{i % 300}"] for i in range(len(t))])), "no genre can be followed"),
    (lambda s, t: (s, t.assign(corpus=t["year"].astype(str))), "years do not vary within any one source"),
])  # fmt: skip
def test_what_a_corpus_cannot_tell_is_not_testable_with_the_reason(change, words):
    found = judge(*change(*make_corpus(-0.3)), GAP)[0]
    assert found["verdict"] == "not_testable"
    assert words in found["why"]


def test_a_contrast_between_corpora_never_decides_even_with_a_huge_difference():
    found = judge(*make_corpus(-2.0, corpora=("a", "b")), GAP)[0]
    assert found["verdict"] == "not_testable" and found["high"] < -1
    assert found["identification"] == "between_corpora"


def test_monophonic_tunes_of_one_book_are_refused():
    """No chords, one date: nothing to say, said without an exception."""
    tracks = pd.DataFrame({"track_id": [f"t{i}" for i in range(200)], "year": 1792, "segment": "other",
                           "corpus": "ryans", "genres": [["fiddle"]] * 200, "artist_id": None})  # fmt: skip
    scores = pd.DataFrame({"track_id": tracks["track_id"], "measure": "composite", "vocabulary": "sevenths",
                           "value": np.nan, "n_events": 0})  # fmt: skip
    found = judge(scores, tracks, *load_claims())
    assert {c["verdict"] for c in found} == {"not_testable"}
    row = power_table(tracks).query("kind == 'slope' and level == 'corpus'").iloc[0]
    assert not row["testable"] and row["reason"].startswith("single date") and row["next_move"]


def test_a_pooled_trap_is_a_caveat_and_no_verdict():
    """The genre mix drifts and nothing else: every pooled slope falls, no claim of a fall is supported."""
    world = make_world("genre_drift", 0.0, 12)
    reference = {(f"draw{i:04d}", "sevenths"): 1.0 for i in range(12)}
    tables = estimate_trends(world.scores(), world.tracks, TrendOptions(methods=("mixed", "cluster_ols")), reference)
    traps = list_simpson_traps(tables.trends)
    assert len(traps) >= 20 and (traps["pooled_high"] < 0).all()
    claims = [{**POP, "id": f"c{i}", "measure": f"draw{i:04d}"} for i in range(12)]
    found = judge_claims(tables, claims, options={"methods": ("mixed", "cluster_ols")})
    assert {c["verdict"] for c in found} <= {"equivalent", "inconclusive"}
    assert all(any("Simpson" in caveat for caveat in c["caveats"]) for c in found)


def test_many_claims_of_nothing_support_none():
    """One of forty claims of noise may look clear alone; counted together it does not."""
    world = make_world("plain", 0.0, 40, seed=3)
    claims = [{**POP, "id": f"c{i}", "measure": f"draw{i:04d}", "direction": "change"} for i in range(40)]
    tables = estimate_trends(world.scores(), world.tracks, TrendOptions(methods=("mixed",)))
    found = judge_claims(tables, claims)
    assert {c["verdict"] for c in found} == {"inconclusive"}
    assert all(c["robustness"] is None for c in found)


def test_claims_are_counted_with_their_family_alone():
    world = make_world("plain", 0.12, 40, seed=3)
    tables = estimate_trends(world.scores(), world.tracks, TrendOptions(methods=("cluster_ols",)))
    claims = [{**POP, "id": f"c{i}", "measure": f"draw{i:04d}", "direction": "rise"} for i in range(40)]
    together = judge_claims(tables, claims)
    apart = judge_claims(tables, [{**c, "family": c["id"]} for c in claims])
    assert all(a["q"] == a["p"] for a in apart)
    assert sum(t["q"] for t in together) > sum(a["q"] for a in apart)


def test_one_artist_who_is_half_of_pop_is_a_caveat():
    scores, tracks = make_corpus(-0.3)
    pop = tracks.index[tracks["segment"] == "pop"][:150]
    tracks.loc[pop, "artist_id"] = "star"
    assert any("is one artist" in c for c in judge(scores, tracks, POP)[0]["caveats"])
    nameless = tracks.assign(artist_id=None)
    assert any("name no artist" in c for c in judge(scores, nameless, POP)[0]["caveats"])


def test_pooled_specifications_vote_only_on_claims_registered_as_pooled():
    scores, tracks = make_corpus(-0.3)
    within, pooled = judge(scores, tracks, POP, {**POP, "id": "p", "pooling": "pooled"})
    table = run_specifications(scores, tracks, ["composite"], reference={("composite", "sevenths"): 1.0})
    rows = table.query("target == 'segment' and group == 'pop'")
    assert sum(within["specifications"].values()) == (rows["pooling"] != "pooled").sum() > 0
    assert sum(pooled["specifications"].values()) == (rows["pooling"] == "pooled").sum() > 0


def test_specifications_list_each_choice_once():
    scores, tracks = make_corpus(-0.3)
    table = run_specifications(scores, tracks, ["composite"])
    keys = ["target", "group", "vocabulary", "method", "pooling", "min_events", "length_term", "weighting"]
    assert not table.duplicated(keys).any()
    assert set(table["min_events"]) == {0, 16, 30}
    long_songs = run_specifications(scores.assign(n_events=100), tracks, ["composite"])
    assert set(long_songs["min_events"]) == {0}  # a choice that changes nothing is listed once
    weighted = run_specifications(scores, tracks.assign(weight=1 + np.arange(len(tracks)) % 3), ["composite"])
    assert set(weighted["weighting"]) == {"weight", "equal"}


def test_registered_claims_are_well_formed_and_never_pool_genres():
    claims = load_claims()
    assert len({c["id"] for c in claims}) == len(claims)
    assert {c["kind"] for c in claims} == {"observed"}
    assert all(c["sentence"].endswith(".") for c in claims)
    assert all(c.get("pooling") != "pooled" or c.get("one_sided") for c in claims if c["kind"] == "observed")


@pytest.mark.parametrize(("text", "words"), [
    ("[[claim]\n", "not valid TOML"),
    ('[[claim]]\nkind = "observed"\nsentence = "x"\n', "'id' is missing"),
    ('[[claim]]\nid = "a"\nkind = "guess"\nsentence = "x"\n', "kind='guess'"),
    ('[[claim]]\nid = "a"\nkind = "observed"\nsentence = "x"\nlevel = "planet"\n', "level='planet'"),
    (2 * '[[claim]]\nid = "a"\nkind = "simulated"\nsentence = "x"\n', "'a' occurs twice"),
])  # fmt: skip
def test_a_broken_claims_file_is_named(tmp_path, text, words):
    path = tmp_path / "claims.toml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=words):
        load_claims(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        load_claims(tmp_path / "absent.toml")


def test_verdicts_are_the_six_of_the_design():
    assert VERDICTS == ("supported", "contradicted", "equivalent", "mixed", "inconclusive", "not_testable")


def test_power_foretells_the_error_that_scoring_finds():
    scores, tracks = make_corpus(0.0)
    before = power_table(tracks).set_index(["kind", "group"])["mdes_sd"]
    # half of the variance lies between artists here, 30% are assumed
    after = power_table(tracks, scores, reference={("composite", "sevenths"): np.sqrt(0.5)}).set_index(
        ["kind", "group"]
    )
    assert (after["basis"] == "scores").all()
    for key in (("slope", "pop"), ("contrast", "pop-niche")):
        assert after.loc[key, "mdes_sd"] == pytest.approx(before[key], rel=0.35)
    smaller = power_table(tracks.iloc[::4]).set_index(["kind", "group"])["mdes_sd"]
    assert smaller["slope", "pop"] > 1.4 * before["slope", "pop"]


REPERTOIRE = {
    "id": "rose", "kind": "observed", "sentence": "This repertoire rose.", "measure": "composite", "direction": "rise",
    "vocabulary": "sevenths", "level": "corpus", "group": "*", "pooling": "pooled", "sesoi": 0.10, "one_sided": True,
}  # fmt: skip


def test_a_claim_about_one_repertoire_is_judged_where_no_sides_are_taken_and_only_there():
    scores, tracks = make_corpus(0.3, 0.3)
    (both,) = judge(scores, tracks, REPERTOIRE)
    assert both["verdict"] == "not_testable" and "both pop and niche" in both["why"]
    (alone,) = judge(scores, tracks.assign(segment="other"), REPERTOIRE)
    assert (alone["verdict"], alone["group"]) == ("supported", "one")
    (niche,) = judge(scores, tracks.assign(segment="niche"), REPERTOIRE)
    assert niche["verdict"] == "supported"


def test_over_four_centuries_a_tenth_of_an_sd_a_decade_is_no_small_change():
    """0.05 SD per decade is nothing over sixty years and two SD over four centuries."""
    scores, tracks = make_corpus(0.05, 0.05, n=2400, artists=480)
    slow = tracks.assign(segment="other")
    (short,) = judge(scores, slow, {**REPERTOIRE, "direction": "fall"})
    years = 1600 + (tracks["year"] - 1955) * 400 // 65
    stretched = scores.copy()  # the same slope per decade over the longer span
    shift = pd.Series(
        (years.to_numpy() - 1600 - (tracks["year"].to_numpy() - 1955)) / 10 * 0.05, index=tracks["track_id"]
    )
    stretched["value"] += shift.reindex(stretched["track_id"]).to_numpy()
    (long,) = judge(stretched, slow.assign(year=years), {**REPERTOIRE, "direction": "rise"})
    assert short["sesoi"] == 0.10 and short["verdict"] == "equivalent"
    assert long["sesoi"] < 0.03 and long["verdict"] == "supported"
