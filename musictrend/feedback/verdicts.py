"""Verdicts on simulated claims: the share of a stated parameter box in which each one holds.

A simulation can make any difference significant by running longer, so there
is no p-value. A claim is judged in worlds: every setting of the box with
every seed, the two scenarios of a claim paired by common random numbers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from musictrend.errors import NothingUsableError, ParameterError
from musictrend.feedback.experiment import _Task, learning_curve, list_cells, run_worlds
from musictrend.feedback.fitting import WorldInput, start_from
from musictrend.feedback.scenario import Scenario, load_scenario
from musictrend.feedback.works import SEGMENTS

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony import ChordTable

SUPPORTED, CONTRADICTED = 0.9, 0.1
TESTS = ("end", "pop_minus_niche", "first_loss", "learning_curve")


@dataclass(frozen=True)
class SimulatedClaims:
    """The registered simulated claims and the box in which they are judged.

    Attributes
    ----------
    claims : tuple of dict
    box : dict of field to values
    world : dict of field to value
        Size of the worlds.
    curve : dict of field to values
        Box of the learning curve.
    """

    claims: tuple[dict, ...]
    box: dict
    world: dict
    curve: dict


def load_simulated_claims() -> SimulatedClaims:
    """Read ``musictrend/data/claims_simulated.toml``.

    Examples
    --------
    >>> load_simulated_claims().claims[0]["id"]
    'feedback_thins_tails'
    """
    text = resources.files("musictrend").joinpath("data", "claims_simulated.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    for claim in found["claim"]:
        if claim["test"] not in TESTS:
            raise ParameterError(f"claim {claim['id']}: test={claim['test']!r} must be one of {', '.join(TESTS)}")
    return SimulatedClaims(tuple(found["claim"]), found["box"], found["world"], found["learning_curve"])


def judge_simulated(
    chords: ChordTable | WorldInput,
    tracks: pd.DataFrame | None = None,
    *,
    seeds: Iterable[int] = range(3),
    claims: Sequence[str] | None = None,
    vocabulary: str = "sevenths",
    last_years: int = 10,
    jobs: int = 1,
    executor: str = "local",
    progress=None,
) -> list[dict]:
    """Judge each simulated claim over its parameter box, starting from this corpus.

    Parameters
    ----------
    chords, tracks, vocabulary, last_years, jobs, executor, progress
        As for `simulate`; `list_judged_worlds` says how many worlds that are.
    seeds : iterable of int
    claims : sequence of str, optional
        Ids; all when left out.

    Returns
    -------
    verdicts : list of dict
        In the form of ``claims.json``: id, kind, sentence, verdict, estimate (median), low, high (2.5% and
        97.5% of worlds), why, robustness (share of worlds in which the claim holds), n_worlds, unit.
        ``supported`` from 90%, ``contradicted`` up to 10%, ``mixed`` where some settings hold with every
        seed and others fail with every seed, ``inconclusive`` otherwise, ``not_testable`` with the reason
        where the corpus cannot start a world or has no such songs.
    """
    registered = load_simulated_claims()
    wanted = [c for c in registered.claims if claims is None or c["id"] in claims]
    seeds = [int(seed) for seed in seeds]
    try:
        start = start_from(chords, tracks, vocabulary, last_years)
    except NothingUsableError as error:
        return [_not_testable(claim, str(error)) for claim in wanted]
    cells = list_judged_worlds(registered, [c["id"] for c in wanted])
    foundation = start.foundation()
    tasks = [_Task(foundation, cell, seed, brief=True) for cell in cells.values() for seed in seeds]
    table = run_worlds(tasks, start.last_year, jobs, executor, progress)
    # (scenario, seed, origin, segment, quantity) -> values by step
    paths = {
        key: part.set_index("step")["value"]
        for key, part in table.groupby(["scenario", "seed", "origin", "segment", "quantity"], sort=False)
    }
    return [_judge(claim, registered, start, cells, paths, seeds) for claim in wanted]


def list_judged_worlds(
    registered: SimulatedClaims | None = None, claims: Sequence[str] | None = None
) -> dict[tuple, Scenario]:
    """The scenarios that judging needs, by (packaged scenario, setting); each is run once per seed."""
    registered = registered or load_simulated_claims()
    names = []
    for claim in registered.claims:
        if claims is None or claim["id"] in claims:
            names += [claim.get("scenario"), claim.get("against")]
    cells = {}
    for name in dict.fromkeys(n for n in names if n not in (None, "start")):
        base = load_scenario(name).replace(**registered.world)
        # what a world without generators does not depend on is not varied there
        box = {k: v for k, v in registered.box.items() if name != "no_generators" or k == "copying"}
        for cell, values in zip(list_cells(base, box), product(*box.values()), strict=True):
            cells[(name, tuple(zip(box, values, strict=True)))] = cell
    return cells


def _judge(claim, registered, start, cells, paths, seeds) -> dict:
    """Effect and outcome of one claim in every world, and the verdict."""
    if claim["test"] == "learning_curve":
        effects = _learning_effects(registered, start, seeds)
    else:
        effects = _world_effects(claim, registered, cells, paths, seeds)
    if not effects:
        sides = ", ".join(SEGMENTS[s] for s in np.unique(start.works.take(start.window()).segment))
        return _not_testable(
            claim,
            f"{claim['quantity']} could not be measured: the founding window "
            f"{start.first_year}-{start.last_year} has only {sides} songs, or too few of them",
        )
    values = np.array([effect for row in effects.values() for effect, _ in row])
    holds = np.array([held for row in effects.values() for _, held in row])
    share = float(holds.mean())
    always = sum(all(held for _, held in row) for row in effects.values())
    never = sum(not any(held for _, held in row) for row in effects.values())
    if share >= SUPPORTED:
        verdict = "supported"
    elif share <= CONTRADICTED:
        verdict = "contradicted"
    else:
        verdict = "mixed" if always and never else "inconclusive"
    low, high = np.quantile(values, [0.025, 0.975])
    unit = _unit(claim)
    return {
        "id": claim["id"],
        "kind": "simulated",
        "sentence": claim["sentence"],
        "verdict": verdict,
        "estimate": float(np.median(values)),
        "low": float(low),
        "high": float(high),
        "robustness": share,
        "why": (
            f"Holds in {int(holds.sum())} of {len(holds)} worlds ({len(effects)} settings, up to "
            f"{len(seeds)} seeds): with every seed in {always} settings, with none in {never}. "
            f"Median {unit} {np.median(values):+.3g}, 95% of worlds {low:+.3g} to {high:+.3g}. "
            f"Box: {_describe_box(claim, registered)}."
        ),
        "n_worlds": len(holds),
        "unit": unit,
    }


def _world_effects(claim, registered, cells, paths, seeds) -> dict[tuple, list[tuple[float, bool]]]:
    """(effect, holds) of each seed, by setting of the box; worlds that cannot be measured are left out."""
    sign = {"rise": 1, "fall": -1}[claim["direction"]]
    effects: dict[tuple, list[tuple[float, bool]]] = {}
    for (name, setting), cell in cells.items():
        if name != claim["scenario"]:
            continue
        other = None
        if claim.get("against") not in (None, "start"):
            known = dict(setting)
            other = next(
                c
                for (n, box), c in cells.items()
                if n == claim["against"] and all(known[field] == value for field, value in box)
            )
        row = []
        for seed in seeds:
            effect = _effect(claim, paths, cell.name, other and other.name, seed)
            if effect is not None and np.isfinite(effect):
                row.append((effect, bool(sign * effect > 0)))
        if row:
            effects[setting] = row
    return effects


def _effect(claim, paths, scenario: str, other: str | None, seed: int) -> float | None:
    """The claim's difference in one world; None where something is missing."""

    def path(name: str, segment: str, quantity: str):
        return paths.get((name, seed, claim["origin"], segment, quantity))

    def level(values) -> float:
        return float(values[values.index >= values.index.max() - 2].mean())

    quantity: str = claim["quantity"]
    changes: list[float] = []
    for segment in claim.get("segments", SEGMENTS):
        mine = path(scenario, segment, quantity)
        if mine is None:
            continue
        if claim["test"] == "first_loss":
            second = path(scenario, segment, claim["other"])
            if second is not None:
                changes.append(_steps_to_lose(mine, claim["loss"]) - _steps_to_lose(second, claim["loss"]))
        elif other is None:
            first = float(mine[mine.index >= 1].iloc[0])
            changes.append((level(mine) - first) / first if _is_relative(quantity) and first else level(mine) - first)
        else:
            theirs = path(other, segment, quantity)
            if theirs is not None:
                change = level(mine) - level(theirs)
                changes.append(change / level(theirs) if _is_relative(quantity) else change)
        if claim["test"] == "pop_minus_niche" and len(changes) == 0:
            return None
    if claim["test"] == "pop_minus_niche":
        return changes[0] - changes[1] if len(changes) == 2 else None
    return float(np.mean(changes)) if changes else None


def _steps_to_lose(values, loss: float) -> int:
    """First step at which a quantity is that share below its first value; one more than the last if never."""
    values = values[values.index >= 1]
    gone = values.index[values <= (1 - loss) * values.iloc[0]]
    return int(gone[0]) if len(gone) else int(values.index.max()) + 1


def _learning_effects(registered, start, seeds) -> dict[tuple, list[tuple[float, bool]]]:
    """Change of held-out loss by adding generated songs; holds when human songs lower it as well."""
    effects: dict[tuple, list[tuple[float, bool]]] = {}
    for values in product(*registered.curve.values()):
        setting = tuple(zip(registered.curve, values, strict=True))
        try:
            curve = learning_curve(start, Scenario(**dict(setting)), seeds, shares=(0.0, 1.0))
        except ParameterError:
            return {}
        ends = curve.groupby(["seed", "source", "share_added"])["cross_entropy"].mean().unstack()
        change = (ends[1.0] - ends[0.0]).unstack("source")
        effects[setting] = [
            (float(g), bool(g > 0 and h < 0)) for g, h in zip(change["generator"], change["human"], strict=True)
        ]
    return effects


def _unit(claim) -> str:
    """What the estimate counts."""
    if claim["test"] == "first_loss":
        return "difference in steps"
    if _is_relative(claim["quantity"]):
        return "relative change"
    return "change in bits a chord" if claim["quantity"] == "heldout_cross_entropy" else "change in share"


def _is_relative(quantity: str) -> bool:
    """Whether a change of this quantity is stated as a share of what it was."""
    return quantity.startswith("transition_hill") or quantity in ("tail_types", "discoverability")


def _describe_box(claim, registered) -> str:
    """The settings in words."""
    box = registered.curve if claim["test"] == "learning_curve" else registered.box
    words = [f"{name.replace('_', ' ')} {' or '.join(f'{v:g}' for v in values)}" for name, values in box.items()]
    if claim["test"] == "learning_curve":
        return ", ".join(words)
    world = registered.world
    return f"{', '.join(words)}; {world['steps']} steps of {world['human_works']} human songs"


def _not_testable(claim, why: str) -> dict:
    return {
        "id": claim["id"],
        "kind": "simulated",
        "sentence": claim["sentence"],
        "verdict": "not_testable",
        "estimate": None,
        "low": None,
        "high": None,
        "robustness": None,
        "why": why,
        "n_worlds": 0,
        "unit": _unit(claim),
    }
