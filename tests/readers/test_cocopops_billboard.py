"""CoCoPops/Billboard: Humdrum spines, bars, keys with modes, chart years."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.corpus.readers._humdrum import parse_recip, read_rows
from musictrend.corpus.readers.cocopops_billboard import parse_harm
from musictrend.errors import ReaderError
from musictrend.harmony import Key, read_symbol

READER = get_reader("cocopops_billboard")
SMALL = Path(__file__).parent / "fixtures" / "cocopops_billboard"
HEAD = "**harm\t**harte\t**timestamp\n*M4/4\t*M4/4\t*\n=1\t=1\t=1\n"


def songs() -> dict:
    listed = list(READER.list_tracks(SMALL))
    return {track.track_id: (track, READER.read_track(SMALL, track)) for track in listed}


def test_the_folder_is_recognised_by_this_reader_alone():
    assert recognise_folder(SMALL) is READER


def test_one_song_is_one_track_from_its_plainest_file():
    listed = {track.track_id: track.path for track in READER.list_tracks(SMALL)}
    assert listed == {
        "Somebody_WithMelody_1969": "humdrum/Somebody_WithMelody_1969.hum",
        "TheMadeUps_RiverSong_1975": "humdrum/TheMadeUps_RiverSong_1975.harm",
    }


def test_the_earliest_chart_date_and_the_best_place_count():
    track, _ = songs()["TheMadeUps_RiverSong_1975"]
    assert track.year.value == 1974
    assert track.exposure == {"peak_rank": 9.0, "weeks": 17.0, "actual_rank": 51.0}
    untabled, _ = songs()["Somebody_WithMelody_1969"]
    assert (untabled.year.value, untabled.title, untabled.artist) == (1969, "With Melody", "Somebody")


def test_chords_carry_seconds_bars_and_keys_with_their_mode():
    _, song = songs()["TheMadeUps_RiverSong_1975"]
    assert song.symbols == ["N", "E-:min", "D-:7/b7", "C-:maj", "G:(3)", "N"]
    assert song.onsets == [0, 0.5, 2.0, 2.5, 3.5, 5.5]
    assert song.durations == [
        0.5,
        1.5,
        0.5,
        1.0,
        2.0,
        0.5,
    ]  # the last silence only says when the recording ends
    assert song.bars == [0, 0.75, 0.25, 1, 1, 0]
    assert song.keys == [Key.parse("Eb:minor")] * 4 + [Key.parse("G:major")] * 2
    assert song.places[1] == "line 9, bar 1"


def test_spines_are_followed_through_splits_and_joins():
    _, song = songs()["Somebody_WithMelody_1969"]
    assert song.symbols == ["C:maj", "F:maj", "G:7", "C:maj"]
    assert song.bars == [1, 0.5, 0.5, 1]
    assert song.durations == pytest.approx([4, 2, 2, 4])  # no silence ends it: its bars do
    assert "last chord" in song.warnings[0][1]


def test_exchanged_and_added_spines_keep_their_names():
    text = "**a\t**harte\n*x\t*x\nC:maj\t1\n*\t*+\nD:min\t2\t3\n*-\t*\t*\n4\t5\n*-\t*-\n"
    rows = [row.spines for row in read_rows(text) if row.kind == "data"]
    assert rows[0] == {"harte": ["C:maj"], "a": ["1"]}
    assert rows[1] == {"harte": ["D:min"], "a": ["2"], "": ["3"]}
    assert rows[2] == {"a": ["4"], "": ["5"]}


@pytest.mark.parametrize(("text", "bars"), [("4", 0.25), ("2.", 0.75), ("4..", 0.4375), ("8%9", 1.125), ("0", 2)])
def test_recip_is_a_share_of_a_whole_note(text, bars):
    assert float(parse_recip(text)) == bars


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not Humdrum at all\n", "no \\*\\*interpretation"),
        ("**kern\n4c\n*-\n", "no \\*\\*harte spine"),
        (HEAD + "*-\t*-\t*-\n", "no chord"),
        (HEAD + "1I\tC:maj\n*-\t*-\t*-\n", "2 tokens where 3 spines"),
        (HEAD + "1I\tC:maj\tsoon\n*-\t*-\t*-\n", "no number"),
        (HEAD + "1I\tC:maj\t5\n1V\tG:maj\t4\n*-\t*-\t*-\n", "backwards"),
    ],
)
def test_broken_files_are_one_clear_error(text, words):
    with pytest.raises(ReaderError, match=words):
        parse_harm(text)


def test_without_timestamps_time_is_in_bars():
    song = parse_harm("**harm\t**harte\n*M4/4\t*M4/4\n=1\t=1\n2I\tC:maj\n2V\tG:maj\n*-\t*-\n")
    assert (song.unit, song.durations) == ("bars", [0.5, 0.5])


def test_the_recipe_goes_by_exposure():
    recipe = read_recipe(Path(__file__).parents[2] / "corpora" / "cocopops_billboard")
    rule = SegmentRule.from_toml(recipe.settings["segments"])
    assert rule.assign(songs()["TheMadeUps_RiverSong_1975"][0]) == "pop"
    assert rule.assign(songs()["Somebody_WithMelody_1969"][0]) == "other"


@pytest.fixture(scope="module")
def cocopops(real_corpus):
    root = real_corpus("cocopops_billboard")
    listed = list(READER.list_tracks(root))
    return root, listed, {song.track_id: song for song in READER.read(root, listed)}


def test_every_song_is_read_with_seconds_bars_and_keys(cocopops):
    root, listed, read = cocopops
    assert recognise_folder(root) is READER
    assert len(listed) == len({track.song_id for track in listed}) == 361
    assert not [song.track_id for song in read.values() if song.problem]
    assert {song.unit for song in read.values()} == {"seconds"}
    assert all(1958 <= track.year.value <= 1991 and track.exposure for track in listed)
    assert all(key is not None for song in read.values() for key in song.keys)


def test_bars_of_every_song_are_whole(cocopops):
    *_, read = cocopops
    odd = 0
    for song in read.values():
        total: dict[str, float] = {}
        for place, bars in zip(song.places, song.bars, strict=True):
            number = place.rpartition(" ")[2]
            total[number] = total.get(number, 0) + bars
        odd += sum(not (bars == 0 or abs(bars - 1) < 1e-9) for bars in total.values())
    assert odd <= 1  # Baby Come Back, bar 51, has three quarters


def test_distinct_symbols_are_read(cocopops):
    *_, read = cocopops
    symbols = {symbol for song in read.values() for symbol in song.symbols}
    unread = {symbol for symbol in symbols if read_symbol(symbol, "humdrum_harte")[1]}
    assert len(unread) <= 0.002 * len(symbols), sorted(unread)


def test_facts_read_by_eye_in_the_files(cocopops):
    _, listed, read = cocopops
    years = {track.track_id: track.year.value for track in listed}
    assert years["TheContours_DoYouLoveMe_1988"] == 1962  # sampled for its revival, first charted in 1962
    song = read["SimonAndGarfunkel_FakinIt_1967"]
    assert song.symbols[:3] == ["N", "E:maj", "E:maj"]
    assert song.keys[0] == Key.parse("E:major")
    i = song.onsets.index(17.961)
    assert (song.symbols[i], song.bars[i], song.durations[i]) == ("G#:min", 0.5, pytest.approx(1.183))


def test_modes_agree_with_those_told_from_mcgills_tonics(cocopops, real_corpus):
    """McGill writes a tonic alone: the mode that its chords give is the one CoCoPops' editors give."""
    _, listed, read = cocopops
    root = real_corpus("mcgill_billboard")
    mcgill = get_reader("mcgill_billboard")
    other = {track.song_id: track for track in mcgill.list_tracks(root)}
    agree = []
    for track in listed:
        if track.song_id in other:
            keys = mcgill.read_track(root, other[track.song_id]).keys
            ours, theirs = (
                keys[len(keys) // 3],
                read[track.track_id].keys[len(read[track.track_id].keys) // 3],
            )
            if ours.tonic == theirs.tonic:
                agree.append(ours.mode == theirs.mode)
    assert len(agree) > 200
    assert np.mean(agree) > 0.9
