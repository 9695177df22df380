"""The short Markdown summary: the answer, the numbers, the claims, and where the rest is."""

from __future__ import annotations

from musictrend.report.comparison import compare_tables
from musictrend.report.evidence import count_behind, find_evidence
from musictrend.report.sections.answer import QUESTION, build_cards, summarise
from musictrend.report.sections.compared import (
    COMPARED,
    list_rows,
    say_findings,
    say_only,
    say_support,
)
from musictrend.report.selection import explain_no_contrast
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    clean,
    count_noun,
    describe_change,
    describe_verdict,
    format_count,
    format_interval,
    format_number,
    format_percent,
    is_missing,
)

SHOWN = 60


def format_summary(tables: RunTables, title: str) -> str:
    """Return the report of a run as a short Markdown text.

    Parameters
    ----------
    tables : RunTables
    title : str

    Returns
    -------
    markdown : str
        Ends in a newline; text from strangers is escaped.
    """
    lines = [f"# {_escape(title)}", ""]
    if tables.page_mark:
        lines += [f"**{tables.page_mark}**: made from generated music.", ""]
    lines += [f"*{QUESTION}*", ""]
    counted = f"{format_count(len(tables.usable))} of {count_noun(len(tables.tracks), 'track')}"
    lines += [
        f"{summarise(tables)} {counted} count.".strip(),
        "",
    ]
    cards = build_cards(tables)
    if cards:
        lines += ["| | | a decade | 95% interval | SD | stands on |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [
            f"| {_escape(card.label)} | {card.word} | {card.number.removesuffix(' a decade')} | "
            f"{card.interval.removeprefix('95% interval ')} | {card.sd.removesuffix(' a decade')} | "
            f"{_escape(card.n)} |"
            for card in cards
        ]
        lines.append("")
    none = explain_no_contrast(tables)
    lines += [_escape(none), ""] if none else []
    if tables.claims:
        lines += ["## Claims", ""]
        lines += [_say_claim(tables, claim) for claim in tables.claims] + [""]
    else:
        lines += ["claims.json is missing or empty: no claim was tested.", ""]
    lines += _say_beside(tables) if tables.beside is not None else []
    failed = int((tables.tracks["status"] == "failed").sum())
    lines.append(
        f"{format_count(failed)} tracks failed, {count_noun(len(tables.problems), 'problem')} in "
        "problems.csv. The tables of the run hold every number; report.html shows them."
    )
    return "\n".join(lines) + "\n"


def _say_beside(tables: RunTables) -> list[str]:
    """Return what sets another run apart from this one, and the slopes that differ."""
    found = compare_tables(tables)
    lines = ["## Beside another run", "", _escape(say_findings(found)), ""]
    lines += [_escape(text) for _, text in say_support(tables, found)] + [""]
    if found.settings:
        lines += ["| what differs | this run | other run |", "| --- | --- | --- |"]
        lines += [f"| {_escape(name)} | {_escape(here)} | {_escape(there)} |" for name, here, there in found.settings]
        lines.append("")
    lines += [f"- {_escape(text)}" for text in say_only(tables, found)]
    if found.rows.empty:
        return [*lines, ""]
    rows = found.rows[(found.rows["finding"] == "differ") | found.rows["measure"].eq(found.rows["measure"].iloc[0])]
    lines += ["", f"| {' | '.join(column.lstrip('#') for column in COMPARED)} |", f"|{' --- |' * len(COMPARED)}"]
    for cells in list_rows(tables, rows.head(SHOWN)):
        lines.append(f"| {' | '.join(_escape(cell.text) for cell in cells)} |")
    held = f"{count_noun(len(found.rows), 'slope')} were compared; listed: the first measure, and all that differ"
    return [*lines, "", f"{held}{f', {SHOWN} at most' if len(rows) > SHOWN else ''}.", ""]


def _say_claim(tables: RunTables, claim: dict) -> str:
    """Return one claim as a list item."""
    verdict = describe_verdict(claim.get("verdict"))
    text = f"- **{verdict.word}**: {_escape(clean(claim.get('sentence') or claim.get('id'), 400))}"
    estimate, low, high = (claim.get(key) for key in ("estimate", "low", "high"))
    evidence = find_evidence(tables, claim)
    if not is_missing(estimate):
        if claim.get("kind") == "simulated":
            text += f" {format_number(estimate, 3, sign=True)}"
            text += f" (90% of runs {format_interval(low, high, 3)})" if not is_missing(low) else ""
        else:
            unit = str(claim.get("unit") or "")
            words = evidence.words
            if "sd" in unit.lower() and not words.is_sd:
                text += f" {format_number(estimate, 2, sign=True)} SD a decade ({format_interval(low, high, 2)})"
            else:
                change, interval = describe_change(estimate, low, high, words)
                text += f" {change} ({interval})"
    tracks, artists = count_behind(tables, evidence)
    if claim.get("kind") == "simulated":
        share = claim.get("robustness")
        text += (
            " Simulated."
            if is_missing(share)
            else f" Simulated; holds in {format_percent(share)} of the parameter box."
        )
    elif tracks is not None:
        text += (
            f" n = {count_noun(tracks, 'track')}"
            + ("" if artists is None else f", {count_noun(artists, 'artist')}")
            + "."
        )
    return text


def _escape(text: object) -> str:
    """Return text that Markdown and HTML leave alone."""
    plain = clean(text, 400).replace("\n", " ").replace("\\", "\\\\")
    for letter in "`*_[]|":
        plain = plain.replace(letter, f"\\{letter}")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
