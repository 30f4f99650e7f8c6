"""The device on which a network computes."""

from itertools import chain

import torch
from torch import nn

from attribkit.errors import InputError


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The device asked for, else the first accelerator there is, else the CPU.

    Raises:
        ValueError: if the device asked for is unknown or not on this machine.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:  # a torch built without CUDA asserts
        raise InputError(f"`device` must name a device of this machine, such as 'cpu', got {str(device)!r}") from error
    return chosen


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are; the processor for one without any."""
    weight = next(chain(network.parameters(), network.buffers()), None)
    return torch.device("cpu") if weight is None else weight.device


def located(device: torch.device) -> torch.device:
    """The device with its index, as a tensor has it: of several GPUs the current one, if none is named."""
    return torch.empty(0, device=device).device
