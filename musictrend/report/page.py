"""Write the report: HTML page, Markdown summary, or a folder of figures.

The same tables give the same bytes: no dates, no chance, every row sorted. Text from strangers is escaped by
Jinja in the page, by the canvas in pictures, and by ``tojson`` in the one data script.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from musictrend.errors import ParameterError
from musictrend.report.blocks import Built, Figure, Fold, Grid
from musictrend.report.canvas import stand_alone
from musictrend.report.comparison import compare_tables
from musictrend.report.sections import SECTIONS
from musictrend.report.sections.answer import QUESTION
from musictrend.report.summary import format_summary
from musictrend.report.tables import SYNTHETIC, RunTables, read_tables
from musictrend.report.words import clean, count_noun, is_missing, join_words

FORMATS = {"html": "report.html", "md": "report.md", "figures": "figures"}


def write_report(
    run: str | Path | RunTables | Any,
    out: str | Path | None = None,
    title: str | None = None,
    *,
    format: str = "html",
    compare: str | Path | RunTables | Any = None,
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : path, RunTables, or an object with a ``folder``
        The run folder, or its tables.
    out : path, optional
        File (a folder for ``figures``) to write; by default ``report.html``, ``report.md`` or ``figures``
        in the run folder, or here where the tables have none.
    title : str, optional
        Stands over the page; by default the names of the corpora.
    format : {'html', 'md', 'figures'}
        One self-contained page; a short summary; a folder of SVG files with ``figures.json``.
    compare : path, RunTables, or an object with a ``folder``, optional
        Another run to set beside this one: what differs, and by how much its slopes do. In a folder of figures
        the numbers are ``comparison.csv``.

    Returns
    -------
    path : Path
        What was written.

    Raises
    ------
    RunError
        When the run folder holds no readable ``tracks.parquet``.
    ParameterError
        When ``format`` is none of these.

    Examples
    --------
    >>> write_report("runs/billboard", title="Billboard 1958-1991")          # doctest: +SKIP
    PosixPath('runs/billboard/report.html')
    """
    if format not in FORMATS:
        raise ParameterError(f"format={format!r} must be 'html', 'md' or 'figures'")
    tables = _as_tables(run)
    if compare is not None:
        tables = replace(tables, beside=_as_tables(compare))
    path = Path(out) if out is not None else (tables.folder or Path()) / FORMATS[format]
    if format == "figures":
        return _write_figures(tables, path)
    beside = tables.folder is not None and path.resolve().parent == Path(tables.folder).resolve()
    text = (
        _render_page(tables, title, beside) if format == "html" else format_summary(tables, _make_title(tables, title))
    )
    _write_text(path, text)
    return path


def list_figures(run: str | Path | RunTables | Any) -> dict[str, Figure]:
    """Return every figure of the page by its name, in the order of the page.

    Parameters
    ----------
    run : path, RunTables, or an object with a ``folder``

    Returns
    -------
    figures : dict of str to Figure
        With ``alt`` (what it shows), ``caption``, ``source`` (the file with its numbers) and ``wide`` (SVG).
    """
    return {figure.name: figure for figure in _iterate_figures(_fill_sections(_as_tables(run)))}


def _render_page(tables: RunTables, title: str | None, beside: bool) -> str:
    """Return the page as HTML; ``beside``: it lies in the run folder, so file names can be links."""
    environment = Environment(
        loader=PackageLoader("musictrend.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
        finalize=_clean_value,
    )
    environment.filters["source"] = lambda text: _link_files(str(text), tables) if beside else escape(clean(text, 600))
    environment.filters["plain"] = lambda number: f"{number:.6g}"
    sections = _fill_sections(tables)
    loader = environment.loader
    assert loader is not None

    def read(name: str) -> Markup:
        return Markup(loader.get_source(environment, name)[0])

    page = environment.get_template("page.html.j2").render(
        title=_make_title(tables, title),
        question=QUESTION,
        meta=_say_meta(tables),
        version=clean(tables.run.get("version") or "", 40),
        page_mark=tables.page_mark,
        two_runs=tables.beside is not None,
        banner=_say_banner(tables),
        sections=sections,
        figure_css=read("figure.css"),
        style_css=read("style.css"),
        script_js=read("script.js"),
        claims_json=_dump_claims(tables),
    )
    return re.sub(r"\n{2,}", "\n", page)


def _fill_sections(tables: RunTables) -> list[Built]:
    """Return the sections that this run fills."""
    return [built for section in SECTIONS if (built := section.fill(tables)) is not None]


def _iterate_figures(sections: list[Built]) -> Iterator[Figure]:
    """Yield every figure of the page."""
    waiting: list[Any] = [block for section in sections for block in section.blocks]
    while waiting:
        block = waiting.pop(0)
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Grid):
            yield from block.figures
        elif isinstance(block, Fold):
            waiting[:0] = block.blocks


def _write_figures(tables: RunTables, folder: Path) -> Path:
    """Write every figure as an SVG that stands alone, and their list."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for number, figure in enumerate(_iterate_figures(_fill_sections(tables)), 1):
        name = f"{number:02d}_{figure.name}.svg"
        _write_text(folder / name, stand_alone(str(figure.wide)))
        index.append(
            {
                "file": name,
                "shows": figure.alt,
                "caption": figure.caption,
                "source": figure.source,
                "mark": figure.mark,
            }
        )
    _write_text(folder / "figures.json", json.dumps(index, ensure_ascii=False, indent=1) + "\n")
    if tables.beside is not None:
        rows = compare_tables(tables).rows.assign(mark=tables.page_mark)
        _write_text(folder / "comparison.csv", rows.to_csv(index=False, lineterminator="\n"))
    return folder


def _write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(text.encode("utf-8", errors="replace"))
    os.replace(partial, path)


def _as_tables(run: Any) -> RunTables:
    """Accept tables, a path, or whatever knows its run folder."""
    if isinstance(run, RunTables):
        return run
    for name in ("folder", "path", "root"):
        if not isinstance(run, (str, Path)) and isinstance(getattr(run, name, None), (str, Path)):
            return read_tables(getattr(run, name))
    if isinstance(run, (str, Path)):
        return read_tables(run)
    raise ParameterError(f"run={type(run).__name__} must be a run folder, RunTables, or an object with a folder")


def _make_title(tables: RunTables, title: str | None) -> str:
    """Return the page's title: the given one, else the corpora."""
    if title:
        return clean(title, 200)
    names = [clean(name, 40) for name in sorted(str(value) for value in tables.tracks["corpus"].dropna().unique())]
    if not names:
        return "musictrend report"
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more corpora"]
    return f"Harmony in {join_words(shown)}"


def _say_meta(tables: RunTables) -> str:
    """Return the line under the question: tracks, artists, years, corpora."""
    tracks = tables.usable
    parts = [count_noun(len(tracks), "track")]
    if tracks["artist_id"].notna().any():
        parts.append(count_noun(tracks["artist_id"].nunique(), "artist"))
    years = tracks["year"].dropna()
    if len(years):
        parts.append(f"{int(years.min())} to {int(years.max())}")
    parts.append(count_noun(tracks["corpus"].nunique(), "corpus", "corpora"))
    version = tables.run.get("version")
    return " \N{MIDDLE DOT} ".join(parts) + (
        "" if is_missing(version) else f" \N{MIDDLE DOT} musictrend {clean(version, 40)}"
    )


def _say_banner(tables: RunTables) -> str:
    """Return the words of the banner over a page made from planted data."""
    if tables.page_mark == SYNTHETIC:
        return (
            "This page was made from generated music, to show what the analysis does. It says nothing about real music."
        )
    generated = tables.synthetic_corpora | (tables.beside.synthetic_corpora if tables.beside else frozenset())
    names = join_words(clean(name, 60) for name in sorted(generated))
    return (
        f"Part of this page was made from generated music ({names}). Each figure and table says whether it holds any."
    )


def _dump_claims(tables: RunTables) -> Markup:
    """Return the claims as JSON that cannot end its script element."""
    keys = ("id", "kind", "sentence", "verdict", "estimate", "low", "high", "why", "robustness")
    rows = [
        {
            key: clean(value, 600) if isinstance(value, str) else None if is_missing(value) else value
            for key in keys
            if (value := claim.get(key)) is not None
        }
        for claim in tables.claims
    ]
    text = json.dumps({"mark": tables.mark, "claims": rows}, ensure_ascii=True, sort_keys=True, default=str)
    for letter in "<>&'":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _link_files(text: str, tables: RunTables) -> Markup:
    """Return the text with the run's own files as links."""
    parts = re.split(r"\b([a-z]+\.(?:parquet|json|csv))\b", clean(text, 600))
    linked = [
        Markup('<a href="{0}">{0}</a>').format(part)
        if place % 2 and (Path(tables.folder or ".") / part).is_file()
        else escape(part)
        for place, part in enumerate(parts)
    ]
    return Markup("").join(linked)


def _clean_value(value: Any) -> Any:
    """Strip control characters from what a template writes; markup is left as it is."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else clean(value, 20_000)
