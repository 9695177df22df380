"""How commands end: 0, 1, 2, 3, 4, 130, and one line that says what, where and what next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from small_corpora import PATHS, make_rows, start_command, write_corpus


def assert_one_line(said) -> str:
    """Nothing on standard output, one line on standard error, and no traceback in it."""
    assert said.out == ""
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("error: ") and len(lines[0]) < 900
    assert "Traceback" not in lines[0]
    return lines[0]


def test_done_is_0(say, corpus, quick, tmp_path):
    said = say("analyze", corpus, "-o", tmp_path / "run", *quick)
    assert said.code == 0
    assert "24 ok" in said.out


def test_some_failed_is_3_and_0_when_that_is_allowed(say, quick, tmp_path):
    rows = make_rows(9)
    rows[4]["chords"] = "no chords here at all"
    corpus = write_corpus(tmp_path / "corpus", rows)
    said = say("analyze", corpus, "-o", tmp_path / "run", "--quiet", *quick)
    assert said.code == 3
    assert "1 of 9 tracks failed" in said.err and "problems.csv" in said.err
    assert (tmp_path / "run" / "report.html").is_file()
    assert say("analyze", corpus, "-o", tmp_path / "run", "--quiet", *quick).code == 3  # resumed, the same answer
    assert say("analyze", corpus, "-o", tmp_path / "run", "--allow-failures", "--quiet", *quick).code == 0


@pytest.mark.parametrize("kind", ["all rows broken", "no rows", "no bytes", "empty folder", "pictures"])
def test_nothing_usable_is_4(say, quick, tmp_path, kind):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    if kind == "all rows broken":
        write_corpus(corpus, [row | {"chords": "no chords here at all"} for row in make_rows(4)])
    elif kind == "no rows":
        write_corpus(corpus, [])
    elif kind == "no bytes":
        (corpus / "tracks.csv").write_bytes(b"")
    elif kind == "pictures":
        (corpus / "a.jpeg").write_bytes(b"\xff\xd8")
    said = say("analyze", corpus, "-o", tmp_path / "run", "--quiet", *quick)
    assert said.code == 4
    assert_one_line(said)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("analyze", "no-such-corpus", "-o", "x"), "no folder, file or corpus"),
        (("trend", "no-such-run"), "no run folder"),
        (("simulate", "no-such-run"), "no run folder"),
        (("report", "no-such-run"), "no run folder"),
        (("run", "status", "no-such-run"), "no run folder"),
        (("run", "verify", "no-such-run"), "no run folder"),
        (("run", "clean", "no-such-run"), "no run folder"),
        (("extract", "no-such-file.lab", "-o", "x"), "no file at no-such-file.lab"),
        (("corpus", "fetch", "no-such-corpus"), "no corpus"),
        (("corpus", "check", "no-such-corpus"), "no folder, file or corpus"),
        (("corpus", "describe", "no-such-corpus"), "no folder, file or corpus"),
        (("chords", "--file", "no-such-file"), "no file at no-such-file"),
        (("extract", "no-such-thing"), "no folder, file or corpus"),
        (("score", "no-such-thing"), "no folder, file or corpus"),
        (("report", "no-such-run", "--compare", "no-other"), "no run folder"),
    ],
)
def test_what_cannot_be_done_is_1_in_one_line(say, tmp_path, monkeypatch, words, what):
    monkeypatch.chdir(tmp_path)
    said = say(*words)
    assert said.code == 1
    assert what in assert_one_line(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("analyze",),
        ("analyze", "planted"),
        ("analyze", "planted", "-o", "x", "--window", "two"),
        ("analyze", "planted", "-o", "x", "--seed", "-1"),
        ("analyze", "planted", "-o", "x", "--measures", "nonsense"),
        ("analyze", "planted", "-o", "x", "--vocabulary", "nonsense"),
        ("analyze", "planted", "-o", "x", "--scenario", "nonsense"),
        ("analyze", "planted", "-o", "x", "--claims", "nonsense"),
        ("analyze", "planted", "-o", "x", "--executor", "nonsense"),
        ("analyze", "planted", "-o", "x", "--nonsense"),
        ("score", "planted"),
        ("score", "planted", "-o", "x", "--measures", "nonsense"),
        ("extract", "planted"),
        ("chords",),
        ("chords", "C", "--dialect", "nonsense"),
        ("corpus", "nonsense"),
    ],
)
def test_usage_is_2_before_any_work(say, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    said = say(*words)
    assert said.code == 2
    assert said.out == ""
    assert "rror: " in said.err and "Traceback" not in said.err
    assert not (tmp_path / "x" / "scores.parquet").exists()


def test_a_run_of_something_else_is_1_and_stays(say, corpus, run_folder, quick, tmp_path):
    other = write_corpus(tmp_path / "other", make_rows(3), name="other")
    said = say("analyze", other, "-o", run_folder, "--quiet", *quick)
    assert said.code == 1
    assert "--force" in assert_one_line(said)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    said = say("analyze", other, "-o", tmp_path / "full", "--quiet", *quick)
    assert said.code == 1
    assert "not empty" in assert_one_line(said)
    assert say("analyze", other, "-o", tmp_path / "full", "--force", "--quiet", *quick).code == 0
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("place", [0, 1, -1])
def test_debug_shows_the_traceback_wherever_it_stands(say, place):
    words = ["trend", "no-such-run"]
    words.insert(place if place >= 0 else len(words), "--debug")
    said = say(*words)
    assert said.code == 1
    assert "Traceback" in said.err and said.err.strip().splitlines()[-1].startswith("error: ")
    assert "Traceback" not in say("trend", "no-such-run").err  # and it does not stay on


def test_a_defect_is_one_line_that_says_so(say, monkeypatch):
    from musictrend.run import stages

    def break_down(*args, **kwargs):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(stages, "rerun_trends", break_down)
    said = say("trend", "anything")
    assert said.code == 1
    line = assert_one_line(said)
    assert "ZeroDivisionError: division by zero" in line and "--debug" in line


def test_a_full_disk_is_one_line(say, corpus, quick, tmp_path, monkeypatch):
    from musictrend.run import folder

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(folder, "atomic_path", full)
    said = say("analyze", corpus, "-o", tmp_path / "run", "--quiet", *quick)
    assert said.code == 1
    assert "No space left on device" in assert_one_line(said) and "defect" not in said.err


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")
def test_interrupted_is_130_in_one_line(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", make_rows(300))
    process = start_command("analyze", corpus, "-o", tmp_path / "run", "--jobs", "2", "--quiet", quick=False)
    while not (tmp_path / "run" / "trends.parquet").exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # in the simulation, with workers
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert err.decode().strip() == "interrupted; the same command goes on where it stopped"


def test_a_reader_that_goes_away_is_no_error():
    code = "from musictrend.cli import main; main(['measures', '--json'])"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=os.environ | {"PYTHONPATH": PATHS})  # fmt: skip
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0


def test_a_terminal_without_unicode_gets_json_that_is_still_json():
    code = "from musictrend.cli import main; main(['chords', 'Dø7', '--dialect', 'ireal', '--json'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60,
                          env=os.environ | {"PYTHONPATH": PATHS, "PYTHONIOENCODING": "ascii"})  # fmt: skip
    assert done.returncode == 0
    import json

    assert json.loads(done.stdout.decode("ascii"))[0]["text"] == "Dø7"


def test_expected_failures_of_the_demo_end_in_0_and_no_others(monkeypatch, tmp_path):
    from musictrend.cli import common
    from musictrend.run import Run

    class Tracks(Run):
        def read(self, name):
            import pandas as pd

            return pd.DataFrame({"track_id": ["a", "b", "c"], "status": ["failed", "failed", "ok"]})

    import typer

    run = Tracks(tmp_path)
    common.finish(run, allow_failures=False, expected={"a", "b"})
    for expected in ({"a"}, {"a", "b", "c"}, set()):
        with pytest.raises(typer.Exit) as end:
            common.finish(run, allow_failures=False, expected=expected)
        assert end.value.exit_code == 3
