"""MEI: what is written in its many ways is the same notes."""

from __future__ import annotations

import numpy as np
import pytest
from notation import measure, mei, mei_note, rows

from musictrend.corpus.readers import reader_for_file
from musictrend.corpus.readers.scores import READER, read_notes
from musictrend.errors import ReaderError


@pytest.fixture
def read(tmp_path):
    def read(text, name="score.mei", **options):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_notes(tmp_path / name, **options)

    return read


def test_chords_dots_layers_and_rests_stand_where_they_sound(read):
    upper = f'<chord dur="2" dots="1">{mei_note("e4")}{mei_note("g4")}</chord><rest dur="8"/>{mei_note("c5", "8")}'
    notes = read(mei(measure(upper, mei_note("c4"))))
    assert rows(notes) == [(0, 4, 60), (0, 3, 64), (0, 3, 67), (3.5, 0.5, 72)]
    assert notes.bar_onset_quarter.tolist() == [0, 4] and notes.fifth.tolist() == [0, 4, 1, 0]


@pytest.mark.parametrize(
    ("note", "pitch", "fifth"),
    [
        (mei_note("f4"), 66, 6),  # by the key
        (mei_note("f4", more='accid="n"'), 65, -1),
        (mei_note("f4", inside='<accid accid="f"/>'), 64, -8),
        (mei_note("b4", more='accid.ges="f"'), 70, -2),
        (mei_note("c4", inside='<accid accid.ges="ss"/>'), 62, 14),
    ],
)
def test_an_accidental_is_written_out_or_follows_from_the_key(read, note, pitch, fifth):
    notes = read(mei(measure(note), definition='key.sig="1s"'))
    assert (notes.pitch.tolist(), notes.fifth.tolist(), notes.fifths) == ([pitch], [fifth], [(0, 1)])


def test_an_accidental_holds_until_the_bar_line(read):
    sharp = mei_note("c4", "2", 'accid="s"') + mei_note("c4", "2")
    assert read(mei(measure(sharp), measure(mei_note("c4")))).pitch.tolist() == [61, 61, 60]


def test_sounding_accidentals_once_written_out_are_all_written_out(read):
    notes = read(mei(measure(mei_note("f4", "2", 'accid.ges="s"') + mei_note("f4", "2")), definition='key.sig="1s"'))
    assert notes.pitch.tolist() == [66, 65]


@pytest.mark.parametrize(
    "first, second, more",
    [
        (mei_note("c4", more='tie="i"'), mei_note("c4", more='tie="t"'), ""),
        (mei_note("c4", more='xml:id="a"'), mei_note("c4", more='xml:id="b"'), '<tie startid="#a" endid="#b"/>'),
    ],
)
def test_ties_are_joined_however_they_are_written(read, first, second, more):
    assert rows(read(mei(measure(first, more=more), measure(second)))) == [(0, 8, 60)]


def test_tuplets_in_tuplets_shorten_twice(read):
    inner = f'<tuplet num="3" numbase="2">{mei_note("c4", "16") * 3}</tuplet>'
    notes = read(mei(measure(f'<tuplet num="3" numbase="2">{mei_note("d4", "8") * 2}{inner}</tuplet><rest dur="2."/>'
                             .replace('dur="2."', 'dur="2" dots="1"'))))  # fmt: skip
    assert np.allclose(notes.onset_quarter, [0, 1 / 3, 2 / 3, 2 / 3 + 1 / 9, 2 / 3 + 2 / 9])


def test_a_tuplet_may_be_a_span(read):
    three = "".join(mei_note("c4", "8", f'xml:id="n{i}"') for i in range(3)) + mei_note("d4", "2", 'dots="1"')
    notes = read(mei(measure(three, more='<tupletSpan num="3" numbase="2" startid="#n0" endid="#n2"/>')))
    assert np.allclose(notes.onset_quarter, [0, 1 / 3, 2 / 3, 1])


def test_grace_and_cue_notes_make_no_sound(read):
    grace = mei_note("b3", "8", 'grace="acc"') + f"<graceGrp>{mei_note('b3', '8')}</graceGrp>"
    notes = read(mei(measure(grace + mei_note("c4", "2") + mei_note("d4", "2", 'cue="true"'))))
    assert rows(notes) == [(0, 2, 60)]


def test_a_clarinet_in_b_flat_sounds_a_tone_lower_than_written(read):
    text = mei(measure(mei_note("d4"))).replace('lines="5"', 'lines="5" key.sig="2s" trans.semi="-2" trans.diat="-1"')
    notes = read(text)
    assert (notes.pitch.tolist(), notes.fifth.tolist(), notes.fifths) == ([60], [0], [(0, 0)])


def test_an_upbeat_and_a_bar_of_rest_have_their_lengths(read):
    notes = read(mei(measure(mei_note("g4", "4"), attributes='metcon="false"'), measure("<mRest/>"),
                     measure(mei_note("c5"))))  # fmt: skip
    assert notes.bar_onset_quarter.tolist() == [0, 1, 5, 9]


def test_repeated_bars_sound_again_and_many_bars_of_rest_last(read):
    notes = read(
        mei(measure(mei_note("c4")), measure("<mRpt/>"), measure('<multiRest num="3"/>'), measure(mei_note("e4")))
    )
    assert rows(notes) == [(0, 4, 60), (4, 4, 60), (20, 4, 64)]


def test_of_several_readings_the_first_or_the_correction_sounds(read):
    choice = f"<choice><sic>{mei_note('c4', '2')}</sic><corr>{mei_note('d4', '2')}</corr></choice>"
    app = f"<app><lem>{mei_note('e4', '2')}</lem><rdg>{mei_note('f4', '2')}</rdg></app>"
    assert read(mei(measure(choice + app))).pitch.tolist() == [62, 64]


def test_percussion_is_left_out(read):
    text = mei(measure(mei_note("c4")), staves=2).replace('n="2" lines="5"', 'n="2" clef.shape="perc"')
    text = text.replace("</measure>", f'<staff n="2"><layer>{mei_note("d4")}</layer></staff></measure>')
    assert read(text).pitch.tolist() == [60]


def test_repeats_and_endings_unfold_on_request(read):
    bars = [
        measure(mei_note(p), attributes=a) for p, a in (("c4", 'left="rptstart"'), ("d4", 'right="rptend"'), ("e4", ""))
    ]
    text = mei(bars[0], f'<ending n="1">{bars[1]}</ending>', f'<ending n="2">{bars[2]}</ending>')
    assert read(text).pitch.tolist() == [60, 62, 64]
    assert read(text, unfold=True).pitch.tolist() == [60, 62, 60, 64]


def test_an_expansion_gives_the_order_of_sections(read):
    sections = "".join(f'<section xml:id="{p}">{measure(mei_note(p))}</section>' for p in ("c4", "d4"))
    text = mei(f'<expansion plist="#c4 #d4 #c4"/>{sections}')
    assert read(text, unfold=True).pitch.tolist() == [60, 62, 60]


def test_the_head_names_title_composer_and_date(read, tmp_path):
    head = (
        "<fileDesc><titleStmt><title>Small <hi>Song</hi></title><composer>A. Tester</composer></titleStmt></fileDesc>"
        '<workList><work><creation><date isodate="1802-03-01">March</date></creation></work></workList>'
    )
    notes = read(mei(measure(mei_note()), head=head))
    assert (notes.title, notes.composer, notes.date) == ("Small Song", "A. Tester", "1802-03-01")
    assert reader_for_file(tmp_path / "score.mei") is READER
    labels = READER.read_labels(tmp_path / "score.mei")[0]
    assert (labels.title, labels.artist, labels.year) == ("Small Song", "A. Tester", "1802-03-01")


def test_mei_is_told_by_its_content_also_in_a_file_called_xml(read):
    assert rows(read(mei(measure(mei_note())), "score.xml")) == [(0, 4, 60)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (mei(), "no <measure>"),
        (mei(measure("<mRest/>")), "without notes"),
        (mei(measure(mei_note(dur="brevis"))), "brevis"),
        (mei(measure('<note pname="c" oct="4"/>')), "without dur"),
        (mei(measure(f'<tuplet num="1" numbase="999">{mei_note(dur="maxima")}</tuplet>')), "quarter notes"),
        (mei(measure('<note pname="c" oct="40" dur="1"/>')), "pitch"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(read, text, word):
    with pytest.raises(ReaderError) as caught:
        read(text)
    assert word in caught.value.reason and "\n" not in caught.value.reason and caught.value.hint
