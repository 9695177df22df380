"""A thing that went wrong, and what to do about it: one row of ``problems.csv``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

__all__ = ["PROBLEM_COLUMNS", "Problem", "clean_text", "problem_table"]

PROBLEM_COLUMNS = ("stage", "track_id", "path", "place", "reason", "hint")


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, where, and the next move.

    Attributes
    ----------
    stage : str
        ``tracks``, ``chords``, ``scores``, ``trends``, ``simulation`` or ``report``.
    track_id, path, place : str
        Which track, which file, where in it; ``""`` where that makes no sense.
    reason, hint : str
        One line each.
    """

    stage: str
    track_id: str = ""
    path: str = ""
    place: str = ""
    reason: str = ""
    hint: str = ""

    def __str__(self) -> str:
        where = ":".join(filter(None, [self.path or self.track_id, self.place]))
        return f"{where}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


def problem_table(problems: Iterable[Problem]):
    """Problems as a DataFrame with the columns of ``problems.csv``."""
    import pandas as pd

    rows = [asdict(problem) for problem in problems]
    table = pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS)).fillna("").astype("str")
    return table.map(one_line)


def clean_text(text: str) -> str:
    r"""Text without line breaks, control characters and halves of characters.

    Examples
    --------
    >>> clean_text("So\tWhat\n"), clean_text("caf\udce9")
    ('So What ', 'caf ')
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str) -> str:
    """Text that stays on its line, of bounded length."""
    clean = clean_text(text)
    return clean if len(clean) <= 500 else clean[:497] + "..."
