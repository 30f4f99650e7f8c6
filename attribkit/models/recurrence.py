"""Running a recurrent layer so that padding never matters."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attribkit.models import gru

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def run(rnn: nn.RNNBase, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Every step's output and the last layer's final hidden state, each text read to its own end.

    Args:
        rnn: a recurrent layer with `batch_first=True`.
        inputs: (B, T, E).
        mask: (B, T) bool, True for real tokens, which stand first.

    Returns:
        (B, T, H·D) outputs and (B, H·D) final states, D = 2 if bidirectional (forward, then backward), else 1.
    """
    if isinstance(rnn, nn.GRU) and inputs.device.type == "cpu" and torch.is_grad_enabled():
        outputs, final = _learning(rnn, inputs, mask)
        _tell(rnn, inputs, (outputs, final))
        return outputs, final
    if bool(mask.all()):
        outputs, state = rnn(inputs)
        return outputs, _final(rnn, state)
    if inputs.is_cuda:
        lengths = mask.sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        packed_outputs, state = rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=inputs.shape[1])
        return outputs, _final(rnn, state)
    # on a CPU the backward pass of a packed sequence takes time with the square of its length
    outputs, final = _turned(rnn, inputs, mask)
    _tell(rnn, inputs, (outputs, final))
    return outputs, final


def drop_columns(embedded: Tensor, share: float, training: bool) -> Tensor:
    """Dropout that takes the same columns from every token of a text; (B, T, E) in and out.

    What a recurrent layer has read once it would otherwise read again a token later; and a random number per column
    instead of one per column and token saves nearly half of a training step.

    Source: Gal & Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", NIPS 2016.
    """
    if not training or not share:
        return embedded
    return embedded * nn.functional.dropout(embedded.new_ones(len(embedded), 1, embedded.shape[2]), share)


def _tell(rnn: nn.RNNBase, inputs: Tensor, outputs: tuple[Tensor, Tensor]) -> None:
    """Let the layer's own hooks see what was computed in its place, for the layer itself was not called."""
    for key, hook in tuple(rnn._forward_hooks.items()):
        keywords: tuple[dict[str, Tensor], ...] = ({},) if key in rnn._forward_hooks_with_kwargs else ()
        hook(rnn, (inputs,), *keywords, outputs)


def _final(rnn: nn.RNNBase, state: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    hidden = state[0] if isinstance(state, tuple) else state  # (L·D, B, H)
    return torch.cat(tuple(hidden[-2:] if rnn.bidirectional else hidden[-1:]), dim=-1)


def _learning(rnn: nn.GRU, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The same where gradients are wanted, in about half the time."""
    lengths = mask.sum(1).clamp(min=1)
    outputs = inputs
    for layer in range(rnn.num_layers):
        if layer:
            outputs = nn.functional.dropout(outputs, rnn.dropout, rnn.training)
        outputs = gru.read(rnn, layer, outputs, lengths)
    last = _taken(outputs, lengths.unsqueeze(1) - 1).squeeze(1)
    if rnn.bidirectional:
        last = torch.cat([last[:, : rnn.hidden_size], outputs[:, 0, rnn.hidden_size :]], dim=1)
    return outputs * mask.unsqueeze(-1), last


def _turned(rnn: nn.RNNBase, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The same without packing.

    What is read from left to right never sees the padding that follows; what is read from right to left is turned round
    within each text's own length first.
    """
    lengths = mask.sum(1).clamp(min=1)
    steps = torch.arange(inputs.shape[1], device=inputs.device)
    turned = (lengths.unsqueeze(1) - 1 - steps).clamp(min=0)  # (B, T); on real tokens its own inverse
    directions = 2 if rnn.bidirectional else 1
    outputs = inputs
    finals: list[Tensor] = []
    for layer in range(rnn.num_layers):
        if layer:
            outputs = nn.functional.dropout(outputs, rnn.dropout, rnn.training)
        ways, finals = [], []
        for direction in range(directions):
            weights = tuple(rnn.all_weights[layer * directions + direction])
            way = _one_way(rnn, _taken(outputs, turned) if direction else outputs, weights)
            finals.append(_taken(way, lengths.unsqueeze(1) - 1).squeeze(1))
            ways.append(_taken(way, turned) if direction else way)
        outputs = torch.cat(ways, dim=2)
    return outputs * mask.unsqueeze(-1), torch.cat(finals, dim=1)


def _taken(rows: Tensor, places: Tensor) -> Tensor:
    """Rows (B, T, H) at places (B, S), as (B, S, H)."""
    return rows.gather(1, places.unsqueeze(-1).expand(-1, -1, rows.shape[2]))


def _one_way(rnn: nn.RNNBase, inputs: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
    """(B, T, H) outputs of one layer's one direction, read from left to right."""
    state = inputs.new_zeros(1, len(inputs), rnn.hidden_size)
    fixed = (True, 1, 0.0, False, False, True)  # biases, layers, dropout, training, bidirectional, batch first
    if isinstance(rnn, nn.LSTM):
        return torch.lstm(inputs, (state, state), weights, *fixed)[0]
    if isinstance(rnn, nn.GRU):
        return torch.gru(inputs, state, weights, *fixed)[0]
    return torch.rnn_tanh(inputs, state, weights, *fixed)[0]
