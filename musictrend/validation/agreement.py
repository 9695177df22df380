"""How far two sides of chords agree: mir_eval's rules, over all pieces at once.

Conventions
-----------
Each rule compares one piece of the reference with one of the estimate and gives
1, 0, or NaN where the reference chord is outside the rule's vocabulary: such
time is *ignored* (complexity is different: there a chord is mapped).
Chords are seen as mir_eval sees them: ``closed`` holds the notes inside an
octave above the root with the bass, so that ``C:9`` is ``C:7`` and
``C:maj(9)`` is ``C:maj``. What lies above the octave is told by the label that
such a chord commonly has: mir_eval goes by the spelling, so that ``C:min7(4)`` is to it
another chord than ``C:min7(11)``; here they are one.

=============== =============================================================
root            roots
thirds          roots, and both or neither with a minor third
majmin          major and minor triads and ``N``
triads          roots and notes up to the fifth
sevenths        ``maj min maj7 7 min7 N``
tetrads         roots and all notes inside the octave
mirex           three pitch classes in common
tonic           of the key, where the reference has one
key             tonic and mode
roman           key, root, and quality at ``sevenths``
inversion       the note in the bass, where the reference has a chord
=============== =============================================================

``_inv`` and ``_inversion`` want the bass too. Two of mir_eval's habits are kept,
so that figures compare: an estimate ``X`` over a reference ``N`` has the right
root, and ``X`` has three pitch classes in common with everything; the share of
time estimated as ``X`` stands beside the scores for that reason.

References
----------
.. [1] Raffel et al. (2014). mir_eval: a transparent implementation of common MIR metrics. ISMIR.
.. [2] Harte (2010). Towards automatic extraction of harmony information from music signals. Thesis, QMUL.
.. [3] Pauwels, Peeters (2013). Evaluating automatically estimated chord sequences. ICASSP.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from musictrend.harmony.quality import list_qualities, parse_degree, quality_from_bitmap
from musictrend.harmony.reduction import reduce_bitmap
from musictrend.harmony.table import ChordTable
from musictrend.validation.alignment import Alignment, longest_pieces

__all__ = ["CHORD_RULES", "KEY_RULES", "SEGMENTATION", "Pieces", "compare_pieces", "score_segmentation"]

SEGMENTATION = ("overseg", "underseg", "seg")
OCTAVE = 12
# Qualities that annotators (McGill Billboard) write otherwise than our canonical label: which notes lie in the octave.
_WRITTEN = {
    "sus4(2)": "sus4(9)", "maj7(13)": "maj6(7)", "7(13)": "maj6(b7)", "minmaj7(13)": "min6(7)",
    "7(11,13)": "maj6(b7,11)", "7(11)": "7(4)", "(4)": "(11)", "(4,b5)": "(b5,11)", "dim7(5)": "min6(#11)",
}  # fmt: skip
_DEGREE = re.compile(r"([b#]*)(\d+)")
_STEPS = (0, 2, 4, 5, 7, 9, 11)
_BITMAPS = {name: quality.bitmap for name, quality in list_qualities().items()}
UP_TO_FIFTH = 0xFF  # unison to minor sixth, as mir_eval cuts it


@dataclass(frozen=True, eq=False)
class Pieces:
    """What sounds on one side in each of m pieces: int arrays, shape (m,).

    Attributes
    ----------
    root : -1 for N and X
    bass : semitones above the root, -1 for N and X
    closed : notes inside the octave with the bass, 0 for N and X
    quality : reduced to ``sevenths``, 0 for N and X and what is outside it
    unknown : bool, X
    key : tonic + 12 in minor, -1 where there is none
    """

    root: np.ndarray
    bass: np.ndarray
    closed: np.ndarray
    quality: np.ndarray
    unknown: np.ndarray
    key: np.ndarray

    @classmethod
    def of_rows(cls, table: ChordTable, rows: np.ndarray) -> Pieces:
        """The chords in some rows of a table; row -1 is an ``N`` without a key."""
        labels = table.labels
        with_none = lambda values, none: np.append(np.asarray(values, dtype=np.int64), none)  # noqa: E731
        root = with_none(labels.root, -1)
        bass = np.where(root >= 0, (with_none(labels.bass, -1) - root) % 12, -1)
        bitmap = with_none(labels.bitmap, 0)
        closed = np.where(root >= 0, _closed_bitmaps()[bitmap] | 1 << np.maximum(bass, 0), 0)
        unknown = np.array([text == "X" for text in (*labels.text, "N")])
        keys = np.where(table.key_tonic >= 0, table.key_tonic + 12 * (table.key_mode == 1), -1)
        code = with_none(table.label, len(labels))[rows]
        return cls(
            root[code], bass[code], closed[code], reduce_bitmap(bitmap, "sevenths")[code], unknown[code],
            with_none(keys, -1)[rows],
        )  # fmt: skip

    @property
    def chroma(self) -> np.ndarray:
        """Absolute set of ``closed``; everything for X, as in mir_eval."""
        turned = self.closed << np.maximum(self.root, 0)
        return np.where(self.unknown, 4095, (turned | turned >> 12) & 4095)


@cache
def _closed_bitmaps() -> np.ndarray:
    """Every quality without what its common label puts above the octave: shape (4096,)."""
    table = np.zeros(4096, dtype=np.int64)
    for bitmap in range(1, 4096, 2):
        name = quality_from_bitmap(bitmap)
        short, _, listed = _WRITTEN.get(name, name).partition("(")
        degrees = [
            *(list_qualities()[short].degrees if short else ("1",)),
            *filter(None, listed.rstrip(")").split(",")),
        ]
        table[bitmap] = 1 | sum({1 << parse_degree(degree) for degree in degrees if _height(degree) < OCTAVE})
    table.setflags(write=False)
    return table


def _height(degree: str) -> int:
    """Semitones above the root of a degree, an octave and more included."""
    match = _DEGREE.fullmatch(degree)
    assert match is not None
    octave, step = divmod(int(match[2]) - 1, 7)
    return 12 * octave + _STEPS[step] + match[1].count("#") - match[1].count("b")


def _known(right: np.ndarray, estimate: Pieces, ignored: np.ndarray) -> np.ndarray:
    """1 and 0 for right and wrong, NaN where ignored; an X is no chord of any vocabulary."""
    return np.where(ignored, np.nan, right & ~estimate.unknown)


def _compare_root(reference: Pieces, estimate: Pieces) -> np.ndarray:
    return np.where(reference.unknown, np.nan, reference.root == estimate.root)


def _compare_thirds(reference: Pieces, estimate: Pieces) -> np.ndarray:
    third = (reference.closed ^ estimate.closed) >> 3 & 1 == 0
    return _known((reference.root == estimate.root) & third, estimate, reference.unknown)


def _same_notes(reference: Pieces, estimate: Pieces, notes: int) -> np.ndarray:
    return (reference.root == estimate.root) & ((reference.closed ^ estimate.closed) & notes == 0)


def _compare_triads(reference: Pieces, estimate: Pieces) -> np.ndarray:
    return _known(_same_notes(reference, estimate, UP_TO_FIFTH), estimate, reference.unknown)


def _compare_tetrads(reference: Pieces, estimate: Pieces) -> np.ndarray:
    return _known(_same_notes(reference, estimate, 4095), estimate, reference.unknown)


def _compare_majmin(reference: Pieces, estimate: Pieces) -> np.ndarray:
    inside = np.isin(reference.closed & UP_TO_FIFTH, [_BITMAPS["maj"], _BITMAPS["min"]]) | (reference.root < 0)
    return _known(_same_notes(reference, estimate, UP_TO_FIFTH), estimate, ~inside | reference.unknown)


def _compare_sevenths(reference: Pieces, estimate: Pieces) -> np.ndarray:
    inside = np.isin(reference.closed, [0, *(_BITMAPS[name] for name in ("maj", "min", "maj7", "7", "min7"))])
    return _known(_same_notes(reference, estimate, 4095), estimate, ~inside | reference.unknown)


def _compare_mirex(reference: Pieces, estimate: Pieces) -> np.ndarray:
    common = np.bitwise_count(reference.chroma & estimate.chroma) >= 3
    both_none = (reference.root < 0) & (estimate.root < 0)
    few = np.isin(np.bitwise_count(reference.closed), [1, 2])
    return np.where(few | reference.unknown, np.nan, common | both_none)


def _compare_tonic(reference: Pieces, estimate: Pieces) -> np.ndarray:
    same = (estimate.key >= 0) & (reference.key % 12 == estimate.key % 12)
    return np.where(reference.key < 0, np.nan, same)


def _compare_inversion(reference: Pieces, estimate: Pieces) -> np.ndarray:
    low = [(side.root + side.bass) % 12 for side in (reference, estimate)]
    return np.where(reference.root < 0, np.nan, (low[0] == low[1]) & (estimate.root >= 0))


def _compare_key(reference: Pieces, estimate: Pieces) -> np.ndarray:
    return np.where(reference.key < 0, np.nan, reference.key == estimate.key)


def _compare_roman(reference: Pieces, estimate: Pieces) -> np.ndarray:
    right = (
        (reference.root == estimate.root) & (reference.quality == estimate.quality) & (reference.key == estimate.key)
    )
    return _known(right, estimate, (reference.key < 0) | (reference.quality == 0))


Rule = Callable[[Pieces, Pieces], np.ndarray]


def _with_bass(rule: Rule) -> Rule:
    """The rule that wants the right bass besides."""
    return lambda reference, estimate: rule(reference, estimate) * (reference.bass == estimate.bass)


_NOTES: dict[str, Rule] = {
    "thirds": _compare_thirds,
    "majmin": _compare_majmin,
    "triads": _compare_triads,
    "sevenths": _compare_sevenths,
    "tetrads": _compare_tetrads,
}
CHORD_RULES: dict[str, Rule] = {"root": _compare_root}
for _name, _rule in _NOTES.items():
    CHORD_RULES |= {_name: _rule, f"{_name}_inv": _with_bass(_rule)}
CHORD_RULES["mirex"] = _compare_mirex
KEY_RULES: dict[str, Rule] = {
    "tonic": _compare_tonic,
    "key": _compare_key,
    "roman": _compare_roman,
    "roman_inversion": _with_bass(_compare_roman),
    "inversion": _compare_inversion,
}


def compare_pieces(rule: str, reference: Pieces, estimate: Pieces) -> np.ndarray:
    """Whether each piece of the estimate is right by a rule: 1, 0, or NaN where the reference is ignored.

    Parameters
    ----------
    rule : str
        A name of ``CHORD_RULES`` or ``KEY_RULES``.
    reference, estimate : Pieces, m pieces

    Returns
    -------
    right : float64 array, shape (m,)

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> read = lambda *labels: Pieces.of_rows(ChordSequence.from_labels(labels).to_table(), np.arange(len(labels)))
    >>> compare_pieces("majmin", read("C", "C", "C:sus4"), read("C:7", "C:min", "C"))
    array([ 1.,  0., nan])
    """
    return {**CHORD_RULES, **KEY_RULES}[rule](reference, estimate)


def score_segmentation(reference: ChordTable, estimate: ChordTable, pieces: Alignment) -> dict[str, np.ndarray]:
    """How well chords change together, whatever they are: 1 is perfect, for each track.

    ``overseg`` falls where the estimate changes inside a chord of the reference, ``underseg`` where it
    misses changes; ``seg`` is the lower of the two. Each is 1 less the directional Hamming distance:
    the share of time outside the longest undivided stretch of each chord.

    Returns
    -------
    scores : dict of str to float64 array, shape (n_tracks,)

    References
    ----------
    .. [1] Harte (2010), thesis, section 8.3.2; Abdallah et al. (2005). ISMIR.
    """
    told = pieces.reference.merge(_codes(reference)[pieces.reference.row])
    guessed = pieces.estimate.merge(_codes(estimate)[pieces.estimate.row])
    found = {}
    for name, whole, cuts in (("overseg", told, guessed), ("underseg", guessed, told)):
        lost = (whole.end - whole.start) - longest_pieces(whole, cuts)
        span = np.full(pieces.n_tracks, -np.inf)
        low = np.full(pieces.n_tracks, np.inf)
        np.maximum.at(span, whole.track, whole.end)
        np.minimum.at(low, whole.track, whole.start)
        found[name] = 1 - np.bincount(whole.track, weights=lost, minlength=pieces.n_tracks) / (span - low)
    found["seg"] = np.minimum(found["overseg"], found["underseg"])
    return found


def _codes(table: ChordTable) -> np.ndarray:
    """A number for the sound of each row's chord, and of N at the end for padding."""
    labels = table.labels
    root, bass, bitmap = (np.asarray(part, dtype=np.int64) for part in (labels.root, labels.bass, labels.bitmap))
    sound = (bitmap | 1 << (bass - root) % 12) * 144 + root * 12 + bass
    silent = np.array([-2 if text == "X" else -1 for text in labels.text], dtype=np.int64)
    return np.append(np.where(labels.is_chord, sound, silent)[table.label], -1)
