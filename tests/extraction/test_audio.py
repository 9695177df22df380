"""Recordings to chords: any format, odd files, long files in stretches, the cache."""

from __future__ import annotations

import json

import numpy as np
import pytest

from musictrend.cache import cache_folder
from musictrend.errors import ParameterError, ReaderError
from musictrend.extraction import audio
from musictrend.extraction.audio import extract_audio, hash_audio, recognise_audio
from musictrend.extraction.engines import Activations, get_engine
from musictrend.extraction.sound import open_sound
from musictrend.harmony import Chord

soundfile = pytest.importorskip("soundfile")
ENGINE = "librosa"
CHORDS = ("C", "F", "G", "A:min")


def tones(sample_rate, seconds=2.0, chords=CHORDS):
    """Chords as additive tones over a bass note, some seconds each."""
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    parts = []
    for label in chords:
        notes = [36 + Chord(label).root] + [60 + p for p in Chord(label).pitch_classes]
        hertz = [440 * 2 ** ((n - 69) / 12) * k for n in notes for k in range(1, 6)]
        loud = [k**-1.2 for _ in notes for k in range(1, 6)]
        parts.append(sum(a * np.sin(2 * np.pi * f * t) for f, a in zip(hertz, loud) if f < 0.45 * sample_rate))
    y = np.concatenate([p * np.exp(-0.5 * t) for p in parts])
    return (0.6 * y / np.abs(y).max()).astype(np.float32)


@pytest.fixture()
def hear(tmp_path, monkeypatch):
    """Write samples (or bytes) under a name and recognise them, with a cache of its own."""
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path / "cache"))

    def write_and_hear(name, samples, sample_rate=22050, **options):
        path = tmp_path / name
        if isinstance(samples, bytes):
            path.write_bytes(samples)
        else:
            soundfile.write(path, samples, sample_rate, **options)
        return recognise_audio(path, ENGINE, beats=False)

    write_and_hear.folder = tmp_path
    return write_and_hear


def heard_triads(found):
    """Root and third of the chords that sound."""
    return [(c.root, c.bitmap & 0b11000) for c in found.sequence.chords if c.is_chord]


PLAIN = [(Chord(c).root, Chord(c).bitmap & 0b11000) for c in CHORDS]


def test_a_sequence_covers_the_recording_in_seconds_with_confidence(hear):
    found = hear("a.wav", tones(22050))
    seq = found.sequence
    assert heard_triads(found) == PLAIN and seq.unit == "seconds" and seq.track_id == "a"
    assert seq.onsets[0] == 0 and seq.offsets[-1] == pytest.approx(8.0) == found.seconds
    np.testing.assert_allclose(seq.onsets[1:], seq.offsets[:-1])
    assert np.all((seq.confidence > 0) & (seq.confidence < 1)) and len(found.candidates) == len(seq)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3", "a.aiff"])
def test_every_format_gives_the_same_chords(hear, name):
    assert heard_triads(hear(name, tones(22050))) == PLAIN


@pytest.mark.parametrize("rate, channels", [(8000, 1), (48000, 2), (44100, 5), (11025, 3)])
def test_any_rate_and_number_of_channels_will_do(hear, rate, channels):
    y = tones(rate)
    loud = np.linspace(1, 0.2, channels)
    assert heard_triads(hear("a.wav", y[:, None] * loud if channels > 1 else y, rate)) == PLAIN


def test_silence_is_no_chord(hear):
    found = hear("a.wav", np.zeros(3 * 22050))
    assert found.sequence.labels == ["N"] and found.sequence.durations.tolist() == [3.0]


def test_noise_is_no_chord(hear):
    assert hear("a.wav", np.random.default_rng(0).normal(0, 0.1, 4 * 22050)).sequence.labels == ["N"]


def test_numbers_that_are_none_are_silence(hear):
    y = tones(22050)
    y[::1000] = np.nan
    assert heard_triads(hear("a.wav", y, subtype="FLOAT")) == PLAIN


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "empty"),
        (b"0.0 2.0 C:maj\n2.0 4.0 G:maj\n", "holds text"),
        (np.random.default_rng(0).bytes(5000), "cannot be opened as audio"),
        (np.zeros(0), "at least 0.1 are needed"),
        (np.ones(500) * 0.1, "at least 0.1 are needed"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line_with_a_hint(hear, data, said):
    with pytest.raises(ReaderError, match=said) as error:
        hear("a.wav", data)
    assert "\n" not in error.value.reason and error.value.hint


def test_what_a_decoder_says_by_itself_is_kept_from_the_user(hear, capfd):
    with pytest.raises(ReaderError, match="no frame of sound"):
        hear("a.mp3", np.random.default_rng(0).bytes(5000))
    assert capfd.readouterr() == ("", "")


def test_one_voice_alone_is_no_chord(hear):
    """A melody with vibrato, nothing under it."""
    t = np.arange(int(0.6 * 22050)) / 22050
    parts = []
    for note in (60, 62, 64, 65, 67, 67, 69, 67, 65, 64):
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((note - 69 + 0.3 * np.sin(2 * np.pi * 5.5 * t)) / 12)) / 22050
        parts.append(sum(np.sin(k * phase) / k**1.5 for k in range(1, 9)) * np.hanning(len(t)))
    found = hear("a.wav", 0.25 * np.concatenate(parts))
    assert sum(found.sequence.durations[[not c.is_chord for c in found.sequence.chords]]) > 0.9 * found.seconds


def test_a_path_without_a_file_is_refused(tmp_path):
    with pytest.raises(ReaderError, match="no file at"):
        extract_audio(tmp_path / "absent.wav", ENGINE)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_a_recording_cut_short_gives_the_chords_that_are_there_and_says_so(hear, name):
    path = hear.folder / name
    soundfile.write(path, tones(22050), 22050)
    found = hear(f"cut-{name}", path.read_bytes()[: path.stat().st_size // 2 + 11])
    assert heard_triads(found)[:1] == PLAIN[:1] and 1 < found.seconds < 6
    assert "cut short" in found.warnings[0] or "broken after" in found.warnings[0]


def test_a_recording_in_stretches_is_heard_as_if_in_one(hear, monkeypatch):
    y = tones(22050, 3.0, ("C", "F", "G", "A:min", "D:min", "G", "C", "E:min", "F", "G"))
    whole = hear("a.wav", y)
    monkeypatch.setattr(type(get_engine(ENGINE)), "longest", 12.0)
    monkeypatch.setattr(audio, "MARGIN", 2.0)
    parts = recognise_audio(hear.folder / "a.wav", ENGINE, beats=False, cached=False)
    assert heard_triads(parts) == heard_triads(whole)
    assert parts.sequence.offsets[-1] == pytest.approx(30.0)
    triads = lambda s, t: [s.chords[np.searchsorted(s.onsets, x, "right") - 1].root for x in t]
    grid = np.arange(0.1, 30, 0.1)
    same = np.equal(triads(parts.sequence, grid), triads(whole.sequence, grid))
    assert np.mean(same) > 0.97


def test_hours_are_never_held_at_once(tmp_path, monkeypatch):
    """Forty minutes at 8 kHz, an engine that notes how much it is given."""
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path))
    path, given = tmp_path / "long.flac", []
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(40):
            file.write(np.full(60 * 8000, 0.1, np.float32))
    one = get_engine(ENGINE)

    def hear(self, y, *, threads=1):
        given.append(len(y) / self.sample_rate)
        return Activations(np.zeros((len(y) // 2048 + 1, 1), np.float32), (Chord("C"),), 2048 / self.sample_rate)

    monkeypatch.setattr(type(one), "hear", hear)
    monkeypatch.setattr(type(one), "sample_rate", 2000)
    seq = extract_audio(path, ENGINE, beats=False, cached=False)
    assert seq.labels == ["C:maj"] and seq.durations[0] == pytest.approx(2400, abs=0.01)
    assert max(given) <= one.longest and len(given) > 6


def test_samples_are_resampled_in_blocks_as_in_one_piece(tmp_path):
    import soxr

    y = tones(44100)
    soundfile.write(tmp_path / "a.wav", y, 44100, subtype="FLOAT")
    with open_sound(tmp_path / "a.wav") as sound:
        blocks = np.concatenate(list(sound.iter_samples(22050)))
    np.testing.assert_allclose(blocks, soxr.resample(y, 44100, 22050, quality="HQ"), atol=1e-4)


def test_the_second_time_the_answer_comes_from_the_cache_and_is_the_same(hear, monkeypatch):
    first = hear("a.wav", tones(22050))
    one = get_engine(ENGINE)
    monkeypatch.setattr(type(one), "hear", lambda *args, **options: pytest.fail("heard again"))
    second = recognise_audio(hear.folder / "a.wav", ENGINE, beats=False, track_id="other")
    assert second.sequence.labels == first.sequence.labels and second.sequence.track_id == "other"
    np.testing.assert_array_equal(second.sequence.onsets, first.sequence.onsets)
    np.testing.assert_array_equal(second.sequence.confidence, first.sequence.confidence)
    assert second.candidates == first.candidates
    (kept,) = cache_folder("audio", "chords").rglob("*.json")
    kept.write_text(json.dumps({"labels": ["C"]}))  # half a file is no answer
    with pytest.raises(pytest.fail.Exception, match="heard again"):
        recognise_audio(hear.folder / "a.wav", ENGINE, beats=False)


def test_another_version_of_an_engine_is_another_answer(hear, monkeypatch):
    hear("a.wav", tones(22050, chords=("C",)))
    one = get_engine(ENGINE)
    calls = []
    inner = type(one).hear
    monkeypatch.setattr(type(one), "hear", lambda self, y, **o: calls.append(1) or inner(self, y, **o))
    monkeypatch.setattr(type(one), "version", lambda self: "another")
    recognise_audio(hear.folder / "a.wav", ENGINE, beats=False)
    assert calls == [1]


def test_beats_give_durations_in_bars_where_downbeats_are_found(hear, monkeypatch):
    from musictrend.extraction import beats

    class Planted:
        name, commercial, sample_rate = "planted", True, 22050
        version = staticmethod(lambda: "1")
        track = staticmethod(lambda y, threads=1: beats.Beats(np.arange(16) * 0.5, np.arange(16) % 4 + 1, "planted"))

    monkeypatch.setattr(audio, "choose_tracker", lambda commercial=False: Planted())
    path = hear.folder / "a.wav"
    soundfile.write(path, tones(22050), 22050)
    seq = extract_audio(path, ENGINE)
    np.testing.assert_allclose(seq.bars, seq.durations / 2, atol=1e-6)
    np.testing.assert_allclose(extract_audio(path, ENGINE).bars, seq.bars)  # and from the cache
    assert np.abs(seq.onsets[:, None] - np.arange(16) * 0.5).min(1).max() < 1e-6  # changes stand on beats


def test_equal_sound_in_another_container_is_a_duplicate_and_other_sound_is_not(tmp_path):
    y = np.round(tones(22050, 1.0) * 32767).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", y, 22050)
    soundfile.write(tmp_path / "b.flac", y, 22050)
    soundfile.write(tmp_path / "c.wav", y[::-1], 22050)
    a, b, c = (hash_audio(tmp_path / name) for name in ("a.wav", "b.flac", "c.wav"))
    assert a == b != c


def test_a_recording_is_decoded_once_for_its_chords_and_its_content(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(audio, "open_sound", lambda path: opened.append(path) or open_sound(path))
    soundfile.write(tmp_path / "a.wav", tones(22050, 1.0), 22050)
    heard = recognise_audio(tmp_path / "a.wav", ENGINE)
    again = recognise_audio(tmp_path / "a.wav", ENGINE)  # from the cache
    assert len(opened) == 1
    assert heard.content == again.content == hash_audio(tmp_path / "a.wav")


def test_an_engine_that_may_not_be_used_commercially_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="may not be used commercially"):
        extract_audio(tmp_path / "a.wav", "madmom", commercial=True)
