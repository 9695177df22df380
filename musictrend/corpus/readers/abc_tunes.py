"""ABC tunes and tune books: chord symbols in quotes, one track a tune.

A book is as many tracks as it has tunes, each named by its number: ``book.abc/17``
is the tune ``X:17``. A tune without chord symbols is a score: chords are
estimated from its notes where it has more than one voice. Repeats and endings are
unfolded into the sounding order. The rhythm (``R:reel``) is its genre; ABC has no
field for a year.
"""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

from musictrend.corpus.annotation import Annotation
from musictrend.corpus.files import resolve_inside
from musictrend.corpus.readers._abc import Voice, parse_tune
from musictrend.corpus.readers._abc_book import WrittenTune, find_tune, split_book
from musictrend.corpus.readers._metre import count_bars, mend_endings, unroll_bars
from musictrend.corpus.readers.reader import Reader, guarded
from musictrend.corpus.track import Track
from musictrend.errors import NoSymbolsError, ReaderError

__all__ = ["READER", "AbcReader"]

FEWEST = 3  # a tune with fewer symbols than a cadence has none: marks and cues stand in quotes too
_LETTERS = "ABCDEFG"


def read_symbols(written: WrittenTune, track_id: str) -> Annotation:
    """Chord symbols of one tune: quarter-note onsets, bars, and the key of its ``K:``.

    Raises
    ------
    NoSymbolsError
        When it has none.
    """
    tune = parse_tune(written)
    voice = max(tune.voices.values(), key=lambda v: len(v.symbols), default=None)
    if voice is None or len(voice.symbols) < FEWEST or _are_marks([symbol for _, symbol, _, _ in voice.symbols]):
        few = voice.symbols if voice else []
        texts = list(dict.fromkeys([symbol for _, symbol, _, _ in few] + tune.words))
        seen = f"; in quotes are {', '.join(repr(t[:20]) for t in texts[:4])}" if texts else ""
        raise NoSymbolsError(f"no chord symbols{seen}", place=f"line {written.line}",
                             hint="its chords may be estimated from its notes")  # fmt: skip
    annotation = _lay_out(voice, track_id)
    if tune.words:
        shown = ", ".join(repr(t[:20]) for t in list(dict.fromkeys(tune.words))[:4])
        annotation.warnings.append(("", f"in quotes and no chord symbols, {len(tune.words)}: {shown}"))
    annotation.warnings = [(place or f"X:{written.part}", reason) for place, reason in annotation.warnings]
    return _label(annotation, written)


def _are_marks(symbols: list[str]) -> bool:
    """Whether symbols are rehearsal marks: A, B, C ..., and never back.

    Examples
    --------
    >>> _are_marks(["A", "A", "B", "C"]), _are_marks(["A", "B", "A"]), _are_marks(["A", "D", "E"])
    (True, False, False)
    """
    used = "".join(sorted(set(symbols)))
    return symbols == sorted(symbols) and len(used) > 1 and _LETTERS.startswith(used)


def _lay_out(voice: Voice, track_id: str) -> Annotation:
    """Symbols of a voice as its bars sound one after the other."""
    marks = voice.marks[: len(voice.nominals)]
    warnings = []
    if mended := mend_endings(marks):
        warnings.append(("", f"{mended} ending bracket{'s' * (mended > 1)} set right"))
    order, odd = unroll_bars(marks)
    if odd:
        warnings.append(("", odd))
    in_bar: list[list[tuple]] = [[] for _ in marks]
    for row in sorted(voice.symbols, key=lambda row: row[0]):
        in_bar[min(bisect_right(voice.bars, row[0] + 1e-6), len(marks)) - 1].append(row)
    annotation = Annotation(track_id, dialect="leadsheet", unit="quarters", places=[], keys=[], warnings=warnings)
    onsets, starts, now = [], [], 0.0
    for bar in order:
        starts.append(now)
        for onset, symbol, key, line in in_bar[bar]:
            # A broken rhythm over a bar line may put a symbol before its bar.
            inside = min(max(onset, voice.bars[bar]), voice.bars[bar + 1]) - voice.bars[bar]
            onsets.append(round(now + inside, 6))
            annotation.symbols.append(symbol)
            annotation.keys.append(key)  # type: ignore[union-attr]
            annotation.places.append(f"line {line}")  # type: ignore[union-attr]
        now += voice.bars[bar + 1] - voice.bars[bar]
    if not onsets:
        raise ReaderError("no chord symbol stands in a bar that is played", hint="look at the repeats of the tune")
    annotation.onsets = onsets
    annotation.durations = [round(b - a, 6) for a, b in zip(onsets, [*onsets[1:], now], strict=True)]
    annotation.bars = count_bars(starts, [voice.nominals[i] for i in order], onsets, annotation.durations)
    if not any(annotation.keys):  # type: ignore[arg-type]
        annotation.keys = None
    return annotation


def _label(annotation: Annotation, written: WrittenTune) -> Annotation:
    fields = written.fields
    annotation.title, annotation.artist = fields.get("T", ""), fields.get("C", "")
    annotation.genres = tuple(filter(None, [fields.get("R", "").lower()]))
    return annotation


class AbcReader(Reader):
    """ABC (``.abc``): a tune, or a book of them, with chord symbols in quotes."""

    name = "abc_tunes"
    title = "ABC tunes and tune books"
    citation = "Walshaw, C. et al. (2011). The ABC music standard 2.1."
    url = "https://abcnotation.com/wiki/abc:standard:v2.1"
    transcription = "lead sheet"
    dialect = "leadsheet"
    suffixes = (".abc",)
    holds_many = True
    holds_labels = True

    def read_file(self, path: Path) -> list[Annotation]:
        """Chord symbols of every tune; in a book a tune without any carries that as its problem."""
        tunes = split_book(path)
        if len(tunes) == 1:
            return [read_symbols(find_tune(path), path.stem)]
        return [_label(guarded(t.part, lambda t=t: read_symbols(find_tune(path, t.part), t.part)), t) for t in tunes]

    def read_track(self, root: Path, track: Track) -> Annotation:
        """One tune, by its number."""
        written = find_tune(resolve_inside(root, track.path), track.part)
        annotation = read_symbols(written, track.track_id)
        annotation.warnings += written.say_which(track.part)
        return annotation

    def read_labels(self, path: Path) -> list[Annotation]:
        """Title, composer and rhythm of every tune."""
        tunes = split_book(path)
        names = [path.stem] if len(tunes) == 1 else [t.part for t in tunes]
        return [_label(Annotation(name), tune) for name, tune in zip(names, tunes, strict=True)]


READER = AbcReader()
