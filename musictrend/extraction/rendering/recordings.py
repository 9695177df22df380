"""A dozen short recordings with planted trends: the demo's audio, made when it is wanted.

Six pop songs lose their sevenths from 1960 to 2010, six jazz songs gain as
many. Each is played in the manner of its decade and worn by that decade's
recording chain. All of it is SYNTHETIC and says so.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np

from musictrend.cache import atomic_path
from musictrend.extraction.rendering.eras import record
from musictrend.extraction.rendering.performance import SAMPLE_RATE, render
from musictrend.extraction.rendering.progression import Palette, draw_progression, place_chords
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.sequence import ChordSequence

__all__ = ["CORPUS", "compose_recordings", "write_recordings"]

CORPUS = "recordings"
N_CHORDS = 38
FIRST, LAST = (0.60, 0.10), (0.10, 0.60)  # share of sevenths of pop and jazz in 1960, and in 2010
YEARS = (1960, 1970, 1980, 1990, 2000, 2010)
CHAINS = {1960: "1950s", 1970: "1970s", 1980: "1970s", 1990: "1990s", 2000: "1990s", 2010: "streaming"}
STYLES = {
    "pop": ("ballad", "folk", "soul", "rock", "synth", "piano"),
    "jazz": ("vibes", "jazz", "piano", "fingerpicked", "chamber", "ballad"),
}
SETTINGS = """name = "{name}"
title = "Recordings (SYNTHETIC): twelve songs whose trends are known"
licence = "MIT, as the rest of musictrend"
citation = "made by musictrend.extraction.rendering at run time, seed {seed}"
year_kind = "recording"
tracks = "tracks.csv"
synthetic = true
note = "Composed, played and worn by a seeded recipe, not by people. It shows what is heard of a planted trend; it says nothing about music."

[segments]
pop = ["pop"]
niche = ["jazz"]
"*" = "other"
"""


def write_recordings(folder: str | Path, *, seed: int = 0) -> Path:
    """Compose, play and write the recordings as a corpus; what is there already stays.

    Parameters
    ----------
    folder : str or Path
        Becomes a corpus: ``corpus.toml``, ``tracks.csv``, ``audio/*.flac``, ``reference/*.lab`` (what was
        played) and ``planted.json`` (shares and slopes).
    seed : int

    Returns
    -------
    folder : Path
    """
    import soundfile

    folder = Path(folder)
    settings = SETTINGS.format(name=CORPUS, seed=seed)
    done = folder / "corpus.toml"
    names = [f"{genre}-{year}" for genre in STYLES for year in YEARS]
    if done.is_file() and done.read_text(encoding="utf-8") == settings:
        if all((folder / "audio" / f"{name}.flac").is_file() for name in names):
            return folder
    for name in ("audio", "reference"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    planted: list[dict[str, object]] = []
    for name, genre, year, chords, beat, share in compose_recordings(seed):
        number = np.random.SeedSequence([seed, names.index(name)])
        y = record(render(chords, STYLES[genre][YEARS.index(year)], beat=beat, seed=number), CHAINS[year],
                   sr=SAMPLE_RATE, seed=number)  # fmt: skip
        with atomic_path(folder / "audio" / f"{name}.flac") as part:
            soundfile.write(part, y, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        rows = zip(chords.onsets, chords.offsets, chords.labels)
        text = "".join(f"{start:.3f}\t{end:.3f}\t{label}\n" for start, end, label in rows)
        (folder / "reference" / f"{name}.lab").write_text(text, encoding="utf-8")
        planted.append({"what": "share", "track_id": name, "measure": "nontriad_share", "planted": round(share, 4)})
    for genre in STYLES:
        shares = [float(str(r["planted"])) for r in planted if str(r.get("track_id", "")).startswith(f"{genre}-")]
        slope = float(np.polyfit(np.array(YEARS) / 10, shares, 1)[0])
        row = {"what": "slope", "level": "genre", "group": genre, "measure": "nontriad_share", "vocabulary": "sevenths"}
        planted.append(row | {"unit": "share per decade", "planted": round(slope, 4)})
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["track_id", "path", "title", "artist", "year", "genre"])
    for name in names:
        kind, when = name.split("-")
        title = f"SYNTHETIC {kind} song of {when}"
        writer.writerow([name, f"audio/{name}.flac", title, f"Synthetic {kind} players {when}", when, kind])
    (folder / "tracks.csv").write_text(table.getvalue(), encoding="utf-8")
    (folder / "planted.json").write_text(json.dumps(planted, indent=1) + "\n", encoding="utf-8")
    done.write_text(settings, encoding="utf-8")
    return folder


def compose_recordings(seed: int = 0) -> list[tuple[str, str, int, ChordSequence, float, float]]:
    """Name, genre, year, chords, beat and planted share of sevenths of every recording.

    Examples
    --------
    >>> songs = compose_recordings()
    >>> len(songs), songs[0][0], songs[0][5], songs[5][5]
    (12, 'pop-1960', 0.6, 0.1)
    """
    songs = []
    for side, genre in enumerate(STYLES):
        for place, year in enumerate(YEARS):
            rng = np.random.default_rng(np.random.SeedSequence([seed, side, year]))
            share = FIRST[side] + (LAST[side] - FIRST[side]) * place / (len(YEARS) - 1)
            plain = draw_progression(rng, N_CHORDS, Palette(0, 0, 0, 0, 0))
            chosen = np.zeros(N_CHORDS, dtype=bool)
            chosen[rng.permutation(N_CHORDS)[: round(share * N_CHORDS)]] = True
            chords = [_enrich(chord) if more else chord for chord, more in zip(plain, chosen)]
            beat = float(rng.uniform(0.46, 0.54))
            placed = place_chords(chords, beat=beat, beats=2, lead=0.5, tail=0.5)
            songs.append((f"{genre}-{year}", genre, year, placed, beat, float(chosen.mean())))
    return songs


def _enrich(chord: Chord) -> Chord:
    """The same triad with the seventh that is most at home on it."""
    known = list_qualities()
    seventh = {"maj": "7", "min": "min7", "dim": "hdim7"}.get(chord.quality)
    if seventh is None or chord.root is None:
        return chord
    return Chord.from_parts(chord.root, bitmap=known[seventh].bitmap)
