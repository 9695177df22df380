"""The shape that all sections share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from musictrend.report.blocks import Built, Fold, Prose, Table
from musictrend.report.tables import PART_SYNTHETIC, SYNTHETIC, RunTables


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its title, and how it is built from the tables of a run."""

    id: str
    title: str
    build: Callable[[RunTables], list[Any] | None]

    def fill(self, tables: RunTables) -> Built | None:
        """Return the section with its blocks, or nothing where the run gives it no reason to be there."""
        blocks = self.build(tables)
        if blocks is None:
            return None
        if tables.mark == SYNTHETIC:
            blocks = [mark_block(block) for block in blocks]
        return Built(self.id, self.title, tuple(blocks))


def mark_block(block: Any) -> Any:
    """Return a block of a wholly synthetic run with the word on every table in it, also on those not about
    tracks; a table that holds another run too keeps its own.
    """
    if isinstance(block, Fold):
        return replace(block, blocks=tuple(mark_block(part) for part in block.blocks))
    return replace(block, mark=SYNTHETIC) if isinstance(block, Table) and block.mark != PART_SYNTHETIC else block


def say_missing(tables: RunTables, file: str, consequence: str) -> Prose:
    """Return the words for a table that is missing, unreadable or empty."""
    reason = tables.missing.get(file)
    stated = f"{file}: {reason}" if reason else f"{file} holds no rows"
    return Prose(f"{stated}. {consequence}", "missing")
