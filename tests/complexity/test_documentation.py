"""The page of measures is what the registry makes, and no measure is without its words."""

import subprocess
import sys
from pathlib import Path

import pytest

from musictrend.complexity import get_measure, list_measures

REPOSITORY = Path(__file__).resolve().parents[2]


def test_docs_measures_is_what_the_registry_makes():
    script = REPOSITORY / "tools" / "write_measures.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", list_measures()["measure"])
def test_every_measure_says_what_it_means_how_it_is_computed_and_what_it_is_blind_to(name):
    measure = get_measure(name)
    for text in (measure.title, measure.description, measure.formula, measure.blind_to, measure.citation):
        assert len(text) > 3
