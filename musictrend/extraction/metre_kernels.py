"""The inner loop of `musictrend.extraction.metre`. Imported on first use, for it imports numba."""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["begin_beats"]


@kernel
def begin_beats(begin, sums, intervals, told, before, change):
    """How well a beat may begin on each frame: the best of those that end there, and what changing its tempo costs.

    ``begin``, (slow + n_frames, n_beats, n_tempi), is known for its first frames, those before the sound, and is
    filled; ``sums``, (n_frames + 1, n_beats), is what was heard of a beat up to each frame; a beat of ``intervals[j]``
    frames is heard in the first ``told[j]`` of them; ``change`` goes from tempo (row) to tempo.
    """
    n_beats, n_tempi = begin.shape[1], begin.shape[2]
    n_frames = sums.shape[0] - 1
    slow = begin.shape[0] - n_frames
    best = np.empty(n_tempi)
    for t in range(n_frames):
        for b in range(n_beats):
            p = before[b]
            best[:] = -np.inf
            for j in range(n_tempi):
                start = t - intervals[j]
                ended = begin[start + slow, p, j] + sums[max(start + told[j], 0), p] - sums[max(start, 0), p]
                for k in range(n_tempi):
                    way = ended + change[j, k]
                    best[k] = way if way > best[k] else best[k]
            begin[slow + t, b] = best
