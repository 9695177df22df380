"""Two runs side by side: what differs, which differences stand, and what the page says of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from make_run import HOSTILE
from page_tree import Page

from musictrend.errors import ParameterError
from musictrend.report import RunTables, compare_runs, compare_tables, write_report
from musictrend.report.tables import with_columns
from musictrend.trends import estimate_slopes

MEASURES = ("mtld", "hill2", "lz76", "roughness")


def make_tables(
    seed: int, slopes: dict[str, float], *, scores: pd.DataFrame | None = None, corpus: str = "c", n: int = 360
) -> RunTables:
    """A run with slopes of the trends stage, in memory: four measures of noise, trends where they are named."""
    rng = np.random.default_rng(seed)
    tracks = pd.DataFrame(
        {
            "track_id": [f"{corpus}/t{i}" for i in range(n)],
            "corpus": corpus,
            "segment": np.where(np.arange(n) % 3 == 0, "pop", "niche"),
            "genres": [[("pop", "jazz", "folk")[i % 3]] for i in range(n)],
            "artist_id": [f"{corpus}-a{i % 90}" for i in range(n)],
            "year": 1960 + np.arange(n) % 60,
        }
    )
    if scores is None:
        blocks = [
            tracks[["track_id"]].assign(
                measure=m, vocabulary="sevenths", n_events=60,
                value=slopes.get(m, 0.0) * (tracks["year"] - 1990) / 10 + rng.normal(size=n),
            )
            for m in MEASURES
        ]  # fmt: skip
        scores = pd.concat(blocks, ignore_index=True)
    trends = estimate_slopes(scores, tracks, {"methods": ["cluster_ols"]})
    trends["slope_sd_per_decade"] = trends["slope_per_decade"]  # SD units of 1
    return RunTables(with_columns(tracks, "tracks"), trends=trends, scores=scores)


def pick(found, level: str, group: str, measure: str) -> pd.Series:
    rows = found.rows
    return rows[(rows["level"] == level) & (rows["group"] == group) & (rows["measure"] == measure)].iloc[0]


# --- the numbers


def test_errors_of_runs_of_other_tracks_add_up():
    found = compare_runs(make_tables(1, {"mtld": 0.5}), make_tables(2, {}, corpus="d"))
    row = pick(found, "genre", "jazz", "mtld")
    assert not found.paired and found.sharing.n_tracks == 0
    assert row["difference"] == pytest.approx(row["estimate_this"] - row["estimate_other"])
    assert row["high"] - row["low"] > max(row[f"high_{s}"] - row[f"low_{s}"] for s in ("this", "other"))
    assert row["low"] < 0.5 < row["high"]
    assert row["finding"] == "differ"


def test_equal_tracks_are_subtracted_one_by_one_and_the_difference_is_sharper_for_it():
    this = make_tables(1, {})
    rng = np.random.default_rng(3)
    year = this.scores["track_id"].map(this.tracks.set_index("track_id")["year"])
    bent = this.scores["value"] - 0.2 * (year - 1990) / 10 * (this.scores["measure"] == "mtld")
    other = make_tables(1, {}, scores=this.scores.assign(value=bent + 0.1 * rng.normal(size=len(bent))))
    found, apart = compare_runs(this, other), compare_runs(replace(this, scores=this.scores.iloc[:0]), other)
    row, blunt = (pick(one, "genre", "jazz", "mtld") for one in (found, apart))
    assert found.paired and not apart.paired
    assert row["low"] < 0.2 < row["high"] and row["finding"] == "differ"
    assert row["high"] - row["low"] < (blunt["high"] - blunt["low"]) / 3


def test_what_all_tracks_of_an_engine_share_reaches_the_difference(tmp_path):
    this = make_tables(1, {})
    rng = np.random.default_rng(4)
    decade = this.scores["track_id"].map(this.tracks.set_index("track_id")["year"]).to_numpy() / 10 - 199
    bends = 0.3 * rng.normal(size=20)  # an error that runs along with the years, the same for all tracks of a draw
    draws = this.scores[["track_id", "measure", "vocabulary"]].assign(
        **{f"draw_{k:02d}": this.scores["value"] + bend * decade for k, bend in enumerate(bends)}
    )
    draws.to_parquet(tmp_path / "draws.parquet", index=False)
    heard = replace(this, folder=tmp_path)
    noise = 0.05 * rng.normal(size=len(this.scores))
    other = make_tables(1, {}, scores=this.scores.assign(value=this.scores["value"] + noise))
    widths = []
    for tables in (this, heard):
        row = pick(compare_runs(tables, other), "genre", "jazz", "mtld")
        widths.append(row["high"] - row["low"])
    assert widths[1] > 5 * widths[0]
    assert widths[1] > 2 * 1.96 * 0.6 * np.std(bends, ddof=1)


def test_differences_that_chance_makes_do_not_stand():
    """Eight pairs of runs of 60 slopes that differ by chance alone: by p most pairs have some, by q hardly any."""
    rng = np.random.default_rng(0)

    def run() -> RunTables:
        slope = rng.normal(size=60)
        trends = pd.DataFrame({"level": "genre", "group": [f"g{i % 15}" for i in range(60)], "corpus": "c",
                               "measure": np.repeat(MEASURES, 15), "vocabulary": "sevenths", "method": "cluster_ols",
                               "pooling": "pooled", "slope_per_decade": slope, "slope_sd_per_decade": slope,
                               "se": 1.0, "df": np.inf, "low": slope - 1.96, "high": slope + 1.96})  # fmt: skip
        return RunTables(with_columns(pd.DataFrame(), "tracks"), trends=with_columns(trends, "trends"))

    pairs = [compare_runs(run(), run()).rows for _ in range(8)]
    assert sum((rows["p"] < 0.05).any() for rows in pairs) >= 6
    assert np.mean(pd.concat(pairs)["finding"] == "differ") < 0.01


def test_a_run_beside_itself_is_the_same_throughout():
    this = make_tables(1, {"mtld": 0.5})
    found = compare_runs(this, make_tables(1, {"mtld": 0.5}))
    assert set(found.rows["finding"]) == {"same"} and (found.rows["difference"] == 0).all()
    assert found.settings == [] and found.only_this == {"genres": [], "measures": []}


def test_what_one_run_alone_has_is_named():
    this, other = make_tables(1, {}), make_tables(2, {}, corpus="d")
    other = replace(other, trends=other.trends[(other.trends["group"] != "folk") & (other.trends["measure"] != "lz76")])
    found = compare_runs(this, other)
    assert found.only_this == {"genres": ["folk"], "measures": ["lz76"]}
    assert found.only_other == {"genres": [], "measures": []}
    assert "folk" not in set(found.rows["group"]) and "lz76" not in set(found.rows["measure"])


def test_options_that_differ_are_told_and_those_that_one_run_does_not_state_are_not():
    this, other = make_tables(1, {}), make_tables(1, {})
    this.run.update(version="0.2.0", seed=0, config={"window": 30, "trends": {"min_tracks": 6}, "new": 1})
    other.run.update(version="0.1.0", seed=7, config={"window": 16, "trends": {"min_tracks": 30}})
    told = {name: (here, there) for name, here, there in compare_runs(this, other).settings}
    assert told == {
        "musictrend": ("0.2.0", "0.1.0"), "seed": ("0", "7"), "option window": ("30", "16"),
        "option trends.min_tracks": ("6", "30"),
    }  # fmt: skip


def test_without_another_run_there_is_nothing_to_compare():
    with pytest.raises(ParameterError, match="--compare RUN"):
        compare_tables(make_tables(1, {}))


# --- the page


@pytest.fixture(scope="module")
def pair() -> tuple[RunTables, RunTables]:
    """Two runs of other tracks; a genre of the first has a hostile name."""
    this, other = make_tables(1, {"mtld": 0.5}), make_tables(2, {}, corpus="d")
    for tables, name in ((this, HOSTILE), (other, "folk")):
        tables.tracks["genres"] = [[name] if value == ["folk"] else value for value in tables.tracks["genres"]]
        tables.trends.loc[tables.trends["group"] == "folk", "group"] = name
    return this, other


def test_the_page_sets_another_run_beside_this_one_and_is_sound(pair, tmp_path):
    texts = [write_report(pair[0], tmp_path / f"{i}.html", compare=pair[1]).read_text(encoding="utf-8") for i in (1, 2)]
    assert texts[0] == texts[1]
    page = Page(texts[0])
    assert page.open == [] and HOSTILE not in texts[0]
    assert "Beside another run" in page.said and "What differs between the runs." in page.said
    assert {"compared-all", "compared-settings", "compared-differ"} <= {t.get("data-name") for t in page.named("table")}
    assert {"fig-compared_roughness", "fig-compared_corpus"} <= {f.get("id") for f in page.named("figure")}
    assert "Only in the other: 1 genre (folk)." in page.said
    assert "Beside another run" not in write_report(pair[0], tmp_path / "plain.html").read_text(encoding="utf-8")


def test_the_other_way_round_every_sign_turns(pair):
    key = ["level", "group", "measure"]
    there, back = (compare_runs(*runs).rows.set_index(key)["difference"].sort_index() for runs in (pair, pair[::-1]))
    pd.testing.assert_series_equal(there, -back)


def test_a_real_run_beside_a_synthetic_one_says_so_on_whatever_holds_both(pair, tmp_path):
    synthetic = replace(pair[1], run={"synthetic": True})
    folder = write_report(pair[0], tmp_path / "figures", compare=synthetic, format="figures")
    marks = {row["file"]: row["mark"] for row in json.loads((folder / "figures.json").read_text())}
    compared = {name for name in marks if "compared" in name}
    assert compared and all(marks[name] == "PART SYNTHETIC" for name in compared)
    assert not any(marks[name] for name in set(marks) - compared)
    assert set(pd.read_csv(folder / "comparison.csv")["mark"]) == {"PART SYNTHETIC"}
    text = write_report(pair[0], tmp_path / "page.html", compare=synthetic).read_text(encoding="utf-8")
    assert '<div class="banner" role="note"><strong>PART SYNTHETIC' in text
    assert "**PART SYNTHETIC**" in write_report(pair[0], tmp_path / "a.md", compare=synthetic, format="md").read_text()


def test_runs_with_nothing_in_common_still_make_a_page(pair, tmp_path):
    other = replace(pair[1], trends=pair[1].trends.assign(measure="unheard of"))
    text = write_report(pair[0], tmp_path / "a.md", compare=other, format="md").read_text(encoding="utf-8")
    assert "Only in this run: " in text and "1 measure (unheard of)" in text
    page = Page(write_report(pair[0], tmp_path / "page.html", compare=other).read_text(encoding="utf-8"))
    assert page.open == [] and "no slope of one group and measure in common" in page.said
