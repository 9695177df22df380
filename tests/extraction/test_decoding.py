"""The shared decoder: best paths, confidence, candidates, and changes that snap to beats."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from musictrend.extraction.decoding import CANDIDATES, decode, find_path, sum_paths
from musictrend.extraction.engines import Activations, Calibration
from musictrend.harmony import Chord

CHORDS = (Chord.NO_CHORD, Chord("C"), Chord("G"))


def activations(scores, **options):
    scores = np.asarray(scores, dtype=np.float32)
    return Activations(scores, CHORDS[: scores.shape[1]], 0.1, **options)


def best_by_trying(scores, transitions, initial, final):
    """The best of all paths, tried one by one."""
    n, m = scores.shape
    value = lambda p: (
        initial[p[0]] + final[p[-1]] + sum(scores[t, p[t]] for t in range(n))
        + sum(transitions[p[t - 1], p[t]] for t in range(1, n))
    )  # fmt: skip
    return max(itertools.product(range(m), repeat=n), key=value)


@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_the_best_of_all_paths(seed):
    rng = np.random.default_rng(seed)
    scores, transitions = rng.normal(size=(6, 3)), rng.normal(size=(3, 3))
    initial, final = rng.normal(size=3), rng.normal(size=3)
    found = find_path(activations(scores, transitions=transitions, initial=initial, final=final))
    assert tuple(found) == best_by_trying(scores.astype(np.float32), transitions, initial, final)


@pytest.mark.parametrize("seed", range(3))
def test_posteriors_are_those_of_all_paths_tried_one_by_one(seed):
    rng = np.random.default_rng(seed)
    scores, transitions = rng.normal(size=(5, 3)).astype(np.float32), rng.normal(size=(3, 3))
    initial, final = rng.normal(size=3), rng.normal(size=3)
    heard = activations(scores, transitions=transitions, initial=initial, final=final)
    expected = np.zeros((5, 3))
    for path in itertools.product(range(3), repeat=5):
        score = initial[path[0]] + final[path[-1]] + scores[np.arange(5), path].sum()
        score += sum(transitions[a, b] for a, b in itertools.pairwise(path))
        expected[np.arange(5), path] += np.exp(score / 1.5)
    np.testing.assert_allclose(sum_paths(heard, 1.5), expected / expected.sum(axis=1, keepdims=True), rtol=1e-6)


def test_a_price_for_every_change_sums_the_paths_of_its_matrix():
    scores = 2 * np.random.default_rng(0).normal(size=(40, 3))
    matrix = np.where(np.eye(3), 0.0, -1.5)
    one, many = (sum_paths(activations(scores, transitions=t)) for t in (-1.5, matrix))
    np.testing.assert_allclose(one, many, rtol=1e-9)


def test_summed_paths_grow_surer_with_every_frame_that_agrees_and_mean_scores_do_not():
    scores = np.zeros((20, 3))
    scores[:, 0] = -5.0
    scores[:, 1] += 1e-3
    (sure,) = decode(activations(scores), calibration=Calibration(paths=True)).confidence
    assert sure == pytest.approx(0.5, abs=0.01)
    (surer,) = decode(activations(scores + [0, 0.2, 0]), calibration=Calibration(paths=True)).confidence
    (mean,) = decode(activations(scores + [0, 0.2, 0])).confidence
    assert surer > 0.95 > 0.6 > mean  # twenty frames that agree weigh more than one


@pytest.mark.parametrize("seed", range(5))
def test_one_price_for_every_change_is_the_matrix_with_that_price(seed):
    scores = 2 * np.random.default_rng(seed).normal(size=(60, 3))
    matrix = np.where(np.eye(3), 0.0, -1.5)
    np.testing.assert_array_equal(
        find_path(activations(scores, transitions=-1.5)), find_path(activations(scores, transitions=matrix))
    )


def steps(n=20, change=10, sure=3.0):
    """C until a frame, then G."""
    scores = np.zeros((n, 3))
    scores[:change, 1] = sure
    scores[change:, 2] = sure
    return scores


def test_segments_cover_the_sound_from_beginning_to_end():
    found = decode(activations(steps()), duration=1.93, lag=-0.02)
    assert [c.label for c in found.chords] == ["C:maj", "G:maj"]
    np.testing.assert_allclose(found.onsets, [0, 0.98])
    np.testing.assert_allclose(found.onsets + found.durations, [0.98, 1.93])


def test_surer_scores_are_told_with_more_confidence_and_a_higher_temperature_with_less():
    sure = [decode(activations(steps(sure=s))).confidence[0] for s in (1.0, 3.0, 6.0)]
    assert sure == sorted(sure) and sure[0] > 1 / 3
    warm = decode(activations(steps()), calibration=Calibration(temperature=3.0)).confidence[0]
    shifted = decode(activations(steps()), calibration=Calibration(intercept=-1.0)).confidence[0]
    assert warm < sure[1] and shifted < sure[1]


def test_states_that_are_one_chord_at_the_vocabulary_add_up():
    scores = np.zeros((6, 3), dtype=np.float32)
    scores[:, 0] = 0.5  # a triad, its inversion, another chord
    chords = (Chord("C"), Chord("C/3"), Chord("G"))
    weights = np.exp([0.5, 0.0, 0.0])
    for vocabulary, won in (("full", 1), ("sevenths", 2)):
        found = decode(Activations(scores, chords, 0.1), calibration=Calibration(vocabulary=vocabulary))
        assert found.confidence[0] == pytest.approx(weights[:won].sum() / weights.sum())
        assert found.candidates[0][0][0] == chords[won]
        assert found.confidence[0] + sum(p for _, p in found.candidates[0]) == pytest.approx(1)


def test_candidates_are_the_other_labels_and_share_what_confidence_leaves():
    scores = steps()
    scores[:10, 0] += 1.0
    found = decode(activations(scores))
    assert [c.label for c, _ in found.candidates[0]] == ["N", "G:maj"]
    assert found.confidence[0] + sum(p for _, p in found.candidates[0]) == pytest.approx(1)
    assert all(len(row) <= CANDIDATES for row in found.candidates)


def test_a_change_near_a_beat_moves_onto_it_where_the_scores_allow():
    scores = steps()
    scores[10:12, 1] = scores[10:12, 2]  # nobody can tell C from G there
    beats = np.array([0.6, 1.12])
    assert decode(activations(scores), beats=beats).onsets[1] == pytest.approx(1.12)


def test_a_change_that_is_clearly_heard_stays_where_it_is():
    beats = np.array([0.6, 1.12])
    assert decode(activations(steps(sure=30.0)), beats=beats).onsets[1] == pytest.approx(1.0)


def test_a_change_far_from_every_beat_stays_where_it_is():
    assert decode(activations(steps()), beats=np.array([0.5, 1.5])).onsets[1] == pytest.approx(1.0)


def test_snapping_loses_no_chord_and_no_order():
    rng = np.random.default_rng(0)
    scores = np.zeros((200, 3))
    scores[np.arange(200), np.repeat(rng.integers(0, 3, 100), 2)] = 2.0
    plain = decode(activations(scores, transitions=-0.1))
    snapped = decode(activations(scores, transitions=-0.1), beats=np.arange(0, 20, 0.35))
    assert snapped.chords == plain.chords
    assert np.all(snapped.durations > 0)


def test_no_frames_are_no_chords():
    assert len(decode(activations(np.zeros((0, 3))))) == 0
