"""Run folders, made once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_run import make_run


@pytest.fixture(scope="session")
def real_run(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session")
def synthetic_run(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("synthetic"), synthetic="all", planted=True)


@pytest.fixture(scope="session")
def mixed_run(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("mixed"), synthetic="part")


@pytest.fixture(scope="session")
def one_sided_run(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("other"), sides=("other",))
