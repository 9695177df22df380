"""Time in bars: how long bars are, how many a chord lasts, and in which order they sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from musictrend.corpus.notes import Notes, unfold_notes

__all__ = ["BarMark", "WrittenBar", "count_bars", "mend_endings", "quarters_in_bar", "unfold_by_marks", "unroll_bars"]


def quarters_in_bar(signature: str) -> float:
    """Quarter notes in a bar: ``"3/4"`` -> 3, ``"6/8"`` -> 3; NaN when it cannot be read.

    Examples
    --------
    >>> quarters_in_bar("12/8"), quarters_in_bar("C|")
    (6.0, 4.0)
    """
    text = signature.strip().strip("'\"").strip()
    if text in ("C", "c", "C|", "c|", "cut"):
        return 4.0
    upper, _, lower = text.partition("/")
    if upper.isdecimal() and lower.isdecimal() and 0 < int(upper[:4]) < 200 and 0 < int(lower[:4]) <= 128:
        return 4.0 * int(upper) / int(lower)
    return float("nan")


def count_bars(
    starts: Sequence[float], nominals: Sequence[float], onsets: Sequence[float], durations: Sequence[float]
) -> list[float]:
    """Duration of chords in bars; an incomplete bar counts as its part of a full one.

    Parameters
    ----------
    starts : list of float
        Onset of each bar, rising, in quarter notes.
    nominals : list of float
        Length of a full bar by its time signature; NaN where unknown.
    onsets, durations : list of float
        Of the chords, in quarter notes.

    Examples
    --------
    >>> count_bars([0, 4], [4, 3], [0, 2], [2, 5])
    [0.5, 1.5]
    """
    edges = np.asarray(starts, dtype=float)
    lengths = np.asarray(nominals, dtype=float)
    onset = np.asarray(onsets, dtype=float)
    end = onset + np.asarray(durations, dtype=float)
    if not len(edges) or not len(onset):
        return [float("nan")] * len(onset)
    passed = np.concatenate([[0.0], np.cumsum(np.diff(edges) / lengths[:-1])])

    def bars_until(time: np.ndarray) -> np.ndarray:
        bar = np.clip(np.searchsorted(edges, time + 1e-9, side="right") - 1, 0, len(edges) - 1)
        return passed[bar] + (time - edges[bar]) / lengths[bar]

    return np.round(bars_until(end) - bars_until(onset), 6).tolist()


@dataclass(slots=True)
class WrittenBar:
    """How long one bar of a score is, all parts together."""

    written: float = 0.0  # the longest that any part writes, rests and all
    sounding: float = 0.0  # where the last note of any part ends
    nominal: float = 0.0  # by the time signature; 0 where there is none
    beat: float = 1.0

    @property
    def length(self) -> float:
        """Quarter notes: a bar that is short in every part is short, one that rests alone overfill is not long."""
        if not self.written or not self.nominal:
            return self.written or self.nominal
        # Overfull by rounding or a slip of the pen; a cadenza is longer than that.
        return self.sounding if self.sounding >= 1.5 * self.nominal else min(self.written, self.nominal)


@dataclass(slots=True)
class BarMark:
    """What a bar says about the order of bars."""

    repeat_start: bool = False
    repeat_end: int = 0  # how often the passage is played in all; 0 where no repeat ends
    endings: tuple[int, ...] = ()  # passes in which a bar below a bracket is played
    segno: bool = False
    coda: bool = False  # the coda begins here
    to_coda: bool = False  # leave for the coda after this bar
    fine: bool = False
    jump: str = ""  # "dacapo" or "dalsegno", after this bar


def unroll_bars(marks: Sequence[BarMark]) -> tuple[list[int], str]:
    """Order in which bars sound: repeats, endings, then one da capo or dal segno without repeats.

    Returns
    -------
    order : list of int
        Bar numbers from 0.
    trouble : str
        Why the written order was kept instead; ``""`` when all went well.

    Examples
    --------
    >>> unroll_bars([BarMark(), BarMark(repeat_end=2, endings=(1,)), BarMark(endings=(2,))])[0]
    [0, 1, 0, 2]
    >>> unroll_bars([BarMark(), BarMark(fine=True), BarMark(jump="dacapo")])[0]
    [0, 1, 2, 0, 1]
    """
    n = len(marks)
    order: list[int] = []
    bar, start, passing, jumped = 0, 0, 1, False
    while bar < n:
        if len(order) > 40 * n + 100:
            return list(range(n)), "repeats never end: bars are taken as written"
        mark = marks[bar]
        if mark.repeat_start and start != bar:
            start, passing = bar, 1
        # After a jump every bracket is passed by but the last one.
        wanted = passing if not jumped else max((e for m in _bracket(marks, bar) for e in m.endings), default=1)
        if mark.endings and wanted not in mark.endings:
            bar += 1
            continue
        order.append(bar)
        if jumped and mark.fine:
            break
        if jumped and mark.to_coda:
            target = next((i for i in range(n - 1, bar, -1) if marks[i].coda), None)
            if target is not None:
                bar, start, passing = target, target, 1
                continue
        if mark.repeat_end and not jumped:
            if passing < mark.repeat_end or (mark.endings and _later_ending(marks, bar, passing)):
                bar, passing = start, passing + 1
                continue
            start, passing = bar + 1, 1
        elif mark.endings and not (bar + 1 < n and marks[bar + 1].endings):
            start, passing = bar + 1, 1
        if mark.jump and not jumped:
            jumped = True
            bar = 0 if mark.jump == "dacapo" else next((i for i in range(bar, -1, -1) if marks[i].segno), 0)
            continue
        bar += 1
    return order, ""


def mend_endings(marks: Sequence[BarMark]) -> int:
    """Set right brackets that scanners and converters spoil; how many were touched.

    A bracket that closes before its repeat sign is drawn on to it, and the
    brackets of one passage are numbered 1, 2, ... where they are not.

    Examples
    --------
    >>> marks = [BarMark(), BarMark(endings=(1,)), BarMark(repeat_end=2), BarMark(endings=(3,))]
    >>> mend_endings(marks), [m.endings for m in marks]
    (2, [(), (1,), (1,), (2,)])
    """
    touched = 0
    for bar, mark in enumerate(marks[:-1]):
        if mark.repeat_end and not mark.endings and marks[bar + 1].endings:
            first = bar
            while first >= 0 and not marks[first].endings and not marks[first].repeat_start:
                first -= 1
            # An earlier repeat between bracket and sign: the bracket is not this repeat's.
            if first >= 0 and marks[first].endings and not any(m.repeat_end for m in marks[first:bar]):
                for between in marks[first + 1 : bar + 1]:
                    between.endings = marks[first].endings
                touched += 1
    bar = 0
    while bar < len(marks):
        if not marks[bar].endings:
            bar += 1
            continue
        # Runs below one bracket; a repeat sign closes a run even if the number goes on.
        runs: list[list[BarMark]] = [[]]
        while bar < len(marks) and marks[bar].endings:
            if runs[-1] and (marks[bar].endings != runs[-1][-1].endings or runs[-1][-1].repeat_end):
                runs.append([])
            runs[-1].append(marks[bar])
            bar += 1
        passes = [e for run in runs for e in run[0].endings]
        if passes != list(range(1, len(passes) + 1)):
            touched += 1
            for number, run in enumerate(runs, 1):
                for mark in run:
                    mark.endings = (number,)
    return touched


def unfold_by_marks(notes: Notes, parts: Sequence[Sequence[BarMark]]) -> Notes:
    """Notes in the order in which bars sound, by the marks of one part or of several that say the same.

    Programs write repeats into every part, signs and words only into one.
    """
    marks = [BarMark() for _ in range(len(notes.beat_quarter))]
    for part in parts:
        for mark, other in zip(marks, part, strict=False):
            mark.repeat_start |= other.repeat_start
            mark.repeat_end = max(mark.repeat_end, other.repeat_end)
            mark.endings = mark.endings or other.endings
            mark.segno |= other.segno
            mark.coda |= other.coda
            mark.to_coda |= other.to_coda
            mark.fine |= other.fine
            mark.jump = mark.jump or other.jump
    warnings = list(notes.warnings)
    if mended := mend_endings(marks):
        brackets = f"{mended} ending bracket{'s' * (mended > 1)} set right"
        warnings.append(("score", f"{brackets}: not drawn to the repeat sign"))
    order, odd = unroll_bars(marks)
    if odd:
        warnings.append(("score", odd))
    return replace(unfold_notes(notes, order), warnings=warnings)


def _bracket(marks: Sequence[BarMark], bar: int) -> Sequence[BarMark]:
    """The brackets that belong together around a bar."""
    low = high = bar
    while low > 0 and marks[low - 1].endings:
        low -= 1
    while high < len(marks) and marks[high].endings:
        high += 1
    return marks[low:high]


def _later_ending(marks: Sequence[BarMark], bar: int, passing: int) -> bool:
    """Whether the next bar stands below the bracket of a later pass."""
    return bar + 1 < len(marks) and any(e > passing for e in marks[bar + 1].endings)
