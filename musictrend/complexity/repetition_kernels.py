"""Loops that look for what returns in a row.

Imported on first use, for it imports numba. Every row's result depends on that row alone.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["share_looped", "share_repeated"]


@kernel
def share_repeated(rank, offsets, length, skip_loops, out):
    """Share of each row's events inside blocks of ``length`` that occur twice.

    With ``skip_loops`` the two places must be two blocks apart, so that another block fits between.
    """
    for row in range(len(offsets) - 1):
        first, n = offsets[row], offsets[row + 1] - offsets[row]
        if n == 0:
            out[row] = np.nan
            continue
        apart = 2 * length if skip_loops else 1
        inside = np.zeros(n, np.bool_)
        for lag in range(apart, n - length + 1):
            run = 0  # events that agree with those ``lag`` later
            for i in range(n - lag):
                if rank[first + i] == rank[first + i + lag]:
                    run += 1
                    if run == length:
                        for j in range(i - length + 1, i + 1):
                            inside[j] = True
                            inside[j + lag] = True
                    elif run > length:
                        inside[i] = True
                        inside[i + lag] = True
                else:
                    run = 0
        out[row] = inside.sum() / n


@kernel
def share_looped(rank, offsets, longest, out):
    """Longest run of each row that repeats with a period of 2 to ``longest``, over two rounds at least."""
    for row in range(len(offsets) - 1):
        first, n = offsets[row], offsets[row + 1] - offsets[row]
        if n == 0:
            out[row] = np.nan
            continue
        best = 0
        for period in range(1, min(longest, n // 2) + 1):
            run = 0
            for i in range(period, n):
                if rank[first + i] == rank[first + i - period]:
                    run += 1
                    if run >= period:
                        best = max(best, run + period)
                else:
                    run = 0
        out[row] = best / n
