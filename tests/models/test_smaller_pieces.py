"""Where memory runs out texts go through in smaller pieces, and one that does not fit is a sentence."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import attribkit as ak
from attribkit.models.classifier import Classifier

TEXTS = ["a good film", "a bad film", "good film", "a good good film", "bad"]


def narrow(classifier: Classifier, tokens: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the network's memory suffice for so many tokens; how many each pass had comes back."""
    forward, sizes = type(classifier.network).forward, []

    def limited(self: torch.nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
        if ids.numel() > tokens:
            raise error
        sizes.append(ids.numel())
        logits: Tensor = forward(self, ids, mask)
        return logits

    monkeypatch.setattr(type(classifier.network), "forward", limited)
    return sizes


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError()])
@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_batches_are_halved_until_they_fit(
    make_classifier: Callable[..., Classifier], architecture: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier(architecture)
    predicted, explained = classifier.predict(TEXTS), ak.explain(classifier, TEXTS, views="attribution")
    sizes = narrow(classifier, 8, error, monkeypatch)
    again = classifier.predict(TEXTS)
    assert again["label"].tolist() == predicted["label"].tolist()
    np.testing.assert_allclose(again.iloc[:, 2:], predicted.iloc[:, 2:], atol=1e-6)
    for whole, part in zip(explained, ak.explain(classifier, TEXTS, views="attribution"), strict=True):
        np.testing.assert_allclose(part.scores, whole.scores, atol=1e-5)
    assert max(sizes) <= 8


def test_a_text_that_does_not_fit_is_one_sentence(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("cnn")
    narrow(classifier, 3, torch.OutOfMemoryError("CUDA out of memory."), monkeypatch)
    for call in (classifier.predict, lambda texts: ak.explain(classifier, texts)):
        with pytest.raises(
            RuntimeError, match="out of memory: cpu has too little of it for a text of 4 tokens; give a"
        ):
            call(TEXTS)


def test_any_other_error_is_not_taken_for_it(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("cnn")
    narrow(classifier, 3, RuntimeError("mat1 and mat2 cannot be multiplied"), monkeypatch)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        classifier.predict(TEXTS)
