"""From the notes of a score to chords, segmentation and chord decided together.

A hidden Markov model over slices of a score: a new slice begins wherever a
note begins. States are a root and one of eleven qualities. A slice speaks for
a chord by how long each pitch class sounds in it and by its lowest note; a
chord changes more readily at the start of a bar and on a beat, and some chords
follow others more readily. What sounds in a chord, what lies in its bass and
what follows it was counted in analyses by people (``benchmarks/scores.py
--learn``; make-up in ``data/models/score_chords.json``). The posterior of each
slice, by the forward-backward algorithm, becomes the confidence of the chord
decoded by Viterbi.

References
----------
.. [1] Raphael, Stoddard (2004). Functional harmonic analysis using probabilistic models. Computer Music
   Journal 28(3).
.. [2] Rabiner (1989). A tutorial on hidden Markov models. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.sequence import ChordSequence

__all__ = ["estimate_chords", "extract_score", "slice_notes"]

FROM_NOTES = "estimated from notes"  # the transcription policy of such tracks
MIN_POLYPHONY = 1.3  # notes together on average; tune books have 1
PAUSE = 4.0  # quarter notes of silence that are no chord
MAX_SLICES = 150_000  # Tristan has about 100,000
# How loudly a quarter note's worth of sound, and its bass, speak, and for how many quarter notes. These and CHANGE
# were set by cross-validation over the opuses that the model was counted in (benchmarks/scores.py: "tuning").
SOUND_WEIGHT, BASS_WEIGHT, LONGEST = 6.9, 0.5, 1.7
CHANGE = (0.82, 0.50, 0.14)  # chance that a chord changes where a slice begins: at a bar, on a beat, off it


@dataclass(frozen=True, eq=False)
class _States:
    """The chords of the model: s = 12 roots times the qualities, roots outermost.

    Log probabilities: ``sound`` and ``bass``, shape (s, 12), of pitch classes; ``prior``, shape (s,), of chords;
    ``moves``, shape (s, s), from row to column, of the next chord once it changes. No chord follows itself.
    """

    roots: np.ndarray
    bitmaps: np.ndarray
    sound: np.ndarray
    bass: np.ndarray
    prior: np.ndarray
    moves: np.ndarray


def turn_states(model: dict) -> _States:
    """Counts by quality and interval, turned to all twelve roots."""
    bitmaps = [list_qualities()[name].bitmap for name in model["qualities"]]
    k = len(bitmaps)
    sound, bass = np.array(model["sound"]), np.array(model["bass"])  # (k, 12), from the root
    moves = np.array(model["moves"])  # (k, 12, k): quality, interval to the next root, next quality
    turned = np.zeros((12, k, 12, k))
    for root in range(12):
        turned[root] = np.roll(moves, root, axis=1)
    square = turned.reshape(12 * k, 12 * k)
    np.fill_diagonal(square, 0.0)
    square /= square.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.log(square)
    prior = np.tile(np.array(model["prior"]) / 12, 12)
    return _States(
        np.repeat(np.arange(12), k),
        np.tile(bitmaps, 12),
        np.log(np.concatenate([np.roll(sound, root, axis=1) for root in range(12)])),
        np.log(np.concatenate([np.roll(bass, root, axis=1) for root in range(12)])),
        np.log(prior / prior.sum()),
        logs,
    )


@cache
def _states() -> _States:
    path = resources.files("musictrend") / "data" / "models" / "score_chords.json"
    return turn_states(json.loads(path.read_text(encoding="utf-8")))


def extract_score(path: Path, track_id: str = "score") -> ChordSequence:
    """Chords of a score file from its notes.

    Raises
    ------
    ReaderError
        When it cannot be read, or is monophonic: one line of melody has no chords to name.
    """
    notes = read_notes(path)
    if notes.polyphony < MIN_POLYPHONY:
        raise ReaderError(
            f"monophonic: {notes.polyphony:.2f} notes sound together on average",
            hint="chords are estimated from polyphonic scores only",
        )
    return estimate_chords(notes, track_id)


def slice_notes(notes: Notes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a score into slices, a new one wherever a note begins or a long silence does.

    A short silence belongs to the chord before it: detached notes are no new chords.

    Returns
    -------
    edges : float array, shape (n + 1,)
        In quarter notes.
    sound : float array, shape (n, 12)
        Quarter notes' worth of each pitch class in each slice.
    bass : int array, shape (n,)
        Pitch class of the lowest note; -1 in silence.
    """
    ends = notes.onset_quarter + notes.duration_quarter
    until = np.maximum.accumulate(ends)  # where all that has begun has ended
    pauses = until[:-1][notes.onset_quarter[1:] - until[:-1] >= PAUSE]
    edges = np.unique(np.round(np.concatenate([notes.onset_quarter, pauses, [ends.max()]]), 4))
    n = len(edges) - 1
    first = np.clip(np.searchsorted(edges, notes.onset_quarter - 1e-4), 0, n)
    last = np.clip(np.searchsorted(edges, ends - 1e-4), 0, n)
    counts = np.maximum(last - first, 0)
    note = np.repeat(np.arange(len(notes)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    overlap = np.minimum(edges[place + 1], ends[note]) - np.maximum(edges[place], notes.onset_quarter[note])
    cells = place * 12 + notes.pitch[note] % 12
    sound = np.bincount(cells, weights=np.maximum(overlap, 0), minlength=12 * n).reshape(n, 12)
    lowest = np.full(n, 32767, dtype=np.int64)
    np.minimum.at(lowest, place, notes.pitch[note])
    return edges, sound, np.where(lowest < 32767, lowest % 12, -1)


def _change_chance(edges: np.ndarray, notes: Notes) -> np.ndarray:
    """Chance that a chord changes at the start of each slice: shape (n,)."""
    starts = edges[:-1]
    bars = notes.bar_onset_quarter
    bar = np.clip(np.searchsorted(bars, starts + 1e-3) - 1, 0, max(len(notes.beat_quarter) - 1, 0))
    inside = starts - bars[bar]
    beat = notes.beat_quarter[bar]
    off = np.abs(inside / beat - np.round(inside / beat)) * beat
    return np.where(inside < 0.02, CHANGE[0], np.where(off < 0.02, CHANGE[1], CHANGE[2]))


def estimate_chords(notes: Notes, track_id: str = "score") -> ChordSequence:
    """Chords of a score from its notes alone.

    Parameters
    ----------
    notes : Notes
    track_id : str

    Returns
    -------
    chords : ChordSequence
        In quarter notes, with the chord tone that prevails in the bass bar by bar, ``N`` where
        nothing sounds, bars, and the mean posterior of each chord as its confidence.

    Raises
    ------
    ReaderError
        For a score longer than any opera.

    Examples
    --------
    >>> notes = Notes(np.array([0., 0, 0, 4, 4, 4]), np.full(6, 4.0), np.array([48, 64, 67, 43, 62, 71]),
    ...               np.array([0., 4, 8]), np.ones(2))
    >>> estimate_chords(notes).labels
    ['C:maj', 'G:maj']
    """
    edges, sound, bass = slice_notes(notes)
    if len(bass) > MAX_SLICES:
        raise ReaderError(f"notes begin at {len(bass):,} moments: at most {MAX_SLICES:,} are read",
                          hint="cut the score into movements")  # fmt: skip
    states = _states()
    lengths = np.diff(edges)
    heard = sound.sum(axis=1)
    silent = heard <= 1e-9
    # Sound counts by its share: eight voices say no more than four, a long slice more than a short one.
    speech = np.where(silent, 0.0, np.minimum(lengths, LONGEST))
    emission = SOUND_WEIGHT * (sound * (speech / np.maximum(heard, 1e-9))[:, None]) @ states.sound.T  # (n, s)
    emission += BASS_WEIGHT * speech[:, None] * states.bass.T[bass]
    change = _change_chance(edges, notes)
    path = _decode(emission, change, states)
    certain = _certainty(emission, change, states, path)
    path = np.where(silent, -1, path)
    low = _bass_line(path, bass, edges, notes, states)
    starts = np.flatnonzero((np.diff(path, prepend=-2) != 0) | (np.diff(low, prepend=-2) != 0))
    ends = np.append(starts[1:], len(path))
    chords, confidence = [], []
    for a, b in zip(starts, ends, strict=True):
        if path[a] < 0:
            chords.append(Chord.NO_CHORD)
            confidence.append(1.0)
            continue
        root, bitmap = int(states.roots[path[a]]), int(states.bitmaps[path[a]])
        chords.append(Chord.from_parts(root, bitmap=bitmap, bass=int(low[a])))
        confidence.append(float(np.average(certain[a:b], weights=lengths[a:b])))
    onsets = edges[starts]
    durations = edges[ends] - onsets
    return ChordSequence(
        tuple(chords), onsets, durations, "quarters", _in_bars(onsets, onsets + durations, notes), None,
        np.clip(confidence, 0, 1), track_id,
    )  # fmt: skip


def _bass_line(path: np.ndarray, bass: np.ndarray, edges: np.ndarray, notes: Notes, states: _States) -> np.ndarray:
    """The chord tone that is lowest longest in that bar of the chord: shape (n,), -1 in silence.

    Finer than bars it would follow every broken chord: no more of the held-out time right, twice the chords.
    """
    bar = np.searchsorted(notes.bar_onset_quarter, edges[:-1] + 1e-3)
    chord = np.cumsum((np.diff(path, prepend=-2) != 0) | (np.diff(bar, prepend=-2) != 0)) - 1
    roots = states.roots[path]
    degree = (bass - roots) % 12
    sounds = (path >= 0) & (bass >= 0) & (states.bitmaps[path] >> degree & 1 == 1)
    cells = chord[sounds] * 12 + degree[sounds]
    time = np.bincount(cells, weights=np.diff(edges)[sounds], minlength=12 * (chord[-1] + 1)).reshape(-1, 12)
    low = (roots + time.argmax(axis=1)[chord]) % 12  # the root where no chord tone is lowest
    return np.where(path < 0, -1, low)


def _in_bars(onsets: np.ndarray, ends: np.ndarray, notes: Notes) -> np.ndarray:
    """Durations in bars: positions are interpolated inside each bar."""
    bars = notes.bar_onset_quarter
    keep = np.append(True, np.diff(bars) > 0)
    place = np.arange(len(bars))[keep].astype(float)
    return np.interp(ends, bars[keep], place) - np.interp(onsets, bars[keep], place)


def _decode(emission: np.ndarray, change: np.ndarray, states: _States) -> np.ndarray:
    """The likeliest states by Viterbi: shape (n,)."""
    n, s = emission.shape
    go, stay = np.log(change), np.log1p(-change)
    moves = states.moves
    finite = moves[np.isfinite(moves)]
    # A chord further behind than the likeliest and the unlikeliest move lie apart is no source of any chord.
    reach = finite.max() - finite.min()
    best = np.empty((n, s))
    best[0] = states.prior + emission[0]
    for t in range(1, n):
        row = best[t - 1]
        near = np.flatnonzero(row >= row.max() - reach)
        came = (moves[near] + row[near, None]).max(axis=0)
        came += go[t]
        np.maximum(came, row + stay[t], out=came)
        np.add(came, emission[t], out=best[t])
    path = np.zeros(n, dtype=np.int64)
    now = path[-1] = best[-1].argmax()
    for t in range(n - 1, 0, -1):
        came = best[t - 1] + moves[:, now]
        source = came.argmax()
        if came[source] + go[t] > best[t - 1, now] + stay[t]:
            now = source
        path[t - 1] = now
    return path


def _certainty(emission: np.ndarray, change: np.ndarray, states: _States, path: np.ndarray) -> np.ndarray:
    """Posterior probability of each slice's state on the path: shape (n,)."""
    n, s = emission.shape
    moves = np.exp(states.moves)
    likelihood = np.exp(emission - emission.max(axis=1, keepdims=True))
    forward = np.empty((n, s))
    row = np.exp(states.prior) * likelihood[0]
    forward[0] = row / row.sum()
    for t in range(1, n):
        row = forward[t - 1] @ moves
        row *= change[t]
        row += (1 - change[t]) * forward[t - 1]
        row *= likelihood[t]
        np.divide(row, row.sum(), out=forward[t])
    certain = np.empty(n)
    certain[-1] = forward[-1, path[-1]]
    backward = np.ones(s)
    for t in range(n - 2, -1, -1):
        message = likelihood[t + 1] * backward
        backward = moves @ message
        backward *= change[t + 1]
        backward += (1 - change[t + 1]) * message
        backward /= backward.sum()
        certain[t] = forward[t, path[t]] * backward[path[t]] / (forward[t] @ backward)
    return certain
