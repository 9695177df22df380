"""What each measure costs: CPU microseconds a chord on long tables, milliseconds for one song.

    python benchmarks/measure_cost.py [--tracks 4000] [--chords 62] [--vocabulary sevenths]

Every measure is timed by itself, on one thread, over events that are already reduced. Measures that share work
(windows, type counts, shuffles, PPM) are dearer alone than together: the line "all together" is what counts, and
what a million songs cost is computed from it. The songs are those of ``scoring.py``.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scoring import make_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tracks", type=int, default=4_000)
    parser.add_argument("--chords", type=int, default=62)
    parser.add_argument("--vocabulary", default="sevenths")
    options = parser.parse_args()

    from musictrend.complexity import score, score_table, select_measures
    from musictrend.complexity.measure import evaluate
    from musictrend.complexity.ragged import count_types, cut_windows, find_transitions
    from musictrend.harmony.reduction import is_at_least

    clock = time.process_time
    measures = [m for m in select_measures("all") if is_at_least(options.vocabulary, m.coarsest)]
    table = make_table(options.tracks, options.chords)
    score_table(make_table(50, options.chords), "all", (options.vocabulary,))  # kernels and models are loaded
    began = clock()
    n = len(table.events(options.vocabulary).code)
    print(f"{options.tracks:,} songs, {n:,} events at {options.vocabulary}; reduced in {clock() - began:.2f} s of CPU")

    def shared() -> object:
        """Events whose windows, types and transitions are known, as after the first measure of a chunk."""
        events = table.events(options.vocabulary)
        count_types(events), find_transitions(events), count_types(cut_windows(events, 30)[0])
        return events

    print("\nmeasure                       us an event (windows, types and transitions given)")
    found = []
    for measure in measures:
        spent = []
        for _ in range(3):
            events = shared()
            began = clock()
            evaluate(measure, events, None)
            spent.append(clock() - began)
        found.append((min(spent) / n * 1e6, measure.name))
    for cost, name in sorted(found, reverse=True):
        print(f"{name:30} {cost:8.3f}")
    print(f"{'sum':30} {sum(cost for cost, _ in found):8.3f}")
    began = clock()
    shared()
    print(f"{'what they share':30} {(clock() - began) / n * 1e6:8.3f}")

    began = clock()
    score_table(table, "all", (options.vocabulary,))
    together = clock() - began
    print(f"\nall together                   {together / n * 1e6:8.3f} us an event, reduction included")
    print(f"42 million events              {together / n * 42e6:8.1f} s of CPU")

    one = table.select([0]).sequence(0)
    for repeat in ("first", "again"):
        spent = []
        for _ in range(20 if repeat == "again" else 1):
            began = clock()
            score(one, "all")
            spent.append(clock() - began)
        print(f"one song, {len(select_measures('all'))} measures, {repeat:10} {np.median(spent) * 1000:8.1f} ms of CPU")


if __name__ == "__main__":
    main()
