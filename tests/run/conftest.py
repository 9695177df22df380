"""A finished run for tests that read one, and the same with few worlds in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_corpora import FEW, make_rows, small_worlds, write_corpus

from musictrend.run import Run, analyze


@pytest.fixture(scope="module", autouse=True)
def _small_worlds():
    """Small worlds behind hindcast and simulated claims, for the tests of this folder alone."""
    with small_worlds():
        yield


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Path:
    """150 songs of three genres, 1960-2019, with broken rows and one song that came out twice."""
    rows = make_rows(150)
    rows[3] |= {"title": rows[0]["title"], "artist": rows[0]["artist"]}
    rows[10]["year"], rows[11]["year"], rows[12]["genre"] = "0", "", "klezmer"
    rows[13]["chords"] = rows[13]["chords"] + " H:blub"
    rows[14]["title"] = "<script>alert('x')</script>"
    rows += [
        {"track_id": "bad-path", "path": "../secret.lab", "title": "=HYPERLINK(1)", "year": "1990", "genre": "pop"},
        {"track_id": "bad-words", "chords": "these are no chords at all", "year": "1991", "genre": "jazz"},
        {"track_id": "bad-nothing", "year": "1992", "genre": "folk"},
    ]
    return write_corpus(tmp_path_factory.mktemp("corpus") / "small", rows)


@pytest.fixture(scope="session")
def _finished(small_corpus, tmp_path_factory) -> Path:
    with small_worlds():
        return analyze(small_corpus, tmp_path_factory.mktemp("run") / "run", options=FEW).folder


@pytest.fixture(scope="session")
def finished(_finished) -> Run:
    """A finished run that tests read and leave as it is."""
    return Run.open(_finished)


@pytest.fixture
def own_run(_finished, tmp_path) -> Run:
    """A copy of the finished run, for tests that change it."""
    return Run.open(Path(shutil.copytree(_finished, tmp_path / "run")))
