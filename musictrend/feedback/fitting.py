"""From a corpus to a world: which songs it starts from, and how its chords become tokens.

A token is a chord's quality (at the vocabulary) times its root relative to
the centre of the song: the key the song is mostly in where keys are known
for nearly all songs, else the song's commonest root. Roots relative to the
chord before would do for a grammar, but one changed token would then move
all chords after it, and a loop that does not close would wander through all
keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from musictrend.errors import NothingUsableError, ParameterError
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.scenario import Scenario
from musictrend.feedback.works import SEGMENTS, Works

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony import ChordTable

SHORTEST, LONGEST = 16, 64  # events of a song in the world
ENOUGH = 60  # songs a segment should have in the window
LEAST = 30  # songs a world needs at all
HELDOUT_SHARE = 0.2
TESTED = 150  # held-out songs of a segment that a generator is tested with
KNOWN_KEYS = 0.9


@dataclass
class WorldInput:
    """Songs of a corpus as tokens, and the window the world starts from.

    Attributes
    ----------
    works : Works
        All usable songs of both segments, of any year.
    year : int array, shape=(n_works,)
    heldout : bool array, shape=(n_works,)
        Songs of the artists that no generator learns from.
    first_year, last_year : int
        The window.
    n_tokens : int
    bitmaps : int array, shape=(n_tokens,)
        Root-relative pitch classes of each token.
    groups : tuple of str
        Style of each group code: ``pop``, and the niche genres.
    centre : {'key', 'commonest root'}
    left_out : dict of str to int
        Songs of pop or niche that are not used, by reason.
    """

    works: Works
    year: np.ndarray
    heldout: np.ndarray
    first_year: int
    last_year: int
    n_tokens: int
    bitmaps: np.ndarray
    groups: tuple[str, ...]
    centre: str
    left_out: dict[str, int] = field(default_factory=dict)

    def foundation(self, scenario: Scenario | None = None, until: int | None = None) -> Foundation:
        """What people had written in the window; `until` ends it in an earlier year."""
        inside = self.window(until)
        works, heldout = self.works.take(inside & ~self.heldout), self.works.take(inside & self.heldout)
        codes = np.unique(works.group)  # groups without gaps
        heldout = heldout.take(np.isin(heldout.group, codes) & _first_of_each(heldout.segment, TESTED))
        for part in (works, heldout):
            part.group = np.searchsorted(codes, part.group).astype(np.int32)
        return Foundation.found(
            works,
            heldout if len(heldout) else None,
            self.n_tokens,
            self.bitmaps,
            max_events=scenario.max_events if scenario else LONGEST,
        )

    def window(self, until: int | None = None) -> np.ndarray:
        """Which songs lie in the window (or in one of equal length that ends in `until`)."""
        last = self.last_year if until is None else until
        return (self.year > last - (self.last_year - self.first_year + 1)) & (self.year <= last)


def world_input(
    chords: ChordTable, tracks: pd.DataFrame, vocabulary: str = "sevenths", last_years: int = 10
) -> WorldInput:
    """Turn a corpus' chords into tokens and find the window to start from.

    Only tracks of segment pop or niche with a year, at least 16 events and no
    earlier duplicate count; of longer ones the first 64 events do. The window
    is the last `last_years` years, made longer by five years at a time until
    either segment that the corpus has holds 60 songs.

    Parameters
    ----------
    chords : ChordTable
    tracks : DataFrame
        Columns of ``tracks.parquet``: track_id, year, segment; where there, genres, artist_id, status,
        duplicate_of.
    vocabulary : str
    last_years : int

    Returns
    -------
    input : WorldInput

    Raises
    ------
    NothingUsableError
        When fewer than 30 songs can be used; says why.
    """
    if not isinstance(last_years, int | np.integer) or last_years < 1:
        raise ParameterError(f"last_years={last_years!r} must be a whole number of years, 1 or more")
    events = chords.events(vocabulary)
    table = _align_tracks(chords, tracks)
    lengths = np.diff(events.offsets)
    sided = np.isin(table["segment"], SEGMENTS)
    reasons = {
        "no year": sided & (table["year"] < 0),
        "fewer than 16 events": sided & (lengths < SHORTEST),
        "duplicate or excluded": sided & table["out"],
    }
    use = sided & ~np.logical_or.reduce(list(reasons.values()))
    left_out = {reason: int(mask.sum()) for reason, mask in reasons.items() if mask.any()}
    if use.sum() < LEAST:
        why = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "the corpus has no more"
        raise NothingUsableError(
            f"the feedback world needs {LEAST} pop or niche songs with a year and {SHORTEST} events; "
            f"there are {int(use.sum())} of {len(table['year'])} tracks ({why})"
        )
    keyed = _share_with_key(events)
    centre = "key" if np.mean(keyed[use] >= 1.0) >= KNOWN_KEYS else "commonest root"
    if centre == "key":
        left_out["no key"] = int((use & (keyed < 1.0)).sum())
        use &= keyed >= 1.0
    rows = np.flatnonzero(use)
    tokens, offsets, bitmaps = _tokenise(events, rows, centre == "key")
    segment = np.array([SEGMENTS.index(s) for s in table["segment"][rows]], dtype=np.int8)
    group, names = _group_styles(table["genre"][rows], segment)
    works = Works.build(tokens, offsets, group, segment)
    year = table["year"][rows]
    last, first = _find_window(year, segment, last_years)
    heldout = _hold_out(table["artist"][rows], table["track_id"][rows], segment, (year >= first) & (year <= last))
    return WorldInput(
        works,
        year,
        heldout,
        first,
        last,
        len(bitmaps),
        bitmaps,
        names,
        centre,
        {reason: n for reason, n in left_out.items() if n},
    )


def start_from(
    chords: ChordTable | WorldInput,
    tracks: pd.DataFrame | None,
    vocabulary: str = "sevenths",
    last_years: int = 10,
) -> WorldInput:
    """A world input as it is, or the one that chords and tracks make."""
    if isinstance(chords, WorldInput):
        return chords
    if tracks is None:
        raise ParameterError("chords are given without tracks; the tracks table says which song is pop and when")
    return world_input(chords, tracks, vocabulary, last_years)


def _align_tracks(chords: ChordTable, tracks: pd.DataFrame) -> dict[str, np.ndarray]:
    """Columns of the track table in the order of the chord table."""
    import pandas as pd

    missing = {"track_id", "year", "segment"} - set(tracks.columns)
    if missing:
        raise ParameterError(f"tracks lacks the column {', '.join(sorted(missing))}; it needs track_id, year, segment")
    rows = tracks.drop_duplicates("track_id").set_index("track_id").reindex(list(chords.track_ids))
    n = len(rows)

    def text(name: str) -> np.ndarray:
        return rows[name].fillna("").astype(str).to_numpy(dtype=object) if name in rows else np.full(n, "", object)

    def first_genre(value) -> str:
        return str(value[0]) if isinstance(value, list | tuple | np.ndarray) and len(value) else ""

    out = np.zeros(n, dtype=bool)
    if "status" in rows:
        out |= ~np.isin(text("status"), ["ok", ""])
    out |= text("duplicate_of") != ""
    year = pd.to_numeric(rows["year"], errors="coerce").fillna(-1).to_numpy(dtype=np.int64, na_value=-1)
    genre = np.array([first_genre(g) for g in rows["genres"]] if "genres" in rows else [""] * n, dtype=object)
    return {
        "track_id": np.array(chords.track_ids, dtype=object),
        "year": year,
        "segment": text("segment"),
        "artist": text("artist_id"),
        "genre": genre,
        "out": out,
    }


def _share_with_key(events) -> np.ndarray:
    """Share of each track's events with a known key."""
    n = len(events.track_ids)
    known = np.bincount(events.track, weights=events.key_tonic >= 0, minlength=n)
    return known / np.maximum(np.diff(events.offsets), 1)


def _tokenise(events, rows: np.ndarray, keyed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens and offsets of the chosen tracks, and the quality of each token."""
    track, n = events.track, len(events.track_ids)
    of = events.key_tonic if keyed else events.root
    votes = np.bincount(track * 12 + of.clip(0), minlength=n * 12).reshape(n, 12)
    centre = votes.argmax(axis=1)  # of equals the lowest pitch class
    if not keyed:
        # of equals the one heard first, so that transposition changes nothing
        first = np.full(n * 12, len(track), dtype=np.int64)
        np.minimum.at(first, track * 12 + of, np.arange(len(track)))
        tied = votes == votes.max(axis=1, keepdims=True)
        centre = np.where(tied, first.reshape(n, 12), len(track) + 1).argmin(axis=1)
    qualities, quality = np.unique(events.bitmap, return_inverse=True)
    token = (quality * 12 + (events.root - centre[track]) % 12).astype(np.int32)
    place = np.arange(len(track)) - events.offsets[:-1][track]
    same = np.zeros(len(track), dtype=bool)
    same[1:] = (token[1:] == token[:-1]) & (place[1:] > 0)  # neighbours across an N
    chosen = np.zeros(n, dtype=bool)
    chosen[rows] = True
    keep = chosen[track] & ~same & (place < LONGEST)
    length = np.bincount(track[keep], minlength=n)[rows]
    return token[keep], np.concatenate([[0], np.cumsum(length)]), np.repeat(qualities.astype(np.int32), 12)


def _group_styles(genre: np.ndarray, segment: np.ndarray, least: int = 20) -> tuple[np.ndarray, tuple[str, ...]]:
    """Style codes: pop is one, niche genres with 20 songs have their own, the others share one."""
    names, counts = np.unique(genre[segment == 1].astype(str), return_counts=True)
    own = {name: k for k, name in enumerate(names[counts >= least])}
    niche = np.array([own.get(name, len(own)) for name in genre.astype(str)])
    code = np.where(segment == 0, -1, niche)
    present, group = np.unique(code, return_inverse=True)
    words = {-1: "pop", len(own): "other niche", **{k: str(name) or "niche" for name, k in own.items()}}
    return group.astype(np.int32), tuple(words[int(k)] for k in present)


def _find_window(year: np.ndarray, segment: np.ndarray, last_years: int) -> tuple[int, int]:
    """Last and first year of the window."""
    last, earliest = int(year.max()), int(year.min())
    span = int(last_years)
    while last - span >= earliest:
        inside = year > last - span
        if all((segment[inside] == s).sum() >= min(ENOUGH, (segment == s).sum()) for s in np.unique(segment)):
            break
        span += 5
    return last, max(last - span + 1, earliest)


def _first_of_each(segment: np.ndarray, n: int) -> np.ndarray:
    """Which songs are among `n` of their segment, spread evenly over all of them."""
    keep = np.zeros(len(segment), dtype=bool)
    for s in np.unique(segment):
        mine = np.flatnonzero(segment == s)
        keep[mine[np.unique(np.linspace(0, len(mine) - 1, min(n, len(mine))).round().astype(int))]] = True
    return keep


def _hold_out(artist: np.ndarray, track_id: np.ndarray, segment: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """A fifth of each segment's songs in the window, by whole artists in a fixed shuffled order."""
    who = np.where(artist == "", track_id, artist).astype(str)
    names, code = np.unique(who, return_inverse=True)
    order = np.argsort([blake2b(name.encode(), digest_size=8).hexdigest() for name in names])
    held = np.zeros(len(names), dtype=bool)
    for s in np.unique(segment):
        count = np.bincount(code[inside & (segment == s)], minlength=len(names))
        target, taken = HELDOUT_SHARE * count.sum(), 0
        for k in order:
            # an artist larger than what is still to be held out is left to the next one
            if count[k] and taken + count[k] <= target:
                held[k] = True
                taken += count[k]
    return held[code]
