"""Loops over sequences of symbols: PPM's predictions, alone and joined to a long-term model, and Lempel-Ziv's
phrases.

Imported on first use, for it imports numba. Every row's result depends on that row alone.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["count_phrases", "measure_phrases", "predict_jointly", "predict_rows", "predict_symbols"]


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
def trust_counts(total, distinct, single, escape):
    """Share of the prediction that an order keeps for itself: lam of escape method A, B, C, D, AX (0 to 4)."""
    if escape == 0:
        return total / (total + 1.0)
    if escape == 3:
        return total / (total + distinct / 2.0)
    if escape == 4:
        return total / (total + single + 1.0)
    return total / (total + distinct)


@kernel
def weigh_symbols(
    i, symbols, shared, known, alphabet, bound, escape, exclusion, update_exclusion, deterministic,
    full, new, excluded, weight,
):  # fmt: skip
    """Weights of the symbol at i under PPM, interpolated, given what came before it.

    Fills ``weight`` (one number for each symbol of the row) and returns what every symbol of the alphabet gets
    besides; together they are not normalised.

    n-grams are not stored: an earlier place j supports order o of the prediction at i when the o symbols
    before both agree. Its n-gram of order o was counted as *new* (the update-excluded count) when the longer
    one ending at j was not yet known, or when it was the longest inserted there; the full count takes every
    occurrence.
    """
    n_types = len(weight)
    less = 1.0 if escape == 1 else (0.5 if escape == 3 else 0.0)  # taken off each count
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
        total, distinct, single = 0.0, 0, 0
        for symbol in range(n_types):
            count = counts[symbol] - less
            if count > 0:
                distinct += 1
                if count <= 1:
                    single += 1
                if not excluded[symbol]:
                    total += count
        if total > 0:
            trust = trust_counts(total, distinct, single, escape)
            for symbol in range(n_types):
                if counts[symbol] > less:
                    weight[symbol] += remaining * trust * (counts[symbol] - less) / total
                    if exclusion:
                        excluded[symbol] = True
            remaining *= 1.0 - trust
    met = 0  # symbols that some context predicted; without exclusion, those seen so far
    for symbol in range(n_types):
        if excluded[symbol] or (not exclusion and full[0, symbol] > 0):
            met += 1
    return remaining / (alphabet + 1 - met)


@kernel
def note_known(i, symbols, shared, known, bound):
    """Keep the longest n-gram ending at i that had ended earlier too."""
    for j in range(i):
        if symbols[j] == symbols[i]:
            known[i] = max(known[i], min(shared[i, j], bound) + 1)


@kernel
def measure_spread(weight, rest, alphabet):
    """Entropy in bits of unnormalised weights; ``rest`` goes to every symbol of the alphabet."""
    total = rest * alphabet
    for symbol in range(len(weight)):
        total += weight[symbol]
    share = rest / total
    entropy = -(alphabet - len(weight)) * share * np.log2(share)
    for symbol in range(len(weight)):
        share = (weight[symbol] + rest) / total
        entropy -= share * np.log2(share)
    return entropy


@kernel
def predict_symbols(
    symbols, n_types, alphabet, bound, escape, exclusion, update_exclusion, deterministic, bits, entropy
):  # fmt: skip
    """Information content of each symbol, and entropy of its prediction, under PPM that learns as it goes."""
    n = len(symbols)
    shared = match_contexts(symbols, bound + 1)
    known = np.zeros(n, np.int64)  # longest n-gram ending at j that had occurred before, in symbols
    full = np.zeros((bound + 1, n_types), np.int64)
    new = np.zeros((bound + 1, n_types), np.int64)
    weight = np.zeros(n_types)
    excluded = np.zeros(n_types, np.bool_)
    for i in range(n):
        rest = weigh_symbols(
            i, symbols, shared, known, alphabet, bound, escape, exclusion, update_exclusion, deterministic,
            full, new, excluded, weight,
        )  # fmt: skip
        bits[i] = -np.log2((weight[symbols[i]] + rest) / (weight.sum() + rest * alphabet))
        entropy[i] = measure_spread(weight, rest, alphabet)
        note_known(i, symbols, shared, known, bound)


@kernel
def predict_rows(rank, n_types, offsets, bound, bits, entropy):
    """Mean information content and mean entropy of prediction of each row, from that row's own past."""
    for row in range(len(offsets) - 1):
        n = offsets[row + 1] - offsets[row]
        if n == 0:
            bits[row] = np.nan
            entropy[row] = np.nan
            continue
        each, spread = np.empty(n), np.empty(n)
        symbols = rank[offsets[row] : offsets[row + 1]]
        predict_symbols(symbols, n_types[row], n_types[row], bound, 2, True, True, True, each, spread)
        bits[row] = each.mean()
        entropy[row] = spread.mean()


@kernel
def predict_jointly(
    rank, n_types, offsets, joined, root, bitmap, node, column, log_share, spread, alphabet, bound, bias, out
):  # fmt: skip
    """Mean information content of each row's transitions under a long-term and a short-term model together.

    Both give a distribution over the next chord; the joint one is their geometric mean, weighted by how sure
    each is (entropy to the power of minus ``bias``), as in IDyOM. The long-term model tells its distribution by
    ``log_share[node]`` over known tokens, the last column standing for each other one; the short-term one is
    PPM over the row so far.
    """
    listed = log_share.shape[1] - 1
    for row in range(len(offsets) - 1):
        first, last = offsets[row], offsets[row + 1]
        symbols = rank[first:last]
        k = n_types[row]
        shared = match_contexts(symbols, bound + 1)
        known = np.zeros(last - first, np.int64)
        full = np.zeros((bound + 1, k), np.int64)
        new = np.zeros((bound + 1, k), np.int64)
        weight = np.zeros(k)
        excluded = np.zeros(k, np.bool_)
        place = np.zeros(k, np.int64)  # an event of each type
        for i in range(last - first):
            place[symbols[i]] = first + i
        total, steps = 0.0, 0
        for i in range(last - first):
            at = first + i
            rest = weigh_symbols(
                i, symbols, shared, known, alphabet, bound, 2, True, True, True, full, new, excluded, weight
            )
            if joined[at]:
                short = measure_spread(weight, rest, alphabet)
                lean = 1.0 / (1.0 + (spread[node[at]] / short) ** bias)  # exponent of the long-term model
                scale = weight.sum() + rest * alphabet
                shares = log_share[node[at]]
                other = (rest / scale) ** (1.0 - lean)
                mass = (alphabet - listed) * np.exp(lean * shares[listed])
                for token in range(listed):
                    mass += np.exp(lean * shares[token])
                mass *= other  # as if no chord of the row were known to the short-term model
                found = 0.0
                for symbol in range(k):
                    step = (root[place[symbol]] - root[at - 1]) % 12
                    long = np.exp(lean * shares[column[step * 4096 + bitmap[place[symbol]]]])
                    both = ((weight[symbol] + rest) / scale) ** (1.0 - lean)
                    mass += (both - other) * long
                    if symbol == symbols[i]:
                        found = both * long
                total -= np.log2(found / mass)
                steps += 1
            note_known(i, symbols, shared, known, bound)
        out[row] = total / steps if steps > 0 else np.nan
