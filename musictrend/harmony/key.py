"""A key: tonic and mode (``"G:minor"``), its scale, and its name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from musictrend.errors import ChordLabelError
from musictrend.harmony.pitch import name_pitch_class, parse_pitch_class

__all__ = ["Key"]

# Scales from the tonic; minor is the union of natural and harmonic minor (science.md 1.3).
SCALES = {
    "major": frozenset((0, 2, 4, 5, 7, 9, 11)),
    "minor": frozenset((0, 2, 3, 5, 7, 8, 10, 11)),
}
_MODES = {
    "": "major", "major": "major", "maj": "major", "dur": "major", "ionian": "major",
    "lydian": "major", "mixolydian": "major",
    "minor": "minor", "min": "minor", "m": "minor", "-": "minor", "moll": "minor", "aeolian": "minor",
    "dorian": "minor", "phrygian": "minor", "locrian": "minor",
}  # fmt: skip
_KEY = re.compile(r"(?P<tonic>[A-Ga-g][b#]*)(?:[\s:_]*(?P<mode>[A-Za-z]+|-))?")


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic and a mode; modal names are kept to major or minor by their third.

    Parameters
    ----------
    tonic : int
        Pitch class 0-11.
    mode : str
        ``"major"`` or ``"minor"``.
    tonic_name : str, optional
        The spelling, kept and not compared.

    Examples
    --------
    >>> Key.parse("F#:minor"), Key.parse("Ebm").tonic, Key.parse("a").mode
    (Key('F#:minor'), 3, 'minor')
    """

    tonic: int
    mode: str
    tonic_name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.mode not in SCALES or not 0 <= self.tonic < 12:
            raise ChordLabelError(f"key tonic={self.tonic}, mode={self.mode!r}: needs 0-11 and 'major' or 'minor'")
        if not self.tonic_name:
            object.__setattr__(self, "tonic_name", name_pitch_class(self.tonic))

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read ``"G:minor"``, ``"Bb major"``, ``"C-"``, ``"Ebm"``; a lower-case tonic alone is minor."""
        match = _KEY.fullmatch(text.strip())
        mode = None
        if match is not None:
            written = match["mode"] or ("m" if match["tonic"][0].islower() else "")
            mode = _MODES.get(written if written == "M" else written.lower()) if written != "M" else "major"
        if match is None or mode is None:
            raise ChordLabelError(f"key {text!r} must be a tonic and a mode, such as G:minor, Bb major or Ebm")
        name = match["tonic"][0].upper() + match["tonic"][1:]
        return cls(parse_pitch_class(name), mode, name)

    @property
    def scale(self) -> frozenset[int]:
        """Absolute pitch classes of the scale (minor: natural and harmonic together)."""
        return frozenset((self.tonic + step) % 12 for step in SCALES[self.mode])

    def __str__(self) -> str:
        return f"{self.tonic_name}:{self.mode}"

    def __repr__(self) -> str:
        return f"Key({str(self)!r})"
