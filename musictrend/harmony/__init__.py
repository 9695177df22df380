"""What a chord is: chords, keys, Roman numerals, dialects, vocabularies, and the one ragged table.

Numpy is all that is needed here.
"""

from musictrend.harmony.chord import Chord
from musictrend.harmony.dialects import list_dialects, parse_symbol, read_symbol
from musictrend.harmony.events import EventTable
from musictrend.harmony.key import Key
from musictrend.harmony.quality import list_qualities
from musictrend.harmony.reduction import VOCABULARIES, reduce_bitmap
from musictrend.harmony.sequence import ChordSequence
from musictrend.harmony.table import ChordTable, LabelTable

__all__ = [
    "VOCABULARIES",
    "Chord",
    "ChordSequence",
    "ChordTable",
    "EventTable",
    "Key",
    "LabelTable",
    "list_dialects",
    "list_qualities",
    "parse_symbol",
    "read_symbol",
    "reduce_bitmap",
]
