"""What is known of an engine's errors: one small JSON record, learned from pairs of references and estimates.

A record holds the engine's confusion (`confusion`), the response of every measure to its errors (`response`), which
measures it can carry and which not, and what it was learned from. Records that ship lie in
``musictrend/data/models/calibration/ENGINE.json`` and are made by ``tools/learn_calibration.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.complexity import score_table
from musictrend.complexity.scoring import DEFAULT_VOCABULARIES, ScoreMatrix
from musictrend.errors import NothingUsableError, ParameterError
from musictrend.harmony.reduction import VOCABULARIES, is_at_least, reduce_bitmap
from musictrend.harmony.table import ChordTable
from musictrend.validation.confusion import Confusion, learn_confusion
from musictrend.validation.response import Response, fit_response

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Calibration", "find_calibration", "learn_calibration", "load_calibration", "mean_confidence", "tell_finest"]

SCHEMA_VERSION = "1"
RARE = 0.005  # of the time; distinctions that an engine makes more seldom it does not make
LEAST_DOUBT = 0.02  # expected share of errors of the surest song that is believed
_NUMBERS = ("centre", "a", "b", "power", "covariance", "sd", "correlation", "bias")


@dataclass(frozen=True)
class Calibration:
    """An engine's record.

    Attributes
    ----------
    engine, version : str
        What estimated the chords, and in which version.
    finest : str
        The finest vocabulary that the engine tells apart.
    doubt : float
        Mean expected share of errors of the calibration's songs; NaN where the engine gives no confidences.
    least, most : float
        Range of w, a song's doubt over that mean, in the calibration's songs.
    responses : dict of (measure, vocabulary) to Response
    confusion : Confusion
    about : dict
        What it was learned from: source, licence, date, n_songs, n_groups, pieces.
    """

    engine: str
    version: str
    finest: str
    doubt: float
    least: float
    most: float
    responses: dict[tuple[str, str], Response]
    confusion: Confusion
    about: dict[str, Any] = field(default_factory=dict)

    def weigh(self, confidence: np.ndarray) -> np.ndarray:
        """Expected errors of songs by their mean confidence, 1 for a usual song of the calibration.

        No song counts as surer than the surest of the calibration; without a confidence it counts as usual.
        """
        confidence = np.asarray(confidence, dtype=float)
        if not np.isfinite(self.doubt):
            return np.ones(len(confidence))
        w = np.maximum(1 - confidence, LEAST_DOUBT) / self.doubt
        return np.where(np.isfinite(w), np.maximum(w, self.least), 1.0)

    def carries(self) -> pd.DataFrame:
        """Which measures the engine can carry: measure, vocabulary, carried, why, correlation, bias, n_songs, ..."""
        import pandas as pd

        rows = [{**asdict(response), "carried": response.carried} for response in self.responses.values()]
        head = ["measure", "vocabulary", "carried", "why", "correlation", "bias", "n_songs", "n_groups"]
        table = pd.DataFrame(rows, columns=[*head, "centre", "a", "b", "power", "sd", "source", "era"])
        return table.sort_values(["measure", "vocabulary"], ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data."""
        names = ["measure", "vocabulary", *_NUMBERS, "n_songs", "n_groups", "why", "source", "era"]
        rows = [[_plain(getattr(self.responses[key], name)) for name in names] for key in sorted(self.responses)]
        return {
            "schema_version": SCHEMA_VERSION, "engine": self.engine, "version": self.version, **self.about,
            "finest": self.finest, "doubt": _plain(self.doubt), "least": _plain(self.least), "most": _plain(self.most),
            "confusion": self.confusion.to_dict(), "columns": names, "responses": rows,
        }  # fmt: skip

    def write(self, path: Path | str) -> None:
        """Write the record: one response a line."""
        data = self.to_dict()
        rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in data.pop("responses"))
        head = json.dumps(data, ensure_ascii=False, indent=None)[:-1]
        Path(path).write_text(f'{head},\n "responses": [\n  {rows}\n]}}\n', encoding="utf-8")


def load_calibration(path: Path | str) -> Calibration:
    """Read a record.

    Raises
    ------
    ParameterError
        When the file is no such record.
    """
    try:
        return _from_text(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ParameterError(
            f"{path}: not a calibration record ({error}); tools/learn_calibration.py makes one"
        ) from None


def find_calibration(engine: str) -> Calibration | None:
    """The record of an engine that ships with musictrend; None where there is none.

    Examples
    --------
    >>> find_calibration("notes").finest, find_calibration("a wind-up gramophone") is None
    ('full', True)
    """
    name = f"{engine}.json"
    if not engine or Path(name).name != name:
        return None
    path = resources.files("musictrend") / "data" / "models" / "calibration" / name
    return _from_text(path.read_text(encoding="utf-8")) if path.is_file() else None


def learn_calibration(
    reference: ChordTable,
    estimate: ChordTable,
    *,
    engine: str,
    version: str = "",
    groups: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    conditions: Mapping[str, Sequence[str]] | None = None,
    measures: str | Iterable[str] = "all",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    about: dict[str, Any] | None = None,
    scores: tuple[ScoreMatrix, ScoreMatrix] | None = None,
) -> Calibration:
    """Learn an engine's record from tracks whose chords are known.

    Parameters
    ----------
    reference, estimate : ChordTable, n tracks each
        Equal tracks in equal order, each pair in one unit of time, with keys on both sides. The engine must not have
        been trained on these tracks.
    engine, version : str
    groups : sequence of str, n of them, optional
        What tracks have in common (opus, artist, album): tracks of one group are not independent.
    strata : sequence of str, n of them, optional
        Repertoires that differ in everything: an engine carries a measure when it follows it inside them.
    conditions : mapping of str to sequence of str, n of them, optional
        ``source`` (renderer) and ``era`` (recording chain) of each track, and its ``repertoire``: an engine's response
        differs between them, and how far is kept in the record (`musictrend.validation.conditions`). ``""`` for none.
    measures, vocabularies
        As for `score_table`.
    about : dict, optional
        Source, licence and so on, kept in the record.
    scores : tuple of ScoreMatrix, optional
        Of reference and estimate, where they have been scored already.

    Raises
    ------
    NothingUsableError
        Without pairs.
    """
    n = reference.n_tracks
    if not n or n != estimate.n_tracks:
        raise NothingUsableError(f"{n} references for {estimate.n_tracks} estimates: nothing to calibrate with")
    told, heard = scores or (score_table(side, measures, vocabularies) for side in (reference, estimate))
    group = np.unique(list(groups) if groups is not None else list(reference.track_ids), return_inverse=True)[1]
    stratum = None if strata is None else np.unique(list(strata), return_inverse=True)[1]
    codes = {level: _number_names(names) for level, names in (conditions or {}).items()}
    confidence = mean_confidence(estimate)
    doubt = np.nan
    w = np.ones(n)
    if np.isfinite(confidence).all() and np.ptp(confidence) > 0:
        share = np.maximum(1 - confidence, LEAST_DOUBT)
        doubt = float(share.mean())
        w = share / doubt
    finest = tell_finest(estimate)
    responses = {}
    for measure, vocabulary in sorted(told.values):
        outside = "" if is_at_least(finest, vocabulary) else f"the engine tells chords apart at {finest} only"
        key = measure, vocabulary
        responses[key] = fit_response(
            measure, vocabulary, told[key], heard[key], w, group, outside=outside, stratum=stratum, conditions=codes
        )
    known = {level: sorted({name for name in names if name}) for level, names in (conditions or {}).items()}
    made = {"n_songs": n, "n_groups": int(group.max()) + 1, "conditions": known, **(about or {})}
    return Calibration(engine, version, finest, doubt, float(w.min()), float(w.max()), responses,
                       learn_confusion(reference, estimate), made)  # fmt: skip


def mean_confidence(chords: ChordTable) -> np.ndarray:
    """Mean confidence of each track's chords by duration, shape (n,); NaN where no chord has one.

    Examples
    --------
    >>> from musictrend.harmony import Chord, ChordSequence
    >>> song = ChordSequence((Chord("C"), Chord("F")), durations=[3.0, 1.0], unit="bars", confidence=[0.9, 0.5])
    >>> mean_confidence(song.to_table())
    array([0.8])
    """
    track = np.repeat(np.arange(chords.n_tracks), chords.lengths)
    known = np.isfinite(chords.confidence)
    weight = np.where(known, np.maximum(np.nan_to_num(chords.duration), 1e-9), 0.0)
    total = np.bincount(track, weights=weight, minlength=chords.n_tracks)
    sums = np.bincount(track, weights=weight * np.nan_to_num(chords.confidence), minlength=chords.n_tracks)
    return np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan)


def tell_finest(chords: ChordTable) -> str:
    """The finest vocabulary whose distinctions these chords make in more than one in 200 of their time.

    Inversions alone make no vocabulary finer that lacks sevenths.

    Examples
    --------
    >>> from musictrend.harmony import ChordSequence
    >>> read = lambda *labels: ChordSequence.from_labels(labels).to_table()
    >>> tell_finest(read("C", "A:min/b3", "N")), tell_finest(read("C", "G:7")), tell_finest(read("C", "G:7/3"))
    ('majmin', 'sevenths', 'full')
    """
    labels = chords.labels
    weight = np.bincount(chords.label, weights=np.maximum(np.nan_to_num(chords.duration), 0), minlength=len(labels))
    least = RARE * weight[labels.is_chord].sum()
    for vocabulary in VOCABULARIES[:-1]:
        lost = labels.is_chord & (reduce_bitmap(labels.bitmap, vocabulary) != labels.bitmap)
        if weight[lost].sum() <= least:
            inverted = weight[labels.is_chord & (labels.bass != labels.root)].sum() > least
            return VOCABULARIES[-1] if vocabulary == "sevenths" and inverted else vocabulary
    return VOCABULARIES[-1]


def _number_names(names: Sequence[str]) -> np.ndarray:
    """Conditions as numbers, -1 for none."""
    distinct = {name: i for i, name in enumerate(sorted({name for name in names if name}))}
    return np.array([distinct.get(name, -1) for name in names], dtype=np.int64)


def _from_text(text: str) -> Calibration:
    data = json.loads(text)
    known = {
        "engine",
        "version",
        "finest",
        "doubt",
        "least",
        "most",
        "responses",
        "confusion",
        "columns",
        "schema_version",
    }
    if data["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {data['schema_version']!r}, this musictrend reads {SCHEMA_VERSION!r}")
    rows = [dict(zip(data["columns"], row, strict=True)) for row in data["responses"]]
    responses = [Response(**{k: _number(v) for k, v in row.items()}) for row in rows]
    number = lambda name: np.nan if data[name] is None else float(data[name])  # noqa: E731
    return Calibration(
        data["engine"], data["version"], data["finest"], number("doubt"), number("least"), number("most"),
        {(r.measure, r.vocabulary): r for r in responses}, Confusion.from_dict(data["confusion"]),
        {k: v for k, v in data.items() if k not in known},
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Numbers of six digits; None for what is no number."""
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def _number(value: Any) -> Any:
    """The other way round."""
    if isinstance(value, list):
        return tuple(_number(v) for v in value)
    return np.nan if value is None else value
