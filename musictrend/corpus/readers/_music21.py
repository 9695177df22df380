"""Notes of what only music21 reads: Humdrum kern, ABC, and odd files. Slow (3 s to load, seconds a score)."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from musictrend.corpus.files import read_bytes
from musictrend.corpus.notes import Notes
from musictrend.errors import ReaderError

__all__ = ["notes_from_music21"]

MAX_SCORE = 16 * 2**20


def notes_from_music21(path: Path) -> Notes:
    """Notes of a score through music21; whatever it raises is one clear line."""
    read_bytes(path, limit=MAX_SCORE)  # refuses what is too large or empty before music21 sees it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import music21

        try:
            score = music21.converter.parse(path, forceSource=True, storePickle=False)
            flat = score.stripTies().flatten()
            rows = [
                (float(element.offset), float(element.quarterLength), pitch.midi)
                for element in flat.notes
                if not element.duration.isGrace
                for pitch in element.pitches
            ]
            part = (list(score.parts) or [score])[0]
            bars = [(float(m.offset), float(m.barDuration.quarterLength)) for m in part.getElementsByClass("Measure")]
            beats = [
                (float(t.offset), float(t.beatDuration.quarterLength))
                for t in part.flatten().getElementsByClass("TimeSignature")
            ]
            fifths = [(float(k.offset), int(k.sharps)) for k in part.flatten().getElementsByClass("KeySignature")]
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise ReaderError(f"music21 cannot read it: {reason}", hint="export it as MusicXML") from None
    rows = [row for row in rows if row[1] > 0]
    if not rows:
        raise ReaderError("a score without notes")
    onset, length, pitch = (np.array(column) for column in zip(*sorted(rows), strict=True))
    end = float((onset + length).max())
    starts = np.unique([0.0, *(at for at, _ in bars), end])
    lengths = np.interp(starts[:-1], [at for at, _ in beats], [b for _, b in beats]) if beats else np.ones(len(starts) - 1)
    return Notes(onset, length, pitch.astype(np.int16), starts, np.maximum(lengths, 0.25), fifths)
