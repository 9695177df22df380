"""Build what surprisal and the composite stand on: the frozen reference model and the frozen reference
sample.

    python tools/build_reference.py FOLDER

FOLDER holds the corpora, unpacked, under the names of ``SOURCES``: only those whose licence lets counts made
from them be shipped. Written into the package: ``data/models/reference_chords.npz`` (counts of n-grams of
tokens met in at least three songs, so that no song can be rebuilt), ``data/reference/reference_sample.csv`` (means
and standard deviations), a ``.json`` beside each that tells its make-up, and ``data/reference/reference_factor.csv``
(correlations of the composite's facets).

Every genre weighs the same, and within a genre every era (20 years, and songs without a year); a cell needs
20 songs, a smaller one joins the nearest era of its genre.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd

import musictrend
from musictrend.cache import atomic_path
from musictrend.complexity.context_tree import LONGEST
from musictrend.complexity.factor import FACET_NAMES, FACTOR_FILE, correlate_facets
from musictrend.complexity.measure import select_measures
from musictrend.complexity.reference import MIN_SONGS, MODEL_FILE, ReferenceModel, build_grammar
from musictrend.complexity.scoring import score_table
from musictrend.complexity.standard import COMPOSITE_FACETS, SAMPLE_FILE, _sample_rows
from musictrend.harmony import VOCABULARIES, ChordTable

# Folder -> licence, and the genre of songs that have none of their own. OpenEWLD's genres are those of
# records made decades after its songs, so its songs are one genre.
SOURCES = {
    "mcgill_billboard": ("CC0", "pop"),
    "rs200": ("CC BY 4.0", "rock"),
    "irb": ("MIT", "jazz"),
    "chorrrds_brazil": ("MIT", "mpb"),
    "openewld": ("public domain", "early popular song"),
}
ONE_GENRE = {"openewld"}
# Genres too small to stand alone join the first family whose word they contain.
FAMILIES = {
    "soul": "soul", "r&b": "soul", "funk": "soul", "disco": "soul", "motown": "soul",
    "rock": "rock", "new wave": "rock", "punk": "rock", "metal": "rock",
    "country": "country", "folk": "country", "jazz": "jazz",
}  # fmt: skip
WINDOWS = (30, 16)
ERA = 20  # years
MIN_GENRE, MIN_CELL, MIN_SAMPLE = 40, 20, 100  # tracks in a genre, in a cell, behind a row of the sample
DATA = Path(musictrend.__file__).parent / "data"


def load_sources(folder: Path) -> tuple[ChordTable, pd.DataFrame]:
    """Chords and tracks of all sources, each song once."""
    tables, frames = [], []
    for name in SOURCES:
        corpus = musictrend.load_corpus(folder / name)
        table = musictrend.extract_corpus(corpus)
        tracks = corpus.tracks.drop_duplicates("track_id").set_index("track_id")
        tracks = tracks.reindex(list(table.track_ids)).reset_index(names="track_id")
        repeated = tracks["duplicate_of"].notna() | (tracks["song_id"].duplicated() & tracks["song_id"].ne(""))
        first = ~repeated.to_numpy(dtype=bool) & (table.lengths > 0)
        tables.append(table.select(np.flatnonzero(first)))
        frames.append(tracks[first].assign(source=name))
        print(f"{name}: {first.sum()} songs of {len(tracks)}")
    return ChordTable.concatenate(tables), pd.concat(frames, ignore_index=True)


def name_eras(year: pd.Series) -> pd.Series:
    """Era of each song of one genre; an era of too few songs joins the nearest that has enough."""
    start = year // ERA * ERA
    count = start.value_counts()
    large = np.sort(count[count >= MIN_CELL].index.to_numpy())
    if not len(large):
        return pd.Series("all years", index=year.index)
    nearest = large[np.abs(start.fillna(0).to_numpy()[:, None] - large).argmin(axis=1)]
    era = pd.Series([f"{int(s)}-{int(s) + ERA - 1}" for s in nearest], index=year.index)
    if year.isna().sum() >= MIN_CELL:
        return era.where(year.notna(), "undated")
    return era.where(year.notna(), f"{int(count.idxmax())}-{int(count.idxmax()) + ERA - 1}")


def balance_tracks(tracks: pd.DataFrame) -> pd.DataFrame:
    """Genre, era and weight of every track; weights of a genre's eras are equal, and those of all genres.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``source``, ``genres`` (list of str) and ``year``.
    """
    tracks = tracks.reset_index(drop=True)
    fallback = tracks["source"].map({name: genre for name, (_, genre) in SOURCES.items()})
    own = pd.Series([str(g[0]).casefold() if g is not None and len(g) else "" for g in tracks["genres"]])
    own = own.mask(tracks["source"].isin(ONE_GENRE), "")
    for settle in (
        lambda name: next((f for word, f in FAMILIES.items() if word in name), name),
        lambda name: "",
    ):
        large = own[own.map(own.value_counts()) >= MIN_GENRE].unique()
        own = own.where(own.isin(large), own.map(settle))
    genre = own.where(own.ne(""), fallback)
    year = pd.to_numeric(tracks["year"], errors="coerce")
    era = year.groupby(genre, group_keys=False).apply(name_eras).reindex(genre.index)
    size = pd.Series(1, index=genre.index).groupby([genre, era]).transform("sum")
    eras = era.groupby(genre).transform("nunique")
    return pd.DataFrame({"genre": genre, "era": era, "weight": 1 / (size * eras * genre.nunique())})


def describe(tracks: pd.DataFrame, cells: pd.DataFrame) -> dict:
    """Make-up of a sample, for the ``.json`` beside it."""
    count = cells.groupby(["genre", "era"]).size()
    sources = tracks["source"].value_counts()
    return {
        "corpora": {name: {"licence": SOURCES[name][0], "tracks": int(sources.get(name, 0))} for name in SOURCES},
        "tracks": {f"{genre}, {era}": int(n) for (genre, era), n in count.items()},
        "weights": "every genre the same; within a genre every era (20 years) the same",
        "built": datetime.date.today().isoformat(),
        "built_by": "tools/build_reference.py",
        "musictrend": musictrend.__version__,
    }


def build_model(chords: ChordTable, tracks: pd.DataFrame, cells: pd.DataFrame) -> ReferenceModel:
    """Grammars of all vocabularies; each event weighs its track's share of its cell."""
    grammars = {}
    for vocabulary in VOCABULARIES:
        events = chords.events(vocabulary)
        steps = np.bincount(events.track[events.joined], minlength=events.n_tracks).astype(float)
        in_cell = pd.Series(steps).groupby([cells["genre"], cells["era"]]).transform("sum").to_numpy()
        of_cell = cells.groupby(["genre", "era"])["weight"].transform("sum").to_numpy()
        # A long song does not outweigh its cell.
        weight = np.where(in_cell > 0, of_cell / np.maximum(in_cell, 1), 0)
        grammars[vocabulary] = build_grammar(events, weight, longest=LONGEST)
    return ReferenceModel(grammars, {**describe(tracks, cells), "fewest_songs_of_a_bigram": MIN_SONGS})


def summarise(values: np.ndarray, cells: pd.DataFrame) -> tuple[float, float, int, int] | None:
    """Balanced mean, SD within genres, tracks and genres behind them; None with too few tracks."""
    there = np.isfinite(values)
    frame = cells[there].assign(value=values[there])
    if len(frame) < MIN_SAMPLE:
        return None
    # Weights again from the tracks that have a value, so that a measure which short songs lack stays
    # balanced.
    size = frame.groupby(["genre", "era"])["value"].transform("size")
    weight = 1 / (size * frame.groupby("genre")["era"].transform("nunique"))
    total = weight.groupby(frame["genre"]).sum()
    genre_mean = (weight * frame["value"]).groupby(frame["genre"]).sum() / total
    within = weight * (frame["value"] - frame["genre"].map(genre_mean)) ** 2
    return float(genre_mean.mean()), float(np.sqrt(within.sum() / weight.sum())), len(frame), len(genre_mean)


def build_sample(chords: ChordTable, cells: pd.DataFrame, model: ReferenceModel) -> list[dict]:
    """Rows of the reference sample; the composite's row comes from the rows of its parts."""
    rows = []
    names = [measure.name for measure in select_measures("all") if measure.name != "composite"]
    for window in WINDOWS:
        scores = score_table(chords, names, VOCABULARIES, window=window, reference=model)
        found = {key: summarise(values, cells) for key, values in scores.values.items()}
        for vocabulary in VOCABULARIES:
            keys = [[(name, vocabulary) for name in facet] for facet in COMPOSITE_FACETS]
            if all(found.get(key) for facet in keys for key in facet):
                z = [
                    sum((scores.values[key] - found[key][0]) / found[key][1] for key in facet) / len(facet)
                    for facet in keys
                ]
                found["composite", vocabulary] = summarise(sum(z) / len(z), cells)
        for (measure, vocabulary), summary in sorted(found.items()):
            if summary and summary[1] > 0:
                mean, sd, n_tracks, n_genres = summary
                rows.append({
                    "measure": measure, "vocabulary": vocabulary, "window": window, "mean": f"{mean:.6g}",
                    "sd": f"{sd:.6g}", "n_tracks": n_tracks, "n_genres": n_genres,
                })  # fmt: skip
    return rows


def correlate_sample(chords: ChordTable, cells: pd.DataFrame, model: ReferenceModel) -> list[dict]:
    """Correlations of the composite's facets, over the balanced sample and within its genres.

    They rest on the reference sample's means and SDs, so that file must be written first.
    """
    names = [name for facet in COMPOSITE_FACETS for name in facet]
    rows = []
    for window in WINDOWS:
        scores = score_table(chords, names, VOCABULARIES, window=window, reference=model)
        for vocabulary in VOCABULARIES:
            if not all((name, vocabulary) in scores.values for name in names):
                continue
            facets, whole = correlate_facets({n: scores[n, vocabulary] for n in names}, vocabulary, window)
            frame = cells[whole].reset_index(drop=True)
            size = frame.groupby(["genre", "era"])["weight"].transform("size")
            weight = 1 / (size * frame.groupby("genre")["era"].transform("nunique"))
            for scope in ("all", "within genres"):
                centred = pd.DataFrame(facets[whole])
                if scope == "within genres":
                    total = weight.groupby(frame["genre"]).transform("sum")
                    mean = centred.mul(weight, axis=0).groupby(frame["genre"]).transform("sum").div(total, axis=0)
                    centred = centred - mean
                covariance = np.cov(centred.to_numpy().T, aweights=weight.to_numpy())
                sd = np.sqrt(np.diag(covariance))
                correlation = covariance / np.outer(sd, sd)
                pairs = zip(*np.triu_indices(len(FACET_NAMES), 1), strict=True)
                rows.append({
                    "scope": scope, "vocabulary": vocabulary, "window": window, "n_tracks": int(whole.sum()),
                    **{f"{FACET_NAMES[i]}_{FACET_NAMES[j]}": f"{correlation[i, j]:.4f}" for i, j in pairs},
                })  # fmt: skip
    return rows


def write_rows(path: Path, rows: list[dict]) -> None:
    """Write dictionaries as a CSV."""
    with atomic_path(path) as part, open(part, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_reference(chords: ChordTable, tracks: pd.DataFrame) -> None:
    """Build model and sample and write both into the package."""
    cells = balance_tracks(tracks)
    model = build_model(chords, tracks, cells)
    model.write(DATA / "models" / MODEL_FILE)
    rows = build_sample(chords, cells, ReferenceModel.read(DATA / "models" / MODEL_FILE))
    path = DATA / "reference" / SAMPLE_FILE
    write_rows(path, rows)
    _sample_rows.cache_clear()
    write_rows(
        path.with_name(FACTOR_FILE), correlate_sample(chords, cells, ReferenceModel.read(DATA / "models" / MODEL_FILE))
    )
    with atomic_path(path.with_suffix(".json")) as part:
        part.write_text(json.dumps(describe(tracks, cells), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for vocabulary, grammar in model.grammars.items():
        print(f"{vocabulary}: {len(grammar.token)} tokens, {len(grammar.pair_weight)} bigrams")
    print(f"{len(rows)} rows in {path.name}; {cells.groupby(['genre', 'era']).size().to_string()}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="folder of the unpacked corpora")
    chords, tracks = load_sources(parser.parse_args().folder)
    write_reference(chords, tracks)


if __name__ == "__main__":
    main()
