"""Play songs whose chords are known and let audio engines hear them: what their calibration is learned from.

    python tools/render_calibration.py OUT [--engines librosa,madmom] [--songs 120] [--seconds 60]
        [--again 20] [--soundfonts TimGM6mb.sf2,opl3.sf2]

Songs are drawn and played by `musictrend.extraction.rendering` with the instruments of its ``calibration`` band, which
the librosa engine's net has never heard, half of them through a recording chain of ``ERAS``. Written: ``OUT/audio/NUMBER.flac``,
``OUT/reference/NUMBER.lab``, ``OUT/ENGINE/NUMBER.csv`` (what ``musictrend extract`` writes) and ``OUT/songs.csv``
(number, song, renderer, chain, what it
counts for: source, era and repertoire, tempo, tuning, players). All of it is SYNTHETIC. Songs that are there already are not
played or heard again.

An engine errs otherwise where music sounds otherwise. How much is seen where the same chords are played by several
*renderers*: ``--again 20`` plays the first 20 songs again by each ensemble of ``ENSEMBLES`` alone, and ``--soundfonts``
by FluidSynth with each of the given sound fonts (not those of the recordings that are to be judged by the record). The
same songs by the band that played them first are also recorded through every other chain.
"""

from __future__ import annotations

import argparse
import csv
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
STRIDE, CHAINS = 1_000, 50_000  # numbers from one renderer's songs to the next's; from a song to its other chains'
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
            write_chords(take.song.chords, folder / "reference" / f"{take.number}.lab")
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


def hear(folder: Path, engine: str, takes: list[Take]) -> float:
    """Let an engine hear every song, without beats, which move changes a little and labels not; seconds of CPU it took."""
    (folder / engine).mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    for take in takes:
        target = folder / engine / f"{take.number}.csv"
        if not target.is_file():
            found = extract_audio(folder / "audio" / f"{take.number}.flac", engine, beats=False)
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
    parser.add_argument("--again", type=int, default=0, help="songs that each other renderer and chain gets too")
    parser.add_argument("--soundfonts", default="", help="sound fonts that play them too, by FluidSynth")
    chosen = parser.parse_args()
    fonts = [Path(name) for name in filter(None, chosen.soundfonts.split(","))]
    began = time.process_time()
    takes = plan_takes(chosen.first, chosen.songs, chosen.again, chosen.seconds, fonts)
    play(chosen.out, takes)
    minutes = sum(float(take.song.chords.offsets[-1]) for take in takes) / 60
    print(f"{len(takes)} songs, {minutes:.0f} min, played in {time.process_time() - began:.0f} s", flush=True)
    for engine in filter(None, chosen.engines.split(",")):
        print(f"{engine}: heard in {hear(chosen.out, engine, takes):.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
