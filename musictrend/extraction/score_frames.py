"""A score as the network hears it: frames of an eighth note, and what each pitch class does in them.

Everything is told from the pitch classes themselves or from what does not depend on them, so a piece played in
another key is the same frames turned: turning them round the circle is all that transposition does. Spelling is a
distance on the line of fifths from where the music around it lies (F sharp in C major is six steps up, G flat six
down), so it turns too; where notes have no names, as in MIDI, it is silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.corpus.notes import UNSPELLED, Notes

__all__ = ["FRAME", "N_PITCH_CHANNELS", "N_PLAIN_CHANNELS", "Frames", "frame_notes"]

FRAME = 0.5  # quarter notes; 0.2% of the time of human analyses lies off this grid
SLOTS = 2  # sixteenths in a frame
N_PITCH_CHANNELS = 10
N_PLAIN_CHANNELS = 10
LOW = 4  # semitones below the median pitch of the piece at which notes begin to count as low
NEAR = 32  # frames to each side over which the centre on the line of fifths is taken


@dataclass(frozen=True, eq=False)
class Frames:
    """What the network reads.

    Attributes
    ----------
    pitch : float32 array, shape (n, 12, N_PITCH_CHANNELS)
        Share of the sound; presence in the first and second sixteenth; onsets; time in the bass, on top, and low;
        spelling; the written key's major tonic; presence in the whole bar.
    plain : float32 array, shape (n, N_PLAIN_CHANNELS)
        Start of a bar and of a beat, place in the bar, bar length, whether bars, key signature and spelling are
        known, silence, how many notes sound and begin.
    bass : int array, shape (n,)
        Pitch class of the lowest note, -1 in silence.
    """

    pitch: np.ndarray
    plain: np.ndarray
    bass: np.ndarray

    def __len__(self) -> int:
        return len(self.bass)

    def bare(self) -> Frames:
        """The same without spelling, key signature and metre, as a MIDI file may lack them all."""
        pitch, plain = self.pitch.copy(), self.plain.copy()
        pitch[:, :, 7:] = 0
        plain[:, :7] = 0
        return Frames(pitch, plain, self.bass)


def _spread(notes: Notes, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every note in every sixteenth it sounds in: index of the note, of the sixteenth, and share of it."""
    step = FRAME / SLOTS
    start = notes.onset_quarter / step
    end = start + notes.duration_quarter / step
    first = np.clip(np.floor(start + 0.02).astype(np.int64), 0, n * SLOTS - 1)
    last = np.clip(np.ceil(end - 0.02).astype(np.int64), first + 1, n * SLOTS)
    counts = last - first
    note = np.repeat(np.arange(len(notes)), counts)
    slot = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    share = np.minimum(slot + 1, end[note]) - np.maximum(slot, start[note])
    return note, slot, np.clip(share, 0.02, 1.0)


def frame_notes(notes: Notes) -> Frames:
    """Cut a score into frames.

    Parameters
    ----------
    notes : Notes, at least one note

    Returns
    -------
    frames : Frames
        From the start of the score to the end of its last note.
    """
    ends = notes.onset_quarter + notes.duration_quarter
    n = max(int(np.ceil(ends.max() / FRAME - 1e-6)), 1)
    note, slot, share = _spread(notes, n)
    pc = (notes.pitch % 12).astype(np.int64)
    size = n * SLOTS * 12
    cell = slot * 12 + pc[note]
    presence = np.minimum(np.bincount(cell, share, size), 1.0).reshape(n, SLOTS, 12)
    sound = np.bincount(cell, share, size).reshape(n, SLOTS, 12).sum(axis=1)
    low_share = share * (notes.pitch[note] < np.median(notes.pitch) - LOW)
    low = np.minimum(np.bincount(cell, low_share, size), 1.0).reshape(n, SLOTS, 12).mean(axis=1)
    lowest, highest = np.full(n * SLOTS, 999), np.full(n * SLOTS, -1)
    np.minimum.at(lowest, slot, notes.pitch[note])
    np.maximum.at(highest, slot, notes.pitch[note])
    heard = highest >= 0
    bass, top = np.zeros((n * SLOTS, 12)), np.zeros((n * SLOTS, 12))
    at = np.flatnonzero(heard)
    bass[at, lowest[at] % 12] = 1 / SLOTS
    top[at, highest[at] % 12] = 1 / SLOTS
    bass, top = bass.reshape(n, SLOTS, 12).sum(axis=1), top.reshape(n, SLOTS, 12).sum(axis=1)
    begins = np.clip(np.floor(notes.onset_quarter / FRAME + 0.02).astype(np.int64), 0, n - 1)
    onsets = np.bincount(begins * 12 + pc, minlength=n * 12).reshape(n, 12).astype(float)
    total = sound.sum(axis=1)
    bars = _bars(notes, n)
    pitch = np.zeros((n, 12, N_PITCH_CHANNELS), dtype=np.float32)
    pitch[:, :, 0] = sound / np.maximum(total, 1e-9)[:, None]
    pitch[:, :, 1:3] = presence.transpose(0, 2, 1)
    pitch[:, :, 3] = np.minimum(onsets, 1)
    pitch[:, :, 4], pitch[:, :, 5], pitch[:, :, 6] = bass, top, low
    pitch[:, :, 7], spelled = _spelling(notes, note, slot // SLOTS, share, n)
    pitch[:, :, 8], signed = _signature(notes, n)
    in_bar = np.add.reduceat(sound, np.flatnonzero(np.diff(bars, prepend=-1)), axis=0)
    in_bar /= np.maximum(in_bar.sum(axis=1, keepdims=True), 1e-9)
    pitch[:, :, 9] = in_bar[bars - bars[0]]
    plain = np.zeros((n, N_PLAIN_CHANNELS), dtype=np.float32)
    plain[:, :5] = _metre(notes, n, bars)
    plain[:, 5], plain[:, 6] = signed, spelled
    plain[:, 7] = total == 0
    plain[:, 8] = np.log1p(total / SLOTS) / 2
    plain[:, 9] = np.log1p(onsets.sum(axis=1)) / 2
    prevails = np.where(total > 0, bass.argmax(axis=1), -1)
    return Frames(pitch, plain, prevails)


def _bars(notes: Notes, n: int) -> np.ndarray:
    """Bar of each frame: non-decreasing, without gaps, shape (n,)."""
    starts = notes.bar_onset_quarter[:-1] if len(notes.bar_onset_quarter) > 1 else np.zeros(1)
    bar = np.searchsorted(starts, np.arange(n) * FRAME + 0.02, side="right")
    return np.cumsum(np.diff(bar, prepend=bar[0]) > 0)


def _metre(notes: Notes, n: int, bars: np.ndarray) -> np.ndarray:
    """Start of a bar, of a beat, place in the bar, length of the bar, whether bars are known: shape (n, 5)."""
    edges, beats = notes.bar_onset_quarter, notes.beat_quarter
    out = np.zeros((n, 5))
    if len(edges) < 2 or not len(beats):
        return out
    now = np.arange(n) * FRAME
    bar = np.clip(np.searchsorted(edges, now + 0.02, side="right") - 1, 0, len(beats) - 1)
    inside, length = now - edges[bar], np.maximum(np.diff(edges)[bar], FRAME)
    beat = beats[bar]
    phase = np.abs(inside / beat - np.round(inside / beat)) * beat
    out[:, 0] = np.diff(bars, prepend=-1) > 0
    out[:, 1] = phase < 0.02
    out[:, 2] = np.clip(inside / length, 0, 1)
    out[:, 3] = np.log2(np.clip(length, 0.5, 16) / 4) / 2
    out[:, 4] = 1
    return out


def _signature(notes: Notes, n: int) -> tuple[np.ndarray, np.ndarray]:
    """One-hot major tonic of the key signature, and whether there is one: shapes (n, 12) and (n,)."""
    hot, known = np.zeros((n, 12)), np.zeros(n)
    changes = sorted(notes.fifths)
    for i, (onset, fifths) in enumerate(changes):
        a = 0 if i == 0 else min(max(round(onset / FRAME), 0), n)
        b = n if i + 1 == len(changes) else min(max(round(changes[i + 1][0] / FRAME), 0), n)
        hot[a:b] = 0
        hot[a:b, 7 * fifths % 12] = 1
        known[a:b] = 1
    return hot, known


def _spelling(
    notes: Notes, note: np.ndarray, frame: np.ndarray, share: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Steps on the line of fifths from the centre of the music around, by pitch class, in sixes; and known."""
    place = notes.fifth[note].astype(float)
    named = place != UNSPELLED
    note, frame, share, place = note[named], frame[named], share[named], place[named]
    if not len(note):
        return np.zeros((n, 12)), np.zeros(n)
    mass = np.concatenate([[0.0], np.cumsum(np.bincount(frame, share, n))])
    moment = np.concatenate([[0.0], np.cumsum(np.bincount(frame, share * place, n))])
    low, high = np.maximum(np.arange(n) - NEAR, 0), np.minimum(np.arange(n) + NEAR + 1, n)
    around = mass[high] - mass[low]
    centre = (moment[high] - moment[low]) / np.maximum(around, 1e-9)
    cell = frame * 12 + notes.pitch[note] % 12
    weight = np.bincount(cell, share, n * 12)
    off = np.bincount(cell, share * (place - centre[frame]) / 6, n * 12)
    steps = np.clip(off / np.maximum(weight, 1e-9), -2, 2) * np.minimum(weight / SLOTS, 1)
    return steps.reshape(n, 12), (around > 0).astype(float)
