"""Harte's chord syntax: ``C``, ``A:min7/b3``, ``F:(b3,5,b7,11)``, ``D:7(*5,#9)``, ``N``, ``X``.

Grammar::

    label   := "N" | "X" | root [":" quality] ["/" degree]
    quality := shorthand ["(" degrees ")"] | "(" degrees ")"
    degrees := ["*"] degree {"," ["*"] degree}

A degree with ``*`` is left out of the shorthand. No quality means a major triad.

References
----------
.. [1] Harte, Sandler, Abdallah, Gomez (2005). Symbolic representation of
   musical chords. ISMIR.
"""

from __future__ import annotations

import difflib
import re

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import parse_pitch_class
from musictrend.harmony.quality import list_qualities, parse_degree

__all__ = ["parse_chord"]

_LABEL = re.compile(r"(?P<root>[A-G][b#]*)(?::(?P<short>[a-z0-9]*)(?:\((?P<list>[^()]*)\))?)?(?:/(?P<bass>[b#]*\d+))?")
NO_CHORD = {"N", "NC", "N.C."}


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a label in Harte's syntax.

    Examples
    --------
    >>> parse_chord("C:min7(*5,11)/b7").pitch_classes
    (0, 3, 5, 10)
    """
    label = text.strip()
    if label in NO_CHORD:
        return Chord.NO_CHORD
    if label == "X":
        return Chord.UNKNOWN
    match = _LABEL.fullmatch(label)
    if match is None:
        raise ChordLabelError(f"{text!r} is not a Harte label such as C:maj, A:min7/b3, F:(3,5,b7), N or X")
    root, short, listed, bass = match["root"], match["short"], match["list"], match["bass"]
    bitmap = 1
    if short or (short is None and listed is None):
        quality = list_qualities().get(short or "maj")
        if quality is None:
            close = difflib.get_close_matches(str(short), list_qualities(), n=3, cutoff=0.5)
            hint = f"; close: {', '.join(map(repr, close))}" if close else ""
            raise ChordLabelError(f"{text!r}: quality {short!r} is not in qualities.csv{hint}")
        bitmap = quality.bitmap
    elif not listed:
        raise ChordLabelError(f"{text!r}: a quality must follow the colon, such as {root}:maj")
    for degree in (listed or "").split(",") if listed else ():
        degree = degree.strip()
        if degree.startswith("*"):
            bitmap &= ~(1 << parse_degree(degree[1:]))
        else:
            bitmap |= 1 << parse_degree(degree)
    low = None if bass is None else (parse_pitch_class(root) + parse_degree(bass)) % 12
    return Chord.from_parts(root, bitmap=bitmap, bass=low)
