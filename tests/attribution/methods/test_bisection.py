"""Integrated gradients of networks whose gradient jumps along the path."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import attribkit as ak
from attribkit.attribution.methods.bisection import bisected
from attribkit.attribution.outputs import Target
from attribkit.errors import InputError
from attribkit.models.adapters import Adapted
from attribkit.text import WordIndex

WORDS = {"<pad>": 0, "<unk>": 1, **{f"w{number}": number + 2 for number in range(60)}}


class Pooled(nn.Module):
    """ReLU layers over the mean of the words."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.words = nn.Embedding(62, 20)
            self.layers = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.of_vectors(self.words(x))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return 5 * self.layers(3 * vectors.mean(1))


class Windows(Pooled):
    """ReLUs and maxima over windows of words, and a hidden layer of ReLUs."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.windows = nn.ModuleList(nn.Conv1d(20, 16, width) for width in (2, 3))
            self.last = nn.Sequential(nn.Linear(32, 10), nn.ReLU(), nn.Linear(10, 2))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        turned = vectors.transpose(1, 2)
        return 3 * self.last(torch.cat([windows(turned).relu().amax(2) for windows in self.windows], 1))


def model(network: nn.Module) -> ak.Classifier:
    return ak.Classifier(Adapted(network), WordIndex(WORDS), ("a", "b"))


def text_of(seed: int) -> str:
    draw = np.random.default_rng(seed)
    return " ".join(f"w{number}" for number in draw.integers(0, 60, draw.integers(6, 25)))


def slow(network: Pooled, text: str, nodes: int) -> np.ndarray:
    """The midpoint rule with very many nodes, in float64: the error of each jump is below 1 / nodes."""
    network = network.double()
    vectors = network.words.weight.detach()
    end, start = vectors[[WORDS[word] for word in text.split()]], vectors[0]
    total = torch.zeros(len(end), dtype=torch.float64)
    for alphas in ((torch.arange(nodes, dtype=torch.float64) + 0.5) / nodes).split(5_000):
        points = (start + alphas[:, None, None] * (end - start)).requires_grad_()
        logits = network.of_vectors(points)
        (gradients,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), points)
        total += ((end - start) * gradients.sum(0)).sum(1) / nodes
    network.float()
    return total.numpy()


@pytest.mark.parametrize("kind", [Pooled, Windows])
@pytest.mark.parametrize("seed", range(8))
def test_networks_of_relus_converge_to_the_integral(kind: type[Pooled], seed: int) -> None:
    network = kind(seed)
    why = ak.explain(model(network), text_of(seed), target="b", views=["attribution"])
    right = slow(network, text_of(seed), 50_000)
    assert why.token_scores.converged, why.token_scores.verdict
    np.testing.assert_allclose(why.scores, right, atol=2e-4 * np.abs(right).sum())


def test_of_sixty_random_networks_nearly_all_converge() -> None:
    converged = [
        ak.explain(model(kind(seed)), text_of(seed), views=["attribution"]).token_scores.converged
        for kind in (Pooled, Windows)
        for seed in range(100, 130)
    ]
    assert sum(map(bool, converged)) >= 0.95 * len(converged)


def test_one_jump_is_found_where_the_tangents_meet() -> None:
    """S(α) = relu(2α − 0.6) has its only jump at 0.3: two pieces are exact, and no more are made."""

    def run(points: Tensor) -> Tensor:
        value = (2 * points[:, 0, 0] - 0.6).relu()
        return torch.stack((torch.zeros_like(value), value), 1)

    target = Target("logit", torch.tensor([1]))
    end, start = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    pieces = bisected(run, end, start, [target], 1e-6, 1_000)
    assert pieces.scores.item() == pytest.approx(1.4, abs=1e-12) and pieces.steps == 7 + 2 * 7
    assert float(pieces.change) < 1e-9 and float(pieces.path_error) < 1e-9


def test_the_most_steps_are_kept_and_a_text_that_needs_more_says_so() -> None:
    classifier, text = model(Pooled(0)), text_of(0)
    few = ak.explain(classifier, text, views=["attribution"], max_steps=63).token_scores
    assert few.converged is False and few.steps == 63 and "did not converge" in few.verdict
    for most in (100, 500):
        assert ak.explain(classifier, text, views=["attribution"], max_steps=most).token_scores.steps <= most


@pytest.mark.parametrize("most", [6, 0, -1])
def test_too_few_steps_are_refused(most: Any) -> None:
    with pytest.raises(InputError, match=f"`max_steps` must be at least 7, got {most}"):
        ak.explain(model(Pooled(0)), "w1 w2", max_steps=most)


def test_explaining_together_is_as_explaining_alone() -> None:
    classifier = model(Windows(3))
    texts = [text_of(seed) for seed in range(4)]
    for text, why in zip(texts, ak.explain(classifier, texts, views=["attribution"]), strict=True):
        alone = ak.explain(classifier, text, views=["attribution"]).scores
        np.testing.assert_allclose(why.scores, alone, atol=2e-4 * np.abs(alone).sum())
