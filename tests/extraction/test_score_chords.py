"""Chords estimated from notes: right on plain harmony, equal under transposition, honest about what it cannot know."""

from __future__ import annotations

import csv
import importlib
import itertools
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.notes import Notes, collect_notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.extraction import extract, extract_corpora, score_net
from musictrend.extraction.score import estimate_chords, extract_score
from musictrend.extraction.score_decoding import follow
from musictrend.extraction.score_frames import Frames, frame_notes
from musictrend.extraction.score_net import QUALITIES, load_net
from musictrend.harmony import Chord, Key
from musictrend.harmony.sequence import ChordSequence

MAJOR, MINOR, SEVENTH = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)
CADENCE = [(60, MAJOR), (57, MINOR), (62, MINOR), (55, SEVENTH), (60, MAJOR)]


def play(chords, *, length=4.0, pattern="block", bass=True):
    """Notes of some (root, intervals), a bar each."""
    rows = []
    for i, (root, intervals) in enumerate(chords):
        at, tones = i * length, [root + j for j in intervals]
        if bass:
            rows.append((at, length, root - 12))
        if pattern == "block":
            rows += [(at, length, tone) for tone in tones]
        else:
            step = length / 8
            rows += [(at + k * step, step, tones[k % len(tones)]) for k in range(8)]
    bars = np.arange(len(chords) + 1) * length
    return collect_notes(rows, bars, np.ones(len(chords)), [])


def shift(notes: Notes, semitones: int) -> Notes:
    return Notes(
        notes.onset_quarter,
        notes.duration_quarter,
        notes.pitch + semitones,
        notes.bar_onset_quarter,
        notes.beat_quarter,
    )


@pytest.mark.parametrize("pattern", ["block", "broken"])
def test_a_cadence_is_heard_whether_struck_or_broken(pattern):
    assert estimate_chords(play(CADENCE, pattern=pattern)).labels == ["C:maj", "A:min", "D:min", "G:7", "C:maj"]


def test_passing_and_neighbour_notes_make_no_chords_of_their_own():
    rows = [(0, 4, 48), (0, 4, 52), (0, 4, 55)]
    rows += [(k * 0.5, 0.5, pitch) for k, pitch in enumerate([60, 62, 64, 65, 67, 65, 64, 62])]
    assert estimate_chords(collect_notes(rows, [0, 4], [1.0], [])).labels == ["C:maj"]


def test_the_bass_makes_an_inversion():
    rows = [(0, 4, p) for p in (52, 60, 67, 72)] + [(4, 4, p) for p in (53, 59, 62, 67)]
    assert estimate_chords(collect_notes(rows, [0, 4, 8], [1.0, 1.0], [])).labels == ["C:maj/3", "G:7/b7"]


def test_a_bass_that_moves_through_one_chord_bar_by_bar_is_followed():
    rows = [(0, 8, p) for p in (60, 64, 67)] + [(0, 4, 48), (4, 4, 52)]
    assert estimate_chords(collect_notes(rows, [0, 4, 8], [1.0, 1.0], [])).labels == ["C:maj", "C:maj/3"]


def test_a_pause_is_no_chord_and_takes_its_time():
    rows = [(0, 4, p) for p in (48, 60, 64, 67)] + [(8, 4, p) for p in (43, 59, 62, 67)]
    sequence = estimate_chords(collect_notes(rows, [0, 4, 8, 12], [1.0] * 3, []))
    assert sequence.labels == ["C:maj", "N", "G:maj"]
    assert sequence.durations.tolist() == [4, 4, 4]


def test_detached_notes_are_one_chord():
    rows = [(at, 0.25, p) for at in range(8) for p in (48, 60, 64, 67)]
    assert estimate_chords(collect_notes(rows, [0, 4, 8], [1.0, 1.0], [])).labels == ["C:maj"]


def test_onsets_durations_and_bars_cover_the_score():
    sequence = estimate_chords(play(CADENCE, length=3.0))
    assert sequence.unit == "quarters"
    assert np.allclose(sequence.onsets, [0, 3, 6, 9, 12])
    assert np.allclose(sequence.bars, 1.0)


def test_confidence_is_a_probability_and_lower_where_tones_are_missing():
    whole, bare = (
        estimate_chords(play([(r, i if n == "whole" else i[:1]) for r, i in CADENCE])) for n in ("whole", "bare")
    )
    for sequence in (whole, bare):
        assert ((sequence.confidence >= 0) & (sequence.confidence <= 1)).all()
    assert whole.confidence.mean() > bare.confidence.mean() + 0.1


tones = st.lists(
    st.tuples(st.integers(0, 23), st.integers(1, 6), st.integers(40, 79)), min_size=3, max_size=40, unique=True
)


@given(tones, st.integers(-6, 6), st.sampled_from(["art", "pop"]))
@settings(max_examples=15, deadline=None)
def test_transposed_notes_sound_the_same_to_the_network(rows, semitones, language):
    notes = collect_notes([(a / 2, d / 2, p) for a, d, p in rows], np.arange(0, 20, 4.0), np.ones(4), [])
    here, there = (load_net(language).hear(frame_notes(n)) for n in (notes, shift(notes, semitones)))
    for name, states in (("key", 2), ("bass", 1)):
        turned = np.roll(getattr(here, name).reshape(len(here.key), 12, states), semitones, axis=1)
        assert np.allclose(turned.reshape(len(here.key), -1), getattr(there, name), atol=1e-3)


@pytest.mark.parametrize("semitones", [-6, -5, -1, 3, 4])
@pytest.mark.parametrize("pattern", ["block", "broken"])
def test_transposed_notes_give_transposed_chords(pattern, semitones):
    notes = play(CADENCE, pattern=pattern)
    here, there = estimate_chords(notes), estimate_chords(shift(notes, semitones))
    assert there.labels == here.transpose(semitones).labels
    assert there.keys == here.transpose(semitones).keys
    assert np.allclose(here.onsets, there.onsets)
    assert np.allclose(here.confidence, there.confidence, atol=1e-3)


# --- keys ---


def test_a_chorale_of_our_own_ends_on_a_dominant_and_its_tonic_in_its_key():
    """Four parts in G major: I, IV6, V, V7/V, V, vi, ii65, V7, I."""
    verticals = [(43, 59, 62, 67), (47, 55, 60, 67), (50, 57, 62, 66), (49, 55, 64, 69), (50, 54, 62, 69),
                 (52, 55, 59, 67), (48, 57, 64, 67), (50, 54, 60, 69), (43, 55, 59, 67)]  # fmt: skip
    rows = [(i * 1.0, 1.0, pitch) for i, chord in enumerate(verticals) for pitch in chord]
    sequence = estimate_chords(collect_notes(rows, [0, 4, 8, 9], [1.0] * 3, [(0, 1)]))
    assert sequence.labels[0] == sequence.labels[-1] == "G:maj"
    assert sequence.labels[-2].startswith("D:7")
    assert sequence.keys[0] == sequence.keys[-1] == Key.parse("G")


@pytest.mark.parametrize("home", ["C:major", "A:minor", "F#:minor", "Eb:major"])
def test_a_plain_progression_is_in_its_key_without_any_key_signature(home):
    key = Key.parse(home)
    tonic = 48 + key.tonic
    if key.mode == "major":
        row = [(tonic, MAJOR), (tonic + 5, MAJOR), (tonic + 7, SEVENTH), (tonic, MAJOR)]
    else:
        row = [(tonic, MINOR), (tonic + 5, MINOR), (tonic + 7, SEVENTH), (tonic, MINOR)]
    assert set(estimate_chords(play(row * 2)).keys) == {key}


def test_a_modulation_to_the_dominant_is_heard():
    home = [(60, MAJOR), (65, MAJOR), (67, SEVENTH), (60, MAJOR)] * 2
    away = [(67, MAJOR), (60, MAJOR), (62, SEVENTH), (67, MAJOR)] * 2
    keys = estimate_chords(play(home + away)).keys
    assert keys[0] == Key.parse("C")
    assert keys[-1] == Key.parse("G")


@pytest.mark.parametrize(("cadences", "modulates"), [(1, False), (3, False), (8, True)])
def test_a_few_cadences_on_the_dominant_are_no_modulation_and_many_are(cadences, modulates):
    home = [(60, MAJOR), (65, MAJOR), (67, SEVENTH), (60, MAJOR)] * 3
    away = [(62, SEVENTH), (67, MAJOR)] * cadences
    keys = estimate_chords(play(home + away + home)).keys
    assert keys[0] == keys[-1] == Key.parse("C")
    assert set(keys) == ({Key.parse("C"), Key.parse("G")} if modulates else {Key.parse("C")})


def test_each_movement_of_a_long_file_has_its_own_home():
    first = [(60, MAJOR), (65, MAJOR), (67, SEVENTH), (60, MAJOR)]
    second = [(root + 3, tones) for root, tones in first]
    keys = estimate_chords(play(first * 24 + second * 8, length=2.0)).keys
    assert keys[0] == Key.parse("C")
    assert keys[-1] == Key.parse("Eb")


# --- odd scores ---


def test_one_note_and_many_voices_are_heard_without_complaint():
    one = estimate_chords(collect_notes([(0, 1, 60)], [0, 4], [1.0], []))
    assert len(one) >= 1
    rows = [(at, 4, pitch) for at in (0, 4) for pitch in range(36, 36 + 12 * 4, 1) if pitch % 12 in (0, 4, 7)]
    many = collect_notes(rows * 3, [0, 4, 8], [1.0, 1.0], [])
    assert many.polyphony > 30
    assert {chord.root for chord in estimate_chords(many).chords} == {0}


def test_a_score_longer_than_any_opera_is_refused():
    rows = [(at, 1, 60) for at in (0, 60_001)]
    with pytest.raises(ReaderError, match="at most 60,000 are read"):
        estimate_chords(Notes(*map(np.array, zip(*rows, strict=True)), np.array([0.0, 4.0]), np.ones(1)))


def test_a_long_score_is_heard_in_pieces_as_if_whole(monkeypatch):
    notes = play(CADENCE * 30, length=2.0)
    whole = estimate_chords(notes)
    monkeypatch.setattr(score_net, "CHUNK", 64)
    parts = estimate_chords(notes)
    assert whole.labels == parts.labels
    assert np.allclose(whole.confidence, parts.confidence, atol=1e-4)


def test_the_same_notes_give_the_same_chords_every_time():
    notes = play(CADENCE, pattern="broken")
    first, second = estimate_chords(notes), estimate_chords(notes)
    assert first.labels == second.labels
    assert np.array_equal(first.confidence, second.confidence)


# --- the network and the paths through what it hears ---


@pytest.mark.parametrize("language", ["art", "pop"])
def test_the_network_turns_with_its_input(language):
    frames = frame_notes(play(CADENCE, pattern="broken"))
    turned = Frames(np.roll(frames.pitch, 5, axis=1), frames.plain, frames.bass)
    here, there = load_net(language).hear(frames), load_net(language).hear(turned)
    by_root = here.chord[:, :-1].reshape(-1, 12, len(QUALITIES))
    assert np.allclose(np.roll(by_root, 5, axis=1).reshape(len(frames), -1), there.chord[:, :-1], atol=1e-4)
    assert np.allclose(np.roll(here.key.reshape(-1, 12, 2), 5, axis=1).reshape(-1, 24), there.key, atol=1e-4)
    assert np.allclose(here.change, there.change, atol=1e-4)


@pytest.mark.parametrize("language", ["art", "pop"])
def test_what_the_network_hears_are_probabilities(language):
    heard = load_net(language).hear(frame_notes(play(CADENCE)))
    for name in ("chord", "key", "bass"):
        assert np.allclose(np.exp(getattr(heard, name)).sum(axis=1), 1, atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(2, 3))
@settings(max_examples=25, deadline=None)
def test_the_path_is_the_likeliest_of_all_paths(seed, n, states):
    rng = np.random.default_rng(seed)
    emission = rng.normal(0, 2, (n, states))
    stay, go = -rng.exponential(1, n), -rng.exponential(1, n)

    def worth(path):
        total = emission[0, path[0]]
        for t in range(1, n):
            total += emission[t, path[t]]
            # The same state may begin anew.
            total += max(stay[t], go[t]) if path[t] == path[t - 1] else go[t]
        return total

    best = max(worth(path) for path in itertools.product(range(states), repeat=n))
    assert worth(follow(emission, stay, go)) == pytest.approx(best)


@pytest.mark.parametrize("language", ["art", "pop"])
def test_weights_are_a_plain_file_of_small_size(language):
    path = resources.files("musictrend") / "data" / "models" / f"score_{language}.npz"
    with resources.as_file(path) as file:
        assert file.stat().st_size < 2_000_000
        with np.load(file, allow_pickle=False) as weights:
            assert all(np.isfinite(weights[name]).all() for name in weights.files)


# --- people's analyses ---

# Pieces of the test part (benchmarks/score_pairs.py), of works that the network did not learn from.
UNSEEN = (
    "OpenScore-LiederCorpus/Chaminade,_Cécile/_/Amoroso",
    "OpenScore-LiederCorpus/Lang,_Josephine/6_Lieder,_Op.10/6_Abschied",
    "OpenScore-LiederCorpus/Coleridge-Taylor,_Samuel/6_Sorrow_Songs,_Op.57/3_Oh,_Roses_for_the_flush_of_youth",
    "Piano_Sonatas/Mozart,_Wolfgang_Amadeus/K280/2",
    "Piano_Sonatas/Mozart,_Wolfgang_Amadeus/K310/2",
)


def test_unseen_pieces_agree_with_analysts(real_corpus):
    benchmark = load_benchmark()
    root = real_corpus("when_in_rome")
    right = np.zeros((len(benchmark.RIGHT), 2))
    for piece in UNSEEN:
        notes = read_notes(root / piece / "score.mxl")
        reference, fit = benchmark.fit_analysis(notes, (root / piece / "analysis.txt").read_text(encoding="utf-8"))
        assert fit > 0.6
        right += benchmark.totals(benchmark.compare(reference, estimate_chords(notes)), benchmark.RIGHT)
    share = dict(zip(benchmark.RIGHT, right[:, 0] / right[:, 1], strict=True))
    assert share["root"] > 0.80
    assert share["key"] > 0.79
    assert share["roman"] > 0.60
    assert share["inversion"] > 0.73


@pytest.mark.parametrize(("lost", "gained"), [(1, 0), (0, 1), (3, 0)])
def test_an_analysis_that_counts_bars_otherwise_from_some_place_on_is_put_in_step(lost, gained):
    row = [(60, MAJOR), (65, MAJOR), (67, SEVENTH), (57, MINOR), (62, MINOR), (67, SEVENTH), (60, MAJOR)] * 6
    figures = ["I", "IV", "V7", "vi", "ii", "V7", "I"] * 6
    notes = play(row)
    kept = figures[:15] + ["I"] * gained + figures[15 + lost :]
    text = "Time Signature: 4/4\n" + "".join(
        f"m{i + 1} {'C: ' if i == 0 else ''}{figure}\n" for i, figure in enumerate(kept)
    )
    reference, fit = load_benchmark().fit_analysis(notes, text)
    assert fit > 0.95
    at = dict(zip(reference.onsets.tolist(), reference.chords, strict=True))
    for bar in [*range(13), *range(20, 40)]:
        assert at[bar * 4.0].root == row[bar][0] % 12


def test_an_analysis_of_another_piece_stays_out_of_step():
    notes = play([(60, MAJOR), (65, MAJOR), (67, SEVENTH), (57, MINOR)] * 10)
    text = "Time Signature: 4/4\nm1 F#: I\n" + "".join(f"m{i} {'V I IV ii'.split()[i % 4]}\n" for i in range(2, 41))
    _, fit = load_benchmark().fit_analysis(notes, text)
    assert fit < 0.4


@pytest.mark.parametrize(("slip", "mended"), [(-1, True), (1, True), (5, False)])
def test_a_local_key_written_a_semitone_off_is_put_right_by_the_notes(slip, mended):
    key = Key.parse("Eb")
    row = [(key.tonic + 60 + step, tones) for step, tones in [(0, MAJOR), (5, MAJOR), (7, SEVENTH), (0, MAJOR)] * 3]
    chords = [Chord.from_parts(root % 12, bitmap=sum(1 << tone for tone in tones)) for root, tones in row]
    home = ChordSequence(chords, np.arange(12) * 4.0, np.full(12, 4.0), "quarters", keys=key)
    away = home.transpose(slip)
    both = ChordSequence([*home.chords[:6], *away.chords[6:]], home.onsets, home.durations, "quarters",
                         keys=[*home.keys[:6], *away.keys[6:]])  # fmt: skip
    found = load_benchmark().mend_keys(play(row), both)
    assert (found.labels == home.labels) is mended
    assert (found.keys == home.keys) is mended


def test_no_work_is_in_two_parts_and_shipped_weights_learn_from_free_licences_alone(real_corpus):
    benchmark = load_benchmark()
    root = real_corpus("when_in_rome")
    parts = {}
    for row in rows_of(root):
        free = row["analysis_licence"].strip() == "CC BY-SA"
        pair = benchmark.Pair(row["piece"], benchmark.work_name(row["opus"]), "when_in_rome",
                              "CC BY-SA" if free else "CC BY-NC-SA", None, None)  # fmt: skip
        part = benchmark.part_name(pair)
        assert free or (part in ("test", "development") and not benchmark.was_learned(pair))
        parts.setdefault(pair.work, set()).add(part)
    assert all(len(part) == 1 for part in parts.values())
    assert {p for part in parts.values() for p in part} == {"training", "validation", "development", "test"}


def load_benchmark():
    """The functions of benchmarks/scores.py and score_pairs.py."""
    folder = str(Path(__file__).resolve().parents[2] / "benchmarks")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    scores, pairs = importlib.import_module("scores"), importlib.import_module("score_pairs")
    for name in ("fit_analysis", "mend_keys", "work_name", "Pair", "part_name", "was_learned"):
        setattr(scores, name, getattr(pairs, name))
    return scores


def rows_of(root):
    with (root / "pieces.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- files and corpora ---

NOTE = "<note>{}<pitch><step>{}</step><octave>{}</octave></pitch><duration>4</duration></note>"


def write_score(path, bars, harmony=""):
    """A MusicXML file with a bar for each list of notes such as ``C3``."""
    measures = "".join(
        f'<measure number="{i}">'
        + ("<attributes><divisions>1</divisions></attributes>" if i == 0 else "")
        + (harmony if i == 0 else "")
        + "".join(NOTE.format("<chord/>" if k else "", p[0], p[1]) for k, p in enumerate(bar))
        + "</measure>"
        for i, bar in enumerate(bars)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0"?><score-partwise><part id="P1">{measures}</part></score-partwise>')
    return path


TRIADS = [["C3", "C4", "E4", "G4"], ["F3", "C4", "F4", "A4"], ["G3", "D4", "G4", "B4"], ["C3", "C4", "E4", "G4"]]
MELODY = [["C4"], ["D4"], ["E4"], ["C4"]]
HARMONY = "<harmony><root><root-step>A</root-step></root><kind>minor</kind></harmony>"


def test_a_score_without_symbols_is_read_by_its_notes(tmp_path):
    assert extract(write_score(tmp_path / "hymn.musicxml", TRIADS)).labels == ["C:maj", "F:maj", "G:maj", "C:maj"]


def test_symbols_win_where_they_are_written(tmp_path):
    assert extract(write_score(tmp_path / "sheet.musicxml", TRIADS, HARMONY)).chords == (Chord("A:min"),)


def test_a_single_line_is_refused_as_monophonic(tmp_path):
    path = write_score(tmp_path / "tune.musicxml", MELODY)
    with pytest.raises(ReaderError, match="monophonic: 1.00 notes"):
        extract_score(path)
    with pytest.raises(ReaderError, match="monophonic"):
        extract(path)


def test_a_folder_of_both_says_which_tracks_came_from_notes(tmp_path):
    from musictrend.corpus import load_corpus

    write_score(tmp_path / "folk" / "1901" / "sheet.musicxml", TRIADS, HARMONY)
    write_score(tmp_path / "folk" / "1902" / "hymn.musicxml", TRIADS)
    write_score(tmp_path / "folk" / "1903" / "tune.musicxml", MELODY)
    corpus = load_corpus(tmp_path)
    kept = tmp_path / ".kept"
    kept.mkdir()
    for _ in range(2):  # once read, once found where it was kept
        result = extract_corpora([corpus], keep=kept)
        assert {i.rsplit("/", 1)[1]: engine for i, engine in result.engines.items()} == {"hymn.musicxml": "notes"}
        assert [reason.split(":")[0] for reason in result.reasons.values()] == ["monophonic"]
        assert result.chords.lengths.tolist() == [1, 4, 0]
