"""Jazz standards taken from iReal Pro, as JSON: sections, bars between ``|``, chords between ``,``.

A section's ``MainSegment`` is played once, or once more for each of ``Repeats``.
``Endings`` are played each after the main segment. The slots of a bar share its
time; an empty slot, or an empty bar, lets the chord before go on. Chords in
parentheses are alternatives printed above and are left out.

A section with *one* ending (17 of 928 tunes) is a form the JSON cannot hold
whole. It is read as the third ending of an earlier section, reached by
D.C. or D.S., when one has two; otherwise as a first ending, after which the
main segment is played again. Of the 12 such tunes that the Bunks corpus has too,
this gives its number of bars for 7; playing it once straight gives 0. Each is a warning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import read_json, resolve_inside
from musictrend.corpus.readers._bars import BarWriter, parse_metre, share_equally
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError
from musictrend.harmony.key import Key

FILE = "JazzStandards.json"
_ALTERNATIVE = re.compile(r"\([^()]*\)")


class JazzStandards(Reader):
    """Reader of ``JazzStandards.json``."""

    name = "jazzstandards_ireal"
    title = "JazzStandards (from iReal Pro)"
    licence = "not stated"
    citation = "Oliphant, M. JazzStandards, chord data of the iReal Pro community's jazz playlist."
    url = "https://github.com/mikeoliphant/JazzStandards"
    transcription = "lead sheet"
    dialect = "leadsheet"
    shared_suffixes = (".json",)
    holds_many = True

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether it is a JSON list of tunes with sections."""
        return head.lstrip()[:1] == "[" and '"Sections"' in head and '"MainSegment"' in head

    def recognises(self, root: Path) -> bool:
        """Whether there is a ``JazzStandards.json``."""
        return (root / FILE).is_file()

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """One track a tune, in the file's order; equal titles are numbered."""
        tunes = _tunes(resolve_inside(root, FILE))
        for number, (track_id, title, tune) in enumerate(zip(_names(tunes), map(_title, tunes), tunes, strict=True)):
            where = {"track_id": track_id, "path": FILE, "part": str(number), "title": title}
            if not isinstance(tune, dict) or not isinstance(tune.get("Sections"), list):
                yield Track(**where, status="failed", reason=f'tune {number + 1} has no list "Sections"')  # type: ignore[arg-type]
                continue
            composer = str(tune.get("Composer") or "")
            yield Track(**where, artist=composer, genres=_genres(tune), key=_key(tune)[0])  # type: ignore[arg-type]

    def read_track(self, root: Path, track: Track) -> Annotation:
        """The tune, in quarter notes where it has a time signature, else in bars."""
        tunes = _tunes(resolve_inside(root, track.path or FILE))
        part = track.part or "0"
        # A place in the file, as the corpus is listed; else a name, as the pieces of a single file are.
        number = int(part) if part.isdecimal() else next((i for i, n in enumerate(_names(tunes)) if n == part), -1)
        if not 0 <= number < len(tunes):
            raise ReaderError(
                f"tune {part!r} is not in {track.path or FILE}, which has {len(tunes)}", hint="list the corpus again"
            )
        return _annotate(track.track_id, tunes[number])

    def read_file(self, path: Path) -> list[Annotation]:
        """Every tune of a file; one that cannot be read carries its problem."""
        tunes = _tunes(path)
        return [
            guarded(name, lambda name=name, tune=tune: _annotate(name, tune))
            for name, tune in zip(_names(tunes), tunes, strict=True)
        ]


def _annotate(track_id: str, tune: Any) -> Annotation:
    """The tune, in quarter notes where it has a time signature, else in bars."""
    if not isinstance(tune, dict) or not isinstance(tune.get("Sections"), list):
        raise ReaderError('it has no list "Sections"', hint="fetch the file again")
    writer = BarWriter(parse_metre(str(tune.get("TimeSignature") or "")))
    key, problem = _key(tune)
    warnings = [("Key", problem)] if problem else []
    for label, segment in _unfold(tune["Sections"], warnings):
        for bar_number, bar in enumerate(segment.split("|"), 1):
            names = [_ALTERNATIVE.sub("", slot).strip() or None for slot in bar.split(",")]
            writer.write(share_equally(names), key=key, place=f"{label}, bar {bar_number}")
    labels = {"title": _title(tune), "artist": str(tune.get("Composer") or ""), "genres": _genres(tune)}
    return writer.annotate(track_id, JazzStandards.dialect, warnings=warnings, **labels)


def _title(tune: Any) -> str:
    return str(tune.get("Title") or "") if isinstance(tune, dict) else ""


def _genres(tune: dict[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, [str(tune.get("Rhythm") or "").strip()]))


def _names(tunes: list[Any]) -> list[str]:
    """A name for each tune: its title, numbered from the second of that title on."""
    used: Counter[str] = Counter()
    names = []
    for title in map(_title, tunes):
        used[title] += 1
        names.append(title if title and used[title] == 1 else f"{title or 'tune'} {used[title]}")
    return names


@lru_cache(maxsize=1)
def _parsed(path: str, stamp: tuple[int, int]) -> list[Any]:
    """Content of the file, kept while its time and size stay."""
    tunes = read_json(Path(path))
    if not isinstance(tunes, list):
        raise ReaderError("not a list of tunes", place=FILE, hint="fetch the file again")
    return tunes


def _tunes(path: Path) -> list[Any]:
    stat = path.stat()
    return _parsed(str(path), (stat.st_mtime_ns, stat.st_size))


def _key(tune: dict[str, Any]) -> tuple[Key | None, str]:
    """The key, and what is wrong with it."""
    written = str(tune.get("Key") or "").strip()
    if not written:
        return None, ""
    try:
        return Key.parse(written), ""
    except ValueError as error:
        return None, str(error)


def _unfold(sections: list[Any], warnings: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Segments of bars in their sounding order, with the section's label."""
    with_endings = ""  # main segment of the latest section that has two endings or more
    for number, section in enumerate(sections, 1):
        label = f"section {number}" + (f" ({section['Label']})" if section.get("Label") else "")
        main = _chords(section.get("MainSegment"), label)
        endings = [_chords(ending, label) for ending in section.get("Endings") or []]
        if len(endings) == 1:
            returning = with_endings != ""
            how = "the third ending of an earlier section" if returning else "a first ending, then the section again"
            warnings.append((label, f"one ending alone: read as {how}"))
            order = [main, with_endings, endings[0]] if returning else [main, endings[0], main]
        elif endings:
            with_endings = main
            order = [segment for ending in endings for segment in (main, ending)]
        else:
            order = [main] * (1 + _repeats(section, label))
        for segment in order:
            yield label, segment


def _repeats(section: dict[str, Any], label: str) -> int:
    repeats = section.get("Repeats") or 0
    if not isinstance(repeats, int) or not 0 <= repeats <= 100:
        raise ReaderError(f"Repeats is {str(repeats)[:20]!r}, not a number from 0 to 100", place=label)
    return repeats


def _chords(segment: Any, label: str) -> str:
    chords = segment.get("Chords") if isinstance(segment, dict) else None
    if not isinstance(chords, str):
        raise ReaderError('no "Chords" in a segment', place=label)
    return chords


READER = JazzStandards()
