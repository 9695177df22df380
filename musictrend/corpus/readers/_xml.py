"""XML from strangers: no entity is expanded, no DTD and no network opened, no huge tree built.

What is not well-formed is read as far as it goes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from musictrend.corpus.files import read_bytes, read_zip_member
from musictrend.errors import ReaderError, UnsafeFileError

__all__ = ["parse_xml", "read_packed", "read_score_head", "refuse_entities", "strip_namespaces", "tag_of", "to_number"]

MAX_HEAD = 2**20
MAX_SCORE = 48 * 2**20  # bytes, 850 MB as a tree; a Mahler symphony is about 40 MB


def read_packed(path: Path) -> bytes:
    """A score of XML: plain, or inside an archive (MXL, Capella) whatever the file is called."""
    with path.open("rb") as file:
        packed = file.read(2) == b"PK"
    if not packed and path.suffix.lower() != ".mxl":
        return read_bytes(path, limit=MAX_SCORE)
    try:
        container = read_zip_member(path, "META-INF/container.xml", limit=2**20)
        found = re.search(rb"""<rootfile\b[^>]*?full-path\s*=\s*(["'])(.*?)\1""", container, re.DOTALL)
        if found:
            return read_zip_member(path, found[2].decode("utf-8", "replace"), limit=MAX_SCORE)
    except ReaderError as error:
        if "inside the archive" not in error.reason:
            raise
    # No container, or one that points nowhere: the first score there is.
    return read_zip_member(path, suffixes=(".xml", ".musicxml", ".mei"), limit=MAX_SCORE)


def parse_xml(data: bytes) -> tuple[Any, str]:
    """Root element of some XML and what was wrong with it (``""``).

    Raises
    ------
    ReaderError
        When there is no XML in it.
    """
    from lxml import etree

    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    trouble = ""
    try:
        root = etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as error:
        trouble = f"not well-formed at line {error.lineno}: {error.msg}"[:200]
        try:
            root = etree.fromstring(data, etree.XMLParser(recover=True, **options))
        except etree.XMLSyntaxError:
            root = None  # nothing of it is XML
    except ValueError as error:
        raise ReaderError(f"not XML: {error}", hint="is this the right file?") from None
    if root is None:
        raise ReaderError(f"no XML in the file ({trouble})", hint="is this the right file?")
    return root, trouble


def read_score_head(path: Path) -> Any:
    """Root element of a score with what stands before its first part or measure; the music is not parsed.

    Raises
    ------
    ReaderError
        When there is no XML in the file.
    """
    from lxml import etree

    data = read_packed(path)
    parser = etree.XMLPullParser(
        ("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    root = None
    for start in range(0, min(len(data), MAX_HEAD), 8192):
        parser.feed(data[start : start + 8192])
        for _, element in parser.read_events():
            root = element if root is None else root
            if tag_of(element) in ("part", "measure"):
                return root
    if root is None:
        raise ReaderError("no XML in the file", hint="is this the right file?")
    return root


def refuse_entities(root: Any) -> None:
    """Refuse a document that declares entities: no notation program writes any."""
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None and any(True for _ in doctype.iterentities()):
        raise UnsafeFileError("a score that declares XML entities: refused", hint="an XML bomb?")


def tag_of(element: Any) -> str:
    """Name without namespace; comments and processing instructions have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def strip_namespaces(root: Any) -> None:
    """Take the namespace from the names of all elements."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]


def to_number(text: str | None, missing: float = 0.0) -> float:
    """A number as written; what is missing, none, or beyond all measure is ``missing``."""
    try:
        value = float(text or "")
    except ValueError:
        return missing
    return value if abs(value) < 1e9 else missing
