"""A chord is its root, its notes above it, and its bass."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError, MusictrendError
from musictrend.harmony import Chord

CHORDS = st.builds(
    lambda root, half, bass: Chord.from_parts(root, bitmap=half * 2 + 1, bass=bass),
    st.integers(0, 11),
    st.integers(0, 2047),
    st.integers(0, 11),
)


@given(CHORDS)
def test_a_label_reads_back_as_the_same_chord(chord):
    assert Chord(str(chord)) == chord
    assert Chord(chord.label).label == chord.label


@given(CHORDS, st.integers(-24, 24))
def test_transposition_moves_every_note_and_keeps_the_quality(chord, semitones):
    moved = chord.transpose(semitones)
    assert sorted((pc + semitones) % 12 for pc in chord.pitch_classes) == list(moved.pitch_classes)
    assert moved.quality == chord.quality
    assert moved.bass_interval == chord.bass_interval
    assert moved.transpose(-semitones) == chord


@given(CHORDS)
def test_chroma_and_pitch_classes_agree_and_hold_the_bass(chord):
    assert sum(1 << pc for pc in chord.pitch_classes) == chord.chroma
    assert chord.bass in chord.pitch_classes
    assert chord.root in chord.pitch_classes


@given(CHORDS)
def test_chords_travel_between_processes(chord):
    assert pickle.loads(pickle.dumps(chord)) == chord


def test_spelling_is_kept_and_not_compared():
    assert Chord("C#:min") == Chord("Db:min")
    assert hash(Chord("C#:min")) == hash(Chord("Db:min"))
    assert Chord("C#:min").label == "C#:min"


def test_no_chord_and_unknown_have_no_notes():
    for chord, label in ((Chord.NO_CHORD, "N"), (Chord.UNKNOWN, "X")):
        assert (chord.label, chord.root, chord.bass, chord.pitch_classes) == (label, None, None, ())
        assert not chord.is_chord
        assert chord.quality == ""
        assert chord.transpose(3) == chord
    assert Chord.NO_CHORD != Chord.UNKNOWN


def test_a_bass_outside_the_quality_sounds_but_is_no_part_of_it():
    chord = Chord("C:maj/b7")
    assert chord.quality == "maj"
    assert chord.pitch_classes == (0, 4, 7, 10)


def test_parts_build_the_chord_they_describe():
    assert Chord.from_parts("Bb", ["3", "5", "b7"], bass="D") == Chord("Bb:7/3")
    assert Chord.from_parts(5, bitmap=0b10001001) == Chord("F:min")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Chord("H:maj"), "H:maj"),
        (lambda: Chord.from_parts("C", bitmap=5000), "5000"),
        (lambda: Chord.from_parts("K", ["3"]), "'K'"),
        (lambda: Chord.parse("C", dialect="klingon"), "klingon"),
    ],
)
def test_what_cannot_be_a_chord_is_refused_by_name(call, said):
    with pytest.raises(MusictrendError, match=said):
        call()


def test_a_misspelt_quality_is_met_with_close_ones():
    with pytest.raises(ChordLabelError, match="'aug9' is not in qualities.csv; close: .*'aug7'"):
        Chord("C:aug9")
