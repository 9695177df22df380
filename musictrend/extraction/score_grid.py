"""Where beats lie in notes that no bar line holds: a song exported from a recording starts when the tape starts.

MIDI files made along a recording keep its silence before the first beat, so that every beat falls between the file's
own quarter notes: in POP909 anywhere in them. Frames laid over such a file from its start cut every chord a moment
early or late. Onsets tell where the grid is: they fall on eighths more often than between, and on sixteenths otherwise.

`feel_pulse` tells besides what recurs on a grid of beats and bars, without any bar being written: where more notes
begin, and where the harmony turns.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musictrend.corpus.notes import UNSPELLED, Notes
from musictrend.extraction.score_frames import FRAME, Frames

__all__ = ["feel_pulse", "find_phase", "lay_on_grid"]

CLEAR, FAINT = 0.4, 0.3  # mean resultant length of onsets round a sixteenth, and round an eighth where there are none
NEGLIGIBLE = 0.01  # quarter notes
AROUND = 64  # frames to each side in which a pulse is felt: grids of bars slip where a beat is cut out
TURN = 4  # frames before and after which harmony is compared


def find_phase(notes: Notes) -> float:
    """How far after the file's own eighths those of the music lie.

    Parameters
    ----------
    notes : Notes, at least one

    Returns
    -------
    phase : float in (-0.25, 0.25], quarter notes
        0 where onsets keep to no grid, as in triplets throughout or free time.

    Examples
    --------
    >>> late = np.arange(16) / 2 + 0.1
    >>> find_phase(Notes(late, np.full(16, 0.5), np.full(16, 60), np.array([0., 8.]), np.ones(1)))
    0.1
    """
    turns = notes.onset_quarter / FRAME
    eighths, sixteenths = (np.exp(2j * np.pi * k * turns).mean() for k in (1, 2))
    if abs(sixteenths) > CLEAR:
        phase = np.angle(sixteenths) / (4 * np.pi)
        if (eighths * np.exp(-2j * np.pi * phase)).real < 0:  # fewer notes begin there than a sixteenth later
            phase += 0.5
    elif abs(eighths) > FAINT:
        phase = np.angle(eighths) / (2 * np.pi)
    else:
        return 0.0
    phase = float(phase - np.ceil(phase - 0.5)) * FRAME
    return phase if abs(phase) > NEGLIGIBLE else 0.0


def lay_on_grid(notes: Notes) -> tuple[Notes, float]:
    """Notes moved so that their eighths are frames, and by how many quarter notes: 0 for what was notated.

    Scores whose notes have names were written in bars, and stay.
    """
    phase = 0.0 if (notes.fifth != UNSPELLED).any() else find_phase(notes)
    if phase == 0.0:
        return notes, 0.0
    delay = -phase if notes.onset_quarter[0] >= phase else FRAME - phase
    moved = replace(
        notes,
        onset_quarter=notes.onset_quarter + delay,
        bar_onset_quarter=notes.bar_onset_quarter + delay,
        fifths=[(at + delay, fifths) for at, fifths in notes.fifths],
        tempos=[(at + delay, speed) for at, speed in notes.tempos],
    )
    return moved, delay


def feel_pulse(frames: Frames) -> Frames:
    """Frames without spelling, key signature and written metre; in its place, what recurs every beat and bar.

    Of the five channels of metre two tell how many more notes begin in frames a beat and a bar apart from this one
    than elsewhere around, and three how much more the harmony turns half a bar, a bar and two bars apart.
    """
    bare = frames.bare()
    begun = bare.plain[:, 9].astype(np.float64)
    turned = _turning(bare.pitch[:, :, 0].astype(np.float64))
    for channel, (signal, period) in enumerate(((begun, 2), (begun, 8), (turned, 4), (turned, 8), (turned, 16))):
        bare.plain[:, channel] = 4 * _recurring(signal, period)
    return bare


def _turning(chroma: np.ndarray) -> np.ndarray:
    """1 less the likeness of what sounds in the frames before and after the start of each: shape (n,)."""
    n = len(chroma)
    mass = np.concatenate([np.zeros((1, 12)), chroma.cumsum(axis=0)])
    here = np.arange(n)
    before, after = mass[here] - mass[np.maximum(here - TURN, 0)], mass[np.minimum(here + TURN, n)] - mass[here]
    size = np.sqrt((before**2).sum(axis=1) * (after**2).sum(axis=1))
    return np.where(size > 0, 1 - (before * after).sum(axis=1) / np.maximum(size, 1e-9), 0.0)


def _recurring(signal: np.ndarray, period: int) -> np.ndarray:
    """Mean of a signal in frames whole periods away, less its mean in all frames around: shape (n,)."""
    reach = AROUND // period * period
    comb, whole = np.zeros(2 * reach + 1), np.ones(2 * reach + 1)
    comb[::period] = 1
    ones = np.ones(len(signal))
    smooth = [_slide(signal, kernel) / _slide(ones, kernel) for kernel in (comb, whole)]
    return smooth[0] - smooth[1]


def _slide(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution as long as the signal, whichever is longer."""
    reach = len(kernel) // 2
    return np.convolve(signal, kernel)[reach : reach + len(signal)]
