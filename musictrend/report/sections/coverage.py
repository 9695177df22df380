"""What the corpus holds, and what it lacks: tracks by decade, genre, segment and kind of source; failures;
short tracks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from musictrend.report.blocks import Cell, Prose, Table
from musictrend.report.plates import count_cell, drop_empty, shade_counts
from musictrend.report.sections.section import Section
from musictrend.report.selection import SEGMENTS, VOCABULARIES, rank
from musictrend.report.tables import RunTables
from musictrend.report.words import clean, count_noun, format_count, is_missing, join_words

WINDOW = 30
GENRES, COLUMNS = 40, 26


def _build(tables: RunTables) -> list[Any]:
    if tables.tracks.empty:
        return [Prose("tracks.parquet holds no rows: no track was read, so there is nothing to cover.", "missing")]
    blocks: list[Any] = [Prose(_say_counts(tables))]
    note = _say_synthetic(tables)
    blocks += [Prose(note, "note")] if note else []
    if len(tables.usable):
        blocks.append(_heat(tables))
        blocks.append(_corpora(tables))
        blocks += _short_tracks(tables)
    else:
        blocks.append(Prose("No track came through: every one failed or was excluded.", "warning"))
    return blocks + _excluded(tables) + _unparsed(tables)


def _say_counts(tables: RunTables) -> str:
    """Return how many tracks were read, used, failed, excluded, repeated, and how many have no year."""
    tracks = tables.tracks
    status = tracks["status"].astype("object").fillna("ok")
    counts = status.value_counts()
    parts = [
        f"{format_count(int(counts.get(name, 0)))} {word}"
        for name, word in (("failed", "failed"), ("excluded", "were excluded"))
    ]
    twins = int((tracks["duplicate_of"].notna() & (tracks["duplicate_of"].astype("object").fillna("") != "")).sum())
    undated = int(tables.usable["year"].isna().sum())
    text = (
        f"{count_noun(len(tracks), 'track')} were read; {format_count(len(tables.usable))} count. "
        f"{join_words(parts)}; {format_count(twins)} repeat a song that is counted already."
    )
    years = tables.usable["year"].dropna()
    if len(years):
        text += f" Years run from {int(years.min())} to {int(years.max())}"
        kinds = sorted(str(kind) for kind in tables.usable["year_kind"].dropna().unique())
        text += f" (kind of year: {join_words(kinds)})." if kinds else "."
    if undated:
        text += f" {count_noun(undated, 'counted track')} without a year take no part in any trend."
    return text


def _say_synthetic(tables: RunTables) -> str:
    """Return which corpora are synthetic where real ones stand beside them."""
    if not tables.mark:
        return ""
    names = join_words(clean(name, 60) for name in sorted(tables.synthetic_corpora))
    return f"SYNTHETIC: {names}. Its music was made by a recipe, and says nothing about music that people made."


def _decades(years: pd.Series, most: int = COLUMNS) -> tuple[pd.Series, int]:
    """Return the first year of each track's decade, or of a longer stretch where there would be too many."""
    known = years.dropna()
    width = 10
    if len(known):
        width = next((size for size in (10, 20, 50, 100, 500) if (known.max() - known.min()) / size < most), 500)
    return years // width * width, width


def _heat(tables: RunTables) -> Table:
    """Return tracks by genre (rows, with segment and source kind) and decade (columns); pale to dark by
    count.
    """
    rows = tables.by_genre.copy()
    rows["decade"], width = _decades(rows["year"])
    keys = ["segment", "genre", "source_kind"]
    rows[keys] = rows[keys].astype("object").where(rows[keys].notna(), "not stated")
    counts = rows.pivot_table(index=keys, columns="decade", values="track_id", aggfunc="count", fill_value=0)
    counts = counts if len(counts) else pd.DataFrame(index=rows.groupby(keys).size().index)
    undated = rows[rows["decade"].isna()].groupby(keys).size()
    counts = counts.reindex(rows.groupby(keys).size().index, fill_value=0)
    totals = rows.groupby(keys).size()
    places = rank(pd.Series(counts.index.get_level_values("segment")), SEGMENTS).to_numpy()
    order = pd.DataFrame({"side": places, "few": -totals.to_numpy()}, index=counts.index)
    kept = order.sort_values("few", kind="stable").head(GENRES).index
    listed = order.loc[kept].sort_values(["side", "few"], kind="stable").index
    shade = shade_counts(counts.to_numpy(dtype=float))
    body = []
    for key in listed:
        cells = [Cell(clean(part, 36)) for part in key]
        cells += [Cell(format_count(n) if n else "\N{MIDDLE DOT}", float(n), shade(n)) for n in counts.loc[key]]
        body.append(
            (
                *cells,
                count_cell(undated.get(key, 0)),
                Cell(format_count(totals[key]), float(totals[key]), strong=True),
            )
        )
    left = len(order) - len(listed)
    note = "A track with several genres counts in each of its rows."
    note += f" {left} smaller rows are left out; tracks.parquet has them." if left else ""
    heads = [
        f"#{int(decade)}" + ("s" if width == 10 else f"\N{EN DASH}{int(decade) + width - 1}")
        for decade in counts.columns
    ]
    return Table(
        "coverage",
        f"Tracks by genre and {'decade' if width == 10 else f'{width} years'}.",
        ("Segment", "Genre", "Source", *heads, "#no year", "#all"),
        tuple(body),
        "tracks.parquet",
        note,
        tables.mark,
    )


def _corpora(tables: RunTables) -> Table:
    """Return one row a corpus: its tracks, artists, kinds of source and year."""
    body = []
    for name, part in tables.usable.groupby("corpus", dropna=False, sort=True):
        years = part["year"].dropna()
        kinds = [
            ", ".join(sorted(str(value) for value in part[column].dropna().unique()))
            for column in ("source_kind", "engine", "year_kind")
        ]
        mark = "SYNTHETIC" if str(name) in tables.synthetic_corpora else ""
        body.append(
            (
                Cell(clean(name, 60)),
                count_cell(len(part)),
                count_cell(part["artist_id"].nunique()),
                Cell(f"{int(years.min())} to {int(years.max())}" if len(years) else "none"),
                *(Cell(clean(kind, 60)) for kind in kinds),
                Cell(mark, strong=bool(mark)),
            )
        )
    return drop_empty(
        Table(
            "corpora",
            "Corpora.",
            ("Corpus", "#Tracks", "#Artists", "Years", "Source", "Engine", "Kind of year", "Made by"),
            tuple(body),
            "tracks.parquet",
            "",
            tables.mark,
        )
    )


def _short_tracks(tables: RunTables) -> list[Any]:
    """Return how many tracks are too short for a windowed measure, by segment and decade."""
    vocabulary = next((name for name in VOCABULARIES if len(tables.select_scores("types_rarefied", name))), None)
    events = tables.count_events(vocabulary)
    tracks = tables.usable[["track_id", "segment", "year"]].copy()
    tracks["events"] = events.reindex(tracks["track_id"]).to_numpy(dtype=float, na_value=np.nan)
    if tracks["events"].isna().all():
        return [
            Prose(
                "How many chords the tracks have is not stated, so the short ones cannot be counted.",
                "missing",
            )
        ]
    tracks["short"] = tracks["events"].fillna(0) < WINDOW
    if not tracks["short"].any():
        return [Prose(f"Every counted track has {WINDOW} events or more, so all have windowed values.")]
    tracks["decade"], width = _decades(tracks["year"])
    tracks["segment"] = tracks["segment"].astype("object").fillna("not stated")
    decades = sorted(tracks["decade"].dropna().unique())
    body = []
    for segment, part in tracks.groupby("segment", sort=True):
        cells = [Cell(clean(segment, 30))]
        for decade in decades:
            here = part[part["decade"] == decade]
            number = int(here["short"].sum())
            share = number / len(here) if len(here) else 0.0
            text = f"{number} of {len(here)}" if len(here) else "\N{MIDDLE DOT}"
            cells.append(Cell(text, share, min(5, int(np.ceil(5 * share)))))
        cells.append(Cell(f"{int(part['short'].sum())} of {len(part)}", float(part["short"].mean()), strong=True))
        body.append(tuple(cells))
    heads = [f"#{int(decade)}" + ("s" if width == 10 else "") for decade in decades]
    return [
        Table(
            "short",
            f"Tracks with fewer than {WINDOW} events: they have no windowed value.",
            ("Segment", *heads, "#all"),
            tuple(body),
            "scores.parquet (n_events), tracks.parquet (n_chords)",
            "",
            tables.mark,
        )
    ]


def _excluded(tables: RunTables) -> list[Any]:
    """Return why tracks failed, were excluded or do not count twice."""
    tracks = tables.tracks
    status = tracks["status"].astype("object").fillna("ok")
    rows = tracks[status.isin(["failed", "excluded"])]
    if rows.empty:
        return []
    parts = rows.assign(reason=rows["reason"].astype("object").fillna("no reason given"), status=status[rows.index])
    body = []
    for (state, reason), part in sorted(parts.groupby(["status", "reason"]), key=lambda item: (-len(item[1]), item[0])):
        examples = ", ".join(clean(name, 40) for name in sorted(str(value) for value in part["track_id"])[:3])
        body.append((Cell(clean(state)), Cell(clean(reason, 160)), count_cell(len(part)), Cell(examples)))
    return [
        Table(
            "excluded",
            "Tracks that failed or were excluded, by reason.",
            ("Status", "Reason", "#Tracks", "For example"),
            tuple(body[:30]),
            "tracks.parquet",
            "" if len(body) <= 30 else f"{len(body) - 30} more reasons are in the file.",
            tables.mark,
        )
    ]


def _unparsed(tables: RunTables) -> list[Any]:
    """Return how many chord symbols could not be read."""
    unread = tables.tracks["n_unread"].fillna(0) if "n_unread" in tables.tracks else pd.Series(dtype="float64")
    if unread.sum() > 0:
        every = tables.tracks["n_chords"].sum()
        return [
            Prose(
                f"{count_noun(unread.sum(), 'chord')} of {format_count(every)} in "
                f"{count_noun((unread > 0).sum(), 'track')} "
                "could not be read and count as unknown (X); problems.csv has the symbols with their places.",
                "note",
            )
        ]
    rows = tables.problems
    text = (rows["stage"].astype("object").fillna("") + " " + rows["reason"].astype("object").fillna("")).str.lower()
    symbols = rows[text.str.contains("symbol|chord label|unparsed|not parse|chordlabel", regex=True)]
    if symbols.empty:
        said = "" if "problems.csv" in tables.missing else "No chord symbol was left unread."
        return [Prose(said, "note")] if said else []
    tracks = symbols["track_id"].nunique()
    places = [
        " ".join(clean(row[name], 60) for name in ("path", "place") if not is_missing(row[name]))
        for _, row in symbols.head(2).iterrows()
    ]
    example = f" (for example {join_words(places)})" if any(places) else ""
    return [
        Prose(
            f"{count_noun(len(symbols), 'chord symbol')} in {count_noun(tracks, 'track')} could not be "
            f"read and count as unknown (X){example}; problems.csv has each with its text and place.",
            "note",
        )
    ]


SECTION = Section("coverage", "What the corpus holds", _build)
