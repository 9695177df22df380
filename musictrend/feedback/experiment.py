"""Running worlds: scenarios by seeds, sweeps over parameters, learning curves.

A world is started from the songs of the corpus' last window, thinned by seed
to the size of the world; the same seed thins and draws alike in every
scenario, so that differences between scenarios are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from musictrend.errors import ParameterError
from musictrend.execution import map_tasks
from musictrend.feedback.fitting import WorldInput, start_from
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.ngrams import NgramFamily
from musictrend.feedback.quantities import Observer
from musictrend.feedback.scenario import Scenario, load_scenario
from musictrend.feedback.works import ORIGINS, SEGMENTS, Works
from musictrend.feedback.world import World, step

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony import ChordTable

COLUMNS = ("scenario", "run", "seed", "step", "year", "segment", "origin", "quantity", "value")


@dataclass(frozen=True)
class _Task:
    """One world to run."""

    foundation: Foundation
    scenario: Scenario
    seed: int
    brief: bool = False


def simulate(
    chords: ChordTable | WorldInput,
    tracks: pd.DataFrame | None = None,
    scenario: Scenario | str | Sequence[Scenario | str] = "replace",
    seeds: Iterable[int] = range(20),
    *,
    vocabulary: str = "sevenths",
    last_years: int = 10,
    jobs: int = 1,
    executor: str = "local",
    progress=None,
) -> pd.DataFrame:
    """Run feedback scenarios forward from the last window of a corpus.

    Parameters
    ----------
    chords : ChordTable or WorldInput
    tracks : DataFrame
        As `world_input` takes them; not needed with a WorldInput.
    scenario : Scenario, name, path, or several of them
        Several are run with common random numbers.
    seeds : iterable of int
    vocabulary, last_years
        See `world_input`.
    jobs, executor
        See `musictrend.execution.map_tasks`; the numbers do not depend on them.
    progress : object with ``advance()``, optional
        Told after each world.

    Returns
    -------
    simulation : DataFrame
        Columns scenario, run, seed, step, year, segment, origin, quantity,
        value, sorted by them. Step 0 is the founding corpus; `run` is
        ``scenario/seed``. `quantities.QUANTITIES` says what each quantity is.

    Raises
    ------
    NothingUsableError
        When the corpus has too few songs for a world.
    """
    start = start_from(chords, tracks, vocabulary, last_years)
    given = [scenario] if isinstance(scenario, str | Scenario) or not isinstance(scenario, Sequence) else list(scenario)
    scenarios = [load_scenario(one) for one in given]
    names = [one.name for one in scenarios]
    if len(set(names)) < len(names):
        raise ParameterError(f"scenarios {', '.join(names)} must have different names; give Scenario(name=...)")
    foundation = start.foundation()
    tasks = [_Task(foundation, one, int(seed)) for one in scenarios for seed in seeds]
    return run_worlds(tasks, start.last_year, jobs, executor, progress)


def sweep(
    chords: ChordTable | WorldInput,
    tracks: pd.DataFrame | None = None,
    scenario: Scenario | str = "replace",
    grid: Mapping[str, Sequence] | None = None,
    seeds: Iterable[int] = range(5),
    *,
    jobs: int = 1,
    executor: str = "local",
    progress=None,
    **options,
) -> pd.DataFrame:
    """Run one scenario at every combination of some parameters.

    Parameters
    ----------
    grid : mapping of field to values
        ``{"generator_share": [0.2, 0.4], "temperature": [0.9, 1.0]}`` makes four scenarios,
        named ``replace[generator_share=0.2,temperature=0.9]`` and so on.
    options
        As for `world_input`.

    Returns
    -------
    simulation : DataFrame
        As `simulate` gives it, with a column for each swept parameter.
    """
    grid = dict(grid or {})
    base = load_scenario(scenario)
    start = start_from(chords, tracks, **options)
    cells = list_cells(base, grid)
    seeds = [int(seed) for seed in seeds]
    foundation = start.foundation()
    tasks = [_Task(foundation, cell, seed) for cell in cells for seed in seeds]
    table = run_worlds(tasks, start.last_year, jobs, executor, progress)
    by_name = {cell.name: cell for cell in cells}
    for name in grid:
        table[name] = [getattr(by_name[s], name) for s in table["scenario"]]
    return table


def list_cells(scenario: Scenario, grid: Mapping[str, Sequence]) -> list[Scenario]:
    """The scenario at every combination of the values in `grid`.

    Examples
    --------
    >>> [s.name for s in list_cells(Scenario(name="a"), {"order": [2, 3]})]
    ['a[order=2]', 'a[order=3]']
    """
    if not grid:
        return [scenario]
    cells = []
    for values in product(*grid.values()):
        changes = dict(zip(grid, values, strict=True))
        label = ",".join(f"{name}={value}" for name, value in changes.items())
        cells.append(scenario.replace(name=f"{scenario.name}[{label}]", **changes))
    return cells


def run_worlds(tasks: Sequence[_Task], last_year: int, jobs: int = 1, executor: str = "local", progress=None):
    """Run worlds and put their rows into one table."""
    import pandas as pd

    tell = (lambda number, result: progress.advance(1)) if progress is not None else None
    results = map_tasks(
        _run_world,
        list(tasks),
        jobs=jobs,
        executor=executor,
        on_result=tell,
        describe=lambda task: f"scenario {task.scenario.name}, seed {task.seed}",
    )
    parts = []
    for task, (steps, keys, values) in zip(tasks, results, strict=True):
        segment, origin, quantity = (list(column) for column in zip(*keys, strict=True))
        parts.append(
            pd.DataFrame(
                {
                    "scenario": task.scenario.name,
                    "run": f"{task.scenario.name}/{task.seed}",
                    "seed": np.int64(task.seed),
                    "step": steps.astype(np.int16),
                    "year": (last_year + steps).astype(np.int16),
                    "segment": segment,
                    "origin": origin,
                    "quantity": quantity,
                    "value": values,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    return table.sort_values(list(COLUMNS[:-1]), kind="stable", ignore_index=True)


def _run_world(task: _Task) -> tuple[np.ndarray, list[tuple[str, str, str]], np.ndarray]:
    """Run one world; steps, (segment, origin, quantity) and values of its rows."""
    foundation = thin_foundation(task.foundation, task.scenario, task.seed)
    world = World.begin(foundation, task.scenario, task.seed)
    observer = Observer(foundation, task.scenario, task.brief)
    steps, keys, values = [], [], []
    for k in range(task.scenario.steps + 1):
        if k:
            step(world)
        for segment, origin, quantity, value in observer.observe(world):
            steps.append(k)
            keys.append((segment, origin, quantity))
            values.append(value)
    return np.array(steps), keys, np.array(values)


def thin_foundation(foundation: Foundation, scenario: Scenario, seed: int) -> Foundation:
    """The founding songs that fit the world: at most as many as people write while a song is on the shelf.

    The yardsticks (style, surprisal, rarity, held-out songs) stay those of all founding songs.
    """
    room = scenario.human_works * scenario.shelf
    n = len(foundation.works)
    if n <= room or room == 0:
        return foundation
    rng = np.random.default_rng(np.random.SeedSequence((seed, 0, 1)))
    return replace(foundation, works=foundation.works.take(np.sort(rng.permutation(n)[:room])))


def learning_curve(
    start: WorldInput,
    scenario: Scenario | str = "replace",
    seeds: Iterable[int] = range(10),
    *,
    shares: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    base_share: float = 0.25,
) -> pd.DataFrame:
    """Does more data help? Held-out loss after adding human songs or generated ones.

    A generator learns from a quarter of the founding songs; then as many
    songs as are left are added in steps, either the real ones or songs that
    this first generator wrote (Dohmatob 2024: adding synthetic data stops
    helping; science.md case 11: inverse scaling). Nothing here is simulated
    but the generator.

    Parameters
    ----------
    start : WorldInput
    scenario : Scenario or name
        Order, temperature and top_p of the generator.
    shares : sequence of float
        How much of the remaining songs' number is added.

    Returns
    -------
    curve : DataFrame
        seed, source (``human`` or ``generator``), share_added, n_works, segment, cross_entropy
        (bits a chord).
    """
    import pandas as pd

    s = load_scenario(scenario)
    foundation = start.foundation()
    if foundation.heldout is None:
        raise ParameterError("a learning curve needs held-out songs; the window has too few artists")
    family = NgramFamily(foundation.n_tokens, foundation.n_groups, s.order, s.temperature, s.top_p)
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(np.random.SeedSequence((int(seed), 0, 2)))
        order = rng.permutation(len(foundation.works))
        n_base = max(1, round(base_share * len(order)))
        base, rest = foundation.works.take(order[:n_base]), foundation.works.take(order[n_base:])
        plan = foundation.form.draw(rest.group, rng)
        offsets = np.concatenate([[0], np.cumsum(plan.length)])
        written = Works.build(family.fit(base).sample(plan, rng), offsets, rest.group, rest.segment, 1)
        for origin, added in zip(ORIGINS, (rest, written), strict=True):
            for share in shares:
                n = round(share * len(added))
                model = family.fit(Works.concatenate([base, added.take(np.arange(n))]))
                for k, segment in enumerate(SEGMENTS):
                    held = foundation.heldout.segment == k
                    if held.any():
                        loss = model.cross_entropy(foundation.heldout.take(held))
                        rows.append((int(seed), origin, float(share), n_base + n, segment, loss))
    names = ["seed", "source", "share_added", "n_works", "segment", "cross_entropy"]
    return pd.DataFrame(rows, columns=names)
