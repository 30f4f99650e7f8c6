"""Forty random networks of ten families against Captum at 2,000 steps in float64, alone and in a batch."""

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.text import WordIndex

WORDS = {"<pad>": 0, "<unk>": 1, **{f"w{number}": number + 2 for number in range(40)}}
CHARACTERS = {"<pad>": 0, "<unk>": 1, **{letter: row + 2 for row, letter in enumerate("abcdefgh ")}}


class Family(nn.Module):
    """A network as a function of ids, and the same as a function of the words' vectors (N, T, 8)."""

    inputs: str = "ids"
    options: dict[str, int] = {}
    level: str = "word"

    def __init__(self) -> None:
        super().__init__()
        self.words, self.linear = nn.Embedding(42, 8), nn.Linear(8, 3)
        self.build()

    def build(self) -> None:
        """Layers of its own."""

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        return self.of_vectors(self.words(x))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        raise NotImplementedError


class MeanPool(Family):
    def build(self) -> None:
        self.hidden = nn.Linear(8, 8)

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.hidden(2 * vectors.mean(1)).relu())


class Convolution(Family):
    def build(self) -> None:
        self.windows = nn.Conv1d(8, 8, 3)

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.windows(vectors.transpose(1, 2)).relu().amax(2))


class PackedLSTM(Family):
    inputs = "ids, lengths"

    def build(self) -> None:
        self.rnn = nn.LSTM(8, 8, batch_first=True)

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.words(x), more[0], batch_first=True, enforce_sorted=False)
        return self.linear(self.rnn(packed)[1][0][-1])

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.rnn(vectors)[1][0][-1])


class MaskedAttention(Family):
    """A GRU and attention that masks by the ids, so that padding alone has no answer."""

    def build(self) -> None:
        self.rnn, self.score = nn.GRU(8, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        states = self.rnn(self.words(x))[0]
        weights = self.score(states).squeeze(2).masked_fill(x == 0, -torch.inf).softmax(1)
        return self.linear((weights.unsqueeze(2) * states).sum(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        states = self.rnn(vectors)[0]
        return self.linear((self.score(states).softmax(1) * states).sum(1))


class Encoder(Family):
    inputs = "ids, mask"

    def build(self) -> None:
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        real = more[0].unsqueeze(2)
        encoded = self.encoder(self.words(x), src_key_padding_mask=~more[0]).masked_fill(~real, 0.0)
        return self.linear(encoded.sum(1) / real.sum(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.encoder(vectors).mean(1))


class BatchNorm(Family):
    def build(self) -> None:
        self.norm = nn.BatchNorm1d(8)
        self.norm.running_mean.normal_()  # type: ignore[union-attr]  # it has running statistics
        self.norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]  # likewise

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.norm(vectors.mean(1)).tanh())


class Positions(Family):
    """A second embedding, of positions, and the first looked up twice."""

    def build(self) -> None:
        self.positions = nn.Embedding(30, 8)

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        return self._read(self.words(x), self.words(x[:, :1]))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self._read(vectors, vectors[:, :1])

    def _read(self, vectors: Tensor, first: Tensor) -> Tensor:
        return self.linear(((vectors + self.positions.weight[: vectors.shape[1]]).tanh() * first.sigmoid()).mean(1))


class Bag(Family):
    """No embedding layer that gradients could be taken of."""

    def build(self) -> None:
        self.words = nn.EmbeddingBag(42, 8)  # type: ignore[assignment]  # on purpose

    def forward(self, x: Tensor, *more: Tensor) -> Tensor:
        return self.linear(self.words(x).tanh())


class Characters(Family):
    level = "character"

    def build(self) -> None:
        self.windows = nn.Conv1d(8, 8, 3, padding=1)

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(self.windows(vectors.transpose(1, 2)).tanh().mean(2))


class FixedLength(Family):
    options = {"length": 24}

    def build(self) -> None:
        self.linear = nn.Linear(24 * 8, 3)

    def of_vectors(self, vectors: Tensor) -> Tensor:
        rest = self.words.weight[0].expand(len(vectors), 24 - vectors.shape[1], 8)
        return self.linear(torch.cat((vectors, rest), 1).tanh().flatten(1))


FAMILIES = [
    *(MeanPool, Convolution, PackedLSTM, MaskedAttention, Encoder),
    *(BatchNorm, Positions, Bag, Characters, FixedLength),
]


def network_of(family: type[Family], seed: int) -> Family:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return family().eval()


def model(network: Family) -> ak.Classifier:
    embedding: Any = False if isinstance(network, Bag) else network.words
    adapted = Adapted(network, network.inputs, embedding=embedding, **network.options)  # type: ignore[arg-type]  # names
    index = WordIndex(CHARACTERS, list) if network.level == "character" else WordIndex(WORDS, str.split)
    return ak.Classifier(adapted, index, ("a", "b", "c"))


def texts_of(network: Family, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    if network.level == "character":
        return ["".join(draw.choice(list("abcdefgh "), draw.integers(4, 20))).strip() or "a" for _ in range(4)]
    return [" ".join(f"w{number}" for number in draw.integers(0, 40, draw.integers(4, 20))) for _ in range(4)]


def by_captum(network: Family, ids: list[int], label: int, baseline: int) -> np.ndarray:
    network = network.double()
    vectors = network.words.weight.detach()

    def log_odds(points: Tensor) -> Tensor:
        logits = network.of_vectors(points)
        rest = [other for other in range(3) if other != label]
        return logits[:, label] - logits[:, rest].logsumexp(1)

    end, start = vectors[ids].unsqueeze(0), vectors[[baseline] * len(ids)].unsqueeze(0)
    scores = IntegratedGradients(log_odds).attribute(end, start, n_steps=2_000, internal_batch_size=2_000)
    network.float()
    return scores.sum(2)[0].numpy()


def by_all_coalitions(network: Family, ids: list[int], label: int) -> np.ndarray:
    """Shapley values over all orders of at most 8 words, an absent word being padding."""
    count = len(ids)
    present = torch.tensor([[bits >> place & 1 for place in range(count)] for bits in range(2**count)]).bool()
    with torch.no_grad():
        logits = network(torch.where(present, torch.tensor(ids), 0)).double()
    rest = [other for other in range(3) if other != label]
    value = (logits[:, label] - logits[:, rest].logsumexp(1)).numpy()
    sizes = present.sum(1).numpy()
    factorial = np.cumprod([1.0, *range(1, count + 1)])
    scores = np.zeros(count)
    for place in range(count):
        without = np.flatnonzero(~present[:, place].numpy())
        weights = factorial[sizes[without]] * factorial[count - 1 - sizes[without]] / factorial[count]
        scores[place] = (weights * (value[without | 1 << place] - value[without])).sum()
    return scores


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_scores_are_those_of_captum_with_many_steps(family: type[Family], seed: int) -> None:
    network = network_of(family, seed)
    classifier, texts = model(network), texts_of(network, seed)
    if family is Bag:
        texts = [" ".join(text.split()[:8]) for text in texts]
    together = ak.explain(classifier, texts, views=["attribution"])
    converged = 0
    for text, why in zip(texts, together, strict=True):
        alone = ak.explain(classifier, text, views=["attribution"]).token_scores
        panel = why.token_scores
        np.testing.assert_allclose(alone.scores, panel.scores, atol=1e-3 * np.abs(panel.scores).sum())
        ids = classifier.ids([text])[0].tolist()
        label = classifier.labels.index(panel.target)
        baseline = 1 if family is MaskedAttention else 0
        assert panel.baseline == ("unk" if baseline else "pad")
        if not panel.converged:
            continue  # it says so
        converged += 1
        right = by_all_coalitions(network, ids, label) if family is Bag else by_captum(network, ids, label, baseline)
        np.testing.assert_allclose(panel.scores, right, atol=1e-3 * np.abs(right).sum())
    assert converged >= 3
