"""Degrees, bitmaps and the table of qualities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError
from musictrend.harmony.quality import (
    bitmap_from_degrees,
    list_qualities,
    parse_degree,
    quality_from_bitmap,
)

BITMAPS = st.integers(0, 2047).map(lambda half: half * 2 + 1)  # the root always sounds


@pytest.mark.parametrize(
    ("degree", "semitones"), [("1", 0), ("b3", 3), ("#11", 6), ("bb7", 9), ("b9", 1), ("13", 9), ("#5", 8)]
)
def test_a_degree_lies_where_the_major_scale_and_its_signs_put_it(degree, semitones):
    assert parse_degree(degree) == semitones


@pytest.mark.parametrize("degree", ["0", "14", "x", "", "3b", "b"])
def test_what_is_no_degree_raises_and_is_named(degree):
    with pytest.raises(ChordLabelError, match=repr(degree)):
        parse_degree(degree)


def test_the_table_has_the_qualities_every_dialect_builds_on():
    table = list_qualities()
    assert table["hdim7"].bitmap == bitmap_from_degrees(["1", "b3", "b5", "b7"])
    assert table["13"].degrees == ("1", "3", "5", "b7", "9", "11", "13")
    assert len({quality.bitmap for quality in table.values()}) == len(table), "two rows sound the same"


def test_every_quality_is_written_so_that_harte_syntax_reads_it_back():
    from musictrend.harmony import Chord

    for quality in list_qualities().values():
        assert Chord(f"C:{quality.written}").bitmap == quality.bitmap, quality.name


@given(BITMAPS)
def test_every_set_of_notes_has_a_name_that_reads_back(bitmap):
    from musictrend.harmony import Chord

    assert Chord(f"C:{quality_from_bitmap(bitmap)}").bitmap == bitmap


@pytest.mark.parametrize("bitmap", [0, 2, 4096, -1])
def test_a_set_without_its_root_is_refused(bitmap):
    with pytest.raises(ChordLabelError, match=str(bitmap)):
        quality_from_bitmap(bitmap)


@given(st.lists(st.sampled_from(["3", "b3", "5", "#5", "b7", "7", "9", "b9", "11", "13"])))
def test_the_order_of_degrees_does_not_matter(degrees):
    assert bitmap_from_degrees(degrees) == bitmap_from_degrees(degrees[::-1])
