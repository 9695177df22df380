"""madmom's beats, downbeats and key, its recurrent networks run by onnxruntime.

Eight bidirectional LSTMs with peepholes hear beats and downbeats a hundred times
a second; run one frame at a time in Python they are slower than everything else
together, so that each is built as a graph at first use. What they hear becomes beats in
`musictrend.extraction.metre`.

References
----------
.. [1] Boeck, Krebs, Widmer (2016). Joint beat and downbeat tracking with recurrent neural networks. ISMIR.
.. [2] Korzeniowski, Widmer (2018). Genre-agnostic key classification with convolutional neural networks. ISMIR.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.cache import hash_file
from musictrend.errors import MissingExtraError
from musictrend.extraction.engines.graph import Graph, load_graph
from musictrend.extraction.engines.madmom import SAMPLE_RATE, _as_signal, find_version, import_madmom
from musictrend.harmony.key import Key

__all__ = ["build_recurrent", "estimate_key", "hear_beats"]

HOP = 441  # samples from frame to frame
CHUNK = 1000  # frames whose spectra are held at once
# What madmom's RNNDownBeatProcessor is made of: samples of a frame and bands an octave of three spectra side by side.
SPECTRA = {1024: 3, 2048: 6, 4096: 12}
LOWEST, HIGHEST = 30, 17000  # Hz
RISE = 0.5  # of a window's height: a spectrum is compared with the one whose window has fallen to it


def hear_beats(y: np.ndarray, *, threads: int = 1) -> np.ndarray:
    """Probability of a beat that is no downbeat, and of a downbeat, on each frame.

    Parameters
    ----------
    y : float32 array
        Mono, 44,100 Hz.

    Returns
    -------
    activations : array, shape (n_frames, 2)
        A hundred frames a second.
    """
    n_frames = -(-len(y) // HOP)
    spectrum = np.hstack([_spectrum(y, n_frames, size) for size in SPECTRA])
    models = import_madmom("madmom.models").DOWNBEATS_BLSTM
    total = sum(_session(path, threads).run(None, {"x": spectrum})[0] for path in models)
    return np.asarray(total / len(models))[:, 1:]


def estimate_key(y: np.ndarray) -> tuple[Key, float]:
    """The one key of a stretch of sound, and its probability.

    Parameters
    ----------
    y : float32 array
        Mono, 44,100 Hz.
    """
    features = import_madmom("madmom.features.key")
    posterior = _key_processor()(_as_signal(y))
    best = int(np.argmax(posterior))
    return Key.parse(features.KEY_LABELS[best].replace(" ", ":")), float(posterior.ravel()[best])


def _spectrum(y: np.ndarray, n_frames: int, size: int) -> np.ndarray:
    """Log energies of bands on frames of one size, and their rises: what madmom computes, many frames at a time."""
    import scipy.fft

    window, filters, before = _bands(size)
    bands = np.empty((n_frames, 2, filters.shape[1]), np.float32)
    half, reach = size // 2, HOP * (CHUNK - 1) + size
    for start in range(0, n_frames, CHUNK):
        part, first = np.zeros(reach, np.float32), start * HOP - half
        low, high = max(first, 0), min(first + reach, len(y))
        part[low - first : high - first] = y[low:high]
        frames = np.lib.stride_tricks.sliding_window_view(part, size)[::HOP][: n_frames - start]
        magnitude = np.abs(scipy.fft.rfft(frames * window, axis=1)[:, :half])
        bands[start : start + CHUNK, 0] = np.log10(magnitude @ filters + 1)
    bands[:before, 1] = 0
    bands[before:, 1] = np.maximum(bands[before:, 0] - bands[: n_frames - min(before, n_frames), 0], 0)
    return bands.reshape(n_frames, -1)


@cache
def _bands(size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Window, madmom's own filters, shape (size / 2, n_bands), and how many frames back a rise is counted from."""
    filters, spectrogram = (import_madmom(f"madmom.audio.{name}") for name in ("filters", "spectrogram"))
    window = np.hanning(size)
    bank = filters.LogarithmicFilterbank(
        np.fft.fftfreq(size, 1 / SAMPLE_RATE)[: size // 2],
        num_bands=SPECTRA[size],
        fmin=LOWEST,
        fmax=HIGHEST,
        norm_filters=True,
    )
    before = spectrogram._diff_frames(RISE, hop_size=HOP, frame_size=size, window=window)
    return window.astype(np.float32), np.asarray(bank, np.float32), int(before)


@cache
def _key_processor() -> Any:
    return import_madmom("madmom.features.key").CNNKeyRecognitionProcessor()


@cache
def _session(path: str, threads: int) -> Any:
    model = Path(path)
    made_from = [hash_file(model), find_version()]
    return load_graph(f"madmom-{model.stem}", made_from, lambda: build_recurrent(model), threads=threads)


def build_recurrent(model: Path) -> Graph:
    """A stack of bidirectional LSTMs and a softmax, of a model file of the installed package, as a graph.

    Takes (n_frames, n_features) and gives (n_frames, 3): neither, beat, downbeat.
    """
    layers = list(import_madmom("madmom.ml.nn").NeuralNetwork.load(str(model)).layers)
    n_features = layers[0].fwd_layer.cell.weights.shape[0]
    graph = Graph("madmom-beats", {"x": ("frames", n_features)}, {"y": ("frames", layers[-1].bias.size)})
    data = graph.add("Unsqueeze", ["x", graph.constant(np.array([1]))])  # (n_frames, 1, n_features)
    for layer in layers[:-1]:
        if type(layer).__name__ != "BidirectionalLayer" or type(layer.fwd_layer).__name__ != "LSTMLayer":
            raise MissingExtraError(f"{model.name} holds a {type(layer).__name__}, which this version does not know")
        both = [_gates(one) for one in (layer.fwd_layer, layer.bwd_layer)]
        inputs, hidden, bias, peepholes = (graph.constant(np.stack(parts)) for parts in zip(*both))
        size = layer.fwd_layer.cell.bias.size
        data = graph.add(
            "LSTM", [data, inputs, hidden, bias, "", "", "", peepholes], direction="bidirectional", hidden_size=size
        )
        data = graph.add("Transpose", [data], perm=[0, 2, 1, 3])  # (n_frames, 1, 2, n_hidden)
        data = graph.add("Reshape", [data, graph.constant(np.array([0, 1, 2 * size]))])
    data = graph.add("Reshape", [data, graph.constant(np.array([0, 2 * size]))])
    weights = np.ascontiguousarray(layers[-1].weights, np.float32)
    data = graph.add("MatMul", [data, graph.constant(weights)])
    data = graph.add("Add", [data, graph.constant(np.asarray(layers[-1].bias, np.float32).ravel())])
    graph.add("Softmax", [data], output="y", axis=1)
    return graph


def _gates(layer: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """One direction's weights in ONNX's order of gates: input, output, forget, cell; peepholes without cell."""
    gates = [layer.input_gate, layer.output_gate, layer.forget_gate, layer.cell]
    stack = partial(np.concatenate, dtype=np.float32)
    inputs = stack([gate.weights.T for gate in gates])
    hidden = stack([gate.recurrent_weights.T for gate in gates])
    bias = stack([gate.bias.ravel() for gate in gates])
    peepholes = stack([gate.peephole_weights.ravel() for gate in gates[:3]])
    return inputs, hidden, np.concatenate([bias, np.zeros_like(bias)]), peepholes
