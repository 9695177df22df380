"""One file of a public corpus alone is read as it is in its corpus, whatever its ending shares with others."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

import musictrend as mt
from musictrend.cli.app import run_command
from musictrend.corpus import load_corpus
from musictrend.corpus.files import read_head_text
from musictrend.corpus.readers import get_reader, list_readers, reader_for_file
from musictrend.errors import ReaderError
from musictrend.extraction.annotation import SymbolReader

FIXTURES = Path(__file__).parent / "fixtures"
BUNKS = "Title = A Small Day\nComposedBy = No Body\nDBKeySig = G\nTimeSig = 4 4\nBars = 2\n Am7 D7 | GM7 |\n"
CHORO = "P0: Dm | A7 |\nP1: Gm6 D7 | % |\nPartA: $P0*2\nS[Dm, 2/4]: $PartA $P0\n"
ROCK = "% A song\nVr: I IV | V7 |\nS: [A] [4/4] $Vr*2 | R |\n"
JAAH = {"title": "T", "artist": "A", "metre": "4/4", "parts": [
    {"name": "Head", "beats": [1.0, 1.5, 2.0, 2.5], "chords": ["|C:maj G:7 |"]}]}  # fmt: skip
IREAL_JSON = [
    {"Title": name, "Key": "F", "TimeSignature": "3/4", "Sections": [{"Label": "A", "MainSegment": {"Chords": bars}}]}
    for name, bars in (("One", "Fmaj7|C7"), ("Two", "Gm7,C7|Fmaj7"))
]
SALAMI = "# title: T\n# artist: A\n# metre: 4/4\n# tonic: C\n\n0.0\tsilence\n1.0\tA, | C:maj | G:7 |\n5.0\tend\n"
ROMAN = "Composer: No Body\nTime Signature: 4/4\n\nm1 b1 G: I b3 V7\nm2 I\n"
HUMDRUM = FIXTURES / "rs200_humdrum" / "Data" / "MadeUps_DaleSong_1969.lyrics.hum"
COCOPOPS = "**harm\t**harte\t**timestamp\n*M4/4\t*M4/4\t*\n=1\t=1\t=1\n1i\tA:min\t0.5\n1V\tE:maj\t2.5\n1r;\tN\t4.5\n*-\t*-\t*-\n"


@pytest.mark.parametrize(
    ("name", "text", "reader", "labels"),
    [
        ("tune.txt", BUNKS, "jazz_bunks", "A:min7 D:7 G:maj7"),
        ("choro.txt", CHORO, "choro", "D:min A:7 D:min A:7 D:min A:7"),
        ("song.txt", ROCK, "rs200", "A:maj D:maj E:7 A:maj D:maj E:7 N"),
        ("song.txt", "[G] R | i | bVII . IV | |", "rs200", "N G:min F:maj C:maj"),
        ("song.har", "[G] I | V |", "rs200", "G:maj D:maj"),
        ("song.hum", COCOPOPS, "cocopops_billboard", "A:min E:maj"),
        ("take.json", json.dumps(JAAH), "jaah", "C:maj G:7"),
        ("tunes.json", json.dumps(IREAL_JSON), "jazzstandards_ireal", "F:maj7 C:7"),
        ("link.txt", "irealbook://So=Doe Jane=Ballad=D-=n=[T44D-7   |A7  Z", "ireal", "D:min7 A:7"),
        ("0042.txt", SALAMI, "mcgill_billboard", "N C:maj G:7"),
        ("bwv1.txt", ROMAN, "romantext", "G:maj D:7 G:maj"),
        ("chord_audio.txt", "0.0 1.5 C:maj\n1.5 2 N\n", "pop909", "C:maj N"),
        ("plain.txt", "title: A Small Day\n<verse> C G/B | Am7 (F) N.C.\nDsus4 E7#9\n", "chordstrings",
         "C:maj G:maj/3 A:min7 F:maj N D:sus4 E:7(#9)"),
    ],
)  # fmt: skip
def test_a_file_is_read_by_the_format_it_is_in(tmp_path, name, text, reader, labels):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert reader_for_file(path) is get_reader(reader)
    assert " ".join(chord.label for chord in mt.extract(path).chords) == labels


def test_a_humdrum_file_of_two_analysts_holds_two_pieces():
    first, second = get_reader("rs200").read_file(HUMDRUM)
    assert reader_for_file(HUMDRUM) is get_reader("rs200")
    assert [first.track_id, second.track_id] == ["MadeUps_DaleSong_1969_Temperley", "MadeUps_DaleSong_1969_deClercq"]
    assert (first.artist, first.title, first.year) == ("Made Ups", "Dale Song", "1969")
    other = mt.extract(HUMDRUM, part=second.track_id)
    assert len(other) == len(second.symbols)


def test_a_plain_folder_of_such_files_is_read_as_the_single_files_are(tmp_path):
    for genre, name, text in (("jazz", "tune.txt", BUNKS), ("jazz", "tunes.json", json.dumps(IREAL_JSON)),
                              ("rock", HUMDRUM.name, HUMDRUM.read_text())):  # fmt: skip
        folder = tmp_path / genre / "1969"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "notes.json").write_text("{}")
    corpus = load_corpus(tmp_path)
    tracks = {track.track_id.removeprefix("jazz/1969/"): track.title for track in corpus.entries}
    assert len(tracks) == 5 and tracks["tunes.json/Two"] == "Two"
    chords = mt.extract_corpus(corpus)
    names = [name.partition("/")[2] for name in chords.track_ids]  # without the corpus' name
    found = {name: [c.label for c in chords.sequence(i).chords] for i, name in enumerate(names)}
    assert found["jazz/1969/tune.txt"] == ["A:min7", "D:7", "G:maj7"]
    assert found["jazz/1969/tunes.json/Two"] == ["G:min7", "C:7", "F:maj7"]
    analysts = [f"rock/1969/{HUMDRUM.name}/MadeUps_DaleSong_1969_{name}" for name in ("Temperley", "deClercq")]
    assert len(found) == 5 and all(found[name] for name in analysts)


def test_every_piece_of_a_list_of_tunes_can_be_asked_for(tmp_path):
    path = tmp_path / "tunes.json"
    path.write_text(json.dumps(IREAL_JSON))
    assert [c.label for c in mt.extract(path, part="Two").chords] == ["G:min7", "C:7", "F:maj7"]
    with pytest.raises(ReaderError, match="no piece 'Three'"):
        mt.extract(path, part="Three")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("key_audio.txt", "0.1 206.2 B:maj\n", "the keys of a song"),
        ("beat_midi.txt", "0.5 1.0 1.0\n", "the beats of a song"),
        ("song.txt", "DBKey = G\n C | D |\n", "'DBKey =' begins a line"),
        ("song.txt", "P1: Cm7(9) | Fm |\n", "'P1:' begins a line"),
        ("song.txt", "C G Am F\nA very Beautiful Day for Everyone\n", "5 of 10 words look like no chord symbol"),
        ("song.json", '{"tonal": {}}', "no reader recognises what is in this .json"),
        ("song.json", "", "no reader recognises what is in this .json"),
        ("song.hum", "**kern\n4c\n*-\n", "no reader recognises what is in this .hum"),
        ("song.csv", "", "empty file"),
        ("song.xyz", "C G", "no reader takes .xyz"),
    ],
)
def test_what_is_no_chords_is_refused_in_one_line(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ReaderError) as raised:
        mt.extract(path)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_one_odd_word_in_ten_is_kept_as_x(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text("C G Am F C G Am F C whatever\n")
    assert [chord.label for chord in mt.extract(path).chords].count("X") == 1


@pytest.mark.parametrize("command", ["extract", "score"])
@pytest.mark.parametrize("name", ["nofile.wav", "nofile.lab", "nofile.csv", "folder/nofile"])
def test_a_file_that_is_not_there_is_said_to_be_absent(command, name, tmp_path, capsys):
    assert run_command([command, str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert f"no file at {tmp_path / name}" in said and said.count("\n") == 1


def test_an_empty_table_is_no_corpus_that_needs_a_folder(tmp_path, capsys):
    (tmp_path / "song.csv").touch()
    assert run_command(["extract", str(tmp_path / "song.csv")]) == 1
    assert "empty file" in capsys.readouterr().err


# Of each corpus one track in the middle, by the reader of the whole corpus and as a file alone.
CORPORA = {
    "cocopops_billboard": "cocopops_billboard", "dcml": "dcml", "dcml_choro": "choro", "jaah": "jaah",
    "jazz_bunks": "jazz_bunks", "jazzstandards_ireal": "jazzstandards_ireal", "mcgill_billboard": "mcgill_billboard",
    "openewld": "openewld", "pop909": "pop909", "rs200": "rs200", "when_in_rome": "when_in_rome",
}  # fmt: skip


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_file_alone_gives_the_chords_that_its_corpus_gives(real_corpus, corpus, capsys):
    root, reader = real_corpus(corpus), get_reader(CORPORA[corpus])
    tracks = [track for track in reader.list_tracks(root) if track.status == "ok"]
    track = tracks[len(tracks) // 2]
    expected = SymbolReader().read(next(iter(reader.read(root, [track]))), "")
    level = logging.getLogger("musictrend").level
    part = ["--part", track.track_id] if corpus == "jazzstandards_ireal" else []
    assert run_command(["extract", str(root / track.path), "--json", *part]) == 0
    logging.getLogger("musictrend").setLevel(level)
    found = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in found["chords"]] == [chord.label for chord in expected.chords]
    assert [row["duration"] for row in found["chords"]] == pytest.approx(list(expected.durations))
    written = [(key.tonic, key.mode) for key in expected.keys if key is not None]
    assert not written or written == [(r["key_tonic"], r["key_mode"]) for r in found["chords"] if r["key_mode"]]


@pytest.mark.parametrize(
    ("corpus", "pattern", "reader"),
    [
        ("jazz_bunks", "SongDB/*/*.txt", "jazz_bunks"),
        ("dcml_choro", "transcriptions/*.txt", "choro"),
        ("rs200", "original/*.txt", "rs200"),
        ("rs200", "humdrum/*.hum", "rs200"),
        ("pop909", "*/*_*.txt", "pop909"),
        ("mcgill_billboard", "salami_chords/*/*.txt", "mcgill_billboard"),
        ("when_in_rome", "*/*/*/*/analysis.txt", "romantext"),
        ("jaah", "annotations/*.json", "jaah"),
        ("jazzstandards_ireal", "*.json", "jazzstandards_ireal"),
    ],
)
def test_of_readers_that_share_an_ending_one_alone_recognises_a_file(real_corpus, corpus, pattern, reader):
    paths = sorted(real_corpus(corpus).glob(pattern))[::9]
    assert paths
    for path in paths:
        head = read_head_text(path)
        sharing = [r for r in list_readers().values() if path.suffix in r.shared_suffixes]
        assert [r.name for r in sharing if r.recognises_file(path, head)] == [reader], path


@pytest.mark.parametrize(("corpus", "name"), [("irb", "irb_chords.tsv"), ("weimar_jazz_db", "wjd_meta.csv")])
def test_a_table_of_a_dataset_is_that_dataset(real_corpus, corpus, name, capsys):
    path = real_corpus(corpus) / name
    assert load_corpus(path).reader == corpus
    assert run_command(["extract", str(path)]) == 2  # many pieces: they go into a folder
    assert "a corpus needs -o FOLDER" in capsys.readouterr().err
