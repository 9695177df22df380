"""Diversity between songs: what is equal has none, what shares nothing has all, and size and key change nothing."""

import numpy as np
import pandas as pd
import pytest

from musictrend.complexity.diversity import DIVERSITY_MEASURES, score_diversity
from musictrend.errors import ParameterError
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable

QUALITIES = ["maj", "min", "7", "min7", "maj7", "dim"]
ROOTS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]


def random_song(random, n=40, vocabulary=72):
    labels = []
    while len(labels) < n:
        code = int(random.integers(vocabulary))
        label = f"{ROOTS[code % 12]}:{QUALITIES[code // 12]}"
        if not labels or labels[-1] != label:
            labels.append(label)
    return labels


def make_set(songs, artists=None, year=1980):
    table = ChordTable.from_sequences(
        [ChordSequence.from_labels(labels, track_id=f"c/{i:04d}") for i, labels in enumerate(songs)]
    )
    n = len(songs)
    tracks = pd.DataFrame({
        "track_id": list(table.track_ids), "corpus": "c", "year": pd.array([year] * n, dtype="Int16"),
        "genres": [["folk"]] * n, "segment": "niche", "artist_id": artists or [f"a{i}" for i in range(n)],
        "status": "ok", "duplicate_of": None,
    })  # fmt: skip
    return table, tracks


def values(table, tracks, **options):
    found = score_diversity(table, tracks, **options)
    found = found[(found["level"] == "corpus") & (found["span"] == 10)].set_index("measure")["value"]
    return found.reindex(DIVERSITY_MEASURES).to_numpy()


def test_equal_songs_are_one_song():
    table, tracks = make_set([["C", "F", "G", "A:min"] * 10] * 40)
    assert values(table, tracks) == pytest.approx([0, 1, 0, 1], abs=1e-6)


def test_songs_that_share_no_change_count_in_full():
    # 33 songs, each a pair of chords at an interval and of qualities that no other song has.
    pairs = [(a, b, i) for a in QUALITIES for b in QUALITIES for i in range(1, 12) if a < b][:33]
    table, tracks = make_set([["C:" + a, f"{ROOTS[i]}:{b}"] * 20 for a, b, i in pairs])
    distance, number, centroid, share = values(table, tracks)
    assert (distance, number) == pytest.approx((1, 20), abs=1e-9)
    assert centroid == pytest.approx(1, abs=1e-9)
    assert 5 / 20 <= share <= 10 / 20  # each song has two progressions of its own, and ten are looked for


def test_the_distances_are_those_of_the_textbook():
    from itertools import combinations

    from scipy.spatial.distance import jensenshannon

    random = np.random.default_rng(3)
    songs = [random_song(random, 30, 8) for _ in range(3)]
    table, tracks = make_set(songs)
    counts = []
    for labels in songs:
        chords = [(ROOTS.index(label.split(":")[0]), label.split(":")[1]) for label in labels]
        steps = [(b, (s - r) % 12, q) for (r, b), (s, q) in zip(chords, chords[1:], strict=False)]
        counts.append(pd.Series(steps).value_counts())
    known = counts[0].index.union(counts[1].index).union(counts[2].index)
    shares = [c.reindex(known, fill_value=0).to_numpy(float) / 29 for c in counts]
    expected = [jensenshannon(p, q, base=2) for p, q in combinations(shares, 2)]
    distance, number, centroid, _ = values(table, tracks, songs=2, draws=3000)
    assert distance == pytest.approx(np.mean(expected), abs=0.01)
    assert centroid == pytest.approx(distance)  # of two songs the other is the centroid
    assert number == pytest.approx(np.mean([2 / (1 + 1 - e) for e in expected]), abs=0.02)


def test_keys_change_nothing_and_neither_does_the_order_of_the_tracks():
    random = np.random.default_rng(1)
    songs = [random_song(random, vocabulary=12) for _ in range(35)]
    table, tracks = make_set(songs)
    turned = ChordTable.from_sequences([seq.transpose(i % 12) for i, seq in enumerate(table)])
    assert values(turned, tracks) == pytest.approx(values(table, tracks))
    order = np.random.default_rng(2).permutation(35)
    assert values(table.select(order), tracks.iloc[order[::-1]]) == pytest.approx(values(table, tracks))


def test_rarefied_figures_do_not_grow_with_the_number_of_songs():
    random = np.random.default_rng(5)
    songs = [random_song(random, vocabulary=20) for _ in range(240)]
    few = values(*make_set(songs[:60]))
    many = values(*make_set(songs))
    assert many == pytest.approx(few, rel=0.08)


def test_one_artist_with_many_equal_songs_does_not_make_a_scene_uniform():
    random = np.random.default_rng(6)
    songs = [random_song(random, vocabulary=20) for _ in range(60)]
    alone = values(*make_set(songs))
    artists = [f"a{i}" for i in range(60)] + ["a0"] * 100
    crowded = values(*make_set(songs + [songs[0]] * 100, artists))
    assert crowded == pytest.approx(alone, rel=0.05)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    random = np.random.default_rng(8)
    table, tracks = make_set([random_song(random, vocabulary=14) for _ in range(1000)])
    truth = values(table, tracks, draws=2000)
    held = np.zeros(4)
    for trial in range(40):
        pick = random.choice(1000, 90, replace=False)
        found = score_diversity(table.select(pick), tracks.iloc[pick], spans=(10,), draws=60, seed=trial)
        found = found[found["level"] == "corpus"].set_index("measure").reindex(DIVERSITY_MEASURES)
        held += ((found["low"] <= truth) & (truth <= found["high"])).to_numpy()
    assert (held[:3] >= 33).all(), held  # 95% of 40 is 38; below 33 has a chance below 1 in 100
    assert held[3] >= 30, held


def test_cells_with_too_few_artists_have_no_row_and_islands_no_change():
    random = np.random.default_rng(9)
    table, tracks = make_set([random_song(random) for _ in range(29)])
    assert score_diversity(table, tracks).empty
    table, tracks = make_set([["C", "N", "F", "N"] * 20] * 40)
    assert score_diversity(table, tracks).empty


def test_single_years_have_cells_of_their_own_where_they_have_the_artists():
    random = np.random.default_rng(10)
    songs = [random_song(random, vocabulary=20) for _ in range(100)]
    table, tracks = make_set(songs)
    tracks["year"] = pd.array([1983] * 40 + [1987] * 40 + [1989] * 20, dtype="Int16")
    found = score_diversity(table, tracks)
    cells = found.groupby(["level", "span", "year"])["n_tracks"].first()
    assert cells["genre"].to_dict() == {(1, 1983): 40, (1, 1987): 40, (10, 1980): 100}
    alone = score_diversity(table.select(np.arange(40)), tracks[:40], spans=(1,))
    together = found[(found["span"] == 1) & (found["year"] == 1983)].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together)  # one cell's figures do not depend on the others


@pytest.mark.parametrize("spans", [(), (0,), (10, 10)])
def test_spans_that_are_no_spans_are_refused(spans):
    with pytest.raises(ParameterError, match="spans"):
        score_diversity(*make_set([["C", "F"] * 20] * 3), spans=spans)
