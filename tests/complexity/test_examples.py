"""The examples in the registry, which the page of measures repeats, are what the functions give."""

from __future__ import annotations

import re

import numpy as np
import pytest
from songs import JAZZ, song, spread_out

from musictrend.complexity import get_measure, select_measures
from musictrend.complexity.consonance import measure_consonance
from musictrend.harmony import Chord, ChordSequence, Key

LOOP = "C G A:min F".split()
ODD = "C F# A:min Db".split()
LETTERS = {"a": "A", "b": "B", "r": "Eb", "c": "C", "d": "D"}
COUNTS = spread_out((4, 4, 3, 2, 2, 2, 1, 1))
ALL_TRIADS = [f"{root}{mode}" for mode in ("", ":min") for root in "C D E F G A B Db Eb F# Ab Bb".split()]
VERSE, BRIDGE = "C A:min F G E:min D:min G F".split(), "Ab Bb Eb Db F# B E A".split()


def timed(labels, unit, durations):
    bars = durations if unit == "bars" else None
    return ChordSequence(tuple(map(Chord, labels)), unit=unit, durations=durations, bars=bars)


def keyed(labels, keys):
    return song(labels, keys=tuple(map(Key.parse, keys)))


# Measure -> cases of (chords or a song, what the example says).
MAJMIN = {
    "types_rarefied": [(LOOP * 10, "4")],
    "type_entropy": [(LOOP * 2, "2.27")],
    "type_entropy_ml": [(LOOP * 2, "2")],
    "type_entropy_nsb": [(LOOP * 7, "2.14")],
    "hill0": [(LOOP * 2, "4")],
    "hill1": [(LOOP * 2, "4"), ("C D C E".split(), "2.83")],
    "hill2": [(LOOP * 2, "4")],
    "mtld": [(LOOP * 8, "6.4")],
    "conditional_entropy": [([LETTERS[x] for x in "abracadabra"], "0.6"), (LOOP * 3, "0")],
    "block_entropy": [([*LOOP * 4, "C"], "2")],
    "surprisal": [("C F G C".split(), "2.24"), ("C F# G:min D#".split(), "6.19")],
    "surprisal_ppm": [(list("ABCADAEABCA"), "2.45"), (["C", "G"] * 15, "0.33")],
    "surprisal_ppm_long": [((LOOP * 8)[:30], "0.85"), ((ODD * 8)[:30], "6.9")],
    "surprisal_ppm_both": [((LOOP * 8)[:30], "0.61"), ((ODD * 8)[:30], "1.48")],
    "predictive_entropy": [((LOOP * 8)[:30], "1.83")],
    "predictive_entropy_ppm": [(["C", "G"] * 15, "0.58"), (ALL_TRIADS, "4.34")],
    "surprisal_sd": [("C G C G C F# C G".split(), "3.12")],
    "lz76": [(["A", "B"] * 4, "1.125")],
    "lz76_normalised": [(list("ABCD") * 4, "0.625")],
    "compression_z": [((LOOP * 8)[:30], "-8.6")],
    "graph_density": [(LOOP * 4, "0.333"), (["C", "G"] * 4, "1")],
    "graph_density_excess": [((LOOP * 8)[:30], "-0.6")],
    "graph_reciprocity": [(["C", "G"] * 2, "1"), (LOOP * 4, "0")],
    "graph_reciprocity_excess": [((LOOP * 8)[:30], "-0.9")],
    "graph_node_entropy": [(LOOP * 4, "0"), ("C G C F C".split(), "0.33")],
    "graph_node_entropy_excess": [((LOOP * 8)[:30], "-1.4")],
    "graph_efficiency": [(LOOP * 4, "0.6111")],
    "graph_efficiency_excess": [((LOOP * 8)[:30], "-0.36")],
    "chromatic_share": [(song("C D G C".split(), durations=[1] * 4), "0.0833")],
    "flat_side_share": [("C Bb F C".split(), "0.25")],
    "borrowed_share": [("C F:min Ab D".split(), "0.5")],
    "nondiatonic_root_share": [("C Bb D G".split(), "0.25")],
    "key_change_rate": [(keyed("C D G D".split(), ["C:major"] * 2 + ["G:major"] * 2), "25")],
    "mode_change_rate": [(keyed("C G C:min Eb".split(), ["C:major"] * 2 + ["C:minor", "Eb:major"]), "50")],
    "tps_distance": [(["C", "G"], "5"), (["C", "A:min"], "7"), (["C", "D:min"], "8")],
    "tiv_distance": [(["C", "A:min"], "17.17"), (["C", "G"], "25.55"), (["C", "F#"], "35.23")],
    "voice_leading": [(["C", "E:min"], "1"), (["C", "A:min"], "2"), (["C", "G"], "3"), (["C", "F#"], "6")],
    "spectral_distance": [(["C", "A:min"], "0.2416"), (["C", "G"], "0.4155"), (["C", "F#"], "0.948")],
    "spiral_diameter": [(["C", "A:min"], "2.1292")],
    "spiral_momentum": [(["C", "G"], "1.1155")],
    "spiral_strain": [(["C"], "0.41"), (["G"], "0.94"), (["Ab"], "1.32"), (["Db"], "1.88")],
    "changes_per_bar": [(timed("C F G".split(), "bars", [2, 1, 1]), "0.75")],
    "changes_per_second": [(timed("C F".split(), "seconds", [3.0, 1.0]), "0.5")],
    "changes_per_beat": [(timed("C F".split(), "quarters", [3.0, 1.0]), "0.5")],
    "repetition_share": [("C G A:min F D C G A:min F E".split(), "0.8")],
    "loop_share": [("C G F C G F D E A B".split(), "0.6")],
    "section_repetition": [(VERSE + BRIDGE + VERSE, "0.6667")],
}
FULL = {
    "type_entropy_chao_shen": [(COUNTS, "2.2011")],
    "type_entropy_grassberger": [(COUNTS, "2.1446")],
    "cardinality": [("C G:7 C G:9".split(), "3.75")],
    "nontriad_share": [("C G:7 C:sus4 F:5".split(), "0.25")],
    "extended_share": [("C G:9".split(), "0.5")],
    "dominant_seventh_share": [("C G:9".split(), "0.5")],
    "minor_seventh_share": [("D:min7 B:hdim7".split(), "0.5")],
    "sus_share": [("G:sus4 G".split(), "0.5")],
    "quality_entropy": [("C D:min7 G:7 C".split(), "1.86")],
    "fifths_spread": [(["C:1"], "0"), (["C:5"], "0.1846"), (["C"], "0.5967")],
    "applied_share": [("C D:7 G:7 C".split(), "0.3333")],
    "tritone_substitution_share": [("D:min7 Db:7 C:maj7".split(), "0.5")],
    "tpsd_distance": [(["C", "G:7"], "5.5")],
    "spiral_diameter": [(["C:7", "C:7/5"], "2.9665")],
    "voice_leading": [(["G:7", "C"], "4")],
    "roughness": [(["C"], "0.1202"), (["C:min"], "0.1301"), (["C:7"], "0.2215"), (["C:dim7"], "0.2624")],
    "harmonicity": [(["C:1"], "1.5603"), (["C"], "0.9373"), (["C:7"], "0.7310")],
    "tiv_dissonance": [(["C"], "0.3804"), (["C:7"], "0.5168")],
}
CASES = [
    (name, vocabulary, chords, says)
    for vocabulary, table in (("majmin", MAJMIN), ("full", FULL))
    for name, cases in table.items()
    for chords, says in cases
]


@pytest.mark.parametrize(("name", "vocabulary", "chords", "says"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_the_example_is_true(name, vocabulary, chords, says):
    measure = get_measure(name)
    sequence = song(chords) if isinstance(chords, list) else chords
    options = {"section_repetition": {"window": 12}}.get(name, {})
    found = float(measure.function(sequence.to_table().events(vocabulary), **options)[0])
    nats = chords is COUNTS  # printed in nats
    decimals = len(says.partition(".")[2])
    assert f"{found * (np.log(2) if nats else 1):.{decimals}f}" == says
    written = {"0.333": "1/3", "0.3333": "one of three"}.get(says, says)
    assert re.search(rf"(?<![\d.]){re.escape(written)}(?![\d]|\.\d)", measure.example), measure.example


def test_consonance_and_composite_say_the_truth_too():
    assert f"{measure_consonance([60, 64, 67]):.3f}" in get_measure("consonance").example
    assert f"{measure_consonance([60, 64, 67, 70]):.3f}" in get_measure("consonance").example
    composite = get_measure("composite").function
    assert composite(song(["C", "F", "G"] * 12).to_table().events("sevenths"))[0] < 0
    assert composite(song(JAZZ).to_table().events("sevenths"))[0] > 1


def test_no_measure_lacks_a_tried_example():
    assert {c[0] for c in CASES} | {"consonance", "composite"} == {m.name for m in select_measures("all")}
