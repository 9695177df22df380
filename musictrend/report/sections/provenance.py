"""Where it all came from: version, command, settings, inputs, engines, licences, and how to do it again."""

from __future__ import annotations

import json
from typing import Any

from musictrend.report.blocks import Cell, Code, Definitions, Heading, Prose, Table
from musictrend.report.sections.section import Section, say_missing
from musictrend.report.tables import RunTables
from musictrend.report.words import clean, count_noun, format_number, is_missing, join_words

HASHES, PACKAGES = 60, 80


def _build(tables: RunTables) -> list[Any]:
    run = tables.run
    if not run:
        return [say_missing(tables, "run.json", "Version, command, seed and inputs of this run are not known.")]
    blocks: list[Any] = [Definitions(tuple(_list_basics(run)))]
    blocks += [Heading("Reproduce and cite"), *_say_reproduce(run)]
    blocks += _list_corpora(run)
    blocks += _list_engines(run)
    blocks += _list_pairs(run, ("inputs", "input_hashes", "hashes"), "inputs", "Inputs and their hashes.", HASHES)
    blocks += _list_pairs(run, ("packages", "package_versions"), "packages", "Package versions.", PACKAGES)
    config = run.get("config")
    if config:
        blocks += [Heading("Settings as resolved"), Code(clean(_to_json(config), 12_000))]
    timings = run.get("timings")
    if isinstance(timings, (dict, list)) and timings:
        blocks.append(
            Prose(
                f"Timings (the only thing on this page that differs between equal runs): {_say_timings(timings)}.",
                "timings",
            )
        )
    return blocks


def _list_basics(run: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return version, command, seed and schema."""
    wanted = (
        ("version", "musictrend"),
        ("command", "Command"),
        ("seed", "Seed"),
        ("python", "Python"),
        ("machine", "Machine"),
        ("schema_version", "Schema"),
    )
    found = []
    for key, label in wanted:
        value = run.get(key)
        if value is not None:
            text = " ".join(str(part) for part in value) if isinstance(value, list) else _plain(value)
            found.append((label, "", clean(text, 600)))
    if run.get("seed") is None and isinstance(run.get("config"), dict) and run["config"].get("seed") is not None:
        found.append(("Seed", "", _plain(run["config"]["seed"])))
    return found


def _say_reproduce(run: dict[str, Any]) -> list[Any]:
    """Return the lines that make this page again, and whom to cite."""
    version = clean(run.get("version") or "this version", 40)
    command = run.get("command")
    words = " ".join(str(part) for part in command) if isinstance(command, list) else str(command or "")
    lines = [f"musictrend {version}"]
    lines += [f"$ {clean(words, 600)}"] if words else ["the command is not stated in run.json"]
    cited = [clean(row.get("citation"), 400) for row in _as_rows(run.get("corpora")) if row.get("citation")]
    text = f"Cite musictrend {version} and the corpora whose music this is"
    return [
        Prose(
            "The same version, command, seed and inputs give the same tables and, but for the timings, the same page."
        ),
        Code("\n".join(lines)),
        Prose(f"{text}: {join_words(cited)}" if cited else f"{text}; run.json names no citation of a corpus."),
    ]


def _list_corpora(run: dict[str, Any]) -> list[Any]:
    """Return each corpus with its licence, citation, and what its years and segments mean."""
    rows = _as_rows(run.get("corpora"))
    if not rows:
        return [Prose("run.json names no corpora: licences and citations are not known.", "missing")]
    items = []
    for row in rows[:60]:
        parts = [f"{label}: {_plain(row[key]).rstrip('.')}." for key, label in _CORPUS_LINES if row.get(key)]
        title = clean(row.get("title"), 200)
        mark = "SYNTHETIC: made by a recipe. " if row.get("synthetic") else ""
        said = f"{mark}{title.rstrip('.')}. " if title and title != row.get("name") else mark
        items.append((clean(row.get("name"), 80), clean(row.get("licence"), 80), clean(said + " ".join(parts), 1500)))
    return [Heading("Corpora: licences and citations"), Definitions(tuple(items))]


_CORPUS_LINES = (
    ("citation", "Cite"),
    ("year_kind", "Its years are those of"),
    ("transcription", "Transcription"),
    ("segments", "Segments"),
    ("n_tracks", "Tracks"),
    ("note", "Note"),
)


def _list_engines(run: dict[str, Any]) -> list[Any]:
    """Return what extracted the chords, with versions and the licences of code and weights."""
    rows = _as_rows(run.get("engines"))
    if not rows:
        return [Prose("No engine took part: the chords were read as somebody wrote them down.", "note")]
    first = ("name", "version", "licence", "licence_code", "licence_weights")
    columns = [key for key in first if any(not is_missing(row.get(key)) for row in rows)]
    rest = {key for row in rows for key, value in row.items() if isinstance(value, (str, int, float, bool))}
    columns += sorted(rest.difference(columns))[: max(0, 6 - len(columns))]
    body = tuple(tuple(Cell(clean(_plain(row.get(key)), 200)) for key in columns) for row in rows[:60])
    heads = tuple(column.replace("_", " ").capitalize() for column in columns)
    return [Table("engines", "Engines: what extracted the chords.", heads, body, "run.json")]


def _list_pairs(run: dict[str, Any], keys: tuple[str, ...], name: str, caption: str, limit: int) -> list[Any]:
    """Return name and value pairs as a folded table."""
    value = next((run[key] for key in keys if run.get(key)), None)
    if value is None:
        return []
    if isinstance(value, dict):
        pairs = [(key, _plain(item)) for key, item in sorted(value.items(), key=lambda pair: str(pair[0]))]
    else:
        pairs = [(str(row.get("path", row.get("name", ""))), _plain(row)) for row in _as_rows(value)]
    body = tuple((Cell(clean(key, 200)), Cell(clean(text, 200))) for key, text in pairs[:limit])
    note = "" if len(pairs) <= limit else f"{limit} of {len(pairs)}; run.json has all."
    return [
        Table(
            name,
            caption,
            ("Name", "Value"),
            body,
            "run.json",
            note,
            folded=f"{caption[:-1]} ({count_noun(len(body), 'row')})",
        )
    ]


def _as_rows(value: Any) -> list[dict[str, Any]]:
    """Accept a list of objects, a list of names, an object of objects, or an object of values."""
    if isinstance(value, dict):
        if all(not isinstance(item, dict) for item in value.values()) and "name" in value:
            return [value]
        return [
            {"name": name, **(item if isinstance(item, dict) else {"version": item})}
            for name, item in sorted(value.items())
        ]
    if isinstance(value, list):
        return [item if isinstance(item, dict) else {"name": str(item)} for item in value]
    return [{"name": value}] if isinstance(value, str) else []


def _plain(value: Any) -> str:
    """Return a value as text."""
    if is_missing(value):
        return ""
    return value if isinstance(value, str) else _to_json(value, None)


def _to_json(value: Any, indent: int | None = 1) -> str:
    """Return JSON with sorted keys."""
    return json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True, default=str)


def _say_timings(timings: Any) -> str:
    """Return seconds by stage."""
    if isinstance(timings, list):
        timings = {
            str(row.get("stage", row.get("name", place))): row.get("seconds", row.get("wall_s"))
            for place, row in enumerate(_as_rows(timings))
        }
    parts = []
    for stage, value in timings.items():
        seconds = value.get("seconds", value.get("wall_s")) if isinstance(value, dict) else value
        if isinstance(seconds, (int, float)):
            parts.append(f"{clean(stage, 30)} {format_number(seconds, 1)} s")
    return ", ".join(parts) or "not stated"


SECTION = Section("provenance", "Provenance", _build)
