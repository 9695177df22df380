"""The kernels against plain Python that follows the definitions word by word."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from songs import events, random_song

from musictrend.complexity import chord_types, network, syntax
from musictrend.complexity.distance import voice_leading_steps
from musictrend.complexity.ragged import cut_windows, find_transitions

symbols = st.lists(st.integers(0, 5), min_size=1, max_size=40)


def ppm(sequence, bound, exclusion, update_exclusion, deterministic):
    """PPM with its n-grams in a dictionary, as Pearce (2005) tells it."""
    alphabet = sorted(set(sequence))
    full, new, found = Counter(), Counter(), []
    for i, symbol in enumerate(sequence):
        context = tuple(sequence[max(0, i - bound) : i])

        def tail(order, context=context):
            return context[len(context) - order :]

        def continuations(order, tail=tail):
            return sum(full[(*tail(order), a)] > 0 for a in alphabet)

        longest = next((o for o in range(len(context), -1, -1) if continuations(o)), -1)
        start, use_full = longest, False
        if deterministic:
            shortest = next((o for o in range(len(context) + 1) if continuations(o) == 1), longest)
            if shortest < longest:
                start, use_full = shortest, True
        excluded: set[int] = set()
        seen = {a for a in alphabet if full[(a,)]}
        orders = []
        for order in range(start, -1, -1):
            table = full if not update_exclusion or (use_full and order == start) else new
            counts = {a: table[(*tail(order), a)] for a in alphabet}
            total = sum(c for a, c in counts.items() if a not in excluded)
            if total:
                orders.append((total, sum(c > 0 for c in counts.values()), counts))
                excluded |= {a for a in alphabet if counts[a] and exclusion}
        share = dict.fromkeys(alphabet, 1 / (len(alphabet) + 1 - len(seen)))
        for total, distinct, counts in reversed(orders):
            trust = total / (total + distinct)
            share = {a: trust * counts[a] / total + (1 - trust) * share[a] for a in alphabet}
        found.append(-math.log2(share[symbol] / sum(share.values())))
        known = False
        for first in range(max(0, i - bound), i + 1):
            gram = tuple(sequence[first : i + 1])
            before = full[gram] > 0
            full[gram] += 1
            new[gram] += not known
            known = before
    return found


@settings(max_examples=150, deadline=None)
@given(symbols, st.integers(0, 12), st.booleans(), st.booleans(), st.booleans())
def test_ppm_agrees_with_a_dictionary_of_n_grams(sequence, bound, exclusion, update_exclusion, deterministic):
    found = syntax.predict_ppm(
        sequence,
        order_bound=bound,
        exclusion=exclusion,
        update_exclusion=update_exclusion,
        shortest_deterministic=deterministic,
    )
    np.testing.assert_allclose(found, ppm(sequence, bound, exclusion, update_exclusion, deterministic), atol=1e-9)


def phrases(sequence):
    """Exhaustive history: each phrase is the shortest piece that cannot be copied from what precedes its last
    symbol."""
    text, start, count = "".join(map(chr, sequence)), 0, 0
    while start < len(text):
        length = 1
        while start + length <= len(text) and text[start : start + length] in text[: start + length - 1]:
            length += 1
        start += length
        count += 1
    return count


@given(symbols)
def test_lempel_ziv_agrees_with_a_search_in_text(sequence):
    from musictrend.complexity.sequence_kernels import count_phrases

    assert count_phrases(np.array(sequence)) == phrases(sequence)


def cover(a, b):
    """Least total of an edge cover: every note has a partner, tried over all sets of pairs."""
    cost = {(x, y): min((x - y) % 12, (y - x) % 12) for x in a for y in b}
    best = math.inf
    # In a least cover every pair has an end of its own, so there are at most |a| + |b| - 1 of them.
    for size in range(max(len(a), len(b)), len(a) + len(b)):
        for pairs in itertools.combinations(cost, size):
            if {x for x, _ in pairs} == set(a) and {y for _, y in pairs} == set(b):
                best = min(best, sum(cost[pair] for pair in pairs))
    return best


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 11), min_size=1, max_size=4), st.sets(st.integers(0, 11), min_size=1, max_size=3))
def test_voice_leading_agrees_with_the_least_edge_cover(a, b):
    sets = [np.array([sum(1 << p for p in s)]) for s in (a, b)]
    assert voice_leading_steps(*sets)[0] == cover(sorted(a), sorted(b))
    assert voice_leading_steps(*sets[::-1])[0] == cover(sorted(a), sorted(b))


def labels_of(table):
    return [int(code) for code in table.code]


@pytest.mark.parametrize("seed", range(5))
def test_graph_efficiency_agrees_with_networkx(seed):
    networkx = pytest.importorskip("networkx")
    table = random_song(np.random.default_rng(seed), 40).to_table().events("majmin")
    steps = find_transitions(table)
    graph = networkx.DiGraph()
    graph.add_nodes_from(labels_of(table))
    graph.add_edges_from(zip(table.code[steps.source].tolist(), table.code[steps.target].tolist(), strict=True))
    lengths = dict(networkx.all_pairs_shortest_path_length(graph))
    total = sum(1 / d for source in lengths for d in lengths[source].values() if d)
    n = graph.number_of_nodes()
    assert network.graph_efficiency(table)[0] == pytest.approx(total / (n * (n - 1)))


@pytest.mark.parametrize("seed", range(5))
def test_vocabulary_measures_agree_with_counting(seed):
    table = random_song(np.random.default_rng(seed), 60).to_table().events("majmin")
    counts = Counter(labels_of(table))
    n = sum(counts.values())
    rarefied = sum(1 - math.comb(n - c, 30) / math.comb(n, 30) for c in counts.values())
    assert chord_types.types_rarefied(table)[0] == pytest.approx(rarefied)
    assert chord_types.hill2(table)[0] == pytest.approx(1 / sum((c / n) ** 2 for c in counts.values()))
    pairs = defaultdict(Counter)
    steps = find_transitions(table)
    for a, b in zip(table.code[steps.source].tolist(), table.code[steps.target].tolist(), strict=True):
        pairs[a][b] += 1
    total = sum(map(Counter.total, pairs.values()))
    entropy = -sum(c / total * math.log2(c / row.total()) for row in pairs.values() for c in row.values())
    assert syntax.conditional_entropy(table)[0] == pytest.approx(entropy)


def test_windows_follow_each_other_from_the_start():
    table = events(["C", "D"] * 35)
    windows, owner = cut_windows(table, 30)
    assert owner.tolist() == [0, 0] and windows.n_events.tolist() == [30, 30]
    assert windows.code.tolist() == table.code[:60].tolist()
    assert not windows.joined[0] and not windows.joined[30] and windows.joined[1:30].all()
