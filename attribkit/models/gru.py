"""A GRU layer for training on a CPU: both directions in one pass, with a backward pass written by hand.

Autograd keeps a dozen tensors of every step and adds up a weight gradient at each; here a step's backward pass is one
product and three operations in place, for whatever does not wait for a later step is computed for all of them at once.

With x the step's projected input, h the state before it and σ the logistic function:

    r = σ(x_r + W_r h + b_r)      u = σ(x_u + W_u h + b_u)      n = tanh(x_n + r (W_n h + b_n))      h' = n + u (h − n)

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014; as `torch.nn.GRU` has it.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_SHUT = 1e4
"""What enters u at padding: σ of it is 1, so that the state passes as it was and no gradient enters."""


def read(layer: nn.GRU, number: int, inputs: Tensor, lengths: Tensor) -> Tensor:
    """Every step's state (B, T, H·D) of one layer of a GRU; values after a text's end have no meaning.

    Args:
        layer: a GRU with `batch_first=True`.
        number: which of its layers, from 0.
        inputs: (B, T, E).
        lengths: (B,) tokens of each text, at least 1.
    """
    directions = 2 if layer.bidirectional else 1
    weights = layer.all_weights[number * directions : (number + 1) * directions]
    entering, recurrent, entering_bias, recurrent_bias = zip(*weights, strict=True)
    batch, steps, _ = inputs.shape
    rows = inputs.transpose(0, 1).to(_type(inputs), memory_format=torch.contiguous_format)
    projected = F.linear(rows, torch.cat(entering)).view(steps, batch, directions, -1)
    padding = None
    if int(lengths.min()) < steps:
        padding = torch.arange(steps, device=inputs.device).unsqueeze(1) >= lengths  # (T, B)
    biases = (torch.stack(entering_bias), torch.stack(recurrent_bias))
    states = _Steps.apply(projected.permute(2, 0, 1, 3), torch.stack(recurrent), *biases, padding)  # type: ignore[no-untyped-call]  # torch has no types for it
    return torch.cat(tuple(states), dim=-1).transpose(0, 1)


def _type(inputs: Tensor) -> torch.dtype:
    """The inputs' own type, or the one that autocast asks for, which knows nothing of what a function does inside."""
    device = inputs.device.type
    if inputs.dtype == torch.float32 and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return inputs.dtype


class _Steps(torch.autograd.Function):
    """States (D, T, B, H) of projected inputs (D, T, B, 3H), weights (D, 3H, H), two biases (D, 3H), padding (T, B).

    A step's row is [W_n h + b_n, r, u, n], for what the state is multiplied into are the first three, and what the
    input is projected to the last three.
    """

    @staticmethod
    def forward(
        ctx: Any, projected: Tensor, weight: Tensor, entering: Tensor, recurrent: Tensor, padding: Tensor | None
    ) -> Tensor:
        directions, steps, batch, _ = projected.shape
        hidden = weight.shape[2]
        rows = weight.new_empty(directions, steps, batch, 4 * hidden)
        inner, opened, new = rows.split([hidden, 2 * hidden, hidden], -1)
        inner.copy_(recurrent[:, None, None, 2 * hidden :])
        torch.add(projected[..., : 2 * hidden], (entering + recurrent)[:, None, None, : 2 * hidden], out=opened)
        torch.add(projected[..., 2 * hidden :], entering[:, None, None, 2 * hidden :], out=new)
        if padding is not None:
            opened[..., hidden:].masked_fill_(padding.unsqueeze(-1), _SHUT)
        weight = _n_first(weight)
        down = weight.transpose(1, 2).contiguous()
        states = weight.new_empty(directions, steps, batch, hidden)
        state = weight.new_zeros(directions, batch, hidden)
        for step in range(steps):
            row = _at(rows, step)
            row[..., : 3 * hidden].baddbmm_(state, down)
            row[..., hidden : 3 * hidden].sigmoid_()
            now = row[..., 3 * hidden :].addcmul_(row[..., :hidden], row[..., hidden : 2 * hidden]).tanh_()
            state = torch.lerp(now, state, row[..., 2 * hidden : 3 * hidden], out=_at(states, step))
        ctx.save_for_backward(weight, rows, states)
        ctx.dtype = projected.dtype
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        weight, rows, states = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        directions, steps, batch, hidden = states.shape
        before = _before(states)
        slopes = _slopes(rows, before)  # multiplied by the state's gradient step by step, they become gradients
        carried = torch.zeros_like(_at(states, 0))
        for step in reversed(range(steps)):
            total = carried.add_(_at(gradient, step))
            now = _at(slopes, step)
            now.view(directions, batch, 4, hidden).mul_(total.unsqueeze(2))
            gated = total.mul_(_at(rows, step)[..., 2 * hidden : 3 * hidden])
            carried = gated.baddbmm_(now[..., : 3 * hidden], weight)
        sums = slopes.sum((1, 2))
        recurrent = slopes[..., : 3 * hidden].flatten(1, 2).transpose(1, 2)
        d_weight = torch.stack([now @ then for now, then in zip(recurrent, before.flatten(1, 2), strict=True)])
        d_projected = slopes[..., hidden:].permute(1, 2, 0, 3).to(ctx.dtype, memory_format=torch.contiguous_format)
        return (
            d_projected.permute(2, 0, 1, 3),
            _n_last(d_weight),
            sums[:, hidden:],
            _n_last(sums[:, : 3 * hidden]),
            None,
        )


def _slopes(rows: Tensor, before: Tensor) -> Tensor:
    """How a step's state follows each part of its row, taken before σ and tanh: (D, T, B, 4H)."""
    hidden = before.shape[-1]
    slopes = torch.empty_like(rows)
    inner, reset, update, new = rows.split(hidden, -1)
    d_inner, d_reset, d_update, d_new = slopes.split(hidden, -1)
    taken = 1 - update
    torch.mul(new, new, out=d_new)
    torch.addcmul(taken, taken, d_new, value=-1, out=d_new)
    torch.mul(d_new, reset, out=d_inner)
    torch.mul(d_inner, inner, out=d_reset)
    d_reset.addcmul_(d_reset, reset, value=-1)
    torch.sub(before, new, out=d_update).mul_(taken.mul_(update))
    return slopes


def _before(states: Tensor) -> Tensor:
    """The state (D, T, B, H) that each step began with."""
    shifted = torch.zeros_like(states)
    shifted[0, 1:] = states[0, :-1]
    if len(states) == 2:
        shifted[1, :-1] = states[1, 1:]
    return shifted


def _n_first(parts: Tensor) -> Tensor:
    """(D, 3H, …) in the order of a row, n, r, u, of torch's r, u, n."""
    return parts.roll(parts.shape[1] // 3, 1)


def _n_last(parts: Tensor) -> Tensor:
    """The inverse of `_n_first`."""
    return parts.roll(-(parts.shape[1] // 3), 1)


def _at(rows: Tensor, step: int) -> Tensor:
    """(D, B, X) of contiguous rows (D, T, B, X): those read at a step; the second direction starts at the end."""
    if len(rows) == 1:
        return rows[:, step]
    _, steps, batch, width = rows.shape
    block = batch * width
    return rows.as_strided((2, batch, width), ((2 * (steps - step) - 1) * block, width, 1), step * block)
