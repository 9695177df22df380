"""From a recording to its chords: decode, hear, find the path, and keep the answer.

A recording is read once. An engine hears it in stretches of some minutes that
overlap, so that hours need no more memory than a song; the shared decoder turns
each stretch into chords, and stretches are joined in the middle of what they
share. The answer is kept in the cache by the content of the file, the engine,
its version and the options.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from musictrend.cache import atomic_path, cache_folder, hash_bytes, hash_file
from musictrend.errors import ReaderError
from musictrend.extraction.beats import NO_BEATS, Beats, choose_tracker
from musictrend.extraction.decoding import Segments, decode
from musictrend.extraction.engines import Engine, choose_engine
from musictrend.extraction.sound import SHORTEST, hash_audio, open_sound
from musictrend.harmony.chord import Chord
from musictrend.harmony.sequence import ChordSequence

__all__ = ["Recognition", "extract_audio", "hash_audio", "recognise_audio"]

logger = logging.getLogger(__name__)
MARGIN = 8.0  # seconds on either side of a stretch that only serve its neighbours
SILENCE = 10 ** (-75 / 20)  # a stretch of samples that never reach this is silent


@dataclass(frozen=True)
class Recognition:
    """What was heard in one recording.

    Attributes
    ----------
    sequence : ChordSequence
        In seconds, with confidence; ``N`` where no chord sounds; bars where downbeats are known.
    candidates : tuple of tuple of (Chord, float)
        For each chord of the sequence, the likeliest other labels and their probabilities.
    beats : Beats
    engine, version : str
    seconds : float
        Length of the recording.
    content : str
        Hash of its sound, as `hash_audio` gives it: equal for the same sound in another file.
    warnings : tuple of str
        What was wrong with the file, though it could be read.
    """

    sequence: ChordSequence
    candidates: tuple[tuple[tuple[Chord, float], ...], ...]
    beats: Beats
    engine: str
    version: str
    seconds: float
    content: str
    warnings: tuple[str, ...] = ()


def extract_audio(
    path: str | Path,
    engine: str = "auto",
    *,
    track_id: str | None = None,
    commercial: bool = False,
    beats: bool = True,
    threads: int = 1,
    cached: bool = True,
) -> ChordSequence:
    """The chords of a recording, with the confidence of each.

    Parameters
    ----------
    path : str or Path
        Anything that soundfile or audioread opens; any rate, channels and length.
    engine : str
        ``auto`` takes the best present; `musictrend.extraction.engines.list_engines` names them.
    track_id : str, optional
        The file's name without suffix where absent.
    commercial : bool
        Use nothing whose licence forbids commercial use.
    beats : bool
        Find beats, move changes onto them where the scores allow, and give durations in bars
        where downbeats are found.
    threads : int
        Threads that numerical libraries may use.
    cached : bool
        Take the answer from the cache where it is there, and keep it.

    Returns
    -------
    sequence : ChordSequence
        Unit seconds; it covers the recording from 0 to its end, ``N`` where no chord sounds.

    Raises
    ------
    ReaderError
        When the file holds no sound, or none that can be decoded.
    ParameterError
        For an engine that does not exist or may not be used.
    MissingExtraError
        When the engine named is not present.
    """
    return recognise_audio(
        path, engine, track_id=track_id, commercial=commercial, beats=beats, threads=threads, cached=cached
    ).sequence


def recognise_audio(
    path: str | Path,
    engine: str = "auto",
    *,
    track_id: str | None = None,
    commercial: bool = False,
    beats: bool = True,
    threads: int = 1,
    cached: bool = True,
) -> Recognition:
    """As `extract_audio`, with candidates, beats and warnings beside the chords."""
    path = Path(path)
    chosen = choose_engine(engine, commercial=commercial)
    tracker = choose_tracker(commercial=commercial) if beats else None
    track_id = path.stem if track_id is None else track_id
    kept = None
    if cached and path.is_file():
        parts = [hash_file(path), chosen.name, chosen.version(), tracker.version() if tracker else "", hash_code()]
        key = hash_bytes(*parts)
        kept = cache_folder("audio", "chords", key[:2]) / f"{key}.json"
        found = _read_kept(kept, track_id)
        if found is not None:
            return found
    result = _recognise(path, chosen, tracker, track_id, threads)
    if kept is not None:
        _keep(result, kept)
    for warning in result.warnings:
        logger.warning("%s: %s", path, warning)
    return result


@cache
def hash_code() -> str:
    """Hash of the code that a result depends on, and of the libraries under it."""
    folder = Path(__file__).parent
    files = [
        folder / name for name in ("audio.py", "beats.py", "decoding.py", "metre.py", "metre_kernels.py", "sound.py")
    ]
    files += sorted((folder / "engines").rglob("*.py"))
    versions = [version(name) for name in ("librosa", "numpy", "onnxruntime", "soxr")]
    return hash_bytes(*versions, *(f.read_bytes() for f in files))


def _recognise(path: Path, engine: Engine, tracker, track_id: str, threads: int) -> Recognition:
    """Read, hear and decode a recording stretch by stretch."""
    rate = max(engine.sample_rate, tracker.sample_rate if tracker else 0)
    parts: list[Segments] = []
    heard: list[Beats] = []
    with open_sound(path) as sound:
        for start, samples, last in sound.iter_stretches(rate, engine.longest, MARGIN):
            if len(samples) < SHORTEST * rate and not parts:
                raise ReaderError(
                    f"only {len(samples) / rate:.3f} s of sound in it, at least {SHORTEST} are needed",
                    hint="was the file cut off?",
                )
            end = start + len(samples) / rate
            low = 0.0 if start == 0 else start + MARGIN
            high = end if last else end - MARGIN
            segments, found = _hear(samples, rate, engine, tracker, threads)
            parts.append(_cut(segments, start, low, high))
            heard.append(found.cut(start, low, high))
        seconds, content, warnings = end, sound.content, tuple(sound.warnings)
    segments = _join(parts)
    beats = Beats.join(heard)
    sequence = ChordSequence(
        segments.chords,
        segments.onsets,
        segments.durations,
        unit="seconds",
        bars=beats.bars(segments.onsets, segments.onsets + segments.durations),
        confidence=segments.confidence,
        track_id=track_id,
    )
    return Recognition(sequence, segments.candidates, beats, engine.name, engine.version(), seconds, content, warnings)


def _hear(samples: np.ndarray, rate: int, engine: Engine, tracker, threads: int) -> tuple[Segments, Beats]:
    """Chords and beats of one stretch; silence is no chord, whatever an engine would say of it."""
    seconds = len(samples) / rate
    if not np.any(np.abs(samples) > SILENCE):
        nothing = Segments((Chord.NO_CHORD,), np.zeros(1), np.array([seconds]), np.ones(1), ((),))
        return nothing, NO_BEATS
    beats = tracker.track(_at_rate(samples, rate, tracker.sample_rate), threads=threads) if tracker else NO_BEATS
    activations = engine.hear(_at_rate(samples, rate, engine.sample_rate), threads=threads)
    segments = decode(activations, calibration=engine.calibration, lag=engine.lag, duration=seconds, beats=beats.times)
    return segments, beats


def _at_rate(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    if rate == wanted:
        return samples
    import soxr

    return soxr.resample(samples, rate, wanted, quality="HQ").astype(np.float32, copy=False)


def _cut(segments: Segments, shift: float, low: float, high: float) -> Segments:
    """Segments moved by ``shift`` seconds, and of those what lies between two times."""
    onsets = segments.onsets + shift
    offsets = np.minimum(onsets + segments.durations, high)
    onsets = np.maximum(onsets, low)
    keep = np.flatnonzero(offsets - onsets > 1e-9)
    return Segments(
        tuple(segments.chords[i] for i in keep),
        onsets[keep],
        (offsets - onsets)[keep],
        segments.confidence[keep],
        tuple(segments.candidates[i] for i in keep),
    )


def _join(parts: Iterable[Segments]) -> Segments:
    """Stretches one after the other; a chord that goes on over a seam is one chord."""
    chords: list[Chord] = []
    onsets: list[float] = []
    durations: list[float] = []
    confidence: list[float] = []
    candidates: list[tuple] = []
    for part in parts:
        for i, chord in enumerate(part.chords):
            length, sure = float(part.durations[i]), float(part.confidence[i])
            if i == 0 and chords and chords[-1] == chord:
                whole = durations[-1] + length
                confidence[-1] = (confidence[-1] * durations[-1] + sure * length) / whole
                if length > durations[-1]:
                    candidates[-1] = part.candidates[i]
                durations[-1] = whole
                continue
            chords.append(chord)
            onsets.append(float(part.onsets[i]))
            durations.append(length)
            confidence.append(sure)
            candidates.append(part.candidates[i])
    return Segments(tuple(chords), np.array(onsets), np.array(durations), np.array(confidence), tuple(candidates))


def _keep(result: Recognition, path: Path) -> None:
    """Write a result to the cache: plain JSON, whole or not at all."""
    seq = result.sequence
    number = lambda values: [None if v != v else float(v) for v in values]
    data = {
        "labels": seq.labels,
        "onsets": number(seq.onsets),
        "durations": number(seq.durations),
        "bars": number(seq.bars),
        "confidence": number(seq.confidence),
        "candidates": [[[c.label, p] for c, p in row] for row in result.candidates],
        "beats": number(result.beats.times),
        "positions": [int(p) for p in result.beats.positions],
        "tracker": result.beats.tracker,
        "engine": result.engine,
        "version": result.version,
        "seconds": result.seconds,
        "content": result.content,
        "warnings": list(result.warnings),
    }
    with atomic_path(path) as part:
        part.write_text(json.dumps(data), encoding="utf-8")


def _read_kept(path: Path, track_id: str) -> Recognition | None:
    """A result from the cache; None where there is none, or half of one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        read = cache(Chord)
        array = lambda name: np.array([np.nan if v is None else v for v in data[name]], dtype=float)
        sequence = ChordSequence(
            tuple(read(label) for label in data["labels"]),
            array("onsets"),
            array("durations"),
            unit="seconds",
            bars=array("bars"),
            confidence=array("confidence"),
            track_id=track_id,
        )
        candidates = tuple(tuple((read(label), float(p)) for label, p in row) for row in data["candidates"])
        beats = Beats(array("beats"), np.array(data["positions"], dtype=int), data["tracker"])
        return Recognition(
            sequence, candidates, beats, data["engine"], data["version"], data["seconds"], data["content"],
            tuple(data["warnings"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None
