"""Chordonomicon's spelling, and what was decided where its own table of vectors says otherwise."""

from __future__ import annotations

import ast
import csv

import pytest

from musictrend.errors import ChordLabelError
from musictrend.harmony import Chord, parse_symbol, read_symbol

GOLDEN = [
    ("Amin7", "0 4 7 9", 9, "A:min7"), ("Fsmin", "1 6 9", 6, "F#:min"), ("Bbmaj7", "2 5 9 10", 10, "Bb:maj7"),
    ("Csus4", "0 5 7", 0, "C:sus4"), ("Cssus4", "1 6 8", 1, "C#:sus4"), ("Bbsus2", "0 5 10", 10, "Bb:sus2"),
    ("A/Cs", "1 4 9", 1, "A:maj/3"), ("Cno3d", "0 7", 0, "C:5"), ("C7sus4", "0 5 7 10", 0, "C:sus4(b7)"),
    ("Csmajs911s", "0 1 4 5 7 8", 1, "C#:maj7(#9,#11)"), ("Cs13b11b9b", "1 2 5 8 9 11", 1, "C#:7(b9,b13)"),
    ("C13b9", "0 1 4 5 7 9 10", 0, "C:7(b9,11,13)"), ("C13bb9", "0 1 4 5 7 8 10", 0, "C:7(b9,11,b13)"),
    ("C1311s", "0 2 4 6 7 9 10", 0, "C:9(#11,13)"), ("Cadd13", "0 4 7 9", 0, "C:maj6"),
    ("Cadd9", "0 2 4 7", 0, "C:maj(9)"),
    ("Cminmaj7", "0 3 7 11", 0, "C:minmaj7"), ("Caug7", "0 4 8 10", 0, "C:aug(b7)"),
    ("Bdim7", "2 5 8 11", 11, "B:dim7"),
    ("Bdimb7", "2 5 9 11", 11, "B:hdim7"), ("Db9", "1 3 5 8 11", 1, "Db:9"), ("Db7", "1 5 8 11", 1, "Db:7"),
    ("Cb9", "0 1 4 7 10", 0, "C:7(b9)"), ("Db79", "0 2 4 6 9", 2, "D:9"),
    ("C11b913b", "0 1 4 5 7 8 10", 0, "C:7(b9,11,b13)"),
    ("Ds/Bb", "3 7 10", 10, "D#:maj/5"),
]  # fmt: skip


@pytest.mark.parametrize(("symbol", "notes", "bass", "label"), GOLDEN)
def test_a_chordonomicon_symbol_sounds_as_decided(symbol, notes, bass, label):
    chord = parse_symbol(symbol, "chordonomicon")
    assert chord.pitch_classes == tuple(int(note) for note in notes.split())
    assert chord.bass == bass
    assert chord.label == label


@pytest.mark.parametrize("symbol", ["Cs/", "C#min", "Cm", "<verse_1>", "Cmin7b5", "sC", "C/H", "Hmin", "Cadd2", ""])
def test_what_the_corpus_does_not_write_raises_and_is_named(symbol):
    with pytest.raises(ChordLabelError) as caught:
        parse_symbol(symbol, "chordonomicon")
    assert repr(symbol) in str(caught.value)


def name_class(symbol: str, ours: Chord, theirs: tuple[int, ...]) -> str:
    """Class of a disagreement, as docs/dialects.md names them; empty when it was never decided."""
    if symbol[1:2] == "b" and ours.root not in theirs:
        return "the flat belongs to the root"
    if "sus" in symbol and set(theirs) - set(ours.pitch_classes):
        return "a suspension loses its third"
    if "dim" in symbol:
        return "dim has a diminished seventh, dimb7 a minor one"
    if "b7" in symbol:
        return "b7 is the minor seventh"
    return ""


def test_all_symbols_of_the_corpus_are_read_and_every_disagreement_is_decided(real_file):
    undecided, unread, n = [], [], 0
    with real_file("chordonomicon_labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            n += 1
            theirs = tuple(i for i, on in enumerate(ast.literal_eval(row["Degrees"])) if on)
            chord, reason = read_symbol(row["Chords"], "chordonomicon")
            if reason:
                unread.append(reason)
            elif chord.pitch_classes != theirs and not name_class(row["Chords"], chord, theirs):
                undecided.append(row["Chords"])
    assert n == 2793
    assert not unread
    assert not undecided
