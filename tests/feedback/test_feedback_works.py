"""Ragged songs: taking, joining, recognising."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.feedback.quantities import longest_shared_run
from musictrend.feedback.works import NgramMemory, Works, hash_ngrams

songs = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), min_size=1, max_size=8)


def works_of(lists):
    return Works.build(np.array([t for song in lists for t in song], dtype=np.int32), np.cumsum([0, *map(len, lists)]))


def lists_of(works):
    return [works.tokens[a:b].tolist() for a, b in zip(works.offsets[:-1], works.offsets[1:], strict=True)]


@given(songs, st.randoms())
def test_taking_songs_gives_those_songs(lists, random):
    index = [random.randrange(len(lists)) for _ in range(5)]
    assert lists_of(works_of(lists).take(np.array(index))) == [lists[i] for i in index]


@given(songs, songs)
def test_joined_songs_stay_what_they_were(one, two):
    assert lists_of(Works.concatenate([works_of(one), works_of(two)])) == one + two


@given(songs)
def test_equal_songs_and_no_others_have_equal_fingerprints(lists):
    prints = works_of(lists).fingerprints()
    for i, first in enumerate(lists):
        for j, second in enumerate(lists):
            assert (prints[i] == prints[j]) == (first == second)


@given(songs, st.integers(1, 6))
def test_equal_runs_have_equal_hashes_wherever_they_stand(lists, n):
    works = works_of(lists)
    hashes, song = hash_ngrams(works, n)
    runs = [tuple(s[i : i + n]) for s in lists for i in range(max(len(s) - n, 0) + 1)]
    owners = [k for k, s in enumerate(lists) for _ in range(max(len(s) - n, 0) + 1)]
    assert song.tolist() == owners
    for i, a in enumerate(runs):
        for j, b in enumerate(runs):
            assert (hashes[i] == hashes[j]) == (a == b)


def test_a_song_heard_before_is_known_and_a_new_one_is_not():
    rng = np.random.default_rng(0)
    first = Works.build(rng.integers(0, 50, 200), np.arange(0, 201, 20))
    second = Works.build(rng.integers(0, 50, 200), np.arange(0, 201, 20))
    memory = NgramMemory()
    assert memory.overlap(first).max() == 0
    assert memory.overlap(first).min() == 1
    assert memory.overlap(second).max() == 0


def test_the_second_of_two_equal_songs_in_one_batch_is_known():
    song = np.arange(20)
    overlap = NgramMemory().overlap(Works.build(np.tile(song, 2), [0, 20, 40]))
    assert overlap.tolist() == [0, 1]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 8, 12])
def test_the_longest_shared_run_is_found(n):
    corpus = Works.build(np.arange(40), [0, 40])
    song = np.concatenate([np.full(3, 99), np.arange(10, 10 + n), np.full(3, 98)])
    found = longest_shared_run(Works.build(song, [0, len(song)]), corpus)
    assert found[0] == (n if n > 1 else 0)
