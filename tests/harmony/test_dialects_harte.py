"""Harte's syntax, and the corpora that write it: McGill Billboard, Humdrum **harte, JAAH."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError
from musictrend.harmony import Chord, list_dialects, parse_symbol, read_symbol

HARTE = [
    ("C", "0 4 7", 0, "C:maj"), ("C:1", "0", 0, "C:1"), ("C:5", "0 7", 0, "C:5"),
    ("C:maj6(9)/5", "0 2 4 7 9", 7, "C:maj6(9)/5"),
    ("A:(1,5)", "4 9", 9, "A:5"), ("F:(b3,5,b7,11)", "0 3 5 8 10", 5, "F:min7(11)"),
    ("D:7(*5,#9)", "0 2 5 6", 2, "D:(3,b7,#9)"),
    ("C:sus4(b7)", "0 5 7 10", 0, "C:sus4(b7)"), ("G:min7/b3", "2 5 7 10", 10, "G:min7/b3"),
    ("E:hdim7", "2 4 7 10", 4, "E:hdim7"),
    ("Ab:minmaj7", "3 7 8 11", 8, "Ab:minmaj7"), ("C:maj(9)", "0 2 4 7", 0, "C:maj(9)"),
    ("C:maj/4", "0 4 5 7", 5, "C:maj/4"),
    ("B##:min", "1 4 8", 1, "B##:min"), ("C:13", "0 2 4 5 7 9 10", 0, "C:13"),
]  # fmt: skip
OTHERS = [
    ("humdrum_harte", "B-:maj/5", "2 5 10", 5, "Bb:maj/5"),
    ("humdrum_harte", "E--:min", "2 5 9", 2, "Ebb:min"),
    ("humdrum_harte", "C:7(#9)", "0 3 4 7 10", 0, "C:7(#9)"),
    ("humdrum_harte", "G-:min/b7", "1 4 6 9", 4, "Gb:min/b7"),
    ("mcgill", "A:min7", "0 4 7 9", 9, "A:min7"), ("mcgill", "D:maj/5", "2 6 9", 9, "D:maj/5"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "symbol", "notes", "bass", "label"), [("harte", *row) for row in HARTE] + OTHERS)
def test_a_label_sounds_as_harte_says(dialect, symbol, notes, bass, label):
    chord = parse_symbol(symbol, dialect)
    assert chord.pitch_classes == tuple(int(note) for note in notes.split())
    assert chord.bass == bass
    assert chord.label == label


def test_silence_and_untranscribed_passages_of_mcgill_are_told_apart():
    assert parse_symbol("N", "mcgill") == parse_symbol("&pause", "mcgill") == Chord.NO_CHORD
    assert parse_symbol("*", "mcgill") == Chord.UNKNOWN
    assert parse_symbol("r", "humdrum_harte") == Chord.NO_CHORD


@pytest.mark.parametrize(
    ("dialect", "symbol"),
    [
        ("harte", "C:"), ("harte", "C:4"), ("harte", "H"), ("harte", "C:maj/"), ("harte", "C:maj(14)"),
        ("harte", "c:maj"), ("harte", "C-:maj"),
        ("harte", ""), ("harte", "C:maj/b"), ("humdrum_harte", "Bb:maj:x"), ("humdrum_harte", "."),
        ("mcgill", "."), ("mcgill", "(4/4)"),
    ],
)  # fmt: skip
def test_what_is_no_label_raises_and_is_named(dialect, symbol):
    with pytest.raises(ChordLabelError) as caught:
        parse_symbol(symbol, dialect)
    assert repr(symbol) in str(caught.value)


SHORTHANDS = [
    "maj",
    "min",
    "dim",
    "aug",
    "maj7",
    "min7",
    "7",
    "dim7",
    "hdim7",
    "minmaj7",
    "maj6",
    "min6",
    "9",
    "maj9",
    "min9",
    "sus4",
]
ROOTS = st.sampled_from(["C", "Db", "D", "Eb", "F#", "G", "Ab", "A", "Bb", "B"])
BASSES = st.sampled_from(["", "/3", "/5", "/b7", "/2"])
PLAIN = st.builds("{}:{}{}".format, ROOTS, st.sampled_from([s for s in SHORTHANDS if "9" not in s]), BASSES)
ADDED = st.sampled_from(["", "(9)", "(b9)", "(11)", "(#11,13)"])
LABELS = st.builds("{}:{}{}{}".format, ROOTS, st.sampled_from(SHORTHANDS), ADDED, BASSES)


@settings(deadline=None)  # the other library takes its time to load
@given(LABELS)
def test_generated_labels_sound_as_harte_library_says(label):
    from harte.harte import Harte

    assert Chord(label).pitch_classes == tuple(sorted(set(Harte(label).pitchClasses)))


@settings(deadline=None)  # the other library takes its time to load
@given(PLAIN)
def test_generated_labels_have_the_root_notes_and_bass_that_mir_eval_reads(label):
    import mir_eval

    root, bitmap, bass = mir_eval.chord.encode(label)
    chord = Chord(label)
    assert (chord.root, chord.bass_interval) == (root, bass)
    sounding = chord.bitmap | 1 << bass  # mir_eval counts the bass among the notes
    assert [sounding >> i & 1 for i in range(12)] == bitmap.tolist()


def billboard_labels(folder):
    """Distinct labels of the full and the reduced files, with how often they are written."""
    counts: dict[str, int] = {}
    for path in [*folder.glob("lab/*/full.lab"), *folder.glob("mirex/*/*.lab")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if len(parts := line.split()) == 3:
                counts[parts[2]] = counts.get(parts[2], 0) + 1
    return counts


def test_every_distinct_billboard_label_is_read_and_sounds_as_harte_library_says(real_corpus):
    from harte.harte import Harte

    labels = billboard_labels(real_corpus("mcgill_billboard"))
    assert len(labels) > 700
    unread = [label for label in labels if read_symbol(label, "harte")[1]]
    assert len(unread) / len(labels) <= 0.002, unread
    for label in set(labels) - {"N", "X"} - set(unread):
        assert Chord(label).pitch_classes == tuple(sorted(set(Harte(label).pitchClasses))), label


def test_every_interval_label_of_jaah_is_read(real_corpus):
    unread, seen = [], 0
    for path in sorted((real_corpus("jaah") / "annotations").glob("*.json")):
        bars = re.findall(r'"chords":\s*(\[[^\]]*\])', path.read_text(encoding="utf-8"))
        for token in {t for bar in bars for text in json.loads(bar) for t in re.split(r"[|\s]+", text) if t}:
            seen += 1
            unread += [token] if read_symbol(token, "harte")[1] else []
    assert seen > 500
    assert not unread


def test_every_chord_token_of_mcgill_text_is_read(real_corpus):
    tokens = {
        token
        for path in real_corpus("mcgill_billboard").glob("salami_chords/*/salami_chords.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        for bar in line.split("|")[1:-1]
        for token in bar.split()
    }
    chords = {t for t in tokens if t != "." and not re.fullmatch(r"\(\d+/\d+\)", t)}
    assert len(chords) > 700
    assert not [t for t in chords if read_symbol(t, "mcgill")[1]]


# Text that nobody wrote for a chord, at any length, must end in a chord or in ChordLabelError.
ALPHABETS = st.sampled_from(
    ["ABCDEFGabc#b/()mj7913o+-susaddno", "VIvi#b/[]()o%+M7654329{}|\\.", "0123456789.,=: \t", "♭♯ΔøºƷ٣𝄫İ⁷"]
)
PIECES = st.sampled_from(["b9", "/5", "(9)", "sus", "/V", "7", "b"])
TEXT = (
    st.text(max_size=30)
    | ALPHABETS.flatmap(lambda alphabet: st.text(alphabet=alphabet, max_size=60))
    | st.builds(lambda piece, n: piece * n, st.text(min_size=1, max_size=4), st.integers(1, 120))
    | st.builds(lambda piece, n, end: "C" + piece * n + end, PIECES, st.integers(1, 70), st.sampled_from(["", "x"]))
)


@pytest.mark.parametrize("dialect", list_dialects())
@settings(max_examples=300, deadline=None)
@given(text=TEXT)
def test_no_text_makes_a_parser_fail_in_any_other_way(dialect, text):
    from musictrend.harmony import Key

    for key in (None, Key(3, "minor")):
        chord, reason = read_symbol(text, dialect, key=key)
        assert isinstance(chord, Chord)
        assert bool(reason) <= (chord == Chord.UNKNOWN)
    line = f"root=C kind={text} text={text}"
    assert isinstance(read_symbol(line, "musicxml")[0], Chord)


def test_an_endless_symbol_is_refused_at_once():
    with pytest.raises(ChordLabelError, match="1000000 characters"):
        parse_symbol("C" * 1_000_000, "leadsheet")
