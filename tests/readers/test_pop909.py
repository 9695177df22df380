"""POP909: Harte chords with keys from the recording and bars from the beats."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.harmony import Key, read_symbol

READER = get_reader("pop909")
SMALL = Path(__file__).parent / "fixtures" / "pop909"


def songs(root: Path) -> dict:
    listed = list(READER.list_tracks(root))
    return {track.track_id: (track, song) for track, song in zip(listed, READER.read(root, listed), strict=True)}


def test_the_folder_is_recognised_by_this_reader_alone(tmp_path):
    shutil.copytree(SMALL, tmp_path / "POP909")
    assert recognise_folder(SMALL) is READER
    assert recognise_folder(tmp_path) is READER  # as in the repository
    assert list(songs(tmp_path)) == ["001", "002", "003"]


def test_chords_have_keys_and_bars_of_four_beats():
    track, song = songs(SMALL)["001"]
    assert track.path == "001/chord_midi.txt"
    assert song.symbols == ["N", "C:maj", "G:7/b7", "A:min7"]
    assert song.bars == pytest.approx([0.25, 1, 0.5, 0.5])
    assert song.keys == [Key.parse("C:major")] * 2 + [Key.parse("A:minor")] * 2


def test_without_the_arrangement_the_recording_is_read():
    track, song = songs(SMALL)["002"]
    assert track.path == "002/chord_audio.txt"
    assert song.bars == pytest.approx([1, 1])
    assert song.keys == [None, None]
    assert "no key line" in song.warnings[0][1]


def test_a_broken_song_leaves_the_others_whole():
    read = songs(SMALL)
    assert [name for name, (_, song) in read.items() if song.problem] == ["003"]
    assert read["003"][1].problem.place == "line 1"


def test_titles_come_from_the_sheet_and_a_broken_sheet_is_no_harm(tmp_path):
    shutil.copytree(SMALL, tmp_path / "songs")
    root = tmp_path / "songs"
    cells = "".join(
        f'<row r="{r}">' + "".join(f'<c r="{c}{r}" t="inlineStr"><is><t>{t}</t></is></c>' for c, t in row) + "</row>"
        for r, row in enumerate(
            [
                [("A", "song_id"), ("B", "name"), ("C", "artist")],
                [("A", "001"), ("B", "&#27827;"), ("C", "R&amp;B")],
            ],
            1,
        )
    )
    with zipfile.ZipFile(root / "index.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    track, _ = songs(root)["001"]
    assert (track.title, track.artist) == ("河", "R&B")
    (root / "index.xlsx").write_bytes(b"no zip")
    assert songs(root)["001"][0].title == ""


def test_the_recipe_has_one_side_and_no_years():
    recipe = read_recipe(Path(__file__).parents[2] / "corpora" / "pop909")
    rule = SegmentRule.from_toml(recipe.settings["segments"])
    listed = list(READER.list_tracks(SMALL))
    assert {rule.assign(track) for track in listed} == {"pop"}
    assert not recipe.settings.get("year_kind")


def test_the_whole_corpus_is_read_with_keys_and_bars(real_corpus):
    root = real_corpus("pop909")
    assert recognise_folder(root) is READER
    read = songs(root)
    assert len(read) == 584
    assert not [name for name, (_, song) in read.items() if song.problem]
    assert all(song.bars is not None and song.keys is not None for _, song in read.values())
    assert all(track.title and track.artist for track, _ in read.values())
    assert len({track.artist_id for track, _ in read.values()}) < 400  # Chinese names are told apart and found again
    symbols = {symbol for _, song in read.values() for symbol in song.symbols}
    assert not {symbol for symbol in symbols if read_symbol(symbol, "harte")[1]}
    track, song = read["472"]  # read by eye: four beats of nothing, then B major, two bars of four a chord
    assert song.symbols[4:9] == ["B:maj", "B:maj", "B:maj", "E:maj", "B:maj"]
    assert song.bars[4:9] == pytest.approx([1, 1, 1, 0.5, 0.5], abs=0.01)
    assert song.keys[4] == Key.parse("B:major") and song.keys[-1] == Key.parse("C:major")
    waltz = read["034"][1]  # three beats a bar, as its index says
    assert min(abs(sum(waltz.bars) * 3 - 0.588**-1 * sum(waltz.durations)), 1e9) < 12
