"""JAMS: chord, key and beat annotations of one recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from musictrend.corpus.readers import get_reader, reader_for_file
from musictrend.corpus.readers.jams import parse_jams
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony import Key

READER = get_reader("jams")
SMALL = Path(__file__).parent / "fixtures" / "jams"


def test_each_annotator_is_a_piece():
    songs = READER.read_file(SMALL / "two_annotators.jams")
    assert [song.track_id for song in songs] == ["two_annotators", "two_annotators#2", "two_annotators#3"]
    assert {(song.title, song.artist, song.year) for song in songs} == {("Made Up", "Nobody", "1974-05-01")}
    assert reader_for_file(SMALL / "two_annotators.jams") is READER


def test_observations_are_put_in_order_and_get_keys_and_bars():
    song = READER.read_file(SMALL / "two_annotators.jams")[0]
    assert song.symbols == ["Eb:min7", "Bb:7(#9)"]
    assert (song.onsets, song.durations, song.unit) == ([0, 2], [2, 2], "seconds")
    assert song.bars == pytest.approx([1, 1])  # bars of two beats, the second slower
    assert song.keys == [Key.parse("Eb:minor")] * 2


def test_columns_of_older_files_are_read():
    song = READER.read_file(SMALL / "two_annotators.jams")[1]
    assert (song.symbols, song.durations) == (["Eb:min", "N"], [3, 5])


def test_roman_numerals_bring_their_tonic():
    song = READER.read_file(SMALL / "two_annotators.jams")[2]
    assert (song.dialect, song.symbols) == ("romantext", ["i"])
    assert song.keys[0].tonic == 3


def test_a_track_can_name_the_second_annotator():
    track = Track(track_id="x", path="two_annotators.jams", part="two_annotators#2", reader="jams")
    assert READER.read_track(SMALL, track).symbols == ["Eb:min", "N"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "not JAMS"),
        ({"annotations": {}}, "not JAMS"),
        ({"annotations": [{"namespace": "chord", "data": []}]}, "empty"),
        ({"annotations": [{"namespace": "chord", "data": [{"time": 0}]}]}, "observation without"),
        (
            {"annotations": [{"namespace": "chord", "data": [{"time": 0, "duration": -1, "value": "C"}]}]},
            "impossible",
        ),
        (
            {"annotations": [{"namespace": "chord", "data": {"time": [0], "duration": [], "value": []}}]},
            "columns",
        ),
    ],
)
def test_what_holds_no_chords_is_refused(content, words):
    with pytest.raises(ReaderError, match=words):
        parse_jams(content)


def test_a_file_without_chords_says_what_it_has(tmp_path):
    with pytest.raises(ReaderError, match="among onset"):
        READER.read_file(SMALL / "no_chords.jams")
    broken = tmp_path / "cut.jams"
    broken.write_text(json.dumps({"annotations": []})[:-3])
    with pytest.raises(ReaderError, match="not JSON"):
        READER.read_file(broken)
