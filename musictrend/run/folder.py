"""A run folder: the tables of a run, which stages are done, and where they came from.

Every stage reads what the one before wrote. A stage is done when its stamp in
``run.json`` names the same fingerprint (of its inputs and options) and its
files are there; anything else is done again. Files are written whole or not at
all, and ``run.json`` last, so that a killed run resumes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictrend.cache import atomic_path, hash_bytes, hash_file
from musictrend.corpus.problem import PROBLEM_COLUMNS, Problem, problem_table
from musictrend.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

    from musictrend.harmony.table import ChordTable

__all__ = ["STAGES", "Run"]

SCHEMA_VERSION = "1"
STAGES = ("tracks", "chords", "scores", "trends", "simulation", "report")
# stage -> files it makes; claims.json is shared by trends and simulation, tracks.parquet by tracks and chords.
OUTPUTS = {
    "tracks": ("tracks.parquet",),
    "chords": ("chords.parquet", "tracks.parquet"),
    "scores": ("scores.parquet",),
    "trends": ("trends.parquet", "curves.parquet", "contrasts.parquet", "changepoints.parquet", "claims.json"),
    "simulation": ("simulation.parquet", "claims.json"),
    "report": ("report.html",),
}


class Run:
    """A run folder.

    Parameters
    ----------
    folder : Path or str
        Made when absent.

    Examples
    --------
    >>> import tempfile
    >>> run = Run(tempfile.mkdtemp())
    >>> run.is_done("tracks", "0" * 32)
    False
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.record: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "stages": {}}
        if self.path("run.json").is_file():
            try:
                self.record = json.loads(self.path("run.json").read_text(encoding="utf-8"))
            except ValueError as error:
                raise RunError(f"{self.path('run.json')}: not JSON ({error}); start afresh with --force") from None
            if self.record.get("schema_version") != SCHEMA_VERSION:
                raise RunError(
                    f"{self.folder} was made with tables of version {self.record.get('schema_version')}, "
                    f"this musictrend reads {SCHEMA_VERSION}; run again into another folder"
                )

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """An existing run; `RunError` when the folder is none."""
        folder = Path(folder)
        if not (folder / "run.json").is_file():
            raise RunError(f"{folder} is no run folder (no run.json in it); make one with: musictrend analyze CORPUS -o {folder}")
        return cls(folder)

    def path(self, name: str) -> Path:
        """Path of one of its files."""
        return self.folder / name

    @property
    def work(self) -> Path:
        """Folder of half-done work; gone when a stage is done."""
        return self.folder / ".work"

    # Stages ---------------------------------------------------------------------------------

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Whether a stage was done from the same inputs and its files are still there."""
        stamp = self.record["stages"].get(stage)
        return (
            stamp is not None
            and stamp["fingerprint"] == fingerprint
            and all(self.path(name).is_file() for name in OUTPUTS[stage])
        )

    def fingerprint(self, stage: str, *parts: Any) -> str:
        """Fingerprint of a stage: its options, and the fingerprint of the stages before it."""
        before = STAGES[: STAGES.index(stage)]
        upstream = [self.record["stages"].get(s, {}).get("fingerprint", "") for s in before]
        if stage == "report":
            upstream.append(json.dumps(self.output_hashes("trends") | self.output_hashes("simulation")))
        from musictrend import __version__

        return hash_bytes(__version__, stage, *upstream, json.dumps(parts, sort_keys=True, default=str))

    @contextmanager
    def stage(self, stage: str, fingerprint: str) -> Iterator[list[Problem]]:
        """Do a stage: yields its list of problems, and stamps it when all went well."""
        problems: list[Problem] = []
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        later = STAGES[STAGES.index(stage) + 1 :] if stage != "simulation" else ("report",)
        if stage == "trends":
            later = ("report",)
        for name in (stage, *later):
            self.record["stages"].pop(name, None)
        self.save()
        yield problems
        self.write_problems(stage, problems)
        self.record["stages"][stage] = {
            "fingerprint": fingerprint,
            "seconds": round(time.monotonic() - began, 3),
            "outputs": {name: hash_file(self.path(name)) for name in OUTPUTS[stage] if self.path(name).is_file()},
        }
        self.save()

    def output_hashes(self, stage: str) -> dict[str, str]:
        """Hashes of a stage's files as they were when it was done."""
        return dict(self.record["stages"].get(stage, {}).get("outputs", {}))

    def save(self) -> None:
        """Write ``run.json``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.path("run.json")) as part:
            part.write_text(json.dumps(self.record, indent=1, sort_keys=True, default=str) + "\n", encoding="utf-8")

    def status(self) -> list[dict[str, Any]]:
        """One row a stage: whether it is done, how long it took, what it made."""
        rows = []
        for stage in STAGES:
            stamp = self.record["stages"].get(stage)
            rows.append(
                {
                    "stage": stage,
                    "done": stamp is not None and all(self.path(n).is_file() for n in OUTPUTS[stage]),
                    "seconds": stamp["seconds"] if stamp else None,
                    "files": [n for n in OUTPUTS[stage] if self.path(n).is_file()],
                }
            )
        return rows

    def verify(self) -> list[str]:
        """What differs from the stamps: missing or altered files; empty when all is as it was made."""
        expected: dict[str, str] = {}
        for stage in STAGES:  # a later stage's file replaces an earlier one's of the same name
            expected |= self.output_hashes(stage)
        wrong = []
        for name, digest in expected.items():
            if not self.path(name).is_file():
                wrong.append(f"{name} is missing")
            elif hash_file(self.path(name)) != digest:
                wrong.append(f"{name} was altered after the run made it")
        return wrong

    # Tables ---------------------------------------------------------------------------------

    def read(self, name: str) -> pd.DataFrame:
        """One of the run's Parquet tables as a DataFrame; `RunError` when it is not there."""
        import pandas as pd

        path = self.path(name if name.endswith(".parquet") else f"{name}.parquet")
        if not path.is_file():
            raise RunError(f"{path} is not there; make it with: musictrend analyze CORPUS -o {self.folder}")
        return pd.read_parquet(path)

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a DataFrame as one of the run's tables, with the schema version in it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.Table.from_pandas(table, preserve_index=False)
        fields = [pa.field(f.name, _plain(f.type, pa)) for f in rows.schema]
        rows = rows.cast(pa.schema(fields)).replace_schema_metadata({"schema_version": SCHEMA_VERSION})
        with atomic_path(self.path(f"{name}.parquet")) as part:
            pq.write_table(rows, part, compression="zstd")

    @property
    def tracks(self) -> pd.DataFrame:
        """``tracks.parquet``."""
        table = self.read("tracks")
        table["genres"] = [list(g) for g in table["genres"]]
        return table

    def chords(self) -> ChordTable:
        """``chords.parquet`` as a `ChordTable`, one row for each track of ``tracks.parquet``."""
        import pyarrow.parquet as pq

        from musictrend.harmony.arrow import chords_from_arrow

        path = self.path("chords.parquet")
        if not path.is_file():
            raise RunError(f"{path} is not there; make it with: musictrend analyze CORPUS -o {self.folder}")
        columns = ["track_id", "onset", "duration", "unit", "label", "key_tonic", "key_mode", "confidence", "bars"]
        rows = pq.read_table(path, columns=columns, read_dictionary=["track_id", "unit", "label", "key_mode"])
        return chords_from_arrow(rows, list(self.read("tracks")["track_id"]))

    def scores(self) -> pd.DataFrame:
        """``scores.parquet``, always tidy: a row for each track, measure and vocabulary."""
        return self.read("scores")

    def claims(self) -> list[dict[str, Any]]:
        """``claims.json``."""
        path = self.path("claims.json")
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []

    def write_claims(self, kind: str, claims: Iterable[dict[str, Any]]) -> None:
        """Replace the claims of one kind, ``observed`` or ``simulated``; the others stay."""
        kept = [c for c in self.claims() if c["kind"] != kind]
        ordered = sorted([*kept, *claims], key=lambda c: c["kind"])  # observed before simulated; stable
        self.write_json("claims.json", ordered)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file; numbers that are not finite become null."""
        with atomic_path(self.path(name)) as part:
            part.write_text(
                json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
            )

    def problems(self) -> pd.DataFrame:
        """``problems.csv``."""
        import pandas as pd

        path = self.path("problems.csv")
        if not path.is_file():
            return problem_table([])
        return pd.read_csv(path, dtype="str", keep_default_na=False)[list(PROBLEM_COLUMNS)]

    def write_problems(self, stage: str, problems: Iterable[Problem]) -> None:
        """Replace the problems of one stage; those of others stay."""
        import pandas as pd

        kept = self.problems()
        table = pd.concat([kept[kept["stage"] != stage], problem_table(problems)], ignore_index=True)
        order = table["stage"].map({s: i for i, s in enumerate(STAGES)}).fillna(len(STAGES))
        table = table.assign(_order=order).sort_values(
            ["_order", "track_id", "path", "place", "reason"], kind="stable"
        )
        with atomic_path(self.path("problems.csv")) as part:
            table.drop(columns="_order").to_csv(part, index=False)


def _plain(kind: Any, pa: Any) -> Any:
    """Arrow types as the contract has them: plain strings, lists of strings."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type, pa))
    if pa.types.is_null(kind):
        return pa.string()
    return kind


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item") and not isinstance(value, str | bytes):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
