"""Every call of an embedding is answered by its own ids, so that scores are those of the network itself."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.explainer import explain
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.feeding import embedding_fed, gradient_fault
from attribkit.text import WordIndex

WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}
TEXT = "the film was not very good"


class Looks(nn.Module):
    """A network as a function of ids, and the same as a function of the text's vectors, written out."""

    width = 8

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words, self.linear = nn.Embedding(9, 8), nn.Linear(self.width, 2)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def of_vectors(self, vectors: Tensor) -> Tensor:
        raise NotImplementedError


class Twice(Looks):
    """The text, and its first two words."""

    width = 16

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.cat((self.words(x).tanh().mean(1), self.words(x[:, :2]).tanh().mean(1)), 1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(torch.cat((vectors.tanh().mean(1), vectors[:, :2].tanh().mean(1)), 1))


class Shifted(Looks):
    """Each word beside the one before it; the first beside <unk>."""

    def forward(self, x: Tensor) -> Tensor:
        before = torch.cat((torch.ones_like(x[:, :1]), x[:, :-1]), 1)
        return self.linear((self.words(x) * self.words(before)).tanh().mean(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        first = self.words.weight[1].expand(len(vectors), 1, -1)
        return self.linear((vectors * torch.cat((first, vectors[:, :-1]), 1)).tanh().mean(1))


class Backwards(Looks):
    """The text from its end, each word weighing less than the one before."""

    def forward(self, x: Tensor) -> Tensor:
        return self._read(self.words(x.flip(1)))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self._read(vectors.flip(1))

    def _read(self, turned: Tensor) -> Tensor:
        weights = 1 / torch.arange(1, turned.shape[1] + 1)
        return self.linear((turned.tanh() * weights[:, None]).sum(1))


class Labels(Looks):
    """The text against the names of the labels, looked up in the same embedding; the text holds one of them."""

    def forward(self, x: Tensor) -> Tensor:
        return self.words(x).tanh().mean(1) @ self.words(torch.tensor([8, 7])).T

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return vectors.tanh().mean(1) @ self.words.weight[[8, 7]].T


class Framed(Looks):
    """The text between two words of the network's own."""

    def forward(self, x: Tensor) -> Tensor:
        ends = torch.ones_like(x[:, :1])
        return self.linear(self.words(torch.cat((ends, x, 2 * ends), 1)).tanh().cumsum(1).tanh().mean(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        first, last = (self.words.weight[row].expand(len(vectors), 1, -1) for row in (1, 2))
        return self.linear(torch.cat((first, vectors, last), 1).tanh().cumsum(1).tanh().mean(1))


class InPlace(Looks):
    """Changes what the embedding gave it."""

    def forward(self, x: Tensor) -> Tensor:
        vectors = self.words(x)
        vectors += 0.1
        nn.functional.silu(vectors, inplace=True)
        return self.linear(vectors.mean(1).tanh())

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(nn.functional.silu(vectors + 0.1).mean(1).tanh())


FAMILIES = [Twice, Shifted, Backwards, Labels, Framed, InPlace]


def model(network: nn.Module, **options: Any) -> Classifier:
    return Classifier(Adapted(network, **options), WordIndex(WORDS), ("neg", "pos"))


def slow(network: Looks, text: str, baseline: Tensor, nodes: int = 1_000) -> np.ndarray:
    """Integrated gradients of the log-odds of "pos" by the midpoint rule, in float64."""
    network = network.double()
    ids = torch.tensor([[WORDS[word] for word in text.split()]])
    end = network.words.weight[ids].detach()
    alphas = ((torch.arange(nodes) + 0.5) / nodes).double()[:, None, None]
    points = (baseline + alphas * (end - baseline)).requires_grad_()
    logits = network.of_vectors(points)
    (gradients,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), points)
    scores = ((end - baseline) * gradients.mean(0)).sum(2)[0].detach().numpy()
    network.float()
    return scores


@pytest.mark.parametrize("text", [TEXT, "good good bad", "good"])
@pytest.mark.parametrize("family", FAMILIES)
def test_integrated_gradients_are_those_of_the_network_itself(family: type[Looks], text: str) -> None:
    network = family()
    why = explain(model(network), text, target="pos", views=["attribution"])
    right = slow(network, text, network.words.weight[0].detach().double())
    assert why.token_scores.converged
    np.testing.assert_allclose(why.scores, right, atol=1e-3 * np.abs(right).sum())


@pytest.mark.parametrize("method", ["captum", "input_x_gradient", "gradient_shap", "leave_one_out"])
@pytest.mark.parametrize("family", FAMILIES)
def test_other_methods_see_the_same_network(family: type[Looks], method: str) -> None:
    network = family()
    mean = ((network.words.weight.sum(0) - network.words.weight[0]) / 8).detach().double()
    scores = explain(model(network), TEXT, target="pos", method=method, baseline="mean", views=["attribution"]).scores
    ids = torch.tensor([[WORDS[word] for word in TEXT.split()]])
    end = network.words.weight[ids].detach().double()
    if method == "leave_one_out":
        points = end.repeat(7, 1, 1)
        points[range(6), range(6)] = mean
        logits = network.double().of_vectors(points)
        values = (logits[:, 1] - logits[:, 0]).detach().numpy()
        right = values[6] - values[:6]
    elif method == "input_x_gradient":
        points = end.clone().requires_grad_()
        logits = network.double().of_vectors(points)
        (gradient,) = torch.autograd.grad(logits[0, 1] - logits[0, 0], points)
        right = (end * gradient).sum(2)[0].detach().numpy()
    else:
        right = slow(network, TEXT, mean)
    tolerance = 0.1 if method == "gradient_shap" else 1e-3  # it is an average over noise
    np.testing.assert_allclose(scores, right, atol=tolerance * np.abs(right).sum())


def test_texts_of_unlike_words_are_explained_together_as_alone() -> None:
    several = model(Twice())
    texts = ["the film was bad", "not very very good", "film", "bad film the good"]
    together = explain(several, texts, target="pos", views=["attribution"])
    for text, why in zip(texts, together, strict=True):
        alone = explain(several, text, target="pos", views=["attribution"]).scores
        np.testing.assert_allclose(why.scores, alone, atol=1e-6)


def test_ids_made_by_arithmetic_are_refused() -> None:
    class Next(Looks):
        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.words((x + 1) % 9).mean(1))

    network = Next()
    assert "made from the text's" in str(gradient_fault(Adapted(network)))
    why = explain(model(network), TEXT, target="pos", views=["attribution"])
    assert why.token_scores.method == "shapley_sampling" and why.token_scores.converged
    assert any("not by integrated gradients: it looks up ids" in note for note in why.token_scores.notes)


class Indexed(Looks):
    """Reads rows of the table without calling the layer."""

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words.weight[x].mean(1))


class Detached(Looks):
    """An encoder that nobody trains."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            encoded = self.words(x).mean(1)
        return self.linear(encoded)


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.linear = nn.EmbeddingBag(9, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x))


def scripted() -> nn.Module:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.linear = nn.Embedding(9, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.words(x).mean(1))

    return torch.jit.trace(Plain(), torch.zeros(1, 3, dtype=torch.int64))


LACKING = {
    "indexed": (Indexed, "it never calls its embedding layer"),
    "no_grad": (Detached, "no gradient passes through it"),
    "bag": (Bag, "pass through no nn.Embedding layer"),
    "traced": (scripted, "pass through no nn.Embedding layer"),
}


@pytest.mark.parametrize("kind", LACKING)
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_network_without_gradients_is_explained_by_changing_texts(kind: str) -> None:
    build, reason = LACKING[kind]
    network = build()
    classifier = model(network)
    assert "embedding: " in classifier.summary() and not classifier.to_frame().empty
    why = explain(classifier, TEXT, target="pos", views=["attribution"]).token_scores
    assert why.method == "shapley_sampling" and any(reason in note for note in why.notes)
    # the value: all 64 coalitions, PAD for an absent word
    ids = torch.tensor([WORDS[word] for word in TEXT.split()])
    masks = torch.tensor([[bit >> place & 1 for place in range(6)] for bit in range(64)]).bool()
    with torch.no_grad():
        logits = network(torch.where(masks, ids, 0)).double()
    value = (logits[:, 1] - logits[:, 0]).numpy()
    right = np.zeros(6)
    for place in range(6):
        for bits in range(64):
            if not bits >> place & 1:
                size = bin(bits).count("1")
                weight = 1 / (6 * [1, 5, 10, 10, 5, 1][size])
                right[place] += weight * (value[bits | 1 << place] - value[bits])
    np.testing.assert_allclose(why.scores, right, atol=1e-6)
    with pytest.raises(InputError, match=r"needs a network with gradients, got .*: .*; use method='shapley_sampling'"):
        explain(classifier, TEXT, method="quadrature")


def test_a_vector_baseline_needs_an_embedding_layer() -> None:
    with pytest.raises(InputError, match=r"the baseline 'mean' is no word, .*; take 'pad', 'unk' or a text"):
        explain(model(Bag()), TEXT, baseline="mean")


def test_the_network_is_handed_back_as_it_was() -> None:
    network = Twice()
    before = dict(network.words.__dict__)
    run = embedding_fed(Adapted(network))
    ids = torch.tensor([[2, 3, 4]])
    run(network.words(ids).detach(), ids, ids > 0)
    assert network.words.__dict__.keys() == before.keys() and not network.words._forward_hooks
    assert not network.words._forward_pre_hooks


class Windows(Looks):
    """Every word with its two neighbours, looked up as (B, T, 3)."""

    def forward(self, x: Tensor) -> Tensor:
        framed = nn.functional.pad(x, (1, 1), value=1)
        return self.linear(self.words(framed.unfold(1, 3, 1)).prod(2).tanh().mean(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        end = self.words.weight[1].expand(len(vectors), 1, -1)
        framed = torch.cat((end, vectors, end), 1)
        return self.linear((framed[:, :-2] * framed[:, 1:-1] * framed[:, 2:]).tanh().mean(1))


class Flat(Looks):
    """All words of the batch in a row."""

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x.reshape(-1)).view(*x.shape, 8).tanh().cumsum(1).tanh().mean(1))

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(vectors.tanh().cumsum(1).tanh().mean(1))


class TimeFirst(Flat):
    """Turned round inside."""

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x.t()).tanh().cumsum(0).tanh().mean(0))


@pytest.mark.parametrize("family", [Windows, Flat, TimeFirst])
def test_a_call_of_any_shape_is_answered_place_by_place(family: type[Looks]) -> None:
    network = family()
    texts = [TEXT, "good bad very the film was", "bad", "not very good"]
    for text, why in zip(texts, explain(model(network), texts, target="pos", views=["attribution"]), strict=True):
        right = slow(network, text, network.words.weight[0].detach().double())
        assert why.token_scores.method == "quadrature" and why.token_scores.converged
        np.testing.assert_allclose(why.scores, right, atol=1e-3 * np.abs(right).sum())


class Shuffled(Looks):
    """Reads its batch from the last text to the first."""

    def forward(self, x: Tensor) -> Tensor:
        order = torch.arange(len(x)).flip(0)
        return self.linear(self.words(x[order]).tanh().cumsum(1).tanh().mean(1))[order]

    def of_vectors(self, vectors: Tensor) -> Tensor:
        return self.linear(vectors.tanh().cumsum(1).tanh().mean(1))


def test_texts_that_a_network_reads_in_another_order_are_run_one_by_one() -> None:
    network = Shuffled()
    texts = [TEXT, "good bad very the film was", "bad the good very was not"]
    for text, why in zip(texts, explain(model(network), texts, target="pos", views=["attribution"]), strict=True):
        right = slow(network, text, network.words.weight[0].detach().double())
        assert why.token_scores.method == "quadrature"
        np.testing.assert_allclose(why.scores, right, atol=1e-3 * np.abs(right).sum())
