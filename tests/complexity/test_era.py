"""Surprise to listeners of a song's own time: no song is predicted from itself, its fellows or another era."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from songs import song

from musictrend.complexity import score, score_local_surprisal
from musictrend.complexity.reference import ReferenceModel, build_grammar
from musictrend.errors import ParameterError
from musictrend.harmony import ChordTable

OLD, NEW, OWN = ["C", "G", "A:min", "F"], ["C", "Eb", "F", "Ab"], ["C", "F#", "D", "B:min"]


def collection():
    """Two eras with a habit each, and one artist with a habit of his own in the first."""
    songs, rows = [], []
    for i in range(90):
        artist, loop, year = f"artist {i % 30}", (OLD, NEW)[i % 2], 1960 + 40 * (i % 2) + i % 9
        if i % 30 == 4:
            loop = OWN
        songs.append(song(loop * 9, track_id=f"t{i:02}"))
        rows.append({"track_id": f"t{i:02}", "artist": artist, "year": year})
    return ChordTable.from_sequences(songs), pd.DataFrame(rows)


def test_each_song_is_heard_with_the_ears_of_its_time():
    chords, tracks = collection()
    found = score_local_surprisal(chords, tracks, reference_size=20).merge(tracks)
    usual = found["artist"] != "artist 4"
    assert found.loc[usual, "value"].max() < 1
    # Heard by the other era, the same songs are strange.
    swapped = tracks.assign(year=np.where(tracks["track_id"] == "t01", 1963, tracks["year"]))
    moved = score_local_surprisal(chords, swapped, reference_size=20).set_index("track_id")
    assert moved.loc["t01", "value"] > 4 > found.set_index("track_id").loc["t01", "value"]
    assert moved.loc["t01", "era"] == 1960


def test_an_artist_is_not_predicted_from_his_own_songs():
    chords, tracks = collection()
    found = score_local_surprisal(chords, tracks, reference_size=20).merge(tracks)
    own = found["artist"] == "artist 4"
    assert found.loc[own, "value"].min() > 4
    alone = tracks.assign(artist=tracks["track_id"])
    known = score_local_surprisal(chords, alone, reference_size=20, min_songs=1).merge(tracks, on="track_id")
    assert known.loc[own, "value"].min() < 4


def test_one_song_measured_by_hand():
    chords, tracks = collection()
    found = score_local_surprisal(chords, tracks, reference_size=None, era=None, vocabulary="majmin").set_index(
        "track_id"
    )
    everything = {}
    for fold in range(5):
        heard = [i for i, artist in enumerate(tracks["artist"]) if fold_of(artist) != fold]
        everything[fold] = build_grammar(chords.select(heard).events("majmin"))
    for i in (0, 4, 7):
        model = ReferenceModel({"majmin": everything[fold_of(tracks["artist"][i])]})
        expected = score(chords.select([i]), ["surprisal"], vocabulary="majmin", reference=model)["surprisal"]
        assert found["value"].iloc[i] == pytest.approx(expected)


def fold_of(artist: str) -> int:
    from musictrend.cache import hash_bytes

    return int(hash_bytes(artist.encode())[:8], 16) % 5


def test_the_order_of_tracks_changes_nothing():
    chords, tracks = collection()
    order = np.random.default_rng(0).permutation(90)
    plain = score_local_surprisal(chords, tracks, reference_size=20)
    turned = score_local_surprisal(chords.select(order), tracks.iloc[::-1], reference_size=20)
    np.testing.assert_allclose(turned["value"], plain["value"].to_numpy()[order])


def test_a_few_songs_or_none_of_a_year_are_no_reference():
    chords, tracks = collection()
    tracks.loc[0, "year"] = np.nan
    tracks.loc[2, "year"] = 1925
    found = score_local_surprisal(chords, tracks, reference_size=20).set_index("track_id")
    assert np.isnan(found.loc["t00", "value"]) and pd.isna(found.loc["t00", "era"])
    assert np.isnan(found.loc["t02", "value"]) and found.loc["t02", "n_reference"] == 0
    assert np.isfinite(score_local_surprisal(chords, tracks, reference_size=20, era=None)["value"]).all()


def test_every_reference_is_counted_from_as_many_tracks():
    chords, tracks = collection()
    found = score_local_surprisal(chords, tracks, reference_size=25)
    assert (found["n_reference"] == 25).all()
    every = score_local_surprisal(chords, tracks, reference_size=None)
    assert every["n_reference"].between(30, 45).all() and every["n_reference"].nunique() > 1


@pytest.mark.parametrize("measure", ["surprisal_ppm_long", "predictive_entropy"])
def test_longer_memories_learn_an_era_too(measure):
    chords, tracks = collection()
    found = score_local_surprisal(chords, tracks, measure=measure, reference_size=20).merge(tracks)
    assert found.loc[found["artist"] != "artist 4", "value"].max() < 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"measure": "lz76"}, "measure='lz76' must be one of 'surprisal'"),
        ({"era": 0}, "era=0 must be a number of years"),
        ({"folds": 1}, "folds=1 must be 2 or more"),
        ({"reference_size": 0}, "reference_size=0 must be a number of tracks"),
    ],
)
def test_wrong_options_are_named(given, words):
    chords, tracks = collection()
    with pytest.raises(ParameterError, match=words):
        score_local_surprisal(chords, tracks, **given)
    with pytest.raises(ParameterError, match="tracks has no column 'year'"):
        score_local_surprisal(chords, tracks[["track_id"]])
