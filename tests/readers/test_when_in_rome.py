"""When in Rome: a folder of analyses."""

from __future__ import annotations

from collections import Counter

from musictrend.corpus.readers.when_in_rome import READER
from musictrend.harmony import read_symbol


def write(root, piece, text):
    folder = root / piece
    folder.mkdir(parents=True)
    (folder / "analysis.txt").write_text(text, encoding="utf-8")


def test_folders_name_genre_composer_and_title(tmp_path):
    write(tmp_path, "Quartets/Tester,_Anna/Op1/2", "Date: 1802\nm1 C: I\nm2 V7")
    write(tmp_path, "OpenScore-LiederCorpus/Tester,_Bruno/_/Lied", "m1 a: i b3 V")
    assert READER.recognises(tmp_path) and not READER.recognises(tmp_path / "Quartets")
    lied, quartet = READER.list_tracks(tmp_path)
    assert (quartet.artist, quartet.title, quartet.genres, quartet.year.value) == (
        "Tester, Anna",
        "Op1, 2",
        ("Quartets",),
        1802,
    )
    assert (lied.artist, lied.title, lied.year.value) == ("Tester, Bruno", "Lied", None)
    assert [a.symbols for a in READER.read(tmp_path, [lied, quartet])] == [["i", "V"], ["I", "V7"]]


def test_the_original_repository_has_its_pieces_below_corpus(tmp_path):
    write(tmp_path / "Corpus", "Quartets/Tester,_Anna/Op1/1", "m1 C: I")
    write(tmp_path / "Corpus", "Orchestral/Tester,_Anna/Op2/1", "m1 C: I")
    assert READER.recognises(tmp_path)
    assert [t.track_id for t in READER.list_tracks(tmp_path)] == [
        "Orchestral/Tester,_Anna/Op2/1",
        "Quartets/Tester,_Anna/Op1/1",
    ]
    assert all(a.problem is None for a in READER.read(tmp_path, list(READER.list_tracks(tmp_path))))


def test_a_broken_analysis_fails_alone(tmp_path):
    write(tmp_path, "Quartets/A/1/1", "")
    write(tmp_path, "Quartets/A/1/2", "m1 C: I")
    write(tmp_path, "Orchestral/A/1/3", "nothing here")
    tracks = list(READER.list_tracks(tmp_path))
    problems = [bool(a.problem) for a in READER.read(tmp_path, tracks)]
    assert problems == [True, True, False]


def test_real_pieces_are_read_whole(real_corpus):
    root = real_corpus("when_in_rome")
    tracks = list(READER.list_tracks(root))
    annotations = list(READER.read(root, tracks))
    assert len(tracks) == 224 and not any(a.problem for a in annotations)
    assert all(a.unit == "quarters" and len(a.bars) == len(a.symbols) for a in annotations)
    tokens = Counter((s, k) for a in annotations for s, k in zip(a.symbols, a.keys, strict=True))
    unread = sum(n for (s, k), n in tokens.items() if read_symbol(s, "romantext", key=k)[1])
    assert unread / tokens.total() < 0.001
    # By eye: Bach's first prelude has a chord a bar, 35 bars, the first of them I and the second ii2.
    prelude = next(a for a in annotations if a.track_id.endswith("The_Well-Tempered_Clavier_I/01"))
    assert prelude.symbols[:3] == ["I", "ii2", "V65"] and prelude.onsets[:3] == [0.0, 4.0, 8.0]
    assert sum(prelude.bars) == 35
