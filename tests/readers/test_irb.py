"""iRb: a table of chords, as text and as R writes it."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections import Counter

import pytest

from musictrend.corpus.readers._rda import read_frames
from musictrend.corpus.readers.irb import READER, parse_key
from musictrend.errors import ReaderError, UnsafeFileError
from musictrend.harmony import read_symbol

ROWS = [
    # chord, duration, section, title, composer, key, date, id, time, compid
    ("Cmaj7", "4.0", "A", "First Tune", "Tester, Anna", "C-maj", "1931", "First_1931", "4/4", "1"),
    ("Dmin7", "2.0", "A", "First Tune", "Tester, Anna", "C-maj", "1931", "First_1931", "4/4", "1"),
    ("G79b", "2.0", "A", "First Tune", "Tester, Anna", "C-maj", "1931", "First_1931", "4/4", "1"),
    ("Fmin6", "6.0", "A", "Waltz", "Tester, Bruno", "F-min", "?", "Waltz", "3/4", "2"),
    ("C7", "3.0", "B", "Waltz", "Tester, Bruno", "F-min", "?", "Waltz", "3/4", "2"),
    ("Ebmaj7", "2.0", "A", "Six Eight", "Tester, Bruno", "Eb-maj", "1966", "Six", "6/8", "3"),
]
NAMES = ["chord", "duration", "section", "title", "composer", "key", "date", "id", "time", "compid"]


def write_tsv(root, rows=ROWS, names=NAMES):
    text = "\n".join("\t".join(row) for row in [names, *rows]) + "\n"
    (root / "irb_chords.tsv").write_text(text, encoding="utf-8")


def write_rda(path, rows=ROWS, names=NAMES):
    import pandas as pd
    import rdata

    frame = pd.DataFrame({n: pd.Series([r[i] for r in rows], dtype=object) for i, n in enumerate(names)})
    frame["duration"] = frame["duration"].astype(float)
    frame["section"] = pd.Categorical(frame["section"])
    rdata.write_rda(path, {"irb": frame})


def test_tunes_have_time_bars_keys_and_years(tmp_path):
    write_tsv(tmp_path)
    assert READER.recognises(tmp_path)
    first, waltz, six = READER.list_tracks(tmp_path)
    assert (first.title, first.artist, first.year.value, first.genres) == (
        "First Tune",
        "Tester, Anna",
        1931,
        ("Jazz",),
    )
    assert waltz.year.value is None and waltz.year.reason
    a, b, c = READER.read(tmp_path, [first, waltz, six])
    assert a.symbols == ["Cmaj7", "Dmin7", "G79b"] and a.onsets == [0, 4, 6] and a.bars == [1, 0.5, 0.5]
    assert b.bars == [2, 1] and str(b.keys) == "F:minor" and b.places == ["line 5", "line 6"]
    assert c.durations == [3.0] and c.bars == [1.0]  # two dotted quarters


def test_r_and_text_say_the_same(tmp_path):
    write_tsv(tmp_path)
    text = list(READER.read(tmp_path, list(READER.list_tracks(tmp_path))))
    (tmp_path / "irb_chords.tsv").unlink()
    write_rda(tmp_path / "irb.rda")
    assert READER.recognises(tmp_path)
    tracks = list(READER.list_tracks(tmp_path))
    assert [t.year.value for t in tracks] == [1931, None, 1966]
    table = list(READER.read(tmp_path, tracks))
    assert [(a.symbols, a.durations, a.bars, a.keys) for a in table] == [
        (a.symbols, a.durations, a.bars, a.keys) for a in text
    ]
    assert table[1].places == ["row 4", "row 5"]


def test_rdata_itself_reads_the_same_values(tmp_path):
    import rdata

    write_rda(tmp_path / "irb.rda")
    frame = rdata.read_rda(tmp_path / "irb.rda")["irb"]
    assert read_frames(tmp_path / "irb.rda")["irb"] == {n: [str(v) for v in frame[n]] for n in NAMES}


@pytest.mark.parametrize("pack", [bytes, bz2.compress, lzma.compress, gzip.compress])
def test_every_packing_of_r_is_read(tmp_path, pack):
    write_rda(tmp_path / "plain.rda")
    (tmp_path / "irb.rda").write_bytes(pack(gzip.decompress((tmp_path / "plain.rda").read_bytes())))
    assert len(list(READER.list_tracks(tmp_path))) == 3


def test_missing_values_of_r_are_empty_text(tmp_path):
    import pandas as pd
    import rdata

    frame = pd.DataFrame({"a": pd.Series(["x", None], dtype=object), "b": [1.5, float("nan")]})
    rdata.write_rda(tmp_path / "t.rda", {"t": frame})
    assert read_frames(tmp_path / "t.rda")["t"] == {"a": ["x", ""], "b": ["1.5", ""]}


def test_broken_r_files_are_refused_in_one_line(tmp_path):
    write_rda(tmp_path / "good.rda")
    good = (tmp_path / "good.rda").read_bytes()
    plain = gzip.decompress(good)
    broken = [
        b"no R at all",
        good[:-40],
        good[:30],
        gzip.compress(plain[: len(plain) // 2]),
        gzip.compress(b"RDX3\nX\n"),
        b"RDX3",
    ]
    for data in broken:
        (tmp_path / "irb.rda").write_bytes(data)
        with pytest.raises(ReaderError) as caught:
            list(READER.list_tracks(tmp_path))
        assert "\n" not in str(caught.value) and caught.value.hint


def test_a_pickle_called_rda_is_never_opened(tmp_path):
    import pickle

    (tmp_path / "irb.rda").write_bytes(pickle.dumps({"irb": 1}))
    with pytest.raises(ReaderError, match="not an R data file"):
        list(READER.list_tracks(tmp_path))


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("musictrend.corpus.readers._rda.MAX_BYTES", 10_000)
    (tmp_path / "irb.rda").write_bytes(gzip.compress(b"RDX3\nX\n" + bytes(100_000)))
    with pytest.raises(UnsafeFileError, match="unpacks to more"):
        list(READER.list_tracks(tmp_path))


def test_a_broken_row_fails_its_tune_alone(tmp_path):
    rows = [list(r) for r in ROWS]
    rows[1][1] = "long"
    rows.append(["C", "4.0", "A", "Nobody", "", "", "", "", "4/4", ""])
    rows.append(["C", "4.0", "A", "First again", "", "", "", "First_1931", "4/4", "1"])
    write_tsv(tmp_path, rows)
    tracks = list(READER.list_tracks(tmp_path))
    assert [t.status for t in tracks] == ["ok", "ok", "ok", "failed", "failed"]
    assert "without id" in tracks[3].reason and "comes back at line 9" in tracks[4].reason
    assert len({t.track_id for t in tracks}) == 5
    annotations = list(READER.read(tmp_path, tracks[:3]))
    assert [bool(a.problem) for a in annotations] == [True, False, False]
    assert "'long'" in str(annotations[0].problem) and annotations[0].problem.place == "line 3"


def test_a_missing_column_is_named(tmp_path):
    write_tsv(tmp_path, [r[1:] for r in ROWS], NAMES[1:])
    with pytest.raises(ReaderError, match="no column 'chord'; it has duration"):
        list(READER.list_tracks(tmp_path))


def test_keys_without_a_mode_of_two_are_none():
    assert [parse_key(k) and str(parse_key(k)) for k in ("G#-maj", "D-dor", "C-chrom", "Ab", "", "x")] == [
        "G#:major", "D:minor", None, None, None, None,
    ]  # fmt: skip


def test_real_tunes_are_read_whole(real_corpus):
    root = real_corpus("irb")
    tracks = list(READER.list_tracks(root))
    annotations = list(READER.read(root, tracks))
    assert len(tracks) == 789 and not any(a.problem for a in annotations)
    assert all(t.year.value for t in tracks) and min(t.year.value for t in tracks) == 1896
    assert all(a.keys is not None and a.bars and a.unit == "quarters" for a in annotations)
    tokens = Counter(s for a in annotations for s in a.symbols)
    unread = [s for s in tokens if read_symbol(s, "irb")[1]]
    assert tokens.total() == 36328 and unread == ["AminD7"]
    # By eye: 26-2 is 32 bars of AABA, two chords a bar in its first bars, and in F.
    tune = annotations[0]
    assert tune.symbols[:4] == ["Fmaj7", "Ab7", "Dbmaj7", "E7"] and sum(tune.bars) == 32 and str(tune.keys) == "F:major"


def test_lists_beside_a_data_frame_are_no_tables(tmp_path):
    import pandas as pd
    import rdata

    frame = pd.DataFrame({"a": pd.array([1, 2], dtype="int32"), "b": pd.Categorical(["x", None])})
    rdata.write_rda(tmp_path / "t.rda", {"notes": {"a": ["C", "F"], "b": ["x"]}, "t": frame})
    assert read_frames(tmp_path / "t.rda") == {"t": {"a": ["1", "2"], "b": ["x", ""]}}
    rdata.write_rda(tmp_path / "t.rda", {"notes": {"a": ["C", "F"]}})
    with pytest.raises(ReaderError, match="no data frame"):
        read_frames(tmp_path / "t.rda")
