"""Songs drawn whole: progression, colour, players, tempo, tuning and recording chain.

What learns from sound learns from such songs, and what is calibrated is
calibrated on such songs played by others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictrend.extraction.rendering.arrangement import Arrangement, draw_style
from musictrend.extraction.rendering.eras import ERAS, record
from musictrend.extraction.rendering.performance import SAMPLE_RATE, render
from musictrend.extraction.rendering.progression import Palette, draw_progression, place_chords
from musictrend.harmony.sequence import ChordSequence

__all__ = ["Song", "draw_song"]


@dataclass(frozen=True)
class Song:
    """A song before it sounds.

    Attributes
    ----------
    chords : ChordSequence
        In seconds.
    style : Arrangement
    beat : float, seconds
    detune : float, cents
    era : str
        A recording chain of ``ERAS``, or an empty string for none.
    seed : int
    """

    chords: ChordSequence
    style: Arrangement
    beat: float
    detune: float
    era: str
    seed: int

    def sound(self, sr: int = SAMPLE_RATE) -> np.ndarray:
        """The song as it was recorded: float32 array, mono."""
        y = render(self.chords, self.style, beat=self.beat, seed=self.seed, sr=sr, detune=self.detune)
        return record(y, self.era, sr=sr, seed=self.seed) if self.era else y


def draw_song(seed: int, *, seconds: float = 60.0, band: str = "learning", era: str | None = None) -> Song:
    """A song by its number.

    Parameters
    ----------
    seed : int
        Same number, same song.
    seconds : float
        About how long.
    band : str
        Who may play: ``learning`` or ``calibration``.
    era : str, optional
        Its recording chain, an empty string for none; drawn where absent, none half of the time.

    Examples
    --------
    >>> song = draw_song(3, seconds=20)
    >>> bool(15 < song.chords.offsets[-1] < 35)
    True
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, band == "calibration"]))
    beat = 60 / rng.uniform(66, 160)
    palette = Palette(
        sevenths=float(rng.choice([0.0, 0.15, 0.3, 0.5, 0.8])),
        extended=float(rng.choice([0.0, 0.0, 0.05, 0.2])),
        suspended=float(rng.choice([0.0, 0.03, 0.15])),
        inverted=float(rng.choice([0.0, 0.05, 0.3])),
        altered=float(rng.choice([0.0, 0.08, 0.25])),
    )
    usual = float(rng.choice([2.0, 4.0, 4.0]))
    chords = draw_progression(rng, max(int(seconds / (usual * beat)), 2), palette)
    beats = np.where(rng.random(len(chords)) < 0.15, usual / 2, usual)
    rests = rng.choice([0.0, 0.5, 2.0], size=2)
    placed = place_chords(chords, beat=beat, beats=beats, lead=float(rests[0]), tail=float(rests[1]))
    if era is None:
        era = str(rng.choice(["", *ERAS], p=[0.5] + [0.5 / len(ERAS)] * len(ERAS)))
    style = draw_style(rng, band)
    return Song(placed, style, beat, float(rng.normal(0, 15)), era, seed)
