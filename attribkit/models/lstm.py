"""The plain LSTM classifier, to compare attention with."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.models import embedding, recurrence


@dataclass(frozen=True)
class LSTMSettings:
    """Sizes of an `LSTMClassifier`.

    Attributes:
        vocabulary: rows of the embedding, V.
        classes: C, the logits; of a regression 1.
        embedding_size: E.
        hidden: H, units per direction.
        layers: recurrent layers on top of each other.
        bidirectional: whether the text is read both ways.
        summary: what the linear layer reads: "final", the final hidden states (of both directions); "last", the output
            at the last token; "mean" or "max", the mean or the largest of each unit's outputs over all tokens.
        dropout: share dropped of each text's embedding columns, between layers and of the summary while training.
    """

    vocabulary: int
    classes: int
    embedding_size: int = 100
    hidden: int = 128
    layers: int = 1
    bidirectional: bool = True
    summary: Literal["final", "last", "mean", "max"] = "final"
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if self.summary not in ("final", "last", "mean", "max"):
            raise InputError(f"`summary` must be 'final', 'last', 'mean' or 'max', got {self.summary!r}")


class LSTMClassifier(nn.Module):
    """Embedding → LSTM → its final states, or another summary of the text → linear.

    Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 1997; mean and max over the tokens:
    Conneau et al., "Supervised Learning of Universal Sentence Representations", EMNLP 2017.
    """

    def __init__(self, settings: LSTMSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = embedding.small(settings.vocabulary, settings.embedding_size)
        self.rnn = nn.LSTM(
            settings.embedding_size,
            settings.hidden,
            num_layers=settings.layers,
            bidirectional=settings.bidirectional,
            batch_first=True,
            dropout=settings.dropout if settings.layers > 1 else 0.0,
        )
        _open_forget_gates(self.rnn)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(settings.hidden * (2 if settings.bidirectional else 1), settings.classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens."""
        embedded = recurrence.drop_columns(self.embedding(ids), self.settings.dropout, self.training)  # (B, T, E)
        outputs, final = recurrence.run(self.rnn, embedded, mask)
        logits: Tensor = self.output(self.dropout(self._summary(outputs, final, mask)))
        return logits

    def _summary(self, outputs: Tensor, final: Tensor, mask: Tensor) -> Tensor:
        """(B, H·D) of every step's outputs (B, T, H·D), which are zero at padding, and the final states (B, H·D)."""
        if self.settings.summary == "final":
            return final
        lengths = mask.sum(1).clamp(min=1)
        if self.settings.summary == "last":
            return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]
        if self.settings.summary == "mean":
            return outputs.sum(1) / lengths.unsqueeze(1)
        return outputs.masked_fill(~mask.unsqueeze(-1), -1.0).amax(1)  # an LSTM's outputs lie above -1


@torch.no_grad()
def _open_forget_gates(rnn: nn.LSTM) -> None:
    """Let every forget gate begin open: else a text's beginning is forgotten before anything is learned from it.

    Source: Jozefowicz, Zaremba & Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.
    """
    for name, bias in rnn.named_parameters():
        if name.startswith("bias_ih"):
            bias[rnn.hidden_size : 2 * rnn.hidden_size] = 1.0
