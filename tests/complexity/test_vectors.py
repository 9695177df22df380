"""Values that others published or computed, to their printed precision (science.md section 1 and sources
there)."""

from __future__ import annotations

import numpy as np
import pytest
from songs import events, spread_out

from musictrend.complexity import chord_types, distance, network, syntax, tonality, vertical
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


def test_conditional_entropy_of_abracadabra():
    letters = events([{"a": "A", "b": "B", "r": "Eb", "c": "C", "d": "D"}[letter] for letter in "abracadabra"])
    assert printed(syntax.conditional_entropy(letters)[0], "0.6000")
    plain = chord_types.type_entropy(letters)[0] - 4 / (2 * 11 * np.log(2))
    assert printed(plain, "2.0404")


def test_ppm_predicts_abracadabra_as_published():
    expected = "2.32 3.32 3.17 2.00 3.91 1.91 3.58 2.00 2.20 1.32 1.22".split()
    found = syntax.predict_ppm("abracadabra")
    assert [f"{bits:.2f}" for bits in found] == expected
    assert printed(found.mean(), "2.45097")  # IDyOM: 2.4509745 in single precision


def test_plain_ppm_of_order_three():
    expected = "2.322 3.322 3.170 2.000 4.000 1.907 3.700 2.000 2.154 0.663 0.296".split()
    found = syntax.predict_ppm(
        "abracadabra", order_bound=3, exclusion=False, update_exclusion=False, shortest_deterministic=False
    )
    assert [f"{bits:.3f}" for bits in found] == expected


@pytest.mark.parametrize(("text", "phrases"), [("0001101001000101", 6), ("abababab", 3)])
def test_lempel_ziv_phrases(text, phrases):
    from musictrend.complexity.sequence_kernels import count_phrases

    assert count_phrases(np.array([ord(c) for c in text])) == phrases


def test_efficiency_of_a_four_chord_loop():
    assert printed(network.graph_efficiency(events(["C", "G", "A:min", "F"] * 3))[0], "0.6111")


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
    assert distance.tps_distance(events(["C", label]))[0] == TPS[label]


def test_tonal_pitch_space_to_another_key():
    from musictrend.harmony import Key

    table = events(["C", "G"], keys=(Key(0, "major"), Key(7, "major")))
    assert distance.tps_distance(table)[0] == 7


def chord_columns(label: str, tonic: int) -> tuple[np.ndarray, ...]:
    chord = Chord(label)
    return tuple(np.array([part]) for part in (chord.root, chord.chroma, tonic, 0))


@pytest.mark.parametrize(("first", "second", "tonic", "expected"), [("C", "G:7", 0, 5.5), ("D", "D:min", 2, 1.5)])
def test_tpsd_of_de_haas(first, second, tonic, expected):
    assert distance.tpsd_steps(chord_columns(first, tonic), chord_columns(second, tonic))[0] == expected


def test_spiral_array_steps():
    assert [f"{d:.4f}" for d in distance.line_distance(np.array([1, 4, 3]))] == ["1.4606", "1.4606", "1.7889"]


# Diminished fifth: six steps on the line of fifths; dominant seventh: its third and seventh too; major
# seventh: five.
@pytest.mark.parametrize(("label", "steps"), [("C:dim", 6), ("C:7", 6), ("C:maj7", 5)])
def test_spiral_diameter_grows_from_triad_to_seventh(label, steps):
    # A chord beside itself in another bass: the cloud is the chord's own.
    table = events([label, f"{label}/5" if "dim" not in label else f"{label}/b5"])
    triad = distance.spiral_diameter(events(["C", "C/5"]))[0]
    assert printed(triad, "1.7889")
    found = distance.spiral_diameter(table)[0]
    assert found == pytest.approx(distance.line_distance(steps))


DISSONANCE = {
    "C": ".3804", "C:min": ".3804", "C:sus4": ".3983", "C:dim": ".4327", "C:aug": ".4406", "C:min7": ".4688",
    "C:maj7": ".5024", "C:7": ".5168", "C:dim7": ".5131", "C:9": ".5940",
    "C:9(13)": ".6368",  # a thirteenth is played without its eleventh
}  # fmt: skip


@pytest.mark.parametrize("label", DISSONANCE)
def test_dissonance_of_tonal_interval_vectors(label):
    assert printed(vertical.tiv_dissonance(events([label]))[0], DISSONANCE[label])


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


ROUGHNESS = {
    (0, 4, 7): ".1202426", (0, 3, 7): ".1300830", (0, 3, 6): ".2005575", (0, 4, 8): ".14799",
    (0, 3, 7, 10): ".19429", (0, 4, 7, 10): ".22147", (0, 4, 7, 11): ".23754", (0, 3, 6, 9): ".26238",
    (0, 12): ".00214", (0, 1): ".48388",
}  # fmt: skip


@pytest.mark.parametrize("steps", ROUGHNESS, ids=str)
def test_roughness_from_middle_c(steps):
    assert printed(vertical.measure_roughness([60 + step for step in steps]), ROUGHNESS[steps])


@pytest.mark.parametrize(("label", "expected"), [("G:7", ".22147"), ("A:min", ".1300830")])
def test_mean_roughness_of_one_chord_is_its_own(label, expected):
    assert printed(vertical.roughness(events([label]))[0], expected)


HARMONICITY = {
    (0,): "1.56026", (0, 7): "1.27744", (0, 4, 7): ".93731", (0, 3, 7): ".93731", (0, 3, 7, 10): ".85301",
    (0, 4, 7, 11): ".82756", (0, 3, 6): ".72250", (0, 4, 7, 10): ".73098", (0, 3, 6, 9): ".56824",
}  # fmt: skip


@pytest.mark.parametrize("pitch_classes", HARMONICITY, ids=str)
def test_harmonicity_of_one_chord(pitch_classes):
    assert printed(vertical.measure_harmonicity(pitch_classes), HARMONICITY[pitch_classes])
    chord = Chord.from_parts("E", bitmap=bits(*pitch_classes))
    assert printed(vertical.harmonicity(events([chord.label]))[0], HARMONICITY[pitch_classes])
