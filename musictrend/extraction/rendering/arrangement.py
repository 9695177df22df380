"""From chords to notes: who plays which of a chord's notes, and when.

A style names its players: something that holds or breaks the chords, a bass,
perhaps drums and a melody. Voicings move as little as they can from chord to
chord.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.errors import ParameterError
from musictrend.harmony.chord import Chord
from musictrend.harmony.sequence import ChordSequence

__all__ = ["BANDS", "STYLES", "Arrangement", "Note", "arrange", "draw_style", "find_style"]


@dataclass(frozen=True)
class Note:
    """One note: who plays it, when, how high and how loud."""

    part: str
    onset: float
    duration: float
    midi: int
    level: float


@dataclass(frozen=True)
class Arrangement:
    """Who plays, and how.

    Attributes
    ----------
    chords : tuple of (instrument, pattern)
        Players of chords; a pattern is ``held``, ``block``, ``broken``, ``strummed`` or ``offbeat``.
    bass : str
        The bass' instrument, or an empty string.
    walk : str
        ``root``, ``fifths``, ``octaves`` or ``walking``.
    drums : str
        A name of ``drums.PATTERNS``, or an empty string.
    melody : str
        The melody's instrument, or an empty string.
    """

    chords: tuple[tuple[str, str], ...]
    bass: str = "bass"
    walk: str = "root"
    drums: str = ""
    melody: str = ""


STYLES: dict[str, Arrangement] = {
    "piano": Arrangement((("piano", "broken"),), bass="piano"),
    "ballad": Arrangement((("piano", "block"), ("strings", "held")), drums="ballad", melody="voice"),
    "folk": Arrangement((("guitar", "strummed"),), bass="", melody="voice"),
    "fingerpicked": Arrangement((("guitar", "broken"),), bass="guitar", walk="fifths"),
    "rock": Arrangement((("driven guitar", "block"), ("organ", "held")), walk="octaves", drums="rock", melody="voice"),
    "jazz": Arrangement((("electric piano", "offbeat"),), walk="walking", drums="swing", melody="reed"),
    "soul": Arrangement((("organ", "held"), ("bright guitar", "offbeat")), walk="fifths", drums="latin", melody="reed"),
    "synth": Arrangement((("saw", "broken"), ("pad", "held")), bass="synth bass", walk="octaves", drums="four"),
    "vibes": Arrangement((("vibraphone", "block"),), walk="walking", drums="swing"),
    "chamber": Arrangement((("strings", "held"),), bass="", melody="reed"),
}
# Players of chords by what they are heard for: a recogniser learns from some and is calibrated on the others.
BANDS: dict[str, tuple[str, ...]] = {
    "learning": ("piano", "guitar", "driven guitar", "electric piano", "organ", "strings", "saw"),
    "calibration": ("harp", "bright guitar", "vibraphone", "pad", "reed", "accordion", "choir", "clavinet"),
}
HELD = {"organ", "strings", "pad", "saw", "reed", "accordion", "choir"}


def find_style(style: Arrangement | str) -> Arrangement:
    """A style by its name, or the style itself.

    Raises
    ------
    ParameterError
        For an unknown name.
    """
    if isinstance(style, Arrangement):
        return style
    if style not in STYLES:
        raise ParameterError(f"style={style!r} must be one of {', '.join(map(repr, STYLES))}")
    return STYLES[style]


def draw_style(rng: np.random.Generator, band: str = "learning") -> Arrangement:
    """Players and patterns drawn by chance.

    Parameters
    ----------
    rng : numpy Generator
    band : str
        Who may play chords: ``learning`` or ``calibration``; the two share no instrument.

    Examples
    --------
    >>> draw_style(np.random.default_rng(0)).chords[0][0] in BANDS["learning"]
    True
    """
    if band not in BANDS:
        raise ParameterError(f"band={band!r} must be one of {', '.join(map(repr, BANDS))}")
    players = []
    for name in rng.choice(BANDS[band], size=int(rng.choice([1, 2, 2, 3])), replace=False):
        pool = ("held", "held", "block", "broken") if name in HELD else ("block", "broken", "strummed", "offbeat")
        players.append((str(name), str(rng.choice(pool))))
    if players[0][1] == "offbeat":
        players[0] = (players[0][0], "block")
    pick = lambda *options: str(rng.choice(options))  # noqa: E731
    return Arrangement(
        tuple(players),
        bass=pick("bass", "bass", "bass", "synth bass", ""),
        walk=pick("root", "root", "fifths", "octaves", "walking"),
        drums=pick("rock", "four", "swing", "ballad", "latin", "", ""),
        melody=pick("voice", "voice", *BANDS[band], "", "", "", ""),
    )


def arrange(chords: ChordSequence, style: Arrangement | str, rng: np.random.Generator, *, beat: float) -> list[Note]:
    """Every note that is played.

    Parameters
    ----------
    chords : ChordSequence
        In seconds.
    style : Arrangement or str
        Or a name of ``STYLES``.
    rng : numpy Generator
    beat : float, seconds

    Raises
    ------
    ParameterError
        For an unknown style, or chords that are not in seconds.
    """
    style = find_style(style)
    if chords.unit != "seconds":
        raise ParameterError(f"chords are in {chords.unit}; sound needs seconds")
    notes: list[Note] = []
    registers = {name: int(rng.integers(55, 70)) for name, _ in style.chords}
    voices: dict[str, list[int]] = {}
    tune = 72
    for chord, onset, duration in zip(chords.chords, chords.onsets, chords.durations):
        if not chord.is_chord:
            continue
        for name, pattern in style.chords:
            voicing = voices[name] = _voice(chord, voices.get(name), registers[name], rng)
            if not style.bass:  # somebody has to play the bass
                low = 36 + (_low(chord.bass) - 36) % 12 + 12 * (name not in ("piano", "organ"))
                voicing = [low] + voicing
            notes += _play(name, pattern, voicing, onset, duration, beat, rng)
        if style.bass:
            notes += _walk(style, chord, onset, duration, beat, rng)
        if style.melody:
            line, tune = _sing(style.melody, chord, onset, duration, beat, tune, rng)
            notes += line
    return notes


def _low(pitch_class: int | None) -> int:
    """A pitch class of a chord that sounds."""
    return 0 if pitch_class is None else pitch_class


def _spell(chord: Chord) -> list[int]:
    """The pitch classes of a chord's quality, from its root up."""
    return [(_low(chord.root) + i) % 12 for i in range(12) if chord.bitmap >> i & 1]


def _voice(chord: Chord, before: list[int] | None, centre: int, rng: np.random.Generator) -> list[int]:
    """The chord's own notes around a register, close to the voicing before."""
    tones = _spell(chord)
    middle = centre if before is None else 0.5 * (centre + float(np.mean(before)))
    shift = rng.normal(0, 1.5)
    notes = sorted({round(middle + shift) - 6 + (tone - round(middle + shift) + 6) % 12 for tone in tones})
    if len(notes) == 3 and rng.random() < 0.4:  # a triad doubles one of its notes
        notes.append(notes[0] + 12)
    elif len(notes) >= 4 and rng.random() < 0.25:  # open position: the second voice from the top goes down
        notes[-2] -= 12
    return sorted(notes)


def _play(
    name: str, pattern: str, voicing: list[int], onset: float, duration: float, beat: float, rng: np.random.Generator
) -> list[Note]:
    level = lambda: float(rng.uniform(0.6, 1.0))  # noqa: E731
    if pattern == "held":
        return [Note(name, onset, duration, midi, level()) for midi in voicing]
    if pattern == "broken":
        step = beat / 2
        order = voicing + voicing[-2:0:-1] if rng.random() < 0.5 else voicing
        count = max(int(round(duration / step)), 1)
        return [
            Note(name, onset + i * step, min(step * 2, duration - i * step), order[i % len(order)], level())
            for i in range(count)
            if i * step < duration
        ]
    gap = {"block": rng.choice([beat, 2 * beat, 4 * beat]), "strummed": beat, "offbeat": beat}[pattern]
    start = onset + (beat / 2 if pattern == "offbeat" else 0.0)
    length = gap * (0.5 if pattern == "offbeat" else 0.95)
    spread = 0.012 if pattern == "strummed" else 0.0
    notes = []
    for number, time in enumerate(np.arange(start, onset + duration - 0.05, gap)):
        rising = voicing if number % 2 == 0 else voicing[::-1]
        for i, midi in enumerate(rising):
            notes.append(Note(name, time + i * spread, min(length, onset + duration - time), midi, level()))
    return notes


def _walk(
    style: Arrangement, chord: Chord, onset: float, duration: float, beat: float, rng: np.random.Generator
) -> list[Note]:
    """The bass: the written bass note first, then what the style says."""
    low = 33 + (_low(chord.bass) - 33) % 12
    tones = [33 + (tone - 33) % 12 for tone in _spell(chord)]
    fifth = next((33 + (_low(chord.root) + i - 33) % 12 for i in (7, 6, 8) if chord.bitmap >> i & 1), low)
    gap = {"root": 4 * beat, "fifths": 2 * beat, "octaves": beat / 2, "walking": beat}[style.walk]
    notes = []
    for number, time in enumerate(np.arange(onset, onset + duration - 0.05, gap)):
        if number == 0 or style.walk == "root":
            midi = low
        elif style.walk == "fifths":
            midi = (fifth, low)[number % 2 == 0]
        elif style.walk == "octaves":
            midi = low + 12 * int(number % 2 and rng.random() < 0.5)
        else:
            midi = int(rng.choice(tones)) if rng.random() < 0.8 else low + int(rng.choice([-1, 1, 2]))
        length = min(gap * 0.95, onset + duration - time)
        notes.append(Note(style.bass, time, length, midi, float(rng.uniform(0.8, 1.0))))
    return notes


def _sing(
    name: str, chord: Chord, onset: float, duration: float, beat: float, tune: int, rng: np.random.Generator
) -> tuple[list[Note], int]:
    """A melody that leans on the chord's notes and passes through others."""
    notes, time = [], onset
    tones = _spell(chord)
    while time < onset + duration - 0.05:
        length = min(float(rng.choice([0.5, 0.5, 1, 1, 2])) * beat, onset + duration - time)
        if rng.random() < 0.8:
            if rng.random() < 0.75:
                target = min(tones, key=lambda t: abs((t - tune + 6) % 12 - 6 + rng.normal(0, 2)))
                tune += (target - tune + 6) % 12 - 6
            else:
                tune += int(rng.choice([-2, -1, 1, 2]))
            tune += 12 * (tune < 64) - 12 * (tune > 84)
            notes.append(Note(name, time, length * 0.95, tune, float(rng.uniform(0.6, 1.0))))
        time += length
    return notes, tune
