"""A run folder: stages, resume, provenance."""

from musictrend.run.analysis import analyze
from musictrend.run.folder import STAGES, Run
from musictrend.run.options import Options

__all__ = ["STAGES", "Options", "Run", "analyze"]
