"""The library as design.md (section 7) writes it, on a small corpus; and in size."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from small_corpora import FEW, make_rows, write_corpus

import musictrend as mt


def test_a_symbol_is_a_chord():
    assert mt.Chord("G:min7/b3").pitch_classes == (2, 5, 7, 10)
    assert mt.Chord.parse("Dø7", dialect="ireal").label == "D:hdim7"


def test_a_file_is_extracted_and_scored(tmp_path):
    (tmp_path / "song.lab").write_text(
        "".join(f"{t} {t + 1} {'C:maj G:7 A:min F:maj7'.split()[t % 4]}\n" for t in range(60))
    )
    seq = mt.extract(tmp_path / "song.lab")
    assert isinstance(seq, mt.ChordSequence) and len(seq) == 60 and seq.unit == "seconds"
    scores = mt.score(seq, ["type_entropy", "fifths_spread"])
    assert isinstance(scores, pd.Series)
    assert set(scores.index.get_level_values(0)) == {"type_entropy", "fifths_spread"}
    assert np.isfinite(scores).all()


def test_a_whole_run_is_one_call(small_corpus, tmp_path):
    run = mt.analyze(small_corpus, out=tmp_path / "run", seed=0, measures=FEW.measures, vocabularies=FEW.vocabularies,
                     scenarios=FEW.scenarios, n_seeds=2)  # fmt: skip
    assert isinstance(run, mt.Run)
    assert {"tracks", "chords", "scores"} <= {row["stage"] for row in run.status() if row["done"]}
    mt.write_report(run, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_stage_by_stage(tmp_path):
    corpus = mt.load_corpus(write_corpus(tmp_path / "small", make_rows(120)))
    chords = mt.extract_corpus(corpus, jobs=2)
    assert isinstance(chords, mt.ChordTable) and chords.n_tracks == 120
    scores = mt.score_corpus(chords, ["type_entropy", "dominant_seventh_share"])
    assert {"track_id", "measure", "vocabulary", "value"} <= set(scores.columns)
    contrast = mt.contrast(scores, corpus.tracks, pop="pop", niche="niche", vocabulary="sevenths")
    assert "pop" in str(contrast.summary())
    contrast.plot()
    scenario = mt.Scenario(generator_share=0.4, steps=4, human_works=60)
    world = mt.simulate(chords, corpus.tracks, scenario, seeds=range(2))
    assert set(world["seed"]) == {0, 1} and world["step"].max() == 4


def test_stages_agree_with_the_whole_run(finished, small_corpus):
    corpus = mt.load_corpus(small_corpus)
    scores = mt.score_corpus(mt.extract_corpus(corpus), FEW.measures, FEW.vocabularies)
    theirs = finished.scores()
    merged = scores.astype({"measure": "str", "vocabulary": "str"}).merge(
        theirs.astype({"measure": "str", "vocabulary": "str"}), on=["track_id", "measure", "vocabulary"])  # fmt: skip
    assert len(merged) == len(theirs)
    assert np.array_equal(merged["value_x"], merged["value_y"], equal_nan=True)


def test_mistakes_in_a_call_are_told():
    with pytest.raises(mt.MusictrendError, match="colour"):
        mt.analyze("planted", out="nowhere", colour="blue")
    with pytest.raises(mt.MusictrendError, match="not both"):
        mt.analyze("planted", out="nowhere", options=mt.Options(), seed=1)


def test_twenty_thousand_songs_in_a_table_are_scored_in_seconds(tmp_path):
    rng = np.random.default_rng(0)
    symbols = np.array(["C", "F", "G7", "Am", "Dm7", "Bb", "Em", "Cmaj7"])
    n = 20_000
    table = pd.DataFrame({
        "id": [f"t{i:05d}" for i in range(n)], "year": rng.integers(1955, 2024, n), "artist": rng.integers(0, 2000, n).astype(str),
        "genre": rng.choice(["pop", "jazz", "metal"], n), "chords": [" ".join(symbols[row]) for row in rng.integers(0, 8, (n, 40))],
    })  # fmt: skip
    table.to_parquet(tmp_path / "songs.parquet")
    from musictrend.run.scoring import score_source

    mt.score_corpus(mt.extract_corpus(mt.load_corpus(write_corpus(tmp_path / "warm", make_rows(3)))))  # compile kernels
    began = time.process_time()
    scores = score_source(
        str(tmp_path / "songs.parquet"), tmp_path / "run", measures="core", vocabularies=("sevenths",)
    )
    seconds = time.process_time() - began
    assert scores["track_id"].nunique() == n
    assert seconds < 60, f"{seconds:.0f} CPU seconds"
    print(f"20,000 songs, 800,000 chords: {seconds:.1f} CPU seconds")
