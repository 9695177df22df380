"""Explanations: the chords that drove a score are those one would point at."""

import numpy as np
import pytest

from musictrend.complexity import score_table
from musictrend.complexity.explanation import explain_scores
from musictrend.harmony.sequence import ChordSequence


def explain(labels, measure, vocabulary="sevenths", key="C:major", **options):
    table = explain_scores(ChordSequence.from_labels(labels, key=key), [measure], [vocabulary], **options)
    return table.set_index("label")["influence"]


def test_the_only_seventh_drives_the_share_of_sevenths():
    influence = explain(["C", "F", "G:7", "A:min"] * 8, "nontriad_share")
    assert influence.idxmax() == "G:7"
    assert (influence.drop("G:7") < 0).all()


def test_the_chord_from_far_away_drives_the_fifths_spread():
    influence = explain(["C", "F", "G", "C"] * 8 + ["F#", "C"], "fifths_spread")
    assert influence.idxmax() == "F#:maj"


def test_the_chord_that_nobody_expects_drives_surprisal():
    influence = explain((["C", "G", "A:min", "F"] * 7)[:-1] + ["Eb:aug", "F", "C"], "surprisal")
    assert influence.idxmax() in ("Eb:aug", "Eb:(3,#5)")


def test_influence_is_the_difference_that_leaving_a_chord_out_makes():
    labels = ["C", "F", "G:7", "D:min7", "C", "E:min", "F", "G:7"] * 6
    seq = ChordSequence.from_labels(labels, key="C:major")
    table = explain_scores(seq, ["cardinality"], ["sevenths"])
    whole = score_table(seq.to_table(), ["cardinality"], ["sevenths"])["cardinality", "sevenths"][0]
    for place, label in ((3, "D:min7"), (5, "E:min")):
        without = ChordSequence.from_labels(labels[:place] + labels[place + 1 :], key="C:major").to_table()
        expected = whole - score_table(without, ["cardinality"], ["sevenths"])["cardinality", "sevenths"][0]
        row = table[table["label"] == label].iloc[0]
        assert row["influence"] == pytest.approx(row["n_events"] * expected)


def test_what_lies_after_the_last_whole_window_has_no_influence_on_windowed_measures():
    influence = explain(["C", "F", "G", "C", "A:min"] * 6 + ["B:dim7", "Eb:7"], "type_entropy")
    assert influence["B:dim7"] == 0 and influence["Eb:7"] == 0
    assert np.abs(influence).sum() > 0


def test_a_track_without_a_value_has_no_rows_and_positions_count_events():
    assert explain(["C", "F", "G"], "type_entropy").empty
    table = explain_scores(
        ChordSequence.from_labels(["C", "C", "N", "F", "C"] * 3), ["cardinality"], ["majmin", "full"]
    )
    assert set(table["vocabulary"]) == {"full"}  # majmin knows no fourth note
    assert table.set_index("label").loc["F:maj", "positions"] == [1, 3, 5]  # events: C F C F C F C


def test_every_measure_explains_a_whole_song():
    labels = ["C", "A:min7", "D:min7", "G:7", "E:7", "A:min", "F:maj7", "G:sus4", "G:7", "Ab", "Bb", "C"] * 5
    n = len(labels)
    seq = ChordSequence(
        ChordSequence.from_labels(labels).chords, np.arange(n) * 2.0, np.full(n, 2.0), "seconds", np.ones(n),
        ChordSequence.from_labels(labels, key="C:major").keys,
    )  # fmt: skip
    table = explain_scores(seq, "all", ["sevenths"])
    scored = score_table(seq.to_table(), "all", ["sevenths"])
    with_value = {m for (m, _), v in scored.values.items() if np.isfinite(v[0])} - {"composite"}
    assert with_value <= set(table["measure"])
    assert np.isfinite(table["influence"]).all()


def test_the_composite_is_explained_by_what_it_is_made_of():
    table = explain_scores(ChordSequence.from_labels(["C", "F", "G:7", "A:min"] * 10, key="C:major"), ["composite"])
    parts = {"types_rarefied", "surprisal", "fifths_spread", "chromatic_share", "roughness"}
    assert set(table["measure"]) == parts
