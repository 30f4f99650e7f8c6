"""Convolutions by lookup: each word's part in every tap of every filter; a window is a sum of K rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.attribution.cnn.filters import ClosedForm, Filters, geometry_fault
from attribkit.errors import InputError, NetworkError

_BEFORE, _AFTER, _WORDS = 0, 1, 2
_PAYS_FROM = 4
"""Texts from which on their common words are tabulated together; fewer tabulate their own."""
_TABLE_BYTES = 256 * 2**20


def masked_value(dtype: np.dtype[Any]) -> float:
    """What stands for −∞ in the sum of a window that holds no real token; finite, so that no NaN arises from it."""
    return float(np.finfo(dtype).min) / 16


@dataclass(frozen=True, eq=False)
class Tables:
    """⟨W_f[:, j], e_v⟩ for every word v, tap j and filter f: the convolutions of any text, ready to be summed.

    Tables belong to a run: build them, explain, drop them. Nothing keeps them with the model, so a changed weight can
    never yield a stale score; if they are used after an ordinary change of the weights, that is an error.

    They are computed where the network is and kept on the processor, where NumPy does what follows with the least
    to-do; on a GPU that is done by torch, with a second copy of `rows`.

    Attributes:
        filters: the network's.
        rows: (words·Q, F), Q rows per word; word 0 stands before a text, word 1 after it.
        norms: (words,) the length of each word's embedding.
        slots: (V,) each vocabulary id's word, −1 where it has none; None if word = id + 2 for the whole vocabulary.
        bias: (N,) the filters'.
        outgoing: (C, N) what each filter gives each logit.
        free: (C,) the logits' own bias.
        stamp: where the weights lay when they were read, and how often they had been changed in place.
    """

    filters: Filters
    rows: Tensor
    norms: NDArray[np.float64]
    slots: NDArray[np.int64] | None
    bias: NDArray[np.float64]
    outgoing: NDArray[np.float64]
    free: NDArray[np.float64]
    stamp: tuple[tuple[int, int], ...]

    @staticmethod
    def build(
        network: ClosedForm,
        vocabulary_ids: Tensor | None = None,
        max_bytes: int = 256 * 2**20,
        filters: Filters | None = None,
    ) -> "Tables":
        """Tables of a network's weights as they are now.

        Args:
            network: has a closed form.
            vocabulary_ids: the ids that the run will read, in any shape, repeated or not; None for all of them. A run
                that tabulates its own words never does more work than the convolutions it saves.
            max_bytes: the most memory they may take.
            filters: the network's, where they are known.

        Raises:
            ValueError: if they would take more; the message says how much.
        """
        filters, weight = filters or Filters.of(network), network.embedding.weight.detach()
        weight = weight.to(filters.device)
        words, slots = weight, None
        if vocabulary_ids is not None:
            used = torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
            used[vocabulary_ids.to(weight.device).flatten()] = True
            ids = used.nonzero().squeeze(1)
            slots = np.full(len(weight), -1)
            slots[ids.cpu().numpy()] = np.arange(_WORDS, len(ids) + _WORDS)
            words = weight[ids]
        needed = _nbytes(filters, weight.dtype, len(words))
        if needed > max_bytes:
            raise InputError(
                f"tables of {len(words):,} words take {needed:,} bytes, more than max_bytes={max_bytes:,}; pass the "
                "`vocabulary_ids` of fewer texts, allow more, or explain without tables"
            )
        return Tables(
            filters,
            _tabulate(filters, words),
            np.append([0.0, 0.0], torch.linalg.vector_norm(words.float(), dim=1).double().cpu().numpy()),
            slots,
            filters.bias(),
            filters.outgoing(network.output),
            _free(network.output),
            _stamp(network),
        )

    @staticmethod
    def of_run(
        network: Any, ids: Sequence[NDArray[np.int64]] | None, others: NDArray[np.int64] | None = None
    ) -> "Tables | None":
        """What is tabulated once for all texts of a run; None where it would not pay, not fit, or is no text CNN's.

        Args:
            network: any.
            ids: of the texts; None if any may come.
            others: ids that their baselines may read as well.
        """
        few = ids is not None and len(ids) < _PAYS_FROM
        if few or geometry_fault(network) is not None:
            return None
        own = [] if others is None else [others]
        words = None if ids is None else torch.from_numpy(np.unique(np.concatenate([*ids, *own])))
        count = len(network.embedding.weight) if words is None else len(words)
        needed = _nbytes(Filters.of(network), network.embedding.weight.dtype, count)
        return Tables.build(network, words) if needed <= _TABLE_BYTES else None

    @cached_property
    def device_rows(self) -> Tensor:
        """`rows` where the network is."""
        return self.rows.to(self.filters.device)

    @property
    def nbytes(self) -> int:
        """Bytes they take."""
        return self.rows.nbytes + (0 if self.slots is None else self.slots.nbytes)

    def words(self, ids: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The word (B, T) of each id; 1 where mask (B, T) is False. ValueError if a real token's id has none."""
        words = ids + _WORDS if self.slots is None else self.slots[ids]
        words = np.where(mask, words, _AFTER)
        if self.slots is not None and words.min(initial=0) < 0:
            missing = int(ids[words < 0][0])
            raise InputError(f"the tables hold no row for token id {missing}; build them from all texts of the run")
        return words

    def check(self, network: ClosedForm) -> None:
        """Raise RuntimeError if the network's weights are not those the tables were built from.

        An edit through `.data` leaves no trace to be seen here; building tables per run is what makes it harmless.
        """
        if self.stamp != _stamp(network):
            raise NetworkError("the network's weights have changed since its tables were built; build them anew")


def _nbytes(filters: Filters, kept: torch.dtype, words: int) -> int:
    """Bytes that tables of so many words take whose embeddings are kept in a type."""
    return (words + _WORDS) * filters.taps * filters.most * _wide(kept).itemsize


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
    first_rows: NDArray[np.int64]

    @staticmethod
    def of(filters: Filters, rows: Tensor, words: NDArray[np.int64]) -> "Windows":
        """The windows of words (B, T), in which 1 stands for padding; W is T + K − 1."""
        texts, length = words.shape
        edge = filters.widest - 1
        first_rows = np.full((texts, length + 2 * edge), _AFTER * filters.taps)
        first_rows[:, :edge] = _BEFORE
        np.multiply(words, filters.taps, out=first_rows[:, edge : edge + length])
        return Windows(filters, rows, first_rows)

    @staticmethod
    def of_vectors(filters: Filters, vectors: Tensor, index: NDArray[np.int64], mask: NDArray[np.bool_]) -> "Windows":
        """The windows of a text whose token (B, T) has the embedding vectors[index] of vectors (R, E)."""
        return Windows.of(filters, _tabulate(filters, vectors), np.where(mask, index + _WORDS, _AFTER))

    @property
    def count(self) -> int:
        """W."""
        windows: int = self.first_rows.shape[1] - self.filters.widest + 1
        return windows

    def sums(self, texts: slice, windows: slice) -> NDArray[Any]:
        """(b, w, N): the filters without their bias, `masked_value` where a window holds no real token."""
        filters = self.filters
        taps = (np.arange(windows.start, windows.stop)[:, np.newaxis] + filters.reach).reshape(-1)
        rows = self.first_rows[texts].take(taps, axis=1).reshape(-1, filters.taps)
        rows += np.arange(filters.taps)
        offsets = np.arange(0, rows.size, filters.taps)[:, np.newaxis] + filters.first_taps
        index, offset = torch.from_numpy(rows.reshape(-1)), torch.from_numpy(offsets.reshape(-1))
        sums = F.embedding_bag(index, self.rows, offset, mode="sum")
        return sums.numpy().reshape(-1, windows.stop - windows.start, filters.columns)

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
        cells = self.first_rows.reshape(-1)[places] * self.filters.most + self.filters.cells[column]
        # cells beyond the width lie below zero and are clipped to the first one, which holds 0
        return self.rows.numpy().reshape(-1).take(cells, mode="clip").astype(np.float64, copy=False)


def _wide(kept: torch.dtype) -> torch.dtype:
    return torch.promote_types(kept, torch.float32)


def _tabulate(filters: Filters, vectors: Tensor) -> Tensor:
    """(words·Q, F) for vectors (R, E), two words before them: one before a text and one after it.

    A window holds no real token just if its first tap lies after the text: that entry keeps it out of every maximum.
    """
    dtype = _wide(vectors.dtype)
    nowhere = masked_value(np.dtype(str(dtype).removeprefix("torch.")))
    table = torch.empty(len(vectors) + _WORDS, filters.taps, filters.most, dtype=dtype, device=vectors.device)
    table[:_WORDS] = 0
    torch.mm(vectors.to(dtype), filters.matrix(dtype), out=table[_WORDS:].view(len(vectors), -1))
    for first, count in zip(filters.first_taps, filters.counts, strict=True):
        table[_AFTER, first] = nowhere
        table[:, first, count:] = nowhere
    return table.view(-1, filters.most).cpu()


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
