"""iReal Pro: ``C-7``, ``C^9#11``, ``Dh7``, ``Eo7``, ``G7sus``, ``A7alt``, ``C7(Db7)``, ``n``.

The grammar of `leadsheet` with what iReal does in its own way:

- ``n`` is no chord; ``p`` (slash), ``x`` and ``r`` (repeat one, two bars), ``f`` and cell marks are
  no chords and are the reader's business. A size mark ``s`` or ``l`` before a chord is dropped.
- ``W/C`` (invisible root) means the chord before it over a new bass. One symbol alone
  cannot tell that chord, so it raises; `invisible_bass` gives a reader its bass.
- ``C7(Db7)`` shows an alternative in small print above the chart: the chord that
  stands in the bar is read. A chord in parentheses alone, ``(Db7)``, is read as itself.
- ``C*7b9*``: a quality typed by hand stands between asterisks.
- ``m7``, ``maj7``, ``07`` of exported charts are read beside iReal's own ``-7``, ``^7``, ``o7``.

References
----------
.. [1] iReal Pro custom chord chart protocol, irealpro.com.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.chart import Style, read_chart
from musictrend.harmony.key import Key

__all__ = ["invisible_bass", "parse_chord"]

STYLE = Style("iReal", examples="C-7, Bb^7#11, Dh7, Eo7, G7sus, A7alt or n")
_ALTERNATIVE = re.compile(r"(?s:(.+?))\(\s*[A-GW][^()]*\)\s*")
_INVISIBLE = re.compile(r"[sl]?W(?:/([A-G][b#]?))?")


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read an iReal chord symbol.

    Examples
    --------
    >>> [parse_chord(c).label for c in ("C^9#11", "Dh7", "G7sus", "C-^7", "F7(B7)")]
    ['C:maj9(#11)', 'D:hdim7', 'G:sus4(b7)', 'C:minmaj7', 'F:7']
    """
    symbol = text.strip()
    if symbol == "n":
        return Chord.NO_CHORD
    if _INVISIBLE.fullmatch(symbol):
        raise ChordLabelError(f"{text!r} has an invisible root: the chord before it goes on over the new bass")
    if len(symbol) > 1 and symbol[0] in "sl" and symbol[1] in "ABCDEFG":
        symbol = symbol[1:]
    if symbol.count("*") == 2:
        symbol = symbol.replace("*", "")
    alternative = _ALTERNATIVE.fullmatch(symbol)
    return read_chart(alternative[1] if alternative else symbol, STYLE)


def invisible_bass(text: str) -> str | None:
    """Bass of an iReal cell with an invisible root, None for other cells.

    Examples
    --------
    >>> invisible_bass("W/C"), invisible_bass("C/E")
    ('C', None)
    """
    match = _INVISIBLE.fullmatch(text.strip())
    return match[1] if match else None
