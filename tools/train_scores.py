"""Train the networks that hear chords and keys in scores, on data whose licence lets weights ship.

    python tools/train_scores.py --data FOLDER --language art --nets FOLDER [-o FILE] [--steps 500 300] [--seed N]
    python tools/train_scores.py --data FOLDER --language pop [-o FILE] --steps 1000
    python tools/train_scores.py --data FOLDER --folds 4 [-o FOLDER]         art, cross-validated by work: figures, and
                                                                              networks for --nets, here and in
                                                                              tools/learn_calibration.py
    python tools/train_scores.py --data FOLDER --hold                        art without the validation part: figures
    python tools/train_scores.py --data FOLDER --ceiling --steps 800 300     what free labels lack: figures

FOLDER holds ``when_in_rome`` and ``pop909``; ``dcml`` is looked at for figures, and nothing written learned from it.
Needs torch, which the package itself does not: what is written is a plain ``score_art.npz`` or ``score_pop.npz`` for
`musictrend.extraction.score_net`. One thread; ten minutes for art, four for pop. Parts, works and licences:
``benchmarks/score_pairs.py``.

The network of pop learns from POP909 (MIT), laid on its beats. That of art music has two lessons.

1. When-in-Rome analyses marked CC BY-SA, of works no part of which lies in an archive that forbids commercial use:
   the training part and, once all was chosen with it held out, the validation part.
2. The same, POP909 (MIT), and what the first lesson hears in unlabelled scores of music21's corpus that state no
   restriction (`UNLABELLED`), wherever it is sure of it (self-training).

``--ceiling`` asks what free analyses lack: the same network learns from DCML's development part besides, and its test
part is printed. Such weights may not ship and are not written.

Each piece is heard as written and in variants: twice as slow or fast, notes left out, shortened, held, doubled at the
octave; without spelling, key signature or metre now and then, as MIDI is. Crops are turned to another key only so that
batches differ: the network itself is alike in all keys.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from languages import learn_language
from learn_calibration import read_nets
from listener import Listener
from score_pairs import Pair, part_name, read_dcml, read_pop909, read_when_in_rome, was_learned

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.extraction.score_decoding import BITMAPS, NOTHING, Habits, decode
from musictrend.extraction.score_frames import FRAME, N_PITCH_CHANNELS, N_PLAIN_CHANNELS, Frames, frame_notes
from musictrend.extraction.score_grid import feel_pulse, lay_on_grid
from musictrend.extraction.score_net import QUALITIES, Net
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.reduction import reduce_bitmap
from musictrend.harmony.sequence import ChordSequence

ROOT = Path(__file__).resolve().parents[1]
CROP, BATCH = 384, 8
UNKNOWN = -100
K = len(QUALITIES)
POP_BEGIN = 3.2  # set on validation songs: see `BEGIN_WEIGHT` of score_decoding
SURE = 0.6  # posterior from which an unlabelled chord or key is believed
# Scores of music21's corpus whose files state no restriction of use, none of them of a work in any test.
UNLABELLED = ("haydn/*/*.mxl", "mozart/k80/*.mxl", "mozart/k15*/*.mxl", "mozart/k458/*.mxl", "weber/*.mxl",
              "schumann_robert/opus41no1/*.mxl", "schumann_clara/**/*.mxl", "schumann_clara/**/*.xml",
              "corelli/*/*.xml", "handel/rinaldo/*.mxl", "cpebach/*.mxl", "bach/bwv*.mxl")  # fmt: skip
EVERY_CHORALE = 4  # of Bach's chorales one in so many, lest they drown the rest
WEIGHT = {"chord": 1.0, "root": 0.5, "key": 1.0, "bass": 0.4, "change": 0.4}
PLACE = {list_qualities()[name].bitmap: i for i, name in enumerate(QUALITIES)}
PLACE |= {list_qualities()[name].bitmap: QUALITIES.index("aug") for name in ("aug7", "augmaj7")}


# --- what is learned


@dataclasses.dataclass(frozen=True, eq=False)
class Lesson:
    """Frames of a piece, and what sounds in each: UNKNOWN where the analysis does not say."""

    piece: str
    frames: Frames
    answers: dict[str, np.ndarray]


def answer(reference: ChordSequence, n: int, stretch: float = 1.0) -> dict[str, np.ndarray]:
    """Chord, root, bass, key and beginnings of each frame."""
    onsets, ends = reference.onsets * stretch, reference.offsets * stretch
    middle = (np.arange(n) + 0.5) * FRAME
    at = np.searchsorted(onsets, middle + 1e-6, side="right") - 1
    known = (at >= 0) & (middle < ends[np.maximum(at, 0)])
    rows = np.full((len(reference), 4), UNKNOWN)
    for i, (chord, key) in enumerate(zip(reference.chords, reference.keys, strict=True)):
        if chord.is_chord:
            quality = PLACE.get(int(reduce_bitmap(chord.bitmap, "sevenths")))
            rows[i, 1:3] = chord.root, chord.bass
            rows[i, 0] = UNKNOWN if quality is None else chord.root * K + quality
        elif chord.kind == "N":
            rows[i, 0] = NOTHING
        if key is not None:
            rows[i, 3] = 2 * key.tonic + (key.mode == "minor")
    found = np.where(known[:, None], rows[np.maximum(at, 0)], UNKNOWN)
    chord = found[:, 0]
    begins = np.diff(np.where(known, at, -1), prepend=-2) != 0
    begins &= (np.diff(chord, prepend=-2) != 0) | (chord < 0)
    change = np.where(known, begins, UNKNOWN)
    change[0] = UNKNOWN
    return {"chord": chord, "root": found[:, 1], "bass": found[:, 2], "key": found[:, 3], "change": change}


def teach(pair: Pair, notes: Notes | None = None, stretch: float = 1.0, fit: float = 0.5) -> Lesson:
    """Frames and answers of a piece; stretches where notes and analysis are out of step teach nothing."""
    frames = frame_notes(notes or pair.notes)
    answers = answer(pair.reference, len(frames), stretch)
    tones = np.zeros((NOTHING + 1, 12))
    for state in range(NOTHING):
        tones[state] = [BITMAPS[state % K] >> (p - state // K) % 12 & 1 for p in range(12)]
    sounding = (answers["chord"] >= 0) & (answers["chord"] < NOTHING)
    sound = frames.pitch[:, :, 0] * sounding[:, None]
    inside = (sound * tones[np.where(sounding, answers["chord"], 0)]).sum(axis=1)
    around = np.ones(min(64, len(frames)))
    share = np.convolve(inside, around, "same") / np.maximum(np.convolve(sound.sum(axis=1), around, "same"), 1e-9)
    answers = {name: np.where(share < fit, UNKNOWN, values) for name, values in answers.items()}
    return Lesson(pair.piece, frames, answers)


def vary(pair: Pair, rng: np.random.Generator) -> Lesson:
    """The same harmony played otherwise: slower or faster, thinner, thicker, detached or held."""
    notes = pair.notes
    stretch = float(rng.choice([2.0, 0.5, 1.0], p=[0.25, 0.2, 0.55]))
    onset, length = notes.onset_quarter * stretch, notes.duration_quarter * stretch
    luck = rng.random()
    if luck < 0.2:
        length = np.maximum(length * rng.uniform(0.3, 0.8), 0.05)
    elif luck < 0.35:
        length = length + rng.uniform(0.2, 1.0) * stretch
    keep = rng.random(len(notes)) > rng.choice([0, 0.1, 0.2, 0.35])
    if keep.sum() < 4:
        keep[:] = True
    double = keep & (rng.random(len(notes)) < 0.3) & (rng.random() < 0.3)
    chosen = np.concatenate([np.flatnonzero(keep), np.flatnonzero(double)])
    shift = np.where(np.arange(len(chosen)) < keep.sum(), 0, rng.choice([-12, 12]))
    order = np.argsort(onset[chosen], kind="stable")
    chosen, shift = chosen[order], shift[order]
    varied = Notes(
        onset[chosen], length[chosen], np.clip(notes.pitch[chosen] + shift, 0, 127).astype(np.int16),
        notes.bar_onset_quarter * stretch, notes.beat_quarter * stretch,
        [(at * stretch, fifths) for at, fifths in notes.fifths], fifth=notes.fifth[chosen],
    )  # fmt: skip
    return teach(pair, varied, stretch, 0.45)


def crop(lesson: Lesson, rng: np.random.Generator, bare: bool) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Some frames of a lesson in some key; now and then without what MIDI does not have."""
    frames, n = lesson.frames, len(lesson.frames)
    start = max(min(int(rng.integers(-CROP // 2, max(n - CROP // 2, 1))), n - CROP), 0)
    m = min(CROP, n - start)
    pitch = np.zeros((CROP, 12, N_PITCH_CHANNELS), np.float32)
    plain = np.zeros((CROP, N_PLAIN_CHANNELS), np.float32)
    plain[:, 7] = 1
    pitch[:m], plain[:m] = frames.pitch[start : start + m], frames.plain[start : start + m]
    answers = {name: np.full(CROP, UNKNOWN) for name in lesson.answers}
    for name, values in lesson.answers.items():
        answers[name][:m] = values[start : start + m]
    if bare or rng.random() < 0.3:
        pitch[:, :, 8], plain[:, 5] = 0, 0
    if bare or rng.random() < 0.3:
        pitch[:, :, 7], plain[:, 6] = 0, 0
    if bare or rng.random() < 0.1:
        pitch[:, :, 9], plain[:, :5] = 0, 0
    turn = int(rng.integers(12))
    for name, step, size in (("chord", K, NOTHING), ("root", 1, 12), ("bass", 1, 12), ("key", 2, 24)):
        values = answers[name]
        inside = (values >= 0) & (values < size)
        values[inside] = (values[inside] + turn * step) % size
    return np.roll(pitch, turn, axis=1), plain, answers


# --- learning


def batch_of(lessons: list[Lesson], shares: np.ndarray, rng: np.random.Generator, bare: bool):
    """Some crops as tensors, pieces drawn by their length."""
    drawn = [crop(lessons[i], rng, bare) for i in rng.choice(len(lessons), BATCH, p=shares)]
    pitch, plain = (torch.from_numpy(np.stack([d[i] for d in drawn])) for i in (0, 1))
    return pitch, plain, {name: torch.from_numpy(np.stack([d[2][name] for d in drawn])) for name in drawn[0][2]}


def loss_of(told: dict[str, torch.Tensor], answers: dict[str, torch.Tensor]) -> torch.Tensor:
    """Cross-entropy of every head; the root besides, whatever the quality."""

    def entropy(scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        if not (truth >= 0).any():
            return scores.sum() * 0
        return functional.cross_entropy(scores.flatten(0, 1), truth.flatten(), ignore_index=UNKNOWN,
                                        label_smoothing=0.1)  # fmt: skip

    root = torch.logsumexp(told["chord"][..., :NOTHING].unflatten(-1, (12, K)), -1)
    known = answers["change"] >= 0
    change = functional.binary_cross_entropy_with_logits(told["change"][known], answers["change"][known].float())
    parts = {name: entropy(told[name], answers[name]) for name in ("chord", "key", "bass")}
    parts |= {"root": entropy(root, answers["root"]), "change": change}
    return sum(WEIGHT[name] * part for name, part in parts.items())


def shares_of(lessons: list[Lesson]) -> np.ndarray:
    """Chance of each piece: by its length."""
    lengths = np.array([len(lesson.frames) for lesson in lessons], dtype=float)
    return lengths / lengths.sum()


def listen(
    net: Listener,
    groups: list[tuple[float, bool, list[Lesson]]],
    steps: int,
    rate: float,
    rng: np.random.Generator,
    half: bool = False,
) -> None:
    """Train in place; the weights left are a running mean. Groups: how often, whether without metre, and lessons."""
    shares = [shares_of(lessons) for _, _, lessons in groups]
    odds = np.array([odd for odd, _, _ in groups]) / sum(odd for odd, _, _ in groups)
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.1)
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    net.train()
    for step in range(1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, step / 50) * (0.49 * (1 + np.cos(np.pi * step / steps)) + 0.02)
        which = int(rng.choice(len(groups), p=odds))
        pitch, plain, answers = batch_of(groups[which][2], shares[which], rng, groups[which][1])
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            told = net(pitch, plain)
        loss = loss_of({name: values.float() for name, values in told.items()}, answers)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        keep = min(0.99, step / (step + 10))
        for name, value in net.state_dict().items():
            mean[name].mul_(keep).add_(value, alpha=1 - keep)
        if step % 50 == 0:
            print(f"  step {step}: loss {loss.item():.3f}", flush=True)
    net.load_state_dict(mean)
    net.eval()


def count_habits(pairs: list[Pair]) -> dict[str, np.ndarray]:
    """What belongs to a key and which key follows which."""
    place, keys = np.full((2, 12, K), 0.3), np.full((2, 12, 2), 0.5)
    for pair in pairs:
        last = None
        for chord, key in zip(pair.reference.chords, pair.reference.keys, strict=True):
            quality = PLACE.get(int(reduce_bitmap(chord.bitmap, "sevenths"))) if chord.is_chord else None
            if key is None or quality is None:
                continue
            minor = int(key.mode == "minor")
            place[minor, (chord.root - key.tonic) % 12, quality] += 1
            if last is not None and last != key:
                keys[int(last.mode == "minor"), (key.tonic - last.tonic) % 12, minor] += 1
            last = key
    place, keys = (np.log(x / x.sum(axis=(1, 2), keepdims=True)) for x in (place, keys))
    return {"place": place, "keys": keys}


def teach_oneself(net: Listener, habits: dict[str, np.ndarray]) -> list[Pair]:
    """Unlabelled scores with what the network is sure of in them."""
    import music21

    folder = Path(music21.__file__).parent / "corpus"
    files = [p for pattern in UNLABELLED[:-1] for p in sorted(folder.glob(pattern))]
    files += sorted(folder.glob(UNLABELLED[-1]))[::EVERY_CHORALE]
    heard_by, pairs = Net(net.arrays()), []
    for file in files:
        try:
            notes = read_notes(file)
        except ReaderError:
            continue
        if notes.polyphony < 1.3:
            continue
        heard = heard_by.hear(frame_notes(notes))
        found, n = decode(heard, Habits(**habits)), len(heard.chord)
        sure = np.exp(heard.chord[np.arange(n), found.chord]), np.exp(heard.key[np.arange(n), found.key])
        starts = np.flatnonzero((np.diff(found.chord, prepend=-2) != 0) | (np.diff(found.bass, prepend=-2) != 0))
        ends = np.append(starts[1:], n)
        chords, keys = [], []
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
            state, key = int(found.chord[a]), int(found.key[a])
            believed = sure[0][a:b].mean() > SURE and state < NOTHING
            chords.append(Chord.from_parts(state // K, bitmap=int(BITMAPS[state % K]), bass=int(found.bass[a]))
                          if believed else Chord.UNKNOWN)  # fmt: skip
            keys.append(Key(key // 2, "minor" if key % 2 else "major") if sure[1][a:b].mean() > SURE else None)
        reference = ChordSequence(chords, starts * FRAME, (ends - starts) * FRAME, "quarters", None, keys)
        pairs.append(Pair(str(file.relative_to(folder)), file.stem, "music21", "", notes, reference))
    return pairs


Trial = tuple[Net, dict[str, np.ndarray], list[Pair]]  # a network, what was counted beside it, and pieces it never saw


def calibrate(trials: list[Trial], pop: bool = False) -> np.ndarray:
    """Slope and shift that turn the mean posterior of a chord into how often it is right, on unseen pieces."""
    said, right = [], []
    for net, habits, pairs in trials:
        for pair in pairs:
            frames = frame_notes(pair.notes)
            heard = net.hear(feel_pulse(frames) if pop else frames)
            path = decode(heard, Habits(**habits)).chord
            truth = answer(pair.reference, len(frames))["chord"]
            starts = np.flatnonzero(np.diff(path, prepend=-1))
            lengths = np.diff(np.append(starts, len(path)))
            mean = np.add.reduceat(np.exp(heard.chord[np.arange(len(path)), path].astype(float)), starts) / lengths
            asked = truth >= 0
            said.append(np.repeat(mean, lengths)[asked])
            right.append((truth == path)[asked])
    x = np.clip(np.concatenate(said), 1e-4, 1 - 1e-4)
    x, y = np.log(x / (1 - x)), np.concatenate(right).astype(float)
    design, weights = np.stack([x, np.ones_like(x)]), np.array([1.0, 0.0])
    for _ in range(25):  # Newton's method for a logistic regression
        q = 1 / (1 + np.exp(-(weights @ design)))
        weights = weights + np.linalg.solve((design * (q * (1 - q))) @ design.T, design @ (y - q))
    return weights


def show(net: Net, habits: dict[str, np.ndarray], pairs: list[Pair], name: str, pop: bool = False) -> np.ndarray:
    """Frames asked for, and those with the root, the key and the Roman numeral right; the shares are printed."""
    total = np.zeros(4)
    for pair in pairs:
        frames = frame_notes(pair.notes)
        heard = net.hear(feel_pulse(frames) if pop else frames)
        found, truth = decode(heard, Habits(**habits)), answer(pair.reference, len(frames))
        asked = (truth["root"] >= 0) & (truth["key"] >= 0)
        key = found.key == truth["key"]
        total += [asked.sum(), (found.chord // K == truth["root"])[asked].sum(), key[asked].sum(),
                  (key & (found.chord == truth["chord"]))[asked].sum()]  # fmt: skip
    print_shares(name, len(pairs), total)
    return total


def print_shares(name: str, n: int, total: np.ndarray) -> None:
    """A line of figures."""
    root, key, roman = 100 * total[1:] / max(total[0], 1)
    print(f"{name:25} {n:4} pieces: root {root:.1f} key {key:.1f} roman {roman:.1f}", flush=True)


def main() -> None:
    """Train, print figures, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, required=True)
    add("-o", "--output", type=Path, help="in the package where nothing is said")
    add("--language", choices=["art", "pop"], default="art")
    add("--steps", type=int, nargs="+", default=(500, 300))
    add("--seed", type=int, default=11)
    add("--variants", type=int, default=5)
    add("--width", type=int, default=24, help="channels on each pitch class (art)")
    add("--nets", type=Path, help="networks of --folds, for the confidence of art")
    add("--folds", type=int, default=0, help="cross-validate the works learned from and validated on instead")
    add("--hold", action="store_true", help="art: keep the validation part out and print it, to choose by; no weights")
    add("--ceiling", action="store_true", help="learn from DCML's development part too; nothing is written")
    given = parser.parse_args()
    if given.language == "art" and not (given.nets or given.folds or given.hold or given.ceiling):
        parser.error("weights of art need --nets FOLDER, for their confidence; first: --folds 4 -o FOLDER")
    torch.set_num_threads(1)
    torch.manual_seed(given.seed)
    began = time.process_time()
    if given.language == "pop":
        arrays = learn_pop(given)
    else:
        arrays = learn_art(given)
    if not arrays:
        return
    arrays = {name: x.astype(np.float32) if x.dtype.kind == "f" else x for name, x in arrays.items()}
    path = given.output or ROOT / "musictrend" / "data" / "models" / f"score_{given.language}.npz"
    np.savez_compressed(path, **arrays)
    print(f"{path}: {sum(x.size for x in arrays.values()):,} numbers, "
          f"{path.stat().st_size:,} bytes, {time.process_time() - began:.0f} s")  # fmt: skip


def learn_pop(given: argparse.Namespace) -> dict[str, np.ndarray]:
    """The network of pop: weights, habits, calibration, and what tells its language from that of art music."""
    rng = np.random.default_rng(given.seed)
    pairs = [lay_pair(pair) for pair in read_pop909(given.data / "pop909")[0]]
    parts = {name: [p for p in pairs if part_name(p) == name] for name in ("training", "validation")}
    art = [p for p in read_when_in_rome(given.data / "when_in_rome")[0] if part_name(p) == "training"]
    print(f"learning from {len(parts['training'])} songs:", *sorted(p.piece for p in parts["training"]))
    print(f"and their language beside that of {len(art)} scores:", *sorted(p.piece for p in art), sep="\n  ")
    language = learn_language(parts["training"], art)
    net = Listener(16, (1, 2, 4, 8, 16, 1), 0.1)
    lessons = [teach(p) for p in parts["training"]]
    lessons = [dataclasses.replace(x, frames=feel_pulse(x.frames)) for x in lessons]
    listen(net, [(1.0, False, lessons)], given.steps[0], 3e-3, rng)
    habits, plain = count_habits(parts["training"]) | {"begin": np.array(POP_BEGIN)}, Net(net.arrays())
    show(plain, habits, parts["validation"], "validation", pop=True)
    learned = {"calibration": calibrate([(plain, habits, parts["validation"])], pop=True), "language": language}
    return net.arrays() | habits | learned


def lay_pair(pair: Pair) -> Pair:
    """A song moved onto its beats, chords and all."""
    notes, delay = lay_on_grid(pair.notes)
    chords = pair.reference
    moved = ChordSequence(chords.chords, chords.onsets + delay, chords.durations, "quarters", None, chords.keys)
    return dataclasses.replace(pair, notes=notes, reference=moved)


def learn_art(given: argparse.Namespace) -> dict[str, np.ndarray]:
    """The network of art music: weights, habits and calibration."""
    rome, _ = read_when_in_rome(given.data / "when_in_rome")
    dcml = [] if given.folds else read_dcml(given.data / "dcml")[0]
    pop = read_pop909(given.data / "pop909")[0] if given.steps[-1] else []
    pop = [p for p in pop if part_name(p) == "training"][::2]
    names = ("training", "validation", "development")
    parts = {name: [p for p in rome + dcml if part_name(p) == name] for name in names}
    learned = [p for p in rome if was_learned(p)]
    watched = {f"{source}, development": [p for p in parts["development"] if p.source == source]
               for source in ("when_in_rome", "dcml")}  # fmt: skip
    if given.folds:
        return cross_validate(parts["training"] + parts["validation"], pop, given)
    if given.ceiling:
        tests = {"DCML test": [p for p in dcml if part_name(p) == "test"]}
        teach_art(learned + watched["dcml, development"], pop, tests, given)
        return {}
    if given.hold:
        teach_art(parts["training"], pop, {"validation": parts["validation"]} | watched, given)
        return {}
    trials = read_trials(given.nets, learned)
    net, habits = teach_art(learned, pop, watched, given)
    return net.arrays() | habits | {"calibration": calibrate(trials)}


def read_trials(folder: Path, pairs: list[Pair]) -> list[Trial]:
    """The networks of cross-validation, and the pieces that each was kept from: what confidence is calibrated on."""
    nets = read_nets(folder)
    if not nets.keys() >= {p.piece for p in pairs}:
        raise SystemExit(f"{folder}: not every piece was kept from one network; first: --folds 4 -o {folder}")
    return [
        (net, {name: net.extra[name] for name in ("place", "keys")}, [p for p in pairs if nets[p.piece] is net])
        for net in dict.fromkeys(nets.values())
    ]


def teach_art(
    learned: list[Pair], pop: list[Pair], watched: dict[str, list[Pair]], given: argparse.Namespace
) -> tuple[Listener, dict[str, np.ndarray]]:
    """Both lessons, and figures of the pieces watched."""
    torch.manual_seed(given.seed)
    rng = np.random.default_rng(given.seed)
    assert given.ceiling or all(p.free for p in learned)
    print(f"learning from {len(learned)} pieces of {len({p.work for p in learned})} works and {len(pop)} songs:",
          *sorted(p.piece for p in learned), sep="\n  ")  # fmt: skip
    lessons = [teach(p) for p in learned] * 2 + [vary(p, rng) for _ in range(given.variants) for p in learned]
    habits = count_habits(learned)
    net = Listener(given.width, (1, 2, 4, 8, 16, 32, 64, 1), 0.3)
    print("first lesson: analyses")
    listen(net, [(1.0, False, lessons)], given.steps[0], 3e-3, rng, half=True)
    if not given.steps[-1]:
        return net, habits
    unlabelled = teach_oneself(net, habits)
    print(f"second lesson: besides, {len(unlabelled)} unlabelled scores and the songs")
    more = [teach(p) for p in unlabelled] + [vary(p, rng) for p in unlabelled]
    groups = [(0.6, False, lessons), (0.25, True, [teach(p) for p in pop]), (0.15, False, more)]
    listen(net, groups, given.steps[-1], 2e-3, rng, half=True)
    for name, pairs in watched.items():
        show(Net(net.arrays()), habits, pairs, name)
    return net, habits


def cross_validate(free: list[Pair], pop: list[Pair], given: argparse.Namespace) -> dict[str, np.ndarray]:
    """Learn from all works but some, in turn, and say how the others are heard; each network may be kept, with these."""
    place = {work: i % given.folds for i, work in enumerate(sorted({p.work for p in free}))}
    total = np.zeros(4)
    for fold in range(given.folds):
        away = [p for p in free if place[p.work] == fold]
        net, habits = teach_art([p for p in free if place[p.work] != fold], pop, {}, given)
        plain = Net(net.arrays())
        total += show(plain, habits, away, f"fold {fold}")
        if given.output:
            given.output.mkdir(parents=True, exist_ok=True)
            held = {"calibration": calibrate([(plain, habits, away)]), "away": np.array([p.piece for p in away])}
            np.savez_compressed(given.output / f"fold_{fold}.npz", **net.arrays(), **habits, **held)
    print_shares(f"{given.folds} folds", len(free), total)
    return {}


if __name__ == "__main__":
    main()
