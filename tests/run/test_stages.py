"""Each stage alone, what is done again and what is not, and what a run folder refuses."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small_corpora import FEW, make_rows, write_corpus

from musictrend.errors import MusictrendError, NothingUsableError, ParameterError, RunError
from musictrend.run import STAGES, Options, Run, analyze
from musictrend.run.folder import NEEDS, OUTPUTS
from musictrend.run.scoring import score_source
from musictrend.run.stages import rerun_report, rerun_simulation, rerun_trends, trends_of_table


def stamps(run: Run) -> dict[str, int]:
    """When each stage's own file was written: to see what was done again."""
    own = {"tracks": "run.json", "chords": "chords.parquet", "scores": "scores.parquet", "trends": "trends.parquet",
           "simulation": "simulation.parquet", "report": "report.html"}  # fmt: skip
    return {stage: run.path(own[stage]).stat().st_mtime_ns for stage in STAGES if stage != "tracks"}


def done_again(run: Run, before: dict[str, int]) -> set[str]:
    return {stage for stage, stamp in stamps(Run.open(run.folder)).items() if stamp != before[stage]}


def contents(run: Run) -> dict[str, bytes]:
    names = sorted({name for names in OUTPUTS.values() for name in names} | {"problems.csv", "hindcast.parquet"})
    return {name: run.path(name).read_bytes() for name in names if run.path(name).is_file()}


# --- resuming


def test_a_finished_run_is_not_done_again(own_run, small_corpus):
    before = stamps(own_run)
    run = analyze(small_corpus, own_run.folder, options=FEW)
    assert done_again(run, before) == set()


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"title": "Another title"}, {"report"}),
        ({"scenarios": ("accumulate",)}, {"simulation", "report"}),
        ({"measures": ("lz76",)}, {"scores", "trends", "report"}),
        ({"jobs": 2, "quiet": True}, set()),
    ],
)
def test_changed_options_do_again_what_depends_on_them_and_nothing_else(own_run, small_corpus, change, again):
    before = stamps(own_run)
    numbers = again - {"report"}  # a title is no number, and nor is how many workers there were
    if numbers:
        with pytest.raises(RunError, match=f"{next(iter(change))}=.*--force"):
            analyze(small_corpus, own_run.folder, options=replace(FEW, **change))
        assert done_again(own_run, before) == set()
    run = analyze(small_corpus, own_run.folder, options=replace(FEW, **change), force=bool(numbers))
    assert done_again(run, before) == again
    assert Run.open(run.folder).verify() == []


def test_chords_extracted_again_leave_a_run_what_it_was_made_with(own_run, small_corpus):
    from musictrend.run.extraction import extract_to_folder

    before, config = stamps(own_run), own_run.record["config"]
    extract_to_folder(str(small_corpus), own_run.folder, seed=5)
    assert done_again(own_run, before) == set()
    assert Run.open(own_run.folder).record["config"] == config
    with pytest.raises(RunError, match="engine='auto' and not 'librosa'"):
        extract_to_folder(str(small_corpus), own_run.folder, engine="librosa")


def test_changed_claims_do_not_run_the_worlds_again(own_run, small_corpus, tmp_path):
    from importlib import resources

    text = (resources.files("musictrend") / "data" / "claims.toml").read_text()
    (tmp_path / "claims.toml").write_text("[[claim]]" + text.split("[[claim]]")[1])
    before = stamps(own_run)
    run = analyze(small_corpus, own_run.folder, options=replace(FEW, claims=str(tmp_path / "claims.toml")), force=True)
    assert done_again(run, before) == {"trends", "report"}
    kinds = [claim["kind"] for claim in run.claims()]
    assert kinds.count("observed") == 1 and kinds.count("simulated") >= 1


def test_a_mended_corpus_is_read_again(tmp_path):
    rows = make_rows(6)
    rows[5]["chords"] = ""
    corpus = write_corpus(tmp_path / "corpus", rows)
    before = analyze(corpus, tmp_path / "run", options=FEW)
    assert before.tracks["status"].value_counts()["failed"] == 1
    write_corpus(corpus, make_rows(6))
    run = analyze(corpus, tmp_path / "run", options=FEW)
    assert set(run.tracks["status"]) == {"ok"}
    assert set(run.problems()["stage"]) == {"simulation"}  # six songs start no world
    whole = analyze(corpus, tmp_path / "whole", options=FEW)
    assert contents(run) == contents(whole)


def test_a_corpus_that_was_moved_is_still_the_same_run(own_run, small_corpus, tmp_path):
    import shutil

    moved = tmp_path / "elsewhere"
    shutil.copytree(small_corpus, moved)
    before = stamps(own_run)
    analyze(moved, own_run.folder, options=FEW)
    assert done_again(own_run, before) == set()


@pytest.mark.parametrize("name", ["claims.json", "chords.parquet", "report.html"])
def test_a_file_that_went_missing_is_made_again_as_it_was(own_run, small_corpus, name):
    before = contents(own_run)
    own_run.path(name).unlink()
    assert own_run.verify() == [f"{name} is missing"]
    run = analyze(small_corpus, own_run.folder, options=FEW)
    assert contents(run) == before
    assert run.verify() == []


def test_a_damaged_table_is_one_line(own_run):
    own_run.path("scores.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match="not a Parquet table") as caught:
        rerun_trends(own_run.folder)
    assert "\n" not in str(caught.value)


# --- each stage alone


def test_trends_alone_are_those_of_the_whole_run(own_run):
    before = contents(own_run)
    document = rerun_trends(own_run.folder)
    assert contents(own_run) == before
    assert {claim["kind"] for claim in document["claims"]} == {"observed"}
    assert document["trends"] and document["contrasts"]
    assert Run.open(own_run.folder).verify() == []


def test_trends_alone_with_another_seed_are_kept_in_the_record_and_analyze_goes_back_when_forced(own_run, small_corpus):
    before, first = contents(own_run), stamps(own_run)
    rerun_trends(own_run.folder, seed=5)
    assert Run.open(own_run.folder).record["seed"] == 5
    assert done_again(own_run, first) == {"trends", "report"}
    second = stamps(own_run)
    analyze(small_corpus, own_run.folder, options=FEW, force=True)
    assert done_again(own_run, second) == {"trends", "report"}
    assert contents(own_run) == before


def test_power_alone_writes_nothing(own_run):
    before = contents(own_run)
    rows = rerun_trends(own_run.folder, power=True)["power"]
    assert any(row["kind"] == "contrast" for row in rows)
    assert contents(own_run) == before


def test_looking_at_one_score_of_a_run_changes_nothing(own_run):
    before, first = contents(own_run), stamps(own_run)
    some = own_run.scores()["measure"].iloc[0]
    table = score_source(str(own_run.folder), measures=(some,), vocabularies=("sevenths",))
    assert set(table["measure"]) == {some} and set(table["vocabulary"]) == {"sevenths"}
    assert contents(own_run) == before and stamps(own_run) == first


def test_a_run_is_given_the_scores_that_it_lacks_and_keeps_the_others(own_run, small_corpus):
    before, there = contents(own_run), own_run.scores()
    assert "lz76" not in set(there["measure"])
    table = score_source(str(own_run.folder), measures=("lz76",), vocabularies=("sevenths",))
    assert set(table["measure"]) == {"lz76"}
    now = own_run.scores()
    kept = now[now["measure"].isin(there["measure"].unique())].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, there.reset_index(drop=True), check_categorical=False)
    done = {row["stage"]: row["done"] for row in Run.open(own_run.folder).status()}
    undone = {"trends", "report"}
    assert {stage for stage, is_done in done.items() if not is_done} == undone
    with pytest.raises(RunError, match="trends are not done.*musictrend trend "):
        rerun_report(own_run.folder)
    with pytest.raises(RunError, match="measures="):
        analyze(small_corpus, own_run.folder, options=FEW)
    analyze(small_corpus, own_run.folder, options=FEW, force=True)
    assert contents(own_run) == before


def test_another_window_is_not_taken_without_force(own_run):
    before = contents(own_run)
    with pytest.raises(RunError, match="--force"):
        score_source(str(own_run.folder), window=16)
    assert contents(own_run) == before
    table = score_source(str(own_run.folder), window=16, force=True)
    assert len(table) and Run.open(own_run.folder).record["config"]["window"] == 16


def test_the_simulation_alone_takes_other_scenarios(own_run):
    document = rerun_simulation(own_run.folder, scenarios=("accumulate",), n_seeds=2)
    assert set(own_run.read("simulation")["scenario"]) == {"accumulate"}
    assert document["claims"] and all(claim["kind"] == "simulated" for claim in document["claims"])
    assert {claim["kind"] for claim in own_run.claims()} == {"observed", "simulated"}
    assert Run.open(own_run.folder).verify() == []


def test_a_sweep_leaves_the_runs_own_simulation_alone(own_run):
    before = contents(own_run)
    document = rerun_simulation(own_run.folder, scenarios=("replace",), n_seeds=2, sweep=("generator_share=0.1,0.4",))
    assert document["last_step"]
    assert len(own_run.read("sweep")["scenario"].unique()) == 2
    assert contents(own_run) == before


@pytest.mark.parametrize("text", ["generator_share", "=1", "nonsense=1,2", "generator_share=7"])
def test_a_sweep_that_is_none_is_refused(own_run, text):
    with pytest.raises(ParameterError):
        rerun_simulation(own_run.folder, scenarios=("replace",), n_seeds=2, sweep=(text,))


def test_the_page_alone_takes_a_title_and_other_forms(own_run):
    before = contents(own_run)
    page = Path(rerun_report(own_run.folder, title="A title of my own")["written"])
    assert "A title of my own" in page.read_text()
    assert {n for n, b in contents(own_run).items() if b != before[n]} == {"report.html"}
    assert Path(rerun_report(own_run.folder, format="md")["written"]).read_text().startswith("#")
    assert Run.open(own_run.folder).verify() == []


def test_a_stage_alone_needs_the_stages_before_it(tmp_path, small_corpus):
    with pytest.raises(RunError, match="no run folder"):
        rerun_trends(tmp_path)
    from musictrend.run.extraction import extract_to_folder

    extract_to_folder(str(small_corpus), tmp_path / "run")
    with pytest.raises(RunError, match="scores are not done"):
        rerun_trends(tmp_path / "run")
    with pytest.raises(RunError, match="trends are not done"):
        rerun_report(tmp_path / "run")


def test_extraction_alone_is_the_beginning_of_a_run(finished, small_corpus, tmp_path):
    from musictrend.run.extraction import extract_to_folder

    counts = extract_to_folder(str(small_corpus), tmp_path / "run")
    assert (counts["n_tracks"], counts["n_failed"]) == (153, 3)
    assert (
        Run.open(tmp_path / "run").path("chords.parquet").read_bytes() == finished.path("chords.parquet").read_bytes()
    )


def test_trends_of_a_table_of_scores_with_its_labels(finished, tmp_path):
    table = finished.scores().merge(
        finished.tracks[["track_id", "year", "segment", "artist_id", "corpus"]], on="track_id"
    )
    table["genre"] = table["track_id"].str.extract(r"/(\w+)-")[0].to_numpy()
    table.to_csv(tmp_path / "scores.csv", index=False)
    document = trends_of_table(tmp_path / "scores.csv")
    theirs = {
        (r["level"], r["group"], r["measure"], r["vocabulary"], r["method"]): r["slope_per_decade"]
        for r in document["trends"]
    }
    assert theirs and document["claims"]
    table.drop(columns="year").to_csv(tmp_path / "none.csv", index=False)
    with pytest.raises(RunError, match="no column year"):
        trends_of_table(tmp_path / "none.csv")


# --- what a folder refuses


def test_a_run_of_other_corpora_is_refused_and_left_alone(own_run, tmp_path):
    other = write_corpus(tmp_path / "other", make_rows(6), name="other")
    same_name = write_corpus(tmp_path / "same", make_rows(6), name="small")
    before = contents(own_run)
    for corpus in (other, same_name):
        with pytest.raises(RunError, match="a run of other corpora; .*--force"):
            analyze(corpus, own_run.folder, options=FEW)
    assert contents(own_run) == before
    run = analyze(other, own_run.folder, options=FEW, force=True)
    assert len(run.tracks) == 6


def test_a_foreign_folder_is_refused_and_force_takes_nothing_of_others_away(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", make_rows(6))
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not empty and no run"):
        analyze(corpus, out, options=FEW)
    analyze(corpus, out, options=FEW, force=True)
    assert (out / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("force", [False, True])
def test_the_corpus_itself_is_never_the_run_folder(tmp_path, force):
    corpus = write_corpus(tmp_path / "corpus", make_rows(6))
    with pytest.raises(RunError, match="the corpus itself"):
        analyze(corpus, corpus, options=FEW, force=force)
    assert sorted(p.name for p in corpus.iterdir()) == ["corpus.toml", "tracks.csv"]


def test_a_run_inside_its_corpus_does_not_become_a_part_of_it(tmp_path):
    root = tmp_path / "songs"
    for i in range(6):
        path = root / "pop" / str(1960 + i) / f"song {i}.lab"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{t} {t + 1} {'CFGA'[t % 4]}:maj\n" for t in range(40)))
    first = analyze(root, root / "run", options=FEW)
    before = contents(first)
    again = analyze(root, root / "run", options=FEW)
    assert contents(again) == before
    assert len(again.tracks) == 6


@pytest.mark.parametrize("record", ["", "[]", "{", '{"schema_version": "99"}', "null"])
def test_a_record_that_is_none_is_one_line_and_force_starts_afresh(tmp_path, record):
    corpus = write_corpus(tmp_path / "corpus", make_rows(6))
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text(record)
    with pytest.raises(RunError) as caught:
        analyze(corpus, out, options=FEW)
    assert "\n" not in str(caught.value)
    assert analyze(corpus, out, options=FEW, force=True).verify() == []


def test_a_file_is_no_run_folder(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", make_rows(6))
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe"):
        with pytest.raises(RunError, match="is a file"):
            analyze(corpus, tmp_path / name, options=FEW, force=True)


@pytest.mark.parametrize(
    "choices",
    [
        {"measures": ("nonsense",)}, {"scenarios": ("nonsense",)}, {"claims": "/no/such/file"}, {"vocabularies": ("big",)},
        {"seed": -1}, {"window": 1}, {"n_seeds": 1}, {"colour": "blue"}, {"executor": "cloud"}, {"jobs": 0},
    ],
)  # fmt: skip
def test_a_choice_that_is_none_is_refused_before_any_work(tmp_path, choices):
    corpus = write_corpus(tmp_path / "corpus", make_rows(6))
    with pytest.raises(ParameterError) as caught:
        analyze(corpus, tmp_path / "run", **choices)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "scores.parquet").exists()


def test_nothing_usable_is_an_error_of_its_own(tmp_path):
    rows = [row | {"chords": "no chords here at all"} for row in make_rows(4)]
    with pytest.raises(NothingUsableError, match="none of 4 tracks"):
        analyze(write_corpus(tmp_path / "corpus", rows), tmp_path / "run", options=FEW)
    assert len(Run(tmp_path / "run").problems()) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks are POSIX")
def test_two_processes_never_work_in_one_folder(own_run, small_corpus):
    from musictrend.run.work import at_work

    before = contents(own_run)
    with at_work(own_run.folder):
        for again in (lambda: analyze(small_corpus, own_run.folder, options=FEW), lambda: rerun_trends(own_run.folder)):
            with pytest.raises(RunError, match="another musictrend is at work"):
                again()
    assert contents(own_run) == before
    analyze(small_corpus, own_run.folder, options=FEW)


# --- status, verify, clean


def test_verify_notices_what_was_altered(own_run):
    assert own_run.verify() == []
    scores = own_run.read("scores")
    scores.loc[scores["value"].notna().idxmax(), "value"] += 1e-6
    own_run.write("scores", scores)
    own_run.path("problems.csv").write_text("")
    assert own_run.verify() == [
        "problems.csv was altered after the run made it", "scores.parquet was altered after the run made it"]  # fmt: skip


def test_clean_takes_half_done_work_alone(own_run):
    before = contents(own_run)
    (own_run.work / "chords").mkdir(parents=True)
    (own_run.folder / ".scores.parquet.abc.part").write_bytes(b"half")
    assert own_run.clean() == [".work", ".scores.parquet.abc.part"]
    assert own_run.clean() == []
    assert contents(own_run) == before


def test_every_stage_names_what_it_reads_and_the_order_holds():
    assert set(NEEDS) == set(STAGES) == set(OUTPUTS)
    for stage, needs in NEEDS.items():
        assert all(STAGES.index(need) < STAGES.index(stage) for need in needs)


# --- corpora of every small sort come to an end


@pytest.mark.parametrize(
    ("n", "change"),
    [
        (1, {}), (2, {}), (9, {"year": ""}), (9, {"genre": ""}), (9, {"year": "1990"}), (9, {"artist": "", "title": ""}),
        (9, {"chords": "C:maj"}), (9, {"chords": "N N N"}), (9, {"key": ""}), (9, {"chords": "C:maj " * 200}),
        (9, {"title": "Same", "artist": "Same"}), (9, {"genre": "pop"}), (9, {"genre": "polka"}), (40, {"year": "1999"}),
        (40, {"chords": "C:maj G:7 " * 20}),
    ],
)  # fmt: skip
def test_every_small_corpus_ends_in_a_page(tmp_path, n, change):
    rows = [row | change for row in make_rows(n)]
    run = analyze(write_corpus(tmp_path / "corpus", rows), tmp_path / "run", options=FEW)
    assert run.path("report.html").stat().st_size > 10_000
    assert all(row["done"] for row in run.status())
    json.loads(run.path("claims.json").read_text())


def test_two_corpora_of_one_name_are_kept_apart(tmp_path):
    first = write_corpus(tmp_path / "a", make_rows(6), name="same")
    second = write_corpus(tmp_path / "b", make_rows(9, seed=1), name="same")
    run = analyze([first, second], tmp_path / "run", options=Options(n_seeds=2, scenarios=("replace",)))
    assert run.tracks["corpus"].value_counts().to_dict() == {"same": 6, "same-2": 9}
    assert run.tracks["track_id"].is_monotonic_increasing


def test_no_corpus_is_refused(tmp_path):
    with pytest.raises(MusictrendError, match="no corpus given"):
        analyze([], tmp_path / "run")
