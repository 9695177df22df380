"""Files from strangers: each is refused in one clear line, and the rest of the corpus goes on."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictrend.corpus.files import (
    MAX_BYTES,
    MAX_LINE,
    iter_lines,
    iter_rows,
    read_bytes,
    read_head,
    read_json,
    read_text,
    read_zip_member,
    resolve_inside,
)
from musictrend.corpus.readers import get_reader
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError, UnsafeFileError

SMALL = 2**20


def assert_clear(error):
    """One line, not empty, that says what and not which Python function."""
    assert isinstance(error, ReaderError), repr(error)
    for text in (error.reason, error.place, error.hint):
        assert "\n" not in text and len(text) <= 400, text
    assert len(error.reason) > 8
    assert "Traceback" not in error.reason


def refused(call, *arguments, **options):
    """What a call is refused with."""
    with pytest.raises(ReaderError) as caught:
        result = call(*arguments, **options)
        if hasattr(result, "__next__"):
            list(result)
    assert_clear(caught.value)
    return caught.value


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def sparse(path: Path, size: int = MAX_BYTES + 1) -> Path:
    """A file that is as large as said and takes no room on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return path


# --- paths


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "a/../../secret.txt",
        "..\\secret.txt",
        "a\\..\\..\\secret.txt",
        "/etc/passwd",
        "//server/share/x",
        "\\\\server\\share\\x",
        "C:\\secret.txt",
        "c:secret.txt",
        "Z:/secret.txt",
        "a\0b.txt",
        "x" * 5000,
    ],
)
def test_a_path_that_leaves_the_corpus_is_refused(tmp_path, path):
    (tmp_path / "corpus").mkdir()
    write(tmp_path / "secret.txt", b"secret")
    assert isinstance(refused(resolve_inside, tmp_path / "corpus", path), UnsafeFileError)


@pytest.mark.parametrize(
    "path", ["", ".", "folder", "none.txt", "folder/none.txt", "x" * 300, "a/" * 1500 + "b", "\udc80"]
)
def test_a_path_to_no_file_is_an_error_with_a_next_move(tmp_path, path):
    (tmp_path / "folder").mkdir()
    refused(resolve_inside, tmp_path, path)


def test_links_that_lead_outside_are_refused(tmp_path):
    root = tmp_path / "corpus"
    root.mkdir()
    write(tmp_path / "outside" / "secret.txt", b"secret")
    (root / "link.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "folder").symlink_to(tmp_path / "outside")
    for path in ("link.txt", "folder/secret.txt"):
        assert "through a link" in refused(resolve_inside, root, path).reason


def test_links_that_go_in_circles_are_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    refused(resolve_inside, tmp_path, "a")


def test_links_inside_the_corpus_and_a_linked_corpus_are_fine(tmp_path):
    root = tmp_path / "corpus"
    write(root / "real.txt", b"C")
    (root / "link.txt").symlink_to(root / "real.txt")
    (tmp_path / "other").symlink_to(root)
    assert resolve_inside(root, "link.txt").read_bytes() == b"C"
    assert resolve_inside(tmp_path / "other", "real.txt").read_bytes() == b"C"


@given(st.text(max_size=40))
def test_no_path_at_all_leaves_the_corpus(tmp_path_factory, text):
    root = tmp_path_factory.getbasetemp() / "corpus"
    root.mkdir(exist_ok=True)
    try:
        found = resolve_inside(root, text)
    except ReaderError as error:
        assert_clear(error)
    else:
        assert found.resolve().is_relative_to(root.resolve())


# --- sizes and kinds


@pytest.mark.parametrize("read", [read_bytes, read_text, read_json, iter_rows])
def test_a_file_of_half_a_gigabyte_is_refused_before_it_is_read(tmp_path, read):
    error = refused(read, sparse(tmp_path / "large"))
    assert isinstance(error, UnsafeFileError)
    assert "536,870,913 bytes" in error.reason


@pytest.mark.parametrize("read", [read_bytes, read_text, read_json, iter_rows, iter_lines])
def test_folders_and_pipes_are_refused_and_never_waited_for(tmp_path, read):
    refused(read, tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(read, tmp_path / "pipe")
        refused(read_head, tmp_path / "pipe", 10)
        refused(read_zip_member, tmp_path / "pipe", limit=SMALL)


@pytest.mark.parametrize("read", [read_bytes, read_text, read_json, iter_rows])
def test_an_empty_file_is_told_as_such(tmp_path, read):
    assert refused(read, write(tmp_path / "empty", b"")).reason == "empty file"


@pytest.mark.parametrize("read", [read_text, read_json, iter_rows])
def test_an_endless_line_is_refused(tmp_path, read):
    path = write(tmp_path / "long", b"first\n" + b"C" * (MAX_LINE + 2) + b"\nlast\n")
    error = refused(read, path)
    assert isinstance(error, UnsafeFileError)
    assert error.place == "line 2"


def test_an_endless_line_is_refused_while_streaming_without_holding_it(tmp_path):
    path = sparse(tmp_path / "long", 2**30)
    assert "a line of more than" in refused(iter_lines, path).reason


def test_streaming_gives_every_line_with_its_place(tmp_path):
    path = write(tmp_path / "lines", b"one\ntwo\r\n\nlast")
    assert list(iter_lines(path)) == [(0, b"one\n"), (4, b"two\r\n"), (9, b"\n"), (10, b"last")]
    assert list(iter_lines(path, offset=9)) == [(9, b"\n"), (10, b"last")]
    assert list(iter_lines(path, offset=10**9)) == []


# --- text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Café".encode("latin-1"), "not UTF-8: byte 0xe9"),
        (b"a\nb\nc \xff", "not UTF-8"),
        (b"\xff\xfea", "not UTF-16"),
        (b"\xff\xfe\x00\xd8\x41\x00", "not UTF-16"),
        (b"C G\0Am", "binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        ("C G".encode("utf-32-le"), "binary data"),
    ],
)
def test_text_in_another_encoding_is_told_with_its_place(tmp_path, data, words):
    assert words in refused(read_text, write(tmp_path / "text", data)).reason


def test_utf8_with_a_mark_and_utf16_are_read(tmp_path):
    for data in ("\ufeffÉ".encode(), "É".encode("utf-16"), "É".encode()):
        assert read_text(write(tmp_path / "text", data)) == "É"
    assert read_text(write(tmp_path / "text", b"\xe9"), encoding="latin-1") == "é"


def test_an_encoding_that_there_is_none_of_is_told(tmp_path):
    assert "klingon" in refused(read_text, write(tmp_path / "text", b"C"), encoding="klingon").reason


# --- tables


def test_a_cell_of_a_megabyte_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", b"id,chords\n1," + b"C " * SMALL + b"\n")
    assert refused(iter_rows, path).reason.startswith("not a table")


def test_rows_of_other_lengths_are_filled_and_cut(tmp_path):
    path = write(tmp_path / "t.csv", b"id,chords\n1\n2,C,extra\n")
    rows = list(iter_rows(path))
    assert [(r["id"], r["chords"], r["__line__"]) for r in rows] == [("1", "", "2"), ("2", "C", "3")]


# --- JSON


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "[" * 200_000 + "]" * 200_000, '{"a":' * 100_000 + "1" + "}" * 100_000],
)
def test_json_nested_without_end_is_refused(tmp_path, text):
    refused(read_json, write(tmp_path / "deep.json", text.encode()))


@pytest.mark.parametrize("text", ["{", '{"a" 1}', "C G Am", '"' + "x" * 10, "[1,]", "9" * 5000, "-" + "1" * 6000])
def test_what_is_not_json_is_told(tmp_path, text):
    assert "JSON" in refused(read_json, write(tmp_path / "bad.json", text.encode())).reason


# --- archives


def archive(path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = archive(tmp_path / "bomb.mxl", {"score.xml": bytes(64 * SMALL)})
    assert path.stat().st_size < SMALL
    error = refused(read_zip_member, path, "score.xml", limit=32 * SMALL)
    assert isinstance(error, UnsafeFileError) and "unpacks to 67,108,864 bytes" in error.reason
    assert "unpacks to" in refused(read_zip_member, path, "score.xml", limit=256 * SMALL).reason


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path):
    data = bytes(range(256)) * 4096
    path = archive(tmp_path / "lie.mxl", {"score.xml": data})
    raw = path.read_bytes()
    # Both headers of the member hold its size: say 100 bytes instead.
    lie = raw.replace(struct.pack("<L", len(data)), struct.pack("<L", 100))
    assert lie != raw
    refused(read_zip_member, write(path, lie), "score.xml", limit=1000)


def test_broken_archives_are_told(tmp_path):
    good = archive(tmp_path / "good.mxl", {"score.xml": os.urandom(20_000)}).read_bytes()
    assert read_zip_member(tmp_path / "good.mxl", suffixes=(".xml",), limit=SMALL)
    for cut in (1, 4, 30, 5000, len(good) - 30, len(good) - 1):
        refused(read_zip_member, write(tmp_path / "cut.mxl", good[:cut]), "score.xml", limit=SMALL)
    flipped = bytearray(good)
    flipped[200] ^= 255
    refused(read_zip_member, write(tmp_path / "flip.mxl", bytes(flipped)), "score.xml", limit=SMALL)
    refused(read_zip_member, write(tmp_path / "text.mxl", b"<xml/>"), "score.xml", limit=SMALL)
    refused(read_zip_member, write(tmp_path / "empty.mxl", b""), "score.xml", limit=SMALL)


def test_broken_compression_is_told(tmp_path):
    data = os.urandom(3000)
    good = archive(tmp_path / "good.mxl", {"a.xml": data}).read_bytes()
    body = zlib.compress(data)[2:-4]
    assert body in good
    broken = good.replace(body, b"\xff" * len(body))
    refused(read_zip_member, write(tmp_path / "bad.mxl", broken), "a.xml", limit=SMALL)


def test_members_that_are_not_there_or_locked_are_told(tmp_path):
    path = archive(tmp_path / "a.mxl", {"../evil.xml": b"<x/>", "META-INF/container.xml": b"<c/>"})
    assert "no 'score.xml'" in refused(read_zip_member, path, "score.xml", limit=SMALL).reason
    assert read_zip_member(path, suffixes=(".xml",), limit=SMALL) == b"<x/>"  # in memory: its name goes nowhere
    assert not (tmp_path.parent / "evil.xml").exists()
    raw = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= 1  # encrypted
    refused(read_zip_member, write(path, bytes(raw)), "../evil.xml", limit=SMALL)


# --- readers: one hostile file beside a good one


DEEP = b'{"title":"x","artist":"x","metre":"4/4","parts":' + b'[{"parts":' * 3000 + b"[]" + b"}]" * 3000 + b"}"
HOSTILE = {
    "empty": b"",
    "blank": b" \n\n \n",
    "binary": b"\0\1\2" * 100,
    "latin": "Título = Canção\nC | D |\n".encode("latin-1"),
    "endless": b"C | " * (MAX_LINE // 4 + 10),
    "json": b"[" * 100_000,
    "deep": DEEP,
    "numbers": b'{"parts": [{"chords": "|C |", "beats": [1e999, 2]}], "title": 1, "metre": null}',
    "null": b"null",
    "braces": b"{" * 5000 + b"irealb://" + b"=" * 5000,
    "markup": b"<script>alert(1)</script>\n[<script>]\n",
}
GOOD = {
    "jaah": (
        "annotations",
        ".json",
        b'{"title":"t","artist":"a","metre":"4/4","parts":[{"beats":[1,2,3,4],"chords":["|C |"]}]}',
    ),
    "jazz_bunks": ("SongDB/Songs[A-G]", ".txt", b"Title = t\nTimeSig = 4 4\n C | G |\n"),
    "choro": ("transcriptions", ".txt", b"P1: C | G |\nS[C, 2/4]: $P1\n"),
    "ireal": ("", ".html", b'<a href="irealbook://t=c=Swing=C=n=[T44C   |G   Z">'),
    "chordpro": ("", ".cho", b"{title: t}\n[C]la [G]la\n"),
    "chordstrings": ("", ".chords", b"C G Am F\n"),
}


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("name", GOOD)
def test_a_hostile_file_beside_a_good_one_costs_one_track_and_one_line(tmp_path, name, content):
    folder, suffix, good = GOOD[name]
    write(tmp_path / folder / f"good{suffix}", good)
    write(tmp_path / folder / f"hostile{suffix}", HOSTILE[content])
    _check_beside(name, tmp_path, folder, suffix)


@pytest.mark.parametrize("name", GOOD)
def test_a_huge_file_beside_a_good_one_costs_one_track_and_one_line(tmp_path, name):
    folder, suffix, good = GOOD[name]
    write(tmp_path / folder / f"good{suffix}", good)
    sparse(tmp_path / folder / f"hostile{suffix}")
    _check_beside(name, tmp_path, folder, suffix)


def _check_beside(name, root, folder, suffix):
    reader = get_reader(name)
    try:
        listed = list(reader.list_tracks(root))
    except NotImplementedError:  # a file format: the manifest lists its files
        paths = [f"{folder}/{stem}{suffix}".lstrip("/") for stem in ("good", "hostile")]
        listed = [Track(track_id=Path(path).stem, path=path) for path in paths]
    found = list(reader.read(root, [t for t in listed if t.status == "ok"]))
    assert all(t.reason and "\n" not in t.reason for t in listed if t.status == "failed")
    failed = {a.track_id for a in found if a.problem} | {t.track_id for t in listed if t.status == "failed"}
    for annotation in found:
        if annotation.problem:
            assert_clear(annotation.problem)
            # An unforeseen exception is caught, but a reader should have a sentence for it.
            assert not annotation.problem.reason.startswith("malformed:"), annotation.problem.reason
    assert not {track_id for track_id in failed if "good" in track_id}
    assert any("good" in a.track_id and a.symbols for a in found)
    if not any("hostile" in a.track_id and a.symbols for a in found):
        assert any("hostile" in track_id for track_id in failed)


@pytest.mark.parametrize("name", [*GOOD, "jazzstandards_ireal", "chordonomicon"])
@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname", "link", "C:\\x", ""])
def test_a_manifest_cannot_make_a_reader_leave_the_corpus(tmp_path, name, path):
    root = tmp_path / "corpus"
    root.mkdir()
    write(tmp_path / "secret.txt", b"C G Am F")
    (root / "link").symlink_to(tmp_path / "secret.txt")
    (annotation,) = get_reader(name).read(root, [Track(track_id="t", path=path, part="0")])
    assert annotation.symbols == []
    assert_clear(annotation.problem)


@pytest.mark.parametrize("name", ["jaah", "jazz_bunks", "choro", "ireal"])
def test_a_link_out_of_the_corpus_is_not_read_when_it_is_listed(tmp_path, name):
    folder, suffix, good = GOOD[name]
    root = tmp_path / "corpus"
    write(root / folder / f"good{suffix}", good)
    outside = write(tmp_path / f"outside{suffix}", good.replace(b"C", b"D"))
    (root / folder / f"link{suffix}").symlink_to(outside)
    reader = get_reader(name)
    listed = list(reader.list_tracks(root))
    found = list(reader.read(root, [t for t in listed if t.status == "ok"]))
    assert all("link" not in a.track_id for a in found if a.symbols)
    told = [t.reason for t in listed if t.status == "failed"] + [a.problem.reason for a in found if a.problem]
    assert len(told) == 1 and "through a link" in told[0]


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize(
    ("name", "file"),
    [("jazzstandards_ireal", "JazzStandards.json"), ("chordonomicon", "chordonomicon_v2.csv")],
)
def test_a_hostile_single_file_dataset_is_refused_in_one_line(tmp_path, name, file, content):
    write(tmp_path / file, HOSTILE[content])
    get_reader(name).recognises(tmp_path)
    refused(get_reader(name).list_tracks, tmp_path)


def test_a_dataset_file_too_large_is_refused_or_streamed(tmp_path):
    sparse(tmp_path / "JazzStandards.json")
    refused(get_reader("jazzstandards_ireal").list_tracks, tmp_path)
    sparse(tmp_path / "chordonomicon_v2.csv", 2**31)
    refused(get_reader("chordonomicon").list_tracks, tmp_path)


def test_tunes_of_every_wrong_sort_fail_alone(tmp_path):
    wrong = [None, 1, "x", [], {}, {"Sections": None}, {"Sections": [1]}, {"Sections": [{"MainSegment": 3}]}]
    wrong += [
        {"Title": ["a"], "Sections": [{"MainSegment": {"Chords": "C"}, "Endings": "D"}]},
        {"Sections": []},
    ]
    good = {"Title": "good", "Sections": [{"MainSegment": {"Chords": "C"}}]}
    (tmp_path / "JazzStandards.json").write_text(json.dumps([*wrong, good]))
    reader = get_reader("jazzstandards_ireal")
    listed = list(reader.list_tracks(tmp_path))
    found = list(reader.read(tmp_path, [t for t in listed if t.status == "ok"]))
    assert [a.track_id for a in found if not a.problem] == ["good"]
    for annotation in found[:-1]:
        assert_clear(annotation.problem)
