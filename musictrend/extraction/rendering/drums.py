"""Drums: a thud, noise through a filter, and where in a bar they fall."""

from __future__ import annotations

import numpy as np

__all__ = ["PATTERNS", "build_kit"]

# Beats of a bar of four at which each drum is hit.
PATTERNS: dict[str, dict[str, tuple[float, ...]]] = {
    "rock": {"kick": (0, 2, 2.5), "snare": (1, 3), "hat": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)},
    "four": {"kick": (0, 1, 2, 3), "snare": (1, 3), "hat": (0.5, 1.5, 2.5, 3.5)},
    "swing": {"hat": (0, 1, 1.667, 2, 3, 3.667), "snare": (3.667,), "kick": (0,)},
    "ballad": {"kick": (0, 2), "snare": (2,), "hat": (0, 1, 2, 3)},
    "latin": {"kick": (0, 1.5, 2, 3.5), "snare": (0, 0.75, 1.5, 2.5, 3.25), "hat": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)},
}


def build_kit(rng: np.random.Generator, sr: int) -> dict[str, np.ndarray]:
    """One hit of each drum: kick, snare and hat, float32, about 1 at its loudest.

    Examples
    --------
    >>> sorted(build_kit(np.random.default_rng(0), 22050))
    ['hat', 'kick', 'snare']
    """
    from scipy.signal import butter, sosfilt

    time = np.arange(int(0.3 * sr)) / sr
    low, sweep = rng.uniform(42, 60), rng.uniform(40, 120)
    kick = np.sin(2 * np.pi * (low * time - sweep * 0.03 * np.exp(-time / 0.03))) * np.exp(
        -time / rng.uniform(0.06, 0.14)
    )
    noise = rng.uniform(-1, 1, len(time))
    body = sosfilt(butter(2, [rng.uniform(150, 400), rng.uniform(4000, 8000)], "band", fs=sr, output="sos"), noise)
    snare = body * np.exp(-time / rng.uniform(0.04, 0.12))
    snare += 0.4 * np.sin(2 * np.pi * rng.uniform(160, 230) * time) * np.exp(-time / 0.05)
    hiss = sosfilt(butter(2, rng.uniform(5000, 7500), "high", fs=sr, output="sos"), noise)
    hat = hiss * np.exp(-time / rng.uniform(0.015, 0.06))
    return {
        name: (hit / np.abs(hit).max()).astype(np.float32)
        for name, hit in (("kick", kick), ("snare", snare), ("hat", hat))
    }
