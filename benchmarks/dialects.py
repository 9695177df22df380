"""How many chord symbols of real corpora are read, and where a second opinion disagrees.

python benchmarks/dialects.py DATA             DATA holds the archives, or folders unpacked from them
python benchmarks/dialects.py DATA --show 10   also ten unread symbols and ten disagreements of each

One row a corpus and dialect: distinct symbols (with their key, for Roman numerals), those read, tokens, the
share of tokens read, tokens for which there is a second opinion, and the share that agrees with it.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import re
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from musictrend.harmony import Chord, Key, read_symbol
from musictrend.harmony.dialects.musicxml import write_harmony

MAJOR, MINOR = Key(0, "major", "C"), Key(0, "minor", "C")
# symbol, key, times written, pitch classes by another opinion or None
Row = tuple[str, Key | None, int, tuple[int, ...] | None]


def count(symbols: Iterator[str] | list[str]) -> list[Row]:
    return [(symbol, None, n, None) for symbol, n in Counter(symbols).items() if symbol.strip()]


def read_rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def with_harte_library(rows: list[Row]) -> list[Row]:
    from harte.harte import Harte

    return [(s, k, n, None if s in ("N", "X") else tuple(sorted(set(Harte(s).pitchClasses)))) for s, k, n, _ in rows]


def billboard(folder: Path) -> list[Row]:
    lines = (line for path in folder.glob("lab/*/full.lab") for line in path.read_text().splitlines())
    return with_harte_library(count([line.split()[2] for line in lines if len(line.split()) == 3]))


def mcgill(folder: Path) -> list[Row]:
    texts = (path.read_text(encoding="utf-8") for path in folder.glob("salami_chords/*/salami_chords.txt"))
    bars = (bar for text in texts for line in text.splitlines() for bar in line.split("|")[1:-1])
    tokens = (token for bar in bars for token in bar.split())
    return count([t for t in tokens if t != "." and not re.fullmatch(r"\(\d+/\d+\)", t)])


def jaah(folder: Path) -> list[Row]:
    texts = (path.read_text(encoding="utf-8") for path in folder.glob("annotations/*.json"))
    lists = (found for text in texts for found in re.findall(r'"chords":\s*(\[[^\]]*\])', text))
    return count([t for found in lists for bar in json.loads(found) for t in re.split(r"[|\s]+", bar) if t])


def chordonomicon(file: Path) -> list[Row]:
    return [
        (row["Chords"], None, 1, tuple(i for i, on in enumerate(ast.literal_eval(row["Degrees"])) if on))
        for row in read_rows(file)
    ]


def bunks(folder: Path) -> list[Row]:
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("SongDB/**/*.txt"))
    lines = (line for text in texts for line in text.splitlines() if "|" in line and "=" not in line)
    return count([token for line in lines for token in line.replace("|", " ").split()])


def ireal(folder: Path) -> list[Row]:
    text = (folder / "JazzStandards.json").read_text(encoding="utf-8")
    bars = [bar for found in re.findall(r'"Chords":\s*"([^"]*)"', text) for bar in found.split("|")]
    return count([token for bar in bars for token in bar.split(",")])


def choro(folder: Path) -> list[Row]:
    lines = [
        line.split(":", 1)[1]
        for path in folder.glob("transcriptions/*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if ":" in line and "$" not in line
    ]
    return count([t for line in lines for t in line.replace("|", " ").split() if t != "."])


def openewld(folder: Path) -> list[Row]:
    from lxml import etree

    lines: Counter[str] = Counter()
    for path in sorted(folder.rglob("dataset/**/*.mxl")):
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".xml") and not n.startswith("META-INF")]
            trees = [etree.fromstring(archive.read(n), etree.XMLParser(recover=True)) for n in names]
        lines.update(_write_element(element) for tree in trees for element in tree.iter("harmony"))
    return [(line, None, n, _ask_music21(line)) for line, n in lines.items()]


def _write_element(element) -> str:  # noqa: ANN001  an lxml element
    def name(part: str) -> str | None:
        step, alter = (
            element.findtext(f"{part}/{part}-step"),
            int(element.findtext(f"{part}/{part}-alter") or 0),
        )
        return step and step + ("#" * alter if alter > 0 else "b" * -alter)

    kind = element.find("kind")
    degrees = [
        (int(d.findtext("degree-value")), int(d.findtext("degree-alter") or 0), d.findtext("degree-type"))
        for d in element.findall("degree")
    ]
    return write_harmony(name("root"), (kind.text or "").strip(), degrees, name("bass"), text=kind.get("text") or "")


def _ask_music21(line: str) -> tuple[int, ...] | None:
    from music21 import harmony

    fields = dict(field.split("=", 1) for field in line.split(" text=")[0].split())
    root = fields["root"].replace("b", "-")
    chord = harmony.ChordSymbol(root=root, kind=fields["kind"], bass=fields.get("bass", root).replace("b", "-"))
    for degree in filter(None, fields.get("degrees", "").split(",")):
        word, value, alter = re.fullmatch(r"(\w+):(\d+)([b#]*)", degree).groups()  # type: ignore[union-attr]
        shift = alter.count("#") - alter.count("b")
        chord.addChordStepModification(harmony.ChordStepModification(word, int(value), shift))
    return tuple(sorted({pitch.pitchClass for pitch in chord.pitches})) or None


def dcml(folder: Path) -> list[Row]:
    rows: Counter[tuple] = Counter()
    for path in folder.glob("*/harmonies/*.tsv"):
        for row in read_rows(path, "\t"):
            if row["chord"]:
                tones = re.findall(r"-?\d+", f"{row.get('chord_tones')} {row.get('added_tones')}")
                minor = row["localkey_is_minor"] == "1"
                rows[row["label"], minor, tuple(sorted({int(step) * 7 % 12 for step in tones}))] += 1
    return [(label, MINOR if minor else MAJOR, n, tones or None) for (label, minor, tones), n in rows.items()]


def when_in_rome(folder: Path) -> list[Row]:
    rows: Counter[tuple[str, bool]] = Counter()
    skip = re.compile(r"b\d.*|:?\|+:?|.*:\|.*|=|m\d.*")
    for path in folder.rglob("analysis.txt"):
        minor = False
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"m\d+\S*\s+(?!=)", line):
                for token in line.split()[1:]:
                    if re.fullmatch(r"[A-Ga-g][b#-]*:", token):
                        minor = token[0].islower()
                    elif not skip.fullmatch(token):
                        rows[token, minor] += 1
    return [(f, MINOR if m else MAJOR, n, _ask_roman(f, m)) for (f, m), n in rows.items()]


@cache
def _ask_roman(figure: str, minor: bool) -> tuple[int, ...] | None:
    from music21 import key, roman

    default = roman.Minor67Default.CAUTIONARY
    home = key.Key("c" if minor else "C")
    try:
        numeral = roman.RomanNumeral(figure, home, sixthMinor=default, seventhMinor=default)
        return tuple(sorted({pitch.pitchClass for pitch in numeral.pitches}))
    except Exception:  # noqa: BLE001  whatever music21 raises is no opinion
        return None


def rs200(folder: Path) -> list[Row]:
    paths = [*folder.glob("original/*_Temperley.txt"), *folder.glob("original/*_deClercq.txt")]
    lines = (line for path in paths for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    tokens = (t.split("*")[0] for line in lines for t in line.split("%")[0].split(":")[-1].replace("|", " ").split())
    return [(s, MAJOR, n, None) for s, n in Counter(t for t in tokens if t and t[0] not in "$[.").items()]


def cocopops(folder: Path, spine: int) -> list[Row]:
    rows: Counter[tuple[str, str]] = Counter()
    for path in folder.glob("humdrum/*.harm"):
        home = "C"
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            fields = line.split("\t")
            key = re.fullmatch(r"\*([A-Ga-g][-#]*):.*", fields[0])
            home = key[1].replace("-", "b") if key else home
            if fields[0] and fields[0][0] not in "*=!.":
                rows[fields[spine], home] += 1
    return [(symbol, Key.parse(home) if spine == 0 else None, n, None) for (symbol, home), n in rows.items()]


CORPORA = {
    "mcgill_billboard": [("harte", billboard), ("mcgill", mcgill)],
    "jaah": [("harte", jaah)],
    "chordonomicon_labels.csv": [("chordonomicon", chordonomicon)],
    "jazz_bunks": [("leadsheet", bunks)],
    "jazzstandards_ireal": [("ireal", ireal)],
    "weimar_jazz_db": [("weimar", lambda d: count([r["chord"] for r in read_rows(d / "wjd_beats.csv")]))],
    "irb": [("irb", lambda d: count([r["chord"] for r in read_rows(d / "irb_chords.tsv", "\t")]))],
    "chorrrds_brazil": [("cifra", lambda d: count([r["chord"] for r in read_rows(d / "all.csv")]))],
    "dcml_choro": [("cifra", choro)],
    "openewld": [("musicxml", openewld)],
    "dcml": [("dcml", dcml)],
    "when_in_rome": [("romantext", when_in_rome)],
    "rs200": [("rs200", rs200)],
    "cocopops_billboard": [
        ("cocopops_harm", lambda d: cocopops(d, 0)),
        ("humdrum_harte", lambda d: cocopops(d, 1)),
    ],
}


def open_corpus(data: Path, name: str, scratch: Path) -> Path | None:
    """Folder (or file) of a corpus, unpacked from its archive where that is all there is."""
    if (data / name).exists():
        return data / name
    archive = data / f"{name}.tar.xz"
    if archive.is_file():
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        return scratch / name
    return None


def main() -> None:
    """Print one row a corpus and dialect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--show", type=int, default=0, help="unread symbols and disagreements to list")
    given = parser.parse_args()
    heads = ("distinct", "read", "tokens", "read %", "second", "agree %")
    print(f"{'corpus':24} {'dialect':14}", *(f"{head:>8}" for head in heads))
    with tempfile.TemporaryDirectory() as scratch:
        for name, tables in CORPORA.items():
            folder = open_corpus(given.data, name, Path(scratch))
            for dialect, read in tables if folder else ():
                print_row(name, dialect, read(folder), given.show)


def print_row(name: str, dialect: str, rows: list[Row], show: int) -> None:
    """Read every symbol, print the shares, and the worst of what was not read or not agreed on."""
    unread: Counter[str] = Counter()
    differs: Counter[str] = Counter()
    tokens = second = 0
    for symbol, key, n, opinion in rows:
        chord, reason = read_symbol(symbol, dialect, key=key)
        tokens += n
        if reason:
            unread[symbol] += n
        elif opinion is not None and chord != Chord.UNKNOWN:
            second += n
            if chord.pitch_classes != opinion:
                differs[f"{symbol} ({chord.label} {chord.pitch_classes} against {opinion})"] += n
    share = f"{100 * (1 - differs.total() / second):8.2f}" if second else f"{'':8}"
    print(
        f"{name:24} {dialect:14} {len(rows):8} {len(rows) - len(unread):8} {tokens:8} "
        f"{100 * (1 - unread.total() / tokens):8.3f} {second or '':>8} {share}"
    )
    for title, counter in (("not read", unread), ("differs", differs)):
        for text, n in counter.most_common(show):
            print(f"    {title} {n:5} {text}")


if __name__ == "__main__":
    main()
