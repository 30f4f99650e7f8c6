"""The methods to compare with, each against a slow and obvious version, and the laws they keep."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.results.panels import TokenScores
from attribkit.text.word_index import WordIndex
from attribkit.views.attribution import Attribution

TEXT = "never such a good film !"
LONG = "never such a good film ! a good film with a great story and a dull horrible movie"
WORDS = {"<pad>": 0, "<unk>": 1, "good": 2, "bad": 3, "film": 4, "the": 5}
ARCHITECTURES = ("cnn", "attention-rnn", "lstm")
DRAWN = ("gradient_shap", "shapley_sampling", "lime", "kernel_shap", "random")


class Bag(nn.Module):
    """A linear network: the sum of its words' logits. The word "the" has none."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 4, padding_idx=0)
        self.out = nn.Linear(4, 3)
        with torch.no_grad():
            self.embedding.weight[5] = 0

    def forward(self, ids: Tensor) -> Tensor:
        return self.out(self.embedding(ids).sum(1))


class Perceptron(nn.Module):
    """Made of modules that DeepLIFT knows, unless `functional`."""

    def __init__(self, functional: bool = False, shared: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), 4, padding_idx=0)
        self.first, self.second, self.out = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.relu, self.tanh = nn.ReLU(), nn.Tanh()
        self.functional, self.shared = functional, shared

    def forward(self, ids: Tensor) -> Tensor:
        hidden = self.first(self.embedding(ids).sum(1) * 2)
        hidden = hidden.relu() if self.functional else self.relu(hidden)
        return self.out((self.relu if self.shared else self.tanh)(self.second(hidden)))


def wrapped(kind: Callable[[], nn.Module], labels: tuple[str, ...]) -> Classifier:
    index = WordIndex(WORDS, split=lambda text: text.lower().split(), max_length=5_000)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Classifier(Adapted(kind()), index, labels)


@pytest.fixture
def bag() -> Classifier:
    return wrapped(Bag, ("x", "y", "z"))


def scores(classifier: Classifier, text: str, method: str, **options: Any) -> TokenScores:
    return explain(classifier, text, method=method, **({"target": classifier.labels[1]} | options)).token_scores


def test_all_methods_agree_on_a_linear_network(bag: Classifier) -> None:
    text = "good the film film bad good good"
    weights = (bag.network.embedding.weight @ bag.network.network.out.weight[1]).detach()
    expected = weights[bag.encode([text])[0].ids].numpy()
    for method in ("captum", "input_x_gradient", "deeplift", "gradient_shap", "leave_one_out", "shapley_sampling"):
        np.testing.assert_allclose(scores(bag, text, method, output="logit").scores, expected, atol=1e-5)
    np.testing.assert_allclose(scores(bag, text, "kernel_shap", output="logit").scores, expected, atol=1e-3)
    shrunk = scores(bag, text, "lime", output="logit").scores
    np.testing.assert_allclose(shrunk, expected, atol=0.06 * np.abs(expected).max())


@pytest.mark.parametrize(
    "method", ["shapley_sampling", "kernel_shap", "lime", "occlusion", "leave_one_out", "deeplift"]
)
def test_a_dummy_gets_nothing_and_equals_get_the_same(bag: Classifier, method: str) -> None:
    found = scores(bag, "the good good the", method, output="logit").scores
    assert found[0] == found[3] == 0
    assert found[1] == pytest.approx(found[2], rel=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_are_autograds(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    classifier = make_classifier(architecture, labels=("x", "y", "z"))
    ids, mask = classifier.batch([classifier.encode([TEXT])[0].ids])
    points = classifier.network.embedding(ids).detach().requires_grad_()
    handle = classifier.network.embedding.register_forward_hook(lambda *_: points)
    Target("log_odds", torch.tensor([1])).of(classifier.network(ids, mask)).sum().backward()
    handle.remove()
    assert points.grad is not None
    saliency = scores(classifier, TEXT, "saliency")
    np.testing.assert_allclose(saliency.scores, points.grad.norm(dim=2)[0], rtol=1e-4, atol=1e-7)
    assert "no sign" in saliency.notes[0] and "does not promise" in saliency.verdict
    products = scores(classifier, TEXT, "input_x_gradient")
    np.testing.assert_allclose(products.scores, (points * points.grad).sum(2)[0].detach(), rtol=1e-4, atol=1e-6)
    assert (saliency.steps, products.steps) == (1, 1)


def rescale_rule(classifier: Classifier, text: str) -> Tensor:
    """DeepLIFT of `Perceptron` by hand, for its second logit, against PAD."""
    network = classifier.network.network
    words = network.embedding(torch.from_numpy(classifier.encode([text])[0].ids)).detach()
    multiplier = network.out.weight[1] - network.out.weight[0]
    before, after = network.first.bias, network.first(words.sum(0) * 2)
    low, high = network.second(before.relu()), network.second(after.relu())
    multiplier = (multiplier * (high.tanh() - low.tanh()) / (high - low)) @ network.second.weight
    multiplier = (multiplier * (after.relu() - before.relu()) / (after - before)) @ network.first.weight
    return (words @ (2 * multiplier)).detach()


def test_deeplift_is_the_rescale_rule() -> None:
    classifier = wrapped(Perceptron, ("neg", "pos"))
    panel = scores(classifier, "good bad film", "deeplift")
    np.testing.assert_allclose(panel.scores, rescale_rule(classifier, "good bad film"), rtol=1e-4, atol=1e-6)
    assert panel.converged is True
    odds = scores(classifier, "good bad film", "deeplift", output="probability")
    share = (odds.output_text - odds.output_baseline) / (panel.output_text - panel.output_baseline)
    np.testing.assert_allclose(odds.scores, panel.scores * share, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("baseline", ["pad", "zero", "unk", "mean", "a dull movie"])
def test_deeplift_of_a_text_cnn_adds_up(make_classifier: Callable[..., Classifier], baseline: str) -> None:
    classifier = make_classifier("cnn")
    for text in (TEXT, "good", "a good film with a great story , a good film"):
        for output in ("log_odds", "logit", "probability"):
            panel = scores(classifier, text, "deeplift", baseline=baseline, output=output)
            assert panel.converged is True
            assert np.abs(panel.scores).sum() > 0 or panel.output_text == panel.output_baseline
    three = make_classifier("cnn", labels=("x", "y", "z"))
    assert scores(three, TEXT, "deeplift", baseline=baseline, target=("x", "z")).converged is True


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Perceptron(functional=True), "functions that Captum's rule does not see"),
        (lambda: Perceptron(shared=True), "one activation module several times"),
    ],
)
def test_deeplift_is_refused_where_it_does_not_hold(make: Callable[[], nn.Module], message: str) -> None:
    classifier = wrapped(make, ("neg", "pos"))
    with pytest.raises(ValueError, match=f"does not hold for Adapted.*{message}.*it fits text CNNs"):
        scores(classifier, "good bad film", "deeplift")
    assert not [name for module in classifier.network.modules() for name in vars(module) if name in ("input", "output")]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in classifier.network.modules())


@pytest.mark.parametrize("architecture", ["attention-rnn", "lstm"])
def test_deeplift_of_a_recurrent_network_is_refused(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    with pytest.raises(ValueError, match=r"recurrent or attention layers.*it fits text CNNs.*use method='quadrature'"):
        scores(make_classifier(architecture), TEXT, "deeplift")


@pytest.mark.parametrize("output", ["log_odds", "probability"])
def test_deeplift_of_a_curved_output_is_refused(make_classifier: Callable[..., Classifier], output: str) -> None:
    classifier = make_classifier("cnn", labels=("x", "y", "z"))
    with pytest.raises(ValueError, match=rf"where there are 3, got output='{output}'; use output='logit' or target="):
        scores(classifier, TEXT, "deeplift", output=output)


def drawn(classifier: Classifier, texts: list[str], method: str, seed: int) -> list[np.ndarray]:
    view = Attribution(target=1, method=method, seed=seed)
    return [row[0].scores for row in view(classifier, EncodedBatch.of(classifier, texts))]


@pytest.fixture
def chance() -> Iterator[list[Any]]:
    """Every random state, compared afterwards."""
    states = [random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()]  # type: ignore[index]
    yield states
    assert random.getstate() == states[0]
    assert np.array_equal(np.random.get_state()[1], states[1])  # type: ignore[index]  # a legacy state is a tuple
    assert torch.equal(torch.get_rng_state(), states[2])


@pytest.mark.parametrize("method", DRAWN)
def test_a_seed_can_be_repeated_and_another_differs(
    make_classifier: Callable[..., Classifier], method: str, chance: list[Any]
) -> None:
    classifier = make_classifier("cnn")
    (first,), (again,), (other,) = (drawn(classifier, [LONG], method, seed) for seed in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_two_texts_of_one_length_get_their_own_draws(make_classifier: Callable[..., Classifier]) -> None:
    one, two = drawn(make_classifier("cnn"), [TEXT, TEXT.replace("good", "bad")], "random", 0)
    assert one.tolist() != two.tolist()


def test_a_text_too_long_to_sample_is_refused(bag: Classifier) -> None:
    for method in ("shapley_sampling", "lime", "kernel_shap"):
        with pytest.raises(
            ValueError, match=f"method='{method}' takes texts of fewer than 4,000 tokens, got one of 4,000"
        ):
            scores(bag, "good " * 4_000, method)


def test_every_class_costs_no_more_than_one(make_classifier: Callable[..., Classifier]) -> None:
    counts = {}
    for target in ("x", "all"):
        classifier = make_classifier("lstm", labels=("x", "y", "z"))
        calls: list[int] = []

        def count(module: Any, given: Any, output: Any, calls: list[int] = calls) -> None:
            calls.append(len(given[0]))

        handle = classifier.network.register_forward_hook(count)
        explain(classifier, TEXT, method="shapley_sampling", target=target)
        handle.remove()
        counts[target] = sum(calls)
    assert counts["all"] == counts["x"]
