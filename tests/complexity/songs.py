"""Songs that the complexity tests share, written for them."""

from __future__ import annotations

import numpy as np

from musictrend.harmony import Chord, ChordSequence, ChordTable, Key

PLAIN = ["C", "F", "G", "C", "A:min", "F", "C", "G"] * 5
JAZZ = [
    "C:maj7", "A:7(b9)", "D:min7", "G:7", "E:min7(9)", "A:7", "D:9", "Db:7(#11)", "C:maj9", "Eb:dim7",
    "D:min11", "G:13", "F:min7", "Bb:7", "Eb:maj7", "Ab:maj7", "D:hdim7", "G:7(#9)", "C:minmaj7", "F#:hdim7",
    "B:7", "E:maj7", "Bb:min7", "Eb:9", "Ab:maj7", "Db:maj7/5", "F#:min7", "B:13", "E:maj9", "G:sus4(b7)",
    "C:aug", "F:maj7", "Bb:9", "A:min7/b7",
]  # fmt: skip


def song(labels, key="C:major", *, track_id="song", **parts) -> ChordSequence:
    """A song in seconds and bars, one key throughout unless ``keys`` says otherwise."""
    chords = tuple(Chord(label) for label in labels)
    n = len(chords)
    parts.setdefault("keys", Key.parse(key))
    parts.setdefault("durations", 1.0 + (np.arange(n) % 3) / 2)
    parts.setdefault("bars", 0.5 + (np.arange(n) % 2) / 2)
    return ChordSequence(chords, unit="seconds", track_id=track_id, **parts)


def events(labels, vocabulary="full", **parts):
    """Event table of one song."""
    return song(labels, **parts).to_table().events(vocabulary)


def spread_out(counts) -> list[str]:
    """Labels that occur so often, no two neighbours equal; the first count must be at most half of all,
    rounded up."""
    names = ["C", "D", "E", "F", "G", "A", "B", "Db", "Eb", "F#", "Ab", "Bb"]
    slots: list[str] = [""] * sum(counts)
    order = [*range(0, len(slots), 2), *range(1, len(slots), 2)]
    at = 0
    for name, count in zip(names, counts, strict=False):
        for _ in range(count):
            slots[order[at]] = name
            at += 1
    assert all(a != b for a, b in zip(slots, slots[1:], strict=False))
    return slots


def random_song(generator, n, track_id="song") -> ChordSequence:
    """A song of random chords with keys, some N among them."""
    qualities = ["maj", "min", "7", "maj7", "min7", "hdim7", "dim7", "9", "sus4", "maj6", "13", "5", "aug"]
    roots = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    labels = []
    for _ in range(n):
        if generator.random() < 0.05:
            labels.append("N")
            continue
        bass = "/3" if generator.random() < 0.1 else ""
        labels.append(f"{roots[generator.integers(12)]}:{qualities[generator.integers(len(qualities))]}{bass}")
    keys = []
    key = Key(int(generator.integers(12)), "major")
    for _ in range(n):
        if generator.random() < 0.1:
            key = Key(int(generator.integers(12)), ("major", "minor")[generator.integers(2)])
        keys.append(key)
    return song(labels, keys=tuple(keys), track_id=track_id, durations=generator.uniform(0.5, 4, n))


def random_table(seed: int, n_tracks: int) -> ChordTable:
    """Songs of 0 to 120 chords."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 120, n_tracks)
    return ChordTable.from_sequences(random_song(generator, int(n), f"t{i:03}") for i, n in enumerate(lengths))
