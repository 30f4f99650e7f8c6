"""The attention of a transformer's layers as matrices of places, whatever form an architecture returns it in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribkit.errors import InputError
from attribkit.huggingface.architectures import Pooling, Values
from attribkit.huggingface.value_vectors import LayerCall, stacked, value_norms, value_zeroing
from attribkit.models.self_attention import AttentionStack

_PARTS = {
    "encoder_attentions": "encoder",
    "decoder_attentions": "decoder",
    "cross_attentions": "cross-attention",
}
_OFF = 1e-3
"""Farther from 1 than a float32 softmax of thousands of places is."""

ENCODER_AND_DECODER = "rollout follows one pile of layers, this model has an encoder and a decoder"
WITHOUT_VALUES = "of this architecture the vectors that attention weighs are not known: no norms, no value zeroing"


def attention_stacks(
    recording: Mapping[str, Any], length: int, calls: Sequence[LayerCall], values: Values | None, zeroing: bool
) -> tuple[AttentionStack, ...]:
    """The piles of layers of one text of so many places.

    Args:
        recording: what the body of the model returned.
        length: S, of the text with its special tokens.
        calls: the runs of its layers.
        values: where the vectors are that attention mixes; None if they cannot be read.
        zeroing: whether to run each layer anew without each place's vectors.

    Raises:
        InputError: for an architecture whose layers have fewer places than the text.
    """
    if recording.get("encoder_attentions"):
        return tuple(
            AttentionStack(name, stacked(_matrices(recording[part], None, length))) for part, name in _PARTS.items()
        )
    layers = _matrices(recording.get("attentions") or (), recording.get("global_attentions"), length)
    if values is None:
        return (AttentionStack("", stacked(layers)),)
    norms = stacked([value_norms(call, values, layer) for call, layer in zip(calls, layers, strict=True)])
    zeroed = stacked([value_zeroing(call, values) for call in calls]) if zeroing else None
    return (AttentionStack("", stacked(layers), norms, zeroed),)


def _matrices(layers: Sequence[Any], everywhere: Sequence[Tensor] | None, length: int) -> list[Tensor]:
    """(H, S, S) of each layer."""
    if not layers:
        raise InputError("the model returns no attention weights of its layers; leave the view 'attention' out")
    if everywhere is not None:
        return [_unwound(own[0], all_[0], length) for own, all_ in zip(layers, everywhere, strict=True)]
    whole = [layer[0] for layer in layers]
    if any(min(layer.shape[-2:]) < length for layer in whole):
        raise InputError(
            "a layer of this model has fewer places than the text has tokens, so that its attention is not one of the "
            "text's words; leave the view 'attention' out"
        )
    cut = [layer[:, :length, :length] for layer in whole]
    for layer in cut:
        sums = layer.double().sum(-1)
        if not bool(((sums - 1).abs() < _OFF).all()):
            raise InputError(
                f"each place's attention should sum to 1, the model's sums to {float(sums.min()):.2f} at one, as "
                "that of BigBird does for long texts; leave the view 'attention' out, or give a shorter text"
            )
    return cut


def _unwound(own: Tensor, everywhere: Tensor, length: int) -> Tensor:
    """(H, S, S) of Longformer's windows: own (H, S, G + W + 1), and everywhere (H, P, G) of the G global places.

    Its places with global attention are the first ones: the head makes the first token such a place.
    """
    heads, _, width = own.shape
    global_count = everywhere.shape[-1]
    half = (width - global_count - 1) // 2
    matrix = torch.zeros(heads, length, length, dtype=own.dtype, device=own.device)
    for step in range(-half, half + 1):
        here = torch.arange(max(0, -step), min(length, length - step), device=own.device)
        matrix[:, here, here + step] = own[:, here, global_count + half + step]
    matrix[:, :, :global_count] += own[:, :length, :global_count]
    matrix[:, :global_count] = everywhere[:, :length].transpose(1, 2)
    return matrix


def pooled_share(pooling: Pooling, length: int) -> Any:
    """(S,) the share that each place has in what the head reads."""
    share = np.zeros(length)
    if pooling == "mean":
        share[:] = 1 / length
    else:
        share[0 if pooling == "first" else length - 1] = 1
    return share
