"""Recordings opened: any format, rate and number of channels, as mono samples in bounded memory.

soundfile opens WAV, FLAC, Ogg, Opus, MP3, AIFF and their like; audioread is
asked for the rest (M4A, WMA: where ffmpeg or the system's decoder is at hand).
Samples come in blocks, mixed to mono and resampled as they are read, so that
three hours take no more memory than three minutes.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.corpus.files import read_head
from musictrend.errors import ReaderError

__all__ = ["SoundFile", "hash_audio", "open_sound"]

logger = logging.getLogger(__name__)
BLOCK = 1 << 14  # frames read at once: what is lost where a file breaks off
SHORTEST = 0.1  # seconds: less holds no chord
RATES = (1_000, 768_000)  # Hz that are believed
PLAIN = frozenset(b"\t\n\r\f\x1b") | frozenset(range(32, 127)) | frozenset(range(128, 256))


class SoundFile:
    """An open recording that gives mono samples at the rate asked for.

    Attributes
    ----------
    rate, channels : int
        As stored.
    warnings : list of str
        What was wrong with it, though it could be read.
    seconds : float
        What was read so far.
    """

    def __init__(self, path: Path, source: Any, rate: int, channels: int) -> None:
        self.path, self._source = path, source
        self.rate, self.channels = rate, channels
        self.warnings: list[str] = []
        self._n_read = 0
        self._digest = hashlib.blake2b(f"{rate}/{channels}".encode(), digest_size=16)

    @property
    def seconds(self) -> float:
        """Seconds read so far."""
        return self._n_read / self.rate

    @property
    def content(self) -> str:
        """Hash of what was read so far, as `hash_audio` gives it."""
        return self._digest.hexdigest()

    def iter_samples(self, sample_rate: int | None = None) -> Iterator[np.ndarray]:
        """Mono float32 samples in blocks, resampled on the way; what is not a number is silence."""
        import soxr

        stream = None
        if sample_rate is not None and sample_rate != self.rate:
            stream = soxr.ResampleStream(self.rate, sample_rate, 1, dtype="float32", quality="HQ")
        for block in self._source(self):
            self._n_read += len(block)
            self._digest.update(np.round(np.clip(np.nan_to_num(block), -1, 1) * 32767).astype("<i2").tobytes())
            mono = block if block.ndim == 1 else block.mean(axis=1, dtype=np.float32)
            mono = np.clip(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0), -8, 8).astype(np.float32, copy=False)
            yield mono if stream is None else stream.resample_chunk(mono)
        if stream is not None:
            yield stream.resample_chunk(np.zeros(0, np.float32), last=True)

    def iter_stretches(
        self, sample_rate: int, longest: float, margin: float
    ) -> Iterator[tuple[float, np.ndarray, bool]]:
        """Overlapping stretches: where each starts in seconds, its samples, and whether it is the last.

        A stretch has at most ``longest`` seconds and shares ``2 * margin`` with the next.
        """
        size, shared = round(longest * sample_rate), round(2 * margin * sample_rate)
        held: list[np.ndarray] = []
        n_held, start = 0, 0
        for block in self.iter_samples(sample_rate):
            held.append(block)
            n_held += len(block)
            while n_held > size:
                samples = np.concatenate(held)
                yield start / sample_rate, samples[:size], False
                held = [samples[size - shared :]]
                n_held, start = len(held[0]), start + size - shared
        yield start / sample_rate, np.concatenate(held) if held else np.zeros(0, np.float32), True


@contextmanager
def open_sound(path: str | Path) -> Iterator[SoundFile]:
    """Open a recording.

    Raises
    ------
    ReaderError
        When it is empty, no audio, or in a format that nothing here decodes.
    """
    import soundfile

    path = Path(path)
    head = read_head(path, 512) if path.is_file() else b""
    if not path.is_file():
        raise ReaderError(f"no file at {path}", hint="check the path")
    if not head:
        raise ReaderError("the file is empty (0 bytes)", hint="fetch or copy it again")
    try:
        with _silence_decoder():
            file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        with _open_by_audioread(path, head, str(error)) as sound:
            yield sound
        return
    with file:
        _check_rate(file.samplerate)
        yield SoundFile(path, _soundfile_blocks(file), file.samplerate, file.channels)


@contextmanager
def _silence_decoder() -> Iterator[None]:
    """Keep what libmpg123 writes to standard error by itself while a file is opened from the user, who reads our line."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _soundfile_blocks(file: Any):
    """A source that reads a soundfile; a break in the middle ends it with a warning."""

    def blocks(sound: SoundFile) -> Iterator[np.ndarray]:
        import soundfile

        stated, n_read = file.frames, 0
        while True:
            try:
                block = file.read(BLOCK, dtype="float32", always_2d=False)
            except (soundfile.SoundFileError, RuntimeError) as error:
                sound.warnings.append(f"broken after {n_read / file.samplerate:.1f} s: {error}"[:200])
                return
            if len(block) == 0:
                break
            n_read += len(block)
            yield block
        if 0 < n_read < 0.98 * stated < 1 << 52:
            sound.warnings.append(
                f"cut short: {n_read / file.samplerate:.1f} of {stated / file.samplerate:.1f} s are there"
            )

    return blocks


@contextmanager
def _open_by_audioread(path: Path, head: bytes, said: str) -> Iterator[SoundFile]:
    """What soundfile does not open, by audioread: ffmpeg or the system's decoder."""
    text = _looks_like_text(head)
    if text:
        raise ReaderError(
            f"no audio: the file holds text ({text!r} ...)", hint="give the recording itself; chord files end in .lab"
        )
    try:
        import audioread

        opened = audioread.audio_open(str(path))
    except Exception as error:  # audioread's backends raise what they like
        said = said.partition(": ")[2].splitlines()[0] or "unknown"  # libsndfile; before the colon stands the path
        reason = "" if type(error).__name__ == "NoBackendError" else f"; audioread: {str(error) or 'no reason given'}"
        if "not a regular file" in said:  # what libsndfile says of an MP3 without a single frame
            said = "no frame of sound is found"
        raise ReaderError(
            f"cannot be opened as audio: libsndfile: {said}{reason}"[:300],
            hint="is it damaged? WAV, FLAC, Ogg, MP3 and AIFF are always opened; M4A and WMA need ffmpeg",
        ) from None
    with opened as file:
        _check_rate(file.samplerate)

        def blocks(sound: SoundFile) -> Iterator[np.ndarray]:
            try:
                for buffer in file:
                    samples = np.frombuffer(buffer[: len(buffer) // 2 * 2], "<i2").astype(np.float32) / 32768
                    yield samples[: len(samples) // file.channels * file.channels].reshape(-1, file.channels)
            except Exception as error:  # as above: what was read counts
                sound.warnings.append(f"broken after {sound.seconds:.1f} s: {error}"[:200])

        yield SoundFile(path, blocks, file.samplerate, file.channels)


def _check_rate(rate: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise ReaderError(f"its sample rate is {rate} Hz, must be {RATES[0]} to {RATES[1]}", hint="is it damaged?")


def _looks_like_text(head: bytes) -> str:
    """The first words of a file that is text, else an empty string."""
    if all(byte in PLAIN for byte in head):
        try:
            words = head[: math.ceil(len(head) * 0.98)].decode("utf-8", "ignore").split()
        except UnicodeDecodeError:
            return ""
        return " ".join(words)[:40]
    return ""


def hash_audio(path: str | Path) -> str:
    """Hash of what a recording sounds like when decoded: equal for the same samples in another container.

    Samples are compared as 16-bit numbers per channel, at the rate stored: a WAV, its
    FLAC and a copy with other tags agree; an MP3 of it does not.

    Raises
    ------
    ReaderError
        When it cannot be opened.
    """
    with open_sound(path) as sound:
        for _ in sound.iter_samples():
            pass
        return sound.content
