"""Weimar Jazz Database: the written chorus of a solo, from three tables."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter

import pytest

from musictrend.corpus.readers.weimar_jazz_db import READER, split_changes
from musictrend.errors import ReaderError
from musictrend.harmony import read_symbol

META = [
    "id",
    "chord_changes",
    "performer",
    "recordingyear",
    "style",
    "title",
    "titleaddon",
    "key",
    "signature",
]
SOLOS = [
    (
        "A_FINAL.sv",
        "A1: ||F7   |Bb7  Bo|\nB1: |NC   |Eb7C-7D7G79b||",
        "Anna Tester",
        "1951",
        "BEBOP",
        "Blues",
        "",
        "F-maj",
        "4/4",
    ),
    (
        "B_FINAL.sv",
        "A1: ||D-7  |G7/DA7 ||",
        "Bruno Tester",
        "1960",
        "HARDBOP",
        "Waltz",
        "Take 2",
        "D-chrom",
        "3/4",
    ),
    ("C_FINAL.sv", "A1: ||C7   |C7   ||", "Bruno Tester", "", "FREE", "Free", "", "", ""),
]
CHORDS = ["original", "duration", "bar_number", "id"]
BEATS = ["onset", "duration", "period", "bar", "beat", "chord", "chord_change", "id"]


def write(root, name, header, rows):
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def test_the_written_chorus_has_beats_bars_and_metre(tmp_path):
    write(tmp_path, "wjd_meta.csv", META, SOLOS)
    assert READER.recognises(tmp_path)
    tracks = list(READER.list_tracks(tmp_path))
    assert [t.track_id for t in tracks] == ["A", "B", "C"]
    assert (tracks[1].artist, tracks[1].title, tracks[1].genres) == (
        "Bruno Tester",
        "Waltz Take 2",
        ("HARDBOP",),
    )
    a, b, c = READER.read(tmp_path, tracks)
    assert a.symbols == ["F7", "Bb7", "Bo", "NC", "Eb7", "C-7", "D7", "G79b"]
    assert a.durations == [4, 3, 1, 4, 1, 1, 1, 1] and sum(a.bars) == 4 and str(a.keys) == "F:major"
    assert b.symbols == ["D-7", "G7/D", "A7"] and b.durations == pytest.approx([3, 1, 2]) and b.keys is None
    assert c.unit == "bars" and c.durations == [1, 1]  # no metre is written


def test_rows_of_chords_are_read_where_the_text_is_missing(tmp_path):
    write(tmp_path, "wjd_meta.csv", META, [(s[0], "", *s[2:]) for s in SOLOS[:2]])
    rows = [
        ("F7", "4.0", "1.0", "A_FINAL.sv"),
        ("Bb7", "2.0", "2.0", "A_FINAL.sv"),
        ("Bo", "2.0", "2.0", "A_FINAL.sv"),
    ]
    write(tmp_path, "wjd_chord_db.csv", CHORDS, rows)
    a, b = READER.read(tmp_path, list(READER.list_tracks(tmp_path)))
    assert a.symbols == ["F7", "Bb7", "Bo"] and a.durations == [4, 2, 2] and a.bars == [1, 0.5, 0.5]
    assert "no chords of 'B_FINAL.sv' in wjd_chord_db.csv" in str(b.problem)


def test_beats_in_seconds_are_read_where_nothing_else_is(tmp_path):
    write(tmp_path, "wjd_meta.csv", META, [(SOLOS[0][0], "", *SOLOS[0][2:])])
    chords = ["F7"] * 4 + ["Bb7"] * 3 + ["Bo"]
    rows = [(1 + i / 2, 0.5, 4, i // 4, i % 4 + 1, chord, "x", "A_FINAL.sv") for i, chord in enumerate(chords)]
    write(tmp_path, "wjd_beats.csv", BEATS, rows)
    (a,) = READER.read(tmp_path, list(READER.list_tracks(tmp_path)))
    assert a.symbols == ["F7", "Bb7", "Bo"] and a.unit == "seconds"
    assert a.onsets == [1.0, 3.0, 4.5] and a.durations == [2.0, 1.5, 0.5] and a.bars == [1.0, 0.75, 0.25]


def test_r_tables_are_read(tmp_path):
    import pandas as pd
    import rdata

    frame = pd.DataFrame({n: pd.Series([s[i] for s in SOLOS], dtype=object) for i, n in enumerate(META)})
    frame["recordingyear"] = [1951, 1960, 1963]
    rdata.write_rda(tmp_path / "wjd_meta.rda", {"wjd_meta": frame})
    chords = pd.DataFrame(
        {n: pd.Series(v, dtype=object) for n, v in zip(CHORDS, zip(("F7", "4.0", "1.0", "A_FINAL.sv")), strict=True)}
    )
    rdata.write_rda(tmp_path / "wjd_chord_db.rda", {"wjd_chord_db": chords})
    tracks = list(READER.list_tracks(tmp_path))
    assert [t.year.value for t in tracks] == [1951, 1960, 1963]
    assert next(READER.read(tmp_path, tracks)).symbols[0] == "F7"
    (again,) = READER.read(tmp_path, [dataclasses.replace(tracks[0], path="wjd_chord_db.rda")])
    assert again.symbols == ["F7"] and again.places == ["row 1"]


def test_broken_rows_fail_alone(tmp_path):
    write(tmp_path, "wjd_meta.csv", META, [SOLOS[0], SOLOS[0], ("", *SOLOS[1][1:]), ("E", "||", *SOLOS[1][2:])])
    tracks = list(READER.list_tracks(tmp_path))
    assert [t.status for t in tracks] == ["ok", "failed", "failed", "ok"] and "twice" in tracks[1].reason
    good, empty = READER.read(tmp_path, [tracks[0], tracks[3]])
    assert good.problem is None and "no chord changes" in str(empty.problem)


def test_text_that_is_no_chord_is_kept_to_be_counted():
    assert split_changes("A1: ||F7  %|N ?||") == [[("F7", 3), ("%", 1)], [("N", 2), ("?", 1)]]


def test_no_metadata_is_told(tmp_path):
    assert not READER.recognises(tmp_path)
    with pytest.raises(ReaderError, match="neither wjd_meta"):
        list(READER.list_tracks(tmp_path))


def test_real_solos_are_read_whole_and_three_tables_agree(real_corpus):
    root = real_corpus("weimar_jazz_db")
    tracks = list(READER.list_tracks(root))
    annotations = list(READER.read(root, tracks))
    assert len(tracks) == 305 and not any(a.problem for a in annotations) and all(a.bars for a in annotations)
    tokens = Counter(s for a in annotations for s in a.symbols)
    assert tokens.total() > 10_000 and not [s for s in tokens if read_symbol(s, "weimar")[1]]
    rows = list(READER.read(root, [dataclasses.replace(t, path="wjd_chord_db.csv") for t in tracks]))
    same = sum(a.symbols == b.symbols for a, b in zip(annotations, rows, strict=True))
    assert same >= 290  # the rest: chord_db drops or doubles a chord beside an NC
    # By eye: Art Pepper's Blues for Blanche is twelve bars of one chord each.
    assert annotations[0].symbols[:3] == ["Eb7", "Ab7", "Eb7"] and annotations[0].bars == [1.0] * 12
    assert tracks[0].year.value == 1979 and tracks[0].genres == ("COOL",) and str(tracks[0].key) == "Eb:major"
