"""Maps by the angle between points, whatever their lengths."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.projection.reducers import TSNE, UMAP, Floats, Layout

METRICS = ("euclidean", "cosine")


@dataclass(frozen=True)
class Cosine:
    """t-SNE or UMAP of points brought to length 1, between which ‖a − b‖² = 2 (1 − cos(a, b)).

    Nearest neighbours are thus those by the cosine, and remain so among t-SNE's principal components.
    """

    reducer: TSNE | UMAP

    def __call__(self, points: NDArray[np.floating]) -> Layout:
        """Lay out points (N, H).

        Raises:
            ValueError: as the reducer; for a point at the origin, which has no direction.
        """
        layout = self.reducer(_directions(points))
        return replace(
            layout,
            place=lambda new: layout.place(_directions(new)),
            notes=(*layout.notes, "the map is of the angles between points; the measures of mixing are of distances"),
            settings=layout.settings | {"metric": "cosine"},
        )


def _directions(points: NDArray[np.floating]) -> Floats:
    points = np.asarray(points, dtype=float)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError("a point at the origin has no direction; leave `metric` at 'euclidean'")
    directions: Floats = points / lengths
    return directions
