"""What the page promises: it stands alone, is safe, answers first, and says what it lacks."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from make_run import HOSTILE, make_run
from page_tree import Page

from musictrend.errors import ParameterError, RunError
from musictrend.report import RunTables, list_figures, read_tables, write_report

SECTIONS = [
    "answer",
    "trends",
    "genres",
    "contrasts",
    "feedback",
    "coverage",
    "problems",
    "methods",
    "provenance",
]
CSP = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@pytest.fixture(scope="module")
def page(real_run, tmp_path_factory) -> Page:
    return Page(write_report(real_run, tmp_path_factory.mktemp("page") / "page.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def synthetic_page(synthetic_run, tmp_path_factory) -> Page:
    return Page(write_report(synthetic_run, tmp_path_factory.mktemp("page") / "page.html").read_text(encoding="utf-8"))


def copy_run(run: Path, folder: Path) -> Path:
    return Path(shutil.copytree(run, folder / "run"))


def test_the_page_asks_nothing_of_the_network(page):
    for name, attributes in page.elements:
        for key in ("src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"):
            assert key not in attributes, f"<{name} {key}={attributes[key]}>"
        if name == "link":
            assert attributes["href"] == "data:,"
        if name == "a":
            assert re.match(r"#[\w-]+$|[a-z]+\.(parquet|json|csv)$", attributes["href"])
    assert not {"iframe", "object", "embed", "img", "base", "form"} & {name for name, _ in page.elements}
    style_and_script = "".join(re.findall(r"<(?:style|script)[^>]*>(.*?)</(?:style|script)>", page.text, re.S))
    assert not re.search(
        r"@import|url\(|https?:|//\w+\.\w|fetch\(|XMLHttpRequest|import\(|WebSocket|sendBeacon",
        style_and_script,
    )
    policies = [one["content"] for one in page.named("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [CSP]


def test_the_only_addresses_in_the_page_are_names_of_svg(page):
    assert set(re.findall(r"https?://[^\s\"'<]+", page.text)) == {"http://www.w3.org/2000/svg"}


def test_the_page_is_well_formed(page, synthetic_page):
    assert page.open == [] and synthetic_page.open == []
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    anchors = {one["href"][1:] for one in page.named("a") if one["href"].startswith("#")}
    assert anchors <= set(identifiers)


def test_the_sections_come_in_their_order(page, synthetic_page):
    assert [one["id"] for one in page.named("section")] == SECTIONS
    assert [one["id"] for one in synthetic_page.named("section")] == [*SECTIONS[:5], "planted", *SECTIONS[5:]]


def test_titles_of_strangers_stay_text(page, synthetic_page):
    for one in (page, synthetic_page):
        assert HOSTILE in one.said  # shown, as words
        assert len(one.named("script")) == 2  # the claims as data, and our own
        assert not one.comments
        handlers = [key for _, attributes in one.elements for key in attributes if key.startswith("on")]
        assert handlers == []
        assert "{{7*7}}" in one.said and "49" not in re.findall(r"roots.{0,3}(49)", one.said)
        assert "\u202e" not in one.text


def test_figures_escape_what_strangers_wrote(real_run):
    figures = list_figures(real_run)
    svg = "".join(str(figure.wide) + str(figure.narrow or "") for figure in figures.values())
    assert "folk &amp; &lt;b&gt;roots&lt;/b&gt;" in svg
    assert "<b>" not in svg and "<script" not in svg


def test_the_embedded_claims_are_json_that_cannot_close_their_script(page):
    inside = re.search(r'<script type="application/json" id="claims-json">(.*?)</script>', page.text, re.S).group(1)
    assert "<" not in inside
    claims = json.loads(inside)["claims"]
    assert any(HOSTILE in claim["why"] for claim in claims)
    assert len(claims) == 8


@pytest.mark.parametrize("title", ["\x00\x0b\ud800 bad", "\u202eevil", "</title><script>x</script>", "a" * 5000])
def test_any_title_of_the_page_is_shown_safely(one_sided_run, tmp_path, title):
    page = Page(write_report(one_sided_run, tmp_path / "page.html", title=title).read_text(encoding="utf-8"))
    assert len(page.named("script")) == 2
    assert not re.search("[\x00\x0b\u202e]", page.text)
    assert max(map(len, page.words)) < 1500


def test_every_claim_opens_to_its_evidence_and_its_chords(page, real_run):
    claims = json.loads((real_run / "claims.json").read_text(encoding="utf-8"))
    parts = re.findall(r'<details class="claim".*?</details>', page.text, re.S)
    assert len(parts) == len(claims) == 8
    chords = pd.read_parquet(real_run / "chords.parquet")
    for part in parts:
        inside = Page(part)
        assert "Why this verdict" in inside.said
        chips = re.findall(r'<li class="chip[^"]*">([^<]+)</li>', part)
        assert chips and set(chips) <= set(chords["label"])
        assert len(chips) <= 4 * 32
    first = re.search(r"track_id (t\d{4})", parts[0]).group(1)
    own = chords[chords["track_id"] == first].sort_values("position")["label"].head(32).tolist()
    assert re.findall(r'<li class="chip[^"]*">([^<]+)</li>', parts[0])[: len(own)] == own


def test_a_verdict_is_a_word_an_icon_and_a_colour(page, real_run):
    icons = {}
    for verdict, icon, word in re.findall(r'class="verdict (\w+)"[^>]*>(<svg.*?</svg>)<span>([^<]+)</span>', page.text):
        icons.setdefault(verdict, set()).add((icon, word))
    assert {"supported", "contradicted", "mixed", "inconclusive", "not_testable"} <= set(icons)
    assert all(len(found) == 1 for found in icons.values())
    assert len({next(iter(found)) for found in icons.values()}) == len(icons)


def test_the_answer_never_says_more_than_the_verdict(real_run, tmp_path):
    tables = read_tables(real_run)
    from musictrend.report.sections.answer import say_answer

    contrast = next(claim for claim in tables.claims if claim["id"] == "pop-minus-niche")
    assert contrast["verdict"] == "mixed" and contrast["high"] < 0
    assert "depends on the specification" in say_answer(tables)
    assert "lost ground" not in say_answer(tables)


def test_a_contrast_between_corpora_decides_nothing(real_run, tmp_path):
    run = copy_run(real_run, tmp_path)
    contrasts = pd.read_parquet(run / "contrasts.parquet")
    contrasts["identification"] = "between_corpora"
    contrasts.to_parquet(run / "contrasts.parquet")
    (run / "claims.json").unlink()
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "Pop and niche come from different corpora" in page.said
    assert "lost ground to niche genres" not in page.said


def test_every_estimate_of_the_answer_has_its_n_and_interval(page):
    cards = re.findall(r'<div class="card [a-z]+">.*?</div>', page.text, re.S)
    assert len(cards) == 3
    for card in cards:
        assert re.search(r"95% interval −?\d", card) and re.search(r"\d+ (pop )?tracks?", card)


def test_every_curve_has_its_denominators(real_run):
    curves = pd.read_parquet(real_run / "curves.parquet")
    figure = next(one for name, one in list_figures(real_run).items() if name == "curve_segment_composite")
    shown = sum(int(text) for text in re.findall(r'class="count \w+"[^>]*>(\d+)<', str(figure.wide)))
    rows = curves[
        (curves["level"] == "segment") & (curves["measure"] == "composite") & (curves["vocabulary"] == "sevenths")
    ]
    assert shown == rows["n"].sum()


def test_every_slope_in_a_table_has_its_n(page):
    for name in ("slopes", "genre-slopes", "contrasts"):
        table = re.search(rf'<table data-name="{name}".*?</table>', page.text, re.S).group(0)
        heads = re.findall(r"<th[^>]*>([^<]*)</th>", table)
        wanted = ["Pop tracks", "Niche tracks"] if name == "contrasts" else ["Tracks", "Artists"]
        for row in re.findall(r"<tr><td.*?</tr>", table, re.S):
            cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
            assert all(cells[heads.index(head)].isdigit() for head in wanted)


def test_every_figure_names_its_file_and_says_what_it_shows(real_run):
    for figure in list_figures(real_run).values():
        assert re.match(r"[a-z]+\.(parquet|json)", figure.source)
        assert len(figure.alt) > 40
        assert 'role="img"' in figure.wide and "<title>" in figure.wide


def test_the_same_tables_give_the_same_bytes(real_run, tmp_path):
    first = write_report(real_run, tmp_path / "a.html").read_bytes()
    again = make_run(tmp_path / "again")
    assert write_report(again, tmp_path / "b.html").read_bytes() == first


def test_only_the_timings_differ_between_equal_runs(real_run, tmp_path):
    run = copy_run(real_run, tmp_path)
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    record["timings"] = {"corpus": 99.0}
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    texts = [write_report(one, tmp_path / "p.html").read_text(encoding="utf-8") for one in (real_run, run)]
    stripped = [re.sub(r'<p class="timings">.*?</p>', "", text) for text in texts]
    assert texts[0] != texts[1] and stripped[0] == stripped[1]


def test_row_order_does_not_change_the_page(real_run, tmp_path):
    run = copy_run(real_run, tmp_path)
    for name in ("simulation", "chords", "changepoints"):
        table = pd.read_parquet(run / f"{name}.parquet")
        table.sample(frac=1, random_state=1).to_parquet(run / f"{name}.parquet", index=False)
    assert (
        write_report(run, tmp_path / "a.html").read_bytes() == write_report(real_run, tmp_path / "b.html").read_bytes()
    )


def test_a_run_folder_links_its_files_and_a_page_elsewhere_does_not(real_run, tmp_path):
    run = copy_run(real_run, tmp_path)
    assert '<a href="curves.parquet">' in write_report(run).read_text(encoding="utf-8")
    assert '<a href="curves.parquet">' not in write_report(run, tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("trends.parquet", "There is no slope to list"),
        ("curves.parquet", "There is no curve to draw"),
        ("contrasts.parquet", "There is no contrast in this run"),
        ("claims.json", "No claim was tested"),
        ("simulation.parquet", "No feedback world was run"),
        ("hindcast.parquet", "No hindcast is in this run"),
        ("changepoints.parquet", "No changepoint is stated"),
        ("problems.csv", "Whether anything went wrong is not known"),
        ("run.json", "inputs of this run are not known"),
        ("scores.parquet", "No scores of this measure are in the run"),
        ("chords.parquet", "Its chords are not in the run"),
    ],
)
def test_a_missing_table_is_said_in_words(real_run, tmp_path, missing, words):
    run = copy_run(real_run, tmp_path)
    (run / missing).unlink()
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert words in page.said
    assert [one["id"] for one in page.named("section")] == SECTIONS


@pytest.mark.parametrize("damage", ["empty", "broken", "no_rows"])
def test_damaged_tables_are_said_in_words(real_run, tmp_path, damage):
    run = copy_run(real_run, tmp_path)
    for path in sorted(run.iterdir()):
        if path.name == "tracks.parquet" or (damage == "no_rows" and path.suffix == ".json"):
            continue
        if damage == "no_rows" and path.suffix == ".parquet":
            pd.read_parquet(path).head(0).to_parquet(path)
        elif damage == "no_rows" and path.suffix == ".csv":
            pd.read_csv(path).head(0).to_csv(path, index=False)
        else:
            path.write_bytes(b"" if damage == "empty" else b"\x00not a table{")
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "No feedback world was run" in page.said
    assert ("could not be read" in page.said) == (damage != "no_rows")


def test_tracks_alone_make_a_page(real_run, tmp_path):
    shutil.copy(real_run / "tracks.parquet", tmp_path / "tracks.parquet")
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "297 tracks" in page.said and "Tracks by genre and decade" in page.said


def test_a_run_whose_every_track_failed_makes_a_page(real_run, tmp_path):
    tracks = pd.read_parquet(real_run / "tracks.parquet")
    tracks["status"], tracks["reason"] = "failed", "unreadable"
    tracks.to_parquet(tmp_path / "tracks.parquet")
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "No track came through" in page.said and "unreadable" in page.said
    tracks.head(0).to_parquet(tmp_path / "tracks.parquet")
    assert "no track was read" in Page(write_report(tmp_path).read_text(encoding="utf-8")).said


def test_a_folder_without_tracks_is_refused_with_the_next_move(tmp_path):
    with pytest.raises(RunError, match="no tracks.parquet here; give the folder that `musictrend analyze"):
        write_report(tmp_path)
    (tmp_path / "tracks.parquet").write_bytes(b"no parquet")
    with pytest.raises(RunError, match="could not be read"):
        write_report(tmp_path)


def test_an_unknown_format_is_refused(real_run):
    with pytest.raises(ParameterError, match="format='pdf' must be 'html', 'md' or 'figures'"):
        write_report(real_run, format="pdf")


def test_one_side_alone_has_trends_and_the_reason_for_no_contrast(one_sided_run, tmp_path):
    page = Page(write_report(one_sided_run, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert (
        "There is no contrast: by the corpus' own rule its tracks are 297 other, so it has no pop and no "
        "niche side" in page.said
    )
    figures = list_figures(one_sided_run)
    assert "curve_segment_composite" in figures and "contrast_measures" not in figures
    assert page.said.count("Not testable here") >= 7


def test_simpsons_paradox_is_said_with_both_figures(real_run):
    from musictrend.report.sections.genres import find_paradoxes

    found = find_paradoxes(read_tables(real_run))
    trends = pd.read_parquet(real_run / "trends.parquet")
    rows = trends[
        (trends["group"] == "niche") & (trends["measure"] == "surprisal") & (trends["vocabulary"] == "sevenths")
    ]
    pooled = rows[rows["pooling"] == "pooled"].iloc[0]
    assert pooled["high"] < 0  # the mix drifts from jazz to electronic, so the pooled slope falls
    sentence = next(text for _, text in found if "surprisal" in text)
    assert f"−{abs(pooled['slope_per_decade']):.3f} bits" in sentence and "inside its genres" in sentence


def test_no_paradox_is_claimed_where_slopes_agree(real_run):
    from musictrend.report.sections.genres import find_paradoxes

    tables = read_tables(real_run)
    trends = tables.trends.copy()
    inside = trends[(trends["pooling"] == "equal_genre")]
    calm = RunTables(tables.tracks, trends=pd.concat([inside, inside.assign(pooling="pooled")]))
    assert find_paradoxes(calm) == []


def test_planted_values_are_joined_to_what_was_recovered(synthetic_page, synthetic_run):
    assert "of 5 planted values with an estimate lie inside their 95% intervals" in synthetic_page.said
    assert "For 1 no row of the run gives an estimate" in synthetic_page.said
    table = re.search(r'<table data-name="planted".*?</table>', synthetic_page.text, re.S).group(0)
    rows = re.findall(r"<tr><td.*?</tr>", table, re.S)
    planted = json.loads((synthetic_run / "planted.json").read_text(encoding="utf-8"))
    assert len(rows) == len(planted)
    trends = pd.read_parquet(synthetic_run / "trends.parquet")
    for item, row in zip(planted, rows, strict=True):
        if item["group"] in ("pop", "niche"):
            found = trends[(trends["group"] == item["group"]) & (trends["measure"] == item["measure"])
                           & (trends["vocabulary"] == "sevenths") & (trends["pooling"] == "equal_genre")
                           & (trends["method"] == "cluster_ols")].iloc[0]  # fmt: skip
            assert (">yes<" in row) == (found["low"] <= item["planted"] <= found["high"])


def test_a_large_run_stays_a_small_page(tmp_path):
    tracks = pd.DataFrame(
        {
            "track_id": [f"t{place}" for place in range(12_000)],
            "corpus": "large",
            "title": "x" * 300,
            "year": [1950 + place % 70 for place in range(12_000)],
            "genres": [[f"genre {place % 400} {'y' * 100}"] for place in range(12_000)],
            "segment": ["pop" if place % 2 else "niche" for place in range(12_000)],
            "status": ["failed" if place % 3 == 0 else "ok" for place in range(12_000)],
            "reason": [f"reason {place}" for place in range(12_000)],
        }
    )
    tracks.to_parquet(tmp_path / "tracks.parquet")
    pd.DataFrame(
        {"stage": "chords", "track_id": tracks["track_id"], "reason": [f"odd {i}" for i in range(12_000)]}
    ).to_csv(tmp_path / "problems.csv", index=False)
    assert write_report(tmp_path).stat().st_size < 1_000_000


def test_tables_in_memory_make_the_same_page_as_their_files(real_run, tmp_path):
    tables = read_tables(real_run)
    held = RunTables(
        **{
            name: getattr(tables, name)
            for name in (
                "tracks run trends curves contrasts changepoints simulation problems hindcast claims planted measures"
            ).split()
        },
        chords=pd.read_parquet(real_run / "chords.parquet"),
        scores=pd.read_parquet(real_run / "scores.parquet"),
    )
    assert (
        write_report(held, tmp_path / "a.html").read_bytes() == write_report(real_run, tmp_path / "b.html").read_bytes()
    )


def test_many_claims_that_cannot_be_tested_are_folded_but_kept(one_sided_run, real_run, tmp_path):
    text = write_report(one_sided_run, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "7 claims that cannot be tested here, each with the reason" in text
    assert text.count('data-verdict="not_testable"') == 7
    assert "that cannot be tested here, each" not in write_report(real_run, tmp_path / "b.html").read_text(
        encoding="utf-8"
    )


def test_a_thousand_odd_symbols_are_one_problem(real_run, tmp_path):
    text = write_report(real_run, tmp_path / "a.html").read_text(encoding="utf-8")
    table = re.search(r'<table data-name="problems".*?</table>', text, re.S).group(0)
    assert table.count("could not be read") == 1 and ">40<" in table
    assert "H0&lt;b&gt;" in table


def test_what_chance_may_have_done_is_not_called_a_change(real_run, tmp_path):
    from musictrend.report.sections.answer import say_answer

    run = copy_run(real_run, tmp_path)
    claims = json.loads((run / "claims.json").read_text(encoding="utf-8"))
    for claim in claims:
        if claim["id"] in ("pop-simpler", "pop-minus-niche"):
            assert claim["high"] < 0
            claim["verdict"] = "inconclusive"
    (run / "claims.json").write_text(json.dumps(claims), encoding="utf-8")
    answer = say_answer(read_tables(run))
    assert "Pop showed no change that stands once all claims are counted" in answer
    assert "That they moved apart does not stand" in answer


def test_a_curve_is_one_method_over_one_set_of_tracks(real_run):
    from musictrend.report.selection import select_curve

    tables = read_tables(real_run)
    other = tables.curves.assign(method="pooled", estimate=9.0)
    inside = tables.curves.assign(corpus="charts", n=tables.curves["n"] - 1, estimate=7.0)
    both = pd.concat([other, inside, tables.curves.assign(corpus="all")], ignore_index=True)
    curve = select_curve(RunTables(tables.tracks, curves=both), "segment", "pop", "composite", "sevenths")
    assert curve["year"].is_unique and set(curve["method"]) == {"kernel"} and set(curve["corpus"]) == {"all"}
