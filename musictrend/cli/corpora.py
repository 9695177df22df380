"""``corpus list|fetch|check|describe|init``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from musictrend.cli import common
from musictrend.cli.common import DryRun, Executor, Jobs, Json, NoSeed, Quiet

corpus_app = typer.Typer(help="Labelled collections: list, fetch, check, describe, init.\n\nTry: musictrend corpus list", no_args_is_help=True,
                         rich_markup_mode=None)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(corpus_app, name="corpus")


@corpus_app.command("list")
def list_corpora(
    readers: Annotated[bool, typer.Option("--readers", help="List the formats that are read instead.")] = False,
    as_json: Json = False,
) -> None:
    """List the corpora of the catalogue, or the readers.

    Try: musictrend corpus list --readers
    """
    if readers:
        from musictrend.corpus.readers import list_readers

        rows = [
            {"reader": r.name, "title": r.title, "suffixes": " ".join(r.suffixes + r.shared_suffixes),
             "year_kind": r.year_kind, "transcription": r.transcription, "licence": r.licence, "citation": r.citation}
            for r in list_readers().values()
        ]  # fmt: skip
        common.emit(rows) if as_json else common.emit_rows(
            rows, ["reader", "title", "suffixes", "year_kind", "licence"]
        )
        return
    from musictrend.corpus.catalogue import list_recipes

    listed: list[dict[str, Any]] = []
    for name, recipe in sorted(list_recipes().items()):
        here = (
            "packaged"
            if recipe.is_packaged
            else "fetched"
            if recipe.is_fetched
            else "to fetch"
            if recipe.files
            else "see README"
        )
        size = sum(f.bytes for f in recipe.files)
        listed.append({"corpus": name, "title": recipe.settings.get("title", name), "data": here, "bytes": size,
                     "year_kind": recipe.settings.get("year_kind", ""), "licence": recipe.settings.get("licence", "")})  # fmt: skip
    common.emit(listed) if as_json else common.emit_rows(listed)


@corpus_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A corpus of the catalogue.")],
    mirror: Annotated[
        str, typer.Option("--mirror", help="Local copy: folder or address with repository/commit/path.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show licence, files and sizes, and stop.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Download a public corpus into the cache: pinned, verified, resumable.

    Try: musictrend corpus fetch irb --dry-run
    """
    from musictrend.corpus.catalogue import fetch_corpus, find_recipe, list_recipes
    from musictrend.errors import CorpusError

    recipe = find_recipe(name)
    if recipe is None:
        raise CorpusError(f"no corpus {name!r}; the catalogue has {', '.join(sorted(list_recipes()))}")
    if dry_run:
        rows = [
            {"file": f.to, "bytes": f.bytes, "from": f.url(mirror or None), "sha256": f.sha256} for f in recipe.files
        ]
        if as_json:
            common.emit({"corpus": name, "licence": recipe.settings.get("licence", ""), "files": rows})
        else:
            print(f"{recipe.settings.get('title', name)}: licence {recipe.settings.get('licence', 'not stated')}")
            common.emit_rows(rows, ["file", "bytes", "from"])
        return
    say = (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr))
    folder = fetch_corpus(name, mirror=mirror or None, tell=say)
    common.emit({"corpus": name, "folder": str(folder)}) if as_json else print(folder)


@corpus_app.command()
def check(
    corpora: Annotated[list[str], typer.Argument(metavar="CORPUS...")],
    labels_only: Annotated[bool, typer.Option("--labels-only", help="Do not open the chord files.")] = False,
    seed: NoSeed = 0,
    jobs: Jobs = 0,
    executor: Executor = "local",
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say, before hours of work, what will happen with a corpus, and the next move for each problem.

    Try: musictrend corpus check planted
    """
    from musictrend.corpus.check import check_corpus
    from musictrend.corpus.manifest import load_corpus
    from musictrend.extraction import extract_corpora
    from musictrend.run.power import power_of

    common.log_to(quiet=quiet)
    common.check_executor(executor)
    if dry_run:
        common.show_plan(list(corpora), as_json=as_json)
        return
    reports = []
    for spec in corpora:
        corpus = load_corpus(spec)
        extracted = (
            None
            if labels_only
            else extract_corpora([corpus], jobs=common.resolve_jobs(jobs), executor=executor, quiet=quiet)
        )
        reports.append(check_corpus(corpus, extracted=extracted, power=power_of))
    if as_json:
        common.emit([r.to_dict() for r in reports] if len(reports) > 1 else reports[0].to_dict())
        return
    for report in reports:
        _print_report(report)


def _print_report(report) -> None:
    print(f"{report.corpus}: {report.n_tracks} tracks")
    for name, value in report.facts.items():
        if name == "genres":
            value = ", ".join(f"{g} {n}" for g, n in list(value.items())[:12]) or "none"
        print(f"  {name.replace('_', ' ')}: {value}")
    print("\ntracks by decade, genre, segment and source kind:")
    cells = report.cells.pivot_table(index=["segment", "genre", "source_kind"], columns="decade", values="n_tracks",
                                     aggfunc="sum", fill_value=0).reset_index()  # fmt: skip
    common.emit_rows(cells)
    if report.contrasts:
        print("\nwhat it can carry (smallest slope seen with 80% power, SD a decade):")
        common.emit_rows(report.contrasts)
    print(f"\n{len(report.problems)} problems" + (":" if report.problems else ""))
    shown: dict[str, int] = {}
    for problem in report.problems:
        kind = problem.reason.split(":")[0]
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] <= 5:
            print(f"  {problem}")
    more = sum(n - 5 for n in shown.values() if n > 5)
    if more:
        print(f"  and {more} more like these; --json lists them all")


@corpus_app.command()
def describe(corpora: Annotated[list[str], typer.Argument(metavar="CORPUS...")], as_json: Json = False) -> None:
    """Describe corpora in a row each: tracks, artists, years, segments, licence.

    Try: musictrend corpus describe planted
    """
    from musictrend.corpus.check import describe_corpora
    from musictrend.corpus.manifest import load_corpus

    table = describe_corpora([load_corpus(c) for c in corpora])
    if as_json:
        common.emit(table.to_dict("records"))
        return
    for row in table.to_dict("records"):
        for name, value in row.items():
            print(f"{str(name).replace('_', ' '):>13}: {value}")
        print()


@corpus_app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder with files or a tracks.csv; made when absent.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a corpus.toml that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write a corpus.toml with every setting explained, and a tracks.csv to fill in.

    A corpus is a folder with corpus.toml and tracks.csv (track_id, path or chords, year, genre).

    Try: musictrend corpus init my-corpus
    """
    from musictrend.corpus.template import init_corpus

    written = init_corpus(folder, force=force)
    common.emit({"written": [str(p) for p in written]}) if as_json else print("\n".join(map(str, written)))
