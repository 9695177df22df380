"""Labelled collections: tracks, manifests, genres and segments, readers, the catalogue."""

from musictrend.corpus.manifest import Corpus, load_corpus
from musictrend.corpus.track import Track
from musictrend.corpus.year import Year, parse_year

__all__ = ["Corpus", "Track", "Year", "load_corpus", "parse_year"]
