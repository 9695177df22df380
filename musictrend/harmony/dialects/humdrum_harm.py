"""Humdrum ``**harm`` figures: ``V7c``, ``viioD7``, ``IVb``, ``-VII``, ``V7/V``, ``Gn``, ``4.IV``.

Grammar [1]_::

    token   := [rhythm] figure {"/" figure} [marks]  |  "r"
    figure  := [signs] numeral ["o" | "+"] {extension} [inversion]  |  "N" "Lt" "Gn" "Fr" [inversion]
    extension := ["m" | "M" | "D" | "A" | "P"] ("7" | "9" | "11" | "13")
    inversion := "b" .. "g"      third, fifth, seventh, ninth, eleventh, thirteenth in the bass

- Degrees are those of the key's own scale (natural minor). `parse_major_degrees` counts from
  the major scale in either mode, as CoCoPops writes (``-III`` in C minor is Eb).
- A bare 7, 9 or 11 is the scale's own note above the root, altered roots included:
  ``-VII7`` in C major is Bb:maj7, in C minor Bb:7. A minor chord's seventh is never major unless
  written ``M7``. m, M, D, A and P fix the interval.
- ``d`` on a triad (``Id``) puts the scale's seventh in the bass; ``e``, ``f`` and ``g`` the major second, the
  fourth and the major sixth, as they are used in CoCoPops beside ``**harte``.
- Case and ``o``, ``+`` fix the triad; a seventh on ``o`` is the scale's or a minor one, ``oD7`` diminished.
- A rhythm before the figure and parentheses (implied harmony) are dropped; ``r`` is no chord.

References
----------
.. [1] Huron, Humdrum **harm representation, humdrum.org/rep/harm.
.. [2] CoCoPops Billboard and RollingStone subsets, README.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import transpose_name
from musictrend.harmony.roman import (
    MAJOR_DEGREES,
    MINOR_DEGREES,
    Numeral,
    Slots,
    apply_key,
    require_key,
    split_numeral,
)

__all__ = ["parse_chord", "parse_major_degrees"]

_TOKEN = re.compile(r"(?:[0-9]+(?:%[0-9]+)?\.*)?(?P<figure>[^;:\s]*)[;:]*")
_REST = re.compile(r"(?P<form>o|\+|)(?P<extensions>(?:[mMDAP]?(?:7|9|11|13))*)(?P<inversion>[b-g]?)")
_EXTENSION = re.compile(r"([mMDAP]?)(7|9|11|13)")
_APPLIED = re.compile(r"(?s:(.+))/((?:b+|#+|-+|)[ivIV]+o?)")
# Interval qualities above the root.
_SIZES = {
    7: {"m": 10, "M": 11, "D": 9, "A": 12}, 9: {"m": 1, "M": 2, "A": 3, "P": 2},
    11: {"D": 4, "P": 5, "A": 6, "M": 5, "m": 5}, 13: {"m": 8, "M": 9, "A": 10, "D": 7},
}  # fmt: skip
# Augmented sixths by their sound, as chords on the flat sixth degree.
_SIXTHS = {
    "Lt": {1: 0, 3: 4, 7: 10},
    "It": {1: 0, 3: 4, 7: 10},
    "Gn": {1: 0, 3: 4, 5: 7, 7: 10},
    "Fr": {1: 0, 3: 4, 5: 6, 7: 10},
}
_OUTSIDE = {"e": 2, "f": 5, "g": 9}  # semitones above the root


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a ``**harm`` token; degrees count in the key's own scale.

    Examples
    --------
    >>> c = Key.parse("c")
    >>> [parse_chord(x, c).label for x in ("V7c", "viioD7", "III", "4.iv", "2-II")]
    ['G:7/5', 'Bb:dim7', 'Eb:maj', 'F:min', 'Db:maj']
    """
    return _read_token(text, require_key(text, key), None)


def parse_major_degrees(text: str, key: Key | None = None) -> Chord:
    """Read a ``**harm`` token whose degrees count in the major scale, as in CoCoPops.

    Examples
    --------
    >>> [parse_major_degrees(x, Key.parse("c")).label for x in ("-III", "-VII7", "VIIM7")]
    ['Eb:maj', 'Bb:7', 'B:maj7']
    """
    return _read_token(text, require_key(text, key), "major")


def _read_token(text: str, key: Key, degrees: str | None) -> Chord:
    token = _TOKEN.fullmatch(text.strip())
    figure = token["figure"].strip("()") if token else ""
    if figure == "r":
        return Chord.NO_CHORD
    try:
        applied = _APPLIED.fullmatch(figure)
        while applied is not None:
            figure = applied[1]
            numeral, _ = split_numeral(applied[2])
            key = apply_key(numeral, key, degrees)
            applied = _APPLIED.fullmatch(figure)
        return _read_figure(figure, key, degrees or key.mode)
    except ChordLabelError as error:
        raise ChordLabelError(f"{text!r} is no **harm figure such as V7c, viioD7 or -VII: {error}") from None


def _read_figure(figure: str, key: Key, degrees: str) -> Chord:
    special = re.fullmatch(r"(N|Lt|It|Gn|Fr)([b-d]?)", figure)
    if special is not None:
        inversion = "abcd".index(special[2] or "a")
        tones, step, size = ({1: 0, 3: 4, 5: 7}, 2, 1) if special[1] == "N" else (_SIXTHS[special[1]], 6, 8)
        return Slots(dict(tones), inversion=inversion).to_chord(transpose_name(key.tonic_name, step, size))
    numeral, rest = split_numeral(figure)
    match = _REST.fullmatch(rest)
    if match is None:
        raise ChordLabelError(f"{rest!r} after the numeral")
    form = {"o": "dim", "+": "aug"}.get(match["form"], "major" if numeral.upper else "minor")
    slots = Slots.triad(form)
    root = numeral.semitones(degrees)
    for quality, number in _EXTENSION.findall(match["extensions"]):
        size = _size(int(number), quality, form, numeral, root, key)
        if number == "7":
            slots.tones[7] = size
        else:
            slots.added.add(size)
            if 7 not in slots.tones:
                slots.tones[7] = _size(7, "", form, numeral, root, key)
            if number in ("11", "13") and not quality:
                slots.added.add(_size(9, "P", form, numeral, root, key))
    _set_bass(slots, match["inversion"], form, numeral, root, key)
    return slots.to_chord(transpose_name(key.tonic_name, numeral.degree, root))


def _size(number: int, quality: str, form: str, numeral: Numeral, root: int, key: Key) -> int:
    """Semitones above the root of an extension: as its quality says, else as the key's scale has it."""
    if quality:
        if quality not in _SIZES[number]:
            raise ChordLabelError(f"{quality}{number} is no interval")
        return _SIZES[number][quality] % 12
    scale = MAJOR_DEGREES if key.mode == "major" else MINOR_DEGREES
    size = (scale[(numeral.degree - 1 + number - 1) % 7] - root) % 12
    if number == 7 and size == 11 and form in ("minor", "dim"):
        return 10
    return size


def _set_bass(slots: Slots, inversion: str, form: str, numeral: Numeral, root: int, key: Key) -> None:
    if inversion in _OUTSIDE:
        slots.bass = _OUTSIDE[inversion]
    elif inversion == "d" and 7 not in slots.tones:
        slots.bass = _size(7, "", form, numeral, root, key)
    elif inversion:
        slots.inversion = "abcd".index(inversion)
