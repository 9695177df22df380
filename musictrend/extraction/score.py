"""From the notes of a score to chords and keys: segmentation, chord and key decided together.

A score is cut into frames of an eighth note (`score_frames`); a small network that is alike in every key hears chord,
key, bass and the beginnings of chords in them, over some sixteen bars of context (`score_net`); the likeliest paths
of chords and keys are the answer (`score_decoding`). Notes alone are read, with their spelling, metre and key
signature where a file has them: no chord symbol, word or figured bass.

Art music and pop are different languages: there is a network for each, and how the notes go tells which of them
listens (`score_language`). Notes that lie off their file's own beats, as MIDI along a recording does, are laid on them
first (`score_grid`). Weights were learned from other people's analyses (``tools/train_scores.py``); make-up,
licence and figures are in ``docs/models.md``.

References
----------
.. [1] Micchi, Gotham, Giraud (2020). Not all roads lead to Rome. TISMIR 3(1).
.. [2] Nápoles López, Gotham, Fujinaga (2021). AugmentedNet. ISMIR.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from musictrend.corpus.notes import UNSPELLED, Notes
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError
from musictrend.extraction.score_decoding import BEGIN_WEIGHT, BITMAPS, N_QUALITIES, NOTHING, Decoded, Habits, decode
from musictrend.extraction.score_frames import FRAME, Frames, frame_notes
from musictrend.extraction.score_grid import feel_pulse, lay_on_grid
from musictrend.extraction.score_language import tell_language
from musictrend.extraction.score_net import Heard, Net, load_net
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence

__all__ = ["estimate_chords", "extract_score", "listen"]

MIN_POLYPHONY = 1.3  # notes together on average; tune books have 1
PAUSE = 4.0  # quarter notes of silence that are no chord
MAX_FRAMES = 120_000  # an opera has about 50,000


def extract_score(
    path: Path, track_id: str = "score", *, part: str = "", warnings: list[tuple[str, str]] | None = None
) -> ChordSequence:
    """Chords of a score file from its notes.

    Parameters
    ----------
    path : Path
    track_id : str
    part : str
        Which piece of a file that holds several (an ABC tune book); the first without.
    warnings : list of (place, reason), optional
        What was odd in the file and survived is appended to it.

    Raises
    ------
    ReaderError
        When it cannot be read, or is monophonic: one line of melody has no chords to name.
    """
    notes = read_notes(path, part=part)
    if warnings is not None:
        warnings += notes.warnings
    if notes.polyphony < MIN_POLYPHONY:
        raise ReaderError(
            f"monophonic: {notes.polyphony:.2f} notes sound together on average",
            hint="chords are estimated from polyphonic scores only",
        )
    return estimate_chords(notes, track_id)


def estimate_chords(notes: Notes, track_id: str = "score", *, art: Net | None = None) -> ChordSequence:
    """Chords and keys of a score from its notes alone.

    Parameters
    ----------
    notes : Notes
    track_id : str
    art : Net, optional
        Listens to art music instead of the network that ships: one that did not learn from this score.

    Returns
    -------
    chords : ChordSequence
        In quarter notes, with bass, local keys and bars, ``N`` where nothing sounds, and as confidence the
        probability that root and quality are right, calibrated on pieces that the network did not learn from.

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
    end = float((notes.onset_quarter + notes.duration_quarter).max())
    if end / FRAME > MAX_FRAMES:
        raise ReaderError(f"{end:,.0f} quarter notes: at most {MAX_FRAMES * FRAME:,.0f} are read",
                          hint="cut the score into movements")  # fmt: skip
    language, heard, frames, delay = listen(notes, art)
    net = art if art and language == "art" else load_net(language)
    heard = _hush(heard, frames)
    habits = Habits(net.extra["place"], net.extra["keys"], float(net.extra.get("begin", BEGIN_WEIGHT)))
    return _write(decode(heard, habits), heard, delay, notes, end, net, track_id)


def listen(notes: Notes, art: Net | None = None) -> tuple[str, Heard, Frames, float]:
    """What the network of the language of these notes hears in them.

    Parameters
    ----------
    notes : Notes
    art : Net, optional
        As for `estimate_chords`.

    Returns
    -------
    language : ``art`` or ``pop``
    heard : Heard
    frames : Frames
    delay : float, quarter notes
        How much later than the notes the frames lie: those of songs exported along a recording are laid on its beats.
    """
    moved, delay = lay_on_grid(notes)
    frames = frame_notes(moved)
    spelled = bool((notes.fifth != UNSPELLED).any())
    language = tell_language(frames, load_net("pop").extra["language"], spelled, delay)
    net = art if art and language == "art" else load_net(language)
    heard = net.hear(feel_pulse(frames) if language == "pop" else frames)
    return language, heard, frames, delay


def _hush(heard: Heard, frames: Frames) -> Heard:
    """No chord in a long silence; a short one belongs to the chord before it: detached notes are no new chords."""
    silent = frames.bass < 0
    starts = np.flatnonzero(np.diff(silent, prepend=False))
    bounds = np.append(starts, len(silent)) if len(starts) % 2 else starts
    long = np.zeros(len(silent), dtype=bool)
    for a, b in zip(bounds[::2], bounds[1::2], strict=True):
        long[a:b] = (b - a) * FRAME >= PAUSE
    if not long.any():
        return heard
    chord, change = heard.chord.copy(), heard.change.copy()
    chord[long] = -50.0
    chord[long, NOTHING] = 0.0
    chord[silent & ~long] = np.log(1 / chord.shape[1])
    change[np.flatnonzero(np.diff(long, prepend=False))] = 8.0
    return Heard(chord, heard.key, heard.bass, change)


def _write(
    found: Decoded, heard: Heard, delay: float, notes: Notes, end: float, model: Net, track_id: str
) -> ChordSequence:
    """States of frames as chords: one for each stretch of one chord, bass and key."""
    n = len(found.chord)
    new = np.zeros(n, dtype=bool)
    for state in (found.chord, found.key, found.bass):
        new |= np.diff(state, prepend=-2) != 0
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], n)
    right = heard.chord[np.arange(n), found.chord]
    certain = np.add.reduceat(np.exp(right.astype(np.float64)), starts) / (ends - starts)
    certain = np.clip(certain, 1e-4, 1 - 1e-4)
    slope, shift = model.extra["calibration"]
    confidence = 1 / (1 + np.exp(-(slope * np.log(certain / (1 - certain)) + shift)))
    chords = []
    for state, low in zip(found.chord[starts].tolist(), found.bass[starts].tolist(), strict=True):
        if state == NOTHING:
            chords.append(Chord.NO_CHORD)
        else:
            root, quality = divmod(state, N_QUALITIES)
            chords.append(Chord.from_parts(root, bitmap=int(BITMAPS[quality]), bass=low))
    keys = [Key(state // 2, "minor" if state % 2 else "major") for state in found.key[starts].tolist()]
    onsets = np.clip(starts * FRAME - delay, 0, end)
    durations = np.clip(ends * FRAME - delay, 0, end) - onsets
    bars = _in_bars(onsets, onsets + durations, notes)
    return ChordSequence(tuple(chords), onsets, durations, "quarters", bars, keys, confidence, track_id)


def _in_bars(onsets: np.ndarray, ends: np.ndarray, notes: Notes) -> np.ndarray:
    """Durations in bars: positions are interpolated inside each bar."""
    bars = notes.bar_onset_quarter
    keep = np.append(True, np.diff(bars) > 0)
    place = np.arange(len(bars))[keep].astype(float)
    return np.interp(ends, bars[keep], place) - np.interp(onsets, bars[keep], place)
