"""Bunks' lead sheets: text in bars, written out in full."""

from __future__ import annotations

import pytest

from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import read_symbol

READER = get_reader("jazz_bunks")
TUNE = """Title = Made Up
ComposedBy = Nobody
DBKeySig = F
TimeSig = 3 4
Bars = 4
 FM7 | Gm7 C7 | NC C7 F6 |
 F6 |
"""


def write(tmp_path, text=TUNE, name="MadeUp", folder="Songs[H-O]"):
    path = tmp_path / "SongDB" / folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return tmp_path


def read(root):
    (annotation,) = READER.read(root, list(READER.list_tracks(root)))
    return annotation


def test_chords_of_a_bar_share_its_beats(tmp_path):
    root = write(tmp_path)
    assert recognise_folder(root) is READER
    (track,) = READER.list_tracks(root)
    assert (track.title, track.artist, track.genres, track.key) == ("Made Up", "Nobody", ("jazz",), None)
    song = read(root)
    assert song.symbols == ["FM7", "Gm7", "C7", "NC", "C7", "F6", "F6"]
    assert song.onsets == pytest.approx([0, 3, 4.5, 6, 7, 8, 9])
    assert song.durations == pytest.approx([3, 1.5, 1.5, 1, 1, 1, 3])
    assert song.bars == pytest.approx([1, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3, 1])
    assert (song.unit, song.places[-1]) == ("quarters", "line 7, bar 4")
    assert not song.warnings


def test_a_key_signature_is_no_key(tmp_path):
    assert read(write(tmp_path)).keys is None


def test_without_a_time_signature_time_is_in_bars(tmp_path):
    song = read(write(tmp_path, TUNE.replace("TimeSig = 3 4\n", "")))
    assert song.unit == "bars"
    assert song.onsets == pytest.approx([0, 1, 1.5, 2, 2 + 1 / 3, 2 + 2 / 3, 3])


def test_a_count_of_bars_that_is_not_theirs_is_told(tmp_path):
    assert read(write(tmp_path, TUNE.replace("Bars = 4", "Bars = 32"))).warnings == [
        ("", "4 bars are written, Bars = 32")
    ]


def test_a_last_bar_without_its_line_is_read_and_told(tmp_path):
    song = read(write(tmp_path, TUNE.removesuffix("|\n") + "\n"))
    assert song.symbols[-1] == "F6"
    assert song.warnings == [("line 7", "the last bar does not end in |")]


def test_equal_file_names_of_two_folders_are_two_tracks(tmp_path):
    write(tmp_path)
    root = write(tmp_path, folder="Songs[P-Z]")
    assert [t.track_id for t in READER.list_tracks(root)] == ["MadeUp", "Songs[P-Z]/MadeUp"]


def test_a_broken_tune_fails_and_the_rest_goes_on(tmp_path):
    write(tmp_path, "just words\n", name="Bad")
    write(tmp_path, "Title = Nothing\nBars = 0\n", name="Empty")
    root = write(tmp_path)
    listed = list(READER.list_tracks(root))
    assert [t.status for t in listed] == ["failed", "ok", "ok"]
    assert [bool(a.problem) for a in READER.read(root, listed)] == [True, True, False]


def test_the_real_corpus_reads_whole(real_corpus):
    root = real_corpus("jazz_bunks")
    listed = list(READER.list_tracks(root))
    songs = list(READER.read(root, listed))
    assert len(songs) == len({t.track_id for t in listed}) == 1785
    assert not [s.track_id for s in songs if s.problem or s.warnings]
    tokens = [symbol for song in songs for symbol in song.symbols]
    assert len(tokens) == 90856
    unread = {symbol for symbol in set(tokens) if read_symbol(symbol, "leadsheet")[1]}
    assert sum(symbol in unread for symbol in tokens) <= 0.005 * len(tokens), unread
    # Mohawk: a blues of 12 bars; the fourth has Fm7 and Bb7.
    mohawk = next(s for s in songs if s.track_id == "Mohawk")
    assert mohawk.symbols[:6] == ["Bb7", "Eb7", "Bb7", "Fm7", "Bb7", "Eb7"]
    assert mohawk.onsets[:6] == [0, 4, 8, 12, 14, 16]
    assert sum(mohawk.bars) == pytest.approx(12)
