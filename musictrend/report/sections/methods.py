"""How the numbers were made: rules fixed beforehand, every measure used, and the words of the page."""

from __future__ import annotations

from typing import Any

from musictrend.report.blocks import Definitions, Heading, Prose
from musictrend.report.sections.section import Section
from musictrend.report.selection import list_measures, read_bound, speak
from musictrend.report.tables import RunTables
from musictrend.report.words import VERDICTS, capital, clean, format_number

RULES = (
    (
        "Fixed length",
        "Windowed measures are read in windows of 30 events, or rarefied to 30, so that long songs do "
        "not look richer than short ones. Tracks with fewer events have no such value and are counted "
        "above.",
    ),
    (
        "Vocabulary",
        "Chords are reduced to a vocabulary first (roots, major/minor, triads, sevenths, full) and equal "
        "neighbours merged then. Measures are compared only at a vocabulary that all their sources can "
        "express.",
    ),
    (
        "Corpus and source",
        "Slopes are estimated with terms for corpus, kind of source and length; artists and repeated "
        "songs are clusters, not independent rows. Kinds of year are not mixed inside one slope.",
    ),
    (
        "Niche",
        "The unweighted mean of the slopes of genres with at least 30 tracks, 10 artists and 2 decades. "
        "With all tracks pooled, a change in the mix of genres looks like a change in the music.",
    ),
    ("SD units", "The spread within genres of a frozen reference sample, never of this run."),
    (
        "Identification",
        "Inside each corpus; across corpora that share songs; or between corpora only. The last alone never "
        "supports or contradicts a claim.",
    ),
    (
        "Simulated claims",
        "Have no p-value. Their verdict is the share of the stated parameter box in which they hold.",
    ),
)

GLOSSARY = (
    (
        "event",
        "A chord after reduction to the vocabulary and merging of equal neighbours; silence and unknown "
        "chords taken out.",
    ),
    ("segment", "Pop (mainstream) or niche, by the corpus' own stated rule; other where it states neither."),
    ("slope", "Change a decade of a measure, in its own unit or in SD."),
    ("95% interval", "The range of slopes that the data do not speak against."),
    (
        "p, q",
        "Probability of a slope as steep if there were none; q: the same, with the number of tests allowed for.",
    ),
    ("scenario", "A setting of the feedback world; a fan shows its runs under different seeds."),
)


def _build(tables: RunTables) -> list[Any]:
    bound = format_number(read_bound(tables), 2)
    verdicts = tuple((verdict.word, verdict.key, f"{capital(verdict.gloss)}.") for verdict in VERDICTS.values())
    measures = []
    for name in list_measures(tables):
        words = speak(tables, name)
        detail = ", ".join(part for part in (name, words.facet, words.unit) if part)
        direction = (
            "" if words.rises is None else " Rises with complexity." if words.rises else " Falls as complexity rises."
        )
        source = f" {clean(words.citation, 300)}." if words.citation else ""
        measures.append((capital(words.label), detail, f"{clean(words.definition, 600)}{direction}{source}".strip()))
    blocks: list[Any] = [
        Heading("Rules, fixed before any result"),
        Definitions(tuple((term, "", text) for term, text in RULES)),
        Heading("Verdicts"),
        Prose(
            f"The bounds of \N{LEFT DOUBLE QUOTATION MARK}no change that "
            f"matters\N{RIGHT DOUBLE QUOTATION MARK}: {bound} SD a decade either way."
        ),
        Definitions(verdicts),
    ]
    if measures:
        blocks.append(Heading("Measures on this page"))
        if not tables.measures:
            blocks.append(
                Prose(
                    "The run holds no measures.json: names only. `musictrend measures` prints the definitions.",
                    "missing",
                )
            )
        blocks.append(Definitions(tuple(measures)))
    return [*blocks, Heading("Words"), Definitions(tuple((term, "", text) for term, text in GLOSSARY))]


SECTION = Section("methods", "Methods and words", _build)
