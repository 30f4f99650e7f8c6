"""The upper envelope of straight lines over α ∈ [0, 1], cut at zero: what a max-pooled ReLU does along a path."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from attribkit.attribution.lookup import BLOCK, never

_SLACK = 64.0  # in units of the last place; too many contenders cost time, too few would cost correctness


@dataclass(frozen=True, eq=False)
class Envelope:
    """D pieces of S envelopes, each a line's stretch above zero.

    Attributes:
        segment: (D,) whose envelope the piece is part of.
        intercept, slope: (D,) float64, the piece's line.
        start, end: (D,) float64, where it is on the envelope and above zero; end ≤ start if nowhere.
        share: (D,) float64, 1/m where m lines coincide: they share the piece equally, as `amax` shares a gradient.
    """

    segment: Tensor
    intercept: Tensor
    slope: Tensor
    start: Tensor
    end: Tensor
    share: Tensor

    @staticmethod
    def joined(parts: Sequence["Envelope"]) -> "Envelope":
        """All pieces of several."""
        return Envelope(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Envelope)))


def upper_envelope(segment: Tensor, intercept: Tensor, slope: Tensor, segments: int) -> tuple[Envelope, Tensor]:
    """The envelopes of many small sets of lines at once.

    Each starts at α = 0 on its top line (of tied ones the steepest), jumps to its first crossing with a steeper line
    (again the steepest of those that meet there), and so on while α < 1. A line no steeper than the present one is out
    for good, so the sets shrink with every jump.

    Args:
        segment: (P,) int64, which set a line belongs to.
        intercept, slope: (P,) float64.
        segments: S; sets without a line are allowed.

    Returns:
        The pieces, and (P,) int64 which of them each line belongs to, −1 if none.
    """
    line = torch.arange(len(segment), device=segment.device)
    piece = torch.full_like(line, -1)
    height = _largest(intercept, segment, segments)
    steep = _largest(torch.where(intercept == height[segment], slope, -torch.inf), segment, segments)
    alpha = torch.zeros_like(height)
    going = height > -torch.inf
    found: list[tuple[Tensor, ...]] = []
    number = 0
    while True:
        here = going.nonzero().squeeze(1)
        numbers = torch.full_like(going, -1, dtype=torch.int64)
        numbers[here] = torch.arange(number, number + len(here), device=here.device)
        number += len(here)
        present_slope, present_height = steep[segment], height[segment]
        piece = _put(piece, line, (intercept == present_height) & (slope == present_slope), numbers[segment])
        rise = slope - present_slope
        steeper = (rise > 0).nonzero().squeeze(1)
        end = torch.full_like(height, torch.inf)
        if len(steeper):
            line, segment, intercept, slope = line[steeper], segment[steeper], intercept[steeper], slope[steeper]
            crossing = (present_height[steeper] - intercept) / rise[steeper]
            end = end.scatter_reduce(0, segment, crossing, "amin").maximum(alpha)
        found.append((here, height[here], steep[here], alpha[here], end[here].clamp(max=1.0)))
        going = going & (end < 1)
        if not len(steeper) or not bool(going.any()):
            break
        kept = going[segment].nonzero().squeeze(1)
        line, segment, intercept, slope = line[kept], segment[kept], intercept[kept], slope[kept]
        meets = crossing[kept] <= end[segment]
        steep = _largest(torch.where(meets, slope, -torch.inf), segment, len(height))
        first = meets & (slope == steep[segment])
        height = _largest(torch.where(first, intercept, -torch.inf), segment, len(height))
        alpha = end
    owner, height, steep, start, end = (torch.cat(column) for column in zip(*found, strict=True))
    zero = -height / steep  # where the line meets zero; of a level one only its height counts
    start = torch.where(steep > 0, start.maximum(zero), start)
    end = torch.where(steep < 0, end.minimum(zero), end)
    end = torch.where((steep == 0) & (height <= 0), start, end)
    belongs = piece >= 0
    tied = torch.zeros_like(height).index_add_(0, piece.clamp(min=0), belongs.to(height.dtype))
    piece = torch.where(belongs & (end > start)[piece.clamp(min=0)], piece, -1)
    return Envelope(owner, height, steep, start, end, 1 / tied.to(steep.dtype)), piece


def level_envelope(segment: Tensor, intercept: Tensor, slope: Tensor) -> tuple[Envelope, Tensor]:
    """The same where all lines of a set start at one height: the steepest is the envelope, wherever it is above zero.

    Args:
        segment: (P,) int64.
        intercept: (S,) float64, each set's common height.
        slope: (P,) float64.

    Returns:
        One piece for each of the S sets, and (P,) int64, each line's set or −1 if it is not the steepest.
    """
    steep = _largest(slope, segment, len(intercept))
    wins = slope == steep.index_select(0, segment)
    piece, winning = segment, segment
    if not bool(wins.all()):
        piece, winning = torch.where(wins, segment, -1), segment[wins]
    tied = torch.bincount(winning, minlength=len(intercept))
    # where the line meets zero; a level one does so nowhere: at +∞ if it lies above, at −∞ if below
    zero = (intercept / (0.0 - steep)).clamp_(0, 1).nan_to_num_(0.0)
    rising = steep > 0
    start, end = torch.where(rising, zero, 0.0), torch.where(rising, 1.0, zero)
    everyone = torch.arange(len(intercept), device=segment.device)
    return Envelope(
        everyone,
        intercept,
        steep.clamp_(min=-torch.finfo(steep.dtype).max),
        start,
        end,
        tied.to(steep.dtype).reciprocal_(),
    ), piece


def steepest(slopes: Tensor, bias: Tensor) -> Tensor:
    """The lines that can matter where all start from one height: the steepest ones, unless they never rise above zero.

    Args:
        slopes: (B, W, N), W windows of N filters.
        bias: (N,) their common height at α = 0.

    Returns:
        (P,) int64: (text · W + window) · N + filter.
    """
    tops = _block_tops(slopes)
    top = tops.amax(1)  # (B, N)
    possible = (top > never(top.dtype) / 2) & (top.clamp(min=0) + bias > 0)
    return _reaching(slopes, tops, torch.where(possible, top, torch.inf))


def contenders(before: Tensor, after: Tensor, bias: Tensor) -> Tensor:
    """The lines that can matter in general: those not below the two top lines, the one at α = 0 and the one at α = 1.

    The gap from a line up to the higher of those two is convex, bends only where they cross, and is nowhere negative at
    the ends; so a line that lies below their crossing lies below them everywhere.

    Args:
        before, after: (B, W, N), each line's height at α = 0 and at α = 1, without the bias.
        bias: (N,).

    Returns:
        (P,) int64: (text · W + window) · N + filter.
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


def _reaching(values: Tensor, tops: Tensor, floor: Tensor) -> Tensor:
    """The flat places where values (B, W, N) reach floor (B, N), looked for only in the few blocks whose top does."""
    columns = values.shape[2]
    block = _where(tops >= floor.unsqueeze(1))  # (text · W/BLOCK + block) · N + column
    column = block % columns
    inside = ((block - column) * BLOCK + column).unsqueeze(1) + torch.arange(
        0, BLOCK * columns, columns, device=values.device
    )
    own = floor.view(-1).index_select(0, block // (tops.shape[1] * columns) * columns + column)
    found = values.view(-1).index_select(0, inside.view(-1)).view(inside.shape)
    return inside.view(-1).index_select(0, _where(found >= own.unsqueeze(1)))


def _where(condition: Tensor) -> Tensor:
    """The flat places where a condition holds."""
    return condition.view(-1).nonzero().squeeze(1)


def _largest(values: Tensor, segment: Tensor, segments: int) -> Tensor:
    return values.new_full((segments,), -torch.inf).scatter_reduce(0, segment, values, "amax")


def _put(target: Tensor, index: Tensor, where: Tensor, values: Tensor) -> Tensor:
    chosen = where.nonzero().squeeze(1)
    return target.index_put((index[chosen],), values[chosen])
