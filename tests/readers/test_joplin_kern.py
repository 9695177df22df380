"""Joplin's piano works: labels from the scores' own reference records, chords left to the notes."""

from __future__ import annotations

from musictrend.corpus.catalogue import read_recipe
from musictrend.corpus.genres import SegmentRule
from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers import get_reader, recognise_folder
from musictrend.corpus.readers.joplin_kern import READER
from musictrend.corpus.readers.scores import read_notes
from musictrend.corpus.year import Year

RAG = "!!!COM1: Joplin, Scott\n!!!COM2: Hayden, Scott\n!!!OTL: Two\n{dates}**kern\n*M2/4\n4c 4e 4g\n4d\n*-\n"


def write(root, **dates):
    (root / "kern").mkdir()
    for name in ("bethena", "elite", "entertainer"):
        (root / "kern" / f"{name}.krn").write_text(RAG.format(dates=dates.get(name, "")))
    return root


def test_scores_tell_title_composers_and_year(tmp_path):
    root = write(tmp_path, bethena="!!!ODT: ~1903\n!!!PDT: 1905\n", elite="!!!PDT: 1909///\n")
    (root / "kern" / "broken.krn").write_text("")
    assert recognise_folder(root) is READER and not READER.recognises(root / "kern")
    bethena, broken, elite, entertainer = READER.list_tracks(root)
    assert (bethena.title, bethena.artist, bethena.genres) == ("Two", "Joplin, Scott & Hayden, Scott", ("Ragtime",))
    assert bethena.year == Year(1903, 1898, 1905) and elite.year.value == 1909 and entertainer.year.value is None
    assert broken.status == "failed" and "empty" in broken.reason
    assert {t.source_kind for t in (bethena, broken, elite)} == {"score"}


def test_the_recipe_names_the_reader_and_one_side(request):
    recipe = read_recipe(request.config.rootpath / "corpora" / "joplin_kern")
    assert recipe.settings["licence"] == get_reader("joplin_kern").licence
    assert SegmentRule.from_toml(recipe.settings["segments"]).stated
    assert (recipe.folder / "README.md").is_file()


def test_real_rags_have_years_and_notes(real_corpus):
    root = real_corpus("joplin_kern")
    corpus = load_corpus(root)
    assert corpus.reader == "joplin_kern" and len(corpus) == 28
    years = corpus.tracks.set_index("title")["year"]
    assert years.notna().all() and (years.min(), years.max()) == (1896, 1917)
    assert years["The Entertainer"] == 1902
    notes = read_notes(root / "kern" / "entertainer.krn")
    assert (notes.title, notes.composer, notes.date) == ("The Entertainer", "Joplin, Scott", "1902")
    # The list *>[I,A,A1,A,A2,...] plays every strain twice.
    played = read_notes(root / "kern" / "entertainer.krn", unfold=True)
    assert (len(notes.beat_quarter), len(played.beat_quarter)) == (92, 152)
    assert (notes.fifth != -128).all() and set(notes.part.tolist()) == {0, 1}
