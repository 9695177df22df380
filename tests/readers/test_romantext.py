"""RomanText analyses: beats, copies, repeats, pivots, and what strangers write."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.readers.romantext import READER, parse_analysis
from musictrend.errors import ReaderError
from musictrend.harmony import read_symbol

SONG = """\
Composer: A. Tester
Title: Song without Words
Analyst: nobody
Note: m1 is a joke
Time Signature: 3/4

m0 b3 C: V
m1 I b2.5 IV
m2 V65/V b3 V
m2var1 ii6
m4 I || G: IV b3 V7
m5-6 = m1-2
Time Signature: 6/8
m7 g: i b2 V
"""


def notes(text):
    a = parse_analysis(text)
    return list(zip(a.symbols, a.onsets, [str(k) for k in a.keys], strict=True))


def test_beats_bars_and_keys_of_a_small_analysis():
    a = parse_analysis(SONG)
    assert a.title == "Song without Words" and a.artist == "A. Tester"
    assert a.symbols == ["V", "I", "IV", "V65/V", "V", "IV", "V7", "I", "IV", "V65/V", "V", "i", "V"]
    # The upbeat is beat 3 of a bar of three; bar 3 is not written and sounds on.
    assert a.onsets == [0, 1, 2.5, 4, 6, 10, 12, 13, 14.5, 16, 18, 19, 20.5]
    assert a.durations[4] == 4.0 and sum(a.durations) == pytest.approx(22.0)
    assert sum(a.bars) == pytest.approx(1 / 3 + 6 + 1)
    assert a.bars[:3] == pytest.approx([1 / 3, 0.5, 0.5])
    assert [str(k) for k in a.keys][4:8] == ["C:major", "G:major", "G:major", "G:major"]
    assert str(a.keys[-1]) == "G:minor"
    assert a.places[0] == "line 7" and a.unit == "quarters" and not a.warnings


def test_a_pivot_is_one_chord_heard_in_the_new_key():
    assert notes("m1 C: I b3 vi || G: ii") == [("I", 0.0, "C:major"), ("ii", 2.0, "G:major")]


def test_copied_bars_are_read_in_the_key_reached():
    copied = notes("m1 C: I b3 V\nm2 G: I\nm3 = m1")
    assert copied[-2:] == [("I", 8.0, "C:major"), ("V", 10.0, "C:major")]  # m1 says its key itself
    assert notes("m1 C: I\nm2 V\nm3 G: I\nm4 = m2")[-1] == ("V", 12.0, "G:major")


def test_a_repeat_is_played_with_its_two_endings():
    a = parse_analysis("m1 ||: C: I\nm2 IV\nm3a V :||\nm3b I\nm4 vi")
    assert a.symbols == ["I", "IV", "V", "I", "IV", "I", "vi"]
    assert a.onsets[-1] == 24.0


def test_endings_without_a_repeat_sign_are_taken_as_written():
    assert parse_analysis("m1 C: I\nm2a V\nm2b I").symbols == ["I", "V", "I"]


@pytest.mark.parametrize(
    "metre, beat, onset",
    [("2/2", "2", 2.0), ("6/8", "2", 1.5), ("slow 6/8", "2", 0.5), ("C|", "2", 2.0), ("4/4", "2.66", 5 / 3)],
)
def test_beats_are_those_of_the_metre(metre, beat, onset):
    a = parse_analysis(f"Time Signature: {metre}\nm1 C: I b{beat} V")
    assert a.onsets[1] == pytest.approx(onset)


def test_other_editors_hands_are_read():
    a = parse_analysis("Time signature :3/4 \r\nm1 b1 Bb:I b2 V7 |\r\nm2\r\nm3 B-: ii6/5 b2 ||\r\n")
    assert a.symbols == ["I", "V7", "ii6/5"] and {str(k) for k in a.keys} == {"Bb:major"}
    assert a.onsets == [0.0, 1.0, 6.0]


@pytest.mark.parametrize("text", ["", "hello", "m1", "Time Signature: 3/4\nNote: m2 = m1", "m0\nm1 b1\n"])
def test_text_without_a_figure_is_refused(text):
    with pytest.raises(ReaderError, match="no bar with a Roman numeral"):
        parse_analysis(text)


def test_what_is_odd_is_told_with_its_line():
    a = parse_analysis("Time Signature: 99\nm1 C: I b7 V\nm2 = m40\nm3 H: I")
    places = dict(a.warnings)
    assert "99" in places["line 1"] and "beyond the bar" in places["line 2"] and "not written" in places["line 3"]
    assert "'H:'" in places["line 4"] and a.symbols == ["I", "V", "I"] and a.keys[2] is None


def test_a_bar_number_of_a_million_is_refused():
    with pytest.raises(ReaderError, match="bars are not written"):
        parse_analysis("m1 C: I\nm900000 V")


lines = st.lists(
    st.text(alphabet="m0123456789b.=-|: CGgVIiv/ao#\n", max_size=24) | st.text(max_size=12), max_size=12
).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(lines)
def test_no_text_breaks_the_reader_and_time_never_runs_back(text):
    try:
        a = parse_analysis(text)
    except ReaderError:
        return
    assert len(a.symbols) == len(a.onsets) == len(a.keys) == len(a.bars) == len(a.places)
    assert all(b >= a_ for a_, b in zip(a.onsets, a.onsets[1:], strict=False))
    assert all(d >= 0 for d in a.durations)


def test_music21_hears_the_same_chords_at_the_same_time():
    music21 = pytest.importorskip("music21")
    text = SONG.replace("m2var1 ii6\n", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = music21.converter.parse(text, format="romantext")
        theirs = {}
        for figure in score.recurse().getElementsByClass("RomanNumeral"):
            theirs[float(figure.getOffsetInHierarchy(score))] = tuple(sorted(set(figure.pitchClasses)))
    a = parse_analysis(text)
    ours = {}
    for onset, symbol, key in zip(a.onsets, a.symbols, a.keys, strict=True):
        ours[onset] = read_symbol(symbol, "romantext", key=key)[0].pitch_classes
    # music21 sets the chord that sounds on once more at the bar line of bar 3.
    assert theirs.pop(7.0) == ours[6.0]
    assert theirs == ours


def test_a_single_file_is_read(tmp_path):
    path = tmp_path / "song.rntxt"
    path.write_text(SONG, encoding="utf-8")
    (annotation,) = READER.read_file(path)
    assert annotation.dialect == "romantext" and len(annotation.symbols) == 13
    chords = [read_symbol(s, "romantext", key=k) for s, k in zip(annotation.symbols, annotation.keys, strict=True)]
    assert not any(reason for _, reason in chords)
    assert [c.label for c, _ in chords][:4] == ["G:maj", "C:maj", "F:maj", "D:7/3"]


def test_figures_are_never_bar_lines():
    assert not any(re.fullmatch(r"[|:]+", s) for s in parse_analysis("m1 ||: C: I b2 V :|| || b3 vi |").symbols)
