"""Learn the net of the ``librosa`` engine and print how well it does on songs held out.

    python tools/train_chroma.py FOLDER [--folds 3] [--songs 450] [--write]

FOLDER holds the unpacked public corpora; two of them are read: ``billboard_chordino`` (chroma of 48 real recordings)
and ``mcgill_billboard`` (their chords), both CC0. To these come songs that `musictrend.extraction.rendering` draws and
plays with the instruments of its ``learning`` band. With ``--folds`` the net is learned again without each fold's
songs and scored on them; rendered songs are held out by their seeds. Needs torch, which musictrend itself does not.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import musictrend
from musictrend.cache import atomic_path
from musictrend.extraction.decoding import decode, find_path
from musictrend.extraction.engines import Activations
from musictrend.extraction.engines.chroma import HOP, SAMPLE_RATE, extract_chroma
from musictrend.extraction.engines.chroma_net import POOL, QUALITIES, ChromaNet, gather_context, pool_chroma, states
from musictrend.extraction.engines.librosa import FRAME_WEIGHT, ChromaEngine
from musictrend.extraction.rendering.song import draw_song
from musictrend.harmony import ChordSequence
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.reduction import reduce_bitmap

TARGET = Path(musictrend.__file__).parent / "data" / "models"
FRAME = POOL * HOP / SAMPLE_RATE  # seconds
N_STATES = 12 * len(QUALITIES) + 1
HIDDEN = 96
EPOCHS = 3
SEED = 20260101
NEAREST = {"aug7": "aug", "augmaj7": "aug"}  # too rare to learn
A_FIRST = 9  # Chordino's chroma begins at A


@dataclass
class Taught:
    """One song to learn from: what sounds, and which state is right (-1 where nobody can say)."""

    name: str
    frames: np.ndarray
    target: np.ndarray
    real: bool


def label_frames(sequence: ChordSequence, n_frames: int) -> np.ndarray:
    """State of every frame's middle."""
    names = {quality.bitmap: name for name, quality in list_qualities().items()}
    target = np.full(n_frames, N_STATES - 1)
    middle = (np.arange(n_frames) + 0.5 - 0.5 / POOL) * FRAME
    for chord, onset, end in zip(sequence.chords, sequence.onsets, sequence.offsets):
        state = N_STATES - 1
        if chord.is_chord:
            name = names.get(int(reduce_bitmap(chord.bitmap, "sevenths")), "")
            name = NEAREST.get(name, name)
            state = QUALITIES.index(name) * 12 + chord.root if name in QUALITIES else -1
        elif chord.kind == "X":
            state = -1
        target[(middle >= onset) & (middle < end)] = state
    return target


def read_billboard(folder: Path) -> list[Taught]:
    """Chordino's chroma of real songs and what experts wrote."""
    songs = []
    for path in sorted((folder / "billboard_chordino").glob("*/bothchroma.csv")):
        with path.open(newline="") as file:
            rows = np.array([[float(value) for value in row[2:26]] for row in csv.reader(file)], dtype=np.float32)
        chroma = np.roll(rows.reshape(-1, 2, 12), A_FIRST, axis=2)
        chords = musictrend.extract(folder / "mcgill_billboard" / "lab" / path.parent.name / "full.lab")
        frames = pool_chroma(chroma)
        songs.append(Taught(path.parent.name, frames, label_frames(chords, len(frames)), True))
    return songs


def play_songs(numbers: range) -> list[Taught]:
    """Songs drawn and played by the learning band."""
    songs = []
    for number in numbers:
        song = draw_song(number, seconds=45)
        chroma, _ = extract_chroma(song.sound(SAMPLE_RATE))
        frames = pool_chroma(chroma)
        songs.append(Taught(f"rendered {number}", frames, label_frames(song.chords, len(frames)), False))
    return songs


def learn(songs: list[Taught], *, share_real: float, seed: int = SEED, epochs: int = EPOCHS) -> dict[str, np.ndarray]:
    """Weights of the net; real songs together weigh ``share_real`` of the loss."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    context = [gather_context(song.frames) for song in songs]
    n_in = context[0].shape[1] * 12
    x = torch.from_numpy(np.concatenate(context))
    target = np.concatenate([song.target for song in songs])
    real = np.concatenate([np.full(len(song.target), song.real) for song in songs])
    known = np.flatnonzero(target >= 0)
    n_real = max(int(real[known].sum()), 1)
    n_made = max(len(known) - n_real, 1)
    weight = np.where(real, share_real / n_real, (1 - share_real) / n_made) * len(known)
    y, w = torch.from_numpy(target), torch.from_numpy(weight.astype(np.float32))
    turn = torch.from_numpy((np.arange(12)[:, None] + np.arange(12)) % 12)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(n_in, HIDDEN)
            self.second = torch.nn.Linear(HIDDEN, HIDDEN)
            self.pooled = torch.nn.Linear(HIDDEN, HIDDEN, bias=False)
            self.last = torch.nn.Linear(HIDDEN, len(QUALITIES))
            self.none = torch.nn.Linear(2 * HIDDEN, 1)
            self.drop = torch.nn.Dropout(0.3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            n = len(x)
            seen = x[:, :, turn].permute(0, 2, 1, 3).reshape(n, 12, -1)
            hidden = self.drop(torch.relu(self.first(seen)))
            hidden = torch.relu(self.second(hidden) + self.pooled(hidden.mean(1))[:, None])
            chords = self.last(self.drop(hidden)).transpose(1, 2).reshape(n, -1)
            both = torch.cat([hidden.mean(1), hidden.max(1).values], 1)
            return torch.cat([chords, self.none(both)], 1)

    net = Net()
    per_epoch = len(known) // 512
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=3e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * per_epoch)
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        order = rng.permutation(known)
        total = 0.0
        for step in range(per_epoch):
            rows = torch.from_numpy(order[step * 512 : (step + 1) * 512])
            batch = x[rows]
            # Recordings differ in how much stands out of their noise.
            batch = batch * torch.empty(len(rows), 1, 1).uniform_(0.6, 1.4)
            loss = (torch.nn.functional.cross_entropy(net(batch), y[rows], reduction="none") * w[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1}: loss {total / per_epoch:.3f}", flush=True)
    numpy = lambda tensor: tensor.detach().numpy().astype(np.float32)
    return {
        "first": numpy(net.first.weight.T), "first_bias": numpy(net.first.bias),
        "second": numpy(net.second.weight.T), "second_bias": numpy(net.second.bias),
        "pooled": numpy(net.pooled.weight.T),
        "last": numpy(net.last.weight.T), "last_bias": numpy(net.last.bias),
        "none": numpy(net.none.weight[0]), "none_bias": numpy(net.none.bias),
    }  # fmt: skip


def part_songs(n: int, folds: int) -> list[set[int]]:
    """Which songs each fold holds out: every song once."""
    order = np.random.default_rng(SEED).permutation(n)
    return [set(order[fold::folds].tolist()) for fold in range(folds)]


def count_transitions(songs: list[Taught]) -> np.ndarray:
    """Log probability of going from chord to chord in a frame, the same from every root."""
    n = len(QUALITIES)
    counts = np.zeros((n, n, 12))
    enter, leave, silent = np.ones(n), np.ones(n), np.ones(2)
    for song in songs:
        before, after = song.target[:-1], song.target[1:]
        fine = (before >= 0) & (after >= 0)
        before, after = before[fine], after[fine]
        weight = 1 / len(song.target)
        none_before, none_after = before == N_STATES - 1, after == N_STATES - 1
        chords = ~none_before & ~none_after
        interval = (after[chords] % 12 - before[chords] % 12) % 12
        np.add.at(counts, (before[chords] // 12, after[chords] // 12, interval), weight)
        np.add.at(leave, before[~none_before & none_after] // 12, weight)
        np.add.at(enter, after[none_before & ~none_after] // 12, weight)
        silent += weight * np.array([(none_before & none_after).sum(), (none_before & ~none_after).sum()])
    stay = np.zeros((n, n, 12), bool)
    stay[np.arange(n), np.arange(n), 0] = True
    # Changes are smoothed towards any change at all; how long a chord stays is as counted over all qualities.
    change = np.where(stay, 0, counts)
    backdrop = change.sum(axis=0, keepdims=True) / change.sum() + 0.3 / (12 * n)
    change = change + 2e-3 * change.sum() * backdrop * ~stay
    change /= change.sum(axis=(1, 2), keepdims=True)
    lasting = counts[stay].sum() / counts.sum()
    table = np.zeros((N_STATES, N_STATES))
    to_none = 1e-3
    for p in range(n):
        for root in range(12):
            row = table[p * 12 + root]
            for q in range(n):
                row[q * 12 + (root + np.arange(12)) % 12] = change[p, q] * (1 - lasting - to_none)
            row[p * 12 + root] = lasting
            row[-1] = to_none
    table[-1, :-1] = np.repeat(enter / enter.sum(), 12) / 12 * 0.03
    table[-1, -1] = 0.97
    return np.log(table).astype(np.float32)


def score_path(path: np.ndarray, target: np.ndarray) -> dict[str, tuple[float, float]]:
    """Right and comparable frames at ``majmin`` and ``sevenths`` (mir_eval's rule: others are left out)."""
    majmin = np.array([0, 1, 0, 0, 1, -1, -1, -1, -1, -1, -1, 1])
    seventh = np.array([0, 1, 2, 3, 4, -1, -1, -1, -1, -1, -1, -1])
    result = {}
    for name, kinds in (("majmin", majmin), ("sevenths", seventh)):
        table = np.concatenate([np.where(kinds[:, None] >= 0, kinds[:, None] * 12 + np.arange(12), -1).ravel(), [999]])
        reference = np.where(target >= 0, table[target], -1)
        fine = reference >= 0
        result[name] = (float((table[path] == reference)[fine].sum()), float(fine.sum()))
    return result


def evaluate(net: dict[str, np.ndarray], songs: list[Taught]) -> dict[str, float]:
    """WCSR over some songs after decoding, log loss of the posteriors, and how far confidences can be trusted.

    ``ece`` is the expected calibration error of the segments' confidences, weighted by time, with the engine's own
    calibration; ``auroc`` how often a segment that is right is surer than one that is wrong.
    """
    model, engine = ChromaNet(**net), ChromaEngine()
    sums: dict[str, np.ndarray] = {}
    segments: list[np.ndarray] = []
    for song in songs:
        scores = model.score(song.frames)
        heard = Activations(scores * np.float32(FRAME_WEIGHT), states(), FRAME, net["transitions"])
        path = find_path(heard)
        for name, pair in score_path(path, song.target).items():
            sums[name] = sums.get(name, np.zeros(2)) + pair
        known = song.target >= 0
        loss = -scores[np.arange(len(scores)), song.target][known]
        sums["loss"] = sums.get("loss", np.zeros(2)) + (loss.sum(), known.sum())
        starts = np.flatnonzero(np.diff(path, prepend=-1))
        right = np.add.reduceat((path == song.target).astype(float), starts)
        length = np.add.reduceat(known.astype(float), starts)
        sure = decode(heard, calibration=engine.calibration).confidence
        segments.append(np.stack([sure, right, length])[:, length > 0])
    sure, right, length = np.concatenate(segments, axis=1)
    good = right > 0.5 * length
    order = np.argsort(np.argsort(sure, kind="stable"))
    tenth = np.minimum((sure * 10).astype(int), 9)
    gap = np.bincount(tenth, weights=sure * length) - np.bincount(tenth, weights=right)
    result = {name: float(a / b) for name, (a, b) in sums.items()}
    result["ece"] = float(np.abs(gap).sum() / length.sum())
    result["auroc"] = float((order[good].sum() - good.sum() * (good.sum() - 1) / 2) / (good.sum() * (~good).sum()))
    return result


def main() -> int:
    """Learn, cross-validate, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--songs", type=int, default=450)
    parser.add_argument("--real", type=float, default=0.5, help="share of the loss that real songs carry")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    began = time.process_time()
    real = read_billboard(chosen.folder)
    made = play_songs(range(chosen.songs))
    held = play_songs(range(100_000, 100_030))
    print(f"{len(real)} real songs, {len(made)} rendered, in {time.process_time() - began:.0f} s", flush=True)
    net = learn(real + made, share_real=chosen.real)
    net["transitions"] = count_transitions(real + made)
    figures: dict[str, object] = {
        "rendered by the learning band, held out": {k: round(v, 4) for k, v in evaluate(net, held).items()}
    }
    print("rendered, held out:", *figures.values(), f"({time.process_time() - began:.0f} s)", flush=True)
    if chosen.write:
        write(net, figures, len(real), len(made), chosen.real)
    if chosen.folds:
        totals: list[dict[str, float]] = []
        for fold, out in enumerate(part_songs(len(real), chosen.folds)):
            rest = [song for i, song in enumerate(real) if i not in out] + made
            fold_net = learn(rest, share_real=chosen.real)
            fold_net["transitions"] = count_transitions(rest)
            totals.append(evaluate(fold_net, [real[i] for i in sorted(out)]))
            print(f"fold {fold + 1}: " + ", ".join(f"{k} {v:.3f}" for k, v in totals[-1].items()), flush=True)
        mean = {k: round(float(np.mean([t[k] for t in totals])), 4) for k in totals[0]}
        figures[f"billboard_chordino, real songs held out in {chosen.folds} folds"] = mean
        print("real songs, held out:", mean, f"({time.process_time() - began:.0f} s)", flush=True)
    if chosen.write:
        write(net, figures, len(real), len(made), chosen.real)
    return 0


def write(net: dict[str, np.ndarray], figures: dict[str, object], n_real: int, n_made: int, share: float) -> None:
    """Weights and the card beside them."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: value.astype(np.float16) for name, value in net.items()})
    card = {
        "what": "net of the librosa engine: bass and treble chroma to 12 roots x qualities and no chord",
        "qualities": list(QUALITIES),
        "licence": "MIT",
        "learned_from": {
            "billboard_chordino + mcgill_billboard (CC0)": f"{n_real} real songs, {share:.0%} of the loss",
            "musictrend.extraction.rendering (synthetic, learning band)": f"{n_made} songs of about 45 s",
        },
        "figures": figures,
        "built": datetime.date.today().isoformat(),
        "built_by": "tools/train_chroma.py",
        "musictrend": musictrend.__version__,
    }
    with atomic_path(TARGET / "chroma.npz") as part:
        part.write_bytes(buffer.getvalue())
    with atomic_path(TARGET / "chroma.json") as part:
        part.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
