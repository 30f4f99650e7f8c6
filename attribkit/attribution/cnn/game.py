"""A text as a cooperative game for a text CNN: an absent word is replaced by its baseline, in its place.

All other words keep their places: a window has the same places whoever is absent, and its value is the bias plus what
each of its words, or that word's baseline, adds to its tap.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.attribution.cnn.filters import ClosedForm, Filters
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Game:
    """One text and its baseline as the filters see them, in float64 whatever the network is.

    Attributes:
        filters: the network's.
        present: (T, Q, F) what each word adds to each tap of each filter.
        absent: (T, Q, F) what its baseline adds; the very same if the embeddings are equal.
        free: (T,) bool, the words whose embedding is not the baseline's; all others have the value 0.
        bias: (G, F).
    """

    filters: Filters
    present: Numbers
    absent: Numbers
    free: NDArray[np.bool_]
    bias: Numbers

    def width(self, kernel: int) -> int:
        """K as the automaton needs it: at least 2. A kernel of one tap gets a second that gives nothing."""
        return max(2, self.filters.widths[kernel])

    def windows(self, kernel: int) -> int:
        """W = T + K − 1; window t ends at place t."""
        return len(self.free) + self.filters.widths[kernel] - 1

    def values(self, kernel: int, columns: slice, known: NDArray[np.int8] | None = None) -> Numbers:
        """(f, W, 2^K) a kernel's windows for each choice of the words that are present, the bias included.

        Bit d of a choice says whether the word d places before the window's end is present. −∞ for impossible choices:
        of a word beyond the text or one that is not free.

        Args:
            kernel: which of the G.
            columns: which of its filters.
            known: (T,) 1 for words that are surely present, 0 for those surely absent, −1 for others.
        """
        length, windows = len(self.free), self.windows(kernel)
        bias = self.bias[kernel, columns]
        base = np.repeat(bias[:, np.newaxis], windows, axis=1)
        gains, never = [], []
        for back in range(self.width(kernel)):
            place = slice(back, min(back + length, windows))
            tap = self.filters.widths[kernel] - 1 - back
            count = place.stop - place.start
            gain = np.full((len(bias), windows), -np.inf)
            gain[:, place] = np.where(self.free[:count], 0.0, -np.inf)
            if tap >= 0:
                row = self.filters.first_taps[kernel] + tap
                base[:, place] += self.absent[:count, row, columns].T
                gain[:, place] += (self.present[:count, row, columns] - self.absent[:count, row, columns]).T
            gains.append(gain)
            never.append((place, None if known is None else known[:count]))
        values = base[:, :, np.newaxis]
        for gain, (place, sure) in zip(gains, never, strict=True):
            absent, present = values, values + gain[:, :, np.newaxis]
            if sure is not None:
                absent = absent.copy()
                absent[:, place][:, sure == 1] = -np.inf
                present[:, place][:, sure == 0] = -np.inf
            values = np.concatenate((absent, present), axis=2)
        return values


@torch.no_grad()
def games(network: ClosedForm, ids: Tensor, mask: Tensor, baseline: Tensor | None) -> Iterator[Game]:
    """The game of each text; arguments as those of `integrated_gradients.attribute`.

    Raises:
        InputError: if the filters' geometry is not that of a closed form.
    """
    filters = Filters.of(network)
    device, weight = filters.device, network.embedding.weight.detach()
    matrix = filters.matrix(torch.float64)
    bias = filters.bias().reshape(len(filters.widths), filters.most)
    bias = np.where(np.arange(filters.most) < np.array(filters.counts)[:, np.newaxis], bias, -np.inf)
    for row, real in enumerate(mask):
        length = int(real.sum())
        words = weight[ids[row, :length].to(weight.device)]
        if baseline is None:
            nothing = torch.zeros_like(words)
        elif baseline.ndim == 1 and baseline.is_floating_point():
            nothing = baseline.to(words).expand_as(words)
        elif baseline.is_floating_point():
            nothing = baseline[row, :length].to(words)
        else:
            nothing = weight[baseline[row, :length].to(weight.device)]
        free = (words != nothing).any(1)
        taps = [each.to(device, torch.float64) @ matrix for each in (words, nothing)]
        taps[1] = torch.where(free.to(device).unsqueeze(1), taps[1], taps[0])
        present, absent = (each.view(length, filters.taps, filters.most).cpu().numpy() for each in taps)
        yield Game(filters, present, absent, free.cpu().numpy(), bias)


def directions(target: Target, rows: Numbers, method: str) -> Numbers:
    """(B, …) the linear combination of rows (C, …), the output layer's weights or its bias, for a target of B texts.

    Raises:
        InputError: if the target is no linear function of the logits.
    """
    index = target.index.cpu().numpy()
    weights: Numbers = rows[index]
    if target.against is not None:
        weights = weights - rows[target.against.cpu().numpy()]
    elif target.output == "log_odds" and len(rows) == 2:
        weights = weights - rows[1 - index]
    elif target.output != "logit":
        output = "probability" if target.is_probability else target.output
        raise InputError(
            f"{method} are exact for a logit or the difference of two, got output={output!r} of {len(rows)} "
            "classes; use output='logit' or a pair of classes as the target"
            + (", or method='shapley_sampling'" if method == "Shapley values" else "")
        )
    return weights
