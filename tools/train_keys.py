"""Learn the weights of `musictrend.extraction.keys` and print how well they do on songs held out.

    python tools/train_keys.py FOLDER [--write]

FOLDER holds the unpacked public corpora. Learned from corpora whose licence allows it: McGill Billboard (CC0; tonics,
no modes: for the key of the whole the mode is summed over), iRb (MIT), RS200 (CC BY 4.0, first analyst), POP909 (MIT),
OpenEWLD (public domain; its key signatures say major or relative minor, so either is right) and, for local keys alone,
the analyses of When in Rome that are CC BY-SA. Cross-validated in six folds; no fold shares a song (by title, across all
corpora) or opus with another. The bonus of the home key is chosen inside the folds: for each of them by models that
have seen neither it nor the songs they are asked about. ``benchmarks/keys.py`` prints more.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from musictrend import load_corpus
from musictrend.extraction import batches
from musictrend.extraction.batches import extract_corpora
from musictrend.extraction.keys import KeyModel, confidence_evidence, follow_keys, key_probabilities
from musictrend.extraction.keys_evidence import (
    INNER_MOVES,
    INNER_PLACES,
    KEYS,
    KeyEvents,
    list_events,
    song_evidence,
    turn_weights,
)
from musictrend.extraction.keys_path import Chain, emissions, posteriors, relation_of_keys
from musictrend.harmony.table import ChordTable

LICENCES = {
    "mcgill_billboard": "CC0", "irb": "MIT", "rs200": "CC BY 4.0", "openewld": "public domain",
    "pop909": "MIT", "when_in_rome": "CC BY-SA 4.0",
}  # fmt: skip
WHOLE = ("mcgill_billboard", "irb", "rs200", "openewld", "pop909")
CHAIN = {"mcgill_billboard": 1.0, "irb": 0.5, "rs200": 1.0, "when_in_rome": 0.5}  # how much a track of each counts
FOLDS = 6
PENALTY, CHAIN_PENALTY = 0.5, 0.3
# Bonus of the home key at each chord: the first of these with false modulations in under 5% of the Billboard songs
# held out that keep one tonic; a smaller one follows art music further.
HOMES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
FALSE_MODULATIONS = 0.05
MIN_CHORDS = 8
TARGET = Path(__file__).resolve().parents[1] / "musictrend" / "data" / "models"


@dataclass(eq=False)
class Songs:
    """Songs of one corpus with what is known of their keys.

    Attributes
    ----------
    allowed : bool array, shape (n, 24)
        Keys of the whole that are right: those of the tonic that lasts longest.
    group : list of str
        Songs of one group are never parted by a fold.
    """

    name: str
    chords: ChordTable
    events: KeyEvents
    allowed: np.ndarray
    group: list[str]

    def take(self, which: np.ndarray) -> Songs:
        """Some of them, by mask."""
        rows = np.flatnonzero(which)
        chords = self.chords.select(rows)
        return Songs(self.name, chords, list_events(chords), self.allowed[rows], [self.group[i] for i in rows])


def load_songs(folder: Path, name: str) -> Songs:
    """Songs of a corpus with eight chords and a written key, one row a song."""
    # Only written keys teach: nothing is estimated while learning.
    batches.fill_keys = lambda table: (table, np.zeros(table.n_tracks, bool))
    corpus = load_corpus(folder / name)
    chords = extract_corpora([corpus]).chords
    tracks = corpus.tracks
    pieces = _licences(folder / name)
    rows, allowed, group = [], [], []
    for i in range(chords.n_tracks):
        part = slice(int(chords.offsets[i]), int(chords.offsets[i + 1]))
        tonic, mode = chords.key_tonic[part].astype(int), np.maximum(chords.key_mode[part], 0)
        if len(tonic) < MIN_CHORDS or tonic.max() < 0 or tracks["duplicate_of"].notna().iloc[i]:
            continue
        known = tonic >= 0
        time = np.nan_to_num(chords.duration[part], nan=1.0)
        longest = int(np.bincount(tonic[known], weights=time[known], minlength=12).argmax())
        here = tonic == longest
        minor = np.bincount(mode[here], weights=time[here], minlength=2).argmax()
        right = np.zeros(KEYS, dtype=bool)
        right[[longest, longest + 12] if name == "mcgill_billboard" else [longest + 12 * minor]] = True
        if name == "openewld":
            right[[longest, (longest - 3) % 12 + 12]] = True
        rows.append(i)
        allowed.append(right)
        own = chords.track_ids[i].partition("/")[2]
        group.append(pieces[own][0] if own in pieces else _plain(tracks["title"].iloc[i]) or own)
    chosen = chords.select(rows)
    return Songs(name, chosen, list_events(chosen), np.array(allowed), group)


def _licences(folder: Path) -> dict[str, tuple[str, str]]:
    """Piece to its opus and the licence of its analysis, for When in Rome."""
    path = folder / "pieces.tsv"
    if not path.is_file():
        return {}
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return {row["piece"]: (row["opus"], row["analysis_licence"]) for row in rows}


def only_share_alike(songs: Songs, folder: Path) -> np.ndarray:
    """Which pieces of When in Rome may teach weights that ship: bool array, shape (n,)."""
    pieces = _licences(folder / songs.name)
    return np.array([pieces[i.partition("/")[2]][1] == "CC BY-SA" for i in songs.chords.track_ids])


def _plain(title: str) -> str:
    """A title without accents, brackets, article and punctuation."""
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^(the|a|an) ", "", re.sub(r"\(.*?\)|\[.*?\]|_.*", "", text)))


def deal_folds(parts: list[Songs], seed: int = 0) -> list[np.ndarray]:
    """Fold of each song: groups stay together, across corpora."""
    groups = sorted({g for songs in parts for g in songs.group})
    fold = dict(zip(groups, np.random.default_rng(seed).permutation(len(groups)) % FOLDS, strict=True))
    return [np.array([fold[g] for g in songs.group]) for songs in parts]


def turn_back(table: np.ndarray, inner: int) -> np.ndarray:
    """Sum what belongs to one weight in all keys: the transpose of `turn_weights`, to shape (2, 12, inner)."""
    table = table.reshape(12, inner, 2, 12)
    return sum(np.roll(table[:, :, :, tonic].transpose(2, 0, 1), -tonic, axis=1) for tonic in range(12))


def fit_whole(parts: list[Songs]) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the key of the whole by penalised likelihood; a corpus counts as the square root of its size."""
    x, right, weight = [], [], []
    for songs in parts:
        places, track, move, value = song_evidence(songs.chords, songs.events)
        moves = np.zeros((len(places), 12 * INNER_MOVES), dtype=np.float32)
        moves[track, move] = value
        x.append(np.hstack([places.reshape(len(places), -1), moves]))
        right.append(songs.allowed)
        weight.append(np.full(len(places), len(places) ** -0.5))
    x, right, weight = np.concatenate(x), np.concatenate(right), np.concatenate(weight)
    weight *= len(weight) / weight.sum()
    cut = 2 * 12 * INNER_PLACES
    split = lambda flat: (flat[:cut].reshape(2, 12, -1), flat[cut:].reshape(2, 12, -1))  # noqa: E731

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        table = np.concatenate([turn_weights(part) for part in split(flat)]).astype(np.float32)
        score = (x @ table).astype(np.float64)
        each = np.exp(score - score.max(axis=1, keepdims=True))
        every, good = each.sum(axis=1), (each * right).sum(axis=1)
        slope = weight[:, None] * (each / every[:, None] - each * right / good[:, None])
        back = (x.T @ slope.astype(np.float32)).astype(np.float64)
        where = 12 * INNER_PLACES
        gradient = np.concatenate(
            [turn_back(back[:where], INNER_PLACES).ravel(), turn_back(back[where:], INNER_MOVES).ravel()]
        )
        value = -(weight * (np.log(good) - np.log(every))).sum() + PENALTY * (flat**2).sum()
        return value, gradient + 2 * PENALTY * flat

    # Start with what every textbook says, so that major and minor are not swapped where modes are unknown.
    start = np.zeros((2, 12, INNER_PLACES))
    start[0, 0, [0, 2, 4]] = start[1, 0, [1, 3]] = 1.0
    flat = np.concatenate([start.ravel(), np.zeros(2 * 12 * INNER_MOVES)])
    return split(minimize(loss, flat, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x)


def fit_chain(parts: list[Songs]) -> Chain:
    """Weights of the chain by penalised conditional likelihood of the written local keys."""
    chords = ChordTable.concatenate([songs.chords for songs in parts])
    events = list_events(chords)
    lengths = events.lengths
    share = np.concatenate([np.full(songs.chords.n_tracks, CHAIN[songs.name]) for songs in parts])
    share = share * (60 / np.maximum(lengths, 30)) ** 0.5
    allowed = written_keys(chords, events)
    allowed[~allowed.any(axis=1)] = True
    relation = relation_of_keys()
    sizes = {"chord": (2, 12, 7), "length": (2, 12, 7), "move": (2, 12, INNER_MOVES), "relation": (48,)}
    penalty = np.concatenate(
        [
            np.full(np.prod(size), CHAIN_PENALTY * {"move": 2, "relation": 0.02}.get(name, 1))
            for name, size in sizes.items()
        ]
    )
    relative = events.relative_length
    moved = np.flatnonzero(events.move >= 0)

    def unpack(flat: np.ndarray) -> dict[str, np.ndarray]:
        ends = np.cumsum([np.prod(size) for size in sizes.values()])
        return {name: part.reshape(sizes[name]) for name, part in zip(sizes, np.split(flat, ends[:-1]), strict=True)}

    def build(part: dict[str, np.ndarray]) -> Chain:
        change = part["relation"][relation]
        change = change - np.log(np.exp(change).sum(axis=1, keepdims=True))
        return Chain(part["chord"], part["length"], part["move"], change, 0.0, np.zeros(6))

    def gather(cells: np.ndarray, size: int, values: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(cells, weights=column, minlength=size) for column in values.T], axis=1)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        chain = build(unpack(flat))
        found = emissions(events, chain).astype(np.float64)
        free, p_free, m_free = posteriors(found, chain.change, lengths, weight=share)
        told, p_told, m_told = posteriors(found, chain.change, lengths, allowed, share)
        more = (p_free - p_told) * share[events.track][:, None]
        moves = m_free - m_told
        moves -= np.exp(chain.change) * moves.sum(axis=1, keepdims=True)
        gradient = np.concatenate([
            turn_back(gather(events.cell, 84, more), 7).ravel(),
            turn_back(gather(events.cell, 84, more * relative[:, None]), 7).ravel(),
            turn_back(gather(events.move[moved], 12 * INNER_MOVES, more[moved]), INNER_MOVES).ravel(),
            np.bincount(relation.ravel(), weights=moves.ravel(), minlength=48),
        ])  # fmt: skip
        return (share * (free - told)).sum() + (penalty * flat**2).sum(), gradient + 2 * penalty * flat

    start = {name: np.zeros(size) for name, size in sizes.items()}
    start["chord"][0, 0, [0, 4]] = start["chord"][1, 0, [1, 3]] = 0.3
    start["relation"][:] = -4
    start["relation"][[0, 36]] = 2  # a key lasts
    flat = np.concatenate([part.ravel() for part in start.values()])
    found = minimize(loss, flat, jac=True, method="L-BFGS-B", options={"maxiter": 40}).x
    chain = build(unpack(found))
    return Chain(chain.chord, chain.length, chain.move, chain.change, HOMES[-1], np.zeros(6))


def written_keys(chords: ChordTable, events: KeyEvents) -> np.ndarray:
    """Keys written at the chords of each event: bool array, shape (m, 24)."""
    rows = np.flatnonzero((events.of_row >= 0) & (chords.key_tonic >= 0))
    told = np.zeros((len(events.track), KEYS), dtype=bool)
    told[events.of_row[rows], chords.key_tonic[rows] + 12 * np.maximum(chords.key_mode[rows], 0)] = True
    return told


def fit_model(whole: list[Songs], local: list[Songs]) -> KeyModel:
    """Everything, from some songs."""
    places, moves = fit_whole(whole)
    return KeyModel(places, moves, fit_chain(local))


def load_all(folder: Path) -> tuple[list[Songs], list[bool]]:
    """Corpora that teach, and the pieces of When in Rome that may not; which of the parts teach."""
    parts = [load_songs(folder, name) for name in LICENCES]
    rome = parts.pop()
    free = only_share_alike(rome, folder)
    return [*parts, rome.take(free), rome.take(~free)], [True] * (len(parts) + 1) + [False]


def fit_final(seen: list[Songs], home: float, trust: np.ndarray) -> KeyModel:
    """The model that ships, from everything that may teach."""
    model = fit_model([s for s in seen if s.name in WHOLE], [s for s in seen if s.name in CHAIN])
    return replace(model, chain=replace(model.chain, home=home, trust=trust))


def false_modulations(songs: Songs, model: KeyModel, homes: tuple[float, ...] = HOMES) -> np.ndarray:
    """Which songs with one written tonic are given a change of key, by each bonus: bool array, shape (k, homes)."""
    events = songs.events
    tonic = written_keys(songs.chords, events).reshape(-1, 2, 12).any(axis=1)
    written = np.stack([np.bincount(events.track, weights=t, minlength=events.n_tracks) > 0 for t in tonic.T]).sum(0)
    whole = key_probabilities(songs.chords, events, model)
    found = []
    for bonus in homes:
        home, path = follow_keys(events, whole, replace(model.chain, home=bonus))
        found.append(np.bincount(events.track[path != home[events.track]], minlength=events.n_tracks) > 0)
    return np.stack(found, axis=1)[written == 1]


def choose_home(found: list[np.ndarray]) -> float:
    """The smallest bonus that leaves few enough false modulations, over songs from `false_modulations`."""
    share = np.concatenate(found).mean(axis=0)
    few = np.flatnonzero(share < FALSE_MODULATIONS)
    return HOMES[few[0]] if len(few) else HOMES[-1]


def fit_trust(judged: list[tuple[Songs, KeyModel]]) -> np.ndarray:
    """Weights of the confidence, from songs and models that have not seen them; every song counts the same."""
    evidence, right, weight = [], [], []
    for songs, model in judged:
        events = songs.events
        whole = key_probabilities(songs.chords, events, model)
        home, path = follow_keys(events, whole, model.chain)
        told = written_keys(songs.chords, events)
        time = events.weight * told.any(axis=1)
        total = np.bincount(events.track, weights=time, minlength=events.n_tracks)
        evidence.append(confidence_evidence(events, whole, home, path, model.chain))
        right.append(told[np.arange(len(path)), path])
        weight.append(time / np.maximum(total, 1e-9)[events.track] / np.sqrt(max(events.n_tracks, 1)))
    x, y, share = np.concatenate(evidence), np.concatenate(right), np.concatenate(weight)
    share /= share.sum()

    def loss(trust: np.ndarray) -> tuple[float, np.ndarray]:
        guess = 1 / (1 + np.exp(-x @ trust))
        value = -(share * np.log(np.where(y, guess, 1 - guess) + 1e-12)).sum() + 1e-4 * (trust**2).sum()
        return value, x.T @ (share * (guess - y)) + 2e-4 * trust

    return minimize(loss, np.zeros(x.shape[1]), jac=True).x


def cross_validate(parts: list[Songs], teach: list[bool]) -> tuple[list[np.ndarray], list[KeyModel], float]:
    """Fold of each song, a model of each fold that has not seen it, and the bonus of home for a model of all songs.

    The bonus of a fold's model is chosen on the two folds beside it, each judged by a model that has seen neither it
    nor the fold that the bonus is for: nothing of what is judged has had a say in it. All models share one confidence,
    six numbers learned from what they say of songs they have not seen.
    """
    folds = deal_folds(parts)

    def fit_without(*hidden: int) -> KeyModel:
        seen = [s.take(~np.isin(fold, hidden)) for s, fold, t in zip(parts, folds, teach, strict=True) if t]
        print(
            f"learning without fold {' and '.join(str(k + 1) for k in hidden)} of {FOLDS}", file=sys.stderr, flush=True
        )
        return fit_model([s for s in seen if s.name in WHOLE], [s for s in seen if s.name in CHAIN])

    judge = next(i for i, songs in enumerate(parts) if songs.name == "mcgill_billboard")
    held = [parts[judge].take(folds[judge] == k) for k in range(FOLDS)]
    models = [fit_without(k) for k in range(FOLDS)]
    inner: list[list[np.ndarray]] = [[] for _ in range(FOLDS)]
    for k in range(FOLDS):
        other = (k + 1) % FOLDS
        model = fit_without(k, other)
        inner[k].append(false_modulations(held[other], model))
        inner[other].append(false_modulations(held[k], model))
    models = [
        replace(m, chain=replace(m.chain, home=choose_home(found))) for m, found in zip(models, inner, strict=True)
    ]
    home = choose_home([false_modulations(songs, model) for songs, model in zip(held, models, strict=True)])
    return folds, share_trust(parts, folds, models), home


def share_trust(parts: list[Songs], folds: list[np.ndarray], models: list[KeyModel]) -> list[KeyModel]:
    """The models with one confidence."""
    judged = [
        (songs.take(fold == k), model)
        for songs, fold in zip(parts, folds, strict=True)
        for k, model in enumerate(models)
        if songs.name != "openewld" and (fold == k).any()  # its keys are not told from their relatives
    ]
    trust = fit_trust(judged)
    return [replace(model, chain=replace(model.chain, trust=trust)) for model in models]


def main() -> int:
    """Cross-validate, print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    parts, teach = load_all(chosen.folder)
    folds, models, home = cross_validate(parts, teach)
    print("bonus of home by fold:", *(model.chain.home for model in models), "of all:", home)
    figures = {}
    for songs, fold in zip(parts, folds, strict=True):
        if songs.name not in WHOLE or songs.name == "openewld":
            continue
        best = np.empty(len(fold), dtype=int)
        for k, model in enumerate(models):
            held = songs.take(fold == k)
            whole = key_probabilities(held.chords, held.events, model)
            best[fold == k] = follow_keys(held.events, whole, model.chain)[0]
        tonic = songs.allowed.reshape(-1, 2, 12).any(axis=1)[np.arange(len(best)), best % 12]
        figures[songs.name] = {"n": len(best), "tonic": round(float(tonic.mean()), 4)}
        print(songs.name, figures[songs.name])
    if chosen.write:
        seen = [songs for songs, t in zip(parts, teach, strict=True) if t]
        write_model(fit_final(seen, home, models[0].chain.trust), figures, seen)
    return 0


def write_model(model: KeyModel, figures: dict, seen: list[Songs]) -> None:
    """Weights as plain arrays, and their card."""
    chain = model.chain
    arrays = {
        "places": model.places, "moves": model.moves, "chain_chord": chain.chord, "chain_length": chain.length,
        "chain_move": chain.move, "chain_change": chain.change, "chain_home": np.array(chain.home),
        "chain_trust": chain.trust,
    }  # fmt: skip
    np.savez_compressed(TARGET / "keys.npz", **{k: v.astype(np.float32) for k, v in arrays.items()})
    card = {
        "what": "weights of musictrend.extraction.keys: conditional logit of the key of a whole, chain of local keys",
        "learned_from": {s.name: {"licence": LICENCES[s.name], "n": s.chords.n_tracks} for s in seen},
        "made_by": "tools/train_keys.py FOLDER --write",
        "cross_validated": figures,
        "limits": "Billboard writes tonics without modes; popular song, jazz and common-practice music alone; short "
        "modulations are not told from chromatic harmony; confidences are too high in Lieder and choro",
        "penalty": {"whole": PENALTY, "chain": CHAIN_PENALTY, "home": chain.home},
    }
    (TARGET / "keys.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print("written: keys.npz, keys.json")


if __name__ == "__main__":
    sys.exit(main())
