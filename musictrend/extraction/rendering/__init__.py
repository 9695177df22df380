"""The house's own music: chords to sound, and sound through the recording chains of other decades.

Numpy and scipy alone make every tone; nothing is sampled from a recording. What
is made here is for learning, for tests and for the demo, and is called
synthetic wherever it is shown.
"""

from musictrend.extraction.rendering.arrangement import STYLES, Arrangement, arrange
from musictrend.extraction.rendering.eras import ERAS, record
from musictrend.extraction.rendering.performance import perform, render
from musictrend.extraction.rendering.progression import Palette, draw_progression, place_chords
from musictrend.extraction.rendering.song import Song, draw_song

__all__ = [
    "ERAS",
    "STYLES",
    "Arrangement",
    "Palette",
    "Song",
    "arrange",
    "draw_progression",
    "draw_song",
    "perform",
    "place_chords",
    "record",
    "render",
]
