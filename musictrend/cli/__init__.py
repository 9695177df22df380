"""The command line: one thin command per public function.

Data go to standard output, logs and a progress bar to standard error. Exit
codes: 0 done; 1 could not do it; 2 usage; 3 done, but some tracks failed;
4 nothing usable in the input; 130 interrupted (rerun resumes).
"""

from musictrend.cli.app import main

__all__ = ["main"]
