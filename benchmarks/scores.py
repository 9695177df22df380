"""Chords and keys estimated from notes, against people's analyses, music21 and chorder: prints every figure.

    python benchmarks/scores.py --data FOLDER                      all parts
    python benchmarks/scores.py --data FOLDER --parts rome dcml    some of: rome dcml pop speed
    python benchmarks/scores.py --data FOLDER --music21 12 --chorder 40
    python benchmarks/scores.py --data FOLDER --plot FILE          reliability diagrams, drawn

FOLDER holds ``when_in_rome``, ``dcml`` and ``pop909``. Every row is duration-weighted over the time that the analysis
calls a chord, with 95% intervals from resampled pieces; enharmonic roots and keys are equal. *Roman* wants key, root
and quality (sevenths and all) together; *triad* root and triad quality; *inversion* the bass; *chord* root and quality.
Pieces are parted by work across the archives (``benchmarks/score_pairs.py``): *test* was looked at with each of the
three networks of art that have shipped, and chose nothing; *development* chose its make-up and constants; *validation*
did too, and then that network learned from it. ``--pieces`` lists them.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from score_pairs import Pair, part_name, read_dcml, read_pop909, read_when_in_rome, was_learned

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.extraction.score import estimate_chords, extract_score, listen
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.reduction import reduce_bitmap
from musictrend.harmony.sequence import ChordSequence

RIGHT = ("root", "key", "roman", "triad", "inversion", "chord")
POP = ("root", "majmin", "sevenths")
BOOTSTRAPS = 2000
Diagram = list[tuple[str, float, float, float]]  # name, confidence, share right, share of time


# --- what is right


def _columns(chords: ChordSequence) -> dict[str, np.ndarray]:
    bitmap = np.array([c.bitmap if c.is_chord else 0 for c in chords.chords])
    return {
        "root": np.array([c.root if c.is_chord else -1 for c in chords.chords]),
        "bass": np.array([c.bass if c.is_chord else -1 for c in chords.chords]),
        "triad": reduce_bitmap(bitmap, "triads").astype(int),
        "seventh": reduce_bitmap(bitmap, "sevenths").astype(int),
        "key": np.array([-1 if k is None else 2 * k.tonic + (k.mode == "minor") for k in chords.keys]),
    }


def compare(reference: ChordSequence, estimate: ChordSequence) -> dict[str, np.ndarray]:
    """Stretches of one reference chord and one estimate: their length, and what is right (NaN: not asked)."""
    edges = np.unique(np.concatenate([s for c in (reference, estimate) for s in (c.onsets, c.offsets)]))
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    i, j = (np.searchsorted(c.onsets, middle, side="right") - 1 for c in (reference, estimate))
    there = (i >= 0) & (middle < reference.offsets[np.maximum(i, 0)])
    i, j, middle, width = i[there], j[there], middle[there], width[there]
    heard = (j >= 0) & (middle < estimate.offsets[np.maximum(j, 0)])
    r = {name: column[i] for name, column in _columns(reference).items()}
    e = {name: np.where(heard, column[j], -9) for name, column in _columns(estimate).items()}
    keyed, root = r["key"] >= 0, r["root"] == e["root"]
    quality = root & (r["seventh"] == e["seventh"])
    right = {
        "root": root,
        "key": np.where(keyed, r["key"] == e["key"], np.nan),
        "roman": np.where(keyed & (r["seventh"] > 0), quality & (r["key"] == e["key"]), np.nan),
        "triad": root & (r["triad"] == e["triad"]),
        "inversion": r["bass"] == e["bass"],
        "chord": quality,
    }
    sounding = r["root"] >= 0
    found = {name: value[sounding].astype(float) for name, value in right.items()}
    return found | {"length": width[sounding], "confidence": estimate.confidence[np.maximum(j, 0)][sounding]}


def totals(found: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Right and asked-for time of each rule: shape (len(names), 2)."""
    out = np.zeros((len(names), 2))
    for k, name in enumerate(names):
        asked = ~np.isnan(found[name])
        out[k] = (found[name][asked] * found["length"][asked]).sum(), found["length"][asked].sum()
    return out


def interval(right: np.ndarray, less: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share right over all pieces, or its lead over ``less``, with a 95% interval of resampled pieces.

    ``right``: shape (pieces, rules, 2).
    """
    share = lambda x: 100 * x[..., 0] / np.maximum(x[..., 1], 1e-9)  # noqa: E731
    draws = np.random.default_rng(0).integers(0, len(right), (BOOTSTRAPS, len(right)))
    whole, spread = share(right.sum(axis=0)), share(right[draws].sum(axis=1))
    if less is not None:
        whole, spread = whole - share(less.sum(axis=0)), spread - share(less[draws].sum(axis=1))
    return whole, np.quantile(spread, 0.025, axis=0), np.quantile(spread, 0.975, axis=0)


def print_row(name: str, right: np.ndarray, less: np.ndarray | None = None) -> None:
    """One line of a table."""
    whole, low, high = interval(right, less)
    cells = [f"{w:+6.1f} [{a:+5.1f} {b:+5.1f}]" if less is not None else f"{w:6.1f} [{a:5.1f} {b:5.1f}]"
             for w, a, b in zip(whole, low, high, strict=True)]  # fmt: skip
    print(f"{name:34}{len(right):5}  " + "".join(f"{c:21}" for c in cells))


def print_head(title: str, names: tuple[str, ...]) -> None:
    """Title and columns of a table."""
    print(f"\n{title}\n{'':34}{'n':>5}  " + "".join(f"{name:21}" for name in names))


def print_calibration(found: list[dict[str, np.ndarray]], name: str) -> Diagram:
    """Confidence beside how often the chord was right, in tenths, and the expected calibration error."""
    confidence = np.concatenate([f["confidence"] for f in found])
    right, length = (np.concatenate([f[k] for f in found]) for k in ("chord", "length"))
    print(
        f"\ncalibration, {name}: confidence that root and quality are right\n{'':8}{'said':>8}{'right':>8}{'time':>8}"
    )
    rows: Diagram = []
    error, bins = 0.0, np.minimum((confidence * 10).astype(int), 9)
    for k in range(10):
        inside = bins == k
        if inside.any():
            weight = length[inside]
            said, was = np.average(confidence[inside], weights=weight), np.average(right[inside], weights=weight)
            error += abs(said - was) * weight.sum() / length.sum()
            rows.append((name, float(said), float(was), float(weight.sum() / length.sum())))
            print(f"{k / 10:.1f}-{(k + 1) / 10:.1f} {said:8.3f}{was:8.3f}{weight.sum() / length.sum():8.1%}")
    print(f"expected calibration error {error:.3f}")
    return rows


def draw_calibration(rows: Diagram, path: Path) -> None:
    """Draw the reliability diagrams."""
    from musictrend.report import plot_reliability, save_figure

    table = pd.DataFrame(rows, columns=["group", "confidence", "right", "share"])
    save_figure(plot_reliability(table, title="What confidences of chords from notes are worth"), path)


# --- the others


def hear_with_music21(notes: Notes) -> ChordSequence:
    """The same notes through music21: ``chordify``, the root and quality of each chord, and one key of the whole."""
    import music21

    stream = music21.stream.Stream()
    for onset, length, pitch in zip(notes.onset_quarter, notes.duration_quarter, notes.pitch, strict=True):
        stream.insert(float(onset), music21.note.Note(int(pitch), quarterLength=round(float(length), 4)))
    return _name_chords(stream)


def _name_chords(stream) -> ChordSequence:
    """Every vertical of a music21 stream named by music21."""
    chords, onsets, durations = [], [], []
    for element in stream.chordify().flatten().getElementsByClass("Chord"):
        root = element.root().pitchClass
        bitmap = 0
        for pitch in element.pitches:
            bitmap |= 1 << (pitch.pitchClass - root) % 12
        chords.append(Chord.from_parts(root, bitmap=bitmap, bass=element.bass().pitchClass))
        onsets.append(float(element.offset))
        durations.append(float(element.quarterLength))
    found = stream.analyze("key")
    key = Key(found.tonic.pitchClass, found.mode)
    return ChordSequence(tuple(chords), onsets, durations, "quarters", keys=key)


_CHORDER = {"M": "maj", "m": "min", "o": "dim", "+": "aug", "7": "7", "M7": "maj7", "m7": "min7", "o7": "dim7",
            "/o7": "hdim7", "sus2": "sus2", "sus4": "sus4"}  # fmt: skip
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


def hear_with_chorder(path: Path, delay: float = 0.0) -> ChordSequence:
    """Chords of a MIDI file by chorder, one a beat; ``delay`` quarter notes are added before and taken off after."""
    from chorder import Dechorder
    from miditoolkit import MidiFile

    midi = MidiFile(str(path))
    ticks = round(delay * midi.ticks_per_beat)
    for note in (note for track in midi.instruments for note in track.notes):
        note.start, note.end = note.start + ticks, note.end + ticks
    midi.max_tick += ticks
    chords = []
    for found in Dechorder.dechord(midi):
        whole = found is not None and found.is_complete()
        chords.append(Chord.parse(f"{_NAMES[found.root_pc]}:{_CHORDER[found.quality]}") if whole else Chord.NO_CHORD)
    onsets = np.arange(len(chords)) - delay
    return ChordSequence(tuple(chords), np.maximum(onsets, 0.0), np.diff(np.maximum([*onsets, onsets[-1] + 1], 0.0)),
                         "quarters")  # fmt: skip


def beats_away(reference: ChordSequence) -> float:
    """Quarter notes by which a song must be delayed for its chords to begin on its file's own beats."""
    return float(-np.angle(np.exp(2j * np.pi * reference.onsets).mean()) / (2 * np.pi) % 1)


def compare_pop(reference: ChordSequence, estimate: ChordSequence) -> np.ndarray:
    """Right and asked-for time by mir_eval's rules, over all of the reference: shape (3, 2)."""
    from musictrend.validation.agreement import Pieces, compare_pieces

    edges = np.unique(np.concatenate([s for c in (reference, estimate) for s in (c.onsets, c.offsets)]))
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    i, j = (np.searchsorted(c.onsets, middle, side="right") - 1 for c in (reference, estimate))
    there = (i >= 0) & (middle < reference.offsets[np.maximum(i, 0)])
    heard = Pieces.of_rows(estimate.to_table(), np.maximum(j[there], 0))
    written = Pieces.of_rows(reference.to_table(), i[there])
    found = {name: compare_pieces(name, written, heard) for name in POP} | {"length": width[there]}
    return totals(found, POP)


# --- parts


def chosen(pairs: list[Pair], n: int) -> list[Pair]:
    """Some pairs, the same at every run."""
    return sorted(pairs, key=lambda p: hashlib.blake2b(p.piece.encode()).digest())[:n]


def report_analyses(title: str, pairs: list[Pair], n_music21: int, estimate: Callable = estimate_chords) -> Diagram:
    """Ours by part, music21's beside it, and calibration."""
    print_head(title, RIGHT)
    parts: dict[str, list[Pair]] = {}
    for pair in pairs:
        parts.setdefault(part_name(pair), []).append(pair)
    found = {p.piece: compare(p.reference, estimate(p.notes)) for p in pairs}
    right = {piece: totals(f, RIGHT) for piece, f in found.items()}
    stack = lambda group: np.stack([right[p.piece] for p in group])  # noqa: E731
    for name in ("test", "development", "validation", "training"):
        if name in parts:
            print_row(f"{name}, learned from" if was_learned(parts[name][0]) else name, stack(parts[name]))
            kinds: dict[str, list[Pair]] = {}
            for pair in parts[name]:
                kind = pair.piece.split("/")[0] if pair.source == "dcml" else "CC BY-SA" if pair.free else "other"
                kinds.setdefault(kind, []).append(pair)
            for kind in sorted(kinds) if len(kinds) > 1 else ():
                print_row(f"  {name}, {kind}"[:33], stack(kinds[kind]))
    if n_music21:
        sample = chosen([p for p in parts["test"] if len(p.notes) < 6000], n_music21)
        theirs = np.stack([totals(compare(p.reference, hear_with_music21(p.notes)), RIGHT) for p in sample])
        print_row("test, a sample: musictrend", stack(sample))
        print_row("the same: music21 chordify + key", theirs)
        print_row("lead", stack(sample), theirs)
    return print_calibration([found[p.piece] for p in parts["test"]], f"{title.split(',')[0]}, test")


def report_pop(folder: Path, n_chorder: int) -> Diagram:
    """Ours and chorder's on held-out songs; chorder also where it is told the beats that the labels begin on."""
    pairs, _ = read_pop909(folder)
    test = [p for p in pairs if part_name(p) == "test"]
    languages = [listen(p.notes)[0] for p in test]
    print_head("POP909, MIDI against its chord labels (WCSR)", POP)
    heard = {p.piece: estimate_chords(p.notes) for p in test}
    ours = {p.piece: compare_pop(p.reference, heard[p.piece]) for p in test}
    print_row("test songs: musictrend", np.stack(list(ours.values())))
    if n_chorder:
        sample = chosen(test, n_chorder)
        same = np.stack([ours[p.piece] for p in sample])
        if len(sample) < len(test):
            print_row("a sample: musictrend", same)
        for told, name in ((False, "chorder"), (True, "chorder, told the beats")):
            theirs = [compare_pop(p.reference, hear_with_chorder(folder / p.piece / f"{p.piece}.mid",
                                                                 beats_away(p.reference) if told else 0.0))
                      for p in sample]  # fmt: skip
            print_row(f"the same: {name}", np.stack(theirs))
            print_row("lead", same, np.stack(theirs))
    print(f"heard by the network of pop: {languages.count('pop')} of {len(test)} songs")
    return print_calibration([compare(p.reference, heard[p.piece]) for p in test], "POP909, test songs")


def report_speed(folder: Path, n: int) -> None:
    """Reading, and reading with chords and keys, beside music21 on the same files."""
    import music21

    files = sorted(
        folder.glob("*/*/*/*/score.mxl"), key=lambda p: hashlib.blake2b(str(p.parent.name).encode()).digest()
    )
    files = [f for f in files if f.stat().st_size < 60_000][:n]
    extract_score(files[0])
    spent = {}
    began = time.process_time()
    n_notes = sum(len(read_notes(f)) for f in files)
    spent["read"] = time.process_time() - began
    began = time.process_time()
    for file in files:
        extract_score(file)
    spent["extract"] = time.process_time() - began
    began = time.process_time()
    scores = [music21.converter.parse(f, forceSource=True, storePickle=False) for f in files]
    spent["music21 read"] = time.process_time() - began
    for score in scores:
        for element in list(score.recurse().getElementsByClass("Harmony")):
            element.activeSite.remove(element)  # chordify would name them, or raise
        _name_chords(score)
    spent["music21 extract"] = time.process_time() - began
    print(f"\nspeed, CPU seconds for {len(files)} scores of {n_notes:,} notes on one core")
    for name in ("read", "extract"):
        ours, theirs = spent[name], spent[f"music21 {name}"]
        print(f"{name:10} musictrend {ours:7.2f} ({n_notes / ours:9,.0f} notes/s)   music21 {theirs:7.2f} "
              f"({n_notes / theirs:9,.0f} notes/s)   {theirs / ours:6.1f} times")  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of when_in_rome, dcml and pop909")
    add("--parts", nargs="+", default=["rome", "dcml", "pop", "speed"], choices=["rome", "dcml", "pop", "speed"])
    add("--music21", type=int, default=12, metavar="N", help="test pieces for music21 chordify + key (slow)")
    add("--chorder", type=int, default=120, metavar="N", help="test songs for chorder; there are 120")
    add("--pieces", action="store_true", help="name the pieces of every part and what was dropped")
    add("--plot", type=Path, help="draw the reliability diagrams into a file (.png, .svg, .pdf)")
    given = parser.parse_args()
    read = {"rome": read_when_in_rome, "dcml": read_dcml}
    titles = {"rome": "When in Rome, scores against RomanText", "dcml": "DCML, notes against harmonies"}
    diagrams: Diagram = []
    folders = {"rome": "when_in_rome", "dcml": "dcml"}
    for part in ("rome", "dcml"):
        if part in given.parts:
            pairs, dropped = read[part](given.data / folders[part])
            diagrams += report_analyses(titles[part], pairs, given.music21)
            if given.pieces:
                print(*(f"  {part_name(p):12} {p.work}: {p.piece}" for p in pairs), sep="\n")
                print(f"dropped: {len(dropped)}", *dropped, sep="\n  ")
    if "pop" in given.parts:
        diagrams += report_pop(given.data / "pop909", given.chorder)
    if "speed" in given.parts:
        report_speed(given.data / "when_in_rome", 12)
    if given.plot and diagrams:
        draw_calibration(diagrams, given.plot)


if __name__ == "__main__":
    main()
