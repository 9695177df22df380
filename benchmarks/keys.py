"""Keys told from chords against keys that people wrote: prints accuracy, modulation, calibration and speed.

    python benchmarks/keys.py FOLDER [--tracks 20000]

FOLDER holds the unpacked public corpora. What is learned from (Billboard, iRb, RS200, OpenEWLD, POP909, the CC BY-SA
analyses of When in Rome) is judged in six folds that never part a song, by title across corpora, or an opus; the other
corpora (DCML, choro, iReal standards that are not in a corpus learned from) by a model that has not seen them. The bonus
of the home key is chosen inside the folds (`cross_validate` of tools/train_keys.py); what other bonuses, and none,
would have given on the same folds is printed beside it. One run of some minutes of processor time, on one thread.

*whole* is the key that lasts longest, one a piece, beside key profiles over the pitch classes that its chords sound;
Billboard writes no modes, so that either is right of the whole (for local keys the mode is that of the tonic's chords);
OpenEWLD's signatures leave major or relative minor open.
*local* is time in the right key, one key a piece (global) against modulation followed (local). Intervals are
95% of 2,000 bootstrap draws of songs. *False modulation* is the share of pieces with one written tonic that are given
a change of key.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from train_keys import HOMES, Songs, cross_validate, fit_final, load_all, load_songs, written_keys  # noqa: E402

from musictrend.extraction.keys import (  # noqa: E402
    KeyModel,
    estimate_keys,
    fill_keys,
    follow_keys,
    key_probabilities,
    path_confidence,
)
from musictrend.harmony.table import ChordTable  # noqa: E402

TEST_ONLY = ("dcml", "dcml_choro", "jazzstandards_ireal")
ALSO_LEARNED = ("n15op132",)  # in DCML, and with another analysis in When in Rome
# From C, major and minor: Krumhansl & Kessler (1982); Temperley (1999), What's key for key?; Albrecht & Shanahan (2013).
PROFILES = {
    "Krumhansl-Kessler": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "Temperley": (
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    ),
    "Albrecht-Shanahan": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}


@dataclass(eq=False)
class Judged:
    """What a model says of some songs: arrays over songs (n), or events (m)."""

    whole: np.ndarray  # probability of each key, (n, 24)
    home: np.ndarray  # key of the whole, (n,)
    allowed: np.ndarray  # (n, 24)
    profile: dict[str, np.ndarray]  # key by each profile, (n,)
    track: np.ndarray  # (m,)
    time: np.ndarray  # with a written key, (m,)
    told: np.ndarray  # (m, 24)
    path: np.ndarray
    certain: np.ndarray


def judge(songs: Songs, model: KeyModel) -> Judged:
    """Everything that is printed of some songs."""
    events = songs.events
    whole = key_probabilities(songs.chords, events, model)
    home, path = follow_keys(events, whole, model.chain)
    told = written_keys(songs.chords, events)
    # An event over which the written key changes counts as both.
    return Judged(
        whole, home, songs.allowed, {name: match_profile(songs, name) for name in PROFILES}, events.track,
        events.weight * told.any(axis=1), told, path, path_confidence(events, whole, home, path, model.chain),
    )  # fmt: skip


def join(parts: list[Judged]) -> Judged:
    """Several judgements as one."""
    shift = np.cumsum([0, *(len(p.whole) for p in parts)])
    track = np.concatenate([p.track + s for p, s in zip(parts, shift, strict=False)])
    stack = lambda name: np.concatenate([getattr(p, name) for p in parts])  # noqa: E731
    profile = {name: np.concatenate([p.profile[name] for p in parts]) for name in PROFILES}
    names = ("time", "told", "path", "certain")
    return Judged(stack("whole"), stack("home"), stack("allowed"), profile, track, *(stack(name) for name in names))


def match_profile(songs: Songs, name: str) -> np.ndarray:
    """The key whose profile correlates best with the time that pitch classes sound: shape (n,)."""
    chords = songs.chords
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)
    sounds = (chords.labels.chroma[chords.label][:, None].astype(int) >> np.arange(12)) & 1
    heard = sounds * np.nan_to_num(chords.duration, nan=1.0)[:, None]
    histogram = np.stack([np.bincount(track, weights=column, minlength=chords.n_tracks) for column in heard.T], axis=1)
    table = np.array([np.roll(profile, tonic) for profile in PROFILES[name] for tonic in range(12)])  # (24, 12)
    scale = lambda x: (x - x.mean(axis=1, keepdims=True)) / np.maximum(x.std(axis=1, keepdims=True), 1e-9)  # noqa: E731
    return (scale(histogram) @ scale(table).T).argmax(axis=1)


def interval(top: np.ndarray, bottom: np.ndarray, draws: int = 2000) -> str:
    """A ratio of sums over songs in %, with a 95% interval by drawing songs."""
    picks = np.random.default_rng(0).integers(len(top), size=(draws, len(top)))
    drawn = top[picks].sum(axis=1) / np.maximum(bottom[picks].sum(axis=1), 1e-12)
    low, high = 100 * np.quantile(drawn, [0.025, 0.975])
    return f"{100 * top.sum() / bottom.sum():5.1f} [{low:5.1f} {high:5.1f}]"


def tonic_right(judged: Judged, key: np.ndarray) -> np.ndarray:
    """Whether a key of each song has a right tonic."""
    return judged.allowed.reshape(-1, 2, 12).any(axis=1)[np.arange(len(key)), key % 12]


def show_whole(found: dict[str, Judged]) -> None:
    """Tonic and key of the whole, ours beside profiles."""
    print("\nkey of the whole, % of pieces right [95%]")
    print(f"{'':24}{'n':>5}  {'tonic':>18}  {'key':>18}   tonic / key by profiles: {', '.join(PROFILES)}")
    for name, judged in found.items():
        best = judged.home
        one = np.ones(len(best))
        key = judged.allowed[np.arange(len(best)), best]
        others = []
        for guess in judged.profile.values():
            right = judged.allowed[np.arange(len(guess)), guess]
            others.append(f"{100 * tonic_right(judged, guess).mean():.1f} / {100 * right.mean():.1f}")
        print(
            f"{name:24}{len(best):5}  {interval(tonic_right(judged, best), one)}  {interval(key, one)}   {'  '.join(others)}"
        )


def show_homes(songs: Songs, fold: np.ndarray, models: list[KeyModel]) -> None:
    """Tonic of the whole with the bonus chosen inside the folds, without the chain of local keys, and with each bonus."""
    print(f"\n{songs.name}: bonus of the home key by fold, chosen on other folds: "
          f"{', '.join(str(model.chain.home) for model in models)}")  # fmt: skip
    held = [(songs.take(fold == k), model) for k, model in enumerate(models)]
    whole = [key_probabilities(part.chords, part.events, model) for part, model in held]
    right = songs.allowed.reshape(-1, 2, 12).any(axis=1)
    place = np.concatenate([np.flatnonzero(fold == k) for k in range(len(models))])

    def show_one(title: str, homes: list[np.ndarray]) -> None:
        hit = right[place, np.concatenate(homes) % 12].astype(float)
        print(f"  {title:32}{interval(hit, np.ones(len(hit)))}")

    pairs = list(zip(held, whole, strict=True))
    show_one("chosen inside the folds", [follow_keys(p.events, w, m.chain)[0] for (p, m), w in pairs])
    show_one("no chain: likeliest of the whole", [w.argmax(axis=1) for w in whole])
    for bonus in HOMES:
        show_one(
            f"{bonus} in all folds", [follow_keys(p.events, w, replace(m.chain, home=bonus))[0] for (p, m), w in pairs]
        )


def show_local(found: dict[str, Judged]) -> None:
    """Time in the right key: one key against local keys; false and found modulations."""
    print("\nlocal key, % of time right [95%]")
    print(f"{'':24}{'global':>20}{'local':>20}   {'local - global':20} tonic: {'global':18}  {'local':18}"
          "  false modulation   found")  # fmt: skip
    for name, j in found.items():
        n = len(j.whole)
        rows = np.arange(len(j.path))
        home = j.home[j.track]
        by_song = lambda right, j=j, n=n: np.bincount(j.track, weights=j.time * right, minlength=n)  # noqa: E731
        total = by_song(np.ones(len(rows)))
        tonic = j.told.reshape(-1, 2, 12).any(axis=1)
        hits = [by_song(j.told[rows, k]) for k in (home, j.path)]
        tonics = [by_song(tonic[rows, k % 12]) for k in (home, j.path)]
        written = np.stack([np.bincount(j.track, weights=tonic[:, t], minlength=n) > 0 for t in range(12)]).sum(axis=0)
        moved = np.bincount(j.track[j.path != home], minlength=n) > 0
        single, several = written == 1, written > 1
        false = interval(moved[single], np.ones(single.sum())) if single.any() else "none has one tonic"
        found_share = f"{100 * moved[several].mean():.0f}% of {several.sum()}" if several.any() else ""
        ok = total > 0
        print(f"{name:24}{interval(hits[0][ok], total[ok]):>20}{interval(hits[1][ok], total[ok]):>20}"
              f"   {interval((hits[1] - hits[0])[ok], total[ok]):20} {interval(tonics[0][ok], total[ok]):>18}"
              f"  {interval(tonics[1][ok], total[ok]):>18}  {false}  {found_share}")  # fmt: skip


def calibration_error(certain: np.ndarray, right: np.ndarray, weight: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over ten bins of confidence."""
    place = np.minimum((certain * bins).astype(int), bins - 1)
    gap = np.bincount(place, weights=weight * (certain - right), minlength=bins)
    return float(np.abs(gap).sum() / weight.sum())


def show_calibration(found: dict[str, Judged]) -> None:
    """Confidence against accuracy."""
    print("\ncalibration: expected calibration error, and mean confidence - accuracy")
    for name, j in found.items():
        best = j.home
        certain, right = j.whole[np.arange(len(best)), best], j.allowed[np.arange(len(best)), best]
        if name in ("mcgill_billboard", "openewld"):  # modes, or relative keys, are not told apart
            certain = np.array([j.whole[i, [k % 12, k % 12 + 12]].sum() for i, k in enumerate(best)])
            right = tonic_right(j, best)
        local = j.told[np.arange(len(j.path)), j.path]
        ok = j.time > 0
        print(f"{name:24} whole {calibration_error(certain, right, np.ones(len(best))):.3f} ({certain.mean() - right.mean():+.3f})"
              f"   local, by time {calibration_error(j.certain[ok], local[ok], j.time[ok]):.3f}"
              f" ({np.average(j.certain[ok] - local[ok], weights=j.time[ok]):+.3f})")  # fmt: skip


def show_speed(songs: Songs, n_tracks: int) -> None:
    """Processor time and memory of filling keys, on songs repeated up to some number of tracks."""
    part = songs.chords
    part = replace(part, key_tonic=np.full_like(part.key_tonic, -1), key_mode=np.full_like(part.key_mode, -1))
    table = ChordTable.concatenate([part] * (n_tracks // part.n_tracks + 1))
    for name, work in (("one key a track", estimate_keys), ("local keys", fill_keys)):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        work(table)
        spent = time.process_time() - start
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"{name:16} {table.n_tracks:,} tracks of {table.n_chords / table.n_tracks:.0f} chords in {spent:.1f} s of"
              f" processor time: {table.n_chords / spent / 1e6:.2f} million chords/s, {more:.0f} MB more at the peak")  # fmt: skip


def main() -> int:
    """Learn in folds, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=20_000, help="for the measurement of speed")
    chosen = parser.parse_args()
    parts, teach = load_all(chosen.folder)
    folds, models, home = cross_validate(parts, teach)
    seen = [songs for songs, t in zip(parts, teach, strict=True) if t]
    final = fit_final(seen, home, models[0].chain.trust)
    show(chosen.folder, parts, teach, folds, models, final)
    show_homes(parts[0], folds[0], models)
    print(f"\nbonus of the model that ships, chosen on all folds: {home}")
    print("\nspeed")
    show_speed(parts[0], chosen.tracks)
    return 0


def show(
    folder: Path, parts: list[Songs], teach: list[bool], folds: list, models: list[KeyModel], final: KeyModel
) -> None:
    """Print all tables."""
    found = {}
    for songs, fold, t in zip(parts, folds, teach, strict=True):
        name = songs.name if t else f"{songs.name} (not BY-SA)"
        found[name] = join([judge(songs.take(fold == k), model) for k, model in enumerate(models) if (fold == k).any()])
    titles = {title for songs in parts for title in songs.group}
    for name in TEST_ONLY:
        songs = load_songs(folder, name)
        new = [g not in titles and not any(w in i for w in ALSO_LEARNED)
               for g, i in zip(songs.group, songs.chords.track_ids, strict=True)]  # fmt: skip
        songs = songs.take(np.array(new))
        found[name] = judge(songs, final)
    show_whole(found)
    show_local(found)
    show_calibration(found)


if __name__ == "__main__":
    sys.exit(main())
