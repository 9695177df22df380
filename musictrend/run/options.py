"""What may be chosen for a run; kept, as resolved, in ``run.json``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from musictrend.errors import ParameterError, RunError
from musictrend.harmony.reduction import check_vocabulary
from musictrend.run.folder import STAGES

if TYPE_CHECKING:
    from musictrend.run.folder import Run

__all__ = ["OPTIONS_OF", "Options", "settle_options"]

DEFAULT_SCENARIOS = ("no_generators", "replace", "accumulate", "fresh_human", "provenance_filter")

OPTIONS_OF: dict[str, tuple[str, ...]] = {
    "tracks": (),
    "chords": ("source", "engine", "commercial"),
    "scores": ("measures", "vocabularies", "window", "seed"),
    "trends": ("trends", "claims", "seed"),
    "simulation": ("scenarios", "n_seeds", "seed"),
    "report": (),
}
"""The options that the tables of each stage depend on; a title is no number."""


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

    def differences(self, config: dict[str, Any], stages: Iterable[str]) -> dict[str, tuple[Any, Any]]:
        """Options on which these stages depend and that differ from a run's: name to (the run's, these).

        Examples
        --------
        >>> Options(seed=1).differences(Options().resolved(), ["chords", "scores"])
        {'seed': (0, 1)}
        """
        own = self.resolved()
        names = dict.fromkeys(name for stage in stages for name in OPTIONS_OF[stage])
        pairs = {name: (config[name], own[name]) for name in names if name in config}
        return {name: pair for name, pair in pairs.items() if _plain(pair[0]) != _plain(pair[1])}


def settle_options(run: Run, options: Options, stages: Sequence[str], *, force: bool = False) -> dict[str, Any]:
    """What ``run.json`` is to say of options; refuses to do a stage again that was done with others."""
    before = run.record.get("config", {})
    done = [stage for stage in STAGES if stage in run.record["stages"] and run.has_outputs(stage)]
    other = options.differences(before, [stage for stage in stages if stage in done])
    if other and not force:
        said = ", ".join(f"{name}={was!r} and not {asked!r}" for name, (was, asked) in other.items())
        raise RunError(
            f"{run.folder} was made with {said}; give it the same to go on, choose another folder, or overwrite it "
            "with --force"
        )
    kept = {name: before[name] for stage in done if stage not in stages for name in OPTIONS_OF[stage] if name in before}
    return options.resolved() | kept


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value
