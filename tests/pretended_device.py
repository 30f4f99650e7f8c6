"""A second device for tests on a machine without one: its tensors lie in ordinary memory, and mixing is refused."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

DEVICE = torch.device("lazy", 0)
_ACROSS = {"copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_"}
"""What may read from both: copies, and places given as indices."""
_PACKED = {"_pack_padded_sequence", "_pack_padded_sequence_backward"}
"""Whose lengths and batch sizes are always the processor's."""


class Pretended(Tensor):
    """A tensor that says it is on `DEVICE`."""

    memory: Tensor
    is_cuda = True  # so that what is written for a GPU alone runs too

    @staticmethod
    def __new__(cls, inner: Tensor) -> "Pretended":
        made: Pretended = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            device=DEVICE, requires_grad=inner.requires_grad,
        )  # fmt: skip
        made.memory = inner
        return made

    def tolist(self) -> Any:
        """Of a wrapper torch has none; of a tensor on a device it has."""
        return self.memory.tolist()

    def __getitem__(self, places: Any) -> Any:
        return super().__getitem__(_as_tensors(places))

    def __setitem__(self, places: Any, values: Any) -> None:
        super().__setitem__(_as_tensors(places), values)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch says it is an instance's
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})


def _as_tensors(places: Any) -> Any:
    """Lists as tensors, for torch would make them on the device without asking."""
    if isinstance(places, tuple):
        return tuple(map(_as_tensors, places))
    return torch.tensor(places) if isinstance(places, list) else places


def _unwrapped(leaf: Any) -> Any:
    return leaf.memory if isinstance(leaf, Pretended) else leaf


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = func.overloadpacket.__name__
    tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
    there = [isinstance(tensor, Pretended) for tensor in tensors]
    if any(there):
        for tensor, own in zip(tensors, there, strict=True):
            allowed = name in _PACKED or (name in _ACROSS and (there[0] or name in ("copy_", "_to_copy")))
            if not own and tensor.ndim and not allowed:
                raise RuntimeError(f"expected all tensors on the same device, got {name} of cpu and {DEVICE}")
    asked = kwargs.get("device")
    plain = {**kwargs, **({"device": torch.device("cpu")} if asked is not None else {})}
    result = func(*tree_map(_unwrapped, args), **tree_map(_unwrapped, plain))
    if name == "copy_":
        return args[0]
    if name == "_pack_padded_sequence" and there[0]:
        return Pretended(result[0]), result[1]
    stays = torch.device(asked).type != "cpu" if asked is not None else any(there)
    if name in _ACROSS - {"_to_copy"}:
        stays = isinstance(args[0], Pretended)
    wrapped = tree_map(lambda leaf: Pretended(leaf) if isinstance(leaf, Tensor) and stays else leaf, result)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if any(there) and stays else wrapped


class _Made(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _dispatch(func, args, kwargs or {})


@contextmanager
def pretended_device() -> Iterator[torch.device]:
    """Within, tensors can be put on `DEVICE`, and networks moved there."""
    with pytest.MonkeyPatch.context() as patch, _Made():
        # the tensors of inference mode have no versions, and a wrapper needs one
        patch.setattr(torch, "inference_mode", lambda on=True: torch.no_grad() if on else nullcontext())
        made = torch.tensor  # which makes a list's tensor on the device without asking
        patch.setattr(torch, "tensor", lambda data, device=None, **rest: made(data, **rest).to(device or "cpu"))
        yield DEVICE
