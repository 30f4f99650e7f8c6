"""Calibrated linear models: probabilities that are smooth functions of linear decision values.

`CalibratedClassifierCV` fits K copies of a model, each with a calibrator, and takes the mean of their probabilities.
With linear models and the methods "sigmoid" and "temperature" that mean is a smooth function of K decision values (K·C
of C classes), each of them a sum over n-grams. The method "isotonic" is a step function: it has no slope.

Sources: Platt, "Probabilistic Outputs for Support Vector Machines", 1999; Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor


class CalibratedPart(NamedTuple):
    """One model of several whose mean is taken.

    Attributes:
        estimator: the fitted model.
        calibrators: its calibrators, as scikit-learn keeps them.
        method: "sigmoid", "isotonic" or "temperature".
    """

    estimator: Any
    calibrators: list[Any]
    method: str


def parts_of(classifier: Any) -> list[CalibratedPart]:
    """The models of a fitted `CalibratedClassifierCV`."""
    return [
        # frozen, from scikit-learn 1.6 on: fitted beforehand
        CalibratedPart(
            part.estimator.estimator if type(part.estimator).__name__ == "FrozenEstimator" else part.estimator,
            part.calibrators,
            part.method,
        )
        for part in classifier.calibrated_classifiers_
    ]


def calibrated_logits(classifier: Any, decisions: Tensor) -> Tensor:
    """The logarithms (N, C) of the mean probabilities, differentiable, from decision values (N, D) of all models."""
    parts = parts_of(classifier)
    each = decisions.reshape(len(decisions), len(parts), -1).unbind(1)
    mean = torch.stack([_probabilities(part, own) for part, own in zip(parts, each, strict=True)]).mean(0)
    return mean.clamp(min=torch.finfo(mean.dtype).eps).log()


def _probabilities(part: CalibratedPart, decisions: Tensor) -> Tensor:
    """(N, C) of one model's decision values, (N, 1) for two classes, else (N, C)."""
    if part.method == "temperature":
        logits = torch.cat((-decisions, decisions), 1) if decisions.shape[1] == 1 else decisions
        return torch.softmax(float(part.calibrators[0].beta_) * logits, dim=1)
    pairs = zip(part.calibrators, decisions.unbind(1), strict=True)
    each = torch.stack([torch.sigmoid(-(calibrator.a_ * own + calibrator.b_)) for calibrator, own in pairs], dim=1)
    return torch.cat((1 - each, each), 1) if each.shape[1] == 1 else each / each.sum(1, keepdim=True)
