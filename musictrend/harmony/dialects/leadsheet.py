"""Jazz and pop chord charts: ``C-7``, ``CΔ7``, ``F#m7b5``, ``Bb13#11``, ``Csus4/G``, ``C7(b9,13)``, ``N.C.``

The grammar is in `chart`; what was decided where charts disagree:

==================  ==========================================================================
sign                reading, and why
==================  ==========================================================================
``CΔ`` ``C^``       the major seventh chord, as in the Real Books; ``CM`` and ``Cmaj`` are triads
``C-`` ``Cm``       minor; a minus *after* a number flattens what follows (``Cm7-5``, ``C7-9``)
``C+`` ``C7+``      raised fifth, also ``Caug7``, ``C+7``; ``Cm+7`` raises, as it is written for both
                    the minor chord with a major seventh and m7#5
``Co`` ``Cdim``     the triad; only ``Co7`` has a diminished seventh. ``C0`` is the ASCII circle
``Cø`` ``Ch``       half-diminished with its seventh, with or without a 7
``C7alt``           1 3 b7 b9 #9 b13 and no natural fifth: the altered scale without its #11,
                    which is the part all books agree on
``C9 C11 C13``      stack the seventh and every third below, like Harte's 9, 11 and 13;
                    ``C13#11`` puts the raised eleventh in the natural one's place
``C7(13)`` ``C6/9`` numbers after the first add one note: no ninth in C7(13)
``C(9)`` ``C/9``    a lone number in parentheses or after a slash is an added note, as in Harte
``C2``              the triad with a ninth (= ``Cadd9``): ``Csus2`` says that the third is gone
``C4``              ``Csus4``: D4, G4 are suspensions in charts; an added fourth is ``Cadd4``
``Csus`` ``C9sus``  a fourth in the third's place; ``C7susadd3`` keeps both
``C5``              root and fifth
``(D7)``            an optional chord is read like any other
``Bbb5`` ``C-5``    raise: Bb with b5 or B double flat; C minor or C with b5
``h`` ``H``, ``c``  German B and lower-case roots raise: ``c`` may be minor or careless
==================  ==========================================================================

References
----------
.. [1] Brandt, Roemer (1976). Standardized chord symbol notation.
.. [2] Sher (1988). The New Real Book, vol. 1: explanation of chord symbols.
"""

from __future__ import annotations

from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.chart import Style, read_chart
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]

STYLE = Style("lead-sheet")


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a jazz or pop chord symbol.

    Examples
    --------
    >>> [parse_chord(c).label for c in ("C-7", "B♭Δ7#11/D", "F#m7b5", "G9sus4", "Cm(maj7)")]
    ['C:min7', 'Bb:maj7(#11)/3', 'F#:hdim7', 'G:sus4(b7,9)', 'C:minmaj7']
    """
    return read_chart(text, STYLE)
