"""What is measured of songs agrees with the measures of complexity and with hand counts."""

import numpy as np
import pytest

from musictrend.feedback import Foundation, Works
from musictrend.feedback.quantities import measure_transitions
from musictrend.feedback.recommender import gini
from musictrend.feedback.songs import mean_surprisal, rarefy_types, score_works, window_entropy


def test_song_measures_agree_with_the_measures_of_complexity(corpus):
    """Second opinion: the same corpus through the events table and the registry."""
    complexity = pytest.importorskip("musictrend.complexity.measure")
    pytest.importorskip("musictrend.complexity.chord_types")
    chords, _ = corpus
    chords = chords.select(np.arange(60))
    events = chords.events("sevenths")
    codes = Works.build(events.code, events.offsets)
    for name, ours in (("types_rarefied", rarefy_types), ("type_entropy", window_entropy)):
        theirs = complexity.evaluate(name, events)
        assert np.allclose(ours(codes), theirs, equal_nan=True), name


def test_short_songs_have_no_value_at_fixed_length():
    works = Works.build(np.arange(20), [0, 20])
    assert np.isnan(rarefy_types(works)).all()
    assert np.isnan(window_entropy(works)).all()


def test_surprisal_is_the_mean_of_the_table():
    table = np.array([[5.0, 1.0], [2.0, 5.0], [3.0, 4.0]])  # last row: beginning of a song
    assert mean_surprisal(Works.build([0, 1, 0], [0, 3]), table)[0] == pytest.approx((3 + 1 + 2) / 3)


def test_shares_count_pitch_classes(foundation):
    scores = score_works(foundation.works, foundation)
    size = np.array([bin(b).count("1") for b in foundation.bitmaps])
    first = foundation.works.tokens[: foundation.works.lengths[0]]
    assert scores["cardinality"][0] == pytest.approx(size[first].mean())
    assert scores["nontriad_share"][0] == pytest.approx((size[first] >= 4).mean())


def test_a_tenth_of_founding_transitions_is_rare_and_none_is_new(foundation):
    before = foundation.works.previous(foundation.n_tokens)
    rarity = foundation.rarity[before, foundation.works.tokens]
    assert np.mean(rarity == 2) == 0
    assert 0.05 < np.mean(rarity == 1) <= 0.1


def test_transition_diversity_of_even_pairs_is_their_number():
    k = 10
    tokens = np.tile(np.arange(k), 200)
    base = Foundation(Works.build(tokens, [0, len(tokens)]), k, rarity=np.zeros((k + 1, k), dtype=np.int8))
    values = measure_transitions(base.works, base)
    assert values["transition_hill1"] == pytest.approx(k, rel=1e-3)
    assert values["transition_hill2"] == pytest.approx(k, rel=1e-3)
    assert values["transition_entropy"] == pytest.approx(0, abs=1e-9)


def test_gini_of_one_winner_approaches_one():
    assert gini(np.r_[1.0, np.zeros(999)]) == pytest.approx(0.999)
    assert np.isnan(gini(np.zeros(3)))
