"""Faithfulness is what loops over bins, subsets and single tokens find; and it obeys the laws that give it meaning."""

from collections.abc import Callable
from typing import Any

import pytest
import reference
import torch

from attribkit.classifier import Classifier
from attribkit.evaluation.faithfulness import faithfulness
from attribkit.evaluation.removal import REMOVALS
from attribkit.explainer import explain

TEXTS = ["never such a good unheard film a good film", "the worst movie ever", "bad", "a great , great story !"]


def probability(model: Classifier, label: int) -> Callable[[list[int]], float]:
    def run(ids: list[int]) -> float:
        with torch.no_grad():
            logits = model.network(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))
        return float(torch.softmax(logits.double(), 1)[0, label])

    return run


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
def test_every_ranked_measure_equals_a_loop(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    model = make_classifier(architecture, labels=("x", "y", "z"))
    found = faithfulness(model, TEXTS, ["saliency"], jolted=0)
    assert found.methods == ("saliency", "random")
    scores = [why.scores.scores.tolist() for why in _explained(model, "saliency")]
    for row, one in enumerate(model.encode(TEXTS)):
        ids, label = one.ids.tolist(), int(model.logits([one.ids]).argmax())
        run = probability(model, label)
        for way in REMOVALS:
            arguments = (run, ids, scores[row], way, model.tokenizer.pad_id)
            expected = reference.comprehensiveness_and_sufficiency(*arguments)
            expected["deletion_area"] = reference.area_under(*arguments, kept=False)
            expected["insertion_area"] = reference.area_under(*arguments, kept=True)
            for measure, value in expected.items():
                assert found.values(measure, "saliency", way)[row] == pytest.approx(value, abs=1e-5), measure


def _explained(model: Classifier, method: str) -> Any:
    return explain(model, TEXTS, views=["attribution"], method=method)
