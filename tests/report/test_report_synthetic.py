"""What was made from planted data says SYNTHETIC, on the page and on everything that leaves it."""

from __future__ import annotations

import json
import re

import pandas as pd
from page_tree import Page

from musictrend.report import list_figures, plot_trend, read_tables, save_figure, write_report


def figures_of(page: str) -> list[str]:
    return re.findall(r"<figure .*?</figure>", page, re.S)


def test_every_figure_table_and_title_of_a_synthetic_run_says_so(synthetic_run, tmp_path):
    text = write_report(synthetic_run, tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "(SYNTHETIC)" in text.split("</title>")[0] and 'class="banner"' in text
    assert len(figures_of(text)) > 20
    for figure in figures_of(text):
        pictures = re.findall(r"<svg .*?</svg>", figure, re.S)
        assert pictures and all('class="wm"' in one and "SYNTHETIC" in one for one in pictures)
    for caption in re.findall(r'<p class="caption".*?</p>', text, re.S):
        assert ">SYNTHETIC<" in caption
    assert "no SYNTHETIC tracks" not in text
    assert all(one["data-mark"] == "SYNTHETIC" for one in page.named("table"))
    assert all("SYNTHETIC" in card for card in re.findall(r'<div class="card .*?</div>', text, re.S))


def test_the_provenance_tables_of_a_synthetic_run_are_marked_as_well(synthetic_run, tmp_path):
    text = write_report(synthetic_run, tmp_path / "page.html").read_text(encoding="utf-8")
    for name in ("inputs", "packages", "engines"):
        assert f'data-name="{name}" data-mark="SYNTHETIC"' in text


def test_every_exported_figure_of_a_synthetic_run_says_so(synthetic_run, tmp_path):
    folder = write_report(synthetic_run, tmp_path / "figures", format="figures")
    files = sorted(folder.glob("*.svg"))
    assert len(files) == len(list_figures(synthetic_run))
    assert all(">SYNTHETIC<" in one.read_text(encoding="utf-8") for one in files)
    assert all(row["mark"] == "SYNTHETIC" for row in json.loads((folder / "figures.json").read_text(encoding="utf-8")))


def test_the_summary_of_a_synthetic_run_says_so(synthetic_run, real_run, tmp_path):
    assert "**SYNTHETIC**" in write_report(synthetic_run, tmp_path / "a.md", format="md").read_text(encoding="utf-8")
    assert "SYNTHETIC" not in write_report(real_run, tmp_path / "b.md", format="md").read_text(encoding="utf-8")


def test_a_real_run_never_says_synthetic(real_run, tmp_path):
    text = write_report(real_run, tmp_path / "page.html").read_text(encoding="utf-8")
    without_script = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert "SYNTHETIC" not in without_script


def test_a_mixed_run_marks_by_group(mixed_run, tmp_path):
    tables = read_tables(mixed_run)
    assert tables.mark == "PART SYNTHETIC"
    assert tables.mark_of("genre", ["jazz"]) == "SYNTHETIC"  # the songbook alone holds jazz
    assert tables.mark_of("genre", ["metal"]) in ("", "PART SYNTHETIC")
    assert tables.mark_of("corpus", ["charts"]) == ""
    assert tables.mark_of("segment", ["pop"]) == "PART SYNTHETIC"
    text = write_report(mixed_run, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "(PART SYNTHETIC)" in text.split("</title>")[0]
    assert all("SYNTHETIC" in figure for figure in figures_of(text))  # each says whether it holds any
    jazz = next(one for one in figures_of(text) if "curve_genre_jazz" in one)
    assert ">SYNTHETIC<" in jazz


def test_a_real_corpus_beside_a_planted_one_is_not_called_synthetic(mixed_run, tmp_path):
    tracks = pd.read_parquet(mixed_run / "tracks.parquet")
    for name in mixed_run.iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    tracks.loc[tracks["genres"].str[0] == "metal", "corpus"] = "charts"
    tracks.to_parquet(tmp_path / "tracks.parquet")
    text = write_report(tmp_path).read_text(encoding="utf-8")
    metal = next(one for one in figures_of(text) if "curve_genre_metal" in one)
    assert 'class="wm"' not in metal and "no SYNTHETIC tracks here" in metal


def test_matplotlib_figures_carry_the_word_and_keep_their_bytes(synthetic_run, tmp_path):
    curves = pd.read_parquet(synthetic_run / "curves.parquet")
    paths = [
        save_figure(
            plot_trend(curves[curves["level"] == "segment"], "composite", synthetic=True),
            tmp_path / f"{n}.svg",
        )
        for n in "ab"
    ]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert "SYNTHETIC" in texts[0] and "<dc:date>" not in texts[0]
    assert texts[0] == texts[1]
