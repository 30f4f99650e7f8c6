"""The colours that a reader of a map can choose from: its own, and whatever else is known of its points."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from attribkit.results.panels import Scatter

_NO_GROUP = np.zeros(0, dtype=np.int64)


def colourings(panel: Scatter) -> list[Scatter]:
    """The map as it is, then coloured by label, prediction, error and confidence, as far as each is known."""
    others = [make(panel) for name, make in _COLOURINGS.items() if name != panel.colour]
    return [panel, *(other for other in others if other is not None)]


def _by_label(panel: Scatter) -> Scatter | None:
    return _grouped(panel, "label", panel.labels)


def _by_prediction(panel: Scatter) -> Scatter | None:
    return _grouped(panel, "prediction", panel.predictions)


def _grouped(panel: Scatter, colour: str, names: Sequence[str]) -> Scatter | None:
    """A label has the same colour as label and as prediction: the groups are all that occur as either."""
    if not any(names):
        return None
    own = panel.groups if panel.colour in ("label", "prediction") else ()
    groups = tuple(dict.fromkeys([*own, *sorted({*panel.labels, *panel.predictions} - {""})]))
    places = {name: place for place, name in enumerate(groups)} | {"": -1}
    return replace(panel, colour=colour, groups=groups, group=np.array([places[name] for name in names]), values=None)


def _by_error(panel: Scatter) -> Scatter | None:
    if not any(panel.labels) or not panel.predictions:
        return None
    pairs = zip(panel.labels, panel.predictions, strict=True)
    group = np.array([-1 if not label else int(label != predicted) for label, predicted in pairs])
    return replace(panel, colour="error", groups=("right", "wrong"), group=group, values=None)


def _by_confidence(panel: Scatter) -> Scatter | None:
    if panel.confidence is None or not len(panel.confidence):
        return None
    return replace(panel, colour="confidence", groups=(), group=_NO_GROUP, values=panel.confidence)


_COLOURINGS: dict[str, Callable[[Scatter], Scatter | None]] = {
    "label": _by_label,
    "prediction": _by_prediction,
    "error": _by_error,
    "confidence": _by_confidence,
}
