"""Loops over sets of songs: how far they lie from each other, and what their commonest progressions cover.

Imported on first use, for it imports numba.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["measure_sets"]


@kernel
def divergence(a, share_a, b, share_b):
    """Jensen-Shannon divergence (bits, 0 to 1) of two sparse distributions; symbols ascend in each."""
    total = 0.0
    i, j = 0, 0
    while i < len(a) or j < len(b):
        if j == len(b) or (i < len(a) and a[i] < b[j]):
            total += share_a[i]  # p log2(p / (p / 2)) = p
            i += 1
        elif i == len(a) or b[j] < a[i]:
            total += share_b[j]
            j += 1
        else:
            p, q = share_a[i], share_b[j]
            middle = (p + q) / 2
            total += p * np.log2(p / middle) + q * np.log2(q / middle)
            i += 1
            j += 1
    return max(total / 2, 0.0)


@kernel
def measure_sets(offsets, symbols, shares, word_offsets, words, n_symbols, n_words, sets, top, out):
    """Diversity of each set of songs.

    ``offsets, symbols, shares``: the songs' distributions; ``word_offsets, words``: the distinct progressions of
    each song; ``sets``, shape (r, m): songs of each set. ``out``, shape (r, 4): mean distance of pairs,
    effective number of songs, mean distance to the centroid of the others, share of songs that hold one of the
    ``top`` commonest progressions.
    """
    m = sets.shape[1]
    whole = np.zeros(n_symbols)
    holders = np.zeros(n_words, np.int64)
    for r in range(len(sets)):
        distance, alike = 0.0, 0.0
        for x in range(m):
            a = sets[r, x]
            a0, a1 = offsets[a], offsets[a + 1]
            for y in range(x):
                b = sets[r, y]
                b0, b1 = offsets[b], offsets[b + 1]
                d = np.sqrt(divergence(symbols[a0:a1], shares[a0:a1], symbols[b0:b1], shares[b0:b1]))
                distance += d
                alike += 1 - d
        pairs = m * (m - 1) / 2
        out[r, 0] = distance / pairs
        out[r, 1] = m / (1 + (m - 1) * alike / pairs)
        for x in range(m):
            for k in range(offsets[sets[r, x]], offsets[sets[r, x] + 1]):
                whole[symbols[k]] += shares[k]
        away = 0.0
        for x in range(m):
            # Only the song's own symbols differ from the whole; the others weigh whole / (m - 1) each.
            covered, total = 0.0, 0.0
            for k in range(offsets[sets[r, x]], offsets[sets[r, x] + 1]):
                p = shares[k]
                q = (whole[symbols[k]] - p) / (m - 1)
                middle = (p + q) / 2
                total += p * np.log2(p / middle)
                if q > 1e-15:
                    total += q * np.log2(q / middle)
                    covered += q
            away += np.sqrt(max((total + 1 - covered) / 2, 0.0))
        out[r, 2] = away / m
        for x in range(m):
            for k in range(offsets[sets[r, x]], offsets[sets[r, x] + 1]):
                whole[symbols[k]] = 0.0
            for k in range(word_offsets[sets[r, x]], word_offsets[sets[r, x] + 1]):
                holders[words[k]] += 1
        for _ in range(top):
            best = -1
            for x in range(m):
                for k in range(word_offsets[sets[r, x]], word_offsets[sets[r, x] + 1]):
                    w = words[k]
                    more = best < 0 or holders[w] > holders[best] or (holders[w] == holders[best] and w < best)
                    if holders[w] > 0 and more:
                        best = w
            if best < 0:
                break
            holders[best] = -holders[best]  # taken
        held = 0
        for x in range(m):
            found = False
            for k in range(word_offsets[sets[r, x]], word_offsets[sets[r, x] + 1]):
                if holders[words[k]] < 0:
                    found = True
                    break
            if found:
                held += 1
        out[r, 3] = held / m
        for x in range(m):
            for k in range(word_offsets[sets[r, x]], word_offsets[sets[r, x] + 1]):
                holders[words[k]] = 0
