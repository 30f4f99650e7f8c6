"""Several processes that train one network together: which one this is, and its rows of a batch."""

import torch
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from attribkit.errors import InputError, InputTypeError


def is_main_process() -> bool:
    """Whether this process writes the files; a single process always does."""
    return not getattr(rank_zero_only, "rank", 0)


def share(batch: tuple[Tensor, ...], rank: int, processes: int) -> tuple[tuple[Tensor, ...], float]:
    """Every `processes`-th row of a batch, from row `rank` on, and the weight of its loss: 1.

    A process for which no row is left takes the first row with weight 0, so that all processes take the same steps.

    Args:
        batch: tensors of B rows each.
        rank: the number of this process.
        processes: how many there are.
    """
    if rank < len(batch[0]):
        return tuple(part[rank::processes] for part in batch), 1.0
    return tuple(part[:1] for part in batch), 0.0


def check(devices: int, nodes: int, device: torch.device) -> None:
    """Check the numbers of devices and nodes.

    Raises:
        TypeError: if a number is no integer.
        ValueError: if a number is below 1, one GPU is named, or there are too few of them.
    """
    for name, value in (("devices", devices), ("nodes", nodes)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputTypeError(f"`{name}` must be an integer, got {value!r}")
        if value < 1:
            raise InputError(f"`{name}` must be at least 1, got {value}")
    if devices == 1:
        return
    if device.type == "cuda" and device.index is not None:
        raise InputError(f"`devices={devices}` needs several GPUs, `device` names one ({device}); give device='cuda'")
    if device.type == "cuda" and devices > torch.cuda.device_count():
        raise InputError(f"`devices` must be at most the {torch.cuda.device_count()} GPUs there are, got {devices}")
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"several devices train together on the CPU or on GPUs, not on {device.type!r}; set `device`")
