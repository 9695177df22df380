"""De Clercq-Temperley numerals (RS200): ``bVII``, ``I64``, ``IVd7``, ``iih43``, ``V7/vi``, ``bIIIs4``.

Grammar [1]_::

    symbol    := figure {"/" numeral}
    figure    := numeral [form] [figures] {extension}
    form      := "o" | "h" | "x" | "a" | "d"
    figures   := "6" | "64" | "7" | "65" | "43" | "42"
    extension := "9" | "11" | "#9" | "b9" | "s4" | "s2" | "+11"

- Degrees count in the major scale, in major and in minor (``bVII``, ``bIII``), also in the key of an
  applied chord's target.
- ``o`` is the diminished triad, ``h`` half-diminished, ``x`` the diminished seventh chord, ``a`` augmented,
  ``d`` major with a minor seventh (``Id7``, ``IVd9``).
- A plain seventh is the major scale's own (``I7`` and ``IV7`` are major sevenths, ``V7`` a dominant one);
  minor chords have minor ones. 9 and 11 stack what lies below them; ninths are major.
- ``s4`` puts a fourth in the third's place (``v7s4`` is V7sus4); ``+11`` adds one note to the triad.
- ``[E]`` (key), ``R``, ``.`` and ``$`` macros are the reader's; ``R`` read as a symbol is no chord.

Checked against the Humdrum translation of the same songs by CoCoPops; there ``s4`` leaves a triad
in ``**harm`` and ``v7s4`` keeps root, fourth, fifth and seventh in ``**harte``, as here.

References
----------
.. [1] de Clercq, Temperley (2011). A corpus analysis of rock harmony. Popular Music 30.
"""

from __future__ import annotations

import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import transpose_name
from musictrend.harmony.roman import FIGURES, MAJOR_DEGREES, Slots, apply_key, require_key, split_numeral

__all__ = ["parse_chord"]

_EXTENSIONS = r"9|11|#9|b9|\+11|\+9|s4|s2"
_REST = re.compile(rf"(?P<form>[ohxad]?)(?P<figures>64|65|6|7|43|42|)(?P<extension>(?:{_EXTENSIONS})*)")
_EXTENSION = re.compile(_EXTENSIONS)
_FORMS = {"o": "dim", "h": "dim", "x": "dim", "a": "aug"}


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a de Clercq-Temperley symbol in a key (only its tonic counts).

    Examples
    --------
    >>> a = Key.parse("A")
    >>> [parse_chord(x, a).label for x in ("bVII", "IVd7", "iih43", "V7/vi", "v7s4", "I64")]
    ['G:maj', 'D:7', 'B:hdim7/b5', 'C#:7', 'E:sus4(b7)', 'A:maj/5']
    """
    home = require_key(text, key)
    symbol = text.strip()
    if symbol == "R":
        return Chord.NO_CHORD
    figure, *targets = symbol.split("/")
    try:
        for target in reversed(targets):
            numeral, rest = split_numeral(target)
            if rest:
                raise ChordLabelError(f"{rest!r} after the applied numeral {target!r}")
            home = apply_key(numeral, home, "major")
        return _read_figure(figure, home)
    except ChordLabelError as error:
        reason = f"{text!r} is no de Clercq-Temperley symbol such as bVII, IVd7 or V7/vi: {error}"
        raise ChordLabelError(reason) from None


def _read_figure(figure: str, key: Key) -> Chord:
    numeral, rest = split_numeral(figure)
    match = _REST.fullmatch(rest)
    if match is None:
        raise ChordLabelError(f"{rest!r} after the numeral")
    form, extensions = match["form"], _EXTENSION.findall(match["extension"])
    if form == "d" and not numeral.upper:
        raise ChordLabelError("d (dominant seventh) needs an upper-case numeral")
    slots = Slots.triad(_FORMS.get(form, "major" if numeral.upper else "minor"))
    root = numeral.semitones("major")
    has_seventh, slots.inversion = FIGURES[match["figures"]]
    stacked = any(extension in ("9", "11", "#9", "b9") for extension in extensions)
    if has_seventh or stacked:
        scale = (MAJOR_DEGREES[(numeral.degree + 5) % 7] - root) % 12
        minor = 10 if scale == 11 and not numeral.upper else scale
        slots.tones[7] = {"o": 10, "h": 10, "x": 9, "d": 10}.get(form, minor)
    elif form in ("h", "x", "d"):
        raise ChordLabelError(f"{form!r} needs the figures of a seventh chord")
    for extension in extensions:
        if extension in ("s4", "s2"):
            slots.tones[3] = 5 if extension == "s4" else 2
        else:
            ninths = {"9": (2,), "11": (2, 5), "#9": (3,), "b9": (1,), "+11": (5,), "+9": (2,)}
            slots.added.update(ninths[extension])
    return slots.to_chord(transpose_name(key.tonic_name, numeral.degree, root))
