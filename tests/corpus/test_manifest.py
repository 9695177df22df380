"""Manifests: what a corpus may be, and what is made of rows that are not as they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_corpora import SETTINGS, make_rows, write_corpus

from musictrend.corpus.manifest import load_corpus, manifest_problems, track_table
from musictrend.errors import MusictrendError, NothingUsableError

CHORDS = "C:maj F:maj G:7 A:min"


def load_table(folder: Path, text: str | bytes, name: str = "songs.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_corpus(path)


def reasons(corpus) -> list[str]:
    return [problem.reason for problem in manifest_problems(corpus)]


def refusal(spec) -> str:
    with pytest.raises(MusictrendError) as caught:
        load_corpus(spec)
    message = str(caught.value)
    assert "\n" not in message and 10 < len(message) < 700, message
    return message


# --- what a corpus may be


def test_a_folder_with_corpus_toml_is_a_corpus(tmp_path):
    corpus = load_corpus(write_corpus(tmp_path / "a", make_rows(9)))
    assert (corpus.name, len(corpus), corpus.year_kind) == ("small", 9, "release")
    assert set(corpus.tracks["segment"]) == {"pop", "niche"}


def test_a_table_of_chords_is_a_corpus_named_after_its_file(tmp_path):
    corpus = load_table(tmp_path, f"track_id,year,genre,chords\na,1970,pop,{CHORDS}\n")
    assert corpus.name == "songs"
    assert corpus.tracks.loc[0, "track_id"] == "songs/a"


@pytest.mark.parametrize("sign", ["\t", ";", ","])
def test_the_delimiter_of_a_table_is_told_from_its_header(tmp_path, sign):
    row = sign.join(("a", "1970", "pop", CHORDS))
    corpus = load_table(tmp_path, sign.join(("id", "year", "genre", "chords")) + f"\n{row}\n")
    assert corpus.entries[0].chords == CHORDS


def test_a_table_may_be_parquet_and_its_genres_a_list(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {"track_id": ["a", "b"], "year": [1970, None], "genres": [["jazz", "funk"], None], "chords": [CHORDS] * 2}
    )
    pq.write_table(table, tmp_path / "songs.parquet")
    corpus = load_corpus(tmp_path / "songs.parquet")
    assert corpus.entries[0].genres == ("jazz", "funk")
    assert [t.year.value for t in corpus.entries] == [1970, None]


def test_a_parquet_file_that_is_none_is_one_line(tmp_path):
    (tmp_path / "songs.parquet").write_bytes(b"PAR1 but not really")
    assert "not a Parquet file" in refusal(tmp_path / "songs.parquet")


def test_columns_are_renamed_and_a_renamed_column_wins_over_one_of_that_name(tmp_path):
    text = f"id,Release,year,Tags,Progression\na,1970,5,pop,{CHORDS}\n"
    toml = 'tracks = "t.csv"\n[columns]\nyear = "Release"\ngenre = "Tags"\nchords = "Progression"\n'
    for order in (text, text.replace("Release,year", "year,Release").replace("1970,5", "5,1970")):
        (tmp_path / "t.csv").write_text(order)
        (tmp_path / "corpus.toml").write_text(toml)
        track = load_corpus(tmp_path).entries[0]
        assert (track.year.value, track.genres, track.chords) == (1970, ("pop",), CHORDS)


def test_a_renamed_column_that_is_not_there_is_a_problem(tmp_path):
    (tmp_path / "corpus.toml").write_text('tracks = "t.csv"\n[columns]\nyear = "Relaese"\n')
    (tmp_path / "t.csv").write_text(f"id,Release,genre,chords\na,1970,pop,{CHORDS}\n")
    found = reasons(load_corpus(tmp_path))
    assert any("no column 'Relaese'" in reason for reason in found)
    assert any("no column 'year'" in reason for reason in found)


def test_the_column_that_segments_measure_by_is_read(tmp_path):
    toml = 'tracks = "t.csv"\n[segments]\nby = "exposure"\nmeasure = "streams"\npop = ">= 100"\nniche = "< 100"\n'
    (tmp_path / "corpus.toml").write_text(toml)
    (tmp_path / "t.csv").write_text(
        f"id,year,genre,streams,chords\na,1970,x,500,{CHORDS}\nb,1971,x,5,{CHORDS}\nc,1972,x,,{CHORDS}\n"
    )
    assert list(load_corpus(tmp_path).tracks["segment"]) == ["pop", "niche", "other"]


def test_tracks_come_in_the_order_of_their_ids_whatever_the_manifest_says(tmp_path):
    rows = make_rows(30)
    forth = load_corpus(write_corpus(tmp_path / "a", rows)).tracks
    back = load_corpus(write_corpus(tmp_path / "b", rows[::-1])).tracks
    assert forth.equals(back)
    assert list(forth["track_id"]) == sorted(forth["track_id"])


# --- folders of files


def write_files(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def test_labels_come_from_paths(tmp_path):
    lab = "0 1 C:maj\n1 2 G:7\n"
    root = write_files(tmp_path, {"jazz/1959/Davis - So What.lab": lab, "pop/1984/Prince - Kiss.lab": lab})
    corpus = load_corpus(root)
    assert [(t.genres, t.year.value, t.artist, t.title) for t in corpus.entries] == [
        (("jazz",), 1959, "Davis", "So What"), (("pop",), 1984, "Prince", "Kiss")]  # fmt: skip
    assert corpus.problems == []


def test_labels_come_from_the_files_where_the_paths_say_nothing(tmp_path):
    song = "{title: %s}\n{artist: A}\n{year: %d}\n{genre: folk}\n[C]la [G7]la [Am]la [F]la\n"
    root = write_files(tmp_path, {"one.cho": song % ("One", 1961), "two.cho": song % ("Two", 1972)})
    assert [(t.title, t.year.value, t.genres) for t in load_corpus(root).entries] == [
        ("One", 1961, ("folk",)), ("Two", 1972, ("folk",))]  # fmt: skip


def test_a_file_of_several_songs_is_several_tracks(tmp_path):
    book = "{title: One}\n{year: 1961}\n[C]la [G7]la\n{new_song}\n{title: Two}\n{year: 1972}\n[Am]la [F]la\n"
    corpus = load_corpus(write_files(tmp_path, {"book.cho": book}))
    assert [(t.track_id, t.part, t.year.value) for t in corpus.entries] == [
        ("book.cho/One", "One", 1961), ("book.cho/Two", "Two", 1972)]  # fmt: skip


def test_files_about_the_corpus_are_no_tracks(tmp_path):
    lab = "0 1 C:maj\n1 2 G:7\n"
    root = write_files(tmp_path, {
        "a.lab": lab, "README.txt": "Read me first.", "LICENSE.txt": "Do.", "notes.txt": "These are some words on it.",
        "report.html": "<html>no chords here</html>", ".hidden.lab": lab, ".git/x.lab": lab, "run/run.json": "{}",
        "run/old.lab": lab,
    })  # fmt: skip
    corpus = load_corpus(root)
    assert [t.track_id for t in corpus.entries] == ["a.lab"]
    assert {p.path for p in corpus.problems if "no track" in p.reason} == {"notes.txt", "report.html"}


def test_a_broken_file_of_a_chord_format_stays_a_track_that_fails(tmp_path):
    corpus = load_corpus(write_files(tmp_path, {"a.lab": "0 1 C:maj\n", "b.lab": "", "c.cho": b"\xff\xfe\xff"}))
    assert [t.track_id for t in corpus.entries] == ["a.lab", "b.lab", "c.cho"]


@pytest.mark.parametrize("pattern", ["{genre}/{nothing}", "{genre}/{genre}"])
def test_a_pattern_that_is_none_is_one_line(tmp_path, pattern):
    write_files(tmp_path, {"corpus.toml": f'pattern = "{pattern}"', "a.lab": "0 1 C\n"})
    assert "pattern" in refusal(tmp_path)


def test_paths_that_do_not_fit_the_stated_pattern_are_listed(tmp_path):
    write_files(
        tmp_path,
        {"corpus.toml": 'pattern = "{genre}/{year}/{title}"', "jazz/1959/a.lab": "0 1 C\n", "b.lab": "0 1 C\n"},
    )
    corpus = load_corpus(tmp_path)
    assert len(corpus) == 2
    assert any("does not fit" in reason for reason in reasons(corpus))


def test_names_that_are_no_text_do_no_harm(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.lab")).write_text("0 1 C:maj\n1 2 G:7\n")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    corpus = load_corpus(tmp_path)
    assert corpus.entries[0].track_id == "caf .lab"
    corpus.tracks["path"].str.encode("utf-8")
    from musictrend.extraction import extract_corpus

    assert extract_corpus(corpus).n_chords == 2


# --- rows that are not as they should be: each is told, the rest goes on


def test_odd_labels_are_told_and_the_tracks_stay(tmp_path):
    rows = make_rows(8)
    rows[0]["year"], rows[1]["year"], rows[2]["key"], rows[3]["popularity"] = "0", "3024", "H:sharp", "inf"
    rows[4]["year_kind"], rows[5]["source_kind"] = "vintage", "gramophone"
    corpus = load_corpus(write_corpus(tmp_path / "a", rows))
    found = manifest_problems(corpus)
    assert len(corpus) == 8
    assert all(t.status == "ok" for t in corpus.entries)
    assert len(found) == 6
    assert {p.track_id for p in found} == {f"small/{rows[i]['track_id']}" for i in range(6)}
    assert all(p.place.startswith("line ") and p.hint for p in found)


def test_two_tracks_with_one_id_leave_the_first(tmp_path):
    rows = make_rows(5)
    rows[3]["track_id"] = rows[4]["track_id"] = rows[0]["track_id"]
    corpus = load_corpus(write_corpus(tmp_path / "a", rows))
    assert len({t.track_id for t in corpus.entries}) == 5
    failed = [t for t in corpus.entries if t.status == "failed"]
    assert len(failed) == 2
    assert all("is used" in t.reason for t in failed)
    assert next(t for t in corpus.entries if t.track_id == rows[0]["track_id"]).title == rows[0]["title"]


def test_rows_with_bytes_that_are_no_text_fail_alone(tmp_path):
    text = (
        f"id,year,genre,title,chords\na,1970,pop,fine,{CHORDS}\nb,1971,pop,caf\xe9,{CHORDS}\nc,1972,pop,good,{CHORDS}\n"
    )
    corpus = load_table(tmp_path, text.encode("latin-1") + b"d,1973,pop,nul\0,C G\n")
    assert [(t.track_id, t.status) for t in corpus.entries if t.status == "ok"] == [("a", "ok"), ("c", "ok")]
    told = [t.reason for t in corpus.entries if t.status == "failed"]
    assert "line 3: not UTF-8: byte 0xe9" in told[0]
    assert "line 5: binary data" in told[1]


def test_a_stated_encoding_is_taken(tmp_path):
    (tmp_path / "corpus.toml").write_text('encoding = "latin-1"\ntracks = "t.csv"')
    (tmp_path / "t.csv").write_bytes(f"id,year,genre,title,chords\nb,1971,pop,caf\xe9,{CHORDS}\n".encode("latin-1"))
    assert load_corpus(tmp_path).entries[0].title == "café"
    (tmp_path / "corpus.toml").write_text('encoding = "klingon"\ntracks = "t.csv"')
    assert "klingon" in refusal(tmp_path)


def test_rows_with_more_cells_than_the_header_fail_alone(tmp_path):
    corpus = load_table(
        tmp_path, f"id,title,year,genre,chords\na,Hello, Goodbye,1967,pop,{CHORDS}\nb,Help,1965,pop,{CHORDS},,\n"
    )
    assert [t.status for t in corpus.entries] == ["failed", "ok"]
    assert "is a comma not quoted?" in corpus.entries[0].reason


def test_a_quote_that_is_never_closed_cannot_swallow_the_rest_in_silence(tmp_path):
    rows = "".join(f"s{i},Song,197{i},pop,{CHORDS}\n" for i in range(9))
    (tmp_path / "t.csv").write_text("id,title,year,genre,chords\n" + rows.replace("s4,Song", 's4,"Song'))
    message = refusal(tmp_path / "t.csv")
    assert "never closed" in message and "line 6" in message
    (tmp_path / "t.csv").write_text(
        "id,title,year,genre,chords\n" + rows.replace("s4,Song", 's4,"Song').replace("s7,Song", 's7,Song"')
    )
    assert any("a line break inside title" in reason for reason in reasons(load_corpus(tmp_path / "t.csv")))


def test_a_cell_without_end_fails_its_row_alone(tmp_path):
    corpus = load_table(tmp_path, f"id,year,genre,chords\na,1970,pop,{'C ' * 600_000}\nb,1971,pop,{CHORDS}\n")
    assert sorted(t.status for t in corpus.entries) == ["failed", "ok"]
    assert "field limit" in next(t.reason for t in corpus.entries if t.status == "failed")


def test_a_row_without_chords_and_path_fails_alone(tmp_path):
    rows = make_rows(4)
    rows[1]["chords"] = " "
    corpus = load_corpus(write_corpus(tmp_path / "a", rows))
    assert [t.track_id for t in corpus.entries if t.status == "failed"] == [rows[1]["track_id"]]


def test_a_row_that_names_an_unknown_reader_fails_alone(tmp_path):
    rows = make_rows(4)
    rows[1]["reader"] = "gramophone"
    corpus = load_corpus(write_corpus(tmp_path / "a", rows))
    assert [t.reason for t in corpus.entries if t.status == "failed"] == ["tracks.csv line 3: no reader 'gramophone'"]


def test_a_table_of_100_000_columns_is_read(tmp_path):
    many = ",".join(f"c{i}" for i in range(100_000))
    corpus = load_table(tmp_path, f"id,year,genre,chords,{many}\na,1970,pop,{CHORDS},{'x,' * 99_999}x\n")
    assert corpus.entries[0].status == "ok"
    assert len(refusal_of_columns(tmp_path, many)) < 600


def refusal_of_columns(folder, many):
    (folder / "wide.csv").write_text(many + "\n" + "x," * 99_999 + "x\n")
    message = refusal(folder / "wide.csv")
    assert "no column 'chords' or 'path'" in message and "99,988 more" in message
    return message


def test_titles_and_ids_of_strangers_are_harmless_in_the_table(tmp_path):
    title = "<script>alert(1)</script>"
    rows = [{"track_id": "=cmd|' /C calc'!A0", "title": title, "year": "1970", "genre": "pop", "chords": CHORDS}]
    table = load_corpus(write_corpus(tmp_path / "a", rows)).tracks
    assert table.loc[0, "track_id"] == "small/=cmd|' /C calc'!A0"
    assert table.loc[0, "title"] == title  # escaping is the page's matter


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_a_manifest(tmp_path, data):
    (tmp_path / "t.csv").write_bytes(b"id,year,genre,chords\n" + data)
    try:
        table = track_table([load_corpus(tmp_path / "t.csv")])
    except MusictrendError as error:
        assert "\n" not in str(error)
    else:
        assert table["track_id"].is_unique
        table["title"].str.encode("utf-8")


# --- a corpus that cannot be used as a whole: one line


def test_nothing_in_it_is_nothing_usable(tmp_path):
    (tmp_path / "t.csv").write_text("track_id,year,genre,chords\n")
    with pytest.raises(NothingUsableError, match="no rows below the header"):
        load_corpus(tmp_path / "t.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingUsableError, match="not a corpus"):
        load_corpus(tmp_path / "empty")


def test_a_manifest_of_no_bytes_is_one_line(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"")
    assert "empty file" in refusal(tmp_path / "t.csv")


def test_a_missing_column_says_what_there_is_and_how_to_rename(tmp_path):
    (tmp_path / "t.csv").write_text("id,year,genre,akkorde\na,1970,pop,C G\n")
    message = refusal(tmp_path / "t.csv")
    assert "id, year, genre, akkorde" in message and "[columns]" in message


def test_a_missing_year_column_is_a_problem_and_the_tracks_stay(tmp_path):
    corpus = load_table(tmp_path, f"id,chords\na,{CHORDS}\n")
    assert len(corpus) == 1
    assert [r.split(" (")[0] for r in reasons(corpus)] == ["no column 'year'", "no column 'genre'"]


def test_a_name_that_is_no_corpus_says_which_there_are(tmp_path):
    assert "planted" in refusal("no-such-corpus")
    assert "no folder, file or corpus" in refusal(tmp_path / "nowhere")


def test_pipes_and_devices_are_no_corpora(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    refusal(tmp_path / "pipe.csv")
    refusal("/dev/zero")
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "tracks.csv")
    (tmp_path / "a" / "corpus.toml").write_text('tracks = "tracks.csv"')
    assert "no file at 'tracks.csv'" in refusal(tmp_path / "a")


def test_a_manifest_of_a_gigabyte_is_refused_unread(tmp_path):
    with open(tmp_path / "t.csv", "wb") as file:
        file.write(b"id,year,genre,chords\n")
        file.truncate(2**30)
    assert "1,073,741,824 bytes" in refusal(tmp_path / "t.csv")


@pytest.mark.parametrize("place", ["../outside.csv", "/etc/passwd", "link.csv", "folder", "none.csv", ""])
def test_a_manifest_outside_the_corpus_is_refused(tmp_path, place):
    (tmp_path / "outside.csv").write_text(f"id,chords\na,{CHORDS}\n")
    root = tmp_path / "a"
    (root / "folder").mkdir(parents=True)
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    (root / "corpus.toml").write_text(f'tracks = "{place}"')
    refusal(root)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("name = ", "not TOML"),
        ("\x00", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ("name = 5", "must be text"),
        ('name = "a/b"', "without slashes"),
        ('name = "../a"', "without slashes"),
        ('name = "=a"', "without slashes"),
        ('name = "a\\nb"', "without slashes"),
        (f'name = "{"a" * 200}"', "without slashes"),
        ("tracks = 7", "must be text"),
        ("synthetic = 'yes'", "true or false"),
        ("segments = ['pop']", "must be a [table]"),
        ("[segments]\npop = 5", "must be a list"),
        ("[segments]\n'*' = 'all'", "must be 'pop'"),
        ("columns = []", "must be a [table]"),
        ("[columns]\nyear = 5", "must be text"),
        ("[genres]\nrock = 5", "must be text"),
        ("[genres]\nrock = [5]", "must be text"),
        ("year_kind = 'vintage'", "must be one of"),
        ("reader = 'gramophone'", "must be one of"),
        ("dialect = 'klingon'", "must be one of"),
        ("encoding = 8", "must be text"),
        ("files = 'all'", "must be a list"),
    ],
)
def test_settings_of_another_kind_are_one_line(tmp_path, toml, words):
    root = write_corpus(tmp_path / "a", make_rows(3))
    (root / "corpus.toml").write_text(toml)
    assert words in refusal(root)


def test_a_setting_that_nobody_reads_is_told(tmp_path):
    root = write_corpus(tmp_path / "a", make_rows(3), settings=SETTINGS.replace("[segments]", "[segment]"))
    assert reasons(load_corpus(root)) == ["no setting 'segment'; close: segments"]


def test_a_broken_corpus_beside_others_does_not_hide_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "corpora" / "good", make_rows(3), name="good")
    (tmp_path / "corpora" / "bad").mkdir()
    (tmp_path / "corpora" / "bad" / "corpus.toml").write_text("name = ")
    assert len(load_corpus("good")) == 3
    assert "not TOML" in refusal("bad")


def test_a_folder_without_permission_is_one_line(tmp_path, monkeypatch):
    root = write_corpus(tmp_path / "a", make_rows(3))

    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    message = refusal(root)
    assert "Permission denied" in message and "cannot be opened" in message


def test_the_same_song_twice_in_a_corpus_counts_once_at_its_earliest_year(tmp_path):
    rows = make_rows(3)
    for row, year in zip(rows, ("1980", "1970", "1990"), strict=True):
        row |= {"title": "The Song", "artist": "Somebody", "year": year}
    table = load_corpus(write_corpus(tmp_path / "a", rows)).tracks.set_index("track_id")
    kept = f"small/{rows[1]['track_id']}"
    assert table["duplicate_of"].isna()[kept]
    assert set(table["duplicate_of"].dropna()) == {kept}


def test_an_empty_name_is_not_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(write_corpus(tmp_path / "a", make_rows(3)))
    assert len(load_corpus(".")) == 3
    assert "no folder, file or corpus ''" in refusal("")
