"""From genres, or from exposure, to segments.

A *segment* is ``pop`` (the mainstream) or ``niche`` by the corpus' own stated
rule; a track with neither is ``other`` and takes no side. Two sorts of rule::

    [segments]                      [segments]
    pop = ["pop", "pop rock"]       by = "exposure"
    niche = ["jazz", "metal"]       measure = "peak_rank"
    "*" = "niche"                   pop = "<= 20"
                                    niche = "> 40"

``"*"`` is for every other genre (``other`` when absent). A track whose genres
fall on both sides takes the side of most of them; a tie takes no side.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from musictrend.corpus.track import Track
from musictrend.errors import CorpusError

__all__ = ["SEGMENTS", "SegmentRule", "normalise_genre", "split_genres"]

SEGMENTS = ("pop", "niche", "other")
# Without a rule of the corpus' own: what people call the mainstream; every other genre is niche.
DEFAULT_POP = ("pop", "mainstream", "charts", "chart", "top 40", "hit", "hits")
_COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}


def normalise_genre(text: str) -> str:
    """A genre in lower case with single spaces; the form that is compared.

    Examples
    --------
    >>> normalise_genre("  Hip_Hop "), normalise_genre("R&B")
    ('hip hop', 'r&b')
    """
    return re.sub(r"[\s_]+", " ", text).strip().lower()


def split_genres(text: str) -> tuple[str, ...]:
    """Genres written in one cell, separated by ``;`` or ``|``; repeated ones once.

    Examples
    --------
    >>> split_genres("Jazz; Bossa Nova;jazz")
    ('jazz', 'bossa nova')
    """
    found = [normalise_genre(g) for g in re.split(r"[;|]", text)]
    return tuple(dict.fromkeys(g for g in found if g))


@dataclass(frozen=True)
class SegmentRule:
    """A corpus' rule from a track to its segment.

    Parameters
    ----------
    pop, niche, other : tuple of str
        Genres by their canonical names.
    rest : str
        Segment of every other genre.
    measure : str
        For a rule by exposure: the name of the track's exposure (or ``popularity``).
    pop_test, niche_test : str
        For a rule by exposure, such as ``"<= 20"``.
    synonyms : mapping of str to str
        Variant to canonical genre.
    stated : bool
        Whether the corpus states the rule, rather than the default being taken.

    Examples
    --------
    >>> rule = SegmentRule.from_toml({"pop": ["Pop"], "*": "niche"})
    >>> rule.assign(Track(track_id="a", genres=("bebop",))), rule.assign(Track(track_id="b"))
    ('niche', 'other')
    """

    pop: tuple[str, ...] = DEFAULT_POP
    niche: tuple[str, ...] = ()
    rest: str = "niche"
    measure: str = ""
    pop_test: str = ""
    niche_test: str = ""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    stated: bool = False
    other: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, segments: Mapping[str, Any] | None, genres: Mapping[str, Any] | None = None) -> SegmentRule:
        """Read the ``[segments]`` and ``[genres]`` of a ``corpus.toml``.

        Raises
        ------
        CorpusError
            When the rule is not one of the two sorts.
        """
        synonyms = {
            normalise_genre(variant): normalise_genre(name)
            for name, variants in (genres or {}).items()
            for variant in ([variants] if isinstance(variants, str) else variants)
        }
        if not segments:
            return cls(synonyms=synonyms)
        rest = segments.get("*", "other")
        if rest not in SEGMENTS:
            raise CorpusError(f"[segments] has * = {rest!r}: it must be 'pop', 'niche' or 'other'")
        known = {*SEGMENTS, "*", "by", "measure"} if segments.get("by") == "exposure" else {*SEGMENTS, "*"}
        if unknown := sorted(set(segments) - known):
            raise CorpusError(
                f'[segments] has {", ".join(unknown)[:200]}: it holds pop = [...], niche = [...], other = [...] and "*", '
                'or by = "exposure" with measure, pop = "<= 20" and niche = "> 40"'
            )
        if segments.get("by") == "exposure":
            for side in ("pop", "niche"):
                _parse_test(str(segments.get(side, "")))
            return cls(
                pop=(),
                rest=rest,
                measure=str(segments.get("measure", "popularity")),
                pop_test=str(segments["pop"]),
                niche_test=str(segments["niche"]),
                synonyms=synonyms,
                stated=True,
            )
        lists: dict[str, tuple[str, ...]] = {}
        for side in SEGMENTS:
            value = segments.get(side, [])
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise CorpusError(f"[segments] {side} = {str(value)[:60]!r} must be a list of genres")
            # The rule may write a variant; tracks are compared by canonical names.
            plain = (normalise_genre(name) for name in names)
            lists[side] = tuple(dict.fromkeys(synonyms.get(name, name) for name in plain))
        counts = Counter(name for names in lists.values() for name in names)
        if both := sorted(name for name, count in counts.items() if count > 1):
            raise CorpusError(f"[segments]: {', '.join(both)} cannot be in two segments")
        return cls(lists["pop"], lists["niche"], rest, other=lists["other"], synonyms=synonyms, stated=True)

    def canonical(self, genres: Iterable[str]) -> tuple[str, ...]:
        """Genres by their canonical names, each once, in their order."""
        names = (normalise_genre(g) for g in genres)
        return tuple(dict.fromkeys(self.synonyms.get(name, name) for name in names if name))

    def assign(self, track: Track) -> str:
        """Segment of a track: ``pop``, ``niche`` or ``other``."""
        if self.measure:
            value = track.popularity if self.measure == "popularity" else track.exposure.get(self.measure)
            if value is None or value != value:
                return "other"
            if _holds(self.pop_test, value):
                return "pop"
            return "niche" if _holds(self.niche_test, value) else self.rest
        sides = Counter(self.side(genre) for genre in self.canonical(track.genres))
        sides.pop("other", None)
        if not sides or sides["pop"] == sides["niche"]:
            return "other"
        return "pop" if sides["pop"] > sides["niche"] else "niche"

    def side(self, genre: str) -> str:
        """Segment of one canonical genre."""
        for side, genres in (("pop", self.pop), ("niche", self.niche), ("other", self.other)):
            if genre in genres:
                return side
        return self.rest

    def close_names(self, genre: str) -> list[str]:
        """Genres of the rule that are written almost like this one."""
        return difflib.get_close_matches(genre, [*self.pop, *self.niche, *self.other], n=3, cutoff=0.75)

    def describe(self) -> str:
        """The rule in one sentence."""
        if self.measure:
            return f"by exposure: pop is {self.measure} {self.pop_test}, niche is {self.measure} {self.niche_test}"
        own = "" if self.stated else " (the default: the corpus states no rule)"
        rest = f"every other genre {self.rest}"
        return f"by genre: pop is {', '.join(self.pop) or 'nothing'}; " + (
            f"niche is {', '.join(self.niche)}; {rest}{own}" if self.niche else f"{rest}{own}"
        )


def _parse_test(test: str) -> tuple[Any, float]:
    match = re.fullmatch(r"\s*(<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?)\s*", test)
    if match is None:
        raise CorpusError(f"[segments] by exposure: {test!r} must be a comparison such as '<= 20'")
    return _COMPARE[match[1]], float(match[2])


def _holds(test: str, value: float) -> bool:
    compare, limit = _parse_test(test)
    return bool(compare(value, limit))
