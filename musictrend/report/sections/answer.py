"""The answer first: four numbers, then every claim with its verdict, open down to its chords."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from musictrend.report.blocks import Card, Cards, Claim, Claims, Fold, Heading, Prose
from musictrend.report.evidence import build_claims, find_evidence
from musictrend.report.plates import contrast_in_sd
from musictrend.report.sections.section import Section, say_missing
from musictrend.report.selection import (
    count_sides,
    explain_no_contrast,
    list_measures,
    list_segments,
    read_bound,
    select_contrast,
    select_trend,
    speak,
)
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    VERDICTS,
    MeasureWords,
    capital,
    clean,
    count_decimals,
    count_noun,
    describe_change,
    describe_option,
    describe_verdict,
    format_interval,
    format_number,
    is_missing,
    join_words,
    say_complexity,
    say_direction,
)

SILENT = 4

QUESTION = (
    "Is pop getting harmonically simpler while niche genres grow more complex, "
    "and what will generative music do to that?"
)


def choose_headline(tables: RunTables) -> str | None:
    """Return the measure that answers first: the first headline one with a contrast, else with a trend."""
    measures = list_measures(tables)
    for measure in measures:
        if select_contrast(tables, measure) is not None:
            return measure
    for measure in measures:
        if len(tables.trends[tables.trends["measure"] == measure]):
            return measure
    return None


def build_cards(tables: RunTables) -> list[Card]:
    """Return one card a segment, and one for the contrast."""
    measure = choose_headline(tables)
    if measure is None:
        return []
    cards = []
    for segment in list_segments(tables):
        row = select_trend(tables, "segment", segment, measure)
        if row is not None:
            cards.append(_trend_card(tables, segment, row, measure))
    if not cards:
        rows = tables.trends[(tables.trends["measure"] == measure) & (tables.trends["level"] == "corpus")]
        for name in list(rows["group"].dropna().unique())[:3]:
            row = select_trend(tables, "corpus", str(name), measure)
            if row is not None:
                cards.append(_trend_card(tables, str(name), row, measure))
    contrast = select_contrast(tables, measure)
    if contrast is not None:
        cards.append(_contrast_card(tables, contrast, measure))
    return cards


def summarise(tables: RunTables) -> str:
    """Return the answer in one or two sentences, taken from the verdicts and never beyond them."""
    observed = [claim for claim in tables.claims if claim.get("kind") != "simulated"]
    if not observed:
        return ""
    counts = Counter(describe_verdict(claim.get("verdict")).key for claim in observed)
    order = [*VERDICTS, "unknown"]
    parts = [f"{counts[key]} {_COUNTED[key][counts[key] > 1]}" for key in order if counts[key]]
    return f"Of {count_noun(len(observed), 'claim')} about the past, {join_words(parts)}."


_COUNTED = {
    "supported": ("is supported", "are supported"),
    "contradicted": ("is contradicted", "are contradicted"),
    "equivalent": ("shows no change that matters", "show no change that matters"),
    "mixed": ("is mixed", "are mixed"),
    "inconclusive": ("is inconclusive", "are inconclusive"),
    "not_testable": ("cannot be tested here", "cannot be tested here"),
    "unknown": ("has no verdict", "have no verdict"),
}


def _build(tables: RunTables) -> list[Any]:
    blocks: list[Any] = []
    answer = say_answer(tables)
    if answer:
        blocks.append(Prose(answer, "lead"))
    cards = build_cards(tables)
    if cards:
        blocks.append(Cards(tuple(cards)))
        measure = choose_headline(tables)
        words = speak(tables, str(measure))
        note = f"Headline measure: {words.label}. "
        if measure == "composite":
            note += (
                "The mean of four facets (vocabulary, syntax, tonality, vertical); a point is one SD of "
                "each in a frozen reference sample. "
            )
        bound = format_number(read_bound(tables), 2)
        note += f"A change below {bound} SD a decade was fixed beforehand as too small to matter."
        blocks.append(Prose(note, "note"))
    else:
        blocks.append(say_missing(tables, "trends.parquet", "No trend could be stated."))
    none = explain_no_contrast(tables)
    if none:
        blocks.append(Prose(none, "warning"))
    if not tables.claims:
        blocks.append(say_missing(tables, "claims.json", "No claim was tested, so none has a verdict."))
    built = build_claims(tables, tables.claims)
    for title, kind in (
        ("What happened", "observed"),
        ("What generative feedback would do (simulated)", "simulated"),
    ):
        claims = [claim for claim in built if claim.claim_kind == kind]
        if claims:
            blocks += [Heading(title), *_show_claims(claims)]
    return blocks


def _show_claims(claims: list[Claim]) -> list[Any]:
    """Return the claims as registered; many that cannot be tested are folded away together."""
    silent = [claim for claim in claims if claim.verdict == "not_testable"]
    if len(silent) <= SILENT:
        return [Claims(tuple(claims))]
    told = [claim for claim in claims if claim.verdict != "not_testable"]
    blocks: list[Any] = [Claims(tuple(told))] if told else []
    title = f"{count_noun(len(silent), 'claim')} that cannot be tested here, each with the reason"
    return [*blocks, Fold(title, (Claims(tuple(silent)),))]


def say_answer(tables: RunTables) -> str:
    """Return the short answer: what each side did, what the difference is, how the claims came out."""
    measure = choose_headline(tables)
    if measure is None:
        return summarise(tables)
    words = speak(tables, measure)
    said = []
    segments = list_segments(tables)
    sides = [name for name in segments if name in ("pop", "niche")] or segments
    for segment in sides:
        row = select_trend(tables, "segment", segment, measure)
        if row is not None:
            name = {"niche": "niche genres", "other": "the corpus"}.get(segment, clean(segment, 40))
            said.append(f"{name} {_TOLD.get(judge_trend(tables, segment, row, measure), 'showed no clear change')}")
    answer = f"{capital(', '.join(said))}." if said else ""
    contrast = select_contrast(tables, measure)
    if contrast is not None:
        answer += f" {_say_contrast(tables, contrast, words)}"
    return f"{answer} {summarise(tables)}".strip()


_BY_CHANCE = "unclear once all claims are counted"

_TOLD = {
    "more complex": "grew harmonically more complex",
    "simpler": "grew harmonically simpler",
    "rose": "rose",
    "fell": "fell",
    "no change that matters": "did not change by an amount that matters",
    _BY_CHANCE: "showed no change that stands once all claims are counted",
    "specifications disagree": "cannot be judged, because registered specifications disagree",
    "not testable": "cannot be judged from this corpus",
}


def judge_trend(tables: RunTables, group: str, row: pd.Series, measure: str) -> str:
    """Return what a trend says in a word or three: never more than the verdict of the claim that tests it.

    Where no claim tests it, the interval decides.
    """
    words = speak(tables, measure)
    verdict = _find_verdict(tables, measure, (group,))
    if verdict in _CAUTIOUS:
        return _CAUTIOUS[verdict] if verdict != "inconclusive" else _say_unclear(row)
    told = say_complexity(row["low"], row["high"], words)
    small = _is_small(row["low"], row["high"], row["slope_per_decade"], row["slope_sd_per_decade"], read_bound(tables))
    return "no change that matters" if told == "no clear change" and small else told


def judge_contrast(tables: RunTables, row: pd.Series) -> str:
    """Return what the contrast says in a few words: never more than the verdict of its claim."""
    verdict = _find_verdict(tables, str(row["measure"]), ("pop", "niche"))
    if str(row["identification"]) == "between_corpora" or verdict == "not_testable":
        return "not testable"
    if verdict in _CAUTIOUS:
        return _CAUTIOUS[verdict] if verdict != "inconclusive" else _say_unclear(row)
    direction = say_direction(row["low"], row["high"])
    if direction == "no clear change" and not is_missing(row["equivalent"]) and bool(row["equivalent"]):
        return "no difference that matters"
    told = {"rose": "pop gained on niche", "fell": "pop lost ground to niche"}
    return told.get(direction, "no clear difference")


_CAUTIOUS = {
    "equivalent": "no change that matters",
    "mixed": "specifications disagree",
    "inconclusive": "no clear change",
    "not_testable": "not testable",
}


def _say_unclear(row: pd.Series) -> str:
    """Return why a verdict is inconclusive: the interval, or the number of claims that were tried."""
    return "no clear change" if say_direction(row["low"], row["high"]) == "no clear change" else _BY_CHANCE


def _find_verdict(tables: RunTables, measure: str, groups: tuple[str, ...]) -> str:
    """Return the verdict of the observed claim about this measure and these groups; empty where there is
    none.
    """
    for claim in tables.claims:
        if claim.get("kind") != "simulated":
            evidence = find_evidence(tables, claim)
            if evidence.measure == measure and evidence.groups == groups:
                return str(claim.get("verdict") or "")
    return ""


def _say_contrast(tables: RunTables, row: pd.Series, words: MeasureWords) -> str:
    """Return the contrast of pop against niche as a sentence."""
    change, interval = describe_change(row["difference_per_decade"], row["low"], row["high"], words)
    figures = f"pop minus niche: {change}, 95% interval {interval}"
    told = judge_contrast(tables, row)
    if told == "not testable":
        if str(row["identification"]) == "between_corpora":
            return (
                "Pop and niche come from different corpora here, so what sets them apart cannot be told "
                "from what sets the corpora apart."
            )
        return "Whether they moved apart cannot be judged from this corpus."
    if told in ("no difference that matters", "no change that matters"):
        return f"The two moved alike, within bounds fixed beforehand ({figures})."
    if told == "specifications disagree":
        return f"Whether they moved apart depends on the specification ({figures} by the primary one)."
    if told == _BY_CHANCE:
        return f"That they moved apart does not stand once all claims are counted ({figures})."
    if told in ("no clear difference", "no clear change"):
        return f"Whether they moved apart cannot be told ({figures})."
    return f"In {words.label} {told.replace('niche', 'niche genres')} ({figures})."


def _trend_card(tables: RunTables, group: str, row: pd.Series, measure: str) -> Card:
    """Return a card for one group's trend."""
    words = speak(tables, measure)
    change, interval = describe_change(row["slope_per_decade"], row["low"], row["high"], words)
    counts = [] if is_missing(row["n_tracks"]) else [count_noun(row["n_tracks"], "track")]
    counts += [] if is_missing(row["n_artists"]) else [count_noun(row["n_artists"], "artist")]
    return Card(
        group=group if group in ("pop", "niche") else "other",
        label=clean(group, 40),
        word=judge_trend(tables, group, row, measure),
        number=change,
        interval=f"95% interval {interval}",
        sd="" if words.is_sd else f"{format_number(row['slope_sd_per_decade'], 2, sign=True)} SD a decade",
        n=", ".join(counts),
        mark=tables.mark_of(str(row["level"]), [group]),
    )


def _contrast_card(tables: RunTables, row: pd.Series, measure: str) -> Card:
    """Return a card for pop minus niche."""
    words = speak(tables, measure)
    change, interval = describe_change(row["difference_per_decade"], row["low"], row["high"], words)
    in_sd = contrast_in_sd(row, tables.contrasts)
    decimals = count_decimals(*in_sd)
    tail = f"SD a decade ({format_interval(in_sd[1], in_sd[2], decimals)})"
    return Card(
        group="contrast",
        label="pop minus niche",
        word=judge_contrast(tables, row),
        number=change,
        interval=f"95% interval {interval}",
        sd="" if words.is_sd or is_missing(in_sd[0]) else f"{format_number(in_sd[0], decimals, sign=True)} {tail}",
        n=", ".join(part for part in (_say_sides(tables, row), _say_identification(row)) if part),
        mark=tables.mark_of("segment", ["pop", "niche"]),
    )


def _say_sides(tables: RunTables, row: pd.Series) -> str:
    """Return the tracks on either side of a contrast."""
    counts = zip(("pop", "niche"), count_sides(tables, row), strict=True)
    return " + ".join(count_noun(count, f"{side} track") for side, count in counts if count is not None)


def _say_identification(row: pd.Series) -> str:
    """Return how pop and niche are told apart from their corpora."""
    return "" if is_missing(row["identification"]) else describe_option(row["identification"])


def _is_small(low: float, high: float, slope: float, slope_sd: float, bound: float) -> bool:
    """Say whether an interval lies inside the bounds that were fixed beforehand."""
    factor = slope_sd / slope if slope else float("nan")
    return bool(abs(low * factor) < bound and abs(high * factor) < bound)


SECTION = Section("answer", "The answer", _build)
