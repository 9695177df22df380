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
    beats = _best_path(heard, fps, bars)
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


def _best_path(heard: np.ndarray, fps: float, bars: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Beats of the best path of any metre: first frame (may be before 0), length, place in the bar."""
    from musictrend.extraction.metre_kernels import begin_beats

    intervals, change = _tempi(fps)
    n_frames, n_tempi, slow = len(heard), len(intervals), int(intervals.max())
    place = np.concatenate([np.arange(n_beats) for n_beats in bars])  # in the bar, of each beat of each metre
    before = np.concatenate([sum(bars[:m]) + np.roll(np.arange(n), 1) for m, n in enumerate(bars)])
    tiny = 1e-30
    silence = np.log(np.maximum(1 - heard.sum(axis=1), tiny) / (BEAT_PART - 1))
    # Scores are told against silence, which every metre pays alike: beats alone have to be added.
    told = np.log(np.maximum(heard, tiny)) - silence[:, None]
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(told, axis=0)])[:, (place == 0).astype(int)]  # up to a frame
    told_for = -(-intervals // BEAT_PART)

    def hear(starts: np.ndarray) -> np.ndarray:
        """Score of beats that start on given frames, (n, n_tempi): (n, beats, n_tempi)."""
        low, high = np.clip(starts, 0, n_frames), np.clip(starts + told_for, 0, n_frames)
        return (sums[high] - sums[low]).transpose(0, 2, 1)

    # How well a beat may begin on each frame, `slow` frames later here; before the first, any beat at any point of it.
    begin = np.empty((slow + n_frames, len(place), n_tempi))
    begin[:slow] = np.concatenate([np.full(n, -np.log(n * intervals.sum())) for n in bars])[:, None]
    begin_beats(begin, sums, intervals, told_for, before, change)
    starts = np.arange(n_frames - slow, n_frames)[:, None] + np.zeros(n_tempi, dtype=int)
    last = np.where((n_frames - starts <= intervals)[:, None, :], begin[-slow:] + hear(starts), -np.inf)
    late, beat, tempo = (int(i) for i in np.unravel_index(last.argmax(), last.shape))
    start = n_frames - slow + late
    beats = [(start, int(intervals[tempo]), int(place[beat]))]
    while start > 0:
        beat, starts = int(before[beat]), start - intervals[None]
        tempo = int(
            (begin[starts[0] + slow, beat, np.arange(n_tempi)] + hear(starts)[0, beat] + change[:, tempo]).argmax()
        )
        start -= int(intervals[tempo])
        beats.append((start, int(intervals[tempo]), int(place[beat])))
    return beats[::-1]
