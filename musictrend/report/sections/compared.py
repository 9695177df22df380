"""Another run beside this one: what sets the two apart, their slopes side by side, and what that supports."""

from __future__ import annotations

from typing import Any

import pandas as pd

from musictrend.report.blocks import Cell, Figure, Heading, Points, Prose, Table
from musictrend.report.charts import LOOKS, SHAPES, Bar
from musictrend.report.comparison import Comparison, compare_tables
from musictrend.report.plates import (
    cut_rows,
    drop_constant,
    file_name,
    label_with_unit,
    make_forest,
    number_cell,
    slope_axis,
)
from musictrend.report.sections.section import Section
from musictrend.report.selection import list_measures, speak
from musictrend.report.tables import RunTables
from musictrend.report.words import (
    capital,
    clean,
    count_decimals,
    count_noun,
    describe_change,
    describe_option,
    format_count,
    format_interval,
    format_number,
    format_p,
    is_missing,
    join_words,
)

FORESTS, GENRES, MEASURES, DIFFERENCES, ROWS, OPPOSITE = 2, 16, 8, 24, 300, 6

COMPARED = (
    "Group", "Measure", "Vocabulary", "Method", "#This run", "#Other run", "#Difference", "#95% interval",
    "#SD a decade", "#q", "Finding", "#Tracks",
)  # fmt: skip

FINDINGS = {
    "differ": "differ",
    "equivalent": "alike",
    "same": "the same",
    "inconclusive": "cannot tell",
}
"""How a finding is spoken."""


_ELSEWHERE = (
    "The runs hold different collections. That a genre runs another course there may be due to which of its songs were "
    "collected, who wrote the chords down and what the years mean: such a difference alone neither supports nor "
    "contradicts a claim about music."
)
_KINDS = {
    "years are those of": "what their years mean",
    "chords come from": "where their chords come from",
    "engines": "what estimated their chords",
}


def _build(tables: RunTables) -> list[Any] | None:
    if tables.beside is None:
        return None
    found = compare_tables(tables)
    blocks: list[Any] = [Prose(say_findings(found), "lead")]
    blocks += [Prose(text, "warning" if serious else "plain") for serious, text in say_support(tables, found)]
    blocks += _tabulate_settings(tables, found)
    only = say_only(tables, found)
    blocks += [Points(tuple(only))] if only else []
    if found.rows.empty:
        return blocks
    blocks.append(Heading("Slopes side by side"))
    blocks.append(Prose("Filled and unbroken: this run. Hollow and broken: the run beside it.", "note"))
    figures = [_draw_contrasts(tables, found), *_draw_genres(tables, found)]
    blocks += [figure for figure in figures if figure is not None]
    opposite = _say_opposite(tables, found)
    blocks += [Heading("Clear, and opposite"), Points(tuple(opposite))] if opposite else []
    blocks.append(Heading("How much they differ"))
    differences = _draw_differences(tables, found)
    blocks += [differences] if differences is not None else []
    return [*blocks, *_tabulate_rows(tables, found)]


def say_findings(found: Comparison) -> str:
    """Return what the comparison found, in a sentence or two."""
    rows, name = found.rows, clean(found.name, 60)
    if rows.empty:
        return f"Beside this run stands {name}. The two have no slope of one group and measure in common."
    counts = rows["finding"].value_counts()
    if (rows["finding"] == "same").all():
        return f"Beside this run stands {name}. All {count_noun(len(rows), 'slope')} that both have are the same."
    groups = _count_groups(rows)
    if (rows["finding"] == "inconclusive").all():
        return (
            f"Beside this run stands {name}. Of {count_noun(len(rows), 'slope')} that both have ({groups}), none can be "
            "told apart: the intervals are too wide."
        )
    bound = format_number(found.bound, 2)
    words = {
        "differ": "by more than chance once all are counted",
        "equivalent": f"alike within {bound} SD a decade",
        "same": "the same to the last digit",
        "inconclusive": "too uncertain to tell",
    }
    parts = []
    for key, text in words.items():
        if (number := int(counts.get(key, 0))) > 0:
            verb = ("differs " if number == 1 else "differ ") if key == "differ" else "is " if number == 1 else "are "
            parts.append(f"{format_count(number)} {verb}{text}")
    clear = rows[rows["clear_this"].astype(bool) & rows["clear_other"].astype(bool)]
    turned = int(((clear["estimate_this"] > 0) != (clear["estimate_other"] > 0)).sum())
    course = ""
    if len(clear):
        agree = len(clear) - turned
        course = f" {len(clear)} stand clear of zero in both: {agree} the same way, {turned} opposite ways."
    return f"Beside this run stands {name}. Of {count_noun(len(rows), 'slope')} that both have ({groups}), {join_words(parts)}.{course}"


def say_support(tables: RunTables, found: Comparison) -> list[tuple[bool, str]]:
    """Return what a difference can be due to, and how far errors are independent; ``True``: a warning."""
    shared, said = found.sharing, []
    both = f"{format_count(shared.n_tracks)} of {format_count(shared.n_this)} tracks here and {format_count(shared.n_other)} there"
    what = [name for name, _, _ in found.settings if not name.startswith("tracks")]
    if shared.is_same:
        due = f" What can set their slopes apart is what was done otherwise: {join_words(what)}." if what else ""
        said.append((False, f"The runs hold the same music ({both}), so the music itself cannot set them apart.{due}"))
        how = (
            "each track's two scores are subtracted, and the difference is the slope of that, with artists as clusters "
            "and the errors of estimated chords draw by draw"
            if found.paired
            else "their errors are added up as if they were, because scores of single tracks are not at hand, and the "
            "intervals are as a rule too wide"
        )
        said.append((False, f"On the same tracks two slopes are not independent: {how}."))
    elif shared.corpora:
        names = join_words(clean(name, 40) for name in shared.corpora)
        due = "A difference may come from tracks that only one of them holds, or from what was done otherwise"
        said.append((True, f"The runs share {both} ({names}). {due}; which, this page cannot tell."))
        said.append((False, f"Errors are added up as if the runs were independent; {_say_overlap(found)}."))
    else:
        said.append((True, _ELSEWHERE))
        held = shared.n_tracks or shared.n_artists or shared.engines
        rest = _say_overlap(found) if held else "they share no track, no named artist and no engine"
        said.append((False, f"Errors of the two runs are added up as independent; {rest}."))
    kinds = [words for name, words in _KINDS.items() if name in what]
    if kinds and not shared.is_same:
        said.append((True, f"The runs also differ in {join_words(kinds)}, which bends slopes of its own accord."))
    if found.rescaled:
        said.append((True, "Their SD units come from different reference samples; those shown are this run's."))
    return said


def say_only(tables: RunTables, found: Comparison) -> list[str]:
    """Return what only one of the runs has a slope of."""
    said = []
    for where, names in (("Only in this run", found.only_this), ("Only in the other", found.only_other)):
        parts = []
        if names["genres"]:
            parts.append(f"{count_noun(len(names['genres']), 'genre')} ({_list_some(names['genres'])})")
        if names["measures"]:
            labels = [speak(tables, name).label for name in names["measures"]]
            parts.append(f"{count_noun(len(labels), 'measure')} ({_list_some(labels)})")
        if parts:
            said.append(f"{where}: {join_words(parts)}.")
    return said


def list_rows(tables: RunTables, rows: pd.DataFrame) -> list[tuple[Cell, ...]]:
    """Return compared slopes as cells, numbers in the measure's own unit."""
    body: list[tuple[Cell, ...]] = []
    for _, row in rows.iterrows():
        words = speak(tables, str(row["measure"]))
        factor = 100 if words.is_share else 1
        here, there, difference, low, high = (
            row[name] * factor for name in ("estimate_this", "estimate_other", "difference", "low", "high")
        )
        decimals = count_decimals(difference, low, high) if row["finding"] != "same" else count_decimals(here)
        body.append(
            (
                Cell(_say_group(row)),
                Cell(label_with_unit(words)),
                Cell(describe_option(row["vocabulary"])),
                Cell(describe_option(row["method"])),
                number_cell(here, decimals, sign=True, strong=bool(row["clear_this"])),
                number_cell(there, decimals, sign=True, strong=bool(row["clear_other"])),
                number_cell(difference, decimals, sign=True, strong=row["finding"] == "differ"),
                Cell(format_interval(low, high, decimals), None if is_missing(low) else float(low)),
                number_cell(row["difference_sd"], 2, sign=True),
                Cell(format_p(row["q"]), None if is_missing(row["q"]) else float(row["q"])),
                Cell(_say_finding(row)),
                Cell(" / ".join(format_count(row[f"n_tracks_{side}"]) for side in ("this", "other"))),
            )
        )
    return body


def _count_groups(rows: pd.DataFrame) -> str:
    """Return how many genres and measures the rows are of."""
    genres = rows.loc[rows["level"] == "genre", "group"].nunique()
    parts = [count_noun(genres, "genre")] if genres else []
    levels = {"contrast": "pop minus niche", "segment": "the sides", "corpus": "the whole"}
    parts += [words for level, words in levels.items() if (rows["level"] == level).any()]
    return f"{join_words(parts)}, {count_noun(rows['measure'].nunique(), 'measure')}"


def _say_overlap(found: Comparison) -> str:
    """Return what the runs share although they are treated as independent."""
    shared = found.sharing
    parts = [count_noun(shared.n_tracks, "track")] if shared.n_tracks else []
    parts += [count_noun(shared.n_artists, "artist")] if shared.n_artists else []
    parts += [f"the engine {join_words(clean(name, 40) for name in shared.engines)}"] if shared.engines else []
    if not parts:
        return "they share no track, no named artist and no engine"
    return f"they share {join_words(parts)}, and what is shared moves both slopes alike, so the intervals are as a rule too wide"


def _list_some(names: list[str], limit: int = 12) -> str:
    """Return names, the first of many."""
    shown = [clean(name, 40) for name in names[:limit]]
    return ", ".join(shown) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _tabulate_settings(tables: RunTables, found: Comparison) -> list[Any]:
    """Return what differs beside the numbers."""
    if not found.settings:
        return [Prose("Nothing that the two runs state of themselves differs: options, versions, inputs.", "note")]
    body = tuple((Cell(name), Cell(here), Cell(there)) for name, here, there in found.settings)
    note = "What is not listed is the same in both, or one of them does not state it."
    return [Table("compared-settings", "What differs between the runs.", ("", "This run", "Other run"), body,
                  "run.json and tracks.parquet of both runs", note, tables.page_mark)]  # fmt: skip


def _pair_bars(row: pd.Series, label: str, look: str, shape: str, scale: float) -> list[Bar]:
    """Return a slope of both runs as two bars, one under the other."""
    bars = []
    for side, name, extra in (("this", label, ""), ("other", "the other run", " hollow")):
        tracks = row[f"n_tracks_{side}"]
        estimate, low, high = (float(row[f"{part}_{side}"]) * scale for part in ("estimate", "low", "high"))
        n = "" if is_missing(tracks) else f"n {format_count(tracks)}"
        bars.append(Bar(name, estimate, low, high, n=n, look=look + extra, shape=shape, strong=side == "this"))
    return bars


def _draw_contrasts(tables: RunTables, found: Comparison) -> Figure | None:
    """Return pop minus niche by measure, in both runs; where a run has none, all of its tracks."""
    for level, words in (("contrast", "Pop minus niche"), ("corpus", "All tracks")):
        rows = found.rows[(found.rows["level"] == level) & found.rows["sd_factor_this"].notna()].head(MEASURES)
        if rows.empty:
            continue
        bars = [
            bar
            for _, row in rows.iterrows()
            for bar in _pair_bars(
                row, speak(tables, str(row["measure"])).label, "plain", "circle", row["sd_factor_this"]
            )
        ]
        return make_forest(
            f"compared_{level}",
            bars,
            f"SD a decade, {words.lower()}",
            f"{words} in both runs, {count_noun(len(rows), 'measure')}, with 95% intervals. {_say_pairs(rows, tables)}",
            f"{words} by measure: this run, and below it {clean(found.name, 60)}.",
            _source(tables, "contrasts" if level == "contrast" else "trends"),
            tables.page_mark,
            found.bound,
        )
    return None


def _draw_genres(tables: RunTables, found: Comparison) -> list[Figure]:
    """Return the slopes of the genres of both runs, for the first measures; the largest genres."""
    rows = found.rows[found.rows["level"] == "genre"]
    figures = []
    for measure in [name for name in list_measures(tables) if (rows["measure"] == name).any()][:FORESTS]:
        part = rows[rows["measure"] == measure]
        total = len(part)
        part = part.loc[part[["n_tracks_this", "n_tracks_other"]].min(axis=1).fillna(0).nlargest(GENRES).index]
        part = part.sort_values(["estimate_this", "group"], ascending=[False, True], kind="stable")
        words = speak(tables, measure)
        bars = []
        for _, row in part.iterrows():
            side = tables.genre_segment.get(str(row["group"]), "other")
            shown = f" \N{MIDDLE DOT} {side}" if side in ("pop", "niche") and side != row["group"] else ""
            label = clean(row["group"], 30) + shown
            factor = 100.0 if words.is_share else 1.0
            bars += _pair_bars(row, label, LOOKS.get(side, "other"), SHAPES.get(side, "circle"), factor)
        cut = "" if total == len(part) else f" The {GENRES} largest of {total} genres that both have."
        figures.append(
            make_forest(
                file_name("compared", measure),
                bars,
                f"{capital(words.label)}, {slope_axis(words)}",
                f"Slope of {words.label} inside {count_noun(len(part), 'genre')} in both runs. {_say_pairs(part, tables)}",
                f"{capital(words.label)}: slope inside each genre, {describe_option(part['vocabulary'].iloc[0])}; this "
                f"run, and below it {clean(found.name, 60)}.{cut}",
                _source(tables, "trends"),
                tables.page_mark,
            )
        )
    return figures


def _draw_differences(tables: RunTables, found: Comparison) -> Figure | None:
    """Return this run minus the other in SD units for the measure that speaks first, by group."""
    rows = found.rows[found.rows["difference_sd"].notna()]
    if rows.empty:
        return None
    measure = next(name for name in list_measures(tables) if (rows["measure"] == name).any())
    rows = rows[rows["measure"] == measure].head(DIFFERENCES)
    bars = []
    for _, row in rows.iterrows():
        level, group = str(row["level"]), str(row["group"])
        side = (
            group if level == "segment" else tables.genre_segment.get(group, "plain") if level == "genre" else "plain"
        )
        estimate, low, high = (float(row[name]) for name in ("difference_sd", "low_sd", "high_sd"))
        look, shape, n = LOOKS.get(side, "plain"), SHAPES.get(side, "circle"), _say_finding(row)
        bars.append(Bar(_say_group(row), estimate, low, high, n=n, look=look, shape=shape, strong=level != "genre"))
    words = speak(tables, measure)
    return make_forest(
        file_name("compared-differences", measure),
        bars,
        "SD a decade, this run minus the other",
        f"Slope of {words.label} in this run minus the other, {count_noun(len(bars), 'group')}, with 95% intervals.",
        f"{capital(words.label)}: this run minus {clean(found.name, 60)}. The shaded strip holds differences too small "
        "to matter, fixed beforehand.",
        _source(tables, "trends"),
        tables.page_mark,
        found.bound,
        margin="finding",
    )


def _say_finding(row: pd.Series) -> str:
    """Return a finding in a word or three; an interval beyond zero that does not stand says why."""
    if row["finding"] == "inconclusive" and (row["low"] > 0 or row["high"] < 0):
        return "unclear, all counted"
    return FINDINGS[str(row["finding"])]


def _say_group(row: pd.Series) -> str:
    """Return a group, a side told from a genre of its name."""
    group = clean(row["group"], 34)
    return f"{group}, all genres" if row["level"] == "segment" else group


def _say_pairs(rows: pd.DataFrame, tables: RunTables) -> str:
    """Return the first pairs in words, for those who cannot see the picture."""
    said = []
    for _, row in rows.head(3).iterrows():
        words = speak(tables, str(row["measure"]))
        here, there = (describe_change(row[f"estimate_{side}"], None, None, words)[0] for side in ("this", "other"))
        said.append(f"{clean(row['group'], 30)}, {words.label}: {here} here, {there} there")
    return "; ".join(said) + "."


def _say_opposite(tables: RunTables, found: Comparison) -> list[str]:
    """Return the slopes that are clear in both runs and point opposite ways, with both figures."""
    said = []
    for _, row in found.rows.iterrows():
        ends = [(row[f"low_{side}"], row[f"high_{side}"]) for side in ("this", "other")]
        if row["clear_this"] and row["clear_other"] and (row["estimate_this"] > 0) != (row["estimate_other"] > 0):
            words = speak(tables, str(row["measure"]))
            here, there = (
                "{}, 95% interval {}".format(*describe_change(row[f"estimate_{side}"], *pair, words))
                for side, pair in zip(("this", "other"), ends, strict=True)
            )
            said.append(f"{capital(_say_group(row))}, {words.label}: here {here}; there {there}.")
    rest = len(said) - OPPOSITE
    return [*said[:OPPOSITE], f"{count_noun(rest, 'more is', 'more are')} in the table."] if rest > 0 else said


def _tabulate_rows(tables: RunTables, found: Comparison) -> list[Any]:
    """Return the slopes that differ, and all of them folded away."""
    note = (
        "Slopes a decade; the difference is this run minus the other. Bold: q below 0.05 "
        "(Benjamini\N{EN DASH}Hochberg; of a difference, over all that were compared at its level and vocabulary). "
        "Tracks: here / there. pp: percentage points."
    )
    source, mark = _source(tables, "trends", "contrasts"), tables.page_mark
    apart = found.rows[found.rows["finding"] == "differ"]
    blocks: list[Any] = []
    if len(apart):
        shown, more = cut_rows(apart.sort_values("q", kind="stable"), 40, "the table below")
        body = tuple(list_rows(tables, shown))
        blocks.append(drop_constant(Table("compared-differ", "Slopes that differ by more than chance.", COMPARED, body,
                                          source, f"{note} {more}".strip(), mark)))  # fmt: skip
    else:
        blocks.append(Prose("No slope differs by more than chance once all that were compared are counted.", "plain"))
    shown, more = cut_rows(found.rows, ROWS, "comparison.parquet")
    body = tuple(list_rows(tables, shown))
    folded = f"All slopes that both runs have ({count_noun(len(body), 'row')})"
    blocks.append(drop_constant(Table("compared-all", "All slopes that both runs have.", COMPARED, body, source,
                                      f"{note} {more}".strip(), mark, folded)))  # fmt: skip
    return blocks


def _source(tables: RunTables, *names: str) -> str:
    """Return the files behind a figure of both runs."""
    held = "comparison.parquet, from " if tables.folder and (tables.folder / "comparison.parquet").is_file() else ""
    return f"{held}{join_words(f'{name}.parquet' for name in names)} of both runs"


SECTION = Section("compared", "Beside another run", _build)
