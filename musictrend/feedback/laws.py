"""The limiting cases whose answers are known, run through the world's own step.

Each law switches off all mechanisms but one and compares many replicates
with a formula. The tolerance is four Monte Carlo standard errors (of the
replicates shown in `parameters`) plus a bias bound where one is stated.
Inequalities hold when they do so by four standard errors.

Songs are single tokens unless said otherwise; Het is 1 - sum p**2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from musictrend.errors import ParameterError
from musictrend.feedback import drift, learning
from musictrend.feedback.trial import LAWS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("case", "law", "statement", "parameters", "relation", "expected", "simulated", "tolerance", "held")
REGISTERED = (drift, learning)  # importing them fills LAWS


def check_laws(seed: int = 0, laws: Iterable[int | str] | None = None) -> pd.DataFrame:
    """Run the limiting cases of the feedback world.

    Parameters
    ----------
    seed : int
    laws : iterable of int or str, optional
        Case numbers or names; all when left out.

    Returns
    -------
    table : DataFrame
        case, law, statement, parameters, relation (``=``, ``<``, ``>``, ``>=``), expected, simulated,
        tolerance, held.

    Raises
    ------
    ParameterError
        When a law is not known.

    Examples
    --------
    >>> bool(check_laws(laws=["filter"])["held"].all())
    True
    """
    import pandas as pd

    wanted = list(LAWS) if laws is None else list(laws)
    chosen = [name for name, law in LAWS.items() if name in wanted or law.case in wanted]
    known = {*LAWS, *(law.case for law in LAWS.values())}
    if unknown := [w for w in wanted if w not in known]:
        raise ParameterError(
            f"laws={unknown!r} are not known; laws are {', '.join(f'{f.case} {n}' for n, f in LAWS.items())}"
        )
    rows = [(LAWS[name].case, name, *row) for name in chosen for row in LAWS[name].run(seed)]
    return pd.DataFrame(rows, columns=list(COLUMNS))
