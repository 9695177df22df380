"""From scores to scores with their errors: calibrated values, intervals, and draws that trends read.

============================= =========================================== ===================== ==================
chords come from              ``value``                                   ``low``, ``high``     draws
============================= =========================================== ===================== ==================
an engine with a record       corrected by its responses                  95% of the song's own what all songs of
                                                                          errors and the        the engine share
                                                                          record's
an engine without one, with   as scored                                   95% over chords drawn none
confidences                                                               from the confidences
people, or nobody says        as scored                                   missing               none
============================= =========================================== ===================== ==================

What an engine cannot carry is missing, with a reason: by its record, or, without one, what is finer than the
vocabulary that the engine says it is good for. ``raw`` keeps what was scored wherever the value is another.

A trend sees the errors of single songs in the scatter of their values, but not an error that all songs of an engine
share: draws carry this one alone. Draw m is the whole corpus under draw m of the calibration, the same for each of
its tracks, and under draw m of what is unknown of each source and of each era of a source (`conditions`): an engine
hears other music, and other recordings, with another line than the songs it was calibrated on. They are not clipped
to a measure's range, ``value``, ``low`` and ``high`` are: cutting one side of an unbiased error would bend means.

The fallback for an engine without a record is *generic*: a chord is kept with the probability that its confidence
says, else replaced by what chords of its quality were mistaken for by the engine ``notes``, a riff's errors
repeating as they do there. It makes an interval, and corrects nothing.

References
----------
.. [1] Rubin (1987). Multiple Imputation for Nonresponse in Surveys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.complexity import score_table
from musictrend.complexity.measure import get_measure
from musictrend.complexity.scoring import ScoreMatrix
from musictrend.extraction.engines import list_engines
from musictrend.harmony.reduction import is_at_least
from musictrend.harmony.table import ChordTable
from musictrend.validation.calibration import Calibration, find_calibration, mean_confidence
from musictrend.validation.confusion import Confusion, draw_chords

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["N_DRAWS", "Left", "UncertainScores", "carry_errors"]

N_DRAWS = 20
GENERIC = "notes"  # whose confusion stands in for that of an engine without a record
FALLBACK = "generic: confidences at their word"
UNCERTAIN = 1.0 - 1e-6  # a confidence above it leaves nothing to draw
DRAWN_TRACKS = 2_000  # tracks whose draws are scored at once


@dataclass(frozen=True, slots=True)
class Left:
    """Scores that were left out, and why."""

    engine: str
    measure: str
    vocabularies: tuple[str, ...]
    why: str
    n_tracks: int


@dataclass(eq=False)
class UncertainScores:
    """Scores with what is known of their errors.

    Attributes
    ----------
    frame : DataFrame
        The columns of ``scores.parquet``: ``raw`` (missing where the value is what was scored) is the last.
    draws : DataFrame
        One row a track, measure and vocabulary: ``track_id, measure, vocabulary, draw_00, ...``; without rows where
        no track comes from a calibrated engine.
    left : list of Left
        What engines cannot carry.
    used : dict of str to dict
        Engine to what is said of its calibration in ``run.json``.
    """

    frame: pd.DataFrame
    draws: pd.DataFrame
    left: list[Left] = field(default_factory=list)
    used: dict[str, dict[str, Any]] = field(default_factory=dict)


def carry_errors(
    matrix: ScoreMatrix,
    chords: ChordTable,
    engines: Sequence[str],
    *,
    calibrations: Mapping[str, Calibration] | None = None,
    versions: Mapping[str, str] | None = None,
    sources: Sequence[str] | None = None,
    eras: Sequence[str] | None = None,
    n_draws: int = N_DRAWS,
    seed: int = 0,
    jobs: int = 1,
) -> UncertainScores:
    """Correct scores for their engines' known errors, and say how sure they are.

    Parameters
    ----------
    matrix : ScoreMatrix, n tracks
    chords : ChordTable, n tracks
        What was scored, in the same order.
    engines : sequence of str, n of them
        What estimated each track's chords, ``""`` for people.
    calibrations : mapping of engine to Calibration, optional
        Beside, and before, those that ship with musictrend.
    versions : mapping of engine to str, optional
        Versions at work, to be compared with those that were calibrated.
    sources, eras : sequence of str, n of them, optional
        Where each track comes from (its corpus), and in which conditions it was made (`name_eras`): tracks of one are off
        together. Without them all tracks of an engine are.
    n_draws : int
        At least 2.
    seed : int
    jobs : int
        Threads; nothing depends on it.

    Returns
    -------
    scores : UncertainScores

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> song = ChordSequence.from_labels(["C", "F", "G:7", "C"] * 10, track_id="song").to_table()
    >>> scores = carry_errors(score_table(song, ["nontriad_share"], ["sevenths"]), song, [""])
    >>> scores.frame[["value", "low", "raw"]].values.tolist(), len(scores.draws)
    ([[0.3226, nan, nan]], 0)
    """
    frame = matrix.to_frame()
    keys = sorted(matrix.values)
    shape = len(matrix.track_ids), len(keys)
    columns = {name: np.full(shape, np.nan) for name in ("low", "high", "raw")}
    value = np.column_stack([matrix.values[key] for key in keys]) if keys else np.zeros(shape)
    confidence = mean_confidence(chords)
    names = np.array([str(engine or "") for engine in engines], dtype=object)
    calibrations = calibrations or {}
    n = len(names)
    places = [np.array([str(x or "") for x in given], dtype=object) if given is not None else np.full(n, "", object)
              for given in (sources, eras)]  # fmt: skip
    left: list[Left] = []
    used: dict[str, dict[str, Any]] = {}
    drawn: list[pd.DataFrame] = []
    loose = np.isfinite(confidence)
    for engine in sorted(set(names) - {""}):
        record = calibrations.get(engine) or find_calibration(engine)
        rows = np.flatnonzero(names == engine)
        if record is None:
            used[engine] = {"calibration": FALLBACK if loose[rows].any() else "none", "n_tracks": len(rows)}
            left += _leave_out(engine, keys, rows, value, columns)
            continue
        loose[rows] = False
        used[engine] = _describe(record, len(rows), (versions or {}).get(engine, ""))
        w = record.weigh(confidence[rows])
        for j, key in enumerate(keys):
            left += _correct_cell(record, key, j, rows, w, value, columns)
        drawn.append(_draw_scores(record, keys, rows, w, columns["raw"], value, matrix.track_ids,
                                  (places[0][rows], places[1][rows]), n_draws, seed))  # fmt: skip
    rows = np.flatnonzero(loose & (confidence < UNCERTAIN))
    generic = find_calibration(GENERIC)
    if len(rows) and generic is not None:
        _span_draws(matrix, chords, rows, generic.confusion, keys, value, columns, n_draws, seed, jobs)
    frame["value"] = value.ravel()
    for name in ("low", "high"):
        frame[name] = columns[name].ravel()
    frame["raw"] = columns["raw"].ravel()
    return UncertainScores(frame, _stack(drawn, n_draws), _gather(left), used)


def _correct_cell(
    record: Calibration, key: tuple[str, str], j: int, rows: np.ndarray, w: np.ndarray, value: np.ndarray,
    columns: dict[str, np.ndarray],
) -> list[Left]:  # fmt: skip
    """Correct one measure of an engine's tracks in place; what is left out."""
    response = record.responses.get(key)
    raw = value[rows, j]
    columns["raw"][rows, j] = raw
    measure = get_measure(key[0])
    if response is None or not response.carried:
        value[rows, j] = np.nan
        why = response.why if response is not None else "it was not calibrated"
        n = int(np.isfinite(raw).sum())
        return [Left(record.engine, key[0], (key[1],), why, n)] if n else []
    exact = response.correct(raw, w)
    own, shared = response.variances(exact, w)
    from scipy.special import stdtrit

    half = float(stdtrit(response.df, 0.975)) * np.sqrt(own + shared)
    clip = lambda x: np.clip(x, measure.low, measure.high)  # noqa: E731
    value[rows, j] = clip(exact)
    columns["low"][rows, j], columns["high"][rows, j] = clip(exact - half), clip(exact + half)
    return []


def _leave_out(
    engine: str, keys: list[tuple[str, str]], rows: np.ndarray, value: np.ndarray, columns: dict[str, np.ndarray]
) -> list[Left]:
    """Leave out, in place, what an engine without a record cannot tell apart by its own account."""
    known = list_engines().get(engine)
    if known is None:
        return []
    finest = known.carries
    left = []
    for j, (measure, vocabulary) in enumerate(keys):
        raw = value[rows, j]
        if not is_at_least(finest, vocabulary) and np.isfinite(raw).any():
            columns["raw"][rows, j], value[rows, j] = raw, np.nan
            why = f"the engine is good for {finest} only"
            left.append(Left(engine, measure, (vocabulary,), why, int(np.isfinite(raw).sum())))
    return left


def _draw_scores(
    record: Calibration, keys: list[tuple[str, str]], rows: np.ndarray, w: np.ndarray, raw: np.ndarray,
    value: np.ndarray, track_ids: Sequence[str], places: tuple[np.ndarray, np.ndarray], n_draws: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Draws of an engine's tracks, one row a track and measure that has a value."""
    import pandas as pd

    ids = np.array([track_ids[i] for i in rows], dtype=object)
    parts = []
    for j, key in enumerate(keys):
        here = np.flatnonzero(np.isfinite(value[rows, j]))
        if not len(here):
            continue
        response = record.responses[key]
        lines = response.draw_lines(record.engine, n_draws, seed)
        seen = raw[rows[here], j]
        moved = np.array([response.correct(seen, w[here], line) for line in lines])
        moved += response.shift_songs(
            response.correct(seen, w[here]), w[here], record.engine, places[0][here], places[1][here], n_draws, seed
        )
        names = {"track_id": ids[here], "measure": key[0], "vocabulary": key[1]}
        parts.append(pd.DataFrame(names | {f"draw_{m:02d}": part for m, part in enumerate(moved)}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _span_draws(
    matrix: ScoreMatrix, chords: ChordTable, rows: np.ndarray, confusion: Confusion, keys: list[tuple[str, str]],
    value: np.ndarray, columns: dict[str, np.ndarray], n_draws: int, seed: int, jobs: int,
) -> None:  # fmt: skip
    """Intervals from chords drawn at the word of their confidences, in place."""
    measures = sorted({measure for measure, _ in keys})
    vocabularies = sorted({vocabulary for _, vocabulary in keys})
    for start in range(0, len(rows), DRAWN_TRACKS):
        some = rows[start : start + DRAWN_TRACKS]
        tables = draw_chords(chords.select(some), confusion, n_draws, seed=seed, trust=True)
        scored = score_table(ChordTable.concatenate(tables), measures, vocabularies, window=matrix.window, jobs=jobs)
        for j, key in enumerate(keys):
            draws = scored.values[key].reshape(n_draws, len(some))
            enough = np.isfinite(draws).sum(axis=0) > n_draws // 2
            with np.errstate(invalid="ignore"):
                filled = np.where(enough, draws, 0.0)
                middle, half = np.nanmean(filled, axis=0), 1.96 * np.nanstd(filled, axis=0, ddof=1)
            plain = value[some, j]
            known = enough & np.isfinite(plain)
            measure = get_measure(key[0])
            columns["low"][some, j] = np.where(
                known, np.clip(np.minimum(plain, middle - half), measure.low, None), np.nan
            )
            columns["high"][some, j] = np.where(
                known, np.clip(np.maximum(plain, middle + half), None, measure.high), np.nan
            )


def _describe(record: Calibration, n_tracks: int, version: str) -> dict[str, Any]:
    """What run.json says of a calibration."""
    carried = [key for key, response in record.responses.items() if response.carried]
    said = {
        "calibration": "response of each measure to the engine's errors", "n_tracks": n_tracks,
        "engine_version": record.version, "finest": record.finest, "by_confidence": bool(np.isfinite(record.doubt)),
        "n_carried": len(carried), "n_left_out": len(record.responses) - len(carried),
        **{k: v for k, v in record.about.items() if k != "pieces"},
    }  # fmt: skip
    if version and record.version and version != record.version:
        said["warning"] = f"learned with version {record.version}; {version} is at work"
    return said


def _gather(left: list[Left]) -> list[Left]:
    """One row an engine and measure: its vocabularies, and the reason, or that of each where they differ."""
    found: dict[tuple[str, str], list[Left]] = {}
    for one in left:
        found.setdefault((one.engine, one.measure), []).append(one)
    rows = []
    for engine, measure in sorted(found):
        ones = found[engine, measure]
        whys = list(dict.fromkeys(one.why for one in ones))
        why = whys[0] if len(whys) == 1 else "; ".join(f"at {one.vocabularies[0]}: {one.why}" for one in ones)
        vocabularies = tuple(one.vocabularies[0] for one in ones)
        rows.append(Left(engine, measure, vocabularies, why, max(one.n_tracks for one in ones)))
    return rows


def _stack(parts: list[pd.DataFrame], n_draws: int) -> pd.DataFrame:
    """Draws of all engines, sorted by track, measure and vocabulary."""
    import pandas as pd

    names = [f"draw_{m:02d}" for m in range(n_draws)]
    parts = [part for part in parts if len(part)]
    if not parts:
        empty = {c: pd.Series(dtype="str") for c in ("track_id", "measure", "vocabulary")}
        return pd.DataFrame(empty | {name: pd.Series(dtype="float64") for name in names})
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["track_id", "measure", "vocabulary"], kind="stable", ignore_index=True)
