"""Chords estimated from notes against analyses: prints a table of root, majmin and bass agreement.

    python benchmarks/scores.py --folder when_in_rome                our estimator, every aligned pair
    python benchmarks/scores.py --folder when_in_rome --music21 20   beside music21 chordify, 20 held-out pairs
    python benchmarks/scores.py --folder when_in_rome --learn FILE   count the tuning half: the estimator's model

The folder is the When-in-Rome corpus (or a subset of it) with a ``pieces.tsv`` that names each piece's opus and
the licence of its analysis. Agreement is weighted by duration, over the time that the analysis calls a chord.
Pairs are split by opus: counts and constants of ``musictrend.extraction.score`` come from the opuses of the tuning
half alone (CC BY-SA analyses; ``data/models/score_chords.json`` names every piece), and figures for "held out"
are of opuses that they have not seen. A pair counts when score and analysis end within two bars of each other and
at least 60% of the sounding pitch classes lie in the analysed chords.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.extraction.file import extract
from musictrend.extraction.score import estimate_chords, slice_notes
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.sequence import ChordSequence

MIN_FIT = 0.60  # share of sounding pitch classes inside the analysed chord; misaligned pairs have about 0.45
# What is believed before counting: share of each quality, and weights of its degrees in the sound.
BELIEF = {
    "maj": (0.420, (0.40, 0.28, 0.27)),
    "min": (0.250, (0.40, 0.28, 0.27)),
    "7": (0.130, (0.31, 0.25, 0.17, 0.23)),
    "dim": (0.035, (0.32, 0.31, 0.32)),
    "min7": (0.045, (0.29, 0.24, 0.20, 0.23)),
    "maj7": (0.015, (0.29, 0.24, 0.20, 0.23)),
    "hdim7": (0.030, (0.26, 0.24, 0.24, 0.22)),
    "dim7": (0.045, (0.24, 0.24, 0.24, 0.24)),
    "aug": (0.006, (0.33, 0.32, 0.30)),
    "minmaj7": (0.003, (0.29, 0.24, 0.20, 0.23)),
    "5": (0.021, (0.55, 0.40)),
}
BELIEVED_BASS = (0.62, 0.20, 0.12, 0.05)  # root, third, fifth, seventh; 0.09 is shared by the others
# Quarter notes, chords or moves that the belief counts for; chosen by four-fold cross-validation over opuses.
WEIGHT = {"sound": 60, "bass": 100, "prior": 100, "motion": 20, "moves": 60}


@dataclass(frozen=True)
class Pair:
    """A score and its analysis."""

    piece: str
    opus: str
    licence: str
    notes: Notes
    reference: ChordSequence

    @property
    def group(self) -> str:
        """``tuning`` or ``held out``: every piece of an opus goes the same way."""
        even = hashlib.blake2b(self.opus.encode(), digest_size=4).digest()[0] % 2 == 0
        return "tuning" if self.licence == "CC BY-SA" and even else "held out"


def read_pairs(folder: Path) -> tuple[list[Pair], list[str]]:
    """Pairs that are aligned, and why the others were dropped."""
    pairs, dropped = [], []
    with (folder / "pieces.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        place = folder / row["piece"]
        try:
            notes = read_notes(place / "score.mxl")
            reference = extract(place / "analysis.txt")
        except (ReaderError, ValueError) as error:
            dropped.append(f"{row['piece']}: {error}")
            continue
        pair = Pair(row["piece"], row["opus"], row["analysis_licence"].strip(), notes, reference)
        gap = abs(notes.bar_onset_quarter[-1] - reference.offsets[-1])
        if gap > 8:
            dropped.append(f"{row['piece']}: score and analysis end {gap:g} quarter notes apart")
        elif (fit := measure_fit(pair)) < MIN_FIT:
            dropped.append(f"{row['piece']}: {fit:.0%} of the notes lie in the analysed chords")
        else:
            pairs.append(pair)
    return pairs, dropped


def measure_fit(pair: Pair) -> float:
    """Share of the sounding pitch classes that lie in the analysed chord of their time."""
    edges, sound, _ = slice_notes(pair.notes)
    middle = (edges[1:] + edges[:-1]) / 2
    at = np.searchsorted(pair.reference.onsets, middle, side="right") - 1
    tones = np.zeros((len(pair.reference), 12))
    for i, chord in enumerate(pair.reference.chords):
        tones[i, list(chord.pitch_classes or ())] = 1
    inside = (at >= 0) & (middle < pair.reference.offsets[np.maximum(at, 0)])
    heard = sound[inside]
    return float((heard * tones[at[inside]]).sum() / max(heard.sum(), 1e-9))


def compare_chords(reference: ChordSequence, estimate: ChordSequence) -> np.ndarray:
    """Quarter notes on which root, majmin and bass agree, that are beyond a triad in each, and all: shape (6,)."""
    edges = np.unique(np.concatenate([s for c in (reference, estimate) for s in (c.onsets, c.offsets)]))
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    at, other = (np.searchsorted(c.onsets, middle, side="right") - 1 for c in (reference, estimate))
    total = np.zeros(6)
    for i, j, length, moment in zip(at, other, width, middle, strict=True):
        if i < 0 or moment >= reference.offsets[i] or not reference.chords[i].is_chord:
            continue
        total[5] += length
        total[3] += length * (reference.chords[i].bitmap.bit_count() > 3)
        if j < 0 or moment >= estimate.offsets[j] or not estimate.chords[j].is_chord:
            continue
        mine, theirs = reference.chords[i], estimate.chords[j]
        same = mine.root == theirs.root
        thirds = (1 << 3) | (1 << 4)
        total[0] += length * same
        total[1] += length * (same and mine.bitmap & thirds == theirs.bitmap & thirds)
        total[2] += length * (mine.bass == theirs.bass)
        total[4] += length * (theirs.bitmap.bit_count() > 3)
    return total


def learn_model(pairs: list[Pair]) -> dict:
    """What sounds in a chord, what lies in its bass and what follows it, counted and smoothed by belief."""
    names = list(BELIEF)
    place = {list_qualities()[name].bitmap: i for i, name in enumerate(names)}
    k = len(names)
    sound, bass, prior, moves = np.zeros((k, 12)), np.zeros((k, 12)), np.zeros(k), np.zeros((k, 12, k))
    for pair in pairs:
        edges, heard, lowest = slice_notes(pair.notes)
        lengths, middle = np.minimum(np.diff(edges), 4.0), (edges[1:] + edges[:-1]) / 2
        known = [(c.root, place.get(c.bitmap)) if c.is_chord else None for c in pair.reference.chords]
        at = np.searchsorted(pair.reference.onsets, middle, side="right") - 1
        for i in np.flatnonzero((at >= 0) & (heard.sum(axis=1) > 0)):
            chord = known[at[i]]
            if chord is None or chord[1] is None or middle[i] >= pair.reference.offsets[at[i]]:
                continue
            sound[chord[1]] += np.roll(heard[i], -chord[0]) / heard[i].sum() * lengths[i]
            bass[chord[1], (lowest[i] - chord[0]) % 12] += lengths[i]
        row = [chord for chord in known if chord is not None]
        for chord in row:
            if chord[1] is not None:
                prior[chord[1]] += 1
        for a, b in zip(row, row[1:], strict=False):
            if a != b and a[1] is not None and b[1] is not None:
                moves[a[1], (b[0] - a[0]) % 12, b[1]] += 1
    believed_sound, believed_bass = np.full((k, 12), 0.02), np.full((k, 12), 0.09)
    for i, name in enumerate(names):
        degrees = [d for d in range(12) if list_qualities()[name].bitmap >> d & 1]
        weights = np.array(BELIEF[name][1])
        believed_sound[i] /= 12 - len(degrees)
        believed_bass[i] /= 12 - len(degrees)
        believed_sound[i, degrees] = 0.98 * weights / weights.sum()
        believed_bass[i, degrees] = BELIEVED_BASS[: len(degrees)]
    prior = normalise(prior + WEIGHT["prior"] * np.array([BELIEF[name][0] for name in names]))
    motion = normalise(moves.sum(axis=(0, 2)) + WEIGHT["motion"])
    expected = motion[None, :, None] * prior[None, None, :]
    shares = moves + WEIGHT["moves"] * expected
    tables = {
        "sound": normalise(sound + WEIGHT["sound"] * believed_sound),
        "bass": normalise(bass + WEIGHT["bass"] * normalise(believed_bass)),
        "prior": prior,
        "moves": shares / shares.sum(axis=(1, 2), keepdims=True),
    }
    opuses = sorted({pair.opus for pair in pairs})
    return {
        "about": "chord statistics of notes and Roman numerals, counted by benchmarks/scores.py --learn",
        "source": "When in Rome (Gotham, Micchi, Napoles Lopez, Sailor 2023), analyses licensed CC BY-SA 4.0",
        "pieces": [pair.piece for pair in pairs],
        "opuses": len(opuses),
        "qualities": names,
        "axes": "sound, bass: quality, semitones above the root; moves: quality, semitones to next root, quality",
        **{name: np.round(table, 6).tolist() for name, table in tables.items()},
    }


def normalise(counts: np.ndarray) -> np.ndarray:
    """Counts as shares along the last axis."""
    return counts / counts.sum(axis=-1, keepdims=True)


def chordify(notes: Notes) -> ChordSequence:
    """The same notes through music21: ``chordify``, the root of each chord and its third."""
    import music21

    stream = music21.stream.Stream()
    for onset, length, pitch in zip(notes.onset_quarter, notes.duration_quarter, notes.pitch, strict=True):
        stream.insert(float(onset), music21.note.Note(int(pitch), quarterLength=round(float(length), 4)))
    chords, onsets, durations = [], [], []
    for element in stream.chordify().flatten().getElementsByClass("Chord"):
        bitmap = 0
        root = element.root().pitchClass
        for pitch in element.pitches:
            bitmap |= 1 << (pitch.pitchClass - root) % 12
        chords.append(Chord.from_parts(root, bitmap=bitmap, bass=element.bass().pitchClass))
        onsets.append(float(element.offset))
        durations.append(float(element.quarterLength))
    return ChordSequence(tuple(chords), onsets, durations, "quarters")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="the When-in-Rome corpus")
    add("--music21", type=int, default=0, metavar="N", help="held-out pairs for music21 chordify (slow)")
    add("--pieces", action="store_true", help="name the tuning pieces and what was dropped")
    add("--learn", type=Path, metavar="FILE", help="count the tuning half and write the model")
    given = parser.parse_args()
    began = time.process_time()
    pairs, dropped = read_pairs(given.folder)
    n_notes = sum(len(p.notes) for p in pairs)
    taken = time.process_time() - began
    print(f"{len(pairs)} pairs, {n_notes:,} notes read in {taken:.1f} s; {len(dropped)} dropped")
    if given.learn:
        model = learn_model([p for p in pairs if p.group == "tuning"])
        given.learn.write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
        print(f"{given.learn}: counted in {len(model['pieces'])} pieces of {model['opuses']} opuses")
        return
    began = time.process_time()
    estimates = [estimate_chords(p.notes) for p in pairs]
    taken = time.process_time() - began
    results = [compare_chords(p.reference, estimate) for p, estimate in zip(pairs, estimates, strict=True)]
    print(f"chords estimated in {taken:.1f} s ({n_notes / taken:,.0f} notes/s)\n")
    print(f"{'':34}{'pairs':>6}{'opuses':>8}{'root':>7}{'majmin':>8}{'bass':>7}{'beyond triads':>18}")
    groups = {
        "tuning": [i for i, p in enumerate(pairs) if p.group == "tuning"],
        "held out": [i for i, p in enumerate(pairs) if p.group == "held out"],
    }
    free = {i for i, p in enumerate(pairs) if p.licence == "CC BY-SA"}
    groups["held out, CC BY-SA"] = [i for i in groups["held out"] if i in free]
    groups["held out, CC BY-NC-SA"] = [i for i in groups["held out"] if i not in free]
    for name, chosen in groups.items():
        print_row(name, pairs, chosen, [results[i] for i in chosen])
    if given.music21:
        shortest = sorted(groups["held out"], key=lambda i: hashlib.blake2b(pairs[i].piece.encode()).digest())
        chosen = shortest[: given.music21]
        began = time.process_time()
        theirs = [compare_chords(pairs[i].reference, chordify(pairs[i].notes)) for i in chosen]
        print(f"\nthe same {len(chosen)} held-out pairs (music21: {time.process_time() - began:.0f} s)")
        print_row("musictrend", pairs, chosen, [results[i] for i in chosen])
        print_row("music21 chordify", pairs, chosen, theirs)
    if given.pieces:
        print("\ntuning pieces:", *(pairs[i].piece for i in groups["tuning"]), sep="\n  ")
        print("\ndropped:", *dropped, sep="\n  ")


def print_row(name: str, pairs: list[Pair], chosen: list[int], results: list[np.ndarray]) -> None:
    """One line of the table, duration-weighted over all pairs."""
    if not chosen:
        return
    total = np.sum(results, axis=0)
    root, majmin, bass, written, found = 100 * total[:5] / max(total[5], 1e-9)
    opuses = len({pairs[i].opus for i in chosen})
    print(f"{name:34}{len(chosen):6}{opuses:8}{root:7.1f}{majmin:8.1f}{bass:7.1f}{written:8.1f} ->{found:6.1f}")


if __name__ == "__main__":
    main()
