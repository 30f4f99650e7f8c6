"""The refitted layer of a model that carries the features of its training rows: no data is needed to ask it."""

from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from attribkit.errors import InputError
from attribkit.last_layer.features import Features
from attribkit.last_layer.leave_one_out import LeaveOneOut
from attribkit.last_layer.refitted_layer import RefittedLayer, distance
from attribkit.last_layer.softmax_regression import fit
from attribkit.last_layer.training_rows import TrainingRows
from attribkit.models.classifier import Classifier
from attribkit.models.training_features import TrainingFeatures
from attribkit.text.encoded import shortened

_EXCERPT = 120
_PREPARED: WeakKeyDictionary[TrainingFeatures, tuple[LeaveOneOut, tuple[float, float, float]]] = WeakKeyDictionary()
"""What was computed of features so far; it holds neither them nor a model, or they would never be forgotten."""


def kept_of(layer: RefittedLayer, source: str) -> TrainingFeatures:
    """What is kept of a refitted layer with its model.

    Args:
        layer: the model's.
        source: what the rows are, for a reader.
    """
    return TrainingFeatures(
        fingerprint=layer.model.fingerprint(),
        source=source,
        l2=layer.l2,
        names=layer.model.labels,
        values=np.array(layer.features.values),
        logits=layer.features.logits.astype(np.float32),
        weights=layer.regression.weights,
        labels=layer.rows.labels,
        rows=layer.rows.rows,
        excerpts=tuple(shortened(text, _EXCERPT) for text in layer.rows.texts),
    )


def carries_rows(model: Classifier) -> bool:
    """Whether a model carries training features that were read with the model as it is now."""
    kept = model.training_features
    return kept is not None and kept.fingerprint == model.fingerprint()


def kept_layer(model: Classifier) -> RefittedLayer:
    """The layer refitted on the features that a model carries; prepared at the first call.

    Raises:
        ValueError: if it carries none, or some that were read with the model in another state.
    """
    kept = model.training_features
    if kept is None or not carries_rows(model):
        what = "carries no" if kept is None else "has changed since it was given its"
        raise InputError(
            f"the model {what} features of training rows; give the rows, or keep them with "
            "attribkit.keep_training(model, train)"
        )
    features = Features(kept.values, kept.logits.astype(float))
    if kept not in _PREPARED:
        regression = fit(features, kept.labels, len(kept.names), kept.l2, start=kept.weights)
        _PREPARED[kept] = LeaveOneOut.of(features, regression), distance(features, regression)
    loo, apart = _PREPARED[kept]
    table = pd.DataFrame({"text": kept.excerpts}, index=kept.rows)
    rows = TrainingRows(kept.excerpts, (), kept.labels, kept.rows, table, (f"the rows are {kept.source}",), kept.source)
    return RefittedLayer(model, rows, features, loo, apart, kept.l2, checked=0)
