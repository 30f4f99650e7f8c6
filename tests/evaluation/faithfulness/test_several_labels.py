"""Faithfulness with several labels a text: each predicted label followed by itself, against its own sigmoid."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

import attribkit as ak
from attribkit.errors import InputError
from attribkit.evaluation.faithfulness.measures import BINS, PERCENTS, counts_of
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Chart

TEXTS = ["a good film but a dull plot", "good good acting", "bad", "a film", "dull , bad and not good at all"]


@pytest.fixture(params=["cnn", "lstm"])
def model(request: Any, make_classifier: Callable[..., Classifier]) -> Classifier:
    made = make_classifier(request.param, labels=("acting", "plot", "sound", "cast"))
    with torch.no_grad():
        made.network.output.bias.add_(torch.tensor([0.6, 0.0, 0.4, 0.0]))  # so that several labels hold
    return Classifier(made.network, made.tokenizer, made.labels, task="multilabel")


def sigmoid(model: Classifier, ids: Any, label: int) -> float:
    logit = float(model.logits([np.array(ids or [model.tokenizer.pad_id])])[0, label])
    return 1 / (1 + np.exp(-logit))


def test_every_predicted_label_of_a_text_has_its_own_deletion_curve(model: Classifier) -> None:
    result = ak.faithfulness(model, TEXTS, "leave_one_out", removals="delete", oracle_texts=3, perturbed=1)
    expected = []
    for text, logits in zip(TEXTS, model.logits(model.ids(TEXTS)), strict=True):
        labels = [label for label in range(4) if logits[label] >= 0] or [int(logits.argmax())]
        expected += [(text, label) for label in labels]
    assert result.labels == tuple(model.labels[label] for _, label in expected)
    assert len(set(result.labels)) > 1 and len(expected) > len(TEXTS)
    for row, (text, label) in enumerate(expected):
        ids = model.ids([text])[0].tolist()
        scores = ak.explain(
            model, text, target=model.labels[label], method="leave_one_out", views="attribution"
        ).token_scores.scores
        order = np.argsort(-scores, kind="stable").tolist()
        removed, kept = (
            [
                sigmoid(model, [ids[i] for i in range(len(ids)) if (i in order[:count]) == top], label)
                for count in counts_of(len(ids))
            ]
            for top in (False, True)
        )
        assert np.exp(result.removed[0, 0, row]) == pytest.approx(removed, abs=1e-5)
        assert np.exp(result.kept[0, 0, row]) == pytest.approx(kept, abs=1e-5)
        own = sigmoid(model, ids, label)
        bins = [removed[PERCENTS.index(percent)] for percent in BINS]
        assert result.values("comprehensiveness", "leave_one_out")[row] == pytest.approx(own - np.mean(bins), abs=1e-5)
        assert result.log_odds[row] == pytest.approx(np.log(own / (1 - own)), abs=1e-4)
        if result.exact[row]:  # every subset
            for place, count in enumerate(counts_of(len(ids), BINS).tolist()):
                least = min(
                    sigmoid(model, [ids[i] for i in range(len(ids)) if i not in gone], label)
                    for gone in combinations(range(len(ids)), count)
                )
                assert np.exp(result.best_removed[0, row, place]) == pytest.approx(least, abs=1e-5)
    assert result.exact.sum() >= 3 and np.isfinite(result.infidelity).any()


def test_one_labels_part_is_that_of_its_rows(model: Classifier) -> None:
    result = ak.faithfulness(model, TEXTS, "saliency", oracle_texts=2, perturbed=2)
    label = result.labels[0]
    rows = [place for place, name in enumerate(result.labels) if name == label]
    part = result.of_label(label)
    for measure in ("comprehensiveness", "log_odds_drop", "deletion_area", "tau", "infidelity"):
        for method in result.methods:
            np.testing.assert_array_equal(part.values(measure, method), result.values(measure, method)[rows])
    assert part.labels == (label,) * len(rows) and f"only of {label!r}" in part.notes[-1]
    assert "mean probability of a predicted label" in {
        panel.y_label for panel in part.panels() if isinstance(panel, Chart)
    }
    with pytest.raises(InputError, match="no text measured is predicted to be 'smell', but "):
        result.of_label("smell")
    assert any("followed by itself" in note and f"of {len(TEXTS)} texts" in note for note in result.notes)
