"""What an estimate does to measures of complexity: bias and correlation, and which qualities it confuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity import score_table
from musictrend.complexity.scoring import DEFAULT_VOCABULARIES
from musictrend.harmony.quality import quality_from_bitmap
from musictrend.harmony.table import ChordTable
from musictrend.validation.agreement import Pieces

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BIAS_COLUMNS", "correlate_songs", "count_confusions", "measure_bias"]

BIAS_COLUMNS = (
    "measure", "vocabulary", "bias", "low", "high", "sd", "correlation", "n", "reference_mean", "estimate_mean",
)  # fmt: skip


def measure_bias(
    reference: ChordTable,
    estimate: ChordTable,
    measures: str | Iterable[str] | None = "all",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    *,
    jobs: int = 1,
) -> pd.DataFrame:
    """How much every measure of complexity differs between two readings of the same tracks.

    An engine that loses sevenths makes music look simpler; as long as its bias is
    the same everywhere, trends survive, and correlation tells how far songs keep their order.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each with all of its chords.
    measures : str or iterable of str
        ``"core"``, ``"all"``, or names.
    vocabularies : sequence of str
    jobs : int
        Threads; no number depends on it.

    Returns
    -------
    bias : DataFrame
        One row a measure and vocabulary, sorted by them: ``bias`` the mean of estimate minus reference over
        tracks, ``low`` and ``high`` its 95% interval (Student's t over tracks), ``sd`` of the differences,
        Pearson ``correlation``, ``n`` tracks that have the measure on both sides, and both means. NaN where
        n is too small (2 for SD and interval, 3 for a correlation), or one side does not vary.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> told = ChordSequence.from_labels(["C:maj7", "F", "G:7", "C:maj7"]).to_table()
    >>> heard = ChordSequence.from_labels(["C", "F", "G:7", "C"]).to_table()
    >>> measure_bias(told, heard, ["nontriad_share"], ["sevenths"])[["measure", "bias", "n"]].values.tolist()
    [['nontriad_share', -0.5, 1]]
    """
    import pandas as pd
    from scipy.special import stdtrit

    told = score_table(reference, measures, vocabularies, jobs=jobs)
    heard = score_table(estimate, measures, vocabularies, jobs=jobs)
    rows = []
    for measure, vocabulary in sorted(told.values):
        x, y = told[measure, vocabulary], heard[measure, vocabulary]
        both = np.isfinite(x) & np.isfinite(y)
        x, y, n = x[both], y[both], int(both.sum())
        bias = float(np.mean(y - x)) if n else np.nan
        sd = float(np.std(y - x, ddof=1)) if n > 1 else np.nan
        half = float(stdtrit(n - 1, 0.975)) * sd / np.sqrt(n) if n > 1 else np.nan
        mean = lambda values: float(np.mean(values)) if len(values) else np.nan  # noqa: E731
        rows.append(
            (measure, vocabulary, bias, bias - half, bias + half, sd, correlate_songs(x, y), n, mean(x), mean(y))
        )
    return pd.DataFrame(rows, columns=list(BIAS_COLUMNS))


def correlate_songs(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's correlation of a measure over songs; NaN for fewer than 3 pairs or a side that does not vary.

    >>> correlate_songs(np.array([1.0, 2, 3]), np.array([2.0, 4, 6])), correlate_songs(np.ones(3), np.arange(3.0))
    (1.0, nan)
    """
    if len(x) < 3:
        return np.nan
    dx, dy = x - x.mean(), y - y.mean()
    tiny = 1e-9 * max(1.0, float(np.abs(x).max()), float(np.abs(y).max()))
    if np.abs(dx).max() < tiny or np.abs(dy).max() < tiny:
        return np.nan
    return float(np.clip((dx @ dy) / np.sqrt((dx @ dx) * (dy @ dy)), -1, 1))


def count_confusions(reference: Pieces, estimate: Pieces, duration: np.ndarray) -> pd.DataFrame:
    """Which quality was heard where which was written, both reduced to ``sevenths``.

    Parameters
    ----------
    reference, estimate : Pieces, m pieces
    duration : float array, shape (m,)

    Returns
    -------
    confusion : DataFrame
        One row a pair of qualities that occurs, sorted by them: ``reference``, ``estimate`` (``N`` no chord, ``X``
        unknown or outside the vocabulary), ``duration``, ``share`` of the reference quality's time, and
        ``right_root``, the share of this row's time with the right root (NaN for N and X).

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> read = lambda *labels: Pieces.of_rows(ChordSequence.from_labels(labels).to_table(), np.arange(len(labels)))
    >>> count_confusions(read("C:7", "C:7"), read("C", "C:7"), np.array([3.0, 1.0]))[["estimate", "share"]].values.tolist()
    [['7', 0.25], ['maj', 0.75]]
    """
    import pandas as pd

    codes = [np.where(side.quality > 0, side.quality, np.where((side.root < 0) & ~side.unknown, -1, 0)).astype(np.int64)
             for side in (reference, estimate)]  # fmt: skip
    pair = codes[0] * 8192 + codes[1]
    distinct, cell = np.unique(pair, return_inverse=True)
    time = np.bincount(cell, weights=duration, minlength=len(distinct))
    right = np.bincount(cell, weights=duration * (reference.root == estimate.root), minlength=len(distinct))
    first = np.array([np.flatnonzero(cell == i)[0] for i in range(len(distinct))], dtype=np.int64)
    name = lambda code: {-1: "N", 0: "X"}.get(int(code)) or quality_from_bitmap(int(code))  # noqa: E731
    table = pd.DataFrame({
        "reference": [name(code) for code in codes[0][first]],
        "estimate": [name(code) for code in codes[1][first]],
        "duration": time,
    })  # fmt: skip
    table["share"] = time / table.groupby("reference")["duration"].transform("sum").to_numpy()
    sounding = (codes[0][first] > 0) & (codes[1][first] > 0)
    table["right_root"] = np.where(sounding, right / np.where(time > 0, time, 1), np.nan)
    return table.sort_values(["reference", "estimate"], ignore_index=True)
