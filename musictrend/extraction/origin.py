"""Where chords come from: symbols that somebody wrote, notes, or sound, and by which engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from musictrend.errors import ParameterError

if TYPE_CHECKING:
    from musictrend.corpus.manifest import Corpus
    from musictrend.extraction.audio import Recognition

__all__ = ["FROM_NOTES", "NOTES", "SOURCES", "Origin"]

NOTES = "notes"  # the engine of tracks whose chords were estimated from notes
FROM_NOTES = "estimated from notes"  # the transcription policy of such tracks
SOURCES = ("auto", "symbols", "notes")
MEMORY_SHARE = 0.7  # of what is free; workers together stay below it


@dataclass(frozen=True)
class Origin:
    """How chords are to be come by.

    Attributes
    ----------
    source : str
        For scores: ``symbols`` as written, ``notes`` to estimate from the notes though symbols are written,
        ``auto`` to estimate only where none are.
    engine : str
        For recordings: the name of an engine, or ``auto`` for the best present.
    commercial : bool
        Never an engine whose weights forbid commercial use.

    Examples
    --------
    >>> Origin("chords")
    Traceback (most recent call last):
    musictrend.errors.ParameterError: --from 'chords' must be 'auto', 'symbols' or 'notes'
    """

    source: str = "auto"
    engine: str = "auto"
    commercial: bool = False

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ParameterError(f"--from {self.source!r} must be 'auto', 'symbols' or 'notes'")

    def resolved(self, corpora: Iterable[Corpus]) -> Origin:
        """The same with ``auto`` turned into the engine it means here, where any track is a recording.

        Raises
        ------
        ParameterError
            When the engine is not known, absent, or forbidden.
        """
        return self.chosen() if any(t.source_kind == "audio" for c in corpora for t in c.entries) else self

    def chosen(self) -> Origin:
        """The same with ``auto`` turned into the engine it means here."""
        from musictrend.extraction.engines import choose_engine

        return replace(self, engine=choose_engine(self.engine, commercial=self.commercial).name)

    def recognise(self, path: Path, track_id: str) -> Recognition:
        """What is heard in one recording, by one thread: workers stand side by side."""
        from musictrend.extraction.audio import recognise_audio

        return recognise_audio(path, self.engine, commercial=self.commercial, track_id=track_id, threads=1)

    def limit_workers(self, jobs: int) -> int:
        """As many workers as asked for, unless their memory together would not fit."""
        from musictrend.execution import free_memory
        from musictrend.extraction.engines import get_engine

        fit = int(free_memory() * MEMORY_SHARE / (get_engine(self.engine).memory_mb * 2**20))
        return max(1, min(jobs, fit))
