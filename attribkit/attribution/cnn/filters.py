"""A text CNN's filters of all widths on one grid, so that one operation serves them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.errors import InputError


def compute_device(device: torch.device) -> torch.device:
    """Where a network's closed form is computed: on its own device, unless that has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


class ClosedForm(Protocol):
    """What a network must have for its integrated gradients to have a closed form.

    Its logits are `output(cat_k relu(max_t convolutions[k](embedding(ids) · mask)))`, the maximum taken over the
    windows that hold a real token; each convolution is wide: it has padding K − 1 on both sides.
    """

    embedding: nn.Embedding
    convolutions: Any  # of Conv1d, in the order in which `output` reads their features
    output: nn.Linear


def named_as_text_cnn(network: object) -> bool:
    """Whether a network has modules `embedding`, `convolutions` and `output`, whatever they are."""
    parts = (getattr(network, name, None) for name in ("embedding", "convolutions", "output"))
    return all(isinstance(part, nn.Module) for part in parts)


def geometry_fault(network: Any) -> str | None:
    """Why a network's modules do not have the geometry of the closed form, as a clause; None if they do."""
    if not named_as_text_cnn(network):
        return f"the closed form needs `embedding`, `convolutions` and `output`, {type(network).__name__} lacks some"
    embedding, convolutions, output = network.embedding, network.convolutions, network.output
    if not isinstance(convolutions, nn.ModuleList) or not len(convolutions):
        return f"the closed form needs a ModuleList of convolutions, got {type(convolutions).__name__}"
    wanted: list[tuple[nn.Module, type[nn.Module]]] = [(embedding, nn.Embedding), (output, nn.Linear)]
    for module, kind in wanted + [(each, nn.Conv1d) for each in convolutions]:
        if not isinstance(module, kind) or type(module).forward is not kind.forward or module.weight is None:
            return f"the closed form needs {kind.__name__} as torch has it, got {type(module).__name__}"
        if "weight" not in module._parameters:
            return (
                f"the closed form needs weights of its own, those of {type(module).__name__} are computed from others"
            )
    if embedding.max_norm is not None:
        return "the closed form needs embeddings as they are stored, here `max_norm` shortens them"
    kernels: list[Any] = list(convolutions)
    for convolution in kernels:
        (width,) = convolution.kernel_size
        geometry = (convolution.stride, convolution.dilation, convolution.groups, convolution.padding)
        if geometry != ((1,), (1,), 1, (width - 1,)) or convolution.padding_mode != "zeros":
            return (
                "the closed form needs convolutions of stride, dilation and groups 1, padded with K − 1 zeros, got "
                f"{convolution}"
            )
        if convolution.in_channels != embedding.embedding_dim:
            return f"the convolutions must read embeddings of {embedding.embedding_dim} numbers, got {convolution}"
    filters = sum(convolution.out_channels for convolution in kernels)
    if output.in_features != filters:
        return f"`output` must read one feature per filter, {filters}, got {output.in_features}"
    return None


@dataclass(frozen=True, eq=False)
class Filters:
    """G convolutions of F filters each, a grid of N = G·F columns; the last ones of a convolution may be absent.

    A tap is one position of a kernel; the taps of all widths form one row of Q = ΣK, each kernel's in reading order.

    Attributes:
        convolutions: the network's own.
        widths: (G,) the kernels' widths K.
        counts: (G,) how many filters each has.
    """

    convolutions: Sequence[nn.Conv1d]
    widths: tuple[int, ...]
    counts: tuple[int, ...]

    @staticmethod
    def of(network: ClosedForm) -> "Filters":
        """The network's filters.

        Raises:
            ValueError: if their geometry has no closed form here.
        """
        reason = geometry_fault(network)
        if reason is not None:
            raise InputError(f"{reason}; use method='quadrature' for this network")
        convolutions = list(network.convolutions)
        counts = tuple(convolution.out_channels for convolution in convolutions)
        return Filters(convolutions, tuple(convolution.kernel_size[0] for convolution in convolutions), counts)

    @cached_property
    def device(self) -> torch.device:
        """Where they are computed."""
        return compute_device(self.convolutions[0].weight.device)

    @cached_property
    def most(self) -> int:
        """F, the columns of one width."""
        return max(self.counts)

    @cached_property
    def columns(self) -> int:
        """N = G·F."""
        return len(self.widths) * self.most

    @cached_property
    def widest(self) -> int:
        """The largest K."""
        return max(self.widths)

    @cached_property
    def taps(self) -> int:
        """Q = ΣK."""
        return sum(self.widths)

    @cached_property
    def first_taps(self) -> tuple[int, ...]:
        """(G,) the place of each kernel's first tap in the row of all taps."""
        return tuple(sum(self.widths[:number]) for number in range(len(self.widths)))

    @cached_property
    def reach(self) -> NDArray[np.int64]:
        """(Q,): which of the widest kernel's tokens each tap sees; all kernels end at the same token."""
        return np.array([self.widest - width + tap for width in self.widths for tap in range(width)])

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """(N, K): in a word's Q·F table cells, that of column n for the token d places before a window's end.

        Far below zero where the kernel does not reach so far back.
        """
        grid = np.full((len(self.widths), self.most, self.widest), np.iinfo(np.int64).min // 2)
        for kernel, (width, first) in enumerate(zip(self.widths, self.first_taps, strict=True)):
            taps = np.arange(first + width - 1, first - 1, -1)
            grid[kernel, :, :width] = taps * self.most + np.arange(self.most)[:, np.newaxis]
        return grid.reshape(self.columns, self.widest)

    @cached_property
    def sizes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(N,) each: a kernel's length times √K, and its |bias|; Σ|terms| is at most x times the one plus the other.

        Where x is the length of the longest embedding (Cauchy and Schwarz).
        """
        kernels = [torch.linalg.vector_norm(each.weight.detach().flatten(1), dim=1) for each in self.convolutions]
        roots = np.sqrt(np.repeat(self.widths, self.most))
        return self.on_grid(torch.cat(kernels)) * roots, np.abs(self.bias())

    def matrix(self, dtype: torch.dtype) -> Tensor:
        """(E, Q·F): an embedding times this gives its share in every tap of every filter; absent ones get 0."""
        parts = []
        for convolution, count in zip(self.convolutions, self.counts, strict=True):
            taps = convolution.weight.detach().to(self.device, dtype).permute(1, 2, 0)  # (E, K, filters)
            parts.append(taps if count == self.most else nn.functional.pad(taps, (0, self.most - count)))
        return torch.cat(parts, dim=1).flatten(1)

    def bias(self) -> NDArray[np.float64]:
        """(N,)."""
        parts = [
            convolution.weight.new_zeros(count) if convolution.bias is None else convolution.bias.detach()
            for convolution, count in zip(self.convolutions, self.counts, strict=True)
        ]
        return self.on_grid(torch.cat(parts))

    def outgoing(self, output: nn.Linear) -> NDArray[np.float64]:
        """(C, N): the output layer's weights on the grid, 0 where no filter is."""
        return self.on_grid(output.weight.detach())

    def numbers(self, column: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of each column in the output layer's input, counting absent columns out."""
        if min(self.counts) == self.most:
            return column
        ahead = [number * self.most - sum(self.counts[:number]) for number in range(len(self.counts))]
        rows: NDArray[np.int64] = column - np.array(ahead)[column // self.most]
        return rows

    def on_grid(self, values: Tensor) -> NDArray[np.float64]:
        """(…, N): values (…, ΣF) with zeros where a column is absent."""
        if min(self.counts) < self.most:
            parts = values.split(self.counts, dim=-1)
            values = torch.cat([nn.functional.pad(part, (0, self.most - part.shape[-1])) for part in parts], dim=-1)
        return values.double().cpu().numpy()
