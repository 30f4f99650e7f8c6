"""Training on several labels a text and on numbers, on generated texts whose answer is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted import numbers, several
from torch import nn

import attribkit as ak
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.training.objectives import OBJECTIVES, Standard, class_weights

SMALL: dict[str, Any] = {
    "embedding_size": 16, "learning_rate": 0.02, "dropout": 0.0, "min_frequency": 1, "batch_size": 32, "seed": 0,
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "cnn": {"filters": 24, "widths": (1,)},
    "attention-rnn": {"hidden": 24},
}


def by_word(model: Classifier, texts: list[str], target: str | None = None) -> dict[str, float]:
    """The mean score of each word over these texts."""
    scores: dict[str, list[float]] = {}
    for why in ak.explain(model, texts, views="attribution", target=target):
        for token, score in zip(why.tokens, why.scores.tolist(), strict=True):
            scores.setdefault(token, []).append(score)
    return {word: float(np.mean(values)) for word, values in scores.items()}


@pytest.mark.parametrize("architecture", KINDS)
def test_a_regression_learns_the_numbers_and_its_scores_are_the_words_own(architecture: str) -> None:
    table, weights = numbers()
    model = ak.train(
        architecture, table, task="regression", unit="€", epochs=40, snapshots=[0, 3], **SMALL, **KINDS[architecture]
    )
    assert (model.task, model.unit, model.labels) == ("regression", "€", ("price",))
    assert model.history is not None and model.history["val_r2"].max() > 0.95
    data = ak.load_dataset(table, task="regression")
    errors = model.predict(data.test["text"])["label"] - data.test["label"]
    assert errors.abs().mean() < 25  # of numbers with a standard deviation of 90
    best = model.history.loc[model.history["val_loss"].idxmin()]
    own = (model.predict(data.validation["text"])["label"] - data.validation["label"]).abs().mean()
    assert own == pytest.approx(best["val_mae"], rel=1e-3)
    scores = by_word(model, data.test["text"].tolist())
    learnt = [scores.get(word, 0.0) for word in weights]
    assert np.corrcoef(list(weights.values()), learnt)[0, 1] > 0.98
    # a snapshot answers in the unit too: before training about the mean of all, later nearer to each
    untrained = model.at_epoch(0).predict(data.test["text"])["label"]
    assert abs(untrained.mean() - data.train["label"].mean()) < 3 * data.train["label"].std()
    later = model.at_epoch(3).predict(data.test["text"])["label"]
    assert np.corrcoef(later, data.test["label"])[0, 1] > 0.5


def test_several_labels_are_learnt_and_each_is_explained_by_its_own_words() -> None:
    table, own = several()
    model = ak.train("cnn", table, task="multilabel", epochs=40, patience=6, **SMALL, **KINDS["cnn"])
    assert model.task == "multilabel" and model.labels == tuple(own)
    assert model.history is not None and model.history["val_f1"].max() > 0.95
    data = ak.load_dataset(table, task="multilabel")
    predicted = model.predict(data.test["text"])["label"]
    right = [set(one) == set(two) for one, two in zip(predicted, data.test["label"], strict=True)]
    assert np.mean(right) > 0.85
    label = model.labels[0]
    scores = by_word(model, data.test["text"].tolist(), label)
    assert set(sorted(scores, key=lambda word: -scores[word])[:4]) == set(own[label])


def test_a_resumed_training_gives_the_same_numbers(tmp_path: Path) -> None:
    table, _ = numbers(120)
    options = {**SMALL, **KINDS["cnn"], "epochs": 3, "patience": None}
    whole = ak.train("cnn", table, task="regression", out=tmp_path / "whole", snapshots=[1], **options)
    again = ak.Classifier.load(tmp_path / "whole")
    assert again.predict(table["text"]).equals(whole.predict(table["text"]))
    assert again.at_epoch(1).predict(table["text"]).equals(whole.at_epoch(1).predict(table["text"]))
    assert again.unit == "price" and "deviation" in again.provenance["training"]


def test_rare_labels_can_be_weighed_up() -> None:
    holding = np.zeros((100, 2), dtype=np.float32)
    holding[:50, 0] = holding[:10, 1] = 1
    assert class_weights(holding, "multilabel").tolist() == [1.0, 9.0]
    model = ak.train("cnn", several(200)[0], task="multilabel", class_weights="balanced", epochs=1, **SMALL)
    assert model.task == "multilabel"


def test_measures_of_the_validation_texts_are_the_plain_formulas() -> None:
    logits = torch.tensor([[1.0, -1.0], [2.0, 3.0], [-1.0, 0.5]])
    holding = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    measures = OBJECTIVES["multilabel"].measures(logits, holding)
    assert measures == {"val_accuracy": pytest.approx(2 / 3), "val_f1": pytest.approx(2 * 3 / (4 + 3))}
    loss = OBJECTIVES["multilabel"].loss(logits, holding, None)
    p = logits.sigmoid()
    assert float(loss) == pytest.approx(float(-(holding * p.log() + (1 - holding) * (1 - p).log()).mean(1).sum()))
    measures = OBJECTIVES["regression"].measures(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 3.0, 5.0]))
    assert measures == {"val_mae": pytest.approx(2 / 3), "val_r2": pytest.approx(1 - 2 / 8)}


def test_the_standard_is_folded_into_the_last_layer() -> None:
    layer = nn.Linear(5, 1)
    own = Standard(200.0, 30.0)
    features = torch.randn(7, 5)
    plain = layer(features)
    folded = own.in_unit({f"output.{name}": tensor.detach() for name, tensor in layer.named_parameters()})
    changed = nn.functional.linear(features, folded["output.weight"], folded["output.bias"])
    assert torch.allclose(changed, 200 + 30 * plain, rtol=1e-5)
    numbers_ = np.array([1.0, 2.0, 6.0], dtype=np.float32)
    assert Standard.of(numbers_).standardised(numbers_).mean() == pytest.approx(0.0, abs=1e-6)


def test_what_a_task_does_not_take_is_one_sentence() -> None:
    table, _ = numbers(60)
    with pytest.raises(InputError, match="`class_weights` weigh labels, and a regression has none"):
        ak.train("cnn", table, task="regression", class_weights="balanced")
    with pytest.raises(InputError, match="`unit` is that of a regression"):
        ak.train("cnn", several(60)[0], task="multilabel", unit="stars")
    with pytest.raises(InputError, match=r"give them to attribkit\.load_dataset"):
        ak.train("cnn", ak.load_dataset("demo").sample(40), task="regression")
    with pytest.raises(InputError, match="different numbers with a fraction; give task='regression'"):
        ak.train("cnn", table)


def test_a_network_without_a_last_layer_named_output_learns_no_numbers() -> None:
    from attribkit.training.objectives import check_last_layer

    with pytest.raises(InputError, match="needs a network whose last layer is `output`"):
        check_last_layer(nn.Sequential(nn.Linear(3, 1)))
