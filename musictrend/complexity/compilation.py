"""The compiler of number kernels, under the name that this folder's kernels know it by."""

from __future__ import annotations

from musictrend.compilation import kernel, kernel_folder

__all__ = ["kernel", "kernel_folder"]
