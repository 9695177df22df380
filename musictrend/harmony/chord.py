"""A chord: root, the pitch classes above it, and bass.

Conventions
-----------
``root`` and ``bass`` are absolute pitch classes, C = 0. ``bitmap`` is relative
to the root and holds the quality alone; the bass sounds too, so a bass outside
the quality is in ``pitch_classes`` and not in ``bitmap``. ``N`` is no chord,
``X`` a chord that could not be told. Two chords are equal when they sound the
same notes over the same root and bass: spelling is kept, not compared.

References
----------
.. [1] Harte, Sandler, Abdallah, Gomez (2005). Symbolic representation of
   musical chords. ISMIR.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from musictrend.errors import ChordLabelError
from musictrend.harmony.pitch import name_pitch_class, parse_pitch_class
from musictrend.harmony.quality import bitmap_from_degrees, quality_from_bitmap

if TYPE_CHECKING:
    from musictrend.harmony.key import Key

__all__ = ["Chord"]

# Harte degrees for a bass, by semitones above the root.
BASS_DEGREES = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "#5", "6", "b7", "7")


@dataclass(frozen=True, slots=True, init=False)
class Chord:
    """A chord as pitch classes over a root and a bass.

    ``Chord("G:min7/b3")`` reads Harte's syntax; `Chord.parse` reads every
    other dialect; `Chord.from_parts` builds one from its parts.

    Parameters
    ----------
    label : str
        A label in Harte's syntax, ``"N"`` or ``"X"``.

    Raises
    ------
    ChordLabelError
        When the label cannot be read; the message names what is accepted.

    References
    ----------
    .. [1] Harte et al. (2005). Symbolic representation of musical chords. ISMIR.

    Examples
    --------
    >>> Chord("G:min7/b3").pitch_classes
    (2, 5, 7, 10)
    >>> Chord.parse("Dø7", dialect="ireal").label
    'D:hdim7'
    """

    root: int | None
    bitmap: int
    bass: int | None
    kind: str
    root_name: str = field(compare=False)

    NO_CHORD: ClassVar[Chord]
    UNKNOWN: ClassVar[Chord]

    def __init__(self, label: str) -> None:
        from musictrend.harmony.dialects.harte import parse_chord

        other = parse_chord(label)
        self._set(other.root, other.bitmap, other.bass, other.kind, other.root_name)

    def _set(self, root: int | None, bitmap: int, bass: int | None, kind: str, root_name: str) -> None:
        for name, value in zip(
            ("root", "bitmap", "bass", "kind", "root_name"), (root, bitmap, bass, kind, root_name), strict=True
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def _make(cls, root: int | None, bitmap: int, bass: int | None, kind: str, root_name: str) -> Chord:
        chord = object.__new__(cls)
        chord._set(root, bitmap, bass, kind, root_name)
        return chord

    def __reduce__(self):
        """Pickle by value, so that chords travel between processes."""
        return Chord._make, (self.root, self.bitmap, self.bass, self.kind, self.root_name)

    @classmethod
    def from_parts(
        cls,
        root: str | int,
        degrees: Iterable[str] | None = None,
        *,
        bitmap: int | None = None,
        bass: str | int | None = None,
    ) -> Chord:
        """Build a chord from a root, its degrees or bitmap, and a bass note.

        Parameters
        ----------
        root : str or int
            A note name, or a pitch class 0-11.
        degrees : iterable of str, optional
            Harte degrees; the root itself may be left out.
        bitmap : int, optional
            Instead of degrees: root-relative 12-bit set.
        bass : str or int, optional
            A note name or pitch class (absolute); the root when absent.

        Examples
        --------
        >>> Chord.from_parts("Bb", ["3", "5", "7"], bass="D").label
        'Bb:maj7/3'
        """
        root_name = name_pitch_class(root) if isinstance(root, int) else root
        tonic = parse_pitch_class(root_name)
        if bitmap is None:
            bitmap = bitmap_from_degrees(list(degrees or ()))
        if not 0 <= bitmap < 4096:
            raise ChordLabelError(f"bitmap={bitmap} must be a 12-bit set, 0 to 4095")
        low = tonic if bass is None else bass % 12 if isinstance(bass, int) else parse_pitch_class(bass)
        return cls._make(tonic, bitmap | 1, low, "chord", root_name)

    @classmethod
    def parse(cls, text: str, dialect: str = "harte", *, key: Key | None = None) -> Chord:
        """Read a chord symbol in one of the dialects.

        Parameters
        ----------
        text : str
        dialect : str
            One of `musictrend.harmony.list_dialects`.
        key : Key, optional
            The local key, for dialects whose symbols are relative to one.

        Raises
        ------
        ChordLabelError
            When the symbol is not in that dialect's grammar.

        Examples
        --------
        >>> Chord.parse("Fsmin", dialect="chordonomicon").label
        'F#:min'
        """
        from musictrend.harmony.dialects import parse_symbol

        return parse_symbol(text, dialect, key=key)

    @property
    def is_chord(self) -> bool:
        """Whether a chord sounds: neither ``N`` nor ``X``."""
        return self.kind == "chord"

    @property
    def quality(self) -> str:
        """Harte quality (``"min7"``, ``"7(#9)"``, ``"(3,b7)"``); ``""`` for N and X."""
        return quality_from_bitmap(self.bitmap) if self.is_chord else ""

    @property
    def bass_interval(self) -> int | None:
        """Semitones from root up to bass, 0-11; None for N and X."""
        return (self.bass - self.root) % 12 if self.root is not None and self.bass is not None else None

    @property
    def chroma(self) -> int:
        """Absolute 12-bit set of everything that sounds, bass included; 0 for N and X."""
        if self.root is None or self.bass is None:
            return 0
        turned = self.bitmap << self.root
        return (turned | turned >> 12) & 4095 | 1 << self.bass

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Absolute pitch classes that sound, rising, bass included."""
        chroma = self.chroma
        return tuple(i for i in range(12) if chroma >> i & 1)

    @property
    def label(self) -> str:
        """The chord in Harte's syntax."""
        if not self.is_chord:
            return self.kind
        interval = self.bass_interval
        bass = "" if not interval else f"/{BASS_DEGREES[interval]}"
        return f"{self.root_name}:{self.quality}{bass}"

    def transpose(self, semitones: int) -> Chord:
        """The same chord some semitones higher.

        Examples
        --------
        >>> Chord("C:7/3").transpose(2).label
        'D:7/3'
        """
        if self.root is None or self.bass is None:
            return self
        root = (self.root + semitones) % 12
        return Chord._make(root, self.bitmap, (self.bass + semitones) % 12, self.kind, name_pitch_class(root))

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"Chord({self.label!r})"


Chord.NO_CHORD = Chord._make(None, 0, None, "N", "")
Chord.UNKNOWN = Chord._make(None, 0, None, "X", "")
