"""The text grammar of de Clercq and Temperley's rock corpus: rules, bars, tonics, metres.

::

    % Brown-Eyed Girl                     a comment, to the end of the line
    VP: I | IV | I | V |                  a rule: its name and what it stands for
    Vr: $VP*2 IV . V7 | R |*3             a rule used twice; '|*3' is three bar lines
    S: [G] [4/4] $Vr [A] $Vr              the song itself, spelled from its rules

Bars end at ``|``; chords of a bar last equally long; ``.`` and empty bars
prolong the chord before; ``R`` is no chord; ``[G]`` sets the tonic, ``[12/8]``
the metre, ``[0]`` says there is none. A text without rules is the song spelled
out already, as the published files are.

References
----------
.. [1] de Clercq, Temperley (2011). A corpus analysis of rock harmony. Popular
   Music 30(1), 47-70. Format: http://rockcorpus.midside.com
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from musictrend.errors import ReaderError

__all__ = ["RockBar", "expand_rules", "parse_bars"]

MOST_TOKENS = 200_000  # the longest song of the corpus has under 1,000
DEEPEST = 40
_RULE = re.compile(r"^\s*([A-Za-z][\w']*)\s*:(.*)$")
_TOKEN = re.compile(r"\[[^\]\s]*\]|\$[A-Za-z][\w']*(?:\*\d+)?|\|(?:\*\d+)?|[^\s|\[\]$]+|\S")
_TONIC = re.compile(r"\[([A-G][b#]*)\]")
_METRE = re.compile(r"\[(\d+/\d+|0)\]")


@dataclass(slots=True)
class RockBar:
    """What one bar holds: chord tokens, each with the tonic in force; ``.`` prolongs."""

    chords: list[tuple[str, str]]


def expand_rules(text: str) -> list[tuple[str, str]]:
    r"""Tokens of the song in sounding order, each with its place (``"line 4"``).

    Raises
    ------
    ReaderError
        For a rule that is used and not defined, that uses itself, or that
        spells out more than anyone wrote.

    Examples
    --------
    >>> [token for token, _ in expand_rules("Vr: I | V |\nS: [A] $Vr*2 R |*2")]
    ['[A]', 'I', '|', 'V', '|', 'I', '|', 'V', '|', 'R', '|', '|']
    """
    rules: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.split("%", 1)[0]
        if line.startswith("Warning:"):  # left behind by the authors' own expander in five files
            continue
        if match := _RULE.match(line):
            name, line = match[1], match[2]
            rules[name] = []
        for token in _TOKEN.findall(line):
            rules.setdefault(name, []).append((token, f"line {number}"))
    start = "S" if "S" in rules else ""
    if start not in rules:
        if rules:
            raise ReaderError("no rule S spells the song", hint="rules end in one: S: [C] $Vr $Ch ...")
        raise ReaderError("no chords in this file")
    tokens: list[tuple[str, str]] = []
    _expand(rules, start, tokens, ())
    return tokens


def _expand(
    rules: dict[str, list[tuple[str, str]]], name: str, tokens: list[tuple[str, str]], inside: tuple[str, ...]
) -> None:
    """Append what a rule stands for."""
    if name in inside or len(inside) > DEEPEST:
        raise ReaderError(f"rule {name} uses itself", hint=" > ".join((*inside, name)))
    for token, place in rules[name]:
        core, star, times = token.rpartition("*")
        repeats = int(times) if star and core and times.isdigit() else 1
        core = core if star and core and times.isdigit() else token
        if len(tokens) + repeats > MOST_TOKENS:
            raise ReaderError(f"song of more than {MOST_TOKENS:,} tokens", place=place, hint="is this the right file?")
        if not core.startswith("$"):
            tokens += [(core, place)] * repeats
            continue
        if core[1:] not in rules:
            raise ReaderError(f"rule {core} is used and not defined", place=place)
        for _ in range(repeats):
            _expand(rules, core[1:], tokens, (*inside, name))


def parse_bars(tokens: list[tuple[str, str]]) -> tuple[list[RockBar], list[tuple[str, str]]]:
    """Bars of a song, and warnings.

    Examples
    --------
    >>> [bar.chords for bar in parse_bars(expand_rules("[A] I . V | | [B] R |"))[0]]
    [[('I', 'A'), ('.', 'A'), ('V', 'A')], [], [('R', 'B')]]
    """
    bars: list[RockBar] = []
    warnings: list[tuple[str, str]] = []
    current = RockBar([])
    tonic = ""
    for token, place in tokens:
        if token == "|":
            bars.append(current)
            current = RockBar([])
        elif match := _TONIC.fullmatch(token):
            tonic = match[1]
        elif token.startswith("["):
            if not _METRE.fullmatch(token):
                warnings.append((place, f"mark {token[:20]!r} is neither a tonic nor a metre: left out"))
        else:
            current.chords.append((token, tonic))
    if current.chords:
        warnings.append((tokens[-1][1], "the last bar has no bar line: taken as a whole bar"))
        bars.append(current)
    return bars, warnings
