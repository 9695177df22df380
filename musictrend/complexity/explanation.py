"""Which chords drove a score: what each measure would have been without them.

Every event of a track is left out in turn and the measure computed again; the
difference is the event's *influence*, and the influence of a chord is the sum
over its events. It is the same question for every measure, whatever its
formula: a chord that raises a mean of roughness, one that widens the circle of
fifths, one that nobody could expect.

Windowed measures are explained window by window, a window without one event
against the same window whole; what lies after the last whole window has no
influence, as it has none on the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from musictrend.complexity.measure import WINDOW, Measure, select_measures
from musictrend.complexity.ragged import EVENT_COLUMNS, cut_windows
from musictrend.complexity.scoring import DEFAULT_VOCABULARIES
from musictrend.complexity.standard import COMPOSITE_FACETS
from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.reduction import VOCABULARIES, check_vocabulary, is_at_least
from musictrend.harmony.sequence import ChordSequence

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.events import EventTable
    from musictrend.harmony.table import ChordTable

__all__ = ["explain_scores"]

LONGEST = 400  # events; each is left out once, so cost grows with their square
COLUMNS = ("track_id", "measure", "vocabulary", "label", "influence", "n_events", "positions")


def explain_scores(
    chords: ChordTable | ChordSequence,
    measures: str | Iterable[str] | None = "core",
    vocabularies: Sequence[str] = DEFAULT_VOCABULARIES,
    *,
    window: int = WINDOW,
) -> pd.DataFrame:
    """The influence of every chord on every measure of one or more tracks.

    Parameters
    ----------
    chords : ChordTable or ChordSequence
    measures : str or iterable of str
        As in `score_table`. ``composite`` is explained by its facets' measures and has no rows of its own.
    vocabularies : sequence of str
    window : int

    Returns
    -------
    explanation : DataFrame
        ``track_id, measure, vocabulary, label`` (the chord as the vocabulary tells it, in Harte's syntax),
        ``influence`` (value minus value without it, summed over its events; in the measure's unit, positive where
        the chord raises the value), ``n_events``, ``positions`` (numbers of its events from 0). Strongest first
        within each measure. Only the first 400 events of a track are explained.

    Examples
    --------
    >>> seq = ChordSequence.from_labels(["C", "F", "G:7", "C"] * 8, key="C:major")
    >>> table = explain_scores(seq, ["nontriad_share"], ["sevenths"])
    >>> table[["label", "n_events"]].values.tolist()[0]
    ['G:7', 8]
    """
    import pandas as pd

    table = chords.to_table() if isinstance(chords, ChordSequence) else chords
    asked = {m.name for m in select_measures(measures)}
    if "composite" in asked:
        asked = asked - {"composite"} | {part for facet in COMPOSITE_FACETS for part in facet}
    chosen = select_measures(asked)
    if isinstance(vocabularies, str):
        vocabularies = (vocabularies,)
    wanted = {check_vocabulary(vocabulary) for vocabulary in vocabularies}
    if window < 4:
        raise ParameterError(f"window={window} must be 4 events or more; 30 is the default")
    parts = []
    for vocabulary in (v for v in VOCABULARIES if v in wanted):
        meaningful = [m for m in chosen if is_at_least(vocabulary, m.coarsest)]
        for track in range(table.n_tracks):
            events = _first_events(table.select([track]).events(vocabulary))
            if len(events.code):
                parts += _explain_track(events, meaningful, window)
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    found = pd.concat(parts, ignore_index=True)
    order = found.assign(_strength=-found["influence"].abs())
    keys = ["track_id", "measure", "vocabulary", "_strength", "label"]
    return order.sort_values(keys, kind="stable", ignore_index=True)[list(COLUMNS)]


def _explain_track(events: EventTable, measures: Sequence[Measure], window: int) -> list[pd.DataFrame]:
    """Rows of one track, a frame a measure."""
    import pandas as pd

    labels = [
        Chord.from_parts(int(root), bitmap=int(bitmap), bass=int(bass)).label
        for root, bitmap, bass in zip(events.root, events.bitmap, events.bass, strict=True)
    ]
    influence: dict[str, np.ndarray] = {}
    windowed = [m for m in measures if m.windowed]
    others = [m for m in measures if not m.windowed]
    if others:
        influence |= _leave_each_out(events, others, window)
    if windowed and len(labels) >= window:
        windows, _ = cut_windows(events, window)
        # Each window counts as one of so many in the mean.
        for name, values in _leave_each_out(windows, windowed, window).items():
            influence[name] = np.append(values / windows.n_tracks, np.zeros(len(labels) - len(values)))
    codes, code = np.unique(labels, return_inverse=True)
    places = [np.flatnonzero(code == i).tolist() for i in range(len(codes))]
    parts = []
    for name, values in influence.items():
        if not np.isfinite(values).any():
            continue  # the track has no value
        total = np.bincount(code, weights=np.nan_to_num(values), minlength=len(codes))
        parts.append(
            pd.DataFrame({
                "track_id": events.track_ids[0], "measure": name, "vocabulary": events.vocabulary, "label": codes,
                "influence": total, "n_events": [len(p) for p in places], "positions": places,
            })
        )  # fmt: skip
    return parts


def _leave_each_out(events: EventTable, measures: Sequence[Measure], window: int) -> dict[str, np.ndarray]:
    """Influence of each event of each row on the row's value: by measure, shape (events,)."""
    lengths = events.n_events
    without = _variants(events)
    # What is rarefied must leave room: leaving one out may also join its neighbours.
    options = {"window": min(window, max(int(lengths.min()) - 2, 2)), "reference": None}
    owner = np.repeat(np.arange(events.n_tracks), lengths)
    found = {}
    for measure in measures:
        taken = {name: options[name] for name in measure.options}
        whole = np.asarray(measure.function(_plain(events), **taken), dtype=float)
        found[measure.name] = whole[owner] - np.asarray(measure.function(without, **taken), dtype=float)
    return found


def _variants(events: EventTable) -> EventTable:
    """Every row once without each of its events; equal neighbours that meet become one."""
    index: list[np.ndarray] = []
    joined: list[np.ndarray] = []
    added: list[tuple[int, int]] = []  # place in the variants, event whose time it takes over
    start, lengths, ids = 0, [], []
    for row in range(events.n_tracks):
        first, last = int(events.offsets[row]), int(events.offsets[row + 1])
        rows = np.arange(first, last)
        for i in range(last - first):
            kept = np.delete(rows, i)
            link = np.delete(events.joined[first:last], i)
            if i < len(kept):  # somebody follows
                link[i] = link[i] and bool(events.joined[first + i]) and i > 0
                if link[i] and events.code[kept[i]] == events.code[kept[i - 1]]:
                    added.append((start + i - 1, int(kept[i])))
                    kept, link = np.delete(kept, i), np.delete(link, i)
            index.append(kept)
            joined.append(link)
            lengths.append(len(kept))
            ids.append(events.track_ids[row])
            start += len(kept)
    gather = np.concatenate(index) if index else np.zeros(0, np.int64)
    columns = {name: getattr(events, name)[gather] for name in EVENT_COLUMNS}
    columns["joined"] = np.concatenate(joined) if joined else events.joined[:0]
    for place, source in added:
        for name in ("duration", "bars"):
            columns[name][place] += getattr(events, name)[source]
    units = tuple(np.repeat(np.array(events.units, dtype=object), events.n_events))
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    return _plain(replace(events, track_ids=tuple(ids), units=units, offsets=offsets, **columns))


def _plain(events: EventTable) -> EventTable:
    """A copy that remembers nothing of what was computed for the original."""
    return replace(events)


def _first_events(events: EventTable) -> EventTable:
    """At most the first 400 events of a table of one track."""
    if len(events.code) <= LONGEST:
        return events
    columns = {name: getattr(events, name)[:LONGEST] for name in EVENT_COLUMNS}
    return replace(events, offsets=np.array([0, LONGEST]), **columns)
