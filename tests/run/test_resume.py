"""A run that is killed, however often, ends in the tables of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from small_corpora import FEW, make_rows, run_command, start_command, write_corpus

from musictrend.extraction import batches
from musictrend.run import Run, analyze
from musictrend.run.stages import rerun_trends

CHOICES = (
    "--measures",
    "types_rarefied,surprisal",
    "--vocabulary",
    "sevenths",
    "--scenario",
    "replace",
    "--seeds",
    "8",
    "-q",
)


def record_without_timings(folder: Path) -> dict:
    record = json.loads((folder / "run.json").read_text())
    record.pop("timings")
    for stamp in record["stages"].values():
        stamp.pop("seconds")
    return record


def assert_same_run(folder: Path, reference: Path) -> None:
    """Every file is the same byte for byte; run.json apart from timings."""
    names = lambda f: sorted(p.name for p in f.iterdir() if p.name != "log.txt")  # noqa: E731
    assert names(folder) == names(reference)
    for name in names(reference):
        if name == "run.json":
            assert record_without_timings(folder) == record_without_timings(reference)
        else:
            assert (folder / name).read_bytes() == (reference / name).read_bytes(), name


def stages_done(folder: Path) -> set[str]:
    try:
        return set(json.loads((folder / "run.json").read_text())["stages"])
    except (OSError, ValueError):
        return set()


def written(out: Path) -> int:
    return (out / "run.json").stat().st_mtime_ns if (out / "run.json").is_file() else 0


# Moments that a run reaches; a resumed run is at work only once it has written its record.
MOMENTS = {
    "chords": lambda out, before: (out / ".work" / "chords").is_dir() and any((out / ".work" / "chords").iterdir()),
    "scores": lambda out, before: written(out) > before and "chords" in stages_done(out),
    "simulation": lambda out, before: written(out) > before and "trends" in stages_done(out),
}


def disturb(command, out: Path, moment: str, kind: signal.Signals, chance: random.Random):
    """Start the command, and end it with a signal to its whole group soon after a moment is reached."""
    before = written(out)
    process = start_command(*command)
    deadline = time.monotonic() + 100
    while not MOMENTS[moment](out, before):
        assert process.poll() is None, f"it ended before {moment}: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    time.sleep(chance.uniform(0, {"chords": 0.05, "scores": 0.6, "simulation": 0.5}[moment]))
    os.killpg(process.pid, kind)
    out_text, err_text = process.communicate(timeout=60)
    return process.returncode, err_text.decode()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")
def test_a_run_killed_in_chords_scores_and_simulation_ends_in_the_same_tables(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("moments drawn with seed", seed)
    chance = random.Random(seed)
    corpus = write_corpus(tmp_path / "small", make_rows(520, events=32))
    out, reference = tmp_path / "run", tmp_path / "undisturbed"
    command = ("analyze", corpus, "-o", out, *CHOICES, "--jobs", "2")
    assert run_command(*command).returncode == 0
    out.rename(reference)

    for moment in ("chords", "scores", "simulation"):
        code, _ = disturb(command, out, moment, signal.SIGKILL, chance)
        assert code == -signal.SIGKILL
    code, words = disturb(command, out, "simulation", signal.SIGINT, chance)
    # A worker that is starting just then may say a line too; that the command itself says one is tested in tests/cli.
    assert code == 130, words
    assert "interrupted; the same command goes on where it stopped" in words

    assert run_command(*command).returncode == 0
    assert_same_run(out, reference)
    assert Run.open(out).verify() == []


def test_batches_that_were_finished_are_not_read_again_after_a_kill(tmp_path, monkeypatch):
    """The second of three batches dies: only it and the third are read when the run goes on."""
    monkeypatch.setattr(batches, "BATCH", 20)
    corpus = write_corpus(tmp_path / "small", make_rows(60, events=10))
    read, whole = [], batches._read_tracks

    def die_once(batch):
        read.append(batch.tracks[0].track_id)
        if len(read) == 2:
            raise KeyboardInterrupt
        return whole(batch)

    monkeypatch.setattr(batches, "_read_tracks", die_once)
    with pytest.raises(KeyboardInterrupt):
        analyze(corpus, tmp_path / "run", options=FEW)
    assert not (tmp_path / "run" / "chords.parquet").exists()
    analyze(corpus, tmp_path / "run", options=FEW)
    assert len(read) == 4 and read[1] == read[2] and read[0] != read[3]
    analyze(corpus, tmp_path / "whole", options=FEW)
    for name in ("chords.parquet", "tracks.parquet", "scores.parquet"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("at", ["contrasts", "claims.json", "run.json"])
def test_a_stage_that_stops_between_two_of_its_files_is_done_again(own_run, small_corpus, monkeypatch, at):
    """Trends write five files; whatever is there when the process dies, the next run ends the same."""
    reference = own_run.folder.with_name("reference")
    shutil.copytree(own_run.folder, reference)
    from musictrend.run import folder

    plain, saved = folder.atomic_path, []

    def stop_at(path):
        if Path(path).name.startswith(at):
            saved.append(path)
            if len(saved) == (2 if at == "run.json" else 1):
                raise OSError("the power went out")
        return plain(path)

    monkeypatch.setattr(folder, "atomic_path", stop_at)
    with pytest.raises(OSError, match="power"):
        rerun_trends(own_run.folder, seed=9)
    monkeypatch.setattr(folder, "atomic_path", plain)
    analyze(small_corpus, own_run.folder, options=FEW)
    assert_same_run(own_run.folder, reference)


def test_the_same_seed_gives_the_same_tables_for_one_worker_and_two(tmp_path, small_corpus, finished, monkeypatch):
    monkeypatch.setattr(batches, "FEW", 0)
    from dataclasses import replace

    run = analyze(small_corpus, tmp_path / "run", options=replace(FEW, jobs=2))
    for path in sorted(finished.folder.iterdir()):
        if path.name not in ("run.json", "log.txt"):
            assert run.path(path.name).read_bytes() == path.read_bytes(), path.name


def test_another_seed_gives_other_worlds_and_the_same_scores(tmp_path, small_corpus, finished):
    from dataclasses import replace

    run = analyze(small_corpus, tmp_path / "run", options=replace(FEW, seed=1))
    same = lambda name: run.path(name).read_bytes() == finished.path(name).read_bytes()  # noqa: E731
    assert same("chords.parquet") and same("scores.parquet")
    assert not same("simulation.parquet")


def test_the_order_of_rows_and_corpora_changes_no_number(tmp_path):
    first, second = make_rows(36), make_rows(36, seed=1)
    a, b = write_corpus(tmp_path / "a", first, name="a"), write_corpus(tmp_path / "b", second, name="b")
    run = analyze([a, b], tmp_path / "forth", options=FEW)
    write_corpus(a, first[::-1], name="a")
    write_corpus(b, random.Random(0).sample(second, len(second)), name="b")
    back = analyze([b, a], tmp_path / "back", options=FEW)
    for path in sorted(run.folder.iterdir()):
        if path.suffix == ".parquet" or path.name == "claims.json":
            assert back.path(path.name).read_bytes() == path.read_bytes(), path.name


def test_a_track_has_the_same_scores_alone_and_among_others(tmp_path, small_corpus, finished):
    rows = [row for row in make_rows(150) if row["track_id"] == "jazz-031"]
    run = analyze(write_corpus(tmp_path / "small", rows), tmp_path / "run", options=FEW)
    alone = run.scores().set_index(["measure", "vocabulary"])["value"]
    scores = finished.scores()
    among = scores[scores["track_id"] == "small/jazz-031"].set_index(["measure", "vocabulary"])["value"]
    assert len(alone) and alone.equals(among.reindex(alone.index))
