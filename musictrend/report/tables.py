"""The tables of a run as the report sees them: read once, holes named, nothing computed.

Only ``tracks.parquet`` must be there. Every other file may be missing, empty or unreadable; ``missing`` then
holds the reason, and the section that wanted it says so on the page.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musictrend.errors import RunError

COLUMNS: dict[str, tuple[str, ...]] = {
    "tracks": (
        "track_id",
        "corpus",
        "title",
        "artist",
        "artist_id",
        "year",
        "year_low",
        "year_high",
        "year_kind",
        "genres",
        "segment",
        "popularity",
        "weight",
        "duplicate_of",
        "source_kind",
        "engine",
        "status",
        "reason",
        "n_chords",
    ),
    "chords": (
        "track_id",
        "position",
        "onset",
        "duration",
        "unit",
        "label",
        "root",
        "quality",
        "bass",
        "pitch_classes",
        "key_tonic",
        "key_mode",
        "confidence",
    ),
    "scores": ("track_id", "measure", "facet", "vocabulary", "value", "low", "high", "n_events"),
    "trends": (
        "level",
        "group",
        "corpus",
        "measure",
        "vocabulary",
        "method",
        "pooling",
        "slope_per_decade",
        "slope_sd_per_decade",
        "low",
        "high",
        "p",
        "q",
        "n_tracks",
        "n_artists",
    ),
    "curves": ("level", "group", "measure", "vocabulary", "method", "year", "estimate", "low", "high", "n"),
    "contrasts": (
        "measure",
        "vocabulary",
        "method",
        "pooling",
        "identification",
        "difference_per_decade",
        "difference_sd_per_decade",
        "low",
        "high",
        "p",
        "q",
        "equivalent",
        "mdes",
    ),
    "changepoints": ("level", "group", "measure", "vocabulary", "method", "year", "low", "high", "p"),
    "simulation": ("scenario", "run", "seed", "step", "year", "segment", "origin", "quantity", "value"),
    "problems": ("stage", "track_id", "path", "place", "reason", "hint"),
    "diversity": (
        "level",
        "group",
        "corpus",
        "span",
        "year",
        "measure",
        "vocabulary",
        "value",
        "low",
        "high",
        "n_tracks",
        "n_artists",
    ),
}
"""Columns of each table, as the contract of a run folder names them; others may follow."""

NUMBERS = frozenset(
    {
        "year",
        "year_low",
        "year_high",
        "popularity",
        "weight",
        "n_chords",
        "position",
        "onset",
        "duration",
        "root",
        "bass",
        "key_tonic",
        "confidence",
        "value",
        "low",
        "high",
        "n_events",
        "slope_per_decade",
        "slope_sd_per_decade",
        "p",
        "q",
        "n_tracks",
        "n_artists",
        "decade",
        "estimate",
        "n",
        "difference_per_decade",
        "difference_sd_per_decade",
        "mdes",
        "step",
    }
)

SYNTHETIC, PART_SYNTHETIC = "SYNTHETIC", "PART SYNTHETIC"


@dataclass(frozen=True, eq=False)
class RunTables:
    """All that a report may look at.

    Build it with :func:`read_tables` from a run folder, or by hand from DataFrames. ``chords`` and ``scores``
    may be left out where ``folder`` holds their files: they are the large ones, and only the rows that the
    page shows are read.

    Parameters
    ----------
    tracks : DataFrame
        One row a track, the columns of ``COLUMNS["tracks"]``.
    run : dict
        The content of ``run.json``; ``{}`` when it is not known.
    trends, curves, contrasts, changepoints, simulation, problems, hindcast, diversity : DataFrame
        Tables of the run; empty where they are missing.
    claims, planted, measures : list of dict
        ``claims.json``, ``planted.json``, ``measures.json``.
    chords, scores : DataFrame, optional
        Held in memory, or else looked up in ``folder``.
    folder : Path, optional
        The run folder.
    missing : dict
        File name to the reason why it is not there.
    beside : RunTables, optional
        Another run that the page sets beside this one.
    """

    tracks: pd.DataFrame
    run: dict[str, Any] = field(default_factory=dict)
    trends: pd.DataFrame = field(default_factory=lambda: empty("trends"))
    curves: pd.DataFrame = field(default_factory=lambda: empty("curves"))
    contrasts: pd.DataFrame = field(default_factory=lambda: empty("contrasts"))
    changepoints: pd.DataFrame = field(default_factory=lambda: empty("changepoints"))
    simulation: pd.DataFrame = field(default_factory=lambda: empty("simulation"))
    problems: pd.DataFrame = field(default_factory=lambda: empty("problems"))
    hindcast: pd.DataFrame = field(default_factory=pd.DataFrame)
    diversity: pd.DataFrame = field(default_factory=lambda: empty("diversity"))
    claims: list[dict[str, Any]] = field(default_factory=list)
    planted: list[dict[str, Any]] = field(default_factory=list)
    measures: list[dict[str, Any]] = field(default_factory=list)
    chords: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    folder: Path | None = None
    missing: dict[str, str] = field(default_factory=dict)
    beside: RunTables | None = None

    @cached_property
    def usable(self) -> pd.DataFrame:
        """Tracks that count: status ``ok`` or not stated, and nobody's duplicate."""
        status, twin = self.tracks["status"], self.tracks["duplicate_of"]
        keep = (status.isna() | (status == "ok").fillna(False)) & (twin.isna() | (twin == "").fillna(False))
        return self.tracks[keep.to_numpy(bool)]

    @cached_property
    def by_genre(self) -> pd.DataFrame:
        """Usable tracks, once for every genre they carry; ``unlabelled`` where there is none."""
        rows = self.usable[["track_id", "corpus", "year", "segment", "source_kind", "artist_id"]].copy()
        rows["genre"] = [as_list(value) or ["unlabelled"] for value in self.usable["genres"]]
        return rows.explode("genre", ignore_index=True)

    @cached_property
    def genre_segment(self) -> dict[str, str]:
        """Each genre's segment: the one that most of its tracks have."""
        counts = self.by_genre.groupby(["genre", "segment"]).size().rename("n").reset_index()
        counts = counts.sort_values(["genre", "n", "segment"], ascending=[True, False, True])
        first = counts.drop_duplicates("genre")
        return dict(zip(first["genre"], first["segment"], strict=True))

    @cached_property
    def curves_by_group(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        """Curves of each ``(level, group, measure)``: looked up often, so split once."""
        groups = self.curves.groupby(["level", "group", "measure"], sort=False)
        return {(str(level), str(group), str(measure)): part for (level, group, measure), part in groups}  # type: ignore[misc]

    @cached_property
    def vocabularies(self) -> dict[str, list[list[str]]]:
        """Vocabularies that each measure has in contrasts, trends and curves, in this order."""
        found: dict[str, list[list[str]]] = {}
        for place, table in enumerate((self.contrasts, self.trends, self.curves)):
            pairs = table[["measure", "vocabulary"]].dropna().drop_duplicates()
            for measure, part in pairs.groupby("measure", sort=False):
                names = sorted(str(name) for name in part["vocabulary"])
                found.setdefault(str(measure), [[], [], []])[place] = names
        return found

    @cached_property
    def synthetic_corpora(self) -> frozenset[str]:
        """Names of the corpora whose music was generated; every corpus when the run says ``synthetic``."""
        if self.run.get("synthetic") is True:
            return frozenset(str(name) for name in self.tracks["corpus"].dropna().unique())
        return frozenset(str(name) for name in self.run.get("synthetic_corpora") or [])

    @cached_property
    def mark(self) -> str:
        """The word for the whole page: ``SYNTHETIC``, ``PART SYNTHETIC`` or nothing."""
        if self.run.get("synthetic") is True:
            return SYNTHETIC
        return _mark(self.usable["corpus"] if len(self.usable) else self.tracks["corpus"], self.synthetic_corpora)

    @cached_property
    def page_mark(self) -> str:
        """The word for a page that may hold another run too."""
        return self.mark if self.beside is None or self.beside.mark == self.mark else PART_SYNTHETIC

    def mark_of(self, level: str | None, groups: list[str]) -> str:
        """Return the word for a figure or table that shows these groups of a level."""
        if self.mark in ("", SYNTHETIC):
            return self.mark
        return _mark_of(self, level, tuple(sorted(set(map(str, groups)))))

    @cached_property
    def memory(self) -> dict[Any, Any]:
        """What was looked up once and will be asked for again."""
        return {}

    def select_scores(self, measure: str, vocabulary: str | None) -> pd.DataFrame:
        """Return the scores of one measure at one vocabulary: ``track_id, value, n_events``."""
        if measure not in self.memory:
            self.hold_scores([measure])
        rows = self.memory[measure]
        if vocabulary is not None:
            rows = rows[(rows["vocabulary"] == vocabulary).fillna(False)]
        return rows[["track_id", "value", "n_events"]]

    def hold_scores(self, measures: list[str]) -> None:
        """Read the scores of several measures in one pass, for :meth:`select_scores`."""
        if self.scores is not None:
            rows = self.scores[self.scores["measure"].isin(measures)]
        else:
            columns = ["track_id", "measure", "vocabulary", "value", "n_events"]
            rows = _select(self.folder, "scores", columns, [("measure", "in", measures)])
        for measure in measures:
            self.memory[measure] = rows[(rows["measure"] == measure).fillna(False)]

    def select_draws(self, measures: list[str]) -> pd.DataFrame | None:
        """Return the draws of scores that come from estimated chords; nothing where the run has none."""
        path = None if self.folder is None else self.folder / "draws.parquet"
        if path is None or not path.is_file():
            return None
        table = pd.read_parquet(path, filters=[("measure", "in", measures)])
        return table.astype(dict.fromkeys(("track_id", "measure", "vocabulary"), str))

    def select_chords(self, track_ids: list[str]) -> pd.DataFrame:
        """Return the chords of these tracks, in order."""
        if not track_ids:
            return empty("chords")
        if self.chords is not None:
            rows = self.chords[self.chords["track_id"].isin(track_ids)]
        else:
            rows = _select(self.folder, "chords", list(COLUMNS["chords"]), [("track_id", "in", track_ids)])
        return rows.sort_values(["track_id", "position"], kind="stable")

    def count_events(self, vocabulary: str | None) -> pd.Series:
        """Return the events of each usable track: from the scores, else the number of its chords.

        The widest count over measures at the vocabulary is taken, because a measure that needs a key or a
        duration may have seen fewer chords than the track has.
        """
        counts = self.usable.set_index("track_id")["n_chords"].astype("Float64")
        if self.scores is not None:
            rows = self.scores
            if vocabulary is not None:
                rows = rows[(rows["vocabulary"] == vocabulary).fillna(False)]
        else:
            filters = None if vocabulary is None else [("vocabulary", "==", vocabulary)]
            rows = _select(self.folder, "scores", ["track_id", "n_events"], filters)
        if len(rows):
            events = rows.groupby("track_id", observed=True)["n_events"].max().astype("Float64")
            counts = events.reindex(counts.index).fillna(counts)
        return counts


def read_tables(run_folder: str | Path) -> RunTables:
    """Read a run folder for the report.

    Parameters
    ----------
    run_folder : path
        Holds at least ``tracks.parquet``; the files of a run that are not there are named in ``missing``.

    Returns
    -------
    RunTables

    Raises
    ------
    RunError
        When the folder or its ``tracks.parquet`` cannot be read.
    """
    folder = Path(run_folder)
    missing: dict[str, str] = {}
    if not (folder / "tracks.parquet").is_file():
        raise RunError(
            f"{folder}: no tracks.parquet here; give the folder that `musictrend analyze CORPUS -o RUN` filled"
        )
    tracks = _read_table(folder, "tracks", missing)
    if "tracks.parquet" in missing:
        raise RunError(f"{folder / 'tracks.parquet'}: {missing['tracks.parquet']}; run `musictrend analyze` again")
    names = ("trends", "curves", "contrasts", "changepoints", "simulation", "problems")
    loaded = {name: _read_table(folder, name, missing) for name in names}
    for name in ("chords", "scores"):
        if not (folder / f"{name}.parquet").is_file():
            missing[f"{name}.parquet"] = "it is not in the run folder"
    hindcast = pd.DataFrame()
    if (folder / "hindcast.parquet").is_file():
        hindcast = _read_table(folder, "hindcast", missing)
    elif (folder / "hindcast.json").is_file():
        hindcast = pd.DataFrame(_as_records(_read_json(folder, "hindcast.json", missing, [])))
    diversity = (
        _read_table(folder, "diversity", missing) if (folder / "diversity.parquet").is_file() else empty("diversity")
    )
    return RunTables(
        tracks=tracks,
        diversity=diversity,
        run=_as_dict(_read_json(folder, "run.json", missing, {})),
        claims=_as_records(_read_json(folder, "claims.json", missing, [])),
        planted=_as_records(_read_json(folder, "planted.json", None, [])),
        measures=_as_records(_read_json(folder, "measures.json", None, [])),
        hindcast=hindcast,
        folder=folder,
        missing=missing,
        **loaded,  # type: ignore[arg-type]
    )


def empty(name: str) -> pd.DataFrame:
    """Return an empty table with the columns of its kind."""
    return with_columns(pd.DataFrame(), name)


def with_columns(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table with every column of its kind, plain strings and plain floats in them."""
    table = table.copy()
    for column in table.columns:
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            table[column] = table[column].astype(table[column].cat.categories.dtype)
    for column in COLUMNS.get(name, ()):
        if column not in table:
            table[column] = pd.Series([np.nan] * len(table), index=table.index, dtype="float64")
            if column not in NUMBERS:
                table[column] = table[column].astype("object").where(table[column].notna(), None)
        elif column in NUMBERS:
            table[column] = pd.to_numeric(table[column], errors="coerce").astype("float64")
    return table


def as_list(value: object) -> list[str]:
    """Return the strings of a list cell; an empty list for a missing one."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return [str(item) for item in value]  # type: ignore[attr-defined]


def _mark(corpora: pd.Series, synthetic: frozenset[str]) -> str:
    """Say whether all, some or none of these corpora are synthetic."""
    inside = corpora.isin(list(synthetic))
    if not len(inside) or not inside.any():
        return ""
    return SYNTHETIC if inside.all() else PART_SYNTHETIC


def _mark_of(tables: RunTables, level: str | None, groups: tuple[str, ...]) -> str:
    """Mark by the tracks that the groups hold."""
    if level == "corpus":
        rows = tables.usable[tables.usable["corpus"].isin(groups)]
    elif level == "segment":
        rows = tables.usable[tables.usable["segment"].isin(groups)]
    elif level == "genre":
        rows = tables.by_genre[tables.by_genre["genre"].isin(groups)]
    else:
        return tables.mark
    # A group that no track carries (all corpora pooled, say) is as mixed as the run is.
    return _mark(rows["corpus"], tables.synthetic_corpora) if len(rows) else tables.mark


def _read_table(folder: Path, name: str, missing: dict[str, str]) -> pd.DataFrame:
    """Read one table, or say why not."""
    path = folder / (f"{name}.csv" if name == "problems" else f"{name}.parquet")
    if not path.is_file():
        missing[path.name] = "it is not in the run folder"
        return with_columns(pd.DataFrame(), name)
    try:
        table = pd.read_csv(path, dtype="string") if path.suffix == ".csv" else pd.read_parquet(path)
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    except Exception as error:  # any damage to a file becomes words on the page
        missing[path.name] = f"it could not be read ({type(error).__name__}: {error})"[:300]
        table = pd.DataFrame()
    return with_columns(table, name)


def _select(folder: Path | None, name: str, columns: list[str], filters: list[Any] | None) -> pd.DataFrame:
    """Read the wanted rows of a large table; none when the file is missing, damaged or of another shape."""
    if folder is None or not (folder / f"{name}.parquet").is_file():
        return empty(name)[columns]
    try:
        import pyarrow.parquet as pq

        path = folder / f"{name}.parquet"
        present = [column for column in columns if column in pq.read_schema(path).names]
        if filters and any(column not in pq.read_schema(path).names for column, _, _ in filters):
            return empty(name)[columns]
        table = pq.read_table(path, columns=present, filters=filters).to_pandas()
    except Exception:  # said on the page as "no rows"; the reading of the whole file is not the report's to mend
        return empty(name)[columns]
    return with_columns(table, name)[columns]


def _read_json(folder: Path, name: str, missing: dict[str, str] | None, default: Any) -> Any:
    """Read one JSON file, or say why not (``missing=None``: an optional file, nothing to say)."""
    path = folder / name
    if not path.is_file():
        if missing is not None:
            missing[name] = "it is not in the run folder"
        return default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        if missing is not None:
            missing[name] = f"it could not be read ({error})"[:300]
        return default


def _as_records(value: Any) -> list[dict[str, Any]]:
    """Accept a list of objects, or an object that wraps one under any key, or an object of objects."""
    if isinstance(value, dict):
        for item in value.values():
            if isinstance(item, list) and all(isinstance(row, dict) for row in item):
                return list(item)
        if value and all(isinstance(row, dict) for row in value.values()):
            return [{"name": name, **row} for name, row in value.items()]
        return []
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _as_dict(value: Any) -> dict[str, Any]:
    """Accept an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}
