"""Every exception musictrend raises on purpose.

::

    MusictrendError
    ├── ParameterError      (ValueError)   an option has a value that is not accepted
    ├── ChordLabelError     (ValueError)   a chord symbol cannot be read
    ├── CorpusError                        a corpus cannot be found or used as a whole
    ├── ReaderError                        one file or one track cannot be read; the rest goes on
    ├── UnsafeFileError     (ReaderError)  a file is refused: bomb, path trick, endless line
    ├── NoSymbolsError      (ReaderError)  a score has no chord symbols; its notes may be read
    ├── OddNotationError    (ReaderError)  one reader gives up; another may read the file
    ├── NothingUsableError                 nothing in the input can be used (exit code 4)
    ├── RunError                           a run folder is not what a stage needs
    ├── WorkerError                        a worker process died; says with which task
    └── MissingExtraError   (ImportError)  an optional package is absent

A message says what was given, where, what is accepted, and what to do next.
"""

from __future__ import annotations

__all__ = [
    "ChordLabelError",
    "CorpusError",
    "MissingExtraError",
    "MusictrendError",
    "NoSymbolsError",
    "NothingUsableError",
    "OddNotationError",
    "ParameterError",
    "ReaderError",
    "RunError",
    "UnsafeFileError",
    "WorkerError",
]


class MusictrendError(Exception):
    """Root of all errors that musictrend raises on purpose."""


class ParameterError(MusictrendError, ValueError):
    """An option has a value that is not accepted."""


class ChordLabelError(MusictrendError, ValueError):
    """A chord symbol cannot be read."""


class CorpusError(MusictrendError):
    """A corpus cannot be found or used as a whole."""


class ReaderError(MusictrendError):
    """One file or one track cannot be read; the rest of the corpus goes on.

    Parameters
    ----------
    reason : str
        What is wrong, in one line.
    place : str, optional
        Where in the file (``"line 17"``).
    hint : str, optional
        What to do next.
    """

    def __init__(self, reason: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.hint = hint

    def __reduce__(self):
        """Keep place and hint when the error travels between processes."""
        return _rebuild_reader_error, (type(self), self.reason, self.place, self.hint)


def _rebuild_reader_error(kind: type[ReaderError], reason: str, place: str, hint: str) -> ReaderError:
    return kind(reason, place=place, hint=hint)


class UnsafeFileError(ReaderError):
    """A file from a stranger is refused: a bomb, a path trick, an endless line."""


class NoSymbolsError(ReaderError):
    """A score has no chord symbols; chords may still be estimated from its notes."""


class OddNotationError(ReaderError):
    """One reader gives up on how a file is written; another may read it."""


class NothingUsableError(MusictrendError):
    """Nothing in the input can be used."""


class RunError(MusictrendError):
    """A run folder is not what a stage needs."""


class WorkerError(MusictrendError):
    """A worker process died; the message names the task it was at."""


class MissingExtraError(MusictrendError, ImportError):
    """An optional package is absent; the message says how to install it."""
