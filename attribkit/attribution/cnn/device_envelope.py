"""The upper envelopes of `envelope` as torch operations, on the device of the lines."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from attribkit.attribution.cnn.envelope import Envelope


@dataclass(frozen=True, eq=False)
class DeviceEnvelope:
    """An `Envelope` of tensors (P,) on one device; the attributes are the same."""

    segment: Tensor
    intercept: Tensor
    slope: Tensor
    start: Tensor
    end: Tensor
    share: Tensor

    def on_processor(self) -> Envelope:
        """The same in NumPy."""
        return Envelope(*(getattr(self, field.name).cpu().numpy() for field in fields(self)))


def upper_envelope(segment: Tensor, intercept: Tensor, slope: Tensor, segments: int) -> tuple[DeviceEnvelope, Tensor]:
    """The lines on the envelopes and their places among those given; see `envelope.upper_envelope`."""
    device, owners = segment.device, segment
    line = torch.arange(len(segment), device=device)
    piece = torch.full_like(segment, -1)
    height = largest(intercept, segment, segments)
    steep = largest(slope.masked_fill(intercept != height[segment], -torch.inf), segment, segments)
    alpha = torch.zeros(segments, dtype=torch.float64, device=device)
    going = height > -torch.inf
    pieces: list[tuple[Tensor, ...]] = []
    number = 0
    while True:
        here = going.nonzero().squeeze(1)
        numbers = torch.full((segments,), -1, dtype=torch.int64, device=device)
        numbers[here] = torch.arange(number, number + len(here), device=device)
        number += len(here)
        present_slope, present_height = steep[segment], height[segment]
        present = (intercept == present_height) & (slope == present_slope)
        piece[line[present]] = numbers[segment[present]]
        rise = slope - present_slope
        steeper = (rise > 0).nonzero().squeeze(1)
        line, segment, intercept, slope = line[steeper], segment[steeper], intercept[steeper], slope[steeper]
        crossing = (present_height[steeper] - intercept) / rise[steeper]
        end = torch.full((segments,), torch.inf, dtype=torch.float64, device=device)
        end = torch.maximum(end.scatter_reduce(0, segment, crossing, "amin"), alpha)
        pieces.append((height[here], steep[here], alpha[here], end[here].clamp(max=1.0)))
        going = going & (end < 1)
        if not bool(going.any()):
            break
        left = going[segment].nonzero().squeeze(1)
        line, segment, intercept, slope = line[left], segment[left], intercept[left], slope[left]
        meets = crossing[left] <= end[segment]
        steep = largest(slope.masked_fill(~meets, -torch.inf), segment, segments)
        first = meets & (slope == steep[segment])
        height = largest(intercept.masked_fill(~first, -torch.inf), segment, segments)
        alpha = end
    height, steep, start, end = (torch.cat(column) for column in zip(*pieces, strict=True))
    zero = -height / steep  # where the line meets zero; of a level one only its height counts
    start = torch.where(steep > 0, torch.maximum(start, zero), start)
    end = torch.where(steep < 0, torch.minimum(end, zero), end)
    end = torch.where((steep == 0) & (height <= 0), start, end)
    won = ((piece >= 0) & (end > start)[piece]).nonzero().squeeze(1)
    owner, piece = owners[won], piece[won]
    share = 1 / torch.bincount(piece, minlength=len(steep))[piece].double()
    return DeviceEnvelope(owner, height[piece], steep[piece], start[piece], end[piece], share), won


def level_envelope(segment: Tensor, intercept: Tensor, slope: Tensor, segments: int) -> DeviceEnvelope:
    """The same where all lines of a set start at one height; see `envelope.level_envelope`."""
    share = 1 / torch.bincount(segment, minlength=segments)[segment].double()
    rising = slope > 0
    zero = (intercept / (0.0 - slope)).clamp(0, 1)  # a level line meets zero at +∞
    start = torch.where(rising, zero, 0.0)
    return DeviceEnvelope(segment, intercept, slope, start, torch.where(rising, 1.0, zero), share)


def largest(values: Tensor, segment: Tensor, segments: int) -> Tensor:
    """(S,) each segment's largest value, −∞ where it has none."""
    return values.new_full((segments,), -torch.inf).scatter_reduce(0, segment, values, "amax")
