"""One tokenizer and one reading for every chord-chart dialect.

A chart symbol is a root, a suffix and perhaps a slash bass. The suffix is cut
into tokens (quality words, numbers with accidentals, ``sus``, ``add``, ``no``,
``alt``, separators), and the tokens are obeyed from left to right on `Tones`.
What differs between `leadsheet`, `ireal`, `weimar` and `cifra` is a `Style`:
where accidentals stand, whether an extension brings its seventh along, what a
circle means. Anything left over raises; nothing is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects.tones import DIMINISHED_SEVENTH, MAJOR_SEVENTH, MINOR_SEVENTH, NATURAL, Tones

__all__ = ["NO_CHORD", "Style", "normalize_signs", "read_chart"]

NO_CHORD = frozenset({"N", "NC", "N.C.", "N.C", "n.c.", "nc", "NC.", "N/C", "no chord", "tacet"})

_SIGNS = str.maketrans(
    {
        "♭": "b", "♯": "#", "𝄫": "bb", "𝄪": "##", "−": "-", "–": "-", "‐": "-", "‑": "-",
        "Δ": "^", "∆": "^", "△": "^", "°": "o", "º": "o", "˚": "o", "Ø": "ø", "⌀": "ø", "Φ": "ø", "∅": "ø",
        "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9",
        "（": "(", "）": ")", "，": ",", "⁺": "+", "⁻": "-",
    }
)  # fmt: skip

# Sign before a number, the number, sign after it. See `Style.number`.
PREFIX = r"(?P<pre>bb|b|\#|[+-])?(?P<num>13|11|[2-79])"
_SHIFT = {"": 0, "b": -1, "bb": -2, "-": -1, "#": 1, "+": 1}

_WORDS = r"""
    (?P<add>add|Add|ADD)
  | (?P<no>no|omit|No|NO)
  | (?P<major>major|maj|Major|Maj|MAJ|ma(?!dd|ug)|Ma|MA|M|\^|j)
  | (?P<half>half-?dim|hdim|ø|h)
  | (?P<dim>dim|Dim|DIM|o|0)
  | (?P<minor>minor|min|Min|MIN|mi|Mi|MI|m)
  | (?P<aug>aug|Aug|AUG)
  | (?P<sus>sus|Sus|SUS)
  | (?P<alt>alt)
  | (?P<dom>dom)
  | (?P<ordinal>rd|th|d)
  | (?P<sep>[\s,/()])
"""
# Bbb5 may be Bb with b5 or B double flat: a double accidental before an alterable degree is not read.
_ROOT = re.compile(r"[A-G](?:(bb|\#\#)|b|\#|)", re.VERBOSE)
_ALTERABLE = re.compile(r"5|6|9|11|13")
_BASS = re.compile(r"(?s:(.*))/\s*([A-G](?:bb|b|##|#|))\s*")


@dataclass(frozen=True)
class Style:
    """What one chart dialect does in its own way.

    Attributes
    ----------
    name : str
    number : str
        Pattern of a number with its accidentals; groups ``pre``, ``num`` and
        perhaps ``post``.
    extension_brings_seventh : bool
        Whether ``C9`` has a seventh (jazz and pop charts) or is a triad with a ninth (Brazil).
    altered_extension_brings_seventh : bool
        Whether an altered ninth that names the chord has a seventh: iRb's ``9b`` is 7 b9.
    plus_seven_is_major : bool
        Whether ``7+`` is the major seventh (Brazil) or a dominant seventh with a raised fifth.
    dim_has_seventh : bool
        Whether a bare ``dim`` or circle is the four-note chord.
    minus_is_minor : bool
    examples : str
        For error messages.
    """

    name: str
    number: str = PREFIX
    extension_brings_seventh: bool = True
    altered_extension_brings_seventh: bool = False
    plus_seven_is_major: bool = False
    dim_has_seventh: bool = False
    minus_is_minor: bool = True
    examples: str = field(default="C-7, F#m7b5, Bb^7#11, Csus4/G or N.C.")


@cache
def _tokenizer(style: Style) -> re.Pattern[str]:
    return re.compile(rf"{_WORDS} | (?:{style.number}) | (?P<plus>\+) | (?P<minus>-)", re.VERBOSE)


def normalize_signs(text: str) -> str:
    """Write typographic signs (``♭ ♯ Δ ° ø − ⁷``) as the letters the grammar knows.

    Examples
    --------
    >>> normalize_signs("B♭Δ⁷")
    'Bb^7'
    """
    return text.translate(_SIGNS).strip()


def read_chart(text: str, style: Style) -> Chord:
    """Read one chart symbol in a style.

    Raises
    ------
    ChordLabelError
        When anything in the symbol is not in the grammar.
    """
    symbol = normalize_signs(text)
    if symbol in NO_CHORD:
        return Chord.NO_CHORD
    if symbol.startswith("(") and symbol.endswith(")"):
        symbol = symbol[1:-1].strip()  # a chord the chart offers as optional
    bass = None
    slash = _BASS.fullmatch(symbol)
    if slash is not None:
        symbol, bass = slash[1].rstrip(), slash[2]
    root = _ROOT.match(symbol)
    if root is None:
        raise ChordLabelError(f"{text!r} is no {style.name} symbol: it must start with a root, as in {style.examples}")
    if root[1] and _ALTERABLE.match(symbol, root.end()):
        raise ChordLabelError(f"{text!r} may be over {root[0]} or {root[0][:2]}: put its degrees in parentheses")
    reading = _Reading(style)
    try:
        reading.read(symbol[root.end() :])
        return Chord.from_parts(root[0], bitmap=reading.tones.bitmap, bass=bass)
    except ChordLabelError as error:
        reason = f"{text!r} is no {style.name} symbol: {error}; read are {style.examples}"
        raise ChordLabelError(reason) from None


class _Reading:
    """One suffix being read: a small machine that obeys one token after the other."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.tones = Tones()
        self.base = ""  # the quality that was read: major, minor, dim, half, aug
        self.extension = 0  # the number that named the chord: 7, 9, 13, 6 ...
        self.major = ""  # "maj" waits for its number: "first" right after the root, else "later"
        self.major_seventh = False  # every seventh from here on is major
        self.pending = ""  # sus, add, no: waits for its number
        self.last = ""  # kind of the token before this one
        self.depth = 0

    def read(self, suffix: str) -> None:
        """Obey every token of a suffix."""
        place = 0
        pattern = _tokenizer(self.style)
        while place < len(suffix):
            match = pattern.match(suffix, place)
            if match is None:
                raise ChordLabelError(f"{suffix[place : place + 12]!r} is not in the grammar")
            kind = match.lastgroup or ""
            if kind.startswith(("num", "post")):
                kind = self._opening_sign(match) or "number"
            self._obey(kind, match)
            # An opening sign is a word of its own: C-7 is C minor with 7, C+7 augmented with 7.
            place = match.end() if kind == "number" or match.group("pre") is None else place + 1
        self._finish()

    def _opening_sign(self, match: re.Match[str]) -> str:
        """Quality that a sign right after the root stands for, if it does."""
        if not self.last and match["pre"] == "-" and self.style.minus_is_minor:
            return "minor"
        if not self.last and match["pre"] == "+" and match["num"] != "5":
            return "aug"
        return ""

    def _obey(self, kind: str, match: re.Match[str]) -> None:
        word = match[0]
        if kind == "sep":
            self.depth += {"(": 1, ")": -1}.get(word, 0)
            if self.depth not in (0, 1):
                raise ChordLabelError("parentheses do not match")
            self.last = "sep" if word in "(/" else self.last
            return
        if kind == "ordinal":
            if self.last != "omitted":
                raise ChordLabelError(f"{word!r} is not in the grammar")
            return
        if kind != "number" and self.pending in ("add", "no"):
            raise ChordLabelError(f"{self.pending!r} must be followed by a number")
        if kind in ("sus", "add", "no"):
            self._settle_suspension()
            self.pending = kind
        elif kind == "alt":
            self._set_altered()
        elif kind == "number":
            kind = self._take_number(match)
        else:
            self._set_base(kind, word)
        self.last = kind

    # Quality words ------------------------------------------------------------

    def _set_base(self, kind: str, word: str) -> None:
        first = not self.base and not self.extension and self.last in ("", "sep")
        if kind in ("aug", "plus"):
            self._raise_fifth(word, first)
        elif kind == "major":
            self._set_major(word, first)
        elif not first or (kind == "minus" and not self.style.minus_is_minor):
            raise ChordLabelError(f"{word!r} cannot stand there")
        elif kind == "dom":
            self.base = "major"
        else:
            self.base = "minor" if kind == "minus" else kind
            self.tones.imply(3, 3)
            if kind in ("dim", "half"):
                self.tones.imply(5, 6)
            if kind == "half":
                self.tones.imply(7, MINOR_SEVENTH)
            if kind == "dim" and self.style.dim_has_seventh:
                self.tones.imply(7, DIMINISHED_SEVENTH)

    def _raise_fifth(self, word: str, first: bool) -> None:
        """C+, Caug, Cm+, C7+, Cmaj7+, C7#9+: the fifth goes up, wherever that is said."""
        altered = 5 not in self.tones.implied or self.base in ("dim", "half")
        if altered or (self.style.plus_seven_is_major and not first):
            raise ChordLabelError(f"{word!r} cannot stand there")
        self.tones.alter(5, +1)
        self.base = self.base or "aug"

    def _set_major(self, word: str, first: bool) -> None:
        if self.major or self.major_seventh or self.base == "half":
            raise ChordLabelError(f"{word!r} contradicts what stands before it")
        if self.last == "number" and self.extension == 7 and self.base != "dim":
            self.tones.imply(7, MAJOR_SEVENTH)  # C7M, Cm7M
            self.major_seventh = True
        elif word in "^j":
            self._imply_seventh(MAJOR_SEVENTH)  # CΔ alone is the major seventh chord
            self.major_seventh = True
        else:
            self.major = "first" if first else "later"
        self.base = self.base or "major"

    def _set_altered(self) -> None:
        if self.extension not in (0, 7) or self.base or self.tones.written:
            raise ChordLabelError("'alt' must follow the root or 7")
        self.extension = 7
        self.tones.drop(5)
        self.tones.imply(7, MINOR_SEVENTH)
        for semitones in (1, 3, 8):  # b9 #9 b13
            self.tones.write(semitones)

    # Numbers ------------------------------------------------------------------

    def _take_number(self, match: re.Match[str]) -> str:
        groups = match.groupdict()
        number = int(next(value for name, value in groups.items() if name.startswith("num") and value))
        after = next((value for name, value in groups.items() if name.startswith("post") and value), "")
        if groups["pre"] and after:
            raise ChordLabelError(f"{match[0]!r} has accidentals on both sides")
        sign = groups["pre"] or after
        pending, self.pending = self.pending, ""
        if pending == "no":
            if sign:
                raise ChordLabelError(f"'no' must be followed by a plain number, not {match[0]!r}")
            self.tones.omit(number)
            return "omitted"
        if pending == "add":
            self._write(number, _SHIFT.get(sign, 0))
            return "added"
        if pending in ("sus", "sus2") and number in (2, 4) and not sign:
            self.tones.suspend(number)
            self.pending = "sus2" if number == 2 else ""  # Csus24
            return "suspended"
        if pending == "sus":
            if number in (2, 4):
                raise ChordLabelError(f"'sus' must be followed by 2, 4 or nothing, not {match[0]!r}")
            self.tones.suspend(4)
        self._extend(number, sign)
        return "number"

    def _extend(self, number: int, sign: str) -> None:
        """Obey a number that is no object of add, no or sus."""
        if number == 7:
            self._name_seventh(self._read_seventh(sign))
        elif sign and sign != "M":
            self.tones.alter(number, _SHIFT[sign])
            if self.style.altered_extension_brings_seventh and number in (9, 11, 13) and not self.extension:
                self._name_seventh(self._read_seventh(""))
        elif self.extension and not self.major:
            self._add(number, naming=False)
        else:
            self._name(number)

    def _read_seventh(self, sign: str) -> int:
        if sign in ("b", "-", "m"):
            return MINOR_SEVENTH
        if sign == "+" and not self.style.plus_seven_is_major:
            raise ChordLabelError("'+7' may be a raised fifth or a major seventh here: write (maj7) or 7#5")
        if sign in ("#", "+", "M") or self.major or self.major_seventh:
            return MAJOR_SEVENTH
        if sign:
            raise ChordLabelError(f"'{sign}7' is not a seventh")
        return DIMINISHED_SEVENTH if self.base == "dim" else MINOR_SEVENTH

    def _name_seventh(self, semitones: int) -> None:
        self._imply_seventh(semitones)
        self.major_seventh = semitones == MAJOR_SEVENTH
        self.major = ""
        self.extension = self.extension or 7

    def _imply_seventh(self, semitones: int) -> None:
        if self.base == "dim" and semitones == MAJOR_SEVENTH and 7 in self.tones.implied:
            self.tones.write(MAJOR_SEVENTH)  # Co7M7: the major seventh above a diminished one
        else:
            self.tones.imply(7, semitones)

    def _name(self, number: int) -> None:
        """Obey the number that names the chord: C6, C9, Cmaj13, C5 ..."""
        jazz = self.style.extension_brings_seventh
        if number in (9, 11, 13) and jazz and self.last != "sep":
            self._name_seventh(self._read_seventh(""))
            for degree in (9, 11, 13):
                if degree <= number:
                    self.tones.imply(degree, NATURAL[degree])
        elif number == 5:
            self._name_fifth(jazz)
        elif number == 3:
            raise ChordLabelError("a plain 3 means nothing here: write add3 or no3")
        else:
            self._add(number, naming=True)
        self.extension, self.major = number, ""

    def _name_fifth(self, jazz: bool) -> None:
        if not self.base and self.last in ("", "sep"):
            self.tones.drop(3)  # power chord
        elif jazz or self.base != "minor":
            raise ChordLabelError("a plain 5 must follow the root (power chord); others need b5 or #5")

    def _add(self, number: int, naming: bool) -> None:
        """Let one more note sound; a fourth suspends where the dialect says so."""
        brazil = not self.style.extension_brings_seventh
        if number == 4 and self.base in ("", "major") and (naming or brazil):
            self.tones.suspend(4)
        elif number == 5 and not brazil:
            raise ChordLabelError("a plain 5 cannot stand there: write b5, #5 or no5")
        else:
            self._write(number, 0)

    def _write(self, number: int, shift: int) -> None:
        if number == 7:
            self._name_seventh(MINOR_SEVENTH + (shift > 0))
        elif number == 3:
            self.tones.write((3 if self.base in ("minor", "dim", "half") else 4) + shift)
        else:
            self.tones.write(NATURAL[number] + shift)

    # The end ------------------------------------------------------------------

    def _settle_suspension(self) -> None:
        if self.pending == "sus":
            self.tones.suspend(4)
        self.pending = ""

    def _finish(self) -> None:
        if self.pending in ("add", "no"):
            raise ChordLabelError(f"{self.pending!r} must be followed by a number")
        self._settle_suspension()
        if self.major == "later":
            raise ChordLabelError("'maj' must be followed by a number")
        if self.depth:
            raise ChordLabelError("parentheses do not match")
