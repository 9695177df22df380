"""Notes read by us and by music21, on scores with every feature written here and on real ones.

Where music21 is known to be wrong the test says so, and what is right.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from notation import agreement, bag, measure, mei, mei_note, midi, midi_notes, midi_track

from musictrend.corpus.readers._music21 import notes_with_music21
from musictrend.corpus.readers.scores import _safe_content, _tell_format, read_notes

CORPUS = Path(next(iter(find_spec("music21").submodule_search_locations))) / "corpus"
# A few quick ones of each sort; benchmarks/score_files.py reads them all.
REAL = (
    "bach/bwv66.6.mxl",
    "bach/bwv244.46.mxl",
    "corelli/opus3no1/1grave.xml",
    "johnson_j_r/lift_every_voice.mxl",
    "mozart/k545/movement1_exposition.mxl",
    "schoenberg/opus19/movement2.mxl",
    "trecento/Fava_Dicant_nunc_iudei.xml",
    "palestrina/Agnus_I_16.krn",
    "palestrina/Kyrie_31_a.krn",
    "chopin/mazurka06-2.krn",
)


def pair(path: Path, **options):
    """The same file read by our reader and by music21."""
    kind = _tell_format(path)
    return read_notes(path, **options), notes_with_music21(_safe_content(path, kind), kind, **options)


@pytest.mark.parametrize("name", REAL)
def test_real_scores_have_the_same_notes_in_both_readers(name):
    ours, theirs = pair(CORPUS / name)
    assert agreement(ours, theirs) >= 0.99
    assert ours.fifths == theirs.fifths or len(ours.fifths) != len(theirs.fifths)
    assert ours.bar_onset_quarter[-1] == pytest.approx(theirs.bar_onset_quarter[-1], abs=4)


def test_our_rags_are_those_music21_reads(real_corpus):
    ours, theirs = pair(real_corpus("joplin_kern") / "kern" / "school.krn")
    assert agreement(ours, theirs) >= 0.99


FEATURES = """<?xml version="1.0"?><score-partwise><work><work-title>All</work-title></work>
<part-list><score-part id="P1"><part-name>Clarinet</part-name></score-part><score-part id="P2"><part-name>Piano</part-name>
</score-part></part-list><part id="P1">
<measure number="0" implicit="yes"><attributes><divisions>6</divisions><key><fifths>2</fifths></key><time><beats>3</beats>
<beat-type>4</beat-type></time><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>
<note><pitch><step>D</step><octave>5</octave></pitch><duration>6</duration><tie type="start"/><type>quarter</type></note></measure>
<measure number="1"><barline location="left"><repeat direction="forward"/></barline>
<note><pitch><step>D</step><octave>5</octave></pitch><duration>6</duration><tie type="stop"/><type>quarter</type></note>
<note><grace/><pitch><step>E</step><octave>5</octave></pitch><type>eighth</type></note>
<note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>2</duration><type>eighth</type>
<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification></note>
<note><pitch><step>G</step><octave>5</octave></pitch><duration>2</duration><type>eighth</type>
<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification></note>
<note><pitch><step>A</step><octave>5</octave></pitch><duration>2</duration><type>eighth</type>
<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification></note>
<note><rest/><duration>6</duration><type>quarter</type></note></measure>
<measure number="2"><barline location="left"><ending number="1" type="start"/></barline>
<note><pitch><step>B</step><octave>4</octave></pitch><duration>18</duration><type>half</type><dot/></note>
<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline></measure>
<measure number="3"><barline location="left"><ending number="2" type="start"/></barline>
<note><pitch><step>C</step><alter>1</alter><octave>5</octave></pitch><duration>18</duration><type>half</type><dot/></note>
<barline location="right"><ending number="2" type="stop"/></barline></measure></part>
<part id="P2"><measure number="0" implicit="yes"><attributes><divisions>1</divisions><key><fifths>0</fifths></key><time>
<beats>3</beats><beat-type>4</beat-type></time></attributes><note><rest/><duration>1</duration></note></measure>
<measure number="1"><note><pitch><step>C</step><octave>3</octave></pitch><duration>3</duration><voice>1</voice></note>
<note><chord/><pitch><step>G</step><octave>3</octave></pitch><duration>3</duration><voice>1</voice></note>
<backup><duration>3</duration></backup><forward><duration>1</duration><voice>2</voice></forward>
<note><pitch><step>E</step><alter>-1</alter><octave>4</octave></pitch><duration>2</duration><voice>2</voice></note></measure>
<measure number="2"><note><pitch><step>F</step><octave>3</octave></pitch><duration>3</duration></note></measure>
<measure number="3"><note><pitch><step>B</step><alter>-1</alter><octave>2</octave></pitch><duration>3</duration></note></measure>
</part></score-partwise>"""


@pytest.mark.parametrize("unfold", [False, True])
def test_upbeats_ties_tuplets_voices_transposition_and_endings_agree(tmp_path, unfold):
    path = tmp_path / "all.musicxml"
    path.write_text(FEATURES)
    ours, theirs = pair(path, unfold=unfold)
    assert bag(ours) == bag(theirs)
    assert ours.bar_onset_quarter.tolist() == theirs.bar_onset_quarter.tolist()
    # The tied D of the upbeat sounds again where the repeat goes back into the middle of it.
    assert len(ours) == (11 + 7 if unfold else 11)
    assert ours.fifths[0] == (0, 0)  # two sharps on a clarinet in B flat


KERN = """**kern\t**kern
*M6/8\t*M6/8
*k[f#]\t*k[f#]
8GG\t8dd
=1\t=1
[4.G 4.B\t8gg
.\t12ff#
.\t12ee
.\t12dd
*^\t*
.\t.\t8qcc
8G_\t8r\t4.b-
8G_\t8r\t.
8G]\t8r\t.
*v\t*v\t*
=:|!\t=:|!
2.C#\t2.r
==\t==
*-\t*-
"""


def test_kern_with_ties_tuplets_splits_and_grace_notes_agrees(tmp_path):
    path = tmp_path / "all.krn"
    path.write_text(KERN)
    ours, theirs = pair(path)
    assert bag(ours) == bag(theirs)


def test_voices_that_hold_one_pitch_in_unison_keep_their_notes(tmp_path):
    path = tmp_path / "unison.krn"
    path.write_text("**kern\t**kern\n[1c\t[1c\n=1\t=1\n1c]\t2c]\n.\t2d\n*-\t*-\n")
    ours, theirs = pair(path)
    assert bag(ours) == bag(theirs) and sorted(ours.duration_quarter.tolist()) == [2, 6, 8]


def test_mei_with_chords_tuplets_ties_and_keys_agrees(tmp_path):
    triplet = "".join(mei_note(p, "8") for p in ("g4", "f4", "e4"))
    held = mei_note("d4", "2", 'dots="1" tie="i"')
    first = f'<tuplet num="3" numbase="2">{triplet}</tuplet>{held}'
    path = tmp_path / "all.mei"
    path.write_text(mei(measure(first, mei_note("c3")), measure(mei_note("d4", "1", 'tie="t"'), mei_note("g3"))))
    ours, theirs = pair(path)
    assert bag(ours) == bag(theirs) and len(ours) == 6


def test_midi_agrees_up_to_spelling(tmp_path):
    path = tmp_path / "all.mid"
    piano = midi_notes((0, 480, 60), (480, 240, 64), (720, 240, 67), (960, 960, 60))
    drums = midi_notes((0, 120, 38), channel=9)
    path.write_bytes(midi(midi_track(*piano), midi_track(*midi_notes((0, 1920, 43), channel=1)), midi_track(*drums)))
    ours, theirs = pair(path)
    assert [key[:3] for key in sorted(bag(ours).elements())] == [key[:3] for key in sorted(bag(theirs).elements())]


@pytest.mark.parametrize("name", ["7thRegimentReel", "AbithaMugginsFavoriteReel", "AcaciaReel"])
def test_abc_tunes_agree(name):
    path = CORPUS / "ryansMammoth" / f"{name}.abc"
    assert agreement(read_notes(path), notes_with_music21(path.read_text(), "abc")) >= 0.99


def test_abc_accidentals_hold_to_the_bar_line_where_music21_forgets_them():
    # "|.B(d^cd) cA.A2|" of The Broken Sixpence: the second c is sharp too, as the standard says.
    path = CORPUS / "ryansMammoth" / "BrokenSixpenceReel.abc"
    ours, theirs = read_notes(path), notes_with_music21(path.read_text(), "abc")
    assert sorted((bag(ours) - bag(theirs)).values()) == [1]
