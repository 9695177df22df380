"""The command line in this process: what it says, and how it ends."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_corpora import make_rows, small_worlds, write_corpus, write_scenario

from musictrend.cli.app import run_command


@dataclass
class Said:
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        """The JSON document that standard output must be, whole."""
        return json.loads(self.out)


@pytest.fixture(scope="module", autouse=True)
def _small_worlds():
    """Small worlds behind hindcast and simulated claims, for the tests of this folder alone."""
    with small_worlds():
        yield


@pytest.fixture
def say(capsys):
    """Run ``musictrend`` with these words."""

    def run(*words) -> Said:
        capsys.readouterr()
        logger = logging.getLogger("musictrend")
        before = list(logger.handlers), logger.propagate, logger.level
        try:
            code = run_command([str(word) for word in words])
        finally:
            logger.handlers[:], logger.propagate = before[0], before[1]
            logger.setLevel(before[2])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """A good corpus, too small for worlds: a run of it takes a moment."""
    return write_corpus(tmp_path_factory.mktemp("good") / "good", make_rows(24), name="good")


@pytest.fixture(scope="session")
def quick(tmp_path_factory) -> tuple[str, ...]:
    """Options that make a run short."""
    scenario = write_scenario(tmp_path_factory.mktemp("scenario"))
    return (
        "--measures",
        "type_entropy",
        "--vocabulary",
        "sevenths",
        "--scenario",
        str(scenario),
        "--seeds",
        "2",
        "--jobs",
        "1",
    )


@pytest.fixture(scope="session")
def run_folder(corpus, quick, tmp_path_factory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "run"
    assert run_command(["analyze", str(corpus), "-o", str(out), "--quiet", *quick]) == 0
    return out
