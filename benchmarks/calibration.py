"""Do intervals tell the truth when chords are estimated? Prints bias, coverage and false trends, with and without.

    python benchmarks/calibration.py --notes DATA [--nets FOLDER]    chords from notes, real pairs
    python benchmarks/calibration.py --channel mcgill_billboard irb  a noisy channel over songs whose chords are known
    python benchmarks/calibration.py --pairs REFERENCES ESTIMATES    any engine: folders as for musictrend evaluate

*Notes.* Pieces of When in Rome, DCML and POP909 (DATA holds the three), each heard by a network that did not learn from its
work: ``--nets`` as for ``tools/learn_calibration.py``, without which those that the network learned from are left out.
Works are split in halves at random: the response of each measure is learned on one half and applied to the other. Then
a second repertoire: learned on what is free to learn from, applied to the rest.
*False trends.* Songs of the second half get random years; the old half of them keeps the chords that people wrote,
the new half has the engine's of the *same* songs. Whatever trend is found is false. Sources are *not* told apart,
which the analysis otherwise does (last column): calibration alone must hold. 5 in 100 is the nominal rate.
Beside it stand other ways: the expected truth given an estimate (regression calibration), chords drawn from the
confusion (in 20 corpora), the correction without what all songs of the engine share, and without what is unknown of
other repertoires (``no shift``, `musictrend.validation.conditions`).
*Channel.* An engine is simulated: chords of Billboard songs pass the confusion of ``notes`` (what is heard where a
chord is written, riffs misheard alike throughout a song), at an error rate that differs from song to song and is what
the confidences say. In *eras* all songs come from this one engine, and its error rate falls over the decades, as
recording chains do. Last, the noise of ``science.md`` 1.6: labels replaced at random, with and without correction.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from musictrend.complexity import score_table
from musictrend.complexity.scoring import ScoreMatrix
from musictrend.harmony.table import ChordTable
from musictrend.trends import estimate_slopes
from musictrend.validation.calibration import Calibration, learn_calibration, mean_confidence
from musictrend.validation.conditions import name_eras
from musictrend.validation.confusion import Confusion, draw_chords
from musictrend.validation.response import Response, fit_response
from musictrend.validation.uncertainty import carry_errors

ENGINE = "engine on trial"
METHOD = {"methods": ["cluster_ols"], "poolings": ["pooled"], "length_term": False}
SHOWN = (
    "types_rarefied", "type_entropy", "nontriad_share", "dominant_seventh_share", "minor_seventh_share", "cardinality",
    "mtld", "conditional_entropy", "surprisal", "surprisal_ppm", "lz76", "fifths_spread", "spiral_diameter",
    "voice_leading", "roughness", "harmonicity", "changes_per_bar", "composite",
)  # fmt: skip
VOCABULARIES = ("sevenths",)
DRAWN = 20  # corpora for which chords are drawn and scored anew, the costly way


class Pairs:
    """Songs with both their chords, scored once."""

    def __init__(
        self, reference: ChordTable, estimate: ChordTable, groups: list[str], repertoires: list[str] | None = None
    ) -> None:
        self.reference, self.estimate = reference, estimate
        self.repertoires = None if repertoires is None else np.array(repertoires, dtype=object)
        self.groups = np.unique(groups, return_inverse=True)[1]
        self.truth = score_table(reference, list(SHOWN), VOCABULARIES)
        self.heard = score_table(estimate, list(SHOWN), VOCABULARIES)
        self.keys = sorted(self.truth.values)
        self.confidence = mean_confidence(estimate)

    def learn(self, rows: np.ndarray) -> Calibration:
        """The record of some songs, from the scores that are there."""
        scores = tuple(
            ScoreMatrix(tuple(side.track_ids[i] for i in rows), {k: v[rows] for k, v in side.values.items()}, {})
            for side in (self.truth, self.heard)
        )
        conditions = None if self.repertoires is None else {"repertoire": list(self.repertoires[rows])}
        return learn_calibration(self.reference.select(rows), self.estimate.select(rows), engine=ENGINE,
                                 groups=[str(g) for g in self.groups[rows]], conditions=conditions,
                                 scores=scores)  # fmt: skip

    def matrix(self, rows: np.ndarray, estimated: np.ndarray) -> ScoreMatrix:
        """Scores of some songs, estimated or true."""
        values = {k: np.where(estimated, self.heard[k][rows], self.truth[k][rows]) for k in self.keys}
        events = {v: np.where(estimated, self.heard.n_events[v][rows], self.truth.n_events[v][rows])
                  for v in VOCABULARIES}  # fmt: skip
        return ScoreMatrix(tuple(f"s{i:04d}" for i in rows), values, events)

    def chords(self, rows: np.ndarray) -> ChordTable:
        """Estimated chords of some songs, for their confidences."""
        return replace(self.estimate.select(rows), track_ids=tuple(f"s{i:04d}" for i in rows))


def halve(groups: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Songs of two random halves of the groups."""
    first = rng.permutation(groups.max() + 1) < (groups.max() + 1) // 2
    return np.flatnonzero(first[groups]), np.flatnonzero(~first[groups])


def print_bias(pairs: Pairs, splits: list[tuple[np.ndarray, np.ndarray]], title: str) -> None:
    """Bias before and after, and coverage of low and high, over splits of the songs."""
    sums: dict[tuple[str, str], list] = {key: [] for key in pairs.keys}
    for learned, tried in splits:
        record = pairs.learn(learned)
        whole = np.ones(len(tried), bool)
        frame = carry_errors(pairs.matrix(tried, whole), pairs.chords(tried), [ENGINE] * len(tried),
                             calibrations={ENGINE: record}).frame  # fmt: skip
        for key in pairs.keys:
            mine = frame[(frame["measure"] == key[0]) & (frame["vocabulary"] == key[1])]
            truth, raw = pairs.truth[key][tried], pairs.heard[key][tried]
            value, low, high = (mine[c].to_numpy() for c in ("value", "low", "high"))
            known = np.isfinite(value) & np.isfinite(truth)
            if known.sum() < 10:
                continue
            sd = np.std(truth[known])
            slopes = [np.polyfit(truth[known], x[known], 1)[0] for x in (raw, value)]
            inside = (low <= truth + 1e-12) & (truth <= high + 1e-12)
            sums[key].append([
                np.mean((raw - truth)[known]) / sd, np.mean((value - truth)[known]) / sd, *slopes,
                np.mean(inside[known]), np.mean((high - low)[known]) / sd, np.corrcoef(raw[known], truth[known])[0, 1],
            ])  # fmt: skip
    print(f"\n{title}")
    print(f"{'measure (sevenths)':24}{'bias/SD raw':>12}{'calibrated':>12}{'slope raw':>11}{'calibrated':>12}"
          f"{'coverage':>10}{'width/SD':>10}{'r':>6}{'carried in':>12}")  # fmt: skip
    for key, rows in sums.items():
        if rows:
            table = np.array(rows)
            mean, size = table.mean(axis=0), np.abs(table[:, :2]).mean(axis=0)
            print(f"{key[0]:24}{mean[0]:+7.2f} |{size[0]:.2f}|{mean[1]:+6.2f} |{size[1]:.2f}|{mean[2]:10.2f}{mean[3]:12.2f}"
                  f"{100 * mean[4]:9.0f}%{mean[5]:10.1f}{mean[6]:6.2f}{len(rows):8}/{len(splits)}")  # fmt: skip
        else:
            print(f"{key[0]:24}  not carried")


def find_false_trends(
    pairs: Pairs, splits: list[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator,
    estimated_of: Callable[[np.ndarray], np.ndarray] | None = None, years_of: Callable | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Share of corpora with a significant trend, by measure and way of reading the estimates."""
    found: dict[str, list[pd.Series]] = {}
    before, record = None, None
    for i, (learned, tried) in enumerate(splits):
        if record is None or learned is not before:
            before, record = learned, pairs.learn(learned)
        years = years_of(tried, rng) if years_of else rng.permutation(np.linspace(1950, 2020, len(tried)).astype(int))
        new = estimated_of(years) if estimated_of else years >= 1985
        matrix = pairs.matrix(tried, new)
        chords = pairs.chords(tried)
        tracks = pd.DataFrame({"track_id": matrix.track_ids, "year": years, "corpus": "c", "segment": "pop",
                               "artist_id": [f"g{g}" for g in pairs.groups[tried]]})  # fmt: skip
        names = [ENGINE if e else "" for e in new]
        places = {"sources": ["c"] * len(names), "eras": name_eras(years)}
        scores = carry_errors(matrix, chords, names, calibrations={ENGINE: record}, **places)
        alone = {k: replace(r, source=(), era=()) for k, r in record.responses.items()}
        unmoved = carry_errors(matrix, chords, names, calibrations={ENGINE: replace(record, responses=alone)}, **places)
        plain = matrix.to_frame()
        carried = {measure: response.carried for (measure, _), response in record.responses.items()}
        ways = {
            "raw": (plain, None),
            "regression to truth": (_regress(pairs, learned, tried, new, plain), None),
            **(
                {"chord draws": _draw_chords_of(pairs, record.confusion, matrix, tried, new, plain)}
                if i < DRAWN
                else {}
            ),
            "corrected, no draws": (scores.frame.assign(low=np.nan, high=np.nan), None),
            "no shift": (unmoved.frame, unmoved.draws),
            "calibrated": (scores.frame, scores.draws),
            "and sources apart": (scores.frame, scores.draws),
        }
        for name, (frame, draws) in ways.items():
            told = tracks.assign(engine=np.where(new, ENGINE, "")) if name == "and sources apart" else tracks
            slopes = estimate_slopes(frame, told, METHOD, draws=draws)
            slopes = slopes[(slopes["level"] == "corpus") & slopes["measure"].map(carried)]
            found.setdefault(name, []).append(slopes.set_index("measure")["p"] < 0.05)
    return pd.DataFrame({name: pd.concat(rows, axis=1).mean(axis=1, skipna=True) for name, rows in found.items()})


def _regress(
    pairs: Pairs, learned: np.ndarray, tried: np.ndarray, new: np.ndarray, plain: pd.DataFrame
) -> pd.DataFrame:
    """The other calibration: expected truth given the estimate, which leans on the learned songs' mean."""
    frame = plain.copy()
    for measure, vocabulary in pairs.keys:
        x, z = pairs.truth[measure, vocabulary][learned], pairs.heard[measure, vocabulary][learned]
        known = np.isfinite(x) & np.isfinite(z)
        if known.sum() < 10 or np.ptp(z[known]) == 0:
            continue
        b, a = np.polyfit(z[known], x[known], 1)
        here = ((frame["measure"] == measure) & (frame["vocabulary"] == vocabulary)).to_numpy()
        value = frame.loc[here, "value"].to_numpy()
        frame.loc[here, "value"] = np.where(new, a + b * value, value)
    return frame


def _draw_chords_of(
    pairs: Pairs, confusion: Confusion, matrix: ScoreMatrix, tried: np.ndarray, new: np.ndarray, plain: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The third way: chords drawn from the learned confusion, scored anew."""
    n_draws = 8
    rows = np.flatnonzero(new)
    tables = draw_chords(pairs.chords(tried[rows]), confusion, n_draws)
    scored = score_table(ChordTable.concatenate(tables), list(SHOWN), VOCABULARIES)
    parts = []
    for measure, vocabulary in pairs.keys:
        draws = scored[measure, vocabulary].reshape(n_draws, len(rows))
        names = {"track_id": [matrix.track_ids[i] for i in rows], "measure": measure, "vocabulary": vocabulary}
        parts.append(pd.DataFrame(names | {f"draw_{m:02d}": draw for m, draw in enumerate(draws)}))
    return plain, pd.concat(parts, ignore_index=True)


def print_false(table: pd.DataFrame, title: str, n: int) -> None:
    """Shares in percent."""
    print(f"\n{title} ({n} corpora; % with p < .05)")
    print((100 * table).round(0).to_string(na_rep="-", float_format=lambda x: f"{x:.0f}"))
    print(
        "all carried measures:",
        ", ".join(f"{k} {100 * table.loc[table['calibrated'].notna(), k].mean():.1f}" for k in table),
    )


def try_notes(data: Path, nets: Path | None, n: int, seed: int) -> None:
    """Real pairs: chords estimated from notes."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
    from learn_calibration import estimate_pairs, name_repertoire, read_nets, read_scores

    kept = read_nets(nets)
    scores = read_scores(data, kept, free=False)
    pairs = Pairs(
        *estimate_pairs(scores, kept), [pair.work for pair in scores], [name_repertoire(pair) for pair in scores]
    )
    free = np.array([pair.free for pair in scores])
    print(f"{len(scores)} pieces of {pairs.groups.max() + 1} works that the network did not learn from; {free.sum()} of "
          f"them free to learn from; mean confidence {np.nanmean(pairs.confidence):.2f}")  # fmt: skip
    rng = np.random.default_rng(seed)
    try_splits(pairs, np.flatnonzero(free), np.flatnonzero(~free), n, rng)


def try_splits(pairs: Pairs, one: np.ndarray, other: np.ndarray, n: int, rng: np.random.Generator) -> None:
    """Halves of the works, and from one repertoire to another."""
    halves = [halve(pairs.groups, rng) for _ in range(n)]
    print_bias(pairs, halves[:20], "learned on half of the works, applied to the others")
    print_bias(
        pairs, [(one, other)], "learned on songs, preludes and POP909, applied to sonatas, quartets, mazurkas, ..."
    )
    print_false(
        find_false_trends(pairs, halves, rng),
        "old annotations, new estimates of the same pieces, halves of the works",
        n,
    )
    table = find_false_trends(pairs, [(one, other)] * n, rng)
    print_false(table, "the same, from one repertoire to the other", n)


def try_channel(folders: list[Path], n: int, seed: int) -> None:
    """Simulated engines over real songs."""
    from musictrend import load_corpus
    from musictrend.extraction.batches import extract_corpora
    from musictrend.validation.calibration import find_calibration

    rng = np.random.default_rng(seed)
    songs = {}
    for folder in folders:
        chords = extract_corpora([load_corpus(folder)], quiet=True).chords
        long = np.flatnonzero(chords.events("majmin").n_events >= 30)
        songs[folder.name] = chords.select(long)
    record = find_calibration("notes")
    assert record is not None
    first = next(iter(songs.values()))
    heard = pass_channel(first, record.confusion, rng.beta(4, 12, first.n_tracks), seed)
    pairs = Pairs(first, heard, list(first.track_ids))
    print(f"\n{first.n_tracks} songs of {next(iter(songs))}; mean error rate {1 - np.mean(pairs.confidence):.2f}")

    def split(size: int) -> list[tuple[np.ndarray, np.ndarray]]:
        orders = [rng.permutation(first.n_tracks) for _ in range(n)]
        return [(np.sort(o[:size]), np.sort(o[size:])) for o in orders]

    print_bias(pairs, split(150)[:20], "channel: learned on 150 songs, applied to the others")
    print_false(find_false_trends(pairs, split(150), rng), "old annotations, new estimates of the same songs", n)
    eras = np.array([0.45, 0.30, 0.18, 0.10])  # error rates of four recording chains
    chain = rng.integers(0, 4, first.n_tracks)
    errors = np.clip(eras[chain] + rng.normal(0, 0.04, first.n_tracks), 0.02, 0.9)
    pairs = Pairs(first, pass_channel(first, record.confusion, errors, seed + 1), list(first.track_ids))

    def chain_years(tried: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return 1950 + 18 * chain[tried] + rng.integers(0, 17, len(tried))

    table = find_false_trends(pairs, split(150), rng, lambda years: np.ones(len(years), bool), chain_years)
    print_false(table, "one engine over four recording chains (error rates .45 .30 .18 .10)", n)
    for name, chords in songs.items():
        print_noise(name, chords, rng)


def pass_channel(chords: ChordTable, backwards: Confusion, errors: np.ndarray, seed: int) -> ChordTable:
    """What an engine makes of true chords: errors of the learned kinds, at a rate of each song, told by confidences."""
    # The learned table says what is written where something is heard; turned round it says what is heard.
    share = {q: float(np.mean(1 - backwards.right[i])) for i, q in enumerate(backwards.qualities)}
    kinds: dict[str, dict[tuple[int, str], float]] = {}
    for of, offset, to, part in backwards.errors:
        if "N" not in (of, to):
            kinds.setdefault(to, {})[(-offset) % 12, of] = part * share[of]
    errors_of = tuple((to, offset, of, part / sum(row.values())) for to, row in kinds.items()
                      for (offset, of), part in row.items())  # fmt: skip
    forward = Confusion(tuple(kinds), np.zeros((len(kinds), backwards.right.shape[1])), errors_of,
                        backwards.repetition, backwards.n_chords)  # fmt: skip
    told = np.repeat(1 - errors, chords.lengths).astype(np.float32)
    return draw_chords(replace(chords, confidence=told), forward, 1, seed=seed, trust=True)[0]


def print_noise(name: str, chords: ChordTable, rng: np.random.Generator) -> None:
    """Labels replaced at random: clean, noisy, corrected from 100 other songs, and SIMEX."""
    measures = ["types_rarefied", "type_entropy", "nontriad_share", "fifths_spread"]
    half = rng.permutation(chords.n_tracks)
    learned, tried = half[:100], half[100:]
    clean = score_table(chords, measures, VOCABULARIES)
    noisy = {rate: score_table(add_noise(chords, rate, rng), measures, VOCABULARIES) for rate in (0.1, 0.2, 0.3)}
    print(f"\n{name}: random labels, mean over {len(tried)} songs (learned on 100 others; SIMEX adds 10% twice more and "
          "extrapolates)")  # fmt: skip
    for key in sorted(clean.values):
        x = clean[key]
        parts = [f"clean {np.nanmean(x[tried]):7.3f}"]
        for rate in (0.1, 0.2):
            z = noisy[rate][key]
            line: Response = fit_response(*key, x[learned], z[learned], np.ones(100), np.arange(100))
            parts.append(
                f"{rate:.0%} {np.nanmean(z[tried]):7.3f} -> {np.nanmean(line.correct(z[tried], np.ones(len(tried)))):7.3f}"
            )
        means = [np.nanmean(noisy[rate][key][tried]) for rate in (0.1, 0.2, 0.3)]
        parts.append(f"SIMEX from 10% {np.polyval(np.polyfit((0, 1, 2), means, 2), -1):7.3f}")
        print(f"  {key[0]:18}", "  ".join(parts))


def add_noise(chords: ChordTable, rate: float, rng: np.random.Generator) -> ChordTable:
    """Labels replaced by those of any chord of the corpus."""
    wrong = rng.random(chords.n_chords) < rate
    return replace(chords, label=np.where(wrong, rng.permutation(chords.label), chords.label).astype(np.int32))


def try_pairs(references: str, estimates: str, n: int, seed: int) -> None:
    """Any engine's pairs."""
    from musictrend.validation.pairing import read_pairs

    read = read_pairs(references, estimates, quiet=True)
    pairs = Pairs(read.reference, read.estimate, list(read.reference.track_ids))
    rng = np.random.default_rng(seed)
    print(f"{read.reference.n_tracks} pieces; mean confidence {np.nanmean(pairs.confidence):.2f}")
    print_bias(
        pairs, [halve(pairs.groups, rng) for _ in range(20)], "learned on half of the pieces, applied to the others"
    )
    table = find_false_trends(pairs, [halve(pairs.groups, rng) for _ in range(n)], rng)
    print_false(table, "old annotations, new estimates of the same pieces", n)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path, metavar="DATA", help="folder of when_in_rome, dcml and pop909")
    parser.add_argument(
        "--nets", type=Path, metavar="FOLDER", help="networks of tools/train_scores.py --folds, for --notes"
    )
    parser.add_argument(
        "--channel", type=Path, nargs="+", metavar="FOLDER", help="corpora with chords, the first on trial"
    )
    parser.add_argument("--pairs", nargs=2, metavar=("REFERENCES", "ESTIMATES"))
    parser.add_argument("--corpora", type=int, default=200, help="corpora in which false trends are looked for")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.process_time()
    if given.notes:
        try_notes(given.notes, given.nets, given.corpora, given.seed)
    if given.channel:
        try_channel(given.channel, given.corpora, given.seed)
    if given.pairs:
        try_pairs(*given.pairs, given.corpora, given.seed)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
