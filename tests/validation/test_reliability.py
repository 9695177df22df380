"""Confidences against how often they are right."""

from __future__ import annotations

import numpy as np
import pytest

from musictrend.harmony import Chord, ChordSequence
from musictrend.validation.reliability import measure_reliability


def sequence(labels, confidence=None, durations=None):
    return ChordSequence(tuple(map(Chord, labels)), None, durations, "seconds", confidence=confidence).to_table()


def test_confidences_that_say_how_often_they_are_right_have_no_error():
    told = sequence(["C"] * 10)
    heard = sequence(["C"] * 8 + ["D:min"] * 2, [0.8] * 10)
    found = measure_reliability(told, heard)
    assert found.ece == pytest.approx(0, abs=1e-6)
    assert found.auroc == pytest.approx(0.5)
    assert [(b.low, round(b.right, 6), b.share) for b in found.bins] == [(0.8, 0.8, 1.0)]


def test_time_counts_in_the_error_and_every_chord_once_in_the_ranking():
    told = sequence(["C", "F"], durations=[3.0, 1.0])
    heard = sequence(["C", "D"], [0.9, 0.6], durations=[3.0, 1.0])
    found = measure_reliability(told, heard)
    assert found.ece == pytest.approx(0.75 * 0.1 + 0.25 * 0.6, abs=1e-6) and found.auroc == 1 and found.n_chords == 2


def test_sevenths_are_judged_where_the_estimate_tells_them_and_only_there():
    told = sequence(["C:7", "F"])
    assert measure_reliability(told, sequence(["C", "F"], [0.9, 0.9])).rule == "majmin"
    finer = measure_reliability(told, sequence(["C:maj7", "F"], [0.2, 0.9]))
    assert finer.rule == "tetrads" and finer.auroc == 1


def test_without_confidences_there_is_nothing_to_say():
    assert measure_reliability(sequence(["C"]), sequence(["C"])) is None
    assert np.isnan(measure_reliability(sequence(["C"]), sequence(["C"], [0.5])).auroc)
