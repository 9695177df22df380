"""What will happen with a corpus, before hours of work: coverage, labels, duplicates, symbols, each with the next move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from musictrend.corpus.manifest import Corpus, manifest_problems, track_table
from musictrend.corpus.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CorpusReport", "check_corpus", "count_cells"]

MIN_TRACKS = 30  # a genre with fewer carries no slope (design.md section 5)


@dataclass(frozen=True)
class CorpusReport:
    """What `check_corpus` found.

    Attributes
    ----------
    corpus : str
    n_tracks : int
    cells : DataFrame
        Tracks by decade, genre, segment and source kind.
    problems : list of Problem
        Each with what to do next.
    contrasts : list of dict
        Which slopes and contrasts the corpus can carry, with the smallest slope that it would see
        (``mdes_sd``, SD a decade, 80% power).
    facts : dict
        Single figures: duplicates, missing years, unreadable files, symbols read.
    """

    corpus: str
    n_tracks: int
    cells: pd.DataFrame
    problems: list[Problem]
    contrasts: list[dict[str, Any]]
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data for ``--json``."""
        from dataclasses import asdict

        return {
            "corpus": self.corpus,
            "n_tracks": self.n_tracks,
            "facts": self.facts,
            "cells": self.cells.to_dict("records"),
            "contrasts": self.contrasts,
            "problems": [asdict(p) for p in self.problems],
        }


def count_cells(tracks: pd.DataFrame) -> pd.DataFrame:
    """Tracks by decade, genre, segment and source kind; a track with several genres counts in each.

    Returns
    -------
    cells : DataFrame
        decade (nullable), genre, segment, source_kind, n_tracks.
    """
    rows = tracks[["year", "genres", "segment", "source_kind"]].copy()
    rows["decade"] = rows["year"] // 10 * 10
    rows["genre"] = [list(g) or [""] for g in rows["genres"]]
    rows = rows.explode("genre")
    keys = ["segment", "genre", "decade", "source_kind"]
    counts = rows.groupby(keys, dropna=False, observed=True).size().rename("n_tracks").reset_index()
    return counts.sort_values(keys, kind="stable", ignore_index=True)


def check_corpus(
    corpus: Corpus,
    *,
    extracted: Any = None,
    power: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> CorpusReport:
    """Say what will happen with a corpus.

    Parameters
    ----------
    corpus : Corpus
    extracted : Extracted, optional
        Its chords, where files and symbols are to be checked too.
    power : callable, optional
        From the track table to the contrasts it can carry (the trends layer's; passed in, so that this layer
        does not import it).
    """
    tracks = track_table([corpus])
    problems = manifest_problems(corpus)
    facts: dict[str, Any] = {
        "root": str(corpus.root),
        "licence": corpus.licence or "not stated",
        "year_kind": corpus.year_kind,
        "segments": corpus.rule.describe(),
    }
    problems += _label_problems(corpus, tracks, facts)
    problems += _genre_problems(corpus, tracks, facts)
    facts["duplicates"] = int(tracks["duplicate_of"].notna().sum())
    facts["failed"] = int((tracks["status"] == "failed").sum())
    if extracted is not None:
        facts["unreadable"] = len(extracted.reasons)
        labels = extracted.chords.labels
        used = Counter(extracted.chords.label.tolist())
        n = sum(used.values())
        unknown = sum(count for code, count in used.items() if labels.text[code] == "X")
        facts["symbols"] = n
        facts["symbols_unread"] = unknown
        problems += extracted.problems
        bad = set(extracted.reasons)
        tracks.loc[tracks["track_id"].isin(bad), "status"] = "failed"
    usable = tracks[(tracks["status"] == "ok") & tracks["duplicate_of"].isna()]
    sides = Counter(usable["segment"])
    facts["segments_found"] = {side: int(sides[side]) for side in ("pop", "niche", "other")}
    if not (sides["pop"] and sides["niche"]):
        side = "no side" if not (sides["pop"] or sides["niche"]) else "one side"
        problems.append(
            Problem(
                "tracks",
                path=str(corpus.root),
                reason=f"{side} of pop and niche in it: trends, but no contrast",
                hint="state [segments] in corpus.toml, or analyse it together with another corpus",
            )  # fmt: skip
        )
    contrasts: list[dict[str, Any]] = power(usable).to_dict("records") if power is not None and len(usable) else []  # type: ignore[assignment]
    return CorpusReport(corpus.name, len(tracks), count_cells(usable), problems, contrasts, facts)


def _label_problems(corpus: Corpus, tracks: pd.DataFrame, facts: dict[str, Any]) -> list[Problem]:
    reasons = Counter(t.year.reason for t in corpus.entries if t.year.value is None)
    facts["without_year"] = int(tracks["year"].isna().sum())
    open_ended = [t for t in corpus.entries if t.year.value is not None and (t.year.low is None or t.year.high is None)]
    wide = [
        t
        for t in corpus.entries
        if t.year.low is not None and t.year.high is not None and t.year.high - t.year.low >= 10
    ]
    facts["uncertain_years"] = len(open_ended) + len(wide)
    found = [
        Problem(
            "tracks",
            path=str(corpus.root),
            reason=f"{count} tracks: {reason}",
            hint="they enter no trend; add years to the manifest",
        )  # fmt: skip
        for reason, count in reasons.most_common(20)
        if reason
    ]
    years = tracks["year"].dropna()
    if len(years) and int(years.max()) - int(years.min()) < 10:
        found.append(
            Problem(
                "tracks",
                path=str(corpus.root),
                reason=f"years span {int(years.min())}-{int(years.max())} only",
                hint="a trend needs at least two decades",
            )  # fmt: skip
        )
    facts["without_genre"] = int(sum(not g for g in tracks["genres"]))
    facts["without_artist"] = int((tracks["artist"] == "").sum())
    return found


def _genre_problems(corpus: Corpus, tracks: pd.DataFrame, facts: dict[str, Any]) -> list[Problem]:
    counts = Counter(g for genres in tracks["genres"] for g in genres)
    facts["genres"] = dict(counts.most_common())
    found: list[Problem] = []
    if corpus.rule.measure:
        return found
    listed = {*corpus.rule.pop, *corpus.rule.niche, *corpus.rule.other}
    for genre, count in counts.items():
        if genre in listed:
            continue
        close = corpus.rule.close_names(genre)
        if corpus.rule.rest == "other" or close:
            hint = f"close: {', '.join(close)}; " if close else ""
            found.append(
                Problem(
                    "tracks",
                    path=str(corpus.root),
                    reason=f"genre {genre!r} ({count} tracks) is in no segment's list and becomes {corpus.rule.rest}",
                    hint=hint + "list it under [segments], or as a synonym under [genres]",
                )  # fmt: skip
            )
    for genre in sorted(listed & set(counts)):
        if counts[genre] < MIN_TRACKS and corpus.rule.stated:
            found.append(
                Problem(
                    "tracks",
                    path=str(corpus.root),
                    reason=f"genre {genre!r} has {counts[genre]} tracks",
                    hint=f"a slope needs {MIN_TRACKS}; merge it with a near genre under [genres]",
                )  # fmt: skip
            )
    return found


def describe_corpora(corpora: Sequence[Corpus]) -> pd.DataFrame:
    """One row a corpus: tracks, artists, years, segments, licence."""
    import pandas as pd

    rows = []
    for corpus in corpora:
        tracks = track_table([corpus])
        years = tracks["year"].dropna()
        sides = Counter(tracks["segment"])
        genres = Counter(g for names in tracks["genres"] for g in names).most_common()
        rows.append(
            {
                "corpus": corpus.name,
                "title": corpus.title,
                "n_tracks": len(tracks),
                "n_artists": int(tracks.loc[tracks["artist"] != "", "artist_id"].nunique()),
                "first_year": int(years.min()) if len(years) else None,
                "last_year": int(years.max()) if len(years) else None,
                "year_kind": corpus.year_kind,
                "pop": sides["pop"],
                "niche": sides["niche"],
                "other": sides["other"],
                "genres": _most(genres),
                "source_kinds": _most(Counter(tracks["source_kind"]).most_common()),
                "transcription": corpus.transcription,
                "licence": corpus.licence,
                "segments": corpus.rule.describe(),
            }
        )
    return pd.DataFrame(rows)


def _most(counts: list[tuple[str, int]], n: int = 8) -> str:
    """The most common of some categories in one cell: ``jazz 110, folk 100 and 3 more``."""
    shown = ", ".join(f"{name} {count}" for name, count in counts[:n])
    return f"{shown} and {len(counts) - n} more" if len(counts) > n else shown
