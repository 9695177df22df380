"""The loop that writes songs from sharpened n-grams, event after event.

Imported on first use, for it imports numba.
"""

import numpy as np

from musictrend.compilation import kernel

__all__ = ["write_songs"]


@kernel
def find_first(values, low, high, goal):
    """First place in values[low:high], which rise, that is above the goal."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] > goal:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def find_context(contexts, low, high, context):
    """Place of a context in contexts[low:high], or -1."""
    stop = high
    while low < high:
        middle = (low + high) // 2
        if contexts[middle] < context:
            low = middle + 1
        else:
            high = middle
    if low < stop and contexts[low] == context:
        return low
    return -1


@kernel
def write_songs(
    length, first, period, repeat, start_context, draw, loop, allow_repeats, n_tokens, order,
    kept, grouped, bound, contexts, start, stop, before, share, on_top, token, cumulative,
    dense_kept, dense, out,
):  # fmt: skip
    """Write every song of a plan into `out`.

    Sparse levels lie one after the other, general first; level k has the contexts bound[k]:bound[k + 1],
    whose entries are start:stop of token and cumulative. dense holds the cumulative distributions of the
    lowest level.
    """
    wide = n_tokens + 1
    span = wide ** (order - 1)
    for song in range(len(length)):
        context = start_context[song]
        at = first[song]
        previous = n_tokens
        for t in range(length[song]):
            u = draw[at + t]
            chosen = np.int64(-1)
            p = period[song]
            if p > 0 and t >= p and loop[at + t] < repeat[song]:
                heard = np.int64(out[at + t - p])
                if allow_repeats or heard != previous:
                    chosen = heard
            level = len(kept) - 1
            while chosen < 0 and level >= 0:
                power = wide ** kept[level]
                seen = context % power
                if grouped[level]:
                    seen += context // span * power
                place = find_context(contexts, bound[level], bound[level + 1], seen)
                if place >= 0:
                    if u < share[place]:
                        goal = before[place] + u / share[place] * on_top[place]
                        entry = find_first(cumulative, start[place], stop[place], goal)
                        chosen = np.int64(token[min(entry, stop[place] - 1)])
                    else:
                        u = (u - share[place]) / (1.0 - share[place])
                level -= 1
            if chosen < 0:
                row = context % wide if dense_kept == 1 else context // span
                entry = find_first(dense[row], 0, n_tokens, u)
                chosen = np.int64(min(entry, n_tokens - 1))
            out[at + t] = chosen
            previous = chosen
            if order > 1:
                context = context // span * span + (context % (span // wide)) * wide + chosen
