"""From chord symbols as written to chords: each distinct symbol is read once.

What cannot be read becomes ``X``; its text, place and count are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.problem import Problem
from musictrend.errors import ReaderError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import read_symbol
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence

__all__ = ["SymbolReader"]

# Dialects whose symbols mean different notes in different keys.
RELATIVE_DIALECTS = frozenset({"dcml", "romantext", "humdrum_harm", "cocopops_harm", "rs200"})


@dataclass
class SymbolReader:
    """Reads annotations into chord sequences, each distinct symbol once.

    Attributes
    ----------
    problems : list of Problem
        One for each unreadable symbol of each track, with its count.

    Examples
    --------
    >>> reader = SymbolReader()
    >>> reader.read(Annotation("a", ["Am7", "D7", "Gblub"], dialect="leadsheet")).labels
    ['A:min7', 'D:7', 'X']
    >>> reader.problems[0].reason
    "1 of 3 symbols cannot be read: 'Gblub'"
    """

    problems: list[Problem] = field(default_factory=list)
    _known: dict[tuple[str, str, Key | None], tuple[Chord, str]] = field(default_factory=dict)

    def read(self, annotation: Annotation, path: str = "", default_key: Key | None = None) -> ChordSequence:
        """One track's symbols as a `ChordSequence`; neighbours that are equal stay apart.

        Raises
        ------
        ReaderError
            When the annotation says why it is not there, has no symbols, or none of them can be read.
        """
        if annotation.problem is not None:
            raise annotation.problem
        n = len(annotation.symbols)
        if n == 0:
            raise ReaderError("no chord symbols in it", hint="is the chords column or file empty?")
        keys = annotation.keys
        if keys is None or (isinstance(keys, Key)):
            keys = [keys or default_key] * n
        relative = annotation.dialect in RELATIVE_DIALECTS
        chords: list[Chord] = []
        unread: dict[str, list[int]] = {}
        for i, symbol in enumerate(annotation.symbols):
            slot = (annotation.dialect, symbol, keys[i] if relative else None)
            found = self._known.get(slot)
            if found is None:
                found = self._known[slot] = read_symbol(symbol, annotation.dialect, key=slot[2])
            chords.append(found[0])
            if found[1]:
                unread.setdefault(symbol, []).append(i)
        if sum(map(len, unread.values())) == n:
            raise ReaderError(
                f"none of its {n} symbols can be read, such as {annotation.symbols[0][:60]!r}",
                place=annotation.places[0] if annotation.places else "",
                hint=f"read as {annotation.dialect}; is it another dialect?",
            )
        for symbol, where in unread.items():
            place = annotation.places[where[0]] if annotation.places else f"chord {where[0] + 1}"
            self.problems.append(
                Problem(
                    "chords",
                    annotation.track_id,
                    path,
                    place,
                    f"{len(where)} of {n} symbols cannot be read: {symbol[:60]!r}",
                    f"counted as X; musictrend chords {symbol[:40]!r} --dialect {annotation.dialect} shows the reading",
                )
            )
        for place, reason in annotation.warnings:
            self.problems.append(Problem("chords", annotation.track_id, path, place, reason, "the track goes on"))
        return ChordSequence(
            tuple(chords),
            _times(annotation.onsets, annotation, n, "onsets"),
            _times(annotation.durations, annotation, n, "durations"),
            annotation.unit,
            _times(annotation.bars, annotation, n, "bars"),
            tuple(keys),
            track_id=annotation.track_id,
        )


def _times(values: Iterable[float] | None, annotation: Annotation, n: int, name: str) -> np.ndarray | None:
    if values is None:
        return None
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (n,):
        raise ReaderError(f"{len(array)} {name} for {n} symbols")
    if name != "bars" and not np.isfinite(array).all():
        raise ReaderError(f"{name} that are not finite numbers")
    if name == "durations" and (array < 0).any():
        at = int(np.flatnonzero(array < 0)[0])
        raise ReaderError(
            "a chord that ends before it begins", place=annotation.places[at] if annotation.places else ""
        )
    return array
