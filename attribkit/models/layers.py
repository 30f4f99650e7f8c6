"""The layers of a network and their outputs, read by hooks that are always removed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from attribkit.errors import InputError, did_you_mean
from attribkit.models.capabilities import capabilities_of

READERS = ("RNN", "GRU", "LSTM", "Conv1d")
"""Modules whose outputs are what a network has read of a text, rather than a step of how it sums that up."""

_PROBES = ((2, 24), (3, 26))  # (texts, tokens) of two runs: an axis that grows by 1 counts texts, one by 2 steps
_GROWN = _PROBES[1][1] - _PROBES[0][1]


@dataclass(frozen=True)
class Layer:
    """One layer of a network, as it can be seen from outside.

    Attributes:
        name: the module's name in the network, such as "rnn" or "convolutions.0".
        module: what it is, such as "GRU".
        sizes: of its output's axes: numbers, with "B" for the texts' axis and "T" for the steps'; None where the output
            is no tensor that has one row per text.
        extra: steps more (or fewer) than tokens: K − 1 for a wide convolution of width K, 0 for most.
        before: how many of its steps stand before that of the first token.
        pooled: how a text's steps become one vector unless another way is asked for: "first", "mean" or "last", as the
            network's head reads them; "" where that depends on the kind of layer.
        bidirectional: whether the second half of the features was read from the end of the text to its start.
    """

    name: str
    module: str
    sizes: tuple[int | str, ...] | None
    extra: int = 0
    bidirectional: bool = False
    before: int = 0
    pooled: str = ""

    @property
    def steps(self) -> bool:
        """Whether it puts out one vector per step, rather than one per text."""
        return self.sizes is not None and "T" in self.sizes

    @property
    def units(self) -> int:
        """How many numbers it puts out for each text or step; 0 where it has no row per text."""
        return 0 if self.sizes is None else prod(size for size in self.sizes if isinstance(size, int))

    @property
    def shape(self) -> str:
        """Its output's shape as text, such as "(B, T + 2, 128)"."""
        if self.sizes is None:
            return "no row per text"
        steps = "T" if not self.extra else f"T {'+' if self.extra > 0 else '−'} {abs(self.extra)}"
        return f"({', '.join(steps if size == 'T' else str(size) for size in self.sizes)})"

    def fits(self, output: Tensor, tokens: int) -> bool:
        """Whether an output for texts of so many tokens has the layer's axes and number of steps."""
        sizes = self.sizes or ()
        return output.ndim == len(sizes) and (not self.steps or output.shape[sizes.index("T")] == tokens + self.extra)

    def arranged(self, output: Tensor) -> Tensor:
        """The layer's output as (B, S, H), S steps, or as (B, H)."""
        sizes = self.sizes or ()
        if self.steps:
            return output.movedim((sizes.index("B"), sizes.index("T")), (0, 1)).flatten(2)
        return output.movedim(sizes.index("B"), 0).flatten(1)


Keep = Callable[[str, Tensor], Tensor | None]
"""What to make of the output of the module of this name."""


@contextmanager
def watched(
    network: nn.Module, names: Sequence[str], keep: Keep = lambda _, output: output.clone()
) -> Iterator[dict[str, Tensor | None]]:
    """Keep the outputs of named modules, by hooks that are removed afterwards, also after an error.

    Args:
        network: whose modules they are.
        names: of the modules.
        keep: called as soon as an output is there, for later modules may overwrite it; a copy of it if not given.

    Yields:
        a dict with what was kept of each module's latest output, in the order in which they finished; for an LSTM's
        (outputs, (h, c)) the outputs, and None for what is no tensor.
    """
    outputs: dict[str, Tensor | None] = {}

    def seen(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            outputs.pop(name, None)  # called again, it stands last
            tensor = _tensor(output)
            outputs[name] = None if tensor is None else keep(name, tensor)

        return hook

    modules = dict(network.named_modules())
    handles = []
    try:
        for name in names:
            handles.append(modules[name].register_forward_hook(seen(name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def find_layers(network: nn.Module, token: int, device: torch.device) -> list[Layer]:
    """Every layer that takes part in the forward pass, in the order in which they finish (of several calls, the last).

    Args:
        network: in evaluation mode, gradients off.
        token: an id that is no padding.
        device: where the network is.
    """
    modules = {name: module for name, module in network.named_modules() if name}
    seen: list[dict[str, Tensor | None]] = []
    probes = _probes(network)
    for probe in probes:
        with watched(network, list(modules)) as outputs:
            network(*_texts(probe, token, device))
            seen.append(outputs)
    first, second = seen
    layers = [_layer(name, modules[name], first.get(name), output, probes[0][1]) for name, output in second.items()]
    declared = capabilities_of(network)
    if declared.pooling is None:
        return layers
    return [
        replace(layer, before=declared.steps_before or 0, pooled=declared.pooling) if layer.steps else layer
        for layer in layers
    ]


def choose_layers(names: Sequence[str] | None, layers: Sequence[Layer]) -> list[Layer]:
    """The layers of these names, in the network's order; None for all that have a row per text.

    Raises:
        ValueError: for a layer that does not exist (the sentence lists those that do) or has no row per text.
    """
    usable = [layer for layer in layers if layer.sizes is not None]
    if names is None:
        return usable
    if not names:
        raise InputError(f"`layers` must name at least one of {_listed(usable)}, got none")
    by_name = {layer.name: layer for layer in layers}
    for name in names:
        if name not in by_name:
            hint = did_you_mean(name, by_name)
            raise InputError(f"a layer of this model is one of {_listed(usable)}, got {name!r}{hint}")
        if by_name[name].sizes is None:
            raise InputError(f"the layer {name!r} puts out no row per text; take one of {_listed(usable)}")
    return [layer for layer in layers if layer.name in names]


def before_last(network: nn.Module, token: int, device: torch.device) -> Layer:
    """The layer whose output the network's last layer with weights reads.

    If that output is not a module's own (the network pools by itself), it is the last module before it with one vector
    per text; else the last recurrent or convolutional one; else the only one. The arguments are those of `find_layers`.

    Raises:
        ValueError: if there is no such layer.
    """
    layers = find_layers(network, token, device)
    modules = dict(network.named_modules())
    leaves = [layer for layer in layers if not any(other.name.startswith(f"{layer.name}.") for other in layers)]
    weighty = [layer for layer in leaves if next(modules[layer.name].parameters(), None) is not None]
    last = layers.index(weighty[-1]) if weighty else 0
    usable = [layer for layer in layers[:last] if layer.units > 1]
    if not usable:
        raise InputError("the network has no layer before its last one; name one of model.layers()")
    names = _passed_on(network, layers[last].name, token, device)
    passed = [layer for layer in layers[:last] if layer.name in names and layer.sizes is not None]
    vectors = [layer for layer in usable if not layer.steps]
    readers = [layer for layer in usable if layer.module in READERS]
    candidates = passed or vectors or readers or (usable if len(usable) == 1 else [])
    if not candidates:
        raise InputError(
            f"the last layer, {layers[last].name!r}, reads no other layer's output as it is; name one of "
            f"{_listed(usable)} with `layer`"
        )
    return candidates[-1]


def _passed_on(network: nn.Module, last: str, token: int, device: torch.device) -> set[str]:
    """The modules whose output is, value by value in the same memory, what the last layer reads."""
    modules = dict(network.named_modules())
    outputs: list[tuple[str, Tensor | None]] = []  # all are held until the end, so that no memory is used twice
    read: list[Tensor | None] = []
    with ExitStack() as hooks:
        for name, module in modules.items():
            hook = module.register_forward_hook(
                lambda _, __, output, name=name: outputs.append((name, _tensor(output)))
            )
            hooks.callback(hook.remove)
        before = modules[last].register_forward_pre_hook(lambda _, inputs: read.append(_tensor(inputs)))
        hooks.callback(before.remove)
        network(*_texts(_probes(network)[0], token, device))
    if not read or read[-1] is None:
        return set()
    place = (read[-1].data_ptr(), read[-1].numel())
    return {name for name, output in outputs if output is not None and (output.data_ptr(), output.numel()) == place}


def _texts(probe: tuple[int, int], token: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask, both (texts, tokens), of texts that hold one word all over."""
    ids = torch.full(probe, token, dtype=torch.int64, device=device)
    return ids, torch.ones_like(ids, dtype=torch.bool)


def _listed(layers: Sequence[Layer]) -> str:
    return ", ".join(repr(layer.name) for layer in layers) or "none"


def _tensor(output: Any) -> Tensor | None:
    """The part of a module's output that counts: of an LSTM's (outputs, (h, c)) the outputs."""
    if isinstance(output, PackedSequence):
        return pad_packed_sequence(output, batch_first=True)[0]
    if isinstance(output, (tuple, list)) and output:
        return _tensor(output[0])
    if isinstance(output, Tensor) and output.is_nested:  # of a Transformer's encoder, for the sake of speed
        return output.to_padded_tensor(0.0)
    return output if isinstance(output, Tensor) and output.is_floating_point() else None


def _probes(network: nn.Module) -> tuple[tuple[int, int], tuple[int, int]]:
    """`_PROBES`, with no more tokens than the network reads at once."""
    (texts, _), (more_texts, tokens) = _PROBES
    room = capabilities_of(network).long_texts.room
    longest = tokens if room is None else min(tokens, room)
    return (texts, longest - _GROWN), (more_texts, longest)


def _layer(name: str, module: nn.Module, first: Tensor | None, second: Tensor | None, tokens: int) -> Layer:
    kind = type(module).__name__
    sizes = None if first is None or second is None else _sizes(tuple(first.shape), tuple(second.shape))
    extra = 0
    if first is not None and sizes is not None and "T" in sizes:
        extra = first.shape[sizes.index("T")] - tokens
    bidirectional = isinstance(module, nn.RNNBase) and module.bidirectional
    return Layer(name, kind, sizes, extra, bidirectional, before=extra // 2)


def _sizes(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int | str, ...] | None:
    """Which axis counts texts and which steps, from the shapes of two runs; None if that cannot be told."""
    (texts, _), (more_texts, _) = _PROBES
    if len(first) != len(second) or len(first) < 2:
        return None
    sizes: list[int | str] = []
    for size, other in zip(first, second, strict=True):
        if (size, other) == (texts, more_texts) and "B" not in sizes:
            sizes.append("B")
        elif other - size == _GROWN and "T" not in sizes:
            sizes.append("T")
        elif size == other:
            sizes.append(size)
        else:
            return None
    return tuple(sizes) if "B" in sizes else None
