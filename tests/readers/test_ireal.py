"""iReal Pro: links, scrambling, and charts in their sounding order.

The charts here are made up; links are made by an encoder of our own, written
from the description of the format.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.readers import get_reader, reader_for_file, recognise_folder
from musictrend.corpus.readers._ireal_chart import play, read_bars, read_chart
from musictrend.corpus.readers.ireal import PREFIX, parse_links, unscramble
from musictrend.errors import ReaderError
from musictrend.harmony import Key, read_symbol

READER = get_reader("ireal")


def scramble(chart: str) -> str:
    """The encoder: abbreviate, then exchange characters in every block of 50 but a last one of up to 51."""
    text = chart.replace("| x", "Kcl").replace(" |", "LZ").replace("   ", "XyQ")
    out = ""
    while len(text) > 51:
        block, text = text[:50], text[50:]
        out += (
            block[:44:-1] + block[5:10] + block[39:25:-1] + block[24:26] + block[23:9:-1] + block[40:45] + block[4::-1]
        )
    return PREFIX + out + text


def link(*songs, scheme="irealb", playlist="Some tunes"):
    """A link of (title, composer, style, key, chart) tuples."""
    if scheme == "irealbook":
        body = "=".join("=".join([t, c, s, k, "n", chart]) for t, c, s, k, chart in songs)
    else:
        parts = [
            "=".join([t, c, "", s, k, "", scramble(chart), "Jazz-Medium Swing", "120", "3"])
            for t, c, s, k, chart in songs
        ]
        body = "===".join([*parts, playlist] if len(songs) > 1 else parts)
    return f"{scheme}://{quote(body, safe='')}"


def symbols(chart: str) -> list[str]:
    return read_chart("tune", chart, None).symbols


def played(chart: str) -> str:
    """Numbers of the written bars in the order they sound."""
    return " ".join(str(bar.number) for bar in play(read_bars(chart, [])))


CELLS = st.sampled_from(
    [
        "C^7",
        "A-7",
        "D7b9",
        "G7sus",
        "Eh7/Bb",
        "n",
        "   ",
        " ",
        ",",
        "| x  ",
        " |",
        "|",
        "N1",
        "*A",
        "T44",
        "{",
        "}",
    ]
)


@given(st.lists(CELLS, max_size=60).map("".join))
def test_unscrambling_undoes_scrambling(chart):
    assert unscramble(scramble(chart)) == chart


def test_scrambling_moves_the_characters_that_the_format_says():
    plain = "abcde" + "fghij" + "klmnopqrstuvwx" + "yz" + "ABCDEFGHIJKLMN" + "OPQRS" + "TUVWY" + "0123456789"
    expected = "YWVUT" + "fghij" + "NMLKJIHGFEDCBA" + "yz" + "xwvutsrqponmlk" + "OPQRS" + "edcba" + "0123456789"
    assert unscramble(expected) == plain


def test_a_last_block_of_50_or_51_characters_is_left_alone():
    for length in (50, 51):
        text = ("abcdefghij" * 6)[:length]
        assert unscramble(text) == text


def test_songs_of_a_playlist_keep_their_labels():
    url = link(
        ("Blue Made", "Doe Jane", "Medium Swing", "E-", "[T44E-7   |A-7 B7 Z"),
        ("Second, The", "Trad", "Bossa Nova", "F", "[T44F^7   |" + "C7   |" * 30 + "F6   Z"),
    )
    first, second = parse_links(f'<html><body><a href="{url}">tunes</a> - Jane</body></html>')
    assert (first.title, first.artist, first.style, first.key) == (
        "Blue Made",
        "Jane Doe",
        "Medium Swing",
        "E-",
    )
    assert first.chart == "[T44E-7   |A-7 B7 Z"
    assert (second.title, second.artist, second.chart.count("C7")) == ("Second, The", "Trad", 30)


def test_empty_fields_beside_the_separator_do_not_split_a_song():
    (song,) = parse_links(link(("Untold", "", "", "", "[T44C   Z")))
    assert (song.title, song.composer, song.style, song.key, song.chart) == (
        "Untold",
        "",
        "",
        "",
        "[T44C   Z",
    )


def test_the_older_scheme_is_read_too():
    songs = parse_links(
        link(
            ("One", "Doe Jane", "Ballad", "C", "T44{C   |F   }"),
            ("Two", "X", "Waltz", "G-", "[T34G-  Z"),
            scheme="irealbook",
        )
    )
    assert [(s.title, s.chart) for s in songs] == [("One", "T44{C   |F   }"), ("Two", "[T34G-  Z")]


def test_a_link_in_plain_text_need_not_be_percent_encoded():
    (song,) = parse_links("my tune: irealbook://One Day=Doe Jane=Ballad=C=n=[T44C   |F<slow>   Z\nnext line")
    assert song.chart == "[T44C   |F<slow>   Z"


@pytest.mark.parametrize("text", ["", "<html>no link</html>", "irealb://only%20a%20title", "irealb://"])
def test_a_text_without_songs_says_so(text):
    with pytest.raises(ReaderError, match="link"):
        parse_links(text)


def test_cells_share_the_bar():
    chart = read_chart("tune", "[T44C^7   |D-7 G7 |C6,A7,D-7,G7|T34C   |F F- |T24C |T12C  F  Z", Key.parse("C"))
    assert chart.symbols == ["C^7", "D-7", "G7", "C6", "A7", "D-7", "G7", "C", "F", "F-", "C", "C", "F"]
    assert chart.durations == pytest.approx([4, 2, 2, 1, 1, 1, 1, 3, 2, 1, 2, 3, 3])
    assert chart.onsets[-1] == pytest.approx(23)
    assert sum(chart.bars) == pytest.approx(7)
    assert chart.unit == "quarters"


def test_four_chords_in_a_bar_of_three_beats_are_all_kept():
    assert symbols("[T34C,D-,E-,F|G Z") == ["C", "D-", "E-", "F", "G"]


def test_a_bar_of_blanks_lets_the_chord_go_on_but_blanks_outside_bars_are_no_bar():
    chart = read_chart("tune", "[T44C   |    |F   ]      [G   Z", None)
    assert (chart.symbols, chart.durations) == (["C", "F", "G"], [8, 4, 4])


def test_signs_that_are_no_chords_take_no_time():
    assert symbols("*A[T44SsC-7,lF7,YpfBb^7(Bb7),QUE-7   Z") == ["C-7", "F7", "Bb^7", "E-7"]


def test_a_slash_lets_the_chord_go_on():
    assert read_chart("tune", "[T44C7,p,p,F7|", None).durations == [3, 1]


def test_an_invisible_root_is_the_chord_before_over_a_new_bass():
    chart = read_chart("tune", "[T44C7 W/E W/Bb |F/A   |   W/G Z", None)
    assert chart.symbols == ["C7", "C7/E", "C7/Bb", "F/A", "F/G"]
    assert not [s for s in chart.symbols if read_symbol(s, "ireal")[1]]


def test_no_chord_is_written_n():
    assert symbols("[T44n   |C   Z") == ["n", "C"]


def test_repeat_signs_are_the_bars_they_stand_for():
    assert symbols("[T44C7 F7 | x  |x   Z") == ["C7", "F7"] * 3
    assert symbols("[T44C   |F   |   r|    |G   Z") == ["C", "F", "C", "F", "G"]
    assert symbols("[T44C   |F   |r   |G   Z") == ["C", "F", "C", "F", "G"]
    assert symbols("[T44C   |F   | r  Z") == ["C", "F", "C", "F"]


def test_a_repeat_sign_with_nothing_before_it_is_a_clear_error():
    with pytest.raises(ReaderError, match="repeat sign before"):
        symbols("[T44 x  |C   Z")


def test_repeats_are_played_twice_or_as_often_as_written():
    assert played("{C   |D   }[E   Z") == "1 2 1 2 3"
    assert played("{C   |D<3x>   }[E   Z") == "1 2 1 2 1 2 3"
    assert played("[C   |D   }[E   Z") == "1 2 1 2 3"
    assert played("{C   }{D   }") == "1 1 2 2"


def test_endings_are_taken_in_turn():
    assert played("{C   |N1D   }    |N2E   |F   Z") == "1 2 1 3 4"
    assert played("{C   |N1D   }|N2E   }|N3F   Z") == "1 2 1 3 1 4"
    assert played("{C   |N1D   |E<3x>   }|N2F   Z") == "1 2 3 1 2 3 1 4"
    assert played("{C   |N1D   }[E   Z") == "1 2 1 3"
    assert played("{C   |N1D   }|N2E   ]{F   |N1G   }|N2A   Z") == "1 2 1 3 4 5 4 6"


def test_da_capo_and_dal_segno_are_played_once():
    assert played("[C   |D<Fine>   |E<D.C. al Fine>   Z") == "1 2 3 1 2"
    assert played("[C   |SD   |E Q |F<D.S. al Coda>   ][QG   Z") == "1 2 3 4 2 3 5"
    assert played("[C   |QD   |F<D.C. al Coda>   ][QG   Z") == "1 2 3 1 4"
    assert played("{C   |N1D   }|N2E   ][F<*66D.C. al 2nd End.>   Z") == "1 2 1 3 4 1 3"
    assert played("{C   |N1D   }|N2E   ][F<D.C. al 3rd End.>   ][N3G   |A   Z") == "1 2 1 3 4 1 5 6"
    assert played("{C   |D   }[E<D.C. al Fine>   |F<Fine>   Z") == "1 2 1 2 3 1 2 3 4"


def test_repeats_are_not_taken_after_a_da_capo():
    assert played("{C   |D<Fine>   }[E<D.C. al Fine>   Z") == "1 2 1 2 3 1 2"


def test_a_da_capo_that_only_asks_for_another_chorus_is_not_played():
    assert played("[C   |D<D.C.>   Z") == "1 2"


def test_unknown_signs_are_told_and_left_out():
    chart = read_chart("tune", "[T44C   |?F   Z", None)
    assert chart.symbols == ["C", "F"]
    assert chart.warnings == [("bar 2", "sign '?' is not in the format: left out")]


@given(st.text(alphabet="ABCDEFG#b-^7ohnxrp |[]{}ZN123T4*SQUW/,<>.alDCoda()", max_size=80))
def test_any_string_of_signs_is_played_or_refused(text):
    try:
        chart = read_chart("tune", text, None)
    except ReaderError:
        return
    assert len(chart.symbols) == len(chart.durations) == len(chart.bars)
    assert all(d > 0 for d in chart.durations)


def test_a_folder_of_exported_pages_is_a_corpus(tmp_path):
    page = link(("One", "Doe Jane", "Ballad", "C", "[T44C   Z"), ("Bad", "X", "", "H", "[T44 x  Z"))
    (tmp_path / "tunes.html").write_text(f'<a href="{page}">tunes</a>')
    (tmp_path / "more.txt").write_text(link(("Three", "X Y", "Waltz", "G-", "[T34G-  Z")))
    assert recognise_folder(tmp_path) is READER
    listed = list(READER.list_tracks(tmp_path))
    assert [t.track_id for t in listed] == ["more/0001 Three", "tunes/0001 One", "tunes/0002 Bad"]
    assert [t.key for t in listed] == [Key.parse("G-"), Key.parse("C"), None]
    songs = list(READER.read(tmp_path, listed))
    assert [s.problem.reason if s.problem else s.symbols for s in songs] == [
        ["G-"], ["C"], "a repeat sign before there is a bar to repeat",
    ]  # fmt: skip
    assert reader_for_file(tmp_path / "tunes.html") is READER
    assert [a.track_id for a in READER.read_file(tmp_path / "tunes.html")] == ["One", "Bad"]


def test_a_page_without_a_link_makes_no_corpus(tmp_path):
    (tmp_path / "report.html").write_text("<html>a page</html>")
    assert not READER.recognises(tmp_path)
