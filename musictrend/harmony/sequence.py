"""The chords of one track, in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key

if TYPE_CHECKING:
    from musictrend.harmony.table import ChordTable

__all__ = ["ChordSequence"]

UNITS = ("seconds", "quarters", "bars", "order")


def _filled(values: Sequence[float] | np.ndarray | None, n: int, name: str, missing: float = np.nan) -> np.ndarray:
    array = np.full(n, missing) if values is None else np.asarray(values, dtype=np.float64)
    if array.shape != (n,):
        raise ParameterError(f"{name} has shape {array.shape}, must be ({n},): one value per chord")
    return array


@dataclass(frozen=True, eq=False, init=False)
class ChordSequence:
    """The chords of one track in the order they sound.

    Parameters
    ----------
    chords : sequence of Chord, n chords
    onsets, durations : array, shape (n,), optional
        In ``unit``; without them the position and 1.
    unit : str
        ``seconds``, ``quarters`` (quarter notes), ``bars`` or ``order`` (nothing but the order is known).
    bars : array, shape (n,), optional
        Duration of each chord in bars, where bars are known.
    keys : sequence of Key or None, n, or one Key, optional
        The local key at each chord.
    confidence : array, shape (n,), optional
        Probability in [0, 1] that the label is right.
    track_id : str

    Examples
    --------
    >>> seq = ChordSequence.from_labels(["C", "A:min", "F", "G:7"], key="C:major")
    >>> len(seq), seq.labels[-1], seq.unit
    (4, 'G:7', 'order')
    """

    chords: tuple[Chord, ...]
    onsets: np.ndarray
    durations: np.ndarray
    unit: str
    bars: np.ndarray
    keys: tuple[Key | None, ...]
    confidence: np.ndarray
    track_id: str

    def __init__(
        self,
        chords: Sequence[Chord],
        onsets: Sequence[float] | np.ndarray | None = None,
        durations: Sequence[float] | np.ndarray | None = None,
        unit: str = "order",
        bars: Sequence[float] | np.ndarray | None = None,
        keys: Sequence[Key | None] | Key | None = None,
        confidence: Sequence[float] | np.ndarray | None = None,
        track_id: str = "track",
    ) -> None:
        n = len(chords)
        if unit not in UNITS:
            raise ParameterError(f"unit={unit!r} must be one of {', '.join(map(repr, UNITS))}")
        lengths = _filled(durations, n, "durations", 1.0)
        starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) if n else np.zeros(0)
        local = (keys,) * n if keys is None or isinstance(keys, Key) else tuple(keys)
        if len(local) != n:
            raise ParameterError(f"keys has {len(local)} entries, must be {n}: one per chord")
        values = {
            "chords": tuple(chords),
            "onsets": starts if onsets is None else _filled(onsets, n, "onsets"),
            "durations": lengths,
            "unit": unit,
            "bars": _filled(lengths if bars is None and unit == "bars" else bars, n, "bars"),
            "keys": local,
            "confidence": _filled(confidence, n, "confidence"),
            "track_id": track_id,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_labels(
        cls, labels: Sequence[str], *, dialect: str = "harte", key: str | Key | None = None, track_id: str = "track"
    ) -> ChordSequence:
        """Build a sequence from symbols alone; time is their order.

        Raises
        ------
        ChordLabelError
            When a symbol is not in the dialect.
        """
        home = Key.parse(key) if isinstance(key, str) else key
        chords = tuple(Chord.parse(label, dialect, key=home) for label in labels)
        return cls(chords, keys=(home,) * len(chords), track_id=track_id)

    @property
    def labels(self) -> list[str]:
        """Labels in Harte's syntax."""
        return [chord.label for chord in self.chords]

    @property
    def figures(self) -> list[str]:
        """Roman numerals in the local keys (``"V65/V"``), ``""`` where no key is known.

        Examples
        --------
        >>> ChordSequence.from_labels(["C", "D:7/3", "G:7", "C"], key="C:major").figures
        ['I', 'V65/V', 'V7', 'I']
        """
        from musictrend.harmony.roman import list_figures

        return list_figures(self.chords, self.keys)

    @property
    def offsets(self) -> np.ndarray:
        """Where each chord ends: float array, shape (n,)."""
        return self.onsets + self.durations

    def __len__(self) -> int:
        return len(self.chords)

    def transpose(self, semitones: int) -> ChordSequence:
        """Every chord and key some semitones higher."""
        keys = tuple(k and Key((k.tonic + semitones) % 12, k.mode) for k in self.keys)
        return ChordSequence(
            tuple(c.transpose(semitones) for c in self.chords),
            self.onsets,
            self.durations,
            self.unit,
            self.bars,
            keys,
            self.confidence,
            self.track_id,
        )

    def to_table(self) -> ChordTable:
        """The sequence as a `ChordTable` of one track."""
        from musictrend.harmony.table import ChordTable

        return ChordTable.from_sequences([self])
