"""What may be chosen for a run; kept, as resolved, in ``run.json``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from musictrend.errors import ParameterError
from musictrend.harmony.reduction import check_vocabulary

__all__ = ["Options"]

DEFAULT_SCENARIOS = ("no_generators", "replace", "accumulate", "fresh_human", "provenance_filter")


@dataclass(frozen=True)
class Options:
    """Choices of a run.

    Attributes
    ----------
    seed : int
    measures : str or tuple of str
        ``"core"``, ``"standard"``, ``"all"`` or names.
    vocabularies : tuple of str
    window : int
        Events in a window; 30, and 16 as an axis of robustness.
    scenarios : tuple of str
        Packaged scenarios by name, or files.
    n_seeds : int
        Runs of each scenario.
    trends : dict
        Options of the trends stage that differ from their defaults.
    claims : str
        File with claims; the packaged ones when empty.
    title : str
        Of the page.
    source : str
        For scores: ``symbols`` as written, ``notes`` estimated though symbols are written, or ``auto``.
    engine : str
        For recordings: the name of an engine, or ``auto`` for the best present.
    commercial : bool
        Never an engine whose weights forbid commercial use.
    jobs : int
        Worker processes; no number depends on it.
    executor : str
        ``local``, ``dask`` or ``tcp://host:port``.
    quiet : bool
    """

    seed: int = 0
    measures: str | tuple[str, ...] = "standard"
    vocabularies: tuple[str, ...] = ("majmin", "sevenths", "full")
    window: int = 30
    scenarios: tuple[str, ...] = DEFAULT_SCENARIOS
    n_seeds: int = 20
    trends: dict[str, Any] = field(default_factory=dict)
    claims: str = ""
    title: str = ""
    source: str = "auto"
    engine: str = "auto"
    commercial: bool = False
    jobs: int = 1
    executor: str = "local"
    quiet: bool = True

    def __post_init__(self) -> None:
        for vocabulary in self.vocabularies:
            check_vocabulary(vocabulary)
        if self.seed < 0:
            raise ParameterError(f"seed={self.seed} must be 0 or more")
        if self.window < 4:
            raise ParameterError(f"window={self.window} must be 4 events or more; 30 is the default")
        if self.n_seeds < 2:
            raise ParameterError(f"n_seeds={self.n_seeds} must be 2 or more: a fan needs runs")

    def resolved(self) -> dict[str, Any]:
        """What numbers depend on: everything but workers and talk."""
        chosen = asdict(self)
        for name in ("jobs", "executor", "quiet"):
            chosen.pop(name)
        return chosen
