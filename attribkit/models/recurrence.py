"""Recurrent layers that padding never affects."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attribkit.models import gru

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def run(rnn: nn.RNNBase, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Run a recurrent layer on texts of different lengths, each read to its own end.

    Args:
        rnn: a recurrent layer with `batch_first=True`.
        inputs: (B, T, E); values at padding have no effect.
        mask: (B, T) bool, True for real tokens, which come first.

    Returns:
        (B, T, H·D) outputs, 0 at padding, and (B, H·D) final states; D = 2 if bidirectional (forward, then backward),
        else 1.
    """
    learning = inputs.device.type == "cpu" and torch.is_grad_enabled()
    padded = not bool(mask.all())
    if padded:
        inputs = inputs * mask.unsqueeze(-1)
    elif not learning:
        outputs, state = rnn(inputs)
        return outputs, _final(rnn, state)
    if inputs.is_cuda:
        lengths = mask.sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        packed_outputs, state = rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=inputs.shape[1])
        return outputs, _final(rnn, state)
    # on a CPU the backward pass of a packed sequence takes time with the square of its length
    read = gru.read if learning and isinstance(rnn, nn.GRU) else _read
    outputs, final = _layers(read, rnn, inputs, mask.sum(1).clamp(min=1))
    if padded:
        outputs = outputs * mask.unsqueeze(-1)
    for key, hook in tuple(rnn._forward_hooks.items()):  # the layer itself was not called
        keywords: tuple[dict[str, Tensor], ...] = ({},) if key in rnn._forward_hooks_with_kwargs else ()
        hook(rnn, (inputs,), *keywords, (outputs, final))
    return outputs, final


def drop_columns(embedded: Tensor, share: float, training: bool) -> Tensor:
    """Dropout that drops the same columns of every token of a text; (B, T, E) in and out.

    With ordinary dropout a recurrent layer could still read a dropped value from the next token; and one random number
    per column, instead of one per column and token, saves nearly half of a training step.

    Source: Gal & Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", NIPS 2016.

    Args:
        embedded: (B, T, E).
        share: of the columns that are dropped, 0 to 1.
        training: whether anything is dropped at all.
    """
    if not training or not share:
        return embedded
    return embedded * nn.functional.dropout(embedded.new_ones(len(embedded), 1, embedded.shape[2]), share)


def _final(rnn: nn.RNNBase, state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    hidden = state[0] if isinstance(state, tuple) else state  # (L·D, B, H)
    return torch.cat(tuple(hidden[-2:] if rnn.bidirectional else hidden[-1:]), dim=-1)


def _layers(read: Callable[..., Tensor], rnn: nn.RNNBase, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The last layer's outputs (B, T, H·D), not yet 0 at padding, and final states (B, H·D), layer by layer."""
    outputs = inputs
    for layer in range(rnn.num_layers):
        if layer:
            outputs = drop_columns(outputs, rnn.dropout, rnn.training)
        outputs = read(rnn, layer, outputs, lengths)
    forward, *backward = outputs.split(rnn.hidden_size, dim=2)
    ends = (lengths - 1).view(-1, 1, 1).expand(-1, 1, rnn.hidden_size)
    return outputs, torch.cat([forward.gather(1, ends)[:, 0], *(way[:, 0] for way in backward)], dim=1)


def _read(rnn: nn.RNNBase, layer: int, inputs: Tensor, lengths: Tensor) -> Tensor:
    """Every step's output (B, T, H·D) of a layer; what stands past a text's end means nothing.

    What is read from left to right never sees the padding that follows; what is read from right to left is turned round
    within each text's own length first.
    """
    directions = 2 if rnn.bidirectional else 1
    weights = rnn.all_weights[layer * directions : (layer + 1) * directions]
    if directions == 1 or int(lengths.min()) == inputs.shape[1]:
        return _run(rnn, inputs, tuple(weight for way in weights for weight in way))
    batch, steps, _ = inputs.shape
    step = torch.arange(steps, device=inputs.device)
    ends = lengths.unsqueeze(1)
    turned = torch.where(step < ends, ends - 1 - step, step)  # (B, T); padding stays where it is
    places = (turned + steps * torch.arange(batch, device=inputs.device).unsqueeze(1)).flatten()
    forward, backward = map(tuple, weights)
    return torch.cat(
        [
            _run(rnn, inputs, forward),
            _reverse_sequences(_run(rnn, _reverse_sequences(inputs, places), backward), places),
        ],
        dim=2,
    )


def _run(rnn: nn.RNNBase, inputs: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
    """(B, T, H·D) outputs of one layer with the weights of one direction, read from left to right, or of both."""
    both = len(weights) > len(rnn.all_weights[0])
    state = inputs.new_zeros(1 + both, len(inputs), rnn.hidden_size)
    fixed = (True, 1, 0.0, False, both, True)  # biases, layers, dropout, training, bidirectional, batch first
    if isinstance(rnn, nn.LSTM):
        return torch.lstm(inputs, (state, state), weights, *fixed)[0]
    if isinstance(rnn, nn.GRU):
        return torch.gru(inputs, state, weights, *fixed)[0]
    return torch.rnn_tanh(inputs, state, weights, *fixed)[0]


def _reverse_sequences(rows: Tensor, places: Tensor) -> Tensor:
    """Rows (B, T, X) as they stand at places (B · T), an order that is its own inverse."""
    turn: Callable[[Tensor, Tensor], Tensor] = _ReverseSequences.apply
    return turn(rows, places)


class _ReverseSequences(torch.autograd.Function):
    """Gradients are taken as the rows were: added up by place, as autograd would, they take many times as long."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        return rows.flatten(0, 1).index_select(0, places).view(rows.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return _reverse_sequences(gradients[0], places), None
