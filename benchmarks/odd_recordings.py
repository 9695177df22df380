"""What a user reads when `musictrend extract` meets odd recordings, and the memory that hours of sound take.

    python benchmarks/odd_recordings.py [--engine librosa]          silence, noise, a voice alone, odd rates, broken files
    python benchmarks/odd_recordings.py --hours 3 [--engine E]      one long recording: peak memory of the command

Recordings are made here, of additive tones: SYNTHETIC AUDIO. Each goes through the command line in a fresh process with
a cache of its own; shown are its exit code, what it prints (one line, for what is no recording), and the chords.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

CHORDS = ((48, 60, 64, 67), (53, 60, 65, 69), (55, 59, 62, 67), (45, 60, 64, 69))  # C F G Am, as MIDI notes
TONES = "C F G Am"


def play(rate: int, seconds: float = 2.0) -> np.ndarray:
    """Four chords of overtones, some seconds each."""
    t = np.arange(int(rate * seconds)) / rate
    parts = []
    for notes in CHORDS:
        hertz = [(440 * 2 ** ((n - 69) / 12) * k, k**-1.2) for n in notes for k in range(1, 6)]
        parts.append(sum(a * np.sin(2 * np.pi * f * t) for f, a in hertz if f < 0.45 * rate) * np.exp(-0.5 * t))
    y = np.concatenate(parts)
    return (0.6 * y / np.abs(y).max()).astype(np.float32)


def sing(rate: int) -> np.ndarray:
    """One voice and nothing else: a melody in C with vibrato and breath between the notes."""
    notes, out = (60, 62, 64, 65, 67, 67, 69, 67, 65, 64, 62, 60), []
    t = np.arange(int(0.6 * rate)) / rate
    for note in notes:
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((note - 69 + 0.3 * np.sin(2 * np.pi * 5.5 * t)) / 12)) / rate
        out.append(sum(np.sin(k * phase) / k**1.5 for k in range(1, 9)) * np.hanning(len(t)))
    y = np.concatenate(out)
    return (0.5 * y / np.abs(y).max()).astype(np.float32)


def write_broken(path: Path) -> None:
    """An MP3 that breaks off in the middle of a frame."""
    soundfile.write(path, play(44100), 44100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 11])


def list_cases() -> dict[str, tuple[str, Callable[[Path], object]]]:
    """Name of a case, what it is called on disk, and what writes it."""
    noise = np.random.default_rng(0).normal(0, 0.1, 6 * 44100).astype(np.float32)
    wide = np.linspace(1, 0.2, 5)
    write = lambda y, rate: lambda path: soundfile.write(path, y, rate)
    return {
        f"plain chords ({TONES})": ("plain.wav", write(play(44100), 44100)),
        "silence": ("silence.wav", write(np.zeros(5 * 44100), 44100)),
        "noise": ("noise.wav", write(noise, 44100)),
        "a cappella: one voice": ("voice.wav", write(sing(44100), 44100)),
        f"8 kHz, one channel ({TONES})": ("telephone.wav", write(play(8000), 8000)),
        f"five channels, 48 kHz ({TONES})": ("five.wav", write(play(48000)[:, None] * wide, 48000)),
        "truncated MP3": ("truncated.mp3", write_broken),
        "zero bytes": ("empty.wav", lambda path: path.write_bytes(b"")),
        "a header and no sample": ("header.wav", write(np.zeros(0), 44100)),
        "a twentieth of a second": ("short.wav", write(play(44100)[:2205], 44100)),
        "text renamed to .wav": ("text.wav", lambda path: path.write_text("0.0 2.0 C:maj\n2.0 4.0 G:maj\n")),
        "random bytes named .mp3": (
            "random.mp3",
            lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)),
        ),
        "a picture named .flac": (
            "picture.flac",
            lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
        ),
    }


def extract(path: Path, engine: str, folder: Path) -> tuple[int, str, str, float]:
    """Exit code, what was printed, chords, and peak memory in MB of `musictrend extract`."""
    out = folder / f"{path.stem}.lab"
    words = [sys.executable, "-m", "musictrend", "extract", str(path), "-o", str(out), "--engine", engine]
    said = folder / "said.txt"
    with said.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            words, stdout=file, stderr=file, env=os.environ | {"MUSICTREND_CACHE": str(folder / "cache")}
        )
        _, status, used = os.wait4(process.pid, 0)
    peak = used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    text = said.read_text(encoding="utf-8").replace(str(folder) + os.sep, "").strip()
    chords = " ".join(line.split()[2] for line in out.read_text().splitlines()) if out.is_file() else ""
    return os.waitstatus_to_exitcode(status), text, chords, peak


def write_hours(path: Path, hours: float, rate: int = 44100) -> None:
    """Chords for hours, in two channels, written minute by minute."""
    with soundfile.SoundFile(path, "w", rate, 2) as file:
        minute = np.tile(play(rate), 8)[: 60 * rate]
        noise = np.random.default_rng(0)
        for _ in range(round(hours * 60)):
            both = np.stack([minute, 0.8 * minute], axis=1)
            file.write(both + noise.normal(0, 0.002, both.shape).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="librosa")
    parser.add_argument("--hours", type=float, help="one recording of so many hours instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if given.hours:
            path = folder / "long.flac"
            write_hours(path, given.hours)
            begun = time.time()
            code, said, chords, peak = extract(path, given.engine, folder)
            print(
                f"{given.hours:g} hours, stereo, {path.stat().st_size / 1e6:.0f} MB, SYNTHETIC AUDIO, {given.engine}: "
                f"exit {code}, {len(chords.split())} chords, {time.time() - begun:.0f} s, peak {peak:.0f} MB"
            )
            print(said) if code else None
            return
        for name, (file, write) in list_cases().items():
            write(folder / file)
            code, said, chords, peak = extract(folder / file, given.engine, folder)
            print(f"{name}: exit {code}, {peak:.0f} MB" + (f", chords: {chords}" if chords else ""))
            print("\n".join(f"    {line}" for line in said.splitlines()), flush=True) if said else None


if __name__ == "__main__":
    main()
