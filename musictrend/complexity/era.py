"""Surprise to listeners of a song's own time, or of its own corpus: references built from the tracks at hand.

The frozen reference hears every song with the same ears, so that a change of surprisal over decades is a change
of the songs. A listener of 1965 had heard other music. Here each song is measured against a grammar that is
counted from the other songs of its era, those of its own artists left out, so that no song is predicted from
itself or its fellows. What rises then is not complexity but distance from what was usual at the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musictrend.cache import hash_bytes
from musictrend.complexity.measure import get_measure
from musictrend.complexity.reference import MIN_SONGS, ReferenceModel, build_grammar
from musictrend.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.table import ChordTable

__all__ = ["ERA", "score_local_surprisal"]

ERA = 10  # years
FOLDS = 5
REFERENCE_SIZE = 100  # tracks that a grammar is counted from
MEASURES = ("surprisal", "surprisal_ppm_long", "predictive_entropy")


def score_local_surprisal(
    chords: ChordTable,
    tracks: pd.DataFrame,
    *,
    vocabulary: str = "sevenths",
    measure: str = "surprisal",
    era: int | None = ERA,
    folds: int = FOLDS,
    reference_size: int | None = REFERENCE_SIZE,
    min_songs: int = MIN_SONGS,
) -> pd.DataFrame:
    """Score each track against a reference of its own era's other artists.

    Parameters
    ----------
    chords : ChordTable, n tracks
    tracks : DataFrame
        Columns ``track_id``, ``year`` and, where known, ``artist_id`` or ``artist``; tracks without an artist
        stand for themselves. Where a track stands in several rows its first counts.
    vocabulary : str
    measure : str
        ``"surprisal"``, ``"surprisal_ppm_long"`` or ``"predictive_entropy"``.
    era : int or None
        Years in an era; eras begin at multiples of it. None: the whole corpus is one era, years or none.
    folds : int
        Artists are dealt into so many folds by a stable hash of their names; a track is measured against the
        other folds.
    reference_size : int or None
        Tracks that every reference is counted from. A grammar of fewer songs is surprised more easily, so all
        eras get the same number: where there are more, they are thinned by a stable hash of their ids; where
        there are fewer, nothing is measured (NaN). None: all there are, for eras that are not to be compared.
    min_songs : int
        An n-gram met in fewer tracks is left to the coarser level.

    Returns
    -------
    scores : DataFrame, n rows
        Columns ``track_id, era, measure, vocabulary, value, n_reference``: the era's first year (missing where
        the year is), bits, and the tracks that the reference was counted from.

    Raises
    ------
    ParameterError
        For a wrong measure, era or number of folds, or a table of tracks without the columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from musictrend.harmony import ChordSequence, ChordTable
    >>> songs = [ChordSequence.from_labels(["C", "G", "A:min", "F"] * 8, track_id=str(i)) for i in range(40)]
    >>> songs += [ChordSequence.from_labels(["C", "F#", "A:min", "Db"] * 8, track_id="odd")]
    >>> tracks = pd.DataFrame({"track_id": [s.track_id for s in songs], "year": 1965})
    >>> found = score_local_surprisal(ChordTable.from_sequences(songs), tracks, reference_size=20).set_index("track_id")
    >>> bool(found.loc["0", "value"] < 0.5), bool(found.loc["odd", "value"] > 6)
    (True, True)
    """
    import pandas as pd

    if measure not in MEASURES:
        raise ParameterError(f"measure={measure!r} must be one of {', '.join(map(repr, MEASURES))}")
    if era is not None and era < 1:
        raise ParameterError(f"era={era} must be a number of years, 1 or more, or None for the whole corpus")
    if reference_size is not None and reference_size < 1:
        raise ParameterError(f"reference_size={reference_size} must be a number of tracks, 1 or more, or None for all")
    if folds < 2:
        raise ParameterError(f"folds={folds} must be 2 or more: a track is not predicted from itself")
    missing = [name for name in ("track_id", *(["year"] if era else [])) if name not in tracks.columns]
    if missing:
        raise ParameterError(f"tracks has no column {missing[0]!r}; it has {', '.join(map(str, tracks.columns))}")

    order = tracks.drop_duplicates("track_id").set_index("track_id").reindex(list(chords.track_ids))
    fold = _deal_folds(order, folds)
    if era is None:
        start = pd.Series(0.0, index=order.index)
    else:
        start = pd.to_numeric(order["year"], errors="coerce").astype("float64") // era * era
    events = chords.events(vocabulary)
    longest = 3 if measure != "surprisal" else 1
    value = np.full(chords.n_tracks, np.nan)
    n_reference = np.zeros(chords.n_tracks, dtype=np.int64)
    lot = np.array([hash_bytes(track_id) for track_id in chords.track_ids])
    sounding = np.bincount(events.track[events.joined], minlength=events.n_tracks) > 0
    for first in np.unique(start.dropna()):
        within = (start == first).to_numpy() & sounding
        for number in range(folds):
            heard, judged = within & (fold != number), within & (fold == number)
            rows = np.flatnonzero(heard)
            rows = rows[np.argsort(lot[rows], kind="stable")][:reference_size]
            n_reference[judged] = len(rows)
            if len(rows) < (reference_size or 1) or not judged.any():
                continue
            known = chords.select(rows).events(vocabulary)
            grammar = build_grammar(known, min_songs=min_songs, longest=longest)
            value[judged] = _score(chords, np.flatnonzero(judged), vocabulary, measure, grammar)
    return pd.DataFrame({
        "track_id": list(chords.track_ids),
        "era": start.astype("Int64").to_numpy() if era else pd.array([pd.NA] * len(start), dtype="Int64"),
        "measure": measure,
        "vocabulary": vocabulary,
        "value": value,
        "n_reference": n_reference,
    })  # fmt: skip


def _score(chords: ChordTable, rows: np.ndarray, vocabulary: str, measure: str, grammar) -> np.ndarray:
    """Values of some tracks under a grammar."""
    events = chords.select(rows).events(vocabulary)
    return get_measure(measure).function(events, reference=ReferenceModel({vocabulary: grammar}))


def _deal_folds(tracks: pd.DataFrame, folds: int) -> np.ndarray:
    """Fold of each track, by its artist's name; int64 array, shape (n,)."""
    name = tracks.index.to_series().astype(str).add("\0track")
    for column in ("artist", "artist_id"):
        if column in tracks.columns:
            known = tracks[column].notna() & tracks[column].astype(str).str.strip().ne("")
            name = name.mask(known, tracks[column].astype(str).str.strip().str.casefold())
    return np.array([int(hash_bytes(text.encode())[:8], 16) % folds for text in name], dtype=np.int64)
