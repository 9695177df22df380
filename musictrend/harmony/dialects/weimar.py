"""The Jazzomat family: Weimar Jazz Database and iRb (``Bb-7``, ``Cj7911#``, ``Eb79b13b``, ``G13bsus``).

The grammar of `leadsheet` with accidentals *after* ninths, elevenths and
thirteenths (``79b`` = 7 b9, ``79b13`` = 7 b9 13, ``79bb5`` = 7 b9 b5) and before
fifths and sixths (``m7b5``, ``minb6``). Numbers after the first add one note each:
``7913`` has no eleventh. ``j`` is the major seventh, ``NC`` no chord. A ninth
that names the chord brings its seventh, altered or not: iRb's ``9b`` is 7 b9, ``13b`` is 7 b13.

References
----------
.. [1] Pfleiderer et al. (2017). Inside the Jazzomat.
.. [2] Broze, Shanahan (2013). Diachronic changes in jazz harmony. Music Perception 31.
"""

from __future__ import annotations

from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.chart import Style, read_chart
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]

# b5 and b6 stand before their number, 9b 11# 13b behind it.
_NUMBER = r"(?P<pre>[b\#](?=[56]))?(?:(?P<num>13|11|9)(?P<post>[b\#])?|(?P<num5>[2-7]))"
STYLE = Style(
    "Weimar or iRb",
    number=_NUMBER,
    altered_extension_brings_seventh=True,
    examples="Bb-7, Cj7911#, Eb79b13b, Fm7b5 or NC",
)


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a chord of the Weimar Jazz Database or of iRb.

    Examples
    --------
    >>> [parse_chord(c).label for c in ("Bb-7", "Cj7911#", "Eb79b13b", "Fmin7/Eb")]
    ['Bb:min7', 'C:maj9(#11)', 'Eb:7(b9,b13)', 'F:min7/b7']
    """
    return read_chart(text, STYLE)
