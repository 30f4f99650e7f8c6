"""Principal components by singular value decomposition, with a rule for their signs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DENSE = 1_500  # up to so many rows or columns all components are computed, beyond it only those wanted


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components: coordinates are `(points − mean) @ axes.T`.

    Attributes:
        mean: (H,).
        axes: (P, H) unit vectors, by falling variance; in each the coordinate of the largest size is positive.
        explained: (P,) each one's share of the variance, 0 to 1.
    """

    mean: Floats
    axes: Floats
    explained: Floats

    @staticmethod
    def of(points: NDArray[np.floating], count: int) -> "Components":
        """The first `count` principal components of points (N, H), by singular value decomposition."""
        points = np.asarray(points, dtype=float)
        mean = points.mean(0)
        centred = points - mean
        if min(centred.shape) <= _DENSE:
            _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        else:
            from scipy.sparse.linalg import svds  # only here: it takes a quarter of a second to load

            _, sizes, axes = svds(centred, k=count, v0=np.ones(min(centred.shape)))
            order = np.argsort(-sizes)
            sizes, axes = sizes[order], axes[order]
        sizes, axes = sizes[:count], axes[:count]
        largest = np.abs(axes).argmax(1)
        axes = axes * np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
        variance = float((centred**2).sum())
        return Components(mean, axes, sizes**2 / variance if variance else np.zeros(len(sizes)))

    def __call__(self, points: NDArray[np.floating]) -> Floats:
        """Coordinates (M, P) of points (M, H)."""
        return (np.asarray(points, dtype=float) - self.mean) @ self.axes.T
