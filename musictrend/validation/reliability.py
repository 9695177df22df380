"""Whether confidences mean what they say: of chords heard with 80%, are 80 in 100 right?

Reliability table, expected calibration error (ECE), and how well confidence parts right chords from wrong ones
(area under the ROC curve). A chord is judged by the finest rule that the estimate can follow: ``tetrads`` where it
tells sevenths apart, else ``triads`` or ``majmin``.

References
----------
.. [1] Naeini, Cooper, Hauskrecht (2015). Obtaining well calibrated probabilities using Bayesian binning. AAAI.
.. [2] Hanley, McNeil (1982). The meaning and use of the area under a ROC curve. Radiology 143.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from musictrend.harmony.table import ChordTable
from musictrend.validation.agreement import Pieces, compare_pieces
from musictrend.validation.alignment import align_chords
from musictrend.validation.calibration import tell_finest

__all__ = ["Reliability", "ReliabilityBin", "measure_reliability"]

N_BINS = 10
RULES = {"root": "root", "majmin": "majmin", "triads": "triads", "sevenths": "tetrads", "full": "tetrads"}


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Chords of a tenth of the scale: bounds, their mean confidence, share right, and share of all time."""

    low: float
    high: float
    confidence: float
    right: float
    share: float


@dataclass(frozen=True)
class Reliability:
    """What confidences are worth.

    Attributes
    ----------
    rule : str
        By which chords were judged.
    ece : float
        Mean distance of confidence and share right, weighted by time; 0 is perfect.
    auroc : float
        Chance that a chord that is right has more confidence than one that is wrong; 0.5 tells nothing. One vote
        an estimated chord, right when most of its time is; NaN where all are right, or none.
    n_chords : int
    bins : tuple of ReliabilityBin
        Only those that hold chords.
    """

    rule: str
    ece: float
    auroc: float
    n_chords: int
    bins: tuple[ReliabilityBin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in ``evaluate --json``."""
        return asdict(self) | {"bins": [asdict(b) for b in self.bins]}


def measure_reliability(reference: ChordTable, estimate: ChordTable) -> Reliability | None:
    """Compare confidences of estimated chords with how often they are right; None where there are none.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each pair in one unit of time. Chords without a confidence do not count.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> read = lambda labels, sure: ChordSequence(tuple(map(Chord, labels)), unit="bars", confidence=sure).to_table()
    >>> told, heard = read(["C", "G:min", "F"], None), read(["C", "G", "F"], [0.9, 0.4, 0.8])
    >>> found = measure_reliability(told, heard)
    >>> found.rule, round(found.ece, 2), found.auroc
    ('majmin', 0.23, 1.0)
    """
    if not np.isfinite(estimate.confidence).any():
        return None
    pieces = align_chords(reference, estimate)
    rule = RULES[tell_finest(estimate)]
    right = compare_pieces(
        rule, Pieces.of_rows(reference, pieces.reference_row), Pieces.of_rows(estimate, pieces.estimate_row)
    )
    sure = np.append(estimate.confidence.astype(float), np.nan)[pieces.estimate_row]
    known = np.isfinite(right) & np.isfinite(sure)
    if not known.any():
        return None
    right, sure, time, row = right[known], sure[known], pieces.duration[known], pieces.estimate_row[known]
    place = np.clip((sure * N_BINS).astype(int), 0, N_BINS - 1)
    total, hits, doubt = (np.bincount(place, weights=time * x, minlength=N_BINS) for x in (1.0, right, sure))
    bins = tuple(
        ReliabilityBin(i / N_BINS, (i + 1) / N_BINS, float(doubt[i] / total[i]), float(hits[i] / total[i]),
                       float(total[i] / total.sum()))
        for i in np.flatnonzero(total)
    )  # fmt: skip
    ece = sum(b.share * abs(b.confidence - b.right) for b in bins)
    chords, which = np.unique(row, return_inverse=True)
    most = np.bincount(which, weights=time * right) > 0.5 * np.bincount(which, weights=time)
    return Reliability(rule, float(ece), _area(estimate.confidence[chords].astype(float), most), len(chords), bins)


def _area(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve by ranks; ties count half."""
    from scipy.stats import rankdata

    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * m))
