"""Chordonomicon's CSV: read row by row, never whole."""

from __future__ import annotations

import csv
import tracemalloc

import pytest

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import read_symbol

READER = get_reader("chordonomicon")
COLUMNS = "id,chords,release_date,genres,decade,rock_genre,artist_id,main_genre,spotify_song_id,spotify_artist_id"
CHORDS = "<intro_1> C <verse_1> F Csus4 E7 Amin"
ROWS = [
    ["1", CHORDS, "1977", "'classic country pop'", "1970.0", "", "artist_0", "pop", "s1", ""],
    [
        "2",
        "E D A/Cs Fsmin",
        "2003-01-01",
        "'nu metal' \"rock 'n' roll\"",
        "2000.0",
        "",
        "artist_1",
        "",
        "",
        "",
    ],
    ["3", "G, Cno3d", "", "", "1990.0", "", "", "", "s3", ""],
    ["4", "Bb", "", "", "", "", "", "metal", "", ""],
]


def write(root, rows=ROWS, columns=COLUMNS, name="chordonomicon_v2.csv"):
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        file.write(columns + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)
    return root


def test_rows_are_tracks_with_genre_and_year(tmp_path):
    root = write(tmp_path)
    assert recognise_folder(root) is READER
    first, second, third, fourth = READER.list_tracks(root)
    assert (first.track_id, first.title, first.artist) == ("1", "spotify:track:s1", "artist_0")
    assert (first.genres, first.year.value) == (("pop",), 1977)
    assert (second.genres, second.year.value, second.title) == (("nu metal", "rock 'n' roll"), 2003, "")
    assert (third.year.low, third.year.high, third.artist, third.genres) == (1990, 1999, "", ())
    assert fourth.year.reason == "no year"


def test_chords_are_found_in_any_order_of_tracks(tmp_path):
    root = write(tmp_path)
    listed = list(READER.list_tracks(root))
    for order in ([0, 1, 2, 3], [3, 1], [2, 2, 0]):
        songs = list(READER.read(root, [listed[i] for i in order]))
        assert [s.symbols[0] for s in songs] == [["C", "E", "G", "Bb"][i] for i in order]
    (song,) = READER.read(root, listed[:1])
    assert song.symbols == ["C", "F", "Csus4", "E7", "Amin"]
    assert song.places == ["intro_1", "verse_1", "verse_1", "verse_1", "verse_1"]
    assert (song.unit, song.dialect) == ("order", "chordonomicon")
    assert READER.read_track(root, listed[1]).symbols == ["E", "D", "A/Cs", "Fsmin"]


def test_the_first_version_of_the_file_is_read_too(tmp_path):
    columns = "id,chords,s_artist,release_date,genres,decade,main_genre,rock_genre,parts"
    rows = [["7", "C G", "artist_9", "1985", "'soul'", "1980.0", "soul", "", "yes"]]
    root = write(tmp_path, rows, columns, "chordonomicon.csv")
    (track,) = READER.list_tracks(root)
    assert (track.artist, track.genres, track.year.value) == ("artist_9", ("soul",), 1985)


def test_broken_rows_fail_alone(tmp_path):
    root = write(tmp_path, ROWS[:1])
    with (root / "chordonomicon_v2.csv").open("ab") as file:
        file.write(b"2,too few cells\n")
        file.write(b'3,"a quote that is not closed,,,,,,,,\n\n')
        file.write(b"4,C \xff,,,,,,,,\n")
        file.write(b"5,,,,,,,,,\n")
        file.write(b"6,C G,,,,,,pop,,\n")
    listed = list(READER.list_tracks(root))
    assert [t.status for t in listed] == ["ok", "failed", "failed", "failed", "ok", "ok"]
    assert [t.reason for t in listed[1:4]] == [
        "line 3: 2 cells, the header has 10",
        "line 4: not a row of a CSV: unexpected end of data",
        "line 6: not UTF-8: byte 0xff cannot be decoded",
    ]
    songs = list(READER.read(root, [t for t in listed if t.status == "ok"]))
    assert [s.problem.reason if s.problem else s.symbols[-1] for s in songs] == [
        "Amin",
        "no chords in the row",
        "G",
    ]


def test_a_file_that_changed_since_it_was_listed_is_noticed(tmp_path):
    root = write(tmp_path)
    listed = list(READER.list_tracks(root))
    write(tmp_path, [["0", "D", *[""] * 8], *ROWS])
    songs = list(READER.read(root, listed[1:3]))
    assert all("the file changed" in s.problem.hint for s in songs)


def test_another_table_of_that_name_is_not_taken_for_it(tmp_path):
    write(tmp_path, [["1", "C"]], "id,progression")
    assert not READER.recognises(tmp_path)


def test_memory_stays_bounded_while_the_file_grows(tmp_path):
    row = "<verse_1> " + "C G Amin F " * 200
    root = write(tmp_path, [[str(i), row, *[""] * 8] for i in range(4000)])
    size = (root / "chordonomicon_v2.csv").stat().st_size
    listed = list(READER.list_tracks(root))
    tracemalloc.start()
    n = sum(len(song.symbols) for song in READER.read(root, listed))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 4000 * 800
    assert size > 8e6
    assert peak < 1e6


def test_the_recipe_takes_pop_and_pop_rock_as_pop_and_leaves_the_unlabelled_aside(tmp_path, request):
    settings = read_recipe(request.config.rootpath / "corpora" / "chordonomicon").settings
    rule = SegmentRule.from_toml(settings["segments"], settings.get("genres"))
    assert [rule.assign(t) for t in READER.list_tracks(write(tmp_path))] == ["pop", "other", "other", "niche"]


def test_its_own_list_of_symbols_is_read(real_file):
    with real_file("chordonomicon_labels.csv").open(encoding="utf-8", newline="") as file:
        symbols = [row["Chords"] for row in csv.DictReader(file)]
    unread = [s for s in symbols if read_symbol(s, "chordonomicon")[1]]
    assert len(symbols) == 2793
    assert len(unread) <= 0.02 * len(symbols), unread[:20]


@pytest.mark.parametrize("name", ["jaah", "jazz_bunks", "jazz_standards", "choro", "chordonomicon"])
def test_recipes_name_a_reader_and_a_rule(name, request):
    recipe = read_recipe(request.config.rootpath / "corpora" / name)
    assert recipe.name == name
    reader = get_reader(recipe.settings["reader"])
    assert recipe.settings["licence"] == reader.licence
    assert SegmentRule.from_toml(recipe.settings["segments"]).stated
    assert (recipe.folder / "README.md").is_file()


def test_the_file_alone_is_the_corpus_too(tmp_path):
    corpus = load_corpus(write(tmp_path) / "chordonomicon_v2.csv")
    assert (corpus.name, corpus.reader, corpus.year_kind, len(corpus)) == (
        "chordonomicon",
        "chordonomicon",
        "release",
        4,
    )
    assert list(corpus.tracks["segment"]) == ["pop", "other", "other", "niche"]
