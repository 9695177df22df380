"""ABC: chord symbols in quotes, and books of tunes, one track a tune."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend import load_corpus
from musictrend.corpus.annotation import Annotation
from musictrend.corpus.readers.abc_tunes import READER
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import NoSymbolsError, ReaderError
from musictrend.extraction.batches import extract_corpora
from musictrend.extraction.file import extract

HEAD = "X:{x}\nT:Small {x}\nC:A. Tester\nR:Reel % fast\nM:{metre}\nL:1/4\nK:{key}\n"
SONG = '"G"G2 B2|"C"c2 "D7"A2|"G"[GBd]4:|'


def tune(music, x=1, metre="4/4", key="G"):
    return HEAD.format(x=x, metre=metre, key=key) + music + "\n"


@pytest.fixture
def read(tmp_path):
    def read(music, **options):
        (tmp_path / "tune.abc").write_text(tune(music, **options), encoding="utf-8")
        return READER.read_file(tmp_path / "tune.abc")[0]

    return read


@pytest.fixture
def book(tmp_path):
    prose = "Some prose: a bad egg, added by Ed.\n\n"
    text = (
        "M:3/4\n\n"
        + tune(SONG, 1)
        + "\n"
        + prose
        + tune("CDEF|GABc|\n\n" + prose, 7, key="Am")
        + tune(SONG, 7, key="D")
    )
    (tmp_path / "book.abc").write_text(text, encoding="utf-8")
    return tmp_path / "book.abc"


def test_symbols_stand_with_their_notes_and_repeats_are_unfolded(read):
    song = read(SONG)
    assert song.symbols == ["G", "C", "D7", "G"] * 2
    assert (song.unit, list(song.onsets)) == ("quarters", [0, 4, 6, 8, 12, 16, 18, 20])
    assert list(song.durations) == [4, 2, 2, 4] * 2 and list(song.bars) == [1, 0.5, 0.5, 1] * 2
    assert (song.title, song.artist, song.genres) == ("Small 1", "A. Tester", ("reel",))
    assert {str(key) for key in song.keys} == {"G:major"} and song.places[0] == "line 8"


def test_endings_pickups_and_symbols_over_one_note(read):
    song = read('"D7"A|:"G"G3 A|1 "C""D7"A4:|2 "G"G4|]')
    assert list(zip(song.symbols, song.onsets, strict=True)) == [
        ("D7", 0), ("G", 1), ("C", 5), ("D7", 7), ("G", 9), ("G", 13),
    ]  # fmt: skip


def test_modes_and_changes_of_key_are_local_keys(read):
    song = read('"Em"E4|"A"A4|[K:D mix]"D"D4|"C"C4|', key="Edor")
    assert [str(key) for key in song.keys] == ["E:minor", "E:minor", "D:major", "D:major"]
    assert read('"C"C4|"F"F4|"C"C4|', key="none").keys is None


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("Am/c", "Am/C"), ("G(Em)", "G"), ("C;intro", "C"), ("F#m7b5", "F#m7b5"), ("Bbmaj7", "Bbmaj7"), ("N.C.", "N.C."),
     ("C(add9)", "C(add9)"), ("Edim", "Edim"), ("C6/9", "C6/9")],
)  # fmt: skip
def test_a_symbol_is_kept_as_written(read, text, symbol):
    assert read(f'"{text}"C4|"F"F4|"C"C4|').symbols[0] == symbol


@pytest.mark.parametrize(
    "text", ["^C", "_D.C.", "Fine", "D.C.", "Boldly.", "Collected by Ennis", "4", "A MINOR", "tr", "Bis"]
)
def test_words_dynamics_and_fingerings_are_no_symbols(read, text):
    song = read(f'"{text}"C4|"F"F4|"C"C4|"G"G4|')
    assert song.symbols == ["F", "C", "G"]
    assert [text in reason for _, reason in song.warnings] == ([] if text[0] in "^_" else [True])


def test_an_unknown_symbol_is_unknown_and_never_a_guess(tmp_path):
    (tmp_path / "tune.abc").write_text(tune('"C"C4|"F"F4|"C/f+"C4|"G"G4|'), encoding="utf-8")
    assert extract(tmp_path / "tune.abc").labels == ["C:maj", "F:maj", "X", "G:maj"]


def test_rehearsal_letters_are_no_chords(read):
    with pytest.raises(NoSymbolsError, match="'A', 'B', 'C'"):
        read('"A"C4|D4|"B"E4|"C"F4|')
    assert read('"A"C4|"B"D4|"A"E4|"C"F4|').symbols == ["A", "B", "A", "C"]


def test_a_book_is_as_many_tracks_as_tunes(book):
    corpus = load_corpus(book)
    assert [t.track_id for t in corpus.entries] == ["book.abc/1", "book.abc/7", "book.abc/7(2)"]
    found = extract_corpora([corpus])
    assert found.chords.lengths.tolist() == [8, 0, 8]
    assert found.reasons == {f"{corpus.name}/book.abc/7": "monophonic: 1.00 notes sound together on average"}
    first = found.chords.sequence(0)
    assert [str(first.keys[0]), str(found.chords.sequence(2).keys[0])] == ["G:major", "D:major"]


def test_prose_between_tunes_is_no_music(book):
    assert len(read_notes(book, part="7")) == 8
    with pytest.raises(ReaderError, match="no tune X:9 among the 3"):
        read_notes(book, part="9")
    assert read_notes(book).warnings == [("file", "it holds 3 tunes: the first, X:1, is read; 'part' says another")]


def test_fields_before_the_first_tune_hold_for_all(tmp_path):
    (tmp_path / "book.abc").write_text("L:1/8\nC:Trad.\n\nX:1\nK:C\nC D|\nX:2\nL:1/4\nK:C\nC D|\n", encoding="utf-8")
    assert read_notes(tmp_path / "book.abc", part="1").duration_quarter.tolist() == [0.5, 0.5]
    assert read_notes(tmp_path / "book.abc", part="2").duration_quarter.tolist() == [1, 1]
    assert [piece.artist for piece in READER.read_labels(tmp_path / "book.abc")] == ["Trad.", "Trad."]


def test_symbols_win_and_notes_are_taken_where_there_are_none(tmp_path):
    triads = "[C,EG]4|[F,Ac]4|[G,Bd]4|[C,EG]4|"
    (tmp_path / "a.abc").write_text(tune('"Am"' + triads.replace("|", '|"E"'), key="C"), encoding="utf-8")
    (tmp_path / "b.abc").write_text(tune(triads, key="C"), encoding="utf-8")
    assert extract(tmp_path / "a.abc").labels[0] == "A:min"
    assert extract(tmp_path / "a.abc", source="notes").labels[0] == "C:maj"
    assert extract(tmp_path / "b.abc").labels == ["C:maj", "F:maj", "G:maj", "C:maj"]
    with pytest.raises(NoSymbolsError, match="no chord symbols"):
        extract(tmp_path / "b.abc", source="symbols")


def test_every_tune_of_a_real_book_is_read():
    spec = find_spec("music21")
    path = Path(next(iter(spec.submodule_search_locations))) / "corpus" / "oneills1850" / "0001-0050.abc"
    pieces = READER.read_labels(path)
    assert len(pieces) >= 50 and len({piece.track_id for piece in pieces}) == len(pieces)
    assert all(len(read_notes(path, part=piece.track_id)) > 20 for piece in pieces)
    assert pieces[0].title == "The Enchanted Valley"


def test_two_tunes_of_a_real_book_have_their_own_symbols():
    spec = find_spec("music21")
    root = Path(next(iter(spec.submodule_search_locations))) / "corpus"
    found = [p for path in root.rglob("reelsa-c.abc") for p in READER.read_file(path) if p.problem is None]
    assert [piece.symbols[:3] for piece in found] == [["D", "Em", "A"], ["Am", "E7", "Am"]]


TOKENS = ['"C"', '"Am7"', '"^x"', '"Fine"', '"G(Em)"', '"', "|", "||", "|:", ":|", "::", "[1", "|2", "A", "b2", "D,/", "z", "Z2",
          "[CE]", "(3", "<", ">>", "-", "&", "\n", "\n\n", "X:1\n", "K:D mix\n", "[K:Gm]", "M:none\n", "V:2\n", "[V:1]", "%"]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_however_a_tune_is_written_its_chords_follow_each_other(tmp_path_factory, tokens):
    path = tmp_path_factory.mktemp("abc") / "a.abc"
    path.write_text(tune('"C"C4|"F"F4|"G"G4|' + "".join(tokens)), encoding="utf-8")
    for piece in read_all(path):
        if piece.problem is None:
            assert len(piece.symbols) == len(piece.onsets) == len(piece.bars)
            assert all(length >= 0 for length in piece.durations)
            assert list(piece.onsets) == sorted(piece.onsets)
        else:
            assert not piece.problem.reason.startswith("malformed")


def read_all(path):
    try:
        return READER.read_file(path)
    except ReaderError as error:  # one tune alone
        return [Annotation.failed("a", error)]
