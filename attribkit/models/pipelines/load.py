"""A fitted scikit-learn pipeline as a classifier: with a closed form where it is a linear model of n-grams."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, RidgeClassifierCV, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer
from sklearn.svm import SVC, LinearSVC, NuSVC
from torch import Tensor

from attribkit.errors import InputError, InputTypeError
from attribkit.models.classifier import Classifier
from attribkit.models.pipelines.calibrated import calibrated_logits, parts_of
from attribkit.models.pipelines.features import Features, Hidden
from attribkit.models.pipelines.linear import LinearForm
from attribkit.models.text_function import FUNCTION, TextFunction, log_probabilities
from attribkit.text.text_splitter import TextSplitter

_LINEAR = (LogisticRegression, LinearSVC, Perceptron, RidgeClassifier, RidgeClassifierCV, SGDClassifier)
_BAYES = (BernoulliNB, ComplementNB, MultinomialNB)
_PROBES, _SAME = 16, 1e-6


@dataclass(frozen=True)
class PipelineAnswers:
    """A pipeline's own answers as logits.

    Attributes:
        pipeline: the fitted pipeline.
        link: what the logits are: the classifier's "decision" values; the logarithms of their "sigmoids", whose shares
            are the probabilities of a model for each class against the rest; "joint" log-probabilities of naive Bayes;
            the logarithms of "calibrated" probabilities, or of any "probabilities".
    """

    pipeline: Any
    link: str

    def __call__(self, texts: list[str]) -> Tensor:
        """Logits (N, C) float64 of N texts."""
        if self.link in ("probabilities", "calibrated"):
            return log_probabilities(self.pipeline.predict_proba(texts), len(texts), len(self.pipeline.classes_))
        if self.link == "joint":
            features = self.pipeline[:-1].transform(texts)
            return self.of(torch.from_numpy(self.pipeline[-1].predict_joint_log_proba(features)))
        decisions = np.asarray(self.pipeline.decision_function(texts), dtype=np.float64)
        return self.of(torch.from_numpy(decisions.reshape(len(texts), -1)))

    def of(self, decisions: Tensor) -> Tensor:
        """Logits (N, C) of decision values (N, D), differentiable: D = 1 for two classes, else C; of K models K·D."""
        if self.link == "calibrated":
            return calibrated_logits(self.pipeline[-1], decisions)
        if decisions.shape[1] == 1:
            return torch.cat((torch.zeros_like(decisions), decisions), dim=1)
        return torch.nn.functional.logsigmoid(decisions) if self.link == "sigmoids" else decisions


def from_pipeline(given: Any) -> Classifier:
    """A classifier made of a fitted scikit-learn pipeline; `attribkit.load` calls it.

    Args:
        given: a fitted `Pipeline` from texts to classes, or a search with one as its best estimator.

    Raises:
        TypeError: for anything else.
        ValueError: for a pipeline that was never fitted, is no classifier, or takes no list of texts.
    """
    pipeline = getattr(given, "best_estimator_", given)
    if not isinstance(pipeline, Pipeline):
        raise InputTypeError(
            f"a model folder, a name or a scikit-learn Pipeline was expected, got {type(given).__name__}; make one "
            "of vectorizer and classifier with sklearn.pipeline.make_pipeline"
        )
    steps = [step for _, step in pipeline.steps]
    _check(pipeline)
    labels = tuple(str(label) for label in pipeline.classes_)
    name = " + ".join(type(step).__name__ for step in steps if not isinstance(step, str) and step is not None)
    kind = type(steps[-1]).__name__
    try:
        form, link = _linear_form(steps)
    except Hidden as why:
        link = "probabilities" if hasattr(pipeline, "predict_proba") else "decision"
        if link == "decision" and not hasattr(pipeline, "decision_function"):
            raise InputError(
                f"the pipeline's classifier must have predict_proba or decision_function, {kind} has neither; wrap it "
                "with sklearn.calibration.CalibratedClassifierCV"
            ) from why
        splitter, notes = TextSplitter(), (f"in no closed form: {why}",)
        can = replace(FUNCTION, kind="pipeline", notes=_notes(link, pipeline, notes))
        network = TextFunction(PipelineAnswers(pipeline, link), splitter, can)
        return Classifier(network, splitter, labels, name=name)
    splitter = TextSplitter(read=form.encode)
    can = replace(FUNCTION, closed_form="linear", kind="pipeline", notes=_notes(link, pipeline))
    network = TextFunction(PipelineAnswers(pipeline, link), splitter, can, form)
    return Classifier(network, splitter, labels, name=name)


def _check(pipeline: Any) -> None:
    if not is_classifier(pipeline):
        raise InputError(
            f"the pipeline must end in a classifier, got {type(pipeline.steps[-1][1]).__name__}; for anything "
            "else that gives probabilities use attribkit.Classifier.from_function"
        )
    try:
        pipeline.predict(["a text"])
    except NotFittedError as error:
        raise InputError("the pipeline was never fitted; call pipeline.fit(texts, labels) first") from error
    except Exception as error:
        raise InputError(
            f"the pipeline must take a list of texts, it fails on one ({error}); begin with a vectorizer"
        ) from error
    if np.ndim(pipeline.classes_[0]):
        raise InputError("the pipeline gives a text several labels; a classifier of one label a text was expected")


def _notes(link: str, pipeline: Any, notes: tuple[str, ...] = ()) -> tuple[str, ...]:
    if link in ("probabilities", "joint") or hasattr(pipeline, "predict_proba"):
        return notes
    name = type(pipeline.steps[-1][1]).__name__
    return (*notes, f"{name} gives no probabilities: those shown are a softmax of its decision values")


def _linear_form(steps: list[Any]) -> tuple[LinearForm, str]:
    """The closed form of a linear model, and what its logits are.

    Raises:
        Hidden: if it is none.
    """
    *before, classifier = steps
    if isinstance(classifier, CalibratedClassifierCV):
        for part in parts_of(classifier):
            if part.method not in ("sigmoid", "temperature"):
                raise Hidden(
                    f"calibration by {part.method!r} rises in steps, which have no slope; method='sigmoid' has a "
                    "closed form"
                )
            _check_linear(part.estimator)
            if isinstance(part.estimator, _BAYES):
                raise Hidden(f"{type(part.estimator).__name__} has no decision values that could be calibrated")
        return LinearForm(Features.of(before), classifier), "calibrated"
    _check_linear(classifier)
    if isinstance(classifier, BernoulliNB) and classifier.binarize is not None:
        before.append(Binarizer(threshold=classifier.binarize))
    form = LinearForm(Features.of(before), classifier)
    if isinstance(classifier, _BAYES):
        return form, "joint"
    if not hasattr(classifier, "predict_proba"):
        return form, "decision"
    draw = np.random.default_rng(0)
    columns = draw.integers(classifier.n_features_in_, size=(_PROBES, 100))
    sizes = draw.random(columns.shape) * np.logspace(-3, 0, _PROBES)[:, np.newaxis]  # decision values of any size
    places = np.repeat(np.arange(_PROBES), 100)
    rows = sp.csr_matrix((sizes.ravel(), (places, columns.ravel())), shape=(_PROBES, classifier.n_features_in_))
    decisions = torch.from_numpy(np.asarray(classifier.decision_function(rows)).reshape(_PROBES, -1))
    own: NDArray[np.float64] = classifier.predict_proba(rows)
    for link in ("decision", "sigmoids"):
        if np.abs(PipelineAnswers(None, link).of(decisions).softmax(1).numpy() - own).max() < _SAME:
            return form, link
    raise Hidden(f"the probabilities of {type(classifier).__name__} are no softmax of its decision values")


def _check_linear(classifier: Any) -> None:
    name = type(classifier).__name__
    if isinstance(classifier, (SVC, NuSVC)) and classifier.kernel == "linear":
        if len(classifier.classes_) > 2:
            raise Hidden(f"of several classes {name} lets the pairs vote; LinearSVC has a decision value for each")
        if hasattr(classifier, "predict_proba"):
            raise Hidden(
                f"the probabilities of {name} are found by iteration; leave out probability=True, or calibrate a "
                "LinearSVC with CalibratedClassifierCV"
            )
    elif not isinstance(classifier, (*_LINEAR, *_BAYES)):
        raise Hidden(f"{name} is no linear model")
