"""The head of each kind of page says in one sentence what its reader asks, with the figures of the result."""

import re
from html import unescape

import pandas as pd
import pytest

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.results.result import Result


@pytest.fixture(scope="module")
def model() -> Classifier:
    return ak.load("imdb-cnn")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return ak.load_dataset("demo").test.head(40)


def head(result: Result) -> tuple[str, str]:
    page = result.to_html()
    kind, lead = (re.search(rf'<p class="{name}">(.*?)</p>', page, re.S) for name in ("kind", "lead"))
    assert kind is not None and lead is not None
    return unescape(kind[1]), unescape(lead[1]).replace("\N{NO-BREAK SPACE}", " ")


def test_a_map_says_how_far_the_labels_lie_apart(model: Classifier, rows: pd.DataFrame) -> None:
    maps = ak.project(model, rows)
    kind, lead = head(maps)
    mixing = maps.scatter.maps[0].mixing
    assert kind == "Map of texts" and mixing is not None
    assert f"nearest neighbours there {100 * mixing.agreement_layer:.0f} % have its label" in lead
    assert f"by chance it would be {100 * mixing.chance:.0f} %" in lead
    assert "no label is known" in head(ak.project(model, rows["text"].tolist()))[1]


def test_words_name_those_of_each_label(model: Classifier, rows: pd.DataFrame) -> None:
    words = ak.word_importance(model, rows)
    kind, lead = head(words)
    first = words.words[words.words["label"] == "neg"]["word"].iloc[0]
    assert kind == "Important words of a model" and lead.startswith(
        "In 40 texts imdb-cnn says “neg” mainly because of “"
    )
    assert f"“{first}”" in lead and "“pos” mainly because of “" in lead
    few = ak.word_importance(model, rows.head(2))
    assert head(few)[1] == "No word surely moves the model in 2 texts."


def test_tests_of_explanations_say_whether_they_are_passed(model: Classifier, rows: pd.DataFrame) -> None:
    texts = rows["text"].tolist()
    faithful = ak.faithfulness(model, texts[:12], ["exact"], perturbed=2)
    over = faithful.estimate("comprehensiveness", "exact", over="random")
    kind, lead = head(faithful)
    assert kind == "Faithfulness of explanations"
    assert lead.startswith("Explanations by exact are faithful") and f"falls by {over.mean:.2f} (95 %" in lead
    sane = ak.sanity(model, texts[:8])
    left = sane.estimate("top_down", sane.layers[-1])
    kind, lead = head(sane)
    assert kind == "Sanity check of explanations"
    assert "depend on what the model has learned" in lead and f"{left.mean:.2f}".replace("-", "−") in lead


def test_performance_and_comparison_say_what_they_are(model: Classifier, rows: pd.DataFrame) -> None:
    assert head(ak.evaluate(model, rows))[0] == "Performance of a model"
    why, other = (ak.explain(model, "A dull film", method=method) for method in (None, "occlusion"))
    assert head(ak.compare(why, other))[0] == "Comparison of two explanations"
