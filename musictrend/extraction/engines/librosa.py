"""The engine that is always there: chroma by non-negative least squares, a small net, nothing to download.

The name is the command line's: spectra, tuning, note activation and net are the
house's own (`musictrend.extraction.engines.chroma`, `chroma_net`), numpy and scipy
alone; librosa's place is beside it, in reading and resampling sound.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import numpy as np

from musictrend.extraction.engines.engine import Activations, Calibration, Engine

__all__ = ["ENGINES", "ChromaEngine"]

FRAME_WEIGHT = 1.0  # chosen on songs held out: .5 to 1 are within a point of each other
SILENT = 1e-4  # root mean square below which nobody plays


class ChromaEngine(Engine):
    """Chroma and a net that sees every root the same way.

    Examples
    --------
    >>> heard = ChromaEngine().hear(np.zeros(22050, dtype=np.float32))
    >>> heard.chords[int(heard.scores[0].argmax())].label
    'N'
    """

    name = "librosa"
    title = "musictrend's own: NNLS chroma and a transposition-equivariant net"
    description = "always there, nothing to download; triads and sevenths"
    vocabulary = "sevenths"
    licence_code = "MIT"
    licence_weights = "MIT (learned from CC0 data and from audio of our own)"
    commercial = True
    speed = 390.0
    memory_mb = 900  # of hours of sound with beats (benchmarks/odd_recordings.py --hours 3); 280 for a song
    sample_rate = 22050
    longest = 360.0
    carries = "sevenths"
    # Fitted on real Billboard songs held out from the net and on the calibration band, half and half.
    calibration = Calibration(temperature=1.0, slope=0.63, intercept=-0.2)

    def version(self) -> str:
        """Hash of the net: what gives the numbers."""
        return _version()

    def hear(self, y: np.ndarray, *, threads: int = 1) -> Activations:
        """Log posteriors of every chord and no chord, on frames of 93 ms."""
        from musictrend.extraction.engines.chroma import HOP, SAMPLE_RATE, extract_chroma
        from musictrend.extraction.engines.chroma_net import POOL, load_net, pool_chroma, states

        net = load_net()
        chroma, _ = extract_chroma(y)
        scores = net.score(pool_chroma(chroma)) * np.float32(FRAME_WEIGHT)
        quiet = _is_silent(y, len(scores), POOL * HOP)
        scores[quiet, :-1] = scores.min(initial=-20.0)
        scores[quiet, -1] = 0.0
        return Activations(scores, states(), POOL * HOP / SAMPLE_RATE, net.transitions)

    # The first chroma frame of a pair is centred at its start: a chord begins half a chroma frame before it.
    lag = -0.023


def _is_silent(y: np.ndarray, n_frames: int, step: int) -> np.ndarray:
    """Which frames hold no sound: bool array, shape (n_frames,)."""
    full = np.zeros(n_frames * step, dtype=np.float32)
    full[: min(len(y), len(full))] = y[: len(full)]
    return np.sqrt(np.mean(full.reshape(n_frames, step) ** 2, axis=1)) < SILENT


@cache
def _version() -> str:
    data = (resources.files("musictrend") / "data" / "models" / "chroma.npz").read_bytes()
    return f"musictrend chroma net {hashlib.blake2b(data, digest_size=6).hexdigest()}"


ENGINES = [ChromaEngine()]
