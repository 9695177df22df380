"""Tensors of a PyTorch checkpoint, read without PyTorch and without running anything that the file asks for.

A checkpoint is a pickle, and a pickle is a programme. This reader lets it name
seven things, none of which is what PyTorch would run: an ordered dictionary, our
own record of "a tensor of this shape over that storage", and the element types.
Everything else is refused. Both formats of ``torch.save`` are read: the legacy
one (pickles one after the other, then raw storages) and the zip archive.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from musictrend.errors import UnsafeFileError

__all__ = ["read_checkpoint"]

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LARGEST = 1 << 30  # bytes of a checkpoint that is read at all
ELEMENTS = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "HalfStorage": "<f2",
}
TRUNCATED = (EOFError, IndexError, KeyError, ValueError, TypeError, AttributeError, OverflowError, zipfile.BadZipFile)


@dataclass(frozen=True)
class _Element:
    """An element type, where the pickle names a storage class."""

    dtype: str


@dataclass(frozen=True)
class _Storage:
    """A storage that the pickle refers to by key; its bytes stand elsewhere in the file."""

    key: str
    dtype: str
    size: int


@dataclass(frozen=True)
class _Tensor:
    """A tensor before its storage is read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _record_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    """What stands in for ``torch._utils._rebuild_tensor_v2``: notes what it was given."""
    numbers = [offset, *shape, *strides]
    if not isinstance(storage, _Storage) or not all(type(n) is int and n >= 0 for n in numbers):
        raise UnsafeFileError("a tensor in it is not made of a storage and sizes")
    if len(shape) != len(strides) or len(shape) > 8:
        raise UnsafeFileError("a tensor in it has a shape that is none")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _record_tensor,
    **{("torch", name): _Element(dtype) for name, dtype in ELEMENTS.items()},
}


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that resolves nothing but the names in ``ALLOWED``, and notes the storages referred to."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.seen: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise UnsafeFileError(
                f"refused: the checkpoint asks for {module}.{name}, which no tensor needs",
                hint="fetch the file again from where it was published",
            )
        return ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, element, key, _, size = pid[:5]
        if kind != "storage" or not isinstance(element, _Element) or type(size) is not int or size < 0:
            raise UnsafeFileError("refused: the checkpoint refers to something that is no storage")
        return self.seen.setdefault(str(key), _Storage(str(key), element.dtype, size))


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Tensors of a checkpoint by name; those of nested dictionaries have dots between the names.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tensors : dict of str to array
        Copies, C-contiguous. What is neither tensor nor dictionary is left out.

    Raises
    ------
    UnsafeFileError
        When the file asks for anything but tensors, is no checkpoint, or is cut short.
    """
    data = b""
    if path.stat().st_size <= LARGEST:
        data = path.read_bytes()
    try:
        tree, storages = _read_zip(data) if data[:2] == b"PK" else _read_legacy(data)
        found: dict[str, _Tensor] = {}
        _collect(tree, "", found)
        return {name: _materialise(tensor, storages) for name, tensor in found.items()}
    except UnsafeFileError:
        raise
    except (pickle.UnpicklingError, RecursionError, MemoryError, *TRUNCATED) as error:
        raise UnsafeFileError(
            f"{path.name} is no PyTorch checkpoint, or is cut short ({type(error).__name__})",
            hint="fetch the file again from where it was published",
        ) from None


def _read_legacy(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """The pickled tree of a legacy checkpoint, and its raw storages by key."""
    file = io.BytesIO(data)
    if _TensorUnpickler(file).load() != LEGACY_MAGIC:
        raise pickle.UnpicklingError("magic number")
    _TensorUnpickler(file).load()  # protocol version
    _TensorUnpickler(file).load()  # byte order and sizes of the writer: raw data are little-endian
    reader = _TensorUnpickler(file)
    tree = reader.load()
    storages = {}
    for key in map(str, _TensorUnpickler(file).load()):
        size = int.from_bytes(file.read(8), "little")
        wanted = reader.seen[key].size * np.dtype(reader.seen[key].dtype).itemsize
        if size != reader.seen[key].size or len(raw := file.read(wanted)) != wanted:
            raise EOFError
        storages[key] = raw
    return tree, storages


def _read_zip(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """The pickled tree of a zip checkpoint, and its raw storages by key."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        if sum(i.file_size for i in infos) > LARGEST or any(i.compress_type != zipfile.ZIP_STORED for i in infos):
            raise UnsafeFileError("refused: a checkpoint stores its tensors uncompressed, this one does not")
        names = [i.filename for i in infos]
        (pickled,) = [n for n in names if n.endswith("/data.pkl")]
        tree = _TensorUnpickler(io.BytesIO(archive.read(pickled))).load()
        stem = pickled.removesuffix("data.pkl") + "data/"
        return tree, {n.removeprefix(stem): archive.read(n) for n in names if n.startswith(stem)}


def _collect(tree: Any, prefix: str, found: dict[str, _Tensor]) -> None:
    if isinstance(tree, _Tensor):
        found[prefix] = tree
    elif isinstance(tree, dict):
        for name, branch in tree.items():
            _collect(branch, f"{prefix}.{name}" if prefix else str(name), found)


def _materialise(tensor: _Tensor, storages: dict[str, bytes]) -> np.ndarray:
    """A tensor's numbers, copied out of its storage; nothing outside the storage is touched."""
    flat = np.frombuffer(storages[tensor.storage.key], tensor.storage.dtype)
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides))
    if 0 not in tensor.shape and last >= len(flat):
        raise UnsafeFileError("refused: a tensor in it reaches beyond its storage")
    if np.prod(tensor.shape, dtype=float) > len(flat):
        raise UnsafeFileError("refused: a tensor in it is larger than its storage")
    item = flat.itemsize
    view = np.lib.stride_tricks.as_strided(
        flat[tensor.offset :], tensor.shape, tuple(s * item for s in tensor.strides), writeable=False
    )
    return np.array(view, dtype=flat.dtype.newbyteorder("="))
