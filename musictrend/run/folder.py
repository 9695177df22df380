"""A run folder: the tables of a run, which stages are done, and where they came from.

Every stage reads what the one before wrote. A stage is done when its stamp in
``run.json`` names the same fingerprint (of its inputs and options) and its
files are there; anything else is done again. Files are written whole or not at
all, and ``run.json`` last, so that a killed run resumes.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictrend.cache import atomic_path, hash_bytes, hash_file, hash_package
from musictrend.corpus.problem import PROBLEM_COLUMNS, Problem, problem_table
from musictrend.errors import RunError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from musictrend.harmony.table import ChordTable

__all__ = ["STAGES", "Run", "remove_run", "to_plain"]

SCHEMA_VERSION = "1"
STAGES = ("tracks", "chords", "scores", "trends", "simulation", "report")
# stage -> files it makes; claims.json is shared by trends and simulation, tracks.parquet by tracks and chords.
OUTPUTS = {
    "tracks": ("tracks.parquet",),
    "chords": ("chords.parquet", "tracks.parquet"),
    "scores": ("scores.parquet",),
    "trends": (
        "trends.parquet",
        "curves.parquet",
        "contrasts.parquet",
        "changepoints.parquet",
        "coverage.parquet",
        "diversity.parquet",
        "claims.json",
    ),
    "simulation": ("simulation.parquet", "claims.json"),
    "report": ("report.html",),
}
# stage -> the stages whose files it reads
NEEDS: dict[str, tuple[str, ...]] = {
    "tracks": (),
    "chords": ("tracks",),
    "scores": ("chords",),
    "trends": ("scores",),
    "simulation": ("chords",),
    "report": ("trends", "simulation"),
}
# stage -> the command that does it alone, with the options the run has
ALONE = {"scores": "score", "trends": "trend", "simulation": "simulate"}
YEARS = ("year", "year_low", "year_high")
KIND_OF_CLAIMS = {"trends": "observed", "simulation": "simulated"}
# Files that some runs have beside the outputs of their stages.
BESIDE = ("comparison.parquet", "draws.parquet", "hindcast.parquet", "measures.json", "planted.json", "problems.csv")
REMADE = ("run.json", "log.txt", "sweep.parquet", "report.md")


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
            self.record = _read_record(self.path("run.json"))
            if self.record.get("schema_version") != SCHEMA_VERSION:
                raise RunError(
                    f"{self.folder} was made with tables of version {self.record.get('schema_version')}, "
                    f"this musictrend reads {SCHEMA_VERSION}; run again into another folder"
                )
            self.record.setdefault("stages", {})

    @classmethod
    def open(cls, folder: Path | str) -> Run:
        """An existing run; `RunError` when the folder is none."""
        folder = Path(folder)
        if not (folder / "run.json").is_file():
            raise RunError(
                f"{folder} is no run folder (no run.json in it); make one with: musictrend analyze CORPUS -o {folder}"
            )
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
        return stamp is not None and stamp["fingerprint"] == fingerprint and self.has_outputs(stage)

    def has_outputs(self, stage: str) -> bool:
        """Whether a stage's files are there; of ``claims.json``, its own claims."""
        if not all(self.path(name).is_file() for name in OUTPUTS[stage]):
            return False
        kind = KIND_OF_CLAIMS.get(stage)
        return kind is None or any(claim.get("kind") == kind for claim in self.claims())

    def require(self, *stages: str) -> None:
        """`RunError` unless these stages are done: a stage alone must not read half of what was before."""
        for stage in stages:
            if stage not in self.record["stages"] or not self.has_outputs(stage):
                alone = ALONE.get(stage) if all(s in self.record["stages"] for s in NEEDS[stage]) else None
                how = f"{alone} {self.folder}" if alone else f"analyze CORPUS -o {self.folder}"
                raise RunError(f"{self.folder}: its {stage} are not done; finish them with: musictrend {how}")

    def fingerprint(self, stage: str, *parts: Any) -> str:
        """Fingerprint of a stage: its options, and the fingerprints of the stages it reads from."""
        upstream = [self.record["stages"].get(s, {}).get("fingerprint", "") for s in NEEDS[stage]]
        if stage == "report":
            files = self.record.get("files", {})
            made = {name: files.get(name) for s in NEEDS[stage] for name in OUTPUTS[s]}
            upstream.append(json.dumps(made, sort_keys=True))
        return hash_bytes(hash_package(), stage, *upstream, json.dumps(parts, sort_keys=True, default=str))

    @contextmanager
    def stage(self, stage: str, fingerprint: str) -> Iterator[list[Problem]]:
        """Do a stage: yields its list of problems, and stamps it when all went well."""
        problems: list[Problem] = []
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (stage, *_later(stage)):
            self.record["stages"].pop(name, None)
        self.save()
        yield problems
        self.write_problems(stage, problems)
        self.record["stages"][stage] = {"fingerprint": fingerprint, "seconds": round(time.monotonic() - began, 3)}
        # One list for the whole run: of a file that two stages write, only the last hash is true.
        files = self.record.setdefault("files", {})
        for name in (*OUTPUTS[stage], *BESIDE):
            files.pop(name, None)
            if self.path(name).is_file():
                files[name] = hash_file(self.path(name))
        self.save()

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
                    "done": stamp is not None and self.has_outputs(stage),
                    "seconds": stamp["seconds"] if stamp else None,
                    "files": [n for n in OUTPUTS[stage] if self.path(n).is_file()],
                }
            )
        return rows

    def verify(self) -> list[str]:
        """What is not as it was made: missing or altered files; empty when all is."""
        wrong = []
        for name, digest in sorted(self.record.get("files", {}).items()):
            if not self.path(name).is_file():
                wrong.append(f"{name} is missing")
            elif hash_file(self.path(name)) != digest:
                wrong.append(f"{name} was altered after the run made it")
        return wrong

    def clean(self, *, kept_batches: bool = False) -> list[str]:
        """Take half-done work away, and say what it was; tables and page, and finished batches if wanted, stay."""
        return _remove([*([] if kept_batches else [self.work]), *sorted(self.folder.glob(".*.part"))])

    # Tables ---------------------------------------------------------------------------------

    def read(self, name: str) -> pd.DataFrame:
        """One of the run's Parquet tables as a DataFrame; `RunError` when it is not there."""
        import pandas as pd

        path = self.path(name if name.endswith(".parquet") else f"{name}.parquet")
        if not path.is_file():
            raise RunError(f"{path} is not there; make it with: musictrend analyze CORPUS -o {self.folder}")
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError) as error:  # Arrow's own errors are both
            first = str(error).splitlines()[0]
            raise RunError(f"{path}: not a Parquet table ({first}); delete it and run again") from None

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Write a DataFrame as one of the run's tables, with the schema version in it."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.Table.from_pandas(table, preserve_index=False)
        fields = [pa.field(f.name, pa.int16() if f.name in YEARS else _plain(f.type, pa)) for f in rows.schema]
        rows = rows.cast(pa.schema(fields)).replace_schema_metadata({"schema_version": SCHEMA_VERSION})
        with atomic_path(self.path(f"{name}.parquet")) as part:
            pq.write_table(rows, part, compression="zstd")

    def write_rows(self, name: str, parts: Iterable[pa.Table]) -> None:
        """Write Arrow rows, part by part, as one of the run's tables; dictionary columns are read back as plain strings."""
        import pyarrow.parquet as pq

        left = iter(parts)
        first = next(left)
        with (
            atomic_path(self.path(f"{name}.parquet")) as part,
            pq.ParquetWriter(part, first.schema, compression="zstd", store_schema=False) as writer,
        ):
            for rows in chain([first], left):
                writer.write_table(rows)
            writer.add_key_value_metadata({"schema_version": SCHEMA_VERSION})

    @property
    def tracks(self) -> pd.DataFrame:
        """``tracks.parquet``."""
        table = self.read("tracks")
        table["genres"] = [list(g) for g in table["genres"]]
        return table

    def chords(self) -> ChordTable:
        """``chords.parquet`` as a `ChordTable`, one row for each track of ``tracks.parquet``."""
        from musictrend.harmony.arrow import read_chords

        path = self.path("chords.parquet")
        if not path.is_file():
            raise RunError(f"{path} is not there; make it with: musictrend analyze CORPUS -o {self.folder}")
        return read_chords(path, list(self.read("tracks")["track_id"]))

    def scores(
        self, measures: Collection[str] | None = None, vocabularies: Collection[str] | None = None
    ) -> pd.DataFrame:
        """``scores.parquet``, always tidy: a row for each track, measure and vocabulary.

        Of very many tracks, whose file is wide, ask for the measures and vocabularies that are needed.
        """
        from musictrend.complexity import read_scores

        path = self.path("scores.parquet")
        if not path.is_file():
            raise RunError(f"{path} is not there; make it with: musictrend analyze CORPUS -o {self.folder}")
        try:
            return read_scores(path, measures, vocabularies)
        except (OSError, ValueError) as error:  # Arrow's own errors are both
            first = str(error).splitlines()[0]
            raise RunError(f"{path}: not a Parquet table ({first}); delete it and run again") from None

    def draws(self) -> pd.DataFrame | None:
        """``draws.parquet``: draws of tracks whose chords come from a calibrated engine; None where there are none."""
        return self.read("draws") if self.path("draws.parquet").is_file() else None

    def claims(self) -> list[dict[str, Any]]:
        """``claims.json``."""
        path = self.path("claims.json")
        if not path.is_file():
            return []
        try:
            return list(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise RunError(f"{path}: not JSON ({error}); delete it and run again") from None

    def write_claims(self, kind: str, claims: Iterable[dict[str, Any]]) -> None:
        """Replace the claims of one kind, ``observed`` or ``simulated``; the others stay."""
        kept = [c for c in self.claims() if c["kind"] != kind]
        ordered = sorted([*kept, *claims], key=lambda c: c["kind"])  # observed before simulated; stable
        self.write_json("claims.json", ordered)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file; numbers that are not finite become null."""
        with atomic_path(self.path(name)) as part:
            part.write_text(
                json.dumps(to_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
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
        table = table.assign(_order=order).sort_values(["_order", "track_id", "path", "place", "reason"], kind="stable")
        # A spreadsheet must not take a file's name for a formula.
        table = table.drop(columns="_order").replace(r"^([=+\-@])", r"'\1", regex=True)
        with atomic_path(self.path("problems.csv")) as part:
            table.to_csv(part, index=False, lineterminator="\n")


def remove_run(folder: Path) -> None:
    """Take everything away that a run makes, and nothing else."""
    names = {name for files in OUTPUTS.values() for name in files} | {*BESIDE, *REMADE, ".work"}
    _remove([*(folder / name for name in sorted(names)), *folder.glob(".*.part")])


def _remove(paths: Iterable[Path]) -> list[str]:
    """Delete what is there of these, and say what that was."""
    gone = [path for path in paths if path.exists()]
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [path.name for path in gone]


def _later(stage: str) -> list[str]:
    """Stages that read, at first or second hand, what a stage writes."""
    found = {stage}
    for name in STAGES:  # in order, so that one pass is enough
        if found & set(NEEDS[name]):
            found.add(name)
    return [name for name in STAGES if name in found and name != stage]


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RunError(f"{path}: not JSON ({error}); start afresh with --force") from None
    if not isinstance(record, dict):
        raise RunError(f"{path}: not the record of a run; start afresh with --force")
    return record


def _plain(kind: Any, pa: Any) -> Any:
    """Arrow types as the contract has them: plain strings, lists of strings."""
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type, pa))
    if pa.types.is_null(kind):
        return pa.string()
    return kind


def to_plain(value: Any) -> Any:
    """Plain data for JSON: what is missing or not finite becomes None."""
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set) or getattr(value, "ndim", False):
        return [to_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if type(value).__name__ in ("NAType", "NaTType") else value
