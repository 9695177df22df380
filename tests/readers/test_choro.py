"""Choro charts: phrases, parts made of phrases, keys and metres in brackets."""

from __future__ import annotations

import pytest

from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import Key, read_symbol

READER = get_reader("choro")
PIECE = """P1: Cm7(9) | Fm Fm/Eb |
P2[3/4]: D7(9)(#11) . Cm7 |

P3: G7M | | NC
PartA: $P1 $P2
PartB[Eb]: $P3

S[Cm, 2/4]: $PartA $PartB $P1
"""


def write(tmp_path, text=PIECE, name="1_made_up_WF", folder="transcriptions"):
    path = tmp_path / folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return tmp_path


def read(root):
    (annotation,) = READER.read(root, list(READER.list_tracks(root)))
    return annotation


def test_phrases_and_parts_are_written_out_in_the_order_of_the_piece(tmp_path):
    root = write(tmp_path)
    assert recognise_folder(root) is READER
    song = read(root)
    first = ["Cm7(9)", "Fm", "Fm/Eb"]
    assert song.symbols == [*first, "D7(9)(#11)", "Cm7", "G7M", "NC", *first]
    # 2/4, 2/4, 3/4 (two of its three slots D7), then two bars of G7M, one of silence.
    assert song.durations == pytest.approx([2, 1, 1, 2, 1, 4, 2, 2, 1, 1])
    assert song.bars == pytest.approx([1, 0.5, 0.5, 2 / 3, 1 / 3, 2, 1, 1, 0.5, 0.5])
    assert (song.unit, song.places[3]) == ("quarters", "line 2, bar 1")


def test_brackets_inside_win_over_those_around(tmp_path):
    keys = read(write(tmp_path)).keys
    assert keys == [Key.parse("Cm")] * 5 + [Key.parse("Eb")] * 2 + [Key.parse("Cm")] * 3


def test_a_name_times_a_number_is_repeated(tmp_path):
    assert read(write(tmp_path, "P1: C | G |\nS[C, 2/4]: $P1*3\n")).symbols == ["C", "G"] * 3


def test_a_phrase_defined_twice_is_taken_from_its_last_line_and_told(tmp_path):
    song = read(write(tmp_path, "P1: C |\nP1: D |\nS[C, 2/4]: $P1\n"))
    assert song.symbols == ["D"]
    assert song.warnings == [("line 2", "P1 is defined in line 1 too: this one is taken")]


def test_years_and_composers_come_from_the_corpus_table_where_it_is(tmp_path):
    root = write(tmp_path, folder="data/transcriptions")
    (root / "data" / "choro.tsv").write_text(
        "chord\tfilename\ttitle\tcomposer\tsub_genre\tyear\n"
        "Cm7(9)\t1_made_up_WF.txt\tInventado\tNinguém\tchoro-canção\t1932\n"
        "Fm\t1_made_up_WF.txt\tInventado\tNinguém\tchoro-canção\t1932\n",
        encoding="utf-8",
    )
    (track,) = READER.list_tracks(root)
    assert (track.title, track.artist, track.year.value) == ("Inventado", "Ninguém", 1932)
    assert track.genres == ("choro", "choro-canção")


def test_without_the_table_the_title_is_the_file_name(tmp_path):
    (track,) = READER.list_tracks(write(tmp_path))
    assert (track.title, track.artist, track.year.value, track.genres) == ("made up", "", None, ("choro",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("P1: C |\n", 'no line "S'),
        ("S[C, 2/4]: $P1\n", "$P1 is not defined"),
        ("P1: $P2\nP2: $P1\nS[C, 2/4]: $P1\n", "defined by itself"),
        ("P1: $P1\nS[C, 2/4]: $P1\n", "defined by itself"),
        ("P1: C |\nS[Q, 2/4]: $P1\n", "neither a key nor a metre"),
        ("P1: C |\nS[C, 2/4]: $P1 D7\n", "mixes names and chords"),
        ("C D E\n", "belongs to no definition"),
        ("P1:\nS[C, 2/4]: $P1\n", "P1 holds no bar"),
    ],
)
def test_a_broken_piece_says_what_is_wrong(tmp_path, text, reason):
    assert reason in read(write(tmp_path, text)).problem.reason


def test_definitions_that_multiply_without_end_are_refused(tmp_path):
    lines = ["P0: C |"] + [f"P{i}: {f'$P{i - 1} ' * 9}" for i in range(1, 12)] + ["S[C, 2/4]: $P11"]
    assert "more than 20,000 bars" in read(write(tmp_path, "\n".join(lines))).problem.reason


def test_the_real_corpus_reads_whole(real_corpus):
    root = real_corpus("dcml_choro")
    listed = list(READER.list_tracks(root))
    songs = {s.track_id: s for s in READER.read(root, listed)}
    assert len(songs) == 194
    assert not [s.track_id for s in songs.values() if s.problem]
    assert all(s.unit == "quarters" and s.keys for s in songs.values())
    tokens = [symbol for song in songs.values() for symbol in song.symbols]
    assert len(tokens) > 28000
    unread = {symbol for symbol in set(tokens) if read_symbol(symbol, "cifra")[1]}
    assert sum(symbol in unread for symbol in tokens) <= 0.005 * len(tokens), unread
    # Cheio de dedos: phrase P2 is in 3/4 with three chords, and PartB is in E minor.
    song = songs["2_cheio_de_dedos_WF"]
    places = [i for i, p in enumerate(song.places) if p.startswith("line 4,")]
    assert [song.symbols[i] for i in places[:3]] == ["D7(9)(#11)", "Db7(9)(#11)", "Cm7(9)"]
    assert [song.durations[i] for i in places[:3]] == [1, 1, 1]
    assert song.keys[0] == Key.parse("Cm")
    assert Key.parse("Em") in song.keys
