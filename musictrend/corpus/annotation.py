"""What a reader returns for one track: the chord symbols as written, in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

__all__ = ["Annotation"]


@dataclass(slots=True)
class Annotation:
    """Chord symbols of one track, exactly as written; `extraction` reads them into chords.

    Attributes
    ----------
    track_id : str
    symbols : list of str, n
        Chord symbols in the dialect; repeats and section marks already resolved.
    dialect : str
        One of `musictrend.harmony.list_dialects`.
    onsets, durations : list of float, n, optional
        In ``unit``; None when only the order is known.
    unit : str
        ``seconds``, ``quarters``, ``bars`` or ``order``.
    bars : list of float, n, optional
        Duration of each symbol in bars, where bars are written.
    keys : list of Key or None, n, or one Key, optional
        Local key at each symbol, where keys are written.
    places : list of str, n, optional
        Where each symbol stands (``"line 17"``), for the list of problems.
    year, title, artist :
        Only where the file itself says so and no manifest does (single files).
    warnings : list of (place, reason)
        What was odd and survived.
    problem : ReaderError, optional
        Why the track could not be read; then there are no symbols.
    """

    track_id: str
    symbols: list[str] = field(default_factory=list)
    dialect: str = "harte"
    onsets: Sequence[float] | None = None
    durations: Sequence[float] | None = None
    unit: str = "order"
    bars: Sequence[float] | None = None
    keys: Sequence[Key | None] | Key | None = None
    places: Sequence[str] | None = None
    title: str = ""
    artist: str = ""
    year: str = ""
    genres: tuple[str, ...] = ()
    warnings: list[tuple[str, str]] = field(default_factory=list)
    problem: ReaderError | None = None

    @classmethod
    def failed(cls, track_id: str, problem: ReaderError) -> Annotation:
        """An annotation that only says why it is not there."""
        return cls(track_id, problem=problem)
