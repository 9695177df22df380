"""Which language a score speaks, art music or pop, told from its notes before any network listens.

Pop repeats itself: the same tones come back every four bars, the bass stays where the chord stays, and a chord lasts.
A few such habits, weighed by a logistic regression that was learned on the same pieces as the networks, decide. Where
a file comes from is evidence besides: whoever spells notes writes a score, and notes that lie off their file's own
beats were exported along a recording.
"""

from __future__ import annotations

import numpy as np

from musictrend.extraction.score_frames import Frames

__all__ = ["HABITS", "describe_habits", "tell_language"]

HABITS = ("notes together", "notes begun", "moving", "bass moves", "entropy", "tones", "next", "bar later",
          "four bars later")  # fmt: skip
ORIGIN = 3.0  # nats that spelling speaks for art, and a grid of beats that is not the file's own for pop
HALF_NOTES = 16  # frames whose tones are taken together
LONG = 128  # frames, sixteen bars of common time: habits take time to show, and shorter pieces are art but for ORIGIN
LAGS = (1, 8, 32)  # frames; the last are a bar and four bars of common time
USUAL = 0.4  # likeness after a lag in scores too short to have it


def describe_habits(frames: Frames) -> np.ndarray:
    """What tells languages apart, alike in every key and with or without spelling: shape (len(HABITS),)."""
    sounding = frames.bass >= 0
    if not sounding.any():
        return np.zeros(len(HABITS))
    tones = frames.pitch[:, :, 0].astype(np.float64)
    plain, bass = frames.plain[sounding].astype(np.float64), frames.bass[sounding]
    together = np.add.reduceat(tones, np.arange(0, len(frames), HALF_NOTES), axis=0)
    together /= np.maximum(together.sum(axis=1, keepdims=True), 1e-9)
    entropy = -(together * np.log(np.maximum(together, 1e-9))).sum(axis=1).mean()
    moves = (np.diff(bass) != 0).mean() if len(bass) > 1 else 0.0
    return np.array([
        plain[:, 8].mean(), plain[:, 9].mean(), (plain[:, 9] > 0).mean(), moves, entropy,
        (tones[sounding] > 0).sum(axis=1).mean(), *(_likeness(tones, lag) for lag in LAGS),
    ])  # fmt: skip


def _likeness(tones: np.ndarray, lag: int) -> float:
    """Mean cosine between what sounds in frames some way apart."""
    if len(tones) < lag + 8:
        return USUAL
    before, after = tones[:-lag], tones[lag:]
    size = np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    both = size > 0
    return float(((before * after).sum(axis=1)[both] / size[both]).mean()) if both.any() else USUAL


def tell_language(frames: Frames, weights: np.ndarray, spelled: bool, delay: float) -> str:
    """``art`` or ``pop``.

    Parameters
    ----------
    frames : Frames
    weights : float array, shape (len(HABITS) + 1,)
        Nats for pop that each habit speaks, by its unit, and last what speaks for it in every piece.
    spelled : bool
        Whether notes have names.
    delay : float, quarter notes
        By how much notes were moved to lie on their beats: see `musictrend.extraction.score_grid.lay_on_grid`.
    """
    odds = ORIGIN * (bool(delay) - bool(spelled))
    if len(frames) >= LONG:
        odds += float(describe_habits(frames) @ weights[:-1] + weights[-1])
    return "pop" if odds > 0 else "art"
