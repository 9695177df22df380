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
from musictrend.extraction.engines.madmom import _as_signal, find_version, import_madmom
from musictrend.harmony.key import Key

__all__ = ["build_recurrent", "estimate_key", "hear_beats"]

HOP = 441  # samples from frame to frame
CHUNK = 3000  # frames whose spectra are held at once
CONTEXT = 20  # frames beside them that their spectra reach into


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
    spectrum = np.concatenate([_spectra(y, start, n_frames) for start in range(0, max(n_frames, 1), CHUNK)])
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


def _spectra(y: np.ndarray, start: int, n_frames: int) -> np.ndarray:
    """Features of some frames: of all at once, the spectra of five minutes would take two gigabytes."""
    low, stop = max(0, start - CONTEXT), min(n_frames, start + CHUNK)
    part = np.asarray(_pipeline()(_as_signal(y[low * HOP : (stop + CONTEXT) * HOP])), dtype=np.float32)
    return part[start - low : stop - low]


@cache
def _key_processor() -> Any:
    return import_madmom("madmom.features.key").CNNKeyRecognitionProcessor()


@cache
def _pipeline() -> Any:
    """Madmom's own steps from signal to spectra, without the networks that stand behind them."""
    whole = import_madmom("madmom.features.downbeats").RNNDownBeatProcessor()
    return whole.processors[0]


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
