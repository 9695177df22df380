"""Roman numerals: figures of chords in keys, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.errors import ChordLabelError
from musictrend.harmony import Chord, ChordSequence, Key
from musictrend.harmony.roman import (
    ROMANS,
    SEVENTH_FIGURES,
    TRIAD_FIGURES,
    Slots,
    apply_key,
    list_figures,
    parse_figure,
    roman_numeral,
    split_numeral,
)

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(["major", "minor"]))
CHORDS = st.builds(
    lambda root, half, bass: Chord.from_parts(root, bitmap=half * 2 + 1, bass=bass),
    st.integers(0, 11),
    st.integers(0, 2047),
    st.integers(0, 11),
)
C, A_MINOR = Key.parse("C"), Key.parse("a")


@given(CHORDS, KEYS, st.booleans())
def test_every_chord_has_a_figure_in_every_key_that_reads_back(chord, key, applied):
    assert parse_figure(roman_numeral(chord, key, applied=applied), key) == chord


@given(CHORDS, st.integers(0, 11), st.sampled_from(["major", "minor"]))
def test_transposing_chord_and_key_together_leaves_the_figure_alone(chord, semitones, mode):
    figure = roman_numeral(chord, Key(0, mode))
    assert roman_numeral(chord.transpose(semitones), Key(semitones, mode)) == figure


@pytest.mark.parametrize(
    ("chord", "key", "figure"),
    [
        ("C:maj", C, "I"), ("A:min/b3", C, "vi6"), ("G:7/b7", C, "V2"), ("B:hdim7", C, "viiø7"),
        ("C:maj7", C, "IM7"),
        ("Bb:maj", C, "bVII"), ("Eb:maj/3", C, "bIII6"), ("F#:dim7", C, "#ivo7"), ("D:7", C, "II7"),
        ("C:aug", C, "I+"), ("G:sus4(b7)", C, "V[sus4(b7)]"), ("C:maj/b7", C, "I[maj]/b7"),
        ("F:min6", C, "iv[min6]"),
        ("A:min", A_MINOR, "i"), ("C:maj", A_MINOR, "III"), ("G:maj", A_MINOR, "VII"),
        ("G#:dim7", A_MINOR, "#viio7"),
        ("E:7/3", A_MINOR, "V65"), ("Bb:maj/3", A_MINOR, "bII6"), ("F#:hdim7", A_MINOR, "#viø7"),
    ],
)  # fmt: skip
def test_figures_are_the_ones_a_musician_writes(chord, key, figure):
    assert roman_numeral(Chord(chord), key) == figure


@pytest.mark.parametrize(
    ("chord", "figure"),
    [
        ("D:7", "V7/V"),
        ("E:maj/3", "V6/vi"),
        ("C#:dim7", "viio7/ii"),
        ("G:7", "V7"),
        ("Bb:maj", "bVII"),
        ("C:7", "V7/IV"),
    ],
)
def test_applied_chords_are_found_when_asked_for(chord, figure):
    # the leading-note chord of a minor degree is #vii there, as the scale is natural minor
    expected = figure.replace("viio7/ii", "#viio7/ii")
    assert roman_numeral(Chord(chord), C, applied=True) == expected


def test_no_chord_and_unknown_keep_their_letters():
    assert [roman_numeral(c, C) for c in (Chord.NO_CHORD, Chord.UNKNOWN)] == ["N", "X"]
    assert parse_figure("N", C) == Chord.NO_CHORD


@pytest.mark.parametrize("figure", ["", "VIII", "V8", "Vo9", "W", "I[nonsense]", "V/", "/".join(["V"] * 20)])
def test_what_is_no_figure_raises(figure):
    with pytest.raises(ChordLabelError):
        parse_figure(figure, C)


def test_an_applied_key_takes_its_mode_from_the_case():
    assert apply_key(split_numeral("V")[0], C) == Key.parse("G")
    assert apply_key(split_numeral("ii")[0], C) == Key.parse("D:minor")
    assert apply_key(split_numeral("bVI")[0], C) == Key.parse("Ab")


def test_an_inversion_the_chord_has_not_got_is_refused():
    with pytest.raises(ChordLabelError, match="inversion 3"):
        Slots({1: 0, 3: 4, 5: 7}, inversion=3).to_chord("C")


@given(st.lists(st.tuples(CHORDS, KEYS), min_size=1, max_size=8))
def test_figures_of_a_song_read_back_in_their_keys(pairs):
    chords, keys = zip(*pairs, strict=True)
    figures = list_figures(chords, keys)
    assert [parse_figure(figure, key) for figure, key in zip(figures, keys, strict=True)] == list(chords)


def test_an_applied_dominant_is_one_only_where_it_goes_there_or_deceives():
    assert [roman_numeral(Chord("E:7"), C, applied=True, following=Chord(x)) for x in ("A:min", "F", "G")] == [
        "V7/vi", "V7/vi", "III7",
    ]  # fmt: skip


def test_a_song_without_keys_has_empty_figures():
    song = ChordSequence.from_labels(["C", "G:7"])
    assert song.figures == ["", ""]
    assert ChordSequence(song.chords, keys=(C, None)).figures == ["I", ""]


@pytest.mark.parametrize("tonic", ["C", "Ab", "F#", "a", "c#", "bb"])
@pytest.mark.parametrize("size", [3, 4])
def test_degree_case_and_inversion_agree_with_music21(tonic, size):
    m21 = pytest.importorskip("music21")
    key = Key.parse(tonic)
    home = m21.key.Key(tonic[0] + tonic[1:].replace("b", "-"))
    leading = "A1" if key.mode == "minor" else "P1"  # chords of the fifth and seventh degree have the raised seventh
    figures = {3: TRIAD_FIGURES, 4: SEVENTH_FIGURES}[size]
    for degree in range(1, 8):
        pitches = []
        for i in range(size):
            pitch = home.pitchFromDegree((degree - 1 + 2 * i) % 7 + 1)
            raised = degree in (5, 7) and (degree - 1 + 2 * i) % 7 == 6
            pitches.append(pitch.transpose(leading) if raised else pitch)
        for inversion, figure in enumerate(figures):
            turned = [*pitches[inversion:], *pitches[:inversion]]
            turned[0].octave = 3
            for low, high in zip(turned[:-1], turned[1:], strict=True):
                high.octave = low.octave
                high.octave += high.ps <= low.ps
            theirs = m21.roman.romanNumeralFromChord(m21.chord.Chord(turned), home)
            root = pitches[0].pitchClass
            bitmap = sum(1 << (p.pitchClass - root) % 12 for p in pitches)
            chord = Chord.from_parts(root, bitmap=bitmap, bass=turned[0].pitchClass)
            ours, rest = split_numeral(roman_numeral(chord, key))
            assert theirs.romanNumeralAlone.lstrip("#b-") == (
                ROMANS[ours.degree - 1] if ours.upper else ROMANS[ours.degree - 1].lower()
            )
            assert (theirs.inversion(), rest.lstrip("oøM+")) == (inversion, figure)
