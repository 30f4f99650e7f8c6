"""Networks on another device are explained there, with the processor's scores; nothing of the two is mixed."""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from pretended_device import Pretended, pretended_device

import attribkit as ak
from attribkit.attribution.methods import quadrature
from attribkit.models import state
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores

TEXTS = ["a good film a bad film a good film", "bad", "a good film"]


@pytest.fixture
def device() -> Iterator[torch.device]:
    with pretended_device() as device:
        yield device


def moved_to(classifier: Classifier, device: torch.device) -> Classifier:
    moved = copy(classifier)
    moved.network = deepcopy(classifier.network).to(device)
    assert moved.device == device
    return moved


def test_the_pretended_device_refuses_what_a_gpu_refuses(device: torch.device) -> None:
    there = torch.ones(3).to(device)
    assert isinstance(there, Pretended) and there.device == device == torch.zeros(1, device=device).device
    assert (there + 1).sum().item() == 6 and type((2 * there).cpu()) is torch.Tensor
    assert there[[0, 2]].shape == (2,) and there[torch.tensor([0])].device == device
    for mixed in (lambda: there + torch.ones(3), lambda: torch.cat((there, torch.ones(1)))):
        with pytest.raises(RuntimeError, match="expected all tensors on the same device"):
            mixed()
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(3)[torch.tensor([0]).to(device)]
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("cnn", {}),
        ("attention-rnn", {}),
        ("lstm", {"layers": 2, "dropout": 0.5}),
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"baseline": "mean", "target": "all"},
        {"baseline": ["zero", "unk", "a bad film"], "output": "probability"},
        {"method": "leave_one_out"},
    ],
)
def test_scores_are_the_processors(
    make_classifier: Callable[..., Classifier],
    architecture: str,
    options: dict[str, Any],
    asked: dict[str, Any],
    device: torch.device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classifier = make_classifier(architecture, **options)
    classifier.network.double()
    moved = moved_to(classifier, device)
    expected = ak.explain(classifier, TEXTS, views="attribution", **asked)
    # what is switched for a GPU alone
    monkeypatch.setattr(state, "device_of", lambda network: torch.device("cuda"))
    for here, there in zip(expected, ak.explain(moved, TEXTS, views="attribution", **asked), strict=True):
        assert here.token_scores.converged == there.token_scores.converged
        assert here.token_scores.method == there.token_scores.method
        for ours, other in zip(here.panels(), there.panels(), strict=True):
            assert isinstance(ours, TokenScores) and isinstance(other, TokenScores)
            assert np.abs(ours.scores - other.scores).max() <= 1e-12 * np.abs(ours.scores).sum()
    assert not any(module.training for module in moved.network.modules())


def test_predictions_and_attention_are_the_processors(
    make_classifier: Callable[..., Classifier], device: torch.device
) -> None:
    classifier = make_classifier("attention-rnn")
    moved = moved_to(classifier, device)
    here, there = (each.predict(TEXTS) for each in (classifier, moved))
    np.testing.assert_allclose(here.iloc[:, 2:], there.iloc[:, 2:], atol=1e-6)
    ours, others = (ak.explain(each, TEXTS[0]).to_frame() for each in (classifier, moved))
    assert ours.columns.tolist() == others.columns.tolist() and len(ours) == len(others)


def test_recurrent_layers_train_for_a_gpu_alone_and_are_given_back_after_an_error(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make_classifier("lstm", layers=2, dropout=0.4).network.eval()
    with state.preserve_state(network):
        assert not any(module.training for module in network.modules())
    monkeypatch.setattr(state, "device_of", lambda network: torch.device("cuda"))
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(KeyError), state.preserve_state(network):
            assert [module for module in network.modules() if module.training] == [network.rnn]
            assert network.rnn.dropout == 0 and not torch.backends.cudnn.allow_tf32
            assert torch.get_float32_matmul_precision() == "highest" and torch.backends.cudnn.enabled
            raise KeyError
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(precision)
    assert not network.rnn.training and network.rnn.dropout == 0.4


def test_batches_are_sized_by_what_a_gpu_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1_000, 9_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 500)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 200)
    assert quadrature._free_bytes(torch.device("cuda", 1)) == 1_300
    assert quadrature._free_bytes(torch.device("cpu")) == quadrature._free_bytes(torch.device("mps")) == 0
