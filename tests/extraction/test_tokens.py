"""The byte tokenizer gives what Python's csv, the reader and the dialect give, row by row."""

from __future__ import annotations

import csv
import io
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.readers import get_reader
from musictrend.corpus.readers.chordstrings import parse_chord_string
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.extraction import tokens
from musictrend.extraction.annotation import SymbolReader
from musictrend.extraction.tokens import tokenize_table
from musictrend.harmony import ChordSequence, ChordTable, read_symbol

READER = get_reader("chordonomicon")
COLUMNS = ["id", "chords", "release_date", "genres", "decade", "rock_genre", "artist_id", "main_genre"]
ARRAYS = ("offsets", "label", "onset", "duration", "bars", "key_tonic", "key_mode", "confidence")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def row_by_row(root, prefix=""):
    """Table, failures and problems as the reader and the symbol reader give them."""
    tracks = list(READER.list_tracks(root))
    symbols, sequences, failures = SymbolReader(), [], {}
    good = [track for track in tracks if track.status == "ok"]
    annotations = iter(READER.read(root, good))
    for number, track in enumerate(tracks):
        track_id = prefix + track.track_id
        sequence = ChordSequence((), track_id=track_id)
        if track.status == "failed":
            failures[number] = track.reason
        else:
            annotation = next(annotations)
            annotation.track_id = track_id
            try:
                sequence = symbols.read(annotation, track.path)
            except (ReaderError, *MALFORMED) as error:
                failures[number] = as_reader_error(error).reason
        sequences.append(sequence)
    return ChordTable.from_sequences(sequences), failures, symbols.problems, [int(t.part) for t in tracks]


def check_equal(path, prefix=""):
    table, failures, problems, places = row_by_row(path.parent, prefix)
    found = tokenize_table(path, prefix=prefix, columns=("main_genre", "not there"))
    assert found.chords.track_ids == table.track_ids
    assert found.chords.units == table.units
    assert found.chords.labels.text == table.labels.text
    for name in ARRAYS:
        ours, theirs = getattr(found.chords, name), getattr(table, name)
        assert ours.dtype == theirs.dtype, name
        np.testing.assert_array_equal(ours, theirs, name)
    for name in ("root", "bass", "bitmap", "chroma"):
        np.testing.assert_array_equal(getattr(found.chords.labels, name), getattr(table.labels, name))
    assert {row: error.reason for row, error in found.failures.items()} == failures
    assert found.problems == problems
    assert found.begin.tolist() == places
    assert found.cells["not there"] == [""] * len(places)
    return found


def write(folder, data: bytes):
    path = folder / "chordonomicon_v2.csv"
    path.write_bytes(data)
    return path


def as_csv(columns, rows, **dialect) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows([columns, *rows])
    return text.getvalue().encode()


SYMBOLS = st.sampled_from(
    ["C", "G/B", "Amin", "F", "Csus4", "Fsmin7", "Bno3d", "Dmaj1311s/Fs", "Cb9", "Db79", "H", "Cmaj99", "n", "Q7sus4/Z", "X",
     "Gsmin7b5add11sus4/As", "é", "|", ",", ";", "%", "F,", '"live"', "x\x00y", "-", "(C", "C>", "<", "\x1f", "\u2028"]
)  # fmt: skip
MARKS = st.sampled_from(["<verse_1>", "<chorus>", "< bridge 2 >", "<a,b>", "<é>", "<>", "<un", "<x\ny>"])
BLANKS = st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "\r", "", "\x0b"])
PLAIN = st.lists(st.sampled_from(["C", "Amin", "F", "G7", "<verse_1>", "E/Gs"]), max_size=8).map(" ".join)
CHORDS = PLAIN | st.lists(st.tuples(SYMBOLS | MARKS, BLANKS), max_size=8).map(lambda p: "".join(a + b for a, b in p))
TEXT = st.text(st.sampled_from('ab1 ,"\n\ré;'), max_size=6) | st.sampled_from(["", "pop", "1971-02-03", " 7 "])


@st.composite
def tables(draw) -> bytes:
    """A CSV as some program writes it, with lines in it that no program should."""
    columns = draw(st.permutations(COLUMNS).map(list))
    columns = [c for c in columns if c == "chords" or draw(st.integers(0, 5))]
    rows = draw(st.lists(st.tuples(CHORDS, st.lists(TEXT, min_size=8, max_size=8)), max_size=6))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = []
    for chords, cells in rows:
        row = [chords if c == "chords" else cell for c, cell in zip(columns, cells, strict=False)]
        lines.append(as_csv(row, [], quoting=quoting, lineterminator=end))
        if not draw(st.integers(0, 3)):
            lines.append(draw(st.sampled_from(
                [b"too,few\n", b"\n", b"  \r\n", b'1,"open\n', b'"a"b,C\n', b"\xff\xfe,C\n", b"a\rb\n", b'""\r\r\n', b'x"y,C\n',
                 b'7,"C "" G",,,,,,\n', b'7,"C\nG" ,,\n', b'"C\nG"\rF\n']
            )))  # fmt: skip
    bom = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    data = bom + ",".join(columns).encode() + end.encode() + b"".join(lines)
    return data.rstrip(b"\n") if draw(st.booleans()) else data


@given(data=tables(), prefix=st.sampled_from(["", "songs/"]))
@settings(max_examples=250)
def test_any_table_gives_what_the_reader_gives_row_by_row(folder, data, prefix):
    check_equal(write(folder, data), prefix)


@given(data=tables(), seed=st.integers(0, 99))
@settings(max_examples=100)
def test_bytes_that_were_damaged_are_read_as_the_reader_reads_them(folder, data, seed):
    chance = random.Random(seed)
    head = data.index(b"\n") + 1 if b"\n" in data else len(data)
    broken = bytearray(data)
    for _ in range(min(5, len(data) - head)):
        broken[chance.randrange(head, len(data))] = chance.choice(b'",\n\r\xff <C|')
    check_equal(write(folder, bytes(broken)))


@given(rows=st.lists(st.tuples(CHORDS, TEXT), max_size=8), end=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=100)
def test_cells_are_those_of_pythons_csv_module(folder, rows, end):
    rows = [(chords.replace("\x00", ""), text) for chords, text in rows]
    data = as_csv(["chords", "main_genre"], rows, quoting=csv.QUOTE_ALL, lineterminator=end)
    found = tokenize_table(write(folder, data), columns=("main_genre",))
    expected = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert found.cells["main_genre"] == [row["main_genre"] for row in expected]
    for i, row in enumerate(expected):
        labels = [read_symbol(s, "chordonomicon")[0].label for s in parse_chord_string(row["chords"])[0]]
        told = found.chords.sequence(i).labels
        assert told == ([] if set(labels) == {"X"} else labels)


def test_small_blocks_give_the_same_table_as_large_ones(folder, monkeypatch):
    chance = random.Random(1)
    words = ["C", "Amin", "F", "G7", "<verse_1>", "Dmin7/C", "Hx"]
    rows = [
        [str(i), " ".join(chance.choices(words, k=chance.randrange(40))) + ("\n" if i % 7 == 0 else ""), f"g{i},"]
        for i in range(300)
    ]
    data = as_csv(["id", "chords", "main_genre"], rows)
    path = write(folder, data)
    whole = check_equal(path)
    for block in (64, 1000, 4096):
        monkeypatch.setattr(tokens, "BLOCK", block)
        cut = tokenize_table(path, columns=("main_genre",))
        assert cut.cells["main_genre"] == whole.cells["main_genre"]
        np.testing.assert_array_equal(cut.chords.label, whole.chords.label)
        np.testing.assert_array_equal(cut.begin, whole.begin)
        assert cut.problems == whole.problems


def test_the_table_of_symbols_grows_with_what_is_met(folder):
    names = [f"C{i}" for i in range(20_000)]
    rows = [[str(i), " ".join(["C", *names[i : i + 50]])] for i in range(0, len(names), 50)]
    found = tokenize_table(write(folder, as_csv(["id", "chords"], rows)))
    read = [read_symbol(name, "chordonomicon")[0].label for name in names]
    assert found.chords.n_chords == len(names) + len(rows)
    told = [found.chords.labels.text[c] for c in found.chords.label if found.chords.labels.text[c] != "X"]
    assert len(told) == len(rows) + sum(label != "X" for label in read)


def test_unread_symbols_are_counted_with_their_first_place(folder):
    data = b"id,chords\n7,<verse_1> C H7 F <chorus_1> H7\n8,H H\n"
    found = tokenize_table(write(folder, data), prefix="songs/")
    assert [(p.track_id, p.place, p.reason) for p in found.problems] == [
        ("songs/7", "verse_1", "2 of 4 symbols cannot be read: 'H7'")
    ]
    assert found.failures[1].reason.startswith("none of its 2 symbols can be read")
    assert found.chords.sequence(0).labels == ["C:maj", "X", "F:maj", "X"]


def test_endless_lines_are_refused_and_long_rows_are_not(folder):
    with pytest.raises(UnsafeFileError, match="a line of more than"):
        tokenize_table(write(folder, b"id,chords\n1," + b"C " * 3_000_000))
    found = tokenize_table(write(folder, b"id,chords\n1," + b"C " * 500_000 + b"\n2," + b"C " * 600_000 + b"\n3,G\n"))
    assert found.chords.lengths.tolist() == [500_000, 0, 1]
    assert "field larger than field limit" in found.failures[1].reason
    assert row_by_row(folder)[1] == {1: found.failures[1].reason}


def test_a_table_without_chords_is_refused(folder):
    with pytest.raises(ReaderError, match="no column 'chords'"):
        tokenize_table(write(folder, b"id,progression\n1,C G\n"))
    assert tokenize_table(write(folder, b"id,chords\n")).chords.n_tracks == 0


def test_a_chord_takes_four_bytes_however_many_there_are(folder):
    row = b"<verse_1> " + b"C G Amin F " * 200
    data = b"id,chords\n" + b"".join(b"%d,%s\n" % (i, row) for i in range(3000))
    table = tokenize_table(write(folder, data)).chords
    held = [c for c in table.__dict__.values() if isinstance(c, np.ndarray) and c.strides != (0,)]
    assert table.n_chords == 2_400_000
    assert sum(c.nbytes for c in held) < 4.1 * table.n_chords


def test_a_corpus_that_is_one_table_has_the_chords_its_tracks_have_one_by_one(folder):
    from musictrend.corpus.manifest import load_corpus
    from musictrend.extraction.batches import Batch, _read_tracks
    from musictrend.extraction.tokens import read_whole_table

    chance = random.Random(4)
    words = ["C", "Amin", "F", "G7", "<verse_1>", "Dmin7/C", "Hx", "é", "C,"]
    columns = [*COLUMNS, "spotify_song_id"]
    rows = [
        [str(chance.randrange(90)), " ".join(chance.choices(words, k=chance.randrange(9))), *[""] * 7]
        for _ in range(120)
    ]
    data = as_csv(columns, rows) + b"x,too,few\n"
    corpus = load_corpus(write(folder, data))
    tracks = tuple(track for track in corpus.entries if track.status == "ok")
    assert len(tracks) < len(corpus.entries) == 121  # ids that are used again, and the broken row
    batch = Batch(corpus.name, str(corpus.root), corpus.reader, tracks)
    slow = _read_tracks(batch)
    chords, reasons, problems = read_whole_table(corpus.name, corpus.root, tracks)
    assert (chords.track_ids, reasons) == (slow.chords.track_ids, slow.reasons)
    assert [s.labels for s in chords] == [s.labels for s in slow.chords]
    assert sorted(map(repr, problems)) == sorted(map(repr, slow.problems))

    write(folder, data.replace(b"\n", b"\nnew,C,,,,,,,\n", 1))  # every row is elsewhere now
    chords, reasons, _ = read_whole_table(corpus.name, corpus.root, tracks)
    assert chords.n_chords == 0
    assert set(reasons) == set(chords.track_ids)
    assert all("is not where it was" in reason for reason in reasons.values())
