"""Maps of points to draw, built without a model."""

from typing import Any

import numpy as np

from attribkit.results.panels import Map, Mixing, Scatter


def scatter(
    points: Any, pair: tuple[str, str] = ("neg", "pos"), mixing: Mixing | None = None, **changes: Any
) -> Scatter:
    """One map of points (N, 2 or 3) of a layer; two groups take turns, and every point is predicted its own."""
    points = np.asarray(points, dtype=float)
    count, dimensions = points.shape
    group = np.arange(count) % 2
    names = tuple(pair[g] for g in group)
    fields: dict[str, Any] = {
        "title": "Where the layer puts them",
        "method": "pca",
        "axes": tuple(f"PC {k + 1}" for k in range(dimensions)),
        "maps": (Map("rnn", None, points, mixing),),
        "colour": "label",
        "groups": pair,
        "group": group,
        "values": None,
        "excerpts": tuple(f"text {k}" for k in range(count)),
        "labels": names,
        "predictions": names,
        "total": count,
    }
    return Scatter(**{**fields, **changes})
