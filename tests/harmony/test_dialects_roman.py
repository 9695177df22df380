"""Roman numerals of four traditions: DCML, RomanText, Humdrum's **harm, de Clercq-Temperley."""

from __future__ import annotations

import csv
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError
from musictrend.harmony import Chord, Key, parse_symbol, read_symbol
from musictrend.harmony.dialects.dcml import split_label

C, C_MINOR = Key.parse("C"), Key.parse("c")

# symbol, key, pitch classes, bass, label
DCML = [
    ("I", "C", "0 4 7", 0, "C:maj"), ("V65/V", "C", "0 2 6 9", 6, "D:7/3"),
    ("viio7", "C", "2 5 8 11", 11, "B:dim7"),
    ("#viio7", "c", "2 5 8 11", 11, "B:dim7"), ("VII", "c", "2 5 10", 10, "Bb:maj"),
    ("ii%65", "C", "0 2 5 8", 5, "D:hdim7/b3"),
    ("It6", "C", "0 6 8", 8, "Ab:(3,b7)"), ("Ger", "c", "0 3 6 8", 8, "Ab:7"),
    ("Ger6", "C", "0 3 6 8", 8, "Ab:7"),
    ("Fr6", "C", "0 2 6 8", 8, "Ab:(3,b5,b7)"), ("Ger43", "C", "0 3 6 8", 0, "Ab:7/3"),
    ("I[I", "C", "0 4 7", 0, "C:maj"), ("V[V7]", "C", "2 5 7 11", 7, "G:7"),
    ("V7(4)", "C", "0 2 5 7", 7, "G:sus4(b7)"),
    ("V(64)", "C", "0 4 7", 7, "C:maj/5"), ("V(64)|HC}{", "c", "0 3 7", 7, "C:min/5"),
    ("V(b64)", "C", "0 3 7", 7, "C:min/5"),
    ("V(4)", "C", "0 2 7", 7, "G:sus4"), ("I(9)", "C", "0 2 4 7", 0, "C:maj(9)"),
    ("V7(b9)", "C", "2 5 7 8 11", 7, "G:7(b9)"),
    ("V7(9)", "c", "2 5 7 8 11", 7, "G:7(b9)"), ("I(+6)", "C", "0 4 7 9", 0, "C:maj6"),
    ("V7(6)", "C", "4 5 7 11", 7, "G:(3,b7,13)"),
    ("ii6(4)", "C", "2 7 9", 7, "D:sus4/4"), ("I6(#4#2)", "C", "0 3 6", 3, "C:dim/b3"),
    ("I(7)", "C", "0 4 7 11", 0, "C:maj7"),
    ("I7", "C", "0 4 7 10", 0, "C:7"), ("IM7", "C", "0 4 7 11", 0, "C:maj7"),
    ("ivM7", "c", "0 4 5 8", 5, "F:minmaj7"),
    ("I+", "C", "0 4 8", 0, "C:aug"), ("V+7", "C", "3 5 7 11", 7, "G:aug(b7)"),
    ("bVI", "C", "0 3 8", 8, "Ab:maj"),
    ("VI", "c", "0 3 8", 8, "Ab:maj"), ("bII6", "C", "1 5 8", 5, "Db:maj/3"),
    ("V2", "C", "2 5 7 11", 5, "G:7/b7"),
    ("C.I{", "C", "0 4 7", 0, "C:maj"), (".i", "c", "0 3 7", 0, "C:min"), ("V.V7", "G", "0 2 6 9", 2, "D:7"),
    ("V7/V/V", "C", "1 4 7 9", 9, "A:7"), ("#viio7/vi", "C", "2 5 8 11", 8, "G#:dim7"),
    ("I|PAC}", "C", "0 4 7", 0, "C:maj"),
]  # fmt: skip
ROMANTEXT = [
    ("V65/V", "C", "0 2 6 9", 6, "D:7/3"), ("viio7", "c", "2 5 8 11", 11, "B:dim7"),
    ("#viio7", "c", "2 5 8 11", 11, "B:dim7"),
    ("ii/o65", "C", "0 2 5 8", 5, "D:hdim7/b3"), ("iiø43", "c", "0 2 5 8", 8, "D:hdim7/b5"),
    ("bVII", "C", "2 5 10", 10, "Bb:maj"),
    ("bVII", "c", "2 5 10", 10, "Bb:maj"), ("VII", "c", "2 5 10", 10, "Bb:maj"),
    ("vi", "c", "0 4 9", 9, "A:min"),
    ("VI", "c", "0 3 8", 8, "Ab:maj"), ("bvii", "c", "1 5 10", 10, "Bb:min"),
    ("viiø7", "C", "2 5 9 11", 11, "B:hdim7"),
    ("Cad64", "C", "0 4 7", 7, "C:maj/5"), ("Cad64", "c", "0 3 7", 7, "C:min/5"),
    ("Cad64/V", "C", "2 7 11", 2, "G:maj/5"),
    ("It6", "C", "0 6 8", 8, "Ab:(3,b7)"), ("Fr43", "C", "0 2 6 8", 8, "Ab:(3,b5,b7)"),
    ("Ger65", "c", "0 3 6 8", 8, "Ab:7"),
    ("Ger65/V", "C", "1 3 7 10", 3, "Eb:7"), ("N6", "c", "1 5 8", 5, "Db:maj/3"),
    ("N", "C", "1 5 8", 5, "Db:maj/3"),
    ("V7[no3]", "C", "2 5 7", 7, "G:5(b7)"), ("I[add9]", "C", "0 2 4 7", 0, "C:maj(9)"),
    ("V7[no3][add4]", "C", "0 2 5 7", 7, "G:sus4(b7)"),
    ("V43[b5]", "C", "1 5 7 11", 1, "G:(3,b5,b7)/b5"), ("V/vi", "C", "4 8 11", 4, "E:maj"),
    ("V7/ii", "C", "1 4 7 9", 9, "A:7"),
    ("I7", "C", "0 4 7 11", 0, "C:maj7"), ("IV7", "C", "0 4 5 9", 5, "F:maj7"),
    ("IV7", "c", "0 3 5 9", 5, "F:7"),
    ("i7", "C", "0 3 7 10", 0, "C:min7"), ("bVII7", "C", "2 5 9 10", 10, "Bb:maj7"),
    ("VId7", "C", "1 4 7 9", 9, "A:7"),
    ("IVM7", "c", "0 4 5 9", 5, "F:maj7"), ("V6/5", "C", "2 5 7 11", 11, "G:7/3"),
    ("I6/4", "C", "0 4 7", 7, "C:maj/5"),
    ("V9", "C", "2 5 7 9 11", 7, "G:9"), ("V54", "C", "0 2 7", 7, "G:sus4"),
    ("I6[no3][add4]", "C", "0 5 7", 5, "C:sus4/4"),
    ("vii/o7/V", "C", "0 4 6 9", 6, "F#:hdim7"), ("III+6", "c", "3 7 11", 7, "Eb:aug/3"),
    ("V65/V/vi", "C", "3 6 9 11", 3, "B:7/3"),
]  # fmt: skip
HARM = [
    ("V7c", "C", "2 5 7 11", 2, "G:7/5"), ("viioD7", "C", "2 5 8 11", 11, "B:dim7"),
    ("IVb", "C", "0 5 9", 9, "F:maj/3"),
    ("V/V", "C", "2 6 9", 2, "D:maj"), ("-VII", "C", "2 5 10", 10, "Bb:maj"),
    ("VII", "c", "2 5 10", 10, "Bb:maj"),
    ("III", "c", "3 7 10", 3, "Eb:maj"), ("#viio", "c", "2 5 11", 11, "B:dim"),
    ("I7", "C", "0 4 7 11", 0, "C:maj7"),
    ("Im7", "C", "0 4 7 10", 0, "C:7"), ("i7", "c", "0 3 7 10", 0, "C:min7"),
    ("iio7", "C", "0 2 5 8", 2, "D:hdim7"),
    ("-VII7", "C", "2 5 9 10", 10, "Bb:maj7"), ("V+7", "C", "3 5 7 11", 7, "G:aug(b7)"),
    ("4.IV", "C", "0 5 9", 5, "F:maj"),
    ("8%9V", "C", "2 7 11", 7, "G:maj"), ("Gn", "c", "0 3 6 8", 8, "Ab:7"),
    ("Nb", "c", "1 5 8", 5, "Db:maj/3"),
    ("(V)", "C", "2 7 11", 7, "G:maj"), ("Vf", "C", "0 2 7 11", 0, "G:maj/4"),
    ("V7d/IV", "C", "0 4 7 10", 10, "C:7/b7"),
    ("Im7A9", "C", "0 3 4 7 10", 0, "C:7(#9)"), ("V11", "C", "0 2 5 7 9 11", 7, "G:11"),
]  # fmt: skip
COCOPOPS = [
    ("-III", "c", "3 7 10", 3, "Eb:maj"), ("VII", "c", "3 6 11", 11, "B:maj"),
    ("-VII7", "c", "2 5 8 10", 10, "Bb:7"),
    ("-VII7", "C", "2 5 9 10", 10, "Bb:maj7"), ("V7/vi", "c", "2 4 8 11", 4, "E:7"),
]  # fmt: skip
RS200 = [
    ("bVII", "C", "2 5 10", 10, "Bb:maj"), ("i", "C", "0 3 7", 0, "C:min"),
    ("V7/vi", "C", "2 4 8 11", 4, "E:7"),
    ("I64", "C", "0 4 7", 7, "C:maj/5"), ("IVd7", "C", "0 3 5 9", 5, "F:7"),
    ("IV7", "C", "0 4 5 9", 5, "F:maj7"),
    ("I7", "C", "0 4 7 11", 0, "C:maj7"), ("Id9", "C", "0 2 4 7 10", 0, "C:9"),
    ("Id7#9", "C", "0 3 4 7 10", 0, "C:7(#9)"),
    ("ii65", "C", "0 2 5 9", 5, "D:min7/b3"), ("bIIIs4", "C", "3 8 10", 3, "Eb:sus4"),
    ("v7s4", "C", "0 2 5 7", 7, "G:sus4(b7)"),
    ("V11", "C", "0 2 5 7 9 11", 7, "G:11"), ("vih7", "C", "0 3 7 9", 9, "A:hdim7"),
    ("iih43", "C", "0 2 5 8", 8, "D:hdim7/b5"),
    ("viix7/V", "C", "0 3 6 9", 6, "F#:dim7"), ("viio/ii", "C", "1 4 7", 1, "C#:dim"),
    ("Va", "C", "3 7 11", 7, "G:aug"),
    ("Va7/vi", "C", "0 2 4 8", 4, "E:aug(b7)"), ("V+11", "C", "0 2 7 11", 7, "G:maj(11)"),
    ("vi9", "C", "0 4 7 9 11", 9, "A:min9"),
    ("IV9", "C", "0 4 5 7 9", 5, "F:maj9"), ("bVII", "c", "2 5 10", 10, "Bb:maj"),
    ("iv6", "c", "0 5 8", 8, "F:min/b3"),
]  # fmt: skip
TABLES = {
    "dcml": DCML,
    "romantext": ROMANTEXT,
    "humdrum_harm": HARM,
    "cocopops_harm": COCOPOPS,
    "rs200": RS200,
}
GOLDEN = [(dialect, *row) for dialect, rows in TABLES.items() for row in rows]


@pytest.mark.parametrize(("dialect", "symbol", "key", "notes", "bass", "label"), GOLDEN)
def test_a_figure_sounds_as_its_tradition_reads_it(dialect, symbol, key, notes, bass, label):
    chord = parse_symbol(symbol, dialect, key=Key.parse(key))
    assert chord.pitch_classes == tuple(int(note) for note in notes.split())
    assert chord.bass == bass
    assert chord.label == label


@pytest.mark.parametrize("dialect", TABLES)
def test_a_roman_numeral_without_a_key_raises(dialect):
    with pytest.raises(ChordLabelError, match="needs a key"):
        parse_symbol("V7", dialect)


@pytest.mark.parametrize(
    ("dialect", "symbol"),
    [
        ("dcml", "{"), ("dcml", "|HC}"), ("dcml", "V8"), ("dcml", "ii%"), ("dcml", "Gero"), ("dcml", "I(x)"),
        ("dcml", "Imaj7"),
        ("dcml", "i(#0)"), ("romantext", "VIII"), ("romantext", "V6543"), ("romantext", "Ger64"),
        ("romantext", "V[foo]"),
        ("romantext", "C:"), ("humdrum_harm", "."), ("humdrum_harm", "=12"), ("humdrum_harm", "Vz"),
        ("humdrum_harm", "VD9"),
        ("rs200", "[E]"), ("rs200", "$Vr"), ("rs200", "."), ("rs200", "iid6/ii"), ("rs200", "Ih"),
        ("rs200", "V/V7"),
    ],
)  # fmt: skip
def test_what_is_no_figure_raises_and_is_named(dialect, symbol):
    with pytest.raises(ChordLabelError) as caught:
        parse_symbol(symbol, dialect, key=C)
    assert repr(symbol) in str(caught.value)


@given(st.sampled_from(GOLDEN), st.integers(0, 11))
def test_a_figure_moves_with_its_key(row, semitones):
    dialect, symbol, key = row[:3]
    home = Key.parse(key)
    there = Key((home.tonic + semitones) % 12, home.mode)
    assert parse_symbol(symbol, dialect, key=there) == parse_symbol(symbol, dialect, key=home).transpose(semitones)


def test_silence_is_no_chord():
    assert parse_symbol("@none", "dcml", key=C) == Chord.NO_CHORD
    assert parse_symbol("r", "humdrum_harm", key=C) == Chord.NO_CHORD
    assert parse_symbol("R", "rs200", key=C) == Chord.NO_CHORD


def test_the_parts_of_a_dcml_label_are_told_apart():
    parts = split_label("f.V[V7(4)]|PAC}{")
    assert list(parts.items()) == [
        ("globalkey", "f"), ("localkey", ""), ("pedal", "V"), ("chord", "V7(4)"),
        ("pedalend", "]"), ("cadence", "PAC"), ("phrase", "}{"),
    ]  # fmt: skip


NUMERALS = [
    a + n for a, n in itertools.product(["", "b", "#"], ["I", "ii", "III", "IV", "iv", "V", "v", "vi", "VI", "VII"])
]
MAJOR_FIGURES = ["", "6", "64", "7", "65", "43", "42"]


@settings(deadline=None)  # music21 takes its time to load
@given(
    st.sampled_from(NUMERALS + ["viio", "iio", "viiø", "iiø", "III+", "I+", "#ivo"]),
    st.sampled_from(MAJOR_FIGURES),
    st.sampled_from(["", "/V", "/ii", "/IV", "/vi"]),
    st.sampled_from(["C", "c"]),
)
def test_romantext_agrees_with_music21(numeral, figures, applied, tonic):
    from music21 import key, roman

    if "ø" in numeral and figures not in ("7", "65", "43", "42"):
        return
    figure = numeral + figures + applied
    default = roman.Minor67Default.CAUTIONARY
    other = roman.RomanNumeral(figure, key.Key(tonic), sixthMinor=default, seventhMinor=default)
    ours = parse_symbol(figure, "romantext", key=Key.parse(tonic))
    assert set(ours.pitch_classes) == {pitch.pitchClass for pitch in other.pitches}, figure
    assert ours.bass == other.bass().pitchClass
    assert ours.root == other.root().pitchClass


def test_every_dcml_label_sounds_like_its_own_chord_tones(real_corpus):
    """The corpus spells each chord's tones on the line of fifths above the local tonic."""
    rows = read = agreed = rootless = 0
    seen: dict[tuple[str, str], tuple[Chord, str]] = {}
    for path in sorted(real_corpus("dcml").glob("*/harmonies/*.tsv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if not row["chord"] or not row.get("chord_tones"):
                    continue
                rows += 1
                mode = "minor" if row["localkey_is_minor"] == "1" else "major"
                if (row["label"], mode) not in seen:
                    seen[row["label"], mode] = read_symbol(row["label"], "dcml", key=Key(0, mode, "C"))
                chord, reason = seen[row["label"], mode]
                read += not reason
                fifths = re.findall(r"-?\d+", f"{row['chord_tones']} {row['added_tones']}")
                tones = {int(step) * 7 % 12 for step in fifths}
                agreed += set(chord.pitch_classes) == tones
                # a suspension of the root displaces it there, a Chord cannot lose its root
                rootless += chord.root not in tones and set(chord.pitch_classes) - {chord.root} == tones
    assert rows > 80_000
    assert read / rows > 0.999
    assert agreed / rows > 0.975
    assert (agreed + rootless) / rows > 0.995


def test_every_figure_of_when_in_rome_is_read(real_corpus):
    tokens = read = 0
    skip = re.compile(r"b\d.*|[A-Ga-g][b#-]*:|:?\|+:?|.*:\|.*|=|m\d.*")
    for path in sorted(real_corpus("when_in_rome").rglob("analysis.txt")):
        home = C
        for line in path.read_text(encoding="utf-8").splitlines():
            if not re.match(r"m\d+\S*\s+(?!=)", line):
                continue
            for token in line.split()[1:]:
                if re.fullmatch(r"[A-Ga-g][b#-]*:", token):
                    home = Key.parse(token[:-1].replace("-", "b"))
                elif not skip.fullmatch(token):
                    tokens += 1
                    read += not read_symbol(token, "romantext", key=home)[1]
    assert tokens > 35_000
    assert read / tokens > 0.998


def test_both_humdrum_spines_of_cocopops_tell_the_same_roots(real_corpus):
    pairs = same = 0
    for path in sorted((real_corpus("cocopops_billboard") / "humdrum").glob("*.harm")):
        home = None
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            harm, harte = (line.split("\t") + ["", ""])[:2]
            key = re.fullmatch(r"\*([A-Ga-g][-#]*):.*", harm)
            home = Key.parse(key[1].replace("-", "b")) if key else home
            if home is None or not harm or harm[0] in "*=!." or harte == "N":
                continue
            figure, why = read_symbol(harm, "cocopops_harm", key=home)
            label, why_not = read_symbol(harte, "humdrum_harte")
            assert not why and not why_not, (why, why_not)
            if figure.is_chord and label.is_chord:
                pairs += 1
                same += figure.root == label.root
    assert pairs > 40_000
    assert same / pairs > 0.998


def test_every_symbol_of_both_rs200_analysts_is_read(real_corpus):
    read = total = 0
    folder = real_corpus("rs200") / "original"
    for path in [*folder.glob("*_Temperley.txt"), *folder.glob("*_deClercq.txt")]:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            for token in line.split("%")[0].split(":")[-1].replace("|", " ").split():
                symbol = token.split("*")[0]
                if symbol and symbol[0] not in "$[.":
                    total += 1
                    read += not read_symbol(symbol, "rs200", key=C)[1]
    assert total > 20_000
    assert read / total > 0.999
