"""Notes of scores from strangers: right where the file says enough, one clear line where it does not."""

from __future__ import annotations

import io
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.extraction.score import extract_score

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
ATTRIBUTES = (
    "<attributes><divisions>{divisions}</divisions>{more}"
    "<time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
)


def note(pitch="C4", duration=4, *, chord=False, tie="", more="", kind=""):
    length = "" if duration is None else f"<duration>{duration}</duration>"
    step, alter, octave = pitch[0], pitch[1:-1].count("#") - pitch[1:-1].count("b"), pitch[-1]
    sounds = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    ties = "".join(f'<tie type="{t}"/>' for t in tie.split())
    kind = f"<type>{kind}</type>" if kind else ""
    return f"<note>{'<chord/>' if chord else ''}{sounds}{length}{ties}{kind}{more}</note>"


def rest(duration=4):
    return f"<note><rest/><duration>{duration}</duration></note>"


def score(*parts, divisions=1, beats="4", more="", head=HEAD):
    """Text of a score; a part is a list of bars."""
    first = ATTRIBUTES.format(divisions=divisions, beats=beats, more=more) if divisions is not None else ""
    written = ""
    for p, bars in enumerate(parts):
        measures = "".join(
            f'<measure number="{i}">{first if i == 0 else ""}{bar}</measure>' for i, bar in enumerate(bars)
        )
        written += f'<part id="P{p}">{measures}</part>'
    return f"{head}<score-partwise>{written}</score-partwise>"


@pytest.fixture
def read(tmp_path):
    def read(text, name="score.musicxml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_notes(path)

    return read


def mxl(text, **extra):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        )
        archive.writestr("a.xml", text)
    return buffer.getvalue()


def rows(notes):
    return list(zip(notes.onset_quarter.tolist(), notes.duration_quarter.tolist(), notes.pitch.tolist(), strict=True))


# --- what is written is what is read ---


def test_chords_rests_and_second_voices_stand_where_they_sound(read):
    bar = (
        note("C4", 2) + note("E4", 2, chord=True) + rest(2) + "<backup><duration>4</duration></backup>" + note("G3", 4)
    )
    notes = read(score([bar]))
    assert rows(notes) == [(0, 4, 55), (0, 2, 60), (0, 2, 64)]
    assert notes.bar_onset_quarter.tolist() == [0, 4]


def test_tied_notes_are_one_note_even_where_the_end_of_the_tie_is_not_marked(read):
    marked = read(score([note("C4", tie="start"), note("C4", tie="stop start"), note("C4", tie="stop")]))
    unmarked = read(score([note("C4", tie="start"), note("C4", tie="start"), note("C4")]))
    assert rows(marked) == rows(unmarked) == [(0, 12, 60)]


def test_two_voices_can_hold_the_same_pitch_over_the_bar_line(read):
    both = note("C4", tie="start") + "<backup><duration>4</duration></backup>" + note("C4", tie="start")
    after = note("C4", tie="stop") + "<backup><duration>4</duration></backup>" + note("C4", tie="stop")
    assert rows(read(score([both, after]))) == [(0, 8, 60), (0, 8, 60)]


def test_a_repeated_note_without_a_tie_is_two_notes(read):
    assert rows(read(score([note("C4"), note("C4")]))) == [(0, 4, 60), (4, 4, 60)]


def test_grace_cue_and_percussion_notes_make_no_sound_but_keep_time(read):
    bar = (
        "<note><grace/><pitch><step>B</step><octave>3</octave></pitch></note>"
        + note("C4", 1)
        + note("D4", 1, more="<cue/>")
        + "<note><unpitched/><duration>1</duration></note>"
        + note("E4", 1)
    )
    assert rows(read(score([bar]))) == [(0, 1, 60), (3, 1, 64)]


def test_a_clarinet_in_b_flat_sounds_a_tone_lower_than_written(read):
    more = "<key><fifths>0</fifths></key><transpose><chromatic>-2</chromatic></transpose>"
    notes = read(score([note("D4")], more=more))
    assert rows(notes) == [(0, 4, 60)]
    assert notes.fifths == [(0.0, -2)]


def test_an_upbeat_is_a_short_bar_and_parts_stay_together(read):
    notes = read(score([note("G4", 1), note("C5", 4)], [rest(1), note("C3", 4)]))
    assert notes.bar_onset_quarter.tolist() == [0, 1, 5]
    assert rows(notes) == [(0, 1, 67), (1, 4, 48), (1, 4, 72)]


def test_a_bar_that_rests_alone_overfill_keeps_its_length(read):
    notes = read(score([note("C4"), note("D4")], [rest(4) + rest(4), note("F3")]))
    assert notes.bar_onset_quarter.tolist() == [0, 4, 8]


def test_a_bar_without_anything_lasts_as_long_as_its_metre_says(read):
    assert read(score([note("C4"), "", note("D4")])).onset_quarter.tolist() == [0, 8]


@pytest.mark.parametrize(("beats", "unit", "length"), [("3+2", 8, 2.5), ("2", 2, 4), ("5", 4, 5), ("12", 8, 6)])
def test_unusual_metres_are_understood(read, beats, unit, length):
    text = score([note("C4", 1), "", note("D4", 1)], beats=beats)
    text = text.replace("<beat-type>4", f"<beat-type>{unit}")
    assert read(text).bar_onset_quarter.tolist() == [0, 1, 1 + length, 2 + length]


def test_music_without_metre_is_as_long_as_its_notes(read):
    text = score([note("C4", 9), note("D4", 2)]).replace("<beats>4</beats><beat-type>4</beat-type>", "<senza-misura/>")
    assert read(text).bar_onset_quarter.tolist() == [0, 9, 11]


def test_missing_divisions_are_made_up_for_by_written_note_types(read):
    bar = note("C4", 7, kind="half") + note("D4", None, kind="quarter", more="<dot/>") + note("E4", None, kind="eighth")
    assert rows(read(score([bar], divisions=None))) == [(0, 2, 60), (2, 1.5, 62), (3.5, 0.5, 64)]


def test_triplets_by_type_take_two_thirds(read):
    ratio = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    notes = read(score([note("C4", None, kind="eighth", more=ratio) * 3]))
    assert np.allclose(notes.onset_quarter, [0, 1 / 3, 2 / 3])


def test_a_timewise_score_and_one_with_a_namespace_read_like_any_other(read):
    timewise = (
        f"{HEAD}<score-timewise><measure number='1'><part id='P0'>{ATTRIBUTES.format(divisions=1, more='', beats=4)}"
        f"{note('C4')}</part><part id='P1'>{note('E4', kind='whole')}</part></measure></score-timewise>"
    )
    plain = read(score([note("C4")], [note("E4")]))
    named = score([note("C4")], [note("E4")]).replace("<score-partwise>", '<score-partwise xmlns="urn:x">')
    assert rows(read(timewise)) == rows(plain) == rows(read(named))


def test_forty_voices_sound_together(read):
    notes = read(score(*([note(f"{'CEG'[i % 3]}{2 + i % 5}")] for i in range(40))))
    assert len(notes) == 40
    assert notes.polyphony == 40


def test_an_mxl_holds_the_same_notes(read):
    text = score([note("C4"), note("E4")])
    assert rows(read(mxl(text), "score.mxl")) == rows(read(text))


@given(st.lists(st.tuples(st.sampled_from("CDEFGAB"), st.integers(1, 8)), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_a_line_of_notes_comes_back_as_written(tmp_path_factory, line):
    path = tmp_path_factory.mktemp("line") / "line.xml"
    path.write_text(score(["".join(note(f"{step}4", d) for step, d in line)], divisions=2))
    notes = read_notes(path)
    lengths = np.array([d / 2 for _, d in line])
    assert np.allclose(notes.duration_quarter, lengths)
    assert np.allclose(notes.onset_quarter, np.cumsum(lengths) - lengths)


# --- kern ---

KERN = """!!!COM: Tester, A.
!!!OTL: Small
**kern\t**kern
*M3/4\t*M3/4
*k[b-]\t*k[b-]
=1\t=1
2C\t4e 4g
.\t[4cc
4D\t8cc]
.\t8qb
.\t8b-
=2\t=2
*^\t*
2.FF\t4r\t2.a
.\t2AA\t.
*v\t*v\t*
=3\t=3
*-\t*-
"""


def test_kern_spines_split_tie_and_rest(read):
    notes = read(KERN, "small.krn")
    assert rows(notes) == [
        (0, 2, 48), (0, 1, 64), (0, 1, 67), (1, 1.5, 72), (2, 1, 50), (2.5, 0.5, 70),
        (3, 3, 41), (3, 3, 69), (4, 2, 45),
    ]  # fmt: skip
    assert notes.bar_onset_quarter.tolist() == [0, 3, 6]
    assert (notes.title, notes.composer, notes.fifths) == ("Small", "Tester, A.", [(0.0, -1)])


def test_kern_with_old_accents_in_its_comments_still_reads(read):
    assert len(read(("!!!OTL: Café\n" + KERN).encode("latin-1"), "old.krn")) == 9


@pytest.mark.parametrize("text", ["**harm\nI\n*-\n", "no spines at all\n", "**kern\n4r\n*-\n"])
def test_kern_without_notes_is_refused(read, text):
    with pytest.raises(ReaderError):
        read(text, "x.krn")


# --- what cannot be read is one clear line ---


def refusal(read, text, name="score.musicxml"):
    with pytest.raises(ReaderError) as caught:
        read(text, name)
    assert "\n" not in caught.value.reason
    return caught.value


def test_an_xml_bomb_is_refused_at_once(read):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    text = score([note("C4")], head=f'{HEAD}<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>').replace(
        "</part>", "<t>&l9;</t></part>"
    )
    began = time.perf_counter()
    assert isinstance(refusal(read, text), UnsafeFileError)
    assert isinstance(refusal(read, mxl(text), "bomb.mxl"), UnsafeFileError)
    assert time.perf_counter() - began < 2


def test_an_external_entity_opens_no_file(read, tmp_path):
    (tmp_path / "secret").write_text("secret")
    head = f'{HEAD}<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    assert isinstance(refusal(read, score([note("C4")], head=head)), UnsafeFileError)


def test_a_zip_bomb_is_refused(read):
    assert isinstance(refusal(read, mxl(score([note("C4")]) + " " * 50_000_000), "bomb.mxl"), UnsafeFileError)


def test_a_truncated_mxl_is_refused(read):
    data = mxl(score([note("C4") * 400]))
    assert "archive" in refusal(read, data[: len(data) // 2], "half.mxl").reason


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02binary", "XML"),
        ("<html><body/></html>", "html"),
        (score([rest(4)]), "without notes"),
        (score([note("C4", 0)]), "without notes"),
        (score([]), "without notes"),
        (score([note("C4", -3)]), "quarter notes"),
        (score([note("C4", 4_000_000)]), "quarter notes"),
        (score([note("C4", "nan")]), "quarter notes"),
        (score([note("C4", 4)], divisions=None), "without length"),
        (score([note("C4") + "<backup><duration>-8</duration></backup>"]), "backup"),
        (score([note("C4").replace("<octave>4", "<octave>44")]), "pitch"),
    ],
)
def test_what_cannot_be_a_score_is_one_clear_line(read, text, word):
    assert word in refusal(read, text).reason


def test_an_error_says_in_which_bar(read):
    assert refusal(read, score([note("C4"), note("D4"), note("E4", -1)])).place == "bar 3"


def test_a_format_that_nobody_reads_is_named(read):
    assert ".xyz" in refusal(read, "?", "score.xyz").reason


@given(st.binary(max_size=300))
@settings(max_examples=40, deadline=None)
def test_noise_is_refused_as_a_reader_error(tmp_path_factory, noise):
    folder = tmp_path_factory.mktemp("noise")
    for name in ("a.mxl", "a.xml", "a.krn", "a.abc"):
        (folder / name).write_bytes(noise)
        with pytest.raises(ReaderError):
            read_notes(folder / name)


TUNE = "X:1\nT:Reel\nM:4/4\nL:1/8\nK:G\n|:GABc dedB|dedB dedB:|\n"


@pytest.mark.parametrize("text", [TUNE * 30, TUNE.replace("GABc", "[Gd]ABc") + TUNE * 3])
def test_a_tune_book_is_monophonic_and_music21_is_not_even_loaded(tmp_path, text, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "music21", None)  # importing it would raise
    (tmp_path / "tunes.abc").write_text(text)
    with pytest.raises(ReaderError, match="^monophonic"):
        extract_score(tmp_path / "tunes.abc")
