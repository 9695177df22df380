"""MusicXML lead sheets: chord symbols in time, from files nobody has checked."""

from __future__ import annotations

import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictrend.corpus.readers._metre import BarMark, mend_endings, unroll_bars
from musictrend.corpus.readers.musicxml import READER, read_lead_sheet
from musictrend.errors import NoSymbolsError, ReaderError, UnsafeFileError
from musictrend.harmony import read_symbol

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
METRE = "<time><beats>3</beats><beat-type>4</beat-type></time>"
TIME = "<attributes><divisions>2</divisions>{key}" + METRE + "</attributes>"
KEY = "<key><fifths>{fifths}</fifths><mode>{mode}</mode></key>"
C = "<harmony><root><root-step>C</root-step></root><kind text=''>major</kind></harmony>"
G7 = "<harmony><root><root-step>G</root-step></root><kind>dominant</kind>{offset}</harmony>"
BB = (
    "<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root><kind>dominant</kind>"
    "<bass><bass-step>D</bass-step></bass><degree><degree-value>9</degree-value><degree-alter>-1</degree-alter>"
    "<degree-type>add</degree-type></degree></harmony>"
)
NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration></note>"
BAR = NOTE.format(6)


def score(*measures, key="", head=HEAD, title="<movement-title>Tune</movement-title>"):
    first = TIME.format(key=key)
    bars = "".join(f'<measure number="{i}">{first if i == 1 else ""}{m}</measure>' for i, m in enumerate(measures, 1))
    who = '<creator type="lyricist">B</creator><creator type="composer">A. Tester</creator>'
    parts = '<part-list><score-part id="P1"/></part-list>'
    names = f"{title}<identification>{who}</identification>{parts}"
    return f'{head}<score-partwise>{names}<part id="P1">{bars}</part></score-partwise>'


def read(tmp_path, text, name="tune.musicxml"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_lead_sheet(path)


def test_symbols_have_onsets_bars_key_and_names(tmp_path):
    a = read(
        tmp_path,
        score(
            C + NOTE.format(4) + BB + NOTE.format(2),
            BAR,
            G7.format(offset="") + BAR,
            key=KEY.format(fifths=-3, mode="minor"),
        ),
    )
    assert a.symbols == [
        "root=C kind=major",
        "root=Bb kind=dominant degrees=add:9b bass=D",
        "root=G kind=dominant",
    ]
    assert a.onsets == [0, 2, 6] and a.durations == [2, 4, 3] and a.bars == pytest.approx([2 / 3, 4 / 3, 1])
    assert {str(k) for k in a.keys} == {"C:minor"} and a.places == ["bar 1", "bar 1", "bar 3"]
    assert a.title == "Tune" and a.artist == "A. Tester" and not a.warnings
    assert [read_symbol(s, "musicxml")[0].label for s in a.symbols] == ["C:maj", "Bb:7(b9)/3", "G:7"]


@pytest.mark.parametrize(
    "fifths, mode, key", [(-1, "dorian", "G:minor"), (2, "mixolydian", "A:major"), (-6, "minor", "Eb:minor")]
)
def test_modes_name_their_tonic(tmp_path, fifths, mode, key):
    assert str(read(tmp_path, score(C + BAR, key=KEY.format(fifths=fifths, mode=mode))).keys[0]) == key


def test_a_key_signature_without_a_mode_is_no_key(tmp_path):
    assert read(tmp_path, score(C + BAR, key="<key><fifths>2</fifths></key>")).keys is None


def test_offsets_move_a_symbol_and_symbols_over_one_note_share_it(tmp_path):
    moved = read(tmp_path, score(C + G7.format(offset="<offset>4</offset>") + BAR))
    assert moved.onsets == [0, 2] and moved.durations == [2, 1]
    shared = read(tmp_path, score(C + G7.format(offset="") + BAR))
    assert shared.onsets == [0, 1.5] and shared.durations == [1.5, 1.5]


def test_grace_notes_chord_notes_and_second_voices_take_no_time(tmp_path):
    grace = "<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>"
    stacked = NOTE.format(2).replace("<note>", "<note><chord/>")
    back = "<backup><duration>2</duration></backup>"
    bar = C + grace + NOTE.format(2) + stacked + back + NOTE.format(2) + G7.format(offset="") + NOTE.format(4)
    a = read(tmp_path, score(bar))
    assert a.onsets == [0, 1] and a.durations == [1, 2]


def repeat(direction, number="", kind=""):
    ending = f'<ending number="{number}" type="{kind}"/>' if number else ""
    sign = f'<repeat direction="{direction}"/>' if direction else ""
    side = "left" if direction == "forward" or kind == "start" else "right"
    return f'<barline location="{side}">{ending}{sign}</barline>'


def test_repeats_with_endings_are_played_out(tmp_path):
    text = score(
        C + BAR,
        repeat("", "1", "start") + G7.format(offset="") + BAR + repeat("backward", "1", "stop"),
        repeat("", "2", "start") + BB + BAR + repeat("", "2", "stop"),
        C + BAR,
    )
    a = read(tmp_path, text)
    assert [s[5:7].strip() for s in a.symbols] == ["C", "G", "C", "Bb", "C"] and a.onsets == [0, 3, 6, 9, 12]


def test_da_capo_al_fine_is_played_out(tmp_path):
    words = "<direction><direction-type><words>{}</words></direction-type></direction>"
    a = read(
        tmp_path,
        score(C + BAR + words.format("Fine"), G7.format(offset="") + BAR + words.format("D.C. al Fine")),
    )
    assert len(a.symbols) == 3 and a.symbols[2] == a.symbols[0]


def test_timewise_scores_and_namespaces_are_read(tmp_path):
    bar = f'<measure number="1"><part id="P1">{TIME.format(key="")}{C}{BAR}</part></measure>'
    text = f'{HEAD}<score-timewise xmlns="urn:x">{bar}</score-timewise>'
    assert read(tmp_path, text).symbols == ["root=C kind=major"]


def test_an_unknown_kind_is_kept_to_be_counted(tmp_path):
    odd = C.replace("major", "other").replace("text=''", "text='7alt'")
    a = read(tmp_path, score(odd + BAR, C.replace(">major<", "><") + BAR))
    assert a.symbols == ["root=C kind=other text=7alt", "root=C kind="]
    assert read_symbol(a.symbols[0], "musicxml")[1] == "" and read_symbol(a.symbols[1], "musicxml")[1]


def mxl(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


@pytest.mark.parametrize(
    "members",
    [
        {
            "META-INF/container.xml": CONTAINER.format("a/tune.xml"),
            "other.xml": "<x/>",
            "a/tune.xml": score(C + BAR),
        },
        {"tune.xml": score(C + BAR)},
        {"META-INF/container.xml": CONTAINER.format("gone.xml"), "tune.musicxml": score(C + BAR)},
        {"META-INF/container.xml": "<container><rootf", "tune.xml": score(C + BAR)},
    ],
)
def test_packed_scores_are_found_also_without_a_container(tmp_path, members):
    assert read_lead_sheet(mxl(tmp_path / "tune.mxl", members)).symbols == ["root=C kind=major"]


def test_a_packed_score_with_a_plain_name_is_read(tmp_path):
    assert read_lead_sheet(mxl(tmp_path / "tune.xml", {"a.xml": score(C + BAR)})).symbols == ["root=C kind=major"]


def test_a_truncated_score_is_read_as_far_as_it_goes_with_a_warning(tmp_path):
    text = score(C + BAR, G7.format(offset="") + BAR, C + BAR)
    a = read(tmp_path, text[: text.index('<measure number="3"')])
    assert a.symbols == ["root=C kind=major", "root=G kind=dominant"] and "not well-formed" in a.warnings[0][1]


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("major")
    head = f'{HEAD}<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y "minor">]>\n'
    for name in ("&x;", "&y;"):
        a = read(tmp_path, score(C.replace(">major<", f">{name}<") + BAR, head=head))
        assert a.symbols == ["root=C kind="]


def test_a_billion_laughs_cost_nothing(tmp_path):
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    head = f"{HEAD}<!DOCTYPE score-partwise [{entities}]>\n"
    start = time.perf_counter()
    # libxml2 either leaves the reference alone or gives up on the document; neither expands it.
    try:
        assert read(tmp_path, score(C + BAR, head=head, title="<movement-title>&a11;</movement-title>")).title == ""
    except ReaderError as error:
        assert "broken XML" in error.reason or "declares XML entities" in error.reason
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "empty file"),
        (b"hello", "no XML"),
        (b"<mei xmlns='http://www.music-encoding.org/ns/mei'/>", "root element is <mei>"),
        (score(BAR).encode(), "no chord symbols"),
        (score(C + BAR).encode("utf-16").replace(b"\x00", b"") + b"\xff\xfe", "no"),
    ],
)
def test_what_is_no_lead_sheet_is_told_in_one_line(tmp_path, data, words):
    with pytest.raises(ReaderError, match=words) as caught:
        read(tmp_path, data)
    assert "\n" not in str(caught.value) and caught.value.hint


def test_a_packed_bomb_is_refused(tmp_path):
    path = mxl(
        tmp_path / "bomb.mxl",
        {"META-INF/container.xml": CONTAINER.format("a.xml"), "a.xml": " " * 50_000_000},
    )
    with pytest.raises(UnsafeFileError):
        read_lead_sheet(path)


def test_a_truncated_archive_is_told(tmp_path):
    path = mxl(tmp_path / "tune.mxl", {"tune.xml": score(C + BAR)})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ReaderError, match="broken or truncated"):
        READER.read_file(path)


# The order of bars.

marks = st.lists(
    st.builds(
        BarMark,
        repeat_start=st.booleans(),
        repeat_end=st.sampled_from([0, 0, 0, 2, 3]),
        endings=st.sampled_from([(), (), (1,), (2,), (1, 2), (3,)]),
        segno=st.booleans(),
        coda=st.booleans(),
        to_coda=st.booleans(),
        fine=st.booleans(),
        jump=st.sampled_from(["", "", "", "dacapo", "dalsegno"]),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(marks)
def test_any_signs_end_and_are_in_the_score(bars):
    mend_endings(bars)
    order, _ = unroll_bars(bars)
    assert set(order) <= set(range(len(bars))) and len(order) <= 50 * len(bars) + 200


@given(st.integers(1, 30))
def test_without_signs_bars_sound_as_written(n):
    assert unroll_bars([BarMark() for _ in range(n)]) == (list(range(n)), "")


def test_three_endings_with_the_bridge_in_the_second():
    bars = [
        BarMark(),
        BarMark(endings=(1,), repeat_end=2),
        BarMark(endings=(2,)),
        BarMark(repeat_end=2),
        BarMark(endings=(3,)),
    ]
    mend_endings(bars)
    assert unroll_bars(bars)[0] == [0, 1, 0, 2, 3, 0, 4]


def test_dal_segno_al_coda_leaves_for_the_coda():
    bars = [
        BarMark(),
        BarMark(segno=True),
        BarMark(to_coda=True),
        BarMark(jump="dalsegno"),
        BarMark(coda=True),
    ]
    assert unroll_bars(bars)[0] == [0, 1, 2, 3, 1, 2, 4]


def test_music21_plays_the_same_bars(tmp_path):
    music21 = pytest.importorskip("music21")
    text = score(
        repeat("forward") + C + BAR,
        repeat("", "1", "start") + C + BAR + repeat("backward", "1", "stop"),
        repeat("", "2", "start") + C + BAR + repeat("", "2", "stop"),
        repeat("forward") + C + BAR + repeat("backward"),
    )
    path = tmp_path / "tune.musicxml"
    path.write_text(text)
    played = music21.converter.parse(path).parts[0].expandRepeats()
    expected = [str(m.number) for m in played.getElementsByClass("Measure")]
    assert [p.removeprefix("bar ") for p in read_lead_sheet(path).places] == expected


def test_roman_numerals_written_as_harmony_are_no_chord_symbols(tmp_path):
    path = tmp_path / "quartet.musicxml"
    path.write_text(
        "<score-partwise><part-list/><part id='P1'><measure number='1'><attributes><divisions>1</divisions></attributes>"
        "<harmony><function>I</function><kind>none</kind></harmony>"
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>"
    )
    with pytest.raises(NoSymbolsError, match="no chord symbol among them"):
        READER.read_file(path)
