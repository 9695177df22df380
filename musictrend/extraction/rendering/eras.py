"""Recording chains of other decades: the same music as it would have come down to us.

Each chain narrows the band, adds the noise of its medium, lets the speed
waver, presses the loud against the soft, and throws away what its medium could
not hold. They are caricatures with documented parts, not models of one machine.

References
----------
.. [1] Copeland (2008). Manual of Analogue Sound Restoration Techniques. British Library.
.. [2] Brandenburg (1999). MP3 and AAC explained. AES 17th Conference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from musictrend.errors import ParameterError

__all__ = ["ERAS", "Chain", "record", "wear"]

SPLICE, OVERLAP = 2.0, 0.05  # seconds


@dataclass(frozen=True)
class Chain:
    """What a recording chain does to sound.

    Attributes
    ----------
    low, high : float, Hz
        The band that passes.
    noise : float, dB
        Level of hiss below the music's root mean square; infinite for none.
    crackle : float
        Clicks a second.
    hum : float, dB
        Level of mains hum below the music.
    wow, flutter : float, per cent
        Peak deviation of speed, slow (about 0.6 Hz) and fast (about 8 Hz).
    speed : float, cents
        Spread of the constant error of speed (standard deviation).
    drive : float
        Saturation of tape or lathe; 0 for none.
    pressed : float
        How far loudness is evened out: 0 not, 1 wholly.
    echo : float
        Share of a plate or chamber of 1.5 s.
    lossy : float
        Share of time-frequency cells, quietest first, that a codec throws away.
    """

    low: float
    high: float
    noise: float = np.inf
    crackle: float = 0.0
    hum: float = np.inf
    wow: float = 0.0
    flutter: float = 0.0
    speed: float = 0.0
    drive: float = 0.0
    pressed: float = 0.0
    echo: float = 0.0
    lossy: float = 0.0


ERAS: dict[str, Chain] = {
    "1950s": Chain(90, 5000, noise=26, crackle=6, hum=38, wow=0.35, flutter=0.12, speed=25, drive=1.8, pressed=0.2),
    "1970s": Chain(45, 11000, noise=42, wow=0.1, flutter=0.06, speed=10, drive=1.0, pressed=0.35, echo=0.12),
    "1990s": Chain(30, 16000, noise=70, pressed=0.5, echo=0.2),
    "streaming": Chain(30, 15500, pressed=0.85, drive=1.2, lossy=0.80),
}


def wear(chain: Chain, factor: float) -> Chain:
    """A chain in worse repair: so many times the noise, clicks and wavering, and a narrower band.

    Examples
    --------
    >>> worn = wear(ERAS["1950s"], 4)
    >>> round(worn.noise), worn.crackle, round(worn.high)
    (14, 24, 2500)
    """
    octaves = np.log2(factor)
    return replace(
        chain,
        low=chain.low * factor**0.5,
        high=chain.high * factor**-0.5,
        noise=chain.noise - 6.02 * octaves,
        hum=chain.hum - 6.02 * octaves,
        crackle=chain.crackle * factor,
        wow=chain.wow * factor**0.5,
        flutter=chain.flutter * factor**0.5,
        lossy=1 - (1 - chain.lossy) / factor if chain.lossy else 0.0,
    )


def record(y: np.ndarray, era: str | Chain, *, sr: int, seed: int | np.random.SeedSequence = 0) -> np.ndarray:
    """Music through a recording chain.

    Parameters
    ----------
    y : float array, shape (n_samples,)
        Mono.
    era : str or Chain
        One of ``ERAS``: ``1950s``, ``1970s``, ``1990s``, ``streaming``.
    sr : int
    seed : int or SeedSequence

    Returns
    -------
    y : float32 array, shape (n_samples,)
        Peak 0.9; silence stays silent but for the medium's noise.

    Raises
    ------
    ParameterError
        For an unknown era.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> worn = record(tone, "1950s", sr=22050)
    >>> worn.shape, bool(np.abs(worn).max() <= 0.9 + 1e-6)
    ((22050,), True)
    """
    if isinstance(era, str):
        if era not in ERAS:
            raise ParameterError(f"era={era!r} must be one of {', '.join(map(repr, ERAS))}")
        era = ERAS[era]
    rng = np.random.default_rng(seed)
    y = np.asarray(y, dtype=np.float32)
    if not len(y):
        return y
    rms = float(np.sqrt(np.mean(y**2))) or 0.05
    y = _press(y, era.pressed, sr)
    if era.echo:
        y = _ring(y, era.echo, rng, sr)
    y = _saturate(y, era.drive)
    y = _waver(y, era, rng, sr)
    y = _add_noise(y, era, rms, rng, sr)
    y = _pass_band(y, era, sr)
    if era.lossy:
        y = _drop_cells(y, era.lossy, sr)
    peak = np.abs(y).max(initial=0.0)
    return (y * np.float32(0.9 / peak)).astype(np.float32) if peak > 0.9 else y.astype(np.float32)


def _press(y: np.ndarray, amount: float, sr: int) -> np.ndarray:
    """Even out loudness over about a tenth of a second."""
    if not amount:
        return y
    from scipy.signal import lfilter

    pole = np.exp(-1 / (0.1 * sr))
    level = np.sqrt(np.maximum(lfilter([1 - pole], [1, -pole], y.astype(np.float64) ** 2), 0))
    floor = 0.05 * level.max(initial=0.0) + 1e-6
    gain = ((level + floor) / (level.mean() + floor)) ** -amount
    return (y * gain).astype(np.float32)


def _ring(y: np.ndarray, wet: float, rng: np.random.Generator, sr: int) -> np.ndarray:
    from scipy.signal import fftconvolve

    time = np.arange(int(1.5 * sr)) / sr
    response = rng.normal(size=len(time)) * np.exp(-4.6 * time)
    response /= np.sqrt(np.sum(response**2))
    return (y + wet * fftconvolve(y, response.astype(np.float32))[: len(y)]).astype(np.float32)


def _saturate(y: np.ndarray, drive: float) -> np.ndarray:
    if not drive:
        return y
    peak = np.abs(y).max(initial=0.0) or 1.0
    return (np.tanh(y / peak * drive) * peak / np.tanh(drive)).astype(np.float32)


def _waver(y: np.ndarray, era: Chain, rng: np.random.Generator, sr: int) -> np.ndarray:
    """Play at a speed that is a little wrong and never quite steady; the length stays."""
    if not (era.wow or era.flutter or era.speed):
        return y
    time = np.arange(len(y)) / sr
    slip = np.zeros(len(y))
    for per_cent, rate in ((era.wow, rng.uniform(0.4, 0.8)), (era.flutter, rng.uniform(6, 10))):
        slip += per_cent / 100 / (2 * np.pi * rate) * np.sin(2 * np.pi * rate * time + rng.uniform(0, 6.28))
    speed = 2 ** (rng.normal(0, era.speed) / 1200)
    if speed == 1:
        return np.interp(time + slip, time, y).astype(np.float32)
    # The wrong speed shifts the pitch; spliced every two seconds, it does not let the chords drift from their times.
    worn = np.zeros(len(y))
    for centre in np.arange(SPLICE / 2, time[-1] + SPLICE, SPLICE):
        fade = np.clip((SPLICE / 2 + OVERLAP / 2 - np.abs(time - centre)) / OVERLAP, 0, 1)
        part = slice(*np.searchsorted(time, (centre - SPLICE, centre + SPLICE)))
        worn[part] += fade[part] * np.interp(centre + (time[part] - centre) * speed + slip[part], time, y)
    return worn.astype(np.float32)


def _add_noise(y: np.ndarray, era: Chain, rms: float, rng: np.random.Generator, sr: int) -> np.ndarray:
    y = y.astype(np.float64)
    if np.isfinite(era.noise):
        y += rng.normal(0, rms * 10 ** (-era.noise / 20), len(y))
    if np.isfinite(era.hum):
        time = np.arange(len(y)) / sr
        mains = float(rng.choice([50, 60]))
        for k, part in ((1, 1.0), (2, 0.5), (3, 0.3)):
            y += rms * 10 ** (-era.hum / 20) * part * np.sin(2 * np.pi * mains * k * time)
    if era.crackle:
        places = rng.integers(0, len(y), rng.poisson(era.crackle * len(y) / sr))
        np.add.at(y, places, rng.normal(0, 6 * rms, len(places)))
    return y


def _pass_band(y: np.ndarray, era: Chain, sr: int) -> np.ndarray:
    from scipy.signal import butter, sosfilt

    y = sosfilt(butter(2, era.low, "high", fs=sr, output="sos"), y)
    if era.high < 0.45 * sr:
        y = sosfilt(butter(4, era.high, "low", fs=sr, output="sos"), y)
    return y


def _drop_cells(y: np.ndarray, share: float, sr: int) -> np.ndarray:
    """A codec's loss: in every frame the quietest bins, against what masks them, become nothing."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import istft, stft

    _, _, cells = stft(y, sr, nperseg=1024, noverlap=512)
    level = np.abs(cells)
    # A bin is masked by its neighbourhood: what is quiet beside loud bins goes first.
    masked = level / (uniform_filter1d(level, 15, axis=0) + 1e-3 * level.max(initial=0.0) + 1e-12)
    cells[masked < np.quantile(masked, share, axis=0, keepdims=True)] = 0
    _, back = istft(cells, sr, nperseg=1024, noverlap=512)
    return back[: len(y)] if len(back) >= len(y) else np.pad(back, (0, len(y) - len(back)))
