"""The kernels against plain Python that follows the definitions word by word."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from songs import JAZZ, events, random_song

from musictrend.complexity import (
    build_grammar,
    chord_types,
    entropy,
    estimators,
    network,
    prediction,
    reference_model,
    spiral,
    syntax,
    tonality,
)
from musictrend.complexity.distance import voice_leading_steps
from musictrend.complexity.ragged import cut_windows, find_transitions
from musictrend.complexity.reference import count_alphabet, token_keys
from musictrend.harmony import Chord, ChordTable

symbols = st.lists(st.integers(0, 5), min_size=1, max_size=40)


def ppm(sequence, bound, escape, exclusion, update_exclusion, deterministic):
    """PPM with its n-grams in a dictionary, as Pearce (2005) tells it."""
    alphabet = sorted(set(sequence))
    less = {"B": 1, "D": 0.5}.get(escape, 0)

    def trusted(total, counts):
        distinct, once = sum(c > 0 for c in counts.values()), sum(0 < c <= 1 for c in counts.values())
        escaped = {"A": 1, "B": distinct, "C": distinct, "D": distinct / 2, "AX": once + 1}[escape]
        return total / (total + escaped)

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
            counts = {a: max(table[(*tail(order), a)] - less, 0) for a in alphabet}
            total = sum(c for a, c in counts.items() if a not in excluded)
            if total:
                orders.append((total, trusted(total, counts), counts))
                excluded |= {a for a in alphabet if counts[a] and exclusion}
        met = excluded if exclusion else seen
        share = dict.fromkeys(alphabet, 1 / (len(alphabet) + 1 - len(met)))
        for total, trust, counts in reversed(orders):
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


@settings(max_examples=80, deadline=None)
@given(symbols, st.integers(0, 12), st.sampled_from(prediction.ESCAPES), st.booleans(), st.booleans(), st.booleans())
def test_ppm_agrees_with_a_dictionary_of_n_grams(sequence, bound, escape, exclusion, update_exclusion, deterministic):
    found = prediction.predict_ppm(
        sequence,
        order_bound=bound,
        escape=escape,
        exclusion=exclusion,
        update_exclusion=update_exclusion,
        shortest_deterministic=deterministic,
    )
    expected = ppm(sequence, bound, escape, exclusion, update_exclusion, deterministic)
    np.testing.assert_allclose(found, expected, atol=1e-9)


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
def test_the_transition_network_agrees_with_networkx(seed):
    networkx = pytest.importorskip("networkx")
    table = random_song(np.random.default_rng(seed), 60).to_table().events("root")
    steps = find_transitions(table)
    graph = networkx.DiGraph()
    graph.add_nodes_from(labels_of(table))
    pairs = Counter(zip(table.code[steps.source].tolist(), table.code[steps.target].tolist(), strict=True))
    graph.add_weighted_edges_from((a, b, n) for (a, b), n in pairs.items())
    lengths = dict(networkx.all_pairs_shortest_path_length(graph))
    total = sum(1 / d for source in lengths for d in lengths[source].values() if d)
    n = graph.number_of_nodes()
    assert network.graph_efficiency(table)[0] == pytest.approx(total / (n * (n - 1)))
    assert network.graph_density(table)[0] == pytest.approx(networkx.density(graph))
    assert network.graph_reciprocity(table)[0] == pytest.approx(networkx.reciprocity(graph))
    shares = networkx.stochastic_graph(graph)
    spread = [
        -sum(edge["weight"] * math.log2(edge["weight"]) for edge in out.values())
        for _, out in shares.adjacency()
        if out
    ]
    assert network.graph_node_entropy(table)[0] == pytest.approx(np.mean(spread))


@pytest.mark.parametrize("seed", range(3))
def test_entropies_agree_with_nltk(seed):
    nltk = pytest.importorskip("nltk", reason="nltk is no dependency; it counts n-grams here")
    table = random_song(np.random.default_rng(seed), 60).to_table().events("majmin")

    def entropy_of(samples):
        return nltk.probability.entropy(nltk.MLEProbDist(nltk.FreqDist(samples)))

    assert entropy.type_entropy_ml(table)[0] == pytest.approx(entropy_of(labels_of(table)))
    assert entropy.hill1(table)[0] == pytest.approx(2 ** entropy_of(labels_of(table)))
    whole = random_song(np.random.default_rng(seed), 40).to_table().events("majmin")
    parts = np.split(whole.code, np.flatnonzero(~whole.joined)[1:])  # no block leads across N
    for length in (1, 2, 3):
        blocks = [gram for part in parts for gram in nltk.ngrams(part.tolist(), length)]
        assert syntax.block_entropy(whole, length)[0] == pytest.approx(entropy_of(blocks))


def test_the_long_memory_agrees_with_witten_bell_of_nltk():
    lm = pytest.importorskip("nltk.lm", reason="nltk is no dependency; it smooths n-grams here")
    table = ChordTable.from_sequences([random_song(np.random.default_rng(s), 80, str(s)) for s in range(5)])
    heard = table.events("root")
    grammar = build_grammar(heard, min_songs=1, longest=3)
    key, joined = token_keys(heard), heard.joined
    # nltk's contexts are padded; ours end where chords are not neighbours. So n-grams are given as they are.
    model = lm.WittenBellInterpolated(4)
    words = [str(token) for token in key]
    model.vocab.update(words)
    rows = np.flatnonzero(joined)
    model.counts.update([[(words[i],)] for i in rows])
    for back in (1, 2, 3):
        whole = [i for i in rows if all(joined[i - step] for step in range(back))]
        model.counts.update([[tuple(words[i - back : i + 1])] for i in whole])
    column, shares = grammar.columns, np.exp(grammar.long_shares)
    context = grammar.find_contexts(heard)
    uniform = 1 / count_alphabet("root")
    alone = {str(t): (w + grammar.distinct * uniform) / (grammar.total + grammar.distinct)
             for t, w in zip(grammar.token, grammar.weight, strict=True)}  # fmt: skip
    model.estimator.unigram_score = lambda word: alone[word]  # theirs leaves nothing for the unseen
    for i in rows[:150]:
        back = next(b for b in (0, 1, 2, 3) if b == 3 or not joined[i - b])
        theirs = model.score(words[i], tuple(words[i - back : i]))
        assert shares[context[i], column[key[i]]] == pytest.approx(theirs)


def tonal_tension(monkeypatch):
    """partitura's spiral array with Chew's rise; as published it has 0.901 a fifth in place of .365."""
    tension = pytest.importorskip(
        "partitura.musicanalysis.tonal_tension", reason="partitura is no dependency; it knows the spiral array"
    )
    places = np.column_stack(tension.helical_to_cartesian(tension.T, a=np.sqrt(2 / 15) * 2 / np.pi))
    monkeypatch.setattr(tension, "PITCH_COORDINATES", places)
    return tension, places


def test_the_spiral_array_agrees_with_partitura(monkeypatch):
    tension, places = tonal_tension(monkeypatch)
    c = tension.C_IDX
    for mode, centre in enumerate((tension.major_key(c), tension.minor_key(c))):
        np.testing.assert_allclose(spiral._key_centres()[mode], centre)
    clouds = {"C": [0, 4, 1], "A:min": [3, 0, 4], "G:7": [1, 5, 2, -1], "Db": [-5, -1, -4], "F#:min": [6, 3, 7]}
    for label, steps in clouds.items():
        cloud = places[c + np.array(steps)]
        centre = tension.center_of_effect(cloud, np.ones(len(cloud)))
        strain = np.linalg.norm(centre - tension.major_key(c))
        assert spiral.spiral_strain(events([label]))[0] == pytest.approx(strain), label
        pair = np.concatenate([places[c + np.array(clouds["C"])], cloud])
        if label != "C":
            assert spiral.spiral_diameter(events(["C", label]))[0] == pytest.approx(tension.cloud_diameter(pair))
            first = tension.center_of_effect(places[c + np.array(clouds["C"])], np.ones(3))
            assert spiral.spiral_momentum(events(["C", label]))[0] == pytest.approx(np.linalg.norm(centre - first))


def test_what_sounds_agrees_with_mir_eval():
    mir_eval = pytest.importorskip("mir_eval")
    # A thirteenth has its eleventh in mir_eval and none here.
    labels = [label for label in JAZZ if not set("(/") & set(label) and "1" not in label]
    roots, bitmaps, _ = mir_eval.chord.encode_many(labels, reduce_extended_chords=True)
    bitmaps = bitmaps > 0
    sizes = bitmaps.sum(axis=1)
    table = events(labels)
    assert chord_types.cardinality(table)[0] == pytest.approx(sizes.mean())
    assert chord_types.nontriad_share(table)[0] == pytest.approx((sizes >= 4).mean())
    assert chord_types.extended_share(table)[0] == pytest.approx((sizes >= 5).mean())
    dominant = bitmaps[:, [0, 4, 10]].all(axis=1)
    assert chord_types.dominant_seventh_share(table)[0] == pytest.approx(dominant.mean())
    falls = (roots[1:] - roots[:-1]) % 12 == 11
    assert tonality.tritone_substitution_share(table)[0] == pytest.approx((dominant[:-1] & falls).mean())


def test_scales_and_borrowed_chords_agree_with_music21():
    from music21 import scale

    labels = "C F:min Ab Bb:7 D:hdim7 B:dim7 E:7 D Db G:7 A:min C:min Eb F#:dim".split()

    def notes(kind):
        return {pitch.pitchClass for pitch in kind("C").getPitches("C4", "C5")}

    major, minor = notes(scale.MajorScale), notes(scale.MinorScale) | notes(scale.HarmonicMinorScale)
    chords = [{p for p in range(12) if Chord(label).chroma >> p & 1} for label in labels]
    borrowed = [chord <= minor and not chord <= major for chord in chords]
    assert tonality.borrowed_share(events(labels))[0] == pytest.approx(np.mean(borrowed))
    outside = [Chord(label).root not in major for label in labels]
    assert tonality.nondiatonic_root_share(events(labels))[0] == pytest.approx(np.mean(outside))
    in_minor = [Chord(label).root not in minor for label in labels]
    assert tonality.nondiatonic_root_share(events(labels, key="C:minor"))[0] == pytest.approx(np.mean(in_minor))


def nsb(counts, alphabet):
    """Nemenman, Shafee and Bialek's estimate by adaptive quadrature over every type, in nats."""
    from scipy import integrate, special

    found = np.array([*counts, *[0] * (alphabet - len(counts))], dtype=float)
    n = found.sum()

    def weight(t):
        b = math.exp(t)
        likelihood = special.gammaln(alphabet * b) - special.gammaln(n + alphabet * b)
        likelihood += (special.gammaln(found + b) - special.gammaln(b)).sum()
        prior = alphabet * special.polygamma(1, alphabet * b + 1) - special.polygamma(1, b + 1)
        return math.exp(likelihood - top) * prior * b

    def expected(t):
        b = math.exp(t)
        share = (found + b) / (n + alphabet * b)
        return special.digamma(n + alphabet * b + 1) - (share * special.digamma(found + b + 1)).sum()

    top = 0.0
    top = max(math.log(max(weight(t), 1e-300)) for t in np.linspace(-8, 8, 33)) if n < 100 else 0.0
    options = {"limit": 400, "epsabs": 0, "epsrel": 1e-9}
    total = integrate.quad(weight, -16, 16, **options)[0]
    return integrate.quad(lambda t: weight(t) * expected(t), -16, 16, **options)[0] / total


@pytest.mark.parametrize(
    ("counts", "alphabet"),
    [((4, 2, 3, 2, 4, 2, 1, 1), 20), ((8, 8, 7, 7), 168), ((1,) * 30, 168), ((29, 1), 24), ((10, 5, 3, 1, 1), 12)],
    ids=str,
)
def test_nsb_agrees_with_adaptive_quadrature(counts, alphabet):
    found = estimators.estimate_entropy(counts, "nsb", alphabet)
    assert found == pytest.approx(nsb(counts, alphabet) / math.log(2), rel=1e-5)


def joint_bits(row, grammar, alphabet, bias):
    """Bits of each joined event of one row under both memories, over every chord of the vocabulary one by one."""
    chords = [(root, bitmap) for root in range(12) for bitmap in QUALITIES]
    assert len(chords) == alphabet
    own = [(int(r), int(b)) for r, b in zip(row.root, row.bitmap, strict=True)]
    context, column, shares = grammar.find_contexts(row), grammar.columns, np.exp(grammar.long_shares)
    found = []
    for i in np.flatnonzero(row.joined):
        # The short memory's distribution: one run of PPM for each chord that might come.
        short = np.array([
            2.0 ** -prediction.predict_ppm([*own[:i], chord], alphabet=alphabet)[-1] for chord in chords
        ])  # fmt: skip
        long = np.array([shares[context[i], column[(r - own[i - 1][0]) % 12 * 4096 + b]] for r, b in chords])
        assert short.sum() == pytest.approx(1) and long.sum() == pytest.approx(1)
        weights = [(-(p * np.log2(p)).sum()) ** -bias for p in (long, short)]
        both = (long ** weights[0] * short ** weights[1]) ** (1 / sum(weights))
        found.append(-np.log2(both[chords.index(own[i])] / both.sum()))
    return found


QUALITIES = (Chord("C").bitmap, Chord("C:min").bitmap)


@pytest.mark.parametrize("bias", [0.0, 1.0, 7.0])
def test_both_memories_together_agree_with_a_product_over_all_chords(bias):
    row = random_song(np.random.default_rng(4), 14).to_table().events("majmin")
    grammar = reference_model()["majmin"]
    expected = np.mean(joint_bits(row, grammar, count_alphabet("majmin"), bias))
    assert prediction.surprisal_ppm_both(row, bias=bias)[0] == pytest.approx(expected)


def test_entropy_of_prediction_agrees_with_a_sum_over_what_might_come():
    text = "abracadabra"
    found = prediction.predict_ppm(text, entropy=True, alphabet=6)
    for i in range(len(text)):
        shares = [
            2.0 ** -prediction.predict_ppm(text[:i] + symbol, alphabet=6)[-1] for symbol in "abcdrz"
        ]  # fmt: skip
        assert sum(shares) == pytest.approx(1)
        assert found[i] == pytest.approx(-sum(p * math.log2(p) for p in shares))


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
