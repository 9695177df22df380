"""What the registry says of each measure is true of it."""

from __future__ import annotations

import numpy as np
import pytest
from songs import JAZZ, PLAIN, song

from musictrend.complexity import Measure, get_measure, list_measures, register, score_table, select_measures
from musictrend.complexity.measure import FACETS, LENGTH_RULES, evaluate
from musictrend.errors import ParameterError
from musictrend.harmony import VOCABULARIES, Chord, ChordSequence, ChordTable, Key
from musictrend.harmony.reduction import is_at_least

NAMES = [measure.name for measure in select_measures("all")]
DESIGNED = """
    types_rarefied type_entropy hill2 mtld cardinality nontriad_share extended_share dominant_seventh_share
    minor_seventh_share sus_share conditional_entropy surprisal surprisal_ppm lz76 graph_efficiency
    fifths_spread chromatic_share flat_side_share applied_share key_change_rate tps_distance spiral_diameter
    tiv_distance voice_leading roughness harmonicity tiv_dissonance changes_per_bar changes_per_second
    composite
""".split()


def value(name: str, sequence: ChordSequence, vocabulary: str = "full") -> float:
    return float(evaluate(name, sequence.to_table().events(vocabulary))[0])


def modulating(labels) -> ChordSequence:
    """Through keys a minor third apart, major and minor in turn."""
    keys = tuple(Key((i // 8) * 3 % 12, ("major", "minor")[i // 8 % 2]) for i in range(len(labels)))
    return song(labels, keys=keys)


def timed_for(name: str, sequence: ChordSequence) -> ChordSequence:
    """The song in the unit that the measure needs: quarter notes or, else, seconds."""
    if get_measure(name).needs_quarters:
        return ChordSequence(
            sequence.chords, unit="quarters", durations=sequence.durations, bars=sequence.bars, keys=sequence.keys
        )
    return sequence


def test_every_designed_measure_is_registered():
    assert set(DESIGNED) <= set(NAMES)
    assert list_measures()["measure"].is_unique
    assert set(list_measures()["facet"]) == set(FACETS)


def test_core_covers_all_facets():
    core = select_measures("core")
    assert len(core) >= 10
    assert {measure.facet for measure in core} == set(FACETS)


@pytest.mark.parametrize("name", NAMES)
def test_finite_and_in_range_on_real_looking_songs(name):
    measure = get_measure(name)
    for labels in (PLAIN * 2, JAZZ * 2, JAZZ + PLAIN):
        found = value(name, timed_for(name, modulating(labels)))
        assert np.isfinite(found)
        assert measure.low <= found <= measure.high


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("labels", [[], ["N"], ["N", "X", "N"]], ids=["empty", "silence", "unknown"])
def test_absent_on_silence(name, labels):
    assert np.isnan(value(name, song(labels)))


@pytest.mark.parametrize("name", NAMES)
def test_absent_below_the_coarsest_vocabulary_and_never_zero(name):
    table = timed_for(name, modulating(JAZZ + PLAIN)).to_table()
    for vocabulary in VOCABULARIES:
        found = evaluate(name, table.events(vocabulary))[0]
        assert np.isfinite(found) == is_at_least(vocabulary, get_measure(name).coarsest), vocabulary


@pytest.mark.parametrize("name", NAMES)
def test_declared_needs_are_true(name):
    measure = get_measure(name)
    full = modulating(JAZZ * 2)
    in_order = ChordSequence(full.chords, keys=full.keys, bars=full.bars, unit="order")
    timed = measure.needs_seconds or measure.needs_quarters
    for lacks, sequence in (
        (measure.needs_key, timed_for(name, song(JAZZ * 2, keys=None))),
        (measure.needs_bars, timed_for(name, song(JAZZ * 2, bars=None))),
        (timed, in_order),
    ):
        assert np.isnan(value(name, sequence)) == lacks
    assert np.isnan(value(name, full)) == measure.needs_quarters


# What raises each measure: (simpler song, more complex song). The default is plain triads against jazz.
HOME = ["C", "G", "C", "F"] * 10
WANDERING = ["C", "F", "G", "F", "C", "G", "F", "G", "C", "G"] * 4
VERSE = ["C", "A:min", "F", "G", "E:min", "D:min", "G", "F"]
BRIDGES = [["Ab", "Bb", "Eb", "Db", "F#", "B", "E", "A"], ["D", "Bb", "G:min", "A", "Eb", "C:min", "Ab", "F:min"]]
MOVES = {
    "sus_share": (PLAIN, ["C:sus4", "F:sus2", "G:sus4", "C"] * 10),
    "conditional_entropy": (["C", "F", "G"] * 14, WANDERING),
    "graph_node_entropy": (["C", "F", "G"] * 14, WANDERING),
    "graph_reciprocity": (["C", "F"] * 20, PLAIN),
    "graph_reciprocity_excess": (HOME, ["C", "F", "G"] * 14),
    "tps_distance": (HOME, ["C", "E:min", "F#", "B:dim"] * 10),
    "spiral_diameter": (HOME, ["C", "F#", "Eb", "A"] * 10),
    "spiral_momentum": (HOME, ["C", "F#", "Eb", "A"] * 10),
    "tiv_distance": (HOME, ["C", "F#", "C", "Db"] * 10),
    "spectral_distance": (HOME, ["C", "F#", "C", "Db"] * 10),
    "voice_leading": (["C", "E:min", "C", "A:min"] * 10, ["C", "F#"] * 20),
    "section_repetition": (VERSE * 9, VERSE + BRIDGES[0] + BRIDGES[1] + JAZZ + PLAIN[:6]),
}


@pytest.mark.parametrize("name", NAMES)
def test_moves_with_complexity_as_its_row_says(name):
    simple, rich = MOVES.get(name, (PLAIN, JAZZ))
    if name.startswith("changes_per"):
        low = value(name, timed_for(name, song(PLAIN)))
        quick = song(PLAIN, durations=np.full(len(PLAIN), 0.25), bars=np.full(len(PLAIN), 0.25))
        high = value(name, timed_for(name, quick))
    else:
        low = value(name, song(simple))
        high = value(name, modulating(rich) if name.endswith("change_rate") else song(rich))
    assert (high > low) if get_measure(name).rises_with_complexity else (high < low)


@pytest.mark.parametrize("name", [n for n in NAMES if get_measure(n).windowed])
def test_a_windowed_value_needs_a_whole_window_and_drops_what_is_left_over(name):
    assert np.isnan(value(name, song(JAZZ[:29])))
    whole, longer = value(name, song((JAZZ * 2)[:60])), value(name, song((JAZZ * 2)[:60] + ["C", "D:7"] * 14))
    assert whole == longer


@pytest.mark.parametrize("name", [n for n in NAMES if get_measure(n).windowed])
def test_a_windowed_value_is_the_mean_of_its_windows(name):
    first, second = JAZZ[:30], PLAIN[:30]
    halves = [value(name, song(half)) for half in (first, second)]
    assert value(name, song(first + second)) == pytest.approx(np.mean(halves))


@pytest.mark.parametrize("name", ["types_rarefied", "mtld", *(n for n in NAMES if get_measure(n).windowed)])
def test_the_window_is_a_parameter(name):
    table = song(JAZZ[:20]).to_table()
    scores = score_table(table, [name], ["full"], window=16)
    assert np.isfinite(scores[name, "full"][0])
    assert np.isnan(score_table(table, [name], ["full"])[name, "full"][0])


def test_longer_songs_of_the_same_habits_have_the_same_rarefied_types():
    once, twice = song(PLAIN), song(PLAIN * 4)
    assert value("types_rarefied", once) == pytest.approx(value("types_rarefied", twice), abs=0.1)


def test_no_transition_leads_across_silence():
    split = song(["C", "F#", "N", "C", "F#"])
    assert value("tiv_distance", split) == value("tiv_distance", song(["C", "F#"]))
    assert np.isnan(value("voice_leading", song(["C", "N", "F#"])))


def test_a_share_counts_events_and_not_seconds():
    sequence = song(["C", "G:7", "C", "F"], durations=[1, 100, 1, 1])
    assert value("dominant_seventh_share", sequence) == 0.25


def test_chromatic_share_is_weighted_by_duration():
    short = song(["C", "D"], durations=[3.0, 1.0])  # F# is one note of six, for a quarter of the time
    assert value("chromatic_share", short) == pytest.approx(1 / 12)


def test_minor_knows_both_sevenths():
    sequence = song(["A:min", "E:7", "G", "A:min"], "A:minor")
    assert value("chromatic_share", sequence) == 0


def test_own_dominant_is_not_applied_but_a_dominant_of_it_is():
    assert value("applied_share", song(["G:7", "C", "G:7", "C"])) == 0
    assert value("applied_share", song(["C", "A:7", "D:min", "G:7", "C"])) == 0.25
    assert value("applied_share", song(["A:min", "D:min"])) == 0  # a fifth down, without a dominant seventh


def test_half_diminished_is_no_minor_seventh_unless_the_fifth_sounds():
    assert value("minor_seventh_share", song(["B:hdim7"])) == 0
    assert value("minor_seventh_share", song(["B:min7"])) == 1
    assert value("minor_seventh_share", song([Chord.from_parts("B", ["b3", "5", "b5", "b7"]).label])) == 1


def test_sus_and_power_chords_are_not_beyond_triads():
    assert value("nontriad_share", song(["C:sus4", "C:5", "C:sus2", "C:1"])) == 0


def test_a_name_is_registered_once():
    measure = get_measure("lz76")
    with pytest.raises(ParameterError, match="'lz76' is registered already"):
        register(measure)


def test_a_wrong_name_gets_close_ones():
    with pytest.raises(ParameterError, match="close: 'roughness'"):
        select_measures(["roughnes"])
    with pytest.raises(ParameterError, match="facet='colour' must be one of vocabulary"):
        Measure("x", len, "colour", "none", 0, 1, True, "full", "", "", "")  # type: ignore[arg-type]


def test_the_table_of_measures_speaks():
    for row in list_measures().itertuples():
        assert row.title and row.description and row.citation and row.unit
        assert row.formula and row.blind_to and row.example
        assert row.low < row.high
        assert row.length_rule in LENGTH_RULES
        assert (row.length_rule == "window") >= row.windowed


def test_texts_of_the_registry_are_sentences_and_no_two_titles_are_alike():
    table = list_measures()
    assert table["title"].is_unique and table["formula"].is_unique
    for row in table.itertuples():
        assert row.description.endswith(".") and row.blind_to.endswith("."), row.measure


def test_a_length_rule_is_one_that_is_explained():
    with pytest.raises(ParameterError, match="length_rule='any' must be one of window"):
        Measure("x", len, "rhythm", "none", 0, 1, True, "full", "", "", "", length_rule="any")


def test_scores_take_a_table_without_tracks():
    scores = score_table(ChordTable.from_sequences([]), "all", ("full",))
    assert scores.to_frame().empty
