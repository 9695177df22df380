"""The notes of a chord while a symbol is being read: implied, altered, added, left out.

Every chord-chart grammar ends here. A symbol implies notes (``C13`` implies
1 3 5 b7 9 11 13), alters some of them (``b5`` takes the place of the implied
fifth, ``#11`` that of the implied eleventh), adds and leaves out. A note that
was written is never displaced: ``C7b9#9`` keeps both ninths.
"""

from __future__ import annotations

from musictrend.errors import ChordLabelError

__all__ = ["Tones"]

# Natural degrees above the root; 7 is the minor seventh, as chord charts count.
NATURAL = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 2, 11: 5, 13: 9}
MAJOR_SEVENTH, MINOR_SEVENTH, DIMINISHED_SEVENTH = 11, 10, 9
# Which implied degree an altered one displaces.
FAMILY = {2: 9, 4: 11, 6: 13}


class Tones:
    """Degrees of a chord as implied and written semitones above the root.

    Examples
    --------
    >>> tones = Tones()
    >>> tones.imply(7, 10)
    >>> tones.alter(5, +1)
    >>> tones.alter(9, +1)
    >>> bin(tones.bitmap)
    '0b10100011001'
    """

    def __init__(self) -> None:
        self.implied: dict[int, int] = {3: 4, 5: 7}
        self.written: set[int] = set()
        self.omitted: set[int] = set()

    def imply(self, degree: int, semitones: int) -> None:
        """Have a degree sound until something displaces it."""
        self.implied[degree] = semitones

    def drop(self, degree: int) -> None:
        """Take an implied degree away (the third of a suspension)."""
        self.implied.pop(degree, None)

    def write(self, semitones: int) -> None:
        """Have a note sound whatever else is said."""
        self.written.add(semitones % 12)

    def alter(self, degree: int, shift: int) -> None:
        """Write an altered degree in the place of the implied one.

        A flat sixth and a sharp fourth stand beside the fifth and displace nothing of it.
        """
        if degree not in NATURAL or degree in (1, 3):
            raise ChordLabelError(f"degree {degree} cannot be altered")
        if shift > 0 and degree in (6, 13):
            raise ChordLabelError(f"a raised {degree} would be a seventh")
        if degree == 7:
            self.imply(7, MINOR_SEVENTH if shift < 0 else MAJOR_SEVENTH)
            return
        self.drop(FAMILY.get(degree, degree))
        self.write(NATURAL[degree] + shift)

    def omit(self, degree: int) -> None:
        """Leave a degree out, whatever its size."""
        if degree not in (3, 5, 7, 9, 11):
            raise ChordLabelError(f"degree {degree} cannot be left out: 3, 5, 7, 9 and 11 can")
        self.omitted.add(degree)
        self.drop(degree)

    def suspend(self, *degrees: int) -> None:
        """Put a second, a fourth or both in the place of the third."""
        self.drop(3)
        for degree in degrees:
            self.write(NATURAL[degree])

    @property
    def bitmap(self) -> int:
        """Root-relative 12-bit set."""
        bitmap = 1
        for semitones in {*self.implied.values(), *self.written}:
            bitmap |= 1 << semitones
        return bitmap
