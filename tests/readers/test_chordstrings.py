"""Plain chord strings: symbols, sections, bars, and which dialect they are in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.readers import get_reader, reader_for_file
from musictrend.corpus.readers.chordstrings import parse_chord_string, tell_dialect
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony import Key

READER = get_reader("chordstrings")
SYMBOLS = st.sampled_from(["C", "G/B", "Amin", "Fsmin7", "Cssus4", "C:(3,5,b7)", "N.C.", "D7(b9,13)"])


def inline(text, **labels):
    (annotation,) = READER.read(None, [Track(track_id="t", chords=text, **labels)])
    return annotation


@given(st.lists(st.tuples(st.sampled_from(["", "verse_1", "chorus_2"]), SYMBOLS), max_size=30))
def test_symbols_and_sections_come_back(pairs):
    text = " ".join(f"<{section}> {symbol}" if section else symbol for section, symbol in pairs)
    symbols, sections = parse_chord_string(text)
    assert symbols == [symbol for _, symbol in pairs]
    standing = ""
    for (section, _), found in zip(pairs, sections, strict=True):
        standing = section or standing
        assert found == standing


def test_bar_lines_commas_and_dashes_are_no_symbols():
    assert parse_chord_string("| C, F - G; | Am || D7(b9,13) |")[0] == ["C", "F", "G", "Am", "D7(b9,13)"]


def test_a_percent_sign_is_the_symbol_before_again():
    assert parse_chord_string("<a> C <b> % F %")[0] == ["C", "C", "F", "F"]


def test_a_mark_alone_holds_no_symbol():
    assert parse_chord_string("<intro_1> <verse_1> C <outro_1>") == (["C"], ["verse_1"])


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("C:maj A:min7", "harte"),
        ("C G Amin F", "leadsheet"),
        ("C#m7 F#", "leadsheet"),
        ("Csus4 Gsus", "leadsheet"),
        ("Cssus4 C", "chordonomicon"),
        ("C/Es", "chordonomicon"),
        ("Bno3d E", "chordonomicon"),
    ],
)
def test_the_dialect_is_told_by_signs_that_only_one_has(text, dialect):
    assert tell_dialect(text.split()) == dialect
    assert inline(text).dialect == dialect


def test_section_marks_are_chordonomicons_unless_a_sharp_sign_says_otherwise():
    assert inline("<verse_1> C Amin").dialect == "chordonomicon"
    assert inline("<verse_1> C# Amin").dialect == "leadsheet"


def test_only_the_order_is_known_without_bar_lines():
    song = inline("<verse_1> C G/B <chorus_1> Amin", key=Key.parse("C"))
    assert (song.symbols, song.unit, song.onsets) == (["C", "G/B", "Amin"], "order", None)
    assert song.places == ["verse_1", "verse_1", "chorus_1"]
    assert song.keys == Key.parse("C")


def test_bars_are_read_where_every_line_has_them(tmp_path):
    path = tmp_path / "song.chords"
    path.write_text(
        "title: Made Up\nartist = Nobody\nyear: 1968\ngenre: Soul; Funk\nkey: A minor\n\n# intro\n"
        "| Am | C G | % |\nD . . E | |\n"
    )
    (song,) = READER.read_file(path)
    assert song.symbols == ["Am", "C", "G", "C", "G", "D", "E"]
    assert song.bars == pytest.approx([1, 0.5, 0.5, 0.5, 0.5, 0.75, 1.25])
    assert (song.unit, song.title, song.artist, song.year) == ("bars", "Made Up", "Nobody", "1968")
    assert (song.genres, song.keys) == (("Soul", "Funk"), Key.parse("Am"))
    assert song.places[0] == "line 8, bar 1"


def test_sections_go_on_over_lines(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("<verse_1> C F\nG C\n<chorus_1>\nF\n")
    (song,) = READER.read_file(path)
    assert song.places == [
        "line 1, verse_1",
        "line 1, verse_1",
        "line 2, verse_1",
        "line 2, verse_1",
        "line 4, chorus_1",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("the quick brown fox was over it", "look like no chord symbol"),
        ("# only a comment\n", "no chord symbols"),
        ("irealb://x", "iReal Pro link"),
    ],
)
def test_a_text_that_is_no_chart_is_refused(tmp_path, text, reason):
    path = tmp_path / "song.txt"
    path.write_text(text)
    with pytest.raises(ReaderError, match=reason):
        READER.read_file(path)


def test_its_endings_are_those_of_plain_text(tmp_path):
    assert reader_for_file(tmp_path / "a.chords") is READER
    assert reader_for_file(tmp_path / "a.txt") is READER


def test_timed_rows_in_a_text_file_are_read_as_timed_rows(tmp_path):
    path = tmp_path / "chord_midi.txt"
    path.write_text("0.0 2.5 C:maj\n2.5 4.0 N\n4.0 6.0 G:7\n")
    (song,) = READER.read_file(path)
    assert (song.symbols, song.unit, song.dialect) == (["C:maj", "N", "G:7"], "seconds", "harte")
