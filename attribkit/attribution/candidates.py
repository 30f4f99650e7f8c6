"""Which windows may win a filter's maximum somewhere on the path: the search among all of them, for few."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.lookup import BLOCK, never

_FEW = 2**17
"""Values among which a search is quicker than one among blocks."""

_SLACK = 64.0  # in units of the last place; too many contenders cost time, too few would cost correctness


def steepest(slopes: Tensor, bias: Tensor) -> NDArray[np.int64]:
    """The lines that can matter where all start from one height: the steepest ones, unless they never rise above zero.

    Args:
        slopes: (B, W, N), W windows of N filters.
        bias: (N,) their common height at α = 0.

    Returns:
        (P,): (text · W + window) · N + filter.
    """
    if slopes.device.type == "cpu" and slopes.numel() <= _FEW:
        return _steepest_of_few(slopes.numpy(), bias.numpy(), never(slopes.dtype) / 2)
    tops = _block_tops(slopes)
    top = tops.amax(1)  # (B, N)
    possible = (top > never(top.dtype) / 2) & (top.clamp(min=0) + bias > 0)
    return _reaching(slopes, tops, torch.where(possible, top, torch.inf))


def _steepest_of_few(slopes: NDArray[Any], bias: NDArray[Any], bottom: float) -> NDArray[np.int64]:
    """The same without blocks, which would cost more calls than they save."""
    top = slopes.max(1)
    possible = (top > bottom) & (np.maximum(top, 0) + bias > 0)
    return np.flatnonzero(slopes >= np.where(possible, top, np.inf)[:, np.newaxis])


def contenders(before: Tensor, after: Tensor, bias: Tensor) -> NDArray[np.int64]:
    """The lines that can matter in general: those not below the two top lines, the one at α = 0 and the one at α = 1.

    The gap from a line up to the higher of those two is convex, bends only where they cross, and is nowhere negative at
    the ends; so a line that lies below their crossing lies below them everywhere.

    Args:
        before, after: (B, W, N), each line's height at α = 0 and at α = 1, without the bias.
        bias: (N,).

    Returns:
        (P,): (text · W + window) · N + filter.
    """
    bottom = never(after.dtype)
    first, last = before.amax(1, keepdim=True), after.amax(1, keepdim=True)  # (B, 1, N)
    first_end = torch.where(before == first, after, bottom).amax(1, keepdim=True)
    last_start = torch.where(after == last, before, bottom).amax(1, keepdim=True)
    fall, gain = first - last_start, last - first_end
    crossing = torch.where(fall + gain > 0, fall / (fall + gain), 0.5).clamp(1e-6, 1 - 1e-6)
    floor = torch.maximum(torch.lerp(first, first_end, crossing), torch.lerp(last_start, last, crossing))
    scale = first.abs() + first_end.abs() + last_start.abs() + last.abs()
    floor = floor - _SLACK * torch.finfo(after.dtype).eps * scale
    possible = (last > bottom / 2) & (torch.maximum(first, last) + bias > 0)
    heights = torch.lerp(before, after, crossing)
    return _reaching(heights, _block_tops(heights), torch.where(possible, floor, torch.inf).squeeze(1))


def _block_tops(values: Tensor) -> Tensor:
    """(B, W/BLOCK, N): each block's largest value."""
    return values.view(len(values), -1, BLOCK, values.shape[2]).amax(2)


def _reaching(values: Tensor, tops: Tensor, floor: Tensor) -> NDArray[np.int64]:
    """The flat places where values (B, W, N) reach floor (B, N), looked for only in the few blocks whose top does."""
    columns = values.shape[2]
    block = _where(tops >= floor.unsqueeze(1))  # (text · W/BLOCK + block) · N + column
    column = block % columns
    inside = ((block - column) * BLOCK + column).unsqueeze(1) + torch.arange(
        0, BLOCK * columns, columns, device=values.device
    )
    own = floor.view(-1).index_select(0, block // (tops.shape[1] * columns) * columns + column)
    found = values.view(-1).index_select(0, inside.view(-1)).view(inside.shape)
    return inside.view(-1).index_select(0, _where(found >= own.unsqueeze(1))).cpu().numpy()


def _where(condition: Tensor) -> Tensor:
    """The flat places where a condition holds."""
    return condition.view(-1).nonzero().squeeze(1)
