"""The page of a run: one self-contained, offline HTML file that answers first and opens down to the chords.

``write_report`` is the one call. A report sees only the tables of a run folder: ``tables`` reads them,
``selection`` says which rows speak first, ``words`` puts numbers into sentences, ``charts`` draws on
``canvas`` as SVG, each file of ``sections`` builds the blocks of one section, and ``page`` writes them out.
``comparison`` sets another run beside this one. ``figures`` gives the same pictures as matplotlib figures, for use in a notebook.
"""

from musictrend.report.comparison import Comparison, compare_runs, compare_tables
from musictrend.report.figures import (
    plot_contrast,
    plot_fan,
    plot_genres,
    plot_reliability,
    plot_trend,
    save_figure,
)
from musictrend.report.page import list_figures, write_report
from musictrend.report.tables import RunTables, read_tables

__all__ = [
    "Comparison",
    "RunTables",
    "compare_runs",
    "compare_tables",
    "list_figures",
    "plot_contrast",
    "plot_fan",
    "plot_genres",
    "plot_reliability",
    "plot_trend",
    "read_tables",
    "save_figure",
    "write_report",
]
