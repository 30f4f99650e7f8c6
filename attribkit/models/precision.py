"""The layers that a device can train in bfloat16; each is tried, since builds of torch and processors differ."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from attribkit.errors import InputError
from attribkit.models import recurrence

_SIZE = 32
"""Of a layer that is tried: torch has other primitives for products as small as a test would make them."""

_TRIED: Mapping[type[nn.Module], Mapping[str, Any]] = {
    nn.Linear: {},
    nn.Conv1d: {"kernel_size": 3, "padding": 1},
    **{cell: {"batch_first": True, "bidirectional": True} for cell in (nn.RNN, nn.GRU, nn.LSTM)},
}


_found: dict[tuple[type[nn.Module], torch.device], bool] = {}


def processor_capabilities() -> Mapping[str, Any]:
    """What torch says of this processor: its name, and of each instruction whether it has it. {} of an older torch."""
    read: Callable[[], Mapping[str, Any]] | None = getattr(torch.cpu, "get_capabilities", None)
    return {} if read is None else read()


def trains_in_bfloat16(kind: type[nn.Module], device: torch.device) -> bool:
    """Whether a layer of this kind has a forward and a backward pass under autocast to bfloat16 on a device.

    Both are run once to find out. If they fail in 32 bits as well, that error is raised: it has another cause.
    """
    if (kind, device) not in _found:
        _train(kind, device, narrow=False)
        try:
            _train(kind, device, narrow=True)
        except RuntimeError:
            _found[kind, device] = False
        else:
            _found[kind, device] = True
    return _found[kind, device]


def lacking(network: nn.Module, device: torch.device) -> str | None:
    """The first kind of layer in a network that a device cannot train in bfloat16, by name; None if it can all."""
    kinds = dict.fromkeys(type(layer) for layer in network.modules() if type(layer) in _TRIED)
    return next((kind.__name__ for kind in kinds if not trains_in_bfloat16(kind, device)), None)


def check_bfloat16(network: nn.Module, device: torch.device) -> None:
    """Refuse to train a network in bfloat16 on a device that lacks it for one of its layers.

    Raises:
        InputError: if the device lacks it; the sentence names the layer and the cure.
    """
    kind = lacking(network, device)
    if kind is not None:
        place = f"this processor ({torch.backends.cpu.get_cpu_capability()})" if device.type == "cpu" else str(device)
        raise InputError(
            f"precision='bfloat16' needs a layer {kind} that trains in bfloat16, which torch {torch.__version__} does "
            f"not have on {place}; train with precision='float32'"
        )


def _train(kind: type[nn.Module], device: torch.device, narrow: bool) -> None:
    """A forward and a backward pass of one layer, leaving the random state as it was."""
    with torch.inference_mode(False), torch.enable_grad():
        with torch.random.fork_rng(devices=[]):
            layer = kind(_SIZE, _SIZE, **_TRIED[kind]).to(device)
        inputs = torch.ones(4, _SIZE, _SIZE, device=device, requires_grad=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=narrow):
            if isinstance(layer, nn.RNNBase):
                mask = torch.ones(4, _SIZE, dtype=torch.bool, device=device)
                outputs, _ = recurrence.run(layer, inputs, mask)
            else:
                outputs = layer(inputs)
        outputs.float().sum().backward()
