"""Labelled collections: tracks, manifests, genres and segments, readers, the catalogue."""
