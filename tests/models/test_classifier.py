"""A classifier answers the same whatever else is in the batch, and refuses what it cannot read."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.devices import choose_device
from attribkit.models.logits import softmax
from attribkit.models.state import eval_mode
from attribkit.text.word_index import WordIndex

WORDS = "a good film horrible bad never seen unknown ! I've".split()
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join), min_size=1, max_size=9)


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
def test_a_text_gets_the_same_answer_alone_and_among_others(
    make_classifier: Callable[..., Classifier], architecture: str
) -> None:
    classifier = make_classifier(architecture)

    @given(TEXTS, st.none() | st.integers(1, 4))
    @settings(max_examples=30, deadline=None)
    def law(texts: list[str], batch_size: int | None) -> None:
        together = classifier.predict(texts, batch_size)
        alone = np.concatenate([classifier.predict(text)[["neg", "pos"]].to_numpy() for text in texts])
        np.testing.assert_allclose(together[["neg", "pos"]].to_numpy(), alone, atol=1e-6)
        assert together["text"].tolist() == texts

    law()


def test_the_table_names_the_label_of_the_largest_probability(make_classifier: Callable[..., Classifier]) -> None:
    frame = make_classifier(labels=("x", "y", "z")).predict(["a good film", "bad"])
    assert list(frame.columns) == ["text", "label", "x", "y", "z"]
    np.testing.assert_allclose(frame[["x", "y", "z"]].sum(axis=1), 1)
    assert frame["label"].tolist() == frame[["x", "y", "z"]].idxmax(axis=1).tolist()


def test_no_text_gives_an_empty_table(make_classifier: Callable[..., Classifier]) -> None:
    frame = make_classifier().predict([])
    assert frame.empty
    assert list(frame.columns) == ["text", "label", "neg", "pos"]


def test_an_error_among_several_texts_names_the_one(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    with pytest.raises(ValueError, match="text 1: the text is empty"):
        classifier.predict(["good", " "])
    with pytest.raises(TypeError, match="text 0: a text must be a string, got float"):
        classifier.predict([float("nan"), "good"])
    with pytest.raises(ValueError, match=r"^the text is empty"):
        classifier.predict("")


def test_predicting_leaves_every_mode_flag_as_it_was(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    classifier.network.train()
    classifier.network.dropout.eval()
    before = [module.training for module in classifier.network.modules()]
    first, second = classifier.predict("a good film"), classifier.predict("a good film")
    assert first.equals(second)
    assert [module.training for module in classifier.network.modules()] == before
    with pytest.raises(RuntimeError, match="broke"), eval_mode(classifier.network):
        raise RuntimeError("broke")
    assert [module.training for module in classifier.network.modules()] == before


def test_an_epoch_that_was_not_kept_is_refused_with_those_that_were(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    with pytest.raises(ValueError, match=r"the model keeps no snapshots, got 1; train it with snapshots=\[…\]"):
        classifier.at_epoch(1)
    classifier.snapshots[0] = classifier.network.state_dict()
    with pytest.raises(ValueError, match="the model keeps snapshots of the epochs 0, got 1"):
        classifier.at_epoch(1)


def test_the_fingerprint_changes_with_any_weight(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    before = classifier.fingerprint()
    assert classifier.fingerprint() == before == make_classifier().fingerprint()
    classifier.network.output.bias.data[1] += 1e-6
    assert classifier.fingerprint() != before


def test_a_network_without_an_embedding_or_with_one_label_is_refused(
    make_classifier: Callable[..., Classifier],
) -> None:
    classifier = make_classifier()
    with pytest.raises(TypeError, match="Linear has none; wrap it with"):
        Classifier(nn.Linear(2, 2), classifier.tokenizer, ("a", "b"))
    with pytest.raises(TypeError, match=r"must be callable.*SimpleNamespace is not; wrap it"):
        silent: Any = SimpleNamespace(embedding=nn.Embedding(2, 2))
        Classifier(silent, classifier.tokenizer, ("a", "b"))
    for labels in (["a"], ["a", "a"]):
        with pytest.raises(ValueError, match="at least two different labels"):
            Classifier(classifier.network, classifier.tokenizer, labels)


@pytest.mark.parametrize(
    ("tokenizer", "sentence"),
    [({"good": 0}, r"got a vocabulary alone \(dict\); give .*WordIndex"), (str.split, "lacks encode, ids, pad_id")],
)
def test_what_is_no_tokenizer_is_refused_at_once(
    make_classifier: Callable[..., Classifier], tokenizer: Any, sentence: str
) -> None:
    with pytest.raises(TypeError, match=sentence):
        Classifier(make_classifier("cnn").network, tokenizer, ["neg", "pos"])


def test_logits_that_do_not_match_the_labels_are_refused(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    wrong = Classifier(classifier.network, classifier.tokenizer, ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"shape \(B, 3\), one per label, got \(1, 2\)"):
        wrong.predict("good film")


def test_a_device_that_is_not_there_is_refused() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    for name in ("cuda:99", "toaster"):
        with pytest.raises(ValueError, match="must name a device of this machine"):
            choose_device(name)


PLACES = ["cpu", "cuda:0", "cuda:1", "mps:0"]


@pytest.mark.parametrize("here", PLACES)
@pytest.mark.parametrize("asked", [*PLACES, "cuda", "mps"])
def test_only_another_device_takes_a_copy(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch, here: str, asked: str
) -> None:
    """On a machine of two GPUs, of which the second is the current one: acted, for there is none."""
    place = torch.device({"cuda": "cuda:1", "mps": "mps:0"}.get(asked, asked))
    model, moved = make_classifier(), []
    monkeypatch.setattr("attribkit.models.classifier.choose_device", torch.device)
    monkeypatch.setattr("attribkit.models.classifier.located", lambda device: place if str(device) == asked else None)
    monkeypatch.setattr(Classifier, "device", property(lambda self: torch.device(here)))
    monkeypatch.setattr(type(model.network), "to", lambda network, device: moved.append((network, device)))
    found = model.on(asked)
    if str(place) == here:
        assert found is model and not moved
    else:
        assert found is not model and moved == [(found.network, place)] and found.network is not model.network
    assert model.on(None) is model


def test_a_copy_elsewhere_leaves_the_model_where_it_is(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    assert model.on("cpu") is model and model.on("cpu:0") is model
    moved = model.on("meta")
    assert (moved.device.type, model.device.type) == ("meta", "cpu")
    assert moved.on("meta") is moved and (moved.labels, moved.tokenizer) == (model.labels, model.tokenizer)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")
def test_the_current_gpu_is_the_same_with_and_without_its_number(make_classifier: Callable[..., Classifier]) -> None:
    moved = make_classifier().on("cuda")
    assert moved.on("cuda") is moved and moved.on(f"cuda:{torch.cuda.current_device()}") is moved


@given(st.lists(st.lists(st.floats(-800, 800), min_size=3, max_size=3), min_size=1, max_size=5))
def test_probabilities_are_finite_and_sum_to_one(logits: list[list[float]]) -> None:
    found = softmax(np.array(logits))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found, torch.tensor(logits, dtype=torch.float64).softmax(1).numpy(), atol=1e-12)


class Bag(nn.Module):
    """A user's own network: single logit, no mask, its own padding number, and it sees padding."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.words(x).mean(1))


def test_a_users_own_single_logit_network_is_a_classifier() -> None:
    index = WordIndex({"<pad>": 4, "<unk>": 3, "good": 0, "bad": 1, "film": 2}, split=lambda t: t.lower().split())
    network = Bag()
    classifier = Classifier(Adapted(network, outputs="logit"), index, ("neg", "pos"))
    frame = classifier.predict(["Good film", "bad", "a good bad film film"])
    for text, ids, p in zip(frame["text"], ([0, 2], [1], [3, 0, 1, 2, 2]), frame["pos"], strict=True):
        assert p == pytest.approx(network(torch.tensor([ids])).sigmoid().item(), abs=1e-6), text
