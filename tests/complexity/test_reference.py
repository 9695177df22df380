"""The frozen reference: a proper probability, nothing of a single song, told make-up, and the composite on
it."""

from __future__ import annotations

import numpy as np
import pytest
from songs import JAZZ, PLAIN, song

from musictrend.complexity import (
    ReferenceModel,
    build_grammar,
    composite,
    describe_reference,
    reference_model,
    reference_sample,
    score,
    select_measures,
    standardise,
)
from musictrend.complexity.reference import MIN_SONGS, count_alphabet
from musictrend.complexity.standard import COMPOSITE_FACETS
from musictrend.errors import ParameterError
from musictrend.harmony import VOCABULARIES, ChordTable

FREE_LICENCES = {"CC0", "CC BY 4.0", "MIT", "public domain"}


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_shipped_probabilities_sum_to_one_in_every_context(vocabulary):
    grammar = reference_model()[vocabulary]
    unlisted = count_alphabet(vocabulary) - len(grammar.token)
    assert unlisted >= 0
    total = grammar.probability[:, :-1].sum(axis=1) + unlisted * grammar.probability[:, -1]
    np.testing.assert_allclose(total, 1, rtol=1e-5)
    assert (grammar.probability > 0).all()


def test_the_shipped_model_tells_what_it_is_made_of():
    for make_up in (reference_model().make_up, describe_reference()):
        assert {c["licence"] for c in make_up["corpora"].values()} <= FREE_LICENCES
        assert sum(make_up["tracks"].values()) == sum(c["tracks"] for c in make_up["corpora"].values())
        assert len({cell.split(",")[0] for cell in make_up["tracks"]}) >= 5


def test_what_few_songs_share_is_left_to_the_coarser_level():
    common = [song(PLAIN, track_id=f"common{i}") for i in range(MIN_SONGS)]
    rare = [song(["C", "F#:minmaj7"] * 20, track_id=f"rare{i}") for i in range(MIN_SONGS - 1)]
    grammar = build_grammar(ChordTable.from_sequences(common + rare).events("full"))
    tritone = 6 * 4096 + song(["F#:minmaj7"]).to_table().events("full").bitmap[0]
    assert tritone not in grammar.token and len(grammar.token) > 0
    one_song_long = [song(["C", "F#:minmaj7"] * 500, track_id="long")]
    assert len(build_grammar(ChordTable.from_sequences(one_song_long).events("full")).token) == 0


def test_a_grammar_learns_what_follows():
    table = ChordTable.from_sequences([song(["C", "G", "D:min"] * 20, track_id=str(i)) for i in range(5)])
    model = ReferenceModel({"majmin": build_grammar(table.events("majmin"))})
    learnt = score(song(["C", "G", "D:min"] * 5), ["surprisal"], vocabulary="majmin", reference=model)
    strange = score(song(["C", "D:min", "F#"] * 5), ["surprisal"], vocabulary="majmin", reference=model)
    assert learnt["surprisal"] < 0.5 < 4 < strange["surprisal"]


def test_an_event_weight_moves_the_model():
    songs = [song(["C", "G"] * 20, track_id=f"g{i}") for i in range(3)]
    songs += [song(["C", "F#"] * 20, track_id=f"f{i}") for i in range(3)]
    events = ChordTable.from_sequences(songs).events("root")
    even = build_grammar(events, np.array([1, 1, 1, 1, 1, 1.0]))
    tilted = build_grammar(events, np.array([9, 9, 9, 1, 1, 1.0]))
    fifth = 7 * 4096 + 1
    at = even.token.tolist().index(fifth)
    assert tilted.weight[at] > even.weight[at]
    assert tilted.weight.sum() == pytest.approx(even.weight.sum())
    with pytest.raises(ParameterError, match="track_weight must be 6 numbers"):
        build_grammar(events, np.array([1.0]))


def test_a_model_comes_back_from_its_file_and_reads_no_pickles(tmp_path):
    table = ChordTable.from_sequences([song(JAZZ, track_id=str(i)) for i in range(4)])
    model = ReferenceModel({v: build_grammar(table.events(v)) for v in ("majmin", "full")}, {"corpora": {"x": 1}})
    model.write(tmp_path / "model.npz")
    back = ReferenceModel.read(tmp_path / "model.npz")
    assert back.make_up == model.make_up
    for vocabulary in ("majmin", "full"):
        np.testing.assert_allclose(back[vocabulary].bits, model[vocabulary].bits, rtol=1e-5)
    with pytest.raises(ParameterError, match="'sevenths' is not in this reference model"):
        back["sevenths"]
    np.savez(tmp_path / "evil.npz", **{"full.token": np.array([object()], dtype=object)})
    with pytest.raises(ValueError, match="allow_pickle"):
        ReferenceModel.read(tmp_path / "evil.npz")


def test_the_reference_sample_knows_every_measure_and_both_windows():
    sample = reference_sample()
    assert (sample["sd"] > 0).all() and sample["mean"].notna().all()
    assert set(sample["window"]) == {16, 30}
    assert not sample.duplicated(["measure", "vocabulary", "window"]).any()
    known = {m.name for m in select_measures("all")}
    assert set(sample["measure"]) <= known
    assert {name for facet in COMPOSITE_FACETS for name in facet} | {"composite"} <= set(sample["measure"])


def test_the_composite_is_the_mean_of_its_four_facets():
    events = song(JAZZ).to_table().events("sevenths")
    found = score(song(JAZZ), [n for f in COMPOSITE_FACETS for n in f], vocabulary="sevenths")
    z = {n: float(standardise(np.array(v), n, "sevenths")) for n, v in found.items()}
    facets = [np.mean([z[name] for name in facet]) for facet in COMPOSITE_FACETS]
    assert composite(events)[0] == pytest.approx(np.mean(facets))
    assert composite(events)[0] > composite(song(PLAIN).to_table().events("sevenths"))[0]


def test_the_composite_is_missing_when_a_part_is():
    assert np.isnan(score(song(JAZZ, keys=None), ["composite"])["composite"])
    assert np.isnan(score(song(JAZZ[:20]), ["composite"])["composite"])


def test_a_song_scores_the_same_whatever_came_with_it():
    alone = score(song(PLAIN), ["surprisal", "composite"])
    many = ChordTable.from_sequences([song(JAZZ, track_id="j"), song(PLAIN, track_id="p")])
    beside = score(many.select([1]), ["surprisal", "composite"])
    np.testing.assert_array_equal(alone, beside)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_long_memory_is_a_probability_in_every_context_and_longest_contexts_are_surest(vocabulary):
    grammar = reference_model()[vocabulary]
    unlisted = count_alphabet(vocabulary) - len(grammar.token)
    shares = np.exp(grammar.long_shares)
    np.testing.assert_allclose(shares[:, :-1].sum(axis=1) + unlisted * shares[:, -1], 1, rtol=1e-9)
    np.testing.assert_allclose(shares[: len(grammar.context) + 1], grammar.probability)
    assert len(grammar.tree) > 1000
    assert grammar.long_entropy[len(grammar.context) + 1 :].mean() < grammar.long_entropy[: len(grammar.context)].mean()


def test_no_longer_context_of_few_songs_is_kept():
    common = [song(PLAIN, track_id=f"common{i}") for i in range(MIN_SONGS)]
    rare = [song(["C", "F", "A:min", "D"] * 9, track_id=f"rare{i}") for i in range(MIN_SONGS - 1)]
    without = build_grammar(ChordTable.from_sequences(common).events("majmin"), longest=3)
    grammar = build_grammar(ChordTable.from_sequences(common + rare).events("majmin"), longest=3)
    assert len(without.tree) > 0
    kept = {(int(p), int(t)) for p, t in zip(grammar.tree.pair_context, grammar.tree.pair_token, strict=True)}
    assert len(kept) == len(without.tree.pair_token)


def test_longer_contexts_predict_held_out_loops_better():
    table = ChordTable.from_sequences([song(PLAIN, track_id=str(i)) for i in range(5)])
    short, long = (
        ReferenceModel({"majmin": build_grammar(table.events("majmin"), longest=longest)}) for longest in (1, 3)
    )
    bits = [score(song(PLAIN), ["surprisal_ppm_long"], vocabulary="majmin", reference=m).iloc[0] for m in (short, long)]
    assert bits[1] < bits[0] - 0.3


def test_without_longer_contexts_the_long_memory_is_the_bigram_model():
    table = ChordTable.from_sequences([song(JAZZ, track_id=str(i)) for i in range(4)])
    model = ReferenceModel({"full": build_grammar(table.events("full"))})
    found = score(song(JAZZ), ["surprisal", "surprisal_ppm_long"], vocabulary="full", reference=model)
    assert found["surprisal"] == pytest.approx(found["surprisal_ppm_long"])
