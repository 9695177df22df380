"""RS200: the rock corpus' rules and bars, two analysts a song, seconds from bar lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.corpus.readers._humdrum import read_rows
from musictrend.corpus.readers._rockgrammar import expand_rules, parse_bars
from musictrend.corpus.readers.rs200 import parse_hum, parse_rock
from musictrend.errors import ReaderError
from musictrend.harmony import Key, read_symbol

READER = get_reader("rs200")
FIXTURES = Path(__file__).parent / "fixtures"
SMALL = FIXTURES / "rs200"


def read(root: Path) -> dict:
    listed = list(READER.list_tracks(root))
    return {track.track_id: (track, song) for track, song in zip(listed, READER.read(root, listed), strict=True)}


def test_the_folders_are_recognised_by_this_reader_alone():
    assert recognise_folder(SMALL) is READER
    assert recognise_folder(FIXTURES / "rs200_humdrum") is READER


def test_two_analysts_are_two_tracks_of_one_song():
    listed = [track for track in READER.list_tracks(SMALL) if "Hill" in track.track_id]
    assert [track.split for track in listed] == ["Temperley", "deClercq"]
    assert listed[0].song_id == listed[1].song_id
    assert listed[0].track_id != listed[1].track_id
    assert {(t.year.value, t.year_kind, t.title, t.artist) for t in listed} == {
        (1968, "release", "Hill Song", "The Made Ups")
    }


def test_a_song_is_found_in_the_table_by_title_and_year_where_the_artist_is_spelled_otherwise():
    track, _ = read(SMALL)["PlainBand_ValleySong_1971_deClercq"]
    assert (track.artist, track.exposure) == ("The Plain Band", {"rolling_stone_rank": 301.0})


def test_rules_are_spelled_out_in_sounding_order():
    _, song = read(SMALL)["MadeUps_HillSong_1968_Temperley"]
    assert song.symbols == ["R", *["I", "IV", "V"] * 3, "i", "bVII7", "V7/V", "R", "I"]
    assert song.bars == pytest.approx([2, *[1, 0.5, 0.5] * 3, 0.5, 1.5, 1, 1, 1])
    assert song.keys[1] == Key.parse("A:major")
    assert song.keys[-1] == Key.parse("C:major")
    assert song.places[-1] == "bar 13"


def test_bar_lines_give_seconds_that_follow_the_tempo():
    _, song = read(SMALL)["MadeUps_HillSong_1968_Temperley"]
    assert song.unit == "seconds"
    assert song.onsets[:3] == pytest.approx([1, 5, 7])
    assert song.durations[-3:] == pytest.approx([1, 2, 2])  # the bar of 2/4 is shorter
    assert sum(song.durations) == pytest.approx(25)


def test_without_times_bars_are_the_unit_and_an_open_last_bar_is_told():
    _, song = read(SMALL)["PlainBand_ValleySong_1971_deClercq"]
    assert (song.unit, song.symbols, song.bars) == ("bars", ["i", "v64", "i", "R"], [0.5, 1.0, 0.5, 1.0])
    assert song.keys[0] == Key.parse("Eb:minor")
    assert "no bar line" in song.warnings[0][1]


def test_times_that_do_not_cover_the_bars_are_left_out_and_told():
    song = parse_rock("[A] I | IV | V |", times=[0.0, 2.0])
    assert song.unit == "bars"
    assert "do not cover" in song.warnings[0][1]
    assert parse_rock("[A] I | IV | V |", times=[0.0, 2.0, 4.0]).durations == [2, 2, 2]


@given(st.lists(st.lists(st.sampled_from(["I", "IV", "V7/V", "bVII", ".", "R"]), max_size=4), min_size=1, max_size=12))
def test_every_bar_is_counted_whatever_it_holds(bars):
    text = "[F#] I | " + " | ".join(" ".join(bar) for bar in bars) + " |"
    song = parse_rock(text)
    assert sum(song.bars) == pytest.approx(len(bars) + 1)
    assert "." not in song.symbols
    assert sum(song.symbols.count(s) for s in set(song.symbols)) == 1 + sum(t != "." for bar in bars for t in bar)


@given(st.integers(1, 5), st.integers(1, 4))
def test_a_rule_used_n_times_sounds_n_times(n, m):
    bars, _ = parse_bars(expand_rules(f"A: I | V |\nB: $A*{n} R |*{m}\nS: [C] $B $A"))
    assert len(bars) == 2 * n + m + 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Vr: I | $Ch\nS: $Vr", "used and not defined"),
        ("Vr: I | $Vr\nS: $Vr", "uses itself"),
        ("Vr: I | V |", "no rule S"),
        ("% only a comment", "no chords"),
        ("A: I |*99999\nB: $A*9\nS: $B", "more than"),
        ("[C] R | R |", "no chord"),
    ],
)
def test_rules_that_spell_no_song_are_one_clear_error(text, words):
    with pytest.raises(ReaderError, match=words):
        parse_rock(text)


def test_each_analyst_has_spines_of_their_own_in_humdrum():
    songs = read(FIXTURES / "rs200_humdrum")
    _, first = songs["MadeUps_DaleSong_1969_Temperley"]
    _, second = songs["MadeUps_DaleSong_1969_deClercq"]
    assert (second.symbols, second.bars, second.keys[0]) == (["B-:maj", "N"], [1, 1], Key.parse("Bb:major"))
    assert (first.symbols, first.bars, first.keys[0]) == (
        ["B-:min", "A-:maj"],
        [0.75, 1.25],
        Key.parse("Bb:minor"),
    )


def test_the_recipe_takes_no_side():
    recipe = read_recipe(Path(__file__).parents[2] / "corpora" / "rs200")
    rule = SegmentRule.from_toml(recipe.settings["segments"], recipe.settings["genres"])
    assert {rule.assign(track) for track in READER.list_tracks(SMALL)} == {"other"}


@pytest.fixture(scope="module")
def rock(real_corpus):
    root = real_corpus("rs200")
    return root, read(root)


def test_every_analysis_is_read_with_seconds_bars_and_keys(rock):
    root, songs = rock
    assert recognise_folder(root) is READER
    assert len(songs) == 264
    assert len({track.song_id for track, _ in songs.values()}) == 132
    assert not [name for name, (_, song) in songs.items() if song.problem or song.warnings]
    assert {song.unit for _, song in songs.values()} == {"seconds"}
    assert all(track.artist and 1949 <= track.year.value <= 2002 for track, _ in songs.values())
    assert all(key is not None for _, song in songs.values() for key in song.keys)


def test_distinct_numerals_are_read(rock):
    _, songs = rock
    symbols = {(s, k) for _, song in songs.values() for s, k in zip(song.symbols, song.keys, strict=True)}
    unread = {symbol for symbol, key in symbols if read_symbol(symbol, "rs200", key=key)[1]}
    assert len(unread) <= 0.01 * len({symbol for symbol, _ in symbols}), sorted(unread)


def test_facts_read_by_eye_in_the_files(rock):
    _, songs = rock
    track, weight = songs["TheBand_TheWeight_1968_deClercq"]
    assert weight.symbols[:7] == ["V", "IV", "I", "iii", "IV", "I", "iii"]
    assert weight.bars[:4] == [1, 1, 1.5, 0.5]
    assert weight.onsets[1] == pytest.approx(3.814104308)
    assert set(weight.keys) == {Key.parse("A:major")}
    _, thang = songs["DrDre_NuthinButAGThang_1993_Temperley"]
    assert set(thang.symbols) == {"i", "v"} and thang.keys[0] == Key.parse("B:minor")
    _, crazy = songs["PatsyCline_Crazy_1961_Temperley"]
    assert {str(key) for key in crazy.keys} == {"Bb:major", "B:major"}
    assert songs["JimiHendrix_PurpleHaze_1967_deClercq"][0].artist == "The Jimi Hendrix Experience"


def test_bar_times_agree_with_the_humdrum_version(rock):
    root, songs = rock
    gaps = []
    for path in sorted((root / "humdrum").glob("*.hum"))[::4]:
        starts, fresh = [], False
        for row in read_rows(path.read_text()):
            fresh = fresh or row.kind == "barline"
            if fresh and row.kind == "data" and row.first("timestamp") != ".":
                starts.append(float(row.first("timestamp")))
                fresh = False
        _, song = songs[f"{path.stem}_Temperley"]
        gaps.append(np.median([np.abs(np.asarray(starts) - onset).min() for onset in song.onsets]))
    assert np.mean(np.asarray(gaps) < 0.01) > 0.6  # chords that begin with their bar, in most songs


def test_numerals_sound_what_the_humdrum_version_spells(rock):
    root, songs = rock
    shares = {}
    for path in sorted((root / "humdrum").glob("*.hum")):
        for analyst in ("Temperley", "deClercq"):
            _, song = songs[f"{path.stem}_{analyst}"]
            spelled = parse_hum(path.read_text(), analyst)
            ours = _roots(song, "rs200")
            theirs = _roots(spelled, "humdrum_harte")
            n = min(len(ours), len(theirs))
            shares[path.stem, analyst] = np.mean([a == b for a, b in zip(ours[:n], theirs[:n], strict=True)])
    values = np.asarray(list(shares.values()))
    assert np.median(values) == 1.0
    # All but one California Girls, where Humdrum spells ii7/bVII in B as C#:min7 instead of B:min7.
    assert np.mean(values > 0.99) > 0.98, sorted(shares, key=shares.get)[:10]


def _roots(song, dialect):
    """Root at each sixteenth of a bar; None where nothing sounds."""
    found = []
    ends = np.cumsum(song.bars)
    chords = [read_symbol(s, dialect, key=k)[0] for s, k in zip(song.symbols, song.keys, strict=True)]
    for tick in np.arange(1 / 32, ends[-1], 1 / 16):
        found.append(chords[int(np.searchsorted(ends, tick, side="right"))].root)
    return found
