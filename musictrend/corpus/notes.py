"""What a reader returns for a score: its notes in time, with bars and written keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from musictrend.errors import ReaderError

__all__ = ["UNSPELLED", "Notes", "beat_length", "collect_notes", "join_ties", "line_of_fifths", "unfold_notes"]

LONGEST = 1024.0  # quarter notes; a maxima in a slow metre has 32
LATEST = 60_000.0  # quarter notes in all; the longest operas have about 25,000
MAX_NOTES = 2_000_000
MAX_BARS = 200_000
UNSPELLED = -128  # a place on the line of fifths that is not known: MIDI has keys, no names
_ON_LINE = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a score, tied notes joined, grace notes left out, at sounding pitch.

    Attributes
    ----------
    onset_quarter, duration_quarter : float64 array, shape (n,)
        In quarter notes from the start, sorted by onset.
    pitch : int16 array, shape (n,)
        MIDI number, 60 is middle C.
    bar_onset_quarter : float64 array, shape (b + 1,)
        Where each bar starts, and where the last one ends.
    beat_quarter : float64 array, shape (b,)
        Length of a beat in each bar.
    fifths : list of (onset_quarter, int)
        Key signatures as they sound: sharps positive.
    title, composer : str
    fifth : int8 array, shape (n,)
        Spelling at sounding pitch as a place on the line of fifths: F -1, C 0, G 1, B flat -2, F sharp 6;
        `UNSPELLED` where it is not known. Without it no note is spelled.
    part : int16 array, shape (n,)
        Which part, staff or track of the score has the note, from 0. Without it all are in one.
    date : str
        As the file writes it: ``1899``, ``~1903``; for `musictrend.corpus.year.parse_year`.
    tempos : list of (onset_quarter, quarters_per_minute)
        Where the tempo is written as a number; without any, 120 to the minute is taken as MIDI does.
    warnings : list of (place, reason)
        What was odd and survived.
    """

    onset_quarter: np.ndarray
    duration_quarter: np.ndarray
    pitch: np.ndarray
    bar_onset_quarter: np.ndarray
    beat_quarter: np.ndarray
    fifths: list[tuple[float, int]] = field(default_factory=list)
    title: str = ""
    composer: str = ""
    fifth: np.ndarray = None  # type: ignore[assignment]
    part: np.ndarray = None  # type: ignore[assignment]
    date: str = ""
    tempos: list[tuple[float, float]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.fifth is None:
            object.__setattr__(self, "fifth", np.full(len(self.pitch), UNSPELLED, dtype=np.int8))
        if self.part is None:
            object.__setattr__(self, "part", np.zeros(len(self.pitch), dtype=np.int16))

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def polyphony(self) -> float:
        """Mean number of notes that sound together while any does."""
        if not len(self):
            return 0.0
        edges = np.concatenate([self.onset_quarter, self.onset_quarter + self.duration_quarter])
        steps = np.concatenate([np.ones(len(self)), -np.ones(len(self))])
        order = np.argsort(edges, kind="stable")
        sounding = np.cumsum(steps[order])[:-1]
        spans = np.diff(edges[order])
        busy = spans[sounding > 0].sum()
        return float((sounding * spans).sum() / busy) if busy > 0 else 0.0

    def seconds(self, at_quarter: np.ndarray | Sequence[float] | float) -> np.ndarray:
        """Times in seconds by the tempo map.

        Examples
        --------
        >>> song = collect_notes([(0, 4, 60)], [0, 4], [1], [], tempos=[(0, 60), (2, 120)])
        >>> song.seconds([0, 1, 2, 4]).tolist()
        [0.0, 1.0, 2.0, 3.0]
        """
        marks = sorted(dict([(0.0, self.tempos[0][1] if self.tempos else 120.0), *self.tempos]).items())
        starts, speeds = np.array(marks, dtype=float).T
        passed = np.concatenate([[0.0], np.cumsum(np.diff(starts) * 60 / speeds[:-1])])
        at = np.asarray(at_quarter, dtype=float)
        mark = np.clip(np.searchsorted(starts, at, side="right") - 1, 0, len(starts) - 1)
        return passed[mark] + (at - starts[mark]) * 60 / speeds[mark]


def beat_length(count: float, unit: float) -> float:
    """Length of a beat in quarter notes: three eighths in 6/8, else what stands below.

    Examples
    --------
    >>> beat_length(4, 4), beat_length(6, 8), beat_length(3, 8), beat_length(4, 2)
    (1.0, 1.5, 0.5, 2.0)
    """
    compound = unit >= 8 and count % 3 == 0 and count > 3
    return (12.0 if compound else 4.0) / unit


def line_of_fifths(step: str, alter: int = 0) -> int:
    """Place of a note name on the line of fifths; `UNSPELLED` for what is no name anyone writes.

    Examples
    --------
    >>> [line_of_fifths("F"), line_of_fifths("C"), line_of_fifths("B", -1), line_of_fifths("F", 1)]
    [-1, 0, -2, 6]
    """
    return _ON_LINE[step] + 7 * alter if step in _ON_LINE and abs(alter) <= 4 else UNSPELLED


def collect_notes(
    rows: Sequence[tuple] | np.ndarray,
    bars: Sequence[float] | np.ndarray,
    beats: Sequence[float] | np.ndarray,
    fifths: list[tuple[float, int]],
    title: str = "",
    composer: str = "",
    *,
    date: str = "",
    tempos: Sequence[tuple[float, float]] = (),
    warnings: list[tuple[str, str]] | None = None,
) -> Notes:
    """Sort and check the notes of a score.

    Parameters
    ----------
    rows : sequence of (onset_quarter, duration_quarter, pitch[, fifth[, part]]), or such an array
        In any order, all of one width; notes without length are left out.
    bars, beats : float arrays, shapes (b + 1,) and (b,)
    fifths : list of (onset_quarter, int)

    Raises
    ------
    ReaderError
        Without notes, and for lengths and pitches that no instrument has.
    """
    if len(rows) > MAX_NOTES:
        raise ReaderError(f"{len(rows):,} notes: at most {MAX_NOTES:,} are read", hint="is this one piece?")
    table = np.array(rows, dtype=float)
    if not table.size:
        table = table.reshape(0, 3)
    onset, length, pitch = table[:, :3].T
    if not np.isfinite(onset).all() or not np.isfinite(length).all():
        raise ReaderError("notes at times that are not finite numbers")
    keep = length > 1e-6
    table = table[keep]
    onset, length, pitch = table[:, :3].T
    if not len(onset):
        raise ReaderError("a score without notes", hint="rests, grace notes and percussion alone?")
    if length.max() > LONGEST:
        at = int(np.searchsorted(bars, onset[length.argmax()] + 1e-6))
        hint = "are its divisions right?"
        raise ReaderError(f"a note of {length.max():g} quarter notes", place=f"bar {at}", hint=hint)
    if pitch.min() < 0 or pitch.max() > 127:
        odd = pitch.min() if pitch.min() < 0 else pitch.max()
        raise ReaderError(f"a pitch of MIDI number {odd:g}: 0 to 127 are read", hint="is its octave right?")
    last = max(float((onset + length).max()), float(bars[-1]) if len(bars) else 0.0)
    if last > LATEST or len(beats) > MAX_BARS or onset.min() < -1e-6:
        what = f"{last:,.0f} quarter notes in {len(beats):,} bars" if onset.min() >= 0 else "a note before the start"
        raise ReaderError(f"{what}: at most {LATEST:,.0f} in {MAX_BARS:,} are read", hint="is this one piece?")
    order = np.lexsort((pitch, onset))
    return Notes(
        onset[order],
        length[order],
        pitch[order].astype(np.int16),
        np.asarray(bars, dtype=float),
        np.maximum(np.asarray(beats, dtype=float), 0.25),
        fifths,
        title,
        composer,
        table[order, 3].astype(np.int8) if table.shape[1] > 3 else None,  # type: ignore[arg-type]
        table[order, 4].astype(np.int16) if table.shape[1] > 4 else None,  # type: ignore[arg-type]
        date,
        [(at, speed) for at, speed in tempos if 1 <= speed <= 10_000],
        warnings if warnings is not None else [],
    )


def join_ties(notes: Sequence[tuple], starts: Sequence[float]) -> list[tuple[float, float, int, int]]:
    """One note for all that are tied together: a note lengthens the one that is tied to where it begins.

    Some files leave the end of a tie unmarked, so its beginning alone decides.

    Parameters
    ----------
    notes : sequence of (bar, onset in the bar, duration, pitch, whether a tie starts here, fifth)
        Of one part, in the order of time.
    starts : sequence of float
        Where each bar starts.

    Returns
    -------
    rows : list of (onset, duration, pitch, fifth)

    Examples
    --------
    >>> join_ties([(0, 3.0, 1.0, 60, True, 0), (1, 0.0, 2.0, 60, False, 0)], [0.0, 4.0])
    [(3.0, 3.0, 60, 0)]
    """
    open_: dict[tuple[int, int], list[int]] = {}  # notes that are held, by pitch and where they end: indices
    rows: list[tuple[float, float, int, int]] = []
    for bar, at, duration, midi, tied, fifth in notes:
        onset = starts[bar] + at
        waiting = open_.get((midi, round(onset * 1000)))
        if waiting:
            held = waiting.pop(0)
            first = rows[held][0]
            rows[held] = (first, onset + duration - first, midi, rows[held][3])
        else:
            held = len(rows)
            rows.append((onset, duration, midi, fifth))
        if tied:
            open_.setdefault((midi, round((onset + duration) * 1000)), []).append(held)
    return rows


def unfold_notes(notes: Notes, order: Sequence[int]) -> Notes:
    """The bars of a score in the order in which they sound.

    A note belongs to the bar in which it begins, and keeps its length; what is tied into a bar that is jumped to
    begins there anew.

    Parameters
    ----------
    notes : Notes
        As written.
    order : sequence of int
        Bars from 0; a bar may come several times, or never.

    Raises
    ------
    ReaderError
        When more notes or bars would sound than any piece has.

    Examples
    --------
    >>> song = collect_notes([(0, 1, 60), (1, 1, 62)], [0, 1, 2], [1, 1], [])
    >>> unfold_notes(song, [0, 1, 0]).pitch.tolist()
    [60, 62, 60]
    """
    played = np.asarray(order, dtype=np.int64)
    bars = notes.bar_onset_quarter
    # Notes before the first bar or after the last belong to these.
    edges = np.searchsorted(notes.onset_quarter, bars - 1e-6)
    edges[0], edges[-1] = 0, len(notes)
    counts = np.diff(edges)[played]
    if counts.sum() > MAX_NOTES or len(played) > MAX_BARS:
        raise ReaderError(
            f"repeats make {counts.sum():,} notes in {len(played):,} bars: at most {MAX_NOTES:,} in {MAX_BARS:,} are read",
            hint="read the score without unfolding its repeats",
        )
    starts = np.concatenate([[0.0], np.cumsum(np.diff(bars)[played])])
    first = np.cumsum(counts) - counts
    index = np.arange(counts.sum()) - np.repeat(first, counts) + np.repeat(edges[:-1][played], counts)
    shift = starts[:-1] - bars[:-1][played]
    onset = notes.onset_quarter[index] + np.repeat(shift, counts)
    length = notes.duration_quarter[index]
    tails = _tied_in(notes, played, starts, edges)
    index = np.concatenate([index, tails[0].astype(np.int64)])
    onset, length = np.concatenate([onset, tails[1]]), np.concatenate([length, tails[2]])
    place = np.lexsort((notes.pitch[index], onset))
    index = index[place]
    return replace(
        notes,
        onset_quarter=onset[place],
        duration_quarter=length[place],
        pitch=notes.pitch[index],
        bar_onset_quarter=starts,
        beat_quarter=notes.beat_quarter[played],
        fifths=_unfold_marks(notes.fifths, bars, played, shift),
        fifth=notes.fifth[index],
        part=notes.part[index],
        tempos=_unfold_marks(notes.tempos, bars, played, shift),
    )


def _tied_in(notes: Notes, played: np.ndarray, starts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Index, onset and length of what still sounds of notes begun before a bar that is jumped to: shape (3, k)."""
    ends = notes.onset_quarter + notes.duration_quarter
    until = np.maximum.accumulate(ends)
    found = [np.empty((3, 0))]
    for place in np.flatnonzero(np.diff(played, prepend=played[:1]) != 1)[1:].tolist():
        bar = int(played[place])
        begin, edge = notes.bar_onset_quarter[bar], edges[bar]
        if edge and until[edge - 1] > begin + 1e-6:
            held = np.flatnonzero(ends[:edge] > begin + 1e-6)
            found.append(np.stack([held, np.full(len(held), starts[place]), ends[held] - begin]))
    return np.concatenate(found, axis=1)


def _unfold_marks(marks: list, bars: np.ndarray, played: np.ndarray, shift: np.ndarray) -> list:
    """Marks that hold until the next, such as key signatures, where they come into force as bars sound."""
    if not marks:
        return []
    at = np.array([mark[0] for mark in marks])
    found: list = []
    for bar, moved in zip(played.tolist(), shift.tolist(), strict=True):
        begin, end = np.searchsorted(at, (bars[bar] + 1e-6, bars[bar + 1] - 1e-6)).tolist()
        for i in range(max(begin - 1, 0), end):
            if not found or found[-1][1] != marks[i][1]:
                found.append((max(float(at[i]), float(bars[bar])) + moved, marks[i][1]))
    return found
