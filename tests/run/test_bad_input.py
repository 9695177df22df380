"""Bad input of every sort in one corpus: each gets one clear line, and the rest is as if it had not been there."""

from __future__ import annotations

import csv
import gzip
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from small_corpora import FEW, PATHS, make_rows, write_corpus

from musictrend.run import analyze

LAB = "".join(f"{t}.0\t{t + 1}.0\t{'C:maj G:7 A:min F:maj7'.split()[t % 4]}\n" for t in range(60))
N_GOOD = 12


def bad_files(root: Path) -> dict[str, str]:
    """Files that are broken in every way; name -> a word that its reason must have."""
    labs = root / "labs"
    labs.mkdir(parents=True)
    (root.parent / "secret.lab").write_text(LAB)
    write = lambda name, data: (labs / name).write_bytes(data)  # noqa: E731
    write("empty.lab", b"")
    write("latin.lab", "0 1 C:maj\n1 2 Café\n".encode("latin-1"))
    write("utf16.lab", LAB.encode("utf-16")[:-1])
    write("nul.lab", LAB.encode() + b"\0\0\0")
    write("words.lab", b"this is not a chord file\n")
    write("backwards.lab", b"3.0 1.0 C:maj\n")
    with open(labs / "line.lab", "wb") as file:
        file.truncate(2**30)  # one line of a gigabyte, sparse
    with open(labs / "long.lab", "wb") as file:
        file.write(b"0 1 " + b"C" * (5 * 2**20))
    with zipfile.ZipFile(labs / "whole.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", "<score-partwise/>" * 100)
    whole = (labs / "whole.mxl").read_bytes()
    write("cut.mxl", whole[: len(whole) // 2])
    (labs / "whole.mxl").unlink()
    with zipfile.ZipFile(labs / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", bytes(2**24))
    write("entities.musicxml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
    write("wrong.jams", b'{"annotations": 7}')
    write("deep.jams", b"[" * 100_000)
    write("song.xyz", b"C G Am F")
    write("packed.lab", gzip.compress(LAB.encode()))
    (labs / "folder.lab").mkdir()
    os.mkfifo(labs / "pipe.lab")
    (labs / "link.lab").symlink_to(root.parent / "secret.lab")
    (labs / "circle.lab").symlink_to(labs / "circle.lab")
    paths = {f"labs/{path.name}": "" for path in labs.iterdir()}
    words = {
        "labs/empty.lab": "empty file", "labs/latin.lab": "not UTF-8", "labs/nul.lab": "binary data",
        "labs/words.lab": "no chord line", "labs/line.lab": "1,073,741,824 bytes", "labs/long.lab": "a line of more than",
        "labs/cut.mxl": "truncated archive", "labs/bomb.mxl": "unpacks to", "labs/song.xyz": "no reader takes .xyz",
        "labs/folder.lab": "no file at", "labs/pipe.lab": "no file at", "labs/link.lab": "through a link",
        "labs/circle.lab": "leads to no file", "../secret.lab": "leaves the corpus folder", "/etc/passwd": "leaves",
        "labs/../../secret.lab": "leaves", "C:\\secret.lab": "leaves", "labs/none.lab": "no file at", "labs": "no file at",
        "x" * 5000: "is no path", "a\nb.lab": "no file at",
    }  # fmt: skip
    return paths | words


@pytest.fixture(scope="module")
def messy(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A corpus of good songs and every bad one."""
    root = tmp_path_factory.mktemp("messy") / "messy"
    bad = bad_files(root)
    rows = make_rows(N_GOOD)
    for i, path in enumerate(bad):
        rows.append({"track_id": f"zz-{i:02d}", "path": path, "title": f"Bad {i}", "year": "1990", "genre": "pop"})
    return write_corpus(root, rows, name="messy"), bad


@pytest.fixture(scope="module")
def run(messy, tmp_path_factory):
    return analyze(messy[0], tmp_path_factory.mktemp("runs") / "run", options=FEW)


def test_every_bad_file_fails_and_nothing_else(run, messy):
    tracks = run.tracks.set_index("track_id")
    assert (tracks["status"] == "failed").sum() == len(messy[1])
    assert (tracks["status"] == "ok").sum() == N_GOOD
    assert all(name.startswith("messy/zz-") for name in tracks.index[tracks["status"] == "failed"])


def test_every_bad_file_has_one_clear_line_with_a_next_move(run, messy):
    rows = [
        row for row in csv.DictReader(run.path("problems.csv").read_text().splitlines()) if row["stage"] == "chords"
    ]
    told = {row["track_id"]: row for row in rows}
    assert len(told) == len(rows) == len(messy[1])
    for i, (path, words) in enumerate(messy[1].items()):
        row = told[f"messy/zz-{i:02d}"]
        assert words in row["reason"], (path[:50], row["reason"])
        assert 8 < len(row["reason"]) < 500 and "Traceback" not in row["reason"]
        assert "root:" not in row["reason"], "nothing of another file may leak"


def test_the_rest_is_as_if_they_had_not_been_there(run, tmp_path):
    clean = analyze(write_corpus(tmp_path / "messy", make_rows(N_GOOD), name="messy"), tmp_path / "run", options=FEW)
    good = set(clean.tracks["track_id"])
    for name in ("chords", "scores"):
        mine = run.read(name)
        mine = mine[mine["track_id"].isin(good)].reset_index(drop=True)
        mine = mine.apply(
            lambda column: column.cat.remove_unused_categories() if column.dtype == "category" else column
        )
        assert mine.astype("object").equals(clean.read(name).astype("object")), name
    assert run.read("trends").equals(clean.read("trends"))


def test_every_bad_file_alone_is_one_line_and_exit_1(messy, capsys, tmp_path):
    from musictrend.cli.app import run_command

    for path in sorted((messy[0] / "labs").iterdir()):
        if path.is_symlink() and path.exists():
            continue  # somebody names it outright: it may lie anywhere
        assert run_command(["extract", str(path), "-o", str(tmp_path / "out.csv"), "-q"]) in (1, 4), path.name
        said = capsys.readouterr()
        assert said.out == "" and said.err.startswith("error: ") and said.err.count("\n") == 1, said.err
        assert "defect" not in said.err and len(said.err) < 900, said.err
    assert not (tmp_path / "out.csv").exists()


def test_labels_of_every_sort_are_kept_apart(tmp_path):
    rows = make_rows(14)
    odd = [{"year": "0"}, {"year": "3024"}, {"genre": "klezmer"}, {"track_id": "pop-012"}, {"title": "<script>alert('x')</script>"},
           {"title": "=HYPERLINK(\"http://x\")", "artist": "@SUM(1)"}, {"artist": "A\0B"}, {"genre": "jazz;" * 500},
           {"title": "t" * 100_000}, {"year": "soon"}, {"popularity": "lots"}]  # fmt: skip
    for row, change in zip(rows, odd, strict=False):
        row |= change
    run = analyze(write_corpus(tmp_path / "odd", rows, name="odd"), tmp_path / "run", options=FEW)
    tracks = run.tracks.set_index("track_id")
    assert tracks["status"].value_counts().to_dict() == {"ok": 12, "failed": 2}  # the second id, and the NUL byte
    reasons = run.problems()["reason"].tolist()
    for words in ("year 0 is no year", "year 3024 is not between", "is used again", "binary data", "'soon'", "'lots'"):
        assert any(words in reason for reason in reasons), words
    page = run.path("report.html").read_text()
    assert "<script>alert('x')" not in page
    lines = run.path("problems.csv").read_text().splitlines()
    assert len(lines) == len(reasons) + 1


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions are POSIX")
def test_files_without_permission_fail_alone():
    """As a user without rights, in a process of its own: root may read everything."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        root = write_corpus(
            Path(folder) / "shut", [*make_rows(3), {"track_id": "zz", "path": "shut.lab", "year": "1990"}]
        )
        (root / "shut.lab").write_text(LAB)
        (root / "shut.lab").chmod(0)
        code = f"""
import os
from musictrend.corpus.manifest import load_corpus
from musictrend.extraction import extract_corpora
extract_corpora([load_corpus({str(root)!r})])  # whatever is imported on the way is imported with rights
if os.getuid() == 0:
    os.setuid(65534)
print(extract_corpora([load_corpus({str(root)!r})]).reasons)
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": PATHS}
        )
    assert done.stdout.strip() == "{'small/zz': 'cannot be opened: Permission denied'}", done.stderr
