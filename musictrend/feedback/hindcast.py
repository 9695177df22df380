"""Would the world have foretold the known past? Fitted before a cut-off year, run forward, scored.

The world runs without generators from the window before the cut-off. How
readily its pop artists copy and change chords, and its niche artists
innovate, is chosen on the years before the cut-off alone: from a small grid,
what best carries an earlier window to the last one. The forecast is then set
beside what happened, and beside the plainest forecast of all: no change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from musictrend.errors import NothingUsableError
from musictrend.execution import map_tasks
from musictrend.feedback.experiment import thin_foundation
from musictrend.feedback.fitting import LEAST, WorldInput, start_from
from musictrend.feedback.foundation import Foundation
from musictrend.feedback.scenario import Scenario
from musictrend.feedback.songs import score_works
from musictrend.feedback.works import SEGMENTS, Works
from musictrend.feedback.world import World, step

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony import ChordTable

GRID = {"copying": (0.5, 0.9), "mutation": (0.0, 0.05, 0.15)}
INNOVATION = {0.0: 0.0, 0.05: 0.1, 0.15: 0.4}  # tried together with mutation: pop has one, niche the other
POP_FIELDS, NICHE_FIELDS = ("copying", "mutation"), ("innovation",)
COLUMNS = (
    "quantity",
    "segment",
    "decade",
    "observed",
    "n_tracks",
    "predicted",
    "low",
    "high",
    "bias",
    "covered",
    "no_change",
    "no_change_bias",
)


@dataclass
class Hindcast:
    """A forecast of the known past and its score.

    Attributes
    ----------
    status : {'scored', 'not_testable'}
    why : str
        What was done, or why it could not be.
    table : DataFrame
        A row a quantity, segment and decade: observed and predicted mean, 95% interval of what so many tracks
        should show, bias (predicted minus observed), whether the interval covers, the forecast of no change
        and its bias.
    cutoff : int or None
    fitted : dict
        Parameters chosen before the cut-off.
    """

    status: str
    why: str
    table: pd.DataFrame
    cutoff: int | None = None
    fitted: dict[str, float] = field(default_factory=dict)

    def summary(self) -> str:
        """The score in one sentence."""
        if self.status != "scored":
            return f"not testable: {self.why}"
        t = self.table
        better = int((t["bias"].abs() < t["no_change_bias"].abs()).sum())
        return (
            f"{int(t['covered'].sum())} of {len(t)} observed decade means lie in the 95% interval; "
            f"the world beats a forecast of no change in {better} of {len(t)}"
        )


@dataclass(frozen=True)
class _Task:
    """A world without generators to run for some steps."""

    foundation: Foundation
    scenario: Scenario
    seed: int


def forecast_past(
    chords: ChordTable | WorldInput,
    tracks: pd.DataFrame | None = None,
    *,
    horizon: int = 20,
    seeds: Iterable[int] = range(10),
    human_works: int = 150,
    vocabulary: str = "sevenths",
    last_years: int = 10,
    jobs: int = 1,
    executor: str = "local",
    progress=None,
) -> Hindcast:
    """Fit before a cut-off year, run forward without generators, score against what happened.

    Parameters
    ----------
    chords, tracks, vocabulary, last_years, jobs, executor, progress
        As for `simulate`.
    horizon : int
        Years to foretell; the cut-off is the corpus' last year minus these, or as many times five years
        earlier as it takes to have songs on both sides. Halved once when the corpus is too short.
    seeds : iterable of int
    human_works : int
        Songs a step of the fitted worlds.

    Returns
    -------
    hindcast : Hindcast
        Status ``not_testable`` with the reason when the corpus is too short or too thin.
    """
    try:
        start = start_from(chords, tracks, vocabulary, last_years)
    except NothingUsableError as error:
        return _refuse(str(error))
    found = _find_cutoff(start, horizon)
    if found is None:
        return _refuse(
            f"no segment has {LEAST} songs in the {start.last_year - start.first_year + 1} years before a "
            f"cut-off and again in the {horizon // 2} years after it; the corpus covers "
            f"{int(start.year.min())}-{start.last_year}"
        )
    cutoff, years, segments = found
    base = Scenario(name="hindcast", generator_share=0.0, human_works=human_works, steps=years)
    fitted, how = _fit(start, base, cutoff, years, segments, jobs, executor)
    foundation = start.foundation(base, cutoff)
    tasks = [_Task(foundation, base.replace(**fitted), int(seed)) for seed in seeds]
    tell = (lambda number, result: progress.advance(1)) if progress is not None else None
    paths = np.stack(map_tasks(_run, tasks, jobs=jobs, executor=executor, on_result=tell))
    table = _score(start, foundation, paths, cutoff, years, segments)
    return Hindcast("scored", f"cut-off {cutoff}, {years} years, {len(tasks)} seeds; {how}", table, cutoff, fitted)


def _refuse(why: str) -> Hindcast:
    import pandas as pd

    return Hindcast("not_testable", why, pd.DataFrame(columns=list(COLUMNS)))


def _find_cutoff(start: WorldInput, horizon: int) -> tuple[int, int, list[int]] | None:
    """Latest cut-off, years to foretell and segments with songs on both sides of it."""
    for years in (horizon, horizon // 2):
        for cutoff in range(start.last_year - years, int(start.year.min()), -5):
            segments = [s for s in range(len(SEGMENTS)) if _enough(start, s, cutoff, years)]
            if segments:
                return cutoff, years, segments
    return None


def _enough(start: WorldInput, segment: int, cutoff: int, years: int) -> bool:
    """Whether a segment has songs in the window before the cut-off and after it."""
    mine = start.works.segment == segment
    after = (start.year > cutoff) & (start.year <= cutoff + years)
    return min((mine & start.window(cutoff) & ~start.heldout).sum(), (mine & after).sum()) >= LEAST


def _fit(start, base, cutoff, years, segments, jobs, executor) -> tuple[dict[str, float], str]:
    """Choose copying, mutation and innovation on the years before the cut-off."""
    earlier = cutoff - years
    known = [s for s in segments if _enough(start, s, earlier, years)]
    if not known:
        return {}, f"parameters are the defaults, for want of {LEAST} songs before {earlier}"
    foundation = start.foundation(base, earlier)
    cells = [
        {"copying": copying, "mutation": mutation, "innovation": INNOVATION[mutation]}
        for copying, mutation in product(*GRID.values())
    ]
    tasks = [_Task(foundation, base.replace(**cell), seed) for cell in cells for seed in range(3)]
    paths = np.stack(map_tasks(_run, tasks, jobs=jobs, executor=executor))
    paths = paths.reshape(len(cells), 3, *paths.shape[1:]).mean(axis=1)  # (cell, step, segment, quantity, mean/sd)
    target = start.works.take((start.year > cutoff - 10) & (start.year <= cutoff))
    scores = score_works(target, foundation)
    fitted: dict[str, float] = {}
    for segment, names in ((0, POP_FIELDS), (1, NICHE_FIELDS)):
        if segment not in known:
            continue
        mine = target.segment == segment
        errors = np.zeros(len(cells))
        for q, values in enumerate(scores.values()):
            there = values[mine & ~np.isnan(values)]
            if len(there) > 1 and there.std() > 0:
                steps = slice(max(years - 10, 0), years)
                errors += np.nan_to_num((paths[:, steps, segment, q, 0].mean(axis=1) - there.mean()) / there.std()) ** 2
        best = cells[int(errors.argmin())]
        fitted |= {name: best[name] for name in names}
    words = ", ".join(f"{name} {value:g}" for name, value in fitted.items())
    return fitted, f"{words}, chosen on {earlier - (start.last_year - start.first_year)}-{cutoff}"


def _run(task: _Task) -> np.ndarray:
    """Mean and standard deviation of song measures, shape=(steps, segment, quantity, 2)."""
    world = World.begin(thin_foundation(task.foundation, task.scenario, task.seed), task.scenario, task.seed)
    rows = []
    for _ in range(task.scenario.steps):
        works = step(world).released
        rows.append(_describe(works, task.foundation))
    return np.array(rows)


def _describe(works: Works, foundation: Foundation) -> np.ndarray:
    """Mean and standard deviation, shape=(segment, quantity, 2); NaN where nothing is."""
    scores = score_works(works, foundation)
    out = np.full((len(SEGMENTS), len(scores), 2), np.nan)
    for s in range(len(SEGMENTS)):
        for q, values in enumerate(scores.values()):
            there = values[(works.segment == s) & ~np.isnan(values)]
            if len(there) > 1:
                out[s, q] = there.mean(), there.std(ddof=1)
    return out


def _score(start, foundation, paths, cutoff, years, segments) -> pd.DataFrame:
    """Set predicted beside observed, decade by decade."""
    import pandas as pd

    after = (start.year > cutoff) & (start.year <= cutoff + years)
    works, year = start.works.take(after), start.year[after]
    before = start.works.take(start.window(cutoff))
    scores, past = score_works(works, foundation), score_works(before, foundation)
    years_of_step = cutoff + 1 + np.arange(years)
    rows = []
    for q, (name, values) in enumerate(scores.items()):
        for s in segments:
            last = past[name][before.segment == s]
            last = float(np.nanmean(last)) if (~np.isnan(last)).any() else np.nan
            for decade in range(int(years_of_step[0]) // 10 * 10, int(years_of_step[-1]) + 1, 10):
                steps = years_of_step // 10 * 10 == decade
                seen = values[(works.segment == s) & (year // 10 * 10 == decade) & ~np.isnan(values)]
                path = paths[:, steps, s, q]  # (seed, step, mean/sd)
                if len(seen) < 10 or np.isnan(path).all():
                    continue
                mean = np.nanmean(path[..., 0], axis=1)
                predicted = float(mean.mean())
                spread = np.sqrt(mean.var(ddof=1) * (1 + 1 / len(mean)) + np.nanmean(path[..., 1] ** 2) / len(seen))
                low, high, observed = predicted - 1.96 * spread, predicted + 1.96 * spread, float(seen.mean())
                rows.append(
                    (
                        name,
                        SEGMENTS[s],
                        decade,
                        observed,
                        len(seen),
                        predicted,
                        float(low),
                        float(high),
                        predicted - observed,
                        bool(low <= observed <= high),
                        last,
                        last - observed,
                    )
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))
