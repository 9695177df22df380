"""Learns what tells pop from art music: the weights of `musictrend.extraction.score_language`.

    python tools/languages.py --data FOLDER        how often the shipped weights are right

`tools/train_scores.py --language pop` learns them in passing.

A logistic regression over habits of whole pieces, learned on the same free pieces as the networks: songs of POP909,
and analysed scores of When in Rome. Both languages weigh the same, however many pieces there are of each.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from score_pairs import Pair, part_name, read_dcml, read_pop909, read_when_in_rome

from musictrend.corpus.notes import UNSPELLED
from musictrend.extraction.score_frames import frame_notes
from musictrend.extraction.score_grid import lay_on_grid
from musictrend.extraction.score_language import HABITS, describe_habits, tell_language
from musictrend.extraction.score_net import load_net

RIDGE = 1.0  # on weights by standard deviation


def describe(pairs: list[Pair]) -> np.ndarray:
    """Habits of each piece: shape (pairs, habits)."""
    return np.stack([describe_habits(frame_notes(lay_on_grid(pair.notes)[0])) for pair in pairs])


def learn_language(pop: list[Pair], art: list[Pair]) -> np.ndarray:
    """Weights of `tell_language`: one for each habit, and one for every piece."""
    habits = np.concatenate([describe(pop), describe(art)])
    is_pop = np.repeat([1.0, 0.0], [len(pop), len(art)])
    share = np.repeat([0.5 / len(pop), 0.5 / len(art)], [len(pop), len(art)]) * len(is_pop)
    mean, spread = habits.mean(axis=0), habits.std(axis=0)
    design = np.column_stack([(habits - mean) / spread, np.ones(len(habits))])
    price = np.append(np.full(len(HABITS), RIDGE), 0.0)
    weights = np.zeros(len(HABITS) + 1)
    for _ in range(50):  # Newton's method
        q = 1 / (1 + np.exp(-(design @ weights)))
        slope = design.T @ (share * (q - is_pop)) + price * weights
        weights -= np.linalg.solve((design.T * (share * q * (1 - q))) @ design + np.diag(price), slope)
    plain = weights[:-1] / spread
    return np.append(plain, weights[-1] - plain @ mean)


def main() -> None:
    """Print how often the language is told, by part: with what the file says of its origin, and by habits alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of when_in_rome, dcml and pop909")
    data = parser.parse_args().data
    pop = read_pop909(data / "pop909")[0]
    art = read_when_in_rome(data / "when_in_rome")[0] + read_dcml(data / "dcml")[0]
    weights = load_net("pop").extra["language"]
    print(f"{'':14}{'pieces':>8}{'as the file is':>17}{'as MIDI on its beats':>22}")
    for part in ("training", "validation", "development"):
        for language, pairs in (("pop", pop), ("art", art)):
            group = [pair for pair in pairs if part_name(pair) == part]
            told = np.array([tell_twice(pair, weights) for pair in group]).reshape(-1, 2) == language
            if group:
                print(f"{part:12}{language:>3}{len(group):8}{told[:, 0].mean():16.1%}{told[:, 1].mean():22.1%}")


def tell_twice(pair: Pair, weights: np.ndarray) -> tuple[str, str]:
    """Language with what the file says of its origin, and as if it said nothing."""
    notes, delay = lay_on_grid(pair.notes)
    frames, spelled = frame_notes(notes), bool((notes.fifth != UNSPELLED).any())
    return tell_language(frames, weights, spelled, delay), tell_language(frames, weights, False, 0.0)


if __name__ == "__main__":
    main()
