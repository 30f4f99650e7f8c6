"""The text CNN: parallel convolutions, max over time, one linear layer."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class CNNSettings:
    """Sizes of a `TextCNN`.

    Attributes:
        vocabulary: rows of the embedding, V.
        classes: C, at least 2.
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
            raise ValueError(f"`widths` must hold at least one width of 1 or more, got {self.widths}")


class TextCNN(nn.Module):
    """Conv1d of several widths → ReLU → max over time → dropout → linear.

    The convolutions are wide (each slides over K − 1 rows of zeros at either end), so a one-token text works; only
    windows that hold a real token enter the max, so padding never matters. Tied windows share the gradient equally.

    Source: Kim, "Convolutional Neural Networks for Sentence Classification", EMNLP 2014.
    """

    def __init__(self, settings: CNNSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_size, padding_idx=0)
        self.embedding_dropout = nn.Dropout(settings.embedding_dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(settings.embedding_size, settings.filters, width, padding=width - 1) for width in settings.widths
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(settings.filters * len(settings.widths), settings.classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens."""
        embedded = self.embedding_dropout(self.embedding(ids)) * mask.unsqueeze(-1)  # (B, T, E)
        channels = embedded.transpose(1, 2)  # (B, E, T)
        pooled = []
        for convolution, width in zip(self.convolutions, self.settings.widths, strict=True):
            real = F.pad(mask, (width - 1, width - 1)).unfold(1, width, 1).any(-1)  # (B, T + K - 1)
            windows = convolution(channels).masked_fill(~real.unsqueeze(1), -torch.inf)  # (B, F, T + K - 1)
            pooled.append(F.relu(windows.amax(-1)))  # the max of ReLUs is the ReLU of the max
        return self.output(self.dropout(torch.cat(pooled, dim=1)))
