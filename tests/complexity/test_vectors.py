"""Values that others published or computed, to their printed precision (science.md section 1 and sources
there)."""

from __future__ import annotations

import numpy as np
import pytest
from songs import events, spread_out

from musictrend.complexity import (
    chord_types,
    consonance,
    distance,
    entropy,
    estimators,
    network,
    pitch_space,
    prediction,
    spiral,
    syntax,
    tonality,
    vertical,
)
from musictrend.harmony import Chord


def bits(*pitch_classes: int) -> int:
    return sum(1 << p for p in pitch_classes)


def printed(value: float, text: str) -> bool:
    """Whether a value rounds to what is printed."""
    decimals = len(text.partition(".")[2])
    return f"{value:.{decimals}f}" == f"{float(text):.{decimals}f}"


@pytest.mark.parametrize(("drawn", "expected"), [(5, "2.8909"), (10, "3.8785")])
def test_rarefied_types_of_known_counts(drawn, expected):
    table = events(spread_out((10, 5, 3, 1, 1)))
    assert printed(chord_types.types_rarefied(table, drawn)[0], expected)


def test_mtld_of_a_four_chord_loop():
    assert printed(chord_types.mtld(events(["C", "G", "A:min", "F"] * 8))[0], "6.4")


def test_miller_madow_entropy_of_known_counts():
    value = chord_types.type_entropy(events(spread_out((4, 4, 3, 2, 2, 2, 1, 1))))[0]
    assert printed(value * np.log(2), "2.1526")  # printed in nats


ENTROPIES = {"ml": "1.9684", "miller_madow": "2.1526", "chao_shen": "2.2011", "grassberger": "2.1446"}


@pytest.mark.parametrize("method", ENTROPIES)
def test_entropy_estimators_on_known_counts(method):
    assert printed(estimators.estimate_entropy([4, 2, 3, 2, 4, 2, 1, 1], method) * np.log(2), ENTROPIES[method])


@pytest.mark.parametrize("method", ["ml", "chao_shen", "grassberger"])
def test_entropy_measures_are_the_estimators_of_their_names(method):
    table = events(spread_out((4, 4, 3, 2, 2, 2, 1, 1)))
    value = getattr(entropy, f"type_entropy_{method}")(table)[0]
    assert printed(value * np.log(2), ENTROPIES[method])


def test_hill_numbers_are_the_exponential_of_entropy_and_the_inverse_of_concentration():
    table = events(spread_out((4, 4, 3, 2, 2, 2, 1, 1)))
    assert entropy.hill0(table)[0] == 8
    assert printed(entropy.hill1(table)[0], f"{np.exp(1.9683824):.4f}")
    assert chord_types.hill2(table)[0] == pytest.approx(19**2 / (16 + 16 + 9 + 4 + 4 + 4 + 1 + 1))


def test_conditional_entropy_of_abracadabra():
    letters = events([{"a": "A", "b": "B", "r": "Eb", "c": "C", "d": "D"}[letter] for letter in "abracadabra"])
    assert printed(syntax.conditional_entropy(letters)[0], "0.6000")
    plain = chord_types.type_entropy(letters)[0] - 4 / (2 * 11 * np.log(2))
    assert printed(plain, "2.0404")


def test_ppm_predicts_abracadabra_as_published():
    expected = "2.32 3.32 3.17 2.00 3.91 1.91 3.58 2.00 2.20 1.32 1.22".split()
    found = prediction.predict_ppm("abracadabra")
    assert [f"{bits:.2f}" for bits in found] == expected
    assert printed(found.mean(), "2.45097")  # IDyOM: 2.4509745 in single precision


def test_plain_ppm_of_order_three():
    expected = "2.322 3.322 3.170 2.000 4.000 1.907 3.700 2.000 2.154 0.663 0.296".split()
    found = prediction.predict_ppm(
        "abracadabra", order_bound=3, exclusion=False, update_exclusion=False, shortest_deterministic=False
    )
    assert [f"{bits:.3f}" for bits in found] == expected


# First symbols of the regression tests of the package ppm (IDyOM 1.5; test-escape-methods-2.R and
# test-escape-ax.R): probability of each symbol of abracadabra, without update exclusion, order bound 100.
ESCAPES = {
    ("D", 15): ".06666667 .03333332 .03448276 .19047616 .01492537 .3030304 .01449276 .34482762 .18780729 .50123453 "
    ".5874673",
    ("AX", 5): ".19999999 .13333333 .1304348 .2413793 .08333333 .26666665 .09375 .25 .20987655 .31428573 .38983053",
}


@pytest.mark.parametrize(("escape", "alphabet"), ESCAPES)
def test_escape_methods_agree_with_idyom(escape, alphabet):
    found = prediction.predict_ppm(
        "abracadabra", order_bound=100, escape=escape, update_exclusion=False, alphabet=alphabet
    )
    expected = [float(text) for text in ESCAPES[escape, alphabet].split()]
    # The symbols in alphabetical order stand in the source: a b c d r.
    np.testing.assert_allclose(2.0**-found, expected, rtol=2e-5)


@pytest.mark.parametrize(("text", "phrases"), [("0001101001000101", 6), ("abababab", 3)])
def test_lempel_ziv_phrases(text, phrases):
    from musictrend.complexity.sequence_kernels import count_phrases

    assert count_phrases(np.array([ord(c) for c in text])) == phrases


def test_the_network_of_a_four_chord_loop():
    loop = events(["C", "G", "A:min", "F"] * 3)
    assert printed(network.graph_density(loop)[0], "0.3333")
    assert network.graph_reciprocity(loop)[0] == network.graph_node_entropy(loop)[0] == 0
    assert printed(network.graph_efficiency(loop)[0], "0.6111")


FIFTHS = {
    (0,): "0.0000", (0, 7): ".1846", (0, 4, 7): ".5967", (0, 4, 7, 10): ".7191", (0, 2, 4, 7, 9): ".5036",
    (0, 2, 4, 5, 7, 9, 11): ".6833", (0, 3, 6, 9): "1", (0, 2, 4, 6, 8, 10): "1", tuple(range(12)): "1",
}  # fmt: skip


@pytest.mark.parametrize("pitch_classes", FIFTHS, ids=str)
def test_fifths_spread_of_one_chord(pitch_classes):
    chord = Chord.from_parts("C", bitmap=bits(*pitch_classes))
    assert printed(tonality.fifths_spread(events([chord.label]))[0], FIFTHS[pitch_classes])


TPS = {"G": 5, "F": 5, "A:min": 7, "E:min": 7, "D:min": 8, "B:dim": 8, "G:7": 6}


@pytest.mark.parametrize("label", TPS)
def test_tonal_pitch_space_from_the_tonic(label):
    assert pitch_space.tps_distance(events(["C", label]))[0] == TPS[label]


def test_tonal_pitch_space_to_another_key():
    from musictrend.harmony import Key

    table = events(["C", "G"], keys=(Key(0, "major"), Key(7, "major")))
    assert pitch_space.tps_distance(table)[0] == 7


def chord_columns(label: str, tonic: int) -> tuple[np.ndarray, ...]:
    chord = Chord(label)
    return tuple(np.array([part]) for part in (chord.root, chord.chroma, tonic, 0))


@pytest.mark.parametrize(("first", "second", "tonic", "expected"), [("C", "G:7", 0, 5.5), ("D", "D:min", 2, 1.5)])
def test_tpsd_of_de_haas(first, second, tonic, expected):
    assert pitch_space.tpsd_steps(chord_columns(first, tonic), chord_columns(second, tonic))[0] == expected


def test_spiral_array_steps():
    assert [f"{d:.4f}" for d in spiral.line_distance(np.array([1, 4, 3]))] == ["1.4606", "1.4606", "1.7889"]


def test_fifth_and_major_third_are_equally_far_on_the_spiral_array():
    assert spiral.line_distance(1) == pytest.approx(spiral.line_distance(4))


# Diminished fifth: six steps on the line of fifths; dominant seventh: its third and seventh too; major
# seventh: five.
@pytest.mark.parametrize(("label", "steps"), [("C:dim", 6), ("C:7", 6), ("C:maj7", 5)])
def test_spiral_diameter_grows_from_triad_to_seventh(label, steps):
    # A chord beside itself in another bass: the cloud is the chord's own.
    table = events([label, f"{label}/5" if "dim" not in label else f"{label}/b5"])
    triad = spiral.spiral_diameter(events(["C", "C/5"]))[0]
    assert printed(triad, "1.7889")
    found = spiral.spiral_diameter(table)[0]
    assert found == pytest.approx(spiral.line_distance(steps))


DISSONANCE = {
    "C": ".3804", "C:min": ".3804", "C:sus4": ".3983", "C:dim": ".4327", "C:aug": ".4406", "C:min7": ".4688",
    "C:maj7": ".5024", "C:7": ".5168", "C:dim7": ".5131", "C:9": ".5940",
    "C:9(13)": ".6368",  # a thirteenth is played without its eleventh
}  # fmt: skip


@pytest.mark.parametrize("label", DISSONANCE)
def test_dissonance_of_tonal_interval_vectors(label):
    assert printed(vertical.tiv_dissonance(events([label]))[0], DISSONANCE[label])


def test_audio_weights_rank_a_diminished_triad_below_a_major_one():
    found = vertical.tiv_dissonances("audio")
    assert printed(found[bits(0, 3, 6)], ".369") and printed(found[bits(0, 4, 7)], ".402")


def test_twelve_tones_are_as_dissonant_as_can_be():
    chord = Chord.from_parts("C", bitmap=4095)
    assert vertical.tiv_dissonance(events([chord.label]))[0] == pytest.approx(1)


TIV = {
    "A:min": "17.17",
    "C:min": "18.29",
    "G": "25.55",
    "F": "25.55",
    "E": "27.31",
    "Db": "34.22",
    "F#": "35.23",
}


@pytest.mark.parametrize("label", TIV)
def test_tonal_interval_distance_from_c(label):
    assert printed(distance.tiv_distance(events(["C", label]))[0], TIV[label])


LEADING = {"E:min": 1, "C:min": 1, "C:aug": 1, "A:min": 2, "E": 2, "G": 3, "F": 3, "Db": 3, "F#": 6}


@pytest.mark.parametrize("label", LEADING)
def test_voice_leading_from_c(label):
    assert distance.voice_leading(events(["C", label]))[0] == LEADING[label]


def test_voice_leading_of_the_cadence():
    assert distance.voice_leading(events(["G:7", "C"]))[0] == 4


SPECTRAL = {"A:min": ".2416", "E:min": ".2597", "G": ".4155", "F": ".4155", "Db": ".853", "F#": ".948"}


@pytest.mark.parametrize("label", SPECTRAL)
def test_spectral_distance_from_c(label):
    assert printed(distance.spectral_distance(events(["C", label]))[0], SPECTRAL[label])


ROUGHNESS = {
    (0, 4, 7): ".1202426", (0, 3, 7): ".1300830", (0, 3, 6): ".2005575", (0, 4, 8): ".14799",
    (0, 3, 7, 10): ".19429", (0, 4, 7, 10): ".22147", (0, 4, 7, 11): ".23754", (0, 3, 6, 9): ".26238",
    (0, 12): ".00214", (0, 1): ".48388",
}  # fmt: skip


@pytest.mark.parametrize("steps", ROUGHNESS, ids=str)
def test_roughness_from_middle_c(steps):
    assert printed(consonance.measure_roughness([60 + step for step in steps]), ROUGHNESS[steps])


@pytest.mark.parametrize(("label", "expected"), [("G:7", ".22147"), ("A:min", ".1300830")])
def test_mean_roughness_of_one_chord_is_its_own(label, expected):
    assert printed(vertical.roughness(events([label]))[0], expected)


HARMONICITY = {
    (0,): "1.56026", (0, 7): "1.27744", (0, 4, 7): ".93731", (0, 3, 7): ".93731", (0, 3, 7, 10): ".85301",
    (0, 4, 7, 11): ".82756", (0, 3, 6): ".72250", (0, 4, 7, 10): ".73098", (0, 3, 6, 9): ".56824",
}  # fmt: skip


@pytest.mark.parametrize("pitch_classes", HARMONICITY, ids=str)
def test_harmonicity_of_one_chord(pitch_classes):
    assert printed(consonance.measure_harmonicity(pitch_classes), HARMONICITY[pitch_classes])
    chord = Chord.from_parts("E", bitmap=bits(*pitch_classes))
    assert printed(vertical.harmonicity(events([chord.label]))[0], HARMONICITY[pitch_classes])


def test_consonance_is_the_published_sum_of_its_parts():
    triad = 0.62843 - 1.62001 * 0.1202426 + 1.77992 * 0.93731
    assert consonance.measure_consonance([60, 64, 67]) == pytest.approx(triad, abs=2e-5)
    assert consonance.measure_consonance([60, 64, 67], 0.1) == pytest.approx(triad + 0.08922 * np.log(0.1), abs=2e-5)
    assert consonance.measure_consonance([60, 64, 67], chord_size=True) == pytest.approx(triad + 3 * 0.42227, abs=3e-5)


def test_mean_consonance_of_one_chord_is_its_own():
    from musictrend.complexity import reference_model

    table = events(["G:7", "C", "G:7", "C"], "sevenths")
    chords = ([60, 64, 67, 70], "G:7"), ([60, 64, 67], "C")
    habit = reference_model()["sevenths"].type_surprise
    each = [consonance.measure_consonance(p, float(np.exp(-habit[Chord(label).bitmap]))) for p, label in chords]
    assert vertical.consonance(table)[0] == pytest.approx(np.mean(each))


@pytest.mark.parametrize(("first", "second", "tonic", "expected"), [("C", "G:7", "C", 5.5), ("D", "D:min", "D", 1.5)])
def test_mean_tpsd_of_one_step_is_its_own(first, second, tonic, expected):
    assert pitch_space.tpsd_distance(events([first, second], key=f"{tonic}:major"))[0] == expected
