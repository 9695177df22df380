"""A plain folder of music files as a corpus: labels from its paths, else from what the files say of themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.genres import split_genres
from musictrend.corpus.problem import Problem
from musictrend.corpus.readers import Reader, reader_for_file
from musictrend.corpus.readers.reader import MALFORMED, as_reader_error
from musictrend.corpus.track import SOURCE_KINDS, Track
from musictrend.corpus.year import parse_year
from musictrend.errors import CorpusError, NothingUsableError, ReaderError

__all__ = ["compile_pattern", "list_files", "list_pieces", "scan_folder"]

# What paths are read by when the corpus.toml does not say: tried in order, the first that fits all.
PATTERNS = (
    "{genre}/{year}/{artist} - {title}",
    "{genre}/{year}/{title}",
    "{year}/{genre}/{artist} - {title}",
    "{year}/{genre}/{title}",
    "{genre}/{artist} - {title} ({year})",
    "{genre}/{artist} - {year} - {title}",
)
FIELDS = {"genre": r"[^/]+", "year": r"[~\d][\d.~?s-]{3,12}", "title": r"[^/]+", "artist": r"[^/]+?", "any": r"[^/]+"}
# Endings that prose has as often as music: such a file is a track only when chords can be read in it.
PROSE = (".txt", ".html", ".htm")
_ABOUT = re.compile(r"(readme|licen[cs]e|changelog|copying|contributing)\b", re.I)


def list_files(root: Path) -> list[tuple[Path, Reader]]:
    """Files below a folder that a reader takes, in a stable order, each with its reader.

    Hidden files and folders, folders of runs, and files about the corpus (``README.txt``) are left out.
    """
    found = []
    for place, folders, names in os.walk(root):
        folder = Path(place)
        if folder != root and "run.json" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = folder / name
            about = path.suffix.lower() in PROSE and _ABOUT.match(name)
            if not name.startswith(".") and not about and path.is_file():
                found.append((path, reader_for_file(path)))
    return sorted(((p, r) for p, r in found if r is not None), key=lambda pair: pair[0].as_posix())


def scan_folder(root: Path, problems: list[Problem], pattern: str = "") -> Iterator[Track]:
    """Tracks of a folder of files; what is odd is appended to ``problems``.

    Parameters
    ----------
    root : Path
    problems : list of Problem
    pattern : str
        The corpus' own, such as ``{genre}/{year}/{title}``; without it a few usual ones are tried.

    Raises
    ------
    NothingUsableError
        When no reader takes any file.
    """
    files = list_files(root)
    if not files:
        raise NothingUsableError(
            f"{root}: not a corpus: no corpus.toml, no tracks.csv, no dataset that is recognised, and no file that a "
            "reader takes; see musictrend corpus init --help"
        )
    files = _one_file_a_piece(root, files, problems)
    names = [path.relative_to(root).with_suffix("").as_posix() for path, _ in files]
    matcher: re.Pattern[str] | None
    if pattern:
        matcher = compile_pattern(pattern)  # the corpus' own: files that do not fit are listed
    else:
        matcher = next((m for m in map(compile_pattern, PATTERNS) if all(map(m.fullmatch, names))), None)
    labelled = False
    prose = {path for path, _ in files if path.suffix.lower() in PROSE}
    for (path, reader), name in zip(files, names, strict=True):
        relative = path.relative_to(root).as_posix()
        match = matcher.fullmatch(name) if matcher else None
        labels = match.groupdict() if match else {}
        if pattern and match is None:
            problems.append(Problem("tracks", relative, relative, "", f"the path does not fit the pattern {pattern!r}",
                                    "rename the file or mend the pattern"))  # fmt: skip
        try:
            for track in list_pieces(root, path, reader, labels, always=path in prose):
                labelled = labelled or track.year.value is not None or bool(track.genres)
                yield track
        except ReaderError as error:
            if path in prose and len(prose) < len(files):
                problems.append(Problem("tracks", "", relative, error.place, f"no track: {error.reason}",
                                        "taken for prose, as other files are the corpus"))  # fmt: skip
            else:
                yield _piece(relative, reader, labels, Annotation(path.stem))
    if not labelled:
        problems.append(
            Problem(
                "tracks",
                path=".",
                reason="no year and genre: neither in the paths nor in the files",
                hint='write pattern = "{genre}/{year}/{title}" in a corpus.toml, or a tracks.csv',
            )  # fmt: skip
        )


def _one_file_a_piece(
    root: Path, files: list[tuple[Path, Reader]], problems: list[Problem]
) -> list[tuple[Path, Reader]]:
    """Of files that share a name but for its ending, the surest: what somebody wrote, then notes, then sound.

    ``song.lab`` beside ``song.ogg`` is one piece and not two.
    """
    best: dict[str, int] = {}
    for path, reader in files:
        name = path.with_suffix("").as_posix()
        best[name] = min(best.get(name, len(SOURCE_KINDS)), SOURCE_KINDS.index(reader.source_kind))
    kept = []
    for path, reader in files:
        kind = SOURCE_KINDS[best[path.with_suffix("").as_posix()]]
        if reader.source_kind == kind:
            kept.append((path, reader))
            continue
        relative = path.relative_to(root).as_posix()
        problems.append(Problem("tracks", "", relative, "", f"not a track: its {kind} lies beside it under the same name",
                                "move one of them to another folder to have both"))  # fmt: skip
    return kept


def list_pieces(
    root: Path, path: Path, reader: Reader, labels: dict[str, str] | None = None, *, always: bool = False
) -> list[Track]:
    """Tracks of one file: one for each piece in it.

    The file is opened where it may hold several pieces, where it alone can tell the year, or ``always``.

    Raises
    ------
    ReaderError
        When it was opened and cannot be read.
    """
    labels = labels or {}
    relative = path.relative_to(root).as_posix()
    opened = always or reader.holds_many or (reader.holds_labels and not labels.get("year"))
    if not opened:
        return [_piece(relative, reader, labels, Annotation(path.stem))]
    pieces = read_pieces(reader, path)
    if len(pieces) == 1:
        return [_piece(relative, reader, labels, pieces[0])]
    return [_piece(relative, reader, labels, piece, part=piece.track_id) for piece in pieces]


def read_pieces(reader: Reader, path: Path) -> Sequence[Annotation]:
    """What is written in one file; whatever goes wrong is a `ReaderError`."""
    try:
        return reader.read_labels(path)
    except (ReaderError, *MALFORMED) as error:
        raise as_reader_error(error) from None


def _piece(relative: str, reader: Reader, labels: dict[str, str], written: Annotation, part: str = "") -> Track:
    """A track of a file; what the path says wins over what the file says."""
    return Track(
        track_id=f"{relative}/{part}" if part else relative,
        path=relative,
        part=part,
        # A path names a file: of several pieces in one each has its own title.
        title=(not part and labels.get("title")) or written.title or written.track_id,
        artist=labels.get("artist") or written.artist,
        year=parse_year(labels.get("year") or written.year or None),
        genres=split_genres(labels.get("genre") or ";".join(written.genres)),
        reader=reader.name,
        transcription=reader.transcription,
        source_kind=reader.source_kind,
    )


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A path pattern such as ``{genre}/{year}/{title}`` as a regular expression.

    Examples
    --------
    >>> compile_pattern("{genre}/{year}/{title}").fullmatch("jazz/1959/So What")["year"]
    '1959'
    """
    expression = ""
    for i, part in enumerate(re.split(r"\{(\w+)\}", pattern)):
        if i % 2 == 0:
            expression += re.escape(part)
        elif part not in FIELDS:
            raise CorpusError(f"pattern {pattern!r}: {{{part}}} must be one of {', '.join(f'{{{f}}}' for f in FIELDS)}")
        elif f"(?P<{part}>" in expression:
            raise CorpusError(f"pattern {pattern!r}: {{{part}}} is in it twice")
        else:
            expression += f"(?P<{part}>{FIELDS[part]})" if part != "any" else FIELDS[part]
    return re.compile(expression)
