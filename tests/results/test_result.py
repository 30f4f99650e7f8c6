"""What every result can do, whatever call made it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import attribkit as ak
from attribkit.evaluation.check import CheckResult
from attribkit.evaluation.performance import Metrics
from attribkit.evaluation.thresholds import Figure
from attribkit.results.panels import Convergence
from attribkit.results.result import Result

GOOD = "It was a good film"


def results() -> dict[str, Any]:
    model = ak.load("imdb-cnn", "cpu")
    texts = [GOOD, "It was a horrible movie"]
    return {
        "explain": ak.explain(model, GOOD),
        "several": ak.explain(model, texts),
        "compare": ak.compare(ak.explain(model, GOOD), ak.explain(model, GOOD, method="saliency")),
        "evaluate": Metrics(("neg", "pos"), np.array([[50, 10], [5, 35]])),
        "check": CheckResult(
            "m", "exact", 9, 0, 9, (Figure("accuracy", 0.9, threshold=0.8),), Convergence.of([]), ("a note",)
        ),
        "faithfulness": ak.faithfulness(model, texts, oracle_texts=0, perturbed=0),
        "word_importance": ak.word_importance(model, texts * 10),
    }


def test_every_result_draws_tabulates_sums_up_and_saves_itself(tmp_path: Path) -> None:
    for name, result in results().items():
        assert isinstance(result, (Result, ak.Explanations)), name
        assert result.panels() and isinstance(result.summary(), str) and result.summary(), name
        assert len(repr(result)) < 2_000 and "array(" not in repr(result), name
        assert isinstance(result.to_frame(), pd.DataFrame), name
        page = result._repr_html_()
        assert "<script src" not in page and "<link" not in page and 'src="http' not in page, name
        for suffix in (".html", ".png"):
            assert result.save(tmp_path / f"{name}{suffix}").stat().st_size > 1_000
        with pytest.raises(ValueError, match=r"the file's suffix must be one of \.html, "):
            result.save(tmp_path / "result.doc")


def test_an_explanation_gives_its_scores_and_words_at_once() -> None:
    why = ak.explain(ak.load("imdb-cnn", "cpu"), GOOD)
    assert isinstance(why, ak.Explanation)
    assert why.tokens == GOOD.split() and why.scores.shape == (5,) and why.scores is why.token_scores.scores
    assert (
        why.prediction is not None
        and why.prediction.label == why.label
        and why.probability == max(why.prediction.probabilities)
    )
    assert why.token_scores.verdict in why.summary()


def test_metrics_say_accuracy_and_f1() -> None:
    metrics = Metrics(("neg", "pos"), np.array([[50, 10], [5, 35]]))
    assert "accuracy 0.8500" in repr(metrics) and "F1 of pos 0.8235" in repr(metrics)
