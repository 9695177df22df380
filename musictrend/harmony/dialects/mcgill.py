"""McGill Billboard chord tokens (``salami_chords.txt``): ``A:min``, ``D:maj/5``, ``*``, ``&pause``.

Harte's syntax, and two tokens of the corpus: ``&pause`` is a silence (no chord)
and ``*`` a passage that the annotators did not transcribe (``X``). A dot repeats the
beat before it and a bracketed fraction changes the metre: both are the
reader's, as bars are.

References
----------
.. [1] Burgoyne, Wild, Fujinaga (2011). An expert ground-truth set for audio
   chord recognition and music analysis. ISMIR.
"""

from __future__ import annotations

from musictrend.errors import ChordLabelError
from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import harte
from musictrend.harmony.key import Key

__all__ = ["parse_chord"]


def parse_chord(text: str, key: Key | None = None) -> Chord:
    """Read one chord token of a bar.

    Examples
    --------
    >>> [parse_chord(t).label for t in ("A:min7/b3", "&pause", "*")]
    ['A:min7/b3', 'N', 'X']
    """
    token = text.strip()
    if token == "&pause":
        return Chord.NO_CHORD
    if token == "*":
        return Chord.UNKNOWN
    if token == ".":
        raise ChordLabelError("'.' repeats the chord before it: the reader of the bar resolves it")
    return harte.parse_chord(token)
