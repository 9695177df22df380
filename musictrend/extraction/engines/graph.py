"""A network as an ONNX file, written without the ``onnx`` package, and run by onnxruntime.

ONNX is protocol buffers, and of those a network needs four things: varints,
length-delimited fields, raw tensors and strings. `Graph` collects nodes and
weights and serialises them; `load_graph` keeps the file in the user's cache,
named for what it was made from, and opens it.

References
----------
.. [1] onnx.proto3 of ONNX (field numbers), and the encoding guide of protocol buffers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.cache import atomic_path, cache_folder, hash_bytes
from musictrend.errors import ParameterError

__all__ = ["Graph", "load_graph", "open_session"]

OPSET = 17
IR_VERSION = 8
FORMAT = "2"  # of what is written here and of what engines build; a part of every file's name
DATA_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}  # onnx.TensorProto.DataType


def _varint(value: int) -> bytes:
    """A number, seven bits a byte, low bits first; negative numbers as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    """A TensorProto with raw little-endian data."""
    if array.dtype not in DATA_TYPES:
        raise ParameterError(f"tensor {name} has dtype {array.dtype}, must be float32 or int64")
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    dims = b"".join(_number(1, n) for n in array.shape)
    return dims + _number(2, DATA_TYPES[array.dtype]) + _block(8, name) + _block(9, little.tobytes())


def _attribute(name: str, value: Any) -> bytes:
    """An AttributeProto: an integer, a float, a text, or a list of integers."""
    head = _block(1, name)
    if isinstance(value, float):
        return head + _varint(2 << 3 | 5) + np.float32(value).astype("<f4").tobytes() + _number(20, 1)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    if isinstance(value, str):
        return head + _block(4, value) + _number(20, 3)
    return head + b"".join(_number(8, int(v)) for v in value) + _number(20, 7)


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto of a float32 tensor; a text in its shape names a free dimension."""
    dims = b"".join(_block(1, _block(2, n) if isinstance(n, str) else _number(1, n)) for n in shape)
    return _block(1, name) + _block(2, _block(1, _number(1, 1) + _block(2, dims)))


class Graph:
    """A network under construction: nodes in the order in which they run.

    Examples
    --------
    >>> graph = Graph("double", {"x": ("n", 2)}, {"y": ("n", 2)})
    >>> two = graph.add("Mul", ["x", graph.constant(np.full((1, 2), 2, np.float32))], output="y")
    >>> graph.serialize()[:2] == bytes([8, IR_VERSION])
    True
    """

    def __init__(
        self, name: str, inputs: dict[str, Sequence[int | str]], outputs: dict[str, Sequence[int | str]]
    ) -> None:
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []

    def constant(self, array: np.ndarray) -> str:
        """Keep a tensor in the graph; its name."""
        name = f"w{len(self._weights)}"
        self._weights.append(_tensor(name, array))
        return name

    def add(self, operator: str, inputs: Sequence[str], *, output: str = "", **attributes: Any) -> str:
        """Append a node of the standard operators; the name of its output."""
        output = output or f"t{len(self._nodes)}"
        node = b"".join(_block(1, name) for name in inputs) + _block(2, output) + _block(4, operator)
        node += b"".join(_block(5, _attribute(k, v)) for k, v in attributes.items())
        self._nodes.append(node)
        return output

    def serialize(self) -> bytes:
        """The bytes of the ONNX file (a ModelProto)."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _block(2, self.name)
        graph += b"".join(_block(5, tensor) for tensor in self._weights)
        graph += b"".join(_block(11, _value(k, v)) for k, v in self.inputs.items())
        graph += b"".join(_block(12, _value(k, v)) for k, v in self.outputs.items())
        opset = _block(1, "") + _number(2, OPSET)
        return _number(1, IR_VERSION) + _block(2, "musictrend") + _block(7, graph) + _block(8, opset)


def open_session(model: bytes | Path, *, threads: int = 1) -> Any:
    """An onnxruntime session on the CPU that keeps no more memory than it needs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena holds on to the largest tensors it ever saw
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def load_graph(name: str, made_from: Sequence[bytes | str], build: Callable[[], Graph], *, threads: int = 1) -> Any:
    """A session on a graph that is built at first use and kept in the cache.

    Parameters
    ----------
    name : str
        What the file is called, for a person who looks into the cache.
    made_from : sequence of bytes or str
        What the graph depends on: hashes of model files, versions. Other content, other file.
    build : callable
        Gives the graph; only called when it is not in the cache.
    """
    import onnxruntime

    key = hash_bytes(FORMAT, str(OPSET), onnxruntime.__version__, *made_from)
    path = cache_folder("audio", "graphs") / f"{name}-{key}.onnx"
    if path.is_file():
        try:
            return open_session(path, threads=threads)
        except Exception as error:  # onnxruntime has its own tree of exceptions; a broken file is built anew
            if not os.access(path.parent, os.W_OK):
                raise ParameterError(f"{path} cannot be opened: {error}") from None
    data = build().serialize()
    session = open_session(data, threads=threads)  # checked by the one who will run it, before it is kept
    with atomic_path(path) as part:
        part.write_bytes(data)
    return session
