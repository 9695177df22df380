"""A corpus with known habits: pop goes round in triads, two niche genres wander through sevenths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from musictrend.feedback import world_input
from musictrend.harmony import ChordSequence, ChordTable

POP = ["C:maj", "G:maj", "A:min", "F:maj", "D:min", "E:min", "Bb:maj"]
JAZZ = ["D:min7", "G:7", "C:maj7", "A:7", "F:maj7", "B:hdim7", "E:7", "A:min7", "Db:7", "Eb:dim7", "C:maj"]
FOLK = ["C:maj", "F:maj", "G:7", "A:min", "D:min7", "E:7", "C:7", "D:maj"]


def write_song(rng, chords, period, n_events, looseness):
    """A song that repeats itself after `period` chords, now and then with another chord."""
    rates = 1.0 / np.arange(1, len(chords) + 1)
    song: list[str] = []
    while len(song) < n_events:
        loop = len(song) >= period and rng.random() > looseness
        chord = song[-period] if loop else chords[rng.choice(len(chords), p=rates / rates.sum())]
        if not song or chord != song[-1]:
            song.append(chord)
    return song


def make_corpus(n=480, seed=0, genres=("pop", "jazz", "folk"), first=1980, last=2019):
    """Chord table and tracks of a stationary corpus."""
    rng = np.random.default_rng(seed)
    habits = {"pop": (POP, 4, 0.1), "jazz": (JAZZ, 8, 0.4), "folk": (FOLK, 6, 0.2)}
    sequences, rows = [], []
    for k in range(n):
        genre = genres[k % len(genres)]
        chords, period, looseness = habits[genre]
        track = f"song{k:04}"
        song = write_song(rng, chords, period, int(rng.integers(32, 60)), looseness)
        sequences.append(ChordSequence.from_labels(song, track_id=track))
        year = int(rng.integers(first, last + 1)) if k > 2 else last
        rows.append((track, year, "pop" if genre == "pop" else "niche", [genre], f"artist{k % 97}", "ok"))
    names = ["track_id", "year", "segment", "genres", "artist_id", "status"]
    return ChordTable.from_sequences(sequences), pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="session")
def plant():
    """The recipe itself, for corpora of another size or make-up."""
    return make_corpus


@pytest.fixture(scope="session")
def corpus():
    return make_corpus()


@pytest.fixture(scope="session")
def start(corpus):
    return world_input(*corpus)


@pytest.fixture(scope="session")
def foundation(start):
    return start.foundation()
