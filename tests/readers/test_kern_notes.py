"""kern scores: the order of sections, labels, parts and tempo."""

from __future__ import annotations

import pytest

from musictrend.corpus.readers import reader_for_file
from musictrend.corpus.readers.scores import READER, read_notes

HEAD = "!!!OPR: Suite\n!!!OTL@@EN: Minuet\n!!!OMV: 2\n!!!COM: Tester, A.\n!!!PDT: 1802\n"


@pytest.fixture
def read(tmp_path):
    def read(*lines, **options):
        (tmp_path / "a.krn").write_text(HEAD + "\n".join(["**kern\t**kern", *lines, "*-\t*-"]) + "\n")
        return read_notes(tmp_path / "a.krn", **options)

    return read


def test_repeat_signs_unfold_on_request(read):
    lines = ("1c\t1cc", "=:|!|:\t=:|!|:", "1d\t1dd", "=:|!\t=:|!", "1e\t1ee", "==\t==")
    assert read(*lines).pitch.tolist()[::2] == [60, 62, 64]
    assert read(*lines, unfold=True).pitch.tolist()[::2] == [60, 60, 62, 62, 64]


def test_an_expansion_list_wins_over_repeat_signs(read):
    lines = ("*>[A,A1,A,A2]\t*>[A,A1,A,A2]", "*>norep[A,A2]\t*>norep[A,A2]", "*>A\t*>A", "1c\t1cc", "*>A1\t*>A1", "=\t=",
             "1d\t1dd", "*>A2\t*>A2", "=:|!\t=:|!", "1e\t1ee", "==\t==")  # fmt: skip
    assert read(*lines, unfold=True).pitch.tolist()[::2] == [60, 62, 60, 64]
    assert len(read(*lines)) == 6


def test_a_list_of_sections_that_are_not_there_is_no_list(read):
    lines = ("*>[A,B]\t*>[A,B]", "*>A\t*>A", "1c\t1cc", "=:|!\t=:|!", "1d\t1dd", "==\t==")
    assert read(*lines, unfold=True).pitch.tolist()[::2] == [60, 60, 62]


def test_spines_are_parts_also_where_they_split(read):
    notes = read("*MM72\t*MM72", "*^\t*", "2C\t2E\t1cc", "*v\t*v\t*", "2D\t.", "=\t=")
    assert dict(zip(notes.pitch.tolist(), notes.part.tolist(), strict=True)) == {48: 0, 52: 0, 72: 1, 50: 0}
    assert notes.tempos == [(0, 72)] and notes.fifth.tolist() == [0, 4, 0, 2]


def test_the_file_names_its_work_movement_composer_and_year(read, tmp_path):
    notes = read("1c\t1cc")
    assert (notes.title, notes.composer, notes.date) == ("Suite, Minuet, mvt 2", "Tester, A.", "1802")
    label = READER.read_labels(tmp_path / "a.krn")[0]
    # "Kyrie" by one composer is many pieces: the file's name tells them apart.
    assert (label.title, label.artist, label.year) == ("Suite, Minuet, mvt 2 (a)", "Tester, A.", "1802")
    assert reader_for_file(tmp_path / "a.krn") is READER
