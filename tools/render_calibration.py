"""Play songs whose chords are known and let audio engines hear them: what their calibration is learned from.

    python tools/render_calibration.py OUT [--engines librosa,madmom] [--songs 120] [--seconds 60]
        [--again 20] [--soundfonts TimGM6mb.sf2,opl3.sf2]
    python tools/render_calibration.py OUT --trial --soundfonts FluidR3_GM.sf2 [--songs 120] [--engines ...]
    python tools/render_calibration.py OUT --recordings FOLDER [--engines ...]

Songs are drawn and played by `musictrend.extraction.rendering` with the instruments of its ``calibration`` band, which
the librosa engine's net has never heard, half of them through a recording chain of ``ERAS``. Written: ``OUT/audio/NUMBER.flac``,
``OUT/reference/NUMBER.csv`` with chords in seconds and bars of four beats, ``OUT/ENGINE/NUMBER.csv`` (what ``musictrend
extract`` writes, beats and bars found too) and ``OUT/songs.csv`` (number, song, renderer, chain, what it counts for:
source, era and repertoire, tempo, tuning, players). All of it is SYNTHETIC. Songs that are there already are not
played or heard again.

An engine errs otherwise where music sounds otherwise. How much is seen where the same chords are played by several
*renderers*: ``--again 20`` plays the first 20 songs again by each ensemble of ``ENSEMBLES`` alone, and ``--soundfonts``
by FluidSynth with each of the given sound fonts (not those of the recordings that are to be judged by the record). The
same songs by the band that played them first are also recorded through every other chain.

``--trial`` plays other songs, by the given sound fonts alone, each song once by each: recordings to try records on
(``benchmarks/renderers.py --trial``), never to learn from. ``--recordings`` renders nothing: engines hear a folder's
recordings, whose chords lie beside them in ``NAME.lab``.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from musictrend.extraction import write_chords
from musictrend.extraction.audio import extract_audio
from musictrend.extraction.rendering import ERAS, Arrangement, record
from musictrend.extraction.rendering.performance import SAMPLE_RATE
from musictrend.extraction.rendering.song import Song, draw_song

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from eras import play_soundfont

FIRST = 500_000  # number of the first song: far from those that learning uses
TRIAL = 700_000  # number of the first song that records are tried on
STRIDE, CHAINS = 1_000, 50_000  # numbers from one renderer's songs to the next's; from a song to its other chains'
BEATS = 4  # to the bar
RICHNESS = (0.05, 0.2, 0.4, 0.65)  # shares of chords of four notes and more that part repertoires
MIXED = "mixed"  # the calibration band, players drawn anew for each song
ENSEMBLES: dict[str, Arrangement] = {
    "plucked": Arrangement((("harp", "broken"), ("bright guitar", "strummed")), walk="fifths"),
    "mallets": Arrangement((("vibraphone", "block"), ("clavinet", "offbeat")), walk="walking", drums="swing"),
    "pads": Arrangement((("pad", "held"), ("choir", "held")), bass="synth bass", drums="four", melody="voice"),
    "reeds": Arrangement((("accordion", "held"), ("reed", "block")), bass="", melody="reed"),
}


@dataclass(frozen=True)
class Take:
    """One song by one renderer: the number of its files, and the sound font that plays it, if any does."""

    number: int
    song: Song
    renderer: str
    soundfont: Path | None = None

    def sound(self, folder: Path) -> np.ndarray:
        """As it was recorded."""
        if self.soundfont is None:
            return self.song.sound(SAMPLE_RATE)
        y = play_soundfont(self.song, self.soundfont, folder)
        return record(y, self.song.era, sr=SAMPLE_RATE, seed=self.song.seed) if self.song.era else y


def plan_takes(first: int, songs: int, again: int, seconds: float, soundfonts: list[Path]) -> list[Take]:
    """Every song by the band, and the first of them again by each renderer of its own."""
    drawn = [draw_song(first + i, seconds=seconds, band="calibration") for i in range(max(songs, again))]
    takes = [Take(song.seed, song, MIXED) for song in drawn[:songs]]
    renderers = [(name, None) for name in ENSEMBLES] + [(path.stem, path) for path in soundfonts]
    for k, (name, path) in enumerate(renderers, 1):
        for song in drawn[:again]:
            # An ensemble keeps its players; a sound font plays whoever was drawn.
            own = song if path else replace(song, style=ENSEMBLES[name])
            takes.append(Take(song.seed + k * STRIDE, own, name, path))
    for k, chain in enumerate(("", *ERAS)):
        others = [song for song in drawn[:again] if song.era != chain]
        takes += [Take(song.seed + CHAINS + k * STRIDE, replace(song, era=chain), MIXED) for song in others]
    return takes


def plan_trial(first: int, songs: int, seconds: float, soundfonts: list[Path]) -> list[Take]:
    """Other songs for other players, by each sound font."""
    drawn = [draw_song(first + i, seconds=seconds, band="learning", era="") for i in range(songs)]
    return [Take(song.seed + k * STRIDE, song, path.stem, path) for k, path in enumerate(soundfonts) for song in drawn]


def name_richness(song: Song) -> str:
    """A song's repertoire: by the share of its chords of four notes and more, which engines mishear otherwise."""
    sizes = np.array([len(chord.pitch_classes or ()) for chord in song.chords.chords if chord.is_chord])
    return f"richness {int(np.searchsorted(RICHNESS, np.mean(sizes >= 4), side='right'))}"


def play(folder: Path, takes: list[Take]) -> None:
    """Render songs and write what their chords are."""
    for name in ("audio", "reference"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for take in takes:
            audio = folder / "audio" / f"{take.number}.flac"
            if not audio.is_file():
                soundfile.write(audio, take.sound(Path(scratch)), SAMPLE_RATE, subtype="PCM_16")
            chords = take.song.chords
            chords = replace(chords, bars=chords.durations / (take.song.beat * BEATS))
            write_chords(chords, folder / "reference" / f"{take.number}.csv")
    with (folder / "songs.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            [
                "number",
                "song",
                "renderer",
                "chain",
                "source",
                "era",
                "repertoire",
                "bpm",
                "cents",
                "chords",
                "bass",
                "drums",
                "melody",
            ]
        )
        for take in takes:
            song, style = take.song, take.song.style
            players = "+".join(f"{name} {pattern}" for name, pattern in style.chords)
            chain, copied = song.era or "clean", take.number >= takes[0].number + CHAINS
            # Renderers are compared by one take of each song, chains by the band's.
            source, era = "" if copied else take.renderer, chain if take.renderer == MIXED else ""
            row = [take.number, song.seed, take.renderer, chain, source, era, name_richness(song)]
            table.writerow(
                [*row, f"{60 / song.beat:.0f}", f"{song.detune:.0f}", players, style.bass, style.drums, style.melody]
            )


def hear(folder: Path, engine: str, recordings: list[Path]) -> float:
    """Let an engine hear every recording, with beats, as corpora are heard; seconds of CPU it took."""
    (folder / engine).mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    for path in recordings:
        target = folder / engine / f"{path.stem}.csv"
        if not target.is_file():
            write_chords(extract_audio(path, engine), target)
    return time.process_time() - began


def hear_all(folder: Path, engines: str, recordings: list[Path]) -> None:
    """Let every engine hear them."""
    for engine in filter(None, engines.split(",")):
        print(f"{engine}: {len(recordings)} heard in {hear(folder, engine, recordings):.0f} s", flush=True)


def copy_references(folder: Path, source: Path) -> list[Path]:
    """The recordings of a folder that have their chords beside them, which are copied."""
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    suffixes = {f".{name.lower()}" for name in soundfile.available_formats()}
    found = [p for p in sorted(source.iterdir()) if p.suffix.lower() in suffixes and p.with_suffix(".lab").is_file()]
    for path in found:
        shutil.copy(path.with_suffix(".lab"), folder / "reference" / f"{path.stem}.lab")
    return found


def main() -> int:
    """Play and hear."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--engines", default="librosa")
    parser.add_argument("--songs", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, help=f"number of the first song: {FIRST}, or {TRIAL} on trial")
    parser.add_argument("--again", type=int, default=0, help="songs that each other renderer and chain gets too")
    parser.add_argument("--soundfonts", default="", help="sound fonts that play them too, by FluidSynth")
    parser.add_argument("--trial", action="store_true", help="other songs, by the sound fonts alone")
    parser.add_argument("--recordings", type=Path, help="hear what is in a folder instead")
    chosen = parser.parse_args()
    fonts = [Path(name) for name in filter(None, chosen.soundfonts.split(","))]
    began = time.process_time()
    if chosen.recordings:
        recordings = copy_references(chosen.out, chosen.recordings)
        hear_all(chosen.out, chosen.engines, recordings)
        return 0
    if chosen.trial:
        takes = plan_trial(chosen.first or TRIAL, chosen.songs, chosen.seconds, fonts)
    else:
        takes = plan_takes(chosen.first or FIRST, chosen.songs, chosen.again, chosen.seconds, fonts)
    play(chosen.out, takes)
    minutes = sum(float(take.song.chords.offsets[-1]) for take in takes) / 60
    print(f"{len(takes)} songs, {minutes:.0f} min, played in {time.process_time() - began:.0f} s", flush=True)
    hear_all(chosen.out, chosen.engines, [chosen.out / "audio" / f"{take.number}.flac" for take in takes])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
