"""From notes or sound to chords; what is written already is read as written."""

from musictrend.extraction.batches import Extracted, extract_corpora, extract_corpus
from musictrend.extraction.chord_files import write_chords
from musictrend.extraction.file import extract

__all__ = ["Extracted", "extract", "extract_corpora", "extract_corpus", "write_chords"]
