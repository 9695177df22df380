"""What a measure is: one row of a registry that the legend, the command and the tests all read.

Every function has one signature, ``function(events: EventTable) -> float64 array (n_tracks,)``, with NaN
where the measure is absent: the track is too short, has no key, no bars, or its vocabulary is too coarse.
Some take keyword options besides (``window``, ``reference``), each with a default; the row names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from musictrend.complexity.ragged import cut_windows, mean_by_track, remember
from musictrend.errors import ParameterError
from musictrend.harmony.reduction import is_at_least

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.table import EventTable

__all__ = [
    "FACETS",
    "LENGTH_RULES",
    "STANDARD",
    "WINDOW",
    "Measure",
    "evaluate",
    "get_measure",
    "list_measures",
    "register",
    "select_measures",
]

# How a measure keeps clear of a song's length.
LENGTH_RULES = {
    "window": "computed in windows of equal numbers of chords and averaged over them; a shorter song has no value",
    "rarefaction": "expected value in a sample of equal size drawn from the song; a shorter song has no value",
    "mean": "a mean, share or spread over chords or changes: a longer song makes it surer, not larger",
    "rate": "a count over the time it takes",
    "run": "a mean length of runs that end by themselves; a song shorter than a window has no value",
    "parts": "as its parts",
}
# The measures that trends are made of, fixed before any result was looked at. The others vary them: estimators, escapes,
# nulls. More of them in one family would only cost power.
STANDARD = (
    "types_rarefied", "type_entropy", "hill2", "mtld", "cardinality", "nontriad_share", "extended_share",
    "dominant_seventh_share", "minor_seventh_share", "sus_share",
    "conditional_entropy", "surprisal", "surprisal_ppm", "lz76", "graph_efficiency",
    "fifths_spread", "chromatic_share", "flat_side_share", "applied_share", "key_change_rate", "tps_distance",
    "spiral_diameter", "tiv_distance", "voice_leading",
    "roughness", "harmonicity", "tiv_dissonance", "changes_per_bar", "changes_per_second", "composite",
)  # fmt: skip
FACETS = ("vocabulary", "syntax", "tonality", "vertical", "rhythm", "composite")
WINDOW = 30  # events in a window, and events rarefied to


@dataclass(frozen=True)
class Measure:
    """One measure of harmonic complexity, with what is declared about it.

    Parameters
    ----------
    name : str
    function : callable
        ``function(events, **options) -> float64 array, shape (n_tracks,)``.
    facet : str
        ``vocabulary``, ``syntax``, ``tonality``, ``vertical``, ``rhythm`` or ``composite``.
    unit : str
        ``"none"`` for a plain number, ``"share"`` for one from 0 to 1.
    low, high : float
        Range of possible values; ``inf`` where there is no bound.
    rises_with_complexity : bool
    needs_key, needs_durations, needs_bars, needs_seconds, needs_quarters : bool
        Without it the value is NaN.
    coarsest : str
        The coarsest vocabulary at which the measure means something; below it the measure is absent.
    windowed : bool
        Computed in windows of equal numbers of events; the track's value is their mean.
    core : bool
        Whether it belongs to the set ``core``.
    options : tuple of str
        Keyword options that the function takes: ``window``, ``reference``.
    title, description, citation : str
        A name and a sentence in a musician's words; where the measure comes from.
    formula : str
        The definition in plain text.
    blind_to : str
        What it does not notice, or mistakes for complexity.
    example : str
        A small case with its value.
    length_rule : str
        A key of `LENGTH_RULES`: how a song's length is kept out of it. ``window`` for windowed measures.
    """

    name: str
    function: Callable[..., np.ndarray]
    facet: str
    unit: str
    low: float
    high: float
    rises_with_complexity: bool
    coarsest: str
    title: str
    description: str
    citation: str
    needs_key: bool = False
    needs_durations: bool = False
    needs_bars: bool = False
    needs_seconds: bool = False
    windowed: bool = False
    core: bool = False
    options: tuple[str, ...] = ()
    formula: str = ""
    blind_to: str = ""
    example: str = ""
    length_rule: str = ""
    needs_quarters: bool = False

    def __post_init__(self) -> None:
        if not self.length_rule:
            object.__setattr__(self, "length_rule", "window" if self.windowed else "mean")
        if self.length_rule not in LENGTH_RULES:
            raise ParameterError(
                f"measure {self.name}: length_rule={self.length_rule!r} must be one of {', '.join(LENGTH_RULES)}"
            )
        if self.facet not in FACETS:
            raise ParameterError(f"measure {self.name}: facet={self.facet!r} must be one of {', '.join(FACETS)}")
        is_at_least("full", self.coarsest)  # raises when it is no vocabulary


_REGISTRY: dict[str, Measure] = {}


def register(measure: Measure) -> Measure:
    """Add a measure to the registry.

    Raises
    ------
    ParameterError
        When another measure has its name.
    """
    if measure.name in _REGISTRY:
        raise ParameterError(f"a measure named {measure.name!r} is registered already; give the new one its own name")
    _REGISTRY[measure.name] = measure
    return measure


def get_measure(name: str) -> Measure:
    """Return the measure of that name.

    Raises
    ------
    ParameterError
        When there is none; names close ones.

    Examples
    --------
    >>> get_measure("types_rarefied").facet
    'vocabulary'
    """
    if name not in _REGISTRY:
        import difflib

        close = difflib.get_close_matches(name, _REGISTRY, n=3, cutoff=0.5)
        hint = f"; close: {', '.join(map(repr, close))}" if close else ""
        raise ParameterError(f"measure={name!r} is not known{hint}; list_measures() names all {len(_REGISTRY)}")
    return _REGISTRY[name]


def select_measures(measures: str | Iterable[str] | None = "core") -> list[Measure]:
    """Measures of a set (``"core"``, ``"standard"``, ``"all"``) or of a list of names, sorted by name.

    Examples
    --------
    >>> [m.name for m in select_measures(["lz76", "composite"])]
    ['composite', 'lz76']
    >>> len(select_measures("core")) < len(select_measures("all"))
    True
    """
    if measures is None or measures == "core":
        chosen = {m.name for m in _REGISTRY.values() if m.core}
    elif measures == "standard":
        chosen = set(STANDARD)
    elif measures == "all":
        chosen = set(_REGISTRY)
    elif isinstance(measures, str):
        chosen = {name.strip() for name in measures.split(",") if name.strip()}
    else:
        chosen = set(measures)
    if not chosen:
        raise ParameterError("measures is empty: name at least one, or 'core', 'standard' or 'all'")
    return [get_measure(name) for name in sorted(chosen)]


def list_measures() -> pd.DataFrame:
    """Every measure, one row each: what it says, its unit, range, direction, needs and source.

    Returns
    -------
    table : DataFrame
        One column for each attribute of `Measure` but the function, ``name`` as ``measure``; sorted by
        facet and name.

    Examples
    --------
    >>> table = list_measures().set_index("measure")
    >>> table.loc["harmonicity", "facet"], bool(table.loc["harmonicity", "rises_with_complexity"])
    ('vertical', False)
    """
    import pandas as pd

    hidden = {"function", "options"}
    columns = [f.name for f in fields(Measure) if f.name not in hidden]
    order = sorted(_REGISTRY.values(), key=lambda m: (FACETS.index(m.facet), m.name))
    table = pd.DataFrame([{column: getattr(m, column) for column in columns} for m in order], columns=columns)
    return table.rename(columns={"name": "measure"})


def evaluate(measure: Measure | str, events: EventTable, options: Mapping[str, Any] | None = None) -> np.ndarray:
    """Value of a measure for every track, under its length rule and its coarsest vocabulary.

    A windowed measure is computed in consecutive windows of ``window`` events from the start of the track
    (what is left over at its end is not used) and averaged over them; a track shorter than one window has no
    value.

    Parameters
    ----------
    measure : Measure or str
    events : EventTable, n tracks
    options : mapping
        ``window`` (events, 30 when absent) and ``reference``.

    Returns
    -------
    values : float64 array, shape (n,)
    """
    measure = get_measure(measure) if isinstance(measure, str) else measure
    options = {"window": WINDOW, "reference": None, **(options or {})}

    def compute() -> np.ndarray:
        if not is_at_least(events.vocabulary, measure.coarsest):
            return np.full(events.n_tracks, np.nan)
        taken = {name: options[name] for name in measure.options}
        if not measure.windowed:
            return np.asarray(measure.function(events, **taken), dtype=np.float64)
        windows, owner = cut_windows(events, options["window"])
        return mean_by_track(measure.function(windows, **taken), owner, events.n_tracks)

    return remember(events, ("value", measure.name, options["window"], options["reference"]), compute)
