"""Roman numerals: one core for every dialect that writes them, and the figure of a chord in a key.

Conventions
-----------
A numeral is a scale degree 1 to 7 with an alteration; upper case is major (or
augmented), lower case minor (or diminished). In a minor key degrees are those of
the natural minor scale: ``III``, ``VI`` and ``VII`` lie a major third, sixth, seventh
less a semitone above the tonic, the leading note's chord is ``#viio``. A chord is
kept as *slots* 1, 3, 5, 7 (what a suspension displaces, what an inversion puts
in the bass) in semitones above the root, and further notes.

`roman_numeral` writes figures with absolute qualities, as DCML does: ``I7`` is a
dominant seventh on the tonic, ``IM7`` a major seventh; `parse_figure` reads them back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import BASS_DEGREES, Chord
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import transpose_name
from musictrend.harmony.quality import parse_degree

__all__ = [
    "Numeral",
    "Slots",
    "apply_key",
    "list_figures",
    "parse_figure",
    "require_key",
    "roman_numeral",
    "split_numeral",
]

MAJOR_DEGREES = (0, 2, 4, 5, 7, 9, 11)
MINOR_DEGREES = (0, 2, 3, 5, 7, 8, 10)
ROMANS = ("I", "II", "III", "IV", "V", "VI", "VII")
_NUMERAL = re.compile(r"(?P<sign>b+|#+|-+|)(?P<roman>VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)")

# Figured bass: figures -> (seventh chord?, inversion).
FIGURES = {
    "": (False, 0), "5": (False, 0), "53": (False, 0), "6": (False, 1), "63": (False, 1), "64": (False, 2),
    "7": (True, 0), "73": (True, 0), "75": (True, 0), "753": (True, 0), "65": (True, 1), "653": (True, 1),
    "43": (True, 2), "643": (True, 2), "2": (True, 3), "42": (True, 3), "642": (True, 3),
}  # fmt: skip
TRIAD_FIGURES = ("", "6", "64")
SEVENTH_FIGURES = ("7", "65", "43", "2")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A scale degree: 1 to 7, altered by some semitones, written in upper or lower case."""

    degree: int
    alteration: int
    upper: bool

    def semitones(self, mode: str) -> int:
        """Semitones above the tonic, 0 to 11, in a major or natural minor scale."""
        scale = MAJOR_DEGREES if mode == "major" else MINOR_DEGREES
        return (scale[self.degree - 1] + self.alteration) % 12

    def root_name(self, key: Key, mode: str | None = None) -> str:
        """Spelled root in a key; ``mode`` where degrees are not counted in the key's own mode."""
        return transpose_name(key.tonic_name, self.degree, self.semitones(mode or key.mode))


@dataclass
class Slots:
    """A chord as semitones above its root: the notes of its thirds and what stands beside them.

    Examples
    --------
    >>> Slots({1: 0, 3: 4, 5: 7, 7: 10}, inversion=1).to_chord("G").label
    'G:7/3'
    """

    tones: dict[int, int]
    added: set[int] = field(default_factory=set)
    inversion: int = 0
    bass: int | None = None  # semitones above the root, where it is not what the inversion says

    @classmethod
    def triad(cls, form: str) -> Slots:
        """Slots of a ``major``, ``minor``, ``dim`` or ``aug`` triad."""
        third, fifth = {"major": (4, 7), "minor": (3, 7), "dim": (3, 6), "aug": (4, 8)}[form]
        return cls({1: 0, 3: third, 5: fifth})

    def to_chord(self, root: str) -> Chord:
        """The chord on a spelled root, over the slot its inversion names."""
        order = sorted(self.tones)
        if self.bass is None and self.inversion >= len(order):
            raise ChordLabelError(f"inversion {self.inversion} of a chord with {len(order)} notes")
        bitmap = 1
        for semitones in (*self.tones.values(), *self.added):
            bitmap |= 1 << semitones % 12
        chord = Chord.from_parts(root, bitmap=bitmap)
        assert chord.root is not None
        low = (chord.root + (self.tones[order[self.inversion]] if self.bass is None else self.bass)) % 12
        return Chord.from_parts(root, bitmap=bitmap, bass=low)


def require_key(text: str, key: Key | None) -> Key:
    """Return the key, or raise: a Roman numeral means nothing without one."""
    if key is None:
        raise ChordLabelError(f"{text!r} is a Roman numeral: it needs a key, such as Key.parse('G:minor')")
    return key


def split_numeral(text: str) -> tuple[Numeral, str]:
    """Cut the numeral off the front of a figure.

    Examples
    --------
    >>> split_numeral("bVII7")
    (Numeral(degree=7, alteration=-1, upper=True), '7')
    """
    match = _NUMERAL.match(text)
    if match is None:
        raise ChordLabelError(f"{text!r} must start with a Roman numeral I to VII, with b or # before it")
    sign, roman = match["sign"], match["roman"]
    alteration = sign.count("#") - sign.count("b") - sign.count("-")
    return Numeral(ROMANS.index(roman.upper()) + 1, alteration, roman.isupper()), text[match.end() :]


def apply_key(numeral: Numeral, key: Key, mode: str | None = None) -> Key:
    """The key that an applied chord is in: ``V`` of C major is G major, ``ii`` is D minor."""
    root = numeral.root_name(key, mode)
    tonic = (key.tonic + numeral.semitones(mode or key.mode)) % 12
    return Key(tonic, "major" if numeral.upper else "minor", root)


# Figures of our own: quality sign -> slots. The seventh is a minor one unless M says major.
_FORMS: dict[str, tuple[bool, str, str, dict[int, int]]] = {
    "maj": (True, "", "", {3: 4, 5: 7}),
    "min": (False, "", "", {3: 3, 5: 7}),
    "dim": (False, "o", "", {3: 3, 5: 6}),
    "aug": (True, "+", "", {3: 4, 5: 8}),
    "7": (True, "", "7", {3: 4, 5: 7, 7: 10}),
    "maj7": (True, "M", "7", {3: 4, 5: 7, 7: 11}),
    "min7": (False, "", "7", {3: 3, 5: 7, 7: 10}),
    "minmaj7": (False, "M", "7", {3: 3, 5: 7, 7: 11}),
    "dim7": (False, "o", "7", {3: 3, 5: 6, 7: 9}),
    "hdim7": (False, "ø", "7", {3: 3, 5: 6, 7: 10}),
    "aug7": (True, "+", "7", {3: 4, 5: 8, 7: 10}),
    "augmaj7": (True, "+M", "7", {3: 4, 5: 8, 7: 11}),
}
_FIGURE = re.compile(
    r"(?P<sign>\+M|M|o|ø|\+|)(?P<figures>64|65|43|6|7|2|)"
    r"(?:\[(?P<quality>[^\[\]]+)\](?:/(?P<bass>[b#]*[0-9]+))?)?"
)


def _bitmap(tones: dict[int, int]) -> int:
    return 1 | sum(1 << semitones for semitones in tones.values())


def _spell_degree(semitones: int, key: Key) -> tuple[int, int]:
    """Degree and alteration of an interval above the tonic: the scale's own, else lowered (4 raised)."""
    scale = MAJOR_DEGREES if key.mode == "major" else MINOR_DEGREES
    if semitones in scale:
        return scale.index(semitones) + 1, 0
    if semitones == 6:
        return 4, 1
    if key.mode == "minor" and semitones in (9, 11):
        return scale.index(semitones - 1) + 1, 1  # raised sixth and seventh
    if semitones + 1 in scale:
        return scale.index(semitones + 1) + 1, -1
    return scale.index(semitones - 1) + 1, 1


def _write_numeral(degree: int, alteration: int, upper: bool) -> str:
    roman = ROMANS[degree - 1] if upper else ROMANS[degree - 1].lower()
    return ("#" * alteration if alteration > 0 else "b" * -alteration) + roman


def roman_numeral(chord: Chord, key: Key, *, applied: bool = False, following: Chord | None = None) -> str:
    """Figure of a chord in a key: degree, quality and inversion.

    Triads and seventh chords are written as in DCML's syntax (``V65``, ``viiø7``,
    ``IM7``); any other quality stands in brackets in Harte's words, with its bass
    (``V[sus4(b7)]``, ``I[maj(9)]/3``). `parse_figure` reads all of them back.

    Parameters
    ----------
    chord : Chord
    key : Key
    applied : bool
        Write a chromatic major, dominant or diminished chord as the dominant or
        leading-note chord of a degree where it is one (``V7/V``).
    following : Chord, optional
        The next chord; then a chord is applied only where that one is on its degree, or on the one that
        a deceptive cadence leads to instead.

    Returns
    -------
    figure : str
        ``"N"`` and ``"X"`` for what is no chord.

    Examples
    --------
    >>> c = Key.parse("C")
    >>> [roman_numeral(Chord(x), c) for x in ("G:7/3", "Bb", "D:7", "B:hdim7", "C:maj(9)")]
    ['V65', 'bVII', 'II7', 'viiø7', 'I[maj(9)]']
    >>> roman_numeral(Chord("D:7"), c, applied=True)
    'V7/V'
    """
    if chord.root is None:
        return chord.kind
    if applied:
        target = _find_target(chord, key)
        if target is not None and _leads_to(apply_key(Numeral(target[0], 0, target[1]), key), following):
            degree, upper = target
            numeral = Numeral(degree, 0, upper)
            return f"{roman_numeral(chord, apply_key(numeral, key))}/{_write_numeral(degree, 0, upper)}"
    degree, alteration = _spell_degree((chord.root - key.tonic) % 12, key)
    for upper, sign, seventh, tones in _FORMS.values():
        order = [0, *tones.values()]
        if _bitmap(tones) == chord.bitmap and chord.bass_interval in order:
            figures = (SEVENTH_FIGURES if seventh else TRIAD_FIGURES)[order.index(chord.bass_interval)]
            return f"{_write_numeral(degree, alteration, upper)}{sign}{figures}"
    upper = not (chord.bitmap >> 3 & 1 and not chord.bitmap >> 4 & 1)
    bass = f"/{BASS_DEGREES[chord.bass_interval]}" if chord.bass_interval else ""
    return f"{_write_numeral(degree, alteration, upper)}[{chord.quality}]{bass}"


def list_figures(chords: Sequence[Chord], keys: Sequence[Key | None]) -> list[str]:
    """Figures of chords in their local keys, applied chords where the next chord confirms them; ``""`` without a key.

    Examples
    --------
    >>> c = Key.parse("C")
    >>> list_figures([Chord(x) for x in ("C", "D:7/3", "G:7", "D:7", "F", "N")], [c, c, c, c, c, None])
    ['I', 'V65/V', 'V7', 'II7', 'IV', '']
    """
    after = [*chords[1:], None]
    return [
        "" if key is None else roman_numeral(chord, key, applied=following is not None, following=following)
        for chord, key, following in zip(chords, keys, after, strict=True)
    ]


def _leads_to(goal: Key, following: Chord | None) -> bool:
    """Whether the next chord is on the degree aimed at or its sixth; always, where no next chord is given."""
    if following is None:
        return True
    sixth = 9 if goal.mode == "major" else 8
    return following.root in (goal.tonic, (goal.tonic + sixth) % 12)


def _find_target(chord: Chord, key: Key) -> tuple[int, bool] | None:
    """Degree that a chromatic chord is the dominant or leading-note chord of, and its case."""
    if chord.root is None or all(pc in key.scale for pc in chord.pitch_classes):
        return None
    names = {_bitmap(form[3]): name for name, form in _FORMS.items()}
    step = {"maj": 5, "7": 5, "dim": 1, "dim7": 1, "hdim7": 1}.get(names.get(chord.bitmap, ""))
    if step is None:
        return None
    scale = MAJOR_DEGREES if key.mode == "major" else MINOR_DEGREES
    goal = (chord.root + step - key.tonic) % 12
    if goal == 0 or goal not in scale:
        return None
    third, fifth = ((goal + size) % 12 in {s % 12 for s in scale} for size in (4, 7))
    return (scale.index(goal) + 1, third) if fifth else None


def parse_figure(figure: str, key: Key) -> Chord:
    """Read a figure that `roman_numeral` wrote.

    Examples
    --------
    >>> parse_figure("V65/ii", Key.parse("C")).label
    'A:7/3'
    """
    if figure in ("N", "X"):
        return Chord.NO_CHORD if figure == "N" else Chord.UNKNOWN
    if figure.count("/") > 8:
        raise ChordLabelError(f"{figure[:20]!r}... has {figure.count('/')} slashes: at most 8 are read")
    head, slash, last = figure.rpartition("/")
    if slash and _NUMERAL.fullmatch(last):
        return parse_figure(head, apply_key(split_numeral(last)[0], key))
    numeral, rest = split_numeral(figure)
    match = _FIGURE.fullmatch(rest)
    root = numeral.root_name(key)
    if match is not None and match["quality"] is not None and not (match["sign"] or match["figures"]):
        chord = Chord(f"{root}:{match['quality']}")
        assert chord.root is not None
        low = None if match["bass"] is None else (chord.root + parse_degree(match["bass"])) % 12
        return Chord.from_parts(root, bitmap=chord.bitmap, bass=low)
    if match is not None and match["quality"] is None:
        has_seventh, inversion = FIGURES[match["figures"]]
        for upper, sign, seventh, tones in _FORMS.values():
            if (upper, sign, bool(seventh)) == (numeral.upper, match["sign"], has_seventh):
                return Slots({1: 0, **tones}, inversion=inversion).to_chord(root)
    raise ChordLabelError(f"{figure!r} is not a figure such as V65, viiø7, bVII, IM7 or V[sus4(b7)]")
