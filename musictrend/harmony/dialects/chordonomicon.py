"""Chordonomicon: ``Amin7``, ``Fsmin``, ``Bbmaj7``, ``Csus4``, ``Cssus4``, ``A/Cs``, ``Gno3d``, ``Dmaj1311s``.

Grammar::

    symbol  := root triad [rest] ["/" note]
    root    := C Cs Db D Ds Eb E Es F Fs Gb G Gs Ab A As Bb B        ("s" is sharp, but "sus" is "sus")
    triad   := "" | "min" | "dim" | "aug"
    rest    := "sus2" | "sus4" | "no3d" | "add" number
             | seventh ["sus2" | "sus4"] | [seventh] tensions
    seventh := "7" | "maj7" | "b7"
    tension := "9" "11" "13", altered as in "b9" "s9" "9b" "11s" "b11" "13b"

The highest tension stacks all thirds below it (``13b`` is 7 9 11 b13), an altered
one takes its natural one's place. Decisions, and where the project's own table
of vectors says otherwise (docs/dialects.md lists every class):

- An accidental letter belongs to the root when what is left is in the grammar:
  ``Db9`` is D flat 9, ``Db79`` can only be D with b7 and 9. There is no root Cb
  or Fb in the corpus, so ``Cb9`` is C with b9.
- ``sus2`` and ``sus4`` replace the third.
- ``dim7`` is the diminished seventh chord, as everywhere else, and ``b7`` the minor
  seventh, so ``dimb7`` is half-diminished; no other symbol of the corpus is.
- ``11b913b`` is 11, b9, b13, because ``11b9`` is 11, b9.

References
----------
.. [1] Kantarelis et al. (2024). Chordonomicon. arXiv:2410.22046.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.tones import DIMINISHED_SEVENTH, MAJOR_SEVENTH, MINOR_SEVENTH, NATURAL, Tones
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]

ROOTS = ["C", "Cs", "Db", "D", "Ds", "Eb", "E", "Es", "F", "Fs", "Gb", "G", "Gs", "Ab", "A", "As", "Bb", "B"]
_ROOT = re.compile(r"([A-G])(s(?!us)|b)?")
# 13b9 is 13 with b9; 13b11b9b is b13 b11 b9.
_TENSION = r"b11|1[13](?:[bs](?!9)|b(?=9b))?|[bs]?9b?"
_REST = re.compile(
    rf"""(?P<triad>min|dim|aug)?
    (?: (?P<plain>sus[24]|no3d)?
      | add(?P<add>9|11|13)
      | (?P<seventh>7|maj7|b7)(?P<sus>sus[24])?
      | (?P<stacked>maj|b7|7(?=[bs]9))?(?P<tensions>(?:{_TENSION}){{1,3}})
    )""",
    re.VERBOSE,
)
_TOKEN = re.compile(_TENSION)
_NUMBER = re.compile(r"([bs]?)(9|11|13)([bs]?)")
_TRIADS = {"": (4, 7), "min": (3, 7), "dim": (3, 6), "aug": (4, 8)}
_SHIFT = {"": 0, "b": -1, "s": 1}


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a Chordonomicon symbol.

    Examples
    --------
    >>> [parse_chord(c).label for c in ("Csus4", "Cssus4", "A/Cs", "Fsmin7", "Cb9", "Db9", "Gno3d")]
    ['C:sus4', 'C#:sus4', 'A:maj/3', 'F#:min7', 'C:7(b9)', 'Db:9', 'G:5']
    """
    symbol, slash, low = text.strip().partition("/")
    match = _ROOT.match(symbol)
    if match is None:
        raise ChordLabelError(f"{text!r} is not a Chordonomicon symbol such as Amin7, Fsmin, Csus4 or A/Cs")
    bass = None
    if slash:
        if low not in ROOTS:
            raise ChordLabelError(f"{text!r}: the bass after / must be one of {' '.join(ROOTS)}")
        bass = _name(low)
    for root in (match[0], match[1]):
        quality = _REST.fullmatch(symbol, len(root))
        if root in ROOTS and quality is not None:
            return Chord.from_parts(_name(root), bitmap=_read_rest(quality).bitmap, bass=bass)
    rest = symbol[len(match[0]) :]
    raise ChordLabelError(f"{text!r}: {rest!r} is not a Chordonomicon quality such as min7, maj9 or 7sus4")


def _name(note: str) -> str:
    return note.replace("s", "#")


def _read_rest(rest: re.Match[str]) -> Tones:
    """Tones of everything after the root."""
    tones = Tones()
    triad = rest["triad"] or ""
    third, fifth = _TRIADS[triad]
    tones.imply(3, third)
    tones.imply(5, fifth)
    suspension = rest["sus"] or rest["plain"] or ""
    if rest["plain"] == "no3d":
        tones.omit(3)
    elif suspension:
        tones.suspend(int(suspension[-1]))
    if rest["add"]:
        tones.write(NATURAL[int(rest["add"])])
    elif rest["seventh"] or rest["tensions"]:
        written = rest["seventh"] or rest["stacked"] or ""
        own = DIMINISHED_SEVENTH if triad == "dim" and written != "b7" else MINOR_SEVENTH
        tones.imply(7, MAJOR_SEVENTH if written.startswith("maj") else own)
        _stack(tones, rest["tensions"] or "")
    return tones


def _stack(tones: Tones, tensions: str) -> None:
    """Stack thirds up to the highest tension, altered ones in place of natural ones."""
    shifts = {}
    for token in _TOKEN.findall(tensions):
        before, number, after = _NUMBER.fullmatch(token).groups()  # type: ignore[union-attr]
        shifts[int(number)] = _SHIFT[before or after]
    for degree in (9, 11, 13):
        if degree <= max(shifts, default=0):
            tones.imply(degree, (NATURAL[degree] + shifts.get(degree, 0)) % 12)
