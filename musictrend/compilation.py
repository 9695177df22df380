"""Compiles number kernels once and keeps them, never a stale one.

numba's own cache looks at the file of the function it compiles and does not notice an edited callee in
another file. So kernels are kept in ``<cache>/numba/<hash>``, the hash over the source of *every* kernel file
of the package and the versions of numba, numpy and Python and the processor: any edit starts an empty folder.

Kernels live in files named ``*kernels.py`` (only those are hashed, so a kernel may call kernels and nothing
else of ours), are marked ``@kernel``, and such a file is imported on first use, for it imports numba.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from musictrend.cache import cache_folder, hash_bytes

__all__ = ["kernel", "kernel_folder"]

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def kernel_folder() -> Path:
    """Folder of the compiled kernels of this source, on this machine and these versions."""
    import llvmlite.binding
    import numba
    import numpy

    package = Path(__file__).resolve().parent
    files = sorted(package.rglob("*kernels.py"))
    source = [part for file in files for part in (file.relative_to(package).as_posix(), file.read_bytes())]
    versions = [numba.__version__, numpy.__version__, sys.version, platform.machine()]
    return cache_folder("numba", hash_bytes(*source, *versions, llvmlite.binding.get_host_cpu_name()))


def kernel(function: Function) -> Function:
    """Compile a function on its first call and keep the machine code in the cache.

    No ``fastmath`` (results are stored), no threads inside (callers run chunks of tracks side by side; the
    kernels let go of Python's lock).
    """
    import numba

    config: Any = numba.config
    before = config.CACHE_DIR
    # Read when the function is marked; other libraries keep theirs.
    config.CACHE_DIR = str(kernel_folder())
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[return-value]
    finally:
        config.CACHE_DIR = before
