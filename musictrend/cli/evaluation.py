"""``evaluate``: estimated chords against a reference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musictrend.cli import common
from musictrend.cli.common import DryRun, Executor, Jobs, Json, NoSeed, Quiet

if TYPE_CHECKING:
    from musictrend.validation import Evaluation
    from musictrend.validation.reliability import Reliability

FEW = 12  # tracks and failures shown one by one
SHOWN = ("root", "majmin", "majmin_inv", "triads", "sevenths", "sevenths_inv", "mirex", "seg", "key", "roman")


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(evaluate)


def evaluate(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Chord file, folder, corpus or run.")],
    estimate: Annotated[str, typer.Argument(metavar="ESTIMATE", help="The same of what is to be judged.")],
    measures: Annotated[
        str, typer.Option("--measures", help="Whose bias is wanted: core, all, or names with commas.")
    ] = "all",
    allow_failures: Annotated[
        bool, typer.Option("--allow-failures", help="End in 0 though some tracks were not compared.")
    ] = False,
    plot: Annotated[
        str, typer.Option("--plot", metavar="FILE", help="Draw what confidences are worth (.png, .svg, .pdf).")
    ] = "",
    seed: NoSeed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say how right estimated chords are, and what their errors do to every measure.

    WCSR by mir_eval's rules, segmentation, keys and Roman numerals, the bias of
    every measure of complexity, which qualities are confused, and what the
    estimate's confidences are worth. The estimate is cropped to the reference's time and padded with N.

    Try: musictrend evaluate reference.lab estimate.lab
    """
    from musictrend.cli.analysis import split_measures
    from musictrend.errors import ParameterError
    from musictrend.validation import evaluate as evaluate_chords

    common.log_to(quiet=quiet)
    if plot and Path(plot).suffix not in (".png", ".svg", ".pdf"):
        raise ParameterError(f"--plot {plot!r} must end in .png, .svg or .pdf")
    common.check_executor(executor)
    if dry_run:
        _show_plan(reference, estimate, split_measures(measures), as_json)
        return
    found = evaluate_chords(reference, estimate, measures=split_measures(measures), quiet=quiet,
                            jobs=common.resolve_jobs(jobs), executor=executor)  # fmt: skip
    common.emit(found.to_dict()) if as_json else _show(found)
    if plot:
        _plot_reliability(found.reliability, plot)
    if found.failures and not allow_failures:
        print(f"{len(found.failures)} tracks were not compared (--allow-failures ends in 0):", file=sys.stderr)
        for failure in found.failures[:FEW]:
            print(f"  {failure}", file=sys.stderr)
        if len(found.failures) > FEW:
            print(f"  and {len(found.failures) - FEW} more; --json lists them all", file=sys.stderr)
        raise typer.Exit(common.SOME_FAILED)


def _show_plan(reference: str, estimate: str, measures: str | tuple[str, ...], as_json: bool) -> None:
    """What would be compared; a name that is none is told at once."""
    from musictrend.complexity import select_measures
    from musictrend.corpus.manifest import load_corpus

    chosen = select_measures(measures)
    for side in (reference, estimate):
        if not Path(side).exists():
            load_corpus(side)
    common.emit_plan([{"reference": reference, "estimate": estimate, "measures": len(chosen)}], as_json=as_json)


def _show(found: Evaluation) -> None:
    unit = "units of time, not all the same" if found.unit == "mixed" else found.unit
    print(f"{found.n_tracks} tracks, {found.duration:.6g} {unit}, matched by {found.matched_by}\n")
    print("share of time that is right (of the time that can be compared):")
    for name, value in found.total.items():
        if value == value:
            print(f"  {name.replace('_', ' '):<18} {value:.4f}")
    if found.n_keys:
        print(
            f"  {found.n_keys} references have a key; the estimate's was told from its chords in {found.n_keys_estimated}"
        )
    if 1 < found.n_tracks <= FEW:
        print("\nby track:")
        common.emit_rows(
            found.per_track, ["track_id", "duration", *(n for n in SHOWN if found.total[n] == found.total[n])]
        )
    print("\nqualities: share of the time of each in the reference (row), by what was estimated (column):")
    common.emit_rows(_square(found.confusion))
    if found.reliability is not None:
        _show_reliability(found.reliability)
    print("\nbias of measures (estimate minus reference, over tracks):")
    known = found.bias[found.bias["n"] > 0]
    common.emit_rows(known.drop(columns=["reference_mean", "estimate_mean"]))


def _plot_reliability(found: Reliability | None, path: str) -> None:
    """Draw a reliability diagram into a file."""
    import pandas as pd

    from musictrend.errors import ParameterError
    from musictrend.report import plot_reliability, save_figure

    if found is None:
        raise ParameterError("--plot draws confidences, and the estimate has none; give a .csv that extract wrote")
    table = pd.DataFrame([{"confidence": b.confidence, "right": b.right, "share": b.share} for b in found.bins])
    saved = save_figure(plot_reliability(table), path)
    print(f"what confidences are worth: {saved}", file=sys.stderr)


def _show_reliability(found: Reliability) -> None:
    print(
        f"\nconfidences of {found.n_chords} chords, judged by {found.rule}: ECE {found.ece:.3f}, AUROC {found.auroc:.3f}"
    )
    rows = [{"confidence": f"{b.low:.1f}-{b.high:.1f}", "mean": round(b.confidence, 3), "right": round(b.right, 3),
             "share of time": round(b.share, 3)} for b in found.bins]  # fmt: skip
    import pandas as pd

    common.emit_rows(pd.DataFrame(rows))


def _square(confusion):
    """Confusions as a table of qualities by qualities, the longest first."""
    longest = confusion.groupby("reference")["duration"].sum().sort_values(ascending=False).index
    square = confusion.pivot_table(index="reference", columns="estimate", values="share", aggfunc="sum", fill_value=0.0)
    columns = [*(q for q in longest if q in square.columns), *(q for q in square.columns if q not in longest)]
    return square.loc[longest, columns].round(3).rename_axis(columns=None).reset_index()
