"""Loops that walk a row's transition graph, and that shuffle rows to see what order alone contributes.

Imported on first use, for it imports numba. Every row's result depends on that row alone: its shuffles are
drawn by a generator seeded with the row's own content.
"""

import numpy as np

from musictrend.compilation import kernel
from musictrend.complexity.sequence_kernels import count_phrases

__all__ = ["compare_shuffles", "measure_graphs"]

QUANTITIES = 5  # density, reciprocity, node entropy, efficiency, phrases


@kernel
def mix_bits(state):
    """Next number of a 64-bit generator (SplitMix64)."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def hash_symbols(symbols):
    """A number that depends on the row's pattern of repetition alone."""
    state = np.uint64(len(symbols))
    for symbol in symbols:
        state = mix_bits(state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(symbol) + np.uint64(1))
    return state


@kernel
def shuffle_symbols(symbols, state):
    """Shuffle in place; returns the generator's next state."""
    for i in range(len(symbols) - 1, 0, -1):
        state += np.uint64(0x9E3779B97F4A7C15)
        j = np.int64((mix_bits(state) >> np.uint64(33)) % np.uint64(i + 1))
        symbols[i], symbols[j] = symbols[j], symbols[i]
    return state


@kernel
def measure_graph(symbols, joined, k, count, neighbour, degree, queue, distance, out):
    """Density, reciprocity, mean node entropy and global efficiency of one row's transition graph.

    ``count`` comes and goes as zeros, shape (k, k). A chord's transitions to itself (in shuffles) do not count.
    """
    edges = 0
    degree[:k] = 0
    for i in range(1, len(symbols)):
        a, b = symbols[i - 1], symbols[i]
        if joined[i] and a != b:
            if count[a, b] == 0:
                neighbour[a, degree[a]] = b
                degree[a] += 1
                edges += 1
            count[a, b] += 1
    out[:4] = np.nan
    if k < 2 or edges == 0:
        for a in range(k):
            for e in range(degree[a]):
                count[a, neighbour[a, e]] = 0
        return
    mutual, entropy, sources, near = 0, 0.0, 0, 0.0
    for a in range(k):
        total = 0
        for e in range(degree[a]):
            b = neighbour[a, e]
            total += count[a, b]
            if count[b, a] > 0:
                mutual += 1
        if total > 0:
            sources += 1
            for e in range(degree[a]):
                share = count[a, neighbour[a, e]] / total
                entropy -= share * np.log2(share)
        distance[:k] = -1
        distance[a] = 0
        queue[0] = a
        head, tail = 0, 1
        while head < tail:
            node = queue[head]
            head += 1
            for e in range(degree[node]):
                other = neighbour[node, e]
                if distance[other] < 0:
                    distance[other] = distance[node] + 1
                    near += 1.0 / distance[other]
                    queue[tail] = other
                    tail += 1
    for a in range(k):
        for e in range(degree[a]):
            count[a, neighbour[a, e]] = 0
    pairs = k * (k - 1)
    out[0] = edges / pairs
    out[1] = mutual / edges
    out[2] = entropy / sources
    out[3] = near / pairs


@kernel
def measure_graphs(rank, joined, n_types, offsets, out):
    """`measure_graph` of each row: ``out`` has shape (rows, 4)."""
    for row in range(len(offsets) - 1):
        k = n_types[row]
        count = np.zeros((k, k), np.int64)
        neighbour = np.empty((k, k), np.int64)
        degree, queue, distance = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(k, np.int64)
        part = slice(offsets[row], offsets[row + 1])
        measure_graph(rank[part], joined[part], k, count, neighbour, degree, queue, distance, out[row])


@kernel
def compare_shuffles(rank, joined, n_types, offsets, n_shuffles, own, mean, sd):
    """Graph quantities and Lempel-Ziv phrases of each row, and their mean and SD over shuffles of it.

    Shuffles keep how often each chord occurs. ``own``, ``mean`` and ``sd`` have shape (rows, 5); a quantity that
    some shuffle lacks is averaged over the others.
    """
    for row in range(len(offsets) - 1):
        n, k = offsets[row + 1] - offsets[row], n_types[row]
        own[row, :] = np.nan
        mean[row, :] = np.nan
        sd[row, :] = np.nan
        if n < 2:
            continue
        part = slice(offsets[row], offsets[row + 1])
        links = joined[part]
        symbols = rank[part].copy()
        count = np.zeros((k, k), np.int64)
        neighbour = np.empty((k, k), np.int64)
        degree, queue, distance = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(k, np.int64)
        measure_graph(symbols, links, k, count, neighbour, degree, queue, distance, own[row])
        own[row, 4] = count_phrases(symbols)
        found = np.empty((n_shuffles, QUANTITIES))
        state = hash_symbols(symbols)
        for turn in range(n_shuffles):
            state = shuffle_symbols(symbols, state)
            measure_graph(symbols, links, k, count, neighbour, degree, queue, distance, found[turn])
            found[turn, 4] = count_phrases(symbols)
        for quantity in range(QUANTITIES):
            there, total = 0, 0.0
            for turn in range(n_shuffles):
                if not np.isnan(found[turn, quantity]):
                    there += 1
                    total += found[turn, quantity]
            if there > 1:
                centre = total / there
                spread = 0.0
                for turn in range(n_shuffles):
                    if not np.isnan(found[turn, quantity]):
                        spread += (found[turn, quantity] - centre) ** 2
                mean[row, quantity] = centre
                sd[row, quantity] = np.sqrt(spread / (there - 1))
