"""The catalogue: recipes, and downloads that are pinned, verified, resumable and harmless."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from musictrend.corpus import catalogue
from musictrend.corpus.catalogue import fetch_corpus, find_recipe, list_recipes, read_recipe
from musictrend.corpus.manifest import load_corpus
from musictrend.corpus.readers import list_readers
from musictrend.corpus.template import init_corpus
from musictrend.errors import CorpusError, MusictrendError, UnsafeFileError

TRACKS = b"track_id,year,genre,chords\na,1970,pop,C G Am F\nb,1980,jazz,Dm7 G7 Cmaj7\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A working folder with a recipe and a mirror, and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSICTREND_MIRROR", raising=False)
    return Shop(tmp_path)


class Shop:
    def __init__(self, root: Path) -> None:
        self.root, self.mirror = root, root / "mirror"

    def offer(self, data: bytes = TRACKS, *, path="data/tracks.csv", to="tracks.csv", sha256="", size=None, unpack=False,
              repository="somebody/songs", commit=COMMIT) -> None:  # fmt: skip
        """Put a recipe with one file on the shelf, and the file into the mirror."""
        file = self.mirror / "somebody/songs" / COMMIT / "data" / Path(path).name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        size = len(data) if size is None else size
        shelf = self.root / "corpora" / "songs"
        shelf.mkdir(parents=True, exist_ok=True)
        quote = lambda text: "'" + text + "'"  # noqa: E731
        (shelf / "corpus.toml").write_text(
            'name = "songs"\nlicence = "CC0"\ntitle = "Songs"\n[[files]]\n'
            f"repository = {quote(repository)}\ncommit = {quote(commit)}\npath = {quote(path)}\nbytes = {size}\n"
            f"sha256 = {quote(sha256)}\nto = {quote(to)}\nunpack = {str(unpack).lower()}\n"
        )

    def fetch(self, mirror: str | None = None) -> Path:
        return fetch_corpus("songs", mirror=mirror or str(self.mirror))

    def refused(self, kind=MusictrendError) -> str:
        with pytest.raises(kind) as caught:
            self.fetch()
        assert "\n" not in str(caught.value)
        assert not (self.root / "cache" / "corpora" / "songs" / ".complete").exists()
        return str(caught.value)


def archive(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = info.size or len(data)
            tar.addfile(info, io.BytesIO(data) if data else None)
    return out.getvalue()


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


# --- the packaged catalogue


def test_every_recipe_of_the_catalogue_is_whole():
    recipes = list_recipes(packaged=True)
    assert "planted" in recipes
    for name, recipe in recipes.items():
        assert recipe.name == name
        assert recipe.settings["licence"] and recipe.settings["title"]
        assert catalogue.unknown_settings(recipe.settings) == []
        assert (recipe.folder / "README.md").is_file() or recipe.is_packaged
        assert recipe.settings.get("reader", "lab") in list_readers()
        for file in recipe.files:
            assert len(file.commit) == 40 and file.bytes > 0
            assert file.url().startswith("https://")


# --- fetching


def test_a_corpus_is_fetched_from_a_mirror_and_loads_by_its_name(shop):
    shop.offer()
    with pytest.raises(CorpusError, match="musictrend corpus fetch songs"):
        load_corpus("songs")
    folder = shop.fetch()
    assert folder.is_relative_to(shop.root / "cache")
    assert len(load_corpus("songs")) == 2
    assert load_corpus("songs").licence == "CC0"


def test_a_mirror_may_be_named_by_the_environment_or_as_a_file_address(shop, monkeypatch):
    shop.offer()
    monkeypatch.setenv("MUSICTREND_MIRROR", shop.mirror.as_uri())
    assert (fetch_corpus("songs") / "tracks.csv").read_bytes() == TRACKS


def test_what_is_there_is_not_fetched_again(shop):
    shop.offer()
    folder = shop.fetch()
    before = (folder / "tracks.csv").stat().st_mtime_ns
    for file in shop.mirror.rglob("*.csv"):
        file.unlink()
    assert shop.fetch() == folder
    assert (folder / "tracks.csv").stat().st_mtime_ns == before


def test_a_damaged_file_is_fetched_again(shop):
    shop.offer()
    folder = shop.fetch()
    (folder / "tracks.csv").write_bytes(b"half")
    shop.fetch()
    assert (folder / "tracks.csv").read_bytes() == TRACKS


def test_a_new_pin_makes_the_old_download_incomplete(shop):
    shop.offer()
    shop.fetch()
    assert find_recipe("songs").is_fetched
    shop.offer(TRACKS + b"c,1990,pop,C\n")
    assert not find_recipe("songs").is_fetched
    shop.fetch()
    assert len(load_corpus("songs")) == 3


def test_another_content_than_pinned_is_refused_and_not_kept(shop):
    shop.offer(sha256="0" * 64)
    assert "sha256 differs" in shop.refused()
    shop.offer(size=7)
    assert "7 are pinned" in shop.refused()
    assert not list((shop.root / "cache" / "corpora" / "songs").glob("*"))


def test_a_mirror_without_the_file_says_so(shop):
    shop.offer()
    next(shop.mirror.rglob("tracks.csv")).unlink()
    assert "the mirror has no" in shop.refused()


def test_a_network_that_is_not_there_is_one_line(shop):
    shop.offer()
    with pytest.raises(CorpusError, match="could not be fetched") as caught:
        shop.fetch("http://127.0.0.1:9/")
    assert "\n" not in str(caught.value)
    assert "--mirror" in str(caught.value)


@pytest.mark.parametrize(
    "to", ["../out.csv", "/tmp/out.csv", "a/../../out.csv", "..\\out.csv", "C:\\out.csv", "", ".", "a\tb"]
)
def test_a_pin_that_leads_out_of_the_folder_is_refused(shop, to):
    shop.offer(to=to)
    shop.refused()
    assert not (shop.root / "cache" / "corpora" / "out.csv").exists()


@pytest.mark.parametrize("field", ["repository", "commit", "path"])
def test_a_pin_cannot_read_outside_its_mirror(shop, field):
    (shop.root / "secret").write_bytes(TRACKS)
    shop.offer(**{field: "../../../secret"})
    assert "leaves the corpus folder" in shop.refused(UnsafeFileError)


@pytest.mark.parametrize("toml", ["[[files]]\npath = 'a'", "files = [1]", "[[files]]\nrepository = 1"])
def test_a_pin_that_is_none_is_one_line(shop, toml):
    shop.offer()
    (shop.root / "corpora/songs/corpus.toml").write_text(toml)
    assert "[[files]]" in shop.refused(CorpusError)


def test_a_corpus_without_pins_says_where_to_look(shop):
    shop.offer()
    (shop.root / "corpora/songs/corpus.toml").write_text("name = 'songs'")
    assert "README" in shop.refused(CorpusError)


# --- archives


def test_an_archive_is_unpacked(shop):
    for data, to in ((archive({"tracks.csv": TRACKS}), "a.tar.gz"), (zipped({"tracks.csv": TRACKS}), "a.zip")):
        shop.offer(data, to=to, path=f"data/{to}", unpack=True)
        assert (shop.fetch() / "tracks.csv").read_bytes() == TRACKS


@pytest.mark.parametrize(
    "data",
    [
        archive({"../out.csv": TRACKS}),
        archive({"link": special("link", tarfile.SYMTYPE, "/etc/passwd")}),
        archive({"link": special("link", tarfile.SYMTYPE, "../../..")}),
        archive({"hard": special("hard", tarfile.LNKTYPE, "../../../out")}),
        archive({"pipe": special("pipe", tarfile.FIFOTYPE)}),
        archive({"null": special("null", tarfile.CHRTYPE)}),
        zipped({"../out.csv": TRACKS}),
        zipped({"/out.csv": TRACKS}),
    ],
)
def test_archives_that_reach_out_are_refused(shop, data):
    shop.offer(data, path="data/a.bin", to="a.bin", unpack=True)
    assert "leaves the folder" in shop.refused(UnsafeFileError)
    assert not list(shop.root.rglob("out.csv"))


@pytest.mark.parametrize("name", ["tar", "zip"])
def test_a_bomb_is_refused_before_it_goes_off(shop, monkeypatch, name):
    monkeypatch.setattr(catalogue, "MAX_UNPACKED", 2**20)
    zeros = {"zeros.csv": bytes(2**21)}
    shop.offer(archive(zeros) if name == "tar" else zipped(zeros), path="data/a.bin", to="a.bin", unpack=True)
    assert "2,097,152 bytes: refused" in shop.refused(UnsafeFileError)
    assert not list(shop.root.rglob("zeros.csv"))


def test_an_archive_that_claims_a_terabyte_is_not_read_through(shop):
    claim = tarfile.TarInfo("zeros.csv")
    claim.size = 2**40
    data = tarfile.TarInfo.tobuf(claim) + bytes(1024)
    shop.offer(data, path="data/a.tar", to="a.tar", unpack=True)
    assert "1,099,511,627,776 bytes" in shop.refused(UnsafeFileError)


@pytest.mark.parametrize("cut", [10, 0.5, 0.9])
def test_a_truncated_archive_is_one_line_and_is_fetched_again(shop, cut):
    whole = archive({"tracks.csv": TRACKS * 500, "more.csv": bytes(range(256)) * 99})
    data = whole[: cut if isinstance(cut, int) else int(cut * len(whole))]
    shop.offer(data, path="data/a.tar.gz", to="a.tar.gz", unpack=True)
    assert "broken archive" in shop.refused(CorpusError)
    shop.offer(whole, path="data/a.tar.gz", to="a.tar.gz", unpack=True)
    assert shop.fetch().joinpath("tracks.csv").is_file()


# --- a new corpus


def test_init_writes_a_corpus_that_loads(tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "So What 1959.lab").write_text("0 1 D:min7\n1 2 Eb:min7\n")
    written = init_corpus(tmp_path / "songs")
    assert [p.name for p in written] == ["corpus.toml", "tracks.csv"]
    corpus = load_corpus(tmp_path / "songs")
    assert (corpus.name, corpus.entries[0].year.value, corpus.problems) == ("songs", 1959, [])
    with pytest.raises(CorpusError, match="--force"):
        init_corpus(tmp_path / "songs")
    init_corpus(tmp_path / "songs", force=True)


def test_init_makes_the_folder_and_a_name_that_is_accepted(tmp_path):
    folder = tmp_path / "näme with = and 'quotes\""
    init_corpus(folder)
    assert read_recipe(folder).name


def test_init_keeps_a_manifest_that_is_there(tmp_path):
    (tmp_path / "tracks.csv").write_bytes(TRACKS)
    init_corpus(tmp_path)
    assert (tmp_path / "tracks.csv").read_bytes() == TRACKS
    assert len(load_corpus(tmp_path)) == 2
