"""From chord scores on frames to chords in time: one decoder for every engine.

The best path through the scores (Viterbi) gives the chords; a change that lies
near a beat moves onto it where the scores lose little by it; the mean score of
a segment, or its posterior over all paths, gives the probability of its label and
of the labels it might have had.

References
----------
.. [1] Rabiner (1989). A tutorial on hidden Markov models and selected applications in speech recognition. Proc. IEEE.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from musictrend.extraction.engines.engine import Activations, Calibration
from musictrend.harmony.chord import Chord
from musictrend.harmony.reduction import reduce_bitmap

__all__ = ["Segments", "decode", "find_equal", "find_path", "snap_changes", "sum_paths", "weigh_states"]

CANDIDATES = 5
SNAP_SECONDS = 0.2  # a change this near to a beat may move onto it
SNAP_LOSS = 12.0  # where the path's log score falls by no more than this


@dataclass(frozen=True)
class Segments:
    """Chords in time, and what else they might have been.

    Attributes
    ----------
    chords : tuple of Chord, n
    onsets, durations : array, shape (n,), seconds
    confidence : array, shape (n,)
        Probability in [0, 1] that the label is right.
    candidates : tuple of tuple of (Chord, float), n
        The likeliest other labels, best first; none that the confidence counts as the same chord.
        With the confidence, what is left of 1 belongs to labels that are not listed.
    """

    chords: tuple[Chord, ...]
    onsets: np.ndarray
    durations: np.ndarray
    confidence: np.ndarray
    candidates: tuple[tuple[tuple[Chord, float], ...], ...]

    def __len__(self) -> int:
        return len(self.chords)


def decode(
    activations: Activations,
    *,
    calibration: Calibration | None = None,
    lag: float = 0.0,
    duration: float | None = None,
    beats: np.ndarray | None = None,
) -> Segments:
    """Chords in time from an engine's activations.

    Parameters
    ----------
    activations : Activations
    calibration : Calibration, optional
        The engine's.
    lag : float
        Seconds added to every change.
    duration : float, optional
        Seconds of sound: where the last chord ends.
    beats : array, optional
        Seconds; changes near them move onto them where the scores allow.

    Examples
    --------
    >>> scores = np.log(np.array([[0.9, 0.1]] * 5 + [[0.2, 0.8]] * 5, dtype=np.float32))
    >>> heard = Activations(scores, (Chord("C"), Chord("G")), hop=0.1, transitions=-2.0)
    >>> found = decode(heard)
    >>> [c.label for c in found.chords], found.onsets.tolist()
    (['C:maj', 'G:maj'], [0.0, 0.5])
    """
    n_frames = len(activations.scores)
    end = n_frames * activations.hop if duration is None else duration
    if n_frames == 0 or end <= 0:
        empty = np.zeros(0)
        return Segments((), empty, empty, empty, ())
    path = find_path(activations)
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    states = path[starts]
    times = starts * activations.hop + np.where(starts > 0, lag, 0.0)
    if beats is not None and len(beats) and len(starts) > 1:
        times[1:] = snap_changes(activations, starts, states, times, np.asarray(beats, dtype=float))
    keep = times < end  # frames may reach beyond the sound
    starts, states, times = starts[keep], states[keep], times[keep]
    durations = np.diff(times, append=end)
    confidence, candidates = _judge(activations, starts, states, calibration or Calibration())
    chords = tuple(activations.chords[s] for s in states)
    return Segments(chords, times, durations, confidence, candidates)


def find_path(activations: Activations) -> np.ndarray:
    """The best path of states through the frames (Viterbi): int array, shape (n_frames,)."""
    if np.ndim(activations.transitions) == 0:
        return _path_of_changes(activations)
    return _path_of_matrix(activations)


def _begin(activations: Activations) -> np.ndarray:
    first = activations.scores[0].astype(np.float64)
    return first if activations.initial is None else first + activations.initial


def _path_of_changes(activations: Activations) -> np.ndarray:
    """Viterbi where every change costs the same: stay, or come from the best state of the frame before."""
    scores, change = activations.scores, float(activations.transitions)
    n_frames, n_states = scores.shape
    changed = np.zeros((n_frames, n_states), dtype=bool)
    best = np.zeros(n_frames, dtype=np.intp)
    value = _begin(activations)
    for t in range(1, n_frames):
        best[t] = value.argmax()
        other = value[best[t]] + change
        np.less_equal(value, other, out=changed[t])
        np.maximum(value, other, out=value)
        value += scores[t]
    state = int((value if activations.final is None else value + activations.final).argmax())
    path = np.empty(n_frames, dtype=np.intp)
    for t in range(n_frames - 1, -1, -1):
        path[t] = state
        if changed[t, state]:
            state = int(best[t])
    return path


def _path_of_matrix(activations: Activations) -> np.ndarray:
    """Viterbi with a log score for every pair of states."""
    scores = activations.scores
    into = np.ascontiguousarray(np.asarray(activations.transitions, dtype=np.float64).T)  # (to, from)
    n_frames, n_states = scores.shape
    came = np.zeros((n_frames, n_states), dtype=np.int32)
    value, rows = _begin(activations), np.arange(n_states)
    for t in range(1, n_frames):
        ways = into + value
        came[t] = ways.argmax(axis=1)
        value = ways[rows, came[t]] + scores[t]
    state = int((value if activations.final is None else value + activations.final).argmax())
    path = np.empty(n_frames, dtype=np.intp)
    for t in range(n_frames - 1, -1, -1):
        path[t] = state
        state = int(came[t, state])
    return path


def snap_changes(
    activations: Activations, starts: np.ndarray, states: np.ndarray, times: np.ndarray, beats: np.ndarray
) -> np.ndarray:
    """Times of the changes (all starts but the first), moved onto beats where little is lost by it.

    A change moves to the nearest beat when that is within ``SNAP_SECONDS``, when the
    frames in between are explained by the other chord nearly as well (``SNAP_LOSS``), and
    when order and every chord remain.
    """
    scores, hop = activations.scores, activations.hop
    moved = times.astype(float).copy()
    right = np.searchsorted(beats, times[1:])
    for i, at in enumerate(right, start=1):
        near = beats[max(0, at - 1) : at + 1]
        beat = float(near[np.abs(near - times[i]).argmin()])
        if not moved[i - 1] < beat or abs(beat - times[i]) > SNAP_SECONDS:
            continue
        if i + 1 < len(times) and beat >= times[i + 1]:
            continue
        frame = min(max(round(starts[i] + (beat - times[i]) / hop), 0), len(scores))
        early, late = sorted((int(starts[i]), frame))
        difference = scores[early:late, states[i - 1]] - scores[early:late, states[i]]
        loss = float(difference.sum(dtype=float)) * (1 if frame < starts[i] else -1)
        if loss <= SNAP_LOSS:
            moved[i] = beat
    return moved[1:]


def sum_paths(activations: Activations, temperature: float = 1.0) -> np.ndarray:
    """Posterior of every state on every frame, over all paths and not the best alone: forward times backward sums.

    Of a linear-chain random field these are its own marginals; of a hidden Markov model the smoothed posteriors.

    Parameters
    ----------
    activations : Activations
    temperature : float > 0
        All log scores are divided by it: frames are not as independent as such a model takes them to be.

    Returns
    -------
    posteriors : array, shape (n_frames, n_states)
        Rows sum to 1.

    Examples
    --------
    >>> flat = np.zeros((3, 2), dtype=np.float32)
    >>> sum_paths(Activations(flat, (Chord("C"), Chord("G")), hop=0.1))[1].tolist()
    [0.5, 0.5]
    """
    scores = activations.scores / np.float64(temperature)
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))  # (n_frames, n_states)
    weigh = lambda logs: 1.0 if logs is None else np.exp((logs - np.max(logs)) / temperature)
    if np.ndim(activations.transitions) == 0:
        price = float(np.exp(activations.transitions / temperature))
        ahead = back = lambda p: (1 - price) * p + price * p.sum()
    else:
        logs = np.asarray(activations.transitions, dtype=np.float64)
        pairs = np.exp((logs - logs.max()) / temperature)
        ahead, back = pairs.T.copy().dot, pairs.dot
    posteriors = np.empty_like(likely)
    value = likely[0] * weigh(activations.initial)
    posteriors[0] = value / value.sum()
    for t in range(1, len(likely)):
        value = ahead(posteriors[t - 1]) * likely[t]
        np.divide(value, value.sum(), out=posteriors[t])
    value = np.ones(likely.shape[1]) * weigh(activations.final)
    for t in range(len(likely) - 1, -1, -1):
        posteriors[t] *= value
        posteriors[t] /= posteriors[t].sum()
        value = back(value * likely[t])
        value /= value.sum()
    return posteriors


def weigh_states(activations: Activations, starts: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Probability of every state in every segment, before slope and intercept: shape (n_segments, n_states).

    Parameters
    ----------
    activations : Activations
    starts : int array, shape (n_segments,)
        First frames of segments; the first is 0.
    calibration : Calibration
        Its ``temperature``, and whether ``paths`` are summed or scores averaged.
    """
    lengths = np.diff(starts, append=len(activations.scores))[:, None]
    if calibration.paths:
        return np.add.reduceat(sum_paths(activations, calibration.temperature), starts, axis=0) / lengths
    means = np.add.reduceat(activations.scores, starts, axis=0, dtype=np.float64) / lengths
    means /= calibration.temperature
    means -= means.max(axis=1, keepdims=True)
    posterior = np.exp(means)
    posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior


def find_equal(chords: tuple[Chord, ...], states: np.ndarray, vocabulary: str) -> np.ndarray:
    """Which states are the same chord as some of them in a vocabulary: bool array, shape (len(states), n_states).

    Examples
    --------
    >>> find_equal((Chord("C"), Chord("C/3"), Chord("C:7")), np.array([0]), "sevenths").tolist()
    [[True, True, False]]
    """
    classes = _number_classes(chords, vocabulary)
    return classes[states][:, None] == classes


@cache
def _number_classes(chords: tuple[Chord, ...], vocabulary: str) -> np.ndarray:
    """A number for each state, equal where root and quality are equal in a vocabulary; in ``full`` each has its own."""
    if vocabulary == "full":
        return np.arange(len(chords))
    names = [(c.root, reduce_bitmap(c.bitmap, vocabulary)) if c.is_chord else (None, 0) for c in chords]
    return np.array([names.index(name) for name in names])


def _judge(
    activations: Activations, starts: np.ndarray, states: np.ndarray, calibration: Calibration
) -> tuple[np.ndarray, tuple[tuple[tuple[Chord, float], ...], ...]]:
    """Confidence of each segment and its candidates."""
    posterior = weigh_states(activations, starts, calibration)
    same = find_equal(activations.chords, states, calibration.vocabulary)
    won = np.clip((posterior * same).sum(axis=1), 1e-6, 1 - 1e-6)
    logit = calibration.slope * np.log(won / (1 - won)) + calibration.intercept
    confidence = 1 / (1 + np.exp(-logit))
    posterior[same] = 0
    posterior *= ((1 - confidence) / np.maximum(posterior.sum(axis=1), 1e-300))[:, None]
    n_best = min(CANDIDATES, posterior.shape[1] - 1)
    best = np.argsort(-posterior, axis=1, kind="stable")[:, :n_best]
    candidates = tuple(
        tuple((activations.chords[s], float(p)) for s, p in zip(row, posterior[i, row])) for i, row in enumerate(best)
    )
    return confidence, candidates
