"""The packaged corpus of real scores: dated art music inside the installed music21, and what is no trend at all."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from musictrend.corpus import load_corpus
from musictrend.corpus.files import resolve_inside
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import CorpusError, NothingUsableError, ReaderError
from musictrend.extraction import extract_corpora
from musictrend.extraction.score import MIN_POLYPHONY
from musictrend.run import Options, analysis

HOME = Path(__file__).resolve().parents[2] / "corpora" / "art_music"
SCORES = Path(next(iter(find_spec("music21").submodule_search_locations))) / "corpus"


@pytest.fixture(scope="module")
def art_music():
    return load_corpus(HOME)


def make_corpus(folder, rows, *, root="package:music21/corpus", year_kind="composition"):
    """A corpus folder; rows are (track_id, path, year)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.toml").write_text(
        f'name = "{folder.name}"\nroot = "{root}"\nyear_kind = "{year_kind}"\n[segments]\n"*" = "other"\n'
    )
    with (folder / "tracks.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["track_id", "path", "year", "title", "artist", "genre", "source_kind"])
        writer.writerows([i, path, year, f"title {i}", "somebody", "music", "score"] for i, path, year in rows)
    return folder


# --- what is in it ---


def test_it_spans_palestrina_to_webern_and_takes_no_side(art_music):
    table = art_music.tracks
    assert len(table) >= 90
    assert table["artist_id"].nunique() >= 20
    assert set(table["segment"]) == {"other"}
    assert set(table["source_kind"]) == {"score"}
    assert set(table["year_kind"]) == {"composition"}
    assert table["year"].notna().all()
    assert table["year"].min() < 1600
    assert table["year"].max() > 1920
    assert table["duplicate_of"].isna().all()
    assert not art_music.problems


def test_every_date_says_where_it_is_from():
    with (HOME / "tracks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(len(row["year_source"]) > 10 for row in rows)
    # A date that is a print's or a first performance's is named there, too.
    for row in rows:
        if row["year_source"].startswith("print:"):
            assert row["year"] in row["year_source"]


def test_uncertain_dates_keep_their_range(art_music):
    years = {t.track_id: t.year for t in art_music.entries}
    assert (years["beethoven-op18-3"].low, years["beethoven-op18-3"].high) == (1798, 1800)
    assert (years["liliuokalani-aloha-oe"].low, years["liliuokalani-aloha-oe"].high) == (1873, 1883)
    assert years["mozart-k545-1"].low == years["mozart-k545-1"].high == 1788


def test_only_labels_are_in_the_repository():
    assert sorted(p.name for p in HOME.iterdir()) == ["README.md", "corpus.toml", "tracks.csv"]


def test_loading_it_does_not_load_music21():
    code = (
        "import sys; from musictrend.corpus import load_corpus;"
        f"corpus = load_corpus({str(HOME)!r}); assert len(corpus) > 90; assert 'music21' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_every_score_reads_and_is_polyphonic(art_music):
    for track in art_music.entries:
        notes = read_notes(resolve_inside(art_music.root, track.path))
        assert notes.polyphony >= MIN_POLYPHONY, track.track_id
        assert len(notes) > 40


def test_chords_come_out_of_every_composers_shortest_score(art_music):
    size = {t.track_id: resolve_inside(art_music.root, t.path).stat().st_size for t in art_music.entries}
    shortest = {}
    for track in sorted(art_music.entries, key=lambda t: -size[t.track_id]):
        shortest[track.artist] = track
    art_music.entries, whole = list(shortest.values()), art_music.entries
    try:
        result = extract_corpora([art_music])
    finally:
        art_music.entries = whole
    assert not result.reasons
    assert (result.chords.lengths >= 10).all()
    assert ((result.chords.confidence > 0) & (result.chords.confidence <= 1)).all()


# --- scores inside an installed package ---


def test_paths_stay_inside_the_packages_folder(tmp_path):
    corpus = load_corpus(make_corpus(tmp_path / "c", [("a", "../__init__.py", 1700), ("b", "bach/bwv66.6.mxl", 1725)]))
    assert corpus.root == SCORES
    with pytest.raises(ReaderError, match="leaves the corpus folder"):
        resolve_inside(corpus.root, "../__init__.py")
    result = extract_corpora([corpus])
    assert list(result.reasons) == ["c/a"]
    assert result.chords.lengths[1] > 20


@pytest.mark.parametrize(
    ("root", "word"),
    [
        ("package:no_such_package_x/corpus", "pip install no_such_package_x"),
        ("package:music21/no_such_folder", "no folder 'no_such_folder'"),
        ("package:music21/../..", "must be 'package:NAME/FOLDER'"),
        ("package:music21//", "must be 'package:NAME/FOLDER'"),
        ("package:os.path/x", "must be 'package:NAME/FOLDER'"),
        ("/etc", "must be 'package:NAME/FOLDER'"),
    ],
)
def test_a_root_that_is_no_packages_folder_is_one_clear_line(tmp_path, root, word):
    with pytest.raises(CorpusError, match=word.replace("(", r"\(")):
        load_corpus(make_corpus(tmp_path / "c", [("a", "x.mxl", 1700)], root=root))


# --- what has no trend ---

TUNES = ("oneills1850", "ryansMammoth", "essenFolksong")


def test_tune_books_are_refused_and_say_why(tmp_path):
    rows = []
    for book in TUNES:
        files = sorted((SCORES / book).glob("*.abc"))
        rows += [(f.stem, f.relative_to(SCORES).as_posix(), 1850 + i) for i, f in enumerate(files[::40][:3])]
    folder = make_corpus(tmp_path / "tunes", rows, year_kind="release")
    result = extract_corpora([load_corpus(folder)])
    assert len(result.reasons) == len(rows) >= 5
    assert all(reason.startswith("monophonic") for reason in result.reasons.values())
    with pytest.raises(NothingUsableError, match="monophonic"):
        analysis.start_run([str(folder)], tmp_path / "run", Options(jobs=1, quiet=True))
    start = [sys.executable, "-c", "from musictrend.cli import main; main()"]
    arguments = ["analyze", str(folder), "-o", str(tmp_path / "again"), "--quiet"]
    done = subprocess.run([*start, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 4
    assert "monophonic" in done.stderr


@pytest.fixture(scope="module")
def madrigals(tmp_path_factory):
    """Monteverdi's third book alone: one print, one date."""
    folder = tmp_path_factory.mktemp("single")
    rows = [(f"m{i:02}", f"monteverdi/madrigal.3.{i}.mxl", 1592) for i in range(1, 21)]
    options = Options(jobs=1, quiet=True)
    run = analysis.start_run([str(make_corpus(folder / "madrigals", rows))], folder / "run", options)
    analysis.do_scores(run, options)
    analysis.do_trends(run, options)
    return run


def test_a_collection_of_one_date_is_not_testable(madrigals):
    assert (madrigals.read("tracks")["n_chords"] > 30).all()
    claims = madrigals.claims()
    assert {claim["verdict"] for claim in claims} == {"not_testable"}
    about = [claim for claim in claims if "single date: all 20 tracks are from 1592" in claim["why"]]
    assert about, [claim["why"] for claim in claims]
    assert len(madrigals.read("trends")) == 0
