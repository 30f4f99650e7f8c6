"""Many threads ask one classifier while others explain with it: each gets what it would have got alone."""

import copy
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import attribkit as ak
from attribkit.evaluation.faithfulness import faithfulness
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.lock import lock_of
from attribkit.models.state import eval_mode, preserve_state
from attribkit.serve.served_model import ServedModel
from attribkit.text.word_index import WordIndex

TEXTS = ["a good film with a great story", "the worst movie ever , dull and bad", "the best film ever", "dull !"]
SECONDS, LEAST = 1.0, 8


class Hooked(nn.Module):
    """A user's own network that reads what a hook of its own has kept, and drops out in training mode."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embedding = nn.Embedding(12, 6)
            self.rnn = nn.GRU(6, 5, batch_first=True)
            self.dropout = nn.Dropout(0.5)
            self.output = nn.Linear(5, 2)
        self.kept: Any = None
        self.rnn.register_forward_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: Any, outputs: Any) -> None:
        self.kept = outputs[1][-1]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.rnn(self.embedding(ids))
        return self.output(self.dropout(self.kept)) * 5


def hooked() -> Classifier:
    words = ["<pad>", "<unk>", "good", "film", "great", "worst", "dull", "bad", "best", "ever", "!", "the"]
    index = WordIndex({word: row for row, word in enumerate(words)})
    return Classifier(Adapted(Hooked().train()), index, ("neg", "pos"))


def model_of(kind: str, make_classifier: Callable[..., Classifier]) -> Classifier:
    return hooked() if kind == "hooked" else make_classifier(kind)


KINDS = ["cnn", "attention-rnn", "lstm", "hooked"]


def at_once(work: Callable[[], Any], beside: Callable[[], Any], threads: int = 4) -> list[Any]:
    """What threads got that did one thing for a second or more while another one did something else."""
    end = time.monotonic() + SECONDS
    found: list[Any] = []

    def again(one: Callable[[], Any], kept: list[Any]) -> None:
        while time.monotonic() < end or len(found) < LEAST:
            kept.append(one())

    with ThreadPoolExecutor(threads + 1) as pool:
        for done in [pool.submit(again, beside, []), *(pool.submit(again, work, found) for _ in range(threads))]:
            done.result(timeout=120)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["quadrature", "kernel_shap"])
def test_predictions_beside_explanations_are_those_of_one_thread(
    make_classifier: Callable[..., Classifier], kind: str, method: str
) -> None:
    model = model_of(kind, make_classifier)
    alone = model.predict(TEXTS)
    modes = [module.training for module in model.network.modules()]
    why = ak.explain(model, TEXTS[1], method=method)
    found = at_once(lambda: model.predict(TEXTS), lambda: ak.explain(model, TEXTS[1], method=method))
    assert all(one.equals(alone) for one in found)
    assert [module.training for module in model.network.modules()] == modes
    assert ak.explain(model, TEXTS[1], method=method) == why


@pytest.mark.parametrize("kind", KINDS)
def test_explanations_beside_layer_outputs_are_those_of_one_thread(
    make_classifier: Callable[..., Classifier], kind: str
) -> None:
    model = model_of(kind, make_classifier)
    alone = ak.explain(model, TEXTS[1])
    layer = "embedding" if kind != "hooked" else "network.embedding"
    found = at_once(lambda: ak.explain(model, TEXTS[1]), lambda: ak.layer_outputs(model, TEXTS, layer), threads=2)
    assert all(one == alone for one in found)
    assert not model.network.embedding._forward_hooks


def test_two_classifiers_of_one_network_take_turns(make_classifier: Callable[..., Classifier]) -> None:
    """Also through two adapters around one network of the user's own."""
    network = Hooked()
    index = hooked().tokenizer
    first, second = (Classifier(Adapted(network), index, ("neg", "pos")) for _ in range(2))
    assert lock_of(first.network) is lock_of(second.network) is lock_of(network)
    assert lock_of(first.network) is not lock_of(first.copy().network)
    alone = first.predict(TEXTS)
    found = at_once(lambda: first.predict(TEXTS), lambda: ak.explain(second, TEXTS[1], method="quadrature"))
    assert all(one.equals(alone) for one in found)
    frozen = ServedModel.of(make_classifier())
    assert lock_of(frozen.network) is lock_of(frozen.network)


def test_a_thread_waits_for_the_network_and_not_for_itself(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    got = threading.Event()

    def ask() -> None:
        model.predict(TEXTS)
        got.set()

    with preserve_state(model.network):
        model.predict(TEXTS)  # the same thread may
        with eval_mode(model.network):
            asking = threading.Thread(target=ask)
            asking.start()
            assert not got.wait(0.2)
            assert not model.copy().predict(TEXTS).empty
    asking.join(60)
    assert got.is_set()


def test_a_copy_made_beside_an_explanation_has_no_hook_of_it(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier("lstm")
    makers: list[Callable[[], Classifier]] = [model.copy, lambda: copy.deepcopy(model), lambda: ServedModel.of(model)]
    alone = model.predict(TEXTS)
    for make in makers:
        found = at_once(make, lambda: ak.explain(model, TEXTS[1], method="quadrature"), threads=2)
        for one in found[:50]:
            assert not any(module._forward_hooks for module in one.network.modules())
            assert one.predict(TEXTS).equals(alone)


def test_a_copy_has_weights_of_its_own_unless_it_shares_them(make_classifier: Callable[..., Classifier]) -> None:
    for model in (make_classifier("attention-rnn"), hooked()):
        own, shared = model.copy(), model.copy(share_weights=True)
        for one, two, three in zip(
            model.network.parameters(), own.network.parameters(), shared.network.parameters(), strict=True
        ):
            assert one is three and two is not one and torch.equal(one, two)
        assert shared.network is not model.network and shared.network.embedding is not model.network.embedding
        alone = model.predict(TEXTS)
        assert own.predict(TEXTS).equals(alone) and shared.predict(TEXTS).equals(alone)
        assert (own.labels, own.name, own.tokenizer) == (model.labels, model.name, model.tokenizer)


def test_the_search_for_the_best_removal_ends_as_it_did(make_classifier: Callable[..., Classifier]) -> None:
    """It runs texts side by side, each in a thread that needs the network."""
    threads = torch.get_num_threads()
    for kind in KINDS:
        model = model_of(kind, make_classifier)
        found = faithfulness(model, TEXTS, "saliency", oracle_texts=None, perturbed=0)
        assert np.isfinite(found.best_removed).all() and np.isfinite(found.best_kept).all()
        torch.set_num_threads(4)
        try:
            again = faithfulness(model, TEXTS, "saliency", oracle_texts=None, perturbed=0)
        finally:
            torch.set_num_threads(threads)
        np.testing.assert_allclose(again.best_removed, found.best_removed, rtol=0, atol=1e-5)


def test_threads_that_explain_two_models_leave_the_process_as_it_was(
    make_classifier: Callable[..., Classifier],
) -> None:
    """Random states and cuDNN's flags belong to the process, not to a network."""
    models = [make_classifier("lstm"), make_classifier("attention-rnn")]
    methods = ("kernel_shap", "lime")
    alone = [ak.explain(one, TEXTS[1], method=how) for one, how in zip(models, methods, strict=True)]
    states = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # type: ignore[index]
    found = at_once(
        lambda: ak.explain(models[0], TEXTS[1], method=methods[0]),
        lambda: ak.explain(models[1], TEXTS[1], method=methods[1]),
        threads=2,
    )
    assert all(one == alone[0] for one in found)
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[2]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # type: ignore[index]
    assert torch.backends.cudnn.enabled
