"""An engine's confusion: what was written where it heard a chord, and complete sequences drawn from it.

Each estimated chord is compared with the reference chord that it overlaps longest, at ``sevenths``. Kept are, by
the estimated quality and by bins of confidence, how often the chord is right, and where it is wrong, which root
(in semitones above the estimated one) and quality was written, or ``N``. Errors repeat inside a song: the riff that
is misheard once is misheard every time. `repetition` says how often: the chance that one chance decides for all
chords of one label in a song, estimated from how much more often two chords of one label in one song share their
outcome than two chords of one quality in different songs. Drawing every chord by itself would invent chord types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from musictrend.cache import hash_bytes
from musictrend.harmony.chord import Chord
from musictrend.harmony.quality import quality_from_bitmap
from musictrend.harmony.reduction import reduce_bitmap
from musictrend.harmony.table import ChordTable, LabelTable
from musictrend.validation.alignment import align_chords

__all__ = ["NONE", "Confusion", "draw_chords", "learn_confusion"]

NONE = "N"
BINS = (0.5, 0.7, 0.8, 0.9)  # edges of the bins of confidence
BELIEF = 5.0  # chords that the rate over all qualities counts for in each quality's own
MAX_PAIRS = 400  # chords of one quality that are paired with those of other songs


@dataclass(frozen=True)
class Confusion:
    """What was written where an engine heard a chord.

    Attributes
    ----------
    qualities : tuple of str
        Estimated qualities at ``sevenths``, and ``N``.
    right : float array, shape (n_qualities, n_bins)
        Share of chords that are right, by estimated quality and bin of confidence.
    errors : tuple of (estimated quality, semitones to the written root, written quality, share)
        Of what is wrong with each estimated quality; shares of one quality sum to 1. Semitones are 0 for ``N``.
    repetition : float
        Chance that one chance decides for all chords of one label in a song, 0 to 1.
    n_chords : int
    """

    qualities: tuple[str, ...]
    right: np.ndarray
    errors: tuple[tuple[str, int, str, float], ...]
    repetition: float
    n_chords: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a calibration record."""
        return {
            "qualities": list(self.qualities),
            "confidence_edges": list(BINS),
            "right": np.round(self.right, 4).tolist(),
            "errors": [[a, b, c, round(share, 5)] for a, b, c, share in self.errors],
            "repetition": round(self.repetition, 4),
            "n_chords": self.n_chords,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Confusion:
        """The other way round."""
        errors = tuple((str(a), int(b), str(c), float(share)) for a, b, c, share in data["errors"])
        return cls(tuple(data["qualities"]), np.array(data["right"], dtype=float), errors,
                   float(data["repetition"]), int(data["n_chords"]))  # fmt: skip


def learn_confusion(reference: ChordTable, estimate: ChordTable) -> Confusion:
    """Count an engine's confusion over pairs of tracks.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each pair in one unit of time.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> read = lambda *labels: ChordSequence(tuple(map(Chord, labels)), unit="bars").to_table()
    >>> learn_confusion(read("C:7", "F", "G:7", "A:min"), read("C", "F", "G:7", "C")).errors
    (('maj', 0, '7', 0.5), ('maj', 9, 'min', 0.5))
    """
    rows, truth = _pair_rows(reference, estimate)
    heard, told = _sounds(estimate)[estimate.label[rows]], _sounds(reference)[truth]
    known = (heard[:, 1] != _OUTSIDE) & (told[:, 1] != _OUTSIDE)
    rows, heard, told = rows[known], heard[known], told[known]
    offset = np.where((heard[:, 1] > 0) & (told[:, 1] > 0), (told[:, 0] - heard[:, 0]) % 12, 0)
    outcome = offset * 8192 + told[:, 1] + 1  # one number for a root and quality
    correct = np.where(heard[:, 1] > 0, (offset == 0), True) & (told[:, 1] == heard[:, 1])
    codes = np.unique(heard[:, 1])
    names = tuple(_quality_name(code) for code in codes)
    place = np.searchsorted(codes, heard[:, 1])
    bin_ = _bin_of(estimate.confidence[rows])
    n_bins = len(BINS) + 1
    count = np.bincount(place * n_bins + bin_, minlength=len(codes) * n_bins).reshape(-1, n_bins)
    hits = np.bincount(place * n_bins + bin_, weights=correct, minlength=len(codes) * n_bins).reshape(-1, n_bins)
    by_bin = (hits.sum(axis=0) + 1) / (count.sum(axis=0) + 2)
    right = (hits + BELIEF * by_bin) / (count + BELIEF)
    errors = []
    for i, name in enumerate(names):
        if name == NONE:  # which chord was missed cannot be told from silence: it stays
            continue
        wrong = outcome[(place == i) & ~correct]
        distinct, times = np.unique(wrong, return_counts=True)
        errors += [
            (name, int(o // 8192), _quality_name(o % 8192 - 1), float(t / len(wrong)))
            for o, t in zip(distinct, times, strict=True)
        ]
    track = np.repeat(np.arange(estimate.n_tracks), estimate.lengths)[rows]
    said = np.where(correct, 0, outcome)
    return Confusion(names, right, tuple(errors), _repetition(track, estimate.label[rows], place, said), len(rows))


def draw_chords(
    table: ChordTable, confusion: Confusion, n_draws: int, *, seed: int = 0, trust: bool = False
) -> list[ChordTable]:
    """Complete tables that may be true where this one was estimated.

    Parameters
    ----------
    table : ChordTable, n tracks
        Chords without a confidence stay as they are.
    confusion : Confusion
    n_draws : int
    seed : int
        Each track has its own stream, by its id: neither order nor number of the others matters.
    trust : bool
        Take confidences at their word, instead of the share that was right at such a confidence: for an engine
        without a calibration.

    Returns
    -------
    draws : list of ChordTable, n_draws long

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> chords = tuple(map(Chord, ("C", "G:7", "C", "F")))
    >>> song = ChordSequence(chords, unit="bars", confidence=[1.0, 1.0, 1.0, 1.0]).to_table()
    >>> rule = Confusion(("maj", "7"), np.ones((2, 5)), (("maj", 0, "7", 1.0), ("7", 0, "maj", 1.0)), 0.5, 10)
    >>> draw_chords(song, rule, 1, trust=True)[0].sequence(0).labels
    ['C:maj', 'G:7', 'C:maj', 'F:maj']
    """
    places = {_quality_code(name): i for i, name in enumerate(confusion.qualities)}
    sound = _sounds(table)
    kind = np.array([places.get(int(code), -1) for code in sound[:, 1]])[table.label]
    certain = table.confidence.astype(float)
    drawn = np.isfinite(certain) & (kind >= 0)
    chance = np.where(drawn, confusion.right[kind, _bin_of(certain)], 1.0)
    if trust:
        chance = np.where(drawn, np.clip(certain, 0, 1), 1.0)
    edges, targets, starts = _error_table(confusion)
    chance = np.where(starts[kind + 1] > starts[kind], chance, 1.0)  # a quality that was never wrong stays
    labels, recode = _widened_labels(table, targets, sound)
    uniforms = [_uniforms(table, i, confusion.repetition, n_draws, seed) for i in range(table.n_tracks)]
    uniform = np.concatenate(uniforms, axis=2) if uniforms else np.zeros((n_draws, 2, 0))
    found = []
    for decide, choose in uniform:
        wrong = np.flatnonzero(decide >= chance)
        lower, upper = starts[kind[wrong]], starts[kind[wrong] + 1]
        pick = np.minimum(np.searchsorted(edges, kind[wrong] + choose[wrong], side="right"), upper - 1)
        label = table.label.copy()
        label[wrong] = recode[np.maximum(pick, lower), np.maximum(sound[table.label[wrong], 0], 0)]
        found.append(replace(table, labels=labels, label=label.astype(np.int32)))
    return found


_OUTSIDE = -2  # X, and what no vocabulary names


def _sounds(table: ChordTable) -> np.ndarray:
    """Root and quality at ``sevenths`` of each distinct label: shape (k, 2); quality -1 for N, -2 for X."""
    root = table.labels.root.astype(np.int64)
    quality = reduce_bitmap(table.labels.bitmap.astype(np.int64), "sevenths").astype(np.int64)
    none = np.array([text == NONE for text in table.labels.text], dtype=bool)
    quality = np.where(quality > 0, quality, np.where(none, -1, _OUTSIDE))
    return np.column_stack([root, quality]).reshape(-1, 2)


def _pair_rows(reference: ChordTable, estimate: ChordTable) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the estimate, and the label of the reference that each overlaps longest."""
    pieces = align_chords(reference, estimate)
    inside = (pieces.estimate_row >= 0) & (pieces.reference_row >= 0)
    row, label = pieces.estimate_row[inside], reference.label[pieces.reference_row[inside]].astype(np.int64)
    cell, back = np.unique(row * len(reference.labels) + label, return_inverse=True)
    time = np.bincount(back, weights=pieces.duration[inside], minlength=len(cell))
    owner = cell // max(len(reference.labels), 1)
    order = np.lexsort((-time, owner))
    first = order[np.r_[True, np.diff(owner[order]) > 0]] if len(order) else order
    return owner[first], cell[first] % max(len(reference.labels), 1)


def _bin_of(confidence: np.ndarray) -> np.ndarray:
    """Bin of each confidence; where there is none, the middle one."""
    return np.where(np.isfinite(confidence), np.digitize(np.nan_to_num(confidence), BINS), len(BINS) // 2)


def _repetition(track: np.ndarray, label: np.ndarray, kind: np.ndarray, outcome: np.ndarray) -> float:
    """Chance that chords of one label in a song share their draw, from how often two share their outcome.

    Two chords both draw the shared chance with probability r**2; then they agree, else as strangers do.
    """
    if len(track) < 2:
        return 0.0
    _, song = np.unique(track * (label.max() + 1) + label, return_inverse=True)
    n = np.bincount(song)
    _, cell = np.unique(song * (outcome.max() + 1) + outcome, return_inverse=True)
    same = np.bincount(cell)
    pairs, agreeing = np.sum(n * (n - 1.0)), np.sum(same * (same - 1.0))
    # Strangers: songs' own pairs of equal quality, taken out of all pairs of that quality.
    strangers = agree = 0.0
    for which in np.unique(kind):
        here = kind == which
        weight = np.sum(np.bincount(song[here]) * (np.bincount(song[here]) - 1.0))
        share = np.bincount(np.unique(outcome[here], return_inverse=True)[1]) / here.sum()
        strangers += weight
        agree += weight * np.sum(share**2)
    if not pairs or not strangers or agree >= strangers:
        return 0.0
    within, between = agreeing / pairs, agree / strangers
    return float(np.sqrt(np.clip((within - between) / (1 - between), 0, 1)))


def _error_table(confusion: Confusion) -> tuple[np.ndarray, list[tuple[int, int]], np.ndarray]:
    """Errors in the order of the qualities: running shares (quality number added), targets, and first of each."""
    edges: list[float] = []
    targets: list[tuple[int, int]] = []
    starts = [0]
    for i, name in enumerate(confusion.qualities):
        mine = [(offset, _quality_code(to), share) for of, offset, to, share in confusion.errors if of == name]
        running = np.cumsum([share for *_, share in mine]) if mine else np.zeros(0)
        edges += [i + min(float(r), 1.0) for r in running]
        targets += [(offset, code) for offset, code, _ in mine]
        starts.append(len(targets))
    return np.array(edges), targets, np.array([*starts, starts[-1]])


def _widened_labels(
    table: ChordTable, targets: list[tuple[int, int]], sound: np.ndarray
) -> tuple[LabelTable, np.ndarray]:
    """The table's labels with those that errors may lead to, and the row of each error at each root."""
    chords: dict[str, Chord] = {}
    recode = np.zeros((max(len(targets), 1), 12), dtype=np.int64)
    rows = {text: i for i, text in enumerate(table.labels.text)}
    for i, (offset, quality) in enumerate(targets):
        for root in range(12):
            chord = Chord.NO_CHORD if quality < 0 else Chord.from_parts((root + offset) % 12, bitmap=quality)
            if chord.label not in rows:
                rows[chord.label] = len(table.labels) + len(chords)
                chords[chord.label] = chord
            recode[i, root] = rows[chord.label]
    more = LabelTable.from_chords(list(chords.values()))
    joined = {name: np.concatenate([getattr(table.labels, name), getattr(more, name)])
              for name in ("root", "bass", "bitmap", "chroma")}  # fmt: skip
    return LabelTable((*table.labels.text, *more.text), **joined), recode


def _uniforms(table: ChordTable, track: int, repetition: float, n_draws: int, seed: int) -> np.ndarray:
    """Uniform numbers of a track's chords, shape (n_draws, 2, chords): some shared by all chords of one label."""
    rows = slice(int(table.offsets[track]), int(table.offsets[track + 1]))
    # By the labels' names, so that nothing depends on what other tracks hold.
    texts = [table.labels.text[code] for code in np.unique(table.label[rows])]
    number = {text: i for i, text in enumerate(sorted(texts))}
    label = np.array([number[table.labels.text[code]] for code in table.label[rows]], dtype=np.int64)
    name = int(hash_bytes("chord draws", table.track_ids[track])[:15], 16)
    rng = np.random.default_rng(np.random.SeedSequence([seed, name]))
    own = rng.random((n_draws, 2, len(label)))
    common = rng.random((n_draws, 2, max(len(number), 1)))[:, :, label]
    shares = rng.random((n_draws, 1, len(label))) < repetition
    return np.where(shares, common, own)


def _quality_name(code: int) -> str:
    return NONE if code < 0 else quality_from_bitmap(int(code))


def _quality_code(name: str) -> int:
    return -1 if name == NONE else Chord(f"C:{name}").bitmap
