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
        lost: (T, Q, F) what goes when PAD takes a token's place.
        bias: (G, F).
        outgoing: (G·F, C), free: (C,): the output layer.
    """

    filters: Filters
    given: Tensor
    pad: Tensor
    lost: Tensor
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
            given[:-1] - given[-1],
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
    def whole(self, keep: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
        """Logits (N, C) of the text with only the tokens of each row of `keep` (N, T), as many in each, at least one.

        Args:
            keep: True for the tokens that stay.
            how: "delete", or "pad" for those that do not.
        """
        given = self._given(keep, how)
        best = torch.cat([self._windows(given, kernel).amax(1) for kernel in self.kernels], dim=1)
        return self._logits(best).double().cpu().numpy()

    @torch.no_grad()
    def each(self, keep: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
        """Logits (N, n, C) of the text with the tokens of each row of `keep` (N, T) but one, n being those kept.

        Args:
            keep: True for equally many tokens, at least one, in every row.
            how: "delete", or "pad" for every token that is not kept.
        """
        places = _places(keep).to(self.given.device)
        given = self._given(keep, how)
        if how == "pad":
            parts = [self._padded(given, places, kernel) for kernel in self.kernels]
        elif places.shape[1] == 1:  # nothing would be left: one PAD
            alone = torch.cat([self._windows(self.pad[None, None], kernel).amax(1) for kernel in self.kernels], dim=1)
            return self._logits(alone).double().cpu().numpy()[None].repeat(len(keep), axis=0)
        else:
            parts = [self._closed(given, kernel) for kernel in self.kernels]
        return self._logits(torch.cat(parts, dim=2)).double().cpu().numpy()

    def _given(self, keep: NDArray[np.bool_], how: str) -> Tensor:
        """(N, n or T, Q, F): what the tokens left give."""
        if how == "pad":
            return torch.where(torch.from_numpy(keep).to(self.given.device)[:, :, None, None], self.given, self.pad)
        return self.given[_places(keep).to(self.given.device)]

    def _logits(self, best: Tensor) -> Tensor:
        """Logits (…, C) of each filter's largest window (…, G·F)."""
        return F.relu(best) @ self.outgoing + self.free

    def _windows(self, given: Tensor, kernel: int) -> Tensor:
        """(N, n + K − 1, F): window t ends at token t."""
        width, first, count = self.filters.widths[kernel], self.filters.first_taps[kernel], given.shape[1]
        windows = self.bias[kernel].expand(len(given), count + width - 1, -1).clone()
        for tap in range(width):
            windows[:, width - 1 - tap : width - 1 - tap + count] += given[:, :, first + tap]
        return windows

    def _padded(self, given: Tensor, places: Tensor, kernel: int) -> Tensor:
        """(N, n, F): each filter's best when PAD takes one more place."""
        width, first = self.filters.widths[kernel], self.filters.first_taps[kernel]
        windows = self._windows(given, kernel)
        best = _others(windows, width, given.shape[1])
        for tap in range(width):
            start = width - 1 - tap
            torch.maximum(best, windows[:, start : start + given.shape[1]] - self.lost[:, first + tap], out=best)
        return best.gather(1, places.unsqueeze(2).expand(-1, -1, best.shape[2]))

    def _closed(self, given: Tensor, kernel: int) -> Tensor:
        """(N, n, F): each filter's best when one token goes and the text closes up."""
        width, first = self.filters.widths[kernel], self.filters.first_taps[kernel]
        taps = given[:, :, first : first + width].unbind(2)
        best = _others(self._windows(given, kernel), width, given.shape[1])
        before, behind = _before(taps), [part.flip(1) for part in _before([tap.flip(1) for tap in reversed(taps)])]
        for left in range(1, width):  # tokens before the gap
            across = before[left] + behind[width - left]
            torch.maximum(best, across.add_(self.bias[kernel]), out=best)
        return best


def _places(keep: NDArray[np.bool_]) -> Tensor:
    """(N, n): where the tokens that are kept stand."""
    return torch.from_numpy(np.nonzero(keep)[1].reshape(len(keep), -1))


def _before(taps: Sequence[Tensor]) -> list[Tensor]:
    """For j = 0 … K − 1 what the first j taps (N, n, F) receive from the j tokens before each, 0 beyond the text."""
    sums = [torch.zeros_like(taps[0])]
    for tap in taps[:-1]:
        sums.append(torch.zeros_like(tap))
        torch.add(sums[-2][:, :-1], tap[:, :-1], out=sums[-1][:, 1:])
    return sums


def _others(windows: Tensor, width: int, count: int) -> Tensor:
    """(N, n, F): the best of the windows (N, n + K − 1, F) that do not hold token i, i.e. all but i … i + K − 1.

    It is the largest window, but for the K tokens that this one holds. For them it is the best of those farther than
    K − 1 from the largest, or one of those nearer that does not hold the token.
    """
    largest, place = windows.max(1, keepdim=True)
    best = largest.expand(-1, count, -1).clone()
    around = place + torch.arange(1 - width, width, device=place.device)[None, :, None]  # (N, 2K − 1, F)
    there = around.clamp(0, windows.shape[1] - 1)
    near = windows.gather(1, there).masked_fill_(around != there, -torch.inf)
    far = windows.scatter(1, there, -torch.inf).amax(1, keepdim=True)
    for back in range(width):  # the window's first token is K − 1 before its place
        token = place - back
        inside = (token >= 0) & (token < count)
        # of the 2K − 1 those holding the token stand from `token` on, K of them
        without = torch.cat((near[:, : width - 1 - back], near[:, 2 * width - 1 - back :], far), dim=1)
        token = token.clamp(0, count - 1)
        best.scatter_(1, token, torch.where(inside, without.amax(1, keepdim=True), best.gather(1, token)))
    return best
