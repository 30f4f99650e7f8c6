"""training_influence(): what it says, what it leaves as it was, and what it refuses."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import attribkit as ak
from attribkit.data import Dataset
from attribkit.influence import RefittedLayer, TrainingInfluence, training_influence
from attribkit.last_layer import features as features_module
from attribkit.last_layer.features import last_linear
from attribkit.models.classifier import Classifier

TEXTS = ["A great film", "It was a horrible movie"]


@cache
def trained() -> tuple[Classifier, Dataset]:
    data = ak.load_dataset("demo").sample(200)
    options: dict[str, Any] = {"filters": 8, "embedding_size": 12, "widths": (1, 2), "device": "cpu", "progress": False}
    return ak.train("cnn", data, epochs=6, learning_rate=0.02, **options), data


@cache
def layer() -> RefittedLayer:
    return RefittedLayer.of(*trained())


@cache
def asked() -> TrainingInfluence:
    model, _ = trained()
    return training_influence(model, layer(), TEXTS)


def test_the_features_are_what_the_logits_are_made_of() -> None:
    model, data = trained()
    last = model.network.get_submodule(last_linear(model))
    texts = data.train["text"].tolist()
    own = layer().features.values @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert layer().rows.texts == tuple(texts)
    assert np.allclose(own, model.logits(model.ids(texts)), atol=1e-5)


def test_an_effect_is_what_the_log_odds_lose_without_the_row() -> None:
    model, data = trained()
    influence = asked().influences[0]
    row = int(influence.shown[0])
    table = data.train.drop(index=row).reset_index(drop=True)
    without = RefittedLayer.of(model, table, l2=layer().regression.penalty / len(table))
    text = layer().read(TEXTS[:1])
    with_one = np.append(text.values[0].astype(float), 1)
    logits = without.regression.logits(with_one[None])[0]
    label = model.labels.index(influence.target)
    after = logits[label] - logits[1 - label]
    assert influence.refitted - after == pytest.approx(influence.shown_effects[0], abs=1e-6)
    assert abs(influence.effects[row] - influence.shown_effects[0]) <= influence.largest_error[row] + 1e-9


def test_rows_that_raised_come_first_and_say_so() -> None:
    result = asked()
    table = result.to_frame()
    assert table["text"].tolist() == [0] * 6 + [1] * 6
    for number, influence in enumerate(result.influences):
        rows = table[table["text"] == number]
        assert (rows["effect"][:3] > 0).all() and (rows["effect"][3:] < 0).all()
        assert influence.effects.argmax() == rows["row"].iloc[0] and influence.effects.argmin() == rows["row"].iloc[3]
        assert (rows["label"][:3] == influence.target).all()
        assert influence.relative_error <= 1e-6 and "sum to the layer's margin" in influence.verdict
        assert influence.values.sum() == pytest.approx(influence.margin, abs=1e-6 * np.abs(influence.values).sum())


def test_a_copy_of_the_text_is_one_alike_and_its_words_say_so() -> None:
    model, _ = trained()
    text = layer().rows.texts[3]
    result = training_influence(model, layer(), text, most=100)
    influence = result.influences[0]
    place = influence.shown.tolist().index(3)
    assert influence.likeness[place] == pytest.approx(1, abs=1e-9)
    alike = result.lessons[place].panels()[1]
    assert alike.unit == "likeness" and alike.converged
    assert alike.output_text == pytest.approx(1, abs=1e-4)


def test_each_row_shown_is_explained_with_its_own_label() -> None:
    _, data = trained()
    lessons = asked().lessons
    assert len(lessons) == 12
    for lesson in lessons:
        row = lesson.provenance["row"]
        assert lesson.text == data.train["text"][row]
        assert lesson.prediction is not None and lesson.prediction.true_label == data.train["label"][row]
        assert lesson.token_scores.target == data.train["label"][row] and lesson.token_scores.converged


def test_a_pair_and_a_label_are_answered_and_unknown_ones_refused() -> None:
    model, _ = trained()
    pair = training_influence(model, layer(), TEXTS[0], ("neg", "pos"), token_scores=False).influences[0]
    label = training_influence(model, layer(), TEXTS[0], "pos", token_scores=False).influences[0]
    assert pair.target == "neg − pos" and np.allclose(pair.effects, -label.effects)
    with pytest.raises(ValueError, match="`target` must be one of the labels neg, pos"):
        training_influence(model, layer(), TEXTS[0], "good")
    with pytest.raises(ValueError, match="a pair of two different labels"):
        training_influence(model, layer(), TEXTS[0], ("pos", "pos"))


def test_rows_keep_the_numbers_they_have_in_the_data_given() -> None:
    model, data = trained()
    own = data.train.iloc[::-1].reset_index(drop=True)
    unread = pd.DataFrame({"text": ["", "no training row", *own["text"]], "label": ["pos", "neg", *own["label"]]})
    table = training_influence(model, unread, TEXTS[0], token_scores=False).to_frame()
    for row, label, excerpt in zip(table["row"], table["label"], table["excerpt"], strict=True):
        assert unread["text"][row].startswith(excerpt.removesuffix("…")) and unread["label"][row] == label


def test_the_model_is_as_it_was() -> None:
    model, _ = trained()
    before = model.fingerprint()
    training_influence(model, layer(), TEXTS)
    assert model.fingerprint() == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())


def test_the_result_is_read_again(tmp_path: Path) -> None:
    result = asked()
    again = TrainingInfluence.load(result.save(tmp_path / "rows.json"))
    assert again == result and again.to_frame().equals(result.to_frame())
    page = result.save(tmp_path / "rows.html").read_text()
    assert "How far to trust it" in page and "left out of the training" in page


def test_leave_one_out_is_checked_against_true_refits_and_printed() -> None:
    check = layer().check
    assert check is not None and check.rows == 20
    assert check.two_steps <= 1e-6 and check.two_steps <= check.one_step
    assert check.sentence in asked().summary() and layer().distance_sentence in asked().summary()


def test_features_kept_in_a_folder_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = trained()
    first = RefittedLayer.of(model, data, folder=tmp_path)
    assert isinstance(first.features.values, np.memmap)
    assert np.array_equal(first.features.values, layer().features.values)
    monkeypatch.setattr(model.network, "forward", None)
    monkeypatch.setattr(features_module, "last_linear", lambda _: "output")
    again = RefittedLayer.of(model, data, folder=tmp_path)
    assert np.array_equal(again.regression.weights, first.regression.weights)
    monkeypatch.undo()
    other = RefittedLayer.of(model, data.train[:100], folder=tmp_path)
    assert len(other.features.values) == 100


def test_features_too_large_for_memory_need_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = trained()
    monkeypatch.setattr(features_module, "IN_MEMORY", 1_000)
    with pytest.raises(ValueError, match=r"more than the 0\.0 GiB that are kept in memory; give a `folder`"):
        RefittedLayer.of(model, data)
    assert len(RefittedLayer.of(model, data, folder=tmp_path).features.values) == 200


def test_rows_that_are_not_the_models_are_refused_and_allowed_by_name() -> None:
    model, _ = trained()
    other = ak.load_dataset("demo", seed=7)
    strange = pd.DataFrame({"text": ["one film", "a bad film", "two films", "so bad"], "label": ["pos", "neg"] * 2})
    with pytest.raises(ValueError, match=r"the rows that the model was trained on were expected, got 0 .*other_rows"):
        training_influence(model, strange, TEXTS[0])
    assert len(training_influence(model, strange, TEXTS[0], other_rows=True).influences[0].effects) == 4
    bundled = ak.load("imdb-cnn", "cpu")
    with pytest.raises(ValueError, match="got 'demo' with another fingerprint"):
        training_influence(bundled, replace(other), TEXTS[0])
    table = training_influence(bundled, strange, TEXTS[0], token_scores=False)
    assert "it is not known which of these rows it was trained on" in table.summary()


def test_rows_without_labels_and_labels_with_one_row_are_refused() -> None:
    model, data = trained()
    with pytest.raises(ValueError, match=r"rows with labels were expected, got only text; name their column"):
        training_influence(model, data.train[["text"]], TEXTS[0])
    pos = data.train[data.train["label"] == "pos"]
    one = pd.concat([pos, data.train[data.train["label"] == "neg"][:1]])
    with pytest.raises(ValueError, match="each label needs two rows or more, got 1 of 'neg'"):
        training_influence(model, one, TEXTS[0], other_rows=True)
    with pytest.raises(ValueError, match="`l2` must be a number above 0, got 0"):
        training_influence(model, data, TEXTS[0], l2=0)
    with pytest.raises(ValueError, match="`most` must be at least 1 training row, got 0"):
        training_influence(model, data, TEXTS[0], most=0)
    with pytest.raises(TypeError, match="a Classifier was expected, got str"):
        training_influence("imdb-cnn", data, TEXTS[0])  # type: ignore[arg-type]  # on purpose


class Squashed(nn.Module):
    """A network whose logits are not its last layer's."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 4)
        self.output = nn.Linear(4, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        real = mask.unsqueeze(-1)
        return self.output((self.embedding(ids) * real).sum(1) / real.sum(1)).sin() * 3


class Normed(Squashed):
    """A network whose last layer is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.norm(super().forward(ids, mask))


@pytest.mark.parametrize(("network", "why"), [(Squashed, "something stands between"), (Normed, "LayerNorm")])
def test_a_network_without_a_linear_last_layer_is_refused(network: type[nn.Module], why: str) -> None:
    model, data = trained()
    other = Classifier(network(), model.tokenizer, model.labels)
    with pytest.raises(ValueError, match=f"ends in a linear layer, of this one .*{why}"):
        training_influence(other, data, TEXTS[0])


def test_what_is_no_network_is_refused() -> None:
    model, data = trained()
    function = Classifier.from_function(model.probabilities, model.labels)
    for ask in (
        lambda: training_influence(function, data, TEXTS[0], other_rows=True),
        lambda: ak.label_errors(function, data.train),
        lambda: ak.keep_training(function, data, other_rows=True),
    ):
        with pytest.raises(ValueError, match="a linear last layer, this function has none; ask a network trained"):
            ask()


def test_a_layer_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="a layer refitted for this model was expected"):
        training_influence(ak.load("imdb-cnn", "cpu"), layer(), TEXTS[0])
