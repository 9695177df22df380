"""What a user reads who hands over an odd score: one clear line, and never a traceback."""

from __future__ import annotations

import pytest
from notation import XML, midi, midi_notes, midi_track, write_zip_bomb

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "lol"}">' for i in range(10))
TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
NESTED = "<time-modification><actual-notes>15</actual-notes><normal-notes>8</normal-notes></time-modification>"
DAY = 24 * 60 * 60 * 2 * 480  # ticks


def note(duration, step="C", octave=4, more="", chord=""):
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{chord}{pitch}<duration>{duration}</duration>{more}</note>"


def triad(duration, more=""):
    return "".join(note(duration, step, more=more, chord="<chord/>" * (step != "C")) for step in "CEG")


def score(*parts, divisions="<divisions>4</divisions>", head=""):
    measures = (f'<measure number="1"><attributes>{divisions}{TIME}</attributes>{part}</measure>' for part in parts)
    body = "".join(f'<part id="P{i}">{measure}</part>' for i, measure in enumerate(measures))
    return f"{XML}{head}<score-partwise>{body}</score-partwise>"


REFUSED = {
    "laughs.musicxml": (score("&l9;", head=f"<!DOCTYPE x [{LAUGHS}]>"), "declares XML entities: refused; an XML bomb?"),
    "rests.musicxml": (score("<note><rest/><duration>16</duration></note>"), "a score without notes"),
    "one.musicxml": (score(note(16)), "monophonic: 1.00 notes sound together"),
    "one.mid": (midi(midi_track(*midi_notes((0, 480, 60)))), "monophonic: 1.00 notes sound together"),
    "none.mid": (midi(midi_track()), "without notes"),
    "drums.mid": (midi(midi_track(*midi_notes((0, 480, 36), channel=9))), "drums alone"),
    "divisions.musicxml": (score(triad(4), divisions=""), "neither <duration> with <divisions> nor a <type> (bar 1)"),
    "negative.musicxml": (score(note(4) + note(-4, "E")), "a note of -1 quarter notes: its <duration> is '-4' (bar 1)"),
    "nan.musicxml": (score(note("NaN") + note(4, "E")), "its <duration> is 'NaN' (bar 1)"),
    "day.mid": (midi(midi_track(*midi_notes(*((t, 960, p) for t in range(0, DAY, 96_000) for p in (60, 64))))),
                "at most 60,000 are read; a recording of a whole day?"),
    "cut.musicxml": (score(triad(4))[:-90], "a note without length"),
    "empty.mxl": (b"", "empty file"),
    "words.mxl": ("hello", "broken or truncated archive"),
    "words.abc": ("hello", "no line begins with X:"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_named_is_one_clear_line(say, tmp_path, name):
    content, words = REFUSED[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = say("extract", tmp_path / name)
    assert said.code == 1 and said.out == ""
    assert said.err.startswith("error: ") and said.err.count("\n") == 1 and words in said.err


def test_ten_gigabytes_in_an_archive_are_one_clear_line(say, tmp_path):
    write_zip_bomb(tmp_path / "a.mxl", "score.xml", 10 * 1024)
    said = say("extract", tmp_path / "a.mxl")
    assert said.code == 1 and said.err.count("\n") == 1
    assert "unpacks to 10,737,418,240 bytes: refused; a zip bomb?" in said.err


@pytest.mark.parametrize(
    "content",
    [
        score(*(note(16, "CEG"[i % 3], 2 + i % 5) for i in range(40))),
        score(triad(1, NESTED) * 30, divisions="<divisions>7</divisions>"),
    ],
    ids=["forty voices", "tuplets of tuplets"],
)
def test_what_is_odd_and_music_is_named(say, tmp_path, content):
    (tmp_path / "a.musicxml").write_text(content, encoding="utf-8")
    said = say("extract", tmp_path / "a.musicxml")
    assert said.code == 0 and said.err == "" and said.out.endswith("C:maj\n")


def test_notes_held_for_a_day_are_cut_and_that_is_said(say, tmp_path):
    notes = midi_notes(*((0, DAY, pitch) for pitch in (48, 60, 64, 67)))
    (tmp_path / "day.mid").write_bytes(midi(midi_track(*notes)))
    said = say("extract", tmp_path / "day.mid")
    assert said.code == 0 and said.out == "0.000\t1024.000\tC:maj\n"
    assert said.err == "day.mid score: 4 notes never let go, cut to 1024 quarter notes\n"


def test_a_melody_asked_for_its_chords_says_where_they_are(say, tmp_path):
    symbols = "<harmony><root><root-step>{}</root-step></root><kind>major</kind></harmony>"
    song = "".join(symbols.format(step) + note(8, step) for step in "CG")
    (tmp_path / "song.musicxml").write_text(score(song), encoding="utf-8")
    assert say("extract", tmp_path / "song.musicxml").out == "0.000\t2.000\tC:maj\n2.000\t4.000\tG:maj\n"
    said = say("extract", tmp_path / "song.musicxml", "--from", "notes")
    assert said.code == 1
    assert said.err == (
        "error: monophonic: 1.00 notes sound together on average; a melody has no chords to hear; chord symbols beside "
        "it are read without --from notes\n"
    )


def test_a_tune_book_says_which_tune_was_taken_and_goes_whole_into_a_folder(say, tmp_path):
    head = "X:{0}\nT:Small {0}\nM:4/4\nL:1/4\nK:{1}\n"
    song = '"{0}"G4|"D"A4|"{0}"G4|\n\n'
    tunes = (
        head.format(1, "G") + song.format("G"),
        head.format(7, "D") + song.format("D"),
        head.format(9, "C") + "CDEF|",
    )
    (tmp_path / "book.abc").write_text("".join(tunes), encoding="utf-8")
    first = say("extract", tmp_path / "book.abc", "--json")
    assert (first.code, first.data["n_chords"], first.data["key"]) == (0, 3, "G:major")
    assert first.err == "book.abc: it holds 3 pieces: 'Small 1', the first, is read; --part chooses another\n"
    assert say("extract", tmp_path / "book.abc", "--part", "7", "--json").data["key"] == "D:major"
    assert "no piece '8' in it" in say("extract", tmp_path / "book.abc", "--part", "8").err
    whole = say("extract", tmp_path / "book.abc", "-o", tmp_path / "chords", "--quiet")
    assert whole.code == 3 and whole.out.startswith("2 of 3 tracks")  # the third is a melody


def test_a_corpus_of_which_every_track_fails_says_so_in_each_of_its_batches(say, tmp_path, monkeypatch):
    monkeypatch.setattr("musictrend.extraction.batches.BATCH", 2)
    (tmp_path / "c").mkdir()
    for i in range(3):
        (tmp_path / "c" / f"{i}.abc").write_text("X:1\nK:C\nCDEF|\n", encoding="utf-8")
    said = say("extract", tmp_path / "c", "-o", tmp_path / "out", "--from", "notes")
    assert said.code == 4 and "monophonic" in said.err and "defect" not in said.err
