"""Beats counted within bars: the best path through tempo, beat and metre, in memory that grows with beats alone.

The model is the dynamic Bayesian network of Krebs et al. and Boeck et al., as in
madmom: a bar of some beats, each as many frames long as the tempo says, tempo
changing at beats only. So a path branches at beats only, and that is all that is
remembered of it; madmom remembers every state of every frame, which takes 1.5 GB for
five minutes.

References
----------
.. [1] Krebs, Boeck, Widmer (2015). An efficient state-space model for joint tempo and meter tracking. ISMIR.
.. [2] Boeck, Krebs, Widmer (2016). Joint beat and downbeat tracking with recurrent neural networks. ISMIR.
"""

from __future__ import annotations

from functools import cache

import numpy as np

__all__ = ["place_beats"]

MIN_BPM, MAX_BPM = 55.0, 215.0
N_TEMPI = 60
CHANGE = 100.0  # the higher, the steadier the tempo
BEAT_PART = 16  # a beat is heard in the first of so many parts of its length
THRESHOLD = 0.05  # activations below it at either end of the sound are left out


def place_beats(
    activations: np.ndarray, fps: float = 100.0, bars: tuple[int, ...] = (3, 4)
) -> tuple[np.ndarray, np.ndarray]:
    """Beats and their positions in the bar, from the probability of beat and downbeat on each frame.

    Parameters
    ----------
    activations : array, shape (n_frames, 2)
        Probability of a beat that is no downbeat, and of a downbeat.
    fps : float
        Frames a second.
    bars : tuple of int
        Beats per bar that are tried; one is taken for the whole.

    Returns
    -------
    times : array, shape (n_beats,), seconds
    positions : int array, shape (n_beats,)
        From 1, the downbeat.

    Examples
    --------
    >>> heard = np.full((600, 2), 0.01)
    >>> heard[50::50, 0], heard[50::150, 0], heard[50::150, 1] = 0.9, 0.05, 0.9
    >>> times, positions = place_beats(heard)
    >>> times[:4].tolist(), positions[:4].tolist()
    ([0.5, 1.0, 1.5, 2.0], [1, 2, 3, 1])
    """
    loud = np.flatnonzero(activations.max(axis=1, initial=0) >= THRESHOLD)
    if len(loud) == 0:
        return np.zeros(0), np.zeros(0, dtype=int)
    first, heard = int(loud[0]), activations[loud[0] : loud[-1] + 1]
    _, beats = max((_best_path(heard, fps, n_beats) for n_beats in bars), key=lambda found: found[0])
    frames, positions = [], []
    for start, length, beat in beats:
        low, high = max(start, 0), min(start - (-length // BEAT_PART), len(heard))
        if low < high:  # the peak of what was heard while the model says beat
            frames.append(low + int(heard[low:high].max(axis=1).argmax()))
            positions.append(beat + 1)
    return (np.array(frames) + first) / fps, np.array(positions, dtype=int)


@cache
def _tempi(fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames per beat of each tempo, and log probabilities of going from tempo (row) to tempo (column)."""
    low, high = round(60 * fps / MAX_BPM), round(60 * fps / MIN_BPM)
    intervals = np.arange(low, high + 1)
    found, tries = intervals, N_TEMPI
    while len(intervals) > N_TEMPI and (tries == N_TEMPI or len(found) < N_TEMPI):  # spaced evenly in log tempo
        found = np.unique(np.round(np.geomspace(low, high, tries))).astype(int)
        tries += 1
    intervals = found
    ratio = np.exp(-CHANGE * np.abs(intervals[None, :] / intervals[:, None] - 1))
    ratio[ratio <= np.spacing(1)] = 0
    with np.errstate(divide="ignore"):
        return intervals, np.log(ratio / ratio.sum(axis=1, keepdims=True))


def _best_path(heard: np.ndarray, fps: float, n_beats: int) -> tuple[float, list[tuple[int, int, int]]]:
    """Log score of the best path in one metre, and its beats: first frame (may be before 0), length, place in the bar."""
    intervals, change = _tempi(fps)
    into = np.ascontiguousarray(change.T)  # (to, from)
    n_tempi, per_beat = len(intervals), int(intervals.sum())
    first = np.concatenate([[0], np.cumsum(intervals)[:-1]]) + per_beat * np.arange(n_beats)[:, None]  # (beats, tempi)
    last = first + intervals - 1
    tiny = 1e-30
    silence = np.log(np.maximum(1 - heard.sum(axis=1), tiny) / (BEAT_PART - 1))
    # Scores are told against silence, which every metre pays alike: beats alone have to be added.
    beat, downbeat = (np.log(np.maximum(heard[:, k], tiny)) - silence for k in (0, 1))
    inside = [np.concatenate([f + np.arange(-(-k // BEAT_PART)) for f, k in zip(row, intervals)]) for row in first]
    on_downbeat, on_beat = inside[0], np.concatenate(inside[1:])
    came = np.zeros((len(heard), n_beats, n_tempi), dtype=np.int8)
    value = np.full(n_beats * per_beat, -np.log(n_beats * per_beat))
    moved = np.empty_like(value)
    before = np.roll(np.arange(n_beats), 1)
    for t in range(len(heard)):
        ways = value[last[before]][:, None, :] + into  # (beats, to, from): from the last frame of the beat before
        best = ways.argmax(axis=2)
        came[t] = best
        moved[1:] = value[:-1]
        moved[first] = np.take_along_axis(ways, best[:, :, None], axis=2)[:, :, 0]
        moved[on_downbeat] += downbeat[t]
        moved[on_beat] += beat[t]
        value, moved = moved, value
    state = int(value.argmax())
    place, rest = divmod(state, per_beat)
    tempo = int(np.searchsorted(first[0], rest, side="right")) - 1
    start = len(heard) - 1 - (rest - int(first[0, tempo]))
    beats = [(start, int(intervals[tempo]), place)]
    while start > 0:
        tempo = int(came[start, place, tempo])
        place = int(before[place])
        start -= int(intervals[tempo])
        beats.append((start, int(intervals[tempo]), place))
    return float(value[state]), beats[::-1]
