"""``chords``, ``extract``, ``measures``, ``score``: from symbols and files to chords and scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from musictrend.cli import common
from musictrend.cli.common import (
    AllowFailures,
    Commercial,
    DryRun,
    Engine,
    Executor,
    Force,
    From,
    Jobs,
    Json,
    Quiet,
    Seed,
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(chords)
    app.command()(extract)
    app.command()(measures)
    app.command()(score)


def chords(
    labels: Annotated[list[str] | None, typer.Argument(metavar="LABEL...", help="Chord symbols.")] = None,
    dialect: Annotated[str, typer.Option("--dialect", "-d", help="Grammar to read them by.")] = "harte",
    key: Annotated[str, typer.Option("--key", help="Local key, for dialects of Roman numerals.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="File with one symbol a line.")] = None,
    as_json: Json = False,
) -> None:
    """Show how chord symbols are read.

    Try: musictrend chords "Dø7" "C^9#11" --dialect ireal
    """
    from musictrend.errors import ParameterError
    from musictrend.harmony import Key, list_dialects, read_symbol

    if dialect not in list_dialects():
        raise ParameterError(f"--dialect {dialect!r} must be one of {', '.join(list_dialects())}")
    texts = list(labels or [])
    if file is not None:
        from musictrend.corpus.files import read_text
        from musictrend.errors import ReaderError

        if not file.exists():
            raise ReaderError(f"no file at {file}", hint="check the path")
        texts += [line.strip("\r\n") for line in read_text(file).splitlines() if line.strip()]
    if not texts:
        raise ParameterError('no chord symbol given; try: musictrend chords "C:min7"')
    home = Key.parse(key) if key else None
    rows: list[dict[str, Any]] = []
    for text in texts:
        chord, reason = read_symbol(text, dialect, key=home)
        sounds = chord.is_chord and not reason
        rows.append(
            {
                "text": text,
                "label": None if reason else chord.label,
                "root": chord.root if sounds else None,
                "pitch_classes": list(chord.pitch_classes) if sounds else None,
                "bass": chord.bass if sounds else None,
                "quality": chord.quality if sounds else None,
                "parsed": not reason,
                "reason": reason or None,
            }
        )
    if as_json:
        common.emit(rows)
        return
    for row in rows:
        if row["parsed"]:
            notes = " ".join(map(str, row["pitch_classes"])) if row["pitch_classes"] else "no chord"
            print(f"{row['text']}\t{row['label']}\t{notes}")
        else:
            print(f"{row['text']}\tX\t{row['reason']}")


def extract(
    source: Annotated[str, typer.Argument(metavar="FILE|CORPUS")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help=".lab, .jams or .csv for a file; a folder for a corpus.")
    ] = None,
    part: Annotated[str, typer.Option("--part", help="Which piece of a file that holds several.")] = "",
    source_kind: From = "auto",
    engine: Engine = "auto",
    commercial: Commercial = False,
    force: Force = False,
    allow_failures: AllowFailures = False,
    seed: Seed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write down the chords of one file, or of a corpus.

    Try: musictrend extract song.lab -o song.csv
    """
    from musictrend.errors import ParameterError

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    path = Path(source)
    from musictrend.extraction.chord_files import chord_rows, write_chords
    from musictrend.extraction.file import extract_with_engine, holds_one_piece, may_hold_many, tell_oddities
    from musictrend.extraction.origin import Origin

    into_folder = out is not None and not out.suffix and not part
    if holds_one_piece(path) and not (into_folder and may_hold_many(path)):
        origin = Origin(source_kind, engine, commercial)
        odd: list[tuple[str, str]] = []
        if out is not None:
            common.refuse_to_overwrite(out, force=force)
        if dry_run:
            plan = [{"file": str(path), "out": str(out or ""), "from": source_kind, "engine": engine}]
            common.emit(plan) if as_json else common.emit_rows(plan)
            return
        sequence, made_by = extract_with_engine(path, origin, part=part or None, odd=odd)
        if out is not None and out.suffix.lower() == ".lab" and sequence.unit != "seconds":
            odd.append(("", f"times in {out.name} are in {sequence.unit}, which a .lab cannot say; .csv and .jams can"))
        tell_oddities(path, odd)
        if out is not None:
            write_chords(sequence, out, engine=made_by)
        if as_json:
            key = next((k for k in sequence.keys or () if k is not None), None)  # type: ignore[union-attr]
            common.emit({"track_id": sequence.track_id, "engine": made_by, "unit": sequence.unit,
                         "n_chords": len(sequence), "key": str(key) if key else None, "chords": chord_rows(sequence)})  # fmt: skip
        elif out is None:
            for row in chord_rows(sequence):
                print(f"{row['onset']:.3f}\t{row['onset'] + row['duration']:.3f}\t{row['label']}")
        return
    if dry_run:
        common.show_plan([source], as_json=as_json)
        return
    if out is None:
        from musictrend.corpus.manifest import load_corpus

        load_corpus(source)  # what is not there is told as such
        raise ParameterError("a corpus needs -o FOLDER")
    from musictrend.run.extraction import extract_to_folder

    rows = extract_to_folder(
        source, out, notes_or_symbols=source_kind, engine=engine, commercial=commercial, force=force,
        seed=seed, jobs=common.resolve_jobs(jobs), executor=executor, quiet=quiet,
    )  # fmt: skip
    if as_json:
        common.emit(rows)
    else:
        print(f"{rows['n_tracks'] - rows['n_failed']} of {rows['n_tracks']} tracks: {out / 'chords.parquet'}")
    if rows["n_failed"] == rows["n_tracks"]:
        raise typer.Exit(common.NOTHING_USABLE)
    if rows["n_failed"] and not allow_failures:
        raise typer.Exit(common.SOME_FAILED)


def measures(
    factor: Annotated[
        bool, typer.Option("--factor", help="The composite's factor check in place of the list: loadings, omega, fit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every measure: facet, unit, direction, source.

    Try: musictrend measures
    """
    from musictrend.complexity import list_factor_checks, list_measures

    if factor:
        checks = list_factor_checks()
        common.emit(checks.to_dict("records")) if as_json else common.emit_rows(checks)
        return
    table = list_measures()
    common.emit(table.to_dict("records")) if as_json else common.emit_rows(
        table, ["measure", "facet", "unit", "low", "high", "rises_with_complexity", "coarsest", "citation"]
    )


def score(
    source: Annotated[str, typer.Argument(metavar="RUN|CORPUS|FILE")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Run folder for a corpus.")] = None,
    measures: Annotated[
        str, typer.Option("--measures", help="core, standard, all, or names with commas; of a run, those it has.")
    ] = "",
    vocabulary: Annotated[list[str] | None, typer.Option("--vocabulary", help="May be given again.")] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=4, help="Events in a window: 30, or what the run has.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say which chords drove each measure.")] = False,
    track: Annotated[list[str] | None, typer.Option("--track", help="With --explain: a track of the run.")] = None,
    source_kind: From = "auto",
    engine: Engine = "auto",
    commercial: Commercial = False,
    force: Force = False,
    allow_failures: AllowFailures = False,
    seed: Seed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score the complexity of a file, a corpus, or the tracks of a run.

    Try: musictrend score song.lab --measures core
    Try: musictrend score song.lab --explain --vocabulary sevenths
    """
    from musictrend.cli.analysis import split_measures
    from musictrend.run.scoring import explain_source, score_source

    common.log_to(quiet=quiet)
    wanted = split_measures(measures) if measures else None
    asked: Any = {"measures": wanted, "vocabularies": tuple(vocabulary or ()), "window": window,
                  "source_kind": source_kind, "engine": engine, "commercial": commercial}  # fmt: skip
    if explain:
        found = explain_source(source, tuple(track or ()), **asked)
        if as_json:
            common.emit(found.to_dict("records"))
            return
        strongest = found[found["influence"] != 0].groupby(["track_id", "measure", "vocabulary"], sort=False).head(3)
        common.emit_rows(strongest, ["track_id", "measure", "vocabulary", "label", "influence", "n_events"])
        return
    if dry_run:
        common.show_plan([source], as_json=as_json)
        return
    table = score_source(
        source, out, **asked, force=force, seed=seed, jobs=common.resolve_jobs(jobs), executor=executor, quiet=quiet
    )
    shown = ["track_id", "measure", "vocabulary", "value", "low", "high", "n_events"]
    if "track_id" not in table:  # so many tracks that their scores are summed up
        shown = list(table.columns)
    common.emit(table.to_dict("records")) if as_json else common.emit_rows(table, shown)
    if out is not None:
        from musictrend.run.folder import Run

        common.finish(Run.open(out), allow_failures=allow_failures)
