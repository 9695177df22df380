"""Coverage and false positives of the trend estimators: prints the figures that the documentation claims.

python benchmarks/trend_coverage.py                 400 draws of 3 corpora a world, about a minute
python benchmarks/trend_coverage.py --corpora 20    more corpora
"""

from __future__ import annotations

import argparse
import time

import pandas as pd

from musictrend.trends.trials import WORLDS, run_trials


def main() -> None:
    """Print one row a world, method and pooling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400, help="sets of values for each corpus")
    parser.add_argument("--corpora", type=int, default=3, help="corpora (seeds) of each world")
    parser.add_argument("--slope", type=float, default=0.1, help="planted slope per decade for coverage")
    given = parser.parse_args()
    began = time.perf_counter()
    frames = []
    for world in WORLDS:
        # Shares live between 0 and 1: a slope of 0.1 per decade would leave that range.
        slope = given.slope if world != "shares" else 0.01
        for seed in range(given.corpora):
            flat = run_trials(world, 0.0, given.draws, seed).rename(columns={"found": "false_positive"})
            steep = run_trials(world, slope, given.draws, seed).rename(columns={"found": "power"})
            keys = ["world", "method", "pooling"]
            frames.append(flat[[*keys, "false_positive"]].merge(steep[[*keys, "coverage", "power", "bias", "width"]]))
    table = pd.concat(frames).groupby(["world", "method", "pooling"], sort=False).mean().round(3).reset_index()
    table = table[(table["pooling"] != "pooled") | table["world"].isin(["genre_drift"])]
    print(table.to_string(index=False))
    print(f"\n{given.draws} draws x {given.corpora} corpora a world, slope {given.slope} (shares: 0.01), "
          f"{time.perf_counter() - began:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
