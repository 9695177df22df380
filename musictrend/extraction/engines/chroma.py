"""Which notes sound: chroma of bass and treble by non-negative least squares.

A spectrum with three bins a semitone is tuned to the recording's own A,
whitened against its neighbourhood, and explained as a sum of notes, each a
ladder of overtones, none negative. What the notes leave in each pitch class,
low and high, is the chroma. It follows the published method behind Chordino,
so that profiles learned from Chordino's chroma of real songs fit it.

References
----------
.. [1] Mauch, Dixon (2010). Approximate note transcription for the improved identification of difficult chords. ISMIR.
.. [2] Cichocki, Phan (2009). Fast local algorithms for large scale nonnegative matrix and tensor factorizations. IEICE.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from musictrend.errors import ParameterError

__all__ = ["HOP", "SAMPLE_RATE", "estimate_tuning", "extract_chroma", "log_spectrum", "note_activations", "whiten"]

SAMPLE_RATE = 22050  # Hz
FRAME, HOP = 8192, 1024  # samples: 0.37 s and 46 ms
BINS = 3  # a semitone
LOWEST, N_NOTES = 21, 84  # MIDI A0, seven octaves
EDGE = 3  # bins below the lowest note
N_BINS = EDGE + N_NOTES * BINS + 1
OVERTONE = 0.7  # each partial against the one below it
SWEEPS = 12  # of coordinate descent; 30 change chroma by less than 1%
STRETCH = 2048  # frames worked on at once


def extract_chroma(y: np.ndarray, *, tuning: float | None = None) -> tuple[np.ndarray, float]:
    """Chroma of bass and treble on frames of 46 ms.

    Parameters
    ----------
    y : float array, shape (n_samples,)
        Mono, at `SAMPLE_RATE`.
    tuning : float, optional
        Semitones above 440 Hz; estimated where absent.

    Returns
    -------
    chroma : float32 array, shape (n_frames, 2, 12)
        Bass and treble, pitch class 0 = C; 0 in silence. Frame ``i`` is centred at ``i * HOP`` samples.
    tuning : float
        Semitones, -0.5 to 0.5.

    Examples
    --------
    >>> time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    >>> chroma, tuning = extract_chroma(sum(np.sin(6.2832 * 447 * k * time) / k for k in (1, 2, 3)))
    >>> int(chroma[30, 1].argmax()), round(tuning, 1)
    (9, 0.3)
    """
    spectrum = log_spectrum(y)
    if tuning is None:
        tuning = estimate_tuning(spectrum)
    chroma = np.empty((len(spectrum), 2, 12), dtype=np.float32)
    bass, treble = _registers()
    fold = np.zeros((N_NOTES, 2, 12), dtype=np.float32)
    pitch_class = (LOWEST + np.arange(N_NOTES)) % 12
    fold[np.arange(N_NOTES), 0, pitch_class] = bass
    fold[np.arange(N_NOTES), 1, pitch_class] = treble
    for start in range(0, len(spectrum), STRETCH):
        part = slice(start, start + STRETCH)
        notes = note_activations(whiten(_retune(spectrum[part], tuning)))
        chroma[part] = (notes @ fold.reshape(N_NOTES, 24)).reshape(-1, 2, 12)
    return chroma, tuning


def log_spectrum(y: np.ndarray) -> np.ndarray:
    """Magnitudes at three bins a semitone from A0 up.

    Returns
    -------
    spectrum : float32 array, shape (n_frames, N_BINS)
    """
    y = np.asarray(y, dtype=np.float32)
    if y.ndim != 1:
        raise ParameterError(f"y has shape {y.shape}, must be (n_samples,): mono")
    if not len(y):
        return np.zeros((0, N_BINS), dtype=np.float32)
    padded = np.pad(y, FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    window = np.hamming(FRAME).astype(np.float32)
    kernel = _kernel()
    spectrum = np.empty((len(frames), N_BINS), dtype=np.float32)
    from scipy.fft import rfft

    for start in range(0, len(frames), 128):
        magnitudes = np.abs(rfft(frames[start : start + 128] * window, axis=1))
        spectrum[start : start + 128] = (kernel @ magnitudes.T).T
    return spectrum


def estimate_tuning(spectrum: np.ndarray) -> float:
    """How far the recording's A lies above 440 Hz: the phase of energy over the three bins of every semitone.

    Parameters
    ----------
    spectrum : float array, shape (n_frames, N_BINS)

    Returns
    -------
    tuning : float
        Semitones, -0.5 to 0.5; 0 for silence.
    """
    # Peaks above their neighbourhood carry the tuning; noise between them does not.
    total = whiten(spectrum).sum(axis=0)[EDGE - 1 : EDGE - 1 + N_NOTES * BINS]
    third = total.reshape(N_NOTES, BINS).sum(axis=0)
    return float(np.angle(np.sum(third * np.exp(2j * np.pi * (np.arange(BINS) - 1) / BINS))) / (2 * np.pi))


def whiten(spectrum: np.ndarray) -> np.ndarray:
    """What stands out of the half octave around, in its standard deviations; nothing else.

    Parameters
    ----------
    spectrum : float array, shape (n_frames, N_BINS)
    """
    from scipy.ndimage import convolve1d

    window = np.hamming(19).astype(np.float32)
    window /= window.sum()
    above = spectrum - convolve1d(spectrum, window, axis=1, mode="nearest")
    spread = np.sqrt(convolve1d(above**2, window, axis=1, mode="nearest"))
    # Digital silence and what lies 80 dB below the loudest has no notes.
    floor = 1e-4 * spectrum.max(initial=0.0) + 1e-9
    return np.where(above > 0, above / np.maximum(spread, floor), 0).astype(np.float32)


def note_activations(spectrum: np.ndarray) -> np.ndarray:
    """Non-negative amounts of each note that best explain whitened spectra.

    Parameters
    ----------
    spectrum : float array, shape (n_frames, N_BINS)

    Returns
    -------
    notes : float32 array, shape (n_frames, N_NOTES)
        From A0 up.
    """
    dictionary = _dictionary()
    gram = dictionary @ dictionary.T
    seen = np.ascontiguousarray(dictionary @ spectrum.T)  # (n_notes, n_frames)
    notes = np.maximum(seen / gram.sum(axis=1, keepdims=True), 0)
    for _ in range(SWEEPS):
        for k in range(N_NOTES):
            step = (seen[k] - gram[k] @ notes) / gram[k, k]
            np.maximum(notes[k] + step, 0, out=notes[k])
    return notes.T


def _retune(spectrum: np.ndarray, tuning: float) -> np.ndarray:
    """Shift spectra by a part of a semitone, so that notes lie on the middle bins."""
    shift = tuning * BINS
    whole = int(np.floor(shift))
    part = np.float32(shift - whole)
    wide = np.pad(spectrum, ((0, 0), (BINS, BINS)), mode="edge")
    at = BINS + whole
    return (1 - part) * wide[:, at : at + N_BINS] + part * wide[:, at + 1 : at + 1 + N_BINS]


@cache
def _kernel() -> Any:
    """From the bins of a Fourier transform to three bins a semitone: sparse, shape (N_BINS, FRAME // 2 + 1)."""
    from scipy.sparse import coo_matrix

    rows, columns, values = [], [], []
    offset = np.linspace(-1, 1, 81)[1:-1]
    bell = 0.5 + 0.5 * np.cos(np.pi * offset)
    for number in range(N_BINS):
        octave = ((number - EDGE + offset) / BINS + LOWEST - 69) / 12
        place = 440.0 * 2**octave * FRAME / SAMPLE_RATE
        below = place.astype(int)
        part = place - below
        # A kernel narrower than a bin reads between bins; a wide one adds them up.
        weight = bell / bell.sum() * max(np.ptp(place) / 2, 1.0)
        for at, share in ((below, 1 - part), (below + 1, part)):
            rows.append(np.full(len(at), number))
            columns.append(at)
            values.append(weight * share)
    shape = (N_BINS, FRAME // 2 + 1)
    triple = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return coo_matrix(triple, shape=shape).tocsr().astype(np.float32)


@cache
def _dictionary() -> np.ndarray:
    """The overtones of every note: shape (N_NOTES, N_BINS)."""
    bins = np.arange(N_BINS)
    dictionary = np.zeros((N_NOTES, N_BINS), dtype=np.float32)
    for partial in range(1, 21):
        place = EDGE + BINS * (np.arange(N_NOTES) + 12 * np.log2(partial))
        distance = np.abs(bins - place[:, None])
        dictionary += OVERTONE ** (partial - 1) * np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * distance), 0)
    return dictionary


@cache
def _registers() -> tuple[np.ndarray, np.ndarray]:
    """Weights of every note in bass and treble: raised cosines around E flat 2 and E 4."""
    note = np.arange(N_NOTES) + 0.5
    bass = np.where(note < 37.35, 0.5 - 0.5 * np.cos(2 * np.pi * note / 37.35), 0)
    treble = 0.5 - 0.5 * np.cos(2 * np.pi * note / N_NOTES)
    return bass.astype(np.float32), treble.astype(np.float32)
