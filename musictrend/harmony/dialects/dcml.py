r"""DCML harmony labels: ``V65/V``, ``viio7``, ``ii%65``, ``Ger``, ``V7(4)``, ``I[I``, ``V(64)|HC}{``.

Label grammar (DCML annotation standard 2.3.0)::

    label   := ["."] [globalkey "."] [localkey "."] [pedal "["] chord ["]"] ["|" cadence] [phrase]
    chord   := numeral [form] [figbass] ["(" changes ")"] {"/" numeral} | "@none"
    form    := "o" | "%" | "+" | "M" | "+M"
    figbass := "6" | "64" | "7" | "65" | "43" | "2"
    changes := {["+" | "-" | "^" | "v"] [accidentals] number}

The key given is the local key *at* the label: a key written before the chord
(``V.I``) announces that very key and is not applied again. The reader keeps track
of keys, phrases and pedal points; only the chord is read here.

- Degrees are those of major or natural minor; the case of an applied numeral gives its mode.
- Sevenths are minor (``I7`` is a dominant seventh) unless the form says ``o`` or ``M``.
- Changes are diatonic in the local (applied) key, then altered. 2, 4 and 6 displace 1, 3
  and 5; raised, or with ``^``, they displace the note above; ``b3`` and ``b5`` alter; 7 displaces
  the octave of an inverted chord. What has nothing to displace, everything from 9 up and
  everything with ``+`` is added.
- The sharp of ``#viio`` is a courtesy in a major key.
- ``V(64)`` is read as the tonic chord over the dominant, as RomanText's Cad64: the
  same notes, and a triad. A displaced root cannot be left out of a `Chord` and sounds.
- Augmented sixths are read by their sound as dominant sevenths on the flat sixth
  degree: ``Ger`` Ab:7, ``It`` Ab:7(*5), ``Fr`` Ab:7(*5,b5) in C.

References
----------
.. [1] DCML harmony annotation standard, github.com/DCMLab/standards.
.. [2] Neuwirth, Harasim, Moss, Rohrmeier (2018). The Annotated Beethoven Corpus.
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

__all__ = ["parse_chord", "split_label"]

_ROMAN = r"(?:b+|\#+)?(?:VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)"
_LABEL = re.compile(
    rf"""\.?(?:(?P<globalkey>[A-Ga-g](?:b+|\#+)?)\.)? (?:(?P<localkey>{_ROMAN}(?:/{_ROMAN})*)\.)?
    (?:(?P<pedal>{_ROMAN}(?:/{_ROMAN})*)\[)?
    (?P<chord>(?:{_ROMAN}|Ger|It|Fr|@none)(?:%|o|\+M|\+|M)?(?:7|65|43|42|2|64|6|53)?
        (?:\([^()]*\))?(?:/{_ROMAN})*)?
    (?P<pedalend>\](?:/{_ROMAN})*)?
    (?:\|(?P<cadence>(?:HC|PAC|IAC|DC|EC|PC)(?:\..+?)?))?
    (?P<phrase>\\\\|\}}\{{|\}}|\{{)?""",
    re.VERBOSE,
)
_CHORD = re.compile(
    rf"(?P<numeral>{_ROMAN}|Ger|It|Fr)(?P<form>%|o|\+M|\+|M)?(?P<figbass>7|65|43|42|2|64|6|53)?"
    rf"(?:\((?P<changes>[^()]*)\))?(?P<applied>(?:/{_ROMAN})*)".replace(r"\#", "#")
)
_CHANGE = re.compile(r"(?P<added>[+^v-]?)(?P<sign>b+|#+|)(?P<number>1[0-4]|[1-9])")
# Augmented sixths as chords on their flat sixth degree, and the slot in the bass by figures.
_SIXTHS = {"It": {1: 0, 3: 4, 7: 10}, "Ger": {1: 0, 3: 4, 5: 7, 7: 10}, "Fr": {1: 0, 3: 4, 5: 6, 7: 10}}
_SIXTH_BASS = {
    "It": {"": 1, "6": 1, "64": 3, "53": 7},
    "Ger": {"": 1, "6": 1, "65": 1, "43": 3, "42": 5, "2": 5, "7": 7},
    "Fr": {"": 1, "6": 1, "43": 1, "42": 3, "2": 3, "7": 5, "65": 7},
}


def split_label(label: str) -> dict[str, str]:
    r"""Parts of a label: globalkey, localkey, pedal, chord, pedalend, cadence, phrase; ``""`` where absent.

    Examples
    --------
    >>> parts = split_label("f.V[V7(4)]|PAC}{")
    >>> parts["globalkey"], parts["pedal"], parts["chord"], parts["cadence"]
    ('f', 'V', 'V7(4)', 'PAC')
    """
    match = _LABEL.fullmatch(label.strip())
    if match is None:
        raise ChordLabelError(f"{label!r} is not a DCML label such as V65/V, ii%65, V7(4) or I[I|PAC}}")
    return {name: value or "" for name, value in match.groupdict().items()}


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read the chord of a DCML label in its local key.

    Raises
    ------
    ChordLabelError
        Also for labels without a chord (``{``, ``|HC``).

    Examples
    --------
    >>> c = Key.parse("C")
    >>> [parse_chord(x, c).label for x in ("V65/V", "ii%65", "V(64)|HC", "Ger6", "V7(4)")]
    ['D:7/3', 'D:hdim7/b3', 'C:maj/5', 'Ab:7', 'G:sus4(b7)']
    """
    home = require_key(text, key)
    chord = split_label(text)["chord"]
    if chord == "@none":
        return Chord.NO_CHORD
    match = _CHORD.fullmatch(chord)
    if match is None:
        raise ChordLabelError(f"{text!r} has no chord: a phrase or cadence mark alone")
    for numeral in reversed(match["applied"].split("/")[1:]):
        home = apply_key(split_numeral(numeral)[0], home)
    figures = match["figbass"] or ""
    if match["numeral"] in _SIXTHS:
        return _read_sixth(text, match, figures, home)
    numeral, _ = split_numeral(match["numeral"])
    if numeral == Numeral(7, 1, False) and home.mode == "major" and match["form"] in ("o", "%"):
        numeral = Numeral(7, 0, False)
    slots = _read_form(text, numeral, match["form"] or "", "" if figures == "53" else figures)
    if numeral.degree == 5 and match["changes"] in ("64", "b64") and not figures and not match["form"]:
        return _read_six_four(match["changes"], home, numeral)
    _apply_changes(slots, _read_changes(text, match["changes"] or ""), numeral, home)
    return slots.to_chord(numeral.root_name(home))


def _read_sixth(text: str, match: re.Match[str], figures: str, key: Key) -> Chord:
    kind = match["numeral"]
    slot = _SIXTH_BASS[kind].get(figures)
    if match["form"] or slot is None:
        accepted = ", ".join(filter(None, _SIXTH_BASS[kind]))
        raise ChordLabelError(f"{text!r}: {kind} takes the figures {accepted}")
    tones = _SIXTHS[kind]
    slots = Slots(dict(tones), inversion=list(tones).index(slot))
    minor = Key(key.tonic, "minor", key.tonic_name)
    _apply_changes(slots, _read_changes(text, match["changes"] or ""), Numeral(6, 0, True), minor)
    return slots.to_chord(transpose_name(key.tonic_name, 6, 8))


def _read_form(text: str, numeral: Numeral, form: str, figures: str) -> Slots:
    has_seventh, inversion = FIGURES[figures]
    triads = {"o": "dim", "%": "dim", "+": "aug", "+M": "aug"}
    slots = Slots.triad(triads.get(form, "major" if numeral.upper else "minor"))
    if has_seventh:
        slots.tones[7] = {"o": 9, "M": 11, "+M": 11}.get(form, 10)
    elif form in ("M", "+M", "%"):
        raise ChordLabelError(f"{text!r}: {form!r} needs the figures of a seventh chord")
    slots.inversion = inversion
    return slots


def _read_six_four(changes: str, key: Key, numeral: Numeral) -> Chord:
    tonic = Slots.triad(key.mode)
    tonic.tones[3] -= changes.count("b")
    tonic.inversion = 2
    if numeral.alteration:
        raise ChordLabelError(f"({changes}) over an altered dominant")
    return tonic.to_chord(key.tonic_name)


def _read_changes(text: str, changes: str) -> list[tuple[str, int, int]]:
    """Added sign, shift and number of each change, as written."""
    found, place = [], 0
    while place < len(changes):
        match = _CHANGE.match(changes, place)
        if match is None:
            raise ChordLabelError(f"{text!r}: changes ({changes}) must be numbers such as (4), (b9) or (+6)")
        shift = match["sign"].count("#") - match["sign"].count("b")
        found.append((match["added"], shift, int(match["number"])))
        place = match.end()
    return found


def _apply_changes(slots: Slots, changes: list[tuple[str, int, int]], numeral: Numeral, key: Key) -> None:
    """Displace, alter or add notes from the lowest number up; sizes are those of the scale, then altered."""
    scale = MAJOR_DEGREES if key.mode == "major" else MINOR_DEGREES
    taken: set[int] = set()
    for added, shift, number in sorted(changes, key=lambda change: change[2]):
        place = numeral.degree - 1 + (number - 1) % 7
        semitones = (scale[place % 7] + shift - numeral.semitones(key.mode)) % 12
        slot = _displaced(number, added == "^" or shift > 0, slots)
        if added == "-":
            slots.tones.pop(number, None)
        elif added == "+" or number >= 8 or slot not in slots.tones or slot in taken:
            slots.added.add(semitones)
        else:
            slots.tones[slot] = semitones
            taken.add(slot)


def _displaced(number: int, upwards: bool, slots: Slots) -> int:
    """Slot a note stands in for: its own, the one below, or, going upwards, the one above; 0 for none."""
    if number in (1, 3, 5):
        return number
    if number == 7:
        # Leads to the octave; in root position the bass keeps the root and the seventh is added.
        return 7 if 7 in slots.tones and not upwards else 1 if slots.inversion else 0
    return {2: 1, 4: 3, 6: 5}.get(number, 0) + (2 if upwards else 0)
