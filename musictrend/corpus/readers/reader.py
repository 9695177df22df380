"""What every reader is: a contract that reads the same for every format.

A reader is one file in this folder with a class derived from `Reader` and one
instance of it named ``READER``. It says what it reads and under which licence,
what its years mean and how chords were transcribed, and it returns *what is
written there*, never an interpretation of it.

Two sorts, one interface:

- a *file format* (``.lab``, ``.jams``, ``.pro``): states ``suffixes`` and has `read_file`;
- a *dataset* (a public corpus' own folder): has `recognises`, `list_tracks` and
  `read_track`, or `read` where one file holds many tracks; and `recognises_file` and
  `read_file` where one of its files makes sense alone.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import resolve_inside
from musictrend.corpus.track import Track
from musictrend.errors import ReaderError

__all__ = ["Reader"]

YEAR_KINDS = ("chart", "composition", "recording", "release", "performance")


class Reader(ABC):
    """A format that musictrend reads.

    Attributes
    ----------
    name : str
        As in ``corpus.toml``; the file's own name.
    title, licence, citation, url : str
        Of the dataset; of the format's specification for a file format.
    year_kind : str
        ``chart``, ``composition``, ``recording``, ``release`` or ``performance``; ``""`` when the format has no years.
    transcription : str
        Policy in a few words: ``full transcription``, ``lead sheet``, ``user chart``, ``analysis``.
    dialect : str
        Chord dialect of its symbols.
    suffixes : tuple of str
        File endings `read_file` takes, lower case with the dot.
    shared_suffixes : tuple of str
        Endings that its files share with others (``.txt``, ``.json``): `read_file` takes those that
        `recognises_file` knows by what they begin with.
    source_kind : str
        ``annotation`` here; later ``score`` and ``audio``.
    holds_many : bool
        Whether a file may hold several pieces (a playlist, a songbook).
    holds_labels : bool
        Whether a file may say its own year.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    url: ClassVar[str] = ""
    year_kind: ClassVar[str] = ""
    transcription: ClassVar[str] = ""
    dialect: ClassVar[str] = "harte"
    suffixes: ClassVar[tuple[str, ...]] = ()
    shared_suffixes: ClassVar[tuple[str, ...]] = ()
    source_kind: ClassVar[str] = "annotation"
    holds_many: ClassVar[bool] = False
    holds_labels: ClassVar[bool] = False

    def recognises(self, root: Path) -> bool:
        """Whether a folder is this dataset, by its layout (cheap: looks at names, opens nothing large)."""
        return False

    def recognises_file(self, path: Path, head: str) -> bool:
        """Whether a file is one of this format, by its name and the text it begins with."""
        return False

    def list_tracks(self, root: Path) -> Iterator[Track]:
        """Every track of the dataset, in a stable order; a broken row is a track with status ``failed``."""
        raise NotImplementedError(f"{self.name} reads single files; a corpus of them needs a tracks.csv or a pattern")

    def read_track(self, root: Path, track: Track) -> Annotation:
        """What is written for one track. Raises `ReaderError` when it cannot be read."""
        annotations = self.read_file(resolve_inside(root, track.path))
        if track.part:
            annotations = [a for a in annotations if a.track_id == track.part]
        if not annotations:
            raise ReaderError(f"{track.part or 'no piece'!r} is not in {track.path}")
        annotation = annotations[0]
        annotation.track_id = track.track_id
        return annotation

    def read(self, root: Path, tracks: Sequence[Track]) -> Iterator[Annotation]:
        """What is written for these tracks, one `Annotation` each, in their order.

        A track that cannot be read gives an annotation with its ``problem``;
        the others go on. Datasets whose files hold many tracks override this
        to open each file once.
        """
        for track in tracks:
            yield guarded(track.track_id, lambda track=track: self.read_track(root, track))

    def read_file(self, path: Path) -> list[Annotation]:
        """Everything written in one file: an annotation per piece. Raises `ReaderError`."""
        raise NotImplementedError(f"{self.name} reads whole datasets, not single files")

    def read_labels(self, path: Path) -> list[Annotation]:
        """Title, artist and year of the pieces in a file, where these can be had without reading all of it."""
        return self.read_file(path)


# What malformed content makes a reader raise that did not foresee it.
MALFORMED = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, NotImplementedError,
)  # fmt: skip


def as_reader_error(error: Exception) -> ReaderError:
    """Whatever went wrong with one file as a `ReaderError` in one line."""
    if isinstance(error, ReaderError):
        return error
    if isinstance(error, RecursionError):
        return ReaderError("nested too deep to be read")
    if isinstance(error, OSError):  # no permission, a disk that fails
        return ReaderError(f"cannot be opened: {error.strerror or error}", hint="look at the file and its permissions")
    reason = f"malformed: {type(error).__name__}: {error}".splitlines()[0][:300]
    return ReaderError(reason, hint="compare with the format's specification")


def guarded(track_id: str, read) -> Annotation:
    """Call ``read``; whatever goes wrong with that one track becomes its ``problem``."""
    try:
        return read()
    except (ReaderError, *MALFORMED) as error:
        return Annotation.failed(track_id, as_reader_error(error))
