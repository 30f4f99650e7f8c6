"""The outputs of a text CNN with any one more token removed, without running it for each.

Removing token i changes only the windows that hold it, K of each kernel; the best of all others is the best of the K +
1 largest windows that does not hold it, since at most K of them do. Those K windows are replaced

- with PAD, by the same K windows, each minus ⟨W[:, j], x_i − x_PAD⟩ at its own tap j;
- by deletion, where the text closes up, by K − 1 windows across the gap.

What each token adds to each tap is computed once per text, so a window is a sum of K rows of a table, and all outputs
together take little longer than one forward pass.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.closed_form_check import window_rounding
from attribkit.attribution.cnn.filters import Filters, geometry_fault


@dataclass(frozen=True, eq=False)
class WindowAblation:
    """One text as the windows of a text CNN, of which any tokens may be removed.

    Attributes:
        filters: the network's.
        contributions: ((T + 2) · Q, F) what each token adds to each tap of each filter; PAD's rows follow, then zeros
            for places beyond the text.
        lost: (Q, T, F) what is lost when PAD takes a token's place.
        bias: (G·F,).
        outgoing: (G·F, C), the output layer's weights.
        free: (C,) the output layer's bias.
    """

    filters: Filters
    contributions: Tensor
    lost: Tensor
    bias: Tensor
    outgoing: Tensor
    free: Tensor

    @staticmethod
    @torch.no_grad()
    def of(network: Any, ids: NDArray[np.int64], pad_id: int, logits: NDArray[np.float64]) -> "WindowAblation | None":
        """The text with these ids (T,); None if the network is no text CNN, or has other logits (C,) than one."""
        if geometry_fault(network) is not None:
            return None
        filters = Filters.of(network)
        device = filters.device
        table = network.embedding.weight.detach().to(device)
        rows = table[torch.from_numpy(np.append(ids, pad_id)).to(device)]
        dtype = torch.promote_types(rows.dtype, torch.float32)
        shares = rows.to(dtype) @ filters.matrix(dtype)
        taps = shares.unflatten(1, (filters.taps, filters.most))
        output = network.output
        free = torch.zeros(output.out_features) if output.bias is None else output.bias.detach()
        ablation = WindowAblation(
            filters,
            F.pad(shares, (0, 0, 0, 1)).view(-1, filters.most),
            (taps[:-1] - taps[-1]).transpose(0, 1).contiguous(),
            torch.from_numpy(filters.bias()).to(shares),
            torch.from_numpy(filters.outgoing(output).T).to(shares),
            free.to(shares),
        )
        best = ablation._best(ablation._read(np.ones((1, len(ids)), dtype=bool), "delete"))
        features = (best + ablation.bias).relu().double().cpu().numpy()
        longest = torch.linalg.vector_norm(rows[:-1].double(), dim=1).amax().reshape(1).cpu().numpy()
        bound = window_rounding(filters, filters.outgoing(output), features, longest)[0]
        return ablation if np.all(np.abs(ablation._logits(best).double().cpu().numpy()[0] - logits) <= bound) else None

    @torch.no_grad()
    def whole(self, keep: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
        """Logits (N, C) of the text with only the tokens of each row of `keep` (N, T), as many in each, at least one.

        Args:
            keep: True for the tokens that stay.
            how: "delete", or "pad" for those that do not.
        """
        return self._outputs(self._read(keep, how))

    @torch.no_grad()
    def each(self, keep: NDArray[np.bool_], how: str) -> NDArray[np.float64]:
        """Logits (N, n, C) of the text with all but one of the tokens of each row of `keep` (N, T), n of them True.

        Args:
            keep: True for equally many tokens, at least one, in every row.
            how: "delete", or "pad" for every token that is not kept.
        """
        left = self._read(keep, how)
        if how == "delete" and left.shape[1] == 1:  # nothing would be left: one PAD
            return self._outputs(torch.full_like(left, self.lost.shape[1]))[:, np.newaxis]
        parts = []
        for kernel, width in enumerate(self.filters.widths):
            windows = self._windows(left, kernel)
            best = _others(windows, width)
            new = self._across(left, kernel) if how == "delete" else self._padded(windows, kernel)
            parts.append(torch.maximum(best, new, out=best))
        logits = self._logits(torch.cat(parts, dim=2)).double().cpu().numpy()
        return logits if how == "delete" else logits[keep].reshape(len(keep), -1, logits.shape[2])

    def _read(self, keep: NDArray[np.bool_], how: str) -> Tensor:
        """(N, n) the tokens that are left, or (N, T) with PAD, which is number T, for those that are not."""
        length = keep.shape[1]
        left = np.nonzero(keep)[1] if how == "delete" else np.where(keep, np.arange(length), length)
        return torch.from_numpy(left.reshape(len(keep), -1)).to(self.contributions.device)

    def _outputs(self, left: Tensor) -> NDArray[np.float64]:
        """Logits (N, C) of tokens (N, n)."""
        return self._logits(self._best(left)).double().cpu().numpy()

    def _best(self, left: Tensor) -> Tensor:
        """(N, G·F): each filter's largest window over tokens (N, n), without its bias."""
        return torch.cat([self._windows(left, kernel).amax(1) for kernel in range(len(self.filters.widths))], dim=1)

    def _logits(self, best: Tensor) -> Tensor:
        """Logits (…, C) of each filter's largest window (…, G·F), its bias not yet added."""
        return best.add_(self.bias).relu_() @ self.outgoing + self.free

    def _windows(self, left: Tensor, kernel: int) -> Tensor:
        """(N, n + K − 1, F): a kernel's windows over tokens (N, n), without its bias; window t ends at token t."""
        width = self.filters.widths[kernel]
        return self._sums(self._beyond(left, width - 1).unfold(1, width, 1), kernel)

    def _across(self, left: Tensor, kernel: int) -> Tensor:
        """(N, n, F): the best of the windows that are new when a token goes and the text closes up."""
        width = self.filters.widths[kernel]
        if width == 1:
            return torch.full((1, 1, 1), -torch.inf, dtype=self.contributions.dtype, device=self.contributions.device)
        around = self._beyond(left, width - 1).unfold(1, 2 * width - 1, 1)  # (N, n, 2K − 1), the token in the middle
        beside = torch.cat((around[:, :, : width - 1], around[:, :, width:]), dim=2)
        return self._sums(beside.unfold(2, width, 1), kernel).amax(2)

    def _padded(self, windows: Tensor, kernel: int) -> Tensor:
        """(N, T, F): the best of the windows that hold a token when PAD takes its place."""
        width, first = self.filters.widths[kernel], self.filters.first_taps[kernel]
        holding = [windows[:, width - 1 - tap : windows.shape[1] - tap] for tap in range(width)]
        return torch.stack([each - self.lost[first + tap] for tap, each in enumerate(holding)]).amax(0)

    def _beyond(self, left: Tensor, count: int) -> Tensor:
        """Tokens (N, n) with so many places beyond the text on either side."""
        return F.pad(left, (count, count), value=self.lost.shape[1] + 1)

    def _sums(self, tokens: Tensor, kernel: int) -> Tensor:
        """(…, F): the windows over tokens (…, K)."""
        first, width, count = self.filters.first_taps[kernel], tokens.shape[-1], self.filters.taps
        rows = tokens * count + torch.arange(first, first + width, device=tokens.device)
        return F.embedding_bag(rows.reshape(-1, width), self.contributions, mode="sum").view(*tokens.shape[:-1], -1)


def _others(windows: Tensor, width: int) -> Tensor:
    """(N, n, F): the best of the windows (N, n + K − 1, F) that do not hold token i, i.e. all but i … i + K − 1.

    It is the largest window, except for the K tokens that this one holds. For them it is the best of those farther than
    K − 1 from the largest, or one of those nearer that does not hold the token.
    """
    largest, place = windows.max(1, keepdim=True)
    edge, device = width - 1, windows.device
    around = place + torch.arange(-edge, width, device=device)[:, None]  # (N, 2K − 1, F)
    inside = around.clamp(0, windows.shape[1] - 1)
    near = windows.gather(1, inside).masked_fill_(around != inside, -torch.inf)
    far = windows.scatter(1, inside, -torch.inf).amax(1, keepdim=True)
    back = torch.arange(width, device=device)  # how far before the largest window's last token
    ahead = torch.arange(2 * width - 1, device=device) + back[:, None] - edge  # of each near one, before its first
    holds = (ahead >= 0) & (ahead < width)  # (K, 2K − 1)
    without = near.unsqueeze(1).masked_fill(holds[:, :, None], -torch.inf).amax(2)
    best = largest.repeat(1, windows.shape[1] + edge, 1)  # with K − 1 places more on either side
    best.scatter_(1, place - back[:, None] + edge, torch.maximum(without, far))
    return best[:, edge : windows.shape[1]]
