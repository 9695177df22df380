"""Brazilian chord charts (Cifra Club, songbooks): ``A7M``, ``C7(9)``, ``F#m7(5-)``, ``Eº``, ``D4``, ``C9``.

The tokenizer of `chart` with Brazilian readings [1]_:

==================  ==========================================================================
sign                reading, and why
==================  ==========================================================================
``7M`` ``7+``       major seventh. ``7+`` is the older spelling: it is set beside ``7M`` and ``m7+``
                    beside ``m7M`` in the same songs, while a raised fifth is ``5+`` or ``(#5)``
``7`` ``7m``        minor seventh
``C9`` ``Cm9``      the triad with a ninth: sevenths are always written, ``C7(9)``, ``C7/9``
``C13`` ``C11``     likewise the triad with that note
``C6`` ``C6/9``     added sixth, sixth and ninth
``C4`` ``C7/4``     a fourth in the third's place; in a minor chord (``Cm4``, ``Cm7/4``) an added one
``4+`` ``#4``       raised eleventh beside the third
``5+`` ``9-`` ``13-``  a sign after a number alters it; before it (``#5``, ``b9``) too
``Cº`` ``Cdim``     the four-note diminished chord: Brazilian charts have no other
``C+``              raised fifth
``C5``              root and fifth; ``C5(9)`` with a ninth
``C7(9/13)``        slashes, commas, spaces and brackets between numbers only separate them
``C-`` ``7+9``      raise: minor or flat? major seventh with 9, or 7 with #9?
``C7(b5``           raises: the scraped symbol was cut off
==================  ==========================================================================

References
----------
.. [1] Chediak (1986). Harmonia e improvisação, vol. 1: cifragem dos acordes. Lumiar.
"""

from __future__ import annotations

from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.chart import Style, read_chart
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]

# A sign belongs to the number before it (5-, 9+) unless another number follows a 7 at once: m7-5.
_NUMBER = r"""
    (?P<pre>(?:(?<!\d)[+-]|(?<=7)-|[b\#])(?=\d))?
    (?:(?P<num>13|11|[234569])(?P<post>[+-]|[b\#](?!\d)|M)? | (?P<num7>7)(?P<post7>[-+b\#](?!\d)|M|m)?)
"""
STYLE = Style(
    "cifra",
    number=_NUMBER,
    extension_brings_seventh=False,
    plus_seven_is_major=True,
    dim_has_seventh=True,
    minus_is_minor=False,
    examples="A7M, C7(9), F#m7(5-), Eº, D/F# or C7+",
)


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a Brazilian chord symbol.

    Examples
    --------
    >>> [parse_chord(c).label for c in ("A7M", "A7+", "F#m7(5-)", "Eº", "D4", "C9", "G7/9-")]
    ['A:maj7', 'A:maj7', 'F#:hdim7', 'E:dim7', 'D:sus4', 'C:maj(9)', 'G:7(b9)']
    """
    return read_chart(text, STYLE)
