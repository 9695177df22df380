"""DCML corpora: harmony labels of art music in TSV files, one folder a corpus.

``metadata.tsv`` lists the pieces, ``harmonies/PIECE.tsv`` has a label a row
with its global and local key, ``measures/PIECE.tsv`` the bars and what comes
after each of them: repeats, endings and jumps are unfolded by that column.
Labels without a chord (``{``, ``|HC``) let the chord before sound on. A folder
may be one corpus or hold several.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import MAX_FIELD, iter_rows, read_text, resolve_inside
from musictrend.corpus.readers._metre import count_bars, quarters_in_bar
from musictrend.corpus.readers.reader import Reader
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.key import Key
from musictrend.harmony.roman import apply_key, split_numeral

__all__ = ["READER", "DcmlReader", "resolve_local_key"]


@lru_cache(maxsize=1024)
def resolve_local_key(globalkey: str, localkey: str) -> Key | None:
    """Key that a DCML local key names: numerals over the global key, read from the right.

    Examples
    --------
    >>> resolve_local_key("e", "III"), resolve_local_key("Ab", "vi/V"), resolve_local_key("e.phrygian", "")
    (Key('G:major'), Key('C:minor'), Key('E:minor'))
    """
    try:
        key = Key.parse(globalkey.replace(".", " "))
        for numeral in reversed([part for part in localkey.split("/") if part]):
            key = apply_key(split_numeral(numeral)[0], key)
    except ChordLabelError:
        return None
    return key


class DcmlReader(Reader):
    """DCML corpora: a track is a piece that has harmony labels."""

    name = "dcml"
    title = "DCML corpora of harmonic analyses"
    licence = "CC BY-NC-SA 4.0"
    citation = (
        "Hentschel, J., Neuwirth, M. & Rohrmeier, M. (2021). The annotated Mozart sonatas. TISMIR 4(1); "
        "each corpus' README names its own."
    )
    url = "https://github.com/DCMLab"
    year_kind = "composition"
    transcription = "analysis"
    dialect = "dcml"
    suffixes = (".harmonies.tsv",)

    def recognises(self, root: Path) -> bool:
        """Whether the folder, or one below it, has ``metadata.tsv`` beside ``harmonies``."""
        return bool(self._corpora(root))

    @staticmethod
    def _corpora(root: Path) -> list[str]:
        """Folders of the corpora below the root, ``""`` for the root itself."""
        if (root / "metadata.tsv").is_file() and (root / "harmonies").is_dir():
            return [""]
        folders = sorted(p for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
        return [p.name for p in folders if (p / "metadata.tsv").is_file() and (p / "harmonies").is_dir()]

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every piece in the order of the metadata; a piece nobody has annotated is ``excluded``."""
        corpora = self._corpora(root)
        if not corpora:
            raise ReaderError(
                "no folder with metadata.tsv beside harmonies/",
                hint="clone the DCML repositories into one folder: corpora/dcml/README.md",
            )
        for corpus in corpora:
            files = _harmony_files(root / corpus)
            name = corpus or root.resolve().name
            composers = set()
            for row in iter_rows(root / corpus / "metadata.tsv", delimiter="\t"):
                piece = next((row[c] for c in ("piece", "fname", "fnames") if row.get(c)), "")
                composers.add(row.get("composer", ""))
                yield _make_track(name, corpus, piece, row, files.pop(piece, ""))
            # A piece the metadata forgot: of this composer where the corpus has but one, without a year.
            known = {"composer": composers.pop()} if len(composers) == 1 else {}
            for piece, file in sorted(files.items()):
                yield _make_track(name, corpus, piece, known, file)

    def read_track(self, root: Path, track: Track) -> Annotation:
        """Labels of one piece in the order they sound."""
        measures = _measures_file(root, track.path)
        annotation = _read_piece(resolve_inside(root, track.path), resolve_inside(root, measures) if measures else None)
        annotation.track_id, annotation.title, annotation.artist = track.track_id, track.title, track.artist
        return annotation

    def read_file(self, path: Path) -> list[Annotation]:
        """Labels of one file of harmonies, in the order they are written: as the notes of a score are read."""
        annotation = _read_piece(path, None)
        annotation.track_id = path.stem.removesuffix(".harmonies")
        return [annotation]


def _read_piece(harmonies: Path, measures: Path | None) -> Annotation:
    """Labels as they sound where the bars are known, else as written."""
    bars = _read_bars(measures) if measures else []
    labels = _read_labels(_read_table(harmonies), all_endings=measures is None)
    unfolded = bars and all(x.bar is not None for x in labels)
    annotation = _unfold(labels, bars) if unfolded else _as_written(labels)
    annotation.dialect = READER.dialect
    return annotation


def _harmony_files(folder: Path) -> dict[str, str]:
    """Piece -> file below ``harmonies``."""
    return {re.sub(r"(\.harmonies)?\.tsv$", "", p.name): p.name for p in sorted((folder / "harmonies").glob("*.tsv"))}


def _measures_file(root: Path, path: str) -> str:
    """The bars that belong to a file of harmonies; ``""`` when there are none."""
    found = path.replace("harmonies/", "measures/").replace(".harmonies.tsv", ".measures.tsv")
    return found if (root / found).is_file() else ""


def _make_track(name: str, corpus: str, piece: str, row: dict[str, str], file: str) -> Track:
    composer = row.get("composer", "").strip()
    # Movements often bear the title of the whole work: the piece's own name tells them apart.
    columns = ("workTitle", "workNumber", "movementNumber", "movementTitle")
    words = [text for text in (row.get(c, "").strip() for c in columns) if text]
    title = ", ".join(dict.fromkeys([*words, piece]))
    status, reason = "ok", ""
    if not piece:
        status, reason = "failed", f"no piece is named at line {row.get('__line__', '?')} of metadata.tsv"
    elif not file and row.get("label_count", "").strip() in ("", "0"):
        status, reason = "excluded", "nobody has annotated this piece"
    elif not file:
        status, reason = (
            "failed",
            f"no harmonies/{piece}.tsv, though metadata.tsv counts {row['label_count']} labels",
        )
    return Track(
        track_id=f"{name}/{piece or 'line ' + row.get('__line__', '?')}",
        path="/".join(p for p in (corpus, "harmonies", file) if p) if file else "",
        title=title,
        artist=composer,
        year=_read_year(row.get("composed_start", ""), row.get("composed_end", "")),
        genres=(name,),
        status=status,
        reason=reason,
    )


def _read_year(start: str, end: str) -> Year:
    """Year from the two ends of composing; ``..`` leaves an end open."""
    first, last = parse_year(start), parse_year(end)
    if first.value is None and last.value is None:
        return first
    if first.value is None or last.value is None:
        known = first if last.value is None else last
        open_end = end.strip() == ".." or start.strip() == ".."
        return Year(known.value, known.low if last.value is None or not open_end else None,
                    known.high if first.value is None or not open_end else None)  # fmt: skip
    if last.value < first.value:
        return Year(reason=f"composed_end {end} is before composed_start {start}")
    return Year((first.value + last.value) // 2, first.low, last.high)


@dataclass(slots=True)
class _Bar:
    number: int
    length: Fraction  # quarter notes
    nominal: float
    following: list[int]
    jump: str
    until: str
    markers: str


@dataclass(slots=True)
class _Label:
    symbol: str
    key: Key | None
    bar: int | None
    position: Fraction  # quarter notes from the beginning of the bar
    onset: float | None  # quarter notes from the beginning, last ending only
    duration: float | None
    nominal: float
    place: str


def _read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV file; values never hold quotes to be undone."""
    text = read_text(path)
    csv.field_size_limit(MAX_FIELD)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE, restval=""))
    if not rows:
        raise ReaderError(f"{path.name} has no rows", hint="fetch the file again")
    return rows


def _fraction(text: str) -> Fraction | None:
    """A number as DCML writes it: ``3``, ``3/8``, ``1.5``."""
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        return None


def _read_bars(path: Path) -> list[_Bar]:
    bars = []
    for line, row in enumerate(_read_table(path), 2):
        number, length = row.get("mc", ""), _fraction(row.get("act_dur", ""))
        if not number.isdecimal() or length is None or length < 0:
            raise ReaderError(f"bar {number!r} of length {row.get('act_dur', '')!r}", place=f"measures, line {line}")
        following = [int(x) for x in re.findall(r"-?\d+", row.get("next", ""))]
        bars.append(
            _Bar(
                int(number),
                length * 4,
                quarters_in_bar(row.get("timesig", "")),
                following,
                row.get("jump_bwd", ""),
                row.get("play_until", ""),
                row.get("markers", ""),
            )
        )
    return bars


def _read_labels(rows: list[dict[str, str]], *, all_endings: bool = False) -> list[_Label]:
    """Labels with a chord, in the order written; times count the last ending alone, or ``all_endings``."""
    if "label" not in rows[0] and "chord" not in rows[0]:
        raise ReaderError("neither a label nor a chord column", place="line 1", hint="is this a harmonies file?")
    labels = []
    for line, row in enumerate(rows, 2):
        # `chord` is the label without keys, phrases and cadences; older files have only `label`.
        symbol = (row.get("chord") if "chord" in row else row.get("label")) or ""
        if not symbol.strip():
            continue
        bar = row.get("mc", "")
        position = _fraction(row.get("mc_onset", ""))
        onset = _fraction((all_endings and row.get("quarterbeats_all_endings")) or row.get("quarterbeats", ""))
        duration = _fraction(row.get("duration_qb", ""))
        labels.append(
            _Label(
                symbol.strip(),
                resolve_local_key(row.get("globalkey", "") or "", row.get("localkey", "") or ""),
                int(bar) if bar.isdecimal() and position is not None else None,
                (position or Fraction(0)) * 4,
                None if onset is None else float(onset),
                None if duration is None else float(duration),
                quarters_in_bar(row.get("timesig", "") or ""),
                f"line {line}",
            )
        )
    if not labels:
        raise ReaderError("no row has a chord", hint="is this a harmonies file?")
    return labels


def _play_order(bars: list[_Bar]) -> tuple[list[int], str]:
    """Bars as they sound: at the nth visit the nth way on; after a jump no repeats, until its end."""
    index = {bar.number: i for i, bar in enumerate(bars)}
    order: list[int] = []
    visits: dict[int, int] = {}
    here, until = 0, ""
    while True:
        if len(order) > 20 * len(bars):
            return list(range(len(bars))), "the bars never end: taken as written"
        bar = bars[here]
        order.append(here)
        if until and until in bar.markers.split(" & "):
            return order, ""
        visit = visits[here] = visits.get(here, 0) + 1
        ways = bar.following
        if until:
            # -1 among the ways on is the Fine.
            way = -1 if -1 in ways else max(ways, default=-1)
            way = way if way > bar.number else -1
        else:
            way = ways[min(visit, len(ways)) - 1] if ways else -1
            # The jump is the last way on of the bar it stands in.
            if bar.jump and visit >= len(ways) and way <= bar.number:
                until = bar.until or "end"
        if way == -1 or way not in index:
            return order, "" if way == -1 else f"bar {way} follows bar {bar.number} and is not there"
        here = index[way]


def _unfold(labels: list[_Label], bars: list[_Bar]) -> Annotation:
    """Labels laid out over the bars in their sounding order."""
    order, trouble = _play_order(bars)
    inside: dict[int, list[_Label]] = {}
    for label in labels:
        inside.setdefault(label.bar or 0, []).append(label)
    starts, nominals, sounding = [], [], []
    now = Fraction(0)
    for i in order:
        bar = bars[i]
        starts.append(float(now))
        nominals.append(bar.nominal)
        for label in sorted(inside.get(bar.number, ()), key=lambda x: x.position):
            sounding.append((now + label.position, label))
        now += bar.length
    if not sounding:
        raise ReaderError("no label stands in a bar that is played", hint="are measures and harmonies of one piece?")
    onsets = [float(onset) for onset, _ in sounding]
    durations = [max(b - a, 0.0) for a, b in zip(onsets, [*onsets[1:], float(now)], strict=True)]
    annotation = _annotate([label for _, label in sounding], onsets, durations, "quarters")
    annotation.bars = count_bars(starts, nominals, onsets, durations)
    if trouble:
        annotation.warnings.append(("measures", trouble))
    return annotation


def _as_written(labels: list[_Label]) -> Annotation:
    """Without bars: quarter notes of the file, or the order alone."""
    labels = [x for x in labels if x.onset is not None] if any(x.onset is not None for x in labels) else labels
    if any(x.onset is None or x.duration is None for x in labels):
        return _annotate(labels, None, None, "order")
    durations = [x.duration or 0.0 for x in labels]
    annotation = _annotate(labels, [x.onset or 0.0 for x in labels], durations, "quarters")
    annotation.bars = [d / x.nominal for d, x in zip(durations, labels, strict=True)]
    return annotation


def _annotate(labels: list[_Label], onsets: list[float] | None, durations: list[float] | None, unit: str) -> Annotation:
    return Annotation(
        "",
        symbols=[x.symbol for x in labels],
        onsets=onsets,
        durations=durations,
        unit=unit,
        keys=[x.key for x in labels],
        places=[x.place for x in labels],
    )


READER = DcmlReader()
