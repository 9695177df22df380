"""What may be chosen when trends are estimated; the defaults are those of design.md, section 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from musictrend.errors import ParameterError

METHODS = ("cluster_ols", "mixed", "theil_sen")
POOLINGS = ("equal_genre", "pooled", "standardised")
WEIGHTINGS = ("weight", "equal", "slots")


@dataclass(frozen=True)
class TrendOptions:
    """Choices of the trends stage.

    Attributes
    ----------
    methods : tuple of {'cluster_ols', 'mixed', 'theil_sen'}
        Estimators; the first is the one that claims rest on. ``cluster_ols`` follows the repertoire: a trend
        counts whether artists change or are replaced. ``mixed`` leans towards change within careers, and
        shrinks trends made by new generations of artists; ``theil_sen`` counts each year once.
    poolings : tuple of {'equal_genre', 'pooled', 'standardised'}
        How a segment's genres become one slope. ``equal_genre``: unweighted mean of the genres' slopes;
        ``standardised``: their mean by each genre's share of the segment over the whole period; ``pooled``:
        all tracks in one line, which lets a drifting genre mix look like a trend and is shown only for
        that.
    pop, niche : str or tuple of str
        A segment's name, or genre names that make up the side.
    min_tracks, min_artists, min_decades, min_span : int
        What a group needs to get a slope: tracks, artists, distinct decades, and years from first to last.
    min_events : int
        Tracks with fewer events are left out (0: none; windowed measures are missing below 30 anyway).
    length_term : bool
        Whether the logarithm of the number of events is in the model.
    weighting : {'weight', 'equal', 'slots'}
        Column of the tracks that weighs them; ``equal`` weighs each 1.
    sesoi : float
        Smallest slope of interest, reference SD per decade; `for_years` lowers it for spans of more than a century.
    curve_measures, changepoint_measures : tuple of str, or None
        None: all measures have curves; the composite, its parts and the seventh shares have changepoints.
    main_vocabulary : str
        Vocabulary at which changepoints are looked for.
    """

    methods: tuple[str, ...] = METHODS
    poolings: tuple[str, ...] = POOLINGS
    pop: str | tuple[str, ...] = "pop"
    niche: str | tuple[str, ...] = "niche"
    min_tracks: int = 30
    min_artists: int = 10
    min_decades: int = 2
    min_span: int = 10
    min_events: int = 0
    length_term: bool = True
    weighting: str = "weight"
    sesoi: float = 0.10
    curve_measures: tuple[str, ...] | None = None
    changepoint_measures: tuple[str, ...] | None = None
    main_vocabulary: str = "sevenths"

    def __post_init__(self) -> None:
        _check_members("methods", self.methods, METHODS)
        _check_members("poolings", self.poolings, POOLINGS)
        if self.weighting not in WEIGHTINGS:
            raise ParameterError(f"weighting={self.weighting!r} must be {_either(WEIGHTINGS)}")
        for name, least in (("min_tracks", 5), ("min_artists", 3), ("min_decades", 1), ("min_span", 1)):
            if getattr(self, name) < least:
                raise ParameterError(f"{name}={getattr(self, name)!r} must be an integer >= {least}")
        if not self.sesoi > 0:
            raise ParameterError(f"sesoi={self.sesoi!r} must be > 0 (reference SD per decade)")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any] | None) -> TrendOptions:
        """Options from a mapping such as a resolved run.json; unknown names are errors.

        Examples
        --------
        >>> TrendOptions.from_mapping({"methods": ["mixed"], "min_tracks": 20}).methods
        ('mixed',)
        """
        known = {f.name for f in fields(cls)}
        given = dict(mapping or {})
        if unknown := sorted(set(given) - known):
            raise ParameterError(f"unknown trend option {unknown[0]!r}; accepted: {', '.join(sorted(known))}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        return cls(**values)

    def for_years(self, years: Any) -> TrendOptions:
        """The options with a smallest slope of interest that fits the years that a corpus spans.

        0.10 SD per decade is 0.6 SD over six decades of pop, but 4 SD over four centuries of art music: nothing
        would ever matter. So it is never more than one SD over all the years observed.

        Examples
        --------
        >>> TrendOptions().for_years([1600, 2000]).sesoi
        0.025
        >>> TrendOptions().for_years([1960, 2020]).sesoi
        0.1
        """
        known = [float(year) for year in years if year == year and year is not None]
        decades = (max(known) - min(known)) / 10 if known else 0.0
        return self.varied(sesoi=1.0 / decades) if decades * self.sesoi > 1.0 else self

    def varied(self, **changes: Any) -> TrendOptions:
        """The same options but for these."""
        return replace(self, **changes)


def _check_members(name: str, given: tuple[str, ...], accepted: tuple[str, ...]) -> None:
    """Raise unless every member is accepted and there is one."""
    if isinstance(given, str) or not given:
        raise ParameterError(f"{name}={given!r} must be a non-empty tuple of {_either(accepted)}")
    for member in given:
        if member not in accepted:
            raise ParameterError(f"{name}: {member!r} must be {_either(accepted)}")


def _either(names: tuple[str, ...]) -> str:
    """'a', 'b' or 'c'."""
    quoted = [repr(n) for n in names]
    return ", ".join(quoted[:-1]) + f" or {quoted[-1]}"
