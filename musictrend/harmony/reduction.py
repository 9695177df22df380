"""Vocabularies: how finely a chord is told apart, and the map from fine to coarse.

The order is ``root < majmin < triads < sevenths < full``. A chord outside a
vocabulary is *mapped* to the richest member that it contains with the same
third; without a third (and no suspension to keep) it becomes ``X``. Reduce first, merge then.

======== ==================================================================
root     the root alone
majmin   maj min
triads   maj min dim aug sus2 sus4
sevenths triads and 7 maj7 min7 minmaj7 dim7 hdim7 aug7 augmaj7
full     everything, with the bass
======== ==================================================================

Sixth chords have no seventh: at ``sevenths`` C:maj6 is C:maj, as in the MIREX
vocabularies; a dominant ninth is its dominant seventh.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.quality import list_qualities

__all__ = ["VOCABULARIES", "check_vocabulary", "is_at_least", "reduce_bitmap"]

VOCABULARIES = ("root", "majmin", "triads", "sevenths", "full")
UNKNOWN = 0  # bitmap of X

_b = {name: quality.bitmap for name, quality in list_qualities().items()}


def check_vocabulary(vocabulary: str) -> str:
    """Return the vocabulary, or raise `ParameterError` naming those accepted."""
    if vocabulary not in VOCABULARIES:
        raise ParameterError(f"vocabulary={vocabulary!r} must be 'root', 'majmin', 'triads', 'sevenths' or 'full'")
    return vocabulary


def is_at_least(vocabulary: str, coarsest: str) -> bool:
    """Whether a vocabulary is as fine as ``coarsest`` or finer.

    Examples
    --------
    >>> is_at_least("sevenths", "majmin"), is_at_least("majmin", "sevenths")
    (True, False)
    """
    return VOCABULARIES.index(check_vocabulary(vocabulary)) >= VOCABULARIES.index(check_vocabulary(coarsest))


def _triad(bitmap: int) -> int:
    has = [bool(bitmap >> i & 1) for i in range(12)]
    if has[4]:
        return _b["aug"] if has[8] and not has[7] else _b["maj"]
    if has[3]:
        return _b["dim"] if has[6] and not has[7] else _b["min"]
    if has[5]:
        return _b["sus4"]
    if has[2]:
        return _b["sus2"]
    return UNKNOWN


def _seventh(bitmap: int) -> int:
    triad = _triad(bitmap)
    if triad == UNKNOWN or triad in (_b["sus2"], _b["sus4"]):
        return triad
    if bitmap >> 11 & 1:
        names = {"maj": "maj7", "min": "minmaj7", "aug": "augmaj7", "dim": "dimmaj7"}
    elif bitmap >> 10 & 1:
        names = {"maj": "7", "min": "min7", "aug": "aug7", "dim": "hdim7"}
    elif bitmap >> 9 & 1 and triad == _b["dim"]:
        names = {"dim": "dim7"}
    else:
        return triad
    found = next((seventh for name, seventh in names.items() if _b[name] == triad), None)
    if found == "dimmaj7":  # not in the vocabulary: to its triad
        return triad
    return _b[found] if found else triad


@cache
def _reduction_table(vocabulary: str) -> np.ndarray:
    """Reduced bitmap of every 12-bit bitmap: shape (4096,), int16; 0 is X."""
    table = np.zeros(4096, dtype=np.int16)
    for bitmap in range(1, 4096, 2):  # the root always sounds
        if vocabulary == "root":
            reduced = 1
        elif vocabulary == "majmin":
            reduced = _b["maj"] if bitmap >> 4 & 1 else _b["min"] if bitmap >> 3 & 1 else UNKNOWN
        elif vocabulary == "triads":
            reduced = _triad(bitmap)
        elif vocabulary == "sevenths":
            reduced = _seventh(bitmap)
        else:
            reduced = bitmap
        table[bitmap] = reduced
    table.setflags(write=False)
    return table


def reduce_bitmap(bitmap: np.ndarray | int, vocabulary: str) -> np.ndarray:
    """Map root-relative bitmaps to a vocabulary; 0 is ``X``.

    Parameters
    ----------
    bitmap : int or array of int, any shape
        12-bit sets with bit 0 set, or 0 for N and X.
    vocabulary : str

    Returns
    -------
    reduced : array of int16, same shape

    Examples
    --------
    >>> from musictrend.harmony.quality import quality_from_bitmap as name
    >>> from musictrend.harmony import Chord
    >>> [name(int(reduce_bitmap(Chord(c).bitmap, "sevenths"))) for c in ("C:9", "C:maj6", "C:sus4(b7)")]
    ['7', 'maj', 'sus4']
    >>> int(reduce_bitmap(Chord("C:5").bitmap, "majmin"))
    0
    """
    return _reduction_table(check_vocabulary(vocabulary))[np.asarray(bitmap)]
