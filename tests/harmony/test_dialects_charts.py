"""Chord charts: lead sheets, iReal, Weimar and iRb, Brazilian cifras."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError
from musictrend.harmony import Chord, parse_symbol, read_symbol
from musictrend.harmony.dialects.ireal import invisible_bass

# symbol, pitch classes that sound, bass, label in Harte's syntax
LEADSHEET = [
    ("C", "0 4 7", 0, "C:maj"), ("C-7", "0 3 7 10", 0, "C:min7"), ("Cm7", "0 3 7 10", 0, "C:min7"),
    ("Cmi7", "0 3 7 10", 0, "C:min7"), ("Cmin7", "0 3 7 10", 0, "C:min7"), ("C−7", "0 3 7 10", 0, "C:min7"),
    ("CΔ7", "0 4 7 11", 0, "C:maj7"), ("CΔ", "0 4 7 11", 0, "C:maj7"), ("C^", "0 4 7 11", 0, "C:maj7"),
    ("CM7", "0 4 7 11", 0, "C:maj7"), ("Cma7", "0 4 7 11", 0, "C:maj7"), ("Cmaj7", "0 4 7 11", 0, "C:maj7"),
    ("C7M", "0 4 7 11", 0, "C:maj7"), ("Cm7M", "0 3 7 11", 0, "C:minmaj7"),
    ("CM", "0 4 7", 0, "C:maj"), ("Cmaj", "0 4 7", 0, "C:maj"), ("C^9#11", "0 2 4 6 7 11", 0, "C:maj9(#11)"),
    ("Cmaj7#5", "0 4 8 11", 0, "C:aug(7)"), ("Cm7b5", "0 3 6 10", 0, "C:hdim7"),
    ("C-7-5", "0 3 6 10", 0, "C:hdim7"),
    ("Cø", "0 3 6 10", 0, "C:hdim7"), ("Ch7", "0 3 6 10", 0, "C:hdim7"),
    ("Cø9", "0 2 3 6 10", 0, "C:hdim7(9)"),
    ("Cdim", "0 3 6", 0, "C:dim"), ("Co", "0 3 6", 0, "C:dim"), ("C°7", "0 3 6 9", 0, "C:dim7"),
    ("Co7", "0 3 6 9", 0, "C:dim7"), ("CoM7", "0 3 6 11", 0, "C:dim(7)"),
    ("Co7M7", "0 3 6 9 11", 0, "C:dim7(7)"),
    ("C+", "0 4 8", 0, "C:aug"), ("C+7", "0 4 8 10", 0, "C:aug(b7)"), ("C7+", "0 4 8 10", 0, "C:aug(b7)"),
    ("Caug7", "0 4 8 10", 0, "C:aug(b7)"), ("C+9", "0 2 4 8 10", 0, "C:aug(b7,9)"),
    ("C7+9", "0 3 4 7 10", 0, "C:7(#9)"),
    ("C7sus", "0 5 7 10", 0, "C:sus4(b7)"), ("C7sus4", "0 5 7 10", 0, "C:sus4(b7)"),
    ("Csus2", "0 2 7", 0, "C:sus2"),
    ("C9sus", "0 2 5 7 10", 0, "C:sus4(b7,9)"), ("Csus24", "0 2 5 7", 0, "C:sus4(2)"),
    ("Csus7", "0 5 7 10", 0, "C:sus4(b7)"),
    ("C7b9sus", "0 1 5 7 10", 0, "C:sus4(b7,b9)"), ("C7susadd3", "0 4 5 7 10", 0, "C:7(11)"),
    ("Cadd9", "0 2 4 7", 0, "C:maj(9)"), ("C(add9)", "0 2 4 7", 0, "C:maj(9)"),
    ("C2", "0 2 4 7", 0, "C:maj(9)"),
    ("C4", "0 5 7", 0, "C:sus4"), ("Cadd4", "0 4 5 7", 0, "C:maj(11)"), ("C5", "0 7", 0, "C:5"),
    ("C6", "0 4 7 9", 0, "C:maj6"), ("C6/9", "0 2 4 7 9", 0, "C:maj6(9)"),
    ("C69", "0 2 4 7 9", 0, "C:maj6(9)"),
    ("C6/9/E", "0 2 4 7 9", 4, "C:maj6(9)/3"), ("Cm6", "0 3 7 9", 0, "C:min6"),
    ("Cmb6", "0 3 7 8", 0, "C:min(b13)"),
    ("Cno3", "0 7", 0, "C:5"), ("C7(no5)", "0 4 10", 0, "C:(3,b7)"), ("C7omit3", "0 7 10", 0, "C:5(b7)"),
    ("Cno3rd", "0 7", 0, "C:5"),
    ("C7alt", "0 1 3 4 8 10", 0, "C:aug(b7,#9,b9)"), ("C7#9#5", "0 3 4 8 10", 0, "C:aug(b7,#9)"),
    ("C7(b9,13)", "0 1 4 7 9 10", 0, "C:7(b9,13)"), ("C7b9b13", "0 1 4 7 8 10", 0, "C:7(b9,b13)"),
    ("C7-9", "0 1 4 7 10", 0, "C:7(b9)"), ("C7b9#9", "0 1 3 4 7 10", 0, "C:7(#9,b9)"),
    ("C9", "0 2 4 7 10", 0, "C:9"), ("C11", "0 2 4 5 7 10", 0, "C:11"), ("C13", "0 2 4 5 7 9 10", 0, "C:13"),
    ("C13#11", "0 2 4 6 7 9 10", 0, "C:9(#11,13)"), ("C7(13)", "0 4 7 9 10", 0, "C:7(13)"),
    ("C(9)", "0 2 4 7", 0, "C:maj(9)"),
    ("Cm(maj7)", "0 3 7 11", 0, "C:minmaj7"), ("CmM7", "0 3 7 11", 0, "C:minmaj7"),
    ("Cm^7", "0 3 7 11", 0, "C:minmaj7"),
    ("C-^7", "0 3 7 11", 0, "C:minmaj7"), ("Cm#7", "0 3 7 11", 0, "C:minmaj7"),
    ("Cmmaj9", "0 2 3 7 11", 0, "C:minmaj7(9)"),
    ("Csus4/G", "0 5 7", 7, "C:sus4/5"), ("C/Bb", "0 4 7 10", 10, "C:maj/b7"),
    ("B♭7/A♭", "2 5 8 10", 8, "Bb:7/b7"),
    ("F♯m", "1 6 9", 6, "F#:min"), ("(D7)", "0 2 6 9", 2, "D:7"), ("Cmadd9", "0 2 3 7", 0, "C:min(9)"),
    ("Cmaug", "0 3 8", 0, "C:(b3,#5)"), ("Bbb7", "1 4 7 9", 9, "Bbb:7"),
]  # fmt: skip
IREAL = [
    ("C-7", "0 3 7 10", 0, "C:min7"), ("C^", "0 4 7 11", 0, "C:maj7"), ("C^7", "0 4 7 11", 0, "C:maj7"),
    ("C^9#11", "0 2 4 6 7 11", 0, "C:maj9(#11)"), ("Dh", "0 2 5 8", 2, "D:hdim7"),
    ("Dø7", "0 2 5 8", 2, "D:hdim7"),
    ("Eo7", "1 4 7 10", 4, "E:dim7"), ("E07", "1 4 7 10", 4, "E:dim7"), ("Gsus", "0 2 7", 7, "G:sus4"),
    ("A7alt", "0 1 5 7 9 10", 9, "A:aug(b7,#9,b9)"), ("C-^7", "0 3 7 11", 0, "C:minmaj7"),
    ("C7add3sus", "0 4 5 7 10", 0, "C:7(11)"), ("F7(B7)", "0 3 5 9", 5, "F:7"),
    ("(B7)", "3 6 9 11", 11, "B:7"),
    ("Am7/G(D7)", "0 4 7 9", 7, "A:min7/b7"), ("lC7", "0 4 7 10", 0, "C:7"), ("sD-7", "0 2 5 9", 2, "D:min7"),
    ("C*7b9*", "0 1 4 7 10", 0, "C:7(b9)"), ("Em/maj7", "3 4 7 11", 4, "E:minmaj7"),
]  # fmt: skip
WEIMAR = [
    ("Bb-7", "1 5 8 10", 10, "Bb:min7"), ("Cj7", "0 4 7 11", 0, "C:maj7"),
    ("Cj7911#", "0 2 4 6 7 11", 0, "C:maj9(#11)"),
    ("Eb79b", "1 3 4 7 10", 3, "Eb:7(b9)"), ("C79b13b", "0 1 4 7 8 10", 0, "C:7(b9,b13)"),
    ("C79b13", "0 1 4 7 9 10", 0, "C:7(b9,13)"),
    ("C7913", "0 2 4 7 9 10", 0, "C:9(13)"), ("F7alt", "1 3 5 6 8 9", 5, "F:aug(b7,#9,b9)"),
    ("Fm7b5", "3 5 8 11", 5, "F:hdim7"),
    ("Csus79", "0 2 5 7 10", 0, "C:sus4(b7,9)"), ("C-j7913", "0 2 3 7 9 11", 0, "C:minmaj7(9,13)"),
    ("C+79#", "0 3 4 8 10", 0, "C:aug(b7,#9)"), ("C6911#", "0 2 4 6 7 9", 0, "C:maj6(9,#11)"),
    ("C-7/Bb", "0 3 7 10", 10, "C:min7/b7"),
]  # fmt: skip
IRB = [
    ("C9b", "0 1 4 7 10", 0, "C:7(b9)"), ("C13b", "0 4 7 8 10", 0, "C:7(b13)"),
    ("C13b9b", "0 1 4 7 8 10", 0, "C:7(b9,b13)"),
    ("C139b", "0 1 4 5 7 9 10", 0, "C:7(b9,11,13)"), ("C911#", "0 2 4 6 7 10", 0, "C:9(#11)"),
    ("C7+", "0 4 8 10", 0, "C:aug(b7)"),
    ("C79bb5", "0 1 4 6 10", 0, "C:(3,b5,b7,b9)"), ("Cminb6", "0 3 7 8", 0, "C:min(b13)"),
    ("Cmaj7+", "0 4 8 11", 0, "C:aug(7)"),
]  # fmt: skip
CIFRA = [
    ("A7M", "1 4 8 9", 9, "A:maj7"), ("A7+", "1 4 8 9", 9, "A:maj7"), ("C7(9)", "0 2 4 7 10", 0, "C:9"),
    ("C7/9", "0 2 4 7 10", 0, "C:9"), ("C9", "0 2 4 7", 0, "C:maj(9)"), ("Cm9", "0 2 3 7", 0, "C:min(9)"),
    ("C13", "0 4 7 9", 0, "C:maj6"), ("F#m7(5-)", "0 4 6 9", 6, "F#:hdim7"),
    ("Bm7(b5)", "2 5 9 11", 11, "B:hdim7"),
    ("Am5-/7", "0 3 7 9", 9, "A:hdim7"), ("Eº", "1 4 7 10", 4, "E:dim7"), ("Edim", "1 4 7 10", 4, "E:dim7"),
    ("Eº(b13)", "0 1 4 7 10", 4, "E:dim7(#5)"), ("Bdim(7M)", "2 5 8 10 11", 11, "B:dim7(7)"),
    ("D/F#", "2 6 9", 6, "D:maj/3"),
    ("C4", "0 5 7", 0, "C:sus4"), ("Csus", "0 5 7", 0, "C:sus4"), ("C7/4", "0 5 7 10", 0, "C:sus4(b7)"),
    ("C7(4/9)", "0 2 5 7 10", 0, "C:sus4(b7,9)"), ("Cm7/4", "0 3 5 7 10", 0, "C:min7(11)"),
    ("C4+", "0 4 6 7", 0, "C:maj(#11)"),
    ("Cadd4", "0 4 5 7", 0, "C:maj(11)"), ("A7(13-)", "1 4 5 7 9", 9, "A:7(b13)"),
    ("G7/9-", "2 5 7 8 11", 7, "G:7(b9)"),
    ("C5+", "0 4 8", 0, "C:aug"), ("C(#5)", "0 4 8", 0, "C:aug"), ("Cm7M", "0 3 7 11", 0, "C:minmaj7"),
    ("Cm7+", "0 3 7 11", 0, "C:minmaj7"), ("Cm6(7M)", "0 3 7 9 11", 0, "C:minmaj7(13)"),
    ("C6/9", "0 2 4 7 9", 0, "C:maj6(9)"),
    ("C5(9)", "0 2 7", 0, "C:sus2"), ("C7m", "0 4 7 10", 0, "C:7"), ("Cm5-7", "0 3 6 10", 0, "C:hdim7"),
    ("C7(9)(#11)", "0 2 4 6 7 10", 0, "C:9(#11)"), ("C7/-5", "0 4 6 10", 0, "C:(3,b5,b7)"),
    ("C/5+", "0 4 8", 0, "C:aug"),
    ("Em7(b5)/Bb", "2 4 7 10", 10, "E:hdim7/b5"), ("C7(b9 13)", "0 1 4 7 9 10", 0, "C:7(b9,13)"),
]  # fmt: skip
GOLDEN = [
    (dialect, *row)
    for dialect, rows in (("leadsheet", LEADSHEET), ("ireal", IREAL), ("weimar", WEIMAR), ("irb", IRB),
    ("cifra", CIFRA))
    for row in rows
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "symbol", "notes", "bass", "label"), GOLDEN)
def test_a_chart_symbol_sounds_as_it_is_played(dialect, symbol, notes, bass, label):
    chord = parse_symbol(symbol, dialect)
    assert chord.pitch_classes == tuple(int(note) for note in notes.split())
    assert chord.bass == bass
    assert chord.label == label


@pytest.mark.parametrize("symbol", ["N.C.", "NC", "n.c.", "N"])
def test_no_chord_is_said_in_several_ways(symbol):
    assert parse_symbol(symbol, "leadsheet") == Chord.NO_CHORD
    assert parse_symbol("n", "ireal") == Chord.NO_CHORD


@pytest.mark.parametrize(
    ("dialect", "symbol"),
    [
        ("leadsheet", "c"), ("leadsheet", "H7"), ("leadsheet", "Am or"), ("leadsheet", "C7x"),
        ("leadsheet", "C7("),
        ("leadsheet", "C)"), ("leadsheet", "Cmdim"), ("leadsheet", "Cno"), ("leadsheet", "Cadd"),
        ("leadsheet", "C/E7"),
        ("leadsheet", "C/F/G"), ("leadsheet", "Cmin min"), ("leadsheet", "C10"), ("leadsheet", "C3"),
        ("leadsheet", ""),
        ("leadsheet", "C7dim"), ("leadsheet", "C14"), ("leadsheet", "Csus#4"), ("leadsheet", "Cno1"),
        ("ireal", "W/C"), ("ireal", "x"), ("ireal", "r"), ("ireal", "p"),
        ("weimar", "C7b9"), ("weimar", "C9b5"),
        ("cifra", "A-"), ("cifra", "C7(b5"), ("cifra", "G7+C7"), ("cifra", "Amor"), ("cifra", "F7(B13)"),
        ("cifra", "Am6(II)"),
        ("cifra", "C6+"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_grammar_raises_and_is_named(dialect, symbol):
    with pytest.raises(ChordLabelError) as caught:
        parse_symbol(symbol, dialect)
    assert repr(symbol) in str(caught.value)
    assert read_symbol(symbol, dialect)[0] == Chord.UNKNOWN


@pytest.mark.parametrize(
    ("dialect", "symbol"),
    [
        ("leadsheet", "Bbb5"),
        ("leadsheet", "C-5"),
        ("leadsheet", "Cm+7"),
        ("weimar", "C79b5"),
        ("cifra", "Cm7+9"),
    ],
)
def test_an_ambiguous_symbol_raises_rather_than_being_guessed(dialect, symbol):
    with pytest.raises(ChordLabelError, match="may be|must follow|cannot stand"):
        parse_symbol(symbol, dialect)


def test_the_same_letters_mean_different_chords_in_different_countries():
    assert parse_symbol("C7+", "leadsheet") == Chord("C:aug7")
    assert parse_symbol("C7+", "cifra") == Chord("C:maj7")
    assert parse_symbol("C9", "leadsheet") == Chord("C:9")
    assert parse_symbol("C9", "cifra") == Chord("C:maj(9)")


def test_a_cell_with_an_invisible_root_gives_its_bass():
    assert invisible_bass("W/C") == "C"
    assert invisible_bass("W") is None
    assert invisible_bass("C/E") is None


SUFFIXES = st.sampled_from([row[0][1:] for row in LEADSHEET if row[0].startswith("C") and "/" not in row[0]])
ROOTS = st.sampled_from(["Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B", "C#"])


@given(SUFFIXES, ROOTS)
def test_a_suffix_means_the_same_on_every_root(suffix, root):
    on_c, elsewhere = parse_symbol("C" + suffix, "leadsheet"), parse_symbol(root + suffix, "leadsheet")
    assert elsewhere.quality == on_c.quality
    assert elsewhere == on_c.transpose(elsewhere.root)


@given(SUFFIXES, ROOTS, ROOTS)
def test_a_slash_bass_changes_nothing_but_the_bass(suffix, root, bass):
    plain, over = (
        parse_symbol(root + suffix, "leadsheet"),
        parse_symbol(f"{root}{suffix}/{bass}", "leadsheet"),
    )
    assert (over.root, over.bitmap) == (plain.root, plain.bitmap)
    assert over.bass == Chord(bass).root


MUSIC21_SUFFIXES = [
    "",
    "m",
    "7",
    "maj7",
    "m7",
    "dim",
    "dim7",
    "m7b5",
    "6",
    "m6",
    "9",
    "M9",
    "m9",
    "11",
    "sus4",
    "sus2",
]


@settings(deadline=None)  # music21 takes its time to load
@given(st.sampled_from(MUSIC21_SUFFIXES), st.sampled_from("CDEFGAB"))
def test_common_symbols_agree_with_music21(suffix, root):
    from music21 import harmony

    other = {pitch.pitchClass for pitch in harmony.ChordSymbol(root + suffix).pitches}
    assert set(parse_symbol(root + suffix, "leadsheet").pitch_classes) == other
