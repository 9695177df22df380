"""DCML corpora: labels, keys, bars, and the order in which they sound."""

from __future__ import annotations

import csv
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.readers import dcml
from musictrend.corpus.readers.dcml import READER, resolve_local_key
from musictrend.errors import ReaderError
from musictrend.harmony import read_symbol

METADATA = [
    "piece\tcomposer\tworkTitle\tmovementNumber\tcomposed_start\tcomposed_end\tlabel_count",
    "p1\tAnna Tester\tSuite\t1\t1801\t1803\t5",
    "p2\tAnna Tester\tSuite\t2\t1802\t..\t9",
    "p3\tAnna Tester\tSuite\t3\t..\t1810\t0",
    "\tAnna Tester\tSuite\t4\t1802\t1802\t3",
]
MEASURES = [
    "mc\tmn\tact_dur\ttimesig\trepeats\tnext",
    "1\t0\t1/4\t3/4\tfirstMeasure\t2",
    "2\t1\t3/4\t3/4\t\t3, 4",
    "3\t2\t1/2\t3/4\tend\t1",
    "4\t2\t3/4\t3/4\tlastMeasure\t-1",
]
HARMONIES = [
    "mc\tmn\tquarterbeats\tduration_qb\tmc_onset\ttimesig\tlabel\tglobalkey\tlocalkey\tchord",
    "1\t0\t0\t1.0\t0\t3/4\te.i{\te\ti\ti",
    "2\t1\t1\t1.0\t0\t3/4\tV7\te\ti\tV7",
    "2\t1\t2\t2.0\t1/4\t3/4\tIII.I\te\tIII\tI",
    "3\t2\t\t2.0\t0\t3/4\t}{\te\tIII\t",
    "3\t2\t\t1.0\t1/4\t3/4\tV|HC\te\tIII\tV",
    "4\t2\t4\t3.0\t0\t3/4\ti.i|PAC}\te\ti\ti",
]


def write(folder, metadata=METADATA, harmonies=HARMONIES, measures=MEASURES, piece="p1"):
    for name, lines in (("harmonies", harmonies), ("measures", measures)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        if lines:
            (folder / name / f"{piece}.{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "metadata.tsv").write_text("\n".join(metadata) + "\n", encoding="utf-8")


def read_first(root):
    track = next(READER.list_tracks(root))
    (annotation,) = READER.read(root, [track])
    return annotation


def test_repeats_and_endings_sound_in_their_order(tmp_path):
    write(tmp_path / "suite")
    assert READER.recognises(tmp_path) and READER.recognises(tmp_path / "suite")
    a = read_first(tmp_path)
    # Bars 1 2 3, then 1 2 4: the mark without a chord in bar 3 lets I sound on.
    assert a.symbols == ["i", "V7", "I", "V", "i", "V7", "I", "i"]
    assert a.onsets == [0, 1, 2, 5, 6, 7, 8, 10] and a.durations == [1, 1, 3, 1, 1, 1, 2, 3]
    assert a.bars == pytest.approx([1 / 3, 1 / 3, 1, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])
    assert [str(k) for k in a.keys][:4] == ["E:minor", "E:minor", "G:major", "G:major"]
    assert a.places[3] == "line 6"


def test_a_single_repository_is_a_corpus_too(tmp_path):
    write(tmp_path / "suite")
    assert [t.track_id for t in READER.list_tracks(tmp_path / "suite")][:2] == ["suite/p1", "suite/p2"]
    assert read_first(tmp_path / "suite").symbols == read_first(tmp_path).symbols


def test_years_and_states_come_from_the_metadata(tmp_path):
    write(tmp_path / "suite")
    (tmp_path / "suite/harmonies/p9.tsv").write_text("\n".join(HARMONIES))
    one, two, three, none, forgotten = READER.list_tracks(tmp_path)
    assert (one.year.low, one.year.value, one.year.high) == (1801, 1802, 1803)
    assert (one.title, one.artist, one.genres) == ("Suite, 1, p1", "Anna Tester", ("suite",))
    assert two.status == "failed" and "9 labels" in two.reason and two.year.high is None
    assert three.status == "excluded" and (three.year.low, three.year.value) == (None, 1810)
    assert none.status == "failed" and "line 5" in none.reason
    assert forgotten.track_id == "suite/p9" and forgotten.artist == "Anna Tester" and forgotten.year.value is None


def test_without_bars_the_last_ending_is_taken(tmp_path):
    write(tmp_path / "suite", measures=None)
    a = read_first(tmp_path)
    assert a.symbols == ["i", "V7", "I", "i"] and a.onsets == [0, 1, 2, 4] and a.unit == "quarters"
    assert a.bars == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1])


def test_older_files_without_time_keep_their_order(tmp_path):
    write(tmp_path / "suite", harmonies=["label\tglobalkey\tlocalkey", "C.I\tC\tI", "V7\tC\tI"], measures=None)
    a = read_first(tmp_path)
    assert a.symbols == ["C.I", "V7"] and a.unit == "order" and a.onsets is None


@pytest.mark.parametrize(
    "harmonies, words",
    [
        (["mc\tlabel\tchord"], "no rows"),
        (["x\ty", "1\t2"], "neither a label nor a chord"),
        (["mc\tlabel\tchord", "1\t{\t"], "no row has a chord"),
    ],
)
def test_broken_harmonies_are_told(tmp_path, harmonies, words):
    write(tmp_path / "suite", harmonies=harmonies)
    assert words in str(read_first(tmp_path).problem)


def test_bars_that_never_end_are_taken_as_written(tmp_path):
    endless = [
        MEASURES[0],
        "1\t1\t3/4\t3/4\t\t2",
        "2\t2\t3/4\t3/4\t\t1",
        "3\t3\t3/4\t3/4\t\t-1",
        "4\t4\t3/4\t3/4\t\t-1",
    ]
    write(tmp_path / "suite", measures=endless)
    a = read_first(tmp_path)
    assert a.symbols == ["i", "V7", "I", "V", "i"] and "never end" in a.warnings[0][1]


def test_a_bar_without_a_length_is_told_with_its_line(tmp_path):
    write(tmp_path / "suite", measures=[*MEASURES[:2], "2\t1\tlong\t3/4\t\t3"])
    problem = read_first(tmp_path).problem
    assert "'long'" in str(problem) and problem.place == "measures, line 3"


def test_a_folder_without_analyses_says_what_to_do(tmp_path):
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/metadata.tsv").write_text("piece\n")
    assert not READER.recognises(tmp_path)
    with pytest.raises(ReaderError) as caught:
        list(READER.list_tracks(tmp_path))
    assert "clone" in caught.value.hint


@pytest.mark.parametrize(
    "globalkey, localkey, key",
    [
        ("c", "III", "Eb:major"),
        ("c", "VI", "Ab:major"),
        ("c", "vii", "Bb:minor"),
        ("C", "bVI", "Ab:major"),
        ("C", "V/V", "D:major"),
        ("c", "#iii/i", "E:minor"),
        ("e.phrygian", "i", "E:minor"),
    ],
)
def test_local_keys_are_numerals_over_the_global_key(globalkey, localkey, key):
    assert str(resolve_local_key(globalkey, localkey)) == key


@given(st.text(max_size=12), st.text(alphabet="IViv/b#.x", max_size=12))
def test_no_key_text_breaks_the_reader(globalkey, localkey):
    key = resolve_local_key(globalkey, localkey)
    assert key is None or 0 <= key.tonic < 12


def test_real_pieces_are_read_whole(real_corpus):
    root = real_corpus("dcml")
    tracks = list(READER.list_tracks(root))
    annotated = [t for t in tracks if t.status == "ok"]
    annotations = list(READER.read(root, annotated))
    assert len(annotated) == 467 and not any(a.problem or a.warnings for a in annotations)
    assert {t.status for t in tracks} == {"ok", "excluded"}
    assert len({t.song_id for t in annotated}) == 467  # no movement is taken for another
    assert all(a.unit == "quarters" and a.bars and all(a.keys) for a in annotations)
    tokens = Counter((s, k) for a in annotations for s, k in zip(a.symbols, a.keys, strict=True))
    unread = sum(n for (s, k), n in tokens.items() if read_symbol(s, "dcml", key=k)[1])
    assert unread / tokens.total() < 0.001
    # By eye: ABC op. 18 no. 1, third movement opens I, I6, V(4), V in F.
    assert annotations[0].symbols[:4] == ["I", "I6", "V(4)", "V"] and str(annotations[0].keys[0]) == "F:major"


def test_real_bars_unfold_to_the_length_that_ms3_counted(real_corpus):
    root = real_corpus("dcml")
    compared = 0
    for corpus in READER._corpora(root):
        with (root / corpus / "metadata.tsv").open(encoding="utf-8") as file:
            rows = {row["piece"]: row for row in csv.DictReader(file, delimiter="\t")}
        for piece, row in rows.items():
            path = root / corpus / "measures" / f"{piece}.measures.tsv"
            if not path.is_file() or not row["length_qb_unfolded"]:
                continue
            bars = dcml._read_bars(path)
            order, trouble = dcml._play_order(bars)
            length = float(sum((bars[i].length for i in order), Fraction(0)))
            assert not trouble and length == pytest.approx(float(row["length_qb_unfolded"]), abs=0.01), piece
            compared += 1
    assert compared > 430
