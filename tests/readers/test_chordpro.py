"""ChordPro: chords in lyrics, directives in braces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.readers import get_reader, reader_for_file
from musictrend.errors import ReaderError
from musictrend.harmony import Key, read_symbol

READER = get_reader("chordpro")
SONG = """# a comment with [C] in it
{title: Made Up}
{artist: Nobody}
{year: 1971}
{key: G}
{meta: genre folk; country}
{define: Em7 base-fret 1 frets 0 2 2 0 3 0}
{start_of_verse: Verse 1}
[G]Words that [D/F#]no-one [Em7]sang [(C)]
{end_of_verse}
{soc}
[C]La [D7]la [*softly]la [N.C.]
{eoc}
{start_of_tab}
e|--[A]--0--|
{end_of_tab}
[Verse 2]
[Am]More
{chorus}
"""


def write(tmp_path, text, name="song.cho", **how):
    path = tmp_path / name
    path.write_text(text, **how)
    return path


def symbols(tmp_path, text):
    return READER.read_file(write(tmp_path, text))[0].symbols


def test_chords_labels_and_places_are_read_and_the_rest_is_left_out(tmp_path):
    (song,) = READER.read_file(write(tmp_path, SONG))
    assert song.symbols == ["G", "D/F#", "Em7", "C", "C", "D7", "N.C.", "Am", "C", "D7", "N.C."]
    assert (song.title, song.artist, song.year, song.genres) == (
        "Made Up",
        "Nobody",
        "1971",
        ("folk", "country"),
    )
    assert (song.unit, song.onsets, song.bars) == ("order", None, None)
    assert song.keys == [Key.parse("G")] * 11
    assert song.places[:1] + song.places[4:5] == ["line 9, verse", "line 12, chorus"]
    assert not [s for s in song.symbols if read_symbol(s, song.dialect)[1]]


def test_chorus_repeats_the_latest_chorus(tmp_path):
    assert symbols(tmp_path, "{soc}\n[C]a\n{eoc}\n{chorus}\n{soc}\n[D]b\n{eoc}\n[E]\n{chorus: Last}\n") == [
        "C", "C", "D", "E", "D",
    ]  # fmt: skip


def test_chorus_before_there_is_one_is_told(tmp_path):
    (song,) = READER.read_file(write(tmp_path, "{chorus}\n[C]a\n"))
    assert song.warnings == [("line 1", "{chorus} before there is a chorus")]


def test_a_caret_recalls_the_chords_of_the_first_section_of_that_sort(tmp_path):
    text = "{sov}\n[C]a [F]b\n{eov}\n{soc}\n[G]c\n{eoc}\n{sov}\n[^]d [^]e\n{eov}\n"
    assert symbols(tmp_path, text) == ["C", "F", "G", "C", "F"]


def test_a_key_holds_from_where_it_stands(tmp_path):
    (song,) = READER.read_file(write(tmp_path, "[C]\n{key: A minor}\n[Am]\n{key: Bb}\n[Bb]\n"))
    assert song.keys == [None, Key.parse("A:minor"), Key.parse("Bb")]


def test_grids_are_read_between_their_bar_lines(tmp_path):
    text = "{start_of_grid}\nA || C . Am . | F~G / % . || repeat\n{end_of_grid}\n[E]\n"
    assert symbols(tmp_path, text) == ["C", "Am", "F", "G", "E"]


def test_new_song_begins_another_song(tmp_path):
    found = READER.read_file(write(tmp_path, "{t: One}\n[C]\n{ns}\n{t: Two}\n{soc}\n[D]\n{new_song}\nno chords\n"))
    assert [(a.track_id, a.symbols) for a in found] == [("One", ["C"]), ("Two", ["D"])]


def test_a_file_without_chords_says_so(tmp_path):
    with pytest.raises(ReaderError, match="no chords in brackets"):
        READER.read_file(write(tmp_path, "{title: Only words}\nla la\n"))


def test_a_chorus_that_multiplies_is_refused(tmp_path):
    text = "{soc}\n[C]\n{eoc}\n" + "{soc}\n{chorus}\n{chorus}\n{eoc}\n" * 40
    with pytest.raises(ReaderError, match="more than 100,000 chords"):
        READER.read_file(write(tmp_path, text))


def test_its_endings_are_chordpros(tmp_path):
    assert {reader_for_file(tmp_path / f"x{suffix}") for suffix in (".cho", ".CRD", ".chopro", ".pro")} == {READER}


@given(
    st.lists(
        st.sampled_from(["{soc}", "{eoc}", "{chorus}", "[C]", "[^]", "{sot}", "{eot}", "{ns}", "{key:", "{", "x"]),
        max_size=30,
    )
)
def test_any_file_is_read_or_refused(tmp_path_factory, lines):
    path = write(tmp_path_factory.mktemp("cho"), "\n".join([*lines, ""]) or "\n")
    try:
        found = READER.read_file(path)
    except ReaderError:
        return
    assert all(len(a.symbols) == len(a.places) for a in found)
