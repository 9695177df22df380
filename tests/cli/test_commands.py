"""Every command: its help, its data on standard output, one JSON document where that is asked."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys

import click
import pytest
import typer
from small_corpora import PATHS, make_rows, write_corpus

from musictrend.cli.app import app

LAB = "".join(f"{t}.0\t{t + 1}.0\t{'C:maj G:7 A:min F:maj7'.split()[t % 4]}\n" for t in range(60))


def all_commands() -> dict[tuple[str, ...], click.Command]:
    """Every command and group by its words."""
    found = {}

    def walk(words, command):
        found[words] = command
        for name, child in getattr(command, "commands", {}).items():
            walk((*words, name), child)

    walk((), typer.main.get_command(app))
    return found


COMMANDS = all_commands()


def test_the_commands_are_those_of_the_design():
    wanted = {"demo", "analyze", "corpus list", "corpus fetch", "corpus check", "corpus describe", "corpus init", "extract",
              "chords", "measures", "score", "trend", "simulate", "report", "run status", "run verify", "run clean", "laws"}  # fmt: skip
    assert wanted <= {" ".join(words) for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_works_and_ends_with_a_line_to_try(say, words):
    said = say(*words, "--help")
    assert said.code == 0 and said.err == ""
    text = said.out.partition("Options:")[0]
    last = [line.strip() for line in text.strip().splitlines() if line.strip()]
    line = next(i for i, row in enumerate(last) if row.startswith("Try: musictrend"))
    tried = last[line].removeprefix("Try: musictrend ").split()
    assert tuple(tried[: len(words)]) == words, "the line to try is one of this command"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_is(words):
    for parameter in COMMANDS[words].params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            assert parameter.help, parameter.name


def test_help_loads_typer_and_the_standard_library_only():
    code = """
import sys
sys.argv = ["musictrend", "--help"]
try:
    from musictrend.cli import main
    main()
except SystemExit:
    pass
heavy = {"numpy", "pandas", "numba", "scipy", "matplotlib", "librosa", "music21", "madmom", "pyarrow", "jinja2", "lxml", "rich"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
print(sorted(name for name in sys.modules if name.startswith("musictrend.") and not name.startswith("musictrend.cli")), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": PATHS}
    )
    heavy, ours = done.stderr.strip().splitlines()
    assert heavy == "[]"
    assert ours == "['musictrend.errors']"
    assert "Usage: musictrend" in done.stdout


def test_the_version_is_told(say):
    from musictrend import __version__

    assert say("--version").out == f"musictrend {__version__}\n"


# --- one JSON document, and nothing but data on standard output


@pytest.mark.parametrize(
    "words",
    [
        ("measures",), ("corpus", "list"), ("corpus", "list", "--readers"), ("corpus", "describe", "CORPUS"),
        ("corpus", "check", "CORPUS", "-q"), ("corpus", "fetch", "irb", "--dry-run"), ("chords", "C:maj"),
        ("extract", "LAB", "-q"), ("score", "LAB", "-q"), ("score", "CORPUS", "-o", "OUT", "-q"),
        ("extract", "CORPUS", "-o", "OUT", "-q"), ("analyze", "CORPUS", "-o", "OUT", "--dry-run"),
        ("extract", "CORPUS", "--dry-run"), ("score", "CORPUS", "--dry-run"), ("demo", "-o", "OUT", "--dry-run"),
        ("run", "status", "RUN"), ("run", "verify", "RUN"), ("run", "clean", "RUN"), ("trend", "RUN", "--power", "-q"),
        ("trend", "RUN", "-q"), ("report", "RUN", "-q"), ("score", "RUN", "-q", "--measures", "type_entropy"),
        ("corpus", "init", "OUT"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_json_is_one_document_on_standard_output(say, words, corpus, run_folder, tmp_path):
    import shutil

    (tmp_path / "song.lab").write_text(LAB)
    own = shutil.copytree(run_folder, tmp_path / "run")
    names = {"CORPUS": corpus, "LAB": tmp_path / "song.lab", "OUT": tmp_path / "out", "RUN": own}
    words = [names.get(word, word) for word in words]
    said = say(*words, "--json")
    assert said.code == 0, said.err
    assert said.err == ""
    assert isinstance(said.data, list | dict)
    assert "NaN" not in re.sub(r'"[^"]*"', "", said.out) and "Infinity" not in re.sub(r'"[^"]*"', "", said.out)
    assert "<NA>" not in said.out


def test_a_dry_run_writes_nothing(say, corpus, tmp_path):
    for words in (("analyze", corpus), ("extract", corpus), ("score", corpus), ("demo",)):
        said = say(*words, "-o", tmp_path / "out", "--dry-run")
        assert said.code == 0 and said.out
    assert not (tmp_path / "out").exists()
    assert [row["corpus"] for row in say("demo", "-o", tmp_path / "out", "--dry-run", "--json").data] == [
        "planted",
        "art_music",
    ]


def test_logs_go_to_standard_error_and_quiet_is_quiet(say, corpus, quick, tmp_path):
    said = say("analyze", corpus, "-o", tmp_path / "a", *quick, "--json")
    assert "24 tracks in" in said.err
    assert said.data["tracks"] == {"ok": 24}
    assert say("analyze", corpus, "-o", tmp_path / "b", *quick, "--quiet").err == ""
    assert "24 tracks in" in (tmp_path / "a" / "log.txt").read_text()


# --- symbols and files


def test_chords_are_shown_as_they_are_read(say):
    said = say("chords", "Dø7", "C^9#11", "H??", "NC", "--dialect", "ireal", "--json")
    rows = {row["text"]: row for row in said.data}
    assert rows["Dø7"] == {"text": "Dø7", "label": "D:hdim7", "root": 2, "pitch_classes": [0, 2, 5, 8], "bass": 2,
                           "quality": "hdim7", "parsed": True, "reason": None}  # fmt: skip
    unread = rows["H??"]
    assert unread["parsed"] is False
    assert all(unread[name] is None for name in ("label", "root", "pitch_classes", "bass", "quality"))
    assert rows["NC"]["root"] is None and rows["NC"]["bass"] is None


def test_chords_come_from_a_file_one_a_line(say, tmp_path):
    (tmp_path / "symbols.txt").write_text("C\n\nAm7\n")
    said = say("chords", "--file", tmp_path / "symbols.txt", "--dialect", "leadsheet")
    assert [line.split("\t")[1] for line in said.out.splitlines()] == ["C:maj", "A:min7"]


def test_a_file_is_extracted_to_the_form_its_name_says(say, tmp_path):
    (tmp_path / "song.lab").write_text(LAB)
    for name in ("a.lab", "a.csv", "a.jams"):
        assert say("extract", tmp_path / "song.lab", "-o", tmp_path / name, "-q").code == 0
        document = say("extract", tmp_path / name, "--json", "-q").data
        assert (document["n_chords"], document["chords"][1]["label"]) == (60, "G:7"), name
    rows = list(csv.DictReader(open(tmp_path / "a.csv")))
    assert rows[0]["pitch_classes"] == "0 4 7"
    said = say("extract", tmp_path / "song.lab", "-o", tmp_path / "a.mp3", "-q")
    assert said.code == 2 and ".lab, .jams or .csv" in said.err


def test_scores_of_a_file_are_those_of_its_extracted_table(say, tmp_path):
    (tmp_path / "song.lab").write_text(LAB)
    say("extract", tmp_path / "song.lab", "-o", tmp_path / "song.csv", "-q")
    values = []
    for name in ("song.lab", "song.csv"):
        rows = say(
            "score", tmp_path / name, "--measures", "type_entropy,lz76", "--vocabulary", "full", "--json", "-q"
        ).data
        assert {row["measure"] for row in rows} == {"type_entropy", "lz76"}
        assert rows[0].keys() >= {"track_id", "measure", "facet", "vocabulary", "value", "low", "high", "n_events"}
        values.append([(row["measure"], row["vocabulary"], row["value"]) for row in rows])
    assert values[0] == values[1]
    assert any(value == pytest.approx(2.0, abs=0.2) for _, _, value in values[0])


def test_measures_are_named(say):
    from musictrend.complexity import list_measures

    said = say("measures")
    assert all(name in said.out for name in list_measures()["measure"])


# --- corpora


def test_a_check_says_what_will_happen(say, tmp_path):
    rows = make_rows(90)
    rows[0]["year"], rows[1]["genre"], rows[2]["chords"] = "3024", "folkk", "C:maj blub"
    said = say("corpus", "check", write_corpus(tmp_path / "c", rows), "-q")
    assert said.code == 0
    for words in ("90 tracks", "year 3024", "close: folk", "'blub'", "what it can carry", "pop", "niche"):
        assert words in said.out, words


def test_the_catalogue_is_listed_with_licences(say):
    said = say("corpus", "list")
    assert "planted" in said.out and "CC0" in said.out
    rows = say("corpus", "list", "--json").data
    assert all(row["licence"] for row in rows)


def test_fetching_shows_the_licence_first(say, tmp_path, monkeypatch):
    said = say("corpus", "fetch", "irb", "--dry-run")
    assert said.out.splitlines()[0].startswith("iRb jazz standards: licence")
    document = say("corpus", "fetch", "irb", "--dry-run", "--mirror", "/mirror", "--json").data
    assert document["files"][0]["from"].startswith("/mirror/klausfrieler/parkR/")
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path / "cache"))
    said = say("corpus", "fetch", "irb", "--mirror", tmp_path)
    assert said.code == 1 and "the mirror has no" in said.err and said.out == ""


def test_init_then_check_then_analyze(say, quick, tmp_path):
    folder = tmp_path / "songs"
    for i in range(8):
        path = folder / ("pop" if i % 2 else "jazz") / f"song {1970 + i}.lab"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LAB)
    assert say("corpus", "init", folder).code == 0
    assert say("corpus", "init", folder).code == 1
    assert say("corpus", "check", folder, "-q").code == 0
    assert say("analyze", folder, "-o", tmp_path / "run", *quick, "-q").code == 0


# --- runs


def test_status_verify_and_clean(say, run_folder, tmp_path):
    import shutil

    own = shutil.copytree(run_folder, tmp_path / "run")
    rows = say("run", "status", own, "--json").data
    assert [row["stage"] for row in rows] == ["tracks", "chords", "scores", "trends", "simulation", "report"]
    assert all(row["done"] for row in rows)
    assert say("run", "verify", own).out == "every table is as the run made it\n"
    (own / "trends.parquet").write_bytes(b"PAR1")
    said = say("run", "verify", own)
    assert said.code == 1 and "trends.parquet was altered" in said.out
    (own / ".work").mkdir()
    assert say("run", "clean", own).out == "removed .work\n"
    assert say("run", "clean", own).out == "nothing to remove\n"


def test_a_table_of_scores_has_trends_of_its_own(say, run_folder, tmp_path):
    import pandas as pd

    scores = pd.read_parquet(run_folder / "scores.parquet").merge(
        pd.read_parquet(run_folder / "tracks.parquet")[["track_id", "year", "segment"]], on="track_id")  # fmt: skip
    scores.to_csv(tmp_path / "scores.csv", index=False)
    assert say("trend", tmp_path / "scores.csv", "-q", "--json").data["claims"]
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    said = say("trend", tmp_path / "bad.csv", "-q")
    assert said.code == 1 and "no column" in said.err


def test_the_page_goes_where_it_is_told(say, run_folder, tmp_path):
    said = say("report", run_folder, "--format", "md", "-o", tmp_path / "page.md", "-q")
    assert said.out.strip() == str(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text().startswith("#")
    assert say("report", run_folder, "--format", "pdf", "-q").code == 2


def test_another_run_stands_beside_a_run_until_the_page_is_written_without_it(say, run_folder, tmp_path):
    import shutil

    import pandas as pd

    own, other = (shutil.copytree(run_folder, tmp_path / name) for name in ("own", "other"))
    found = say("report", own, "--compare", other, "--json", "-q").data
    assert found["written"] == str(own / "report.html") and found["comparison"]["sharing"]["n_tracks"] == 24
    assert found["comparison"]["settings"] == [] and found["comparison"]["only_other"]["genres"] == []
    table = pd.read_parquet(own / "comparison.parquet")
    assert len(table) == len(found["comparison"]["rows"]) and "Beside another run" in (own / "report.html").read_text()
    assert say("run", "verify", own).code == 0
    assert say("report", own, "--compare", other, "--format", "md", "-o", tmp_path / "a.md", "-q").code == 0
    assert "## Beside another run" in (tmp_path / "a.md").read_text()
    assert say("report", own, "--compare", other, "-o", tmp_path / "a.md", "-q").code == 1  # it is there already
    assert say("report", own, "-q").code == 0 and not (own / "comparison.parquet").exists()
    assert "Beside another run" not in (own / "report.html").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("trend", "RUN"), ("simulate", "RUN"), ("simulate", "RUN", "--sweep", "generator_share=0,0.2"),
        ("report", "RUN"), ("evaluate", "RUN", "RUN"), ("corpus", "check", "CORPUS"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_dry_run_says_what_would_be_done_and_writes_nothing(say, words, corpus, run_folder):
    names = {"CORPUS": corpus, "RUN": run_folder}
    before = {p.name: p.stat().st_mtime_ns for p in run_folder.iterdir()}
    every = ("--seed", "1", "--jobs", "1", "--executor", "local", "--quiet", "--dry-run", "--json")
    said = say(*(names.get(word, word) for word in words), *every)
    assert said.code == 0 and said.err == "" and said.data
    assert {p.name: p.stat().st_mtime_ns for p in run_folder.iterdir()} == before
    assert say(*(names.get(word, word) for word in words), "--dry-run", "--executor", "nonsense").code == 2


def test_laws_are_a_table_and_its_columns_say_what_held(monkeypatch, say):
    import pandas as pd

    from musictrend import feedback

    row = {"law": "a", "expected": 0.5, "simulated": 0.5, "tolerance": 0.1, "held": True}
    monkeypatch.setattr(feedback, "check_laws", lambda seed: pd.DataFrame([row]))
    assert say("laws", "--json").data == [row]
    monkeypatch.setattr(feedback, "check_laws", lambda seed: pd.DataFrame([row | {"held": False}]))
    assert say("laws").code == 1


def test_json_of_a_whole_run_names_its_page_and_claims(say, corpus, quick, tmp_path):
    document = say("analyze", corpus, "-o", tmp_path / "run", *quick, "--json", "-q").data
    assert document["report"].endswith("report.html") and os.path.isfile(document["report"])
    assert {claim["kind"] for claim in document["claims"]} == {"observed", "simulated"}
    json.dumps(document, allow_nan=False)


def test_a_file_that_is_there_is_overwritten_by_force_alone(tmp_path, say):
    song, kept = tmp_path / "a.csv", tmp_path / "b.csv"
    song.write_text("label\nC\nF\n")
    kept.write_text("mine")
    assert say("extract", song, "-o", kept).code == 1 and kept.read_text() == "mine"
    assert say("extract", song, "-o", tmp_path / "c.csv", "--dry-run").code == 0 and not (tmp_path / "c.csv").exists()
    assert say("extract", song, "-o", kept, "--force").code == 0 and "label" in kept.read_text()
