"""From the notes of a score to chords, segmentation and chord decided together.

A hidden Markov model over slices of a score: a new slice begins wherever a
note begins. States are a root and one of eleven qualities, and *rest*. A slice
speaks for a chord by how long each pitch class sounds in it and by its lowest
note; a chord changes more readily on a beat and at the start of a bar. The
posterior of each slice, by the forward-backward algorithm, becomes the
confidence of the chord decoded by Viterbi.

References
----------
.. [1] Raphael, Stoddard (2004). Functional harmonic analysis using probabilistic models. Computer Music Journal 28(3).
.. [2] Rabiner (1989). A tutorial on hidden Markov models. Proceedings of the IEEE 77(2).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from musictrend.corpus.notes import Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.sequence import ChordSequence

__all__ = ["estimate_chords", "extract_score", "slice_notes"]

# quality: prior, and weights of its degrees in the sound (root, third, fifth, seventh)
QUALITIES = {
    "maj": (0.420, (0.40, 0.28, 0.27)),
    "min": (0.250, (0.40, 0.28, 0.27)),
    "7": (0.130, (0.31, 0.25, 0.17, 0.23)),
    "dim": (0.035, (0.32, 0.31, 0.32)),
    "min7": (0.045, (0.29, 0.24, 0.20, 0.23)),
    "maj7": (0.015, (0.29, 0.24, 0.20, 0.23)),
    "hdim7": (0.030, (0.26, 0.24, 0.24, 0.22)),
    "dim7": (0.045, (0.24, 0.24, 0.24, 0.24)),
    "aug": (0.006, (0.33, 0.32, 0.30)),
    "minmaj7": (0.003, (0.29, 0.24, 0.20, 0.23)),
    "5": (0.021, (0.55, 0.40)),
}
MIN_POLYPHONY = 1.3  # notes together on average; tune books have 1
OTHER = 0.02  # share of the sound given to notes outside the chord
BASS = {0: 0.62, 1: 0.20, 2: 0.12, 3: 0.05}  # lowest note by degree of the chord
BASS_OTHER = 0.09
SOUND_WEIGHT, BASS_WEIGHT = 5.3, 0.82  # how loudly a quarter note's worth of sound, and its bass, speak
CHANGE = {"bar": 0.90, "beat": 0.90, "off": 0.15}  # chance that a chord changes at a slice that begins there
FIFTH_BONUS = 1.0  # a root that falls a fifth, or a fourth, is that much more likely than another


@cache
def _states() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[tuple[int, int]]]:
    """Log sound (s, 12), log bass (s, 12), log prior (s,), log change (s, s), and (root, bitmap) of each state."""
    sounds, basses, priors, names = [], [], [], []
    table = list_qualities()
    for root in range(12):
        for name, (prior, weights) in QUALITIES.items():
            degrees = [i for i in range(12) if table[name].bitmap >> i & 1]
            sound = np.full(12, OTHER / (12 - len(degrees)))
            bass = np.full(12, BASS_OTHER / (12 - len(degrees)))
            for place, degree in enumerate(degrees):
                sound[(root + degree) % 12] = (1 - OTHER) * weights[place] / sum(weights)
                bass[(root + degree) % 12] = BASS[place]
            sounds.append(np.log(sound))
            basses.append(np.log(bass / bass.sum()))
            priors.append(prior / 12)
            names.append((root, table[name].bitmap))
    prior = np.array(priors)
    roots = np.array([root for root, _ in names])
    step = (roots[None, :] - roots[:, None]) % 12
    change = prior[None, :] * np.where(np.isin(step, (5, 7)), FIFTH_BONUS, 1.0)
    change[np.arange(len(names)), np.arange(len(names))] = 0.0
    change /= change.sum(axis=1, keepdims=True)
    return np.array(sounds), np.array(basses), np.log(prior), np.log(np.maximum(change, 1e-300)), names


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
    """Cut a score into slices, a new one wherever a note begins.

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
    edges = np.unique(np.round(np.concatenate([notes.onset_quarter, [ends.max()]]), 4))
    n = len(edges) - 1
    first = np.clip(np.searchsorted(edges, notes.onset_quarter - 1e-4), 0, n)
    last = np.clip(np.searchsorted(edges, ends - 1e-4), 0, n)
    counts = np.maximum(last - first, 0)
    note = np.repeat(np.arange(len(notes)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    overlap = np.minimum(edges[place + 1], ends[note]) - np.maximum(edges[place], notes.onset_quarter[note])
    sound = np.zeros((n, 12))
    np.add.at(sound, (place, notes.pitch[note] % 12), np.maximum(overlap, 0))
    lowest = np.full(n, 32767, dtype=np.int64)
    np.minimum.at(lowest, place, notes.pitch[note])
    return edges, sound, np.where(lowest < 32767, lowest % 12, -1)


def _change_chance(edges: np.ndarray, notes: Notes) -> np.ndarray:
    """Chance that a chord changes at the start of each slice: shape (n,)."""
    starts = edges[:-1]
    bars = notes.bar_onset_quarter
    bar = np.clip(np.searchsorted(bars, starts + 1e-3) - 1, 0, max(len(notes.beat_quarter) - 1, 0))
    inside = starts - bars[bar]
    beat = np.maximum(notes.beat_quarter[bar], 0.25)
    off = np.abs(inside / beat - np.round(inside / beat)) * beat
    chance = np.where(off < 0.02, CHANGE["beat"], CHANGE["off"])
    return np.where(inside < 0.02, CHANGE["bar"], chance)


def estimate_chords(notes: Notes, track_id: str = "score") -> ChordSequence:
    """Chords of a score from its notes alone.

    Parameters
    ----------
    notes : Notes
    track_id : str

    Returns
    -------
    chords : ChordSequence
        In quarter notes, with the bass that sounds at each chord's start where it belongs to the chord, ``N`` where
        nothing sounds, bars, and the mean posterior of each chord as its confidence.

    Examples
    --------
    >>> notes = Notes(np.array([0., 0, 0, 4, 4, 4]), np.full(6, 4.0), np.array([48, 64, 67, 43, 62, 71]),
    ...               np.array([0., 4, 8]), np.ones(2))
    >>> estimate_chords(notes).labels
    ['C:maj', 'G:maj']
    """
    log_sound, log_bass, log_prior, log_change, names = _states()
    edges, sound, bass = slice_notes(notes)
    lengths = np.diff(edges)
    heard = sound.sum(axis=1)
    silent = heard <= 1e-9
    # Sound is heard relative to its own loudness: eight voices say no more than four, a long slice more than a short one.
    weight = np.where(silent, 0, np.minimum(lengths, 4.0) / np.maximum(heard, 1e-9))
    emission = SOUND_WEIGHT * (sound * weight[:, None]) @ log_sound.T  # (n, s)
    spoken = ~silent
    emission[spoken] += BASS_WEIGHT * np.minimum(lengths[spoken], 4.0)[:, None] * log_bass[:, bass[spoken]].T
    change = _change_chance(edges, notes)
    path = _viterbi(emission, change, log_prior, log_change)
    posterior = _posterior(emission, change, np.exp(log_prior), np.exp(log_change))
    certain = posterior[np.arange(len(path)), path]
    path = np.where(silent, -1, path)
    starts = np.flatnonzero(np.diff(path, prepend=-2) != 0)
    ends = np.append(starts[1:], len(path))
    chords, confidence = [], []
    for a, b in zip(starts, ends, strict=True):
        if path[a] < 0:
            chords.append(Chord.NO_CHORD)
            confidence.append(1.0)
            continue
        root, bitmap = names[path[a]]
        low = _prevailing_bass(bass[a:b], lengths[a:b])
        in_chord = low >= 0 and bitmap >> ((low - root) % 12) & 1
        chords.append(Chord.from_parts(root, bitmap=bitmap, bass=low if in_chord else root))
        confidence.append(float(np.average(certain[a:b], weights=lengths[a:b])))
    onsets = edges[starts]
    durations = edges[ends] - onsets
    return ChordSequence(
        tuple(chords), onsets, durations, "quarters", _in_bars(onsets, onsets + durations, notes), None,
        np.clip(confidence, 0, 1), track_id,
    )  # fmt: skip


def _prevailing_bass(bass: np.ndarray, lengths: np.ndarray) -> int:
    """The pitch class that is lowest for the longest part of a chord."""
    time = np.bincount(bass[bass >= 0], weights=lengths[bass >= 0], minlength=12)
    return int(time.argmax()) if time.any() else -1


def _in_bars(onsets: np.ndarray, ends: np.ndarray, notes: Notes) -> np.ndarray:
    """Durations in bars: positions are interpolated inside each bar."""
    bars = notes.bar_onset_quarter
    keep = np.append(True, np.diff(bars) > 0)
    place = np.arange(len(bars))[keep].astype(float)
    return np.interp(ends, bars[keep], place) - np.interp(onsets, bars[keep], place)


def _viterbi(emission: np.ndarray, change: np.ndarray, log_prior: np.ndarray, log_change: np.ndarray) -> np.ndarray:
    n, s = emission.shape
    back = np.zeros((n, s), dtype=np.int32)
    best = log_prior + emission[0]
    own = np.arange(s)
    for t in range(1, n):
        moved = best[:, None] + log_change
        source = moved.argmax(axis=0)
        go = moved[source, own] + np.log(change[t])
        stay = best + np.log1p(-change[t])
        back[t] = np.where(go > stay, source, own)
        best = np.maximum(go, stay) + emission[t]
    path = np.zeros(n, dtype=np.int64)
    path[-1] = best.argmax()
    for t in range(n - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path


def _posterior(emission: np.ndarray, change: np.ndarray, prior: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Probability of each state in each slice: shape (n, s), rows sum to 1."""
    n, s = emission.shape
    likelihood = np.exp(emission - emission.max(axis=1, keepdims=True))
    forward = np.zeros((n, s))
    forward[0] = prior * likelihood[0]
    forward[0] /= forward[0].sum()
    for t in range(1, n):
        row = ((1 - change[t]) * forward[t - 1] + change[t] * (forward[t - 1] @ moves)) * likelihood[t]
        forward[t] = row / row.sum()
    backward = np.ones(s)
    posterior = forward.copy()
    for t in range(n - 2, -1, -1):
        message = likelihood[t + 1] * backward
        backward = (1 - change[t + 1]) * message + change[t + 1] * (moves @ message)
        backward /= backward.sum()
        posterior[t] = forward[t] * backward
        posterior[t] /= posterior[t].sum()
    return posterior
