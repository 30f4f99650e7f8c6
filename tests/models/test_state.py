"""A borrowed network comes back exactly as it was, error or not."""

import random
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import reference
import torch

from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.models.feeding import embedding_fed
from attribkit.models.state import full_precision, preserve_state, recurrent_gradients


def state(network: Any) -> dict[str, Any]:
    """All that explaining promises not to change."""
    return {
        "modes": [module.training for module in network.modules()],
        "hooks": [
            (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in network.modules()
        ],
        "gradients": [id(p.grad) for p in network.parameters()],
        "requires_grad": [p.requires_grad for p in network.parameters()],
        "weights": [p.detach().clone().numpy().tobytes() for p in network.state_dict().values()],
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": np.random.get_state()[1].tobytes(),  # type: ignore[index]  # a legacy state is a tuple
        "python": random.getstate(),
        "cudnn": [getattr(torch.backends.cudnn, n) for n in ("enabled", "benchmark", "deterministic", "allow_tf32")],
        "grad mode": torch.is_grad_enabled(),
    }


def unusual(classifier: Classifier) -> Any:
    """A network in a state that a careless restore would not bring back."""
    network = classifier.network
    network.train()
    network.output.eval()
    network.embedding.weight.requires_grad_(False)
    network.output.weight.grad = torch.ones_like(network.output.weight)
    network.embedding.register_forward_hook(lambda *_: None)
    return network


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
def test_explaining_leaves_the_model_as_it_was(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    classifier = make_classifier(architecture)
    network = unusual(classifier)
    before = state(network)
    explain(classifier, ["a good film", "bad"], baseline="mean")
    explain(classifier, "a good film", output="probability", target="all")
    assert state(network) == before


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_an_error_in_the_midst_leaves_the_model_as_it_was(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    classifier = make_classifier(architecture)
    network = unusual(classifier)
    calls = []

    def fail_at_the_third(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the network broke")

    handle = network.output.register_forward_hook(fail_at_the_third)
    before = state(network)
    with pytest.raises(RuntimeError, match="the network broke"):
        explain(classifier, "a good film", method="captum")
    assert state(network) == before
    handle.remove()


def test_explaining_works_whatever_the_callers_grad_mode(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")
    expected = explain(classifier, "a good film")
    with torch.no_grad():
        assert explain(classifier, "a good film") == expected
    with torch.inference_mode():
        assert explain(classifier, "a good film") == expected


def test_the_fed_network_is_the_network_itself(make_classifier: Callable[..., Classifier]) -> None:
    network = make_classifier("cnn").network
    ids, mask = torch.tensor([[3, 4, 5]]), torch.ones(1, 3, dtype=torch.bool)
    run = embedding_fed(network)
    with preserve_state(network), torch.no_grad():
        fed, own = run(network.embedding(ids), ids, mask), network(ids, mask)
        assert ((fed - own).abs() <= reference.rounding(network, network.embedding(ids), mask)).all()
        assert not torch.equal(run(torch.zeros(1, 3, 8), ids, mask), own)


def test_cudnn_stays_as_it_is_while_a_recurrent_network_is_borrowed(make_classifier: Callable[..., Classifier]) -> None:
    torch.backends.cudnn.benchmark = True
    try:
        for architecture in ("attention-rnn", "cnn"):
            with preserve_state(make_classifier(architecture).network):
                assert torch.backends.cudnn.enabled and torch.backends.cudnn.benchmark
    finally:
        torch.backends.cudnn.benchmark = False


def test_recurrent_layers_alone_can_be_differentiated_by_cudnn(make_classifier: Callable[..., Classifier]) -> None:
    network = make_classifier("lstm", layers=2, dropout=0.4).network
    network.train()
    network.rnn.dropout = 0.3
    before = state(network)
    inputs = torch.randn(2, 5, network.rnn.input_size, generator=torch.Generator().manual_seed(0))
    with preserve_state(network):
        own = network.rnn(inputs)[0]
        with recurrent_gradients(network):
            assert [module for module in network.modules() if module.training] == [network.rnn]
            assert network.rnn.dropout == 0
            assert torch.equal(network.rnn(inputs)[0], own)
        assert not any(module.training for module in network.modules())
    assert state(network) == before and network.rnn.dropout == 0.3


def test_recurrent_layers_are_given_back_after_an_error_too(make_classifier: Callable[..., Classifier]) -> None:
    network = make_classifier("attention-rnn").network.eval()
    network.rnn.dropout = 0.2
    with pytest.raises(KeyError), recurrent_gradients(network):
        raise KeyError
    assert not network.rnn.training and network.rnn.dropout == 0.2


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_tf32_is_off_for_a_while_whatever_the_caller_has_chosen(precision: str) -> None:
    def flags() -> tuple[Any, ...]:
        layers = torch.backends.cudnn
        return torch.get_float32_matmul_precision(), torch.backends.cuda.matmul.allow_tf32, layers.allow_tf32

    found = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        before = flags()
        with full_precision():
            assert flags() == ("highest", False, False)
        with pytest.raises(KeyError), full_precision():
            raise KeyError
        assert flags() == before
    finally:
        torch.set_float32_matmul_precision(found)


@pytest.mark.skipif(not hasattr(torch.backends, "fp32_precision"), reason="this torch has the older flags alone")
def test_tf32_is_off_for_a_caller_of_the_newer_flags() -> None:
    product = cast(Any, torch.backends.cuda.matmul)
    found = product.fp32_precision
    product.fp32_precision = "tf32"
    try:
        with full_precision():
            assert product.fp32_precision == "ieee"
        assert product.fp32_precision == "tf32"
    finally:
        product.fp32_precision = found


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")
@pytest.mark.parametrize("architecture", ["attention-rnn", "lstm", "cnn"])
def test_a_gpu_gives_the_scores_of_the_processor(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    classifier = make_classifier(architecture)
    moved = classifier.on("cuda")
    unusual(moved)
    before = state(moved.network)
    for text in ("a good film", "a good film a bad movie and a good film"):
        here, on_gpu = (explain(each, text).token_scores for each in (classifier, moved))
        assert here.converged == on_gpu.converged
        assert np.abs(here.scores - on_gpu.scores).max() <= 1e-6 * np.abs(here.scores).sum()
    assert state(moved.network) == before
