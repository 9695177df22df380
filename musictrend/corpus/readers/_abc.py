"""An ABC tune, notes and chord symbols, read by a grammar of our own.

music21 takes minutes over a long line of ABC (5 notes by 500 bars: 16 s, four
times as many: not in three minutes), so a file from a stranger is not given to it.

What is resolved: voices and layers (``&``), chords, broken rhythm, tuplets,
ties, accidentals that hold to the end of the bar, keys with modes and their
own accidentals, bars of rest, repeats and endings on request. Grace notes,
decorations, words and the play order of ``P:`` are left out. Chord symbols stand
in quotes before the note they sound with; so do words, fingerings and dynamics,
which the standard would have marked (``"^slow"``) and old books do not.

References
----------
.. [1] Walshaw et al. (2011). The ABC music standard 2.1, abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from musictrend.corpus.notes import LONGEST, Notes, beat_length, collect_notes, join_ties, line_of_fifths
from musictrend.corpus.readers._abc_book import WrittenTune, find_tune
from musictrend.corpus.readers._metre import BarMark, unfold_by_marks
from musictrend.corpus.readers.reader import MALFORMED
from musictrend.errors import ChordLabelError, ReaderError
from musictrend.harmony.key import Key

__all__ = ["Tune", "Voice", "notes_from_abc", "parse_tune"]

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = "FCGDAEB"  # in the order of key signatures
THIRDS = {
    "maj": "major", "ion": "major", "mix": "major", "lyd": "major",
    "m": "minor", "min": "minor", "dor": "minor", "aeo": "minor", "phr": "minor", "loc": "minor",
}  # fmt: skip
MODES = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1}
# (p: so many notes take the time of q; None is 3 in compound metres and 2 in others.
TUPLETS = {2: 3, 3: 2, 4: 3, 5: None, 6: 2, 7: None, 8: 3, 9: None}
_LENGTH = r"(?:\d{1,4})?/{0,4}(?:\d{1,4})?"
_TOKEN = re.compile(
    r"\[(?P<field>[A-Za-z]):(?P<value>[^\]]{0,200})\]"
    r'|"(?P<quote>[^"]{0,200})"|![^!\s]{1,80}!|\+[A-Za-z.0-9]{1,20}\+|\{[^}]{0,200}\}'
    r"|(?P<bar>:*\[?\|[|\]]*:*|::+)[ ]*(?P<after>\[?\d[\d,-]{0,20})?"
    r"|\[(?P<ending>\d[\d,-]{0,20})"
    r"|\((?P<tuplet>\d(?::\d?){0,2})"
    rf"|\[(?P<chord>[^\]|]{{1,400}})\](?P<chordlength>{_LENGTH})(?P<chordtie>-?)"
    rf"|(?P<note>[_^=]{{0,2}}[A-Ga-g][,']{{0,9}}{_LENGTH}-?)"
    rf"|(?P<rest>[zxZX])(?P<restlength>{_LENGTH})"
    r"|(?P<broken>[<>]{1,3})"
    r"|(?P<layer>&)"
)
_NOTE = re.compile(rf"([_^=]{{0,2}})([A-Ga-g])([,']{{0,9}})({_LENGTH})(-?)")
_KEY = re.compile(r"\s*([A-G])([#b]?)\s*(?:(maj|min|mix|dor|phr|lyd|loc|ion|aeo|m)[a-z]*)?", re.IGNORECASE)
_OWN = re.compile(r"(?<![\w=])(\^{1,2}|_{1,2}|=)([A-Ga-g])(?![a-z])")
_METRE = re.compile(r"\(?(\d+(?:\s*\+\s*\d+)*)\)?\s*/\s*(\d+)")
_CLEF = re.compile(
    r"(?:clef\s*=\s*)?\b(?:treble|alto|tenor|bass|soprano|mezzo|baritone|[GFC]\d?)([+-])8", re.IGNORECASE
)
_SHIFT = re.compile(r"\b(octave|transpose|t)\s*=\s*(-?\d{1,2})\b")
# A text in quotes that is meant as a chord symbol: a note name, and then nothing that makes a word of it.
_SYMBOL = re.compile(
    r"(?:[A-G](?:#{1,2}|b{1,2}|♯|♭)?(?:$|[\d(/+°ø^-]|[oh](?![a-z])|m(?![a-z])|mi?(?=\d)|maj|M|min?(?![a-z])|"
    r"m(?:aj|b\d|add|sus|M)|dim|aug|sus|add|alt)|N\.?C\.?$)"
)
_BESIDE = re.compile(r"(?<=.)\((?:[A-G][^()]{0,20})\)$")  # "G(Em)": another chord that would do
_BASS = re.compile(r"/[a-g](?=[#b]?$)")  # "Am/c" is written as often as "Am/C"


@dataclass
class Voice:
    """State of one voice and what was found in it.

    Attributes
    ----------
    bars : list of float
        Where bars begin, in quarter notes; after `Tune.finish` the last number is where the last bar ends.
    nominals, beats, marks :
        Of each bar: its length by the metre (NaN without one), length of a beat, what it says of repeats.
    symbols : list of (onset, text, key, line)
        Chord symbols as written.
    """

    unit: float = 0.5  # quarter notes of a note without length
    metre: tuple[float, float] = (4.0, 4.0)
    signature: dict[str, int] = field(default_factory=dict)  # letter to semitones
    shift: int = 0  # semitones by which it sounds higher than written
    altered: dict[tuple[str, str], int] = field(default_factory=dict)  # earlier in the bar
    now: float = 0.0
    until: float = 0.0  # how far the bar has got in any layer
    stretch: float = 1.0  # of the next note, by broken rhythm
    tuplet: list[float] = field(default_factory=list)  # ratios of the notes to come
    last: tuple[int, float, float] = (0, 0.0, 0.0)  # index of its first note, onset and length of the event before
    notes: list[tuple] = field(default_factory=list)
    bars: list[float] = field(default_factory=lambda: [0.0])
    beats: list[float] = field(default_factory=list)
    marks: list[BarMark] = field(default_factory=lambda: [BarMark()])
    endings: tuple[int, ...] = ()
    nominals: list[float] = field(default_factory=list)
    key: Key | None = None
    symbols: list[tuple[float, str, Key | None, int]] = field(default_factory=list)
    waiting: list[tuple[str, int]] = field(default_factory=list)  # symbols whose note has not come yet
    fifths: list[tuple[float, int]] = field(default_factory=list)
    tempos: list[tuple[float, float]] = field(default_factory=list)


def notes_from_abc(path: Path, *, part: str = "", unfold: bool = False) -> Notes:
    """Notes of one ABC tune.

    Parameters
    ----------
    path : Path
    part : str
        Which tune of a book, by its ``X:``; the first without.
    unfold : bool
        Play repeats and endings out.

    Raises
    ------
    ReaderError
        For what is no ABC, and a tune that is not in the book.
    """
    written = find_tune(path, part)
    notes = parse_tune(written).collect(unfold)
    return replace(notes, warnings=written.say_which(part) + notes.warnings)


def parse_tune(written: WrittenTune) -> Tune:
    """A tune of a book, parsed. Raises `ReaderError`."""
    tune = Tune()
    try:
        tune.read(written.head, 1)
        tune.read(written.text, written.line)
        tune.finish()
    except MALFORMED as error:
        raise ReaderError(f"no ABC that can be read: {error}"[:200], hint="is this the right file?") from None
    return tune


class Tune:
    """One tune, read line by line."""

    def __init__(self) -> None:
        self.line = 0
        self.words: list[str] = []  # in quotes, and no chord symbols
        self.head = Voice()  # what the header says of all voices
        self.voices: dict[str, Voice] = {}
        self.voice: Voice | None = None
        self.unit_written = False
        self.labels: dict[str, str] = {}

    def read(self, text: str, first_line: int = 1) -> None:
        in_head, over = True, False
        for self.line, line in enumerate(text.splitlines(), first_line):
            over = over or not (in_head or line.strip())  # an empty line ends a tune
            line = line.partition("%")[0].rstrip().removesuffix("\\")
            if len(line) > 1 and line[1] == ":" and (line[0].isalpha() or line[0] == "+") and line[2:3] not in "|:":
                self.set_field(line[0], line[2:].strip(), in_head)
                in_head = in_head and line[0] != "K"
            elif len(line) == 2 and line[1] == ":":
                continue
            elif not in_head and not (over and "|" not in line):  # prose between tunes has no bar lines
                self.read_music(line)

    def set_field(self, name: str, value: str, in_head: bool) -> None:
        """A field of the header, of a line, or inside a line."""
        voice = self.voice or self.head
        if name == "V":
            self.turn_to(value, in_head)
        elif name == "K":
            self.set_key(value, voice)
        elif name == "M":
            if metre := _METRE.match(value):
                count, unit = sum(float(n) for n in metre[1].split("+")), float(metre[2])
                if 0 < count < 200 and 0 < unit <= 128:
                    voice.metre = (count, unit)
            elif value in ("C", "C|"):
                voice.metre = (4.0, 4.0) if value == "C" else (2.0, 2.0)
            elif value.lower().startswith("none"):
                voice.metre = (0.0, 4.0)
            if in_head and not self.unit_written:
                voice.unit = 0.25 if 0 < voice.metre[0] / voice.metre[1] < 0.75 else 0.5
        elif name == "L":
            above, _, below = value.partition("/")
            if above.strip().isdecimal() and below.strip().isdecimal() and 0 < int(below[:6]) <= 512:
                voice.unit, self.unit_written = 4.0 * int(above[:4]) / int(below[:6]), True
        elif name == "Q":
            self.set_tempo(value, voice)
        elif name in "TC":
            self.labels.setdefault(name, value)

    def turn_to(self, value: str, in_head: bool) -> None:
        words = value.split()
        name = words[0] if words else ""
        voice = self.voices.get(name)
        if voice is None:
            if len(self.voices) >= 200:
                raise ValueError("more than 200 voices")
            head = self.head
            voice = self.voices[name] = Voice(head.unit, head.metre, dict(head.signature), head.shift, key=head.key)
            voice.fifths, voice.tempos = list(head.fifths), list(head.tempos)
        if len(words) > 1:
            voice.shift = _shift(value, voice.shift)
        if not in_head:
            self.voice = voice

    def set_key(self, value: str, voice: Voice) -> None:
        voice.shift = _shift(value, voice.shift)
        own = {letter.upper(): {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}[s] for s, letter in _OWN.findall(value)}
        voice.key = None
        if value[:2].upper() == "HP":
            fifths = 2  # the pipes: F and C sharp
        elif match := _KEY.match(value):
            mode = MODES.get((match[3] or "maj").lower(), 0)
            fifths = line_of_fifths(match[1].upper(), {"#": 1, "b": -1, "": 0}[match[2].lower()]) + mode
            voice.key = _key_of(match)
        elif value.lower().startswith("none") or own:
            fifths = 0
        else:
            return  # a clef alone
        fifths = max(min(fifths, 12), -12)
        names = SHARPS[:fifths] if fifths > 0 else SHARPS[::-1][:-fifths] if fifths < 0 else ""
        voice.signature = {letter: 1 if fifths > 0 else -1 for letter in names} | own
        for each in [voice] if voice is not self.head else [voice, *self.voices.values()]:
            each.signature, each.key = voice.signature, voice.key
            each.fifths.append((each.now, fifths))

    def set_tempo(self, value: str, voice: Voice) -> None:
        if match := re.search(r"(?:(\d+)/(\d+)\s*=\s*)?(\d{1,4})\s*$", value.partition('"')[0] or value):
            beat = 4.0 * int(match[1][:4]) / max(int(match[2][:4]), 1) if match[1] else voice.unit
            voice.tempos.append((voice.now, beat * int(match[3])))

    def read_music(self, line: str) -> None:
        for match in _TOKEN.finditer(line):
            if match["field"]:
                self.set_field(match["field"], match["value"].strip(), in_head=False)
                continue
            if self.voice is None:
                self.voice = self.voices.setdefault("", self.head) if not self.voices else [*self.voices.values()][0]
            voice = self.voice
            if match["quote"] is not None:
                self.note_symbol(match["quote"])
            elif match["note"]:
                self.strike([match["note"]], 1.0, False)
            elif match["chord"]:
                inner = [found[0] for found in _NOTE.finditer(match["chord"])]
                if inner:
                    self.strike(inner, _parse_length(match["chordlength"]), bool(match["chordtie"]))
            elif match["rest"]:
                self.pause(match["rest"], _parse_length(match["restlength"]))
            elif match["bar"]:
                self.close_bar(match["bar"], match["after"])
            elif match["ending"]:
                voice.endings = voice.marks[-1].endings = _passes(match["ending"])
            elif match["tuplet"]:
                self.open_tuplet(match["tuplet"])
            elif match["broken"]:
                self.break_rhythm(match["broken"])
            elif match["layer"]:
                voice.until = max(voice.until, voice.now)
                voice.now = voice.bars[-1]

    def note_symbol(self, text: str) -> None:
        """A text in quotes: a chord symbol waits for its note; words, dynamics and fingerings are let go."""
        voice = self.voice
        assert voice is not None
        symbol = _BESIDE.sub("", text.partition(";")[0].strip())
        symbol = _BASS.sub(lambda match: match[0].upper(), symbol)
        if _SYMBOL.match(symbol):
            voice.waiting.append((symbol, self.line))
        elif text.strip() and text[0] not in "^_<>@":  # these say that it is no chord
            self.words.append(text)

    def place_symbols(self, length: float) -> None:
        """Symbols before a note or rest share its time."""
        voice = self.voice
        assert voice is not None
        for i, (symbol, line) in enumerate(voice.waiting):
            voice.symbols.append((voice.now + length * i / len(voice.waiting), symbol, voice.key, line))
        voice.waiting.clear()

    def strike(self, written: list[str], factor: float, tied: bool) -> None:
        """A note, or notes together; these last as long as the first."""
        voice = self.voice
        assert voice is not None
        parsed = [_NOTE.match(text) for text in written]
        ratio = self._ratio()
        length = voice.unit * factor * ratio * _parse_length(parsed[0][4])  # type: ignore[index]
        if not 0 < length <= LONGEST:
            raise ReaderError(f"a note of {length:g} quarter notes", place=f"bar {len(voice.bars)}",
                              hint="is its length right?")  # fmt: skip
        voice.last = (len(voice.notes), voice.now, length)
        self.place_symbols(length)
        for note in parsed:
            assert note is not None
            letter, octave = note[2].upper(), 4 + note[2].islower() + note[3].count("'") - note[3].count(",")
            if note[1]:
                alter = {"^": 1, "^^": 2, "_": -1, "__": -2}.get(note[1], 0)
                voice.altered[letter, f"{octave}"] = alter
            else:
                alter = voice.altered.get((letter, f"{octave}"), voice.signature.get(letter, 0))
            midi = 12 * (octave + 1) + STEPS[letter] + alter + voice.shift
            own = length if len(parsed) == 1 else voice.unit * factor * ratio * _parse_length(note[4])
            held = tied or bool(note[5])
            fifth = line_of_fifths(letter, alter) + (voice.shift % 12 and (7 * voice.shift + 6) % 12 - 6)
            voice.notes.append((0, voice.now, own, midi, held, fifth))
        voice.now += length

    def pause(self, kind: str, count: float) -> None:
        voice = self.voice
        assert voice is not None
        bars = min(count, 500.0) * (4.0 * voice.metre[0] / voice.metre[1] or 4.0)
        length = bars if kind in "ZX" else voice.unit * count * self._ratio()
        voice.last = (len(voice.notes), voice.now, length)
        self.place_symbols(length)
        voice.now += length

    def _ratio(self) -> float:
        """By how much the next event is stretched or shortened."""
        voice = self.voice
        assert voice is not None
        ratio = voice.stretch * (voice.tuplet.pop() if voice.tuplet else 1.0)
        voice.stretch = 1.0
        return ratio

    def open_tuplet(self, text: str) -> None:
        voice = self.voice
        assert voice is not None
        numbers = [int(n) if n else 0 for n in text.split(":")] + [0, 0]
        p = numbers[0]
        if p < 2:
            return
        compound = voice.metre[1] == 8 and voice.metre[0] in (6, 9, 12)
        q = numbers[1] or TUPLETS.get(p) or (3 if compound else 2)
        voice.tuplet = [q / p] * (numbers[2] or p)

    def break_rhythm(self, signs: str) -> None:
        """``a>b``: the first is lengthened by half of the second's time."""
        voice = self.voice
        assert voice is not None
        short = 0.5 ** len(signs)
        now, then = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        first, onset, length = voice.last
        for i in range(first, len(voice.notes)):
            bar, at, own, *rest = voice.notes[i]
            voice.notes[i] = (bar, at, own * now, *rest)
        voice.now = onset + length * now
        voice.stretch = then

    def close_bar(self, sign: str, after: str | None) -> None:
        voice = self.voice
        assert voice is not None
        end = max(voice.now, voice.until)
        voice.now, voice.until, voice.altered = end, 0.0, {}
        if sign[0] == ":" and (voice.beats or end > voice.bars[-1]):
            closed = voice.marks[-1] if end > voice.bars[-1] else voice.marks[-2]
            closed.repeat_end = min(len(sign) - len(sign.lstrip(":")) + 1, 16) if "|" in sign else 2
        closes = sign[0] == ":" or "||" in sign or "]" in sign or "[" in sign
        if end > voice.bars[-1]:
            voice.bars.append(end)
            voice.beats.append(beat_length(*voice.metre) if voice.metre[0] else 1.0)
            voice.nominals.append(4.0 * voice.metre[0] / voice.metre[1] or float("nan"))
            voice.marks.append(BarMark())
        if closes:
            voice.endings = ()
        if after:
            voice.endings = _passes(after)
        voice.marks[-1].endings = voice.endings
        voice.marks[-1].repeat_start |= sign[-1] == ":"

    def finish(self) -> None:
        """Close the last bar of every voice."""
        for voice in self.voices.values():
            self.voice = voice
            self.close_bar("|", None)

    def collect(self, unfold: bool) -> Notes:
        """The notes of all voices; as they sound with ``unfold``."""
        voices = [voice for voice in self.voices.values() if voice.notes]
        rows = [(*note, i) for i, voice in enumerate(voices) for note in join_ties(voice.notes, [0.0])]
        lead = max(voices, key=lambda v: len(v.beats), default=self.head)
        end = max((row[0] + row[1] for row in rows), default=0.0)
        bars = [*lead.bars[:-1], max(lead.bars[-1], end)]
        title, composer = self.labels.get("T", ""), self.labels.get("C", "")
        notes = collect_notes(rows, bars, lead.beats, lead.fifths, title, composer, tempos=lead.tempos)
        return unfold_by_marks(notes, [voice.marks for voice in voices]) if unfold else notes


def _shift(text: str, before: int) -> int:
    """Semitones by which clef, octave and transposition move a voice; as before where the text does not say."""
    marks = [12 if clef == "+" else -12 for clef in _CLEF.findall(text)]
    marks += [int(n) * (12 if name == "octave" else 1) for name, n in _SHIFT.findall(text)]
    return sum(marks) if marks else before


def _parse_length(text: str) -> float:
    """Length in units: ``3``, ``/2``, ``//``, ``3/2``; 1 where nothing is written.

    Examples
    --------
    >>> [_parse_length(t) for t in ("", "3", "/", "//", "3/2", "/4")]
    [1.0, 3.0, 0.5, 0.25, 1.5, 0.25]
    """
    above, slashes, below = text.partition("/")
    if not slashes:
        return float(above or 1)
    digits = below.lstrip("/")
    return float(above or 1) / (float(digits) or 1.0 if digits else 2.0 ** (1 + len(below)))


def _passes(text: str) -> tuple[int, ...]:
    """In which passes a bracket is played: ``1,3`` or ``1-3``."""
    found: list[int] = []
    for part in text.strip("[").split(","):
        first, dash, last = part.partition("-")
        if first.isdecimal():
            found += range(int(first[:2]), (int(last[:2]) if dash and last.isdecimal() else int(first[:2])) + 1)
    return tuple(found[:16])


def _key_of(match: re.Match[str]) -> Key | None:
    """The key of a ``K:`` field; a mode is major or minor by its third."""
    try:
        return Key.parse(f"{match[1].upper()}{match[2].lower()} {THIRDS[(match[3] or 'maj').lower()]}")
    except ChordLabelError:  # no key that anyone writes
        return None
