"""The attention-RNN: a recurrent layer, a softmax over its steps, a linear layer."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.models import embedding, recurrence


@dataclass(frozen=True)
class AttentionRNNSettings:
    """Sizes of an `AttentionRNN`.

    Attributes:
        vocabulary: rows of the embedding, V.
        classes: C, the logits; of a regression 1.
        embedding_size: E.
        cell: "rnn", "gru" or "lstm".
        hidden: H, units per direction.
        layers: recurrent layers on top of each other.
        bidirectional: whether the text is read both ways.
        scorer: "linear" scores a step h by v·h, "tanh" by v·tanh(W h + b).
        linear: sizes of hidden linear layers before the logits.
        dropout: share dropped of each text's embedding columns, between layers and of the context while training.
    """

    vocabulary: int
    classes: int
    embedding_size: int = 100
    cell: Literal["rnn", "gru", "lstm"] = "gru"
    hidden: int = 100
    layers: int = 1
    bidirectional: bool = True
    scorer: Literal["linear", "tanh"] = "tanh"
    linear: tuple[int, ...] = ()
    dropout: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "linear", tuple(self.linear))
        if self.cell not in recurrence.CELLS:
            raise InputError(f"`cell` must be one of {', '.join(recurrence.CELLS)}, got {self.cell!r}")
        if self.scorer not in ("linear", "tanh"):
            raise InputError(f"`scorer` must be 'linear' or 'tanh', got {self.scorer!r}")


class AttentionRNN(nn.Module):
    """Embedding → recurrent layer → masked attention → context → linear layers.

    Source: the additive scorer is that of Bahdanau, Cho & Bengio, ICLR 2015, with one learned query, as in Yang et
    al., "Hierarchical Attention Networks for Document Classification", NAACL 2016.
    """

    attention_gru = True  # what `attribkit.attribution.methods.gru_path` derives is this forward pass

    def __init__(self, settings: AttentionRNNSettings) -> None:
        super().__init__()
        self.settings = settings
        features = settings.hidden * (2 if settings.bidirectional else 1)
        self.embedding = embedding.small(settings.vocabulary, settings.embedding_size)
        self.rnn = recurrence.CELLS[settings.cell](
            settings.embedding_size,
            settings.hidden,
            num_layers=settings.layers,
            bidirectional=settings.bidirectional,
            batch_first=True,
            dropout=settings.dropout if settings.layers > 1 else 0.0,
        )
        self.projection = nn.Linear(features, features) if settings.scorer == "tanh" else None
        self.attention = nn.Linear(features, 1, bias=False)
        self.dropout = nn.Dropout(settings.dropout)
        sizes = (features, *settings.linear)
        hidden = [nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Dropout(settings.dropout)) for a, b in pairwise(sizes)]
        self.linear = nn.Sequential(*hidden)
        self.output = nn.Linear(sizes[-1], settings.classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens."""
        return self.attend(ids, mask)[0]

    def attend(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, C) and the attention (B, T) they were made with: rows sum to 1, padding gets exactly 0."""
        embedded = recurrence.drop_columns(self.embedding(ids), self.settings.dropout, self.training)  # (B, T, E)
        states, _ = recurrence.run(self.rnn, embedded, mask)  # (B, T, H·D)
        keys = states if self.projection is None else torch.tanh(self.projection(states))
        scores = self.attention(keys).squeeze(-1)  # (B, T)
        # the least finite number, not -inf: a row without any real token must not become NaN
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~mask, 0.0)
        context = torch.einsum("bt,bth->bh", weights, states)
        return self.output(self.linear(self.dropout(context))), weights
