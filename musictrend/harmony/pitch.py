"""Pitch classes and their names: C = 0, ``b`` flat, ``#`` sharp."""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError

__all__ = ["name_pitch_class", "parse_pitch_class", "transpose_name"]

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LETTERS = "CDEFGAB"
DEFAULT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_NAME = re.compile(r"([A-G])([b#]*)")


def parse_pitch_class(name: str) -> int:
    """Pitch class 0 to 11 of a note name.

    Examples
    --------
    >>> parse_pitch_class("Bb"), parse_pitch_class("F##"), parse_pitch_class("Cb")
    (10, 7, 11)
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ChordLabelError(f"note name {name!r} must be A to G followed by flats (b) or sharps (#)")
    return (NATURALS[match[1]] + match[2].count("#") - match[2].count("b")) % 12


def name_pitch_class(pitch_class: int) -> str:
    """Commonest name of a pitch class.

    Examples
    --------
    >>> name_pitch_class(10), name_pitch_class(6)
    ('Bb', 'F#')
    """
    return DEFAULT_NAMES[pitch_class % 12]


def transpose_name(name: str, degree: int, semitones: int) -> str:
    """Note name a scale degree (1 to 7) and some semitones above ``name``.

    Examples
    --------
    >>> transpose_name("Ab", 3, 3), transpose_name("E", 7, 11)
    ('Cb', 'D#')
    """
    letter = LETTERS[(LETTERS.index(name[0]) + degree - 1) % 7]
    target = (parse_pitch_class(name) + semitones) % 12
    shift = (target - NATURALS[letter] + 6) % 12 - 6
    return letter + ("#" * shift if shift > 0 else "b" * -shift)
