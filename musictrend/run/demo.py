"""The demo: the whole way on the packaged corpora, offline.

Three runs beside each other: ``planted``, synthetic pop and niche genres whose
trends are known; ``art_music``, real scores from Palestrina to Webern; and
``heard``, a dozen synthetic recordings that are made into ``recordings`` as the
demo begins and whose chords an audio engine has to hear. The first run's page is
also ``report.html`` of the demo folder.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from musictrend.cache import atomic_path
from musictrend.corpus.catalogue import find_recipe
from musictrend.corpus.manifest import load_corpus
from musictrend.errors import CorpusError, RunError
from musictrend.extraction.rendering.recordings import write_recordings
from musictrend.run.analysis import analyze
from musictrend.run.folder import Run
from musictrend.run.options import Options

__all__ = ["CORPORA", "expected_failures", "run_demo"]

CORPORA = ("planted", "art_music")
RECORDINGS, HEARD = "recordings", "heard"  # the corpus that is made, and the run over it
ENGINE = "librosa"  # always there, and its weights may be used by anybody
FEW = {
    "min_tracks": 6,
    "min_artists": 6,
}  # a dozen recordings have slopes too, with intervals that say how few they are


def run_demo(
    out: str | Path,
    *,
    seed: int = 0,
    jobs: int = 1,
    executor: str = "local",
    force: bool = False,
    quiet: bool = True,
) -> dict[str, Run]:
    """Run the packaged corpora and a dozen recordings made for it into ``out``; resumes.

    The corpora go into ``out/planted`` and ``out/art_music``; the recordings are rendered into
    ``out/recordings`` and their run goes into ``out/heard``. All but ``art_music`` is synthetic.

    Returns
    -------
    runs : dict of str to Run
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file; -o takes a folder")
    left = [p.name for p in out.iterdir() if not p.name.startswith(".")] if out.is_dir() else []
    if not force and not set(left) <= {*CORPORA, RECORDINGS, HEARD, "report.html"}:
        raise RunError(f"{out} is not empty and no demo; choose another folder, or write into it with --force")
    options = Options(seed=seed, jobs=jobs, executor=executor, quiet=quiet)
    runs = {name: analyze(packaged(name), out / name, options=options, force=force) for name in CORPORA}
    recordings = load_corpus(write_recordings(out / RECORDINGS, seed=seed))
    heard = replace(options, engine=ENGINE, commercial=True, trends=FEW)
    runs[HEARD] = analyze(recordings, out / HEARD, options=heard, force=force)
    with atomic_path(out / "report.html") as part:
        shutil.copyfile(runs["planted"].path("report.html"), part)
    return runs


def packaged(name: str):
    """A packaged corpus, whatever lies in the working folder under that name."""
    recipe = find_recipe(name, packaged=True)
    if recipe is None:
        raise CorpusError(
            f"the packaged corpus {name!r} is missing: musictrend is not installed whole; install it again"
        )
    return load_corpus(recipe.folder)


def expected_failures(name: str) -> set[str]:
    """Tracks of a packaged corpus that are broken on purpose: ids as in ``tracks.parquet``."""
    recipe = find_recipe(name, packaged=True)
    listed = recipe.settings.get("expected_failures", []) if recipe else []
    return {f"{name}/{track_id}" for track_id in listed}
