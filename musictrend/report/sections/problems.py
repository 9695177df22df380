"""What went wrong, grouped by reason, each with the next move."""

from __future__ import annotations

import re
from typing import Any

from musictrend.report.blocks import Cell, Prose, Table
from musictrend.report.plates import count_cell
from musictrend.report.sections.section import Section
from musictrend.report.tables import RunTables
from musictrend.report.words import clean, count_noun, is_missing

GROUPS, EXAMPLES = 50, 3


def _build(tables: RunTables) -> list[Any]:
    if "problems.csv" in tables.missing:
        return [
            Prose(
                f"problems.csv: {tables.missing['problems.csv']}. Whether anything went wrong is not known.",
                "missing",
            )
        ]
    if tables.problems.empty:
        return [Prose("Nothing went wrong: problems.csv holds no rows.")]
    rows = tables.problems.astype("object").where(tables.problems.notna(), "")
    rows["kind"] = [_generalise(str(reason)) for reason in rows["reason"]]
    groups = sorted(rows.groupby(["stage", "kind"], sort=True), key=lambda item: (-len(item[1]), item[0]))
    body = []
    for (stage, kind), part in groups[:GROUPS]:
        reasons = part["reason"].unique()
        reason, hints = (reasons[0] if len(reasons) == 1 else kind), part["hint"].unique()
        examples = "; ".join(_say_place(row, len(reasons) > 1) for _, row in part.head(EXAMPLES).iterrows())
        body.append(
            (
                Cell(clean(stage, 30)),
                Cell(clean(reason, 200)),
                count_cell(len(part)),
                count_cell(part["track_id"].replace("", None).nunique()),
                Cell(examples),
                Cell(clean(hints[0] if len(hints) == 1 else _generalise(str(hints[0])), 200)),
            )
        )
    note = "" if len(groups) <= GROUPS else f"{len(groups) - GROUPS} rarer reasons are in problems.csv."
    return [
        Prose(
            f"{count_noun(len(rows), 'problem')} in {count_noun(len(groups), 'group')}; the rest of the "
            f"corpus is intact."
        ),
        Table(
            "problems",
            "Problems by reason.",
            ("Stage", "Reason", "#Times", "#Tracks", "For example", "What to do"),
            tuple(body),
            "problems.csv",
            note,
            tables.mark,
        ),
    ]


def _generalise(reason: str) -> str:
    """Return a reason without what it quotes and counts, so that a thousand odd symbols make one group."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+", "\N{HORIZONTAL ELLIPSIS}", reason)


def _say_place(row: Any, quoted: bool) -> str:
    """Return where a problem is (track, file, place) and, in a group of several, what it quotes."""
    parts = [clean(row[name], 60) for name in ("track_id", "path", "place") if not is_missing(row[name])]
    if quoted:
        parts += [clean(text, 40) for text in re.findall(r"'[^']*'|\"[^\"]*\"|`[^`]*`", str(row["reason"]))[:1]]
    return " \N{MIDDLE DOT} ".join(part for part in dict.fromkeys(parts) if part) or "no place given"


SECTION = Section("problems", "Problems", _build)
