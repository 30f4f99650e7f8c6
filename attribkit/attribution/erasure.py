"""A text CNN asked what it says when any one more token goes, without running it for each.

Removing token i touches only the windows that hold it, K of each kernel; the best of all others is the best of the
K + 1 largest windows that does not hold it, for K of them at most do. What comes in place of those K:

- by PAD, the same K windows, each less ⟨W[:, j], x_i − x_PAD⟩ at its own tap j;
- by deletion, where the text closes up, K − 1 windows across the gap. One with j tokens before it is the sum of what
  those give the first j taps and of what the tokens behind it give the last K − j: running sums from either side.

So all outputs together cost little more than one forward pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.filters import Filters
from attribkit.attribution.perturbation import wide_filters

_AGREES = 1e-3
"""How near to the network's own logits the windows' must come to be used, relative to 1 + |z|."""


@dataclass(frozen=True, eq=False)
class WindowErasure:
    """One text as a text CNN's windows see it.

    Attributes:
        filters: the network's.
        given: (T, Q, F) what each token gives each tap of each filter.
        pad: (Q, F) the same of PAD.
        bias: (G, F).
        outgoing: (G·F, C), free: (C,): the output layer.
    """

    filters: Filters
    given: Tensor
    pad: Tensor
    bias: Tensor
    outgoing: Tensor
    free: Tensor

    @staticmethod
    @torch.no_grad()
    def of(network: Any, ids: NDArray[np.int64], pad_id: int, logits: NDArray[np.float64]) -> "WindowErasure | None":
        """The text with these ids (T,); None where the network is no text CNN, or says other logits (C,) than that."""
        filters = wide_filters(network)
        if filters is None:
            return None
        device = filters.device
        table = network.embedding.weight.detach().to(device)
        rows = table[torch.from_numpy(np.append(ids, pad_id)).to(device)]
        dtype = torch.promote_types(rows.dtype, torch.float32)
        given = (rows.to(dtype) @ filters.matrix(dtype)).unflatten(1, (filters.taps, filters.most))
        output = network.output
        free = torch.zeros(output.out_features) if output.bias is None else output.bias.detach()
        found = WindowErasure(
            filters,
            given[:-1],
            given[-1],
            torch.from_numpy(filters.bias()).to(given).view(-1, filters.most),
            torch.from_numpy(filters.outgoing(output).T).to(given),
            free.to(given),
        )
        own = torch.cat([found._windows(given[:-1].unsqueeze(0), kernel).amax(1) for kernel in found.kernels], dim=1)
        near = found._logits(own).double().cpu().numpy()[0]
        return found if np.all(np.abs(near - logits) <= _AGREES * (1 + np.abs(logits))) else None

    @property
    def kernels(self) -> range:
        """The kernels' numbers."""
        return range(len(self.filters.widths))

    @torch.no_grad()
    def each(self, keep: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
        """Logits (N, n, C) of the text with the tokens of each row of `keep` (N, T) but one, n being those kept.

        Args:
            keep: True for equally many tokens, at least one, in every row.
            how: "delete", or "pad" for every token that is not kept.
        """
        places = torch.from_numpy(np.array([np.flatnonzero(row) for row in keep])).to(self.given.device)
        if how == "pad":
            kept = torch.from_numpy(keep).to(self.given.device)[:, :, None, None]
            parts = [self._padded(torch.where(kept, self.given, self.pad), places, kernel) for kernel in self.kernels]
        elif places.shape[1] == 1:  # nothing would be left: one PAD
            alone = torch.cat([self._windows(self.pad[None, None], kernel).amax(1) for kernel in self.kernels], dim=1)
            return self._logits(alone).double().cpu().numpy()[None].repeat(len(keep), axis=0)
        else:
            given = self.given[places]
            parts = [self._closed(given, kernel) for kernel in self.kernels]
        return self._logits(torch.cat(parts, dim=2)).double().cpu().numpy()

    def _logits(self, best: Tensor) -> Tensor:
        """Logits (…, C) of each filter's largest window (…, G·F)."""
        return F.relu(best) @ self.outgoing + self.free

    def _taps(self, given: Tensor, kernel: int) -> list[Tensor]:
        """K tensors (N, n + 2(K − 1), F): what each place gives one tap, zeros before and after the text."""
        width, first = self.filters.widths[kernel], self.filters.first_taps[kernel]
        framed = F.pad(given[:, :, first : first + width], (0, 0, 0, 0, width - 1, width - 1))
        return list(framed.unbind(2))

    def _windows(self, given: Tensor, kernel: int) -> Tensor:
        """(N, n + K − 1, F): window t ends at token t."""
        taps = self._taps(given, kernel)
        return _running(taps)[-1][:, len(taps) - 1 :] + self.bias[kernel]

    def _padded(self, given: Tensor, places: Tensor, kernel: int) -> Tensor:
        """(N, n, F): each filter's best when PAD takes one more place."""
        width, first = self.filters.widths[kernel], self.filters.first_taps[kernel]
        windows = self._windows(given, kernel)
        best = _others(windows, width, given.shape[1])
        lost = self.given[:, first : first + width] - self.pad[first : first + width]  # (T, K, F)
        for tap in range(width):
            start = width - 1 - tap
            torch.maximum(best, windows[:, start : start + given.shape[1]] - lost[:, tap], out=best)
        return best.gather(1, places.unsqueeze(2).expand(-1, -1, best.shape[2]))

    def _closed(self, given: Tensor, kernel: int) -> Tensor:
        """(N, n, F): each filter's best when one token goes and the text closes up."""
        taps, count = self._taps(given, kernel), given.shape[1]
        width = len(taps)
        before, behind = _running(taps), _running([tap.flip(1) for tap in reversed(taps)])
        windows = before[-1][:, width - 1 :] + self.bias[kernel]
        best = _others(windows, width, count)
        for left in range(1, width):  # tokens before the gap
            across = (
                before[left - 1][:, width - 2 : width - 2 + count]
                + behind[width - left - 1].flip(1)[:, width : width + count]
            )
            torch.maximum(best, across + self.bias[kernel], out=best)
        return best


def _running(taps: Sequence[Tensor]) -> list[Tensor]:
    """For j = 1 … K what the first j taps receive together when the last of them stands at a place, (N, L, F)."""
    sums = [taps[0]]
    for tap in taps[1:]:
        sums.append(tap + F.pad(sums[-1][:, :-1], (0, 0, 1, 0)))
    return sums


def _others(windows: Tensor, width: int, count: int) -> Tensor:
    """(N, n, F): the best of the windows (N, n + K − 1, F) that do not hold token i, i.e. all but i … i + K − 1."""
    values, places = [], []
    rest = windows.clone()
    for _ in range(min(width + 1, windows.shape[1])):
        value, place = rest.max(1, keepdim=True)
        rest.scatter_(1, place, -torch.inf)
        values.append(value)
        places.append(place)
    best = values[0].expand(-1, count, -1).clone()
    for back in range(width):  # only the K tokens that the largest window holds need another
        token = places[0] - back
        other = torch.full_like(values[0], -torch.inf)
        for value, place in zip(reversed(values), reversed(places), strict=True):
            holds = (place >= token) & (place < token + width)
            other = torch.where(holds, other, value)
        inside = (token >= 0) & (token < count)
        token = token.clamp(0, count - 1)
        best.scatter_(1, token, torch.where(inside, other, best.gather(1, token)))
    return best
