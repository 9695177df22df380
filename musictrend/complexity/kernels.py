"""Loops over rows of the ragged table that keep a state: types, runs, voice leading.

Imported on first use, for it imports numba. Every row's result depends on that row alone.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["lead_voices", "measure_runs", "rank_types"]


@kernel
def rank_types(code, offsets, n_codes, rank, n_types):
    """Number the types of each row in the order of their first appearance."""
    seen = np.full(n_codes, -1, np.int64)  # row that last met this code
    place = np.zeros(n_codes, np.int32)
    for row in range(len(offsets) - 1):
        found = 0
        for i in range(offsets[row], offsets[row + 1]):
            c = code[i]
            if seen[c] != row:
                seen[c] = row
                place[c] = found
                found += 1
            rank[i] = place[c]
        n_types[row] = found


@kernel
def count_factors(rank, first, last, step, n_types, threshold):
    """Factors of one pass of MTLD: runs that end when types/tokens falls below the threshold."""
    seen = np.full(n_types, -1, np.int64)  # factor in which this type was last met
    factors, types, tokens = 0, 0, 0
    i = first
    while i != last:
        tokens += 1
        if seen[rank[i]] != factors:
            seen[rank[i]] = factors
            types += 1
        if types / tokens < threshold:
            factors += 1
            types, tokens = 0, 0
        i += step
    partial = 0.0
    if tokens > 0:
        partial = (1.0 - types / tokens) / (1.0 - threshold)
    return factors + partial


@kernel
def measure_runs(rank, n_types, offsets, shortest, threshold, out):
    """MTLD of each row: tokens per factor, mean of both directions."""
    for row in range(len(offsets) - 1):
        start, stop = offsets[row], offsets[row + 1]
        n = stop - start
        if n < shortest or n == 0:
            out[row] = np.nan
            continue
        ahead = count_factors(rank, start, stop, 1, n_types[row], threshold)
        back = count_factors(rank, stop - 1, start - 1, -1, n_types[row], threshold)
        # A row in which nothing is ever repeated ends no run: its length is all that is known.
        out[row] = ((n / ahead if ahead > 0 else n) + (n / back if back > 0 else n)) / 2


@kernel
def lead_one(a, n, b, m):
    """Least sum of semitone moves between two sets of pitch classes, every note used, doublings allowed.

    A crossing-free leading is a closed path over the n by m torus of note pairs (Tymoczko 2006): try every
    partner of the first note, then the cheapest path back to it.
    """
    best = np.inf
    cost = np.empty((n + 1, m + 1))
    for shift in range(m):
        for i in range(n + 1):
            for j in range(m + 1):
                move = abs(a[i % n] - b[(j + shift) % m])
                move = min(move, 12 - move)
                if i == 0 and j == 0:
                    cost[i, j] = move
                    continue
                before = np.inf
                if i > 0:
                    before = min(before, cost[i - 1, j])
                if j > 0:
                    before = min(before, cost[i, j - 1])
                if i > 0 and j > 0:
                    before = min(before, cost[i - 1, j - 1])
                cost[i, j] = before + move
        # The end is the start again: its cost is counted once.
        closing = abs(a[0] - b[shift % m])
        best = min(best, cost[n, m] - min(closing, 12 - closing))
    return best


@kernel
def lead_voices(source_set, interval, target_set, out):
    """Smallest voice leading of each kind of transition, in semitones."""
    a = np.empty(12, np.int64)
    b = np.empty(12, np.int64)
    for kind in range(len(out)):
        n, m = 0, 0
        for pitch_class in range(12):
            if source_set[kind] >> pitch_class & 1:
                a[n] = pitch_class
                n += 1
            # The target is relative to its own root; turn it to the source's.
            if target_set[kind] >> ((pitch_class - interval[kind]) % 12) & 1:
                b[m] = pitch_class
                m += 1
        out[kind] = lead_one(a, n, b, m) if n > 0 and m > 0 else np.nan
