"""Substitution, extension and modulation raise complexity; looping lowers it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from songs import song

from musictrend.complexity import score_table
from musictrend.complexity.measure import evaluate
from musictrend.harmony import Chord, ChordTable, Key

ROOTS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
SEVENTHS = {"maj": ["7", "maj7"], "min": ["min7", "minmaj7"], "dim": ["dim7", "hdim7"]}
NINTHS = {"7": "9", "maj7": "maj9", "min7": "min9"}
DIATONIC = ["C:maj", "D:min", "E:min", "F:maj", "G:maj", "A:min", "B:dim"]


def walks(names, shortest, longest):
    """Songs of these chords in which no two neighbours are equal."""
    k = len(names)
    steps = st.lists(st.integers(1, k - 1), min_size=shortest, max_size=longest)
    return steps.map(lambda moves: [names[int(at) % k] for at in np.cumsum(moves)])


TRIADS = [(root, quality) for root in ROOTS for quality in sorted(SEVENTHS)]
songs = walks(TRIADS, 8, 30)
diatonic = walks(DIATONIC, 15, 30)


def value(name, labels, vocabulary="full", **parts) -> float:
    return float(evaluate(name, song(labels, **parts).to_table().events(vocabulary))[0])


def write(pairs) -> list[str]:
    return [f"{root}:{quality}" for root, quality in pairs]


def no_neighbours_alike(labels) -> bool:
    return all(a != b for a, b in zip(labels, labels[1:], strict=False))


@settings(max_examples=40, deadline=None)
@given(songs, st.data())
def test_substituting_sevenths_for_triads_raises_what_chords_hold(pairs, data):
    triads = write(pairs)
    at = data.draw(st.sets(st.integers(0, len(pairs) - 1), min_size=1))
    richer = write(
        (root, data.draw(st.sampled_from(SEVENTHS[quality])) if i in at else quality)
        for i, (root, quality) in enumerate(pairs)
    )
    for name in ("cardinality", "nontriad_share", "roughness", "tiv_dissonance"):
        assert value(name, richer) > value(name, triads), name
    # A half-diminished seventh is the consonance of a minor triad with a sixth: more than a diminished triad has.
    if all(pairs[i][1] != "dim" for i in at):
        assert value("consonance", richer, "sevenths") < value("consonance", triads, "sevenths")


@settings(max_examples=40, deadline=None)
@given(walks([(root, quality) for root in ROOTS for quality in sorted(NINTHS)], 8, 30))
def test_extending_sevenths_to_ninths_raises_what_chords_hold(pairs):
    sevenths, ninths = write(pairs), write((root, NINTHS[quality]) for root, quality in pairs)
    for name in ("cardinality", "extended_share", "tiv_dissonance", "roughness"):
        assert value(name, ninths) > value(name, sevenths), name
    assert value("harmonicity", ninths) < value("harmonicity", sevenths)


@settings(max_examples=20, deadline=None)
@given(diatonic, st.integers(1, 11))
def test_modulation_raises_tonal_measures(labels, semitones):
    assume(labels[0] != labels[-1] and len(set(labels)) > 2)
    moved = [Chord(label).transpose(semitones).label for label in labels]
    assume(labels[-1] != moved[0])  # equal neighbours are one event, and 29 events have no value
    home, away = Key(0, "major"), Key(semitones, "major")
    n = len(labels)
    plain = {"keys": (home,) * (2 * n)}
    told = {"keys": (home,) * n + (away,) * n}
    assert value("fifths_spread", labels + moved) > value("fifths_spread", labels + labels)
    assert value("key_change_rate", labels + moved, **told) > value("key_change_rate", labels + labels, **plain) == 0
    assert value("types_rarefied", labels + moved) >= value("types_rarefied", labels + labels) - 1e-9
    for name in ("chromatic_share", "nondiatonic_root_share", "flat_side_share", "borrowed_share"):
        # Heard from the first key, which is never left in the other song.
        assert value(name, labels + moved, **plain) >= value(name, labels + labels, **plain) == 0, name
    minor = {"keys": (home,) * n + (Key(semitones, "minor"),) * n}
    assert value("mode_change_rate", labels + moved, **minor) > value("mode_change_rate", labels + moved, **told) == 0


LOOPED = [
    "lz76", "surprisal_ppm", "surprisal_ppm_both", "block_entropy", "hill0", "compression_z", "predictive_entropy_ppm",
    "conditional_entropy", "graph_node_entropy",
]  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(walks(ROOTS[:8], 30, 30), st.integers(2, 6))
def test_looping_lowers_syntax(labels, period):
    loop = (labels[:period] * 30)[:30]
    both = ChordTable.from_sequences([song(loop, track_id="loop"), song(labels, track_id="free")])
    found = score_table(both, [*LOOPED, "loop_share", "repetition_share"], ["majmin"])
    assume(no_neighbours_alike(loop))
    assume(max(found["loop_share", "majmin"][1], found["repetition_share", "majmin"][1]) < 0.6)
    assert found["loop_share", "majmin"][0] == found["repetition_share", "majmin"][0] == 1
    for name in LOOPED:
        looped, free = found[name, "majmin"]
        assert looped <= free + 1e-9, name


@given(walks(ROOTS, 30, 30), st.permutations(ROOTS))
@settings(max_examples=30, deadline=None)
def test_shuffles_depend_on_the_pattern_of_repetition_alone(labels, names):
    renamed = [names[ROOTS.index(label)] for label in labels]
    for name in ("compression_z", "graph_density_excess", "graph_efficiency_excess", "graph_node_entropy_excess"):
        assert value(name, labels) == value(name, renamed), name


@pytest.mark.parametrize("name", ["compression_z", "graph_density_excess", "graph_node_entropy_excess"])
def test_chords_in_random_order_are_like_their_shuffles(name):
    generator = np.random.default_rng(3)
    labels = [str(label) for label in generator.choice(ROOTS, 30 * 60)]
    windows = [labels[i : i + 30] for i in range(0, len(labels), 30)]
    # N between equal chords keeps both, as in a shuffle.
    found = [value(name, [x for label in window for x in (label, "N")]) for window in windows]
    if name == "compression_z":
        assert abs(np.mean(found)) < 4 / np.sqrt(len(found))
    loops = [value(name, (window[:4] * 8)[:30]) for window in windows[:5] if no_neighbours_alike(window[:5])]
    assert max(loops) < 0
