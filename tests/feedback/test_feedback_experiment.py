"""Simulations: the table of the contract, the same for any number of workers."""

import numpy as np
import pandas as pd
import pytest

from musictrend.errors import NothingUsableError, ParameterError
from musictrend.feedback import (
    QUANTITIES,
    Scenario,
    forecast_past,
    judge_simulated,
    learning_curve,
    load_scenario,
    load_simulated_claims,
    simulate,
    sweep,
    world_input,
)
from musictrend.harmony import Chord, ChordSequence, ChordTable

TINY = Scenario(name="tiny", human_works=40, steps=3)


@pytest.fixture(scope="module")
def table(corpus):
    return simulate(*corpus, TINY, seeds=range(2))


def test_a_simulation_has_the_columns_of_the_contract(table):
    assert table.columns.tolist() == [
        "scenario",
        "run",
        "seed",
        "step",
        "year",
        "segment",
        "origin",
        "quantity",
        "value",
    ]
    assert set(table["segment"]) == {"pop", "niche"}
    assert set(table["origin"]) == {"human", "generator"}
    assert set(table["quantity"]) <= set(QUANTITIES)
    assert table["value"].notna().all()
    keys = table.columns[:-1].tolist()
    assert not table.duplicated(keys).any()
    assert table.equals(table.sort_values(keys, ignore_index=True))


def test_years_go_on_from_the_last_observed_one(table):
    assert (table["year"] == 2019 + table["step"]).all()
    assert set(table["step"]) == {0, 1, 2, 3}
    assert set(table[table["step"] == 0]["origin"]) == {"human"}


def test_one_worker_and_two_give_the_same_table(start):
    scenarios = [TINY, load_scenario("accumulate").replace(human_works=40, steps=3)]
    one, two = (simulate(start, None, scenarios, seeds=range(2), jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_another_seed_gives_other_numbers(table):
    first, second = (table[table["seed"] == s]["value"].to_numpy() for s in (0, 1))
    assert len(first) != len(second) or not np.allclose(first, second)


def test_scenarios_of_one_name_are_refused(start):
    with pytest.raises(ParameterError, match="different names"):
        simulate(start, None, [TINY, TINY.replace(temperature=1.0)], seeds=[0])


def test_a_sweep_carries_its_parameters(start):
    table = sweep(start, None, TINY, {"temperature": [0.8, 1.0], "order": [2, 3]}, seeds=[0])
    cells = set(zip(table["temperature"], table["order"], strict=True))
    assert cells == {(0.8, 2), (0.8, 3), (1.0, 2), (1.0, 3)}
    assert table["scenario"].nunique() == 4


def test_a_cold_generator_is_less_diverse_than_a_warm_one(start):
    table = sweep(start, None, TINY.replace(human_works=120), {"temperature": [0.5, 1.0]}, seeds=range(2))
    end = table[(table["quantity"] == "transition_hill1") & (table["step"] == 3)]
    end = end[end["origin"] == "generator"]
    cold, warm = end.groupby("temperature")["value"].mean()
    assert cold < warm


def test_progress_is_told_of_every_world(start):
    class Count:
        done = 0

        def advance(self, n=1):
            self.done += n

    count = Count()
    simulate(start, None, TINY.replace(steps=1), seeds=range(3), progress=count)
    assert count.done == 3


# ------------------------------------------------------------------ from a corpus
def test_transposing_the_songs_leaves_the_world_alone(corpus):
    chords, tracks = corpus
    chords = chords.select(np.arange(150))
    moved = []
    for number, song in enumerate(chords):
        labels = [f"{_up(c.label, number % 12)}" for c in song.chords]
        moved.append(ChordSequence.from_labels(labels, track_id=song.track_id))
    one, two = world_input(chords, tracks), world_input(ChordTable.from_sequences(moved), tracks)
    assert (one.works.tokens == two.works.tokens).all()


def _up(label, semitones):
    names = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
    root, _, quality = label.partition(":")
    return f"{names[(Chord(label).root + semitones) % 12]}:{quality}" if root else label


def test_the_window_is_the_last_years_and_grows_until_it_is_full(corpus):
    assert world_input(*corpus, last_years=30).first_year == 1990
    narrow = world_input(*corpus, last_years=1)
    inside = narrow.works.take(narrow.window())
    assert min(np.bincount(inside.segment)) >= 60


def test_artists_are_held_out_whole(corpus, start):
    _, tracks = corpus
    held = set(tracks["artist_id"][start.heldout])
    assert held
    assert not held & set(tracks["artist_id"][~start.heldout])
    inside = start.window()
    assert 0.1 < start.heldout[inside].mean() < 0.25


def test_what_is_left_out_is_counted(corpus):
    chords, tracks = corpus
    tracks = tracks.copy()
    tracks["year"] = tracks["year"].astype("Int16")
    tracks.loc[:9, "year"] = pd.NA
    tracks["duplicate_of"] = ""
    tracks.loc[10:14, "duplicate_of"] = "song0000"
    found = world_input(chords, tracks)
    assert found.left_out == {"no year": 10, "duplicate or excluded": 5}
    assert len(found.works) == len(tracks) - 15


def test_a_corpus_without_sides_cannot_start_a_world(corpus):
    chords, tracks = corpus
    with pytest.raises(NothingUsableError, match="30 pop or niche songs"):
        world_input(chords, tracks.assign(segment="other"))


def test_a_corpus_of_pop_alone_makes_a_world_of_pop_alone(plant):
    table = simulate(*plant(90, genres=("pop",)), TINY, seeds=[0])
    assert set(table["segment"]) == {"pop"}


# ------------------------------------------------------------------ learning, hindcast, verdicts
def test_human_songs_teach_and_generated_ones_do_not(start):
    curve = learning_curve(start, "replace", seeds=range(3), shares=(0.0, 1.0))
    loss = curve.groupby(["source", "share_added"])["cross_entropy"].mean()
    assert loss["human", 1.0] < loss["human", 0.0]
    assert loss["generator", 1.0] > loss["generator", 0.0] - 0.02
    assert loss["human", 0.0] == loss["generator", 0.0]


def test_a_stationary_past_is_foretold(corpus):
    """Nothing changes in the planted corpus: most decade means lie in the interval."""
    result = forecast_past(*corpus, seeds=range(5), human_works=60, horizon=12)
    assert result.status == "scored"
    assert len(result.table) >= 8
    variety = result.table[result.table["quantity"].isin(["types_rarefied", "type_entropy"])]
    assert variety["covered"].mean() >= 0.5
    assert "of" in result.summary()


def test_a_short_past_cannot_be_foretold(plant):
    result = forecast_past(*plant(120, first=2012), seeds=[0])
    assert result.status == "not_testable"
    assert "2012" in result.why


def test_every_simulated_claim_names_scenarios_and_quantities_that_exist():
    registered = load_simulated_claims()
    for claim in registered.claims:
        assert claim["quantity"] in QUANTITIES
        for name in {claim.get("scenario"), claim.get("against")} - {None, "start"}:
            load_scenario(name)
        assert claim["direction"] in ("rise", "fall")
    assert len({claim["id"] for claim in registered.claims}) == len(registered.claims)


def test_a_claim_is_judged_over_its_whole_box(start):
    (verdict,) = judge_simulated(start, seeds=[0], claims=["feedback_discoverability_falls"])
    assert verdict["kind"] == "simulated"
    assert verdict["n_worlds"] == 8
    assert verdict["verdict"] == "supported"
    assert verdict["estimate"] < 0
    assert verdict["robustness"] >= 0.9
    assert "8 settings" in verdict["why"]


def test_claims_about_a_corpus_too_small_are_not_testable(plant):
    chords, tracks = plant(20)
    verdicts = judge_simulated(chords, tracks, seeds=[0])
    assert {v["verdict"] for v in verdicts} == {"not_testable"}
    assert all("30 pop or niche songs" in v["why"] for v in verdicts)


def test_a_contrast_needs_both_segments(plant):
    chords, tracks = plant(90, genres=("pop",))
    (verdict,) = judge_simulated(chords, tracks, seeds=[0], claims=["feedback_pop_loses_more"])
    assert verdict["verdict"] == "not_testable"
    assert "only pop" in verdict["why"]
