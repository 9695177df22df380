"""RomanText figures: ``V65/V``, ``viio7``, ``ii/o65``, ``bVII``, ``Cad64``, ``Ger65``, ``V7[no3][add4]``.

Grammar::

    symbol  := figure {"/" figure}                    applied: the last one names a key
    figure  := numeral [quality] [figures] {bracket} | "Cad64" | "N" figures | "It" "Ger" "Fr" figures
    quality := "o" | "ø" | "/o" | "+" | "d" | "M"     (d7 dominant, M7 major seventh)
    bracket := "[no" number "]" | "[add" acc number "]" | "[" acc number "]"

How RomanText counts, after its definition [1]_ and music21's reading of it [2]_:

- Case and sign fix the triad; a seventh is the scale's own (``I7`` is a major seventh,
  ``V7`` a dominant one) unless ``o``, ``ø``, ``d`` or ``M`` says which; a minor chord never has
  a major seventh from the scale alone. Altering the root leaves the seventh in the scale.
- Degrees are those of major or natural minor, except that in minor a minor or diminished
  ``vi`` and ``vii`` stand on the raised degrees: ``viio`` and ``#viio`` are the same chord on the
  leading note, ``bvii`` lies on the subtonic, ``VII`` and ``VI`` (``bVII``, ``bVI``) on the natural degrees.
- Added notes are diatonic above the root; omitted ones are left out, save the root,
  which a `Chord` cannot lose (``[no1][add2]`` sounds both).
- Augmented sixths are read by their sound on the flat sixth degree, as in `dcml`.
- Figures that are no inversion (``V54``, ``V74``) are notes above a root in the bass, with the
  third and fifth that figured bass implies. ``iiø6`` names a triad, ``iiø`` the seventh chord.

References
----------
.. [1] Tymoczko, Gotham, Cuthbert, Ariza (2019). The RomanText format. ISMIR.
.. [2] music21.roman, ``Minor67Default.CAUTIONARY``.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import transpose_name
from musictrend.harmony.roman import (
    FIGURES,
    MAJOR_DEGREES,
    MINOR_DEGREES,
    Numeral,
    Slots,
    apply_key,
    require_key,
    split_numeral,
)

__all__ = ["parse_chord"]

_APPLIED = re.compile(r"(?s:(.+))/((?:[b#-]*)[iIvV]+(?:/?[oø°+])?[0-9]*)")
_REST = re.compile(
    r"(?P<quality>/?o|°|ø|/ø|%|\+|)(?P<seventh>d|M|maj|)(?P<figures>[0-9b#/,-]*)(?P<brackets>(?:\[[^\[\]]*\])*)"
)
_BRACKET = re.compile(r"\[(no|add|)([b#-]*)([0-9]{1,2})(?:no([0-9]{1,2}))?\]")
_FIGURE = re.compile(r"([b#-]*)(1[0-3]|[1-9])")
_SIXTH = re.compile(r"(?P<kind>It|Ger|Fr)\+?(?P<figures>[0-9]*)(?P<brackets>(?:\[[^\[\]]*\])*)")
_SIXTHS = {"It": {1: 0, 3: 4, 7: 10}, "Ger": {1: 0, 3: 4, 5: 7, 7: 10}, "Fr": {1: 0, 3: 4, 5: 6, 7: 10}}
_SIXTH_BASS = {
    "It": {"": 0, "6": 0, "63": 0, "64": 1, "53": 2, "5": 2},
    "Ger": {"": 0, "6": 0, "65": 0, "43": 1, "42": 2, "2": 2, "7": 3},
    "Fr": {"": 0, "6": 0, "43": 0, "42": 1, "2": 1, "7": 2, "65": 3},
}


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a RomanText figure in its key.

    Examples
    --------
    >>> c, a = Key.parse("C"), Key.parse("a")
    >>> [parse_chord(x, c).label for x in ("V65/V", "ii/o65", "Cad64", "Ger65", "V7[no3][add4]")]
    ['D:7/3', 'D:hdim7/b3', 'C:maj/5', 'Ab:7', 'G:sus4(b7)']
    >>> [parse_chord(x, a).label for x in ("viio7", "VII", "vi", "N6")]
    ['G#:dim7', 'G:maj', 'F#:min', 'Bb:maj/3']
    """
    home = require_key(text, key)
    figure = text.strip()
    try:
        applied = _APPLIED.fullmatch(figure)
        while applied is not None:
            figure, target = applied[1], applied[2]
            # The last figure is in the key as given; what stands before it, in that figure's key.
            inner = _APPLIED.fullmatch(figure)
            home = _apply(target, home)
            applied = inner
        return _read_figure(figure, home)
    except ChordLabelError as error:
        raise ChordLabelError(f"{text!r} is not a RomanText figure: {error}") from None


def _apply(target: str, key: Key) -> Key:
    numeral, rest = split_numeral(target)
    return apply_key(_place(numeral, numeral.upper and not rest.startswith(("o", "ø", "/")), key), key)


def _place(numeral: Numeral, is_major: bool, key: Key) -> Numeral:
    """Degree of a numeral: in minor a minor vi or vii stands on the raised degree."""
    if key.mode == "minor" and numeral.degree in (6, 7):
        if numeral.alteration < 0:  # a courtesy flat, or one that takes the raise away
            return Numeral(numeral.degree, numeral.alteration + 1, numeral.upper)
        if not is_major:
            return Numeral(numeral.degree, max(numeral.alteration, 1), numeral.upper)
    return numeral


def _read_figure(figure: str, key: Key) -> Chord:
    sixth = _SIXTH.fullmatch(figure)
    if sixth is not None:
        return _read_sixth(sixth, key)
    if figure.startswith("Cad"):
        figure = ("I" if key.mode == "major" else "i") + figure[3:]
    elif figure.startswith("N"):
        figure = "bII" + ({"53": ""}.get(figure[1:], figure[1:]) if figure != "N" else "6")
    written, rest = split_numeral(figure)
    match = _REST.fullmatch(rest)
    if match is None:
        raise ChordLabelError(f"{rest!r} after the numeral")
    quality = match["quality"].replace("/", "").replace("°", "o").replace("%", "ø")
    quality = "ø" if "/o" in match["quality"] else quality
    is_major = written.upper and quality in ("", "+")
    numeral = _place(written, is_major, key)
    slots = _read_tones(numeral, quality, match["seventh"], match["figures"], key)
    _read_brackets(slots, match["brackets"], numeral, key)
    return slots.to_chord(numeral.root_name(key))


def _above(numeral: Numeral, number: int, key: Key) -> int:
    """Semitones from the root up to a scale degree that lies ``number`` steps above it."""
    scale = MAJOR_DEGREES if key.mode == "major" else MINOR_DEGREES
    return (scale[(numeral.degree + number - 2) % 7] - numeral.semitones(key.mode)) % 12


def _read_tones(numeral: Numeral, quality: str, seventh: str, figures: str, key: Key) -> Slots:
    form = {"o": "dim", "ø": "dim", "+": "aug"}.get(quality, "major" if numeral.upper else "minor")
    slots = Slots.triad(form)
    plain = figures.replace("/", "").replace(",", "")
    if plain not in FIGURES:
        return _read_figures(slots, quality, seventh, plain, numeral, key)
    has_seventh, slots.inversion = FIGURES[plain]
    if has_seventh or (quality == "ø" and not plain):
        slots.tones[7] = _size_seventh(numeral, quality, seventh, key)
    elif seventh:
        raise ChordLabelError(f"{seventh!r} needs the figures of a seventh chord")
    return slots


def _size_seventh(numeral: Numeral, quality: str, seventh: str, key: Key) -> int:
    fixed = {"d": 10, "M": 11, "maj": 11}.get(seventh) or {"o": 9, "ø": 10}.get(quality)
    diatonic = _above(numeral, 7, key)
    if fixed is None and not numeral.upper and diatonic == 11:
        return 10  # i7 and iv7 borrowed into major
    return fixed if fixed is not None else diatonic


def _read_figures(slots: Slots, quality: str, seventh: str, figures: str, numeral: Numeral, key: Key) -> Slots:
    """Figures beyond the inversions: ninth chords, altered figures, suspensions over the root."""
    found = [(sign, int(number)) for sign, number in _FIGURE.findall(figures)]
    if not found or "".join(sign + str(number) for sign, number in found) != figures:
        raise ChordLabelError(f"figures {figures!r} cannot be read")
    plain = "".join(str(number) for sign, number in found)
    shifts = {number: _shift(sign) for sign, number in found}
    if plain in FIGURES and any(shifts.values()):
        has_seventh, slots.inversion = FIGURES[plain]
        if has_seventh:
            slots.tones[7] = _size_seventh(numeral, quality, seventh, key)
        bass = sorted(slots.tones)[slots.inversion]
        for number, shift in shifts.items():
            degree = (number - 1 + bass - 1) % 7 + 1  # figures count from the bass
            altered = (_above(numeral, degree, key) + shift) % 12
            if shift and degree in slots.tones:
                slots.tones[degree] = altered
            elif shift:
                slots.added.add(altered)
        return slots
    if 6 in shifts:
        raise ChordLabelError(f"figures {figures!r} are no inversion that is known")
    if 9 in shifts:
        slots.tones[7] = _size_seventh(numeral, quality, seventh, key)
        slots.added.add(1 if shifts[9] < 0 else (_above(numeral, 9, key) + shifts[9]) % 12)
        found_rest = set(shifts) - {3, 5, 7, 9}
    else:
        found_rest = set(shifts) - {3, 5, 7}
        if 7 in shifts:
            slots.tones[7] = (_size_seventh(numeral, quality, seventh, key) + shifts[7]) % 12
        if {2, 4} & set(shifts) and 3 not in shifts:
            slots.tones.pop(3)
    for number in found_rest:
        slots.added.add((_above(numeral, number, key) + shifts[number]) % 12)
    return slots


def _read_brackets(slots: Slots, brackets: str, numeral: Numeral, key: Key) -> None:
    """Omitted, added and altered notes, in RomanText's order: alter, leave out, add."""
    found = _BRACKET.findall(brackets)
    if "".join(f"[{word}{sign}{n}{'no' + m if m else ''}]" for word, sign, n, m in found) != brackets:
        raise ChordLabelError(f"brackets {brackets!r} must be [no3], [add4], [add#7] or [b5]")
    for word, sign, number, _ in found:
        if not word and int(number) in slots.tones:
            slots.tones[int(number)] += _shift(sign)
    bass = sorted(slots.tones)[slots.inversion]
    low = slots.tones[bass]
    for word, _, number, second in found:
        for degree in (int(number), int(second or number)) if word == "no" else ():
            slots.tones.pop(degree, None)
    for word, sign, number, _ in found:
        if word == "add":
            slots.added.add((_above(numeral, int(number), key) + _shift(sign)) % 12)
    _set_bass(slots, bass, low)


def _shift(sign: str) -> int:
    return sign.count("#") - sign.count("b") - sign.count("-")


def _set_bass(slots: Slots, bass: int, low: int) -> None:
    """Keep the note of an inversion in the bass; where it was left out the next one above comes down."""
    if bass not in slots.tones:
        sounding = {*slots.tones.values(), *slots.added}
        if not sounding:
            raise ChordLabelError("nothing is left to sound")
        low = min(sounding, key=lambda semitones: (semitones - low) % 12)
    slots.tones.setdefault(1, 0)
    slots.bass = low % 12


def _read_sixth(match: re.Match[str], key: Key) -> Chord:
    kind = match["kind"]
    inversion = _SIXTH_BASS[kind].get(match["figures"])
    if inversion is None:
        raise ChordLabelError(f"{kind} takes the figures {', '.join(filter(None, _SIXTH_BASS[kind]))}")
    slots = Slots(dict(_SIXTHS[kind]), inversion=inversion)
    minor = Key(key.tonic, "minor", key.tonic_name)
    _read_brackets(slots, match["brackets"], Numeral(6, 0, True), minor)
    return slots.to_chord(transpose_name(key.tonic_name, 6, 8))
