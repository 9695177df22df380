"""A folder of scores is a corpus: titles, composers and years come from the files themselves."""

from __future__ import annotations

import zipfile

from notation import measure, mei, mei_note, midi, midi_notes, midi_track, rows

from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers import reader_for_file
from musictrend.corpus.readers.musicxml import READER as MUSICXML
from musictrend.corpus.readers.scores import read_notes, reads_notes

SCORE = """<?xml version="1.0"?><score-partwise><work><work-title>Quartet</work-title></work>
<movement-number>{number}</movement-number><movement-title>{movement}</movement-title>
<identification><creator type="lyricist">B</creator><creator type="composer">A. Tester</creator><miscellaneous>
<miscellaneous-field name="date">1802</miscellaneous-field></miscellaneous></identification>
<part-list><score-part id="P1"/></part-list><part id="P1"><measure><attributes><divisions>1</divisions></attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>"""
MEI_HEAD = (
    "<fileDesc><titleStmt><title>Song</title><respStmt><persName role='composer'>C. Tester</persName></respStmt>"
    "</titleStmt></fileDesc><workList><work><creation><date notbefore='1790' notafter='1794'/></creation></work></workList>"
)


def test_every_format_says_what_it_is_called(tmp_path):
    (tmp_path / "a.musicxml").write_text(SCORE.format(number=1, movement="Allegro"))
    with zipfile.ZipFile(tmp_path / "b.mxl", "w") as archive:
        archive.writestr("b.xml", SCORE.format(number=2, movement="Adagio"))
    (tmp_path / "c.mei").write_text(mei(measure(mei_note()), head=MEI_HEAD))
    (tmp_path / "d.krn").write_text("!!!OTL: Rag\n!!!COM: Tester, D.\n!!!ODT: ~1903\n**kern\n1c\n*-\n")
    (tmp_path / "e.mid").write_bytes(midi(midi_track((0, b"\xff\x03\x04Tune")), midi_track(*midi_notes((0, 480, 60)))))
    (tmp_path / "f.abc").write_text("X:1\nT:Reel % old\nC:Trad.\nK:C\nCDEF\n")
    corpus = load_corpus(tmp_path)
    found = [(t.title, t.artist, t.year.value, t.year.low) for t in sorted(corpus.entries, key=lambda t: t.path)]
    assert found == [
        ("Quartet, 1, Allegro", "A. Tester", 1802, 1802),
        ("Quartet, 2, Adagio", "A. Tester", 1802, 1802),
        ("Song", "C. Tester", 1792, 1790),
        ("Rag (d)", "Tester, D.", 1903, 1898),
        ("Tune", "", None, None),
        ("Reel", "Trad.", None, None),
    ]
    assert corpus.tracks["duplicate_of"].isna().all()  # movements of one work are no duplicates


def test_labels_are_read_without_the_music(tmp_path):
    head, _, _ = SCORE.format(number="", movement="").partition("<measure>")
    (tmp_path / "a.musicxml").write_text(head + "<measure>" + "<broken" * 100)
    label = MUSICXML.read_labels(tmp_path / "a.musicxml")[0]
    assert (label.title, label.artist, label.year) == ("Quartet", "A. Tester", "1802")


def test_a_score_is_told_by_what_is_in_it(tmp_path):
    song = midi(midi_track(*midi_notes((0, 480, 60))))
    for name in ("a.mid", "a.midi", "a.kar", "a.rmi", "a.xml"):
        (tmp_path / name).write_bytes(song)
        assert rows(read_notes(tmp_path / name)) == [(0, 1, 60)]
    (tmp_path / "a.mei").write_text(SCORE)
    assert rows(read_notes(tmp_path / "a.mei")) == [(0, 4, 60)]


def test_every_suffix_of_a_score_has_a_reader(tmp_path):
    for name in ("a.MID", "a.mei", "a.krn", "a.abc", "a.capx", "a.nwctxt", "a.mxl", "a.musedata"):
        assert reads_notes(tmp_path / name) and reader_for_file(tmp_path / name) is not None
    assert not reads_notes(tmp_path / "a.lab")
