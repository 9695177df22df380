"""The tracks that a claim opens down to, picked by rule, with their first chords."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from musictrend.report.blocks import ChordChip, Example
from musictrend.report.tables import SYNTHETIC, RunTables, as_list
from musictrend.report.words import (
    clean,
    count_decimals,
    count_noun,
    format_count,
    format_number,
    is_missing,
    join_words,
)

if TYPE_CHECKING:
    from musictrend.report.evidence import Evidence

CHORDS_SHOWN = 32


def pick_tracks(tables: RunTables, evidence: Evidence) -> tuple[list[tuple[str, pd.Series]], str]:
    """Return the tracks that a claim opens down to, each with its role, and the words on how they were picked.

    The middle of the first and of the last decade and, for one group alone, both ends of the scale.
    """
    scores = tables.select_scores(evidence.measure, evidence.vocabulary)
    tracks = tables.usable[["track_id", "title", "artist", "year", "genres", "segment", "corpus"]]
    tracks = tracks[tracks["year"].notna()]
    if scores.empty or tracks.empty:
        return [], "No scores of this measure are in the run, so no tracks can be picked."
    scores = scores[["track_id", "value"]].dropna().drop_duplicates("track_id")
    rows = tracks.merge(scores, on="track_id", how="inner")
    groups = evidence.groups or ("pop", "niche", "other")
    picked: list[tuple[str, pd.Series]] = []
    for group in groups:
        inside = _inside(rows, evidence.level, group)
        if len(inside):
            picked += _pick(inside, group, both_ends=len(groups) == 1, last_only=evidence.is_simulated)
    if not picked:
        return [], f"No scored track of {join_words(clean(group, 40) for group in groups)} has a year."
    return picked, _RULE_SIMULATED if evidence.is_simulated else _RULE


_RULE = "Picked by rule: the track nearest its decade's median and, for one group, both ends of the scale."
_RULE_SIMULATED = "Simulated works are not kept one by one. The world starts from the last decade; its middle tracks:"


def _pick(rows: pd.DataFrame, group: str, *, both_ends: bool, last_only: bool) -> list[tuple[str, pd.Series]]:
    """Pick tracks of one group by rule; ties go to the smaller track id."""
    rows = rows.sort_values("track_id", kind="stable")
    decade = (rows["year"] // 10 * 10).astype(int)
    sizes = decade.value_counts().sort_index()
    enough = sizes[sizes >= min(5, int(sizes.max()))].index
    picked: list[tuple[str, pd.Series]] = []
    decades = [enough[-1]] if last_only or len(enough) == 1 else [enough[0], enough[-1]]
    for first in decades:
        inside = rows[decade == first]
        distance = (inside["value"] - inside["value"].median()).abs().to_numpy(dtype=float)
        role = f"{clean(group, 40)}, {first}s: the middle of {count_noun(len(inside), 'track')}"
        picked.append((role, inside.iloc[int(np.argmin(distance))]))
    if both_ends and not last_only:
        values = rows["value"].to_numpy(dtype=float)
        for word, place in (("lowest", int(values.argmin())), ("highest", int(values.argmax()))):
            end = rows.iloc[place]
            if all(row["track_id"] != end["track_id"] for _, row in picked):
                picked.append((f"{clean(group, 40)}: the {word} of {count_noun(len(rows), 'track')}", end))
    return picked


def show_track(
    tables: RunTables, evidence: Evidence, role: str, row: pd.Series, chords: pd.DataFrame | None
) -> Example:
    """Return a track with its first chords."""
    chips: tuple[ChordChip, ...] = ()
    note = "Its chords are not in the run."
    if chords is not None and len(chords):
        first = chords.head(CHORDS_SHOWN)
        chips = tuple(
            ChordChip(clean(label, 24), _look(label, pitches))
            for label, pitches in zip(first["label"], first["pitch_classes"], strict=True)
        )
        shown = (
            f"first {len(first)} of {format_count(len(chords))}" if len(chords) > len(first) else f"all {len(first)}"
        )
        note = f"{shown} chords; the rest: chords.parquet, track_id {clean(row['track_id'], 60)}"
    detail = [str(int(row["year"])), ", ".join(as_list(row["genres"])), clean(row["corpus"], 60)]
    synthetic = str(row["corpus"]) in tables.synthetic_corpora
    value = row["value"] * (100 if evidence.words.is_share else 1)
    unit = "%" if evidence.words.is_share else f" {evidence.words.unit}".rstrip()
    return Example(
        role=role,
        title=clean(row["title"], 120) or clean(row["track_id"], 120),
        artist=clean(row["artist"], 80),
        detail=" \N{MIDDLE DOT} ".join(clean(part, 90) for part in detail if part),
        value=f"{evidence.words.label} {format_number(value, count_decimals(value))}{unit}",
        chords=chips,
        chords_note=note,
        mark=SYNTHETIC if synthetic else "",
    )


def _look(label: object, pitches: object) -> str:
    """Return how a chord is drawn: none (N, X), rich (four or more pitch classes), triad."""
    if is_missing(label) or str(label) in ("N", "X", ""):
        return "none"
    try:
        count = 0 if is_missing(pitches) else len(pitches)  # type: ignore[arg-type]
    except TypeError:
        count = 0
    return "rich" if count >= 4 else "triad"


def _inside(rows: pd.DataFrame, level: str, group: str) -> pd.DataFrame:
    """Return the rows of one group."""
    if level == "genre":
        return rows[[group in as_list(value) for value in rows["genres"]]]
    column = "corpus" if level == "corpus" else "segment"
    return rows[(rows[column] == group).fillna(False)]
