"""chorrrds: Brazilian chord charts with noisy dates and keys that are signatures."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from musictrend.corpus.readers.chorrrds import READER
from musictrend.errors import ReaderError
from musictrend.harmony import read_symbol

NAMES = ["date", "music", "popul", "chord", "key", "artist"]
SONGS = [
    ("1977-05-01", " anna tester primeira ", "22", ["Am7", "D7(9)", "", "G7M"], "G", "anna tester"),
    ("0000", " anna tester segunda ", "", ["C"], "C", "anna tester"),
    ("", " anna tester segunda  ", "", ["C", "G"], "C", "anna tester"),
    ("2001", " bruno tester terceira ", "31", ["Em"], "G", "bruno tester"),
    ("2001", " bruno tester vazia ", "31", [""], "G", "bruno tester"),
]


def cells():
    return [(d, m, p, c, k, a) for d, m, p, chords, k, a in SONGS for c in chords]


def write(root, genres=True):
    with (root / "all.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([NAMES, *cells()])
    if genres:
        (root / "genre.csv").write_text("artist,genre\nanna tester,MPB\n", encoding="utf-8")


def test_songs_have_artist_year_popularity_and_genre(tmp_path):
    write(tmp_path)
    assert READER.recognises(tmp_path)
    first, second, version, third, empty = READER.list_tracks(tmp_path)
    assert (first.title, first.artist, first.year.value) == ("primeira", "anna tester", 1977)
    assert first.popularity == 22 and first.genres == ("MPB",) and third.genres == ()
    assert second.year.value is None and "year 0" in second.year.reason and second.popularity is None
    assert [second.track_id, version.track_id] == ["anna tester segunda", "anna tester segunda (2)"]
    a, b, c, d, e = READER.read(tmp_path, [first, second, version, third, empty])
    assert a.symbols == ["Am7", "D7(9)", "G7M"] and a.places == ["line 2", "line 3", "line 5"] and a.warnings
    assert c.symbols == ["C", "G"] and d.symbols == ["Em"] and "no row of the song has a chord" in str(e.problem)


def test_the_key_column_is_not_taken_for_a_key(tmp_path):
    write(tmp_path)
    tracks = list(READER.list_tracks(tmp_path))
    assert all(t.key is None for t in tracks) and all(a.keys is None for a in READER.read(tmp_path, tracks))


def test_genres_are_optional(tmp_path):
    write(tmp_path, genres=False)
    assert READER.recognises(tmp_path) and not any(t.genres for t in READER.list_tracks(tmp_path))


def test_r_and_text_say_the_same(tmp_path):
    import pandas as pd
    import rdata

    write(tmp_path)
    text = list(READER.read(tmp_path, list(READER.list_tracks(tmp_path))))
    (tmp_path / "all.csv").unlink()
    (tmp_path / "genre.csv").unlink()
    frame = pd.DataFrame({n: pd.Series([r[i] or None for r in cells()], dtype=object) for i, n in enumerate(NAMES)})
    rdata.write_rda(tmp_path / "all.rda", {"all": frame})
    genre = {n: pd.Series([v], dtype=object) for n, v in (("artist", "anna tester"), ("genre", "MPB"))}
    rdata.write_rda(tmp_path / "genre.rda", {"genre": pd.DataFrame(genre)})
    assert READER.recognises(tmp_path)
    tracks = list(READER.list_tracks(tmp_path))
    assert tracks[0].genres == ("MPB",) and tracks[0].popularity == 22
    assert [a.symbols for a in READER.read(tmp_path, tracks)] == [a.symbols for a in text]


def test_another_table_called_all_is_not_mistaken(tmp_path):
    (tmp_path / "all.csv").write_text("a,b\n1,2\n")
    assert not READER.recognises(tmp_path)
    with pytest.raises(ReaderError, match="no column 'artist', 'music', 'chord'"):
        list(READER.list_tracks(tmp_path))


def test_rows_of_a_song_that_are_torn_apart_fail(tmp_path):
    write(tmp_path)
    with (tmp_path / "all.csv").open("a") as file:
        file.write('2001," bruno tester terceira ",31,D,G,bruno tester\n')
    last = list(READER.list_tracks(tmp_path))[-1]
    assert last.status == "failed" and "comes back at line 11" in last.reason


def test_real_songs_are_read_whole(real_corpus):
    root = real_corpus("chorrrds_brazil")
    tracks = list(READER.list_tracks(root))
    annotations = list(READER.read(root, tracks))
    assert len(tracks) == 7382 and len({t.track_id for t in tracks}) == 7382
    assert not any(a.problem for a in annotations)
    assert len({t.artist for t in tracks}) == 71 and all(t.genres for t in tracks)
    assert sum(t.year.value is None for t in tracks) == 1523
    tokens = Counter(s for a in annotations for s in a.symbols)
    unread = sum(n for s, n in tokens.items() if read_symbol(s, "cifra")[1])
    assert unread / tokens.total() < 0.001
    # By eye: the first song of the file.
    assert annotations[0].symbols[:5] == ["Em", "Bm", "Em", "F#7", "Bm"] and tracks[0].title == "abrigo de vagabundos"
    pop = {t.artist for t in tracks if "Pop" in t.genres}
    assert pop == {"kid abelha"}
