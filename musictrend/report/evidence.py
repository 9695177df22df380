"""What stands behind a claim: its row in the tables, its denominators, its tracks and their chords."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musictrend.report.blocks import Claim
from musictrend.report.examples import pick_tracks, show_track
from musictrend.report.plates import contrast_in_sd
from musictrend.report.selection import choose_vocabulary, count_sides, order_rows, speak
from musictrend.report.tables import RunTables, as_list
from musictrend.report.words import (
    HEADLINE,
    MeasureWords,
    capital,
    clean,
    count_decimals,
    count_noun,
    describe_change,
    describe_option,
    describe_verdict,
    format_count,
    format_interval,
    format_number,
    format_percent,
    is_missing,
    join_words,
)


@dataclass(frozen=True)
class Evidence:
    """The rows that a claim rests on."""

    claim: dict[str, Any]
    measure: str
    vocabulary: str | None
    level: str
    groups: tuple[str, ...]
    row: pd.Series | None
    is_contrast: bool
    words: MeasureWords

    @property
    def is_simulated(self) -> bool:
        """Whether the claim is about the simulated future."""
        return self.claim.get("kind") == "simulated"


def find_evidence(tables: RunTables, claim: dict[str, Any]) -> Evidence:
    """Return what a claim rests on.

    The claim's own ``measure``, ``vocabulary``, ``level`` and ``group`` decide where it has them; else the
    measure and the groups that its id or sentence names; and among their rows the one whose estimate is the
    claim's, or the primary specification.
    """
    key = ("evidence", id(claim))
    if key not in tables.memory:
        tables.memory[key] = _find_evidence(tables, claim)
    return tables.memory[key]


def _find_evidence(tables: RunTables, claim: dict[str, Any]) -> Evidence:
    """Return what a claim rests on, looked up afresh."""
    text = f"{claim.get('id', '')} {claim.get('sentence', '')}".lower()
    measure = str(claim.get("measure") or _guess_measure(tables, text))
    stated = claim.get("group") or claim.get("groups") or claim.get("segment")
    groups = tuple(as_list(stated)) if stated else ()
    if len(groups) == 1:  # "pop-niche", "pop minus niche": a contrast spelled in one word
        parts = [name for name in ("pop", "niche") if re.search(rf"\b{name}\b", groups[0])]
        groups = tuple(parts) if len(parts) == 2 else groups
    if not groups:
        groups = tuple(name for name in ("pop", "niche") if re.search(rf"(?<![a-z]){name}(?![a-z])", text))
    is_contrast = str(claim.get("test", claim.get("table", ""))).startswith("contrast") or (
        len(groups) != 1 and len(tables.contrasts) > 0
    )
    level = str(claim.get("level") or _guess_level(tables, groups))
    vocabulary = claim.get("vocabulary")
    known = {name for names in tables.vocabularies.get(measure, []) for name in names}
    if vocabulary is None or (known and vocabulary not in known):
        vocabulary = choose_vocabulary(tables, measure)
    if is_contrast:
        rows = tables.contrasts
        rows, value, groups = rows[rows["measure"] == measure], "difference", groups or ("pop", "niche")
    else:
        rows, value = tables.trends, "slope"
        rows = rows[(rows["measure"] == measure) & (rows["level"] == level)]
        rows = rows[rows["group"].isin(groups)] if groups else rows
    for column in ("vocabulary", "method", "pooling"):
        if claim.get(column):
            rows = rows[rows[column] == claim[column]]
    rows = order_rows(tables, rows)
    row = _match_row(rows, claim.get("estimate"), value, vocabulary)
    return Evidence(
        claim,
        measure,
        None if vocabulary is None else str(vocabulary),
        level,
        groups,
        row,
        is_contrast,
        speak(tables, measure),
    )


def build_claims(tables: RunTables, claims: Sequence[dict[str, Any]]) -> list[Claim]:
    """Return claims as the page shows them, down to the chords; scores and chords are read in one pass each."""
    found = [find_evidence(tables, claim) for claim in claims]
    tables.hold_scores(sorted({evidence.measure for evidence in found}))
    picks = [pick_tracks(tables, evidence) for evidence in found]
    wanted = {str(row["track_id"]) for picked, _ in picks for _, row in picked}
    chords = tables.select_chords(sorted(wanted))
    by_track = {str(name): part for name, part in chords.groupby("track_id", sort=False, observed=True)}
    built = []
    for place, (evidence, (picked, note)) in enumerate(zip(found, picks, strict=True), 1):
        claim, verdict = evidence.claim, describe_verdict(evidence.claim.get("verdict"))
        headline, unit_note = _say_estimate(tables, evidence)
        groups = list(evidence.groups)
        built.append(
            Claim(
                name=f"claim-{place}",
                claim_kind="simulated" if evidence.is_simulated else "observed",
                sentence=clean(claim.get("sentence") or claim.get("id") or "a claim without a sentence", 400),
                verdict=verdict.key,
                word=verdict.word,
                gloss=verdict.gloss,
                headline=headline,
                facts=tuple(_list_facts(tables, evidence, unit_note)),
                examples=tuple(
                    show_track(tables, evidence, role, row, by_track.get(str(row["track_id"]))) for role, row in picked
                ),
                examples_note=note,
                mark=tables.mark if evidence.is_simulated else tables.mark_of(evidence.level, groups),
            )
        )
    return built


def count_behind(tables: RunTables, evidence: Evidence) -> tuple[float | None, float | None]:
    """Return how many tracks and artists a claim rests on, as its tables state them."""
    tracks, artists = evidence.claim.get("n_tracks"), evidence.claim.get("n_artists")
    if tracks is None and evidence.row is not None and not evidence.is_contrast:
        tracks, artists = evidence.row.get("n_tracks"), evidence.row.get("n_artists")
    if is_missing(tracks) and evidence.row is not None and evidence.is_contrast:
        sides = count_sides(tables, evidence.row)
        if None not in sides:
            artists = [evidence.row.get(f"n_{side}_artists") for side in ("pop", "niche")]
            return sum(sides), None if any(is_missing(one) for one in artists) else sum(artists)  # type: ignore[arg-type]
    if is_missing(tracks) and evidence.groups:
        rows = tables.trends
        rows = rows[(rows["measure"] == evidence.measure) & rows["group"].isin(evidence.groups)]
        if evidence.vocabulary is not None:
            rows = rows[rows["vocabulary"] == evidence.vocabulary]
        best = order_rows(tables, rows).drop_duplicates(["level", "group"])
        best = best[best["level"] == evidence.level]
        if len(best) and best["n_tracks"].notna().any():
            tracks, artists = best["n_tracks"].sum(), best["n_artists"].sum()
    return (None if is_missing(tracks) else tracks), (None if is_missing(artists) else artists)


def _say_estimate(tables: RunTables, evidence: Evidence) -> tuple[str, str]:
    """Return the estimate with its interval in words, and the same in the other unit (SD or its own)."""
    claim, row, words = evidence.claim, evidence.row, evidence.words
    estimate, low, high = (_number(claim.get(key)) for key in ("estimate", "low", "high"))
    unit = clean(claim.get("unit"), 60)
    if np.isnan(estimate):
        return "", ""
    if evidence.is_simulated:
        return _say_simulated(estimate, low, high, unit), ""
    stated_in_sd = _is_sd(evidence, unit)
    if stated_in_sd:
        text = _say_sd((estimate, low, high))
    else:
        change, interval = describe_change(estimate, low, high, words)
        text = f"{change} " + ("(no interval given)" if np.isnan(low + high) else f"(95% interval {interval})")
    if row is None or words.is_sd:
        return text, ""
    if stated_in_sd:
        value = "difference_per_decade" if evidence.is_contrast else "slope_per_decade"
        change, interval = describe_change(row[value], row["low"], row["high"], words)
        return text, f"{change} (95% interval {interval})"
    in_sd = _say_sd(_find_sd(tables, evidence))
    bare = not words.unit and not words.is_share  # a plain number says little: SD units speak first
    return (in_sd, text) if bare and in_sd else (text, in_sd)


def _say_simulated(estimate: float, low: float, high: float, unit: str) -> str:
    """Return a simulated estimate and its range over worlds."""
    if unit == "change in share":  # spoken in percentage points, like every share
        estimate, low, high, unit = 100 * estimate, 100 * low, 100 * high, "percentage points"
    decimals = count_decimals(estimate, low, high)
    text = f"{format_number(estimate, decimals, sign=True)} {unit}".strip()
    return text if np.isnan(low) else f"{text} (95% of worlds {format_interval(low, high, decimals)})"


def _say_sd(values: tuple[float, float, float]) -> str:
    """Return an estimate and its interval in SD a decade; empty where the scale is unknown."""
    if np.isnan(values[0]):
        return ""
    decimals = count_decimals(*values)
    text = f"{format_number(values[0], decimals, sign=True)} SD a decade"
    return text if np.isnan(values[1]) else f"{text} (95% interval {format_interval(*values[1:], decimals)})"


def _number(value: object) -> float:
    """Return a number of a claim; NaN where it has none."""
    return float("nan") if is_missing(value) else float(value)  # type: ignore[arg-type]


def _find_sd(tables: RunTables, evidence: Evidence) -> tuple[float, float, float]:
    """Return estimate and interval in SD a decade: as the claim states them, else from its row."""
    stated = [evidence.claim.get(key) for key in ("estimate_sd", "low_sd", "high_sd")]
    if not any(is_missing(value) for value in stated):
        return tuple(float(value) for value in stated)  # type: ignore[arg-type,return-value]
    row = evidence.row
    assert row is not None
    if evidence.is_contrast:
        return contrast_in_sd(row, tables.contrasts)
    slope = row["slope_per_decade"]
    factor = row["slope_sd_per_decade"] / slope if slope else float("nan")
    return float(row["slope_sd_per_decade"]), float(row["low"] * factor), float(row["high"] * factor)


def _list_facts(tables: RunTables, evidence: Evidence, unit_note: str) -> list[tuple[str, str]]:
    """Return the lines under a claim: why, in other units, denominators, method, robustness."""
    claim, row, words = evidence.claim, evidence.row, evidence.words
    facts = [("Why this verdict", clean(claim.get("why"), 600) or "The run gives no reason.")]
    if unit_note:
        facts.append(("In other units", unit_note))
    robustness = claim.get("robustness")
    if evidence.is_simulated:
        share = "not stated" if is_missing(robustness) else f"{format_percent(robustness)} of the stated parameter box"
        facts.append(("Holds in", f"{share}. A simulated claim has no p-value."))
        if claim.get("n_worlds"):
            facts.append(("Rests on", f"{count_noun(claim['n_worlds'], 'simulated world')}"))
        return facts
    tracks, artists = count_behind(tables, evidence)
    behind = [] if tracks is None else [count_noun(tracks, "track")]
    behind += [] if artists is None else [count_noun(artists, "artist")]
    facts.append(("Rests on", join_words(behind) if behind else "the run does not state how many tracks"))
    facts.append(("Measure", f"{words.label} ({evidence.measure}), vocabulary {describe_option(evidence.vocabulary)}"))
    if row is not None:
        method = [describe_option(row["method"]), describe_option(row["pooling"])]
        if evidence.is_contrast and not is_missing(row.get("identification")):
            method.append(f"identified {describe_option(row['identification'])}")
        facts.append(("Method", ", ".join(part for part in method if part != "not stated")))
        if evidence.is_contrast and not is_missing(row.get("mdes")):
            change = describe_change(row["mdes"], None, None, words)[0].lstrip("+")
            facts.append(("Smallest change it could see", f"{change} (80% power)"))
    if not is_missing(robustness):
        counts = claim.get("specifications")
        said = ""
        if isinstance(counts, dict) and counts:
            said = ": " + ", ".join(f"{format_count(number)} {clean(word, 30)}" for word, number in counts.items())
        facts.append(("Agree", f"{format_percent(robustness)} of the registered specifications{said}"))
    caveats = "; ".join(clean(text, 300) for text in as_list(claim.get("caveats")))
    if caveats:
        facts.append(("Keep in mind", f"{capital(caveats)}."))
    return facts


def _guess_measure(tables: RunTables, text: str) -> str:
    """Return the measure that a claim's own words name, the longest name first; else the first headline
    measure.
    """
    names = {str(value) for table in (tables.contrasts, tables.trends) for value in table["measure"].dropna().unique()}
    for name in sorted(names | set(HEADLINE), key=lambda item: (-len(item), item)):
        if name in text or name.replace("_", " ") in text:
            return name
    return next((name for name in HEADLINE if name in names), "composite")


def _guess_level(tables: RunTables, groups: tuple[str, ...]) -> str:
    """Return the level at which the groups have trends."""
    rows = tables.trends[tables.trends["group"].isin(groups)]
    return str(rows["level"].iloc[0]) if len(rows) and not set(groups) <= {"pop", "niche", "other"} else "segment"


def _match_row(rows: pd.DataFrame, estimate: object, value: str, vocabulary: object) -> pd.Series | None:
    """Return the row whose estimate is the claim's, else the first at the claim's vocabulary."""
    if rows.empty:
        return None
    if not is_missing(estimate):
        for column in (f"{value}_per_decade", f"{value}_sd_per_decade"):
            same = rows[np.isclose(rows[column], float(estimate), rtol=1e-6, atol=1e-12)]  # type: ignore[arg-type]
            if len(same):
                return same.iloc[0]
    here = rows[rows["vocabulary"] == vocabulary]
    return here.iloc[0] if len(here) else None


def _is_sd(evidence: Evidence, unit: str) -> bool:
    """Say whether a claim's estimate is in SD units: by its unit, else by the column that it equals."""
    if unit:
        return "sd" in unit.lower()
    if evidence.row is None or evidence.words.is_sd:
        return evidence.words.is_sd
    column = "difference_sd_per_decade" if evidence.is_contrast else "slope_sd_per_decade"
    natural = column.replace("_sd", "")
    estimate = float(evidence.claim["estimate"])
    return bool(
        np.isclose(evidence.row[column], estimate, rtol=1e-6, atol=1e-12)
        and not np.isclose(evidence.row[natural], estimate, rtol=1e-6, atol=1e-12)
    )
