"""The shape that all sections share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from musictrend.report.blocks import Built, Prose
from musictrend.report.tables import RunTables


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its title, and how it is built from the tables of a run."""

    id: str
    title: str
    build: Callable[[RunTables], list[Any] | None]

    def fill(self, tables: RunTables) -> Built | None:
        """Return the section with its blocks, or nothing where the run gives it no reason to be there."""
        blocks = self.build(tables)
        return None if blocks is None else Built(self.id, self.title, tuple(blocks))


def say_missing(tables: RunTables, file: str, consequence: str) -> Prose:
    """Return the words for a table that is missing, unreadable or empty."""
    reason = tables.missing.get(file)
    stated = f"{file}: {reason}" if reason else f"{file} holds no rows"
    return Prose(f"{stated}. {consequence}", "missing")
