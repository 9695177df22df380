"""The sections of the page, one file each, all of one shape.

``Section(id, title, build)``: ``build`` takes the tables of a run and returns blocks, or ``None`` where the
run
gives the section no reason to be there. A section whose tables are missing returns the words that say so.
"""

from __future__ import annotations

from musictrend.report.sections import (
    alike,
    answer,
    compared,
    contrasts,
    coverage,
    feedback,
    genres,
    methods,
    planted,
    problems,
    provenance,
    trends,
)
from musictrend.report.sections.section import Section

SECTIONS: tuple[Section, ...] = (
    answer.SECTION,
    compared.SECTION,
    trends.SECTION,
    genres.SECTION,
    contrasts.SECTION,
    alike.SECTION,
    feedback.SECTION,
    planted.SECTION,
    coverage.SECTION,
    problems.SECTION,
    methods.SECTION,
    provenance.SECTION,
)
"""All sections in the order of the page."""

__all__ = ["SECTIONS", "Section"]
