"""Recordings say who, what and when in their tags; broken tags never stop the sound."""

import numpy as np
import pytest
import soundfile

from musictrend.corpus import load_corpus
from musictrend.corpus.readers.audio import READER
from musictrend.errors import ReaderError

SOUND = (0.1 * np.sin(2 * np.pi * 220 * np.arange(8000) / 8000)).astype(np.float32)


def write_sound(path, tags=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, SOUND, 8000)
    if tags:
        import mutagen

        file = mutagen.File(path, easy=True)
        if file.tags is None:
            file.add_tags()
        for name, value in tags.items():
            file[name] = value
        file.save()
    return path


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_title_artist_year_and_genres_come_from_the_tags(tmp_path, suffix):
    tags = {"title": "Blue Lamp", "artist": "A. Maker", "date": "1971-03-14", "genre": ["Soul", "Funk"]}
    found = READER.read_file(write_sound(tmp_path / f"a{suffix}", tags))[0]
    assert (found.title, found.artist, found.year) == ("Blue Lamp", "A. Maker", "1971-03-14")
    assert found.genres == ("Soul", "Funk")
    assert found.symbols == []


def test_the_year_of_the_first_release_wins_over_that_of_the_reissue(tmp_path):
    tags = {"date": "2004", "originaldate": "1966"}
    assert READER.read_file(write_sound(tmp_path / "a.flac", tags))[0].year == "1966"


def test_a_file_without_tags_or_with_broken_ones_says_nothing(tmp_path):
    assert READER.read_file(write_sound(tmp_path / "plain.wav"))[0].year == ""
    path = tmp_path / "broken.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 300)
    assert READER.read_file(path)[0].title == ""
    with pytest.raises(ReaderError):
        READER.read_file(tmp_path / "absent.wav")


def test_a_folder_of_recordings_is_a_corpus_labelled_by_its_tags(tmp_path):
    write_sound(tmp_path / "one.flac", {"title": "One", "artist": "A", "date": "1961", "genre": "jazz"})
    write_sound(tmp_path / "two.flac", {"title": "Two", "artist": "B", "date": "1999", "genre": "pop"})
    tracks = load_corpus(tmp_path).entries
    assert [(t.title, t.year.value, t.genres, t.source_kind) for t in tracks] == [
        ("One", 1961, ("jazz",), "audio"), ("Two", 1999, ("pop",), "audio"),
    ]  # fmt: skip


def test_what_somebody_wrote_wins_over_the_sound_of_the_same_name(tmp_path):
    write_sound(tmp_path / "pop" / "1980" / "song.wav")
    write_sound(tmp_path / "pop" / "1981" / "other.wav")
    (tmp_path / "pop" / "1980" / "song.lab").write_text("0 1 C\n1 2 G\n")
    corpus = load_corpus(tmp_path)
    assert [(t.path, t.source_kind) for t in corpus.entries] == [
        ("pop/1980/song.lab", "annotation"), ("pop/1981/other.wav", "audio"),
    ]  # fmt: skip
    assert any(p.path == "pop/1980/song.wav" and "lies beside it" in p.reason for p in corpus.problems)
