"""Running a recurrent layer so that padding never matters."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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
    if bool(mask.all()):
        outputs, state = rnn(inputs)
    else:
        lengths = mask.sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        packed_outputs, state = rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=inputs.shape[1])
    hidden = state[0] if isinstance(state, tuple) else state  # (L·D, B, H)
    directions = 2 if rnn.bidirectional else 1
    return outputs, torch.cat(tuple(hidden[-directions:]), dim=-1)
