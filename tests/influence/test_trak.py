"""TRAK, against gradients of all weights taken whole, row by row."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import attribkit as ak
from attribkit.influence.trak import _ridge, _Sketch, trak
from attribkit.last_layer.training_rows import TrainingRows
from attribkit.models.classifier import Classifier

OPTIONS: dict[str, Any] = {"filters": 4, "embedding_size": 8, "device": "cpu", "progress": False}
TEXTS = ["A great film", "So dull"]


@cache
def trained(seed: int = 0, labels: int = 2) -> tuple[Classifier, TrainingRows]:
    data = ak.load_dataset("demo").sample(24).train
    if labels == 3:
        data = data.assign(label=["abc"[place % 3] for place in range(len(data))])
    model = ak.train(
        "cnn", data, epochs=3, learning_rate=0.02, freeze_epochs=1, snapshots=[0, 1, 3], seed=seed, **OPTIONS
    )
    return model, TrainingRows.of(model, data)


def gradient(model: Classifier, text: str, label: int, frozen: bool) -> tuple[NDArray[np.float64], float]:
    """The gradient of a label's log-odds by every weight, and its probability."""
    model.network.eval()
    weights = [w for name, w in model.network.named_parameters() if not (frozen and name == "embedding.weight")]
    for weight in weights:
        weight.requires_grad_(True)
    logits = model.network(*model.batch(model.ids([text])))[0]
    others = torch.cat((logits[:label], logits[label + 1 :]))
    parts = torch.autograd.grad(logits[label] - torch.logsumexp(others, 0), weights)
    return torch.cat([part.flatten() for part in parts]).double().numpy(), float(logits.detach().softmax(0)[label])


def slow(models: list[Classifier], rows: TrainingRows, label: int, text: str) -> NDArray[np.float64]:
    effects = []
    for model in models:
        for epoch in (1, 3):
            earlier = model.at_epoch(epoch)
            pairs = zip(rows.texts, rows.labels.tolist(), strict=True)
            taught = [gradient(earlier, row, label_of, epoch == 1) for row, label_of in pairs]
            features = np.array([row for row, _ in taught])
            kernel = features @ features.T
            own = features @ gradient(earlier, text, label, epoch == 1)[0]
            inverse = np.linalg.inv(kernel + 10 * np.trace(kernel) / len(kernel) * np.eye(len(kernel)))
            effects.append(inverse @ own * (1 - np.array([chance for _, chance in taught])))
    return np.mean(effects, axis=0)


@pytest.mark.parametrize("labels", [2, 3])
def test_trak_is_ridge_regression_on_all_gradients_averaged_over_networks(labels: int) -> None:
    models, rows = [trained(seed, labels)[0] for seed in (0, 1)], trained(0, labels)[1]
    fast = trak(models, rows, TEXTS, models[0].labels[1], width=16_384)
    for place, text in enumerate(TEXTS):
        exact = slow(models, rows, 1, text)
        assert np.corrcoef(fast[place], exact)[0, 1] > 0.995
        assert np.abs(fast[place] - exact).max() < 0.1 * np.abs(exact).max()


def test_a_sketch_keeps_products_on_average() -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(size=(2, 500)).astype(np.float32)
    both = [torch.from_numpy(numbers) for numbers in (first, second)]
    sketches = [_Sketch(500, 64, seed) for seed in range(200)]
    products = [float(sketch(both[0]) @ sketch(both[1])) for sketch in sketches]
    spread = np.std(products)
    assert abs(np.mean(products) - float(first @ second)) < 4 * spread / np.sqrt(200)
    assert spread < 2 * np.linalg.norm(first) * np.linalg.norm(second) / np.sqrt(64)
    assert np.array_equal(_Sketch(500, 64, 3)(both[0]), _Sketch(500, 64, 3)(both[0]))


def test_the_order_of_the_rows_does_not_matter_and_the_models_stay_as_they_were() -> None:
    model, rows = trained()
    before, state = model.fingerprint(), torch.random.get_rng_state()
    order = np.random.default_rng(0).permutation(len(rows.labels))
    turned = TrainingRows.of(model, rows.table.iloc[order].reset_index(drop=True))
    assert np.allclose(trak(model, turned, TEXTS, width=64), trak(model, rows, TEXTS, width=64)[:, order], atol=1e-5)
    assert model.fingerprint() == before and torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("count", [5, 20, 40])
def test_few_rows_and_many_give_the_same_ridge_regression(count: int) -> None:
    random = np.random.default_rng(1)
    asked, taught = random.normal(size=(3, 20)), random.normal(size=(count, 20)).astype(np.float32)
    exact = asked @ np.linalg.inv(taught.T @ taught + 2 * (taught**2).sum() / count * np.eye(20)) @ taught.T
    assert np.allclose(_ridge(asked, taught, 2), exact, atol=1e-5 * np.abs(exact).max())


def test_what_cannot_be_asked_is_refused() -> None:
    model, rows = trained()
    with pytest.raises(ValueError, match=r"TracIn and TRAK need the weights of some epochs, the model keeps none"):
        trak(ak.load("imdb-cnn", "cpu"), rows, TEXTS)
    with pytest.raises(ValueError, match="a model, or several, was expected, got none"):
        trak([], rows, TEXTS)
    with pytest.raises(ValueError, match=r"models of the labels .* were expected, got"):
        trak([model, trained(0, 3)[0]], rows, TEXTS)
    with pytest.raises(ValueError, match=r"sketches of 17 rows take 5\.7 GiB, .*; lower `width`, 90,000,000"):
        trak(model, rows, TEXTS, width=90_000_000)
