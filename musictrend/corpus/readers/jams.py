"""JAMS: JSON annotated music; its chord, key and beat annotations.

The first annotation of namespace ``chord``, ``chord_harte``, ``chord_roman`` or
``chord_m21_leadsheet`` is read; further ones (other annotators of the same
recording) are pieces ``NAME#2`` and so on. Observations are lists of records
(``time``, ``duration``, ``value``, ``confidence``), or the columns of older
files. ``key_mode`` gives keys, ``beat_position`` gives bars.

References
----------
.. [1] Humphrey, Salamon, Nieto, Forsyth, Bittner, Bello (2014). JAMS: A JSON
   annotated music specification for reproducible MIR research. ISMIR.
"""

from __future__ import annotations

import bisect
import math
from pathlib import Path
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_json
from musictrend.corpus.readers.reader import Reader
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import UNITS

__all__ = ["READER", "JamsReader", "parse_jams"]

# namespace -> dialect
NAMESPACES = {
    "chord": "harte",
    "chord_harte": "harte",
    "chord_roman": "romantext",
    "chord_m21_leadsheet": "leadsheet",
}


def parse_jams(content: Any, name: str = "") -> list[Annotation]:
    """Chord annotations of one JAMS document.

    Parameters
    ----------
    content : object
        The parsed JSON.
    name : str
        Piece name; a second annotator's is ``name#2``.

    Returns
    -------
    annotations : list of Annotation
        In seconds, or in the unit that musictrend wrote beside them.

    Raises
    ------
    ReaderError
        When it is no JAMS, or holds no chord annotation.

    Examples
    --------
    >>> record = {"time": 0.5, "duration": 2.0, "value": "D:min7", "confidence": 1.0}
    >>> jam = {"file_metadata": {"title": "So"}, "annotations": [{"namespace": "chord", "data": [record]}]}
    >>> song = parse_jams(jam)[0]
    >>> song.symbols, song.onsets, song.title
    (['D:min7'], [0.5], 'So')
    """
    if not isinstance(content, dict) or not isinstance(content.get("annotations"), list):
        raise ReaderError("not JAMS: no list of annotations", hint="JAMS files have file_metadata and annotations")
    annotations = [entry for entry in content["annotations"] if isinstance(entry, dict)]
    chords = [entry for entry in annotations if entry.get("namespace") in NAMESPACES]
    if not chords:
        names = sorted({str(entry.get("namespace")) for entry in annotations})
        raise ReaderError(
            f"no chord annotation among {', '.join(names)[:120] or 'none'}",
            hint=f"namespaces read: {', '.join(NAMESPACES)}",
        )
    metadata = content.get("file_metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    keys = _first(annotations, "key_mode")
    downbeats = [time for time, _, value, _ in _first(annotations, "beat_position") if _position(value) == 1]
    songs = []
    for number, entry in enumerate(chords, start=1):
        song = _read_chords(entry, name if number == 1 else f"{name}#{number}")
        song.title, song.artist = str(metadata.get("title") or ""), str(metadata.get("artist") or "")
        song.year = _year(metadata, content.get("sandbox"))
        if entry.get("namespace") != "chord_roman" and keys:
            song.keys = _keys_at(keys, song)
        if len(downbeats) > 1:
            ends = [_bar_at(downbeats, o + d) for o, d in zip(song.onsets or (), song.durations or (), strict=True)]
            song.bars = [end - _bar_at(downbeats, onset) for end, onset in zip(ends, song.onsets or (), strict=True)]
        songs.append(song)
    return songs


def _observations(data: Any, place: str) -> list[tuple[float, float, Any, str]]:
    """(time, duration, value, place) of an annotation's data, in time order."""
    if isinstance(data, dict):  # columns
        columns = [data.get(name) for name in ("time", "duration", "value")]
        if not all(isinstance(column, list) for column in columns) or len({len(c) for c in columns}) != 1:  # type: ignore[arg-type]
            raise ReaderError("data columns are missing or of unequal length", place=place)
        data = [{"time": t, "duration": d, "value": v} for t, d, v in zip(*columns, strict=True)]  # type: ignore[arg-type]
    if not isinstance(data, list):
        raise ReaderError("data is neither a list nor columns", place=place)
    found = []
    for number, record in enumerate(data, start=1):
        try:
            time, duration = float(record["time"]), float(record["duration"])
            value = record["value"]
        except (TypeError, KeyError, ValueError):
            raise ReaderError(
                "an observation without time, duration or value", place=f"{place}, observation {number}"
            ) from None
        if not (math.isfinite(time) and math.isfinite(duration)) or duration < 0:
            raise ReaderError(
                f"time {time} or duration {duration} is impossible", place=f"{place}, observation {number}"
            )
        found.append((time, duration, value, f"observation {number}"))
    return sorted(found, key=lambda observation: observation[0])


def _first(annotations: list[dict], namespace: str) -> list[tuple[float, float, Any, str]]:
    """Observations of the first annotation of a namespace; none when there is none."""
    entry = next((entry for entry in annotations if entry.get("namespace") == namespace), None)
    return _observations(entry.get("data"), namespace) if entry is not None else []


def _read_chords(entry: dict, name: str) -> Annotation:
    """Chords of one annotation; Roman numerals bring their tonic along."""
    namespace = entry["namespace"]
    sandbox = entry.get("sandbox")
    unit = sandbox.get("unit") if isinstance(sandbox, dict) else None  # ours; JAMS itself knows seconds alone
    song = Annotation(name, dialect=NAMESPACES[namespace], unit=unit if unit in UNITS else "seconds")
    onsets: list[float] = []
    durations: list[float] = []
    places: list[str] = []
    keys: list[Key | None] = []
    for time, duration, value, place in _observations(entry.get("data"), namespace):
        if namespace == "chord_roman" and isinstance(value, dict):
            keys.append(_key(str(value.get("tonic", ""))))
            value = value.get("chord")
        if not isinstance(value, str):
            song.warnings.append((place, f"value {str(value)[:40]!r} is no chord symbol"))
            value = str(value)
        song.symbols.append(value)
        onsets.append(time)
        durations.append(duration)
        places.append(place)
    if not song.symbols:
        raise ReaderError("the chord annotation is empty", place=namespace)
    song.onsets, song.durations, song.places = onsets, durations, places
    if len(keys) == len(onsets):
        song.keys = keys
    return song


def _key(text: str) -> Key | None:
    """A key as JAMS writes it (``"Eb:minor"``, ``"C"``); None for ``N`` and church modes without a tonic."""
    try:
        return Key.parse(text)
    except ChordLabelError:
        return None


def _keys_at(keys: list[tuple[float, float, Any, str]], song: Annotation) -> list[Key | None]:
    """Key in force at the middle of each chord."""
    starts = [time for time, *_ in keys]
    parsed = [_key(str(value)) for _, _, value, _ in keys]
    local = []
    for onset, length in zip(song.onsets or (), song.durations or (), strict=True):
        i = bisect.bisect_right(starts, onset + length / 2) - 1
        local.append(parsed[i] if i >= 0 else None)
    return local


def _position(value: Any) -> int | None:
    """Place of a beat in its bar."""
    position = value.get("position") if isinstance(value, dict) else None
    return int(position) if isinstance(position, (int, float)) and math.isfinite(position) else None


def _bar_at(downbeats: list[float], time: float) -> float:
    """Position in bars; outside the beats at the nearest bar's pace."""
    i = min(max(bisect.bisect_right(downbeats, time) - 1, 0), len(downbeats) - 2)
    return i + (time - downbeats[i]) / max(downbeats[i + 1] - downbeats[i], 1e-9)


def _year(metadata: dict, sandbox: Any) -> str:
    """The year a file states, in its metadata, identifiers or sandbox; ``release`` where that is a date."""
    places = [metadata, metadata.get("identifiers"), sandbox]
    for place in places:
        for name in ("year", "release_year", "date", "release_date", "release"):
            value = place.get(name) if isinstance(place, dict) else None
            if isinstance(value, (str, int)) and str(value)[:4].isdigit():
                return str(value)
    return ""


class JamsReader(Reader):
    """One ``.jams`` file is one track; a second annotator's chords are another piece of it."""

    name = "jams"
    title = "JAMS: JSON annotated music"
    citation = "Humphrey, Salamon, Nieto, Forsyth, Bittner, Bello (2014). JAMS. ISMIR."
    url = "https://jams.readthedocs.io"
    transcription = "full transcription"
    dialect = "harte"
    suffixes = (".jams",)

    def read_file(self, path: Path) -> list[Annotation]:
        """The chord annotations of a JAMS file, in seconds."""
        return parse_jams(read_json(path), path.stem)


READER = JamsReader()
