"""MIDI: every track but the drums, in quarter notes, with bars, keys and tempo; broken files are one clear line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notation import midi, midi_notes, midi_track, number, rows

from musictrend.corpus.notes import UNSPELLED
from musictrend.corpus.readers import reader_for_file
from musictrend.corpus.readers.scores import READER, read_notes
from musictrend.errors import ReaderError

TEMPO = (0, b"\xff\x51\x03" + (500_000).to_bytes(3, "big"))
NAME = b"\xff\x03\x04Song"


@pytest.fixture
def read(tmp_path):
    def read(data, name="song.mid"):
        (tmp_path / name).write_bytes(data)
        return read_notes(tmp_path / name)

    return read


def test_tracks_sound_together_and_drums_are_left_out(read):
    data = midi(
        midi_track((0, NAME), TEMPO),
        midi_track(*midi_notes((0, 480, 60), (480, 240, 64))),
        midi_track(*midi_notes((0, 960, 48), channel=1)),
        midi_track(*midi_notes((0, 120, 38), (480, 120, 42), channel=9)),
    )
    notes = read(data)
    assert rows(notes) == [(0, 2, 48), (0, 1, 60), (1, 0.5, 64)]
    assert notes.part.tolist() == [1, 0, 0]
    assert (notes.fifth == UNSPELLED).all()
    assert notes.title == "Song"


def test_time_signatures_make_bars_and_beats_and_begin_one(read):
    three = (0, b"\xff\x58\x04\x03\x02\x18\x08")
    six_eight = (3 * 480 + 240, b"\xff\x58\x04\x06\x03\x18\x08")
    notes = read(midi(midi_track(three, six_eight), midi_track(*midi_notes((0, 480 * 9, 60)))))
    assert notes.bar_onset_quarter.tolist() == [0, 3, 3.5, 6.5, 9.5]
    assert notes.beat_quarter.tolist() == [1, 1, 1.5, 1.5]


def test_without_a_time_signature_bars_have_four_beats(read):
    assert read(midi(midi_track(*midi_notes((0, 480 * 5, 60))))).bar_onset_quarter.tolist() == [0, 4, 8]


def test_key_signatures_and_the_tempo_map_are_kept(read):
    slow = (960, b"\xff\x51\x03" + (1_000_000).to_bytes(3, "big"))
    notes = read(midi(midi_track(TEMPO, (0, b"\xff\x59\x02\xfd\x00"), slow), midi_track(*midi_notes((0, 1920, 60)))))
    assert notes.fifths == [(0, -3)]
    assert [(at, round(speed)) for at, speed in notes.tempos] == [(0, 120), (2, 60)]
    assert np.allclose(notes.seconds([0, 2, 4]), [0, 1, 3])


def test_the_division_says_what_a_quarter_note_is(read):
    track = midi_track(*midi_notes((0, 480, 60), (480, 960, 62)))
    assert rows(read(midi(track, division=96))) == [(0, 5, 60), (5, 10, 62)]


def test_running_status_and_note_ons_without_velocity_are_understood(read):
    track = midi_track((0, b"\x90\x3c\x50"), (480, b"\x3c\x00"), (0, b"\x3e\x50"), (480, b"\x3e\x00"))
    assert rows(read(midi(track))) == [(0, 1, 60), (1, 1, 62)]


def test_a_riff_wrapping_is_taken_off(read):
    inner = midi(midi_track(*midi_notes((0, 480, 60))))
    size = len(inner)
    data = b"RIFF" + (size + 12).to_bytes(4, "little") + b"RMIDdata" + size.to_bytes(4, "little") + inner
    assert rows(read(data, "song.rmi")) == [(0, 1, 60)]


def test_a_name_of_latin_letters_and_of_an_instrument(read):
    accents = midi(midi_track((0, b"\xff\x03\x04Caf\xe9")), midi_track(*midi_notes((0, 480, 60))))
    assert read(accents).title == "Café"
    piano = midi_track((0, b"\xff\x03\x05Piano"), *midi_notes((0, 480, 60)))
    assert read(midi(piano, piano)).title == ""


def test_midi_files_of_a_folder_have_the_scores_reader_and_a_title(tmp_path):
    path = tmp_path / "x.mid"
    path.write_bytes(midi(midi_track((0, NAME)), midi_track(*midi_notes((0, 480, 60)))))
    assert reader_for_file(path) is READER
    assert READER.read_labels(path)[0].title == "Song"


ONE = midi_track(*midi_notes((0, 480, 60)))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"MThd", "broken MIDI"),
        (midi(ONE)[:-9], "broken MIDI"),
        (midi(ONE, division=0), "quarter note of 0 ticks"),
        (midi(ONE, division=0xE728), "broken MIDI"),  # film frames, no quarter notes
        (midi(), "without notes"),
        (midi(midi_track(TEMPO)), "without notes"),
        (midi(midi_track(*midi_notes((0, 480, 38), channel=9))), "drums alone"),
        (midi(midi_track((0, b"\x3c\x50\x3c"))), "broken MIDI"),  # running status of no status
        (midi(midi_track((0, b"\x90\xff\xff"))), "broken MIDI"),
        (midi(b"MTrk\xff\xff\xff\xff"), "broken MIDI"),
        (midi(midi_track((0, b"\xff\x01" + number(2**28 - 1)))), "broken MIDI"),
        (midi(midi_track(*midi_notes((0, 9, 60), (2**28 - 1, 9, 60))), division=1), "lasts 268,435,4"),
        (midi(midi_track(*midi_notes(*((h * 3600 * 960, 480, 60) for h in range(25))))), "lasts 172,801 quarter notes"),
        (midi(midi_track((0, b"\xff\x58\x04\x01\x07\x18\x08"), *midi_notes((59_999 * 480, 9, 60)))), "bars"),
        (b"MThd" + b"\0" * 400, "broken MIDI"),
    ],
)
def test_what_cannot_be_a_song_is_one_clear_line(read, data, word):
    with pytest.raises(ReaderError) as caught:
        read(data)
    assert word in caught.value.reason and "\n" not in caught.value.reason and caught.value.hint


def test_a_note_that_is_never_let_go_is_cut_and_told(read):
    notes = read(midi(midi_track(*midi_notes((0, 2000 * 480, 60)))))
    assert notes.duration_quarter.tolist() == [1024]
    assert "never let go" in notes.warnings[0][1]


@given(st.binary(max_size=200), st.integers(0, 300))
@settings(max_examples=60, deadline=None)
def test_noise_in_a_song_does_no_harm(tmp_path_factory, noise, at):
    path = tmp_path_factory.mktemp("noise") / "a.mid"
    song = midi(ONE, ONE)
    path.write_bytes(song[: at % len(song)] + noise + song[at % len(song) :])
    from musictrend.corpus.readers._midi import notes_from_midi

    try:
        assert len(notes_from_midi(path)) > 0
    except ReaderError as error:
        assert "\n" not in error.reason


def test_every_pop909_song_is_read(real_corpus):
    songs = sorted(real_corpus("pop909").glob("*/*.mid"))
    assert len(songs) == 584
    lengths = [len(read_notes(path)) for path in songs[::20]]
    assert min(lengths) > 300
