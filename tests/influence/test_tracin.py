"""TracIn through all weights, against gradients taken row by row."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import attribkit as ak
from attribkit.influence.tracin import tracin
from attribkit.last_layer.training_rows import TrainingRows
from attribkit.models.classifier import Classifier

OPTIONS: dict[str, Any] = {"filters": 4, "embedding_size": 8, "device": "cpu", "progress": False, "seed": 0}


@cache
def trained() -> tuple[Classifier, TrainingRows]:
    data = ak.load_dataset("demo").sample(24)
    model = ak.train("cnn", data, epochs=3, learning_rate=0.02, freeze_epochs=1, snapshots=[0, 1, 3], **OPTIONS)
    return model, TrainingRows.of(model, data)


def gradient(model: Classifier, ids: np.ndarray, scalar: Any) -> dict[str, torch.Tensor]:
    weights = {name: weight for name, weight in model.network.named_parameters() if weight.requires_grad}
    logits = model.network(*model.batch([ids]))
    parts = torch.autograd.grad(scalar(logits), list(weights.values()), allow_unused=True)
    return {
        name: torch.zeros_like(weights[name]) if part is None else part
        for name, part in zip(weights, parts, strict=True)
    }


def test_tracin_is_the_sum_over_snapshots_of_products_of_gradients() -> None:
    model, rows = trained()
    text = "A great film"
    slow = np.zeros(len(rows.labels))
    for epoch in (1, 3):
        earlier = model.at_epoch(epoch)
        earlier.network.eval()
        earlier.network.embedding.weight.requires_grad_(epoch > 1)
        ids = earlier.ids([text])[0]
        label = int(model.logits(model.ids([text]))[0].argmax())
        own = gradient(earlier, ids, lambda logits, label=label: logits[0, label] - logits[0, 1 - label])
        assert model.history is not None
        rate = float(model.history.set_index("epoch")["learning_rate"].loc[epoch])
        for place, row in enumerate(rows.ids):
            true = torch.tensor([rows.labels[place]])
            other = gradient(earlier, row, lambda logits, true=true: torch.nn.functional.cross_entropy(logits, true))
            slow[place] -= rate * sum(float((own[name] * other[name]).sum()) for name in own)
    fast = tracin(model, rows, [text])[0]
    assert np.allclose(fast, slow, rtol=0.03, atol=0.02 * np.abs(slow).max())
    assert np.corrcoef(fast, slow)[0, 1] > 0.999


def test_the_model_and_its_snapshots_are_as_they_were() -> None:
    model, rows = trained()
    before, kept = model.fingerprint(), model.at_epoch(3).fingerprint()
    tracin(model, rows, ["A great film", "So dull"], "pos")
    assert model.fingerprint() == before and model.at_epoch(3).fingerprint() == kept


def test_a_model_without_snapshots_is_refused() -> None:
    _, rows = trained()
    with pytest.raises(ValueError, match=r"the model keeps none; train it with snapshots=\[1, 2, …\]"):
        tracin(ak.load("imdb-cnn", "cpu"), rows, ["A great film"])
