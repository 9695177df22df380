"""Scores from people who mean harm, and from programs that do not know better: one clear line each, at once."""

from __future__ import annotations

import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notation import XML, measure, mei, mei_note, rows, write_zip_bomb

from musictrend.corpus.notes import Notes, collect_notes, unfold_notes
from musictrend.corpus.readers import scores
from musictrend.corpus.readers._metre import BarMark, unfold_by_marks
from musictrend.corpus.readers.scores import read_notes
from musictrend.errors import OddNotationError, ReaderError, UnsafeFileError

LAUGHS = '<!DOCTYPE x [<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)
) + "]>"  # fmt: skip
PART = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration>{}</note>"
DIVISIONS = "<attributes><divisions>{}</divisions></attributes>"


def partwise(*bars, divisions="1", head=XML):
    first = DIVISIONS.format(divisions) if divisions else ""
    measures = "".join(f"<measure>{first if i == 0 else ''}{bar}</measure>" for i, bar in enumerate(bars))
    return f'{head}<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">{measures}</part></score-partwise>'


def note(duration="1", more=""):
    return PART.format(duration, more)


def kern(*lines, spines=1):
    head = ["\t".join(["**kern"] * spines), *lines, "\t".join(["*-"] * spines)]
    return "\n".join(head) + "\n"


def refusal(tmp_path, data, name):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    began = time.process_time()
    with pytest.raises(ReaderError) as caught:
        read_notes(path)
    assert time.process_time() - began < 20
    assert "\n" not in str(caught.value) and caught.value.reason and caught.value.hint
    return caught.value


# --- XML ---


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (partwise(note() + "<x>&l9;</x>", head=XML + LAUGHS), "score.musicxml"),
        (mei(measure(mei_note()), head="<x>&l9;</x>").replace(XML, XML + LAUGHS), "score.mei"),
        (f"{XML}{LAUGHS}<score><x>&l9;</x></score>", "score.capx"),
    ],
)
def test_a_billion_laughs_are_refused(tmp_path, text, name):
    resource = pytest.importorskip("resource")  # not on Windows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert isinstance(refusal(tmp_path, text, name), UnsafeFileError)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize("name", ["score.musicxml", "score.mei"])
def test_an_external_entity_opens_no_file(tmp_path, name):
    (tmp_path / "secret").write_text("secret")
    head = f'{XML}<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    text = partwise(note("&e;"), head=head) if name.endswith("xml") else mei(measure(mei_note())).replace(XML, head)
    assert isinstance(refusal(tmp_path, text, name), UnsafeFileError)


def test_an_external_doctype_is_not_fetched(tmp_path):
    head = XML + '<!DOCTYPE score-partwise PUBLIC "-//X//Y" "http://192.0.2.1/partwise.dtd">'
    (tmp_path / "score.xml").write_text(partwise(note(), head=head))
    began = time.perf_counter()
    assert rows(read_notes(tmp_path / "score.xml")) == [(0, 1, 60)]
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("name", ["score.mxl", "score.mei", "score.capx"])
def test_a_real_bomb_of_ten_gigabytes_is_refused(tmp_path, name):
    size = write_zip_bomb(tmp_path / name, "score.xml", 10 * 1024)
    assert size < 20 * 2**20
    began = time.process_time()
    with pytest.raises(UnsafeFileError, match=r"unpacks to 10,737,418,240 bytes: refused"):
        read_notes(tmp_path / name)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("target", ["../../secret.xml", "/etc/passwd", "C:\\secret.xml", "a\0b", "file:///etc/passwd"])
def test_a_container_that_points_elsewhere_reaches_nothing_outside_the_archive(tmp_path, target):
    (tmp_path / "secret.xml").write_text(partwise(note("9")))
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    with zipfile.ZipFile(inside / "score.mxl", "w") as archive:
        archive.writestr("META-INF/container.xml", f'<container><rootfile full-path="{target}"/></container>')
        archive.writestr("score.xml", partwise(note()))
    assert rows(read_notes(inside / "score.mxl")) == [(0, 1, 60)]


def test_mei_nested_without_end_is_no_harm(tmp_path):
    deep = "<section>" * 50_000 + measure(mei_note()) + "</section>" * 50_000
    refusal(tmp_path, mei(deep), "score.mei")
    tuplets = '<tuplet num="3" numbase="2">' * 100 + mei_note() + "</tuplet>" * 100
    assert "without notes" in refusal(tmp_path, mei(measure(tuplets)), "score.mei").reason


def test_an_expansion_of_itself_is_played_once(tmp_path):
    text = mei(f'<section xml:id="a"><expansion plist="#a #a"/>{measure(mei_note())}</section>')
    (tmp_path / "score.mei").write_text(text)
    assert len(read_notes(tmp_path / "score.mei", unfold=True)) == 2


# --- odd music ---


@pytest.mark.parametrize(
    ("bars", "divisions", "word"),
    [
        ([note("-4")], "1", "a note of -4 quarter notes"),
        ([note("1e300")], "1", "quarter notes"),
        ([note("nan")], "1", "quarter notes"),
        ([note()], None, "without length"),
        ([note()], "0", "without length"),
        ([note()], "-3", "without length"),
        ([note() + "<backup><duration>-9</duration></backup>"], "1", "<backup>"),
        ([note() + "<forward><duration>99999</duration></forward>"], "1", "<forward>"),
        ([note("0")], "1", "without notes"),
        (["<note><rest/><duration>4</duration></note>"], "1", "without notes"),
        ([""], "1", "without notes"),
        ([note("900")] * 100, "1", "90,000 quarter notes in 100 bars"),
    ],
)
def test_impossible_lengths_are_one_clear_line(tmp_path, bars, divisions, word):
    assert word in refusal(tmp_path, partwise(*bars, divisions=divisions), "score.musicxml").reason


def test_a_backup_before_the_start_stops_at_the_start(tmp_path):
    (tmp_path / "a.xml").write_text(partwise(note("2") + "<backup><duration>7</duration></backup>" + note("2")))
    assert rows(read_notes(tmp_path / "a.xml")) == [(0, 2, 60), (0, 2, 60)]


def test_one_note_is_a_score(tmp_path):
    for name, text in (
        ("a.musicxml", partwise(note("4"))),
        ("a.krn", kern("1c")),
        ("a.mei", mei(measure(mei_note()))),
        ("a.abc", "X:1\nL:1/1\nK:C\nC"),
    ):
        (tmp_path / name).write_text(text)
        assert rows(read_notes(tmp_path / name)) == [(0, 4, 60)], name


def test_forty_voices_sound_together(tmp_path):
    part = "".join(f'<part id="P{i}"><measure>{DIVISIONS.format(1)}{note("4")}</measure></part>' for i in range(40))
    layers = measure(*[mei_note()] * 40)
    for name, text in (
        ("a.musicxml", f"{XML}<score-partwise>{part}</score-partwise>"),
        ("a.krn", kern("\t".join(["1c"] * 40), spines=40)),
        ("a.mei", mei(layers)),
        ("a.abc", "X:1\nL:1/1\nK:C\n" + "".join(f"V:{i}\nC\n" for i in range(40))),
    ):
        (tmp_path / name).write_text(text)
        notes = read_notes(tmp_path / name)
        assert (len(notes), notes.polyphony) == (40, 40), name


def test_tuplets_of_tuplets_add_up(tmp_path):
    nine = "<time-modification><actual-notes>9</actual-notes><normal-notes>4</normal-notes></time-modification>"
    written = note("", f"<type>eighth</type>{nine}").replace("<duration></duration>", "")
    (tmp_path / "a.xml").write_text(partwise(written * 9, divisions=None))
    assert read_notes(tmp_path / "a.xml").duration_quarter.sum() == pytest.approx(2)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (kern("4c 4e", "4d\t4f", spines=1), "spines"),
        (kern("0" * 5000 + "c"), ""),
        (kern("4" + "c" * 60), "pitch"),
        (kern("4%0c"), "without notes"),
        (kern("4r"), "without notes"),
        (kern(*["0c"] * 9000), "72,000 quarter notes"),
        ("**harm\nI\n*-\n", "no **kern spine"),
        ("!!!OTL: words alone\n", "kern"),
    ],
)
def test_odd_kern_is_one_clear_line(tmp_path, text, word):
    assert word in refusal(tmp_path, text, "score.krn").reason


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("X:1\nK:C\n" + "|:[CE]:|" * 1_000_000, "a line of more than"),
        ("X:1\nK:C\n" + ("|:[CE]:|" * 100 + "\n") * 10_000, "at most"),
        ("X:1\nK:C\n" + "|:[CE]8:|" * 16_000, "quarter notes in"),
        ("X:1\nK:C\nC9999", "quarter notes"),
        ("X:1\nK:C\nC" + "'" * 9, "pitch"),
        ("X:1\nK:C\n", "without notes"),
        ("X:1\n" + "".join(f"V:{i}\n" for i in range(5000)) + "K:C\nC", "200 voices"),
        ("T:no number\nK:C\nCDE", "X:"),
        ("X:1\nK:C\n" + "[" * 50_000 + "C" * 50_000, "")
    ],
)  # fmt: skip
def test_odd_abc_is_one_clear_line(tmp_path, text, word):
    if not word:  # odd, but music
        (tmp_path / "a.abc").write_text(text)
        assert len(read_notes(tmp_path / "a.abc")) > 0
        return
    assert word in refusal(tmp_path, text, "score.abc").reason


# --- repeats ---


def test_repeats_cannot_explode():
    notes = collect_notes([(i, 1.0, 60) for i in range(5000)], range(5001), [1.0] * 5000, [])
    marks = [BarMark(repeat_start=i % 2 == 0, repeat_end=16, segno=True, jump="dalsegno") for i in range(5000)]
    played = unfold_by_marks(notes, [marks])
    assert 5000 <= len(played) <= 40 * 5000 + 100
    with pytest.raises(ReaderError, match="repeats make"):
        unfold_notes(notes, list(range(5000)) * 50)


# --- one reader after the other ---


def test_where_our_reader_gives_up_music21_reads_and_says_so_once(tmp_path, monkeypatch):
    def gives_up(path, unfold):
        raise OddNotationError("too odd", hint="")

    path = tmp_path / "a.musicxml"
    path.write_text(partwise(note("2") + note("2")))
    ours = read_notes(path)
    monkeypatch.setattr(scores, "_own_reader", lambda kind, part: gives_up)
    notes = read_notes(path)
    assert rows(notes) == rows(ours) and ours.warnings == []
    assert [reason for _, reason in notes.warnings] == ["read by music21, where our reader gave up: too odd"]


def test_words_and_roman_numerals_do_not_reach_music21(tmp_path):
    words = "<lyric><text>la</text></lyric>"
    numeral = "<harmony><function>V65/V</function><kind>none</kind></harmony>"
    path = tmp_path / "a.musicxml"
    path.write_text(partwise(numeral + note("4", words)))
    content = scores._safe_content(path, "musicxml")
    assert "<pitch>" in content and "lyric" not in content and "harmony" not in content


def test_where_music21_fails_too_the_first_reason_is_told(tmp_path):
    error = refusal(tmp_path, kern("4c", "4d\t4e"), "a.krn")
    assert error.reason == "2 tokens where 1 spines run" and error.place == "line 3"


def test_music21_is_broken_off_when_it_takes_too_long(monkeypatch):
    from musictrend.corpus.readers import _music21

    monkeypatch.setattr(_music21, "MAX_SECONDS", 0.5)
    long_line = "X:1\nM:4/4\nL:1/4\nK:C\n" + "CEGc|" * 2000
    with pytest.raises(ReaderError, match="music21 takes more than"):
        _music21.notes_with_music21(long_line, "abc")


@pytest.mark.parametrize("name", ["noteworthy/cuthbert_test1.nwctxt", "capella/Nu_rue_mit_sorgen.capx"])
def test_formats_that_music21_alone_knows_are_read_through_it(name):
    from importlib.util import find_spec
    from pathlib import Path

    notes = read_notes(Path(next(iter(find_spec("music21").submodule_search_locations))) / name)
    assert isinstance(notes, Notes) and len(notes) >= 20 and (notes.fifth != -128).all()


@given(st.binary(max_size=300), st.sampled_from(["a.mid", "a.mei", "a.krn", "a.abc", "a.mxl", "a.musicxml", "a.xml"]))
@settings(max_examples=60, deadline=None)
def test_noise_is_refused_as_a_reader_error(tmp_path_factory, noise, name):
    path = tmp_path_factory.mktemp("noise") / name
    path.write_bytes(noise)
    with pytest.raises(ReaderError) as caught:
        read_notes(path)
    assert "\n" not in caught.value.reason
