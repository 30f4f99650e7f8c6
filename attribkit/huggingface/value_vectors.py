"""What each layer takes from each place: how long the weighted vectors are, and what a place's absence changes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from attribkit.huggingface.architectures import Values

_COPIES = 64  # of a text at once


@dataclass
class LayerCall:
    """One run of a layer; a layer whose weights are shared runs again and again.

    Attributes:
        layer: that ran.
        inputs: its positional inputs.
        named: its named ones.
        value: (S, W) the vectors that it mixed, all heads beside each other.
        output: (S, E) what it put out.
    """

    layer: nn.Module
    inputs: tuple[Any, ...]
    named: dict[str, Any]
    value: Tensor = field(init=False)
    output: Tensor = field(init=False)


@contextmanager
def layer_calls(body: nn.Module, values: Values, length: int) -> Iterator[list[LayerCall]]:
    """Within, the runs of the layers for one text of so many places are kept, in their order."""
    calls: list[LayerCall] = []

    def begin(layer: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        calls.append(LayerCall(layer, inputs, named))

    def mixed(_: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        calls[-1].value = output[0, :length, -(output.shape[-1] // values.share) :]

    def end(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        calls[-1].output = _first(output)[0, :length]

    with ExitStack() as hooks:
        for name, layer in body.named_modules():
            if re.fullmatch(values.layers, name):
                value = layer.get_submodule(values.value)
                hooks.callback(layer.register_forward_pre_hook(begin, with_kwargs=True).remove)
                hooks.callback(value.register_forward_hook(mixed).remove)
                hooks.callback(layer.register_forward_hook(end).remove)
        yield calls


def value_norms(call: LayerCall, values: Values, weights: Tensor) -> Tensor:
    """(S, S) ‖Σ_h α_h · v_h W_h‖: how long the vector is that each place takes from each, all heads together.

    Args:
        call: of the layer.
        values: where its parts are.
        weights: (H, S, S) its attention.

    Source: Kobayashi et al., "Attention is not only a weight", EMNLP 2020, equation 6.
    """
    heads = len(weights)
    back: Any = call.layer.get_submodule(values.output)
    table = back.weight.T if isinstance(back, nn.Linear) else back.weight  # (H · D, E); GPT-2 has it that way round
    size = table.shape[0] // heads
    vectors = call.value.unflatten(-1, (-1, size))  # (S, K, D): K heads, each of which serves H / K
    vectors = vectors.repeat_interleave(heads // vectors.shape[1], dim=1)
    turned = torch.einsum("shd,hde->she", vectors.double(), table.unflatten(0, (heads, size)).double())
    among = torch.einsum("she,ske->shk", turned, turned)
    squared = torch.einsum("hij,jhk,kij->ij", weights.double(), among, weights.double())
    return squared.clamp(min=0).sqrt()


def value_zeroing(call: LayerCall, values: Values) -> Tensor:
    """(S, S) 1 − cos of each place's vector behind the layer with and without the value vectors of each place.

    The layer is run anew with its own inputs, once for each place.

    Source: Mohebbi et al., "Quantifying context mixing in transformers", EACL 2023.
    """
    length = len(call.output)
    value = call.layer.get_submodule(values.value)
    rows = []
    for first in range(0, length, _COPIES):
        places = torch.arange(first, min(length, first + _COPIES), device=call.output.device)

        def zeroed(_: nn.Module, inputs: tuple[Any, ...], output: Tensor, places: Tensor = places) -> Tensor:
            changed = output.clone()
            changed[torch.arange(len(places)), places, -(output.shape[-1] // values.share) :] = 0
            return changed

        handle = value.register_forward_hook(zeroed)
        try:
            without = _first(call.layer(*_copied(call.inputs, len(places)), **_copied(call.named, len(places))))
        finally:
            handle.remove()
        rows.append(1 - torch.cosine_similarity(without[:, :length].double(), call.output.double(), dim=-1))
    return torch.cat(rows).clamp(min=0).T


def _copied(inputs: Any, count: int) -> Any:
    """A layer's inputs for one text, for so many copies of it."""
    if isinstance(inputs, Tensor):
        rows = inputs.ndim > 1 if inputs.is_floating_point() else inputs.ndim == 2  # tables of places serve them all
        copied = rows and len(inputs) == 1
        return inputs.expand(count, *inputs.shape[1:]) if copied else inputs
    if isinstance(inputs, dict):
        return {name: _copied(value, count) for name, value in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return type(inputs)(_copied(value, count) for value in inputs)
    return inputs


def _first(output: Any) -> Tensor:
    """(N, S, E) what a layer puts out, which DistilBERT of transformers 4 returns behind its attention."""
    parts = output if isinstance(output, (tuple, list)) else (output,)
    return next(part for part in parts if isinstance(part, Tensor) and part.ndim == 3)


def stacked(parts: Sequence[Tensor]) -> Any:
    """(L, …) as float32 on the processor."""
    return torch.stack(list(parts)).float().cpu().numpy()
