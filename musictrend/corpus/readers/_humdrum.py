"""Humdrum files as rows of named spines: what the readers of ``.harm`` and ``.hum`` share.

Spines keep their exclusive interpretation through splits (``*^``), joins
(``*v``), exchanges (``*x``), additions (``*+``) and ends (``*-``).

References
----------
.. [1] Huron (1995). The Humdrum Toolkit: Reference Manual.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from musictrend.errors import OddNotationError, ReaderError

__all__ = ["HumdrumRow", "parse_recip", "read_references", "read_rows"]


_PATHS = {"*^", "*+", "*v", "*x", "*-", "**"}


@dataclass(slots=True)
class HumdrumRow:
    """One record: its line number and the tokens of each named spine, in order.

    ``kind`` is ``data``, ``interpretation``, ``barline`` or ``comment``.
    """

    line: int
    kind: str
    spines: dict[str, list[str]] = field(default_factory=dict)
    # Of each token: its spine's name, and the column of the first row it came from ("" after *+).
    names: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)

    def first(self, name: str, nth: int = 0) -> str:
        """Token of the nth spine of that name; ``"."`` where there is none."""
        tokens = self.spines.get(name, ())
        return tokens[nth] if nth < len(tokens) else "."


def read_references(text: str) -> dict[str, str]:
    """Reference records (``!!!OTL: title``) by their key; the first of each wins."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("!!!"):
            key, colon, value = line[3:].partition(":")
            if colon:
                found.setdefault(key.strip(), value.strip())
    return found


def read_rows(text: str) -> Iterator[HumdrumRow]:
    """Records of a Humdrum text, each token under its spine's name (``**harte`` -> ``harte``).

    Raises
    ------
    ReaderError
        When no exclusive interpretation opens the data, or a record has more
        or fewer tokens than there are spines.
    """
    names: list[str] = []
    origins: list[str] = []
    opened = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("!!"):
            continue
        tokens = line.rstrip("\r\n").split("\t")
        if any(token.startswith("**") for token in tokens) and not names:
            names, opened = [token.removeprefix("**") for token in tokens], True
            origins = [str(column) for column in range(len(names))]
            continue
        if not names:
            if opened:
                continue  # after the last spine has ended
            raise ReaderError("no **interpretation opens the spines", place=f"line {number}", hint="is this Humdrum?")
        if len(tokens) != len(names):
            raise OddNotationError(
                f"{len(tokens)} tokens where {len(names)} spines run",
                place=f"line {number}",
                hint="a tab is missing",
            )
        head = tokens[0][:1]
        kind = {"*": "interpretation", "!": "comment", "=": "barline"}.get(head, "data")
        row = HumdrumRow(number, kind, {}, names, origins)
        for name, token in zip(names, tokens, strict=True):
            row.spines.setdefault(name, []).append(token)
        if kind == "interpretation":
            if any(token[:2] in _PATHS for token in tokens):
                origins = _follow_paths(origins, [t if t[:2] != "**" else "*" for t in tokens], number)
                names = _follow_paths(names, tokens, number)
        yield row


def _follow_paths(names: list[str], tokens: list[str], number: int) -> list[str]:
    """Names of the spines after a row of path indicators."""
    after: list[str] = []
    i = 0
    while i < len(tokens):
        token, name = tokens[i], names[i]
        if token == "*^":
            after += [name, name]
        elif token == "*+":
            after += [name, ""]
        elif token == "*v":
            joined = 1
            while i + joined < len(tokens) and tokens[i + joined] == "*v":
                joined += 1
            after.append(name)
            i += joined - 1
        elif token == "*x":
            if i + 1 >= len(tokens) or tokens[i + 1] != "*x":
                raise OddNotationError("*x stands alone", place=f"line {number}")
            after += [names[i + 1], name]
            i += 1
        elif token.startswith("**"):
            after.append(token.removeprefix("**"))
        elif token != "*-":
            after.append(name)
        i += 1
    return after


def parse_recip(text: str) -> Fraction | None:
    """Duration of a ``**recip`` value in whole notes; None when there is none.

    Examples
    --------
    >>> str(parse_recip("4")), str(parse_recip("2.")), str(parse_recip("4%5")), parse_recip("r")
    ('1/4', '3/4', '5/4', None)
    """
    core = text.rstrip(".")
    dots = len(text) - len(core)
    below, _, above = core.partition("%")
    if not below.isdigit() or (above and not above.isdigit()):
        return None
    if int(below) == 0:
        value = Fraction(2 ** len(below))  # 0 is a breve, 00 a long
    else:
        value = Fraction(int(above or 1), int(below))
    return value * (2 - Fraction(1, 2**dots))
