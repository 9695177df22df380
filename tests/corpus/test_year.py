"""Years as people write them: read with their uncertainty, never guessed."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.year import EARLIEST, LATEST, Year, parse_year


@pytest.mark.parametrize(
    ("written", "value", "low", "high"),
    [
        ("1971", 1971, 1971, 1971),
        (1971, 1971, 1971, 1971),
        (1971.0, 1971, 1971, 1971),
        ("1971.0", 1971, 1971, 1971),
        ("1971-03-14", 1971, 1971, 1971),
        ("1971-03-14T12:00:00Z", 1971, 1971, 1971),
        (datetime.date(1971, 3, 14), 1971, 1971, 1971),
        ("14.3.1971", 1971, 1971, 1971),
        ("03/14/1971", 1971, 1971, 1971),
        ("~1903", 1903, 1898, 1908),
        ("c. 1700", 1700, 1695, 1705),
        ("circa 1700", 1700, 1695, 1705),
        ("1911///", 1911, 1911, 1911),
        ("[1890]", 1890, 1890, 1890),
        ("1802..", 1802, 1802, None),
        ("..1750", 1750, None, 1750),
        ("1924-1926", 1925, 1924, 1926),
        ("1924/1926", 1925, 1924, 1926),
        ("189?", 1895, 1890, 1899),
        ("1960s", 1965, 1960, 1969),
        ("1865^1875", 1870, 1865, 1875),
    ],
)
def test_a_year_keeps_the_range_it_may_lie_in(written, value, low, high):
    assert parse_year(written) == Year(value, low, high)


@pytest.mark.parametrize("written", [None, "", " ", "nan", float("nan"), "NA", "?", "unknown", "None"])
def test_a_missing_year_is_missing_without_a_reproach(written):
    assert parse_year(written) == Year(reason="no year")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0", "year 0 is no year"),
        (0, "year 0 is no year"),
        ("3024", "not between"),
        (3024, "not between"),
        ("99", "not between"),
        ("-50", "cannot be read"),
        ("1950-1940", "ends before it begins"),
        ("next year", "cannot be read"),
        ("19711", "cannot be read"),
        (float("inf"), "cannot be read"),
        ({"year": 1971}, "cannot be read"),
        ("1" * 5000, "cannot be read"),
    ],
)
def test_an_impossible_year_is_missing_with_the_reason(written, words):
    year = parse_year(written)
    assert year.value is None
    assert words in year.reason
    assert len(year.reason) < 120


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.none(), st.from_regex(r"~?\d{3,4}[-/.?s]*\d*")))
def test_nothing_that_is_written_breaks_the_reading(written):
    year = parse_year(written)
    if year.value is None:
        assert year.reason
    else:
        assert EARLIEST <= year.value <= LATEST
        assert year.low is None or year.low <= year.value
        assert year.high is None or year.value <= year.high


@given(st.integers(EARLIEST, LATEST))
def test_every_plain_year_is_itself(year):
    assert parse_year(str(year)) == parse_year(year) == parse_year(float(year)) == Year(year, year, year)
