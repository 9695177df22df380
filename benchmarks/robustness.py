"""How far each measure can be trusted: length, vocabulary, label noise, and whether it tells jazz from pop.

    python benchmarks/robustness.py FOLDER [--songs 300] [--seed 0] [--write docs/robustness.csv]

FOLDER holds the corpora ``mcgill_billboard`` (pop) and ``irb`` (jazz) as published. Printed are

1. a row for each measure, in SD of the pop songs at the vocabulary ``sevenths`` (``full`` where a measure needs it):
   ``length_free`` change from the first 10 to the first 100 chords of the same songs without our rule of length;
   ``length`` the same from 30 to 90 events as the measure is defined (windows of 30, or rarefied);
   ``vocabulary`` change from full labels to maj/min on the same songs; ``noise_10``, ``noise_20`` change when that
   share of the labels is replaced at random by labels of the same set of songs; ``fade_10``, ``fade_20`` what is left of
   the difference between jazz and pop under that noise; ``d`` Cohen's d between jazz and pop;
2. the reference values of the literature digest: first 25 chords, bass-rooted pitch-class sets, and ours at 30 events.

With ``--write`` the first table is kept for ``tools/write_measures.py``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from musictrend.complexity import list_measures, score_table
from musictrend.complexity.measure import evaluate, get_measure
from musictrend.complexity.ragged import EVENT_COLUMNS
from musictrend.corpus import load_corpus
from musictrend.extraction import extract_corpus
from musictrend.harmony.dialects import read_symbol
from musictrend.harmony.events import EventTable
from musictrend.harmony.reduction import is_at_least
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable

LONG, SHORT, WINDOW = 100, 10, 30


def load(folder: Path, name: str) -> ChordTable:
    """One row a song of a corpus."""
    corpus = load_corpus(folder / name)
    chords = extract_corpus(corpus)
    usable = corpus.tracks[corpus.tracks["duplicate_of"].isna() & (corpus.tracks["status"] == "ok")]
    place = {track_id: i for i, track_id in enumerate(chords.track_ids)}
    return chords.select([place[i] for i in usable["track_id"]])


def without_repeats(folder: Path, same: str) -> ChordTable:
    """IRb's tunes with repeated sections left out: those of one ``letter`` (A and A2), ``label`` or ``content``.

    The published table does not say how it took repeats, so each way is printed.
    """
    rows = pd.read_csv(folder / "irb" / "irb_chords.tsv", sep="\t", dtype=str, keep_default_na=False)
    sequences = []
    for track_id, tune in rows.groupby("id", sort=True):
        seen: set[object] = set()
        symbols: list[str] = []
        for _, section in tune.groupby((tune["section"] != tune["section"].shift()).cumsum(), sort=False):
            content, label = tuple(section["chord"]), section["section"].iloc[0]
            key = {"content": content, "label": label, "letter": label.rstrip("0123456789")}[same]
            if key not in seen:
                seen.add(key)
                symbols += content
        sequences.append(ChordSequence([read_symbol(symbol, "irb")[0] for symbol in symbols], track_id=str(track_id)))
    return ChordTable.from_sequences(sequences)


def first_events(events: EventTable, n: int) -> EventTable:
    """The first n events of every track that has as many."""
    from dataclasses import replace

    tracks = np.flatnonzero(events.n_events >= n)
    index = (events.offsets[tracks][:, None] + np.arange(n)).ravel()
    columns = {name: getattr(events, name)[index] for name in EVENT_COLUMNS}
    return replace(
        events, track_ids=tuple(events.track_ids[i] for i in tracks), units=tuple(events.units[i] for i in tracks),
        offsets=np.arange(len(tracks) + 1, dtype=np.int64) * n, **columns,
    )  # fmt: skip


def add_noise(chords: ChordTable, share: float, random: np.random.Generator) -> ChordTable:
    """Replace a share of the labels at random by labels drawn from the same songs."""
    from dataclasses import replace

    change = random.random(chords.n_chords) < share
    label = chords.label.copy()
    label[change] = random.choice(chords.label, int(change.sum()))
    return replace(chords, label=label)


def plain_value(measure, events: EventTable, n: int) -> np.ndarray:
    """A measure on rows of equal length, without windows; what is rarefied is rarefied to ten."""
    taken = {"window": SHORT, "reference": None}
    taken = {name: taken[name] for name in measure.options}
    return np.asarray(measure.function(events, **taken), dtype=float)


def values_of(chords: ChordTable, measures: list[str], vocabulary: str) -> dict[str, np.ndarray]:
    """Values of all measures, as users get them."""
    if not measures:
        return {}
    scores = score_table(chords, measures, [vocabulary])
    return {m: scores.values[m, vocabulary] for m in measures if (m, vocabulary) in scores.values}


def measure_robustness(pop: ChordTable, jazz: ChordTable, seed: int) -> pd.DataFrame:
    """The table of robustness, a row a measure."""
    random = np.random.default_rng(seed)
    names = [m for m in list_measures()["measure"]]
    noisy = {share: (add_noise(pop, share, random), add_noise(jazz, share, random)) for share in (0.1, 0.2)}
    rows = []
    for vocabulary in ("sevenths", "full"):
        chosen = [m for m in names if (vocabulary == "sevenths") == is_at_least("sevenths", get_measure(m).coarsest)]
        if not chosen:
            continue
        clean = values_of(pop, chosen, vocabulary), values_of(jazz, chosen, vocabulary)
        coarse = values_of(pop, [m for m in chosen if is_at_least("majmin", get_measure(m).coarsest)], "majmin")
        dirty = {
            share: (values_of(a, chosen, vocabulary), values_of(b, chosen, vocabulary))
            for share, (a, b) in noisy.items()
        }
        events = pop.events(vocabulary)
        short, long = first_events(first_events(events, LONG), SHORT), first_events(events, LONG)
        early, late = first_events(first_events(events, 90), WINDOW), first_events(events, 90)
        for name in chosen:
            measure = get_measure(name)
            ours, theirs = clean[0][name], clean[1][name]
            sd = np.nanstd(ours, ddof=1) if np.isfinite(ours).sum() > 2 else np.nan
            sd = sd if sd > 1e-12 else np.nan
            change = lambda a, b, sd=sd: np.nanmean(b - a) / sd if np.isfinite(b - a).any() else np.nan  # noqa: E731
            both = min(np.isfinite(ours).sum(), np.isfinite(theirs).sum()) > 2
            gap = np.nanmean(theirs) - np.nanmean(ours) if both else np.nan
            pooled = np.sqrt((np.nanvar(ours, ddof=1) + np.nanvar(theirs, ddof=1)) / 2) if both else np.nan
            row = {"measure": name, "facet": measure.facet, "vocabulary": vocabulary}
            if name != "composite":
                row["length_free"] = change(plain_value(measure, short, SHORT), plain_value(measure, long, LONG))
            row["length"] = change(evaluate(measure, early), evaluate(measure, late))
            row["vocabulary_change"] = change(ours, coarse[name]) if name in coarse else np.nan
            for share, (a, b) in dirty.items():
                row[f"noise_{share:.0%}".replace("%", "")] = change(ours, a[name])
                left = np.nanmean(b[name]) - np.nanmean(a[name]) if both else np.nan
                row[f"fade_{share:.0%}".replace("%", "")] = left / gap if abs(gap) > 0.2 * sd else np.nan
            row["d"] = gap / pooled if pooled > 1e-12 else np.nan
            rows.append(row)
    table = pd.DataFrame(rows)
    small = lambda column, limit: table[column].abs().fillna(0) <= limit  # noqa: E731
    steady = small("length", 0.25) & small("noise_10", 0.6)
    measured = table["noise_10"].notna()
    table["verdict"] = np.select(
        [~measured, steady & (table["d"].abs() >= 0.8), steady, small("length", 0.25)],
        [
            "not measured: these songs lack what it needs",
            "recommended",
            "steady, does not separate jazz from pop",
            "needs clean labels",
        ],
        "beware of length",
    )
    return table


def reference_values(sets: dict[str, ChordTable]) -> pd.DataFrame:
    """Mean (SD) of the digest's five figures on the first 25 chords, labels as (bass, pitch-class set)."""
    rows = []
    for name, chords in sets.items():
        events = first_events(chords.events("full"), 25)
        n = events.n_tracks
        chroma = events.chroma.reshape(n, 25).astype(np.int64)
        bass = events.bass.reshape(n, 25).astype(np.int64)
        labels = chroma * 12 + bass
        counts = [np.unique(row, return_counts=True)[1] for row in labels]
        types = np.array([len(c) for c in counts], float)
        entropy = np.array([-(c / 25 * np.log2(c / 25)).sum() for c in counts])
        size = np.bitwise_count(chroma.astype(np.uint16))
        spread = evaluate_plain("fifths_spread", events)
        alike = spread_of_equal_chords(chroma)
        lz = evaluate_plain("lz76", events)
        for what, values in (("types", types), ("H1", entropy), (">=4 notes", (size >= 4).mean(axis=1)),
                             ("fifths spread", spread), ("the same, chords of equal weight", alike),
                             ("LZ norm", lz)):  # fmt: skip
            rows.append({"set": name, "songs": n, "figure": what, "mean": np.nanmean(values), "sd": np.nanstd(values, ddof=1),
                         "standard_error": np.nanstd(values, ddof=1) / np.sqrt(n)})  # fmt: skip
    table = pd.DataFrame(rows)
    kind = [name.partition(",")[0] for name in table["set"]]
    published = {"pop": (7.27, 2.46, 0.317, 0.671, 0.671, 1.76), "jazz": (13.84, 3.52, 0.958, 0.794, 0.794, 2.94)}
    spread = {"pop": (3.36, 0.66, 0.30, 0.06, 0.06, np.nan), "jazz": (3.53, 0.46, 0.10, 0.06, 0.06, np.nan)}
    songs = {"pop": 739, "jazz": 1186}
    table["published"] = [v for name in kind[:: len(published["pop"])] for v in published[name]]
    theirs = np.array([v for name in kind[:: len(published["pop"])] for v in spread[name]])
    their_se = theirs / np.sqrt([songs[name] for name in kind])
    table["z"] = (table["mean"] - table["published"]) / np.hypot(table["standard_error"], np.nan_to_num(their_se))
    return table


def spread_of_equal_chords(chroma: np.ndarray) -> np.ndarray:
    """Fifths spread with one unit of weight a chord instead of one a note, which the digest leaves open.

    ``chroma`` has pitch-class sets as bits, shape (tracks, chords).
    """
    notes = (chroma[..., None] >> np.arange(12) & 1).astype(float)
    share = (notes / notes.sum(axis=-1, keepdims=True)).mean(axis=1)  # (tracks, 12)
    return np.sqrt(np.clip(1 - np.abs(share @ np.exp(2j * np.pi * 7 * np.arange(12) / 12)), 0, 1))


def evaluate_plain(name: str, events: EventTable) -> np.ndarray:
    """A measure of whole rows."""
    return plain_value(get_measure(name), events, 25)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--songs", type=int, default=0, help="at most so many of each set; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    pop, jazz = load(args.folder, "mcgill_billboard"), load(args.folder, "irb")
    if args.songs:
        pop, jazz = (t.select(np.arange(min(args.songs, t.n_tracks))) for t in (pop, jazz))
    print(
        f"pop: {pop.n_tracks} songs, {pop.n_chords:,} chords; jazz: {jazz.n_tracks} songs, {jazz.n_chords:,} chords\n"
    )
    table = measure_robustness(pop, jazz, args.seed)
    with pd.option_context("display.width", 250, "display.max_rows", None, "display.max_columns", None):
        print(table.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
        print("\nFirst 25 chords, bass-rooted pitch-class sets, beside the published figures (z: difference in SE)")
        sets = {"pop": pop, "jazz": jazz}
        sets |= {
            f"jazz, each {same} once": without_repeats(args.folder, same) for same in ("letter", "label", "content")
        }
        print(reference_values(sets).to_string(index=False, float_format=lambda v: f"{v:.3f}"))
        print("\nOurs: windows of 30 events or rarefied to 30, vocabulary sevenths, mean (SD)")
        for name in (
            "types_rarefied",
            "type_entropy",
            "nontriad_share",
            "extended_share",
            "fifths_spread",
            "lz76",
            "surprisal",
        ):
            cells = []
            for label, chords in (("pop", pop), ("jazz", jazz)):
                vocabulary = (
                    get_measure(name).coarsest
                    if not is_at_least("sevenths", get_measure(name).coarsest)
                    else "sevenths"
                )
                v = values_of(chords, [name], vocabulary)[name]
                cells.append(f"{label} {np.nanmean(v):.3f} ({np.nanstd(v, ddof=1):.3f}), n = {np.isfinite(v).sum()}")
            print(f"  {name:<18} {'; '.join(cells)}")
    if args.write:
        table.round(3).to_csv(args.write, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
