"""What a section is made of: prose, cards, figures, tables, claims. A page loops over blocks and knows no
section.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from markupsafe import Markup


@dataclass(frozen=True)
class Prose:
    """A paragraph; ``tone`` is ``lead``, ``plain``, ``note``, ``warning`` or ``missing``."""

    kind: ClassVar[str] = "prose"
    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Points:
    """A list of sentences of one kind."""

    kind: ClassVar[str] = "points"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Figure:
    """An inline SVG with its words: what it shows (``alt``), caption, and the file that holds its numbers."""

    kind: ClassVar[str] = "figure"
    name: str
    alt: str
    caption: str
    wide: Markup
    narrow: Markup | None = None
    source: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    """Small multiples: figures side by side, one under another on a narrow screen."""

    kind: ClassVar[str] = "grid"
    figures: tuple[Figure, ...]
    caption: str = ""


@dataclass(frozen=True)
class Cell:
    """A table cell; ``sort`` is what sorting goes by, ``shade`` 0-5 a step of the heat scale."""

    text: str
    sort: float | None = None
    shade: int | None = None
    strong: bool = False
    verdict: str = ""


@dataclass(frozen=True)
class Table:
    """A table; a column that starts with ``#`` holds numbers and is set flush right; ``mark=None``: not
    about tracks.
    """

    kind: ClassVar[str] = "table"
    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    source: str = ""
    note: str = ""
    mark: str | None = None
    folded: str = ""


@dataclass(frozen=True)
class Card:
    """One of the answers at the top: whose it is, the word, the number, the interval, and how many stand
    behind it.
    """

    group: str
    label: str
    word: str
    number: str
    interval: str
    sd: str
    n: str
    mark: str = ""


@dataclass(frozen=True)
class Cards:
    """The answers side by side."""

    kind: ClassVar[str] = "cards"
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class ChordChip:
    """A chord as it is shown: its label and a class (``triad``, ``rich``, ``none``)."""

    label: str
    look: str


@dataclass(frozen=True)
class Example:
    """A track that a claim opens down to, with its first chords."""

    role: str
    title: str
    artist: str
    detail: str
    value: str
    chords: tuple[ChordChip, ...]
    chords_note: str
    mark: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim and all it opens down to."""

    name: str
    claim_kind: str
    sentence: str
    verdict: str
    word: str
    gloss: str
    headline: str
    facts: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...] = ()
    examples_note: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Claims:
    """The claims, in the order in which they were registered."""

    kind: ClassVar[str] = "claims"
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Definitions:
    """Terms and what they mean: ``(term, detail, text)``."""

    kind: ClassVar[str] = "definitions"
    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Fold:
    """Blocks that open on demand."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple[Any, ...]


@dataclass(frozen=True)
class Badge:
    """A word that stands over what follows, such as *Simulated*."""

    kind: ClassVar[str] = "badge"
    word: str
    text: str


@dataclass(frozen=True)
class Built:
    """A section that was built: what the page, the Markdown summary and the figures' folder are made of."""

    id: str
    title: str
    blocks: tuple[Any, ...] = field(default_factory=tuple)
