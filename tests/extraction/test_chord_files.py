"""Chords written to files and read back: nothing is lost that scores, and what cannot be said is told."""

import numpy as np
import pytest

from musictrend.complexity import score
from musictrend.errors import ReaderError
from musictrend.extraction import extract, write_chords
from musictrend.extraction.chord_files import read_chord_csv
from musictrend.extraction.file import extract_with_engine
from musictrend.extraction.origin import Origin
from musictrend.harmony.key import Key
from musictrend.harmony.sequence import ChordSequence


@pytest.fixture
def invention():
    """Forty chords in quarter notes, with bars, confidences and a change of key."""
    labels = ["C", "A:min7", "D:7", "G"] * 5 + ["G", "E:min7", "A:7", "D/3"] * 5
    keys = [Key.parse("C:major")] * 20 + [Key.parse("G:major")] * 20
    plain = ChordSequence.from_labels(labels)
    return ChordSequence(
        plain.chords, np.arange(40.0) * 2, np.full(40, 2.0), "quarters", np.full(40, 0.5), keys,
        np.linspace(0.5, 0.9, 40), "invention",
    )  # fmt: skip


def test_a_csv_read_back_scores_as_what_was_written_and_says_who_made_it(tmp_path, invention):
    write_chords(invention, tmp_path / "a.csv", engine="notes")
    read, made_by = extract_with_engine(tmp_path / "a.csv", Origin())
    assert made_by == "notes"
    assert (read.unit, read.keys, read.bars.tolist()) == (invention.unit, invention.keys, invention.bars.tolist())
    assert score(read, "all").equals(score(invention, "all"))


def test_a_jams_read_back_keeps_its_unit_and_its_keys(tmp_path, invention):
    write_chords(invention, tmp_path / "invention.jams")
    read = extract(tmp_path / "invention.jams")
    assert (read.unit, read.keys, read.labels) == (invention.unit, invention.keys, invention.labels)
    rates = score(read, ["changes_per_second", "key_change_rate"])
    assert np.isnan(rates["changes_per_second"])  # quarters are no seconds
    assert rates["key_change_rate"] > 0


def test_a_table_of_several_tracks_gives_the_one_that_is_asked_for(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("track_id,label\nA,C\nA,F\nB,D:min\nB,G:7\n")
    odd = []
    assert extract_with_engine(path, Origin(), odd=odd)[0].labels == ["C:maj", "F:maj"]
    assert "2 tracks" in odd[0][1]
    assert extract(path, part="B").labels == ["D:min", "G:7"]
    with pytest.raises(ReaderError, match="no track 'Z'"):
        extract(path, part="Z")


def test_scores_of_a_table_are_of_all_its_tracks(tmp_path):
    from musictrend.run.scoring import score_source

    (tmp_path / "two.csv").write_text("track_id,label\n" + "A,C\nA,F\n" * 20 + "B,D:min7\nB,G:7\n" * 20)
    table = score_source(str(tmp_path / "two.csv"), measures=("nontriad_share",), vocabularies=("sevenths",))
    assert dict(zip(table["track_id"], table["value"], strict=True)) == {"A": 0, "B": 1}


def test_a_label_that_cannot_be_read_is_x_and_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("label,onset,duration,key_tonic,key_mode\nC,0,1,9.0,minor\nNOTACHORD,1,,,\nG:7,2,1,,\n")
    odd = []
    ((sequence, _),) = read_chord_csv(path, odd)
    assert sequence.labels == ["C:maj", "X", "G:7"] and sequence.keys[0] == Key.parse("A:minor")
    assert [place for place, _ in odd] == ["line 3", "line 3"]  # the label, and the duration that is missing


def test_a_recording_has_no_symbols_and_no_notes_to_read(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(ReaderError, match="holds no notes"):
        extract(tmp_path / "a.wav", source="notes")


def test_only_what_has_a_value_is_explained(tmp_path):
    from musictrend.run.scoring import explain_source

    song = ChordSequence.from_labels(["C", "F", "G:7", "A:min"] * 10)
    asked = {"measures": ("nontriad_share", "fifths_spread"), "vocabularies": ("sevenths",)}
    write_chords(song, tmp_path / "people.csv")
    assert set(explain_source(str(tmp_path / "people.csv"), **asked)["measure"]) == {"nontriad_share", "fifths_spread"}
    write_chords(song, tmp_path / "heard.csv", engine="madmom-cnn")  # it names major and minor triads
    assert "nontriad_share" not in set(explain_source(str(tmp_path / "heard.csv"), **asked)["measure"])
    assert explain_source(str(tmp_path / "people.csv"), measures=("mtld",), vocabularies=("sevenths",)).empty is False
    short = ChordSequence.from_labels(["C", "F", "G:7"] * 3)
    write_chords(short, tmp_path / "short.csv")
    assert explain_source(str(tmp_path / "short.csv"), measures=("types_rarefied",)).empty
