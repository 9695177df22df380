"""JAAH: bars of Harte chords laid on annotated beats."""

from __future__ import annotations

import json

import pytest

from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import Key, read_symbol

READER = get_reader("jaah")


def part(name, bars, beats, **more):
    return {"name": name, "beats": beats, "chords": bars, **more}


def steps(start, count, step=0.5):
    return [round(start + i * step, 3) for i in range(count)]


def write(tmp_path, parts, name="tune", **more):
    folder = tmp_path / "annotations"
    folder.mkdir(exist_ok=True)
    recording = {
        "title": "Made Up",
        "artist": "Nobody",
        "metre": "4/4",
        "tuning": 440.1,
        "parts": parts,
    } | more
    (folder / f"{name}.json").write_text(json.dumps(recording))
    return tmp_path


def read(root):
    (annotation,) = READER.read(root, list(READER.list_tracks(root)))
    return annotation


def test_chords_share_the_beats_of_their_bar(tmp_path):
    root = write(tmp_path, [part("Head", ["|C:maj |F:7 G:7 |", "|A:min A:min D:7 E:hdim7/b3 |"], steps(1, 12))])
    assert recognise_folder(root) is READER
    song = read(root)
    assert song.symbols == ["C:maj", "F:7", "G:7", "A:min", "A:min", "D:7", "E:hdim7/b3"]
    assert song.onsets == pytest.approx([1, 3, 4, 5, 5.5, 6, 6.5])
    assert song.durations == pytest.approx([2, 1, 1, 0.5, 0.5, 0.5, 0.5])
    assert song.bars == [1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
    assert (song.unit, song.places[2], song.warnings) == ("seconds", "Head, bar 2", [])


def test_parts_inside_parts_sound_in_their_order_with_the_metre_of_the_part_around(tmp_path):
    inner = [part("A", ["|C |"], steps(2, 3)), part("B", ["|D |"], steps(3.5, 2), metre="2/4")]
    root = write(tmp_path, [part("Intro", ["|G |"], steps(0, 4)), {"name": "Head", "metre": "3/4", "parts": inner}])
    song = read(root)
    assert list(zip(song.symbols, song.onsets, song.places, strict=True)) == [
        ("G", 0, "Intro, bar 1"),
        ("C", 2, "Head / A, bar 1"),
        ("D", 3.5, "Head / B, bar 1"),
    ]


def test_surplus_beats_belong_to_no_chord_and_are_told(tmp_path):
    root = write(tmp_path, [part("A", ["|C |"], steps(0, 7)), part("B", ["|D |"], steps(3.5, 4))])
    song = read(root)
    assert song.durations[0] == pytest.approx(2)
    assert song.onsets[1] == 3.5
    assert song.warnings == [("A", "3 more beats than its 1 bars need")]


def test_missing_beats_are_taken_from_the_next_part_when_it_has_them_to_spare(tmp_path):
    root = write(tmp_path, [part("A", ["|C |D |"], steps(0, 4)), part("B", ["|E |"], steps(2, 8))])
    song = read(root)
    assert song.onsets == pytest.approx([0, 2, 4])
    assert song.warnings == [("A", "4 beats for 2 bars of 4: 4 taken from the part after it")]


def test_bars_are_spread_over_a_part_whose_beats_are_missing_for_good(tmp_path):
    root = write(tmp_path, [part("A", ["|C |D |"], steps(0, 6)), part("B", ["|E |"], steps(3, 4))])
    song = read(root)
    assert song.onsets == pytest.approx([0, 1.5, 3])
    assert "spread evenly" in song.warnings[0][1]


def test_keys_are_read_where_a_part_has_them_bar_by_bar(tmp_path):
    root = write(tmp_path, [part("A", ["|C |D |"], steps(0, 8), keys=["|C |G |"]), part("B", ["|E |"], steps(4, 4))])
    assert read(root).keys == [Key.parse("C"), Key.parse("G"), None]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([part("A", ["|C |"], [])], "chords without beats"),
        ([part("A", ["|C |"], [1, 1, 2, 3])], "beats do not rise"),
        ([part("A", ["|C |"], [1, 2, "x", 3])], "a beat is no number"),
        ([part("A", ["|C |"], [1, 2, float("nan"), 3])], "beats do not rise"),
        ([part("A", ["|C |"], [1, 2, 3, 4], metre="waltz")], "no metre"),
        (["A"], "not an object"),
        ([{"name": "A"}], "no chords in any part"),
    ],
)
def test_a_broken_recording_says_what_is_wrong(tmp_path, parts, reason):
    assert reason in read(write(tmp_path, parts)).problem.reason


def test_a_file_that_is_no_recording_is_a_failed_track_and_the_rest_goes_on(tmp_path):
    root = write(tmp_path, [part("A", ["|C |"], steps(0, 4))], name="good")
    (root / "annotations" / "bad.json").write_text('{"title": ')
    listed = list(READER.list_tracks(root))
    assert [(t.track_id, t.status) for t in listed] == [("bad", "failed"), ("good", "ok")]
    assert "not JSON" in listed[0].reason


def test_the_real_corpus_reads_whole(real_corpus):
    root = real_corpus("jaah")
    listed = list(READER.list_tracks(root))
    songs = list(READER.read(root, listed))
    assert len(songs) == 79
    assert not [s.track_id for s in songs if s.problem]
    assert sum(len(s.symbols) for s in songs) == 16341
    assert not [s for song in songs for s in set(song.symbols) if read_symbol(s, "harte")[1]]
    assert all(d > 0 for song in songs for d in song.durations)
    assert all(a <= b for song in songs for a, b in zip(song.onsets, song.onsets[1:], strict=False))
    # St. Thomas: 16 bars of drums from 0.2 s, then the head at 18.39 s.
    thomas = next(s for s in songs if s.track_id == "st_thomas")
    assert thomas.symbols[:19] == ["N"] * 16 + ["C:(3,5,6,9)", "E:min7", "A:7"]
    assert thomas.onsets[0] == 0.2
    assert thomas.onsets[16:19] == pytest.approx([18.39, 19.54, 20.14])
