"""TextClassifier keeps scikit-learn's promises: clone, search, pipeline, labels of any type."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

import attribkit as ak

TEXTS = ["a great film", "a good show", "a dull film", "the worst show"] * 12
LABELS = [1, 1, 0, 0] * 12
SMALL: dict[str, Any] = {
    **{"epochs": 40, "filters": 8, "embedding_size": 16, "min_frequency": 1, "learning_rate": 0.02},
    **{"patience": None, "seed": 0, "device": "cpu"},
}


@pytest.fixture(scope="module")
def fitted() -> ak.TextClassifier:
    return ak.TextClassifier(kind="cnn", **SMALL).fit(TEXTS, LABELS)


@pytest.mark.filterwarnings("ignore:Can't test estimator")
def test_scikit_learn_finds_nothing_to_complain_of() -> None:
    results = check_estimator(ak.TextClassifier(), on_fail=None, on_skip=None)
    assert results and {one["check_name"] for one in results if one["status"] == "failed"} == set()


@pytest.mark.parametrize("labels", [[1, 1, 0, 0] * 12, ["yes", "yes", "no", "no"] * 12, np.array([7, 7, -3, -3] * 12)])
def test_labels_come_back_in_their_own_type(labels: Any) -> None:
    estimator = ak.TextClassifier(**SMALL).fit(pd.Series(TEXTS), labels)
    assert estimator.score(TEXTS, labels) == 1
    assert estimator.classes_.tolist() == sorted(set(np.asarray(labels).tolist()))
    predicted = estimator.predict(np.array(TEXTS))
    assert predicted.dtype == np.asarray(labels).dtype and predicted.tolist() == list(labels)
    probabilities = estimator.predict_proba(TEXTS)
    assert probabilities.shape == (48, 2) and probabilities.sum(1) == pytest.approx(1)


def test_ten_labels_keep_their_order_as_numbers() -> None:
    words = "red green blue grey white black pink brown gold cyan lime".split()
    texts, labels = [f"the {word} house" for word in words] * 8, list(range(11)) * 8
    estimator = ak.TextClassifier(**SMALL | {"epochs": 60}).fit(texts, labels)
    assert estimator.classes_.tolist() == list(range(11))
    assert estimator.score(texts, labels) > 0.9


def test_parameters_are_cloned_and_set() -> None:
    estimator = ak.TextClassifier("lstm", hidden=8)
    assert estimator.get_params() == {"kind": "lstm", "hidden": 8}
    copy = clone(estimator).set_params(hidden=4, epochs=1)
    assert copy.get_params() == {"kind": "lstm", "hidden": 4, "epochs": 1} and estimator.hidden == 8
    assert repr(copy).startswith("TextClassifier(")
    with pytest.raises(TypeError, match="has no option 'hiden'"):
        ak.TextClassifier("lstm", hiden=8).fit(TEXTS, LABELS)


def test_a_grid_search_and_a_pipeline_take_it(fitted: ak.TextClassifier) -> None:
    search = GridSearchCV(ak.TextClassifier(**SMALL), {"filters": [2, 8], "epochs": [1, 40]}, cv=2)
    search.fit(TEXTS, LABELS)
    assert search.best_score_ > 0.9 and set(search.best_params_) == {"filters", "epochs"}
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, ak.TextClassifier(**SMALL))
    assert cross_val_score(pipeline, [text.upper() for text in TEXTS], LABELS, cv=2).mean() > 0.9
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_it_explains_and_reports(fitted: ak.TextClassifier) -> None:
    why = fitted.explain("a great show", views="attribution")
    assert isinstance(why, ak.Explanation) and why.label == "1"
    assert len(fitted.explain(TEXTS[:2], views="attribution")) == 2  # type: ignore[arg-type]
    page = fitted.report(TEXTS[:8], LABELS[:8], texts=1, tested=0, mistakes=0)
    assert "right on 100.0 %" in page.summary()


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        ("a text", [0], TypeError, "several texts were expected, got one string"),
        ([1, 2], [0, 1], TypeError, "text 0 must be a string, got int"),
        (["a", "b"], [0], ValueError, "must have the same length, got 2 texts and 1 label"),
        (["a", "b"], [0, 0], ValueError, "at least two labels are needed"),
        (["a", "b", "c"], [0, 0, 1], ValueError, "each label needs at least 2 texts"),
        (["a", "b"], [0.5, 1.5], ValueError, "Unknown label type"),
        (["a film", "bad"], [["neg"], ["pos", "neg"]], ValueError, "one label per text, .* train.*task='multilabel'"),
        (["a film", "bad"], [[0, 1], [1, 1]], ValueError, "one label per text, .* train.*task='multilabel'"),
        (["a film", "bad"], [0.25, 3.5], ValueError, "holds numbers with fractions; train a regression with"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(texts: Any, labels: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ak.TextClassifier().fit(texts, labels)
