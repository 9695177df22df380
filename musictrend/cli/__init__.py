"""The command line: one thin command per public function.

Data go to standard output, logs and a progress bar to standard error. Exit
codes: 0 done; 1 could not do it; 2 usage; 3 done, but some tracks failed;
4 nothing usable in the input; 130 interrupted (rerun resumes).
"""

import os

# Many small matrices: one BLAS thread is faster than two, and workers have the cores. Before numpy is imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from musictrend.cli.app import main  # noqa: E402

__all__ = ["main"]
