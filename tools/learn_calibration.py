"""Learn what is known of an engine's errors, from references and estimates of the same pieces.

    python tools/learn_calibration.py OUT --engine NAME [-o FILE]
    python tools/learn_calibration.py REFERENCES ESTIMATES --engine NAME [-o FILE] [--groups pieces.csv]
    python tools/learn_calibration.py --notes DATA --nets FOLDER [-o FILE]

REFERENCES and ESTIMATES are what ``musictrend evaluate`` takes: folders of ``.lab``, ``.jams`` or ``.csv`` files that
are matched by name, corpora, or folders that ``musictrend extract`` wrote. Give estimates as ``.csv`` where the engine
has confidences. The engine must not have been trained on the pieces. ``--groups`` names a table with a row a piece:
its name and what it has in common with others (opus, artist, album), and, in columns of these names, the ``source`` and
``era`` it was recorded in, or its ``repertoire`` (`musictrend.validation.conditions`). OUT is a folder of
``tools/render_calibration.py``: its ``reference``, ``NAME`` and ``songs.csv``.

``--notes`` learns the record of chords estimated from notes. DATA holds ``when_in_rome`` and ``pop909``; of their
pieces count those under CC BY-SA and MIT, as parted in ``benchmarks/score_pairs.py``; of the many POP909 songs some that
no network learned from. Pieces that the network of art learned from are heard by one that did not: ``--nets`` holds
those of ``tools/train_scores.py --folds 4 -o FOLDER``, each with the pieces it was kept from (cross-fitting). A composer's
pieces, and POP909, are repertoires: how far an estimator's response differs between them is what is unknown of any other.

The record goes to ``musictrend/data/models/calibration/NAME.json``, or to FILE. It is printed what the engine carries.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from score_pairs import MIN_FIT, Pair, read_dcml, read_pop909, read_when_in_rome, was_learned

from musictrend.cache import hash_bytes
from musictrend.extraction.engines import get_engine
from musictrend.extraction.keys import fill_keys
from musictrend.extraction.origin import NOTES
from musictrend.extraction.score import estimate_chords
from musictrend.extraction.score_net import Net, tell_version
from musictrend.harmony.table import ChordTable
from musictrend.validation.calibration import Calibration, learn_calibration
from musictrend.validation.pairing import read_pairs

RENDERED = "SYNTHETIC: songs drawn and played by tools/render_calibration.py; instruments no net of this project heard"
FOLDER = Path(__file__).resolve().parents[1] / "musictrend" / "data" / "models" / "calibration"
LEVELS = ("source", "era", "repertoire")
N_POP = 60  # songs of POP909, about as many as there are pieces of art music


def read_groups(path: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Piece to group, from the first two columns of a table; and piece to condition, from columns of these names."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
    levels = {name: i for i, name in enumerate(head) if name in LEVELS}
    conditions = {name: {row[0]: row[i] for row in rows if len(row) > i} for name, i in levels.items()}
    return {row[0]: row[1] for row in [head, *rows] if len(row) > 1}, conditions


def read_scores(data: Path, nets: Collection[str] = (), *, free: bool = True, n_pop: int = N_POP) -> list[Pair]:
    """Scores with analyses that the network did not learn from, or that one of ``nets`` was kept from, and songs."""
    pairs, _ = read_when_in_rome(data / "when_in_rome")
    if not free:
        pairs += read_dcml(data / "dcml")[0]
    songs = [p for p in read_pop909(data / "pop909")[0] if not was_learned(p)] if n_pop else []
    songs.sort(key=lambda p: hash_bytes(p.piece))
    pairs += sorted(songs[:n_pop], key=lambda p: p.piece)
    unseen = [p for p in pairs if p.piece in nets or not was_learned(p)]
    return [p for p in unseen if (p.free or not free) and p.fit >= MIN_FIT]


def read_nets(folder: Path | None) -> dict[str, Net]:
    """Networks of cross-validation, by each piece that they were kept from."""
    found = {}
    for path in sorted(folder.glob("fold_*.npz")) if folder else ():
        with np.load(path, allow_pickle=False) as arrays:
            net = Net({name: arrays[name] for name in arrays.files if name != "away"})
            found |= dict.fromkeys(arrays["away"].tolist(), net)
    return found


def estimate_pairs(pairs: list[Pair], nets: Mapping[str, Net] | None = None) -> tuple[ChordTable, ChordTable]:
    """Reference and estimate of each pair, with bars, and keys told from the chords where none are given."""
    told = [replace(pair.reference, track_id=pair.piece, bars=count_bars(pair)) for pair in pairs]
    heard = [estimate_chords(pair.notes, pair.piece, art=(nets or {}).get(pair.piece)) for pair in pairs]
    return fill_keys(ChordTable.from_sequences(told))[0], fill_keys(ChordTable.from_sequences(heard))[0]


def count_bars(pair: Pair) -> np.ndarray:
    """Bars that each chord of the reference lasts, by the score's own."""
    edges = pair.notes.bar_onset_quarter
    keep = np.append(True, np.diff(edges) > 0)
    place = np.arange(len(edges))[keep].astype(float)
    return np.interp(pair.reference.offsets, edges[keep], place) - np.interp(pair.reference.onsets, edges[keep], place)


def name_repertoire(pair: Pair) -> str:
    """A composer, as "Hensel,_Fanny_(Mendelssohn)/5_Lieder" names one, or the collection of songs."""
    return pair.work.split("/")[0] if pair.source == "when_in_rome" else pair.source


def learn_notes(data: Path, nets: Mapping[str, Net]) -> Calibration:
    """The record of chords estimated from notes."""
    pairs = read_scores(data, nets)
    reference, estimate = estimate_pairs(pairs, nets)
    by_source = {source: sum(p.source == source for p in pairs) for source in sorted({p.source for p in pairs})}
    about = {
        "about": "chords estimated from the notes of scores against people's analyses; tools/learn_calibration.py",
        "source": "When in Rome (Gotham et al. 2023), analyses licensed CC BY-SA 4.0, and POP909 (Wang et al. 2020, MIT): "
        "each heard by a network that did not learn from its work",
        "licence": "CC BY-SA 4.0",
        "by_source": by_source,
        "date": datetime.date.today().isoformat(),
        "pieces": list(reference.track_ids),
    }
    works = [pair.work for pair in pairs]
    return learn_calibration(
        reference,
        estimate,
        engine=NOTES,
        version=tell_version(),
        groups=works,
        strata=[pair.source for pair in pairs],
        conditions={"repertoire": [name_repertoire(pair) for pair in pairs]},
        about=about,
    )


def count_renderers(table: Path, names: Sequence[str]) -> str:
    """What the songs of a folder of tools/render_calibration.py are, of those that were heard."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["number"] in set(names)]
    count = lambda name: ", ".join(f"{k} {v}" for k, v in sorted(Counter(row[name] for row in rows).items()))  # noqa: E731
    return f"recordings by renderer: {count('renderer')}; by recording chain: {count('chain')}"


def learn_pairs(given: argparse.Namespace) -> Calibration:
    """The record of any engine, from any two folders."""
    pairs = read_pairs(given.references, given.estimates, quiet=True)
    if pairs.failures:
        print(f"{len(pairs.failures)} pieces left out; the first: {pairs.failures[0]}", file=sys.stderr)
    names = [Path(name).stem if name not in given.group_of else name for name in pairs.reference.track_ids]
    groups = [given.group_of.get(name, name) for name in names]
    conditions = {level: [of.get(name, "") for name in names] for level, of in given.conditions.items()}
    reference, estimate = (fill_keys(side)[0] for side in (pairs.reference, pairs.estimate))
    if not given.source and given.about == RENDERED:
        given.source = count_renderers(given.groups, names)
    about = {"about": given.about or f"{given.engine} against references; tools/learn_calibration.py",
             "source": given.source, "licence": given.licence, "date": datetime.date.today().isoformat(),
             "pieces": list(pairs.reference.track_ids)}  # fmt: skip
    return learn_calibration(reference, estimate, engine=given.engine, version=given.version,
                             groups=groups, conditions=conditions, about=about)  # fmt: skip


def show(record: Calibration) -> None:
    """What the engine carries, and what not."""
    table = record.carries()
    print(f"{record.engine}: {record.about['n_songs']} songs in {record.about['n_groups']} groups, tells chords apart "
          f"at {record.finest}; a label's errors repeat in a song with chance {record.confusion.repetition:.2f}")  # fmt: skip
    for row in table.to_dict("records"):
        left = 1 + row["b"] if np.isfinite(row["b"]) else np.nan
        said = "carried" if row["carried"] else f"not carried: {row['why']}"
        print(f"{row['measure']:24}{row['vocabulary']:10}{row['n_songs']:5}  bias {row['bias']:+9.4f}  "
              f"r {row['correlation']:5.2f}  left {left:5.2f}  {said}")  # fmt: skip


def main() -> None:
    """Learn and write a record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("references", nargs="?", help="folder of references")
    add("estimates", nargs="?", help="folder of estimates")
    add("--engine", help="the engine's name, as in tracks.parquet")
    add("--version", default="", help="the engine's version, as in run.json")
    add("--groups", type=Path, help="table of pieces and their groups")
    add("--source", default="", help="what the pieces are")
    add("--licence", default="", help="of the record")
    add("--about", default="", help="one line about the record")
    add("--notes", type=Path, metavar="DATA", help="learn chords from notes; DATA holds when_in_rome and pop909")
    add("--nets", type=Path, metavar="FOLDER", help="networks of tools/train_scores.py --folds, for --notes")
    add("-o", "--out", type=Path, help="where the record goes")
    given = parser.parse_args()
    if given.references and given.engine and not given.estimates:
        out = Path(given.references)
        given.references, given.estimates, given.groups = (
            str(out / "reference"),
            str(out / given.engine),
            out / "songs.csv",
        )
        given.about, given.licence = given.about or RENDERED, given.licence or "MIT"
        given.version = given.version or get_engine(given.engine).version()
    given.group_of, given.conditions = read_groups(given.groups) if given.groups else ({}, {})
    if given.notes:
        record = learn_notes(given.notes, read_nets(given.nets))
    elif given.references and given.estimates and given.engine:
        record = learn_pairs(given)
    else:
        parser.error("give REFERENCES, ESTIMATES and --engine, or --notes DATA")
    show(record)
    out = given.out or FOLDER / f"{record.engine}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    record.write(out)
    print(
        f"{out.name}: {out.stat().st_size / 1000:.0f} kB", json.dumps(record.confusion.right.round(2).mean(0).tolist())
    )


if __name__ == "__main__":
    main()
