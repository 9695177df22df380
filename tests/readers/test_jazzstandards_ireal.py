"""Jazz standards as JSON: repeats and endings unfolded."""

from __future__ import annotations

import json

import pytest

from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import Key, read_symbol

READER = get_reader("jazzstandards_ireal")


def section(main, *endings, **more):
    found = {"MainSegment": {"Chords": main}} | more
    return found | ({"Endings": [{"Chords": e} for e in endings]} if endings else {})


def tune(*sections, **more):
    head = {
        "Title": "Made Up",
        "Composer": "Nobody",
        "Key": "Cmin",
        "Rhythm": "Bossa Nova",
        "TimeSignature": "4/4",
    }
    return head | {"Sections": list(sections)} | more


def write(tmp_path, *tunes):
    (tmp_path / "JazzStandards.json").write_text(json.dumps(tunes))
    return tmp_path


def read(root):
    return list(READER.read(root, list(READER.list_tracks(root))))


def symbols(tmp_path, *sections):
    (song,) = read(write(tmp_path, tune(*sections)))
    return song.symbols


def test_bars_and_chords_are_told_apart(tmp_path):
    root = write(tmp_path, tune(section("Cm7|Fm7,Bb7", Label="A")))
    assert recognise_folder(root) is READER
    (track,) = READER.list_tracks(root)
    assert (track.track_id, track.artist, track.genres) == ("Made Up", "Nobody", ("Bossa Nova",))
    assert track.key == Key.parse("C:minor")
    (song,) = read(root)
    assert song.symbols == ["Cm7", "Fm7", "Bb7"]
    assert (song.unit, song.onsets, song.bars) == ("quarters", [0, 4, 6], [1, 0.5, 0.5])
    assert song.keys == [Key.parse("C:minor")] * 3
    assert song.places[-1] == "section 1 (A), bar 2"


def test_an_empty_slot_lets_the_chord_before_go_on(tmp_path):
    (song,) = read(write(tmp_path, tune(section("C,,D,E||F,,,"))))
    assert song.symbols == ["C", "D", "E", "F"]
    assert song.durations == [2, 1, 5, 4]


def test_alternatives_in_parentheses_are_left_out(tmp_path):
    (song,) = read(write(tmp_path, tune(section("C7(Gb7)|F,(F#),(G)"))))
    assert song.symbols == ["C7", "F"]
    assert song.durations == [4, 4]


def test_repeats_and_endings_are_unfolded(tmp_path):
    assert symbols(tmp_path, section("C|D", Repeats=1), section("E")) == ["C", "D", "C", "D", "E"]
    assert symbols(tmp_path, section("C", "D", "E"), section("F")) == ["C", "D", "C", "E", "F"]


def test_one_ending_alone_is_a_first_ending_or_the_third_of_an_earlier_section(tmp_path):
    assert symbols(tmp_path, section("C", "D"), section("E")) == ["C", "D", "C", "E"]
    (song,) = read(write(tmp_path, tune(section("C", "D", "E"), section("F", "G"))))
    assert song.symbols == ["C", "D", "C", "E", "F", "C", "G"]
    assert song.warnings == [("section 2", "one ending alone: read as the third ending of an earlier section")]


def test_without_a_time_signature_time_is_in_bars(tmp_path):
    (song,) = read(write(tmp_path, tune(section("C|D,E"), TimeSignature="")))
    assert (song.unit, song.onsets) == ("bars", [0, 1, 1.5])


def test_broken_tunes_fail_alone(tmp_path):
    root = write(
        tmp_path,
        tune(section("C")),
        {"Title": "No sections"},
        "text",
        tune({"Label": "A"}, Title="No chords"),
        tune(section("C", Repeats="often"), Title="Repeats"),
        tune(section("C", Repeats=10**6), Title="Too often"),
        tune(section("C"), Title="Odd key", Key="H"),
    )
    listed = list(READER.list_tracks(root))
    assert [t.status for t in listed] == ["ok", "failed", "failed", "ok", "ok", "ok", "ok"]
    songs = list(READER.read(root, listed))
    assert [bool(s.problem) for s in songs] == [False, True, True, True, True, True, False]
    assert 'no "Chords"' in songs[3].problem.reason
    assert songs[-1].warnings[0][0] == "Key"


def test_a_changed_file_is_read_again(tmp_path):
    write(tmp_path, tune(section("C")))
    assert read(tmp_path)[0].symbols == ["C"]
    write(tmp_path, tune(section("C|D")))
    assert read(tmp_path)[0].symbols == ["C", "D"]


def test_the_real_corpus_reads_whole(real_corpus):
    root = real_corpus("jazzstandards_ireal")
    songs = {s.track_id: s for s in read(root)}
    assert len(songs) == 928
    assert not [s.track_id for s in songs.values() if s.problem]
    assert sum(bool(s.warnings) for s in songs.values()) == 17
    tokens = [symbol for song in songs.values() for symbol in song.symbols]
    unread = {symbol for symbol in set(tokens) if read_symbol(symbol, "leadsheet")[1]}
    assert sum(symbol in unread for symbol in tokens) <= 0.005 * len(tokens), unread
    # 52nd Street Theme is AABA of 8 bars; The Nearness of You has 36 bars, as in the Bunks corpus.
    assert sum(songs["52nd Street Theme"].bars) == pytest.approx(32)
    assert songs["52nd Street Theme"].symbols[:4] == ["C", "Am7", "Dm7", "G7"]
    assert sum(songs["Nearness Of You, The"].bars) == pytest.approx(36)
