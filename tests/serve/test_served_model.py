"""Models that cannot change, and the words near a word."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from attribkit.models.classifier import Classifier
from attribkit.serve.served_model import ServedModel


def test_a_frozen_model_is_a_copy_with_the_same_fingerprint(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    frozen = ServedModel.of(model)
    assert frozen.fingerprint() == model.fingerprint()
    own = frozen.network.embedding.weight
    assert own.data_ptr() != model.network.embedding.weight.data_ptr() and not own.requires_grad
    assert model.network.embedding.weight.requires_grad
    torch.testing.assert_close(frozen.logits(frozen.ids(["a film"])), model.logits(model.ids(["a film"])))


@pytest.mark.parametrize("row", [2, 5, 9])
def test_the_nearest_words_are_those_of_the_largest_cosine(
    make_classifier: Callable[..., Classifier], row: int
) -> None:
    frozen = ServedModel.of(make_classifier())
    weight = frozen.network.embedding.weight.detach().double().numpy()
    words = {number: word for word, number in frozen.tokenizer.vocabulary.items()}  # type: ignore[attr-defined]
    slow = sorted(
        (
            (-float(weight[row] @ weight[k] / np.linalg.norm(weight[row]) / np.linalg.norm(weight[k])), words[k])
            for k in range(2, len(weight))
            if k != row
        ),
    )[:4]
    found = frozen.nearest(row, 4)
    assert [one.word for one in found] == [word for _, word in slow]
    assert [one.similarity for one in found] == pytest.approx([-cosine for cosine, _ in slow], abs=1e-5)
    assert not {"[PAD]", "[UNK]"} & {one.word for one in frozen.nearest(row, 10_000)}
