"""The active windows by torch operations, on the network's device.

On a GPU the sums of all windows and the search among them take as long as the network's own forward pass; what then
remains is a handful of operations over the active windows.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from attribkit.attribution.cnn.active_windows import ActiveWindows, BaselinePath
from attribkit.attribution.cnn.candidate_windows import SLACK
from attribkit.attribution.cnn.device_envelope import DeviceEnvelope, level_envelope, upper_envelope
from attribkit.attribution.cnn.envelope import Numbers
from attribkit.attribution.cnn.filters import Filters
from attribkit.attribution.cnn.lookup_tables import Windows, masked_value


@dataclass(frozen=True, eq=False)
class DeviceRows:
    """The `Windows` of B texts on a device.

    Attributes:
        filters: the network's.
        rows: (words·Q, F), as in `Tables`.
        first_rows: (B, W + K − 1), as in `Windows`.
    """

    filters: Filters
    rows: Tensor
    first_rows: Tensor

    @staticmethod
    def of(windows: Windows, rows: Tensor) -> "DeviceRows":
        """The same windows, on the device of the rows."""
        return DeviceRows(windows.filters, rows, torch.from_numpy(windows.first_rows).to(rows.device))

    def sums(self) -> Tensor:
        """(B, W, N): see `Windows.sums`."""
        filters, device = self.filters, self.rows.device
        count = self.first_rows.shape[1] - filters.widest + 1
        taps = torch.arange(count, device=device).unsqueeze(1) + torch.from_numpy(filters.reach).to(device)
        rows = self.first_rows[:, taps.flatten()].view(-1, filters.taps) + torch.arange(filters.taps, device=device)
        first_taps = torch.tensor(filters.first_taps, device=device)
        offsets = torch.arange(0, rows.numel(), filters.taps, device=device).unsqueeze(1) + first_taps
        sums = F.embedding_bag(rows.flatten(), self.rows, offsets.flatten(), mode="sum")
        return sums.view(len(self.first_rows), count, filters.columns)

    def taps(self, places: Tensor, column: Tensor) -> Tensor:
        """(P, K) float64: see `Windows.taps`."""
        cells = torch.from_numpy(self.filters.cells).to(places.device)[column]
        cells = self.first_rows.flatten()[places] * self.filters.most + cells
        return self.rows.flatten()[cells.clamp(min=0)].double()  # cells beyond the width are clipped to one of 0


@dataclass(frozen=True, eq=False)
class DeviceWindows:
    """The windows that are on a filter's envelope somewhere on the path, on a device; see `ActiveWindows`.

    Attributes:
        path: what they are windows of.
        envelope: of P lines, one per window that won.
        row: (P,) int64, each line's window, text · W + window.
        column: (P,) int64, each line's filter.
        places: (P, K) where each line's tokens stand in the padded texts.
        taps: (P, K) float64, what they give it.
    """

    path: BaselinePath
    envelope: DeviceEnvelope
    row: Tensor
    column: Tensor
    places: Tensor
    taps: Tensor

    @staticmethod
    def of(path: BaselinePath, rows: Tensor, bias: Numbers) -> "DeviceWindows":
        """Find the active windows.

        Args:
            path: on the processor.
            rows: (words·Q, F) of the tables of the run, on the device.
            bias: (N,) of the filters.
        """
        filters, count, device = path.after.filters, path.after.count, rows.device
        after, before = DeviceRows.of(path.after, rows), None
        if path.before is not None:
            shared = path.before.rows is path.after.rows
            before = DeviceRows.of(path.before, rows if shared else path.before.rows.to(device))
        start = torch.from_numpy(bias).to(device)
        flat = steepest(after.sums(), start) if before is None else candidates(before.sums(), after.sums(), start)
        row = flat // filters.columns
        column = flat - row * filters.columns
        ends = row + (row // count + 1) * (filters.widest - 1)
        places = ends.unsqueeze(1) - torch.arange(filters.widest, device=device)
        taps = after.taps(places, column)
        segment = row // count * filters.columns + column
        segments = len(after.first_rows) * filters.columns
        if before is None or path.unmoved is None:
            return DeviceWindows(
                path, level_envelope(segment, start[column], _added(taps), segments), row, column, places, taps
            )
        base = before.taps(places, column)
        unmoved = torch.from_numpy(path.unmoved).to(device)
        taps = (taps - base).masked_fill(unmoved[places], 0.0)
        envelope, won = upper_envelope(segment, start[column] + _added(base), _added(taps), segments)
        return DeviceWindows(path, envelope, row[won], column[won], places[won], taps[won])

    def spread(self, weights: Tensor) -> Numbers:
        """The scores of the tokens: (J, B, W), of which the first T columns are the tokens'.

        Args:
            weights: (J, P) ω of each line.
        """
        edge = self.path.after.filters.widest - 1
        texts, padded = self.path.after.first_rows.shape
        totals = torch.zeros(len(weights), texts * padded, dtype=torch.float64, device=weights.device)
        for total, weight in zip(totals, weights, strict=True):
            total.index_add_(0, self.places.flatten(), (self.taps * weight.unsqueeze(1)).flatten())
        scores: Numbers = totals.view(len(weights), texts, padded)[..., edge:].cpu().numpy()
        return scores

    def on_processor(self) -> ActiveWindows:
        """The same in NumPy."""
        return ActiveWindows(
            self.path, self.envelope.on_processor(), self.row.cpu().numpy(), self.column.cpu().numpy(), None
        )


def steepest(slopes: Tensor, bias: Tensor) -> Tensor:
    """(P,) the flat places of the lines that can matter where all start from one height; see `candidate_windows`."""
    top = slopes.amax(1)
    possible = (top > _masked(slopes) / 2) & (top.clamp(min=0) + bias > 0)
    return _reaching(slopes, torch.where(possible, top, torch.inf))


def candidates(before: Tensor, after: Tensor, bias: Tensor) -> Tensor:
    """(P,) the flat places of the lines that can matter in general; see `candidate_windows.candidate_windows`."""
    bottom = _masked(after)
    first, last = before.amax(1), after.amax(1)  # (B, N)
    first_end = after.masked_fill(before != first.unsqueeze(1), bottom).amax(1)
    last_start = before.masked_fill(after != last.unsqueeze(1), bottom).amax(1)
    fall, gain = first - last_start, last - first_end
    crossing = torch.where(fall + gain > 0, fall / (fall + gain), 0.5).clamp(1e-6, 1 - 1e-6)
    floor = torch.maximum(_between(first, first_end, crossing), _between(last_start, last, crossing))
    scale = first.abs() + first_end.abs() + last_start.abs() + last.abs()
    floor = floor - SLACK * torch.finfo(after.dtype).eps * scale
    possible = (last > bottom / 2) & (torch.maximum(first, last) + bias > 0)
    heights = _between(before, after, crossing.unsqueeze(1))
    return _reaching(heights, torch.where(possible, floor, torch.inf))


def _between(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    return start * (1 - share) + end * share


def _reaching(values: Tensor, floor: Tensor) -> Tensor:
    return (values >= floor.unsqueeze(1)).flatten().nonzero().squeeze(1)


def _masked(sums: Tensor) -> float:
    return masked_value(np.dtype(str(sums.dtype).removeprefix("torch.")))


def _added(taps: Tensor) -> Tensor:
    """(P,) the sums of taps (P, K), all in one order, so that equal windows have equal sums."""
    total = taps[:, 0].clone()
    for tap in taps.T[1:]:
        total += tap
    return total
