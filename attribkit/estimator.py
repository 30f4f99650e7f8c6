"""TextClassifier: training, prediction and explanation with scikit-learn's habits."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from attribkit.data import Dataset
from attribkit.errors import InputError, InputTypeError
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of
from attribkit.reports import report
from attribkit.reports.page import Report
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.training.train import train

_VALIDATED = 0.1
"""The share of the texts that chooses the weights."""


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn's bases have no types
    """A text classifier for pipelines, grid searches and cross-validation, which explains its answers.

    It is `attribkit.train` with scikit-learn's methods: texts in, labels of any type out. A tenth of the texts given to
    `fit`, drawn so that each label keeps its share, chooses the epoch whose weights are kept.

    Args:
        kind: "cnn", "attention-rnn", "lstm", or the name of a registered network.
        **settings: as `attribkit.train` takes them, such as `epochs`, `filters`, `seed`, `glove`; they are the
            estimator's parameters, and are checked by `fit`.

    Attributes:
        classes_: (C,) the labels, sorted, of the type that `fit` was given.
        classifier_: the trained `attribkit.Classifier`; `classifier_.save(folder)` keeps it.

    Example:
        >>> import attribkit as ak
        >>> texts = ["a great film", "a good show", "a dull film", "the worst show"] * 10
        >>> estimator = ak.TextClassifier(kind="cnn", epochs=30, learning_rate=0.01, min_frequency=1)
        >>> labels = estimator.fit(texts, [1, 1, 0, 0] * 10).predict(["a great show"])
        >>> labels.tolist(), estimator.classes_.tolist()
        ([1], [0, 1])
        >>> estimator.explain("a great show").label
        '1'
    """

    def __init__(self, kind: str = "cnn", **settings: Any) -> None:
        self.kind = kind
        for name, value in settings.items():
            setattr(self, name, value)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return ["kind"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The kind and the settings by name.

        Args:
            deep: no effect: no setting is an estimator.
        """
        return {
            name: value for name, value in vars(self).items() if not name.startswith("_") and not name.endswith("_")
        }

    def set_params(self, **params: Any) -> Self:
        """Change the kind or settings; those not given before are added.

        Args:
            **params: by name.
        """
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Sequence[str] | ArrayLike, y: Sequence[Any] | ArrayLike) -> Self:
        """Train on texts and their labels.

        Args:
            X: (N,) texts: a list, Series or array of strings.
            y: (N,) labels: strings or integers.

        Returns:
            the estimator itself.

        Raises:
            TypeError: for texts that are no strings, or a setting that does not exist.
            ValueError: for fewer than two labels, or numbers of texts and labels that differ.
        """
        texts = checked_texts(X)
        given: Any = y
        if any(not isinstance(label, str) and np.ndim(label) for label in given):
            raise InputError(
                "`y` must hold one label per text, got several for some; train a model of several labels with "
                "attribkit.train(…, task='multilabel')"
            )
        labels = np.asarray(given)
        if len(texts) != len(labels):
            raise InputError(
                f"`X` and `y` must have the same length, got {number_of(len(texts), 'text')} and "
                f"{number_of(len(labels), 'label')}"
            )
        if labels.dtype.kind == "f" and not (labels == np.round(labels)).all():
            raise InputError(
                "Unknown label type: `y` holds numbers with fractions; train a regression with attribkit.train(…, "
                "task='regression'), or make the labels strings"
            )
        check_classification_targets(labels)
        classes, places = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise InputError(f"at least two labels are needed, got {classes.tolist()}; give texts of another label")
        names = [str(label) for label in classes.tolist()]
        table = pd.DataFrame({"text": texts, "label": [names[place] for place in places]})
        settings = {name: value for name, value in self.get_params().items() if name != "kind"}
        data = _with_validation(table, int(settings.get("seed") or 0))
        self.classifier_: Classifier = train(self.kind, data, **{"progress": False} | settings)
        self.classes_: NDArray[Any] = classes
        return self

    def predict(self, X: Sequence[str] | ArrayLike) -> NDArray[Any]:
        """(N,) each text's likeliest label.

        Args:
            X: (N,) texts.
        """
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(1)]
        return labels

    def predict_proba(self, X: Sequence[str] | ArrayLike) -> NDArray[np.float64]:
        """(N, C) the labels' probabilities, in the order of `classes_`.

        Args:
            X: (N,) texts.
        """
        check_is_fitted(self)
        predicted = self.classifier_.predict(checked_texts(X))
        probabilities: NDArray[np.float64] = predicted[[str(label) for label in self.classes_.tolist()]].to_numpy()
        return probabilities

    def explain(self, X: str | Sequence[str], **settings: Any) -> Explanation | Explanations:
        """Explain one text or several.

        Args:
            X: a text, or several.
            **settings: as `attribkit.explain` takes them.
        """
        check_is_fitted(self)
        return explain(self.classifier_, X, **settings)

    def report(self, X: Sequence[str], y: Sequence[Any] | None = None, **settings: Any) -> Report:
        """One page on this classifier and some texts.

        Args:
            X: (N,) texts.
            y: (N,) their labels, if they are known.
            **settings: as `attribkit.report` takes them.
        """
        check_is_fitted(self)
        table = pd.DataFrame({"text": checked_texts(X)})
        return report(
            self.classifier_, table if y is None else table.assign(label=[str(label) for label in y]), **settings
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def checked_texts(X: Any) -> list[str]:
    """The texts in a list.

    Raises:
        TypeError: for one text by itself, or anything that is no text.
    """
    if isinstance(X, (str, bytes)):
        raise InputTypeError("several texts were expected, got one string; put it into a list")
    texts = list(X)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputTypeError(f"text {place} must be a string, got {type(text).__name__}; give a column of texts")
    return texts


def _with_validation(table: pd.DataFrame, seed: int) -> Dataset:
    """A data set whose validation texts have each label's share, as far as there are two of it."""
    counts = table["label"].value_counts()
    size = max(len(counts), round(_VALIDATED * len(table)))
    if len(table) < 2 * len(counts) or counts.min() < 2:
        raise InputError(
            f"each label needs at least 2 texts, one to train on and one to choose the weights by; "
            f"{counts.idxmin()!r} has {counts.min()}"
        )
    rows, validation = train_test_split(table, test_size=size, random_state=seed, stratify=table["label"])
    parts = [part.reset_index(drop=True) for part in (rows, validation)]
    return Dataset("texts", parts[0], parts[1], table[:0], "given to fit")
