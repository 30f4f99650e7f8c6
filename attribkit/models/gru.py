"""A GRU layer to learn with on a CPU: both directions in one go, and a backward pass written out.

Autograd keeps a dozen tensors of every step and adds up a weight gradient at each; here a step's backward pass is two
products and some arithmetic in place, and the weights' gradients are one product over all steps at the end.

With x the step's projected input, h the state before it and σ the logistic function:

    r = σ(x_r + W_r h + b_r)      u = σ(x_u + W_u h + b_u)      n = tanh(x_n + r (W_n h + b_n))      h' = n + u (h − n)

Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014; as `torch.nn.GRU` has it.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def read(layer: nn.GRU, number: int, inputs: Tensor, lengths: Tensor) -> Tensor:
    """Every step's state (B, T, H·D) of layer `number` of a GRU, 0 past a text's end.

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
    rows = inputs.transpose(0, 1).flatten(0, 1)  # (T · B, E)
    gates = torch.stack([F.linear(rows, weight, bias) for weight, bias in zip(entering, entering_bias, strict=True)])
    gates = gates.to(inputs.dtype).view(directions, steps, batch, -1)
    real = None
    if int(lengths.min()) < steps:
        real = torch.arange(steps, device=inputs.device).unsqueeze(1) < lengths  # (T, B)
        real = real.to(inputs.dtype).unsqueeze(-1).repeat(directions, 1, 1, 1)
    states = _Steps.apply(gates, torch.stack(recurrent), torch.stack(recurrent_bias).unsqueeze(1), real)
    return torch.cat(tuple(states), dim=-1).transpose(0, 1)


class _Steps(torch.autograd.Function):
    """States (D, T, B, H) of gates' inputs (D, T, B, 3H), weights (D, 3H, H), biases (D, 1, 3H), mask (D, T, B, 1)."""

    @staticmethod
    def forward(ctx: Any, entering: Tensor, weight: Tensor, bias: Tensor, real: Tensor | None) -> Tensor:
        directions, steps, batch, width = entering.shape
        hidden = width // 3
        gates = entering.clone()
        inner, states = (gates.new_empty(directions, steps, batch, hidden) for _ in range(2))  # inner is W_n h + b_n
        down = weight.transpose(1, 2).contiguous()
        state = gates.new_zeros(directions, batch, hidden)
        recurrent = gates.new_empty(directions, batch, width)
        for step in range(steps):
            torch.baddbmm(bias, state, down, out=recurrent)
            now = _at(gates, step)
            opened = now[..., : 2 * hidden].add_(recurrent[..., : 2 * hidden]).sigmoid_()
            within = _at(inner, step).copy_(recurrent[..., 2 * hidden :])
            new = now[..., 2 * hidden :].addcmul_(opened[..., :hidden], within).tanh_()
            torch.lerp(new, state, opened[..., hidden:], out=state)
            if real is not None:
                state.mul_(_at(real, step))
            _at(states, step).copy_(state)
        ctx.save_for_backward(weight, gates, inner, states, *(() if real is None else (real,)))
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight, gates, inner, states, *mask = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        _, steps, _, hidden = states.shape
        d_gates, d_inner = torch.empty_like(gates), torch.empty_like(inner)
        upper, lower = weight[:, : 2 * hidden].contiguous(), weight[:, 2 * hidden :].contiguous()
        start = torch.zeros_like(_at(states, 0))
        carried = start
        sigmoid_slope = torch.ops.aten.sigmoid_backward.grad_input
        for step in reversed(range(steps)):
            total = _at(gradient, step) + carried
            if mask:
                total.mul_(_at(mask[0], step))
            reset, update, new = _at(gates, step).split(hidden, -1)
            now, within = _at(d_gates, step), _at(d_inner, step)
            d_reset, d_update, d_new = now.split(hidden, -1)
            before = _at(states, step - 1) if step else start
            kept = total * update
            torch.ops.aten.tanh_backward.grad_input(total - kept, new, grad_input=d_new)
            sigmoid_slope((before - new).mul_(total), update, grad_input=d_update)
            sigmoid_slope(_at(inner, step) * d_new, reset, grad_input=d_reset)
            torch.mul(d_new, reset, out=within)
            carried = torch.baddbmm(kept, now[..., : 2 * hidden], upper).baddbmm_(within, lower)
        d_weight = _weights(states, d_gates[..., : 2 * hidden], d_inner)
        d_bias = torch.cat([d_gates[..., : 2 * hidden].sum((1, 2)), d_inner.sum((1, 2))], -1).unsqueeze(1)
        return d_gates, d_weight, d_bias, None


def _weights(states: Tensor, d_opened: Tensor, d_inner: Tensor) -> Tensor:
    """(D, 3H, H): each step's gradient times the state before it, summed."""
    sums = []
    for direction, reached in enumerate(states):
        before = (reached[1:] if direction else reached[:-1]).flatten(0, 1)
        later = slice(None, -1) if direction else slice(1, None)
        parts = (d_opened[direction, later], d_inner[direction, later])
        sums.append(torch.cat([part.flatten(0, 1).T @ before for part in parts]))
    return torch.stack(sums)


def _at(rows: Tensor, step: int) -> Tensor:
    """(D, B, X) of contiguous rows (D, T, B, X): those read at a step; the second direction starts at the end."""
    if len(rows) == 1:
        return rows[:, step]
    _, steps, batch, width = rows.shape
    block = batch * width
    return rows.as_strided((2, batch, width), ((2 * (steps - step) - 1) * block, width, 1), step * block)
