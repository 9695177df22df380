"""Make the planted corpus: 600 synthetic songs whose trends are known, and a dozen broken rows.

    python tools/make_planted.py            writes corpora/planted
    python tools/make_planted.py --check    says whether corpora/planted is what this recipe makes

The recipe. Every song belongs to one genre and one artist; an artist's songs
lie within eight years of the middle of a career. A song is a chain of chords:
for each, first the *kind* is drawn (dominant seventh, minor seventh, major
seventh, extended chord, or triad) with a probability that is a straight line
in decades, different in each genre, plus an offset of the artist (uncorrelated with the years); then the
*root* (with another such probability one of bIII, bVI, bVII, else a step of
the scale that the root before was not, so that no two neighbours are equal and
shares are exactly what was planted). Hence the planted slope of a share in a
genre is its coefficient below, per decade; a segment's is the unweighted mean
over its genres; the contrast is pop minus niche.

Two traps are planted. *Simpson*: within each niche genre sevenths rise or
stay, but jazz, with most sevenths, is common early and electronic music and metal,
with few, late, so that all niche songs in one line fall. *Policy*: user charts leave a fixed
share of sevenths out, and their number grows with the years; a slope without a
term for the source would fall for that reason alone.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path

import numpy as np

SEED = 20240101
FOLDER = Path(__file__).resolve().parents[1] / "corpora" / "planted"
FIRST, LAST, CENTRE = 1955, 2024, 1990

# genre: songs, artists, middle and spread of its years, and for each share its value in 1990 and slope per decade
GENRES = {
    "pop": dict(songs=200, artists=44, years=(1955, 2024, 0.0),
                dom=(0.24, -0.030), min7=(0.09, 0.008), maj7=(0.06, -0.006), ext=(0.035, -0.004), flat=(0.06, 0.004)),
    "jazz": dict(songs=110, artists=24, years=(1955, 2024, -1.2),
                 dom=(0.34, 0.002), min7=(0.22, 0.010), maj7=(0.16, 0.003), ext=(0.10, 0.012), flat=(0.08, 0.000)),
    "metal": dict(songs=90, artists=20, years=(1968, 2024, 0.8),
                  dom=(0.06, 0.000), min7=(0.05, 0.000), maj7=(0.03, 0.000), ext=(0.01, 0.000), flat=(0.26, 0.020)),
    "folk": dict(songs=100, artists=22, years=(1955, 2024, 0.0),
                 dom=(0.12, 0.004), min7=(0.07, 0.010), maj7=(0.04, 0.005), ext=(0.02, 0.003), flat=(0.05, 0.005)),
    "electronic": dict(songs=100, artists=22, years=(1972, 2024, 1.0),
                       dom=(0.06, 0.000), min7=(0.16, 0.012), maj7=(0.09, 0.010), ext=(0.05, 0.008), flat=(0.14, 0.000)),
}  # fmt: skip
NICHE = ("jazz", "metal", "folk", "electronic")
KINDS = ("dom", "min7", "maj7", "ext")
LABELS = {"dom": "7", "min7": "min7", "maj7": "maj7", "ext": "maj9"}
ARTIST_SD = 0.15  # of an artist's offset, as a share of the level
# What user charts leave out, of each share, whatever the year: a fixed amount, so that slopes are untouched.
LEFT_OUT = {"dom": 0.020, "min7": 0.015, "maj7": 0.010, "ext": 0.005}
CHART_SHARE = (0.30, 0.11)  # of songs in 1990, and per decade
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MAJOR, MINOR = (0, 2, 4, 5, 7, 9), (0, 3, 5, 7, 8, 10)
FLAT = (3, 8, 10)
MAJOR_TRIADS = {"major": {0, 5, 7, 3, 8, 10}, "minor": {3, 8, 10, 7}}
FIRST_WORDS = ("Silver", "Paper", "Northern", "Velvet", "Hollow", "Amber", "Slow", "Distant", "Broken", "Quiet", "Glass",
               "Second", "Winter", "Copper", "Lantern", "Salt", "Marble", "Evening", "Cedar", "Harbour")  # fmt: skip
SECOND_WORDS = ("River", "Engine", "Garden", "Signal", "Mirror", "Parade", "Window", "Anthem", "Letter", "Orchard",
                "Station", "Weather", "Compass", "Border", "Shadow", "Carnival", "Ladder", "Machine", "Tide", "Choir")  # fmt: skip


def make_song(
    genre: dict, year: int, offset: dict[str, float], chart: bool, rng: np.random.Generator
) -> tuple[str, list[str]]:
    """One song: its key and its Harte labels."""
    t = (year - CENTRE) / 10
    chance = {}
    for kind in KINDS:
        level, slope = genre[kind]
        left_out = LEFT_OUT[kind] if chart else 0.0
        chance[kind] = max(level + slope * t + offset[kind] * level - left_out, 0.0)
    flat = min(max(genre["flat"][0] + genre["flat"][1] * t, 0.0), 0.8)
    tonic = int(rng.integers(12))
    mode = "major" if rng.random() < 0.7 else "minor"
    n = int(rng.integers(18, 30)) if rng.random() < 0.04 else int(rng.integers(36, 90))
    scale = MAJOR if mode == "major" else MINOR
    # Four or five chords that come back make a song; the rest wander.
    home = list(rng.choice(scale[1:], size=3, replace=False)) + [0]
    labels, before = [], -1
    for _ in range(n):
        if mode == "major" and rng.random() < flat:
            step = int(rng.choice([s for s in FLAT if s != before]))
        else:
            pool = home if rng.random() < 0.75 else scale
            step = int(rng.choice([s for s in pool if s != before]))
        before = step
        u, kind = rng.random(), "triad"
        for name in KINDS:
            if u < chance[name]:
                kind = name
                break
            u -= chance[name]
        triad = "maj" if step in MAJOR_TRIADS[mode] else "min"
        labels.append(f"{NAMES[(tonic + step) % 12]}:{LABELS.get(kind, triad)}")
    return f"{NAMES[tonic]}:{mode}", labels


def draw_offsets(careers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An offset for each artist, uncorrelated with the years, so that the planted slope is that of these very artists."""
    offsets = rng.normal(0, ARTIST_SD, len(careers))
    design = np.column_stack([np.ones(len(careers)), careers - careers.mean()])
    return offsets - design @ np.linalg.lstsq(design, offsets, rcond=None)[0]


def make_corpus() -> dict[str, bytes]:
    """Every file of the corpus by its name."""
    streams = np.random.SeedSequence(SEED).spawn(len(GENRES))
    rows, files, titles = [], {}, set()
    n_labs = {"pop": 40, "electronic": 20, "jazz": 20}
    for (name, genre), stream in zip(GENRES.items(), streams, strict=True):
        rng = np.random.default_rng(stream)
        first, last, lean = genre["years"]
        # A career's middle leans early (negative) or late (positive).
        places = (
            rng.beta(2.0 + max(lean, 0) * 1.5, 2.0 + max(-lean, 0) * 1.5, genre["artists"])
            if lean
            else rng.random(genre["artists"])
        )
        careers = first + places * (last - first)
        offsets = {kind: draw_offsets(careers, rng) for kind in KINDS}
        for number in range(genre["songs"]):
            artist = number % genre["artists"]
            year = int(np.clip(round(careers[artist] + rng.uniform(-8, 8)), first, last))
            chart = rng.random() < np.clip(CHART_SHARE[0] + CHART_SHARE[1] * (year - CENTRE) / 10, 0, 0.85)
            key, labels = make_song(genre, year, {k: v[artist] for k, v in offsets.items()}, chart, rng)
            title = make_title(titles, rng)
            track_id = f"{name}-{number + 1:03d}"
            row = {
                "track_id": track_id, "path": "", "chords": "", "title": title,
                "artist": f"{name.title()} Artist {artist + 1:02d}", "year": str(year), "genre": name, "key": key,
                "transcription": "user chart" if chart else "full transcription",
            }  # fmt: skip
            if number < n_labs.get(name, 0) and not chart:
                row["path"] = f"labs/{track_id}.lab"
                files[row["path"]] = make_lab(labels, rng).encode()
            else:
                row["chords"] = " ".join(labels)
            rows.append(row)
    rows += broken_rows(files)
    columns = ["track_id", "path", "title", "artist", "year", "genre", "key", "transcription", "chords"]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({c: row.get(c, "") for c in columns} for row in rows)
    files["tracks.csv"] = out.getvalue().encode()
    files["planted.json"] = (json.dumps(planted_values(), indent=1) + "\n").encode()
    return files


def make_title(used: set[str], rng: np.random.Generator) -> str:
    """A title that no other song has."""
    while True:
        title = f"{rng.choice(FIRST_WORDS)} {rng.choice(SECOND_WORDS)}"
        if title in used:
            title += f" No. {int(rng.integers(2, 40))}"
        if title not in used:
            used.add(title)
            return title


def make_lab(labels: list[str], rng: np.random.Generator) -> str:
    """A Harte .lab file: two beats a chord at a steady tempo, silence before and after."""
    beat = 60 / float(rng.integers(80, 150))
    time, lines = 1.0, ["0.000\t1.000\tN"]
    for label in labels:
        lines.append(f"{time:.3f}\t{time + 2 * beat:.3f}\t{label}")
        time += 2 * beat
    lines.append(f"{time:.3f}\t{time + 2:.3f}\tN")
    return "\n".join(lines) + "\n"


def broken_rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    """Rows as real collections have them; corpus.toml lists which of them must fail."""
    good = "C:maj A:min F:maj G:7 " * 10
    files["labs/empty.lab"] = b""
    files["labs/latin1.lab"] = "0.0\t1.0\tC:maj\n1.0\t2.0\tCaf\xe9\n".encode("latin-1")
    files["labs/words.lab"] = b"this is not a chord file\nat all\n"
    base = {"artist": "Nobody", "year": "1990", "genre": "folk", "transcription": "full transcription"}
    return [
        base | {"track_id": "broken-nothing", "title": "Neither chords nor path"},
        base | {"track_id": "broken-outside", "title": "A path that leaves", "path": "../outside.lab"},
        base | {"track_id": "broken-missing", "title": "A file that is not there", "path": "labs/not-there.lab"},
        base | {"track_id": "broken-empty", "title": "An empty file", "path": "labs/empty.lab"},
        base | {"track_id": "broken-encoding", "title": "A wrong encoding", "path": "labs/latin1.lab"},
        base | {"track_id": "broken-words", "title": "Not a chord file", "path": "labs/words.lab"},
        base | {"track_id": "folk-001", "title": "An id used twice", "chords": good},
        base | {"track_id": "odd-year-0", "title": "Year zero", "year": "0", "chords": good},
        base | {"track_id": "odd-year-3024", "title": "Year 3024", "year": "3024", "chords": good},
        base | {"track_id": "odd-genre", "title": "An unknown genre", "genre": "folkk", "chords": good},
        base | {"track_id": "odd-symbol", "title": "A symbol nobody reads", "chords": good + "C:blub G:maj"},
        base | {"track_id": "odd-title", "title": "<script>alert('pop')</script>", "chords": good, "year": "1975"},
    ]


def planted_values() -> list[dict[str, object]]:
    """Planted slopes per decade, by genre, by segment and for the contrast."""
    of = {
        "dominant_seventh_share": ("dom",),
        "minor_seventh_share": ("min7",),
        "nontriad_share": KINDS,
        "extended_share": ("ext",),
        "flat_side_share": ("flat",),
    }
    rows = []
    for measure, kinds in of.items():
        slope = {name: sum(genre[k][1] for k in kinds) for name, genre in GENRES.items()}
        niche = sum(slope[g] for g in NICHE) / len(NICHE)
        vocabulary = "full" if measure == "extended_share" else "sevenths"
        common = {"measure": measure, "vocabulary": vocabulary, "unit": "share per decade"}
        for name, value in slope.items():
            rows.append({"what": "slope", "level": "genre", "group": name, "planted": round(value, 6)} | common)
        rows.append({"what": "slope", "level": "segment", "group": "niche", "planted": round(niche, 6),
                     "pooling": "equal_genre"} | common)  # fmt: skip
        rows.append({"what": "contrast", "group": "pop minus niche", "planted": round(slope["pop"] - niche, 6),
                     "pooling": "equal_genre"} | common)  # fmt: skip
    return rows


def main() -> int:
    """Write the corpus, or compare it with what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args()
    files = make_corpus()
    if chosen.check:
        wrong = [
            n
            for n, data in files.items()
            if not (chosen.folder / n).is_file() or (chosen.folder / n).read_bytes() != data
        ]
        stray = [p for p in chosen.folder.rglob("*.lab") if p.relative_to(chosen.folder).as_posix() not in files]
        wrong += [f"{path.name} (not of the recipe)" for path in stray]
        print("\n".join(f"differs: {name}" for name in wrong) or f"{len(files)} files are as the recipe makes them")
        return bool(wrong)
    for name, data in files.items():
        path = chosen.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes in {chosen.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
