"""The same music twice: equal songs by title and artist, equal recordings by their sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from musictrend.corpus.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mark_duplicates", "mark_equal_recordings"]


def mark_duplicates(table: pd.DataFrame) -> None:
    """One row a song inside a corpus: the earliest year is kept, the others name it in ``duplicate_of``.

    Songs are equal by title and artist. Of several rows of one year the first
    stays. Rows that failed already are left alone.
    """
    usable = table[(table["song_id"] != "") & (table["status"] == "ok")]
    order = usable.assign(_year=usable["year"].astype("float64").fillna(1e9))
    order = order.sort_values(["corpus", "song_id", "_year"], kind="stable")
    first = order.groupby(["corpus", "song_id"], sort=False)["track_id"].transform("first")
    again = order.index[first.to_numpy() != order["track_id"].to_numpy()]
    table.loc[again, "duplicate_of"] = first.loc[again]


def mark_equal_recordings(table: pd.DataFrame, contents: Mapping[str, str]) -> list[Problem]:
    """Recordings of one corpus that sound the same count once: the earliest year stays, as among equal songs.

    Parameters
    ----------
    table : DataFrame
        As of `track_table`; its ``duplicate_of`` is filled.
    contents : mapping
        Track id to a hash of the sound.
    """
    if not contents:
        return []
    heard = table["track_id"].map(dict(contents))
    rows = table[heard.notna() & table["duplicate_of"].isna()].assign(_sound=heard)
    rows = rows.assign(_year=rows["year"].astype("float64").fillna(1e9))
    rows = rows.sort_values(["corpus", "_sound", "_year"], kind="stable")
    first = rows.groupby(["corpus", "_sound"], sort=False)["track_id"].transform("first")
    again = rows.index[first.to_numpy() != rows["track_id"].to_numpy()]
    table.loc[again, "duplicate_of"] = first.loc[again]
    return [
        Problem("chords", str(table.at[i, "track_id"]), str(table.at[i, "path"]), "",
                f"the same sound as {table.at[i, 'duplicate_of']}", "it counts once; remove one of the two files")  # type: ignore[str-bytes-safe]
        for i in sorted(again)
    ]  # fmt: skip
