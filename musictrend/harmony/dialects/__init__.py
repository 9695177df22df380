"""Chord dialects: one grammar a file, all ending in the same `Chord`.

A dialect is a module here with ``parse_chord(text, key=None) -> Chord`` that
raises `ChordLabelError` for what is not in its grammar and never guesses.
`parse_symbol` raises too; `read_symbol` turns an unreadable symbol into ``X``
with its reason, which is what corpora are read with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from musictrend.errors import ChordLabelError, ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.key import Key

__all__ = ["list_dialects", "parse_symbol", "read_symbol"]

# dialect -> module in this folder, and its function where that is not parse_chord
_MODULES = {
    "harte": "harte",
    "leadsheet": "leadsheet",
    "ireal": "ireal",
    "chordonomicon": "chordonomicon",
    "musicxml": "musicxml",
    "dcml": "dcml",
    "romantext": "romantext",
    "humdrum_harte": "humdrum",
    "humdrum_harm": "humdrum_harm",
    "cocopops_harm": "humdrum_harm:parse_major_degrees",
    "rs200": "rs200",
    "mcgill": "mcgill",
    "cifra": "cifra",
    "weimar": "weimar",
    "irb": "weimar",
}


def list_dialects() -> list[str]:
    """Names of the chord dialects.

    Examples
    --------
    >>> "harte" in list_dialects() and "ireal" in list_dialects()
    True
    """
    return list(_MODULES)


@cache
def _parser(dialect: str) -> Callable[[str, Key | None], Chord]:
    if dialect not in _MODULES:
        raise ParameterError(f"dialect={dialect!r} must be one of {', '.join(map(repr, _MODULES))}")
    module, _, function = _MODULES[dialect].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), function or "parse_chord")


def parse_symbol(text: str, dialect: str, *, key: Key | None = None) -> Chord:
    """Read one symbol; raise `ChordLabelError` when it is not in the dialect.

    Examples
    --------
    >>> parse_symbol("C:sus4(b7)", "harte").label
    'C:sus4(b7)'
    """
    if len(text) > 200:
        raise ChordLabelError(f"symbol of {len(text)} characters, starting {text[:20]!r}: at most 200 are read")
    try:
        return _parser(dialect)(text, key)
    except ChordLabelError as error:
        if repr(text) in str(error):
            raise
        raise ChordLabelError(f"{text!r} is not in the {dialect} dialect: {error}") from None


def read_symbol(text: str, dialect: str, *, key: Key | None = None) -> tuple[Chord, str]:
    """Read one symbol; an unreadable one is ``X`` with the reason beside it.

    Returns
    -------
    chord : Chord
    reason : str
        Empty when the symbol was read.

    Examples
    --------
    >>> read_symbol("H:maj", "harte")[0]
    Chord('X')
    """
    try:
        return parse_symbol(text, dialect, key=key), ""
    except ChordLabelError as error:
        return Chord.UNKNOWN, str(error)
