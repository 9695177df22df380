"""Many measures in one pass over the chords of each track: merge, count types, step, cut windows, sum.

Imported on first use, for it imports numba. Every track's result depends on that track alone.
"""

import numpy as np

from musictrend.compilation import kernel
from musictrend.complexity.sequence_kernels import count_phrases

__all__ = ["score_rows"]

ONE = np.uint64(1)


@kernel
def count_phrases_at_once(symbols, n, places):
    """`count_phrases` of at most 64 symbols; ``places`` has a bit for each place at which a symbol stands.

    All earlier places from which a phrase may be copied are followed side by side, one bit each.
    """
    if n < 2:
        return n
    phrases, start = 1, 1
    while start < n:
        candidates = (ONE << np.uint64(start)) - ONE
        length = 0
        while start + length < n:
            candidates &= places[symbols[start + length]] >> np.uint64(length)
            if candidates == 0:
                break
            length += 1
        phrases += 1
        start += length + 1
    return phrases


@kernel
def score_rows(
    label, offsets, code_of_label, root, quality, n_qualities, worth, notes, x, y, bits, outside,
    key_tonic, key_mode, key_step, duration, duration_step, window, log_factorial, share_bits, wanted,
    n_events, means, rarefied, entropy, phrases, surprisal, spread, chromatic,
):  # fmt: skip
    """Score every track.

    Parameters
    ----------
    label, offsets : the ragged table; code_of_label gives each label's event, -1 for N and X
    root, quality, notes, x, y : of each event: root, number of its quality, number of notes and their sum on the
        circle of fifths
    worth : float64 array, shape (n_codes, k); numbers that belong to an event, whose means are wanted
    bits : surprise of each token after each, tokens as interval * n_qualities + quality
    outside : int8 array, shape (2, 12, n_codes); notes of an event outside each key
    key_*, duration : columns, with a step of 0 where one value stands for all rows
    log_factorial : ln k! for k up to the longest track; share_bits : -k/w log2(k/w) for k up to the window w
    wanted : bool array, shape (5,); rarefied types, windows, surprisal, spread, chromatic share
    n_events, means (k rows) and so on : out, one entry a track
    """
    n_codes, k = worth.shape
    seen = np.full(n_codes, -1, np.int64)  # track that last met this event
    count = np.zeros(n_codes, np.int64)
    types = np.empty(n_codes, np.int64)
    total = np.empty(k)
    in_window = np.empty(window, np.int64)
    ranks = np.empty(window, np.int32)
    met = np.full(n_codes, -1, np.int64)  # window that last met this event
    rank_of = np.empty(n_codes, np.int32)
    places = np.empty(64, np.uint64)
    often = np.empty(window, np.int64)
    n_windows_before = 0
    ln2 = np.log(2.0)
    for row in range(len(offsets) - 1):
        n, n_types, steps, n_windows, filled = 0, 0, 0, 0, 0
        before, token_before, root_before = -2, 0, 0
        key, weight_in_keys, weight_outside = -1, 0.0, 0.0
        surprise, entropies, pieces = 0.0, 0.0, 0.0
        for i in range(offsets[row], offsets[row + 1]):
            code = code_of_label[label[i]]
            if code != before:
                joined = before >= 0
                before = code
                if code < 0:
                    continue
                n += 1
                if wanted[2]:
                    interval = 12
                    if joined:
                        interval = root[code] - root_before
                        if interval < 0:
                            interval += 12
                    token = interval * n_qualities + quality[code]
                    if joined:
                        surprise += bits[token_before, token]
                        steps += 1
                    token_before, root_before = token, root[code]
                if seen[code] != row:
                    seen[code] = row
                    count[code] = 0
                    types[n_types] = code
                    n_types += 1
                count[code] += 1
                if wanted[1]:
                    in_window[filled] = code
                    filled += 1
                    if filled == window:
                        filled = 0
                        number = n_windows_before + n_windows
                        n_windows += 1
                        kinds = 0
                        for j in range(window):
                            c = in_window[j]
                            if met[c] != number:
                                met[c] = number
                                rank_of[c] = kinds
                                often[kinds] = 0
                                if window <= 64:
                                    places[kinds] = 0
                                kinds += 1
                            r = rank_of[c]
                            ranks[j] = r
                            often[r] += 1
                            if window <= 64:
                                places[r] |= ONE << np.uint64(j)
                        plain = 0.0
                        for r in range(kinds):
                            plain += share_bits[often[r]]
                        entropies += plain + (kinds - 1) / (2 * window * ln2)
                        if window <= 64:
                            found = count_phrases_at_once(ranks, window, places)
                        else:
                            found = count_phrases(ranks)
                        pieces += found * np.log2(window) / window
                if wanted[4]:
                    tonic, mode = key_tonic[i * key_step], key_mode[i * key_step]
                    key = mode * 12 + tonic if tonic >= 0 and mode >= 0 else -1
            if wanted[4] and code >= 0 and key >= 0:
                weight = duration[i * duration_step]
                if weight == weight:
                    weight_in_keys += weight * notes[code]
                    weight_outside += weight * outside[key // 12, key % 12, code]
        n_windows_before += n_windows
        n_events[row] = n
        for j in range(k):
            total[j] = 0.0
        types_expected, sum_notes, sum_x, sum_y = 0.0, 0.0, 0.0, 0.0
        for t in range(n_types):
            code = types[t]
            c = count[code]
            for j in range(k):
                total[j] += c * worth[code, j]
            if wanted[3]:
                sum_notes += c * notes[code]
                sum_x += c * x[code]
                sum_y += c * y[code]
            if wanted[0] and n >= window:
                others = n - c  # a type is missed when all that is drawn comes from these
                missed = 0.0
                if others >= window:
                    missed = np.exp(
                        log_factorial[others] - log_factorial[others - window] - log_factorial[n]
                        + log_factorial[n - window]
                    )  # fmt: skip
                types_expected += 1 - missed
        for j in range(k):
            means[j, row] = total[j] / n if n > 0 else np.nan
        if wanted[0]:
            rarefied[row] = types_expected if n >= window else np.nan
        if wanted[1]:
            entropy[row] = entropies / n_windows if n_windows > 0 else np.nan
            phrases[row] = pieces / n_windows if n_windows > 0 else np.nan
        if wanted[2]:
            surprisal[row] = surprise / steps if steps > 0 else np.nan
        if wanted[3]:
            length = np.sqrt(sum_x * sum_x + sum_y * sum_y) / max(sum_notes, 1.0)
            spread[row] = np.sqrt(min(max(1 - length, 0.0), 1.0)) if sum_notes > 0 else np.nan
        if wanted[4]:
            chromatic[row] = weight_outside / weight_in_keys if weight_in_keys > 0 else np.nan
