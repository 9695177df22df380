"""Humdrum ``**harte`` tokens: Harte's syntax with ``-`` for flats in note names (``B-:maj/5``, ``E-:7(#9)``).

Only the root is a note name in Harte's syntax, and there alone ``-`` is read.
Degrees keep their ``b`` (``G:min7/b3``). ``r`` (rest) is no chord; the null token
``.`` is the reader's.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import harte
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]

_ROOT = re.compile(r"([A-G])(-+)")


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a ``**harte`` token.

    Examples
    --------
    >>> [parse_chord(t).label for t in ("B-:maj/5", "E--:min", "A:7", "r")]
    ['Bb:maj/5', 'Ebb:min', 'A:7', 'N']
    """
    token = text.strip()
    if token == "r":
        return Chord.NO_CHORD
    if token == ".":
        raise ChordLabelError("'.' is Humdrum's null token: the chord before it goes on")
    root = _ROOT.match(token)
    if root is not None:
        token = root[1] + "b" * len(root[2]) + token[root.end() :]
    return harte.parse_chord(token)
