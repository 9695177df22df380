"""Play songs whose chords are known and let audio engines hear them: what their calibration is learned from.

    python tools/render_calibration.py OUT [--engines librosa,madmom] [--songs 120] [--seconds 60]

Songs are drawn and played by `musictrend.extraction.rendering` with the instruments of its ``calibration`` band, which
the librosa engine's net has never heard, half of them through a recording chain of ``ERAS``. Written: ``OUT/audio/NUMBER.flac``,
``OUT/reference/NUMBER.lab``, ``OUT/ENGINE/NUMBER.csv`` (what ``musictrend extract`` writes) and ``OUT/songs.csv``
(number, era, tempo, tuning, players). All of it is SYNTHETIC. Songs that are there already are not played or heard again.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import soundfile

from musictrend.extraction import write_chords
from musictrend.extraction.audio import extract_audio
from musictrend.extraction.rendering.performance import SAMPLE_RATE
from musictrend.extraction.rendering.song import Song, draw_song

FIRST = 500_000  # number of the first song: far from those that learning uses


def play(folder: Path, numbers: range, seconds: float, era: str | None = None) -> list[Song]:
    """Render songs and write what their chords are."""
    for name in ("audio", "reference"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    songs = []
    for number in numbers:
        song = draw_song(number, seconds=seconds, band="calibration", era=era)
        songs.append(song)
        audio = folder / "audio" / f"{number}.flac"
        if not audio.is_file():
            soundfile.write(audio, song.sound(SAMPLE_RATE), SAMPLE_RATE, subtype="PCM_16")
        write_chords(song.chords, folder / "reference" / f"{number}.lab")
    with (folder / "songs.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["number", "era", "bpm", "cents", "chords", "bass", "drums", "melody"])
        for number, song in zip(numbers, songs):
            players = "+".join(f"{name} {pattern}" for name, pattern in song.style.chords)
            row = [number, song.era, f"{60 / song.beat:.0f}", f"{song.detune:.0f}", players]
            table.writerow([*row, song.style.bass, song.style.drums, song.style.melody])
    return songs


def hear(folder: Path, engine: str, numbers: range) -> float:
    """Let an engine hear every song, without beats, which move changes a little and labels not; seconds of CPU it took."""
    (folder / engine).mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    for number in numbers:
        target = folder / engine / f"{number}.csv"
        if not target.is_file():
            found = extract_audio(folder / "audio" / f"{number}.flac", engine, beats=False)
            write_chords(found, target)
    return time.process_time() - began


def main() -> int:
    """Play and hear."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--engines", default="librosa")
    parser.add_argument("--songs", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=FIRST)
    chosen = parser.parse_args()
    numbers = range(chosen.first, chosen.first + chosen.songs)
    began = time.process_time()
    songs = play(chosen.out, numbers, chosen.seconds)
    minutes = sum(float(song.chords.offsets[-1]) for song in songs) / 60
    print(f"{len(songs)} songs, {minutes:.0f} min, played in {time.process_time() - began:.0f} s", flush=True)
    for engine in filter(None, chosen.engines.split(",")):
        print(f"{engine}: heard in {hear(chosen.out, engine, numbers):.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
