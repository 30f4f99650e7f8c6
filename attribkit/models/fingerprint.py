"""A hash of everything that a classifier's predictions depend on, as far as it can be seen from outside."""

import enum
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import torch
import xxhash
from torch import Tensor, nn

from attribkit.task import Task
from attribkit.text.encoded import TextEncoder
from attribkit.text.tokenizer import one_spelling

_TORCHS_OWN = frozenset(nn.Module().__dict__)
"""A module's own tables: parameters and buffers are hashed by themselves, hooks and the mode flag are none of it."""

_PLAIN = (bool, int, float, complex, str, bytes, enum.Enum, np.generic, torch.dtype)

Part = str | bytes | memoryview

FORMAT = "xxh3-128:"
"""What a fingerprint begins with; one without it was kept by an earlier version, which hashed by BLAKE2b."""


_KNOWN: ContextVar[dict[Any, str] | None] = ContextVar("known", default=None)


@contextmanager
def fingerprints_once() -> Iterator[None]:
    """Within, this thread hashes each classifier once: for one call, which must not change any of them meanwhile."""
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def fingerprints_known() -> dict[Any, str]:
    """Those of the call under way by classifier, to be added to; a new mapping outside of `fingerprints_once`."""
    known = _KNOWN.get()
    return {} if known is None else known


def fingerprint(network: nn.Module, tokenizer: TextEncoder, labels: Sequence[str], task: Task = "multiclass") -> str:
    """A hash of everything that predictions depend on; see `attribkit.models.classifier.Classifier.fingerprint`.

    XXH3 is as fast as reading memory. It tells models apart, but is no protection against forgery: the files of a model
    folder have SHA-256 for that.
    """
    return FORMAT + _digest(xxhash.xxh3_128(), network, tokenizer, labels, task)


def earlier_fingerprint(
    network: nn.Module, tokenizer: TextEncoder, labels: Sequence[str], task: Task = "multiclass"
) -> str:
    """The fingerprint by the rules of earlier versions, to compare with files that they wrote."""
    return _digest(hashlib.blake2b(digest_size=16), network, tokenizer, labels, task)


def _digest(digest: Any, network: nn.Module, tokenizer: TextEncoder, labels: Sequence[str], task: Task) -> str:
    if task != "multiclass":  # as which alone models were known at first
        digest.update(task.encode())
    for part in (*_of_labels(labels), *_of_network(network), *_of_tokenizer(tokenizer)):
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little"))  # or "ab", "c" would be "a", "bc"
        digest.update(content)
    name: str = digest.hexdigest()
    return name


def _of_labels(labels: Sequence[str]) -> Iterator[Part]:
    yield from ("labels", str(len(labels)), *labels)


def _of_network(network: nn.Module) -> Iterator[Part]:
    embedding = getattr(network, "embedding", None)
    for name, module in network.named_modules():
        yield from ("module", name, type(module).__qualname__, "embedding" if module is embedding else "")
        yield from _of_attributes({key: attribute for key, attribute in vars(module).items() if key not in _TORCHS_OWN})
    state = network.state_dict()
    hidden = {name: buffer for name, buffer in network.named_buffers() if name not in state}  # not saved, but read
    for name, value in (state | hidden).items():
        yield from ("state", name, *_of_state(value))


def _of_state(value: Any) -> Iterator[Part]:
    if isinstance(value, Tensor):
        yield from _of_tensor(value)
    elif isinstance(value, (tuple, list)):  # the packed weights of a quantised layer
        for item in value:
            yield from _of_state(item)
    else:
        yield from _of_value(value)


def _of_tokenizer(tokenizer: Any) -> Iterator[Part]:
    yield from ("tokenizer", type(tokenizer).__qualname__, str(tokenizer.pad_id), str(tokenizer.unk_id))
    own = getattr(tokenizer, "fingerprint", None)
    if callable(own):
        yield own()
        return
    cached = {
        name
        for base in type(tokenizer).__mro__
        for name, value in vars(base).items()
        if isinstance(value, cached_property)
    }
    attributes = getattr(tokenizer, "__dict__", {})
    yield from _of_attributes({name: value for name, value in attributes.items() if name not in cached})


def _of_attributes(attributes: Mapping[str, Any]) -> Iterator[Part]:
    for name, value in sorted(attributes.items()):
        parts = list(_of_value(value))
        if parts:
            yield from ("attribute", name, *parts)


def _of_value(value: Any) -> Iterator[Part]:
    """The content of a plain value, a container of such, or a function; nothing for anything else.

    A tensor is left out, for many networks keep their last attention or output as an attribute; and so is None, the
    usual value of such an attribute before the first text.
    """
    if value is None:
        return
    if isinstance(value, _PLAIN):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, (tuple, list)):  # a Sequence as below, but told at once
        for part in value:
            yield from _of_value(part)
    elif isinstance(value, re.Pattern):
        yield f"pattern {value.pattern!r} {value.flags}"
    elif isinstance(value, np.ndarray):
        yield f"array {value.dtype} {value.shape}"
        yield b"" if value.dtype.hasobject else value.tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _of_attributes({field.name: getattr(value, field.name) for field in fields(value)})
    elif isinstance(value, Mapping):
        plain = {key: item for key, item in value.items() if isinstance(key, _PLAIN) and isinstance(item, _PLAIN)}
        yield "mapping " + "\n".join(sorted(f"{key!r}: {item!r}" for key, item in plain.items()))
        yield from _of_attributes({repr(key): item for key, item in value.items() if key not in plain})
    elif isinstance(value, Set):
        yield "set " + "\n".join(sorted(repr(item) for item in value if isinstance(item, _PLAIN)))
    elif isinstance(value, Sequence):
        yield from (part for item in value for part in _of_value(item))
    elif isinstance(value, partial):
        yield from (*_of_value(value.func), *_of_value(value.args), *_of_value(value.keywords))
    elif callable(value) and hasattr(value, "__qualname__"):
        yield f"function {value.__qualname__}"
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType):
            yield from _of_code(function.__code__)
    elif (estimator := sys.modules.get("sklearn.base")) and isinstance(value, estimator.BaseEstimator):
        yield from _of_estimator(value)
    else:  # a tokenizer of Hugging Face's, or of the library that they stand on
        to_json = getattr(getattr(value, "backend_tokenizer", value), "to_str", None)
        if callable(to_json):
            yield one_spelling(to_json())


def _of_estimator(estimator: Any) -> Iterator[Part]:
    """What an estimator of scikit-learn was told and has learnt; nothing of trees and the like, which are no arrays."""
    yield f"estimator {type(estimator).__qualname__}"
    for name, value in sorted(vars(estimator).items()):
        if name.endswith("_id"):  # of an object in memory
            continue
        names = _joined(value) if isinstance(value, dict) and value else None
        if names is not None:  # of a vocabulary, which may be large
            yield from ("attribute", name, names)
            kinds, items = set(map(type, value.values())), value.values()
            if not all(issubclass(kind, _PLAIN) for kind in kinds):
                yield from (part for item in items if not isinstance(item, _PLAIN) for part in _of_value(item))
            if not all(issubclass(kind, (int, np.integer)) for kind in kinds):
                items = [item for item in items if isinstance(item, (int, np.integer))]
            yield np.fromiter(items, np.int64, len(items)).tobytes()
        else:
            yield from _of_attributes({name: value})


def _joined(names: Iterable[Any]) -> str | None:
    """A line for each name; None if they are not all strings."""
    try:
        return "\n".join(names)
    except TypeError:
        return None


def _of_code(code: CodeType) -> Iterator[Part]:
    """What a function does, wherever it is written: its instructions, the names and constants that they use."""
    yield code.co_code
    yield from code.co_names
    for constant in code.co_consts:
        yield from (_of_code if isinstance(constant, CodeType) else _of_value)(constant)


def _of_tensor(tensor: Tensor) -> Iterator[Part]:
    """Its numbers bit for bit, in the order of its indices, with its type and shape; wherever and however it is kept.

    Raises nothing for tensors of no dimension or no element, narrow, complex, quantised, sparse or transposed ones.
    """
    tensor = tensor.detach()
    tensor = tensor if tensor.layout == torch.strided else tensor.to_dense()
    yield f"{tensor.dtype} {tuple(tensor.shape)}"
    if tensor.is_quantized:
        yield str(tensor.qscheme())
        if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            yield repr((tensor.q_scale(), tensor.q_zero_point()))
        else:
            yield from _of_tensor(tensor.q_per_channel_scales())
            yield from _of_tensor(tensor.q_per_channel_zero_points())
        tensor = tensor.int_repr()
    flat = tensor.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    yield flat.view(torch.uint8).numpy().data
