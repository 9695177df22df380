"""Writes docs/measures.md from the registry of measures and the measured robustness beside it.

    python tools/write_measures.py            write docs/measures.md
    python tools/write_measures.py --check    say whether it is what the registry makes; 1 when not

The figures of robustness are those that ``benchmarks/robustness.py FOLDER --write docs/robustness.csv`` printed.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from pathlib import Path

from musictrend.complexity.measure import FACETS, LENGTH_RULES, Measure, get_measure, select_measures

DOCS = Path(__file__).resolve().parents[1] / "docs"
INTRODUCTION = """# Measures of harmonic complexity

This page is made from the registry by `python tools/write_measures.py`; do not edit it. Every measure is one number a
track and vocabulary, absent (NaN, never 0) where the track is too short, has no key or bars, or the vocabulary is
too coarse. `musictrend measures` lists the same rows, `musictrend score FILE --explain` says which chords drove a score.

**Robustness**, measured on songs of McGill Billboard (pop) and iRb lead sheets (jazz) by `benchmarks/robustness.py`, in
standard deviations of the pop songs:

- *free length*: change from the first 10 to the first 100 chords of the same songs, were there no rule of length;
- *length*: change from the first 30 to the first 90 chords as the measure is defined;
- *vocabulary*: change from full labels to major and minor on the same songs;
- *noise*: change when 10% (20%) of the labels are replaced at random; *fade*: what is then left of jazz minus pop;
- *d*: jazz minus pop in pooled standard deviations (Cohen).

*Recommended* means: steady over length (0.25 SD), moved by less than 0.6 SD by 10% of wrong labels, and telling jazz
from pop (|d| of 0.8 or more). A measure that is not may still be the right one for a question; its row says what to
beware of.
"""


def read_robustness() -> dict[str, dict[str, str]]:
    """The measured rows by measure; none where the file is not there."""
    path = DOCS / "robustness.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["measure"]: row for row in csv.DictReader(file)}


def number(row: dict[str, str], name: str, decimals: int = 2) -> str:
    """A cell as text: a dash where nothing was measured."""
    text = row.get(name, "")
    return f"{float(text):+.{decimals}f}" if text not in ("", "nan") else "\N{EN DASH}"


def describe_range(measure: Measure) -> str:
    """Range and unit in words."""
    unit = "" if measure.unit in ("none", "share") else f" {measure.unit}"
    low = "unbounded below" if math.isinf(measure.low) else f"{measure.low:g}"
    high = "no upper bound" if math.isinf(measure.high) else f"{measure.high:g}"
    return f"{low} to {high}{unit}" if not math.isinf(measure.high) else f"from {low}{unit}, {high}"


def describe_needs(measure: Measure) -> str:
    """What a track must have."""
    names = {"needs_key": "a key", "needs_durations": "durations", "needs_bars": "bars", "needs_seconds": "seconds",
             "needs_quarters": "quarter notes"}  # fmt: skip
    found = [text for name, text in names.items() if getattr(measure, name, False)]
    return ", ".join(found) or "chord symbols alone"


def write_measure(measure: Measure, row: dict[str, str]) -> list[str]:
    """The entry of one measure."""
    direction = "rises" if measure.rises_with_complexity else "falls"
    lines = [f"### `{measure.name}`: {measure.title}", "", measure.description, ""]
    if measure.formula:
        lines.append(f"- *Formula*: {measure.formula}")
    lines.append(f"- *Range*: {describe_range(measure)}; {direction} with complexity")
    lines.append(f"- *Needs*: {describe_needs(measure)}; coarsest vocabulary `{measure.coarsest}`")
    lines.append(f"- *Length*: {LENGTH_RULES[measure.length_rule]}")
    if measure.example:
        lines.append(f"- *Example*: {measure.example}")
    if row:
        lines.append(
            f"- *Robustness*: free length {number(row, 'length_free')}, length {number(row, 'length')}, vocabulary "
            f"{number(row, 'vocabulary_change')}, noise {number(row, 'noise_10')} ({number(row, 'noise_20')}), fade "
            f"{number(row, 'fade_10')} ({number(row, 'fade_20')}), d {number(row, 'd')}: {row['verdict']}"
        )
    if measure.blind_to:
        lines.append(f"- *Blind to*: {measure.blind_to}")
    return [*lines, f"- *Source*: {measure.citation}", ""]


def write_document() -> str:
    """The whole page."""
    robustness = read_robustness()
    core = {m.name for m in select_measures("core")}
    measures = sorted(select_measures("all"), key=lambda m: (FACETS.index(m.facet), m.name))
    head = "| measure | facet | core | free length | length | noise 10% | d | verdict |"
    lines = [INTRODUCTION, "## At a glance", "", head, "| --- " * 8 + "|"]
    for measure in measures:
        row = robustness.get(measure.name, {})
        cells = [f"`{measure.name}`", measure.facet, "yes" if measure.name in core else ""]
        cells += [number(row, name) for name in ("length_free", "length", "noise_10", "d")]
        lines.append(
            "| " + " | ".join([*cells, row.get("verdict", "not measured: the songs lack what it needs")]) + " |"
        )
    for facet in FACETS:
        lines += ["", f"## {facet.capitalize()}", ""]
        for measure in measures:
            if measure.facet == facet:
                lines += write_measure(get_measure(measure.name), robustness.get(measure.name, {}))
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    path, text = DOCS / "measures.md", write_document()
    if args.check:
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        print(
            "docs/measures.md is what the registry makes"
            if same
            else "docs/measures.md differs: run tools/write_measures.py"
        )
        sys.exit(0 if same else 1)
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    main()
