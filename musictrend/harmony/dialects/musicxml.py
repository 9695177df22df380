"""MusicXML ``<harmony>``: kinds, degrees, bass, in a compact string of our own.

The reader turns an element into one line, which can be counted and shown::

    root=Bb kind=dominant degrees=add:9b,alter:5#,subtract:3 bass=D inversion=1 text=7b9

``root`` and ``bass`` are note names, ``kind`` is MusicXML's word, ``degrees`` are
``type:valueaccidentals`` joined by commas, ``text`` (what is printed) comes last and runs
to the end of the line. Only ``kind`` must be there; ``kind=none`` is no chord.
`chord_from_harmony` takes the same parts unpacked.

Decisions, after the MusicXML 4.0 reference [1]_:

- An added degree counts from a dominant chord, so ``add:7`` is a minor seventh; an altered
  one counts from the degree the kind has (in ``major-seventh``, ``alter:7b`` is minor), or,
  where the kind has none, from the dominant chord's.
- ``dominant-13th`` stacks 9 and 11 like Harte's 13.
- ``Italian``, ``French``, ``German`` and ``Neapolitan`` name functions: the root given is the
  key's tonic (music21 reads them so too), the chord is named by its sound (C German: Ab:7,
  C Neapolitan: Db:maj/3).
- ``Tristan`` is F B D# G# over F: by its sound F:hdim7. ``pedal`` is the root alone.
- ``other``, and an empty kind, are read from their text as lead-sheet symbols; without a text they raise.
- An inversion counts thirds up from the root; a bass written out wins.

References
----------
.. [1] https://www.w3.org/2021/06/musicxml40/musicxml-reference/data-types/kind-value/
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import leadsheet
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import transpose_name
from musictrend.harmony.quality import list_qualities

__all__ = ["KINDS", "chord_from_harmony", "parse_chord", "write_harmony"]

# MusicXML kind -> Harte quality in qualities.csv.
KINDS = {
    "major": "maj", "minor": "min", "augmented": "aug", "diminished": "dim",
    "dominant": "7", "major-seventh": "maj7", "minor-seventh": "min7", "diminished-seventh": "dim7",
    "augmented-seventh": "aug7", "half-diminished": "hdim7", "major-minor": "minmaj7",
    "major-sixth": "maj6", "minor-sixth": "min6",
    "dominant-ninth": "9", "major-ninth": "maj9", "minor-ninth": "min9",
    "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "min11",
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "min13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5", "pedal": "1", "Tristan": "hdim7",
    # Not in the standard, written by older programs.
    "minor-major": "minmaj7", "maj69": "maj69", "augmented-ninth": "aug7",
}  # fmt: skip
EXTRA = {"augmented-ninth": 2}  # semitones sounding besides
# Functional sixths: degree and semitones above the tonic, quality, and what is in the bass.
_SIXTHS = {"Neapolitan": (2, 1, 0b10010001, 4), "Italian": (6, 8, 0b10000010001, 0),
           "French": (6, 8, 0b10001010001, 0), "German": (6, 8, 0b10010010001, 0)}  # fmt: skip
# A dominant chord's degrees, from which added ones count.
_DOMINANT = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 8: 0, 9: 2, 10: 4, 11: 5, 12: 7, 13: 9}
# Where each degree of a chord may lie, for altering and leaving it out.
_PLACES = {
    2: (1, 2), 3: (3, 4), 4: (5,), 5: (6, 7, 8), 6: (9,), 7: (9, 10, 11),
    9: (2, 1, 3), 11: (5, 6), 13: (9, 8),
}  # fmt: skip
_LINE = re.compile(
    r"(?:root=(?P<root>[A-G][b#]*)\s+)?kind=(?P<kind>\S*)"
    r"(?:\s+degrees=(?P<degrees>\S+))?(?:\s+bass=(?P<bass>[A-G][b#]*))?"
    r"(?:\s+inversion=(?P<inversion>[1-6]))?(?:\s+text=(?P<text>(?s:.*)))?"
)
_DEGREE = re.compile(r"(?P<type>add|alter|subtract):(?P<value>1[0-3]|[1-9])(?P<alter>b*|#*)")


def write_harmony(
    root: str | None,
    kind: str,
    degrees: Iterable[tuple[int, int, str]] = (),
    bass: str | None = None,
    inversion: int = 0,
    text: str = "",
) -> str:
    """Write a harmony as the line that `parse_chord` reads.

    Examples
    --------
    >>> write_harmony("C", "dominant", [(9, -1, "add")], bass="E")
    'root=C kind=dominant degrees=add:9b bass=E'
    """
    parts = [f"root={root}"] if root else []
    parts.append(f"kind={kind}")
    written = [f"{word}:{value}{_write_alter(alter)}" for value, alter, word in degrees]
    parts += [f"degrees={','.join(written)}"] if written else []
    parts += [f"bass={bass}"] if bass else []
    parts += [f"inversion={inversion}"] if inversion else []
    parts += [f"text={text}"] if text else []
    return " ".join(parts)


def _write_alter(alter: int) -> str:
    return "#" * alter if alter > 0 else "b" * -alter


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read a harmony line.

    Examples
    --------
    >>> parse_chord("root=Bb kind=dominant degrees=add:9b bass=D").label
    'Bb:7(b9)/3'
    >>> parse_chord("root=C kind=other text=7alt").label
    'C:aug(b7,#9,b9)'
    """
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise ChordLabelError(f"{text!r} is not a harmony such as root=Bb kind=dominant degrees=add:9b bass=D")
    degrees = []
    for degree in (match["degrees"] or "").split(",") if match["degrees"] else ():
        found = _DEGREE.fullmatch(degree)
        if found is None:
            raise ChordLabelError(f"{text!r}: degree {degree!r} must be add:, alter: or subtract: and 1 to 13")
        alter = found["alter"].count("#") - found["alter"].count("b")
        degrees.append((int(found["value"]), alter, found["type"]))
    inversion = int(match["inversion"] or 0)
    return _build(text, match["root"], match["kind"], degrees, match["bass"], inversion, match["text"] or "")


def chord_from_harmony(
    root_step: str | None,
    root_alter: float = 0,
    kind: str = "major",
    degrees: Iterable[tuple[int, float, str]] = (),
    bass_step: str | None = None,
    bass_alter: float = 0,
    text: str = "",
    inversion: int = 0,
) -> Chord:
    """Chord of a ``<harmony>`` element's parts.

    Parameters
    ----------
    root_step, bass_step : str or None
        ``A`` to ``G``.
    root_alter, bass_alter : float
        Semitones, whole ones.
    kind : str
        MusicXML's word.
    degrees : iterable of (value, alter, type)
        ``type`` is ``add``, ``alter`` or ``subtract``.
    text : str
        What the score prints.
    inversion : int

    Examples
    --------
    >>> chord_from_harmony("F", 1, "half-diminished", bass_step="E").label
    'F#:hdim7/b7'
    """
    root = None if root_step is None else root_step + _write_alter(_whole(root_alter))
    bass = None if bass_step is None else bass_step + _write_alter(_whole(bass_alter))
    whole = [(int(value), _whole(alter), word) for value, alter, word in degrees]
    line = write_harmony(root, kind, whole, bass, inversion, text)
    return _build(line, root, kind, whole, bass, inversion, text)


def _whole(alter: float) -> int:
    if not -3 <= alter <= 3 or alter != int(alter):
        raise ChordLabelError(f"alter={alter} must be a whole number of semitones, -3 to 3")
    return int(alter)


def _build(
    line: str,
    root: str | None,
    kind: str,
    degrees: list[tuple[int, int, str]],
    bass: str | None,
    inversion: int,
    text: str,
) -> Chord:
    """Chord of a harmony's parts; the line is for messages."""
    if kind == "none":
        return Chord.NO_CHORD
    if root is None:
        raise ChordLabelError(f"{line!r} has no root (a function or a numeral alone is not read)")
    if kind in ("other", ""):
        return _read_text(line, root, degrees, bass, text)
    if kind in _SIXTHS:
        step, size, bitmap, low = _SIXTHS[kind]
        root = transpose_name(root, step, size)
        chord = Chord.from_parts(root, bitmap=bitmap)
        assert chord.root is not None
        over: str | int = bass if bass is not None else (chord.root + low) % 12
        return Chord.from_parts(root, bitmap=_apply_degrees(line, bitmap, degrees), bass=over)
    if kind not in KINDS:
        accepted = ", ".join([*KINDS, *_SIXTHS, "other", "none"])
        raise ChordLabelError(f"{line!r}: kind {kind!r} is not one of MusicXML's: {accepted}")
    bitmap = list_qualities()[KINDS[kind]].bitmap | (1 << EXTRA[kind] if kind in EXTRA else 1)
    bitmap = _apply_degrees(line, bitmap, degrees)
    chord = Chord.from_parts(root, bitmap=bitmap)
    assert chord.root is not None
    if bass is not None:
        return Chord.from_parts(root, bitmap=bitmap, bass=bass)
    if inversion:
        low = next((s for s in _PLACES.get(2 * inversion + 1, ()) if bitmap >> s & 1), -1)
        if low < 0:
            raise ChordLabelError(f"{line!r}: the chord has no degree for inversion {inversion}")
        return Chord.from_parts(root, bitmap=bitmap, bass=(chord.root + low) % 12)
    return chord


def _read_text(line: str, root: str, degrees: list[tuple[int, int, str]], bass: str | None, text: str) -> Chord:
    if not text.strip() or degrees:
        raise ChordLabelError(f"{line!r}: a chord of another kind needs a text, and no degrees, to be read")
    chord = leadsheet.parse_chord(root + text.strip())
    return chord if bass is None else Chord.from_parts(root, bitmap=chord.bitmap, bass=bass)


def _apply_degrees(line: str, bitmap: int, degrees: list[tuple[int, int, str]]) -> int:
    """Add, alter and take away degrees of a root-relative set."""
    for value, alter, word in degrees:
        degree = value if value in _PLACES else {10: 3, 12: 5, 1: 1, 8: 1}[value]
        there = next((s for s in _PLACES.get(degree, ()) if bitmap >> s & 1), None)
        if word == "add":
            bitmap |= 1 << (_DOMINANT[value] + alter) % 12
        elif degree == 1:
            raise ChordLabelError(f"{line!r}: the root cannot be altered or taken away")
        elif word == "subtract":
            bitmap &= ~(1 << there) if there is not None else -1
        else:
            base = _DOMINANT[value] if there is None else there
            bitmap = (bitmap & ~(1 << base)) | 1 << (base + alter) % 12
    return bitmap
