"""The text CNN: parallel convolutions, max over time, one linear layer."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.models import embedding

_TOKENS_AT_ONCE = 4_096
"""Tokens whose windows' sums stay in a core's cache, for they are gone over twice."""

_WORDS_AT_ONCE = 256
"""Words are convolved in multiples of so many while learning: torch keeps megabytes for each size it has met."""


@dataclass(frozen=True)
class CNNSettings:
    """Sizes of a `TextCNN`.

    Attributes:
        vocabulary: rows of the embedding, V.
        classes: C, the logits; of a regression 1.
        embedding_size: E.
        widths: the kernels' widths K, in tokens.
        filters: F, filters per width.
        dropout: share of the pooled features dropped while training.
        embedding_dropout: share of the embedding's values dropped while training.
    """

    vocabulary: int
    classes: int
    embedding_size: int = 128
    widths: tuple[int, ...] = (3, 4, 5)
    filters: int = 64
    dropout: float = 0.5
    embedding_dropout: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths or min(self.widths) < 1:
            raise InputError(f"`widths` must hold at least one width of 1 or more, got {self.widths}")


class TextCNN(nn.Module):
    """Conv1d of several widths → ReLU → max over time → dropout → linear.

    The convolutions are wide (each slides over K − 1 rows of zeros at either end), so a one-token text works; only
    windows that hold a real token enter the max, so padding never matters. Tied windows share the gradient equally.

    Source: Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014.
    """

    tokens_at_once = 393_216  # of a batch: each distinct word of it is convolved once, and large ones repeat more
    closed_form = True  # of integrated gradients: what `forward` does between embedding and logits, and nothing else

    def __init__(self, settings: CNNSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = embedding.small(settings.vocabulary, settings.embedding_size)
        self.embedding_dropout = nn.Dropout(settings.embedding_dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(settings.embedding_size, settings.filters, width, padding=width - 1) for width in settings.widths
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(settings.filters * len(settings.widths), settings.classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens."""
        pooled = self._pooled_by_word(ids, mask) if self._tokens_are_words() else self._pooled(ids, mask)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits

    def _tokens_are_words(self) -> bool:
        """Whether a token's word is all that matters of it, so that each word may be convolved once: many times faster.

        It is not so if something reads or replaces the tokens' own vectors (a hook), drops some of their values, or may
        need each token's gradient (gradients outside training).
        """
        per_token = (self.embedding, self.embedding_dropout, *self.convolutions)
        hooked = any(module._forward_hooks or module._forward_pre_hooks for module in per_token)
        dropped = self.training and self.settings.embedding_dropout
        return not hooked and not dropped and (self.training or not torch.is_grad_enabled())

    def _pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Each filter's largest response, (B, F · widths)."""
        embedded = self.embedding_dropout(self.embedding(ids)) * mask.unsqueeze(-1)  # (B, T, E)
        channels = embedded.transpose(1, 2)  # (B, E, T)
        pooled = []
        for convolution, width in zip(self.convolutions, self.settings.widths, strict=True):
            windows = convolution(channels).masked_fill(~_window_mask(mask, width).unsqueeze(1), -torch.inf)
            pooled.append(F.relu(windows.amax(-1)))  # the max of ReLUs is the ReLU of the max
        return torch.cat(pooled, dim=1)

    def _pooled_by_word(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The same, faster: each distinct word meets every kernel column once, and windows are sums of those.

        A batch holds each word many times, so this saves most of the convolution. The largest window of each filter is
        found without gradients and, if those are wanted, computed once more with them: no other window would receive
        any. Windows tie if they hold the same words; which of them is taken makes no difference to the weights.
        """
        words, places = ids.unique(return_inverse=True)
        learning = torch.is_grad_enabled()
        if learning:
            words = F.pad(words, (0, -len(words) % _WORDS_AT_ONCE))
        embedded = self.embedding(words)  # (U, E)
        padding = len(words)  # of the table: the rows after the words, all zero, and then those that never are largest
        padded = not bool(mask.all())
        if padded:
            places = places.masked_fill(~mask, padding)
        places = places.int()  # half the bits, for they are written and read once for each token of a window
        chunks = _chunks(mask)
        pooled = []
        for convolution, width in zip(self.convolutions, self.settings.widths, strict=True):
            weight = convolution.get_parameter("weight")
            bias = 0.0 if convolution.bias is None else convolution.get_parameter("bias")
            columns = weight.permute(1, 2, 0).flatten(1)  # (E, K · F)
            products = (embedded @ columns).to(embedded.dtype)  # in half the bits if training asks for it, sums never
            never = products.new_full((1, products.shape[1]), -torch.inf)
            table = torch.cat((products, torch.zeros_like(never), never)).view(-1, len(weight))
            largest, chosen = [], []
            for texts, longest in chunks:
                real = _window_mask(mask[texts, :longest], width) if padded else None
                windows = _windows(places[texts, :longest], real, width, padding)
                with torch.no_grad():
                    sums = _sums(windows, table)
                    if learning:
                        best = sums.argmax(1).unsqueeze(-1).expand(-1, -1, width)  # (b, F, K)
                        chosen.append(windows.gather(1, best))
                    else:
                        largest.append(sums.amax(1))
            if not learning:
                pooled.append(F.relu(torch.cat(largest) + bias))
                continue
            filters = torch.arange(len(weight), device=ids.device)
            pooled.append(F.relu(table[torch.cat(chosen), filters.unsqueeze(-1)].sum(-1) + bias))
        return torch.cat(pooled, dim=1)


def _chunks(mask: Tensor) -> list[tuple[slice, int]]:
    """Texts whose windows are looked at together, and how many columns of mask (B, T) they reach into.

    Where texts come by length, each chunk is hardly padded, however much the batch is.
    """
    if mask.device.type != "cpu":
        return [(slice(0, len(mask)), mask.shape[1])]
    ends = (mask * torch.arange(1, mask.shape[1] + 1)).amax(1).clamp(min=1).tolist()
    chunks, begin, longest = [], 0, 0
    for row, end in enumerate(ends):
        if row > begin and max(longest, end) * (row - begin + 1) > _TOKENS_AT_ONCE:
            chunks.append((slice(begin, row), longest))
            begin, longest = row, 0
        longest = max(longest, end)
    return [*chunks, (slice(begin, len(ends)), longest)]


def _windows(places: Tensor, real: Tensor | None, width: int, padding: int) -> Tensor:
    """(B, T + K - 1, K): the table's rows of each window of places (B, T), of those without a real token the last."""
    first = F.pad(places * width, (width - 1, width - 1), value=padding * width)
    windows = first.unfold(1, width, 1) + torch.arange(width, dtype=places.dtype, device=places.device)
    return windows if real is None else windows.masked_fill_(~real.unsqueeze(-1), (padding + 1) * width)


def _sums(windows: Tensor, table: Tensor) -> Tensor:
    """(B, W, F): the sums of the table's rows (…, F) that windows (B, W, K) name."""
    sums: Tensor = F.embedding_bag(windows.flatten(0, 1), table, mode="sum").unflatten(0, windows.shape[:2])
    return sums


def _window_mask(mask: Tensor, width: int) -> Tensor:
    """(B, T + K - 1) bool: which windows hold a real token."""
    padded = F.pad(mask, (width - 1, width - 1))
    windows = mask.shape[1] + width - 1
    real = padded[:, :windows]
    for place in range(1, width):
        real = real | padded[:, place : place + windows]
    return real
