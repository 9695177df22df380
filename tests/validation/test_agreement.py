"""Our scores against mir_eval's, on generated and on real label sequences."""

from __future__ import annotations

import warnings

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.harmony import Chord, ChordSequence, ChordTable, Key
from musictrend.validation import SCORES, compare_chords
from musictrend.validation.agreement import KEY_RULES, Pieces, compare_pieces

THEIRS = [name for name in SCORES if name not in KEY_RULES]
QUALITIES = (
    "maj", "min", "aug", "dim", "sus2", "sus4", "1", "5", "7", "maj7", "min7", "minmaj7", "maj6", "min6", "dim7", "hdim7",
    "9", "maj9", "min9", "11", "min11", "13", "maj13", "min13", "maj(9)", "min(9)", "7(#9)", "7(b9)", "min7(11)", "sus4(b7)",
    "sus4(9)", "maj6(7)", "maj6(b7)", "min7(*5)", "aug(b7)", "(3,b7)", "maj(*3)", "min(*5)",
)  # fmt: skip
label = st.one_of(
    st.sampled_from(["N", "X"]),
    st.builds(
        lambda root, quality, bass: f"{root}:{quality}{bass}",
        st.sampled_from(["C", "C#", "Eb", "F", "G", "Bb"]),
        st.sampled_from(QUALITIES),
        st.sampled_from(["", "", "", "/3", "/b3", "/5", "/b7", "/2"]),
    ),
)
chord = st.tuples(label, st.integers(1, 400), st.integers(0, 3).map(lambda gap: 37 * max(gap - 2, 0)))
side = st.tuples(st.integers(0, 300), st.lists(chord, min_size=1, max_size=12))


def intervals_of(start, chords):
    """Intervals in seconds and labels; some chords are followed by silence."""
    at, intervals, labels = start, [], []
    for text, length, gap in chords:
        intervals.append((at / 64, (at + length) / 64))
        labels.append(text)
        at += length + gap
    return np.array(intervals), labels


def table_of(intervals, labels, track_id="track"):
    chords = tuple(Chord(text) for text in labels)
    return ChordSequence(chords, intervals[:, 0], np.diff(intervals)[:, 0], "seconds", track_id=track_id).to_table()


def their_scores(reference, estimate):
    """mir_eval's, and whether it says 0 somewhere because nothing could be compared.

    It stumbles over an estimated chord that ends where the reference begins, or begins where it ends: these are left out.
    """
    inside = (estimate[0][:, 1] > reference[0].min()) & (estimate[0][:, 0] < reference[0].max())
    estimate = estimate[0][inside], [text for text, keep in zip(estimate[1], inside, strict=True) if keep]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scores = mir_eval.chord.evaluate(reference[0], list(reference[1]), estimate[0], list(estimate[1]))
    empty = any("comparable" in str(w.message) for w in told)
    return dict(scores), empty


def assert_as_mir_eval(reference, estimate, row):
    theirs, empty = their_scores(reference, estimate)
    for name in THEIRS:
        if np.isnan(row[name]):
            assert empty and theirs[name] == 0, name
        else:
            assert row[name] == pytest.approx(theirs[name], abs=1e-9), name


@settings(deadline=None)
@given(side, side)
def test_every_score_of_generated_sequences_is_mir_evals(reference, estimate):
    told, heard = intervals_of(*reference), intervals_of(*estimate)
    _, per_track, _ = compare_chords(table_of(*told), table_of(*heard))
    assert_as_mir_eval(told, heard, per_track.iloc[0])


@settings(deadline=None)
@given(label, label)
def test_every_rule_for_a_single_pair_of_labels_is_mir_evals(told, heard):
    pieces = [Pieces.of_rows(ChordSequence.from_labels([text]).to_table(), np.zeros(1, int)) for text in (told, heard)]
    for name in THEIRS[:-3]:
        theirs = getattr(mir_eval.chord, name)([told], [heard])[0]
        ours = compare_pieces(name, *pieces)[0]
        assert np.isnan(ours) if theirs < 0 else ours == theirs, name


def test_a_chord_is_one_chord_however_it_is_spelt():
    """mir_eval hears a fourth inside the octave in the one, and an eleventh that it drops in the other."""
    labels = ["C:min7(4)", "C:min7(11)"]
    pieces = [Pieces.of_rows(ChordSequence.from_labels([text]).to_table(), np.zeros(1, int)) for text in labels]
    assert compare_pieces("tetrads", *pieces)[0] == 1
    assert mir_eval.chord.tetrads(labels[:1], labels[1:])[0] == 0


def sanitised(path):
    """Rows of a real .lab; what overlaps the next chord by rounding ends where that begins."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    intervals = np.array([[float(a), float(b)] for a, b, _ in rows])
    intervals[:-1, 1] = np.minimum(intervals[:-1, 1], intervals[1:, 0])
    keep = intervals[:, 1] > intervals[:, 0]
    return intervals[keep], [text for (_, _, text), k in zip(rows, keep, strict=True) if k]


def test_scores_of_real_songs_at_once_are_mir_evals_song_by_song(real_corpus):
    root = real_corpus("mcgill_billboard")
    songs = sorted(p.parent.name for p in root.glob("lab/*/full.lab"))[::12]
    assert len(songs) > 40
    told = {i: sanitised(root / "lab" / i / "full.lab") for i in songs}
    heard = {i: sanitised(root / "mirex" / i / "majmin7.lab") for i in songs}
    total, per_track, _ = compare_chords(*(
        ChordTable.concatenate([table_of(*side[i], track_id=i) for i in songs]) for side in (told, heard)
    ))  # fmt: skip
    for row in per_track.to_dict("records"):
        assert_as_mir_eval(told[row["track_id"]], heard[row["track_id"]], row)
    assert total["overseg"] > 0.999  # the reduced labels can only merge chords
    assert 0.8 < total["tetrads"] < total["majmin"]


def test_two_readings_of_the_same_pop_songs_score_as_in_mir_eval(real_corpus):
    """Chords of the arrangement and of the recording: other times, other ends, other basses."""
    root = real_corpus("pop909")
    songs = [p for p in sorted(root.glob("[0-9]*")) if (p / "chord_audio.txt").is_file()][::30]
    assert len(songs) > 10
    told, heard = ({p.name: sanitised(p / name) for p in songs} for name in ("chord_midi.txt", "chord_audio.txt"))
    _, per_track, _ = compare_chords(*(
        ChordTable.concatenate([table_of(*side[p.name], track_id=p.name) for p in songs]) for side in (told, heard)
    ))  # fmt: skip
    for row in per_track.to_dict("records"):
        assert_as_mir_eval(told[row["track_id"]], heard[row["track_id"]], row)
    assert per_track["root"].between(0.01, 0.999).all()


def test_the_whole_set_weighs_tracks_by_the_time_that_can_be_compared():
    told = ChordTable.concatenate([table_of(np.array([[0.0, 1.0]]), ["C"], "a"), table_of(np.array([[0.0, 3.0]]), ["G"], "b"),
                                   table_of(np.array([[0.0, 9.0]]), ["X"], "c")])  # fmt: skip
    heard = ChordTable.concatenate([table_of(np.array([[0.0, 1.0]]), ["C"], "a"), table_of(np.array([[0.0, 3.0]]), ["A"], "b"),
                                    table_of(np.array([[0.0, 9.0]]), ["C"], "c")])  # fmt: skip
    total, per_track, _ = compare_chords(told, heard)
    assert total["root"] == pytest.approx(0.25)
    assert np.isnan(per_track["root"][2])
    assert total["reference_unknown"] == pytest.approx(9 / 13)


@settings(deadline=None)
@given(side, side, st.integers(1, 11))
def test_transposing_both_sides_leaves_every_score_alone(reference, estimate, semitones):
    tables = [table_of(*intervals_of(*one)) for one in (reference, estimate)]
    higher = [table.sequence(0).transpose(semitones).to_table() for table in tables]
    before, after = compare_chords(*tables)[0], compare_chords(*higher)[0]
    assert after == pytest.approx(before, abs=1e-12, nan_ok=True)


@settings(deadline=None)
@given(side)
def test_a_reading_agrees_with_itself_wholly_or_not_at_all(one):
    table = table_of(*intervals_of(*one))
    scores = compare_chords(table, table)[0]
    for name in THEIRS:
        assert np.isnan(scores[name]) or scores[name] == pytest.approx(1), name


def with_keys(labels, keys):
    return ChordSequence(
        tuple(map(Chord, labels)), unit="bars", keys=tuple(k and Key.parse(k) for k in keys)
    ).to_table()


def test_a_roman_numeral_is_right_when_key_root_and_quality_are():
    told = with_keys(["C", "G:7", "C/3", "A:min", "N"], ["C:major"] * 5)
    heard = with_keys(["C", "G:9", "C", "A:min", "N"], ["C:major", "C:major", "C:major", "A:minor", "C:major"])
    total = compare_chords(told, heard)[0]
    assert total["key"] == pytest.approx(4 / 5)
    assert total["roman"] == pytest.approx(3 / 4)  # of four chords; N has no numeral
    assert total["roman_inversion"] == pytest.approx(2 / 4)


def test_keys_are_not_judged_where_the_reference_has_none():
    told, heard = with_keys(["C", "G"], [None, None]), with_keys(["C", "G"], ["C:major", "C:major"])
    total = compare_chords(told, heard)[0]
    assert np.isnan(total["key"]) and np.isnan(total["roman"])


def test_the_tonic_alone_leaves_the_mode_open():
    told, heard = with_keys(["A:min", "C"], ["A:minor", "C:major"]), with_keys(["A:min", "C"], ["A:major", None])
    total = compare_chords(told, heard)[0]
    assert (total["tonic"], total["key"]) == (0.5, 0)


def test_an_inversion_is_right_when_its_bass_is():
    told = with_keys(["C/3", "C/3", "C", "N"], ["C:major"] * 4)
    heard = with_keys(["C", "E:min", "C:7", "C"], ["C:major"] * 4)
    assert compare_chords(told, heard)[0]["inversion"] == pytest.approx(2 / 3)
