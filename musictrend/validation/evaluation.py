"""How right an estimate of chords is, and what its errors do to every measure of complexity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.harmony.table import ChordTable
from musictrend.validation.agreement import (
    CHORD_RULES,
    KEY_RULES,
    SEGMENTATION,
    Pieces,
    compare_pieces,
    score_segmentation,
)
from musictrend.validation.alignment import align_chords
from musictrend.validation.bias import count_confusions, measure_bias
from musictrend.validation.pairing import Failure, read_pairs, without_keys
from musictrend.validation.reliability import Reliability, measure_reliability

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCORES", "Evaluation", "compare_chords", "evaluate"]

SCORES = (*CHORD_RULES, *SEGMENTATION, *KEY_RULES)
UNKNOWN = ("reference_unknown", "estimate_unknown")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    total : dict of str to float
        Every score over the whole set, from 0 to 1, NaN where nothing could be compared.
    per_track : DataFrame
        One row a track, sorted by ``track_id``: ``unit``, ``duration``, every score, and which share of the time is
        ``X`` on either side (``reference_unknown``, ``estimate_unknown``).
    bias : DataFrame
        See `musictrend.validation.bias.measure_bias`.
    confusion : DataFrame
        See `musictrend.validation.bias.count_confusions`.
    unit : str
        ``seconds``, ``quarters``, ``bars``, or ``mixed`` where tracks differ.
    n_keys, n_keys_estimated : int
        Tracks whose reference has a written key, and how many of them have an estimated one on the other side.
    failures : list of Failure
        Tracks that one side alone has, or that could not be read or compared.
    reliability : Reliability or None
        What the estimate's confidences are worth; None where it has none.
    """

    reference: str
    estimate: str
    matched_by: str
    total: dict[str, float]
    per_track: pd.DataFrame
    bias: pd.DataFrame
    confusion: pd.DataFrame
    unit: str
    n_keys: int
    n_keys_estimated: int
    failures: list[Failure]
    reliability: Reliability | None = None

    @property
    def n_tracks(self) -> int:
        """Tracks compared."""
        return len(self.per_track)

    @property
    def duration(self) -> float:
        """Time compared, in ``unit``."""
        return float(self.per_track["duration"].sum())

    def to_dict(self) -> dict[str, Any]:
        """The document of ``evaluate --json``; its schema stands at `evaluate`."""
        head = {
            "reference": self.reference, "estimate": self.estimate, "matched_by": self.matched_by,
            "n_tracks": self.n_tracks, "duration": self.duration, "unit": self.unit,
            "n_keys": self.n_keys, "n_keys_estimated": self.n_keys_estimated,
        }  # fmt: skip
        return head | self.total | {
            "per_track": self.per_track.to_dict("records"),
            "bias": self.bias.to_dict("records"),
            "confusion": self.confusion.to_dict("records"),
            "reliability": None if self.reliability is None else self.reliability.to_dict(),
            "failures": [asdict(failure) for failure in self.failures],
        }  # fmt: skip


def evaluate(
    reference: str | Path,
    estimate: str | Path,
    *,
    measures: str | Iterable[str] = "all",
    quiet: bool = True,
    jobs: int = 1,
    executor: str = "local",
) -> Evaluation:
    r"""Compare estimated chords with a reference, over time.

    The estimate is cropped to the time that the reference covers and padded with
    ``N`` (mir_eval's ``adjust_intervals``). A reference chord outside a rule's vocabulary is ignored;
    where nothing is left to compare the score is NaN (``null``), never 0.

    Parameters
    ----------
    reference, estimate : str or Path
        Two chord files of any format with a reader; or two collections, each a plain folder of such files, a corpus, a
        run, or a folder that ``musictrend extract`` wrote. Files are matched by path or name without suffix, else
        by the name of the one file's folder; corpora and runs by ``track_id``. Both sides of a
        track must be in one unit of time.
    measures : str or iterable of str
        Of complexity, whose bias is wanted: ``"core"``, ``"all"``, or names.
    quiet : bool
        No progress.
    jobs : int
        Worker processes that read files of collections; no number depends on it.
    executor : str
        ``"local"``, ``"dask"`` or ``"tcp://host:port"``.

    Returns
    -------
    evaluation : Evaluation
        ``evaluation.to_dict()``, and ``evaluate --json``, is::

            reference, estimate      as given
            matched_by               files | track_id | path | name | folder
            n_tracks, duration, unit what was compared
            n_keys                   tracks whose reference has a written key
            n_keys_estimated         of these, tracks whose estimate has its key estimated from its chords
            root                     weighted chord symbol recall (WCSR), 0 to 1 or null: right time over
            thirds, thirds_inv       comparable time of all tracks together; _inv wants the bass too
            majmin, majmin_inv
            triads, triads_inv
            sevenths, sevenths_inv
            tetrads, tetrads_inv
            mirex                    three pitch classes in common
            overseg, underseg, seg   mean over tracks, weighted by duration
            tonic, key               tonic alone, and with its mode, over time whose reference has a key
            roman, roman_inversion   key, root, quality at ``sevenths`` (and bass) right at once
            inversion                the note in the bass
            reference_unknown        share of time labelled X
            estimate_unknown
            per_track                [{track_id, unit, duration, and all of these scores}]
            bias                     [{measure, vocabulary, bias, low, high, sd, correlation, n, reference_mean,
                                       estimate_mean}], estimate minus reference over tracks
            confusion                [{reference, estimate, duration, share, right_root}], qualities at ``sevenths``
            reliability              {rule, ece, auroc, n_chords, bins: [{low, high, confidence, right, share}]}, what
                                     the estimate's confidences are worth; null where it has none
            failures                 [{track_id, side, reason, hint}]

    Raises
    ------
    ReaderError
        When one of two files cannot be read, or their units differ or are no time (``order``).
    ParameterError
        For a file beside a collection.
    NothingUsableError
        When no track can be compared.

    References
    ----------
    .. [1] Raffel et al. (2014). mir_eval: a transparent implementation of common MIR metrics. ISMIR.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "told.lab").write_text("0 2 C:maj\n2 3 G:7\n3 4 F:sus4\n")
    >>> _ = (folder / "heard.lab").write_text("0 2 C:maj\n2 3 G:maj\n3 4 F:maj\n")
    >>> found = evaluate(folder / "told.lab", folder / "heard.lab", measures=["nontriad_share"])
    >>> {name: round(found.total[name], 3) for name in ("root", "majmin", "sevenths", "tetrads")}
    {'root': 1.0, 'majmin': 1.0, 'sevenths': 0.667, 'tetrads': 0.5}
    """
    from musictrend.complexity import select_measures

    chosen = measures if isinstance(measures, str) else tuple(measures)
    select_measures(chosen)  # a wrong name is told before hours of reading
    pairs = read_pairs(reference, estimate, quiet=quiet, jobs=jobs, executor=executor)
    total, per_track, confusion = compare_chords(without_keys(pairs.reference, ~pairs.written), pairs.estimate)
    units = set(pairs.reference.units)
    return Evaluation(
        str(reference), str(estimate), pairs.matched_by, total, per_track,
        measure_bias(pairs.reference, pairs.estimate, chosen, jobs=jobs), confusion,
        units.pop() if len(units) == 1 else "mixed",
        int(pairs.written.sum()), int((pairs.written & pairs.estimated).sum()), pairs.failures,
        measure_reliability(pairs.reference, pairs.estimate),
    )  # fmt: skip


def compare_chords(reference: ChordTable, estimate: ChordTable) -> tuple[dict[str, float], pd.DataFrame, pd.DataFrame]:
    """Every score of two readings of the same tracks, over all tracks at once.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each pair in one unit of time. Keys of the reference count as given.

    Returns
    -------
    total : dict of str to float
        Each of ``SCORES`` over the whole set: right time over comparable time of all tracks together; for
        segmentation the mean weighted by duration. Then the shares of time that are ``X``.
    per_track : DataFrame
        The same for each track, sorted by ``track_id``.
    confusion : DataFrame
        See `musictrend.validation.bias.count_confusions`.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> seq = lambda *labels: ChordSequence(tuple(map(Chord, labels)), unit="bars", keys=None).to_table()
    >>> total, per_track, _ = compare_chords(seq("C", "G:7", "F"), seq("C", "G:7/3", "F:min"))
    >>> [round(total[name], 3) for name in ("root", "sevenths", "sevenths_inv", "seg", "key")]
    [1.0, 0.667, 0.333, 1.0, nan]
    """
    import pandas as pd

    pieces = align_chords(reference, estimate)
    told = Pieces.of_rows(reference, pieces.reference_row)
    heard = Pieces.of_rows(estimate, pieces.estimate_row)
    n, duration = pieces.n_tracks, pieces.durations
    per_track: dict[str, Any] = {
        "track_id": list(reference.track_ids),
        "unit": list(reference.units),
        "duration": duration,
    }
    total: dict[str, float] = {}
    by_track = lambda weights: np.bincount(pieces.track, weights=weights, minlength=n)  # noqa: E731
    for rule in (*CHORD_RULES, *KEY_RULES):
        right = compare_pieces(rule, told, heard)
        comparable = by_track(np.where(np.isnan(right), 0.0, pieces.duration))
        correct = by_track(np.nan_to_num(right) * pieces.duration)
        per_track[rule] = _share(correct, comparable)
        total[rule] = float(_share(correct.sum(), comparable.sum()))
    for name, values in score_segmentation(reference, estimate, pieces).items():
        per_track[name] = values
        total[name] = float(_share((values * duration).sum(), duration.sum()))
    for name, side in zip(UNKNOWN, (told, heard), strict=True):
        time = by_track(side.unknown * pieces.duration)
        per_track[name] = _share(time, duration)
        total[name] = float(_share(time.sum(), duration.sum()))
    order = ("track_id", "unit", "duration", *SCORES, *UNKNOWN)
    table = pd.DataFrame({name: per_track[name] for name in order}).sort_values("track_id", ignore_index=True)
    confusion = count_confusions(told, heard, pieces.duration)
    return {name: total[name] for name in (*SCORES, *UNKNOWN)}, table, confusion


def _share(part: np.ndarray | float, whole: np.ndarray | float) -> np.ndarray:
    """Part of a whole; NaN where there is no whole."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
