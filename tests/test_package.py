"""The shop window: what is public, what loads when, what the README names, which way imports point."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import musictrend as mt

REPOSITORY = Path(__file__).resolve().parents[1]
HEAVY = ("numpy", "pandas", "numba", "scipy", "matplotlib", "librosa", "music21", "madmom", "pyarrow", "statsmodels")


def modules_after(code: str) -> set[str]:
    """Names in sys.modules after some code, in a fresh process."""
    done = subprocess.run([sys.executable, "-c", code + "\nimport sys; print(*sys.modules)"], capture_output=True, text=True,
                          check=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)})  # fmt: skip
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    loaded = modules_after("import musictrend")
    assert loaded & set(HEAVY) == set()
    assert {name for name in loaded if name.startswith("musictrend")} == {"musictrend"}


@pytest.mark.parametrize("name", ["harmony", "corpus", "complexity", "trends", "feedback", "report", "run", "cli"])
def test_no_layer_imports_what_only_few_need(name):
    # numba and Arrow load at first use; music21, librosa and matplotlib take seconds
    assert (
        modules_after(f"import musictrend.{name}")
        & {"music21", "librosa", "matplotlib", "madmom", "statsmodels", "numba"}
        == set()
    )


def test_chords_need_numpy_alone():
    loaded = modules_after("from musictrend import Chord; Chord('C:maj7')")
    assert loaded & set(HEAVY) == {"numpy"}


def test_all_is_what_is_public():
    assert mt.__all__ == ["__version__", *sorted(set(mt.__all__) - {"__version__"}, key=lambda n: (n.islower(), n))]
    assert set(dir(mt)) == set(mt.__all__)
    for name in mt.__all__:
        assert getattr(mt, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mt.nonsense  # noqa: B018


def test_what_the_design_teaches_is_public():
    taught = {"Chord", "Scenario", "analyze", "contrast", "extract", "extract_corpus", "load_corpus", "score", "score_corpus",
              "simulate", "write_report"}  # fmt: skip
    assert taught <= set(mt.__all__)


@pytest.mark.parametrize("name", [n for n in mt.__all__ if n != "__version__"])
def test_every_public_name_is_explained(name):
    thing = getattr(mt, name)
    words = inspect.getdoc(thing)
    assert words and len(words.splitlines()[0]) > 10
    if inspect.isfunction(thing) and inspect.signature(thing).parameters:
        assert "Parameters\n" in words or "Examples\n" in words, "parameters are told"
    if inspect.isclass(thing):
        for method, function in inspect.getmembers(thing, inspect.isfunction):
            if not method.startswith("_") and function.__module__.startswith("musictrend"):
                assert inspect.getdoc(function), f"{name}.{method}"


@pytest.mark.parametrize(
    "layer", ["harmony", "corpus", "extraction", "complexity", "trends", "feedback", "report", "run"]
)
def test_what_a_layer_hands_out_is_there_and_explained(layer):
    module = importlib.import_module(f"musictrend.{layer}")
    assert module.__doc__
    for name in module.__all__:
        thing = getattr(module, name)
        if callable(thing):
            assert inspect.getdoc(thing), name


def test_no_public_function_bears_the_name_of_a_module_beside_it():
    for layer in ("harmony", "corpus", "extraction", "complexity", "trends", "feedback", "report", "run"):
        module = importlib.import_module(f"musictrend.{layer}")
        beside = {path.stem for path in (REPOSITORY / "musictrend" / layer).glob("*.py")}
        assert not beside & set(module.__all__), layer


def test_every_command_is_named_in_the_readme():
    from musictrend.cli.app import app

    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    def walk(words, command):
        children = getattr(command, "commands", {})
        if not children:
            yield " ".join(words)
        for name, child in children.items():
            yield from walk((*words, name), child)

    # In a line such as `musictrend corpus list`, `fetch`, `check` all three are named.
    named = set()
    for line in readme.splitlines():
        for first, second in re.findall(r"musictrend (\w+)(?: (\w+))?", line):
            named |= {first, f"{first} {second}", *(f"{first} {word}" for word in re.findall(r"`(\w+)`", line))}
    missing = [words for words in walk((), typer.main.get_command(app)) if words not in named]
    assert not missing, f"README.md does not name: {', '.join(missing)}"


def test_the_package_says_one_version():
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert 'path = "musictrend/__init__.py"' in project
    assert re.fullmatch(r"\d+\.\d+\.\d+", mt.__version__)


def test_errors_descend_from_one_and_travel_between_processes():
    import pickle

    from musictrend import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, mt.MusictrendError)
        again = pickle.loads(pickle.dumps(kind("what went wrong")))
        assert type(again) is kind and str(again) == "what went wrong"
    reader = pickle.loads(pickle.dumps(errors.UnsafeFileError("no", place="line 3", hint="mend")))
    assert (reader.place, reader.hint) == ("line 3", "mend")


def test_files_stay_readable():
    """One noun a file; a file of more than 500 lines holds two."""
    long = {p.relative_to(REPOSITORY).as_posix(): n for p in (REPOSITORY / "musictrend").rglob("*.py")
            if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500}  # fmt: skip
    assert not long


@pytest.mark.skipif(shutil.which("lint-imports", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))) is None,
                    reason="import-linter comes with the test extra")  # fmt: skip
def test_imports_point_one_way(tmp_path):
    command = shutil.which("lint-imports", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    done = subprocess.run([command, "--cache-dir", str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
