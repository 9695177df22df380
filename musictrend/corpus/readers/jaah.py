"""Jazz Audio-Aligned Harmony: transcribed chords of jazz recordings, timed by annotated beats.

Each file is one recording: JSON with ``parts`` (that may hold parts), each with
``beats`` in seconds and ``chords``, strings of bars between ``|`` whose chords
share the bar's beats equally.

Where a part's beats and bars do not agree (one part in six: a fermata, a
pick-up, a beat that was not tapped) the bars keep their order: surplus beats
after the last bar belong to no chord; missing beats are taken from the next
part when it has that many to spare, else the bars are spread evenly over the
part. Each case is a warning, but for surplus beats at the very end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_head_text, read_json, resolve_inside
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

MAX_DEPTH = 20  # of parts in parts; the corpus has 2


@dataclass(slots=True)
class _Part:
    """One innermost part: its bars, its beats and how many beats a bar has."""

    name: str
    beats_a_bar: int
    bars: list[list[str]]
    beats: list[float]
    keys: list[Key | None] = field(default_factory=list)


class Jaah(Reader):
    """Reader of the folder ``annotations`` of JAAH."""

    name = "jaah"
    title = "Jazz Audio-Aligned Harmony (JAAH)"
    licence = "CC BY-NC-SA 4.0"
    citation = "Eremenko, Demirel, Bozkurt, Serra (2018). Audio-aligned jazz harmony dataset. ISMIR."
    url = "https://github.com/MTG/JAAH"
    transcription = "full transcription"
    dialect = "harte"
    shared_suffixes = (".json",)

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether it is JSON with ``parts`` and ``beats`` under a metre."""
        return head.lstrip()[:1] == "{" and all(f'"{key}"' in head for key in ("parts", "beats", "metre", "artist"))

    def recognises(self, root: Path) -> bool:
        """Whether ``annotations`` holds JSON files with ``parts`` and ``beats``."""
        first = next(iter(sorted((root / "annotations").glob("*.json"))), None)
        return first is not None and self.recognises_file(first, read_head_text(first))

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a file, in the order of file names."""
        for path in sorted((root / "annotations").glob("*.json")):
            relative = f"annotations/{path.name}"
            where = {"track_id": path.stem, "path": relative, "genres": ("jazz",)}
            try:
                head = _recording(resolve_inside(root, relative))
            except ReaderError as error:
                yield Track(**where, status="failed", reason=error.reason)  # type: ignore[arg-type]
                continue
            title, artist = (str(head.get(k) or "") for k in ("title", "artist"))
            yield Track(**where, title=title, artist=artist)  # type: ignore[arg-type]

    def read_file(self, path: Path) -> list[Annotation]:
        """The recording's chords, in seconds."""
        recording = _recording(path)
        warnings: list[tuple[str, str]] = []
        parts = list(_flatten(recording["parts"], str(recording.get("metre") or "4/4"), ""))
        annotation = Annotation(path.stem, [], self.dialect, unit="seconds", warnings=warnings)
        _place(parts, annotation)
        if not annotation.symbols:
            raise ReaderError("no chords in any part", hint="compare with the corpus' own files")
        annotation.title, annotation.artist = (str(recording.get(k) or "") for k in ("title", "artist"))
        return [annotation]


def _recording(path: Path) -> dict[str, Any]:
    recording = read_json(path)
    if not isinstance(recording, dict) or not isinstance(recording.get("parts"), list):
        raise ReaderError('not a JAAH recording: no list "parts"', hint="compare with the corpus' own files")
    return recording


def _flatten(parts: list[Any], metre: str, name: str, depth: int = 0) -> Iterator[_Part]:
    """Innermost parts in their order; a part's own metre holds for the parts inside it."""
    if depth > MAX_DEPTH:
        raise ReaderError(f"parts nested more than {MAX_DEPTH} deep")
    for number, part in enumerate(parts, 1):
        if not isinstance(part, dict):
            raise ReaderError(f"part {number} is {json.dumps(part)[:40]}, not an object")
        own = str(part.get("metre") or metre)
        # "nGme" stands in one file of the corpus.
        title = " / ".join(filter(None, [name, str(part.get("name") or part.get("nGme") or f"part {number}").strip()]))
        if part.get("chords"):
            count = own.split("/")[0].strip()
            if not count.isdecimal() or not 1 <= int(count) <= 32:
                raise ReaderError(f"metre {own[:20]!r} is no metre such as 4/4", place=title)
            beats = _floats(part.get("beats"), title)
            lines = part["chords"] if isinstance(part["chords"], list) else [part["chords"]]
            bars = [bar.split() for line in lines for bar in str(line).strip().strip("|").split("|")]
            yield _Part(title, int(count), bars, beats, _keys(part.get("keys"), len(bars)))
        if isinstance(part.get("parts"), list):
            yield from _flatten(part["parts"], own, title, depth + 1)


def _floats(beats: Any, place: str) -> list[float]:
    if not isinstance(beats, list) or not beats:
        raise ReaderError("chords without beats", place=place)
    try:
        times = [float(beat) for beat in beats]
    except (TypeError, ValueError):
        raise ReaderError("a beat is no number", place=place) from None
    if not all(map(isfinite, times)) or any(a >= b for a, b in zip(times, times[1:], strict=False)):
        raise ReaderError("its beats do not rise", place=place)
    return times


def _keys(lines: Any, n_bars: int) -> list[Key | None]:
    """Keys bar by bar, which one recording of the corpus has; none when they do not fit the bars."""
    if not isinstance(lines, list):
        return []
    names = [name.strip() for line in lines for name in str(line).strip().strip("|").split("|")]
    try:
        keys: list[Key | None] = [Key.parse(name) for name in names]
    except ValueError:
        return []
    return keys if len(keys) == n_bars else []


def _place(parts: list[_Part], annotation: Annotation) -> None:
    """Fill the annotation: every bar begins at its own beat, and ends where the next begins."""
    onsets: list[float] = []
    durations: list[float] = []
    bars: list[float] = []
    keys: list[Key | None] = []
    places: list[str] = []
    for index, part in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else None
        times, warning = _grid(part, following)  # seconds, one a beat of the bars and one for the end
        if warning:
            annotation.warnings.append((part.name, warning))
        for number, bar in enumerate(part.bars):
            start = number * part.beats_a_bar
            for i, symbol in enumerate(bar):
                onset, end = (_at(times, start + part.beats_a_bar * k / len(bar)) for k in (i, i + 1))
                annotation.symbols.append(symbol)
                onsets.append(onset)
                durations.append(end - onset)
                bars.append(1 / len(bar))
                keys.append(part.keys[number] if part.keys else None)
                places.append(f"{part.name}, bar {number + 1}")
    annotation.onsets, annotation.durations, annotation.bars = onsets, durations, bars
    annotation.keys, annotation.places = (keys if any(keys) else None), places


def _grid(part: _Part, following: _Part | None) -> tuple[list[float], str]:
    """Times of the beats that the part's bars need and of their end; a warning when they had to be found."""
    needed = len(part.bars) * part.beats_a_bar
    beats = part.beats
    step = median([b - a for a, b in zip(beats, beats[1:], strict=False)] or [0.5])
    end = beats[-1] + step
    if following is not None and 0 < following.beats[0] - beats[-1] < 2 * step:
        end = following.beats[0]
    missing = needed - len(beats)
    if missing < 0:
        surplus = f"{-missing} more beats than its {len(part.bars)} bars need"
        return beats[: needed + 1], surplus if following else ""
    if missing == 0:
        return [*beats, end], ""
    found = f"{len(beats)} beats for {len(part.bars)} bars of {part.beats_a_bar}"
    if following is not None:
        spare = len(following.beats) - len(following.bars) * following.beats_a_bar
        if spare >= missing and following.beats[0] > beats[-1]:
            taken = following.beats[:missing]
            following.beats = following.beats[missing:]
            return [*beats, *taken, following.beats[0]], f"{found}: {missing} taken from the part after it"
    edges = [*beats, end]
    stretched = [_at(edges, i * len(beats) / needed) for i in range(needed + 1)]
    return stretched, f"{found}: bars spread evenly"


def _at(times: list[float], place: float) -> float:
    """Time at a place between beats, in a straight line between its neighbours."""
    low = min(int(place), len(times) - 1)
    high = min(low + 1, len(times) - 1)
    return times[low] + (times[high] - times[low]) * (place - low)


READER = Jaah()
