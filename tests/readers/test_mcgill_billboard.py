"""McGill Billboard: bars, tonics and times of the salami text; every layout; the index."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.corpus.readers._tonics import keys_from_tonics
from musictrend.corpus.readers.lab import parse_lab
from musictrend.corpus.readers.mcgill_billboard import parse_salami
from musictrend.errors import ReaderError
from musictrend.harmony import Key, read_symbol

READER = get_reader("mcgill_billboard")
SMALL = Path(__file__).parent / "fixtures" / "mcgill_billboard"
HEAD = "# metre: 4/4\n# tonic: C\n"


def tracks(root: Path) -> dict:
    return {track.track_id: track for track in READER.list_tracks(root)}


def test_the_folder_is_recognised_by_this_reader_alone():
    assert recognise_folder(SMALL) is READER
    assert not READER.recognises(SMALL / "lab")


def test_slots_without_a_song_are_no_tracks_and_slots_without_a_file_are_failed():
    listed = tracks(SMALL)
    assert list(listed) == ["0007", "0009", "0011", "0012", "0013", "0014"]
    assert [t.track_id for t in listed.values() if t.status == "failed"] == ["0014"]
    assert "no chord file" in listed["0014"].reason


def test_the_index_gives_year_exposure_and_tags():
    song = tracks(SMALL)["0007"]
    assert (song.year.value, song.year_kind, song.title, song.artist) == (
        1965,
        "chart",
        "River Song",
        "The Made Ups",
    )
    assert song.exposure == {"peak_rank": 3.0, "weeks": 11.0, "actual_rank": 14.0}
    assert song.popularity == 98
    assert song.genres == ("soul",)  # an ID3 code is no genre, and a genre counts once
    assert tracks(SMALL)["0011"].genres == ()
    assert tracks(SMALL)["0012"].year.value is None


def test_two_slots_of_one_song_share_their_song_id():
    listed = tracks(SMALL)
    assert listed["0007"].song_id == listed["0009"].song_id != listed["0011"].song_id


def test_the_richest_file_of_a_slot_is_read():
    listed = tracks(SMALL)
    assert listed["0007"].path == "salami_chords/0007/salami_chords.txt"
    assert listed["0011"].path == "lab/0011/full.lab"
    assert listed["0013"].path == "mirex/0013/majmin7.lab"
    assert READER.read_track(SMALL, listed["0013"]).symbols == ["N", "C:maj7", "A:min7"]


def test_bars_repeats_metres_and_prolongations_give_each_chord_its_time():
    song = READER.read_track(SMALL, tracks(SMALL)["0007"])
    assert song.symbols == [
        *["N", "A:min", "E:7"],
        *["A:min", "D:min", "F:maj", "E:7"] * 2,
        *["&pause", "*", "C:maj", "G:7/b7", "C:maj", "N"],
    ]
    # 4/4 and 2/4 in three seconds; two bars twice in eight; a bar of '.' prolongs the one before
    assert song.durations == pytest.approx([1, 2, 1, *[1.5, 0.5, 1, 1] * 2, 4 / 3, 8 / 3, 1, 1, 1, 1])
    assert song.bars == pytest.approx([0, 1, 1, *[0.75, 0.25, 0.5, 0.5] * 2, 1, 2, 1 / 3, 1 / 3, 1 / 3, 0])
    assert song.onsets == pytest.approx(np.concatenate([[0], np.cumsum(song.durations)[:-1]]))
    assert song.places[3] == "line 8 bar 1"
    assert song.keys[1] == song.keys[12] == Key.parse("A:minor")
    assert song.keys[-2] == Key.parse("C:major")


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=8),
    st.integers(1, 4),
    st.floats(0.5, 60, allow_nan=False),
)
def test_a_line_is_shared_out_without_loss(bars, repeats, seconds):
    body = " | ".join(" ".join(["C:maj"] * n) for n in bars)
    song = parse_salami(f"{HEAD}0.0\tA, | {body} | x{repeats}\n{seconds}\tend\n")
    assert len(song.symbols) == sum(bars) * repeats
    assert sum(song.durations) == pytest.approx(seconds)
    assert sum(song.bars) == pytest.approx(len(bars) * repeats)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("5.0\tA, | C:maj |\n3.0\tend\n", "backwards"),
        ("0.0\tA, | C:maj | x9999\n3.0\tend\n", "9999 times"),
        ("intro\t| C:maj |\n3.0\tend\n", "does not start with a time"),
        ("0.0\tsilence\n3.0\tend\n", "no timed line of bars"),
        ("0.0\tA, | C:maj |\n", "no time says when"),
    ],
)
def test_broken_text_is_one_clear_error(body, words):
    with pytest.raises(ReaderError, match=words):
        parse_salami(HEAD + body)


def test_a_missing_end_is_told_and_filled_at_the_pace_of_the_bars_before():
    song = parse_salami(f"{HEAD}0.0\tA, | C:maj | G:maj |\n4.0\t| F:maj |\n")
    assert song.durations == pytest.approx([2, 2, 2])
    assert "no line ends" in song.warnings[0][1]


def test_a_broken_slot_leaves_the_others_whole():
    listed = list(READER.list_tracks(SMALL))
    read = {song.track_id: song for song in READER.read(SMALL, listed)}
    assert {name for name, song in read.items() if song.problem} == {"0012", "0014"}
    assert "backwards" in read["0012"].problem.reason


def test_the_mode_of_a_written_tonic_is_that_of_the_chords_on_it():
    tonics = ["A"] * 4 + ["D", "E"]
    keys = keys_from_tonics(tonics, [1, -1, -1, 0, 0, 0], [1, 2, 1, 9, 1, 1])
    assert keys == [Key.parse("A:minor")] * 4 + [Key.parse("D:major"), Key.parse("E:major")]
    assert keys_from_tonics(["", "C"], [0, -1], [1, 1]) == [None, Key.parse("C:minor")]


@pytest.mark.parametrize("top", ["McGill-Billboard", "lab", "lab/McGill-Billboard", "mirex"])
def test_unpacked_archives_are_read_in_every_layout(tmp_path, top):
    slot = tmp_path / top / "0011"
    slot.mkdir(parents=True)
    (slot / "full.lab").write_text((SMALL / "lab/0011/full.lab").read_text())
    (tmp_path / "billboard-2.0-index.csv").write_text((SMALL / "billboard-2.0-index.csv").read_text())
    assert READER.recognises(tmp_path)
    listed = tracks(tmp_path)
    assert listed["0011"].path == f"{top}/0011/full.lab"
    song = READER.read_track(tmp_path, listed["0011"])
    assert (song.unit, song.symbols[1], song.bars, song.keys) == ("seconds", "Bb:maj6(9)/3", None, None)


def test_the_recipe_states_its_segments_and_pins_what_was_verified(real_file):
    recipe = read_recipe(Path(__file__).parents[2] / "corpora" / "billboard")
    rule = SegmentRule.from_toml(recipe.settings["segments"], recipe.settings["genres"])
    listed = tracks(SMALL)
    assert [rule.assign(listed[slot]) for slot in ("0007", "0011", "0012", "0014")] == [
        "pop",
        "niche",
        "other",
        "pop",
    ]
    with open(real_file("sources.csv"), newline="") as file:
        pins = {(row["path"], row["commit"], row["bytes"], row["sha256"]) for row in csv.DictReader(file)}
    assert recipe.files
    for file in recipe.files:
        assert (file.path, file.commit, str(file.bytes), file.sha256) in pins


@pytest.fixture(scope="module")
def billboard(real_corpus):
    root = real_corpus("mcgill_billboard")
    listed = list(READER.list_tracks(root))
    return root, listed, {song.track_id: song for song in READER.read(root, listed)}


def test_every_slot_is_read_with_bars_keys_and_years(billboard):
    root, listed, songs = billboard
    assert recognise_folder(root) is READER
    assert len(listed) == 604
    assert len({track.song_id for track in listed}) == 505
    assert not [song.track_id for song in songs.values() if song.problem or song.warnings]
    assert all(1958 <= track.year.value <= 1991 and "peak_rank" in track.exposure for track in listed)
    assert sum(bool(track.genres) for track in listed) > 400
    for song in songs.values():
        assert len(song.symbols) == len(song.bars) == len(song.keys) == len(song.durations)
        assert all(key is not None for key in song.keys)


def test_distinct_symbols_are_read(billboard):
    *_, songs = billboard
    symbols = {symbol for song in songs.values() for symbol in song.symbols}
    unread = {symbol for symbol in symbols if read_symbol(symbol, "mcgill")[1]}
    assert len(unread) <= 0.002 * len(symbols), sorted(unread)


def test_facts_read_by_eye_in_the_files(billboard):
    _, listed, songs = billboard
    by_id = {track.track_id: track for track in listed}
    james = songs["0003"]  # James Brown, I Don't Mind: 6/8, C, opens on A minor, two bars, then C
    assert by_id["0003"].artist == "James Brown" and by_id["0003"].year.value == 1961
    assert james.symbols[:5] == ["N", "A:min", "A:min", "C:maj", "C:maj"]
    assert james.onsets[5] == pytest.approx(8.714013605)
    assert james.bars[1:5] == [1.0] * 4
    bars = songs["1009"]  # | C:min G:min | F:min Bb:maj | (6/4) Bb:maj | from 29.149 to 38.856 s, 14 beats
    i = bars.places.index("line 12 bar 3")
    assert bars.durations[i] == pytest.approx((38.85648526 - 29.149115646) * 6 / 14)
    assert bars.bars[i] == 1.0
    changed = [song.track_id for song in songs.values() if len({key.tonic for key in song.keys}) > 1]
    assert 60 < len(changed) < 150


def test_text_and_lab_of_a_slot_call_the_same_chords(billboard):
    root, listed, songs = billboard
    shares = []
    for track in listed[::12]:
        text = songs[track.track_id]
        lab = parse_lab((root / "lab" / track.track_id / "full.lab").read_text())
        ticks = np.arange(0.05, min(text.onsets[-1], lab.onsets[-1]), 0.2)
        called = [_sounding(song, ticks) for song in (text, lab)]
        both = [(a, b) for a, b in zip(*called, strict=True) if a is not None and b is not None]
        shares.append(np.mean([a == b for a, b in both]))
    assert np.mean(shares) > 0.985
    assert np.min(shares) > 0.9


def _sounding(song, ticks):
    """(root, notes) at each tick; None for silence and what could not be told."""
    chords = [read_symbol(symbol, "harte")[0] for symbol in song.symbols]
    positions = np.searchsorted(song.onsets, ticks, side="right") - 1
    return [(chords[i].root, chords[i].bitmap) if chords[i].is_chord else None for i in positions]
