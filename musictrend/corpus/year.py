"""Years as people write them, with their uncertainty kept.

``1971-03-14``, ``~1903``, ``1911///``, ``1802..``, ``1924-1926``, ``[1890]``,
``c. 1700``, ``189?``, ``1960s``: a value and the range it may lie in; never
silently guessed. 0 and impossible years are missing, with the reason.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["Year", "parse_year"]

EARLIEST, LATEST = 800, 2100
# "about" is read as five years either side: the convention of library catalogues for "circa".
ABOUT = 5


@dataclass(frozen=True, slots=True)
class Year:
    """A year and the range it may lie in; ``value`` None with a ``reason`` when missing."""

    value: int | None = None
    low: int | None = None
    high: int | None = None
    reason: str = ""


def parse_year(text: object) -> Year:
    """Read a year as written.

    Parameters
    ----------
    text : str, int, float or None

    Returns
    -------
    year : Year
        ``low <= value <= high``; an open end (``1802..``) has ``high`` None.

    Examples
    --------
    >>> parse_year("1971-03-14")
    Year(value=1971, low=1971, high=1971, reason='')
    >>> parse_year("~1903").low, parse_year("1802..").high, parse_year("1924-1926").value
    (1898, None, 1925)
    >>> parse_year(0).reason
    'year 0 is no year'
    """
    if text is None:
        return Year(reason="no year")
    if isinstance(text, float):
        if text != text:
            return Year(reason="no year")
        text = int(text) if math.isfinite(text) else "infinite"
    written = str(text).strip().strip("[]()").strip()
    written = re.sub(r"^(\d{1,4})\.0$", r"\1", written)
    if written.lower() in {"", "nan", "none", "na", "n/a", "?", "unknown", "<na>", ".."}:
        return Year(reason="no year")
    about = bool(re.match(r"^(~|c\.?\s*|ca\.?\s*|circa\s+)", written, re.I)) or written.endswith("?")
    core = re.sub(r"^(~|circa\s+|ca\.?\s*|c\.?\s*)", "", written, flags=re.I).strip()
    if match := re.fullmatch(r"(\d{3})[-?x_](s)?", core):
        low = int(match[1]) * 10
        return _checked(low + 5, low, low + 9, written)
    if match := re.fullmatch(r"(\d{3}0)['’]?s", core):
        low = int(match[1])
        return _checked(low + 5, low, low + 9, written)
    if match := re.fullmatch(r"(\d{4})\s*\.\.+", core):
        return _checked(int(match[1]), int(match[1]), None, written)
    if match := re.fullmatch(r"\.\.+\s*(\d{4})", core):
        return _checked(int(match[1]), None, int(match[1]), written)
    if match := re.fullmatch(r"(\d{4})\s*(?:[-–/]|\.\.+|to|\^)\s*[~]?(\d{4})", core):
        low, high = int(match[1]), int(match[2])
        if high < low:
            return Year(reason=f"year {written!r} ends before it begins")
        return _checked((low + high) // 2, low, high, written)
    if match := re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-](\d{4})", core):
        return _checked(int(match[1]), int(match[1]), int(match[1]), written)
    if match := re.fullmatch(r"(\d{1,4})(?:[-/.](?:\d{1,2}|\w{3,9})?){0,3}(?:[T ].*)?\??", core):
        year = int(match[1])
        spread = ABOUT if about else 0
        return _checked(year, year - spread, year + spread, written)
    return Year(reason=f"year {written[:40]!r} cannot be read")


def _checked(value: int, low: int | None, high: int | None, written: str) -> Year:
    if value == 0:
        return Year(reason="year 0 is no year")
    if not EARLIEST <= value <= LATEST:
        return Year(reason=f"year {written[:40]} is not between {EARLIEST} and {LATEST}")
    return Year(value, low, high)
