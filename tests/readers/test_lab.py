"""Harte .lab: what is read, and what is refused with a place and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.readers import get_reader, reader_for_file
from musictrend.corpus.readers.lab import parse_lab
from musictrend.errors import ReaderError

FIXTURES = Path(__file__).parent / "fixtures"
LABELS = st.sampled_from(["N", "X", "C:maj", "Bb:min7/b3", "F#:7(*5,#9)", "D:(3,5)", "Eb"])


@given(
    st.lists(st.tuples(st.integers(1, 5000), LABELS), min_size=1, max_size=40),
    st.sampled_from(["\t", " ", "   "]),
)
def test_every_written_chord_comes_back_in_time(chords, blank):
    lines, now = [], 0
    for length, label in chords:
        lines.append(f"{now / 1000}{blank}{(now + length) / 1000}{blank}{label}")
        now += length
    song = parse_lab("# a comment\n\n" + "\n".join(lines) + "\n")
    assert song.symbols == [label for _, label in chords]
    assert song.durations == pytest.approx([length / 1000 for length, _ in chords])
    assert song.onsets[-1] + song.durations[-1] == pytest.approx(now / 1000)
    assert song.places[0] == "line 3"
    assert not song.warnings


def test_a_file_is_one_track_named_after_it():
    path = FIXTURES / "mcgill_billboard" / "lab" / "0011" / "full.lab"
    song = get_reader("lab").read_file(path)[0]
    assert (song.track_id, song.unit, song.dialect, song.bars) == ("full", "seconds", "harte", None)
    assert song.symbols == ["N", "Bb:maj6(9)/3", "Eb:7(*5,#9)"]
    assert reader_for_file(path).name == "lab"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("0.0 1.0 C:maj\n1.0 G:maj\n", "line 2", "no chord line"),
        ("0.0 1.0 C:maj\n3.0 2.0 G:maj\n", "line 2", "backwards"),
        ("nan 1.0 C:maj\n", "line 1", "nowhere"),
        ("-1 1.0 C:maj\n", "line 1", "nowhere"),
        ("0 26122670000 N\n", "line 1", "no music lasts"),
        ("<html>not found</html>\n", "line 1", "no chord line"),
        ("# nothing\n\n", "", "no chord"),
    ],
)
def test_what_is_no_lab_file_is_refused_with_its_line(text, place, words):
    with pytest.raises(ReaderError, match=words) as caught:
        parse_lab(text)
    assert caught.value.place == place
    assert caught.value.hint or "backwards" in words or "nowhere" in words


def test_a_chord_of_no_length_is_left_out_and_told():
    song = parse_lab("0 1 C:maj\n1 1 G:7\n1 2 F:maj\n")
    assert song.symbols == ["C:maj", "F:maj"]
    assert song.warnings == [("line 2", "chord 'G:7' lasts 0 s: left out")]


def test_an_overlap_is_kept_and_told():
    song = parse_lab("0 2 C:maj\n1 3 G:7\n")
    assert song.symbols == ["C:maj", "G:7"]
    assert "before the last one ends" in song.warnings[0][1]


def test_reduced_mirex_labels_of_billboard_are_read(real_corpus):
    root = real_corpus("mcgill_billboard")
    reader = get_reader("lab")
    paths = sorted((root / "mirex").glob("*/majmin7.lab"))
    assert len(paths) == 604
    qualities = set()
    for path in paths[::10]:
        qualities |= {symbol.partition(":")[2].partition("/")[0] for symbol in reader.read_file(path)[0].symbols}
    assert qualities <= {"", "maj", "min", "maj7", "min7", "7"}
