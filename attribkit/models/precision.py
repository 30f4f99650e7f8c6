"""The type that a layer of ours multiplies in: autocast knows nothing of what a function does inside."""

import torch
from torch import Tensor


def wanted(inputs: Tensor) -> torch.dtype:
    """The inputs' own type, or the narrower one that autocast asks for in place of 32 bits."""
    device = inputs.device.type
    if inputs.dtype == torch.float32 and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return inputs.dtype
