"""From symbols as written to chords; what cannot be read is X, counted, with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_corpora import make_rows, write_corpus

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers.lab import READER as LAB
from musictrend.errors import ReaderError
from musictrend.extraction import extract, extract_corpora, extract_corpus, write_chords
from musictrend.extraction.annotation import SymbolReader
from musictrend.extraction.batches import BATCH, batch_hashes
from musictrend.harmony import ChordSequence, Key


def read(*symbols, dialect="harte", **more):
    reader = SymbolReader()
    return reader.read(Annotation("a", list(symbols), dialect, **more)), reader.problems


def test_what_cannot_be_read_is_x_with_its_count_and_first_place():
    sequence, problems = read("C:maj", "C:blub", "G:7", "C:blub", places=["bar 1", "bar 2", "bar 3", "bar 4"])
    assert sequence.labels == ["C:maj", "X", "G:7", "X"]
    assert [(p.place, p.reason) for p in problems] == [("bar 2", "2 of 4 symbols cannot be read: 'C:blub'")]
    assert "--dialect harte" in problems[0].hint


def test_a_track_without_one_readable_symbol_fails():
    with pytest.raises(ReaderError, match="none of its 2 symbols can be read") as caught:
        read("foo", "bar")
    assert "another dialect" in caught.value.hint


def test_silence_is_read_and_is_no_failure():
    assert read("N", "N")[0].labels == ["N", "N"]


def test_a_track_without_symbols_fails():
    with pytest.raises(ReaderError, match="no chord symbols"):
        read()


def test_what_a_reader_could_not_read_is_raised_as_it_was():
    with pytest.raises(ReaderError, match="it broke"):
        SymbolReader().read(Annotation.failed("a", ReaderError("it broke")))


def test_roman_numerals_are_read_in_the_key_of_their_place():
    keys = [Key.parse("C:major"), Key.parse("A:major")]
    sequence, _ = read("V7", "V7", dialect="romantext", keys=keys)
    assert sequence.labels == ["G:7", "E:7"]
    assert sequence.keys == tuple(keys)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"onsets": [0.0]}, "1 onsets for 2 symbols"),
        ({"durations": [1.0, -1.0]}, "ends before it begins"),
        ({"durations": [1.0, float("nan")]}, "not finite"),
        ({"onsets": [0.0, float("inf")]}, "not finite"),
    ],
)
def test_impossible_times_fail_the_track(times, words):
    with pytest.raises(ReaderError, match=words):
        read("C", "G", unit="seconds", **times)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8))
def test_every_symbol_gives_one_chord_whatever_it_is(symbols):
    try:
        sequence, problems = read("C:maj", *symbols)
    except ReaderError:
        pytest.fail("one readable symbol is enough")
    assert len(sequence) == len(symbols) + 1
    assert sequence.labels.count("X") >= len(problems)


# --- many tracks


def chords_of(folder, rows, settings=None, **options):
    corpus = load_corpus(write_corpus(folder, rows, **({"settings": settings} if settings else {})))
    return extract_corpora([corpus], **options)


def inline(chords, **more):
    return {"track_id": "a", "year": "1970", "genre": "pop", "chords": chords} | more


@pytest.mark.parametrize(
    ("chords", "labels"),
    [
        ("C:maj G:7/3 N", ["C:maj", "G:7/3", "N"]),
        ("<verse_1> C Fsmin Amin/Cs", ["C:maj", "F#:min", "A:min/3"]),
        ("C F#m Bb7 Gsus4", ["C:maj", "F#:min", "Bb:7", "G:sus4"]),
        ("| C | % | G7 |", ["C:maj", "C:maj", "G:7"]),
    ],
)
def test_the_dialect_of_chords_in_a_manifest_is_told_from_the_symbols(tmp_path, chords, labels):
    result = chords_of(tmp_path, [inline(chords)])
    texts = [result.chords.labels.text[code] for code in result.chords.label]
    assert texts == labels
    assert result.problems == []


def test_a_stated_dialect_wins(tmp_path):
    stated = 'name = "small"\ndialect = "ireal"\n'
    result = chords_of(tmp_path, [inline("C^7 Dh7 G7alt")], stated)
    assert result.problems == []
    assert result.chords.labels.text[1] == "D:hdim7"


def test_the_key_of_a_row_is_the_key_of_its_chords(tmp_path):
    table = chords_of(tmp_path, [inline("C:maj G:7 C:maj", key="G:major")]).chords
    assert set(table.key_tonic.tolist()) == {7}


def test_a_track_that_fails_leaves_the_others_and_has_no_chords(tmp_path):
    rows = make_rows(6)
    rows[2]["chords"] = "not one of these words"
    rows[3]["path"], rows[3]["chords"] = "../../etc/passwd", ""
    rows[4]["path"], rows[4]["chords"] = "song.xyz", ""
    (tmp_path / "song.xyz").write_text("?")
    result = chords_of(tmp_path, rows)
    failed = {f"small/{rows[i]['track_id']}" for i in (2, 3, 4)}
    assert set(result.reasons) == failed
    assert {p.track_id for p in result.problems} == failed
    for track_id, n in zip(result.chords.track_ids, result.chords.lengths, strict=True):
        assert (n == 0) == (track_id in failed)


def test_a_reader_that_breaks_off_fails_its_tracks_and_no_others(tmp_path, monkeypatch):
    rows = make_rows(6)
    for i in (1, 2, 3):
        rows[i]["path"], rows[i]["chords"] = f"{i}.lab", ""
        (tmp_path / f"{i}.lab").write_text("0 1 C:maj\n1 2 G:7\n")
    read_track = type(LAB).read_track

    def read(self, root, tracks):
        for track in tracks:
            if track.path == "1.lab":
                raise KeyError("an index that is broken")
            yield read_track(self, root, track)

    monkeypatch.setattr(type(LAB), "read", read)
    result = chords_of(tmp_path, rows)
    # in the order of their ids: folk-002 (2.lab) before jazz-001 (1.lab) and pop-003 (3.lab)
    assert set(result.reasons) == {"small/jazz-001", "small/pop-003"}
    assert all("an index that is broken" in reason for reason in result.reasons.values())


def test_a_pipe_as_a_chord_file_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.lab")
    result = chords_of(tmp_path, [inline("", path="pipe.lab"), inline("C G", track_id="b")])
    assert list(result.reasons) == ["small/a"]


def test_finished_batches_are_found_again(tmp_path, monkeypatch):
    keep = tmp_path / "keep"
    keep.mkdir()
    rows = make_rows(9)
    first = chords_of(tmp_path / "c", rows, keep=keep)
    assert len(list(keep.glob("*.parquet"))) == 1
    monkeypatch.setattr("musictrend.extraction.batches._read_tracks", lambda batch: pytest.fail("read again"))
    again = extract_corpora([load_corpus(tmp_path / "c")], keep=keep)
    assert again.chords.track_ids == first.chords.track_ids
    assert (again.chords.label == first.chords.label).all()
    assert again.problems == first.problems


def test_a_kept_batch_that_is_damaged_is_read_again(tmp_path):
    keep = tmp_path / "keep"
    keep.mkdir()
    first = chords_of(tmp_path / "c", make_rows(9), keep=keep)
    for file in keep.iterdir():
        file.write_bytes(file.read_bytes()[:50])
    again = extract_corpora([load_corpus(tmp_path / "c")], keep=keep)
    assert (again.chords.label == first.chords.label).all()


def test_a_changed_file_changes_the_hash_of_its_batch(tmp_path):
    lab = tmp_path / "a.lab"
    lab.write_text("0 1 C:maj\n")
    write_corpus(tmp_path, [inline("", path="a.lab")])
    before = batch_hashes([load_corpus(tmp_path)])
    assert batch_hashes([load_corpus(tmp_path)]) == before
    lab.write_text("0 1 D:maj\n")
    assert batch_hashes([load_corpus(tmp_path)]) != before


def test_the_table_of_chords_does_not_depend_on_workers(tmp_path):
    corpus = load_corpus(write_corpus(tmp_path, make_rows(2 * BATCH + 7, events=8)))
    alone = extract_corpora([corpus], jobs=1, executor="local")
    from musictrend.extraction import batches

    before, batches.FEW = batches.FEW, 0
    try:
        shared = extract_corpora([corpus], jobs=2)
    finally:
        batches.FEW = before
    assert alone.chords.labels.text == shared.chords.labels.text
    for name in ("offsets", "label", "onset", "duration", "key_tonic"):
        assert (getattr(alone.chords, name) == getattr(shared.chords, name)).all(), name


# --- one file


def test_chords_written_to_a_file_are_read_back(tmp_path):
    sequence = ChordSequence.from_labels(["C", "A:min7/b3", "N", "G:7"], key="C:major", track_id="song")
    for name in ("a.lab", "a.jams", "a.csv"):
        write_chords(sequence, tmp_path / name)
        again = extract(tmp_path / name)
        assert again.labels == sequence.labels, name
        assert again.onsets.tolist() == [0, 1, 2, 3]
    assert again.keys == sequence.keys


def test_a_table_of_chords_that_is_broken_is_one_line(tmp_path):
    path = tmp_path / "a.csv"
    for text, words in (("label\nblub\n", "blub"), ("chord\nC\n", "no column 'label'"), ("label,key_tonic,key_mode\nC,x,major\n", "x"),
                        ("label,onset\nC,soon\n", "soon")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ReaderError, match=words) as caught:
            extract(path)
        assert "\n" not in str(caught.value)


def test_extract_corpus_gives_one_row_a_track(tmp_path):
    corpus = load_corpus(write_corpus(tmp_path, make_rows(5)))
    table = extract_corpus(corpus)
    assert table.track_ids == tuple(corpus.tracks["track_id"])
