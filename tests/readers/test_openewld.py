"""OpenEWLD: works in a database, lead sheets in files."""

from __future__ import annotations

import sqlite3
import zipfile
from collections import Counter
from contextlib import closing

import pytest

from musictrend.corpus.readers.openewld import READER
from musictrend.errors import ReaderError
from musictrend.harmony import read_symbol

SCORE = (
    '<score-partwise><part id="P1"><measure number="1"><attributes><divisions>1</divisions></attributes>'
    "<harmony><root><root-step>F</root-step></root><kind>major-sixth</kind></harmony>"
    "<note><duration>4</duration></note></measure></part></score-partwise>"
)
WORKS = [
    (7, "First", "1921-00-00", "dataset/A/First/First.mxl"),
    (3, "Second", None, "dataset/A/First/First.mxl"),
    (9, "Third", "1930-02-01", "dataset/A/Gone.mxl"),
    (11, "Fourth", "1930", "../outside.mxl"),
    (12, "1999", "0000-00-00", "dataset/A/Empty.mxl"),
]


def write(root):
    (root / "dataset/A/First").mkdir(parents=True)
    with zipfile.ZipFile(root / "dataset/A/First/First.mxl", "w") as archive:
        archive.writestr("First.xml", SCORE)
    (root / "dataset/A/Empty.mxl").write_bytes(b"")
    with closing(sqlite3.connect(root / "OpenEWLD.db")) as db:
        db.execute(
            "CREATE TABLE works "
            "(id INTEGER PRIMARY KEY, title STRING, first_performance_date DATE, path_leadsheet STRING)"
        )
        db.execute("CREATE TABLE work_author (id INTEGER, author STRING)")
        db.execute("CREATE TABLE work_genres (id INTEGER, genre STRING, occurrences INTEGER)")
        db.execute("CREATE TABLE work_style (id INTEGER, style STRING, occurrences INTEGER)")
        db.executemany("INSERT INTO works VALUES (?,?,?,?)", WORKS)
        db.executemany("INSERT INTO work_author VALUES (?,?)", [(7, "Bruno"), (7, "Anna"), (3, "Anna")])
        db.executemany("INSERT INTO work_genres VALUES (?,?,?)", [(7, "Rock", 1), (7, "Jazz", 4)])
        db.executemany("INSERT INTO work_style VALUES (?,?,?)", [(7, "Swing", 2), (7, "Jazz", 1)])
        db.commit()


def test_a_work_is_a_track_and_shares_its_score(tmp_path):
    write(tmp_path)
    assert READER.recognises(tmp_path)
    second, first, third, fourth, fifth = READER.list_tracks(tmp_path)
    assert (first.track_id, first.artist, first.year.value) == ("7", "Anna; Bruno", 1921)
    assert first.genres == ("Jazz", "Rock", "Swing") and second.genres == ()
    assert first.path == second.path and second.year.value is None
    assert third.status == "failed" and "no file" in third.reason
    assert fourth.status == "failed" and "leaves the corpus folder" in fourth.reason
    assert fifth.title == "1999" and fifth.year.value is None
    a, b, c = READER.read(tmp_path, [first, second, fifth])
    assert a.symbols == b.symbols == ["root=F kind=major-sixth"] and a.durations == [4.0] and a.track_id == "7"
    assert "empty file" in str(c.problem)


def test_the_database_is_only_read(tmp_path):
    write(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir()), (tmp_path / "OpenEWLD.db").read_bytes()
    list(READER.list_tracks(tmp_path))
    assert before == (sorted(p.name for p in tmp_path.iterdir()), (tmp_path / "OpenEWLD.db").read_bytes())


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\x00" + bytes(200)])
def test_a_broken_database_is_told(tmp_path, data):
    (tmp_path / "OpenEWLD.db").write_bytes(data)
    with pytest.raises(ReaderError) as caught:
        list(READER.list_tracks(tmp_path))
    assert "OpenEWLD.db" in str(caught.value) and "\n" not in str(caught.value)


def test_a_database_without_the_tables_is_told(tmp_path):
    with closing(sqlite3.connect(tmp_path / "OpenEWLD.db")) as db:
        db.execute("CREATE TABLE works (id INTEGER)")
        db.commit()
    with pytest.raises(ReaderError, match="no such table"):
        list(READER.list_tracks(tmp_path))


def test_real_lead_sheets_are_read_whole(real_corpus):
    root = real_corpus("openewld")
    tracks = list(READER.list_tracks(root))
    annotations = list(READER.read(root, tracks))
    assert len(tracks) == 368 and len({t.path for t in tracks}) == 324
    assert all(t.status == "ok" for t in tracks) and not any(a.problem for a in annotations)
    assert all(a.unit == "quarters" and len(a.bars) == len(a.symbols) for a in annotations)
    tokens = Counter(s for a in annotations for s in a.symbols)
    unread = [s for s in tokens if read_symbol(s, "musicxml")[1]]
    assert set(unread) <= {"root=Eb kind=", "root=Ab kind="}  # two symbols of which no kind is written
    # By eye: Tangerine starts with a bar of rest in the chords, then ii V I in C.
    tangerine = next(a for a in annotations if a.title == "Tangerine")
    assert [read_symbol(s, "musicxml")[0].label for s in tangerine.symbols[:3]] == ["D:min7", "G:7", "C:maj"]
    assert tangerine.onsets[0] == 4.0 and str(tangerine.keys[0]) == "C:major"
