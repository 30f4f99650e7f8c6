"""A linear bag of words, on which integrated gradients, leave-one-out and Shapley values are one and the same."""

import torch
from torch import Tensor, nn

from attribkit.classifier import Classifier
from attribkit.text import TextSettings, Tokenizer


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


def lexicon(words: dict[str, float]) -> Classifier:
    vocabulary = {"[PAD]": 0, "[UNK]": 1} | {word: number for number, word in enumerate(words, 2)}
    return Classifier(Lexicon([0.0, 0.0, *words.values()]), Tokenizer.of(vocabulary, TextSettings()), ("neg", "pos"))
