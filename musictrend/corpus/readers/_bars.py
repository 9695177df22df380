"""Bars written one after the other, turned into symbols with onsets and durations.

Shared by the readers of lead sheets. A bar is a list of slots: a place in the
bar from 0 to 1 and the symbol that starts there, or None where the chord
before goes on (``.``, ``%``, an empty cell, an empty bar).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from musictrend.corpus.annotation import Annotation
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.harmony.key import Key

Slot = tuple[float, str | None]

MAX_BARS = 20_000  # a symphony has about 2,000; more is a macro that calls itself too often


def share_equally(symbols: Sequence[str | None]) -> list[Slot]:
    """Slots of a bar whose symbols share its time equally, the rule of most text formats."""
    return [(i / len(symbols), symbol) for i, symbol in enumerate(symbols)]


def parse_metre(text: str) -> float | None:
    """Quarter notes in a bar of ``3/4``, ``6 8`` or ``12/8``; None when that is no metre."""
    parts = text.replace("/", " ").split()
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 4 for part in parts):
        return None
    beats, unit = map(int, parts)
    return beats * 4 / unit if beats and unit else None


class BarWriter:
    """Collects bars in their sounding order.

    Parameters
    ----------
    quarters : float, optional
        Quarter notes in a bar until `write` says otherwise; without it time is counted in bars.
    """

    def __init__(self, quarters: float | None = None) -> None:
        self.symbols: list[str] = []
        self.places: list[str] = []
        self.keys: list[Key | None] = []
        self.n_bars = 0
        self._default = quarters
        self._now = 0.0  # quarter notes so far, counting a bar of unknown metre as one
        self._onsets: list[float] = []  # bars
        self._bars: list[float] = []
        self._onsets_quarters: list[float] = []
        self._quarters: list[float] = []
        self._all_known = True

    def write(
        self, slots: Iterable[Slot], *, quarters: float | None = None, key: Key | None = None, place: str = ""
    ) -> None:
        """Add one bar; a slot of None lengthens the chord before it, also over the bar line."""
        if self.n_bars >= MAX_BARS:
            raise UnsafeFileError(
                f"more than {MAX_BARS:,} bars once repeats are written out",
                hint="is a section repeated in itself?",
            )
        length = quarters or self._default
        if length is None:
            self._all_known, length = False, 1.0
        slots = list(slots) or [(0.0, None)]
        if slots[0][0] > 0:
            slots.insert(0, (0.0, None))
        for (start, symbol), (stop, _) in zip(slots, [*slots[1:], (1.0, None)], strict=True):
            share = stop - start
            if share <= 0:
                continue
            if symbol is not None:
                self.symbols.append(symbol)
                self.places.append(place)
                self.keys.append(key)
                self._onsets.append(self.n_bars + start)
                self._bars.append(share)
                self._onsets_quarters.append(self._now + start * length)
                self._quarters.append(share * length)
            elif self.symbols:
                self._bars[-1] += share
                self._quarters[-1] += share * length
        self.n_bars += 1
        self._now += length

    def annotate(self, track_id: str, dialect: str, **labels: object) -> Annotation:
        """The bars as an `Annotation`: in quarter notes when every bar's metre is known, else in bars."""
        if not self.symbols:
            raise ReaderError("no chords in it", hint="the chart is empty")
        known = self._all_known
        return Annotation(
            track_id,
            self.symbols,
            dialect,
            onsets=self._onsets_quarters if known else self._onsets,
            durations=self._quarters if known else self._bars,
            unit="quarters" if known else "bars",
            bars=self._bars,
            keys=self.keys if any(self.keys) else None,
            places=self.places,
            **labels,  # type: ignore[arg-type]
        )
