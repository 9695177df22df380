"""Scores beside people's analyses of them: pairs of notes and chords on one time line, and who may learn from which.

Three sources: When in Rome (``score.mxl`` and ``analysis.txt``), DCML (``notes/*.tsv`` and ``harmonies/*.tsv``), and
POP909 (MIDI and ``chord_midi.txt``). Of a score the notes alone are read: no chord symbol, word or figured bass.
A Roman-numeral analysis is laid over the score's own bars, in the order written and as repeats unfold it; the reading
whose chords fit the notes best counts. Where the two count bars differently from some place on (endings, a bar parted by
a repeat, one left out), they are put in step again by notes and analysis alone: no estimate has a part in it. Pairs in
which less than 60% of the sounding pitch classes lie in the analysed chords are dropped, and named.

Pieces are parted by *work*, whatever archive they are in: Mozart's K. 279 is in two of them. Weights that ship learn
from CC BY-SA and MIT analyses alone.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_text
from musictrend.corpus.notes import Notes, collect_notes
from musictrend.corpus.notes import beat_length as beat_of
from musictrend.corpus.readers import dcml, romantext
from musictrend.corpus.readers._metre import unroll_bars
from musictrend.corpus.readers.lab import parse_lab
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import MusictrendError
from musictrend.extraction.annotation import SymbolReader
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence

MIN_FIT = 0.60  # share of sounding pitch classes inside the analysed chord; misaligned pairs have about 0.45
FREE = ("CC BY-SA", "MIT")


@dataclass(frozen=True, eq=False)
class Pair:
    """A score and its analysis, in quarter notes of the score as written."""

    piece: str
    work: str
    source: str  # "when_in_rome", "dcml" or "pop909"
    licence: str
    notes: Notes
    reference: ChordSequence
    fit: float = field(default=np.nan)

    @property
    def free(self) -> bool:
        """Whether weights that ship may learn from it."""
        return self.licence in FREE


def part_of(work: str) -> int:
    """A number from 0 to 9 that is the same for every piece of a work."""
    return hashlib.blake2b(work.encode(), digest_size=8).digest()[0] % 10


STEP = 0.25  # quarter notes


def _sound_in_chords(notes: Notes, reference: ChordSequence) -> tuple[np.ndarray, np.ndarray]:
    """How much sounds at each step, and how much of it lies in the chord of the time; -1 where there is none."""
    n = int(np.ceil((notes.onset_quarter + notes.duration_quarter).max() / STEP))
    sound = np.zeros((n + 1, 12))
    start = np.round(notes.onset_quarter / STEP).astype(int)
    stop = np.clip(np.round((notes.onset_quarter + notes.duration_quarter) / STEP).astype(int), start + 1, n)
    np.add.at(sound, (np.minimum(start, n), notes.pitch % 12), 1)
    np.add.at(sound, (stop, notes.pitch % 12), -1)
    sound = sound.cumsum(axis=0)[:n]
    middle = (np.arange(n) + 0.5) * STEP
    at = np.searchsorted(reference.onsets, middle, side="right") - 1
    tones = np.zeros((len(reference) + 1, 12))
    for i, chord in enumerate(reference.chords):
        tones[i, list(chord.pitch_classes or ())] = 1
    inside = (at >= 0) & (middle < reference.offsets[np.maximum(at, 0)])
    return sound.sum(axis=1), np.where(inside, (sound * tones[at]).sum(axis=1), -1.0)


def measure_fit(notes: Notes, reference: ChordSequence) -> float:
    """Share of the sounding pitch classes that lie in the analysed chord of their time."""
    heard, within = _sound_in_chords(notes, reference)
    inside = within >= 0
    # Time without an analysis counts against a reading: a reading must cover the score.
    return float(within[inside].sum() / max(heard[inside].sum(), 1e-9) * min(1.0, inside.mean() + 0.1))


def to_chords(annotation: Annotation) -> ChordSequence:
    """Symbols read by their dialect."""
    return SymbolReader().read(annotation)


# --- When in Rome


def read_when_in_rome(folder: Path) -> tuple[list[Pair], list[str]]:
    """Pairs that are aligned, and why the others were dropped."""
    pairs, dropped = [], []
    with (folder / "pieces.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        place = folder / row["piece"]
        try:
            notes = read_notes(place / "score.mxl")
            reference, fit = fit_analysis(notes, read_text(place / "analysis.txt"))
        except (MusictrendError, ValueError) as error:
            dropped.append(f"{row['piece']}: {error}")
            continue
        if fit < MIN_FIT:
            dropped.append(f"{row['piece']}: {fit:.0%} of the notes lie in the analysed chords")
            continue
        licence = "CC BY-SA" if row["analysis_licence"].strip() == "CC BY-SA" else "CC BY-NC-SA"
        pairs.append(Pair(row["piece"], work_name(row["opus"]), "when_in_rome", licence, notes, reference, fit))
    return pairs, dropped


def work_name(opus: str) -> str:
    """The work behind a folder: ``Mozart K279``, whatever archive it is in."""
    found = re.search(r"\bK\.?\s?(\d{3})", opus)
    if found and "Mozart" in opus:
        return f"Mozart K{found[1]}"
    return re.sub(r"^(Keyboard_Other|Orchestral|Quartets|Variations_and_Grounds|OpenScore-LiederCorpus)/", "", opus)


def fit_analysis(notes: Notes, text: str) -> tuple[ChordSequence, float]:
    """The reading of a RomanText analysis that fits the notes best, and its fit."""
    _, bars, warnings = romantext._parse_lines(text)
    if not any(bar.events for bar in bars):
        raise ValueError("no bar with a Roman numeral")
    romantext._mark_endings(bars)
    unrolled, _ = unroll_bars([bar.mark for bar in bars])
    orders = [list(range(len(bars)))]
    if unrolled != orders[0]:
        orders.append(unrolled)
    best: tuple[float, ChordSequence, list[BarEvent]] | None = None
    n = len(notes.bar_onset_quarter) - 1
    for order in orders:
        events = _bar_events([bars[i] for i in order])
        for shift in (0, -1, 1, -2, 2):
            reference = _place(notes, events, np.full(n, shift))
            if reference is None:
                continue
            fit = measure_fit(notes, reference)
            if best is None or fit > best[0] + 0.02:
                best = (fit, reference, events)
            if shift == 0 and fit > 0.75:
                break
    if best is None:
        raise ValueError("the analysis has no place in the score's bars")
    fit, reference, events = best
    again = _place(notes, events, _follow_shifts(notes, events))
    if again is not None and (better := measure_fit(notes, again)) > fit + 0.005:
        return again, better
    return reference, fit


BarEvent = tuple[int, float, str, "Key | None"]  # bar, quarter notes into it, figure, key
SHIFTS = range(-8, 9)
STEP_PRICE = 2.0  # in bars: out of step, about half of a bar's sound lies in its chords, in step nine tenths


def _place(notes: Notes, events: list[BarEvent], shifts: np.ndarray) -> ChordSequence | None:
    """Chords where bar n of the score is bar n - shifts[n] of the analysis; nothing where fewer than two have a place."""
    edges, n = notes.bar_onset_quarter, len(notes.bar_onset_quarter) - 1
    by_bar: dict[int, list[BarEvent]] = {}
    for event in events:
        by_bar.setdefault(event[0], []).append(event)
    placed = [(edges[bar] + at, figure, key)
              for bar in range(n) for _, at, figure, key in by_bar.get(bar - int(shifts[bar]), ())
              if at < edges[bar + 1] - edges[bar] - 1e-6]  # fmt: skip
    if len(placed) < 2:
        return None
    kept = [x for i, x in enumerate(placed) if i + 1 == len(placed) or placed[i + 1][0] > x[0] + 1e-6]
    kept.sort(key=lambda x: x[0])
    onsets = [x[0] for x in kept]
    last = min(edges[-1], edges[min(max(e[0] for e in events) + int(shifts[-1]) + 1, n)])
    durations = np.maximum(np.diff([*onsets, last]), 0).tolist()
    annotation = Annotation("", symbols=[x[1] for x in kept], dialect="romantext", onsets=onsets,
                            durations=durations, unit="quarters", keys=[x[2] for x in kept])  # fmt: skip
    return to_chords(annotation)


def _follow_shifts(notes: Notes, events: list[BarEvent]) -> np.ndarray:
    """How far score and analysis are apart in each bar of the score: the likeliest path by the notes, shape (bars,).

    An analysis that counts a bar more or less than the score, or writes an ending out, is out of step from there on.
    """
    n = len(notes.bar_onset_quarter) - 1
    worth = np.zeros((n, len(SHIFTS)))
    for column, shift in enumerate(SHIFTS):
        reference = _place(notes, events, np.full(n, shift))
        if reference is not None:
            worth[:, column] = _fit_bars(notes, reference)
    best, source = worth[0] - 0.1 * np.abs(SHIFTS), np.zeros(worth.shape, dtype=int)
    price = STEP_PRICE * (1 - np.eye(len(SHIFTS)))
    for bar in range(1, n):
        both = best[:, None] - price
        source[bar] = both.argmax(axis=0)
        best = both.max(axis=0) + worth[bar]
    path = np.empty(n, dtype=int)
    path[-1] = best.argmax()
    for bar in range(n - 1, 0, -1):
        path[bar - 1] = source[bar, path[bar]]
    return np.array(SHIFTS)[path]


def _fit_bars(notes: Notes, reference: ChordSequence) -> np.ndarray:
    """Share of each bar's sounding pitch classes in the chord of their time: shape (bars,)."""
    heard, inside = _sound_in_chords(notes, reference)
    edges = notes.bar_onset_quarter
    bar = np.clip(np.searchsorted(edges, (np.arange(len(heard)) + 0.5) * STEP, side="right") - 1, 0, len(edges) - 2)
    total, within = (np.bincount(bar, np.maximum(x, 0), len(edges) - 1) for x in (heard, inside))
    return within / np.maximum(total, 1e-9)


def _bar_events(bars: list) -> list[BarEvent]:
    """Index of the bar counted through unwritten ones, quarter notes into it, figure and key."""
    events: list[BarEvent] = []
    place, previous, key = -1, None, None
    for bar in bars:
        beat, length = romantext.beat_length(bar.metre)
        place += max(bar.number - previous, 1) if previous is not None and bar.number > previous else 1
        for position, figure, mark in bar.events:
            key = romantext._read_key(mark, key, bar.line, [])
            at = min((position - 1) * beat, length - beat / 2 if length > beat else Fraction(0))
            if events and (events[-1][0], events[-1][1]) == (place, float(at)):
                events.pop()
            events.append((place, float(at), figure, key))
        key = romantext._read_key(bar.last_key, key, bar.line, [])
        previous = bar.number
    return events


# --- DCML


def read_dcml(folder: Path) -> tuple[list[Pair], list[str]]:
    """Pieces that have notes beside harmonies, in the order written, repeats once."""
    pairs, dropped = [], []
    for path in sorted(folder.glob("*/notes/*.tsv")):
        corpus, name = path.parent.parent.name, re.sub(r"(\.notes)?\.tsv$", "", path.name)
        harmonies = _sibling(path, "harmonies", name)
        measures = _sibling(path, "measures", name)
        piece = f"{corpus}/{name}"
        if harmonies is None or measures is None:
            dropped.append(f"{piece}: no harmonies or measures beside the notes")
            continue
        try:
            starts, notes = _dcml_notes(path, measures)
            reference = mend_keys(notes, _dcml_chords(harmonies, starts, float(notes.bar_onset_quarter[-1])))
        except (MusictrendError, ValueError, KeyError) as error:
            dropped.append(f"{piece}: {error}")
            continue
        fit = measure_fit(notes, reference)
        if fit < MIN_FIT:
            dropped.append(f"{piece}: {fit:.0%} of the notes lie in the analysed chords")
            continue
        work = dcml_work(corpus, name)
        pairs.append(Pair(piece, work, "dcml", "CC BY-NC-SA", notes, reference, fit))
    return pairs, dropped


def dcml_work(corpus: str, name: str) -> str:
    """Opus of a DCML piece."""
    if corpus == "mozart_piano_sonatas":
        return f"Mozart K{name[1:4]}"
    opus = re.search(r"op\d+", name)
    return f"{corpus}/{opus[0] if opus else name if corpus == 'chopin_mazurkas' else ''}"


def _sibling(path: Path, kind: str, name: str) -> Path | None:
    folder = path.parent.parent / kind
    return next((p for p in (folder / f"{name}.{kind}.tsv", folder / f"{name}.tsv") if p.is_file()), None)


def _dcml_notes(path: Path, measures: Path) -> tuple[dict[int, float], Notes]:
    starts: dict[int, float] = {}
    now, edges, beats, fifths = 0.0, [], [], []
    for row in dcml._read_table(measures):
        starts[int(row["mc"])] = now
        edges.append(now)
        count, _, unit = row["timesig"].partition("/")
        beats.append(beat_of(float(count), float(unit or 4)))
        if row.get("keysig", "") and (not fifths or fifths[-1][1] != int(row["keysig"])):
            fifths.append((now, int(row["keysig"])))
        now += float(Fraction(row["act_dur"])) * 4
    edges.append(now)
    rows, held = [], {}
    for row in dcml._read_table(path):
        if row.get("gracenote"):
            continue
        onset = starts[int(row["mc"])] + float(Fraction(row["mc_onset"])) * 4
        length, midi, tied = float(Fraction(row["duration"])) * 4, int(row["midi"]), row.get("tied", "")
        if tied in ("0", "-1") and (before := held.pop((midi, round(onset * 960)), None)) is not None:
            rows[before] = (rows[before][0], onset + length - rows[before][0], *rows[before][2:])
            index = before
        else:
            index = len(rows)
            rows.append((onset, length, midi, int(row["tpc"])))
        if tied in ("0", "1"):
            held[midi, round((onset + length) * 960)] = index
    return starts, collect_notes(rows, edges, beats, fifths)


def _dcml_chords(path: Path, starts: dict[int, float], end: float) -> ChordSequence:
    labels = dcml._read_labels(dcml._read_table(path))
    placed = {}
    for label in labels:
        if label.bar is not None:
            placed[round(starts[label.bar] + float(label.position), 4)] = label
    onsets = sorted(placed)
    durations = np.diff([*onsets, end])
    annotation = Annotation("", symbols=[placed[o].symbol for o in onsets], dialect="dcml", onsets=onsets,
                            durations=np.maximum(durations, 0).tolist(), unit="quarters",
                            keys=[placed[o].key for o in onsets])  # fmt: skip
    return to_chords(annotation)


def mend_keys(notes: Notes, reference: ChordSequence) -> ChordSequence:
    """A local key written a semitone off (``vii`` for ``#vii`` in minor) put right, where the notes leave no doubt.

    None of what sounds lies in its chords, and all of it in the same chords a semitone away.
    """
    keys = reference.keys
    begins = [i for i in range(len(keys)) if i == 0 or keys[i] != keys[i - 1]]
    part = np.repeat(np.arange(len(begins)), np.diff([*begins, len(keys)]))
    middle = (np.arange(int(np.ceil((notes.onset_quarter + notes.duration_quarter).max() / STEP))) + 0.5) * STEP
    at = np.maximum(np.searchsorted(reference.onsets, middle, side="right") - 1, 0)
    readings = {0: reference, 1: reference.transpose(1), -1: reference.transpose(-1)}
    fits = {}
    for shift, reading in readings.items():
        heard, inside = _sound_in_chords(notes, reading)
        total, within = (np.bincount(part[at], x * (inside >= 0), len(begins)) for x in (heard, inside))
        fits[shift] = within / np.maximum(total, 1e-9)
    best = [next((s for s in (1, -1) if fits[0][k] < 0.1 and fits[s][k] > 0.9), 0) for k in range(len(begins))]
    rows = [readings[best[k]] for k in part]
    return ChordSequence([r.chords[i] for i, r in enumerate(rows)], reference.onsets, reference.durations, "quarters",
                         keys=[r.keys[i] for i, r in enumerate(rows)])  # fmt: skip


# --- POP909


def read_pop909(folder: Path, limit: int | None = None) -> tuple[list[Pair], list[str]]:
    """Songs with MIDI and chords of the arrangement; seconds become quarter notes by the MIDI's tempo map."""
    pairs, dropped = [], []
    for path in sorted(folder.glob("[0-9]*/[0-9]*.mid"))[:limit]:
        try:
            notes = read_notes(path)
            reference = _pop_chords(path.parent, notes)
        except (MusictrendError, ValueError, RuntimeError) as error:
            dropped.append(f"pop909/{path.stem}: {error}")
            continue
        pairs.append(Pair(path.stem, f"POP909 {path.stem}", "pop909", "MIT", notes, reference,
                          measure_fit(notes, reference)))  # fmt: skip
    return pairs, dropped


def _pop_chords(folder: Path, notes: Notes) -> ChordSequence:
    annotation = parse_lab(read_text(folder / "chord_midi.txt"), folder.name)
    chords = to_chords(annotation)
    end = float(notes.bar_onset_quarter[-1]) + 64
    marks = np.unique([0.0, end, *(at for at, _ in notes.tempos)])
    onsets, ends = (np.interp(t, notes.seconds(marks), marks) for t in (chords.onsets, chords.offsets))
    keys: list[Key | None] = [None] * len(chords)
    for line in read_text(folder / "key_audio.txt").splitlines():
        # From the recording, whose time is another: only songs of one key are believed.
        keys = [None] * len(chords) if keys[:1] != [None] else [Key.parse(line.split()[2])] * len(chords)
    silent = [Chord.NO_CHORD if c.kind == "N" else c for c in chords.chords]
    return ChordSequence(silent, onsets, np.maximum(ends - onsets, 0), "quarters", None, keys, None, folder.name)


# --- parts

# Works of which an archive under a licence that shipped weights may not learn from has a piece: held out altogether.
HELD_OUT = re.compile(r"Mozart K|Beethoven,_Ludwig_van/Op0?(18|59|74|95|127|130|131|132|135)")


def part_name(pair: Pair) -> str:
    """``training``, ``validation``, ``development`` or ``test``: every piece of a work goes the same way.

    Of works in archives that forbid commercial use, half are for development (they choose, nothing is learned from
    them) and half for the test; of the other scores three tenths are for the test and two for validation, of pop songs
    two for the test and one for validation. Validation was held out while the network of art was chosen; the one that
    ships then learned from it as well (`was_learned`).
    """
    part = part_of(pair.work)
    if pair.source == "pop909":
        return "test" if part in (0, 1) else "validation" if part == 7 else "training"
    if pair.source == "dcml" or HELD_OUT.search(pair.work):
        return "development" if part % 2 == 0 else "test"
    return "test" if part in (0, 1, 9) else "validation" if part in (7, 8) else "training"


def was_learned(pair: Pair) -> bool:
    """Whether the weights that ship learned from the piece."""
    part = part_name(pair)
    return part == "training" or (part == "validation" and pair.source != "pop909")
