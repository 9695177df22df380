"""Numbers and verdicts in words: one place for how a figure is spoken.

Strings from strangers pass through :func:`clean` before they reach a page or a picture.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Verdict:
    """One verdict: its word on the page and what the word means."""

    key: str
    word: str
    gloss: str


VERDICTS = {
    verdict.key: verdict
    for verdict in (
        Verdict("supported", "Supported", "the interval lies wholly on the claim's side"),
        Verdict("contradicted", "Contradicted", "the interval lies wholly on the other side"),
        Verdict("equivalent", "No change that matters", "the interval lies inside the bounds fixed beforehand"),
        Verdict("mixed", "Mixed", "registered specifications disagree with one another"),
        Verdict("inconclusive", "Inconclusive", "the interval is too wide to tell"),
        Verdict("not_testable", "Not testable here", "this corpus cannot tell, for the reason given"),
    )
}


@dataclass(frozen=True)
class MeasureWords:
    """How a measure is spoken: label, unit, facet, direction and, where the run tells it, definition and
    source.
    """

    name: str
    label: str
    unit: str = ""
    facet: str = ""
    rises: bool | None = True
    definition: str = ""
    citation: str = ""

    @property
    def is_share(self) -> bool:
        """Whether values run from 0 to 1 and are spoken as percentages."""
        return self.unit in ("share", "proportion", "fraction") or (not self.unit and self.name.endswith("_share"))

    @property
    def is_sd(self) -> bool:
        """Whether the measure's own unit already is SD."""
        return self.unit.lower().strip() in ("sd", "z", "sd units")


_WORDS = {
    # name: label, unit, facet
    "composite": ("harmonic complexity", "points", "composite"),
    "types_rarefied": ("different chords in 30", "chords", "vocabulary"),
    "type_entropy": ("chord entropy", "bits", "vocabulary"),
    "hill2": ("effective number of chords", "chords", "vocabulary"),
    "mtld": ("run of varied chords (MTLD)", "chords", "vocabulary"),
    "cardinality": ("notes in a chord", "pitch classes", "vocabulary"),
    "nontriad_share": ("chords of four or more notes", "share", "vocabulary"),
    "extended_share": ("chords of five or more notes", "share", "vocabulary"),
    "dominant_seventh_share": ("dominant sevenths", "share", "vocabulary"),
    "minor_seventh_share": ("minor sevenths", "share", "vocabulary"),
    "sus_share": ("suspended chords", "share", "vocabulary"),
    "conditional_entropy": ("entropy of the next chord", "bits", "syntax"),
    "surprisal": ("chord surprisal", "bits", "syntax"),
    "surprisal_ppm": ("chord surprisal (PPM)", "bits", "syntax"),
    "lz76": ("Lempel-Ziv complexity", "", "syntax"),
    "graph_efficiency": ("efficiency of the chord network", "", "syntax"),
    "fifths_spread": ("spread on the circle of fifths", "", "tonality"),
    "chromatic_share": ("notes outside the key", "share", "tonality"),
    "flat_side_share": ("flat-side chords in major", "share", "tonality"),
    "applied_share": ("applied dominants", "share", "tonality"),
    "key_change_rate": ("key changes in 100 chords", "changes", "tonality"),
    "tps_distance": ("tonal pitch space distance", "steps", "tonality"),
    "spiral_diameter": ("spiral array diameter", "", "tonality"),
    "tiv_distance": ("tonal interval distance", "", "tonality"),
    "voice_leading": ("voice-leading distance", "semitones", "tonality"),
    "roughness": ("roughness of the chords", "", "vertical"),
    "harmonicity": ("harmonicity of the chords", "bits", "vertical"),
    "tiv_dissonance": ("tonal interval dissonance", "", "vertical"),
    "changes_per_bar": ("chord changes in a bar", "changes", "rhythm"),
    "changes_per_second": ("chord changes in a second", "changes", "rhythm"),
    # quantities of the feedback world
    "founding_surprisal": ("surprisal against the founding music", "bits", "world"),
    "tail_mass": ("rare progressions", "share", "world"),
    "novel_mass": ("progressions that the founding music lacks", "share", "world"),
    "transition_hill1": ("effective number of progressions", "progressions", "world"),
    "transition_hill2": ("effective number of common progressions", "progressions", "world"),
    "transition_entropy": ("entropy of the next chord", "bits", "world"),
    "duplicate_rate": ("near-duplicates among new songs", "share", "world"),
    "longest_shared": ("longest copied run", "chords", "world"),
    "heldout_cross_entropy": ("cost of held-out human songs to the generator", "bits", "world"),
    "supply_share": ("share of new songs", "share", "world"),
    "share_of_plays": ("share of plays", "share", "world"),
    "discoverability": ("new songs that reach the chart", "share", "world"),
    "gini_plays": ("inequality of plays (Gini)", "", "world"),
    "n_works": ("new songs", "songs", "world"),
}

HEADLINE = (
    "composite",
    "types_rarefied",
    "surprisal",
    "fifths_spread",
    "chromatic_share",
    "roughness",
    "type_entropy",
    "nontriad_share",
    "extended_share",
    "dominant_seventh_share",
    "minor_seventh_share",
    "changes_per_bar",
)
"""Measures that speak first, in this order; all the others stand in the tables."""

FACETS = ("composite", "vocabulary", "syntax", "tonality", "vertical", "rhythm")

_METHOD_WORDS = {
    "mixed": "mixed model",
    "cluster_ols": "artist-clustered OLS",
    "theil_sen": "Theil\N{EN DASH}Sen",
    "equal_genre": "genres weigh equally",
    "pooled": "all tracks pooled",
    "standardised": "genre mix held fixed",
    "within_corpus": "inside each corpus",
    "overlap": "corpora linked by songs they share",
    "between_corpora": "between corpora only",
    "root": "roots only",
    "majmin": "major/minor",
    "triads": "triads",
    "sevenths": "sevenths",
    "full": "full chords",
}


def describe_measure(name: str, measures: Iterable[dict[str, Any]] = ()) -> MeasureWords:
    """Return how a measure is spoken; the run's own ``measures.json`` wins over what is known here."""
    label, unit, facet = _WORDS.get(name, (name.replace("_", " "), "", ""))
    rises: bool | None = name not in ("harmonicity",)
    definition = citation = ""
    for row in measures:
        if row.get("name", row.get("measure")) == name:
            unit = _read_unit(row.get("unit"), unit)
            facet = str(row.get("facet") or facet)
            label = str(row.get("label") or (label if name in _WORDS else row.get("title") or label))
            rises = row.get("rises_with_complexity", rises)
            definition = str(row.get("definition") or row.get("description") or row.get("idea") or "")
            citation = str(row.get("citation") or row.get("source") or "")
    if name == "composite":  # a mean of z-scores, whose own SD is not 1: "SD" is kept for SD units
        facet, unit = "composite", "points"
    return MeasureWords(name, label, unit, facet, rises, definition, citation)


def describe_option(value: object) -> str:
    """Return a method, pooling, vocabulary or identification in words."""
    if is_missing(value):
        return "not stated"
    if value == "":
        return "any"
    return _METHOD_WORDS.get(str(value), str(value).replace("_", " "))


def describe_verdict(key: object) -> Verdict:
    """Return the verdict of a claim; an unknown word is shown as it stands."""
    name = str(key or "")
    return VERDICTS.get(name, Verdict("unknown", name.replace("_", " ") or "No verdict", "not a registered verdict"))


def count_decimals(*values: float) -> int:
    """Return the decimals that show two digits of the interval's half width (or of the value alone).

    >>> count_decimals(-0.08, -0.102, -0.06)
    3
    >>> count_decimals(12.0, 9.0, 15.0)
    1
    """
    finite = [float(value) for value in values if not is_missing(value) and math.isfinite(float(value))]
    if not finite:
        return 2
    width = (max(finite) - min(finite)) / 2 if len(finite) > 1 else 0.0
    width = width or max(abs(value) for value in finite) / 10
    return 2 if width <= 0 else min(max(1 - math.floor(math.log10(width)), 0), 4)


def format_number(value: object, decimals: int | None = None, sign: bool = False) -> str:
    """Return a number with a true minus; a dash where there is none.

    >>> format_number(-0.0798, 3)
    '−0.080'
    >>> format_number(0.5, 1, sign=True)
    '+0.5'
    """
    if is_missing(value) or not math.isfinite(float(value)):  # type: ignore[arg-type]
        return "\N{EN DASH}"
    number = float(value)  # type: ignore[arg-type]
    text = f"{number:.{count_decimals(number) if decimals is None else decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
        return text
    return f"{MINUS}{text[1:]}" if text.startswith("-") else f"+{text}" if sign else text


def format_count(value: object) -> str:
    """Return a whole number with narrow spaces at the thousands.

    >>> format_count(12000).replace(THIN, " ")
    '12 000'
    """
    if is_missing(value) or not math.isfinite(float(value)):  # type: ignore[arg-type]
        return "\N{EN DASH}"
    number = int(round(float(value)))  # type: ignore[arg-type]
    return f"{number:,}".replace(",", THIN) if abs(number) >= 10_000 else str(number)


def format_p(value: object) -> str:
    """Return a p or q value, never as zero.

    >>> format_p(0.00002)
    '<0.001'
    """
    if is_missing(value) or not math.isfinite(float(value)):  # type: ignore[arg-type]
        return "\N{EN DASH}"
    number = float(value)  # type: ignore[arg-type]
    return "<0.001" if number < 0.001 else f"{number:.3f}" if number < 0.1 else f"{number:.2f}"


def format_percent(value: object) -> str:
    """Return a share from 0 to 1 as a whole percentage."""
    if is_missing(value) or not math.isfinite(float(value)):  # type: ignore[arg-type]
        return "\N{EN DASH}"
    return f"{round(100 * float(value))}%"  # type: ignore[arg-type]


def format_interval(low: object, high: object, decimals: int) -> str:
    """Return ``low to high``."""
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def describe_change(estimate: object, low: object, high: object, words: MeasureWords) -> tuple[str, str]:
    """Return a slope and its interval in natural units, ready for a sentence.

    >>> describe_change(-0.0798, -0.102, -0.060, describe_measure("dominant_seventh_share"))
    ('−8.0 percentage points a decade', '−10.2 to −6.0')
    """
    factor = 100 if words.is_share else 1
    values = [None if is_missing(value) else float(value) * factor for value in (estimate, low, high)]  # type: ignore[arg-type]
    decimals = count_decimals(*[value for value in values if value is not None])
    unit = "percentage points" if words.is_share else words.unit
    text = f"{format_number(values[0], decimals, sign=True)} {unit}".strip() + " a decade"
    return text, format_interval(values[1], values[2], decimals)


def say_direction(low: object, high: object) -> str:
    """Return ``rose``, ``fell`` or ``no clear change``, by the side of zero on which the interval lies."""
    if is_missing(low) or is_missing(high):
        return "no interval"
    if float(low) > 0:  # type: ignore[arg-type]
        return "rose"
    return "fell" if float(high) < 0 else "no clear change"  # type: ignore[arg-type]


def say_complexity(low: object, high: object, words: MeasureWords) -> str:
    """Return what a slope says about complexity, given which way the measure points."""
    direction = say_direction(low, high)
    if words.rises is None or direction in ("no interval", "no clear change"):
        return direction
    return "more complex" if (direction == "rose") == bool(words.rises) else "simpler"


def join_words(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does.

    >>> join_words(["a", "b", "c"])
    'a, b and c'
    """
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def count_noun(number: object, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    >>> count_noun(1, "track"), count_noun(2, "track")
    ('1 track', '2 tracks')
    """
    return f"{format_count(number)} {noun if number == 1 else plural or noun + 's'}"


def capital(text: str) -> str:
    """Return the text with its first letter large."""
    return text[:1].upper() + text[1:]


def is_missing(value: object) -> bool:
    """Say whether a cell holds nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


# Controls, lone surrogates, bidirectional overrides and noncharacters: none is legal or wanted in a page.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def clean(text: object, limit: int = 200) -> str:
    r"""Return a stranger's text without control characters, and cut to a length that fits a page.

    >>> clean("a\x00b")
    'a�b'
    """
    if is_missing(text):
        return ""
    whole = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return whole if len(whole) <= limit else whole[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def _read_unit(unit: object, fallback: str) -> str:
    """Return a measure's unit: the words known here, else the run's, spoken; ``none`` is no unit."""
    text = "" if unit is None or str(unit) in ("none", "1") else str(unit).replace("/event", " a chord")
    return fallback if fallback and (fallback == "share") == (text == "share") else text or fallback
