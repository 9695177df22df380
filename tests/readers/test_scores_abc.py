"""ABC: rhythms, accidentals, keys, voices and repeats by the standard; no line of it takes long."""

from __future__ import annotations

import time

import numpy as np
import pytest
from notation import rows

from musictrend.corpus.readers.scores import read_notes

HEAD = "X:1\nT:Small\nC:A. Tester\nM:{metre}\nL:1/4\nQ:1/4=90\nK:{key}\n"


@pytest.fixture
def read(tmp_path):
    def read(music, metre="4/4", key="C", **options):
        (tmp_path / "tune.abc").write_text(HEAD.format(metre=metre, key=key) + music, encoding="utf-8")
        return read_notes(tmp_path / "tune.abc", **options)

    return read


def pitches(notes):
    return notes.pitch.tolist()


def test_lengths_octaves_chords_and_rests(read):
    notes = read("C,/2 c3/2 z [CE]2- | [CE]2 z2 |]")
    assert rows(notes) == [(0, 0.5, 48), (0.5, 1.5, 72), (3, 4, 60), (3, 4, 64)]
    assert notes.bar_onset_quarter.tolist() == [0, 5, 9] and notes.fifth.tolist() == [0, 0, 0, 4]
    assert (notes.title, notes.composer, notes.tempos) == ("Small", "A. Tester", [(0, 90)])


@pytest.mark.parametrize("music", ["A>B c<d", "A > B c < d", '(A>"4".B) {g}c<!f!d'])
def test_broken_rhythm_lengthens_one_and_shortens_the_other(read, music):
    assert read(music).duration_quarter.tolist() == [1.5, 0.5, 0.5, 1.5]


def test_tuplets_take_the_time_they_should(read):
    assert np.allclose(read("(3CDE F").onset_quarter, [0, 2 / 3, 4 / 3, 2])
    assert np.allclose(read("(5:4:2CD E").onset_quarter, [0, 0.8, 1.6])
    assert np.allclose(read("(2CD E", metre="6/8").onset_quarter, [0, 1.5, 3])


def test_accidentals_hold_in_their_bar_and_octave(read):
    assert pitches(read("^F F f =F | F")) == [66, 66, 77, 65, 65]


@pytest.mark.parametrize(
    ("key", "fifths", "pitch"),
    [("G", 1, 66), ("Gm", -2, 65), ("D mix", 1, 66), ("Ador", 1, 66), ("Bb", -2, 65), ("F#", 6, 66), ("HP", 2, 66),
     ("none", 0, 65), ("C ^f", 0, 66), ("C clef=bass", 0, 65), ("E phr", 0, 65)],
)  # fmt: skip
def test_keys_and_modes_alter_their_notes(read, key, fifths, pitch):
    notes = read("F", key=key)
    assert (notes.fifths, pitches(notes)) == ([(0, fifths)], [pitch])


def test_voices_and_layers_sound_together(read):
    notes = read("V:1\nc d e f | g4 |\nV:2 clef=bass-8\nC2 D2 | [L:1/8] G8 & E8 |")
    assert rows(notes) == [
        (0, 2, 48), (0, 1, 72), (1, 1, 74), (2, 2, 50), (2, 1, 76), (3, 1, 77), (4, 4, 52), (4, 4, 55), (4, 4, 79),
    ]  # fmt: skip
    assert set(notes.part.tolist()) == {0, 1}


def test_words_decorations_and_remarks_are_no_notes(read):
    assert pitches(read('"Am"C !trill!D ~E .F | % G A\nw: A B C\n{ga}G [I:x ABC] uA')) == [60, 62, 64, 65, 67, 69]


def test_repeats_and_endings_unfold_on_request(read):
    music = "|: C4 |1 D4 :|2 E4 || F4 |]"
    assert pitches(read(music)) == [60, 62, 64, 65]
    assert pitches(read(music, unfold=True)) == [60, 62, 60, 64, 65]
    assert pitches(read("C4 :: D4 :|", unfold=True)) == [60, 60, 62, 62]


def test_bars_of_rest_and_changes_of_metre(read):
    notes = read("Z2 | C4 | [M:3/4] D3 |")
    assert notes.onset_quarter.tolist() == [8, 12] and notes.bar_onset_quarter.tolist() == [0, 8, 12, 15]


def test_ten_thousand_repeats_on_one_line_take_no_minute(read):
    began = time.process_time()
    assert len(read("|:CEGc:|" * 10_000)) == 40_000
    assert time.process_time() - began < 10
