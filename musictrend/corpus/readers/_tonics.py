"""Keys from written tonics, for corpora that name a tonic and leave the mode to its chords."""

from __future__ import annotations

from collections.abc import Sequence

from musictrend.errors import ChordLabelError
from musictrend.harmony.key import Key
from musictrend.harmony.pitch import parse_pitch_class

__all__ = ["harte_third", "keys_from_tonics"]

_MINOR = ("min", "dim", "hdim")
_THIRDLESS = ("5", "1", "sus")


def harte_third(symbol: str, tonic: int) -> int:
    """Third of a Harte symbol on that tonic: 1 major, -1 minor, 0 none or another root.

    Examples
    --------
    >>> harte_third("A:min7", 9), harte_third("A", 9), harte_third("A:sus4", 9), harte_third("E:7", 9)
    (-1, 1, 0, 0)
    """
    root, _, quality = symbol.partition("/")[0].partition(":")
    try:
        if parse_pitch_class(root) != tonic:
            return 0
    except ChordLabelError:
        return 0
    if quality.startswith("("):
        degrees = quality.strip("()").split(",")
        return 1 if "3" in degrees else -1 if "b3" in degrees else 0
    if quality.startswith(_MINOR):
        return -1
    return 0 if quality.startswith(_THIRDLESS) else 1


def keys_from_tonics(tonics: Sequence[str], thirds: Sequence[int], weights: Sequence[float]) -> list[Key | None]:
    """Local keys from written tonics; the mode is that of the tonic's own chords.

    Rock and pop corpora write a tonic without a mode, since the third is often
    open. The tonic chord's third that sounds longer over a stretch of one
    tonic decides it; a stretch without any goes by the whole track's chords on
    that tonic, then by major.

    Parameters
    ----------
    tonics : sequence of str, n
        Note name in force at each symbol; ``""`` for none.
    thirds : sequence of int, n
        1 for a major third over the tonic itself, -1 for a minor third, 0 for neither.
    weights : sequence of float, n
        How long each symbol lasts.

    Returns
    -------
    keys : list of Key or None, n

    Examples
    --------
    >>> keys_from_tonics(["A", "A", "C"], [-1, 0, 1], [4, 2, 4])
    [Key('A:minor'), Key('A:minor'), Key('C:major')]
    """
    whole: dict[str, float] = {}
    stretches: list[tuple[int, int, float]] = []
    start = 0
    for i in range(len(tonics)):
        whole[tonics[i]] = whole.get(tonics[i], 0.0) + thirds[i] * weights[i]
        if i + 1 == len(tonics) or tonics[i + 1] != tonics[i]:
            lean = sum(thirds[j] * weights[j] for j in range(start, i + 1))
            stretches.append((start, i + 1, lean))
            start = i + 1
    keys: list[Key | None] = []
    made: dict[tuple[str, str], Key | None] = {}
    for first, stop, lean in stretches:
        name = tonics[first]
        mode = "minor" if (lean or whole[name]) < 0 else "major"
        if (name, mode) not in made:
            made[name, mode] = _key(name, mode)
        keys += [made[name, mode]] * (stop - first)
    return keys


def _key(name: str, mode: str) -> Key | None:
    """The key, or None where no tonic or no note name is written."""
    try:
        return Key(parse_pitch_class(name), mode, name) if name else None
    except ChordLabelError:
        return None
