"""Loops over sequences of symbols: PPM's predictions and Lempel-Ziv's phrases.

Imported on first use, for it imports numba. Every row's result depends on that row alone.
"""

import numpy as np

from musictrend.complexity.compilation import kernel

__all__ = ["count_phrases", "measure_phrases", "predict_rows", "predict_symbols"]


@kernel
def count_phrases(symbols):
    """Phrases of Lempel and Ziv's (1976) exhaustive history, by Kaspar and Schuster's (1987) scan."""
    n = len(symbols)
    if n < 2:
        return n
    phrases, start, length, longest, place = 1, 1, 1, 1, 0
    while True:
        if symbols[place + length - 1] == symbols[start + length - 1]:
            length += 1
            if start + length > n:
                return phrases + 1  # the last phrase is a copy that the end cut short
        else:
            longest = max(longest, length)
            place += 1
            if place == start:  # every earlier place was tried: a phrase ends here
                phrases += 1
                start += longest
                if start + 1 > n:
                    return phrases
                place, length, longest = 0, 1, 1
            else:
                length = 1


@kernel
def measure_phrases(rank, offsets, out):
    """Phrases of each row times log2(n)/n: bits an event, asymptotically."""
    for row in range(len(offsets) - 1):
        n = offsets[row + 1] - offsets[row]
        if n < 2:
            out[row] = np.nan
        else:
            out[row] = count_phrases(rank[offsets[row] : offsets[row + 1]]) * np.log2(n) / n


@kernel
def match_contexts(symbols, bound):
    """How many symbols before i and before j agree, at most ``bound``: int64 array, shape (n + 1, n + 1)."""
    n = len(symbols)
    shared = np.zeros((n + 1, n + 1), np.int64)
    for i in range(1, n + 1):
        for j in range(1, i):
            if symbols[i - 1] == symbols[j - 1]:
                shared[i, j] = min(shared[i - 1, j - 1] + 1, bound)
    return shared


@kernel
def predict_symbols(symbols, alphabet, bound, exclusion, update_exclusion, deterministic, bits):
    """Information content of each symbol under PPM (escape C, interpolated) that learns as it goes.

    n-grams are not stored: an earlier place j supports order o of the prediction at i when the o symbols
    before both agree. Its n-gram of order o was counted as *new* (the update-excluded count) when the longer
    one ending at j was not yet known, or when it was the longest inserted there; the full count takes every
    occurrence.
    """
    n = len(symbols)
    shared = match_contexts(symbols, bound + 1)
    known = np.zeros(n, np.int64)  # longest n-gram ending at j that had occurred before, in symbols
    full = np.zeros((bound + 1, alphabet), np.int64)
    new = np.zeros((bound + 1, alphabet), np.int64)
    weight = np.zeros(alphabet)
    excluded = np.zeros(alphabet, np.bool_)
    for i in range(n):
        longest = -1
        full[:] = 0
        new[:] = 0
        for j in range(i):
            deepest = min(shared[i, j], bound)
            longest = max(longest, deepest)
            inserted = min(j, bound) + 1  # symbols in the longest n-gram inserted at j
            for order in range(deepest + 1):
                full[order, symbols[j]] += 1
                if order + 1 >= known[j] or order + 1 == inserted:
                    new[order, symbols[j]] += 1
        start, use_full = longest, not update_exclusion
        if deterministic:
            for order in range(longest):  # a deterministic context shorter than the longest
                if (full[order] > 0).sum() == 1:
                    start, use_full = order, True
                    break
        weight[:] = 0.0
        excluded[:] = False
        remaining = 1.0
        for order in range(start, -1, -1):
            counts = full[order] if use_full and (order == start or not update_exclusion) else new[order]
            total, distinct = 0, 0
            for symbol in range(alphabet):
                if counts[symbol] > 0:
                    distinct += 1
                    if not excluded[symbol]:
                        total += counts[symbol]
            if total > 0:
                trust = total / (total + distinct)
                for symbol in range(alphabet):
                    weight[symbol] += remaining * trust * counts[symbol] / total
                if exclusion:
                    for symbol in range(alphabet):
                        if counts[symbol] > 0:
                            excluded[symbol] = True
                remaining *= 1.0 - trust
        met = 0  # symbols seen so far, in any context
        for symbol in range(alphabet):
            if full[0, symbol] > 0:
                met += 1
        rest = remaining / (alphabet + 1 - met)
        bits[i] = -np.log2((weight[symbols[i]] + rest) / (weight.sum() + rest * alphabet))
        # What was known when i came: the longest n-gram ending here that ended earlier too.
        for j in range(i):
            if symbols[j] == symbols[i]:
                known[i] = max(known[i], min(shared[i, j], bound) + 1)


@kernel
def predict_rows(rank, n_types, offsets, bound, out):
    """Mean information content of each row, predicted from that row's own past."""
    for row in range(len(offsets) - 1):
        n = offsets[row + 1] - offsets[row]
        if n == 0:
            out[row] = np.nan
            continue
        bits = np.empty(n)
        predict_symbols(rank[offsets[row] : offsets[row + 1]], n_types[row], bound, True, True, True, bits)
        out[row] = bits.mean()
