"""Instruments: a pitch becomes a tone.

Struck and blown instruments add partials, each with its own decay; bells and
electric pianos modulate frequency; plucked strings are a noise burst in a
delay line. Every instrument draws its own brightness, decay and detuning, so
that two pianos never sound alike.

References
----------
.. [1] Chowning (1973). The synthesis of complex audio spectra by means of frequency modulation. JAES 21.
.. [2] Karplus, Strong (1983). Digital synthesis of plucked-string and drum timbres. CMJ 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["INSTRUMENTS", "Instrument", "build_instrument"]

Tone = Callable[[float, float, int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Instrument:
    """One player's instrument.

    Attributes
    ----------
    name : str
    tone : callable
        ``tone(frequency, seconds, sr, rng)``: the sound of a key held down, float32, about 1 at its loudest.
    release : float, seconds
        How long it sounds on after the key is let go.
    """

    name: str
    tone: Tone
    release: float


def build_instrument(name: str, rng: np.random.Generator) -> Instrument:
    """An instrument of a family, its timbre drawn.

    Parameters
    ----------
    name : str
        One of ``INSTRUMENTS``.
    rng : numpy Generator

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tone = build_instrument("piano", rng).tone(440.0, 1.0, 22050, rng)
    >>> int(np.abs(np.fft.rfft(tone)).argmax())
    440
    """
    return INSTRUMENTS[name](rng)


def _partials(
    frequencies: np.ndarray, levels: np.ndarray, decays: np.ndarray, seconds: float, sr: int, rng: np.random.Generator
) -> np.ndarray:
    """Sum of sines; a decay is the time in seconds to 1/e, infinite for a tone that is held."""
    time = np.arange(int(seconds * sr), dtype=np.float32) / sr
    y = np.zeros_like(time)
    phases = rng.uniform(0, 2 * np.pi, len(frequencies))
    for frequency, level, decay, phase in zip(frequencies, levels, decays, phases):
        if frequency > 0.46 * sr or level < 1e-3:
            continue
        wave = np.sin(np.float32(2 * np.pi * frequency) * time + np.float32(phase))
        if np.isfinite(decay):
            wave *= np.exp(time * np.float32(-1 / decay))
        y += np.float32(level) * wave
    return y / np.float32(max(np.sqrt(np.sum(levels**2)), 1e-6))


def _swell(y: np.ndarray, attack: float, sr: int) -> np.ndarray:
    """Let a tone begin within an attack of some seconds."""
    n = min(max(int(attack * sr), 2), len(y))
    y[:n] *= np.linspace(0, 1, n, dtype=np.float32)
    return y


def _struck(rng: np.random.Generator, slope: tuple[float, float], decay: tuple[float, float], stiff: float) -> Tone:
    """Piano-like: partials fall off by a power, high ones die sooner, strings are stiff."""
    fall, hold, bright = rng.uniform(*slope), rng.uniform(*decay), rng.uniform(0.3, 1.2)
    strike = rng.uniform(0.10, 0.16)  # of the string's length: partials with a node there are weak
    stiffness = stiff * rng.uniform(0.3, 1.5)
    detune = rng.uniform(0, 0.0006)

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        k = np.arange(1, 15)
        levels = k**-fall * (0.25 + np.abs(np.sin(np.pi * k * strike)))
        levels[0] *= min(1.0, frequency / 110.0)  # the lowest strings hardly sound their fundamental
        frequencies = frequency * k * np.sqrt(1 + stiffness * k**2) * (1 + rng.uniform(-detune, detune))
        decays = hold * (220 / frequency) ** 0.4 / k**bright
        y = _partials(frequencies, levels, decays, seconds, sr, rng)
        return _swell(y, 0.004, sr)

    return tone


def _held(rng: np.random.Generator, slope: tuple[float, float], attack: float, voices: int, odd: bool = False) -> Tone:
    """Strings, pads, reeds: partials that hold, several players a little apart, vibrato."""
    fall, spread, rate = rng.uniform(*slope), rng.uniform(0.0, 0.003), rng.uniform(4.5, 6.5)
    depth, begin = rng.uniform(0, 0.003), attack * rng.uniform(0.5, 1.5)
    even = rng.uniform(0.05, 0.3) if odd else 1.0

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        k = np.arange(1, 13)
        levels = k**-fall * np.where(k % 2 == 0, even, 1.0)
        levels = levels * (frequency * k < 0.46 * sr)
        # One cycle, read at a speed that wavers: twelve partials for the price of one.
        cycle = np.sin(2 * np.pi * np.arange(2048)[:, None] / 2048 * k + rng.uniform(0, 6.28, len(k))) @ levels
        cycle = (cycle / max(np.sqrt(np.sum(levels**2)), 1e-6)).astype(np.float32)
        time = np.arange(int(seconds * sr), dtype=np.float32) / sr
        y = np.zeros_like(time)
        for _ in range(voices):
            wander = depth / (2 * np.pi * rate) * np.sin(2 * np.pi * rate * time + rng.uniform(0, 6.28))
            phase = frequency * (1 + rng.uniform(-spread, spread)) * (time + wander) + rng.random()
            y += cycle[(phase * 2048).astype(np.int64) % 2048]
        return _swell(y / np.float32(np.sqrt(voices)), begin, sr)

    return tone


def _organ(rng: np.random.Generator) -> Tone:
    """Drawbars: octaves and fifths above the key, each pulled by chance."""
    ratios = np.array([0.5, 1, 1.5, 2, 3, 4, 5, 6, 8])
    pulled = rng.uniform(0, 1, 9) ** 2 * (1.0, 1, 0.15, 0.9, 0.5, 0.6, 0.25, 0.2, 0.3)
    pulled[1] = 1.0

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        y = _partials(frequency * ratios, pulled, np.full(9, np.inf), seconds, sr, rng)
        return _swell(y, 0.01, sr)

    return tone


def _modulated(rng: np.random.Generator, ratios: tuple[float, ...], index: tuple[float, float]) -> Tone:
    """Frequency modulation whose depth dies away: electric pianos, vibraphones, bells."""
    ratio, depth, hold = float(rng.choice(ratios)), rng.uniform(*index), rng.uniform(0.8, 2.5)

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        time = np.arange(int(seconds * sr), dtype=np.float32) / sr
        fade = np.exp(-time / np.float32(hold * (220 / frequency) ** 0.3))
        omega = np.float32(2 * np.pi * frequency)
        if frequency * (1 + ratio * (1 + depth)) > 0.46 * sr:
            return _swell(np.sin(omega * time) * fade, 0.004, sr)
        y = np.sin(omega * time + np.float32(depth) * fade**2 * np.sin(np.float32(ratio) * omega * time)) * fade
        return _swell(y, 0.004, sr)

    return tone


def _plucked(rng: np.random.Generator, dark: tuple[float, float], hold: tuple[float, float]) -> Tone:
    """Karplus and Strong's string, in tune by a third tap."""
    smooth, decay, place = rng.uniform(*dark), rng.uniform(*hold), rng.uniform(0.1, 0.35)

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        from scipy.signal import lfilter

        period = sr / frequency - 0.5
        whole = int(period)
        part = period - whole
        gain = 0.001 ** (1 / (frequency * decay * 3))
        burst = rng.uniform(-1, 1, whole + 1)
        burst = lfilter([1 - smooth], [1, -smooth], burst)
        burst -= np.roll(burst, int(place * whole) + 1)
        burst -= burst.mean()
        x = np.zeros(int(seconds * sr))
        x[: len(burst)] = burst[: len(x)]
        taps = np.zeros(whole + 3)
        taps[0] = 1
        taps[whole : whole + 3] = -gain * 0.5 * np.array([1 - part, 1, part])
        y = lfilter([1.0], taps, x)
        return (y / max(np.abs(y).max(), 1e-6)).astype(np.float32)

    return tone


def _driven(rng: np.random.Generator) -> Tone:
    """A plucked string through an overdriven amplifier."""
    string = _plucked(rng, (0.2, 0.5), (1.5, 3.0))
    drive = rng.uniform(3, 15)

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        return np.tanh(np.float32(drive) * string(frequency, seconds, sr, rng)) * np.float32(0.7)

    return tone


def _thumped(rng: np.random.Generator) -> Tone:
    """Bass guitar or double bass: few partials, soon dark."""
    fall, hold = rng.uniform(0.9, 1.8), rng.uniform(0.5, 1.5)

    def tone(frequency: float, seconds: float, sr: int, rng: np.random.Generator) -> np.ndarray:
        k = np.arange(1, 9)
        y = _partials(frequency * k, k**-fall, hold / k**0.6, seconds, sr, rng)
        return _swell(y, 0.006, sr)

    return tone


INSTRUMENTS: dict[str, Callable[[np.random.Generator], Instrument]] = {
    "piano": lambda rng: Instrument("piano", _struck(rng, (0.9, 1.6), (0.7, 2.0), 2e-4), 0.12),
    "harp": lambda rng: Instrument("harp", _struck(rng, (1.2, 2.0), (0.5, 1.2), 2e-5), 0.5),
    "guitar": lambda rng: Instrument("guitar", _plucked(rng, (0.3, 0.8), (1.0, 2.5)), 0.10),
    "bright guitar": lambda rng: Instrument("bright guitar", _plucked(rng, (0.05, 0.3), (1.0, 3.0)), 0.10),
    "driven guitar": lambda rng: Instrument("driven guitar", _driven(rng), 0.05),
    "electric piano": lambda rng: Instrument("electric piano", _modulated(rng, (1, 2, 14), (0.3, 1.8)), 0.15),
    "vibraphone": lambda rng: Instrument("vibraphone", _modulated(rng, (3, 4, 10), (0.1, 0.8)), 0.4),
    "organ": lambda rng: Instrument("organ", _organ(rng), 0.06),
    "strings": lambda rng: Instrument("strings", _held(rng, (0.8, 1.5), 0.12, 3), 0.25),
    "pad": lambda rng: Instrument("pad", _held(rng, (1.2, 2.2), 0.25, 2), 0.4),
    "saw": lambda rng: Instrument("saw", _held(rng, (0.8, 1.3), 0.01, 2), 0.05),
    "accordion": lambda rng: Instrument("accordion", _held(rng, (0.7, 1.1), 0.04, 2, odd=True), 0.05),
    "choir": lambda rng: Instrument("choir", _held(rng, (1.0, 2.0), 0.2, 6), 0.3),
    "clavinet": lambda rng: Instrument("clavinet", _plucked(rng, (0.0, 0.15), (0.3, 0.8)), 0.03),
    "reed": lambda rng: Instrument("reed", _held(rng, (0.8, 1.6), 0.05, 1, odd=True), 0.08),
    "voice": lambda rng: Instrument("voice", _held(rng, (1.3, 2.4), 0.08, 1), 0.12),
    "bass": lambda rng: Instrument("bass", _thumped(rng), 0.06),
    "synth bass": lambda rng: Instrument("synth bass", _held(rng, (0.9, 1.6), 0.008, 1), 0.04),
}
