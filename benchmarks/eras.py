"""What recording chains of other decades do to chords and measures, and to trends. All audio is SYNTHETIC.

    python benchmarks/eras.py [--engines librosa,madmom] [--songs 32] [--soundfont FluidR3_GM.sf2] [--learned FOLDER]
        [--wear 1] [--keep FOLDER]

The same songs are recorded clean and through each chain of `musictrend.extraction.rendering.ERAS`; every engine that
is present hears all of them. Printed: how often chords are right, and the bias of each measure (estimate minus truth,
mean over songs) by engine and era. Then false trends: songs whose true chords have no trend are drawn into corpora with
years at random; each is taken as its decade's chain left it, or, second, as people wrote it before 1985 and as the
engine heard it from then on. Slopes are fitted to the truth, to what was heard, to what was heard after calibration
without what is unknown of sources and eras (`musictrend.validation.conditions`), and with it, by which the interval is
so many times wider. An honest test finds 5 of 100 corpora significant. Songs recur in a corpus, and what recurs is one
cluster, as an artist's songs are in any trend. All measures of one engine and renderer share one draw of fortune: read the
mean over them and engines.

With ``--soundfont`` FluidSynth plays the songs: another renderer than the house's own, which the librosa engine and
calibrations learned from. ``--learned`` is a folder of ``tools/render_calibration.py``: calibrations are learned from
it; without it those that ship are used. ``--keep`` keeps what engines heard, which is then not heard again. ``--wear
4`` wears the chains of the 1950s and 1970s: four times their noise and clicks, half their band. A song that its
players' tuning and a chain's speed together put more than a quarter tone off is heard a semitone off: that costs
agreement with what was played, and no measure.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from musictrend.complexity import score_table
from musictrend.extraction import extract, write_chords
from musictrend.extraction.audio import extract_audio
from musictrend.extraction.engines import get_engine, list_engines
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.rendering import ERAS, Song, arrange, draw_song, record
from musictrend.extraction.rendering.eras import wear
from musictrend.extraction.rendering.performance import SAMPLE_RATE
from musictrend.harmony import ChordSequence
from musictrend.harmony.reduction import is_at_least
from musictrend.harmony.table import ChordTable
from musictrend.trends.linear import Design, fit_cluster_ols
from musictrend.validation.calibration import Calibration, find_calibration
from musictrend.validation.evaluation import compare_chords
from musictrend.validation.uncertainty import N_DRAWS, carry_errors

FIRST_SONG = 900_000
CLEAN, WRITTEN, OLD = "clean", "written", ("1950s", "1970s")
DECADES = ((1955, 1964, "1950s"), (1965, 1984, "1970s"), (1985, 1999, "1990s"), (2000, 2015, "streaming"))
SHOWN = (
    "nontriad_share", "dominant_seventh_share", "minor_seventh_share", "cardinality", "type_entropy", "types_rarefied",
    "conditional_entropy", "surprisal", "fifths_spread", "chromatic_share", "voice_leading", "roughness",
    "changes_per_second", "composite",
)  # fmt: skip
FINEST = "sevenths"  # measures are compared at what an engine carries, and no finer than this
ORDERS = 100
PROGRAMS = {
    "piano": 0, "harp": 46, "guitar": 24, "bright guitar": 27, "driven guitar": 30, "electric piano": 4,
    "vibraphone": 11, "organ": 16, "strings": 48, "pad": 89, "saw": 81, "reed": 66, "voice": 53, "bass": 33,
    "synth bass": 38, "accordion": 21, "choir": 52, "clavinet": 7,
}  # fmt: skip


def play_soundfont(song: Song, soundfont: Path, folder: Path) -> np.ndarray:
    """A song by FluidSynth: the same notes on somebody else's instruments, without drums."""
    from symusic import Note, Score, Tempo, Track

    notes = arrange(song.chords, song.style, np.random.default_rng(song.seed), beat=song.beat)
    score = Score(480)
    score.tempos.append(Tempo(0, 120.0))
    for part in sorted({note.part for note in notes}):
        track = Track(part, program=PROGRAMS[part], is_drum=False)
        for note in notes:
            start, length = round(note.onset * 960), max(round(note.duration * 960), 1)
            track.notes.append(Note(start, length, note.midi, round(40 + 60 * note.level)))
        score.tracks.append(track)
    midi, wave = folder / "song.mid", folder / "song.wav"
    score.dump_midi(midi)
    command = [
        "fluidsynth",
        "-ni",
        "-q",
        "-g",
        "0.5",
        "-r",
        str(SAMPLE_RATE),
        "-F",
        str(wave),
        str(soundfont),
        str(midi),
    ]
    subprocess.run(command, check=True, capture_output=True)
    y, _ = soundfile.read(wave, dtype="float32", always_2d=True)
    y = y.mean(axis=1)[: int(song.chords.offsets[-1] * SAMPLE_RATE)]
    return y * np.float32(0.9 / max(np.abs(y).max(), 1e-6))


def hear_all(
    songs: list[Song], engines: list[str], soundfont: Path | None, worn: float, folder: Path
) -> dict[tuple[str, str], ChordTable]:
    """What each engine hears of every song, clean and through each chain: files of a folder, unless they are there."""
    chains = {era: wear(chain, worn) if era in OLD else chain for era, chain in ERAS.items()}
    for number, song in enumerate(songs):
        wanted = [(engine, era) for engine in engines for era in (CLEAN, *ERAS)
                  if not (folder / f"{engine}-{era}" / f"{number:03d}.csv").is_file()]  # fmt: skip
        if not wanted:
            continue
        clean = play_soundfont(song, soundfont, folder) if soundfont else song.sound()
        for era in dict.fromkeys(era for _, era in wanted):
            y = clean if era == CLEAN else record(clean, chains[era], sr=SAMPLE_RATE, seed=number)
            soundfile.write(folder / "song.flac", y, SAMPLE_RATE, subtype="PCM_16")
            for engine in (engine for engine, of in wanted if of == era):
                found = extract_audio(folder / "song.flac", engine, track_id=f"{number:03d}", cached=False)
                (folder / f"{engine}-{era}").mkdir(exist_ok=True)
                write_chords(found, folder / f"{engine}-{era}" / f"{number:03d}.csv")
    return {(engine, era): read_heard(folder / f"{engine}-{era}", len(songs)) for engine in engines
            for era in (CLEAN, *ERAS)}  # fmt: skip


def read_heard(folder: Path, n_songs: int) -> ChordTable:
    """What was heard of the first songs."""
    found = [extract(folder / f"{number:03d}.csv") for number in range(n_songs)]
    named = [replace(song, track_id=f"{number:03d}") for number, song in enumerate(found)]
    return fill_keys(ChordTable.from_sequences(named))[0]


def find_slopes(
    values: np.ndarray, years: np.ndarray, draws: np.ndarray | None = None, songs: np.ndarray | None = None
) -> tuple[float, bool, float, float]:
    """Slope per decade, whether it is significant at 5%, its standard error and degrees of freedom.

    Least squares, and draws by Rubin's rules with Satterthwaite's degrees of freedom, as trends do
    (`musictrend.trends.linear`, `musictrend.trends.imputation`). ``songs`` says which values are of one song: they are
    a cluster, as an artist's songs are. Without it each value counts as another song's.
    """
    from scipy.special import stdtrit

    fine = np.isfinite(values)
    if songs is not None:
        fine = np.flatnonzero(fine)[np.argsort(songs[fine], kind="stable")]
    x, y = (years[fine] - years[fine].mean()) / 10, values[fine]
    slope = float(x @ y / (x @ x))
    if songs is None:
        left = y - y.mean() - slope * x
        within, df = float(left @ left) / (len(y) - 2) / float(x @ x), len(y) - 2.0
    else:
        line, _ = fit_cluster_ols(Design(x, np.ones(len(x)), songs[fine], np.zeros(len(x), int)), y[:, None])
        within, df = float(line.se[0] ** 2), float(line.df[0])
    between = 0.0
    if draws is not None and draws.size:
        m = draws.shape[1]
        between = (1 + 1 / m) * float(np.var(x @ draws[fine] / (x @ x), ddof=1))
        df = (within + between) ** 2 / (within**2 / df + between**2 / (m - 1)) if between else df
    se = float(np.sqrt(within + between))
    return slope, bool(se > 0 and abs(slope) > 1e-9 + stdtrit(df, 0.975) * se), se, df


def choose_vocabulary(engine: str) -> str:
    """The vocabulary at which an engine's measures are compared."""
    carries = get_engine(engine).carries
    return FINEST if is_at_least(carries, FINEST) else carries


def calibrate(engine: str, learned: Path | None, vocabulary: str) -> Calibration | None:
    """The engine's record: learned from a folder of rendered songs, or the one that ships."""
    if learned is None or not (learned / engine).is_dir():
        return find_calibration(engine)
    from renderers import Heard

    pairs = Heard.read(learned, engine, vocabulary, "all")
    return pairs.learn(np.arange(pairs.reference.n_tracks), engine)


def show_false_trends(
    engine: str,
    truth: ChordTable,
    heard: dict[tuple[str, str], ChordTable],
    calibration: Calibration | None,
    sources: tuple[str, ...],
    n_songs: int,
    vocabulary: str,
    player: str,
) -> None:
    """Slopes where there is none: songs drawn again and again get random years and come from their decade's source."""
    told = score_table(truth, list(SHOWN), (vocabulary,))
    raw, mended, plain = {WRITTEN: told}, {}, {}
    for source in set(sources) - {WRITTEN}:
        table = heard[engine, source]
        raw[source] = score_table(table, list(SHOWN), (vocabulary,))
        if calibration is not None:
            names = [engine] * table.n_tracks
            given = {"calibrations": {engine: calibration}, "sources": [player] * len(names)}
            mended[source] = carry_errors(raw[source], table, names, eras=[source] * len(names), **given)
            bare = replace(
                calibration, responses={k: replace(r, source=(), era=()) for k, r in calibration.responses.items()}
            )
            plain[source] = carry_errors(raw[source], table, names, calibrations={engine: bare})
    rng = np.random.default_rng(1)
    orders = [(rng.integers(1955, 2016, n_songs), rng.integers(truth.n_tracks, size=n_songs)) for _ in range(ORDERS)]
    limits = np.array([start for start, _, _ in DECADES])
    all_rates: list[list[float]] = []
    print(f"\n{engine}: false trends in {ORDERS} corpora of {n_songs} songs, 1955-2015, from: {', '.join(sources)}")
    print(
        "slope per decade in SD of the truth, mean over corpora; share of corpora where it is significant (nominal .05)"
    )
    print(f"  {'measure':24s}{'truth':>15s}{'as heard':>17s}{'no shift':>17s}{'calibrated':>17s}{'wider':>7s}")
    for measure in SHOWN:
        key = measure, vocabulary
        if key not in told.values:
            continue
        sd = float(np.nanstd(told[key])) or np.nan
        cells: list[tuple[np.ndarray, np.ndarray | None]] = []  # values and draws by source: (n_sources, n)
        cells.append((np.stack([told[key]] * len(sources)), None))
        cells.append((np.stack([raw[source][key] for source in sources]), None))
        for scores in (plain, mended):
            exact = told[key], np.repeat(told[key][:, None], N_DRAWS, axis=1)
            pairs = [select_scores(scores[s], *key, truth.track_ids) if s in scores else exact for s in sources]
            if scores and all(np.isfinite(values).any() for values, _ in pairs):
                cells.append((np.stack([v for v, _ in pairs]), np.stack([d for _, d in pairs])))
        line, rates, widths = f"  {measure:24s}", [], []
        for values, draws in cells:
            slopes, found, errors = [], [], []
            for years, songs in orders:
                pick = (np.searchsorted(limits, years, side="right") - 1, songs)
                slope, significant, se, _ = find_slopes(
                    values[pick], years, draws[pick] if draws is not None else None, songs
                )
                slopes.append(slope)
                found.append(significant)
                errors.append(se)
            line += f"{np.mean(slopes) / sd:10.3f} {np.mean(found):5.2f} "
            rates.append(float(np.mean(found)))
            widths.append(float(np.mean(errors)))
        if len(cells) == 4:
            line += f"{widths[3] / widths[2]:6.1f}"
            all_rates.append(rates)
        print(line + ("" if len(cells) == 4 else "      not carried" if mended else "        no record"), flush=True)
    if all_rates:
        means = np.mean(all_rates, axis=0)
        error = np.std([r[3] for r in all_rates], ddof=1) / np.sqrt(len(all_rates)) if len(all_rates) > 1 else np.nan
        print(f"  {len(all_rates)} carried measures: false trends in the truth {means[0]:.3f}, as heard {means[1]:.3f}, "
              f"without shift {means[2]:.3f}, calibrated {means[3]:.3f} +- {error:.3f} (over measures)")  # fmt: skip


def select_scores(scores, measure: str, vocabulary: str, track_ids) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated values and draws of one measure in the order of the tracks: shapes (n,) and (n, n_draws)."""
    frame, draws = scores.frame, scores.draws
    cell = frame[(frame["measure"] == measure) & (frame["vocabulary"] == vocabulary)].set_index("track_id")
    values = cell["value"].reindex(list(track_ids)).to_numpy(dtype=float)
    cell = draws[(draws["measure"] == measure) & (draws["vocabulary"] == vocabulary)].set_index("track_id")
    columns = [name for name in cell.columns if name.startswith("draw_")]
    return values, cell[columns].reindex(list(track_ids)).to_numpy(dtype=float)


def main() -> int:
    """Play, hear, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", default="")
    parser.add_argument("--songs", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--corpus", type=int, default=1000, help="songs in each corpus with a false trend")
    parser.add_argument("--soundfont", type=Path)
    parser.add_argument("--learned", type=Path)
    parser.add_argument("--keep", type=Path, help="folder of what engines heard")
    parser.add_argument(
        "--wear", type=float, default=1.0, help="wear of the chains of the 1950s and 1970s; 1 as they are"
    )
    chosen = parser.parse_args()
    present = [name for name, engine in list_engines().items() if engine.present()]
    engines = chosen.engines.split(",") if chosen.engines else present
    if chosen.soundfont and not shutil.which("fluidsynth"):
        raise SystemExit("--soundfont needs the program fluidsynth")
    began = time.process_time()
    songs = [draw_song(FIRST_SONG + i, seconds=chosen.seconds, band="learning", era="") for i in range(chosen.songs)]
    truth = fill_keys(ChordTable.from_sequences(
        [ChordSequence(s.chords.chords, s.chords.onsets, s.chords.durations, "seconds", track_id=f"{i:03d}")
         for i, s in enumerate(songs)]))[0]  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        heard = hear_all(songs, engines, chosen.soundfont, chosen.wear, folder)
    player = f"FluidSynth with {chosen.soundfont.stem}" if chosen.soundfont else "the house's synthesiser"
    print(
        f"SYNTHETIC: {len(songs)} songs by {player}, {1 + len(ERAS)} chains, {time.process_time() - began:.0f} s of CPU"
    )
    eras = (CLEAN, *ERAS)
    for engine in engines:
        vocabulary = choose_vocabulary(engine)
        told = score_table(truth, list(SHOWN), (vocabulary,))
        print(f"\n{engine}: {'':24s}" + "".join(f"{era:>12s}" for era in eras))
        totals = {era: compare_chords(truth, heard[engine, era])[0] for era in eras}
        for score in ("majmin", "sevenths", "seg"):
            print(f"  right, {score:24s}" + "".join(f"{totals[era][score]:12.3f}" for era in eras))
        print(f"bias of measures at {vocabulary} (estimate minus truth); SD of the truth over songs")
        scores = {era: score_table(heard[engine, era], list(SHOWN), (vocabulary,)) for era in eras}
        for measure in SHOWN:
            key = measure, vocabulary
            if key in told.values:
                bias = "".join(f"{np.nanmean(scores[era][key] - told[key]):12.3f}" for era in eras)
                print(f"  {measure:31s}{bias}{np.nanstd(told[key]):12.3f}")
        record_of = calibrate(engine, chosen.learned, vocabulary)
        for sources in ([era for _, _, era in DECADES], (WRITTEN, WRITTEN, "1990s", "streaming")):
            show_false_trends(engine, truth, heard, record_of, tuple(sources), chosen.corpus, vocabulary, player)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
