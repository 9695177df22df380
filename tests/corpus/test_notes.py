"""The notes of a score: unfolding, seconds, spelling, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.notes import LATEST, UNSPELLED, collect_notes, line_of_fifths, unfold_notes
from musictrend.errors import ReaderError

notes_of_a_piece = st.lists(
    st.tuples(st.integers(0, 31), st.integers(1, 8), st.integers(40, 80)), min_size=1, max_size=40
)


def piece(found, **options):
    rows = [(at / 2, length / 2, pitch, line_of_fifths("C"), 0) for at, length, pitch in found]
    return collect_notes(rows, np.arange(0, 20, 4.0), np.ones(4), [(0, 1), (8, -2)], **options)


@given(notes_of_a_piece)
def test_bars_in_their_own_order_change_nothing(found):
    notes = piece(found)
    again = unfold_notes(notes, range(4))
    assert np.array_equal(again.onset_quarter, notes.onset_quarter)
    assert np.array_equal(again.pitch, notes.pitch) and np.array_equal(again.duration_quarter, notes.duration_quarter)
    assert again.bar_onset_quarter.tolist() == notes.bar_onset_quarter.tolist() and again.fifths == notes.fifths


@given(notes_of_a_piece, st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_unfolded_bars_sound_one_after_the_other(found, order):
    notes = piece(found)
    played = unfold_notes(notes, order)
    assert (np.diff(played.onset_quarter) >= 0).all()
    assert played.bar_onset_quarter.tolist() == [4.0 * i for i in range(len(order) + 1)]
    begun = np.bincount((notes.onset_quarter // 4).astype(int), minlength=4)
    assert len(played) >= begun[order].sum()


def test_a_note_tied_into_a_repeat_sounds_there_again():
    notes = collect_notes([(3, 2, 60), (5, 3, 62)], [0, 4, 8], [1, 1], [])
    again = unfold_notes(notes, [0, 1, 1])
    assert list(zip(again.onset_quarter, again.duration_quarter, again.pitch, strict=True)) == [
        (3, 2, 60), (5, 3, 62), (8, 1, 60), (9, 3, 62)
    ]  # fmt: skip


def test_key_signatures_come_back_with_their_bars():
    assert unfold_notes(piece([(0, 1, 60)]), [0, 2, 0]).fifths == [(0, 1), (4, -2), (8, 1)]


def test_without_a_tempo_a_quarter_note_is_half_a_second():
    assert piece([(0, 1, 60)]).seconds([0, 3]).tolist() == [0, 1.5]


def test_notes_without_names_say_so():
    notes = collect_notes([(0, 1, 60)], [0, 4], [1], [])
    assert notes.fifth.tolist() == [UNSPELLED] and notes.fifth.dtype == np.int8 and notes.part.tolist() == [0]


@pytest.mark.parametrize(
    ("row", "words"),
    [((LATEST, 1, 60), "60,001 quarter notes"), ((-5, 1, 60), "before the start"), ((0, 2000, 60), "a note of 2000")],
)
def test_what_no_piece_has_is_refused(row, words):
    with pytest.raises(ReaderError, match=words):
        collect_notes([row], [0, 4], [1], [])
