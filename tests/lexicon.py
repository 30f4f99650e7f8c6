"""Bags of words whose weights are known: linear ones, on which methods agree, and one whose scores cannot add up."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from attribkit.models.classifier import Classifier
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer


class Lexicon(nn.Module):
    """Two logits: 0, and the sum of each word's own weight. All methods agree on it."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(weights), 1, padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.tensor(weights).unsqueeze(1))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        total = (self.embedding(ids).squeeze(2) * mask).sum(1)
        return torch.stack((torch.zeros_like(total), total), dim=1)


class Stepped(Lexicon):
    """Its second logit leaps by 4 as the sum of the weights rises above 0, where no gradient sees it.

    So the scores of a text with a sum S above 0 fail to add up, by 4 / Σ|weights|; those of all other texts do.
    """

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        logits = super().forward(ids, mask)
        return logits + torch.stack((torch.zeros_like(logits[:, 1]), 4.0 * (logits[:, 1] > 0)), dim=1)


class Votes(nn.Module):
    """A logit for each class: the sum of what each word gives it."""

    def __init__(self, weights: list[tuple[float, ...]]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(weights), len(weights[0]), padding_idx=0)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.tensor(weights))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return (self.embedding(ids) * mask.unsqueeze(2)).sum(1)


def votes(words: Mapping[str, tuple[float, ...]], labels: tuple[str, ...]) -> Classifier:
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: number for number, word in enumerate(words, 2)}
    none = (0.0,) * len(labels)
    return Classifier(Votes([none, none, *words.values()]), Tokenizer.of(vocabulary, TextSettings()), labels)


def lexicon(words: dict[str, float], network: type[Lexicon] = Lexicon) -> Classifier:
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: number for number, word in enumerate(words, 2)}
    return Classifier(network([0.0, 0.0, *words.values()]), Tokenizer.of(vocabulary, TextSettings()), ("neg", "pos"))
