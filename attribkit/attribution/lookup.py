"""Convolutions by lookup: a word's share in every tap of every filter is tabulated; a window is a sum of K rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.attribution.filters import ClosedForm, Filters

BLOCK = 16
"""Windows per block: their number is rounded up to a multiple, so that a maximum is looked for in its block alone."""

_BEFORE, _AFTER, _WORDS = 0, 1, 2


def never(dtype: torch.dtype) -> float:
    """What stands for −∞ in the sum of a window that holds no real token; finite, so that no NaN arises from it."""
    return torch.finfo(dtype).min / 16


@dataclass(frozen=True, eq=False)
class Tables:
    """⟨W_f[:, j], e_v⟩ for every word v, tap j and filter f: the convolutions of any text, ready to be summed.

    Tables belong to a run: build them, explain, drop them. Nothing keeps them with the model, so a changed weight can
    never yield a stale score; if they are used after an ordinary change of the weights, that is an error.

    Attributes:
        filters: the network's.
        rows: (words·Q, F), Q rows per word; word 0 stands before a text, word 1 after it.
        slots: (V,) each vocabulary id's word, −1 where it has none; None if word = id + 2 for the whole vocabulary.
        bias: (N,) the filters'.
        outgoing: (C, N) what each filter gives each logit; free: (C,) the logits' own bias.
        stamp: where the weights lay when they were read, and how often they had been changed in place.
    """

    filters: Filters
    rows: Tensor
    slots: Tensor | None
    bias: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    free: NDArray[np.float64]
    stamp: tuple[tuple[int, int], ...]

    @staticmethod
    def build(network: ClosedForm, vocabulary_ids: Tensor | None = None, max_bytes: int = 256 * 2**20) -> "Tables":
        """Tables of a network's weights as they are now.

        Args:
            network: has a closed form.
            vocabulary_ids: the ids that the run will read, in any shape, repeated or not; None for all of them. A run
                that tabulates its own words never does more work than the convolutions it saves.
            max_bytes: the most memory they may take.

        Raises:
            ValueError: if they would take more; the message says how much.
        """
        filters, weight = Filters.of(network), network.embedding.weight.detach()
        weight = weight.to(filters.device)
        words, slots = weight, None
        if vocabulary_ids is not None:
            used = torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
            used[vocabulary_ids.to(weight.device).flatten()] = True
            ids = used.nonzero().squeeze(1)
            slots = torch.full((len(weight),), -1, device=weight.device)
            slots[ids] = torch.arange(_WORDS, len(ids) + _WORDS, device=weight.device)
            words = weight[ids]
        needed = nbytes(network, len(words))
        if needed > max_bytes:
            raise ValueError(
                f"tables of {len(words):,} words take {needed:,} bytes, more than max_bytes={max_bytes:,}; pass the "
                "`vocabulary_ids` of fewer texts, allow more, or explain without tables"
            )
        return Tables(
            filters,
            _tabulate(filters, words),
            slots,
            filters.bias(),
            filters.outgoing(network.output),
            _free(network.output),
            _stamp(network),
        )

    @property
    def nbytes(self) -> int:
        """Bytes they take."""
        return self.rows.nbytes + (0 if self.slots is None else self.slots.nbytes)

    def words(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The word (B, T) of each id; 1 where mask (B, T) is False. ValueError if a real token's id has none."""
        found = ids + _WORDS if self.slots is None else self.slots[ids]
        found = torch.where(mask, found, _AFTER)
        if self.slots is not None and found.numel() and int(found.min()) < 0:
            missing = int(ids[found < 0][0])
            raise ValueError(f"the tables hold no row for token id {missing}; build them from all texts of the run")
        return found

    def check(self, network: ClosedForm) -> None:
        """Raise RuntimeError if the network's weights are not those the tables were built from.

        An edit through `.data` leaves no trace to be seen here; building tables per run is what makes it harmless.
        """
        if self.stamp != _stamp(network):
            raise RuntimeError("the network's weights have changed since its tables were built; build them anew")


def nbytes(network: ClosedForm, words: int) -> int:
    """Bytes that tables of so many words take."""
    filters, dtype = Filters.of(network), _dtype(network.embedding.weight)
    return (words + _WORDS) * filters.taps * filters.most * dtype.itemsize


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of a group of texts. Window t is the one that ends at position t; t runs from 0 to W − 1.

    Attributes:
        filters: the network's.
        rows: (words·Q, F), as in `Tables`.
        first_rows: (B, W + K − 1) the first row of each position's word, K − 1 positions before the text included.
    """

    filters: Filters
    rows: Tensor
    first_rows: Tensor

    @staticmethod
    def of(filters: Filters, rows: Tensor, words: Tensor) -> "Windows":
        """The windows of words (B, T), in which 1 stands for padding; W is T + K − 1, rounded up to whole blocks."""
        edge = filters.widest - 1
        count = -(-(words.shape[1] + edge) // BLOCK) * BLOCK
        padded = F.pad(F.pad(words, (0, count - words.shape[1]), value=_AFTER), (edge, 0), value=_BEFORE)
        return Windows(filters, rows, padded.mul_(filters.taps))

    @staticmethod
    def of_vectors(filters: Filters, vectors: Tensor, index: Tensor, mask: Tensor) -> "Windows":
        """The windows of a text whose token (B, T) has the embedding vectors[index] of vectors (R, E)."""
        words = torch.where(mask, index + _WORDS, _AFTER)
        return Windows.of(filters, _tabulate(filters, vectors), words)

    @property
    def count(self) -> int:
        """W."""
        return self.first_rows.shape[1] - self.filters.widest + 1

    def sums(self, first: int, last: int) -> Tensor:
        """(B, last − first, N): the filters without their bias, `never` where a window holds no real token."""
        filters, texts, count = self.filters, len(self.first_rows), last - first
        taps = (np.arange(first, last)[:, np.newaxis] + filters.reach).reshape(-1)
        rows = self.firsts.reshape(texts, -1).take(taps, axis=1).reshape(-1, filters.taps)
        rows += np.arange(filters.taps)
        offsets = np.arange(0, rows.size, filters.taps)[:, np.newaxis] + filters.first_taps
        sums = F.embedding_bag(self._at(rows), self.rows, self._at(offsets), mode="sum")
        return sums.view(texts, count, filters.columns)

    def _at(self, index: NDArray[np.int64]) -> Tensor:
        """Indices, flat, where the tables are."""
        return torch.from_numpy(index.reshape(-1)).to(self.rows.device)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """`first_rows`, flat."""
        return self.first_rows.cpu().numpy().reshape(-1)

    def places(self, row: NDArray[np.int64]) -> NDArray[np.int64]:
        """(P, K) where the tokens d = 0 … K − 1 places before a window's end stand in the padded texts, flattened.

        Args:
            row: (P,) windows: text · W + window.
        """
        edge = self.filters.widest - 1
        ends = row + (row // self.count + 1) * edge
        return ends[:, np.newaxis] - np.arange(edge + 1)

    def taps(self, places: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float64]:
        """(P, K): what the tokens at places (P, K) give the filter of each column (P,); 0 beyond its width."""
        cells = np.maximum(self.firsts[places] * self.filters.most + self.filters.cells[column], 0)
        return self.rows.view(-1).index_select(0, self._at(cells)).double().cpu().numpy().reshape(cells.shape)


def _dtype(weight: Tensor) -> torch.dtype:
    return torch.promote_types(weight.dtype, torch.float32)


def _tabulate(filters: Filters, vectors: Tensor) -> Tensor:
    """(words·Q, F) for vectors (R, E), two words before them: one before a text and one after it.

    A window holds no real token just if its first tap lies after the text: that entry keeps it out of every maximum.
    """
    dtype = _dtype(vectors)
    table = torch.empty(len(vectors) + _WORDS, filters.taps, filters.most, dtype=dtype, device=vectors.device)
    table[:_WORDS] = 0
    torch.mm(vectors.to(dtype), filters.matrix(dtype), out=table[_WORDS:].view(len(vectors), -1))
    for first, count in zip(filters.first_taps, filters.counts, strict=True):
        table[_AFTER, first] = never(dtype)
        table[:, first, count:] = never(dtype)
    return table.view(-1, filters.most)


def _free(output: nn.Linear) -> NDArray[np.float64]:
    """The output layer's bias (C,)."""
    return np.zeros(output.out_features) if output.bias is None else output.bias.detach().double().cpu().numpy()


def _stamp(network: ClosedForm) -> tuple[tuple[int, int], ...]:
    layers = (*network.convolutions, network.output)
    weights = [network.embedding.weight, *(each for layer in layers for each in (layer.weight, layer.bias))]
    # weights made in inference mode count no versions
    return tuple(
        (0, 0) if weight is None else (weight.data_ptr(), 0 if weight.is_inference() else weight._version)
        for weight in weights
    )
