"""A borrowed network comes back exactly as it was, error or not."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
import torch

from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.models.state import embedding_fed, preserve_state


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


def test_cudnn_is_off_only_while_a_recurrent_network_is_borrowed(make_classifier: Callable[..., Classifier]) -> None:
    torch.backends.cudnn.benchmark = True
    try:
        with preserve_state(make_classifier("attention-rnn").network):
            assert not torch.backends.cudnn.enabled
            assert torch.backends.cudnn.benchmark
        assert torch.backends.cudnn.enabled
        with preserve_state(make_classifier("cnn").network):
            assert torch.backends.cudnn.enabled
    finally:
        torch.backends.cudnn.benchmark = False
